#include "scheduler/act/run_waves.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const move_end_names[MOVE_END_N] = {
        [MOVE_NOT_REACHED] = "not-reached",
        [MOVE_REFUSED] = "refused",
        [MOVE_DONE] = "done",
        [MOVE_DRY] = "dry-run",
        [MOVE_FAILED] = "failed",
        [MOVE_ABORTED] = "aborted",
        [MOVE_UNCLEAR] = "unclear",
        [MOVE_FOREIGN] = "foreign",
};

typedef enum Step {
        STEP_WAITING,
        STEP_RUNNING,
        STEP_ENDED,
} Step;

typedef struct Slot {
        Step step;
        uint32_t id; /* the executor's, while running */
} Slot;

typedef struct Run {
        const Executor *executor;
        const RunMove *moves;
        uint32_t n;
        RunOptions options;
        RunHooks hooks;
        MoveOutcome *outcomes;
        Slot *slots;
        uint32_t running;
        bool missed;   /* a move did not come about: this wave is the last */
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
        if (o->end == MOVE_UNCLEAR)
                r->stopped = true;
        if (r->hooks.result && r->hooks.result(r->hooks.arg, i, o) != 0)
                r->stopped = true;
}

static void refuse(Run *r, uint32_t i, const char *why) {
        r->outcomes[i].end = MOVE_REFUSED;
        (void) snprintf(r->outcomes[i].why, sizeof(r->outcomes[i].why), "%s", why);
        end_move(r, i);
}

static void heed_wish(Run *r) {
        RunWish wish = r->hooks.wish ? r->hooks.wish(r->hooks.arg) : RUN_ON;

        if (wish != RUN_ON)
                r->stopped = true;
        if (wish != RUN_ABORT || r->aborting)
                return;
        r->aborting = true;
        for (uint32_t i = 0; i < r->n; i++)
                if (r->slots[i].step == STEP_RUNNING)
                        r->executor->abort(r->executor->self, r->slots[i].id);
}

/* Whether one more may run now, by the limits. */
static bool has_room(const Run *r, const MigrationRequest *wanted) {
        const RunLimits *l = &r->options.limits;
        uint32_t in = 0, out = 0;

        if (l->in_all > 0 && r->running >= l->in_all)
                return false;
        for (uint32_t i = 0; i < r->n; i++) {
                if (r->slots[i].step != STEP_RUNNING)
                        continue;
                in += strcmp(r->moves[i].request.to, wanted->to) == 0;
                out += strcmp(r->moves[i].request.from, wanted->from) == 0;
        }
        return (l->per_host_in == 0 || in < l->per_host_in) &&
               (l->per_host_out == 0 || out < l->per_host_out);
}

static void start_move(Run *r, uint32_t i) {
        char why[sizeof(r->outcomes[i].why)] = "it could not be checked again";
        int checked = r->hooks.recheck ? r->hooks.recheck(r->hooks.arg, i, why, sizeof(why)) : 0;
        int started;

        if (checked != 0) {
                refuse(r, i, why);
                return;
        }
        if (r->hooks.intent && r->hooks.intent(r->hooks.arg, i) != 0) {
                r->stopped = true;
                refuse(r, i, "the intent could not be written down");
                return;
        }
        started = r->executor->start(r->executor->self, &r->moves[i].request, &r->slots[i].id);
        if (started < 0) {
                r->stopped = true;
                refuse(r, i, strerror(-started));
                return;
        }
        r->slots[i].step = STEP_RUNNING;
        r->running++;
}

/* Starts what may start of the wave that begins at `first` and ends before `end`. */
static void start_some(Run *r, uint32_t first, uint32_t end) {
        for (uint32_t i = first; i < end; i++) {
                if (r->slots[i].step != STEP_WAITING || !has_room(r, &r->moves[i].request))
                        continue;
                heed_wish(r);
                if (r->stopped)
                        return;
                start_move(r, i);
        }
}

/* How many of them ended. */
static uint32_t poll_running(Run *r, uint32_t first, uint32_t end) {
        uint32_t ended = 0;

        for (uint32_t i = first; i < end; i++) {
                MoveOutcome *o = &r->outcomes[i];

                if (r->slots[i].step != STEP_RUNNING)
                        continue;
                r->executor->poll(r->executor->self, r->slots[i].id, &o->status);
                if (!migration_has_ended(o->status.phase)) {
                        if (r->hooks.progress)
                                r->hooks.progress(r->hooks.arg, i, &o->status);
                        continue;
                }
                r->executor->forget(r->executor->self, r->slots[i].id);
                r->running--;
                ended++;
                o->end = end_of_phase(o->status.phase);
                (void) snprintf(o->why, sizeof(o->why), "%s", o->status.message);
                end_move(r, i);
        }
        return ended;
}

static bool has_waiting(const Run *r, uint32_t first, uint32_t end) {
        for (uint32_t i = first; i < end; i++)
                if (r->slots[i].step == STEP_WAITING)
                        return true;
        return false;
}

static void run_wave(Run *r, uint32_t first, uint32_t end) {
        for (;;) {
                uint32_t ended;

                if (!r->stopped)
                        start_some(r, first, end);
                ended = poll_running(r, first, end);
                if (r->running == 0 && (r->stopped || !has_waiting(r, first, end)))
                        return;
                if (ended == 0 && r->running > 0)
                        r->executor->wait(r->executor->self, r->options.step);
                heed_wish(r);
        }
}

static void leave_rest(Run *r) {
        for (uint32_t i = 0; i < r->n; i++) {
                if (r->slots[i].step != STEP_WAITING)
                        continue;
                (void) snprintf(r->outcomes[i].why, sizeof(r->outcomes[i].why), "%s",
                                r->stopped ? "the run was stopped before it"
                                           : "a move before it did not come about; plan again");
                end_move(r, i);
        }
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
        if (!r.slots)
                return -ENOMEM;
        if (r.options.step <= 0)
                r.options.step = 200 * USEC_PER_MSEC;
        for (uint32_t first = 0, end; first < n && !r.missed && !r.stopped; first = end) {
                for (end = first + 1; end < n && moves[end].wave == moves[first].wave;)
                        end++;
                assert(end == n || moves[end].wave > moves[first].wave);
                run_wave(&r, first, end);
        }
        leave_rest(&r);
        free(r.slots);
        return r.missed ? 1 : 0;
}
