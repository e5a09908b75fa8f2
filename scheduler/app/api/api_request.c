/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/api/api_request.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/base/log.h"
#include "scheduler/base/secret.h"
#include "scheduler/base/text.h"

#define REQUEST_MEMORY ((size_t) 1 << 30) /* address space */

static int api_request_view(ApiServer *server, Arena *a, ProcessView *ret) {
        const uint32_t n = api_routes_n();
        RouteMetrics *routes = arena_new(a, RouteMetrics, n);
        ReasonCount *refused = arena_new(a, ReasonCount, REFUSED_N);

        if (!routes || !refused)
                return -ENOMEM;
        (void) pthread_mutex_lock(&server->lock);
        memcpy(routes, server->routes, sizeof(*routes) * n);
        for (unsigned i = 0; i < REFUSED_N; i++)
                refused[i] = (ReasonCount){ api_refusal_names[i], server->refused[i] };
        (void) pthread_mutex_unlock(&server->lock);
        *ret = (ProcessView){ .version = PLIMSOLL_VERSION,
                              .started = server->started,
                              .routes = routes,
                              .n_routes = n,
                              .refused = refused,
                              .n_refused = REFUSED_N };
        (void) pthread_mutex_lock(&server->connections.lock);
        ret->connections = server->connections.n;
        (void) pthread_mutex_unlock(&server->connections.lock);
        ret->event_streams = event_streams_n(&server->streams);
        return 0;
}

ApiRequest *api_request_free(ApiRequest *r) {
        if (!r)
                return NULL;
        (void) api_kept_leave(&r->call.server->kept, r->kept);
        free(r->body);
        arena_close(&r->arena);
        free(r);
        return NULL;
}

ApiRequest *api_request_begin(ApiServer *server, const char *method) {
        ApiRequest *r = calloc(1, sizeof(*r));
        char id[SECRET_HEX] = "";

        if (!r || arena_open(REQUEST_MEMORY, &r->arena) < 0) {
                free(r);
                return NULL;
        }
        if (secret_make(id) < 0)
                (void) snprintf(id, sizeof(id), "%llx", (unsigned long long) clock_monotonic());
        (void) snprintf(r->call.id, sizeof(r->call.id), "%.16s", id);
        r->call.server = server;
        r->call.board = server->board;
        r->call.view = api_request_view;
        r->call.routes = api_route_at(0);
        r->call.n_routes = api_routes_n();
        r->call.common = server->config.common;
        r->call.n_common = server->config.n_common;
        r->call.arena = &r->arena;
        r->call.guard = &server->guard;
        r->call.tokens = server->config.tokens;
        r->call.is_tls = server->config.certificate != NULL;
        r->call.method = text_copy(&r->arena, method, strlen(method));
        r->began = clock_monotonic();
        return r->call.method ? r : api_request_free(r);
}

void api_request_do(ApiRequest *r) {
        ApiCall *call = &r->call;
        const int error = call->route->handle(call);

        if (error >= 0)
                return;
        log_event(LOG_ERROR, "api.failed", "id=%s route=%s error=%s", call->id, call->route->pattern,
                  strerrordesc_np(-error));
        api_reply_problem(call, 500, "%s: see the service's log for %s", strerrordesc_np(-error), call->id);
}
