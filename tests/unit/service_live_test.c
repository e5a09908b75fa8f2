/* SPDX-License-Identifier: Apache-2.0 */
/* What a round of the service shows of its plans. */
#include <criterion/criterion.h>
#include <string.h>

#include "scheduler/app/service/service_parts.h"
#include "scheduler/app/settings/app_settings.h"
#include "scheduler/snapshot/files/snapshot_file.h"

static Arena arena;

static void setup(void) {
        cr_assert_eq(0, arena_open((size_t) 512 << 20, &arena));
}

static void teardown(void) {
        arena_close(&arena);
}

TestSuite(service_live, .init = setup, .fini = teardown);

/* Of the VMs on a host in maintenance one has room elsewhere, and one has not. */
static Round decided(void) {
        static const char text[] =
                "{\"schema\":\"plimsoll.snapshot/1\",\"cluster\":\"t\",\"hosts\":["
                "{\"name\":\"h1\",\"cpus\":8,\"memory_mib\":64000,\"state\":\"maintenance\"},"
                "{\"name\":\"h2\",\"cpus\":8,\"memory_mib\":8000}],\"vms\":["
                "{\"name\":\"large\",\"host\":\"h1\",\"vcpus\":1,\"memory_mib\":32000,\"cpu\":0.1},"
                "{\"name\":\"small\",\"host\":\"h1\",\"vcpus\":1,\"memory_mib\":500,\"cpu\":0.1}]}";
        RoundInput in = { .request = PLAN_REQUEST_DEFAULT };
        Settings *settings = NULL;
        TextFault f = { 0 };
        Round round;

        cr_assert_eq(0, app_settings_new(&arena, &settings));
        cr_assert_eq(0, snapshot_file_parse(&arena, text, strlen(text), &in.snapshot, &f), "%s", f.what);
        in.settings = settings;
        cr_assert_eq(0, round_decide(&arena, &in, &round));
        return round;
}

Test(service_live, a_plan_is_shown_with_its_moves_and_who_cannot_leave) {
        const Round round = decided();
        RoundDisplay shown = { 0 };

        cr_assert_eq(0, service_live_plan(&arena, &shown, &round));
        cr_assert_eq(1, shown.live.n_moves);
        cr_assert_str_eq("small", shown.live.moves[0].order->vm);
        cr_assert_eq(MIGRATION_QUEUED, shown.live.moves[0].status.phase);
        cr_assert_eq(1, shown.live.n_stays);
        cr_assert_str_eq("large", shown.live.stays[0].vm);
        cr_assert_str_eq("h1", shown.live.stays[0].host);
}

/* A round may plan for what it does by itself, then for what a person is asked, then for what it only says. */
Test(service_live, the_last_plan_of_a_round_is_shown_and_none_before_it) {
        const Round round = decided();
        RoundDisplay shown = { 0 };

        cr_assert_eq(0, service_live_plan(&arena, &shown, &round));
        cr_assert_eq(0, service_live_plan(&arena, &shown, &round));
        cr_assert_eq(1, shown.live.n_moves);
        cr_assert_eq(1, shown.live.n_stays_all);
        cr_assert_eq(1, shown.live.n_stays);
        cr_assert_str_eq("large", shown.live.stays[0].vm);
}

/* A leader that has died is not called one: by the lease where it acts, by the clock where it only advises. */
Test(service_live, who_leads_is_who_has_the_lease_or_still_writes) {
        LiveState s = { .leader = "h1/7/a", .modes = service_modes_all(MODE_AUTO), .next_by = 100 };

        cr_assert(live_state_leads(&s, "h1/7/a", 1000));
        cr_assert_not(live_state_leads(&s, "h1/7/b", 1));
        cr_assert_not(live_state_leads(&s, "", 1));
        cr_assert_not(live_state_leads(&s, NULL, 1));
        s.modes = service_modes_all(MODE_ADVISE);
        cr_assert(live_state_leads(&s, NULL, 100));
        cr_assert_not(live_state_leads(&s, NULL, 101));
        s.modes.of[0] = MODE_AUTO;
        cr_assert_not(live_state_leads(&s, NULL, 100));
}
