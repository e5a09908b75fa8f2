/* Being the one who acts on a cluster: the store's lease, renewed in time, and its fencing token.
 *
 * Owner: the program; the store must outlive it. Threads: the store's.
 */
#pragma once

#include "scheduler/store/store.h"

typedef struct Leadership {
        Store *store;
        char self[160]; /* host/pid/start: one life of one process */
        usec_t ttl;
        uint64_t token;
        usec_t renewed;   /* monotonic, when the last renewal was asked for; 0: not leading */
        char holder[160]; /* who leads instead, or "" */
} Leadership;

Leadership leadership_of(Store *store, usec_t ttl);

/* 0: leading. 1: another does, see `holder`. A negative errno of the store. */
int leadership_take(Leadership *l) must_check;

/* Renews when a third of the lease has passed. false: it cannot be renewed, or another leads: nothing more
 * may be started, until leadership_take() gives 0 again. */
bool leadership_keep(Leadership *l);

/* Is it ours for sure, by the clock, without asking? */
bool leadership_holds(const Leadership *l);

void leadership_release(Leadership *l);
