/* SPDX-License-Identifier: Apache-2.0 */
/* Silence is never balance: a VM that must leave a host which nobody can see is named in every plan, and the plan is
 * blocked. */
#include <criterion/criterion.h>

#include "scheduler/model/host_silence.h"
#include "tests/random_cluster.h"

static Arena arena;

static void arena_for_test(void) {
        cr_assert_eq(0, arena_open((size_t) 64 << 20, &arena));
}

TestSuite(silence, .init = arena_for_test);

/* By its definition, from the facts alone. */
static bool must_leave(const Snapshot *s, VmIx v) {
        const Host *host = &s->hosts[s->vms[v].host];
        int64_t grade = host->n_faults == 0 ? host->fault_grade : 0;

        for (uint32_t i = 0; i < host->n_faults; i++)
                if (host->faults[i].grade > grade &&
                    (!host->faults[i].partly || strings_have(&host->faults[i].vms, s->vms[v].name)))
                        grade = host->faults[i].grade;
        return host->state == HOST_MAINTENANCE || host->state == HOST_OFFLINE || grade >= 3;
}

static bool unseen(const Host *host) {
        return host->state == HOST_OFFLINE || host->excluded == EXCLUDED_STALE ||
               host->excluded == EXCLUDED_MISSING || host->excluded == EXCLUDED_DAEMON ||
               host->excluded == EXCLUDED_CLOCK;
}

static const Refused *refused_vm(const Plan *plan, VmIx v) {
        for (uint32_t i = 0; i < plan->n_refused; i++)
                if (plan->refused[i].vm == v)
                        return &plan->refused[i];
        return NULL;
}

/* Half of the hosts that must be left fall silent. */
static const Snapshot *with_silence(const Snapshot *s, uint64_t seed) {
        Host *hosts = arena_new(&arena, Host, s->n_hosts);
        Snapshot *copy = arena_new(&arena, Snapshot, 1);

        memcpy(hosts, s->hosts, sizeof(*hosts) * s->n_hosts);
        *copy = *s;
        copy->hosts = hosts;
        for (HostIx h = 0; h < s->n_hosts; h++)
                if ((hosts[h].state == HOST_MAINTENANCE || hosts[h].fault_grade >= 3) && (seed + h) % 2 == 0)
                        hosts[h].excluded = EXCLUDED_STALE;
        return copy;
}

Test(silence, a_vm_that_must_leave_a_host_that_nobody_sees_is_named_and_blocks) {
        uint32_t all = 0, named_with_fault = 0;

        for (uint64_t seed = 1; seed <= SEEDS_OF(300); seed++) {
                ArenaMark mark = arena_mark(&arena);
                const Settings *settings = default_settings(&arena);
                const Snapshot *s = with_silence(random_cluster(&arena, seed, seed % 2 == 0), seed);
                const Plan *plan = NULL;
                uint32_t stranded = 0;

                cr_assert_eq(0,
                             planner_plan(&arena, s, settings, policies_all(), PLAN_REQUEST_DEFAULT, &plan));
                for (VmIx v = 0; v < s->n_vms; v++) {
                        const Host *host = &s->hosts[s->vms[v].host];
                        const Refused *r = refused_vm(plan, v);

                        if (!must_leave(s, v) || !unseen(host) || host->held)
                                continue;
                        stranded++;
                        cr_assert(r, "seed %lu: %s of %s is not named", (unsigned long) seed, s->vms[v].name,
                                  host->name);
                        cr_assert(r->reason == REASON_SOURCE_FENCED || s->vms[v].in_flight);
                        if (r->reason == REASON_SOURCE_FENCED && host->fault_grade >= 3) {
                                cr_assert(strstr(r->by, host_silence_why(host)), "%s", r->by);
                                cr_assert(strstr(r->by, "fault grade"), "%s", r->by);
                                named_with_fault++;
                        }
                }
                cr_assert_geq(stranded_vms(s, IX_NONE), stranded);
                cr_assert(stranded == 0 || plan->status >= PLAN_BLOCKED, "seed %lu: %s", (unsigned long) seed,
                          plan_status_names[plan->status]);
                all += stranded;
                arena_rewind(&arena, mark);
        }
        cr_assert_gt(all, SEEDS_OF(200));
        cr_assert_gt(named_with_fault, SEEDS_OF(20));
}

/* A kind of action that an operator does not want now blocks nothing; of a host that was never admitted only an operator's
 * mark counts. */
Test(silence, what_is_not_wanted_and_who_is_not_admitted_block_nothing) {
        const Fault fault = { .device = "memory mc0", .grade = 4 };
        Host host = host_unknown();
        Vm vm = vm_unknown();
        Snapshot s = { .hosts = &host, .n_hosts = 1, .vms = &vm, .n_vms = 1 };

        host.name = "h1";
        vm.name = "a";
        vm.host = 0;
        host.faults = &fault;
        host.n_faults = 1;
        host.fault_grade = 4;
        host.excluded = EXCLUDED_STALE;
        cr_assert(vm_is_stranded(&s, 0));
        s.not_now = SNAPSHOT_NO_EVACUATION;
        cr_assert_not(vm_is_stranded(&s, 0));
        host.state = HOST_MAINTENANCE;
        cr_assert(vm_is_stranded(&s, 0));
        s.not_now |= SNAPSHOT_NO_MAINTENANCE;
        cr_assert_not(vm_is_stranded(&s, 0));
        s.not_now = 0;
        host.held = "held";
        cr_assert_not(vm_is_stranded(&s, 0));
        host.held = NULL;
        host.excluded = EXCLUDED_SEEN;
        cr_assert(vm_is_stranded(&s, 0));
        host.state = HOST_ACTIVE;
        cr_assert_not(vm_is_stranded(&s, 0));
        host.admitted = &(HostAdmission){ 0 };
        cr_assert(vm_is_stranded(&s, 0));
        host.excluded = EXCLUDED_NONE;
        cr_assert_not(vm_is_stranded(&s, 0));
        vm.host = IX_NONE;
        cr_assert_not(vm_is_stranded(&s, 0));
}

Test(silence, what_fails_and_is_silent_is_counted_as_both) {
        Host hosts[3] = { host_unknown(), host_unknown(), host_unknown() };
        const Snapshot s = { .hosts = hosts, .n_hosts = 3 };

        cr_assert_str_eq("", hosts_count_words(&arena, &s));
        hosts[0].fault_grade = 4;
        cr_assert_str_eq(", 1 failing", hosts_count_words(&arena, &s));
        hosts[0].excluded = EXCLUDED_STALE;
        hosts[1].state = HOST_OFFLINE;
        cr_assert_str_eq(", 1 failing, 2 not known", hosts_count_words(&arena, &s));
        hosts[0].fault_grade = 2;
        cr_assert_str_eq(", 2 not known", hosts_count_words(&arena, &s));
}
