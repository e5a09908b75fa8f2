/* SPDX-License-Identifier: Apache-2.0 */
/* Who measures the distance to whom, as the server computes it; and the key agents share. */
#include "tests/integration/redis_fixture.h"

TestSuite(store_peers, .init = fixture_setup, .fini = fixture_teardown, .timeout = 120);

static void meet(Store *s, int i, uint32_t most, StoredText **ret, uint32_t *ret_n) {
        char host[16], address[32];

        (void) snprintf(host, sizeof(host), "h%05d", i);
        (void) snprintf(address, sizeof(address), "10.0.%d.%d 16599", i / 256, i % 256);
        expect(0, s, store_meet_peers(s, &arena, host, address, most, ret, ret_n));
}

Test(store_peers, of_a_small_cluster_are_all_others) {
        owned(store_free) Store *s = NULL;
        StoredText *peers;
        uint32_t n;

        server_start(NULL, NULL);
        s = opened(url, 0);
        meet(s, 1, 32, &peers, &n);
        cr_assert_eq(n, 0, "nobody is its own partner");
        for (int i = 2; i <= 33; i++)
                meet(s, i, 32, &peers, &n);
        cr_assert_eq(n, 32);
        cr_assert_str_eq(peers[0].name, "h00001");
        cr_assert_str_eq(peers[0].text, "10.0.0.1 16599");
        meet(s, 1, 32, &peers, &n);
        cr_assert_eq(n, 32);
        expect(0, s, store_forget_host(s, "h00002"));
        meet(s, 1, 32, &peers, &n);
        cr_assert_eq(n, 31);
        cr_assert_str_eq(peers[0].name, "h00003");
}

Test(store_peers, of_a_large_cluster_are_few_and_reach_everywhere) {
        enum { HOSTS = 2000 };
        owned(store_free) Store *s = NULL;
        static bool linked[HOSTS][HOSTS];
        StoredText *peers;
        uint32_t n;

        server_start(NULL, NULL);
        s = opened(url, 60 * SECOND);
        for (int i = 0; i < HOSTS; i++)
                meet(s, i, 32, &peers, &n);
        for (int i = 0; i < HOSTS; i++) {
                arena_rewind(&arena, 0);
                meet(s, i, 32, &peers, &n);
                cr_assert(n >= 10 && n <= 32, "h%05d has %u partners", i, n);
                for (uint32_t k = 0; k < n; k++)
                        linked[i][atoi(peers[k].name + 1)] = true;
        }
        for (int i = 0; i < HOSTS; i++)
                for (int k = 0; k < HOSTS; k++)
                        cr_assert_eq(linked[i][k], linked[k][i], "partners are partners of each other");
}

Test(store_peers, share_the_key_of_whoever_was_first) {
        owned(store_free) Store *s = NULL, *t = NULL;
        const char *first, *second;
        size_t n;

        server_start(NULL, NULL);
        s = opened(url, 0);
        t = opened(url, 0);
        expect(0, s, store_share_key(s, &arena, "a key", &first, &n));
        expect(0, t, store_share_key(t, &arena, "another", &second, &n));
        cr_assert_str_eq(first, "a key");
        cr_assert_str_eq(second, "a key");
}
