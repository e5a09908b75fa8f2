/* SPDX-License-Identifier: Apache-2.0 */
/* The libvirt executor over a libvirt that is slow, fails, hangs, vanishes or lies: what it says is what both
 * hosts show, it asks for no more than they can, and it steps back from what is not as the plan took it to
 * be. */
#include <criterion/criterion.h>
#include <errno.h>

#include "scheduler/act/libvirt/domain_speed.h"
#include "scheduler/act/libvirt/migration_blame.h"
#include "tests/fake_executor.h"

static const ExecutorLibvirtOptions quick = { .connect_at_most = 2 * USEC_PER_SEC,
                                              .verify_at_most = 600 * USEC_PER_MSEC,
                                              .give_up = USEC_PER_SEC,
                                              .resume_after = 10 * USEC_PER_MSEC };
static void setup(void) {
        fake_executor_open(quick);
}

TestSuite(executor_fake, .init = setup, .fini = fake_executor_close, .timeout = 60);

static MigrationStatus run(MigrationRequest r) {
        MigrationStatus s;
        uint32_t id;

        cr_assert_eq(0, executor.start(executor.self, &r, &id));
        s = fake_executor_ended(id);
        cr_assert_eq(s.phase == MIGRATION_DONE, s.message[0] == '\0', "%s", s.message);
        return s;
}

static void ends(MigrationStatus s, MigrationPhase phase, const char *words) {
        cr_assert_eq(s.phase, phase, "%s: %s", migration_phase_names[s.phase], s.message);
        cr_assert_not_null(strstr(s.message, words), "%s", s.message);
}

/* ---- who answers ---- */

static MigrationStatus run_between(const char *from, const char *to) {
        MoveOrder order = *fake_request().order;
        MigrationRequest r = fake_request();

        order.from_machine = from;
        order.to_machine = to;
        r.order = &order;
        return run(r);
}

Test(executor_fake, the_machines_that_were_admitted_are_moved_between) {
        ends(run_between(FAKE_MACHINE, "AAAAAAAA-2222-3333-4444-555555555555"), MIGRATION_DONE, "");
        cr_assert_eq(2, fake_running_on());
}

Test(executor_fake, another_machine_is_left_alone_and_named) {
        static const char wanted[] = "bbbbbbbb-2222-3333-4444-555555555555";
        MigrationStatus s = run_between(FAKE_MACHINE, wanted);

        ends(s, MIGRATION_FAILED,
             "not started: h2 cannot be queried: it is a different machine: its UUID is " FAKE_MACHINE
             ", admitted: bbbbbbbb-2222-3333-4444-555555555555");
        cr_assert_str_eq(s.to_found, FAKE_MACHINE);
        cr_assert_str_eq(s.from_found, "");
        s = run_between(wanted, FAKE_MACHINE);
        ends(s, MIGRATION_FAILED, "not started: h1 cannot be queried: it is a different machine");
        cr_assert_str_eq(s.from_found, FAKE_MACHINE);
        cr_assert_eq(0, fake.migrations);
        cr_assert_eq(1, fake_running_on());
}

Test(executor_fake, a_machine_that_does_not_say_which_is_none_that_was_admitted) {
        fake.hosts[1].machine = NULL;
        ends(run_between(NULL, FAKE_MACHINE), MIGRATION_FAILED, "it does not report its UUID");
        cr_assert_eq(0, fake.migrations);
        ends(run_between(NULL, NULL), MIGRATION_DONE, ""); /* where nothing is known, nothing is asked */
}

/* ---- how it ends ---- */

Test(executor_fake, one_that_moves_is_done_with_what_it_took) {
        MigrationStatus s = run(fake_request());

        ends(s, MIGRATION_DONE, "");
        cr_assert_eq(2, fake_running_on());
        cr_assert_eq(42, s.downtime_ms);
        cr_assert_geq(s.ended - s.started, fake.takes);
        cr_assert_str_eq("", s.remark);
}

Test(executor_fake, one_that_fails_runs_on_its_source) {
        fake.end = FAKE_FAILS;
        ends(run(fake_request()), MIGRATION_FAILED, "connection reset");
        cr_assert_eq(1, fake_running_on());
}

Test(executor_fake, a_lie_that_it_is_done_is_seen) {
        fake.end = FAKE_SAYS_DONE;
        ends(run(fake_request()), MIGRATION_FAILED, "libvirt reported success, but it runs on h1 only");
}

Test(executor_fake, a_lie_that_it_failed_is_seen) {
        fake.end = FAKE_SAYS_FAILED;
        ends(run(fake_request()), MIGRATION_DONE, "");
        cr_assert_eq(2, fake_running_on());
}

Test(executor_fake, one_that_runs_nowhere_is_unclear) {
        fake.end = FAKE_IS_LOST;
        ends(run(fake_request()), MIGRATION_UNCLEAR, "h1: not there; h2: not there");
}

Test(executor_fake, one_that_runs_on_both_is_unclear) {
        fake.end = FAKE_RUNS_TWICE;
        ends(run(fake_request()), MIGRATION_UNCLEAR, "h1: running; h2: running");
}

Test(executor_fake, one_whose_target_has_vanished_is_unclear) {
        fake.end = FAKE_TARGET_GONE;
        ends(run(fake_request()), MIGRATION_UNCLEAR, "h2: cannot be queried: connection refused");
}

Test(executor_fake, one_that_was_paused_by_a_dead_post_copy_is_unclear) {
        MigrationRequest r = fake_request();

        fake.end = FAKE_POST_COPY_DIES;
        r.manner.strategy = STRATEGY_POST_COPY;
        ends(run(r), MIGRATION_UNCLEAR, "h1: paused; h2: paused");
}

Test(executor_fake, a_broken_post_copy_is_taken_up_again_until_it_is_done) {
        MigrationRequest r = fake_request();
        MigrationStatus s;

        fake.end = FAKE_POST_COPY_BREAKS;
        fake.hosts[0].persistent = true;
        fake.resumes = 3;
        r.manner.strategy = STRATEGY_POST_COPY;
        s = run(r);
        ends(s, MIGRATION_DONE, "");
        cr_assert_eq(3, s.resumes);
        cr_assert_eq(4, fake.migrations);
        cr_assert_eq(2, fake_running_on());
        cr_assert_eq(0, fake.aborts);
        cr_assert_eq(fake.flags, VIR_MIGRATE_LIVE | VIR_MIGRATE_PEER2PEER | VIR_MIGRATE_PERSIST_DEST |
                                         VIR_MIGRATE_UNDEFINE_SOURCE | VIR_MIGRATE_POSTCOPY |
                                         VIR_MIGRATE_POSTCOPY_RESUME);
}

Test(executor_fake, one_that_stays_broken_is_unclear_with_what_a_person_can_do) {
        MigrationRequest r = fake_request();
        MigrationStatus s;

        fake.end = FAKE_POST_COPY_BREAKS;
        r.manner.strategy = STRATEGY_POST_COPY;
        s = run(r);
        ends(s, MIGRATION_UNCLEAR,
             "virsh -c fake://h1 migrate --live --p2p --postcopy --postcopy-resume vm fake://h2");
        cr_assert_eq(6, s.resumes);
        cr_assert_eq(VIR_DOMAIN_PAUSED, fake.hosts[0].state, "neither side is ended");
        cr_assert_eq(VIR_DOMAIN_RUNNING, fake.hosts[1].state);
        cr_assert_eq(0, fake.aborts);
}

Test(executor_fake, one_that_broke_off_under_somebody_else_is_taken_up_once) {
        MigrationRequest r = fake_request();
        MigrationStatus s;

        r.resume = r.post_copy = true;
        ends(run(r), MIGRATION_FOREIGN, "its post-copy was not interrupted on h1");
        cr_assert_eq(0, fake.migrations);
        fake.end = FAKE_POST_COPY_BREAKS;
        fake.is_switched = true;
        fake.resumes = 2;
        fake.hosts[0].state = fake.hosts[1].state = VIR_DOMAIN_PAUSED;
        fake.hosts[0].reason = VIR_DOMAIN_PAUSED_POSTCOPY_FAILED;
        s = run(r);
        ends(s, MIGRATION_UNCLEAR, "--postcopy-resume");
        cr_assert_eq(1, s.resumes, "it counts as taken up again");
        cr_assert_eq(1, fake.migrations);
        ends(run(r), MIGRATION_UNCLEAR, "--postcopy-resume");
        ends(run(r), MIGRATION_DONE, "");
        cr_assert_eq(2, fake_running_on());
}

Test(executor_fake, one_whose_target_is_gone_for_a_while_is_taken_up_when_it_is_back) {
        MigrationRequest r = fake_request();
        MigrationStatus s = { 0 };
        uint32_t id;

        fake.end = FAKE_POST_COPY_BREAKS;
        fake.resumes = 1;
        r.manner.strategy = STRATEGY_POST_COPY;
        cr_assert_eq(0, executor.start(executor.self, &r, &id));
        while (!strstr(s.message, "post-copy was interrupted (migration failed")) {
                executor.poll(executor.self, id, &s);
                cr_assert_not(migration_has_ended(s.phase), "%s", s.message);
                fake.hosts[1].refuses = fake.is_switched;
                clock_sleep(USEC_PER_MSEC);
        }
        fake.hosts[1].refuses = false;
        for (; !migration_has_ended(s.phase); executor.poll(executor.self, id, &s))
                executor.wait(executor.self, 100 * USEC_PER_MSEC);
        executor.forget(executor.self, id);
        ends(s, MIGRATION_DONE, "");
        cr_assert_eq(1, s.resumes);
}

Test(executor_fake, one_that_hangs_is_aborted_at_its_deadline) {
        MigrationRequest r = fake_request();

        fake.end = FAKE_HANGS;
        r.manner.deadline_ms = 300;
        ends(run(r), MIGRATION_ABORTED, "timeout: not finished within 0.3 s");
        cr_assert_eq(1, fake_running_on());
        cr_assert_gt(fake.aborts, 0);
}

Test(executor_fake, one_that_heeds_no_abort_is_unclear_in_bounded_time) {
        MigrationRequest r = fake_request();
        usec_t begun = clock_monotonic();

        fake.end = FAKE_DEAF;
        r.manner.deadline_ms = 200;
        ends(run(r), MIGRATION_UNCLEAR, "has not ended it 1 s after it was stopped");
        cr_assert_lt(clock_monotonic() - begun, 20 * USEC_PER_SEC);
        fake.end = FAKE_HANGS; /* lets go of it, for the end of the test */
}

/* ---- what is not as the plan took it to be ---- */

Test(executor_fake, a_vm_that_somebody_moved_is_stepped_back_from) {
        fake.hosts[0].state = -1;
        fake.hosts[1].state = VIR_DOMAIN_RUNNING;
        ends(run(fake_request()), MIGRATION_FOREIGN, "not started: h1 does not have it");
        cr_assert_eq(0, fake.migrations);
}

Test(executor_fake, a_vm_that_somebody_moves_now_is_stepped_back_from) {
        fake.hosts[0].job = true;
        ends(run(fake_request()), MIGRATION_FOREIGN, "not started: h1 is busy with it");
        cr_assert_eq(0, fake.migrations);
}

Test(executor_fake, a_vm_that_was_turned_off_is_stepped_back_from) {
        fake.hosts[0].state = VIR_DOMAIN_SHUTOFF;
        ends(run(fake_request()), MIGRATION_FOREIGN, "not started: on h1 it is not running but shut off");
}

Test(executor_fake, a_vm_that_a_person_paused_moves_and_stays_paused) {
        fake.hosts[0].state = VIR_DOMAIN_PAUSED;
        fake.hosts[0].reason = VIR_DOMAIN_PAUSED_USER;
        ends(run(fake_request()), MIGRATION_DONE, "");
        cr_assert(fake.flags & VIR_MIGRATE_PAUSED);
        cr_assert_eq(VIR_DOMAIN_PAUSED, fake.hosts[1].state);
        cr_assert_eq(-1, fake.hosts[0].state);
}

Test(executor_fake, a_vm_that_runs_is_not_paused) {
        ends(run(fake_request()), MIGRATION_DONE, "");
        cr_assert_not(fake.flags & VIR_MIGRATE_PAUSED);
}

Test(executor_fake, a_pause_that_is_libvirts_own_is_stepped_back_from) {
        static const int reasons[] = { VIR_DOMAIN_PAUSED_MIGRATION, VIR_DOMAIN_PAUSED_IOERROR,
                                       VIR_DOMAIN_PAUSED_POSTCOPY, VIR_DOMAIN_PAUSED_SNAPSHOT };

        for (size_t i = 0; i < ARRAY_SIZE(reasons); i++) {
                fake.hosts[0].state = VIR_DOMAIN_PAUSED;
                fake.hosts[0].reason = reasons[i];
                ends(run(fake_request()), MIGRATION_FOREIGN,
                     "not started: on h1 it is not running but paused");
        }
        cr_assert_eq(0, fake.migrations);
}

/* What each bad end teaches: of this VM and target, of the VM, of the target, or nothing. */
static void teaches(MigrationStatus s, MoveMiss miss, MissBlame blame) {
        cr_assert_eq(s.blame, blame, "%s", s.message);
        cr_assert(blame == BLAME_NONE || s.miss == miss, "%s", s.message);
}

Test(executor_fake, how_it_misses_says_whom_that_is_about) {
        MigrationRequest r = fake_request();

        fake.hosts[1].refuses = true;
        teaches(run(fake_request()), MISS_UNREACHED, BLAME_TARGET);
        fake.hosts[1].refuses = false;
        fake.hosts[1].network = NULL;
        teaches(run(fake_request()), MISS_REFUSED, BLAME_PAIR);
        fake.hosts[1].network = fake.hosts[0].network;
        fake.hosts[0].refuses = true;
        teaches(run(fake_request()), MISS_UNREACHED, BLAME_SOURCE);
        fake.hosts[0].refuses = false;
        fake.end = FAKE_SAYS_DONE;
        teaches(run(fake_request()), MISS_FAILED, BLAME_PAIR);
        fake.end = FAKE_HANGS;
        r.time_limit = 200 * USEC_PER_MSEC;
        teaches(run(r), MISS_DEADLINE, BLAME_PAIR);
}

Test(executor_fake, libvirts_code_says_whom_a_refusal_is_about) {
        static const struct {
                int code;
                const char *words;
                bool sent;
                MoveMiss miss;
                MissBlame blame;
        } rows[] = {
                { VIR_ERR_OPERATION_INVALID, "cannot migrate domain with 1 snapshots", false, MISS_REFUSED,
                  BLAME_VM },
                { VIR_ERR_MIGRATE_UNSAFE, "Unsafe migration: ...", false, MISS_REFUSED, BLAME_VM },
                { VIR_ERR_OPERATION_UNSUPPORTED, "State blocked by non-migratable device", false,
                  MISS_REFUSED, BLAME_VM },
                { VIR_ERR_OPERATION_FAILED,
                  "operation failed: Failed to connect to remote libvirt URI qemu+tcp://h2/system: unable to "
                  "connect to server at 'h2:16509': Connection refused",
                  false, MISS_UNREACHED, BLAME_TARGET },
                { VIR_ERR_NO_CONNECT, "", false, MISS_UNREACHED, BLAME_TARGET },
                { VIR_ERR_SYSTEM_ERROR, "Cannot access storage file '/iso/a.iso': No such file or directory",
                  false, MISS_REFUSED, BLAME_PAIR },
                { VIR_ERR_OPERATION_FAILED, "migration out job: unexpectedly failed", true, MISS_FAILED,
                  BLAME_PAIR },
                { VIR_ERR_OPERATION_INVALID, "domain is not running", true, MISS_FAILED, BLAME_PAIR },
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                MoveMiss miss = MOVE_MISS_N;

                cr_assert_eq(rows[i].blame,
                             migration_blame_of(rows[i].code, rows[i].words, rows[i].sent, &miss), "%s",
                             rows[i].words);
                cr_assert_eq(rows[i].miss, miss, "%s", rows[i].words);
        }
}

Test(executor_fake, a_target_that_runs_it_already_is_left_alone) {
        fake.hosts[1].state = VIR_DOMAIN_PAUSED;
        ends(run(fake_request()), MIGRATION_FOREIGN, "not started: h2 already has it: paused");
        cr_assert_eq(0, fake.migrations);
}

static void not_taken(const char *words) {
        ends(run(fake_request()), MIGRATION_FAILED, words);
        cr_assert_eq(0, fake.migrations);
        cr_assert_eq(1, fake_running_on());
}

Test(executor_fake, a_target_without_its_network_is_not_asked) {
        fake.hosts[1].network = NULL;
        not_taken("not started: h2 cannot take it now: network blue not found");
}

Test(executor_fake, a_target_whose_network_is_down_is_not_asked) {
        fake.hosts[1].network_active = false;
        not_taken("network blue is not active there");
}

Test(executor_fake, a_target_whose_cpu_cannot_run_it_is_not_asked) {
        fake.hosts[1].cpu = VIR_CPU_COMPARE_INCOMPATIBLE;
        not_taken("its CPU is not compatible");
}

Test(executor_fake, a_driver_that_compares_no_cpus_refuses_nothing) {
        fake.hosts[1].cpu = VIR_CPU_COMPARE_ERROR;
        ends(run(fake_request()), MIGRATION_DONE, "");
}

Test(executor_fake, a_target_that_is_full_by_now_is_not_asked) {
        fake.hosts[1].free_kib = 1 << 20;
        not_taken("it holds 2048 MiB of memory, and 1024 MiB are free there");
}

Test(executor_fake, a_target_with_exactly_the_room_is_asked) {
        const unsigned long long room =
                (2ULL << 20) + 64 * 1024; /* what it holds, and what QEMU needs besides */

        fake.hosts[1].free_kib = room - 1;
        not_taken("it holds 2048 MiB of memory");
        fake.hosts[1].free_kib = room;
        ends(run(fake_request()), MIGRATION_DONE, "");
}

/* It has touched 2 GiB of the 3 that it may take. */
Test(executor_fake, what_it_is_promised_has_to_be_free_and_what_zfs_gives_back_is) {
        MigrationRequest r = fake_request();

        r.memory_mib = 3102;
        fake.hosts[1].free_kib = 3101 << 10;
        ends(run(r), MIGRATION_FAILED,
             "it needs 3102 MiB of memory there, QEMU's own counted, and 3101 MiB are free");
        cr_assert_eq(0, fake.migrations);
        r.reclaimable_mib = 1;
        ends(run(r), MIGRATION_DONE, "");
}

Test(executor_fake, memory_that_the_kernel_gives_back_at_once_counts_as_free) {
        fake.hosts[1].free_kib = 1 << 20;
        fake.hosts[1].lent_kib[0] = 1 << 19; /* buffers */
        fake.hosts[1].lent_kib[1] = 1 << 18; /* page cache */
        not_taken("it holds 2048 MiB of memory, and 1792 MiB are free there");
        fake.hosts[1].lent_kib[1] = 1 << 20;
        ends(run(fake_request()), MIGRATION_DONE, "");
}

Test(executor_fake, a_host_that_refuses_or_hangs_is_said_in_bounded_time) {
        fake.hosts[1].refuses = true;
        not_taken("not started: h2 cannot be queried: connection refused");
        fake.hosts[1].refuses = false;
        fake.hosts[1].hangs = true;
        not_taken("not started: h2 cannot be queried: no answer within 2.0 s");
        fake.hosts[1].hangs = false;
        fake.hosts[0].broken = true;
        not_taken("not started: h1 cannot be queried: client socket is closed");
        fake.hosts[0].broken = false;
}

/* ---- how it is asked for ---- */

Test(executor_fake, as_usual_it_goes_live_from_host_to_host) {
        MigrationRequest r = fake_request();

        fake.hosts[0].persistent = true;
        r.auto_converge = true;
        ends(run(r), MIGRATION_DONE, "");
        cr_assert_eq(fake.flags, VIR_MIGRATE_LIVE | VIR_MIGRATE_PEER2PEER | VIR_MIGRATE_PERSIST_DEST |
                                         VIR_MIGRATE_UNDEFINE_SOURCE | VIR_MIGRATE_AUTO_CONVERGE);
        cr_assert_str_eq("", fake.params);
}

Test(executor_fake, connections_compression_share_network_and_encryption_are_asked_for) {
        MigrationRequest r = fake_request();

        fake.hosts[0].libvirt = fake.hosts[1].libvirt = 9004000;
        r.migrate_uri = "tcp://h2-mig";
        r.tls = true;
        r.manner = (MoveManner){ .strategy = STRATEGY_MULTIFD,
                                 .channels = 4,
                                 .compress = true,
                                 .bandwidth_kbit = KBIT_A_MIB * 16 };
        ends(run(r), MIGRATION_DONE, "");
        cr_assert(fake.flags & VIR_MIGRATE_PARALLEL);
        cr_assert(fake.flags & VIR_MIGRATE_TLS);
        cr_assert_str_eq("bandwidth=16 parallel.connections=4 compression=zstd migrate_uri=tcp://h2-mig ",
                         fake.params);
}

/* What hosts can is asked once in a while: an executor that has just begun asks them. */
static void begin_anew(void) {
        executor.free(executor.self);
        cr_assert_eq(0, executor_libvirt_open(quick, &executor));
        fake_begin();
}

Test(executor_fake, what_a_host_does_not_know_is_not_asked_of_it_and_said) {
        MigrationRequest r = fake_request();
        MigrationStatus s;

        r.manner = (MoveManner){ .strategy = STRATEGY_MULTIFD, .channels = 4, .compress = true };
        s = run(r); /* libvirt 9.0 knows no zstd */
        ends(s, MIGRATION_DONE, "");
        cr_assert_str_eq("parallel.connections=4 ", fake.params);
        cr_assert_str_eq("not supported by libvirt or QEMU there: zstd", s.remark);
        begin_anew();
        fake.hosts[1].qemu = 3001000;
        s = run(r);
        cr_assert_not(fake.flags & VIR_MIGRATE_PARALLEL);
        cr_assert_not_null(strstr(s.remark, "parallel connections"), "%s", s.remark);
}

Test(executor_fake, post_copy_is_not_asked_for_beside_parallel_connections_before_qemu_10_1) {
        MigrationRequest r = fake_request();

        r.manner = (MoveManner){ .strategy = STRATEGY_MULTIFD,
                                 .channels = 2,
                                 .at_deadline = DEADLINE_POST_COPY };
        ends(run(r), MIGRATION_DONE, "");
        cr_assert_not(fake.flags & VIR_MIGRATE_POSTCOPY);
        fake_begin();
        fake.hosts[0].qemu = fake.hosts[1].qemu = 10001000;
        ends(run(r), MIGRATION_DONE, "");
        cr_assert_not(fake.flags & VIR_MIGRATE_POSTCOPY, "it was asked a moment ago");
        begin_anew();
        fake.hosts[0].qemu = fake.hosts[1].qemu = 10001000;
        ends(run(r), MIGRATION_DONE, "");
        cr_assert(fake.flags & VIR_MIGRATE_POSTCOPY);
}

Test(executor_fake, a_move_by_post_copy_is_switched_once_all_was_sent_once) {
        MigrationRequest r = fake_request();
        MigrationStatus s;

        fake.end = FAKE_STALLS;
        r.manner = (MoveManner){ .strategy = STRATEGY_POST_COPY, .bandwidth_kbit = KBIT_A_MIB };
        s = run(r);
        ends(s, MIGRATION_DONE, "");
        cr_assert(s.post_copy);
        cr_assert_eq(1, fake.switches);
        cr_assert_str_eq("bandwidth=1 bandwidth.postcopy=1 ", fake.params);
}

Test(executor_fake, one_that_may_is_switched_at_its_deadline) {
        MigrationRequest r = fake_request();
        MigrationStatus s;

        fake.end = FAKE_STALLS;
        r.manner = (MoveManner){ .deadline_ms = 300, .at_deadline = DEADLINE_POST_COPY };
        s = run(r);
        ends(s, MIGRATION_DONE, "");
        cr_assert(s.post_copy);
        cr_assert_eq(0, fake.aborts);
        cr_assert_geq(s.ended - s.started, 300 * USEC_PER_MSEC);
}

Test(executor_fake, one_that_auto_converges_has_as_long_again_at_its_deadline) {
        MigrationRequest r = fake_request();
        MigrationStatus s;

        fake.end = FAKE_HANGS;
        r.manner = (MoveManner){ .strategy = STRATEGY_AUTO_CONVERGE,
                                 .deadline_ms = 300,
                                 .at_deadline = DEADLINE_AUTO_CONVERGE };
        s = run(r);
        ends(s, MIGRATION_ABORTED, "timeout: not finished within 0.6 s");
        cr_assert_geq(s.ended - s.started, 600 * USEC_PER_MSEC);
}

Test(executor_fake, the_pause_is_raised_while_iterations_stall_up_to_what_is_allowed) {
        const unsigned long long steps[] = { 100, 150, 225, 337, 400 };
        MigrationRequest r = fake_request();
        MigrationStatus s;

        fake.end = FAKE_STALLS;
        r.manner =
                (MoveManner){ .deadline_ms = 2500, .downtime_limit_ms = 100, .downtime_limit_ms_most = 400 };
        s = run(r);
        ends(s, MIGRATION_ABORTED, "timeout");
        cr_assert_geq(fake.n_pauses, ARRAY_SIZE(steps));
        for (size_t i = 0; i < ARRAY_SIZE(steps); i++)
                cr_assert_eq(steps[i], fake.pauses[i], "step %zu: %llu", i, fake.pauses[i]);
        cr_assert_eq(ARRAY_SIZE(steps), fake.n_pauses, "it stays at the most");
        cr_assert_eq(400, s.pause_limit_ms);
        cr_assert_gt(s.stalled, 4);
}

Test(executor_fake, a_pause_without_a_limit_of_ours_is_left_as_it_is) {
        MigrationRequest r = fake_request();

        fake.end = FAKE_STALLS;
        r.manner = (MoveManner){ .deadline_ms = 600, .downtime_limit_ms_most = 400 };
        ends(run(r), MIGRATION_ABORTED, "timeout");
        cr_assert_gt(fake.stats_read, 3, "iterations were seen to stall");
        cr_assert_eq(0, fake.n_pauses);
}

/* ---- disks, and VMs that are off ---- */

Test(executor_fake, disks_the_target_does_not_see_are_copied_into_its_pool) {
        MigrationRequest r = fake_request();

        r.copy_disks = true;
        ends(run(r), MIGRATION_DONE, "");
        cr_assert(fake.flags & VIR_MIGRATE_NON_SHARED_DISK);
        cr_assert_str_eq("migrate_disks=vda ", fake.params);
}

Test(executor_fake, a_volume_that_the_target_has_is_never_written_to) {
        MigrationRequest r = fake_request();

        r.copy_disks = true;
        fake.hosts[1].volume = "/local/vm.qcow2";
        ends(run(r), MIGRATION_DONE, "");
        cr_assert_not(fake.flags & VIR_MIGRATE_NON_SHARED_DISK);
}

Test(executor_fake, a_target_without_a_pool_for_its_disk_is_not_asked) {
        MigrationRequest r = fake_request();

        r.copy_disks = true;
        fake.hosts[1].pool = "/elsewhere";
        ends(run(r), MIGRATION_FAILED, "its disk vda would have to be copied");
        cr_assert_eq(0, fake.migrations);
}

Test(executor_fake, a_vm_that_is_off_is_defined_there_and_undefined_here) {
        MigrationRequest r = fake_request();

        fake.hosts[0].state = VIR_DOMAIN_SHUTOFF;
        fake.hosts[0].persistent = true;
        fake.hosts[0].autostart = true;
        fake.hosts[1].free_kib = 0; /* it needs none as long as it is off */
        r.offline = true;
        ends(run(r), MIGRATION_DONE, "");
        cr_assert(fake.hosts[1].autostart, "it starts with its host, as before");
        cr_assert_eq(fake.flags, VIR_MIGRATE_PEER2PEER | VIR_MIGRATE_OFFLINE | VIR_MIGRATE_PERSIST_DEST |
                                         VIR_MIGRATE_UNDEFINE_SOURCE);
        cr_assert_eq(VIR_DOMAIN_SHUTOFF, fake.hosts[1].state);
        cr_assert_eq(-1, fake.hosts[0].state);
        fake_begin();
        ends(run(r), MIGRATION_FOREIGN, "on h1 it is not off but running");
        fake_begin();
        fake.hosts[0].state = VIR_DOMAIN_SHUTOFF;
        fake.hosts[0].persistent = true;
        fake.end = FAKE_FAILS;
        ends(run(r), MIGRATION_FAILED, "connection reset");
        cr_assert_eq(VIR_DOMAIN_SHUTOFF, fake.hosts[0].state);
}

/* ---- what is looked at afterwards ---- */

Test(executor_fake, a_port_without_its_filter_is_said) {
        MigrationStatus s;

        fake.xml_after =
                "<domain type='kvm'><devices><interface type='network'><mac address='52:54:00:00:00:01'/>"
                "<source network='blue' portid='b2'/></interface></devices></domain>";
        s = run(fake_request());
        ends(s, MIGRATION_DONE, "");
        cr_assert_not_null(strstr(s.remark, "port 52:54:00:00:00:01 was network=blue"), "%s", s.remark);
        fake_begin();
        fake.xml_after = "<domain type='kvm'><devices/></domain>";
        s = run(fake_request());
        cr_assert_not_null(strstr(s.remark, "port 52:54:00:00:00:01 is gone"), "%s", s.remark);
}

Test(executor_fake, an_agent_that_is_silent_afterwards_is_said) {
        MigrationStatus s;

        fake.xml = "<domain type='kvm'><devices><channel type='unix'><target type='virtio' "
                   "name='org.qemu.guest_agent.0' state='connected'/></channel></devices></domain>";
        s = run(fake_request());
        ends(s, MIGRATION_DONE, "");
        cr_assert_str_eq("the guest agent answered before, and does not answer now", s.remark);
        fake_begin();
        fake.xml = "<domain type='kvm'><devices><channel type='unix'><target type='virtio' "
                   "name='org.qemu.guest_agent.0' state='connected'/></channel></devices></domain>";
        fake.hosts[1].agent = true;
        cr_assert_str_eq("", run(fake_request()).remark);
}

Test(executor_fake, one_that_will_not_start_with_its_host_any_more_is_said_with_why) {
        MigrationStatus s;

        fake.hosts[0].persistent = fake.hosts[0].autostart = true;
        fake.hosts[1].autostart_fails = true;
        s = run(fake_request());
        ends(s, MIGRATION_DONE, "");
        cr_assert_str_eq("it no longer starts with its host (autostart): cannot create autostart link",
                         s.remark);
}

/* ---- its share of the link ---- */

/* It runs with so much; then it is told to take more. */
static MigrationStatus run_limited(MigrationRequest r, int64_t then_mib_s) {
        MigrationStatus s = { 0 };
        bool told = false;
        uint32_t id;

        r.manner.bandwidth_kbit = 5 * KBIT_A_MIB;
        cr_assert_eq(0, executor.start(executor.self, &r, &id));
        for (executor.poll(executor.self, id, &s); !migration_has_ended(s.phase);
             executor.poll(executor.self, id, &s)) {
                if (s.bytes_total > 0 && !told) {
                        cr_assert_eq(5, s.cap_mib_s);
                        executor.limit(executor.self, id, then_mib_s);
                        told = true;
                }
                executor.wait(executor.self, 20 * USEC_PER_MSEC);
        }
        executor.forget(executor.self, id);
        return s;
}

Test(executor_fake, one_that_runs_is_given_another_share) {
        fake.takes = 800 * USEC_PER_MSEC;
        ends(run_limited(fake_request(), 11), MIGRATION_DONE, "");
        cr_assert_not_null(strstr(fake.params, "bandwidth=5 "), "%s", fake.params);
        cr_assert_eq(1, fake.n_speeds);
        cr_assert_eq(11, fake.speeds[0]);
}

Test(executor_fake, one_that_stays_has_its_own_limit_again) {
        fake.takes = 800 * USEC_PER_MSEC;
        fake.end = FAKE_FAILS;
        ends(run_limited(fake_request(), 11), MIGRATION_FAILED, "connection reset");
        cr_assert_eq(2, fake.n_speeds);
        cr_assert_eq(1000000, fake.speed);
}

/* ---- its end ---- */

/* Nothing of ours runs on when the program ends: it is told to stop, and waited for. */
Test(executor_fake, who_frees_it_stops_what_runs_and_waits_for_that) {
        MigrationRequest r = fake_request();
        uint32_t id;

        fake.end = FAKE_HANGS;
        cr_assert_eq(0, executor.start(executor.self, &r, &id));
        for (int i = 0; i < 500 && fake.migrations == 0; i++)
                clock_sleep(10 * USEC_PER_MSEC);
        cr_assert_eq(1, fake.migrations);
        executor.free(executor.self);
        cr_assert_eq(1, fake.aborts);
        cr_assert_eq(1, fake.migrations_over);
        cr_assert_eq(0, executor_libvirt_open(quick, &executor));
}

/* ---- of a migration that its leader left behind ---- */

#define MIB_S_MOST (INT64_MAX >> 20)

static int set_speed(const char *uri, int64_t mib_s) {
        return domain_speed_set((LibvirtAt){ uri, NULL }, FAKE_UUID, USEC_PER_SEC, mib_s);
}

Test(executor_fake, what_a_dead_leader_left_slow_is_given_more) {
        fake.hosts[0].operation = VIR_DOMAIN_JOB_OPERATION_MIGRATION_OUT;
        fake.speed = fake.speed_post_copy = 1;
        cr_assert_eq(0, set_speed("fake://h1", 40));
        cr_assert_eq(40, fake.speed);
        cr_assert_eq(40, fake.speed_post_copy, "once it is switched over it has as much");
        cr_assert_eq(0, set_speed("fake://h1", 0));
        cr_assert_eq(MIB_S_MOST, fake.speed, "what libvirt has for one that nobody limited");
        fake.no_speed = true;
        cr_assert_eq(-EIO, set_speed("fake://h1", 0));
}

Test(executor_fake, a_vm_that_does_not_leave_keeps_its_own_limit) {
        static const int others[] = { VIR_DOMAIN_JOB_OPERATION_UNKNOWN, VIR_DOMAIN_JOB_OPERATION_MIGRATION_IN,
                                      VIR_DOMAIN_JOB_OPERATION_DUMP, VIR_DOMAIN_JOB_OPERATION_BACKUP };

        for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
                fake.hosts[0].operation = others[i];
                cr_assert_eq(1, set_speed("fake://h1", 40));
        }
        cr_assert_eq(1, set_speed("fake://h2", 40), "it is not there");
        cr_assert_eq(0, fake.n_speeds);
        cr_assert_eq(0, fake.speed_post_copy);
        fake.hosts[1].refuses = fake.hosts[0].broken = true;
        cr_assert_eq(-EHOSTUNREACH, set_speed("fake://h2", 40));
        cr_assert_eq(-EIO, set_speed("fake://h1", 40));
}

/* One after the other: as often as it is asked. */
Test(executor_fake, who_cannot_wait_has_it_done_aside) {
        fake.hosts[0].operation = VIR_DOMAIN_JOB_OPERATION_MIGRATION_OUT;
        for (unsigned n = 1; n <= 3 * DOMAIN_SPEED_THREADS; n++) {
                domain_speed_set_aside((LibvirtAt){ "fake://h1", NULL }, FAKE_UUID, USEC_PER_SEC, n);
                for (int i = 0; i < 500 && fake.speed != n; i++)
                        clock_sleep(10 * USEC_PER_MSEC);
                cr_assert(fake.speed == n, "%u", n);
        }
}

Test(executor_fake, another_machine_is_left_alone_aside_as_well) {
        fake.hosts[0].operation = VIR_DOMAIN_JOB_OPERATION_MIGRATION_OUT;
        domain_speed_set_aside((LibvirtAt){ "fake://h1", "11111111-2222-3333-4444-555555555555" }, FAKE_UUID,
                               USEC_PER_SEC, 7);
        domain_speed_set_aside((LibvirtAt){ "fake://h1", FAKE_MACHINE }, FAKE_UUID, USEC_PER_SEC, 40);
        for (int i = 0; i < 500 && (fake.speed != 40 || i < 20); i++) /* some more, for the other one */
                clock_sleep(10 * USEC_PER_MSEC);
        cr_assert(fake.speed == 40 && fake.n_speeds == 1, "nothing was said to the other one");
}

Test(executor_fake, hosts_that_hang_hold_no_more_threads_than_some) {
        const usec_t begun = clock_monotonic();

        fake.hosts[0].hangs = true;
        for (int i = 0; i < 10 * DOMAIN_SPEED_THREADS; i++)
                domain_speed_set_aside((LibvirtAt){ "fake://h1", NULL }, FAKE_UUID, USEC_PER_SEC, 40);
        cr_assert_lt(clock_monotonic() - begun, USEC_PER_SEC, "nobody waits for them");
        cr_assert_leq(fake_waiting(), DOMAIN_SPEED_THREADS);
        fake.hosts[0].hangs = false;
}
