/* SPDX-License-Identifier: Apache-2.0 */
/* The service: for each of its clusters rounds, in which it reads the facts, plans and, in mode auto, moves
 * VMs; one leader a cluster (service_cluster.h). Which clusters: service.clusters, looked at again every few
 * seconds when it says "all".
 *
 * A follower only waits for the lease. A leader that cannot renew stops starting moves at once. SIGTERM: no
 * new moves, running ones end, exit 0. SIGHUP: the settings are read again; a bad file leaves the old ones.
 *
 * Units: none. Owner: all is the program's. Errors: the exit status; what is wrong is logged. Threads: the
 * main one.
 */
#pragma once

#include "scheduler/app/metrics/metrics_board.h"
#include "scheduler/app/terminal/invocation.h"

extern const OptionDef service_options[];

/* Who shows the service to others, beside its rounds: the API. It is opened before the rounds begin, and closed after they
 * have ended. */
typedef struct ServiceFront {
        /* By the settings of the whole service, and its command line; *ret NULL: there is nothing to be done. 0; a negative errno with
         * *reterr_fault: the service does not start. */
        int (*open)(const Settings *settings, const Options *options, MetricsBoard *board, void **ret,
                    TextFault *reterr_fault);
        void (*close)(void *front); /* takes NULL */
} ServiceFront;

/* plimsolld's main, with its output and errors; front NULL: nobody shows it. Returns the exit status. */
int service_main(int argc, char **argv, FILE *out, FILE *err, const ServiceFront *front);
