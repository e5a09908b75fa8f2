/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/act/run_waves.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/act/link_share.h"

const char *const move_end_names[MOVE_END_N] = {
        [MOVE_NOT_REACHED] = "not-reached",
        [MOVE_REFUSED] = "refused",
        [MOVE_DONE] = "done",
        [MOVE_DRY] = "dry-run",
        [MOVE_FAILED] = "failed",
        [MOVE_ABORTED] = "aborted",
        [MOVE_UNCLEAR] = "unclear",
        [MOVE_FOREIGN] = "foreign",
        [MOVE_LEFT_OUT] = "left-out",
};

typedef enum Step {
        STEP_WAITING,
        STEP_RUNNING,
        STEP_ENDED,
} Step;

typedef struct Slot {
        Step step;
        uint32_t id;       /* the executor's, while running */
        usec_t started_at; /* by the executor's clock */
        bool held;         /* started ahead of its turn it would not be right yet: until a move ends */
} Slot;

typedef struct Run {
        const Executor *executor;
        const RunMove *moves;
        uint32_t n;
        RunOptions options;
        RunHooks hooks;
        MoveOutcome *outcomes;
        Slot *slots;
        LinkShare *share;
        uint32_t first, end, ahead; /* the wave is [first, end), the one after it [end, ahead) */
        uint32_t running;
        uint32_t unclear;
        bool missed;   /* a move did not come about */
        bool stopped;  /* nothing more starts */
        bool aborting; /* those that run were told to stop */
} Run;

static MoveEnd end_of_phase(MigrationPhase phase) {
        switch (phase) {
        case MIGRATION_DONE:
                return MOVE_DONE;
        case MIGRATION_DRY:
                return MOVE_DRY;
        case MIGRATION_FAILED:
                return MOVE_FAILED;
        case MIGRATION_ABORTED:
                return MOVE_ABORTED;
        case MIGRATION_FOREIGN:
                return MOVE_FOREIGN;
        default:
                return MOVE_UNCLEAR;
        }
}

/* The outcome is known: it is reported, and what follows from it for the rest. */
static void end_move(Run *r, uint32_t i) {
        const MoveOutcome *o = &r->outcomes[i];

        r->slots[i].step = STEP_ENDED;
        if (o->end != MOVE_DONE && o->end != MOVE_DRY)
                r->missed = true;
        if (r->hooks.result && r->hooks.result(r->hooks.arg, i, o) != 0)
                r->stopped = true;
}

static void run_waves_refuse(Run *r, uint32_t i, MoveEnd end, const char *why) {
        r->outcomes[i].end = end;
        (void) snprintf(r->outcomes[i].why, sizeof(r->outcomes[i].why), "%s", why);
        end_move(r, i);
}

static bool run_waves_touches(const MoveOrder *m, const MoveOrder *other) {
        return strcmp(m->vm, other->vm) == 0 || strcmp(m->from, other->from) == 0 ||
               strcmp(m->from, other->to) == 0 || strcmp(m->to, other->from) == 0 ||
               strcmp(m->to, other->to) == 0;
}

/* Nobody knows where its VM is: what touches it or its hosts is left out. */
static void run_waves_fence(Run *r, uint32_t unclear) {
        const MoveOrder *m = r->moves[unclear].request.order;
        char why[sizeof(r->outcomes[0].why)];

        r->unclear++;
        if (r->unclear > 1)
                r->stopped = true;
        (void) snprintf(why, sizeof(why), "how the migration of %.60s from %.60s to %.60s ended is not known",
                        m->vm, m->from, m->to);
        for (uint32_t i = 0; i < r->n; i++)
                if (r->slots[i].step == STEP_WAITING && run_waves_touches(r->moves[i].request.order, m))
                        run_waves_refuse(r, i, MOVE_LEFT_OUT, why);
}

static void check_stop(Run *r) {
        StopRequest stop_request = r->hooks.stop_request ? r->hooks.stop_request(r->hooks.arg) : STOP_NONE;

        if (stop_request != STOP_NONE)
                r->stopped = true;
        if (stop_request != STOP_ABORT || r->aborting)
                return;
        r->aborting = true;
        for (uint32_t i = 0; i < r->n; i++)
                if (r->slots[i].step == STEP_RUNNING)
                        r->executor->abort(r->executor->self, r->slots[i].id);
}

/* Whether one more may run now, by the limits. */
static bool run_waves_has_room(const Run *r, const MigrationRequest *wanted) {
        const RunLimits *l = &r->options.limits;
        uint32_t in = 0, out = 0;

        if (l->in_all > 0 && r->running >= l->in_all)
                return false;
        for (uint32_t i = 0; i < r->n; i++) {
                if (r->slots[i].step != STEP_RUNNING)
                        continue;
                in += strcmp(r->moves[i].request.order->to, wanted->order->to) == 0;
                out += strcmp(r->moves[i].request.order->from, wanted->order->from) == 0;
        }
        return (l->per_host_in == 0 || in < l->per_host_in) &&
               (l->per_host_out == 0 || out < l->per_host_out);
}

/* Whether `other`, that runs, has had its part of the time that moves have of a link: so they do not end
 * together, and the link is not idle while the next ones prepare. Those that send for longer than they
 * prepare are first seen through that; short ones prepare at once. One that is seen to have little left has
 * had it, whatever was predicted. */
static bool has_had_its_part(const Run *r, uint32_t other, uint32_t at_once) {
        const usec_t alone = r->moves[other].sends / at_once, prepares = r->options.prepares;
        const usec_t since = r->executor->now(r->executor->self) - r->slots[other].started_at;

        return since >= alone / at_once + (alone < prepares ? 0 : prepares) ||
               r->outcomes[other].status.phase > MIGRATION_RUNNING || link_share_ends_soon(r->share, other);
}

static bool is_too_soon(const Run *r, uint32_t i) {
        const uint32_t at_once = link_share_planned(r->share, i);
        const MigrationRequest *wanted = &r->moves[i].request;

        if (!r->executor->now || at_once < 2)
                return false;
        for (uint32_t k = r->first; k < r->ahead; k++) {
                const MigrationRequest *other = &r->moves[k].request;

                if (r->slots[k].step == STEP_RUNNING &&
                    (strcmp(other->order->from, wanted->order->from) == 0 ||
                     strcmp(other->order->to, wanted->order->to) == 0) &&
                    !has_had_its_part(r, k, at_once))
                        return true;
        }
        return false;
}

static bool may_begin(const Run *r, uint32_t i) {
        return r->slots[i].step == STEP_WAITING && !r->slots[i].held &&
               run_waves_has_room(r, &r->moves[i].request) &&
               link_share_busy(r->share, i) < link_share_planned(r->share, i) && !is_too_soon(r, i) &&
               (!r->hooks.may_join || r->running == 0 || r->hooks.may_join(r->hooks.arg, i));
}

static int run_waves_begin(Run *r, uint32_t i) {
        MigrationRequest request = r->moves[i].request;
        const int64_t cap = link_share_begin(r->share, i);
        int started;

        if (cap > 0 && r->executor->limit)
                request.manner.bandwidth_kbit = cap * KBIT_A_MIB;
        started = r->executor->start(r->executor->self, &request, &r->slots[i].id);
        if (started < 0)
                link_share_end(r->share, i);
        return started;
}

/* early: before the wave of the moves that run has ended. */
static void start_move(Run *r, uint32_t i, bool early) {
        char why[sizeof(r->outcomes[i].why)] = "it could not be checked again";
        int checked = r->hooks.recheck ? r->hooks.recheck(r->hooks.arg, i, why, sizeof(why)) : 0;
        int written, started;

        if (checked != 0 && early) {
                r->slots[i].held = true;
                return;
        }
        if (checked != 0) {
                run_waves_refuse(r, i, checked == RUN_RECHECK_NEEDED ? MOVE_LEFT_OUT : MOVE_REFUSED, why);
                return;
        }
        written = r->hooks.intent ? r->hooks.intent(r->hooks.arg, i) : 0;
        if (written != 0) {
                r->stopped = true;
                if (written == RUN_INTENT_STOPPED)
                        return;
                run_waves_refuse(r, i, MOVE_REFUSED, "the intent could not be written down");
                return;
        }
        started = run_waves_begin(r, i);
        if (started < 0) {
                r->stopped = true;
                run_waves_refuse(r, i, MOVE_REFUSED, strerror(-started));
                return;
        }
        r->slots[i].step = STEP_RUNNING;
        r->slots[i].started_at = r->executor->now ? r->executor->now(r->executor->self) : 0;
        r->running++;
}

/* Starts what may start of [first, end). */
static void start_some(Run *r, uint32_t first, uint32_t end, bool early) {
        for (uint32_t i = first; i < end; i++) {
                if (!may_begin(r, i))
                        continue;
                check_stop(r);
                if (r->stopped)
                        return;
                start_move(r, i, early);
        }
}

static bool run_waves_has_waiting(const Run *r, uint32_t first, uint32_t end) {
        for (uint32_t i = first; i < end; i++)
                if (r->slots[i].step == STEP_WAITING)
                        return true;
        return false;
}

static bool has_running(const Run *r, uint32_t first, uint32_t end) {
        for (uint32_t i = first; i < end; i++)
                if (r->slots[i].step == STEP_RUNNING)
                        return true;
        return false;
}

static void start_all(Run *r) {
        if (!r->stopped)
                start_some(r, r->first, r->end, false);
        if (!r->stopped && r->options.overlap && r->running > 0 &&
            !run_waves_has_waiting(r, r->first, r->end))
                start_some(r, r->end, r->ahead, true);
}

static void end_running(Run *r, uint32_t i) {
        MoveOutcome *o = &r->outcomes[i];

        r->executor->forget(r->executor->self, r->slots[i].id);
        link_share_end(r->share, i);
        r->running--;
        o->end = end_of_phase(o->status.phase);
        (void) snprintf(o->why, sizeof(o->why), "%s", o->status.message);
        end_move(r, i);
        if (o->end == MOVE_UNCLEAR)
                run_waves_fence(r, i);
        for (uint32_t k = r->first; k < r->ahead; k++)
                r->slots[k].held = false;
}

static void set_cap(void *arg, uint32_t move, int64_t mib_s) {
        const Run *r = arg;

        r->executor->limit(r->executor->self, r->slots[move].id, mib_s);
}

/* How many of them ended. */
static uint32_t poll_running(Run *r) {
        uint32_t ended = 0;

        for (uint32_t i = r->first; i < r->ahead; i++) {
                MoveOutcome *o = &r->outcomes[i];

                if (r->slots[i].step != STEP_RUNNING)
                        continue;
                r->executor->poll(r->executor->self, r->slots[i].id, &o->status);
                if (migration_has_ended(o->status.phase)) {
                        end_running(r, i);
                        ended++;
                        continue;
                }
                link_share_look(r->share, i, &o->status);
                if (r->hooks.progress)
                        r->hooks.progress(r->hooks.arg, i, &o->status);
        }
        if (r->executor->limit)
                link_share_settle(r->share, set_cap, r);
        return ended;
}

static void run_wave(Run *r) {
        for (;;) {
                uint32_t ended;

                start_all(r);
                ended = poll_running(r);
                if (!has_running(r, r->first, r->end) &&
                    (r->stopped || !run_waves_has_waiting(r, r->first, r->end)))
                        return;
                if (ended == 0 && r->running > 0)
                        r->executor->wait(r->executor->self, r->options.step);
                check_stop(r);
        }
}

/* What runs still of a run that was stopped. */
static void run_out(Run *r) {
        while (r->running > 0) {
                if (poll_running(r) == 0)
                        r->executor->wait(r->executor->self, r->options.step);
                check_stop(r);
        }
}

static void leave_rest(Run *r) {
        for (uint32_t i = 0; i < r->n; i++) {
                if (r->slots[i].step != STEP_WAITING)
                        continue;
                (void) snprintf(r->outcomes[i].why, sizeof(r->outcomes[i].why),
                                "the run was stopped before it");
                end_move(r, i);
        }
}

static uint32_t end_of_wave(const Run *r, uint32_t first) {
        uint32_t end = first;

        while (end < r->n && r->moves[end].request.order->wave == r->moves[first].request.order->wave)
                end++;
        assert(end == r->n || r->moves[end].request.order->wave > r->moves[first].request.order->wave);
        return end;
}

static LinkShareOptions link_options(const RunOptions *o) {
        return (LinkShareOptions){ .per_out = o->limits.per_host_out,
                                   .per_in = o->limits.per_host_in,
                                   .most_kbit = o->link_kbit,
                                   .prepares = o->prepares };
}

int run_waves(const Executor *executor, const RunMove *moves, uint32_t n, RunOptions options, RunHooks hooks,
              MoveOutcome *ret_outcomes) {
        Run r = { .executor = executor,
                  .moves = moves,
                  .n = n,
                  .options = options,
                  .hooks = hooks,
                  .outcomes = ret_outcomes };

        if (n == 0)
                return 0;
        memset(ret_outcomes, 0, n * sizeof(*ret_outcomes)); /* MOVE_NOT_REACHED */
        r.slots = calloc(n, sizeof(*r.slots));
        if (!r.slots || link_share_new(moves, n, link_options(&options), &r.share) < 0) {
                free(r.slots);
                return -ENOMEM;
        }
        if (r.options.step <= 0)
                r.options.step = 200 * USEC_PER_MSEC;
        for (; r.first < n && !r.stopped; r.first = r.end) {
                r.end = end_of_wave(&r, r.first);
                r.ahead = end_of_wave(&r, r.end);
                run_wave(&r);
        }
        r.first = 0;
        run_out(&r);
        leave_rest(&r);
        r.share = link_share_free(r.share);
        free(r.slots);
        return r.missed ? 1 : 0;
}
