/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/decide/search/packing.h"

bool pack_fits(const SearchState *s, const PackGoal *goal, VmIx v, HostIx h) {
        const Problem *p = s->e->problem;
        const int64_t *need = problem_need(p, v), *load = assignment_load(s->e->x, h);

        for (uint32_t r = 0; r < p->n_res; r++)
                if (need[r] > 0 && load[r] + need[r] > goal->line[(size_t) h * p->n_res + r])
                        return false;
        return true;
}

bool pack_swap_fits(const Packing *k, VmIx out, VmIx in, HostIx h) {
        const Problem *p = k->s->e->problem;
        const int64_t *load = assignment_load(k->s->e->x, h), *line = k->goal->line + (size_t) h * p->n_res;

        for (uint32_t r = 0; r < p->n_res; r++) {
                const int64_t more = problem_need(p, in)[r] - problem_need(p, out)[r];

                if (more > 0 && load[r] + more > line[r])
                        return false;
        }
        return true;
}

uint32_t pack_list(Packing *k, HostIx h, VmIx *list) {
        uint32_t n = 0;

        for (VmIx v = k->s->first[h]; v != IX_NONE; v = k->s->next[v]) {
                uint32_t *seen = &k->seen[k->class_of[v]];

                if (k->stays[v] || k->refused[v] == k->turn || *seen == k->seen_now)
                        continue;
                *seen = k->seen_now;
                list[n++] = v;
        }
        k->s->work += k->s->n_on[h] / 8;
        return n;
}

bool pack_try(Packing *k, VmIx v, HostIx to) {
        const Move m = { v, k->s->e->x->host_of[v], to };

        k->s->evaluations++;
        if (k->walk->n == k->walk->most || m.from == to || !pack_fits(k->s, k->goal, v, to) ||
            hot_refuse(k->s->e, m) != REASON_NONE)
                return false;
        search_state_move(k->s, m);
        pack_walk_add(k->walk, m);
        return true;
}

bool pack_is_done(const Packing *k) {
        for (uint32_t i = 0; i < k->n_hosts; i++)
                if (k->pool[k->hosts[i]] && k->s->n_on[k->hosts[i]] > 0)
                        return false;
        return true;
}

HostIx pack_shelter(const Packing *k, VmIx v) {
        HostIx best = IX_NONE;
        int64_t least = INT64_MAX;
        bool used = false;

        for (uint32_t i = 0; i < k->n_hosts; i++) {
                const HostIx h = k->hosts[i];
                const bool in_use = k->s->n_on[h] > 0;
                int64_t left = 0;

                if (!k->pool[h] || h == k->s->e->x->host_of[v] || (used && !in_use) ||
                    !pack_fits(k->s, k->goal, v, h) || evaluator_denied(k->s->e, v, h) != REASON_NONE)
                        continue;
                for (unsigned m = 0; m < k->n_main; m++)
                        left += pack_room(k, h, m);
                if (best == IX_NONE || (in_use && !used) || left < least) {
                        best = h;
                        least = left;
                        used = in_use;
                }
        }
        return best;
}
