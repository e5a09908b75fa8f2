/* SPDX-License-Identifier: Apache-2.0 */
/* node: how busy a host is and what memory it has, by libvirt alone: what "cpu" and "memory" tell where there
 * is an agent. Available memory is free + buffers + cached: libvirt does not tell more, and it is a little
 * too much (shared memory counts as cached). */
#include <errno.h>
#include <string.h>

#include "collectors/guests/virt_link.h"
#include "collectors/read/collector.h"
#include "collectors/read/rate.h"
#include "collectors/read/sample_list.h"

#define NSEC_PER_SEC INT64_C(1000000000)
#define FIELDS_MAX   16

typedef struct NodeState {
        Rate busy, iowait;
} NodeState;

static int node_open(void *state, const CollectorEnv *env) {
        (void) state;
        (void) env;
        return 0;
}

static int emit_cpu(NodeState *s, virConnectPtr c, usec_t now, SampleSink *sink) {
        virNodeCPUStats fields[FIELDS_MAX];
        uint64_t busy = 0, iowait = 0;
        bool busy_known = false, iowait_known = false;
        int n = 0, r = 0;
        int64_t value;

        if (virNodeGetCPUStats(c, VIR_NODE_CPU_STATS_ALL_CPUS, NULL, &n, 0) < 0 || n > FIELDS_MAX ||
            virNodeGetCPUStats(c, VIR_NODE_CPU_STATS_ALL_CPUS, fields, &n, 0) < 0) {
                r = virt_error(NULL, 0);
                return r == -ENOTSUP ? 0 : r;
        }
        for (int i = 0; i < n; i++) {
                if (strcmp(fields[i].field, VIR_NODE_CPU_STATS_USER) == 0 ||
                    strcmp(fields[i].field, VIR_NODE_CPU_STATS_KERNEL) == 0 ||
                    strcmp(fields[i].field, VIR_NODE_CPU_STATS_INTR) == 0) {
                        busy += fields[i].value;
                        busy_known = true;
                }
                if (strcmp(fields[i].field, VIR_NODE_CPU_STATS_IOWAIT) == 0) {
                        iowait = fields[i].value;
                        iowait_known = true;
                }
        }
        if (busy_known && rate_next(&s->busy, busy, now, 1000, NSEC_PER_SEC, &value) == 0)
                r = emit_number(sink, METRIC_HOST_CPU_BUSY, "", value);
        if (r == 0 && iowait_known && rate_next(&s->iowait, iowait, now, 1000, NSEC_PER_SEC, &value) == 0)
                r = emit_number(sink, METRIC_HOST_CPU_IOWAIT, "", value);
        return r;
}

/* nodeinfo.memory is not used where there is better: it may be stale, and knows no containers. */
static int node_emit_memory(virConnectPtr c, SampleSink *sink) {
        virNodeMemoryStats fields[FIELDS_MAX];
        int64_t total = UNKNOWN, available = 0;
        virNodeInfo info;
        int n = 0, r;

        if (virNodeGetMemoryStats(c, VIR_NODE_MEMORY_STATS_ALL_CELLS, NULL, &n, 0) < 0 || n > FIELDS_MAX ||
            virNodeGetMemoryStats(c, VIR_NODE_MEMORY_STATS_ALL_CELLS, fields, &n, 0) < 0) {
                r = virt_error(NULL, 0);
                if (r != -ENOTSUP)
                        return r;
                if (virNodeGetInfo(c, &info) < 0)
                        return virt_error(NULL, 0);
                return emit_number(sink, METRIC_HOST_MEMORY_TOTAL, "", (int64_t) (info.memory / 1024));
        }
        for (int i = 0; i < n; i++) {
                int64_t mib = (int64_t) (fields[i].value / 1024);

                if (strcmp(fields[i].field, VIR_NODE_MEMORY_STATS_TOTAL) == 0)
                        total = mib;
                else /* free, buffers, cached */
                        available += mib;
        }
        r = emit_number(sink, METRIC_HOST_MEMORY_TOTAL, "", total);
        return r < 0 ? r
                     : emit_number(sink, METRIC_HOST_MEMORY_AVAILABLE, "",
                                   total >= 0 && available > total ? total : available);
}

static int node_read(void *state, const CollectorEnv *env, usec_t now, SampleSink *sink) {
        int r;

        if (!env->libvirt)
                return -ENOTCONN;
        r = emit_cpu(state, env->libvirt, now, sink);
        return r < 0 ? r : node_emit_memory(env->libvirt, sink);
}

static void node_close(void *state) {
        (void) state;
}

extern const Collector collector_node;
const Collector collector_node = {
        .name = "node",
        .summary = "CPU and memory use as reported by libvirt, for hosts without an agent",
        .runs = RUNS_REMOTE,
        .state_size = sizeof(NodeState),
        .open = node_open,
        .read = node_read,
        .close = node_close,
};
