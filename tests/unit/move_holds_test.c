/* SPDX-License-Identifier: Apache-2.0 */
/* What failed migrations teach, how long, and what ends it. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "scheduler/snapshot/files/snapshot_file.h"
#include "scheduler/snapshot/health/move_holds.h"
#include "tests/random_cluster.h"

#define MINUTE (60 * USEC_PER_SEC)
#define HOUR   (60 * MINUTE)
#define START  (INT64_C(1772366000) * USEC_PER_SEC)
#define WORDS  "Requested operation is not valid: cannot migrate domain with 1 snapshots"

static Arena arena;
static const Settings *settings;
static Host hosts[4];
static HostPlatform platforms[4];
static Vm vms[2];
static Snapshot cluster;
static MoveHolds list;

static void setup(void) {
        static const char *const names[] = { "h1", "h2", "h3", "h4" };

        cr_assert_eq(0, arena_open((size_t) 256 << 20, &arena));
        settings = default_settings(&arena);
        list = (MoveHolds){ 0 };
        for (int h = 0; h < 4; h++) {
                hosts[h] = host_unknown();
                hosts[h].name = names[h];
                hosts[h].cpus = 16;
                hosts[h].memory_mib = 65536;
                platforms[h] = (HostPlatform){ .libvirt = "9.0.0",
                                               .hypervisor = "7.2.0",
                                               .hugepages_default_kib = UNKNOWN };
                hosts[h].platform = &platforms[h];
        }
        for (int v = 0; v < 2; v++) {
                vms[v] = vm_unknown();
                vms[v].name = v == 0 ? "a" : "b";
                vms[v].uuid = v == 0 ? "00000000-0000-0000-0000-00000000000a"
                                     : "00000000-0000-0000-0000-00000000000b";
                vms[v].host = 0;
                vms[v].vcpus = 2;
                vms[v].memory_mib = 2048;
                vms[v].cpu_mcores = 500;
                vms[v].movable = true;
        }
        cluster = (Snapshot){
                .cluster = "t", .taken_at = START, .n_hosts = 4, .hosts = hosts, .n_vms = 2, .vms = vms
        };
}

static void teardown(void) {
        arena_close(&arena);
}

TestSuite(move_holds, .init = setup, .fini = teardown);

static void misses(const char *vm, const char *to, MoveMiss miss, MissBlame blame, usec_t at) {
        const VmIx v = snapshot_vm(&cluster, vm);
        const MoveOrder order = { .vm = vm, .uuid = vms[v].uuid, .from = hosts[vms[v].host].name, .to = to };
        const MoveMissed m = { .order = &order, .miss = miss, .blame = blame, .why = WORDS, .at = at };

        cr_assert_eq(0, move_holds_missed(&arena, list, &m, &cluster, settings, &list));
}

/* NULL: any. */
static const MoveHold *hold_of(const char *vm, const char *to) {
        for (uint32_t i = 0; i < list.n; i++)
                if (!vm == !list.at[i].vm && (!vm || strcmp(vm, list.at[i].vm) == 0) &&
                    !to == !list.at[i].to && (!to || strcmp(to, list.at[i].to) == 0))
                        return &list.at[i];
        return NULL;
}

static void look(usec_t at) {
        cluster.taken_at = at;
        cr_assert_eq(0, move_holds_standing(&arena, list, &cluster, settings, &list));
}

Test(move_holds, a_wait_doubles_each_time_up_to_the_most) {
        usec_t at = START;

        for (int64_t i = 0, wait = MINUTE; i<12; i++, wait = wait> HOUR / 2 ? HOUR : 2 * wait) {
                misses("a", "h2", MISS_FAILED, BLAME_PAIR, at);
                cr_assert_eq(list.n, 1);
                cr_assert_eq(list.at[0].tries, i + 1);
                cr_assert_eq(list.at[0].until - at, wait, "try %lld", (long long) i);
                at = list.at[0].until;
        }
}

Test(move_holds, what_was_long_ago_is_forgotten) {
        misses("a", "h2", MISS_FAILED, BLAME_PAIR, START);
        misses("a", "h2", MISS_FAILED, BLAME_PAIR, START + 2 * MINUTE);
        cr_assert_eq(list.at[0].tries, 2);
        look(START + 4 * MINUTE + 6 * HOUR);
        cr_assert_eq(list.n, 1);
        misses("a", "h2", MISS_FAILED, BLAME_PAIR, START + 5 * MINUTE + 6 * HOUR);
        cr_assert_eq(list.at[0].tries, 1, "it counts anew");
        look(START + 7 * MINUTE + 12 * HOUR);
        cr_assert_eq(list.n, 0);
}

Test(move_holds, it_is_of_whom_it_is_about) {
        misses("a", "h2", MISS_FAILED, BLAME_PAIR, START);
        misses("a", "h2", MISS_REFUSED, BLAME_VM, START);
        misses("a", "h2", MISS_UNREACHED, BLAME_TARGET, START);
        misses("a", "h2", MISS_UNREACHED, BLAME_SOURCE, START);
        cr_assert_eq(list.n, 4);
        cr_assert_not_null(hold_of("a", "h2"));
        cr_assert_str_eq(hold_of("a", NULL)->from, "h1");
        cr_assert_not_null(hold_of(NULL, "h2"));
        cr_assert_str_eq(hold_of(NULL, NULL)->from, "h1");
        cr_assert_str_eq(hold_of("a", NULL)->why, WORDS);
}

Test(move_holds, a_vm_that_missed_three_targets_waits_as_a_whole) {
        misses("a", "h2", MISS_FAILED, BLAME_PAIR, START);
        misses("a", "h3", MISS_FAILED, BLAME_PAIR, START + 10 * MINUTE);
        cr_assert_null(hold_of("a", NULL));
        misses("a", "h4", MISS_FAILED, BLAME_PAIR, START + 20 * MINUTE);
        cr_assert_not_null(hold_of("a", NULL), "also where the first waits are over");
        misses("a", "h2", MISS_FAILED, BLAME_PAIR, START + 30 * MINUTE);
        cr_assert_eq(hold_of("a", NULL)->tries, 2);
        cr_assert_null(hold_of("b", NULL));
}

Test(move_holds, a_move_that_was_done_ends_what_it_was_about) {
        misses("a", "h2", MISS_FAILED, BLAME_PAIR, START);
        misses("a", "h3", MISS_FAILED, BLAME_PAIR, START);
        misses("a", "h3", MISS_REFUSED, BLAME_VM, START);
        misses("b", "h2", MISS_FAILED, BLAME_PAIR, START);
        misses("b", "h2", MISS_UNREACHED, BLAME_TARGET, START);
        misses("b", "h3", MISS_UNREACHED, BLAME_TARGET, START);
        cr_assert_eq(
                0, move_holds_done(&arena, list, &(MoveOrder){ .vm = "a", .from = "h1", .to = "h2" }, &list));
        cr_assert_null(hold_of("a", "h2"));
        cr_assert_null(hold_of("a", NULL));
        cr_assert_null(hold_of(NULL, "h2"));
        cr_assert_not_null(hold_of("a", "h3"));
        cr_assert_not_null(hold_of("b", "h2"));
        cr_assert_not_null(hold_of(NULL, "h3"));
}

/* Each change alone ends what was learned of "a", and nothing of "b". */
static void ends(const char *what) {
        look(START + 1);
        cr_assert_null(hold_of("a", NULL), "%s", what);
        cr_assert_not_null(hold_of("b", NULL), "%s", what);
}

static void refused_both(void) {
        list = (MoveHolds){ 0 };
        misses("a", "h2", MISS_REFUSED, BLAME_VM, START);
        misses("b", "h2", MISS_REFUSED, BLAME_VM, START);
        look(START + 1);
        cr_assert_eq(list.n, 2);
}

Test(move_holds, another_vm_does_not_inherit) {
        static const VmTies snapshots = { .tie = TIE_SNAPSHOTS, .snapshots = 1 };

        refused_both();
        vms[0].uuid = "00000000-0000-0000-0000-0000000000aa";
        ends("re-created");
        refused_both();
        vms[0].state = VM_PAUSED;
        ends("paused");
        refused_both();
        vms[0].memory_mib = 4096;
        ends("resized");
        refused_both();
        vms[0].ties = &snapshots;
        ends("a snapshot less, or more");
        refused_both();
        vms[0].networks = (Strings){ .at = (const char *const[]){ "blue" }, .n = 1 };
        ends("another network");
        refused_both();
        vms[0].host = 2;
        ends("on another host, which may let it go");
}

Test(move_holds, what_is_measured_ends_nothing) {
        refused_both();
        vms[0].cpu_mcores = 1999;
        vms[0].memory_used_mib = 1500;
        vms[0].dirty_kib_s = 4711;
        look(START + 1);
        cr_assert_eq(list.n, 2);
}

Test(move_holds, another_libvirt_is_tried) {
        misses("a", "h2", MISS_FAILED, BLAME_PAIR, START);
        misses("a", "h3", MISS_FAILED, BLAME_PAIR, START);
        misses("a", "h2", MISS_UNREACHED, BLAME_TARGET, START);
        misses("a", "h2", MISS_REFUSED, BLAME_VM, START);
        platforms[1].libvirt = "9.0.1";
        look(START + 1);
        cr_assert_null(hold_of("a", "h2"));
        cr_assert_null(hold_of(NULL, "h2"));
        cr_assert_not_null(hold_of("a", "h3"));
        cr_assert_not_null(hold_of("a", NULL), "its own host's is as it was");
        platforms[0].libvirt = "9.0.1";
        look(START + 2);
        cr_assert_null(hold_of("a", NULL));
}

Test(move_holds, an_image_that_is_there_now_is_tried) {
        static const char *const image[] = { "/iso/debian.iso" };
        static const VmTies ties = { .images = { .at = image, .n = 1 } };

        vms[0].ties = &ties;
        platforms[1].images_known = platforms[2].images_known = true;
        misses("a", "h2", MISS_REFUSED, BLAME_PAIR, START);
        misses("a", "h3", MISS_REFUSED, BLAME_PAIR, START);
        platforms[1].images = (Strings){ .at = image, .n = 1 };
        look(START + 1);
        cr_assert_null(hold_of("a", "h2"));
        cr_assert_not_null(hold_of("a", "h3"));
}

Test(move_holds, who_is_not_seen_is_only_not_known) {
        misses("b", "h4", MISS_FAILED, BLAME_PAIR, START);
        cluster.n_vms = 1;
        cluster.n_hosts = 2;
        look(START + MINUTE);
        cr_assert_eq(list.n, 1);
}

Test(move_holds, at_most_so_many_are_remembered_and_those_that_end_first_go) {
        char names[MOVE_HOLDS_MAX + 50][16];

        for (int i = 0; i < MOVE_HOLDS_MAX + 50; i++) {
                (void) snprintf(names[i], sizeof(names[i]), "vm%04d", i);
                cr_assert_eq(0, move_holds_missed(&arena, list,
                                                  &(MoveMissed){ .order = &(MoveOrder){ .vm = names[i],
                                                                                        .from = "h1",
                                                                                        .to = "h2" },
                                                                 .miss = MISS_FAILED,
                                                                 .blame = BLAME_PAIR,
                                                                 .at = START + i },
                                                  NULL, settings, &list));
        }
        cr_assert_eq(list.n, MOVE_HOLDS_MAX);
        cr_assert_null(hold_of("vm0049", "h2"));
        cr_assert_not_null(hold_of("vm0050", "h2"));
}

Test(move_holds, words_are_bounded_and_steer_no_terminal) {
        char endless[3000];
        const MoveOrder order = { .vm = "a", .from = "h1", .to = "h2" };
        MoveMissed m = { .order = &order, .blame = BLAME_PAIR, .at = START, .why = endless };

        memset(endless, 'x', sizeof(endless));
        endless[sizeof(endless) - 1] = '\0';
        memcpy(endless, "one\n\033[31mtwo\302\233 ", 14);
        cr_assert_eq(0, move_holds_missed(&arena, list, &m, &cluster, settings, &list));
        cr_assert_lt(strlen(list.at[0].why), (size_t) MOVE_HOLD_WHY_SIZE);
        cr_assert_eq(0, strncmp(list.at[0].why, "one [31mtwo ", 12), "%s", list.at[0].why);
        m.why = "";
        cr_assert_eq(0, move_holds_missed(&arena, list, &m, &cluster, settings, &list));
        cr_assert_null(list.at[0].why);
}

/* Of so many bytes all is kept, of one more the last is not; what is shown of words stands within their first 4 KiB. */
Test(move_holds, words_end_at_the_byte) {
        static char long_words[4200];
        const MoveOrder order = { .vm = "a", .from = "h1", .to = "h2" };
        MoveMissed m = { .order = &order, .blame = BLAME_PAIR, .at = START, .why = long_words };

        for (size_t n = MOVE_HOLD_WHY_SIZE - 3; n <= MOVE_HOLD_WHY_SIZE + 1; n++) {
                memset(long_words, 'x', n);
                long_words[n] = '\0';
                cr_assert_eq(0, move_holds_missed(&arena, list, &m, &cluster, settings, &list));
                cr_expect_eq(strlen(list.at[0].why),
                             n < MOVE_HOLD_WHY_SIZE ? n : (size_t) MOVE_HOLD_WHY_SIZE - 1, "%zu", n);
        }
        for (size_t before = 4094; before <= 4097; before++) {
                memset(long_words, '\001', before);
                long_words[before] = 'x';
                long_words[before + 1] = '\0';
                cr_assert_eq(0, move_holds_missed(&arena, list, &m, &cluster, settings, &list));
                cr_expect_eq(!list.at[0].why, before >= 4096, "%zu", before);
        }
}

Test(move_holds, the_sentence_has_libvirts_words_and_the_time) {
        misses("a", "h2", MISS_REFUSED, BLAME_VM, START);
        misses("a", "h2", MISS_REFUSED, BLAME_VM, START + MINUTE);
        cr_assert_str_eq(move_hold_text(&arena, hold_of("a", NULL)),
                         "libvirt refused its migration (2 times in a row): \"" WORDS
                         "\"; not retried before 2026-03-01T11:56:20Z");
}

/* ---- the snapshot, the planner and the judge ---- */

static const Snapshot *again(void) {
        const Snapshot *s = NULL;
        const char *text = NULL, *twice = NULL;
        TextFault f = { 0 };
        size_t n = 0;

        cluster.holds = list;
        cr_assert_eq(0, snapshot_file_print(&arena, &cluster, &text, &n));
        cr_assert_eq(0, snapshot_file_parse(&arena, text, n, &s, &f), "%s %s", f.field, f.what);
        cr_assert_eq(0, snapshot_file_print(&arena, s, &twice, &n));
        cr_assert_str_eq(text, twice);
        return s;
}

static const Plan *plan_of(const Snapshot *s) {
        const Snapshot *marked = NULL;
        const Plan *plan = NULL;

        cr_assert_eq(0, move_holds_apply(&arena, s, &marked));
        cr_assert_eq(0, planner_plan(&arena, marked, settings, policies_all(), PLAN_REQUEST_DEFAULT, &plan));
        return plan;
}

static const PlanMove *move_of(const Plan *plan, VmIx v) {
        for (uint32_t i = 0; i < plan->n_moves; i++)
                if (plan->moves[i].move.vm == v)
                        return &plan->moves[i];
        return NULL;
}

Test(move_holds, a_file_has_them_all_and_plans_the_same) {
        hosts[0].state = HOST_MAINTENANCE;
        misses("a", "h2", MISS_FAILED, BLAME_PAIR, START);
        misses("b", "h3", MISS_REFUSED, BLAME_VM, START);
        misses("b", "h4", MISS_UNREACHED, BLAME_TARGET, START);
        misses("b", "h4", MISS_DEADLINE, BLAME_SOURCE, START - HOUR);
        const Snapshot *s = again();
        const Plan *here = plan_of(&cluster), *there = plan_of(s);

        cr_assert_eq(s->holds.n, 4);
        cr_assert_eq(here->n_moves, there->n_moves);
        for (uint32_t i = 0; i < here->n_moves; i++)
                cr_assert_eq(0, memcmp(&here->moves[i].move, &there->moves[i].move, sizeof(Move)));
}

Test(move_holds, the_planner_goes_to_another_target) {
        hosts[0].state = HOST_MAINTENANCE;
        for (HostIx free = 1; free < 4; free++) {
                list = (MoveHolds){ 0 };
                for (HostIx h = 1; h < 4; h++)
                        if (h != free)
                                misses("a", hosts[h].name, MISS_FAILED, BLAME_PAIR, START);
                const Plan *plan = plan_of(again());

                cr_assert_not_null(move_of(plan, 0));
                cr_assert_eq(move_of(plan, 0)->move.to, free);
                cr_assert_not_null(move_of(plan, 1), "the other leaves as ever");
                cr_assert_eq(plan->status, PLAN_EVACUATED);
        }
}

Test(move_holds, a_target_that_was_not_reached_takes_none) {
        hosts[0].state = HOST_MAINTENANCE;
        misses("a", "h2", MISS_UNREACHED, BLAME_TARGET, START);
        misses("a", "h3", MISS_UNREACHED, BLAME_TARGET, START);
        const Plan *plan = plan_of(again());

        cr_assert_eq(move_of(plan, 0)->move.to, 3);
        cr_assert_eq(move_of(plan, 1)->move.to, 3);
}

Test(move_holds, who_can_leave_nowhere_is_named_and_the_rest_goes) {
        hosts[0].state = HOST_MAINTENANCE;
        misses("a", "h2", MISS_REFUSED, BLAME_VM, START);
        const Plan *plan = plan_of(again());

        cr_assert_eq(plan->status, PLAN_BLOCKED);
        cr_assert_null(move_of(plan, 0));
        cr_assert_not_null(move_of(plan, 1));
        cr_assert_eq(plan->n_refused, 1);
        cr_assert_eq(plan->refused[0].vm, 0);
        cr_assert_eq(plan->refused[0].reason, REASON_VM_MISSED);
}

Test(move_holds, held_for_all_targets_it_is_named_too) {
        hosts[0].state = HOST_MAINTENANCE;
        for (HostIx h = 1; h < 4; h++)
                misses("a", hosts[h].name, MISS_FAILED, BLAME_PAIR, START);
        list.n--; /* what follows from three targets */
        const Plan *plan = plan_of(again());

        cr_assert_eq(plan->refused[0].vm, 0);
        cr_assert_not_null(strstr(plan->refused[0].by ? plan->refused[0].by : WORDS, WORDS));
}

Test(move_holds, after_its_time_it_is_tried) {
        hosts[0].state = HOST_MAINTENANCE;
        misses("a", "h2", MISS_REFUSED, BLAME_VM, START);
        look(START + MINUTE);
        cr_assert_not_null(move_of(plan_of(again()), 0));
}

Test(move_holds, the_judge_refuses_by_itself) {
        static const Reason reasons[] = { [BLAME_PAIR] = REASON_TARGET_MISSED,
                                          [BLAME_VM] = REASON_VM_MISSED,
                                          [BLAME_TARGET] = REASON_HOST_MISSED,
                                          [BLAME_SOURCE] = REASON_VM_MISSED };
        const MoveOrder order = { .vm = "a", .from = "h1", .to = "h2" };
        const Objection *objections = NULL;
        uint32_t n = 0;

        for (MissBlame blame = BLAME_PAIR; blame < MISS_BLAME_N; blame++) {
                list = (MoveHolds){ 0 };
                cluster.taken_at = START;
                misses("a", "h2", MISS_FAILED, blame, START);
                cr_assert_eq(1, plan_check(&arena, again(), settings, &order, 1, &objections, &n));
                cr_assert_eq(objections[0].reason, reasons[blame]);
                cr_assert_not_null(strstr(objections[0].text, WORDS), "%s", objections[0].text);
                look(START + MINUTE);
                cr_assert_eq(0, plan_check(&arena, again(), settings, &order, 1, &objections, &n));
        }
}

Test(move_holds, a_wrong_list_is_refused_with_its_place) {
        static const char *const wrong[][2] = {
                { "{\"miss\": \"failed\"}", "missed[0]" },
                { "{\"vm\": \"a\", \"miss\": \"lost\"}", "missed[0].miss" },
                { "{\"vm\": \"a\", \"miss\": \"failed\"}, {\"vm\": \"a\", \"miss\": \"refused\"}", "missed" },
                { "{\"vm\": \"a\", \"miss\": \"failed\", \"tries\": 1001}", "missed[0].tries" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
                const char *text = text_format(
                        &arena,
                        "{\"schema\": \"plimsoll.snapshot/1\", \"cluster\": \"c\", \"missed\": [%s], \"hosts\": "
                        "[], \"vms\": []}",
                        wrong[i][0]);
                const Snapshot *s = NULL;
                TextFault f = { 0 };

                cr_assert_eq(-EBADMSG, snapshot_file_parse(&arena, text, strlen(text), &s, &f));
                cr_assert_str_eq(f.field, wrong[i][1], "%s: %s", f.field, f.what);
        }
}
