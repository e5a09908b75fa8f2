/* SPDX-License-Identifier: Apache-2.0 */
/* The integers of a standard deviation: near the square root, in order, and hbal's number. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "policies/policies.h"
#include "scheduler/app/commands/hbal_score.h"
#include "scheduler/base/prng.h"
#include "scheduler/decide/cost/deviation.h"
#include "scheduler/decide/problem/problem_build.h"
#include "scheduler/snapshot/files/snapshot_file.h"
#include "tests/random_cluster.h"

static unsigned char memory[1 << 22];

Test(deviation, root_is_that_of_floating_point) {
        Prng g = prng_seeded(1);

        for (int i = 0; i < 200000; i++) {
                const int digits = 1 + (int) prng_below(&g, 110);
                unsigned __int128 x =
                        ((unsigned __int128) prng_next(&g) << 64 | prng_next(&g)) >> (128 - digits);
                const double wanted = 32 * sqrt((double) x), got = (double) root_32(x);

                cr_assert_leq(got, wanted * (1 + 1e-15));
                cr_assert_geq(got, wanted * (1 - 3e-9) - 1, "%d digits: %f for %f", digits, got, wanted);
        }
        cr_assert_eq(root_32(0), 0);
        cr_assert_eq(root_32(1), 32);
        cr_assert_eq(root_32(49), 7 * 32);
}

Test(deviation, more_spread_never_costs_less) {
        Prng g = prng_seeded(2);

        for (int i = 0; i < 200000; i++) {
                const unsigned __int128 x = prng_next(&g) >> prng_below(&g, 64);
                const unsigned __int128 more = x + prng_below(&g, 1000);

                cr_assert_leq(root_32(x), root_32(more));
                cr_assert_leq(root_32(x << 40), root_32(more << 40));
        }
}

/* n hosts of which one has a share of 1 and the others none: n × sd = √(n − 1). */
Test(deviation, of_one_full_host_is_what_the_definition_says) {
        cr_assert_eq(deviation_cost(100, 1, SHARE_ONE, SHARE_ONE * SHARE_ONE), 0);
        cr_assert_eq(deviation_cost(100, 2, SHARE_ONE, SHARE_ONE * SHARE_ONE), 100 * SHARE_ONE / 8);
        cr_assert_eq(deviation_cost(100, 5, SHARE_ONE, SHARE_ONE * SHARE_ONE), 200 * SHARE_ONE / 8);
}

/* With balance.measure = htools, what balance costs is hbal's score: of unlike hosts too. */
Test(deviation, cost_of_the_htools_measure_is_hbals_score) {
        static const char text[] =
                "{\"schema\": \"plimsoll.snapshot/1\", \"cluster\": \"c\", \"hosts\": ["
                "{\"name\": \"a\", \"cpus\": 16, \"memory_mib\": 65536},"
                "{\"name\": \"b\", \"cpus\": 32, \"memory_mib\": 131072},"
                "{\"name\": \"c\", \"cpus\": 8, \"memory_mib\": 32768}], \"vms\": ["
                "{\"name\": \"db1\", \"host\": \"a\", \"vcpus\": 8, \"memory_mib\": 16384, \"cpu\": 5},"
                "{\"name\": \"db2\", \"host\": \"b\", \"vcpus\": 2, \"memory_mib\": 8192, \"cpu\": 1},"
                "{\"name\": \"web1\", \"host\": \"a\", \"vcpus\": 2, \"memory_mib\": 8192, \"cpu\": 1},"
                "{\"name\": \"web2\", \"host\": \"a\", \"vcpus\": 4, \"memory_mib\": 4096, \"cpu\": 2}]}";
        const PolicySet all = policies_all();
        Arena a = arena_over(memory, sizeof(memory));
        const Problem *p = NULL;
        const Snapshot *s = NULL;
        Settings *set = (Settings *) default_settings(&a);
        TextFault fault = { 0 };
        Assignment *x = NULL;
        Costs cost = { 0 };
        double score;

        cr_assert_eq(0, snapshot_file_parse(&a, text, strlen(text), &s, &fault), "%s", fault.what);
        cr_assert_eq(0, settings_set(set, "balance.measure", "htools", &fault));
        cr_assert_eq(0, problem_build(&a, s, set, &p));
        cr_assert_eq(4, p->n_deviations);
        cr_assert_eq(0, assignment_build(&a, p, &x));
        for (uint32_t i = 0; i < all.n; i++)
                if (strcmp(all.policies[i]->name, "balance") == 0)
                        all.policies[i]->total(p, set, x, &cost);
        cr_assert_eq(0, hbal_score(&a, s, NULL, &score));
        cr_assert_lt(fabs((double) cost.tier[TIER_BALANCE] / 3 / (100 * SHARE_ONE / 8) - score), 1e-4);
}
