/* SPDX-License-Identifier: Apache-2.0 */
/* Who is on which host, of the VMs that have a choice: for drawing one of a host. An array per host with room
 * for all, so that a move is two writes. Inside decide/ only. Threads: one.
 *
 * Units: none. Owner: the arena. Errors: -ENOMEM from seating_build() alone.
 */
#pragma once

#include <errno.h>

#include "scheduler/decide/search/proposals.h"

#define SEATING_MAX (UINT64_C(1) << 23) /* places: 32 MiB, of which only those in use are touched */

typedef struct Seating {
        VmIx *on;       /* [host × n_vms]; NULL: not kept, the problem is too large */
        uint32_t *n_on; /* [host] */
        uint32_t *at;   /* [vm] place on its host */
        uint32_t n_vms;
} Seating;

static inline void seating_take(Seating *s, VmIx v, HostIx h) {
        s->at[v] = s->n_on[h];
        s->on[(size_t) h * s->n_vms + s->n_on[h]++] = v;
}

static inline void seating_move(Seating *s, Move m) {
        VmIx *from = s->on + (size_t) m.from * s->n_vms;
        const VmIx last = from[--s->n_on[m.from]];

        from[s->at[m.vm]] = last;
        s->at[last] = s->at[m.vm];
        seating_take(s, m.vm, m.to);
}

/* 0 or -ENOMEM. In `a`. */
static inline int seating_build(Arena *a, const Proposals *k, const HostIx *host_of, Seating *ret) {
        Seating s = { .n_vms = k->n_vms };

        if ((uint64_t) k->n_vms * k->n_hosts <= SEATING_MAX) {
                s.on = arena_new(a, VmIx, (size_t) k->n_vms * k->n_hosts);
                s.n_on = arena_new(a, uint32_t, k->n_hosts);
                s.at = arena_new(a, uint32_t, k->n_vms);
                if (!s.on || !s.n_on || !s.at)
                        return -ENOMEM;
                for (VmIx v = 0; v < k->n_vms; v++)
                        if (proposals_has_choice(k, v))
                                seating_take(&s, v, host_of[v]);
        }
        *ret = s;
        return 0;
}
