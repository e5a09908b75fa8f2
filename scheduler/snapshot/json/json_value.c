/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/snapshot/json/json_value.h"

#include <stdio.h>
#include <string.h>

#include "scheduler/model/instant.h"

json_t *json_instant(usec_t at) {
        char buf[INSTANT_SIZE];

        return at <= 0 ? json_null() : json_string(instant_print(at - at % USEC_PER_SEC, buf));
}

json_t *json_number(int64_t value) {
        return value == UNKNOWN ? json_null() : json_integer(value);
}

json_t *json_scaled(int64_t value, int64_t scale) {
        if (value == UNKNOWN)
                return json_null();
        return value % scale == 0 ? json_integer(value / scale) : json_real((double) value / (double) scale);
}

json_t *json_seconds(int64_t ms) {
        return json_scaled(ms, 1000);
}

json_t *json_share(int64_t permille) {
        return json_scaled(permille, 1000);
}

json_t *json_cores(int64_t mcores) {
        return json_scaled(mcores, 1000);
}

json_t *json_mbit(int64_t kbit) {
        return json_scaled(kbit, 1000);
}

/* What is no UTF-8 is of others' making, and one such text shall not take the whole document with it. */
static json_t *json_value_broken(const char *text) {
        char buf[1024];
        size_t n = 0;

        assert(text);
        for (; text[n] && n + 1 < sizeof(buf); n++)
                buf[n] = (char) ((unsigned char) text[n] >= 0x80 ? '?' : text[n]);
        buf[n] = '\0';
        return json_string(buf);
}

json_t *json_text(const char *text) {
        json_t *value = text && text[0] ? json_string(text) : json_null();

        return value ? value : json_value_broken(text);
}

const char *json_key(const char *name, char buf[JSON_KEY_SIZE]) {
        size_t n = 0;

        for (; name[n] && n + 1 < JSON_KEY_SIZE; n++)
                buf[n] = (char) (name[n] == ' ' ? '_' : name[n]);
        buf[n] = '\0';
        return buf;
}

void json_put_instant(TextWriter *w, bool first, const char *key, usec_t at) {
        char buf[INSTANT_SIZE];

        json_put_key(w, first, key);
        if (at <= 0)
                text_writer_word(w, "null");
        else
                text_writer_string(w, instant_print(at, buf));
}

void json_put_scaled(TextWriter *w, bool first, const char *key, int64_t value, int64_t scale, int places) {
        json_put_key(w, first, key);
        if (value == UNKNOWN)
                text_writer_word(w, "null");
        else
                text_writer_decimal(w, value, scale, places);
}

int json_take_instant(JsonReader *r, usec_t old, int64_t most, usec_t *ret) {
        usec_t at = 0;

        if (json_is_string(r->at) && instant_parse(json_string_value(r->at), &at) == 0 && at <= most) {
                *ret = at;
                return 0;
        }
        if (json_is_null(r->at)) {
                *ret = 0;
                return 0;
        }
        if (json_is_number(r->at) && json_number_scaled(r->at, old, 0, most, ret) == 0)
                return 0;
        return json_reader_expect(r, "a time in RFC 3339 format, \"2026-11-30T00:14:05Z\"");
}
