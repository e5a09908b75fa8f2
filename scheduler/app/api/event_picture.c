/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/api/event_picture.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "scheduler/app/api/api_exec.h"
#include "scheduler/app/state/host_mark.h"
#include "scheduler/app/state/live_state.h"
#include "scheduler/app/state/move_journal.h"
#include "scheduler/app/state/stop_entry.h"
#include "scheduler/base/hash.h"
#include "scheduler/snapshot/json/json_value.h"
#include "scheduler/store/stored_json.h"

#define AT_ONCE 4096U /* entries of a stream between two looks: more are not told one by one */
#define AUDITED 20U   /* entries of the audit in which an answer is looked for */

/* ---- one thing each ---- */

static json_t *picture_leader(Store *store, int *io) {
        StoreLease lease = { "" };
        int r = *io < 0 ? *io : store_get_lease(store, &lease);

        *io = r < 0 ? r : *io;
        return json_pack("{s:o}", "leader", json_text(r == 0 ? lease.holder : NULL));
}

static json_t *picture_stop(Store *store, Arena *a, int *io) {
        StopEntry entry = { 0 };
        const char *text;
        usec_t now = 0;
        size_t n;
        int r = *io < 0 ? *io : store_get_stop(store, a, &text, &n, &now);

        if (r == 0)
                r = stop_entry_read(a, text, n, &entry);
        *io = r < 0 ? r : *io;
        if (r != 0 || !stop_entry_is_in_force(&entry, now))
                return json_pack("{s:b}", "stopped", 0);
        return json_pack("{s:b, s:o, s:o, s:o}", "stopped", 1, "by", json_text(entry.by), "why",
                         json_text(entry.why), "until", json_instant(entry.until));
}

/* ---- what the leader shows ---- */

static json_t *picture_moving(const LiveState *live) {
        json_t *moving = json_object();

        for (uint32_t i = 0; i < live->n_moves; i++) {
                const LiveMove *m = &live->moves[i];

                if (m->status.phase == MIGRATION_QUEUED || migration_has_ended(m->status.phase))
                        continue;
                (void) json_object_set_new(moving, m->order->vm,
                                           json_pack("{s:s, s:s, s:s, s:I, s:I, s:o, s:o}", "from",
                                                     m->order->from, "to", m->order->to, "phase",
                                                     migration_phase_names[m->status.phase], "bytes_done",
                                                     (json_int_t) m->status.bytes_done, "bytes_total",
                                                     (json_int_t) m->status.bytes_total, "running_seconds",
                                                     json_seconds(m->running_ms), "predicted_seconds",
                                                     json_seconds(m->order->predicted.ms)));
        }
        return moving;
}

/* Where nobody is at work what was shown is not shown any more: that is said by "leader". */
static int picture_live(Store *store, Arena *a, json_t *is) {
        LiveState live = { 0 };
        int r = live_state_get(store, a, &live);

        if (r < 0)
                return r;
        (void) json_object_set_new(is, "moving", r == 0 ? picture_moving(&live) : json_object());
        if (r != 0) {
                (void) json_object_set_new(is, "round", json_null());
                return json_object_set_new(is, "balance", json_null());
        }
        (void) json_object_set_new(is, "round",
                                   json_pack("{s:o, s:o, s:s, s:I}", "at", json_instant(live.round_at),
                                             "plan_status", json_text(live.plan_status), "summary",
                                             live.summary ? live.summary : "", "over_load_line",
                                             (json_int_t) live.over_limit));
        return json_object_set_new(
                is, "balance",
                json_pack("{s:b, s:o}", "paused", live.paused != NULL, "why", json_text(live.paused)));
}

/* ---- what was said of hosts ---- */

static json_t *picture_marks(Store *store, Arena *a, int *io) {
        json_t *marks = json_object();
        StoredText *texts = NULL;
        uint32_t n = 0;

        if (*io == 0)
                *io = store_get_marks(store, a, &texts, &n);
        for (uint32_t i = 0; *io == 0 && i < n; i++) {
                OperatorMark mark = { .state = HOST_CORDONED };

                if (host_mark_parse(a, texts[i].text, texts[i].n, &mark) == -ENOMEM)
                        *io = -ENOMEM;
                (void) json_object_set_new(marks, texts[i].name,
                                           json_pack("{s:s, s:o, s:o, s:o}", "state",
                                                     host_state_names[mark.state], "by", json_text(mark.by),
                                                     "why", json_text(mark.why), "leave_by",
                                                     json_instant(mark.leave_by)));
        }
        return marks;
}

/* "STATE AT KIND" (facts/brake_store.h); without a host, that the brake remembers at all. */
static json_t *picture_brakes(Store *store, Arena *a, int *io) {
        json_t *brakes = json_object();
        StoredText *texts = NULL;
        uint32_t n = 0;

        if (*io == 0)
                *io = store_get_brake(store, a, &texts, &n);
        for (uint32_t i = 0; *io == 0 && i < n; i++) {
                const char *blank = memchr(texts[i].text, ' ', texts[i].n);
                const size_t length = blank ? (size_t) (blank - texts[i].text) : texts[i].n;

                if (texts[i].name[0] != '(')
                        (void) json_object_set_new(brakes, texts[i].name,
                                                   json_pack("{s:s%}", "state", texts[i].text, length));
        }
        return brakes;
}

/* ---- plans that wait ---- */

static json_t *picture_plan(const StoredText *text) {
        json_t *o = stored_json(text->text, text->n, 0, NULL);
        json_t *plan = json_pack("{s:o, s:o, s:o, s:s}", "state",
                                 json_text(json_string_value(json_object_get(o, "state"))), "summary",
                                 json_text(json_string_value(json_object_get(o, "summary"))), "until",
                                 json_instant(json_integer_value(json_object_get(o, "until"))), "digest", "");
        char digest[20];

        (void) snprintf(digest, sizeof(digest), "%016llx",
                        (unsigned long long) fnv1a(FNV1A_START, text->text, text->n));
        (void) json_object_set_new(plan, "digest", json_string(digest));
        json_decref(o);
        return plan;
}

static bool picture_is_asked(const json_t *plan) {
        const char *state = json_string_value(json_object_get(plan, "state"));

        return state && strcmp(state, "asked") == 0;
}

static json_t *picture_answers(Store *store, Arena *a, int *io) {
        json_t *answers = json_object();
        StoredText *texts = NULL;
        uint32_t n = 0;

        if (*io == 0)
                *io = store_get_answers(store, a, &texts, &n);
        for (uint32_t i = 0; *io == 0 && i < n; i++) {
                json_t *o = stored_json(texts[i].text, texts[i].n, 0, NULL);

                (void) json_object_set_new(answers, texts[i].name,
                                           json_pack("{s:s, s:o}", "answer",
                                                     json_is_true(json_object_get(o, "yes")) ? "yes" : "no",
                                                     "by",
                                                     json_text(json_string_value(json_object_get(o, "by")))));
                json_decref(o);
        }
        return answers;
}

static json_t *picture_plans(Store *store, Arena *a, int *io) {
        json_t *plans = json_object();
        StoredText *texts = NULL;
        uint32_t n = 0;

        if (*io == 0)
                *io = store_get_waiting(store, a, &texts, &n);
        for (uint32_t i = 0; *io == 0 && i < n; i++)
                (void) json_object_set_new(plans, texts[i].name, picture_plan(&texts[i]));
        return plans;
}

/* A leader takes an answer within a second, and it may not have been seen: the audit has it once its moves have ended, or it was
 * dropped. What was seen is told once. */
static int picture_audited(EventPicture *picture, Store *store, Arena *a, json_t *changes) {
        StoredText *texts = NULL;
        uint32_t n = 0;
        int r;

        r = store_get_audit(store, a, 0, AUDITED, &texts, &n);
        for (uint32_t i = 0; r == 0 && i < n; i++) {
                json_t *o = stored_json(texts[i].text, texts[i].n, 0, NULL);
                const char *id = json_string_value(json_object_get(o, "waiting")),
                           *answer = json_string_value(json_object_get(o, "answer"));

                if (id && answer && strcmp(answer, "asked") != 0 &&
                    json_object_get(picture->unanswered, id)) {
                        json_t *about = json_pack("{s:s, s:o}", "answer", answer, "by",
                                                  json_text(json_string_value(json_object_get(o, "by"))));

                        r = event_change_add(changes, "plan.answered", "plan", id, about);
                        json_decref(about);
                        (void) json_object_del(picture->unanswered, id);
                }
                json_decref(o);
        }
        return r < 0 ? r : 0;
}

/* Whose answer is still to be told. */
static void picture_owed(EventPicture *picture, const json_t *is, const json_t *changes) {
        const char *id;
        json_t *plan;

        json_object_foreach(json_object_get(is, "plans"), id, plan)
                if (!json_object_get(json_object_get(picture->now, "plans"), id) && picture_is_asked(plan))
                        (void) json_object_set_new(picture->unanswered, id, json_false());
        for (size_t i = 0; i < json_array_size(changes); i++) {
                const json_t *o = json_array_get(changes, i);

                id = json_string_value(json_object_get(o, "plan"));
                if (id && strcmp(json_string_value(json_object_get(o, "event")), "plan.answered") == 0)
                        (void) json_object_del(picture->unanswered, id);
        }
}

/* One of them waits no more. */
static bool picture_is_owed(const EventPicture *picture, const json_t *is) {
        const char *id;
        json_t *value;

        json_object_foreach(picture->unanswered, id, value)
                if (!picture_is_asked(json_object_get(json_object_get(is, "plans"), id)))
                        return true;
        return false;
}

/* ---- streams ---- */

/* The entries since the last look, newest first, into *ret. 0; 1: the last one seen is not there any more. */
typedef int (*PictureStream)(Store *s, Arena *a, uint32_t most, StoredText **ret, uint32_t *ret_n);

static int picture_since(Store *store, Arena *a, PictureStream get, char seen[RECORD_NAME_SIZE], bool first,
                         StoredText **ret, uint32_t *ret_n) {
        StoredText *texts = NULL;
        uint32_t n = 0, fresh = 0;
        int r = 0;

        for (uint32_t most = 1; r == 0; most *= 16) {
                r = get(store, a, most, &texts, &n);
                for (fresh = 0; r == 0 && fresh < n && strcmp(texts[fresh].name, seen) != 0;)
                        fresh++;
                if (r < 0 || first || fresh < n || n < most)
                        break;
                if (most >= AT_ONCE)
                        r = 1;
        }
        if (r < 0)
                return r;
        if (fresh == n && n > 0 && !first && seen[0])
                r = 1;
        if (n > 0)
                (void) snprintf(seen, RECORD_NAME_SIZE, "%s", texts[0].name);
        *ret = texts;
        *ret_n = first || r != 0 ? 0 : fresh;
        return r;
}

static int picture_move(Arena *a, const StoredText *text, json_t *changes) {
        JournalEntry e = { 0 };
        json_t *about;
        int r = journal_parse(a, text->text, text->n, &e);

        if (r < 0 || e.event == JOURNAL_INTENT)
                return r == -ENOMEM ? r : 0;
        about = json_pack("{s:s, s:s, s:o, s:o}", "from", e.order->from, "to", e.order->to, "at",
                          json_instant(e.at), "by", json_text(e.by));
        if (e.event != JOURNAL_STARTED)
                (void) json_object_update_new(
                        about, json_pack("{s:s, s:o, s:o}", "end", journal_event_names[e.event], "message",
                                         json_text(e.message), "seconds", json_seconds(e.took.ms)));
        r = event_change_add(changes, e.event == JOURNAL_STARTED ? "move.started" : "move.ended", "vm",
                             e.order->vm, about);
        json_decref(about);
        return r;
}

static int picture_moves(EventPicture *picture, Store *store, Arena *a, bool first, json_t *changes) {
        StoredText *texts = NULL;
        uint32_t n = 0;
        int lost = picture_since(store, a, store_get_journal, picture->journal, first, &texts, &n);
        int r = lost < 0 ? lost : 0;

        while (r == 0 && n > 0)
                r = picture_move(a, &texts[--n], changes);
        return r < 0 ? r : lost;
}

/* A change of a device's grade, or what an operator accepted. */
static int picture_fault(const StoredText *text, json_t *changes) {
        json_t *o = stored_json(text->text, text->n, 0, NULL), *about;
        const char *host = json_string_value(json_object_get(o, "host"));
        int r = 0;

        if (host) {
                about = json_pack("{s:O*, s:O*, s:O*, s:O*, s:o}", "device", json_object_get(o, "device"),
                                  "grade", json_object_get(o, "is"), "was", json_object_get(o, "was"), "by",
                                  json_object_get(o, "by"), "why",
                                  json_text(json_string_value(json_object_get(o, "why"))));
                r = event_change_add(changes, "fault", "host", host, about);
                json_decref(about);
        }
        json_decref(o);
        return r;
}

static int picture_faults(EventPicture *picture, Store *store, Arena *a, bool first, json_t *changes) {
        StoredText *texts = NULL;
        uint32_t n = 0;
        int lost = picture_since(store, a, store_get_fault_log, picture->faults, first, &texts, &n);
        int r = lost < 0 ? lost : 0;

        while (r == 0 && n > 0)
                r = picture_fault(&texts[--n], changes);
        return r < 0 ? r : lost;
}

/* ---- hosts, as `status --json` has them ---- */

/* Of each what tells that another look at it is worth while; how loaded it is, is read with the round. */
static json_t *picture_hosts(ApiCall *call, const char *cluster) {
        static const char *const members[] = { "state", "fault_grade", "above_load_line", "fenced",
                                               "takes_none" };
        json_t *status = NULL, *hosts, *all;
        usec_t as_of;

        if (api_exec_read(call, cluster, (const char *const[]){ "status", "--all", NULL }, &status, &as_of) !=
            0)
                return NULL;
        hosts = json_object();
        all = json_object_get(status, "hosts");
        for (size_t i = 0; i < json_array_size(all); i++) {
                const json_t *host = json_array_get(all, i);
                const char *name = json_string_value(json_object_get(host, "name"));
                json_t *one = json_object();

                for (size_t k = 0; k < ARRAY_SIZE(members); k++)
                        (void) json_object_set(one, members[k], json_object_get(host, members[k]));
                if (!name || json_object_set_new(hosts, name, one) < 0)
                        json_decref(one);
        }
        json_decref(status);
        return hosts;
}

/* ---- all of it ---- */

static void picture_keep(json_t *is, const EventPicture *picture, const char *section) {
        json_t *old = json_object_get(picture->now, section);

        if (old)
                (void) json_object_set(is, section, old);
}

/* Small texts that tell whether more is to be read. */
static int picture_small(EventPicture *picture, Store *store, Arena *a, json_t *is) {
        int r = 0;

        (void) json_object_set_new(is, "leader", picture_leader(store, &r));
        (void) json_object_set_new(is, "stop", picture_stop(store, a, &r));
        (void) json_object_set_new(is, "maintenance", picture_marks(store, a, &r));
        (void) json_object_set_new(is, "brake", picture_brakes(store, a, &r));
        (void) json_object_set_new(is, "answers", picture_answers(store, a, &r));
        (void) json_object_set_new(is, "settings",
                                   json_pack("{s:I}", "loaded", (json_int_t) picture->settings));
        if (r == 0)
                r = picture_live(store, a, is);
        return r;
}

static bool picture_differs(const EventPicture *picture, const json_t *is, const char *section) {
        return !json_equal(json_object_get(picture->now, section), json_object_get(is, section));
}

/* Plans that wait are long texts: read where the leader, or who answers, may have changed them. */
static int picture_large(const EventPicture *picture, Store *store, ApiCall *call, const char *cluster,
                         json_t *is) {
        const bool round = picture_differs(picture, is, "round") || picture_differs(picture, is, "leader");
        json_t *hosts = NULL;
        int r = 0;

        picture_keep(is, picture, "plans");
        picture_keep(is, picture, "hosts");
        if (!picture->now || round || picture_differs(picture, is, "answers") ||
            json_object_size(json_object_get(is, "answers")) > 0)
                (void) json_object_set_new(is, "plans", picture_plans(store, call->arena, &r));
        if (r < 0)
                return r;
        if (!picture->now || round || picture_differs(picture, is, "maintenance") ||
            picture_differs(picture, is, "brake")) {
                api_exec_forget();
                hosts = picture_hosts(call, cluster);
        }
        return hosts && json_object_set_new(is, "hosts", hosts) < 0 ? -ENOMEM : 0;
}

static int picture_streams(EventPicture *picture, Store *store, Arena *a, json_t *changes) {
        const bool first = picture->now == NULL;
        int lost = picture_moves(picture, store, a, first, changes), r;

        if (lost < 0)
                return lost;
        r = picture_faults(picture, store, a, first, changes);
        return r < 0 ? r : lost || r;
}

int event_picture_look(EventPicture *picture, Store *store, ApiCall *call, const char *cluster,
                       json_t *changes) {
        json_t *is = json_object();
        int lost = 0, r = is ? picture_small(picture, store, call->arena, is) : -ENOMEM;

        if (!picture->unanswered)
                picture->unanswered = json_object();
        if (r == 0)
                r = picture_large(picture, store, call, cluster, is);
        if (r == 0)
                r = lost = picture_streams(picture, store, call->arena, changes);
        if (r >= 0 && picture->now)
                r = event_changes(picture->now, is, changes);
        if (r >= 0) {
                const bool changed =
                        picture_differs(picture, is, "plans") || picture_differs(picture, is, "round");

                picture_owed(picture, is, changes);
                if (changed && picture_is_owed(picture, is))
                        r = picture_audited(picture, store, call->arena, changes);
        }
        if (r < 0) {
                json_decref(is);
                return r;
        }
        json_decref(picture->now);
        picture->now = is;
        return lost;
}

void event_picture_free(EventPicture *picture) {
        json_decref(picture->now);
        json_decref(picture->unanswered);
        *picture = (EventPicture){ 0 };
}
