/* SPDX-License-Identifier: Apache-2.0 */
/* Planning has a time, and each part of it a share. On clusters that were made to take long: wherever time is up,
 * what comes out is a plan that the judge accepts, that says what was cut, and it comes soon: between two
 * looks at the time nothing is asked of the engine more often than there are hosts and VMs, and afterwards hardly
 * anything. Where nobody ever says that time is up, the plan is the same as without a limit. Operations are counted,
 * not seconds. */
#include <criterion/criterion.h>
#include <stdarg.h>

#include "scheduler/decide/cost/evaluator.h"
#include "scheduler/snapshot/files/plan_file.h"
#include "scheduler/snapshot/files/snapshot_file.h"
#include "tests/random_cluster.h"

/* ---- what is counted ---- */

#define NEVER UINT64_MAX

/* When time is up, by the number of the look; and what was done until then. */
typedef struct Watch {
        uint64_t from[PLAN_PART_N]; /* [part] */
        uint64_t looks, looks_of[PLAN_PART_N];
        uint64_t since;     /* operations since the last look */
        uint64_t longest;   /* … the most of them between two looks */
        uint64_t late;      /* looks after the first that said yes */
        uint64_t late_work; /* operations after it */
        bool up;
} Watch;

static Watch *watch;

static void count(void) {
        if (!watch)
                return;
        watch->since++;
        watch->late_work += watch->up;
}

static bool is_up(void *arg, unsigned part) {
        Watch *w = arg;
        const bool up = w->looks >= w->from[part];

        w->longest = w->since > w->longest ? w->since : w->longest;
        w->since = 0;
        w->late += w->up;
        w->looks++;
        w->looks_of[part]++;
        w->up |= up;
        return up;
}

Reason __real_evaluator_refuse(Evaluator *e, Move m);
Reason __wrap_evaluator_refuse(Evaluator *e, Move m);
Costs __real_evaluator_delta(const Evaluator *e, Move m);
Costs __wrap_evaluator_delta(const Evaluator *e, Move m);
void __real_evaluator_move(Evaluator *e, Move m);
void __wrap_evaluator_move(Evaluator *e, Move m);
int64_t __real_rule_broken(const Problem *p, const GroupRule *rule, const Assignment *x);
int64_t __wrap_rule_broken(const Problem *p, const GroupRule *rule, const Assignment *x);

Reason __wrap_evaluator_refuse(Evaluator *e, Move m) {
        count();
        return __real_evaluator_refuse(e, m);
}

Costs __wrap_evaluator_delta(const Evaluator *e, Move m) {
        count();
        return __real_evaluator_delta(e, m);
}

void __wrap_evaluator_move(Evaluator *e, Move m) {
        count();
        __real_evaluator_move(e, m);
}

int64_t __wrap_rule_broken(const Problem *p, const GroupRule *rule, const Assignment *x) {
        count();
        return __real_rule_broken(p, rule, x);
}

/* Operations for each host, VM and rule, at most: between two looks, and in all after time is up. */
#define WORK_A_LOOK 24

/* … and what the search tries between two looks. */
#define SEARCH_A_LOOK 4096

/* ---- clusters that take long ---- */

static Arena arena;

static void open_arena(void) {
        cr_assert_eq(0, arena_open((size_t) 1 << 30, &arena));
}

TestSuite(plan_time, .init = open_arena, .timeout = 240);

typedef struct Text {
        char *at;
        size_t n;
} Text;

static void __attribute__((format(printf, 2, 3))) add(Text *t, const char *form, ...) {
        va_list list;

        va_start(list, form);
        t->n += (size_t) vsnprintf(t->at + t->n, (4 << 20) - t->n, form, list);
        va_end(list);
}

static void add_hosts(Text *t, uint32_t n, uint32_t leaving, uint32_t memory, uint32_t memory_of_others) {
        add(t, "{\"schema\":\"plimsoll.snapshot/1\",\"cluster\":\"x\",\"hosts\":[");
        for (uint32_t i = 0; i < n; i++)
                add(t,
                    "%s{\"name\":\"h%03u\",\"cpus\":64,\"memory_mib\":%u,\"rack\":\"r%u\",\"zone\":\"z%u\"%s}",
                    i ? "," : "", i, i < leaving ? memory : memory_of_others, i % 10, i % 3,
                    i < leaving ? ",\"state\":\"maintenance\"" : "");
        add(t, "]");
}

/* VMs on the first `on` hosts. */
static void add_vms(Text *t, uint32_t n, uint32_t on, uint32_t memory) {
        add(t, ",\"vms\":[");
        for (uint32_t i = 0; i < n; i++)
                add(t,
                    "%s{\"name\":\"v%03u\",\"host\":\"h%03u\",\"vcpus\":1,\"memory_mib\":%u,\"cpu\":%u.%u}",
                    i ? "," : "", i, i % on, memory, i % 2, i * 7 % 10);
        add(t, "]");
}

static void add_names(Text *t, uint32_t first, uint32_t n, uint32_t step, uint32_t all) {
        for (uint32_t i = 0; i < n; i++)
                add(t, "%s\"v%03u\"", i ? "," : "", (first + i * step) % all);
}

/* Rules of many VMs each, all of them broken, that hang together. */
static void all_broken(Text *t) {
        add_hosts(t, 16, 0, 65536, 65536);
        add_vms(t, 60, 4, 512);
        add(t, ",\"rules\":[");
        for (uint32_t i = 0; i < 6; i++) {
                add(t, "%s{\"name\":\"b%u\",\"kind\":\"%s\",\"level\":\"%s\",\"vms\":[", i ? "," : "", i,
                    i % 2 ? "together" : "apart", i % 2 ? "rack" : "host");
                add_names(t, i * 7, 20, 7, 60);
                add(t, "]}");
        }
        add(t, "]");
}

/* Each host is above its load line. */
static void all_overloaded(Text *t) {
        add_hosts(t, 20, 0, 65536, 65536);
        add_vms(t, 200, 20, 6400);
}

/* Half of the hosts must be left, and nobody has room. */
static void none_can_leave(Text *t) {
        add_hosts(t, 80, 10, 65536, 4000);
        add_vms(t, 80, 10, 6400);
}

/* Each VM must be near the next one, the last near the first. */
static void rings(Text *t) {
        add_hosts(t, 16, 0, 65536, 65536);
        add_vms(t, 48, 16, 2048);
        add(t, ",\"rules\":[");
        for (uint32_t i = 0; i < 48; i++)
                add(t,
                    "%s{\"name\":\"n%u\",\"kind\":\"near\",\"level\":\"host\",\"vms\":[\"v%03u\"],"
                    "\"near_vms\":[\"v%03u\"]}",
                    i ? "," : "", i, i, (i + 1) % 48);
        add(t, "]");
}

/* Many moves, with rules that they touch. */
static void half_leaves(Text *t) {
        add_hosts(t, 20, 10, 65536, 65536);
        add_vms(t, 80, 10, 2048);
        add(t, ",\"rules\":[");
        for (uint32_t i = 0; i < 16; i++) {
                add(t, "%s{\"name\":\"a%u\",\"kind\":\"apart\",\"level\":\"host\",\"vms\":[", i ? "," : "",
                    i);
                add_names(t, i * 5, 10, 1, 80);
                add(t, "]}");
        }
        add(t, "]");
}

typedef struct Case {
        const char *name;
        void (*cluster)(Text *t);
        uint32_t max_moves;
        int64_t max_ms;
        const char *key, *value, *key2, *value2; /* settings */
        unsigned parts;                          /* bits of those that must have something to look at */
} Case;

#define BIT(part) (1U << PLAN_PART_##part)

static const Case cases[] = {
        { "all broken", all_broken, UINT32_MAX, INT64_MAX, NULL, NULL, NULL, NULL,
          BIT(SEARCH) | BIT(EXPLAIN) },
        { "all overloaded", all_overloaded, UINT32_MAX, INT64_MAX, NULL, NULL, NULL, NULL, BIT(EXPLAIN) },
        { "none can leave", none_can_leave, UINT32_MAX, INT64_MAX, NULL, NULL, NULL, NULL,
          BIT(SEARCH) | BIT(EXPLAIN) },
        { "rings", rings, UINT32_MAX, INT64_MAX, NULL, NULL, NULL, NULL, BIT(SEARCH) | BIT(EXPLAIN) },
        { "half leaves", half_leaves, UINT32_MAX, INT64_MAX, NULL, NULL, NULL, NULL,
          BIT(SEARCH) | BIT(ORDER) | BIT(EXPLAIN) | BIT(JUDGE) },
        { "half leaves, few may", half_leaves, 60, 60000, NULL, NULL, NULL, NULL,
          BIT(SEARCH) | BIT(ORDER) | BIT(JUDGE) },
        { "half leaves, a reserve", half_leaves, UINT32_MAX, INT64_MAX, "reserve.losses", "2", NULL, NULL,
          BIT(JUDGE) },
        { "packed", rings, UINT32_MAX, INT64_MAX, "plan.goal", "pack", "reserve.losses", "1", BIT(SEARCH) },
};

typedef struct World {
        const Snapshot *s;
        const Settings *settings;
        PlanRequest request;
        uint64_t size; /* hosts, VMs and rules */
} World;

static World world_of(const Case *c) {
        Text t = { .at = malloc(4 << 20) };
        Settings *settings = (Settings *) (uintptr_t) default_settings(&arena);
        World w = { .settings = settings, .request = PLAN_REQUEST_DEFAULT };
        TextFault fault;

        cr_assert(t.at);
        c->cluster(&t);
        add(&t, "}");
        cr_assert_eq(0, snapshot_file_parse(&arena, t.at, t.n, &w.s, &fault), "%s: %s", c->name, fault.what);
        free(t.at);
        if (c->key)
                setting(settings, c->key, c->value);
        if (c->key2)
                setting(settings, c->key2, c->value2);
        w.request.max_moves = c->max_moves;
        w.request.max_ms = c->max_ms;
        w.size = (uint64_t) w.s->n_hosts + w.s->n_vms + w.s->n_rules;
        return w;
}

static const Plan *plan_of(const World *w, Watch *with) {
        PlanRequest request = w->request;
        const Plan *plan = NULL;
        int r;

        if (with)
                request.time = (TimeLimit){ .is_up = is_up, .arg = with };
        watch = with;
        r = planner_plan(&arena, w->s, w->settings, policies_all(), request, &plan);
        watch = NULL;
        cr_assert_eq(0, r);
        return plan;
}

static const char *text_of(const World *w, const Plan *plan) {
        const char *text = NULL;
        size_t n;

        cr_assert_eq(0, plan_file_print(&arena, w->s, plan, &text, &n));
        return text;
}

static Watch never(void) {
        Watch w = { 0 };

        for (int p = 0; p < PLAN_PART_N; p++)
                w.from[p] = NEVER;
        return w;
}

/* Whatever was cut: the judge accepts it, the caps hold, and it does not call good what is not. */
static void expect_plan(const Case *c, const World *w, const Plan *plan, uint64_t from) {
        const Objection *objections = NULL;
        const Costs *after = &plan->after.costs;

        cr_assert_eq(0, objections_to(&arena, w->s, w->settings, plan, &objections), "%s, look %llu: %s",
                     c->name, (unsigned long long) from, objections ? objections[0].text : "");
        cr_assert_leq(plan->n_moves, c->max_moves);
        for (uint32_t i = 0; i < plan->n_moves; i++)
                cr_assert(plan->moves[i].why && plan->moves[i].because);
        if (plan->cut != 0 && (after->tier[TIER_REPAIR] > 0 || after->tier[TIER_EVACUATE] > 0))
                cr_assert(plan->status == PLAN_BLOCKED || plan->status == PLAN_INFEASIBLE,
                          "%s, look %llu: %s", c->name, (unsigned long long) from,
                          plan_status_names[plan->status]);
}

Test(plan_time, asking_changes_nothing_and_every_part_is_asked) {
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                const ArenaMark mark = arena_mark(&arena);
                const World w = world_of(&cases[i]);
                Watch never_up = never();
                const Plan *asked = plan_of(&w, &never_up);

                cr_expect_str_eq(text_of(&w, asked), text_of(&w, plan_of(&w, NULL)), "%s", cases[i].name);
                cr_expect_eq(asked->cut, 0);
                for (int p = 0; p < PLAN_PART_N; p++)
                        if (cases[i].parts & 1U << p)
                                cr_expect_gt(never_up.looks_of[p], 0, "%s: %s is never asked", cases[i].name,
                                             plan_part_names[p]);
                cr_expect_leq(never_up.longest, SEARCH_A_LOOK + WORK_A_LOOK * w.size,
                              "%s: %llu operations between two looks", cases[i].name,
                              (unsigned long long) never_up.longest);
                arena_rewind(&arena, mark);
        }
}

#define POINTS (PART_OF(10) > 2 ? PART_OF(10) : 2)

Test(plan_time, wherever_time_is_up_a_plan_comes_out_soon) {
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                const World w = world_of(&cases[i]);
                Watch whole = never();
                uint64_t most_late = 0, most_work = 0;

                (void) plan_of(&w, &whole);
                for (uint64_t point = 0; point <= POINTS; point++) {
                        const ArenaMark mark = arena_mark(&arena);
                        const uint64_t from = whole.looks * point / POINTS;
                        Watch up = { .from = { from, from, from, from, from } };
                        const Plan *plan = plan_of(&w, &up);

                        expect_plan(&cases[i], &w, plan, from);
                        cr_expect_eq(plan->cut != 0, up.up, "%s, look %llu", cases[i].name,
                                     (unsigned long long) from);
                        most_late = up.late > most_late ? up.late : most_late;
                        most_work = up.late_work > most_work ? up.late_work : most_work;
                        arena_rewind(&arena, mark);
                }
                cr_expect_leq(most_late, w.size, "%s: %llu looks later", cases[i].name,
                              (unsigned long long) most_late);
                cr_expect_leq(most_work, WORK_A_LOOK * w.size, "%s: %llu operations later", cases[i].name,
                              (unsigned long long) most_work);
        }
}

/* A part that has no time takes none from those after it. */
Test(plan_time, a_part_that_is_cut_leaves_the_others_their_time) {
        const uint32_t of =
                seeds_divisor(1) > 4 ? 4 : 1; /* in the fast suite each part in a fourth of the cases */

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                for (unsigned p = (unsigned) i % of; p < PLAN_PART_N; p += of) {
                        const ArenaMark mark = arena_mark(&arena);
                        const World w = world_of(&cases[i]);
                        Watch up = never();
                        const Plan *plan;

                        up.from[p] = 0;
                        plan = plan_of(&w, &up);
                        expect_plan(&cases[i], &w, plan, p);
                        cr_expect_eq(plan->cut, up.up ? 1U << p : 0, "%s: %s was cut, and the plan says %x",
                                     cases[i].name, plan_part_names[p], plan->cut);
                        arena_rewind(&arena, mark);
                }
}

Test(plan_time, explanations_do_not_change_moves_and_do_not_vanish_with_the_search) {
        const World moving = world_of(&cases[4]), stuck = world_of(&cases[2]);
        Watch no_search = never(), no_words = never();
        const Plan *whole = plan_of(&moving, NULL), *wordless, *searchless, *plan = plan_of(&stuck, NULL);

        no_words.from[PLAN_PART_EXPLAIN] = 0;
        wordless = plan_of(&moving, &no_words);
        cr_assert_eq(whole->n_moves, wordless->n_moves);
        for (uint32_t i = 0; i < whole->n_moves; i++) {
                cr_assert_eq(whole->moves[i].move.vm, wordless->moves[i].move.vm);
                cr_assert_eq(whole->moves[i].move.to, wordless->moves[i].move.to);
                cr_assert(strstr(wordless->moves[i].why, "planning time was up"));
        }
        no_search.from[PLAN_PART_SEARCH] = 0;
        searchless = plan_of(&stuck, &no_search);
        cr_assert_eq(plan->n_refused_all, searchless->n_refused_all);
        for (uint32_t i = 0; i < plan->n_refused && plan->refused[i].by; i++)
                cr_assert_str_eq(plan->refused[i].by, searchless->refused[i].by);
        cr_assert(searchless->refused[0].by);
        cr_assert(strstr(text_of(&stuck, searchless), "\"cut\": [\"search\"]"));
}

/* Those that must leave are listed, asked about or not; and nobody says of those that were not that there is no room. */
Test(plan_time, who_was_not_asked_about_is_listed_with_that) {
        const World w = world_of(&cases[2]);
        Watch up = never();
        const Plan *plan;

        up.from[PLAN_PART_EXPLAIN] = 200; /* each of the 80 was looked at before, for a way of its own */
        plan = plan_of(&w, &up);
        cr_assert_eq(plan->n_refused_all, 80);
        cr_assert_eq(plan->refused[0].reason, REASON_NO_ROOM);
        cr_assert_eq(plan->refused[79].reason, REASON_TIME);
        cr_assert_eq(plan->status, PLAN_BLOCKED);
}
