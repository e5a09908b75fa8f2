/* SPDX-License-Identifier: Apache-2.0 */
/* Being the one who acts on a cluster: the store's lease, renewed in time, and its fencing token.
 *
 * A service that plans or waits for a host for longer than a lease lasts must not lose it for that: with
 * leadership_guard() a thread with a store of its own renews it, as long as the program shows every
 * LEADERSHIP_PATIENCE that it lives (leadership_keep()). One that cannot renew says so at once, by the clock.
 *
 * Owner: the program; the store must outlive it. Threads: the store's; the guard's thread is its own.
 *
 * Units: usec_t, in microseconds, monotonic. Errors: a negative errno of the store; 1 is no error.
 */
#pragma once

#include "scheduler/app/state/service_world.h"

#define LEADERSHIP_PATIENCE (120 * USEC_PER_SEC)

typedef struct LeaseGuard LeaseGuard;

typedef struct Leadership {
        const ServiceWorld *world;
        Store *store;
        char self[160]; /* host/pid/start: one life of one process */
        usec_t ttl;
        uint64_t token;
        usec_t renewed;   /* monotonic, when the last renewal was asked for; 0: not leading */
        char holder[160]; /* who leads instead, or "" */
        unsigned healed;  /* of StoreHealed: what was found wrong with the lease; whoever says it clears it */
        LeaseGuard *guard;      /* NULL: none */
        char successor[256];    /* who was said to take the lease next (service_share.h), and since when */
        usec_t successor_since; /* monotonic */
} Leadership;

Leadership leadership_in(const ServiceWorld *world, Store *store, usec_t ttl);
/* In the real world. */
Leadership leadership_of(Store *store, usec_t ttl);

/* Starts the guard: from now on the lease, once taken, is renewed by it. Once; ended by leadership_unguard().
 * 0, also in a world without guards; a negative errno. */
/* hurries(arg), or NULL: see store_hurry(). */
typedef struct LeaseHurry {
        bool (*hurries)(void *arg);
        void *arg;
} LeaseHurry;
int leadership_guard(Leadership *l, const char *cluster, LeaseHurry hurry) must_check;
void leadership_unguard(Leadership *l);

/* 0: leading. 1: another does, see `holder`. A negative errno of the store. */
int leadership_take(Leadership *l) must_check;

/* Renews when a third of the lease has passed, or asks the guard. false: it cannot be renewed, or another
 * leads: nothing more may be started, until leadership_take() gives 0 again. */
bool leadership_keep(Leadership *l);

/* Is it ours for sure, by the clock, without asking? */
bool leadership_holds(const Leadership *l);

void leadership_release(Leadership *l);
