/* SPDX-License-Identifier: Apache-2.0 */
/* One round of the service, by its leader. Threads: one.
 *
 * Units: usec_t, in microseconds. Owner: all is the caller's. Errors: a negative errno, logged.
 */
#pragma once

#include <stdatomic.h>

#include "scheduler/act/executor.h"
#include "scheduler/app/facts/demand_store.h"
#include "scheduler/app/facts/source.h"
#include "scheduler/app/metrics/metrics_board.h"
#include "scheduler/app/notices/notice_watch.h"
#include "scheduler/app/round/sightings.h"
#include "scheduler/app/service/admission_memory.h"
#include "scheduler/app/service/round_calls.h"
#include "scheduler/app/service/service_epoch.h"
#include "scheduler/app/service/service_say.h"
#include "scheduler/app/service/service_stop.h"
#include "scheduler/app/settings/service_modes.h"
#include "scheduler/app/state/leadership.h"

/* What outlives a round: the last ones' for it, and what it leaves for the next and for the loop. */
typedef struct ServiceMemory {
        usec_t wanted_since; /* monotonic: since then each plan wanted moves; 0: the last one did not */
        usec_t retry; /* monotonic: when the next wait of a failed migration is over that matters; 0: none */
        usec_t moved_until; /* monotonic: until then reports may be older than moves that have ended */
        usec_t rest_until; /* monotonic: VMs were moved, and rates measured before are not to be planned on */
        uint64_t last_fingerprint;  /* what the last round without moves said, so that it is recorded once */
        const Snapshot *seen;       /* what it read, in its arena; NULL: there were no facts */
        KnownHosts known;           /* which VMs each host had when it was last seen */
        AdmissionMemory admissions; /* who was admitted, and who was only seen */
        usec_t hand_looked;         /* when it was last looked whose hold of a hand move has ended */
        ServiceSaid said;           /* what goes on and was said */
        uint64_t audited;           /* the token with which the audit was last brought up to the journal */
        usec_t audited_at;          /* monotonic */
        int64_t loads_slot;         /* of the history of load that was written last */
        bool unfinished;            /* something that must be done is not; soon again */
        bool moved;                 /* VMs were moved */
} ServiceMemory;

/* What a round is given. */
typedef struct ServiceRound ServiceRound;
struct ServiceRound {
        Store *store;
        Source *source;
        const Settings *settings;
        Leadership *leadership;
        ServiceModes modes;
        const Executor *executor; /* NULL: all kinds of action are only advised */
        DemandStore *demand;      /* what the VMs have used so far */
        Arena *arena;             /* for this round; the caller rewinds it */
        ServiceMemory *memory;
        usec_t interval;
        usec_t hold;             /* how long an imbalance must have lasted */
        usec_t settle;           /* after moves, facts are taken as true again only so long after their end */
        bool urgent_only;        /* evacuation and repairs only: the rates are not to be planned on yet */
        Sightings *sightings;    /* of hosts that were asked where a VM is */
        atomic_bool *moving;     /* moves of this service run: whoever is told to stop waits for them */
        ServiceStop *stop;       /* whether all moves are stopped, as it was looked at just now */
        ServiceEpoch *epoch;     /* whether the store is what it was */
        RoundCalls *calls;       /* who calls meanwhile: then what waits is planned anew */
        ClusterMetrics *metrics; /* where it leaves its figures; NULL: nobody looks */
        NoticeWatch *notices;    /* who is told what goes on; NULL: nobody */
        const struct ServiceBeside *beside; /* plans beside moves that run; NULL: nobody does */
        struct ServiceRun *run;             /* the moves beside which this round plans; NULL: none run */
        /* Were settings read anew, that were asked for meanwhile? Then *io has them, and what follows from them; those of before
         * stay good as long as the moves run. NULL: nobody asks. */
        bool (*reload)(void *arg, ServiceRound *io);
        void *reload_arg;
};

extern const struct ServiceBeside service_beside; /* service_beside.c */

/* Settles what is open, reads, plans, moves, writes the record. What happened is logged. 0: it was a round,
 * with or without moves. A negative errno: it could not be (logged too): facts or the store are away. */
int service_round(const ServiceRound *round) must_check;
