/* SPDX-License-Identifier: Apache-2.0 */
/* Histories, estimators, their texts, and what estimates do to a snapshot. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "scheduler/app/facts/demand_store.h"
#include "scheduler/app/settings/app_settings.h"
#include "scheduler/decide/problem/problem_build.h"
#include "scheduler/snapshot/files/snapshot_file.h"
#include "scheduler/snapshot/wire/estimators.h"
#include "scheduler/snapshot/wire/history_text.h"

#define MINUTE (60 * USEC_PER_SEC)
#define HOUR   (60 * MINUTE)
#define START  (INT64_C(480000) * HOUR) /* a midnight */

static const HistoryPace pace = { .step = 5 * MINUTE, .half_life = 10 * MINUTE };
static VmHistory history;

static void begin(void) {
        vm_history_begin(&history, "vm1", "u-1");
}

static void read_cpu(usec_t at, int64_t mcores) {
        VmLoad load = { mcores, UNKNOWN, UNKNOWN, UNKNOWN, 0 };

        vm_history_add(&history, &pace, at, &load);
}

static int64_t estimate(const char *name, int64_t last) {
        EstimateInput in = {
                .history = &history, .series = HISTORY_CPU, .last = last, .step = pace.step, .horizon = HOUR
        };

        for (const Estimator *e = estimators; e->name; e++)
                if (strcmp(e->name, name) == 0)
                        return e->estimate(&in);
        cr_assert_fail("no estimator %s", name);
        return UNKNOWN;
}

static Settings *defaults(Arena *a) {
        Settings *s = NULL;

        cr_assert_eq(app_settings_new(a, &s), 0);
        return s;
}

static Arena arena;
static void setup(void) {
        cr_assert_eq(arena_open(1 << 26, &arena), 0);
        begin();
}
static void teardown(void) {
        arena_close(&arena);
}
TestSuite(demand, .init = setup, .fini = teardown);

Test(demand, a_steady_use_is_what_every_estimator_says) {
        for (int i = 0; i < 5 * 24 * 60; i++)
                read_cpu(START + i * MINUTE, 1500);
        for (const Estimator *e = estimators; e->name; e++)
                cr_expect_eq(estimate(e->name, 1500), 1500, "%s says %lld", e->name,
                             (long long) estimate(e->name, 1500));
}

Test(demand, one_spike_does_not_move_the_mean_much_but_is_the_peak) {
        for (int i = 0; i < 240; i++)
                read_cpu(START + i * MINUTE, 1000);
        read_cpu(START + 240 * MINUTE, 9000);
        cr_expect_lt(estimate("mean", 9000), 1700);
        cr_expect_eq(estimate("p75", 9000), 1000);
        cr_expect_eq(estimate("peak", 9000), 9000);
        cr_expect_eq(estimate("last", 9000), 9000);
}

Test(demand, after_the_half_life_half_of_a_change_is_in_the_mean) {
        int64_t says;

        for (int i = 0; i < 240; i++)
                read_cpu(START + i * MINUTE, 1000);
        for (int i = 240; i < 250; i++)
                read_cpu(START + i * MINUTE, 2000);
        says = estimate("mean", 2000);
        cr_expect(says >= 1450 && says <= 1550, "%lld", (long long) says);
}

Test(demand, the_first_readings_count_alike) {
        read_cpu(START, 0);
        read_cpu(START + USEC_PER_SEC, 3000);
        read_cpu(START + 2 * USEC_PER_SEC, 3000);
        cr_expect_eq(estimate("mean", 3000), 2000);
}

Test(demand, p95_is_the_nearest_rank_of_the_window) {
        for (int i = 0; i < HISTORY_STEPS; i++) /* 1 … 48, one a step */
                read_cpu(START + i * pace.step, i + 1);
        cr_expect_eq(estimate("p95", 48), 46); /* ceil(.95 × 48) */
        cr_expect_eq(estimate("p75", 48), 36);
        read_cpu(START + HISTORY_STEPS * pace.step, 1); /* the oldest falls out */
        cr_expect_eq(vm_history_step(&history, HISTORY_CPU, HISTORY_STEPS - 1), 2);
        cr_expect_eq(vm_history_step(&history, HISTORY_CPU, HISTORY_STEPS), HISTORY_NONE);
}

Test(demand, a_gap_in_the_readings_is_no_zero) {
        for (int i = 0; i < 24; i++)
                read_cpu(START + i * pace.step, 800);
        for (int i = 36; i < 40; i++)
                read_cpu(START + i * pace.step, 800);
        cr_expect_eq(vm_history_step(&history, HISTORY_CPU, 8), HISTORY_NONE);
        cr_expect_eq(estimate("p95", 800), 800);
        cr_expect_eq(estimate("mean", 800), 800);
}

Test(demand, a_reading_that_is_not_newer_is_passed_over) {
        read_cpu(START + MINUTE, 500);
        read_cpu(START + MINUTE, 9000);
        read_cpu(START, 9000);
        cr_expect_eq(estimate("peak", 9000), 500);
}

Test(demand, the_trend_leads_the_mean_while_use_grows_and_lags_it_while_it_falls) {
        for (int i = 0; i < HISTORY_STEPS; i++)
                read_cpu(START + i * pace.step, 1000 + 20 * i);
        cr_expect_gt(estimate("trend", 0), estimate("mean", 0) + 80); /* half an hour ahead: 6 steps of 20 */
        cr_expect_lt(estimate("trend", 0), estimate("mean", 0) + 160);
        begin();
        for (int i = 0; i < HISTORY_STEPS; i++)
                read_cpu(START + i * pace.step, 2000 - 20 * i);
        cr_expect_lt(estimate("trend", 0), estimate("mean", 0) - 80);
}

/* Busy from 8 to 18 o'clock. */
static void office_days(int days, int hours) {
        for (int64_t i = 0; i < (days * INT64_C(24) + hours) * 12; i++) {
                int64_t hour = i / 12 % 24;

                read_cpu(START + i * pace.step, hour >= 8 && hour < 18 ? 4000 : 500);
        }
}

Test(demand, a_daily_pattern_is_seen_coming_from_the_fourth_day_on) {
        office_days(2, 8);
        cr_expect_lt(estimate("daily", 500), 600, "two days are no pattern");
        begin();
        office_days(4, 8); /* 07:55: the hour ahead is busy */
        cr_expect_gt(estimate("daily", 500), 1900);
        cr_expect_lt(estimate("mean", 500), 600);
        begin();
        office_days(4, 18); /* 17:55 */
        cr_expect_lt(estimate("daily", 4000), 2600);
}

Test(demand, a_history_printed_and_read_is_the_same) {
        VmHistory two[2];
        const VmHistory *again = NULL;
        const char *text, *second;
        size_t n, n_second;
        usec_t step = 0;
        uint32_t count = 0;
        TextFault fault = { 0 };

        office_days(4, 9);
        two[0] = history;
        vm_history_begin(&two[1], "vm2, with a comma and spaces", NULL);
        cr_assert_eq(history_print(&arena, pace.step, two, 2, &text, &n), 0);
        cr_assert_eq(history_parse(&arena, text, n, &step, &again, &count, &fault), 0, "%s", fault.what);
        cr_expect_eq(step, pace.step);
        cr_assert_eq(count, 2);
        cr_assert_eq(history_print(&arena, step, again, count, &second, &n_second), 0);
        cr_expect_str_eq(text, second);
        cr_expect_eq(memcmp(&again[0], &two[0], sizeof(two[0])), 0);
}

Test(demand, a_text_that_is_cut_or_wrong_is_refused_with_its_line) {
        const VmHistory *list;
        const char *text;
        char *cut;
        size_t n;
        usec_t step;
        uint32_t count;
        TextFault fault = { 0 };

        read_cpu(START, 700);
        cr_assert_eq(history_print(&arena, pace.step, &history, 1, &text, &n), 0);
        for (size_t length = 0; length + 3 < n; length++) {
                cut = text_copy(&arena, text, length);
                int r = history_parse(&arena, cut, length, &step, &list, &count, &fault);

                cr_assert(r == -EBADMSG || (r == 0 && count == 0), "%zu bytes: %d", length, r);
        }
        cr_expect_eq(fault.line, 2);
        cr_expect_eq(history_parse(&arena, "plimsoll.history/2\t1\n", 21, &step, &list, &count, &fault),
                     -EBADMSG);
        cr_expect_eq(fault.line, 1);
}

static const char cluster[] =
        "{ \"schema\": \"plimsoll.snapshot/1\", \"cluster\": \"c\", \"taken_at\": 1728000000,\n"
        "\"hosts\": [ { \"name\": \"h1\", \"cpus\": 8, \"memory_mib\": 8192, \"cpu_mhz\": 1000, "
        "\"cpu_busy\": 5, \"seen_at\": 1728000000 },\n"
        "{ \"name\": \"h2\", \"cpus\": 8, \"memory_mib\": 8192, \"seen_at\": 1728000000 } ],\n"
        "\"vms\": [ { \"name\": \"a\", \"uuid\": \"ua\", \"host\": \"h1\", \"vcpus\": 4, "
        "\"memory_mib\": 1024, \"cpu\": 3.5 },\n"
        "{ \"name\": \"b\", \"host\": \"h1\", \"vcpus\": 4, \"memory_mib\": 1024, \"cpu\": 1 } ] }";

static const Snapshot *cluster_read(void) {
        const Snapshot *s = NULL;
        TextFault fault = { 0 };

        cr_assert_eq(snapshot_file_parse(&arena, cluster, sizeof(cluster) - 1, &s, &fault), 0, "%s",
                     fault.what);
        return s;
}

Test(demand, an_estimate_replaces_the_reading_and_keeps_it) {
        VmEstimate list[] = {
                { .vm = "a", .uuid = "ua", .read_at = 1, .load = { 2000, 500, 9, 9, 0 } },
                { .vm = "b", .uuid = "another", .read_at = 1, .load = { 7000, 500, 9, 9, 0 } }
        };
        Estimates e = { .by = "mean", .vms = list, .n = 2 };
        const Snapshot *s = cluster_read(), *with = NULL;

        cr_assert_eq(estimates_apply(&arena, s, &e, &with), 0);
        cr_expect_eq(with->vms[0].cpu_mcores, 2000);
        cr_expect_eq(with->vms[0].measured->cpu_mcores, 3500);
        cr_expect_eq(with->vms[0].memory_used_mib, UNKNOWN, "what nobody reads is not estimated");
        cr_expect_eq(with->vms[1].cpu_mcores, 1000, "another VM of this name");
        cr_expect_null(with->vms[1].measured);
        cr_expect_str_eq(with->demand_by, "mean");
        cr_expect_eq(s->vms[0].cpu_mcores, 3500, "the snapshot itself is as it was");
}

Test(demand, the_hosts_own_use_is_what_was_measured_less_what_was_measured_of_its_vms) {
        VmEstimate list[] = { { .vm = "a", .uuid = "ua", .read_at = 1, .load = { 2000, 500, 9, 9, 0 } } };
        Estimates e = { .by = "mean", .vms = list, .n = 1 };
        const Snapshot *with = NULL;
        const Problem *p = NULL;

        cr_assert_eq(estimates_apply(&arena, cluster_read(), &e, &with), 0);
        cr_assert_eq(problem_build(&arena, with, defaults(&arena), &p), 0);
        cr_expect_eq(p->base[RES_CPU], 500, "5 cores busy, 3.5 and 1 of them the VMs': %lld",
                     (long long) p->base[RES_CPU]);
        cr_expect_eq(p->need[RES_CPU], 2000);
}

/* The history is of what it wanted; what its host's measured use has in it is what it ran. */
Test(demand, what_a_vm_waited_for_on_a_full_host_is_in_its_history_and_not_in_its_hosts_own_use) {
        static const VmLoad read = { 2500, UNKNOWN, UNKNOWN, UNKNOWN, 1000 };
        VmEstimate list[] = { { .vm = "a", .uuid = "ua", .read_at = 1, .load = { 3000, 500, 9, 9, 0 } } };
        Estimates e = { .by = "mean", .vms = list, .n = 1 };
        const Snapshot *s = cluster_read(), *with = NULL, *twice = NULL;
        Vm vms[2] = { s->vms[0], s->vms[1] };
        Snapshot waits = *s;
        DemandStore store = { 0 };
        const Problem *p = NULL;

        waits.vms = vms;
        vms[0].measured = &read;
        cr_assert_eq(demand_store_add(&store, defaults(&arena), &waits), 0);
        cr_expect_eq(store.list[0].series[HISTORY_CPU].sum, 3500, "2.5 cores ran, one was waited for: %lld",
                     (long long) store.list[0].series[HISTORY_CPU].sum);
        demand_store_close(&store);
        cr_assert_eq(problem_build(&arena, &waits, defaults(&arena), &p), 0);
        cr_expect_eq(p->base[RES_CPU], 1500, "5 cores busy, 2.5 and 1 of them the VMs': %lld",
                     (long long) p->base[RES_CPU]);
        cr_expect_eq(p->need[RES_CPU], 3500);

        cr_assert_eq(estimates_apply(&arena, &waits, &e, &with), 0);
        cr_expect_eq(with->vms[0].cpu_mcores, 3000);
        cr_expect_eq(with->vms[0].measured->cpu_mcores, 2500);
        cr_expect_eq(with->vms[0].measured->cpu_waited_mcores, 1000);
        list[0].load.cpu_mcores = UNKNOWN;
        cr_assert_eq(estimates_apply(&arena, with, &e, &twice), 0);
        cr_expect_eq(twice->vms[0].cpu_mcores, 3500, "without an estimate it is what it wanted");
}

Test(demand, a_store_follows_vms_by_name_and_uuid) {
        Settings *settings = defaults(&arena);
        const Snapshot *s = cluster_read();
        DemandStore store = { 0 };
        Vm vms[2] = { s->vms[0], s->vms[1] };
        Host hosts[2] = { s->hosts[0], s->hosts[1] };
        Snapshot later = *s;

        cr_assert_eq(demand_store_add(&store, settings, s), 0);
        cr_assert_eq(store.n, 2);
        cr_expect_eq(store.list[0].series[HISTORY_CPU].readings, 1);
        hosts[0].seen_at += MINUTE;
        later.hosts = hosts;
        later.vms = vms;
        vms[0].uuid = "made anew";
        cr_assert_eq(demand_store_add(&store, settings, &later), 0);
        cr_expect_eq(store.list[0].series[HISTORY_CPU].readings, 1, "another VM begins anew");
        cr_expect_eq(store.list[1].series[HISTORY_CPU].readings, 2);
        hosts[0].seen_at += MINUTE;
        hosts[0].excluded = EXCLUDED_STALE;
        cr_assert_eq(demand_store_add(&store, settings, &later), 0);
        cr_expect_eq(store.list[1].series[HISTORY_CPU].readings, 2, "stale facts are no reading");
        later.n_vms = 1;
        cr_assert_eq(demand_store_add(&store, settings, &later), 0);
        cr_expect_eq(store.n, 2, "a VM that is off for a while is not forgotten");
        later.taken_at += 8 * 24 * HOUR;
        cr_assert_eq(demand_store_add(&store, settings, &later), 0);
        cr_expect_eq(store.n, 1);
        demand_store_close(&store);
}

Test(demand, every_estimator_is_a_choice_of_the_setting) {
        Settings *settings = defaults(&arena);
        TextFault fault = { 0 };

        for (const Estimator *e = estimators; e->name; e++) {
                cr_assert_eq(settings_set(settings, "demand.estimator", e->name, &fault), 0, "%s",
                             fault.what);
                cr_expect_eq(estimator_of(settings), e);
        }
        cr_expect_eq(settings_set(settings, "demand.estimator", "guess", &fault), -EINVAL);
}
