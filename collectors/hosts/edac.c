/* SPDX-License-Identifier: Apache-2.0 */
/* edac: memory errors, as the kernel's EDAC drivers count them since boot: by module where they tell it, else
 * by controller (Linux, Documentation/admin-guide/ras.rst). */
#include <dirent.h>
#include <errno.h>
#include <string.h>

#include "collectors/read/collector.h"
#include "collectors/read/number_file.h"
#include "collectors/read/sample_list.h"
#include "scheduler/base/text.h"

#define SCRATCH_BYTES (UINT64_C(16) << 20)
#define CONTROLLERS   "/sys/devices/system/edac/mc"

typedef struct EdacState {
        Arena scratch;
} EdacState;

static DIR *edac_dir_of(Arena *a, const char *root, const char *path) {
        const char *full = path ? text_format(a, "%s%s", root, path) : NULL;

        return full ? opendir(full) : NULL;
}

static int edac_open(void *state, const CollectorEnv *env) {
        EdacState *s = state;
        int r = env->root ? arena_open(SCRATCH_BYTES, &s->scratch) : 1;
        DIR *dir;

        if (r != 0)
                return r;
        dir = edac_dir_of(&s->scratch, env->root, CONTROLLERS);
        if (!dir)
                return 1;
        (void) closedir(dir);
        return 0;
}

static int emit_counts(const char *subject, int64_t corrected, int64_t uncorrected, SampleSink *sink) {
        int r;

        if (!text_is_name(subject, strlen(subject)))
                return 0;
        r = emit_number(sink, METRIC_MEMORY_CORRECTED, subject, corrected);
        return r == 0 ? emit_number(sink, METRIC_MEMORY_UNCORRECTED, subject, uncorrected) : r;
}

static int module_read(Arena *a, const char *root, const char *mc, const char *dimm, SampleSink *sink) {
        const char *dir = text_format(a, CONTROLLERS "/%s/%s", mc, dimm);
        const char *subject = text_format(a, "%s/%s", mc, dimm);

        if (!dir || !subject)
                return -ENOMEM;
        return emit_counts(subject, number_file(a, root, text_format(a, "%s/dimm_ce_count", dir)),
                           number_file(a, root, text_format(a, "%s/dimm_ue_count", dir)), sink);
}

/* Errors of which the module is not known are the controller's. */
static int controller_read(Arena *a, const char *root, const char *mc, SampleSink *sink) {
        const char *path = text_format(a, CONTROLLERS "/%s", mc);
        DIR *dir = edac_dir_of(a, root, path);
        bool modules = false;
        int r = path ? 0 : -ENOMEM;

        for (struct dirent *e; dir && r == 0 && (e = readdir(dir));)
                if (strncmp(e->d_name, "dimm", 4) == 0 || strncmp(e->d_name, "rank", 4) == 0) {
                        modules = true;
                        r = module_read(a, root, mc, e->d_name, sink);
                }
        if (dir)
                (void) closedir(dir);
        if (r < 0)
                return r;
        return emit_counts(
                mc,
                number_file(a, root, text_format(a, "%s/%s", path, modules ? "ce_noinfo_count" : "ce_count")),
                number_file(a, root, text_format(a, "%s/%s", path, modules ? "ue_noinfo_count" : "ue_count")),
                sink);
}

static int edac_read(void *state, const CollectorEnv *env, usec_t now, SampleSink *sink) {
        Arena *a = &((EdacState *) state)->scratch;
        DIR *dir;
        int r = 0;

        (void) now;
        arena_rewind(a, 0);
        dir = edac_dir_of(a, env->root, CONTROLLERS);
        if (!dir)
                return -ENOENT;
        for (struct dirent *e; r == 0 && (e = readdir(dir));)
                if (strncmp(e->d_name, "mc", 2) == 0 && e->d_name[2] >= '0' && e->d_name[2] <= '9')
                        r = controller_read(a, env->root, e->d_name, sink);
        (void) closedir(dir);
        return r;
}

static void edac_close(void *state) {
        arena_close(&((EdacState *) state)->scratch);
}

extern const Collector collector_edac;
const Collector collector_edac = {
        .name = "edac",
        .summary = "corrected and uncorrected memory errors by module (EDAC)",
        .runs = RUNS_ON_HOST,
        .interval = 30 * USEC_PER_SEC,
        .state_size = sizeof(EdacState),
        .open = edac_open,
        .read = edac_read,
        .close = edac_close,
};
