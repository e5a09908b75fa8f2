/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "scheduler/model/bounds.h"
#include "scheduler/snapshot/wire/sample_wire.h"

static Arena arena;

static void open_arena(void) {
        cr_assert_eq(0, arena_open(16 << 20, &arena));
}

TestSuite(sample_wire, .init = open_arena);

static const char example[] = "plimsoll.report/1 h1 sent=1767225600000000 seq=42 every=5000000\n"
                              "@cpu 1767225599990000\n"
                              "host.cpus\t\t64\n"
                              "host.cpu.model\t\tCascadelake-Server\n"
                              "@vms 1767225599990000\n"
                              "vm.cpu\tweb 1\t1250\n"
                              "vm.networks\tweb 1\tbr0,br1\n"
                              "vm.title\tweb 1\t\n"
                              "@pools 1767225599990000 error=110\n";

static const Report *parse(const char *text) {
        const Report *r = NULL;
        TextFault f = { 0 };

        cr_assert_eq(0, report_parse(&arena, text, strlen(text), &r, &f), "line %u %s: %s", f.line, f.field,
                     f.what);
        return r;
}

static const char *print(const Report *r) {
        const char *text;
        size_t n;

        cr_assert_eq(0, report_print(&arena, r, &text, &n));
        cr_assert_eq(n, strlen(text));
        return text;
}

Test(sample_wire, a_report_is_read) {
        const Report *r = parse(example);
        const Section *vms = &r->sections[1];

        cr_assert_str_eq(r->host, "h1");
        cr_assert_eq(r->sent_at, INT64_C(1767225600000000));
        cr_assert_eq(r->sequence, 42);
        cr_assert_eq(r->interval, 5000000);
        cr_assert_eq(r->n_sections, 3);
        cr_assert_str_eq(r->sections[0].collector, "cpu");
        cr_assert_eq(r->sections[0].n_samples, 2);
        cr_assert_eq(r->sections[0].samples[0].metric, METRIC_HOST_CPUS);
        cr_assert_eq(r->sections[0].samples[0].number, 64);
        cr_assert_str_eq(r->sections[0].samples[0].subject, "");
        cr_assert_str_eq(r->sections[0].samples[1].text, "Cascadelake-Server");
        cr_assert_eq(vms->n_samples, 3);
        cr_assert_str_eq(vms->samples[0].subject, "web 1");
        cr_assert_str_eq(vms->samples[1].text, "br0,br1");
        cr_assert_str_eq(vms->samples[2].text, "");
        cr_assert_eq(r->sections[2].error, 110);
        cr_assert_eq(r->sections[2].n_samples, 0);
}

Test(sample_wire, what_was_printed_reads_and_prints_the_same) {
        cr_assert_str_eq(print(parse(example)), example);
}

Test(sample_wire, a_host_name_may_look_like_the_rest_of_its_line) {
        const char *text = "plimsoll.report/1 a sent=1 seq=2 every=3 sent=4 seq=5 every=6\n";
        const Report *r = parse(text);

        cr_assert_str_eq(r->host, "a sent=1 seq=2 every=3");
        cr_assert_eq(r->sent_at, 4);
        cr_assert_str_eq(print(r), text);
}

Test(sample_wire, metrics_of_a_newer_agent_are_skipped) {
        const Report *r = parse(
                "plimsoll.report/1 h sent=1 seq=1 every=1\n@new 1\nhost.glow\t\tbright\nhost.cpus\t\t3\n");

        cr_assert_eq(r->sections[0].n_samples, 1);
        cr_assert_eq(r->sections[0].samples[0].number, 3);
}

Test(sample_wire, text_from_other_programs_cannot_forge_lines) {
        static const Sample samples[] = {
                { .metric = METRIC_VM_TITLE, .subject = "a\tb", .text = "x\nhost.cpus\t\t9" },
                { .metric = METRIC_VM_TITLE, .subject = "b", .text = "\xff\xfe" },
                { .metric = METRIC_VM_TITLE, .subject = "c", .text = "gr\xc3\xbc\x6e" },
        };
        static const Section section = { .collector = "vms", .samples = samples, .n_samples = 3 };
        static const Report report = { .host = "h", .sections = &section, .n_sections = 1 };
        const Report *r = parse(print(&report));

        cr_assert_eq(r->sections[0].n_samples, 3);
        cr_assert_str_eq(r->sections[0].samples[0].subject, "a?b");
        cr_assert_str_eq(r->sections[0].samples[0].text, "x?host.cpus??9");
        cr_assert_str_eq(r->sections[0].samples[1].text, "??");
        cr_assert_str_eq(r->sections[0].samples[2].text, "gr\xc3\xbc\x6e");
}

#define HEAD "plimsoll.report/1 h sent=1 seq=1 every=1\n"

Test(sample_wire, bad_reports_are_refused_with_their_line) {
        static const struct {
                const char *text;
                uint32_t line;
                const char *field, *words;
        } bads[] = {
                { "", 0, "", "does not begin with" },
                { "plimsoll.report/1 h sent=1 seq=1 every=1", 1, "", "cut off" },
                { "plimsoll.report/2 h sent=1 seq=1 every=1\n", 1, "", "does not begin with" },
                { "plimsoll.report/1 h sent=1 every=1\n", 1, "seq=", "seq=N" },
                { "plimsoll.report/1 h sent=-1 seq=1 every=1\n", 1, "sent=", "from 0" },
                { "plimsoll.report/1 h sent=1 seq=1 every=1x\n", 1, "every=", "from 0" },
                { "plimsoll.report/1 h sent=1 seq=9223372036854775808 every=1\n", 1, "seq=", "from 0" },
                { "plimsoll.report/1  sent=1 seq=1 every=1\n", 1, "host", "a name of 1 to 255" },
                { "plimsoll.report/1 sent=1 seq=1 every=1\n", 1, "host", "a name of 1 to 255" },
                { "plimsoll.report/1 h sent=1 seq=1 every=3600000001\n", 1, "every=", "at most an hour" },
                { HEAD "@cpu 1\nhost.cpus\t\t1", 3, "", "cut off" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(bads); i++) {
                const Report *r = NULL;
                TextFault f = { 0 };

                cr_expect_eq(-EBADMSG, report_parse(&arena, bads[i].text, strlen(bads[i].text), &r, &f),
                             "case %zu", i);
                cr_expect_null(r);
                cr_expect_eq(f.line, bads[i].line, "case %zu: line %u: %s", i, f.line, f.what);
                cr_expect_str_eq(f.field, bads[i].field, "case %zu: %s: %s", i, f.field, f.what);
                cr_expect(strstr(f.what, bads[i].words), "case %zu: %s", i, f.what);
        }
}

/* One good line follows each bad one. */
#define GOOD "@good 1\nhost.arch\t\tx\n"

Test(sample_wire, a_bad_line_is_left_out_and_named_and_the_others_stand) {
        static const struct {
                const char *text, *metric, *subject, *words; /* metric "": not known */
        } bads[] = {
                { "host.cpus\t\t1\n", "", "", "before any section" },
                { "@cpu\n", "", "", "@COLLECTOR TIME" },
                { "@ 1\n", "", "", "@COLLECTOR TIME" },
                { "@cpu x\n", "", "", "microseconds" },
                { "@cpu 1 error=0\n", "", "", "microseconds" },
                { "@cpu 1 failed\n", "", "", "microseconds" },
                { "@cpu 1 error=5\nhost.cpus\t\t1\n", "", "", "in one that failed" },
                { "@cpu 1\n@cpu 1\nhost.cpus\t\t1\n", "", "", "two sections" },
                { "@cpu 1\nhost.cpus 1\n", "", "", "metric TAB subject TAB value" },
                { "@cpu 1\n\n", "", "", "metric TAB" },
                { "@cpu 1\nhost.cpus\t\t-1\n", "host.cpus", "", "out of bounds" },
                { "@cpu 1\nhost.cpus\t\t1048577\n", "host.cpus", "", "out of bounds" },
                { "@cpu 1\nhost.cpus\t\t9223372036854775808\n", "host.cpus", "", "out of bounds" },
                { "@cpu 1\nhost.cpus\t\t\n", "host.cpus", "", "not a whole number" },
                { "@cpu 1\nhost.cpus\t\t1e3\n", "host.cpus", "", "not a whole number" },
                { "@cpu 1\nhost.arch\t\ta\x01\n", "host.arch", "", "control characters" },
                { "@cpu 1\nhost.arch\t\t\xff\n", "host.arch", "", "UTF-8" },
                { "@cpu 1\nvm.cpu\tv\t1099511627776\n", "vm.cpu", "v", "out of bounds" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(bads); i++) {
                const Report *r = parse(text_format(&arena, HEAD "%s" GOOD, bads[i].text));
                const Section *good = &r->sections[r->n_sections - 1];

                cr_expect_str_eq(good->collector, "good", "case %zu", i);
                cr_expect_eq(good->n_samples, 1, "case %zu", i);
                cr_assert_eq(r->n_dropped, 1, "case %zu: %u", i, r->n_dropped);
                cr_expect_str_eq(r->dropped->metric == METRIC_N ? "" : metric_defs[r->dropped->metric].name,
                                 bads[i].metric, "case %zu", i);
                cr_expect_str_eq(r->dropped->subject, bads[i].subject, "case %zu", i);
                cr_expect(strstr(r->dropped->text, bads[i].words), "case %zu: %s", i, r->dropped->text);
        }
}

Test(sample_wire, what_has_no_usable_name_stands_under_one_that_is_made_of_it) {
        char *longer = text_format(&arena, "%0300d", 7), *other = text_format(&arena, "%0301d", 7);
        const Report *r = parse(
                text_format(&arena,
                            HEAD "@vms 1\nvm.vcpus\ta\x1b[31m\t1\nvm.vcpus\ta\x1b[32m\t2\nvm.vcpus\t%s\t3\n"
                                 "vm.memory\t%s\t4\nvm.vcpus\t%s\t5\nvm.vcpus\t{x}\t6\n",
                            longer, longer, other));
        const Sample *x = r->sections[0].samples;

        cr_assert_eq(r->sections[0].n_samples, 6);
        cr_expect(strncmp(x[0].subject, "a?[31m#", 7) == 0, "%s", x[0].subject);
        for (int i = 0; i < 6; i++) {
                cr_expect(text_is_name(x[i].subject, strlen(x[i].subject)));
                for (int k = 0; k < i; k++)
                        cr_expect((strcmp(x[i].subject, x[k].subject) == 0) == (i == 3 && k == 2), "%d %d", i,
                                  k);
        }
        cr_expect_str_eq(x[5].subject, "{x}", "braces are no more than letters here");
        cr_assert_eq(r->n_dropped, 4, "each of the four is named once");
        cr_expect(strstr(r->dropped[0].text, "its subject is not a valid name"));
}

Test(sample_wire, of_odd_names_and_sections_there_are_so_many_and_of_more_it_is_said) {
        const char *text = HEAD "@vms 1\n";
        const Report *r;

        for (int i = 0; i < 100; i++)
                text = text_format(&arena, "%svm.vcpus\t%d\x7f\t1\n", text, i);
        r = parse(text);
        cr_assert_eq(r->sections[0].n_samples, bound_of(BOUND_REPORT_ODD_NAMES));
        cr_assert_eq(r->n_dropped, 100);
        text = HEAD;
        for (int i = 0; i < 300; i++)
                text = text_format(&arena, "%s@c%d 1\nhost.cpus\t\t1\n", text, i);
        r = parse(text);
        cr_assert_eq(r->n_sections, bound_of(BOUND_REPORT_SECTIONS));
        cr_assert_eq(r->n_dropped, 300 - r->n_sections);
}

Test(sample_wire, a_full_arena_is_no_crash) {
        static unsigned char memory[8192];

        for (size_t limit = 0; limit < sizeof(memory); limit += 13) {
                Arena small = arena_over(memory, limit);
                const Report *r = NULL;
                const char *text;
                TextFault f;
                size_t n;
                int k = report_parse(&small, example, strlen(example), &r, &f);

                cr_assert(k == 0 || k == -ENOMEM);
                if (k == 0)
                        k = report_print(&small, r, &text, &n);
                cr_assert(k == -ENOMEM || (k == 0 && strcmp(text, example) == 0));
        }
}
