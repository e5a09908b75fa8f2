/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/parse/domain_xml.h"

#include <errno.h>
#include <string.h>

#include "collectors/parse/domain_bonds.h"
#include "collectors/parse/domain_metadata.h"
#include "collectors/parse/word_list.h"
#include "collectors/parse/xml_walk.h"
#include "scheduler/base/text.h"
#include "scheduler/model/bounds.h"

#define DISKS_MAX 1024

static bool is_one_of(const char *word, const char *const *words, size_t n) {
        for (size_t i = 0; word && i < n; i++)
                if (strcmp(word, words[i]) == 0)
                        return true;
        return false;
}

static int64_t memory_mib(Arena *a, const xmlNode *node) {
        return domain_mib(a, node, xml_text(a, node));
}

/* <vcpu current='2'>4</vcpu>: 2 are online */
static int64_t vcpus_of(Arena *a, const xmlNode *node) {
        int64_t current = domain_positive(xml_attribute(a, node, "current"), metric_bound(METRIC_VM_VCPUS));

        return current > 0 ? current : domain_positive(xml_text(a, node), metric_bound(METRIC_VM_VCPUS));
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

/* <hugepages/> without a size: what its host takes then. Of several sizes, the first. */
static int64_t hugepages_of(Arena *a, const xmlNode *root, bool *ret_default) {
        const xmlNode *huge = xml_child(xml_child(root, "memoryBacking"), "hugepages");
        const xmlNode *page = xml_child(huge, "page");
        const char *unit = xml_attribute(a, page, "unit");
        const int64_t size = domain_positive(xml_attribute(a, page, "size"), bound_of(BOUND_PAGE_KIB));

        if (!huge)
                return 0;
        *ret_default = size == UNKNOWN;
        if (size == UNKNOWN)
                return 0;
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
                if (domain_positive(xml_text(a, xml_child(tune, quotas[i])), bound_of(BOUND_KERNEL)) > 0)
                        return true;
        return false;
}

/* QEMU refuses to send an invariant TSC whose frequency nobody says. */
static bool has_bare_invtsc(Arena *a, const xmlNode *root) {
        const xmlNode *clock = xml_child(root, "clock"), *cpu = xml_child(root, "cpu");
        bool invtsc = false;

        for (const xmlNode *f = xml_child(cpu, "feature"); f; f = xml_next(f, "feature"))
                invtsc = invtsc ||
                         (xml_attribute_is(f, "name", "invtsc") && xml_attribute_is(f, "policy", "require"));
        for (const xmlNode *t = xml_child(clock, "timer"); invtsc && t; t = xml_next(t, "timer"))
                if (xml_attribute_is(t, "name", "tsc") &&
                    domain_positive(xml_attribute(a, t, "frequency"), bound_of(BOUND_KERNEL)) > 0)
                        return false;
        return invtsc;
}

/* ---- devices ---- */
static bool disk_source_parse(Arena *a, const char *type, const xmlNode *source, DomainDisk *ret) {
        static const char *const places[] = { "file", "dev", "dir" };

        if (!source || !type)
                return false; /* an empty CD drive, the end of a chain */
        for (size_t i = 0; !ret->path && i < ARRAY_SIZE(places); i++)
                ret->path = xml_attribute(a, source, places[i]);
        ret->pool = xml_attribute(a, source, "pool");
        ret->volume = xml_attribute(a, source, "volume");
        ret->network = strcmp(type, "network") == 0 || strcmp(type, "nvme") == 0 ||
                       strcmp(type, "vhostuser") == 0 || strcmp(type, "vhostvdpa") == 0;
        ret->block = strcmp(type, "block") == 0;
        return ret->path || ret->pool || ret->network;
}

/* "requisite": dropped where it is missing at a migration; "optional": whenever it is missing. */
static bool disk_is_optional(const xmlNode *source) {
        return xml_attribute_is(source, "startupPolicy", "requisite") ||
               xml_attribute_is(source, "startupPolicy", "optional");
}

static bool disk_parse(Arena *a, const xmlNode *node, DomainDisk *ret) {
        const xmlNode *source = xml_child(node, "source");

        *ret = (DomainDisk){
                .target = xml_attribute(a, xml_child(node, "target"), "dev"),
                .writable = !xml_child(node, "readonly") && !xml_attribute_is(node, "device", "cdrom"),
                .optional = disk_is_optional(source),
        };
        return disk_source_parse(a, xml_attribute(a, node, "type"), source, ret);
}

static uint32_t disks_count(const xmlNode *devices) {
        uint32_t n = 0;

        for (const xmlNode *d = xml_child(devices, "disk"); d && n < DISKS_MAX; d = xml_next(d, "disk")) {
                n++;
                for (const xmlNode *b = xml_child(d, "backingStore"); b && n < DISKS_MAX;
                     b = xml_child(b, "backingStore"))
                        n++;
        }
        return n;
}

static int disks_parse(Arena *a, const xmlNode *devices, DomainFacts *f) {
        const uint32_t most = disks_count(devices);
        DomainDisk *disks = arena_new(a, DomainDisk, most);

        if (!disks)
                return -ENOMEM;
        for (const xmlNode *d = xml_child(devices, "disk"); d && f->n_disks < most; d = xml_next(d, "disk")) {
                if (!disk_parse(a, d, &disks[f->n_disks]))
                        continue;
                f->n_disks++;
                for (const xmlNode *b = xml_child(d, "backingStore"); b && f->n_disks < most;
                     b = xml_child(b, "backingStore")) {
                        disks[f->n_disks] = (DomainDisk){ .backing = true };
                        if (!disk_source_parse(a, xml_attribute(a, b, "type"), xml_child(b, "source"),
                                               &disks[f->n_disks]))
                                break;
                        f->n_disks++;
                }
        }
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

/* "0000:3b:02.1", "046d:c52b", a UUID … */
static const char *hostdev_name(Arena *a, const xmlNode *node) {
        static const char *const pci[] = { "domain", "bus", "slot", "function" };
        static const char *const widths[] = { "0000", "00", "00", "0" };
        const xmlNode *source = xml_child(node, "source"), *address = xml_child(source, "address");
        const char *uuid = xml_attribute(a, address, "uuid"), *part[4], *adapter;
        const char *vendor = xml_attribute(a, xml_child(source, "vendor"), "id"),
                   *product = xml_attribute(a, xml_child(source, "product"), "id");

        if (uuid)
                return uuid;
        if (vendor && product)
                return text_format(a, "%s:%s", strncmp(vendor, "0x", 2) == 0 ? vendor + 2 : vendor,
                                   strncmp(product, "0x", 2) == 0 ? product + 2 : product);
        adapter = xml_attribute(a, xml_child(source, "adapter"), "name");
        if (adapter)
                return adapter;
        if (!xml_attribute_is(node, "type", "pci") && !xml_is(node, "interface"))
                return "?";
        for (size_t i = 0; i < ARRAY_SIZE(part); i++) {
                const char *digits = xml_attribute(a, address, pci[i]);

                part[i] = !digits ? widths[i] : strncmp(digits, "0x", 2) == 0 ? digits + 2 : digits;
        }
        return address ? text_format(a, "%s:%s:%s.%s", part[0], part[1], part[2], part[3]) : "?";
}

static const char *hostdev_kind(const xmlNode *node) {
        static const struct {
                const char *type, *kind;
        } kinds[] = { { "pci", "pci" },
                      { "mdev", "mdev" },
                      { "usb", "usb" },
                      { "scsi_host", "scsi" },
                      { "scsi", "scsi" } };

        for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
                if (xml_attribute_is(node, "type", kinds[i].type))
                        return kinds[i].kind;
        return "other";
}

/* A device of its host, and whether it keeps the VM there. */
typedef struct DeviceFound {
        const char *kind, *name, *why; /* why NULL: it does not */
} DeviceFound;

typedef struct Devices {
        Arena *arena;
        WordList list;
        const char *why; /* of the first that ties it */
} Devices;

static void devices_add(Devices *d, DeviceFound found) {
        words_add(&d->list, text_format(d->arena, "%s:%s", found.kind, found.name ? found.name : "?"));
        if (!d->why)
                d->why = found.why;
}

static void devices_of_bus(Devices *d, const xmlNode *devices) {
        for (const xmlNode *n = xml_child(devices, "hostdev"); n; n = xml_next(n, "hostdev")) {
                const char *kind = hostdev_kind(n), *name = hostdev_name(d->arena, n);
                const char *model = xml_attribute(d->arena, n, "model");

                devices_add(d,
                            (DeviceFound){ kind, name,
                                           is_transient(n) ? NULL
                                           : strcmp(kind, "mdev") == 0
                                                   ? text_format(d->arena, "mediated device (vGPU) %s%s%s",
                                                                 name, model ? ", " : "", model ? model : "")
                                                   : text_format(d->arena, "passthrough %s device %s",
                                                                 strcmp(kind, "pci") == 0    ? "PCI"
                                                                 : strcmp(kind, "usb") == 0  ? "USB"
                                                                 : strcmp(kind, "scsi") == 0 ? "SCSI"
                                                                                             : "host",
                                                                 name) });
        }
}

static void devices_of_network(Devices *d, const xmlNode *devices) {
        for (const xmlNode *n = xml_child(devices, "interface"); n; n = xml_next(n, "interface")) {
                const xmlNode *source = xml_child(n, "source");

                if (xml_attribute_is(n, "type", "hostdev")) {
                        const char *name = hostdev_name(d->arena, n);

                        devices_add(d,
                                    (DeviceFound){
                                            "sr-iov", name,
                                            is_transient(n)
                                                    ? NULL
                                                    : text_format(d->arena,
                                                                  "passthrough network interface %s (SR-IOV)",
                                                                  name) });
                } else if (xml_attribute_is(n, "type", "vdpa")) {
                        devices_add(d, (DeviceFound){ "vdpa", xml_attribute(d->arena, source, "dev"),
                                                      is_transient(n)
                                                              ? NULL
                                                              : "passthrough network interface (vDPA)" });
                } else if (xml_attribute_is(n, "type", "vhostuser")) {
                        devices_add(d, (DeviceFound){ "vhost-user-nic",
                                                      xml_attribute(d->arena, source, "path"), NULL });
                }
        }
}

static void devices_of_storage(Devices *d, const xmlNode *devices) {
        for (const xmlNode *n = xml_child(devices, "disk"); n; n = xml_next(n, "disk")) {
                const xmlNode *source = xml_child(n, "source");

                if (xml_attribute_is(n, "type", "nvme"))
                        devices_add(d, (DeviceFound){ "nvme",
                                                      xml_attribute(d->arena, xml_child(n, "target"), "dev"),
                                                      "passthrough NVMe disk" });
                else if (xml_attribute_is(n, "type", "vhostuser"))
                        devices_add(d, (DeviceFound){ "vhost-user-disk",
                                                      xml_attribute(d->arena, source, "path"), NULL });
                else if (xml_attribute_is(n, "type", "vhostvdpa"))
                        devices_add(d, (DeviceFound){ "vdpa", xml_attribute(d->arena, source, "dev"), NULL });
        }
        for (const xmlNode *n = xml_child(devices, "filesystem"); n; n = xml_next(n, "filesystem"))
                devices_add(d,
                            (DeviceFound){ "folder", xml_attribute(d->arena, xml_child(n, "source"), "dir"),
                                           "a directory shared with the host (filesystem device)" });
}

/* The TPM of the host itself: its keys do not come along, and libvirt does not say so. */
static void devices_of_host(Devices *d, const xmlNode *devices) {
        for (const xmlNode *n = xml_child(devices, "tpm"); n; n = xml_next(n, "tpm")) {
                const xmlNode *backend = xml_child(n, "backend");

                if (xml_attribute_is(backend, "type", "passthrough"))
                        devices_add(d, (DeviceFound){
                                               "tpm",
                                               xml_attribute(d->arena, xml_child(backend, "device"), "path"),
                                               "passthrough of the host's TPM: its keys cannot move" });
        }
        for (const xmlNode *n = xml_child(devices, "shmem"); n; n = xml_next(n, "shmem"))
                devices_add(d, (DeviceFound){ "memory", xml_attribute(d->arena, n, "name"),
                                              xml_attribute_is(n, "role", "master")
                                                      ? NULL
                                                      : "memory shared with the host (shmem device)" });
}

/* The first thing libvirt or QEMU refuse to migrate with (qemuMigrationSrcIsAllowed of libvirt 9 and 11), or that the
 * guest would miss. */
static void ties_parse(Arena *a, const xmlNode *root, const xmlNode *devices, DomainFacts *f) {
        Devices d = { .arena = a };

        devices_of_bus(&d, devices);
        devices_of_network(&d, devices);
        devices_of_storage(&d, devices);
        devices_of_host(&d, devices);
        f->host_devices = words_join(&d.list, a);
        f->pinned = d.why;
        if (f->pinned) {
                f->tie = "device";
                return;
        }
        if (xml_child(root, "launchSecurity")) {
                f->pinned = "encrypted memory (launch security)";
                f->tie = "device";
                return;
        }
        for (const xmlNode *n = xml_child(devices, "disk"); n && !f->pinned; n = xml_next(n, "disk"))
                if (xml_child(n, "transient")) {
                        const char *target = xml_attribute(a, xml_child(n, "target"), "dev");

                        f->pinned = text_format(a, "transient disk %s", target ? target : "");
                        f->tie = "transient-disk";
                }
        if (!f->pinned && has_bare_invtsc(a, root)) {
                f->pinned = "invariant TSC (CPU feature invtsc) without a frequency";
                f->tie = "invtsc";
        }
}

static void portgroups_add(Arena *a, WordList *list, const xmlNode *devices) {
        for (const xmlNode *n = xml_child(devices, "interface"); n; n = xml_next(n, "interface")) {
                const xmlNode *source = xml_child(n, "source");
                const char *network = xml_attribute(a, source, "network"),
                           *group = xml_attribute(a, source, "portgroup");

                if (network && group)
                        words_add(list, text_format(a, "%s/%s", network, group));
        }
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

static int domain_xml_facts_read(Arena *a, const xmlNode *root, DomainFacts *f) {
        const xmlNode *devices = xml_child(root, "devices");
        const xmlNode *type = xml_child(xml_child(root, "os"), "type");
        WordList list = { 0 }, groups = { 0 };
        int r;

        f->title = xml_text(a, xml_child(root, "title"));
        f->arch = xml_attribute(a, type, "arch");
        f->machine = xml_attribute(a, type, "machine");
        f->cpu_model = cpu_model_of(a, xml_child(root, "cpu"));
        f->cpu_features = cpu_features_of(a, xml_child(root, "cpu"));
        f->emulator = xml_text(a, xml_child(devices, "emulator"));
        f->hugepages_kib = hugepages_of(a, root, &f->hugepages_default);
        f->cpu_limited = cpu_is_limited(a, root);
        f->vcpus = vcpus_of(a, xml_child(root, "vcpu"));
        f->memory_mib = memory_mib(a, xml_child(root, "memory"));
        ties_parse(a, root, devices, f);
        domain_bonds_read(a, root, f);
        portgroups_add(a, &groups, devices);
        f->portgroups = words_join(&groups, a);
        f->kept = kept_by(a, root, devices);
        for (const xmlNode *i = xml_child(devices, "interface"); i; i = xml_next(i, "interface"))
                words_add(&list, interface_network(a, i));
        f->networks = words_join(&list, a);
        r = domain_metadata_parse(a, root, f);
        if (r == 0)
                r = disks_parse(a, devices, f);
        return r < 0 || !f->networks || !f->cpu_features || !f->portgroups || !f->host_devices ? -ENOMEM : 0;
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
