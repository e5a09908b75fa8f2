/* SPDX-License-Identifier: Apache-2.0 */
/* The agentless road on libvirt's own test driver, which lives inside the process: inventory only (it has no
 * statistics); rates and migrations are for the lab. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "collectors/remote/remote.h"

static RemoteHost *read_hosts(const char *const *uris, uint32_t n, int expected) {
        static Arena a;
        RemoteOptions o = { .uris = uris, .n_uris = n, .interval = 10000, .timeout = 5 * USEC_PER_SEC };
        RemoteHost *hosts = NULL;
        TextFault fault = { 0 };

        cr_assert_eq(0, arena_open(UINT64_C(64) << 20, &a));
        cr_assert_eq(expected, remote_read(&o, &a, &hosts, &fault), "%s", fault.what);
        return hosts;
}

static const Sample *find(const Report *r, Metric metric, const char *subject) {
        for (uint32_t i = 0; i < r->n_sections; i++)
                for (uint32_t k = 0; k < r->sections[i].n_samples; k++) {
                        const Sample *s = &r->sections[i].samples[k];

                        if (s->metric == metric && strcmp(s->subject, subject) == 0)
                                return s;
                }
        return NULL;
}

Test(remote, the_inventory_of_a_host_is_read) {
        const char *const uris[] = { "test:///default" };
        RemoteHost *h = read_hosts(uris, 1, 0);
        const Report *r = &h->report;

        cr_assert_eq(h->error, 0, "%s", h->error_text);
        cr_assert_eq(find(r, METRIC_HOST_DAEMON, "")->number, 1);
        cr_assert_eq(find(r, METRIC_HOST_CPUS, "")->number, 16);
        cr_assert_eq(find(r, METRIC_HOST_CPU_MHZ, "")->number, 1400);
        cr_assert_str_eq(find(r, METRIC_HOST_ARCH, "")->text, "i686");
        cr_assert_str_eq(find(r, METRIC_HOST_URI, "")->text, "test:///default");
        cr_assert_str_eq(find(r, METRIC_HOST_NETWORKS, "")->text, "default,virbr0");
        cr_assert_str_eq(find(r, METRIC_HOST_POOLS, "")->text, "dir:/default-pool");
        cr_assert_eq(find(r, METRIC_HOST_MEMORY_TOTAL, "")->number, 3072);
        cr_assert_str_eq(find(r, METRIC_VM_STATE, "test")->text, "running");
        cr_assert_eq(find(r, METRIC_VM_VCPUS, "test")->number, 2);
        cr_assert_eq(find(r, METRIC_VM_MEMORY, "test")->number, 8192);
        cr_assert_str_eq(find(r, METRIC_VM_NETWORKS, "test")->text, "default");
        cr_assert_null(find(r, METRIC_VM_CPU, "test"), "no statistics: left out, not 0");
        cr_assert_null(find(r, METRIC_VM_LOCAL_DISK, "test"), "where its file is cannot be told from afar");
}

Test(remote, a_dead_host_is_reported_as_dead_and_others_go_on) {
        const char *const uris[] = { "qemu+unix:///system?socket=/nonexistent/sock", "test:///default" };
        RemoteHost *h = read_hosts(uris, 2, 0);

        cr_assert_eq(h[0].error, ENOENT);
        cr_assert(strstr(h[0].error_text, "/nonexistent/sock"), "%s", h[0].error_text);
        cr_assert_str_eq(h[0].report.host, uris[0], "a URI that names no host");
        cr_assert_eq(find(&h[0].report, METRIC_HOST_DAEMON, "")->number, 0);
        cr_assert_gt(h[0].report.n_sections, 1);
        cr_assert_eq(h[0].report.sections[0].error, ENOENT);
        cr_assert_eq(h[1].error, 0);
}

Test(remote, a_silent_host_is_called_as_in_its_uri) {
        const char *const uris[] = { "qemu+tcp://root@127.0.0.1:1/system",
                                     "qemu+unix:///system?socket=/nonexistent/a",
                                     "qemu+unix:///system?socket=/nonexistent/b" };
        RemoteHost *h = read_hosts(uris, 3, 0);

        cr_assert_str_eq(h[0].report.host, "127.0.0.1");
        cr_assert_eq(h[0].error, ECONNREFUSED, "%s", h[0].error_text);
        cr_assert_str_eq(h[2].report.host, uris[2]);
}

Test(remote, a_host_given_twice_is_refused) {
        const char *const uris[] = { "test:///default", "test:///default" };

        (void) read_hosts(uris, 2, -EINVAL);
}

Test(remote, two_hosts_of_one_name_are_refused) {
        const char *const uris[] = { "test:///default", "test:///default?x=1" };

        (void) read_hosts(uris, 2, -EINVAL);
}

Test(remote, two_hosts_of_one_name_do_not_keep_others_from_being_read_where_that_is_asked) {
        const char *const uris[] = { "test:///default", "test:///default?x=1", "test:///default?x=2" },
                          *const names[] = { "h1", "h1", "h2" };
        RemoteHost *h = NULL;
        TextFault fault = { 0 };
        Arena a;

        cr_assert_eq(0, arena_open(UINT64_C(64) << 20, &a));
        cr_assert_eq(0, remote_read(&(RemoteOptions){ .uris = uris,
                                                      .names = names,
                                                      .n_uris = 3,
                                                      .interval = 1000,
                                                      .keep_going = true },
                                    &a, &h, &fault));
        cr_expect_eq(h[0].error, 0);
        cr_expect_eq(h[1].error, EEXIST);
        cr_expect(h[1].error_text && strstr(h[1].error_text, "are both named h1"), "%s", h[1].error_text);
        cr_expect_eq(h[2].error, 0);
        arena_close(&a);
}
