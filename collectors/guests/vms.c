/* SPDX-License-Identifier: Apache-2.0 */
/* vms: the running domains: what they are (their XML, read again every minute and when they are new), and
 * what they use (one call for the statistics of all); and those that are off, what they are alone: one call
 * for the list of them, and no monitor is asked.
 *
 * CPU demand is the time of the vCPUs' threads by the wall clock. Only where libvirt does not tell it, the
 * domain's whole CPU time is taken: that has QEMU's own threads in it, which do not come along as demand but
 * are made anew by whatever the guest does. */
#include <errno.h>
#include <libvirt/virterror.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/guests/virt_link.h"
#include "collectors/guests/vm_record.h"
#include "collectors/parse/meminfo.h"
#include "collectors/read/collector.h"
#include "collectors/read/sample_list.h"
#include "collectors/read/slurp.h"
#include "scheduler/base/text.h"

#define DESCRIBE_EVERY       (60 * USEC_PER_SEC)
#define POOLS_EVERY          (60 * USEC_PER_SEC)
#define POOLS_BYTES          (UINT64_C(64) << 20)
#define DEFAULT_HUGEPAGE_KIB 2048
#define SCRATCH_BYTES        (UINT64_C(16) << 20)
#define NSEC_PER_SEC         INT64_C(1000000000)
#define STATS_WANTED                                                                                         \
        (VIR_DOMAIN_STATS_STATE | VIR_DOMAIN_STATS_CPU_TOTAL | VIR_DOMAIN_STATS_BALLOON |                    \
         VIR_DOMAIN_STATS_VCPU | VIR_DOMAIN_STATS_INTERFACE | VIR_DOMAIN_STATS_BLOCK |                       \
         VIR_DOMAIN_STATS_DIRTYRATE)

typedef struct VmsState {
        VmRecords records;
        const char *root; /* of the reading's env */
        Arena pools_arena, scratch;
        PoolList pools;
        int64_t hugepage_kib; /* the host's default */
        usec_t pools_at;      /* 0: never */
        bool afar;            /* only libvirt is at hand */
        DirtyTour tour;
        struct { /* of this reading: whose dirty rate is to be measured next */
                VmRecord *record;
                virDomainPtr domain; /* the statistics' */
        } next;
} VmsState;

/* One domain in one reading. */
typedef struct VmReading {
        VmRecord *record;
        VmStats stats;
        const char *name, *job; /* job NULL: none */
        const char *root;       /* of the reading's env */
        int64_t hugepage_kib;   /* the host's default */
        Arena *scratch;
        usec_t now;
        SampleSink *sink;
} VmReading;

static int vms_open(void *state, const CollectorEnv *env) {
        VmsState *s = state;
        int r = arena_open(POOLS_BYTES, &s->pools_arena);

        (void) env;
        return r < 0 ? r : arena_open(SCRATCH_BYTES, &s->scratch);
}

static int vms_emit_rate(const VmReading *reading, Metric metric, Rate *rate, int64_t counter, int64_t num,
                         int64_t den, int64_t most) {
        int64_t value;

        if (counter < 0 || rate_next(rate, (uint64_t) counter, reading->now, num, den, &value) != 0)
                return 0;
        return emit_number(reading->sink, metric, reading->name, most > 0 && value > most ? most : value);
}

static int vms_emit_waits(const VmReading *vm_reading, int64_t vcpus) {
        const VmWaitsReading reading = { .stats = &vm_reading->stats,
                                         .name = vm_reading->name,
                                         .root = vm_reading->root,
                                         .vcpus = vcpus,
                                         .limited = vm_reading->record->described &&
                                                    vm_reading->record->facts.cpu_limited,
                                         .now = vm_reading->now,
                                         .scratch = vm_reading->scratch,
                                         .sink = vm_reading->sink };

        arena_rewind(vm_reading->scratch, 0);
        return vm_waits_emit(&vm_reading->record->waits, &reading);
}

static int emit_load(const VmReading *reading) {
        const VmStats *s = &reading->stats;
        VmRecord *r = reading->record;
        int64_t vcpus = s->vcpus > 0 ? s->vcpus : r->described && r->facts.vcpus > 0 ? r->facts.vcpus : 1;
        int e;

        /* All of QEMU's threads: what the VM takes with it when it moves. What is left out here would be
         * counted as the host's own load, and seem to stay. */
        if (s->cpu_ns >= 0)
                e = vms_emit_rate(reading, METRIC_VM_CPU, &r->cpu, s->cpu_ns, 1000, NSEC_PER_SEC, 0);
        else
                e = vms_emit_rate(reading, METRIC_VM_CPU, &r->vcpu, s->vcpu_ns, 1000, NSEC_PER_SEC,
                                  vcpus * 1000);
        if (e < 0 || (e = vms_emit_waits(reading, vcpus)) < 0 ||
            (e = vms_emit_rate(reading, METRIC_VM_RX, &r->rx, s->rx_bytes, 8, 1000, 0)) < 0 ||
            (e = vms_emit_rate(reading, METRIC_VM_TX, &r->tx, s->tx_bytes, 8, 1000, 0)) < 0)
                return e;
        return vms_emit_rate(reading, METRIC_VM_DISK, &r->disk, s->disk_bytes, 1, 1024, 0);
}

/* What the guest itself says it uses: without caches it could drop, where its driver tells. */
static int64_t used_kib(const VmStats *s) {
        int64_t spare = s->usable_kib >= 0 ? s->usable_kib : s->unused_kib;

        return s->available_kib >= 0 && spare >= 0 && s->available_kib >= spare ? s->available_kib - spare
                                                                                : UNKNOWN;
}

static int64_t mib_up(int64_t kib) {
        return kib < 0 ? UNKNOWN : kib / 1024 + (kib % 1024 > 0);
}

static int vms_emit_memory(const VmReading *reading) {
        const VmStats *s = &reading->stats;
        const VmRecord *r = reading->record;
        int64_t most = s->maximum_kib >= 0 ? mib_up(s->maximum_kib)
                       : r->described      ? r->facts.memory_mib
                                           : UNKNOWN;
        int e;

        if ((e = emit_number(reading->sink, METRIC_VM_MEMORY, reading->name, most)) < 0 ||
            (e = emit_number(reading->sink, METRIC_VM_MEMORY_USED, reading->name, mib_up(used_kib(s)))) < 0 ||
            (e = emit_number(reading->sink, METRIC_VM_MEMORY_RSS, reading->name, mib_up(s->rss_kib))) < 0)
                return e;
        e = emit_number(reading->sink, METRIC_VM_DIRTY, reading->name,
                        dirty_mean(&r->dirty, DIRTY_LONG, reading->now));
        if (e >= 0 && dirty_mean(&r->dirty, DIRTY_LONG, reading->now) != UNKNOWN)
                e = emit_number(reading->sink, METRIC_VM_DIRTY_WINDOW, reading->name,
                                r->dirty.long_seconds * 1000);
        return e < 0 ? e
                     : emit_number(reading->sink, METRIC_VM_DIRTY_BURST, reading->name,
                                   dirty_mean(&r->dirty, DIRTY_SHORT, reading->now));
}

static int emit_facts(const VmReading *reading) {
        const VmRecord *r = reading->record;
        const struct {
                Metric metric;
                const char *text;
        } texts[] = {
                { METRIC_VM_NETWORKS, r->facts.networks },
                { METRIC_VM_POOLS, r->pools },
                { METRIC_VM_DEVICES, r->devices },
                { METRIC_VM_CPU_MODEL, r->facts.cpu_model },
                { METRIC_VM_ARCH, r->facts.arch },
                { METRIC_VM_MACHINE, r->facts.machine },
                { METRIC_VM_PINNED, r->stays ? r->stays : r->facts.pinned },
                { METRIC_VM_TITLE, r->facts.title },
                { METRIC_VM_GROUPS, r->facts.groups },
                { METRIC_VM_LABELS, r->facts.labels },
                { METRIC_VM_EMULATOR, r->facts.emulator },
                { METRIC_VM_CPU_FEATURES, r->facts.cpu_features },
                { METRIC_VM_TIE, r->tie     ? r->tie
                                 : r->stays ? NULL
                                            : r->facts.tie },
                { METRIC_VM_HOST_DEVICES, r->facts.host_devices },
                { METRIC_VM_IMAGES, r->images },
                { METRIC_VM_PORTGROUPS, r->facts.portgroups },
                { METRIC_VM_CPU_PINS, r->facts.cpu_pins },
                { METRIC_VM_NUMA_NODES, r->facts.numa_nodes },
                { METRIC_VM_NUMA_CELLS, r->facts.numa_cells },
                { METRIC_VM_NUMA_BOUND, r->facts.numa_bound },
        };
        const struct {
                Metric metric;
                int64_t number;
        } numbers[] = {
                { METRIC_VM_SNAPSHOTS, r->snapshots },
                { METRIC_VM_CHECKPOINTS, r->checkpoints },
                { METRIC_VM_BLOCK_JOBS, r->block_jobs },
        };
        int e = 0;

        for (size_t i = 0; e == 0 && i < ARRAY_SIZE(texts); i++)
                e = emit_text(reading->sink, texts[i].metric, reading->name, texts[i].text);
        for (size_t i = 0; e == 0 && i < ARRAY_SIZE(numbers); i++)
                e = emit_number(reading->sink, numbers[i].metric, reading->name, numbers[i].number);
        if (e == 0 && (r->facts.hugepages_kib > 0 || r->facts.hugepages_default))
                e = emit_number(reading->sink, METRIC_VM_HUGEPAGES, reading->name,
                                r->facts.hugepages_default ? reading->hugepage_kib : r->facts.hugepages_kib);
        return e < 0 ? e : emit_number(reading->sink, METRIC_VM_LOCAL_DISK, reading->name, r->local_mib);
}

/* "migration-out", "migration-in", "other", or NULL: nothing runs, or it cannot be told. */
static const char *job_of(virDomainPtr domain) {
        virTypedParameterPtr params = NULL;
        virDomainJobInfo info;
        int type, n = 0, operation = VIR_DOMAIN_JOB_OPERATION_UNKNOWN;

        if (virDomainGetJobInfo(domain, &info) < 0 ||
            (info.type != VIR_DOMAIN_JOB_BOUNDED && info.type != VIR_DOMAIN_JOB_UNBOUNDED))
                return NULL;
        if (virDomainGetJobStats(domain, &type, &params, &n, 0) == 0) {
                (void) virTypedParamsGetInt(params, n, VIR_DOMAIN_JOB_OPERATION, &operation);
                virTypedParamsFree(params, n);
        }
        return operation == VIR_DOMAIN_JOB_OPERATION_MIGRATION_OUT  ? "migration-out"
               : operation == VIR_DOMAIN_JOB_OPERATION_MIGRATION_IN ? "migration-in"
                                                                    : "other";
}

/* A domain that holds its memory on this host is running or paused; NULL: it is gone or going. */
static const char *vms_state_of(int64_t state) {
        switch (state) {
        case VIR_DOMAIN_RUNNING:
        case VIR_DOMAIN_BLOCKED:
        case VIR_DOMAIN_SHUTDOWN: /* asked to; it may take its time, or never do it */
                return "running";
        case VIR_DOMAIN_PAUSED:
        case VIR_DOMAIN_PMSUSPENDED:
                return "paused";
        default:
                return NULL;
        }
}

static int vm_emit(const VmReading *reading, const char *uuid) {
        const VmRecord *r = reading->record;
        int64_t vcpus = reading->stats.vcpus > 0 ? reading->stats.vcpus
                        : r->described           ? r->facts.vcpus
                                                 : UNKNOWN;
        int e;

        if ((e = emit_text(reading->sink, METRIC_VM_UUID, reading->name, uuid)) < 0 ||
            (e = emit_text(reading->sink, METRIC_VM_STATE, reading->name,
                           vms_state_of(reading->stats.state))) < 0 ||
            (e = emit_text(reading->sink, METRIC_VM_JOB, reading->name, reading->job)) < 0 ||
            (e = emit_number(reading->sink, METRIC_VM_VCPUS, reading->name, vcpus)) < 0 ||
            (e = vms_emit_memory(reading)) < 0 || (e = emit_load(reading)) < 0)
                return e;
        return r->described ? emit_facts(reading)
                            : emit_text(reading->sink, METRIC_VM_PINNED, reading->name, r->undescribed);
}

/* ---- dirty rates ---- */

static void dirty_look(VmsState *s, const VmReading *reading, virDomainPtr domain) {
        const VmStats *stats = &reading->stats;
        const DirtyNews news = {
                .answers = stats->dirty_status >= 0,
                .may = !reading->job && strcmp(vms_state_of(stats->state), "running") == 0,
                .status = stats->dirty_status,
                .seconds = stats->dirty_seconds,
                .mib_s = stats->dirty_mib_s,
                .memory_mib = stats->maximum_kib >= 0 ? mib_up(stats->maximum_kib) : 0,
        };
        VmRecord *best = s->next.record;

        dirty_note(&s->tour, &reading->record->dirty, &news, reading->now);
        if (!dirty_is_next(&s->tour, &reading->record->dirty, best ? &best->dirty : NULL, &news,
                           reading->now))
                return;
        s->next.record = reading->record;
        s->next.domain = domain;
}

/* A guest that is being migrated is left alone: the call would wait for the end of that, and the worker for the
 * call. The statistics were read a while ago, so its job is asked for now.
 *
 * Only a guest whose monitor has just answered is asked: the call waits for the monitor, and this worker for
 * the call. By page sampling, the one mode that is safe (dirty_rate.h). */
static void dirty_measure(VmsState *s, usec_t now) {
        DirtyHistory *next = s->next.record ? &s->next.record->dirty : NULL;
        int64_t seconds = dirty_window(&s->tour, next, s->records.n, now);
        int r;

        if (seconds == 0)
                return;
        if (job_of(s->next.domain)) { /* it is this guest's turn again when that is over */
                dirty_put_off(&s->tour, next, now);
                return;
        }
        r = virDomainStartDirtyRateCalc(s->next.domain, (int) seconds,
                                        VIR_DOMAIN_DIRTYRATE_MODE_PAGE_SAMPLING);
        dirty_started(&s->tour, next, seconds, r < 0 ? virt_error(NULL, 0) : 0, clock_monotonic());
}

static int vm_read(VmsState *s, const virDomainStatsRecord *found, usec_t now, SampleSink *sink) {
        unsigned char uuid[VIR_UUID_BUFLEN];
        char uuid_text[VIR_UUID_STRING_BUFLEN];
        const char *name = virDomainGetName(found->dom);
        unsigned id = virDomainGetID(found->dom);
        VmReading v = { .stats = vm_stats_of(found->params, found->nparams),
                        .root = s->root,
                        .scratch = &s->scratch,
                        .hugepage_kib = s->hugepage_kib,
                        .now = now,
                        .sink = sink };

        if (virDomainGetUUID(found->dom, uuid) < 0 || virDomainGetUUIDString(found->dom, uuid_text) < 0)
                return 0;
        /* a name that no list or file of ours could hold: the UUID is one */
        v.name = name && text_is_name(name, strlen(name)) ? name : uuid_text;
        if (!vms_state_of(v.stats.state))
                return 0;
        v.record = vm_record_get(&s->records, uuid, id);
        if (!v.record)
                return -ENOMEM;
        if (!v.record->described || now - v.record->described_at >= DESCRIBE_EVERY) {
                int e = vm_record_describe(v.record, found->dom, found->params, found->nparams, &s->pools,
                                           s->root, now);

                if (e == -ENOENT) /* it ended since the statistics were taken */
                        return 0;
        }
        v.job = v.record->job_asked && !s->afar ? NULL : job_of(found->dom);
        v.record->job_asked = !v.record->job_asked && !v.job;
        dirty_look(s, &v, found->dom);
        return vm_emit(&v, uuid_text);
}

/* ---- domains that are off ---- */

/* All that are not active are persistent: libvirt forgets a transient one when it ends. */
static int off_read(VmsState *s, virDomainPtr domain, usec_t now, SampleSink *sink) {
        unsigned char uuid[VIR_UUID_BUFLEN];
        char uuid_text[VIR_UUID_STRING_BUFLEN];
        const char *name = virDomainGetName(domain);
        VmReading v = { .now = now, .sink = sink, .hugepage_kib = s->hugepage_kib };
        int e;

        if (virDomainGetUUID(domain, uuid) < 0 || virDomainGetUUIDString(domain, uuid_text) < 0 ||
            vm_record_seen(&s->records, uuid)) /* it ended since the statistics were taken */
                return 0;
        v.name = name && text_is_name(name, strlen(name)) ? name : uuid_text;
        v.record = vm_record_get(&s->records, uuid, UINT_MAX);
        if (!v.record)
                return -ENOMEM;
        if (!v.record->described || now - v.record->described_at >= DESCRIBE_EVERY) {
                e = vm_record_describe_off(v.record, domain, &s->pools, now);
                if (e == -ENOENT)
                        return 0;
        }
        if ((e = emit_text(sink, METRIC_VM_UUID, v.name, uuid_text)) < 0 ||
            (e = emit_text(sink, METRIC_VM_STATE, v.name, "off")) < 0)
                return e;
        if (!v.record->described) /* it is there, and that is all that is known */
                return emit_text(sink, METRIC_VM_PINNED, v.name, v.record->undescribed);
        if ((e = emit_number(sink, METRIC_VM_VCPUS, v.name, v.record->facts.vcpus)) < 0 ||
            (e = emit_number(sink, METRIC_VM_MEMORY, v.name, v.record->facts.memory_mib)) < 0)
                return e;
        return emit_facts(&v);
}

/* A driver that cannot list them has none. */
static int off_all(VmsState *s, virConnectPtr conn, usec_t now, SampleSink *sink) {
        virDomainPtr *found = NULL;
        const int n = virConnectListAllDomains(conn, &found, VIR_CONNECT_LIST_DOMAINS_INACTIVE);
        int r = 0;

        for (int i = 0; i < n; i++) {
                if (r == 0)
                        r = off_read(s, found[i], now, sink);
                (void) virDomainFree(found[i]);
        }
        free(found);
        return r;
}

/* From afar nobody tells: what x86 and most others take. */
static int64_t default_hugepage(Arena *scratch, const char *root) {
        const char *text;
        MemInfo m;
        size_t n;

        arena_rewind(scratch, 0);
        if (root && file_slurp(scratch, root, "/proc/meminfo", &text, &n) == 0 &&
            meminfo_parse(text, n, &m) == 0 && m.hugepage_kib > 0)
                return m.hugepage_kib;
        return DEFAULT_HUGEPAGE_KIB;
}

static int pools_refresh(VmsState *s, const CollectorEnv *env, usec_t now) {
        int r;

        if (s->pools_at > 0 && now - s->pools_at < POOLS_EVERY)
                return 0;
        arena_rewind(&s->pools_arena, 0);
        s->pools = (PoolList){ 0 };
        s->pools_at = now;
        s->hugepage_kib = default_hugepage(&s->scratch, env->root);
        r = pool_list_read(&s->pools_arena, env->libvirt, env->root, &s->pools);
        return r == -ENOMEM ? r : 0; /* without them, where disks are is not known; the rest is */
}

static int vms_read(void *state, const CollectorEnv *env, usec_t now, SampleSink *sink) {
        const unsigned flags =
                VIR_CONNECT_GET_ALL_DOMAINS_STATS_ACTIVE | VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT;
        VmsState *s = state;
        virDomainStatsRecordPtr *found = NULL;
        int n, r;

        if (!env->libvirt)
                return -ENOTCONN;
        s->root = env->root;
        r = pools_refresh(s, env, now);
        if (r < 0)
                return r;
        n = virConnectGetAllDomainStats(env->libvirt, STATS_WANTED, &found, flags);
        if (n < 0)
                return virt_error(NULL, 0);
        s->next.record = NULL;
        s->afar = !env->root;
        for (int i = 0; i < n && r == 0; i++)
                r = vm_read(s, found[i], now, sink);
        if (r == 0 && !s->afar) /* not from afar: who only looks changes nothing */
                dirty_measure(s, now);
        virDomainStatsRecordListFree(found);
        if (r == 0)
                r = off_all(s, env->libvirt, now, sink);
        vm_records_forget_gone(&s->records);
        return r;
}

static void vms_close(void *state) {
        VmsState *s = state;

        vm_records_free(&s->records);
        arena_close(&s->pools_arena);
        arena_close(&s->scratch);
}

extern const Collector collector_vms;
const Collector collector_vms = {
        .name = "vms",
        .summary = "VMs: facts, CPU, contention, memory, network, disk, jobs (libvirt)",
        .runs = RUNS_ON_HOST | RUNS_REMOTE,
        .state_size = sizeof(VmsState),
        .open = vms_open,
        .read = vms_read,
        .close = vms_close,
};
