/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/api/api_action.h"

#include <string.h>

#include "scheduler/app/api/api_routes.h"
#include "scheduler/base/log.h"

void api_action_log(const ApiCall *call, const char *cluster, int status) {
        char who[128];

        log_event(LOG_INFO, "api.action",
                  "id=%s who=%s role=%s method=%s route=%s about=%s cluster=%s status=%d", call->id,
                  log_value(call->who, who, sizeof(who)), api_role_names[call->role], call->method,
                  call->route->pattern, call->params[0] ? call->params[0] : "-", cluster, status);
}

bool api_action_is_name(ApiCall *call, const char *name) {
        if (!strpbrk(name, ":*?[!,"))
                return true;
        api_reply_problem(call, 404, "%.200s is not a valid host name", name);
        return false;
}
