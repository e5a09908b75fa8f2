/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/state/leadership.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/base/thread.h"

#define NAP (100 * USEC_PER_MSEC)

struct LeaseGuard {
        pthread_t thread;
        pthread_mutex_t
                lock; /* of all below; held over each renewal, so that none is under way after a release */
        Store *store;
        char self[160];
        usec_t ttl;
        uint64_t token;  /* 0: nothing to renew */
        usec_t renewed;  /* monotonic */
        usec_t shown;    /* the program was alive then */
        unsigned healed; /* StoreHealed, since the program asked */
        bool stop, started;
};

Leadership leadership_in(const ServiceWorld *world, Store *store, usec_t ttl) {
        Leadership l = { .world = world, .store = store, .ttl = ttl };

        world->identify(world->self, l.self, sizeof(l.self));
        return l;
}

Leadership leadership_of(Store *store, usec_t ttl) {
        return leadership_in(&service_world_real, store, ttl);
}

static usec_t leadership_monotonic(const Leadership *l) {
        return clock_monotonic_of(l->world->clock);
}

/* ---- the guard ---- */

/* A lease that ran out and that is ours again has another token: what was begun under the old one is over. */
static void leadership_renew(LeaseGuard *g) {
        usec_t asked = clock_monotonic();
        uint64_t token;
        char holder[8];
        int r;

        if (g->token == 0 || asked < g->renewed + g->ttl / 4 || asked > g->shown + LEADERSHIP_PATIENCE)
                return;
        r = store_lease(g->store, g->self, g->ttl, &token, holder, sizeof(holder));
        g->healed |= r >= 0 ? store_lease_healed(g->store) : 0;
        if (r == 0 && token == g->token)
                g->renewed = asked;
        else if (r >= 0)
                g->token = 0;
}

static void *guard_run(void *arg) {
        LeaseGuard *g = arg;
        bool stop = false;

        while (!stop) {
                (void) pthread_mutex_lock(&g->lock);
                leadership_renew(g);
                stop = g->stop;
                (void) pthread_mutex_unlock(&g->lock);
                if (!stop)
                        clock_sleep(NAP);
        }
        return NULL;
}

static LeaseGuard *guard_free(LeaseGuard *g) {
        if (!g)
                return NULL;
        if (g->started) {
                (void) pthread_mutex_lock(&g->lock);
                g->stop = true;
                (void) pthread_mutex_unlock(&g->lock);
                (void) pthread_join(g->thread, NULL);
        }
        (void) store_free(g->store);
        (void) pthread_mutex_destroy(&g->lock);
        free(g);
        return NULL;
}

int leadership_guard(Leadership *l, const char *cluster, LeaseHurry hurry) {
        LeaseGuard *g = l->world->guards ? calloc(1, sizeof(*g)) : NULL;
        StoreOptions store = { .url = store_url(l->store), .cluster = cluster, .timeout = l->ttl / 3 };
        TextFault ignored = { 0 };
        int r;

        if (!g)
                return l->world->guards ? -ENOMEM : 0;
        (void) pthread_mutex_init(&g->lock, NULL);
        g->ttl = l->ttl;
        memcpy(g->self, l->self, sizeof(g->self));
        r = l->world->open_store(l->world->self, &store, &g->store, &ignored);
        if (r == 0 && hurry.hurries)
                store_hurry(g->store, hurry.hurries, hurry.arg);
        if (r == 0) {
                r = thread_begin(&g->thread, guard_run, g);
                g->started = r == 0;
        }
        if (r < 0)
                g = guard_free(g);
        l->guard = g;
        return r;
}

void leadership_unguard(Leadership *l) {
        l->guard = guard_free(l->guard);
}

static void guard_set(const Leadership *l) {
        LeaseGuard *g = l->guard;

        if (!g)
                return;
        (void) pthread_mutex_lock(&g->lock);
        g->token = l->renewed > 0 ? l->token : 0;
        g->renewed = l->renewed;
        g->shown = clock_monotonic();
        (void) pthread_mutex_unlock(&g->lock);
}

/* What the guard knows. */
static void guard_ask(Leadership *l) {
        LeaseGuard *g = l->guard;

        (void) pthread_mutex_lock(&g->lock);
        g->shown = clock_monotonic();
        l->renewed = g->token == l->token ? g->renewed : 0;
        l->healed |= g->healed;
        g->healed = 0;
        (void) pthread_mutex_unlock(&g->lock);
}

/* ---- the program's side ---- */

int leadership_take(Leadership *l) {
        usec_t asked = leadership_monotonic(l);
        int r = store_lease(l->store, l->self, l->ttl, &l->token, l->holder, sizeof(l->holder));

        l->healed |= r >= 0 ? store_lease_healed(l->store) : 0;
        l->renewed = r == 0 ? asked : 0;
        if (r == 0)
                l->holder[0] = '\0';
        guard_set(l);
        return r;
}

bool leadership_holds(const Leadership *l) {
        return l->renewed > 0 && leadership_monotonic(l) < l->renewed + l->ttl;
}

bool leadership_keep(Leadership *l) {
        const uint64_t token = l->token;

        if (l->renewed == 0)
                return false;
        if (l->guard) {
                guard_ask(l);
                return leadership_holds(l);
        }
        if (leadership_monotonic(l) < l->renewed + l->ttl / 3)
                return true;
        /* Under another token what was begun is over: it is taken anew by leadership_take(). */
        if (leadership_take(l) == 0 && l->token != token)
                l->renewed = 0;
        return l->renewed > 0;
}

void leadership_release(Leadership *l) {
        const bool leads = l->renewed > 0;

        l->renewed = 0;
        guard_set(l);
        if (leads && store_release(l->store, l->self) < 0)
                return; /* the store is away: the lease runs out by itself */
}
