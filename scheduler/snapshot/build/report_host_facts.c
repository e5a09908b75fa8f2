/* SPDX-License-Identifier: Apache-2.0 */
/* What a report says of its host: NICs, peers, pages, NUMA nodes, and the host itself. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/base/text.h"
#include "scheduler/model/bounds.h"
#include "scheduler/snapshot/build/report_parts.h"

#define UNREAD_MAX 3000 /* a text of a snapshot file is at most 4096 */

static int nic_sample(Facts *f, const Sample *sample) {
        uint32_t number = name_table_find(&f->nic_names, sample->subject, strlen(sample->subject));

        if (number == UINT32_MAX) {
                const char *name = text_copy(f->a, sample->subject, strlen(sample->subject));

                if (!name)
                        return -ENOMEM;
                number = name_table_add(&f->nic_names, name);
                f->nics[number] = (Nic){ .name = name,
                                         .speed_mbit = UNKNOWN,
                                         .rx_kbit = UNKNOWN,
                                         .tx_kbit = UNKNOWN,
                                         .peers = UNKNOWN,
                                         .carrier = true };
        }
        if (sample->metric == METRIC_NIC_SWITCH && sample->text && *sample->text) {
                f->switches = f->switches ? text_format(f->a, "%s,%s", f->switches, sample->text)
                                          : text_copy(f->a, sample->text, strlen(sample->text));
                if (!f->switches)
                        return -ENOMEM;
        }
        if (sample->metric == METRIC_NIC_CARRIER)
                f->nics[number].carrier = sample->number != 0;
        return report_facts_fill(f->a, &report_targets[sample->metric], sample, &f->nics[number]);
}

static int peer_sample(Facts *f, const Sample *sample) {
        PeerRtt *p = &f->peers[f->host->n_peers];

        if (sample->number < 0)
                return 0;
        p->name = text_copy(f->a, sample->subject, strlen(sample->subject));
        p->rtt_us = sample->number < QUANTITY_MAX ? sample->number : QUANTITY_MAX;
        f->host->n_peers += p->name != NULL;
        return p->name ? 0 : -ENOMEM;
}

/* One of pages[HUGEPAGES_MAX]: the text is its size in KiB. */
static int report_facts_pages(Facts *f, const char *kib_text, const Sample *sample, Hugepages *pages,
                              uint32_t *io_n) {
        uint32_t i = 0;
        int64_t kib;

        if (text_to_int(kib_text, strlen(kib_text), 1, bound_of(BOUND_PAGE_KIB), &kib) < 0)
                return 0;
        while (i < *io_n && pages[i].kib != kib)
                i++;
        if (i == HUGEPAGES_MAX)
                return 0;
        if (i == *io_n)
                pages[(*io_n)++] = (Hugepages){ .kib = kib };
        return report_facts_fill(f->a, &report_targets[sample->metric], sample, &pages[i]);
}

/* Its subject is the size of a page in KiB. */
static int hugepages_sample(Facts *f, const Sample *sample) {
        return report_facts_pages(f, sample->subject, sample, f->hugepages, &f->host->n_hugepages);
}

/* "smart: Connection timed out (12 readings in a row); md127: container; …": collectors that fail, and items
 * that were not understood. */
static int collector_sample(Facts *f, const Sample *sample) {
        const char *text = sample->text ? sample->text : "", *before = f->host->unread;

        if (before && strlen(before) > UNREAD_MAX)
                return 0;
        f->host->unread = text_format(f->a, "%s%s%s: %.*s", before ? before : "", before ? "; " : "",
                                      sample->subject, (int) report_facts_cut(text, strlen(text), 300), text);
        return f->host->unread ? 0 : -ENOMEM;
}

static void report_facts_pages_finish(Hugepages *pages, uint32_t n) {
        for (uint32_t i = 0; i < n; i++) {
                Hugepages *g = &pages[i];

                g->total_mib = g->total_mib > 0 ? g->total_mib : 0;
                g->free_mib = g->free_mib > 0 ? g->free_mib : 0;
                g->free_mib = g->free_mib < g->total_mib ? g->free_mib : g->total_mib;
        }
}

/* Those of a node that is being filled: it is not const yet. */
static Hugepages *report_facts_node_pages(const NumaNode *node) {
        /* NOLINTNEXTLINE(performance-no-int-to-ptr) */
        return (Hugepages *) (uintptr_t) node->hugepages;
}

static void hugepages_finish(Facts *f) {
        report_facts_pages_finish(f->hugepages, f->host->n_hugepages);
        f->host->hugepages = f->hugepages;
        for (uint32_t i = 0; f->platform && i < f->platform->n_numa; i++)
                if (f->numa[i].n_hugepages > 0)
                        report_facts_pages_finish(report_facts_node_pages(&f->numa[i]),
                                                  f->numa[i].n_hugepages);
}

static int host_contention_sample(Facts *f, const Sample *sample) {
        if (!f->host_contention)
                f->host->contention = f->host_contention =
                        report_facts_contention(f->a, sizeof(*f->host_contention));
        return f->host_contention
                       ? report_facts_fill(f->a, &report_targets[sample->metric], sample, f->host_contention)
                       : -ENOMEM;
}

static HostPlatform *platform_of(Facts *f) {
        if (!f->platform) {
                f->platform = arena_new(f->a, HostPlatform, 1);
                f->numa = arena_new(f->a, NumaNode, NUMA_MAX);
                if (!f->platform || !f->numa)
                        return NULL;
                *f->platform = (HostPlatform){ .hugepages_default_kib = UNKNOWN, .numa = f->numa };
                f->host->platform = f->platform;
        }
        return f->platform;
}

static int platform_sample(Facts *f, const Sample *sample) {
        HostPlatform *p = platform_of(f);

        if (!p)
                return -ENOMEM;
        p->portgroups_known = p->portgroups_known || sample->metric == METRIC_HOST_PORTGROUPS;
        p->images_known = p->images_known || sample->metric == METRIC_HOST_IMAGES;
        return report_facts_fill(f->a, &report_targets[sample->metric], sample, p);
}

/* The first n bytes of the subject are the number of a node. *ret NULL: they are not, or there are too many. */
static int numa_node_of(Facts *f, const char *subject, size_t n, NumaNode **ret) {
        HostPlatform *p = platform_of(f);
        uint32_t i = 0;
        int64_t id;

        *ret = NULL;
        if (!p)
                return -ENOMEM;
        if (text_to_int(subject, n, 0, bound_of(BOUND_NODE_ID), &id) < 0)
                return 0;
        while (i < p->n_numa && f->numa[i].id != id)
                i++;
        if (i == NUMA_MAX)
                return 0;
        if (i == p->n_numa)
                f->numa[p->n_numa++] = (NumaNode){
                        .id = id, .memory_mib = UNKNOWN, .free_mib = UNKNOWN, .available_mib = UNKNOWN
                };
        *ret = &f->numa[i];
        return 0;
}

static int numa_sample(Facts *f, const Sample *sample) {
        NumaNode *node;
        int r = numa_node_of(f, sample->subject, strlen(sample->subject), &node);

        return r < 0 || !node ? r : report_facts_fill(f->a, &report_targets[sample->metric], sample, node);
}

/* Its subject is a node's number and the size of a page: "0/2048". */
static int numa_pages_sample(Facts *f, const Sample *sample) {
        const char *slash = strchr(sample->subject, '/');
        Hugepages *pages;
        NumaNode *node;
        int r;

        if (!slash)
                return 0;
        r = numa_node_of(f, sample->subject, (size_t) (slash - sample->subject), &node);
        if (r < 0 || !node)
                return r;
        if (!node->hugepages)
                node->hugepages = arena_new(f->a, Hugepages, HUGEPAGES_MAX);
        pages = report_facts_node_pages(node);
        return pages ? report_facts_pages(f, slash + 1, sample, pages, &node->n_hugepages) : -ENOMEM;
}

static int report_facts_numa_compare(const void *left, const void *right) {
        const NumaNode *x = left, *y = right;

        return (x->id > y->id) - (x->id < y->id);
}

static int host_sample(Facts *f, const Section *s, const Sample *sample) {
        HostFacts *facts = f->facts;

        if (sample->metric == METRIC_HOST_DAEMON && sample->number == 0)
                facts->daemon_silent = true;
        if (sample->metric == METRIC_HOST_MEMORY_AVAILABLE)
                facts->memory_available_mib = sample->number;
        if (sample->metric == METRIC_HOST_UUID && sample->text && *sample->text)
                facts->uuid = sample->text;
        if ((sample->metric == METRIC_HOST_MEMORY_TOTAL || sample->metric == METRIC_HOST_CPU_BUSY) &&
            (facts->load_read_at == 0 || s->read_at < facts->load_read_at))
                facts->load_read_at = s->read_at;
        if (sample->metric == METRIC_HOST_NETWORKS)
                f->host->networks_known = true;
        if (sample->metric == METRIC_HOST_POOLS)
                f->host->pools_known = true;
        if (report_targets[sample->metric].of == OF_HOST_CONTENTION)
                return host_contention_sample(f, sample);
        if (report_targets[sample->metric].of == OF_HOST_PLATFORM)
                return platform_sample(f, sample);
        return report_targets[sample->metric].of == OF_HOST
                       ? report_facts_fill(f->a, &report_targets[sample->metric], sample, f->host)
                       : 0;
}

static int nic_compare(const void *left, const void *right) {
        return strcmp(((const Nic *) left)->name, ((const Nic *) right)->name);
}

static int report_facts_peer_compare(const void *left, const void *right) {
        const PeerRtt *x = left, *y = right;
        int c = strcmp(x->name, y->name);

        return c != 0 ? c : (x->rtt_us > y->rtt_us) - (x->rtt_us < y->rtt_us);
}

/* By name, each once, not more than a file may hold. */
static void peers_finish(Facts *f) {
        uint32_t kept = 0;

        if (f->host->n_peers > 0)
                qsort(f->peers, f->host->n_peers, sizeof(*f->peers), report_facts_peer_compare);
        for (uint32_t i = 0; i < f->host->n_peers && kept < PEERS_MAX; i++)
                if (kept == 0 || strcmp(f->peers[kept - 1].name, f->peers[i].name) != 0)
                        f->peers[kept++] = f->peers[i];
        f->host->peers = f->peers;
        f->host->n_peers = kept;
}

int report_host_sample(Facts *f, const Section *s, const Sample *sample) {
        if (*sample->subject == '\0')
                return host_sample(f, s, sample);
        switch (report_targets[sample->metric].of) {
        case OF_NIC:
                return nic_sample(f, sample);
        case OF_PEER:
                return peer_sample(f, sample);
        case OF_NUMA:
                return numa_sample(f, sample);
        case OF_NUMA_PAGES:
                return numa_pages_sample(f, sample);
        case OF_HUGEPAGES:
                return hugepages_sample(f, sample);
        case OF_COLLECTOR:
                return collector_sample(f, sample);
        default:
                return 0;
        }
}

int report_host_finish(Facts *f) {
        qsort(f->nics, f->nic_names.n, sizeof(*f->nics), nic_compare);
        if (f->switches && report_facts_split(f->a, f->switches, false, &f->host->switches) < 0)
                return -ENOMEM;
        peers_finish(f);
        f->host->nics = f->nics;
        f->host->n_nics = f->nic_names.n < NICS_MAX ? f->nic_names.n : NICS_MAX;
        hugepages_finish(f);
        if (f->platform && f->platform->n_numa > 0)
                qsort(f->numa, f->platform->n_numa, sizeof(*f->numa), report_facts_numa_compare);
        return 0;
}
