/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/agent/agent_print.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/agent/collector_log.h"
#include "scheduler/base/out.h"
#include "scheduler/base/text.h"

#define CELL        64
#define COLUMNS_MAX 16

/* Into memory: it fails only for want of it, and fclose() says so in the end. */
static void agent_print_put(FILE *f, const char *fmt, ...) printf_like(2, 3);
static void agent_print_put(FILE *f, const char *fmt, ...) {
        va_list ap;

        va_start(ap, fmt);
        (void) out_vsay(f, fmt, ap);
        va_end(ap);
}

/* ---- values in words ---- */
static const Sample *agent_print_find(const Report *r, Metric metric, const char *subject) {
        for (uint32_t i = 0; i < r->n_sections; i++)
                for (uint32_t k = 0; k < r->sections[i].n_samples; k++) {
                        const Sample *s = &r->sections[i].samples[k];

                        if (s->metric == metric && strcmp(s->subject, subject) == 0)
                                return s;
                }
        return NULL;
}

static int64_t agent_print_number(const Report *r, Metric metric, const char *subject) {
        const Sample *s = agent_print_find(r, metric, subject);

        return s ? s->number : UNKNOWN;
}

static const char *agent_print_text(const Report *r, Metric metric, const char *subject) {
        const Sample *s = agent_print_find(r, metric, subject);

        return s ? s->text : NULL;
}

typedef const char *Printer(int64_t value, char *buf);

static const char *as_count(int64_t value, char *buf) {
        (void) snprintf(buf, CELL, "%lld", (long long) value);
        return buf;
}

static const char *as_cores(int64_t value, char *buf) {
        (void) snprintf(buf, CELL, "%lld.%02lld", (long long) (value / 1000),
                        (long long) (value % 1000 / 10));
        return buf;
}

static const char *as_percent(int64_t permille, char *buf) {
        (void) snprintf(buf, CELL, "%lld.%lld%%", (long long) (permille / 10), (long long) (permille % 10));
        return buf;
}

static const char *agent_print_scaled(int64_t value, int64_t step, const char *const *units, size_t n,
                                      char *buf) {
        size_t i = 0;
        int64_t tenths = value * 10;

        for (; i + 1 < n && tenths >= step * 10; i++)
                tenths /= step;
        if (tenths < 100 && i > 0)
                (void) snprintf(buf, CELL, "%lld.%lld %s", (long long) (tenths / 10),
                                (long long) (tenths % 10), units[i]);
        else
                (void) snprintf(buf, CELL, "%lld %s", (long long) ((tenths + 5) / 10), units[i]);
        return buf;
}

static const char *as_mib(int64_t value, char *buf) {
        static const char *const units[] = { "MiB", "GiB", "TiB" };

        return value < 10240 ? agent_print_scaled(value, INT64_MAX / 10, units, 1, buf)
                             : agent_print_scaled(value, 1024, units, 3, buf);
}

static const char *as_kbit(int64_t value, char *buf) {
        static const char *const units[] = { "kbit/s", "Mbit/s", "Gbit/s" };

        return agent_print_scaled(value, 1000, units, 3, buf);
}

static const char *as_mbit(int64_t value, char *buf) {
        static const char *const units[] = { "Mbit/s", "Gbit/s" };

        return agent_print_scaled(value, 1000, units, 2, buf);
}

static const char *as_kib_s(int64_t value, char *buf) {
        static const char *const units[] = { "KiB/s", "MiB/s", "GiB/s" };

        return agent_print_scaled(value, 1024, units, 3, buf);
}

static const char *as_carrier(int64_t value, char *buf) {
        (void) snprintf(buf, CELL, "%s", value ? "yes" : "NO");
        return buf;
}

/* "-" for what nobody knows. */
static const char *agent_print_value_of(const Report *r, Metric metric, const char *subject, Printer *print,
                                        char *buf) {
        int64_t v = agent_print_number(r, metric, subject);

        return v == UNKNOWN ? "-" : print(v, buf);
}

/* ---- the host ---- */
static void print_cpu(FILE *f, const Report *r) {
        char a[CELL], b[CELL], c[CELL], d[CELL], e[CELL];
        const char *model = agent_print_text(r, METRIC_HOST_CPU_MODEL, ""),
                   *arch = agent_print_text(r, METRIC_HOST_ARCH, "");
        unsigned shown = 0;

        agent_print_put(f, "  cpu        %s of %s cores busy",
                        agent_print_value_of(r, METRIC_HOST_CPU_BUSY, "", as_cores, a),
                        agent_print_value_of(r, METRIC_HOST_CPUS, "", as_count, b));
        agent_print_put(f, " | steal %s | iowait %s | pressure %s",
                        agent_print_value_of(r, METRIC_HOST_CPU_STEAL, "", as_cores, c),
                        agent_print_value_of(r, METRIC_HOST_CPU_IOWAIT, "", as_cores, d),
                        agent_print_value_of(r, METRIC_HOST_CPU_PRESSURE, "", as_percent, e));
        agent_print_put(f, " | %s MHz %s %s\n", agent_print_value_of(r, METRIC_HOST_CPU_MHZ, "", as_count, a),
                        model ? model : "", arch ? arch : "");
        for (uint32_t i = 0; i < r->n_sections; i++)
                for (uint32_t k = 0; k < r->sections[i].n_samples; k++) {
                        const Sample *s = &r->sections[i].samples[k];

                        if (s->metric != METRIC_CPU_BUSY)
                                continue;
                        agent_print_put(f,
                                        shown == 0        ? "  each cpu   %s %s"
                                        : shown % 10 == 0 ? "\n             %s %s"
                                                          : "  %s %s",
                                        s->subject, as_percent(s->number, a));
                        shown++;
                }
        if (shown > 0)
                agent_print_put(f, "\n");
}

static void print_memory(FILE *f, const Report *r) {
        char a[CELL], b[CELL], c[CELL], d[CELL], e[CELL];

        agent_print_put(f, "  memory     %s available of %s",
                        agent_print_value_of(r, METRIC_HOST_MEMORY_AVAILABLE, "", as_mib, a),
                        agent_print_value_of(r, METRIC_HOST_MEMORY_TOTAL, "", as_mib, b));
        agent_print_put(f, " | swap used %s | huge pages %s free of %s\n",
                        agent_print_value_of(r, METRIC_HOST_SWAP_USED, "", as_mib, c),
                        agent_print_value_of(r, METRIC_HOST_HUGEPAGES_FREE, "", as_mib, d),
                        agent_print_value_of(r, METRIC_HOST_HUGEPAGES_TOTAL, "", as_mib, e));
        agent_print_put(f, "  pressure   memory some %s full %s | io some %s full %s",
                        agent_print_value_of(r, METRIC_HOST_MEMORY_PRESSURE, "", as_percent, a),
                        agent_print_value_of(r, METRIC_HOST_MEMORY_PRESSURE_FULL, "", as_percent, b),
                        agent_print_value_of(r, METRIC_HOST_IO_PRESSURE, "", as_percent, c),
                        agent_print_value_of(r, METRIC_HOST_IO_PRESSURE_FULL, "", as_percent, d));
        agent_print_put(f, " | swap in %s out %s\n",
                        agent_print_value_of(r, METRIC_HOST_SWAP_IN, "", as_kib_s, a),
                        agent_print_value_of(r, METRIC_HOST_SWAP_OUT, "", as_kib_s, b));
}

static void agent_print_print_host(FILE *f, const Report *r) {
        static const struct {
                const char *label;
                Metric metric;
        } lines[] = { { "labels", METRIC_HOST_LABELS },
                      { "libvirt URI", METRIC_HOST_URI },
                      { "networks", METRIC_HOST_NETWORKS },
                      { "pools", METRIC_HOST_POOLS } };
        int64_t daemon = agent_print_number(r, METRIC_HOST_DAEMON, "");

        agent_print_put(f, "host %s\n", r->host);
        if (daemon != UNKNOWN)
                agent_print_put(f, "  libvirt    %s\n", daemon ? "answers" : "DOES NOT ANSWER");
        print_cpu(f, r);
        print_memory(f, r);
        for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
                if (agent_print_text(r, lines[i].metric, ""))
                        agent_print_put(f, "  %-11s %s\n", lines[i].label,
                                        agent_print_text(r, lines[i].metric, ""));
}

/* ---- tables of NICs and VMs: a row per subject ---- */
typedef struct Column {
        const char *title;
        Metric metric;
        Printer *print; /* NULL: a text */
} Column;

static const char *cell_of(const Report *r, const Column *c, const char *subject, char *buf) {
        const char *s = c->print ? agent_print_value_of(r, c->metric, subject, c->print, buf)
                                 : agent_print_text(r, c->metric, subject);

        return s ? s : "-";
}

/* The subject of the i-th sample of a metric that every row has, or NULL. */
static const char *row_subject(const Report *r, Metric key, uint32_t row) {
        for (uint32_t i = 0; i < r->n_sections; i++)
                for (uint32_t k = 0; k < r->sections[i].n_samples; k++)
                        if (r->sections[i].samples[k].metric == key && row-- == 0)
                                return r->sections[i].samples[k].subject;
        return NULL;
}

static void agent_print_print_row(FILE *f, const Report *r, const Column *columns, size_t n,
                                  const char *subject, const int *width) {
        agent_print_put(f, "  %-*s", width[0], subject ? subject : columns[0].title);
        for (size_t i = 1; i < n; i++) {
                char buf[CELL];

                agent_print_put(f, "  %*s", width[i],
                                subject ? cell_of(r, &columns[i], subject, buf) : columns[i].title);
        }
        agent_print_put(f, "\n");
}

static void print_table(FILE *f, const Report *r, const Column *columns, size_t n, Metric key) {
        int width[COLUMNS_MAX];
        const char *subject;

        assert(n <= COLUMNS_MAX);
        if (!row_subject(r, key, 0))
                return;
        for (size_t i = 0; i < n; i++) {
                width[i] = (int) strlen(columns[i].title);
                for (uint32_t row = 0; (subject = row_subject(r, key, row)); row++) {
                        char buf[CELL];
                        int w = (int) strlen(i == 0 ? subject : cell_of(r, &columns[i], subject, buf));

                        width[i] = w > width[i] ? w : width[i];
                }
        }
        agent_print_put(f, "\n");
        agent_print_print_row(f, r, columns, n, NULL, width);
        for (uint32_t row = 0; (subject = row_subject(r, key, row)); row++)
                agent_print_print_row(f, r, columns, n, subject, width);
}

static void print_nics(FILE *f, const Report *r) {
        static const Column columns[] = {
                { "NIC", METRIC_NIC_CARRIER, NULL },
                { "CARRIER", METRIC_NIC_CARRIER, as_carrier },
                { "SPEED", METRIC_NIC_SPEED, as_mbit },
                { "RX", METRIC_NIC_RX, as_kbit },
                { "TX", METRIC_NIC_TX, as_kbit },
                { "ERRORS/H", METRIC_NIC_ERRORS, as_count },
                { "DROPS/H", METRIC_NIC_DROPS, as_count },
                { "CARRIER CHANGES", METRIC_NIC_CARRIER_CHANGES, as_count },
        };

        print_table(f, r, columns, ARRAY_SIZE(columns), METRIC_NIC_CARRIER);
}

static void print_vms(FILE *f, const Report *r) {
        static const Column columns[] = {
                { "VM", METRIC_VM_STATE, NULL },
                { "STATE", METRIC_VM_STATE, NULL },
                { "VCPUS", METRIC_VM_VCPUS, as_count },
                { "CORES", METRIC_VM_CPU, as_cores },
                { "CPU WAIT", METRIC_VM_CPU_DELAY, as_percent },
                { "THROTTLED", METRIC_VM_CPU_THROTTLED, as_percent },
                { "SWAPPED", METRIC_VM_MEMORY_SWAPPED, as_mib },
                { "MEMORY", METRIC_VM_MEMORY, as_mib },
                { "USED", METRIC_VM_MEMORY_USED, as_mib },
                { "RESIDENT", METRIC_VM_MEMORY_RSS, as_mib },
                { "RX", METRIC_VM_RX, as_kbit },
                { "TX", METRIC_VM_TX, as_kbit },
                { "DISK", METRIC_VM_DISK, as_kib_s },
                { "DIRTY", METRIC_VM_DIRTY, as_kib_s },
        };
        static const struct {
                const char *label;
                Metric metric;
        } notes[] = {
                { "job running", METRIC_VM_JOB },   { "cannot be migrated", METRIC_VM_PINNED },
                { "groups", METRIC_VM_GROUPS },     { "labels", METRIC_VM_LABELS },
                { "networks", METRIC_VM_NETWORKS }, { "pools", METRIC_VM_POOLS },
        };
        const char *vm;
        char buf[CELL];

        print_table(f, r, columns, ARRAY_SIZE(columns), METRIC_VM_STATE);
        for (uint32_t row = 0; (vm = row_subject(r, METRIC_VM_STATE, row)); row++) {
                for (size_t i = 0; i < ARRAY_SIZE(notes); i++)
                        if (agent_print_text(r, notes[i].metric, vm))
                                agent_print_put(f, "  %s: %s: %s\n", vm, notes[i].label,
                                                agent_print_text(r, notes[i].metric, vm));
                if (agent_print_number(r, METRIC_VM_LOCAL_DISK, vm) > 0)
                        agent_print_put(f, "  %s: disks on this host only: %s\n", vm,
                                        as_mib(agent_print_number(r, METRIC_VM_LOCAL_DISK, vm), buf));
        }
}

/* Why the disks that are not well are not, and which members are in question. */
static void print_disk_notes(FILE *f, const Report *r) {
        static const struct {
                const char *label;
                Metric metric;
        } notes[] = {
                { "members", METRIC_ARRAY_MEMBERS },
                { "lost", METRIC_ARRAY_LOST },
                { "suspect", METRIC_ARRAY_SUSPECTS },
        };
        const char *subject;

        for (uint32_t row = 0; (subject = row_subject(r, METRIC_DISK_HEALTH_WHY, row)); row++)
                agent_print_put(f, "  %s: %s\n", subject,
                                agent_print_text(r, METRIC_DISK_HEALTH_WHY, subject));
        for (uint32_t row = 0; (subject = row_subject(r, METRIC_ARRAY_STATE, row)); row++)
                for (size_t i = 0; i < ARRAY_SIZE(notes); i++)
                        if (agent_print_text(r, notes[i].metric, subject))
                                agent_print_put(f, "  %s: %s: %s\n", subject, notes[i].label,
                                                agent_print_text(r, notes[i].metric, subject));
}

static void print_disks(FILE *f, const Report *r) {
        static const Column by_smart[] = {
                { "DISK (SMART)", METRIC_DISK_HEALTH, NULL },
                { "HEALTH", METRIC_DISK_HEALTH, NULL },
                { "KIND", METRIC_DISK_KIND, NULL },
                { "MODEL", METRIC_DISK_MODEL, NULL },
                { "SERIAL", METRIC_DISK_SERIAL, NULL },
                { "HOURS", METRIC_DISK_HOURS, as_count },
                { "TEMP °C", METRIC_DISK_TEMPERATURE, as_count },
                { "REALLOCATED", METRIC_DISK_REALLOCATED, as_count },
                { "PENDING", METRIC_DISK_PENDING, as_count },
                { "MEDIA ERRORS", METRIC_DISK_MEDIA_ERRORS, as_count },
                { "WEAR %", METRIC_DISK_WEAR, as_count },
        };
        static const Column by_owner[] = {
                { "DISK (CONTROLLER)", METRIC_DISK_STATE, NULL },
                { "STATE", METRIC_DISK_STATE, NULL },
                { "PREDICTED", METRIC_DISK_PREDICTED, as_count },
                { "MODEL", METRIC_DISK_MODEL, NULL },
                { "SERIAL", METRIC_DISK_SERIAL, NULL },
                { "MEDIA ERRORS", METRIC_DISK_MEDIA_ERRORS, as_count },
                { "OTHER ERRORS", METRIC_DISK_OTHER_ERRORS, as_count },
                { "READ", METRIC_DISK_POOL_READ, as_count },
                { "WRITE", METRIC_DISK_POOL_WRITE, as_count },
                { "CHECKSUM", METRIC_DISK_POOL_CHECKSUM, as_count },
        };
        static const Column arrays[] = {
                { "ARRAY", METRIC_ARRAY_STATE, NULL },
                { "LEVEL", METRIC_ARRAY_LEVEL, NULL },
                { "STATE", METRIC_ARRAY_STATE, NULL },
                { "ACTIVE", METRIC_ARRAY_WORKING, as_count },
                { "MEMBERS", METRIC_ARRAY_WANTED, as_count },
                { "MAY FAIL", METRIC_ARRAY_REDUNDANCY, as_count },
                { "SPARES", METRIC_ARRAY_SPARES, as_count },
                { "ACTION", METRIC_ARRAY_ACTION, NULL },
                { "PROGRESS", METRIC_ARRAY_PROGRESS, as_percent },
                { "BLOCK DEVICE", METRIC_ARRAY_BLOCKS, NULL },
        };

        print_table(f, r, by_smart, ARRAY_SIZE(by_smart), METRIC_DISK_HEALTH);
        print_table(f, r, by_owner, ARRAY_SIZE(by_owner), METRIC_DISK_STATE);
        print_table(f, r, arrays, ARRAY_SIZE(arrays), METRIC_ARRAY_STATE);
        print_disk_notes(f, r);
}

static void print_errors(FILE *f, const Report *r) {
        for (uint32_t i = 0; i < r->n_sections; i++)
                if (r->sections[i].error != 0)
                        agent_print_put(f, "\n  not read: %s: %s", r->sections[i].collector,
                                        collector_words(r->sections[i].error));
        for (uint32_t i = 0; i < r->n_sections; i++)
                for (uint32_t k = 0; r->sections[i].error == 0 && k < r->sections[i].n_samples; k++)
                        if (r->sections[i].samples[k].metric == METRIC_ITEM_UNREAD)
                                agent_print_put(f, "\n  not read: %s: %s", r->sections[i].samples[k].subject,
                                                r->sections[i].samples[k].text);
        agent_print_put(f, "\n");
}

const char *report_table(Arena *a, const Report *r) {
        char *buffer = NULL, *copy;
        size_t n = 0;
        FILE *f = open_memstream(&buffer, &n);

        if (!f)
                return NULL;
        agent_print_print_host(f, r);
        print_nics(f, r);
        print_disks(f, r);
        print_vms(f, r);
        print_errors(f, r);
        copy = fclose(f) == 0 ? text_copy(a, buffer, n) : NULL;
        free(buffer);
        return copy;
}
