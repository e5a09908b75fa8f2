/* SPDX-License-Identifier: Apache-2.0 */
/* filesystems: errors that mounted file systems have counted: ext4 in its superblock (until it is checked), btrfs of
 * each of its devices (until they are cleared), by sysfs alone. XFS counts none; what it says is in the kernel's log. */
#include <dirent.h>
#include <errno.h>
#include <string.h>

#include "collectors/parse/btrfs_stats.h"
#include "collectors/read/collector.h"
#include "collectors/read/number_file.h"
#include "collectors/read/sample_list.h"
#include "collectors/read/slurp.h"
#include "scheduler/base/text.h"

#define SCRATCH_BYTES (UINT64_C(16) << 20)
#define EXT4          "/sys/fs/ext4"
#define BTRFS         "/sys/fs/btrfs"

typedef struct FilesystemsState {
        Arena scratch;
} FilesystemsState;

static DIR *filesystems_dir(Arena *a, const char *root, const char *path) {
        const char *full = path ? text_format(a, "%s%s", root, path) : NULL;

        return full ? opendir(full) : NULL;
}

static int filesystems_open(void *state, const CollectorEnv *env) {
        FilesystemsState *s = state;
        int r = env->root ? arena_open(SCRATCH_BYTES, &s->scratch) : 1;
        DIR *dir;

        if (r != 0)
                return r;
        dir = filesystems_dir(&s->scratch, env->root, "/sys/fs");
        if (!dir)
                return 1;
        (void) closedir(dir);
        return 0;
}

static int ext4_read(Arena *a, const char *root, SampleSink *sink) {
        DIR *dir = filesystems_dir(a, root, EXT4);
        int r = 0;

        for (struct dirent *e; dir && r == 0 && (e = readdir(dir));) {
                const char *path = text_format(a, EXT4 "/%s/errors_count", e->d_name);

                if (!path)
                        r = -ENOMEM;
                else if (e->d_name[0] != '.')
                        r = emit_number(sink, METRIC_BLOCK_FS_ERRORS, e->d_name, number_file(a, root, path));
        }
        if (dir)
                (void) closedir(dir);
        return r;
}

/* The sum over its devices; UNKNOWN: this kernel does not tell. */
static int64_t btrfs_errors(Arena *a, const char *root, const char *uuid) {
        DIR *dir = filesystems_dir(a, root, text_format(a, BTRFS "/%s/devinfo", uuid));
        int64_t sum = UNKNOWN;

        for (struct dirent *e; dir && (e = readdir(dir));) {
                const char *path = text_format(a, BTRFS "/%s/devinfo/%s/error_stats", uuid, e->d_name), *text;
                int64_t one;
                size_t n;

                if (e->d_name[0] == '.' || !path || file_slurp(a, root, path, &text, &n) < 0)
                        continue;
                one = btrfs_stats_sum(text, n);
                if (one >= 0)
                        sum = (sum < 0 ? 0 : sum) + one;
        }
        if (dir)
                (void) closedir(dir);
        return sum;
}

/* Which of its devices is which number sysfs does not tell: it is each of them. */
static int btrfs_one(Arena *a, const char *root, const char *uuid, SampleSink *sink) {
        int64_t errors = btrfs_errors(a, root, uuid);
        DIR *dir = filesystems_dir(a, root, text_format(a, BTRFS "/%s/devices", uuid));
        int r = 0;

        for (struct dirent *e; dir && r == 0 && (e = readdir(dir));)
                if (e->d_name[0] != '.')
                        r = emit_number(sink, METRIC_BLOCK_FS_ERRORS, e->d_name, errors);
        if (dir)
                (void) closedir(dir);
        return r;
}

static int btrfs_read(Arena *a, const char *root, SampleSink *sink) {
        DIR *dir = filesystems_dir(a, root, BTRFS);
        int r = 0;

        for (struct dirent *e; dir && r == 0 && (e = readdir(dir));)
                if (strchr(e->d_name, '-')) /* a UUID; "features" is none */
                        r = btrfs_one(a, root, e->d_name, sink);
        if (dir)
                (void) closedir(dir);
        return r;
}

static int filesystems_read(void *state, const CollectorEnv *env, usec_t now, SampleSink *sink) {
        Arena *a = &((FilesystemsState *) state)->scratch;
        int r;

        (void) now;
        arena_rewind(a, 0);
        r = ext4_read(a, env->root, sink);
        return r < 0 ? r : btrfs_read(a, env->root, sink);
}

static void filesystems_close(void *state) {
        arena_close(&((FilesystemsState *) state)->scratch);
}

extern const Collector collector_filesystems;
const Collector collector_filesystems = {
        .name = "filesystems",
        .summary = "errors counted by ext4 and btrfs file systems",
        .runs = RUNS_ON_HOST,
        .interval = 60 * USEC_PER_SEC,
        .state_size = sizeof(FilesystemsState),
        .open = filesystems_open,
        .read = filesystems_read,
        .close = filesystems_close,
};
