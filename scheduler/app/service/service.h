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

#include "scheduler/app/terminal/invocation.h"

extern const OptionDef service_options[];

/* plimsolld's main, with its output and errors. Returns the exit status. */
int service_main(int argc, char **argv, FILE *out, FILE *err);
