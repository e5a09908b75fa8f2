/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <string.h>

#include "scheduler/app/service/event_watch.h"
#include "scheduler/app/settings/app_settings.h"
#include "scheduler/snapshot/files/snapshot_file.h"
#include "scheduler/snapshot/wire/pulse.h"

#define SECOND USEC_PER_SEC
#define HOLD   (60 * SECOND)
#define START  (1000000 * SECOND) /* of day */

static Arena arena;
static Settings *settings;
static EventWatch watch;

/* The load lines are 80 % of the CPU and 90 % of the memory, as settings are by themselves; h4 says its own.
 */
static const Snapshot *cluster(const char *exclusion_of_h3) {
        const Snapshot *s = NULL;
        char text[1024];
        TextFault f = { 0 };

        (void) snprintf(text, sizeof(text),
                        "{\"schema\":\"plimsoll.snapshot/1\",\"cluster\":\"t\",\"hosts\":["
                        "{\"name\":\"h4\",\"cpus\":4,\"memory_mib\":16384,\"headroom\":{\"cpu\":0.5}},"
                        "{\"name\":\"h1\",\"cpus\":4,\"memory_mib\":16384},"
                        "{\"name\":\"h2\",\"cpus\":4,\"memory_mib\":16384,\"state\":\"maintenance\"},"
                        "{\"name\":\"h3\",\"cpus\":4,\"memory_mib\":16384%s}],\"vms\":[]}",
                        exclusion_of_h3);
        cr_assert_eq(0, snapshot_file_parse(&arena, text, strlen(text), &s, &f), "%s %s", f.field, f.what);
        return s;
}

static void setup(void) {
        cr_assert_eq(0, arena_open((size_t) 64 << 20, &arena));
        cr_assert_eq(0, app_settings_new(&arena, &settings));
        watch = (EventWatch){ 0 };
        cr_assert_eq(0, event_watch_round(&watch, cluster(""), settings, false));
}

static void teardown(void) {
        event_watch_close(&watch);
        arena_close(&arena);
}

TestSuite(event_watch, .init = setup, .fini = teardown);

/* What `host` says at so many seconds, sent `age` seconds ago. */
static EventCall look_old(int at, int age, const char *host, int64_t cpu, int64_t n_vms, int64_t vms) {
        const Pulse p = { .sent_at = START + (at - age) * SECOND,
                          .interval = 5 * SECOND,
                          .cpu_permille = cpu,
                          .memory_permille = UNKNOWN,
                          .n_vms = n_vms,
                          .vms_hash = vms };
        const EventTimes times = { .now = START + at * SECOND, .monotonic = (at + 1) * SECOND, .hold = HOLD };
        char text[PULSE_SIZE];
        const StoredText all[] = { { .name = "a stranger", .text = "1", .n = 1 },
                                   { .name = host, .text = text, .n = pulse_print(&p, text) } };
        EventCall ret;

        event_watch_look(&watch, all, 2, times, &ret);
        return ret;
}

static EventCall look(int at, const char *host, int64_t cpu, int64_t n_vms, int64_t vms) {
        return look_old(at, 0, host, cpu, n_vms, vms);
}

Test(event_watch, a_host_above_its_load_line_calls_once_when_the_hold_time_is_over) {
        EventCall c;

        cr_assert_str_empty(look(0, "h1", 801, 3, 7).why);
        cr_assert_str_empty(look(59, "h1", 900, 3, 7).why);
        c = look(60, "h1", 850, 3, 7);
        cr_assert(c.overloaded);
        cr_assert_str_eq("h1 has been above its load line for the hold time", c.why);
        cr_assert_str_empty(look(200, "h1", 900, 3, 7).why, "said once");
        cr_assert_str_empty(look(210, "h1", 800, 3, 7).why, "at its line is not above it");
        cr_assert_str_empty(look(220, "h1", 900, 3, 7).why);
        cr_assert(look(280, "h1", 900, 3, 7).overloaded, "said again after it was below");
}

Test(event_watch, each_host_has_its_own_line_and_the_round_between_does_not_forget) {
        cr_assert_str_empty(look(0, "h4", 501, 3, 7).why);
        cr_assert_eq(0, event_watch_round(&watch, cluster(""), settings, false));
        cr_assert(look(60, "h4", 501, 3, 7).overloaded);
        cr_assert_eq(0, event_watch_round(&watch, cluster(""), settings, false));
        cr_assert_str_empty(look(70, "h4", 501, 3, 7).why, "the round has seen it");
        cr_assert_eq(0, event_watch_round(&watch, cluster(""), settings, true));
        cr_assert_str_empty(look(80, "h4", 501, 3, 7).why);
        cr_assert(look(140, "h4", 501, 3, 7).overloaded, "still above, after VMs were moved");
}

Test(event_watch, the_load_of_hosts_in_maintenance_calls_nobody) {
        cr_assert_str_empty(look(0, "h2", 1000, 3, 7).why);
        cr_assert_str_empty(look(100, "h2", 1000, 3, 7).why);
}

Test(event_watch, a_vm_that_appears_calls_where_it_makes_things_worse) {
        cr_assert_str_empty(look(0, "h1", 500, 3, 7).why);
        cr_assert_str_empty(look(5, "h1", 500, 4, 8).why, "there is room");
        cr_assert_str_empty(look(10, "h1", 900, 4, 8).why);
        cr_assert_str_eq("h1 has another VM and is above its load line", look(15, "h1", 900, 5, 9).why);
        cr_assert_str_empty(look(20, "h1", 900, 5, 9).why, "said once");
        cr_assert_str_empty(look(25, "h1", 900, 4, 8).why, "one that goes is no reason");
        cr_assert_str_neq("", look(30, "h1", 900, 4, 5).why, "one for another is one that appears");
        cr_assert_str_empty(look(35, "h1", 900, UNKNOWN, 0).why, "not known is not none");
        cr_assert_str_empty(look(40, "h1", 900, 4, 5).why);
        cr_assert_str_empty(look(0, "h2", 100, 0, 0).why);
        cr_assert_str_eq("h2 has another VM and is to be emptied", look(5, "h2", 100, 1, 1).why);
}

Test(event_watch, after_moves_what_is_there_is_the_new_measure) {
        cr_assert_str_empty(look(0, "h1", 900, 3, 7).why);
        cr_assert_eq(0, event_watch_round(&watch, cluster(""), settings, true));
        cr_assert_str_empty(look(5, "h1", 900, 4, 8).why);
        cr_assert_str_neq("", look(10, "h1", 900, 5, 9).why);
}

Test(event_watch, a_host_that_falls_silent_calls_and_again_when_it_is_back) {
        const char *fenced = ",\"fence\":\"stale\"";

        cr_assert_str_empty(look_old(100, 30, "h3", 1, 0, 0).why, "30 s is the limit");
        cr_assert_str_eq("h3 has stopped reporting", look_old(101, 31, "h3", 1, 0, 0).why);
        cr_assert_str_empty(look_old(102, 32, "h3", 1, 0, 0).why, "said once");
        cr_assert_eq(0, event_watch_round(&watch, cluster(fenced), settings, false));
        cr_assert_str_empty(look_old(110, 40, "h3", 1, 0, 0).why, "the round knows");
        cr_assert_str_eq("h3 reports again", look(120, "h3", 1, 0, 0).why);
        cr_assert_str_empty(look(121, "h3", 1, 0, 0).why, "said once, even if rounds do not think so");
        cr_assert_eq(0, event_watch_round(&watch, cluster(fenced), settings, false));
        cr_assert_str_empty(look(130, "h3", 1, 0, 0).why);
}

Test(event_watch, without_a_round_nothing_calls) {
        event_watch_close(&watch);
        cr_assert_str_empty(look_old(500, 400, "h1", 1000, 9, 9).why);
}
