/* SPDX-License-Identifier: Apache-2.0 */
/* The judge's own look at NUMA nodes: whether cells have a place on a host at all, and how much of a set of nodes, in ordinary
 * memory or huge pages, there is and is the host's own. */
#include "scheduler/decide/judge/check_parts.h"

static const NumaNode *check_numa_node(const Host *host, int64_t id) {
        for (uint32_t i = 0; host->platform && i < host->platform->n_numa; i++)
                if (host->platform->numa[i].id == id)
                        return &host->platform->numa[i];
        return NULL;
}

static bool check_numa_told(const Host *host) {
        return host->platform && host->platform->n_numa > 0;
}

/* How many CPUs from `first` to `last` the nodes have; INT64_MAX: one does not tell which it has. */
static int64_t check_numa_cpus(const Host *host, uint64_t nodes, int64_t first, int64_t last) {
        int64_t n = 0;

        for (int64_t id = 0; id < 64; id++) {
                const NumaNode *node = nodes >> id & 1 ? check_numa_node(host, id) : NULL;
                const char *list = node ? node->cpus : NULL;
                int64_t low, high;

                if (node && !list)
                        return INT64_MAX;
                while (list && number_range_next(&list, &low, &high))
                        if (low <= last && high >= first)
                                n += (high < last ? high : last) - (low > first ? low : first) + 1;
        }
        return n;
}

static Reason check_numa_cell(const Host *to, const BoundCell *cell) {
        const char *pins = cell->pins;
        int64_t first, last, asked = 0;

        for (int64_t id = 0; id < 64; id++)
                if (cell->nodes >> id & 1 && !check_numa_node(to, id))
                        return REASON_NUMA_NODE;
        if (check_numa_cpus(to, cell->nodes, 0, INT64_MAX) < cell->vcpus)
                return REASON_NUMA_ROOM;
        while (pins && number_range_next(&pins, &first, &last))
                for (int64_t cpu = first; cpu <= last; cpu++)
                        if (++asked > NUMA_PINS_MAX || check_numa_cpus(to, cell->nodes, cpu, cpu) == 0)
                                return REASON_NUMA_ROOM;
        return REASON_NONE;
}

/* 0: ordinary memory. */
static int64_t check_numa_kib(const Vm *vm) {
        return vm->hugepages_kib > 0 ? vm->hugepages_kib : 0;
}

Reason check_numa_fit(const Check *c, VmIx v, HostIx h) {
        const Vm *vm = &c->s->vms[v];
        const Host *to = &c->s->hosts[h];
        BoundCells cells;

        if (!vm->ties || !vm->ties->numa_bound)
                return REASON_NONE;
        if (vm_has_odd_cells(&c->numa, vm))
                return REASON_NUMA_ROOM;
        bound_cells(vm->ties->numa_bound, &cells);
        for (uint32_t i = 0; check_numa_told(to) && i < cells.n; i++) {
                const Reason reason = cells.at[i].nodes ? check_numa_cell(to, &cells.at[i]) : REASON_NONE;

                if (reason != REASON_NONE)
                        return reason;
                for (uint32_t k = 0; k < c->numa.n && cells.at[i].nodes; k++)
                        if (c->numa.kib[k] == check_numa_kib(vm) &&
                            (cells.at[i].nodes | c->numa.nodes[k]) == c->numa.nodes[k] &&
                            c->numa_over[(size_t) h * c->numa.n + k])
                                return REASON_NUMA_ROOM;
        }
        return REASON_NONE;
}

/* Set aside on the node as huge pages of all sizes; kib: of one size, UNKNOWN where the node tells of none. */
static int64_t check_numa_pools(const NumaNode *node, int64_t kib) {
        int64_t sum = 0;

        for (uint32_t i = 0; i < node->n_hugepages; i++)
                if (kib == 0 || node->hugepages[i].kib == kib)
                        sum += node->hugepages[i].total_mib;
        return kib > 0 && node->n_hugepages == 0 ? UNKNOWN : sum;
}

static int64_t check_numa_pages_free(const NumaNode *node, int64_t kib) {
        for (uint32_t i = 0; i < node->n_hugepages; i++)
                if (node->hugepages[i].kib == kib)
                        return node->hugepages[i].free_mib;
        return 0;
}

/* Of one node; UNKNOWN: it does not tell. */
static int64_t check_numa_node_has(const NumaNode *node, int64_t kib) {
        const int64_t pools = check_numa_pools(node, kib);

        if (kib > 0)
                return pools;
        if (node->memory_mib == UNKNOWN)
                return UNKNOWN;
        return pools < node->memory_mib ? node->memory_mib - pools : 0;
}

int64_t check_numa_has(const Check *c, HostIx h, uint32_t k) {
        const Host *host = &c->s->hosts[h];
        int64_t sum = 0;

        for (int64_t id = 0; id < 64; id++) {
                const NumaNode *node = c->numa.nodes[k] >> id & 1 ? check_numa_node(host, id) : NULL;
                const int64_t has = node ? check_numa_node_has(node, c->numa.kib[k]) : 0;

                if (has == UNKNOWN)
                        return UNKNOWN;
                sum += has;
        }
        return check_numa_told(host) ? sum : UNKNOWN;
}

int64_t check_numa_taken(const Check *c, HostIx h, uint32_t k) {
        const int64_t kib = c->numa.kib[k];
        int64_t sum = 0;

        for (int64_t id = 0; id < 64; id++) {
                const NumaNode *node =
                        c->numa.nodes[k] >> id & 1 ? check_numa_node(&c->s->hosts[h], id) : NULL;
                const int64_t has = node ? check_numa_node_has(node, kib) : UNKNOWN;
                int64_t left;

                if (has == UNKNOWN || (kib == 0 && node->available_mib == UNKNOWN))
                        continue;
                left = kib > 0 ? check_numa_pages_free(node, kib) : node->available_mib;
                sum += has > left ? has - left : 0;
        }
        return sum;
}

int64_t check_numa_demand(const Check *c, const Vm *vm, uint32_t k) {
        const uint64_t nodes = c->numa.nodes[k];
        BoundCells cells;
        int64_t sum = 0;

        if (!vm->ties || !vm->ties->numa_bound || check_numa_kib(vm) != c->numa.kib[k] || vm->memory_mib <= 0)
                return 0;
        bound_cells(vm->ties->numa_bound, &cells);
        for (uint32_t i = 0; i < cells.n; i++)
                sum += cells.at[i].nodes && (cells.at[i].nodes | nodes) == nodes ? cells.at[i].memory_mib : 0;
        return sum > vm->memory_mib ? vm->memory_mib : sum;
}

int64_t check_numa_holds(const Check *c, const Vm *vm, uint32_t k) {
        const int64_t bound = check_numa_demand(c, vm, k);

        if (vm->state == VM_OFF || vm->state == VM_BOOKED)
                return 0;
        if (bound == 0 || vm->hugepages_kib > 0 || vm->memory_resident_mib < 0 ||
            vm->memory_resident_mib >= vm->memory_mib)
                return bound;
        return (int64_t) ((__int128) bound * vm->memory_resident_mib / vm->memory_mib);
}
