/* SPDX-License-Identifier: Apache-2.0 */
/* Is a block device the host's own, or one that other hosts may see, too?
 *
 * Units: none. Owner: `scratch` is given back. Errors: UNKNOWN as said. Threads: any, each its own arena.
 */
#pragma once

#include "scheduler/base/arena.h"
#include "scheduler/model/units.h"

/* By where its disks are attached: through the whole tree below `name` (a kernel name). 1: all of them to this host
 * alone (SATA, SAS, PCIe, virtio, USB), or it is a zvol; 0: one is reached over a network or a fabric (iSCSI, Fibre
 * Channel, SRP, NVMe over fabrics, RBD, NBD, DRBD) or by several paths; UNKNOWN: sysfs does not say. The table is in
 * docs/migration.md. */
int64_t block_is_local(Arena *scratch, const char *root, const char *name);
