/* SPDX-License-Identifier: Apache-2.0 */
/* Snapshot + Settings → Problem. problem_build() names the steps. */
#include "scheduler/decide/problem/problem_build.h"

#include <errno.h>
#include <string.h>

#include "scheduler/decide/migration/migration_model.h"
#include "scheduler/decide/migration/move_strategy.h"
#include "scheduler/decide/problem/problem_columns.h"
#include "scheduler/decide/problem/problem_parts.h"
#include "scheduler/model/host_memory.h"

#define HOUR INT64_C(3600000000) /* in µs, as all durations of settings */

static const char *const local_disk_words[] = { "refuse", "copy", NULL };

const SettingDef cluster_settings[] = {
        { .name = "hosts",
          .type = SETTING_TEXT,
          .def_text = "",
          .choices = setting_words,
          .doc = "Hosts that are admitted automatically when they first report: names or patterns such as h1, "
                 "rack2-*, or * for all. Other hosts are excluded until plimsoll host admit." },
        { .name = "headroom_extra",
          .type = SETTING_PERMILLE,
          .def = 100,
          .max = 900,
          .doc = "Share of each extra resource to keep free on each host. Can be overridden per host." },
        { .name = "overcommit_memory",
          .type = SETTING_PERMILLE,
          .def = 1000,
          .min = 100,
          .max = 4000,
          .doc = "Maximum memory allocated to VMs, as a share of the host's memory; 150% allows half as much "
                 "again. Can be overridden per host." },
        { .name = "overcommit_cpu",
          .type = SETTING_PERMILLE,
          .def = 0,
          .max = 100000,
          .doc = "Maximum vCPUs allocated to VMs per physical CPU: 400% allows four. 0: no limit, only use "
                 "counts. Can be overridden per host." },
        { .name = "local_disks",
          .type = SETTING_CHOICE,
          .choices = local_disk_words,
          .doc = "VMs with local disks. refuse: do not move them. copy: copy the disks during migration; "
                 "their size counts as cost." },
        { .name = "migration_bandwidth",
          .type = SETTING_KBIT,
          .max = 1000000000,
          .doc = "Same as migration.bandwidth; the lower of both applies." },
        { .name = "longest_move",
          .type = SETTING_DURATION,
          .def = HOUR,
          .min = HOUR / 3600,
          .max = 1000 * HOUR,
          .doc = "Do not move a VM for balance if its migration is predicted to take longer than this or not "
                 "to converge. Repair, evacuation and relief of hosts above their load line are not limited." },
        { .name = NULL },
};
/* See Problem: 100 is the normal weight of a resource. */
#define WEIGHT_NORMAL 100
static int64_t balance_weight_of(const Build *b, uint32_t r) {
        const Problem *p = b->p;

        if (r == RES_CPU)
                return settings_int(b->settings, "balance", "cpu");
        if (r == RES_MEMORY)
                return settings_int(b->settings, "balance", "memory");
        if (r >= b->layout.extra + b->s->n_extra)
                return 0;
        if (r >= b->layout.extra)
                return settings_int(b->settings, "balance", "extra");
        for (HostIx h = 0; h < p->n_hosts; h++)
                if (b->capacity[(size_t) h * p->n_res + r] == QUANTITY_MAX)
                        return 0;
        return settings_int(b->settings, "balance", "network");
}

/* The load line counts for every resource. Even use of the network is sought only when all hosts say what
 * they have of it, of extra resources when the settings ask for it. */
static int build_weights(Build *b) {
        int64_t *load_weight = arena_new(b->arena, int64_t, b->p->n_res);
        int64_t *balance_weight = arena_new(b->arena, int64_t, b->p->n_res);
        const bool evens = !(b->s->not_now & SNAPSHOT_NO_BALANCE) &&
                           settings_int(b->settings, "plan", "goal") == PLAN_GOAL_SPREAD &&
                           settings_int(b->settings, "balance", "measure") == BALANCE_BY_SHARE;

        if (!load_weight || !balance_weight)
                return -ENOMEM;
        for (uint32_t r = 0; r < b->p->n_res; r++) {
                load_weight[r] = b->s->not_now & SNAPSHOT_NO_LOAD ? 0 : WEIGHT_NORMAL;
                balance_weight[r] = evens ? balance_weight_of(b, r) : 0;
        }
        b->p->load_weight = load_weight;
        b->p->balance_weight = balance_weight;
        return 0;
}

/* Of hosts' own use of memory, what may be a cache: it is not evened out. */
static int build_unsteady(Build *b) {
        int64_t *unsteady = NULL;

        for (HostIx h = 0; h < b->s->n_hosts; h++) {
                const int64_t more = b->memory[h].own_mib - b->memory[h].steady_mib;

                if (more <= 0)
                        continue;
                if (!unsteady)
                        unsteady = arena_new(b->arena, int64_t, (size_t) b->s->n_hosts * b->p->n_res);
                if (!unsteady)
                        return -ENOMEM;
                unsteady[(size_t) h * b->p->n_res + RES_MEMORY] = more;
        }
        b->p->unsteady = unsteady;
        return 0;
}

static int build_begin(Build *b) {
        const Snapshot *s = b->s;
        size_t n_res = b->layout.n;
        HostRole *roles = arena_new(b->arena, HostRole, s->n_hosts);
        int64_t usual;

        b->p = arena_new(b->arena, Problem, 1);
        b->capacity = arena_new(b->arena, int64_t, s->n_hosts * n_res);
        b->limit = arena_new(b->arena, int64_t, s->n_hosts * n_res);
        b->base = arena_new(b->arena, int64_t, s->n_hosts * n_res);
        b->need = arena_new(b->arena, int64_t, s->n_vms * n_res);
        if (!b->p || !b->capacity || !b->limit || !b->base || !b->need || !roles)
                return -ENOMEM;
        for (HostIx h = 0; h < s->n_hosts; h++)
                roles[h] = problem_build_role_of(s->not_now, &s->hosts[h]);
        problem_build_missed(s, roles);
        *b->p = (Problem){
                .snapshot = s,
                .n_hosts = s->n_hosts,
                .n_vms = s->n_vms,
                .n_res = b->layout.n,
                .transient_mode = TRANSIENT_WAVES,
                .capacity = b->capacity,
                .limit = b->limit,
                .base = b->base,
                .need = b->need,
                .roles = roles,
                .move_weight = 100,
        };
        b->memory_policy = memory_policy(b->settings);
        b->p->transient[RES_MEMORY] = true;
        for (uint32_t i = 0; i < s->n_extra; i++)
                b->p->transient[b->layout.extra + i] = s->extra[i].transient;
        if (b->layout.vcpus != IX_NONE)
                b->p->lacks[b->layout.vcpus] = REASON_OVERCOMMIT;
        if (b->layout.in_use != IX_NONE)
                b->p->transient[b->layout.in_use] = true;
        for (uint32_t i = 0; i < b->layout.numa_sets.n; i++) {
                b->p->transient[b->layout.numa + i] = true;
                b->p->lacks[b->layout.numa + i] = REASON_NUMA_ROOM;
        }
        if (host_memory_build(b->arena, s, b->memory_policy, &b->memory) < 0)
                return -ENOMEM;
        return snapshot_speeds(b->arena, s, &b->mhz, &usual);
}

/* The price of moving at each threshold, in percent of what it is otherwise. At the full price, a usual VM
 * that uses 2 % of its host in one resource moves for balance when the hosts are 7 points apart; at 30 %, 3.5
 * points; at 5 %, 2.3: little more than the VM brings along (docs/threshold.md has the table). */
static const struct {
        uint32_t tiers_left;
        int64_t price;
} problem_build_thresholds[PLAN_THRESHOLD_MAX + 1] = {
        [1] = { .tiers_left = 2, .price = 100 }, [2] = { .tiers_left = 1, .price = 100 },
        [3] = { .tiers_left = 0, .price = 100 }, [4] = { .tiers_left = 0, .price = 30 },
        [5] = { .tiers_left = 0, .price = 5 },
};

void problem_set_threshold(Problem *p, uint32_t threshold) {
        assert(threshold >= PLAN_THRESHOLD_MIN && threshold <= PLAN_THRESHOLD_MAX);
        p->tiers_left = problem_build_thresholds[threshold].tiers_left;
        p->move_weight = problem_build_thresholds[threshold].price;
        if (p->distance)
                p->distance_weight = p->move_weight;
        p->threshold = threshold;
}

int problem_build(Arena *a, const Snapshot *s, const Settings *settings, const Problem **ret) {
        Build b = { .arena = a, .s = s, .settings = settings };
        int r = resource_layout(a, s, settings, &b.layout);

        if (r < 0)
                return r;
        r = build_begin(&b);
        if (r < 0)
                return r;
        for (HostIx h = 0; h < s->n_hosts; h++)
                problem_host_columns(&b, h);
        r = problem_vm_columns(&b);
        if (r < 0)
                return r;
        problem_host_hugepages(&b);
        problem_host_base(&b);
        problem_build_numa(s, &b.layout, &(NumaColumns){ b.capacity, b.limit, b.base, b.need });
        r = build_weights(&b);
        if (r == 0)
                r = build_unsteady(&b);
        problem_set_threshold(b.p, (uint32_t) settings_int(settings, "plan", "threshold"));
        if (r == 0)
                r = problem_build_waives(a, s, b.p);
        if (r == 0)
                r = problem_build_classes(a, s, b.p);
        if (r == 0)
                r = problem_build_rules(a, s, b.p);
        if (r == 0)
                r = problem_flight_bars(a, s, b.p);
        if (r == 0)
                r = problem_build_later(a, s, b.p);
        if (r == 0)
                r = problem_build_distances(a, s, b.p);
        if (r == 0)
                r = problem_build_watch(a, s, b.p);
        if (r == 0)
                r = problem_build_deviations(a, s, settings, &b.layout, b.p);
        if (r == 0)
                r = problem_build_pack(a, s, settings, &b.layout, b.p);
        if (r == 0)
                r = problem_build_reserve(a, s, settings, b.p);
        if (r == 0)
                r = problem_build_wishes(a, s, b.p);
        if (r < 0)
                return r;
        *ret = b.p;
        return 0;
}
