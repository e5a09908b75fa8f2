/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/model/bound_cells.h"

#include <errno.h>
#include <string.h>

#include "scheduler/base/text.h"
#include "scheduler/model/bounds.h"
#include "scheduler/model/limits.h"

bool number_range_next(const char **s, int64_t *ret_first, int64_t *ret_last) {
        const size_t n = strspn(*s, "0123456789-"), dash = strcspn(*s, "-");

        if (n == 0 || text_to_int(*s, dash < n ? dash : n, 0, bound_of(BOUND_NODE_ID), ret_first) < 0)
                return false;
        *ret_last = *ret_first;
        if (dash < n &&
            text_to_int(*s + dash + 1, n - dash - 1, *ret_first, bound_of(BOUND_NODE_ID), ret_last) < 0)
                return false;
        *s += n + ((*s)[n] == ',');
        return true;
}

/* How many numbers the list names. */
static int64_t numa_count(const char *list) {
        int64_t first, last, n = 0;

        while (number_range_next(&list, &first, &last))
                n += last - first + 1;
        return n;
}

/* "0-1,3" at s; false: it is no such list, or has a number that no bit is for. */
static bool numa_nodes_read(const char *s, uint64_t *ret) {
        int64_t first, last;
        uint64_t set = 0;

        while (number_range_next(&s, &first, &last)) {
                if (last >= 64)
                        return false;
                for (; first <= last; first++)
                        set |= UINT64_C(1) << first;
        }
        *ret = set;
        return set != 0 && strchr(" ;", *s) != NULL;
}

/* The word at *s, which moves on to the next of the cell; NULL: there is none. */
static const char *numa_word(const char **s) {
        const char *word = *s + strspn(*s, " ");
        const size_t n = strcspn(word, " ;");

        *s = word + n;
        return n > 0 ? word : NULL;
}

static bool numa_is_none(const char *word) {
        return !word || (word[0] == '-' && strchr(" ;", word[1]));
}

static bool bound_cell_read(const char **s, BoundCell *ret) {
        const char *cpus = numa_word(s), *mib = numa_word(s), *nodes = numa_word(s), *pins = numa_word(s);

        if (!cpus || !mib ||
            text_to_int(mib, strcspn(mib, " ;"), 0, bound_of(BOUND_QUANTITY), &ret->memory_mib) < 0)
                return false;
        ret->cpus = cpus;
        ret->vcpus = numa_count(cpus);
        ret->pins = numa_is_none(pins) ? NULL : pins;
        ret->nodes = 0;
        return numa_is_none(nodes) || numa_nodes_read(nodes, &ret->nodes);
}

void bound_cells(const char *text, BoundCells *ret) {
        ret->n = 0;
        ret->odd = false;
        while (text && *text && !ret->odd) {
                ret->odd = ret->n == CELLS_MAX || !bound_cell_read(&text, &ret->at[ret->n]) ||
                           (*text != ';' && *text != '\0');
                ret->n += !ret->odd;
                text += *text == ';';
        }
}

static const char *numa_bound_of(const Vm *vm) {
        return vm->ties ? vm->ties->numa_bound : NULL;
}

/* Of its pages; 0: ordinary memory. */
static int64_t numa_kib(const Vm *vm) {
        return vm->hugepages_kib > 0 ? vm->hugepages_kib : 0;
}

/* ---- sets of nodes ---- */

#define SETS_SEEN 64 /* that compete for the account */

typedef struct SetCounts {
        uint64_t nodes[SETS_SEEN];
        int64_t kib[SETS_SEEN];
        uint32_t n_vms[SETS_SEEN], n;
} SetCounts;

static void set_count(SetCounts *counts, int64_t kib, uint64_t nodes) {
        uint32_t i = 0;

        while (i < counts->n && (counts->nodes[i] != nodes || counts->kib[i] != kib))
                i++;
        if (i == SETS_SEEN)
                return;
        counts->nodes[i] = nodes;
        counts->kib[i] = kib;
        counts->n_vms[i]++;
        counts->n += i == counts->n;
}

static bool sets_have(const NumaSets *sets, int64_t kib, uint64_t nodes) {
        for (uint32_t i = 0; i < sets->n; i++)
                if (sets->nodes[i] == nodes && sets->kib[i] == kib)
                        return true;
        return false;
}

/* False: there is no room for it. */
static bool sets_put(NumaSets *sets, int64_t kib, uint64_t nodes) {
        if (sets->n == NUMA_SETS_MAX)
                return false;
        sets->kib[sets->n] = kib;
        sets->nodes[sets->n++] = nodes;
        return true;
}

/* With all unions that it asks for; false, and nothing changed: there is no room for them. */
static bool sets_add(NumaSets *sets, int64_t kib, uint64_t nodes) {
        NumaSets more = *sets;

        if (sets_have(sets, kib, nodes))
                return true;
        if (!sets_put(&more, kib, nodes))
                return false;
        for (uint32_t i = 1; i < more.n; i++)
                for (uint32_t k = 0; k < i; k++) {
                        const uint64_t both = more.nodes[i] & more.nodes[k],
                                       all = more.nodes[i] | more.nodes[k];

                        if (more.kib[i] != kib || more.kib[k] != kib || both == 0 || all == more.nodes[i] ||
                            all == more.nodes[k] || sets_have(&more, kib, all))
                                continue;
                        if (!sets_put(&more, kib, all))
                                return false;
                }
        *sets = more;
        return true;
}

static bool sets_in_order(const NumaSets *sets, uint32_t i, uint32_t k) {
        return sets->kib[i] != sets->kib[k] ? sets->kib[i] < sets->kib[k] : sets->nodes[i] < sets->nodes[k];
}

static void sets_sort(NumaSets *sets) {
        for (uint32_t i = 1; i < sets->n; i++)
                for (uint32_t k = i; k > 0 && sets_in_order(sets, k, k - 1); k--) {
                        const uint64_t nodes = sets->nodes[k];
                        const int64_t kib = sets->kib[k];

                        sets->nodes[k] = sets->nodes[k - 1];
                        sets->kib[k] = sets->kib[k - 1];
                        sets->nodes[k - 1] = nodes;
                        sets->kib[k - 1] = kib;
                }
}

/* Of most VMs first; then by size of pages, then by number. */
static bool counts_before(const SetCounts *counts, uint32_t i, uint32_t k) {
        if (counts->n_vms[i] != counts->n_vms[k])
                return counts->n_vms[i] > counts->n_vms[k];
        return counts->kib[i] != counts->kib[k] ? counts->kib[i] < counts->kib[k]
                                                : counts->nodes[i] < counts->nodes[k];
}

NumaSets snapshot_numa_sets(const Snapshot *s) {
        SetCounts counts = { .n = 0 };
        NumaSets sets = { .n = 0 };
        BoundCells cells;

        for (VmIx v = 0; v < s->n_vms; v++) {
                if (!numa_bound_of(&s->vms[v]))
                        continue;
                bound_cells(numa_bound_of(&s->vms[v]), &cells);
                for (uint32_t i = 0; i < cells.n; i++)
                        if (cells.at[i].nodes != 0)
                                set_count(&counts, numa_kib(&s->vms[v]), cells.at[i].nodes);
        }
        for (uint32_t tried = 0; tried < counts.n; tried++) {
                uint32_t best = 0;

                for (uint32_t i = 1; i < counts.n; i++)
                        if (counts_before(&counts, i, best))
                                best = i;
                (void) sets_add(&sets, counts.kib[best], counts.nodes[best]);
                counts.n_vms[best] = 0;
        }
        sets_sort(&sets);
        return sets;
}

bool vm_has_odd_cells(const NumaSets *sets, const Vm *vm) {
        BoundCells cells;

        if (!numa_bound_of(vm))
                return false;
        bound_cells(numa_bound_of(vm), &cells);
        for (uint32_t i = 0; i < cells.n; i++)
                cells.odd |= cells.at[i].nodes != 0 && !sets_have(sets, numa_kib(vm), cells.at[i].nodes);
        return cells.odd;
}

int64_t vm_bound_mib(const Vm *vm, const NumaSets *sets, uint32_t i) {
        BoundCells cells;
        int64_t sum = 0;

        if (!numa_bound_of(vm) || numa_kib(vm) != sets->kib[i])
                return 0;
        bound_cells(numa_bound_of(vm), &cells);
        for (uint32_t k = 0; k < cells.n; k++)
                if (cells.at[k].nodes != 0 && (cells.at[k].nodes & ~sets->nodes[i]) == 0)
                        sum += cells.at[k].memory_mib;
        return sum < vm->memory_mib ? sum : vm->memory_mib > 0 ? vm->memory_mib : 0;
}

/* What the nodes give back beyond what they call free; UNKNOWN: one of them does not tell. */
static int64_t numa_lent(const Host *host, uint64_t nodes) {
        int64_t sum = 0;
        uint64_t found = 0;

        for (uint32_t i = 0; host->platform && i < host->platform->n_numa; i++) {
                const NumaNode *node = &host->platform->numa[i];

                if (node->id >= 64 || !(nodes >> node->id & 1))
                        continue;
                if (node->available_mib == UNKNOWN || node->free_mib == UNKNOWN)
                        return UNKNOWN;
                found |= UINT64_C(1) << node->id;
                sum += node->available_mib > node->free_mib ? node->available_mib - node->free_mib : 0;
        }
        return found == nodes ? sum : UNKNOWN;
}

static bool needs_have(const NodeNeed *needs, uint32_t n, uint64_t nodes) {
        for (uint32_t i = 0; i < n; i++)
                if (needs[i].nodes == nodes)
                        return true;
        return false;
}

uint32_t vm_node_needs(const Vm *vm, const Host *to, NodeNeed ret[NODE_NEEDS_MAX]) {
        const int64_t kib = numa_kib(vm);
        BoundCells cells;
        uint32_t n = 0;

        if (kib > 0)
                ret[n++] = (NodeNeed){ .kib = kib, .need_mib = vm->memory_mib > 0 ? vm->memory_mib : 0 };
        bound_cells(numa_bound_of(vm), &cells);
        for (uint32_t i = 0; i < cells.n && n < NODE_NEEDS_MAX; i++) {
                const uint64_t nodes = cells.at[i].nodes;
                const int64_t lent = kib > 0 ? 0 : numa_lent(to, nodes);

                if (nodes == 0 || lent == UNKNOWN || needs_have(ret, n, nodes))
                        continue;
                ret[n] = (NodeNeed){ .nodes = nodes, .kib = kib, .lent_mib = lent };
                for (uint32_t k = 0; k < cells.n; k++)
                        if (cells.at[k].nodes != 0 && (cells.at[k].nodes & ~nodes) == 0)
                                ret[n].need_mib += cells.at[k].memory_mib;
                if (vm->memory_mib >= 0 && ret[n].need_mib > vm->memory_mib)
                        ret[n].need_mib = vm->memory_mib;
                n++;
        }
        return n;
}

const char *node_set_text(Arena *a, uint64_t nodes) {
        const char *text = "";

        for (int i = 0, last; i < 64 && text; i = last + 1) {
                last = i;
                if (!(nodes >> i & 1))
                        continue;
                while (last < 63 && nodes >> (last + 1) & 1)
                        last++;
                text = last > i ? text_format(a, "%s%s%d-%d", text, *text ? "," : "", i, last)
                                : text_format(a, "%s%s%d", text, *text ? "," : "", i);
        }
        return text;
}

/* ---- what is left on the nodes of a host ---- */

/* A node, and its pages, of which both are copies. */
typedef struct NodeShift {
        NumaNode *node;
        Hugepages *pages;
} NodeShift;

/* Where a node's part of it is counted, and how much it is at most; NULL: nobody tells. */
static int64_t *numa_shifted(const NodeShift *of, int64_t kib, int64_t *ret_most) {
        for (uint32_t i = 0; kib > 0 && i < of->node->n_hugepages; i++)
                if (of->pages[i].kib == kib) {
                        *ret_most = of->pages[i].total_mib;
                        return &of->pages[i].free_mib;
                }
        *ret_most = of->node->memory_mib;
        return kib > 0 || of->node->available_mib == UNKNOWN ? NULL : &of->node->available_mib;
}

/* Of the nodes of the cell, in their order. */
static void numa_shift_cell(const NodeShift *nodes, uint32_t n, const BoundCell *cell, int64_t kib,
                            int sign) {
        int64_t left = cell->memory_mib;

        for (uint32_t i = 0; i < n && left > 0; i++) {
                const int64_t id = nodes[i].node->id;
                int64_t room, part, most, *free;

                if (id >= 64 || !(cell->nodes >> id & 1))
                        continue;
                free = numa_shifted(&nodes[i], kib, &most);
                if (!free)
                        continue;
                room = sign > 0 ? *free : most - *free;
                part = room < left ? room : left;
                part = part > 0 ? part : 0;
                *free -= sign * part;
                left -= part;
        }
}

static int numa_copy_pages(Arena *a, NodeShift *io) {
        io->pages = arena_new(a, Hugepages, io->node->n_hugepages);
        if (!io->pages)
                return -ENOMEM;
        if (io->node->n_hugepages > 0)
                memcpy(io->pages, io->node->hugepages, sizeof(*io->pages) * io->node->n_hugepages);
        io->node->hugepages = io->pages;
        return 0;
}

int host_numa_shift(Arena *a, Host *host, const Vm *vm, int sign) {
        HostPlatform *platform;
        BoundCells cells;
        NumaNode *nodes;
        NodeShift *shifts;

        if (!numa_bound_of(vm) || !host->platform || host->platform->n_numa == 0)
                return 0;
        platform = arena_new(a, HostPlatform, 1);
        nodes = arena_new(a, NumaNode, host->platform->n_numa);
        shifts = arena_new(a, NodeShift, host->platform->n_numa);
        if (!platform || !nodes || !shifts)
                return -ENOMEM;
        *platform = *host->platform;
        memcpy(nodes, platform->numa, sizeof(*nodes) * platform->n_numa);
        for (uint32_t i = 0; i < platform->n_numa; i++) {
                shifts[i].node = &nodes[i];
                if (numa_copy_pages(a, &shifts[i]) < 0)
                        return -ENOMEM;
        }
        bound_cells(numa_bound_of(vm), &cells);
        for (uint32_t i = 0; i < cells.n; i++)
                if (cells.at[i].nodes != 0)
                        numa_shift_cell(shifts, platform->n_numa, &cells.at[i], numa_kib(vm), sign);
        platform->numa = nodes;
        host->platform = platform;
        return 0;
}
