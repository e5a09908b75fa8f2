/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/decide/plan/plan_gain.h"

#include <errno.h>

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
