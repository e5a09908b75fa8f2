/* SPDX-License-Identifier: Apache-2.0 */
/* Values of the store that are damaged: each is named, by whoever reads it and by the service for all to see; what cannot be
 * known of them holds moves back; and none stops the service for good. On a real private Redis.
 */
#include "scheduler/app/round/confirm_store.h"
#include "scheduler/app/round/round_store.h"
#include "scheduler/snapshot/files/waiting_text.h"
#include "scheduler/store/store_unread.h"
#include "tests/integration/service_fixture.h"

TestSuite(store_unread, .init = service_setup, .fini = service_teardown, .timeout = 60);

#define REDIS(...) run_and_wait((const char *const[]){ "redis-cli", "-s", socket_path, __VA_ARGS__, NULL })
#define KEY(name)  "plimsoll:{t}:" name

static void add_entry(const char *id, const char *text) {
        REDIS("XADD", KEY("journal"), id, "text", text);
}

static void named(const char *words) {
        const Drops *unread = store_unread(store);

        for (uint32_t i = 0; i < drops_named(unread); i++)
                if (strncmp(unread->words[i], words, strlen(words)) == 0)
                        return;
        cr_assert_fail("\"%s\" is not named; %llu are, the first: %s", words, (unsigned long long) unread->n,
                       unread->words[0]);
}

/* By the service, in what `status` shows. */
static void shown(const char *words) {
        const LiveState s = live();

        for (uint32_t i = 0; i < s.unread.n; i++)
                if (strncmp(s.unread.at[i], words, strlen(words)) == 0)
                        return;
        cr_assert_fail("the service does not show \"%s\"", words);
}

Test(store_unread, is_named_once_and_counted_beyond_its_room) {
        char name[8];

        store_unread_add(store, KEY_MARKS, "h1", "then");
        store_unread_add(store, KEY_MARKS, "h1", "then");
        cr_assert_eq(1, store_unread(store)->n);
        cr_assert_str_eq("the store's marks: h1 cannot be read; then", store_unread(store)->words[0]);
        for (int i = 0; i < 40; i++) {
                (void) snprintf(name, sizeof(name), "v%d", i);
                store_unread_add(store, KEY_BOOKINGS, name, "it reserves nothing");
        }
        cr_assert_eq(41, store_unread(store)->n);
        cr_assert_eq(DROPS_NAMED, drops_named(store_unread(store)));
        store_unread_begin(store);
        cr_assert_eq(0, store_unread(store)->n);
}

static uint32_t held(const Snapshot *s, usec_t now) {
        RoundInput in = { .snapshot = s, .now = now };
        uint32_t n = 0;

        cr_assert_eq(0, round_store_holds(store, &arena, NULL, &in));
        for (uint32_t i = 0; i < in.n_cool_downs; i++)
                n += in.cool_downs[i].why && in.cool_downs[i].until > now;
        return n;
}

/* Nobody knows which VM it was about. */
Test(store_unread, an_entry_of_the_journal_holds_all_vms_for_an_hour) {
        Vm vms[] = { vm_unknown(), vm_unknown() };
        const Snapshot s = { .vms = vms, .n_vms = 2 };
        const usec_t entry = INT64_C(1767225600000) * USEC_PER_MSEC, hour = 3600 * USEC_PER_SEC;

        vms[0].name = "a";
        vms[1].name = "b";
        cr_assert_eq(0, held(&s, entry));
        add_entry("1767225500000-0", "[damaged, and earlier");
        add_entry("1767225600000-0", "{\"event\": \"intent\"");
        cr_assert_eq(2, held(&s, entry));
        named("the store's journal: 1767225600000-0 cannot be read");
        named("the store's journal: 1767225500000-0 cannot be read");
        cr_assert_eq(2, held(&s, entry + hour - 1));
        cr_assert_eq(0, held(&s, entry + hour));
}

Test(store_unread, nothing_is_moved_while_an_entry_of_the_journal_may_be_of_a_migration) {
        StoredText *texts = NULL;
        uint32_t n = 0;

        report("h1", 4);
        report("h2", 0);
        add_entry("*", "{\"event\": \"intent\"");
        cr_assert_eq(EXIT_DONE, serve("auto"));
        cr_assert_eq(0, store_get_journal(store, &arena, 32, &texts, &n));
        cr_assert_eq(1, n, "no move was begun");
        shown("the store's journal: ");
}

/* Only the first answer counts: a damaged one would be in the way of any. */
Test(store_unread, an_answer_makes_room_for_another) {
        Waiting *list = NULL;
        uint32_t n = 0;

        report("h1", 4);
        report("h2", 0);
        cr_assert_eq(EXIT_DONE, serve("confirm"));
        cr_assert_eq(0, confirm_store_read(store, &arena, &list, &n));
        cr_assert_eq(1, n);
        REDIS("HSET", KEY("waiting:answers"), list[0].plan.id, "yes!");
        cr_assert_eq(1, store_put_answer(store, list[0].plan.id, "x", 1));
        report("h1", 4);
        report("h2", 0);
        cr_assert_eq(EXIT_DONE, serve("confirm"));
        shown("the store's waiting:answers: ");
        cr_assert_eq(0, confirm_store_read(store, &arena, &list, &n));
        cr_assert_eq(1, n, "the plan waits on");
        cr_assert_not(list[0].answered);
        cr_assert_eq(0, store_put_answer(store, list[0].plan.id, "x", 1), "there is room");
}

/* What a service writes, and what it may not stumble over: a round is made all the same, and says so. */
static const struct {
        const char *key, *field, *words; /* field: of a hash */
} damaged[] = {
        { KEY("state:cool-downs"), NULL, "the store's state: cool-downs" },
        { KEY("state:homes"), NULL, "the store's state: homes" },
        { KEY("state:history-of"), NULL, "the store's state: history-of" },
        { KEY("state:history"), NULL, "the store's state: history" },
        { KEY("state:demand"), NULL, "the store's state: demand" },
        { KEY("bookings:changes"), NULL, "the store's bookings:changes" },
        { KEY("call"), NULL, "the store's call" },
        { KEY("moves:missed"), NULL, "the store's moves:missed" },
        { KEY("epoch"), "look", "the store's epoch: look" },
        { KEY("epoch"), "id", "the store's epoch: id" },
        { KEY("brake"), "h2", "the store's brake: h2" },
        { KEY("waiting"), "w1", "the store's waiting: w1" },
        { KEY("marks"), "h2", "the store's marks: h2" },
        { KEY("hosts:admitted"), "h2", "the store's hosts:admitted: h2" },
        { KEY("faults"), "h2", "the store's faults: h2" },
        { KEY("faults:cleared"), "0123", "the store's faults:cleared: 0123" },
        { KEY("bookings"), "v9", "the store's bookings: v9" },
        { KEY("moves:asked"), "v9", "the store's moves:asked: v9" },
};

Test(store_unread, each_value_is_shown_and_the_round_goes_on) {
        for (size_t i = 0; i < ARRAY_SIZE(damaged); i++) {
                REDIS("FLUSHALL");
                report("h1", 2);
                report("h2", 0);
                cr_assert_eq(EXIT_DONE, serve("confirm"), "%s", damaged[i].words);
                if (damaged[i].field)
                        REDIS("HSET", damaged[i].key, damaged[i].field, "[no longer what it was");
                else
                        REDIS("SET", damaged[i].key, "[no longer what it was");
                report("h1", 2);
                report("h2", 0);
                cr_assert_eq(EXIT_DONE, serve("confirm"), "%s", damaged[i].words);
                shown(damaged[i].words);
        }
}

/* Of a counter only that it changes counts. */
Test(store_unread, counters_begin_again) {
        int64_t before = -1, after = -1;

        REDIS("SET", KEY("call"), "twelve");
        cr_assert_eq(0, store_get_calls(store, &before));
        named("the store's call");
        cr_assert_eq(0, store_call_round(store));
        cr_assert_eq(0, store_get_calls(store, &after));
        cr_assert_neq(before, after);
        REDIS("SET", KEY("call"), "twelve");
        cr_assert_eq(0, store_put_release(store, "h1", "1 mia", 5), "a script that calls a round");
        cr_assert_eq(0, store_get_calls(store, &after));
        cr_assert_neq(before, after);
}

Test(store_unread, records_are_measured_again) {
        char name[RECORD_NAME_SIZE];
        uint64_t token = 0;
        char holder[256];

        cr_assert_eq(0, store_lease(store, "me", 60 * USEC_PER_SEC, &token, holder, sizeof(holder)));
        cr_assert_eq(0, store_put_record(store, token, "12345", 5, name));
        REDIS("SET", KEY("records:bytes"), "many");
        cr_assert_eq(0, store_put_record(store, token, "1234567", 7, name));
        cr_assert_null(strchr(name, ' '), "%s", name);
        named("the store's records:bytes");
        store_unread_begin(store);
        cr_assert_eq(0, store_put_record(store, token, "1", 1, name));
        cr_assert_eq(0, store_unread(store)->n, "12 and 1 bytes are a number again");
}
