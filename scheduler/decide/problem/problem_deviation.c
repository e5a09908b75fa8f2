/* SPDX-License-Identifier: Apache-2.0 */
/* What hbal calls even (balance.measure = htools): the standard deviations of its cluster score (hbal(1),
 * "CLUSTER SCORE"; Ganeti/HTools/Cluster/Metrics.hs, MetricsComponents.hs, 3.0), those that moves of VMs on
 * shared storage change. free_mem_cv and its forthcoming twin weigh ½ each, so 1 together; vcpu_ratio_cv too.
 *
 * Hosts that are offline or excluded, or being emptied, take no part: what their mean should be is not asked.
 */
#include <errno.h>

#include "scheduler/decide/problem/problem_parts.h"

#define OWN_CPUS 1 /* each host's own, as htools counts a node that does not say */

typedef struct Deviations {
        Arena *arena;
        const Snapshot *s;
        const Settings *settings;
        Problem *p;
        DeviationGoal *goals;
        uint32_t n;
} Deviations;

static bool problem_deviation_takes_part(const HostRole *role) {
        return !role->no_exit && role->evacuate == 0;
}

static void goal_add(Deviations *d, uint32_t r, const char *setting, const int64_t *unit,
                     const int64_t *zero) {
        const int64_t weight = settings_int(d->settings, "balance", setting);

        if (weight > 0)
                d->goals[d->n++] = (DeviationGoal){ .r = r, .weight = weight, .unit = unit, .zero = zero };
}

/* What VMs use counts, of the mean host that takes part. */
static void amounts_of(const Problem *p, uint32_t r, int64_t *unit, int64_t *zero) {
        int64_t sum = 0, n = 0;

        for (HostIx h = 0; h < p->n_hosts; h++) {
                sum += unit[h];
                n += unit[h] > 0;
        }
        for (HostIx h = 0; h < p->n_hosts; h++) {
                zero[h] = p->base[(size_t) h * p->n_res + r];
                unit[h] = unit[h] > 0 ? sum / n : 0;
        }
}

static int problem_deviation_add(Deviations *d, uint32_t r, const char *setting, bool amounts) {
        const Problem *p = d->p;
        int64_t *unit = arena_new(d->arena, int64_t, p->n_hosts);
        int64_t *zero = arena_new(d->arena, int64_t, p->n_hosts);

        if (!unit || !zero)
                return -ENOMEM;
        for (HostIx h = 0; h < p->n_hosts; h++) {
                if (problem_capacity(p, h)[r] == QUANTITY_MAX)
                        return 0; /* not all hosts say what they have */
                unit[h] = problem_deviation_takes_part(&p->roles[h]) ? problem_capacity(p, h)[r] : 0;
        }
        if (amounts)
                amounts_of(p, r, unit, zero);
        goal_add(d, r, setting, unit, amounts ? zero : NULL);
        return 0;
}

/* vCPUs promised per CPU, one for the host itself. The problem's capacity for them may be without end. */
static int add_vcpus(Deviations *d, uint32_t r) {
        int64_t *unit = arena_new(d->arena, int64_t, d->p->n_hosts);
        int64_t *zero = arena_new(d->arena, int64_t, d->p->n_hosts);

        if (!unit || !zero)
                return -ENOMEM;
        for (HostIx h = 0; h < d->p->n_hosts; h++) {
                unit[h] = problem_deviation_takes_part(&d->p->roles[h]) ? d->s->hosts[h].cpus : 0;
                zero[h] = -OWN_CPUS;
        }
        goal_add(d, r, "cpu", unit, zero);
        return 0;
}

int problem_build_deviations(Arena *a, const Snapshot *s, const Settings *settings,
                             const ResourceLayout *layout, Problem *p) {
        Deviations d = { .arena = a,
                         .s = s,
                         .settings = settings,
                         .p = p,
                         .goals = arena_new(a, DeviationGoal, (size_t) p->n_res + 2) };
        int r;

        if (settings_int(settings, "balance", "measure") != BALANCE_BY_HTOOLS ||
            settings_int(settings, "plan", "goal") != PLAN_GOAL_SPREAD || s->not_now & SNAPSHOT_NO_BALANCE)
                return 0;
        if (!d.goals)
                return -ENOMEM;
        r = problem_deviation_add(&d, RES_MEMORY, "memory", false);
        if (r == 0)
                r = add_vcpus(&d, layout->vcpus);
        if (r == 0)
                r = problem_deviation_add(&d, RES_CPU, "cpu", true);
        if (r == 0)
                r = problem_deviation_add(&d, RES_MEMORY, "memory", true);
        for (uint32_t i = 0; r == 0 && layout->net_rx != IX_NONE && i < 2; i++)
                r = problem_deviation_add(&d, layout->net_rx + i, "network", true);
        for (uint32_t i = 0; r == 0 && i < s->n_extra; i++)
                r = problem_deviation_add(&d, layout->extra + i, "extra", false);
        p->deviations = d.goals;
        p->n_deviations = d.n;
        return r;
}
