/* SPDX-License-Identifier: Apache-2.0 */
/* Wherever memory ends, planner and judge say so, or give the answer that they give with plenty: nothing is half done,
 * left out or guessed. */
#include <criterion/criterion.h>
#include <errno.h>

#include "scheduler/snapshot/files/plan_file.h"
#include "tests/random_cluster.h"

#define SEEDS  SEEDS_OF(24)
#define LIMITS 40 /* of each cluster */

static Arena arena;

static void setup(void) {
        cr_assert_eq(0, arena_open((size_t) 64 << 20, &arena));
}

TestSuite(scarce_memory, .init = setup);

/* What is asked, in memory of its own; its answer as text in the test's, or NULL: memory ended. *ret_most is what it took. */
typedef const char *(*Question)(Arena *a, const Snapshot *s, const Settings *settings, const Plan *given);

static const char *plan_of(Arena *a, const Snapshot *s, const Settings *settings, const Plan *given) {
        const Plan *plan = NULL;
        const char *text = NULL;
        size_t n;
        int r = planner_plan(a, s, settings, policies_all(), PLAN_REQUEST_DEFAULT, &plan);

        (void) given;
        cr_assert(r == 0 || r == -ENOMEM, "%d", r);
        if (r == 0)
                cr_assert_eq(0, plan_file_print(&arena, s, plan, &text, &n));
        return text;
}

static const char *verdict_on(Arena *a, const Snapshot *s, const Settings *settings, const Plan *given) {
        MoveOrder *orders = arena_new(&arena, MoveOrder, given->n_moves);
        const Objection *objections = NULL;
        const char *text = "";
        uint32_t n = 0;
        int r;

        for (uint32_t i = 0; i < given->n_moves; i++) {
                orders[i] = move_order_of(s, &given->moves[i]);
                orders[i].wave = 1; /* all at once: there is something to object to */
        }
        r = plan_check(a, s, settings, orders, given->n_moves, &objections, &n);
        if (r == -ENOMEM)
                return NULL;
        cr_assert_eq(r, n > 0);
        for (uint32_t i = 0; i < n && i < OBJECTIONS_KEPT; i++)
                text = text_format(&arena, "%s%u %d %s\n", text, objections[i].move, objections[i].reason,
                                   objections[i].text);
        return text;
}

static const char *with_memory(size_t limit, Question question, const Snapshot *s, const Settings *settings,
                               const Plan *given) {
        const char *text;
        Arena a;

        cr_assert_eq(0, arena_open(limit, &a));
        text = question(&a, s, settings, given);
        arena_close(&a);
        return text;
}

/* About as little as it can be answered with. */
static uint32_t least_memory(Question question, const Snapshot *s, const Settings *settings,
                             const Plan *given) {
        uint32_t few = 1, enough = 32 << 20;

        while (enough - few > 64) {
                const uint32_t middle = few + (enough - few) / 2;

                if (with_memory(middle, question, s, settings, given))
                        enough = middle;
                else
                        few = middle;
        }
        return enough;
}

static void expect_all_or_nothing(Question question, uint64_t more) {
        uint32_t ended = 0, answered = 0;

        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
                const ArenaMark mark = arena_mark(&arena);
                const Settings *settings = random_settings(&arena, seed + more);
                const Snapshot *s = random_cluster(&arena, seed + more, seed % 3 == 0);
                Prng g = prng_seeded(seed);
                const Plan *plan = NULL;
                const char *whole;
                uint32_t most;

                cr_assert_eq(0,
                             planner_plan(&arena, s, settings, policies_all(), PLAN_REQUEST_DEFAULT, &plan));
                whole = with_memory((size_t) 64 << 20, question, s, settings, plan);
                cr_assert(whole);
                most = least_memory(question, s, settings, plan);
                for (uint32_t i = 0; i < LIMITS; i++) {
                        const uint32_t limit = 1 + prng_below(&g, most + most / 8);
                        const char *text = with_memory(limit, question, s, settings, plan);

                        ended += !text;
                        answered += text != NULL;
                        if (text)
                                cr_assert_str_eq(text, whole, "seed %lu, %u of %u bytes",
                                                 (unsigned long) seed, limit, most);
                }
                arena_rewind(&arena, mark);
        }
        cr_log_info("memory ended in %u of %u", ended, ended + answered);
        cr_assert(ended > SEEDS && answered > SEEDS, "%u ended, %u were answered", ended, answered);
}

Test(scarce_memory, ends_a_plan_or_changes_nothing) {
        expect_all_or_nothing(plan_of, 0);
}

Test(scarce_memory, ends_a_verdict_or_changes_nothing) {
        expect_all_or_nothing(verdict_on, 100);
}

/* At each place that takes memory, one after the other. */
Test(scarce_memory, wherever_it_ends_a_verdict_is_as_with_plenty_or_none) {
        for (uint64_t seed = 200; seed < 204; seed++) {
                const ArenaMark mark = arena_mark(&arena);
                const Settings *settings = random_settings(&arena, seed);
                const Snapshot *s = random_cluster(&arena, seed, false);
                const Plan *plan = NULL;
                const char *whole;
                uint32_t most;

                cr_assert_eq(0,
                             planner_plan(&arena, s, settings, policies_all(), PLAN_REQUEST_DEFAULT, &plan));
                whole = with_memory((size_t) 64 << 20, verdict_on, s, settings, plan);
                most = least_memory(verdict_on, s, settings, plan);
                for (uint32_t limit = 1; limit < most + 512; limit += 24) {
                        const ArenaMark turn = arena_mark(&arena);
                        const char *text = with_memory(limit, verdict_on, s, settings, plan);

                        if (text)
                                cr_assert_str_eq(text, whole, "seed %lu, %u of %u bytes",
                                                 (unsigned long) seed, limit, most);
                        arena_rewind(&arena, turn);
                }
                arena_rewind(&arena, mark);
        }
}
