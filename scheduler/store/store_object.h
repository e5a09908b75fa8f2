/* SPDX-License-Identifier: Apache-2.0 */
/* What a Store is, for the files of this room.
 *
 * A call is: store_begin(); commands and replies; store_end() with what came of it.
 *
 * Units: usec_t, in microseconds; ms in store_ms(). Owner: the Store's. Errors: as store.h. Threads: as the
 * Store's: one.
 */
#pragma once

#include "scheduler/store/keys.h"
#include "scheduler/store/redis/redis.h"
#include "scheduler/store/redis/redis_server.h"
#include "scheduler/store/store.h"

struct Store {
        Redis redis;
        RedisServer server; /* users_fd < 0: the server is not ours */
        char cluster[256], home_key[KEY_SIZE];
        char url[1200];
        usec_t timeout;
        bool keeps_hosts;
        unsigned healed; /* of StoreHealed: by the last store_lease() */
        Drops unread;    /* store_unread.h */
        Drops drops;     /* since hosts' reports were last asked for */
        char **seen;     /* hosts whose reports were found and that are not in the set; owned, sorted */
        uint32_t n_seen;
        Drops seen_drops; /* keys of reports that name no host, when they were last looked for */
        usec_t seen_at;   /* monotonic; 0: not looked for yet */
        usec_t seen_for;  /* the next look is so much later */
};

/* Connected, also after the embedded server died: it is started again then. */
int store_begin(Store *s) must_check;

/* An answer of a wrong shape gets words (`what` was asked); anything else passes. Returns `result`. */
int store_end(Store *s, int result, const char *what);

/* -EINVAL with words unless it is a name (text_is_name). */
int store_check_name(Store *s, const char *what, const char *name) must_check;

/* The text of a key, which has the part `part`, or NULL; `what` was asked, for messages. As reply_text(): 1: there is none. */
int store_read_text(Store *s, Arena *a, StoreKey key, const char *part, const char *what, const char **ret,
                    size_t *ret_n) must_check;

/* All of a hash, sorted by field. One of another type whose loss does no harm (LOSS_LOST) is empty, and among store_drops(); of
 * any other nobody may take it for empty: -EMEDIUMTYPE, and store_error() names it. */
int store_read_hash(Store *s, Arena *a, StoreKey hash, StoredText **ret, uint32_t *ret_n) must_check;

/* One field of a hash, by the name of a `what`; n == 0 removes it. */
typedef struct HashField {
        StoreKey hash;
        const char *what, *name, *text;
        size_t n;
} HashField;
int store_write_hash(Store *s, HashField f) must_check;

/* The text of a key that a host has for itself, in place of what was there. expiry 0: it stays. */
int store_put_host_text(Store *s, StoreKey key, const char *host, StoredText text, usec_t expiry) must_check;

/* Those of n hosts, sorted as `hosts` are; who has none is left out. */
int store_get_host_texts(Store *s, Arena *a, StoreKey kind, const char *const *hosts, uint32_t n,
                         StoredText **ret, uint32_t *ret_n) must_check;

/* Asks for those of at most STORE_REPORTS_AT_ONCE hosts; store_take_host_texts() of the same takes the answers, into
 * texts[*n_texts …]: who has none is left out, and what is no text, or longer than its bound. */
int store_ask_host_texts(Store *s, StoreKey kind, const char *const *hosts, uint32_t n) must_check;
int store_take_host_texts(Store *s, Arena *a, StoreKey kind, const char *const *hosts, uint32_t n,
                          StoredText *texts, uint32_t *n_texts) must_check;

/* The hosts that ever reported, sorted: the set, and those whose report is there and who are not in it yet. These are
 * looked for a second after one came, then after 2 s, 4 s … and once a minute (store_hosts.c), and put into the set
 * where the store keeps hosts (StoreOptions). */
int store_find_hosts(Store *s, Arena *a, const char *const **ret, uint32_t *ret_n) must_check;

/* What store_find_hosts() keeps goes. */
void store_seen_free(Store *s);

/* Gives `take` each key of this server that matches, some of them twice. What take returns below 0 ends it. */
typedef int (*StoreKeyTake)(void *arg, const redisReply *key);
int store_scan(Redis *r, usec_t timeout, const char *match, StoreKeyTake take, void *arg) must_check;

/* Milliseconds for PX, at least 1. */
int64_t store_ms(usec_t t);
