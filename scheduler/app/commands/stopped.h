/* SPDX-License-Identifier: Apache-2.0 */
/* What a command that starts moves, or has them started, says of a stop of all moves (plimsoll stop). Which ones those
 * are stands in starts_moves.def.
 *
 * Units: none. Owner: texts are in the invocation's arena. Errors: an ExitStatus; what is wrong was said. Threads: the
 * main one.
 */
#pragma once

#include <jansson.h>

#include "scheduler/app/round/stop_watch.h"
#include "scheduler/app/terminal/invocation.h"
#include "scheduler/model/settings.h"

#define STOPPED_SCHEMA "plimsoll.stop-state/1" /* as printed; what the store has: state/stop_entry.h */

/* The stop as the store has it. 0: moves may start; *ret_text: the entry, "" where there is none. 1: *ret is in force.
 * A negative errno: the store can't be asked. */
int stopped_read(Invocation *in, Store *store, StopEntry *ret, StoredText *ret_text) must_check;

/* EXIT_DONE: moves may start. EXIT_BLOCKED: a stop is in force. EXIT_FAILED: it can't be asked whether one is. Both say
 * why nothing is done. store NULL: that of the settings (service.redis), where they name one. */
ExitStatus stopped_check(Invocation *in, Store *store, const Settings *settings);

/* stop_words() with what ends it, where a stop is in force; NULL: none, or it can't be asked. */
const char *stopped_words(Invocation *in, Store *store);

/* For JSON: an object, or null. */
json_t *stopped_json(Invocation *in, Store *store);
