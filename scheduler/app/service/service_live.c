/* SPDX-License-Identifier: Apache-2.0 */
/* What a round shows of itself while it lasts (plimsoll status). */
#include <errno.h>
#include <string.h>

#include "scheduler/app/service/service_parts.h"
#include "scheduler/app/text/plan_text.h"
#include "scheduler/base/log.h"
#include "scheduler/model/host_silence.h"
#include "scheduler/model/vm_mode.h"
#include "scheduler/store/store_unread.h"

#define LIVE_EVERY USEC_PER_SEC
#define LIVE_SLACK (5 * USEC_PER_SEC)

/* The next round has read its facts and planned by then, or this service is no more. */
static usec_t service_live_next_by(const ServiceRound *round) {
        const usec_t rest = round->memory->rest_until - round_monotonic(round);

        return round_now(round) + (rest > round->interval ? rest : round->interval) +
               settings_int(round->settings, "service", "think") + LIVE_SLACK;
}

static uint32_t service_live_running(const RoundDisplay *shown, LiveMove *to) {
        uint32_t n = 0;

        for (uint32_t i = 0; i < shown->live.n_moves; i++)
                if (!migration_has_ended(shown->moves[i].status.phase) &&
                    shown->moves[i].status.phase != MIGRATION_QUEUED)
                        to[n++] = shown->moves[i];
        return n;
}

/* What of earlier rounds runs, and its own moves. */
static int service_live_all(Arena *a, const RoundDisplay *shown, LiveState *io) {
        uint32_t n = 0;
        LiveMove *moves;

        if (!shown->older)
                return 0;
        for (const RoundDisplay *d = shown; d; d = d->older)
                n += d->live.n_moves;
        moves = arena_new(a, LiveMove, n);
        if (!moves)
                return -ENOMEM;
        n = 0;
        for (const RoundDisplay *d = shown->older; d; d = d->older)
                n += service_live_running(d, moves + n);
        for (uint32_t i = 0; i < shown->live.n_moves; i++)
                moves[n++] = shown->moves[i];
        io->moves = moves;
        io->n_moves = n;
        return 0;
}

static int service_live_unread(Arena *a, const Drops *unread, LiveState *io) {
        const char **words = arena_new(a, const char *, drops_named(unread));

        if (!words)
                return -ENOMEM;
        for (uint32_t i = 0; i < drops_named(unread); i++)
                words[i] = unread->words[i];
        io->unread = (Strings){ .at = words, .n = drops_named(unread) };
        return 0;
}

void service_live_show(const ServiceRun *run, bool now) {
        service_live_write(run->last, run->shown, now);
}

/* Its own arena: the round's holds what the moves are made of, and this is written every second. */
void service_live_write(const ServiceRound *round, RoundDisplay *shown, bool now) {
        static const SayState lost = { LOG_WARNING, "state.lost", "state.kept" };
        usec_t time = round_monotonic(round);
        LiveState live;
        const char *text;
        int r = 0;
        size_t n;
        Arena a;

        if ((!now && time < shown->written + LIVE_EVERY) || arena_open((size_t) 256 << 20, &a) < 0)
                return;
        shown->written = time;
        service_figures_running(round, shown);
        shown->live.written_at = round_now(round);
        shown->live.next_by = service_live_next_by(round);
        live = shown->live;
        if (service_live_unread(&a, store_unread(round->store), &live) == 0 &&
            service_live_all(&a, shown, &live) == 0 && live_state_print(&a, &live, &text, &n) == 0)
                r = store_lead_state(round->store, round->leadership->token, LIVE_STATE_NAME, text, n,
                                     3 * round->interval + round->settle + 10 * USEC_PER_SEC);
        (void) service_say(&round->memory->said.states, &lost, r < 0 ? store_error(round->store) : NULL,
                           time);
        arena_close(&a);
}

int service_live_moves(Arena *a, RoundDisplay *shown, const MoveOrder *orders, uint32_t n) {
        shown->moves = arena_new(a, LiveMove, n);
        if (!shown->moves)
                return -ENOMEM;
        for (uint32_t i = 0; i < n; i++)
                shown->moves[i] = (LiveMove){ .order = &orders[i], .status = { .phase = MIGRATION_QUEUED } };
        shown->live.moves = shown->moves;
        shown->live.n_moves = n;
        return 0;
}

/* Those that must leave their host and cannot, with the reason. */
static const char *service_live_why(Arena *a, const Vm *vm, const Refused *refused) {
        if (!vm->movable && vm->unmovable_why)
                return vm->unmovable_why;
        if (refused->by && (refused->reason == REASON_SOURCE_FENCED || refused->reason == REASON_IMAGE ||
                            refused->reason == REASON_TARGET_MISSED || refused->reason == REASON_HOST_MISSED))
                return text_format(a, "%s (%s)", reason_texts[refused->reason], refused->by);
        return reason_texts[refused->reason];
}

/* Those that nobody but a person moves, whatever this plan shows of them. */
static int service_live_kept(Arena *a, LiveState *live, LiveStay *stays, const Snapshot *s) {
        for (VmIx v = 0; v < s->n_vms; v++) {
                const Vm *vm = &s->vms[v];
                bool said = !vm_mode_keeps(s, v);

                for (uint32_t i = 0; i < live->n_stays && !said; i++)
                        said = strcmp(stays[i].vm, vm->name) == 0;
                if (said || live->n_stays_all++ >= LIVE_STAYS_MAX)
                        continue;
                stays[live->n_stays++] = (LiveStay){ .vm = vm->name,
                                                     .host = s->hosts[vm->host].name,
                                                     .why = vm_mode_words(a, vm) };
                if (!stays[live->n_stays - 1].why)
                        return -ENOMEM;
        }
        return 0;
}

static int service_live_stays(Arena *a, LiveState *live, const Round *round) {
        const Plan *plan = round->plan;
        const Snapshot *s = round->snapshot;
        LiveStay *stays = arena_new(a, LiveStay, LIVE_STAYS_MAX);

        if (!stays)
                return -ENOMEM;
        live->n_stays = live->n_stays_all = 0; /* of the last plan, not of those before it in this round */
        for (uint32_t i = 0; i < plan->n_refused; i++) {
                VmIx v = plan->refused[i].vm;
                const Vm *vm = &s->vms[v];

                if ((problem_leave(round->problem, v, vm->host) == 0 && !vm_is_stranded(s, v)) ||
                    live->n_stays_all++ >= LIVE_STAYS_MAX)
                        continue;
                stays[live->n_stays++] = (LiveStay){ .vm = vm->name,
                                                     .host = s->hosts[vm->host].name,
                                                     .why = service_live_why(a, vm, &plan->refused[i]) };
                if (!stays[live->n_stays - 1].why)
                        return -ENOMEM;
        }
        live->stays = stays;
        return service_live_kept(a, live, stays, s);
}

int service_live_plan(Arena *a, RoundDisplay *shown, const Round *round) {
        const Plan *plan = round->plan;
        MoveOrder *orders = arena_new(a, MoveOrder, plan->n_moves);

        shown->live.summary = plan_text_summary(a, round->snapshot, plan);
        if (!orders || !shown->live.summary)
                return -ENOMEM;
        for (uint32_t i = 0; i < plan->n_moves; i++)
                orders[i] = move_order_of(round->snapshot, &plan->moves[i]);
        shown->live.plan_status = plan_status_names[plan->status];
        shown->live.over_limit = plan->before.over_limit;
        if (service_live_moves(a, shown, orders, plan->n_moves) < 0)
                return -ENOMEM;
        return service_live_stays(a, &shown->live, round);
}
