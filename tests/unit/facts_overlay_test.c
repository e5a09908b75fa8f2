/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include "scheduler/app/facts/facts_overlay.h"

static unsigned char memory[1 << 16];
static Arena arena;
static Host hosts[3];
static Vm vm;
static Snapshot snapshot;

static void setup(void) {
        static const char *const names[] = { "h1", "h2", "h3" };

        arena = arena_over(memory, sizeof(memory));
        for (int i = 0; i < 3; i++)
                hosts[i] = (Host){
                        .name = names[i], .seen_at = 100, .memory_used_mib = 1000, .cpu_busy_mcores = 500
                };
        vm = (Vm){ .name = "web1",
                   .host = 0,
                   .in_flight_to = IX_NONE,
                   .memory_mib = 512,
                   .memory_used_mib = UNKNOWN,
                   .cpu_mcores = 200 };
        snapshot = (Snapshot){ .cluster = "c", .n_hosts = 3, .n_vms = 1, .hosts = hosts, .vms = &vm };
}

TestSuite(facts_overlay, .init = setup);

static const MoveOrder *moved(const char *name, const char *from, const char *to) {
        MoveOrder *order = arena_new(&arena, MoveOrder, 1);

        cr_assert_not_null(order);
        *order = (MoveOrder){ .vm = name, .from = from, .to = to };
        return order;
}

static const Snapshot *overlay(const OverlayMove *moves, uint32_t n) {
        const Snapshot *s = NULL;

        cr_assert_eq(0, facts_overlay(&arena, &snapshot, moves, n, &s));
        return s;
}

Test(facts_overlay, a_move_younger_than_the_facts_is_applied_to_them) {
        const Snapshot *s = overlay((OverlayMove[]){ { moved("web1", "h1", "h2"), 150 } }, 1);

        cr_assert_eq(1, s->vms[0].host);
        cr_assert_eq(488, s->hosts[0].memory_used_mib);
        cr_assert_eq(1512, s->hosts[1].memory_used_mib);
        cr_assert_eq(300, s->hosts[0].cpu_busy_mcores);
        cr_assert_eq(700, s->hosts[1].cpu_busy_mcores);
        cr_assert_eq(0, snapshot.vms[0].host, "what was read is not changed");
}

Test(facts_overlay, facts_younger_than_the_move_are_believed) {
        hosts[0].seen_at = hosts[1].seen_at = 200;
        cr_assert_eq(&snapshot, overlay((OverlayMove[]){ { moved("web1", "h1", "h2"), 150 } }, 1));
}

Test(facts_overlay, a_vm_both_hosts_report_is_where_it_was_seen_to_arrive) {
        const Snapshot *s;

        hosts[1].seen_at = 200; /* the target has reported since: it has the VM in its measured use */
        vm.in_flight = true;
        vm.in_flight_to = 1;
        s = overlay((OverlayMove[]){ { moved("web1", "h1", "h2"), 150 } }, 1);
        cr_assert_eq(1, s->vms[0].host);
        cr_assert_not(s->vms[0].in_flight);
        cr_assert_eq(488, s->hosts[0].memory_used_mib);
        cr_assert_eq(1000, s->hosts[1].memory_used_mib);
}

Test(facts_overlay, a_stop_over_ends_on_the_last_host) {
        const Snapshot *s = overlay(
                (OverlayMove[]){ { moved("web1", "h1", "h2"), 150 }, { moved("web1", "h2", "h3"), 160 } }, 2);

        cr_assert_eq(2, s->vms[0].host);
        cr_assert_eq(1000, s->hosts[1].memory_used_mib);
        cr_assert_eq(1512, s->hosts[2].memory_used_mib);
}

Test(facts_overlay, a_vm_that_is_elsewhere_by_now_is_left_alone) {
        vm.host = 2;
        cr_assert_eq(&snapshot, overlay((OverlayMove[]){ { moved("web1", "h1", "h2"), 150 } }, 1));
        cr_assert_eq(&snapshot, overlay((OverlayMove[]){ { moved("gone", "h1", "h2"), 150 } }, 1));
}

Test(facts_overlay, what_was_not_measured_stays_unknown) {
        const Snapshot *s;

        hosts[0].memory_used_mib = UNKNOWN;
        s = overlay((OverlayMove[]){ { moved("web1", "h1", "h2"), 150 } }, 1);
        cr_assert_eq(UNKNOWN, s->hosts[0].memory_used_mib);
        cr_assert_eq(1512, s->hosts[1].memory_used_mib);
}

Test(facts_overlay, huge_pages_and_traffic_go_with_the_vm) {
        static const Hugepages pages[2][2] = { { { 2048, 1024, 0 }, { 1048576, 4096, 4096 } },
                                               { { 2048, 1024, 1024 } } };
        static const Nic nics[2][2] = { { { .name = "eth0", .rx_kbit = UNKNOWN, .tx_kbit = UNKNOWN },
                                          { .name = "eth1", .rx_kbit = 900, .tx_kbit = 50 } },
                                        { { .name = "eth0", .rx_kbit = 0, .tx_kbit = 0 } } };
        const Snapshot *s;

        vm.hugepages_kib = 2048;
        vm.rx_kbit = 300;
        vm.tx_kbit = 70;
        for (int i = 0; i < 2; i++) {
                hosts[i].hugepages = pages[i];
                hosts[i].n_hugepages = 2 - (uint32_t) i;
                hosts[i].nics = nics[i];
                hosts[i].n_nics = 2 - (uint32_t) i;
        }
        s = overlay((OverlayMove[]){ { moved("web1", "h1", "h2"), 150 } }, 1);
        cr_assert_eq(512, s->hosts[0].hugepages[0].free_mib);
        cr_assert_eq(4096, s->hosts[0].hugepages[1].free_mib, "of another size");
        cr_assert_eq(512, s->hosts[1].hugepages[0].free_mib);
        cr_assert_eq(600, s->hosts[0].nics[1].rx_kbit);
        cr_assert_eq(0, s->hosts[0].nics[1].tx_kbit, "not below nothing");
        cr_assert_eq(300, s->hosts[1].nics[0].rx_kbit);
        cr_assert_eq(70, s->hosts[1].nics[0].tx_kbit);
        cr_assert_eq(0, pages[0][0].free_mib);
        cr_assert_eq(900, nics[0][1].rx_kbit, "what was read is not changed");
}

Test(facts_overlay, on_faster_cores_it_needs_fewer) {
        static const VmLoad measured = {
                .cpu_mcores = 100, .memory_used_mib = UNKNOWN, .rx_kbit = UNKNOWN, .tx_kbit = UNKNOWN
        };
        const Snapshot *s;

        hosts[0].cpu_mhz = 2000;
        hosts[1].cpu_mhz = 4000;
        vm.measured = &measured;
        s = overlay((OverlayMove[]){ { moved("web1", "h1", "h2"), 150 } }, 1);
        cr_assert_eq(100, s->vms[0].cpu_mcores);
        cr_assert_eq(50, s->vms[0].measured->cpu_mcores);
        cr_assert_eq(400, s->hosts[0].cpu_busy_mcores);
        cr_assert_eq(550, s->hosts[1].cpu_busy_mcores);
}
