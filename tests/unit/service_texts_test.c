/* SPDX-License-Identifier: Apache-2.0 */
/* The texts the service keeps in the store: live state, journal, cool-downs. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "scheduler/app/round/cool_downs.h"
#include "scheduler/app/state/live_state.h"
#include "scheduler/app/state/move_journal.h"

static unsigned char memory[1 << 18];
static Arena arena;

static void setup(void) {
        arena = arena_over(memory, sizeof(memory));
}

TestSuite(service_texts, .init = setup);

Test(service_texts, live_state_reads_back_as_it_was) {
        const MoveOrder orders[] = {
                { .vm = "web \"1\"", .from = "h1", .to = "h2", .predicted = { .ms = 3000 } },
                { .vm = "web2", .from = "h1", .to = "h3", .predicted = { .ms = 5 } },
        };
        LiveMove moves[] = { { .order = &orders[0],
                               .status = { .phase = MIGRATION_RUNNING,
                                           .bytes_total = 1000,
                                           .bytes_done = 400,
                                           .bytes_left = 700,
                                           .bytes_per_s = 77 },
                               .running_ms = 1200,
                               .deadline_ms = 1199 },
                             { .order = &orders[1],
                               .status = { .phase = MIGRATION_FAILED, .message = "refused" } } };
        LiveState s = { .leader = "h1/7",
                        .mode = "auto",
                        .written_at = 5,
                        .round_at = 4,
                        .summary = "improved: 2 moves",
                        .plan_status = "improved",
                        .over_limit = 3,
                        .moves = moves,
                        .n_moves = 2 },
                  back;
        const char *text;
        TextFault f;
        size_t n;

        cr_assert_eq(0, live_state_print(&arena, &s, &text, &n));
        cr_assert_eq(0, live_state_parse(&arena, text, n, &back, &f), "%s", f.what);
        cr_assert_str_eq("h1/7", back.leader);
        cr_assert_eq(3, back.over_limit);
        cr_assert_eq(2, back.n_moves);
        cr_assert_str_eq("web \"1\"", back.moves[0].order->vm);
        cr_assert_eq(MIGRATION_RUNNING, back.moves[0].status.phase);
        cr_assert_eq(400, back.moves[0].status.bytes_done);
        cr_assert_eq(700, back.moves[0].status.bytes_left);
        cr_assert_eq(1199, back.moves[0].deadline_ms);
        cr_assert(live_move_is_late(&back.moves[0]));
        cr_assert_not_null(strstr(text, "\"late\": true"));
        moves[0].deadline_ms = 1200;
        cr_assert_not(live_move_is_late(&moves[0]), "it passes when it has passed");
        cr_assert_not(live_move_is_late(&back.moves[1]), "it has none, and has ended");
        cr_assert_eq(MIGRATION_FAILED, back.moves[1].status.phase);
        cr_assert_str_eq("refused", back.moves[1].status.message);
}

Test(service_texts, what_is_no_live_state_is_refused) {
        static const char *const texts[] = {
                "", "[]", "{}", "{\"schema\":\"plimsoll.service/2\"}",
                ("{\"schema\":\"plimsoll.service/1\",\"leader\":\"x\",\"mode\":\"auto\","
                 "\"written_at\":1,\"round_at\":1,\"summary\":\"\",\"moves\":[1]}")
        };

        for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
                LiveState back;
                TextFault f;

                cr_assert_eq(-EBADMSG, live_state_parse(&arena, texts[i], strlen(texts[i]), &back, &f), "%s",
                             texts[i]);
                cr_assert(f.what[0]);
        }
}

Test(service_texts, a_journal_entry_reads_back_as_it_was) {
        const MoveOrder order = { .vm = "web1",
                                  .from = "h1",
                                  .to = "h2",
                                  .to_uri = "qemu+tls://h2/system",
                                  .predicted = { .ms = 1500 },
                                  .manner = { .strategy = STRATEGY_COLD } };
        JournalEntry e = { .event = JOURNAL_FAILED,
                           .id = "h1/7/1f/0",
                           .order = &order,
                           .resumes = 3,
                           .at = 9,
                           .took = { .ms = 1700, .bytes = 1 << 20, .downtime_ms = UNKNOWN },
                           .message = "line\nbreak",
                           .by = "root@desk",
                           .by_hand = true },
                     back;
        const char *text;
        size_t n;

        cr_assert_eq(0, journal_print(&arena, &e, &text, &n));
        cr_assert_eq(0, journal_parse(&arena, text, n, &back));
        cr_assert_eq(JOURNAL_FAILED, back.event);
        cr_assert_str_eq("web1", back.order->vm);
        cr_assert_null(back.order->uuid);
        cr_assert_null(back.order->from_uri);
        cr_assert_str_eq("qemu+tls://h2/system", back.order->to_uri);
        cr_assert_eq(UNKNOWN, back.took.downtime_ms);
        cr_assert(journal_is_cold(&back));
        cr_assert_eq(1500, back.order->predicted.ms);
        cr_assert_eq(3, back.resumes);
        cr_assert_str_eq("line\nbreak", back.message);
        cr_assert_str_eq("root@desk", back.by);
        cr_assert(back.by_hand);
        e.by = NULL;
        e.by_hand = false;
        cr_assert_eq(0, journal_print(&arena, &e, &text, &n));
        cr_assert_eq(0, journal_parse(&arena, text, n, &back));
        cr_assert_null(back.by, "nobody by name");
        cr_assert_not(back.by_hand);
        cr_assert_eq(-EBADMSG, journal_parse(&arena, "{\"event\":\"flown\"}", 17, &back));
        cr_assert_eq(-EBADMSG, journal_parse(&arena, "x", 1, &back));
}

Test(service_texts, a_move_is_open_until_its_end_is_written) {
        static const MoveOrder a = { .vm = "a" }, b = { .vm = "b" }, c = { .vm = "c" }, d = { .vm = "d" };
        static const JournalEntry newest_first[] = {
                { .event = JOURNAL_STARTED, .id = "c", .order = &c },
                { .event = JOURNAL_DONE, .id = "a", .order = &a },
                { .event = JOURNAL_UNCLEAR, .id = "d", .order = &d },
                { .event = JOURNAL_INTENT, .id = "b", .order = &b },
                { .event = JOURNAL_INTENT, .id = "d", .order = &d },
                { .event = JOURNAL_INTENT, .id = "a", .order = &a },
        };
        const JournalEntry *open;
        uint32_t n;

        cr_assert_eq(0, journal_open_ones(&arena, newest_first, ARRAY_SIZE(newest_first), &open, &n));
        cr_assert_eq(3, n);
        cr_assert_str_eq("b", open[0].order->vm);
        cr_assert_str_eq("c", open[1].order->vm);
        cr_assert_eq(JOURNAL_UNCLEAR, open[2].event);
}

Test(service_texts, an_unclear_end_of_a_migration_stays_open) {
        cr_assert(journal_is_open(journal_event_of(MIGRATION_UNCLEAR)));
        cr_assert(journal_is_open(journal_event_of(MIGRATION_RUNNING)));
        cr_assert_not(journal_is_open(journal_event_of(MIGRATION_DONE)));
        cr_assert_not(journal_is_open(journal_event_of(MIGRATION_FAILED)));
        cr_assert_not(journal_is_open(journal_event_of(MIGRATION_ABORTED)));
}

#define MINUTE (60 * USEC_PER_SEC)
#define HOUR   (60 * MINUTE)

static const CoolLength half_an_hour = { 30 * MINUTE, 3 * HOUR };

/* The VM's entry after it was moved at `now`, through the text in the store. */
static CoolDown moved(const CoolDown **list, uint32_t *n, const char *vm, usec_t now) {
        const char *text;
        size_t size;

        cr_assert_eq(0,
                     cool_downs_moved(&arena, *list, *n, (VmMoved){ vm, now, NULL }, half_an_hour, list, n));
        cr_assert_eq(0, cool_downs_print(&arena, *list, *n, now, &text, &size));
        cr_assert_eq(0, cool_downs_parse(&arena, text, size, list, n), "%s", text);
        for (uint32_t i = 0; i < *n; i++)
                if (strcmp((*list)[i].vm, vm) == 0)
                        return (*list)[i];
        cr_assert_fail("%s is not in the list", vm);
        return (CoolDown){ 0 };
}

Test(service_texts, a_vm_moved_again_soon_cools_down_twice_as_long_up_to_a_limit) {
        const usec_t start = INT64_C(1000) * 86400 * USEC_PER_SEC;
        const CoolDown *list = NULL;
        uint32_t n = 0;
        usec_t now = start;
        static const usec_t lengths[] = { 30 * MINUTE, 60 * MINUTE, 120 * MINUTE, 180 * MINUTE,
                                          180 * MINUTE };
        CoolDown c;

        for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
                c = moved(&list, &n, "b", now);
                cr_assert_eq(lengths[i], c.length);
                cr_assert_eq(now + lengths[i], c.until);
                now = c.until + MINUTE;
        }
        cr_assert_eq(5, c.n_moved);
        c = moved(&list, &n, "b", c.until + c.length + MINUTE);
        cr_assert_eq(30 * MINUTE, c.length, "it was calm for long enough");
}

Test(service_texts, moves_are_counted_for_a_day_and_then_forgotten) {
        const usec_t start = INT64_C(1000) * 86400 * USEC_PER_SEC;
        const CoolDown *list = NULL;
        uint32_t n = 0;

        (void) moved(&list, &n, "a", start);
        cr_assert_eq(2, moved(&list, &n, "a", start + 10 * HOUR).n_moved);
        cr_assert_eq(2, moved(&list, &n, "a", start + 25 * HOUR).n_moved, "the first is a day ago");
        cr_assert_eq(1, moved(&list, &n, "b", start + 80 * HOUR).n_moved);
        cr_assert_eq(1, n, "of a there is nothing left to say");
}

Test(service_texts, cool_downs_of_the_first_version_are_read_and_others_refused) {
        static const char old[] = "{\"schema\": \"plimsoll.cool-downs/1\", \"vms\": {\"a\": 5}}";
        static const char *const bad[] = {
                "{\"vms\":{}}",
                "[]",
                "{\"schema\": \"plimsoll.cool-downs/2\", \"vms\": {\"a\": {}}}",
                "{\"schema\": \"plimsoll.cool-downs/2\", \"vms\": {\"a\": {\"until\": 1, \"length\": -1}}}",
        };
        const CoolDown *list = NULL;
        uint32_t n = 0;

        cr_assert_eq(0, cool_downs_parse(&arena, old, strlen(old), &list, &n));
        cr_assert_eq(5, list[0].until);
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
                cr_assert_eq(-EBADMSG, cool_downs_parse(&arena, bad[i], strlen(bad[i]), &list, &n), "%s",
                             bad[i]);
}

/* A person's move is remembered with the VM's cool-down, and ours ends that. */
Test(service_texts, cool_downs_know_who_moved_a_vm_by_hand) {
        const CoolLength length = { .first = 600 * USEC_PER_SEC, .most = 3600 * USEC_PER_SEC };
        const usec_t now = INT64_C(1700000000) * USEC_PER_SEC;
        const CoolDown *list = NULL;
        const char *text = NULL;
        uint32_t n = 0;
        size_t size = 0;

        cr_assert_eq(0,
                     cool_downs_moved(&arena, list, n, (VmMoved){ "a", now, "root@h1" }, length, &list, &n));
        cr_assert_eq(0, cool_downs_print(&arena, list, n, now, &text, &size));
        cr_assert_eq(0, cool_downs_parse(&arena, text, size, &list, &n));
        cr_assert_eq(1, n);
        cr_assert_str_eq("root@h1", list[0].by);
        cr_assert_eq(now, list[0].by_at);
        cr_assert_eq(now + length.first, list[0].until);
        cr_assert_eq(0,
                     cool_downs_moved(&arena, list, n, (VmMoved){ "a", now + 1, NULL }, length, &list, &n));
        cr_assert_null(list[0].by);
}
