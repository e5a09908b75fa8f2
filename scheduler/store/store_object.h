/* SPDX-License-Identifier: Apache-2.0 */
/* What a Store is, for the files of this room.
 *
 * A call is: store_begin(); commands and replies; store_end() with what came of it.
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
};

/* Connected, also after the embedded server died: it is started again then. */
int store_begin(Store *s) must_check;

/* An answer of a wrong shape gets words (`what` was asked); anything else passes. Returns `result`. */
int store_end(Store *s, int result, const char *what);

/* -EINVAL with words unless it is a name (text_is_name). */
int store_check_name(Store *s, const char *what, const char *name) must_check;

/* All of a hash, sorted by field. */
int store_read_hash(Store *s, Arena *a, StoreKey hash, StoredText **ret, uint32_t *ret_n) must_check;

/* One field of a hash, by the name of a `what`; n == 0 removes it. */
typedef struct HashField {
        StoreKey hash;
        const char *what, *name, *text;
        size_t n;
} HashField;
int store_write_hash(Store *s, HashField f) must_check;

/* Milliseconds for PX, at least 1. */
int64_t store_ms(usec_t t);
