/* SPDX-License-Identifier: Apache-2.0 */
/* Memory may run out at any step: the judge, the order of waves and walks, the policies' terms and the question whether a move may
 * start then say so (-ENOMEM), or say what they always say; never something else, and nothing breaks off. Each is asked with all
 * it needs, and then with ever less. */
#include <criterion/criterion.h>
#include <errno.h>

#include "scheduler/app/round/move_recheck.h"
#include "scheduler/decide/cost/evaluator.h"
#include "scheduler/decide/judge/plan_check.h"
#include "scheduler/decide/order/waves.h"
#include "scheduler/decide/problem/problem_build.h"
#include "tests/random_cluster.h"

#define SEEDS 24
#define STEPS 300 /* in which it is given less */
#define MOVES 12

static Arena arena;

static void setup(void) {
        cr_assert_eq(0, arena_open((size_t) 64 << 20, &arena));
}

static void teardown(void) {
        arena_close(&arena);
}

TestSuite(full_arena, .init = setup, .fini = teardown);

/* What is asked: by one cluster, some moves in it. */
typedef struct Asked {
        const Snapshot *s;
        const Settings *settings;
        const Problem *p;
        MoveOrder orders[MOVES];
        Move moves[MOVES];
        RecheckStep steps[MOVES];
        uint32_t n;
} Asked;

/* 0 or more: all is said in *ret. */
typedef int Ask(const Asked *q, uint64_t *ret);

static uint64_t said(uint64_t hash, int64_t value) {
        return (hash ^ (uint64_t) value) * UINT64_C(1099511628211);
}

static int ask_judge(const Asked *q, uint64_t *ret) {
        const Objection *o = NULL;
        uint32_t n = 0;
        const int r = plan_check(&arena, q->s, q->settings, q->orders, q->n, &o, &n);

        *ret = said(said(0, r), n);
        for (uint32_t i = 0; r >= 0 && i < n && i < OBJECTIONS_KEPT; i++)
                *ret = said(said(*ret, o[i].reason), o[i].move);
        return r;
}

static int said_order(int r, const WaveOrder *o, uint64_t *ret) {
        *ret = said(0, r);
        for (uint32_t i = 0; r >= 0 && i < o->n; i++)
                *ret = said(said(said(*ret, o->moves[i].move.vm), o->moves[i].move.to), o->moves[i].wave);
        for (uint32_t i = 0; r >= 0 && i < o->n_left_out; i++)
                *ret = said(*ret, o->left_out[i]);
        return r;
}

static int ask_waves(const Asked *q, uint64_t *ret) {
        const WaveLimits limits = { .per_host_in = 2, .per_host_out = 2, .at_once = 6, .stop_overs = true };
        WaveOrder o = { 0 };

        return said_order(waves_order(&arena, q->p, limits, q->moves, q->n, &o), &o, ret);
}

static int ask_walk(const Asked *q, uint64_t *ret) {
        const WaveLimits limits = { .per_host_in = 2, .per_host_out = 2, .at_once = 6 };
        WaveOrder o = { 0 };

        return said_order(waves_walk(&arena, q->p, limits, q->moves, q->n, &o), &o, ret);
}

static int ask_policies(const Asked *q, uint64_t *ret) {
        Terms *terms = NULL;
        Evaluator *e = NULL;
        int r = policies_add_terms(&arena, q->p, policies_all(), q->settings, &terms);

        if (r == 0)
                r = evaluator_build(&arena, terms, NULL, &e);
        *ret = said(0, r);
        for (int t = 0; r == 0 && t < TIER_N; t++)
                *ret = said(*ret, e->cost.tier[t]);
        return r;
}

static int ask_start(const Asked *q, uint64_t *ret) {
        const MoveRecheck x = { .arena = &arena,
                                .facts = q->s,
                                .settings = q->settings,
                                .moves = q->orders,
                                .steps = q->steps,
                                .n = q->n };
        char why[512] = "";
        const int r = q->n > 0 ? move_recheck(&x, 0, why, sizeof(why)) : 0;

        *ret = said(0, r);
        for (const char *at = why; r >= 0 && *at; at++)
                *ret = said(*ret, *at);
        return r;
}

static void asked_of(uint64_t seed, Asked *ret) {
        Dice d = { .prng = prng_seeded(seed * 32452843), .arena = &arena };
        uint32_t wave = 0;

        *ret = (Asked){ .s = random_cluster(&arena, seed, false), .settings = random_settings(&arena, seed) };
        cr_assert_eq(0, problem_build(&arena, ret->s, ret->settings, &ret->p));
        for (VmIx v = 0; v < ret->s->n_vms && ret->n < MOVES; v++) {
                const HostIx from = ret->s->vms[v].host, to = dice_below(&d, ret->s->n_hosts);

                if (to == from || from == IX_NONE || dice_percent(&d, 40))
                        continue;
                wave += dice_percent(&d, 30);
                ret->moves[ret->n] = (Move){ v, from, to };
                ret->steps[ret->n] = (RecheckStep) (ret->n == 0 ? 0 : dice_below(&d, RECHECK_UNCLEAR + 1));
                ret->orders[ret->n++] = (MoveOrder){ .vm = ret->s->vms[v].name,
                                                     .from = ret->s->hosts[from].name,
                                                     .to = ret->s->hosts[to].name,
                                                     .wave = wave };
        }
}

/* With all it needs, and with less. */
static void runs_out(const char *what, Ask *ask) {
        const size_t limit = arena.limit;
        uint32_t full = 0;

        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
                const ArenaMark begun = arena_mark(&arena);
                ArenaMark mark;
                uint64_t whole = 0, words = 0;
                size_t needed;
                Asked q;

                asked_of(seed, &q);
                mark = arena_mark(&arena);
                cr_assert_geq(ask(&q, &whole), 0, "%s: seed %llu", what, (unsigned long long) seed);
                needed = arena.used - mark;
                arena_rewind(&arena, mark);
                for (size_t step = 0; step < STEPS; step++) {
                        int r;

                        arena.limit = mark + needed * step / STEPS;
                        r = ask(&q, &words);
                        full += r == -ENOMEM;
                        cr_assert(r == -ENOMEM || words == whole, "%s: seed %llu, %zu of %zu bytes: %d", what,
                                  (unsigned long long) seed, needed * step / STEPS, needed, r);
                        arena_rewind(&arena, mark);
                        arena.limit = limit;
                }
                arena_rewind(&arena, begun);
        }
        cr_assert_geq(full, SEEDS * STEPS / 4, "%s: it ran out %u times alone", what, full);
}

Test(full_arena, the_judge) {
        runs_out("judge", ask_judge);
}

Test(full_arena, waves) {
        runs_out("waves", ask_waves);
}

Test(full_arena, walks) {
        runs_out("walk", ask_walk);
}

Test(full_arena, policies) {
        runs_out("policies", ask_policies);
}

Test(full_arena, whether_a_move_may_start) {
        runs_out("start", ask_start);
}
