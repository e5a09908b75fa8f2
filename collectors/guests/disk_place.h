/* SPDX-License-Identifier: Apache-2.0 */
/* Where a guest's disk is, and whether other hosts see it.
 *
 * Units: none. Owner: the arena. Errors: -ENOMEM. Threads: one; block devices of root are read.
 */
#pragma once

#include "collectors/guests/pool_list.h"
#include "collectors/parse/domain_xml.h"

/* *ret_identity: the storage a target must have for it, or NULL. 1: other hosts see it; 0: its host alone; UNKNOWN.
 * A logical volume is the same thing whether it is described as a device or as a volume of its pool. root: as in
 * CollectorEnv; NULL: whether a block device is the host's own cannot be told, and it counts as libvirt counts it, as
 * shared. Texts live in `a`. */
int64_t disk_place(const DomainDisk *d, const PoolList *list, Arena *a, const char *root,
                   const char **ret_identity);
