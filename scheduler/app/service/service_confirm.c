/* SPDX-License-Identifier: Apache-2.0 */
/* Plans that wait for a person: one at a time for a cluster, and it stays as it was asked as long as it
 * holds; a person must not find another behind the id that was read. */
#include <errno.h>
#include <string.h>

#include "policies/policies.h"
#include "scheduler/app/service/service_work.h"
#include "scheduler/base/log.h"
#include "scheduler/decide/plan/plan_gain.h"
#include "scheduler/snapshot/files/plan_file.h"

#define QUOTE 512

/* So long a plan stays whatever else comes up that is no more pressing: somebody may be reading it. */
#define ASKED_LEAST (600 * USEC_PER_SEC)

/* ---- what became of one ---- */

static int service_confirm_refused(const RoundState *w, int r) {
        char quoted[QUOTE];

        if (r != 0)
                log_event(LOG_WARNING, "waiting.lost", "error=%s",
                          r == 1 ? "\"another leads\""
                                 : log_quote(store_error(w->x->store), quoted, sizeof(quoted)));
        return r == 1 ? -ECANCELED : r;
}

/* Predicted, of the moves as they are in the plan file: the longest of each wave after the other. */
static void service_confirm_predict(const PlanFile *file, AuditEntry *e) {
        int64_t longest = 0;

        for (uint32_t i = 0; file && i < file->n_moves; i++) {
                const MoveOrder *m = &file->moves[i];

                e->predicted_bytes += m->predicted.bytes;
                longest = m->predicted.ms > longest ? m->predicted.ms : longest;
                if (i + 1 == file->n_moves || file->moves[i + 1].wave != m->wave) {
                        e->predicted_ms += longest;
                        longest = 0;
                }
        }
}

/* Who answered what and when, or why nobody had to, stays in the audit. */
static int service_confirm_write_down(RoundState *w, const Waiting *one, const char *answer, const char *by) {
        AuditEntry e = { .at = work_now(w),
                         .leader = w->x->leadership->self,
                         .mode = service_mode_names[MODE_CONFIRM],
                         .record = one->plan.record && one->plan.record[0] ? one->plan.record : NULL,
                         .status = plan_status_names[one->file ? one->file->status : PLAN_IMPROVED],
                         .waiting = one->plan.id,
                         .answer = answer,
                         .by = by,
                         .answered_at = one->answered ? one->answer.at : 0 };
        char quoted[QUOTE];
        int r = 0;

        service_confirm_predict(one->file, &e);
        if (w->n > 0)
                r = mover_record(w->x->arena, w->moves, w->outcomes, w->n, &e.moves);
        e.n_moves = r == 0 ? w->n : 0;
        log_event(strcmp(answer, "dropped") == 0 ? LOG_WARNING : LOG_INFO, "plan.answered",
                  "id=%s answer=%s by=%s", one->plan.id, answer, log_quote(by, quoted, sizeof(quoted)));
        if (r == 0)
                r = audit_store_write(w->x->leadership, w->x->arena, w->x->settings, w->facts, e);
        return service_confirm_refused(w, r);
}

static int service_confirm_drop(RoundState *w, uint32_t i, const char *answer, const char *why) {
        int r;

        w->gone[i] = true;
        r = service_confirm_refused(w, confirm_store_remove(w->x->leadership, w->waiting[i].plan.id));
        return r < 0 ? r : service_confirm_write_down(w, &w->waiting[i], answer, why);
}

static int service_confirm_reject(RoundState *w, uint32_t i) {
        const usec_t again = settings_int(w->x->settings, "service", "confirm_again");
        Waiting *one = &w->waiting[i];
        int r;

        one->plan.state = WAITING_REJECTED;
        one->plan.until = one->answer.at + again;
        w->gone[i] = again == 0;
        r = service_confirm_refused(w, again > 0
                                               ? confirm_store_put(w->x->leadership, w->x->arena, &one->plan)
                                               : confirm_store_remove(w->x->leadership, one->plan.id));
        return r < 0 ? r : service_confirm_write_down(w, one, "no", one->answer.by);
}

/* ---- whether one holds ---- */

/* By the facts of this round: safe, and a gain still. *ret_why: NULL, or why not. */
static int service_confirm_judge(RoundState *w, const Waiting *one, const char **ret_why) {
        Arena *a = w->x->arena;
        const Objection *objections = NULL;
        const Snapshot *s = NULL;
        PlanGain gain;
        uint32_t n = 0;
        int r = round_facts(a, &w->input, &s);

        *ret_why = NULL;
        if (r == 0)
                r = plan_check(a, s, w->x->settings, one->file->moves, one->file->n_moves, &objections, &n);
        if (r == 1) {
                *ret_why =
                        text_format(a, "it is not safe any more: %s", objections ? objections[0].text : "");
                return *ret_why ? 0 : -ENOMEM;
        }
        if (r == 0)
                r = plan_gains(a, s, w->x->settings, policies_all(), one->file->moves, one->file->n_moves,
                               &gain);
        if (r == 0)
                *ret_why = "it would gain nothing any more";
        return r < 0 ? r : 0;
}

/* ---- carrying one out ---- */

/* It is taken out of the store first: whatever ends this program, it is not begun a second time. What was
 * begun is in the journal. */
static int service_confirm_carry_out(RoundState *w, uint32_t i) {
        const ServiceRound *x = w->x;
        const Waiting *one = &w->waiting[i];
        const char *why = NULL;
        TextFault fault = { 0 };
        int r = service_confirm_judge(w, one, &why);

        if (r == 0 && !why) {
                r = mover_moves_of_file(x->arena, w->input.snapshot, x->settings, one->file, &w->moves,
                                        &fault);
                why = r == -ENOENT ? text_copy(x->arena, fault.what, strlen(fault.what)) : NULL;
                r = r == -ENOENT ? 0 : r;
        }
        if (r < 0)
                return r;
        if (why)
                return service_confirm_drop(w, i, "dropped", why);
        w->gone[i] = true;
        r = service_confirm_refused(w, confirm_store_remove(x->leadership, one->plan.id));
        if (r < 0)
                return r;
        w->mode = MODE_CONFIRM;
        w->n = one->file->n_moves;
        w->live.summary = text_format(x->arena, "plan %s, accepted by %s: %s", one->plan.id, one->answer.by,
                                      one->plan.summary);
        r = w->live.summary ? work_show_moves(w, w->moves, w->n) : -ENOMEM;
        if (r == 0)
                r = work_run(w);
        return r < 0 ? r : service_confirm_write_down(w, one, "yes", one->answer.by);
}

/* ---- a round's part ---- */

static int update_one(RoundState *w, uint32_t i) {
        const Waiting *one = &w->waiting[i];
        const char *why = NULL;
        int r = 0;

        if (!one->file)
                return service_confirm_drop(w, i, "dropped", "it cannot be read");
        if (one->plan.state == WAITING_REJECTED) {
                w->gone[i] = w->input.now >= one->plan.until;
                return w->gone[i] ? service_confirm_refused(
                                            w, confirm_store_remove(w->x->leadership, one->plan.id))
                                  : 0;
        }
        if (one->answered && !one->answer.yes)
                return service_confirm_reject(w, i);
        if (one->plan.kinds & service_modes_bits(&w->x->modes, MODE_ADVISE))
                return service_confirm_drop(w, i, "dropped",
                                            "by now the service only advises on what it is for");
        if (one->answered)
                return w->n > 0 || work_stop_request(w) != STOP_NONE ? 0 : service_confirm_carry_out(w, i);
        if (w->input.now >= one->plan.until)
                return service_confirm_drop(w, i, "expired", "nobody answered in time");
        if (!w->x->urgent_only) /* rates that are not settled prove nothing against it */
                r = service_confirm_judge(w, one, &why);
        return r < 0 || !why ? r : service_confirm_drop(w, i, "dropped", why);
}

static int service_confirm_show(RoundState *w) {
        LiveWaiting *list = arena_new(w->x->arena, LiveWaiting, (size_t) w->n_waiting + 1);

        if (!list)
                return -ENOMEM;
        w->live.waiting = list;
        w->live.n_waiting = 0;
        for (uint32_t i = 0; i < w->n_waiting; i++) {
                const WaitingPlan *p = &w->waiting[i].plan;

                if (w->gone[i] || p->state != WAITING_ASKED || !w->waiting[i].file)
                        continue;
                list[w->live.n_waiting] = (LiveWaiting){ .id = p->id,
                                                         .kinds = action_kinds_text(w->x->arena, p->kinds),
                                                         .summary = p->summary,
                                                         .n_moves = w->waiting[i].file->n_moves,
                                                         .until = p->until };
                if (!list[w->live.n_waiting++].kinds)
                        return -ENOMEM;
        }
        return 0;
}

int confirm_update(RoundState *w) {
        int r = confirm_store_read(w->x->store, w->x->arena, &w->waiting, &w->n_waiting);

        w->gone = r == 0 ? arena_new(w->x->arena, bool, w->n_waiting) : NULL;
        if (r == 0 && !w->gone)
                r = -ENOMEM;
        w->input.not_now = 0;
        for (uint32_t i = 0; r == 0 && i < w->n_waiting; i++)
                r = update_one(w, i);
        if (r == 0)
                r = service_confirm_show(w);
        return r < 0 ? r : w->n > 0;
}

/* What the plan is for. */
static unsigned kinds_of(const Round *round) {
        const Cost *before = round->plan->before.costs.tier, *after = round->plan->after.costs.tier;
        const Snapshot *s = round->snapshot;
        unsigned kinds = 0;

        if (after[TIER_REPAIR] < before[TIER_REPAIR])
                kinds |= SNAPSHOT_NO_REPAIR;
        if (after[TIER_LOAD] < before[TIER_LOAD])
                kinds |= SNAPSHOT_NO_LOAD;
        for (uint32_t i = 0; i < round->plan->n_moves; i++) {
                const PlanMove *m = &round->plan->moves[i];

                if (problem_leave(round->problem, m->move.vm, s->vms[m->move.vm].host) > 0)
                        kinds |= snapshot_vm_fault(s, m->move.vm, NULL) >= 3 ? SNAPSHOT_NO_EVACUATION
                                                                             : SNAPSHOT_NO_MAINTENANCE;
        }
        return kinds ? kinds : SNAPSHOT_NO_BALANCE;
}

/* 1: the last plan mends what this one leaves: rules, hosts that must be left, hosts above their load line.
 * By the number of hosts: how far they are above it is another from one reading to the next. */
static int mends_more(const RoundState *w, const Waiting *one) {
        const Score *new = &w->round.plan->after;
        PlanGain old;
        int r = w->input.now < one->plan.made_at + ASKED_LEAST
                        ? 0
                        : plan_gains(w->x->arena, w->round.snapshot, w->x->settings, policies_all(),
                                     one->file->moves, one->file->n_moves, &old);

        if (r <= 0)
                return r;
        for (int t = TIER_REPAIR; t <= TIER_EVACUATE; t++)
                if (new->costs.tier[t] != old.after.tier[t])
                        return new->costs.tier[t] < old.after.tier[t];
        return new->over_limit < old.over_limit;
}

/* 1: what waits stays as it is, and nobody is asked about the last plan. */
static int service_confirm_stays(const RoundState *w, const Waiting *one, unsigned kinds) {
        int r;

        if (one->plan.state == WAITING_REJECTED)
                return confirm_store_covers(one, w->round.snapshot, w->round.plan, kinds);
        r = confirm_store_presses(kinds, one->plan.kinds) ? 1 : mends_more(w, one);
        return r < 0 ? r : !r;
}

/* 1: nobody is asked. What waits stays, unless the new one is more pressing, or mends more. */
static int make_way(RoundState *w, unsigned kinds) {
        const char *why;

        for (uint32_t i = 0; i < w->n_waiting; i++) {
                int r = w->gone[i] ? 0 : service_confirm_stays(w, &w->waiting[i], kinds);

                if (r != 0)
                        return r;
        }
        for (uint32_t i = 0; i < w->n_waiting; i++) {
                int r;

                if (w->gone[i] || w->waiting[i].plan.state != WAITING_ASKED)
                        continue;
                why = confirm_store_presses(kinds, w->waiting[i].plan.kinds)
                              ? "a more pressing plan takes its place"
                              : "by now more is to be mended: a plan that does takes its place";
                r = service_confirm_drop(w, i, "dropped", why);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int service_confirm_ask(RoundState *w, unsigned kinds) {
        const ServiceRound *x = w->x;
        Waiting *all = arena_new(x->arena, Waiting, (size_t) w->n_waiting + 1);
        bool *gone = arena_new(x->arena, bool, (size_t) w->n_waiting + 1);
        WaitingPlan plan = { .made_at = w->input.now,
                             .until = w->input.now + settings_int(x->settings, "service", "confirm_for"),
                             .kinds = kinds };
        const PlanFile *file = NULL;
        char quoted[QUOTE];
        TextFault fault = { 0 };
        size_t n = 0;
        int r;

        if (!all || !gone)
                return -ENOMEM;
        plan.id = confirm_store_id(x->arena, w->waiting, w->n_waiting, w->input.now);
        plan.summary = w->live.summary;
        r = plan.id ? plan_file_print(x->arena, w->round.snapshot, w->round.plan, &plan.plan, &n) : -ENOMEM;
        if (r == 0)
                r = plan_file_parse(x->arena, plan.plan, n, &file, &fault);
        w->answer = (AuditEntry){ .waiting = plan.id, .answer = "asked" };
        if (r == 0)
                r = service_confirm_refused(w, work_record(w, &plan.record));
        plan.record = plan.record ? plan.record : "";
        if (r == 0)
                r = service_confirm_refused(w, confirm_store_put(x->leadership, x->arena, &plan));
        if (r < 0)
                return r;
        log_event(LOG_INFO, "plan.waits", "id=%s moves=%u kinds=\"%s\" summary=%s", plan.id,
                  w->round.plan->n_moves, action_kinds_text(x->arena, kinds),
                  log_quote(plan.summary, quoted, sizeof(quoted)));
        if (w->n_waiting > 0) {
                memcpy(all, w->waiting, sizeof(*all) * w->n_waiting);
                memcpy(gone, w->gone, sizeof(*gone) * w->n_waiting);
        }
        all[w->n_waiting] = (Waiting){ .plan = plan, .file = file };
        w->waiting = all;
        w->gone = gone;
        w->n_waiting++;
        return service_confirm_show(w);
}

int confirm_set_aside(RoundState *w) {
        RoundInput *in = &w->input;
        CoolDown *held = arena_new(w->x->arena, CoolDown, (size_t) in->n_cool_downs + w->n);
        const char *name;
        int r;

        if (work_changed(w) || w->called || work_stop_request(w) != STOP_NONE)
                return 0;
        r = held ? service_confirm_refused(w, work_record(w, &name)) : -ENOMEM;
        if (r < 0)
                return r;
        if (in->n_cool_downs > 0)
                memcpy(held, in->cool_downs, sizeof(*held) * in->n_cool_downs);
        for (uint32_t i = 0; i < w->n; i++) {
                const bool reached = w->outcomes[i].end != MOVE_NOT_REACHED;

                held[in->n_cool_downs + i] = (CoolDown){
                        .vm = w->moves[i].vm,
                        .until = INT64_MAX,
                        .why = reached ? "the service moves it by itself, and it failed just now"
                                       : "the service moves it by itself, and stopped before it"
                };
                w->unreached |= !reached;
        }
        in->cool_downs = held;
        in->n_cool_downs += w->n;
        w->n = 0;
        w->moves = NULL;
        w->outcomes = NULL;
        w->deferred_after_failure = true;
        return 0;
}

int confirm_ask(RoundState *w) {
        const unsigned kinds = kinds_of(&w->round);
        int r = make_way(w, kinds);

        return r != 0 ? (r < 0 ? r : 0) : service_confirm_ask(w, kinds);
}
