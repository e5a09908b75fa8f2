/* SPDX-License-Identifier: Apache-2.0 */
/* A lease that somebody has meddled with, on a real private Redis: whatever stands there, some service leads again
 * within a few leases, it is told, and what a former leader writes is refused. */
#include <string.h>

#include "scheduler/app/service/service_share.h"
#include "scheduler/app/state/leadership.h"
#include "tests/integration/redis_fixture.h"

#define TTL   (USEC_PER_SEC / 2)
#define LEASE "plimsoll:{test}:lease"
#define TOKEN "plimsoll:{test}:lease:token"

static Store *store;

static void setup(void) {
        fixture_setup();
        server_start(NULL, NULL);
        store = opened(url, 0);
}

static void teardown(void) {
        store = store_free(store);
        fixture_teardown();
}

TestSuite(lease_heals, .init = setup, .fini = teardown, .timeout = 60);

/* redis-cli, a line of words. */
static void meddle(const char *line) {
        char words[512];
        const char *argv[16] = { "redis-cli", "-s", socket_path };
        int n = 3;

        (void) snprintf(words, sizeof(words), "%s", line);
        for (char *save, *w = strtok_r(words, "|", &save); w && n < 15; w = strtok_r(NULL, "|", &save))
                argv[n++] = w;
        run_and_wait(argv);
}

typedef struct Meddling {
        const char *tells, *lease, *token; /* commands, or NULL */
        unsigned healed;                   /* of StoreHealed, by whoever follows or leads */
} Meddling;

/* What stands in the lease, while nobody of ours leads. */
static const Meddling forged_leases[] = {
        { "no expiry", "SET|" LEASE "|999 evil/1/1", NULL, HEALED_EXPIRY },
        { "an expiry of a year", "SET|" LEASE "|999 evil/1/1|PX|31536000000", NULL, HEALED_EXPIRY },
        { "no token", "SET|" LEASE "|evil", NULL, HEALED_EXPIRY | HEALED_TEXT },
        { "nothing", "EVAL|redis.call('SET', KEYS[1], '')|1|" LEASE, NULL, HEALED_EXPIRY | HEALED_TEXT },
        { "a token of 30 digits", "SET|" LEASE "|999999999999999999999999999999 evil", NULL,
          HEALED_EXPIRY | HEALED_TEXT },
        { "no holder", "SET|" LEASE "|7 ", NULL, HEALED_EXPIRY | HEALED_TEXT },
        { "a holder that breaks lines", "SET|" LEASE "|7 a\nb", NULL, HEALED_EXPIRY | HEALED_TEXT },
        { "another type", "HSET|" LEASE "|7|evil", NULL, HEALED_EXPIRY | HEALED_TEXT },
        { "another type, soon over",
          "EVAL|redis.call('SADD', KEYS[1], 'x') redis.call('PEXPIRE', KEYS[1], 300)|1|" LEASE, NULL,
          HEALED_TEXT },
        { "a token of another type, without a leader", NULL, "HSET|" TOKEN "|7|evil", HEALED_TOKEN },
        { "a token that is no number, without a leader", NULL, "SET|" TOKEN "|x", HEALED_TOKEN },
        { "the largest token, without a leader", NULL, "SET|" TOKEN "|9223372036854775807", HEALED_TOKEN },
        { "a token of 2^53, without a leader", NULL, "SET|" TOKEN "|9007199254740992", HEALED_TOKEN },
        { "the largest token that is gone on from", NULL, "SET|" TOKEN "|999999999999999", HEALED_TOKEN },
};

/* Until `l` leads; what was found wrong meanwhile. */
static unsigned until_leading(Leadership *l, usec_t within) {
        const usec_t end = clock_monotonic() + within;
        int r = leadership_take(l);

        while (r == 1 && clock_monotonic() < end) {
                clock_sleep(20 * USEC_PER_MSEC);
                r = leadership_take(l);
        }
        cr_assert_eq(0, r, "leads: %d %s", r, store_error(l->store));
        return l->healed;
}

Test(lease_heals, whatever_stands_there_somebody_leads_after_a_lease) {
        for (size_t i = 0; i < ARRAY_SIZE(forged_leases); i++) {
                const Meddling *m = &forged_leases[i];
                Leadership l = leadership_of(store, TTL);
                unsigned healed;

                meddle("DEL|" LEASE "|" TOKEN);
                if (m->lease)
                        meddle(m->lease);
                if (m->token)
                        meddle(m->token);
                healed = until_leading(&l, 4 * TTL);
                cr_assert_eq(m->healed, healed, "%s: %u", m->tells, healed);
                expect(0, store, store_journal(store, l.token, "x", 1));
                cr_assert(leadership_keep(&l));
                leadership_release(&l);
                cr_assert_eq(0, leadership_take(&l), "%s: it was given back", m->tells);
                leadership_release(&l);
        }
}

/* Neither is waited for any longer than for one whose leader died: the former leader has stopped by its own clock. */
Test(lease_heals, who_cannot_know_that_the_leader_is_dead_waits_for_a_lease) {
        Leadership dead = leadership_of(store, TTL), next = leadership_of(store, TTL);

        (void) snprintf(next.self, sizeof(next.self), "next");
        cr_assert_eq(0, leadership_take(&dead));
        meddle("PERSIST|" LEASE);
        cr_assert_eq(1, leadership_take(&next));
        cr_assert(leadership_holds(&dead));
        cr_assert_eq(HEALED_EXPIRY, until_leading(&next, 4 * TTL) & HEALED_EXPIRY);
        cr_assert_not(leadership_holds(&dead), "never two");
        expect(1, store, store_journal(store, dead.token, "x", 1));
}

/* What stands there while somebody leads. */
static const Meddling forged_tokens[] = {
        { "a raised token", NULL, "SET|" TOKEN "|99999999999999", HEALED_TOKEN },
        { "the largest", NULL, "SET|" TOKEN "|9223372036854775807", HEALED_TOKEN },
        { "none", NULL, "DEL|" TOKEN, HEALED_TOKEN },
        { "no number", NULL, "SET|" TOKEN "|-1", HEALED_TOKEN },
        { "another type", NULL, "EVAL|redis.call('DEL', KEYS[1]) redis.call('SADD', KEYS[1], 'x')|1|" TOKEN,
          HEALED_TOKEN },
        { "the leader's name under a token of old", "SET|" LEASE "|5 leader", NULL, HEALED_TOKEN },
        { "the leader's name under a token of 30 digits",
          "SET|" LEASE "|999999999999999999999999999999 leader", NULL, HEALED_TOKEN },
};

/* Under a token of old nothing can be written, and a run that was begun under it is over. */
static void lead_through(const Meddling *m, bool guarded) {
        Leadership l = leadership_of(store, TTL);
        usec_t end = clock_monotonic() + 4 * TTL;
        uint64_t old;

        (void) snprintf(l.self, sizeof(l.self), "leader");
        meddle("DEL|" LEASE "|" TOKEN);
        if (guarded)
                cr_assert_eq(0, leadership_guard(&l, "test", (LeaseHurry){ 0 }));
        cr_assert_eq(0, leadership_take(&l));
        old = l.token;
        meddle(m->lease ? m->lease : m->token);
        while (leadership_keep(&l) && clock_monotonic() < end)
                clock_sleep(20 * USEC_PER_MSEC);
        cr_assert_not(leadership_keep(&l), "%s: what was begun is over", m->tells);
        cr_assert_eq(0, leadership_take(&l), "%s: it leads on", m->tells);
        cr_assert_neq(old, l.token, "%s", m->tells);
        cr_assert_eq(m->healed, l.healed, "%s: %u", m->tells, l.healed);
        expect(1, store, store_journal(store, old, "x", 1));
        expect(0, store, store_journal(store, l.token, "x", 1));
        leadership_unguard(&l);
        leadership_release(&l);
}

Test(lease_heals, a_leader_whose_token_was_forged_leads_under_a_new_one) {
        for (size_t i = 0; i < ARRAY_SIZE(forged_tokens); i++) {
                lead_through(&forged_tokens[i], false);
                lead_through(&forged_tokens[i], true);
        }
}

/* Forged between any two leaders: what one writes is never taken for the other's. */
Test(lease_heals, no_token_is_given_twice) {
        uint64_t given[2 * ARRAY_SIZE(forged_tokens)];
        uint32_t n = 0;

        for (size_t i = 0; i < ARRAY_SIZE(forged_tokens); i++) {
                Leadership one = leadership_of(store, TTL), two = leadership_of(store, TTL);

                (void) snprintf(two.self, sizeof(two.self), "two");
                cr_assert_eq(0, leadership_take(&one));
                given[n++] = one.token;
                leadership_release(&one);
                if (forged_tokens[i].token)
                        meddle(forged_tokens[i].token);
                cr_assert_eq(0, leadership_take(&two));
                given[n++] = two.token;
                leadership_release(&two);
        }
        for (uint32_t i = 0; i < n; i++)
                for (uint32_t k = 0; k < i; k++)
                        cr_assert_neq(given[i], given[k], "%u and %u: %llu", k, i,
                                      (unsigned long long) given[i]);
}

Test(lease_heals, who_has_the_lease_is_read) {
        Leadership l = leadership_of(store, TTL);
        StoreLease lease;

        expect(1, store, store_get_lease(store, &lease));
        cr_assert_eq(0, leadership_take(&l));
        expect(0, store, store_get_lease(store, &lease));
        cr_assert_str_eq(l.self, lease.holder);
        meddle("SET|" LEASE "|x");
        expect(0, store, store_get_lease(store, &lease));
        cr_assert_str_eq("", lease.holder);
        meddle("EVAL|redis.call('DEL', KEYS[1]) redis.call('SADD', KEYS[1], 'x')|1|" LEASE);
        expect(0, store, store_get_lease(store, &lease));
        cr_assert_str_eq("", lease.holder);
}

/* The successor of a hand-over is waited for as long as a hand-over takes. */
Test(lease_heals, a_successor_that_never_comes_is_not_waited_for_forever) {
        Leadership l = leadership_of(store, TTL);
        const usec_t begun = clock_monotonic();

        cr_assert(service_share_may_take(&l));
        meddle("SET|plimsoll:{test}:state:successor|evil/1/1");
        while (!service_share_may_take(&l) && clock_monotonic() < begun + 10 * TTL)
                clock_sleep(20 * USEC_PER_MSEC);
        cr_assert(service_share_may_take(&l));
        cr_assert_gt(clock_monotonic(), begun + TTL, "it has its lease");
        meddle("SET|plimsoll:{test}:state:successor|another/1/1");
        cr_assert_not(service_share_may_take(&l), "a later one is waited for again");
}
