/* SPDX-License-Identifier: Apache-2.0 */
/* blocks: how the host's block devices are built upon each other, and what is mounted from them: sysfs and
 * /proc/self/mountinfo. With it a failing disk leads to the VMs that are on it. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <string.h>

#include "collectors/parse/lines.h"
#include "collectors/parse/mounts.h"
#include "collectors/parse/word_list.h"
#include "collectors/read/block_name.h"
#include "collectors/read/collector.h"
#include "collectors/read/sample_list.h"
#include "collectors/read/slurp.h"
#include "scheduler/base/text.h"

#define SCRATCH_BYTES (UINT64_C(64) << 20)
#define DEVICES_MOST  8192
#define BLOCK         "/sys/block"

typedef struct BlockDevice {
        const char *name, *serial, *wwn, *mapper; /* NULL: not said */
        const char *over;                         /* a list, or NULL */
        WordList mounts;
} BlockDevice;

typedef struct BlocksState {
        Arena scratch;
        const CollectorEnv *env;
        BlockDevice **devices;
        uint32_t n;
} BlocksState;

static int blocks_open(void *state, const CollectorEnv *env) {
        return env->root ? arena_open(SCRATCH_BYTES, &((BlocksState *) state)->scratch) : 1;
}

static DIR *blocks_dir_of(BlocksState *s, const char *path) {
        const char *full = text_format(&s->scratch, "%s%s", s->env->root, path);

        return full ? opendir(full) : NULL;
}

/* The first line of a small file, blanks around it removed; NULL: none. */
static const char *blocks_line_of(BlocksState *s, const char *path) {
        const char *text;
        size_t n;

        if (!path || file_slurp(&s->scratch, s->env->root, path, &text, &n) < 0)
                return NULL;
        n = strcspn(text, "\n");
        while (n > 0 && isspace((unsigned char) text[n - 1]))
                n--;
        while (n > 0 && isspace((unsigned char) *text)) {
                text++;
                n--;
        }
        return n > 0 && text_is_name(text, n) ? text_copy(&s->scratch, text, n) : NULL;
}

static const char *blocks_spelled(Arena *a, const char *entry) {
        char *name = text_copy(a, entry, strlen(entry));

        for (char *c = name; c && *c; c++)
                if (*c == '!')
                        *c = '/';
        return name;
}

static BlockDevice *blocks_device_add(BlocksState *s, const char *entry) {
        BlockDevice *d = s->n < DEVICES_MOST ? arena_new(&s->scratch, BlockDevice, 1) : NULL;

        if (!d)
                return NULL;
        d->name = blocks_spelled(&s->scratch, entry);
        if (d->name && text_is_name(d->name, strlen(d->name)))
                s->devices[s->n++] = d;
        return d->name ? d : NULL;
}

/* The entries of its folder "slaves". */
static int slaves_take(BlocksState *s, const char *entry, BlockDevice *d) {
        const char *path = text_format(&s->scratch, BLOCK "/%s/slaves", entry);
        DIR *dir = path ? blocks_dir_of(s, path) : NULL;
        WordList *list = arena_new(&s->scratch, WordList, 1);

        for (struct dirent *e; dir && list && (e = readdir(dir));)
                if (e->d_name[0] != '.')
                        words_add(list, blocks_spelled(&s->scratch, e->d_name));
        if (dir)
                (void) closedir(dir);
        if (!path || !list)
                return -ENOMEM;
        d->over = list->n > 0 ? words_join(list, &s->scratch) : NULL;
        return list->n > 0 && !d->over ? -ENOMEM : 0;
}

/* A folder within the disk's that holds a file "partition" is one. */
static int partitions_take(BlocksState *s, const char *disk) {
        const char *path = text_format(&s->scratch, BLOCK "/%s", disk);
        DIR *dir = path ? blocks_dir_of(s, path) : NULL;
        int r = path ? 0 : -ENOMEM;

        for (struct dirent *e; dir && r == 0 && (e = readdir(dir));) {
                const char *file = NULL;
                BlockDevice *d;

                if (strncmp(e->d_name, disk, strlen(disk)) != 0)
                        continue;
                file = text_format(&s->scratch, BLOCK "/%s/%s/partition", disk, e->d_name);
                if (!file)
                        r = -ENOMEM;
                if (r < 0 || !blocks_line_of(s, file))
                        continue;
                d = blocks_device_add(s, e->d_name);
                if (d)
                        d->over = blocks_spelled(&s->scratch, disk);
                r = d && d->over ? 0 : -ENOMEM;
        }
        if (dir)
                (void) closedir(dir);
        return r;
}

/* "naa.5000c500a1b2c3d4", "eui.0025385…" → the digits; other forms ("t10.ATA …", "nvme.144d-…") are no such name. */
static const char *wwn_of(BlocksState *s, const char *entry) {
        Arena *a = &s->scratch;
        const char *text = blocks_line_of(s, text_format(a, BLOCK "/%s/wwid", entry));

        if (!text)
                text = blocks_line_of(s, text_format(a, BLOCK "/%s/device/wwid", entry));
        return text && (strncmp(text, "naa.", 4) == 0 || strncmp(text, "eui.", 4) == 0) ? text + 4 : NULL;
}

/* A loop device is made of what its file is on; without a file it is nothing. */
static int disk_take(BlocksState *s, const char *entry) {
        Arena *a = &s->scratch;
        BlockDevice *d;
        int r;

        if (strncmp(entry, "ram", 3) == 0 || strncmp(entry, "loop", 4) == 0)
                return 0;
        d = blocks_device_add(s, entry);
        if (!d)
                return -ENOMEM;
        d->mapper = blocks_line_of(s, text_format(a, BLOCK "/%s/dm/name", entry));
        d->serial = blocks_line_of(s, text_format(a, BLOCK "/%s/serial", entry));
        if (!d->serial)
                d->serial = blocks_line_of(s, text_format(a, BLOCK "/%s/device/serial", entry));
        d->wwn = wwn_of(s, entry);
        r = slaves_take(s, entry, d);
        return r < 0 ? r : partitions_take(s, entry);
}

static BlockDevice *device_named(BlocksState *s, const char *name) {
        for (uint32_t i = 0; i < s->n; i++)
                if (strcmp(s->devices[i]->name, name) == 0)
                        return s->devices[i];
        return NULL;
}

/* A ZFS pool is what its file systems are on, though no block device. */
static BlockDevice *device_of_mount(BlocksState *s, const Mount *m) {
        const char *name = NULL;
        BlockDevice *d;
        int r;

        if (strcmp(m->fstype, "zfs") == 0) {
                name = text_format(&s->scratch, "zfs/%.*s", (int) strcspn(m->source, "/"), m->source);
                r = name ? 0 : -ENOMEM;
        } else {
                r = block_name_of_number(&s->scratch, s->env->root, m->number, &name);
                if (r == 1)
                        r = block_name_of_path(&s->scratch, s->env->root, m->source, &name);
        }
        if (r != 0 || !name)
                return NULL;
        d = device_named(s, name);
        return d || strncmp(name, "zfs/", 4) != 0 ? d : blocks_device_add(s, name);
}

static int mounts_take(BlocksState *s) {
        const Mount *mounts = NULL;
        const char *text;
        uint32_t n = 0;
        size_t size;
        int r = file_slurp(&s->scratch, s->env->root, "/proc/self/mountinfo", &text, &size);

        if (r == 0)
                r = mounts_parse(&s->scratch, text, size, &mounts, &n);
        for (uint32_t i = 0; r == 0 && i < n; i++) {
                BlockDevice *d = mount_is_shared(&mounts[i]) ? NULL : device_of_mount(s, &mounts[i]);

                if (d)
                        words_add(&d->mounts, mounts[i].point);
        }
        return r == -ENOMEM ? r : 0; /* without them, what hangs together is still known */
}

/* Filename Type Size Used Priority */
static int swaps_take(BlocksState *s) {
        const char *text, *name, *path;
        Span rest, line, word;
        size_t n;
        int r = file_slurp(&s->scratch, s->env->root, "/proc/swaps", &text, &n);

        if (r < 0)
                return r == -ENOMEM ? r : 0;
        for (rest = (Span){ text, n }; line_next(&rest, &line);) {
                BlockDevice *d;

                if (!word_next(&line, &word) || word.n < 6 || memcmp(word.at, "/dev/", 5) != 0)
                        continue;
                path = text_copy(&s->scratch, word.at, word.n);
                if (!path)
                        return -ENOMEM;
                r = block_name_of_path(&s->scratch, s->env->root, path, &name);
                if (r < 0)
                        return r;
                d = device_named(s, r == 0 ? name : path + 5);
                if (d)
                        words_add(&d->mounts, "[SWAP]");
        }
        return 0;
}

static int device_emit(BlocksState *s, BlockDevice *d, SampleSink *sink) {
        const char *mounts = d->mounts.n > 0 ? words_join(&d->mounts, &s->scratch) : NULL;
        int r = emit_text(sink, METRIC_BLOCK_OVER, d->name, d->over);

        if (d->mounts.n > 0 && !mounts)
                return -ENOMEM;
        if (r == 0)
                r = emit_text(sink, METRIC_BLOCK_MOUNTS, d->name, mounts);
        if (r == 0)
                r = emit_text(sink, METRIC_BLOCK_NAME, d->name, d->mapper);
        if (r == 0)
                r = emit_text(sink, METRIC_BLOCK_SERIAL, d->name, d->serial);
        return r == 0 ? emit_text(sink, METRIC_BLOCK_WWN, d->name, d->wwn) : r;
}

static int blocks_read(void *state, const CollectorEnv *env, usec_t now, SampleSink *sink) {
        BlocksState *s = state;
        DIR *dir;
        int r = 0;

        (void) now;
        arena_rewind(&s->scratch, 0);
        s->env = env;
        s->n = 0;
        s->devices = arena_new(&s->scratch, BlockDevice *, DEVICES_MOST);
        if (!s->devices)
                return -ENOMEM;
        dir = blocks_dir_of(s, BLOCK);
        if (!dir)
                return -ENOENT;
        for (struct dirent *e; r == 0 && (e = readdir(dir));)
                if (e->d_name[0] != '.')
                        r = disk_take(s, e->d_name);
        (void) closedir(dir);
        if (r == 0)
                r = mounts_take(s);
        if (r == 0)
                r = swaps_take(s);
        for (uint32_t i = 0; r == 0 && i < s->n; i++)
                r = device_emit(s, s->devices[i], sink);
        return r;
}

static void blocks_close(void *state) {
        arena_close(&((BlocksState *) state)->scratch);
}

extern const Collector collector_blocks;
const Collector collector_blocks = {
        .name = "blocks",
        .summary = "block devices: what they are made of and where they are mounted",
        .runs = RUNS_ON_HOST,
        .interval = 30 * USEC_PER_SEC,
        .state_size = sizeof(BlocksState),
        .open = blocks_open,
        .read = blocks_read,
        .close = blocks_close,
};
