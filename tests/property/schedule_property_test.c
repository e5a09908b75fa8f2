/* SPDX-License-Identifier: Apache-2.0 */
/* Plans over links of many speeds, of VMs that write much and little: what is said of their length holds. */
#include <criterion/criterion.h>

#include "scheduler/decide/migration/move_strategy.h"
#include "tests/random_cluster.h"

#define SEEDS PART_OF(400)

static Arena arena;

static void setup(void) {
        cr_assert_eq(0, arena_open((size_t) 64 << 20, &arena));
}

static void teardown(void) {
        arena_close(&arena);
}

TestSuite(schedule_property, .init = setup, .fini = teardown);

/* A random cluster whose hosts have NICs and whose VMs write. */
static const Snapshot *busy_cluster(uint64_t seed) {
        static const int64_t speeds[] = { UNKNOWN, 100, 1000, 10000, 25000 };
        const Snapshot *plain = random_cluster(&arena, seed, false);
        Dice d = { .prng = prng_seeded(seed * 7 + 1), .arena = &arena };
        Snapshot *s = arena_new(&arena, Snapshot, 1);
        Host *hosts = arena_new(&arena, Host, plain->n_hosts);
        Nic *nics = arena_new(&arena, Nic, plain->n_hosts);
        Vm *vms = arena_new(&arena, Vm, plain->n_vms);

        for (HostIx h = 0; h < plain->n_hosts; h++) {
                hosts[h] = plain->hosts[h];
                nics[h] = (Nic){ .name = "bond0",
                                 .speed_mbit = speeds[dice_below(&d, ARRAY_SIZE(speeds))],
                                 .tx_kbit = dice_percent(&d, 50) ? (int64_t) dice_below(&d, 800000) : UNKNOWN,
                                 .rx_kbit = dice_percent(&d, 50) ? (int64_t) dice_below(&d, 800000) : UNKNOWN,
                                 .carrier = true,
                                 .peers = UNKNOWN };
                hosts[h].nics = &nics[h];
                hosts[h].n_nics = 1;
        }
        for (VmIx v = 0; v < plain->n_vms; v++) {
                vms[v] = plain->vms[v];
                vms[v].dirty_kib_s = dice_percent(&d, 70) ? (int64_t) dice_below(&d, 200000) : UNKNOWN;
                vms[v].dirty_burst_kib_s = dice_percent(&d, 50) ? (int64_t) dice_below(&d, 400000) : UNKNOWN;
        }
        *s = *plain;
        s->hosts = hosts;
        s->vms = vms;
        return s;
}

/* What its moves take one after the other, each alone on its way. */
static int64_t in_turn(const Snapshot *s, const Settings *settings, const Plan *plan) {
        const MovePolicy policy = move_policy(settings);
        MigrationNet net;
        int64_t sum = 0;

        cr_assert_eq(0, migration_net_build(&arena, s, settings, &net));
        for (uint32_t i = 0; i < plan->n_moves; i++) {
                const PlanMove *m = &plan->moves[i];
                const MigrationRoute route = migration_route(&net, m->move.from, m->move.to);
                const MovePolicy of = move_policy_of(&policy, &s->vms[m->move.vm]);
                MoveChoice choice = { 0 };
                bool known;
                const int64_t kbit = migration_route_free(&net, &route, &known);

                cr_assert_eq(0, move_choose(&arena,
                                            migration_facts(&net, m->move.vm, m->move.from, m->move.to, kbit),
                                            known, &of, &choice));
                sum += choice.forecast.predicted.ms;
        }
        return sum;
}

static void shares_fit(const Snapshot *s, const Settings *settings, const Plan *plan) {
        MigrationNet net;

        cr_assert_eq(0, migration_net_build(&arena, s, settings, &net));
        for (uint32_t i = 0, end; i < plan->n_moves; i = end) {
                int64_t *given = arena_new(&arena, int64_t, net.n_links);

                for (end = i; end < plan->n_moves && plan->moves[end].wave == plan->moves[i].wave; end++) {
                        const PlanMove *m = &plan->moves[end];
                        const MigrationRoute route = migration_route(&net, m->move.from, m->move.to);

                        for (uint32_t k = 0; k < route.n; k++)
                                given[route.links[k]] += m->manner.bandwidth_kbit;
                }
                for (uint32_t l = 0; l < net.n_links; l++)
                        cr_assert(!net.links[l].known || given[l] <= net.links[l].free_kbit);
        }
}

Test(schedule_property, waves_take_no_longer_than_one_after_the_other_and_no_less_than_the_busiest_link) {
        uint32_t shared = 0, moves = 0;

        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
                const ArenaMark mark = arena_mark(&arena);
                const Settings *settings = random_settings(&arena, seed);
                const Snapshot *s = busy_cluster(seed);
                const Plan *plan = NULL;
                int64_t turn;

                /* planner_plan() has each plan judged: every instant of every wave is accepted. */
                cr_assert_eq(0,
                             planner_plan(&arena, s, settings, policies_all(), PLAN_REQUEST_DEFAULT, &plan));
                turn = in_turn(s, settings, plan);
                cr_assert_leq(plan->makespan_ms, turn, "seed %llu: %lld ms in waves, %lld in turn",
                              (unsigned long long) seed, (long long) plan->makespan_ms, (long long) turn);
                cr_assert_geq(plan->makespan_ms, plan->least_ms, "seed %llu: %lld ms, at least %lld",
                              (unsigned long long) seed, (long long) plan->makespan_ms,
                              (long long) plan->least_ms);
                shares_fit(s, settings, plan);
                moves += plan->n_moves;
                shared += plan->n_moves - plan->n_waves;
                arena_rewind(&arena, mark);
        }
        cr_assert_gt(moves, SEEDS);
        cr_assert_gt(shared, 0);
}
