/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/parse/host_xml.h"

#include <errno.h>
#include <string.h>

#include "collectors/parse/word_list.h"
#include "collectors/parse/xml_walk.h"
#include "scheduler/base/text.h"
#include "scheduler/model/bounds.h"

#define HZ_PER_MHZ 1000000

/* <counter name='tsc' frequency='2494140000'/>: the nominal speed. /proc/cpuinfo's moves with power saving */
static int64_t tsc_mhz(Arena *a, const xmlNode *cpu) {
        for (const xmlNode *c = xml_child(cpu, "counter"); c; c = xml_next(c, "counter")) {
                const char *hz = xml_attribute(a, c, "frequency");
                int64_t value;

                if (hz && xml_attribute_is(c, "name", "tsc") &&
                    text_to_int(hz, strlen(hz), HZ_PER_MHZ, bound_of(BOUND_TSC_HZ), &value) == 0)
                        return (value + HZ_PER_MHZ / 2) / HZ_PER_MHZ;
        }
        return UNKNOWN;
}

static void add_guest(Arena *a, const xmlNode *arch, WordList *machines, WordList *emulators) {
        for (const xmlNode *m = xml_child(arch, "machine"); m; m = xml_next(m, "machine")) {
                words_add(machines, xml_text(a, m));
                words_add(machines, xml_attribute(a, m, "canonical"));
        }
        words_add(emulators, xml_text(a, xml_child(arch, "emulator")));
        for (const xmlNode *d = xml_child(arch, "domain"); d; d = xml_next(d, "domain")) {
                words_add(emulators, xml_text(a, xml_child(d, "emulator")));
                for (const xmlNode *m = xml_child(d, "machine"); m; m = xml_next(m, "machine")) {
                        words_add(machines, xml_text(a, m));
                        words_add(machines, xml_attribute(a, m, "canonical"));
                }
        }
}

static const char *words_whole(WordList *list, Arena *a) {
        return list->n > 0 && !list->full ? words_join(list, a) : NULL;
}

/* Machine types and emulators for guests of the host's own architecture. */
static void guests_parse(Arena *a, const xmlNode *root, HostFacts *f) {
        WordList machines = { 0 }, emulators = { 0 };

        for (const xmlNode *g = xml_child(root, "guest"); g && f->arch; g = xml_next(g, "guest")) {
                const xmlNode *arch = xml_child(g, "arch");

                if (xml_attribute_is(arch, "name", f->arch))
                        add_guest(a, arch, &machines, &emulators);
        }
        f->machines = words_whole(&machines, a);
        f->emulators = words_whole(&emulators, a);
}

/* <mode name='host-model'> as a CPU of its own. */
static const char *host_model_xml(Arena *a, const xmlNode *mode) {
        const char *model = xml_text(a, xml_child(mode, "model")), *text = NULL;

        if (model && !strpbrk(model, "<>&'\""))
                text = text_format(a, "<cpu><model>%s</model>", model);
        for (const xmlNode *f = xml_child(mode, "feature"); f && text; f = xml_next(f, "feature")) {
                const char *name = xml_attribute(a, f, "name"), *policy = xml_attribute(a, f, "policy");

                if (name && policy && !strpbrk(name, "<>&'\"") && !strpbrk(policy, "<>&'\""))
                        text = text_format(a, "%s<feature policy='%s' name='%s'/>", text, policy, name);
        }
        return text ? text_format(a, "%s</cpu>", text) : NULL;
}

int domain_capabilities_parse(Arena *a, const char *xml, size_t n, CpuFacts *ret) {
        const xmlNode *root, *cpu;
        WordList models = { 0 };
        CpuFacts facts = { 0 };
        xmlDoc *doc;
        int r = xml_open(xml, n, "domainCapabilities", &doc, &root);

        if (r < 0)
                return r;
        cpu = xml_child(root, "cpu");
        for (const xmlNode *mode = xml_child(cpu, "mode"); mode; mode = xml_next(mode, "mode")) {
                if (xml_attribute_is(mode, "name", "host-model"))
                        facts.host_cpu = host_model_xml(a, mode);
                if (!xml_attribute_is(mode, "name", "custom"))
                        continue;
                for (const xmlNode *m = xml_child(mode, "model"); m; m = xml_next(m, "model"))
                        if (xml_attribute_is(m, "usable", "yes"))
                                words_add(&models, xml_text(a, m));
        }
        xml_close(doc);
        facts.models = words_whole(&models, a);
        if (a->limit - a->used < 16384)
                return -ENOMEM; /* a text that did not fit is NULL, like one that is not there */
        *ret = facts;
        return 0;
}

int cpu_features_parse(Arena *a, const char *xml, size_t n, const char **ret) {
        const xmlNode *root;
        WordList features = { 0 };
        xmlDoc *doc;
        int r = xml_open(xml, n, "cpu", &doc, &root);

        if (r < 0)
                return r;
        for (const xmlNode *f = xml_child(root, "feature"); f; f = xml_next(f, "feature"))
                if (!xml_attribute_is(f, "policy", "disable") && !xml_attribute_is(f, "policy", "forbid"))
                        words_add(&features, xml_attribute(a, f, "name"));
        xml_close(doc);
        *ret = words_whole(&features, a);
        return a->limit - a->used < 16384 ? -ENOMEM : 0;
}

int capabilities_parse(Arena *a, const char *xml, size_t n, HostFacts *ret) {
        const xmlNode *root, *host, *cpu;
        xmlDoc *doc;
        int r = xml_open(xml, n, "capabilities", &doc, &root);

        if (r < 0)
                return r;
        host = xml_child(root, "host");
        cpu = xml_child(host, "cpu");
        *ret = (HostFacts){
                .uuid = xml_text(a, xml_child(host, "uuid")),
                .arch = xml_text(a, xml_child(cpu, "arch")),
                .cpu_model = xml_text(a, xml_child(cpu, "model")),
                .tsc_mhz = tsc_mhz(a, cpu),
        };
        guests_parse(a, root, ret);
        xml_close(doc);
        return 0;
}

static const char *or_empty(const char *s) {
        return s ? s : "";
}

/* Storage that is the same wherever it is attached is named by where it comes from; a host's own by where it
 * is on the host: a disk that is copied along needs the same place at the target. */
static const char *pool_identity(Arena *a, const char *type, const xmlNode *source, const char *path) {
        const char *host = or_empty(xml_attribute(a, xml_child(source, "host"), "name"));
        const char *dir = or_empty(xml_attribute(a, xml_child(source, "dir"), "path"));
        const char *device = or_empty(xml_attribute(a, xml_child(source, "device"), "path"));
        const char *name = or_empty(xml_text(a, xml_child(source, "name")));
        const char *format = xml_attribute(a, xml_child(source, "format"), "type");

        if (strcmp(type, "netfs") == 0)
                return text_format(a, "%s:%s:%s", !format || strcmp(format, "auto") == 0 ? "nfs" : format,
                                   host, dir);
        if (strcmp(type, "iscsi") == 0 || strcmp(type, "iscsi-direct") == 0)
                return text_format(a, "iscsi:%s:%s", host, device);
        if (strcmp(type, "gluster") == 0)
                return text_format(a, "gluster:%s:%s", host, name);
        if (strcmp(type, "rbd") == 0 || strcmp(type, "sheepdog") == 0 || strcmp(type, "vstorage") == 0)
                return text_format(a, "%s:%s", type, name);
        return text_format(a, "%s:%s", type, path ? path : name);
}

static bool type_is_shared(const char *type) {
        static const char *const shared[] = { "netfs", "iscsi",    "iscsi-direct", "gluster",
                                              "rbd",   "sheepdog", "vstorage" };

        for (size_t i = 0; i < ARRAY_SIZE(shared); i++)
                if (strcmp(type, shared[i]) == 0)
                        return true;
        return false;
}

/* Volumes of these are devices of the host. */
static bool type_is_block(const char *type) {
        static const char *const block[] = { "logical", "disk", "mpath", "scsi", "iscsi" };

        for (size_t i = 0; i < ARRAY_SIZE(block); i++)
                if (strcmp(type, block[i]) == 0)
                        return true;
        return false;
}

int pool_xml_parse(Arena *a, const char *xml, size_t n, PoolFacts *ret) {
        const xmlNode *root;
        const char *type;
        xmlDoc *doc;
        PoolFacts pool;
        int r = xml_open(xml, n, "pool", &doc, &root);

        if (r < 0)
                return r;
        type = xml_attribute(a, root, "type");
        pool = (PoolFacts){
                .name = xml_text(a, xml_child(root, "name")),
                .path = xml_text(a, xml_child(xml_child(root, "target"), "path")),
        };
        if (type && pool.name) {
                pool.shared = type_is_shared(type);
                pool.block = type_is_block(type);
                pool.identity = pool_identity(a, type, xml_child(root, "source"), pool.path);
        }
        xml_close(doc);
        if (!type || !pool.name)
                return -EBADMSG;
        if (!pool.identity)
                return -ENOMEM;
        *ret = pool;
        return 0;
}

int interface_xml_parse(Arena *a, const char *xml, size_t n, const char **ret_bridge) {
        const xmlNode *root;
        xmlDoc *doc;
        int r = xml_open(xml, n, "interface", &doc, &root);

        if (r < 0)
                return r;
        *ret_bridge = xml_attribute_is(root, "type", "bridge") ? xml_attribute(a, root, "name") : NULL;
        xml_close(doc);
        return 0;
}

int network_xml_parse(Arena *a, const char *xml, size_t n, WordList *portgroups) {
        const xmlNode *root;
        const char *name;
        xmlDoc *doc;
        int r = xml_open(xml, n, "network", &doc, &root);

        if (r < 0)
                return r;
        name = xml_text(a, xml_child(root, "name"));
        for (const xmlNode *g = xml_child(root, "portgroup"); g && name; g = xml_next(g, "portgroup")) {
                const char *group = xml_attribute(a, g, "name");

                if (group)
                        words_add(portgroups, text_format(a, "%s/%s", name, group));
        }
        xml_close(doc);
        return 0;
}

/* "0-15,32-47" from <cpu id='0'/> …, which come in order. */
static const char *cell_cpus(Arena *a, const xmlNode *cell) {
        const char *text = NULL;
        int64_t first = UNKNOWN, last = UNKNOWN;

        for (const xmlNode *c = xml_child(xml_child(cell, "cpus"), "cpu");; c = xml_next(c, "cpu")) {
                const char *id = c ? xml_attribute(a, c, "id") : NULL;
                int64_t number = UNKNOWN;

                if (id && text_to_int(id, strlen(id), 0, bound_of(BOUND_NODE_ID), &number) < 0)
                        return NULL;
                if (number != UNKNOWN && first != UNKNOWN && number == last + 1) {
                        last = number;
                        continue;
                }
                if (first != UNKNOWN) {
                        text = last > first
                                       ? text_format(a, "%s%s%lld-%lld", text ? text : "", text ? "," : "",
                                                     (long long) first, (long long) last)
                                       : text_format(a, "%s%s%lld", text ? text : "", text ? "," : "",
                                                     (long long) first);
                        if (!text)
                                return NULL;
                }
                if (number == UNKNOWN)
                        return text;
                first = last = number;
        }
}

int numa_parse(Arena *a, const char *xml, size_t n, NumaCell *ret, uint32_t most, uint32_t *ret_n) {
        const xmlNode *root, *cells;
        xmlDoc *doc;
        uint32_t found = 0;
        int r = xml_open(xml, n, "capabilities", &doc, &root);

        if (r < 0)
                return r;
        cells = xml_child(xml_child(xml_child(root, "host"), "topology"), "cells");
        for (const xmlNode *c = xml_child(cells, "cell"); c && found < most; c = xml_next(c, "cell")) {
                const char *id = xml_attribute(a, c, "id"), *kib = xml_text(a, xml_child(c, "memory"));
                int64_t memory;

                if (!id || text_to_int(id, strlen(id), 0, bound_of(BOUND_NODE_ID), &ret[found].id) < 0)
                        continue;
                ret[found].cpus = cell_cpus(a, c);
                ret[found].memory_mib =
                        kib && text_to_int(kib, strlen(kib), 0, bound_of(BOUND_KERNEL), &memory) == 0
                                ? memory / 1024
                                : UNKNOWN;
                found++;
        }
        xml_close(doc);
        *ret_n = found;
        return 0;
}
