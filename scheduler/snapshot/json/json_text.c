/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/snapshot/json/json_text.h"

#include <errno.h>
#include <string.h>

void json_put_key(TextWriter *w, bool first, const char *key) {
        if (!first)
                text_writer_word(w, ", ");
        text_writer_string(w, key);
        text_writer_word(w, ": ");
}

void json_put_int(TextWriter *w, bool first, const char *key, int64_t value) {
        json_put_key(w, first, key);
        text_writer_int(w, value);
}

static void put_ascii(TextWriter *w, const char *s) {
        text_writer_put(w, "\"", 1);
        for (; *s; s++) {
                bool plain = *s >= 0x20 && *s < 0x7f && *s != '"' && *s != '\\';

                text_writer_put(w, plain ? s : "?", 1);
        }
        text_writer_put(w, "\"", 1);
}

bool json_put_text(TextWriter *w, bool first, const char *key, const char *text) {
        bool lines = text && strchr(text, '\n'); /* a settings file: printed by ourselves */

        if (!text)
                return first;
        json_put_key(w, first, key);
        if (lines || text_is_line(text, strlen(text)))
                text_writer_string(w, text);
        else
                put_ascii(w, text);
        return false;
}

int json_take_text(JsonReader *r, const char **ret) {
        const char *text = NULL;
        int k = json_reader_string(r, &text);

        if (k < 0)
                return k;
        text = text_copy(r->arena, text, strlen(text));
        if (!text)
                return -ENOMEM;
        *ret = text;
        return 0;
}

int json_take_name(JsonReader *r, const char **ret) {
        if (json_is_string(r->at) && !text_is_name(json_string_value(r->at), json_string_length(r->at)))
                return json_reader_expect(r, "a name of 1 to 255 bytes without control characters");
        return json_take_text(r, ret);
}

int json_take_int(JsonReader *r, int64_t min, int64_t max, int64_t *ret) {
        if (json_number_scaled(r->at, 1, min, max, ret) < 0)
                return json_reader_expect(r, "a whole number from %lld to %lld", (long long) min,
                                          (long long) max);
        return 0;
}

#define FLAGS (JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_ENCODE_ANY | JSON_REAL_PRECISION(17))

int json_take_raw(JsonReader *r, const char **ret, size_t *ret_n) {
        size_t n = json_dumpb(r->at, NULL, 0, FLAGS);
        char *text = n > 0 ? arena_new(r->arena, char, n + 1) : NULL;

        if (!text)
                return -ENOMEM;
        if (json_dumpb(r->at, text, n, FLAGS) != n)
                return -ENOMEM;
        *ret = text;
        *ret_n = n;
        return 0;
}
