#include "scheduler/app/plan_options.h"

#include <errno.h>

#include "scheduler/milp/exact.h"

PlanRequest plan_request_of(const Options *o, const Workers *workers) {
        PlanRequest r = PLAN_REQUEST_DEFAULT;

        r.workers = workers;
        r.solver = &exact_solver;
        r.max_moves = (uint32_t) option_number(o, "max-moves", r.max_moves);
        r.max_mib = option_number(o, "max-gib", r.max_mib);
        r.max_ms = option_number(o, "max-minutes", r.max_ms);
        r.threshold = (uint32_t) option_number(o, "threshold", r.threshold);
        r.seed = (uint64_t) option_number(o, "seed", (int64_t) r.seed);
        return r;
}

int plan_moves_of_file(Arena *a, const PlanFile *plan, const NamedMove **ret) {
        NamedMove *moves = arena_new(a, NamedMove, plan->n_moves);

        if (!moves)
                return -ENOMEM;
        for (uint32_t i = 0; i < plan->n_moves; i++) {
                const PlanFileMove *m = &plan->moves[i];

                moves[i] = (NamedMove){ .vm = m->vm, .from = m->from, .to = m->to, .wave = m->wave };
        }
        *ret = moves;
        return 0;
}

int plan_moves_of(Arena *a, const Snapshot *s, const Plan *plan, const NamedMove **ret) {
        NamedMove *moves = arena_new(a, NamedMove, plan->n_moves);

        if (!moves)
                return -ENOMEM;
        for (uint32_t i = 0; i < plan->n_moves; i++) {
                const PlanMove *m = &plan->moves[i];

                moves[i] = (NamedMove){ .vm = s->vms[m->vm].name,
                                        .from = s->hosts[m->from].name,
                                        .to = s->hosts[m->to].name,
                                        .wave = m->wave };
        }
        *ret = moves;
        return 0;
}
