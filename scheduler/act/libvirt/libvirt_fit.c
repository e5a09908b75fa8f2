/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/act/libvirt/libvirt_fit.h"

#include <errno.h>
#include <libvirt/virterror.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AGENT_SECONDS 5
#define AGENT_TRIES   3
#define MEMORY_STATS  16 /* more fields than any libvirt gives */
#define SPARE_MIB     64 /* of the target: QEMU itself, and what the host does meanwhile */

/* ---- what it is ---- */

int libvirt_moved(virDomainPtr domain, bool inactive, MovedDomain *ret, char reterr_words[LIBVIRT_WORDS]) {
        char *xml = virDomainGetXMLDesc(domain, inactive ? VIR_DOMAIN_XML_INACTIVE : 0);
        int r = -EIO;

        if (!xml) {
                libvirt_last_words(reterr_words);
                return r;
        }
        r = moved_domain_parse(xml, ret);
        free(xml);
        if (r < 0)
                (void) snprintf(reterr_words, LIBVIRT_WORDS, "%s",
                                r == -ENOMEM ? "out of memory" : "its domain XML cannot be read");
        return r;
}

/* ---- before ---- */

/* Answered with "no": the driver has no such call, or the question was none for it. */
static bool no_answer(void) {
        int code = virGetLastErrorCode();

        return code == VIR_ERR_NO_SUPPORT || code == VIR_ERR_CONFIG_UNSUPPORTED ||
               code == VIR_ERR_INVALID_ARG;
}

static bool cpu_fits(const MovedDomain *d, virConnectPtr target, char words[LIBVIRT_WORDS]) {
        int r;

        if (!d->cpu || d->cpu_of_host || !d->type || strcmp(d->type, "kvm") != 0)
                return true;
        r = virConnectCompareHypervisorCPU(target, d->emulator, d->arch, d->machine, d->type, d->cpu, 0);
        if (r == VIR_CPU_COMPARE_INCOMPATIBLE) {
                (void) snprintf(words, LIBVIRT_WORDS,
                                "its CPU is not compatible with the hypervisor's there");
                return false;
        }
        if (r == VIR_CPU_COMPARE_ERROR && !no_answer()) {
                char why[LIBVIRT_WORDS];

                libvirt_last_words(why);
                (void) snprintf(words, LIBVIRT_WORDS, "its CPU cannot be compared: %.200s", why);
                return false;
        }
        return true;
}

static bool network_fits(const char *name, virConnectPtr target, char words[LIBVIRT_WORDS]) {
        virNetworkPtr network = virNetworkLookupByName(target, name);
        int active;

        if (!network) {
                if (no_answer())
                        return true;
                (void) snprintf(words, LIBVIRT_WORDS, "network %.64s not found", name);
                return false;
        }
        active = virNetworkIsActive(network);
        (void) virNetworkFree(network);
        if (active == 0)
                (void) snprintf(words, LIBVIRT_WORDS, "network %.64s is not active there", name);
        return active != 0;
}

static bool pool_fits(const char *name, virConnectPtr target, char words[LIBVIRT_WORDS]) {
        virStoragePoolPtr pool = virStoragePoolLookupByName(target, name);
        int active;

        if (!pool) {
                if (no_answer())
                        return true;
                (void) snprintf(words, LIBVIRT_WORDS, "storage pool %.64s not found", name);
                return false;
        }
        active = virStoragePoolIsActive(pool);
        (void) virStoragePoolFree(pool);
        if (active == 0)
                (void) snprintf(words, LIBVIRT_WORDS, "storage pool %.64s is not active there", name);
        return active != 0;
}

/* What it holds in KiB; 0: nobody says, or it is off. */
static unsigned long long libvirt_fit_memory_of(virDomainPtr domain) {
        virDomainMemoryStatStruct stats[VIR_DOMAIN_MEMORY_STAT_NR];
        int n = virDomainMemoryStats(domain, stats, VIR_DOMAIN_MEMORY_STAT_NR, 0);
        virDomainInfo info;

        if (virDomainIsActive(domain) == 0)
                return 0;
        for (int i = 0; i < n; i++)
                if (stats[i].tag == VIR_DOMAIN_MEMORY_STAT_RSS)
                        return stats[i].val;
        return virDomainGetInfo(domain, &info) == 0 ? info.memory : 0;
}

/* Free and what the kernel gives back at once, in KiB; false: it is not said. */
static bool memory_free(virConnectPtr target, unsigned long long *ret) {
        virNodeMemoryStats stats[MEMORY_STATS];
        int n = 0;

        if (virNodeGetMemoryStats(target, VIR_NODE_MEMORY_STATS_ALL_CELLS, NULL, &n, 0) < 0 || n <= 0 ||
            n > MEMORY_STATS ||
            virNodeGetMemoryStats(target, VIR_NODE_MEMORY_STATS_ALL_CELLS, stats, &n, 0) < 0)
                return false;
        *ret = 0;
        for (int i = 0; i < n; i++)
                if (strcmp(stats[i].field, VIR_NODE_MEMORY_STATS_FREE) == 0 ||
                    strcmp(stats[i].field, VIR_NODE_MEMORY_STATS_BUFFERS) == 0 ||
                    strcmp(stats[i].field, VIR_NODE_MEMORY_STATS_CACHED) == 0)
                        *ret += stats[i].value;
        return true;
}

/* What it holds now has to be sent there; what it is promised it may take there. */
static bool memory_fits(virDomainPtr domain, const MigrationRequest *request, virConnectPtr target,
                        char words[LIBVIRT_WORDS]) {
        const unsigned long long promised =
                request->memory_mib > 0 ? (unsigned long long) request->memory_mib * 1024 : 0;
        unsigned long long holds = libvirt_fit_memory_of(domain), there = 0;

        if ((holds == 0 && promised == 0) || !memory_free(target, &there))
                return true;
        there += request->reclaimable_mib > 0 ? (unsigned long long) request->reclaimable_mib * 1024 : 0;
        if (there < promised)
                (void) snprintf(
                        words, LIBVIRT_WORDS,
                        "it needs %llu MiB of memory there, QEMU's own counted, and %llu MiB are free",
                        promised / 1024, there / 1024);
        else if (holds > 0 && there < holds + SPARE_MIB * 1024ULL)
                (void) snprintf(words, LIBVIRT_WORDS,
                                "it holds %llu MiB of memory, and %llu MiB are free there", holds / 1024,
                                there / 1024);
        else
                return true;
        return false;
}

/* Free of a node (−1: of all together) in MiB; false: it is not said. */
static bool node_free(virConnectPtr target, int node, int64_t kib, unsigned long long *ret) {
        unsigned pages = (unsigned) kib;
        unsigned long long n = 0;

        if (kib > 0) {
                if (virNodeGetFreePages(target, 1, &pages, node, 1, &n, 0) != 1)
                        return false;
                *ret = n * (unsigned long long) kib / 1024;
                return true;
        }
        if (virNodeGetCellsFreeMemory(target, &n, node, 1) != 1)
                return false;
        *ret = n >> 20;
        return true;
}

/* Of the nodes of the need together; false: one of them does not say. */
static bool nodes_free(virConnectPtr target, const NodeNeed *need, unsigned long long *ret) {
        unsigned long long sum = (unsigned long long) need->lent_mib, one;

        if (need->nodes == 0)
                return node_free(target, -1, need->kib, ret);
        for (int node = 0; node < 64; node++)
                if (need->nodes >> node & 1) {
                        if (!node_free(target, node, need->kib, &one))
                                return false;
                        sum += one;
                }
        *ret = sum;
        return true;
}

static void nodes_words(uint64_t nodes, char words[64]) {
        size_t n = 0;

        words[0] = '\0';
        for (int node = 0; node < 64 && n < 56; node++)
                if (nodes >> node & 1)
                        n += (size_t) snprintf(words + n, 64 - n, "%s%d", n > 0 ? "," : "", node);
}

/* Pages and bound memory are taken when QEMU starts there, from these nodes or not at all. */
static bool nodes_fit(const MigrationRequest *request, virConnectPtr target, char words[LIBVIRT_WORDS]) {
        for (uint32_t i = 0; i < request->n_nodes; i++) {
                const NodeNeed *need = &request->nodes[i];
                const char *what = need->kib > 0 ? "huge pages" : "memory";
                unsigned long long there;
                char nodes[64];

                if (!nodes_free(target, need, &there) || there >= (unsigned long long) need->need_mib)
                        continue;
                nodes_words(need->nodes, nodes);
                (void) snprintf(
                        words, LIBVIRT_WORDS, "it needs %lld MiB of %s%s%s there, and %llu MiB are free",
                        (long long) need->need_mib, what, need->nodes ? " on NUMA node " : "", nodes, there);
                return false;
        }
        return true;
}

bool libvirt_fits(virDomainPtr domain, const MovedDomain *d, const MigrationRequest *request,
                  virConnectPtr target, char reterr_words[LIBVIRT_WORDS]) {
        for (size_t i = 0; i < d->n_ports; i++)
                if (d->ports[i].network && !network_fits(d->ports[i].network, target, reterr_words))
                        return false;
        for (size_t i = 0; i < d->n_disks; i++)
                if (d->disks[i].pool && !pool_fits(d->disks[i].pool, target, reterr_words))
                        return false;
        return cpu_fits(d, target, reterr_words) && nodes_fit(request, target, reterr_words) &&
               (d->huge_pages || memory_fits(domain, request, target, reterr_words));
}

/* ---- disks ---- */

static bool pool_holds(virStoragePoolPtr pool, const char *path) {
        char *xml = virStoragePoolGetXMLDesc(pool, 0);
        const char *begin = xml ? strstr(xml, "<path>") : NULL,
                   *end = begin ? strstr(begin, "</path>") : NULL;
        const char *name = strrchr(path, '/');
        bool holds = false;

        if (end) {
                const size_t n = (size_t) (end - begin) - strlen("<path>");

                holds = n == (size_t) (name - path) && strncmp(begin + strlen("<path>"), path, n) == 0;
        }
        free(xml);
        return holds;
}

static bool some_pool_holds(virConnectPtr target, const char *path) {
        virStoragePoolPtr *pools = NULL;
        int n = virConnectListAllStoragePools(target, &pools, VIR_CONNECT_LIST_STORAGE_POOLS_ACTIVE);
        bool holds = false;

        for (int i = 0; i < n; i++) {
                holds = holds || pool_holds(pools[i], path);
                (void) virStoragePoolFree(pools[i]);
        }
        free(pools);
        return holds;
}

bool libvirt_disks_to_copy(const MovedDomain *d, virConnectPtr target, const char *disks[MOVED_LIST_MAX + 1],
                           char reterr_words[LIBVIRT_WORDS]) {
        size_t n = 0;

        for (size_t i = 0; i < d->n_disks; i++) {
                const char *path = d->disks[i].path;
                virStorageVolPtr there = path ? virStorageVolLookupByPath(target, path) : NULL;

                if (there || !path) {
                        if (there)
                                (void) virStorageVolFree(there);
                        continue; /* it has it, or reaches it through its pool */
                }
                if (strncmp(path, "/dev/", 5) == 0 || path[0] != '/' || !some_pool_holds(target, path)) {
                        (void) snprintf(
                                reterr_words, LIBVIRT_WORDS,
                                "its disk %s would have to be copied, and no active directory pool there contains %.120s",
                                d->disks[i].target, path);
                        return false;
                }
                disks[n++] = d->disks[i].target;
        }
        disks[n] = NULL;
        return true;
}

/* ---- after ---- */

static bool agent_answers(virDomainPtr domain) {
        unsigned nanoseconds;
        long long seconds;

        (void) virDomainAgentSetResponseTimeout(domain, AGENT_SECONDS, 0);
        for (int i = 0; i < AGENT_TRIES; i++) {
                if (virDomainGetTime(domain, &seconds, &nanoseconds, 0) == 0)
                        return true;
                clock_sleep(USEC_PER_SEC / 2); /* its channel opens a moment after the VM goes on */
        }
        return false;
}

void libvirt_remark(virDomainPtr domain, const MovedDomain *before, char words[LIBVIRT_WORDS]) {
        char why[LIBVIRT_WORDS];
        MovedDomain after;

        words[0] = '\0';
        if (libvirt_moved(domain, false, &after, why) < 0) {
                (void) snprintf(words, LIBVIRT_WORDS, "its definition there cannot be read: %.180s", why);
                return;
        }
        if (!moved_domain_differs(before, &after, words, LIBVIRT_WORDS) && before->agent &&
            !agent_answers(domain))
                (void) snprintf(words, LIBVIRT_WORDS,
                                "the guest agent answered before, and does not answer now");
        moved_domain_done(&after);
}
