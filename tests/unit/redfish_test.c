/* SPDX-License-Identifier: Apache-2.0 */
/* A BMC behind HTTPS, with the resources of DMTF's public mockups (DSP2043, rackmount server) cut down to
 * what is read: a session, storage with drives and volumes, chassis and memory. */
#include <criterion/criterion.h>
#include <errno.h>
#include <microhttpd.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "collectors/remote/redfish.h"

typedef struct Page {
        const char *path, *json;
} Page;

typedef struct Bmc {
        struct MHD_Daemon *daemon;
        const Page *pages;
        bool no_sessions;
        int sessions, ended;
        unsigned slow_ms, asked;
        const char *stuck;            /* a path whose answer is not given before this is NULL again */
        const char *moved, *moved_to; /* a path, and where its answer says to go */
        char body[512];
        size_t n;
        char url[64];
} Bmc;

#define LINK(path) "{\"@odata.id\": \"" path "\"}"
#define R          "/redfish/v1/"
#define STORAGE    R "Systems/1/Storage/RAID1"

static const Page healthy[] = {
        { R, "{\"Systems\": " LINK(R "Systems") ", \"Chassis\": " LINK(R "Chassis") "}" },
        { R "Systems", "{\"Members\": [" LINK(R "Systems/1") "]}" },
        { R "Systems/1",
          "{\"Id\": \"1\", \"MemorySummary\": {\"Status\": {\"HealthRollup\": \"OK\"}}, \"Storage\": " LINK(
                  R "Systems/1/Storage") "}" },
        { R "Systems/1/Storage", "{\"Members\": [" LINK(STORAGE) "]}" },
        { STORAGE, "{\"Id\": \"RAID1\", \"StorageControllers\": [{\"MemberId\": \"0\", \"Name\": \"PERC "
                   "H740P\", \"Status\": {\"Health\": \"OK\"}}],"
                   " \"Drives\": [" LINK(STORAGE "/Drives/A") "," LINK(STORAGE "/Drives/B") "," LINK(
                           STORAGE "/Drives/C") "],"
                                                " \"Volumes\": " LINK(STORAGE "/Volumes") "}" },
        { STORAGE "/Drives/A", "{\"@odata.id\": \"" STORAGE
                               "/Drives/A\", \"Id\": \"A\", \"Model\": \"C123\", \"SerialNumber\": \"S1\","
                               " \"MediaType\": \"SSD\", \"Protocol\": \"SATA\", \"CapacityBytes\": "
                               "899527000000, \"FailurePredicted\": false,"
                               " \"PredictedMediaLifeLeftPercent\": 86, \"Status\": {\"State\": \"Enabled\", "
                               "\"Health\": \"OK\"}}" },
        { STORAGE "/Drives/B",
          "{\"@odata.id\": \"" STORAGE
          "/Drives/B\", \"Id\": \"B\", \"SerialNumber\": \"S2\", \"MediaType\": \"HDD\","
          " \"FailurePredicted\": null, \"Status\": {\"State\": \"Enabled\", \"Health\": \"OK\"}}" },
        { STORAGE "/Drives/C",
          "{\"@odata.id\": \"" STORAGE "/Drives/C\", \"Id\": \"C\", \"Status\": {\"State\": \"Absent\"}}" },
        { STORAGE "/Volumes", "{\"Members\": [" LINK(STORAGE "/Volumes/1") "]}" },
        { STORAGE "/Volumes/1",
          "{\"Id\": \"1\", \"RAIDType\": \"RAID1\", \"Status\": {\"State\": \"Enabled\", \"Health\": \"OK\"},"
          " \"Links\": {\"Drives\": [" LINK(STORAGE "/Drives/A") "," LINK(STORAGE "/Drives/B") "]}}" },
        { R "Chassis", "{\"Members\": [" LINK(R "Chassis/1U") "]}" },
        { R "Chassis/1U", "{\"@odata.id\": \"" R "Chassis/1U\", \"Thermal\": " LINK(
                                  R "Chassis/1U/Thermal") ", \"Power\": " LINK(R "Chassis/1U/Power") "}" },
        { R "Chassis/1U/Thermal",
          "{\"Temperatures\": [{\"Name\": \"CPU1 Temp\", \"ReadingCelsius\": 41.5, "
          "\"UpperThresholdNonCritical\": 80, \"UpperThresholdCritical\": 90,"
          " \"Status\": {\"State\": \"Enabled\", \"Health\": \"OK\"}}, {\"Name\": \"Empty\", \"Status\": "
          "{\"State\": \"Absent\"}}],"
          " \"Fans\": [{\"Name\": \"Fan1\", \"Reading\": 2100, \"ReadingUnits\": \"RPM\", "
          "\"LowerThresholdCritical\": 500, \"Status\": {\"Health\": \"OK\"}},"
          " {\"FanName\": \"Fan2\", \"Reading\": 45, \"ReadingUnits\": \"Percent\", \"Status\": {\"Health\": "
          "\"Critical\"}}]}" },
        { R "Chassis/1U/Power", "{\"PowerSupplies\": [{\"Name\": \"PSU 1\", \"Status\": {\"State\": "
                                "\"Enabled\", \"Health\": \"OK\"}}]}" },
        { NULL, NULL },
};

/* The same, where they differ. */
static const Page ailing[] = {
        { R "Systems/1", "{\"Id\": \"1\", \"MemorySummary\": {\"Status\": {\"HealthRollup\": \"Critical\"}}, "
                         "\"Storage\": " LINK(R "Systems/1/Storage") "}" },
        { STORAGE "/Drives/A",
          "{\"@odata.id\": \"" STORAGE "/Drives/A\", \"Id\": \"A\", \"FailurePredicted\": true,"
          " \"Status\": {\"State\": \"Enabled\", \"Health\": \"Warning\"}}" },
        { STORAGE "/Drives/B",
          "{\"@odata.id\": \"" STORAGE "/Drives/B\", \"Id\": \"B\", \"StatusIndicator\": \"Fail\","
          " \"Status\": {\"State\": \"Enabled\", \"Health\": \"Critical\"}}" },
        { STORAGE "/Volumes/1",
          "{\"Id\": \"1\", \"VolumeType\": \"Mirrored\", \"Status\": {\"Health\": \"Warning\"},"
          " \"Links\": {\"Drives\": [" LINK(STORAGE "/Drives/A") "," LINK(STORAGE "/Drives/B") "]}}" },
        { R "Chassis/1U/Power",
          "{\"PowerSupplies\": [{\"Name\": \"PSU 1\", \"Status\": {\"Health\": \"Critical\"}}]}" },
        { NULL, NULL },
};

static const char *page(const Page *pages, const char *path) {
        for (; pages && pages->path; pages++)
                if (strcmp(pages->path, path) == 0)
                        return pages->json;
        return NULL;
}

static enum MHD_Result say(struct MHD_Connection *c, unsigned status, const char *text, const char *token) {
        struct MHD_Response *r = MHD_create_response_from_buffer(strlen(text), (void *) (uintptr_t) text,
                                                                 MHD_RESPMEM_MUST_COPY);
        enum MHD_Result result;

        if (token) {
                (void) MHD_add_response_header(r, "X-Auth-Token", token);
                (void) MHD_add_response_header(r, "Location", R "SessionService/Sessions/7");
        }
        result = MHD_queue_response(c, status, r);
        MHD_destroy_response(r);
        return result;
}

static enum MHD_Result login(Bmc *x, struct MHD_Connection *c) {
        if (x->no_sessions)
                return say(c, 405, "{}", NULL);
        if (!strstr(x->body, "\"UserName\":\"ann\"") || !strstr(x->body, "\"Password\":\"s3cret\""))
                return say(c, 401, "{}", NULL);
        x->sessions++;
        return say(c, 201, "{}", "t0ken");
}

static enum MHD_Result redirect(struct MHD_Connection *c, const char *to) {
        struct MHD_Response *r = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
        enum MHD_Result result;

        (void) MHD_add_response_header(r, "Location", to);
        result = MHD_queue_response(c, 302, r);
        MHD_destroy_response(r);
        return result;
}

static bool is_known(const Bmc *x, struct MHD_Connection *c) {
        const char *token = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "X-Auth-Token");
        char *password = NULL, *user;
        bool known = token && strcmp(token, "t0ken") == 0;

        if (known || !x->no_sessions)
                return known;
        user = MHD_basic_auth_get_username_password(c, &password);
        known = user && password && strcmp(user, "ann") == 0 && strcmp(password, "s3cret") == 0;
        MHD_free(user);
        MHD_free(password);
        return known;
}

static enum MHD_Result serve(void *arg, struct MHD_Connection *c, const char *url, const char *method,
                             const char *version, const char *data, size_t *n_data, void **request) {
        Bmc *x = arg;
        const char *json;

        (void) version;
        if (!*request) {
                *request = x;
                x->n = 0;
                return MHD_YES;
        }
        if (*n_data > 0) {
                cr_assert_lt(x->n + *n_data, sizeof(x->body));
                memcpy(x->body + x->n, data, *n_data);
                x->n += *n_data;
                x->body[x->n] = '\0';
                *n_data = 0;
                return MHD_YES;
        }
        x->asked++;
        if (x->moved && strcmp(url, x->moved) == 0)
                return redirect(c, x->moved_to);
        (void) usleep(x->slow_ms * 1000); /* a BMC that is slow */
        for (const char *stuck;
             (stuck = __atomic_load_n(&x->stuck, __ATOMIC_ACQUIRE)) && strcmp(url, stuck) == 0;)
                (void) usleep(1000);
        if (strcmp(url, R "SessionService/Sessions") == 0)
                return login(x, c);
        if (strcmp(url, R) != 0 && !is_known(x, c))
                return say(c, 401, "{}", NULL);
        if (strcmp(method, "DELETE") == 0) {
                x->ended += strcmp(url, R "SessionService/Sessions/7") == 0;
                return say(c, 204, "", NULL);
        }
        json = page(x->pages, url);
        json = json ? json : page(healthy, url);
        return json ? say(c, 200, json, NULL) : say(c, 404, "{}", NULL);
}

static char key[4096], cert[4096];
static Arena arena;

static void slurp_pem(const char *name, char *to, size_t size) {
        char path[512];
        FILE *f;

        (void) snprintf(path, sizeof(path), SOURCE_DIR "/tests/fixtures/redfish/%s", name);
        f = fopen(path, "re");
        cr_assert(f, "%s", path);
        to[fread(to, 1, size - 1, f)] = '\0';
        (void) fclose(f);
}

static void setup(void) {
        cr_assert_eq(0, arena_open(1 << 26, &arena));
        slurp_pem("key.pem", key, sizeof(key));
        slurp_pem("cert.pem", cert, sizeof(cert));
}
static void teardown(void) {
        arena_close(&arena);
}
TestSuite(redfish, .init = setup, .fini = teardown, .timeout = 60);

static void bmc_open(Bmc *x) {
        x->daemon = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_TLS, 0, NULL, NULL, serve, x,
                                     MHD_OPTION_HTTPS_MEM_KEY, key, MHD_OPTION_HTTPS_MEM_CERT, cert,
                                     MHD_OPTION_END);
        cr_assert(x->daemon);
        (void) snprintf(x->url, sizeof(x->url), "https://127.0.0.1:%u",
                        MHD_get_daemon_info(x->daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
}

static RedfishTarget target(const Bmc *x) {
        return (RedfishTarget){ .host = "h1",
                                .url = x->url,
                                .user = "ann",
                                .password = "s3cret",
                                .ca_file = SOURCE_DIR "/tests/fixtures/redfish/cert.pem",
                                .timeout = 20 * USEC_PER_SEC };
}

static Section read_all(const Bmc *x) {
        RedfishTarget t = target(x);
        Section s = { 0 };
        TextFault f = { 0 };

        cr_assert_eq(0, redfish_read(&arena, &t, 1000, &s, &f), "%s", f.what);
        return s;
}

static const Sample *find(const Section *s, Metric m, const char *subject) {
        for (uint32_t i = 0; i < s->n_samples; i++)
                if (s->samples[i].metric == m && strcmp(s->samples[i].subject, subject) == 0)
                        return &s->samples[i];
        return NULL;
}

static int64_t number(const Section *s, Metric m, const char *subject) {
        const Sample *x = find(s, m, subject);

        return x ? x->number : UNKNOWN;
}

static const char *words(const Section *s, Metric m, const char *subject) {
        const Sample *x = find(s, m, subject);

        return x ? x->text : "";
}

#define DRIVE(name) "redfish/RAID1/" name
#define VOLUME      "redfish/RAID1/volume/1"

Test(redfish, a_healthy_server_is_read_over_tls_in_one_session_that_is_ended) {
        Bmc bmc = { 0 };
        Section s;

        bmc_open(&bmc);
        s = read_all(&bmc);
        MHD_stop_daemon(bmc.daemon);
        cr_expect_eq(1, bmc.sessions);
        cr_expect_eq(1, bmc.ended);
        cr_expect_str_eq("redfish", s.collector);
        cr_expect_str_eq("passed", words(&s, METRIC_DISK_HEALTH, DRIVE("A")));
        cr_expect_str_eq("S1", words(&s, METRIC_DISK_SERIAL, DRIVE("A")));
        cr_expect_str_eq("ssd", words(&s, METRIC_DISK_KIND, DRIVE("A")));
        cr_expect_eq(14, number(&s, METRIC_DISK_WEAR, DRIVE("A")));
        cr_expect_eq(0, number(&s, METRIC_DISK_PREDICTED, DRIVE("A")));
        cr_expect_eq(UNKNOWN, number(&s, METRIC_DISK_PREDICTED, DRIVE("B")), "null is not false");
        cr_expect_null(find(&s, METRIC_DISK_STATE, DRIVE("C")), "an empty slot is no disk");
        cr_expect_str_eq("raid1", words(&s, METRIC_ARRAY_LEVEL, VOLUME));
        cr_expect_str_eq("optimal", words(&s, METRIC_ARRAY_STATE, VOLUME));
        cr_expect_str_eq(DRIVE("A") "," DRIVE("B"), words(&s, METRIC_ARRAY_MEMBERS, VOLUME));
        cr_expect_eq(1, number(&s, METRIC_ARRAY_REDUNDANCY, VOLUME));
        cr_expect_eq(41500, number(&s, METRIC_SENSOR_TEMPERATURE, "redfish/1U/CPU1 Temp"));
        cr_expect_eq(2100, number(&s, METRIC_SENSOR_FAN, "redfish/1U/Fan1"));
        cr_expect_eq(UNKNOWN, number(&s, METRIC_SENSOR_FAN, "redfish/1U/Fan2"), "per cent are no rpm");
        cr_expect_eq(1, number(&s, METRIC_SENSOR_ALARM, "redfish/1U/Fan2"));
        for (uint32_t i = 0; i < s.n_samples; i++)
                cr_expect_neq(METRIC_FAULT_GRADE, s.samples[i].metric, "%s", s.samples[i].subject);
}

Test(redfish, a_predicted_drive_in_a_degraded_mirror_is_told_with_what_is_left) {
        Bmc bmc = { .pages = ailing };
        Section s;

        bmc_open(&bmc);
        s = read_all(&bmc);
        MHD_stop_daemon(bmc.daemon);
        cr_expect_eq(1, number(&s, METRIC_DISK_PREDICTED, DRIVE("A")));
        cr_expect_str_eq("warning", words(&s, METRIC_DISK_HEALTH, DRIVE("A")));
        cr_expect_str_eq("failed", words(&s, METRIC_DISK_STATE, DRIVE("B")));
        cr_expect_str_eq("failing", words(&s, METRIC_DISK_HEALTH, DRIVE("B")));
        cr_expect_str_eq("degraded", words(&s, METRIC_ARRAY_STATE, VOLUME));
        cr_expect_str_eq(DRIVE("B"), words(&s, METRIC_ARRAY_LOST, VOLUME));
        cr_expect_eq(0, number(&s, METRIC_ARRAY_REDUNDANCY, VOLUME));
        cr_expect_eq(3, number(&s, METRIC_FAULT_GRADE, "redfish/1/memory"));
        cr_expect_eq(1, number(&s, METRIC_FAULT_GRADE, "redfish/1U/power/0"));
        cr_expect(strstr(words(&s, METRIC_FAULT_WHY, "redfish/1U/power/0"), "PSU 1"));
}

Test(redfish, a_bmc_without_sessions_is_asked_with_basic_authentication) {
        Bmc bmc = { .no_sessions = true };
        Section s;

        bmc_open(&bmc);
        s = read_all(&bmc);
        MHD_stop_daemon(bmc.daemon);
        cr_expect_eq(0, bmc.sessions);
        cr_expect_str_eq("passed", words(&s, METRIC_DISK_HEALTH, DRIVE("A")));
}

static int fails(RedfishTarget t, TextFault *f) {
        Section s;

        *f = (TextFault){ 0 };
        return redfish_read(&arena, &t, 1000, &s, f);
}

Test(redfish, a_certificate_nobody_vouches_for_is_refused) {
        Bmc bmc = { 0 };
        RedfishTarget t;
        TextFault f;

        bmc_open(&bmc);
        t = target(&bmc);
        t.ca_file = NULL;
        cr_expect_eq(-EKEYREJECTED, fails(t, &f), "%s", f.what);
        cr_expect_eq(0, bmc.sessions, "and no password was sent");
        t.insecure = true;
        cr_expect_eq(0, fails(t, &f), "%s", f.what);
        MHD_stop_daemon(bmc.daemon);
}

static bool put(const char *path, const char *text) {
        FILE *to = fopen(path, "we");
        const bool put = to && fputs(text, to) >= 0;

        return to && fclose(to) == 0 && put;
}

/* In a process of its own, for which the system's certificates are the BMC's alone: bits of what went wrong; 77: no
 * such process may be made here. */
static int read_where_the_system_vouches(RedfishTarget t) {
        const char *users = text_format(&arena, "0 %u 1", geteuid());
        const char *groups = text_format(&arena, "0 %u 1", getegid());
        TextFault f;
        int wrong;

        if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0 || !put("/proc/self/setgroups", "deny") ||
            !put("/proc/self/uid_map", users) || !put("/proc/self/gid_map", groups) ||
            mount("none", "/etc/ssl/certs", "tmpfs", MS_NOSUID | MS_NODEV, NULL) < 0)
                return 77;
        if (!put("/etc/ssl/certs/ca-certificates.crt", cert))
                return 1;
        t.ca_file = NULL;
        wrong = fails(t, &f) == 0 ? 0 : 2;
        t.ca_file = SOURCE_DIR "/tests/fixtures/redfish/other.pem";
        return wrong | (fails(t, &f) == -EKEYREJECTED ? 0 : 4);
}

Test(redfish, with_a_ca_file_the_systems_certificates_vouch_for_nobody) {
        Bmc bmc = { 0 };
        int status;
        pid_t child;

        bmc_open(&bmc);
        child = fork();
        if (child == 0)
                _exit(read_where_the_system_vouches(target(&bmc)));
        cr_assert_eq(child, waitpid(child, &status, 0));
        MHD_stop_daemon(bmc.daemon);
        if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
                cr_skip("no mount namespace may be made here");
        cr_expect_eq(0, status, "%x", (unsigned) status);
}

Test(redfish, a_wrong_password_a_slow_bmc_and_no_redfish_are_errors_in_words) {
        static const Page none[] = { { R, "[]" }, { NULL, NULL } };
        Bmc bmc = { 0 };
        RedfishTarget t;
        TextFault f;

        bmc_open(&bmc);
        t = target(&bmc);
        t.password = "wrong";
        cr_expect_eq(-EACCES, fails(t, &f));
        cr_expect(strstr(f.what, "login refused for user ann") && !strstr(f.what, "wrong"), "%s", f.what);
        bmc.slow_ms = 120;
        t = target(&bmc);
        t.timeout = USEC_PER_SEC / 2;
        cr_expect_eq(-ETIMEDOUT, fails(t, &f), "%s", f.what);
        bmc.slow_ms = 0;
        bmc.pages = none;
        cr_expect_eq(-EBADMSG, fails(target(&bmc), &f));
        cr_expect(strstr(f.what, "not a JSON object"), "%s", f.what);
        MHD_stop_daemon(bmc.daemon);
        cr_expect_eq(-ECONNREFUSED, fails(target(&bmc), &f), "%s", f.what);
}

Test(redfish, a_resource_that_cannot_be_read_is_named_and_the_others_are_read) {
        static const Page broken[] = { { STORAGE "/Drives/B", "{\"Id\": " }, { NULL, NULL } };
        Bmc bmc = { .pages = broken };
        Section s;

        bmc_open(&bmc);
        s = read_all(&bmc);
        MHD_stop_daemon(bmc.daemon);
        cr_expect_str_eq("passed", words(&s, METRIC_DISK_HEALTH, DRIVE("A")));
        cr_expect_null(find(&s, METRIC_DISK_HEALTH, DRIVE("B")));
        cr_expect_str_eq("the BMC's answer cannot be read",
                         words(&s, METRIC_ITEM_UNREAD, STORAGE "/Drives/B"));
        cr_expect_eq(1, bmc.ended, "the session is ended all the same");
}

/* What was not reached keeps its grade: a device that is not told of is not better (fault_grade_test). */
Test(redfish, a_bmc_that_is_too_slow_tells_what_it_could_and_the_rest_is_named) {
        Bmc bmc = { 0 };
        RedfishTarget t;
        Section s = { 0 };
        TextFault f = { 0 };
        usec_t begun, takes;

        bmc_open(&bmc);
        t = target(&bmc);
        begun = clock_monotonic();
        (void) read_all(&bmc);
        takes = clock_monotonic() - begun;
        __atomic_store_n(&bmc.stuck, STORAGE "/Volumes",
                         __ATOMIC_RELEASE);   /* all before it is answered at once */
        t.timeout = USEC_PER_SEC + 8 * takes; /* on a machine that is busy, too */
        cr_expect_eq(0, redfish_read(&arena, &t, 1000, &s, &f), "%s", f.what);
        __atomic_store_n(&bmc.stuck, NULL, __ATOMIC_RELEASE);
        MHD_stop_daemon(bmc.daemon);
        cr_expect_str_eq("not read in time", words(&s, METRIC_ITEM_UNREAD, "the rest of the BMC"));
}

Test(redfish, a_collection_in_pages_is_read_to_its_end) {
        static const Page paged[] = {
                { STORAGE "/Volumes",
                  "{\"Members\": [], \"Members@odata.nextLink\": \"" STORAGE "/Volumes/page2\"}" },
                { STORAGE "/Volumes/page2", "{\"Members\": [" LINK(STORAGE "/Volumes/1") "]}" },
                { R "Chassis", "{\"Members\": [], \"Members@odata.nextLink\": \"" R "Chassis\"}" },
                { NULL, NULL }
        };
        Bmc bmc = { .pages = paged };
        Section s;

        bmc_open(&bmc);
        s = read_all(&bmc);
        MHD_stop_daemon(bmc.daemon);
        cr_expect_str_eq("optimal", words(&s, METRIC_ARRAY_STATE, VOLUME));
        cr_expect_str_eq("a page more than 50", words(&s, METRIC_ITEM_UNREAD, R "Chassis"),
                         "one that never ends");
}

/* A BMC that was taken over must not have its neighbours asked, nor be given another's password by a link. */
Test(redfish, links_and_redirections_that_lead_elsewhere_are_not_followed) {
        Bmc other = { .no_sessions = true }, bmc = { .moved = R "Chassis" };
        char members[1024], port[16];
        const Page hostile[] = { { R "Systems", members }, { NULL, NULL } };
        Section s;

        bmc_open(&other);
        (void) snprintf(port, sizeof(port), "%s", strrchr(other.url, ':') + 1);
        (void) snprintf(
                members, sizeof(members),
                "{\"Members\": [{\"@odata.id\": \"@127.0.0.1:%s/steal\"}, {\"@odata.id\": \".example/x\"}, {\"@odata.id\": "
                "\"//127.0.0.1:%s/x\"}, {\"@odata.id\": \"https://127.0.0.1:%s/z\"}, {\"@odata.id\": \"/a b\\r\\nX-Inject: "
                "1\"}, {\"@odata.id\": \"/../../..\"}, {\"@odata.id\": 7}, {\"@odata.id\": \"" R
                "Systems/1\"}], \"Members@odata.nextLink\": \"@127.0.0.1:%s/more\"}",
                port, port, port, port);
        bmc.pages = hostile;
        bmc.moved_to = other.url;
        bmc_open(&bmc);
        s = read_all(&bmc);
        MHD_stop_daemon(bmc.daemon);
        MHD_stop_daemon(other.daemon);
        cr_expect_eq(0, other.asked, "the other server was asked %u times", other.asked);
        cr_expect_str_eq("passed", words(&s, METRIC_DISK_HEALTH, DRIVE("A")),
                         "what is well beside them is read");
        cr_expect_str_eq("the BMC's answer cannot be read", words(&s, METRIC_ITEM_UNREAD, R "Chassis"));
}

Test(redfish, a_giant_and_a_deep_page_are_named_and_the_others_are_read) {
        const size_t n = (size_t) 5 << 20;
        char *giant = malloc(n + 1), *deep = malloc(n + 1);
        const Page odd[] = { { STORAGE "/Drives/B", giant },
                             { R "Chassis/1U/Thermal", deep },
                             { NULL, NULL } };
        Bmc bmc = { .pages = odd };
        Section s;

        cr_assert(giant && deep);
        memset(giant, ' ', n);
        memcpy(giant, "{\"a\": 1", 7);
        giant[n - 1] = '}';
        giant[n] = '\0';
        memset(deep, '[', 1000000);
        deep[1000000] = '\0';
        bmc_open(&bmc);
        s = read_all(&bmc);
        MHD_stop_daemon(bmc.daemon);
        cr_expect_str_eq("passed", words(&s, METRIC_DISK_HEALTH, DRIVE("A")));
        cr_expect_str_eq("the BMC's answer cannot be read",
                         words(&s, METRIC_ITEM_UNREAD, STORAGE "/Drives/B"));
        cr_expect_str_eq("the BMC's answer cannot be read",
                         words(&s, METRIC_ITEM_UNREAD, R "Chassis/1U/Thermal"));
        cr_expect_eq(1, bmc.ended, "the session is ended all the same");
        free(giant);
        free(deep);
}
