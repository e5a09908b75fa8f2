/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/state/live_state.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/store/store_unread.h"
#include "scheduler/store/stored_json.h"

#define SCHEMA "plimsoll.service/1"

static json_t *live_state_move_json(const LiveMove *m) {
        const MoveOrder *o = m->order;
        const MigrationStatus *s = &m->status;

        return json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:s, s:I, s:b, s:s*, s:s*}",
                         "vm", o->vm, "from", o->from, "to", o->to, "phase", migration_phase_names[s->phase],
                         "bytes_total", (json_int_t) s->bytes_total, "bytes_done", (json_int_t) s->bytes_done,
                         "bytes_left", (json_int_t) s->bytes_left, "bytes_per_s", (json_int_t) s->bytes_per_s,
                         "running_ms", (json_int_t) m->running_ms, "predicted_ms",
                         (json_int_t) o->predicted.ms, "message", s->message, "deadline_ms",
                         (json_int_t) m->deadline_ms, "late", (int) live_move_is_late(m), "kind", o->kind,
                         "held", o->held);
}

static json_t *modes_json(const ServiceModes *m) {
        json_t *o = json_object();

        for (int k = 0; k < ACTION_KIND_N; k++)
                (void) json_object_set_new(o, action_kind_names[k],
                                           json_string(service_mode_names[m->of[k]]));
        return o;
}

static json_t *waiting_json(const LiveState *s) {
        json_t *list = json_array();

        for (uint32_t i = 0; i < s->n_waiting; i++)
                (void) json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:I, s:I}", "id",
                                                             s->waiting[i].id, "kinds", s->waiting[i].kinds,
                                                             "summary", s->waiting[i].summary, "moves",
                                                             (json_int_t) s->waiting[i].n_moves, "until",
                                                             (json_int_t) s->waiting[i].until));
        return list;
}

static json_t *unread_json(const LiveState *s) {
        json_t *list = json_array();

        for (uint32_t i = 0; i < s->unread.n; i++)
                (void) json_array_append_new(list, json_string(s->unread.at[i]));
        return list;
}

static json_t *certificates_json(const LiveState *s) {
        json_t *list = json_array();

        for (uint32_t i = 0; i < s->n_certificates; i++)
                (void) json_array_append_new(list, json_pack("{s:s, s:I}", "file", s->certificates[i].file,
                                                             "until", (json_int_t) s->certificates[i].until));
        return list;
}

bool live_state_leads(const LiveState *s, const char *holder, usec_t now) {
        if (service_modes_act(&s->modes))
                return holder && strcmp(holder, s->leader) == 0;
        return s->next_by == 0 || now <= s->next_by;
}

int live_state_print(Arena *a, const LiveState *s, const char **ret, size_t *ret_n) {
        json_t *moves = json_array(), *stays = json_array(), *o;
        char *text;

        for (uint32_t i = 0; i < s->n_moves; i++)
                (void) json_array_append_new(moves, live_state_move_json(&s->moves[i]));
        for (uint32_t i = 0; i < s->n_stays; i++)
                (void) json_array_append_new(stays, json_pack("{s:s, s:s, s:s}", "vm", s->stays[i].vm, "host",
                                                              s->stays[i].host, "why", s->stays[i].why));
        o = json_pack("{s:s, s:s, s:s, s:I, s:I, s:s, s:s*, s:I, s:o, s:o, s:I}", "schema", SCHEMA, "leader",
                      s->leader, "mode", s->mode, "written_at", (json_int_t) s->written_at, "round_at",
                      (json_int_t) s->round_at, "summary", s->summary ? s->summary : "", "plan_status",
                      s->plan_status, "over_limit", (json_int_t) s->over_limit, "moves", moves, "stays",
                      stays, "stays_all", (json_int_t) s->n_stays_all);
        (void) json_object_set_new(o, "modes", modes_json(&s->modes));
        (void) json_object_set_new(o, "waiting", waiting_json(s));
        (void) json_object_set_new(o, "certificates", certificates_json(s));
        (void) json_object_set_new(o, "unread", unread_json(s));
        if (s->next_by > 0)
                (void) json_object_set_new(o, "next_by", json_integer(s->next_by));
        if (s->paused)
                json_object_update_new(o, json_pack("{s:s, s:I, s:[s, s]}", "paused", s->paused,
                                                    "paused_since", (json_int_t) s->paused_since,
                                                    "paused_kinds", "load", "balance"));
        text = o ? json_dumps(o, JSON_INDENT(1) | JSON_PRESERVE_ORDER) : NULL;
        json_decref(o);
        if (!text)
                return -ENOMEM;
        *ret_n = strlen(text);
        *ret = text_copy(a, text, *ret_n);
        free(text);
        return *ret ? 0 : -ENOMEM;
}

static MigrationPhase phase_of(const char *name) {
        for (int p = 0; p < MIGRATION_PHASE_N; p++)
                if (strcmp(name, migration_phase_names[p]) == 0)
                        return (MigrationPhase) p;
        return MIGRATION_UNCLEAR;
}

static const char *live_state_copy(Arena *a, const char *s) {
        return s ? text_copy(a, s, strlen(s)) : NULL;
}

static int move_parse(Arena *a, json_t *o, LiveMove *ret) {
        const char *vm = NULL, *from = NULL, *to = NULL, *phase = NULL, *message = "", *kind = NULL,
                   *held = NULL;
        MoveOrder *order;
        json_int_t total = 0, done = 0, left = 0, rate = 0, running = 0, predicted = 0, deadline = 0;

        if (json_unpack(o, "{s:s, s:s, s:s, s:s, s?I, s?I, s?I, s?I, s?I, s?I, s?s, s?I, s?s, s?s}", "vm",
                        &vm, "from", &from, "to", &to, "phase", &phase, "bytes_total", &total, "bytes_done",
                        &done, "bytes_left", &left, "bytes_per_s", &rate, "running_ms", &running,
                        "predicted_ms", &predicted, "message", &message, "deadline_ms", &deadline, "kind",
                        &kind, "held", &held) < 0)
                return -EBADMSG;
        order = arena_new(a, MoveOrder, 1);
        if (!order)
                return -ENOMEM;
        *order = (MoveOrder){ .vm = live_state_copy(a, vm),
                              .from = live_state_copy(a, from),
                              .to = live_state_copy(a, to),
                              .predicted = { .ms = predicted },
                              .held = live_state_copy(a, held),
                              .kind = action_kind_named(kind) };
        *ret = (LiveMove){ .order = order,
                           .status = { .phase = phase_of(phase),
                                       .bytes_total = total,
                                       .bytes_done = done,
                                       .bytes_left = left,
                                       .bytes_per_s = rate },
                           .running_ms = running,
                           .deadline_ms = deadline };
        (void) snprintf(ret->status.message, sizeof(ret->status.message), "%s", message);
        return order->vm && order->from && order->to ? 0 : -ENOMEM;
}

static int stays_parse(Arena *a, json_t *list, LiveState *ret) {
        LiveStay *stays = arena_new(a, LiveStay, json_array_size(list));

        if (!stays)
                return -ENOMEM;
        for (size_t i = 0; i < json_array_size(list); i++) {
                const char *vm = NULL, *host = NULL, *why = NULL;

                if (json_unpack(json_array_get(list, i), "{s:s, s:s, s:s}", "vm", &vm, "host", &host, "why",
                                &why) < 0)
                        return -EBADMSG;
                stays[i] = (LiveStay){ live_state_copy(a, vm), live_state_copy(a, host),
                                       live_state_copy(a, why) };
                if (!stays[i].vm || !stays[i].host || !stays[i].why)
                        return -ENOMEM;
        }
        ret->stays = stays;
        ret->n_stays = (uint32_t) json_array_size(list);
        return 0;
}

static ServiceMode mode_of(const char *name) {
        for (int m = 0; name && m < MODE_N; m++)
                if (strcmp(name, service_mode_names[m]) == 0)
                        return (ServiceMode) m;
        return MODE_ADVISE;
}

/* What does not say takes all kinds alike. */
static ServiceModes modes_parse(const json_t *o, const char *usual) {
        ServiceModes m = service_modes_all(mode_of(usual));

        for (int k = 0; k < ACTION_KIND_N; k++) {
                const json_t *own = json_object_get(o, action_kind_names[k]);

                if (json_is_string(own))
                        m.of[k] = mode_of(json_string_value(own));
        }
        return m;
}

static int waiting_parse(Arena *a, const json_t *list, LiveState *ret) {
        LiveWaiting *waiting = arena_new(a, LiveWaiting, json_array_size(list));

        if (!waiting)
                return -ENOMEM;
        for (size_t i = 0; i < json_array_size(list); i++) {
                const char *id = NULL, *kinds = NULL, *summary = NULL;
                json_int_t moves = 0, until = 0;

                if (json_unpack(json_array_get(list, i), "{s:s, s:s, s:s, s:I, s:I}", "id", &id, "kinds",
                                &kinds, "summary", &summary, "moves", &moves, "until", &until) < 0)
                        return -EBADMSG;
                waiting[i] = (LiveWaiting){ .id = live_state_copy(a, id),
                                            .kinds = live_state_copy(a, kinds),
                                            .summary = live_state_copy(a, summary),
                                            .n_moves = (uint32_t) moves,
                                            .until = until };
                if (!waiting[i].id || !waiting[i].kinds || !waiting[i].summary)
                        return -ENOMEM;
        }
        ret->waiting = waiting;
        ret->n_waiting = (uint32_t) json_array_size(list);
        return 0;
}

/* A service of before has none. */
static int certificates_parse(Arena *a, const json_t *list, LiveState *ret) {
        LiveCertificate *certificates = arena_new(a, LiveCertificate, json_array_size(list));

        if (!certificates)
                return -ENOMEM;
        for (size_t i = 0; i < json_array_size(list); i++) {
                const char *file = NULL;
                json_int_t until = 0;

                if (json_unpack(json_array_get(list, i), "{s:s, s:I}", "file", &file, "until", &until) < 0)
                        return -EBADMSG;
                certificates[i] = (LiveCertificate){ .file = live_state_copy(a, file), .until = until };
                if (!certificates[i].file)
                        return -ENOMEM;
        }
        ret->certificates = certificates;
        ret->n_certificates = (uint32_t) json_array_size(list);
        return 0;
}

/* Likewise. */
static int unread_parse(Arena *a, const json_t *list, LiveState *ret) {
        const char **words = arena_new(a, const char *, json_array_size(list));

        if (!words)
                return -ENOMEM;
        for (size_t i = 0; i < json_array_size(list); i++) {
                const char *text = json_string_value(json_array_get(list, i));

                words[i] = live_state_copy(a, text);
                if (!words[i])
                        return text ? -ENOMEM : -EBADMSG;
        }
        ret->unread = (Strings){ .at = words, .n = (uint32_t) json_array_size(list) };
        return 0;
}

static int state_parse(Arena *a, json_t *o, LiveState *ret) {
        const char *schema = NULL, *leader = NULL, *mode = NULL, *summary = "", *status = NULL;
        json_int_t written = 0, round = 0, over = 0, stays_all = 0;
        json_t *moves = NULL, *stays = NULL;
        LiveMove *list;
        int r = 0;

        if (json_unpack(o, "{s:s, s:s, s:s, s:I, s:I, s:s, s?s, s?I, s:o, s?o, s?I}", "schema", &schema,
                        "leader", &leader, "mode", &mode, "written_at", &written, "round_at", &round,
                        "summary", &summary, "plan_status", &status, "over_limit", &over, "moves", &moves,
                        "stays", &stays, "stays_all", &stays_all) < 0 ||
            strcmp(schema, SCHEMA) != 0 || !json_is_array(moves))
                return -EBADMSG;
        list = arena_new(a, LiveMove, json_array_size(moves));
        if (!list)
                return -ENOMEM;
        for (size_t i = 0; i < json_array_size(moves) && r == 0; i++)
                r = move_parse(a, json_array_get(moves, i), &list[i]);
        *ret = (LiveState){ .leader = live_state_copy(a, leader),
                            .mode = live_state_copy(a, mode),
                            .modes = modes_parse(json_object_get(o, "modes"), mode),
                            .written_at = written,
                            .round_at = round,
                            .next_by = json_integer_value(json_object_get(o, "next_by")),
                            .summary = live_state_copy(a, summary),
                            .plan_status = live_state_copy(a, status),
                            .paused = live_state_copy(a, json_string_value(json_object_get(o, "paused"))),
                            .paused_since = json_integer_value(json_object_get(o, "paused_since")),
                            .over_limit = (uint32_t) over,
                            .moves = list,
                            .n_moves = (uint32_t) json_array_size(moves),
                            .n_stays_all = (uint32_t) stays_all };
        if (r == 0)
                r = stays_parse(a, stays, ret);
        if (r == 0)
                r = waiting_parse(a, json_object_get(o, "waiting"), ret);
        if (r == 0)
                r = certificates_parse(a, json_object_get(o, "certificates"), ret);
        if (r == 0)
                r = unread_parse(a, json_object_get(o, "unread"), ret);
        return r < 0 ? r : ret->leader && ret->mode && ret->summary ? 0 : -ENOMEM;
}

int live_state_parse(Arena *a, const char *text, size_t n, LiveState *ret, TextFault *reterr_fault) {
        json_error_t error;
        json_t *o = stored_json(text, n, JSON_REJECT_DUPLICATES, &error);
        LiveState state;
        int r = o ? state_parse(a, o, &state) : -EBADMSG;

        json_decref(o);
        if (r == -EBADMSG)
                text_fault(reterr_fault, "", "is not of schema " SCHEMA "%s%s", o ? "" : ": ",
                           o ? "" : error.text);
        if (r == 0)
                *ret = state;
        return r;
}

int live_state_get(Store *store, Arena *a, LiveState *ret) {
        const char *text = NULL;
        TextFault fault = { 0 };
        size_t n = 0;
        int r = store_get_state(store, a, LIVE_STATE_NAME, &text, &n);

        if (r == 0)
                r = live_state_parse(a, text, n, ret, &fault);
        if (r == -EBADMSG)
                store_unread_add(store, KEY_STATE, LIVE_STATE_NAME, "what the service does is not known");
        return r == -EBADMSG ? 1 : r;
}
