/* SPDX-License-Identifier: Apache-2.0 */
/* A JSON text, read by jansson and walked with its place at hand, so that a fault can name the path of a
 * value.
 *
 * Use: json_reader_open(); json_reader_enter() an object or array, then json_reader_field() or
 * json_reader_item() until it gives false; between two of them the value is r->at, to be read or passed over.
 * json_reader_close() frees the tree, and with it every string and key that was given out; it takes a reader
 * that was never opened. Errors: -EBADMSG with the fault filled, -ENOMEM. Once a call failed, no other is
 * made.
 *
 * jansson keeps no lines: what is no JSON, and a field given twice, is said with line and column and no path;
 * all else with its path and no line. No U+0000 in strings; numbers with a point or an exponent are doubles,
 * all others whole numbers of 64 bits. Pure but for jansson's own memory. Threads: each its own reader.
 *
 * Units: a number's times `scale`. Owner: whoever opens a reader; strings are the tree's.
 */
#pragma once

#include <jansson.h>

#include "scheduler/base/arena.h"
#include "scheduler/base/text.h"

#define JSON_DEPTH_MAX 8 /* of what is entered; jansson itself ends at 2,048 */

typedef struct JsonFrame {
        json_t *value; /* the object or array */
        void *next;    /* jansson's iterator of an object */
        const char *key;
        uint32_t index; /* of the item or field being read */
        bool started;
} JsonFrame;

typedef struct JsonReader {
        json_t *root, *at; /* at: the value at hand */
        Arena *arena;
        TextFault *fault;
        uint32_t depth;
        JsonFrame path[JSON_DEPTH_MAX];
} JsonReader;

int json_reader_open(JsonReader *r, const char *text, size_t n, Arena *a, TextFault *fault) must_check;
void json_reader_close(JsonReader *r);

/* The value at hand, which is to be of `type`: JSON_OBJECT or JSON_ARRAY. A fault when it is another. */
int json_reader_enter(JsonReader *r, json_type type) must_check;
bool json_key_is(const char *key, const char *name);
bool json_reader_field(JsonReader *r, const char **ret_key); /* false: the object is over and at hand again */
bool json_reader_item(JsonReader *r);                        /* false: the same of the array */

int json_reader_string(JsonReader *r, const char **ret) must_check;
int json_reader_bool(JsonReader *r, bool *ret) must_check;

/* `return json_reader_refuse(r, "…", …);` fills the fault with these words and the path of the value at hand.
 * It is -EBADMSG. json_reader_expect() says "found <the value>; accepted: …". */
#define json_reader_refuse(r, ...) (text_fault((r)->fault, "", __VA_ARGS__), json_reader_place(r))
#define json_reader_expect(r, fmt, ...)                                                                      \
        json_reader_refuse(r, "found %s; accepted: " fmt, json_reader_found(r, (char[JSON_FOUND_MAX]){ 0 }), \
                           ##__VA_ARGS__)
int json_reader_place(JsonReader *r);
#define JSON_FOUND_MAX 64
const char *json_reader_found(const JsonReader *r, char buf[JSON_FOUND_MAX]); /* the value in short */

/* A JSON number × scale as an integer, decimals rounded to the nearest, half away from zero. 0; -EINVAL: no
 * number, or with scale 1 not whole; -ERANGE: outside min..max. Whole numbers are exact; of others the
 * product is that of doubles, right to the last place where it is below 2^51. */
int json_number_scaled(const json_t *number, int64_t scale, int64_t min, int64_t max,
                       int64_t *ret) must_check;
