/* SPDX-License-Identifier: Apache-2.0 */
/* No accepted plan leaves memory that is bound to NUMA nodes where it does not fit, ordinary or huge pages: every subset of nodes
 * is counted, of each host, in each wave. */
#include <criterion/criterion.h>

#include "tests/random_cluster.h"

#define NODES   3U
#define SUBSETS (1U << NODES)
#define KINDS   2U /* ordinary memory, and huge pages */
#define PAGE    2048

/* Of a host, of a kind, of a subset. */
#define AT(h, kind, subset) (((h) *KINDS + (kind)) * SUBSETS + (subset))

static Arena arena;

static void numa_arena(void) {
        cr_assert_eq(0, arena_open((size_t) 256 << 20, &arena));
}

TestSuite(numa, .init = numa_arena);

typedef struct Part {
        uint32_t nodes; /* a bit each */
        int64_t mib;
} Part;

typedef struct NumaWorld {
        const Snapshot *s;
        const Settings *settings;
        Part (*parts)[2]; /* [vm] what is bound of it */
} NumaWorld;

static const char *nodes_word(uint32_t nodes) {
        static const char *const words[SUBSETS] = { "-", "0", "1", "0-1", "2", "0,2", "1-2", "0-2" };

        return words[nodes];
}

static void bind_vm(Dice *d, Vm *v, Part parts[2]) {
        VmTies *ties = arena_new(&arena, VmTies, 1);
        const int64_t half = v->memory_mib / 2;

        *ties = (VmTies){ .snapshots = UNKNOWN, .checkpoints = UNKNOWN, .block_jobs = UNKNOWN };
        parts[0] =
                (Part){ dice_percent(d, 70) ? 1U << dice_below(d, 2) : 1 + dice_below(d, SUBSETS - 1), half };
        parts[1] = (Part){ dice_percent(d, 30) ? 0 : 1U << dice_below(d, NODES), v->memory_mib - half };
        ties->numa_bound =
                text_format(&arena, "0 %lld %s -; 1 %lld %s", (long long) parts[0].mib,
                            nodes_word(parts[0].nodes), (long long) parts[1].mib, nodes_word(parts[1].nodes));
        v->ties = ties;
        v->hugepages_kib = dice_percent(d, 30) ? PAGE : 0;
        v->memory_resident_mib = dice_percent(d, 50) ? UNKNOWN : dice_between(d, 0, v->memory_mib);
}

static bool is_within(uint32_t nodes, uint32_t subset) {
        return nodes != 0 && (nodes & ~subset) == 0;
}

static uint32_t kind_of(const Vm *vm) {
        return vm->hugepages_kib > 0;
}

/* What is bound to the node alone. */
static int64_t bound_there(const NumaWorld *w, HostIx h, uint32_t node, uint32_t kind) {
        int64_t bound = 0;

        for (VmIx v = 0; v < w->s->n_vms; v++)
                for (int k = 0; k < 2; k++)
                        if (w->s->vms[v].host == h && kind_of(&w->s->vms[v]) == kind &&
                            is_within(w->parts[v][k].nodes, 1U << node))
                                bound += w->parts[v][k].mib;
        return bound;
}

/* Huge pages of some hosts' nodes: up to half of them, and what of these is free. */
static void divide_pages(Dice *d, const NumaWorld *w, Host *h, HostIx ix, NumaNode *nodes, uint32_t n) {
        Hugepages *pages = arena_new(&arena, Hugepages, n), *all = arena_new(&arena, Hugepages, 1);

        *all = (Hugepages){ .kib = PAGE };
        for (uint32_t i = 0; i < n; i++) {
                const int64_t taken = bound_there(w, ix, i, 1);

                pages[i] =
                        (Hugepages){ .kib = PAGE, .total_mib = dice_between(d, 0, nodes[i].memory_mib / 2) };
                if (taken < pages[i].total_mib)
                        pages[i].free_mib = dice_between(d, 0, pages[i].total_mib - taken);
                all->total_mib += pages[i].total_mib;
                all->free_mib += pages[i].free_mib;
                nodes[i].hugepages = pages + i;
                nodes[i].n_hugepages = 1;
        }
        h->hugepages = all;
        h->n_hugepages = 1;
}

/* Nodes of a third of the host each; some hosts have two, or do not tell. */
static void divide_host(Dice *d, NumaWorld *w, Host *h, HostIx ix) {
        HostPlatform *platform = arena_new(&arena, HostPlatform, 1);
        const uint32_t n = dice_percent(d, 80) ? NODES : 2;
        NumaNode *nodes = arena_new(&arena, NumaNode, n);

        *platform = (HostPlatform){ .hugepages_default_kib = UNKNOWN, .numa = nodes, .n_numa = n };
        for (uint32_t i = 0; i < n; i++) {
                const int64_t first = (int64_t) i * (h->cpus / n);

                nodes[i] = (NumaNode){ .id = i,
                                       .memory_mib = h->memory_mib / n,
                                       .free_mib = UNKNOWN,
                                       .available_mib = UNKNOWN,
                                       .cpus = text_format(&arena, "%lld-%lld", (long long) first,
                                                           (long long) (first + h->cpus / n - 1)) };
        }
        if (dice_percent(d, 60))
                divide_pages(d, w, h, ix, nodes, n);
        for (uint32_t i = 0; i < n; i++)
                if (dice_percent(d, 60)) {
                        const int64_t has = nodes[i].memory_mib -
                                            (nodes[i].n_hugepages > 0 ? nodes[i].hugepages[0].total_mib : 0),
                                      used = dice_between(d, 0, bound_there(w, ix, i, 0) + has);

                        nodes[i].available_mib = used < has ? has - used : 0;
                }
        h->platform = dice_percent(d, 90) ? platform : NULL;
}

static NumaWorld random_world(uint64_t seed, bool plain) {
        Dice d = { .prng = prng_seeded(seed * 104729), .arena = &arena };
        NumaWorld w = { .s = random_cluster(&arena, seed, plain) };
        Host *hosts = (Host *) (uintptr_t) w.s->hosts;
        Vm *vms = (Vm *) (uintptr_t) w.s->vms;

        w.settings = random_settings(&arena, seed);
        w.parts = (Part(*)[2]) arena_new(&arena, Part, 2 * (size_t) w.s->n_vms);
        for (VmIx v = 0; v < w.s->n_vms; v++)
                if (dice_percent(&d, 40))
                        bind_vm(&d, &vms[v], w.parts[v]);
        for (HostIx h = 0; h < w.s->n_hosts; h++)
                divide_host(&d, &w, &hosts[h], h);
        return w;
}

static int64_t bound_of(const NumaWorld *w, VmIx v, uint32_t kind, uint32_t subset) {
        int64_t sum = 0;

        for (int k = 0; k < 2 && kind_of(&w->s->vms[v]) == kind; k++)
                sum += is_within(w->parts[v][k].nodes, subset) ? w->parts[v][k].mib : 0;
        return sum;
}

/* What the subset has, and what of it is in use as the snapshot has it; false: it does not tell. */
static bool room_of(const HostPlatform *platform, uint32_t kind, uint32_t subset, int64_t *ret_has,
                    int64_t *ret_used) {
        *ret_has = *ret_used = 0;
        for (uint32_t i = 0; i < platform->n_numa; i++) {
                const NumaNode *node = &platform->numa[i];
                const Hugepages *pages = node->n_hugepages > 0 ? node->hugepages : NULL;
                const int64_t has = node->memory_mib - (pages ? pages->total_mib : 0);

                if (!(subset >> i & 1))
                        continue;
                if (kind == 1 && !pages)
                        return false;
                *ret_has += kind == 1 ? pages->total_mib : has;
                if (kind == 1)
                        *ret_used += pages->total_mib - pages->free_mib;
                else if (node->available_mib != UNKNOWN && node->available_mib < has)
                        *ret_used += has - node->available_mib;
        }
        return true;
}

/* Of the VM, bound there, what was in use as the snapshot has it. */
static int64_t holds_of(const NumaWorld *w, VmIx v, uint32_t kind, uint32_t subset) {
        const Vm *vm = &w->s->vms[v];
        const int64_t bound = bound_of(w, v, kind, subset);

        if (vm->state == VM_OFF || bound == 0)
                return 0;
        return kind == 1 || vm->memory_resident_mib == UNKNOWN
                       ? bound
                       : vm->memory_resident_mib * bound / vm->memory_mib;
}

static int64_t excess_of(const NumaWorld *w, HostIx h, uint32_t kind, uint32_t subset, const bool *there) {
        int64_t has, used, sum = 0;

        if (!room_of(w->s->hosts[h].platform, kind, subset, &has, &used))
                return 0;
        for (VmIx v = 0; v < w->s->n_vms; v++) {
                if (w->s->vms[v].host == h)
                        used -= holds_of(w, v, kind, subset);
                if (there[(size_t) h * w->s->n_vms + v])
                        sum += bound_of(w, v, kind, subset);
        }
        sum += used > 0 ? used : 0;
        return sum > has ? sum - has : 0;
}

static void find_excess(const NumaWorld *w, const bool *there, int64_t *ret) {
        for (HostIx h = 0; h < w->s->n_hosts; h++)
                for (uint32_t kind = 0; kind < KINDS; kind++)
                        for (uint32_t subset = 1; subset < SUBSETS; subset++)
                                ret[AT(h, kind, subset)] =
                                        w->s->hosts[h].platform ? excess_of(w, h, kind, subset, there) : 0;
}

/* What is lacking of a node already is lacking of every set that has it. */
static void allow_parts(const NumaWorld *w, int64_t *excess) {
        for (uint32_t i = 0; i < w->s->n_hosts * KINDS; i++)
                for (uint32_t subset = 1; subset < SUBSETS; subset++)
                        for (uint32_t part = 1; part < subset; part++) {
                                int64_t *of = excess + i * SUBSETS;

                                if (is_within(part, subset) && of[part] + of[subset & ~part] > of[subset])
                                        of[subset] = of[part] + of[subset & ~part];
                        }
}

static bool has_nodes(const NumaWorld *w, VmIx v, HostIx h) {
        const HostPlatform *platform = w->s->hosts[h].platform;

        return !platform ||
               is_within(w->parts[v][0].nodes | w->parts[v][1].nodes, (1U << platform->n_numa) - 1);
}

/* Who is where, wave by wave: a VM on its way is on both. Returns how many bound VMs moved. */
static uint32_t follow(const NumaWorld *w, const Plan *plan, uint64_t seed) {
        const uint32_t n = w->s->n_vms;
        bool *there = arena_new(&arena, bool, (size_t) n * w->s->n_hosts);
        int64_t *before = arena_new(&arena, int64_t, w->s->n_hosts * KINDS * SUBSETS),
                *now = arena_new(&arena, int64_t, w->s->n_hosts * KINDS * SUBSETS);
        uint32_t bound = 0;

        for (VmIx v = 0; v < n; v++) {
                there[(size_t) w->s->vms[v].host * n + v] = true;
                for (HostIx h = 0; h < w->s->n_hosts; h++)
                        if (w->s->vms[v].in_flight && snapshot_vm_is_on(w->s, v, h))
                                there[(size_t) h * n + v] = true;
        }
        find_excess(w, there, before);
        allow_parts(w, before);
        for (uint32_t i = 0, end; i < plan->n_moves; i = end) {
                for (end = i; end < plan->n_moves && plan->moves[end].wave == plan->moves[i].wave; end++) {
                        const Move *m = &plan->moves[end].move;
                        const bool is_bound = w->parts[m->vm][0].nodes != 0;

                        there[(size_t) m->to * n + m->vm] = true;
                        bound += is_bound;
                        cr_assert(!is_bound || has_nodes(w, m->vm, m->to), "seed %lu: no such nodes", seed);
                }
                find_excess(w, there, now);
                for (uint32_t k = 0; k < w->s->n_hosts * KINDS * SUBSETS; k++)
                        cr_assert(now[k] <= before[k],
                                  "seed %lu: nodes %u of %s lack %ld MiB of %s, before %ld", seed,
                                  k % SUBSETS, w->s->hosts[k / SUBSETS / KINDS].name, (long) now[k],
                                  k / SUBSETS % KINDS ? "huge pages" : "memory", (long) before[k]);
                for (uint32_t k = i; k < end; k++)
                        there[(size_t) plan->moves[k].move.from * n + plan->moves[k].move.vm] = false;
        }
        return bound;
}

Test(numa, no_plan_leaves_bound_memory_where_it_does_not_fit) {
        uint32_t moved = 0, refused = 0;

        for (uint64_t seed = 1; seed <= SEEDS_OF(400); seed++) {
                ArenaMark mark = arena_mark(&arena);
                const NumaWorld w = random_world(seed, seed % 4 == 0);
                const Objection *objections = NULL;
                const Plan *plan = NULL;
                int r;

                r = planner_plan(&arena, w.s, w.settings, policies_all(), PLAN_REQUEST_DEFAULT, &plan);
                cr_assert_eq(r, 0, "seed %lu: planner_plan gives %d", seed, r);
                cr_assert_eq(objections_to(&arena, w.s, w.settings, plan, &objections), 0, "seed %lu: %s",
                             seed, objections ? objections[0].text : "");
                moved += follow(&w, plan, seed);
                for (uint32_t i = 0; i < plan->n_refused; i++)
                        refused += plan->refused[i].reason == REASON_NUMA_ROOM ||
                                   plan->refused[i].reason == REASON_NUMA_NODE;
                arena_rewind(&arena, mark);
        }
        cr_assert(moved > SEEDS_OF(100) && refused > SEEDS_OF(10),
                  "%u bound VMs moved, %u were refused for it", moved, refused);
}

/* One move of a bound VM, whatever the planner thinks of it: where the judge takes it, it fits. */
Test(numa, what_the_judge_takes_fits) {
        uint32_t taken = 0, refused = 0;

        for (uint64_t seed = 1; seed <= SEEDS_OF(2000); seed++) {
                ArenaMark mark = arena_mark(&arena);
                const NumaWorld w = random_world(seed, seed % 4 != 0);
                Dice d = { .prng = prng_seeded(seed * 7), .arena = &arena };
                const VmIx v = (VmIx) dice_below(&d, w.s->n_vms);
                const HostIx to = (HostIx) dice_below(&d, w.s->n_hosts), from = w.s->vms[v].host;
                const MoveOrder order = { .vm = w.s->vms[v].name,
                                          .from = w.s->hosts[from].name,
                                          .to = w.s->hosts[to].name };
                const PlanMove move = { .move = { v, from, to } };
                const Plan plan = { .n_moves = 1, .moves = &move };
                const Objection *objections = NULL;
                uint32_t n = 0;

                cr_assert(plan_check(&arena, w.s, w.settings, &order, 1, &objections, &n) >= 0);
                if (n == 0)
                        taken += follow(&w, &plan, seed);
                else
                        refused += objections[0].reason == REASON_NUMA_ROOM;
                arena_rewind(&arena, mark);
        }
        cr_assert(taken > SEEDS_OF(100) && refused > SEEDS_OF(50), "%u were taken, %u refused", taken,
                  refused);
}
