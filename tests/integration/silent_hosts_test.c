/* SPDX-License-Identifier: Apache-2.0 */
/* An agent dies on a host that must be left: the service reads that host through libvirt instead, says so, and plans its
 * VMs off it. libvirt is its own test driver, a file for each host. Needs redis-server. */
#include "scheduler/app/facts/silent_store.h"
#include "scheduler/app/facts/source.h"
#include "scheduler/app/settings/app_settings.h"
#include "tests/integration/service_fixture.h"

TestSuite(silent_hosts, .init = service_setup, .fini = service_teardown);

/* What libvirt says of the host: web`first` on, as report_vms_at() has them. */
static void libvirt_has(const char *host, uint32_t first, uint32_t n_vms) {
        char path[200];
        FILE *f;

        (void) snprintf(path, sizeof(path), "%s/%s.xml", dir, host);
        f = fopen(path, "w");
        cr_assert_not_null(f);
        (void) fprintf(f,
                       "<node><cpu><nodes>1</nodes><sockets>1</sockets><cores>4</cores><threads>1</threads>"
                       "<active>4</active><mhz>2000</mhz></cpu><memory>16777216</memory>");
        for (uint32_t i = first; i < first + n_vms; i++) {
                const unsigned k8 = i * 11111111;

                (void) fprintf(f,
                               "<domain type='test'><name>web%u</name>"
                               "<uuid>%08u-%04u-4%03u-8%03u-%08u%04u</uuid><memory>1048576</memory>"
                               "<vcpu>1</vcpu><os><type>hvm</type></os></domain>",
                               i, k8, k8 % 10000, k8 % 1000, k8 % 1000, k8, k8 % 10000);
        }
        (void) fprintf(f, "</node>");
        cr_assert_eq(0, fclose(f));
}

/* 45 s ago: its last report stays for the rest of its minute. */
static void agent_died(const char *host, uint32_t first, uint32_t n_vms) {
        StoredText *texts = NULL;
        uint32_t n = 0;

        report_vms_at(host, first, n_vms, clock_now() - 45 * USEC_PER_SEC);
        cr_assert_eq(0, store_get_reports_of(store, &arena, &host, 1, &texts, &n));
        cr_assert_eq(0, store_put_report(store, host, texts[0].text, texts[0].n, 15 * USEC_PER_SEC));
}

static void enter_maintenance(const char *host) {
        static const char mark[] = "{\"schema\": \"plimsoll.mark/1\", \"state\": \"maintenance\"}";

        cr_assert_eq(0, store_set_mark(store, host, mark));
}

static uint64_t take_a_lease(void) {
        uint64_t token;
        char holder[64];

        cr_assert_eq(0, store_lease(store, "test", 5 * USEC_PER_SEC, &token, holder, sizeof(holder)));
        return token;
}

static int serve_by(const char *mode) {
        char uri[160];

        (void) snprintf(uri, sizeof(uri), "--set=service.uri=test://%s/{host}.xml", dir);
        return serve_with(mode, (const char *const[]){ "--set=service.hold=0s", uri, NULL });
}

static Source *source_new(Settings **ret) {
        char uri[160];
        Source *source = NULL;
        TextFault f = { 0 };

        (void) snprintf(uri, sizeof(uri), "test://%s/{host}.xml", dir);
        cr_assert_eq(0, app_settings_new(&arena, ret));
        cr_assert_eq(0, settings_set(*ret, "cluster.hosts", "*", &f));
        cr_assert_eq(0, settings_set(*ret, "service.uri", uri, &f), "%s", f.what);
        cr_assert_eq(0, source_open_store(store, "t", &source));
        return source;
}

static const Snapshot *look(Source *source, const Settings *settings) {
        const Snapshot *s = NULL;
        TextFault f = { 0 };

        cr_assert_eq(0, source_read(source, &arena, settings, &s, &f), "%s", f.what);
        return s;
}

static const Host *host_of(const Snapshot *s, const char *name) {
        cr_assert_neq(snapshot_host(s, name), IX_NONE);
        return &s->hosts[snapshot_host(s, name)];
}

static bool said(const Source *source, const char *words) {
        for (uint32_t i = 0; source_notice(source, i); i++)
                if (strstr(source_notice(source, i), words))
                        return true;
        for (uint32_t i = 0; source_notice(source, i); i++)
                (void) fprintf(stderr, "said: %s\n", source_notice(source, i));
        return false;
}

Test(silent_hosts, a_host_in_maintenance_whose_agent_died_is_emptied_by_what_libvirt_says) {
        LiveState state;

        agent_died("h1", 1, 2);
        report_vms("h2", 4, 1);
        libvirt_has("h1", 1, 3);
        enter_maintenance("h1");
        cr_assert_eq(0, serve_by("advise"));
        state = live();
        cr_assert_str_eq(state.plan_status, "evacuated", "%s", state.summary);
        cr_assert(strstr(state.summary, "3 moves"), "%s", state.summary);
        cr_assert_eq(0, state.n_stays_all);
}

/* Commands see what the leader saw: the host is no riddle to them while the service empties it. */
Test(silent_hosts, commands_see_it_as_the_leader_read_it_as_long_as_that_is_good) {
        Settings *settings = NULL;
        Source *source = source_new(&settings);
        TextFault f = { 0 };
        const Snapshot *s;

        agent_died("h1", 1, 2);
        report_vms("h2", 4, 1);
        libvirt_has("h1", 1, 3);
        enter_maintenance("h1");
        cr_assert_eq(host_of(look(source, settings), "h1")->excluded, EXCLUDED_STALE, "nobody has read it");
        cr_assert_eq(0, serve_by("advise"));
        s = look(source, settings);
        cr_assert_eq(host_of(s, "h1")->excluded, EXCLUDED_NONE, "%s", host_of(s, "h1")->excluded_why);
        cr_assert_not_null(host_of(s, "h1")->no_entry_why, "it takes no VMs");
        cr_assert_eq(s->vms[snapshot_vm(s, "web3")].host, snapshot_host(s, "h1"));
        cr_assert(said(source, "; read through libvirt instead"));
        cr_assert_eq(0, settings_set(settings, "snapshot.stale_after", "1s", &f));
        cr_assert_eq(0, settings_set(settings, "service.interval", "1s", &f));
        cr_assert_eq(0, settings_set(settings, "service.settle", "0s", &f));
        report_vms("h2", 4, 1);
        clock_sleep(2 * USEC_PER_SEC + USEC_PER_SEC / 10); /* no condition: it gets old */
        report_vms("h2", 4, 1);
        cr_assert_neq(host_of(look(source, settings), "h1")->excluded, EXCLUDED_NONE, "it is too old");
        source = source_free(source);
}

/* For a leader whom libvirt does not answer, and when the reading has gone, its VMs are kept. */
Test(silent_hosts, what_libvirt_said_is_kept_as_what_was_last_known) {
        Settings *settings = NULL;
        Source *source = source_new(&settings);
        StoredText *texts = NULL;
        uint32_t n = 0;
        const Snapshot *s;

        agent_died("h1", 1, 2);
        report_vms("h2", 4, 1);
        libvirt_has("h1", 1, 3);
        enter_maintenance("h1");
        cr_assert_eq(0, serve_by("advise"));
        cr_assert_eq(0, store_get_known(store, &arena, &texts, &n));
        cr_assert_eq(1, n);
        cr_assert(strstr(texts[0].text, "vm.uuid\tweb3\t"), "%s", texts[0].text);
        cr_assert_eq(0, store_put_report(store, "h1", "x", 1, USEC_PER_MSEC));
        cr_assert_eq(0, store_put_state(store, SILENT_STORE_NAME, "{}", 2, 0));
        (void) usleep(50000);
        s = look(source, settings);
        cr_assert_eq(4, s->n_vms);
        cr_assert_neq(host_of(s, "h1")->excluded, EXCLUDED_NONE);
        source = source_free(source);
}

/* Of hardware libvirt says nothing: that is no good news. */
Test(silent_hosts, its_grade_stays_what_is_remembered) {
        static const char memory[] =
                "{\"schema\": \"plimsoll.faults/1\", \"devices\": [{\"device\": \"sda\", \"serial\": \"S1\", "
                "\"hazard\": \"disk-failing\", \"grade\": 3, \"why\": \"it says so\", \"since\": 1772366400000000, "
                "\"hours\": 24}]}";
        Settings *settings = NULL;
        Source *source = source_new(&settings);
        const Snapshot *s;

        agent_died("h1", 1, 2);
        report_vms("h2", 4, 1);
        libvirt_has("h1", 1, 2);
        cr_assert_eq(0, store_put_fault_memory(store, take_a_lease(), "h1", memory, sizeof(memory) - 1));
        source_reach_silent(source);
        s = look(source, settings);
        cr_assert(said(source, "; read through libvirt instead"));
        cr_assert_eq(host_of(s, "h1")->excluded, EXCLUDED_NONE);
        cr_assert_eq(3, host_of(s, "h1")->fault_grade);
        cr_assert_eq(0, host_of(s, "h1")->faults[0].clean_since, "it has not got better");
        cr_assert_eq(3, source_faults(source)->after[snapshot_host(s, "h1")].devices[0].grade);
        source = source_free(source);
}

/* Which no operator said must be left: who has the VM is to be known. */
Test(silent_hosts, so_is_a_host_of_a_move_whose_end_nobody_knows) {
        Settings *settings = NULL;
        Source *source = source_new(&settings);
        char entry[400];

        agent_died("h1", 1, 2);
        report_vms("h2", 4, 1);
        libvirt_has("h1", 1, 2);
        (void) snprintf(
                entry, sizeof(entry),
                "{\"event\": \"unclear\", \"id\": \"x/1/9\", \"vm\": \"web1\", \"from\": \"h1\", \"to\": "
                "\"h2\", \"at\": %lld, \"message\": \"h1: cannot be queried\"}",
                (long long) clock_now());
        cr_assert_eq(0, store_journal(store, take_a_lease(), entry, strlen(entry)));
        source_reach_silent(source);
        cr_assert_eq(host_of(look(source, settings), "h1")->excluded, EXCLUDED_NONE);
        cr_assert(said(source, "; read through libvirt instead"));
        source = source_free(source);
}

Test(silent_hosts, libvirt_s_word_stands_for_its_vms_and_the_host_takes_none) {
        Settings *settings = NULL;
        Source *source = source_new(&settings);
        const Snapshot *s;

        agent_died("h1", 1, 2);
        report_vms("h2", 4, 1);
        libvirt_has("h1", 2, 2);
        s = look(source, settings);
        cr_assert_eq(host_of(s, "h1")->excluded, EXCLUDED_STALE, "a command reads nothing");
        source_reach_silent(source);
        s = look(source, settings);
        cr_assert_eq(host_of(s, "h1")->excluded, EXCLUDED_STALE, "it need not be left");
        enter_maintenance("h1");
        s = look(source, settings);
        cr_assert(said(source, "h1: no report since 20") && said(source, "; read through libvirt instead"));
        cr_assert_eq(host_of(s, "h1")->excluded, EXCLUDED_NONE, "%s", host_of(s, "h1")->excluded_why);
        cr_assert_not_null(host_of(s, "h1")->no_entry_why);
        cr_assert_eq(snapshot_vm(s, "web1"), IX_NONE, "it is not there any more");
        cr_assert_eq(s->vms[snapshot_vm(s, "web3")].host, snapshot_host(s, "h1"));
        cr_assert_eq(host_of(source_reported(source), "h1")->excluded, EXCLUDED_STALE, "its agent is silent");
        libvirt_has("h1", 1, 3);
        cr_assert_eq(snapshot_vm(look(source, settings), "web1"), IX_NONE, "not asked again at once");
        report_vms("h1", 1, 1);
        s = look(source, settings);
        cr_assert_null(host_of(s, "h1")->no_entry_why, "its agent reports again");
        cr_assert_null(source_notice(source, 0));
        source = source_free(source);
}

Test(silent_hosts, one_whose_libvirt_does_not_answer_stays_as_it_was) {
        Settings *settings = NULL;
        Source *source = source_new(&settings);
        const Snapshot *s;

        agent_died("h1", 1, 2);
        report_vms("h2", 4, 1);
        enter_maintenance("h1");
        source_reach_silent(source);
        s = look(source, settings);
        cr_assert(said(source, "; not read through libvirt either: "));
        cr_assert_eq(host_of(s, "h1")->excluded, EXCLUDED_STALE);
        cr_assert_eq(3, s->n_vms);
        libvirt_has("h1", 1, 2);
        cr_assert_eq(host_of(look(source, settings), "h1")->excluded, EXCLUDED_STALE,
                     "not asked again at once");
        source = source_free(source);
}

/* Why it could not be read is told where a person looks, too. */
Test(silent_hosts, commands_say_why_it_could_not_be_read) {
        Settings *settings = NULL;
        Source *source = source_new(&settings);

        agent_died("h1", 1, 2);
        report_vms("h2", 4, 1);
        enter_maintenance("h1");
        cr_assert_eq(0, serve_by("advise"));
        cr_assert_eq(host_of(look(source, settings), "h1")->excluded, EXCLUDED_STALE);
        cr_assert(said(source, "; not read through libvirt either: "));
        source = source_free(source);
}

/* Whoever wrote it: what is said of one host is not believed of another, and what is no such text says nothing. */
Test(silent_hosts, a_reading_of_another_host_is_none) {
        static const char *const texts[] = {
                "",
                "x",
                "[]",
                "{\"h1\": 1}",
                "{\"h1\": {}}",
                "{\"h1\": {\"report\": \"x\", \"error\": \"y\"}}",
                "{\"h1\": {\"report\": \"gibberish\"}}",
                "{\"h1\": {\"report\": \"plimsoll.report/1 h2 sent=1 seq=1 every=1000000\\n\"}}",
        };
        Settings *settings = NULL;
        Source *source = source_new(&settings);

        agent_died("h1", 1, 2);
        report_vms("h2", 4, 1);
        enter_maintenance("h1");
        for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
                cr_assert_eq(0, store_put_state(store, SILENT_STORE_NAME, texts[i], strlen(texts[i]), 0));
                cr_assert_eq(host_of(look(source, settings), "h1")->excluded, EXCLUDED_STALE, "%s", texts[i]);
        }
        source = source_free(source);
}
