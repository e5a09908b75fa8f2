/* SPDX-License-Identifier: Apache-2.0 */
/* Plans of random clusters are carried out while moves of them fail, are aborted or end unclear, at random and in any order
 * of their ends. Laws:
 *
 *   judged        what was started the judge had accepted, on the facts of then, beside all that ran;
 *   whole         where nothing fails all of a plan is carried out. Only what the plan's beginning justified, and no fact of
 *                 then does any more, waits for the next plan: it takes of the reserve what an earlier move gave, goes to a
 *                 watched host for a rule that holds by now, or parts again what an earlier move brought together;
 *   independent   what did not run had to do with one that failed: its VM, its hosts, a rule, or the reserve;
 *   no worse      at the end no host is fuller that is too full, and no rule is broken further, than at the start. Only VMs
 *                 that must be together or near may be apart where one of them arrived while the other failed: both were
 *                 under way. */
#include <criterion/criterion.h>

#include "scheduler/app/facts/facts_overlay.h"
#include "scheduler/app/round/move_recheck.h"
#include "tests/random_cluster.h"
#include "tests/support/executor_simulated.h"

#define SEEDS 400

static Arena arena;

static void setup(void) {
        cr_assert_eq(0, arena_open((size_t) 1 << 30, &arena));
}

static void teardown(void) {
        arena_close(&arena);
}

TestSuite(failed_moves_property, .init = setup, .fini = teardown, .timeout = 120);

/* ---- a run ---- */

typedef struct World {
        uint64_t seed;
        const Snapshot *start;
        const Settings *settings;
        const MoveOrder *orders;
        RunMove *moves;
        uint32_t n;
        SimulatedMove *fates; /* [n] */
        RecheckStep *steps;
        MoveOutcome *outcomes;
        OverlayMove *made;
        uint32_t n_made;
        Executor executor;
} World;

/* As things are: what has ended well has moved. */
static const Snapshot *facts_now(const World *w) {
        const Snapshot *s = NULL;

        cr_assert_eq(0, facts_overlay(&arena, w->start, w->made, w->n_made, &s));
        return s;
}

/* With what runs in flight: agents have reported it by now, in every second world. */
static const Snapshot *facts_in_flight(const World *w) {
        const Snapshot *now = facts_now(w);
        Snapshot *s = arena_new(&arena, Snapshot, 1);
        Vm *vms = arena_new(&arena, Vm, now->n_vms);

        if (w->seed % 2 == 0)
                return now;
        memcpy(vms, now->vms, sizeof(*vms) * now->n_vms);
        for (uint32_t i = 0; i < w->n; i++) {
                Vm *vm = &vms[snapshot_vm(now, w->orders[i].vm)];

                if (w->steps[i] != RECHECK_RUNS)
                        continue;
                vm->in_flight = true;
                vm->in_flight_to = snapshot_host(now, w->orders[i].to);
        }
        *s = *now;
        s->vms = vms;
        return s;
}

static uint32_t index_of(const World *w, const MoveOrder *order) {
        cr_assert(order >= w->orders && order < w->orders + w->n);
        return (uint32_t) (order - w->orders);
}

static SimulatedMove fate(void *arg, const MigrationRequest *request) {
        const World *w = arg;

        return w->fates[index_of(w, request->order)];
}

static uint32_t waves_said;

static int recheck(void *arg, uint32_t move, char *why, size_t size) {
        const World *w = arg;
        const MoveRecheck in = { .arena = &arena,
                                 .facts = facts_in_flight(w),
                                 .settings = w->settings,
                                 .moves = w->orders,
                                 .steps = w->steps,
                                 .n = w->n };
        const int r = move_recheck(&in, move, why, size);
        const char *said = r == 1 ? strstr(why, "in wave ") : NULL;

        /* the plan's own, as the plan's table counts it */
        cr_assert(!said || strtoul(said + strlen("in wave "), NULL, 10) == w->orders[move].wave + 1, "%s",
                  why);
        waves_said += said != NULL;
        return r;
}

/* What holds only once others of the plan have moved, too. */
static bool is_of_the_end(const Objection *o) {
        return o->reason == REASON_RULE_TOGETHER || o->reason == REASON_RULE_NEAR ||
               o->reason == REASON_RESERVE;
}

/* The law "judged", asked of the judge itself: nothing against this one but what others of the plan
 * make good. */
static int intent(void *arg, uint32_t move) {
        World *w = arg;
        MoveOrder *now = arena_new(&arena, MoveOrder, w->n);
        const Objection *objections = NULL;
        uint32_t n = 0, n_objections = 0;

        now[n++] = w->orders[move];
        for (uint32_t i = 0; i < w->n; i++)
                if (w->steps[i] == RECHECK_RUNS)
                        now[n++] = w->orders[i];
        for (uint32_t i = 0; i < n; i++)
                now[i].wave = 0;
        cr_assert_geq(plan_check(&arena, facts_now(w), w->settings, now, n, &objections, &n_objections), 0);
        cr_assert_leq(n_objections, OBJECTIONS_KEPT);
        for (uint32_t i = 0; i < n_objections; i++)
                cr_assert(is_of_the_end(&objections[i]), "seed %llu: %s is started: %s",
                          (unsigned long long) w->seed, w->orders[move].vm, objections[i].text);
        w->steps[move] = RECHECK_RUNS;
        return 0;
}

static int result(void *arg, uint32_t move, const MoveOutcome *o) {
        World *w = arg;

        w->steps[move] = o->end == MOVE_UNCLEAR ? RECHECK_UNCLEAR
                         : o->end == MOVE_DONE  ? RECHECK_MADE
                                                : RECHECK_MISSED;
        if (o->end == MOVE_DONE)
                w->made[w->n_made++] = (OverlayMove){ .order = &w->orders[move], .ended_at = INT64_MAX };
        return 0;
}

static void carry_out(World *w, bool overlap) {
        const RunHooks hooks = { .arg = w, .recheck = recheck, .intent = intent, .result = result };
        const RunOptions options = { .limits = { .in_all = 8, .per_host_in = 3, .per_host_out = 3 },
                                     .overlap = overlap };

        cr_assert_eq(0, executor_simulated_open((ExecutorSimulatedOptions){ .script = fate, .arg = w },
                                                &w->executor));
        cr_assert_geq(run_waves(&w->executor, w->moves, w->n, options, hooks, w->outcomes), 0);
        w->executor.free(w->executor.self);
}

/* The seed's cluster and plan. bad: per cent of its moves that fail, unclear: that end so. False: it moves nothing. */
static bool world_of(uint64_t seed, uint32_t bad, uint32_t unclear, World *ret) {
        Dice d = { .prng = prng_seeded(seed * 17 + 3), .arena = &arena };
        World w = { .seed = seed,
                    .start = random_cluster(&arena, seed, false),
                    .settings = random_settings(&arena, seed) };
        const Plan *plan = NULL;
        MoveOrder *orders;

        cr_assert_eq(0,
                     planner_plan(&arena, w.start, w.settings, policies_all(), PLAN_REQUEST_DEFAULT, &plan));
        w.n = plan->n_moves;
        w.orders = orders = arena_new(&arena, MoveOrder, w.n);
        w.moves = arena_new(&arena, RunMove, w.n);
        w.fates = arena_new(&arena, SimulatedMove, w.n);
        w.steps = arena_new(&arena, RecheckStep, w.n);
        w.outcomes = arena_new(&arena, MoveOutcome, w.n);
        w.made = arena_new(&arena, OverlayMove, w.n);
        for (uint32_t i = 0; i < w.n; i++) {
                const uint32_t chance = dice_below(&d, 100);

                orders[i] = move_order_of(w.start, &plan->moves[i]);
                w.moves[i].request.order = &orders[i];
                w.fates[i] = (SimulatedMove){ .end = chance < unclear         ? SIMULATED_UNCLEAR
                                                     : chance < unclear + bad ? SIMULATED_FAILS
                                                                              : SIMULATED_DONE,
                                              .takes = (1 + dice_below(&d, 60)) * USEC_PER_SEC };
        }
        *ret = w;
        return w.n > 0;
}

/* ---- independent ---- */

static bool rule_has(const Rule *rule, VmIx v) {
        for (uint32_t i = 0; i < rule->n_vms; i++)
                if (rule->vms[i] == v)
                        return true;
        for (uint32_t i = 0; i < rule->n_near_vms; i++)
                if (rule->near_vms[i] == v)
                        return true;
        return false;
}

static bool share_a_rule(const Snapshot *s, const MoveOrder *m, const MoveOrder *other) {
        const VmIx v = snapshot_vm(s, m->vm), u = snapshot_vm(s, other->vm);

        for (uint32_t i = 0; i < s->n_rules; i++)
                if (s->rules[i].must && rule_has(&s->rules[i], v) && rule_has(&s->rules[i], u))
                        return true;
        return false;
}

static bool share_a_host(const MoveOrder *m, const MoveOrder *other) {
        return strcmp(m->from, other->from) == 0 || strcmp(m->from, other->to) == 0 ||
               strcmp(m->to, other->from) == 0 || strcmp(m->to, other->to) == 0;
}

static bool has_reserve(const World *w) {
        return settings_int(w->settings, "reserve", "losses") > 0 ||
               settings_int(w->settings, "reserve", "share") > 0;
}

/* Each that did not run has to do with one that did not come about, and says with what. */
static void check_independent(const World *w) {
        uint32_t unclear = 0;

        for (uint32_t i = 0; i < w->n; i++)
                unclear += w->outcomes[i].end == MOVE_UNCLEAR;
        for (uint32_t i = 0; i < w->n; i++) {
                const MoveEnd end = w->outcomes[i].end;
                bool concerned = has_reserve(w);

                if (end == MOVE_DONE || end == MOVE_FAILED || end == MOVE_UNCLEAR)
                        continue;
                cr_assert(end != MOVE_NOT_REACHED || unclear > 1, "seed %llu: %s was not reached",
                          (unsigned long long) w->seed, w->orders[i].vm);
                if (end == MOVE_NOT_REACHED)
                        continue;
                cr_assert(w->outcomes[i].why[0]);
                for (uint32_t k = 0; k < w->n && !concerned; k++)
                        concerned = k != i && w->outcomes[k].end != MOVE_DONE &&
                                    (share_a_host(&w->orders[i], &w->orders[k]) ||
                                     share_a_rule(w->start, &w->orders[i], &w->orders[k]));
                cr_assert(concerned, "seed %llu: %s from %s to %s has nothing to do with what failed: %s",
                          (unsigned long long) w->seed, w->orders[i].vm, w->orders[i].from, w->orders[i].to,
                          w->outcomes[i].why);
        }
}

/* ---- no worse ---- */

static const char *place_at(const Snapshot *s, Level level, HostIx h) {
        const Host *host = &s->hosts[h];
        const char *place = level == LEVEL_HOST   ? host->name
                            : level == LEVEL_RACK ? host->rack
                            : level == LEVEL_ZONE ? host->zone
                                                  : host->neighborhood;

        return place ? place : "";
}

static bool is_near(const Snapshot *s, const Rule *rule, VmIx v, VmIx u) {
        return strcmp(place_at(s, rule->level, s->vms[v].host), place_at(s, rule->level, s->vms[u].host)) ==
               0;
}

static bool host_is_left(const Snapshot *s, HostIx h) {
        const Host *host = &s->hosts[h];

        return host->excluded == EXCLUDED_NONE && !host->held &&
               (host->state == HOST_MAINTENANCE || (host->fault_grade >= 3 && host->state != HOST_OFFLINE));
}

/* Of vms[0 … n): in how many places they are. */
static uint32_t places_of(const Snapshot *s, const Rule *rule) {
        uint32_t n = 0;

        for (uint32_t i = 0; i < rule->n_vms; i++) {
                bool seen = false;

                for (uint32_t k = 0; k < i && !seen; k++)
                        seen = is_near(s, rule, rule->vms[i], rule->vms[k]);
                n += !seen;
        }
        return n;
}

/* Places beyond so many, those on hosts that are emptied aside. */
static uint32_t beyond(const Snapshot *s, const Rule *rule) {
        uint32_t n = 0;

        for (uint32_t i = 0; i < rule->n_vms; i++) {
                bool seen = host_is_left(s, s->vms[rule->vms[i]].host);

                for (uint32_t k = 0; k < i && !seen; k++)
                        seen = !host_is_left(s, s->vms[rule->vms[k]].host) &&
                               is_near(s, rule, rule->vms[i], rule->vms[k]);
                n += !seen;
        }
        return n > rule->k ? n - (uint32_t) rule->k : 0;
}

static uint32_t without_neighbor(const Snapshot *s, const Rule *rule) {
        uint32_t n = 0;

        for (uint32_t i = 0; i < rule->n_vms; i++) {
                bool has = false;

                for (uint32_t k = 0; k < rule->n_near_vms && !has; k++)
                        has = is_near(s, rule, rule->vms[i], rule->near_vms[k]);
                n += !has;
        }
        return n;
}

static uint32_t meetings(const Snapshot *s, const Rule *rule) {
        uint32_t n = 0;

        for (uint32_t i = 0; i < rule->n_vms; i++)
                for (uint32_t k = 0; k < rule->n_near_vms; k++)
                        n += is_near(s, rule, rule->vms[i], rule->near_vms[k]);
        return n;
}

static uint32_t misplaced(const Snapshot *s, const Rule *rule) {
        uint32_t n = 0;

        for (uint32_t i = 0; i < rule->n_vms; i++) {
                bool named = false;

                for (uint32_t k = 0; k < rule->n_hosts; k++)
                        named |= rule->hosts[k] == s->vms[rule->vms[i]].host;
                n += named == (rule->kind == RULE_NOT_ON);
        }
        return n;
}

/* How far the rule is broken, by its definition. */
static uint32_t broken_by(const Snapshot *s, const Rule *rule) {
        const uint32_t places = places_of(s, rule);

        switch (rule->kind) {
        case RULE_APART:
                return rule->n_vms - places;
        case RULE_SPREAD:
                return places < rule->k ? (uint32_t) rule->k - places : 0;
        case RULE_TOGETHER:
                return places - 1;
        case RULE_NEAR:
                return without_neighbor(s, rule);
        case RULE_AVOID:
                return meetings(s, rule);
        case RULE_SPAN:
                return beyond(s, rule);
        default:
                return misplaced(s, rule);
        }
}

/* A VM of the rule arrived, and another of it failed on its way: nobody could know when the first one started. */
static bool was_torn(const World *w, const Rule *rule) {
        bool arrived = false, failed = false;

        for (uint32_t i = 0; i < w->n; i++) {
                const bool of = rule_has(rule, snapshot_vm(w->start, w->orders[i].vm));

                arrived |= of && w->outcomes[i].end == MOVE_DONE;
                failed |= of && w->outcomes[i].end != MOVE_DONE;
        }
        return arrived && failed && (rule->kind == RULE_TOGETHER || rule->kind == RULE_NEAR);
}

/* What the VMs on h take of memory, and what it has: by the words of the VMs alone. */
static int64_t memory_on(const Snapshot *s, HostIx h) {
        int64_t sum = 0;

        for (VmIx v = 0; v < s->n_vms; v++)
                sum += s->vms[v].host == h && s->vms[v].hugepages_kib == 0 ? s->vms[v].memory_mib : 0;
        return sum;
}

static void check_no_worse(const World *w, uint32_t *io_torn) {
        const Snapshot *end = facts_now(w);
        const double lent = (double) settings_int(w->settings, "cluster", "overcommit_memory") / 1000;

        for (uint32_t i = 0; i < end->n_rules; i++) {
                const Rule *rule = &end->rules[i];
                const uint32_t before = broken_by(w->start, rule), after = broken_by(end, rule);

                if (!rule->must || after <= before)
                        continue;
                cr_assert(was_torn(w, rule), "seed %llu: rule %s (%s) is broken by %u, before by %u",
                          (unsigned long long) w->seed, rule->name, rule_kind_names[rule->kind], after,
                          before);
                (*io_torn)++;
        }
        for (HostIx h = 0; h < end->n_hosts; h++) {
                const int64_t own = end->hosts[h].overcommit_memory_permille;
                const double share = own > 0 ? (double) own / 1000 : lent;

                if (memory_on(end, h) > memory_on(w->start, h))
                        cr_assert_leq((double) memory_on(end, h), (double) end->hosts[h].memory_mib * share,
                                      "seed %llu: %s is too full", (unsigned long long) w->seed,
                                      end->hosts[h].name);
        }
}

/* How many were not carried out though nothing failed: what the plan's start alone justified, and what needed that. */
static uint32_t check_whole(const World *w) {
        uint32_t n = 0;
        bool justified = false;

        for (uint32_t i = 0; i < w->n; i++) {
                const char *why = w->outcomes[i].why;

                n += w->outcomes[i].end != MOVE_DONE;
                justified |= w->outcomes[i].end == MOVE_REFUSED &&
                             (strstr(why, "that the reserve covers") ||
                              strstr(why, "the share to keep free") || strstr(why, "the target is watched") ||
                              strstr(why, "VMs it must be together with") ||
                              strstr(why, "a VM that must be near it"));
        }
        for (uint32_t i = 0; i < w->n; i++)
                cr_assert(w->outcomes[i].end == MOVE_DONE || justified, "seed %llu: %s from %s to %s: %s: %s",
                          (unsigned long long) w->seed, w->orders[i].vm, w->orders[i].from, w->orders[i].to,
                          move_end_names[w->outcomes[i].end], w->outcomes[i].why);
        return n;
}

/* ---- the laws ---- */

Test(failed_moves_property, where_nothing_fails_all_of_a_plan_is_carried_out) {
        uint32_t plans = 0, all = 0, waits = 0;

        for (uint64_t seed = 0; seed < SEEDS_OF(SEEDS); seed++) {
                ArenaMark mark = arena_mark(&arena);
                World w;

                if (world_of(seed, 0, 0, &w)) {
                        carry_out(&w, seed % 2 == 0);
                        waits += check_whole(&w);
                        plans++;
                        all += w.n;
                }
                arena_rewind(&arena, mark);
        }
        cr_assert_gt(plans, SEEDS_OF(SEEDS) / 4);
        (void) fprintf(stderr, "%u plans of %u moves; %u of them wait for the next plan\n", plans, all,
                       waits);
        cr_assert_lt(
                waits * 50,
                all); /* VMs without figures are guessed anew on their new host: the reserve may want another */
}

Test(failed_moves_property, what_fails_takes_only_what_needed_it_along_and_breaks_nothing) {
        uint32_t counts[MOVE_END_N] = { 0 }, torn = 0;

        for (uint64_t seed = 0; seed < SEEDS_OF(SEEDS); seed++) {
                ArenaMark mark = arena_mark(&arena);
                World w;

                if (world_of(seed, 25, seed % 3 == 0 ? 6 : 0, &w)) {
                        carry_out(&w, seed % 2 == 0);
                        check_independent(&w);
                        check_no_worse(&w, &torn);
                        for (uint32_t i = 0; i < w.n; i++)
                                counts[w.outcomes[i].end]++;
                }
                arena_rewind(&arena, mark);
        }
        for (int e = 0; e < MOVE_END_N; e++)
                (void) fprintf(stderr, "%s %u, ", move_end_names[e], counts[e]);
        (void) fprintf(stderr, "rules torn: %u\n", torn);
        cr_assert_gt(counts[MOVE_FAILED], 100);
        cr_assert_gt(counts[MOVE_LEFT_OUT], 20);
        cr_assert_gt(counts[MOVE_UNCLEAR], 5);
        cr_assert_gt(waves_said, 0, "sentences that say a wave: %u", waves_said);
        cr_assert_gt(counts[MOVE_DONE], counts[MOVE_LEFT_OUT] + counts[MOVE_REFUSED]);
}
