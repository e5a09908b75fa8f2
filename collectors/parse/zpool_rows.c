/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/parse/zpool_rows.h"

#include <errno.h>
#include <string.h>

#include "collectors/parse/state_words.h"
#include "scheduler/base/text.h"
#include "scheduler/model/bounds.h"

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
                return text_to_int(text, n, 0, bound_of(BOUND_KERNEL), &value) == 0 ? value : UNKNOWN;
        if (text_to_scaled(text, n - 1, 1000, 0, bound_of(BOUND_ZFS_SHORT), &value) < 0)
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

static const StateWord zpool_words[] = {
        { "ONLINE", "working" }, { "DEGRADED", "suspect" }, { "OFFLINE", "lost" }, { "REMOVED", "lost" },
        { "FAULTED", "lost" },   { "UNAVAIL", "lost" },     { "SPLIT", "lost" },   { "SUSPENDED", "lost" },
        { "CANT_OPEN", "lost" }, { "AVAIL", "spare" },      { "INUSE", "in use" },
};

/* A spare in use is told of twice: by the pair that it stands in for, and in the list of spares, which says nothing
 * more. */
static bool is_repeated(const ZfsRow *row) {
        const char *word = STATE_WORD(zpool_words, row->state);

        return row->group == ZFS_SPARES && word && strcmp(word, "in use") == 0;
}

static ZfsLeafState leaf_state(const ZfsRow *row) {
        const char *word = STATE_WORD(zpool_words, row->state);
        bool errors = row->read > 0 || row->write > 0 || row->checksum > 0;

        if (!word)
                return ZFS_UNKNOWN;
        if (row->group == ZFS_SPARES)
                return strcmp(word, "spare") == 0 || strcmp(word, "working") == 0 ? ZFS_SPARE : ZFS_LOST;
        if (row->resilvering)
                return ZFS_FILLING;
        if (strcmp(word, "lost") == 0)
                return ZFS_LOST;
        return strcmp(word, "suspect") == 0 || errors ? ZFS_SUSPECT : ZFS_WORKING;
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

/* Of a device, or of a pair that one replaces the other in: does one of them hold the data? `whole`: what it is part
 * of is online, and so is one whose word is not understood. */
static bool slot_works(const ZfsTable *t, uint32_t i, bool whole) {
        for (uint32_t k = i, end = zpool_rows_end_of(t, i); k < end; k++) {
                ZfsLeafState s = leaf_state(&t->rows[k]);

                if (is_leaf(t, k) && (s == ZFS_WORKING || s == ZFS_SUSPECT || (s == ZFS_UNKNOWN && whole)))
                        return true;
        }
        return false;
}

/* ---- one top-level device: a disk, a mirror, a raidz ---- */
typedef struct Vdev {
        int64_t wanted, working, bears; /* bears: members it may lose, when whole */
        const char *level;
} Vdev;

static bool is_filled(const ZfsTable *t, uint32_t i) {
        return is_leaf(t, i) && leaf_state(&t->rows[i]) == ZFS_FILLING;
}

/* A dRAID that fills a distributed spare does it from and on all its disks, and calls each of them resilvering: they
 * hold their data. One alone that is called so is being filled itself. */
static bool all_fill(const ZfsTable *t, uint32_t i) {
        uint32_t end = zpool_rows_end_of(t, i), filled = 0, n = 0;

        for (uint32_t k = i + 1; k < end; k = zpool_rows_end_of(t, k)) {
                n += is_leaf(t, k);
                filled += is_filled(t, k);
        }
        return zpool_rows_starts(t->rows[i].name, "draid") && n > 1 && filled == n;
}

static Vdev vdev_judge(const ZfsTable *t, uint32_t i) {
        const char *name = t->rows[i].name;
        Vdev v = { .level = "raid0" };
        uint32_t end = zpool_rows_end_of(t, i);
        bool distributed = all_fill(t, i);

        if (is_leaf(t, i)) {
                v.wanted = 1;
                v.working = slot_works(t, i, zpool_rows_starts(t->state, "ONLINE"));
                return v;
        }
        for (uint32_t k = i + 1; k < end; k = zpool_rows_end_of(t, k)) {
                v.wanted++;
                v.working += slot_works(t, k, zpool_rows_starts(t->rows[i].state, "ONLINE")) ||
                             (distributed && is_leaf(t, k));
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

static const char *role_of(ZfsGroup group) {
        static const char *const roles[ZFS_GROUP_N] = { "member", "log", "cache", "spare" };

        return roles[group];
}

static void leaf_add(const ZfsTable *t, uint32_t i, ZfsLeaf *leaves, ZfsFacts *f) {
        const ZfsRow *row = &t->rows[i];

        leaves[f->n_leaves++] = (ZfsLeaf){ .path = row->path,
                                           .pool = f->n_pools,
                                           .state = leaf_state(row),
                                           .word = row->state,
                                           .role = role_of(row->group),
                                           .data = row->group == ZFS_DATA,
                                           .read = row->read,
                                           .write = row->write,
                                           .checksum = row->checksum };
}

int zfs_word_check(Arena *a, const ZfsTable *t, const char *what, const char *word, ZfsFacts *f) {
        const char *name = text_format(a, "zfs/%s", t->name);

        if (STATE_WORD(zpool_words, word))
                return 0;
        return name ? unread_word(a, &f->unread, name, what, word) : -ENOMEM;
}

/* The weakest of its top-level devices is the pool's redundancy, and its level. */
static uint32_t zpool_rows_vdevs_take(const ZfsTable *t, ZfsPool *pool) {
        int64_t weakest = INT64_MAX;
        uint32_t vdevs = 0;

        for (uint32_t i = 0; i < t->n_rows; i++)
                if (t->rows[i].depth == 1 && t->rows[i].group == ZFS_DATA) {
                        Vdev v = vdev_judge(t, i);
                        int64_t left = v.bears - (v.wanted - v.working);

                        pool->wanted += v.wanted;
                        pool->working += v.working;
                        pool->redundancy = vdevs == 0 || left < pool->redundancy ? left : pool->redundancy;
                        if (v.bears < weakest)
                                pool->level = v.level;
                        weakest = v.bears < weakest ? v.bears : weakest;
                        vdevs++;
                }
        if (vdevs > 1 && strcmp(pool->level, "raid1") == 0)
                pool->level = "raid10";
        return vdevs;
}

int zfs_table_judge(Arena *a, const ZfsTable *t, ZfsPool *pools, ZfsLeaf *leaves, ZfsFacts *f) {
        ZfsPool p = { .name = t->name,
                      .action = t->action,
                      .progress_permille = t->progress_permille,
                      .data_errors = t->data_errors,
                      .redundancy = UNKNOWN,
                      .level = "" };
        bool filling = false;
        int r = zfs_word_check(a, t, "state", t->state, f);

        if (r == 0 && zpool_rows_vdevs_take(t, &p) == 0)
                return unread_word(a, &f->unread, text_format(a, "zfs/%s", t->name), "table", NULL);
        for (uint32_t i = 0; r == 0 && i < t->n_rows; i++) {
                if (!is_leaf(t, i)) {
                        r = zfs_word_check(a, t, t->rows[i].name, t->rows[i].state, f);
                } else if (!is_repeated(&t->rows[i])) {
                        leaf_add(t, i, leaves, f);
                        p.spares += leaves[f->n_leaves - 1].state == ZFS_SPARE;
                        filling |= leaves[f->n_leaves - 1].state == ZFS_FILLING;
                }
        }
        p.state = zpool_rows_state_of(t, p.working == p.wanted);
        /* the form that does not say which is being filled: one of them is */
        if (strcmp(t->action, "resilver") == 0 && !filling && p.working > 0) {
                p.redundancy--;
                p.working--;
        }
        if (p.redundancy < 0 || strcmp(p.state, "failed") == 0)
                p.redundancy = 0;
        if (r == 0)
                pools[f->n_pools++] = p;
        return r;
}
