/* SPDX-License-Identifier: Apache-2.0 */
/* The API as an OpenAPI 3.1 document (spec.openapis.org/oas/v3.1.0), made of the table of routes. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "scheduler/app/api/api_exec.h"
#include "scheduler/app/api/api_routes.h"
#include "scheduler/base/text.h"

/* ---- schemas ---- */

/* A list of objects whose members are texts, each where it is known. */
static json_t *openapi_texts(const char *const *members, const char *description) {
        json_t *properties = json_object();

        for (; *members; members++)
                (void) json_object_set_new(properties, *members, json_pack("{s:s}", "type", "string"));
        return json_pack("{s:s, s:s, s:{s:s, s:o, s:b}}", "type", "array", "description", description,
                         "items", "type", "object", "properties", properties, "additionalProperties", 0);
}

static json_t *openapi_problem(void) {
        static const char *const faults[] = { "pointer", "parameter", "detail", "accepted", "nearest", NULL };
        static const char *const blocks[] = { "kind", "name", "why", NULL };

        return json_pack("{s:s, s:[s,s,s,s,s], s:{s:{s:s}, s:{s:s}, s:{s:s}, s:{s:s}, s:{s:s}, s:o, s:o}}",
                         "type", "object", "required", "type", "title", "status", "detail", "instance",
                         "properties", "type", "type", "string", "title", "type", "string", "status", "type",
                         "integer", "detail", "type", "string", "instance", "type", "string", "errors",
                         openapi_texts(faults, "what is wrong, each with what is accepted"), "blocked_by",
                         openapi_texts(blocks, "what keeps the action from being done, by its name"));
}

static json_t *openapi_list(void) {
        return json_pack(
                "{s:s, s:[s,s,s,s,s,s,s], s:{s:{s:s}, s:{s:s}, s:{s:s,s:s}, s:{s:s,s:i}, s:{s:s,s:i,s:i}, s:{s:[s,s]}, "
                "s:{s:s,s:{s:s}}}, s:b}",
                "type", "object", "required", "schema", "cluster", "as_of", "total", "limit", "next", "items",
                "properties", "schema", "const", "plimsoll.list/1", "cluster", "type", "string", "as_of",
                "type", "string", "format", "date-time", "total", "type", "integer", "minimum", 0, "limit",
                "type", "integer", "minimum", 1, "maximum", 500, "next", "type", "string", "null", "items",
                "type", "array", "items", "type", "object", "additionalProperties", 0);
}

/* Of an answer that names its schema. */
static json_t *openapi_named(Arena *a, const char *schema) {
        const char *slash = strchr(schema, '/'), *dot = strchr(schema, '.');
        json_t *o = json_pack("{s:s, s:[s], s:{s:{s:s}}}", "type", "object", "required", "schema",
                              "properties", "schema", "const", schema);

        /* All of it is in the documents: "plimsoll.status/1" in schemas/status-1.json. */
        if (o && slash && dot)
                (void) json_object_set_new(
                        o, "externalDocs",
                        json_pack("{s:s*, s:s}", "url",
                                  text_format(a, "schemas/%.*s-%s.json", (int) (slash - dot - 1), dot + 1,
                                              slash + 1),
                                  "description",
                                  "JSON schema of the whole answer, in the documents (docs/schemas)"));
        return o;
}

/* "plimsoll.status/1" → "plimsoll.status.1": what may stand in a reference. */
static const char *openapi_reference(Arena *a, const char *schema) {
        char *name = text_copy(a, schema, strlen(schema));

        for (char *c = name; c && *c; c++)
                if (*c == '/')
                        *c = '.';
        return name;
}

static json_t *openapi_schemas(const ApiCall *call) {
        json_t *schemas = json_object();

        (void) json_object_set_new(schemas, "Problem", openapi_problem());
        for (uint32_t i = 0; i < call->n_routes; i++) {
                const char *schema = call->routes[i].schema, *name = openapi_reference(call->arena, schema);

                if (schema[0] && name && !json_object_get(schemas, name))
                        (void) json_object_set_new(schemas, name,
                                                   strcmp(schema, "plimsoll.list/1") == 0
                                                           ? openapi_list()
                                                           : openapi_named(call->arena, schema));
        }
        return schemas;
}

/* ---- operations ---- */

static json_t *openapi_parameter(const char *name, size_t n, const char *in) {
        return json_pack("{s:s%, s:s, s:b, s:{s:s}}", "name", name, n, "in", in, "required",
                         strcmp(in, "path") == 0, "schema", "type", "string");
}

static json_t *openapi_parameters(const ApiRoute *route) {
        json_t *list = json_array();

        for (const char *at = strchr(route->pattern, '{'); at; at = strchr(at + 1, '{'))
                (void) json_array_append_new(list, openapi_parameter(at + 1, strcspn(at + 1, "}"), "path"));
        for (const char *at = route->query; *at;) {
                const size_t n = strcspn(at, " ");

                (void) json_array_append_new(list, openapi_parameter(at, n, "query"));
                at += n + strspn(at + n, " ");
        }
        if (api_route_is_stream(route))
                (void) json_array_append_new(list, json_pack("{s:s, s:s, s:b, s:{s:s}}", "name",
                                                             "Last-Event-ID", "in", "header", "required", 0,
                                                             "schema", "type", "string"));
        if (route->fields == api_fields_answer)
                (void) json_array_append_new(list,
                                             json_pack("{s:s, s:s, s:b, s:{s:s}}", "name", "If-Match", "in",
                                                       "header", "required", 1, "schema", "type", "string"));
        return list;
}

static json_t *openapi_body(const ApiRoute *route) {
        static const char *const types[] = { "string", "number",  "boolean", "integer",
                                             "number", "integer", "array",   "object" };
        json_t *properties = json_object(), *needed = json_array();

        for (const ApiField *f = route->fields; f->name; f++) {
                (void) json_object_set_new(
                        properties, f->name,
                        json_pack("{s:s, s:s}", "type", types[f->type], "description", f->doc));
                if (f->type == API_FIELD_LIST)
                        (void) json_object_set_new(json_object_get(properties, f->name), "items",
                                                   json_pack("{s:s}", "type", "string"));
                if (f->needed)
                        (void) json_array_append_new(needed, json_string(f->name));
        }
        return json_pack("{s:b, s:{s:{s:{s:s, s:o, s:o, s:b}}}}", "required",
                         (int) (json_array_size(needed) > 0), "content", API_TYPE_JSON, "schema", "type",
                         "object", "properties", properties, "required", needed, "additionalProperties", 0);
}

/* What the service is asked for: 202; 200: it was asked so before. */
static bool api_openapi_is_asked(const ApiRoute *route) {
        return route->fields == api_fields_answer || route->fields == api_fields_plan ||
               route->fields == api_fields_move || strcmp(route->name, "api_put_abort") == 0;
}

static json_t *openapi_responses(Arena *a, const ApiRoute *route) {
        const char *name = openapi_reference(a, route->schema);
        const bool is_json = strncmp(route->pattern, "/api/", 5) == 0 && !api_route_is_stream(route);
        json_t *schema = route->schema[0] && name
                                 ? json_pack("{s:o}", "$ref", json_sprintf("#/components/schemas/%s", name))
                                 : json_pack("{s:s}", "type", is_json ? "object" : "string");
        json_t *good = json_pack("{s:s, s:{s:{s:o}}}", "description", route->summary, "content",
                                 is_json                      ? API_TYPE_JSON
                                 : api_route_is_stream(route) ? API_TYPE_EVENTS
                                                              : "text/plain",
                                 "schema", schema);
        json_t *bad =
                json_pack("{s:s, s:{s:{s:{s:s}}}}", "description", "What is wrong (RFC 9457)", "content",
                          API_TYPE_PROBLEM, "schema", "$ref", "#/components/schemas/Problem");

        if (api_openapi_is_asked(route)) /* of a plan 200 is the plan, as GET has it */
                return json_pack("{s:o, s:o, s:o}", "200",
                                 route->fields == api_fields_plan
                                         ? json_pack("{s:s, s:{s:{s:{s:s}}}}", "description", route->summary,
                                                     "content", API_TYPE_JSON, "schema", "type", "object")
                                         : json_incref(good),
                                 "202", good, "default", bad);
        return json_pack("{s:o, s:o}", route->fields == api_fields_draft ? "201" : "200", good, "default",
                         bad);
}

static json_t *openapi_operation(Arena *a, const ApiRoute *route) {
        json_t *o = json_pack("{s:s, s:s, s:s, s:o, s:o}", "operationId", route->name, "summary",
                              route->summary, "x-role", api_role_names[route->role], "parameters",
                              openapi_parameters(route), "responses", openapi_responses(a, route));

        if (route->fields->name)
                (void) json_object_set_new(o, "requestBody", openapi_body(route));
        (void) json_object_set_new(o, "security",
                                   route->role == ROLE_NONE ? json_array() : json_pack("[{s:[]}]", "token"));
        return o;
}

static json_t *openapi_paths(const ApiCall *call) {
        json_t *paths = json_object();

        for (uint32_t i = 0; i < call->n_routes; i++) {
                const ApiRoute *route = &call->routes[i];
                json_t *path = json_object_get(paths, route->pattern);
                char method[16] = "";

                for (size_t k = 0; route->method[k] && k + 1 < sizeof(method); k++)
                        method[k] = (char) (route->method[k] | 0x20);
                if (!path) {
                        path = json_object();
                        (void) json_object_set_new(paths, route->pattern, path);
                }
                (void) json_object_set_new(path, method, openapi_operation(call->arena, route));
        }
        return paths;
}

int api_openapi(ApiCall *call) {
        json_t *o = json_pack("{s:s, s:{s:s, s:s, s:s}, s:o, s:{s:o, s:{s:{s:s, s:s}}}}", "openapi", "3.1.0",
                              "info", "title", "plimsolld", "version", PLIMSOLL_VERSION, "summary",
                              "What a Plimsoll service sees, decides and does", "paths", openapi_paths(call),
                              "components", "schemas", openapi_schemas(call), "securitySchemes", "token",
                              "type", "http", "scheme", "bearer");
        int r = o ? api_exec_reply(call, 200, o) : -ENOMEM;

        json_decref(o);
        return r;
}
