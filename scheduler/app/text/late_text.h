/* SPDX-License-Identifier: Apache-2.0 */
/* Hosts in maintenance whose deadline has passed with VMs on them.
 *
 * Units: usec_t, in microseconds since the epoch. Owner: the caller, of JSON; texts in the arena. Errors: NULL: no memory. Threads:
 * any.
 */
#pragma once

#include <jansson.h>

#include "scheduler/app/terminal/screen.h"
#include "scheduler/model/cluster.h"

/* VMs that are on the host after its deadline; 0: it is not late. One that leaves it just now is one of them. */
uint32_t late_vms(const Snapshot *s, HostIx h, usec_t now);
uint32_t late_hosts(const Snapshot *s, usec_t now);

/* One line each. */
void late_print(const Snapshot *s, usec_t now, const Screen *screen);

/* [{"host", "leave_by" (s since the epoch), "vms" [names]}] */
json_t *late_json(const Snapshot *s, usec_t now);
