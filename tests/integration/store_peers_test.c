/* SPDX-License-Identifier: Apache-2.0 */
/* Who measures the distance to whom, as the server computes it; and the key agents share. */
#include "tests/integration/redis_fixture.h"

TestSuite(store_peers, .init = fixture_setup, .fini = fixture_teardown, .timeout = 120);

static uint64_t token;

static void address_of(Store *s, int i) {
        char host[16], address[32];

        (void) snprintf(host, sizeof(host), "h%05d", i);
        (void) snprintf(address, sizeof(address), "10.0.%d.%d 16599", i / 256, i % 256);
        expect(0, s, store_put_peer(s, host, address));
}

/* The leader makes the ring of hosts first … first + n - 1. */
static void ring(Store *s, int first, int n) {
        const char **hosts = arena_new(&arena, const char *, (size_t) n);
        char holder[64];

        if (token == 0)
                expect(0, s, store_lease(s, "leader", 600 * SECOND, &token, holder, sizeof(holder)));
        for (int i = 0; i < n; i++)
                hosts[i] = text_format(&arena, "h%05d", first + i);
        expect(0, s, store_make_ring(s, &arena, token, hosts, (uint32_t) n));
}

static void partners(Store *s, int i, uint32_t most, StoredText **ret, uint32_t *ret_n) {
        char host[16];

        (void) snprintf(host, sizeof(host), "h%05d", i);
        expect(0, s, store_get_partners(s, &arena, host, most, ret, ret_n));
}

Test(store_peers, of_a_small_cluster_are_all_others) {
        owned(store_free) Store *s = NULL;
        StoredText *peers;
        uint32_t n;

        server_start(NULL, NULL);
        s = opened(url, 0);
        address_of(s, 1);
        partners(s, 1, 32, &peers, &n);
        cr_assert_eq(n, 0, "no ring yet");
        ring(s, 1, 1);
        partners(s, 1, 32, &peers, &n);
        cr_assert_eq(n, 0, "nobody is its own partner");
        for (int i = 2; i <= 33; i++)
                address_of(s, i);
        ring(s, 1, 33);
        partners(s, 33, 32, &peers, &n);
        cr_assert_eq(n, 32);
        cr_assert_str_eq(peers[0].name, "h00001");
        cr_assert_str_eq(peers[0].text, "10.0.0.1 16599");
        partners(s, 1, 32, &peers, &n);
        cr_assert_eq(n, 32);
        expect(0, s, store_forget_host(s, "h00002"));
        partners(s, 1, 32, &peers, &n);
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
                address_of(s, i);
        ring(s, 0, HOSTS);
        for (int i = 0; i < HOSTS; i++) {
                arena_rewind(&arena, 0);
                partners(s, i, 32, &peers, &n);
                cr_assert(n >= 10 && n <= 32, "h%05d has %u partners", i, n);
                for (uint32_t k = 0; k < n; k++)
                        linked[i][atoi(peers[k].name + 1)] = true;
        }
        for (int i = 0; i < HOSTS; i++)
                for (int k = 0; k < HOSTS; k++)
                        cr_assert_eq(linked[i][k], linked[k][i], "partners are partners of each other");
}

/* How often the server has carried a command out. */
static long carried_out(const char *command) {
        static const char ask[] = "INFO commandstats\r\n";
        char reply[1 << 16], name[64];
        size_t n = 0;
        const char *at;
        int fd = try_connect();

        cr_assert_geq(fd, 0);
        cr_assert_eq((ssize_t) strlen(ask), write(fd, ask, strlen(ask)));
        (void) shutdown(fd, SHUT_WR);
        for (ssize_t got; n + 1 < sizeof(reply) && (got = read(fd, reply + n, sizeof(reply) - 1 - n)) > 0;)
                n += (size_t) got;
        (void) close(fd);
        reply[n] = '\0';
        cr_assert_not_null(strstr(reply, "cmdstat_"));
        (void) snprintf(name, sizeof(name), "cmdstat_%s:calls=", command);
        at = strstr(reply, name);
        return at ? strtol(at + strlen(name), NULL, 10) : 0;
}

Test(store_peers, a_ring_that_is_as_it_should_be_is_not_written_again) {
        owned(store_free) Store *s = NULL;
        StoredText *peers;
        long written;
        uint32_t n;

        server_start(NULL, NULL);
        s = opened(url, 0);
        for (int i = 1; i <= 5; i++)
                address_of(s, i);
        ring(s, 1, 5);
        written = carried_out("hset");
        cr_assert_eq(5, written);
        ring(s, 1, 5);
        cr_assert_eq(written, carried_out("hset"));
        expect(0, s, store_put_peer(s, "h00003", "10.9.9.9 1")); /* another address */
        ring(s, 1, 5);
        partners(s, 1, 32, &peers, &n);
        cr_assert_str_eq(peers[1].text, "10.9.9.9 1");
        ring(s, 1, 4); /* a host less */
        partners(s, 1, 32, &peers, &n);
        cr_assert_eq(n, 3);
        address_of(s, 6);
        ring(s, 2, 5); /* as many, others */
        partners(s, 1, 32, &peers, &n);
        cr_assert_eq(n, 0);
        partners(s, 6, 32, &peers, &n);
        cr_assert_eq(n, 4);
        written = carried_out("hset");
        cr_assert_eq(5 + 5 + 4 + 5, written);
}

/* The ring without the addresses, or these without the ring: a store that lost a key, or was given back in part. */
Test(store_peers, half_a_ring_is_made_whole) {
        static const char *const lost[] = { "DEL plimsoll:{test}:peers\r\n",
                                            "DEL plimsoll:{test}:peers:ring\r\n" };
        owned(store_free) Store *s = NULL;
        StoredText *peers;
        uint32_t n;

        server_start(NULL, NULL);
        s = opened(url, 0);
        for (int i = 1; i <= 3; i++)
                address_of(s, i);
        ring(s, 1, 3);
        for (size_t i = 0; i < ARRAY_SIZE(lost); i++) {
                char reply[16] = { 0 };
                int fd = try_connect();

                cr_assert_eq((ssize_t) strlen(lost[i]), write(fd, lost[i], strlen(lost[i])));
                cr_assert_gt(read(fd, reply, sizeof(reply) - 1), 0);
                (void) close(fd);
                cr_assert_str_eq(":1\r\n", reply, "there is such a key");
                partners(s, 1, 32, &peers, &n);
                cr_assert_eq(n, 0);
                ring(s, 1, 3);
                partners(s, 1, 32, &peers, &n);
                cr_assert_eq(n, 2);
        }
}

/* What an agent says of its address goes into a script of the leader: two lines, another's name, a flood are no address. */
Test(store_peers, an_address_that_is_none_is_left_out) {
        static const char *const bad[] = { "10.0.0.9 1\nh00001\n6.6.6.6 1", "", "\x1b[31m" };
        owned(store_free) Store *s = NULL;
        char flood[4096];
        StoredText *peers;
        uint32_t n;

        server_start(NULL, NULL);
        s = opened(url, 0);
        memset(flood, 'x', sizeof(flood) - 1);
        flood[sizeof(flood) - 1] = '\0';
        address_of(s, 1);
        address_of(s, 2);
        for (size_t i = 0; i <= ARRAY_SIZE(bad); i++) {
                expect(0, s, store_put_peer(s, "h00003", i < ARRAY_SIZE(bad) ? bad[i] : flood));
                ring(s, 1, 3);
                partners(s, 2, 32, &peers, &n);
                cr_assert_eq(n, 1);
                cr_assert_str_eq(peers[0].name, "h00001");
                cr_assert_str_eq(peers[0].text, "10.0.0.1 16599");
        }
}

Test(store_peers, share_the_key_that_the_first_service_made) {
        owned(store_free) Store *s = NULL, *t = NULL;
        const char *first, *second;
        size_t n;

        server_start(NULL, NULL);
        s = opened(url, 0);
        t = opened(url, 0);
        expect(1, s, store_get_echo_key(s, &arena, &first, &n));
        expect(0, s, store_make_echo_key(s));
        expect(0, s, store_get_echo_key(s, &arena, &first, &n));
        cr_assert_eq(n, 64);
        expect(0, t, store_make_echo_key(t));
        expect(0, t, store_get_echo_key(t, &arena, &second, &n));
        cr_assert_str_eq(first, second);
}
