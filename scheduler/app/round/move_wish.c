/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/round/move_wish.h"

#include <errno.h>

int move_wish_cool_downs(Arena *a, RoundInput *io) {
        CoolDown *all = arena_new(a, CoolDown, io->n_cool_downs);

        if (!all)
                return -ENOMEM;
        for (uint32_t i = 0; i < io->n_cool_downs; i++) {
                all[i] = io->cool_downs[i];
                if (!all[i].why && all[i].until > io->now)
                        all[i].until = io->now;
        }
        io->cool_downs = all;
        return 0;
}

const char *move_wish_why_not(const Round *round, const char *refused) {
        const Plan *plan = round->plan;
        const VmIx v = snapshot_vm(round->snapshot, plan->wish.vm);
        const Refused *first = plan->n_refused > 0 ? &plan->refused[0] : NULL;
        const char *words = reason_texts[first ? first->reason : REASON_ORDER];

        if (v != IX_NONE && round->problem->pinned[v] != REASON_NONE) {
                const Vm *vm = &round->snapshot->vms[v];

                return vm->unmovable_why && !vm->movable ? vm->unmovable_why : words;
        }
        if (refused)
                return refused;
        return first && first->by ? first->by : words;
}
