/* SPDX-License-Identifier: Apache-2.0 */
/* Room that is booked is as good as taken: planner and judge, each by its own sums, see the cluster as if the VM ran there
 * already and could not be moved. One VM of a random cluster is taken out of it, with what it has of its host's measured
 * use, and its room is booked. */
#include <criterion/criterion.h>

#include "scheduler/model/booking.h"
#include "scheduler/snapshot/build/bookings.h"
#include "tests/random_cluster.h"

#define MOVES 4

static Arena arena;

static void arena_for_test(void) {
        cr_assert_eq(0, arena_open((size_t) 256 << 20, &arena));
}

TestSuite(booking_laws, .init = arena_for_test);

typedef struct Pair {
        const Snapshot *runs, *booked;
        VmIx vm;
} Pair;

static bool could_be_booked(const Snapshot *s, const Vm *vm) {
        const Host *h = &s->hosts[vm->host];

        return !vm->in_flight && vm->cpu_mcores != UNKNOWN && vm->state == VM_RUNNING &&
               h->state == HOST_ACTIVE && h->excluded == EXCLUDED_NONE && h->fault_grade < 2;
}

static bool is_in(const VmIx *vms, uint32_t n, VmIx v) {
        for (uint32_t i = 0; i < n; i++)
                if (vms[i] == v)
                        return true;
        return false;
}

/* Every rule that it is in was written with a group, by which it joins again. */
static void name_groups(Snapshot *s, Vm *vm, VmIx v) {
        Rule *rules = arena_new(&arena, Rule, s->n_rules);
        const char **names = arena_new(&arena, const char *, 2 * (size_t) s->n_rules);
        uint32_t n = 0;

        for (uint32_t i = 0; i < s->n_rules; i++) {
                rules[i] = s->rules[i];
                rules[i].group = text_format(&arena, "g%u", i);
                rules[i].near_group = text_format(&arena, "n%u", i);
                if (is_in(rules[i].vms, rules[i].n_vms, v))
                        names[n++] = rules[i].group;
                if (is_in(rules[i].near_vms, rules[i].n_near_vms, v))
                        names[n++] = rules[i].near_group;
        }
        s->rules = rules;
        vm->groups = (Strings){ .at = names, .n = n };
}

static void without(VmIx *list, uint32_t *io_n, VmIx v) {
        uint32_t n = 0;

        for (uint32_t i = 0; i < *io_n; i++)
                if (list[i] != v)
                        list[n++] = list[i] > v ? list[i] - 1 : list[i];
        *io_n = n;
}

static void leave_use(Host *h, const Vm *vm) {
        if (h->cpu_busy_mcores != UNKNOWN)
                h->cpu_busy_mcores -= vm->cpu_mcores;
        if (h->memory_used_mib != UNKNOWN)
                h->memory_used_mib -= vm_memory_resident(vm);
        if (h->n_nics > 0) {
                Nic *nic = arena_new(&arena, Nic, 1);

                *nic = h->nics[0];
                nic->rx_kbit -= vm->rx_kbit != UNKNOWN ? vm->rx_kbit : 0;
                nic->tx_kbit -= vm->tx_kbit != UNKNOWN ? vm->tx_kbit : 0;
                h->nics = nic;
        }
        if (vm->hugepages_kib > 0 && h->n_hugepages > 0) {
                Hugepages *pages = arena_new(&arena, Hugepages, 1);

                *pages = h->hugepages[0];
                pages->free_mib += vm->memory_mib;
                h->hugepages = pages;
        }
}

static void take_out(Snapshot *s, VmIx v) {
        Vm *vms = arena_new(&arena, Vm, s->n_vms), vm = s->vms[v];
        Host *hosts = arena_new(&arena, Host, s->n_hosts);
        Rule *rules = arena_new(&arena, Rule, s->n_rules);
        Booking *booking = arena_new(&arena, Booking, 1);

        memcpy(hosts, s->hosts, sizeof(*hosts) * s->n_hosts);
        leave_use(&hosts[vm.host], &vm);
        memcpy(vms, s->vms, sizeof(*vms) * v);
        memcpy(vms + v, s->vms + v + 1, sizeof(*vms) * (s->n_vms - v - 1));
        for (uint32_t i = 0; i < s->n_rules; i++) {
                VmIx *list = arena_new(&arena, VmIx, s->rules[i].n_vms),
                     *near = arena_new(&arena, VmIx, s->rules[i].n_near_vms);

                rules[i] = s->rules[i];
                for (uint32_t k = 0; k < rules[i].n_vms; k++)
                        list[k] = rules[i].vms[k];
                for (uint32_t k = 0; k < rules[i].n_near_vms; k++)
                        near[k] = rules[i].near_vms[k];
                without(list, &rules[i].n_vms, v);
                without(near, &rules[i].n_near_vms, v);
                rules[i].vms = list;
                rules[i].near_vms = near;
        }
        *booking = (Booking){ .vm = vm, .host = s->hosts[vm.host].name, .by = "ann" };
        booking->vm.host = IX_NONE;
        s->hosts = hosts;
        s->vms = vms;
        s->rules = rules;
        s->n_vms--;
        s->bookings = booking;
        s->n_bookings = 1;
}

/* Half of the hosts were measured: their pools of huge pages, what VMs have beside these, and something of their own. */
static void measure(Snapshot *s, Prng *g) {
        Host *hosts = arena_new(&arena, Host, s->n_hosts);

        for (HostIx h = 0; h < s->n_hosts; h++) {
                hosts[h] = s->hosts[h];
                if (prng_below(g, 2))
                        continue;
                hosts[h].memory_used_mib = prng_below(g, 4000);
                for (uint32_t i = 0; i < hosts[h].n_hugepages; i++)
                        hosts[h].memory_used_mib += hosts[h].hugepages[i].total_mib;
                for (VmIx v = 0; v < s->n_vms; v++)
                        if (s->vms[v].host == h)
                                hosts[h].memory_used_mib += vm_memory_resident(&s->vms[v]);
        }
        s->hosts = hosts;
}

static bool make_pair(uint64_t seed, Pair *ret) {
        Snapshot *runs = arena_new(&arena, Snapshot, 1), *booked = arena_new(&arena, Snapshot, 1);
        Prng g = prng_seeded(seed * 104729);
        VmIx v;
        Vm *vms;

        *runs = *random_cluster(&arena, seed, false);
        measure(runs, &g);
        v = prng_below(&g, runs->n_vms);
        if (!could_be_booked(runs, &runs->vms[v]))
                return false;
        vms = arena_new(&arena, Vm, runs->n_vms);
        memcpy(vms, runs->vms, sizeof(*vms) * runs->n_vms);
        vms[v].movable = false;
        vms[v].ties = NULL;
        runs->vms = vms;
        name_groups(runs, &vms[v], v);
        *booked = *runs;
        take_out(booked, v);
        *ret = (Pair){ .runs = runs, .vm = v };
        cr_assert_eq(0, bookings_seat(&arena, booked, &ret->booked));
        cr_assert_eq(ret->booked->n_vms, runs->n_vms, "seed %lu", (unsigned long) seed);
        cr_assert_eq(ret->booked->vms[v].state, VM_BOOKED);
        return true;
}

static const Problem *problem_of(const Snapshot *s, const Settings *settings) {
        const Problem *p = NULL;

        cr_assert_eq(0, problem_build(&arena, s, settings, &p));
        return p;
}

Test(booking_laws, the_planner_counts_what_is_booked_as_if_it_ran) {
        uint32_t tried = 0;

        for (uint64_t seed = 1; seed <= SEEDS_OF(2000); seed++) {
                ArenaMark mark = arena_mark(&arena);
                const Settings *settings = random_settings(&arena, seed);
                Pair pair;

                if (make_pair(seed, &pair)) {
                        const Problem *is = problem_of(pair.booked, settings),
                                      *then = problem_of(pair.runs, settings);
                        const size_t cells = (size_t) is->n_hosts * is->n_res;

                        tried++;
                        cr_assert_eq(is->n_res, then->n_res);
                        cr_assert_eq(is->pinned[pair.vm], REASON_VM_BOOKED);
                        cr_assert_eq(0, memcmp(is->base, then->base, sizeof(*is->base) * cells), "seed %lu",
                                     (unsigned long) seed);
                        cr_assert_eq(0, memcmp(is->capacity, then->capacity, sizeof(*is->capacity) * cells),
                                     "seed %lu", (unsigned long) seed);
                        cr_assert_eq(0,
                                     memcmp(is->need, then->need,
                                            sizeof(*is->need) * (size_t) is->n_vms * is->n_res),
                                     "seed %lu", (unsigned long) seed);
                        cr_assert_eq(is->n_rules, then->n_rules, "seed %lu", (unsigned long) seed);
                }
                arena_rewind(&arena, mark);
        }
        cr_assert(tried > SEEDS_OF(800), "%u were tried", tried);
}

static uint32_t objections_of(const Snapshot *s, const Settings *settings, const MoveOrder *moves,
                              uint32_t n_moves) {
        const Objection *objections = NULL;
        uint32_t n = 0;

        cr_assert(plan_check(&arena, s, settings, moves, n_moves, &objections, &n) >= 0);
        return n;
}

Test(booking_laws, the_judge_counts_what_is_booked_as_if_it_ran) {
        uint32_t safe = 0, unsafe = 0, spent = 0;

        for (uint64_t seed = 1; seed <= SEEDS_OF(6000); seed++) {
                ArenaMark mark = arena_mark(&arena);
                const Settings *settings = random_settings(&arena, seed);
                MoveOrder moves[MOVES];
                Prng g = prng_seeded(seed * 7919);
                uint32_t n = 0, with, ran;
                Snapshot none;
                Pair pair;

                if (make_pair(seed, &pair)) {
                        const Snapshot *s = pair.runs;
                        const VmIx first = prng_below(&g, s->n_vms);

                        for (uint32_t i = 0; i < MOVES && i < s->n_vms; i++) {
                                const Vm *vm = &s->vms[(first + i) % s->n_vms];
                                const HostIx to =
                                        prng_below(&g, 2) ? s->vms[pair.vm].host : prng_below(&g, s->n_hosts);

                                if (vm != &s->vms[pair.vm] && to != vm->host)
                                        moves[n++] = (MoveOrder){ .vm = vm->name,
                                                                  .from = s->hosts[vm->host].name,
                                                                  .to = s->hosts[to].name };
                        }
                        with = objections_of(pair.booked, settings, moves, n);
                        ran = objections_of(pair.runs, settings, moves, n);
                        cr_assert_eq(with, ran, "seed %lu: %u objections beside booked room, %u if it ran",
                                     (unsigned long) seed, with, ran);
                        safe += n > 0 && with == 0;
                        unsafe += with > 0;
                        none = *pair.booked; /* the same without what the booking needs */
                        none.vms =
                                memcpy(arena_new(&arena, Vm, none.n_vms), none.vms, sizeof(Vm) * none.n_vms);
                        ((Vm *) none.vms)[pair.vm].memory_mib = 0;
                        ((Vm *) none.vms)[pair.vm].cpu_mcores = 0;
                        spent += objections_of(&none, settings, moves, n) < with;
                }
                arena_rewind(&arena, mark);
        }
        cr_assert(safe > SEEDS_OF(200) && unsafe > SEEDS_OF(200) && spent > SEEDS_OF(10),
                  "%u safe, %u not, %u for the booked room", safe, unsafe, spent);
}

Test(booking_laws, what_is_booked_is_never_moved) {
        for (uint64_t seed = 1; seed <= SEEDS_OF(400); seed++) {
                ArenaMark mark = arena_mark(&arena);
                const Settings *settings = random_settings(&arena, seed);
                const Objection *objections = NULL;
                const Plan *plan = NULL;
                MoveOrder move;
                Pair pair;

                if (make_pair(seed, &pair)) {
                        const Snapshot *s = pair.booked;

                        cr_assert_eq(0, planner_plan(&arena, s, settings, policies_all(),
                                                     PLAN_REQUEST_DEFAULT, &plan));
                        for (uint32_t i = 0; i < plan->n_moves; i++)
                                cr_assert_neq(plan->moves[i].move.vm, pair.vm);
                        cr_assert_eq(0, objections_to(&arena, s, settings, plan, &objections), "seed %lu",
                                     (unsigned long) seed);
                        move = (MoveOrder){ .vm = s->vms[pair.vm].name,
                                            .from = s->hosts[s->vms[pair.vm].host].name,
                                            .to = s->hosts[(s->vms[pair.vm].host + 1) % s->n_hosts].name };
                        cr_assert(s->n_hosts == 1 || objections_of(s, settings, &move, 1) > 0);
                }
                arena_rewind(&arena, mark);
        }
}
