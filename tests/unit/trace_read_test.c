/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scheduler/app/backtest/trace.h"

#define STEP (300 * USEC_PER_SEC)

static Arena arena;
static char folder[64];

static void begin(void) {
        cr_assert_eq(0, arena_open((size_t) 1 << 30, &arena));
        (void) strcpy(folder, "/tmp/trace-XXXXXX");
        cr_assert(mkdtemp(folder));
}

static void put(const char *name, const char *text) {
        char path[128];
        FILE *f;

        (void) snprintf(path, sizeof(path), "%s/%s", folder, name);
        f = fopen(path, "we");
        cr_assert(f);
        cr_assert_geq(fputs(text, f), 0);
        cr_assert_eq(0, fclose(f));
}

static void end(void) {
        char path[128];

        (void) snprintf(path, sizeof(path), "%s/use.csv", folder);
        (void) unlink(path);
        (void) snprintf(path, sizeof(path), "%s/cluster.json", folder);
        (void) unlink(path);
        (void) rmdir(folder);
        arena_close(&arena);
}

TestSuite(trace_read, .init = begin, .fini = end);

#define CLUSTER                                                                                                                         \
        "{\"schema\": \"plimsoll.snapshot/1\", \"cluster\": \"demo\",\n"                                                                \
        " \"hosts\": [{\"name\": \"h1\", \"cpus\": 4, \"memory_mib\": 8192}, {\"name\": \"h2\", \"cpus\": 4, \"memory_mib\": 8192}],\n" \
        " \"vms\": [{\"name\": \"a\", \"host\": \"h1\", \"vcpus\": 2, \"memory_mib\": 1024}, {\"name\": \"b\", \"host\": \"h2\", \"vcpus\": 2, \"memory_mib\": 1024}]}\n"

static int reads(const char *use, Trace *ret, TextFault *fault, const char **file) {
        put("cluster.json", CLUSTER);
        put("use.csv", use);
        return trace_read(&arena, folder, STEP, ret, file, fault);
}

static Trace read_well(const char *use) {
        const char *file;
        TextFault fault;
        Trace t;
        int r = reads(use, &t, &fault, &file);

        cr_assert_eq(r, 0, "%s:%u: %s", file, fault.line, fault.what);
        return t;
}

static TraceReading at(const Trace *t, uint32_t step, VmIx v) {
        TraceReading reading = { .cpu_mcores = TRACE_NONE, .memory_mib = TRACE_NONE, .host = IX_NONE };

        for (uint32_t i = 0; i <= step; i++)
                (void) trace_reading(t, i, v, &reading);
        return reading;
}

Test(trace_read, readings_of_a_step_are_averaged_and_a_gap_keeps_the_last) {
        Trace t = read_well("time,vm,cpu\n3000,a,1\n3060,a,2\n3600,b,0.5\n4200,a,0.25\n");
        TraceReading none = { .cpu_mcores = TRACE_NONE };

        cr_assert_eq(t.n_steps, 5);
        cr_assert_eq(t.first, 3000 * USEC_PER_SEC);
        cr_assert_eq(t.n_readings, 4);
        cr_assert_eq(at(&t, 0, 0).cpu_mcores, 1500);
        cr_assert_eq(at(&t, 2, 0).cpu_mcores, 1500, "the gap");
        cr_assert_eq(at(&t, 4, 0).cpu_mcores, 250);
        cr_assert_not(trace_reading(&t, 1, 1, &none), "b is not there yet");
        cr_assert_not(trace_reading(&t, 3, 1, &none), "nor any more");
        cr_assert_eq(t.born[1], 2);
        cr_assert_eq(t.gone[1], 3);
}

Test(trace_read, columns_in_any_order_times_in_two_forms_and_other_line_ends) {
        Trace t = read_well(
                "host,cpu,memory_mib,vm,time\r\nh2,1.5,512,a,1970-01-01T00:50:00Z\r\nh1,1,256,b,3000\r\n");

        cr_assert(t.has_hosts && t.has_memory);
        cr_assert_eq(at(&t, 0, 0).host, 1);
        cr_assert_eq(at(&t, 0, 0).memory_mib, 512);
        cr_assert_eq(at(&t, 0, 1).host, 0);
}

Test(trace_read, who_is_not_in_the_cluster_is_counted_and_named) {
        Trace t = read_well("time,vm,cpu\n3000,a,1\n3000,zz,1\n3000,yy,1\n");

        cr_assert_eq(t.n_left_out, 2);
        cr_assert_str_eq(t.left_out, "zz");
}

Test(trace_read, what_is_wrong_is_told_with_its_line_its_column_and_what_is_accepted) {
        static const struct {
                const char *use;
                uint32_t line;
                const char *field, *words;
        } wrong[] = {
                { "", 0, "", "has no reading" },
                { "time,vm,cpu\n", 0, "", "has no reading" },
                { "time,vm\n", 1, "cpu", "names the columns" },
                { "time,vm,cpu,colour\n", 1, "time", "\"colour\"" },
                { "time,vm,cpu,cpu\n", 1, "time", "\"cpu\"" },
                { "time,vm,cpu\n3000,a\n", 2, "", "found 2 values; accepted: 3" },
                { "time,vm,cpu\n3000,a,1,7\n", 2, "", "found 4 values; accepted: 3" },
                { "time,vm,cpu\n3000,a,1\n2999,a,1\n", 3, "time", "not before that of the line above" },
                { "time,vm,cpu\nnoon,a,1\n", 2, "time", "\"noon\"" },
                { "time,vm,cpu\n3000,a,-1\n", 2, "cpu", "cores that were used" },
                { "time,vm,cpu\n3000,a,much\n", 2, "cpu", "\"much\"" },
                { "time,vm,cpu,memory_mib\n3000,a,1,-5\n", 2, "memory_mib", "MiB that were used" },
                { "time,vm,cpu\n3000,a,1\n999999999,a,1\n", 3, "time", "1,000,000 steps" },
                { "time,vm,cpu\n3000,zz,1\n", 0, "", "has no reading of a VM of cluster.json" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
                const char *file = NULL;
                TextFault fault;
                Trace t;

                cr_expect_eq(-EBADMSG, reads(wrong[i].use, &t, &fault, &file), "%s", wrong[i].use);
                cr_expect(strstr(file, "use.csv"));
                cr_expect_eq(fault.line, wrong[i].line, "%s: line %u", wrong[i].use, fault.line);
                cr_expect_str_eq(fault.field, wrong[i].field, "%s", wrong[i].use);
                cr_expect(strstr(fault.what, wrong[i].words), "%s: %s", wrong[i].use, fault.what);
        }
}

Test(trace_read, a_folder_without_a_file_is_named) {
        const char *file = NULL;
        TextFault fault;
        Trace t;

        cr_assert_eq(-ENOENT, trace_read(&arena, folder, STEP, &t, &file, &fault));
        cr_assert(strstr(file, "cluster.json"));
        put("cluster.json", CLUSTER);
        cr_assert_eq(-ENOENT, trace_read(&arena, folder, STEP, &t, &file, &fault));
        cr_assert(strstr(file, "use.csv"));
}
