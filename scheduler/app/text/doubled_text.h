/* SPDX-License-Identifier: Apache-2.0 */
/* VMs that run on several hosts at once: said before anything else.
 *
 * Units: none. Owner: the arena. Errors: -ENOMEM. Threads: one.
 */
#pragma once

#include "scheduler/app/terminal/screen.h"
#include "scheduler/base/arena.h"
#include "scheduler/model/cluster.h"

/* "h1 and h2", "h1, h2 and h3": where the VM runs. NULL: no memory. */
const char *doubled_hosts_text(Arena *a, const Vm *vm);

/* A line for each such VM; nothing where there is none. 0 or -ENOMEM. */
int doubled_print(Arena *a, const Snapshot *s, const Screen *screen) must_check;
