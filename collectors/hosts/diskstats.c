/* SPDX-License-Identifier: Apache-2.0 */
/* diskstats: block devices that are slow, or have stopped: the mean time of an I/O over about a minute, and
 * how long I/O has been under way without any that ended. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "collectors/parse/diskstats_line.h"
#include "collectors/read/collector.h"
#include "collectors/read/sample_list.h"
#include "collectors/read/slurp.h"
#include "scheduler/base/text.h"

#define SCRATCH_BYTES (UINT64_C(16) << 20)
#define DISKS_MOST    512
#define SLOTS         6
#define SLOT          (10 * USEC_PER_SEC)
#define IOS_LEAST     20 /* below, a mean says nothing */

typedef struct DiskPoint {
        usec_t at;
        uint64_t ios, ms;
} DiskPoint;

typedef struct DiskTrack {
        char name[64];
        DiskPoint points[SLOTS]; /* a ring */
        uint32_t n, next;
        uint64_t ios;
        usec_t moved; /* when an I/O was last seen to have ended, or none was under way */
        bool seen;
} DiskTrack;

typedef struct DiskStatsState {
        Arena scratch;
        DiskTrack tracks[DISKS_MOST];
        uint32_t n;
} DiskStatsState;

static int diskstats_open(void *state, const CollectorEnv *env) {
        return env->root ? arena_open(SCRATCH_BYTES, &((DiskStatsState *) state)->scratch) : 1;
}

/* Whole devices: /sys/block has them and no partitions. What is memory or a file is none. */
static bool is_counted(const CollectorEnv *env, Span name) {
        char path[4096];

        if (name.n >= sizeof(((DiskTrack *) NULL)->name) || !text_is_name(name.at, name.n) ||
            span_starts(name, "loop") || span_starts(name, "ram") || span_starts(name, "zram"))
                return false;
        if (snprintf(path, sizeof(path), "%s/sys/block/%.*s", env->root, (int) name.n, name.at) >=
            (int) sizeof(path))
                return false;
        return access(path, F_OK) == 0;
}

static DiskTrack *track_of(DiskStatsState *s, Span name) {
        DiskTrack *t;

        for (uint32_t i = 0; i < s->n; i++)
                if (span_is(name, s->tracks[i].name))
                        return &s->tracks[i];
        if (s->n == DISKS_MOST)
                return NULL;
        t = &s->tracks[s->n++];
        *t = (DiskTrack){ .n = 0 };
        memcpy(t->name, name.at, name.n);
        return t;
}

static int track_emit(DiskTrack *t, const DiskStats *d, usec_t now, SampleSink *sink) {
        const DiskPoint *oldest = &t->points[t->n < SLOTS ? 0 : t->next];
        int64_t await = UNKNOWN;
        int r;

        if (t->n > 0 && d->ios >= oldest->ios + IOS_LEAST && d->ms >= oldest->ms)
                await = (int64_t) ((d->ms - oldest->ms) * 1000 / (d->ios - oldest->ios));
        if (t->moved == 0 || d->ios != t->ios || d->in_flight == 0)
                t->moved = now;
        t->ios = d->ios;
        if (t->n == 0 || now - t->points[(t->next + SLOTS - 1) % SLOTS].at >= SLOT) {
                t->points[t->next] = (DiskPoint){ now, d->ios, d->ms };
                t->next = (t->next + 1) % SLOTS;
                t->n += t->n < SLOTS;
        }
        r = emit_number(sink, METRIC_BLOCK_AWAIT, t->name, await);
        return r == 0 ? emit_number(sink, METRIC_BLOCK_STUCK, t->name, (now - t->moved) / USEC_PER_SEC) : r;
}

static void forget_gone(DiskStatsState *s) {
        uint32_t kept = 0;

        for (uint32_t i = 0; i < s->n; i++)
                if (s->tracks[i].seen) {
                        s->tracks[kept] = s->tracks[i];
                        s->tracks[kept++].seen = false;
                }
        s->n = kept;
}

static int diskstats_read(void *state, const CollectorEnv *env, usec_t now, SampleSink *sink) {
        DiskStatsState *s = state;
        const char *text;
        DiskStats disk;
        Span rest;
        size_t n;
        int r;

        arena_rewind(&s->scratch, 0);
        r = file_slurp(&s->scratch, env->root, "/proc/diskstats", &text, &n);
        if (r < 0)
                return r;
        rest = (Span){ text, n };
        while ((r = diskstats_next(&rest, &disk)) == 0) {
                DiskTrack *t = is_counted(env, disk.name) ? track_of(s, disk.name) : NULL;

                if (!t || t->seen)
                        continue;
                t->seen = true;
                r = track_emit(t, &disk, now, sink);
                if (r < 0)
                        return r;
        }
        forget_gone(s);
        return r < 0 ? r : 0;
}

static void diskstats_close(void *state) {
        arena_close(&((DiskStatsState *) state)->scratch);
}

extern const Collector collector_diskstats;
const Collector collector_diskstats = {
        .name = "diskstats",
        .summary = "slow and hung block devices",
        .runs = RUNS_ON_HOST,
        .state_size = sizeof(DiskStatsState),
        .open = diskstats_open,
        .read = diskstats_read,
        .close = diskstats_close,
};
