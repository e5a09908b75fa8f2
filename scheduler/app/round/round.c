/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/round/round.h"

#include <errno.h>
#include <string.h>

#include "policies/policies.h"
#include "scheduler/app/round/plan_modes.h"
#include "scheduler/app/terminal/human.h"
#include "scheduler/base/text.h"
#include "scheduler/model/vm_mode.h"
#include "scheduler/snapshot/health/move_holds.h"

#define DAY (86400 * USEC_PER_SEC)

/* How much of the time for planning, in percent, has gone when each part of it should end: so that what comes late
 * has time of its own, whatever took long before it. */
static const int64_t round_shares[PLAN_PART_N] = {
        [PLAN_PART_SEARCH] = 70,  [PLAN_PART_MEND] = 75,   [PLAN_PART_ORDER] = 85,
        [PLAN_PART_EXPLAIN] = 95, [PLAN_PART_JUDGE] = 100,
};

bool round_time_is_up(void *arg, unsigned part) {
        const RoundTime *t = arg;
        const usec_t think = part < PLAN_PART_N ? t->think / 100 * round_shares[part] : t->think;

        return (t->think > 0 && clock_monotonic_of(t->clock) >= t->began + think) ||
               (t->stops && t->stops(t->stops_arg));
}

/* A cool-down never holds a VM that has to leave its host; an unsettled move holds whatever. */
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

uint32_t round_moves_day_most(const CoolDown *list, uint32_t n, usec_t now) {
        uint32_t most = 0;

        for (uint32_t i = 0; i < n; i++) {
                const uint32_t moves = moves_in_a_day(&list[i], now);

                most = moves > most ? moves : most;
        }
        return most;
}

/* Nobody knows where it is, or will be: its room is taken on both hosts. */
static void hold_room(const Snapshot *s, const CoolDown *c, Vm *vm) {
        const HostIx from = c->open ? snapshot_host(s, c->open->from) : IX_NONE;
        const HostIx to = c->open ? snapshot_host(s, c->open->to) : IX_NONE;
        const HostIx other = vm->host == to ? from : to;

        if ((vm->in_flight && vm->in_flight_to != IX_NONE) || other == IX_NONE || other == vm->host)
                return;
        vm->in_flight = true;
        vm->in_flight_to = other;
}

/* "moved by hand 12 min ago by root@h1, stays until …" */
static const char *round_hand_words(Arena *a, const RoundInput *in, const CoolDown *c) {
        char ago[HUMAN_SIZE], until[HUMAN_SIZE];

        return text_format(a, "it was moved by hand %s ago by %s, and stays until %s",
                           human_ms((in->now > c->by_at ? in->now - c->by_at : 0) / USEC_PER_MSEC, ago),
                           c->by, human_time(c->until, until));
}

/* Moved lately by the service itself: balance leaves it where it is. */
static int round_calm(Arena *a, const CoolDown *c, Vm *vm) {
        char until[HUMAN_SIZE];

        vm->calm_why = text_format(a, "it was moved recently, and not for balance again until %s",
                                   human_time(c->until, until));
        return vm->calm_why ? 0 : -ENOMEM;
}

/* mends: VMs whose moving mends a rule that must hold, or an overfull host: no person's move keeps them. NULL: not asked.
 * Marks the VM of a cool-down that still holds it as calm, or as not movable, and says why. 0 or -ENOMEM. */
static int hold_vm(Arena *a, const RoundInput *in, const CoolDown *c, const bool *mends, Vm *vms) {
        const Snapshot *s = in->snapshot;
        const VmIx v = snapshot_vm(s, c->vm);
        const uint32_t moves = moves_in_a_day(c, in->now);
        Vm *vm;
        bool spent;

        if (v == IX_NONE)
                return 0;
        vm = &vms[v];
        spent = vm->moves_a_day > 0 && moves >= vm->moves_a_day;
        if ((c->until <= in->now && !spent) || !may_be_held(s, vms, vm, c))
                return 0;
        if (c->by && !c->why && !spent && mends && mends[v])
                return 0;
        if (!c->why && !spent && !c->by)
                return round_calm(a, c, vm);
        vm->movable = false;
        vm->hold = spent && !c->why ? HOLD_MOVES : c->runs ? HOLD_NONE : HOLD_FOR_NOW;
        hold_room(s, c, vm);
        if (c->why)
                vm->unmovable_why = c->why;
        else if (spent)
                vm->unmovable_why =
                        text_format(a, "it was moved %u %s within a day; a rule allows %lld", moves,
                                    text_plural(moves, "time", "times"), (long long) vm->moves_a_day);
        else
                vm->unmovable_why = round_hand_words(a, in, c);
        return vm->unmovable_why ? 0 : -ENOMEM;
}

/* Which VMs mend something by moving, where a person has moved some; *ret is NULL where none has. */
static int round_mends(Arena *a, const RoundInput *in, const Snapshot *s, const bool **ret) {
        const Problem *p = NULL;
        bool any = false, *mends;
        int r;

        *ret = NULL;
        for (uint32_t i = 0; i < in->n_cool_downs && !any; i++)
                any = in->cool_downs[i].by && in->cool_downs[i].until > in->now;
        if (!any)
                return 0;
        mends = arena_new(a, bool, s->n_vms);
        r = mends ? problem_build(a, s, in->settings, &p) : -ENOMEM;
        if (r == 0)
                r = problem_mends(a, p, mends);
        *ret = mends;
        return r;
}

/* The snapshot with its cooling VMs marked as not movable; itself when there are none. */
static int hold_cooling(Arena *a, const RoundInput *in, const Snapshot **io) {
        const Snapshot *s = *io;
        const bool *mends = NULL;
        Vm *vms;
        int r = round_mends(a, in, s, &mends);

        if (r < 0)
                return r;

        if (in->n_cool_downs == 0)
                return 0;
        vms = snapshot_own_vms(a, &s);
        if (!vms)
                return -ENOMEM;
        for (uint32_t i = 0; i < in->n_cool_downs && r == 0; i++)
                r = hold_vm(a, in, &in->cool_downs[i], mends, vms);
        *io = s;
        return r;
}

static bool must_be_left(const Host *host) {
        return host->state == HOST_MAINTENANCE || host->fault_grade >= 3;
}

/* One that runs on several hosts is on the list of the one that must be left, whichever reported it last. */
static void home_doubled(const Snapshot *s, Vm *vm) {
        for (uint32_t i = 0; vm_is_doubled(vm) && i < vm->running_on.n; i++) {
                const HostIx other = snapshot_host(s, vm->running_on.at[i]);

                if (other == IX_NONE || other == vm->host || must_be_left(&s->hosts[vm->host]) ||
                    !must_be_left(&s->hosts[other]))
                        continue;
                vm->in_flight_to = vm->host;
                vm->host = other;
        }
}

static int home_all_doubled(Arena *a, const Snapshot **io) {
        const Snapshot *s = *io;
        Vm *vms;

        if (snapshot_doubled(s) == 0)
                return 0;
        vms = snapshot_own_vms(a, &s);
        if (!vms)
                return -ENOMEM;
        for (VmIx v = 0; v < s->n_vms; v++)
                home_doubled(s, &vms[v]);
        *io = s;
        return 0;
}

static bool round_holds_mode(const RoundInput *in, const Vm *vm) {
        const char *wish = in->request.wish.vm;

        return in->hold_from > VM_MODE_AUTO && vm->mode >= in->hold_from && vm->movable &&
               !(wish && strcmp(wish, vm->name) == 0);
}

/* The snapshot with VMs held whose moves are not the service's to make, as its mode is; itself when there are none. */
static int hold_modes(Arena *a, const RoundInput *in, const Snapshot **io) {
        const Snapshot *s = *io;
        Vm *vms;
        bool any = false;

        for (VmIx v = 0; v < s->n_vms && !any; v++)
                any = round_holds_mode(in, &s->vms[v]);
        if (!any)
                return 0;
        vms = snapshot_own_vms(a, &s);
        if (!vms)
                return -ENOMEM;
        for (VmIx v = 0; v < s->n_vms; v++) {
                if (!round_holds_mode(in, &vms[v]))
                        continue;
                vms[v].movable = false;
                vms[v].hold = HOLD_MODE;
                vms[v].unmovable_why = vm_mode_words(a, &vms[v]);
                if (!vms[v].unmovable_why)
                        return -ENOMEM;
        }
        *io = s;
        return 0;
}

/* The snapshot with the kinds of action marked that are left for later; itself when none is. */
static int leave_for_later(Arena *a, const RoundInput *in, const Snapshot **io) {
        Snapshot *copy;

        if (in->not_now == 0)
                return 0;
        copy = arena_new(a, Snapshot, 1);
        if (!copy)
                return -ENOMEM;
        *copy = **io;
        copy->not_now |= in->not_now;
        *io = copy;
        return 0;
}

/* The plan says so, and leaves these kinds of action for later. */
static int round_note(Arena *a, const char *note, unsigned not_now, const Snapshot **io) {
        const Snapshot *s = *io;
        Snapshot *copy = arena_new(a, Snapshot, 1);
        const char **notes = arena_new(a, const char *, (size_t) s->notes.n + 1);

        if (!copy || !notes || !note)
                return -ENOMEM;
        *copy = *s;
        if (s->notes.n > 0)
                memcpy(notes, s->notes.at, sizeof(*notes) * s->notes.n);
        notes[s->notes.n] = note;
        copy->notes = (Strings){ .at = notes, .n = s->notes.n + 1 };
        copy->not_now |= not_now;
        *io = copy;
        return 0;
}

int round_facts(Arena *a, const RoundInput *in, const Snapshot **ret, Brake *ret_brake) {
        const Snapshot *s = in->snapshot;
        Brake brake = { 0 };
        int r = brake_judge(a, s, in->settings, &brake);

        if (r == 0)
                r = brake_apply(a, s, &brake, &s);
        if (r == 0)
                r = home_all_doubled(a, &s);
        if (r == 0)
                r = move_holds_apply(a, s, &s);
        if (r == 0)
                r = hold_cooling(a, in, &s);
        if (r == 0)
                r = hold_modes(a, in, &s);
        if (r == 0)
                r = leave_for_later(a, in, &s);
        if (r == 0 && in->paused) /* repairs and evacuation go on */
                r = round_note(a, text_format(a, "balance is paused: %s", in->paused),
                               SNAPSHOT_NO_BALANCE | SNAPSHOT_NO_LOAD, &s);
        if (r == 0 && in->stopped)
                r = round_note(a, text_format(a, "%s (plimsoll resume)", in->stopped), 0, &s);
        if (r < 0)
                return r;
        *ret = s;
        *ret_brake = brake;
        return 0;
}

int round_prepare(Arena *a, const RoundInput *in, Round *ret) {
        const usec_t start = clock_monotonic_of(in->clock);
        Round round = { 0 };
        int r = round_facts(a, in, &round.snapshot, &round.brake);

        if (r == 0)
                r = problem_build(a, round.snapshot, in->settings, &round.problem);
        if (r < 0)
                return r;
        round.prepared = clock_monotonic_of(in->clock) - start;
        *ret = round;
        return 0;
}

int round_plan(Arena *a, const RoundInput *in, Round *io) {
        const usec_t start = clock_monotonic_of(in->clock);
        RoundTime time = { .began = start - io->prepared,
                           .think = in->think,
                           .clock = in->clock,
                           .stops = in->stops,
                           .stops_arg = in->stops_arg };
        PlanRequest request = in->request;
        int r;

        if ((in->think > 0 || in->stops) && !request.time.is_up)
                request.time = (TimeLimit){ .is_up = round_time_is_up, .arg = &time };
        r = planner_decide(a, io->snapshot, io->problem, in->settings, policies_all(), request, &io->plan);
        if (r == 0)
                r = plan_modes(a, in, io);
        io->took = io->prepared + clock_monotonic_of(in->clock) - start;
        return r;
}

bool round_is_urgent(const Plan *plan) {
        for (int t = TIER_REPAIR; t <= TIER_EVACUATE; t++)
                if (plan->after.costs.tier[t] < plan->before.costs.tier[t])
                        return true;
        return false;
}

int round_decide(Arena *a, const RoundInput *in, Round *ret) {
        Round round;
        int r = round_prepare(a, in, &round);

        if (r == 0)
                r = round_plan(a, in, &round);
        if (r == 0)
                *ret = round;
        return r;
}
