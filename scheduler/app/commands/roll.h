/* SPDX-License-Identifier: Apache-2.0 */
/* Rolling maintenance: hosts are emptied one group after the other, a command of the operator's is run for
 * each, and they are given back. How far it is stands in the store (state "roll", schema plimsoll.roll/1), so
 * that it can go on after whatever stopped it.
 *
 * Units: none. Owner: all is the caller's. Errors: an ExitStatus; what is wrong was said. Threads: the main
 * one.
 */
#pragma once

#include "scheduler/app/commands/facts.h"

#define ROLL_OPTIONS                                                                                             \
        OPTION_GROUP("With roll:"),                                                                              \
                OPTION_WORD("run", "CMD",                                                                        \
                            "run CMD HOST for each emptied host, without a shell; "                              \
                            "it must exit with status 0"),                                                       \
                OPTION_SWITCH("shell", "run CMD as a line of sh -c; the host is $1 and $PLIMSOLL_HOST"),         \
                OPTION_COUNT("at-once", 1, 1000,                                                                 \
                             "drain up to N hosts at the same time, where there is room; default: 1"),           \
                OPTION_SWITCH("all", "all hosts of the cluster"),                                                \
                OPTION_TIME(                                                                                     \
                        "fresh-within", USEC_PER_SEC, 86400 * USEC_PER_SEC,                                      \
                        "after CMD, wait at most TIME for the host's agent to report again; default: 15m"),      \
                { "dry-run", 'n', OPTION_FLAG, NULL, 0, 0, 0, "show the order and the groups, and do nothing" }, \
                OPTION_SWITCH("resume",                                                                          \
                              "continue where the last roll stopped, with the same --run; or end --hold"),       \
                OPTION_SWITCH(                                                                                   \
                        "abandon",                                                                               \
                        "discard a stopped roll and remove its cordons; hosts in maintenance stay there"),       \
                OPTION_SWITCH("by-service",                                                                      \
                              "the service carries it out, and you say which hosts are finished"),               \
                OPTION_WORD("id", "NAME", "name of a roll that the service carries out"),                        \
                OPTION_SWITCH("show", "show how far the service's roll is"),                                     \
                OPTION_SWITCH("finished", "the work at these emptied HOSTS is finished: back into service"),     \
                OPTION_SWITCH("hold", "begin no other host of the service's roll, until --resume")

/* `hosts`: those chosen. EXIT_BLOCKED: a host cannot be emptied; EXIT_FAILED: the command failed, or
 * the host did not come back; where it stopped was said. */
ExitStatus roll_run(Invocation *in, Facts *facts, const Strings *hosts);
