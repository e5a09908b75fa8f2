/* SPDX-License-Identifier: Apache-2.0 */
/* Distances between hosts: what was measured, and how good the estimates are where nothing was. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/base/prng.h"
#include "scheduler/base/text.h"
#include "scheduler/decide/problem/distance.h"

static unsigned char memory[64 << 20];
static Arena arena;

static void setup(void) {
        arena = arena_over(memory, sizeof(memory));
}
TestSuite(distance, .init = setup);

/* A cluster of zones of racks of hosts; the truth is in true_rtt(). */
#define TOLD_MAX 64
typedef struct Fleet {
        Host *hosts;
        PeerRtt (*told)[TOLD_MAX]; /* each host's peers */
        uint32_t n, per_rack, per_zone;
        Prng prng;
        HostIx slow; /* with a long cable; IX_NONE */
} Fleet;

#define SLOW_US 20000

static int64_t true_rtt(const Fleet *f, HostIx a, HostIx b) {
        int64_t rtt = a / f->per_rack == b / f->per_rack   ? 60
                      : a / f->per_zone == b / f->per_zone ? 150
                                                           : 900;

        return rtt + (a == f->slow || b == f->slow ? SLOW_US : 0);
}

static Fleet fleet_of(uint32_t n, uint32_t per_rack, uint32_t per_zone) {
        Fleet f = {
                .n = n, .per_rack = per_rack, .per_zone = per_zone, .slow = IX_NONE, .prng = prng_seeded(1)
        };

        f.hosts = arena_new(&arena, Host, n);
        f.told = (PeerRtt(*)[TOLD_MAX])(void *) arena_new(&arena, PeerRtt, (size_t) n * TOLD_MAX);
        for (HostIx h = 0; h < n; h++) {
                f.hosts[h].name = text_format(&arena, "h%05u", h);
                f.hosts[h].rack = text_format(&arena, "r%u", h / per_rack);
                f.hosts[h].zone = text_format(&arena, "z%u", h / per_zone);
                f.hosts[h].peers = f.told[h];
        }
        return f;
}

static void tell(Fleet *f, HostIx a, HostIx b, int64_t rtt_us) {
        cr_assert_lt(f->hosts[a].n_peers, TOLD_MAX);
        f->told[a][f->hosts[a].n_peers++] = (PeerRtt){ f->hosts[b].name, rtt_us };
}

/* a measures b, up to a tenth longer than it is. */
static void measure(Fleet *f, HostIx a, HostIx b) {
        int64_t rtt = true_rtt(f, a, b);

        tell(f, a, b, rtt + prng_below(&f->prng, (uint32_t) rtt / 10 + 1));
}

/* As the agents' partners are: ±1, ±2, ±4 … of the ring (scheduler/store/store_peers.c). */
static void measure_ring(Fleet *f) {
        for (HostIx h = 0; h < f->n; h++)
                for (uint32_t step = 1; step < f->n; step *= 2) {
                        measure(f, h, (h + step) % f->n);
                        measure(f, h, (h + f->n - step) % f->n);
                }
}

static const DistanceMap *map_of(const Fleet *f) {
        Snapshot *s = arena_new(&arena, Snapshot, 1);
        const DistanceMap *m = NULL;

        s->hosts = f->hosts;
        s->n_hosts = f->n;
        cr_assert_eq(0, distance_map_build(&arena, s, &m));
        return m;
}

Test(distance, of_a_measured_pair_is_its_round_trip_and_its_switches) {
        Fleet f = fleet_of(6, 2, 4);
        const DistanceMap *m;
        Distance d;

        tell(&f, 0, 1, 70);
        tell(&f, 1, 0, 64);
        tell(&f, 0, 5, 900);
        m = map_of(&f);
        d = distance_between(m, 0, 1);
        cr_assert(d.from == DISTANCE_MEASURED && d.rtt_us == 64 && d.hops == 1 && d.units == 164,
                  "both measured: the shorter one");
        d = distance_between(m, 5, 0);
        cr_assert(d.from == DISTANCE_MEASURED && d.rtt_us == 900 && d.hops == 5 && d.units == 1400,
                  "one measured: both know");
        d = distance_between(m, 3, 3);
        cr_assert(d.from == DISTANCE_SELF && d.units == 0);
}

Test(distance, is_what_is_configured_where_nothing_was_measured) {
        Fleet f = fleet_of(8, 2, 4);
        const DistanceMap *m = map_of(&f);

        cr_assert(distance_tells(m));
        cr_assert_eq(distance_between(m, 0, 1).units, 100);
        cr_assert_eq(distance_between(m, 0, 2).units, 300);
        cr_assert_eq(distance_between(m, 0, 4).units, 500);
        cr_assert_eq(distance_between(m, 0, 4).from, DISTANCE_TOLD);
}

Test(distance, tells_nothing_of_hosts_of_which_nothing_is_said) {
        Fleet f = fleet_of(4, 2, 4);
        const DistanceMap *m;

        for (HostIx h = 0; h < f.n; h++)
                f.hosts[h].rack = f.hosts[h].zone = NULL;
        m = map_of(&f);
        cr_assert_not(distance_tells(m));
        cr_assert_eq(distance_between(m, 0, 3).units, DISTANCE_HOP);
        cr_assert_eq(distance_between(m, 0, 3).hops, UNKNOWN);
}

Test(distance, counts_one_switch_between_hosts_cabled_to_the_same) {
        static const char *const leafs[] = { "leaf1", "leaf2", "leaf3" };
        Fleet f = fleet_of(3, 1, 3);
        const DistanceMap *m;

        f.hosts[0].switches = (Strings){ leafs, 2 };
        f.hosts[1].switches = (Strings){ leafs + 1, 2 };
        f.hosts[2].switches = (Strings){ leafs, 1 };
        m = map_of(&f);
        cr_assert_eq(distance_between(m, 0, 1).hops, 1, "leaf2, though their racks differ");
        cr_assert_eq(distance_between(m, 1, 2).hops, 3);
}

/* Median and worst error of all estimated pairs, in percent of the truth. */
static void errors_of(const Fleet *f, const DistanceMap *m, int64_t *ret_median, int64_t *ret_p99) {
        size_t n = 0, most = (size_t) f->n * f->n / 2;
        int64_t *errors = arena_new(&arena, int64_t, most);
        int64_t histogram[1001] = { 0 }, seen = 0;

        cr_assert_not_null(errors);
        for (HostIx a = 0; a < f->n; a++)
                for (HostIx b = 0; b < a; b++) {
                        const Distance d = distance_between(m, a, b);
                        int64_t truth = true_rtt(f, a, b);

                        if (d.from == DISTANCE_MEASURED)
                                continue;
                        errors[n++] = llabs(d.rtt_us - truth) * 100 / truth;
                }
        cr_assert_gt(n, 0);
        for (size_t i = 0; i < n; i++)
                histogram[errors[i] < 1000 ? errors[i] : 1000]++;
        *ret_median = *ret_p99 = -1;
        for (int64_t e = 0; e <= 1000; e++) {
                seen += histogram[e];
                if (*ret_median < 0 && seen * 2 >= (int64_t) n)
                        *ret_median = e;
                if (*ret_p99 < 0 && seen * 100 >= 99 * (int64_t) n)
                        *ret_p99 = e;
        }
}

Test(distance, is_estimated_well_from_few_measurements) {
        Fleet f = fleet_of(1000, 20, 260);
        int64_t median, p99;

        measure_ring(&f);
        errors_of(&f, map_of(&f), &median, &p99);
        cr_assert_leq(median, 10, "median error %lld %%", (long long) median);
        cr_assert_leq(p99, 20, "99th percentile %lld %%", (long long) p99);
}

Test(distance, of_a_host_with_a_long_cable_is_long_to_all) {
        Fleet f = fleet_of(200, 20, 100);
        const DistanceMap *m;

        f.slow = 77;
        measure_ring(&f);
        m = map_of(&f);
        for (HostIx h = 0; h < f.n; h++) {
                const Distance d = distance_between(m, h, f.slow);

                if (h != f.slow)
                        cr_assert(d.rtt_us >= SLOW_US * 9 / 10 && d.rtt_us <= SLOW_US * 13 / 10,
                                  "%u: %lld us", h, (long long) d.rtt_us);
                cr_assert((distance_height(m, h) > SLOW_US / 2) == (h == f.slow), "host %u", h);
        }
        cr_assert_leq(distance_between(m, 70, 90).rtt_us, 500, "others are as near as they were");
}

Test(distance, is_the_same_both_ways_and_never_zero) {
        Fleet f = fleet_of(90, 7, 30);
        const DistanceMap *m;

        f.hosts[3].rack = NULL;
        f.hosts[4].zone = NULL;
        measure_ring(&f);
        m = map_of(&f);
        for (HostIx a = 0; a < f.n; a++)
                for (HostIx b = 0; b < f.n; b++) {
                        cr_assert_eq(distance_between(m, a, b).units, distance_between(m, b, a).units);
                        cr_assert_eq(distance_between(m, a, b).units == 0, a == b);
                        cr_assert_leq(distance_between(m, a, b).units, DISTANCE_MAX);
                }
}
