/* SPDX-License-Identifier: Apache-2.0 */
/* Paths of requests: what is one, and which route's it is. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "scheduler/app/api/api_path.h"

Test(api_path, is_taken_apart_and_decoded) {
        const char *params[API_PARAMS_MAX] = { 0 };
        ApiPath p;

        cr_assert_eq(0, api_path_parse("/api/v1/hosts/kvm%2001/maintenance", &p));
        cr_assert_eq(p.n, 5);
        cr_assert(api_path_matches(&p, "/api/v1/hosts/{host}/maintenance", params));
        cr_assert_str_eq(params[0], "kvm 01");
        cr_assert_not(api_path_matches(&p, "/api/v1/hosts/{host}", params));
        cr_assert_not(api_path_matches(&p, "/api/v1/hosts/{host}/maintenance/x", params));
        cr_assert_not(api_path_matches(&p, "/api/v1/vms/{vm}/maintenance", params));
}

Test(api_path, a_slash_in_a_name_parts_nothing) {
        const char *params[API_PARAMS_MAX] = { 0 };
        ApiPath p;

        cr_assert_eq(0, api_path_parse("/api/v1/faults/h1/%2Fdev%2fsda", &p));
        cr_assert(api_path_matches(&p, "/api/v1/faults/{host}/{device}", params));
        cr_assert_str_eq(params[1], "/dev/sda");
        cr_assert_eq(0, api_path_parse("/a%2Fb", &p));
        cr_assert_not(api_path_matches(&p, "/a/b", params), "it is one segment");
        cr_assert_not(api_path_matches(&p, "/", params));
        cr_assert_eq(0, api_path_parse("/", &p));
        cr_assert(api_path_matches(&p, "/", params));
        cr_assert_not(api_path_matches(&p, "/{name}", params), "it has no segment");
}

Test(api_path, tricks_are_none) {
        static const char *const bad[] = { "",
                                           "x",
                                           "//",
                                           "/a//b",
                                           "/a/",
                                           "/..",
                                           "/a/../b",
                                           "/a/%2e%2e/",
                                           "/%2e%2E/b",
                                           "/.",
                                           "/a/./b",
                                           "/%",
                                           "/%4",
                                           "/%zz",
                                           "/a%00b",
                                           "/a%0ab",
                                           "/a%0d%0aX: y",
                                           "/%ff",
                                           "/%c0%ae%c0%ae/etc",
                                           "/1/2/3/4/5/6/7/8/9",
                                           "http://evil.example/healthz",
                                           "*" };
        char lengthy[API_PATH_MAX + 1];
        ApiPath p;

        for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
                cr_expect_eq(-EINVAL, api_path_parse(bad[i], &p), "\"%s\" was taken", bad[i]);
        memset(lengthy, 'a', sizeof(lengthy));
        lengthy[0] = '/';
        lengthy[API_PATH_MAX] = '\0';
        cr_expect_eq(-EINVAL, api_path_parse(lengthy, &p), "%d bytes", API_PATH_MAX);
        lengthy[API_PATH_MAX - 1] = '\0';
        cr_expect_eq(0, api_path_parse(lengthy, &p), "one less");
}
