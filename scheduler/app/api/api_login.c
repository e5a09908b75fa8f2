/* SPDX-License-Identifier: Apache-2.0 */
/* Logging in with a browser: a token is exchanged for a cookie that scripts of a page cannot read, and no other site's page sends. */
#include <errno.h>
#include <string.h>

#include "scheduler/app/access/api_sessions.h"
#include "scheduler/app/api/api_body.h"
#include "scheduler/app/api/api_exec.h"
#include "scheduler/app/api/api_guard.h"
#include "scheduler/app/api/api_routes.h"
#include "scheduler/base/log.h"
#include "scheduler/base/text.h"
#include "scheduler/snapshot/json/json_value.h"

static int api_login_reply(ApiCall *call, const char *who, ApiRole role, usec_t until) {
        json_t *o = json_pack("{s:s, s:s, s:s, s:o}", "schema", "plimsoll.login/1", "who", who, "role",
                              api_role_names[role], "until", json_instant(until));
        int r = o ? api_exec_reply(call, 200, o) : -ENOMEM;

        json_decref(o);
        return r;
}

static void api_login_cookie(ApiCall *call, const char *value, long long seconds) {
        api_reply_header(call, "Set-Cookie",
                         text_format(call->arena, "%s=%s; Path=/; HttpOnly; SameSite=Strict; Max-Age=%lld%s",
                                     api_cookie_name(call->is_tls), value, seconds,
                                     call->is_tls ? "; Secure" : ""));
}

static void api_login_log(const ApiCall *call, const char *event, const char *who, ApiRole role) {
        char quoted[128];

        log_event(LOG_INFO, event, "id=%s client=%s who=%s role=%s", call->id, call->client,
                  log_value(who, quoted, sizeof(quoted)), api_role_names[role]);
}

static int api_login_refuse(ApiCall *call) {
        if (api_guard_failed(call->guard, call->client, clock_monotonic())) {
                log_event(LOG_WARNING, "api.unauthorized", "id=%s client=%s", call->id, call->client);
                api_reply_problem(call, 401, "the token is not known or has expired (plimsoll token list)");
        } else {
                api_reply_problem(call, 429, "too many wrong tokens from here: wait a minute");
                api_reply_header(call, "Retry-After", "60");
        }
        return 0;
}

static int api_login_begin(ApiCall *call, const char *token) {
        char id[SECRET_HEX], who[API_WHO_SIZE];
        const ApiToken *found;
        ApiTokens tokens;
        TextFault f = { 0 };
        int r = api_tokens_read(call->arena, call->tokens, &tokens, &f);

        if (r < 0) {
                log_event(LOG_ERROR, "api.tokens", "file=%s line=%u", call->tokens, f.line);
                return r;
        }
        found = api_tokens_find(&tokens, token, clock_now());
        if (!found)
                return api_login_refuse(call);
        r = api_session_begin(found, clock_now(), id);
        if (r < 0)
                return r;
        (void) snprintf(who, sizeof(who), "token %s", found->name);
        api_login_log(call, "api.login", who, found->role);
        r = api_login_reply(call, who, found->role, clock_now() + API_SESSION_FOR);
        api_login_cookie(call, id, API_SESSION_FOR / USEC_PER_SEC);
        explicit_bzero(id, sizeof(id));
        return r;
}

int api_put_login(ApiCall *call) {
        json_t *body = api_body_read(call);
        int r;

        if (!body)
                return 0;
        r = call->is_tcp ? api_login_begin(call, json_string_value(json_object_get(body, "token")))
                         : api_login_reply(call, call->who, call->role, 0);
        json_decref(body);
        return r;
}

int api_get_login(ApiCall *call) {
        return api_login_reply(call, call->who, call->role, call->until);
}

int api_delete_login(ApiCall *call) {
        if (call->session) {
                api_session_end(call->session);
                api_login_log(call, "api.logout", call->who, call->role);
                api_login_cookie(call, "", 0);
        }
        return api_login_reply(call, "", ROLE_NONE, 0);
}
