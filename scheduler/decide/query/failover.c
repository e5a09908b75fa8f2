/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/decide/query/failover.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/decide/query/failover_parts.h"
#include "scheduler/decide/whynot/refusal.h"

#define LOOKS       (INT64_C(1) << 25) /* at hosts while mending, of all losses together: a second at most */
#define LOOKS_LEAST (INT64_C(1) << 14) /* of each */

/* ---- the cluster as VMs start in it ---- */

/* Nothing that holds a VM where it runs holds it once its host is gone; a CPU that follows its host follows the next one. */
static int failover_snapshot(Arena *a, const Snapshot *s, const Snapshot **ret) {
        Snapshot *copy = arena_new(a, Snapshot, 1);
        Vm *vms = arena_new(a, Vm, s->n_vms);

        if (!copy || !vms)
                return -ENOMEM;
        for (VmIx v = 0; v < s->n_vms; v++) {
                vms[v] = s->vms[v];
                if (cpu_follows_host(vms[v].cpu_model))
                        vms[v].cpu_model = NULL;
        }
        *copy = *s;
        copy->vms = vms;
        *ret = copy;
        return 0;
}

static int failover_trial(Arena *a, const Snapshot *s, const Settings *settings, PolicySet policies,
                          Trial *ret) {
        Trial t = { .s = s, .settings = settings, .policies = policies };
        Problem *p = arena_new(a, Problem, 1);
        Reason *pinned = arena_new(a, Reason, s->n_vms);
        const Problem *built = NULL;
        int64_t *mhz = NULL;
        int r = p && pinned ? resource_layout(a, s, settings, &t.layout) : -ENOMEM;

        if (r == 0)
                r = snapshot_speeds(a, s, &mhz, &t.usual_mhz);
        if (r == 0)
                r = problem_build(a, s, settings, &built);
        if (r != 0)
                return r;
        *p = *built;
        p->pinned = pinned;
        p->grade = NULL; /* a watched host is better than none */
        p->reserve = NULL;
        t.mhz = mhz;
        t.p = p;
        r = policies_add_terms(a, p, policies, settings, &t.terms);
        if (r == 0)
                r = evaluator_build(a, t.terms, NULL, &t.e);
        if (r == 0)
                *ret = t;
        return r;
}

/* ---- whose turn it is ---- */

static int failover_by_host(FailoverRun *f) {
        const Problem *p = f->t.p;
        int64_t *size = arena_new(f->arena, int64_t, p->n_vms), mean[RES_MEMORY + 1];

        if (!size)
                return -ENOMEM;
        for (uint32_t r = 0; r < p->n_res && r <= RES_MEMORY; r++)
                mean[r] = problem_mean_capacity(p, r);
        for (VmIx v = 0; v < p->n_vms; v++) {
                for (uint32_t r = 0; r < p->n_res && r <= RES_MEMORY; r++) {
                        const int64_t share = problem_need(p, v)[r] * 65536 / mean[r];

                        size[v] = share > size[v] ? share : size[v];
                }
        }
        f->size = size;
        return by_host_build(f->arena, p->home, p->n_vms, p->n_hosts, &f->on);
}

static int failover_by_turn(const void *left, const void *right) {
        const FailoverTurn *x = left, *y = right;

        if (x->priority != y->priority)
                return x->priority > y->priority ? -1 : 1;
        if (x->size != y->size)
                return x->size > y->size ? -1 : 1;
        return x->vm < y->vm ? -1 : x->vm > y->vm;
}

/* Why it cannot start at all, whatever room there is; NULL: it may. */
static const char *failover_bound(const Vm *vm, Reason *ret) {
        if (vm->local_disk_mib > 0) {
                *ret = REASON_LOCAL_DISK;
                return "its disks are on its host only";
        }
        if (vm->ties && vm->ties->tie == TIE_DEVICE) {
                *ret = REASON_VM_DEVICE;
                return "it uses a device of its host";
        }
        return NULL;
}

/* Takes all VMs off the host; lists those that are to start, and tells of those that are not. */
static void failover_lose(FailoverRun *f, HostIx h, FailoverVm *told, uint32_t *io_told) {
        f->lost = h;
        f->n = 0;
        for (uint32_t i = f->on.from[h]; i < f->on.from[h + 1]; i++) {
                const VmIx v = f->on.at[i];
                const Vm *vm = &f->t.s->vms[v];
                Reason reason = REASON_NONE;
                const char *bound = failover_bound(vm, &reason);

                evaluator_leave(f->t.e, v);
                if (vm->state == VM_BOOKED || vm->state == VM_OFF)
                        continue;
                if (vm->in_flight && vm->in_flight_to != h && vm->in_flight_to != IX_NONE) {
                        evaluator_enter(f->t.e, v, vm->in_flight_to);
                        told[(*io_told)++] =
                                (FailoverVm){ v, FAILOVER_THERE, vm->in_flight_to, REASON_NONE, NULL };
                } else if (vm->in_flight)
                        told[(*io_told)++] = (FailoverVm){ v, FAILOVER_NONE, IX_NONE, REASON_VM_IN_FLIGHT,
                                                           "it is being migrated to an unknown target" };
                else if (bound)
                        told[(*io_told)++] = (FailoverVm){ v, FAILOVER_NONE, IX_NONE, reason, bound };
                else
                        f->turns[f->n++] =
                                (FailoverTurn){ .priority = vm->priority, .size = f->size[v], .vm = v };
        }
        if (f->n > 0)
                qsort(f->turns, f->n, sizeof(*f->turns), failover_by_turn);
        for (uint32_t i = 0; i < f->n; i++)
                f->to[i] = IX_NONE;
}

static void failover_back(FailoverRun *f) {
        const HostIx h = f->lost;

        for (uint32_t i = f->on.from[h]; i < f->on.from[h + 1]; i++)
                if (f->t.e->x->host_of[f->on.at[i]] != IX_NONE)
                        evaluator_leave(f->t.e, f->on.at[i]);
        for (uint32_t i = f->on.from[h]; i < f->on.from[h + 1]; i++)
                evaluator_enter(f->t.e, f->on.at[i], h);
}

/* ---- what is told ---- */

/* The host that lacks least for v, of those that could ever take it; else one that says why it could not. */
static HostIx failover_nearest(const FailoverRun *f, VmIx v, Reason *ret) {
        const Problem *p = f->t.p;
        HostIx best = IX_NONE;
        int64_t least = 0;

        *ret = REASON_NO_ROOM;
        for (HostIx h = 0; h < p->n_hosts; h++) {
                const Reason denied = h == f->lost ? REASON_HOST_OFFLINE : problem_denied(p, v, h);
                int64_t lacks;

                if (denied != REASON_NONE) {
                        if (best == IX_NONE && h != f->lost && p->roles[h].no_entry == REASON_NONE)
                                *ret = denied;
                        continue;
                }
                lacks = reserve_shortfall(problem_need(p, v), f->t.e->room + (size_t) h * p->n_res, p->n_res);
                if (best == IX_NONE || lacks < least) {
                        best = h;
                        least = lacks;
                }
        }
        if (best != IX_NONE)
                *ret = evaluator_enter_refuse(f->t.e, v, best);
        return best;
}

static int failover_why(const FailoverRun *f, FailoverVm *vm) {
        vm->host = failover_nearest(f, vm->vm, &vm->reason);
        if (vm->host == IX_NONE)
                vm->why = text_format(f->arena, "no host can take it: %s", reason_texts[vm->reason]);
        else
                vm->why = refusal_text(f->arena, &f->t, vm->vm, vm->host, vm->reason);
        return vm->why ? 0 : -ENOMEM;
}

static int failover_tell(FailoverRun *f, FailoverHost *ret) {
        const uint32_t most = by_host_count(&f->on, f->lost);
        FailoverVm *told = arena_new(f->arena, FailoverVm, most);
        uint32_t n = 0, n_others = 0;
        FailoverVm *others = arena_new(f->arena, FailoverVm, most);
        int r = 0;

        if (!told || !others)
                return -ENOMEM;
        failover_lose(f, f->lost, others, &n_others);
        failover_place(f);
        *ret = (FailoverHost){ .host = f->lost };
        for (uint32_t i = 0; r == 0 && i < f->n; i++) {
                FailoverVm *vm = &told[n++];

                *vm = (FailoverVm){ .vm = f->turns[i].vm, .end = FAILOVER_STARTS, .host = f->to[i] };
                if (f->to[i] != IX_NONE)
                        continue;
                vm->end = FAILOVER_NONE;
                r = failover_why(f, vm);
        }
        for (uint32_t i = 0; i < n_others; i++)
                told[n++] = others[i];
        for (uint32_t i = 0; i < n; i++)
                ret->n_none += told[i].end == FAILOVER_NONE;
        ret->vms = told;
        ret->n_vms = n;
        failover_back(f);
        return r;
}

int failover_find(Arena *a, const Snapshot *s, const Settings *settings, PolicySet policies, HostIx only,
                  Failover *ret) {
        FailoverRun f = { .arena = a };
        const Snapshot *starting = NULL;
        FailoverHost *hosts = arena_new(a, FailoverHost, s->n_hosts);
        Failover out = { .hosts = hosts };
        int r = !hosts ? -ENOMEM : s->n_hosts == 0 ? -ENODATA : failover_snapshot(a, s, &starting);

        if (r == 0)
                r = failover_trial(a, starting, settings, policies, &f.t);
        if (r == 0)
                r = failover_by_host(&f);
        if (r < 0)
                return r;
        f.turns = arena_new(a, FailoverTurn, s->n_vms);
        f.to = arena_new(a, HostIx, s->n_vms);
        f.best = arena_new(a, HostIx, s->n_vms);
        if (!f.turns || !f.to || !f.best)
                return -ENOMEM;
        f.looks_most = only != IX_NONE ? LOOKS : LOOKS / s->n_hosts + LOOKS_LEAST;
        for (HostIx h = 0; r == 0 && h < s->n_hosts; h++) {
                if ((only != IX_NONE && h != only) || f.t.p->roles[h].no_exit)
                        continue;
                f.lost = h;
                r = failover_tell(&f, &hosts[out.n_hosts]);
                out.n_protected += r == 0 && hosts[out.n_hosts].n_none == 0;
                out.n_hosts++;
        }
        if (r == 0)
                *ret = out;
        return r;
}
