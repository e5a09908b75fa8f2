/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/agent/metrics_http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/model/bounds.h"

#define CONNECTIONS_MAX 16
#define IDLE_SECONDS    10
#define CONTENT_TYPE    "text/plain; version=0.0.4; charset=utf-8"

struct MetricsHttp {
        struct MHD_Daemon *daemon;
        pthread_mutex_t lock;
        struct MHD_Response *response; /* counted by the library: a slow reader keeps its own */
};

typedef union Address {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
} Address;

static int address_parse(const char *where, Address *ret, TextFault *fault) {
        const char *colon = strrchr(where, ':'), *port = colon ? colon + 1 : where;
        size_t n = colon ? (size_t) (colon - where) : 0;
        char host[64] = "127.0.0.1";
        int64_t number;

        if (colon && n > 2 && where[0] == '[' && where[n - 1] == ']')
                (void) snprintf(host, sizeof(host), "%.*s", (int) (n - 2), where + 1);
        else if (colon && n > 0)
                (void) snprintf(host, sizeof(host), "%.*s", (int) n, where);
        *ret = (Address){ 0 };
        if (text_to_int(port, strlen(port), 0, bound_of(BOUND_PORT), &number) == 0) {
                uint16_t big = htons((uint16_t) number);

                if (inet_pton(AF_INET, host, &ret->v4.sin_addr) == 1) {
                        ret->v4.sin_family = AF_INET;
                        ret->v4.sin_port = big;
                        return 0;
                }
                if (inet_pton(AF_INET6, host, &ret->v6.sin6_addr) == 1) {
                        ret->v6.sin6_family = AF_INET6;
                        ret->v6.sin6_port = big;
                        return 0;
                }
        }
        text_fault(fault, "", "\"%.80s\": accepted is PORT, IPV4:PORT or [IPV6]:PORT, such as 0.0.0.0:9188",
                   where);
        return -EINVAL;
}

int metrics_http_check(const char *where, TextFault *reterr_fault) {
        Address address;

        return address_parse(where, &address, reterr_fault);
}

static enum MHD_Result metrics_http_refuse(struct MHD_Connection *c, unsigned status, const char *words) {
        struct MHD_Response *r =
                MHD_create_response_from_buffer(strlen(words), (void *) words, MHD_RESPMEM_PERSISTENT);
        enum MHD_Result result;

        if (!r)
                return MHD_NO;
        result = MHD_queue_response(c, status, r);
        MHD_destroy_response(r);
        return result;
}

/* The library's callback. */
/* NOLINTNEXTLINE(readability-function-size): so many parameters are its wish */
static enum MHD_Result metrics_http_answer(void *arg, struct MHD_Connection *c, const char *url,
                                           const char *method, const char *version, const char *body,
                                           size_t *n_body, void **request) {
        MetricsHttp *h = arg;
        enum MHD_Result result;

        (void) version;
        (void) body;
        (void) n_body;
        (void) request;
        if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
                return metrics_http_refuse(c, MHD_HTTP_METHOD_NOT_ALLOWED, "only GET\n");
        if (strcmp(url, "/metrics") != 0)
                return metrics_http_refuse(c, MHD_HTTP_NOT_FOUND, "there is only /metrics\n");
        (void) pthread_mutex_lock(&h->lock);
        result = h->response ? MHD_queue_response(c, MHD_HTTP_OK, h->response)
                             : metrics_http_refuse(c, MHD_HTTP_SERVICE_UNAVAILABLE, "nothing was read yet\n");
        (void) pthread_mutex_unlock(&h->lock);
        return result;
}

int metrics_http_open(const char *where, MetricsHttp **ret, TextFault *reterr_fault) {
        unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_ITC;
        Address address;
        MetricsHttp *h;
        int r = address_parse(where, &address, reterr_fault);

        if (r < 0)
                return r;
        h = calloc(1, sizeof(*h));
        if (!h)
                return -ENOMEM;
        (void) pthread_mutex_init(&h->lock, NULL);
        if (address.any.sa_family == AF_INET6)
                flags |= MHD_USE_IPv6;
        errno = 0;
        h->daemon = MHD_start_daemon(flags, 0, NULL, NULL, metrics_http_answer, h, MHD_OPTION_SOCK_ADDR,
                                     &address.any, MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAX,
                                     MHD_OPTION_CONNECTION_TIMEOUT, IDLE_SECONDS, MHD_OPTION_END);
        if (!h->daemon) {
                r = errno ? -errno : -EADDRNOTAVAIL;
                text_fault(reterr_fault, "", "cannot listen on %.80s: %s", where, strerrordesc_np(-r));
                (void) metrics_http_free(h);
                return r;
        }
        *ret = h;
        return 0;
}

MetricsHttp *metrics_http_free(MetricsHttp *http) {
        if (!http)
                return NULL;
        if (http->daemon)
                MHD_stop_daemon(http->daemon);
        if (http->response)
                MHD_destroy_response(http->response);
        (void) pthread_mutex_destroy(&http->lock);
        free(http);
        return NULL;
}

int metrics_http_put(MetricsHttp *http, const char *text, size_t n) {
        struct MHD_Response *old,
                *fresh = MHD_create_response_from_buffer(n, (void *) text, MHD_RESPMEM_MUST_COPY);

        if (!fresh)
                return -ENOMEM;
        (void) MHD_add_response_header(fresh, MHD_HTTP_HEADER_CONTENT_TYPE, CONTENT_TYPE);
        (void) pthread_mutex_lock(&http->lock);
        old = http->response;
        http->response = fresh;
        (void) pthread_mutex_unlock(&http->lock);
        if (old)
                MHD_destroy_response(old);
        return 0;
}

uint16_t metrics_http_port(const MetricsHttp *http) {
        const union MHD_DaemonInfo *info = MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_BIND_PORT);

        return info ? info->port : 0;
}
