/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/agent/metrics_http.h"

#include <errno.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "scheduler/base/listen.h"
#include "scheduler/model/bounds.h"

#define CONNECTIONS_MAX 16
#define IDLE_SECONDS    10
#define CONTENT_TYPE    "text/plain; version=0.0.4; charset=utf-8"

struct MetricsHttp {
        struct MHD_Daemon *daemon;
        pthread_mutex_t lock;
        struct MHD_Response *response; /* counted by the library: a slow reader keeps its own */
};

static int metrics_http_address(const char *where, TcpAddress *ret, TextFault *fault) {
        if (tcp_address_parse(where, bound_of(BOUND_PORT), ret) == 0)
                return 0;
        text_fault(fault, "", "\"%.80s\": accepted: PORT, IPV4:PORT or [IPV6]:PORT, such as 0.0.0.0:9188",
                   where);
        return -EINVAL;
}

int metrics_http_check(const char *where, TextFault *reterr_fault) {
        TcpAddress address;

        return metrics_http_address(where, &address, reterr_fault);
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
        const unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_ITC;
        TcpAddress address;
        MetricsHttp *h;
        int fd, r = metrics_http_address(where, &address, reterr_fault);

        if (r < 0)
                return r;
        fd = tcp_listen(&address.any);
        if (fd < 0) {
                text_fault(reterr_fault, "", "cannot listen on %.80s: %s", where, strerrordesc_np(-fd));
                return fd;
        }
        h = calloc(1, sizeof(*h));
        if (!h) {
                (void) close(fd);
                return -ENOMEM;
        }
        (void) pthread_mutex_init(&h->lock, NULL);
        h->daemon = MHD_start_daemon(flags, 0, NULL, NULL, metrics_http_answer, h, MHD_OPTION_LISTEN_SOCKET,
                                     fd, MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAX,
                                     MHD_OPTION_CONNECTION_TIMEOUT, IDLE_SECONDS, MHD_OPTION_END);
        if (!h->daemon) {
                text_fault(reterr_fault, "", "cannot serve on %.80s: no memory or thread for it", where);
                (void) metrics_http_free(h); /* and the socket is the library's */
                return -ENOMEM;
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
