/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/api/api_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "scheduler/app/api/api_exec.h"
#include "scheduler/app/api/api_request.h"
#include "scheduler/app/api/api_tls.h"
#include "scheduler/base/listen.h"
#include "scheduler/base/log.h"

#define IDLE_SECONDS  15U
#define MEMORY_LIMIT  ((size_t) 32 << 10) /* of a connection: its request line and headers */
#define BACKLOG       128
#define PLANNING_NICE 10
#define QUOTE         512

/* ---- answers ---- */

static const ApiPair api_server_headers[] = {
        { "Content-Security-Policy",
          "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
          "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'" },
        { "X-Content-Type-Options", "nosniff" },
        { "Cross-Origin-Opener-Policy", "same-origin" },
        { "Cross-Origin-Resource-Policy", "same-origin" },
        { "Referrer-Policy", "same-origin" },
        { "Cache-Control", "no-store" },
};

static void api_server_count(ApiRequest *r, usec_t now) {
        ApiServer *server = r->call.server;

        if (!r->call.route)
                return;
        (void) pthread_mutex_lock(&server->lock);
        route_metrics_put(&server->routes[api_route_index(r->call.route)], r->call.reply.status,
                          now - r->began);
        (void) pthread_mutex_unlock(&server->lock);
}

/* A stream is the response's, or gone. */
static struct MHD_Response *api_server_response(ApiRequest *r, struct MHD_Connection *c) {
        ApiReply *reply = &r->call.reply;
        EventStream *stream = reply->stream;

        reply->stream = NULL;
        if (stream)
                return event_stream_response(stream, c, r->connection ? r->connection->fd : -1);
        if (r->kept)
                return api_fresh_response(r);
        return MHD_create_response_from_buffer(reply->n, (void *) reply->body, MHD_RESPMEM_MUST_COPY);
}

static bool api_reply_has(const ApiReply *reply, const char *name) {
        for (uint32_t i = 0; i < reply->n_headers; i++)
                if (strcasecmp(reply->headers[i].name, name) == 0)
                        return true;
        return false;
}

static enum MHD_Result api_server_send(ApiRequest *r, struct MHD_Connection *c) {
        const ApiReply *reply = &r->call.reply;
        const bool is_stream = reply->stream != NULL; /* its client is waited for by event_stream.c */
        struct MHD_Response *response = api_server_response(r, c);
        enum MHD_Result result;

        if (!response)
                return MHD_NO;
        for (size_t i = 0; i < ARRAY_SIZE(api_server_headers); i++)
                if (!api_reply_has(reply, api_server_headers[i].name))
                        (void) MHD_add_response_header(response, api_server_headers[i].name,
                                                       api_server_headers[i].value);
        (void) MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, reply->type);
        (void) MHD_add_response_header(response, "X-Request-Id", r->call.id);
        if (r->ends_connection)
                (void) MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
        for (uint32_t i = 0; i < reply->n_headers; i++)
                if (reply->headers[i].value)
                        (void) MHD_add_response_header(response, reply->headers[i].name,
                                                       reply->headers[i].value);
        result = MHD_queue_response(c, reply->status, response);
        MHD_destroy_response(response);
        api_connections_wait(&r->call.server->connections, r->connection, !is_stream);
        api_server_count(r, clock_monotonic());
        return result;
}

/* In a thread of the pool; the library then calls api_server_answer() once more. */
static void api_server_work(void *job) {
        ApiRequest *r = job;

        api_fresh_make(r);
        r->answered = true;
        MHD_resume_connection(r->mhd);
}

static enum MHD_Result api_server_handle(ApiRequest *r, struct MHD_Connection *c) {
        ApiCall *call = &r->call;

        if (r->answered)
                return api_server_send(r, c);
        api_connections_wait(&call->server->connections, r->connection, false);
        if (!api_check_body(r, c))
                return api_server_send(r, c);
        if (!api_route_is_slow(call->route)) {
                api_request_do(r);
                return api_server_send(r, c);
        }
        if (api_fresh_find(r))
                return api_server_send(r, c);
        r->mhd = c;
        MHD_suspend_connection(c);
        if (api_pool_give(api_call_plans(call) ? &call->server->planning : &call->server->pool, r))
                return MHD_YES;
        api_reply_problem(call, 503, "too many requests are being answered: try again in a second");
        api_reply_header(call, MHD_HTTP_HEADER_RETRY_AFTER, "1");
        r->answered = true;
        MHD_resume_connection(c);
        return MHD_YES;
}

/* ---- requests ---- */

static void api_server_more(ApiRequest *r, const char *data, size_t n) {
        if (r->n_body + n > API_BODY_MAX) {
                r->too_large = true;
                return;
        }
        if (!r->body)
                r->body = calloc(1, API_BODY_MAX + 1);
        if (!r->body) {
                r->too_large = true;
                return;
        }
        memcpy(r->body + r->n_body, data, n);
        r->n_body += n;
}

/* The library's callbacks. */
/* NOLINTNEXTLINE(readability-function-size): so many parameters are its wish */
static enum MHD_Result api_server_answer(void *arg, struct MHD_Connection *c, const char *url,
                                         const char *method, const char *version, const char *data,
                                         size_t *n_data, void **request) {
        const ApiListener *listener = arg;
        ApiRequest *r = *request;

        (void) version;
        if (!r) {
                const union MHD_ConnectionInfo *info =
                        MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

                r = api_request_begin(listener->server, method);
                *request = r;
                if (!r)
                        return MHD_NO;
                r->connection = info ? info->socket_context : NULL;
                return api_check_request(r, c, url) ? MHD_YES : api_server_send(r, c);
        }
        if (*n_data > 0) {
                api_server_more(r, data, *n_data);
                *n_data = 0;
                return MHD_YES;
        }
        return api_server_handle(r, c);
}

static void api_server_completed(void *arg, struct MHD_Connection *c, void **request,
                                 enum MHD_RequestTerminationCode how) {
        const ApiListener *listener = arg;
        ApiRequest *r = *request;

        (void) c;
        (void) how;
        if (r)
                api_connections_wait(&listener->server->connections, r->connection, true);
        *request = api_request_free(r);
}

static void api_server_connection(void *arg, struct MHD_Connection *c, void **context,
                                  enum MHD_ConnectionNotificationCode what) {
        const ApiListener *listener = arg;
        ApiConnections *all = &listener->server->connections;

        if (what == MHD_CONNECTION_NOTIFY_STARTED) {
                *context = api_connections_add(all, c, listener->is_tcp);
        } else {
                api_connections_remove(all, *context);
                *context = NULL;
        }
}

/* "%41" is taken apart by api_path.c, which knows what it must not become. */
static size_t api_server_as_it_is(void *arg, struct MHD_Connection *c, char *text) {
        (void) arg;
        (void) c;
        return strlen(text);
}

/* ---- listening ---- */

/* A socket that nobody answers on any more is put away; one that is answered is another service's. */
static int api_server_bind(const char *path, int *ret, TextFault *f) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        struct stat st;
        int fd, r = 0;

        if (strlen(path) >= sizeof(address.sun_path)) {
                text_fault(f, "api.socket", "a socket's path has at most %zu bytes",
                           sizeof(address.sun_path) - 1);
                return -EINVAL;
        }
        memcpy(address.sun_path, path, strlen(path) + 1);
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd >= 0 && lstat(path, &st) == 0) {
                if (!S_ISSOCK(st.st_mode) ||
                    connect(fd, (const struct sockaddr *) &address, sizeof(address)) == 0)
                        r = -EADDRINUSE;
                else
                        (void) unlink(path);
        }
        if (fd < 0 || (r == 0 && bind(fd, (const struct sockaddr *) &address, sizeof(address)) < 0) ||
            (r == 0 && (chmod(path, 0666) < 0 || listen(fd, BACKLOG) < 0)))
                r = -errno;
        if (r < 0) {
                text_fault(f, "api.socket", "cannot listen on %.120s: %s", path,
                           r == -EADDRINUSE ? "it is in use, or no socket" : strerrordesc_np(-r));
                if (fd >= 0)
                        (void) close(fd);
                return r;
        }
        *ret = fd;
        return 0;
}

#define API_USUAL(server, listener)                                                                          \
        MHD_OPTION_NOTIFY_COMPLETED, api_server_completed, (listener), MHD_OPTION_NOTIFY_CONNECTION,         \
                api_server_connection, (listener), MHD_OPTION_UNESCAPE_CALLBACK, api_server_as_it_is, NULL,  \
                MHD_OPTION_CONNECTION_LIMIT, (unsigned) (server)->config.connections,                        \
                MHD_OPTION_CONNECTION_TIMEOUT, IDLE_SECONDS, MHD_OPTION_CONNECTION_MEMORY_LIMIT,             \
                MEMORY_LIMIT, MHD_OPTION_STRICT_FOR_CLIENT, 1
#define API_FLAGS (MHD_USE_POLL | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_ITC | MHD_ALLOW_SUSPEND_RESUME)

static int api_server_listen_local(ApiServer *server, TextFault *f) {
        int r = api_server_bind(server->config.socket, &server->socket, f);

        if (r < 0)
                return r;
        server->local = (ApiListener){ .server = server };
        server->local.daemon = MHD_start_daemon(API_FLAGS, 0, NULL, NULL, api_server_answer, &server->local,
                                                API_USUAL(server, &server->local), MHD_OPTION_LISTEN_SOCKET,
                                                server->socket, MHD_OPTION_END);
        if (server->local.daemon)
                return 0;
        text_fault(f, "api.socket", "cannot serve on %.120s", server->config.socket);
        return -EIO;
}

static int api_server_listen_tcp(ApiServer *server, TextFault *f) {
        const ApiConfig *c = &server->config;
        const unsigned flags = API_FLAGS | (c->certificate ? MHD_USE_TLS : 0U);
        struct MHD_OptionItem tls[] = {
                { MHD_OPTION_HTTPS_CERT_CALLBACK, 0, (void *) api_tls_retrieve },
                { MHD_OPTION_HTTPS_PRIORITIES, 0, (void *) "SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2" },
                { MHD_OPTION_END, 0, NULL },
        };
        const struct MHD_OptionItem none[] = { { MHD_OPTION_END, 0, NULL } };
        int fd = c->certificate ? api_tls_open(c->certificate, c->key, f) : 0;

        if (fd < 0)
                return fd;
        fd = tcp_listen(&c->address.any);
        server->tcp = (ApiListener){ .server = server, .is_tcp = true };
        if (fd < 0) {
                text_fault(f, "api.listen", "cannot listen there: %s", strerrordesc_np(-fd));
                return fd;
        }
        server->tcp.daemon = MHD_start_daemon(
                flags, 0, NULL, NULL, api_server_answer, &server->tcp, API_USUAL(server, &server->tcp),
                MHD_OPTION_PER_IP_CONNECTION_LIMIT, (unsigned) c->connections / 2, MHD_OPTION_LISTEN_SOCKET,
                fd, MHD_OPTION_ARRAY, c->certificate ? tls : none, MHD_OPTION_END);
        if (server->tcp.daemon)
                return 0;
        text_fault(f, "api.listen", "cannot serve there: no memory or thread for it");
        return -ENOMEM; /* and the socket is the library's */
}

/* ---- opening ---- */

/* Feeds of events read as a client of this route would. */
static int api_server_open_streams(ApiServer *server) {
        ApiCall call = { .server = server,
                         .board = server->board,
                         .id = "events",
                         .method = "GET",
                         .common = server->config.common,
                         .n_common = server->config.n_common };

        for (uint32_t i = 0; i < api_routes_n() && !call.route; i++)
                if (api_route_is_stream(api_route_at(i)))
                        call.route = api_route_at(i);
        return event_streams_open(&server->streams, &call, (uint32_t) server->config.streams,
                                  server->config.time);
}

static int api_server_listen(ApiServer *server, TextFault *f) {
        int r = api_connections_open(&server->connections, server->config.time);

        if (r == 0)
                r = api_pool_open(&server->pool, API_THREADS, 0, api_server_work);
        if (r == 0)
                r = api_pool_open(&server->planning, 1, PLANNING_NICE, api_server_work);
        if (r == 0)
                r = api_pool_open(&server->anew, 1, PLANNING_NICE, api_fresh_anew);
        if (r == 0)
                r = api_server_open_streams(server);
        if (r == 0 && server->config.socket)
                r = api_server_listen_local(server, f);
        if (r == 0 && server->config.has_address)
                r = api_server_listen_tcp(server, f);
        return r;
}

static void api_server_say(const ApiServer *server) {
        if (server->local.daemon)
                log_event(LOG_INFO, "api.listens", "socket=%s", server->config.socket);
        if (server->tcp.daemon)
                log_event(LOG_INFO, "api.listens", "port=%u tls=%s", api_server_port(server),
                          server->config.certificate ? "yes" : "no");
}

int api_server_open(const Settings *settings, const Options *options, MetricsBoard *board, ApiServer **ret,
                    TextFault *reterr_fault) {
        ApiServer *server = calloc(1, sizeof(*server));
        int r = server ? arena_open((size_t) 16 << 20, &server->arena) : -ENOMEM;

        *ret = NULL;
        if (r < 0) {
                free(server);
                return r;
        }
        server->socket = -1;
        server->board = board;
        server->started = clock_now();
        (void) pthread_mutex_init(&server->lock, NULL);
        server->routes = calloc(api_routes_n(), sizeof(*server->routes));
        r = server->routes ? api_config_read(&server->arena, settings, options, &server->config, reterr_fault)
                           : -ENOMEM;
        for (uint32_t i = 0; server->routes && i < api_routes_n(); i++)
                server->routes[i].route = api_route_at(i)->pattern;
        api_guard_open(&server->guard, server->config.rate);
        api_kept_open(&server->kept);
        if (r == 0)
                r = api_server_listen(server, reterr_fault);
        if (r != 0) {
                (void) api_server_close(server);
                return r < 0 ? r : 0;
        }
        api_server_say(server);
        *ret = server;
        return 0;
}

ApiServer *api_server_close(ApiServer *server) {
        if (!server)
                return NULL;
        if (server->local.daemon)
                (void) MHD_quiesce_daemon(server->local.daemon);
        if (server->tcp.daemon)
                (void) MHD_quiesce_daemon(server->tcp.daemon);
        api_pool_close(&server->pool); /* what is under way is answered */
        api_pool_close(&server->planning);
        api_pool_close(&server->anew);
        event_streams_end(&server->streams);
        if (server->local.daemon)
                MHD_stop_daemon(server->local.daemon);
        if (server->socket >= 0)
                (void) close(server->socket);
        if (server->socket >= 0)
                (void) unlink(server->config.socket);
        if (server->tcp.daemon)
                MHD_stop_daemon(server->tcp.daemon);
        api_tls_close();
        if (server->connections.sweeps)
                api_connections_close(&server->connections);
        event_streams_close(&server->streams);
        api_kept_close(&server->kept);
        api_guard_close(&server->guard);
        (void) pthread_mutex_destroy(&server->lock);
        free(server->routes);
        api_exec_forget();
        arena_close(&server->arena);
        free(server);
        return NULL;
}

uint16_t api_server_port(const ApiServer *server) {
        const union MHD_DaemonInfo *info =
                server->tcp.daemon ? MHD_get_daemon_info(server->tcp.daemon, MHD_DAEMON_INFO_BIND_PORT)
                                   : NULL;

        return info ? info->port : 0;
}
