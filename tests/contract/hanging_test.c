/* SPDX-License-Identifier: Apache-2.0 */
/* Every collector of collectors.def on input that hangs: nothing it is asked for holds up another one, past
 * its limit it counts as failed, and once what hung lets go it is read again. What hangs: in a copy of each
 * tree of tests/fixtures every file is a FIFO nobody writes to, which open() waits for as it waits for a
 * device in the kernel, and every tool sleeps; for collectors that need libvirt, a daemon that accepts no
 * connection. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "collectors/run/collector_run.h"
#include "collectors/run/libvirt_worker.h"

#define FIXTURES SOURCE_DIR "/tests/fixtures"
#define SLEEPER  FIXTURES "/host-tools-hang/usr/sbin/smartctl"
#define PATIENCE (5 * USEC_PER_MSEC)
#define FIFOS    256

/* ---- one that is well, after the one that is tried ---- */
static int probe_open(void *state, const CollectorEnv *env) {
        (void) state, (void) env;
        return 0;
}

static int probe_read(void *state, const CollectorEnv *env, usec_t now, SampleSink *sink) {
        (void) state, (void) env, (void) now;
        return emit_number(sink, METRIC_HOST_DAEMON, "", 1);
}

static void probe_close(void *state) {
        (void) state;
}

static const Collector probe = {
        .name = "probe", .runs = RUNS_ON_HOST, .open = probe_open, .read = probe_read, .close = probe_close
};

static bool all_wanted(const Collector *c, const void *arg) {
        (void) c, (void) arg;
        return true;
}

/* ---- the copy ---- */
static char from[512], to[512], fifos[FIFOS][1024];
static unsigned n_fifos;

static int entry_copy(const char *path, const struct stat *st, int type, struct FTW *at) {
        char copy[1024], target[1024];
        ssize_t n;

        (void) at;
        cr_assert_lt((size_t) snprintf(copy, sizeof(copy), "%s%s", to, path + strlen(from)), sizeof(copy));
        if (type == FTW_D)
                return path[strlen(from)] == '\0' ? 0 : mkdir(copy, 0700);
        if (type == FTW_SL || type == FTW_SLN) {
                n = readlink(path, target, sizeof(target) - 1);
                cr_assert_gt(n, 0);
                target[n] = '\0';
                return symlink(target, copy);
        }
        if (st->st_mode & S_IXUSR)
                return symlink(SLEEPER, copy);
        cr_assert_lt(n_fifos, FIFOS);
        memcpy(fifos[n_fifos++], copy, sizeof(copy));
        return mkfifo(copy, 0600);
}

static int entry_remove(const char *path, const struct stat *st, int type, struct FTW *at) {
        (void) st, (void) type, (void) at;
        return remove(path);
}

static void tree_make(const char *fixture) {
        n_fifos = 0;
        (void) snprintf(from, sizeof(from), "%s/%s", FIXTURES, fixture);
        /* thousands of files come and go: in memory, where there is such a place */
        (void) snprintf(to, sizeof(to), "%s/hanging.XXXXXX",
                        access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
        cr_assert_not_null(mkdtemp(to));
        cr_assert_eq(nftw(from, entry_copy, 8, FTW_PHYS), 0, "%s: %s", fixture, strerror(errno));
}

/* What hangs lets go: each file ends, and no other can be opened. */
static void tree_release(void) {
        int fds[FIFOS];

        for (unsigned i = 0; i < n_fifos; i++)
                fds[i] = open(fifos[i], O_RDWR | O_NONBLOCK | O_CLOEXEC);
        cr_assert_eq(nftw(to, entry_remove, 8, FTW_PHYS | FTW_DEPTH), 0);
        for (unsigned i = 0; i < n_fifos; i++)
                (void) close(fds[i]);
}

/* ---- the trial ---- */
/* A collector was started after the one under trial, and told what it knows. */
static void probe_is_read(RunSet *set, const CollectorEnv *env) {
        while (set->runs[1].section.n_samples == 0) /* at once, but on a machine that is very busy */
                run_set_read(set, env, clock_monotonic());
        cr_assert_eq(set->runs[1].section.error, 0);
        set->runs[1].section.n_samples = 0;
}

/* How it may behave then: it hangs, and is said to have failed; it fails; it waits for its tool; it is not
 * possible here; or it reads what never waits. */
static bool tree_try(const Collector *c, const char *fixture) {
        Collector quick = *c;
        const Collector *const both[] = { &quick, &probe };
        const RunChoice choice = { .all = { both, 2 }, .wanted = all_wanted, .patience = PATIENCE };
        CollectorEnv env = { .root = to, .self = "h" };
        const CollectorRun *run;
        bool hung;
        RunSet set;

        quick.limit = 1;
        tree_make(fixture);
        cr_assert_eq(run_set_open(&set, &choice, &env), 0);
        run = &set.runs[0];
        probe_is_read(&set, &env);
        probe_is_read(&set, &env);
        hung = run->busy;
        if (hung) {
                cr_assert(run->hangs);
                cr_assert_eq(run->section.error, ETIMEDOUT, "%s on %s", c->name, fixture);
                cr_assert_not(run_set_waits(&set), "nobody waits for what hangs");
        }
        if (hung && run_set_close(&set)) { /* what it may still write to stays: it was slow, and has ended */
                tree_release();
                return false;
        }
        tree_release();
        while (run_set_is_busy(&set, &quick))
                run_set_read(&set, &env, clock_monotonic());
        cr_assert(run->absent || run->section.error != ETIMEDOUT || !hung, "it came back");
        cr_assert(run_set_close(&set));
        return hung;
}

static void trees_try(const Collector *c) {
        /* These read no file that can hold them up: sockets and descriptors that never wait, and tools. */
        static const char *const never[] = { "peers", "lldp", "smart",     "megaraid", "hpraid",
                                             "zfs",   "kmsg", "multipath", "exec",     "faults_d" };
        DIR *dir = opendir(FIXTURES);
        bool may_hang = true;
        unsigned hung = 0;

        cr_assert_not_null(dir);
        for (struct dirent *e; (e = readdir(dir));)
                if (strncmp(e->d_name, "host-", 5) == 0)
                        hung += tree_try(c, e->d_name);
        (void) closedir(dir);
        for (size_t i = 0; i < ARRAY_SIZE(never); i++)
                may_hang &= strcmp(never[i], c->name) != 0;
        if (may_hang)
                cr_assert_gt(hung, 0, "no tree has a file of %s: add one", c->name);
}

/* ---- those that need libvirt ---- */
/* A socket that is listened at, and nobody takes the connections. */
static int mute_daemon(char *path, size_t size) {
        struct sockaddr_un at = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        (void) snprintf(path, size, "/tmp/hanging.%d.sock", (int) getpid());
        (void) unlink(path);
        (void) snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
        cr_assert_geq(fd, 0);
        cr_assert_eq(bind(fd, (const struct sockaddr *) &at, sizeof(at)), 0);
        cr_assert_eq(listen(fd, 8), 0);
        return fd;
}

static void libvirt_try(const Collector *c) {
        char path[64], uri[128];
        LibvirtWorkerOptions o = { .uri = uri, .root = "", .only = c->name, .runs = RUNS_ON_HOST };
        int daemon = mute_daemon(path, sizeof(path));
        LibvirtWorkerState state;
        LibvirtWorker *worker;
        Arena a;

        if (!(c->runs & RUNS_ON_HOST)) {
                o.runs = RUNS_REMOTE;
                o.root = NULL;
        }
        (void) snprintf(uri, sizeof(uri), "qemu+unix:///system?socket=%s", path);
        cr_assert_eq(arena_open(1 << 20, &a), 0);
        cr_assert_eq(libvirt_worker_new(&o, &worker), 0);
        libvirt_worker_start(worker);
        cr_assert_not(libvirt_worker_wait(worker, clock_monotonic() + PATIENCE));
        cr_assert_eq(libvirt_worker_state(worker, &a, 1, &state), 0);
        cr_assert_eq(state.error, ETIMEDOUT);
        cr_assert_eq(state.n_sections, 2);
        cr_assert_str_eq(state.sections[0].collector, c->name);
        cr_assert_eq(state.sections[0].error, ETIMEDOUT);
        cr_assert_eq(state.sections[1].samples[0].metric, METRIC_HOST_DAEMON);
        cr_assert_eq(state.sections[1].samples[0].number, 0);
        (void) close(daemon);
        while (!libvirt_worker_wait(worker, clock_monotonic() + USEC_PER_SEC))
                ;
        worker = libvirt_worker_free(worker);
        (void) unlink(path);
        arena_close(&a);
}

/* A parameter is an index: Criterion runs each test in a fresh process. */
ParameterizedTestParameters(collector, that_hangs_holds_up_no_other) {
        uint32_t n = collectors_all().n;
        uint32_t *all = cr_malloc(n * sizeof(uint32_t));

        for (uint32_t i = 0; i < n; i++)
                all[i] = i;
        return cr_make_param_array(uint32_t, all, n);
}

ParameterizedTest(uint32_t *param, collector, that_hangs_holds_up_no_other) {
        const Collector *c = collectors_all().collectors[*param];

        if (c->runs & RUNS_REMOTE)
                libvirt_try(c);
        else
                trees_try(c);
}
