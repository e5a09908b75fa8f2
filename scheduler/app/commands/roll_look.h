/* SPDX-License-Identifier: Apache-2.0 */
/* How far a rolling maintenance is, as others see it: by its state in the store and the hosts that are in maintenance. Whether the
 * command that runs it is alive nobody knows but itself: a roll that was stopped looks the same.
 *
 * Units: usec_t, in microseconds since the epoch. Owner: the arena. Errors: as said. Threads: the main one.
 */
#pragma once

#include <jansson.h>

#include "scheduler/app/commands/maintenance_look.h"
#include "scheduler/app/state/roll_state.h"

typedef struct RollLook {
        RollState state;
        const char *
                *now; /* [n_now] in maintenance: of those that are left, or that the service empties now */
        uint32_t n_now;
} RollLook;

/* 0: a roll is not over. 1: none is. -EBADMSG: its state is damaged; -ENOMEM; the store's. */
int roll_look(const MaintenanceLook *look, RollLook *ret) must_check;

/* For plimsoll.maintenance/1: an object; null: none, or it cannot be read. */
json_t *roll_look_json(const MaintenanceLook *look);

/* A line to people, where there is one. */
void roll_look_print(const MaintenanceLook *look);
