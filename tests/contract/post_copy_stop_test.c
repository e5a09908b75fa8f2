/* SPDX-License-Identifier: Apache-2.0 */
/* Post-copy broke off, and waits to be taken up again: what an operator's stop is to it then. */
#include <criterion/criterion.h>
#include <string.h>

#include "tests/fake_executor.h"

/* It rests for as long as it ever does before it is taken up: nobody waits for that here. */
static const ExecutorLibvirtOptions patient = { .connect_at_most = 2 * USEC_PER_SEC,
                                                .verify_at_most = 600 * USEC_PER_MSEC,
                                                .give_up = 50 * USEC_PER_SEC,
                                                .resume_after = 600 * USEC_PER_SEC };
static void setup(void) {
        fake_executor_open(patient);
}

TestSuite(post_copy_stop, .init = setup, .fini = fake_executor_close, .timeout = 60);

/* Its post-copy has broken off, and it waits: its number. */
static uint32_t interrupted(void) {
        MigrationRequest r = fake_request();
        MigrationStatus s = { 0 };
        uint32_t id;

        r.manner.strategy = STRATEGY_POST_COPY;
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
        MigrationStatus s;

        executor.abort(executor.self, id);
        s = fake_executor_ended(id);
        cr_expect_lt(clock_monotonic() - begun, 30 * USEC_PER_SEC, "its rest is over with the stop");
        cr_expect_eq(MIGRATION_UNCLEAR, s.phase, "%d: %s", s.phase, s.message);
        cr_expect(strstr(s.message, "virsh -c fake://h1 migrate --live --p2p --postcopy --postcopy-resume"),
                  "%s", s.message);
        cr_expect_eq(0, s.resumes);
        cr_expect_eq(1, fake.migrations);
        cr_expect_eq(VIR_DOMAIN_PAUSED, fake.hosts[0].state, "neither side is ended");
        cr_expect_eq(VIR_DOMAIN_RUNNING, fake.hosts[1].state);
}
