#include <criterion/criterion.h>

#include "scheduler/decide/migration_model.h"

#define KBIT_OF_GIB_S(x) ((int64_t) ((x) *1073741824.0 * 8 / 1000))
#define KIB_OF_GIB_S(x)  ((int64_t) ((x) *1048576.0))

static MigrationForecast forecast(int64_t gib, double bandwidth, double dirty) {
        return migration_forecast((MigrationFacts){
                .memory_mib = gib * 1024,
                .dirty_kib_s = dirty < 0 ? UNKNOWN : KIB_OF_GIB_S(dirty),
                .bandwidth_kbit = KBIT_OF_GIB_S(bandwidth),
                .downtime_limit_ms = 300,
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
                cr_assert(f.predicted.downtime_ms <= 320);
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
        MigrationFacts f = {
                .memory_mib = 1024, .dirty_kib_s = 1000, .bandwidth_kbit = 1000000, .downtime_limit_ms = 300
        };
        int64_t ms = migration_forecast(f).predicted.ms;
        MigrationFacts memory = f, dirt = f, disk = f, slow = f;

        memory.memory_mib = 4096;
        dirt.dirty_kib_s = 60000;
        disk.local_disk_mib = 1024;
        slow.bandwidth_kbit = 100000;
        cr_assert_gt(migration_forecast(memory).predicted.ms, ms);
        cr_assert_gt(migration_forecast(dirt).predicted.ms, ms);
        cr_assert_gt(migration_forecast(disk).predicted.ms, ms);
        cr_assert_gt(migration_forecast(slow).predicted.ms, ms);
}

Test(migration_model, absurd_quantities_give_bounded_numbers) {
        MigrationFacts f = { .memory_mib = INT64_MAX,
                             .dirty_kib_s = INT64_MAX,
                             .local_disk_mib = INT64_MAX,
                             .bandwidth_kbit = 0,
                             .downtime_limit_ms = 300 };
        MigrationForecast r = migration_forecast(f);

        cr_assert(r.predicted.ms_low >= 0 && r.predicted.ms_low <= r.predicted.ms);
        cr_assert(r.predicted.ms <= r.predicted.ms_high && r.predicted.bytes > 0);
        cr_assert_not(r.converges);
}
