/* SPDX-License-Identifier: Apache-2.0 */
/* The storage pools that are active on a host, as libvirt lists them.
 *
 * Units: KiB, MiB by suffix. Owner: texts and the list are in the arena. Errors: -ENOMEM; a negative errno as
 * of virt_error(). Threads: any, each its own connection and arena.
 */
#pragma once

#include <libvirt/libvirt.h>

#include "collectors/parse/host_xml.h"
#include "collectors/parse/mounts.h"

typedef struct PoolList {
        const PoolFacts *pools;
        uint32_t n_pools;
        const Mount *mounts; /* the host's; none when only its libvirt is at hand */
        uint32_t n_mounts;
} PoolList;

/* root: as in CollectorEnv. A "dir" pool on a shared mount counts as shared, under the mount's name. A driver
 * without storage has none. 0; negative errno; -ENOMEM. Texts live in `a`. */
int pool_list_read(Arena *a, virConnectPtr c, const char *root, PoolList *ret) must_check;

/* By libvirt's name of it, or the one whose folder holds the path (the deepest); NULL: none. */
const PoolFacts *pool_by_name(const PoolList *list, const char *name);
const PoolFacts *pool_of_path(const PoolList *list, const char *path);
