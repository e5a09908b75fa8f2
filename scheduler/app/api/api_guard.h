/* SPDX-License-Identifier: Apache-2.0 */
/* How much each client asks, and how often one failed to say who it is. Of the clients a few hundred are remembered, the ones
 * that asked last; the rest begin anew.
 *
 * Units: usec_t: microseconds, monotonic. Owner: the caller. Errors: none. Threads: any.
 */
#pragma once

#include <pthread.h>

#include "scheduler/base/clock.h"
#include "scheduler/base/common.h"

#define API_CLIENTS     256
#define API_CLIENT_SIZE 64
#define API_FAILURES    5 /* within API_FAILED_FOR: more are answered 429 */
#define API_FAILED_FOR  (60 * USEC_PER_SEC)

typedef struct ApiClient {
        char name[API_CLIENT_SIZE]; /* an address, or "uid 1000" */
        usec_t seen;
        double tokens;               /* requests that it may make now */
        usec_t failed[API_FAILURES]; /* the last ones; 0: none */
} ApiClient;

struct ApiGuard {
        pthread_mutex_t lock;
        int64_t rate;
        ApiClient clients[API_CLIENTS];
};
typedef struct ApiGuard ApiGuard;

void api_guard_open(ApiGuard *guard, int64_t rate);
void api_guard_close(ApiGuard *guard);

/* One request more. False: it is one too many. */
bool api_guard_may(ApiGuard *guard, const char *client, usec_t now);

/* It failed to say who it is. False: too often of late. */
bool api_guard_failed(ApiGuard *guard, const char *client, usec_t now);
