/* SPDX-License-Identifier: Apache-2.0 */
/* Collectors of disks and arrays on trees whose tools play real answers, and misbehave. Time is made up: a
 * tool that hangs is over its limit as soon as the test says so. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collectors/read/sample_list.h"
#include "collectors/run/collector_settings.h"
#include "scheduler/base/text.h"

#define FIXTURES SOURCE_DIR "/tests/fixtures"
#define HOUR     (3600 * USEC_PER_SEC)

typedef struct Story {
        const Collector *c;
        char root[512];
        CollectorEnv env;
        void *state;
        Arena arena;
        SampleList said;
        int opened, last;
} Story;

static Story story_open(const char *collector, const char *tree, const char *set) {
        CollectorSet all = collectors_all();
        Story s = { 0 };
        TextFault fault;

        for (uint32_t i = 0; i < all.n; i++)
                if (strcmp(all.collectors[i]->name, collector) == 0)
                        s.c = all.collectors[i];
        cr_assert_not_null(s.c);
        cr_assert_eq(0, arena_open(UINT64_C(256) << 20, &s.arena));
        (void) snprintf(s.root, sizeof(s.root), FIXTURES "/%s", tree);
        if (set)
                cr_assert_eq(0, collector_settings_new(&s.arena, &set, 1, &s.env.settings, &fault), "%s",
                             fault.what);
        s.state = calloc(1, s.c->state_size);
        s.env.root = s.root;
        s.opened = s.c->open(s.state, &s.env);
        return s;
}

static void story_read(Story *s, usec_t now) {
        s->env.root = s->root;
        s->said = sample_list_over(&s->arena);
        s->last = s->c->read(s->state, &s->env, now, &s->said.sink);
}

static void story_close(Story *s) {
        s->c->close(s->state);
        free(s->state);
        arena_close(&s->arena);
}

/* Reads until it waits for nothing. */
static void story_settle(Story *s, usec_t now) {
        for (story_read(s, now); s->last == 1; story_read(s, now))
                clock_sleep(USEC_PER_MSEC);
}

static const Sample *sample_of(const Story *s, Metric metric, const char *subject) {
        for (uint32_t i = 0; i < s->said.n; i++)
                if (s->said.samples[i].metric == metric && strcmp(s->said.samples[i].subject, subject) == 0)
                        return &s->said.samples[i];
        return NULL;
}

static const char *text_of(const Story *s, Metric metric, const char *subject) {
        const Sample *x = sample_of(s, metric, subject);

        return x ? x->text : "(nothing)";
}

static int64_t number_of(const Story *s, Metric metric, const char *subject) {
        const Sample *x = sample_of(s, metric, subject);

        return x ? x->number : UNKNOWN;
}

#define text_is(s, metric, subject, text) cr_assert_str_eq(text_of(&(s), METRIC_##metric, subject), text)
#define number_is(s, metric, subject, n)                                                                     \
        cr_assert_eq(number_of(&(s), METRIC_##metric, subject), n, "%s of %s is %lld",                       \
                     metric_defs[METRIC_##metric].name, subject,                                             \
                     (long long) number_of(&(s), METRIC_##metric, subject))

/* ---- md ---- */
Test(md, a_degraded_mirror_has_nothing_left_to_lose) {
        Story s = story_open("md", "host-storage", NULL);

        story_read(&s, HOUR);
        cr_assert_eq(s.last, 0);
        text_is(s, ARRAY_LEVEL, "md0", "raid1");
        text_is(s, ARRAY_STATE, "md0", "degraded");
        text_is(s, ARRAY_MEMBERS, "md0", "vda");
        text_is(s, ARRAY_LOST, "md0", "vdb");
        number_is(s, ARRAY_WANTED, "md0", 2);
        number_is(s, ARRAY_WORKING, "md0", 1);
        number_is(s, ARRAY_FAILED, "md0", 1);
        number_is(s, ARRAY_REDUNDANCY, "md0", 0);
        text_is(s, ARRAY_ACTION, "md0", "(nothing)");
        story_close(&s);
}

Test(md, levels_rebuilds_suspects_and_mismatches) {
        Story s = story_open("md", "host-disks", NULL);

        story_read(&s, HOUR);
        cr_assert_eq(s.last, 0);
        text_is(s, ARRAY_STATE, "md1", "optimal");
        number_is(s, ARRAY_REDUNDANCY, "md1", 1);
        text_is(s, ARRAY_STATE, "md2", "degraded");
        text_is(s, ARRAY_MEMBERS, "md2", "sda2,sdb2");
        text_is(s, ARRAY_ACTION, "md2", "recover");
        number_is(s, ARRAY_PROGRESS, "md2", 249);
        number_is(s, ARRAY_REDUNDANCY, "md2", 0);
        number_is(s, ARRAY_SPARES, "md2", 0);
        text_is(s, ARRAY_STATE, "md3", "optimal");
        text_is(s, ARRAY_SUSPECTS, "md3", "sdb3");
        number_is(s, ARRAY_MISMATCHES, "md3", 128);
        number_is(s, ARRAY_REDUNDANCY, "md3", 2);
        number_is(s, ARRAY_SPARES, "md3", 1);
        number_is(s, ARRAY_PROGRESS, "md3", UNKNOWN);
        number_is(s, ARRAY_REDUNDANCY, "md4", 0);
        number_is(s, ARRAY_MISMATCHES, "md4", UNKNOWN);
        text_is(s, ARRAY_STATE, "md6", "failed");
        text_is(s, ARRAY_LOST, "md6", "sdb6,sdc6");
        text_is(s, ARRAY_STATE, "md5", "(nothing)");
        story_close(&s);
}

/* ---- smart ---- */
#define ANSWERING                                                                                            \
        "smart.devices=/dev/sda /dev/sdb /dev/sdc /dev/sdd /dev/sde /dev/sdf /dev/sdg /dev/nvme1 "           \
        "/dev/bus/0=megaraid,4"

static Story smart_settled(const char *tree, const char *set) {
        Story s = story_open("smart", tree, set);

        cr_assert_eq(s.opened, 0);
        story_settle(&s, HOUR);
        return s;
}

Test(smart, what_a_real_guest_said) {
        Story s = smart_settled("host-storage", NULL);

        cr_assert_eq(s.last, 0);
        text_is(s, DISK_HEALTH, "sda", "passed");
        text_is(s, DISK_MODEL, "sda", "QEMU HARDDISK");
        text_is(s, DISK_TRANSPORT, "sda", "ata");
        text_is(s, DISK_BLOCKS, "sda", "sda");
        number_is(s, DISK_SIZE, "sda", 64);
        number_is(s, DISK_TEMPERATURE, "sda", 31);
        number_is(s, DISK_REALLOCATED, "sda", 0);
        number_is(s, DISK_PENDING, "sda", UNKNOWN);
        text_is(s, DISK_HEALTH, "nvme0n1", "failing");
        text_is(s, DISK_HEALTH_WHY, "nvme0n1", "the disk reports that it is failing; reliability degraded");
        text_is(s, DISK_KIND, "nvme0n1", "nvme");
        text_is(s, DISK_SERIAL, "nvme0n1", "NVME0001");
        number_is(s, DISK_NVME_WARNING, "nvme0n1", 4);
        number_is(s, DISK_MEDIA_ERRORS, "nvme0n1", 0);
        story_close(&s);
}

Test(smart, exit_bits_3_and_4_alone_say_failing) {
        Story s = smart_settled("host-disks", ANSWERING);

        text_is(s, DISK_HEALTH, "sda", "passed");
        text_is(s, DISK_HEALTH, "sdb", "failing");
        text_is(s, DISK_HEALTH, "sdc", "failing");
        text_is(s, DISK_HEALTH_WHY, "sdc", "attributes at or below their threshold: Reallocated_Sector_Ct");
        text_is(s, DISK_HEALTH, "sdd", "passed");
        text_is(s, DISK_ATTRIBUTES_FAILED, "sdd", "Reallocated_Sector_Ct");
        number_is(s, DISK_ERROR_LOG, "sdd", 2);
        number_is(s, DISK_SELF_TEST_FAILED, "sdd", 1);
        text_is(s, DISK_HEALTH, "sde", "unknown");
        text_is(s, DISK_HEALTH_WHY, "sde", "a SMART command to the disk failed");
        text_is(s, DISK_HEALTH, "sdg", "unknown");
        text_is(s, DISK_HEALTH_WHY, "sdg", "/dev/sdg: Unknown USB bridge [0x048d:0x1234 (0x200)]");
        text_is(s, DISK_TRANSPORT, "sdg", "usb");
        story_close(&s);
}

Test(smart, counters_are_levels_and_188_is_three_of_them) {
        Story s = smart_settled("host-disks", ANSWERING);

        number_is(s, DISK_REALLOCATED, "sdb", 720);
        number_is(s, DISK_REPORTED, "sdb", 12);
        number_is(s, DISK_TIMEOUTS, "sdb", 3);
        number_is(s, DISK_TIMEOUTS_5S, "sdb", 1);
        number_is(s, DISK_TIMEOUTS_7S, "sdb", 2);
        number_is(s, DISK_PENDING, "sdb", 24);
        number_is(s, DISK_UNCORRECTABLE, "sdb", 25);
        number_is(s, DISK_CRC, "sdb", 3);
        number_is(s, DISK_REALLOCATED, "sdc", 2000);
        /* a second hour later nothing was counted, and the levels are the same */
        story_settle(&s, 4 * HOUR);
        number_is(s, DISK_REALLOCATED, "sdb", 720);
        number_is(s, DISK_REPORTED, "sdb", 12);
        story_close(&s);
}

Test(smart, nvme_and_scsi) {
        Story s = smart_settled("host-disks", ANSWERING);

        text_is(s, DISK_HEALTH, "nvme1n1", "failing");
        text_is(s, DISK_BLOCKS, "nvme1n1", "nvme1n1,nvme1n2");
        number_is(s, DISK_SPARE, "nvme1n1", 9);
        number_is(s, DISK_SPARE_THRESHOLD, "nvme1n1", 10);
        number_is(s, DISK_WEAR, "nvme1n1", 104);
        number_is(s, DISK_MEDIA_ERRORS, "nvme1n1", 3);
        number_is(s, DISK_NVME_ERROR_ENTRIES, "nvme1n1", UNKNOWN);
        text_is(s, DISK_HEALTH, "bus0/megaraid:4", "passed");
        text_is(s, DISK_TRANSPORT, "bus0/megaraid:4", "megaraid");
        text_is(s, DISK_MODEL, "bus0/megaraid:4", "TOSHIBA AL15SEB24EQY");
        text_is(s, DISK_BLOCKS, "bus0/megaraid:4", "(nothing)");
        number_is(s, DISK_GROWN_DEFECTS, "bus0/megaraid:4", 7);
        number_is(s, DISK_UNCORRECTED, "bus0/megaraid:4", 3);
        number_is(s, DISK_SELF_TEST_FAILED, "bus0/megaraid:4", 1);
        story_close(&s);
}

Test(smart, a_sleeping_disk_is_left_asleep) {
        Story s = smart_settled("host-disks", ANSWERING);

        number_is(s, DISK_STANDBY, "sdf", 1);
        number_is(s, DISK_STANDBY, "sda", 0);
        text_is(s, DISK_HEALTH, "sdf", "unknown");
        text_is(s, DISK_SERIAL, "sdf", "WD-WCC7K0000000");
        number_is(s, DISK_AGE, "sdf", UNKNOWN);
        story_close(&s);
}

static bool all_have_health(const Story *s, const char *const *disks, size_t n) {
        for (size_t i = 0; i < n; i++)
                if (!sample_of(s, METRIC_DISK_HEALTH, disks[i]))
                        return false;
        return true;
}

Test(smart, disks_that_hang_flood_or_stammer_are_unknown_and_hold_up_no_other) {
        Story s = story_open("smart", "host-disks", NULL);

        do {
                story_read(&s, HOUR);
                cr_assert_eq(s.last, 1, "one still hangs");
                clock_sleep(USEC_PER_MSEC);
        } while (!all_have_health(&s, (const char *[]){ "nvme1n1", "sda", "sdb", "sdi", "sdj", "sdk" }, 6));
        text_is(s, DISK_HEALTH, "sda", "passed");
        text_is(s, DISK_HEALTH, "sdb", "failing");
        text_is(s, DISK_HEALTH, "sdh", "(nothing)");
        text_is(s, DISK_HEALTH_WHY, "sdi", "the output of smartctl is too long");
        text_is(s, DISK_HEALTH, "sdj", "unknown");
        text_is(s, DISK_HEALTH, "sdk", "unknown");
        story_read(&s, HOUR + 60 * USEC_PER_SEC - 1);
        text_is(s, DISK_HEALTH, "sdh", "(nothing)");
        story_read(&s, HOUR + 60 * USEC_PER_SEC);
        text_is(s, DISK_HEALTH, "sdh", "unknown");
        text_is(s, DISK_HEALTH_WHY, "sdh", "smartctl did not answer in time");
        text_is(s, DISK_HEALTH, "sda", "passed");
        story_close(&s);
}

Test(smart, is_not_possible_without_smartctl) {
        Story s = story_open("smart", "host-plain", NULL);

        cr_assert_eq(s.opened, 1);
        story_close(&s);
        s = story_open("smart", "host-disks", "smart.tool=/usr/sbin/no-smartctl");
        cr_assert_eq(s.opened, 1, "what is configured is not guessed at");
        story_close(&s);
}

Test(smart, disks_may_be_named_by_hand) {
        Story s = story_open("smart", "host-disks", "smart.devices=/dev/sda /dev/bus/0=megaraid,4");

        cr_assert_eq(s.opened, 0);
        story_settle(&s, HOUR);
        text_is(s, DISK_HEALTH, "sda", "passed");
        text_is(s, DISK_HEALTH, "bus0/megaraid:4", "passed");
        text_is(s, DISK_HEALTH, "sdb", "(nothing)");
        story_close(&s);
}

/* ---- RAID controllers, ZFS, multipath ---- */
static Story settled(const char *collector, const char *tree) {
        Story s = story_open(collector, tree, NULL);

        cr_assert_eq(s.opened, 0);
        story_settle(&s, HOUR);
        cr_assert_eq(s.last, 0);
        return s;
}

Test(megaraid, a_predicted_failure_behind_the_controller_is_seen) {
        Story s = settled("megaraid", "host-raid");

        number_is(s, DISK_PREDICTED, "megaraid/0:252:0", 0);
        number_is(s, DISK_PREDICTED, "megaraid/0:252:1", 1);
        number_is(s, DISK_PREDICTIONS, "megaraid/0:252:1", 3);
        number_is(s, DISK_MEDIA_ERRORS, "megaraid/0:252:1", 17);
        number_is(s, DISK_OTHER_ERRORS, "megaraid/0:252:1", 4);
        text_is(s, DISK_SERIAL, "megaraid/0:252:1", "20032656D63C");
        text_is(s, DISK_KIND, "megaraid/0:252:1", "ssd");
        number_is(s, DISK_TEMPERATURE, "megaraid/0:252:1", 31);
        text_is(s, ARRAY_STATE, "megaraid/0/v0", "optimal");
        text_is(s, ARRAY_BLOCKS, "megaraid/0/v0", "sda");
        text_is(s, ARRAY_SUSPECTS, "megaraid/0/v0", "megaraid/0:252:1");
        number_is(s, ARRAY_REDUNDANCY, "megaraid/0/v0", 1);
        story_close(&s);
}

Test(megaraid, volumes_drives_spares_and_battery) {
        Story s = settled("megaraid", "host-raid");

        text_is(s, CONTROLLER_STATE, "megaraid/0", "degraded");
        text_is(s, CONTROLLER_BATTERY, "megaraid/0", "degraded");
        text_is(s, CONTROLLER_MODEL, "megaraid/0", "PERC H730P Mini");
        text_is(s, ARRAY_STATE, "megaraid/0/v1", "degraded");
        text_is(s, ARRAY_LEVEL, "megaraid/0/v1", "raid5");
        text_is(s, ARRAY_MEMBERS, "megaraid/0/v1", "megaraid/0:252:2,megaraid/0:252:4");
        number_is(s, ARRAY_WANTED, "megaraid/0/v1", 3);
        number_is(s, ARRAY_REDUNDANCY, "megaraid/0/v1", 0);
        number_is(s, ARRAY_SPARES, "megaraid/0/v1", 1);
        text_is(s, DISK_STATE, "megaraid/0:252:3", "rebuilding");
        text_is(s, DISK_STATE, "megaraid/0:252:5", "spare");
        text_is(s, DISK_STATE, "megaraid/0:6", "foreign");
        text_is(s, DISK_STATE, "megaraid/0:252:7", "failed");
        story_close(&s);
}

/* ---- two generations of a tool side by side ---- */

/* A tool under the root that says the same of each question. NULL: it hangs. */
static void tool_write(const char *root, const char *path, const char *says) {
        char full[700];
        FILE *f;

        (void) snprintf(full, sizeof(full), "mkdir -p %s/opt/MegaRAID/storcli %s/opt/MegaRAID/storcli2", root,
                        root);
        cr_assert_eq(0, system(full));
        (void) snprintf(full, sizeof(full), "%s/%s", root, path);
        f = fopen(full, "we");
        cr_assert(f);
        if (says)
                (void) fprintf(f, "#!/bin/sh\ncat <<'END'\n%s\nEND\n", says);
        else
                (void) fputs("#!/bin/sh\nexec sleep 1000\n", f);
        (void) fclose(f);
        cr_assert_eq(0, chmod(full, 0755));
}

#define STORCLI  "opt/MegaRAID/storcli/storcli64"
#define STORCLI2 "opt/MegaRAID/storcli2/storcli2"
/* A controller with one volume of one drive, by its own lists. */
#define CONTROLLER(number, serial, id, drive)                                                                \
        "{\"Command Status\":{\"Controller\":" number ",\"Status\":\"Success\"},\"Response Data\":{"         \
        "\"Basics\":{\"Model\":\"M\",\"Serial Number\":\"" serial "\"},\"Status\":{\"Controller Status\":"   \
        "\"Optimal\"},\"VD LIST\":[{\"DG/VD\":\"0/1\",\"TYPE\":\"RAID0\",\"State\":\"Optl\"}],"              \
        "\"PD LIST\":[{\"EID:Slt\":\"8:1\",\"DG\":0,\"Model\":\"D\"," id "," drive "}]}}"
#define OLD(number, serial) CONTROLLER(number, serial, "\"DID\":4", "\"State\":\"Onln\"")
#define NEW2(number, serial)                                                                                 \
        CONTROLLER(number, serial, "\"PID\":4", "\"State\":\"Conf\",\"Status\":\"Failed\"")

static Story story_on(const char *root) {
        Story s = story_open("megaraid", "host-raid", NULL);

        s.c->close(s.state); /* opened anew on the tree of its own */
        (void) snprintf(s.root, sizeof(s.root), "%s", root);
        s.env.root = s.root;
        (void) memset(s.state, 0, s.c->state_size);
        cr_assert_eq(0, s.c->open(s.state, &s.env));
        story_settle(&s, HOUR);
        return s;
}

static Story both_tools(char *root, const char *first, const char *second) {
        cr_assert(mkdtemp(root));
        tool_write(root, STORCLI, first);
        tool_write(root, STORCLI2, second);
        return story_on(root);
}

static void both_end(Story *s) {
        char command[600];

        (void) snprintf(command, sizeof(command), "rm -rf %s", s->root);
        story_close(s);
        cr_assert_eq(0, system(command));
}

Test(megaraid, each_generation_sees_controllers_the_other_does_not) {
        char root[] = "/tmp/plimsoll-tools-XXXXXX";
        Story s = both_tools(root, "{\"Controllers\":[" OLD("0", "S1") "]}",
                             "{\"Controllers\":[" NEW2("0", "S9") "]}");

        cr_assert_eq(s.last, 0);
        text_is(s, DISK_STATE, "megaraid/0:8:1", "online");
        text_is(s, DISK_STATE, "megaraid2/0:8:1", "failed");
        text_is(s, ARRAY_MEMBERS, "megaraid/0/v1", "megaraid/0:8:1");
        text_is(s, ARRAY_LOST, "megaraid2/0/v1", "megaraid2/0:8:1");
        text_is(s, CONTROLLER_SERIAL, "megaraid2/0", "S9");
        both_end(&s);
}

Test(megaraid, a_controller_that_both_see_is_told_once) {
        char root[] = "/tmp/plimsoll-tools-XXXXXX";
        Story s = both_tools(root, "{\"Controllers\":[" OLD("0", "S1") "," OLD("1", "S9") "]}",
                             "{\"Controllers\":[" NEW2("0", "S9") "," NEW2("1", "S7") "]}");

        text_is(s, CONTROLLER_SERIAL, "megaraid/1", "S9");
        text_is(s, CONTROLLER_SERIAL, "megaraid2/0", "(nothing)");
        text_is(s, DISK_STATE, "megaraid2/0:8:1", "(nothing)");
        text_is(s, ARRAY_STATE, "megaraid2/0/v1", "(nothing)");
        text_is(s, CONTROLLER_SERIAL, "megaraid2/1", "S7");
        both_end(&s);
}

Test(megaraid, one_tool_that_knows_no_controller_or_talks_nonsense_does_not_silence_the_other) {
        char root[] = "/tmp/plimsoll-tools-XXXXXX", other[] = "/tmp/plimsoll-tools-XXXXXX";
        Story s = both_tools(root, "{\"Controllers\":[]}", "{\"Controllers\":[" NEW2("0", "S9") "]}");

        cr_assert_eq(s.last, 0);
        text_is(s, DISK_STATE, "megaraid2/0:8:1", "failed");
        for (uint32_t i = 0; i < s.said.n; i++) /* a tool without a controller is no fault */
                cr_assert_null(strstr(s.said.samples[i].subject, STORCLI));
        both_end(&s);

        s = both_tools(other, "nonsense", "{\"Controllers\":[" NEW2("0", "S9") "]}");
        cr_assert_eq(s.last, 0);
        text_is(s, DISK_STATE, "megaraid2/0:8:1", "failed");
        cr_assert_str_neq(text_of(&s, METRIC_ITEM_UNREAD, s.said.samples[s.said.n - 1].subject), "(nothing)");
        cr_assert(strstr(s.said.samples[s.said.n - 1].subject, STORCLI));
        both_end(&s);
}

Test(megaraid, one_generation_alone_is_asked_once) {
        char root[] = "/tmp/plimsoll-tools-XXXXXX", command[200];
        Story s;

        cr_assert(mkdtemp(root));
        tool_write(root, STORCLI2, "{\"Controllers\":[" NEW2("0", "") "]}");
        (void) snprintf(command, sizeof(command), "rmdir %s/opt/MegaRAID/storcli", root);
        cr_assert_eq(0, system(command));
        s = story_on(root);
        text_is(s, DISK_STATE, "megaraid/0:8:1", "failed");
        text_is(s, DISK_STATE, "megaraid2/0:8:1", "(nothing)");
        both_end(&s);
}

Test(hpraid, a_predictive_failure_is_no_ok) {
        Story s = settled("hpraid", "host-raid");

        text_is(s, CONTROLLER_STATE, "hpraid/0", "optimal");
        text_is(s, CONTROLLER_BATTERY, "hpraid/0", "charging");
        text_is(s, CONTROLLER_MODEL, "hpraid/0", "Smart Array P440ar");
        text_is(s, ARRAY_LEVEL, "hpraid/0/A1", "raid10");
        text_is(s, ARRAY_STATE, "hpraid/0/A1", "optimal");
        text_is(s, ARRAY_SUSPECTS, "hpraid/0/A1", "hpraid/0:1I:1:2");
        text_is(s, ARRAY_BLOCKS, "hpraid/0/A1", "sda");
        number_is(s, ARRAY_REDUNDANCY, "hpraid/0/A1", 1);
        number_is(s, ARRAY_WANTED, "hpraid/0/A1", 4);
        number_is(s, ARRAY_SPARES, "hpraid/0/A1", 1);
        number_is(s, DISK_PREDICTED, "hpraid/0:1I:1:2", 1);
        number_is(s, DISK_PREDICTED, "hpraid/0:1I:1:1", 0);
        text_is(s, ARRAY_STATE, "hpraid/0/B2", "degraded");
        text_is(s, ARRAY_LOST, "hpraid/0/B2", "hpraid/0:2I:1:6");
        number_is(s, ARRAY_REDUNDANCY, "hpraid/0/B2", 0);
        text_is(s, DISK_KIND, "hpraid/0:2I:1:5", "ssd");
        number_is(s, DISK_WEAR, "hpraid/0:2I:1:7", 3);
        number_is(s, DISK_HOURS, "hpraid/0:2I:1:7", 20480);
        text_is(s, DISK_STATE, "hpraid/0:2I:1:9", "unused");
        text_is(s, DISK_MODEL, "hpraid/0:2I:1:9", "HP      EG0600FBVFP");
        text_is(s, DISK_SERIAL, "hpraid/0:1I:1:2", "S0M0AAA2");
        story_close(&s);
}

Test(zfs, by_json) {
        Story s = settled("zfs", "host-raid");

        text_is(s, ARRAY_LEVEL, "zfs/tank", "raidz2");
        text_is(s, ARRAY_STATE, "zfs/tank", "degraded");
        text_is(s, ARRAY_MEMBERS, "zfs/tank", "sdc1,sdd1,sdf1");
        text_is(s, ARRAY_LOST, "zfs/tank", "sde1");
        text_is(s, ARRAY_SUSPECTS, "zfs/tank", "sdd1");
        number_is(s, ARRAY_WANTED, "zfs/tank", 4);
        number_is(s, ARRAY_WORKING, "zfs/tank", 3);
        number_is(s, ARRAY_REDUNDANCY, "zfs/tank", 1);
        number_is(s, ARRAY_SPARES, "zfs/tank", 1);
        number_is(s, ARRAY_DATA_ERRORS, "zfs/tank", 2);
        text_is(s, ARRAY_ACTION, "zfs/tank", "scrub");
        number_is(s, ARRAY_PROGRESS, "zfs/tank", 250);
        number_is(s, DISK_POOL_CHECKSUM, "sdd1", 7);
        text_is(s, DISK_STATE, "nvme0n1p1", "online");
        text_is(s, ARRAY_LEVEL, "zfs/rpool", "raid10");
        text_is(s, ARRAY_ACTION, "zfs/rpool", "resilver");
        number_is(s, ARRAY_REDUNDANCY, "zfs/rpool", 0);
        story_close(&s);
}

Test(zfs, by_text) {
        Story s = settled("zfs", "host-zpool-text");

        text_is(s, ARRAY_LEVEL, "zfs/data", "raidz1");
        text_is(s, ARRAY_ACTION, "zfs/data", "resilver");
        number_is(s, ARRAY_PROGRESS, "zfs/data", 123);
        number_is(s, ARRAY_WANTED, "zfs/data", 3);
        number_is(s, ARRAY_WORKING, "zfs/data", 2);
        number_is(s, ARRAY_REDUNDANCY, "zfs/data", 0);
        text_is(s, ARRAY_SUSPECTS, "zfs/data", "sdd1");
        number_is(s, DISK_POOL_WRITE, "sdb1", 255);
        number_is(s, DISK_POOL_CHECKSUM, "sdd1", 1556);
        text_is(s, DISK_STATE, "sdc1", "rebuilding");
        text_is(s, ARRAY_STATE, "zfs/test", "degraded");
        number_is(s, ARRAY_REDUNDANCY, "zfs/test", 1);
        number_is(s, ARRAY_SPARES, "zfs/test", 2);
        text_is(s, ARRAY_LEVEL, "zfs/zones", "raid10");
        number_is(s, ARRAY_REDUNDANCY, "zfs/zones", 0);
        number_is(s, ARRAY_WANTED, "zfs/zones", 4);
        text_is(s, ARRAY_LOST, "zfs/zones", "9669136929555758172");
        number_is(s, ARRAY_DATA_ERRORS, "zfs/zones", 0);
        story_close(&s);
}

Test(multipath, a_failed_path_is_access_nearer_to_its_end) {
        Story s = settled("multipath", "host-raid");

        text_is(s, ARRAY_STATE, "multipath/mpatha", "degraded");
        text_is(s, ARRAY_BLOCKS, "multipath/mpatha", "dm-0");
        text_is(s, ARRAY_MEMBERS, "multipath/mpatha", "sdb,sdd");
        text_is(s, ARRAY_LOST, "multipath/mpatha", "sdc,sde");
        text_is(s, ARRAY_SUSPECTS, "multipath/mpatha", "sde");
        number_is(s, ARRAY_REDUNDANCY, "multipath/mpatha", 1);
        text_is(s, ARRAY_STATE, "multipath/mpathb", "optimal");
        text_is(s, ARRAY_STATE, "multipath/mpathc", "failed");
        number_is(s, ARRAY_REDUNDANCY, "multipath/mpathc", 0);
        story_close(&s);
}

/* ---- every collector with a tool, with each kind of bad tool ---- */
static void bad_tool(const char *collector, const char *tree) {
        Story s = story_open(collector, tree, NULL);

        if (s.opened == 0) {
                story_read(&s, HOUR);
                if (strcmp(tree, "host-tools-hang") == 0)
                        story_read(&s, 2 * HOUR);
                else
                        story_settle(&s, HOUR);
                cr_assert_lt(s.last, 0, "%s on %s says nothing of it", collector, tree);
                cr_assert_eq(s.said.n, 0);
        } else
                cr_assert_eq(s.opened, 1);
        story_close(&s);
}

Test(tools, that_hang_flood_or_stammer_make_their_collector_fail_and_nothing_else) {
        static const char *const trees[] = { "host-tools-hang", "host-tools-empty", "host-tools-flood",
                                             "host-tools-cut", "host-tools-old" };
        CollectorSet all = collectors_all();

        for (uint32_t i = 0; i < all.n; i++)
                for (size_t k = 0; k < ARRAY_SIZE(trees); k++)
                        if (!(all.collectors[i]->runs & RUNS_REMOTE) && all.collectors[i]->settings &&
                            strcmp(all.collectors[i]->settings[0].name, "tool") == 0)
                                bad_tool(all.collectors[i]->name, trees[k]);
}
