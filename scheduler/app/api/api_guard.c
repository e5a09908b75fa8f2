/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/api/api_guard.h"

#include <stdio.h>
#include <string.h>

void api_guard_open(ApiGuard *guard, int64_t rate) {
        memset(guard->clients, 0, sizeof(guard->clients));
        guard->rate = rate;
        (void) pthread_mutex_init(&guard->lock, NULL);
}

void api_guard_close(ApiGuard *guard) {
        (void) pthread_mutex_destroy(&guard->lock);
}

/* Under the lock: the client, in the place of the one not seen for longest where it is new. */
static ApiClient *api_guard_client(ApiGuard *guard, const char *name, usec_t now) {
        ApiClient *oldest = &guard->clients[0];

        for (ApiClient *c = guard->clients; c < guard->clients + API_CLIENTS; c++) {
                if (c->seen > 0 && strcmp(c->name, name) == 0)
                        return c;
                if (c->seen < oldest->seen)
                        oldest = c;
        }
        *oldest = (ApiClient){ .seen = now > 0 ? now : 1, .tokens = (double) guard->rate };
        (void) snprintf(oldest->name, sizeof(oldest->name), "%s", name);
        return oldest;
}

bool api_guard_may(ApiGuard *guard, const char *client, usec_t now) {
        ApiClient *c;
        bool may;

        (void) pthread_mutex_lock(&guard->lock);
        c = api_guard_client(guard, client, now);
        c->tokens += (double) (now - c->seen) / USEC_PER_SEC * (double) guard->rate;
        if (c->tokens > (double) guard->rate)
                c->tokens = (double) guard->rate;
        if (now > c->seen)
                c->seen = now;
        may = c->tokens >= 1;
        c->tokens -= may;
        (void) pthread_mutex_unlock(&guard->lock);
        return may;
}

bool api_guard_failed(ApiGuard *guard, const char *client, usec_t now) {
        ApiClient *c;
        unsigned oldest = 0;
        bool may;

        (void) pthread_mutex_lock(&guard->lock);
        c = api_guard_client(guard, client, now);
        for (unsigned i = 1; i < API_FAILURES; i++)
                if (c->failed[i] < c->failed[oldest])
                        oldest = i;
        may = c->failed[oldest] == 0 || c->failed[oldest] <= now - API_FAILED_FOR;
        if (may)
                c->failed[oldest] = now > 0 ? now : 1;
        (void) pthread_mutex_unlock(&guard->lock);
        return may;
}
