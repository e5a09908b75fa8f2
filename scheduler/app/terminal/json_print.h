/* SPDX-License-Identifier: Apache-2.0 */
/* The one way by which programs print JSON: indented, keys as they were put in, UTF-8 as it is, what is not harmless
 * (base/text_harmless.h) as \u…. Its values come from snapshot/json/json_value.h.
 *
 * Units: none. Owner: the value is taken over. Errors: -ENOMEM: there is no value; -EIO: the stream took not all. Threads: one
 * a stream.
 */
#pragma once

#include <jansson.h>
#include <stdio.h>

/* With a newline; the value goes, and may be NULL (no memory). */
int json_print(json_t *value, FILE *out);

/* plimsoll.done/1: what was asked was done, and there is nothing else to report. */
#define JSON_DONE_SCHEMA "plimsoll.done/1"
json_t *json_done(void);
