/* SPDX-License-Identifier: Apache-2.0 */
/* A move with what came of it, as JSON: the same in records and in the audit. Internal to snapshot/.
 *
 * Units: ms, bytes by suffix. Owner: the reader's arena. Errors: -EBADMSG, -ENOMEM from record_moves_read();
 * a full arena the writer says. Threads: as the writer's and reader's: one.
 */
#pragma once

#include "scheduler/model/record.h"
#include "scheduler/snapshot/json/json_text.h"

void record_move_put(TextWriter *w, const RecordMove *m);

/* An array of them, at most VMS_MAX, at hand of the reader. */
int record_moves_read(JsonReader *r, const RecordMove **ret, uint32_t *ret_n) must_check;
