/* SPDX-License-Identifier: Apache-2.0 */
/* bench schedule: how long the waves of a plan take beside what the busiest link needs at least, with the
 * long moves of each host first, or the small ones.
 *
 *     build/release/bench_schedule [CLUSTERS]        (release -DBUILD_TESTING=ON)
 *
 * Clusters of 40 hosts and 400 VMs (1 to 128 GiB, a tenth of which write much), one to four hosts in
 * maintenance and the rest uneven; NICs of 10 Gbit/s, or each of another speed. The moves are those of the
 * planner; the waves are ordered anew both ways, and their length is reckoned by the migration model.
 */
#include <stdio.h>
#include <stdlib.h>

#include "policies/policies.h"
#include "scheduler/app/settings/app_settings.h"
#include "scheduler/base/prng.h"
#include "scheduler/decide/migration/move_strategy.h"
#include "scheduler/decide/order/waves.h"
#include "scheduler/decide/plan/planner.h"
#include "scheduler/decide/problem/problem_build.h"

#define HOSTS 40
#define VMS   400

static const Snapshot *cluster(Arena *a, uint64_t seed, bool alike) {
        static const int64_t sizes[] = { 1024, 2048, 4096, 8192, 16384, 32768, 65536, 131072 };
        static const int64_t speeds[] = { 1000, 10000, 25000 };
        Prng prng = prng_seeded(seed);
        Snapshot *s = arena_new(a, Snapshot, 1);
        Host *hosts = arena_new(a, Host, HOSTS);
        Vm *vms = arena_new(a, Vm, VMS);
        Nic *nics = arena_new(a, Nic, HOSTS);

        for (HostIx h = 0; h < HOSTS; h++) {
                nics[h] = (Nic){ .name = "bond0",
                                 .speed_mbit = alike ? 10000 : speeds[prng_below(&prng, 3)],
                                 .rx_kbit = UNKNOWN,
                                 .tx_kbit = UNKNOWN,
                                 .carrier = true,
                                 .peers = UNKNOWN };
                hosts[h] = (Host){ .name = text_format(a, "h%02u", h),
                                   .state = h < 1 + seed % 4 ? HOST_MAINTENANCE : HOST_ACTIVE,
                                   .cpus = 64,
                                   .cpu_mhz = UNKNOWN,
                                   .memory_mib = 786432,
                                   .cpu_busy_mcores = UNKNOWN,
                                   .memory_used_mib = UNKNOWN,
                                   .cpu_pressure_permille = UNKNOWN,
                                   .memory_pressure_permille = UNKNOWN,
                                   .headroom_permille = { UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN },
                                   .nics = &nics[h],
                                   .n_nics = 1 };
        }
        for (VmIx v = 0; v < VMS; v++) {
                const int64_t size = sizes[(prng_below(&prng, 8) * (1 + prng_below(&prng, 2))) % 8];

                vms[v] = (Vm){ .name = text_format(a, "v%03u", v),
                               .host = prng_below(&prng, HOSTS),
                               .in_flight_to = IX_NONE,
                               .movable = true,
                               .vcpus = 2,
                               .memory_mib = size,
                               .memory_resident_mib = UNKNOWN,
                               .memory_used_mib = UNKNOWN,
                               .cpu_mcores = 200 + prng_below(&prng, 3000),
                               .cpu_delay_permille = UNKNOWN,
                               .rx_kbit = UNKNOWN,
                               .tx_kbit = UNKNOWN,
                               .disk_kib_s = UNKNOWN,
                               .dirty_kib_s = prng_below(&prng, 10) == 0 ? 100000 + prng_below(&prng, 400000)
                                                                         : prng_below(&prng, 10000),
                               .dirty_burst_kib_s = UNKNOWN,
                               .priority = 100 };
        }
        *s = (Snapshot){ .cluster = "bench", .hosts = hosts, .n_hosts = HOSTS, .vms = vms, .n_vms = VMS };
        return s;
}

/* Sum of the waves' longest moves, each over its share. */
static int64_t length_of(const MigrationNet *net, const WaveMove *moves, uint32_t n) {
        static uint32_t sharing[2 * HOSTS];
        int64_t sum = 0;

        for (uint32_t i = 0, end; i < n; i = end) {
                int64_t longest = 0;

                for (uint32_t l = 0; l < 2 * HOSTS; l++)
                        sharing[l] = 0;
                for (end = i; end < n && moves[end].wave == moves[i].wave; end++) {
                        const MigrationRoute route =
                                migration_route(net, moves[end].move.from, moves[end].move.to);

                        for (uint32_t k = 0; k < route.n; k++)
                                sharing[route.links[k]]++;
                }
                for (uint32_t k = i; k < end; k++) {
                        const Move m = moves[k].move;
                        const MigrationRoute route = migration_route(net, m.from, m.to);
                        int64_t share = INT64_MAX, ms;
                        MigrationFacts f;

                        for (uint32_t l = 0; l < route.n; l++) {
                                const int64_t part =
                                        net->links[route.links[l]].free_kbit / sharing[route.links[l]];

                                share = part < share ? part : share;
                        }
                        f = migration_facts(net, m.vm, m.from, m.to, share);
                        ms = migration_ms(&f);
                        if (ms == MIGRATION_MS_MAX) {
                                f.mode = MIGRATION_AUTO_CONVERGE;
                                ms = migration_ms(&f);
                        }
                        longest = ms > longest ? ms : longest;
                }
                sum += longest;
        }
        return sum;
}

typedef struct Sums {
        double least, as_planned, big_first, small_first, in_turn, waves;
} Sums;

static void reorder(Arena *a, const MigrationNet *net, const Problem *p, const Plan *plan, Sums *io) {
        Move *moves = arena_new(a, Move, plan->n_moves);
        WaveMove *single = arena_new(a, WaveMove, plan->n_moves);
        WaveLimits limits = { .per_host_in = LINK_MOVES_MOST,
                              .per_host_out = LINK_MOVES_MOST,
                              .at_once = 100,
                              .stop_overs = true,
                              .net = net };
        WaveOrder o = { 0 };

        for (uint32_t i = 0; i < plan->n_moves; i++) {
                moves[i] = (Move){ plan->moves[i].move.vm, plan->moves[i].move.from, plan->moves[i].move.to };
                single[i] = (WaveMove){ moves[i], i };
        }
        io->in_turn += (double) length_of(net, single, plan->n_moves);
        if (waves_order(a, p, limits, moves, plan->n_moves, &o) < 0)
                abort();
        io->big_first += (double) length_of(net, o.moves, o.n);
        io->waves += o.n_waves;
        limits.small_first = true;
        if (waves_order(a, p, limits, moves, plan->n_moves, &o) < 0)
                abort();
        io->small_first += (double) length_of(net, o.moves, o.n);
}

static void run(uint64_t clusters, bool alike) {
        Sums sums = { 0 };
        uint64_t moves = 0;
        Arena a;

        if (arena_open((size_t) 1 << 30, &a) < 0)
                abort();
        for (uint64_t seed = 1; seed <= clusters; seed++) {
                const ArenaMark mark = arena_mark(&a);
                const Snapshot *s = cluster(&a, seed, alike);
                Settings *settings = NULL;
                const Problem *p = NULL;
                const Plan *plan = NULL;
                MigrationNet net;

                if (app_settings_new(&a, &settings) < 0 || migration_net_build(&a, s, settings, &net) < 0 ||
                    problem_build(&a, s, settings, &p) < 0 ||
                    planner_plan(&a, s, settings, policies_all(), PLAN_REQUEST_DEFAULT, &plan) < 0)
                        abort();
                sums.least += (double) plan->least_ms;
                sums.as_planned += (double) plan->makespan_ms;
                moves += plan->n_moves;
                reorder(&a, &net, p, plan, &sums);
                arena_rewind(&a, mark);
        }
        arena_close(&a);
        (void) printf("| %s | %.1f | %.0f s | %.2f | %.2f | %.2f | %.1f |\n",
                      alike ? "10 Gbit/s each" : "1, 10, 25 Gbit/s", (double) moves / (double) clusters,
                      sums.least / 1000 / (double) clusters, sums.big_first / sums.least,
                      sums.small_first / sums.least, sums.in_turn / sums.least,
                      sums.waves / (double) clusters);
}

int main(int argc, char **argv) {
        const uint64_t clusters = argc > 1 ? strtoull(argv[1], NULL, 10) : 100;

        (void) printf("| links | moves | busiest link needs | long first | small first | one after the other "
                      "| waves |\n"
                      "|---|---|---|---|---|---|---|\n");
        run(clusters, true);
        run(clusters, false);
        return 0;
}
