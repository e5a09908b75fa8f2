/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <sys/mman.h>
#include <unistd.h>

#include "scheduler/base/arena_pair.h"

Test(arena, refuses_what_does_not_fit) {
        unsigned char memory[64];
        Arena a = arena_over(memory, sizeof(memory));

        cr_assert_not_null(arena_new(&a, uint64_t, 8));
        cr_assert_null(arena_new(&a, unsigned char, 1));
        cr_assert_null(arena_new(&a, uint64_t, SIZE_MAX));
}

Test(arena, rewinds_and_gives_zeroed_memory_again) {
        unsigned char memory[64];
        Arena a = arena_over(memory, sizeof(memory));
        ArenaMark mark = arena_mark(&a);
        uint64_t *first = arena_new(&a, uint64_t, 1), *again;

        *first = 42;
        arena_rewind(&a, mark);
        again = arena_new(&a, uint64_t, 1);
        cr_assert_eq(again, first);
        cr_assert_eq(*again, 0);
}

Test(arena, a_split_is_zeroed_even_where_memory_was_used_before) {
        Arena a, part;
        ArenaMark mark;
        unsigned char *bytes;

        cr_assert_eq(0, arena_open(1 << 20, &a));
        mark = arena_mark(&a);
        bytes = arena_new(&a, unsigned char, 4096);
        for (int i = 0; i < 4096; i++)
                bytes[i] = 0xff;
        arena_rewind(&a, mark);
        cr_assert_eq(0, arena_split(&a, 8192, &part));
        bytes = arena_new(&part, unsigned char, 8192);
        cr_assert_not_null(bytes);
        for (int i = 0; i < 8192; i++)
                cr_assert_eq(bytes[i], 0, "byte %d", i);
        bytes[8191] = 1;
        arena_rewind(&a, mark);
        bytes = arena_new(&a, unsigned char, 16384);
        for (int i = 0; i < 16384; i++)
                cr_assert_eq(bytes[i], 0, "byte %d after the split", i);
        arena_close(&a);
}

Test(arena, a_list_that_grows_keeps_what_it_has_and_ends_with_the_arena) {
        unsigned char memory[4096];
        Arena a = arena_over(memory, sizeof(memory));
        uint32_t *list = NULL, *longer, n = 0;

        for (uint32_t *more; (more = arena_room(&a, list, n, sizeof(*list))) != NULL;) {
                list = more;
                list[n] = n;
                n++;
                for (uint32_t i = 0; i < n; i++)
                        cr_assert_eq(list[i], i, "%u of %u", i, n);
        }
        cr_assert_geq(n, 256, "a half of the arena is the list, the other what it was copied from");
        a = arena_over(memory, sizeof(memory));
        list = arena_new(&a, uint32_t, 2);
        list[0] = list[1] = 7;
        longer = arena_longer(&a, uint32_t, list, 2, 4);
        cr_assert_eq(longer[0] + longer[1], 14);
        cr_assert_eq(longer[2] + longer[3], 0);
        cr_assert_null(arena_longer(&a, uint32_t, list, 2, sizeof(memory)));
}

/* ---- what one round alone needed ---- */

#define GREW_TO  ((size_t) 64 << 20)
#define KEPT     ((size_t) 4 << 20)
#define ONE_USES ((size_t) 12 << 20)

/* Bytes of the arena that are in memory. */
static size_t resident(const Arena *a, size_t of) {
        static unsigned char pages[GREW_TO / 4096];
        const size_t page = (size_t) sysconf(_SC_PAGESIZE);
        size_t n = 0;

        cr_assert_eq(0, mincore(a->base, of, pages));
        for (size_t i = 0; i < of / page; i++)
                n += pages[i] & 1U ? page : 0;
        return n;
}

static void use(Arena *a, size_t n) {
        unsigned char *bytes = arena_new(a, unsigned char, n);

        cr_assert_not_null(bytes);
        for (size_t i = 0; i < n; i += 512)
                cr_assert_eq(bytes[i], 0, "byte %zu of %zu", i, n);
        memset(bytes, 0xff, n);
        arena_rewind(a, 0);
}

Test(arena, one_that_grew_once_gives_the_memory_back) {
        Arena a;

        cr_assert_eq(0, arena_open(2 * GREW_TO, &a));
        use(&a, GREW_TO);
        cr_assert_leq(resident(&a, GREW_TO), GREW_TO - GREW_TO / 8);
        for (int i = 0; i < 30; i++)
                use(&a, 4096);
        cr_assert_eq(resident(&a, GREW_TO), KEPT);
        use(&a, GREW_TO);
        arena_close(&a);
}

Test(arena, one_keeps_most_of_what_it_needs_each_time) {
        Arena a;

        cr_assert_eq(0, arena_open(2 * GREW_TO, &a));
        for (int i = 0; i < 10; i++) {
                use(&a, ONE_USES);
                cr_assert_geq(resident(&a, ONE_USES), ONE_USES - ONE_USES / 8);
        }
        for (int i = 0; i < 10; i++) { /* not as long as it is in use */
                void *used = arena_take(&a, KEPT, 1, 16);

                cr_assert_not_null(used);
                arena_rewind(&a, KEPT);
        }
        cr_assert_geq(resident(&a, ONE_USES), ONE_USES - ONE_USES / 8);
        arena_close(&a);
}

Test(arena, one_that_fits_a_few_pages_is_left_alone) {
        Arena a;

        cr_assert_eq(0, arena_open(GREW_TO, &a));
        use(&a, KEPT);
        cr_assert_eq(resident(&a, GREW_TO), KEPT);
        arena_close(&a);
}

/* With ASan a read of what was given back ends the program. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#include <sanitizer/asan_interface.h>

Test(arena, what_was_given_back_may_not_be_touched) {
        Arena a, child;
        ArenaMark mark;
        char *first, *second, *own;

        cr_assert_eq(0, arena_open(4096, &a));
        first = arena_new(&a, char, 5);
        mark = arena_mark(&a);
        second = arena_new(&a, char, 8);
        cr_assert_not(__asan_address_is_poisoned(first + 4));
        cr_assert_not(__asan_address_is_poisoned(second + 7));
        arena_rewind(&a, mark);
        cr_assert(__asan_address_is_poisoned(second), "it was given back");
        cr_assert_eq(0, arena_split(&a, 256, &child));
        own = arena_new(&child, char, 3);
        cr_assert_not(__asan_address_is_poisoned(own + 2));
        cr_assert_not_null(arena_take(&a, a.limit - a.used, 1, 1), "to the last byte");
        arena_close(&a);
        cr_assert_not(__asan_address_is_poisoned(own + 3), "the next who is there may");
}
#endif
#endif

/* ---- a pair ---- */

Test(arena_pair, what_is_known_stays_until_what_replaces_it_is_kept) {
        ArenaPair pair = { 0 };
        Arena *first, *second, *third;
        char *known;

        cr_assert_eq(0, arena_pair_next(&pair, 4096, &first));
        known = arena_new(first, char, 8);
        memcpy(known, "monday", 7);
        arena_pair_keep(&pair);
        cr_assert_eq(0, arena_pair_next(&pair, 4096, &second));
        cr_assert_neq(first, second);
        (void) memset(arena_take(second, 8, 1, 1), 'x', 8);
        cr_assert_eq(0, arena_pair_next(&pair, 4096, &third), "it failed halfway: once more");
        cr_assert_eq(second, third);
        cr_assert_eq(0, third->used);
        cr_assert_str_eq("monday", known);
        arena_pair_keep(&pair);
        cr_assert_eq(0, arena_pair_next(&pair, 4096, &third));
        cr_assert_eq(first, third, "by turns");
        cr_assert_eq(0, *(const char *) arena_take(third, 8, 1, 1), "as any arena it comes zeroed");
        arena_pair_close(&pair);
        cr_assert_null(pair.arenas[0].base);
}
