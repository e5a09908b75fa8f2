/* SPDX-License-Identifier: Apache-2.0 */
/* Reports of many hosts, parsed on several threads. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "scheduler/app/facts/report_reader.h"

enum { HOSTS = 100, BAD = 37 };

static Arena arena;

static StoredText *texts_make(void) {
        StoredText *texts = arena_new(&arena, StoredText, HOSTS);

        cr_assert_not_null(texts);
        for (int i = 0; i < HOSTS; i++) {
                texts[i].name = text_format(&arena, "h%d", i);
                texts[i].text = text_format(
                        &arena, "plimsoll.report/1 h%d sent=1 seq=2 every=3\n@cpu 4\nhost.cpus\t\t%d%s", i,
                        i + 1, i == BAD ? "" : "\n");
                cr_assert(texts[i].name && texts[i].text);
                texts[i].n = strlen(texts[i].text);
        }
        return texts;
}

static void read_and_check(unsigned threads, const StoredText *texts) {
        const Workers workers = workers_threads(threads);
        ReadReport *reports = NULL;

        cr_assert_eq(0, reports_read(&arena, &workers, texts, HOSTS, &reports));
        for (int i = 0; i < HOSTS; i++) {
                const Report *r = reports[i].report;

                if (i == BAD) {
                        cr_assert_null(r);
                        cr_assert_eq(reports[i].fault->line, 3);
                        continue;
                }
                cr_assert_not_null(r);
                cr_assert_str_eq(r->host, texts[i].name);
                cr_assert_eq(r->sections[0].samples[0].number, i + 1);
        }
}

Test(report_reader, each_report_is_read_in_its_place_and_a_bad_one_says_why) {
        cr_assert_eq(0, arena_open(16 << 20, &arena));
        const StoredText *texts = texts_make();

        read_and_check(1, texts);
        read_and_check(3, texts);
}

Test(report_reader, no_reports_are_no_error) {
        const Workers workers = workers_threads(2);
        ReadReport *reports = NULL;

        cr_assert_eq(0, arena_open(1 << 20, &arena));
        cr_assert_eq(0, reports_read(&arena, &workers, NULL, 0, &reports));
}

Test(report_reader, without_memory_it_says_so) {
        const Workers workers = workers_threads(2);
        ReadReport *reports = NULL;
        StoredText *texts;
        Arena small;

        cr_assert_eq(0, arena_open(16 << 20, &arena));
        texts = texts_make();
        cr_assert_eq(0, arena_open(4096, &small));
        cr_assert_lt(reports_read(&small, &workers, texts, HOSTS, &reports), 0);
        arena_close(&small);
}
