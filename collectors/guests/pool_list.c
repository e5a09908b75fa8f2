/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/guests/pool_list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/guests/virt_link.h"
#include "collectors/read/slurp.h"

static int mounts_read(Arena *a, const char *root, PoolList *list) {
        const char *text;
        size_t n;
        int r;

        if (!root || file_slurp(a, root, "/proc/self/mountinfo", &text, &n) < 0)
                return 0;
        r = mounts_parse(a, text, n, &list->mounts, &list->n_mounts);
        return r == -EBADMSG ? 0 : r;
}

/* A pool that is a folder on shared storage is that storage. */
static int pool_on_mount(Arena *a, const PoolList *list, PoolFacts *pool) {
        const Mount *m =
                pool->shared || !pool->path ? NULL : mount_of(list->mounts, list->n_mounts, pool->path);

        if (!m || !mount_is_shared(m))
                return 0;
        pool->shared = true;
        pool->identity = mount_identity(a, m);
        return pool->identity ? 0 : -ENOMEM;
}

static int pool_read(Arena *a, virStoragePoolPtr pool, const PoolList *list, PoolFacts *ret) {
        char *xml = virStoragePoolGetXMLDesc(pool, 0);
        int r;

        if (!xml)
                return virt_error(NULL, 0);
        r = pool_xml_parse(a, xml, strlen(xml), ret);
        free(xml);
        return r < 0 ? r : pool_on_mount(a, list, ret);
}

int pool_list_read(Arena *a, virConnectPtr c, const char *root, PoolList *ret) {
        PoolList list = { 0 };
        virStoragePoolPtr *pools = NULL;
        PoolFacts *facts;
        int r, n;

        r = mounts_read(a, root, &list);
        if (r < 0)
                return r;
        n = virConnectListAllStoragePools(c, &pools, VIR_CONNECT_LIST_STORAGE_POOLS_ACTIVE);
        if (n < 0) {
                r = virt_error(NULL, 0);
                if (r != -ENOTSUP)
                        return r;
                n = 0;
        }
        r = 0;
        facts = arena_new(a, PoolFacts, (size_t) n);
        if (!facts)
                r = -ENOMEM;
        for (int i = 0; i < n; i++) {
                /* a pool that ended since it was listed is not listed */
                if (facts && r != -ENOMEM) {
                        r = pool_read(a, pools[i], &list, &facts[list.n_pools]);
                        list.n_pools += r == 0;
                }
                (void) virStoragePoolFree(pools[i]);
        }
        free(pools);
        if (r == -ENOMEM)
                return r;
        list.pools = facts;
        *ret = list;
        return 0;
}

const PoolFacts *pool_by_name(const PoolList *list, const char *name) {
        for (uint32_t i = 0; i < list->n_pools; i++)
                if (strcmp(list->pools[i].name, name) == 0)
                        return &list->pools[i];
        return NULL;
}

const PoolFacts *pool_of_path(const PoolList *list, const char *path) {
        const PoolFacts *best = NULL;
        size_t best_length = 0;

        for (uint32_t i = 0; i < list->n_pools; i++) {
                const char *at = list->pools[i].path;
                size_t n = at ? strlen(at) : 0;

                if (n > best_length && strncmp(at, path, n) == 0 && (path[n] == '/' || path[n] == '\0')) {
                        best = &list->pools[i];
                        best_length = n;
                }
        }
        return best;
}
