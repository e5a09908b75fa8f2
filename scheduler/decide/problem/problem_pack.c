/* SPDX-License-Identifier: Apache-2.0 */
/* The goal of emptying hosts, from the settings: which ones, what it is worth, and how full others may get.
 */
#include <errno.h>

#include "scheduler/decide/problem/problem_parts.h"

#define USUAL_MOVE 10000 /* what one costs at its full price: see policy `stay` */

static bool problem_pack_varies(const ResourceLayout *layout, uint32_t r) {
        return r == RES_CPU || r == layout->in_use ||
               (layout->net_rx != IX_NONE && (r == layout->net_rx || r == layout->net_rx + 1));
}

/* Only hosts that take VMs and are not emptied for another reason; none to which a VM is under way. */
static int64_t *costs_of(Arena *a, const Snapshot *s, const Problem *p, int64_t worth) {
        int64_t *cost = arena_new(a, int64_t, p->n_hosts);

        for (HostIx h = 0; cost && h < p->n_hosts; h++)
                if (p->roles[h].no_entry == REASON_NONE && !p->roles[h].no_exit && p->roles[h].evacuate == 0)
                        cost[h] = worth * USUAL_MOVE;
        for (VmIx v = 0; cost && v < p->n_vms; v++)
                for (HostIx h = 0; s->vms[v].in_flight && h < p->n_hosts; h++)
                        if (h != s->vms[v].host && snapshot_vm_is_on(s, v, h))
                                cost[h] = 0;
        return cost;
}

int problem_build_pack(Arena *a, const Snapshot *s, const Settings *settings, const ResourceLayout *layout,
                       Problem *p) {
        const size_t n = (size_t) p->n_hosts * p->n_res;
        PackGoal *goal;
        int64_t margin, *line;

        if (settings_int(settings, "plan", "goal") == PLAN_GOAL_SPREAD || s->not_now & SNAPSHOT_NO_BALANCE)
                return 0;
        goal = arena_new(a, PackGoal, 1);
        line = arena_new(a, int64_t, n);
        if (!goal || !line)
                return -ENOMEM;
        margin = settings_int(settings, "pack", "margin");
        for (size_t i = 0; i < n; i++) {
                const int64_t less =
                        problem_pack_varies(layout, (uint32_t) (i % p->n_res))
                                ? p->capacity[i] / 1000 * margin + p->capacity[i] % 1000 * margin / 1000
                                : 0;

                line[i] = p->limit[i] > less ? p->limit[i] - less : 0;
        }
        goal->line = line;
        goal->cost = costs_of(a, s, p, settings_int(settings, "pack", "worth"));
        goal->keep_free = (uint32_t) settings_int(settings, "pack", "keep_free");
        goal->least_used = (uint32_t) settings_int(settings, "pack", "min_used");
        if (!goal->cost)
                return -ENOMEM;
        p->pack = goal;
        return 0;
}
