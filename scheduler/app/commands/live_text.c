/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/commands/live_text.h"

#include <string.h>

#include "scheduler/snapshot/json/json_value.h"

static json_t *live_text_move(const LiveMove *m) {
        const MoveOrder *o = m->order;
        const MigrationStatus *s = &m->status;

        return json_pack(
                "{s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:o, s:o}", "vm", o->vm,
                "from", o->from, "to", o->to, "phase", migration_phase_names[s->phase], "bytes_total",
                json_number(s->bytes_total), "bytes_done", json_number(s->bytes_done), "bytes_left",
                json_number(s->bytes_left), "bytes_per_second", json_number(s->bytes_per_s),
                "running_seconds", json_seconds(m->running_ms), "predicted_seconds",
                json_seconds(o->predicted.ms), "message", json_text(s->message[0] ? s->message : NULL),
                "deadline_seconds", json_seconds(m->deadline_ms > 0 ? m->deadline_ms : UNKNOWN), "is_late",
                (int) live_move_is_late(m), "kind", json_text(o->kind), "held_why", json_text(o->held));
}

static json_t *live_text_modes(const ServiceModes *m) {
        json_t *o = json_object();

        for (int k = 0; k < ACTION_KIND_N; k++)
                (void) json_object_set_new(o, action_kind_names[k], json_text(service_mode_names[m->of[k]]));
        return o;
}

/* "load, balance" as a list. */
static json_t *live_text_kinds(const char *kinds) {
        json_t *list = json_array();

        for (size_t n; *kinds; kinds += n) {
                kinds += strspn(kinds, ", ");
                n = strcspn(kinds, ", ");
                if (n > 0)
                        (void) json_array_append_new(list, json_stringn(kinds, n));
        }
        return list;
}

static json_t *live_text_waiting(const LiveState *s) {
        json_t *list = json_array();

        for (uint32_t i = 0; i < s->n_waiting; i++)
                (void) json_array_append_new(list,
                                             json_pack("{s:s, s:o, s:o, s:I, s:o}", "id", s->waiting[i].id,
                                                       "kinds", live_text_kinds(s->waiting[i].kinds),
                                                       "summary", json_text(s->waiting[i].summary),
                                                       "move_count", (json_int_t) s->waiting[i].n_moves,
                                                       "until", json_instant(s->waiting[i].until)));
        return list;
}

static json_t *live_text_certificates(const LiveState *s) {
        json_t *list = json_array();

        for (uint32_t i = 0; i < s->n_certificates; i++)
                (void) json_array_append_new(list, json_pack("{s:o, s:o}", "file",
                                                             json_text(s->certificates[i].file), "until",
                                                             json_instant(s->certificates[i].until)));
        return list;
}

json_t *live_text_json(const LiveState *s) {
        json_t *moves = json_array(), *stays = json_array();

        for (uint32_t i = 0; i < s->n_moves; i++)
                (void) json_array_append_new(moves, live_text_move(&s->moves[i]));
        for (uint32_t i = 0; i < s->n_stays; i++)
                (void) json_array_append_new(stays,
                                             json_pack("{s:s, s:s, s:o}", "vm", s->stays[i].vm, "host",
                                                       s->stays[i].host, "why", json_text(s->stays[i].why)));
        return json_pack(
                "{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:o, s:o, s:I, s:o, s:o, s:o, s:o, s:o}",
                "leader", s->leader, "mode", s->mode, "modes", live_text_modes(&s->modes), "written_at",
                json_instant(s->written_at), "round_at", json_instant(s->round_at), "next_by",
                json_instant(s->next_by), "summary", json_text(s->summary), "plan_status",
                json_text(s->plan_status), "over_limit", (json_int_t) s->over_limit, "moves", moves, "stays",
                stays, "stays_all", (json_int_t) s->n_stays_all, "waiting", live_text_waiting(s), "paused",
                json_text(s->paused), "paused_since", json_instant(s->paused ? s->paused_since : 0),
                "paused_kinds", s->paused ? json_pack("[s, s]", "load", "balance") : json_array(),
                "certificates", live_text_certificates(s));
}
