/* SPDX-License-Identifier: Apache-2.0 */
/* VMs that must leave a host which cannot be seen, as text and JSON (model/host_silence.h).
 *
 * Units: none. Owner: the arena; JSON the caller's. Errors: -ENOMEM. Threads: any, each its own arena.
 */
#pragma once

#include <jansson.h>

#include "scheduler/app/terminal/screen.h"
#include "scheduler/base/arena.h"
#include "scheduler/model/cluster.h"

/* A line a host, with its VMs by name; nothing where there are none. 0 or -ENOMEM. */
int stranded_print(Arena *a, const Snapshot *s, const Screen *screen) must_check;

/* [{"vm", "host", "why"}] of all hosts, of one host unless `h` is IX_NONE. NULL: no memory. */
json_t *stranded_json(Arena *a, const Snapshot *s, HostIx h);

/* Why the VMs of the host cannot leave: "the facts of the host … are stale or missing (fault grade 4: …; its last report …)".
 * NULL: no memory. */
const char *stranded_why(Arena *a, const Host *host);
