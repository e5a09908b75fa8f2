/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that is bound to NUMA nodes, ordinary or huge pages: a resource for each set of nodes; and which hosts' nodes a cell
 * fits into at all. */
#include <errno.h>

#include "scheduler/decide/problem/problem_parts.h"

typedef struct NodesOf {
        int64_t memory_mib, used_mib; /* memory UNKNOWN: not of all of them */
        bool missing;                 /* the host has not all of them */
} NodesOf;

/* What a node has, and what of it is in use: of ordinary memory what is set aside as huge pages is none. */
typedef struct NodeRoom {
        int64_t has, used; /* has UNKNOWN: it does not tell */
} NodeRoom;

static NodeRoom problem_numa_pages(const NumaNode *node, int64_t kib) {
        for (uint32_t i = 0; i < node->n_hugepages; i++)
                if (node->hugepages[i].kib == kib)
                        return (NodeRoom){ node->hugepages[i].total_mib,
                                           node->hugepages[i].total_mib - node->hugepages[i].free_mib };
        return (NodeRoom){ node->n_hugepages > 0 ? 0 : UNKNOWN, 0 };
}

static NodeRoom problem_numa_room(const NumaNode *node, int64_t kib) {
        NodeRoom room = { node->memory_mib, 0 };

        if (kib > 0)
                return problem_numa_pages(node, kib);
        if (room.has == UNKNOWN)
                return room;
        for (uint32_t i = 0; i < node->n_hugepages; i++)
                room.has -= node->hugepages[i].total_mib;
        room.has = room.has > 0 ? room.has : 0;
        if (node->available_mib != UNKNOWN && node->available_mib < room.has)
                room.used = room.has - node->available_mib;
        return room;
}

/* The nodes of the set on the host. A host of which no node is known has them, whatever they hold. */
static NodesOf problem_numa_nodes(const Host *host, uint64_t set, int64_t kib) {
        const HostPlatform *platform = host->platform;
        NodesOf sum = { 0 };
        uint64_t found = 0;

        for (uint32_t i = 0; platform && i < platform->n_numa; i++) {
                const NumaNode *node = &platform->numa[i];
                NodeRoom room;

                if (node->id >= 64 || !(set >> node->id & 1))
                        continue;
                found |= UINT64_C(1) << node->id;
                room = problem_numa_room(node, kib);
                sum.memory_mib = room.has == UNKNOWN || sum.memory_mib == UNKNOWN ? UNKNOWN
                                                                                  : sum.memory_mib + room.has;
                sum.used_mib += room.used;
        }
        sum.missing = platform && platform->n_numa > 0 && found != set;
        if (!platform || platform->n_numa == 0)
                sum.memory_mib = UNKNOWN;
        return sum;
}

/* What of that use is the VM's own: as much as it holds of its memory, in proportion; of huge pages all, which QEMU takes when
 * it starts. */
static int64_t bound_resident(const Vm *vm, int64_t bound) {
        if (vm->state == VM_OFF || vm->state == VM_BOOKED || bound == 0)
                return 0;
        if (vm->hugepages_kib > 0 || vm->memory_resident_mib == UNKNOWN ||
            vm->memory_resident_mib >= vm->memory_mib)
                return bound;
        return (int64_t) ((__int128) vm->memory_resident_mib * bound / vm->memory_mib);
}

void problem_build_numa(const Snapshot *s, const ResourceLayout *layout, const NumaColumns *columns) {
        for (uint32_t i = 0; i < layout->numa_sets.n; i++) {
                const uint32_t r = layout->numa + i;

                for (VmIx v = 0; v < s->n_vms;
                     v++) { /* what is bound, and what of it is there, in the columns first */
                        const int64_t need = columns->need[(size_t) v * layout->n + r];
                        const size_t at = (size_t) s->vms[v].host * layout->n + r;

                        columns->capacity[at] += need;
                        columns->limit[at] += bound_resident(&s->vms[v], need);
                }
                for (HostIx h = 0; h < s->n_hosts; h++) {
                        const size_t at = (size_t) h * layout->n + r;
                        const NodesOf nodes = problem_numa_nodes(&s->hosts[h], layout->numa_sets.nodes[i],
                                                                 layout->numa_sets.kib[i]);
                        const int64_t own = nodes.used_mib - columns->limit[at];
                        int64_t held;

                        columns->base[at] += own > 0 ? own : 0;
                        held = columns->capacity[at] + columns->base[at];
                        columns->capacity[at] = nodes.memory_mib == UNKNOWN ? QUANTITY_MAX
                                                : nodes.memory_mib > held   ? nodes.memory_mib
                                                                            : held;
                        columns->limit[at] = columns->capacity[at];
                }
        }
}

bool numa_has_cpus(const Host *host, uint64_t set, const char *list) {
        int64_t first, last, low, high, asked = 0;

        while (number_range_next(&list, &first, &last))
                for (; first <= last; first++) {
                        bool found = false;

                        if (++asked > NUMA_PINS_MAX)
                                return false;

                        for (uint32_t i = 0; i < host->platform->n_numa && !found; i++) {
                                const NumaNode *node = &host->platform->numa[i];
                                const char *cpus = node->cpus;

                                if (node->id >= 64 || !(set >> node->id & 1))
                                        continue;
                                found = !cpus;
                                while (!found && number_range_next(&cpus, &low, &high))
                                        found = first >= low && first <= high;
                        }
                        if (!found)
                                return false;
                }
        return true;
}

int64_t numa_cpus_of(const Host *host, uint64_t set) {
        int64_t n = 0, first, last;

        for (uint32_t i = 0; host->platform && i < host->platform->n_numa; i++) {
                const NumaNode *node = &host->platform->numa[i];
                const char *cpus = node->cpus;

                if (node->id >= 64 || !(set >> node->id & 1))
                        continue;
                if (!cpus)
                        return UNKNOWN;
                while (number_range_next(&cpus, &first, &last))
                        n += last - first + 1;
        }
        return n;
}

static Reason problem_numa_cell(const Host *host, const BoundCell *cell) {
        const int64_t cpus = numa_cpus_of(host, cell->nodes);

        if (problem_numa_nodes(host, cell->nodes, 0).missing)
                return REASON_NUMA_NODE;
        if (cpus != UNKNOWN && cell->vcpus > cpus)
                return REASON_NUMA_ROOM;
        return cell->pins && !numa_has_cpus(host, cell->nodes, cell->pins) ? REASON_NUMA_ROOM : REASON_NONE;
}

/* More is bound to the set on the host than its nodes have: no more comes. */
static bool problem_numa_is_over(const Problem *p, const NumaSets *sets, HostIx h, uint64_t nodes,
                                 int64_t kib) {
        uint32_t first = 0;

        while (first < p->n_res && p->lacks[first] != REASON_NUMA_ROOM)
                first++;
        for (uint32_t i = 0; i < sets->n; i++) {
                const int64_t has =
                        problem_numa_nodes(&p->snapshot->hosts[h], sets->nodes[i], kib).memory_mib;

                if (sets->kib[i] == kib && (nodes & ~sets->nodes[i]) == 0 && has != UNKNOWN &&
                    problem_capacity(p, h)[first + i] > has)
                        return true;
        }
        return false;
}

void problem_numa_deny(const Problem *p, const NumaSets *sets, const BoundWords *of, Reason *denied) {
        const Snapshot *s = p->snapshot;
        BoundCells cells;

        bound_cells(of->text, &cells);
        for (HostIx h = 0; h < s->n_hosts; h++) {
                if (!s->hosts[h].platform || s->hosts[h].platform->n_numa == 0)
                        continue;
                for (uint32_t i = 0; i < cells.n; i++) {
                        Reason reason;

                        if (cells.at[i].nodes == 0)
                                continue;
                        reason = problem_numa_cell(&s->hosts[h], &cells.at[i]);
                        if (reason == REASON_NONE &&
                            problem_numa_is_over(p, sets, h, cells.at[i].nodes, of->kib))
                                reason = REASON_NUMA_ROOM;
                        if (reason != REASON_NONE)
                                denied[h] = reason;
                }
        }
}
