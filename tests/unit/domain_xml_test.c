/* SPDX-License-Identifier: Apache-2.0 */
/* libvirt's XML of guests, hosts and pools, and the mount table, with exact facts. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "collectors/guests/vm_stats.h"
#include "collectors/parse/domain_xml.h"
#include "collectors/parse/host_xml.h"
#include "collectors/parse/mounts.h"
#include "collectors/parse/word_list.h"

static Arena arena;

static void setup(void) {
        cr_assert_eq(0, arena_open(UINT64_C(16) << 20, &arena));
}

static DomainFacts domain(const char *inside) {
        char xml[8192];
        DomainFacts f = { 0 };

        (void) snprintf(xml, sizeof(xml), "<domain type='kvm' id='3'>%s</domain>", inside);
        cr_assert_eq(0, domain_xml_parse(&arena, xml, strlen(xml), &f), "%s", xml);
        return f;
}

Test(domain_xml, a_plain_guest, .init = setup) {
        DomainFacts f = domain(
                "<title>Web front</title><memory unit='KiB'>4194305</memory>"
                "<vcpu placement='static' current='2'>4</vcpu>"
                "<os><type arch='x86_64' machine='pc-q35-7.2'>hvm</type></os>"
                "<cpu mode='custom'><model fallback='forbid'>Skylake-Server</model></cpu>"
                "<devices><interface type='network'><source network='lan' bridge='virbr1'/></interface>"
                "<interface type='bridge'><source bridge='br0'/></interface>"
                "<interface type='bridge'><source bridge='br0'/></interface></devices>");

        cr_assert_str_eq(f.title, "Web front");
        cr_assert_eq(f.memory_mib, 4097, "rounded up");
        cr_assert_eq(f.vcpus, 2, "of 4 are online");
        cr_assert_str_eq(f.arch, "x86_64");
        cr_assert_str_eq(f.machine, "pc-q35-7.2");
        cr_assert_str_eq(f.cpu_model, "Skylake-Server");
        cr_assert_str_eq(f.networks, "br0,lan");
        cr_assert_str_eq(f.groups, "");
        cr_assert_null(f.pinned);
        cr_assert_eq(f.n_disks, 0);
}

Test(domain_xml, whole_host_cpu_modes_are_named_as_such, .init = setup) {
        cr_assert_str_eq(domain("<cpu mode='host-passthrough' migratable='on'/>").cpu_model,
                         "host-passthrough");
        cr_assert_str_eq(domain("<cpu mode='host-model'><model>EPYC</model></cpu>").cpu_model, "host-model");
        cr_assert_null(domain("").cpu_model);
        cr_assert_eq(domain("").vcpus, UNKNOWN);
        cr_assert_eq(domain("<memory unit='GiB'>2</memory>").memory_mib, 2048);
        cr_assert_eq(domain("<memory unit='parsec'>2</memory>").memory_mib, UNKNOWN);
}

Test(domain_xml, disks_with_something_in_them, .init = setup) {
        DomainFacts f = domain(
                "<devices>"
                "<disk type='file' device='disk'><source file='/srv/vms/a.qcow2'/><target dev='vda'/></disk>"
                "<disk type='file' device='cdrom'><target dev='sda'/><readonly/></disk>"
                "<disk type='file' device='cdrom'><source file='/iso/x.iso'/><target "
                "dev='sdb'/><readonly/></disk>"
                "<disk type='block' device='disk'><source dev='/dev/mapper/lun7'/><target dev='vdb'/></disk>"
                "<disk type='network'><source protocol='rbd' name='vms/a'><host "
                "name='mon1'/></source><target dev='vdc'/></disk>"
                "<disk type='volume'><source pool='fast' volume='a'/><target dev='vdd'/></disk>"
                "</devices>");

        cr_assert_eq(f.n_disks, 5);
        cr_assert_str_eq(f.disks[0].path, "/srv/vms/a.qcow2");
        cr_assert(f.disks[0].writable && !f.disks[0].network && !f.disks[0].block);
        cr_assert_not(f.disks[1].writable);
        cr_assert(f.disks[2].block);
        cr_assert(f.disks[3].network);
        cr_assert_str_eq(f.disks[4].pool, "fast");
        cr_assert_str_eq(f.disks[4].target, "vdd");
}

Test(domain_xml, what_pins_a_guest_is_named, .init = setup) {
        cr_assert_str_eq(
                domain("<devices><hostdev mode='subsystem' type='pci' managed='yes'><source><address "
                       "domain='0x0000' bus='0x3b' slot='0x00' function='0x1'/></source></hostdev></devices>")
                        .pinned,
                "passthrough PCI device 0000:3b:00.1");
        cr_assert_str_eq(domain("<devices><hostdev mode='subsystem' type='usb'/></devices>").pinned,
                         "passthrough USB device ?");
        cr_assert_not_null(domain("<devices><interface type='hostdev'/></devices>").pinned);
        cr_assert_null(domain("<devices><interface type='hostdev'><teaming type='transient' "
                              "persistent='ua-1'/></interface></devices>")
                               .pinned,
                       "a failover pair is unplugged for the move");
        cr_assert_not_null(
                domain("<devices><filesystem type='mount'><driver type='virtiofs'/></filesystem></devices>")
                        .pinned);
        cr_assert_not_null(domain("<launchSecurity type='sev'/>").pinned);
        cr_assert_null(
                domain("<devices><tpm model='tpm-crb'/><watchdog model='i6300esb'/></devices>").pinned);
}

Test(domain_xml, an_operator_describes_a_guest_in_its_metadata, .init = setup) {
        DomainFacts f = domain(
                "<metadata><other:x xmlns:other='urn:other'><group>no</group></other:x>"
                "<plimsoll:vm xmlns:plimsoll='urn:plimsoll:vm:1'><group>web</group>"
                "<group> db , tier1,</group><label key='owner'>ops team</label>"
                "<label key='a=b'>no</label><label>no</label><label key='empty'/></plimsoll:vm></metadata>");

        cr_assert_str_eq(f.groups, "db,tier1,web");
        cr_assert_str_eq(f.labels, "empty=,owner=ops team");
        f = domain(
                "<metadata><p:vm xmlns:p='urn:plimsoll:vm:1'>"
                "<group apart='rack' should='50'>web, tier1</group><group spread='2' level='zone'>z</group><group anti-affinity='host'>y</group>"
                "<rule never-move='yes'/><rule on='h1,h2' should='7' "
                "priority='3'/></p:vm></metadata>");
        cr_assert_str_eq(f.groups, "tier1,web,y,z");
        cr_assert_str_eq(
                f.labels,
                "anti-affinity:y=host,apart:tier1=rack should 50,apart:web=rack should 50,rule:never-move=yes,"
                "rule:on=h1 h2 should 7,rule:priority=3 should 7,spread:z=2 zone");
        f = domain("<title>Web server #web #tier=front, #1 # #=x</title>");
        cr_assert_str_eq(f.groups, "1,web");
        cr_assert_str_eq(f.labels, "tier=front");
}

/* What libvirt refuses (qemuMigrationSrcIsAllowed), by its word; and what it does not refuse. */
Test(domain_xml, what_libvirt_moves_no_guest_with_is_told_by_kind, .init = setup) {
        static const struct {
                const char *xml, *tie, *pinned;
        } rows[] = {
                { "<devices><disk type='file' device='disk'><source file='/nfs/a'/><target dev='vdb'/>"
                  "<transient/></disk></devices>",
                  "transient-disk", "transient disk vdb" },
                { "<cpu><feature policy='require' name='invtsc'/></cpu>", "invtsc",
                  "invariant TSC (CPU feature invtsc) without a frequency" },
                { "<cpu><feature policy='require' name='invtsc'/></cpu>"
                  "<clock><timer name='tsc' frequency='2600000000'/></clock>",
                  NULL, NULL },
                { "<cpu><feature policy='disable' name='invtsc'/></cpu>", NULL, NULL },
                { "<devices><tpm model='tpm-tis'><backend type='passthrough'><device "
                  "path='/dev/tpm0'/></backend>"
                  "</tpm></devices>",
                  "device", "passthrough of the host's TPM: its keys cannot move" },
                { "<devices><tpm model='tpm-crb'><backend type='emulator'/></tpm></devices>", NULL, NULL },
                { "<devices><shmem name='s' role='master'/></devices>", NULL, NULL },
                { "<devices><shmem name='s'/></devices>", "device",
                  "memory shared with the host (shmem device)" },
                { "<devices><disk type='vhostuser'><source type='unix' path='/run/spdk/v.7'/><target "
                  "dev='vda'/>"
                  "</disk><interface type='vhostuser'><source type='unix' "
                  "path='/run/ovs/p3'/></interface></devices>",
                  NULL, NULL },
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                const DomainFacts f = domain(rows[i].xml);

                if (rows[i].tie) {
                        cr_assert_not_null(f.tie, "%s", rows[i].xml);
                        cr_assert_str_eq(f.tie, rows[i].tie, "%s", rows[i].xml);
                        cr_assert_str_eq(f.pinned, rows[i].pinned, "%s", rows[i].xml);
                } else {
                        cr_assert_null(f.tie, "%s", rows[i].xml);
                        cr_assert_null(f.pinned, "%s", rows[i].xml);
                }
        }
}

Test(domain_xml, devices_of_its_host_have_a_kind, .init = setup) {
        const DomainFacts f = domain(
                "<devices>"
                "<hostdev type='mdev' model='vfio-pci'><source><address "
                "uuid='c2177883-f1bb'/></source></hostdev>"
                "<hostdev type='pci'><source><address domain='0x0000' bus='0x5e' slot='0x00' function='0x0'/>"
                "</source></hostdev>"
                "<hostdev type='usb'><source><vendor id='0x046d'/><product id='0xc52b'/></source></hostdev>"
                "<interface type='hostdev'><source><address type='pci' domain='0x0000' bus='0x5e' "
                "slot='0x02' "
                "function='0x1'/></source></interface>"
                "<interface type='vhostuser'><source type='unix' path='/run/ovs/p3' "
                "mode='server'/></interface>"
                "<disk type='vhostuser'><source type='unix' path='/run/spdk/v.7'/><target dev='vda'/></disk>"
                "<filesystem><source dir='/srv/x'/></filesystem></devices>");

        cr_assert_str_eq(f.host_devices,
                         "folder:/srv/x,mdev:c2177883-f1bb,pci:0000:5e:00.0,sr-iov:0000:5e:02.1,"
                         "usb:046d:c52b,vhost-user-disk:/run/spdk/v.7,vhost-user-nic:/run/ovs/p3");
        cr_assert_str_eq(f.pinned, "mediated device (vGPU) c2177883-f1bb, vfio-pci");
        cr_assert_str_eq(f.tie, "device");
}

Test(domain_xml, what_a_guest_is_bound_to_is_told, .init = setup) {
        DomainFacts f = domain(
                "<vcpu placement='static' cpuset='0-3,^2'>2</vcpu>"
                "<cputune><quota>20000</quota><vcpupin vcpu='0' cpuset='60'/><vcpupin vcpu='1' cpuset='61'/>"
                "<emulatorpin cpuset='62'/></cputune>"
                "<numatune><memory mode='strict' nodeset='1'/><memnode cellid='0' mode='preferred' "
                "nodeset='3'/>"
                "</numatune>"
                "<cpu><numa><cell id='0' cpus='0-1' memory='2' unit='GiB'/>"
                "<cell id='1' cpus='2-3' memory='1048576'/></numa></cpu>"
                "<devices><interface type='network'><source network='ovs' portgroup='vlan7'/></interface>"
                "</devices><memoryBacking><hugepages/></memoryBacking>");

        cr_assert_str_eq(f.cpu_pins, "0-1,3,60-62");
        cr_assert_str_eq(f.numa_nodes, "1");
        cr_assert_str_eq(f.numa_cells, "0-1 2048; 2-3 1024");
        cr_assert_str_eq(f.numa_bound, "0-1 2048 - 60-61; 2-3 1024 1 0-1,3",
                         "what memnode says goes before memory");
        cr_assert_str_eq(f.portgroups, "ovs/vlan7");
        cr_assert_str_eq(f.networks, "ovs");
        cr_assert(f.cpu_limited);
        cr_assert(f.hugepages_default);
        cr_assert_eq(f.hugepages_kib, 0, "the host knows which size that is");
        f = domain("<vcpu placement='auto' "
                   "cpuset='4'>2</vcpu><cputune><quota>-1</quota><emulator_quota>9</emulator_quota>"
                   "</cputune><numatune><memory mode='preferred' nodeset='1'/></numatune>"
                   "<memoryBacking><hugepages><page size='1' unit='G'/></hugepages></memoryBacking>");
        cr_assert_null(f.cpu_pins, "numad chooses anew");
        cr_assert_null(f.numa_nodes, "a wish");
        cr_assert_null(f.numa_cells);
        cr_assert_not(f.cpu_limited);
        cr_assert_not(f.hugepages_default);
        cr_assert_eq(f.hugepages_kib, 1048576);
}

Test(domain_xml, memory_that_must_be_on_nodes_is_told_cell_by_cell, .init = setup) {
        DomainFacts f = domain("<memory unit='GiB'>8</memory><vcpu>4</vcpu>"
                               "<numatune><memory nodeset='0-1,3'/></numatune>");

        cr_assert_str_eq(f.numa_bound, "0-3 8192 0-1,3 -",
                         "one without cells is one; strict is what goes unsaid");
        f = domain("<memory unit='GiB'>8</memory><vcpu>4</vcpu>"
                   "<numatune><memory mode='interleave' nodeset='0-1'/></numatune>");
        cr_assert_null(f.numa_bound, "a wish");
        f = domain("<memory unit='GiB'>8</memory><vcpu>4</vcpu>"
                   "<numatune><memory mode='strict' placement='auto'/></numatune>");
        cr_assert_null(f.numa_bound, "libvirt asks numad");
        f = domain(
                "<memory unit='GiB'>9</memory><vcpu>4</vcpu><cputune><vcpupin vcpu='2' cpuset='12'/>"
                "<vcpupin vcpu='3' cpuset='13'/></cputune><numatune>"
                "<memnode cellid='1' mode='restrictive' nodeset='1'/></numatune>"
                "<cpu><numa><cell id='0' cpus='0-1' memory='4' unit='GiB'/><cell id='1' cpus='2-3' memory='4' unit='GiB'/>"
                "<cell id='2' memory='0'/></numa></cpu>"
                "<devices><memory model='dimm'><target><size unit='GiB'>1</size><node>1</node></target></memory>"
                "</devices>");
        cr_assert_str_eq(f.numa_bound, "0-1 4096 - -; 2-3 5120 1 12-13; - 0 - -",
                         "with what was plugged in later");
}

Test(domain_xml, images_below_a_disk_and_in_a_drive_are_listed, .init = setup) {
        const DomainFacts f = domain(
                "<devices><disk type='file' device='disk'><source file='/mnt/nfs/a.qcow2' index='1'/>"
                "<backingStore type='file' index='2'><format type='qcow2'/><source file='/srv/base.qcow2'/>"
                "<backingStore type='file'><source file='/srv/older.qcow2'/><backingStore/></backingStore>"
                "</backingStore><target dev='vda'/></disk>"
                "<disk type='file' device='cdrom'><source file='/root/i.iso'/><target "
                "dev='sda'/><readonly/></disk>"
                "<disk type='file' device='cdrom'><source file='/root/o.iso' startupPolicy='optional'/>"
                "<target dev='sdb'/><readonly/></disk>"
                "<disk type='volume'><source pool='vg0' volume='a'/><target dev='vdc'/></disk></devices>");

        cr_assert_eq(f.n_disks, 6);
        cr_assert_str_eq(f.disks[1].path, "/srv/base.qcow2");
        cr_assert(f.disks[1].backing && !f.disks[1].writable);
        cr_assert_str_eq(f.disks[2].path, "/srv/older.qcow2");
        cr_assert_str_eq(f.disks[3].path, "/root/i.iso");
        cr_assert_not(f.disks[3].backing || f.disks[3].writable || f.disks[3].optional);
        cr_assert(f.disks[4].optional);
        cr_assert_str_eq(f.disks[5].volume, "a");
}

Test(host_xml, port_groups_and_numa_nodes_are_told, .init = setup) {
        const char *network =
                "<network><name>ovs</name><portgroup name='vlan7'/><portgroup name='all'/></network>";
        const char *caps = "<capabilities><host><topology><cells num='2'><cell id='0'><memory "
                           "unit='KiB'>4194304</memory>"
                           "<cpus num='4'><cpu id='0'/><cpu id='1'/><cpu id='2'/><cpu id='8'/></cpus></cell>"
                           "<cell id='1'><memory "
                           "unit='KiB'>2097152</memory></cell></cells></topology></host></capabilities>";
        WordList groups = { 0 };
        NumaCell cells[4];
        uint32_t n;

        cr_assert_eq(0, network_xml_parse(&arena, network, strlen(network), &groups));
        cr_assert_str_eq(words_join(&groups, &arena), "ovs/all,ovs/vlan7");
        cr_assert_eq(-EBADMSG, network_xml_parse(&arena, caps, strlen(caps), &groups));
        cr_assert_eq(0, numa_parse(&arena, caps, strlen(caps), cells, ARRAY_SIZE(cells), &n));
        cr_assert_eq(n, 2);
        cr_assert_str_eq(cells[0].cpus, "0-2,8");
        cr_assert_eq(cells[0].memory_mib, 4096);
        cr_assert_null(cells[1].cpus, "a node of memory alone");
        cr_assert_eq(cells[1].memory_mib, 2048);
}

Test(domain_xml, what_is_no_domain_is_refused, .init = setup) {
        DomainFacts f;

        cr_assert_eq(-EBADMSG, domain_xml_parse(&arena, "", 0, &f));
        cr_assert_eq(-EBADMSG, domain_xml_parse(&arena, "<domain>", 8, &f));
        cr_assert_eq(-EBADMSG, domain_xml_parse(&arena, "<network/>", 10, &f));
}

Test(domain_xml, a_small_arena_is_said_to_be_small) {
        static unsigned char memory[20000];
        Arena small = arena_over(memory, sizeof(memory));
        const char *xml = "<domain><title>x</title></domain>";
        char big[8192] = "<domain><title>";
        DomainFacts f;

        cr_assert_eq(0, domain_xml_parse(&small, xml, strlen(xml), &f));
        memset(big + 15, 'y', 4000);
        memcpy(big + 4015, "</title></domain>", 18);
        cr_assert_eq(-ENOMEM, domain_xml_parse(&small, big, strlen(big), &f));
}

Test(host_xml, capabilities, .init = setup) {
        const char *xml =
                "<capabilities><host><uuid>77000000-0000-4000-8000-000000000001</uuid><cpu>"
                "<arch>x86_64</arch><model>Broadwell</model>"
                "<counter name='tsc' frequency='2494140000' scaling='no'/></cpu></host></capabilities>";
        HostFacts f;

        cr_assert_eq(0, capabilities_parse(&arena, xml, strlen(xml), &f));
        cr_assert_str_eq(f.uuid, "77000000-0000-4000-8000-000000000001");
        cr_assert_str_eq(f.cpu_model, "Broadwell");
        cr_assert_eq(f.tsc_mhz, 2494);
        cr_assert_eq(0, capabilities_parse(&arena, "<capabilities/>", 15, &f));
        cr_assert_null(f.arch);
        cr_assert_eq(f.tsc_mhz, UNKNOWN);
}

static PoolFacts pool(const char *xml) {
        PoolFacts p = { 0 };

        cr_assert_eq(0, pool_xml_parse(&arena, xml, strlen(xml), &p), "%s", xml);
        return p;
}

Test(host_xml, a_pool_has_the_same_identity_on_every_host, .init = setup) {
        PoolFacts p = pool(
                "<pool type='netfs'><name>vms</name><source><host name='filer'/><dir path='/export/vms'/>"
                "<format type='auto'/></source><target><path>/mnt/vms</path></target></pool>");

        cr_assert_str_eq(p.identity, "nfs:filer:/export/vms");
        cr_assert(p.shared);
        cr_assert_str_eq(p.path, "/mnt/vms");
        p = pool("<pool type='dir'><name>default</name><target><path>/srv/vms</path></target></pool>");
        cr_assert_str_eq(p.identity, "dir:/srv/vms");
        cr_assert_not(p.shared);
        p = pool("<pool type='rbd'><name>ceph</name><source><host name='mon1'/><host "
                 "name='mon2'/><name>vms</name></source></pool>");
        cr_assert_str_eq(p.identity, "rbd:vms");
        cr_assert(p.shared);
        cr_assert_eq(-EBADMSG, pool_xml_parse(&arena, "<pool/>", 7, &p));
}

Test(mounts, a_path_is_on_the_deepest_mount, .init = setup) {
        const char *text =
                "22 1 253:0 / / rw - ext4 /dev/vda rw\n"
                "30 22 0:40 / /mnt/my\\040vms rw,noatime shared:1 master:2 - nfs4 filer:/vms rw,vers=4.2\n"
                "31 22 0:41 /sub /mnt/b rw - ceph mon:/ rw\n";
        const Mount *m;
        uint32_t n;

        cr_assert_eq(0, mounts_parse(&arena, text, strlen(text), &m, &n));
        cr_assert_eq(n, 3);
        cr_assert_str_eq(mount_of(m, n, "/mnt/my vms/a.qcow2")->fstype, "nfs4");
        cr_assert_str_eq(mount_identity(&arena, &m[1]), "nfs:filer:/vms");
        cr_assert(mount_is_shared(&m[1]));
        cr_assert_str_eq(mount_identity(&arena, &m[2]), "ceph:mon://sub");
        cr_assert_str_eq(mount_of(m, n, "/mnt/bb/x")->point, "/");
        cr_assert_not(mount_is_shared(&m[0]));
        cr_assert_null(mount_of(m, n, "relative"));
        cr_assert_eq(-EBADMSG, mounts_parse(&arena, "1 2 3\n", 6, &m, &n));
        cr_assert_eq(-EBADMSG, mounts_parse(&arena, "1 2 3 4 5 6 7 8\n", 16, &m, &n));
}

Test(word_list, is_sorted_and_has_no_doubles, .init = setup) {
        WordList list = { 0 };

        words_add(&list, "b");
        words_add(&list, "a");
        words_add(&list, "b");
        words_add(&list, "x,y");
        words_add(&list, "");
        words_add(&list, NULL);
        cr_assert_str_eq(words_join(&list, &arena), "a,b");
}

Test(vm_stats, counters_are_summed_over_their_indexes) {
        char vda[] = "vda";
        virTypedParameter p[] = {
                { .field = "vcpu.0.time", .type = VIR_TYPED_PARAM_ULLONG, .value.ul = 100 },
                { .field = "vcpu.11.time", .type = VIR_TYPED_PARAM_ULLONG, .value.ul = 20 },
                { .field = "vcpu.current", .type = VIR_TYPED_PARAM_UINT, .value.ui = 2 },
                { .field = "vcpu.0.delay", .type = VIR_TYPED_PARAM_ULLONG, .value.ul = 7 },
                { .field = "net.0.rx.bytes", .type = VIR_TYPED_PARAM_ULLONG, .value.ul = 5 },
                { .field = "block.0.name", .type = VIR_TYPED_PARAM_STRING, .value.s = vda },
                { .field = "block.0.rd.bytes", .type = VIR_TYPED_PARAM_ULLONG, .value.ul = 1 },
                { .field = "block.0.wr.bytes", .type = VIR_TYPED_PARAM_ULLONG, .value.ul = 2 },
                { .field = "block.0.capacity", .type = VIR_TYPED_PARAM_ULLONG, .value.ul = 1048577 },
                { .field = "balloon.rss", .type = VIR_TYPED_PARAM_ULLONG, .value.ul = UINT64_MAX },
        };
        VmStats s = vm_stats_of(p, (int) ARRAY_SIZE(p));

        cr_assert_eq(s.vcpu_ns, 120);
        cr_assert_eq(s.vcpus, 2);
        cr_assert_eq(s.delay_ns, 7);
        cr_assert_eq(s.rx_bytes, 5);
        cr_assert_eq(s.tx_bytes, UNKNOWN);
        cr_assert_eq(s.disk_bytes, 3);
        cr_assert_eq(s.rss_kib, UNKNOWN, "no amount");
        cr_assert_eq(vm_stats_disk_mib(p, (int) ARRAY_SIZE(p), "vda"), 2, "rounded up");
        cr_assert_eq(vm_stats_disk_mib(p, (int) ARRAY_SIZE(p), "vdb"), UNKNOWN);
}
