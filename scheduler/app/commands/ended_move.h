/* SPDX-License-Identifier: Apache-2.0 */
/* A move that has ended, and how, as programs print it in JSON.
 *
 * Units: docs/schemas/. Owner: the value is the caller's. Errors: NULL: no memory. Threads: any.
 */
#pragma once

#include <jansson.h>

#include "scheduler/model/record.h"

typedef enum EndedMoveForm {
        ENDED_MOVE_SHORT,   /* what it took, and how long it was predicted to take */
        ENDED_MOVE_IN_FULL, /* its kind, strategy and the whole prediction too */
} EndedMoveForm;

json_t *ended_move_json(const RecordMove *m, EndedMoveForm form);
