/* SPDX-License-Identifier: Apache-2.0 */
/* What a failed migration depended on, in a digest: when it is another, what was learned is of what is no more.
 *
 * Of a VM: UUID, state, sizes, CPU, machine, devices, networks, pools, disks, snapshots. Of a host: machine, libvirt and QEMU.
 * Of a VM with a target also what the VM needs of it: networks, pools, images, port groups that are there. Nothing that is
 * measured.
 *
 * Pure. Units: none. Owner: the arena. Errors: -ENOMEM. Threads: any.
 */
#pragma once

#include "scheduler/base/arena.h"
#include "scheduler/model/cluster.h"

/* Of the VM and hosts that `hold` names, as they are in `s`. NULL in *ret: one of them is not there (s NULL: none is). 0 or
 * -ENOMEM. */
int move_digest(Arena *a, const Snapshot *s, const MoveHold *hold, const char **ret) must_check;
