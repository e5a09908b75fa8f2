/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/api/api_routes.h"

#include <stdio.h>
#include <string.h>

static const ApiRoute api_routes_all[] = {
#define API_ROUTE(method, pattern, role, handler, query, fields, schema, summary)                            \
        { method, pattern, ROLE_##role, #handler, handler, query, api_fields_##fields, schema, summary },
#include "scheduler/app/api/api_routes.def"
#undef API_ROUTE
};

const ApiRoute *api_route_at(uint32_t i) {
        return i < ARRAY_SIZE(api_routes_all) ? &api_routes_all[i] : NULL;
}

uint32_t api_route_index(const ApiRoute *route) {
        return (uint32_t) (route - api_routes_all);
}

uint32_t api_routes_n(void) {
        return (uint32_t) ARRAY_SIZE(api_routes_all);
}

bool api_route_is_slow(const ApiRoute *route) {
        return strncmp(route->pattern, "/api/", 5) == 0 && !api_route_is_stream(route);
}

bool api_route_find(ApiCall *call, char ret_allow[64]) {
        const char *method = strcmp(call->method, "HEAD") == 0 ? "GET" : call->method;
        size_t used = 0;

        ret_allow[0] = '\0';
        for (size_t i = 0; i < ARRAY_SIZE(api_routes_all); i++) {
                const ApiRoute *route = &api_routes_all[i];

                if (!api_path_matches(&call->path, route->pattern, call->params))
                        continue;
                if (strcmp(route->method, method) == 0) {
                        call->route = route;
                        return true;
                }
                if (used + strlen(route->method) + 3 < 64)
                        used += (size_t) snprintf(ret_allow + used, 64 - used, "%s%s", used > 0 ? ", " : "",
                                                  route->method);
        }
        return false;
}
