/* SPDX-License-Identifier: Apache-2.0 */
/* Small helps for JSON that is written with a TextWriter and read with a JsonReader. Pure.
 *
 * Units: none. Owner: texts are in the reader's arena. Errors: reading: -EBADMSG with the fault, -ENOMEM;
 * writing: a full arena the writer says. Threads: one for each reader or writer.
 */
#pragma once

#include "scheduler/snapshot/json/json_reader.h"
#include "scheduler/snapshot/json/text_writer.h"

/* `"key": `, after a comma unless it is the first of its object. */
void json_put_key(TextWriter *w, bool first, const char *key);
void json_put_int(TextWriter *w, bool first, const char *key, int64_t value);
/* NULL is left out: then what follows is still the first. Words that are no UTF-8 (a daemon's message) lose
 * what is not ASCII. Returns whether the next one is the first. */
bool json_put_text(TextWriter *w, bool first, const char *key, const char *text);

/* The string at hand, copied into the reader's arena. */
int json_take_text(JsonReader *r, const char **ret) must_check;
/* A name (text_is_name). */
int json_take_name(JsonReader *r, const char **ret) must_check;
/* A whole number, min … max. */
int json_take_int(JsonReader *r, int64_t min, int64_t max, int64_t *ret) must_check;
/* The value at hand as compact JSON in the reader's arena, its members in their order. */
int json_take_raw(JsonReader *r, const char **ret, size_t *ret_n) must_check;
