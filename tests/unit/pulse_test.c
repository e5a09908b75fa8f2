/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "scheduler/snapshot/wire/pulse.h"

static Pulse of(const Sample *samples, uint32_t n, int vms_error) {
        const Section sections[] = { { .collector = "cpu", .samples = samples, .n_samples = n },
                                     { .collector = "vms", .error = vms_error } };
        const Report report = {
                .host = "h", .sent_at = 7000000, .interval = 5000000, .sections = sections, .n_sections = 2
        };
        Pulse p;

        pulse_of_report(&report, &p);
        return p;
}

Test(pulse, says_what_share_is_in_use_and_which_vms_there_are) {
        const Sample a[] = { { .metric = METRIC_HOST_CPUS, .subject = "", .number = 8 },
                             { .metric = METRIC_HOST_CPU_BUSY, .subject = "", .number = 6000 },
                             { .metric = METRIC_HOST_MEMORY_TOTAL, .subject = "", .number = 1000 },
                             { .metric = METRIC_HOST_MEMORY_AVAILABLE, .subject = "", .number = 400 },
                             { .metric = METRIC_VM_STATE, .subject = "web1", .text = "running" },
                             { .metric = METRIC_VM_STATE, .subject = "db1", .text = "paused" } };
        const Sample b[] = { a[5], a[4] }, c[] = { a[5] };
        const Pulse p = of(a, 6, 0);

        cr_assert_eq(750, p.cpu_permille);
        cr_assert_eq(600, p.memory_permille);
        cr_assert_eq(2, p.n_vms);
        cr_assert_eq(p.vms_hash, of(b, 2, 0).vms_hash, "whatever their order");
        cr_assert_neq(p.vms_hash, of(c, 1, 0).vms_hash);
        cr_assert_eq(UNKNOWN, of(b, 2, 0).cpu_permille);
        cr_assert_eq(UNKNOWN, of(b, 2, 0).memory_permille);
        cr_assert_eq(UNKNOWN, of(a, 4, ETIMEDOUT).n_vms, "not asked is not none");
        cr_assert_eq(0, of(a, 4, 0).n_vms);
}

Test(pulse, what_is_printed_is_read) {
        const Pulse all[] = { { .sent_at = 1780660800123000,
                                .interval = 5000000,
                                .cpu_permille = 1000,
                                .memory_permille = 0,
                                .n_vms = 60,
                                .vms_hash = INT64_MAX },
                              { .cpu_permille = UNKNOWN, .memory_permille = UNKNOWN, .n_vms = UNKNOWN } };

        for (size_t i = 0; i < 2; i++) {
                char text[PULSE_SIZE];
                Pulse p;

                cr_assert_eq(0, pulse_parse(text, pulse_print(&all[i], text), &p), "%s", text);
                cr_assert_eq(all[i].sent_at, p.sent_at);
                cr_assert_eq(all[i].interval, p.interval);
                cr_assert_eq(all[i].cpu_permille, p.cpu_permille);
                cr_assert_eq(all[i].memory_permille, p.memory_permille);
                cr_assert_eq(all[i].n_vms, p.n_vms);
                cr_assert_eq(all[i].vms_hash, p.vms_hash);
        }
}

Test(pulse, what_is_none_is_refused) {
        static const char *const bad[] = { "",
                                           "1",
                                           "1 2 3 4 5 6",
                                           "1 2 3 4 5 6 7 8",
                                           "1 2 3 4 5 6 7 ",
                                           "2 2 3 4 5 6 7",
                                           "1 - 3 4 5 6 7",
                                           "1 2 3 1001 5 6 7",
                                           "1 2 3 -1 5 6 7",
                                           "1 2 3 4 5 6 -",
                                           "1 2  3 4 5 6 7",
                                           "1 2 3 4 5 6 9223372036854775808" };
        Pulse p;

        cr_assert_eq(0, pulse_parse("1 2 3 4 5 6 7", 13, &p));
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
                cr_assert_eq(-EBADMSG, pulse_parse(bad[i], strlen(bad[i]), &p), "%s", bad[i]);
}
