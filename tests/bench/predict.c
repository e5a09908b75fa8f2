/* SPDX-License-Identifier: Apache-2.0 */
/* bench predict: how far migration predictions are off. Its shell, tests/bench/predict, makes the lab, its
 * guests and the limits of its links; this measures and judges.
 *
 *     bench_predict measure RESULTS URI              dirty rates of all guests of a host, by page sampling
 *     bench_predict move RESULTS VM FROM FROM_URI TO TO_URI LINK_KBIT     one migration, and what it took
 *     bench_predict report RESULTS [-v]              how far predictions were off; -v: each migration
 *
 * RESULTS: a JSON object a line, appended: "guest" lines with what was measured of a guest before, "move"
 * lines with what a migration took.
 */
#include <errno.h>
#include <jansson.h>
#include <libvirt/libvirt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/guests/dirty_rate.h"
#include "scheduler/act/libvirt/executor_libvirt.h"
#include "scheduler/app/settings/app_settings.h"
#include "scheduler/base/clock.h"
#include "scheduler/decide/migration/migration_lessons.h"
#include "scheduler/decide/migration/migration_net.h"

#define SHORT_SECONDS 1
#define LONG_SECONDS  6

static int fail(const char *what) {
        (void) fprintf(stderr, "bench_predict: %s\n", what);
        return 1;
}

static int append(const char *path, json_t *o) {
        FILE *f = fopen(path, "a");
        int r = f && json_dumpf(o, f, JSON_COMPACT | JSON_PRESERVE_ORDER) == 0 ? 0 : 1;

        if (f)
                (void) fputc('\n', f);
        if (f && fclose(f) != 0)
                r = 1;
        json_decref(o);
        return r == 0 ? 0 : fail("the results cannot be written");
}

/* ---- measure ---- */

static int64_t unsigned_of(virTypedParameterPtr params, int n, const char *name) {
        unsigned long long value;

        return virTypedParamsGetULLong(params, n, name, &value) == 1 ? (int64_t) value : UNKNOWN;
}

static int64_t dirty_of(virDomainPtr domain, int64_t seconds) {
        virDomainPtr list[] = { domain, NULL };
        virDomainStatsRecordPtr *records = NULL;
        int64_t kib = UNKNOWN;
        long long mib;
        int status = 0;

        if (virDomainListGetStats(list, VIR_DOMAIN_STATS_DIRTYRATE, &records, 0) < 1)
                return UNKNOWN;
        if (virTypedParamsGetInt(records[0]->params, records[0]->nparams, "dirtyrate.calc_status", &status) ==
                    1 &&
            status == VIR_DOMAIN_DIRTYRATE_MEASURED &&
            virTypedParamsGetLLong(records[0]->params, records[0]->nparams, "dirtyrate.megabytes_per_second",
                                   &mib) == 1)
                kib = dirty_kib_of(mib, seconds);
        virDomainStatsRecordListFree(records);
        return kib;
}

static void dirty_all(virDomainPtr *domains, int n, int seconds, int64_t *ret) {
        for (int i = 0; i < n; i++)
                (void) virDomainStartDirtyRateCalc(domains[i], seconds, 0);
        clock_sleep((seconds * 1000 + 700) * USEC_PER_MSEC);
        for (int i = 0; i < n; i++)
                ret[i] = dirty_of(domains[i], seconds);
}

static int64_t rss_of(virDomainPtr domain) {
        virDomainMemoryStatStruct stats[VIR_DOMAIN_MEMORY_STAT_NR];
        int n = virDomainMemoryStats(domain, stats, VIR_DOMAIN_MEMORY_STAT_NR, 0);

        for (int i = 0; i < n; i++)
                if (stats[i].tag == VIR_DOMAIN_MEMORY_STAT_RSS)
                        return (int64_t) stats[i].val / 1024;
        return UNKNOWN;
}

static int measure(const char *results, const char *uri) {
        virConnectPtr conn = virConnectOpen(uri);
        virDomainPtr *domains = NULL;
        int n = conn ? virConnectListAllDomains(conn, &domains, VIR_CONNECT_LIST_DOMAINS_ACTIVE) : -1;
        int64_t *burst = n >= 0 ? calloc((size_t) n + 1, sizeof(*burst)) : NULL;
        int64_t *mean = n >= 0 ? calloc((size_t) n + 1, sizeof(*mean)) : NULL;
        int r = burst && mean ? 0 : fail("the host cannot be asked");

        if (r == 0) {
                dirty_all(domains, n, SHORT_SECONDS, burst);
                dirty_all(domains, n, LONG_SECONDS, mean);
        }
        for (int i = 0; i < n; i++) {
                if (r == 0)
                        r = append(results, json_pack("{s:s, s:I, s:I, s:I, s:I}", "guest",
                                                      virDomainGetName(domains[i]), "memory_mib",
                                                      (json_int_t) virDomainGetMaxMemory(domains[i]) / 1024,
                                                      "rss_mib", (json_int_t) rss_of(domains[i]),
                                                      "dirty_kib_s", (json_int_t) mean[i],
                                                      "dirty_burst_kib_s", (json_int_t) burst[i]));
                (void) virDomainFree(domains[i]);
        }
        free(domains);
        free(burst);
        free(mean);
        if (conn)
                (void) virConnectClose(conn);
        return r;
}

/* ---- move ---- */

static MigrationStatus follow(const Executor *e, uint32_t id) {
        MigrationStatus s;

        for (;;) {
                e->poll(e->self, id, &s);
                if (migration_has_ended(s.phase))
                        return s;
                e->wait(e->self, 50 * USEC_PER_MSEC);
        }
}

/* What libvirt on the target knows of the migration beyond what an executor tells. */
static void add_job(json_t *o, const char *uri, const char *vm) {
        static const char *const fields[] = {
                VIR_DOMAIN_JOB_TIME_ELAPSED,     VIR_DOMAIN_JOB_TIME_ELAPSED_NET,
                VIR_DOMAIN_JOB_SETUP_TIME,       VIR_DOMAIN_JOB_MEMORY_TOTAL,
                VIR_DOMAIN_JOB_MEMORY_CONSTANT,  VIR_DOMAIN_JOB_MEMORY_NORMAL_BYTES,
                VIR_DOMAIN_JOB_MEMORY_ITERATION, VIR_DOMAIN_JOB_MEMORY_DIRTY_RATE
        };
        virConnectPtr conn = virConnectOpen(uri);
        virDomainPtr domain = conn ? virDomainLookupByName(conn, vm) : NULL;
        virTypedParameterPtr params = NULL;
        int type, n = 0;

        if (domain && virDomainGetJobStats(domain, &type, &params, &n, VIR_DOMAIN_JOB_STATS_COMPLETED) == 0) {
                for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
                        (void) json_object_set_new(o, fields[i],
                                                   json_integer(unsigned_of(params, n, fields[i])));
                virTypedParamsFree(params, n);
        }
        if (domain)
                (void) virDomainFree(domain);
        if (conn)
                (void) virConnectClose(conn);
}

static int move(char **argv) {
        const MoveOrder order = {
                .vm = argv[1], .from = argv[2], .from_uri = argv[3], .to = argv[4], .to_uri = argv[5]
        };
        MigrationRequest request = { .order = &order, .time_limit = 90 * USEC_PER_SEC };
        MigrationStatus s;
        Executor e;
        uint32_t id;
        json_t *o;

        if (executor_libvirt_open((ExecutorLibvirtOptions){ 0 }, &e) < 0 ||
            e.start(e.self, &request, &id) < 0)
                return fail("it cannot be started");
        s = follow(&e, id);
        o = json_pack("{s:s, s:s, s:s, s:I, s:s, s:I, s:I, s:I, s:I}", "move", argv[1], "from", argv[2], "to",
                      argv[4], "link_kbit", (json_int_t) strtoll(argv[6], NULL, 10), "phase",
                      migration_phase_names[s.phase], "ms",
                      (json_int_t) ((s.ended - s.started) / USEC_PER_MSEC), "bytes",
                      (json_int_t) s.bytes_done, "downtime_ms", (json_int_t) s.downtime_ms,
                      "dirty_seen_kib_s", (json_int_t) s.dirty_kib_s);
        add_job(o, argv[5], argv[1]);
        e.forget(e.self, id);
        e.free(e.self);
        return append(argv[0], o) != 0 || s.phase != MIGRATION_DONE;
}

/* ---- report ---- */

#define MOVES_MAX 1024

typedef struct Results {
        json_t *guests, *moves; /* by name; in the order they were made */
} Results;

static Results read_results(const char *path) {
        Results r = { json_object(), json_array() };
        FILE *f = fopen(path, "r");
        char line[4096];

        while (f && fgets(line, sizeof(line), f)) {
                json_t *o = json_loads(line, 0, NULL);
                const char *guest = json_string_value(json_object_get(o, "guest"));

                if (guest)
                        (void) json_object_set(r.guests, guest, o);
                else if (o && strcmp(json_string_value(json_object_get(o, "phase")), "done") == 0)
                        (void) json_array_append(r.moves, o);
                json_decref(o);
        }
        if (f)
                (void) fclose(f);
        return r;
}

static int64_t number(const json_t *o, const char *key) {
        return json_integer_value(json_object_get(o, key));
}

static const char *word(const json_t *o, const char *key) {
        return json_string_value(json_object_get(o, key));
}

/* Predicted as a plan would: from a snapshot whose hosts' NICs are what the link was limited to. */
static Prediction predict(Arena *a, const Results *results, const json_t *move, const MoveLessons *lessons) {
        const json_t *guest = json_object_get(results->guests, word(move, "move"));
        const Nic nic = { .name = "eth0",
                          .speed_mbit = number(move, "link_kbit") / 1000,
                          .rx_kbit = UNKNOWN,
                          .tx_kbit = UNKNOWN,
                          .carrier = true,
                          .peers = UNKNOWN };
        const Host hosts[] = { { .name = "h1", .nics = &nic, .n_nics = 1 },
                               { .name = "h2", .nics = &nic, .n_nics = 1 } };
        const Vm vm = { .name = word(move, "move"),
                        .memory_mib = number(guest, "memory_mib"),
                        .memory_resident_mib = number(guest, "rss_mib"),
                        .dirty_kib_s = number(guest, "dirty_kib_s"),
                        .dirty_burst_kib_s = number(guest, "dirty_burst_kib_s"),
                        .dirty_window_ms = LONG_SECONDS * 1000,
                        .rx_kbit = UNKNOWN,
                        .tx_kbit = UNKNOWN };
        const Snapshot s = {
                .cluster = "bench", .hosts = hosts, .n_hosts = 2, .vms = &vm, .n_vms = 1, .lessons = lessons
        };
        const HostIx from = strcmp(word(move, "from"), "h1") == 0 ? 0 : 1;
        Settings *settings = NULL;
        MigrationNet net;
        MigrationRoute route;
        bool known;

        if (app_settings_new(a, &settings) < 0 || migration_net_build(a, &s, settings, &net) < 0)
                abort();
        route = migration_route(&net, from, 1 - from);
        return migration_forecast(
                       migration_facts(&net, 0, from, 1 - from, migration_route_free(&net, &route, &known)))
                .predicted;
}

/* Newest first, as migration_learn() wants them. */
static const MoveLessons *learn(Arena *a, const RecordMove *done, uint32_t n) {
        RecordMove *newest = arena_new(a, RecordMove, n);
        const MoveLessons *lessons = NULL;

        for (uint32_t i = 0; newest && i < n; i++)
                newest[i] = done[n - 1 - i];
        if (!newest || migration_learn(a, newest, n, &lessons) < 0)
                abort();
        return lessons;
}

static void print_error(const char *of, const char *what, PredictionError e) {
        (void) printf("%-34s %-9s %4u  median %5.1f %%  p90 %5.1f %%  bias %+6.1f %%  within %5.1f %%\n", of,
                      what, e.n, (double) e.median / 10, (double) e.p90 / 10, (double) e.bias / 10,
                      (double) e.within / 10);
}

static void print_errors(Arena *a, const char *of, const RecordMove *moves, uint32_t n) {
        PredictionErrors e = { 0 };

        if (migration_errors(a, moves, n, &e) < 0)
                abort();
        print_error(of, "time", e.ms);
        print_error("", "bytes", e.bytes);
        print_error("", "downtime", e.downtime);
}

static void print_move(const json_t *move, const RecordMove *fresh, const RecordMove *taught) {
        (void) printf("%-6s %s>%s %3lld Mbit  ms %6lld  predicted %6lld, taught %6lld   MB %6.1f  predicted "
                      "%6.1f, taught %6.1f   downtime %4lld  predicted %4lld, taught %4lld\n",
                      fresh->order->vm, fresh->order->from, fresh->order->to,
                      (long long) number(move, "link_kbit") / 1000, (long long) fresh->took.ms,
                      (long long) fresh->order->predicted.ms, (long long) taught->order->predicted.ms,
                      (double) fresh->took.bytes / 1e6, (double) fresh->order->predicted.bytes / 1e6,
                      (double) taught->order->predicted.bytes / 1e6, (long long) fresh->took.downtime_ms,
                      (long long) fresh->order->predicted.downtime_ms,
                      (long long) taught->order->predicted.downtime_ms);
}

/* Each is predicted twice: by the model alone, and by what the migrations before it in the file have taught.
 */
static int report(const char *path, bool verbose) {
        static RecordMove fresh[MOVES_MAX], taught[MOVES_MAX], again[MOVES_MAX], first[MOVES_MAX];
        static MoveOrder alone[MOVES_MAX], told[MOVES_MAX];
        Results results = read_results(path);
        uint32_t n = 0, n_again = 0, n_first = 0;
        Arena a;

        if (arena_open((size_t) 1 << 28, &a) < 0)
                return fail("out of memory");
        for (; n < json_array_size(results.moves) && n < MOVES_MAX; n++) {
                const json_t *move = json_array_get(results.moves, n);
                const ArenaMark mark = arena_mark(&a);
                bool seen = false;

                alone[n] = (MoveOrder){ .vm = word(move, "move"),
                                        .from = word(move, "from"),
                                        .to = word(move, "to"),
                                        .predicted = predict(&a, &results, move, NULL) };
                fresh[n] = (RecordMove){ .order = &alone[n],
                                         .took = { .ms = number(move, "ms"),
                                                   .bytes = number(move, "bytes"),
                                                   .downtime_ms = number(move, "downtime_ms") } };
                told[n] = alone[n];
                told[n].predicted = predict(&a, &results, move, learn(&a, taught, n));
                taught[n] = (RecordMove){ .order = &told[n], .took = fresh[n].took };
                for (uint32_t i = 0; i < n; i++)
                        seen = seen || strcmp(taught[i].order->vm, taught[n].order->vm) == 0;
                if (seen)
                        again[n_again++] = taught[n];
                else
                        first[n_first++] = taught[n];
                if (verbose)
                        print_move(move, &fresh[n], &taught[n]);
                arena_rewind(&a, mark);
        }
        print_errors(&a, "the model alone", fresh, n);
        print_errors(&a, "taught by the migrations before", taught, n);
        print_errors(&a, "  of them VMs seen before", again, n_again);
        print_errors(&a, "  of them VMs never moved before", first, n_first);
        arena_close(&a);
        json_decref(results.guests);
        json_decref(results.moves);
        return 0;
}

int main(int argc, char **argv) {
        if (argc == 4 && strcmp(argv[1], "measure") == 0)
                return measure(argv[2], argv[3]);
        if (argc == 9 && strcmp(argv[1], "move") == 0)
                return move(argv + 2);
        if ((argc == 3 || argc == 4) && strcmp(argv[1], "report") == 0)
                return report(argv[2], argc == 4);
        (void) fprintf(stderr, "usage: bench_predict measure RESULTS URI\n"
                               "       bench_predict move RESULTS VM FROM FROM_URI TO TO_URI LINK_KBIT\n"
                               "       bench_predict report RESULTS [-v]\n");
        return 2;
}
