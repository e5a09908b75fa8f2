/* SPDX-License-Identifier: Apache-2.0 */
/* A migration's status from its request to its end: when it began and ended, and what is said of it. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "scheduler/act/libvirt/migration_job.h"

static const MoveOrder order = {
        .vm = "a", .from = "h1", .to = "h2", .from_uri = "test:///a", .to_uri = "test:///b"
};
static const MigrationRequest request = { .order = &order };
static Hub *hub;
static Migration *m;

static void setup(void) {
        hub = hub_new((ExecutorLibvirtOptions){ 0 });
        cr_assert_not_null(hub);
        m = migration_new(hub, &request);
        cr_assert_not_null(m);
}

static void teardown(void) {
        migration_unref(m);
        hub_unref(hub);
}

TestSuite(migration_job, .init = setup, .fini = teardown);

static void phase(MigrationPhase p) {
        hub_lock(hub);
        migration_set_phase(m, p);
        hub_unlock(hub);
}

Test(migration_job, it_begins_when_it_runs_and_ends_when_it_has_sent_all) {
        const uint64_t seen = hub->phases;
        usec_t started, ended;

        cr_assert_eq(MIGRATION_QUEUED, m->status.phase);
        cr_assert_eq(UNKNOWN, m->status.dirty_kib_s);
        cr_assert_eq(UNKNOWN, m->status.downtime_ms);
        cr_assert_eq(0, m->status.started);
        phase(MIGRATION_RUNNING);
        started = m->status.started;
        cr_assert_gt(started, 0);
        cr_assert_eq(0, m->status.ended, "it runs");
        phase(MIGRATION_VERIFYING);
        ended = m->status.ended;
        cr_assert_geq(ended, started);
        cr_assert_eq(started, m->status.started);
        clock_sleep(2 * USEC_PER_MSEC);
        phase(MIGRATION_DONE);
        cr_assert_eq(ended, m->status.ended, "what verifying takes is not counted");
        cr_assert_eq(MIGRATION_DONE, m->status.phase);
        cr_assert_eq(seen + 3, hub->phases);
        phase(MIGRATION_FAILED);
        cr_assert_eq(MIGRATION_DONE, m->status.phase, "an end is final");
        cr_assert_eq(seen + 3, hub->phases);
}

Test(migration_job, one_that_never_began_began_when_it_ended) {
        migration_not_started(m, MIGRATION_FOREIGN, "%s has it, %d times", "h2", 2);
        cr_assert_eq(MIGRATION_FOREIGN, m->status.phase);
        cr_assert_str_eq("not started: h2 has it, 2 times", m->status.message);
        cr_assert_gt(m->status.ended, 0);
        cr_assert_eq(m->status.ended, m->status.started);
        migration_end(m, MIGRATION_DONE, "and more");
        cr_assert_eq(MIGRATION_FOREIGN, m->status.phase);
        cr_assert_str_eq("not started: h2 has it, 2 times", m->status.message);
}

Test(migration_job, a_word_too_long_is_cut_and_nothing_behind_it_is_written) {
        char word[2 * sizeof(m->status.message)];

        memset(word, 'x', sizeof(word));
        word[sizeof(word) - 1] = '\0';
        migration_not_started(m, MIGRATION_FAILED, "%s", word);
        cr_assert_lt(strlen(m->status.message), sizeof(m->status.message));
        cr_assert_gt(strlen(m->status.message), sizeof(m->status.message) - 8);
}

Test(migration_job, remarks_stand_one_behind_the_other) {
        migration_remark(m, "");
        cr_assert_str_eq("", m->status.remark);
        migration_remark(m, "slow");
        cr_assert_str_eq("slow", m->status.remark);
        migration_remark(m, "");
        migration_remark(m, "dear");
        cr_assert_str_eq("slow; dear", m->status.remark);
}

Test(migration_job, who_waits_for_news_has_them_at_once_or_when_the_time_is_over) {
        uint64_t seen = hub->phases;
        const usec_t begun = clock_monotonic();

        hub_wait_phase(hub, 20 * USEC_PER_MSEC, &seen);
        cr_assert_geq(clock_monotonic(), begun + 20 * USEC_PER_MSEC, "there are none");
        phase(MIGRATION_RUNNING);
        cr_assert_neq(seen, hub->phases);
        hub_wait_phase(hub, 60 * USEC_PER_SEC, &seen);
        cr_assert_eq(seen, hub->phases);
        cr_assert_lt(clock_monotonic(), begun + 30 * USEC_PER_SEC);
}

Test(migration_job, who_asks_whether_it_is_to_stop) {
        cr_assert_not(migration_stop_asked(m));
        m->stop_asked = true;
        cr_assert(migration_stop_asked(m));
}
