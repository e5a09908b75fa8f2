/* SPDX-License-Identifier: Apache-2.0 */
/* What calls a round before its time: between rounds the hosts' pulses (snapshot/wire/pulse.h) are held
 * against what the last round knew of them.
 *
 *   a host fell silent, or reports again        once each time
 *   above its load line for the hold time       once, until it was below it
 *   a VM appeared on a host above its load      each time
 *   line, or on one that is to be emptied
 *
 * A call decides nothing: the round reads all facts anew.
 *
 * Owner: the service, by event_watch_close(). Threads: one. Errors: -ENOMEM.
 *
 * Units: usec_t, in microseconds since the epoch and monotonic (EventTimes).
 */
#pragma once

#include "scheduler/base/arena_pair.h"
#include "scheduler/model/cluster.h"
#include "scheduler/model/settings.h"
#include "scheduler/store/store.h"

typedef struct HostWatch HostWatch;

typedef struct EventWatch {
        ArenaPair memory; /* of the hosts: the other one takes them after the next round */
        HostWatch *hosts; /* sorted by name; NULL: no round yet */
        uint32_t n;
        usec_t stale_after;
} EventWatch;

typedef struct EventTimes {
        usec_t now;       /* of day, as pulses have it */
        usec_t monotonic; /* > 0 */
        usec_t hold;      /* how long a host must have been above its load line */
} EventTimes;

enum { EVENT_WHY_SIZE = 320 };

typedef struct EventCall {
        char why[EVENT_WHY_SIZE]; /* of the first host that calls; "" : none does */
        bool overloaded; /* one has been above its load line for the hold time: that need not be waited again
                          */
} EventCall;

void event_watch_close(EventWatch *watch);

/* After each round, with what it read. moved: VMs were moved in it, and what pulses said before is no
 * measure. */
int event_watch_round(EventWatch *watch, const Snapshot *s, const Settings *settings, bool moved) must_check;

/* Pulses sorted by host. One that cannot be read counts as none. */
void event_watch_look(EventWatch *watch, const StoredText *pulses, uint32_t n, EventTimes times,
                      EventCall *ret);
