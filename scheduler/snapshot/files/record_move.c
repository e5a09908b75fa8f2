/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/snapshot/files/record_move.h"

#include <errno.h>
#include <string.h>

#include "scheduler/model/action_kind.h"
#include "scheduler/model/bounds.h"

void record_move_put(TextWriter *w, const RecordMove *m) {
        text_writer_word(w, "{");
        (void) json_put_text(w, true, "vm", m->order->vm);
        (void) json_put_text(w, false, "from", m->order->from);
        (void) json_put_text(w, false, "to", m->order->to);
        json_put_int(w, false, "wave", m->order->wave);
        (void) json_put_text(w, false, "kind", m->order->kind);
        (void) json_put_text(w, false, "end", m->end);
        (void) json_put_text(w, false, "why", m->why);
        (void) json_put_text(w, false, "strategy", m->strategy);
        json_put_key(w, false, "predicted");
        text_writer_word(w, "{");
        json_put_int(w, true, "ms_low", m->order->predicted.ms_low);
        json_put_int(w, false, "ms", m->order->predicted.ms);
        json_put_int(w, false, "ms_high", m->order->predicted.ms_high);
        json_put_int(w, false, "bytes", m->order->predicted.bytes);
        json_put_int(w, false, "downtime_ms", m->order->predicted.downtime_ms);
        text_writer_word(w, "}");
        json_put_int(w, false, "ms", m->took.ms);
        json_put_int(w, false, "bytes", m->took.bytes);
        json_put_int(w, false, "downtime_ms", m->took.downtime_ms);
        text_writer_word(w, "}");
}

static int record_move_read_prediction(JsonReader *reader, Prediction *f) {
        const char *key;
        int k = json_reader_enter(reader, JSON_OBJECT);

        while (k == 0 && json_reader_field(reader, &key)) {
                int64_t *field = json_key_is(key, "ms_low")        ? &f->ms_low
                                 : json_key_is(key, "ms")          ? &f->ms
                                 : json_key_is(key, "ms_high")     ? &f->ms_high
                                 : json_key_is(key, "bytes")       ? &f->bytes
                                 : json_key_is(key, "downtime_ms") ? &f->downtime_ms
                                                                   : NULL;

                if (field)
                        k = json_take_int(reader, UNKNOWN, bound_of(BOUND_STORED), field);
        }
        return k;
}

/* The numbers of a move; NULL: not one of them. */
static int64_t *measured_field(RecordMove *m, const char *key) {
        return json_key_is(key, "ms")            ? &m->took.ms
               : json_key_is(key, "bytes")       ? &m->took.bytes
               : json_key_is(key, "downtime_ms") ? &m->took.downtime_ms
                                                 : NULL;
}

/* What names no kind (of a newer version) is passed over. */
static int record_move_read_kind(JsonReader *reader, const char **ret) {
        const char *text = NULL;
        const int r = json_take_text(reader, &text);

        *ret = r == 0 ? action_kind_named(text) : NULL;
        return r;
}

static int read_move_field(JsonReader *reader, const char *key, RecordMove *m, MoveOrder *o) {
        int64_t *number = measured_field(m, key), wave = o->wave;
        int k = 0;

        if (number)
                return json_take_int(reader, UNKNOWN, bound_of(BOUND_STORED), number);
        if (json_key_is(key, "vm"))
                return json_take_name(reader, &o->vm);
        if (json_key_is(key, "from"))
                return json_take_name(reader, &o->from);
        if (json_key_is(key, "to"))
                return json_take_name(reader, &o->to);
        if (json_key_is(key, "end"))
                return json_take_text(reader, &m->end);
        if (json_key_is(key, "why"))
                return json_take_text(reader, &m->why);
        if (json_key_is(key, "kind"))
                return record_move_read_kind(reader, &o->kind);
        if (json_key_is(key, "strategy"))
                return json_take_text(reader, &m->strategy);
        if (json_key_is(key, "predicted"))
                return record_move_read_prediction(reader, &o->predicted);
        if (json_key_is(key, "wave"))
                k = json_take_int(reader, 0, bound_of(BOUND_WAVE), &wave);
        o->wave = (uint32_t) wave;
        return k;
}

static int record_move_read_move(JsonReader *reader, RecordMove *m, MoveOrder *o) {
        const char *key;
        int k = json_reader_enter(reader, JSON_OBJECT);

        *m = (RecordMove){ .order = o, .why = "", .took = MOVE_NOT_MEASURED };
        while (k == 0 && json_reader_field(reader, &key))
                k = read_move_field(reader, key, m, o);
        if (k == 0 && (!o->vm || !o->from || !o->to || !m->end))
                return json_reader_refuse(reader,
                                          "%s is missing in an outcome; each has vm, from, to and end",
                                          !o->vm     ? "vm"
                                          : !o->from ? "from"
                                          : !o->to   ? "to"
                                                     : "end");
        return k;
}

int record_moves_read(JsonReader *r, const RecordMove **ret, uint32_t *ret_n) {
        const size_t n = json_array_size(r->at);
        RecordMove *list;
        MoveOrder *orders;
        uint32_t i = 0;
        int k;

        if (n > VMS_MAX)
                return json_reader_refuse(r, "%zu moves; at most %u are accepted", n, VMS_MAX);
        list = arena_new(r->arena, RecordMove, n);
        orders = arena_new(r->arena, MoveOrder, n);
        if (!list || !orders)
                return -ENOMEM;
        k = json_reader_enter(r, JSON_ARRAY);
        for (; k == 0 && json_reader_item(r); i++)
                k = record_move_read_move(r, &list[i], &orders[i]);
        *ret = list;
        *ret_n = i;
        return k;
}
