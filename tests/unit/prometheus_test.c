/* SPDX-License-Identifier: Apache-2.0 */
/* Facts from Prometheus: its answers, and a whole reading from a server that answers as Prometheus 2.42 did
 * with node_exporter 1.5.0, libvirt_exporter 0.2.0 (Debian 12) and smartctl_exporter's documented series. */
#include <criterion/criterion.h>
#include <errno.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "collectors/parse/prometheus_answer.h"
#include "collectors/remote/http_request.h"
#include "collectors/remote/prometheus.h"
#include "scheduler/app/settings/app_settings.h"
#include "scheduler/snapshot/build/build.h"
#include "scheduler/snapshot/wire/sample_wire.h"

static Arena arena;
static Settings *settings;

static void setup(void) {
        cr_assert_eq(0, arena_open(1 << 26, &arena));
        cr_assert_eq(0, app_settings_new(&arena, &settings));
}
static void teardown(void) {
        arena_close(&arena);
}
TestSuite(prometheus, .init = setup, .fini = teardown, .timeout = 30);

/* ---- answers ---- */

static const PromLabels by_domain = { .host = "instance", .subject = "domain" };

static int parse(const char *json, const PromLabels *labels, PromSeries **ret, uint32_t *ret_n,
                 TextFault *f) {
        return prometheus_answer(&arena, json, strlen(json), labels, ret, ret_n, f);
}

#define VECTOR(rows)   "{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[" rows "]}}"
#define ROW(labels, v) "{\"metric\":{" labels "},\"value\":[1700000000.5,\"" v "\"]}"

Test(prometheus, the_port_is_cut_off_the_host_and_values_are_read) {
        PromSeries *s = NULL;
        uint32_t n = 0;
        TextFault f = { 0 };

        cr_assert_eq(0,
                     parse(VECTOR(ROW("\"instance\":\"h1:9177\",\"domain\":\"a\"", "1.5e+09") "," ROW(
                                   "\"instance\":\"[fe80::1]:9177\",\"domain\":\"b\"",
                                   "0") "," ROW("\"instance\":\"kvm2.example.net\",\"domain\":\"c\"", "7")),
                           &by_domain, &s, &n, &f));
        cr_assert_eq(3, n);
        cr_expect_str_eq("h1", s[0].host);
        cr_expect_eq(1.5e9, s[0].value);
        cr_expect_str_eq("fe80::1", s[1].host);
        cr_expect_str_eq("kvm2.example.net", s[2].host);
}

Test(prometheus, what_is_no_number_or_lacks_a_label_is_left_out) {
        PromSeries *s = NULL;
        uint32_t n = 0;
        TextFault f = { 0 };

        cr_assert_eq(0, parse(VECTOR(ROW("\"instance\":\"h1\",\"domain\":\"a\"", "NaN") "," ROW(
                                      "\"instance\":\"h1\",\"domain\":\"a\"",
                                      "+Inf") "," ROW("\"instance\":\"h1\"",
                                                      "1") "," ROW("\"domain\":\"a\"",
                                                                   "1") "," ROW("\"instance\":\":9100\","
                                                                                "\"domain\":\"a\"",
                                                                                "1") ",7,{}"),
                              &by_domain, &s, &n, &f));
        cr_expect_eq(0, n);
}

/* n empty arrays, which are no series, then one that is. */
static char *many_arrays(size_t n) {
        static const char head[] = "{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[",
                          tail[] = "{\"metric\":{\"instance\":\"h1\"},\"value\":[1,\"2\"]}]}}";
        char *text = malloc(sizeof(head) + 3 * n + sizeof(tail)), *at = text;

        cr_assert_not_null(text);
        at = stpcpy(at, head);
        for (size_t i = 0; i < n; i++)
                at = stpcpy(at, "[],");
        (void) stpcpy(at, tail);
        return text;
}

/* 210 MB of them once took 9.6 GiB as a tree. */
Test(prometheus, an_answer_is_read_series_by_series_and_has_so_many) {
        static const PromLabels by_host = { .host = "instance" };
        struct rusage before, after;
        PromSeries *series = NULL;
        char *text = many_arrays(900000);
        uint32_t n = 0;
        TextFault f = { 0 };

        cr_assert_eq(0, getrusage(RUSAGE_SELF, &before));
        cr_assert_eq(0, parse(text, &by_host, &series, &n, &f), "%s", f.what);
        cr_assert_eq(0, getrusage(RUSAGE_SELF, &after));
        cr_assert_eq(n, 1);
        cr_assert_str_eq(series[0].host, "h1");
#ifndef SANITIZED
        cr_expect_lt(after.ru_maxrss - before.ru_maxrss, 64 << 10, "%ld KiB more",
                     after.ru_maxrss - before.ru_maxrss);
#endif
        free(text);
        text = many_arrays(1000000);
        cr_assert_eq(-EBADMSG, parse(text, &by_host, &series, &n, &f));
        cr_assert(strstr(f.what, "more than 1000000 series"), "%s", f.what);
        free(text);
}

Test(prometheus, what_is_no_answer_is_refused_in_words) {
        static const struct {
                const char *json, *words;
        } bad[] = { { "", "not JSON" },
                    { "<html>", "not JSON" },
                    { "{}", "no reason given" },
                    { "{\"status\":\"error\",\"error\":\"parse error: no\"}", "parse error: no" },
                    { "{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\",\"result\":[]}}",
                      "not a vector" },
                    { "{\"status\":\"success\"}", "not a vector" } };
        PromSeries *s;
        uint32_t n;

        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                TextFault f = { 0 };

                cr_expect_eq(-EBADMSG, parse(bad[i].json, &by_domain, &s, &n, &f), "%s", bad[i].json);
                cr_expect(strstr(f.what, bad[i].words), "%s: %s", bad[i].json, f.what);
        }
}

/* ---- a server ---- */

typedef struct Fake {
        struct MHD_Daemon *daemon;
        const char *const (*answers)[2]; /* what the query holds → rows; ends with NULL */
        const char *needs;               /* a header that must be there, or NULL */
        char body[4096];
        size_t n;
} Fake;

static enum MHD_Result say(struct MHD_Connection *c, unsigned status, const char *text) {
        struct MHD_Response *r = MHD_create_response_from_buffer(strlen(text), (void *) (uintptr_t) text,
                                                                 MHD_RESPMEM_MUST_COPY);
        enum MHD_Result result = MHD_queue_response(c, status, r);

        MHD_destroy_response(r);
        return result;
}

static enum MHD_Result serve(void *arg, struct MHD_Connection *c, const char *url, const char *method,
                             const char *version, const char *data, size_t *n_data, void **request) {
        Fake *x = arg;
        const char *rows = "";
        char text[8192];

        (void) version;
        if (!*request) {
                *request = x;
                x->n = 0;
                return MHD_YES;
        }
        if (*n_data > 0) {
                memcpy(x->body + x->n, data, *n_data);
                x->n += *n_data;
                x->body[x->n] = '\0';
                *n_data = 0;
                return MHD_YES;
        }
        if (strcmp(url, "/api/v1/query") != 0 || strcmp(method, "POST") != 0)
                return say(c, 404, "no");
        if (x->needs &&
            (!MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Authorization") ||
             strcmp(MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Authorization"), x->needs) != 0))
                return say(c, 401, "Unauthorized");
        (void) MHD_http_unescape(x->body);
        for (size_t i = 0; x->answers[i][0] && !rows[0]; i++)
                if (strstr(x->body, x->answers[i][0]))
                        rows = x->answers[i][1];
        (void) snprintf(text, sizeof(text), VECTOR("%s"), rows);
        return say(c, 200, text);
}

static const char *fake_open(Fake *x) {
        x->daemon =
                MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD, 0, NULL, NULL, serve, x, MHD_OPTION_END);
        cr_assert(x->daemon);
        return text_format(&arena, "http://127.0.0.1:%u",
                           MHD_get_daemon_info(x->daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
}

#define H1         "\"instance\":\"h1:9100\""
#define VM(name)   "\"instance\":\"h1:9177\",\"domain\":\"" name "\""
#define UUID(name) VM(name) ",\"uuid\":\"6695eb01-f6a4-8304-79aa-97f2502e193f\""
#define NOW        "1728000000"

static const char *const two_exporters[][2] = {
        { "last_over_time(libvirt_up",
          ROW("\"instance\":\"h1:9177\"", "1") "," ROW("\"instance\":\"h2:9177\"", "1") },
        { "timestamp(node_cpu", ROW(H1 ",\"cpu\":\"0\"", NOW) "," ROW(H1 ",\"cpu\":\"1\"", NOW) },
        { "timestamp(", ROW("\"instance\":\"h1:9177\"", NOW) },
        { "count by (instance)", ROW(H1, "8") },
        { "idle|iowait|steal", ROW(H1, "3.25") },
        { "node_memory_MemTotal_bytes", ROW(H1, "1.7179869184e+10") },
        { "node_memory_MemAvailable_bytes", ROW(H1, "8589934592") },
        { "vcpu_delay", "" },
        { "node_network_speed_bytes{", ROW(H1 ",\"device\":\"eno1\"", "1.25e+09") },
        { "node_uname_info", ROW(H1 ",\"machine\":\"x86_64\"", "1") },
        { "libvirt_domain_info_vstate",
          ROW(VM("web1"), "1") "," ROW(VM("web2"), "3") "," ROW(VM("off"), "5") },
        { "libvirt_domain_info_virtual_cpus or", ROW(UUID("web1"), "2") },
        { "libvirt_domain_info_virtual_cpus",
          ROW(VM("web1"), "2") "," ROW(VM("web2"), "1") "," ROW(VM("off"), "4") },
        { "maximum_memory",
          ROW(VM("web1"), "2147483648") "," ROW(VM("web2"), "1073741824") "," ROW(VM("off"), "1073741824") },
        { "cpu_time_seconds", ROW(VM("web1"), "1.4567") "," ROW(VM("web2"), "0") },
        { "receive_bytes_total[", ROW(VM("web1"), "125000") },
        { "libvirt_up", ROW("\"instance\":\"h1:9177\"", "1") },
        { "smartctl_device_smart_status", ROW("\"instance\":\"h1:9633\",\"device\":\"sda\"", "0") },
        { NULL, NULL },
};

static const Snapshot *read_snapshot(const char *url, usec_t now) {
        const Report **reports;
        const Snapshot *s = NULL;
        PromFacts facts;
        TextFault f = { 0 };

        cr_assert_eq(0, prometheus_read(&arena, settings, url, &facts, &f), "%s", f.what);
        reports = arena_new(&arena, const Report *, facts.n_reports);
        for (uint32_t i = 0; i < facts.n_reports; i++)
                cr_assert_eq(0, report_reread(&arena, &facts.reports[i], &reports[i], &f), "%s", f.what);
        cr_assert_eq(0, snapshot_build(&arena,
                                       &(BuildInput){ .cluster = "c",
                                                      .now = now,
                                                      .reports = reports,
                                                      .n_reports = facts.n_reports,
                                                      .expected = facts.members,
                                                      .n_expected = facts.n_members },
                                       settings, &s));
        return s;
}

static void set(const char *key, const char *value) {
        TextFault f = { 0 };

        cr_assert_eq(0, settings_set(settings, key, value, &f), "%s", f.what);
}

Test(prometheus, exporters_of_one_machine_make_one_host_with_its_vms) {
        Fake fake = { .answers = two_exporters };
        const char *url = fake_open(&fake);
        const Snapshot *s;

        set("prometheus.uri", "qemu+tls://{host}/system");
        s = read_snapshot(url, INT64_C(1728000010) * USEC_PER_SEC);
        MHD_stop_daemon(fake.daemon);
        cr_assert_eq(2, s->n_hosts);
        cr_expect_eq(EXCLUDED_NONE, s->hosts[0].excluded, "%s", s->hosts[0].excluded_why);
        cr_expect_eq(8, s->hosts[0].cpus);
        cr_expect_eq(3250, s->hosts[0].cpu_busy_mcores);
        cr_expect_eq(16384, s->hosts[0].memory_mib);
        cr_expect_eq(8192, s->hosts[0].memory_used_mib);
        cr_expect_str_eq("qemu+tls://h1/system", s->hosts[0].uri);
        cr_assert_eq(1, s->hosts[0].n_nics);
        cr_expect_eq(10000, s->hosts[0].nics[0].speed_mbit);
        cr_expect_eq(EXCLUDED_MISSING, s->hosts[1].excluded, "h2 was there yesterday and is silent now");
        cr_assert_eq(2, s->n_vms, "the one that is off holds nothing");
        cr_expect_str_eq("web1", s->vms[0].name);
        cr_expect_str_eq("6695eb01-f6a4-8304-79aa-97f2502e193f", s->vms[0].uuid);
        cr_expect_eq(1457, s->vms[0].cpu_mcores);
        cr_expect_eq(2048, s->vms[0].memory_mib);
        cr_expect_eq(1000, s->vms[0].rx_kbit);
        cr_expect_eq(UNKNOWN, s->vms[0].tx_kbit, "nobody says");
        cr_expect_eq(VM_PAUSED, s->vms[1].state);
}

/* The rows of two_exporters, those of `query` another. */
static const char *const (*with_row(const char *query, const char *rows))[2] {
        static const char *all[ARRAY_SIZE(two_exporters)][2];

        for (size_t i = 0; i < ARRAY_SIZE(two_exporters); i++) {
                all[i][0] = two_exporters[i][0];
                all[i][1] = all[i][0] && strcmp(all[i][0], query) == 0 ? rows : two_exporters[i][1];
        }
        return (const char *const(*)[2]) all;
}

Test(prometheus, a_number_over_its_bound_is_named_and_its_vm_stays) {
        static const struct {
                const char *query, *rows;
                bool unsure;
        } cases[] = {
                { "maximum_memory", ROW(VM("web1"), "1e300") "," ROW(VM("web2"), "1073741824"), true },
                { "libvirt_domain_info_virtual_cpus", ROW(VM("web1"), "-3") "," ROW(VM("web2"), "1"), true },
                { "receive_bytes_total[", ROW(VM("web1"), "9e18"), false },
                { "cpu_time_seconds", ROW(VM("web1"), "1e18") "," ROW(VM("web2"), "0"), false },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                Fake fake = { .answers = with_row(cases[i].query, cases[i].rows) };
                const Snapshot *s = read_snapshot(fake_open(&fake), INT64_C(1728000010) * USEC_PER_SEC);

                MHD_stop_daemon(fake.daemon);
                cr_assert_eq(2, s->n_vms, "%s", cases[i].query);
                cr_expect_eq(EXCLUDED_NONE, s->hosts[0].excluded);
                cr_expect_eq(s->hosts[0].no_entry_why != NULL, cases[i].unsure, "%s", cases[i].query);
                cr_expect_not(s->vms[0].movable, "%s", cases[i].query);
                cr_expect(s->hosts[0].unread && strstr(s->hosts[0].unread, "web1"), "%s", cases[i].query);
                cr_expect(s->notes.n > 0);
        }
}

/* inovex/prometheus-libvirt-exporter 2.5 lists all domains, those that are off too, with libvirt's state numbers. Of
 * "silent" it timed out: only its number of vCPUs is known, and what the query makes of a state nobody tells. */
static const char *const inovex[][2] = {
        { "last_over_time(libvirt_up", ROW("\"instance\":\"h1:9177\"", "1") },
        { "timestamp(node_cpu", ROW(H1 ",\"cpu\":\"0\"", NOW) },
        { "timestamp(", ROW("\"instance\":\"h1:9177\"", NOW) },
        { "count by (instance)", ROW(H1, "8") },
        { "node_pressure_io_stalled", ROW(H1, "0.25") },
        { "node_pressure_cpu_waiting", ROW(H1, "0.5") },
        { "idle|iowait|steal", ROW(H1, "3.25") },
        { "node_memory_MemTotal_bytes", ROW(H1, "1.7179869184e+10") },
        { "node_memory_MemAvailable_bytes", ROW(H1, "8589934592") },
        { "or libvirt_domain_info_state or", ROW(VM("blocked"), "2") "," ROW(VM("crashed"), "6") "," ROW(
                                                     VM("db"), "1") "," ROW(VM("ending"), "4") "," //
          ROW(VM("off"), "5") "," ROW(VM("paused"), "3") "," ROW(VM("silent"), "99") "," ROW(VM("slept"),
                                                                                             "7") },
        { "libvirt_domain_openstack_info", ROW(UUID("db"), "1") },
        { "vcpu_delay_seconds", ROW(VM("db"), "0.125") "," ROW(VM("off"), "0.5") },
        { "memory_stats_rss", ROW(VM("db"), "1073741824") },
        { "swap_in_bytes", ROW(VM("db"), "2097152") },
        { "job_info_type", ROW(VM("ending"), "2") },
        { "libvirt_domain_info_virtual_cpus", ROW(VM("blocked"), "2") "," ROW(VM("crashed"), "2") "," ROW(
                                                      VM("db"), "2") "," ROW(VM("ending"), "2") "," //
          ROW(VM("off"), "2") "," ROW(VM("paused"), "2") "," ROW(VM("silent"), "2") "," ROW(VM("slept"),
                                                                                            "2") },
        { "maximum_memory", ROW(VM("blocked"), "1073741824") "," ROW(VM("crashed"), "1073741824") "," ROW(
                                    VM("db"), "1073741824") "," //
          ROW(VM("ending"), "1073741824") "," ROW(VM("off"), "1073741824") "," ROW(VM("paused"),
                                                                                   "1073741824") "," //
          ROW(VM("silent"), "1073741824") "," ROW(VM("slept"), "1073741824") },
        { "query=libvirt_up", ROW("\"instance\":\"h1:9177\"", "1") },
        { NULL, NULL },
};

Test(prometheus, an_exporter_that_lists_those_that_are_off_makes_none_of_them_run) {
        static const struct {
                const char *name;
                VmState state;
                bool movable;
        } expected[] = { { "blocked", VM_RUNNING, true }, { "db", VM_RUNNING, true },
                         { "ending", VM_RUNNING, false }, { "paused", VM_PAUSED, true },
                         { "silent", VM_PAUSED, false },  { "slept", VM_PAUSED, true } };
        Fake fake = { .answers = inovex };
        const char *url = fake_open(&fake);
        const Snapshot *s = read_snapshot(url, INT64_C(1728000010) * USEC_PER_SEC);
        const Vm *db = &s->vms[1];

        MHD_stop_daemon(fake.daemon);
        cr_assert_eq(s->n_vms, ARRAY_SIZE(expected), "neither the one that is off nor the crashed one");
        for (uint32_t i = 0; i < s->n_vms; i++) {
                cr_assert_str_eq(s->vms[i].name, expected[i].name);
                cr_assert_eq(s->vms[i].state, expected[i].state, "%s", expected[i].name);
                cr_assert_eq(s->vms[i].movable, expected[i].movable, "%s: %s", expected[i].name,
                             s->vms[i].unmovable_why);
        }
        cr_assert_str_eq(s->vms[4].unmovable_why, "its state is unknown");
        cr_assert_str_eq(s->vms[2].unmovable_why, "another libvirt job is running on it");
        cr_assert_str_eq(db->uuid, "6695eb01-f6a4-8304-79aa-97f2502e193f");
        cr_assert_eq(db->cpu_delay_permille, 125);
        cr_assert_eq(db->memory_resident_mib, 1024);
        cr_assert_eq(db->contention->swap_in_kib_s, 2048);
        cr_assert_eq(db->contention->swap_out_kib_s, UNKNOWN, "no series, nothing known");
        cr_assert_eq(db->cpu_mcores, UNKNOWN);
        cr_assert_eq(s->vms[0].cpu_delay_permille, UNKNOWN);
        cr_assert_eq(s->hosts[0].contention->io_stalled_full, 250);
        cr_assert_eq(s->hosts[0].contention->memory_stalled, UNKNOWN);
}

Test(prometheus, what_was_scraped_long_ago_is_stale_though_prometheus_repeats_it) {
        Fake fake = { .answers = two_exporters };
        const char *url = fake_open(&fake);
        const Snapshot *s =
                read_snapshot(url, INT64_C(1728000120) * USEC_PER_SEC); /* 2 min later; 3 × 30 s count */

        MHD_stop_daemon(fake.daemon);
        cr_expect_eq(EXCLUDED_STALE, s->hosts[0].excluded, "%s", s->hosts[0].excluded_why);
}

Test(prometheus, a_server_without_such_series_is_said_to_have_none) {
        static const char *const none[][2] = { { NULL, NULL } };
        Fake fake = { .answers = none };
        const char *url = fake_open(&fake);
        PromFacts facts;
        TextFault f = { 0 };

        cr_expect_eq(-ENODATA, prometheus_read(&arena, settings, url, &facts, &f));
        MHD_stop_daemon(fake.daemon);
        cr_expect(strstr(f.what, "no series"), "%s", f.what);
}

Test(prometheus, a_token_is_read_from_its_file_and_sent) {
        Fake fake = { .answers = two_exporters, .needs = "Bearer s3cret" };
        const char *url = fake_open(&fake);
        char path[] = "/tmp/plimsoll-token-XXXXXX";
        int fd = mkstemp(path);
        FILE *file = fdopen(fd, "w");
        PromFacts facts;
        TextFault f = { 0 };

        cr_assert(file && fputs("s3cret\n", file) >= 0 && fclose(file) == 0);
        cr_expect_eq(-EACCES, prometheus_read(&arena, settings, url, &facts, &f));
        cr_expect(strstr(f.what, "401"), "%s", f.what);
        set("prometheus.token_file", path);
        cr_expect_eq(0, prometheus_read(&arena, settings, url, &facts, &f), "%s", f.what);
        (void) remove(path);
        cr_expect_eq(-ENOENT, prometheus_read(&arena, settings, url, &facts, &f));
        MHD_stop_daemon(fake.daemon);
        cr_expect(strstr(f.what, path), "%s", f.what);
}

Test(prometheus, a_server_that_is_away_is_an_error_in_words) {
        PromFacts facts;
        TextFault f = { 0 };

        cr_expect_eq(-ECONNREFUSED, prometheus_read(&arena, settings, "http://127.0.0.1:1", &facts, &f));
        cr_expect(strstr(f.what, "127.0.0.1:1"), "%s", f.what);
        cr_expect_eq(-EINVAL, prometheus_read(&arena, settings, NULL, &facts, &f), "the setting is empty");
}

/* ---- requests ---- */

Test(prometheus, an_answer_that_is_too_long_or_another_protocol_is_refused) {
        Fake fake = { .answers = two_exporters };
        const char *url = fake_open(&fake);
        HttpRequest request = { .url = text_format(&arena, "%s/api/v1/query", url),
                                .body = "query=libvirt_up",
                                .most = 10 };
        HttpReply reply;
        TextFault f = { 0 };

        cr_expect_eq(-EMSGSIZE, http_request(&arena, &request, &reply, &f));
        MHD_stop_daemon(fake.daemon);
        request.url = "file:///etc/hostname";
        cr_expect_eq(-EINVAL, http_request(&arena, &request, &reply, &f));
        cr_expect_str_eq("a%20b%2Bc-_.~%22", http_escape(&arena, "a b+c-_.~\""));
}
