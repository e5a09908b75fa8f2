/* SPDX-License-Identifier: Apache-2.0 */
/* Every sentence of every move of hundreds of random clusters is true: each fact in it is counted again
 * (sentence_check.h), the English says just that, and no fact is of a kind that nobody checks. */
#include <criterion/criterion.h>
#include <criterion/logging.h>

#include "scheduler/decide/cost/move_view.h"
#include "scheduler/decide/plan/planner.h"
#include "scheduler/decide/problem/problem_build.h"
#include "tests/random_cluster.h"
#include "tests/random_problem.h"
#include "tests/sentence_check.h"

enum { SEEDS = 400 };

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
        for (uint32_t i = 0; i < s->n_rules && seed % 2 == 0; i++) {
                Rule *rule = (Rule *) (uintptr_t) &s->rules[i];

                rule->evacuate = rule->must && rule->kind != RULE_NEAR;
        }
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
        uint32_t ends, relieved, mended; /* that were counted again after the plan */
} Told;

static void told_by(Told *told, const SentenceCheck *c, const Sentence *s) {
        if (!s->by)
                told->by_planner++;
        for (uint32_t i = 0; s->by && i < c->policies.n; i++)
                told->by[i] += strcmp(c->policies.policies[i]->name, s->by) == 0;
}

/* What hosts hold, in the problem made of the cluster as it is after the plan. */
typedef struct After {
        const Problem *p;
        Assignment *x;
} After;

static After after_plan(Arena *a, const Snapshot *s, const Settings *settings, const Plan *plan) {
        After after = { 0 };

        cr_assert_eq(0, problem_build(a, snapshot_after(a, s, plan), settings, &after.p));
        cr_assert_eq(0, assignment_build(a, after.p, &after.x));
        return after;
}

/* Who was never measured needs what its host says: elsewhere that is another number. */
static bool all_measured(const Snapshot *s) {
        for (VmIx v = 0; v < s->n_vms; v++)
                if (s->vms[v].cpu_mcores == UNKNOWN || s->vms[v].in_flight)
                        return false;
        return true;
}

/* A number of what a target keeps, as it is on the cluster after the plan. */
static bool end_holds(const SentenceCheck *c, const After *after, const Fact *f) {
        const size_t at = (size_t) f->host * after->p->n_res + f->r;
        const int64_t load = after->x->load[at], room = after->p->limit[at] - load;

        if (f->kind == FACT_SHARE)
                return share_ppm(load, after->p->capacity[at]) == f->value;
        if (f->unit == UNIT_CORES)
                return (int64_t) ((__int128) room * c->s->hosts[f->host].cpus * 10 /
                                  after->p->capacity[at]) == f->value;
        return room == f->value;
}

/* A reason holds when all is done, too: what the target keeps is what it ends with; the rule that was mended stays so; the
 * host that was relieved ends with less. */
static void check_after(SentenceCheck *c, const After *after, const Sentence *s, uint64_t seed, Told *told) {
        for (uint32_t i = 0; i < s->n_facts; i++) {
                const Fact *f = &s->facts[i];

                cr_expect(f->kind != FACT_ROOM || f->end, "seed %lu: room that the target will not have",
                          seed);
                if ((f->kind == FACT_ROOM || f->kind == FACT_SHARE) && f->end && all_measured(c->s)) {
                        cr_expect(end_holds(c, after, f), "seed %lu: host %u, resource %u", seed, f->host,
                                  f->r);
                        told->ends++;
                }
                if ((f->kind == CLAIM_OVER_LINE || f->kind == CLAIM_OVERFULL) && !f->end) {
                        const Fact end = { .end = true };

                        cr_expect_lt(check_held(c, &end, f->host, f->r), check_load(c, f->host, f->r, false),
                                     "seed %lu: host %u, resource %u", seed, f->host, f->r);
                        told->relieved++;
                }
                if (f->kind == CLAIM_MENDED) {
                        int64_t before = 0, ends = 0;

                        for (uint32_t k = 0; k < c->p->n_rules; k++)
                                if (c->p->rules[k].source == f->rule) {
                                        before += rule_broken(c->p, &c->p->rules[k], c->x);
                                        ends += rule_broken(after->p, &after->p->rules[k], after->x);
                                }
                        cr_expect_lt(ends, before, "seed %lu: rule %s", seed, c->s->rules[f->rule].name);
                        told->mended++;
                }
        }
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
        const After after = after_plan(a, s, settings, plan);
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
                check_after(&c, &after, m->because, seed, told);
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
               kind == CLAIM_NEARER || kind == CLAIM_WATCHED || kind == FACT_REMOTE || kind == CLAIM_HELD;
}

Test(why, every_sentence_of_every_move_is_true) {
        const PolicySet all = policies_all();
        Told told = { 0 };
        Arena arena;

        cr_assert_eq(0, arena_open((size_t) 256 << 20, &arena));
        cr_assert_leq(all.n, ARRAY_SIZE(told.by));
        /* In the fast suite the last ones: the 25th alone takes as long as all those. */
        for (uint64_t seed = SEEDS; seed > SEEDS - PART_OF(SEEDS); seed--) {
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
                cr_expect(told.seen[k] > 0 || is_not_of_plans((FactKind) k) || PART_OF(4) < 4,
                          "no fact of kind %u", k);
        }
        cr_log_info("the planner says %u of %u; %u facts unchecked", told.by_planner, told.moves,
                    told.unchecked);
        cr_log_info("after the plan: %u numbers, %u hosts with less, %u rules mended", told.ends,
                    told.relieved, told.mended);
        cr_expect_gt(told.ends, PART_OF(150), "%u", told.ends);
        cr_expect_gt(told.relieved, PART_OF(100), "%u", told.relieved);
        cr_expect_gt(told.mended, PART_OF(50), "%u", told.mended);
        cr_expect_eq(told.sentences, told.moves, "%u of %u", told.sentences, told.moves);
        cr_expect_eq(0, told.unchecked, "%u", told.unchecked);
        cr_expect_gt(told.moves, PART_OF(1000), "%u", told.moves);
}

/* ---- any move of any problem ---- */

#define ANY_RES 4
static const char *const any_titles[ANY_RES] = { "CPU", "memory", "gpus", "licenses" };
static const FactUnit any_units[ANY_RES] = { UNIT_CORES, UNIT_MIB, UNIT_KBIT, UNIT_PLAIN };

/* Hosts up to a million times as large, and about as full: a VM is next to nothing of one. */
static void make_huge(Arena *a, Prng *g, Problem *p) {
        static const int64_t scales[] = { 1, 100, 10000, 1000000 };
        const size_t n = (size_t) p->n_hosts * p->n_res;
        int64_t *capacity = arena_new(a, int64_t, n), *limit = arena_new(a, int64_t, n);
        int64_t *base = arena_new(a, int64_t, n);

        for (HostIx h = 0; h < p->n_hosts; h++)
                for (uint32_t r = 0; r < p->n_res; r++) {
                        const size_t i = (size_t) h * p->n_res + r;
                        const int64_t scale = scales[prng_below(g, ARRAY_SIZE(scales))];

                        capacity[i] = p->capacity[i] * scale;
                        limit[i] = p->limit[i] * scale;
                        base[i] = (p->base ? p->base[i] : 0) + capacity[i] / 100 * prng_below(g, 110);
                }
        p->capacity = capacity;
        p->limit = limit;
        p->base = base;
}

/* The policy's sentence on a move that it gains by. False: it has none. */
static bool any_sentence(Arena *a, SentenceCheck *c, const Evaluator *e, Costs gain, uint32_t *io_by_one) {
        ResourceWords words[ANY_RES];
        MoveView v = { .p = c->p,
                       .s = c->s,
                       .settings = c->settings,
                       .e = e,
                       .end = c->end,
                       .words = words,
                       .m = &c->m,
                       .alone = true,
                       .gain = gain };
        SentenceDraft d = { .sentence.by = c->policies.policies[0]->name };
        const Sentence *kept = NULL;
        const char *text;

        for (uint32_t r = 0; r < ANY_RES; r++)
                words[r] = (ResourceWords){ .title = any_titles[r], .unit = any_units[r] };
        for (uint32_t r = 0; r < c->p->n_res; r++)
                words[r].mean = problem_mean_capacity(c->p, r);
        while (gain.tier[v.tier] >= 0)
                v.tier++;
        if (!c->policies.policies[0]->why(&v, &d))
                return false;
        cr_assert_eq(0, sentence_keep(a, &d, &kept));
        text = sentence_text(a, kept);
        cr_expect(sentence_holds(c, kept, text), "%s: %s", text, c->wrong);
        *io_by_one += strstr(text, "stays at") || strstr(text, "under 0.0001");
        return true;
}

/* The laws of a reason, on any move of any problem that a policy gains by: it names the resource whose cost gains most, and
 * no number reads the same before and after; with hosts so large, too, that a VM is less than the last digit. */
Test(why, a_reason_names_what_gains_most_and_its_numbers_show_it) {
        static const char *const names[] = { "load", "balance", "capacity", "balance_pairs" };
        uint32_t said[ARRAY_SIZE(names)] = { 0 }, by_one = 0, most = 0;
        Arena arena;

        cr_assert_eq(0, arena_open((size_t) 64 << 20, &arena));
        for (uint64_t seed = 1; seed <= PART_OF(1200); seed++) {
                const ArenaMark mark = arena_mark(&arena);
                const size_t which = seed % ARRAY_SIZE(names);
                Prng g = prng_seeded(seed ^ 0x9e3779b9);
                Problem *p = random_problem(&arena, seed,
                                            (RandomShape){ .hosts = 5,
                                                           .vms = 20,
                                                           .res = ANY_RES,
                                                           .rules = 0,
                                                           .deviations = seed % 3 == 0,
                                                           .one_tier = which == 3 || seed % 7 == 0 });
                const PolicySet all = policies_all();
                SentenceCheck c = { .p = p,
                                    .s = p->snapshot,
                                    .settings = default_settings(&arena),
                                    .titles = any_titles,
                                    .units = any_units };
                Evaluator *e = NULL;
                Terms *terms = NULL;

                make_huge(&arena, &g, p);
                for (uint32_t i = 0; i < all.n; i++)
                        if (strcmp(all.policies[i]->name, names[which]) == 0)
                                c.policies = (PolicySet){ all.policies + i, 1 };
                cr_assert_eq(0, policies_add_terms(&arena, p, c.policies, c.settings, &terms));
                cr_assert_eq(0, evaluator_build(&arena, terms, NULL, &e));
                c.x = e->x;
                c.end = e->x->host_of;
                for (int step = 0; step < 60; step++) {
                        Costs gain, none = { 0 };

                        c.m.vm = prng_below(&g, p->n_vms);
                        c.m.from = e->x->host_of[c.m.vm];
                        c.m.to = prng_below(&g, p->n_hosts);
                        if (c.m.from == c.m.to)
                                continue;
                        gain = evaluator_delta(e, c.m);
                        if (costs_compare(&gain, &none) < 0)
                                said[which] += any_sentence(&arena, &c, e, gain, &by_one);
                        evaluator_move(e, c.m);
                }
                most += c.seen[CLAIM_MOST];
                arena_rewind(&arena, mark);
        }
        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                cr_expect_gt(said[i], PART_OF(200), "%s says %u", names[i], said[i]);
        cr_expect_gt(most, PART_OF(2000), "%u", most);
        cr_expect_gt(by_one, PART_OF(20), "of one host alone, or of none: %u", by_one);
}
