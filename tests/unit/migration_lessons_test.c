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
