/* SPDX-License-Identifier: Apache-2.0 */
/* The table of routes (api_routes.def).
 *
 * Units: none. Owner: static. Errors: as said. Threads: any.
 */
#pragma once

#include <jansson.h>
#include <string.h>

#include "scheduler/app/api/api_call.h"
#include "scheduler/app/commands/remote_command.h"

typedef enum ApiFieldType {
        API_FIELD_TEXT,
        API_FIELD_SECONDS,
        API_FIELD_FLAG,
        API_FIELD_COUNT,  /* a whole number */
        API_FIELD_NUMBER, /* with decimals */
        API_FIELD_MIB,
        API_FIELD_LIST,   /* of texts: the option once for each */
        API_FIELD_OBJECT, /* the handler reads it itself */
} ApiFieldType;

/* A field of an action's body (api_fields.c). */
typedef struct ApiField {
        const char *name; /* NULL ends a table */
        ApiFieldType type;
        const char *option; /* of the command that it becomes; NULL: the handler reads it itself */
        bool needed;
        const char *choices; /* in words, where not any text is accepted; NULL: any is */
        const char *doc;
} ApiField;

struct ApiRoute {
        const char *method, *pattern;
        ApiRole role;
        const char *name; /* the handler's */
        /* Fills in call->reply. 0 or a negative errno, which is answered 500. */
        int (*handle)(ApiCall *call);
        const char *query; /* "cluster limit next" */
        const ApiField *fields;
        const char *schema, *summary;
};

extern const ApiField api_fields_none[], api_fields_answer[], api_fields_maintenance[], api_fields_stop[],
        api_fields_why[], api_fields_draft[], api_fields_place[], api_fields_capacity[], api_fields_login[],
        api_fields_move[], api_fields_plan[], api_fields_command[], api_fields_roll[];

/* In the table's order; NULL past the last. And where in it one stands. */
const ApiRoute *api_route_at(uint32_t i);
uint32_t api_route_index(const ApiRoute *route);
uint32_t api_routes_n(void);

/* The route of call->method and call->path into call->route, with its params. False: none; *ret_allow then has the methods of
 * the path, "GET, PUT", or "" where there is no such path. HEAD is GET. */
bool api_route_find(ApiCall *call, char ret_allow[64]);

/* Its answer goes on: events (event_stream.h). */
static inline bool api_route_is_stream(const ApiRoute *route) {
        return strcmp(route->pattern, "/api/v1/events") == 0;
}

/* Takes longer than a look at memory: it is answered by a thread of the pool (api_pool.h). */
bool api_route_is_slow(const ApiRoute *route);

/* Plans for itself, which takes seconds: one of these at a time, by a thread of its own that yields to rounds. Its handler is
 * named api_query_…. */
static inline bool api_route_plans(const ApiRoute *route) {
        return strncmp(route->name, "api_query_", 10) == 0;
}
static inline bool api_call_plans(const ApiCall *call) {
        return api_route_plans(call->route) || (strncmp(call->route->pattern, "/api/v1/commands/", 17) == 0 &&
                                                remote_command_plans(call->params[0]));
}

/* The ETag of a plan that waits, of `confirm --json`; NULL: no memory. */
const char *api_plan_digest(ApiCall *call, const json_t *plan);

#define API_ROUTE(method, pattern, role, handler, query, fields, schema, summary)                            \
        int handler(ApiCall *call) must_check;
#include "scheduler/app/api/api_routes.def"
#undef API_ROUTE
