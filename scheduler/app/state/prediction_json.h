/* SPDX-License-Identifier: Apache-2.0 */
/* A prediction as the journal has it: an object of whole numbers, so that what was expected of a migration
 * stands beside what it took, and later predictions learn from both.
 *
 * Units: ms, bytes, kbit by suffix. Owner: JSON is the caller's, by json_decref(). Errors: NULL: no memory;
 * what is missing is UNKNOWN. Threads: any.
 */
#pragma once

#include <jansson.h>

#include "scheduler/model/plan.h"

/* Given back by json_decref(); NULL: no memory. */
json_t *prediction_json(const Prediction *prediction);

/* What is missing is UNKNOWN; o NULL: all of it, with a bandwidth of 0: nothing was written down. */
Prediction prediction_of_json(const json_t *o);
