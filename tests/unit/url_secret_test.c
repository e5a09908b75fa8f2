/* SPDX-License-Identifier: Apache-2.0 */
/* Which words have a password in them, and how they are shown. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/base/url_secret.h"

Test(url_secret, is_what_stands_before_an_at_sign_behind_a_colon) {
        static const char *const with[] = { "redis://:pw@h:1/0",
                                            "redis://u:pw@h",
                                            "unix://:pw@/run/r.sock",
                                            "service.redis=redis://u:p%40w@h",
                                            "http://u:pw@prom:9090",
                                            "see qemu://h and redis://:x@h",
                                            "redis://:@h",
                                            "redis://u:pw/w#x y@h",
                                            "redis+sentinel://u:pw/w#x y@h/mymaster",
                                            "rediss://:pw/w#x@h?ca=/a",
                                            "rediss+sentinel://u:p w/#pw@h/m?ca=/a",
                                            "unix://:a@pw@/r.sock" };
        static const char *const without[] = { "redis://h:6379/0",
                                               "unix:///run/r@1.sock",
                                               "qemu+ssh://root@h1/system",
                                               "redis://[::1]:6379",
                                               "http://h/a:b@c",
                                               "user:pw@host",
                                               "",
                                               "://" };
        char buf[128];

        for (size_t i = 0; i < ARRAY_SIZE(with); i++) {
                cr_assert(url_secret_in(with[i]), "%s", with[i]);
                cr_assert_null(strstr(url_secret_masked(with[i], buf, sizeof(buf)), "pw"), "%s", buf);
        }
        for (size_t i = 0; i < ARRAY_SIZE(without); i++) {
                cr_assert_not(url_secret_in(without[i]), "%s", without[i]);
                cr_assert_str_eq(url_secret_masked(without[i], buf, sizeof(buf)), without[i]);
        }
        cr_assert_str_eq(url_secret_masked("redis://u:p%40w@h:1/2", buf, sizeof(buf)), "redis://u:***@h:1/2");
}

Test(url_secret, on_a_command_line_is_refused_without_being_told) {
        char program[] = "plimsoll", status[] = "status", bad[] = "--redis=redis://u:hunter2@h",
             good[] = "redis://h";
        char *words[] = { program, status, bad, NULL }, *fine[] = { program, status, good, NULL };
        TextFault f = { 0 };

        cr_assert_eq(url_secret_in_words(3, words, &f), -EINVAL);
        cr_assert(strstr(f.what, "word 2") && strstr(f.what, "PLIMSOLL_REDIS") && !strstr(f.what, "hunter2"),
                  "%s", f.what);
        cr_assert(strstr(f.what, "credential plimsoll-redis") &&
                          strcmp(strstr(f.what, "credential plimsoll-redis"), "credential plimsoll-redis") ==
                                  0,
                  "each way is named once: %s", f.what);
        cr_assert_eq(url_secret_in_words(3, fine, &f), 0);
}

Test(url_secret, comes_from_the_environment_and_must_fit) {
        char url[16];
        TextFault f = { 0 };

        (void) unsetenv("CREDENTIALS_DIRECTORY");
        (void) unsetenv("X_URL");
        cr_assert_eq(url_secret_given("x", "X_URL", url, sizeof(url), &f), 1);
        (void) setenv("X_URL", "redis://h", 1);
        cr_assert_eq(url_secret_given("x", "X_URL", url, sizeof(url), &f), 0);
        cr_assert_str_eq(url, "redis://h");
        (void) setenv("X_URL", "redis://much-too-long", 1);
        cr_assert_eq(url_secret_given("x", "X_URL", url, sizeof(url), &f), -EFBIG);
        (void) setenv("CREDENTIALS_DIRECTORY", "/nowhere", 1);
        (void) unsetenv("X_URL");
        cr_assert_eq(url_secret_given("x", "X_URL", url, sizeof(url), &f), 1);
}
