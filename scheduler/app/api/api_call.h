/* SPDX-License-Identifier: Apache-2.0 */
/* One request, as its handler sees it, and the answer. Errors are RFC 9457 problems.
 *
 * Units: none. Owner: all of it is in the call's arena. Errors: as said. Threads: one at a time.
 */
#pragma once

#include "scheduler/app/access/api_role.h"
#include "scheduler/app/api/api_path.h"
#include "scheduler/app/api/api_peer.h"
#include "scheduler/app/metrics/process_metrics.h"
#include "scheduler/base/arena.h"

#define API_ID_SIZE      33
#define API_BODY_MAX     ((size_t) 64 << 10)
#define API_QUERY_MAX    16
#define API_HEADERS_MAX  6
#define API_FAULTS_MAX   16
#define API_BLOCKS_MAX   8
#define API_TYPE_JSON    "application/json"
#define API_TYPE_PROBLEM "application/problem+json"
#define API_TYPE_TEXT    "text/plain; charset=utf-8"
#define API_TYPE_EVENTS  "text/event-stream"
#define API_TYPE_METRICS "text/plain; version=0.0.4; charset=utf-8"

typedef struct ApiServer ApiServer;
typedef struct ApiGuard ApiGuard;
typedef struct ApiRoute ApiRoute;
typedef struct EventStream EventStream;

typedef struct ApiPair {
        const char *name, *value;
} ApiPair;

/* One thing that is wrong with what was asked. */
typedef struct ApiFault {
        const char *pointer;   /* of the body (RFC 6901): "/why"; "": all of it */
        const char *parameter; /* …, or of the query: "limit"; one of the two is NULL */
        const char *detail;
        const char *accepted, *nearest; /* NULL: not said */
} ApiFault;

/* What by its name keeps an action from being done: a rule, a hold, a stop, what a VM has that does not leave. */
typedef struct ApiBlock {
        const char *kind;       /* "stop"; or of a VM's move as explain --json has it: "RULE_APART" … */
        const char *name, *why; /* name: the VM's, or who stopped; NULL: none */
} ApiBlock;

typedef struct ApiProblem {
        unsigned status; /* 0: the reply is none */
        const char *detail;
        ApiFault faults[API_FAULTS_MAX];
        ApiBlock blocks[API_BLOCKS_MAX];
        uint32_t n_faults, n_blocks;
} ApiProblem;

typedef struct ApiReply {
        unsigned status;
        const char *type, *body;
        size_t n;
        ApiPair headers[API_HEADERS_MAX];
        uint32_t n_headers;
        EventStream *stream; /* that follows the headers, in place of the body; NULL: none */
} ApiReply;

typedef struct ApiCall {
        ApiServer *server;
        MetricsBoard *board;
        int (*view)(ApiServer *server, Arena *a,
                    ProcessView *ret); /* what the server has counted; in `a`. 0; -ENOMEM */
        Arena *arena;
        char id[API_ID_SIZE];           /* stands in the answer, the log and the audit */
        const ApiRoute *route, *routes; /* its own; [n_routes] all of them */
        uint32_t n_routes;
        const char *const *common; /* [n_common] options that every command is given */
        uint32_t n_common;
        const char *method;
        ApiPath path;
        const char *params[API_PARAMS_MAX];
        ApiPair query[API_QUERY_MAX];
        uint32_t n_query;
        const char *body, *if_match, *if_none_match; /* body: NUL-terminated; the others NULL: none */
        const char *last_event_id;                   /* NULL: none */
        const char *client;                          /* an address, or "uid 1000" */
        size_t n_body;
        usec_t fresh_until; /* monotonic: what was read for the answer is of now until then; 0: nothing of the kind was read */
        ApiRole role;
        char who[API_WHO_SIZE];
        bool is_tcp, is_tls;
        const char *session, *tokens; /* session: its cookie's, where it is one; tokens: their file */
        usec_t until;                 /* until when the session is good; 0: there is none */
        ApiGuard *guard;
        ApiReply reply;
        ApiProblem problem;
} ApiCall;

/* The value of ?name=…, the first one's; NULL: there is none. */
const char *api_call_query(const ApiCall *call, const char *name);

/* Whether a word is one of those, which have blanks between them. */
bool api_words_have(const char *words, const char *word);

/* The one of those that is nearest to the word, in `a`; NULL: none is. */
const char *api_words_nearest(Arena *a, const char *words, const char *word);

void api_reply_text(ApiCall *call, unsigned status, const char *type, const char *body, size_t n);

/* "__Host-plimsoll"; on plain loopback, where browsers take no such cookie, "plimsoll". */
static inline const char *api_cookie_name(bool is_tls) {
        return is_tls ? "__Host-plimsoll" : "plimsoll";
}

/* RFC 9457: title by the status, detail as formatted, instance the request's id. */
void api_reply_problem(ApiCall *call, unsigned status, const char *fmt, ...) printf_like(3, 4);

/* The same of what is wrong with a field or parameter, which `errors` of the answer names: one more where the reply is such a
 * problem already (status and detail stay the first one's). Texts outlive the call. */
void api_reply_fault(ApiCall *call, unsigned status, ApiFault fault);

/* `blocked_by` of a problem that is the reply has this, too. Texts outlive the call. */
void api_reply_blocked(ApiCall *call, ApiBlock block);

/* Of the answer; those that are too many are dropped. Texts outlive the call. */
void api_reply_header(ApiCall *call, const char *name, const char *value);

/* "Not Found"; "Error" where the status is none that is used here. */
const char *api_status_words(unsigned status);
