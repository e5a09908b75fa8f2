/* bench_ingest: what many agents cost one Redis.
 *
 *   bench_ingest [--hosts N] [--vms N] [--interval S] [--seconds S] [--connections N] [--tcp PORT]
 *
 * Starts a redis-server of its own (no persistence; a unix socket, or TCP on 127.0.0.1) and plays N agents,
 * each on its own connection: every agent writes its report (64 CPUs, 2 NICs, `vms` VMs, in the agents' own
 * format) once an interval, evenly spread. Prints rate, sizes, the server's CPU and memory, the delay of a
 * write, and the time to read all reports back and to parse them. Exit 0; 1 when a report was lost or late by
 * an interval.
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

#include "scheduler/snapshot/sample_wire.h"
#include "scheduler/store/store.h"

typedef struct Bench {
        int hosts, vms, interval, seconds, connections, port;
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

typedef struct Samples {
        Sample *list;
        uint32_t n;
        Arena *arena;
        unsigned noise;
} Samples;

static void add_number(Samples *s, Metric metric, const char *subject, int64_t range) {
        s->noise = s->noise * 1103515245 + 12345;
        s->list[s->n++] = (Sample){ .metric = metric, .subject = subject, .number = s->noise % range };
}

static void add_text(Samples *s, Metric metric, const char *subject, const char *text) {
        s->list[s->n++] = (Sample){ .metric = metric, .subject = subject, .text = text };
}

static void add_vm(Samples *s, const char *vm) {
        static const Metric numbers[] = { METRIC_VM_VCPUS,      METRIC_VM_MEMORY,    METRIC_VM_LOCAL_DISK,
                                          METRIC_VM_CPU,        METRIC_VM_CPU_DELAY, METRIC_VM_MEMORY_USED,
                                          METRIC_VM_MEMORY_RSS, METRIC_VM_RX,        METRIC_VM_TX,
                                          METRIC_VM_DISK,       METRIC_VM_DIRTY };

        add_text(s, METRIC_VM_UUID, vm, "4dea22b3-1d52-d8f3-2516-782e98ab3fa0");
        add_text(s, METRIC_VM_STATE, vm, "running");
        add_text(s, METRIC_VM_NETWORKS, vm, "br-prod,br-storage");
        add_text(s, METRIC_VM_POOLS, vm, "ceph-ssd");
        add_text(s, METRIC_VM_CPU_MODEL, vm, "EPYC-Rome");
        for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
                add_number(s, numbers[i], vm, 50000);
}

static void add_host(Samples *s, int host, int vms) {
        static const char *const cpus[] = { "0",  "1",  "2",  "3",  "4",  "5",  "6",  "7",  "8",  "9",  "10",
                                            "11", "12", "13", "14", "15", "16", "17", "18", "19", "20", "21",
                                            "22", "23", "24", "25", "26", "27", "28", "29", "30", "31" };

        for (Metric m = METRIC_HOST_CPU_BUSY; m <= METRIC_HOST_IO_PRESSURE; m++)
                if (metric_defs[m].kind == METRIC_NUMBER && m != METRIC_CPU_BUSY)
                        add_number(s, m, "", 64000);
        for (size_t i = 0; i < ARRAY_SIZE(cpus); i++)
                add_number(s, METRIC_CPU_BUSY, cpus[i], 1000);
        for (Metric m = METRIC_NIC_SPEED; m <= METRIC_NIC_CARRIER_CHANGES; m++) {
                add_number(s, m, "enp1s0f0", 10000);
                add_number(s, m, "enp1s0f1", 10000);
        }
        for (int i = 0; i < vms; i++) {
                char *vm = text_format(s->arena, "vm-%05d-%02d", host, i);

                if (!vm)
                        die("no memory");
                add_vm(s, vm);
        }
}

static void agent_report(Bench *b, int host, uint64_t sequence, const char **ret, size_t *ret_n) {
        Samples s = { .arena = &b->arena, .noise = (unsigned) host };
        usec_t now = clock_now();
        Section section = { .collector = "bench", .read_at = now };
        Report report = { .sent_at = now, .sequence = sequence, .interval = b->interval * USEC_PER_SEC };

        s.list = arena_new(&b->arena, Sample, 200 + 16 * (size_t) b->vms);
        report.host = text_format(&b->arena, "host-%05d", host);
        if (!s.list || !report.host)
                die("no memory");
        add_host(&s, host, b->vms);
        section.samples = s.list;
        section.n_samples = s.n;
        report.sections = &section;
        report.n_sections = 1;
        if (report_print(&b->arena, &report, ret, ret_n) < 0)
                die("no memory");
}

static void agent_write(Bench *b, int host, uint64_t sequence) {
        ArenaMark mark = arena_mark(&b->arena);
        Store *s = b->stores[host % b->connections];
        usec_t before;
        const char *text;
        char name[32];
        size_t n;

        agent_report(b, host, sequence, &text, &n);
        (void) snprintf(name, sizeof(name), "host-%05d", host);
        before = clock_monotonic();
        if (store_put_report(s, name, text, n, 600 * USEC_PER_SEC) < 0 && b->n_failed++ == 0)
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

static bool read_back(Bench *b) {
        ArenaMark mark = arena_mark(&b->arena);
        const char *const *members;
        uint32_t n, n_members, samples = 0;
        StoredText *texts;
        usec_t before = clock_monotonic(), read, parsed;

        if (store_get_reports(b->stores[0], &b->arena, &texts, &n, &members, &n_members) < 0) {
                (void) fprintf(stderr, "%s\n", store_error(b->stores[0]));
                return false;
        }
        read = clock_monotonic() - before;
        before = clock_monotonic();
        for (uint32_t i = 0; i < n; i++) {
                const Report *r;
                TextFault fault;

                if (report_parse(&b->arena, texts[i].text, texts[i].n, &r, &fault) < 0)
                        die(fault.what);
                samples += r->sections[0].n_samples;
        }
        parsed = clock_monotonic() - before;
        printf("read back     %u reports of %u members in %.3f s, parsed into %u samples in %.3f s\n", n,
               n_members, (double) read / 1e6, samples, (double) parsed / 1e6);
        arena_rewind(&b->arena, mark);
        return n == (uint32_t) b->hosts && n_members == n;
}

static int bench_print(Bench *b, usec_t cpu, usec_t took, long mib) {
        usec_t *d = b->delays;
        uint32_t n = b->n_delays;
        bool all;

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
        all = read_back(b);
        all = read_back(b) && all; /* again: the first paid for fresh memory */
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
                { "hosts", required_argument, NULL, 'h' },
                { "vms", required_argument, NULL, 'v' },
                { "interval", required_argument, NULL, 'i' },
                { "seconds", required_argument, NULL, 's' },
                { "connections", required_argument, NULL, 'c' },
                { "tcp", required_argument, NULL, 't' },
                { NULL, 0, NULL, 0 },
        };
        int c;

        while ((c = getopt_long(argc, argv, "", names, NULL)) != -1) {
                int *const value = c == 'h'   ? &b->hosts
                                   : c == 'v' ? &b->vms
                                   : c == 'i' ? &b->interval
                                   : c == 's' ? &b->seconds
                                   : c == 'c' ? &b->connections
                                              : &b->port;
                int64_t number = 0;

                if (c == '?' || text_to_int(optarg, strlen(optarg), 1, 100000, &number) < 0)
                        die("usage: bench_ingest [--hosts N] [--vms N] [--interval S] [--seconds S] "
                            "[--connections N] [--tcp PORT]");
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
        Bench b = { .hosts = 10000, .vms = 20, .interval = 10, .seconds = 20 };
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
