/* SPDX-License-Identifier: Apache-2.0 */
/* What VMs waited for, as a snapshot has it that is built of a report. */
#include <criterion/criterion.h>
#include <string.h>

#include "scheduler/snapshot/build/build.h"
#include "scheduler/snapshot/wire/sample_wire.h"

static Arena arena;

static void open_arena(void) {
        cr_assert_eq(0, arena_open(1 << 20, &arena));
}

TestSuite(build_waiting, .init = open_arena);

#define VM(name, state)                                                                                      \
        "vm.state\t" name "\t" state "\nvm.vcpus\t" name "\t2\nvm.memory\t" name "\t4096\nvm.cpu\t" name     \
        "\t700\n"
/* A host of 16 cores of which `busy` millicores are in use, and on it four VMs that ran 0.7 of their two vCPUs. */
#define WAITING_HOST(busy)                                                                                   \
        "plimsoll.report/1 h1 sent=999000000 seq=7 every=5000000\n"                                          \
        "@host 998000000\nhost.cpus\t\t16\n@cpu 998000000\nhost.cpu.busy\t\t" busy                           \
        "\n@memory 998000000\nhost.memory.total\t\t65536\nhost.memory.available\t\t40000\n"                  \
        "@vms 997000000\n" VM("a", "running") VM("b", "running") VM("c", "running")                          \
                VM("d", "paused") "vm.cpu.delay\ta\t100\nvm.cpu.delay\tb\t900\nvm.cpu.delay\td\t500\n"

/* waiting_above: NULL: by default. */
static const Snapshot *waiting_host(const char *text, const char *waiting_above) {
        static const SettingSection sections[] = { { "snapshot", "", snapshot_settings } };
        const Report *report = NULL;
        const BuildInput in = {
                .cluster = "c", .now = INT64_C(1000) * USEC_PER_SEC, .reports = &report, .n_reports = 1
        };
        TextFault fault = { 0 };
        const Snapshot *s;
        Settings *settings;

        cr_assert_eq(0, report_parse(&arena, text, strlen(text), &report, &fault), "line %u: %s", fault.line,
                     fault.what);
        cr_assert_eq(0, settings_new(&arena, sections, 1, &settings));
        if (waiting_above)
                cr_assert_eq(0, settings_set(settings, "snapshot.waiting_above", waiting_above, &fault), "%s",
                             fault.what);
        cr_assert_eq(0, snapshot_build(&arena, &in, settings, &s));
        return s;
}

Test(build_waiting, on_a_full_host_what_vms_waited_for_is_demand) {
        const Snapshot *s = waiting_host(WAITING_HOST("11200"), "70%");

        cr_expect_eq(s->vms[0].cpu_mcores, 900, "a tenth of the time of two vCPUs: %lld",
                     (long long) s->vms[0].cpu_mcores);
        cr_assert_not_null(s->vms[0].measured);
        cr_expect_eq(s->vms[0].measured->cpu_mcores, 700, "what its host's use has in it");
        cr_expect_eq(s->vms[0].measured->cpu_waited_mcores, 200);
        cr_expect_eq(vm_score_permille(&s->vms[0]), 777, "seven of the nine that it asked for");
        cr_expect_eq(s->vms[1].cpu_mcores, 2000, "no more than its vCPUs: %lld",
                     (long long) s->vms[1].cpu_mcores);
        cr_expect_eq(s->vms[2].cpu_mcores, 700, "nobody tells of it");
        cr_expect_null(s->vms[2].measured);
        cr_expect_eq(vm_score_permille(&s->vms[2]), UNKNOWN);
        cr_expect_eq(s->vms[3].cpu_mcores, 700, "it is paused");
}

Test(build_waiting, on_a_host_with_room_waiting_is_no_demand) {
        const Snapshot *s = waiting_host(WAITING_HOST("11199"), "70%");

        for (VmIx v = 0; v < 4; v++) {
                cr_expect_eq(s->vms[v].cpu_mcores, 700);
                cr_expect_null(s->vms[v].measured);
        }
        cr_expect_eq(vm_score_permille(&s->vms[0]), 777, "what it got is known all the same");
        s = waiting_host(WAITING_HOST("16000"), NULL);
        cr_expect_eq(s->vms[0].cpu_mcores, 700, "nobody has asked for it to be counted");
        s = waiting_host(WAITING_HOST("0"), "0%");
        cr_expect_eq(s->vms[0].cpu_mcores, 900, "the operator always wants it");
}
