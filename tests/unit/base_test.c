/* SPDX-License-Identifier: Apache-2.0 */
/* What base has once, for all who would write it again. */
#include <criterion/criterion.h>
#include <string.h>

#include "scheduler/base/compare.h"
#include "scheduler/base/hash.h"
#include "scheduler/base/secret.h"

Test(base, fnv1a_is_that_of_its_authors) {
        /* draft-eastlake-fnv, "Test vectors", 64 bit */
        cr_assert_eq(fnv1a(FNV1A_START, "", 0), UINT64_C(0xcbf29ce484222325));
        cr_assert_eq(fnv1a(FNV1A_START, "a", 1), UINT64_C(0xaf63dc4c8601ec8c));
        cr_assert_eq(fnv1a(FNV1A_START, "foobar", 6), UINT64_C(0x85944171f73967e8));
        cr_assert_eq(fnv1a(fnv1a(FNV1A_START, "foo", 3), "bar", 3), UINT64_C(0x85944171f73967e8), "in parts");
}

Test(base, orders_are_those_of_numbers_and_of_bytes) {
        const char *a = "a", *b = "b", *longer = "a1";
        const int64_t least = INT64_MIN, most = INT64_MAX;
        const uint32_t zero = 0, all = UINT32_MAX;

        cr_assert_lt(compare_strings(&a, &b), 0);
        cr_assert_gt(compare_strings(&longer, &a), 0);
        cr_assert_eq(compare_strings(&a, &a), 0);
        cr_assert_lt(compare_int64(&least, &most), 0);
        cr_assert_gt(compare_int64(&most, &least), 0);
        cr_assert_lt(compare_uint32(&zero, &all), 0);
        cr_assert_gt(compare_uint32(&all, &zero), 0);
}

Test(base, a_secret_is_sixty_four_digits_and_never_the_same) {
        char first[SECRET_HEX], second[SECRET_HEX];

        cr_assert_eq(0, secret_make(first));
        cr_assert_eq(0, secret_make(second));
        cr_assert_eq(64, strlen(first));
        cr_assert_eq(64, strspn(first, "0123456789abcdef"));
        cr_assert_str_neq(first, second);
}
