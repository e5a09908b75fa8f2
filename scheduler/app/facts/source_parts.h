/* SPDX-License-Identifier: Apache-2.0 */
/* What a Source is, for the files that read one: source.c opens it and reads files, hosts and Prometheus; source_redis.c puts
 * together what the store says.
 *
 * Units: none. Owner: of what is read the arena; of the rest the Source. Errors: a negative errno, with words in *f where there
 * is one. Threads: one.
 */
#pragma once

#include "scheduler/app/facts/booking_store.h"
#include "scheduler/app/facts/brake_store.h"
#include "scheduler/app/facts/known_hosts.h"
#include "scheduler/app/facts/silent_hosts.h"
#include "scheduler/app/facts/source.h"
#include "scheduler/app/facts/store_loss.h"
#include "scheduler/app/state/admission_record.h"
#include "scheduler/snapshot/build/build.h"

struct Source {
        SourceKind kind;
        const char
                *path; /* SOURCE_FILE: the file; SOURCE_PROMETHEUS: the URL. Lives as long as the options */
        const char **uris; /* SOURCE_HOSTS: into `words` */
        uint32_t n_uris;
        char *words;
        const char *cluster;
        const Clock *clock;
        Strings for_good; /* hosts */
        Store *store;
        bool own_store;
        FaultStore faults;           /* in the arena of the last reading */
        AdmissionRecords admissions; /* the same */
        bool admits;      /* the store once said that hosts must be admitted: it may forget that, we do not */
        BrakeStore brake; /* in that arena too */
        HoldStore holds;  /* likewise */
        BookingStore bookings; /* likewise */
        const HostMark *marks; /* in that arena too */
        uint32_t n_marks;
        const StoredText *known; /* in that arena too */
        uint32_t n_known;
        KnownHosts hosts;         /* SOURCE_HOSTS: what earlier readings saw */
        bool reaches;             /* silent hosts that must be left are read through libvirt */
        SilentHosts silent;       /* that were */
        Strings open;             /* hosts of moves whose end is not known; in that arena too */
        const Snapshot *reported; /* by reports alone; NULL: nothing else was read */
        Arena *reading;           /* that arena */
        const char **notices;     /* in it, too */
        uint32_t n_notices, notices_room;
        uint64_t n_left_out;
        const Snapshot *facts; /* of the last reading, without rules of the settings */
        LostStore loss;        /* of the store, as the last reading found it */
        bool lost;
};

/* -ENOMEM, said. */
int source_no_memory(TextFault *f) must_check;

/* A line for whoever reads; NULL: none. */
void source_notice_put(Source *s, const char *text);

/* What was left out of a report that is used, as a notice. */
void source_notice_left_out(Source *s, Arena *a, const Report *r);

/* A report that came by another way than the store is bounded as those are. */
int source_take_reread(Source *s, Arena *a, const Report *report, const Report **ret,
                       TextFault *f) must_check;

/* Reports and what goes with them → a snapshot; what is remembered of faults goes into the Source. */
int source_build(Source *s, Arena *a, const Settings *settings, BuildInput in, const Snapshot **ret,
                 TextFault *f) must_check;

/* All that the store knows, as a snapshot. */
int source_read_redis(Source *s, Arena *a, const Settings *settings, const Snapshot **ret,
                      TextFault *f) must_check;
