/* SPDX-License-Identifier: Apache-2.0 */
/* Every sentence of every move of hundreds of random clusters is true: each fact in it is counted again
 * (sentence_check.h), the English says just that, and no fact is of a kind that nobody checks. */
#include <criterion/criterion.h>
#include <criterion/logging.h>

#include "scheduler/decide/plan/planner.h"
#include "scheduler/decide/problem/problem_build.h"
#include "tests/random_cluster.h"
#include "tests/sentence_check.h"

#define SEEDS 400

/* Some VMs of the cluster talk to each other; some faults are of devices that all of their host depends on. */
static const Snapshot *with_more(Arena *a, const Snapshot *s, uint64_t seed) {
        Dice d = { .prng = prng_seeded(seed ^ 0x7a1c), .arena = a };
        Snapshot *talking = arena_new(a, Snapshot, 1);
        Traffic *traffic = arena_new(a, Traffic, s->n_vms);

        *talking = *s;
        for (HostIx h = 0; h < s->n_hosts; h++)
                for (uint32_t i = 0; i < s->hosts[h].n_faults; i++)
                        if (dice_percent(&d, 40))
                                ((Fault *) (uintptr_t) s->hosts[h].faults)[i].partly = false;
        talking->traffic = traffic;
        for (VmIx v = 0; v + 1 < s->n_vms && dice_percent(&d, 30); v += 2)
                traffic[talking->n_traffic++] = (Traffic){ v, v + 1, dice_between(&d, 1000, 900000) };
        return talking;
}

/* The defaults for most: a reserve takes the search long. */
static const Settings *settings_of(Arena *a, uint64_t seed) {
        Settings *s =
                (Settings *) (uintptr_t) (seed % 4 == 1 ? random_settings(a, seed) : default_settings(a));

        if (seed % 7 == 3)
                setting(s, "balance.measure", "htools");
        return s;
}

/* What people call the resources, as the snapshot has them. */
static void name_resources(const ResourceLayout *l, const char **titles, FactUnit *units) {
        for (uint32_t r = 0; r < l->n; r++) {
                titles[r] = l->names[r];
                units[r] = UNIT_PLAIN;
        }
        titles[RES_CPU] = "CPU";
        units[RES_CPU] = UNIT_CORES;
        units[RES_MEMORY] = UNIT_MIB;
        if (l->net_rx != IX_NONE) {
                titles[l->net_rx] = "network (received)";
                titles[l->net_rx + 1] = "network (sent)";
                units[l->net_rx] = units[l->net_rx + 1] = UNIT_KBIT;
        }
        if (l->vcpus != IX_NONE)
                titles[l->vcpus] = "vCPUs";
        if (l->in_use != IX_NONE)
                units[l->in_use] = UNIT_MIB;
        for (uint32_t i = 0; i < l->huge_sizes.n; i++)
                units[l->huge + i] = UNIT_MIB;
}

typedef struct Told {
        uint32_t moves, sentences, unchecked, by[32], by_planner, seen[FACT_KIND_N];
} Told;

static void told_by(Told *told, const SentenceCheck *c, const Sentence *s) {
        if (!s->by)
                told->by_planner++;
        for (uint32_t i = 0; s->by && i < c->policies.n; i++)
                told->by[i] += strcmp(c->policies.policies[i]->name, s->by) == 0;
}

static void check_plan(Arena *a, const Snapshot *s, const Settings *settings, const Plan *plan, uint64_t seed,
                       Told *told) {
        const char *titles[PROBLEM_RES_MAX];
        FactUnit units[PROBLEM_RES_MAX];
        SentenceCheck c = { .s = s,
                            .settings = settings,
                            .policies = policies_all(),
                            .titles = titles,
                            .units = units,
                            .moves = plan->moves,
                            .n_moves = plan->n_moves,
                            .began_broken = plan->before.costs.tier[TIER_REPAIR] > 0 };
        ResourceLayout layout;
        HostIx *end;

        cr_assert_eq(0, resource_layout(a, s, settings, &layout));
        name_resources(&layout, titles, units);
        cr_assert_eq(0, problem_build(a, s, settings, &c.p));
        cr_assert_eq(0, assignment_build(a, c.p, &c.x));
        end = arena_new(a, HostIx, c.p->n_vms);
        memcpy(end, c.p->home, sizeof(HostIx) * c.p->n_vms);
        for (uint32_t i = 0; i < plan->n_moves; i++)
                end[plan->moves[i].move.vm] = plan->moves[i].move.to;
        c.end = end;
        for (c.at = 0; c.at < plan->n_moves; c.at++) {
                const PlanMove *m = &plan->moves[c.at];

                c.m = m->move;
                cr_expect(sentence_holds(&c, m->because, m->why), "seed %lu: %s: %s", seed, m->why, c.wrong);
                told_by(told, &c, m->because);
                assignment_move(c.x, c.m);
        }
        told->moves += plan->n_moves;
        told->sentences += c.sentences;
        told->unchecked += c.unchecked;
        for (uint32_t k = 0; k < FACT_KIND_N; k++)
                told->seen[k] += c.seen[k];
}

/* Said of moves that no plan makes first, or of benchmarks: policy_test.c sees them. */
static bool is_not_of_plans(FactKind kind) {
        return kind == FACT_SHORT || kind == FACT_LACKING || kind == CLAIM_LAST || kind == CLAIM_HOME ||
               kind == CLAIM_NEARER || kind == CLAIM_WATCHED;
}

Test(why, every_sentence_of_every_move_is_true) {
        const PolicySet all = policies_all();
        Told told = { 0 };
        Arena arena;

        cr_assert_eq(0, arena_open((size_t) 256 << 20, &arena));
        cr_assert_leq(all.n, ARRAY_SIZE(told.by));
        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
                const ArenaMark mark = arena_mark(&arena);
                const Settings *settings = settings_of(&arena, seed);
                const Snapshot *s =
                        with_more(&arena, random_cluster(&arena, seed + 3000, seed % 5 == 0), seed);
                const Plan *plan = NULL;

                cr_assert_eq(0, planner_plan(&arena, s, settings, all, PLAN_REQUEST_DEFAULT, &plan));
                check_plan(&arena, s, settings, plan, seed, &told);
                arena_rewind(&arena, mark);
        }
        for (uint32_t i = 0; i < all.n; i++)
                cr_log_info("%s says %u sentences", all.policies[i]->name, told.by[i]);
        for (uint32_t k = 0; k < FACT_KIND_N; k++) {
                cr_log_info("kind %u: %u facts", k, told.seen[k]);
                cr_expect(told.seen[k] > 0 || is_not_of_plans((FactKind) k), "no fact of kind %u", k);
        }
        cr_log_info("the planner says %u of %u; %u facts unchecked", told.by_planner, told.moves,
                    told.unchecked);
        cr_expect_eq(told.sentences, told.moves, "%u of %u", told.sentences, told.moves);
        cr_expect_eq(0, told.unchecked, "%u", told.unchecked);
        cr_expect_gt(told.moves, 1000, "%u", told.moves);
}
