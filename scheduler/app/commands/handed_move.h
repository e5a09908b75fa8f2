/* SPDX-License-Identifier: Apache-2.0 */
/* A move that the service which leads is asked for, and what it says came of it. It does not rest on this program: whoever
 * leads carries it out, also after a takeover, until ASKED_FOR has passed.
 *
 * Units: ms by suffix. Owner: all is the caller's. Errors: an ExitStatus; what is wrong was said. Threads: the main one.
 */
#pragma once

#include "scheduler/app/commands/led.h"
#include "scheduler/model/cluster.h"
#include "scheduler/model/problem.h"

typedef struct HandedMove {
        Store *store;
        const Snapshot *snapshot;
        const Move *move; /* in it */
        bool makes_way;
        const Led *led;
} HandedMove;

/* Asks for it and, unless "no-wait" was given, shows how it goes until it has ended. EXIT_DONE: it runs there, or (no-wait) was
 * asked for. EXIT_BLOCKED: it stays, and why was said. EXIT_FAILED: it cannot be known. Options: "no-wait", "json". */
ExitStatus handed_move(Invocation *in, const HandedMove *move);
