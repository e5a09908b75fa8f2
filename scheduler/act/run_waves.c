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
        [MOVE_CUT_SHORT] = "cut-short",
        [MOVE_LEFT_OUT] = "left-out",
};

typedef enum Step {
        STEP_WAITING,
        STEP_RUNNING,
        STEP_ENDED,
} Step;

typedef struct Slot {
        Step step;
        MoveOutcome *ret; /* of who added it */
        bool cut;         /* it was told to stop, so that another one can begin */
        bool by_person;   /* …, since a person wants it */
        char cut_why[256];
        uint32_t id;       /* the executor's, while running */
        usec_t started_at; /* by the executor's clock */
        bool held;         /* started ahead of its turn it would not be right yet: until a move ends */
} Slot;

struct Run {
        const Executor *executor;
        RunMove *moves;
        uint32_t n;
        RunOptions options;
        RunHooks hooks;
        MoveOutcome *outcomes;
        Slot *slots;
        LinkShare *share;
        uint32_t plan; /* the first move of the plan that was added last */
        uint32_t first, end,
                ahead; /* the wave is [first, end), the one after it [end, ahead); first n: no wave
                                       is to come */
        uint32_t running;
        uint32_t unclear;
        bool stopped;  /* nothing more starts */
        bool aborting; /* those that run were told to stop */
};

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
        *r->slots[i].ret = *o;
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
        (void) snprintf(why, sizeof(why),
                        "the end of the migration of %.60s from %.60s to %.60s is not known", m->vm, m->from,
                        m->to);
        for (uint32_t i = 0; i < r->n; i++)
                if (r->slots[i].step == STEP_WAITING && run_waves_touches(r->moves[i].request.order, m))
                        run_waves_refuse(r, i, MOVE_LEFT_OUT, why);
}

/* What the executor has not begun with, since hosts do not answer, is not begun any more. */
static void run_waves_drop_queued(Run *r) {
        for (uint32_t i = 0; i < r->n; i++) {
                MigrationStatus s = { .phase = MIGRATION_RUNNING };

                if (r->slots[i].step != STEP_RUNNING || r->moves[i].request.resume)
                        continue;
                r->executor->poll(r->executor->self, r->slots[i].id, &s);
                if (s.phase == MIGRATION_QUEUED)
                        r->executor->abort(r->executor->self, r->slots[i].id);
        }
}

static void check_stop(Run *r) {
        StopRequest stop_request = r->hooks.stop_request ? r->hooks.stop_request(r->hooks.arg) : STOP_NONE;

        if (stop_request != STOP_NONE) {
                r->stopped = true;
                run_waves_drop_queued(r);
        }
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
        for (uint32_t k = r->plan; k < r->ahead; k++) {
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
               run_waves_has_room(r, &r->moves[i].request) && link_share_has_room(r->share, i) &&
               !is_too_soon(r, i) &&
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
                run_waves_refuse(r, i, MOVE_REFUSED, "the journal entry could not be written");
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

void run_waves_cut(Run *r, uint32_t move, const char *why) {
        Slot *slot = &r->slots[move];

        if (slot->step != STEP_RUNNING || slot->cut || slot->by_person)
                return;
        slot->cut = true;
        (void) snprintf(slot->cut_why, sizeof(slot->cut_why), "%s", why);
        r->executor->abort(r->executor->self, slot->id);
}

void run_waves_abort(Run *r, uint32_t move, const char *why) {
        Slot *slot = &r->slots[move];

        if (slot->step != STEP_RUNNING || slot->by_person)
                return;
        slot->by_person = true;
        (void) snprintf(slot->cut_why, sizeof(slot->cut_why), "%s", why);
        r->executor->abort(r->executor->self, slot->id);
}

/* Whether what runs keeps it from beginning: too much in all, or on its links. */
static bool run_waves_is_in_the_way(const Run *r, uint32_t waiting, uint32_t other) {
        const MoveOrder *w = r->moves[waiting].request.order, *o = r->moves[other].request.order;
        const RunLimits *l = &r->options.limits;

        return r->slots[other].step == STEP_RUNNING &&
               ((l->in_all > 0 && r->running >= l->in_all) || strcmp(w->from, o->from) == 0 ||
                strcmp(w->to, o->to) == 0);
}

/* One of those that are in the way of what cannot wait is aborted, unless one is about to end so already. */
static void run_waves_make_way(Run *r, uint32_t waiting) {
        char why[sizeof(r->slots->cut_why)], best_why[sizeof(why)] = "";
        uint32_t best = r->n;
        int64_t most = 0;

        if (!r->hooks.makes_way || r->slots[waiting].step != STEP_WAITING ||
            (run_waves_has_room(r, &r->moves[waiting].request) && link_share_has_room(r->share, waiting)))
                return;
        for (uint32_t k = 0; k < r->n; k++) {
                int64_t worth;

                if (!run_waves_is_in_the_way(r, waiting, k))
                        continue;
                if (r->slots[k].cut)
                        return;
                worth = r->hooks.makes_way(r->hooks.arg, waiting, k, why, sizeof(why));
                if (worth <= most)
                        continue;
                most = worth;
                best = k;
                memcpy(best_why, why, sizeof(why));
        }
        if (best < r->n)
                run_waves_cut(r, best, best_why);
}

/* Starts what may start of [first, end). */
static void start_some(Run *r, uint32_t first, uint32_t end, bool early) {
        for (uint32_t i = first; i < end; i++) {
                if (!may_begin(r, i)) {
                        run_waves_make_way(r, i);
                        continue;
                }
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
        if (r->slots[i].cut && !r->slots[i].by_person && o->end == MOVE_ABORTED)
                o->end = MOVE_CUT_SHORT;
        (void) snprintf(o->why, sizeof(o->why), "%s",
                        o->end == MOVE_CUT_SHORT || (r->slots[i].by_person && o->end == MOVE_ABORTED)
                                ? r->slots[i].cut_why
                                : o->status.message);
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

        for (uint32_t i = 0; i < r->n; i++) {
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

static void leave_rest(Run *r, const char *why) {
        for (uint32_t i = 0; i < r->n; i++) {
                if (r->slots[i].step != STEP_WAITING)
                        continue;
                (void) snprintf(r->outcomes[i].why, sizeof(r->outcomes[i].why), "%s", why);
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

/* The first wave from `first` on, if there is to be one. */
static void turn_to(Run *r, uint32_t first) {
        r->first = r->stopped ? r->n : first;
        r->end = end_of_wave(r, r->first);
        r->ahead = end_of_wave(r, r->end);
}

static bool wave_is_over(const Run *r) {
        return !has_running(r, r->first, r->end) &&
               (r->stopped || !run_waves_has_waiting(r, r->first, r->end));
}

bool run_waves_step(Run *r) {
        const bool in_wave = r->first < r->n;
        uint32_t ended;

        if (!in_wave && r->running == 0) {
                leave_rest(r, "the run was stopped before it");
                return false;
        }
        if (in_wave)
                start_all(r);
        ended = poll_running(r);
        if (in_wave && wave_is_over(r)) {
                turn_to(r, r->end);
                return true;
        }
        if (ended == 0 && r->running > 0)
                r->executor->wait(r->executor->self, r->options.step);
        check_stop(r);
        return true;
}

static LinkShareOptions link_options(const RunOptions *o) {
        return (LinkShareOptions){ .per_out = o->limits.per_host_out,
                                   .per_in = o->limits.per_host_in,
                                   .most_kbit = o->link_kbit,
                                   .prepares = o->prepares };
}

int run_waves_open(const Executor *executor, RunOptions options, RunHooks hooks, Run **ret) {
        Run *r = calloc(1, sizeof(*r));

        if (!r)
                return -ENOMEM;
        *r = (Run){ .executor = executor, .options = options, .hooks = hooks };
        r->share = link_share_new(link_options(&options));
        if (!r->share) {
                free(r);
                return -ENOMEM;
        }
        if (r->options.step <= 0)
                r->options.step = 200 * USEC_PER_MSEC;
        *ret = r;
        return 0;
}

Run *run_waves_free(Run *r) {
        if (r) {
                r->share = link_share_free(r->share);
                free(r->moves);
                free(r->outcomes);
                free(r->slots);
                free(r);
        }
        return NULL;
}

/* What was grown of several stays so where one could not be. */
static int run_waves_grow(Run *r, size_t n) {
        return GROW(r->moves, n) && GROW(r->outcomes, n) && GROW(r->slots, n) ? 0 : -ENOMEM;
}

int run_waves_add(Run *r, const RunMove *moves, uint32_t n, MoveOutcome *ret_outcomes) {
        const uint32_t first = r->n;

        if (n == 0)
                return 0;
        if (run_waves_grow(r, (size_t) first + n) < 0 || link_share_add(r->share, moves, n) < 0)
                return -ENOMEM;
        run_waves_overtake(r);
        memcpy(r->moves + first, moves, n * sizeof(*moves));
        memset(r->outcomes + first, 0, n * sizeof(*r->outcomes)); /* MOVE_NOT_REACHED */
        memset(ret_outcomes, 0, n * sizeof(*ret_outcomes));
        for (uint32_t i = 0; i < n; i++)
                r->slots[first + i] = (Slot){ .ret = &ret_outcomes[i] };
        r->n += n;
        r->plan = first;
        r->unclear = 0;
        r->stopped = r->aborting;
        turn_to(r, first);
        return 0;
}

void run_waves_overtake(Run *r) {
        leave_rest(r,
                   r->stopped ? "the run was stopped before it" : "it is planned again, with new requests");
        r->first = r->end = r->ahead = r->n;
}

bool run_waves_begins_more(const Run *r) {
        return !r->stopped && run_waves_has_waiting(r, r->first, r->n);
}

int run_waves(const Executor *executor, const RunMove *moves, uint32_t n, RunOptions options, RunHooks hooks,
              MoveOutcome *ret_outcomes) {
        Run *run = NULL;
        int r = run_waves_open(executor, options, hooks, &run);

        if (r == 0)
                r = run_waves_add(run, moves, n, ret_outcomes);
        while (r == 0 && run_waves_step(run))
                ;
        (void) run_waves_free(run);
        for (uint32_t i = 0; r == 0 && i < n; i++)
                if (ret_outcomes[i].end != MOVE_DONE && ret_outcomes[i].end != MOVE_DRY)
                        r = 1;
        return r;
}
