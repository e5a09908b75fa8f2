/* SPDX-License-Identifier: Apache-2.0 */
/* Waves in exact numbers: which move starts when, over random problems with rules, reserves, rings and limits, over links
 * of many speeds; and who is saved by a deadline. */
#include "scheduler/decide/order/deadline.h"
#include "scheduler/decide/order/waves.h"
#include "scheduler/decide/problem/problem_build.h"
#include "tests/random_cluster.h"
#include "tests/random_problem.h"
#include "tests/recorded.h"

static Arena arena;

static void setup(void) {
        cr_assert_eq(0, arena_open((size_t) 64 << 20, &arena));
}

static void teardown(void) {
        arena_close(&arena);
}

TestSuite(waves_recorded, .init = setup, .fini = teardown);

static WaveLimits random_limits(Prng *g) {
        WaveLimits l = { .per_host_in = 1 + prng_below(g, 3) };

        l.per_host_out = 1 + prng_below(g, 3);
        l.at_once = 1 + prng_below(g, 8);
        l.stop_overs = prng_below(g, 4) > 0;
        l.small_first = prng_below(g, 3) == 0;
        return l;
}

/* Which groups each VM is in, as the builder of problems would say. */
static void index_groups(Problem *p) {
        uint32_t *start = arena_new(&arena, uint32_t, p->n_vms + 1),
                 *of = arena_new(&arena, uint32_t, p->n_vms * p->n_groups);
        uint32_t n = 0;

        for (VmIx v = 0; v < p->n_vms; v++) {
                for (uint32_t g = 0; g < p->n_groups; g++)
                        for (uint32_t i = 0; i < p->groups[g].n_vms; i++)
                                if (p->groups[g].vms[i] == v)
                                        of[n++] = g;
                start[v + 1] = n;
        }
        p->groups_of_start = start;
        p->groups_of = of;
}

/* Most VMs are to go somewhere, half of them where another one is now: rings, and room that must be left first. */
static uint32_t random_targets(const Problem *p, Prng *g, Move *moves) {
        uint32_t n = 0;

        for (VmIx v = 0; v < p->n_vms; v++) {
                const HostIx to =
                        prng_below(g, 2) ? prng_below(g, p->n_hosts) : p->home[prng_below(g, p->n_vms)];

                if (to != p->home[v] && prng_below(g, 4) > 0)
                        moves[n++] = (Move){ v, p->home[v], to };
        }
        return n;
}

static void record_order(FILE *f, const WaveOrder *o, uint32_t n, uint64_t seed) {
        (void) fprintf(f, "%llu: %u of %u moves, %u waves, %u stop-overs:", (unsigned long long) seed, o->n,
                       n, o->n_waves, o->n_stop_overs);
        for (uint32_t i = 0; i < o->n; i++)
                (void) fprintf(f, "%s v%u>%u", i > 0 && o->moves[i].wave == o->moves[i - 1].wave ? "" : " |",
                               o->moves[i].move.vm, o->moves[i].move.to);
        for (uint32_t i = 0; i < o->n_left_out; i++)
                (void) fprintf(f, "%s v%u", i == 0 ? "; left out" : "", o->left_out[i]);
        (void) fprintf(f, "\n");
}

static void record(FILE *f, const Problem *p, WaveLimits limits, const Move *moves, uint32_t n,
                   uint64_t seed) {
        WaveOrder o;

        cr_assert_eq(0, waves_order(&arena, p, limits, moves, n, &o));
        record_order(f, &o, n, seed);
}

Test(waves_recorded, of_random_problems) {
        Recording r;

        recording_begin(&r, "waves");
        for (uint64_t seed = 1; seed <= 240; seed++) {
                const ArenaMark mark = arena_mark(&arena);
                Prng g = prng_seeded(seed * 6007);
                Problem *p = random_problem(&arena, seed,
                                            (RandomShape){ .hosts = 7,
                                                           .vms = 26,
                                                           .res = 3,
                                                           .rules = seed % 3 == 0 ? 5 : 0,
                                                           .reserve = true });
                Move moves[26];
                uint32_t first[26];
                uint32_t n;

                for (VmIx v = 0; v < p->n_vms; v++)
                        first[v] = prng_below(&g, 4);
                if (seed % 5 == 0)
                        p->first = first;
                if (p->reserve) {
                        ReserveGoal *goal = arena_new(&arena, ReserveGoal, 1);
                        bool *spends = arena_new(&arena, bool, p->n_vms);

                        for (VmIx v = 0; v < p->n_vms; v++)
                                spends[v] = prng_below(&g, 4) == 0;
                        *goal = *p->reserve;
                        goal->spends = spends;
                        p->reserve = goal;
                }
                if (p->groups)
                        index_groups(p);
                n = random_targets(p, &g, moves);
                record(r.f, p, random_limits(&g), moves, n, seed);
                arena_rewind(&arena, mark);
        }
        recording_end(&r);
}

/* Moves of random VMs, some of them several times, from where the one before left them; as often as not without asking for room. */
static uint32_t random_walk(const Problem *p, Prng *g, uint32_t most, Move *moves) {
        Assignment *x = NULL;
        uint32_t n = 0;

        cr_assert_eq(0, assignment_build(&arena, p, &x));
        for (uint32_t tries = 0; tries < 4 * most && n < most; tries++) {
                const VmIx v = prng_below(g, p->n_vms);
                const Move m = { v, x->host_of[v], prng_below(g, p->n_hosts) };
                bool fits = m.from != m.to;

                for (uint32_t r = 0; r < p->n_res; r++)
                        fits &= assignment_load(x, m.to)[r] + problem_need(p, v)[r] <=
                                p->limit[m.to * p->n_res + r];
                if (m.from == m.to || (!fits && prng_below(g, 80) > 0))
                        continue;
                assignment_move(x, m);
                moves[n++] = m;
        }
        return n;
}

static bool share_a_group(const Problem *p, VmIx a, VmIx b) {
        for (uint32_t i = p->groups_of_start[a]; i < p->groups_of_start[a + 1]; i++)
                for (uint32_t k = p->groups_of_start[b]; k < p->groups_of_start[b + 1]; k++)
                        if (p->groups_of[i] == p->groups_of[k])
                                return true;
        return false;
}

/* Each move of the walk that has a wave: what enters the same host, is of the same VM or shares a group with it, and comes later
 * in the walk, begins no earlier. Counts the pairs of a group. */
static uint32_t walk_keeps_order(const Problem *p, const Move *moves, uint32_t n, const WaveOrder *o) {
        uint32_t *wave = arena_new(&arena, uint32_t, n);
        bool *taken = arena_new(&arena, bool, o->n);
        uint32_t pairs = 0;

        for (uint32_t i = 0; i < n; i++) {
                wave[i] = UINT32_MAX;
                for (uint32_t k = 0; k < o->n && wave[i] == UINT32_MAX; k++)
                        if (!taken[k] && o->moves[k].move.vm == moves[i].vm &&
                            o->moves[k].move.from == moves[i].from && o->moves[k].move.to == moves[i].to) {
                                taken[k] = true;
                                wave[i] = o->moves[k].wave;
                        }
        }
        for (uint32_t i = 0; i < n; i++)
                for (uint32_t k = i + 1; k < n; k++) {
                        const bool group = p->groups && share_a_group(p, moves[i].vm, moves[k].vm);

                        if (moves[i].to != moves[k].to && moves[i].vm != moves[k].vm && !group)
                                continue;
                        pairs += group && wave[i] < wave[k] && wave[k] != UINT32_MAX;
                        cr_assert(wave[i] <= wave[k], "v%u>%u has wave %u, and v%u>%u, after it, wave %u",
                                  moves[i].vm, moves[i].to, wave[i], moves[k].vm, moves[k].to, wave[k]);
                }
        return pairs;
}

/* The order of a walk, with groups that must be kept apart, together or near on the way. */
Test(waves_recorded, of_walks) {
        uint32_t left_out = 0, again = 0, pairs = 0;
        Recording r;

        recording_begin(&r, "walks");
        for (uint64_t seed = 1; seed <= 200; seed++) {
                const ArenaMark mark = arena_mark(&arena);
                Prng g = prng_seeded(seed * 7001);
                Problem *p = random_problem(
                        &arena, seed,
                        (RandomShape){ .hosts = 6, .vms = 20, .res = 2, .rules = seed % 4 == 0 ? 0 : 6 });
                Move moves[40];
                const uint32_t n = random_walk(p, &g, ARRAY_SIZE(moves), moves);
                WaveLimits limits = random_limits(&g);
                WaveOrder o;

                if (p->groups)
                        index_groups(p);
                cr_assert_eq(0, waves_walk(&arena, p, limits, moves, n, &o));
                pairs += walk_keeps_order(p, moves, n, &o);
                record_order(r.f, &o, n, seed);
                for (VmIx v = 0; v < p->n_vms; v++)
                        (void) fprintf(r.f, "%s%u", v == 0 ? "    at the end " : " ", o.host_of[v]);
                (void) fprintf(r.f, "\n");
                left_out += o.n_left_out;
                again += o.n_stop_overs;
                arena_rewind(&arena, mark);
        }
        recording_end(&r);
        cr_assert(left_out > 20 && again > 20 && pairs > 20,
                  "%u left out, %u on the way, %u pairs of a group in two waves", left_out, again, pairs);
}

/* Links of many speeds, some with pools and switches of their own; guests that write much or nothing. */
static const Snapshot *busy_cluster(uint64_t seed) {
        static const int64_t speeds[] = { UNKNOWN, 1000, 10000, 10000, 25000 };
        const Snapshot *plain = random_cluster(&arena, seed, seed % 2 == 0);
        Dice d = { .prng = prng_seeded(seed * 7 + 1), .arena = &arena };
        Snapshot *s = arena_new(&arena, Snapshot, 1);
        Host *hosts = arena_new(&arena, Host, plain->n_hosts);
        Nic *nics = arena_new(&arena, Nic, plain->n_hosts);
        Vm *vms = arena_new(&arena, Vm, plain->n_vms);

        for (HostIx h = 0; h < plain->n_hosts; h++) {
                hosts[h] = plain->hosts[h];
                nics[h] = (Nic){ .name = "bond0",
                                 .speed_mbit = speeds[dice_below(&d, ARRAY_SIZE(speeds))],
                                 .tx_kbit = dice_percent(&d, 50) ? (int64_t) dice_below(&d, 800000) : UNKNOWN,
                                 .rx_kbit = dice_percent(&d, 50) ? (int64_t) dice_below(&d, 800000) : UNKNOWN,
                                 .carrier = true,
                                 .peers = UNKNOWN };
                hosts[h].nics = &nics[h];
                hosts[h].n_nics = 1;
                hosts[h].switches = dice_words(&d, random_places, 3, 40);
        }
        for (VmIx v = 0; v < plain->n_vms; v++) {
                vms[v] = plain->vms[v];
                vms[v].dirty_kib_s = dice_percent(&d, 70) ? (int64_t) dice_below(&d, 200000) : UNKNOWN;
                vms[v].dirty_burst_kib_s = dice_percent(&d, 50) ? (int64_t) dice_below(&d, 400000) : UNKNOWN;
                vms[v].pools = dice_words(&d, random_pools, 2, 30);
        }
        *s = *plain;
        s->hosts = hosts;
        s->vms = vms;
        return s;
}

Test(waves_recorded, over_links) {
        Recording r;

        recording_begin(&r, "waves_over_links");
        for (uint64_t seed = 1; seed <= 120; seed++) {
                const ArenaMark mark = arena_mark(&arena);
                const Snapshot *s = busy_cluster(seed);
                const Settings *settings = default_settings(&arena);
                Prng g = prng_seeded(seed * 6011);
                WaveLimits limits = {
                        .per_host_in = 20, .per_host_out = 20, .at_once = 40, .stop_overs = true
                };
                const Problem *p = NULL;
                MigrationNet net;
                Move *moves = arena_new(&arena, Move, s->n_vms);
                uint32_t n;

                cr_assert_eq(0, problem_build(&arena, s, settings, &p));
                cr_assert_eq(0, migration_net_build(&arena, s, settings, &net));
                limits.net = &net;
                limits.links = (LinkCaps){ .host_in = prng_below(&g, 3),
                                           .host_out = prng_below(&g, 3),
                                           .per_switch = prng_below(&g, 4),
                                           .per_pool = prng_below(&g, 4),
                                           .downtime_ms = prng_below(&g, 2) * 1000 };
                if (prng_below(&g, 3) == 0)
                        limits.links = (LinkCaps){ 0 };
                n = random_targets(p, &g, moves);
                record(r.f, p, limits, moves, n > 24 ? 24 : n, seed);
                arena_rewind(&arena, mark);
        }
        recording_end(&r);
}

#define JOBS 14

Test(waves_recorded, who_is_saved_by_a_deadline) {
        Recording r;

        recording_begin(&r, "deadlines");
        for (uint64_t seed = 1; seed <= 300;
             seed++) { /* the last ones have more ms than the table has steps */
                Prng g = prng_seeded(seed * 6029);
                const int64_t scale = seed > 200 ? 37 : 1;
                const uint32_t n = 1 + prng_below(&g, JOBS), hosts = 2 + prng_below(&g, 3);
                DeadlineJob jobs[JOBS];
                uint32_t rank[JOBS];
                bool saved[JOBS];

                for (uint32_t i = 0; i < n; i++) {
                        jobs[i] = (DeadlineJob){ .move = { i, prng_below(&g, hosts), prng_below(&g, hosts) },
                                                 .ms = scale * prng_below(&g, 900),
                                                 .within = scale * ((int64_t) prng_below(&g, 6) * 500 - 200),
                                                 .weight = 1 + prng_below(&g, 1000) };
                        if (prng_below(&g, 6) == 0)
                                jobs[i].within = INT64_MAX;
                        if (prng_below(&g, 9) == 0)
                                jobs[i].weight = DEADLINE_WEIGHT_MAX;
                }
                cr_assert_eq(0, deadline_choose(&arena, jobs, n, hosts, rank, saved));
                (void) fprintf(r.f, "%llu:", (unsigned long long) seed);
                for (uint32_t i = 0; i < n; i++)
                        (void) fprintf(r.f, " %u%s", rank[i], saved[i] ? "" : "-");
                (void) fprintf(r.f, "\n");
        }
        recording_end(&r);
}
