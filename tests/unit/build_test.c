/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "scheduler/snapshot/build/build.h"
#include "scheduler/snapshot/files/snapshot_file.h"
#include "scheduler/snapshot/wire/sample_wire.h"

static Arena arena;

static void open_arena(void) {
        cr_assert_eq(0, arena_open(64 << 20, &arena));
}

TestSuite(build, .init = open_arena);

#define NOW (INT64_C(1000) * USEC_PER_SEC)

/* A report of `host`, sent at `seconds`, of lines after sections of the same time. */
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
        const Report *reports[8];
        const char *expected[8];
        HostMark marks[8];
        uint32_t n_reports, n_expected, n_marks;
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
        };
        const Snapshot *s;
        Settings *settings;

        cr_assert_eq(0, settings_new(&arena, sections, 1, &settings));
        cr_assert_eq(0, snapshot_build(&arena, &in, settings, &s));
        return s;
}

static const Snapshot *build_one(const char *text) {
        Given g = { 0 };

        give(&g, text);
        return build(&g);
}

static void assert_excluded(const Snapshot *s, HostIx h, Exclusion excluded, const char *words) {
        cr_assert_eq(s->hosts[h].excluded, excluded, "%s: excluded %d, %s", s->hosts[h].name,
                     s->hosts[h].excluded, s->hosts[h].excluded_why);
        if (words)
                cr_assert(strstr(s->hosts[h].excluded_why, words), "%s", s->hosts[h].excluded_why);
        else
                cr_assert_null(s->hosts[h].excluded_why);
}

Test(build, what_a_host_is_and_what_ties_a_vm_come_along) {
        const Snapshot *s = build_one(REPORT(
                "h1", "999",
                HOST_FACTS("998") "@plat 998000000\nhost.libvirt\t\t9.0.0\nhost.cpu.list\t\t0-15\n"
                                  "host.portgroups\t\t\nhost.images\t\t/i/a.iso\nnuma.memory\t1\t2048\n"
                                  "numa.cpus\t0\t0-15\nnuma.hugepages.total\t1/2048\t1024\n"
                                  "numa.hugepages.free\t1/2048\t2000\nnuma.hugepages.total\t1/x\t7\n"
                                  "numa.hugepages.total\tx/2048\t7\nhost.memory.reclaimable\t\t512\n" VMS(
                                          "997", VM("db", "running") VM("web", "running") //
                                          "vm.tie\tweb\tsnapshots\nvm.snapshots\tweb\t2\n"
                                          "vm.pinned\tweb\tit has 2 snapshots\n"
                                          "vm.host.devices\tweb\tmdev:c217,new-kind:x,sr-iov:0000:5e:02.1\n"
                                          "vm.images\tweb\t/i/a.iso\nvm.images\tdb\t/i/elsewhere.iso\n")));
        const HostPlatform *p = s->hosts[0].platform;
        const VmTies *t = s->vms[1].ties;

        cr_assert_not_null(p);
        cr_assert_str_eq(p->libvirt, "9.0.0");
        cr_assert_str_eq(p->cpu_list, "0-15");
        cr_assert(p->portgroups_known && p->portgroups.n == 0);
        cr_assert_eq(p->images.n, 1);
        cr_assert_eq(p->n_numa, 2);
        cr_assert_eq(p->numa[0].id, 0);
        cr_assert_eq(p->numa[0].memory_mib, UNKNOWN);
        cr_assert_eq(p->numa[1].memory_mib, 2048);
        cr_assert_eq(p->numa[0].n_hugepages, 0);
        cr_assert_eq(p->numa[1].n_hugepages, 1, "subjects that are no node and size are passed over");
        cr_assert_eq(p->numa[1].hugepages[0].total_mib, 1024);
        cr_assert_eq(p->numa[1].hugepages[0].free_mib, 1024, "not more than there are");
        cr_assert_eq(p->hugepages_default_kib, UNKNOWN);
        cr_assert_eq(t->tie, TIE_SNAPSHOTS);
        cr_assert_eq(t->snapshots, 2);
        cr_assert_eq(t->block_jobs, UNKNOWN);
        cr_assert_eq(t->n_devices, 3);
        cr_assert_eq(t->devices[0].kind, HOST_DEVICE_MDEV);
        cr_assert_eq(t->devices[1].kind, HOST_DEVICE_OTHER);
        cr_assert_str_eq(t->devices[2].name, "0000:5e:02.1");
        cr_assert_eq(t->images.n, 1);
        cr_assert_not(s->vms[1].movable);
        cr_assert_eq(s->vms[0].ties->images.n, 0, "it runs there: the list of images is less than whole");
}

/* What nobody tells stays unknown, also beside what somebody does. */
Test(build, contention_comes_with_its_host_and_its_vm) {
        const Snapshot *s = build_one(
                REPORT("h1", "999",
                       HOST_FACTS("998") "@cpu2 998000000\nhost.cpu.steal\t\t1200\nhost.cpu.stalled\t\t400\n"
                                         "host.swap.in\t\t2048\nhost.io.pressure\t\t5000\n" VMS(
                                                 "997", VM("db", "running") VM("web", "running") //
                                                 "vm.cpu.delay\tweb\t55\nvm.cpu.throttled\tweb\t300\n"
                                                 "vm.memory.swapped\tweb\t12\n")));
        const HostContention *h = s->hosts[0].contention;
        const VmContention *v = s->vms[1].contention;

        cr_assert_not_null(h);
        cr_assert_eq(h->steal_mcores, 1200);
        cr_assert_eq(h->cpu_stalled, 400);
        cr_assert_eq(h->swap_in_kib_s, 2048);
        cr_assert_eq(h->io_pressure, 1000, "no share is more than all");
        cr_assert_eq(h->memory_stalled, UNKNOWN);
        cr_assert_eq(h->swap_out_kib_s, UNKNOWN);
        cr_assert_null(s->vms[0].contention);
        cr_assert_eq(s->vms[0].cpu_delay_permille, UNKNOWN);
        cr_assert_not_null(v);
        cr_assert_eq(s->vms[1].cpu_delay_permille, 55);
        cr_assert_eq(v->cpu_throttled, 300);
        cr_assert_eq(v->memory_swapped_mib, 12);
        cr_assert_eq(v->cpu_stalled, UNKNOWN);
        cr_assert_eq(v->swap_in_kib_s, UNKNOWN);
}

Test(build, a_fresh_report_becomes_a_host_with_its_vms) {
        const Snapshot *s = build_one(REPORT(
                "h1", "999",
                HOST_FACTS("998") "@nic 998000000\nnic.speed\teth1\t10000\nnic.rx\teth1\t500\n"
                                  "nic.carrier\teth0\t0\n" VMS(
                                          "997",
                                          VM("web",
                                             "running") "vm.uuid\tweb\tu1\nvm.networks\tweb\tbr0\n"
                                                        "vm.labels\tweb\towner=ann,hot\nvm.groups\tweb\tb,a\n"
                                                        "vm.dirty\tweb\t1024\n" VM("db", "paused"))));
        const Host *h = &s->hosts[0];
        const Vm *v = &s->vms[1];

        cr_assert_eq(s->taken_at, NOW);
        cr_assert_eq(s->n_hosts, 1);
        cr_assert_eq(s->n_vms, 2);
        assert_excluded(s, 0, EXCLUDED_NONE, NULL);
        cr_assert_str_eq(h->name, "h1");
        cr_assert_str_eq(h->uri, "qemu+tls://h/system");
        cr_assert_eq(h->cpus, 16);
        cr_assert_eq(h->cpu_mhz, 2600);
        cr_assert_eq(h->cpu_busy_mcores, 4000);
        cr_assert_eq(h->cpu_pressure_permille, 20);
        cr_assert_eq(h->memory_pressure_permille, UNKNOWN);
        cr_assert_eq(h->memory_mib, 65536);
        cr_assert_eq(h->memory_used_mib, 25536);
        cr_assert_eq(h->seen_at, 997 * USEC_PER_SEC);
        cr_assert_eq(h->headroom_permille[0], UNKNOWN);
        cr_assert_eq(h->networks.n, 2);
        cr_assert_str_eq(h->networks.at[0], "br0");
        cr_assert_eq(h->n_nics, 2);
        cr_assert_str_eq(h->nics[0].name, "eth0");
        cr_assert_not(h->nics[0].carrier);
        cr_assert_eq(h->nics[0].rx_kbit, UNKNOWN);
        cr_assert_eq(h->nics[1].speed_mbit, 10000);
        cr_assert(h->nics[1].carrier);
        cr_assert_str_eq(s->vms[0].name, "db");
        cr_assert_eq(s->vms[0].state, VM_PAUSED);
        cr_assert_str_eq(v->uuid, "u1");
        cr_assert_eq(v->vcpus, 2);
        cr_assert_eq(v->memory_mib, 4096);
        cr_assert_eq(v->cpu_mcores, 700);
        cr_assert_eq(v->dirty_kib_s, 1024);
        cr_assert_eq(v->rx_kbit, UNKNOWN);
        cr_assert_eq(v->priority, 100);
        cr_assert(v->movable);
        cr_assert_not(v->in_flight);
        cr_assert_eq(v->labels.n, 2);
        cr_assert_str_eq(v->labels.at[0], "hot=");
        cr_assert_str_eq(v->groups.at[0], "a");
}

Test(build, a_vm_without_a_rate_yet_is_unmeasured_and_excludes_nothing) {
        const Snapshot *s = build_one(REPORT(
                "h", "999",
                HOST_FACTS("999") VMS("999", "vm.state\tv\trunning\nvm.vcpus\tv\t1\nvm.memory\tv\t64\n")));

        cr_assert_eq(s->vms[0].cpu_mcores, UNKNOWN);
        assert_excluded(s, 0, EXCLUDED_NONE, NULL);
}

Test(build, facts_of_a_vm_that_is_gone_make_no_vm) {
        const Snapshot *s = build_one(REPORT("h", "999", HOST_FACTS("999") VMS("999", "vm.cpu\told\t500\n")));

        cr_assert_eq(s->n_vms, 0);
        assert_excluded(s, 0, EXCLUDED_NONE, NULL);
}

Test(build, what_decisions_need_and_is_old_or_missing_excludes_the_host) {
        static const struct {
                const char *text;
                Exclusion excluded;
                const char *why;
        } cases[] = {
                { REPORT("h", "969", HOST_FACTS("999") VMS("999", "")), EXCLUDED_STALE,
                  "its last report is 31.0 s old (allowed: 30.0 s)" },
                { REPORT("h", "970", HOST_FACTS("970") VMS("970", "")), EXCLUDED_NONE, NULL },
                { REPORT("h", "1010", HOST_FACTS("1000") VMS("1000", "")), EXCLUDED_NONE, NULL },
                { REPORT("h", "1011", HOST_FACTS("1000") VMS("1000", "")), EXCLUDED_STALE,
                  "11.0 s in the future: a clock is wrong" },
                { REPORT("h", "999", HOST_FACTS("999") VMS("900", "")), EXCLUDED_STALE,
                  "its list of VMs is 100.0 s old" },
                { REPORT("h", "999", HOST_FACTS("999") VMS("1100", "")), EXCLUDED_STALE,
                  "its list of VMs is 100.0 s in the future" },
                { REPORT("h", "999", HOST_FACTS("900") VMS("999", "")), EXCLUDED_STALE,
                  "its load reading is 100.0 s old" },
                { REPORT("h", "999", HOST_FACTS("999")), EXCLUDED_MISSING,
                  "VM list unavailable (is libvirtd running?)" },
                { REPORT("h", "999", HOST_FACTS("999") "@vms 999000000 error=110\n"), EXCLUDED_DAEMON,
                  "libvirtd does not respond (error 110)" },
                { REPORT("h", "999", HOST_FACTS("999") "host.daemon\t\t0\n" VMS("999", "")), EXCLUDED_DAEMON,
                  "libvirtd does not respond" },
                { REPORT("h", "999", HOST_FACTS("999") "host.daemon\t\t1\n" VMS("999", "")), EXCLUDED_NONE,
                  NULL },
                { REPORT("h", "999", "@host 999000000\nhost.cpus\t\t4\n" VMS("999", "")), EXCLUDED_MISSING,
                  "does not contain its memory" },
                { REPORT("h", "999", "@memory 999000000\nhost.memory.total\t\t4\n" VMS("999", "")),
                  EXCLUDED_MISSING, "does not contain its CPUs" },
                { REPORT("h", "999", VMS("999", "")), EXCLUDED_MISSING,
                  "does not contain its CPUs and memory" },
                { REPORT("h", "999", ""), EXCLUDED_MISSING, "VM list unavailable (is libvirtd running?)" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                assert_excluded(build_one(cases[i].text), 0, cases[i].excluded, cases[i].why);
}

/* A host with two VMs, web with `more` said of it. */
static const Snapshot *build_with(const char *more) {
        return build_one(text_format(&arena, REPORT("h", "999", HOST_FACTS("999") "%s"),
                                     text_format(&arena, VMS("999", VM("db", "running") "%s"), more)));
}

Test(build, a_vm_of_which_a_fact_was_left_out_counts_and_does_not_move) {
        static const char *const facts[] = { "vm.dirty", "vm.rx",        "vm.disk.local",
                                             "vm.cpu",   "vm.hugepages", "vm.snapshots" };

        for (size_t i = 0; i < ARRAY_SIZE(facts); i++) {
                const Snapshot *s = build_with(
                        text_format(&arena, VM("web", "running") "%s\tweb\t99999999999999\n", facts[i]));
                const Vm *v = &s->vms[1];

                assert_excluded(s, 0, EXCLUDED_NONE, NULL);
                cr_assert_eq(s->n_vms, 2);
                cr_expect_eq(v->vcpus, s->vms[0].vcpus);
                cr_expect_eq(v->memory_mib, s->vms[0].memory_mib);
                cr_assert_not(v->movable);
                cr_expect(strstr(v->unmovable_why, facts[i]), "%s", v->unmovable_why);
                cr_expect(s->vms[0].movable, "the other VM is as it was");
                cr_expect_null(s->hosts[0].no_entry_why);
                cr_expect(strstr(s->hosts[0].unread, facts[i]), "%s", s->hosts[0].unread);
                cr_assert_eq(s->notes.n, 1);
                cr_expect_str_eq(s->notes.at[0],
                                 "facts of 1 host ignored (out of bounds or not understood): h");
        }
}

Test(build, a_host_on_which_not_all_is_known_takes_no_vm_and_its_vms_may_leave) {
        static const char *const odd[] = {
                "vm.state\tweb\trunning\nvm.vcpus\tweb\t1\n", /* memory is not said */
                "vm.state\tweb\trunning\nvm.vcpus\tweb\t1\nvm.memory\tweb\t9999999999999\n", /* nor here */
                "vm.state\tweb\n", /* of which VM? */
        };

        for (size_t i = 0; i < ARRAY_SIZE(odd); i++) {
                const Snapshot *s = build_with(odd[i]);

                assert_excluded(s, 0, EXCLUDED_NONE, NULL);
                cr_assert_not_null(s->hosts[0].no_entry_why, "case %zu", i);
                cr_expect(s->vms[0].movable);
                cr_expect(s->n_vms == 1 || !s->vms[1].movable);
                cr_assert_gt(s->notes.n, 0);
                cr_expect_str_eq(
                        s->notes.at[s->notes.n - 1],
                        "1 host accepts no more VMs because not everything running there is known: h");
        }
}

Test(build, a_vm_whose_name_is_none_counts_under_another) {
        const Snapshot *s = build_with("vm.state\ta\x1b[31m\trunning\nvm.vcpus\ta\x1b[31m\t3\n"
                                       "vm.memory\ta\x1b[31m\t512\n");

        assert_excluded(s, 0, EXCLUDED_NONE, NULL);
        cr_assert_eq(s->n_vms, 2);
        cr_expect(strncmp(s->vms[0].name, "a?[31m#", 7) == 0, "%s", s->vms[0].name);
        cr_expect_eq(s->vms[0].vcpus, 3);
        cr_expect_eq(s->vms[0].memory_mib, 512);
        cr_expect_not(s->vms[0].movable);
        cr_expect_null(s->hosts[0].no_entry_why);
}

Test(build, a_host_that_reports_more_vms_than_any_has_keeps_the_first_and_takes_no_more) {
        static char text[1 << 20];
        size_t n = 0;

        for (int i = 0; i < 16390; i++)
                n += (size_t) snprintf(text + n, sizeof(text) - n, "vm.state\tv%d\toff\n", i);
        cr_assert_not_null(build_with(text)->hosts[0].no_entry_why);
}

Test(build, an_agent_that_reports_rarely_is_given_three_of_its_intervals) {
        const char *text =
                "plimsoll.report/1 h sent=850000000 seq=1 every=60000000\n" HOST_FACTS("850") VMS("850", "");

        assert_excluded(build_one(text), 0, EXCLUDED_NONE, NULL);
}

Test(build, an_expected_host_that_is_silent_is_there_and_excluded) {
        Given g = { .expected = { "z", "h", "a" }, .n_expected = 3 };
        const Snapshot *s;

        give(&g, REPORT("h", "999", HOST_FACTS("999") VMS("999", "")));
        s = build(&g);
        cr_assert_eq(s->n_hosts, 3);
        assert_excluded(s, 0, EXCLUDED_MISSING, "no report");
        assert_excluded(s, 1, EXCLUDED_NONE, NULL);
        assert_excluded(s, 2, EXCLUDED_MISSING, "no report");
        cr_assert_eq(s->hosts[0].cpus, 0);
}

Test(build, marks_give_state_and_place) {
        Given g = { .expected = { "a" },
                    .n_expected = 1,
                    .marks = { { .host = "h", .state = HOST_MAINTENANCE, .rack = "r1", .zone = "z1" },
                               { .host = "a", .state = HOST_OFFLINE },
                               { .host = "stranger", .state = HOST_CORDONED } },
                    .n_marks = 3 };
        const Snapshot *s;

        give(&g, REPORT("h", "999", HOST_FACTS("999") VMS("999", "")));
        s = build(&g);
        cr_assert_eq(s->n_hosts, 2);
        cr_assert_eq(s->hosts[0].state, HOST_OFFLINE);
        cr_assert_eq(s->hosts[1].state, HOST_MAINTENANCE);
        cr_assert_str_eq(s->hosts[1].rack, "r1");
        cr_assert_null(s->hosts[1].neighborhood);
}

Test(build, labels_are_the_senders_own_and_bounded) {
        Given g = { 0 };
        const Snapshot *s;

        give(&g,
             REPORT("a", "999",
                    HOST_FACTS("999") VMS("999", "") "@agent 999000000\nhost.labels\t\tdisk=ssd,a "
                                                     "b=c,disk=hdd,rack/unit=7\nhost.labels\tb\tgpu=yes\n"));
        give(&g, REPORT("b", "999", HOST_FACTS("999") VMS("999", "")));
        s = build(&g);
        cr_assert_eq(s->n_hosts, 2);
        cr_assert_eq(s->hosts[0].labels.n, 2);
        cr_assert_str_eq(s->hosts[0].labels.at[0], "disk=ssd");
        cr_assert_str_eq(s->hosts[0].labels.at[1], "rack/unit=7");
        cr_assert_eq(s->hosts[1].labels.n, 0, "what one host says of another is not heard");
}

Test(build, of_two_reports_of_one_host_the_newest_counts) {
        for (int order = 0; order < 2; order++) {
                const char *texts[] = {
                        REPORT("h", "990", HOST_FACTS("990") VMS("990", VM("old", "running"))),
                        REPORT("h", "995", HOST_FACTS("995") VMS("995", VM("new", "running")))
                };
                Given g = { 0 };
                const Snapshot *s;

                give(&g, texts[order]);
                give(&g, texts[!order]);
                s = build(&g);
                cr_assert_eq(s->n_hosts, 1);
                cr_assert_eq(s->n_vms, 1);
                cr_assert_str_eq(s->vms[0].name, "new");
                assert_excluded(s, 0, EXCLUDED_NONE, NULL);
        }
}

Test(build, two_machines_under_one_name_exclude_it) {
        Given g = { 0 };

        give(&g, REPORT("h", "990", HOST_FACTS("990") "host.uuid\t\tu1\n" VMS("990", "")));
        give(&g, REPORT("h", "995", HOST_FACTS("995") "host.uuid\t\tu2\n" VMS("995", "")));
        assert_excluded(build(&g), 0, EXCLUDED_MISSING, "two different machines report under this name");
}

/* ---- a VM that two hosts report ---- */

static const Snapshot *build_two(const char *on_a, const char *on_b) {
        char text[2][2048];
        const Snapshot *forth, *back;
        Given g = { 0 }, r = { 0 };

        (void) snprintf(text[0], sizeof(text[0]), "%s%s",
                        REPORT("a", "999", HOST_FACTS("999") VMS("999", "")), on_a);
        (void) snprintf(text[1], sizeof(text[1]), "%s%s",
                        REPORT("b", "999", HOST_FACTS("999") VMS("999", "")), on_b);
        give(&g, text[0]);
        give(&g, text[1]);
        give(&r, text[1]);
        give(&r, text[0]);
        forth = build(&g);
        back = build(&r);
        cr_assert_eq(forth->n_vms, 1);
        cr_assert_eq(forth->vms[0].host, back->vms[0].host, "the order of reports plays no part");
        return forth;
}

Test(build, a_vm_on_two_hosts_is_in_flight_from_the_one_it_leaves) {
        static const struct {
                const char *a, *b;
                HostIx from;
        } cases[] = {
                { VM("v", "running") "vm.job\tv\tmigration-out\n",
                  VM("v", "paused") "vm.job\tv\tmigration-in\n", 0 },
                { VM("v", "paused") "vm.job\tv\tmigration-in\n",
                  VM("v", "running") "vm.job\tv\tmigration-out\n", 1 },
                { VM("v", "paused"), VM("v", "running"), 1 },
                { VM("v", "running"), VM("v", "paused"), 0 },
                { VM("v", "paused") "vm.job\tv\tmigration-out\n", VM("v", "running"), 0 },
                { VM("v", "running"), VM("v", "running"), 0 },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                const Snapshot *s = build_two(cases[i].a, cases[i].b);

                cr_assert(s->vms[0].in_flight);
                cr_assert_eq(s->vms[0].host, cases[i].from, "case %zu", i);
                cr_assert_eq(s->vms[0].in_flight_to, !cases[i].from, "case %zu", i);
        }
}

/* The host that must be left is the VM's, whatever another one says of it. */
static const Snapshot *build_claimed(const char *own, const char *claim, bool leaves, usec_t claimed_at) {
        Given g = { .marks = { { .host = "a", .state = HOST_MAINTENANCE } }, .n_marks = leaves };

        give(&g, text_format(&arena, REPORT("a", "999", HOST_FACTS("998")) "@vms 997000000\n%s", own));
        give(&g, text_format(&arena, REPORT("b", "999", HOST_FACTS("998")) "@vms %lld\n%s",
                             (long long) (claimed_at * USEC_PER_SEC), claim));
        return build(&g);
}

Test(build, a_claim_takes_no_vm_off_a_host_that_must_be_left) {
        static const char *const claims[] = {
                VM("v", "running"),
                VM("v", "running") "vm.job\tv\tmigration-out\n",
                VM("v", "paused") "vm.job\tv\tmigration-out\n",
                VM("v", "paused") "vm.job\tv\tmigration-in\n",
        };

        for (size_t i = 0; i < ARRAY_SIZE(claims); i++)
                for (usec_t at = 996; at <= 998; at++) {
                        const Snapshot *s = build_claimed(VM("v", "running"), claims[i], true, at);

                        cr_assert_eq(s->n_vms, 1);
                        cr_expect_str_eq(s->hosts[s->vms[0].host].name, "a", "claim %zu at %lld", i,
                                         (long long) at);
                        cr_expect(s->vms[0].in_flight);
                }
}

Test(build, a_vm_that_runs_twice_is_told_from_one_that_is_moved) {
        const Snapshot *s = build_claimed(VM("v", "running"), VM("v", "running"), false, 998);

        cr_assert_eq(s->vms[0].running_on.n, 2);
        cr_expect_str_eq(s->vms[0].running_on.at[0], "a");
        cr_expect_str_eq(s->vms[0].running_on.at[1], "b");
        cr_expect_not(s->vms[0].movable);
        cr_expect(strstr(s->vms[0].unmovable_why, "both report it as running"), "%s",
                  s->vms[0].unmovable_why);
        /* it left b before a was read; it claims to leave, and after a was read it runs there still */
        s = build_claimed(VM("v", "running"), VM("v", "running") "vm.job\tv\tmigration-out\n", false, 996);
        cr_expect_eq(s->vms[0].running_on.n, 0);
        cr_expect(s->vms[0].movable);
        s = build_claimed(VM("v", "running"), VM("v", "running") "vm.job\tv\tmigration-out\n", false, 998);
        cr_expect_eq(s->vms[0].running_on.n, 2);
        s = build_claimed(VM("v", "running") "vm.job\tv\tmigration-out\n",
                          VM("v", "paused") "vm.job\tv\tmigration-in\n", false, 997);
        cr_expect_eq(s->vms[0].running_on.n, 0);
}

Test(build, a_name_alone_keeps_no_vm_on_a_host_that_must_be_left) {
        const Snapshot *s = build_claimed(VM("v", "running") "vm.uuid\tv\tu1\n",
                                          VM("v", "running") "vm.uuid\tv\tu2\n", true, 998);
        VmIx v = snapshot_vm(s, "v");

        cr_assert_eq(s->n_vms, 2);
        cr_expect_str_eq(s->hosts[s->vms[v].host].name, "a");
        cr_expect(s->vms[v].movable);
        cr_expect_not(s->vms[v].in_flight);
        cr_expect_neq(snapshot_vm(s, "u2"), IX_NONE);
}

/* A migration that the journal knows of explains two readings that were not at once. */
Test(build, a_vm_that_was_migrated_just_now_runs_on_one_host) {
        static const struct {
                const char *tells, *vm;
                usec_t until;
                bool doubled;
        } cases[] = {
                { "it may run still", "v", INT64_MAX, false },
                { "it ended between the readings", "v", 999 * USEC_PER_SEC, false },
                { "it ended about when they were read", "v", 994 * USEC_PER_SEC, false },
                { "it ended long before", "v", 900 * USEC_PER_SEC, true },
                { "another VM's", "w", INT64_MAX, true },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                const KnownMove known = { cases[i].vm, cases[i].until };
                Given g = { .known = &known };
                const Snapshot *s;

                give(&g, REPORT("a", "999", HOST_FACTS("999") VMS("999", VM("v", "running"))));
                give(&g, REPORT("b", "998", HOST_FACTS("998") VMS("998", VM("v", "running"))));
                s = build(&g);
                cr_assert_eq(cases[i].doubled, vm_is_doubled(&s->vms[0]), "%s", cases[i].tells);
                cr_assert(s->vms[0].in_flight, "%s: its room is taken on both anyway", cases[i].tells);
        }
}

Test(build, two_vms_of_one_name_stay_where_they_are) {
        const Snapshot *s = build_two(VM("v", "running") "vm.uuid\tv\tu1\n",
                                      VM("v", "running") "vm.uuid\tv\tu2\nvm.memory\tv\t9999\n");

        cr_assert(s->vms[0].in_flight);
        cr_assert_not(s->vms[0].movable);
        cr_assert_str_eq(s->vms[0].unmovable_why, "different VMs with this name run on a and b");
        cr_assert_eq(s->vms[0].memory_mib, 9999, "the larger of both");
}

Test(build, a_fresh_report_outweighs_a_stale_one) {
        Given g = { 0 };
        const Snapshot *s;

        give(&g, REPORT("a", "900",
                        HOST_FACTS("900") VMS("900", VM("v", "running") "vm.job\tv\tmigration-out\n")));
        give(&g, REPORT("b", "999", HOST_FACTS("999") VMS("999", VM("v", "running"))));
        s = build(&g);
        cr_assert_eq(s->vms[0].host, 1);
        cr_assert_eq(s->vms[0].in_flight_to, 0);
        cr_assert(s->vms[0].in_flight, "whether it has left is not known");
}

Test(build, a_vm_with_a_job_is_not_moved) {
        const Snapshot *s = build_one(REPORT(
                "h", "999",
                HOST_FACTS("999")
                        VMS("999",
                            VM("a", "running") "vm.job\ta\tmigration-out\n" VM(
                                    "b",
                                    "running") "vm.job\tb\tother\n" VM("c",
                                                                       "running") "vm.pinned\tc\thost device "
                                                                                  "0000:3b:00.0\n" VM("d",
                                                                                                      "crashe"
                                                                                                      "d"))));

        cr_assert(s->vms[0].in_flight);
        cr_assert_eq(s->vms[0].in_flight_to, IX_NONE);
        cr_assert_not(s->vms[1].in_flight);
        cr_assert_not(s->vms[1].movable);
        cr_assert_str_eq(s->vms[1].unmovable_why, "another libvirt job is running on it");
        cr_assert_str_eq(s->vms[2].unmovable_why, "host device 0000:3b:00.0");
        cr_assert_str_eq(s->vms[3].unmovable_why, "its state is crashed");
}

Test(build, a_built_snapshot_is_the_same_after_a_file) {
        Given g = { .expected = { "silent" }, .n_expected = 1 };
        const Snapshot *s;
        const char *one, *two;
        TextFault f;
        size_t n, m;

        give(&g, REPORT("a", "999", HOST_FACTS("999") VMS("999", VM("v", "running") VM("w", "paused"))));
        give(&g, REPORT("b", "800", HOST_FACTS("999") VMS("999", VM("v", "running"))));
        cr_assert_eq(0, snapshot_file_print(&arena, build(&g), &one, &n));
        cr_assert_eq(0, snapshot_file_parse(&arena, one, n, &s, &f), "%s: %s", f.field, f.what);
        cr_assert_eq(0, snapshot_file_print(&arena, s, &two, &m));
        cr_assert_str_eq(one, two);
}

Test(build, a_full_arena_is_no_crash) {
        static unsigned char memory[32768];
        static const SettingSection sections[] = { { "snapshot", "", snapshot_settings } };
        Given g = { .expected = { "silent" }, .n_expected = 1 };
        Settings *settings;

        give(&g, REPORT("a", "999", HOST_FACTS("999") VMS("999", VM("v", "running") VM("w", "paused"))));
        cr_assert_eq(0, settings_new(&arena, sections, 1, &settings));
        for (size_t limit = 0; limit < sizeof(memory); limit += 31) {
                const BuildInput in = { .cluster = "c",
                                        .now = NOW,
                                        .reports = g.reports,
                                        .n_reports = g.n_reports,
                                        .expected = g.expected,
                                        .n_expected = g.n_expected };
                Arena small = arena_over(memory, limit);
                const Snapshot *s = NULL;
                int k = snapshot_build(&small, &in, settings, &s);

                cr_assert(k == -ENOMEM || (k == 0 && s->n_vms == 2));
                cr_assert(limit + 31 < sizeof(memory) || k == 0);
        }
}

Test(build, what_agents_measured_of_the_network_is_the_hosts) {
        const Snapshot *s = build_one(REPORT(
                "h1", "999",
                HOST_FACTS(
                        "998") "@nic 998000000\nnic.speed\tbond0\t20000\nnic.mode\tbond0\t802.3ad\n"
                               "nic.members\tbond0\teth1,eth0\nnic.active\tbond0\teth0\n"
                               "nic.peers\tbond0\t2\nnic.switch\tbond0\tleaf2,leaf1\nnic."
                               "switch\teth2\tleaf1\n"
                               "@peers 998000000\npeer.rtt\th3\t40210\npeer.lost\th3\t125\npeer.rtt\th2\t90\n"
                               "peer.rtt\th3\t40300\n" VMS("997", VM("web", "running"))));
        const Host *h = &s->hosts[0];

        cr_assert_eq(h->n_peers, 2, "each peer once");
        cr_assert_str_eq(h->peers[0].name, "h2");
        cr_assert_eq(h->peers[0].rtt_us, 90);
        cr_assert_eq(h->peers[1].rtt_us, 40210);
        cr_assert_eq(h->switches.n, 2);
        cr_assert_str_eq(h->switches.at[0], "leaf1");
        cr_assert_str_eq(h->nics[0].mode, "802.3ad");
        cr_assert_str_eq(h->nics[0].members.at[0], "eth0");
        cr_assert_eq(h->nics[0].active.n, 1);
        cr_assert_eq(h->nics[0].peers, 2);
        cr_assert_eq(h->nics[1].peers, UNKNOWN);
}

Test(build, vms_that_talk_are_those_whose_labels_say_so) {
        const Snapshot *s = build_one(REPORT(
                "h1", "999",
                HOST_FACTS("998")
                        VMS("997", VM("web", "running") "vm.labels\tweb\ttalks=db:200.5,talks=gone:1\n" VM(
                                           "db", "running") "vm.labels\tdb\ttalks=web:300,talks=db:7,"
                                                            "talks=web:x,talks=:5\n")));

        cr_assert_eq(s->n_traffic, 1, "itself, VMs that are gone and what is no number do not count");
        cr_assert_str_eq(s->vms[s->traffic[0].a].name, "db");
        cr_assert_str_eq(s->vms[s->traffic[0].b].name, "web");
        cr_assert_eq(s->traffic[0].kbit, 300000, "said twice: the larger");
}

/* Emulated CPUs, and features that libvirt leaves out when it starts a VM: it runs, so it can. */
Test(build, a_list_of_cpus_that_the_vm_itself_disproves_is_no_limit_for_it) {
        const Snapshot *s = build_one(REPORT(
                "h1", "999",
                HOST_FACTS("999") "host.cpu.models\t\tEPYC,qemu64\nhost.cpu.features\t\taes,avx\n" VMS(
                        "999", VM("a", "running") "vm.cpu.model\ta\tEPYC\nvm.cpu.features\ta\taes\n" VM(
                                       "b", "running") "vm.cpu.model\tb\tNehalem\nvm.cpu.features\tb\taes,"
                                                       "svm\n" VM("c", "running") "vm.cpu.model\tc\thost-"
                                                                                  "passthrough\n")));

        cr_assert_str_eq(s->vms[0].cpu_model, "EPYC");
        cr_assert_eq(s->vms[0].cpu_features.n, 1);
        cr_assert_null(s->vms[1].cpu_model);
        cr_assert_eq(s->vms[1].cpu_features.n, 0);
        cr_assert_str_eq(s->vms[2].cpu_model, "host-passthrough");
}

Test(build, what_an_agent_could_not_read_is_said_of_its_host) {
        const Snapshot *s = build_one(REPORT("h1", "999",
                                             HOST_FACTS("998") VMS("997", VM("web", "running")) //
                                             "@agent 999000000\ncollector.failed\tsmart\t3\n"
                                             "collector.error\tsmart\tConnection timed out\n"
                                             "collector.error\tzfs\tNo such device\n"
                                             "@md 999000000\nitem.unread\tmd127\tcontainer\n"));

        cr_assert_str_eq(s->hosts[0].unread,
                         "smart: Connection timed out; zfs: No such device; md127: container");
        assert_excluded(s, 0, EXCLUDED_NONE, NULL);
}

#define OFF(name, uuid)                                                                                      \
        "vm.uuid\t" name "\t" uuid "\nvm.state\t" name "\toff\nvm.vcpus\t" name "\t1\nvm.memory\t" name      \
        "\t512\n"
#define ON(name, uuid) "vm.uuid\t" name "\t" uuid "\n" VM(name, "running")

/* Hosts a and b, with these VMs. */
#define BUILD_TWO(g, of_a, of_b)                                                                             \
        (give(g, REPORT("a", "999", HOST_FACTS("999") VMS("999", of_a))),                                    \
         give(g, REPORT("b", "999", HOST_FACTS("999") VMS("999", of_b))), build(g))

Test(build, a_definition_of_a_vm_that_runs_elsewhere_is_none) {
        Given g = { 0 };
        const Snapshot *s;

        s = BUILD_TWO(&g, OFF("web", "u1"), ON("web", "u1"));
        cr_assert_eq(1, s->n_vms);
        cr_assert_eq(1, s->vms[0].host);
        cr_assert_eq(VM_RUNNING, s->vms[0].state);
        cr_assert_not(s->vms[0].in_flight);
}

Test(build, of_several_definitions_the_one_that_need_not_leave_counts) {
        Given g = { .marks = { { .host = "a", .state = HOST_MAINTENANCE, .for_good = true } }, .n_marks = 1 };
        const Snapshot *s;

        s = BUILD_TWO(&g, OFF("web", "u1"), OFF("web", "u1"));
        cr_assert_eq(1, s->n_vms);
        cr_assert_eq(1, s->vms[0].host);
        cr_assert_eq(VM_OFF, s->vms[0].state);
        cr_assert_not(s->vms[0].in_flight);
        cr_assert(s->hosts[0].for_good);
}

Test(build, one_that_is_off_and_has_anothers_name_goes_by_its_uuid) {
        Given g = { 0 };
        const Snapshot *s;

        s = BUILD_TWO(&g, OFF("web", "u2"), ON("web", "u1"));
        cr_assert_eq(2, s->n_vms);
        cr_assert_str_eq("u2", s->vms[0].name);
        cr_assert_eq(VM_OFF, s->vms[0].state);
        cr_assert_str_eq("web", s->vms[1].name);
        cr_assert(s->vms[1].movable);
}

Test(build, one_that_is_off_and_says_little_excludes_nothing) {
        Given g = { 0 };
        const Snapshot *s;

        give(&g, REPORT("a", "999", HOST_FACTS("999") VMS("999", "vm.state\tweb\toff\n")));
        s = build(&g);
        cr_assert_eq(EXCLUDED_NONE, s->hosts[0].excluded);
        cr_assert_eq(VM_OFF, s->vms[0].state);
}
