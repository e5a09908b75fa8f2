/* A strict JSON text (RFC 8259), value by value, without a tree of it in memory.
 *
 * Why not jansson here: as its tree, 500,000 VMs take 4.5 s and 584 MB, three to four times what they take
 * this way; decimals go through doubles; and no value remembers its line. Here every fault has line, column
 * and path. Stricter than the RFC: at most JSON_DEPTH_MAX levels; in strings no U+0000, and DEL only as
 * \u007f. What it accepts, jansson accepts with the same values (tests/fuzz/fuzz_json_reader.c).
 *
 * Use: json_reader_enter() an object or array, then json_reader_field() or json_reader_item() until it gives
 * 0; between two of them read exactly one value. Errors: -EBADMSG with the fault filled, -ENOMEM. Once a call
 * failed, no other is made. Strings point into the text, or into the arena where they held escapes.
 */
#pragma once

#include "scheduler/base/arena.h"
#include "scheduler/base/text.h"

#define JSON_DEPTH_MAX 16

typedef struct Span {
        const char *s; /* not NUL-terminated */
        size_t n;
} Span;

typedef enum JsonKind {
        JSON_KIND_NONE, /* the text ends, or what stands there is no JSON */
        JSON_KIND_OBJECT,
        JSON_KIND_ARRAY,
        JSON_KIND_STRING,
        JSON_KIND_NUMBER,
        JSON_KIND_TRUE,
        JSON_KIND_FALSE,
        JSON_KIND_NULL,
} JsonKind;

typedef struct JsonFrame {
        Span key;       /* of the field being read; s NULL: in an array */
        uint32_t index; /* of the item being read */
        bool started;
} JsonFrame;

typedef struct JsonReader {
        const char *text;
        size_t n, at;
        size_t value_at; /* where the last value or key began: faults point there */
        Arena *arena;
        TextFault *fault;
        uint32_t depth;
        JsonFrame path[JSON_DEPTH_MAX];
} JsonReader;

JsonReader json_reader_new(const char *text, size_t n, Arena *a, TextFault *fault);

/* What stands next, white space skipped. */
JsonKind json_reader_kind(JsonReader *r);

/* `kind` is JSON_KIND_OBJECT or JSON_KIND_ARRAY. A fault when something else stands there. */
int json_reader_enter(JsonReader *r, JsonKind kind) must_check;
int json_reader_field(JsonReader *r, Span *ret_key) must_check; /* 1: a field; 0: the object is over */
int json_reader_item(JsonReader *r) must_check;                 /* 1: an item; 0: the array is over */

int json_reader_string(JsonReader *r, Span *ret) must_check;
int json_reader_number(JsonReader *r, Span *ret) must_check; /* as written */
int json_reader_bool(JsonReader *r, bool *ret) must_check;
int json_reader_end(JsonReader *r) must_check; /* nothing but white space follows */

/* Steps over the next value without looking closely, and says how many items or fields it has (0 for others).
 * Right for what the other calls accept. 0, or -EBADMSG without a fault: the brackets do not close. */
int json_reader_skip(JsonReader *r, size_t *ret_items) must_check;

/* `return json_reader_refuse(r, "…", …);` fills the fault with these words and the path, line and column of
 * the last value. It is -EBADMSG. json_reader_expect() says "found <the value>; accepted: …". */
#define json_reader_refuse(r, ...) (text_fault((r)->fault, "", __VA_ARGS__), json_reader_place(r))
#define json_reader_expect(r, fmt, ...)                                                                      \
        json_reader_refuse(r, "found %s; accepted: " fmt, json_reader_found(r, (char[JSON_FOUND_MAX]){ 0 }), \
                           ##__VA_ARGS__)
int json_reader_place(JsonReader *r);
#define JSON_FOUND_MAX 64
const char *json_reader_found(const JsonReader *r, char buf[JSON_FOUND_MAX]); /* the last value in short */

/* The fault's line and column from a place in the text. */
void json_reader_locate(const JsonReader *r, size_t at, TextFault *f);

/* A JSON number × scale as an integer, rounded half up (away from zero) from its first nine decimals.
 * 0, or -ERANGE outside min..max. With scale 1: -EINVAL when it is not whole. */
int json_number_scaled(Span number, int64_t scale, int64_t min, int64_t max, int64_t *ret) must_check;
