/* SPDX-License-Identifier: Apache-2.0 */
/* Which resources a problem has: those that every snapshot has, and those that somebody asks for. */
#include <errno.h>

#include "scheduler/base/text.h"
#include "scheduler/decide/problem/problem_build.h"
#include "scheduler/model/plan.h"

static void layout_overcommit(const Snapshot *s, const Settings *settings, ResourceLayout *l) {
        bool cpu = settings_int(settings, "cluster", "overcommit_cpu") > 0 ||
                   settings_int(settings, "balance", "measure") == BALANCE_BY_HTOOLS;
        bool memory = settings_int(settings, "cluster", "overcommit_memory") > 1000;

        for (HostIx h = 0; h < s->n_hosts; h++) {
                cpu |= s->hosts[h].overcommit_cpu_permille > 0;
                memory |= s->hosts[h].overcommit_memory_permille > 1000;
        }
        l->vcpus = cpu ? l->n++ : IX_NONE;
        if (cpu)
                l->names[l->vcpus] = "vcpus";
        l->in_use = memory ? l->n++ : IX_NONE;
        if (memory)
                l->names[l->in_use] = "memory in use";
}

static const char *huge_name(int64_t kib) {
        return kib == 2048 ? "huge pages of 2 MiB" : kib == 1048576 ? "huge pages of 1 GiB" : "huge pages";
}

static int layout_hugepages(Arena *a, const Snapshot *s, ResourceLayout *l) {
        const int r = snapshot_huge_sizes(a, s, &l->huge_sizes);

        l->huge = l->n;
        for (uint32_t i = 0; r == 0 && i < l->huge_sizes.n; i++)
                l->names[l->n++] = huge_name(l->huge_sizes.kib[i]);
        return r;
}

static int layout_numa(Arena *a, const Snapshot *s, ResourceLayout *l) {
        l->numa_sets = snapshot_numa_sets(s);
        l->numa = l->n;
        for (uint32_t i = 0; i < l->numa_sets.n; i++) {
                const char *nodes = node_set_text(a, l->numa_sets.nodes[i]);

                l->names[l->n] = nodes ? text_format(a, "%s of NUMA node %s",
                                                     l->numa_sets.kib[i] > 0 ? huge_name(l->numa_sets.kib[i])
                                                                             : "memory",
                                                     nodes)
                                       : NULL;
                if (!l->names[l->n++])
                        return -ENOMEM;
        }
        return 0;
}

int resource_layout(Arena *a, const Snapshot *s, const Settings *settings, ResourceLayout *ret) {
        ResourceLayout l = { .n = 2, .net_rx = IX_NONE, .names = { "cpu", "memory" } };

        for (HostIx h = 0; h < s->n_hosts && l.net_rx == IX_NONE; h++)
                for (uint32_t i = 0; i < s->hosts[h].n_nics; i++)
                        if (s->hosts[h].nics[i].carrier && s->hosts[h].nics[i].speed_mbit > 0)
                                l.net_rx = 2;
        if (l.net_rx != IX_NONE) {
                l.names[l.n++] = "net rx";
                l.names[l.n++] = "net tx";
        }
        l.extra = l.n;
        if (s->n_extra > PROBLEM_RES_MAX - NUMA_SETS_MAX - 4 - l.n)
                return -ERANGE;
        for (uint32_t i = 0; i < s->n_extra; i++)
                l.names[l.n++] = s->extra[i].name;
        layout_overcommit(s, settings, &l);
        if (layout_hugepages(a, s, &l) < 0 || layout_numa(a, s, &l) < 0)
                return -ENOMEM;
        *ret = l;
        return 0;
}
