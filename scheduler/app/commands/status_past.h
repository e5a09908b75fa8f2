/* SPDX-License-Identifier: Apache-2.0 */
/* `plimsoll status --at TIME`: hosts, VMs and the plan as the record of that time has them, as text or schema plimsoll.status-at/1.
 *
 * Units: none. Owner: the Invocation's arena. Errors: an ExitStatus; what is wrong was said. Threads: the main one.
 */
#pragma once

#include "scheduler/app/terminal/invocation.h"

#define STATUS_PAST_OPTIONS                                                                                  \
        OPTION_GROUP("As it was:"),                                                                          \
                OPTION_WORD("at", "TIME",                                                                    \
                            "show the record of this time: 2026-11-30T22:00:00Z, or 2h for two hours ago"),  \
                OPTION_WORD("host", "HOST", "with --at: list the VMs and moves of this host"),               \
                OPTION_WORD("vm", "VM", "with --at: list this VM and its moves")

ExitStatus status_past(Invocation *in);
