/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/parse/domain_xml.h"

#include <errno.h>
#include <string.h>

#include "collectors/parse/word_list.h"
#include "collectors/parse/xml_walk.h"
#include "scheduler/base/text.h"

#define DISKS_MAX 1024
#define MIB       (INT64_C(1) << 20)

static bool is_one_of(const char *word, const char *const *words, size_t n) {
        for (size_t i = 0; word && i < n; i++)
                if (strcmp(word, words[i]) == 0)
                        return true;
        return false;
}

/* ---- numbers ---- */
static int64_t domain_xml_positive(const char *text, int64_t most) {
        int64_t value;

        return text && text_to_int(text, strlen(text), 1, most, &value) == 0 ? value : UNKNOWN;
}

/* <memory unit='KiB'>: libvirt prints KiB; other units are what people write. */
static int64_t memory_mib(Arena *a, const xmlNode *node) {
        static const struct {
                const char *unit;
                int64_t per_mib, mib; /* units to a MiB, or MiB to a unit */
        } units[] = { { "KiB", 1024, 1 }, { "k", 1024, 1 }, { "MiB", 1, 1 }, { "M", 1, 1 },
                      { "GiB", 1, 1024 }, { "G", 1, 1024 }, { "b", MIB, 1 }, { "bytes", MIB, 1 },
                      { "TiB", 1, MIB },  { "T", 1, MIB } };
        const char *unit = xml_attribute(a, node, "unit");
        int64_t value = domain_xml_positive(xml_text(a, node), QUANTITY_MAX);

        for (size_t i = 0; value > 0 && i < ARRAY_SIZE(units); i++)
                if (strcmp(unit ? unit : "KiB", units[i].unit) == 0)
                        return (value * units[i].mib + units[i].per_mib - 1) / units[i].per_mib;
        return UNKNOWN;
}

/* <vcpu current='2'>4</vcpu>: 2 are online */
static int64_t vcpus_of(Arena *a, const xmlNode *node) {
        int64_t current = domain_xml_positive(xml_attribute(a, node, "current"), 65536);

        return current > 0 ? current : domain_xml_positive(xml_text(a, node), 65536);
}

static const char *cpu_model_of(Arena *a, const xmlNode *cpu) {
        static const char *const whole[] = { "host-passthrough", "host-model", "maximum" };
        const char *mode = xml_attribute(a, cpu, "mode");

        return is_one_of(mode, whole, ARRAY_SIZE(whole)) ? mode : xml_text(a, xml_child(cpu, "model"));
}

/* Of a CPU that is not the host's own: what it requires beyond its model. */
static const char *cpu_features_of(Arena *a, const xmlNode *cpu) {
        WordList list = { 0 };

        for (const xmlNode *f = xml_child(cpu, "feature"); f; f = xml_next(f, "feature"))
                if (xml_attribute_is(f, "policy", "require"))
                        words_add(&list, xml_attribute(a, f, "name"));
        return words_join(&list, a);
}

/* <hugepages/> without a size: the default one of x86. Of several sizes, the first. */
static int64_t hugepages_of(Arena *a, const xmlNode *root) {
        const xmlNode *huge = xml_child(xml_child(root, "memoryBacking"), "hugepages");
        const xmlNode *page = xml_child(huge, "page");
        const char *unit = xml_attribute(a, page, "unit");
        const int64_t size = domain_xml_positive(xml_attribute(a, page, "size"), INT64_C(1) << 30);

        if (!huge)
                return 0;
        if (size == UNKNOWN)
                return 2048;
        if (unit && unit[0] == 'M')
                return size * 1024;
        return unit && unit[0] == 'G' ? size * 1024 * 1024 : size;
}

/* <quota> is of each vCPU, <global_quota> of all that QEMU does; 0 and below: none. Those of the emulator and of
 * I/O threads hold no vCPU back. */
static bool cpu_is_limited(Arena *a, const xmlNode *root) {
        static const char *const quotas[] = { "quota", "global_quota" };
        const xmlNode *tune = xml_child(root, "cputune");

        for (size_t i = 0; i < ARRAY_SIZE(quotas); i++)
                if (domain_xml_positive(xml_text(a, xml_child(tune, quotas[i])), INT64_MAX) > 0)
                        return true;
        return false;
}

/* ---- devices ---- */
static bool disk_parse(Arena *a, const xmlNode *node, DomainDisk *ret) {
        const xmlNode *source = xml_child(node, "source");
        const char *type = xml_attribute(a, node, "type"), *path = NULL;
        static const char *const places[] = { "file", "dev", "dir" };

        if (!source || !type)
                return false; /* an empty CD drive */
        for (size_t i = 0; !path && i < ARRAY_SIZE(places); i++)
                path = xml_attribute(a, source, places[i]);
        *ret = (DomainDisk){
                .target = xml_attribute(a, xml_child(node, "target"), "dev"),
                .path = path,
                .pool = xml_attribute(a, source, "pool"),
                .network = strcmp(type, "network") == 0 || strcmp(type, "nvme") == 0,
                .block = strcmp(type, "block") == 0,
                .writable = !xml_child(node, "readonly") && !xml_attribute_is(node, "device", "cdrom"),
        };
        return path || ret->pool || ret->network;
}

static int disks_parse(Arena *a, const xmlNode *devices, DomainFacts *f) {
        DomainDisk *disks;
        uint32_t n = 0;

        for (const xmlNode *d = xml_child(devices, "disk"); d && n < DISKS_MAX; d = xml_next(d, "disk"))
                n++;
        disks = arena_new(a, DomainDisk, n);
        if (!disks)
                return -ENOMEM;
        for (const xmlNode *d = xml_child(devices, "disk"); d && n > 0; d = xml_next(d, "disk"), n--)
                f->n_disks += disk_parse(a, d, &disks[f->n_disks]);
        f->disks = disks;
        return 0;
}

/* What a target must have: libvirt's network by its name, or the bridge, or the card of a macvtap. */
static const char *interface_network(Arena *a, const xmlNode *interface) {
        const xmlNode *source = xml_child(interface, "source");
        static const char *const names[] = { "network", "bridge", "dev" };

        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                const char *name = xml_attribute(a, source, names[i]);

                if (name)
                        return name;
        }
        return NULL;
}

/* A device that is unplugged for the move and plugged in again (failover pair) does not pin its guest. */
static bool is_transient(const xmlNode *device) {
        return xml_attribute_is(xml_child(device, "teaming"), "type", "transient");
}

static const char *hostdev_words(Arena *a, const xmlNode *node) {
        const char *type = xml_attribute(a, node, "type");
        const xmlNode *address = xml_child(xml_child(node, "source"), "address");
        const char *uuid = xml_attribute(a, address, "uuid");

        if (uuid)
                return text_format(a, "passthrough device %s %s", type ? type : "of the host", uuid);
        if (xml_attribute_is(node, "type", "pci")) {
                const char *part[] = { "domain", "bus", "slot", "function" };

                for (size_t i = 0; i < ARRAY_SIZE(part); i++) {
                        const char *digits = xml_attribute(a, address, part[i]);

                        part[i] = digits && strncmp(digits, "0x", 2) == 0 ? digits + 2
                                  : digits                                ? digits
                                                                          : "?";
                }
                return text_format(a, "passthrough PCI device %s:%s:%s.%s", part[0], part[1], part[2],
                                   part[3]);
        }
        return text_format(a, "passthrough %s device", type ? type : "host");
}

/* The first thing libvirt or QEMU refuse to migrate with (qemuMigrationSrcIsAllowed), or NULL. */
static const char *pinned_by(Arena *a, const xmlNode *root, const xmlNode *devices) {
        for (const xmlNode *d = xml_child(devices, "hostdev"); d; d = xml_next(d, "hostdev"))
                if (!is_transient(d))
                        return hostdev_words(a, d);
        for (const xmlNode *d = xml_child(devices, "interface"); d; d = xml_next(d, "interface"))
                if ((xml_attribute_is(d, "type", "hostdev") || xml_attribute_is(d, "type", "vdpa")) &&
                    !is_transient(d))
                        return text_format(a, "passthrough network interface");
        for (const xmlNode *d = xml_child(devices, "disk"); d; d = xml_next(d, "disk"))
                if (xml_attribute_is(d, "type", "nvme"))
                        return text_format(a, "passthrough NVMe disk");
        for (const xmlNode *d = xml_child(devices, "filesystem"); d; d = xml_next(d, "filesystem"))
                return text_format(a, "a folder shared with its host (filesystem device)");
        for (const xmlNode *d = xml_child(devices, "shmem"); d; d = xml_next(d, "shmem"))
                return text_format(a, "memory shared with its host (shmem device)");
        if (xml_child(root, "launchSecurity"))
                return text_format(a, "encrypted memory (launch security)");
        return NULL;
}

/* What an offline migration leaves behind (libvirt: "migrates only the domain definition"), or NULL. */
static const char *kept_by(Arena *a, const xmlNode *root, const xmlNode *devices) {
        if (xml_child(xml_child(root, "os"), "nvram"))
                return text_format(a, "UEFI variables (nvram)");
        for (const xmlNode *d = xml_child(devices, "tpm"); d; d = xml_next(d, "tpm"))
                if (xml_attribute_is(xml_child(d, "backend"), "type", "emulator"))
                        return text_format(a, "the state of its TPM");
        return NULL;
}

/* ---- metadata ---- */
static const xmlNode *own_metadata(const xmlNode *root) {
        const xmlNode *metadata = xml_child(root, "metadata");

        for (const xmlNode *m = metadata ? metadata->children : NULL; m; m = m->next)
                if (m->type == XML_ELEMENT_NODE && m->ns && m->ns->href &&
                    strcmp((const char *) m->ns->href, DOMAIN_METADATA_NAMESPACE) == 0)
                        return m;
        return NULL;
}

/* "host", and " should 50" where the element says so. Commas would part the list of labels: blanks part words
 * as well. */
static const char *rule_value(Arena *a, const xmlNode *node, const char *value) {
        const char *should = xml_attribute(a, node, "should");
        char *text = value ? text_format(a, "%s%s%s", value, should ? " should " : "", should ? should : "")
                           : NULL;

        for (char *c = text; c && *c; c++)
                if (*c == ',')
                        *c = ' ';
        return text;
}

/* <group apart="rack">web</group>: the rules its group is said to keep, as labels (snapshot/label_rules.h).
 */
static void group_rules_add(WordList *labels, Arena *a, const xmlNode *node, const char *name) {
        static const char *const kinds[] = { "apart", "together", "spread" };

        for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
                const char *value = xml_attribute(a, node, kinds[i]),
                           *level = xml_attribute(a, node, "level");

                if (value && level)
                        value = text_format(a, "%s %s", value, level);
                value = rule_value(a, node, value);
                if (value && name)
                        words_add(labels, text_format(a, "%s:%s=%s", kinds[i], name, value));
        }
}

/* Commas part one text into several groups. */
static void groups_add(WordList *list, WordList *labels, Arena *a, const xmlNode *node) {
        const char *text = xml_text(a, node);

        while (text && *text) {
                size_t n, trimmed;
                const char *name;

                text += strspn(text, " ");
                n = trimmed = strcspn(text, ",");
                while (trimmed > 0 && text[trimmed - 1] == ' ')
                        trimmed--;
                name = trimmed > 0 ? text_copy(a, text, trimmed) : NULL;
                words_add(list, name);
                group_rules_add(labels, a, node, name);
                text += n + (text[n] == ',');
        }
}

/* <rule never-move="yes"/>, <rule on="h1 h2" should="50"/>: what the guest itself asks for. */
static void own_rules_add(WordList *labels, Arena *a, const xmlNode *own) {
        static const char *const kinds[] = { "never-move", "move-only", "move-most",
                                             "priority",   "on",        "not-on" };

        for (const xmlNode *r = xml_child(own, "rule"); r; r = xml_next(r, "rule"))
                for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
                        const char *value = rule_value(a, r, xml_attribute(a, r, kinds[i]));

                        if (value)
                                words_add(labels, text_format(a, "rule:%s=%s", kinds[i], value));
                }
}

/* Words of a title that begin with '#': "#web" is a group, "#owner=ops" a label. */
static void title_add(WordList *groups, WordList *labels, Arena *a, const char *title) {
        while (title && *title) {
                const size_t blanks = strspn(title, " \t\r\n,;"), n = strcspn(title + blanks, " \t\r\n,;");
                const char *word = title + blanks;

                if (n > 1 && word[0] == '#') {
                        const bool label = memchr(word, '=', n) != NULL;

                        if (word[1] != '=')
                                words_add(label ? labels : groups, text_copy(a, word + 1, n - 1));
                }
                title = word + n;
        }
}

static int metadata_parse(Arena *a, const xmlNode *root, WordList *list, DomainFacts *f) {
        const xmlNode *own = own_metadata(root);
        WordList groups = { 0 };

        *list = (WordList){ 0 };
        for (const xmlNode *g = xml_child(own, "group"); g; g = xml_next(g, "group"))
                groups_add(&groups, list, a, g);
        title_add(&groups, list, a, f->title);
        f->groups = words_join(&groups, a);
        own_rules_add(list, a, own);
        for (const xmlNode *l = xml_child(own, "label"); l; l = xml_next(l, "label")) {
                const char *key = xml_attribute(a, l, "key"), *value = xml_text(a, l);

                if (key && !strchr(key, '='))
                        words_add(list, text_format(a, "%s=%s", key, value ? value : ""));
        }
        f->labels = words_join(list, a);
        return f->groups && f->labels ? 0 : -ENOMEM;
}

static int domain_xml_facts_read(Arena *a, const xmlNode *root, DomainFacts *f) {
        const xmlNode *devices = xml_child(root, "devices");
        const xmlNode *type = xml_child(xml_child(root, "os"), "type");
        WordList list = { 0 };
        int r;

        f->title = xml_text(a, xml_child(root, "title"));
        f->arch = xml_attribute(a, type, "arch");
        f->machine = xml_attribute(a, type, "machine");
        f->cpu_model = cpu_model_of(a, xml_child(root, "cpu"));
        f->cpu_features = cpu_features_of(a, xml_child(root, "cpu"));
        f->emulator = xml_text(a, xml_child(devices, "emulator"));
        f->hugepages_kib = hugepages_of(a, root);
        f->cpu_limited = cpu_is_limited(a, root);
        f->vcpus = vcpus_of(a, xml_child(root, "vcpu"));
        f->memory_mib = memory_mib(a, xml_child(root, "memory"));
        f->pinned = pinned_by(a, root, devices);
        f->kept = kept_by(a, root, devices);
        for (const xmlNode *i = xml_child(devices, "interface"); i; i = xml_next(i, "interface"))
                words_add(&list, interface_network(a, i));
        f->networks = words_join(&list, a);
        r = metadata_parse(a, root, &list, f);
        if (r == 0)
                r = disks_parse(a, devices, f);
        return r < 0 || !f->networks || !f->cpu_features ? -ENOMEM : 0;
}

int domain_xml_parse(Arena *a, const char *xml, size_t n, DomainFacts *ret) {
        DomainFacts f = { 0 };
        const xmlNode *root;
        xmlDoc *doc;
        int r = xml_open(xml, n, "domain", &doc, &root);

        if (r < 0)
                return r;
        r = domain_xml_facts_read(a, root, &f);
        xml_close(doc);
        /* a text that did not fit is NULL like one that is not there: an arena that is all but full gives it
         * away */
        if (r < 0 || a->limit - a->used < 16384)
                return -ENOMEM;
        *ret = f;
        return 0;
}
