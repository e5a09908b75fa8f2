/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include "scheduler/decide/migration/migration_model.h"

#define KBIT_OF_GIB_S(x) ((int64_t) ((x) *1073741824.0 * 8 / 1000))
#define KIB_OF_GIB_S(x)  ((int64_t) ((x) *1048576.0))

static MigrationForecast forecast(int64_t gib, double bandwidth, double dirty) {
        return migration_forecast((MigrationFacts){
                .basis = { .memory_mib = gib * 1024,
                           .dirty_kib_s = dirty < 0 ? UNKNOWN : KIB_OF_GIB_S(dirty),
                           .dirty_burst_kib_s = UNKNOWN,
                           .bandwidth_kbit = KBIT_OF_GIB_S(bandwidth) },
                .downtime_limit_ms = 300,
                .speed_permille = 1000,
        });
}

static void near(int64_t got, double expected, const char *what) {
        cr_assert((double) got >= expected * 0.93 && (double) got <= expected * 1.07,
                  "%s: %lld, expected about %.0f", what, (long long) got, expected);
}

/* V_mig = V (1 − λⁿ⁺¹) / (1 − λ), Liu et al. 2011, worked out by hand for common links. */
Test(migration_model, agrees_with_the_geometric_series_of_pre_copy_rounds) {
        static const struct {
                int64_t gib;
                double bandwidth, dirty, sent_gib, seconds;
        } rows[] = {
                { 16, 1.1, 0.05, 16.8, 15 }, { 64, 1.1, 0.2, 78, 71 },     { 64, 1.1, 0.8, 234, 213 },
                { 64, 2.75, 0.8, 90, 33 },   { 256, 2.75, 0.5, 313, 114 }, { 512, 11, 3, 703, 64 },
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                MigrationForecast f = forecast(rows[i].gib, rows[i].bandwidth, rows[i].dirty);

                cr_assert(f.converges);
                near(f.predicted.bytes, rows[i].sent_gib * 1073741824.0, "bytes");
                near(f.predicted.ms, rows[i].seconds * 1000, "ms");
                cr_assert(f.predicted.downtime_ms <= 325 + MIGRATION_SWITCH_MS);
        }
}

Test(migration_model, a_guest_that_dirties_faster_than_the_link_does_not_converge) {
        cr_assert_not(forecast(8, 0.1, 0.2).converges);
        cr_assert(forecast(8, 0.1, 0.01).converges);
        cr_assert(forecast(8, 0.1, 0).converges);
}

Test(migration_model, intervals_hold_the_expected_value_and_are_wider_when_nothing_was_measured) {
        MigrationForecast known = forecast(8, 1, 0.05), unknown = forecast(8, 1, -1);

        cr_assert_leq(known.predicted.ms_low, known.predicted.ms);
        cr_assert_leq(known.predicted.ms, known.predicted.ms_high);
        cr_assert_leq(unknown.predicted.ms_low, unknown.predicted.ms);
        cr_assert_leq(unknown.predicted.ms, unknown.predicted.ms_high);
        cr_assert_lt(known.predicted.ms_high - known.predicted.ms_low,
                     unknown.predicted.ms_high - unknown.predicted.ms_low);
}

Test(migration_model, more_memory_or_dirt_or_disk_or_less_bandwidth_never_takes_less_time) {
        MigrationFacts f = { .basis = { .memory_mib = 1024, .dirty_kib_s = 1000, .bandwidth_kbit = 1000000 },
                             .downtime_limit_ms = 300 };
        int64_t ms = migration_forecast(f).predicted.ms;
        MigrationFacts memory = f, dirt = f, disk = f, slow = f;

        memory.basis.memory_mib = 4096;
        dirt.basis.dirty_kib_s = 60000;
        disk.basis.local_disk_mib = 1024;
        slow.basis.bandwidth_kbit = 100000;
        cr_assert_gt(migration_forecast(memory).predicted.ms, ms);
        cr_assert_gt(migration_forecast(dirt).predicted.ms, ms);
        cr_assert_gt(migration_forecast(disk).predicted.ms, ms);
        cr_assert_gt(migration_forecast(slow).predicted.ms, ms);
}

Test(migration_model, absurd_quantities_give_bounded_numbers) {
        for (int mode = 0; mode < MIGRATION_MODE_N; mode++) {
                MigrationFacts f = { .mode = (MigrationMode) mode,
                                     .basis = { .memory_mib = INT64_MAX,
                                                .dirty_kib_s = INT64_MAX / 2,
                                                .dirty_burst_kib_s = INT64_MAX,
                                                .dirty_window_ms = INT64_MAX,
                                                .local_disk_mib = INT64_MAX },
                                     .memory_high_mib = INT64_MAX,
                                     .bytes_permille = INT64_MAX,
                                     .speed_permille = INT64_MAX,
                                     .fixed_ms = INT64_MAX,
                                     .switch_ms = INT64_MAX,
                                     .unsure_permille = INT64_MAX,
                                     .downtime_limit_ms = 300 };
                Prediction p = migration_forecast(f).predicted;

                cr_assert(p.ms_low >= 0 && p.ms_low <= p.ms && p.ms <= p.ms_high);
                cr_assert(p.bytes_low >= 0 && p.bytes_low <= p.bytes && p.bytes <= p.bytes_high);
                cr_assert(p.downtime_ms_low >= 0 && p.downtime_ms_low <= p.downtime_ms);
                cr_assert(p.downtime_ms <= p.downtime_ms_high);
        }
}

/* 32 MiB round and round at 18 MiB/s: within a second 18 MiB are dirty, within six all 32 and no more. */
Test(migration_model, pages_written_again_count_once) {
        MigrationFacts f = { .basis = { .memory_mib = 52,
                                        .dirty_kib_s = 32 * 1024 / 6,
                                        .dirty_burst_kib_s = 18 * 1024,
                                        .dirty_window_ms = 6000,
                                        .bandwidth_kbit = 200000 },
                             .downtime_limit_ms = 300 };
        MigrationForecast both = migration_forecast(f), burst, mean;

        f.basis.dirty_kib_s = 18 * 1024;
        burst = migration_forecast(f);
        f.basis.dirty_kib_s = f.basis.dirty_burst_kib_s = 32 * 1024 / 6;
        mean = migration_forecast(f);
        cr_assert(both.converges);
        cr_assert_lt(both.predicted.bytes, burst.predicted.bytes);
        cr_assert_gt(both.predicted.bytes, mean.predicted.bytes);
        /* Measured in the lab: 150 to 170 MB in 7.3 to 8.2 s. */
        cr_assert(both.predicted.bytes > 130000000 && both.predicted.bytes < 200000000, "%lld",
                  (long long) both.predicted.bytes);
        cr_assert(both.predicted.ms > 6500 && both.predicted.ms < 9500, "%lld",
                  (long long) both.predicted.ms);
}

/* Two guests of 32 GiB that dirty 0.5 GiB/s, over one link of 10 Gbit/s (1.1 GiB/s): one after the other or
 * both at once. */
Test(migration_model, busy_guests_take_less_one_after_the_other_than_sharing_a_link) {
        const int64_t alone = forecast(32, 1.1, 0.5).predicted.ms;
        const int64_t shared = forecast(32, 0.55, 0.5).predicted.ms;

        near(2 * alone, 106000 + 2 * MIGRATION_FIXED_MS, "in turn");
        near(shared, 607000, "together");
        cr_assert(forecast(32, 0.55, 0.5).converges);
        near(2 * forecast(32, 1.1, 0.05).predicted.ms, 61000 + 2 * MIGRATION_FIXED_MS, "idle, in turn");
        near(forecast(32, 0.55, 0.05).predicted.ms, 64000, "idle, together");
}

Test(migration_model, auto_converge_ends_what_pre_copy_does_not) {
        MigrationFacts f = { .basis = { .memory_mib = 8192,
                                        .dirty_kib_s = 300 * 1024,
                                        .dirty_burst_kib_s = UNKNOWN,
                                        .bandwidth_kbit = 1000000 },
                             .downtime_limit_ms = 300 };
        MigrationForecast plain = migration_forecast(f), slowed, post;

        f.mode = MIGRATION_AUTO_CONVERGE;
        slowed = migration_forecast(f);
        f.mode = MIGRATION_POST_COPY;
        post = migration_forecast(f);
        cr_assert_not(plain.converges);
        cr_assert(slowed.converges);
        cr_assert_gt(slowed.predicted.bytes, 3 * post.predicted.bytes, "it pays for it in rounds");
        cr_assert(post.converges);
        cr_assert_lt(post.predicted.downtime_ms, slowed.predicted.downtime_ms + 1);
}

Test(migration_model, busy_is_the_share_of_the_link_that_goes_for_rewritten_pages) {
        MigrationForecast idle = forecast(32, 1.1, 0), half = forecast(32, 1.1, 0.55),
                          never = forecast(32, 1.1, 1.2);

        cr_assert_leq(migration_busy_permille(&idle), 1);
        near(migration_busy_permille(&half), 500, "half");
        cr_assert_eq(migration_busy_permille(&never), 1000);
}
