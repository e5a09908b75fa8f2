/* SPDX-License-Identifier: Apache-2.0 */
/* The line under the head of `plimsoll status` that counts what matters.
 *
 * Units: none. Owner: none. Errors: none. Threads: one.
 */
#pragma once

#include "scheduler/app/commands/status_json.h"
#include "scheduler/app/terminal/screen.h"

/* "summary: 3 above the load line, 2 failing, 1 not known, 1 excluded, 0 held; moves: 2 running, 5 waiting; leader: h1/7":
 * hosts, and, of a source with a store, moves of the plan under way and who leads. An empty line follows. */
void status_summary_print(const StatusView *s, const Screen *screen);
