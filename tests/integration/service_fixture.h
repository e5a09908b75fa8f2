/* SPDX-License-Identifier: Apache-2.0 */
/* For tests of the service, a round at a time, on a real private Redis: reports of two hosts as agents write
 * them, the service run once, and what it left in the store.
 */
#pragma once

#include <string.h>

#include "scheduler/app/service/service.h"
#include "scheduler/app/state/live_state.h"
#include "scheduler/app/state/move_journal.h"
#include "scheduler/snapshot/wire/sample_wire.h"
#include "tests/integration/redis_fixture.h"

static Store *store;

static inline void service_setup(void) {
        TextFault f;

        fixture_setup();
        server_start(NULL, NULL);
        cr_assert_eq(0, store_open(&(StoreOptions){ .url = url, .cluster = "t" }, &store, &f), "%s", f.what);
}

static void service_teardown(void) {
        store = store_free(store);
        fixture_teardown();
}

#define N(m, s, v)                                                                                           \
        { .metric = METRIC_##m, .subject = (s), .number = (v) }
#define T(m, s, v)                                                                                           \
        { .metric = METRIC_##m, .subject = (s), .text = (v) }

#define VMS_MOST 4

/* Busy VMs, from web`first` on, up to web9; each host's libvirt is where nobody listens. */
static inline void report_vms_at(const char *host, uint32_t first, uint32_t n_vms, usec_t now) {
        char names[VMS_MOST][8], uuids[VMS_MOST][40], uri[64];
        Sample facts[] = { N(HOST_CPUS, "", 4), N(HOST_DAEMON, "", 1), T(HOST_URI, "", uri),
                           N(HOST_CPU_BUSY, "", 900 * (int64_t) n_vms) };
        Sample memory[] = { N(HOST_MEMORY_TOTAL, "", 16384),
                            N(HOST_MEMORY_AVAILABLE, "", 16000 - 1024 * n_vms) };
        Sample vms[VMS_MOST * 6];
        uint32_t k = 0;
        Section sections[3];
        Report r = { .host = host,
                     .sent_at = now,
                     .sequence = 1,
                     .interval = 5 * USEC_PER_SEC,
                     .sections = sections,
                     .n_sections = 3 };
        const char *text;
        size_t n;

        cr_assert(n_vms <= VMS_MOST && first + n_vms <= 10);
        (void) snprintf(uri, sizeof(uri), "qemu+tcp://127.0.0.1:%s/system", host + 1);
        for (uint32_t i = 0; i < n_vms; i++) {
                const unsigned k8 = (first + i) * 11111111;

                (void) snprintf(names[i], sizeof(names[i]), "web%u", first + i);
                (void) snprintf(uuids[i], sizeof(uuids[i]), "%08u-%04u-4%03u-8%03u-%08u%04u", k8, k8 % 10000,
                                k8 % 1000, k8 % 1000, k8, k8 % 10000);
                vms[k++] = (Sample) T(VM_UUID, names[i], uuids[i]);
                vms[k++] = (Sample) T(VM_STATE, names[i], "running");
                vms[k++] = (Sample) N(VM_VCPUS, names[i], 1);
                vms[k++] = (Sample) N(VM_MEMORY, names[i], 1024);
                vms[k++] = (Sample) N(VM_CPU, names[i], 900);
                vms[k++] = (Sample) N(VM_DIRTY, names[i], 0);
        }
        sections[0] = (Section){
                .collector = "host", .read_at = now, .samples = facts, .n_samples = ARRAY_SIZE(facts)
        };
        sections[1] = (Section){ .collector = "memory", .read_at = now, .samples = memory, .n_samples = 2 };
        sections[2] = (Section){ .collector = "vms", .read_at = now, .samples = vms, .n_samples = k };
        cr_assert_eq(0, report_print(&arena, &r, &text, &n));
        cr_assert_eq(0, store_put_report(store, host, text, n, 60 * USEC_PER_SEC), "%s", store_error(store));
}

static inline void report_vms(const char *host, uint32_t first, uint32_t n_vms) {
        report_vms_at(host, first, n_vms, clock_now());
}

static inline void report(const char *host, uint32_t n_vms) {
        report_vms(host, 1, n_vms);
}

/* One round; `more`: further options, NULL-terminated. */
static inline int serve_with(const char *mode, const char *const *more) {
        char words[16][160];
        char *argv[17];
        int n = 0;

        (void) snprintf(words[n++], 160, "plimsolld");
        (void) snprintf(words[n++], 160, "--once");
        (void) snprintf(words[n++], 160, "--redis=%s", url);
        (void) snprintf(words[n++], 160, "--cluster=t");
        (void) snprintf(words[n++], 160, "--state-dir=%s/state", dir);
        (void) snprintf(words[n++], 160, "--mode=%s", mode);
        (void) snprintf(words[n++], 160, "--set=cluster.hosts=*");
        for (; *more && n < 16; more++)
                (void) snprintf(words[n++], 160, "%s", *more);
        for (int i = 0; i < n; i++)
                argv[i] = words[i];
        argv[n] = NULL;
        return service_main(n, argv, stdout, stderr, NULL);
}

static inline int serve(const char *mode) {
        return serve_with(mode, (const char *const[]){ "--set=service.hold=0s", NULL });
}

static inline LiveState live(void) {
        LiveState s = { 0 };
        const char *text;
        TextFault f;
        size_t n;

        cr_assert_eq(0, store_get_state(store, &arena, LIVE_STATE_NAME, &text, &n));
        cr_assert_eq(0, live_state_parse(&arena, text, n, &s, &f), "%s", f.what);
        return s;
}

static inline uint32_t records(void) {
        StoredText *texts;
        uint32_t n;

        cr_assert_eq(0, store_get_records(store, &arena, 100, &texts, &n));
        return n;
}

static inline uint32_t journal(JournalEntry ret[32]) {
        StoredText *texts;
        uint32_t n;

        cr_assert_eq(0, store_get_journal(store, &arena, 32, &texts, &n));
        for (uint32_t i = 0; i < n; i++)
                cr_assert_eq(0, journal_parse(&arena, texts[i].text, texts[i].n, &ret[i]));
        return n;
}
