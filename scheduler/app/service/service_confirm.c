/* SPDX-License-Identifier: Apache-2.0 */
/* Plans that wait for a person: of the service's own one at a time for a cluster, beside those that operators handed over
 * (service_handed.c). Each stays as it was asked as long as it holds; a person must not find another behind the id that was read.
 * A yes is for one of them: the others wait on, and what has a yes, too, is carried out by the next round, by its facts. */
#include <errno.h>
#include <string.h>

#include "policies/policies.h"
#include "scheduler/app/service/service_parts.h"
#include "scheduler/base/log.h"
#include "scheduler/decide/plan/plan_gain.h"
#include "scheduler/snapshot/files/plan_file.h"

#define QUOTE 512

/* So long a plan stays whatever else comes up that is no more pressing: somebody may be reading it. */
#define ASKED_LEAST (600 * USEC_PER_SEC)

/* ---- what became of one ---- */

static int service_confirm_refused(int r) {
        return r == 1 ? -ECANCELED : r;
}

/* Predicted, of the moves as they are in the plan file: the longest of each wave after the other. */
static void service_confirm_predict(const PlanFile *file, AuditEntry *entry) {
        int64_t longest = 0;

        for (uint32_t i = 0; file && i < file->n_moves; i++) {
                const MoveOrder *m = &file->moves[i];

                entry->predicted_bytes += m->predicted.bytes;
                longest = m->predicted.ms > longest ? m->predicted.ms : longest;
                if (i + 1 == file->n_moves || file->moves[i + 1].wave != m->wave) {
                        entry->predicted_ms += longest;
                        longest = 0;
                }
        }
}

static void service_confirm_say(const Waiting *one, const char *answer, const char *by) {
        char quoted[QUOTE];

        log_event(strcmp(answer, "dropped") == 0 ? LOG_WARNING : LOG_INFO, "plan.answered",
                  "id=%s answer=%s by=%s", one->plan.id, answer, log_quote(by, quoted, sizeof(quoted)));
}

/* Who answered what and when, or why nobody had to, stays in the audit; n_moves: of s->done, which are its. */
static int service_confirm_write_down(RoundState *s, const Waiting *one, const char *answer, const char *by,
                                      uint32_t n_moves) {
        AuditEntry e = { .at = round_now(s->given),
                         .leader = s->given->leadership->self,
                         .mode = service_mode_names[MODE_CONFIRM],
                         .record = one->plan.record && one->plan.record[0] ? one->plan.record : NULL,
                         .status = plan_status_names[one->file ? one->file->status : PLAN_IMPROVED],
                         .waiting = one->plan.id,
                         .answer = answer,
                         .by = by,
                         .answered_at = one->answered ? one->answer.at : 0 };
        int r = 0;

        service_confirm_predict(one->file, &e);
        if (n_moves > 0)
                r = mover_record(s->given->arena, s->done.orders, s->done.outcomes, n_moves, &e.moves);
        e.n_moves = r == 0 ? n_moves : 0;
        if (r == 0)
                r = audit_store_write(s->given->leadership, s->given->arena, s->given->settings,
                                      s->found.facts, e);
        return service_confirm_refused(r);
}

static int service_confirm_drop(RoundState *s, uint32_t i, const char *answer, const char *why) {
        int r;

        s->waiting.gone[i] = true;
        r = service_confirm_refused(confirm_store_remove(s->given->leadership, s->waiting.plans[i].plan.id));
        if (r < 0)
                return r;
        service_confirm_say(&s->waiting.plans[i], answer, why);
        return service_confirm_write_down(s, &s->waiting.plans[i], answer, why, 0);
}

static int service_confirm_reject(RoundState *s, uint32_t i) {
        Waiting *one = &s->waiting.plans[i];
        const usec_t again =
                service_is_handed(one) ? 0 : settings_int(s->given->settings, "service", "confirm_again");
        int r;

        one->plan.state = WAITING_REJECTED;
        one->plan.until = one->answer.at + again;
        s->waiting.gone[i] = again == 0;
        r = service_confirm_refused(
                again > 0 ? confirm_store_put(s->given->leadership, s->given->arena, &one->plan)
                          : confirm_store_remove(s->given->leadership, one->plan.id));
        if (r < 0)
                return r;
        service_confirm_say(one, "no", one->answer.by);
        return service_confirm_write_down(s, one, "no", one->answer.by, 0);
}

/* ---- whether one holds ---- */

static int service_confirm_gains(const ServiceRound *service_round, const Round *round, const PlanFile *file,
                                 PlanGain *ret) {
        const GainInput in = { .snapshot = round->snapshot,
                               .problem = round->problem,
                               .settings = service_round->settings,
                               .policies = policies_all() };

        return plan_gains(service_round->arena, &in, file->moves, file->n_moves, ret);
}

/* By the facts of this round: safe, and a gain still. *ret_why: NULL, or why not. */
static int service_confirm_judge(const ServiceRound *round, RoundFindings *found, const Waiting *one,
                                 const char **ret_why) {
        const PlanFile *file = one->file;
        const Objection *objections = NULL;
        PlanGain gain;
        uint32_t n = 0;
        int r;

        found->input.hold_from = VM_MODE_ADVISE;
        r = service_facts_pose(round, found, 0);

        *ret_why = NULL;
        if (r == 0)
                r = plan_check(round->arena, found->posed.snapshot, round->settings, file->moves,
                               file->n_moves, &objections, &n);
        if (r == 1) {
                *ret_why = text_format(round->arena, "it is no longer safe: %s",
                                       objections ? objections[0].text : "");
                return *ret_why ? 0 : -ENOMEM;
        }
        if (r == 0 && service_is_handed(one)) /* what it is good for, who handed it over knows */
                return 0;
        if (r == 0)
                r = service_confirm_gains(round, &found->posed, file, &gain);
        if (r == 0)
                *ret_why = "it no longer gains anything";
        return r < 0 ? r : 0;
}

static int service_confirm_show(Arena *a, const RoundWaiting *waiting, LiveState *live) {
        LiveWaiting *list = arena_new(a, LiveWaiting, (size_t) waiting->n + 1);

        if (!list)
                return -ENOMEM;
        live->waiting = list;
        live->n_waiting = 0;
        for (uint32_t i = 0; i < waiting->n; i++) {
                const WaitingPlan *p = &waiting->plans[i].plan;

                if (waiting->gone[i] || p->state != WAITING_ASKED || !waiting->plans[i].file)
                        continue;
                list[live->n_waiting] = (LiveWaiting){ .id = p->id,
                                                       .kinds = action_kinds_text(a, p->kinds),
                                                       .summary = p->summary,
                                                       .n_moves = waiting->plans[i].file->n_moves,
                                                       .until = p->until };
                if (!list[live->n_waiting++].kinds)
                        return -ENOMEM;
        }
        return 0;
}

/* ---- carrying one out ---- */

/* The moves are those that somebody said yes to. */
static int service_confirm_moves(RoundState *s, const Waiting *one) {
        const char **for_whom = arena_new(s->given->arena, const char *, one->file->n_moves);

        if (!for_whom)
                return -ENOMEM;
        for (uint32_t i = 0; i < one->file->n_moves; i++)
                for_whom[i] = one->answer.by;
        s->done.n = one->file->n_moves;
        s->done.for_whom = for_whom;
        s->waiting.accepted = one;
        return service_live_moves(s->given->arena, &s->shown, s->done.orders, s->done.n);
}

/* It is taken out of the store first: whatever ends this program, it is not begun a second time. What was
 * begun is in the journal. Beside moves that run these join, and end later. */
static int service_confirm_carry_out(RoundState *s, uint32_t i) {
        const ServiceRound *x = s->given;
        const Waiting *one = &s->waiting.plans[i];
        const char *why = NULL;
        TextFault fault = { 0 };
        int r = service_confirm_judge(x, &s->found, one, &why);

        if (r == 0 && !why) {
                r = mover_moves_of_file(x->arena, s->found.input.snapshot, x->settings, one->file,
                                        &s->done.orders, &fault);
                why = r == -ENOENT ? text_copy(x->arena, fault.what, strlen(fault.what)) : NULL;
                r = r == -ENOENT ? 0 : r;
        }
        if (r < 0)
                return r;
        if (why)
                return service_confirm_drop(s, i, "dropped", why);
        s->waiting.gone[i] = true;
        r = service_confirm_refused(confirm_store_remove(x->leadership, one->plan.id));
        if (r < 0)
                return r;
        service_confirm_say(one, "yes", one->answer.by);
        s->wanted.mode = MODE_CONFIRM;
        s->shown.live.summary = text_format(x->arena, "plan %s, accepted by %s: %s", one->plan.id,
                                            one->answer.by, one->plan.summary);
        r = s->shown.live.summary ? service_confirm_moves(s, one) : -ENOMEM;
        if (r == 0)
                r = service_confirm_show(x->arena, &s->waiting, &s->shown.live);
        if (r == 0)
                service_notices_put(s);
        /* The yes was read before its own call was: that must not overtake what it is for. Whoever else called meanwhile is
         * answered by a round beside these moves, at the latest an interval from now. */
        if (r == 0)
                (void) !round_calls_begin(x->calls, x->store);
        return r < 0 ? r : service_moves_run(x, NULL, &s->done, &s->shown);
}

int confirm_keep(RoundState *s) {
        const Waiting *one = s->waiting.accepted;

        return service_confirm_write_down(s, one, "yes", one->answer.by, s->done.n);
}

/* ---- a round's part ---- */

static int update_one(RoundState *s, uint32_t i) {
        const Waiting *one = &s->waiting.plans[i];
        const char *why = NULL;
        int r = 0;

        if (!one->file)
                return service_confirm_drop(s, i, "dropped", "it cannot be read");
        if (one->plan.state == WAITING_REJECTED) {
                s->waiting.gone[i] = s->found.input.now >= one->plan.until;
                return s->waiting.gone[i] ? service_confirm_refused(
                                                    confirm_store_remove(s->given->leadership, one->plan.id))
                                          : 0;
        }
        if (one->unread_answer) /* only the first counts: it makes room for another */
                r = service_confirm_refused(
                        confirm_store_put(s->given->leadership, s->given->arena, &one->plan));
        if (r < 0)
                return r;
        if (one->answered && !one->answer.yes)
                return service_confirm_reject(s, i);
        if (!service_is_handed(one) && one->plan.kinds & service_modes_bits(&s->given->modes, MODE_ADVISE))
                return service_confirm_drop(s, i, "dropped",
                                            "the service is now in advise mode for these moves");
        if (service_is_handed(one) && s->found.input.now >= one->plan.until)
                return service_confirm_drop(s, i, "expired", "the service did not get to it in time");
        if (one->answered)
                return s->done.n > 0 || s->found.input.stopped ||
                                       source_loss(s->given->source) /* until that is acknowledged */ ||
                                       round_stop_request(s->given) != STOP_NONE
                               ? 0
                               : service_confirm_carry_out(s, i);
        if (s->found.input.now >= one->plan.until)
                return service_confirm_drop(s, i, "expired", "not answered in time");
        if (!s->given->urgent_only) /* rates that are not settled prove nothing against it */
                r = service_confirm_judge(s->given, &s->found, one, &why);
        return r < 0 || !why ? r : service_confirm_drop(s, i, "dropped", why);
}

int confirm_update(RoundState *s) {
        const ServiceRound *x = s->given;
        RoundWaiting *waiting = &s->waiting;
        int r = service_handed_take(s);

        if (r == 0)
                r = confirm_store_read(x->store, x->arena, &waiting->plans, &waiting->n);
        waiting->gone = r == 0 ? arena_new(x->arena, bool, waiting->n) : NULL;
        if (r == 0 && !waiting->gone)
                r = -ENOMEM;
        for (uint32_t i = 0; r == 0 && i < waiting->n; i++)
                r = update_one(s, i);
        if (r == 0)
                r = service_confirm_show(x->arena, waiting, &s->shown.live);
        s->over = s->done.n > 0;
        return r;
}

/* What the plan is for. */
static unsigned kinds_of(const Round *round) {
        unsigned kinds = 0;

        for (uint32_t i = 0; i < round->plan->n_moves; i++)
                kinds |= action_kind_bit(round->plan->moves[i].kind);
        return kinds ? kinds : SNAPSHOT_NO_BALANCE;
}

/* 1: the last plan mends what this one leaves: rules, hosts that must be left, hosts above their load line.
 * By the number of hosts: how far they are above it is another from one reading to the next. */
static int mends_more(const ServiceRound *service_round, const Round *round, usec_t now, const Waiting *one) {
        const Score *new = &round->plan->after;
        PlanGain old;
        int r = now < one->plan.made_at + ASKED_LEAST
                        ? 0
                        : service_confirm_gains(service_round, round, one->file, &old);

        if (r <= 0)
                return r;
        for (int t = TIER_REPAIR; t <= TIER_EVACUATE; t++)
                if (new->costs.tier[t] != old.after.tier[t])
                        return new->costs.tier[t] < old.after.tier[t];
        return new->over_limit < old.over_limit;
}

/* 1: what waits stays as it is, and nobody is asked about the last plan. */
static int service_confirm_stays(const RoundState *s, const Waiting *one, unsigned kinds) {
        const Round *round = &s->wanted.round;
        int r;

        if (one->plan.state == WAITING_REJECTED)
                return confirm_store_covers(one, round->snapshot, round->plan, kinds);
        r = confirm_store_presses(kinds, one->plan.kinds)
                    ? 1
                    : mends_more(s->given, round, s->found.input.now, one);
        return r < 0 ? r : !r;
}

/* 1: nobody is asked. What waits stays, unless the new one is more pressing, or mends more. */
static int make_way(RoundState *s, unsigned kinds) {
        const char *why;

        for (uint32_t i = 0; i < s->waiting.n; i++) {
                int r = s->waiting.gone[i] || service_is_handed(&s->waiting.plans[i])
                                ? 0
                                : service_confirm_stays(s, &s->waiting.plans[i], kinds);

                if (r != 0)
                        return r;
        }
        for (uint32_t i = 0; i < s->waiting.n; i++) {
                int r;

                if (s->waiting.gone[i] || service_is_handed(&s->waiting.plans[i]) ||
                    s->waiting.plans[i].plan.state != WAITING_ASKED)
                        continue;
                why = confirm_store_presses(kinds, s->waiting.plans[i].plan.kinds)
                              ? "replaced by a more urgent plan"
                              : "replaced by a plan that repairs more";
                r = service_confirm_drop(s, i, "dropped", why);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int service_confirm_ask(RoundState *s, unsigned kinds) {
        const ServiceRound *x = s->given;
        Waiting *all = arena_new(x->arena, Waiting, (size_t) s->waiting.n + 1);
        bool *gone = arena_new(x->arena, bool, (size_t) s->waiting.n + 1);
        WaitingPlan plan = { .made_at = s->found.input.now,
                             .until =
                                     s->found.input.now + settings_int(x->settings, "service", "confirm_for"),
                             .kinds = kinds };
        const PlanFile *file = NULL;
        char quoted[QUOTE];
        TextFault fault = { 0 };
        size_t n = 0;
        int r;

        if (!all || !gone)
                return -ENOMEM;
        plan.id = confirm_store_id(x->arena, s->waiting.plans, s->waiting.n, s->found.input.now);
        plan.summary = s->shown.live.summary;
        r = plan.id ? plan_file_print(x->arena, s->wanted.round.snapshot, s->wanted.round.plan, &plan.plan,
                                      &n)
                    : -ENOMEM;
        if (r == 0)
                r = plan_file_parse(x->arena, plan.plan, n, &file, &fault);
        s->waiting.answer = (AuditEntry){ .waiting = plan.id, .answer = "asked" };
        if (r == 0)
                r = service_confirm_refused(service_record(s, &plan.record));
        plan.record = plan.record ? plan.record : "";
        if (r == 0)
                r = service_confirm_refused(confirm_store_put(x->leadership, x->arena, &plan));
        if (r < 0)
                return r;
        log_event(LOG_INFO, "plan.waits", "id=%s moves=%u kinds=\"%s\" summary=%s", plan.id,
                  s->wanted.round.plan->n_moves, action_kinds_text(x->arena, kinds),
                  log_quote(plan.summary, quoted, sizeof(quoted)));
        if (s->waiting.n > 0) {
                memcpy(all, s->waiting.plans, sizeof(*all) * s->waiting.n);
                memcpy(gone, s->waiting.gone, sizeof(*gone) * s->waiting.n);
        }
        all[s->waiting.n] = (Waiting){ .plan = plan, .file = file };
        s->waiting.plans = all;
        s->waiting.gone = gone;
        s->waiting.n++;
        return service_confirm_show(x->arena, &s->waiting, &s->shown.live);
}

int confirm_set_aside(RoundState *s) {
        RoundInput *in = &s->found.input;
        CoolDown *held = arena_new(s->given->arena, CoolDown, (size_t) in->n_cool_downs + s->done.n);
        const char *name;
        int r;

        if (service_moves_changed(&s->done) || s->done.called || round_stop_request(s->given) != STOP_NONE)
                return 0;
        r = held ? service_confirm_refused(service_record(s, &name)) : -ENOMEM;
        if (r < 0)
                return r;
        if (in->n_cool_downs > 0)
                memcpy(held, in->cool_downs, sizeof(*held) * in->n_cool_downs);
        for (uint32_t i = 0; i < s->done.n; i++) {
                const MoveEnd end = s->done.outcomes[i].end;

                held[in->n_cool_downs + i] = (CoolDown){
                        .vm = s->done.orders[i].vm,
                        .until = INT64_MAX,
                        .why = end == MOVE_NOT_REACHED
                                       ? "the service moves it on its own, and stopped before it"
                               : end == MOVE_LEFT_OUT
                                       ? "the service moves it on its own, and a move that it needed has just failed"
                                       : "the service moves it on its own, and it has just failed"
                };
                s->done.unreached |= move_end_is_open(end);
        }
        in->cool_downs = held;
        in->n_cool_downs += s->done.n;
        s->found.is_posed = false; /* others are held now */
        s->done.n = 0;
        s->done.orders = NULL;
        s->done.outcomes = NULL;
        s->done.deferred_after_failure = true;
        return 0;
}

int confirm_ask(RoundState *s) {
        const unsigned kinds = kinds_of(&s->wanted.round);
        int r = make_way(s, kinds);

        return r != 0 ? (r < 0 ? r : 0) : service_confirm_ask(s, kinds);
}
