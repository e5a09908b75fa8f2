/* SPDX-License-Identifier: Apache-2.0 */
/* Leaving in time, against every choice there is on small sets of jobs. */
#include <criterion/criterion.h>

#include "scheduler/base/prng.h"
#include "scheduler/decide/order/deadline.h"

#define JOBS  11
#define HOSTS 16

static Arena arena;

static void setup(void) {
        cr_assert_eq(0, arena_open((size_t) 64 << 20, &arena));
}

static void teardown(void) {
        arena_close(&arena);
}

TestSuite(deadline, .init = setup, .fini = teardown);

static uint32_t make(Prng *rng, DeadlineJob *jobs, bool one_link) {
        uint32_t n = 1 + (uint32_t) prng_below(rng, JOBS);

        for (uint32_t i = 0; i < n; i++)
                jobs[i] = (DeadlineJob){ .move = { .from = one_link ? 0 : (HostIx) prng_below(rng, 2),
                                                   .to = one_link ? 1 + i : 2 + (HostIx) prng_below(rng, 2) },
                                         .ms = 1 + (int64_t) prng_below(rng, 900),
                                         .within = 300 + (int64_t) prng_below(rng, 3) * 900,
                                         .weight = 1 + (int64_t) prng_below(rng, 1000) };
        return n;
}

/* The chosen ones of each link one after the other by deadline: all on time? */
static bool feasible(const DeadlineJob *jobs, uint32_t n, uint32_t chosen) {
        for (HostIx link = 0; link < 2 * HOSTS; link++)
                for (int64_t due = 300; due <= 2100; due += 900) {
                        int64_t used = 0;

                        for (uint32_t i = 0; i < n; i++)
                                if (chosen >> i & 1 && jobs[i].within <= due &&
                                    (link < HOSTS ? jobs[i].move.from == link
                                                  : jobs[i].move.to == link - HOSTS))
                                        used += jobs[i].ms;
                        if (used > due)
                                return false;
                }
        return true;
}

static int64_t weight_of(const DeadlineJob *jobs, uint32_t n, uint32_t chosen) {
        int64_t sum = 0;

        for (uint32_t i = 0; i < n; i++)
                sum += chosen >> i & 1 ? jobs[i].weight : 0;
        return sum;
}

static int64_t best_of_all(const DeadlineJob *jobs, uint32_t n) {
        int64_t best = 0;

        for (uint32_t chosen = 0; chosen < UINT32_C(1) << n; chosen++) {
                int64_t weight = weight_of(jobs, n, chosen);

                if (weight > best && feasible(jobs, n, chosen))
                        best = weight;
        }
        return best;
}

static uint32_t choose(const DeadlineJob *jobs, uint32_t n, uint32_t *rank) {
        bool saved[JOBS] = { false };
        uint32_t chosen = 0;

        cr_assert_eq(0, deadline_choose(&arena, jobs, n, HOSTS, rank, saved));
        for (uint32_t i = 0; i < n; i++)
                chosen |= (uint32_t) saved[i] << i;
        return chosen;
}

Test(deadline, on_one_link_no_choice_saves_more) {
        for (uint64_t seed = 1; seed <= 400; seed++) {
                Prng rng = prng_seeded(seed);
                uint32_t rank[JOBS];
                DeadlineJob jobs[JOBS];
                uint32_t n = make(&rng, jobs, true), chosen = choose(jobs, n, rank);

                cr_assert(feasible(jobs, n, chosen), "seed %llu", (unsigned long long) seed);
                cr_assert_eq(best_of_all(jobs, n), weight_of(jobs, n, chosen), "seed %llu: %lld of %lld",
                             (unsigned long long) seed, (long long) weight_of(jobs, n, chosen),
                             (long long) best_of_all(jobs, n));
        }
}

Test(deadline, where_targets_are_shared_it_is_safe_and_near_the_best) {
        int64_t got = 0, best = 0;

        for (uint64_t seed = 1; seed <= 400; seed++) {
                Prng rng = prng_seeded(seed);
                uint32_t rank[JOBS];
                DeadlineJob jobs[JOBS];
                uint32_t n = make(&rng, jobs, false), chosen = choose(jobs, n, rank);

                cr_assert(feasible(jobs, n, chosen), "seed %llu", (unsigned long long) seed);
                got += weight_of(jobs, n, chosen);
                best += best_of_all(jobs, n);
        }
        cr_assert_geq(got * 100, best * 90, "%lld of %lld in all", (long long) got, (long long) best);
}

Test(deadline, the_saved_go_first_by_deadline_and_each_has_its_place) {
        for (uint64_t seed = 1; seed <= 200; seed++) {
                Prng rng = prng_seeded(seed);
                uint32_t rank[JOBS], seen = 0;
                DeadlineJob jobs[JOBS];
                uint32_t n = make(&rng, jobs, seed % 2 == 0), chosen = choose(jobs, n, rank);

                for (uint32_t i = 0; i < n; i++) {
                        seen |= UINT32_C(1) << rank[i];
                        for (uint32_t j = 0; j < n; j++) {
                                bool si = chosen >> i & 1, sj = chosen >> j & 1;

                                cr_assert(!(si && !sj) || rank[i] < rank[j]);
                                cr_assert(!(si && sj && jobs[i].within < jobs[j].within) ||
                                          rank[i] < rank[j]);
                        }
                }
                cr_assert_eq((UINT32_C(1) << n) - 1, seen);
        }
}

Test(deadline, of_what_cannot_all_be_saved_weight_decides) {
        DeadlineJob jobs[] = { { .move = { .to = 1 }, .ms = 600, .within = 1000, .weight = 100 },
                               { .move = { .to = 1 }, .ms = 500, .within = 1000, .weight = 60 },
                               { .move = { .to = 1 }, .ms = 500, .within = 1000, .weight = 60 } };
        uint32_t rank[3];

        cr_assert_eq(6, choose(jobs, 3, rank), "two of 60 are worth more than one of 100");
        cr_assert_eq(2, rank[0]);
        jobs[0].weight = 121;
        cr_assert_eq(1, choose(jobs, 3, rank));
        cr_assert_eq(0, rank[0]);
}

/* More jobs of one host than are weighed against each other one by one: by weight a second, while they fit. */
Test(deadline, of_very_many_the_heaviest_for_their_time_are_saved) {
        const uint32_t n = 5000;
        DeadlineJob *jobs = arena_new(&arena, DeadlineJob, n);
        uint32_t *rank = arena_new(&arena, uint32_t, n);
        bool *saved = arena_new(&arena, bool, n);

        for (uint32_t i = 0; i < n; i++)
                jobs[i] = (DeadlineJob){
                        .move = { .vm = i, .to = 1 + i }, .ms = 2, .within = 6000, .weight = 1 + i % 5
                };
        cr_assert_eq(0, deadline_choose(&arena, jobs, n, n + 1, rank, saved));
        for (uint32_t i = 0; i < n; i++)
                cr_assert_eq(saved[i], jobs[i].weight > 2, "3000 of them fit: %u", i);
}

/* The same of two hosts whose VMs all go to one: what the one has taken of its way in is not the other's. */
Test(deadline, of_very_many_no_more_are_saved_than_their_target_takes_in) {
        const uint32_t n = 10000;
        DeadlineJob *jobs = arena_new(&arena, DeadlineJob, n);
        uint32_t *rank = arena_new(&arena, uint32_t, n);
        bool *saved = arena_new(&arena, bool, n);

        for (uint32_t step = 0; step < 3; step++) { /* what is left over is sought anew by both */
                int64_t used = 0;

                for (uint32_t i = 0; i < n; i++)
                        jobs[i] = (DeadlineJob){ .move = { .vm = i, .from = i % 2, .to = 2 },
                                                 .ms = 2 + step * (i % 3),
                                                 .within = 3001,
                                                 .weight = 1 + i % 5 };
                cr_assert_eq(0, deadline_choose(&arena, jobs, n, 3, rank, saved));
                for (uint32_t i = 0; i < n; i++)
                        used += saved[i] ? jobs[i].ms : 0;
                cr_assert(used <= 3001 && used > 3001 - 2 - 2 * step, "%lld ms", (long long) used);
        }
}

Test(deadline, what_has_none_is_saved_and_what_is_past_is_not) {
        DeadlineJob jobs[] = { { .move = { .to = 1 }, .ms = 600, .within = INT64_MAX, .weight = 1 },
                               { .move = { .to = 1 }, .ms = 5, .within = 0, .weight = 60 },
                               { .move = { .to = 1 }, .ms = 5, .within = -7, .weight = 60 } };
        uint32_t rank[3];

        cr_assert_eq(1, choose(jobs, 3, rank));
        cr_assert_eq(0, deadline_choose(&arena, NULL, 0, 0, NULL, NULL));
}

Test(deadline, a_weight_is_priority_times_the_cost_of_a_restart) {
        const char *labels[] = { "tier=gold", "restart-cost=20", "restart-cost=lots" };
        Vm vm = { .name = "db1", .priority = 300, .labels = { .at = labels, .n = 3 } };

        cr_assert_eq(6000, deadline_weight(&vm));
        vm.labels.n = 1;
        cr_assert_eq(300, deadline_weight(&vm));
}

Test(deadline, the_cost_of_a_restart_is_from_1_to_1000_and_the_last_that_is_said_counts) {
        static const struct {
                const char *labels[2];
                int64_t priority, weight;
        } all[] = { { { "restart-cost=0", "x" }, 100, 100 },
                    { { "restart-cost=1", "x" }, 100, 100 },
                    { { "restart-cost=2", "x" }, 100, 200 },
                    { { "restart-cost=1000", "x" }, 100, 100000 },
                    { { "restart-cost=1001", "x" }, 100, 100 },
                    { { "restart-cost=2", "restart-cost=3" }, 100, 300 },
                    { { "restart-cost=2", "restart-cost=0" }, 100, 200 },
                    { { "restart-cos", "restart-cost=" }, 100, 100 },
                    { { "restart-cost=2", "x" }, 1, 2 },
                    { { "restart-cost=2", "x" }, 0, 2 } };

        for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
                const char *labels[] = { all[i].labels[0], all[i].labels[1] };
                const Vm vm = { .name = "db1",
                                .priority = all[i].priority,
                                .labels = { .at = labels, .n = 2 } };

                cr_assert_eq(all[i].weight, deadline_weight(&vm), "row %zu", i);
        }
}

Test(deadline, of_as_much_weight_a_second_the_heavier_goes_first_and_of_as_heavy_ones_the_first) {
        DeadlineJob jobs[] = { { .move = { .to = 1 }, .ms = 100, .within = INT64_MAX, .weight = 10 },
                               { .move = { .to = 1 }, .ms = 200, .within = INT64_MAX, .weight = 20 },
                               { .move = { .to = 1 }, .ms = 200, .within = INT64_MAX, .weight = 20 },
                               { .move = { .to = 1 }, .ms = 50, .within = INT64_MAX, .weight = 5 } };
        uint32_t rank[4];

        cr_assert_eq(15, choose(jobs, 4, rank));
        cr_assert_eq(2, rank[0]);
        cr_assert_eq(0, rank[1]);
        cr_assert_eq(1, rank[2]);
        cr_assert_eq(3, rank[3]);
}
