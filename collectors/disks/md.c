/* SPDX-License-Identifier: Apache-2.0 */
/* md: Linux software RAID, from sysfs alone: level, members and what each is good for, rebuilds, mismatches.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "collectors/disks/array_emit.h"
#include "collectors/parse/md_array.h"
#include "collectors/read/slurp.h"
#include "scheduler/base/text.h"

#define SCRATCH_BYTES (UINT64_C(64) << 20) /* reserved, not used */
#define BLOCK_DIR     "/sys/block"

typedef struct MdState {
        Arena scratch;
} MdState;

static DIR *dir_open(Arena *a, const char *root, const char *path) {
        const char *full = text_format(a, "%s%s", root, path);

        return full ? opendir(full) : NULL;
}

static int md_open(void *state, const CollectorEnv *env) {
        MdState *s = state;
        int r = arena_open(SCRATCH_BYTES, &s->scratch);
        DIR *dir;

        if (r < 0)
                return r;
        dir = dir_open(&s->scratch, env->root, BLOCK_DIR);
        if (!dir)
                return 1;
        (void) closedir(dir);
        return 0;
}

/* A file of the array's folder; what is not there stays NULL. */
static MdText file_of(Arena *a, const char *root, const char *array, const char *name) {
        const char *path = text_format(a, BLOCK_DIR "/%s/md/%s", array, name);
        MdText text = { 0 };

        if (!path || file_slurp(a, root, path, &text.at, &text.n) < 0)
                return (MdText){ 0 };
        return text;
}

static const char *member_name(Arena *a, const char *entry) {
        const char *name = entry + strlen("dev-");
        char *copy = text_copy(a, name, strlen(name));

        for (char *c = copy; c && *c; c++)
                if (*c == '!') /* sysfs writes / so */
                        *c = '/';
        return copy;
}

static int md_members_read(Arena *a, const char *root, const char *array, MdFiles *files) {
        MdMemberFiles *members = arena_new(a, MdMemberFiles, MD_MEMBERS_MAX);
        const char *path = text_format(a, BLOCK_DIR "/%s/md", array);
        DIR *dir = path ? dir_open(a, root, path) : NULL;
        int r = 0;

        if (!members)
                r = -ENOMEM;
        for (struct dirent *e; dir && r == 0 && (e = readdir(dir));) {
                MdMemberFiles *m = &members[files->n_members];
                char file[300];

                if (strncmp(e->d_name, "dev-", 4) != 0 || files->n_members == MD_MEMBERS_MAX)
                        continue;
                m->name = member_name(a, e->d_name);
                (void) snprintf(file, sizeof(file), "%s/state", e->d_name);
                m->state = file_of(a, root, array, file);
                (void) snprintf(file, sizeof(file), "%s/slot", e->d_name);
                m->slot = file_of(a, root, array, file);
                files->n_members++;
                r = m->name ? 0 : -ENOMEM;
        }
        if (dir)
                (void) closedir(dir);
        files->members = members;
        return r;
}

static int md_emit(const char *array, const MdArray *md_array, SampleSink *sink) {
        const ArrayFacts facts = { .subject = array,
                                   .level = md_array->level,
                                   .state = md_array->state,
                                   .blocks = array,
                                   .members = md_array->working,
                                   .lost = md_array->lost,
                                   .suspects = md_array->suspects,
                                   .action = md_array->action,
                                   .wanted = md_array->wanted,
                                   .working = md_array->n_working,
                                   .spares = md_array->spares,
                                   .redundancy = md_array->redundancy,
                                   .progress_permille = md_array->progress_permille,
                                   .mismatches = md_array->mismatches,
                                   .data_errors = UNKNOWN };

        return array_emit(sink, &facts);
}

static int array_read(Arena *a, const char *root, const char *array, SampleSink *sink) {
        MdFiles files = { .name = array };
        Unread *unread = NULL;
        MdArray x;
        int r;

        files.level = file_of(a, root, array, "level");
        files.metadata = file_of(a, root, array, "metadata_version");
        if (files.level.n <= 1 && !md_is_external(&files))
                return 0; /* no array, or one that was just stopped */
        files.raid_disks = file_of(a, root, array, "raid_disks");
        files.array_state = file_of(a, root, array, "array_state");
        files.sync_action = file_of(a, root, array, "sync_action");
        files.sync_completed = file_of(a, root, array, "sync_completed");
        files.mismatch_cnt = file_of(a, root, array, "mismatch_cnt");
        files.layout = file_of(a, root, array, "layout");
        files.degraded = file_of(a, root, array, "degraded");
        r = md_members_read(a, root, array, &files);
        if (r == 0)
                r = md_array_parse(a, &files, &x, &unread);
        if (r == 0)
                r = md_emit(array, &x, sink);
        return r < 0 ? r : unread_emit(sink, unread);
}

static int md_read(void *state, const CollectorEnv *env, usec_t now, SampleSink *sink) {
        Arena *a = &((MdState *) state)->scratch;
        int r = 0;
        DIR *dir;

        (void) now;
        arena_rewind(a, 0);
        dir = dir_open(a, env->root, BLOCK_DIR);
        if (!dir)
                return -ENOENT;
        for (struct dirent *e; r == 0 && (e = readdir(dir));)
                if (strncmp(e->d_name, "md", 2) == 0)
                        r = array_read(a, env->root, e->d_name, sink);
        (void) closedir(dir);
        return r;
}

static void md_close(void *state) {
        arena_close(&((MdState *) state)->scratch);
}

extern const Collector collector_md;
const Collector collector_md = {
        .name = "md",
        .summary = "Linux software RAID: members, rebuilds, redundancy left (/sys/block/md*)",
        .runs = RUNS_ON_HOST,
        .interval = 10 * USEC_PER_SEC,
        .state_size = sizeof(MdState),
        .open = md_open,
        .read = md_read,
        .close = md_close,
};
