/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/snapshot/files/record_file.h"

#include <errno.h>
#include <string.h>

#include "scheduler/model/action_kind.h"
#include "scheduler/model/bounds.h"
#include "scheduler/snapshot/files/record_move.h"
#include "scheduler/snapshot/files/snapshot_file.h"

#define RECORD_SCHEMA "plimsoll.record/1"
#define MOVED_MAX     1000U

/* ---- printing ---- */

static void record_file_put_line(TextWriter *w, const char *key) {
        text_writer_word(w, ",\n");
        text_writer_string(w, key);
        text_writer_word(w, ": ");
}

static void put_line_int(TextWriter *w, const char *key, int64_t value) {
        record_file_put_line(w, key);
        text_writer_int(w, value);
}

static void put_line_text(TextWriter *w, const char *key, const char *text) {
        if (!text)
                return;
        text_writer_word(w, ",\n");
        (void) json_put_text(w, true, key, text);
}

static void record_file_put_about(TextWriter *w, const Strings *hosts) {
        if (hosts->n == 0)
                return;
        json_put_key(w, false, "about");
        for (uint32_t i = 0; i < hosts->n; i++) {
                text_writer_word(w, i == 0 ? "[" : ", ");
                text_writer_string(w, hosts->at[i]);
        }
        text_writer_word(w, "]");
}

static void record_file_put_wish(TextWriter *w, const MoveWish *wish) {
        if (!wish->vm)
                return;
        json_put_key(w, false, "wish");
        text_writer_word(w, "{");
        (void) json_put_text(w, true, "vm", wish->vm);
        (void) json_put_text(w, false, "to", wish->to);
        json_put_int(w, false, "makes_way", wish->makes_way);
        text_writer_word(w, "}");
}

static void put_request(TextWriter *w, const Record *r) {
        record_file_put_line(w, "request");
        text_writer_word(w, "{");
        json_put_int(w, true, "seed", (int64_t) r->seed);
        json_put_int(w, false, "evaluations", (int64_t) r->evaluations);
        if (r->max_moves != UINT32_MAX)
                json_put_int(w, false, "max_moves", r->max_moves);
        if (r->max_mib != INT64_MAX)
                json_put_int(w, false, "max_mib", r->max_mib);
        if (r->max_ms != INT64_MAX)
                json_put_int(w, false, "max_ms", r->max_ms);
        if (r->threshold > 0)
                json_put_int(w, false, "threshold", r->threshold);
        record_file_put_about(w, &r->about);
        record_file_put_wish(w, &r->wish);
        (void) json_put_text(w, false, "solver", r->solver);
        text_writer_word(w, "}");
}

static void put_cool_down(TextWriter *w, const CoolDown *c) {
        text_writer_word(w, "{");
        (void) json_put_text(w, true, "vm", c->vm);
        json_put_int(w, false, "until", c->until);
        json_put_int(w, false, "length", c->length);
        if (c->n_moved > 0) {
                json_put_key(w, false, "moved");
                for (uint32_t i = 0; i < c->n_moved; i++) {
                        text_writer_word(w, i == 0 ? "[" : ", ");
                        text_writer_int(w, c->moved[i]);
                }
                text_writer_word(w, "]");
        }
        (void) json_put_text(w, false, "why", c->why);
        if (c->by) {
                (void) json_put_text(w, false, "by", c->by);
                json_put_int(w, false, "by_at", c->by_at);
        }
        if (c->open) {
                (void) json_put_text(w, false, "from", c->open->from);
                (void) json_put_text(w, false, "to", c->open->to);
                if (c->runs)
                        json_put_int(w, false, "runs", 1);
        }
        text_writer_word(w, "}");
}

static void put_not_now(TextWriter *w, unsigned not_now) {
        bool first = true;

        if (not_now == 0)
                return;
        record_file_put_line(w, "not_now");
        for (int i = ACTION_KIND_N; i-- > 0;) {
                if (!(not_now & action_kind_bit((ActionKind) i)))
                        continue;
                text_writer_word(w, first ? "[" : ", ");
                text_writer_string(w, action_kind_names[i]);
                first = false;
        }
        text_writer_word(w, first ? "[]" : "]");
}

static void put_list_start(TextWriter *w, uint32_t i) {
        text_writer_word(w, i == 0 ? "\n  " : ",\n  ");
}

int record_file_print(Arena *a, const Record *r, const char **ret, size_t *ret_n) {
        const char *facts = NULL;
        size_t n_facts = 0;
        int k = snapshot_file_print(a, r->facts, &facts, &n_facts);
        TextWriter w;

        if (k < 0)
                return k;
        w = text_writer_new(a);
        text_writer_word(&w, "{\"schema\": \"" RECORD_SCHEMA "\"");
        put_line_text(&w, "version", r->version);
        put_line_text(&w, "leader", r->leader);
        put_line_text(&w, "mode", r->mode);
        put_line_int(&w, "at", r->at);
        put_request(&w, r);
        put_line_text(&w, "settings", r->settings);
        put_line_text(&w, "paused", r->paused);
        put_line_text(&w, "stopped", r->stopped);
        put_not_now(&w, r->not_now);
        put_line_text(&w, "hold_from", r->hold_from > VM_MODE_AUTO ? vm_mode_names[r->hold_from] : NULL);
        record_file_put_line(&w, "cool_downs");
        text_writer_word(&w, "[");
        for (uint32_t i = 0; i < r->n_cool_downs; i++) {
                put_list_start(&w, i);
                put_cool_down(&w, &r->cool_downs[i]);
        }
        text_writer_word(&w, "]");
        record_file_put_line(&w, "outcomes");
        text_writer_word(&w, "[");
        for (uint32_t i = 0; i < r->n_moves; i++) {
                put_list_start(&w, i);
                record_move_put(&w, &r->moves[i]);
        }
        text_writer_word(&w, "]");
        record_file_put_line(&w, "snapshot");
        text_writer_put(&w, facts, n_facts);
        record_file_put_line(&w, "plan");
        text_writer_word(&w, r->plan);
        text_writer_word(&w, "}\n");
        return text_writer_end(&w, ret, ret_n);
}

/* ---- reading ---- */

typedef struct Reader {
        JsonReader json;
        Record record;
        bool has_schema, has_at;
} Reader;

static int record_file_read_about(Reader *reader) {
        const size_t n = json_array_size(reader->json.at);
        const char **hosts;
        uint32_t i = 0;
        int k;

        if (n > HOSTS_MAX)
                return json_reader_refuse(&reader->json, "%zu hosts; at most %u are accepted", n, HOSTS_MAX);
        hosts = arena_new(reader->json.arena, const char *, n);
        if (!hosts)
                return -ENOMEM;
        k = json_reader_enter(&reader->json, JSON_ARRAY);
        while (k == 0 && json_reader_item(&reader->json))
                k = json_take_name(&reader->json, &hosts[i++]);
        reader->record.about = (Strings){ .at = hosts, .n = i };
        return k;
}

static int record_file_read_wish(Reader *reader) {
        MoveWish *wish = &reader->record.wish;
        int64_t makes_way = 0;
        const char *key;
        int k = json_reader_enter(&reader->json, JSON_OBJECT);

        while (k == 0 && json_reader_field(&reader->json, &key)) {
                if (json_key_is(key, "vm"))
                        k = json_take_name(&reader->json, &wish->vm);
                else if (json_key_is(key, "to"))
                        k = json_take_name(&reader->json, &wish->to);
                else if (json_key_is(key, "makes_way"))
                        k = json_take_int(&reader->json, 0, bound_of(BOUND_FLAG), &makes_way);
        }
        wish->makes_way = makes_way != 0;
        return k == 0 && !wish->vm ? json_reader_refuse(&reader->json, "vm is missing in a wish") : k;
}

static int read_request(Reader *reader) {
        int64_t seed = 1, evaluations = 0, max_moves = UINT32_MAX, threshold = 0;
        const char *key;
        int k = json_reader_enter(&reader->json, JSON_OBJECT);

        while (k == 0 && json_reader_field(&reader->json, &key)) {
                if (json_key_is(key, "seed"))
                        k = json_take_int(&reader->json, 0, bound_of(BOUND_SEQUENCE), &seed);
                else if (json_key_is(key, "evaluations"))
                        k = json_take_int(&reader->json, 0, bound_of(BOUND_SEQUENCE), &evaluations);
                else if (json_key_is(key, "max_moves"))
                        k = json_take_int(&reader->json, 0, bound_of(BOUND_MOVES), &max_moves);
                else if (json_key_is(key, "max_mib"))
                        k = json_take_int(&reader->json, 0, bound_of(BOUND_SEQUENCE),
                                          &reader->record.max_mib);
                else if (json_key_is(key, "max_ms"))
                        k = json_take_int(&reader->json, 0, bound_of(BOUND_SEQUENCE), &reader->record.max_ms);
                else if (json_key_is(key, "threshold"))
                        k = json_take_int(&reader->json, 0, bound_of(BOUND_THRESHOLD), &threshold);
                else if (json_key_is(key, "about"))
                        k = record_file_read_about(reader);
                else if (json_key_is(key, "wish"))
                        k = record_file_read_wish(reader);
                else if (json_key_is(key, "solver"))
                        k = json_take_text(&reader->json, &reader->record.solver);
        }
        reader->record.seed = (uint64_t) seed;
        reader->record.evaluations = (uint64_t) evaluations;
        reader->record.max_moves = (uint32_t) max_moves;
        reader->record.threshold = (uint32_t) threshold;
        return k;
}

static int read_moved(Reader *reader, CoolDown *c) {
        const size_t n = json_array_size(reader->json.at);
        usec_t *moved;
        int k;

        if (n > MOVED_MAX)
                return json_reader_refuse(
                        &reader->json, "%zu moves of one VM in a day; at most %u are accepted", n, MOVED_MAX);
        moved = arena_new(reader->json.arena, usec_t, n);
        if (!moved)
                return -ENOMEM;
        c->moved = moved;
        k = json_reader_enter(&reader->json, JSON_ARRAY);
        while (k == 0 && json_reader_item(&reader->json))
                k = json_take_int(&reader->json, 0, bound_of(BOUND_STORED), &moved[c->n_moved++]);
        return k;
}

static int read_cool_down(Reader *reader, CoolDown *c) {
        MoveOrder open = { 0 };
        int64_t runs = 0;
        const char *key;
        int k = json_reader_enter(&reader->json, JSON_OBJECT);

        while (k == 0 && json_reader_field(&reader->json, &key)) {
                if (json_key_is(key, "vm"))
                        k = json_take_name(&reader->json, &c->vm);
                else if (json_key_is(key, "until"))
                        k = json_take_int(&reader->json, 0, bound_of(BOUND_STORED), &c->until);
                else if (json_key_is(key, "length"))
                        k = json_take_int(&reader->json, 0, bound_of(BOUND_STORED), &c->length);
                else if (json_key_is(key, "moved"))
                        k = read_moved(reader, c);
                else if (json_key_is(key, "why"))
                        k = json_take_text(&reader->json, &c->why);
                else if (json_key_is(key, "by"))
                        k = json_take_text(&reader->json, &c->by);
                else if (json_key_is(key, "by_at"))
                        k = json_take_int(&reader->json, 0, bound_of(BOUND_STORED), &c->by_at);
                else if (json_key_is(key, "from"))
                        k = json_take_text(&reader->json, &open.from);
                else if (json_key_is(key, "to"))
                        k = json_take_text(&reader->json, &open.to);
                else if (json_key_is(key, "runs"))
                        k = json_take_int(&reader->json, 0, bound_of(BOUND_FLAG), &runs);
        }
        if (k == 0 && open.from && open.to) {
                MoveOrder *order = arena_new(reader->json.arena, MoveOrder, 1);

                if (!order)
                        return -ENOMEM;
                *order = open;
                order->vm = c->vm;
                c->open = order;
                c->runs = runs == 1;
        }
        if (k == 0 && !c->vm)
                return json_reader_refuse(&reader->json, "vm is missing in a cool-down");
        return k;
}

static int read_cool_downs(Reader *reader) {
        const size_t n = json_array_size(reader->json.at);
        CoolDown *list;
        int k;

        if (n > VMS_MAX)
                return json_reader_refuse(&reader->json, "%zu cool-downs; at most %u are accepted", n,
                                          VMS_MAX);
        list = arena_new(reader->json.arena, CoolDown, n);
        if (!list)
                return -ENOMEM;
        k = json_reader_enter(&reader->json, JSON_ARRAY);
        while (k == 0 && json_reader_item(&reader->json))
                k = read_cool_down(reader, &list[reader->record.n_cool_downs++]);
        reader->record.cool_downs = list;
        return k;
}

static int read_not_now(Reader *reader) {
        int k = json_reader_enter(&reader->json, JSON_ARRAY);

        while (k == 0 && json_reader_item(&reader->json)) {
                const char *word = NULL;
                int i = 0;

                k = json_reader_string(&reader->json, &word);
                while (k == 0 && i < ACTION_KIND_N && !json_key_is(word, action_kind_names[i]))
                        i++;
                if (k == 0 && i == ACTION_KIND_N)
                        return json_reader_expect(&reader->json,
                                                  "evacuation, repair, maintenance, load, balance");
                if (k == 0)
                        reader->record.not_now |= action_kind_bit((ActionKind) i);
        }
        return k;
}

static int read_hold_from(Reader *reader) {
        const char *word = NULL;
        int k = json_reader_string(&reader->json, &word);

        for (int i = VM_MODE_CONFIRM; k == 0 && i < VM_MODE_N; i++)
                if (json_key_is(word, vm_mode_names[i])) {
                        reader->record.hold_from = (VmMode) i;
                        return 0;
                }
        return k < 0 ? k : json_reader_expect(&reader->json, "confirm or advise");
}

static int record_file_read_facts(Reader *reader) {
        TextFault inner = { 0 };
        const char *text = NULL;
        size_t n = 0;
        int k = json_take_raw(&reader->json, &text, &n);

        if (k == 0)
                k = snapshot_file_parse(reader->json.arena, text, n, &reader->record.facts, &inner);
        if (k == -EBADMSG)
                return json_reader_refuse(&reader->json, "%.80s%s%.120s", inner.field,
                                          inner.field[0] ? ": " : "", inner.what);
        return k;
}

static int record_file_read_schema(Reader *reader) {
        const char *schema = NULL;
        int k = json_reader_string(&reader->json, &schema);

        if (k < 0)
                return k;
        if (strcmp(schema, RECORD_SCHEMA) != 0)
                return json_reader_expect(&reader->json, "%s", "\"" RECORD_SCHEMA "\"");
        reader->has_schema = true;
        return 0;
}

static int record_file_read_field(Reader *reader, const char *key) {
        Record *r = &reader->record;
        size_t n;

        if (json_key_is(key, "schema"))
                return record_file_read_schema(reader);
        if (json_key_is(key, "version"))
                return json_take_text(&reader->json, &r->version);
        if (json_key_is(key, "leader"))
                return json_take_text(&reader->json, &r->leader);
        if (json_key_is(key, "mode"))
                return json_take_text(&reader->json, &r->mode);
        if (json_key_is(key, "settings"))
                return json_take_text(&reader->json, &r->settings);
        if (json_key_is(key, "paused"))
                return json_take_text(&reader->json, &r->paused);
        if (json_key_is(key, "stopped"))
                return json_take_text(&reader->json, &r->stopped);
        if (json_key_is(key, "not_now"))
                return read_not_now(reader);
        if (json_key_is(key, "hold_from"))
                return read_hold_from(reader);
        if (json_key_is(key, "request"))
                return read_request(reader);
        if (json_key_is(key, "cool_downs"))
                return read_cool_downs(reader);
        if (json_key_is(key, "outcomes"))
                return record_moves_read(&reader->json, &r->moves, &r->n_moves);
        if (json_key_is(key, "snapshot"))
                return record_file_read_facts(reader);
        if (json_key_is(key, "plan"))
                return json_is_object(reader->json.at) ? json_take_raw(&reader->json, &r->plan, &n)
                                                       : json_reader_expect(&reader->json, "a plan");
        if (!json_key_is(key, "at"))
                return 0;
        reader->has_at = true;
        return json_take_int(&reader->json, 0, bound_of(BOUND_STORED), &r->at);
}

static int record_file_read_record(Reader *reader) {
        const char *key;
        int k = json_reader_enter(&reader->json, JSON_OBJECT);

        while (k == 0 && json_reader_field(&reader->json, &key))
                k = record_file_read_field(reader, key);
        return k;
}

int record_file_parse(Arena *a, const char *text, size_t n, const Record **ret, TextFault *reterr_fault) {
        Reader p = { .record = { .version = "",
                                 .leader = "",
                                 .mode = "",
                                 .settings = "",
                                 .seed = 1,
                                 .max_moves = UINT32_MAX,
                                 .max_mib = INT64_MAX,
                                 .max_ms = INT64_MAX } };
        TextFault fault = { 0 };
        Record *record = arena_new(a, Record, 1);
        int k = record ? json_reader_open(&p.json, text, n, a, &fault) : -ENOMEM;

        if (k == 0)
                k = record_file_read_record(&p);
        json_reader_close(&p.json);
        if (k == 0 && (!p.has_schema || !p.has_at || !p.record.facts || !p.record.plan)) {
                text_fault(&fault,
                           !p.has_schema     ? "schema"
                           : !p.has_at       ? "at"
                           : !p.record.facts ? "snapshot"
                                             : "plan",
                           "is missing; a record has schema \"" RECORD_SCHEMA "\", at, snapshot and plan");
                k = -EBADMSG;
        }
        if (k == -EBADMSG)
                *reterr_fault = fault;
        if (k < 0)
                return k;
        *record = p.record;
        *ret = record;
        return 0;
}
