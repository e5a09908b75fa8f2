/* SPDX-License-Identifier: Apache-2.0 */
/* Where VMs are and what room hosts have, as the reserve counts them: what its cases are judged on. */
#include "scheduler/decide/cost/reserve_parts.h"

static void list_insert(Reserve *k, VmIx v, HostIx h) {
        VmIx *link = &k->first[h];

        while (*link != IX_NONE && k->rank[*link] < k->rank[v])
                link = &k->next[*link];
        k->next[v] = *link;
        *link = v;
}

static void reserve_state_list_remove(Reserve *k, VmIx v, HostIx h) {
        VmIx *link = &k->first[h];

        while (*link != v)
                link = &k->next[*link];
        *link = k->next[v];
}

static void room_add(Reserve *k, HostIx h, const int64_t *need, int64_t sign) {
        int64_t *room = k->room + (size_t) h * k->p->n_res;
        const bool shares = k->n_shares > 0 && reserve_is_refuge(k->p, h);
        const uint32_t domain = shares ? share_domain(k, h) : 0, n = n_weighed(k->p);

        for (uint32_t r = 0; shares && r < n; r++) {
                k->lacking -= lacks(k, domain, r);
                k->free[(size_t) domain * (RES_MEMORY + 1) + r] +=
                        positive(room[r] + sign * need[r]) - positive(room[r]);
                k->lacking += lacks(k, domain, r);
        }
        for (uint32_t r = 0; r < k->p->n_res; r++)
                room[r] += sign * need[r];
        k->left[h] = left_on(k, h);
}

void reserve_vm_move(Reserve *k, Move m) {
        const int64_t *need = problem_need(k->p, m.vm);

        if (m.from != IX_NONE) {
                room_add(k, m.from, need, 1);
                if (k->goal->counts[m.vm])
                        reserve_state_list_remove(k, m.vm, m.from);
        }
        if (m.to != IX_NONE) {
                room_add(k, m.to, need, -1);
                if (k->goal->counts[m.vm])
                        list_insert(k, m.vm, m.to);
        }
}

Cost reserve_cost(const Reserve *k) {
        return cost_of(k->uncovered, k->shortfall, k->lacking);
}

ReserveMeasure reserve_measure(const Reserve *k) {
        return (ReserveMeasure){ k->uncovered, k->lacking };
}
