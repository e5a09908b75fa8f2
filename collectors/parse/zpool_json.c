/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "collectors/parse/json_pick.h"
#include "collectors/parse/state_words.h"
#include "collectors/parse/zpool_rows.h"
#include "scheduler/base/text.h"

#define DEPTH_MOST 8

typedef struct Room {
        ZfsRow *rows;
        uint32_t n;
} Room;

static const char *text_in(Arena *a, const json_t *j, const char *name) {
        const char *s = json_string_value(json_object_get(j, name));

        return text_copy(a, s ? s : "", s ? strlen(s) : 0);
}

static int64_t count_in(const json_t *j, const char *name) {
        const json_t *value = json_object_get(j, name);
        const char *s = json_string_value(value);

        return s ? zfs_count(s, strlen(s)) : json_whole(value);
}

static size_t vdevs_count(json_t *vdevs, int depth) {
        const char *key;
        json_t *vdev;
        size_t n = 0;

        if (depth > DEPTH_MOST)
                return 0;
        json_object_foreach(vdevs, key, vdev) {
                n += 1 + vdevs_count(json_object_get(vdev, "vdevs"), depth + 1);
        }
        return n;
}

static int vdevs_take(Arena *a, json_t *vdevs, uint32_t depth, ZfsGroup group, Room *to) {
        const char *key;
        json_t *vdev;

        if (depth > DEPTH_MOST)
                return 0;
        json_object_foreach(vdevs, key, vdev) {
                const char *path = json_string_value(json_object_get(vdev, "path"));
                ZfsRow *row = &to->rows[to->n++];
                int r;

                *row = (ZfsRow){ .depth = depth,
                                 .group = group,
                                 .name = text_copy(a, key, strlen(key)),
                                 .path = text_copy(a, path ? path : key, strlen(path ? path : key)),
                                 .state = text_in(a, vdev, "state"),
                                 .read = count_in(vdev, "read_errors"),
                                 .write = count_in(vdev, "write_errors"),
                                 .checksum = count_in(vdev, "checksum_errors") };
                if (!row->name || !row->path || !row->state)
                        return -ENOMEM;
                r = vdevs_take(a, json_object_get(vdev, "vdevs"), depth + 1, group, to);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int zpool_json_scan_take(Arena *a, const json_t *scan, ZfsTable *t, ZfsFacts *f) {
        static const StateWord words[] = { { "SCANNING", "" },
                                           { "FINISHED", "" },
                                           { "CANCELED", "" },
                                           { "CANCELLED", "" },
                                           { "NONE", "" } };

        const char *state = json_string_value(json_object_get(scan, "state"));
        const char *function = json_string_value(json_object_get(scan, "function"));
        int64_t done = count_in(scan, "issued"), all = count_in(scan, "to_examine");

        if (state && !STATE_WORD(words, state)) {
                const char *name = text_format(a, "zfs/%s", t->name);

                return name ? unread_word(a, &f->unread, name, "scan", state) : -ENOMEM;
        }
        if (!state || strcmp(state, "SCANNING") != 0 || !function)
                return 0;
        t->action = strcmp(function, "RESILVER") == 0 ? "resilver" : "scrub";
        if (done >= 0 && all > 0 && done <= all)
                t->progress_permille = (int64_t) ((unsigned __int128) done * 1000 / (unsigned __int128) all);
        return 0;
}

static int pool_take(Arena *a, const char *name, const json_t *pool, ZfsPool *pools, ZfsLeaf *leaves,
                     ZfsFacts *f) {
        static const char *const groups[] = { "special", "dedup", "logs", "l2cache", "spares" };
        json_t *vdevs = json_object_get(pool, "vdevs"), *root = json_object_get(vdevs, name);
        size_t most = vdevs_count(vdevs, 0);
        ZfsTable t = { .name = text_copy(a, name, strlen(name)),
                       .state = text_in(a, pool, "state"),
                       .action = "",
                       .progress_permille = UNKNOWN,
                       .data_errors = count_in(pool, "error_count") };
        Room room = { 0 };
        int r;

        for (size_t i = 0; i < ARRAY_SIZE(groups); i++)
                most += vdevs_count(json_object_get(pool, groups[i]), 0);
        room.rows = arena_new(a, ZfsRow, most + 1);
        if (!t.name || !t.state || !room.rows)
                return -ENOMEM;
        r = json_is_object(root)
                    ? zfs_word_check(a, &t, "its own row:", json_string_value(json_object_get(root, "state")),
                                     f)
                    : 0;
        if (r == 0)
                r = vdevs_take(a, json_object_get(root, "vdevs"), 1, ZFS_DATA, &room);
        for (size_t i = 0; r == 0 && i < ARRAY_SIZE(groups); i++)
                r = vdevs_take(a, json_object_get(pool, groups[i]), 1, zfs_group_named(groups[i]), &room);
        if (r < 0)
                return r;
        r = zpool_json_scan_take(a, json_object_get(pool, "scan_stats"), &t, f);
        if (r < 0)
                return r;
        t.rows = room.rows;
        t.n_rows = room.n;
        return zfs_table_judge(a, &t, pools, leaves, f);
}

static int pools_take(Arena *a, json_t *pools, ZfsFacts *ret) {
        ZfsPool *to = arena_new(a, ZfsPool, json_object_size(pools));
        ZfsFacts f = { 0 };
        size_t most = 0;
        ZfsLeaf *leaves;
        const char *name;
        json_t *pool;

        json_object_foreach(pools, name, pool) {
                const char *key;
                json_t *group;

                json_object_foreach(pool, key, group) {
                        most += vdevs_count(group, 0);
                }
        }
        leaves = arena_new(a, ZfsLeaf, most + 1);
        if (!to || !leaves)
                return -ENOMEM;
        json_object_foreach(pools, name, pool) {
                int r = pool_take(a, name, pool, to, leaves, &f);

                if (r < 0)
                        return r;
        }
        f.pools = to;
        f.leaves = leaves;
        *ret = f;
        return 0;
}

int zpool_json_parse(Arena *a, const char *text, size_t n, ZfsFacts *ret) {
        json_t *j = json_document(text, n);
        json_t *pools = json_object_get(j, "pools");
        int r = json_is_object(pools) ? pools_take(a, pools, ret) : -EBADMSG;

        json_decref(j);
        return r;
}
