/* SPDX-License-Identifier: Apache-2.0 */
/* What the libvirt executor takes for options that are 0, and that it leaves the others as they are. Nothing is opened: the hub
 * that it would make is asked for here (the linker's --wrap, see tests.cmake). */
#include <criterion/criterion.h>
#include <errno.h>

#include "scheduler/act/libvirt/executor_libvirt.h"
#include "scheduler/act/libvirt/libvirt_migration.h"

Hub *__wrap_hub_new(ExecutorLibvirtOptions options);

static ExecutorLibvirtOptions given;

Hub *__wrap_hub_new(ExecutorLibvirtOptions options) {
        given = options;
        return NULL;
}

Test(executor_defaults, what_is_0_is_the_usual) {
        Executor executor;

        cr_assert_eq(-ENOMEM, executor_libvirt_open((ExecutorLibvirtOptions){ 0 }, &executor));
        cr_assert_eq(8 * USEC_PER_SEC, given.connect_at_most);
        cr_assert_eq(15 * USEC_PER_SEC, given.verify_at_most);
        cr_assert_eq(60 * USEC_PER_SEC, given.give_up);
        cr_assert_eq(2 * USEC_PER_SEC, given.resume_after);
}

Test(executor_defaults, what_is_given_is_taken) {
        Executor executor;

        cr_assert_eq(-ENOMEM, executor_libvirt_open((ExecutorLibvirtOptions){ .connect_at_most = 1,
                                                                              .verify_at_most = 1,
                                                                              .give_up = 1,
                                                                              .resume_after = 1 },
                                                    &executor));
        cr_assert_eq(1, given.connect_at_most);
        cr_assert_eq(1, given.verify_at_most);
        cr_assert_eq(1, given.give_up);
        cr_assert_eq(1, given.resume_after);
}
