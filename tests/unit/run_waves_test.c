/* SPDX-License-Identifier: Apache-2.0 */
/* run_waves over the simulated executor: order, limits, what stops it, what is written down. */
#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "scheduler/act/run_waves.h"
#include "tests/support/executor_dry.h"
#include "tests/support/executor_simulated.h"

/* How a VM's migration goes is the first letter of its name; "s…" is a short one, "q…" sends 10 MiB in 2 s.
 */
static SimulatedMove by_name(void *arg, const MigrationRequest *request) {
        static const SimulatedEnd ends[128] = { ['f'] = SIMULATED_FAILS,
                                                ['h'] = SIMULATED_HANGS,
                                                ['d'] = SIMULATED_DEAF,
                                                ['u'] = SIMULATED_UNCLEAR,
                                                ['n'] = SIMULATED_NO_MEMORY };

        (void) arg;
        if (request->order->vm[0] == 'q')
                return (SimulatedMove){ .takes = 2 * USEC_PER_SEC, .bytes = 10 << 20 };
        return (SimulatedMove){ .end = ends[(unsigned char) request->order->vm[0] & 127U],
                                .takes = request->order->vm[0] == 's' ? USEC_PER_SEC : 10 * USEC_PER_SEC };
}

typedef struct Story {
        Executor executor;
        MoveOrder orders[16];
        RunMove moves[16];
        uint32_t n;
        RunOptions options;
        MoveOutcome outcomes[16];
        char log[2048];          /* "+a" intent, "-a:done" result; "?a" recheck */
        char refused, unwritten; /* the VM with this first letter is refused; its intent cannot be written */
        char needing;            /* … is refused, and would not be, had another come about */
        bool results_are_lost;   /* result() cannot write */
        usec_t drain_at, abort_at; /* of simulated time; 0: never */
        uint32_t running, most;    /* at once */
        uint32_t progress;
} Story;

static void note(Story *s, const char *fmt, ...) printf_like(2, 3);

static void note(Story *s, const char *fmt, ...) {
        size_t used = strlen(s->log);
        va_list ap;

        va_start(ap, fmt);
        (void) vsnprintf(s->log + used, sizeof(s->log) - used, fmt, ap);
        va_end(ap);
}

static int recheck(void *arg, uint32_t move, char *why, size_t size) {
        Story *s = arg;

        if (s->needing && s->moves[move].request.order->vm[0] == s->needing) {
                (void) snprintf(why, size, "f did not go");
                return RUN_RECHECK_NEEDED;
        }
        if (s->moves[move].request.order->vm[0] != s->refused)
                return 0;
        (void) snprintf(why, size, "it is full now");
        return 1;
}

static int intent(void *arg, uint32_t move) {
        Story *s = arg;

        if (s->moves[move].request.order->vm[0] == s->unwritten)
                return -1;
        note(s, "+%s ", s->moves[move].request.order->vm);
        if (++s->running > s->most)
                s->most = s->running;
        return 0;
}

static void progress(void *arg, uint32_t move, const MigrationStatus *status) {
        Story *s = arg;

        cr_assert_not(migration_has_ended(status->phase));
        cr_assert_lt(move, s->n);
        s->progress++;
}

static int result(void *arg, uint32_t move, const MoveOutcome *outcome) {
        Story *s = arg;

        if (outcome->end > MOVE_REFUSED && outcome->end != MOVE_LEFT_OUT)
                s->running--;
        note(s, "-%s:%s ", s->moves[move].request.order->vm, move_end_names[outcome->end]);
        return s->results_are_lost ? -1 : 0;
}

static StopRequest stop_request(void *arg) {
        Story *s = arg;
        usec_t now = executor_simulated_now(&s->executor);

        return s->abort_at > 0 && now >= s->abort_at   ? STOP_ABORT
               : s->drain_at > 0 && now >= s->drain_at ? STOP_DRAIN
                                                       : STOP_NONE;
}

/* What was started must be forgotten, each once: an executor keeps it till then. */
static unsigned kept;
static int (*simulated_start)(void *self, const MigrationRequest *request, uint32_t *ret_id);
static void (*simulated_forget)(void *self, uint32_t id);

static int counted_start(void *self, const MigrationRequest *request, uint32_t *ret_id) {
        int r = simulated_start(self, request, ret_id);

        kept += r == 0;
        return r;
}

static void counted_forget(void *self, uint32_t id) {
        cr_assert_gt(kept, 0);
        kept--;
        simulated_forget(self, id);
}

static Story story(void) {
        Story s = { .n = 0 };

        cr_assert_eq(0,
                     executor_simulated_open((ExecutorSimulatedOptions){ .script = by_name }, &s.executor));
        simulated_start = s.executor.start;
        simulated_forget = s.executor.forget;
        s.executor.start = counted_start;
        s.executor.forget = counted_forget;
        return s;
}

static void add(Story *s, uint32_t wave, const char *vm, const char *from, const char *to) {
        s->orders[s->n] = (MoveOrder){ .vm = vm, .from = from, .to = to, .wave = wave };
        s->moves[s->n].request.order = &s->orders[s->n];
        s->n++;
}

static int run(Story *s) {
        RunHooks hooks = { .arg = s,
                           .recheck = recheck,
                           .intent = intent,
                           .progress = progress,
                           .result = result,
                           .stop_request = stop_request };
        int r = run_waves(&s->executor, s->moves, s->n, s->options, hooks, s->outcomes);

        cr_assert_eq(kept, 0, "%u moves are not forgotten", kept);
        s->executor.free(s->executor.self);
        return r;
}

Test(run_waves, a_wave_waits_for_the_one_before_and_runs_at_once_within) {
        Story s = story();

        add(&s, 0, "a", "h1", "h2");
        add(&s, 0, "b", "h3", "h4");
        add(&s, 2, "c", "h2", "h3");
        cr_assert_eq(0, run(&s));
        cr_assert_str_eq(s.log, "+a +b -a:done -b:done +c -c:done ");
        cr_assert_eq(s.outcomes[2].status.started, 10 * USEC_PER_SEC);
        cr_assert_gt(s.progress, 10);
}

/* "s…" cannot wait, "a…" makes way; the later in the alphabet the better. */
static int64_t makes_way(void *arg, uint32_t move, uint32_t other, char *why, size_t size) {
        const Story *s = arg;

        if (s->orders[move].vm[0] != 's' || s->orders[other].vm[0] != 'a')
                return 0;
        (void) snprintf(why, size, "cut short for %s", s->orders[move].vm);
        return s->orders[other].vm[1] + 1;
}

/* "a" runs for 10 s, and a plan joins after 3; `now`: so many of its moves run beside "a" a second later. */
static void join_after_three_seconds(Story *s, uint32_t first, const char *now) {
        RunHooks hooks = { .arg = s,
                           .recheck = recheck,
                           .intent = intent,
                           .progress = progress,
                           .result = result,
                           .makes_way = makes_way,
                           .stop_request = stop_request };
        Run *run = NULL;

        cr_assert_eq(0, run_waves_open(&s->executor, s->options, hooks, &run));
        cr_assert_eq(0, run_waves_add(run, s->moves, first, s->outcomes));
        while (executor_simulated_now(&s->executor) < 3 * USEC_PER_SEC)
                cr_assert(run_waves_step(run));
        cr_assert_eq(0, run_waves_add(run, s->moves + first, s->n - first, s->outcomes + first));
        cr_assert(run_waves_step(run));
        cr_assert_str_eq(s->log, now);
        while (run_waves_step(run))
                ;
        cr_assert_null(run_waves_free(run));
        cr_assert_eq(kept, 0);
        s->executor.free(s->executor.self);
}

Test(run_waves, a_plan_that_joins_begins_beside_what_runs_and_takes_the_place_of_what_waits) {
        Story s = story();

        add(&s, 0, "a", "h1", "h2");
        add(&s, 1, "b", "h1", "h2");
        add(&s, 0, "s1", "h3", "h4");
        add(&s, 1, "s2", "h4", "h3");
        join_after_three_seconds(&s, 2, "+a -b:not-reached +s1 ");
        cr_assert_str_eq(s.log, "+a -b:not-reached +s1 -s1:done +s2 -s2:done -a:done ");
        cr_assert_eq(s.outcomes[0].end, MOVE_DONE);
        cr_assert_str_eq(s.outcomes[1].why, "it is planned again, with new requests");
        cr_assert_eq(s.outcomes[3].end, MOVE_DONE);
}

Test(run_waves, what_is_in_the_way_of_what_cannot_wait_is_cut_short_one_at_a_time) {
        Story s = story();

        add(&s, 0, "a1", "h1", "h2");
        add(&s, 0, "a2", "h4", "h2");
        add(&s, 0, "a3", "h5", "h6");
        add(&s, 0, "s1", "h3", "h2");
        s.options.limits.per_host_in = 2;
        join_after_three_seconds(&s, 3, "+a1 +a2 +a3 ");
        cr_assert_str_eq(s.log, "+a1 +a2 +a3 -a2:cut-short +s1 -s1:done -a1:done -a3:done ");
        cr_assert_str_eq(s.outcomes[1].why, "cut short for s1");
        cr_assert_leq(s.outcomes[3].status.started, 4 * USEC_PER_SEC);
}

/* Once its executor has had it for 3 s, a person wants the first one aborted, twice. */
Test(run_waves, one_that_a_person_wants_aborted_ends_so_and_the_others_go_on) {
        Story s = story();
        RunHooks hooks = { .arg = &s, .recheck = recheck, .intent = intent, .result = result };
        Run *run = NULL;

        add(&s, 0, "a", "h1", "h2");
        add(&s, 0, "b", "h3", "h4");
        add(&s, 1, "c", "h2", "h3");
        cr_assert_eq(0, run_waves_open(&s.executor, s.options, hooks, &run));
        cr_assert_eq(0, run_waves_add(run, s.moves, s.n, s.outcomes));
        while (executor_simulated_now(&s.executor) < 3 * USEC_PER_SEC)
                cr_assert(run_waves_step(run));
        run_waves_abort(run, 2, "it has not begun, and is left as it is");
        run_waves_abort(run, 0, "aborted by ann");
        run_waves_abort(run, 0, "aborted by bob");
        run_waves_cut(run, 0, "something cannot wait");
        while (run_waves_step(run))
                ;
        cr_assert_null(run_waves_free(run));
        cr_assert_eq(kept, 0);
        s.executor.free(s.executor.self);
        cr_assert_str_eq(s.log, "+a +b -a:aborted -b:done +c -c:done ");
        cr_assert_str_eq(s.outcomes[0].why, "aborted by ann");
}

Test(run_waves, where_too_much_runs_in_all_any_of_it_makes_way) {
        Story s = story();

        add(&s, 0, "a1", "h1", "h2");
        add(&s, 0, "b", "h4", "h5");
        add(&s, 0, "s1", "h6", "h7");
        s.options.limits.in_all = 2;
        join_after_three_seconds(&s, 2, "+a1 +b ");
        cr_assert_str_eq(s.log, "+a1 +b -a1:cut-short +s1 -s1:done -b:done ");
}

Test(run_waves, what_finds_a_link_that_is_free_makes_nobody_stop) {
        Story s = story();

        add(&s, 0, "a1", "h1", "h2");
        add(&s, 0, "s1", "h3", "h2");
        join_after_three_seconds(&s, 1, "+a1 +s1 ");
        cr_assert_str_eq(s.log, "+a1 +s1 -s1:done -a1:done ");
}

Test(run_waves, what_runs_of_an_earlier_plan_counts_for_the_limits) {
        Story s = story(), t = story();

        add(&s, 0, "b", "h1", "h2");
        add(&s, 0, "s1", "h3", "h2");
        add(&s, 0, "s2", "h1", "h4");
        add(&s, 0, "s3", "h3", "h4");
        s.options.limits = (RunLimits){ .per_host_in = 1, .per_host_out = 1 };
        join_after_three_seconds(&s, 1, "+b +s3 ");
        cr_assert_str_eq(s.log, "+b +s3 -s3:done -b:done +s1 +s2 -s1:done -s2:done ");
        add(&t, 0, "b", "h1", "h2");
        add(&t, 0, "s1", "h3", "h2");
        add(&t, 0, "s2", "h4", "h2");
        join_after_three_seconds(&t, 1, "+b +s1 ");
        cr_assert_str_eq(t.log, "+b +s1 -s1:done +s2 -s2:done -b:done "); /* two at once on a link */
}

Test(run_waves, nothing_more_begins_once_all_of_the_last_wave_has) {
        Story s = story();
        RunHooks hooks = { .arg = &s, .intent = intent, .result = result };
        Run *run = NULL;

        add(&s, 0, "s1", "h1", "h2");
        add(&s, 1, "a", "h1", "h2");
        cr_assert_eq(0, run_waves_open(&s.executor, s.options, hooks, &run));
        cr_assert_not(run_waves_begins_more(run));
        cr_assert_eq(0, run_waves_add(run, s.moves, s.n, s.outcomes));
        while (strcmp(s.log, "+s1 -s1:done +a ") != 0) {
                cr_assert(run_waves_begins_more(run), "%s", s.log);
                cr_assert(run_waves_step(run));
        }
        cr_assert_not(run_waves_begins_more(run), "one runs, none waits");
        while (run_waves_step(run))
                ;
        cr_assert_null(run_waves_free(run));
        s.executor.free(s.executor.self);
}

Test(run_waves, nothing_to_do_is_done) {
        Story s = story();

        cr_assert_eq(0, run(&s));
        cr_assert_str_eq(s.log, "");
}

Test(run_waves, limits_hold_in_all_and_for_each_host_and_side) {
        Story s = story(), t = story(), u = story();

        for (int i = 0; i < 4; i++)
                add(&s, 0, (const char *[]){ "a", "b", "c", "e" }[i], "h1", "h2");
        s.options.limits.in_all = 3;
        cr_assert_eq(0, run(&s));
        cr_assert_eq(s.most, 3);
        add(&t, 0, "a", "h1", "h2");
        add(&t, 0, "b", "h3", "h2");
        add(&t, 0, "c", "h4", "h5");
        t.options.limits.per_host_in = 1;
        cr_assert_eq(0, run(&t));
        cr_assert_str_eq(t.log, "+a +c -a:done +b -c:done -b:done ");
        add(&u, 0, "a", "h1", "h2");
        add(&u, 0, "b", "h1", "h3");
        add(&u, 0, "c", "h4", "h5");
        u.options.limits.per_host_out = 1;
        cr_assert_eq(0, run(&u));
        cr_assert_str_eq(u.log, "+a +c -a:done +b -c:done -b:done ");
}

Test(run_waves, with_overlap_the_next_wave_takes_the_place_of_what_has_ended) {
        Story s = story();

        add(&s, 0, "a", "h1", "h2");
        add(&s, 0, "s1", "h1", "h3");
        add(&s, 1, "b", "h1", "h2");
        add(&s, 1, "c", "h1", "h3");
        add(&s, 2, "s2", "h4", "h5");
        s.options.overlap = true;
        cr_assert_eq(0, run(&s));
        cr_assert_str_eq(s.log, "+a +s1 -s1:done +b -a:done +c +s2 -b:done -s2:done -c:done ");
        cr_assert_eq(s.most, 3);
}

Test(run_waves, what_is_not_right_ahead_of_its_turn_is_asked_again_in_it) {
        Story s = story();

        add(&s, 0, "a", "h1", "h2");
        add(&s, 0, "s1", "h1", "h3");
        add(&s, 1, "b", "h1", "h2");
        s.options.overlap = true;
        s.refused = 'b';
        cr_assert_eq(1, run(&s));
        cr_assert_str_eq(s.log, "+a +s1 -s1:done -a:done -b:refused ");
}

Test(run_waves, a_move_that_fails_keeps_nothing_of_the_wave_after_it_back) {
        Story s = story();

        add(&s, 0, "f", "h1", "h2");
        add(&s, 0, "s1", "h1", "h3");
        add(&s, 1, "b", "h1", "h2");
        add(&s, 1, "c", "h1", "h3");
        s.options.overlap = true;
        cr_assert_eq(1, run(&s));
        cr_assert_str_eq(s.log, "+f +s1 -s1:done +b -f:failed +c -b:done -c:done ");
}

Test(run_waves, those_that_share_a_link_for_long_begin_one_behind_the_other) {
        Story s = story();

        add(&s, 0, "a", "h1", "h2");
        add(&s, 0, "b", "h1", "h3");
        add(&s, 0, "c", "h4", "h5");
        s.moves[0].sends = s.moves[1].sends = s.moves[2].sends = 8 * USEC_PER_SEC;
        s.options.prepares = USEC_PER_SEC;
        cr_assert_eq(0, run(&s));
        cr_assert_eq(s.outcomes[0].status.started, s.outcomes[2].status.started);
        cr_assert_eq(s.outcomes[1].status.started - s.outcomes[0].status.started, 3 * USEC_PER_SEC,
                     "it prepares, and half of what it would send alone");
}

Test(run_waves, those_that_come_over_one_link_begin_one_behind_the_other_too) {
        Story s = story();

        add(&s, 0, "a", "h1", "h2");
        add(&s, 0, "b", "h3", "h2");
        add(&s, 0, "c", "h2", "h1");
        s.moves[0].sends = s.moves[1].sends = s.moves[2].sends = 8 * USEC_PER_SEC;
        s.options.prepares = USEC_PER_SEC;
        cr_assert_eq(0, run(&s));
        cr_assert_eq(s.outcomes[0].status.started, s.outcomes[2].status.started, "the other way");
        cr_assert_eq(s.outcomes[1].status.started - s.outcomes[0].status.started, 3 * USEC_PER_SEC);
}

Test(run_waves, one_that_has_little_left_makes_room_whatever_was_predicted) {
        Story s = story();

        add(&s, 0, "q", "h1", "h2");
        add(&s, 0, "b", "h1", "h3");
        s.moves[0].sends = s.moves[1].sends = 8 * USEC_PER_SEC;
        s.moves[0].request.manner.bandwidth_kbit = s.moves[1].request.manner.bandwidth_kbit = 5 * KBIT_A_MIB;
        s.options.prepares = USEC_PER_SEC;
        cr_assert_eq(0, run(&s));
        cr_assert_geq(s.outcomes[1].status.started, USEC_PER_SEC,
                      "more than it sends in the time b prepares");
        cr_assert_lt(s.outcomes[1].status.started, s.outcomes[0].status.ended);
}

Test(run_waves, a_failed_move_lets_its_wave_and_the_next_go_on) {
        Story s = story();

        s.options.limits.in_all = 1;
        add(&s, 0, "f", "h1", "h2");
        add(&s, 0, "b", "h1", "h2");
        add(&s, 1, "c", "h2", "h3");
        cr_assert_eq(1, run(&s));
        cr_assert_str_eq(s.log, "+f -f:failed +b -b:done +c -c:done ");
        cr_assert_str_eq(s.outcomes[0].why, "simulated");
}

Test(run_waves, what_needed_the_failed_move_is_left_out_and_the_others_of_its_wave_go_on) {
        Story s = story();

        s.needing = 'c';
        add(&s, 0, "f", "h1", "h2");
        add(&s, 1, "c", "h3", "h1");
        add(&s, 1, "i", "h3", "h4");
        add(&s, 2, "e", "h4", "h5");
        cr_assert_eq(1, run(&s));
        cr_assert_str_eq(s.log, "+f -f:failed -c:left-out +i -i:done +e -e:done ");
        cr_assert_str_eq(s.outcomes[1].why, "f did not go");
        cr_assert(move_end_is_open(s.outcomes[1].end));
}

Test(run_waves, a_refused_move_is_not_started_and_says_why) {
        Story s = story();

        s.refused = 'a';
        add(&s, 0, "a", "h1", "h2");
        add(&s, 0, "b", "h1", "h2");
        add(&s, 1, "c", "h2", "h3");
        cr_assert_eq(1, run(&s));
        cr_assert_str_eq(s.log, "-a:refused +b -b:done +c -c:done ");
        cr_assert_str_eq(s.outcomes[0].why, "it is full now");
}

Test(run_waves, what_cannot_be_written_down_is_not_done) {
        Story s = story();

        s.unwritten = 'b';
        add(&s, 0, "a", "h1", "h2");
        add(&s, 0, "b", "h1", "h2");
        add(&s, 0, "c", "h1", "h2");
        cr_assert_eq(1, run(&s));
        cr_assert_str_eq(s.log, "+a -b:refused -a:done -c:not-reached ");
}

Test(run_waves, a_result_that_cannot_be_written_down_stops_what_would_follow) {
        Story s = story();

        s.results_are_lost = true;
        add(&s, 0, "a", "h1", "h2");
        add(&s, 1, "b", "h1", "h2");
        cr_assert_eq(1, run(&s));
        cr_assert_str_eq(s.log, "+a -a:done -b:not-reached ");
}

Test(run_waves, an_unclear_end_leaves_out_what_is_of_its_vm_or_touches_its_hosts) {
        Story s = story();

        s.options.limits.in_all = 2;
        add(&s, 0, "u", "h1", "h2");
        add(&s, 0, "b", "h1", "h2");
        add(&s, 0, "c", "h1", "h3");
        add(&s, 0, "e", "h4", "h5");
        add(&s, 1, "g", "h3", "h1");
        add(&s, 1, "i", "h3", "h2");
        add(&s, 1, "j", "h2", "h3");
        add(&s, 1, "k", "h5", "h4");
        add(&s, 2, "u", "h6", "h7");
        cr_assert_eq(1, run(&s));
        cr_assert_str_eq(s.log,
                         "+u +b -u:unclear -c:left-out -g:left-out -i:left-out -j:left-out -u:left-out "
                         "+e -b:done -e:done +k -k:done ");
        cr_assert_str_eq(s.outcomes[2].why, "the end of the migration of u from h1 to h2 is not known");
}

Test(run_waves, a_second_unclear_end_stops_all) {
        Story s = story();

        add(&s, 0, "u", "h1", "h2");
        add(&s, 0, "u2", "h3", "h4");
        add(&s, 1, "b", "h5", "h6");
        cr_assert_eq(1, run(&s));
        cr_assert_str_eq(s.log, "+u +u2 -u:unclear -u2:unclear -b:not-reached ");
}

Test(run_waves, draining_lets_running_moves_end_and_starts_no_more) {
        Story s = story();

        s.drain_at = 5 * USEC_PER_SEC;
        add(&s, 0, "a", "h1", "h2");
        add(&s, 1, "b", "h1", "h2");
        cr_assert_eq(1, run(&s));
        cr_assert_str_eq(s.log, "+a -a:done -b:not-reached ");
        cr_assert_str_eq(s.outcomes[1].why, "the run was stopped before it");
}

Test(run_waves, aborting_ends_running_moves) {
        Story s = story();

        s.drain_at = 5 * USEC_PER_SEC;
        s.abort_at = 6 * USEC_PER_SEC;
        add(&s, 0, "a", "h1", "h2");
        add(&s, 0, "h", "h3", "h4");
        add(&s, 1, "b", "h1", "h2");
        cr_assert_eq(1, run(&s));
        cr_assert_str_eq(s.log, "+a +h -a:aborted -h:aborted -b:not-reached ");
        cr_assert_leq(s.outcomes[0].status.ended, 6 * USEC_PER_SEC + s.options.step + 200 * USEC_PER_MSEC);
}

Test(run_waves, one_that_does_not_even_abort_ends_as_unclear) {
        Story s = story();

        s.abort_at = USEC_PER_SEC;
        add(&s, 0, "d", "h1", "h2");
        cr_assert_eq(1, run(&s));
        cr_assert_str_eq(s.log, "+d -d:unclear ");
}

Test(run_waves, an_executor_out_of_memory_refuses_and_stops) {
        Story s = story();

        add(&s, 0, "n", "h1", "h2");
        add(&s, 0, "b", "h1", "h2");
        cr_assert_eq(1, run(&s));
        cr_assert_eq(s.outcomes[0].end, MOVE_REFUSED);
        cr_assert_eq(s.outcomes[1].end, MOVE_NOT_REACHED);
}

static void collect(void *arg, const char *sentence) {
        (void) strncat(arg, sentence, 100);
        (void) strncat(arg, "\n", 2);
}

Test(run_waves, a_dry_run_says_every_move_and_does_none) {
        const MoveOrder orders[] = { { .vm = "a", .from = "h1", .to = "h2" },
                                     { .vm = "b", .from = "h2", .to = "h3", .wave = 1 } };
        RunMove moves[] = { { .request = { .order = &orders[0] } }, { .request = { .order = &orders[1] } } };
        MoveOutcome outcomes[2];
        char said[256] = "";
        Executor e;

        cr_assert_eq(0, executor_dry_open((ExecutorDryOptions){ .say = collect, .arg = said }, &e));
        cr_assert_eq(0, run_waves(&e, moves, 2, (RunOptions){ 0 }, (RunHooks){ 0 }, outcomes));
        cr_assert_str_eq(said, "would move a from h1 to h2\nwould move b from h2 to h3\n");
        cr_assert_eq(outcomes[1].end, MOVE_DRY);
        cr_assert_str_eq(outcomes[1].why, "would move b from h2 to h3");
        e.free(e.self);
}
