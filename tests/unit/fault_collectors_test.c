/* SPDX-License-Identifier: Apache-2.0 */
/* What the collectors of faults say of tests/fixtures/host-faults, exactly. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collectors/read/sample_list.h"
#include "collectors/run/collector_settings.h"

static Arena arena;
static const char *root = SOURCE_DIR "/tests/fixtures/host-faults";

static void setup(void) {
        cr_assert_eq(0, arena_open(UINT64_C(64) << 20, &arena));
}
TestSuite(fault_collectors, .init = setup);

static const Collector *by_name(const char *name) {
        CollectorSet all = collectors_all();

        for (uint32_t i = 0; i < all.n; i++)
                if (strcmp(all.collectors[i]->name, name) == 0)
                        return all.collectors[i];
        cr_assert_fail("no collector %s", name);
        return NULL;
}

static SampleList read_at(const Collector *c, void *state, const CollectorEnv *env, usec_t now, int result) {
        SampleList list = sample_list_over(&arena);

        cr_assert_eq(c->read(state, env, now, &list.sink), result);
        return list;
}

static SampleList read_once(const char *collector) {
        const Collector *c = by_name(collector);
        CollectorEnv env = { .root = root, .self = "h" };
        void *state = calloc(1, c->state_size);
        SampleList list;

        cr_assert_eq(0, c->open(state, &env));
        list = read_at(c, state, &env, USEC_PER_SEC, 0);
        c->close(state);
        free(state);
        return list;
}

static const Sample *sample(const SampleList *list, Metric metric, const char *subject) {
        for (uint32_t i = 0; i < list->n; i++)
                if (list->samples[i].metric == metric && strcmp(list->samples[i].subject, subject) == 0)
                        return &list->samples[i];
        return NULL;
}

static int64_t number(const SampleList *list, Metric metric, const char *subject) {
        const Sample *s = sample(list, metric, subject);

        return s ? s->number : UNKNOWN;
}

static const char *text(const SampleList *list, Metric metric, const char *subject) {
        const Sample *s = sample(list, metric, subject);

        return s ? s->text : "";
}

Test(fault_collectors, files_are_faults_and_bad_ones_are_complained_of) {
        SampleList l = read_once("faults_d");

        cr_assert_eq(number(&l, METRIC_FAULT_GRADE, "psu.json"), 3);
        cr_assert_str_eq(text(&l, METRIC_FAULT_DEVICE, "psu.json"), "psu1");
        cr_assert_str_eq(text(&l, METRIC_FAULT_WHY, "psu.json"), "one of two power supplies is dead");
        cr_assert_str_eq(
                text(&l, METRIC_FAULT_UNREADABLE, "bad.json"),
                "grade: found 9; accepted: a grade: 0 healthy, 1 watch, 2 quarantine, 3 drain, 4 drain now");
        cr_assert(strstr(text(&l, METRIC_FAULT_UNREADABLE, "cut.json"), "line 1, column 12"), "%s",
                  text(&l, METRIC_FAULT_UNREADABLE, "cut.json"));
        cr_assert_null(sample(&l, METRIC_FAULT_GRADE, "old.json"), "its time is over");
        cr_assert_str_eq(text(&l, METRIC_FAULT_VMS, "two.json#1"), "none");
        cr_assert_str_eq(text(&l, METRIC_FAULT_VMS, "two.json#2"), "web,db");
        cr_assert_str_eq(text(&l, METRIC_FAULT_SERIAL, "two.json#2"), "X-1");
        cr_assert_eq(l.n, 3 + 2 + 3 + 4);
}

Test(fault_collectors, block_devices_hang_together) {
        SampleList l = read_once("blocks");

        cr_assert_str_eq(text(&l, METRIC_BLOCK_OVER, "sda2"), "sda");
        cr_assert_str_eq(text(&l, METRIC_BLOCK_OVER, "md0"), "sda2,sdb2");
        cr_assert_str_eq(text(&l, METRIC_BLOCK_OVER, "dm-0"), "md0");
        cr_assert_str_eq(text(&l, METRIC_BLOCK_MOUNTS, "sda1"), "/");
        cr_assert_str_eq(text(&l, METRIC_BLOCK_MOUNTS, "dm-0"), "/var/lib/libvirt/images");
        cr_assert_str_eq(text(&l, METRIC_BLOCK_MOUNTS, "nvme0n1"), "/srv/scratch space");
        cr_assert_str_eq(text(&l, METRIC_BLOCK_MOUNTS, "zfs/tank"), "/tank/vms");
        cr_assert_str_eq(text(&l, METRIC_BLOCK_NAME, "dm-0"), "vg-vms");
        cr_assert_str_eq(text(&l, METRIC_BLOCK_SERIAL, "vda"), "VIRTIO-1");
        cr_assert_str_eq(text(&l, METRIC_BLOCK_SERIAL, "nvme0n1"), "S4EVNX0N123");
        cr_assert_str_eq(text(&l, METRIC_BLOCK_WWN, "sdb"), "5000c500a1b2c3d4");
        cr_assert_str_eq(text(&l, METRIC_BLOCK_WWN, "nvme0n1"), "0025385b71b0a1c2");
        cr_assert_null(sample(&l, METRIC_BLOCK_WWN, "sdc"));
        cr_assert_null(sample(&l, METRIC_BLOCK_MOUNTS, "loop0"));
}

Test(fault_collectors, the_kernels_log_counts_by_device) {
        SampleList l = read_once("kmsg");

        cr_assert_eq(number(&l, METRIC_BLOCK_ERRORS, "sdb"), 2);
        cr_assert_eq(number(&l, METRIC_BLOCK_ERRORS, "dm-0"), 1);
        cr_assert_eq(number(&l, METRIC_BLOCK_READONLY, "sda1"), 1);
        cr_assert_eq(number(&l, METRIC_BLOCK_READONLY, "sdb"), 0);
        cr_assert_eq(number(&l, METRIC_BLOCK_ERRORS, "sda"), UNKNOWN, "a program's line is not the kernel's");
        cr_assert_eq(number(&l, METRIC_KERNEL_MACHINE_CHECKS, ""), 2);
        cr_assert_eq(number(&l, METRIC_KERNEL_HUNG_TASKS, ""), 1);
        cr_assert_eq(number(&l, METRIC_KERNEL_LOST, ""), 0);
}

Test(fault_collectors, an_hour_later_errors_are_forgotten) {
        const Collector *c = by_name("kmsg");
        CollectorEnv env = { .root = root, .self = "h" };
        void *state = calloc(1, c->state_size);
        SampleList l;

        cr_assert_eq(0, c->open(state, &env));
        (void) read_at(c, state, &env, USEC_PER_SEC, 0);
        l = read_at(c, state, &env, 3700 * USEC_PER_SEC, 0);
        cr_assert_eq(number(&l, METRIC_BLOCK_ERRORS, "sdb"), 0);
        cr_assert_eq(number(&l, METRIC_BLOCK_READONLY, "sda1"), 1, "it still is");
        c->close(state);
        free(state);
}

Test(fault_collectors, a_device_without_progress_is_stuck) {
        const Collector *c = by_name("diskstats");
        CollectorEnv env = { .root = root, .self = "h" };
        void *state = calloc(1, c->state_size);
        SampleList l;

        cr_assert_eq(0, c->open(state, &env));
        (void) read_at(c, state, &env, USEC_PER_SEC, 0);
        l = read_at(c, state, &env, 13 * USEC_PER_SEC, 0);
        cr_assert_eq(number(&l, METRIC_BLOCK_STUCK, "sdb"), 12, "7 I/Os under way, none has ended");
        cr_assert_eq(number(&l, METRIC_BLOCK_STUCK, "sda"), 0);
        cr_assert_eq(number(&l, METRIC_BLOCK_AWAIT, "sda"), UNKNOWN, "there was none");
        cr_assert_null(sample(&l, METRIC_BLOCK_STUCK, "sda1"));
        cr_assert_null(sample(&l, METRIC_BLOCK_STUCK, "loop0"));
        c->close(state);
        free(state);
}

Test(fault_collectors, memory_errors_are_the_modules) {
        SampleList l = read_once("edac");

        cr_assert_eq(number(&l, METRIC_MEMORY_CORRECTED, "mc0/dimm0"), 10);
        cr_assert_eq(number(&l, METRIC_MEMORY_UNCORRECTED, "mc0/dimm0"), 1);
        cr_assert_eq(number(&l, METRIC_MEMORY_CORRECTED, "mc0/dimm1"), 0);
        cr_assert_eq(number(&l, METRIC_MEMORY_CORRECTED, "mc0"), 2, "of which the module is not known");
}

Test(fault_collectors, sensors_have_their_limits) {
        SampleList l = read_once("hwmon");

        cr_assert_eq(number(&l, METRIC_SENSOR_TEMPERATURE, "coretemp@coretemp.0/temp1"), 91000);
        cr_assert_eq(number(&l, METRIC_SENSOR_TEMPERATURE_MAX, "coretemp@coretemp.0/temp1"), 90000);
        cr_assert_eq(number(&l, METRIC_SENSOR_TEMPERATURE_CRITICAL, "coretemp@coretemp.0/temp1"), 100000);
        cr_assert_str_eq(text(&l, METRIC_SENSOR_LABEL, "coretemp@coretemp.0/temp1"), "Package id 0");
        cr_assert_eq(number(&l, METRIC_SENSOR_ALARM, "coretemp@coretemp.0/temp1"), 0);
        cr_assert_eq(number(&l, METRIC_SENSOR_TEMPERATURE, "coretemp@coretemp.0/temp2"), UNKNOWN,
                     "below zero");
        cr_assert_eq(number(&l, METRIC_SENSOR_FAN, "nct6775/fan2"), 0);
        cr_assert_eq(number(&l, METRIC_SENSOR_FAN_MIN, "nct6775/fan2"), 300);
        cr_assert_eq(number(&l, METRIC_SENSOR_ALARM, "nct6775/fan2"), 1);
        cr_assert_eq(number(&l, METRIC_SENSOR_TEMPERATURE_MAX, "nct6775/temp7"), UNKNOWN, "0 is no limit");
        for (uint32_t i = 0; i < l.n; i++)
                cr_assert_null(strstr(l.samples[i].subject, "drivetemp"));
}

/* ---- exec ---- */

static SampleList run_commands(const char *commands) {
        const Collector *c = by_name("exec");
        char set[512];
        const char *sets[] = { set, "exec.limit=500ms" };
        CollectorEnv env = { .root = "", .self = "h" };
        void *state = calloc(1, c->state_size);
        TextFault fault;
        SampleList l;
        usec_t now = clock_monotonic();
        int r;

        (void) snprintf(set, sizeof(set), "exec.commands=%s", commands);
        cr_assert_eq(0, collector_settings_new(&arena, sets, 2, &env.settings, &fault));
        cr_assert_eq(0, c->open(state, &env));
        do {
                l = sample_list_over(&arena);
                r = c->read(state, &env, clock_monotonic(), &l.sink);
                (void) usleep(5000);
        } while (r == 1 && clock_monotonic() < now + 20 * USEC_PER_SEC);
        cr_assert_eq(r, 0);
        c->close(state);
        free(state);
        return l;
}

Test(fault_collectors, what_a_command_prints_is_a_fault) {
        SampleList l = run_commands("/bin/echo {\"device\":\"gpu\",\"grade\":2,\"why\":\"hot\"}");

        cr_assert_eq(number(&l, METRIC_FAULT_GRADE, "echo"), 2);
        cr_assert_str_eq(text(&l, METRIC_FAULT_WHY, "echo"), "hot");
        cr_assert_eq(l.n, 3);
}

Test(fault_collectors, a_command_that_prints_nothing_finds_nothing) {
        cr_assert_eq(run_commands("/bin/true").n, 0);
}

Test(fault_collectors, a_command_that_fails_or_hangs_is_complained_of) {
        SampleList l = run_commands("/bin/false; /bin/sleep 30; /no/such/tool; /bin/echo no JSON");

        cr_assert_str_eq(text(&l, METRIC_FAULT_UNREADABLE, "false (command)"), "its exit status was 1");
        cr_assert_str_eq(text(&l, METRIC_FAULT_UNREADABLE, "sleep (command)"),
                         "it did not finish in time and was killed");
        cr_assert_str_eq(text(&l, METRIC_FAULT_UNREADABLE, "tool (command)"), "it cannot be executed");
        cr_assert_neq(*text(&l, METRIC_FAULT_UNREADABLE, "echo"), '\0');
}
