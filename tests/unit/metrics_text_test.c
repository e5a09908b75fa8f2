/* SPDX-License-Identifier: Apache-2.0 */
/* What the agent serves to Prometheus: its text, and the server. */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "collectors/agent/metrics_http.h"
#include "collectors/agent/metrics_text.h"

static unsigned char memory[1 << 20];

static const char *text_of(const Report *r) {
        Arena a = arena_over(memory, sizeof(memory));
        const char *text;
        size_t n;

        cr_assert_eq(0, metrics_text(&a, r, &text, &n));
        cr_assert_eq(n, strlen(text));
        return text;
}

Test(metrics_text, numbers_texts_and_collectors_are_in_the_format_of_prometheus) {
        const Sample host[] = { { .metric = METRIC_HOST_CPU_BUSY, .subject = "", .number = 3400 } };
        const Sample vms[] = { { .metric = METRIC_VM_CPU, .subject = "web\"1\\", .number = 900 },
                               { .metric = METRIC_VM_STATE, .subject = "web2", .text = "running" },
                               { .metric = METRIC_VM_CPU, .subject = "web2", .number = 0 } };
        const Section sections[] = {
                { .collector = "cpu", .read_at = 1500 * USEC_PER_MSEC, .samples = host, .n_samples = 1 },
                { .collector = "vms", .read_at = 2 * USEC_PER_SEC, .samples = vms, .n_samples = 3 },
                { .collector = "nic", .read_at = 2 * USEC_PER_SEC, .error = EIO }
        };
        const Report r = { .host = "h1", .sections = sections, .n_sections = 3 };

        cr_assert_str_eq(
                text_of(&r),
                "# HELP plimsoll_host_cpu_busy_cores CPU in use, VMs included; idle and iowait are not use\n"
                "# TYPE plimsoll_host_cpu_busy_cores gauge\n"
                "plimsoll_host_cpu_busy_cores{host=\"h1\"} 3.4\n"
                "# HELP plimsoll_vm_state_info running, paused or off (defined alone)\n"
                "# TYPE plimsoll_vm_state_info gauge\n"
                "plimsoll_vm_state_info{host=\"h1\",vm=\"web2\",value=\"running\"} 1\n"
                "# HELP plimsoll_vm_cpu_cores CPU spent on it: its vCPUs and QEMU's other threads\n"
                "# TYPE plimsoll_vm_cpu_cores gauge\n"
                "plimsoll_vm_cpu_cores{host=\"h1\",vm=\"web\\\"1\\\\\"} 0.9\n"
                "plimsoll_vm_cpu_cores{host=\"h1\",vm=\"web2\"} 0\n"
                "# HELP plimsoll_collector_up 1: its last reading succeeded\n"
                "# TYPE plimsoll_collector_up gauge\n"
                "plimsoll_collector_up{host=\"h1\",collector=\"cpu\"} 1\n"
                "plimsoll_collector_up{host=\"h1\",collector=\"vms\"} 1\n"
                "plimsoll_collector_up{host=\"h1\",collector=\"nic\"} 0\n"
                "# HELP plimsoll_collector_read_timestamp_seconds when the collector last read, since the epoch\n"
                "# TYPE plimsoll_collector_read_timestamp_seconds gauge\n"
                "plimsoll_collector_read_timestamp_seconds{host=\"h1\",collector=\"cpu\"} 1.5\n"
                "plimsoll_collector_read_timestamp_seconds{host=\"h1\",collector=\"vms\"} 2\n"
                "plimsoll_collector_read_timestamp_seconds{host=\"h1\",collector=\"nic\"} 2\n");
}

/* Every metric there is: names are unique and of the letters the format takes. */
/* Every metric there is, in base units and by the rules for names, as promtool asks where it is installed. */
Test(metrics_text, all_metrics_are_named_by_the_rules) {
        static Sample all[METRIC_N];
        const Section section = {
                .collector = "all", .read_at = USEC_PER_SEC, .samples = all, .n_samples = METRIC_N
        };
        const Report r = { .host = "h1", .sections = &section, .n_sections = 1 };
        char path[] = "/tmp/metrics_text.XXXXXX", command[256];
        const char *text;
        FILE *f;
        int fd;

        for (int m = 0; m < METRIC_N; m++)
                all[m] = (Sample){ .metric = (Metric) m,
                                   .subject = strncmp(metric_defs[m].name, "host.", 5) == 0 ? "" : "x",
                                   .text = "y",
                                   .number = 1000 };
        text = text_of(&r);
        cr_expect(strstr(text, "plimsoll_host_cpu_hertz{"), "the unit stands in the name once");
        cr_expect(strstr(text, "plimsoll_host_memory_total_bytes{host=\"h1\"} 1048576000\n"), "1,000 MiB");
        cr_expect(strstr(text, "# TYPE plimsoll_collector_failed_total counter\n"));
        for (size_t i = 0; i < 6; i++) {
                static const char *const bad[] = {
                        "_mcores", "_permille", "_percent", "_mib", "_kib", "_kbit"
                };

                cr_expect_null(strstr(text, bad[i]), "%s", bad[i]);
        }
        if (system("command -v promtool >/dev/null") != 0)
                cr_skip_test("promtool is not installed (package prometheus)");
        fd = mkstemp(path);
        cr_assert_geq(fd, 0);
        f = fdopen(fd, "w");
        cr_assert(f && fputs(text, f) >= 0 && fclose(f) == 0);
        (void) snprintf(command, sizeof(command), "promtool check metrics <%s", path);
        cr_expect_eq(0, system(command), "promtool has something against it");
        (void) remove(path);
}

Test(metrics_text, every_metric_has_a_name_of_its_own) {
        static Sample all[METRIC_N];
        Section section = { .collector = "x", .samples = all, .n_samples = METRIC_N };
        Report r = { .host = "h", .sections = &section, .n_sections = 1 };
        const char *text, *names[METRIC_N + 2];
        size_t lengths[METRIC_N + 2], n = 0;

        for (int m = 0; m < METRIC_N; m++)
                all[m] = (Sample){ .metric = (Metric) m, .subject = "", .text = "t" };
        text = text_of(&r);
        for (const char *at = text; (at = strstr(at, "# TYPE ")); at++) {
                cr_assert_lt(n, METRIC_N + 2);
                names[n] = at + 7;
                lengths[n] = strspn(names[n], "abcdefghijklmnopqrstuvwxyz0123456789_");
                cr_assert_eq(0,
                             strncmp(names[n] + lengths[n],
                                     strncmp(names[n] + lengths[n] - 6, "_total", 6) == 0 ? " counter\n"
                                                                                          : " gauge\n",
                                     7),
                             "%.60s", names[n]);
                for (size_t i = 0; i < n; i++)
                        cr_assert(lengths[i] != lengths[n] || strncmp(names[i], names[n], lengths[n]) != 0,
                                  "%.60s twice", names[n]);
                n++;
        }
        cr_assert_eq(n, METRIC_N + 2);
}

static void ask(uint16_t port, const char *request, char *reply, size_t size) {
        struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port) };
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        size_t n = 0;
        ssize_t k;

        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        cr_assert_eq(0, connect(fd, (struct sockaddr *) &to, sizeof(to)));
        cr_assert_gt(write(fd, request, strlen(request)), 0);
        while (n + 1 < size && (k = read(fd, reply + n, size - 1 - n)) > 0)
                n += (size_t) k;
        reply[n] = '\0';
        (void) close(fd);
}

#define GET(path) "GET " path " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

Test(metrics_text, the_newest_text_is_served_and_nothing_else_is, .timeout = 20) {
        MetricsHttp *h = NULL, *second = NULL;
        char reply[4096], where[32];
        TextFault f = { 0 };

        cr_assert_eq(0, metrics_http_open("127.0.0.1:0", &h, &f), "%s", f.what);
        ask(metrics_http_port(h), GET("/metrics"), reply, sizeof(reply));
        cr_assert_eq(0, strncmp(reply, "HTTP/1.1 503", 12), "%s", reply);
        cr_assert_eq(0, metrics_http_put(h, "old 1\n", 6));
        cr_assert_eq(0, metrics_http_put(h, "new 2\n", 6));
        ask(metrics_http_port(h), GET("/metrics"), reply, sizeof(reply));
        cr_assert_eq(0, strncmp(reply, "HTTP/1.1 200", 12), "%s", reply);
        cr_assert(strstr(reply, "text/plain; version=0.0.4") && strstr(reply, "\r\n\r\nnew 2\n"), "%s",
                  reply);
        ask(metrics_http_port(h), GET("/etc/passwd"), reply, sizeof(reply));
        cr_assert_eq(0, strncmp(reply, "HTTP/1.1 404", 12), "%s", reply);
        ask(metrics_http_port(h),
            "POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", reply,
            sizeof(reply));
        cr_assert_eq(0, strncmp(reply, "HTTP/1.1 405", 12), "%s", reply);
        (void) snprintf(where, sizeof(where), "%u", metrics_http_port(h));
        cr_assert_eq(-EADDRINUSE, metrics_http_open(where, &second, &f));
        cr_assert(strstr(f.what, "cannot listen"), "%s", f.what);
        metrics_http_free(h);
}

Test(metrics_text, what_is_no_address_is_refused_with_what_is_accepted) {
        static const char *const bad[] = { "",          "http",    "70000", "1.2.3:9", "localhost:9188",
                                           "[::1:9188", "1.2.3.4:" };
        static const char *const good[] = { "9188", "0.0.0.0:9188", "[::]:9188", ":9188" };

        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                TextFault f = { 0 };

                cr_expect_eq(-EINVAL, metrics_http_check(bad[i], &f), "%s", bad[i]);
                cr_expect(strstr(f.what, "accepted: PORT"), "%s", f.what);
        }
        for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
                TextFault f = { 0 };

                cr_expect_eq(0, metrics_http_check(good[i], &f), "%s", good[i]);
        }
}
