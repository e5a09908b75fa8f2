/* SPDX-License-Identifier: Apache-2.0 */
/* What became of collectors' readings. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "collectors/agent/collector_log.h"

static Arena arena;
static CollectorLog past;

static void open_arena(void) {
        cr_assert_eq(0, arena_open(1 << 20, &arena));
}

TestSuite(collector_log, .init = open_arena);

static void note(const char *collector, usec_t at, int error, const char *words) {
        const Section s = { .collector = collector, .read_at = at, .error = error };

        collector_log_note(&past, &s, words);
}

static int64_t number(const Section *s, Metric metric, const char *collector) {
        for (uint32_t i = 0; i < s->n_samples; i++)
                if (s->samples[i].metric == metric && strcmp(s->samples[i].subject, collector) == 0)
                        return s->samples[i].number;
        return UNKNOWN;
}

static const char *why(const Section *s, const char *collector) {
        for (uint32_t i = 0; i < s->n_samples; i++)
                if (s->samples[i].metric == METRIC_COLLECTOR_ERROR &&
                    strcmp(s->samples[i].subject, collector) == 0)
                        return s->samples[i].text;
        return "";
}

static Section section(void) {
        SampleList list = sample_list_over(&arena);

        cr_assert_eq(0, collector_log_emit(&past, &arena, &list.sink));
        return (Section){ .collector = "agent", .samples = list.samples, .n_samples = list.n };
}

Test(collector_log, says_nothing_as_long_as_all_is_well) {
        note("cpu", 1, 0, "");
        note("cpu", 2, 0, "");
        cr_assert_eq(section().n_samples, 0);
}

Test(collector_log, counts_readings_that_failed_and_those_that_came_too_late) {
        Section s;

        note("cpu", 1, 0, "");
        note("smart", 1, EIO, "");
        note("smart", 2, ETIMEDOUT, "");
        note("smart", 3, ETIMEDOUT, "");
        s = section();
        cr_assert_eq(number(&s, METRIC_COLLECTOR_FAILED, "smart"), 3);
        cr_assert_eq(number(&s, METRIC_COLLECTOR_LATE, "smart"), 2);
        cr_assert_str_eq(why(&s, "smart"), "no answer in time (3 readings in a row)");
        cr_assert_eq(number(&s, METRIC_COLLECTOR_FAILED, "cpu"), UNKNOWN);
}

Test(collector_log, counts_what_the_last_reading_did_not_understand) {
        static const Sample odd[] = {
                { .metric = METRIC_ITEM_UNREAD, .subject = "md127", .text = "container" }
        };
        Section read = { .collector = "md", .read_at = 1, .samples = odd, .n_samples = 1 }, s;

        collector_log_note(&past, &read, "");
        s = section();
        cr_assert_eq(number(&s, METRIC_COLLECTOR_UNREAD, "md"), 1);
        cr_assert_eq(number(&s, METRIC_COLLECTOR_FAILED, "md"), UNKNOWN);
        read = (Section){ .collector = "md", .read_at = 2 };
        collector_log_note(&past, &read, "");
        cr_assert_eq(section().n_samples, 0);
}

Test(collector_log, a_reading_that_is_reported_again_counts_once) {
        Section s;

        note("smart", 1, EIO, "");
        note("smart", 1, EIO, "");
        s = section();
        cr_assert_eq(number(&s, METRIC_COLLECTOR_FAILED, "smart"), 1);
        cr_assert_str_eq(why(&s, "smart"), "Input/output error");
}

Test(collector_log, one_that_is_well_again_keeps_its_count_and_has_no_error) {
        Section s;

        note("vms", 1, ECONNREFUSED, "libvirt does not answer");
        s = section();
        cr_assert_str_eq(why(&s, "vms"), "libvirt does not answer");
        note("vms", 2, 0, "");
        s = section();
        cr_assert_eq(number(&s, METRIC_COLLECTOR_FAILED, "vms"), 1);
        cr_assert_str_eq(why(&s, "vms"), "");
}
