/* SPDX-License-Identifier: Apache-2.0 */
/* What a request is asked before its handler sees it. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "scheduler/app/access/api_sessions.h"
#include "scheduler/app/access/api_tokens.h"
#include "scheduler/app/api/api_request.h"
#include "scheduler/base/log.h"
#include "scheduler/model/bounds.h"

const char *const api_refusal_names[REFUSED_N] = {
        "rate", "host", "origin", "path", "token", "role", "body"
};

#define QUOTE 256

static bool api_check_refused(ApiRequest *r, ApiRefusal why) {
        ApiServer *server = r->call.server;

        (void) pthread_mutex_lock(&server->lock);
        server->refused[why]++;
        (void) pthread_mutex_unlock(&server->lock);
        log_event(LOG_DEBUG, "api.refused", "id=%s client=%s why=%s status=%u", r->call.id,
                  r->connection ? r->connection->client : "unknown", api_refusal_names[why],
                  r->call.reply.status);
        return false;
}

/* ---- headers ---- */

typedef struct ApiHeaderCount {
        const char *name, *value;
        unsigned n;
} ApiHeaderCount;

static enum MHD_Result api_check_count(void *arg, enum MHD_ValueKind kind, const char *name,
                                       const char *value) {
        ApiHeaderCount *count = arg;

        (void) kind;
        if (strcasecmp(name, count->name) == 0) {
                count->value = value;
                count->n++;
        }
        return MHD_YES;
}

/* The header's only value; *ret_n: how often it stands there. */
static const char *api_check_header(struct MHD_Connection *c, const char *name, unsigned *ret_n) {
        ApiHeaderCount count = { .name = name };

        (void) MHD_get_connection_values(c, MHD_HEADER_KIND, api_check_count, &count);
        *ret_n = count.n;
        return count.n == 1 ? count.value : NULL;
}

/* RFC 9110: what the name of a header is made of. */
static bool api_check_is_token(const char *name, size_t n) {
        for (size_t i = 0; i < n; i++)
                if (!isalnum((unsigned char) name[i]) &&
                    (name[i] == '\0' || !strchr("!#$%&'*+-.^_`|~", name[i])))
                        return false;
        return n > 0;
}

/* No control character but the tab: no CR, LF or NUL, which others take for the end of a line. */
static bool api_check_is_value(const char *value, size_t n) {
        for (size_t i = 0; i < n; i++)
                if (((unsigned char) value[i] < ' ' && value[i] != '\t') || value[i] == 0x7f)
                        return false;
        return true;
}

/* The library's callback. */
/* NOLINTNEXTLINE(readability-function-size): so many parameters are its wish */
static enum MHD_Result api_check_one_header(void *arg, enum MHD_ValueKind kind, const char *name,
                                            size_t n_name, const char *value, size_t n_value) {
        bool *good = arg;

        (void) kind;
        *good = api_check_is_token(name, n_name) && api_check_is_value(value, value ? n_value : 0);
        return *good ? MHD_YES : MHD_NO;
}

/* "Content-Length : 2", or a CR within a line: the library takes it for another header than a proxy may, so that the two would not
 * agree where the request ends, and the rest of it would be somebody's next request. Its connection ends. */
static bool api_check_headers(ApiRequest *r, struct MHD_Connection *c) {
        bool good = true;

        (void) MHD_get_connection_values_n(c, MHD_HEADER_KIND, api_check_one_header, &good);
        if (good)
                return true;
        api_reply_problem(
                &r->call, 400,
                "a header is malformed: its name is followed by the colon, and its value has no control characters");
        r->ends_connection = true;
        return api_check_refused(r, REFUSED_BODY);
}

/* A browser says from which page a request comes; curl does not. */
static bool api_check_is_browser(struct MHD_Connection *c) {
        unsigned n, n_site;

        (void) api_check_header(c, "Origin", &n);
        (void) api_check_header(c, "Sec-Fetch-Site", &n_site);
        return n + n_site > 0;
}

/* Of a page of api.origins, or of the dashboard that this server itself has sent: its Host header was found to be one of its names
 * (api_check_host()). */
static bool api_check_origin_is_ours(const ApiCall *call, struct MHD_Connection *c, const char *origin) {
        unsigned n;
        const char *host = api_check_header(c, MHD_HTTP_HEADER_HOST, &n),
                   *scheme = call->is_tcp && call->is_tls ? "https://" : "http://";

        return api_config_origin_is_ours(&call->server->config, origin) ||
               (host && strncmp(origin, scheme, strlen(scheme)) == 0 &&
                strcasecmp(origin + strlen(scheme), host) == 0);
}

static bool api_check_host(ApiRequest *r, struct MHD_Connection *c, bool is_tcp) {
        unsigned n;
        const char *host = api_check_header(c, MHD_HTTP_HEADER_HOST, &n);

        /* Whoever forwards the unix socket to a browser (ssh -L) calls it localhost; curl may call it anything. */
        if ((!is_tcp && !api_check_is_browser(c)) || api_config_host_is_ours(&r->call.server->config, host))
                return true;
        api_reply_problem(&r->call, 421, "this server is not called %.100s: accepted: the names in api.hosts",
                          host ? host : "so");
        return api_check_refused(r, REFUSED_HOST);
}

static bool api_check_origin(ApiRequest *r, struct MHD_Connection *c) {
        unsigned n, n_site;
        const char *origin = api_check_header(c, "Origin", &n),
                   *site = api_check_header(c, "Sec-Fetch-Site", &n_site);

        if (n == 0 &&
            (n_site == 0 || (site && (strcmp(site, "same-origin") == 0 || strcmp(site, "none") == 0))))
                return true;
        if (origin && api_check_origin_is_ours(&r->call, c, origin))
                return true;
        api_reply_problem(
                &r->call, 403,
                "a page of %.100s may not use this API: accepted: its own pages, and origins in api.origins",
                origin ? origin : "another site");
        return api_check_refused(r, REFUSED_ORIGIN);
}

/* ---- the path, and what stands behind it ---- */

static enum MHD_Result api_check_query_pair(void *arg, enum MHD_ValueKind kind, const char *name,
                                            const char *value) {
        ApiCall *call = arg;
        char *copy_name = text_copy(call->arena, name, strlen(name)),
             *copy = text_copy(call->arena, value ? value : "", value ? strlen(value) : 0);

        (void) kind;
        if (!copy_name || !copy || call->n_query == API_QUERY_MAX || api_path_decode(copy_name) < 0 ||
            api_path_decode(copy) < 0) {
                call->n_query = API_QUERY_MAX + 1;
                return MHD_NO;
        }
        call->query[call->n_query++] = (ApiPair){ copy_name, copy };
        return MHD_YES;
}

static bool api_check_is_repeated(const ApiCall *call, uint32_t at) {
        for (uint32_t i = 0; i < at; i++)
                if (strcmp(call->query[i].name, call->query[at].name) == 0)
                        return true;
        return false;
}

/* A word that means nothing here is not passed over, nor one that stands there twice: what was meant by it would be missing. */
static bool api_check_query(ApiRequest *r) {
        ApiCall *call = &r->call;

        for (uint32_t i = 0; strncmp(call->route->pattern, "/api/", 5) == 0 && i < call->n_query; i++) {
                if (api_words_have(call->route->query, call->query[i].name)) {
                        if (api_check_is_repeated(call, i))
                                api_reply_fault(call, 400,
                                                (ApiFault){ .parameter = call->query[i].name,
                                                            .detail = "is given more than once",
                                                            .accepted = "each parameter once" });
                        continue;
                }
                api_reply_fault(call, 400,
                                (ApiFault){ .parameter = call->query[i].name,
                                            .detail = "unknown here",
                                            .accepted = call->route->query[0] ? call->route->query : "none",
                                            .nearest = api_words_nearest(call->arena, call->route->query,
                                                                         call->query[i].name) });
        }
        return call->problem.n_faults == 0 || api_check_refused(r, REFUSED_PATH);
}

static bool api_check_path(ApiRequest *r, struct MHD_Connection *c, const char *url) {
        ApiCall *call = &r->call;
        char allow[64];

        (void) MHD_get_connection_values(c, MHD_GET_ARGUMENT_KIND, api_check_query_pair, call);
        if (call->n_query > API_QUERY_MAX || api_path_parse(url, &call->path) < 0) {
                call->n_query = 0;
                api_reply_problem(call, 400, "the path or the query is none: see /api/v1/openapi.json");
                return api_check_refused(r, REFUSED_PATH);
        }
        if (api_route_find(call, allow))
                return api_check_query(r);
        if (allow[0]) {
                api_reply_problem(call, 405, "accepted here: %s", allow);
                api_reply_header(call, MHD_HTTP_HEADER_ALLOW, text_copy(call->arena, allow, strlen(allow)));
        } else {
                api_reply_problem(call, 404, "there is nothing here: see /api/v1/openapi.json");
        }
        return api_check_refused(r, REFUSED_PATH);
}

/* ---- who asks ---- */

/* By the token itself, or by its SHA-256, which a session has. */
static int api_check_find_token(ApiCall *call, const char *token, const char *sha256) {
        const ArenaMark mark = arena_mark(call->arena);
        ApiTokens tokens;
        const ApiToken *found = NULL;
        char quoted[QUOTE];
        TextFault f = { 0 };
        int r = api_tokens_read(call->arena, call->server->config.tokens, &tokens, &f);

        if (r == 0)
                found = token ? api_tokens_find(&tokens, token, clock_now())
                              : api_tokens_find_sha256(&tokens, sha256, clock_now());
        else
                log_event(LOG_ERROR, "api.tokens", "file=%s line=%u error=%s", call->server->config.tokens,
                          f.line, log_quote(f.what, quoted, sizeof(quoted)));
        if (found) {
                call->role = found->role;
                (void) snprintf(call->who, sizeof(call->who), "token %s", found->name);
        }
        arena_rewind(call->arena, mark);
        return found ? 0 : -EACCES;
}

/* A token that is given and is none: 401, and 429 after a few. */
static bool api_check_token(ApiRequest *r, struct MHD_Connection *c) {
        ApiCall *call = &r->call;
        unsigned n;
        const char *given = api_check_header(c, MHD_HTTP_HEADER_AUTHORIZATION, &n);
        const bool is_bearer = given && strncasecmp(given, "Bearer ", 7) == 0;
        const char *client = r->connection ? r->connection->client : "unknown";

        if (n == 0 ||
            (is_bearer && api_check_find_token(call, given + 7 + strspn(given + 7, " "), NULL) == 0))
                return true;
        if (!api_guard_failed(&call->server->guard, client, clock_monotonic())) {
                api_reply_problem(call, 429, "too many wrong tokens from here: wait a minute");
                api_reply_header(call, MHD_HTTP_HEADER_RETRY_AFTER, "60");
                return api_check_refused(r, REFUSED_TOKEN);
        }
        log_event(LOG_WARNING, "api.unauthorized", "id=%s client=%s", call->id, client);
        api_reply_problem(call, 401, "the token is not known or has expired (plimsoll token list)");
        api_reply_header(call, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Bearer error=\"invalid_token\"");
        return api_check_refused(r, REFUSED_TOKEN);
}

/* A page of ours asks with JSON, and says that it is ours: no form and no other site's page can do both. */
static bool api_check_cookie_use(ApiRequest *r, struct MHD_Connection *c) {
        ApiCall *call = &r->call;
        unsigned n, n_type;
        const char *origin = api_check_header(c, "Origin", &n),
                   *type = api_check_header(c, MHD_HTTP_HEADER_CONTENT_TYPE, &n_type);

        if (strcmp(call->route->method, "GET") == 0 ||
            (origin && type && strncasecmp(type, API_TYPE_JSON, strlen(API_TYPE_JSON)) == 0 &&
             api_check_origin_is_ours(call, c, origin)))
                return true;
        api_reply_problem(call, 403,
                          "who is logged in by a cookie changes something with Content-Type " API_TYPE_JSON
                          " and an Origin of api.origins; this has %.60s and %.100s",
                          type ? type : "none", origin ? origin : "none");
        return api_check_refused(r, REFUSED_ORIGIN);
}

/* A cookie that is none any more is no wrong token: the browser sends it until it is told. */
static bool api_check_cookie(ApiRequest *r, struct MHD_Connection *c) {
        ApiCall *call = &r->call;
        const char *id = MHD_lookup_connection_value(c, MHD_COOKIE_KIND, api_cookie_name(call->is_tls));
        char sha256[SHA256_HEX];

        if (!id || !api_session_find(id, clock_now(), sha256, &call->until) ||
            api_check_find_token(call, NULL, sha256) < 0)
                return true;
        call->session = text_copy(call->arena, id, strlen(id));
        return api_check_cookie_use(r, c);
}

static bool api_check_who(ApiRequest *r, struct MHD_Connection *c, bool is_tcp) {
        ApiCall *call = &r->call;

        if (is_tcp)
                return api_check_token(r, c) && (call->role != ROLE_NONE || api_check_cookie(r, c));
        if (!r->connection || !r->connection->peer.who[0])
                return true;
        call->role = r->connection->peer.role;
        (void) snprintf(call->who, sizeof(call->who), "%s", r->connection->peer.who);
        return true;
}

static bool api_check_role(ApiRequest *r) {
        ApiCall *call = &r->call;
        const ApiRole wanted =
                call->server->config.open_metrics && strcmp(call->route->pattern, "/metrics") == 0
                        ? ROLE_NONE
                        : call->route->role;

        if (call->role >= wanted)
                return true;
        if (call->role == ROLE_NONE) {
                api_reply_problem(
                        call, 401,
                        "this needs a token of role %s: Authorization: Bearer TOKEN (plimsoll token add)",
                        api_role_names[wanted]);
                api_reply_header(call, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Bearer");
        } else {
                api_reply_problem(call, 403, "this needs the role %s; %s has %s", api_role_names[wanted],
                                  call->who, api_role_names[call->role]);
        }
        return api_check_refused(r, REFUSED_ROLE);
}

/* ---- the body ---- */

static bool api_check_length(ApiRequest *r, struct MHD_Connection *c) {
        unsigned n, n_coding;
        const char *length = api_check_header(c, MHD_HTTP_HEADER_CONTENT_LENGTH, &n);
        int64_t size = 0;

        /* Of an action a body may be meant that a NUL hid from the library: what follows is nobody's next request. */
        r->ends_connection =
                n == 0 && strcmp(r->call.method, "GET") != 0 && strcmp(r->call.method, "HEAD") != 0;
        (void) api_check_header(c, MHD_HTTP_HEADER_TRANSFER_ENCODING, &n_coding);
        if (n_coding > 0 || n > 1) {
                api_reply_problem(&r->call, 411, "a body needs one Content-Length, and no Transfer-Encoding");
                return api_check_refused(r, REFUSED_BODY);
        }
        if (length && (text_to_int(length, strlen(length), 0, bound_of(BOUND_API_BODY), &size) < 0)) {
                api_reply_problem(&r->call, 413, "a body has at most %zu bytes", API_BODY_MAX);
                return api_check_refused(r, REFUSED_BODY);
        }
        return true;
}

bool api_check_body(ApiRequest *r, struct MHD_Connection *c) {
        ApiCall *call = &r->call;
        unsigned n;
        const char *type = api_check_header(c, MHD_HTTP_HEADER_CONTENT_TYPE, &n);

        if (r->too_large) {
                api_reply_problem(call, 413, "a body has at most %zu bytes", API_BODY_MAX);
                return api_check_refused(r, REFUSED_BODY);
        }
        if (r->n_body > 0 && (!type || strncasecmp(type, API_TYPE_JSON, strlen(API_TYPE_JSON)) != 0)) {
                api_reply_problem(call, 415, "accepted: a body of Content-Type " API_TYPE_JSON);
                return api_check_refused(r, REFUSED_BODY);
        }
        call->body = r->body ? r->body : "";
        call->n_body = r->n_body;
        return true;
}

/* "gzip, br": the word itself, and not "gzip;q=0". */
static bool api_check_gzips(const char *accepted) {
        const char *at = accepted ? strcasestr(accepted, "gzip") : NULL;

        if (!at)
                return false;
        at += strlen("gzip");
        at += strspn(at, " ");
        return *at == '\0' || *at == ',' || (*at == ';' && !strstr(at, "q=0"));
}

bool api_check_request(ApiRequest *r, struct MHD_Connection *c, const char *url) {
        ApiCall *call = &r->call;
        const bool is_tcp = r->connection ? r->connection->peer.who[0] == '\0' : true;
        const char *client = r->connection ? r->connection->client : "unknown";
        unsigned n;

        call->is_tcp = is_tcp;
        call->client = client;
        call->if_match = api_check_header(c, MHD_HTTP_HEADER_IF_MATCH, &n);
        call->if_none_match = api_check_header(c, MHD_HTTP_HEADER_IF_NONE_MATCH, &n);
        r->gzips = api_check_gzips(api_check_header(c, MHD_HTTP_HEADER_ACCEPT_ENCODING, &n));
        call->last_event_id = api_check_header(c, "Last-Event-ID", &n);
        if (!api_guard_may(&call->server->guard, client, r->began)) {
                api_reply_problem(call, 429, "too many requests from here: at most %lld a second (api.rate)",
                                  (long long) call->server->config.rate);
                api_reply_header(call, MHD_HTTP_HEADER_RETRY_AFTER, "1");
                return api_check_refused(r, REFUSED_RATE);
        }
        return api_check_headers(r, c) && api_check_host(r, c, is_tcp) && api_check_origin(r, c) &&
               api_check_path(r, c, url) && api_check_who(r, c, is_tcp) && api_check_role(r) &&
               api_check_length(r, c);
}
