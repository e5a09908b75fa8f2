/* SPDX-License-Identifier: Apache-2.0 */
/* Post-copy broke off, and waits to be taken up again: what an operator's stop is to it then. */
#include <criterion/criterion.h>
#include <string.h>

#include "scheduler/act/libvirt/executor_libvirt.h"
#include "tests/fake_libvirt.h"

/* It rests for as long as it ever does before it is taken up: nobody waits for that here. */
static const ExecutorLibvirtOptions patient = { .connect_at_most = 2 * USEC_PER_SEC,
                                                .verify_at_most = 600 * USEC_PER_MSEC,
                                                .give_up = 50 * USEC_PER_SEC,
                                                .resume_after = 600 * USEC_PER_SEC };
static Executor executor;

static void setup(void) {
        fake_begin();
        cr_assert_eq(0, executor_libvirt_open(patient, &executor));
}

static void teardown(void) {
        executor.free(executor.self);
}

TestSuite(post_copy_stop, .init = setup, .fini = teardown, .timeout = 60);

/* Its post-copy has broken off, and it waits: its number. */
static uint32_t interrupted(void) {
        static const MoveOrder order = { .vm = "vm",
                                         .uuid = FAKE_UUID,
                                         .from = "h1",
                                         .to = "h2",
                                         .from_uri = "fake://h1",
                                         .to_uri = "fake://h2" };
        const MigrationRequest r = { .order = &order, .manner = { .strategy = STRATEGY_POST_COPY } };
        MigrationStatus s = { 0 };
        uint32_t id;

        fake.end = FAKE_POST_COPY_BREAKS;
        fake.resumes = 1; /* it would be taken up by the first try */
        cr_assert_eq(0, executor.start(executor.self, &r, &id));
        while (!strstr(s.message, "post-copy was interrupted")) {
                executor.wait(executor.self, 10 * USEC_PER_MSEC);
                executor.poll(executor.self, id, &s);
                cr_assert_not(migration_has_ended(s.phase), "%s", s.message);
        }
        return id;
}

Test(post_copy_stop, who_is_told_to_stop_takes_nothing_up_and_says_what_a_person_can_do) {
        const uint32_t id = interrupted();
        const usec_t begun = clock_monotonic();
        MigrationStatus s = { 0 };

        executor.abort(executor.self, id);
        for (executor.poll(executor.self, id, &s); !migration_has_ended(s.phase);
             executor.poll(executor.self, id, &s))
                executor.wait(executor.self, 100 * USEC_PER_MSEC);
        executor.forget(executor.self, id);
        cr_expect_lt(clock_monotonic() - begun, 30 * USEC_PER_SEC, "its rest is over with the stop");
        cr_expect_eq(MIGRATION_UNCLEAR, s.phase, "%d: %s", s.phase, s.message);
        cr_expect(strstr(s.message, "virsh -c fake://h1 migrate --live --p2p --postcopy --postcopy-resume"),
                  "%s", s.message);
        cr_expect_eq(0, s.resumes);
        cr_expect_eq(1, fake.migrations);
        cr_expect_eq(VIR_DOMAIN_PAUSED, fake.hosts[0].state, "neither side is ended");
        cr_expect_eq(VIR_DOMAIN_RUNNING, fake.hosts[1].state);
}
