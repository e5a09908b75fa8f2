/* SPDX-License-Identifier: Apache-2.0 */
/* A host that does not say which VMs it has keeps those that were last known. */
#include <criterion/criterion.h>
#include <string.h>

#include "scheduler/snapshot/build/build.h"
#include "scheduler/snapshot/wire/sample_wire.h"

static Arena arena;

static void open_arena(void) {
        cr_assert_eq(0, arena_open(64 << 20, &arena));
}

TestSuite(known_vms, .init = open_arena);

#define NOW (INT64_C(1000) * USEC_PER_SEC)

#define REPORT(host, seconds, rest)                                                                          \
        "plimsoll.report/1 " host " sent=" seconds "000000 seq=7 every=5000000\n" rest
#define HOST_FACTS(seconds)                                                                                  \
        "@host " seconds "000000\nhost.cpus\t\t16\nhost.cpu.mhz\t\t2600\nhost.networks\t\tbr1,br0,br1\n"     \
        "host.uri\t\tqemu+tls://h/system\n"                                                                  \
        "@cpu " seconds "000000\nhost.cpu.busy\t\t4000\nhost.cpu.pressure\t\t20\n"                           \
        "@memory " seconds "000000\nhost.memory.total\t\t65536\nhost.memory.available\t\t40000\n"
#define VMS(seconds, lines) "@vms " seconds "000000\n" lines
#define VM(name, state)                                                                                      \
        "vm.state\t" name "\t" state "\nvm.vcpus\t" name "\t2\nvm.memory\t" name "\t4096\nvm.cpu\t" name     \
        "\t700\n"

typedef struct Given {
        const Report *reports[4];
        const char *expected[4];
        const Report *last[4]; /* what was last known of hosts */
        HostMark marks[4];
        uint32_t n_reports, n_expected, n_last, n_marks;
        const KnownMove *known; /* one, or NULL */
} Given;

static void give(Given *g, const char *text) {
        TextFault f = { 0 };

        cr_assert_eq(0, report_parse(&arena, text, strlen(text), &g->reports[g->n_reports++], &f),
                     "line %u: %s", f.line, f.what);
}

static const Snapshot *build(const Given *g) {
        static const SettingSection sections[] = { { "snapshot", "", snapshot_settings } };
        const BuildInput in = {
                .cluster = "c",
                .now = NOW,
                .reports = g->reports,
                .n_reports = g->n_reports,
                .expected = g->expected,
                .n_expected = g->n_expected,
                .marks = g->marks,
                .n_marks = g->n_marks,
                .known_moves = g->known,
                .n_known_moves = g->known ? 1 : 0,
                .known = g->last,
                .n_known = g->n_last,
        };
        const Snapshot *s;
        Settings *settings;

        cr_assert_eq(0, settings_new(&arena, sections, 1, &settings));
        cr_assert_eq(0, snapshot_build(&arena, &in, settings, &s));
        return s;
}

static void assert_excluded(const Snapshot *s, HostIx h, Exclusion excluded, const char *words) {
        cr_assert_eq(s->hosts[h].excluded, excluded, "%s: excluded %d, %s", s->hosts[h].name,
                     s->hosts[h].excluded, s->hosts[h].excluded_why);
        if (words)
                cr_assert(strstr(s->hosts[h].excluded_why, words), "%s", s->hosts[h].excluded_why);
        else
                cr_assert_null(s->hosts[h].excluded_why);
}

static void give_last(Given *g, const char *text) {
        TextFault f = { 0 };

        cr_assert_eq(0, report_parse(&arena, text, strlen(text), &g->last[g->n_last++], &f), "line %u: %s",
                     f.line, f.what);
}

#define LAST_H1                                                                                              \
        REPORT("h1", "700",                                                                                  \
               "@host 700000000\nhost.cpus\t\t16\nhost.memory.total\t\t65536\nhost.uuid\t\tu-1\n" VMS(       \
                       "700", "vm.uuid\tdb\tu-db\n" VM("db", "running") "vm.uuid\tweb\tu-web\n" VM(          \
                                      "web", "running")))

Test(known_vms, a_host_whose_report_is_gone_keeps_its_vms_and_says_of_when_they_are) {
        Given g = { .expected = { "h1", "h2" }, .n_expected = 2 };
        const Snapshot *s;

        give(&g, REPORT("h2", "999", HOST_FACTS("999") VMS("999", "")));
        give_last(&g, LAST_H1);
        s = build(&g);
        assert_excluded(s, 0, EXCLUDED_MISSING, "no report received; its 2 VMs were last seen 300.0 s ago");
        cr_assert_eq(s->n_vms, 2);
        cr_assert_eq(s->vms[0].host, 0);
        cr_assert_eq(s->vms[1].memory_mib, 4096);
        cr_assert_eq(s->hosts[0].vms_as_of, 700 * USEC_PER_SEC);
        cr_assert_eq(s->hosts[0].cpus, 16);
        cr_assert_eq(s->hosts[0].memory_mib, 65536);
        cr_assert_str_eq(s->hosts[0].uuid, "u-1");
        cr_assert_eq(s->hosts[1].vms_as_of, 0);
}

Test(known_vms, a_host_whose_libvirt_is_silent_keeps_its_vms) {
        Given g = { 0 };
        const Snapshot *s;

        give(&g, REPORT("h1", "999", HOST_FACTS("999") "@vms 999000000 error=110\n"));
        give(&g, REPORT("h2", "999", HOST_FACTS("999") VMS("999", "")));
        give_last(&g, LAST_H1);
        s = build(&g);
        assert_excluded(s, 0, EXCLUDED_DAEMON,
                        "libvirtd does not respond (error 110); its 2 VMs were last seen");
        cr_assert_eq(s->n_vms, 2);
        cr_assert_eq(s->hosts[0].cpus, 16, "its own word of its size counts");
}

/* Its own word counts more, fresh or old. */
Test(known_vms, a_host_that_says_which_vms_it_has_is_believed) {
        Given g = { 0 };
        const Snapshot *s;

        give(&g, REPORT("h1", "900", HOST_FACTS("900") VMS("900", VM("new", "running"))));
        give(&g, REPORT("h2", "999", HOST_FACTS("999") VMS("999", "")));
        give_last(&g, LAST_H1);
        s = build(&g);
        cr_assert_eq(s->n_vms, 1);
        cr_assert_str_eq(s->vms[0].name, "new");
        assert_excluded(s, 0, EXCLUDED_STALE, "old");
        cr_assert_eq(s->hosts[0].vms_as_of, 900 * USEC_PER_SEC);
}

#define HAS_DB REPORT("h2", "999", HOST_FACTS("999") VMS("999", "vm.uuid\tdb\tu-db\n" VM("db", "running")))

/* Who has the VM now is believed, if nobody is harmed by that: but no host that must be left is emptied by what another
 * says, unless a migration that was written down explains it. */
Test(known_vms, what_is_only_remembered_says_nothing_against_who_has_the_vm_now) {
        const KnownMove moved = { "db", 800 * USEC_PER_SEC };
        const HostMark mark = { .host = "h1", .state = HOST_MAINTENANCE };
        Given g = { .expected = { "h1" }, .n_expected = 1 };
        const Snapshot *s;

        give(&g, HAS_DB);
        give_last(&g, LAST_H1);
        s = build(&g);
        cr_assert_eq(s->n_vms, 2);
        cr_assert_not(s->vms[0].in_flight);
        cr_assert_eq(s->vms[0].host, 1);
        g.marks[g.n_marks++] = mark;
        s = build(&g);
        cr_assert(snapshot_vm_is_on(s, 0, 0), "it may be there still");
        cr_assert(s->vms[0].in_flight);
        g.known = &moved;
        s = build(&g);
        cr_assert_not(snapshot_vm_is_on(s, 0, 0), "it was moved away");
        cr_assert_eq(s->vms[0].host, 1);
        cr_assert_not(s->vms[0].in_flight);
        cr_assert_eq(s->vms[1].host, 0, "the other one is remembered still");
}
