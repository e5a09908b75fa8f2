/* SPDX-License-Identifier: Apache-2.0 */
/* Who leads the cluster, where that is not this program: a service that acts keeps the lease, and what a command can do then
 * stands in starts_moves.def and in docs/operations.md.
 *
 * Units: none. Owner: texts are in the invocation's arena. Errors: an ExitStatus; what is wrong was said. Threads: the main
 * one.
 */
#pragma once

#include "scheduler/app/state/leadership.h"
#include "scheduler/app/state/live_state.h"
#include "scheduler/app/terminal/invocation.h"

typedef struct Led {
        bool by_service; /* one that acts leads now */
        LiveState live;  /* what it shows */
        const char *leader;
} Led;

/* store NULL: nobody leads. A lease that is free is given back as it was. */
ExitStatus led_look(Invocation *in, Store *store, const Settings *settings, Led *ret);

/* Nothing was moved, since `leader` leads: says so, and what can be done. live NULL: what it does is not known. EXIT_BLOCKED. */
ExitStatus led_refuse(const Invocation *in, const char *leader, const LiveState *live);
