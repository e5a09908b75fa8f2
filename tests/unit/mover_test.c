/* SPDX-License-Identifier: Apache-2.0 */
/* A plan carried out in simulated time, on facts that are read again before each start. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "scheduler/app/round/mover.h"
#include "scheduler/app/terminal/file.h"
#include "tests/support/executor_simulated.h"

/* The world: four hosts of 1,000 MiB that hold VMs of 400 MiB, so that two fit on each. */
static const char *vm_names[] = { "a", "b", "c", "d" };
static const char *host_of[4];
static const char *state_of_h3 = "active";

static char path[] = "/tmp/plimsoll-mover-XXXXXX";
static Arena arena;
static Settings *settings;
static Source *source;
static Executor executor;
static char ended[512]; /* "a done, b refused, …" */
static const char *more_of_vms = "", *rules = "";
static const char *lost = "";    /* VMs of which nobody knows where they end up */
static const char *failing = ""; /* VMs that no migration brings anywhere, by their letters */
static uint32_t running, most;   /* at once */
static bool slowed;              /* the last one that was asked for may be */
static bool world_is_gone;

static void write_world(void) {
        char text[2048];
        size_t n = 0;
        TextFault f;

        if (world_is_gone) {
                (void) unlink(path);
                return;
        }
        n += (size_t) snprintf(
                text + n, sizeof(text) - n,
                "{\"schema\":\"plimsoll.snapshot/1\",\"cluster\":\"t\",\"hosts\":["
                "{\"name\":\"h1\",\"cpus\":8,\"memory_mib\":1000,\"uri\":\"test:///1\"},"
                "{\"name\":\"h2\",\"cpus\":8,\"memory_mib\":1000,\"uri\":\"test:///2\"},"
                "{\"name\":\"h3\",\"cpus\":8,\"memory_mib\":1000,\"uri\":\"test:///3\","
                "\"state\":\"%s\"},"
                "{\"name\":\"h4\",\"cpus\":8,\"memory_mib\":1000,\"uri\":\"test:///4\"}],\"vms\":[",
                state_of_h3);
        for (int i = 0; i < 4; i++)
                n += (size_t) snprintf(
                        text + n, sizeof(text) - n,
                        "%s{\"name\":\"%s\",\"host\":\"%s\",\"vcpus\":1,\"memory_mib\":400,\"cpu\":0.1%s}",
                        i > 0 ? "," : "", vm_names[i], host_of[i], more_of_vms);
        n += (size_t) snprintf(text + n, sizeof(text) - n, "],\"rules\":[%s]}", rules);
        cr_assert_eq(0, file_write(path, text, n, &f), "%s", f.what);
}

static void moved(void *arg, const MoveOrder *m) {
        (void) arg;
        for (int i = 0; i < 4; i++)
                if (strcmp(vm_names[i], m->vm) == 0) {
                        cr_assert_str_eq(host_of[i], m->from);
                        host_of[i] = m->to[1] == '1'   ? "h1"
                                     : m->to[1] == '2' ? "h2"
                                     : m->to[1] == '3' ? "h3"
                                                       : "h4";
                }
        write_world();
}

static SimulatedMove asked(void *arg, const MigrationRequest *request) {
        (void) arg;
        slowed = request->auto_converge;
        return (SimulatedMove){ .takes = USEC_PER_SEC,
                                .end = strchr(lost, request->order->vm[0])      ? SIMULATED_UNCLEAR
                                       : strchr(failing, request->order->vm[0]) ? SIMULATED_FAILS
                                                                                : SIMULATED_DONE };
}

static void begun(void *arg, uint32_t move) {
        (void) arg, (void) move;
        most = ++running > most ? running : most;
}

static void note(void *arg, uint32_t move, const MoveOutcome *o) {
        const MoveOrder *moves = arg;
        size_t n = strlen(ended);

        running -= o->end != MOVE_REFUSED && o->end != MOVE_LEFT_OUT;
        (void) snprintf(ended + n, sizeof(ended) - n, "%s%s %s", n > 0 ? ", " : "", moves[move].vm,
                        move_end_names[o->end]);
}

static void setup(void) {
        static char program[] = "t", from[] = "--from";
        static char *argv[] = { program, from, path, NULL };
        static const OptionDef defs[] = { SOURCE_OPTIONS, { 0 } };
        TextFault fault;
        static Options options;
        TextFault f;
        int fd = mkstemp(path);

        cr_assert_geq(fd, 0);
        (void) close(fd);
        host_of[0] = host_of[1] = "h1";
        host_of[2] = host_of[3] = "h2";
        write_world();
        cr_assert_eq(0, arena_open((size_t) 64 << 20, &arena));
        cr_assert_eq(0, app_settings_new(&arena, &settings));
        cr_assert_eq(0, settings_set(settings, "memory.keep_for_host", "0MiB", &fault));
        cr_assert_eq(0, settings_set(settings, "memory.per_vm", "0MiB", &fault)); /* round figures */
        cr_assert_eq(0, options_parse(defs, 3, argv, &options, &f), "%s", f.what);
        cr_assert_eq(0, source_open(&options, settings, &source, &f), "%s", f.what);
        cr_assert_eq(0, executor_simulated_open((ExecutorSimulatedOptions){ .moved = moved, .script = asked },
                                                &executor));
}

static void teardown(void) {
        executor.free(executor.self);
        source = source_free(source);
        arena_close(&arena);
        (void) unlink(path);
}

TestSuite(mover, .init = setup, .fini = teardown);

#define MOVE(v, f, t, w)                                                                                     \
        { .vm = (v), .from = (f), .to = (t), .from_uri = "test:///f", .to_uri = "test:///t", .wave = (w) }

static MoverInput input(const MoveOrder *moves, uint32_t n) {
        return (MoverInput){ .source = source,
                             .settings = settings,
                             .executor = &executor,
                             .moves = moves,
                             .n = n,
                             .watch = {
                                     .arg = (void *) (uintptr_t) moves, .started = begun, .ended = note } };
}

static int run_all(const MoveOrder *moves, uint32_t n, MoveOutcome *outcomes) {
        const MoverInput in = input(moves, n);

        return mover_run(&in, outcomes);
}

Test(mover, waves_that_need_each_other_come_in_order) {
        /* c can only come to h1 once a has left it */
        static const MoveOrder moves[] = { MOVE("a", "h1", "h3", 0), MOVE("c", "h2", "h1", 1) };
        MoveOutcome outcomes[2];

        cr_assert_eq(0, run_all(moves, 2, outcomes), "%s %s", ended, outcomes[1].why);
        cr_assert_str_eq(ended, "a done, c done");
        cr_assert_str_eq(host_of[2], "h1");
}

Test(mover, a_move_that_is_no_longer_safe_is_not_started) {
        static const MoveOrder moves[] = { MOVE("a", "h1", "h3", 0) };
        MoveOutcome outcomes[1];

        state_of_h3 = "maintenance";
        write_world();
        cr_assert_eq(1, run_all(moves, 1, outcomes));
        cr_assert_eq(MOVE_REFUSED, outcomes[0].end);
        cr_assert(strstr(outcomes[0].why, "maintenance"), "%s", outcomes[0].why);
        cr_assert_str_eq(host_of[0], "h1");
}

Test(mover, two_moves_that_fit_alone_but_not_together_are_not_both_started) {
        /* the plan is wrong on purpose: three VMs of 400 MiB on 1,000 */
        static const MoveOrder moves[] = { MOVE("a", "h1", "h3", 0), MOVE("b", "h1", "h3", 0),
                                           MOVE("c", "h2", "h3", 0) };
        MoveOutcome outcomes[3];
        unsigned done = 0;

        cr_assert_eq(1, run_all(moves, 3, outcomes));
        for (int i = 0; i < 3; i++)
                done += outcomes[i].end == MOVE_DONE;
        cr_assert_eq(2, done, "%s", ended);
}

Test(mover, without_fresh_facts_nothing_is_started) {
        static const MoveOrder moves[] = { MOVE("a", "h1", "h3", 0) };
        MoveOutcome outcomes[1];

        world_is_gone = true;
        write_world();
        cr_assert_eq(1, run_all(moves, 1, outcomes));
        cr_assert_eq(MOVE_REFUSED, outcomes[0].end);
        cr_assert(strstr(outcomes[0].why, "no fresh data"), "%s", outcomes[0].why);
}

Test(mover, a_vm_that_has_gone_elsewhere_is_left_alone) {
        static const MoveOrder moves[] = { MOVE("a", "h1", "h3", 0) };
        MoveOutcome outcomes[1];

        host_of[0] = "h3";
        write_world();
        cr_assert_eq(1, run_all(moves, 1, outcomes));
        cr_assert_eq(MOVE_REFUSED, outcomes[0].end);
}

/* Its VMs write 60 MiB a second. */
static void busy_world(MoverInput *in) {
        TextFault f = { 0 };

        more_of_vms = ",\"dirty_mib_s\":60";
        write_world();
        cr_assert_eq(0, source_read(source, &arena, settings, &in->facts, &f), "%s", f.what);
}

Test(mover, of_a_plan_by_hand_those_go_at_once_that_the_model_lets) {
        /* over the usual 1 Gbit/s each sends far more if it has half of that */
        static const MoveOrder moves[] = { MOVE("a", "h1", "h3", 0), MOVE("b", "h1", "h3", 0) };
        MoverInput in = input(moves, 2);
        MoveOutcome outcomes[2];

        busy_world(&in);
        in.by_hand = true;
        cr_assert_eq(0, mover_run(&in, outcomes), "%s", ended);
        cr_assert_str_eq(ended, "a done, b done");
        cr_assert_eq(most, 1);
}

Test(mover, of_a_plan_with_waves_by_the_model_a_wave_goes_at_once) {
        static const MoveOrder moves[] = { MOVE("a", "h1", "h3", 0), MOVE("b", "h1", "h3", 0) };
        MoverInput in = input(moves, 2);
        MoveOutcome outcomes[2];

        busy_world(&in);
        cr_assert_eq(0, mover_run(&in, outcomes), "%s", ended);
        cr_assert_eq(most, 2);
}

Test(mover, a_vm_is_slowed_down_where_the_plan_and_the_settings_let) {
        static const struct {
                const char *setting;
                SlowDown plan;
                bool slowed;
        } rows[] = {
                { "yes", SLOW_DOWN_UNSAID, true },  { "yes", SLOW_DOWN_ALLOWED, true },
                { "yes", SLOW_DOWN_NEVER, false },  { "no", SLOW_DOWN_UNSAID, false },
                { "no", SLOW_DOWN_ALLOWED, false },
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                MoveOrder moves[] = { MOVE("a", "h1", "h3", 0) };
                MoveOutcome outcomes[1];
                TextFault f = { 0 };

                host_of[0] = "h1";
                write_world();
                moves[0].manner.slow_down = rows[i].plan;
                cr_assert_eq(0, settings_set(settings, "migration.auto_converge", rows[i].setting, &f));
                cr_assert_eq(0, run_all(moves, 1, outcomes), "%s", outcomes[0].why);
                cr_assert_eq(slowed, rows[i].slowed, "row %zu", i);
        }
}

#define PAIR "{\"name\":\"pair\",\"kind\":\"together\",\"vms\":[\"a\",\"b\"]}"

Test(mover, a_pair_that_must_be_together_moves_together) {
        static const MoveOrder moves[] = { MOVE("a", "h1", "h3", 0), MOVE("b", "h1", "h3", 0) };
        MoveOutcome outcomes[2];

        rules = PAIR;
        write_world();
        cr_assert_eq(0, run_all(moves, 2, outcomes), "%s %s", ended, outcomes[0].why);
        cr_assert_str_eq(ended, "a done, b done");
}

Test(mover, one_of_a_pair_that_must_be_together_does_not_move_alone) {
        static const MoveOrder moves[] = { MOVE("a", "h1", "h3", 0), MOVE("c", "h2", "h3", 1) };
        MoveOutcome outcomes[2];

        rules = PAIR;
        write_world();
        cr_assert_eq(1, run_all(moves, 2, outcomes));
        cr_assert_str_eq(ended, "a refused, c done");
}

Test(mover, one_of_a_pair_waits_for_room_for_both) {
        /* c and d are on h2: b would have no room there, so a does not go either */
        static const MoveOrder moves[] = { MOVE("c", "h2", "h3", 0), MOVE("a", "h1", "h2", 1),
                                           MOVE("b", "h1", "h2", 1) };
        MoveOutcome outcomes[3];

        rules = PAIR;
        write_world();
        cr_assert_eq(1, run_all(moves, 3, outcomes));
        cr_assert_str_eq(host_of[0], "h1", "%s", ended);
        cr_assert_str_eq(host_of[1], "h1", "%s", ended);
        cr_assert_str_eq(host_of[2], "h3", "%s", ended);
}

Test(mover, what_needed_the_room_of_a_failed_move_is_left_out_and_the_rest_goes_on) {
        static const MoveOrder moves[] = { MOVE("a", "h1", "h3", 0), MOVE("c", "h2", "h1", 1),
                                           MOVE("d", "h2", "h3", 2) };
        MoveOutcome outcomes[3];

        failing = "a";
        cr_assert_eq(1, run_all(moves, 3, outcomes));
        cr_assert_str_eq(ended, "a failed, c left-out, d done");
        cr_assert(strstr(outcomes[1].why, "a was not moved from h1 to h3: "), "%s", outcomes[1].why);
}

Test(mover, a_vm_whose_stop_over_failed_does_not_go_on_from_there) {
        static const MoveOrder moves[] = { MOVE("a", "h1", "h3", 0), MOVE("c", "h2", "h1", 1),
                                           MOVE("a", "h3", "h2", 2) };
        MoveOutcome outcomes[3];

        failing = "a";
        cr_assert_eq(1, run_all(moves, 3, outcomes));
        cr_assert_str_eq(ended, "a failed, c left-out, a left-out");
        cr_assert_str_eq(host_of[0], "h1");
}

Test(mover, without_room_for_both_neither_of_a_pair_goes) {
        /* d stays on h2: there is room for one of the pair, which must be together */
        static const MoveOrder moves[] = { MOVE("c", "h2", "h3", 0), MOVE("d", "h2", "h3", 1),
                                           MOVE("a", "h1", "h2", 2), MOVE("b", "h1", "h2", 2) };
        MoveOutcome outcomes[4];

        rules = PAIR;
        failing = "d";
        write_world();
        cr_assert_eq(1, run_all(moves, 4, outcomes));
        cr_assert_str_eq(ended, "c done, d failed, a left-out, b left-out");
        cr_assert_str_eq(host_of[0], "h1");
        cr_assert_str_eq(host_of[1], "h1");
}

Test(mover, what_a_rule_ties_to_a_vm_that_nobody_finds_stays) {
        static const MoveOrder moves[] = { MOVE("a", "h1", "h3", 0), MOVE("c", "h2", "h4", 1),
                                           MOVE("d", "h2", "h4", 1) };
        MoveOutcome outcomes[3];
        TextFault f = { 0 };

        cr_assert_eq(0, settings_set(settings, "plan.moves_at_once", "1",
                                     &f)); /* so that none has begun by then */
        rules = "{\"name\":\"apart\",\"kind\":\"apart\",\"vms\":[\"a\",\"c\"]}";
        lost = "a";
        write_world();
        cr_assert_eq(1, run_all(moves, 3, outcomes));
        cr_assert_str_eq(ended, "a unclear, c left-out, d done");
        cr_assert(strstr(outcomes[1].why, "rule apart also concerns a"), "%s", outcomes[1].why);
}

Test(mover, what_was_worth_it_only_with_a_failed_move_is_not_made) {
        /* c takes the place that a leaves; with a still there it only makes h1 what h2 was. d's move is good without both. */
        static const MoveOrder moves[] = { MOVE("a", "h1", "h4", 0), MOVE("c", "h2", "h1", 1),
                                           MOVE("d", "h2", "h4", 2) };
        MoverInput in = input(moves, 3);
        MoveOutcome outcomes[3];
        TextFault f = { 0 };

        host_of[1] = "h3";
        failing = "a";
        write_world();
        cr_assert_eq(0, settings_set(settings, "plan.moves_at_once", "1", &f));
        cr_assert_eq(0, source_read(source, &arena, settings, &in.facts, &f), "%s", f.what);
        cr_assert_eq(1, mover_run(&in, outcomes));
        cr_assert_str_eq(ended, "a failed, c left-out, d done");
        cr_assert_str_eq(outcomes[1].why, "a was not moved from h1 to h4: without that it gains nothing");
}

Test(mover, a_persons_plan_has_to_be_safe_and_no_more) {
        static const MoveOrder moves[] = { MOVE("a", "h1", "h4", 0), MOVE("c", "h2", "h1", 1) };
        MoverInput in = input(moves, 2);
        MoveOutcome outcomes[2];
        TextFault f = { 0 };

        host_of[1] = "h3";
        failing = "a";
        in.by_hand = true;
        write_world();
        cr_assert_eq(0, source_read(source, &arena, settings, &in.facts, &f), "%s", f.what);
        cr_assert_eq(1, mover_run(&in, outcomes));
        cr_assert_str_eq(ended, "a failed, c done");
}
