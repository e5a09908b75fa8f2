/* SPDX-License-Identifier: Apache-2.0 */
/* plimsoll-agent: one process, one loop. Each turn reads what is due, makes one report of it, and hands it
 * on.
 *
 * Collectors that read files run in the loop; those that talk to libvirt run in a thread of their own (libvirt_worker.h), so that
 * a daemon that hangs stops nothing but itself: then host.daemon is 0 and their sections say ETIMEDOUT.
 */
#pragma once

#include "collectors/agent/agent_options.h"

/* Until SIGTERM or SIGINT (which the caller has blocked in all threads), or once. The exit status. */
int agent_run(const AgentOptions *options);
