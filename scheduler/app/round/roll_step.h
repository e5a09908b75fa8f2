/* SPDX-License-Identifier: Apache-2.0 */
/* A rolling maintenance that the service carries out: what a round does of it. Hosts are put into maintenance one group after the
 * other, in the order of decide/query/roll_order.h; who empties them is the round's plan. A host goes back into service when its
 * operator has said that the work at it is finished and its agent has reported since. What is to be done is written down
 * (roll_state.h) before it is done, and can be done twice: whoever leads next goes on.
 *
 * Units: usec_t, in microseconds since the epoch. Owner: texts are in the arena. Errors: -ENOMEM, a negative errno of the store.
 * Threads: the store's.
 */
#pragma once

#include "scheduler/app/state/live_state.h"
#include "scheduler/app/state/roll_state.h"
#include "scheduler/model/settings.h"

typedef struct RollRound {
        Store *store;
        Arena *arena;
        const Snapshot *snapshot;
        const Settings *settings;
        const LiveState *live; /* what was shown of the plan before; NULL: there was none */
        const char *not_now;   /* why no host is begun, whatever the roll says; NULL: one may be */
        usec_t now;
} RollRound;

typedef enum RollEvent {
        ROLL_HOST_BEGUN,
        ROLL_HOST_ASIDE, /* it cannot be emptied for now, and stays in maintenance */
        ROLL_HOST_DONE,
        ROLL_HELD,
        ROLL_EVENT_N,
} RollEvent;
extern const char *const roll_event_names[ROLL_EVENT_N]; /* of the log: "roll.host_begun" … */

typedef struct RollNews {
        RollEvent event;
        const char *host, *why; /* why: "" */
} RollNews;

typedef struct RollStep {
        RollNews *news; /* [n] with room for three a host of the roll and one */
        uint32_t n;
        bool changed; /* the state is another one, and is to be written */
} RollStep;

/* 0 or -ENOMEM. */
int roll_step_open(Arena *a, const RollState *s, RollStep *ret) must_check;

/* What has become of the hosts that are emptied now: entered, set aside, given back. 0; a negative errno. */
int roll_step_hosts(const RollRound *round, RollState *io, RollStep *step) must_check;

/* The next group, if one may be begun: it is among those that are emptied now, and not entered yet; of the others that are left the
 * state of their cordons follows. 0; a negative errno. */
int roll_step_begin(const RollRound *round, RollState *io, RollStep *step) must_check;
