/* SPDX-License-Identifier: Apache-2.0 */
/* Where a guest's disk is: a logical volume is the same whether its XML gives it as a device or as a volume, and local
 * where its disks are the host's own. On trees of sysfs that are made here, with the links sysfs has. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collectors/guests/disk_place.h"
#include "collectors/read/block_local.h"

static Arena arena;
static char root[64];

static void make(const char *path, const char *text) {
        char full[512];
        FILE *f;

        (void) snprintf(full, sizeof(full), "%s%s", root, path);
        for (char *c = full + strlen(root) + 1; (c = strchr(c, '/')); c++) {
                *c = '\0';
                (void) mkdir(full, 0755);
                *c = '/';
        }
        if (!text)
                return;
        f = fopen(full, "w");
        cr_assert_not_null(f, "%s", full);
        (void) fputs(text, f);
        (void) fclose(f);
}

static void point(const char *path, const char *target) {
        char full[512];

        make(path, NULL);
        (void) snprintf(full, sizeof(full), "%s%s", root, path);
        cr_assert_eq(symlink(target, full), 0, "%s", full);
}

/* A device of its own: where sysfs says it is attached. */
static void disk(const char *name, const char *where) {
        char path[128], target[256];

        (void) snprintf(path, sizeof(path), "/sys/class/block/%s", name);
        (void) snprintf(target, sizeof(target), "../../devices/%s/block/%s", where, name);
        (void) snprintf(path, sizeof(path), "/sys/devices/%s/block/%s/size", where, name);
        make(path, "1\n");
        (void) snprintf(path, sizeof(path), "/sys/class/block/%s", name);
        point(path, target);
}

/* A namespace of a subsystem, as native multipath has it, which one or two controllers reach. */
static void subsystem(const char *name, int number, const char *transport, const char *second) {
        char path[200], target[200];

        (void) snprintf(path, sizeof(path), "/sys/class/nvme-subsystem/nvme-subsys%d/nvme%d/transport",
                        number, number);
        make(path, transport);
        (void) snprintf(path, sizeof(path), "/sys/class/nvme-subsystem/nvme-subsys%d/nvme%d9/transport",
                        number, number);
        if (second)
                make(path, second);
        (void) snprintf(path, sizeof(path), "/sys/class/nvme-subsystem/nvme-subsys%d/%s/size", number, name);
        make(path, "1\n");
        (void) snprintf(path, sizeof(path), "/sys/class/block/%s", name);
        (void) snprintf(target, sizeof(target), "../../devices/virtual/nvme-subsystem/nvme-subsys%d/%s",
                        number, name);
        point(path, target);
}

/* A device of the mapper over another. */
static void mapped(const char *name, const char *uuid, const char *below) {
        char path[160];

        (void) snprintf(path, sizeof(path), "/sys/devices/virtual/block/%s/dm/uuid", name);
        make(path, uuid);
        (void) snprintf(path, sizeof(path), "/sys/devices/virtual/block/%s/slaves/%s", name, below);
        make(path, "");
        (void) snprintf(path, sizeof(path), "../../devices/virtual/block/%s", name);
        {
                char link[160];

                (void) snprintf(link, sizeof(link), "/sys/class/block/%s", name);
                point(link, path);
        }
}

static void setup(void) {
        cr_assert_eq(0, arena_open(8 << 20, &arena));
        (void) snprintf(root, sizeof(root), "/tmp/plimsoll-disk-place-XXXXXX");
        cr_assert_not_null(mkdtemp(root));
        disk("sda", "pci0000:00/0000:00:1f.2/ata1/host0/target0:0:0/0:0:0:0");
        disk("sdb", "platform/host7/session1/target7:0:0/7:0:0:1");
        disk("sdc", "pci0000:00/0000:00:03.0/host3/rport-3:0-1/target3:0:0/3:0:0:0");
        disk("nvme0n1", "pci0000:00/0000:01:00.0/nvme/nvme0");
        disk("nvme1n1", "virtual/nvme-fabrics/ctl/nvme1");
        disk("rbd0", "rbd/0");
        disk("drbd1", "virtual");
        disk("zd16", "virtual");
        disk("emcpowera", "virtual");
        disk("sdd", "pci0000:00/0000:02:00.0/infiniband_srp/srp-mlx5_0-1/host9/target9:0:0/9:0:0:0");
        disk("sde", "pci0000:00/0000:04:00.0/host2/port-2:0/end_device-2:0/target2:0:0/2:0:0:0");
        disk("vda", "pci0000:00/0000:05:00.0/virtio2");
        subsystem("nvme2n1", 2, "pcie", NULL);
        subsystem("nvme3n1", 3, "tcp", "tcp");
        subsystem("nvme4n1", 4, "pcie", "pcie"); /* two ports */
        subsystem("nvme5n1", 5, "fc", NULL);
        disk("loop0", "virtual");
        mapped("dm-0", "LVM-own", "sda");
        mapped("dm-1", "LVM-san", "sdb");
        mapped("dm-2", "mpath-3600", "sda");
        mapped("dm-3", "LVM-over-multipath", "dm-2");
        make("/dev/dm-0", "");
        make("/dev/dm-1", "");
        point("/dev/vg0/a", "../dm-0");
        point("/dev/san/a", "../dm-1");
}

static void teardown(void) {
        char command[128];

        (void) snprintf(command, sizeof(command), "rm -rf '%s'", root);
        cr_assert_eq(0, system(command));
}

TestSuite(disk_place, .init = setup, .fini = teardown);

Test(disk_place, a_device_is_local_where_all_its_disks_are_attached_to_this_host) {
        static const struct {
                const char *name;
                int64_t local;
        } rows[] = { { "sda", 1 },     { "sdb", 0 },         { "sdc", 0 },
                     { "nvme0n1", 1 }, { "nvme1n1", 0 },     { "rbd0", 0 },
                     { "dm-0", 1 },    { "dm-1", 0 },        { "dm-2", 0 },
                     { "dm-3", 0 },    { "loop0", UNKNOWN }, { "gone", UNKNOWN },
                     { "drbd1", 0 },   { "zd16", 1 },        { "emcpowera", UNKNOWN },
                     { "sdd", 0 },     { "sde", 1 },         { "vda", 1 },
                     { "nvme2n1", 1 }, { "nvme3n1", 0 },     { "nvme4n1", 0 },
                     { "nvme5n1", 0 } };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                cr_assert_eq(block_is_local(&arena, root, rows[i].name), rows[i].local, "%s", rows[i].name);
}

Test(disk_place, a_logical_volume_is_the_same_as_a_device_and_as_a_volume) {
        static const PoolFacts pools[] = {
                { .name = "vg0", .identity = "logical:/dev/vg0", .path = "/dev/vg0", .block = true },
                { .name = "san", .identity = "logical:/dev/san", .path = "/dev/san", .block = true },
                { .name = "nfs", .identity = "nfs:filer:/vms", .path = "/mnt/nfs", .shared = true },
        };
        static const PoolList list = { .pools = pools, .n_pools = ARRAY_SIZE(pools) };
        static const struct {
                DomainDisk disk;
                bool afar;
                int64_t shared;
                const char *identity;
        } rows[] = {
                { { .path = "/dev/vg0/a", .block = true }, false, 0, "logical:/dev/vg0" },
                { { .pool = "vg0", .volume = "a" }, false, 0, "logical:/dev/vg0" },
                { { .path = "/dev/san/a", .block = true }, false, 1, "logical:/dev/san" },
                { { .pool = "san", .volume = "a" }, false, 1, "logical:/dev/san" },
                { { .path = "/dev/vg0/a", .block = true }, true, 1, "logical:/dev/vg0" },
                { { .pool = "vg0", .volume = "a" }, true, 1, "logical:/dev/vg0" },
                { { .pool = "nfs", .volume = "a" }, false, 1, "nfs:filer:/vms" },
                { { .network = true }, false, 1, NULL },
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                const char *identity = NULL;

                cr_assert_eq(disk_place(&rows[i].disk, &list, &arena, rows[i].afar ? NULL : root, &identity),
                             rows[i].shared, "row %zu", i);
                if (rows[i].identity)
                        cr_assert_str_eq(identity, rows[i].identity, "row %zu", i);
                else
                        cr_assert_null(identity);
        }
}
