/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/round/named_moves.h"

#include <errno.h>

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
