/* SPDX-License-Identifier: Apache-2.0 */
/* The service of one cluster: the loop that leads, or follows, and makes rounds. A process has one of these
 * for each of its clusters, each in a thread of its own, with its own store, settings, arena and executor: a
 * cluster that is broken or slow delays no other. Its thread's log lines end in cluster=NAME.
 *
 * Owner: the program. Threads: one, but for cluster_service_stop().
 *
 * Units: none. Errors: a negative errno, as said at each; an ExitStatus from cluster_service_run().
 */
#pragma once

#include "scheduler/app/metrics/metrics_board.h"
#include "scheduler/app/service/service_share.h"
#include "scheduler/app/state/service_world.h"
#include "scheduler/base/options.h"
#include "scheduler/model/settings.h"

typedef struct ClusterService ClusterService;

typedef struct ClusterServiceOptions {
        const ServiceWorld *world;
        const Options *options; /* of the command line (service_options); outlive it */
        ServiceShare *share;    /* NULL: it shares nothing */
        const char *cluster;    /* NULL: the settings' service.cluster. Copied */
        FILE *log;              /* NULL: stderr */
        MetricsBoard *board;    /* where its rounds leave their figures; NULL: nowhere */
} ClusterServiceOptions;

/* Reads the settings and opens the store. What is wrong with either is logged. 0; -EINVAL: bad input; another
 * negative errno. */
int cluster_service_open(const ClusterServiceOptions *options, ClusterService **ret) must_check;
ClusterService *cluster_service_free(ClusterService *service); /* takes NULL, returns it */

const char *cluster_service_name(const ClusterService *service);

/* Until the world or cluster_service_stop() says that it is enough, or --once. An ExitStatus. */
int cluster_service_run(ClusterService *service);

/* No new moves; running ones end, and then cluster_service_run(). Any thread. */
void cluster_service_stop(ClusterService *service);

/* When its loop last went on: monotonic µs of its world's clock; 0: it has not begun. Any thread. */
usec_t cluster_service_went_on(const ClusterService *service);

/* What the command line says of the service, over its settings. 0; -EINVAL with *f; -ENOMEM. */
int service_set_options(const Options *options, Settings *s, TextFault *f) must_check;

/* Logs what is wrong, and where; file NULL: in no file. */
void service_log_fault(const char *event, const char *file, const TextFault *f);
