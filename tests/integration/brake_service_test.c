/* SPDX-License-Identifier: Apache-2.0 */
/* The brake as the service keeps it, on a real private Redis: somebody who can write reports or marks claims that nearly all
 * hosts must be emptied. Each round is another process's, as after a restart or a change of leader.
 */
#include "scheduler/app/state/host_mark.h"
#include "tests/integration/person_fixture.h"
#include "tests/integration/service_fixture.h"

enum { HOSTS = 8 };

static uint32_t n_vms_of[HOSTS + 1];

/* Host h, which has one VM, reports a fault of this grade. */
static void report_fault(int h, int64_t grade) {
        char host[8], vm[8], uuid[40];
        const usec_t now = clock_now();
        Sample facts[] = { N(HOST_CPUS, "", 16), N(HOST_DAEMON, "", 1), N(HOST_CPU_BUSY, "", 100) };
        Sample memory[] = { N(HOST_MEMORY_TOTAL, "", 32768), N(HOST_MEMORY_AVAILABLE, "", 31000) };
        Sample vms[] = { T(VM_UUID, vm, uuid),   T(VM_STATE, vm, "running"), N(VM_VCPUS, vm, 1),
                         N(VM_MEMORY, vm, 1024), N(VM_CPU, vm, 100),         N(VM_DIRTY, vm, 0) };
        Sample fault[] = { N(FAULT_GRADE, "psu", grade), T(FAULT_WHY, "psu", "forged") };
        Section sections[] = {
                { .collector = "host", .read_at = now, .samples = facts, .n_samples = 3 },
                { .collector = "memory", .read_at = now, .samples = memory, .n_samples = 2 },
                { .collector = "vms", .read_at = now, .samples = vms, .n_samples = n_vms_of[h] * 6 },
                { .collector = "faults_d", .read_at = now, .samples = fault, .n_samples = 2 },
        };
        Report r = { .host = host,
                     .sent_at = now,
                     .sequence = (uint64_t) now,
                     .interval = 5 * USEC_PER_SEC,
                     .sections = sections,
                     .n_sections = grade > 0 ? 4 : 3 };
        const char *text;
        size_t n;

        (void) snprintf(host, sizeof(host), "h%d", h);
        (void) snprintf(vm, sizeof(vm), "web%d", h);
        (void) snprintf(uuid, sizeof(uuid), "00000000-0000-4000-8000-%012d", h);
        cr_assert_eq(0, report_print(&arena, &r, &text, &n));
        cr_assert_eq(0, store_put_report(store, host, text, n, 60 * USEC_PER_SEC));
}

static void all_report(int first_bad, int64_t grade) {
        for (int h = 1; h <= HOSTS; h++) {
                n_vms_of[h] = 1;
                report_fault(h, h >= first_bad ? grade : 0);
        }
}

TestSuite(brake_service, .init = service_setup, .fini = service_teardown, .timeout = 60);

/* How many hosts the last plan moves VMs off. */
static uint32_t emptied(void) {
        const LiveState s = live();
        uint32_t n = 0;

        for (uint32_t i = 0; i < s.n_moves; i++) {
                bool again = false;

                for (uint32_t k = 0; k < i; k++)
                        again |= strcmp(s.moves[k].order->from, s.moves[i].order->from) == 0;
                n += !again;
        }
        return n;
}

static uint32_t remembered(const char *state) {
        StoredText *texts = NULL;
        uint32_t n = 0, found = 0;

        cr_assert_eq(0, store_get_brake(store, &arena, &texts, &n));
        for (uint32_t i = 0; i < n; i++)
                found += texts[i].name[0] == 'h' && strncmp(texts[i].text, state, strlen(state)) == 0;
        return found;
}

Test(brake_service, grade_4_claimed_of_nearly_all_hosts_empties_two) {
        all_report(0, 0);
        cr_assert_eq(EXIT_DONE, serve("advise"));
        cr_assert_eq(0, remembered("held"));
        all_report(2, 4);
        for (int round = 0; round < 3; round++) {
                cr_assert_eq(EXIT_DONE, serve("advise"));
                cr_assert_eq(2, emptied(), "round %d", round);
                cr_assert_eq(2, remembered("passed"));
                cr_assert_eq(5, remembered("held"));
        }
        cr_assert_str_eq("blocked", live().plan_status);
        cr_assert_eq(EXIT_BLOCKED, PLIMSOLL("status"));
        SAYS("5 hosts are held, and not emptied: h4, h5, h6, h7, h8 (more than 2 of 8 hosts would be evacuated within 10 min");
        SAYS("7 of 8 hosts have fault grade 4");
        cr_assert_eq(EXIT_BLOCKED, PLIMSOLL("plan"));
        SAYS("5 hosts are held, and not emptied");
}

Test(brake_service, what_an_operator_releases_goes_on) {
        all_report(2, 4);
        cr_assert_eq(EXIT_DONE, serve("advise"));
        cr_assert_eq(EXIT_BAD_INPUT, PLIMSOLL("release", "h5", "h1"));
        SAYS("h1 is not held; nothing was released");
        cr_assert_eq(EXIT_BAD_INPUT, PLIMSOLL("release"));
        cr_assert_eq(EXIT_DONE, PLIMSOLL("release", "h5"), "%s", said);
        SAYS("h5 is released");
        cr_assert_eq(EXIT_DONE, serve("advise"));
        cr_assert_eq(3, emptied());
        cr_assert_eq(1, remembered("released"));
        cr_assert_eq(4, remembered("held"));
        cr_assert_eq(EXIT_DONE, PLIMSOLL("release", "--all"));
        cr_assert_eq(EXIT_DONE, serve("advise"));
        cr_assert_eq(0, remembered("held"));
        cr_assert_eq(EXIT_DONE, PLIMSOLL("release", "--all"));
        SAYS("no host is held");
}

Test(brake_service, marks_written_on_all_hosts_empty_two) {
        all_report(0, 0);
        cr_assert_eq(EXIT_DONE, serve("advise"));
        for (int h = 2; h <= HOSTS; h++) {
                const OperatorMark mark = { .state = HOST_MAINTENANCE,
                                            .by = "mallory@h1",
                                            .at = clock_now() };
                const char *text = NULL;
                char host[8];

                (void) snprintf(host, sizeof(host), "h%d", h);
                cr_assert_eq(0, host_mark_print(&arena, &mark, &text));
                cr_assert_eq(0, store_set_mark(store, host, text));
        }
        cr_assert_eq(EXIT_DONE, serve("advise"));
        cr_assert_eq(2, emptied());
        cr_assert_eq(5, remembered("held"));
        cr_assert_eq(EXIT_BLOCKED, PLIMSOLL("maintenance", "status"));
        SAYS("held: plimsoll release h8");
}

Test(brake_service, an_operator_who_means_several_hosts_says_so) {
        StoredText *marks;
        uint32_t n = 0;

        all_report(0, 0);
        cr_assert_eq(EXIT_DONE, serve("advise"));
        cr_assert_eq(EXIT_BAD_INPUT, PLIMSOLL("maintenance", "enter", "h1", "h2", "h3"));
        SAYS("this would empty 3 hosts: h1, h2, h3; and more than 2 of 8 hosts would be evacuated within 10 min");
        SAYS("--several");
        cr_assert_eq(0, store_get_marks(store, &arena, &marks, &n));
        cr_assert_eq(0, n, "nothing was done by halves");
        cr_assert_eq(EXIT_DONE, PLIMSOLL("maintenance", "enter", "h1", "h2"), "%s", said);
        cr_assert_eq(EXIT_DONE, serve("advise"));
        cr_assert_eq(EXIT_BAD_INPUT, PLIMSOLL("maintenance", "enter", "h3"),
                     "the third within ten minutes: %s", said);
        cr_assert_eq(EXIT_DONE, PLIMSOLL("maintenance", "enter", "h3", "--several"), "%s", said);
        cr_assert_eq(EXIT_DONE, serve("advise"));
        cr_assert_eq(3, emptied());
        cr_assert_eq(0, remembered("held"));
        cr_assert_eq(EXIT_BAD_INPUT, PLIMSOLL("evacuate", "h4", "h5", "--yes"));
        SAYS("--several");
}

Test(brake_service, what_cannot_be_read_is_held) {
        all_report(8, 4);
        cr_assert_eq(EXIT_DONE, serve("advise"));
        cr_assert_eq(1, emptied());
        run_and_wait((const char *const[]){ "redis-cli", "-s", socket_path, "hset", "plimsoll:{t}:brake",
                                            "h8", "?", NULL });
        cr_assert_eq(EXIT_DONE, serve("advise"));
        cr_assert_eq(0, emptied());
        cr_assert_eq(1, remembered("held"));
}

Test(brake_service, a_plan_of_a_snapshot_file_holds_the_same) {
        const char *path = text_format(&arena, "--output=%s/s.json", dir),
                   *from = text_format(&arena, "--from=%s/s.json", dir);
        char *argv[] = { (char *) "plimsoll", (char *) "plan", (char *) (uintptr_t) from, NULL };
        size_t n = 0;
        FILE *out;

        all_report(2, 4);
        cr_assert_eq(EXIT_DONE, serve("advise"));
        cr_assert_eq(EXIT_DONE, PLIMSOLL("snapshot", path), "%s", said);
        free(said);
        out = open_memstream(&said, &n);
        cr_assert_eq(EXIT_BLOCKED, command_main(3, argv, out, out));
        (void) fclose(out);
        SAYS("5 hosts are held, and not emptied: h4, h5, h6, h7, h8");
}
