/* SPDX-License-Identifier: Apache-2.0 */
/* The libvirt executor over fake_libvirt.h, for the tests of it: opened, asked for one migration, and given back whole.
 *
 * For one test program, as fake_libvirt.h is.
 */
#pragma once

#include <criterion/criterion.h>

#include "scheduler/act/libvirt/executor_libvirt.h"
#include "tests/fake_libvirt.h"

static Executor executor;

static inline void fake_executor_open(ExecutorLibvirtOptions options) {
        fake_begin();
        cr_assert_eq(0, executor_libvirt_open(options, &executor));
}

static inline void fake_executor_close(void) {
        executor.free(executor.self);
        for (int i = 0; i < 500 && fake_held() != 0; i++) /* a call that was given up on lets go by itself */
                clock_sleep(10 * USEC_PER_MSEC);
        if (fake_held() != 0) {
                (void) fprintf(stderr, "%d of libvirt's objects are held still\n", fake_held());
                abort(); /* Criterion heeds no assertion here */
        }
}

/* The VM of fake_libvirt.h, from h1 to h2. */
static inline MigrationRequest fake_request(void) {
        static const MoveOrder order = { .vm = "vm",
                                         .uuid = FAKE_UUID,
                                         .from = "h1",
                                         .to = "h2",
                                         .from_uri = "fake://h1",
                                         .to_uri = "fake://h2" };

        return (MigrationRequest){ .order = &order };
}

/* Waits until it has ended, however that may be, and forgets it. */
static inline MigrationStatus fake_executor_ended(uint32_t id) {
        MigrationStatus s = { 0 };

        for (executor.poll(executor.self, id, &s); !migration_has_ended(s.phase);
             executor.poll(executor.self, id, &s))
                executor.wait(executor.self, 100 * USEC_PER_MSEC);
        executor.forget(executor.self, id);
        return s;
}
