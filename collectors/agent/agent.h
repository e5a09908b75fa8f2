/* SPDX-License-Identifier: Apache-2.0 */
/* plimsoll-agent: one process, one loop. Each turn reads what is due, makes one report of it, and hands it
 * on.
 *
 * Collectors that read files run in the loop; those that talk to libvirt run in a thread of their own
 * (libvirt_worker.h), so that a daemon that hangs stops nothing but itself: then host.daemon is 0 and their
 * sections say ETIMEDOUT.
 *
 * Units: none. Owner: `options` stays the caller's. Errors: logged, and in the exit status: 0 good, 1 failed,
 * 2 what was asked for cannot be. Threads: once, in the main thread.
 */
#pragma once

#include "scheduler/base/clock.h"
#include "scheduler/model/cluster.h"

/* What is asked of it. Everything was checked; texts and lists live as long as it runs. */
typedef struct AgentOptions {
        const char *redis, *cluster, *host, *uri, *advertise, *root, *collectors,
                *metrics; /* NULL: not given */
        usec_t interval;  /* 0: not given */
        Strings sets;     /* each "COLLECTOR.NAME=VALUE" */
        Strings labels;   /* of the host (model/host_label.h) */
        bool once, print, json;
} AgentOptions;

/* Until SIGTERM or SIGINT (which the caller has blocked in all threads), or once. The exit status. */
int agent_run(const AgentOptions *o);
