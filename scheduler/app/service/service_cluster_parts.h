/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of one cluster's service share: service_cluster.c (its rounds and its loop), service_cluster_settings.c
 * (the settings in force), service_cluster_lead.c (who leads), service_cluster_stop.c (whether it goes on),
 * service_cluster_open.c (what it has open). For them only.
 *
 * Units: usec_t, in microseconds. Owner: the service. Threads: its own, but where it says so. Errors: a negative errno,
 * as said at each.
 */
#pragma once

#include <stdatomic.h>

#include "scheduler/app/facts/bmc_watch.h"
#include "scheduler/app/service/event_watch.h"
#include "scheduler/app/service/round_calls.h"
#include "scheduler/app/service/service_cluster.h"
#include "scheduler/app/service/service_round.h"
#include "scheduler/base/log.h"

/* What was read once. Those of before are kept while moves run that were planned by them. */
typedef struct SettingsHeld {
        struct SettingsHeld *before;
        Arena arena;
        const Settings *settings; /* NULL: they were no good; its words were said */
} SettingsHeld;

struct ClusterService {
        ServiceWorld world;        /* as given, but for the stop request: one cluster can be told to stop */
        const ServiceWorld *outer; /* as it was given */
        const Options *options;
        ServiceShare *share;
        LogThread log;
        char log_words[600];
        SettingsHeld *held;       /* newest first */
        const Settings *settings; /* in force: those of one of them */
        Arena arena;              /* of a round */
        Store *store;
        Source *source;
        Leadership leadership;
        DemandStore demand;
        BmcWatch *bmcs; /* NULL: no BMC is asked */
        Executor executor;
        bool has_executor, leading, counted;
        unsigned healed; /* of StoreHealed, said: not again as long as it lasts */
        atomic_bool stop;
        _Atomic usec_t went_on; /* monotonic: when its thread last looked whether it goes on */
        unsigned reloads;       /* asked for so far, and done */
        char cluster[256];
        SaidThing was;        /* room for what has ended */
        ServiceMemory memory; /* of rounds */
        Sightings *sightings;
        atomic_bool moving; /* moves run: whatever the service is told, they end as they end */
        RoundCalls calls;
        ServiceEpoch epoch;
        usec_t all_at;       /* monotonic: when a follower looks at all of the store next */
        usec_t ring_at;      /* monotonic: when the ring of peers is made next */
        uint32_t ring_hosts; /* how many hosts it was made of */
        usec_t offered;      /* monotonic: when it last said that it could lead, or looked who could */
        EventWatch events;
        usec_t looked;          /* monotonic: at the hosts' pulses */
        ServiceStop moves_stop; /* of all moves in the cluster (plimsoll stop) */
        MetricsBoard *board;    /* NULL: nobody looks */
        ClusterMetrics *metrics;
        NoticeWatch *notices; /* NULL: nobody is told */
};
/* ---- service_cluster_stop.c ---- */

usec_t service_cluster_monotonic(const ClusterService *service);

/* Asked again and again by whatever it does: reading, planning, watching moves. */
StopRequest service_cluster_stop_request(void *stop_arg);

/* Who was told to stop and has nothing under way waits for no store that hangs. Any thread. */
bool service_cluster_hurries(void *arg);

/* ---- service_cluster_settings.c ---- */

/* In force only when all of it is good; a file's name and words of a fault stay until they are forgotten. 0; a negative
 * errno with the fault. */
int service_cluster_load_settings(ClusterService *service, const char **reterr_file,
                                  TextFault *reterr_fault) must_check;
void service_cluster_reload_if_asked(ClusterService *service);

/* All but those in force. */
void service_cluster_forget_settings(ClusterService *service, const Settings *in_force);

/* ---- service_cluster_lead.c ---- */

/* 0: leading. 1: another leads. Negative: the store is away. Changes are logged. */
int service_cluster_lead(ClusterService *service) must_check;

/* Whoever only advises leads for a moment at a time: that is no share of the work. */
void service_cluster_set_leading(ClusterService *service, bool leads);

/* Has it more than its share of the clusters? Asked a few times a lease. */
void service_cluster_share_out(ClusterService *service);

/* In some mode that may move VMs; what it needs for that. 0; a negative errno, which was logged. */
bool service_cluster_acts(const ClusterService *service);
int service_cluster_need_executor(ClusterService *service) must_check;

/* What is said once, for as long as it lasts. */
Said *service_cluster_states(ClusterService *service);

/* The store cannot be asked, NULL: it can. */
void service_cluster_say_away(ClusterService *service, const char *why);
