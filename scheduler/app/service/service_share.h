/* SPDX-License-Identifier: Apache-2.0 */
/* Several services share the clusters they all look after: none leads them all because it was started first.
 *
 * A service that follows in a cluster offers itself there, with how many clusters it leads (state
 * "candidate": the one that leads fewest). A leader that leads at least two more hands the cluster over,
 * between two rounds: it names the candidate (state "successor") and gives the lease back; for as long as a
 * lease lasts only the named one takes it, then anyone. So the counts end at most one apart. A process hands
 * over one cluster at a time, and lets two to three leases pass before the next: what the candidate says of
 * itself is true again then. What a dead leader led is taken by whoever sees it first, and is shared out
 * afterwards.
 *
 * Owner: the program; one for all clusters of a process. Threads: any.
 *
 * Units: usec_t, in microseconds. Errors: a negative errno of the store, as said at each.
 */
#pragma once

#include <pthread.h>

#include "scheduler/app/state/leadership.h"

typedef struct ServiceShare {
        pthread_mutex_t lock;
        uint32_t leads; /* clusters that this process leads now */
        usec_t next;    /* monotonic: nothing is handed over before */
} ServiceShare;

void service_share_open(ServiceShare *share);
void service_share_close(ServiceShare *share);

/* This process leads one more cluster, or one less. */
void service_share_count(ServiceShare *share, int change);

/* How many it leads. */
uint32_t service_share_leads(ServiceShare *share);

/* "3 NAME": how many it leads, and who it is; false: it is none. */
bool share_candidate_parse(const char *text, uint32_t *ret_leads, const char **ret_name) must_check;

/* Before a follower takes the lease: false when the cluster is being handed to another. A store that is away
 * says nothing against it. */
bool service_share_may_take(Leadership *l);

/* A follower says that it is there. 0; a negative errno of the store. */
int service_share_offer(ServiceShare *share, const Leadership *l) must_check;

/* A leader that rests: has it more than its share? Then the lease is another's to take when this returns 1,
 * and ret_to[160] has its name. 0: it leads on. A negative errno of the store: the same. */
int service_share_hand_over(ServiceShare *share, Leadership *l, char ret_to[160]) must_check;
