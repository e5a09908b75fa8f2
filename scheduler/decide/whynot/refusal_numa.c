/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/decide/whynot/refusal_numa.h"

#include <string.h>

#include "scheduler/base/text.h"

/* A cell, and the nodes that it is bound to. */
typedef struct CellNames {
        uint32_t number;
        const BoundCell *cell;
        const char *nodes;
} CellNames;

static const char *gib_text(Arena *a, int64_t mib) {
        return text_format(a, "%lld.%lld GiB", (long long) (mib / 1024),
                           (long long) (mib % 1024 * 10 / 1024));
}

/* NULL: the nodes have the CPUs that it needs, or the arena is full. */
static const char *cell_cpus_text(Arena *a, const Host *host, const CellNames *k) {
        const int cpus_size = (int) strcspn(k->cell->cpus, " ;");
        const int64_t cpus = numa_cpus_of(host, k->cell->nodes);

        if (cpus == UNKNOWN)
                return NULL;
        if (cpus < k->cell->vcpus)
                return text_format(a, "its NUMA node %s has %lld CPUs, cell %u (CPUs %.*s) needs %lld",
                                   k->nodes, (long long) cpus, k->number, cpus_size, k->cell->cpus,
                                   (long long) k->cell->vcpus);
        if (k->cell->pins && !numa_has_cpus(host, k->cell->nodes, k->cell->pins))
                return text_format(
                        a, "its NUMA node %s lacks some of the CPUs %.*s, on which cell %u (CPUs %.*s) runs",
                        k->nodes, (int) strcspn(k->cell->pins, " ;"), k->cell->pins, k->number, cpus_size,
                        k->cell->cpus);
        return NULL;
}

/* The smallest set of nodes with that cell that lacks room for what of the VM is bound to it; false: none does. */
static bool cell_lacks(const Trial *t, VmIx v, HostIx h, uint64_t nodes, int64_t *ret_room) {
        const int64_t kib = t->s->vms[v].hugepages_kib > 0 ? t->s->vms[v].hugepages_kib : 0;

        for (uint32_t i = 0; i < t->layout.numa_sets.n; i++) {
                const uint32_t r = t->layout.numa + i;
                const int64_t room = problem_capacity(t->p, h)[r] - assignment_load(t->e->x, h)[r];

                if (t->layout.numa_sets.nodes[i] != nodes || t->layout.numa_sets.kib[i] != kib ||
                    problem_need(t->p, v)[r] <= room)
                        continue;
                *ret_room = room > 0 ? room : 0;
                return true;
        }
        return false;
}

const char *refusal_numa_text(Arena *a, const Trial *t, VmIx v, HostIx h) {
        const Vm *vm = &t->s->vms[v];
        const char *text = NULL;
        BoundCells cells;
        int64_t room;

        bound_cells(vm->ties ? vm->ties->numa_bound : NULL, &cells);
        if (cells.odd || vm_has_odd_cells(&t->layout.numa_sets, vm))
                return "its memory is bound to NUMA nodes whose use is not tracked";
        for (uint32_t i = 0; i < cells.n && !text; i++) {
                const CellNames k = { i, &cells.at[i], node_set_text(a, cells.at[i].nodes) };

                if (!k.nodes || cells.at[i].nodes == 0)
                        continue;
                if (cell_lacks(t, v, h, cells.at[i].nodes, &room)) {
                        const char *size = gib_text(a, k.cell->memory_mib), *left = gib_text(a, room);

                        return size && left
                                       ? text_format(
                                                 a,
                                                 "its NUMA node %s has %s%s left, cell %u (CPUs %.*s) needs %s",
                                                 k.nodes, left, vm->hugepages_kib > 0 ? " of huge pages" : "",
                                                 i, (int) strcspn(k.cell->cpus, " ;"), k.cell->cpus, size)
                                       : NULL;
                }
                text = cell_cpus_text(a, &t->s->hosts[h], &k);
        }
        return text ? text : reason_texts[REASON_NUMA_ROOM];
}
