/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/decide/plan/plan_gain.h"

#include <errno.h>
#include <string.h>

#include "scheduler/decide/cost/evaluator.h"
#include "scheduler/decide/plan/plan_parts.h"
#include "scheduler/decide/problem/problem_build.h"

static int after_moves(const Snapshot *s, const MoveOrder *moves, uint32_t n, Assignment *x) {
        for (uint32_t i = 0; i < n; i++) {
                const VmIx v = snapshot_vm(s, moves[i].vm);
                const HostIx to = snapshot_host(s, moves[i].to);

                if (v == IX_NONE || to == IX_NONE)
                        return 0;
                if (x->host_of[v] != to)
                        assignment_move(x, (Move){ v, x->host_of[v], to });
        }
        return 1;
}

int plan_gains(Arena *a, const GainInput *in, const MoveOrder *moves, uint32_t n, PlanGain *ret) {
        const Problem *p = in->problem;
        Assignment *x = NULL;
        Costs before, after;
        int r = assignment_build(a, p, &x);

        if (r < 0)
                return r;
        assert(x);
        before = policies_total(in->policies, p, in->settings, x);
        r = after_moves(in->snapshot, moves, n, x);
        if (r <= 0)
                return r;
        after = policies_total(in->policies, p, in->settings, x);
        for (int t = (int) problem_last_tier(p) + 1; t < TIER_N; t++)
                before.tier[t] = after.tier[t] = 0;
        if (costs_compare(&after, &before) >= 0)
                return 0;
        *ret = (PlanGain){ after, hosts_over_limit(x) };
        return 1;
}

/* ---- what others were missed for ---- */

typedef struct Idle {
        const GainInput *in;
        const MoveOrder *moves;
        const GainStep *steps;
        uint32_t n;
        HostIx *now;   /* [vm] where it is once what is made has been made */
        bool *touched; /* [host] by a missed move, or by one that gains nothing without it */
        Evaluator *e;  /* as all will be once what waits is made, too */
        bool *idle;    /* [n] */
} Idle;

static void plan_gain_touch(Idle *look, const MoveOrder *m) {
        const HostIx from = snapshot_host(look->in->snapshot, m->from),
                     to = snapshot_host(look->in->snapshot, m->to);

        if (from != IX_NONE)
                look->touched[from] = true;
        if (to != IX_NONE)
                look->touched[to] = true;
}

/* The last step of a VM that waits, of which nothing was missed: what remains of the VM's way. */
static bool plan_gain_is_last(const Idle *look, uint32_t i) {
        if (look->steps[i] != GAIN_WAITS || look->idle[i])
                return false;
        for (uint32_t k = 0; k < look->n; k++)
                if ((k > i || look->steps[k] == GAIN_MISSED) &&
                    strcmp(look->moves[k].vm, look->moves[i].vm) == 0)
                        return false;
        return true;
}

/* Without the rest of the VM's way nothing that counts would cost more. */
static bool plan_gain_is_idle(const Idle *look, VmIx v) {
        const Problem *p = look->in->problem;
        const Move back = { v, look->e->x->host_of[v], look->now[v] };
        Costs d, none = { 0 };

        if (back.from == back.to || evaluator_refuse(look->e, back) != REASON_NONE)
                return false;
        d = evaluator_delta(look->e, back);
        if (look->e->reserve && evaluator_reserve(look->e, &back, 1, &d) != REASON_NONE)
                return false;
        for (int t = (int) problem_last_tier(p) + 1; t < TIER_N; t++)
                d.tier[t] = 0;
        return costs_compare(&d, &none) <= 0;
}

/* One look at each. Whether another is needed. */
static bool plan_gain_look(Idle *look) {
        bool more = false;

        for (uint32_t i = 0; i < look->n; i++) {
                const VmIx v = snapshot_vm(look->in->snapshot, look->moves[i].vm);

                if (v == IX_NONE || !plan_gain_is_last(look, i) ||
                    !(look->touched[look->now[v]] || look->touched[look->e->x->host_of[v]]) ||
                    !plan_gain_is_idle(look, v))
                        continue;
                evaluator_move(look->e, (Move){ v, look->e->x->host_of[v], look->now[v] });
                for (uint32_t k = 0; k <= i; k++)
                        if (look->steps[k] == GAIN_WAITS &&
                            strcmp(look->moves[k].vm, look->moves[i].vm) == 0) {
                                look->idle[k] = true;
                                plan_gain_touch(look, &look->moves[k]);
                        }
                more = true;
        }
        return more;
}

/* Where all VMs are now, and where they will be. */
static int plan_gain_places(Arena *a, Idle *look) {
        const Problem *p = look->in->problem;
        HostIx *then = arena_new(a, HostIx, p->n_vms);
        Terms *terms = NULL;
        int r = then ? policies_add_terms(a, p, look->in->policies, look->in->settings, &terms) : -ENOMEM;

        if (r < 0)
                return r;
        for (VmIx v = 0; v < p->n_vms; v++)
                look->now[v] = then[v] = p->home[v];
        for (uint32_t i = 0; i < look->n; i++) {
                const VmIx v = snapshot_vm(look->in->snapshot, look->moves[i].vm);
                const HostIx to = snapshot_host(look->in->snapshot, look->moves[i].to);

                if (look->steps[i] == GAIN_MISSED)
                        plan_gain_touch(look, &look->moves[i]);
                if (v == IX_NONE || to == IX_NONE || look->steps[i] == GAIN_MISSED)
                        continue;
                if (look->steps[i] == GAIN_MADE)
                        look->now[v] = to;
                then[v] = to;
        }
        return evaluator_build(a, terms, then, &look->e);
}

int plan_idle_moves(Arena *a, const GainInput *in, const MoveOrder *moves, const GainStep *steps, uint32_t n,
                    bool *ret_idle) {
        Idle look = { .in = in,
                      .moves = moves,
                      .steps = steps,
                      .n = n,
                      .now = arena_new(a, HostIx, in->problem->n_vms),
                      .touched = arena_new(a, bool, in->problem->n_hosts),
                      .idle = ret_idle };
        int r = look.now && look.touched ? plan_gain_places(a, &look) : -ENOMEM;

        if (r < 0)
                return r;
        memset(ret_idle, 0, n * sizeof(*ret_idle));
        for (uint32_t looks = 0; looks < n && plan_gain_look(&look);)
                looks++;
        return 0;
}
