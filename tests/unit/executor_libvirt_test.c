/* SPDX-License-Identifier: Apache-2.0 */
/* The libvirt executor against libvirt's test driver and against servers that do not answer. Real migrations
 * are in tests/integration/lab_migrate_test.sh. */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "scheduler/act/libvirt/executor_libvirt.h"
#include "scheduler/act/run_waves.h"

static const ExecutorLibvirtOptions quick = { .connect_at_most = 300 * USEC_PER_MSEC,
                                              .verify_at_most = 300 * USEC_PER_MSEC,
                                              .give_up = 2 * USEC_PER_SEC };

/* A host of the test driver's with no VM. */
static const char *empty_host(char *uri, size_t size) {
        char path[] = "/tmp/executor_libvirt_test.XXXXXX";
        int fd = mkstemp(path);

        cr_assert_geq(fd, 0);
        cr_assert_gt(dprintf(fd, "<node><cpu><mhz>2000</mhz></cpu><memory>1048576</memory></node>"), 0);
        close(fd);
        (void) snprintf(uri, size, "test://%s", path);
        return uri;
}

static MigrationStatus run(const char *vm, const char *from_uri, const char *to_uri) {
        const MoveOrder order = {
                .vm = vm, .from = "h1", .to = "h2", .from_uri = from_uri, .to_uri = to_uri
        };
        const MigrationRequest r = { .order = &order };
        MigrationStatus s;
        Executor e;
        uint32_t id;

        cr_assert_eq(0, executor_libvirt_open(quick, &e));
        cr_assert_eq(0, e.start(e.self, &r, &id));
        for (e.poll(e.self, id, &s); !migration_has_ended(s.phase); e.poll(e.self, id, &s))
                e.wait(e.self, USEC_PER_SEC);
        e.forget(e.self, id);
        e.free(e.self);
        return s;
}

static void begins(const MigrationStatus *s, const char *text) {
        cr_assert_eq(0, strncmp(s->message, text, strlen(text)), "%s", s->message);
}

Test(executor_libvirt, a_vm_that_is_gone_is_not_started) {
        MigrationStatus s = run("nobody", "test:///default", "test:///default");

        cr_assert_eq(s.phase, MIGRATION_FOREIGN);
        begins(&s, "not started: h1 does not have it: ");
}

Test(executor_libvirt, a_target_that_has_it_is_left_alone) {
        MigrationStatus s = run("test", "test:///default", "test:///default");

        cr_assert_eq(s.phase, MIGRATION_FOREIGN);
        begins(&s, "not started: h2 already has it: running");
}

Test(executor_libvirt, a_target_that_refuses_connections_is_said) {
        MigrationStatus s = run("test", "test:///default", "qemu+tcp://127.0.0.1:1/system");

        cr_assert_eq(s.phase, MIGRATION_FAILED);
        begins(&s, "not started: h2 cannot be queried: ");
}

Test(executor_libvirt, what_libvirt_refuses_is_passed_on_and_the_source_is_seen_running) {
        char uri[128];
        MigrationStatus s = run("test", "test:///default", empty_host(uri, sizeof(uri)));

        unlink(uri + strlen("test://"));
        cr_assert_eq(s.phase, MIGRATION_FAILED, "%s: %s", migration_phase_names[s.phase], s.message);
        cr_assert_neq(s.message[0], '\0');
        cr_assert_geq(s.ended, s.started);
}

/* A server that takes connections and never says a word. Returns its socket. */
static int mute_server(char *uri, size_t size) {
        struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        socklen_t n = sizeof(a);
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        cr_assert_eq(0, bind(fd, (struct sockaddr *) &a, sizeof(a)));
        cr_assert_eq(0, listen(fd, 4));
        cr_assert_eq(0, getsockname(fd, (struct sockaddr *) &a, &n));
        (void) snprintf(uri, size, "qemu+tcp://127.0.0.1:%d/system", ntohs(a.sin_port));
        return fd;
}

Test(executor_libvirt, a_daemon_that_never_answers_is_given_up) {
        MigrationStatus s;
        char uri[64];
        int fd = mute_server(uri, sizeof(uri));

        s = run("test", "test:///default", uri);
        cr_assert_eq(s.phase, MIGRATION_FAILED);
        begins(&s, "not started: h2 cannot be queried: no answer within 0.3 s");
        s = run("test", uri, "test:///default");
        cr_assert_eq(s.phase, MIGRATION_FAILED);
        begins(&s, "not started: h1 cannot be queried: no answer within 0.3 s");
        close(fd);
}

Test(executor_libvirt, what_was_given_up_stays_so_when_its_threads_come_back) {
        ExecutorLibvirtOptions o = { .connect_at_most = USEC_PER_SEC,
                                     .verify_at_most = USEC_PER_SEC,
                                     .give_up = 100 * USEC_PER_MSEC };
        char uri[64];
        int fd = mute_server(uri, sizeof(uri));
        const MoveOrder order = {
                .vm = "test", .from = "h1", .to = "h2", .from_uri = uri, .to_uri = "test:///default"
        };
        const MigrationRequest r = { .order = &order };
        usec_t end = clock_monotonic() + USEC_PER_SEC + 500 * USEC_PER_MSEC;
        MigrationStatus s;
        Executor e;
        uint32_t id;

        cr_assert_eq(0, executor_libvirt_open(o, &e));
        cr_assert_eq(0, e.start(e.self, &r, &id));
        e.abort(e.self, id);
        for (e.poll(e.self, id, &s); !migration_has_ended(s.phase); e.poll(e.self, id, &s))
                e.wait(e.self, 10 * USEC_PER_MSEC);
        cr_assert_eq(s.phase, MIGRATION_ABORTED);
        begins(&s, "not started: stopped while the hosts did not answer");
        while (clock_monotonic() < end)
                e.wait(e.self, 100 * USEC_PER_MSEC);
        e.poll(e.self, id, &s);
        cr_assert_eq(s.phase, MIGRATION_ABORTED);
        begins(&s, "not started: stopped while the hosts did not answer");
        e.free(e.self);
        close(fd);
}

static StopRequest once_it_is_queued(void *arg) {
        int *asked = arg;

        return (*asked)++ < 3 ? STOP_NONE : STOP_DRAIN;
}

/* Who is told to stop does not wait for hosts that do not answer: it has begun nothing there. */
Test(executor_libvirt, a_run_that_is_told_to_stop_drops_what_waits_for_hosts_that_hang) {
        ExecutorLibvirtOptions o = { .connect_at_most = 20 * USEC_PER_SEC, .verify_at_most = USEC_PER_SEC };
        char uri[64];
        int fd = mute_server(uri, sizeof(uri)), asked = 0;
        const MoveOrder order = {
                .vm = "test", .from = "h1", .to = "h2", .from_uri = uri, .to_uri = "test:///default"
        };
        const RunMove move = { .request = { .order = &order } };
        const RunHooks hooks = { .arg = &asked, .stop_request = once_it_is_queued };
        const usec_t begun = clock_monotonic();
        MoveOutcome outcome;
        Executor e;

        cr_assert_eq(0, executor_libvirt_open(o, &e));
        cr_assert_geq(run_waves(&e, &move, 1, (RunOptions){ 0 }, hooks, &outcome), 0);
        e.free(e.self);
        cr_assert_eq(outcome.end, MOVE_ABORTED, "%s", outcome.why);
        cr_assert(strstr(outcome.why, "not started: stopped while the hosts did not answer"), "%s",
                  outcome.why);
        cr_assert_lt(clock_monotonic() - begun, 15 * USEC_PER_SEC, "not as long as it waits for the host");
        close(fd);
}

Test(executor_libvirt, free_ends_what_was_never_polled) {
        const MoveOrder order = { .vm = "test",
                                  .from = "h1",
                                  .to = "h2",
                                  .from_uri = "test:///default",
                                  .to_uri = "qemu+tcp://127.0.0.1:1/system" };
        const MigrationRequest r = { .order = &order };
        Executor e;
        uint32_t a, b;

        cr_assert_eq(0, executor_libvirt_open(quick, &e));
        cr_assert_eq(0, e.start(e.self, &r, &a));
        cr_assert_eq(0, e.start(e.self, &r, &b));
        cr_assert_neq(a, b);
        e.abort(e.self, a);
        e.free(e.self);
}
