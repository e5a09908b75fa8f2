/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/service/service_round.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/app/round/round_record.h"
#include "scheduler/app/round/round_store.h"
#include "scheduler/app/service/service_work.h"
#include "scheduler/app/text/plan_text.h"
#include "scheduler/base/log.h"
#include "scheduler/milp/exact.h"

#define QUOTE 512

/* ---- the steps of a round ---- */

static void grade_changed(const GradeChange *c) {
        char quoted[QUOTE];

        log_event(c->is > c->was ? LOG_WARNING : LOG_INFO, c->is > c->was ? "fault.rose" : "fault.fell",
                  "host=%s device=\"%s\" grade=%lld was=%lld why=%s", c->host, c->device, (long long) c->is,
                  (long long) c->was, log_quote(c->why ? c->why : "", quoted, sizeof(quoted)));
}

/* What the round has learned of failing hardware outlives it. */
static int write_faults(RoundState *w) {
        const ServiceRound *x = w->x;
        char quoted[QUOTE];
        int r = fault_store_write(source_faults(x->source), x->leadership, x->arena, w->input.now,
                                  grade_changed);

        if (r == 0)
                return 0;
        log_event(LOG_WARNING, "faults.lost", "error=%s",
                  r == 1 ? "\"another leads\"" : log_quote(store_error(x->store), quoted, sizeof(quoted)));
        w->live.summary = "no plan: what is remembered of failing hardware could not be kept";
        return r == 1 ? -ECANCELED : r;
}

/* What earlier decisions have led to; and whether predictions were too wrong to go on with balance. */
static int update_audit(RoundState *w) {
        const ServiceRound *x = w->x;
        char quoted[QUOTE];
        int r = audit_store_look(x->leadership, x->arena, x->settings, w->facts);

        if (r == 0)
                r = audit_store_verdict(x->store, x->arena, x->settings, &w->input.paused);
        if (r != 0)
                return r == 1 ? -ECANCELED : r;
        w->live.paused = w->input.paused;
        if (w->input.paused && !*x->paused)
                log_event(LOG_WARNING, "balance.paused", "why=%s",
                          log_quote(w->input.paused, quoted, sizeof(quoted)));
        if (!w->input.paused && *x->paused)
                log_event(LOG_INFO, "balance.resumed",
                          "why=\"predictions were right again, or acknowledged\"");
        *x->paused = w->input.paused != NULL;
        return 0;
}

static void say_failed(RoundState *w, int error) {
        char quoted[QUOTE];

        log_event(LOG_ERROR, "round.failed", "error=%s",
                  log_quote(error == -EPROTO
                                    ? "the judge refused the planner's plan: a defect, nothing is moved"
                                    : strerrordesc_np(-error),
                            quoted, sizeof(quoted)));
        w->live.summary = "no plan: see the service's log";
}

static int service_round_read_facts(RoundState *w) {
        const ServiceRound *x = w->x;
        char quoted[QUOTE];
        const char *text;
        TextFault fault;
        int r = source_read(x->source, x->arena, x->settings, &w->input.snapshot, &fault);

        if (r < 0) {
                log_event(LOG_WARNING, "round.blind", "error=%s",
                          log_quote(fault.what, quoted, sizeof(quoted)));
                w->live.summary = text_format(x->arena, "no facts: %s", fault.what);
                return r;
        }
        w->facts = source_facts(x->source);
        for (uint32_t i = 0; (text = source_notice(x->source, i)); i++)
                log_event(LOG_WARNING, "host.notice", "notice=%s", log_quote(text, quoted, sizeof(quoted)));
        r = write_faults(w);
        if (r == 0)
                r = demand_store_round(x->demand, x->leadership, x->arena, x->settings, w->input.snapshot,
                                       &w->input.snapshot);
        if (r == 1)
                r = -ECANCELED; /* another leads */
        if (r == 0 && x->demand->note)
                log_event(LOG_WARNING, "demand.lost", "why=%s",
                          log_quote(x->demand->note, quoted, sizeof(quoted)));
        if (r == 0)
                r = update_audit(w);
        if (r == 0)
                r = round_store_holds(x->store, x->arena, &w->input);
        if (r < 0)
                say_failed(w, r);
        return r;
}

/* Those that must leave their host and cannot, with the reason. */
static int live_stays(RoundState *w) {
        const Plan *plan = w->round.plan;
        const Snapshot *s = w->round.snapshot;
        const Problem *p = w->round.problem;
        LiveStay *stays = arena_new(w->x->arena, LiveStay, LIVE_STAYS_MAX);

        if (!stays)
                return -ENOMEM;
        for (uint32_t i = 0; i < plan->n_refused; i++) {
                VmIx v = plan->refused[i].vm;
                const Vm *vm = &s->vms[v];

                if (problem_leave(p, v, vm->host) == 0 || w->live.n_stays_all++ >= LIVE_STAYS_MAX)
                        continue;
                stays[w->live.n_stays++] =
                        (LiveStay){ .vm = vm->name,
                                    .host = s->hosts[vm->host].name,
                                    .why = !vm->movable && vm->unmovable_why
                                                   ? vm->unmovable_why
                                                   : reason_texts[plan->refused[i].reason] };
        }
        w->live.stays = stays;
        return 0;
}

static int show_plan(RoundState *w) {
        const Plan *plan = w->round.plan;
        MoveOrder *orders = arena_new(w->x->arena, MoveOrder, plan->n_moves);

        w->live.summary = plan_text_summary(w->x->arena, plan);
        if (!orders || !w->live.summary)
                return -ENOMEM;
        for (uint32_t i = 0; i < plan->n_moves; i++)
                orders[i] = move_order_of(w->round.snapshot, &plan->moves[i]);
        w->live.plan_status = plan_status_names[plan->status];
        w->live.over_limit = plan->before.over_limit;
        return work_show_moves(w, orders, plan->n_moves) < 0 ? -ENOMEM : live_stays(w);
}

static int run_plan(RoundState *w) {
        char quoted[QUOTE];
        TextFault fault;
        int r = mover_moves_of_plan(w->x->arena, w->round.snapshot, w->round.plan, &w->moves, &fault);

        if (r == -ENOENT) {
                log_event(LOG_WARNING, "plan.blocked", "why=%s",
                          log_quote(fault.what, quoted, sizeof(quoted)));
                return 0;
        }
        if (r < 0)
                return r;
        w->n = w->round.plan->n_moves;
        return work_run(w);
}

static void log_plan(const RoundState *w) {
        const Plan *p = w->round.plan;

        assert(p);
        log_event(LOG_INFO, "round.planned",
                  "status=%s hosts=%u vms=%u moves=%u waves=%u refused=%u over_load_line=%u after=%u "
                  "took_ms=%lld",
                  plan_status_names[p->status], w->round.snapshot->n_hosts, w->round.snapshot->n_vms,
                  p->n_moves, p->n_waves, p->n_refused_all, p->before.over_limit, p->after.over_limit,
                  (long long) (w->round.took / USEC_PER_MSEC));
}

static bool is_urgent(const Plan *p) {
        for (int t = TIER_REPAIR; t <= TIER_EVACUATE; t++)
                if (p->after.costs.tier[t] < p->before.costs.tier[t])
                        return true;
        return false;
}

/* A first look is no proof: what only balances waits until it was wanted for the hold time. Only the load
 * line's and balance's tiers wait. */
static bool service_round_held(RoundState *w) {
        const ServiceRound *x = w->x;
        usec_t now = work_monotonic(w);

        if (w->round.plan->n_moves == 0)
                return false;
        w->wanted = true;
        if (*x->wanted_since == 0)
                *x->wanted_since = now;
        return now - *x->wanted_since < x->hold;
}

/* A plan without the kinds of action in not_now; threshold 0: as the settings say. */
static int service_round_decide(RoundState *w, ServiceMode mode, unsigned not_now, uint32_t threshold) {
        int r;

        w->mode = mode;
        w->input.not_now = w->deferred | not_now;
        w->input.request.threshold = threshold;
        r = round_decide(w->x->arena, &w->input, &w->round);
        if (r < 0)
                say_failed(w, r);
        assert(r < 0 || w->round.plan);
        if (r == 0)
                r = show_plan(w);
        work_write_live(w, true);
        if (r == 0)
                log_plan(w);
        return r;
}

/* What only balances waits for the hold time. What cannot wait goes within it, and goes alone: a plan of it,
 * without what only balances. 1: nothing of the plan is to be done yet. */
static int service_round_hold_back(RoundState *w, unsigned not_now) {
        int r = 0;

        if (!service_round_held(w))
                return 0;
        w->urgent_only = is_urgent(w->round.plan);
        if (w->urgent_only)
                r = service_round_decide(w, w->mode, not_now, PLAN_THRESHOLD_MIN);
        if (r < 0 || is_urgent(w->round.plan))
                return r;
        log_event(LOG_INFO, "round.held", "moves=%u hold_s=%lld", w->round.plan->n_moves,
                  (long long) (w->x->hold / USEC_PER_SEC));
        return 1;
}

/* One that failed is not tried again at once, but those behind it are not to wait for it. */
static bool not_reached(const RoundState *w) {
        for (uint32_t i = 0; i < w->n; i++)
                if (w->outcomes[i].end == MOVE_NOT_REACHED)
                        return true;
        return false;
}

/* ---- the kinds of action, by their modes ---- */

/* What the service may do by itself. */
static int service_round_act(RoundState *w) {
        const unsigned not_now = ACTION_KINDS_ALL & ~service_modes_bits(&w->x->modes, MODE_AUTO);
        int r = service_round_decide(w, MODE_AUTO, not_now, 0);

        if (r == 0)
                r = service_round_hold_back(w, not_now);
        if (r == 0 && w->round.plan->n_moves > 0 && work_stop_request(w) == STOP_NONE)
                r = run_plan(w);
        return r < 0 ? r : 0;
}

/* What it may do once a person has said yes: a plan of that and of what it may do by itself, which had
 * nothing to do. 1: the record is written, or there is nothing to write. */
static int service_round_propose(RoundState *w) {
        const unsigned not_now = service_modes_bits(&w->x->modes, MODE_ADVISE);
        int r = service_round_decide(w, MODE_CONFIRM, not_now, 0);

        if (r == 0)
                r = service_round_hold_back(w, not_now);
        if (r != 0 || w->round.plan->n_moves == 0)
                return r;
        r = confirm_ask(w);
        return r < 0 ? r : 1;
}

/* Each step only where the one before had nothing to do: what is done changes what is to be asked. */
static int by_modes(RoundState *w) {
        const unsigned may = service_modes_bits(&w->x->modes, MODE_AUTO);
        const unsigned asks = service_modes_bits(&w->x->modes, MODE_CONFIRM);
        const char *name;
        int r = may ? service_round_act(w) : 0;

        if (r == 0 && w->n > 0 && asks)
                r = confirm_set_aside(w);
        if (r == 0 && w->n == 0 && asks)
                r = service_round_propose(w);
        if (r == 0 && w->deferred_after_failure && w->round.plan->n_moves == 0)
                return 0; /* nothing to ask, and what failed is written down */
        if (r == 0 && (!w->round.plan || w->round.plan->n_moves == 0) &&
            service_modes_bits(&w->x->modes, MODE_ADVISE))
                r = service_round_decide(w, MODE_ADVISE, 0, 0);
        if (r != 0)
                return r < 0 ? r : 0;
        assert(w->round.plan); /* each kind has a mode: one of the steps was taken */
        return work_record(w, &name);
}

static int service_round_begin(RoundState *w) {
        const ServiceRound *x = w->x;
        int r = work_settle(w);

        if (r == 0 &&
            w->settled > 0) /* rates read while they moved are no demand; who must leave does not wait */
                *x->rest_until = work_monotonic(w) + x->settle;
        if (x->urgent_only || w->settled > 0)
                w->deferred = SNAPSHOT_NO_BALANCE | SNAPSHOT_NO_LOAD;
        if (r == 0)
                r = service_round_read_facts(w);
        if (r < 0)
                work_write_live(w, true);
        return r;
}

static void service_round_end(RoundState *w) {
        const ServiceRound *x = w->x;

        *x->seen = w->input.snapshot;
        *x->moved = w->n > 0;
        *x->unfinished = w->open > 0 || w->unreached || not_reached(w);
        /* What must be done and fails each time does not put off what has been wanted for long. */
        if (work_changed(w) || !w->wanted || (w->n > 0 && !w->urgent_only))
                *x->wanted_since = 0;
        if (w->n > 0 || w->deferred_after_failure)
                *x->rest_until = work_monotonic(w) + x->settle;
        work_write_live(w, true);
}

int service_round(const ServiceRound *x) {
        Workers workers = workers_threads(0);
        RoundState w = { .x = x };
        int r;

        w.input = (RoundInput){ .settings = x->settings,
                                .request = PLAN_REQUEST_DEFAULT,
                                .now = work_now(&w),
                                .clock = x->leadership->world->clock,
                                .think = settings_int(x->settings, "service", "think") };
        w.input.request.workers = &workers;
        w.input.request.solver = &exact_solver;
        w.live = (LiveState){ .leader = x->leadership->self,
                              .mode = service_mode_names[x->modes.usual],
                              .modes = x->modes,
                              .round_at = w.input.now,
                              .summary = "" };
        r = service_round_begin(&w);
        if (r < 0)
                return r;
        r = confirm_update(&w);
        if (r == 0)
                r = by_modes(&w);
        service_round_end(&w);
        return r > 0 ? 0 : r;
}
