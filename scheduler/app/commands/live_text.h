/* SPDX-License-Identifier: Apache-2.0 */
/* What a service shows of itself (state/live_state.h), as programs print it: `service` of schema plimsoll.status/1.
 *
 * Units: docs/schemas/. Owner: the value is the caller's. Errors: NULL: no memory. Threads: any.
 */
#pragma once

#include <jansson.h>

#include "scheduler/app/state/live_state.h"

json_t *live_text_json(const LiveState *s);
