/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/parse/zpool_rows.h"

#include <errno.h>
#include <string.h>

#include "scheduler/base/text.h"

ZfsGroup zfs_group_named(const char *name) {
        static const struct {
                const char *name;
                ZfsGroup group;
        } groups[] = {
                { "logs", ZFS_LOGS },
                { "cache", ZFS_CACHE },
                { "l2cache", ZFS_CACHE },
                { "spares", ZFS_SPARES },
        };

        for (size_t i = 0; i < ARRAY_SIZE(groups); i++)
                if (strcmp(groups[i].name, name) == 0)
                        return groups[i].group;
        return ZFS_DATA;
}

int64_t zfs_count(const char *text, size_t n) {
        static const char suffixes[] = "KMGTPE";
        const char *suffix = n > 0 ? strchr(suffixes, text[n - 1]) : NULL;
        int64_t value;

        if (n == 0)
                return UNKNOWN;
        if (!suffix || !*suffix)
                return text_to_int(text, n, 0, INT64_MAX, &value) == 0 ? value : UNKNOWN;
        if (text_to_scaled(text, n - 1, 1000, 0, INT64_C(1024) * 1000, &value) < 0)
                return UNKNOWN;
        for (const char *s = suffixes; s <= suffix; s++)
                if (__builtin_mul_overflow(value, INT64_C(1024), &value))
                        return UNKNOWN;
        return value / 1000;
}

/* ---- one device ---- */
static bool zpool_rows_starts(const char *s, const char *with) {
        return strncmp(s, with, strlen(with)) == 0;
}

static ZfsLeafState leaf_state(const ZfsRow *row) {
        bool errors = row->read > 0 || row->write > 0 || row->checksum > 0;

        if (row->group == ZFS_SPARES)
                return zpool_rows_starts(row->state, "AVAIL") || zpool_rows_starts(row->state, "ONLINE")
                               ? ZFS_SPARE
                               : ZFS_LOST;
        if (row->resilvering)
                return ZFS_FILLING;
        if (zpool_rows_starts(row->state, "DEGRADED") || (zpool_rows_starts(row->state, "ONLINE") && errors))
                return ZFS_SUSPECT;
        return zpool_rows_starts(row->state, "ONLINE") ? ZFS_WORKING : ZFS_LOST;
}

static bool is_leaf(const ZfsTable *t, uint32_t i) {
        return i + 1 == t->n_rows || t->rows[i + 1].depth <= t->rows[i].depth ||
               t->rows[i + 1].group != t->rows[i].group;
}

/* The row after the last under row i. */
static uint32_t zpool_rows_end_of(const ZfsTable *t, uint32_t i) {
        uint32_t end = i + 1;

        while (end < t->n_rows && t->rows[end].depth > t->rows[i].depth &&
               t->rows[end].group == t->rows[i].group)
                end++;
        return end;
}

/* Of a device, or of a pair that one replaces the other in: does one of them hold the data? */
static bool slot_works(const ZfsTable *t, uint32_t i) {
        for (uint32_t k = i, end = zpool_rows_end_of(t, i); k < end; k++) {
                ZfsLeafState s = leaf_state(&t->rows[k]);

                if (is_leaf(t, k) && (s == ZFS_WORKING || s == ZFS_SUSPECT))
                        return true;
        }
        return false;
}

/* ---- one top-level device: a disk, a mirror, a raidz ---- */
typedef struct Vdev {
        int64_t wanted, working, bears; /* bears: members it may lose, when whole */
        const char *level;
} Vdev;

static Vdev vdev_judge(const ZfsTable *t, uint32_t i) {
        const char *name = t->rows[i].name;
        Vdev v = { .level = "raid0" };
        uint32_t end = zpool_rows_end_of(t, i);

        if (is_leaf(t, i)) {
                v.wanted = 1;
                v.working = slot_works(t, i);
                return v;
        }
        for (uint32_t k = i + 1; k < end; k = zpool_rows_end_of(t, k)) {
                v.wanted++;
                v.working += slot_works(t, k);
        }
        if (zpool_rows_starts(name, "mirror") || zpool_rows_starts(name, "replacing") ||
            zpool_rows_starts(name, "spare")) {
                bool mirror = zpool_rows_starts(name, "mirror");

                /* at the top a disk and its successor are one */
                v = mirror ? (Vdev){ v.wanted, v.working, v.wanted - 1, "raid1" }
                           : (Vdev){ 1, v.working > 0, 0, "raid0" };
        } else if (zpool_rows_starts(name, "raidz3") || zpool_rows_starts(name, "draid3")) {
                v.bears = 3;
                v.level = "raidz3";
        } else if (zpool_rows_starts(name, "raidz2") || zpool_rows_starts(name, "draid2")) {
                v.bears = 2;
                v.level = "raidz2";
        } else if (zpool_rows_starts(name, "raidz") || zpool_rows_starts(name, "draid")) {
                v.bears = 1;
                v.level = "raidz1";
        }
        return v;
}

static const char *zpool_rows_state_of(const ZfsTable *t, bool whole) {
        if (zpool_rows_starts(t->state, "ONLINE"))
                return whole ? "optimal" : "degraded";
        if (zpool_rows_starts(t->state, "DEGRADED"))
                return "degraded";
        return zpool_rows_starts(t->state, "FAULTED") || zpool_rows_starts(t->state, "UNAVAIL") ||
                               zpool_rows_starts(t->state, "SUSPENDED")
                       ? "failed"
                       : "unknown";
}

static void leaf_add(const ZfsTable *t, uint32_t i, ZfsLeaf *leaves, ZfsFacts *f) {
        const ZfsRow *row = &t->rows[i];

        leaves[f->n_leaves++] = (ZfsLeaf){ .path = row->path,
                                           .pool = f->n_pools,
                                           .state = leaf_state(row),
                                           .data = row->group == ZFS_DATA || row->group == ZFS_SPARES,
                                           .read = row->read,
                                           .write = row->write,
                                           .checksum = row->checksum };
}

int zfs_table_judge(Arena *a, const ZfsTable *t, ZfsPool *pools, ZfsLeaf *leaves, ZfsFacts *f) {
        ZfsPool p = { .name = t->name,
                      .action = t->action,
                      .progress_permille = t->progress_permille,
                      .data_errors = t->data_errors,
                      .redundancy = UNKNOWN,
                      .level = "" };
        int64_t weakest = INT64_MAX;
        uint32_t vdevs = 0;
        bool filling = false;

        (void) a;
        for (uint32_t i = 0; i < t->n_rows; i++) {
                if (is_leaf(t, i)) {
                        leaf_add(t, i, leaves, f);
                        p.spares += leaves[f->n_leaves - 1].state == ZFS_SPARE;
                        filling |= leaves[f->n_leaves - 1].state == ZFS_FILLING;
                }
                if (t->rows[i].depth == 1 && t->rows[i].group == ZFS_DATA) {
                        Vdev v = vdev_judge(t, i);
                        int64_t left = v.bears - (v.wanted - v.working);

                        p.wanted += v.wanted;
                        p.working += v.working;
                        p.redundancy = vdevs == 0 || left < p.redundancy ? left : p.redundancy;
                        if (v.bears < weakest)
                                p.level = v.level;
                        weakest = v.bears < weakest ? v.bears : weakest;
                        vdevs++;
                }
        }
        if (vdevs > 1 && strcmp(p.level, "raid1") == 0)
                p.level = "raid10";
        p.state = zpool_rows_state_of(t, p.working == p.wanted);
        /* the form that does not say which is being filled: one of them is */
        if (strcmp(t->action, "resilver") == 0 && !filling && vdevs > 0)
                p.redundancy--;
        if (vdevs > 0 && (p.redundancy < 0 || strcmp(p.state, "failed") == 0))
                p.redundancy = 0;
        pools[f->n_pools++] = p;
        return 0;
}
