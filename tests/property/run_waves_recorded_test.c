/* SPDX-License-Identifier: Apache-2.0 */
/* Runs of drawn moves over a drawn executor, with drawn answers of whoever is asked: what is started, asked, told, cut and said,
 * in which order and when. tests/recorded/runs.txt has the outcomes, and of every hundredth all that was asked; of the others a
 * sum of that (SHOW=NUMBER prints it). */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdarg.h>

#include "scheduler/act/run_waves.h"
#include "scheduler/base/prng.h"
#include "tests/recorded.h"

#define STORIES    1500
#define MOVES_MOST 12
#define STEPS_MOST 4000

static Prng dice;

static uint32_t below(uint32_t n) {
        return prng_below(&dice, n);
}

static bool one_in(uint32_t n) {
        return below(n) == 0;
}

/* ---- a world ---- */

typedef struct Going { /* how the migration of one goes */
        usec_t queued, sends, verifies;
        MigrationPhase end;
        bool deaf, no_start;
        int64_t bytes;
        usec_t began, told; /* told: to stop; 0: not */
        int64_t cap, cap_next;
        bool begun, over;
        uint32_t polls;
} Going;

static struct {
        usec_t now;
        FILE *log;
        MoveOrder orders[2 * MOVES_MOST];
        RunMove moves[2 * MOVES_MOST];
        Going going[2 * MOVES_MOST];
        MoveOutcome outcomes[2 * MOVES_MOST];
        char names[2 * MOVES_MOST][8];
        uint32_t n, first, waits; /* first: of the plan that is added */
        uint32_t refused, needing, unwritten, stopped_at_intent, lost, held; /* moves; UINT32_MAX: none */
        usec_t drain_at, abort_at;
        Run *run;
} world;

static void say(const char *fmt, ...) printf_like(1, 2);
static void say(const char *fmt, ...) {
        va_list ap;

        va_start(ap, fmt);
        (void) vfprintf(world.log, fmt, ap);
        va_end(ap);
        (void) fputc(' ', world.log);
}

/* ---- its executor ---- */

static int drawn_start(void *self, const MigrationRequest *request, uint32_t *ret_id) {
        const uint32_t i = (uint32_t) atoi(request->order->vm + 1);
        Going *g = &world.going[i];

        (void) self;
        say("start:%s,%lld", request->order->vm, (long long) request->manner.bandwidth_kbit);
        if (g->no_start)
                return -ENOMEM;
        cr_assert_not(g->begun);
        g->begun = true;
        g->began = world.now;
        g->cap = g->cap_next = request->manner.bandwidth_kbit / 8192;
        *ret_id = 100 + i;
        return 0;
}

static MigrationPhase phase_of(const Going *g) {
        const usec_t since = world.now - g->began;

        if (g->told > 0 && !g->deaf && world.now >= g->told + 300 * USEC_PER_MSEC &&
            since < g->queued + g->sends)
                return MIGRATION_ABORTED;
        return since < g->queued                            ? MIGRATION_QUEUED
               : since < g->queued + g->sends               ? MIGRATION_RUNNING
               : since < g->queued + g->sends + g->verifies ? MIGRATION_VERIFYING
                                                            : g->end;
}

static void drawn_poll(void *self, uint32_t id, MigrationStatus *ret) {
        Going *g = &world.going[id - 100];
        const usec_t sent = world.now - g->began - g->queued;

        (void) self;
        cr_assert(g->begun && !g->over);
        *ret = (MigrationStatus){ .phase = phase_of(g), .started = g->began };
        if (ret->phase >= MIGRATION_RUNNING && g->polls++ > 0) {
                ret->bytes_total = g->bytes;
                ret->bytes_left = sent >= g->sends
                                          ? 0
                                          : (int64_t) ((double) g->bytes * (double) (g->sends - sent) /
                                                       (double) g->sends);
                ret->bytes_done = g->bytes - ret->bytes_left;
                ret->bytes_per_s = g->cap << 20;
                ret->cap_mib_s = g->cap;
        }
        g->cap = g->cap_next;
        if (migration_has_ended(ret->phase) && ret->phase != MIGRATION_DONE)
                (void) snprintf(ret->message, sizeof(ret->message), "so it was");
        say("poll%u", id - 100);
}

static void drawn_abort(void *self, uint32_t id) {
        (void) self;
        say("abort%u", id - 100);
        if (world.going[id - 100].told == 0)
                world.going[id - 100].told = world.now;
}

static void drawn_limit(void *self, uint32_t id, int64_t mib_s) {
        (void) self;
        say("limit%u:%lld", id - 100, (long long) mib_s);
        world.going[id - 100].cap_next = mib_s;
}

static usec_t drawn_now(void *self) {
        (void) self;
        return world.now;
}

static void drawn_wait(void *self, usec_t at_most) {
        (void) self;
        say("\n  %lld:", (long long) (world.now / USEC_PER_MSEC));
        world.now += at_most;
        cr_assert_lt(world.waits++, STEPS_MOST, "it does not end");
}

static void drawn_forget(void *self, uint32_t id) {
        (void) self;
        say("forget%u", id - 100);
        cr_assert_not(world.going[id - 100].over);
        world.going[id - 100].over = true;
}

/* ---- who is asked ---- */

static int drawn_recheck(void *arg, uint32_t move, char *why, size_t size) {
        (void) arg;
        say("right%u?", move);
        (void) snprintf(why, size, "not right for %u", move);
        if (move == world.needing)
                return RUN_RECHECK_NEEDED;
        if (move == world.held && world.now < 9 * USEC_PER_SEC)
                return 1;
        return move == world.refused ? one_in(2) ? 1 : -EIO : 0;
}

static bool drawn_may_join(void *arg, uint32_t move) {
        (void) arg;
        say("join%u?", move);
        return (world.now / (700 * USEC_PER_MSEC) + move) % 4 != 0;
}

static int drawn_intent(void *arg, uint32_t move) {
        (void) arg;
        say("intent%u", move);
        return move == world.unwritten ? -EIO : move == world.stopped_at_intent ? RUN_INTENT_STOPPED : 0;
}

static void drawn_progress(void *arg, uint32_t move, const MigrationStatus *status) {
        (void) arg;
        say("goes%u:%lld", move, (long long) migration_permille(status->bytes_total, status->bytes_left));
}

static int drawn_result(void *arg, uint32_t move, const MoveOutcome *outcome) {
        (void) arg;
        say("end%u:%s", move, move_end_names[outcome->end]);
        return move == world.lost ? -EIO : 0;
}

static int64_t drawn_makes_way(void *arg, uint32_t move, uint32_t other, char *why, size_t size) {
        (void) arg;
        say("way%u,%u?", move, other);
        (void) snprintf(why, size, "for %u", move);
        return move % 5 == 0 ? (int64_t) ((other * 7) % 4) : 0;
}

static StopRequest drawn_stop(void *arg) {
        (void) arg;
        return world.abort_at > 0 && world.now >= world.abort_at   ? STOP_ABORT
               : world.drain_at > 0 && world.now >= world.drain_at ? STOP_DRAIN
                                                                   : STOP_NONE;
}

/* ---- what is drawn ---- */

static MigrationPhase draw_end(void) {
        static const MigrationPhase odd[] = { MIGRATION_FAILED, MIGRATION_ABORTED, MIGRATION_UNCLEAR,
                                              MIGRATION_DRY, MIGRATION_FOREIGN };

        return one_in(4) ? odd[below(ARRAY_SIZE(odd))] : MIGRATION_DONE;
}

static void draw_plan(uint32_t n, bool over_links) {
        static const char *const hosts[] = { "h1", "h2", "h3", "h4", "h5" };
        uint32_t wave = 0;
        const uint32_t to = world.n + n;

        for (; world.n < to; world.n++) {
                const uint32_t i = world.n, from = below(ARRAY_SIZE(hosts)), on = 1 + below(4);
                RunMove *m = &world.moves[i];
                Going *g = &world.going[i];

                wave += one_in(4) ? 1 + below(2) : 0;
                (void) snprintf(world.names[i], sizeof(world.names[i]), "v%u", i);
                world.orders[i] = (MoveOrder){
                        .vm = world.names[i], .from = hosts[from], .to = hosts[(from + on) % 5], .wave = wave
                };
                *m = (RunMove){ .request = { .order = &world.orders[i] } };
                g->queued = one_in(3) ? (usec_t) below(4000) * USEC_PER_MSEC : 0;
                g->sends = (usec_t) (one_in(3) ? 100 + below(900) : 1000 + below(20000)) * USEC_PER_MSEC;
                g->verifies = one_in(2) ? (usec_t) below(2000) * USEC_PER_MSEC : 0;
                g->end = draw_end();
                g->deaf = one_in(5);
                g->no_start = one_in(60);
                g->bytes = (int64_t) (1 + below(2000)) << 20;
                m->request.resume = one_in(20);
                m->request.post_copy = one_in(10);
                if (!over_links)
                        continue;
                m->out_kbit = one_in(8) ? 0 : 8000000;
                m->in_kbit = one_in(8) ? 0 : 8000000;
                m->sends = one_in(5) ? 0 : world.going[i].sends + below(500) * USEC_PER_MSEC;
                m->request.manner.bandwidth_kbit = one_in(6) ? 0 : 500000 * (1 + below(12));
        }
}

static RunOptions draw_options(void) {
        static const usec_t steps[] = { 0, 100 * USEC_PER_MSEC, 500 * USEC_PER_MSEC };

        RunOptions o = { .step = steps[below(3)] };

        o.limits.in_all = below(5);
        o.limits.per_host_in = below(4);
        o.limits.per_host_out = below(4);
        o.prepares = one_in(3) ? 0 : (usec_t) below(3000) * USEC_PER_MSEC;
        o.overlap = !one_in(3);
        o.link_kbit = one_in(3) ? 4000000 : 0;
        return o;
}

static RunHooks draw_hooks(void) {
        RunHooks all = { .recheck = drawn_recheck,
                         .intent = drawn_intent,
                         .progress = drawn_progress,
                         .result = drawn_result,
                         .stop_request = drawn_stop };

        if (one_in(15))
                return (RunHooks){ 0 };
        if (one_in(2))
                all.may_join = drawn_may_join;
        if (one_in(3))
                all.makes_way = drawn_makes_way;
        return all;
}

static uint32_t draw_odd(uint32_t in) {
        return one_in(in) ? below(MOVES_MOST) : UINT32_MAX;
}

static void draw_world(uint64_t seed) {
        memset(&world, 0, sizeof(world));
        dice = prng_seeded(seed);
        world.now = USEC_PER_SEC;
        world.refused = draw_odd(3);
        world.needing = draw_odd(4);
        world.unwritten = draw_odd(20);
        world.stopped_at_intent = draw_odd(20);
        world.lost = draw_odd(20);
        world.held = draw_odd(3);
        world.drain_at = one_in(8) ? (usec_t) (1 + below(20)) * USEC_PER_SEC : 0;
        world.abort_at = one_in(8) ? (usec_t) (1 + below(20)) * USEC_PER_SEC : 0;
        {
                const uint32_t n = 1 + below(MOVES_MOST);

                draw_plan(n, one_in(2));
        }
}

/* ---- a story ---- */

static uint32_t sum_of(const char *text) { /* FNV-1a */
        uint32_t sum = 2166136261U;

        for (const char *c = text; *c; c++)
                sum = (sum ^ (unsigned char) *c) * 16777619U;
        return sum;
}

/* Step by step: a plan joins, one is cut, what waits is overtaken, each at a drawn step. */
static int tell_in_steps(const Executor *executor, RunOptions options, RunHooks hooks) {
        const uint32_t joins = one_in(2) ? below(40) : UINT32_MAX, cuts = one_in(3) ? below(40) : UINT32_MAX;
        const uint32_t overtaken = one_in(8) ? below(40) : UINT32_MAX;
        int r = run_waves_open(executor, options, hooks, &world.run);

        cr_assert_eq(0, r);
        r = run_waves_add(world.run, world.moves, world.n, world.outcomes);
        for (uint32_t k = 0; r == 0; k++) {
                if (k == joins) {
                        const uint32_t more = below(MOVES_MOST);

                        world.first = world.n;
                        draw_plan(more, one_in(2));
                        r = run_waves_add(world.run, world.moves + world.first, world.n - world.first,
                                          world.outcomes + world.first);
                }
                if (k == cuts)
                        run_waves_cut(world.run, below(world.n), "it was cut");
                if (k == overtaken)
                        run_waves_overtake(world.run);
                if (!run_waves_step(world.run))
                        break;
                say("%s", run_waves_begins_more(world.run) ? "|" : ".");
        }
        world.run = run_waves_free(world.run);
        return r;
}

static void tell(FILE *out, uint64_t seed) {
        Executor executor = { .name = "drawn",
                              .start = drawn_start,
                              .poll = drawn_poll,
                              .abort = drawn_abort,
                              .limit = drawn_limit,
                              .now = drawn_now,
                              .wait = drawn_wait,
                              .forget = drawn_forget };
        RunOptions options;
        RunHooks hooks;
        char *text = NULL;
        size_t n = 0;
        int r;

        draw_world(seed);
        options = draw_options();
        hooks = draw_hooks();
        executor.now = one_in(8) ? NULL : executor.now;
        executor.limit = one_in(8) ? NULL : executor.limit;
        world.log = open_memstream(&text, &n);
        r = one_in(3) ? run_waves(&executor, world.moves, world.n, options, hooks, world.outcomes)
                      : tell_in_steps(&executor, options, hooks);
        for (uint32_t i = 0; i < world.n; i++)
                say("\n  %u:%s", i, world.outcomes[i].why);
        cr_assert_eq(0, fclose(world.log));
        (void) fprintf(out, "%llu: %d after %lld ms", (unsigned long long) seed, r,
                       (long long) (world.now / USEC_PER_MSEC));
        for (uint32_t i = 0; i < world.n; i++) {
                cr_assert_eq(world.going[i].begun, world.going[i].over, "seed %llu: v%u is not forgotten",
                             (unsigned long long) seed, i);
                (void) fprintf(out, "; %s%s%.20s", move_end_names[world.outcomes[i].end],
                               world.outcomes[i].why[0] ? " " : "", world.outcomes[i].why);
        }
        if (seed % 100 == 0)
                (void) fprintf(out, "\n  %s\n", text);
        else
                (void) fprintf(out, "\n  asked: %08x\n", sum_of(text));
        if (getenv("SHOW") && strtoull(getenv("SHOW"), NULL, 10) == seed)
                (void) fprintf(stderr, "%s\n", text);
        free(text);
}

Test(run_waves_recorded, what_is_started_told_and_said) {
        Recording r;

        recording_begin(&r, "runs");
        for (uint64_t seed = 1; seed <= STORIES; seed++)
                tell(r.f, seed);
        recording_end(&r);
}
