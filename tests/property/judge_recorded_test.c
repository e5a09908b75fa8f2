/* SPDX-License-Identifier: Apache-2.0 */
/* The judge in exact words: what it objects to in random plans for random clusters, with limits, rules and reserves. */
#include "tests/random_cluster.h"
#include "tests/recorded.h"

#define SEEDS 160
#define MOVES 9

static Arena arena;

static void setup(void) {
        cr_assert_eq(0, arena_open((size_t) 64 << 20, &arena));
}

static void teardown(void) {
        arena_close(&arena);
}

TestSuite(judge_recorded, .init = setup, .fini = teardown);

/* VMs by chance, in up to three waves; some named wrongly, some from where they are not, some twice. */
static uint32_t random_moves(const Snapshot *s, uint64_t seed, MoveOrder *moves) {
        Dice d = { .prng = prng_seeded(seed * 104729), .arena = &arena };
        const uint32_t n = (uint32_t) dice_between(&d, 1, MOVES);
        HostIx at[64];
        uint32_t wave = 0;

        cr_assert_leq(s->n_vms, ARRAY_SIZE(at));
        for (VmIx v = 0; v < s->n_vms; v++)
                at[v] = s->vms[v].host;
        for (uint32_t i = 0; i < n; i++) {
                const VmIx v = dice_below(&d, s->n_vms);
                const HostIx h = dice_below(&d, s->n_hosts);

                wave += dice_percent(&d, 30);
                moves[i] = (MoveOrder){ .vm = dice_percent(&d, 2) ? "nobody" : s->vms[v].name,
                                        .from = s->hosts[dice_percent(&d, 3) ? h : at[v]].name,
                                        .to = dice_percent(&d, 2) ? "nowhere" : s->hosts[h].name,
                                        .wave = wave };
                at[v] = h;
        }
        return n;
}

static void record(FILE *f, const Snapshot *s, const Settings *settings, uint64_t seed) {
        const Objection *o = NULL;
        MoveOrder moves[MOVES];
        const uint32_t n_moves = random_moves(s, seed, moves);
        uint32_t n = 0;

        cr_assert_geq(plan_check(&arena, s, settings, moves, n_moves, &o, &n), 0);
        (void) fprintf(f, "%llu: %u moves, %u objections\n", (unsigned long long) seed, n_moves, n);
        for (uint32_t i = 0; i < n; i++)
                (void) fprintf(f, "    %u %d %s: %s\n", o[i].move, (int) o[i].verdict,
                               reason_names[o[i].reason], o[i].text);
}

/* Settings under which what hosts may lose is free on the others, in every way it can be asked for. */
static const Settings *reserve_settings(uint64_t seed) {
        static const char *const levels[] = { "host", "rack", "zone" }, *const of[] = { "cluster", "rack",
                                                                                        "zone" };
        Settings *s = (Settings *) (uintptr_t) default_settings(&arena);
        Dice d = { .prng = prng_seeded(seed * 37), .arena = &arena };

        if (dice_percent(&d, 80))
                setting(s, "reserve.losses", text_format(&arena, "%u", 1 + dice_below(&d, 4)));
        setting(s, "reserve.losses_of", levels[dice_percent(&d, 60) ? 0 : dice_below(&d, 3)]);
        if (dice_percent(&d, 40))
                setting(s, "reserve.share", text_format(&arena, "%u%%", 1 + dice_below(&d, 80)));
        setting(s, "reserve.share_of", of[dice_below(&d, 3)]);
        if (dice_percent(&d, 50))
                setting(s, "reserve.maintenance", "waits");
        return s;
}

/* To hosts that are there, a move of a VM each, in waves of some: little but the reserve speaks against them. */
static void record_reserve(FILE *f, const Snapshot *s, uint64_t seed) {
        Dice d = { .prng = prng_seeded(seed * 104743), .arena = &arena };
        const Settings *settings = reserve_settings(seed);
        const Objection *o = NULL;
        MoveOrder moves[2 * MOVES];
        uint32_t n_moves = 0, n = 0, wave = 0;

        for (VmIx v = 0; v < s->n_vms && n_moves < 2 * MOVES; v++) {
                const HostIx to = dice_below(&d, s->n_hosts);

                wave += dice_percent(&d, 20);
                if (dice_percent(&d, 60) || to == s->vms[v].host)
                        continue;
                moves[n_moves++] = (MoveOrder){ .vm = s->vms[v].name,
                                                .from = s->hosts[s->vms[v].host].name,
                                                .to = s->hosts[to].name,
                                                .wave = wave };
        }
        cr_assert_geq(plan_check(&arena, s, settings, moves, n_moves, &o, &n), 0);
        (void) fprintf(f, "%llu: %u moves, %u objections\n", (unsigned long long) seed, n_moves, n);
        for (uint32_t i = 0; i < n; i++)
                if (o[i].reason == REASON_RESERVE)
                        (void) fprintf(f, "    %u: %s\n", o[i].move, o[i].text);
}

Test(judge_recorded, what_spends_the_reserve) {
        Recording r;

        recording_begin(&r, "judge_reserve");
        for (uint64_t seed = 1; seed <= 240; seed++) {
                const ArenaMark mark = arena_mark(&arena);

                record_reserve(r.f, random_cluster(&arena, seed, seed % 3 == 0), seed);
                arena_rewind(&arena, mark);
        }
        recording_end(&r);
}

/* Half of the hosts are watched: who may come to them, and whom a broken rule or an overfull host lets. */
static void record_watched(FILE *f, const Snapshot *s, uint64_t seed) {
        Dice d = { .prng = prng_seeded(seed * 104759), .arena = &arena };
        const Objection *o = NULL;
        MoveOrder *moves = arena_new(&arena, MoveOrder, s->n_vms);
        Host *hosts = arena_new(&arena, Host, s->n_hosts);
        Snapshot watched = *s;
        uint32_t n_moves = 0, n = 0;

        cr_assert(moves && hosts);
        for (HostIx h = 0; h < s->n_hosts; h++) {
                hosts[h] = s->hosts[h];
                if (hosts[h].fault_grade == 0 && dice_percent(&d, 50))
                        hosts[h].fault_grade = 1;
        }
        watched.hosts = hosts;
        for (VmIx v = 0; v < s->n_vms; v++) {
                const HostIx to = dice_below(&d, s->n_hosts);

                if (to != s->vms[v].host && hosts[to].fault_grade == 1)
                        moves[n_moves++] = (MoveOrder){ .vm = s->vms[v].name,
                                                        .from = s->hosts[s->vms[v].host].name,
                                                        .to = s->hosts[to].name,
                                                        .wave = v };
        }
        cr_assert_geq(plan_check(&arena, &watched, random_settings(&arena, seed), moves, n_moves, &o, &n), 0);
        (void) fprintf(f, "%llu: %u moves, %u objections; watched:", (unsigned long long) seed, n_moves, n);
        for (uint32_t i = 0; i < n && i < OBJECTIONS_KEPT; i++)
                if (o[i].reason == REASON_HOST_WATCHED)
                        (void) fprintf(f, " %s>%s", moves[o[i].move].vm, moves[o[i].move].to);
        (void) fprintf(f, "\n");
}

Test(judge_recorded, who_may_come_to_a_host_that_is_watched) {
        Recording r;

        recording_begin(&r, "judge_watched");
        for (uint64_t seed = 1; seed <= 160; seed++) {
                const ArenaMark mark = arena_mark(&arena);

                record_watched(r.f, random_cluster(&arena, seed, false), seed);
                arena_rewind(&arena, mark);
        }
        recording_end(&r);
}

Test(judge_recorded, what_it_objects_to) {
        Recording r;

        recording_begin(&r, "judge");
        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
                const ArenaMark mark = arena_mark(&arena);

                record(r.f, random_cluster(&arena, seed, seed % 8 == 0), random_settings(&arena, seed), seed);
                arena_rewind(&arena, mark);
        }
        recording_end(&r);
}
