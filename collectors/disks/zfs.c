/* SPDX-License-Identifier: Apache-2.0 */
/* zfs: pools by `zpool status`: as JSON where it knows that (OpenZFS 2.3), else as text. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/disks/array_emit.h"
#include "collectors/disks/tool_answers.h"
#include "collectors/parse/word_list.h"
#include "collectors/parse/zpool.h"
#include "scheduler/base/text.h"

static const char *const zfs_usual[] = { "/usr/sbin/zpool", "/sbin/zpool", "/usr/local/sbin/zpool",
                                         "/usr/bin/zpool", NULL };

static const SettingDef zfs_settings[] =
        TOOL_SERIES_SETTINGS("Absolute path of zpool. Empty: where distributions install it.",
                             60 * USEC_PER_SEC, 60 * USEC_PER_SEC);

/* The kernel's name of a device: pools are made by names under /dev/disk that point to it. */
static const char *device_name(Arena *a, const char *path) {
        char real[PATH_MAX];
        const char *resolved = strncmp(path, "/dev/", 5) == 0 && realpath(path, real) ? real : path;
        const char *slash = strrchr(resolved, '/');

        slash = slash ? slash + 1 : resolved;
        return text_copy(a, slash, strlen(slash));
}

static int leaf_tell(const ZfsLeaf *l, const char *name, SampleSink *sink) {
        static const char *const states[ZFS_LEAF_N] = { "online", "online", "rebuilding",
                                                        "failed", "spare",  "unknown" };
        int r = emit_text(sink, METRIC_DISK_STATE, name, states[l->state]);

        if (r == 0)
                r = emit_text(sink, METRIC_DISK_ROLE, name, l->role);
        if (r == 0)
                r = emit_number(sink, METRIC_DISK_POOL_READ, name, l->read);
        if (r == 0)
                r = emit_number(sink, METRIC_DISK_POOL_WRITE, name, l->write);
        return r == 0 ? emit_number(sink, METRIC_DISK_POOL_CHECKSUM, name, l->checksum) : r;
}

typedef struct Named {
        const char **leaves; /* names, as many as leaves; NULL: told already (a spare of two pools) */
        WordList lists[ZFS_LEAF_N];
} Named;

static int names_find(const ZfsFacts *f, Arena *a, Named *ret) {
        ret->leaves = arena_new(a, const char *, f->n_leaves);
        if (!ret->leaves)
                return -ENOMEM;
        for (uint32_t i = 0; i < f->n_leaves; i++) {
                ret->leaves[i] = device_name(a, f->leaves[i].path);
                if (!ret->leaves[i])
                        return -ENOMEM;
        }
        return 0;
}

static bool was_told(const Named *n, uint32_t i) {
        for (uint32_t k = 0; k < i; k++)
                if (strcmp(n->leaves[k], n->leaves[i]) == 0)
                        return true;
        return false;
}

static int pool_tell(const ZfsFacts *f, uint32_t pool, Named *n, Arena *a, SampleSink *sink) {
        const ZfsPool *p = &f->pools[pool];
        ArrayFacts x = { .level = p->level,
                         .state = p->state,
                         .action = p->action,
                         .wanted = p->wanted,
                         .working = p->working,
                         .spares = p->spares,
                         .redundancy = p->redundancy,
                         .progress_permille = p->progress_permille,
                         .mismatches = UNKNOWN,
                         .data_errors = p->data_errors };

        memset(n->lists, 0, sizeof(n->lists));
        for (uint32_t i = 0; i < f->n_leaves; i++)
                if (f->leaves[i].pool == pool && f->leaves[i].data) {
                        words_add(&n->lists[f->leaves[i].state], n->leaves[i]);
                        if (f->leaves[i].state == ZFS_SUSPECT)
                                words_add(&n->lists[ZFS_WORKING], n->leaves[i]);
                }
        x.subject = text_format(a, "zfs/%s", p->name);
        x.members = words_join(&n->lists[ZFS_WORKING], a);
        x.suspects = words_join(&n->lists[ZFS_SUSPECT], a);
        x.lost = words_join(&n->lists[ZFS_LOST], a);
        return x.subject && x.members && x.suspects && x.lost ? array_emit(sink, &x) : -ENOMEM;
}

static int zfs_tell(const SeriesAnswers *answers, SampleSink *sink) {
        const ToolOutput *json = &answers->outputs[0], *text = &answers->outputs[1];
        Arena *a = answers->scratch;
        Named *names = arena_new(a, Named, 1);
        ZfsFacts f;
        int r;

        if (!names)
                return -ENOMEM;
        r = text->text ? zpool_text_parse(a, text->text, text->n, &f)
                       : zpool_json_parse(a, json->text, json->n, &f);
        if (r == 0)
                r = names_find(&f, a, names);
        for (uint32_t i = 0; r == 0 && i < f.n_pools; i++)
                r = pool_tell(&f, i, names, a, sink);
        for (uint32_t i = 0; r == 0 && i < f.n_leaves; i++)
                if (!was_told(names, i))
                        r = leaf_tell(&f.leaves[i], names->leaves[i], sink);
        for (uint32_t i = 0; r == 0 && i < f.n_leaves; i++)
                if (f.leaves[i].state == ZFS_UNKNOWN)
                        r = unread_word(a, &f.unread, names->leaves[i], "state", f.leaves[i].word);
        return r == 0 ? unread_emit(sink, f.unread) : r;
}

extern const Collector collector_zfs;
const ToolSeriesDef zfs_series = {
        .collector = &collector_zfs,
        .usual = zfs_usual,
        .questions = { { "status", "-j", "--json-int", "-P" }, { "status", "-P" } },
        .n_questions = 2,
        .alternatives = true,
        .tell = zfs_tell,
};

static int zfs_open(void *state, const CollectorEnv *env) {
        return tool_series_open(state, &zfs_series, env);
}

static int zfs_read(void *state, const CollectorEnv *env, usec_t now, SampleSink *sink) {
        (void) env;
        return tool_series_read(state, &zfs_series, now, sink);
}

static void zfs_close(void *state) {
        tool_series_close(state);
}

const Collector collector_zfs = {
        .name = "zfs",
        .summary = "ZFS pools: devices, errors, resilvering, redundancy left (zpool)",
        .runs = RUNS_ON_HOST,
        .interval = 10 * USEC_PER_SEC,
        .settings = zfs_settings,
        .state_size = sizeof(ToolSeries),
        .open = zfs_open,
        .read = zfs_read,
        .close = zfs_close,
};
