/* SPDX-License-Identifier: Apache-2.0 */
/* host: what libvirt knows of the host: CPUs, model, architecture, UUID, networks and bridges, storage. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/guests/pool_list.h"
#include "collectors/guests/virt_link.h"
#include "collectors/hosts/link_dump.h"
#include "collectors/parse/domain_xml.h"
#include "collectors/parse/host_xml.h"
#include "collectors/parse/word_list.h"
#include "collectors/read/collector.h"
#include "collectors/read/sample_list.h"
#include "scheduler/base/text.h"
#include "scheduler/model/limits.h"

#define SCRATCH_BYTES (UINT64_C(64) << 20)

typedef struct HostState {
        Arena scratch;
} HostState;

static int host_open(void *state, const CollectorEnv *env) {
        (void) env;
        return arena_open(SCRATCH_BYTES, &((HostState *) state)->scratch);
}

/* How much of each is free, libvirt is asked for beside. */
static int emit_numa(Arena *a, virConnectPtr c, const char *xml, SampleSink *sink) {
        unsigned long long available[NUMA_MAX];
        NumaCell cells[NUMA_MAX];
        uint32_t n = 0;
        int r = numa_parse(a, xml, strlen(xml), cells, NUMA_MAX, &n);

        for (uint32_t i = 0; r == 0 && i < n; i++) {
                const char *id = text_format(a, "%lld", (long long) cells[i].id);

                if (!id)
                        return -ENOMEM;
                if ((r = emit_text(sink, METRIC_NUMA_CPUS, id, cells[i].cpus)) < 0 ||
                    (r = emit_number(sink, METRIC_NUMA_MEMORY, id, cells[i].memory_mib)) < 0)
                        return r;
                if (virNodeGetCellsFreeMemory(c, available, (int) cells[i].id, 1) == 1)
                        r = emit_number(sink, METRIC_NUMA_FREE, id, (int64_t) (available[0] >> 20));
        }
        return r;
}

/* 9000000 is 9.0.0. */
static const char *version_text(Arena *a, unsigned long value) {
        return text_format(a, "%lu.%lu.%lu", value / 1000000, value / 1000 % 1000, value % 1000);
}

static int emit_versions(Arena *a, virConnectPtr c, SampleSink *sink) {
        const char *type = virConnectGetType(c);
        unsigned long version;
        int r = 0;

        if (type && virConnectGetVersion(c, &version) == 0 && version > 0)
                r = emit_text(sink, METRIC_HOST_HYPERVISOR, "",
                              text_format(a, "%s %s", type, version_text(a, version)));
        if (r == 0 && virConnectGetLibVersion(c, &version) == 0)
                r = emit_text(sink, METRIC_HOST_LIBVIRT, "", version_text(a, version));
        return r;
}

static int emit_cpus(Arena *a, const CollectorEnv *env, virConnectPtr c, SampleSink *sink) {
        char *xml = virConnectGetCapabilities(c);
        HostFacts facts;
        virNodeInfo info;
        int r;

        if (!xml)
                return virt_error(NULL, 0);
        r = capabilities_parse(a, xml, strlen(xml), &facts);
        if (r == 0)
                r = emit_numa(a, c, xml, sink);
        free(xml);
        if (r < 0)
                return r;
        if (virNodeGetInfo(c, &info) < 0)
                return virt_error(NULL, 0);
        /* on the host itself "cpu" counts them, where it reads their use: a container may see fewer */
        if ((r = emit_number(sink, METRIC_HOST_CPUS, "", env->root ? UNKNOWN : info.cpus)) < 0 ||
            (r = emit_number(sink, METRIC_HOST_CPU_MHZ, "",
                             facts.tsc_mhz > 0 ? facts.tsc_mhz
                             : info.mhz > 0    ? (int64_t) info.mhz
                                               : UNKNOWN)) < 0 ||
            (r = emit_text(sink, METRIC_HOST_CPU_MODEL, "", facts.cpu_model)) < 0 ||
            (r = emit_text(sink, METRIC_HOST_ARCH, "", facts.arch)) < 0 ||
            (r = emit_text(sink, METRIC_HOST_MACHINES, "", facts.machines)) < 0 ||
            (r = emit_text(sink, METRIC_HOST_EMULATORS, "", facts.emulators)) < 0)
                return r;
        return emit_text(sink, METRIC_HOST_UUID, "", facts.uuid);
}

/* What CPU a VM can be given here: what libvirt itself compares a domain's CPU with
 * (virConnectCompareHypervisorCPU). A driver without domain capabilities says nothing. */
static int emit_vm_cpus(Arena *a, virConnectPtr c, SampleSink *sink) {
        char *xml = virConnectGetDomainCapabilities(c, NULL, NULL, NULL, NULL, 0), *whole = NULL;
        const char *features = NULL;
        CpuFacts facts = { 0 };
        int r = 0;

        if (!xml)
                return virt_error(NULL, 0) == -ENOTCONN ? -ENOTCONN : 0;
        r = domain_capabilities_parse(a, xml, strlen(xml), &facts);
        free(xml);
        if (r < 0)
                return r == -ENOMEM ? r : 0;
        if (facts.host_cpu)
                whole = virConnectBaselineHypervisorCPU(c, NULL, NULL, NULL, NULL, &facts.host_cpu, 1,
                                                        VIR_CONNECT_BASELINE_CPU_EXPAND_FEATURES);
        if (whole)
                r = cpu_features_parse(a, whole, strlen(whole), &features);
        free(whole);
        if (r == -ENOMEM || (r = emit_text(sink, METRIC_HOST_CPU_MODELS, "", facts.models)) < 0)
                return r;
        return emit_text(sink, METRIC_HOST_CPU_FEATURES, "", features);
}

/* One that cannot be read makes the list less than whole. */
static void portgroups_of(Arena *a, virNetworkPtr network, WordList *portgroups) {
        char *xml = virNetworkGetXMLDesc(network, 0);

        if (!xml || network_xml_parse(a, xml, strlen(xml), portgroups) < 0)
                portgroups->full = true;
        free(xml);
}

static int add_networks(Arena *a, virConnectPtr c, WordList *list, WordList *portgroups) {
        virNetworkPtr *networks = NULL;
        int n = virConnectListAllNetworks(c, &networks, VIR_CONNECT_LIST_NETWORKS_ACTIVE);

        if (n < 0)
                return virt_error(NULL, 0);
        for (int i = 0; i < n; i++) {
                const char *name = virNetworkGetName(networks[i]);
                char *bridge = virNetworkGetBridgeName(networks[i]); /* NULL: it has none */

                if (name)
                        words_add(list, text_copy(a, name, strlen(name)));
                if (bridge)
                        words_add(list, text_copy(a, bridge, strlen(bridge)));
                free(bridge);
                portgroups_of(a, networks[i], portgroups);
                (void) virNetworkFree(networks[i]);
        }
        free(networks);
        return 0;
}

/* Bridges that libvirt's networks do not know. On the host itself the kernel is asked; from afar libvirt's
 * interface driver, which not every host has. */
static int add_bridges_here(Arena *a, const char *root, WordList *list) {
        const Link *links;
        uint32_t n;
        int r = link_dump(a, root, &links, &n);

        for (uint32_t i = 0; r == 0 && i < n; i++)
                if (link_is_bridge(&links[i]))
                        words_add(list, links[i].name);
        return r;
}

static int add_bridges_there(Arena *a, virConnectPtr c, WordList *list) {
        virInterfacePtr *interfaces = NULL;
        int n = virConnectListAllInterfaces(c, &interfaces, VIR_CONNECT_LIST_INTERFACES_ACTIVE);

        if (n < 0)
                return virt_error(NULL, 0);
        for (int i = 0; i < n; i++) {
                char *xml = virInterfaceGetXMLDesc(interfaces[i], 0);
                const char *bridge = NULL;

                if (xml && interface_xml_parse(a, xml, strlen(xml), &bridge) == 0)
                        words_add(list, bridge);
                free(xml);
                (void) virInterfaceFree(interfaces[i]);
        }
        free(interfaces);
        return 0;
}

/* An empty list is a fact: there are none. A list that is not reported is not known. */
static int emit_words(SampleSink *sink, Metric metric, const char *words) {
        return words ? sink->emit(sink, (Sample){ .metric = metric, .subject = "", .text = words }) : -ENOMEM;
}

/* A list that is not whole is not reported: a bridge missing from it would forbid its host to guests. */
static int emit_networks(Arena *a, const CollectorEnv *env, virConnectPtr c, SampleSink *sink) {
        WordList list = { 0 }, portgroups = { 0 };
        int r = add_networks(a, c, &list, &portgroups);

        if (r == 0 && !portgroups.full)
                r = emit_words(sink, METRIC_HOST_PORTGROUPS, words_join(&portgroups, a));
        if (r == 0)
                r = env->root ? add_bridges_here(a, env->root, &list) : add_bridges_there(a, c, &list);
        if (r < 0 || list.full)
                return 0;
        return emit_words(sink, METRIC_HOST_NETWORKS, words_join(&list, a));
}

/* Files in folders of the host's own: CD images, and what others are overlays of. Too many to list: not known. */
static void images_of_pool(Arena *a, virConnectPtr c, const PoolFacts *facts, WordList *list) {
        virStoragePoolPtr pool = virStoragePoolLookupByName(c, facts->name);
        virStorageVolPtr *volumes = NULL;
        const int n = pool ? virStoragePoolListAllVolumes(pool, &volumes, 0) : 0;

        for (int i = 0; i < n; i++) {
                const char *name = virStorageVolGetName(volumes[i]);

                if (name)
                        words_add(list, text_format(a, "%s/%s", facts->path, name));
                (void) virStorageVolFree(volumes[i]);
        }
        free(volumes);
        if (pool)
                (void) virStoragePoolFree(pool);
}

static int add_images_in_use(Arena *a, virConnectPtr c, WordList *list) {
        virDomainPtr *domains = NULL;
        const int n = virConnectListAllDomains(c, &domains, VIR_CONNECT_LIST_DOMAINS_ACTIVE);
        int r = n < 0 ? virt_error(NULL, 0) : 0;

        for (int i = 0; i < n; i++) {
                char *xml = r == 0 ? virDomainGetXMLDesc(domains[i], 0) : NULL;
                DomainFacts facts;

                if (xml && domain_xml_parse(a, xml, strlen(xml), &facts) == 0)
                        for (uint32_t k = 0; k < facts.n_disks; k++)
                                if (facts.disks[k].path && !facts.disks[k].block && !facts.disks[k].network)
                                        words_add(list, facts.disks[k].path);
                free(xml);
                (void) virDomainFree(domains[i]);
        }
        free(domains);
        return r;
}

static int emit_images(Arena *a, virConnectPtr c, const PoolList *pools, SampleSink *sink) {
        WordList list = { 0 };
        int r = add_images_in_use(a, c, &list);

        for (uint32_t i = 0; r == 0 && i < pools->n_pools; i++)
                if (pools->pools[i].path && !pools->pools[i].shared && !pools->pools[i].block)
                        images_of_pool(a, c, &pools->pools[i], &list);
        return r < 0 || list.full ? 0 : emit_words(sink, METRIC_HOST_IMAGES, words_join(&list, a));
}

static int emit_pools(Arena *a, const CollectorEnv *env, virConnectPtr c, SampleSink *sink) {
        WordList list = { 0 };
        PoolList pools;
        int r = pool_list_read(a, c, env->root, &pools);

        if (r < 0)
                return r == -ENOMEM ? r : 0;
        for (uint32_t i = 0; i < pools.n_pools; i++)
                words_add(&list, pools.pools[i].identity);
        for (uint32_t i = 0; i < pools.n_mounts; i++)
                if (mount_is_shared(&pools.mounts[i]))
                        words_add(&list, mount_identity(a, &pools.mounts[i]));
        r = list.full ? 0 : emit_words(sink, METRIC_HOST_POOLS, words_join(&list, a));
        return r < 0 ? r : emit_images(a, c, &pools, sink);
}

static int host_read(void *state, const CollectorEnv *env, usec_t now, SampleSink *sink) {
        Arena *a = &((HostState *) state)->scratch;
        virConnectPtr c = env->libvirt;
        int r;

        (void) now;
        if (!c)
                return -ENOTCONN;
        arena_rewind(a, 0);
        if ((r = emit_cpus(a, env, c, sink)) < 0 || (r = emit_versions(a, c, sink)) < 0 ||
            (r = emit_vm_cpus(a, c, sink)) < 0 || (r = emit_networks(a, env, c, sink)) < 0 ||
            (r = emit_pools(a, env, c, sink)) < 0)
                return r;
        return emit_text(sink, METRIC_HOST_URI, "", env->uri);
}

static void host_close(void *state) {
        arena_close(&((HostState *) state)->scratch);
}

extern const Collector collector_host;
const Collector collector_host = {
        .name = "host",
        .summary = "CPUs, model, architecture, networks, storage pools (libvirt)",
        .runs = RUNS_ON_HOST | RUNS_REMOTE,
        .interval = 60 * USEC_PER_SEC,
        .state_size = sizeof(HostState),
        .open = host_open,
        .read = host_read,
        .close = host_close,
};
