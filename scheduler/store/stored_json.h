/* SPDX-License-Identifier: Apache-2.0 */
/* JSON that services, agents and operators' commands keep in the store, or a service in its state directory. Whoever may write
 * there may write any number: a text with one over BOUND_STORED (to either side) is none, so that times and sums of what is
 * read overflow nowhere.
 *
 * Units: none. Owner: the caller, by json_decref(). Errors: NULL. Threads: any.
 */
#pragma once

#include <jansson.h>

#include "scheduler/base/arena.h"
#include "scheduler/base/common.h"

/* As json_loadb() (`flags` and `error` are its; error may be NULL); NULL also where a number is over its bound. */
json_t *stored_json(const char *text, size_t n, size_t flags, json_error_t *error) must_check;

/* `o` as such a text in the arena, on one line, keys as they were put in; `o` goes, and may be NULL (no memory). 0 or -ENOMEM. */
int stored_json_text(Arena *a, json_t *o, const char **ret, size_t *ret_n) must_check;
