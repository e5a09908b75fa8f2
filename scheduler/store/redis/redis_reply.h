/* SPDX-License-Identifier: Apache-2.0 */
/* Replies of a Redis server → values in an arena. Pure but for hiredis' own memory; fuzzed, through the
 * reader, without a socket. A reply of an unexpected shape is -EPROTO, never a crash and never half a value.
 *
 * Units: none. Owner: values are in the arena; a reply is ended by reply_free(). Errors: -ENOMEM, -EPROTO and
 * as said at each; 1 is no error. Threads: any, a reply belongs to one.
 */
#pragma once

#include <hiredis/hiredis.h>

#include "scheduler/base/arena.h"
#include "scheduler/base/drops.h"
#include "scheduler/store/redis/redis_url.h"
#include "scheduler/store/redis/stored_text.h"

/* hiredis' reader with a bound on how many elements an array may claim to have: else a server that says
 * "*2147483647" makes us take gigabytes. It must not be moved in memory. */
typedef struct ReplyReader {
        redisReader *bytes;
        redisReplyObjectFunctions functions;
} ReplyReader;
int reply_reader_open(ReplyReader *ret) must_check; /* 0 or -ENOMEM */
void reply_reader_close(ReplyReader *reader);       /* takes an empty one */

/* `owned(reply_free)` frees a reply when it leaves its scope. */
static inline redisReply *reply_free(redisReply *r) {
        freeReplyObject(r); /* takes NULL */
        return NULL;
}
DEFINE_OWNED(redisReply *, reply_free);

/* An error reply as errno: -EACCES not let in; -EAGAIN not now (loading, read-only replica, busy, out of
 * memory); -EMEDIUMTYPE a key is of another type than was asked for; -EPROTO anything else. */
int reply_error(const redisReply *r) must_check;

/* "MOVED 3999 10.0.0.2:6379": sets host, port and place of *node to where the keys are ("" before the colon:
 * the same host). -EPROTO when it is not that. */
int reply_moved(const redisReply *r, RedisUrl *node) must_check;

/* A bulk string. 0; 1: nil; -EPROTO; -ENOMEM. */
int reply_text(const redisReply *r, Arena *a, const char **ret, size_t *ret_n) must_check;

/* An array of names (SMEMBERS), sorted by bytes. Here and in those that follow, one that is no name, or has another shape
 * than the others, is left out and put down in `drops`: it is nobody's, and no reason not to see the others. */
int reply_names(const redisReply *r, Arena *a, Drops *drops, const char *const **ret,
                uint32_t *ret_n) must_check;

/* name, text, name, text … (HGETALL), sorted by name. */
int reply_pairs(const redisReply *r, Arena *a, Drops *drops, StoredText **ret, uint32_t *ret_n) must_check;

/* [[id, [field, text]] …] (XREVRANGE), in the order given; name is the id. */
int reply_entries(const redisReply *r, Arena *a, Drops *drops, StoredText **ret, uint32_t *ret_n) must_check;

/* A whole number, min or more. */
int reply_number(const redisReply *r, int64_t min, int64_t *ret) must_check;

/* The answer to TIME: µs since the epoch. */
int reply_time(const redisReply *r, int64_t *ret) must_check;

/* [0 or 1, token, holder, healed] of the lease's script; token 0, holder "": it names nobody. */
typedef struct LeaseReply {
        bool ours;
        uint64_t token;
        char holder[256];
        unsigned healed; /* of StoreHealed */
} LeaseReply;
int reply_lease(const redisReply *r, LeaseReply *ret) must_check;
