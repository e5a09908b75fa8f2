/* SPDX-License-Identifier: Apache-2.0 */
/* What a successor gives to migrations that a dead leader left: told as who leaves where, and what each may take. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "scheduler/app/round/hasten_moves.h"
#include "scheduler/app/settings/app_settings.h"

static Arena arena;
static Settings *settings;
static char told[512];

static void setup(void) {
        cr_assert_eq(0, arena_open((size_t) 64 << 20, &arena));
        cr_assert_eq(0, app_settings_new(&arena, &settings));
}

TestSuite(hasten_moves, .init = setup);

static void note(void *self, LibvirtAt at, const char *uuid, int64_t mib_s) {
        const size_t n = strlen(told);

        (void) self;
        (void) snprintf(told + n, sizeof(told) - n, "%s at %s: %lld; ", uuid, at.uri, (long long) mib_s);
}

static Settled found(const char *uuid, const char *from, JournalEvent now, MoveStrategy strategy) {
        MoveOrder *o = arena_new(&arena, MoveOrder, 1);

        *o = (MoveOrder){ .vm = "web1",
                          .uuid = uuid,
                          .from = from,
                          .to = "h9",
                          .from_uri = from,
                          .to_uri = "h9",
                          .manner = { .strategy = strategy } };
        return (Settled){ .entry = { .order = o, .event = JOURNAL_STARTED }, .now = now };
}

static const char *hastened(const Settled *list, uint32_t n, const char *bandwidth) {
        const ServiceWorld world = { .hasten = note };
        TextFault fault;

        told[0] = '\0';
        if (bandwidth)
                cr_assert_eq(0, settings_set(settings, "migration.bandwidth", bandwidth, &fault), "%s",
                             fault.what);
        hasten_moves(&world, settings, list, n);
        return told;
}

Test(hasten_moves, one_alone_may_take_what_there_is) {
        const Settled one = found("a", "h1", JOURNAL_STARTED, STRATEGY_PLAIN);

        cr_assert_str_eq("a at h1: 0; ", hastened(&one, 1, NULL));
}

Test(hasten_moves, those_of_one_host_share_what_the_settings_give_migrations) {
        const Settled all[] = { found("a", "h1", JOURNAL_STARTED, STRATEGY_PLAIN),
                                found("b", "h2", JOURNAL_STARTED, STRATEGY_POST_COPY),
                                found("c", "h1", JOURNAL_STARTED, STRATEGY_AUTO_CONVERGE) };

        cr_assert_str_eq("a at h1: 59; b at h2: 119; c at h1: 59; ", hastened(all, 3, "1Gbit/s"));
        cr_assert_str_eq("a at h1: 1; b at h2: 1; c at h1: 1; ", hastened(all, 3, "1Mbit/s"),
                         "never without a limit");
}

Test(hasten_moves, what_has_ended_is_unclear_or_is_off_is_left_alone) {
        Settled all[] = { found("a", "h1", JOURNAL_DONE, STRATEGY_PLAIN),
                          found("b", "h1", JOURNAL_FAILED, STRATEGY_PLAIN),
                          found("c", "h1", JOURNAL_UNCLEAR, STRATEGY_PLAIN),
                          found("d", "h1", JOURNAL_STARTED, STRATEGY_COLD),
                          found("e", "h1", JOURNAL_STARTED, STRATEGY_PLAIN),
                          found(NULL, "h1", JOURNAL_STARTED, STRATEGY_PLAIN) };
        const ServiceWorld simulated = { .hasten = NULL };

        cr_assert_str_eq("e at h1: 59; ", hastened(all, 6, "1Gbit/s"),
                         "one without a UUID takes its part, too");
        told[0] = '\0';
        hasten_moves(&simulated, settings, all, 6);
        cr_assert_str_eq("", told);
}
