/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/decide/search/search_state.h"

#include <errno.h>

/* Evaluations between two looks at the clock: well under a millisecond. */
#define GUARD_STRIDE 4096

static void list_add(SearchState *s, VmIx v, HostIx h) {
        s->next[v] = s->first[h];
        s->previous[v] = IX_NONE;
        if (s->first[h] != IX_NONE)
                s->previous[s->first[h]] = v;
        s->first[h] = v;
        s->n_on[h]++;
}

static void search_state_list_remove(SearchState *s, VmIx v, HostIx h) {
        if (s->previous[v] != IX_NONE)
                s->next[s->previous[v]] = s->next[v];
        else
                s->first[h] = s->next[v];
        if (s->next[v] != IX_NONE)
                s->previous[s->next[v]] = s->previous[v];
        s->n_on[h]--;
}

int search_state_build(Arena *a, const Terms *t, const HostIx *host_of, SearchBudget budget, uint64_t seed,
                       SearchState *ret) {
        const Problem *p = t->problem;
        SearchState s = { .arena = a, .budget = budget, .random = prng_seeded(seed) };
        int r;

        r = evaluator_build(a, t, host_of, &s.e);
        if (r < 0)
                return r;
        s.first = arena_new(a, VmIx, p->n_hosts);
        s.next = arena_new(a, VmIx, p->n_vms);
        s.previous = arena_new(a, VmIx, p->n_vms);
        s.n_on = arena_new(a, uint32_t, p->n_hosts);
        s.changed = arena_new(a, uint64_t, p->n_hosts);
        if (!s.first || !s.next || !s.previous || !s.n_on || !s.changed)
                return -ENOMEM;
        for (HostIx h = 0; h < p->n_hosts; h++)
                s.first[h] = IX_NONE;
        for (VmIx v = p->n_vms; v-- > 0;)
                list_add(&s, v, s.e->x->host_of[v]);
        *ret = s;
        return 0;
}

void search_state_move(SearchState *s, Move m) {
        evaluator_move(s->e, m);
        search_state_list_remove(s, m.vm, m.from);
        list_add(s, m.vm, m.to);
        s->changed[m.from] = s->changed[m.to] = ++s->steps;
}

bool search_state_stopped(SearchState *s) {
        if (s->guard_fired || !s->budget.time.is_up || s->evaluations + s->work - s->asked < GUARD_STRIDE)
                return s->guard_fired;
        s->asked = s->evaluations + s->work;
        s->guard_fired = time_limit_is_up(s->budget.time);
        return s->guard_fired;
}
