/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <errno.h>

#include "scheduler/decide/order/waves.h"
#include "tests/random_cluster.h"

static Arena arena;

static void setup(void) {
        cr_assert_eq(0, arena_open((size_t) 16 << 20, &arena));
}

static void teardown(void) {
        arena_close(&arena);
}

TestSuite(wave_links, .init = setup, .fini = teardown);

#define HOSTS 4
#define VMS   8
#define GBIT  1000

/* Hosts with a NIC of 10 Gbit/s each; VMs of 32 GiB. */
typedef struct Net {
        Nic nic;
        Host hosts[HOSTS + 1]; /* the last one is none of the cluster */
        Vm vms[VMS + 1];
        Snapshot s;
        MigrationNet net;
} Net;

static void net_new(Net *n, int64_t dirty_mib_s, int64_t memory_mib) {
        static const char *const names[] = { "a", "b", "c", "d", "e", "f", "g", "h" };

        *n = (Net){ .nic = { .name = "eth0",
                             .speed_mbit = 10 * GBIT,
                             .rx_kbit = UNKNOWN,
                             .tx_kbit = UNKNOWN,
                             .carrier = true,
                             .peers = UNKNOWN } };
        for (HostIx h = 0; h < HOSTS; h++)
                n->hosts[h] = (Host){ .name = names[h], .nics = &n->nic, .n_nics = 1 };
        for (VmIx v = 0; v < VMS; v++)
                n->vms[v] = (Vm){ .name = names[v],
                                  .memory_mib = memory_mib,
                                  .memory_resident_mib = UNKNOWN,
                                  .rx_kbit = UNKNOWN,
                                  .tx_kbit = UNKNOWN,
                                  .dirty_kib_s = dirty_mib_s * 1024,
                                  .dirty_burst_kib_s = UNKNOWN };
        n->s = (Snapshot){ .cluster = "c", .hosts = n->hosts, .n_hosts = HOSTS, .vms = n->vms, .n_vms = VMS };
        n->hosts[HOSTS].switches.n = n->vms[VMS].pools.n = UINT32_MAX; /* who counts it has no room */
        cr_assert_eq(0, migration_net_build(&arena, &n->s, default_settings(&arena), &n->net));
}

static WaveLinks *links(const Net *n, LinkCaps caps) {
        WaveLinks *w = NULL;

        cr_assert_eq(0, wave_links_new(&arena, &n->net, caps, 8, &w));
        return w;
}

static bool take(WaveLinks *w, VmIx v, HostIx from, HostIx to) {
        const Move m = { v, from, to };

        if (!wave_links_allow(w, m))
                return false;
        wave_links_add(w, m);
        return true;
}

Test(wave_links, busy_guests_go_one_after_the_other_over_a_link_and_at_once_over_others) {
        Net n;
        WaveLinks *w;

        net_new(&n, 512, 32768);
        w = links(&n, (LinkCaps){ 0 });
        cr_assert(take(w, 0, 0, 1));
        cr_assert_not(take(w, 1, 0, 2), "the same source");
        cr_assert_not(take(w, 2, 3, 1), "the same target");
        cr_assert(take(w, 3, 3, 2), "no link in common");
        cr_assert(take(w, 4, 1, 3), "into the source of one, out of the target of another");
        wave_links_end(w);
        cr_assert(take(w, 1, 0, 2), "the next wave");
}

Test(wave_links, calm_guests_of_one_size_share_a_link) {
        Net n;
        WaveLinks *w;

        net_new(&n, 5, 32768);
        w = links(&n, (LinkCaps){ 0 });
        cr_assert(take(w, 0, 0, 1));
        cr_assert(take(w, 1, 0, 2));
        cr_assert_not(take(w, 2, 0, 3), "two big ones at once are enough");
}

Test(wave_links, a_small_guest_does_not_hold_half_of_a_big_ones_link) {
        Net n;
        WaveLinks *w;

        net_new(&n, 0, 32768);
        n.vms[1].memory_mib = 4096;
        w = links(&n, (LinkCaps){ 0 });
        cr_assert(take(w, 0, 0, 1));
        cr_assert_not(take(w, 1, 0, 2));
}

Test(wave_links, many_tiny_guests_go_at_once_since_what_is_fixed_is_most_of_it) {
        Net n;
        WaveLinks *w;
        uint32_t taken = 0;

        net_new(&n, 0, 64);
        w = links(&n, (LinkCaps){ 0 });
        for (VmIx v = 0; v < 8; v++)
                taken += take(w, v, 0, 1 + v % 3);
        cr_assert_eq(taken, LINK_MOVES_MOST);
        wave_links_end(w);
        cr_assert(take(w, 0, 0, 1));
        w = links(&n, (LinkCaps){ .host_out = 3 });
        for (VmIx v = taken = 0; v < 8; v++)
                taken += take(w, v, 0, 1 + v % 3);
        cr_assert_eq(taken, 3, "the settings are a cap");
}

Test(wave_links, a_guest_that_never_ends_has_its_links_alone) {
        Net n;
        WaveLinks *w;

        net_new(&n, 0, 64);
        n.vms[0].memory_mib = 65536;
        n.vms[0].dirty_kib_s = INT64_C(400) * 1024 * 1024;
        w = links(&n, (LinkCaps){ 0 });
        cr_assert(take(w, 0, 0, 1));
        cr_assert_not(take(w, 1, 0, 2));
        cr_assert(take(w, 2, 2, 3));
}

/* It writes twice what its link carries, to 4 GiB: it ends where all of that may be sent while it stands still. */
Test(wave_links, for_how_long_a_guest_may_stand_still_decides_whether_it_ends) {
        static const struct {
                int64_t downtime_ms;
                bool ends;
        } all[] = { { 0, false }, { 1, false }, { MIGRATION_DOWNTIME_MS, false }, { 10000, true } };
        Net n;

        net_new(&n, 2048, 4096);
        n.vms[1].dirty_kib_s = 0;
        for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
                WaveLinks *w = links(&n, (LinkCaps){ .downtime_ms = all[i].downtime_ms });

                cr_assert(take(w, 0, 0, 1));
                cr_assert_eq(all[i].ends, take(w, 1, 0, 2), "%lld ms", (long long) all[i].downtime_ms);
        }
}

/* Nothing said is the usual limit: some guest ends with it that does not end with the least there is. */
Test(wave_links, where_nothing_is_said_a_guest_may_stand_still_as_long_as_usual) {
        uint32_t other = 0;

        for (int64_t dirty = 1; dirty < 1200; dirty += 2) {
                bool both[3];
                Net n;

                net_new(&n, dirty, 4096);
                n.vms[1].dirty_kib_s = 0;
                for (size_t i = 0; i < ARRAY_SIZE(both); i++) {
                        WaveLinks *w = links(&n, (LinkCaps){ .downtime_ms = i == 0   ? 0
                                                                            : i == 1 ? MIGRATION_DOWNTIME_MS
                                                                                     : 1 });

                        cr_assert(take(w, 0, 0, 1));
                        both[i] = take(w, 1, 0, 2);
                }
                cr_assert_eq(both[0], both[1], "%lld MiB/s", (long long) dirty);
                other += both[0] != both[2];
        }
        cr_assert(other > 0);
}

Test(wave_links, a_name_that_is_the_only_one_counts_and_after_a_wave_anew) {
        static const char *const name[] = { "nfs" };
        Net n;
        WaveLinks *w;

        net_new(&n, 0, 64);
        n.vms[0].pools = n.vms[1].pools = (Strings){ name, 1 };
        w = links(&n, (LinkCaps){ .per_pool = 1 });
        for (int wave = 0; wave < 2; wave++) {
                cr_assert(take(w, 0, 0, 1));
                cr_assert_not(take(w, 1, 2, 3));
                wave_links_end(w);
        }
}

Test(wave_links, switches_and_pools_bound_the_moves_at_once) {
        static const char *const left[] = { "tor-1" }, *const right[] = { "tor-2" },
                                 *const pool[] = { "nfs" };
        Net n;
        WaveLinks *w;

        net_new(&n, 0, 64);
        for (HostIx h = 0; h < HOSTS; h++)
                n.hosts[h].switches = (Strings){ h < 2 ? left : right, 1 };
        w = links(&n, (LinkCaps){ .per_switch = 1 });
        cr_assert(take(w, 0, 0, 1));
        cr_assert_not(take(w, 1, 1, 2), "tor-1 learns one at a time");
        cr_assert(take(w, 2, 2, 3));
        wave_links_end(w);
        cr_assert(take(w, 1, 1, 2));
        cr_assert_not(take(w, 3, 3, 2), "both sides count");
        n.vms[4].pools = n.vms[5].pools = (Strings){ pool, 1 };
        w = links(&n, (LinkCaps){ .per_pool = 1 });
        cr_assert(take(w, 4, 0, 1));
        cr_assert_not(take(w, 5, 2, 3));
        cr_assert(take(w, 6, 2, 3));
}

/* Of a VM eight pools count; the rest of them do not. */
Test(wave_links, of_many_pools_the_first_eight_count) {
        static const char *const first[] = { "p1", "p2", "p3", "p4", "p5", "p6", "p7", "p8", "p9" };
        static const char *const eighth[] = { "p8" }, *const ninth[] = { "p9" };
        Net n;
        WaveLinks *w;

        net_new(&n, 0, 64);
        n.vms[0].pools = (Strings){ .at = (const char **) (uintptr_t) first, .n = 9 };
        n.vms[1].pools = (Strings){ .at = (const char **) (uintptr_t) ninth, .n = 1 };
        n.vms[2].pools = (Strings){ .at = (const char **) (uintptr_t) eighth, .n = 1 };
        w = links(&n, (LinkCaps){ .per_pool = 1 });
        cr_assert(take(w, 0, 0, 1));
        cr_assert_not(take(w, 2, 2, 3), "p8 is in use");
        cr_assert(take(w, 1, 2, 3), "p9 was not counted");
        cr_assert_not(take(w, 1, 1, 3), "now it is");
}

/* Of the most that count, the last one counts as the first does: of the switches of both hosts, and of the pools. */
Test(wave_links, the_last_switch_and_the_last_pool_count_too) {
        static const char *sources[] = { "s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8" };
        static const char *targets[] = { "t1", "t2", "t3", "t4", "t5", "t6", "t7", "t8" };
        static const char *pools[] = { "p1", "p2", "p3", "p4", "p5", "p6", "p7", "p8", "p9" };
        Net n;
        WaveLinks *w;

        net_new(&n, 5, 1024);
        n.hosts[0].switches = (Strings){ .at = sources, .n = 8 };
        n.hosts[1].switches = (Strings){ .at = targets, .n = 8 };
        n.vms[0].pools = (Strings){ .at = pools, .n = 8 };
        n.vms[1].pools = (Strings){ .at = &pools[7], .n = 1 };
        n.vms[2].pools = (Strings){ .at = &pools[8], .n = 1 };
        for (int last = 0; last < 2; last++) {
                n.hosts[3].switches = (Strings){ .at = last ? &targets[7] : &sources[7], .n = 1 };
                w = links(&n, (LinkCaps){ .per_switch = 1, .per_pool = 1 });
                cr_assert(take(w, 0, 0, 1));
                cr_assert_not(take(w, 2, 2, 3), "the switch");
                n.hosts[3].switches.n = 0;
                w = links(&n, (LinkCaps){ .per_switch = 1, .per_pool = 1 });
                cr_assert(take(w, 0, 0, 1));
                cr_assert_not(take(w, 1, 2, 3), "the pool");
                cr_assert(take(w, 2, 2, 3));
        }
}

/* A name that has no room is no name less. */
Test(wave_links, where_memory_ends_nothing_is_counted_without_a_name) {
        static char name[6000];
        const char *names[] = { "s1", memset(name, 'x', sizeof(name) - 1) };
        uint32_t ended = 0;
        Net n;

        net_new(&n, 5, 1024);
        n.hosts[0].switches = n.hosts[1].switches = (Strings){ .at = names, .n = 2 };
        for (size_t limit = 1; limit < 24000; limit += 100) {
                WaveLinks *w = NULL;
                Arena small;
                int r;

                cr_assert_eq(0, arena_open(limit, &small));
                r = wave_links_new(&small, &n.net, (LinkCaps){ .per_switch = 1 }, 8, &w);
                cr_assert(r == -ENOMEM || (r == 0 && take(w, 0, 0, 2) && !take(w, 1, 1, 3)), "%zu bytes: %d",
                          limit, r);
                ended += r == -ENOMEM;
                arena_close(&small);
        }
        cr_assert(ended > 10 && ended < 240);
}
