/* SPDX-License-Identifier: Apache-2.0 */
/* Which URI is made of a host's name, and of which names none is. */
#include <criterion/criterion.h>
#include <string.h>

#include "scheduler/app/settings/app_settings.h"
#include "scheduler/model/host_uri.h"
#include "tests/random_cluster.h"

static Arena arena;

static void host_uri_setup(void) {
        cr_assert_eq(0, arena_open((size_t) 16 << 20, &arena));
}

static void host_uri_teardown(void) {
        arena_close(&arena);
}

TestSuite(host_uri, .init = host_uri_setup, .fini = host_uri_teardown);

static const char *made(const char *pattern, const char *host) {
        const char *uri = "?";

        cr_assert_eq(0, host_uri_make(&arena, pattern, host, &uri));
        return uri;
}

Test(host_uri, the_name_stands_where_the_pattern_says) {
        cr_assert_str_eq(made("qemu+tls://{host}/system", "h1.rome.example"),
                         "qemu+tls://h1.rome.example/system");
        cr_assert_str_eq(made("a{host}b{host}", "7"), "a7b7");
        cr_assert_str_eq(made("qemu+tcp://10.0.0.1/system", "any name"), "qemu+tcp://10.0.0.1/system");
        cr_assert_null(made("", "h1"));
}

/* libvirt runs programs by a URI's parameters: no letter of a name may begin one. */
Test(host_uri, a_name_that_could_say_more_makes_none) {
        static const char *const bad[] = { "",
                                           "-h1",
                                           ".h1",
                                           "h1/system?command=/tmp/x",
                                           "h1?socket=$(id)",
                                           "h1#",
                                           "h1&x",
                                           "root@h1",
                                           "h1:22",
                                           "h1 h2",
                                           "h1\n",
                                           "h\xc3\xbc",
                                           "[::1]",
                                           "%68",
                                           "h1;x",
                                           "{host}" };
        char lengthy[300];

        for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
                cr_assert_null(made("qemu+ssh://{host}/system", bad[i]), "%s", bad[i]);
        memset(lengthy, 'a', sizeof(lengthy) - 1);
        lengthy[sizeof(lengthy) - 1] = '\0';
        cr_assert_null(made("qemu+ssh://{host}/system", lengthy));
        for (int c = 1; c < 256; c++) { /* each byte: letters, digits, dash and dot alone */
                const char name[] = { 'h', (char) c, '\0' };
                const bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                                  (c >= '0' && c <= '9') || c == '-' || c == '.';

                cr_assert_eq(made("x{host}", name) != NULL, good, "byte %d", c);
        }
}
