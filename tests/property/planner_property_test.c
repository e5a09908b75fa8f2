/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include "scheduler/app/text/fleet_text.h"
#include "scheduler/milp/exact.h"
#include "scheduler/snapshot/files/plan_file.h"
#include "tests/random_cluster.h"

/* So many random clusters; the environment may ask for more. */
static uint64_t seeds(void) {
        const char *text = getenv("PLIMSOLL_SEEDS");

        return text ? strtoull(text, NULL, 10) : SEEDS_OF(500);
}

static Arena arena;

static void arena_for_test(void) {
        cr_assert_eq(0, arena_open((size_t) 64 << 20, &arena));
}

static const Plan *plan_of(const Snapshot *s, const Settings *settings, uint64_t seed) {
        const Plan *plan = NULL;
        int r = planner_plan(&arena, s, settings, policies_all(), PLAN_REQUEST_DEFAULT, &plan);

        cr_assert_eq(r, 0, "seed %lu: planner_plan gives %d", (unsigned long) seed, r);
        return plan;
}

TestSuite(planner, .init = arena_for_test);

/* What such a VM needs is a guess, which its new host makes anew. */
static bool moves_unmeasured(const Snapshot *s, const Plan *plan) {
        for (uint32_t i = 0; i < plan->n_moves; i++)
                if (s->vms[plan->moves[i].move.vm].cpu_mcores == UNKNOWN)
                        return true;
        return false;
}

/* Its moving is no gain in balance, or would be of one's own guess. */
static void expect_unmeasured_stay_for_balance(const Snapshot *s, const Plan *plan, uint64_t seed) {
        for (int tier = TIER_REPAIR; tier < TIER_BALANCE; tier++)
                if (plan->before.costs.tier[tier] != plan->after.costs.tier[tier])
                        return;
        for (uint32_t i = 0; i < plan->n_moves; i++) {
                const Vm *vm = &s->vms[plan->moves[i].move.vm];

                cr_assert(vm->cpu_mcores != UNKNOWN || vm->state != VM_RUNNING, "seed %lu: %s: %s",
                          (unsigned long) seed, vm->name, plan->moves[i].why);
        }
}

/* What is told of the hosts that moves touch is what status tells of them, before and after: other code, from scratch. */
static void expect_hosts(const Snapshot *s, const Settings *settings, const Plan *plan, uint64_t seed) {
        const int64_t *before = NULL, *after = NULL, *line = NULL;
        const HostIx *host_of = NULL;
        const Problem *p = NULL;
        uint32_t told = 0;

        cr_assert_eq(0, problem_build(&arena, s, settings, &p));
        cr_assert_eq(0, fleet_after(&arena, p, plan, &host_of));
        cr_assert_eq(0, fleet_used(&arena, p, p->home, &before, &line));
        cr_assert_eq(0, fleet_used(&arena, p, host_of, &after, &line));
        for (HostIx h = 0; h < p->n_hosts; h++) {
                bool touched = false;

                for (uint32_t i = 0; i < plan->n_moves; i++)
                        touched |= plan->moves[i].move.from == h || plan->moves[i].move.to == h;
                if (!touched)
                        continue;
                cr_assert(told < plan->n_hosts && plan->hosts[told].host == h, "seed %lu: %s",
                          (unsigned long) seed, s->hosts[h].name);
                for (uint32_t r = 0; r < p->n_res; r++) {
                        const PlanLoad *load = &plan->hosts[told].load[r];
                        const size_t at = (size_t) h * p->n_res + r;

                        if (problem_capacity(p, h)[r] <= 0 || problem_capacity(p, h)[r] >= QUANTITY_MAX) {
                                cr_assert_eq(load->before, UNKNOWN);
                                cr_assert_eq(load->after, UNKNOWN);
                                continue;
                        }
                        cr_assert_eq(load->before, before[at], "seed %lu: %s: %s: %lld and %lld",
                                     (unsigned long) seed, s->hosts[h].name, plan->res_names[r],
                                     (long long) load->before, (long long) before[at]);
                        cr_assert_eq(load->after, after[at]);
                        cr_assert_eq(load->line, line[at]);
                }
                told++;
        }
        cr_assert_eq(told, plan->n_hosts);
}

static void expect_accepted(const Snapshot *s, const Settings *settings, const Plan *plan, uint64_t seed) {
        const Objection *objections = NULL;

        expect_hosts(s, settings, plan, seed);
        cr_assert_eq(objections_to(&arena, s, settings, plan, &objections), 0, "seed %lu: %s",
                     (unsigned long) seed, objections ? objections[0].text : "");
        cr_assert(costs_compare(&plan->after.costs, &plan->before.costs) <= 0, "seed %lu",
                  (unsigned long) seed);
        cr_assert(plan->has_bound && costs_compare(&plan->bound, &plan->after.costs) <= 0);
        cr_assert(plan->n_moves == 0 || costs_compare(&plan->after.costs, &plan->before.costs) < 0,
                  "seed %lu", (unsigned long) seed);
}

/* Both are asked of the same plans: making them is what takes the time. */
Test(planner, every_plan_is_accepted_by_the_judge_never_costs_more_and_leaves_nothing_to_plan) {
        for (uint64_t seed = 1; seed <= seeds(); seed++) {
                ArenaMark mark = arena_mark(&arena);
                const Settings *settings = random_settings(&arena, seed);
                const Snapshot *s = random_cluster(&arena, seed, seed % 4 == 0);
                const Plan *plan = plan_of(s, settings, seed);
                const Snapshot *after = snapshot_after(&arena, s, plan);
                const Plan *again = plan_of(after, settings, seed);

                expect_accepted(s, settings, plan, seed);
                expect_unmeasured_stay_for_balance(s, plan, seed);
                if (again->n_moves > 0 && !moves_unmeasured(s, plan))
                        cr_assert_fail("seed %lu: %u moves, then %u: %s %s → %s (%s)", (unsigned long) seed,
                                       plan->n_moves, again->n_moves,
                                       after->vms[again->moves[0].move.vm].name,
                                       after->hosts[again->moves[0].move.from].name,
                                       after->hosts[again->moves[0].move.to].name, again->moves[0].why);
                arena_rewind(&arena, mark);
        }
}

/* Clusters of which the plan was withdrawn: VMs that one of the two let spend the reserve in a wave and the other did not. */
Test(planner, the_judge_and_the_waves_let_the_same_vms_spend_the_reserve) {
        static const uint64_t found[] = { 10823 };

        for (size_t i = 0; i < ARRAY_SIZE(found); i++) {
                ArenaMark mark = arena_mark(&arena);
                const Settings *settings = random_settings(&arena, found[i]);
                const Snapshot *s = random_cluster(&arena, found[i], found[i] % 4 == 0);

                expect_accepted(s, settings, plan_of(s, settings, found[i]), found[i]);
                arena_rewind(&arena, mark);
        }
}

/* Two VMs that rules keep off their hosts left at once for another rack, and a third stayed, which must be near one of them. */
Test(planner, what_is_mended_at_once_breaks_nothing_else) {
        const Settings *settings = random_settings(&arena, 3978);
        const Snapshot *s = random_cluster(&arena, 80978, false);

        expect_accepted(s, settings, plan_of(s, settings, 3978), 3978);
}

/* What is planned beside moves that run breaks no rule with the VMs that move, neither when they arrive nor when they
 * come back: the judge looks at both. */
Test(planner, beside_vms_in_flight_every_plan_is_accepted_by_the_judge) {
        uint32_t moves = 0;

        for (uint64_t seed = 1; seed <= seeds(); seed++) {
                ArenaMark mark = arena_mark(&arena);
                const Settings *settings = random_settings(&arena, seed);
                const Snapshot *s = random_flights(&arena, random_cluster(&arena, seed + 9000, false), seed);
                const Plan *plan = plan_of(s, settings, seed);

                expect_accepted(s, settings, plan, seed);
                moves += plan->n_moves;
                arena_rewind(&arena, mark);
        }
        cr_assert_gt(moves, seeds(), "%u moves", moves);
}

/* Nine hosts of ten are to be watched, as in a hot room: of a cluster where nothing was to be done, nothing is. */
Test(planner, a_hot_room_moves_nothing) {
        uint32_t rooms = 0;

        for (uint64_t seed = 1; seed <= seeds() / 4; seed++) {
                ArenaMark mark = arena_mark(&arena);
                const Settings *settings = default_settings(&arena);
                const Snapshot *s = random_cluster(&arena, seed, seed % 2 == 0);
                const Snapshot *after = snapshot_after(&arena, s, plan_of(s, settings, seed));
                Host *hosts = (Host *) (uintptr_t) after->hosts;
                Fault *hot = arena_new(&arena, Fault, 1);
                uint32_t n = 0;

                *hot = (Fault){ .device = "sensor inlet", .grade = 1, .why = "41 °C, at most 35 is right" };
                if (plan_of(after, settings, seed)->n_moves > 0) {
                        arena_rewind(&arena, mark);
                        continue;
                }
                for (uint32_t h = 0; h < after->n_hosts; h++)
                        if (h % 10 != seed % 10 && hosts[h].fault_grade == 0 &&
                            hosts[h].state == HOST_ACTIVE) {
                                hosts[h].fault_grade = 1;
                                hosts[h].faults = hot;
                                hosts[h].n_faults = 1;
                                n++;
                        }
                rooms += n > 1;
                cr_assert_eq(plan_of(after, settings, seed)->n_moves, 0, "seed %lu: %s", (unsigned long) seed,
                             plan_of(after, settings, seed)->moves[0].why);
                arena_rewind(&arena, mark);
        }
        cr_assert_geq(rooms, seeds() / 16);
}

static const Plan *polished_plan_of(const Snapshot *s, const Settings *settings, uint64_t seed) {
        PlanRequest request = PLAN_REQUEST_DEFAULT;
        const Plan *plan = NULL;
        int r;

        request.solver = &exact_solver;
        r = planner_plan(&arena, s, settings, policies_all(), request, &plan);
        cr_assert_eq(r, 0, "seed %lu: planner_plan gives %d", (unsigned long) seed, r);
        return plan;
}

#define SEEDS_EXACT SEEDS_OF(30)

Test(planner, with_the_exact_solver_plans_are_judged_bounded_and_at_rest) {
        for (uint64_t seed = 1; seed <= SEEDS_EXACT; seed++) {
                ArenaMark mark = arena_mark(&arena);
                const Settings *settings = random_settings(&arena, seed);
                const Snapshot *s = random_cluster(&arena, seed, seed % 4 == 0), *after;
                const Plan *plan = polished_plan_of(s, settings, seed), *again;
                const Objection *objections = NULL;

                cr_assert_eq(objections_to(&arena, s, settings, plan, &objections), 0, "seed %lu: %s",
                             (unsigned long) seed, objections ? objections[0].text : "");
                cr_assert(plan->has_bound);
                cr_assert(costs_compare(&plan->bound, &plan->after.costs) <= 0, "seed %lu",
                          (unsigned long) seed);
                after = snapshot_after(&arena, s, plan);
                again = polished_plan_of(after, settings, seed);
                cr_assert(again->n_moves == 0 || moves_unmeasured(s, plan), "seed %lu: %u moves again",
                          (unsigned long) seed, again->n_moves);
                arena_rewind(&arena, mark);
        }
}

static const char *text_of(const Snapshot *s, const Plan *plan) {
        const char *text = NULL;
        size_t n;

        cr_assert_eq(0, plan_file_print(&arena, s, plan, &text, &n));
        return text;
}

/* " of someone" behind the VMs that faults name; the hosts are a copy. */
static void rename_users(Host *h) {
        Fault *faults = arena_new(&arena, Fault, h->n_faults);

        for (uint32_t i = 0; i < h->n_faults; i++) {
                const char **names = arena_new(&arena, const char *, h->faults[i].vms.n);

                faults[i] = h->faults[i];
                for (uint32_t k = 0; k < faults[i].vms.n; k++)
                        names[k] = text_format(&arena, "%s-of-someone", faults[i].vms.at[k]);
                faults[i].vms.at = names;
        }
        h->faults = faults;
}

static const Snapshot *renamed(const Snapshot *s) {
        Host *hosts = arena_new(&arena, Host, s->n_hosts);
        Vm *vms = arena_new(&arena, Vm, s->n_vms);
        Snapshot *copy = arena_new(&arena, Snapshot, 1);

        memcpy(hosts, s->hosts, sizeof(Host) * s->n_hosts);
        memcpy(vms, s->vms, sizeof(Vm) * s->n_vms);
        for (uint32_t h = 0; h < s->n_hosts; h++) {
                hosts[h].name = text_format(&arena, "node-%c", 'a' + (int) h);
                rename_users(&hosts[h]);
        }
        for (uint32_t v = 0; v < s->n_vms; v++)
                vms[v].name = text_format(&arena, "%s-of-someone", s->vms[v].name);
        *copy = *s;
        copy->hosts = hosts;
        copy->vms = vms;
        return copy;
}

/* Names play no part but for their order. */
static void expect_the_same_moves(const Plan *plan, const Plan *other, uint64_t seed) {
        cr_assert_eq(plan->n_moves, other->n_moves, "seed %lu, renamed", (unsigned long) seed);
        cr_assert_eq(plan->status, other->status, "seed %lu, renamed", (unsigned long) seed);
        for (uint32_t i = 0; i < plan->n_moves; i++) {
                cr_assert_eq(plan->moves[i].move.vm, other->moves[i].move.vm);
                cr_assert_eq(plan->moves[i].move.to, other->moves[i].move.to);
                cr_assert_eq(plan->moves[i].wave, other->moves[i].wave);
        }
}

/* Both are asked of the same plans. */
Test(planner, the_same_input_gives_the_same_bytes_and_other_names_the_same_moves) {
        for (uint64_t seed = 1; seed <= seeds() / 5; seed++) {
                ArenaMark mark = arena_mark(&arena);
                const Settings *settings = random_settings(&arena, seed);
                const Snapshot *s = random_cluster(&arena, seed, false);
                const Plan *plan = plan_of(s, settings, seed);

                cr_assert_str_eq(text_of(s, plan), text_of(s, plan_of(s, settings, seed)), "seed %lu",
                                 (unsigned long) seed);
                expect_the_same_moves(plan, plan_of(renamed(s), settings, seed), seed);
                arena_rewind(&arena, mark);
        }
}
