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
        { "", 0, OPTION_HEADING, NULL, 0, 0, 0, "With roll:" },                                                  \
                { "run",                                                                                         \
                  0,                                                                                             \
                  OPTION_TEXT,                                                                                   \
                  "CMD",                                                                                         \
                  0,                                                                                             \
                  0,                                                                                             \
                  0,                                                                                             \
                  "run CMD HOST for each emptied host, without a shell; it must exit with status 0" },           \
                { "shell", 0, OPTION_FLAG, NULL,                                                                 \
                  0,       0, 0,           "run CMD as a line of sh -c; the host is $1 and $PLIMSOLL_HOST" },    \
                { "at-once",                                                                                     \
                  0,                                                                                             \
                  OPTION_NUMBER,                                                                                 \
                  "N",                                                                                           \
                  1,                                                                                             \
                  1,                                                                                             \
                  1000,                                                                                          \
                  "drain up to N hosts at the same time, where there is room; default: 1" },                     \
                { "all", 0, OPTION_FLAG, NULL, 0, 0, 0, "all hosts of the cluster" },                            \
                { "fresh-within",                                                                                \
                  0,                                                                                             \
                  OPTION_DURATION,                                                                               \
                  "TIME",                                                                                        \
                  0,                                                                                             \
                  USEC_PER_SEC,                                                                                  \
                  86400 * USEC_PER_SEC,                                                                          \
                  "after CMD, wait at most TIME for the host's agent to report again; default: 15m" },           \
                { "dry-run", 'n', OPTION_FLAG, NULL, 0, 0, 0, "show the order and the groups, and do nothing" }, \
                { "resume", 0, OPTION_FLAG, NULL,                                                                \
                  0,        0, 0,           "continue where the last roll stopped, with the same --run" },       \
        {                                                                                                        \
                "abandon", 0, OPTION_FLAG, NULL, 0, 0, 0,                                                        \
                        "discard a stopped roll and remove its cordons; hosts in maintenance stay there"         \
        }

/* `hosts`: those chosen. EXIT_BLOCKED: a host cannot be emptied; EXIT_FAILED: the command failed, or
 * the host did not come back; where it stopped was said. */
ExitStatus roll_run(Invocation *in, Facts *facts, const Strings *hosts);
