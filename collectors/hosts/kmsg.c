/* SPDX-License-Identifier: Apache-2.0 */
/* kmsg: what the kernel's log says of hardware: I/O errors by block device, file systems that became
 * read-only, machine checks, hung tasks. The log is read from its oldest record on, whose times tell what
 * belongs to the last hour, so that an agent that starts anew knows what the one before knew. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "collectors/parse/kmsg_record.h"
#include "collectors/read/collector.h"
#include "collectors/read/sample_list.h"
#include "scheduler/base/text.h"

#define DEVICES_MOST 128
#define MINUTES      60
#define RECORD_MOST  8192 /* the kernel's own limit is below */
#define READS_MOST   4096 /* in one reading: what a storm leaves is read the next time */
#define A_MINUTE     (60 * USEC_PER_SEC)

/* Events by the minute, so that an hour of a storm takes no more room than a quiet one. */
typedef struct MinuteCount {
        uint32_t count[MINUTES];
        int64_t minute[MINUTES];
} MinuteCount;

typedef struct KmsgDevice {
        char name[72];
        MinuteCount errors, fs_errors;
        bool read_only;
} KmsgDevice;

typedef struct KmsgState {
        int fd;
        KmsgDevice devices[DEVICES_MOST];
        uint32_t n;
        MinuteCount machine_checks, hung_tasks, lost;
} KmsgState;

static int kmsg_open(void *state, const CollectorEnv *env) {
        KmsgState *s = state;
        char path[4096];

        s->fd = -1;
        if (!env->root || snprintf(path, sizeof(path), "%s/dev/kmsg", env->root) >= (int) sizeof(path))
                return 1;
        s->fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
        if (s->fd < 0)
                return errno == ENOENT ? 1 : -errno;
        return 0;
}

static void count_add(MinuteCount *c, usec_t at) {
        int64_t minute = at / A_MINUTE;
        uint32_t slot = (uint32_t) (minute % MINUTES);

        if (c->minute[slot] != minute || c->count[slot] == 0) {
                c->minute[slot] = minute;
                c->count[slot] = 0;
        }
        if (c->count[slot] < UINT32_MAX)
                c->count[slot]++;
}

static int64_t count_sum(const MinuteCount *c, usec_t now) {
        int64_t minute = now / A_MINUTE, sum = 0;

        for (int i = 0; i < MINUTES; i++)
                if (c->count[i] > 0 && c->minute[i] > minute - MINUTES && c->minute[i] <= minute)
                        sum += c->count[i];
        return sum;
}

/* Of a controller, "nvme0", the disk is its first namespace. */
static KmsgDevice *kmsg_device_of(KmsgState *s, Span name) {
        char text[sizeof(s->devices[0].name)];
        bool controller = name.n > 4 && span_starts(name, "nvme");
        KmsgDevice *d;

        for (size_t i = 4; i < name.n; i++)
                controller = controller && name.at[i] >= '0' && name.at[i] <= '9';
        if (name.n + 2 >= sizeof(text) || !text_is_name(name.at, name.n))
                return NULL;
        (void) snprintf(text, sizeof(text), "%.*s%s", (int) name.n, name.at, controller ? "n1" : "");
        for (uint32_t i = 0; i < s->n; i++)
                if (strcmp(s->devices[i].name, text) == 0)
                        return &s->devices[i];
        if (s->n == DEVICES_MOST)
                return NULL;
        d = &s->devices[s->n++];
        memcpy(d->name, text, sizeof(text));
        return d;
}

static void record_take(KmsgState *s, const KmsgRecord *r, usec_t now) {
        usec_t at = r->at < now ? r->at : now; /* the log's clock may be a little ahead */
        KmsgDevice *d = r->device.n > 0 ? kmsg_device_of(s, r->device) : NULL;

        if (r->kind == KMSG_IO_ERROR && d)
                count_add(&d->errors, at);
        else if (r->kind == KMSG_FS_ERROR && d)
                count_add(&d->fs_errors, at);
        else if (r->kind == KMSG_READ_ONLY && d)
                d->read_only = true;
        else if (r->kind == KMSG_MACHINE_CHECK)
                count_add(&s->machine_checks, at);
        else if (r->kind == KMSG_HUNG_TASK)
                count_add(&s->hung_tasks, at);
}

/* One read gives one record; of a fixture's file, as many as there is room for. 0 or negative errno. */
static int log_read(KmsgState *s, usec_t now) {
        for (int i = 0; i < READS_MOST; i++) {
                char text[RECORD_MOST + 1];
                ssize_t n = read(s->fd, text, RECORD_MOST);
                Span rest = { text, n > 0 ? (size_t) n : 0 };
                KmsgRecord record;

                if (n == 0 || (n < 0 && errno == EAGAIN))
                        return 0;
                if (n < 0 &&
                    errno == EPIPE) { /* overwritten before it was read; the next is the oldest left */
                        count_add(&s->lost, now);
                        continue;
                }
                if (n < 0 && (errno == EINTR || errno == EINVAL))
                        continue;
                if (n < 0)
                        return -errno;
                while (kmsg_next(&rest, &record))
                        record_take(s, &record, now);
        }
        return 0;
}

static int kmsg_read(void *state, const CollectorEnv *env, usec_t now, SampleSink *sink) {
        KmsgState *s = state;
        int r = log_read(s, now);

        (void) env;
        for (uint32_t i = 0; r == 0 && i < s->n; i++) {
                const KmsgDevice *d = &s->devices[i];

                r = emit_number(sink, METRIC_BLOCK_ERRORS, d->name, count_sum(&d->errors, now));
                if (r == 0)
                        r = emit_number(sink, METRIC_BLOCK_READONLY, d->name, d->read_only);
                if (r == 0)
                        r = emit_number(sink, METRIC_BLOCK_FS_LOG, d->name, count_sum(&d->fs_errors, now));
        }
        if (r == 0)
                r = emit_number(sink, METRIC_KERNEL_MACHINE_CHECKS, "", count_sum(&s->machine_checks, now));
        if (r == 0)
                r = emit_number(sink, METRIC_KERNEL_HUNG_TASKS, "", count_sum(&s->hung_tasks, now));
        return r == 0 ? emit_number(sink, METRIC_KERNEL_LOST, "", count_sum(&s->lost, now)) : r;
}

static void kmsg_close(void *state) {
        KmsgState *s = state;

        if (s->fd >= 0)
                (void) close(s->fd);
}

extern const Collector collector_kmsg;
const Collector collector_kmsg = {
        .name = "kmsg",
        .summary = "I/O errors, read-only file systems, machine checks and hung tasks in the kernel log",
        .runs = RUNS_ON_HOST,
        .state_size = sizeof(KmsgState),
        .open = kmsg_open,
        .read = kmsg_read,
        .close = kmsg_close,
};
