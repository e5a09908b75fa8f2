/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/guests/disk_place.h"

#include "collectors/read/block_local.h"
#include "collectors/read/block_name.h"
#include "scheduler/base/text.h"

/* Whether a block device is one others see too. Where its host cannot tell, libvirt's view: it is. */
static int64_t disk_place_block(const DomainDisk *d, const PoolFacts *pool, Arena *a, const char *root) {
        const char *path = d->path, *name = NULL;
        int64_t local;

        if (!path && pool && pool->path && d->volume)
                path = text_format(a, "%s/%s", pool->path, d->volume);
        if (!root || !path || block_name_of_path(a, root, path, &name) != 0)
                return 1;
        local = block_is_local(a, root, name);
        return local == 1 ? 0 : 1;
}

int64_t disk_place(const DomainDisk *d, const PoolList *list, Arena *a, const char *root,
                   const char **ret_identity) {
        const PoolFacts *pool = d->pool   ? pool_by_name(list, d->pool)
                                : d->path ? pool_of_path(list, d->path)
                                          : NULL;
        const Mount *m = d->path ? mount_of(list->mounts, list->n_mounts, d->path) : NULL;

        *ret_identity = pool ? pool->identity : NULL;
        if (d->network || (pool && pool->shared))
                return 1;
        if (d->block || (pool && pool->block))
                return disk_place_block(d, pool, a, root);
        if (m && mount_is_shared(m)) {
                *ret_identity = mount_identity(a, m);
                return 1;
        }
        return m || d->pool ? 0 : UNKNOWN;
}
