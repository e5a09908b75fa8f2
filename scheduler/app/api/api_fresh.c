/* SPDX-License-Identifier: Apache-2.0 */
/* Looks that are answered by what is kept (api_kept.h), and kept answers that are made anew while nobody waits. */
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/app/api/api_request.h"
#include "scheduler/app/metrics/metrics_board.h"
#include "scheduler/base/text.h"

/* So long an answer is sent that is being made anew: that waits for its turn, behind rounds and behind other answers. What is made
 * at once is of a small cluster, where both are short. */
#define GRACE         (5 * USEC_PER_SEC)
#define GRACE_SHORT   (2 * USEC_PER_SEC)
#define AT_ONCE       (USEC_PER_SEC / 10)
#define ANEW_PATIENCE (3 * USEC_PER_SEC / 2) /* a round's memory and its own are not needed at once */

/* ---- the response ---- */

/* A kept answer outlives its place among those kept while it is sent. */
typedef struct SentReply {
        ApiKept *all;
        KeptReply *reply;
} SentReply;

static void api_fresh_sent(void *arg) {
        SentReply *sent = arg;

        (void) api_kept_leave(sent->all, sent->reply);
        free(sent);
}

/* The client has it already. */
static bool api_fresh_is_had(const ApiRequest *r) {
        const char *tags = r->call.if_none_match;

        return tags && (strcmp(tags, "*") == 0 || strstr(tags, r->kept->etag));
}

struct MHD_Response *api_fresh_response(ApiRequest *r) {
        KeptReply *kept = r->kept;
        SentReply *sent = calloc(1, sizeof(*sent));
        const bool had = api_fresh_is_had(r), zipped = r->gzips && kept->gzip && !had;
        const size_t n = had ? 0 : zipped ? kept->n_gzip : kept->n;
        struct MHD_Response *response =
                sent ? MHD_create_response_from_buffer_with_free_callback_cls(
                               n, zipped ? kept->gzip : kept->body, api_fresh_sent, sent)
                     : NULL;

        if (!response) {
                free(sent);
                return NULL;
        }
        *sent = (SentReply){ &r->call.server->kept, kept };
        r->kept = NULL;
        r->call.reply = (ApiReply){ .status = had ? MHD_HTTP_NOT_MODIFIED : MHD_HTTP_OK, .type = kept->type };
        (void) MHD_add_response_header(response, MHD_HTTP_HEADER_ETAG, kept->etag);
        (void) MHD_add_response_header(response, MHD_HTTP_HEADER_VARY, MHD_HTTP_HEADER_ACCEPT_ENCODING);
        if (zipped)
                (void) MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_ENCODING, "gzip");
        return response;
}

/* ---- making ---- */

void api_fresh_make(ApiRequest *r) {
        ApiKept *kept = &r->call.server->kept;
        const uint64_t changes = api_kept_changes(kept);
        const usec_t began = clock_monotonic();
        usec_t now;

        api_request_do(r);
        if (r->call.route->role > ROLE_VIEW) /* it has changed something, perhaps */
                api_kept_forget(kept);
        if (!r->key)
                return;
        (void) malloc_trim(
                0); /* of a large cluster tens of MiB were needed, and each thread would keep its own */
        now = clock_monotonic();
        api_kept_put(kept, r->key, &r->call, now, now - began < AT_ONCE ? GRACE_SHORT : GRACE, changes,
                     &r->kept);
}

void api_fresh_anew(void *job) {
        ApiRequest *r = job;

        metrics_board_rest(r->call.board, ANEW_PATIENCE);
        api_fresh_make(r);
        (void) api_request_free(r);
}

/* A copy of the request that no client waits for. NULL: no memory. */
static ApiRequest *api_fresh_copy(const ApiRequest *r) {
        const ApiCall *from = &r->call;
        ApiRequest *copy = api_request_begin(from->server, from->method);
        char allow[64];
        bool fits = copy != NULL;
        ApiCall *call;

        if (!copy)
                return NULL;
        call = &copy->call;
        call->path = from->path;
        for (uint32_t i = 0; i < from->path.n; i++)
                call->path.segments[i] = call->path.text + (from->path.segments[i] - from->path.text);
        for (uint32_t i = 0; fits && i < from->n_query; i++) {
                const ApiPair *pair = &from->query[i];
                const ApiPair own = { text_copy(call->arena, pair->name, strlen(pair->name)),
                                      text_copy(call->arena, pair->value, strlen(pair->value)) };

                fits = own.name && own.value;
                call->query[call->n_query++] = own;
        }
        copy->key = text_copy(call->arena, r->key, strlen(r->key));
        return fits && copy->key && api_route_find(call, allow) ? copy : api_request_free(copy);
}

/* A GET whose answer depends on nothing but its path, its query, and what goes on: its key, in the call's arena. NULL: it is none. */
static const char *api_fresh_key(const ApiCall *call) {
        const char *key = call->route->pattern;

        /* A plan has an ETag of its own, which an answer names. */
        if (strcmp(call->route->method, "GET") != 0 || !api_route_is_slow(call->route) ||
            api_route_plans(call->route) || strncmp(key, "/api/v1/plans/", 14) == 0)
                return NULL;
        for (uint32_t i = 0; key && i < API_PARAMS_MAX && call->params[i]; i++)
                key = text_format(call->arena, "%s\n%zu %s", key, strlen(call->params[i]), call->params[i]);
        for (uint32_t i = 0; key && i < call->n_query; i++)
                key = text_format(call->arena, "%s\n%zu %s=%zu %s", key, strlen(call->query[i].name),
                                  call->query[i].name, strlen(call->query[i].value), call->query[i].value);
        return key;
}

bool api_fresh_find(ApiRequest *r) {
        ApiServer *server = r->call.server;
        ApiRequest *copy;
        bool make = false;

        r->key = api_fresh_key(&r->call);
        r->kept = r->key ? api_kept_find(&server->kept, r->key, clock_monotonic(), &make) : NULL;
        if (!make)
                return r->kept != NULL;
        copy = api_fresh_copy(r);
        if (!copy || !api_pool_give(&server->anew, copy)) {
                (void) api_request_free(copy);
                api_kept_failed(&server->kept, r->key);
        }
        return true;
}
