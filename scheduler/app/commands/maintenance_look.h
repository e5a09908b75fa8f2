/* SPDX-License-Identifier: Apache-2.0 */
/* How far hosts are emptied, seen once: for `plimsoll maintenance` and its waiting (maintenance.c).
 *
 * Units: none. Owner: the Invocation's arena. Errors: a negative errno, as said. Threads: the main one.
 */
#pragma once

#include <jansson.h>

#include "scheduler/app/commands/maintenance.h"
#include "scheduler/app/state/host_mark.h"
#include "scheduler/app/state/live_state.h"

/* How far one host is. */
typedef struct Emptying {
        const Host *host;
        OperatorMark mark;
        uint32_t left;     /* VMs that run on it, or are on the way from or to it */
        uint32_t cannot;   /* of these: the last plan says that they cannot leave */
        uint32_t moving;   /* from it, now */
        uint32_t waiting;  /* moves of the plan that are still to come */
        uint32_t off;      /* that are off, and stay */
        uint32_t stranded; /* of those that are left: the host is not seen, so that nobody moves them */
        bool empty;        /* for sure */
} Emptying;

typedef struct MaintenanceLook {
        Invocation *in;
        Facts *facts;
        LiveState live;
        bool has_live;
        const char *stopped; /* that all moves are stopped; NULL: they are not */
        usec_t asked; /* what the service planned before does not count; 0: since it is in maintenance */
        usec_t seen_after; /* a host that was not seen since then is not known to be empty; 0: since it is in maintenance */
} MaintenanceLook;

/* What the service says it does, and whether all moves are stopped. 0 or a negative errno of the store. */
int maintenance_read_live(MaintenanceLook *look);

/* It is under way. */
bool maintenance_is_running(const LiveMove *m);

/* How far host h is. 0 or a negative errno of the store. */
int maintenance_look_at(const MaintenanceLook *look, HostIx h, Emptying *ret);

/* A service is at work that empties hosts. */
bool maintenance_does_act(const MaintenanceLook *look);

/* The plan that a person has to accept before it moves anything. NULL: there is none. */
const LiveWaiting *maintenance_awaits(const MaintenanceLook *look);

/* VMs are left, and all moves are stopped. */
bool maintenance_is_stopped(const MaintenanceLook *look, const Emptying *emptying);

/* It is in maintenance, nobody sees it now, and none of its VMs is known: it was empty when it was last seen, after it was asked
 * for; or it was not seen since, and which VMs run there nobody knows. */
bool maintenance_was_empty(const Emptying *emptying);
bool maintenance_is_unknown(const Emptying *emptying);

/* The service has planned since it was asked, and moves nothing of what is left; or all moves are stopped; or nobody sees it. */
bool maintenance_is_blocked(const MaintenanceLook *look, const Emptying *emptying);

/* Its VMs that are off, and stay. */
void maintenance_print_off(const MaintenanceLook *look, const char *host);

/* Its VMs that cannot leave, and why. */
void maintenance_print_stays(const MaintenanceLook *look, const char *host);

/* How far it is, in words; in the arena. NULL: no memory. */
const char *maintenance_state_words(const MaintenanceLook *look, const Emptying *emptying);

/* The same as data: the caller's. */
json_t *maintenance_one_json(const MaintenanceLook *look, const Emptying *emptying);

/* All of them, on the command's output. */
void maintenance_print_json(const MaintenanceLook *look, json_t *hosts);

/* That all moves are stopped, where they are. */
void maintenance_say_stopped(const MaintenanceLook *look);
