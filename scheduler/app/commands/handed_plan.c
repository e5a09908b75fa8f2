/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/commands/handed_plan.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "scheduler/app/commands/command.h"
#include "scheduler/app/commands/ended_move.h"
#include "scheduler/app/commands/stayed.h"
#include "scheduler/app/round/audit_store.h"
#include "scheduler/app/round/confirm_store.h"
#include "scheduler/app/state/asked_move.h"
#include "scheduler/app/state/host_mark.h"
#include "scheduler/app/state/stop_signal.h"
#include "scheduler/app/terminal/human.h"
#include "scheduler/app/terminal/json_print.h"
#include "scheduler/snapshot/files/waiting_text.h"

#define HANDED_PLAN_POLL     (USEC_PER_SEC / 2)
#define HANDED_PLAN_LATE     (60 * USEC_PER_SEC)
#define HANDED_PLAN_PROPOSED (INT64_C(30) * 86400 * USEC_PER_SEC) /* service.confirm_for is shorter */

typedef struct PlanHanding {
        Invocation *in;
        const HandedPlan *plan;
        WaitingPlan waiting;
        StoredText text; /* as it is in the store */
        bool *said;      /* [n_moves] that it has begun */
} PlanHanding;

static ExitStatus handed_plan_failed(const PlanHanding *handing, int error) {
        return command_complain(handing->in, EXIT_FAILED, "%s",
                                error == -ENOMEM ? "out of memory" : store_error(handing->plan->store));
}

static const Screen *handed_plan_screen(const PlanHanding *handing) {
        return handing->in->json ? &handing->in->err : &handing->in->out;
}

/* ---- handing it over ---- */

static unsigned handed_plan_kinds(const PlanFile *file) {
        unsigned kinds = 0;

        for (uint32_t i = 0; i < file->n_moves; i++)
                for (int k = 0; file->moves[i].kind && k < ACTION_KIND_N; k++)
                        if (strcmp(file->moves[i].kind, action_kind_names[k]) == 0)
                                kinds |= action_kind_bit((ActionKind) k);
        return kinds ? kinds : action_kind_bit(ACTION_KIND_BALANCE);
}

static int handed_plan_give(PlanHanding *handing) {
        Invocation *in = handing->in;
        const PlanFile *file = handing->plan->file;
        const bool proposed = handing->plan->proposed;
        const char *id = handing->plan->id;
        const usec_t now = clock_now();
        char by[256];
        int r;

        handing->waiting =
                (WaitingPlan){ .id = id ? id
                                        : text_format(in->arena, "apply-%llx",
                                                      (unsigned long long) (now / USEC_PER_MSEC)),
                               .made_at = now,
                               .until = now + (proposed ? HANDED_PLAN_PROPOSED : ASKED_FOR),
                               .kinds = handed_plan_kinds(file),
                               .summary = text_format(in->arena, "handed over by %s: %u move%s in %u wave%s",
                                                      operator_name(by, sizeof(by)), file->n_moves,
                                                      file->n_moves == 1 ? "" : "s", file->n_waves,
                                                      file->n_waves == 1 ? "" : "s"),
                               .record = "",
                               .plan = handing->plan->text,
                               .by = text_copy(in->arena, by, strlen(by)),
                               .accepted = !proposed };
        if (!handing->waiting.id || !handing->waiting.summary || !handing->waiting.by)
                return -ENOMEM;
        handing->text.name = handing->waiting.id;
        r = waiting_text_print(in->arena, &handing->waiting, &handing->text.text, &handing->text.n);
        return r < 0 ? r
                     : store_put_handed(handing->plan->store, handing->waiting.id, handing->text.text,
                                        handing->text.n);
}

static ExitStatus handed_plan_over(const PlanHanding *handing) {
        Invocation *in = handing->in;
        const WaitingPlan *w = &handing->waiting;
        char leader[256];
        json_t *o;

        if (!in->json) {
                (void) out_say(in->out.out, "plan %s is handed to %s. %s; result: plimsoll audit\n", w->id,
                               text_safe(handing->plan->led->leader, leader, sizeof(leader)),
                               w->accepted ? "Progress: plimsoll status"
                                           : "It awaits confirmation: plimsoll confirm");
                return EXIT_DONE;
        }
        o = json_pack("{s:s, s:s, s:s, s:s, s:s, s:i}", "schema", "plimsoll.handed/1", "cluster",
                      handing->plan->cluster, "id", w->id, "status", w->accepted ? "asked" : "proposed",
                      "leader", handing->plan->led->leader, "move_count", (int) handing->plan->file->n_moves);
        if (!o)
                return command_complain(in, EXIT_FAILED, "out of memory");
        (void) json_print(o, in->out.out);
        return EXIT_DONE;
}

/* ---- what came of it ---- */

/* 0: *ret, in the invocation's arena; 1: the audit does not know it yet. */
static int handed_plan_audit(const Invocation *in, Store *store, const char *id, AuditEntry *ret) {
        const AuditEntry *list = NULL;
        uint32_t n = 0;
        int r = audit_store_read(store, in->arena, 0, &list, &n);

        for (uint32_t i = 0; r == 0 && i < n; i++)
                if (list[i].waiting && list[i].answer && strcmp(list[i].waiting, id) == 0 &&
                    strcmp(list[i].answer, "asked") != 0) {
                        *ret = list[i];
                        return 0;
                }
        return r < 0 ? r : 1;
}

static int handed_plan_stayed(Arena *a, const AuditEntry *entry, Stayed *ret) {
        Stay *list = arena_new(a, Stay, entry->n_moves);

        if (!list)
                return -ENOMEM;
        for (uint32_t i = 0; i < entry->n_moves; i++) {
                const RecordMove *m = &entry->moves[i];

                if (strcmp(m->end, move_end_names[MOVE_DONE]) != 0)
                        list[ret->n++] = (Stay){ .vm = m->order->vm,
                                                 .host = m->order->from,
                                                 .to = m->order->to,
                                                 .end = m->end,
                                                 .why = m->why };
        }
        ret->list = list;
        return 0;
}

static ExitStatus handed_plan_json(Invocation *in, const AuditEntry *entry, const Stayed *stayed) {
        json_t *moves = json_array(), *o;

        for (uint32_t i = 0; i < entry->n_moves; i++)
                (void) json_array_append_new(moves, ended_move_json(&entry->moves[i], ENDED_MOVE_SHORT));
        o = json_pack("{s:s, s:o, s:o, s:s?}", "schema", "plimsoll.apply/1", "moves", moves, "stayed",
                      stayed_json(stayed), "leader", entry->leader);
        if (!o)
                return command_complain(in, EXIT_FAILED, "out of memory");
        (void) json_print(o, in->out.out);
        return stayed->n > 0 ? EXIT_BLOCKED : EXIT_DONE;
}

/* The plan as a whole was not carried out: "by" says why. */
static ExitStatus handed_plan_not(const Invocation *in, const AuditEntry *entry, const char *id) {
        const char *by = entry->by ? entry->by : "";

        if (strcmp(entry->answer, "no") == 0)
                return command_complain(in, EXIT_BLOCKED, "nothing was moved: plan %s was rejected by %s", id,
                                        by);
        return command_complain(in, EXIT_BLOCKED, "nothing was moved: the service dropped plan %s: %s", id,
                                by);
}

static ExitStatus handed_plan_end(Invocation *in, const AuditEntry *entry, const char *id, bool all) {
        Stayed stayed = { 0 };
        int r;

        if (strcmp(entry->answer, "yes") != 0)
                return handed_plan_not(in, entry, id);
        r = handed_plan_stayed(in->arena, entry, &stayed);
        if (r == 0 && in->json)
                return handed_plan_json(in, entry, &stayed);
        if (r == 0)
                r = stayed_print(in, &stayed, all);
        if (r < 0)
                return command_complain(in, EXIT_FAILED, "out of memory");
        (void) out_say(in->out.out, "%u of %u moved\n", entry->n_moves - stayed.n, entry->n_moves);
        return stayed.n > 0 ? EXIT_BLOCKED : EXIT_DONE;
}

int handed_plan_told(Invocation *in, Store *store, const char *id, bool all, ExitStatus *ret) {
        AuditEntry entry = { 0 };
        int r = handed_plan_audit(in, store, id, &entry);

        if (r == 0)
                *ret = handed_plan_end(in, &entry, id, all);
        return r;
}

/* ---- how it goes ---- */

static void handed_plan_say(const PlanHanding *handing, const LiveMove *m) {
        const PlanFile *file = handing->plan->file;
        char vm[64], predicted[HUMAN_SIZE];

        for (uint32_t i = 0; i < file->n_moves; i++) {
                if (handing->said[i] || strcmp(file->moves[i].vm, m->order->vm) != 0 ||
                    strcmp(file->moves[i].to, m->order->to) != 0)
                        continue;
                handing->said[i] = true;
                (void) out_say(handed_plan_screen(handing)->out, "%s is moving from %s to %s, predicted %s\n",
                               text_safe(m->order->vm, vm, 40), m->order->from, m->order->to,
                               human_ms(m->order->predicted.ms, predicted));
                (void) fflush(handed_plan_screen(handing)->out);
        }
}

static int handed_plan_look(const PlanHanding *handing) {
        LiveState live = { 0 };
        int r = live_state_get(handing->plan->store, handing->in->arena, &live);

        for (uint32_t i = 0; r == 0 && i < live.n_moves; i++)
                if (live.moves[i].status.phase != MIGRATION_QUEUED)
                        handed_plan_say(handing, &live.moves[i]);
        return r == -ENOMEM ? r : 0; /* what cannot be read now is looked at again */
}

static ExitStatus handed_plan_leave(const PlanHanding *handing, const char *why) {
        int r = store_withdraw_handed(handing->plan->store, &handing->text);

        if (r < 0)
                return handed_plan_failed(handing, r);
        return command_complain(
                handing->in, EXIT_FAILED,
                r == 0 ? "%s; the plan is withdrawn"
                       : "%s; the service has already picked it up (plimsoll status, plimsoll audit)",
                why);
}

static ExitStatus handed_plan_wait(PlanHanding *handing) {
        Invocation *in = handing->in;
        const char *id = handing->waiting.id;

        stop_signal_watch();
        while (stop_signal_count() == 0) {
                const ArenaMark mark = arena_mark(in->arena);
                ExitStatus status = EXIT_DONE;
                int r = handed_plan_told(in, handing->plan->store, id, handing->plan->all, &status);

                if (r == 0)
                        return status;
                r = r == -ENOMEM ? r : handed_plan_look(handing);
                arena_rewind(in->arena, mark);
                if (r < 0)
                        return handed_plan_failed(handing, r);
                if (handing->waiting.accepted && clock_now() > handing->waiting.until + HANDED_PLAN_LATE)
                        return handed_plan_leave(handing, "no service carried it out in time");
                clock_sleep(HANDED_PLAN_POLL);
        }
        return handed_plan_leave(handing, "no longer waiting");
}

ExitStatus handed_plan(Invocation *in, const HandedPlan *plan) {
        PlanHanding handing = { .in = in,
                                .plan = plan,
                                .said = arena_new(in->arena, bool, plan->file->n_moves) };
        char leader[256];
        int r = handing.said ? handed_plan_give(&handing) : -ENOMEM;

        if (r < 0)
                return handed_plan_failed(&handing, r);
        if (plan->no_wait)
                return handed_plan_over(&handing);
        (void) out_say(handed_plan_screen(&handing)->out, "%s carries out plan %s\n",
                       text_safe(plan->led->leader, leader, sizeof(leader)), handing.waiting.id);
        (void) fflush(handed_plan_screen(&handing)->out);
        return handed_plan_wait(&handing);
}
