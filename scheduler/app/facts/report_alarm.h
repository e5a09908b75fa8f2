/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a host that rings has a reason to: its newest report against what the last round knew of its devices.
 *
 * Units: grades 0 … 4, of devices. Owner: the caller's arena. Errors: -ENOMEM, those of the store. Threads: one.
 */
#pragma once

#include "scheduler/model/cluster.h"
#include "scheduler/store/store.h"

/* The worst grade, of those from which VMs are concerned (FAULT_ALARM_FROM), of a device that is worse in the host's newest
 * report than in `known`; 0: none is, or there is no report that can be read. A report of another name than its key's
 * counts as none. */
int report_got_worse(Store *store, Arena *a, const char *host, const Fault *known, uint32_t n_known,
                     usec_t now) must_check;
