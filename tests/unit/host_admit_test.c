/* SPDX-License-Identifier: Apache-2.0 */
/* Who takes part in a cluster, and what a host that is only seen can do to the others: nothing. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "scheduler/snapshot/build/build.h"
#include "scheduler/snapshot/wire/sample_wire.h"

#define NOW  (INT64_C(1000) * USEC_PER_SEC)
#define MOST 8

static Arena arena;
static HostAdmission records[MOST];
static Admissions admissions;
static const Report *reports[MOST];
static uint32_t n_reports;

static void setup(void) {
        cr_assert_eq(0, arena_open(64 << 20, &arena));
        admissions = (Admissions){ .records = records, .patterns = "" };
        n_reports = 0;
}

static void teardown(void) {
        arena_close(&arena);
}

TestSuite(host_admit, .init = setup, .fini = teardown);

/* By name, in order. */
static HostAdmission *admitted(const char *host, const char *uuid, int64_t cpus, int64_t memory_mib) {
        HostAdmission *x = &records[admissions.n++];

        *x = (HostAdmission){
                .host = host, .uuid = uuid, .cpus = cpus, .memory_mib = memory_mib, .at = 1000
        };
        return x;
}

/* vms: "NAME UUID STATE JOB,…"; an empty field: none. */
static void reports_vms(const char *host, const char *uuid, int64_t cpus, int64_t memory_mib,
                        const char *vms) {
        const char *text =
                text_format(&arena,
                            "plimsoll.report/1 %s sent=999000000 seq=7 every=5000000\n@host 998000000\n"
                            "host.cpus\t\t%lld\nhost.uuid\t\t%s\n@cpu 998000000\nhost.cpu.busy\t\t400\n"
                            "@memory 998000000\nhost.memory.total\t\t%lld\nhost.memory.available\t\t1000\n"
                            "@vms 998000000\n",
                            host, (long long) cpus, uuid, (long long) memory_mib);
        char name[32], vm_uuid[32], state[16];
        TextFault f = { 0 };
        int used;

        for (; sscanf(vms, " %31s %31s %15s%n", name, vm_uuid, state, &used) == 3; vms += used)
                text = text_format(
                        &arena,
                        "%svm.uuid\t%s\t%s\nvm.state\t%s\t%s\nvm.vcpus\t%s\t2\nvm.memory\t%s\t4096\n"
                        "vm.cpu\t%s\t700\n",
                        text, name, vm_uuid, name, state, name, name, name);
        cr_assert_eq(0, report_parse(&arena, text, strlen(text), &reports[n_reports++], &f), "%s", f.what);
}

static void reports_as(const char *host, const char *uuid, int64_t cpus, int64_t memory_mib) {
        reports_vms(host, uuid, cpus, memory_mib, "");
}

static const Snapshot *build(void) {
        static const SettingSection sections[] = { { "snapshot", "", snapshot_settings } };
        const BuildInput in = { .cluster = "c",
                                .now = NOW,
                                .reports = reports,
                                .n_reports = n_reports,
                                .admissions = &admissions,
                                .uri_pattern = "qemu+tls://{host}/system" };
        const Snapshot *s;
        Settings *settings;

        cr_assert_eq(0, settings_new(&arena, sections, 1, &settings));
        cr_assert_eq(0, snapshot_build(&arena, &in, settings, &s));
        return s;
}

static const Host *host_of(const Snapshot *s, const char *name) {
        const HostIx h = snapshot_host(s, name);

        cr_assert_neq(h, IX_NONE, "%s", name);
        return &s->hosts[h];
}

static void takes_part(const Snapshot *s, const char *name) {
        const Host *host = host_of(s, name);

        cr_expect_eq(host->excluded, EXCLUDED_NONE, "%s: %s", name, host->excluded_why);
}

static void only_seen(const Snapshot *s, const char *name, const char *words) {
        const Host *host = host_of(s, name);

        cr_expect_eq(host->excluded, EXCLUDED_SEEN, "%s takes part", name);
        cr_expect(host->excluded_why && strstr(host->excluded_why, words), "%s: %s", name,
                  host->excluded_why);
}

Test(host_admit, a_stranger_is_seen_and_a_name_that_fits_is_not) {
        const Snapshot *s;

        admitted("h1", "u1", 16, 65536);
        admissions.patterns = "rack1-*, x?";
        admissions.known = (Strings){ .at = (const char *const[]){ "a-old", "old", "z-old" }, .n = 3 };
        reports_as("h1", "u1", 16, 65536);
        reports_as("evil", "u2", 1 << 19, INT64_C(1) << 32);
        reports_as("rack1-7", "u3", 16, 65536);
        reports_as("x2", "u4", 16, 65536);
        reports_as("x22", "u5", 16, 65536);
        reports_as("old", "u6", 16, 65536);
        reports_as("a-old", "u7", 16, 65536);
        reports_as("z-old", "u8", 16, 65536);
        s = build();
        takes_part(s, "h1");
        takes_part(s, "rack1-7");
        takes_part(s, "x2");
        takes_part(s, "old");
        takes_part(s, "a-old");
        takes_part(s, "z-old");
        only_seen(s, "evil", "plimsoll host admit evil");
        only_seen(s, "x22", "not admitted");
        cr_expect_eq(host_of(s, "evil")->memory_mib, INT64_C(1) << 32, "it is shown as it says");
}

/* Its agent is silent, and libvirt counts what the agent was never given: it is the machine that was admitted all the same. */
Test(host_admit, one_that_libvirt_was_asked_of_is_who_it_is_however_large) {
        static const char *const reached[] = { "a", "b", "c", "d" };
        const Snapshot *s;

        admitted("a", "u1", 1, 1024);
        admitted("b", "u2", 1, 1024);
        admitted("c", NULL, 1, 1024);
        admitted("e", "u5", 1, 1024);
        admissions.reached = (Strings){ .at = reached, .n = ARRAY_SIZE(reached) };
        reports_as("a", "u1", 16, 65536);
        reports_as("b", "other", 16, 65536);
        reports_as("c", "u3", 16, 65536);
        reports_as("d", "u4", 16, 65536);
        reports_as("e", "u5", 16, 65536);
        s = build();
        takes_part(s, "a");
        only_seen(s, "b", "a different machine");
        only_seen(s, "c", "16 CPUs");
        only_seen(s, "d", "not admitted");
        only_seen(s, "e", "16 CPUs");
}

/* What was last known of it may have been libvirt's word. */
Test(host_admit, one_that_says_nothing_now_is_silent_and_no_other_machine) {
        const char *text = "plimsoll.report/1 a sent=600000000 seq=7 every=5000000\n@host 600000000\n"
                           "host.cpus\t\t16\nhost.uuid\t\tu1\n@memory 600000000\nhost.memory.total\t\t65536\n"
                           "@vms 600000000\n";
        TextFault f = { 0 };
        const Host *host;

        admitted("a", "u1", 1, 1024);
        cr_assert_eq(0, report_parse(&arena, text, strlen(text), &reports[n_reports++], &f), "%s", f.what);
        host = host_of(build(), "a");
        cr_assert_eq(host->excluded, EXCLUDED_STALE, "%s", host->excluded_why);
}

Test(host_admit, another_machine_or_twice_as_large_is_seen_again) {
        const Snapshot *s;

        admitted("a", "u1", 16, 65536);
        admitted("b", "u2", 16, 65536);
        admitted("c", "u3", 16, 65536);
        admitted("d", NULL, UNKNOWN, UNKNOWN);
        admitted("e", "u5", 16, 65536);
        reports_as("a", "other", 16, 65536);
        reports_as("b", "u2", 32, 65536);
        reports_as("c", "u3", 16, 131072);
        reports_as("d", "u4", 1024, 1 << 24);
        reports_as("e", "U5", 31, 131071);
        s = build();
        only_seen(s, "a", "its UUID is other, admitted: u1; to accept it: plimsoll host admit a");
        only_seen(s, "b", "it now has 32 CPUs, 16 when admitted");
        only_seen(s, "c", "131072 MiB of memory, 65536 when admitted");
        takes_part(s, "d");
        takes_part(s, "e");
}

Test(host_admit, of_two_names_of_one_machine_the_first_admitted_goes_on) {
        const Snapshot *s;

        admitted("a", "u1", 16, 65536)->at = 2000;
        admitted("b", "u1", 16, 65536)->at = 1000;
        admitted("d", "u2", 16, 65536);
        admissions.patterns = "*";
        reports_as("a", "u1", 16, 65536);
        reports_as("b", "U1", 16, 65536);
        reports_as("c", "u1", 16, 65536); /* fits, and has no record yet */
        reports_as("d", "u2", 16, 65536);
        reports_as("e", "u3", 16, 65536); /* two that fit: which of them is it? */
        reports_as("f", "u3", 16, 65536);
        s = build();
        takes_part(s, "b");
        takes_part(s, "d");
        only_seen(s, "a", "it is the same machine as b (UUID u1), which was admitted earlier");
        only_seen(s, "c", "it is the same machine as b");
        only_seen(s, "e", "it is the same machine as f");
        only_seen(s, "f", "it is the same machine as e");
        cr_expect_neq(snapshot_same_machine(s, snapshot_host(s, "b")), IX_NONE);
        cr_expect_eq(snapshot_same_machine(s, snapshot_host(s, "d")), IX_NONE);
}

/* Who takes over another's UUID does not get ahead of it, however early it was admitted, or as nothing. */
Test(host_admit, a_uuid_is_not_taken_from_the_host_that_was_admitted_with_it) {
        const Snapshot *s;

        admitted("h1", "u1", 16, 65536)->at = 5000;
        admitted("h2", "u2", 16, 65536)->at = 1000;
        admitted("h3", NULL, UNKNOWN, UNKNOWN)->at = 1000;
        reports_as("h1", "u1", 16, 65536);
        reports_as("h2", "u1", 16, 65536);
        reports_as("h3", "u1", 16, 65536);
        s = build();
        takes_part(s, "h1");
        only_seen(s, "h2", "a different machine");
        only_seen(s, "h3", "it is the same machine as h1");
}

/* The machine was given another name: as long as its old one is admitted, silent or not, nobody knows which is meant. */
Test(host_admit, a_silent_host_still_is_its_machine) {
        const Snapshot *s;

        admitted("h1", "u1", 16, 65536);
        admissions.patterns = "*";
        reports_as("h1-new", "u1", 16, 65536);
        reports_as("h2", "u2", 16, 65536);
        {
                static const char *const expected[] = { "h1" };
                static const SettingSection sections[] = { { "snapshot", "", snapshot_settings } };
                const BuildInput in = { .cluster = "c",
                                        .now = NOW,
                                        .reports = reports,
                                        .n_reports = n_reports,
                                        .expected = expected,
                                        .n_expected = 1,
                                        .admissions = &admissions };
                Settings *settings;

                cr_assert_eq(0, settings_new(&arena, sections, 1, &settings));
                cr_assert_eq(0, snapshot_build(&arena, &in, settings, &s));
        }
        only_seen(s, "h1-new", "it is the same machine as h1");
        cr_expect_eq(host_of(s, "h1")->excluded, EXCLUDED_MISSING);
        records[0].forgotten = true;
        takes_part(build(), "h1-new");
}

Test(host_admit, records_that_are_forgotten_or_unread_admit_nobody) {
        const Snapshot *s;

        admitted("a", NULL, UNKNOWN, UNKNOWN)->forgotten = true;
        admitted("b", NULL, UNKNOWN, UNKNOWN)->unread = true;
        admissions.patterns = "*";
        reports_as("a", "u1", 16, 65536);
        reports_as("b", "u2", 16, 65536);
        s = build();
        only_seen(s, "a", "it is being removed");
        only_seen(s, "b", "cannot be read");
}

/* ---- what it says of VMs ---- */

Test(host_admit, a_stranger_claims_vms_in_vain) {
        const Snapshot *s;
        VmIx v;

        admitted("h1", "u1", 16, 65536);
        reports_vms("h1", "u1", 16, 65536, "web v1 running db v2 paused old v3 off");
        reports_vms("evil", "u9", 64, 1 << 20,
                    "web v1 running db other running old v3 running own v7 running web2 v8 running");
        s = build();
        v = snapshot_vm(s, "web");
        cr_assert_neq(v, IX_NONE);
        cr_expect_str_eq(s->hosts[s->vms[v].host].name, "h1", "the same VM: its host's word counts");
        cr_expect_not(s->vms[v].in_flight);
        cr_expect(s->vms[v].movable);
        v = snapshot_vm(s, "db");
        cr_expect_str_eq(s->hosts[s->vms[v].host].name, "h1", "another VM of its name");
        cr_expect(s->vms[v].movable);
        cr_expect_eq(s->vms[v].state, VM_PAUSED);
        v = snapshot_vm(s, "other");
        cr_assert_neq(v, IX_NONE, "that one goes by its UUID");
        cr_expect_str_eq(s->hosts[s->vms[v].host].name, "evil");
        v = snapshot_vm(s, "old");
        cr_expect_eq(s->vms[v].state, VM_OFF, "also where the VM is off");
        cr_expect_str_eq(s->hosts[s->vms[v].host].name, "h1");
        v = snapshot_vm(s, "own");
        cr_assert_neq(v, IX_NONE, "what nobody else has is known");
        cr_expect_str_eq(s->hosts[s->vms[v].host].name, "evil");
        cr_expect_eq(s->n_vms, 6);
}

Test(host_admit, an_address_stands_for_the_name) {
        const Snapshot *s;

        admitted("h1", "u1", 16, 65536)->address = "10.0.0.1";
        admitted("h2", "u2", 16, 65536);
        reports_as("h1", "u1", 16, 65536);
        reports_as("h2", "u2", 16, 65536);
        s = build();
        cr_expect_str_eq(s->hosts[0].uri, "qemu+tls://10.0.0.1/system");
        cr_expect_str_eq(s->hosts[1].uri, "qemu+tls://h2/system");
}
