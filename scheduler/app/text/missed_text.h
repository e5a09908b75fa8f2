/* SPDX-License-Identifier: Apache-2.0 */
/* Migrations that failed and wait, for people and programs (docs/retry.md).
 *
 * Units: seconds since the epoch in JSON. Owner: a json_t is the caller's. Errors: NULL: no memory. Threads: any.
 */
#pragma once

#include <jansson.h>

#include "scheduler/model/cluster.h"

/* One object; `waits`: its wait is not over by the snapshot's time. */
json_t *missed_json(const Snapshot *s, const MoveHold *hold);

/* All that wait. */
json_t *missed_waiting_json(const Snapshot *s);

/* How many wait. */
uint32_t missed_waiting(const Snapshot *s);
