/* SPDX-License-Identifier: Apache-2.0 */
/* memory: what the host has, what can be had without swapping or is given back, swap and how fast it is used, huge pages and
 * where they are, memory and I/O pressure. */
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "collectors/parse/arcstats.h"
#include "collectors/parse/lines.h"
#include "collectors/parse/meminfo.h"
#include "collectors/parse/stall.h"
#include "collectors/parse/vmstat.h"
#include "collectors/read/collector.h"
#include "collectors/read/sample_list.h"
#include "collectors/read/slurp.h"
#include "scheduler/base/text.h"
#include "scheduler/model/bounds.h"

#define SCRATCH_BYTES (UINT64_C(4) << 20)
#define HUGEPAGES_DIR "/sys/kernel/mm/hugepages"
#define NODES_DIR     "/sys/devices/system/node"
#define ARCSTATS      "/proc/spl/kstat/zfs/arcstats"

enum {
        PRESSURE_MEMORY,
        PRESSURE_IO,
        PRESSURE_N,
};

typedef struct MemoryState {
        Arena scratch;
        Stall stalls[PRESSURE_N];
        Rate swap_in, swap_out;
        int64_t page_kib;
} MemoryState;

static int memory_open(void *state, const CollectorEnv *env) {
        MemoryState *s = state;
        const long page = sysconf(_SC_PAGESIZE);

        (void) env;
        s->page_kib = page >= 1024 ? page / 1024 : 4;
        return arena_open(SCRATCH_BYTES, &s->scratch);
}

static int64_t memory_in_mib(int64_t kib) {
        return kib < 0 ? UNKNOWN : kib / 1024;
}

/* pages × size, or UNKNOWN: not said, or no such amount exists. */
static int64_t pages_kib(int64_t pages, int64_t size_kib) {
        int64_t kib;

        if (pages < 0 || size_kib < 0 || __builtin_mul_overflow(pages, size_kib, &kib))
                return UNKNOWN;
        return kib;
}

static int read_count(Arena *a, const char *root, const char *path, int64_t *ret) {
        const char *text;
        Span rest, line;
        uint64_t value;
        size_t n;

        if (!path || file_slurp(a, root, path, &text, &n) < 0)
                return -EBADMSG;
        rest = (Span){ text, n };
        if (!line_next(&rest, &line) || number_next(&line, (uint64_t) bound_of(BOUND_KERNEL), &value) != 0)
                return -EBADMSG;
        *ret = (int64_t) value;
        return 0;
}

typedef struct PagePool {
        int64_t size_kib, kib, free_kib;
} PagePool;

/* The folder "hugepages-2048kB" in `dir`. */
static int read_pool(Arena *a, const char *root, const char *dir, const char *name, PagePool *ret) {
        const char *digits = name + strlen("hugepages-"), *end = strstr(name, "kB");
        int64_t pages, pages_free;

        if (!end || end < digits ||
            text_to_int(digits, (size_t) (end - digits), 1, bound_of(BOUND_PAGE_KIB), &ret->size_kib) < 0 ||
            read_count(a, root, text_format(a, "%s/%s/nr_hugepages", dir, name), &pages) < 0 ||
            read_count(a, root, text_format(a, "%s/%s/free_hugepages", dir, name), &pages_free) < 0)
                return -EBADMSG;
        ret->kib = pages_kib(pages, ret->size_kib);
        ret->free_kib = pages_kib(pages_free, ret->size_kib);
        return ret->kib < 0 || ret->free_kib < 0 ? -EBADMSG : 0;
}

/* One folder "hugepages-2048kB" of the whole host. */
static int add_pool(Arena *a, const char *root, const char *name, SampleSink *sink, int64_t *total_kib,
                    int64_t *free_kib) {
        const char *subject;
        PagePool pool;
        int r = read_pool(a, root, HUGEPAGES_DIR, name, &pool);

        if (r < 0 || __builtin_add_overflow(*total_kib, pool.kib, total_kib) ||
            __builtin_add_overflow(*free_kib, pool.free_kib, free_kib))
                return -EBADMSG;
        if (pool.kib == 0)
                return 0; /* a size nobody set pages aside of */
        subject = text_format(a, "%lld", (long long) pool.size_kib);
        r = emit_number(sink, METRIC_HUGEPAGES_TOTAL, subject, memory_in_mib(pool.kib));
        return r < 0 ? r : emit_number(sink, METRIC_HUGEPAGES_FREE, subject, memory_in_mib(pool.free_kib));
}

/* Pages of each size on the node "node0"; a folder that cannot be read is left out. */
static int emit_node_pools(Arena *a, const char *root, const char *node, SampleSink *sink) {
        const char *dir = text_format(a, NODES_DIR "/%s/hugepages", node);
        const char *path = dir ? text_format(a, "%s%s", root, dir) : NULL;
        DIR *folder = path ? opendir(path) : NULL;
        int r = 0;

        if (!folder)
                return 0;
        for (struct dirent *e; r == 0 && (e = readdir(folder));) {
                const char *subject;
                PagePool pool;

                if (strncmp(e->d_name, "hugepages-", strlen("hugepages-")) != 0 ||
                    read_pool(a, root, dir, e->d_name, &pool) < 0 || pool.kib == 0)
                        continue;
                subject = text_format(a, "%s/%lld", node + strlen("node"), (long long) pool.size_kib);
                r = emit_number(sink, METRIC_NUMA_HUGEPAGES_TOTAL, subject, memory_in_mib(pool.kib));
                if (r == 0)
                        r = emit_number(sink, METRIC_NUMA_HUGEPAGES_FREE, subject,
                                        memory_in_mib(pool.free_kib));
        }
        (void) closedir(folder);
        return r;
}

/* Which node the pages are on: a kernel without NUMA does not say. */
static int emit_nodes(Arena *a, const char *root, SampleSink *sink) {
        const char *path = text_format(a, "%s" NODES_DIR, root);
        DIR *folder = path ? opendir(path) : NULL;
        int r = 0;

        if (!folder)
                return 0;
        for (struct dirent *e; r == 0 && (e = readdir(folder));) {
                const char *digits = e->d_name + strlen("node");
                int64_t id;

                if (strncmp(e->d_name, "node", strlen("node")) == 0 &&
                    text_to_int(digits, strlen(digits), 0, bound_of(BOUND_NODE_ID), &id) == 0)
                        r = emit_node_pools(a, root, e->d_name, sink);
        }
        (void) closedir(folder);
        return r;
}

/* The page cache is available already (MemAvailable); ZFS' is not. No ZFS: nothing. Left out where it is not understood. */
static int emit_reclaimable(Arena *a, const char *root, SampleSink *sink) {
        ArcStats arc = { 0 };
        const char *text;
        size_t n;
        int r = file_slurp(a, root, ARCSTATS, &text, &n);

        if (r == 0)
                r = arcstats_parse(text, n, &arc);
        if (r < 0 && r != -ENOENT)
                return 0;
        return emit_number(sink, METRIC_HOST_MEMORY_RECLAIMABLE, "", arcstats_reclaimable(&arc) >> 20);
}

/* All sizes of huge pages there are; meminfo knows only the default size. -ENOENT: no such folder. */
static int hugepages_sum(Arena *a, const char *root, SampleSink *sink, int64_t *ret_total_kib,
                         int64_t *ret_free_kib) {
        const char *path = text_format(a, "%s" HUGEPAGES_DIR, root);
        DIR *dir = path ? opendir(path) : NULL;
        int64_t total = 0, pages_free = 0;
        int r = 0;

        if (!dir)
                return -ENOENT;
        for (struct dirent *e; r == 0 && (e = readdir(dir));)
                if (strncmp(e->d_name, "hugepages-", strlen("hugepages-")) == 0)
                        r = add_pool(a, root, e->d_name, sink, &total, &pages_free);
        (void) closedir(dir);
        if (r < 0)
                return r;
        *ret_total_kib = total;
        *ret_free_kib = pages_free;
        return 0;
}

static int emit_pressures(MemoryState *s, const char *root, usec_t now, SampleSink *sink) {
        static const struct {
                const char *path;
                Metric some, full, some_total, full_total;
        } files[PRESSURE_N] = {
                [PRESSURE_MEMORY] = { "/proc/pressure/memory", METRIC_HOST_MEMORY_PRESSURE,
                                      METRIC_HOST_MEMORY_PRESSURE_FULL, METRIC_HOST_MEMORY_STALLED,
                                      METRIC_HOST_MEMORY_STALLED_FULL },
                [PRESSURE_IO] = { "/proc/pressure/io", METRIC_HOST_IO_PRESSURE, METRIC_HOST_IO_PRESSURE_FULL,
                                  METRIC_HOST_IO_STALLED, METRIC_HOST_IO_STALLED_FULL },
        };

        for (size_t i = 0; i < PRESSURE_N; i++) {
                StallShares shares;
                const char *text;
                Pressure p;
                size_t n;
                int r;

                if (file_slurp(&s->scratch, root, files[i].path, &text, &n) < 0 ||
                    pressure_parse(text, n, &p) < 0)
                        continue; /* a kernel without it, or switched off */
                shares = stall_next(&s->stalls[i], &p, now);
                if ((r = emit_number(sink, files[i].some, "", p.some)) < 0 ||
                    (r = emit_number(sink, files[i].full, "", p.full)) < 0 ||
                    (r = emit_number(sink, files[i].some_total, "", shares.some)) < 0 ||
                    (r = emit_number(sink, files[i].full_total, "", shares.full)) < 0)
                        return r;
        }
        return 0;
}

static int emit_swap_rate(const MemoryState *s, Metric metric, Rate *rate, int64_t pages, usec_t now,
                          SampleSink *sink) {
        int64_t kib_s;

        if (pages < 0 || rate_next(rate, (uint64_t) pages, now, s->page_kib, 1, &kib_s) != 0)
                return 0;
        return emit_number(sink, metric, "", kib_s);
}

static int emit_swapping(MemoryState *s, const char *root, usec_t now, SampleSink *sink) {
        const char *text;
        VmStat stat;
        size_t n;
        int r;

        if (file_slurp(&s->scratch, root, "/proc/vmstat", &text, &n) < 0 || vmstat_parse(text, n, &stat) < 0)
                return 0;
        r = emit_swap_rate(s, METRIC_HOST_SWAP_IN, &s->swap_in, stat.swapped_in, now, sink);
        return r < 0 ? r : emit_swap_rate(s, METRIC_HOST_SWAP_OUT, &s->swap_out, stat.swapped_out, now, sink);
}

static int memory_read(void *state, const CollectorEnv *env, usec_t now, SampleSink *sink) {
        MemoryState *s = state;
        Arena *a = &s->scratch;
        int64_t huge_total, huge_free;
        const char *text;
        MemInfo m;
        size_t n;
        int r;

        arena_rewind(a, 0);
        r = file_slurp(a, env->root, "/proc/meminfo", &text, &n);
        if (r < 0)
                return r;
        r = meminfo_parse(text, n, &m);
        if (r < 0)
                return r;
        if (hugepages_sum(a, env->root, sink, &huge_total, &huge_free) < 0) {
                huge_total = pages_kib(m.hugepages_total, m.hugepage_kib);
                huge_free = pages_kib(m.hugepages_free, m.hugepage_kib);
        }
        if ((r = emit_number(sink, METRIC_HOST_MEMORY_TOTAL, "", memory_in_mib(m.total))) < 0 ||
            (r = emit_number(sink, METRIC_HOST_MEMORY_AVAILABLE, "", memory_in_mib(m.available))) < 0 ||
            (r = emit_number(sink, METRIC_HOST_HUGEPAGES_TOTAL, "", memory_in_mib(huge_total))) < 0 ||
            (r = emit_number(sink, METRIC_HOST_HUGEPAGES_DEFAULT, "", m.hugepage_kib)) < 0 ||
            (r = emit_number(sink, METRIC_HOST_HUGEPAGES_FREE, "", memory_in_mib(huge_free))) < 0)
                return r;
        r = emit_reclaimable(a, env->root, sink);
        if (r == 0)
                r = emit_nodes(a, env->root, sink);
        if (r < 0)
                return r;
        if (m.swap_total >= m.swap_free && m.swap_free >= 0) {
                r = emit_number(sink, METRIC_HOST_SWAP_USED, "", memory_in_mib(m.swap_total - m.swap_free));
                if (r < 0)
                        return r;
        }
        r = emit_swapping(s, env->root, now, sink);
        return r < 0 ? r : emit_pressures(s, env->root, now, sink);
}

static void memory_close(void *state) {
        arena_close(&((MemoryState *) state)->scratch);
}

extern const Collector collector_memory;
const Collector collector_memory = {
        .name = "memory",
        .summary =
                "memory, swap, huge pages, memory and I/O pressure (/proc/meminfo, vmstat, pressure; ZFS' arcstats)",
        .runs = RUNS_ON_HOST,
        .state_size = sizeof(MemoryState),
        .open = memory_open,
        .read = memory_read,
        .close = memory_close,
};
