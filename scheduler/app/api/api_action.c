/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/api/api_action.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

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

int api_action_file(const json_t *plan) {
        char *text = json_dumps(plan, JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(16));
        const size_t n = text ? strlen(text) : 0;
        int fd = text ? memfd_create("plan", MFD_CLOEXEC) : -1, r;

        r = !text ? -ENOMEM : fd < 0 ? -errno : write(fd, text, n) == (ssize_t) n ? fd : -EIO;
        free(text);
        if (r < 0 && fd >= 0)
                (void) close(fd);
        return r;
}
