/* SPDX-License-Identifier: Apache-2.0 */
/* `plimsoll host history`: how hosts, or the cluster, were loaded in the last 24 hours, as text or schema plimsoll.load-history/1.
 *
 * Units: none. Owner: the Invocation's arena. Errors: an ExitStatus; what is wrong was said. Threads: the main one.
 */
#pragma once

#include "scheduler/app/commands/facts.h"

ExitStatus host_history(Invocation *in, Facts *facts, const Strings *words);
