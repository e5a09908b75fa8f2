/* SPDX-License-Identifier: Apache-2.0 */
/* Remote memory: a VM with more memory than a NUMA node has (a cell of it, where it has cells) uses some of it from the CPUs of
 * another node, for as long as it is there. What is bound to nodes is where it must be, and costs nothing (docs/numa.md).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/decide/cost/move_view.h"
#include "scheduler/decide/cost/policy.h"
#include "scheduler/model/bound_cells.h"

extern const Policy policy_remote_memory;

static const SettingDef remote_memory_settings[] = {
        { .name = "price",
          .type = SETTING_COUNT,
          .def = 100,
          .max = 1000,
          .doc = "Price of memory of a VM that does not fit into one NUMA node with the rest of its cell, in "
                 "percent of moving typical VMs of that size. At 100, a large VM is moved if about a third of "
                 "its memory is remote. 0: ignore it. Remote memory typically slows a VM down by 5 to 8 %." },
        { 0 },
};

#define USUAL_MOVE 10000
#define USUAL_MIB  8192

/* ---- by its definition ---- */

/* Of one node: its ordinary memory, or its pages of that size. UNKNOWN: it does not tell. */
static int64_t remote_memory_node_mib(const NumaNode *node, int64_t kib) {
        int64_t pools = 0, pages = 0;

        for (uint32_t i = 0; i < node->n_hugepages; i++) {
                pools += node->hugepages[i].total_mib;
                pages += node->hugepages[i].kib == kib ? node->hugepages[i].total_mib : 0;
        }
        if (kib > 0)
                return node->n_hugepages > 0 ? pages : UNKNOWN;
        if (node->memory_mib == UNKNOWN)
                return UNKNOWN;
        return node->memory_mib > pools ? node->memory_mib - pools : 0;
}

/* Of the host's largest node. UNKNOWN: one of them does not tell, or no node is known. */
static int64_t remote_memory_largest(const Host *host, int64_t kib) {
        int64_t most = UNKNOWN;

        for (uint32_t i = 0; host->platform && i < host->platform->n_numa; i++) {
                const int64_t mib = remote_memory_node_mib(&host->platform->numa[i], kib);

                if (mib == UNKNOWN)
                        return UNKNOWN;
                most = mib > most ? mib : most;
        }
        return most;
}

/* Of all hosts that tell, the one whose largest node is the smallest. */
static int64_t remote_memory_least(const Snapshot *s, int64_t kib) {
        int64_t least = UNKNOWN;

        for (HostIx h = 0; h < s->n_hosts; h++) {
                const int64_t mib = remote_memory_largest(&s->hosts[h], kib);

                if (mib != UNKNOWN && (least == UNKNOWN || mib < least))
                        least = mib;
        }
        return least;
}

/* The same, asked of all hosts once for each kind of memory. */
typedef struct LeastNodes {
        int64_t kib[4], mib[4];
        uint32_t n;
} LeastNodes;

static int64_t remote_memory_least_of(const Snapshot *s, LeastNodes *io, int64_t kib) {
        const uint32_t last = (uint32_t) ARRAY_SIZE(io->kib) - 1;
        uint32_t i = 0;

        while (i < io->n && io->kib[i] != kib)
                i++;
        if (i == io->n) {
                i = i > last ? last : i;
                io->kib[i] = kib;
                io->mib[i] = remote_memory_least(s, kib);
                io->n = i + 1;
        }
        return io->mib[i];
}

static int64_t remote_memory_kib_of(const Vm *vm) {
        return vm->hugepages_kib > 0 ? vm->hugepages_kib : 0;
}

static const char *remote_memory_cells_of(const Vm *vm) {
        const char *text = vm->ties ? vm->ties->numa_bound : NULL;

        return text || !vm->ties ? text : vm->ties->numa_cells;
}

/* Of its cells that are bound to no nodes, what is beyond a node of so much. */
static int64_t remote_memory_beyond(const Vm *vm, int64_t node_mib) {
        BoundCells cells;
        int64_t sum = 0;

        bound_cells(remote_memory_cells_of(vm), &cells);
        if (cells.n == 0 || cells.odd)
                return vm->memory_mib > node_mib ? vm->memory_mib - node_mib : 0;
        for (uint32_t i = 0; i < cells.n; i++)
                if (cells.at[i].nodes == 0 && cells.at[i].memory_mib > node_mib)
                        sum += cells.at[i].memory_mib - node_mib;
        return sum < vm->memory_mib ? sum : vm->memory_mib;
}

/* Of a VM whose host does not tell nothing is asked: what was not reported is no reason to move. */
static bool remote_memory_is_asked(const Snapshot *s, const Vm *vm) {
        return vm->memory_mib > 0 &&
               (vm->host == IX_NONE ||
                remote_memory_largest(&s->hosts[vm->host], remote_memory_kib_of(vm)) != UNKNOWN);
}

/* MiB that are remote on h; a host that does not tell counts as the worst of those that do. */
static int64_t remote_memory_on(const Snapshot *s, const Vm *vm, HostIx h, int64_t least) {
        const int64_t mib = remote_memory_largest(&s->hosts[h], remote_memory_kib_of(vm));

        return remote_memory_beyond(vm, mib != UNKNOWN ? mib : least);
}

/* `price`: the setting. */
static Cost remote_memory_price(int64_t price, int64_t remote_mib) {
        return remote_mib * price * (USUAL_MOVE / 100) / USUAL_MIB;
}

static int64_t remote_memory_setting(const Settings *s) {
        return policy_setting(&policy_remote_memory, s, "price");
}

/* Balance is sought at all, and there is somebody to ask. */
static bool remote_memory_counts(const Problem *p) {
        return p->snapshot && !(p->snapshot->not_now & SNAPSHOT_NO_BALANCE);
}

static void remote_memory_total(const Problem *p, const Settings *s, const Assignment *x, Costs *ret) {
        const int64_t price = remote_memory_setting(s);
        LeastNodes nodes = { .n = 0 };

        for (VmIx v = 0; price > 0 && remote_memory_counts(p) && v < p->n_vms; v++) {
                const Vm *vm = &p->snapshot->vms[v];
                const int64_t least = remote_memory_least_of(p->snapshot, &nodes, remote_memory_kib_of(vm));

                if (least != UNKNOWN && x->host_of[v] != IX_NONE && remote_memory_is_asked(p->snapshot, vm))
                        ret->tier[TIER_BALANCE] += remote_memory_price(
                                price, remote_memory_on(p->snapshot, vm, x->host_of[v], least));
        }
}

/* ---- as terms ---- */

/* VMs of the same cells cost the same. */
typedef struct Shape {
        const Vm *vm; /* NULL: it costs nothing anywhere */
        VmIx v;
} Shape;

static int remote_memory_compare(const void *left, const void *right) {
        const Shape *x = left, *y = right;
        const char *cells_x, *cells_y;

        if (!x->vm || !y->vm)
                return !x->vm && !y->vm ? 0 : x->vm ? 1 : -1;
        if (remote_memory_kib_of(x->vm) != remote_memory_kib_of(y->vm))
                return remote_memory_kib_of(x->vm) < remote_memory_kib_of(y->vm) ? -1 : 1;
        if (x->vm->memory_mib != y->vm->memory_mib)
                return x->vm->memory_mib < y->vm->memory_mib ? -1 : 1;
        cells_x = remote_memory_cells_of(x->vm);
        cells_y = remote_memory_cells_of(y->vm);
        return strcmp(cells_x ? cells_x : "", cells_y ? cells_y : "");
}

/* The shapes, by shape; false: none of them costs anything. */
static bool remote_memory_shapes(const Problem *p, Shape *shapes) {
        const Snapshot *s = p->snapshot;
        LeastNodes nodes = { .n = 0 };
        bool any = false;

        for (VmIx v = 0; v < p->n_vms; v++) {
                const Vm *vm = &s->vms[v];
                const int64_t least = remote_memory_least_of(s, &nodes, remote_memory_kib_of(vm));

                shapes[v] = (Shape){ .v = v };
                if (least == UNKNOWN || remote_memory_beyond(vm, least) == 0 ||
                    !remote_memory_is_asked(s, vm))
                        continue;
                shapes[v].vm = vm;
                any = true;
        }
        return any;
}

static Cost *remote_memory_row(Arena *a, const Snapshot *s, int64_t price, const Vm *vm) {
        Cost *row = arena_new(a, Cost, s->n_hosts);
        const int64_t least = remote_memory_least(s, remote_memory_kib_of(vm));

        for (HostIx h = 0; row && h < s->n_hosts; h++)
                row[h] = remote_memory_price(price, remote_memory_on(s, vm, h, least));
        return row;
}

static int remote_memory_add_terms(const Problem *p, const Settings *s, Terms *t) {
        const int64_t price = remote_memory_setting(s), **rows;
        uint32_t *class_of, n = 0;
        Shape *shapes;

        if (!remote_memory_counts(p) || price == 0)
                return 0;
        shapes = arena_new(t->arena, Shape, p->n_vms);
        class_of = arena_new(t->arena, uint32_t, p->n_vms);
        if (!shapes || !class_of)
                return -ENOMEM;
        if (!remote_memory_shapes(p, shapes))
                return 0;
        qsort(shapes, p->n_vms, sizeof(*shapes), remote_memory_compare);
        for (uint32_t i = 0; i < p->n_vms; i++) {
                n += i > 0 && remote_memory_compare(&shapes[i - 1], &shapes[i]) != 0;
                class_of[shapes[i].v] = n;
        }
        rows = arena_new(t->arena, const int64_t *, (size_t) n + 1);
        if (!rows)
                return -ENOMEM;
        for (uint32_t i = 0; i < p->n_vms; i++) {
                const uint32_t k = class_of[shapes[i].v];

                if (!rows[k] && shapes[i].vm &&
                    !(rows[k] = remote_memory_row(t->arena, p->snapshot, price, shapes[i].vm)))
                        return -ENOMEM;
        }
        return terms_add_placement_cost(t, (PlacementCost){ TIER_BALANCE, class_of, rows, 1 });
}

/* ---- for people, and for tests ---- */

static Fact remote_memory_fact(const MoveView *view, HostIx h) {
        const Vm *vm = &view->s->vms[view->m->vm];

        return (Fact){ .kind = FACT_REMOTE,
                       .vm = view->m->vm,
                       .host = h,
                       .unit = UNIT_MIB,
                       .value = remote_memory_on(view->s, vm, h,
                                                 remote_memory_least(view->s, remote_memory_kib_of(vm))) };
}

static bool remote_memory_why(const MoveView *view, SentenceDraft *d) {
        const HostIx from = view->m->from, to = view->m->to;

        if (!view->alone)
                return false;
        if (remote_memory_fact(view, to).value == 0)
                SENTENCE_CLAUSE(
                        d,
                        "{} of {}'s memory is remote on {}, whose NUMA nodes are smaller, and none of it on {}",
                        remote_memory_fact(view, from), fact_vm(view, view->m->vm), fact_host(view, from),
                        fact_host(view, to), { .kind = CLAIM_HELD, .vm = view->m->vm, .host = to },
                        claim_gain(view));
        else
                SENTENCE_CLAUSE(
                        d, "{} of {}'s memory is remote on {}, whose NUMA nodes are smaller, and {} on {}",
                        remote_memory_fact(view, from), fact_vm(view, view->m->vm), fact_host(view, from),
                        remote_memory_fact(view, to), fact_host(view, to), claim_gain(view));
        return true;
}

/* Hosts of one to three nodes, some of which tell nothing; VMs of one or two cells, some bound, some on huge pages. */
static int remote_memory_sample_host(Arena *a, Prng *g, Host *host) {
        HostPlatform *platform = arena_new(a, HostPlatform, 1);
        const uint32_t n = 1 + prng_below(g, 3);
        NumaNode *nodes = arena_new(a, NumaNode, n);
        Hugepages *pages = arena_new(a, Hugepages, n);

        if (!platform || !nodes || !pages)
                return -ENOMEM;
        for (uint32_t i = 0; i < n; i++) {
                pages[i] = (Hugepages){ .kib = 2048, .total_mib = prng_below(g, 40000) };
                nodes[i] = (NumaNode){ .id = i,
                                       .memory_mib =
                                               prng_below(g, 20) == 0 ? UNKNOWN : 1000 + prng_below(g, 90000),
                                       .free_mib = UNKNOWN,
                                       .available_mib = UNKNOWN,
                                       .hugepages = pages + i,
                                       .n_hugepages = prng_below(g, 3) == 0 };
        }
        *platform = (HostPlatform){ .hugepages_default_kib = UNKNOWN, .numa = nodes, .n_numa = n };
        host->platform = prng_below(g, 6) == 0 ? NULL : platform;
        return 0;
}

static int remote_memory_sample_vm(Arena *a, Prng *g, Vm *vm) {
        static const char *const cells[] = { NULL, "0 30000; 1 20000", "0 40000 0; 1 40000 -", "none" };
        VmTies *ties = arena_new(a, VmTies, 1);

        if (!ties)
                return -ENOMEM;
        ties->numa_cells = cells[prng_below(g, 2)];
        ties->numa_bound = prng_below(g, 3) == 0 ? cells[2 + prng_below(g, 2)] : NULL;
        vm->memory_mib = prng_below(g, 100000);
        vm->hugepages_kib = prng_below(g, 5) == 0 ? 2048 : 0;
        vm->ties = prng_below(g, 2) == 0 ? ties : NULL;
        return 0;
}

static int remote_memory_sample(Arena *a, Prng *g, Problem *p) {
        Snapshot *s = arena_new(a, Snapshot, 1);
        Host *hosts = arena_new(a, Host, p->n_hosts);
        Vm *vms = arena_new(a, Vm, p->n_vms);

        if (!s || !hosts || !vms)
                return -ENOMEM;
        *s = *p->snapshot;
        memcpy(hosts, s->hosts, sizeof(Host) * s->n_hosts);
        memcpy(vms, s->vms, sizeof(Vm) * s->n_vms);
        for (HostIx h = 0; h < s->n_hosts; h++)
                if (remote_memory_sample_host(a, g, &hosts[h]) < 0)
                        return -ENOMEM;
        for (VmIx v = 0; v < s->n_vms; v++)
                if (remote_memory_sample_vm(a, g, &vms[v]) < 0)
                        return -ENOMEM;
        s->hosts = hosts;
        s->vms = vms;
        p->snapshot = s;
        return 0;
}

const Policy policy_remote_memory = {
        .name = "remote_memory",
        .summary = "place VMs larger than a NUMA node where little of their memory is remote",
        .settings = remote_memory_settings,
        .add_terms = remote_memory_add_terms,
        .total = remote_memory_total,
        .why = remote_memory_why,
        .sample = remote_memory_sample,
};
