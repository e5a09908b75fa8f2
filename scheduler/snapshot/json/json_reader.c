/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/snapshot/json/json_reader.h"

#include <errno.h>
#include <string.h>

#define EXCERPT_MAX 40

/* ---- faults ---- */

/* s[0..n) after buf[used], as much as fits, whole characters, '?' for control characters; the new length. */
static size_t json_reader_excerpt(char *buf, size_t size, size_t used, const char *s, size_t n) {
        if (n > size - 1 - used)
                for (n = size - 1 - used; n > 0 && (s[n] & 0xc0) == 0x80;)
                        n--;
        for (size_t i = 0; i < n; i++)
                buf[used + i] = (char) ((unsigned char) s[i] < 0x20 || s[i] == 0x7f ? '?' : s[i]);
        buf[used + n] = '\0';
        return used + n;
}

int json_reader_place(JsonReader *r) {
        char *path = r->fault->field;
        const size_t size = sizeof(r->fault->field);
        size_t used = 0;

        path[0] = '\0';
        for (uint32_t d = 0; d < r->depth; d++) {
                const JsonFrame *f = &r->path[d];
                TextFault number;

                if (!f->started)
                        continue;
                if (f->key) {
                        used = json_reader_excerpt(path, size, used, ".", used > 0);
                        used = json_reader_excerpt(path, size, used, f->key, strlen(f->key));
                } else {
                        text_fault(&number, "", "[%u]", f->index);
                        used = json_reader_excerpt(path, size, used, number.what, strlen(number.what));
                }
        }
        return -EBADMSG;
}

const char *json_reader_found(const JsonReader *r, char buf[JSON_FOUND_MAX]) {
        const char *s = json_string_value(r->at);
        size_t n;

        if (json_is_object(r->at))
                return "an object";
        if (json_is_array(r->at))
                return "an array";
        if (!s) {
                n = json_dumpb(r->at, buf, JSON_FOUND_MAX - 1, JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
                buf[n < JSON_FOUND_MAX ? n : 0] = '\0';
                return buf;
        }
        n = json_reader_excerpt(buf, EXCERPT_MAX, 0, "\"", 1);
        n = json_reader_excerpt(buf, EXCERPT_MAX, n, s, strlen(s));
        return memcpy(buf + n, strlen(s) == n - 1 ? "\"" : "…", strlen(s) == n - 1 ? 2 : sizeof("…")), buf;
}

/* ---- structure ---- */

/* jansson's words, and where they are not enough ours. */
static int refuse_text(TextFault *fault, const json_error_t *error) {
        switch (json_error_code(error)) {
        case json_error_out_of_memory:
                return -ENOMEM;
        case json_error_numeric_overflow:
                text_fault(fault, "", "%s; accepted: whole numbers of 64 bits, others below 1.8e308",
                           error->text);
                break;
        case json_error_duplicate_key:
                text_fault(fault, "", "%s: the field is given twice; accepted: once", error->text);
                break;
        case json_error_null_character:
        case json_error_null_byte_in_key:
                text_fault(fault, "", "a string with U+0000; accepted: strings without it");
                break;
        default:
                text_fault(fault, "", "not JSON: %s", error->text);
                break;
        }
        (void) json_reader_excerpt(fault->what, sizeof(fault->what), 0, fault->what, strlen(fault->what));
        fault->line = error->line > 0 ? (uint32_t) error->line : 1;
        fault->column = error->column > 0 ? (uint32_t) error->column : 1;
        return -EBADMSG;
}

#define FLAGS (JSON_DECODE_ANY | JSON_REJECT_DUPLICATES)

int json_reader_open(JsonReader *r, const char *text, size_t n, Arena *a, TextFault *fault) {
        json_error_t e = { 0 };

        *r = (JsonReader){ .arena = a, .fault = fault };
        r->root = json_loadb(text, n, FLAGS, &e);
        if (!r->root && json_error_code(&e) == json_error_numeric_overflow)
                /* beyond 64 bits, so beyond any field's range: read on, and the field will say so */
                r->root = json_loadb(text, n, FLAGS | JSON_DECODE_INT_AS_REAL, &e);
        r->at = r->root;
        if (r->root)
                return 0;
        return e.text[0] ? refuse_text(fault, &e) : -ENOMEM; /* without words: no memory for them */
}

void json_reader_close(JsonReader *r) {
        json_decref(r->root);
        *r = (JsonReader){ 0 };
}

int json_reader_enter(JsonReader *r, json_type type) {
        assert(type == JSON_OBJECT || type == JSON_ARRAY);
        if (json_typeof(r->at) != type)
                return json_reader_expect(r, "%s", type == JSON_OBJECT ? "an object" : "an array");
        assert(r->depth < JSON_DEPTH_MAX); /* only what is known is entered */
        r->path[r->depth++] = (JsonFrame){ .value = r->at, .next = json_object_iter(r->at) };
        return 0;
}

static bool json_reader_leave(JsonReader *r) {
        r->at = r->path[--r->depth].value;
        return false;
}

bool json_key_is(const char *key, const char *name) {
        return strcmp(key, name) == 0;
}

bool json_reader_field(JsonReader *r, const char **ret_key) {
        JsonFrame *f = &r->path[r->depth - 1];

        if (!f->next)
                return json_reader_leave(r);
        f->key = *ret_key = json_object_iter_key(f->next);
        f->started = true;
        r->at = json_object_iter_value(f->next);
        f->next = json_object_iter_next(f->value, f->next);
        return true;
}

bool json_reader_item(JsonReader *r) {
        JsonFrame *f = &r->path[r->depth - 1];

        if (f->started)
                f->index++;
        f->started = true;
        if (f->index >= json_array_size(f->value))
                return json_reader_leave(r);
        r->at = json_array_get(f->value, f->index);
        return true;
}

/* ---- values ---- */

int json_reader_string(JsonReader *r, const char **ret) {
        if (!json_is_string(r->at))
                return json_reader_expect(r, "a string");
        *ret = json_string_value(r->at);
        return 0;
}

int json_reader_bool(JsonReader *r, bool *ret) {
        if (!json_is_boolean(r->at))
                return json_reader_expect(r, "true or false");
        *ret = json_is_true(r->at);
        return 0;
}

/* Not llround(), which may set errno; value is within ±2^63. */
static int64_t json_reader_nearest(double value) {
        const int64_t whole = (int64_t) value;
        const double rest = value - (double) whole;

        return rest >= 0.5 ? whole + 1 : rest <= -0.5 ? whole - 1 : whole;
}

int json_number_scaled(const json_t *number, int64_t scale, int64_t min, int64_t max, int64_t *ret) {
        int64_t v;

        if (json_is_integer(number)) {
                if (__builtin_mul_overflow((int64_t) json_integer_value(number), scale, &v))
                        return -ERANGE;
        } else if (json_is_real(number)) {
                const double x = json_real_value(number) * (double) scale;

                if (!(x > -9223372036854775808.0 && x < 9223372036854775808.0))
                        return -ERANGE;
                v = json_reader_nearest(x);
                if (scale == 1 && (double) v != x)
                        return -EINVAL;
        } else {
                return -EINVAL;
        }
        if (v < min || v > max)
                return -ERANGE;
        *ret = v;
        return 0;
}
