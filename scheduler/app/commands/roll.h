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

#define ROLL_OPTIONS                                                                                              \
        { "", 0, OPTION_HEADING, NULL, 0, 0, 0, "With roll:" },                                                   \
                { "run",                                                                                          \
                  0,                                                                                              \
                  OPTION_TEXT,                                                                                    \
                  "CMD",                                                                                          \
                  0,                                                                                              \
                  0,                                                                                              \
                  0,                                                                                              \
                  "run for each emptied host as CMD HOST, without a shell; it must end with status 0" },          \
                { "shell", 0, OPTION_FLAG, NULL,                                                                  \
                  0,       0, 0,           "CMD is a line for sh -c; the host is $1 and $PLIMSOLL_HOST" },        \
                { "at-once", 0, OPTION_NUMBER, "N",                                                               \
                  1,         1, 1000,          "empty up to N hosts together, where there is room; default: 1" }, \
                { "all", 0, OPTION_FLAG, NULL, 0, 0, 0, "all hosts of the cluster" },                             \
                { "fresh-within",                                                                                 \
                  0,                                                                                              \
                  OPTION_DURATION,                                                                                \
                  "TIME",                                                                                         \
                  0,                                                                                              \
                  USEC_PER_SEC,                                                                                   \
                  86400 * USEC_PER_SEC,                                                                           \
                  "after CMD the host's agent must have reported again within TIME; default: 15m" },              \
                { "dry-run", 'n', OPTION_FLAG, NULL, 0, 0, 0, "shows order and groups, and does nothing" },       \
                { "resume", 0, OPTION_FLAG, NULL,                                                                 \
                  0,        0, 0,           "goes on where the last roll stopped, with the same --run" },         \
        {                                                                                                         \
                "abandon", 0, OPTION_FLAG, NULL, 0, 0, 0,                                                         \
                        "forgets a roll that stopped, and takes back its cordons; hosts in maintenance stay"      \
        }

/* `hosts`: those chosen. EXIT_BLOCKED: a host cannot be emptied; EXIT_FAILED: the command failed, or
 * the host did not come back; where it stopped was said. */
ExitStatus roll_run(Invocation *in, Facts *facts, const Strings *hosts);
