/* SPDX-License-Identifier: Apache-2.0 */
/* The values of which the JSON is made that programs print and files hold, so that each kind is written in one way: an instant as
 * RFC 3339, a duration in seconds, a share from 0 to 1, memory in MiB, and what is not known as null. docs/schemas/ says of each
 * key which of them it is.
 *
 * Units: as each function says. Owner: what is returned is the caller's, or whose object it is put into (json_pack()'s `o`).
 * Errors: NULL: no memory. Threads: any.
 */
#pragma once

#include <jansson.h>

#include "scheduler/model/units.h"
#include "scheduler/snapshot/json/json_text.h"

json_t *json_instant(usec_t at);                   /* whole seconds; 0 and below: null */
json_t *json_seconds(int64_t ms);                  /* milliseconds as seconds; UNKNOWN: null */
json_t *json_share(int64_t permille);              /* 1000: 1; UNKNOWN: null */
json_t *json_cores(int64_t mcores);                /* 1000: 1; UNKNOWN: null */
json_t *json_mbit(int64_t kbit);                   /* Mbit/s; UNKNOWN: null */
json_t *json_number(int64_t value);                /* as it is, whole: MiB, bytes, counts; UNKNOWN: null */
json_t *json_scaled(int64_t value, int64_t scale); /* value ÷ scale; UNKNOWN: null */

/* NULL and "": null. Bytes that are no UTF-8 become '?'. */
json_t *json_text(const char *text);

/* A name as a key, in `buf`: '_' for blanks. */
#define JSON_KEY_SIZE 256
const char *json_key(const char *name, char buf[JSON_KEY_SIZE]);

/* How such values are printed: keys in the order in which they were put in, decimals as they were meant. */
#define JSON_VALUE_FLAGS (JSON_INDENT(2) | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(15))

/* The same in a text that a TextWriter makes (json_text.h); 0 and below: null. Microseconds are kept. */
void json_put_instant(TextWriter *w, bool first, const char *key, usec_t at);
/* value ÷ scale, at most `places` decimals; UNKNOWN: null. */
void json_put_scaled(TextWriter *w, bool first, const char *key, int64_t value, int64_t scale, int places);
#define json_put_seconds(w, first, key, ms)     json_put_scaled(w, first, key, ms, 1000, 3)
#define json_put_share(w, first, key, permille) json_put_scaled(w, first, key, permille, 1000, 3)

/* An instant that is read: RFC 3339, null, or, as older versions wrote it, a number of which one is `old` microseconds. */
int json_take_instant(JsonReader *r, usec_t old, int64_t most, usec_t *ret) must_check;
