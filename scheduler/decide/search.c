#include "scheduler/decide/search.h"

#include <errno.h>
#include <string.h>

#include "scheduler/decide/search_state.h"

int search_run(Arena *a, const Problem *p, PolicySet policies, const Settings *s, SearchBudget budget,
               uint64_t seed, const Workers *workers, SearchResult *ret) {
        HostIx *host_of = arena_new(a, HostIx, p->n_vms);
        const ArenaMark mark = arena_mark(a);
        SearchState state;
        Terms *t;
        Costs before;
        int r;

        (void) workers;
        if (!host_of)
                return -ENOMEM;
        r = policies_state(a, p, policies, s, &t);
        if (r < 0)
                return r;
        r = search_state_build(a, t, NULL, budget, seed, &state);
        if (r < 0)
                return r;
        before = state.e->cost;
        r = search_descend(&state);
        if (r < 0)
                return r;
        *ret = (SearchResult){ .host_of = host_of,
                               .before = before,
                               .after = state.e->cost,
                               .evaluations = state.evaluations,
                               .guard_fired = state.guard_fired };
        memcpy(ret->refusals, state.refusals, sizeof(ret->refusals));
        ret->refusals[REASON_NONE] = 0;
        memcpy(host_of, state.e->x->host_of, sizeof(HostIx) * p->n_vms);
        arena_rewind(a, mark);
        return 0;
}
