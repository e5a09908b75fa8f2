/* SPDX-License-Identifier: Apache-2.0 */
/* Answers of looks, made once and sent to all who ask the same: bytes, the same gzipped, and the ETag of both. Who asks while one
 * that is no longer fresh is made anew is given that one for a moment: none waits, and the same is never made twice at a time.
 *
 * Units: usec_t: microseconds, monotonic. Owner: a reply its users'; api_kept_leave() gives it back. Errors: none: what cannot be kept
 * is not. Threads: any.
 */
#pragma once

#include <pthread.h>

#include "scheduler/app/api/api_call.h"

#define API_KEPT_MAX  64
#define API_ETAG_SIZE 40

typedef struct KeptReply {
        unsigned users; /* under the lock; const, all else */
        char etag[API_ETAG_SIZE];
        const char *type;  /* static */
        char *body, *gzip; /* gzip NULL: it would gain nothing */
        size_t n, n_gzip;
} KeptReply;

typedef struct KeptPlace {
        char *key;
        KeptReply *reply;
        usec_t asked, fresh_until, until;
        bool is_made; /* anew, just now */
} KeptPlace;

typedef struct ApiKept {
        pthread_mutex_t lock;
        uint64_t changes; /* how often all was forgotten */
        KeptPlace places[API_KEPT_MAX];
} ApiKept;

void api_kept_open(ApiKept *kept);
void api_kept_close(ApiKept *kept);

/* NULL: none, or one that is too old. *ret_make: it is no longer fresh, and this caller has to make it anew (api_kept_put(), or
 * api_kept_failed()). */
KeptReply *api_kept_find(ApiKept *kept, const char *key, usec_t now, bool *ret_make);
KeptReply *api_kept_leave(ApiKept *kept, KeptReply *reply);

/* How often something was changed: what was begun before the last time says how it was before. */
uint64_t api_kept_changes(ApiKept *kept);

/* The answer of the call, if it is one to be kept: fresh until call->fresh_until, and good while it is made anew for `grace`. It is
 * dropped where something was changed since there were so many changes. *ret: the caller's reference to it; NULL where it is not kept. */
void api_kept_put(ApiKept *kept, const char *key, const ApiCall *call, usec_t now, usec_t grace,
                  uint64_t changes, KeptReply **ret);
void api_kept_failed(ApiKept *kept, const char *key);

/* Something was changed: what is kept is of before. */
void api_kept_forget(ApiKept *kept);
