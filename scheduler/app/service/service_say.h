/* SPDX-License-Identifier: Apache-2.0 */
/* What the service says of what goes on: a line when it begins, when it changes, and when it ends, with how often it was
 * seen and for how long (base/said.h).
 *
 * Units: usec_t by the world's clock, monotonic. Owner: service_said_close(). Errors: none. Threads: one.
 */
#pragma once

#include "scheduler/app/state/live_state.h"
#include "scheduler/base/log.h"
#include "scheduler/base/said.h"
#include "scheduler/model/cluster.h"
#include "scheduler/snapshot/build/build.h"
#include "scheduler/snapshot/health/brake.h"
#include "scheduler/store/store.h"

typedef struct ServiceSaid {
        Said states;       /* of the service as a whole, by the event that said it began */
        Said notices;      /* of single hosts, by their text */
        Said settled;      /* moves that are open, by their number */
        Said doubled;      /* VMs that run on several hosts */
        Said held;         /* hosts that the brake holds */
        Said silent;       /* hosts that are not seen */
        Said late;         /* hosts whose deadline has passed with VMs on them */
        Said marks;        /* hosts that an operator marked */
        Said certificates; /* of the service, that end soon, by their file */
        Said unread;       /* what of the store cannot be read */
        Said pulses;       /* hosts' pulses that cannot be read */
} ServiceSaid;

void service_said_close(ServiceSaid *said);

/* A state of the service, and the events that say that it begins (or changes) and ends. */
typedef struct SayState {
        LogLevel level;
        const char *begins, *ends; /* ends NULL: that is not said */
} SayState;

/* It is so, for this reason; NULL: it is not. True: a line was written. */
bool service_say(Said *said, const SayState *state, const char *why, usec_t now);

/* Hosts that are not seen, each since when; what was known of a host's clock. */
void service_say_silent(ServiceSaid *said, Arena *a, const Snapshot *s, usec_t now);

/* Hosts in maintenance whose deadline has passed: as it does, and when they are empty, have another deadline, or it is ended. */
void service_say_late(ServiceSaid *said, const Snapshot *s, usec_t of_day, usec_t now);
/* What operators said of hosts, and who: marks[n]. Of one that was taken back the store is asked by whom. */
void service_say_marks(ServiceSaid *said, const HostMark *marks, uint32_t n, Store *store, Arena *a,
                       usec_t now);

/* What there is to say of single hosts: texts[n]. */
void service_say_notices(ServiceSaid *said, const char *const *texts, uint32_t n, usec_t now);

/* What of the store cannot be read: `of` is said->unread or said->pulses. `all`: what is not in it can be read again. */
void service_say_unread(Said *of, const Drops *unread, bool all, usec_t now);

/* The service's own certificates that end soon, each since when. */
void service_say_certificates(ServiceSaid *said, const LiveCertificate *list, uint32_t n, usec_t now);

/* VMs that run on several hosts. `a`: of the round. */
void service_say_doubled(ServiceSaid *said, Arena *a, const Snapshot *s, usec_t now);

/* Hosts that the brake holds: those that begin to be in one line, and one when none is any more. */
void service_say_held(ServiceSaid *said, const Snapshot *s, const Brake *brake, usec_t now);
