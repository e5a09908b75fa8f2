/* SPDX-License-Identifier: Apache-2.0 */
/* Values out of a parsed JSON document, as vendors' tools write them: missing, null, a number in quotes, one
 * past 2^63. Pure. What is not there or not of the kind asked for is UNKNOWN, NULL or false, never 0.
 *
 * Units: as the tool writes them. Owner: json_document() gives a document, ended by json_decref(); all else
 * points into it. Errors: NULL or UNKNOWN, as said. Threads: any, a document belongs to one.
 */
#pragma once

#include <jansson.h>

#include "scheduler/model/units.h"

#define JSON_WHOLE_MAX (INT64_C(1) << 53)

/* Integers as reals: exact to 2^53, and 128-bit counters are no error. NULL: not JSON (then cut short, empty
 * or of an old tool). Ended by json_decref(). */
json_t *json_document(const char *text, size_t n);

/* The value at "a.b.c" of objects in objects; names with dots cannot be asked for. NULL: none. */
json_t *json_at(const json_t *j, const char *path);

/* A whole number 0..2^53, also in quotes ("12", "  12 "); else UNKNOWN. */
int64_t json_whole(const json_t *j);
int64_t json_whole_at(const json_t *j, const char *path);

const char *json_text_at(const json_t *j, const char *path); /* NULL */

/* A copy without blanks at its ends, cut to fit; "" for none. */
void json_trim(char *to, size_t size, const char *text);
