/* SPDX-License-Identifier: Apache-2.0 */
/* What of a VM's XML decides where it can go, in exact words; and which difference afterwards is told. */
#include <errno.h>

#include "scheduler/act/libvirt/moved_domain.h"
#include "tests/recorded.h"

static const char plain[] =
        "<domain type='kvm' id='3'><os><type arch='x86_64' machine='pc-q35-8.0'>hvm</type></os>"
        "<memoryBacking><hugepages/></memoryBacking><cpu mode='custom'><model>Skylake</model></cpu><devices>"
        "<emulator>/usr/bin/qemu</emulator><emulator>/usr/bin/another</emulator>"
        "<disk type='file' device='disk'><source file='/vms/a.qcow2'/><target dev='vda'/></disk>"
        "<disk type='block' device='disk'><source dev='/dev/vg/a' file='/no'/><target dev='vdb'/></disk>"
        "<disk type='volume' device='disk'><source pool='gold' volume='a'/><target dev='vdc'/></disk>"
        "<disk type='network' device='disk'><source protocol='rbd' name='p/a'/><target dev='vdd'/></disk>"
        "<disk type='file' device='cdrom'><source file='/iso/a'/><target dev='sda'/></disk>"
        "<disk type='file' device='floppy'><source file='/img/a'/><target dev='fda'/></disk>"
        "<disk type='file' device='disk'><source file='/base'/><target dev='vde'/><readonly/></disk>"
        "<disk type='file' device='disk'><source file='/shared'/><target dev='vdf'/><shareable/></disk>"
        "<disk type='file' device='cdrom'><target dev='sdb'/></disk>"
        "<disk type='file' device='disk'><source file='/vms/none'/></disk>"
        "<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0' state='connected'/></channel>"
        "<interface type='network'><mac address='52:54:00:00:00:01'/>"
        "<source network='blue' portgroup='office' portid='77' bridge='br7'/><target dev='vnet3'/>"
        "<model type='virtio'/><alias name='net0'/><vlan><tag id='42'/></vlan>"
        "<bandwidth><inbound average='1000' peak='5000'/></bandwidth><link state='up'/>"
        "<address type='pci' slot='0x03'/><boot order='1'/><rom bar='off'/><driver name='vhost'/></interface>"
        "<interface type='bridge'><mac address='52:54:00:00:00:02'/>"
        "<source bridge='br0' index='3'/><virtualport type='openvswitch'>"
        "<parameters interfaceid='9c1'/></virtualport><filterref filter='clean-traffic'>"
        "<parameter name='IP' value='10.0.0.1'/></filterref></interface>"
        "<interface type='user'><source network='not-a-network'/></interface>"
        "</devices></domain>";

/* Each changes one thing: what is to be found, and what it becomes. */
static const struct {
        const char *from, *to;
} changes[] = {
        { "type='kvm' id", "id" },
        { "type='kvm' id", "type='qemu' id" },
        { " machine='pc-q35-8.0'", "" },
        { "<hugepages/>", "<nosharepages/>" },
        { "mode='custom'", "mode='host-passthrough'" },
        { "mode='custom'", "mode='maximum'" },
        { "<cpu mode='custom'><model>Skylake</model></cpu>", "" },
        { "org.qemu.guest_agent.0", "org.qemu.guest_agent.1" },
        { "state='connected'", "state='disconnected'" },
        { "<target type='virtio' name", "<source name" },
        { "52:54:00:00:00:01", "52:54:00:00:00:09" },
        { "52:54:00:00:00:02", "52:54:00:00:00:00" },
        { " portgroup='office'", "" },
        { "network='blue'", "network='red'" },
        { "portid='77'", "portid='78'" },
        { "bridge='br7'", "bridge='br8'" },
        { "dev='vnet3'", "dev='vnet4'" },
        { "type='virtio'/><alias", "type='e1000'/><alias" },
        { "alias name='net0'", "alias name='net1'" },
        { "tag id='42'", "tag id='43'" },
        { "average='1000'", "average='999'" },
        { "link state='up'", "link state='down'" },
        { "slot='0x03'", "slot='0x04'" },
        { "boot order='1'", "boot order='2'" },
        { "rom bar='off'", "rom bar='on'" },
        { "driver name='vhost'", "driver name='qemu'" },
        { "bridge='br0'", "bridge='br1'" },
        { "index='3'", "index='4'" },
        { "interfaceid='9c1'", "interfaceid='9c2'" },
        { "clean-traffic", "no-arp-spoofing" },
        { "<mac address='52:54:00:00:00:02'/>", "" },
        { "10.0.0.1", "10.0.0.2" },
        { "<domain ", "<host " },
        { "</domain>", "" },
};

static const char *changed(size_t i) {
        static char text[2 * sizeof(plain)];
        const char *at = strstr(plain, changes[i].from);

        cr_assert_not_null(at, "%s", changes[i].from);
        (void) snprintf(text, sizeof(text), "%.*s%s%s", (int) (at - plain), plain, changes[i].to,
                        at + strlen(changes[i].from));
        if (strcmp(changes[i].from, "<domain ") == 0)
                (void) snprintf(strstr(text, "</domain>"), 10, "</host>");
        return text;
}

static const char *or_none(const char *text) {
        return text ? text : "-";
}

static void print(FILE *f, const MovedDomain *d) {
        (void) fprintf(f, "    type %s, arch %s, machine %s, emulator %s, cpu %s%s%s%s\n", or_none(d->type),
                       or_none(d->arch), or_none(d->machine), or_none(d->emulator), or_none(d->cpu),
                       d->cpu_of_host ? ", of the host" : "", d->huge_pages ? ", huge pages" : "",
                       d->agent ? ", agent" : "");
        for (size_t i = 0; i < d->n_ports; i++)
                (void) fprintf(f, "    port %s of %s: %s\n", d->ports[i].mac, or_none(d->ports[i].network),
                               d->ports[i].policy);
        for (size_t i = 0; i < d->n_disks; i++)
                (void) fprintf(f, "    disk %s: %s, pool %s%s\n", d->disks[i].target,
                               or_none(d->disks[i].path), or_none(d->disks[i].pool),
                               d->disks[i].in_pool ? " (a volume)" : "");
}

Test(moved_domain, what_is_read_and_which_difference_is_told) {
        MovedDomain before, after;
        char words[256];
        Recording r;

        recording_begin(&r, "moved_domains");
        cr_assert_eq(0, moved_domain_parse(plain, &before));
        print(r.f, &before);
        cr_assert_not(moved_domain_differs(&before, &before, words, sizeof(words)));
        for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
                const int k = moved_domain_parse(changed(i), &after);

                (void) fprintf(r.f, "%s -> %s: %s\n", changes[i].from, changes[i].to,
                               k == 0 ? "read" : "refused");
                cr_assert(k == 0 || k == -EBADMSG);
                print(r.f, &after);
                if (k == 0 && moved_domain_differs(&before, &after, words, sizeof(words)))
                        (void) fprintf(r.f, "    told: %s\n", words);
                moved_domain_done(&after);
        }
        moved_domain_done(&before);
        recording_end(&r);
}

/* As many as are kept, and one more. */
Test(moved_domain, no_more_ports_and_disks_are_read_than_are_kept) {
        char *text = NULL;
        size_t n = 0;
        FILE *f = open_memstream(&text, &n);
        MovedDomain d;

        (void) fprintf(f, "<domain type='kvm'><devices>");
        for (int i = 0; i <= MOVED_LIST_MAX; i++)
                (void) fprintf(
                        f,
                        "<interface type='user'><mac address='52:54:00:00:00:%02x'/></interface><disk "
                        "type='file' device='disk'><source file='/vms/%d'/><target dev='vd%d'/></disk>",
                        (unsigned) i, i, i);
        (void) fprintf(f, "</devices></domain>");
        cr_assert_eq(0, fclose(f));
        cr_assert_eq(0, moved_domain_parse(text, &d));
        cr_assert_eq(MOVED_LIST_MAX, d.n_ports);
        cr_assert_eq(MOVED_LIST_MAX, d.n_disks);
        cr_assert_str_eq("/vms/63", d.disks[MOVED_LIST_MAX - 1].path);
        moved_domain_done(&d);
        free(text);
}

/* Of settings within settings no more is compared than eight deep. */
Test(moved_domain, what_is_nested_deeply_is_read_to_a_depth) {
        static const char head[] =
                "<domain><devices><interface type='user'><mac address='52:54:00:00:00:01'/>";
        char text[1024];
        MovedDomain d;

        (void) snprintf(
                text, sizeof(text),
                "%s<a><b><c><d><e><f><g><h><i><j/></i></h></g></f></e></d></c></b></a></interface></devices>"
                "</domain>",
                head);
        cr_assert_eq(0, moved_domain_parse(text, &d));
        cr_assert_str_eq("a b c d e f g h i ", d.ports[0].policy, "%s", d.ports[0].policy);
        moved_domain_done(&d);
}
