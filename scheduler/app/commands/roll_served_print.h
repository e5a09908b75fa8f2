/* SPDX-License-Identifier: Apache-2.0 */
/* How far a roll is that the service carries out, as text or plimsoll.roll-state/1.
 *
 * Units: none. Owner: the invocation's arena. Errors: an ExitStatus; what is wrong was said. Threads: the main one.
 */
#pragma once

#include "scheduler/app/commands/facts.h"
#include "scheduler/app/state/roll_state.h"

ExitStatus roll_served_print(Invocation *in, Facts *facts, const RollState *s);
