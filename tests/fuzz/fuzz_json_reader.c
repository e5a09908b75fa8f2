/* Any JSON text through the reader and through jansson: what the reader accepts, jansson accepts, with the
 * same strings, the same whole numbers, and the same shape; and json_reader_skip() counts as the reading
 * does. */
#include <errno.h>
#include <jansson.h>
#include <stdint.h>
#include <string.h>

#include "scheduler/snapshot/json_reader.h"

static unsigned char memory[4 << 20];

#define CHECK(condition)                                                                                     \
        do {                                                                                                 \
                if (!(condition))                                                                            \
                        __builtin_trap();                                                                    \
        } while (0)

static int read_value(JsonReader *r, const json_t *twin);

/* A twin is NULL where jansson refused the whole, or for a field whose name is too long to ask for. */
static int read_object(JsonReader *r, const json_t *twin) {
        size_t fields = 0;
        Span key;
        int k = json_reader_enter(r, JSON_KIND_OBJECT);

        CHECK(k < 0 || !twin || json_is_object(twin));
        while (k >= 0 && (k = json_reader_field(r, &key)) > 0) {
                char name[256] = "";
                const json_t *value = NULL;

                fields++;
                if (key.n < sizeof(name)) {
                        memcpy(name, key.s, key.n);
                        value = twin ? json_object_get(twin, name) : NULL;
                        CHECK(!twin || value);
                }
                k = read_value(r, value);
        }
        CHECK(k < 0 || !twin || fields == json_object_size(twin));
        return k;
}

static int read_array(JsonReader *r, const json_t *twin) {
        size_t items = 0;
        int k = json_reader_enter(r, JSON_KIND_ARRAY);

        CHECK(k < 0 || !twin || json_is_array(twin));
        while (k >= 0 && (k = json_reader_item(r)) > 0)
                k = read_value(r, twin ? json_array_get(twin, items++) : NULL);
        CHECK(k < 0 || !twin || items == json_array_size(twin));
        return k;
}

static int read_string(JsonReader *r, const json_t *twin) {
        Span span;
        int k = json_reader_string(r, &span);

        CHECK(k < 0 || !twin ||
              (json_string_length(twin) == span.n && memcmp(json_string_value(twin), span.s, span.n) == 0));
        return k;
}

static int read_number(JsonReader *r, const json_t *twin) {
        int64_t value;
        Span span;
        int k = json_reader_number(r, &span);

        if (k < 0 || !twin)
                return k;
        if (json_is_integer(twin)) {
                CHECK(json_number_scaled(span, 1, INT64_MIN / 2, INT64_MAX / 2, &value) != 0 ||
                      value == json_integer_value(twin));
        } else {
                double twice = json_real_value(twin) * 1000;

                CHECK(json_is_real(twin));
                if (json_number_scaled(span, 1000, -1000000000, 1000000000, &value) == 0)
                        CHECK((double) value - twice < 0.5001 && twice - (double) value < 0.5001);
        }
        return 0;
}

static int read_value(JsonReader *r, const json_t *twin) {
        const size_t start = r->at;
        size_t items = 0, end;
        bool truth;
        int skipped = json_reader_skip(r, &items), k;

        end = r->at;
        r->at = start;
        switch (json_reader_kind(r)) {
        case JSON_KIND_OBJECT:
                k = read_object(r, twin);
                break;
        case JSON_KIND_ARRAY:
                k = read_array(r, twin);
                break;
        case JSON_KIND_STRING:
                k = read_string(r, twin);
                break;
        case JSON_KIND_NUMBER:
                k = read_number(r, twin);
                break;
        default:
                k = json_reader_bool(r, &truth);
                CHECK(k < 0 || !twin || json_is_boolean(twin));
                break;
        }
        CHECK(k < 0 || (skipped == 0 && end >= r->at));
        return k;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        Arena a = arena_over(memory, sizeof(memory));
        TextFault fault = { 0 };
        JsonReader r = json_reader_new((const char *) data, n, &a, &fault);
        json_error_t e;
        json_t *twin = json_loadb((const char *) data, n, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &e);
        int k = read_value(&r, twin);

        if (k == 0)
                k = json_reader_end(&r);
        /* numbers beyond jansson's types; fields_read() is what refuses a field given twice */
        CHECK(k != 0 || twin || json_error_code(&e) == json_error_numeric_overflow ||
              json_error_code(&e) == json_error_duplicate_key);
        CHECK(k != -EBADMSG || (fault.line >= 1 && fault.column >= 1 && fault.what[0] != '\0'));
        json_decref(twin);
        return 0;
}
