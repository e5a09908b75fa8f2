/* SPDX-License-Identifier: Apache-2.0 */
/* The lease in exact words: what stands there, who asks, and what is answered and stands there then. */
#include "tests/integration/redis_fixture.h"

#define LEASE "plimsoll:{test}:lease"
#define TOKEN "plimsoll:{test}:lease:token"
#define TTL   (600 * USEC_PER_SEC)
#define NOW   0

/* The letter of a holder, 255 and 256 times. */
static char longest[300], too_long[300];
static Store *store;
static int raw = -1;

static void setup(void) {
        fixture_setup();
        server_start(NULL, NULL);
        store = opened(url, 0);
        raw = try_connect();
        cr_assert_geq(raw, 0);
        (void) snprintf(longest, sizeof(longest), "800000000000007 %0255d", 0);
        (void) snprintf(too_long, sizeof(too_long), "800000000000007 %0256d", 0);
}

static void teardown(void) {
        (void) close(raw);
        store = store_free(store);
        fixture_teardown();
}

TestSuite(lease_table, .init = setup, .fini = teardown, .timeout = 60);

/* The server's answer to a line: a number or a text as it is; "": there is none. */
static const char *ask(const char *line) {
        static char answer[1024];
        size_t n = 0;
        char *end;

        cr_assert_eq((ssize_t) strlen(line), write(raw, line, strlen(line)));
        cr_assert_eq(2, write(raw, "\r\n", 2));
        do {
                const ssize_t k = read(raw, answer + n, sizeof(answer) - 1 - n);

                cr_assert_gt(k, 0);
                n += (size_t) k;
                answer[n] = '\0';
                end = strstr(answer, "\r\n");
        } while (!end || (answer[0] == '$' && answer[1] != '-' && !strstr(end + 2, "\r\n")));
        cr_assert_neq(answer[0], '-', "%s: %s", line, answer);
        if (answer[0] != '$') {
                *end = '\0';
                return answer + 1;
        }
        if (answer[1] == '-')
                return "";
        *strstr(end + 2, "\r\n") = '\0';
        return end + 2;
}

static void stands(const char *key, const char *text, int64_t left_ms) {
        char line[512];

        (void) snprintf(line, sizeof(line), "DEL %s", key);
        (void) ask(line);
        (void) snprintf(line, sizeof(line), "SET %s \"%s\"", key, text ? text : "");
        if (text)
                (void) ask(line);
        (void) snprintf(line, sizeof(line), "PEXPIRE %s %lld", key, (long long) left_ms);
        if (text && left_ms > 0)
                (void) ask(line);
}

typedef struct Row {
        const char *lease, *token; /* NULL: nothing */
        int64_t left_s;            /* of the lease; 0: it never ends */
        const char *self;
        int k; /* what comes of it */
        unsigned healed;
        int64_t after_s;   /* what is left of it then */
        uint64_t given;    /* the token, of who has it now; NOW: the time */
        const char *other; /* else who has it */
} Row;

static const Row rows[] = {
        { NULL, NULL, 0, "d1", 0, 0, 600, NOW, NULL },
        { "800000000000007 d1", "800000000000007", 300, "d1", 0, 0, 600, 800000000000007, NULL },
        { "800000000000007 d 1", "800000000000007", 300, "d 1", 0, 0, 600, 800000000000007, NULL },
        { "800000000000007 d1", "800000000000007", 300, "d2", 1, 0, 300, 0, "d1" },
        { "800000000000007 d1", "800000000000008", 300, "d2", 1, 0, 300, 0, "d1" },
        { longest, NULL, 300, "d2", 1, 0, 300, 0, longest + 16 },
        /* an expiry that no lease has */
        { "800000000000007 d1", NULL, 660, "d2", 1, 0, 660, 0, "d1" },
        { "800000000000007 d1", NULL, 680, "d2", 1, HEALED_EXPIRY, 600, 0, "d1" },
        { "800000000000007 d1", NULL, 0, "d2", 1, HEALED_EXPIRY, 600, 0, "d1" },
        { "evil", NULL, 0, "d2", 1, HEALED_EXPIRY | HEALED_TEXT, 600, 0, "" },
        /* texts that name no holder */
        { "evil", NULL, 300, "d2", 1, HEALED_TEXT, 300, 0, "" },
        { "5", NULL, 300, "d2", 1, HEALED_TEXT, 300, 0, "" },
        { "0 d1", NULL, 300, "d2", 1, HEALED_TEXT, 300, 0, "" },
        { "05 d1", NULL, 300, "d2", 1, HEALED_TEXT, 300, 0, "" },
        { "1234567890123456 d1", NULL, 300, "d2", 1, HEALED_TEXT, 300, 0, "" },
        { too_long, NULL, 300, "d2", 1, HEALED_TEXT, 300, 0, "" },
        /* tokens that are not the holder's */
        { "5 d1", "7", 300, "d1", 0, HEALED_TOKEN, 600, NOW, NULL },
        { "5 d1", NULL, 300, "d1", 0, HEALED_TOKEN, 600, NOW, NULL },
        { "800000000000009 d1", "800000000000003", 300, "d1", 0, HEALED_TOKEN, 600, 800000000000010, NULL },
        { "800000000000003 d1", "800000000000009", 300, "d1", 0, HEALED_TOKEN, 600, 800000000000010, NULL },
        { "800000000000009 d1", "x", 300, "d1", 0, HEALED_TOKEN, 600, 800000000000010, NULL },
        { "x d1", "800000000000009", 300, "d1", 1, HEALED_TEXT, 300, 0, "" },
        /* the newest that was given, while nobody leads */
        { NULL, "5", 0, "d1", 0, 0, 600, NOW, NULL },
        { NULL, "800000000000009", 0, "d1", 0, 0, 600, 800000000000010, NULL },
        { NULL, "999999999999998", 0, "d1", 0, 0, 600, 999999999999999, NULL },
        { NULL, "999999999999999", 0, "d1", 0, HEALED_TOKEN, 600, NOW, NULL },
        { NULL, "x", 0, "d1", 0, HEALED_TOKEN, 600, NOW, NULL },
        { NULL, "-5", 0, "d1", 0, HEALED_TOKEN, 600, NOW, NULL },
};

static void holds(const Row *row, uint64_t token, usec_t asked, size_t i) {
        const uint64_t first = (uint64_t) (asked / USEC_PER_MSEC),
                       last = (uint64_t) (clock_now() / USEC_PER_MSEC);
        char text[64];

        if (row->given == NOW)
                cr_assert(token >= first && token <= last, "row %zu: %llu", i, (unsigned long long) token);
        else
                cr_assert_eq(row->given, token, "row %zu: %llu", i, (unsigned long long) token);
        (void) snprintf(text, sizeof(text), "%llu %s", (unsigned long long) token, row->self);
        cr_assert_str_eq(text, ask("GET " LEASE), "row %zu", i);
        (void) snprintf(text, sizeof(text), "%llu", (unsigned long long) token);
        cr_assert_str_eq(text, ask("GET " TOKEN), "row %zu", i);
}

Test(lease_table, what_stands_there_who_asks_and_what_is_answered) {
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                const Row *row = &rows[i];
                uint64_t token = 77;
                char holder[300] = "nobody was named";
                usec_t asked;
                long long left;

                stands(LEASE, row->lease, row->left_s * 1000);
                stands(TOKEN, row->token, 0);
                asked = clock_now();
                expect(row->k, store, store_lease(store, row->self, TTL, &token, holder, sizeof(holder)));
                cr_assert_eq(row->healed, store_lease_healed(store), "row %zu: %u", i,
                             store_lease_healed(store));
                left = atoll(ask("PTTL " LEASE));
                cr_assert(left <= row->after_s * 1000 && left > (row->after_s - 15) * 1000, "row %zu: %lld",
                          i, left);
                if (row->k == 0) {
                        holds(row, token, asked, i);
                        continue;
                }
                cr_assert_eq(77, token);
                cr_assert_str_eq(row->other, holder, "row %zu", i);
                cr_assert_str_eq(row->lease, ask("GET " LEASE), "row %zu", i);
                cr_assert_str_eq(row->token ? row->token : "", ask("GET " TOKEN), "row %zu", i);
        }
}

Test(lease_table, a_lease_of_no_time_is_one_of_the_least) {
        uint64_t token = 0;

        expect(0, store, store_lease(store, "d1", 0, &token, NULL, 0));
        cr_assert_gt(token, 0);
        cr_assert_leq(atoll(ask("PTTL " LEASE)), 1);
}

Test(lease_table, it_is_released_by_its_holder_alone) {
        static const struct {
                const char *lease, *self, *after;
        } all[] = { { "5 d1", "d1", "" },    { "5 d1", "d2", "5 d1" }, { "5 d 1", "d 1", "" },
                    { "5 d1", "1", "5 d1" }, { "d1", "d1", "d1" },     { "x d1", "d1", "x d1" },
                    { NULL, "d1", "" } };

        for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
                stands(LEASE, all[i].lease, 300000);
                expect(0, store, store_release(store, all[i].self));
                cr_assert_str_eq(all[i].after, ask("GET " LEASE), "row %zu", i);
        }
        (void) ask("DEL " LEASE);
        (void) ask("RPUSH " LEASE " d1");
        expect(0, store, store_release(store, "d1"));
        cr_assert_str_eq("1", ask("LLEN " LEASE));
}

Test(lease_table, who_has_it_is_read) {
        static const struct {
                const char *lease, *holder;
                int k;
        } all[] = { { "5 d1", "d1", 0 }, { NULL, "", 1 },      { "d1", "", 0 },
                    { "5 ", "", 0 },     { "5 dd\\n", "", 0 }, { "", "", 0 } };

        for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
                StoreLease lease = { .holder = "?" };

                stands(LEASE, all[i].lease, 300000);
                expect(all[i].k, store, store_get_lease(store, &lease));
                cr_assert_str_eq(all[i].k == 1 ? "?" : all[i].holder, lease.holder, "row %zu: %s", i,
                                 lease.holder);
        }
}

Test(lease_table, what_is_no_text_at_all_names_no_holder) {
        StoreLease lease = { .holder = "?" };

        (void) ask("DEL " LEASE);
        (void) ask("RPUSH " LEASE " d1");
        expect(0, store, store_get_lease(store, &lease));
        cr_assert_str_eq("", lease.holder);
}

Test(lease_table, who_could_not_ask_has_found_nothing_to_mend) {
        uint64_t token = 0;
        char holder[8];

        stands(LEASE, "evil", 300000);
        expect(1, store, store_lease(store, "d1", TTL, &token, holder, sizeof(holder)));
        cr_assert_eq(HEALED_TEXT, store_lease_healed(store));
        cr_assert_lt(store_lease(store, "d\n", TTL, &token, holder, sizeof(holder)), 0);
        cr_assert_eq(0, store_lease_healed(store));
}
