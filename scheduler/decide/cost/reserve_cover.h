/* SPDX-License-Identifier: Apache-2.0 */
/* The capacity reserve: whether the VMs of hosts that are lost would have room elsewhere.
 *
 * A case is a set of `losses` hosts (racks, zones) lost at once, every such set of those that are up and not
 * being emptied. It is covered when all VMs of the lost hosts find a place on hosts that take VMs and are not
 * lost: within each resource's capacity, on hosts that their networks, pools, CPUs and rules on hosts allow.
 * That is shown by a witness, never guessed: the VMs, largest first, each on the first host with room in the
 * order of hosts after the lowest lost one, round and round; if one finds none, all again, each on the host
 * it fills most. So "covered" is certain, and "not covered" means that neither way found a place. Rules
 * between VMs are not asked: what is lost is restarted first. VMs whose disks only the lost host has are not
 * counted: no room could save them.
 *
 *   size      the greater of a VM's shares of the mean host's CPU and memory
 *   share     beside the cases: of the hosts that take VMs (in each zone or rack, if so asked), so much CPU
 *             and memory is free in sum
 *
 * Any number of VMs left over in any number of cases counts: `uncovered` is the sum over all cases. Owner:
 * the arena. Threads: a Reserve belongs to one.
 *
 * Units: Cost: no unit; 1024ths of the mean host where said. Errors: -ENOMEM from reserve_build() alone.
 */
#pragma once

#include "scheduler/model/problem.h"

typedef struct Reserve Reserve;

typedef struct ReserveMeasure {
        int64_t uncovered; /* VMs without a place, summed over all cases */
        int64_t lacking; /* of the share, in 1024ths of the mean host, each resource and domain rounded up */
} ReserveMeasure;

static inline bool reserve_exceeds(ReserveMeasure measure, ReserveMeasure most) {
        return measure.uncovered > most.uncovered || measure.lacking > most.lacking;
}

/* Of a problem with a reserve, VMs where host_of says (NULL: at home). 0 or -ENOMEM. */
int reserve_build(Arena *a, const Problem *p, const HostIx *host_of, Reserve **ret) must_check;

Cost reserve_cost(const Reserve *k);
ReserveMeasure reserve_measure(const Reserve *k);

/* What n ≤ 2 moves together (from or to IX_NONE: a VM that enters or leaves) would change of the cost;
 * whether the measure would be exceeded. k stays as it is.
 */
Cost reserve_try(Reserve *k, const Move *moves, uint32_t n, bool *ret_worse);

/* By how much the moves may lower the cost, as far as can be told without judging a case: those they take a
 * VM of, and those of which a VM without a place comes nearer to the host that is left than it is to any. A
 * search asks this first: it is a thousand times cheaper. Not a bound: VMs are placed greedily, and luck is
 * not foreseen. */
Cost reserve_hope(const Reserve *k, const Move *moves, uint32_t n);

/* Makes the move; what it changed of the cost. */
Cost reserve_move(Reserve *k, Move m);

/* The first case that is not covered, with the first VM that has no place. False: all are covered. */
typedef struct ReserveGap {
        const uint32_t *domains; /* [losses] of goal.level that are lost */
        VmIx vm;
        uint32_t cases; /* not covered, of n_cases */
        uint32_t n_cases;
} ReserveGap;
bool reserve_gap(Reserve *k, ReserveGap *ret);

/* The VMs that some case leaves without a place: marks[v] is set. */
void reserve_mark(Reserve *k, bool *marks);

/* The same cost from the definition, slowly and plainly, with x->spare as scratch. */
Cost reserve_total(const Problem *p, const Assignment *x, ReserveMeasure *ret);

/* Cost of one VM without a place (more the further it is from fitting), and of a 1024th host that lacks of
 * the share: above all that the load line could gain by one change. */
#define RESERVE_UNCOVERED (INT64_C(1) << 40)
#define RESERVE_LACKING   (INT64_C(1) << 30)
#define RESERVE_SHORTFALL (INT64_C(1) << 10)
#define RESERVE_FAR       16

/* How much of a VM's need host room lacks, 1 … RESERVE_FAR, in its scarcest resource; 0: it fits. */
static inline int64_t reserve_shortfall(const int64_t *need, const int64_t *room, uint32_t n_res) {
        int64_t most = 0;

        for (uint32_t r = 0; r < n_res; r++) {
                int64_t lacks = need[r] - (room[r] > 0 ? room[r] : 0), part;

                if (need[r] <= 0 || lacks <= 0)
                        continue;
                part = (lacks * (RESERVE_FAR - 1)) / need[r] + 1;
                most = part > most ? part : most;
        }
        return most;
}

/* Left of CPU and memory after it, in 1024ths of the mean host: the least is the fullest. */
static inline int64_t reserve_left(const int64_t *need, const int64_t *room, const int64_t *mean,
                                   uint32_t n_res) {
        int64_t left = 0;

        for (uint32_t r = 0; r < n_res && r <= RES_MEMORY; r++)
                left += (room[r] - need[r]) * 1024 / mean[r];
        return left;
}

/* Hosts that may be lost with their VMs; hosts where those may be restarted. */
static inline bool reserve_may_be_lost(const Problem *p, HostIx h) {
        return !p->roles[h].no_exit && p->roles[h].evacuate == 0;
}

static inline bool reserve_is_refuge(const Problem *p, HostIx h) {
        return p->roles[h].no_entry == REASON_NONE;
}

/* The next set of k of n numbers in ascending order; false: there is none. */
static inline bool combination_next(uint32_t *set, uint32_t k, uint32_t n) {
        uint32_t i = k;

        while (i > 0 && set[i - 1] == n - k + i - 1)
                i--;
        if (i == 0)
                return false;
        set[i - 1]++;
        for (; i < k; i++)
                set[i] = set[i - 1] + 1;
        return true;
}
