/* SPDX-License-Identifier: Apache-2.0 */
/* A plan about some hosts, on random clusters: what leaves them moves, what must make way for that, and nothing else. */
#include <criterion/criterion.h>

#include "tests/random_cluster.h"

#define SEEDS SEEDS_OF(300)

static Arena arena;

static void setup(void) {
        cr_assert_eq(0, arena_open((size_t) 64 << 20, &arena));
}

static void teardown(void) {
        arena_close(&arena);
}

TestSuite(about, .init = setup, .fini = teardown);

/* The same cluster with one host in maintenance, and fuller than it was: so that some need others to make way. */
static const Snapshot *emptied(uint64_t seed, HostIx *ret) {
        const Snapshot *s = random_cluster(&arena, seed, seed % 2 == 0);
        Snapshot *copy = arena_new(&arena, Snapshot, 1);
        Host *hosts = arena_new(&arena, Host, s->n_hosts);
        HostIx h = (HostIx) (seed % s->n_hosts);

        memcpy(hosts, s->hosts, sizeof(*hosts) * s->n_hosts);
        for (HostIx i = 0; i < s->n_hosts; i++)
                if (seed % 3 != 0)
                        hosts[i].memory_mib = hosts[i].memory_mib * (int64_t) (50 + seed % 40) / 100;
        hosts[h].state = HOST_MAINTENANCE;
        hosts[h].excluded = EXCLUDED_NONE;
        *copy = *s;
        copy->hosts = hosts;
        *ret = h;
        return copy;
}

static const Plan *plan_about(const Snapshot *s, const Settings *settings, const char *const *host,
                              uint64_t seed) {
        PlanRequest request = PLAN_REQUEST_DEFAULT;
        const Plan *plan = NULL;

        if (host)
                request.about = (Strings){ .at = host, .n = 1 };
        cr_assert_eq(0, planner_plan(&arena, s, settings, policies_all(), request, &plan), "seed %lu",
                     (unsigned long) seed);
        return plan;
}

/* Whether the judge accepts the plan without one of its moves. */
static bool is_safe_without(const Snapshot *s, const Settings *settings, const Plan *plan, uint32_t without) {
        MoveOrder *orders = arena_new(&arena, MoveOrder, plan->n_moves);
        const Objection *objections;
        uint32_t n = 0, n_objections;

        for (uint32_t i = 0; i < plan->n_moves; i++)
                if (i != without)
                        orders[n++] = move_order_of(s, &plan->moves[i]);
        return plan_check(&arena, s, settings, orders, n, &objections, &n_objections) == 0;
}

static uint32_t stay_behind(const Snapshot *s, const Plan *plan, HostIx h) {
        HostIx *at = arena_new(&arena, HostIx, s->n_vms);
        uint32_t n = 0;

        for (VmIx v = 0; v < s->n_vms; v++)
                at[v] = s->vms[v].host;
        for (uint32_t i = 0; i < plan->n_moves; i++)
                at[plan->moves[i].move.vm] = plan->moves[i].move.to;
        for (VmIx v = 0; v < s->n_vms; v++)
                n += at[v] == h;
        return n;
}

Test(about, every_move_leaves_the_host_or_one_that_does_would_be_refused_without_it) {
        uint32_t leaving = 0, ways = 0;

        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
                const ArenaMark mark = arena_mark(&arena);
                const Settings *settings = random_settings(&arena, seed);
                HostIx h = 0;
                const Snapshot *s = emptied(seed, &h);
                const Plan *plan = plan_about(s, settings, &s->hosts[h].name, seed);

                for (uint32_t i = 0; i < plan->n_moves; i++) {
                        const Move m = plan->moves[i].move;

                        leaving += m.from == h;
                        ways += m.from != h;
                        cr_expect(
                                m.from == h || !is_safe_without(s, settings, plan, i),
                                "seed %lu: %s moves from %s to %s (%s), and nothing that leaves %s needs it",
                                (unsigned long) seed, s->vms[m.vm].name, s->hosts[m.from].name,
                                s->hosts[m.to].name, plan->moves[i].why, s->hosts[h].name);
                }
                arena_rewind(&arena, mark);
        }
        cr_log_info("%u moves leave, %u make way", leaving, ways);
        cr_expect_geq(ways, SEEDS / 60, "only %u moves made way: the law was hardly tried", ways);
        cr_expect_geq(leaving, SEEDS);
}

/* What others need is no reason to leave more behind: as a rule as many leave as where the whole cluster may move. */
Test(about, nearly_all_leave_that_could_if_everything_moved) {
        uint32_t behind = 0, behind_freely = 0, worse = 0;

        for (uint64_t seed = 1; seed <= SEEDS / 3; seed++) {
                const ArenaMark mark = arena_mark(&arena);
                const Settings *settings = random_settings(&arena, seed);
                HostIx h = 0;
                const Snapshot *s = emptied(seed, &h);
                const uint32_t n = stay_behind(s, plan_about(s, settings, &s->hosts[h].name, seed), h);
                const uint32_t freely = stay_behind(s, plan_about(s, settings, NULL, seed), h);

                behind += n;
                behind_freely += freely;
                worse += n > freely;
                arena_rewind(&arena, mark);
        }
        cr_log_info("%u stay behind, %u where all may move; more in %u clusters", behind, behind_freely,
                    worse);
        cr_expect_leq(behind, behind_freely, "%u stay behind, and %u where everything may move", behind,
                      behind_freely);
}

/* What stays behind may find its way in a second plan, where the first spent the reserve on the way: in few clusters. */
Test(about, it_leaves_nothing_to_plan_and_speaks_of_its_own_host_alone) {
        uint32_t n_again = 0;

        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
                const ArenaMark mark = arena_mark(&arena);
                const Settings *settings = random_settings(&arena, seed);
                HostIx h = 0;
                const Snapshot *s = emptied(seed, &h);
                const Plan *plan = plan_about(s, settings, &s->hosts[h].name, seed), *again;
                bool guessed = false;

                for (uint32_t i = 0; i < plan->n_refused; i++)
                        cr_expect_eq(s->vms[plan->refused[i].vm].host, h, "seed %lu", (unsigned long) seed);
                for (uint32_t i = 0; i < plan->n_late; i++)
                        cr_expect_eq(s->vms[plan->late[i].vm].host, h, "seed %lu", (unsigned long) seed);
                for (uint32_t i = 0; i < plan->n_moves; i++)
                        guessed |= s->vms[plan->moves[i].move.vm].cpu_mcores == UNKNOWN;
                again = plan_about(snapshot_after(&arena, s, plan), settings, &s->hosts[h].name, seed);
                n_again += !guessed && again->n_moves > 0;
                cr_expect(again->n_moves == 0 || plan->n_refused > 0,
                          "seed %lu: nothing stayed behind, and %u moves more", (unsigned long) seed,
                          again->n_moves);
                arena_rewind(&arena, mark);
        }
        cr_expect_leq(n_again, SEEDS / 100 + 1, "%u clusters of %u had something left to plan", n_again,
                      SEEDS);
}
