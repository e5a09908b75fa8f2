/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/round/round.h"

#include <errno.h>
#include <string.h>

#include "policies/policies.h"
#include "scheduler/app/terminal/human.h"

#define DAY (86400 * USEC_PER_SEC)

typedef struct Guard {
        const Clock *clock;
        usec_t end;
} Guard;

static bool round_is_past(void *arg) {
        const Guard *g = arg;

        return clock_monotonic_of(g->clock) >= g->end;
}

/* Cool-downs hold balance moves, not a VM that has to leave its host; an unsettled move holds whatever. */
static bool may_be_held(const Snapshot *s, const Vm *vms, const Vm *vm, const CoolDown *c) {
        if (c->why)
                return vm->movable;
        return vm->movable && s->hosts[vm->host].state != HOST_MAINTENANCE &&
               snapshot_vm_fault(s, (VmIx) (vm - vms), NULL) < 3;
}

/* Moved as often within a day as a rule allows (Vm.moves_a_day). */
static uint32_t moves_in_a_day(const CoolDown *c, usec_t now) {
        uint32_t n = 0;

        for (uint32_t i = 0; i < c->n_moved; i++)
                n += c->moved[i] > now - DAY;
        return n;
}

/* The snapshot with its cooling VMs marked as not movable, and what is left for later; itself when there is
 * neither. */
static int round_hold(Arena *a, const RoundInput *in, const Snapshot **ret) {
        const Snapshot *s = in->snapshot;
        Snapshot *copy = arena_new(a, Snapshot, 1);
        Vm *vms = in->n_cool_downs > 0 ? arena_new(a, Vm, s->n_vms) : NULL;

        if (!copy || (in->n_cool_downs > 0 && !vms))
                return -ENOMEM;
        *copy = *s;
        copy->not_now |= in->not_now;
        *ret = in->not_now ? copy : s;
        if (in->n_cool_downs == 0)
                return 0;
        if (s->n_vms > 0)
                memcpy(vms, s->vms, sizeof(*vms) * s->n_vms);
        for (uint32_t i = 0; i < in->n_cool_downs; i++) {
                const CoolDown *c = &in->cool_downs[i];
                VmIx v = snapshot_vm(s, c->vm);
                char until[HUMAN_SIZE];
                uint32_t moves;
                bool spent;

                if (v == IX_NONE)
                        continue;
                moves = moves_in_a_day(c, in->now);
                spent = vms[v].moves_a_day > 0 && moves >= vms[v].moves_a_day;
                if ((c->until <= in->now && !spent) || !may_be_held(s, vms, &vms[v], c))
                        continue;
                vms[v].movable = false;
                vms[v].hold = spent && !c->why ? HOLD_MOVES : HOLD_FOR_NOW;
                vms[v].unmovable_why =
                        c->why  ? c->why
                        : spent ? text_format(a, "it was moved %u times within a day; a rule allows %lld",
                                              moves, (long long) vms[v].moves_a_day)
                                : text_format(a, "it was moved lately and stays until %s",
                                              human_time(c->until, until));
                if (!vms[v].unmovable_why)
                        return -ENOMEM;
        }
        copy->vms = vms;
        *ret = copy;
        return 0;
}

/* Balance stays as it is, and the plan says why; repairs and evacuation go on. */
static int pause_balance(Arena *a, const Snapshot *s, const char *why, const Snapshot **ret) {
        Snapshot *copy = arena_new(a, Snapshot, 1);
        const char **notes = arena_new(a, const char *, (size_t) s->notes.n + 1);
        const char *note = text_format(a, "balance is paused: %s", why);

        if (!copy || !notes || !note)
                return -ENOMEM;
        *copy = *s;
        if (s->notes.n > 0)
                memcpy(notes, s->notes.at, sizeof(*notes) * s->notes.n);
        notes[s->notes.n] = note;
        copy->notes = (Strings){ .at = notes, .n = s->notes.n + 1 };
        copy->not_now |= SNAPSHOT_NO_BALANCE | SNAPSHOT_NO_LOAD;
        *ret = copy;
        return 0;
}

int round_facts(Arena *a, const RoundInput *in, const Snapshot **ret) {
        int r = round_hold(a, in, ret);

        return r == 0 && in->paused ? pause_balance(a, *ret, in->paused, ret) : r;
}

int round_decide(Arena *a, const RoundInput *in, Round *ret) {
        usec_t start = clock_monotonic_of(in->clock);
        Guard guard = { in->clock, start + in->think };
        PlanRequest request = in->request;
        Round round = { 0 };
        int r = round_facts(a, in, &round.snapshot);

        if (r == 0)
                r = problem_build(a, round.snapshot, in->settings, &round.problem);
        if (r < 0)
                return r;
        if (in->think > 0 && !request.stop) {
                request.stop = round_is_past;
                request.stop_arg = &guard;
        }
        r = planner_plan(a, round.snapshot, in->settings, policies_all(), request, &round.plan);
        if (r < 0)
                return r;
        round.took = clock_monotonic_of(in->clock) - start;
        *ret = round;
        return 0;
}
