/* SPDX-License-Identifier: Apache-2.0 */
/* bench_ingest: what many agents cost one Redis.
 *
 *   bench_ingest [--hosts N] [--vms N] [--interval S] [--seconds S] [--connections N] [--tcp PORT]
 *                [--reads N]
 *
 * Starts a redis-server of its own (no persistence; a unix socket, or TCP on 127.0.0.1) and plays N agents,
 * each on its own connection: every agent writes its report (64 CPUs, 2 NICs, `vms` VMs, in the agents' own
 * format) and its pulse once an interval, evenly spread. Prints rate, sizes, the server's CPU and memory, the
 * delay of a write, and the time to make a snapshot of all there is, as the service does. Exit 0; 1 when a
 * report was lost or late by an interval, or the snapshot took more than 2 s.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scheduler/app/facts/source.h"
#include "scheduler/app/settings/app_settings.h"
#include "scheduler/snapshot/wire/pulse.h"
#include "scheduler/snapshot/wire/sample_wire.h"
#include "scheduler/store/store.h"

#define SNAPSHOT_MOST (2 * USEC_PER_SEC)

typedef struct Bench {
        int hosts, vms, interval, seconds, connections, port, reads;
        char dir[64], url[128], socket[96];
        pid_t server;
        Store **stores; /* one a connection */
        Arena arena;
        usec_t *delays; /* of each write */
        uint32_t n_delays, n_failed;
        usec_t latest; /* the worst start after its time */
        uint64_t bytes;
} Bench;

static void die(const char *what) {
        (void) fprintf(stderr, "bench_ingest: %s\n", what);
        exit(2);
}

/* ---- the server ---- */

static void server_start(Bench *b) {
        char port[12], clients[12];

        (void) snprintf(b->dir, sizeof(b->dir), "/tmp/bench_ingest.XXXXXX");
        if (!mkdtemp(b->dir))
                die("cannot make a directory in /tmp");
        (void) snprintf(b->socket, sizeof(b->socket), "%s/redis.sock", b->dir);
        if (b->port)
                (void) snprintf(b->url, sizeof(b->url), "redis://127.0.0.1:%d", b->port);
        else
                (void) snprintf(b->url, sizeof(b->url), "unix://%s", b->socket);
        (void) snprintf(port, sizeof(port), "%d", b->port);
        (void) snprintf(clients, sizeof(clients), "%d", b->connections + 16);
        b->server = fork();
        if (b->server == 0) {
                int null = open("/dev/null", O_RDWR | O_CLOEXEC);

                (void) dup2(null, STDOUT_FILENO);
                (void) execlp("redis-server", "redis-server", "--bind", "127.0.0.1", "--port", port,
                              "--unixsocket", b->socket, "--dir", b->dir, "--save", "", "--maxclients",
                              clients, (char *) NULL);
                _exit(127);
        }
        if (b->server < 0)
                die("cannot fork");
}

static void server_end(Bench *b) {
        (void) kill(b->server, SIGTERM);
        (void) waitpid(b->server, NULL, 0);
        (void) unlink(b->socket);
        (void) rmdir(b->dir);
}

/* User and system time of the server so far, and its resident memory. */
static usec_t server_cpu(const Bench *b, long *ret_mib) {
        unsigned long user = 0, system = 0;
        char path[64], line[1024] = "";
        const char *rest;
        long rss = 0;
        FILE *f;

        (void) snprintf(path, sizeof(path), "/proc/%d/stat", (int) b->server);
        f = fopen(path, "re");
        if (!f || !fgets(line, sizeof(line), f))
                die("the redis-server has gone");
        (void) fclose(f);
        rest = strrchr(line, ')');
        if (!rest ||
            sscanf(rest + 1, /* NOLINT(cert-err34-c): the kernel's own numbers */
                   " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %*d %*d %*d %*d %*d %*d %*u %*u %ld",
                   &user, &system, &rss) != 3)
                die("cannot read the server's /proc/PID/stat");
        *ret_mib = rss * (sysconf(_SC_PAGESIZE) / 1024) / 1024;
        return (usec_t) (user + system) * USEC_PER_SEC / sysconf(_SC_CLK_TCK);
}

/* ---- the agents ---- */

#define SECTIONS_MAX 8

typedef struct Samples {
        Sample *list;
        uint32_t n;
        Section sections[SECTIONS_MAX];
        uint32_t n_sections;
        usec_t now;
        Arena *arena;
        unsigned noise;
} Samples;

static void begin(Samples *s, const char *collector) {
        s->sections[s->n_sections++] =
                (Section){ .collector = collector, .read_at = s->now, .samples = s->list + s->n };
}

static void add(Samples *s, Sample sample) {
        s->list[s->n++] = sample;
        s->sections[s->n_sections - 1].n_samples++;
}

static void add_number(Samples *s, Metric metric, const char *subject, int64_t range) {
        s->noise = s->noise * 1103515245 + 12345;
        add(s, (Sample){ .metric = metric, .subject = subject, .number = s->noise % range });
}

static void add_fixed(Samples *s, Metric metric, const char *subject, int64_t number) {
        add(s, (Sample){ .metric = metric, .subject = subject, .number = number });
}

static void add_text(Samples *s, Metric metric, const char *subject, const char *text) {
        add(s, (Sample){ .metric = metric, .subject = subject, .text = text });
}

static void add_vm(Samples *s, const char *vm, int host, int i) {
        static const Metric numbers[] = { METRIC_VM_LOCAL_DISK, METRIC_VM_CPU_DELAY,   METRIC_VM_MEMORY_RSS,
                                          METRIC_VM_RX,         METRIC_VM_TX,          METRIC_VM_DISK,
                                          METRIC_VM_DIRTY,      METRIC_VM_DIRTY_BURST, METRIC_VM_CPU,
                                          METRIC_VM_MEMORY_USED };
        char *uuid = text_format(s->arena, "4dea22b3-1d52-d8f3-2516-%06d%06d", host, i);

        if (!uuid)
                die("no memory");
        add_text(s, METRIC_VM_UUID, vm, uuid);
        add_text(s, METRIC_VM_STATE, vm, "running");
        add_fixed(s, METRIC_VM_VCPUS, vm, 4);
        add_fixed(s, METRIC_VM_MEMORY, vm, 8192);
        for (size_t k = 0; k < ARRAY_SIZE(numbers); k++)
                add_number(s, numbers[k], vm, 1000);
        add_text(s, METRIC_VM_NETWORKS, vm, "br-prod,br-storage");
        add_text(s, METRIC_VM_POOLS, vm, "rbd:ssd");
        add_text(s, METRIC_VM_DEVICES, vm, "none");
        add_text(s, METRIC_VM_CPU_MODEL, vm, "EPYC-Rome");
        add_text(s, METRIC_VM_ARCH, vm, "x86_64");
        add_text(s, METRIC_VM_MACHINE, vm, "pc-q35-7.2");
        add_text(s, METRIC_VM_EMULATOR, vm, "/usr/bin/qemu-system-x86_64");
}

static void add_load(Samples *s) {
        static const char *const cpus[] = { "0",  "1",  "2",  "3",  "4",  "5",  "6",  "7",  "8",  "9",  "10",
                                            "11", "12", "13", "14", "15", "16", "17", "18", "19", "20", "21",
                                            "22", "23", "24", "25", "26", "27", "28", "29", "30", "31" };
        static const char *const nics[] = { "enp1s0f0", "enp1s0f1" };

        begin(s, "cpu");
        add_fixed(s, METRIC_HOST_CPUS, "", 64);
        add_number(s, METRIC_HOST_CPU_BUSY, "", 64000);
        add_number(s, METRIC_HOST_CPU_PRESSURE, "", 1000);
        for (size_t i = 0; i < ARRAY_SIZE(cpus); i++)
                add_number(s, METRIC_CPU_BUSY, cpus[i], 1000);
        begin(s, "memory");
        add_fixed(s, METRIC_HOST_MEMORY_TOTAL, "", 524288);
        add_number(s, METRIC_HOST_MEMORY_AVAILABLE, "", 524288);
        add_number(s, METRIC_HOST_MEMORY_PRESSURE, "", 1000);
        begin(s, "nic");
        for (size_t i = 0; i < ARRAY_SIZE(nics); i++)
                for (Metric m = METRIC_NIC_SPEED; m <= METRIC_NIC_FLAPS; m++)
                        add_fixed(s, m, nics[i], m == METRIC_NIC_SPEED ? 25000 : 1);
        begin(s, "smart");
        add_text(s, METRIC_DISK_HEALTH, "nvme0n1", "passed");
        add_fixed(s, METRIC_DISK_MEDIA_ERRORS, "nvme0n1", 0);
        add_fixed(s, METRIC_DISK_WEAR, "nvme0n1", 3);
        begin(s, "libvirt");
        add_fixed(s, METRIC_HOST_DAEMON, "", 1);
}

static void add_host(Samples *s, int host, int vms) {
        static const char machines[] =
                "pc,pc-i440fx-5.2,pc-i440fx-6.0,pc-i440fx-6.1,pc-i440fx-6.2,pc-i440fx-7.0,"
                "pc-i440fx-7.1,pc-i440fx-7.2,pc-q35-5.2,pc-q35-6.0,pc-q35-6.1,pc-q35-6.2,"
                "pc-q35-7.0,pc-q35-7.1,pc-q35-7.2,q35";
        char *uuid = text_format(s->arena, "77000000-0000-4000-8000-%012d", host);

        if (!uuid)
                die("no memory");
        add_load(s);
        begin(s, "host");
        add_text(s, METRIC_HOST_UUID, "", uuid);
        add_text(s, METRIC_HOST_ARCH, "", "x86_64");
        add_text(s, METRIC_HOST_CPU_MODEL, "", "EPYC-Rome");
        add_text(s, METRIC_HOST_MACHINES, "", machines);
        add_text(s, METRIC_HOST_EMULATORS, "", "/usr/bin/qemu-system-x86_64");
        add_text(s, METRIC_HOST_NETWORKS, "", "br-prod,br-storage");
        add_text(s, METRIC_HOST_POOLS, "", "rbd:ssd");
        begin(s, "vms");
        for (int i = 0; i < vms; i++) {
                char *vm = text_format(s->arena, "vm-%05d-%02d", host, i);

                if (!vm)
                        die("no memory");
                add_vm(s, vm, host, i);
        }
}

static void agent_report(Bench *b, int host, uint64_t sequence, const char **ret, size_t *ret_n,
                         Pulse *ret_pulse) {
        Samples s = { .arena = &b->arena, .noise = (unsigned) host, .now = clock_now() };
        Report report = { .sent_at = s.now, .sequence = sequence, .interval = b->interval * USEC_PER_SEC };

        s.list = arena_new(&b->arena, Sample, 200 + 32 * (size_t) b->vms);
        report.host = text_format(&b->arena, "host-%05d", host);
        if (!s.list || !report.host)
                die("no memory");
        add_host(&s, host, b->vms);
        report.sections = s.sections;
        report.n_sections = s.n_sections;
        if (report_print(&b->arena, &report, ret, ret_n) < 0)
                die("no memory");
        pulse_of_report(&report, ret_pulse);
}

static void agent_write(Bench *b, int host, uint64_t sequence) {
        ArenaMark mark = arena_mark(&b->arena);
        Store *s = b->stores[host % b->connections];
        usec_t before;
        const char *text;
        char name[32], numbers[PULSE_SIZE];
        Pulse pulse;
        size_t n;

        agent_report(b, host, sequence, &text, &n, &pulse);
        (void) snprintf(name, sizeof(name), "host-%05d", host);
        before = clock_monotonic();
        if ((store_put_report(s, name, text, n, 600 * USEC_PER_SEC) < 0 ||
             store_put_pulse(s, name, numbers, pulse_print(&pulse, numbers)) < 0) &&
            b->n_failed++ == 0)
                (void) fprintf(stderr, "%s\n", store_error(s));
        b->delays[b->n_delays++] = clock_monotonic() - before;
        b->bytes += n;
        arena_rewind(&b->arena, mark);
}

static void agents_run(Bench *b, uint32_t writes) {
        usec_t start = clock_monotonic();

        for (uint32_t i = 0; i < writes; i++) {
                usec_t due = start + (usec_t) i * b->interval * USEC_PER_SEC / b->hosts;
                usec_t now = clock_monotonic();

                if (now < due)
                        clock_sleep(due - now);
                else if (now - due > b->latest)
                        b->latest = now - due;
                agent_write(b, (int) (i % (uint32_t) b->hosts), i / (uint32_t) b->hosts);
        }
}

/* ---- what is printed ---- */

static int delay_compare(const void *x, const void *y) {
        const usec_t *a = x, *b = y;

        return (*a > *b) - (*a < *b);
}

/* As "plimsoll snapshot" and the service read them: all that Redis knows becomes a Snapshot. */
static bool read_back(Bench *b) {
        ArenaMark mark = arena_mark(&b->arena);
        Source *source = NULL;
        const Snapshot *s = NULL;
        Settings *settings = NULL;
        TextFault fault = { 0 };
        usec_t before = clock_monotonic(), took;
        uint32_t fenced = 0;
        bool all;

        if (app_settings_new(&b->arena, &settings) < 0 ||
            source_open_store(b->stores[0], "bench", &source) < 0)
                die("no memory");
        if (source_read(source, &b->arena, settings, &s, &fault) < 0)
                die(fault.what);
        took = clock_monotonic() - before;
        for (HostIx h = 0; h < s->n_hosts; h++)
                fenced += s->hosts[h].excluded != EXCLUDED_NONE;
        printf("snapshot      %u hosts (%u fenced), %u VMs from Redis in %.3f s%s\n", s->n_hosts, fenced,
               s->n_vms, (double) took / 1e6, took <= SNAPSHOT_MOST ? "" : " (more than 2 s)");
        all = s->n_hosts == (uint32_t) b->hosts && s->n_vms == (uint32_t) (b->hosts * b->vms);
        (void) source_free(source);
        arena_rewind(&b->arena, mark);
        return all && took <= SNAPSHOT_MOST;
}

/* What a leader remembers of failing devices: of one host in twenty. */
static void remember_faults(Bench *b) {
        static const char text[] =
                "{ \"schema\": \"plimsoll.faults/1\", \"devices\": [ { \"device\": \"nvme0n1\", \"serial\": "
                "\"A\", "
                "\"hazard\": \"flash-worn\", \"grade\": 1, \"why\": \"wear\", \"since\": 1, \"clean_since\": "
                "2, "
                "\"hours\": 24, \"vms\": [], \"marks\": { \"disk.wear\": [1, 2, 3, 4] } } ] }";
        char name[32], holder[64];
        uint64_t token = 0;

        if (store_lease(b->stores[0], "bench", 600 * USEC_PER_SEC, &token, holder, sizeof(holder)) != 0)
                die("no lease");
        for (int i = 0; i < b->hosts; i += 20) {
                (void) snprintf(name, sizeof(name), "host-%05d", i);
                if (store_put_fault_memory(b->stores[0], token, name, text, sizeof(text) - 1) != 0)
                        die(store_error(b->stores[0]));
        }
}

static int bench_print(Bench *b, usec_t cpu, usec_t took, long mib) {
        usec_t *d = b->delays;
        uint32_t n = b->n_delays;
        bool all = true;

        qsort(d, n, sizeof(*d), delay_compare);
        printf("agents        %d with %d VMs each, on %d connections by %s\n", b->hosts, b->vms,
               b->connections, b->port ? "TCP" : "unix socket");
        printf("written       %u reports in %.1f s: %.0f a second, %.1f MB/s, %.1f KB each\n", n,
               (double) took / 1e6, n * 1e6 / (double) took, (double) b->bytes / (double) took,
               (double) b->bytes / n / 1e3);
        printf("redis-server  %.1f %% of a core, %ld MiB resident\n", 100.0 * (double) cpu / (double) took,
               mib);
        printf("a write       median %.3f ms, 99 %% %.3f ms, worst %.3f ms; latest start %.3f s; %u failed\n",
               (double) d[n / 2] / 1e3, (double) d[n - 1 - n / 100] / 1e3, (double) d[n - 1] / 1e3,
               (double) b->latest / 1e6, b->n_failed);
        remember_faults(b);
        for (int i = 0; i < b->reads; i++) /* the first pays for fresh memory */
                all = read_back(b) && all;
        return all && b->n_failed == 0 && b->latest < b->interval * USEC_PER_SEC ? 0 : 1;
}

/* ---- setting up ---- */

static void connect_all(Bench *b) {
        StoreOptions options = { .url = b->url, .cluster = "bench", .timeout = 30 * USEC_PER_SEC };

        for (int i = 0; i < b->connections; i++) {
                const char *text;
                TextFault fault;
                size_t n;
                int k;

                if (store_open(&options, &b->stores[i], &fault) < 0)
                        die(fault.what);
                for (int tries = 0;; tries++) { /* each is connected before the clock starts */
                        k = store_get_state(b->stores[i], &b->arena, "none", &text, &n);
                        if (k >= 0)
                                break;
                        if (tries == 200)
                                die(store_error(b->stores[i]));
                        clock_sleep(20 * USEC_PER_MSEC);
                }
        }
}

static void options_read(Bench *b, int argc, char **argv) {
        static const struct option names[] = {
                { "hosts", required_argument, NULL, 'h' },       { "vms", required_argument, NULL, 'v' },
                { "interval", required_argument, NULL, 'i' },    { "seconds", required_argument, NULL, 's' },
                { "connections", required_argument, NULL, 'c' }, { "tcp", required_argument, NULL, 't' },
                { "reads", required_argument, NULL, 'r' },       { NULL, 0, NULL, 0 },
        };
        int c;

        while ((c = getopt_long(argc, argv, "", names, NULL)) != -1) {
                int *const value = c == 'h'   ? &b->hosts
                                   : c == 'v' ? &b->vms
                                   : c == 'i' ? &b->interval
                                   : c == 's' ? &b->seconds
                                   : c == 'c' ? &b->connections
                                   : c == 'r' ? &b->reads
                                              : &b->port;
                int64_t number = 0;

                if (c == '?' || text_to_int(optarg, strlen(optarg), 1, 100000, &number) < 0)
                        die("usage: bench_ingest [--hosts N] [--vms N] [--interval S] [--seconds S] "
                            "[--connections N] [--tcp PORT] [--reads N]");
                *value = (int) number;
        }
        if (b->connections == 0 || b->connections > b->hosts)
                b->connections = b->hosts;
}

/* A file descriptor a connection, on both sides. */
static void allow_connections(Bench *b) {
        struct rlimit limit;

        if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
                die("getrlimit");
        limit.rlim_cur = limit.rlim_max;
        (void) setrlimit(RLIMIT_NOFILE, &limit);
        if ((rlim_t) b->connections + 64 > limit.rlim_max)
                b->connections = (int) limit.rlim_max - 64;
}

int main(int argc, char **argv) {
        Bench b = { .hosts = 10000, .vms = 20, .interval = 10, .seconds = 20, .reads = 3 };
        usec_t cpu, start, took;
        uint32_t writes;
        long mib;
        int k;

        options_read(&b, argc, argv);
        allow_connections(&b);
        writes = (uint32_t) ((int64_t) b.hosts * b.seconds / b.interval);
        b.stores = calloc((size_t) b.connections, sizeof(Store *)); /* NOLINT(bugprone-sizeof-expression) */
        b.delays = calloc(writes, sizeof(*b.delays));
        if (!b.stores || !b.delays || writes == 0 || arena_open((size_t) 16 << 30, &b.arena) < 0)
                die("no memory, or nothing to write: --seconds is less than --interval");
        server_start(&b);
        connect_all(&b);
        cpu = server_cpu(&b, &mib);
        start = clock_monotonic();
        agents_run(&b, writes);
        took = clock_monotonic() - start;
        cpu = server_cpu(&b, &mib) - cpu;
        k = bench_print(&b, cpu, took, mib);
        for (int i = 0; i < b.connections; i++)
                (void) store_free(b.stores[i]);
        server_end(&b);
        arena_close(&b.arena);
        free((void *) b.stores);
        free(b.delays);
        return k;
}
