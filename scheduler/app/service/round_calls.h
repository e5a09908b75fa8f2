/* SPDX-License-Identifier: Apache-2.0 */
/* Who calls a round before its time: an operator's command (store_call_round), or a host whose agent rings
 * (store_raise_alarm). A host is believed about itself alone: its ring counts when its own report says that it has got
 * worse since the last round, and once a minute at the most; so one that rings all the time costs the cluster a round a
 * minute, and only while its own grades really rise.
 *
 * Units: times are µs of the monotonic clock. Owner: the service; ended by round_calls_close(). Errors: as of the store;
 * -ENOMEM. Threads: one.
 */
#pragma once

#include "scheduler/base/arena_pair.h"
#include "scheduler/model/cluster.h"
#include "scheduler/store/store.h"

typedef struct HostAlarm HostAlarm;

enum { CALL_WHY_SIZE = 320 };

typedef struct RoundCalls {
        int64_t calls;      /* operators' calls when the last round began */
        ArenaPair memory;   /* of the hosts: the other one takes them after the next round */
        Arena look;         /* of one look */
        HostAlarm *hosts;   /* sorted by name; NULL: no round yet */
        const char **names; /* theirs */
        uint32_t n, next;   /* next: where the next look goes on */
} RoundCalls;

void round_calls_close(RoundCalls *calls);

/* Before a round reads its facts. */
int round_calls_begin(RoundCalls *calls, Store *store) must_check;
/* After it has: these are the hosts, and what was known of their devices. One that is only seen calls nobody. */
int round_calls_end(RoundCalls *calls, const Snapshot *s) must_check;

/* 1: a round is called, `why` says by whom; 0: not. Of many hosts some are looked at in each call. `now`: monotonic;
 * `of_day`: µs since the epoch, by which devices are graded. What the store does not answer calls nothing. */
int round_calls_look(RoundCalls *round_calls, Store *store, usec_t now, usec_t of_day,
                     char why[CALL_WHY_SIZE]);
