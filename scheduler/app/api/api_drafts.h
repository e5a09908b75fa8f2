/* SPDX-License-Identifier: Apache-2.0 */
/* Drafts: plans that somebody asked for to look at. Each is kept for a quarter of an hour by the instance that made it, and has no
 * effect. Of many the oldest go first.
 *
 * Units: usec_t: microseconds since the epoch. Owner: as said. Errors: a negative errno. Threads: any.
 */
#pragma once

#include <jansson.h>

#include "scheduler/app/api/api_call.h"
#include "scheduler/base/clock.h"

#define DRAFT_PREFIX  "draft-"
#define DRAFT_ID_SIZE 24

/* Makes an id, and the document {"schema", "id", "cluster", "as_of", "until", "plan", "what_if"} of what `plan --json` printed, which
 * it keeps. 0: *ret is the caller's, by json_decref(). */
int api_draft_keep(const char *cluster, const json_t *value, usec_t as_of, json_t **ret) must_check;

/* NULL: none of that name is kept (any more). The caller's, by json_decref(). */
json_t *api_draft_find(const char *cluster, const char *id);
