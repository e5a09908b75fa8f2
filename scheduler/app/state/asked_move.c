/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/state/asked_move.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "scheduler/model/bounds.h"
#include "scheduler/store/store_unread.h"
#include "scheduler/store/stored_json.h"

#define ASKED_SCHEMA "plimsoll.asked/1"
#define TOLD_SCHEMA  "plimsoll.told/1"
#define WORD_MAX     600 /* bytes, of a text for people */

const char *const told_end_names[TOLD_END_N] = {
        [TOLD_DONE] = "done",
        [TOLD_REFUSED] = "refused",
        [TOLD_FAILED] = "failed",
        [TOLD_EXPIRED] = "expired",
};

static bool asked_move_is_name(const char *s) {
        return s && text_is_name(s, strlen(s));
}

static bool asked_move_is_time(json_int_t at) {
        return at >= 0 && at <= bound_of(BOUND_STORED);
}

/* ---- what is asked ---- */

int asked_move_print(Arena *a, const AskedMove *move, const char **ret, size_t *ret_n) {
        return stored_json_text(a,
                                json_pack("{s:s, s:s, s:s*, s:s, s:s, s:b, s:I, s:I}", "schema", ASKED_SCHEMA,
                                          "id", move->id, "uuid", move->uuid, "to", move->to, "by", move->by,
                                          "makes_way", (int) move->makes_way, "at", (json_int_t) move->at,
                                          "until", (json_int_t) move->until),
                                ret, ret_n);
}

static int asked_move_of_json(Arena *a, json_t *o, AskedMove *ret) {
        const char *schema = NULL, *id = NULL, *uuid = NULL, *to = NULL, *by = NULL;
        json_int_t at = 0, until = 0;
        int makes_way = 0;

        if (json_unpack(o, "{s:s, s:s, s?s, s:s, s:s, s:b, s:I, s:I}", "schema", &schema, "id", &id, "uuid",
                        &uuid, "to", &to, "by", &by, "makes_way", &makes_way, "at", &at, "until",
                        &until) < 0 ||
            strcmp(schema, ASKED_SCHEMA) != 0 || !asked_move_is_name(id) || !asked_move_is_name(to) ||
            !asked_move_is_name(by) || (uuid && !asked_move_is_name(uuid)) || !asked_move_is_time(at) ||
            !asked_move_is_time(until))
                return -EBADMSG;
        *ret = (AskedMove){ .id = text_copy(a, id, strlen(id)),
                            .uuid = uuid ? text_copy(a, uuid, strlen(uuid)) : NULL,
                            .to = text_copy(a, to, strlen(to)),
                            .by = text_copy(a, by, strlen(by)),
                            .at = at,
                            .until = until,
                            .makes_way = makes_way };
        return ret->id && ret->to && ret->by && (!uuid || ret->uuid) ? 0 : -ENOMEM;
}

int asked_move_parse(Arena *a, const char *text, size_t n, AskedMove *ret) {
        json_t *o = stored_json(text, n, JSON_REJECT_DUPLICATES, NULL);
        int r = o ? asked_move_of_json(a, o, ret) : -EBADMSG;

        json_decref(o);
        return r;
}

int asked_moves_read(Store *store, Arena *a, AskedMoves *ret) {
        StoredText *texts = NULL;
        AskedMove *list;
        uint32_t n = 0;
        int r = store_get_asked(store, a, &texts, &n);

        list = r == 0 ? arena_new(a, AskedMove, n) : NULL;
        if (r == 0 && !list)
                r = -ENOMEM;
        for (uint32_t i = 0; r == 0 && i < n; i++) {
                r = asked_move_parse(a, texts[i].text, texts[i].n, &list[i]);
                if (r == -EBADMSG)
                        store_unread_add(store, KEY_ASKED, texts[i].name, "the VM is not moved for it");
                r = r == -EBADMSG ? 0 : r;
        }
        if (r == 0)
                *ret = (AskedMoves){ .texts = texts, .at = list, .n = n };
        return r;
}

/* ---- what is told ---- */

/* As one line, whatever libvirt said. */
static const char *told_move_line(const char *words, char *buf, size_t size) {
        size_t n = 0;

        for (; words[n] && n + 1 < size; n++)
                buf[n] = (char) (words[n] == '\n' || words[n] == '\r' || words[n] == '\t' ? ' ' : words[n]);
        buf[n] = '\0';
        return text_is_line(buf, n) ? buf : "what was said cannot be shown";
}

static json_t *told_move_one(const RecordMove *m) {
        char why[WORD_MAX];

        return json_pack("{s:s, s:s, s:s, s:i, s:s, s:s, s:I, s:I, s:I, s:I}", "vm", m->order->vm, "from",
                         m->order->from, "to", m->order->to, "wave", (int) m->order->wave, "end", m->end,
                         "why", told_move_line(m->why, why, sizeof(why)), "ms", (json_int_t) m->took.ms,
                         "predicted_ms", (json_int_t) m->order->predicted.ms, "bytes",
                         (json_int_t) m->took.bytes, "downtime_ms", (json_int_t) m->took.downtime_ms);
}

json_t *told_moves_json(const ToldMove *told) {
        json_t *moves = json_array();

        for (uint32_t i = 0; i < told->n; i++)
                (void) json_array_append_new(moves, told_move_one(&told->moves[i]));
        return moves;
}

int told_move_print(Arena *a, const ToldMove *told, const char **ret, size_t *ret_n) {
        json_t *moves = told_moves_json(told);
        char why[WORD_MAX];

        return stored_json_text(a,
                                json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:o}", "schema", TOLD_SCHEMA, "id",
                                          told->id, "end", told_end_names[told->end], "why",
                                          told_move_line(told->why, why, sizeof(why)), "leader", told->leader,
                                          "at", (json_int_t) told->at, "moves", moves),
                                ret, ret_n);
}

static const char *told_move_word(Arena *a, const char *s) {
        return strlen(s) < WORD_MAX && text_is_line(s, strlen(s)) ? text_copy(a, s, strlen(s)) : NULL;
}

static int told_move_one_of_json(Arena *a, json_t *o, MoveOrder *order, RecordMove *ret) {
        const char *vm = NULL, *from = NULL, *to = NULL, *end = NULL, *why = NULL;
        json_int_t ms = 0, predicted = 0, bytes = 0, downtime = 0;
        int wave = 0;

        if (json_unpack(o, "{s:s, s:s, s:s, s:i, s:s, s:s, s:I, s:I, s:I, s:I}", "vm", &vm, "from", &from,
                        "to", &to, "wave", &wave, "end", &end, "why", &why, "ms", &ms, "predicted_ms",
                        &predicted, "bytes", &bytes, "downtime_ms", &downtime) < 0 ||
            !asked_move_is_name(vm) || !asked_move_is_name(from) || !asked_move_is_name(to) ||
            !asked_move_is_name(end) || wave < 0 || ms < UNKNOWN || predicted < UNKNOWN || bytes < UNKNOWN ||
            downtime < UNKNOWN)
                return -EBADMSG;
        *order = (MoveOrder){ .vm = text_copy(a, vm, strlen(vm)),
                              .from = text_copy(a, from, strlen(from)),
                              .to = text_copy(a, to, strlen(to)),
                              .wave = (uint32_t) wave,
                              .predicted = { .ms = predicted } };
        *ret = (RecordMove){ .order = order,
                             .end = text_copy(a, end, strlen(end)),
                             .why = told_move_word(a, why),
                             .took = { .ms = ms, .bytes = bytes, .downtime_ms = downtime } };
        return order->vm && order->from && order->to && ret->end && ret->why ? 0 : -EBADMSG;
}

static int told_move_list(Arena *a, json_t *list, ToldMove *io) {
        const size_t n = json_array_size(list);
        MoveOrder *orders = n <= VMS_MAX ? arena_new(a, MoveOrder, n) : NULL;
        RecordMove *moves = n <= VMS_MAX ? arena_new(a, RecordMove, n) : NULL;
        int r = n > VMS_MAX ? -EBADMSG : orders && moves ? 0 : -ENOMEM;

        for (size_t i = 0; r == 0 && i < n; i++)
                r = told_move_one_of_json(a, json_array_get(list, i), &orders[i], &moves[i]);
        io->moves = moves;
        io->n = (uint32_t) n;
        return r;
}

static int told_move_of_json(Arena *a, json_t *o, ToldMove *ret) {
        const char *schema = NULL, *id = NULL, *end = NULL, *why = NULL, *leader = NULL;
        json_t *moves = NULL;
        json_int_t at = 0;
        ToldMove told = { .end = TOLD_END_N };

        if (json_unpack(o, "{s:s, s:s, s:s, s:s, s:s, s:I, s:o}", "schema", &schema, "id", &id, "end", &end,
                        "why", &why, "leader", &leader, "at", &at, "moves", &moves) < 0 ||
            strcmp(schema, TOLD_SCHEMA) != 0 || !asked_move_is_name(id) || !asked_move_is_name(leader) ||
            !asked_move_is_time(at) || !json_is_array(moves))
                return -EBADMSG;
        for (int e = 0; e < TOLD_END_N; e++)
                if (strcmp(end, told_end_names[e]) == 0)
                        told.end = (ToldEnd) e;
        told.id = text_copy(a, id, strlen(id));
        told.leader = text_copy(a, leader, strlen(leader));
        told.why = told_move_word(a, why);
        told.at = at;
        if (told.end == TOLD_END_N || !told.id || !told.leader || !told.why)
                return -EBADMSG;
        *ret = told;
        return told_move_list(a, moves, ret);
}

int told_move_parse(Arena *a, const char *text, size_t n, ToldMove *ret) {
        json_t *o = stored_json(text, n, JSON_REJECT_DUPLICATES, NULL);
        int r = o ? told_move_of_json(a, o, ret) : -EBADMSG;

        json_decref(o);
        return r;
}

int told_move_read(Store *store, Arena *a, const char *vm, const char *id, ToldMove *ret) {
        StoredText *texts = NULL;
        uint32_t n = 0;
        int r = store_get_told(store, a, &texts, &n);

        for (uint32_t i = 0; r == 0 && i < n; i++) {
                ToldMove one = { 0 };

                if (strcmp(texts[i].name, vm) != 0)
                        continue;
                r = told_move_parse(a, texts[i].text, texts[i].n, &one);
                if (r == 0 && strcmp(one.id, id) == 0) {
                        *ret = one;
                        return 0;
                }
                if (r == -EBADMSG)
                        store_unread_add(store, KEY_TOLD, texts[i].name, "how it ended is not known");
                r = r == -EBADMSG ? 0 : r;
        }
        return r < 0 ? r : 1;
}
