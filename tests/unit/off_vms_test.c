/* SPDX-License-Identifier: Apache-2.0 */
/* VMs that are off: of no concern to any decision, but where their host is left for good. */
#include <criterion/criterion.h>
#include <string.h>

#include "scheduler/app/round/round.h"
#include "scheduler/app/settings/app_settings.h"
#include "scheduler/decide/judge/plan_check.h"
#include "scheduler/snapshot/build/off_vms.h"
#include "scheduler/snapshot/files/snapshot_file.h"
#include "scheduler/snapshot/rules/rules_apply.h"

static Arena arena;
static Settings *settings;

static void setup(void) {
        TextFault fault;
        cr_assert_eq(0, arena_open((size_t) 1 << 30, &arena));
        cr_assert_eq(0, app_settings_new(&arena, &settings));
        cr_assert_eq(0, settings_set(settings, "memory.keep_for_host", "0MiB", &fault));
        cr_assert_eq(0, settings_set(settings, "memory.per_vm", "0MiB", &fault)); /* round figures */
}

static void teardown(void) {
        arena_close(&arena);
}

TestSuite(off_vms, .init = setup, .fini = teardown);

#define CLUSTER(first, more)                                                                                 \
        "{\"schema\": \"plimsoll.snapshot/1\", \"cluster\": \"c\", \"hosts\": ["                             \
        "{\"name\": \"h1\", \"cpus\": 8, \"memory_mib\": 16384" first "},"                                   \
        "{\"name\": \"h2\", \"cpus\": 8, \"memory_mib\": 16384},"                                            \
        "{\"name\": \"h3\", \"cpus\": 8, \"memory_mib\": 16384}],"                                           \
        "\"vms\": ["                                                                                         \
        "{\"name\": \"a-off\", \"host\": \"h1\", \"state\": \"off\", \"vcpus\": 2, \"memory_mib\": 2048, "   \
        "\"cpu\": 7, \"groups\": [\"db\"]" more "},"                                                         \
        "{\"name\": \"b-on\", \"host\": \"h1\", \"vcpus\": 2, \"memory_mib\": 2048, \"cpu\": 0.5},"          \
        "{\"name\": \"c-on\", \"host\": \"h2\", \"vcpus\": 2, \"memory_mib\": 2048, \"cpu\": 0.5, "          \
        "\"groups\": [\"db\"]},"                                                                             \
        "{\"name\": \"d-off\", \"host\": \"h2\", \"state\": \"off\", \"vcpus\": 2, \"memory_mib\": 9000, "   \
        "\"groups\": [\"db\"]}],"                                                                            \
        "\"rules\": [{\"name\": \"db-apart\", \"kind\": \"apart\", \"group\": \"db\"}]}"

#define FOR_GOOD ", \"state\": \"maintenance\", \"for_good\": true"

static const Snapshot *facts(const char *text) {
        const Snapshot *s = NULL;
        TextFault f = { 0 };

        cr_assert_eq(0, snapshot_file_parse(&arena, text, strlen(text), &s, &f), "%s: %s", f.field, f.what);
        return s;
}

static const Snapshot *decided(const char *text) {
        const Snapshot *s = facts(text);

        cr_assert_eq(0, rules_apply(&arena, s, settings_rules(settings), &s));
        return s;
}

static Round plan(const Snapshot *s) {
        RoundInput in = { .snapshot = s, .settings = settings, .request = PLAN_REQUEST_DEFAULT };
        Round round = { 0 };

        cr_assert_eq(0, round_decide(&arena, &in, &round));
        return round;
}

static const PlanMove *move_of(const Round *r, const char *vm) {
        for (uint32_t i = 0; i < r->plan->n_moves; i++)
                if (strcmp(r->snapshot->vms[r->plan->moves[i].move.vm].name, vm) == 0)
                        return &r->plan->moves[i];
        return NULL;
}

static Reason refused(const Round *r, const char *vm) {
        for (uint32_t i = 0; i < r->plan->n_refused; i++)
                if (strcmp(r->snapshot->vms[r->plan->refused[i].vm].name, vm) == 0)
                        return r->plan->refused[i].reason;
        return REASON_NONE;
}

Test(off_vms, stay_out_of_every_decision) {
        const Snapshot *s = decided(CLUSTER("", ""));

        cr_assert_eq(2, s->n_vms);
        cr_assert_eq(2, s->n_off);
        cr_assert_str_eq("a-off", s->off[0].name);
        cr_assert_str_eq("d-off", s->off[1].name);
        cr_assert_eq(1, off_vms_on(s, 0));
        cr_assert_eq(1, s->n_rules);
        cr_assert_eq(1, s->rules[0].n_vms);
        cr_assert_str_eq("c-on", s->vms[s->rules[0].vms[0]].name);
        cr_assert_str_eq("1 VM is off and stays on it (a-off); to move it as well: --for-good",
                         off_vms_words(&arena, s, 0));
        cr_assert_str_eq("", off_vms_words(&arena, s, 2));
}

Test(off_vms, parting_twice_is_parting_once) {
        const Snapshot *once = decided(CLUSTER("", "")), *twice = NULL;

        cr_assert_eq(0, off_vms_part(&arena, once, &twice));
        cr_assert_eq(once, twice);
}

Test(off_vms, are_in_the_file_as_they_were_read) {
        const Snapshot *s = facts(CLUSTER(FOR_GOOD, ", \"local_disk_mib\": 1"));
        const char *one = NULL, *two = NULL;
        size_t n_one = 0, n_two = 0;

        cr_assert_eq(0, snapshot_file_print(&arena, s, &one, &n_one));
        cr_assert_eq(0, snapshot_file_print(&arena, facts(one), &two, &n_two));
        cr_assert_str_eq(one, two);
        cr_assert_not_null(strstr(one, "\"state\": \"off\""));
        cr_assert_not_null(strstr(one, "\"for_good\": true"));
}

Test(off_vms, leave_a_host_in_maintenance_only_when_it_is_for_good) {
        const Round stays = plan(decided(CLUSTER(", \"state\": \"maintenance\"", "")));
        const Round leaves = plan(decided(CLUSTER(FOR_GOOD, "")));
        const PlanMove *m = move_of(&leaves, "a-off");

        cr_assert_eq(1, stays.plan->n_moves);
        cr_assert_not_null(move_of(&stays, "b-on"));
        cr_assert_eq(PLAN_EVACUATED, stays.plan->status);
        cr_assert_not_null(m);
        cr_assert_eq(STRATEGY_COLD, m->manner.strategy);
        cr_assert_eq(0, m->predicted.bytes);
        cr_assert_eq(0, m->predicted.downtime_ms);
        cr_assert_eq(0, m->manner.bandwidth_kbit);
        cr_assert_str_eq("h3", leaves.snapshot->hosts[m->move.to].name, "apart from c-on, which runs on h2");
        cr_assert_eq(PLAN_EVACUATED, leaves.plan->status);
}

Test(off_vms, of_a_host_that_the_command_line_names_leave_it) {
        const Snapshot *s = facts(CLUSTER("", "")), *named = NULL;
        Round r;

        cr_assert_eq(1, off_vms_leave(&arena, s, "h9", &named));
        cr_assert_eq(0, off_vms_leave(&arena, s, "h1", &named));
        cr_assert_eq(HOST_ACTIVE, s->hosts[0].state);
        cr_assert_eq(0, rules_apply(&arena, named, settings_rules(settings), &named));
        r = plan(named);
        cr_assert_not_null(move_of(&r, "a-off"));
        cr_assert_null(move_of(&r, "d-off"));
}

Test(off_vms, with_disks_that_only_their_host_sees_stay_whatever_the_settings_say) {
        TextFault f = { 0 };
        Round r;

        cr_assert_eq(0, settings_set(settings, "cluster.local_disks", "copy", &f), "%s", f.what);
        r = plan(decided(CLUSTER(FOR_GOOD, ", \"local_disk_mib\": 1")));
        cr_assert_null(move_of(&r, "a-off"));
        cr_assert_eq(REASON_LOCAL_DISK, refused(&r, "a-off"));
        cr_assert_eq(PLAN_BLOCKED, r.plan->status);
}

Test(off_vms, go_only_where_they_could_start) {
        const char *text = CLUSTER(FOR_GOOD, ", \"networks\": [\"blue\"]");
        const Snapshot *s = decided(text);
        Host *hosts = arena_new(&arena, Host, s->n_hosts);
        Snapshot full = *s;
        Round r;

        memcpy(hosts, s->hosts, sizeof(*hosts) * s->n_hosts);
        hosts[2].memory_used_mib = 15000; /* of 16384: no room for 2048 */
        full.hosts = hosts;
        r = plan(&full);
        cr_assert_null(move_of(&r, "a-off"), "h2 has c-on, h3 no room for its memory");
        cr_assert_neq(REASON_NONE, refused(&r, "a-off"));
        hosts[2].memory_used_mib = 0;
        hosts[1].networks_known = hosts[2].networks_known = true;
        r = plan(&full);
        cr_assert_null(move_of(&r, "a-off"), "neither has the network blue");
}

Test(off_vms, need_no_cpu_and_are_in_no_measured_use) {
        const Snapshot *s = decided(CLUSTER(FOR_GOOD ", \"cpu_busy\": 1, \"memory_used_mib\": 3000", ""));
        const Round r = plan(s);
        const VmIx off = snapshot_vm(s, "a-off"), on = snapshot_vm(s, "b-on");
        Assignment *x = NULL;

        cr_assert_eq(0, problem_need(r.problem, off)[RES_CPU]);
        cr_assert_eq(2048, problem_need(r.problem, off)[RES_MEMORY]);
        cr_assert_gt(problem_need(r.problem, on)[RES_CPU], 0);
        cr_assert_eq(0, assignment_build(&arena, r.problem, &x));
        cr_assert_eq(3000 + 2048, assignment_load(x, 0)[RES_MEMORY]); /* b-on's is in the 3000 */
}

Test(off_vms, are_told_apart_from_vms_that_are_not_there) {
        const MoveOrder moves[] = { { .vm = "a-off", .from = "h1", .to = "h3" },
                                    { .vm = "nobody", .from = "h1", .to = "h3" } };
        const Objection *o = NULL;
        uint32_t n = 0;

        cr_assert_eq(1, plan_check(&arena, decided(CLUSTER("", "")), settings, moves, 2, &o, &n));
        cr_assert_eq(2, n);
        cr_assert_str_eq("a-off is off, and its host h1 is not being decommissioned", o[0].text);
        cr_assert_str_eq("VM nobody not found", o[1].text);
}
