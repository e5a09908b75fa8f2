/* SPDX-License-Identifier: Apache-2.0 */
/* Nothing that a decision looks at is missing from its record: a round is decided with each field of its
 * input changed in turn, and must be decided the same way again from what the record kept. */
#include <criterion/criterion.h>
#include <string.h>

#include "scheduler/app/round/round_record.h"
#include "scheduler/app/settings/app_settings.h"
#include "scheduler/milp/exact.h"
#include "scheduler/snapshot/files/plan_file.h"
#include "scheduler/snapshot/files/record_file.h"
#include "scheduler/snapshot/files/snapshot_file.h"

static Arena arena;

static void setup(void) {
        cr_assert_eq(0, arena_open((size_t) 512 << 20, &arena));
}

static void teardown(void) {
        arena_close(&arena);
}

TestSuite(record_covers, .init = setup, .fini = teardown);

#define HOUR (INT64_C(3600) * USEC_PER_SEC)

static const Snapshot *facts_with(const char *h2_cpus) {
        static const char *const parts[] = {
                "{\"schema\":\"plimsoll.snapshot/1\",\"cluster\":\"t\",\"taken_at\":1000000.25,\"hosts\":["
                "{\"name\":\"h1\",\"cpus\":4,\"memory_mib\":8000},{\"name\":\"h2\",\"cpus\":",
                ",\"memory_mib\":8000},{\"name\":\"h3\",\"cpus\":4,\"memory_mib\":8000}],\"vms\":["
                "{\"name\":\"a\",\"host\":\"h1\",\"vcpus\":2,\"memory_mib\":500,\"cpu\":1.5},"
                "{\"name\":\"b\",\"host\":\"h1\",\"vcpus\":2,\"memory_mib\":600,\"cpu\":1.2},"
                "{\"name\":\"c\",\"host\":\"h1\",\"vcpus\":2,\"memory_mib\":700,\"cpu\":0.7},"
                "{\"name\":\"d\",\"host\":\"h1\",\"vcpus\":1,\"memory_mib\":800,\"cpu\":0.4}]}"
        };
        const Snapshot *s = NULL;
        TextFault f = { 0 };
        const char *text = text_format(&arena, "%s%s%s", parts[0], h2_cpus, parts[1]);

        cr_assert_not_null(text);
        cr_assert_eq(0, snapshot_file_parse(&arena, text, strlen(text), &s, &f), "%s", f.what);
        return s;
}

typedef struct Case {
        RoundInput in;
        Settings *settings;
} Case;

static Case usual(void) {
        static const CoolDown cooling[] = { { .vm = "a", .until = 3 * HOUR, .length = HOUR } };
        Case c = { 0 };

        cr_assert_eq(0, app_settings_new(&arena, &c.settings));
        c.in = (RoundInput){ .snapshot = facts_with("4"),
                             .settings = c.settings,
                             .request = PLAN_REQUEST_DEFAULT,
                             .cool_downs = cooling,
                             .n_cool_downs = 0,
                             .now = 2 * HOUR };
        return c;
}

static const char *plan_text(const Round *round) {
        const char *text = NULL;
        size_t n = 0;

        cr_assert_eq(0, plan_file_print(&arena, round->snapshot, round->plan, &text, &n));
        return text;
}

static const char *decided(const Case *c, Round *ret) {
        cr_assert_eq(0, round_decide(&arena, &c->in, ret));
        return plan_text(ret);
}

/* From the record alone, as another program on another machine would. */
static const char *decided_again(const Case *c, const Round *round) {
        RoundRecord x = {
                .input = &c->in, .facts = c->in.snapshot, .round = round, .leader = "l", .mode = "auto"
        };
        const Record *made = NULL, *read = NULL;
        const Settings *settings = NULL;
        const char *text = NULL;
        TextFault f = { 0 };
        Round again;
        size_t n = 0;

        cr_assert_eq(0, round_record_make(&arena, &x, &made));
        cr_assert_eq(0, record_file_print(&arena, made, &text, &n));
        cr_assert_eq(0, record_file_parse(&arena, text, n, &read, &f), "%s: %s", f.field, f.what);
        cr_assert_eq(c->in.request.evaluations, read->evaluations);
        if (c->in.request.solver)
                cr_assert_str_eq(read->solver, c->in.request.solver->name);
        else
                cr_assert_null(read->solver);
        cr_assert_eq(0, round_record_settings(&arena, read, &settings, &f), "%s", f.what);
        cr_assert_eq(0, round_replay(&arena, read, settings, &workers_none, &again));
        return plan_text(&again);
}

/* ---- each field once ---- */

static void other_snapshot(Case *c) {
        c->in.snapshot = facts_with("2");
}

static void other_settings(Case *c) {
        TextFault f = { 0 };

        cr_assert_eq(0, settings_set(c->settings, "load.headroom_cpu", "70%", &f));
}

static void cool_downs(Case *c) {
        c->in.n_cool_downs = 1;
}

/* "a" may not leave its host: that failed lately. */
static void missed(Case *c) {
        static const MoveHold holds[] = { { .vm = "a",
                                            .from = "h1",
                                            .miss = MISS_REFUSED,
                                            .tries = 2,
                                            .until = 600 * HOUR,
                                            .why = "no" } };
        Snapshot *s = arena_new(&arena, Snapshot, 1);

        cr_assert_not_null(s);
        *s = *c->in.snapshot;
        s->holds = (MoveHolds){ .at = holds, .n = 1 };
        c->in.snapshot = s;
}

/* A later time ends the cool-down that `cool_downs` has: compared with that case. */
static void later(Case *c) {
        c->in.n_cool_downs = 1;
        c->in.now = 4 * HOUR;
}

static void paused(Case *c) {
        c->in.paused = "predictions were wrong";
}

static void stopped(Case *c) {
        c->in.stopped = "all moves are stopped by root@h1: x";
}

static void not_now(Case *c) {
        c->in.not_now = SNAPSHOT_NO_BALANCE | SNAPSHOT_NO_LOAD;
}

/* "a" is a person's to move, and the round acts. */
static void hold_from(Case *c) {
        Snapshot *s = arena_new(&arena, Snapshot, 1);
        Vm *vms = arena_new(&arena, Vm, c->in.snapshot->n_vms);

        cr_assert(s && vms);
        *s = *c->in.snapshot;
        memcpy(vms, s->vms, sizeof(*vms) * s->n_vms);
        vms[0].mode = VM_MODE_ADVISE;
        vms[0].mode_rule = "ours";
        s->vms = vms;
        c->in.snapshot = s;
        c->in.hold_from = VM_MODE_CONFIRM;
}

static void few_moves(Case *c) {
        c->in.request.max_moves = 1;
}

static void few_mib(Case *c) {
        c->in.request.max_mib = 550;
}

static void short_plan(Case *c) {
        c->in.request.max_ms = 1;
}

static void threshold(Case *c) {
        c->in.request.threshold = 1;
}

static void about(Case *c) {
        static const char *const hosts[] = { "h1" };

        c->in.request.about = (Strings){ .at = hosts, .n = 1 };
}

static void wish(Case *c) {
        c->in.request.wish = (MoveWish){ .vm = "d", .to = "h3" };
}

static void seed(Case *c) {
        c->in.request.seed = 77;
}

static void evaluations(Case *c) {
        c->in.request.evaluations = 1;
}

static void solver_absent(Case *c) {
        c->in.request.solver = &exact_absent;
}

typedef struct Field {
        size_t offset, size; /* in a RoundInput */
        const char *name;
        void (*change)(Case *c);
        void (*beside)(Case *c); /* what it is compared with; NULL: the usual case */
        const char *not_kept;    /* why no record has it; NULL: it has */
        bool read_only; /* it decides nothing in so small a cluster: that it is read back as it was must do */
} Field;

#define AT(field) offsetof(RoundInput, field), sizeof(((RoundInput *) 0)->field), #field
#define KEPT(field, f)                                                                                       \
        { AT(field), f, NULL, NULL, false }
#define READ(field, f)                                                                                       \
        { AT(field), f, NULL, NULL, true }
#define NOT(field, words)                                                                                    \
        { AT(field), NULL, NULL, words, false }

static const Field fields[] = {
        KEPT(snapshot, other_snapshot),
        KEPT(settings, other_settings),
        KEPT(cool_downs, cool_downs),
        KEPT(n_cool_downs, cool_downs),
        KEPT(paused, paused),
        KEPT(stopped, stopped),
        { AT(now), later, cool_downs, NULL, false },
        NOT(think, "the wall clock is no input: a plan that it cut short says so (cut)"),
        NOT(clock, "the wall clock, as think"),
        NOT(stops, "that the service was told to stop, as think"),
        NOT(stops_arg, "that the service was told to stop, as think"),
        KEPT(hold_from, hold_from),
        KEPT(not_now, not_now),
        KEPT(request.max_moves, few_moves),
        KEPT(request.max_mib, few_mib),
        KEPT(request.max_ms, short_plan),
        KEPT(request.threshold, threshold),
        KEPT(request.about, about),
        KEPT(request.wish, wish),
        KEPT(request.seed, seed),
        READ(request.evaluations, evaluations),
        NOT(request.time, "the wall clock, as think"),
        NOT(request.workers, "any number of threads gives the same plan (threads_property_test)"),
        KEPT(request.solver, solver_absent),
};

/* A field that is added to either type is missing here, and the compiler says so: it belongs into the record,
 * into round_replay(), and into the table above. */
static const RoundInput all_fields = {
        NULL, NULL, { 0, 0, 0, 0, { NULL, 0 }, { NULL, NULL, false }, 0, 0, { NULL, NULL, 0 }, NULL, NULL },
        NULL, 0,    NULL,
        NULL, 0,    0,
        NULL, NULL, NULL,
        0,    0
};

Test(record_covers, the_table_knows_every_field_of_a_rounds_input) {
        bool known[sizeof(RoundInput)] = { false };
        size_t unknown = 0, holes = 0;

        for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
                for (size_t b = 0; b < fields[i].size; b++) {
                        cr_assert_not(known[fields[i].offset + b], "%s is listed twice", fields[i].name);
                        known[fields[i].offset + b] = true;
                }
        for (size_t b = 0; b < sizeof(known); b++)
                unknown += !known[b];
        /* Padding: behind the two 32-bit counts that a pointer or 64-bit number follows, and at the end. */
        holes += offsetof(RoundInput, request.max_mib) - sizeof(uint32_t) -
                 offsetof(RoundInput, request.max_moves);
        holes += offsetof(RoundInput, request.about) - sizeof(uint32_t) -
                 offsetof(RoundInput, request.threshold);
        holes += offsetof(RoundInput, paused) - sizeof(uint32_t) - offsetof(RoundInput, n_cool_downs);
        holes += sizeof(RoundInput) - sizeof(unsigned) - offsetof(RoundInput, not_now);
        cr_assert_eq(holes, unknown, "%zu bytes are in no line of the table, %zu are padding", unknown,
                     holes);
        cr_assert_null(all_fields.snapshot);
}

Test(record_covers, each_field_decides_again_from_the_record_as_it_did) {
        for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
                const ArenaMark mark = arena_mark(&arena); /* each plan takes half of what is left */
                Case changed = usual(), other = usual();
                Round round, plain;
                const char *text;

                if (fields[i].not_kept)
                        continue;
                fields[i].change(&changed);
                if (fields[i].beside)
                        fields[i].beside(&other);
                text = decided(&changed, &round);
                if (!fields[i].read_only)
                        cr_assert_str_neq(decided(&other, &plain), text,
                                          "%s changes nothing: the test proves nothing of it",
                                          fields[i].name);
                cr_assert_str_eq(text, decided_again(&changed, &round), "%s is not in the record",
                                 fields[i].name);
                arena_rewind(&arena, mark);
        }
}

Test(record_covers, the_exact_solver_is_asked_again) {
        Case c = usual();
        TextFault f;
        Round round;
        const char *text;

        /* Odd sizes are a problem of their own: it is not proven in this time. */
        cr_assert_eq(0, settings_set(c.settings, "memory.per_vm", "0MiB", &f));
        c.in.request.solver = &exact_solver;
        text = decided(&c, &round);
        cr_assert_not_null(
                strstr(text, exact_solver.solve ? "\"exact\": \"proven\"" : "\"exact\": \"absent\""), "%s",
                text);
        cr_assert_str_eq(text, decided_again(&c, &round));
}

/* ---- kinds that are left for later ---- */

static Round without(const char *snapshot, unsigned bits) {
        RoundInput in = { .request = PLAN_REQUEST_DEFAULT, .now = HOUR, .not_now = bits };
        Settings *settings = NULL;
        TextFault f = { 0 };
        Round round;

        cr_assert_eq(0, app_settings_new(&arena, &settings));
        cr_assert_eq(0, snapshot_file_parse(&arena, snapshot, strlen(snapshot), &in.snapshot, &f), "%s",
                     f.what);
        in.settings = settings;
        cr_assert_eq(0, round_decide(&arena, &in, &round));
        return round;
}

#define THREE_HOSTS(h1)                                                                                      \
        "{\"schema\":\"plimsoll.snapshot/1\",\"cluster\":\"t\",\"hosts\":[{\"name\":\"h1\",\"cpus\":8,"      \
        "\"memory_mib\":16000" h1 "},{\"name\":\"h2\",\"cpus\":8,\"memory_mib\":16000},{\"name\":\"h3\","    \
        "\"cpus\":8,\"memory_mib\":16000}],\"vms\":["                                                        \
        "{\"name\":\"a\",\"host\":\"h1\",\"vcpus\":1,\"memory_mib\":500,\"cpu\":0.1,\"groups\":[\"db\"]},"   \
        "{\"name\":\"b\",\"host\":\"h1\",\"vcpus\":1,\"memory_mib\":500,\"cpu\":0.1,\"groups\":[\"db\"]}]"

Test(record_covers, a_host_in_maintenance_is_not_emptied_when_that_is_left_for_later) {
        static const char text[] = THREE_HOSTS(",\"state\":\"maintenance\"") "}";

        cr_assert_eq(2, without(text, 0).plan->n_moves);
        cr_assert_eq(
                2,
                without(text, SNAPSHOT_NO_EVACUATION | SNAPSHOT_NO_REPAIR | SNAPSHOT_NO_LOAD).plan->n_moves);
        cr_assert_eq(0, without(text, SNAPSHOT_NO_MAINTENANCE | SNAPSHOT_NO_BALANCE).plan->n_moves);
        cr_assert_neq(PLAN_BLOCKED, without(text, SNAPSHOT_NO_MAINTENANCE | SNAPSHOT_NO_BALANCE).plan->status,
                      "what is left for later is no failure");
}

Test(record_covers, a_failing_host_is_not_drained_when_that_is_left_for_later) {
        static const char text[] =
                THREE_HOSTS(",\"faults\":[{\"device\":\"x\",\"grade\":4,\"why\":\"dies\"}]") "}";

        cr_assert_eq(2, without(text, SNAPSHOT_NO_MAINTENANCE).plan->n_moves);
        cr_assert_eq(0, without(text, SNAPSHOT_NO_EVACUATION | SNAPSHOT_NO_BALANCE).plan->n_moves);
}

Test(record_covers, a_broken_rule_is_not_mended_when_that_is_left_for_later) {
        static const char text[] =
                THREE_HOSTS("") ",\"rules\":[{\"kind\":\"apart\",\"name\":\"dbs\",\"group\":\"db\"}]}";
        Round round = without(text, SNAPSHOT_NO_REPAIR);

        cr_assert_eq(1, without(text, 0).plan->n_moves);
        cr_assert_eq(0, round.plan->n_moves);
        cr_assert_eq(PLAN_BALANCED, round.plan->status);
}

Test(record_covers, who_must_leave_a_host_leaves_it_though_that_mends_a_rule) {
        static const char text[] =
                THREE_HOSTS(",\"state\":\"maintenance\"") ",\"rules\":[{\"kind\":\"apart\",\"name\":\"dbs\","
                                                          "\"group\":\"db\"}]}";

        cr_assert_eq(2, without(text, SNAPSHOT_NO_REPAIR).plan->n_moves);
}

Test(record_covers, what_failed_lately_is_kept) {
        Case without = usual(), with = usual();
        Round round;
        const char *plan, *missed_plan;

        missed(&with);
        plan = decided(&without, &round);
        missed_plan = decided(&with, &round);
        cr_assert_str_neq(plan, missed_plan);
        cr_assert_str_eq(missed_plan, decided_again(&with, &round));
}
