/* SPDX-License-Identifier: Apache-2.0 */
/* A Redis Cluster of two nodes: from either one's URL the store finds the node that has its keys. */
#include <arpa/inet.h>
#include <netinet/in.h>

#include "tests/integration/redis_fixture.h"

static pid_t nodes[2] = { -1, -1 };
static char ports[2][12];

static int free_port(void) {
        struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        socklen_t n = sizeof(at);

        cr_assert_eq(0, bind(fd, (const struct sockaddr *) &at, sizeof(at)));
        cr_assert_eq(0, getsockname(fd, (struct sockaddr *) &at, &n));
        (void) close(fd);
        return ntohs(at.sin_port);
}

static bool answers(const char *port) {
        int status = -1;

        (void) waitpid(run((const char *const[]){ "redis-cli", "-p", port, "ping", NULL }), &status, 0);
        return status == 0;
}

static void node_start(int i, const char *first_slot, const char *last_slot) {
        char file[16], bus[12];

        (void) snprintf(ports[i], sizeof(ports[i]), "%d", free_port());
        (void) snprintf(bus, sizeof(bus), "%d", free_port());
        (void) snprintf(file, sizeof(file), "nodes-%d.conf", i);
        nodes[i] = run((const char *const[]){ "redis-server", "--bind", "127.0.0.1", "--port", ports[i],
                                              "--dir", dir, "--save", "", "--cluster-enabled", "yes",
                                              "--cluster-config-file", file, "--cluster-port", bus, NULL });
        for (int tries = 0; tries < 500 && !answers(ports[i]); tries++)
                clock_sleep(10 * USEC_PER_MSEC);
        run_and_wait((const char *const[]){ "redis-cli", "-p", ports[i], "cluster", "addslotsrange",
                                            first_slot, last_slot, NULL });
        if (i == 1)
                run_and_wait((const char *const[]){ "redis-cli", "-p", ports[0], "cluster", "meet",
                                                    "127.0.0.1", ports[1], bus, NULL });
}

static void teardown(void) {
        for (size_t i = 0; i < ARRAY_SIZE(nodes); i++)
                if (nodes[i] > 0) {
                        (void) kill(nodes[i], SIGKILL);
                        (void) waitpid(nodes[i], NULL, 0);
                }
        fixture_teardown();
}

TestSuite(store_cluster, .init = fixture_setup, .fini = teardown, .timeout = 60);

static Store *cluster_opened(const char *cluster, int node) {
        StoreOptions options = { .cluster = cluster };
        TextFault fault;
        char where[64];
        Store *s = NULL;

        (void) snprintf(where, sizeof(where), "redis://127.0.0.1:%s", ports[node]);
        options.url = where;
        cr_assert_eq(0, store_open(&options, &s, &fault), "%s", fault.what);
        return s;
}

/* The keys of {b} and {c} are in slots 3300 and 7365, those of {a} and {d} in 15495 and 11298. */
Test(store_cluster, each_cluster_of_hosts_is_on_its_node_and_is_found_from_any) {
        static const char *const names[] = { "a", "b", "c", "d" };

        node_start(0, "0", "8191");
        node_start(1, "8192", "16383");
        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                owned(store_free) Store *here = cluster_opened(names[i], 0);
                owned(store_free) Store *there = cluster_opened(names[i], 1);
                const char *const *found = NULL;
                uint32_t n = 0;
                uint64_t token;
                Reports r;
                int k = -EAGAIN;

                for (int tries = 0; tries < 500 && k == -EAGAIN;
                     tries++) { /* until the nodes know each other */
                        k = store_put_report(here, names[i], "x", 1, 60 * SECOND);
                        if (k == -EAGAIN)
                                clock_sleep(20 * USEC_PER_MSEC);
                }
                cr_assert_eq(k, 0, "%d %s", k, store_error(here));
                expect(0, there, get_reports(there, &r));
                cr_assert_eq(r.n, 1);
                cr_assert_str_eq(r.texts[0].name, names[i]);
                expect(0, here, store_lease(here, "d1", 60 * SECOND, &token, NULL, 0));
                expect(0, there, store_journal(there, token, "x", 1));
                expect(0, there, store_put_record(there, token, "x", 1, record_name));
                expect(0, there, store_get_clusters(there, &arena, &found, &n));
                cr_assert_eq(n, 1, "wherever its keys are");
                cr_assert_str_eq(found[0], names[i]);
                expect(0, here, store_forget_host(here, names[i]));
        }
}
