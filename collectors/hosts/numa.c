/* SPDX-License-Identifier: Apache-2.0 */
/* numa: available memory of each NUMA node. */
#include <dirent.h>
#include <errno.h>
#include <string.h>

#include "collectors/parse/meminfo.h"
#include "collectors/read/collector.h"
#include "collectors/read/sample_list.h"
#include "collectors/read/slurp.h"
#include "scheduler/base/text.h"
#include "scheduler/model/bounds.h"

#define SCRATCH_BYTES (UINT64_C(1) << 20)
#define NODES_DIR     "/sys/devices/system/node"

static int numa_open(void *state, const CollectorEnv *env) {
        (void) env;
        return arena_open(SCRATCH_BYTES, state);
}

static int64_t numa_sum(int64_t left, int64_t right) {
        int64_t sum;

        return left < 0 || right < 0 || __builtin_add_overflow(left, right, &sum) ? UNKNOWN : sum;
}

/* A node has no MemAvailable: what is free, and pages of files and slabs that the kernel gives back. */
static int64_t numa_available(const MemInfo *m) {
        const int64_t files = numa_sum(m->active_file, m->inactive_file);
        const int64_t kib = numa_sum(m->free, numa_sum(files, m->slab_reclaimable));

        return kib < 0 ? UNKNOWN : kib < m->total ? kib / 1024 : m->total / 1024;
}

static int numa_read(void *state, const CollectorEnv *env, usec_t now, SampleSink *sink) {
        Arena *a = state;
        const char *path, *text;
        DIR *folder;
        int r = 0;

        (void) now;
        arena_rewind(a, 0);
        path = text_format(a, "%s" NODES_DIR, env->root ? env->root : "");
        folder = path ? opendir(path) : NULL;
        if (!folder)
                return path ? -ENOENT : -ENOMEM;
        for (struct dirent *e; r >= 0 && (e = readdir(folder));) {
                const char *id = e->d_name + strlen("node");
                int64_t number;
                MemInfo m;
                size_t n;

                if (strncmp(e->d_name, "node", strlen("node")) != 0 ||
                    text_to_int(id, strlen(id), 0, bound_of(BOUND_NODE_ID), &number) < 0)
                        continue;
                path = text_format(a, NODES_DIR "/%s/meminfo", e->d_name);
                r = path ? file_slurp(a, env->root, path, &text, &n) : -ENOMEM;
                if (r >= 0)
                        r = meminfo_parse(text, n, &m);
                if (r >= 0)
                        r = emit_number(sink, METRIC_NUMA_AVAILABLE,
                                        text_format(a, "%lld", (long long) number), numa_available(&m));
        }
        (void) closedir(folder);
        return r < 0 ? r : 0;
}

static void numa_close(void *state) {
        arena_close(state);
}

extern const Collector collector_numa;
const Collector collector_numa = {
        .name = "numa",
        .summary = "available memory of each NUMA node (/sys/devices/system/node)",
        .runs = RUNS_ON_HOST,
        .state_size = sizeof(Arena),
        .open = numa_open,
        .read = numa_read,
        .close = numa_close,
};
