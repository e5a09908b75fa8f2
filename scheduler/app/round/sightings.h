/* SPDX-License-Identifier: Apache-2.0 */
/* Where VMs are, asked of many hosts at once. A host's libvirt may hang for as long as it likes: each host is asked
 * by a thread of its own, nobody waits for it longer than `patience`, and what it says late counts in the next round.
 * In a world without threads (ServiceWorld.guards) the hosts are asked one after the other.
 *
 * Owner: sightings_free() takes NULL, never waits, and returns NULL; a thread that hangs in a call keeps the memory
 * until libvirt lets go of it. At most SIGHTINGS_HOSTS hosts are asked at once; the others wait for them. Threads:
 * all functions are for the one thread that made it; `stops` is called from it.
 *
 * Units: usec_t, in microseconds, monotonic. Errors: -ENOMEM; a host that cannot be asked is an answer.
 */
#pragma once

#include "scheduler/app/state/service_world.h"

enum { SIGHTINGS_HOSTS = 256 };

typedef struct Sightings Sightings;

int sightings_new(const ServiceWorld *world, Sightings **ret) must_check;
Sightings *sightings_free(Sightings *s);
DEFINE_OWNED(Sightings *, sightings_free);

typedef struct SightingQuery {
        const char *uri, *uuid; /* NULL: not to be asked */
        const char *machine;    /* the host UUID that must answer there (LibvirtAt) */
        DomainState state;      /* of the last answer; PRESENCE_UNKNOWN where there is none */
        usec_t seen_at;         /* when it came; 0: there is none yet */
} SightingQuery;

/* Asks anew for each and fills in the last answers. Returns once all have been answered, or have been asked for
 * `patience`, or stops(arg) says so. What is not in `queries` is forgotten. 0 or -ENOMEM. */
int sightings_look(Sightings *s, SightingQuery *queries, uint32_t n, usec_t patience,
                   bool (*stops)(void *arg), void *arg) must_check;
