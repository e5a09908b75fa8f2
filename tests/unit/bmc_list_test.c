/* SPDX-License-Identifier: Apache-2.0 */
/* The list of BMCs, and what they said beside the agents' reports. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scheduler/app/facts/bmc_list.h"
#include "scheduler/app/facts/bmc_watch.h"

static unsigned char memory[1 << 20];

static int parse(const char *text, const Bmc **ret, uint32_t *ret_n, TextFault *f) {
        Arena a = arena_over(memory, sizeof(memory));

        *f = (TextFault){ 0 };
        return bmc_list_parse(&a, text, strlen(text), ret, ret_n, f);
}

Test(bmc_list, lines_name_host_url_and_user) {
        const Bmc *list = NULL;
        uint32_t n = 0;
        TextFault f;

        cr_assert_eq(0,
                     parse("# hosts\n\nkvm01  https://b1  ann \t s3#cret\r\n  kvm02 http://b2 # no user\n",
                           &list, &n, &f),
                     "%s", f.what);
        cr_assert_eq(2, n);
        cr_expect_str_eq("kvm01", list[0].host);
        cr_expect_str_eq("https://b1", list[0].url);
        cr_expect_str_eq("s3#cret", list[0].password, "a # within a word begins no comment");
        cr_expect_str_eq("", list[1].user);
}

Test(bmc_list, what_is_wrong_is_said_with_its_line) {
        static const struct {
                const char *text, *words;
                uint32_t line;
        } bad[] = { { "h1 https://b1\nh2\n", "URL is missing", 2 },
                    { "h1 https://b1 ann\n", "without a password", 1 },
                    { "h1 https://b1 ann pw more\n", "too many words", 1 },
                    { "h1 b1\n", "does not begin with https", 1 },
                    { "\nh1 https://b1\nh1 https://b2\n", "has a BMC already", 3 },
                    { "h1 https://b1 ann p\xff\n", "UTF-8", 1 } };
        const Bmc *list;
        uint32_t n;
        TextFault f;

        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                cr_expect_eq(-EBADMSG, parse(bad[i].text, &list, &n, &f), "%s", bad[i].text);
                cr_expect(strstr(f.what, bad[i].words), "%s", f.what);
                cr_expect_eq(bad[i].line, f.line);
        }
}

Test(bmc_list, a_file_that_others_may_read_is_refused) {
        Arena a = arena_over(memory, sizeof(memory));
        char path[] = "/tmp/plimsoll-bmc-XXXXXX";
        int fd = mkstemp(path);
        const Bmc *list;
        uint32_t n;
        TextFault f = { 0 };

        cr_assert_eq(14, write(fd, "h1 https://b1\n", 14));
        cr_assert_eq(0, fchmod(fd, 0640));
        cr_expect_eq(-EPERM, bmc_list_read(&a, path, &list, &n, &f));
        cr_expect(strstr(f.what, "chmod 600"), "%s", f.what);
        cr_assert_eq(0, fchmod(fd, 0600));
        cr_expect_eq(0, bmc_list_read(&a, path, &list, &n, &f), "%s", f.what);
        cr_expect_eq(1, n);
        (void) close(fd);
        (void) unlink(path);
        cr_expect_eq(-ENOENT, bmc_list_read(&a, path, &list, &n, &f));
}

Test(bmc_list, a_bmcs_sections_join_the_report_of_its_host) {
        Arena a = arena_over(memory, sizeof(memory));
        const Section cpu = { .collector = "cpu" }, redfish = { .collector = "redfish" };
        const Report agent = { .host = "h1", .sections = &cpu, .n_sections = 1 };
        const Report bmc = { .host = "h1", .sections = &redfish, .n_sections = 1 };
        const Report other = { .host = "h2", .sections = &redfish, .n_sections = 1 };
        const Report *const both[] = { &other, &bmc }, *merged = bmc_merge(&a, &agent, both, 2);

        cr_assert(merged);
        cr_expect_eq(2, merged->n_sections);
        cr_expect_str_eq("redfish", merged->sections[1].collector);
        cr_expect_eq(&agent, bmc_merge(&a, &agent, both, 1), "nothing of h1's");
}
