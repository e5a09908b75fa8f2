/* SPDX-License-Identifier: Apache-2.0 */
/* A store that comes back as another: what a service's memory makes of it, whatever of it is lost, on a real Redis. */
#include "scheduler/app/facts/memory_file.h"
#include "scheduler/base/prng.h"
#include "scheduler/store/store_memory.h"
#include "tests/integration/redis_fixture.h"

#define LEASE (10 * SECOND)

static Store *store;
static StoreMemory *memory;
static uint64_t token;

static void setup(void) {
        fixture_setup();
        server_start(NULL, NULL);
        store = opened(url, 0);
        memory = store_memory_new();
}

static void teardown(void) {
        memory = store_memory_free(memory);
        store = store_free(store);
        fixture_teardown();
}

TestSuite(store_memory, .init = setup, .fini = teardown, .timeout = 60);

/* What somebody, or an accident, does to the server. */
static void redis(const char *const *words) {
        const char *argv[12] = { "redis-cli", "-s", socket_path };

        for (int i = 0; words[i]; i++)
                argv[3 + i] = words[i];
        run_and_wait(argv);
}
#define REDIS(...) redis((const char *const[]){ __VA_ARGS__, NULL })
#define KEY(name)  "plimsoll:{test}:" name

static StoreFinding look(void) {
        StoreFinding found;

        expect(0, store, store_memory_look(memory, store, LEASE, true, &found));
        return found;
}

static uint32_t rewrite(const char *loss) {
        uint32_t n;

        expect(0, store, store_memory_rewrite(memory, store, loss, &n));
        return n;
}

static const char *mark_of(const char *host) {
        StoredText *marks;
        uint32_t n;

        expect(0, store, store_get_marks(store, &arena, &marks, &n));
        for (uint32_t i = 0; i < n; i++)
                if (strcmp(marks[i].name, host) == 0)
                        return marks[i].text;
        return "";
}

static uint32_t journal(void) {
        StoredText *texts;
        uint32_t n;

        expect(0, store, store_get_journal(store, &arena, 1000, &texts, &n));
        return n;
}

/* A cluster at work: a leader, a mark, a journal, a memory of faults, a clear that nobody has taken yet. */
static void cluster_at_work(void) {
        expect(0, store, store_lease(store, "a/1/1", LEASE, &token, NULL, 0));
        expect(0, store, store_change_mark(store, "h1", "", "maintenance"));
        expect(0, store, store_journal(store, token, "first", 5));
        expect(0, store, store_put_fault_memory(store, token, "h2", "its disk", 8));
        expect(0, store, store_put_clear(store, "h2 sdb", "cleared", 7));
        cr_assert_eq(look().fate, STORE_INTACT);
}

/* The memory is older than a lease: what is lost now is more than a fail-over loses. Instead of waiting for it. */
static void time_passes(void) {
        const MemoryItem *items;
        uint32_t n;

        for (int i = 0; i < 2; i++) {
                usec_t later = clock_now() + (1 + i) * 20 * LEASE;
                char text[32];

                (void) snprintf(text, sizeof(text), "%lld", (long long) later);
                REDIS("HSET", KEY("epoch"), "look", text); /* the next look is after that */
                cr_assert_eq(look().fate, STORE_INTACT);
        }
        items = store_memory_items(memory, KEY_MARKS, &n);
        cr_assert(n > 0 && items);
}

/* ---- it is what it was ---- */

Test(store_memory, a_new_store_gets_an_identity_once) {
        owned(store_memory_free) StoreMemory *other = store_memory_new();
        StoreFinding found;

        cr_assert_not(store_memory_knows(memory));
        cr_assert_eq(look().fate, STORE_INTACT);
        cr_assert(store_memory_knows(memory));
        cr_assert_eq(strlen(store_memory_identity(memory)), 64);
        expect(0, store, store_memory_look(other, store, LEASE, true, &found));
        cr_assert_str_eq(store_memory_identity(other), store_memory_identity(memory));
}

Test(store_memory, what_is_done_to_a_store_that_keeps_its_data_is_no_loss) {
        cluster_at_work();
        time_passes();
        expect(0, store, store_change_mark(store, "h2", "", "cordoned"));
        expect(0, store, store_change_mark(store, "h1", "maintenance", "")); /* taken back, not lost */
        cr_assert_eq(look().fate, STORE_INTACT);
        expect(0, store, store_set_mark(store, "h2", ""));
        expect(0, store, store_journal(store, token, "second", 6));
        cr_assert_eq(look().fate, STORE_INTACT);
        expect(0, store, store_set_mark(store, "h1", "maintenance"));
        expect(0, store, store_forget_host(store, "h1")); /* with its mark */
        expect(0, store, store_release(store, "a/1/1"));
        expect(0, store,
               store_lease(store, "b/2/2", LEASE, &token, NULL, 0)); /* another leads: a larger token */
        cr_assert_eq(look().fate, STORE_INTACT);
}

/* Entries that more have pushed out of what is looked at are not lost. */
Test(store_memory, a_journal_that_goes_on_is_no_loss) {
        cluster_at_work();
        time_passes();
        for (int i = 0; i < 600; i++) {
                char text[24];

                (void) snprintf(text, sizeof(text), "entry %d", i);
                expect(0, store, store_journal(store, token, text, strlen(text)));
                if (i % 100 == 50)
                        cr_assert_eq(look().fate, STORE_INTACT, "after %d", i);
        }
        cr_assert_eq(look().fate, STORE_INTACT);
}

/* ---- it has forgotten ---- */

static void is_forgotten_and_written_again(const char *what) {
        StoreFinding found = look();
        const char *text;
        size_t n;

        cr_assert_eq(found.fate, STORE_FORGOTTEN, "%s: %s", what, found.why);
        cr_assert_neq(found.why[0], '\0');
        cr_assert_eq(look().fate, STORE_FORGOTTEN, "%s: looking at it is not enough", what);
        (void) rewrite("the loss");
        cr_assert_str_eq(mark_of("h1"), "maintenance", "%s", what);
        cr_assert_eq(journal(), 1, "%s", what);
        expect(0, store, store_get_loss(store, &arena, &text, &n));
        cr_assert_str_eq(text, "the loss");
        cr_assert_eq(look().fate, STORE_INTACT, "%s: it is what it was now", what);
}

Test(store_memory, whatever_is_lost_is_seen_and_written_again) {
        static const struct {
                const char *what;
                const char *words[6];
        } losses[] = {
                { "emptied", { "FLUSHALL" } },
                { "the identity", { "HDEL", KEY("epoch"), "id" } },
                { "another identity", { "HSET", KEY("epoch"), "id", "0123456789abcdef0123456789abcdef" } },
                { "identity and looks", { "DEL", KEY("epoch") } },
                { "all marks", { "DEL", KEY("marks") } },
                { "a mark", { "HDEL", KEY("marks"), "h1" } },
                { "the token", { "DEL", KEY("lease:token") } },
                { "the journal", { "DEL", KEY("journal") } },
                { "the journal's end", { "XTRIM", KEY("journal"), "MAXLEN", "0" } },
                { "looks", { "HSET", KEY("epoch"), "look", "1" } },
        };

        for (size_t i = 0; i < ARRAY_SIZE(losses); i++) {
                REDIS("FLUSHALL");
                memory = store_memory_free(memory);
                memory = store_memory_new();
                cluster_at_work();
                time_passes();
                redis(losses[i].words);
                is_forgotten_and_written_again(losses[i].what);
        }
}

/* All that keys.h says is written again is. */
Test(store_memory, an_emptied_store_has_all_again_that_is_to_be_written_again) {
        StoredText *texts;
        const char *const *members;
        uint32_t n, n_members;
        uint64_t again = 0;

        cluster_at_work();
        REDIS("SADD", KEY("hosts"), "h1", "h2", "h3");
        time_passes();
        REDIS("FLUSHALL");
        cr_assert_eq(look().fate, STORE_FORGOTTEN);
        cr_assert_geq(rewrite("the loss"), 8);
        cr_assert_str_eq(mark_of("h1"), "maintenance");
        expect(0, store, store_get_fault_memories(store, &arena, &texts, &n));
        cr_assert(n == 1 && strcmp(texts[0].text, "its disk") == 0);
        expect(0, store, store_get_clears(store, &arena, &texts, &n));
        cr_assert(n == 1 && strcmp(texts[0].text, "cleared") == 0);
        expect(0, store, store_get_reports(store, &arena, &texts, &n, &members, &n_members));
        cr_assert_eq(n_members, 3);
        expect(0, store, store_lease(store, "b/2/2", LEASE, &again, NULL, 0));
        cr_assert_gt(again, token, "a leader from before the loss cannot write");
}

/* ---- it lacks the last moments ---- */

/* A replica that was a second behind: what was written last, and the looks of then. */
static void fail_over(void) {
        char look_then[32];
        const MemoryItem *epoch;
        uint32_t n;

        epoch = store_memory_items(memory, KEY_EPOCH, &n);
        cr_assert_gt(n, 1);
        (void) snprintf(look_then, sizeof(look_then), "%s", epoch[1].text); /* id, look */
        cr_assert_str_eq(epoch[1].name, "look");
        REDIS("HSET", KEY("epoch"), "look", look_then);
}

Test(store_memory, a_failover_that_loses_the_last_moments_asks_nobody) {
        const char *text;
        size_t n;

        cluster_at_work();
        expect(0, store, store_change_mark(store, "h2", "", "maintenance"));
        expect(0, store, store_journal(store, token, "second", 6));
        cr_assert_eq(look().fate, STORE_INTACT);
        fail_over();
        REDIS("HDEL", KEY("marks"), "h2");
        REDIS("DEL", KEY("journal"));
        expect(0, store, store_journal(store, token, "first", 5));
        cr_assert_eq(look().fate, STORE_BEHIND, "%s", look().why);
        cr_assert_eq(rewrite(NULL), 2);
        cr_assert_str_eq(mark_of("h2"), "maintenance");
        cr_assert_eq(journal(), 2);
        expect(1, store, store_get_loss(store, &arena, &text, &n));
        cr_assert_eq(look().fate, STORE_INTACT);
}

/* Two fail-overs in a row: what was written between them is gone, for longer than a lease, and none of it was worth a word. */
Test(store_memory, looks_alone_ask_nobody) {
        char look_then[32];

        cluster_at_work();
        (void) snprintf(look_then, sizeof(look_then), "%lld", (long long) (clock_now() + 2 * LEASE));
        REDIS("HSET", KEY("epoch"), "look", look_then);
        cr_assert_eq(look().fate, STORE_INTACT);
        REDIS("HSET", KEY("epoch"), "look", "1");
        cr_assert_eq(look().fate, STORE_BEHIND);
        cr_assert_geq(look().lost_for, LEASE);
        cr_assert_eq(rewrite(NULL), 0);
        cr_assert_eq(look().fate, STORE_INTACT);
}

/* A mark that was changed, or taken back, in the moments that were lost is as it was then; one that an operator changes
 * after it is not overwritten. */
Test(store_memory, the_newer_of_two_words_stays) {
        cluster_at_work();
        expect(0, store, store_set_mark(store, "h2", "cordoned"));
        expect(0, store, store_set_mark(store, "h3", "cordoned"));
        time_passes();
        expect(0, store, store_set_mark(store, "h1", ""));
        expect(0, store, store_set_mark(store, "h2", "maintenance"));
        expect(0, store, store_set_mark(store, "h3", "maintenance"));
        cr_assert_eq(look().fate, STORE_INTACT);
        fail_over();
        REDIS("HSET", KEY("marks"), "h1", "maintenance"); /* as it was */
        REDIS("HSET", KEY("marks"), "h2", "cordoned");
        REDIS("HSET", KEY("marks"), "h3", "offline"); /* an operator, since */
        cr_assert_eq(look().fate, STORE_BEHIND);
        cr_assert_eq(rewrite(NULL), 2);
        cr_assert_str_eq(mark_of("h1"), "", "it was taken back");
        cr_assert_str_eq(mark_of("h2"), "maintenance");
        cr_assert_str_eq(mark_of("h3"), "offline");
}

/* ---- two services ---- */

/* One remembers, one has just begun and has made the emptied store its own: the one that remembers says so. */
Test(store_memory, one_service_that_remembers_is_enough) {
        owned(store_memory_free) StoreMemory *fresh = store_memory_new(), *mine = memory;
        StoreFinding found;

        cluster_at_work();
        time_passes();
        REDIS("FLUSHALL");
        expect(0, store, store_memory_look(fresh, store, LEASE, true, &found));
        cr_assert_eq(found.fate, STORE_INTACT, "it knows nothing else");
        memory = mine;
        is_forgotten_and_written_again("another made it anew");
        memory = NULL; /* owned above */
}

/* Both remember: the first to see it writes again, the second finds nothing lacking and asks nobody once more. */
Test(store_memory, a_loss_is_acknowledged_once) {
        owned(store_memory_free) StoreMemory *second = store_memory_new();
        StoreFinding found;
        const char *text;
        uint32_t n_written;
        size_t n;
        char before[STORE_IDENTITY_SIZE];

        cluster_at_work();
        expect(0, store, store_memory_look(second, store, LEASE, true, &found));
        time_passes();
        expect(0, store, store_memory_look(second, store, LEASE, true, &found));
        (void) snprintf(before, sizeof(before), "%s", store_memory_identity(memory));
        for (int again = 0; again < 2; again++) { /* emptied; emptied, and made another's own */
                REDIS("FLUSHALL");
                if (again)
                        REDIS("HSET", KEY("epoch"), "id", "0123456789abcdef0123456789abcdef");
                cr_assert_eq(look().fate, STORE_FORGOTTEN);
                (void) rewrite("the loss");
                expect(0, store, store_lease(store, "a/1/1", LEASE, &token, NULL, 0));
                expect(0, store, store_put_loss_answer(store, "seen", 4));
                expect(0, store, store_end_loss(store, token, "the loss", before));
                expect(1, store, store_get_loss(store, &arena, &text, &n));
                expect(1, store, store_get_loss_answer(store, &arena, &text, &n));
                expect(0, store, store_memory_look(second, store, LEASE, true, &found));
                cr_assert_eq(found.fate, STORE_BEHIND, "round %d: %s", again, found.why);
                expect(0, store, store_memory_rewrite(second, store, NULL, &n_written));
                cr_assert_eq(n_written, 0);
                cr_assert_eq(look().fate, STORE_INTACT);
        }
}

/* Emptied once more before anybody has said a word: the first loss stands. */
Test(store_memory, a_loss_outlives_the_next) {
        const char *text;
        size_t n;

        cluster_at_work();
        time_passes();
        REDIS("FLUSHALL");
        cr_assert_eq(look().fate, STORE_FORGOTTEN);
        (void) rewrite("the loss");
        REDIS("FLUSHALL");
        cr_assert_eq(look().fate, STORE_FORGOTTEN);
        (void) rewrite("the next");
        expect(0, store, store_get_loss(store, &arena, &text, &n));
        cr_assert_str_eq(mark_of("h1"), "maintenance");
        cr_assert(strcmp(text, "the loss") == 0 || strcmp(text, "the next") == 0);
}

/* ---- the file ---- */

Test(store_memory, a_service_that_is_restarted_remembers_by_its_file) {
        static const char *const losses[][5] = { { "FLUSHALL" },
                                                 { "HDEL", KEY("epoch"), "id" },
                                                 { "DEL", KEY("marks") },
                                                 { "DEL", KEY("lease:token") } };
        char path[128];
        TextFault fault;

        (void) snprintf(path, sizeof(path), "%s/memory.json", dir);
        for (size_t i = 0; i < ARRAY_SIZE(losses); i++) {
                uint64_t hash = 0;

                REDIS("FLUSHALL");
                memory = store_memory_free(memory);
                memory = store_memory_new();
                cluster_at_work();
                time_passes();
                cr_assert_eq(0, memory_file_write(path, memory, false, &hash, &fault));
                memory = store_memory_free(memory);
                memory = store_memory_new();
                cr_assert_eq(0, memory_file_read(&arena, path, memory, &fault), "%s", fault.what);
                cr_assert_eq(look().fate, STORE_INTACT, "nothing was lost meanwhile");
                memory = store_memory_free(memory);
                memory = store_memory_new();
                cr_assert_eq(0, memory_file_read(&arena, path, memory, &fault));
                redis(losses[i]);
                is_forgotten_and_written_again(losses[i][0]);
        }
}

Test(store_memory, a_file_that_is_none_is_said) {
        char path[128];
        TextFault fault = { 0 };
        FILE *f;

        (void) snprintf(path, sizeof(path), "%s/memory.json", dir);
        cr_assert_eq(1, memory_file_read(&arena, path, memory, &fault), "there is none yet");
        f = fopen(path, "we");
        (void) fputs("{\"schema\": \"plimsoll.store-memory/1\", \"keys\": {\"marks\": [[1]]}}", f);
        (void) fclose(f);
        cr_assert_eq(-EBADMSG, memory_file_read(&arena, path, memory, &fault));
        cr_assert_not_null(strstr(fault.what, "memory.json"));
}
