/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/snapshot/files/waiting_text.h"

#include <errno.h>
#include <string.h>

#include "scheduler/model/bounds.h"
#include "scheduler/snapshot/json/json_text.h"

#define WAITING_SCHEMA "plimsoll.waiting/1"
#define ANSWER_SCHEMA  "plimsoll.answer/1"

const char *const waiting_state_names[WAITING_STATE_N] = { "asked", "rejected" };

/* ---- printing ---- */

int waiting_text_print(Arena *a, const WaitingPlan *w, const char **ret, size_t *ret_n) {
        TextWriter t = text_writer_new(a);
        bool first = true;

        text_writer_word(&t, "{\"schema\": \"" WAITING_SCHEMA "\"");
        (void) json_put_text(&t, false, "id", w->id);
        (void) json_put_text(&t, false, "state", waiting_state_names[w->state]);
        json_put_int(&t, false, "made_at", w->made_at);
        json_put_int(&t, false, "until", w->until);
        json_put_key(&t, false, "kinds");
        text_writer_word(&t, "[");
        for (int k = 0; k < ACTION_KIND_N; k++) {
                if (!(w->kinds & action_kind_bit((ActionKind) k)))
                        continue;
                text_writer_word(&t, first ? "" : ", ");
                text_writer_string(&t, action_kind_names[k]);
                first = false;
        }
        text_writer_word(&t, "]");
        (void) json_put_text(&t, false, "summary", w->summary);
        (void) json_put_text(&t, false, "record", w->record);
        if (w->by && w->by[0]) {
                (void) json_put_text(&t, false, "by", w->by);
                json_put_key(&t, false, "accepted");
                text_writer_word(&t, w->accepted ? "true" : "false");
        }
        json_put_key(&t, false, "plan");
        text_writer_word(&t, w->plan);
        text_writer_word(&t, "}");
        return text_writer_end(&t, ret, ret_n);
}

int answer_text_print(Arena *a, const WaitingAnswer *answer, const char **ret, size_t *ret_n) {
        TextWriter t = text_writer_new(a);

        text_writer_word(&t, "{\"schema\": \"" ANSWER_SCHEMA "\"");
        json_put_key(&t, false, "yes");
        text_writer_word(&t, answer->yes ? "true" : "false");
        (void) json_put_text(&t, false, "by", answer->by);
        json_put_int(&t, false, "at", answer->at);
        text_writer_word(&t, "}");
        return text_writer_end(&t, ret, ret_n);
}

/* ---- reading ---- */

typedef struct Reader {
        JsonReader json;
        WaitingPlan plan;
        WaitingAnswer answer;
        bool has_schema, has_yes;
} Reader;

static int waiting_text_read_schema(Reader *reader, const char *wanted) {
        const char *schema = NULL;
        int k = json_reader_string(&reader->json, &schema);

        if (k == 0 && strcmp(schema, wanted) != 0)
                return json_reader_expect(&reader->json, "%s", wanted);
        reader->has_schema = k == 0;
        return k;
}

/* Which of the words it is; -EBADMSG: none. */
static int waiting_text_read_word(Reader *reader, const char *const *words, int n, int *ret) {
        const char *word = NULL;
        int k = json_reader_string(&reader->json, &word), i = 0;

        if (k < 0)
                return k;
        while (i < n && !json_key_is(word, words[i]))
                i++;
        if (i == n)
                return json_reader_expect(&reader->json, "%s … %s", words[0], words[n - 1]);
        *ret = i;
        return 0;
}

static int read_kinds(Reader *reader) {
        int k = json_reader_enter(&reader->json, JSON_ARRAY), kind = 0;

        while (k == 0 && json_reader_item(&reader->json)) {
                k = waiting_text_read_word(reader, action_kind_names, ACTION_KIND_N, &kind);
                if (k == 0)
                        reader->plan.kinds |= action_kind_bit((ActionKind) kind);
        }
        return k;
}

static int read_plan_field(Reader *reader, const char *key) {
        WaitingPlan *w = &reader->plan;
        int state = 0, k;
        size_t n;

        if (json_key_is(key, "schema"))
                return waiting_text_read_schema(reader, WAITING_SCHEMA);
        if (json_key_is(key, "id"))
                return json_take_name(&reader->json, &w->id);
        if (json_key_is(key, "made_at"))
                return json_take_int(&reader->json, 0, bound_of(BOUND_STORED), &w->made_at);
        if (json_key_is(key, "until"))
                return json_take_int(&reader->json, 0, bound_of(BOUND_STORED), &w->until);
        if (json_key_is(key, "kinds"))
                return read_kinds(reader);
        if (json_key_is(key, "summary"))
                return json_take_text(&reader->json, &w->summary);
        if (json_key_is(key, "record"))
                return json_take_text(&reader->json, &w->record);
        if (json_key_is(key, "by"))
                return json_take_name(&reader->json, &w->by);
        if (json_key_is(key, "accepted"))
                return json_reader_bool(&reader->json, &w->accepted);
        if (json_key_is(key, "plan"))
                return json_is_object(reader->json.at) ? json_take_raw(&reader->json, &w->plan, &n)
                                                       : json_reader_expect(&reader->json, "a plan");
        if (!json_key_is(key, "state"))
                return 0;
        k = waiting_text_read_word(reader, waiting_state_names, WAITING_STATE_N, &state);
        if (k == 0)
                w->state = (WaitingState) state;
        return k;
}

static int read_answer_field(Reader *reader, const char *key) {
        if (json_key_is(key, "schema"))
                return waiting_text_read_schema(reader, ANSWER_SCHEMA);
        if (json_key_is(key, "by"))
                return json_take_text(&reader->json, &reader->answer.by);
        if (json_key_is(key, "at"))
                return json_take_int(&reader->json, 0, bound_of(BOUND_STORED), &reader->answer.at);
        if (!json_key_is(key, "yes"))
                return 0;
        reader->has_yes = true;
        return json_reader_bool(&reader->json, &reader->answer.yes);
}

static int waiting_text_read_all(Reader *reader, int (*field)(Reader *reader, const char *key)) {
        const char *key;
        int k = json_reader_enter(&reader->json, JSON_OBJECT);

        while (k == 0 && json_reader_field(&reader->json, &key))
                k = field(reader, key);
        return k;
}

static int waiting_text_lacks(TextFault *f, const char *field, const char *words) {
        text_fault(f, field, "is missing; %s", words);
        return -EBADMSG;
}

int waiting_text_parse(Arena *a, const char *text, size_t n, WaitingPlan *ret, TextFault *reterr_fault) {
        Reader p = { .plan = { .summary = "", .record = "", .by = "" } };
        TextFault fault = { 0 };
        int k = json_reader_open(&p.json, text, n, a, &fault);

        if (k == 0)
                k = waiting_text_read_all(&p, read_plan_field);
        json_reader_close(&p.json);
        if (k == 0 && (!p.has_schema || !p.plan.id || !p.plan.plan))
                k = waiting_text_lacks(&fault,
                                       !p.has_schema ? "schema"
                                       : !p.plan.id  ? "id"
                                                     : "plan",
                                       "a waiting plan has schema \"" WAITING_SCHEMA "\", id and plan");
        if (k == -EBADMSG)
                *reterr_fault = fault;
        if (k == 0)
                *ret = p.plan;
        return k;
}

int answer_text_parse(Arena *a, const char *text, size_t n, WaitingAnswer *ret, TextFault *reterr_fault) {
        Reader p = { .answer = { .by = "" } };
        TextFault fault = { 0 };
        int k = json_reader_open(&p.json, text, n, a, &fault);

        if (k == 0)
                k = waiting_text_read_all(&p, read_answer_field);
        json_reader_close(&p.json);
        if (k == 0 && (!p.has_schema || !p.has_yes))
                k = waiting_text_lacks(&fault, p.has_schema ? "yes" : "schema",
                                       "an answer has schema \"" ANSWER_SCHEMA "\" and yes, true or false");
        if (k == -EBADMSG)
                *reterr_fault = fault;
        if (k == 0)
                *ret = p.answer;
        return k;
}
