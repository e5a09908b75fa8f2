/* What past migrations say of the speed of the next ones. */
#include <criterion/criterion.h>

#include "scheduler/decide/migration_speed.h"

#define MIB (INT64_C(1) << 20)

Test(migration_speed, is_the_median_of_what_was_seen) {
        const PastMove moves[] = { { 1000 * MIB, 10000 }, { 100 * MIB, 10000 }, { 2000 * MIB, 10000 } };

        cr_assert_eq(migration_speed_seen(moves, 3), 1000 * MIB * 8 / 10000);
        cr_assert_eq(migration_speed_seen(moves, 1), 1000 * MIB * 8 / 10000);
}

Test(migration_speed, is_not_told_by_small_or_unmeasured_moves) {
        const PastMove moves[] = {
                { 63 * MIB, 1000 }, { UNKNOWN, 1000 }, { 500 * MIB, UNKNOWN }, { 500 * MIB, 10 }
        };

        cr_assert_eq(migration_speed_seen(moves, 4), 0);
        cr_assert_eq(migration_speed_seen(NULL, 0), 0);
        cr_assert_eq(migration_speed(1000000, 0), 1000000);
}

Test(migration_speed, stays_within_what_the_settings_allow) {
        cr_assert_eq(migration_speed(1000000, 400000), 400000);
        cr_assert_eq(migration_speed(1000000, 9000000), 1000000);
        cr_assert_eq(migration_speed(1000000, 3), 50000);
}

Test(migration_speed, counts_the_newest) {
        PastMove moves[2 * MIGRATION_SPEED_JOBS];

        for (uint32_t i = 0; i < 2 * MIGRATION_SPEED_JOBS; i++)
                moves[i] = (PastMove){ (i < MIGRATION_SPEED_JOBS ? 100 : 900) * MIB, 8000 };
        cr_assert_eq(migration_speed_seen(moves, 2 * MIGRATION_SPEED_JOBS), 100 * MIB / 1000);
}
