/* SPDX-License-Identifier: Apache-2.0 */
/* A host falls silent and its report expires: it keeps its VMs, as they were last known, with the age, through a new leader
 * and commands; they are forgotten when it is seen again, or forgotten itself. Needs redis-server. */
#include "scheduler/app/facts/known_hosts.h"
#include "scheduler/app/facts/source.h"
#include "scheduler/app/settings/app_settings.h"
#include "tests/integration/service_fixture.h"

TestSuite(known_hosts, .init = service_setup, .fini = service_teardown);

static uint32_t known(const char **ret) {
        StoredText *texts = NULL;
        uint32_t n = 0;

        cr_assert_eq(0, store_get_known(store, &arena, &texts, &n));
        *ret = n > 0 ? texts[0].text : "";
        return n;
}

/* As an agent left it that died then: it stays for the rest of its minute. */
static void report_that_stays(const char *host, uint32_t first, uint32_t n_vms, usec_t at) {
        StoredText *texts = NULL;
        uint32_t n = 0;

        report_vms_at(host, first, n_vms, at);
        cr_assert_eq(0, store_get_reports_of(store, &arena, &host, 1, &texts, &n));
        cr_assert_eq(0, store_put_report(store, host, texts[0].text, texts[0].n,
                                         60 * USEC_PER_SEC - (clock_now() - at)));
}

/* As it expires. */
static void report_goes(const char *host) {
        cr_assert_eq(0, store_put_report(store, host, "x", 1, USEC_PER_MSEC));
        for (int i = 0; i < 1000; i++) {
                StoredText *texts = NULL;
                uint32_t n = 0;

                cr_assert_eq(0, store_get_reports_of(store, &arena, &host, 1, &texts, &n));
                if (n == 0)
                        return;
                (void) usleep(1000);
        }
        cr_assert_fail("it stays");
}

static const Snapshot *snapshot_now(void) {
        Source *source = NULL;
        Settings *settings = NULL;
        const Snapshot *s = NULL;
        TextFault f = { 0 };

        cr_assert_eq(0, app_settings_new(&arena, &settings));
        cr_assert_eq(0, settings_set(settings, "cluster.hosts", "*", &f));
        cr_assert_eq(0, source_open_store(store, "t", &source));
        cr_assert_eq(0, source_read(source, &arena, settings, &s, &f), "%s", f.what);
        source = source_free(source);
        return s;
}

Test(known_hosts, a_host_whose_report_expires_keeps_its_vms_until_it_is_seen_again) {
        const usec_t long_ago = clock_now() - 45 * USEC_PER_SEC;
        const char *text;
        const Snapshot *s;

        report_vms_at("h1", 1, 2, clock_now());
        report_vms_at("h2", 4, 1, clock_now());
        cr_assert_eq(0, serve("advise"));
        cr_assert_eq(0, known(&text), "nothing is written of hosts that are seen");
        report_that_stays("h1", 1, 2, long_ago);
        report_vms_at("h2", 4, 1, clock_now());
        cr_assert_eq(0, serve("advise"));
        cr_assert_eq(1, known(&text));
        cr_assert(strstr(text, "vm.uuid\tweb1\t") && strstr(text, "vm.memory\tweb2\t1024"), "%s", text);
        cr_assert_not(strstr(text, "vm.cpu\t"), "what it used is of no use: %s", text);
        report_goes("h1");
        s = snapshot_now();
        cr_assert_eq(s->n_vms, 3);
        cr_assert_eq(s->vms[snapshot_vm(s, "web2")].host, snapshot_host(s, "h1"));
        cr_assert(strstr(s->hosts[0].excluded_why, "no report received; its 2 VMs were last seen 4"), "%s",
                  s->hosts[0].excluded_why);
        cr_assert_eq(s->hosts[0].vms_as_of, long_ago);
        report_vms_at("h2", 4, 1, clock_now());
        cr_assert_eq(0, serve("advise"), "another leader, who never saw it");
        cr_assert_eq(1, known(&text), "keeps it");
        cr_assert_eq(3, snapshot_now()->n_vms);
        report_vms_at("h1", 1, 1, clock_now());
        report_vms_at("h2", 4, 1, clock_now());
        cr_assert_eq(0, serve("advise"));
        cr_assert_eq(0, known(&text), "it is seen again");
        cr_assert_eq(2, snapshot_now()->n_vms);
}

Test(known_hosts, of_a_host_that_is_forgotten_nothing_is_kept) {
        const char *text;

        report_that_stays("h1", 1, 2, clock_now() - 45 * USEC_PER_SEC);
        report_vms_at("h2", 4, 1, clock_now());
        cr_assert_eq(0, serve("advise"));
        cr_assert_eq(1, known(&text));
        cr_assert_eq(0, store_forget_host(store, "h1"));
        cr_assert_eq(0, known(&text));
}

static uint64_t token;

static void take_a_lease(void) {
        char holder[64];

        cr_assert_eq(0, store_lease(store, "test", 5 * USEC_PER_SEC, &token, holder, sizeof(holder)));
}

/* A process that goes on has the hosts it saw, whatever the store has; one that says nothing of its VMs keeps those it had,
 * and an odd text of the store is none. */
Test(known_hosts, a_process_remembers_what_it_saw) {
        Vm vms[2] = { vm_unknown(), vm_unknown() };
        Host hosts[2] = { host_unknown(), host_unknown() };
        Snapshot s = { .hosts = hosts, .n_hosts = 2, .vms = vms, .n_vms = 2 };
        KnownHosts k = { 0 };
        BuildInput in = { 0 };
        const StoredText *stored;
        uint32_t n;

        vms[0].name = "a";
        vms[1].name = "b";
        vms[0].host = 0;
        vms[1].host = 1;
        vms[1].in_flight = true;
        vms[1].in_flight_to = 0;
        hosts[0].name = "h1";
        hosts[1].name = "h2";
        hosts[0].seen_at = hosts[1].seen_at = 7 * USEC_PER_SEC;
        cr_assert_eq(0, known_hosts_keep(&k, &s));
        cr_assert_eq(2, k.n);
        cr_assert(strstr(k.at[0].text, "\ta\t") && strstr(k.at[0].text, "\tb\t"), "on its way: on both");
        cr_assert(strstr(k.at[1].text, "\tb\t") && !strstr(k.at[1].text, "\ta\t"));
        hosts[0].excluded = EXCLUDED_DAEMON;
        s.n_vms = 0;
        cr_assert_eq(0, known_hosts_keep(&k, &s));
        cr_assert(strstr(k.at[0].text, "\ta\t"), "it does not say: what was known");
        cr_assert_not(strstr(k.at[1].text, "\tb\t"), "it says that it has none");
        cr_assert_eq(0, known_hosts_recall(&k, &arena, &in));
        cr_assert_eq(2, in.n_known);
        cr_assert_eq(7 * USEC_PER_SEC, in.known[0]->sent_at);
        s.n_hosts = 1;
        cr_assert_eq(0, known_hosts_keep(&k, &s));
        cr_assert_eq(1, k.n, "a host that is gone is not remembered");
        known_hosts_close(&k);
        in = (BuildInput){ 0 };
        take_a_lease();
        cr_assert_eq(0, store_put_known(store, token, "h9", "nonsense", 8));
        cr_assert_eq(0, known_hosts_read(store, &arena, &in, &stored, &n));
        cr_assert_eq(1, n);
        cr_assert_eq(0, in.n_known);
}
