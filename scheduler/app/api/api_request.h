/* SPDX-License-Identifier: Apache-2.0 */
/* A request as libmicrohttpd brings it in, and the connection that it came by. For the server's files only.
 *
 * Units: usec_t: microseconds, monotonic. Owner: a request its connection's; both end in the library's callbacks. Errors: none:
 * what is wrong is in the reply. Threads: those of the library.
 */
#pragma once

#include <microhttpd.h>
#include <pthread.h>

#include "scheduler/app/api/api_guard.h"
#include "scheduler/app/api/api_kept.h"
#include "scheduler/app/api/api_pool.h"
#include "scheduler/app/api/api_routes.h"
#include "scheduler/app/api/api_server.h"
#include "scheduler/app/api/event_stream.h"

typedef struct ApiListener {
        ApiServer *server;
        struct MHD_Daemon *daemon;
        bool is_tcp;
} ApiListener;

/* `since`: when what its client has to do next was begun; 0: the client waits for us. */
typedef struct ApiConnection {
        struct ApiConnection *next, *before;
        int fd;
        usec_t since;
        ApiPeer peer;
        char client[API_CLIENT_SIZE];
} ApiConnection;

typedef struct ApiConnections {
        pthread_mutex_t lock;
        pthread_cond_t over;
        pthread_t sweeper;
        bool sweeps, ends;
        usec_t time; /* a client has so long */
        ApiConnection *first;
        uint32_t n;
} ApiConnections;

/* Why a request was refused before its route: the names are values of a label. */
typedef enum ApiRefusal {
        REFUSED_RATE,
        REFUSED_HOST,
        REFUSED_ORIGIN,
        REFUSED_PATH,
        REFUSED_TOKEN,
        REFUSED_ROLE,
        REFUSED_BODY,
        REFUSED_N,
} ApiRefusal;
extern const char *const api_refusal_names[REFUSED_N];

typedef struct ApiRequest {
        ApiCall call;
        Arena arena;
        ApiConnection *connection;
        bool ends_connection; /* where the request ends is not sure: what follows on its connection is not read */
        usec_t began;
        struct MHD_Connection *mhd;
        char *body;
        size_t n_body;
        bool too_large, answered; /* answered: by a thread of the pool */
        bool gzips;               /* the client understands it */
        const char *key;          /* of api_fresh_find(); NULL: the answer is not to be kept */
        KeptReply *kept;          /* the answer, where it is one that is kept; else call.reply is it */
} ApiRequest;

struct ApiServer {
        ApiConfig config;
        Arena arena; /* of the config */
        MetricsBoard *board;
        ApiListener local, tcp;
        int socket;     /* listening on the unix socket; -1 */
        usec_t started; /* since the epoch */
        ApiGuard guard;
        ApiConnections connections;
        ApiKept kept;
        ApiPool anew; /* answers that are no longer fresh are made anew, one after the other: nobody waits for it */
        ApiPool pool, planning; /* planning: what plans for itself, one after the other (api_route_plans()) */
        EventStreams streams;
        pthread_mutex_t lock; /* of what follows */
        RouteMetrics *routes; /* [api_routes_n()] */
        uint64_t refused[REFUSED_N];
};

/* ---- api_request.c ---- */

/* Of no connection yet. NULL: no memory. */
ApiRequest *api_request_begin(ApiServer *server, const char *method) must_check;
ApiRequest *api_request_free(ApiRequest *r);

/* Calls its route's handler: call.reply is filled in. */
void api_request_do(ApiRequest *r);

/* ---- api_fresh.c ---- */

/* An answer that is kept is there: r->kept. Where it is no longer fresh, it is sent once more while a thread makes it anew. */
bool api_fresh_find(ApiRequest *r);

/* Answers, and keeps the answer for others where it is one to be kept: r->kept, else call.reply. */
void api_fresh_make(ApiRequest *r);

/* A job of ApiServer.anew: nobody waits for it. */
void api_fresh_anew(void *job);

/* Of r->kept, which becomes the response's; NULL: no memory. */
struct MHD_Response *api_fresh_response(ApiRequest *r) must_check;

/* ---- api_connections.c ---- */

int api_connections_open(ApiConnections *all, usec_t time) must_check;
void api_connections_close(ApiConnections *all);
ApiConnection *api_connections_add(ApiConnections *all, struct MHD_Connection *c, bool is_tcp);
void api_connections_remove(ApiConnections *all, ApiConnection *connection);

/* From now on the client has to do something; or, with false, has not. */
void api_connections_wait(ApiConnections *all, ApiConnection *connection, bool for_client);

/* ---- api_checks.c ---- */

/* All that is asked of a request before its handler sees it, but for its body. False: call.reply says why. */
bool api_check_request(ApiRequest *r, struct MHD_Connection *c, const char *url);

/* The body is here. */
bool api_check_body(ApiRequest *r, struct MHD_Connection *c);
