/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include "scheduler/decide/migration/migration_lessons.h"
#include "scheduler/decide/migration/migration_model.h"

static Arena arena;

static void setup(void) {
        cr_assert_eq(0, arena_open((size_t) 16 << 20, &arena));
}

static void teardown(void) {
        arena_close(&arena);
}

TestSuite(migration_lessons, .init = setup, .fini = teardown);

/* What a migration would take whose real figures are these. */
typedef struct Truth {
        int64_t speed_permille, fixed_ms, bytes_permille;
} Truth;

static RecordMove move_of(const char *vm, const char *to, MoveBasis basis, Truth t) {
        MigrationFacts f = { .basis = basis, .downtime_limit_ms = MIGRATION_DOWNTIME_MS };
        MoveOrder *order = arena_new(&arena, MoveOrder, 1);
        Prediction real;

        cr_assert_not_null(order);
        *order =
                (MoveOrder){ .vm = vm, .from = "h1", .to = to, .predicted = migration_forecast(f).predicted };
        f.speed_permille = t.speed_permille;
        f.fixed_ms = t.fixed_ms;
        f.bytes_permille = t.bytes_permille;
        real = migration_forecast(f).predicted;
        return (RecordMove){ .order = order,
                             .took = { .ms = real.ms, .bytes = real.bytes, .downtime_ms = 42 } };
}

static MoveBasis basis_of(int64_t memory_mib, int64_t dirty_kib_s) {
        return (MoveBasis){ .memory_mib = memory_mib,
                            .dirty_kib_s = dirty_kib_s,
                            .dirty_burst_kib_s = dirty_kib_s,
                            .bandwidth_kbit = 1000000 };
}

static const MoveLessons *learn(const RecordMove *moves, uint32_t n) {
        const MoveLessons *l = NULL;

        cr_assert_eq(0, migration_learn(&arena, moves, n, &l));
        return l;
}

static void about(int64_t got, int64_t expected, int64_t off, const char *what) {
        cr_assert(got >= expected - off && got <= expected + off, "%s: %lld, expected about %lld", what,
                  (long long) got, (long long) expected);
}

Test(migration_lessons, speed_and_fixed_time_are_told_apart) {
        RecordMove moves[60];

        for (int i = 0; i < 60; i++)
                moves[i] = move_of(i % 2 ? "big" : "small", "h2", basis_of(i % 2 ? 16384 : 64, 0),
                                   (Truth){ 600, 2000, 1000 });
        about(learn(moves, 60)->speed_permille, 600, 30, "speed");
        about(learn(moves, 60)->fixed_ms, 2000, 100, "fixed");
        about(learn(moves, 60)->switch_ms, 42, 5, "switch");
}

Test(migration_lessons, each_way_has_its_own_speed) {
        RecordMove moves[40];
        const MoveLessons *l;

        for (int i = 0; i < 40; i++)
                moves[i] = move_of("v", i % 2 ? "near" : "far", basis_of(16384, 0),
                                   (Truth){ i % 2 ? 900 : 300, 750, 1000 });
        l = learn(moves, 40);
        cr_assert_eq(l->n_routes, 2);
        cr_assert_str_eq(l->routes[0].to, "far");
        about(l->routes[0].speed_permille, 300, 60, "far");
        about(l->routes[1].speed_permille, 900, 80, "near");
}

/* ---- ways that carry less than they say ---- */

#define NOMINAL INT64_C(10000000) /* kbit/s */
#define SLOW    10                /* permille: 100 Mbit/s */

static RecordMove over(const char *vm, const char *to, int64_t mib, int64_t share_kbit, int64_t permille) {
        MoveBasis basis = basis_of(mib, 0);

        basis.bandwidth_kbit = share_kbit;
        return move_of(vm, to, basis, (Truth){ permille * 94 / 100, 750, 1000 });
}

static int64_t route_permille(const MoveLessons *l, const char *to) {
        for (uint32_t i = 0; i < l->n_routes; i++)
                if (strcmp(l->routes[i].to, to) == 0)
                        return l->routes[i].speed_permille;
        return l->speed_permille;
}

/* What is predicted by these lessons, and what it takes, are within a factor of 1.5. */
static void predicts(const MoveLessons *l, const char *to, int64_t mib, int64_t share_kbit,
                     int64_t permille) {
        const RecordMove real = over("next", to, mib, share_kbit, permille);
        MigrationFacts f = { .basis = real.order->predicted.basis,
                             .downtime_limit_ms = MIGRATION_DOWNTIME_MS,
                             .fixed_ms = l->fixed_ms,
                             .switch_ms = l->switch_ms,
                             .speed_permille = route_permille(l, to),
                             .bytes_permille = l->bytes_permille };
        const int64_t ms = migration_forecast(f).predicted.ms;

        cr_assert(2 * ms <= 3 * real.took.ms && 2 * real.took.ms <= 3 * ms,
                  "%lld MiB to %s: predicted %lld ms, took %lld", (long long) mib, to, (long long) ms,
                  (long long) real.took.ms);
}

Test(migration_lessons, a_link_slower_than_it_says_is_known_after_one_migration) {
        static const int64_t sizes[] = { 64, 256, 1024, 8192, 65536 };

        for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
                const RecordMove first = over("a", "h2", sizes[i], NOMINAL, SLOW);
                const MoveLessons *l = learn(&first, 1);

                for (size_t k = 0; k < ARRAY_SIZE(sizes); k++) {
                        predicts(l, "h2", sizes[k], NOMINAL, SLOW);
                        predicts(l, "h3", sizes[k], NOMINAL,
                                 SLOW); /* nothing says that any other is faster */
                }
        }
}

Test(migration_lessons, eight_guests_that_share_it_tell_the_same) {
        RecordMove moves[8];

        for (int i = 0; i < 8; i++)
                moves[i] = over(i % 2 ? "a" : "b", "h2", 64, NOMINAL / 2, SLOW);
        for (uint32_t n = 1; n <= 8; n++) {
                predicts(learn(moves, n), "h2", 64, NOMINAL / 2, SLOW);
                predicts(learn(moves, n), "h2", 1024, NOMINAL, SLOW);
        }
}

Test(migration_lessons, a_small_one_that_took_seconds_says_nothing_of_its_way) {
        RecordMove m = over("a", "h2", 64, NOMINAL, 1000);
        const MoveLessons *l;

        m.took.ms = 3200;
        l = learn(&m, 1);
        cr_assert_gt(route_permille(l, "h2"), 250);
        cr_assert_gt(l->speed_permille, 250);
}

Test(migration_lessons, one_slow_way_is_no_other_ways_doing) {
        RecordMove moves[9];
        const MoveLessons *l;

        moves[0] = over("a", "h2", 1024, NOMINAL, SLOW);
        for (int i = 1; i < 9; i++)
                moves[i] = over("b", i % 2 ? "h3" : "h4", 16384, NOMINAL, 1000);
        l = learn(moves, 9);
        predicts(l, "h2", 1024, NOMINAL, SLOW);
        predicts(l, "h3", 16384, NOMINAL, 1000);
        predicts(l, "h5", 16384, NOMINAL, 1000);
        about(l->fixed_ms, 750, 150, "what is fixed");
}

Test(migration_lessons, a_link_that_is_mended_is_known_after_one_migration_and_one_that_breaks_after_two) {
        RecordMove moves[12];

        for (int i = 0; i < 12; i++)
                moves[i] = over("a", "h2", 16384, NOMINAL, i == 0 ? 1000 : SLOW);
        predicts(learn(moves, 12), "h2", 16384, NOMINAL, 1000);
        for (int i = 0; i < 12; i++)
                moves[i] = over("a", "h2", 16384, NOMINAL, i < 2 ? SLOW : 1000);
        predicts(learn(moves + 1, 11), "h2", 16384, NOMINAL,
                 1000); /* once: a guest that was throttled, perhaps */
        predicts(learn(moves, 12), "h2", 16384, NOMINAL, SLOW);
}

Test(migration_lessons, one_that_broke_off_tells_how_fast_the_way_is_and_nothing_else) {
        RecordMove moves[] = { over("a", "h2", 65536, NOMINAL, SLOW), over("b", "h3", 65536, NOMINAL, 1000) };
        const MoveLessons *l;

        moves[0].end = MIGRATION_BROKEN_OFF;
        moves[0].took.ms = 60000;
        moves[0].took.bytes = INT64_C(60000) * 12500;
        l = learn(moves, 2);
        predicts(l, "h2", 65536, NOMINAL, SLOW);
        cr_assert_eq(1, l->n_vms, "what it would have sent is not known");
        cr_assert_str_eq("b", l->vms[0].vm);
        l = learn(moves, 1);
        predicts(l, "h2", 65536, NOMINAL, SLOW);
        cr_assert_eq(0, l->n_vms);
        cr_assert_eq(1000, l->bytes_permille);
}

Test(migration_lessons, one_job_tells_most_of_what_a_vm_sends) {
        RecordMove moves[] = {
                move_of("thin", "h2", basis_of(4096, 0), (Truth){ 940, 750, 200 }),
                move_of("fat", "h2", basis_of(4096, 0), (Truth){ 940, 750, 1000 }),
                move_of("half", "h2", basis_of(4096, 1024), (Truth){ 940, 750, 600 }),
        };
        const MoveLessons *l = learn(moves, 3);

        cr_assert_eq(l->n_vms, 3);
        cr_assert_str_eq(l->vms[1].vm, "half");
        about(l->vms[1].bytes_permille, 600, 130, "half");
        about(l->vms[0].bytes_permille, 1000, 130, "fat");
        cr_assert_str_eq(l->vms[2].vm, "thin");
        cr_assert_lt(l->vms[2].bytes_permille, 500);
}

Test(migration_lessons, what_a_busy_guest_sends_beyond_its_memory_is_laid_to_its_writing) {
        RecordMove m = move_of("v", "h2", basis_of(4096, 20 * 1024), (Truth){ 940, 750, 1000 });
        const MoveLessons *l;

        m.took.bytes = migration_forecast((MigrationFacts){ .basis = basis_of(4096, 60 * 1024),
                                                            .downtime_limit_ms = MIGRATION_DOWNTIME_MS })
                               .predicted.bytes;
        l = learn(&m, 1);
        about(l->vms[0].dirty_permille, 3000, 900, "dirty");
        about(l->vms[0].bytes_permille, 1000, 10, "bytes");
}

Test(migration_lessons, a_single_wild_job_changes_little) {
        RecordMove moves[33];
        const MoveLessons *l;

        for (int i = 0; i < 33; i++)
                moves[i] = move_of("v", "h2", basis_of(8192, 0), (Truth){ 940, 750, 1000 });
        moves[5].took.ms *= 50;
        moves[6].took.ms = 1;
        l = learn(moves, 33);
        about(l->speed_permille, 940, 20, "speed");
        about(l->vms[0].bytes_permille, 1000, 20, "bytes");
}

Test(migration_lessons, are_bounded_whatever_was_measured) {
        const int64_t wild[] = { 1, 1000, INT64_MAX / 2, INT64_MAX };

        for (size_t i = 0; i < ARRAY_SIZE(wild); i++)
                for (size_t k = 0; k < ARRAY_SIZE(wild); k++) {
                        RecordMove m = move_of("v", "h2", basis_of(1024, 1000), (Truth){ 940, 750, 1000 });
                        const MoveLessons *l;

                        m.took.ms = wild[i];
                        m.took.bytes = wild[k];
                        m.took.downtime_ms = wild[i];
                        l = learn(&m, 1);
                        cr_assert(l->speed_permille >= LESSON_SPEED_LEAST &&
                                  l->speed_permille <= LESSON_SPEED_MOST);
                        cr_assert(l->fixed_ms >= LESSON_FIXED_LEAST && l->fixed_ms <= LESSON_FIXED_MOST);
                        cr_assert(l->vms[0].bytes_permille >= LESSON_BYTES_LEAST &&
                                  l->vms[0].bytes_permille <= LESSON_BYTES_MOST);
                        cr_assert(l->unsure_permille >= LESSON_UNSURE_LEAST &&
                                  l->unsure_permille <= LESSON_UNSURE_MOST);
                }
}

Test(migration_lessons, what_was_not_measured_or_not_predicted_teaches_nothing) {
        const MoveOrder unsaid = { .vm = "v", .from = "a", .to = "b" };
        RecordMove moves[3] = {
                { .order = &unsaid, .took = { .ms = 100, .bytes = 100 } },
                move_of("v", "h2", basis_of(64, 0), (Truth){ 0 }),
                move_of("v", "h2", basis_of(64, 0), (Truth){ 0 }),
        };

        moves[1].took.ms = UNKNOWN;
        moves[2].took.bytes = UNKNOWN;
        cr_assert_null(learn(moves, 3));
        cr_assert_null(learn(NULL, 0));
}

Test(migration_lessons, errors_are_medians_of_what_was_measured) {
        const MoveOrder order = { .vm = "v",
                                  .from = "a",
                                  .to = "b",
                                  .predicted = { .ms_low = 800,
                                                 .ms = 1000,
                                                 .ms_high = 1200,
                                                 .bytes_low = 90,
                                                 .bytes = 100,
                                                 .bytes_high = 110 } };
        RecordMove moves[10];
        PredictionErrors e;

        for (int i = 0; i < 10; i++)
                moves[i] = (RecordMove){
                        .order = &order,
                        .took = { .ms = i < 8 ? 1100 : 2000, .bytes = 100, .downtime_ms = UNKNOWN }
                };
        cr_assert_eq(0, migration_errors(&arena, moves, 10, &e));
        cr_assert_eq(e.ms.n, 10);
        cr_assert_eq(e.ms.median, 90);
        cr_assert_eq(e.ms.p90, 500);
        cr_assert_eq(e.ms.bias, -90);
        cr_assert_eq(e.ms.within, 800);
        cr_assert_eq(e.bytes.median, 0);
        cr_assert_eq(e.bytes.within, 1000);
        cr_assert_eq(e.downtime.n, 0);
}
