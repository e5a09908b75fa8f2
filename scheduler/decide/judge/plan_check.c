/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/decide/judge/plan_check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/decide/judge/check_parts.h"

static Reason tie_reason(Tie tie) {
        switch (tie) {
        case TIE_DEVICE:
                return REASON_VM_DEVICE;
        case TIE_SNAPSHOTS:
                return REASON_VM_SNAPSHOTS;
        case TIE_BLOCK_JOB:
                return REASON_VM_BLOCK_JOB;
        case TIE_TRANSIENT_DISK:
                return REASON_VM_TRANSIENT_DISK;
        case TIE_INVTSC:
                return REASON_VM_INVTSC;
        default:
                return REASON_VM_PINNED;
        }
}

/* Why the VM may not move at all. */
static Reason vm_reason(const Check *c, const CheckMove *m) {
        const Vm *vm = &c->s->vms[m->move.vm];
        const Host *from = &c->s->hosts[m->move.from];

        if (vm->state == VM_BOOKED)
                return REASON_VM_BOOKED;
        if (vm->in_flight)
                return vm_is_doubled(vm) ? REASON_VM_DOUBLED : REASON_VM_IN_FLIGHT;
        if (from->excluded != EXCLUDED_NONE || from->state == HOST_OFFLINE)
                return REASON_SOURCE_FENCED;
        if (!vm->movable)
                return vm->hold == HOLD_NEVER     ? REASON_VM_NEVER
                       : vm->hold == HOLD_WINDOW  ? REASON_VM_WINDOW
                       : vm->hold == HOLD_MOVES   ? REASON_VM_MOVES
                       : vm->hold == HOLD_FOR_NOW ? REASON_VM_FOR_NOW
                       : vm->hold == HOLD_MISSED  ? REASON_VM_MISSED
                       : vm->hold == HOLD_MODE    ? REASON_VM_MODE
                       : vm->ties                 ? tie_reason(vm->ties->tie)
                                                  : REASON_VM_PINNED;
        if (vm->local_disk_mib > 0 &&
            (vm->state == VM_OFF || settings_int(c->settings, "cluster", "local_disks") == 0))
                return REASON_LOCAL_DISK;
        return REASON_NONE;
}

static Reason host_reason(const Host *to) {
        if (to->state == HOST_OFFLINE)
                return REASON_HOST_OFFLINE;
        if (to->excluded != EXCLUDED_NONE)
                return to->excluded == EXCLUDED_SEEN ? REASON_HOST_SEEN : REASON_HOST_FENCED;
        if (to->state == HOST_MAINTENANCE)
                return REASON_HOST_MAINTENANCE;
        if (to->state == HOST_CORDONED)
                return REASON_HOST_CORDONED;
        if (to->fault_grade >= 2)
                return REASON_HOST_FAULTY;
        return to->no_entry_why ? REASON_HOST_UNSURE : REASON_NONE;
}

/* A move of that kind failed lately, and is not to be tried again yet. */
static bool plan_check_is_missed(const Check *c, const MoveHold *hold, const CheckMove *m) {
        const Vm *vm = &c->s->vms[m->move.vm];

        if (c->s->taken_at > 0 && hold->until <= c->s->taken_at)
                return false;
        if (hold->to && strcmp(hold->to, c->s->hosts[m->move.to].name) != 0)
                return false;
        if (hold->vm)
                return strcmp(hold->vm, vm->name) == 0 &&
                       (!hold->uuid || !vm->uuid || strcmp(hold->uuid, vm->uuid) == 0);
        return hold->to || (hold->from && strcmp(hold->from, c->s->hosts[m->move.from].name) == 0);
}

static const MoveHold *plan_check_missed(const Check *c, const CheckMove *m) {
        for (uint32_t i = 0; i < c->s->holds.n; i++)
                if (plan_check_is_missed(c, &c->s->holds.at[i], m))
                        return &c->s->holds.at[i];
        return NULL;
}

static Reason missed_reason(const MoveHold *hold) {
        return !hold->to ? REASON_VM_MISSED : hold->vm ? REASON_TARGET_MISSED : REASON_HOST_MISSED;
}

static int check_move(Check *c, const CheckMove *m) {
        const Vm *vm = &c->s->vms[m->move.vm];
        const Host *to = &c->s->hosts[m->move.to];
        const MoveHold *hold;
        Reason reason = vm_reason(c, m);

        if (reason != REASON_NONE)
                return check_object(
                        c, m, VERDICT_REFUSED, reason,
                        text_format(c->arena, "%s on %s: %s", vm->name, c->s->hosts[m->move.from].name,
                                    reason == REASON_VM_MISSED && vm->unmovable_why ? vm->unmovable_why
                                                                                    : reason_texts[reason]));
        reason = host_reason(to);
        if (reason == REASON_NONE && to->fault_grade > c->s->hosts[vm->host].fault_grade &&
            !(c->mends && c->mends[m->move.vm]))
                reason = REASON_HOST_WATCHED;
        if (reason == REASON_NONE)
                reason = check_fit(c, m->move.vm, m->move.to);
        hold = reason == REASON_NONE ? plan_check_missed(c, m) : NULL;
        if (hold)
                return check_object(c, m, VERDICT_REFUSED, missed_reason(hold),
                                    text_format(c->arena, "%s to %s: %s", vm->name, to->name,
                                                move_hold_text(c->arena, hold)));
        if (reason == REASON_NONE)
                return 0;
        return check_object(c, m, VERDICT_REFUSED, reason,
                            text_format(c->arena, "%s to %s: %s", vm->name, to->name, reason_texts[reason]));
}

static const char *unknown_vm(const Check *c, const char *name) {
        for (uint32_t i = 0; i < c->s->n_off; i++)
                if (strcmp(c->s->off[i].name, name) == 0)
                        return text_format(c->arena, "%s is off, and its host %s is not being decommissioned",
                                           name, c->s->hosts[c->s->off[i].host].name);
        return text_format(c->arena, "VM %s not found", name);
}

/* Names → indexes. 0: resolved; 1: objected; -ENOMEM. */
static int plan_check_resolve(Check *c, const MoveOrder *named, CheckMove *m) {
        const char *unknown = NULL, *from;

        m->move.vm = snapshot_vm(c->s, named->vm);
        if (m->move.vm == IX_NONE) {
                int r = check_object(c, m, VERDICT_UNKNOWN_VM, REASON_NONE, unknown_vm(c, named->vm));

                return r < 0 ? r : 1;
        }
        m->move.from = snapshot_host(c->s, named->from);
        m->move.to = snapshot_host(c->s, named->to);
        if (m->move.from == IX_NONE || m->move.to == IX_NONE) {
                int r;

                unknown = m->move.from == IX_NONE ? named->from : named->to;
                r = check_object(c, m, VERDICT_UNKNOWN_HOST, REASON_NONE,
                                 text_format(c->arena, "%s: host %s not found", named->vm, unknown));
                return r < 0 ? r : 1;
        }
        from = c->s->hosts[c->at[m->move.vm]].name;
        if (c->at[m->move.vm] != m->move.from || m->move.from == m->move.to) {
                int r = check_object(
                        c, m, VERDICT_NOT_THERE, REASON_NONE,
                        text_format(c->arena,
                                    "%s is to move from %s to %s in wave %u, but runs on %s at that time",
                                    named->vm, named->from, named->to, check_wave_said(m), from));

                return r < 0 ? r : 1;
        }
        return 0;
}

/* Resolves the moves of one wave into `wave`, dropping those that cannot be followed. */
static int gather_wave(Check *c, const MoveOrder *named, const CheckMove *order, uint32_t n, CheckMove *wave,
                       uint32_t *stamp) {
        uint32_t kept = 0;

        for (uint32_t i = 0; i < n; i++) {
                CheckMove m = order[i];
                int r = plan_check_resolve(c, &named[m.index], &m);

                if (r < 0)
                        return r;
                if (r > 0)
                        continue;
                if (stamp[m.move.vm] == order[0].wave + 1) {
                        if (check_object(c, &m, VERDICT_MOVED_TWICE, REASON_NONE,
                                         text_format(c->arena, "%s moves twice in wave %u", named[m.index].vm,
                                                     check_wave_said(&m))) < 0)
                                return -ENOMEM;
                        continue;
                }
                stamp[m.move.vm] = order[0].wave + 1;
                wave[kept++] = m;
        }
        return (int) kept;
}

static int check_wave(Check *c, const CheckMove *wave, uint32_t n) {
        int r = 0;

        for (uint32_t i = 0; i < n && r == 0 && !check_time_is_up(c); i++)
                r = check_move(c, &wave[i]);
        if (r == 0)
                r = check_room_wave(c, wave, n);
        if (r == 0)
                r = check_rules_wave(c, wave, n);
        check_room_end_wave(c, wave, n);
        for (uint32_t i = 0; i < n; i++)
                c->at[wave[i].move.vm] = wave[i].move.to;
        return r < 0 ? r : check_reserve_wave(c, wave, n);
}

static int by_wave(const void *left, const void *right) {
        const CheckMove *x = left, *y = right;

        if (x->wave != y->wave)
                return x->wave < y->wave ? -1 : 1;
        return x->index < y->index ? -1 : x->index > y->index;
}

/* Whose move may be worth a worse host: VMs of broken rules and on overfull hosts, as the snapshot has them.
 */
static int find_menders(Check *c) {
        const Snapshot *s = c->s;

        c->mends = arena_new(c->arena, bool, s->n_vms);
        if (!c->mends)
                return -ENOMEM;
        for (VmIx v = 0; v < s->n_vms; v++) {
                c->mends[v] = check_rules_forbid(c, v, s->vms[v].host);
                for (uint32_t r = 0; r < c->n_res; r++)
                        c->mends[v] |= c->held[(size_t) s->vms[v].host * c->n_res + r] >
                                       check_capacity(c, s->vms[v].host, r);
        }
        for (uint32_t i = 0; i < s->n_rules && !check_time_is_up(c); i++) {
                const Rule *rule = &s->rules[i];

                if (!check_rule_broken(c, rule))
                        continue;
                for (uint32_t k = 0; k < rule->n_vms; k++)
                        c->mends[rule->vms[k]] = true;
                for (uint32_t k = 0; k < rule->n_near_vms; k++)
                        c->mends[rule->near_vms[k]] = true;
        }
        return 0;
}

static int check_begin(Check *c) {
        const Snapshot *s = c->s;
        int r;

        c->objections = arena_new(c->arena, Objection, OBJECTIONS_KEPT);
        c->at = arena_new(c->arena, HostIx, s->n_vms);
        if (!c->objections || !c->at)
                return -ENOMEM;
        for (VmIx v = 0; v < s->n_vms; v++)
                c->at[v] = s->vms[v].host;
        r = check_room_begin(c);
        if (r == 0)
                r = check_rules_begin(c);
        for (HostIx h = 0; r == 0 && h < s->n_hosts && !c->mends; h++)
                if (s->hosts[h].fault_grade == 1)
                        r = find_menders(c);
        return r < 0 ? r : check_reserve_begin(c);
}

/* All waves, in their order. 0 or a negative errno. */
static int check_waves(Check *c, const MoveOrder *moves, uint32_t n_moves) {
        CheckMove *order = arena_new(c->arena, CheckMove, n_moves);
        CheckMove *done = arena_new(c->arena, CheckMove, n_moves);
        uint32_t *stamp = arena_new(c->arena, uint32_t, c->s->n_vms), n_done = 0;
        int r;

        if (!order || !done || !stamp)
                return -ENOMEM;
        for (uint32_t i = 0; i < n_moves; i++)
                order[i] = (CheckMove){ .index = i, .wave = moves[i].wave };
        qsort(order, n_moves, sizeof(*order), by_wave);
        for (uint32_t i = 0, end; i < n_moves && !check_time_is_up(c); i = end) {
                for (end = i + 1; end < n_moves && order[end].wave == order[i].wave;)
                        end++;
                r = gather_wave(c, moves, order + i, end - i, done + n_done, stamp);
                if (r < 0)
                        return r;
                n_done += (uint32_t) r;
                r = check_wave(c, done + n_done - r, (uint32_t) r);
                if (r < 0)
                        return r;
        }
        return check_rules_end(c, done, n_done);
}

int plan_check_in_time(Arena *a, const PlanToCheck *in, const Objection **ret, uint32_t *ret_n) {
        Check c = { .arena = a, .s = in->s, .settings = in->settings, .time = in->time };
        int r = check_begin(&c);

        if (r == 0)
                r = check_waves(&c, in->moves, in->n_moves);
        if (r < 0)
                return r;
        if (c.cut)
                return -ETIME;
        *ret = c.objections;
        *ret_n = c.n_objections;
        return c.n_objections > 0;
}

int plan_check(Arena *a, const Snapshot *s, const Settings *settings, const MoveOrder *moves,
               uint32_t n_moves, const Objection **ret, uint32_t *ret_n) {
        const PlanToCheck in = { .s = s, .settings = settings, .moves = moves, .n_moves = n_moves };

        return plan_check_in_time(a, &in, ret, ret_n);
}
