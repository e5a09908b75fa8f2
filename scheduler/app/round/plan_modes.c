/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/round/plan_modes.h"

#include <errno.h>
#include <string.h>

#include "policies/policies.h"
#include "scheduler/decide/judge/plan_check.h"
#include "scheduler/decide/plan/plan_gain.h"
#include "scheduler/model/vm_mode.h"

typedef struct PlanModes {
        Arena *arena;
        const RoundInput *in;
        const Round *round;
        PlanMove *moves;
        MoveOrder *left; /* those that are not held, and which of the plan each is */
        uint32_t *index, n_left;
        const char *names; /* of held VMs */
} PlanModes;

static void plan_modes_list(PlanModes *k) {
        k->n_left = 0;
        for (uint32_t i = 0; i < k->round->plan->n_moves; i++)
                if (!k->moves[i].held) {
                        k->index[k->n_left] = i;
                        k->left[k->n_left++] = move_order_of(k->round->snapshot, &k->moves[i]);
                }
}

/* Is it held, and was not named yet? A VM that makes a stop-over has several moves. */
static bool plan_modes_is_named_by(const PlanModes *k, uint32_t i) {
        for (uint32_t j = 0; j < i; j++)
                if (k->moves[j].held && k->moves[j].move.vm == k->moves[i].move.vm)
                        return false;
        return k->moves[i].held != NULL;
}

/* "db1, db2 and 3 more" */
static const char *plan_modes_names(const PlanModes *k) {
        const char *names = NULL;
        uint32_t n = 0;

        for (uint32_t i = 0; i < k->round->plan->n_moves; i++) {
                const Vm *vm = &k->round->snapshot->vms[k->moves[i].move.vm];

                if (!plan_modes_is_named_by(k, i) || n++ >= 3)
                        continue;
                names = names ? text_format(k->arena, "%s, %s", names, vm->name) : vm->name;
                if (!names)
                        return NULL;
        }
        return n > 3 ? text_format(k->arena, "%s and %u more", names, n - 3) : names;
}

static int plan_modes_wait(PlanModes *k, uint32_t i, const char *why) {
        k->moves[i].held = text_format(k->arena, "waits for %s: %s", k->names, why);
        return k->moves[i].held ? 0 : -ENOMEM;
}

/* Until what is left is safe: what the judge has something against waits. *ret: some does. */
static int plan_modes_unsafe(PlanModes *k, bool *ret) {
        const Objection *why = NULL;
        uint32_t n = 0;
        int r = plan_check(k->arena, k->round->snapshot, k->in->settings, k->left, k->n_left, &why, &n);

        *ret = r == 1;
        for (uint32_t i = 0; r >= 0 && i < n && i < OBJECTIONS_KEPT; i++)
                if (!k->moves[k->index[why[i].move]].held)
                        r = plan_modes_wait(k, k->index[why[i].move], why[i].text);
        return r < 0 ? r : 0;
}

static int plan_modes_useless(PlanModes *k) {
        const GainInput in = { .snapshot = k->round->snapshot,
                               .problem = k->round->problem,
                               .settings = k->in->settings,
                               .policies = policies_all() };
        PlanGain gain;
        int r = plan_gains(k->arena, &in, k->left, k->n_left, &gain);

        for (uint32_t i = 0; r == 0 && i < k->n_left; i++)
                if (plan_modes_wait(k, k->index[i], "without its move nothing is gained") < 0)
                        return -ENOMEM;
        return r < 0 ? r : 0;
}

static int plan_modes_depend(PlanModes *k) {
        bool unsafe = true;
        int r = 0;

        k->names = plan_modes_names(k);
        if (!k->names)
                return -ENOMEM;
        while (r == 0 && unsafe) {
                plan_modes_list(k);
                if (k->n_left == 0)
                        return 0;
                r = plan_modes_unsafe(k, &unsafe);
        }
        return r < 0 ? r : plan_modes_useless(k);
}

int plan_modes(Arena *a, const RoundInput *in, Round *io) {
        Plan *plan = arena_new(a, Plan, 1);
        PlanModes k = { .arena = a, .in = in, .round = io };
        const uint32_t n = io->plan->n_moves;
        bool any = false;

        for (uint32_t i = 0; i < n && !in->request.wish.vm; i++) /* what a person wants, a person does */
                any |= io->snapshot->vms[io->plan->moves[i].move.vm].mode > VM_MODE_AUTO;
        if (!any)
                return 0;
        k.moves = arena_new(a, PlanMove, n);
        k.left = arena_new(a, MoveOrder, n);
        k.index = arena_new(a, uint32_t, n);
        if (!plan || !k.moves || !k.left || !k.index)
                return -ENOMEM;
        memcpy(k.moves, io->plan->moves, sizeof(*k.moves) * n);
        for (uint32_t i = 0; i < n; i++) {
                const Vm *vm = &io->snapshot->vms[k.moves[i].move.vm];

                if (vm->mode == VM_MODE_AUTO)
                        continue;
                k.moves[i].held = vm_mode_words(a, vm);
                if (!k.moves[i].held)
                        return -ENOMEM;
        }
        if (plan_modes_depend(&k) < 0)
                return -ENOMEM;
        *plan = *io->plan;
        plan->moves = k.moves;
        io->plan = plan;
        return 0;
}
