/* SPDX-License-Identifier: Apache-2.0 */
/* Laws of rules "mode": a round that acts moves none of the VMs that are a person's; of a plan of everything, the moves that wait for
 * nobody are safe and worth it by themselves, and each that waits says for which VM. */
#include <criterion/criterion.h>

#include "policies/policies.h"
#include "scheduler/app/round/round.h"
#include "scheduler/decide/judge/plan_check.h"
#include "scheduler/decide/plan/plan_gain.h"
#include "tests/random_cluster.h"

#define SEEDS SEEDS_OF(300)

static Arena arena;

static void modes_arena(void) {
        cr_assert_eq(0, arena_open((size_t) 512 << 20, &arena));
}

TestSuite(plan_modes, .init = modes_arena);

static const Snapshot *with_modes(const Snapshot *from, uint64_t seed) {
        Prng g = prng_seeded(seed * 8191);
        Snapshot *s = arena_new(&arena, Snapshot, 1);
        Vm *vms = arena_new(&arena, Vm, from->n_vms);

        cr_assert(s && vms);
        *s = *from;
        memcpy(vms, from->vms, sizeof(*vms) * from->n_vms);
        for (VmIx v = 0; v < s->n_vms; v++) {
                vms[v].mode = prng_below(&g, 3) == 0 ? (VmMode) (1 + prng_below(&g, 2)) : VM_MODE_AUTO;
                vms[v].mode_rule = "ours";
        }
        s->vms = vms;
        return s;
}

static Round decided(const Snapshot *s, VmMode hold_from) {
        const RoundInput in = { .snapshot = s,
                                .settings = default_settings(&arena),
                                .request = PLAN_REQUEST_DEFAULT,
                                .hold_from = hold_from };
        Round round = { 0 };

        cr_assert_eq(0, round_decide(&arena, &in, &round));
        return round;
}

Test(plan_modes, what_acts_moves_none_that_are_a_persons) {
        uint32_t moves = 0;

        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
                const ArenaMark mark = arena_mark(&arena);
                const Snapshot *s = with_modes(random_cluster(&arena, seed, false), seed);

                for (VmMode from = VM_MODE_CONFIRM; from < VM_MODE_N; from++) {
                        const Round round = decided(s, from);

                        for (uint32_t i = 0; i < round.plan->n_moves; i++)
                                cr_assert_lt(s->vms[round.plan->moves[i].move.vm].mode, from, "seed %lu",
                                             seed);
                        moves += round.plan->n_moves;
                }
                arena_rewind(&arena, mark);
        }
        cr_assert_gt(moves, SEEDS);
}

static void expect_free(const Round *round, const MoveOrder *left, uint32_t n, uint64_t seed) {
        const GainInput in = { .snapshot = round->snapshot,
                               .problem = round->problem,
                               .settings = default_settings(&arena),
                               .policies = policies_all() };
        const Objection *why = NULL;
        uint32_t n_why = 0;
        PlanGain gain;

        cr_assert_eq(0, plan_check(&arena, round->snapshot, default_settings(&arena), left, n, &why, &n_why),
                     "seed %lu: %s", seed, n_why > 0 ? why[0].text : "");
        cr_assert_eq(1, plan_gains(&arena, &in, left, n, &gain), "seed %lu: they gain nothing", seed);
}

Test(plan_modes, what_waits_for_nobody_is_safe_and_worth_it_by_itself) {
        uint32_t persons = 0, waiting = 0, without = 0;

        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
                const ArenaMark mark = arena_mark(&arena);
                const Snapshot *s = with_modes(random_cluster(&arena, seed, false), seed);
                const Round round = decided(s, VM_MODE_AUTO);
                MoveOrder *left = arena_new(&arena, MoveOrder, round.plan->n_moves);
                uint32_t n = 0, of_persons = 0;

                for (uint32_t i = 0; i < round.plan->n_moves; i++) {
                        const PlanMove *m = &round.plan->moves[i];
                        const bool is_persons = s->vms[m->move.vm].mode > VM_MODE_AUTO;

                        of_persons += is_persons;
                        cr_assert(!is_persons || (m->held && strstr(m->held, "rule ours")), "seed %lu", seed);
                        if (!is_persons && m->held) {
                                cr_assert_eq(0, strncmp(m->held, "waits for ", 10), "%s", m->held);
                                waiting++;
                        }
                        if (!m->held)
                                left[n++] = move_order_of(round.snapshot, m);
                }
                cr_assert(of_persons > 0 || n == round.plan->n_moves, "seed %lu: nobody is waited for", seed);
                if (of_persons > 0 && n > 0)
                        expect_free(&round, left, n, seed);
                persons += of_persons;
                without += of_persons > 0 ? n : 0;
                arena_rewind(&arena, mark);
        }
        cr_expect_gt(persons, SEEDS / 4, "%u moves of persons", persons);
        cr_expect_gt(waiting, SEEDS / 20, "%u waited", waiting);
        cr_expect_gt(without, SEEDS / 4, "%u did not", without);
}
