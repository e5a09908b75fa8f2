/* SPDX-License-Identifier: Apache-2.0 */
/* Names that fall together under one key do not under another, and what is decided is the same under all. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "scheduler/base/hash.h"
#include "scheduler/decide/problem/intern.h"
#include "scheduler/snapshot/files/plan_file.h"
#include "scheduler/snapshot/json/name_table.h"
#include "tests/random_cluster.h"

static Arena arena;

static void arena_for_test(void) {
        cr_assert_eq(0, arena_open((size_t) 256 << 20, &arena));
}

TestSuite(keyed_hash, .init = arena_for_test);

Test(keyed_hash, siphash_is_that_of_its_paper) {
        const HashKey key = { UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908) };
        unsigned char bytes[15];

        for (unsigned i = 0; i < sizeof(bytes); i++)
                bytes[i] = (unsigned char) i;
        cr_assert_eq(sip_hash(key, bytes, sizeof(bytes), 2, 4), UINT64_C(0xa129ca6149be45e5), "appendix A");
        cr_assert_eq(sip_hash(key, "", 0, 2, 4), UINT64_C(0x726fdb47dd0e0e31),
                     "the first of the reference's vectors");
}

Test(keyed_hash, each_arena_has_a_key_of_its_own_and_gives_it_on) {
        Arena other, part;

        cr_assert_eq(0, arena_open(1 << 20, &other));
        cr_assert(arena.key.k0 != other.key.k0 || arena.key.k1 != other.key.k1);
        cr_assert_eq(0, arena_split(&arena, 4096, &part));
        cr_assert(part.key.k0 == arena.key.k0 && part.key.k1 == arena.key.k1);
        arena_close(&other);
}

#define SHARED_BITS 12
#define CROWD       1500

/* Names whose FNV-1a shares its low bits: under an unkeyed hash they are one long walk. */
static const char **crowd(void) {
        const char **names = arena_new(&arena, const char *, CROWD);
        uint32_t n = 0;

        for (uint64_t i = 0; n < CROWD; i++) {
                char name[24];
                uint64_t h;

                (void) snprintf(name, sizeof(name), "vm%lu", (unsigned long) i);
                h = fnv1a(FNV1A_START, name, strlen(name));
                if (((h ^ h >> 32) & ((1U << SHARED_BITS) - 1)) == 0)
                        names[n++] = text_copy(&arena, name, strlen(name));
        }
        return names;
}

/* The longest row of slots in use. */
static uint32_t longest_row(const NameTable *t) {
        uint32_t longest = 0, row = 0;

        for (uint32_t i = 0; i <= t->mask; i++) {
                row = t->slots[i] ? row + 1 : 0;
                longest = row > longest ? row : longest;
        }
        return longest;
}

Test(keyed_hash, names_that_were_chosen_to_fall_together_do_not) {
        const char **names = crowd();
        NameTable t;

        cr_assert_eq(0, name_table_new(&arena, CROWD, &t));
        for (uint32_t i = 0; i < CROWD; i++)
                cr_assert_eq(name_table_add(&t, names[i]), i, "numbered as they come");
        for (uint32_t i = 0; i < CROWD; i++)
                cr_assert_eq(name_table_find(&t, names[i], strlen(names[i])), i);
        cr_assert_lt(longest_row(&t), 64U);
}

static const char *plan_under(HashKey key, uint64_t seed) {
        Arena a = { 0 };
        const char *text = NULL, *kept;
        const Snapshot *s;
        const Plan *plan;
        size_t n = 0;

        cr_assert_eq(0, arena_open((size_t) 64 << 20, &a));
        a.key = key;
        s = random_cluster(&a, seed, false);
        cr_assert_eq(0, planner_plan(&a, s, random_settings(&a, seed), policies_all(), PLAN_REQUEST_DEFAULT,
                                     &plan));
        cr_assert_eq(0, plan_file_print(&a, s, plan, &text, &n));
        kept = text_copy(&arena, text, n);
        arena_close(&a);
        return kept;
}

Test(keyed_hash, clusters_are_planned_alike_under_any_key) {
        for (uint64_t seed = 1; seed <= SEEDS_OF(60); seed++) {
                const char *one = plan_under((HashKey){ 1, 2 }, seed);

                cr_assert_str_eq(one, plan_under((HashKey){ UINT64_MAX, seed }, seed), "seed %lu",
                                 (unsigned long) seed);
        }
}
