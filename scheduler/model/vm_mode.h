/* SPDX-License-Identifier: Apache-2.0 */
/* VMs whose moves a rule leaves to a person (VmMode), where they must leave their host: these are named, for nobody else moves them.
 *
 * Units: none. Owner: the arena. Errors: NULL: no room in the arena. Threads: any, each its own arena.
 */
#pragma once

#include "scheduler/base/arena.h"
#include "scheduler/model/cluster.h"

/* "rule NAME leaves its moves to an operator (only: advise)" */
const char *vm_mode_words(Arena *a, const Vm *vm);

/* v is to be moved by a person only (VM_MODE_ADVISE) and must leave its host (in maintenance; a fault of grade 3 or 4 concerns it),
 * which is seen and not held, and whose emptying is wanted now (Snapshot.not_now). */
bool vm_mode_keeps(const Snapshot *s, VmIx v);

/* How many are. */
uint32_t vm_mode_n_kept(const Snapshot *s);

/* "db1 on h1, db2 on h1 and 3 more"; "" where there are none. */
const char *vm_mode_kept_words(Arena *a, const Snapshot *s);
