/* SPDX-License-Identifier: Apache-2.0 */
/* /api/v1/rolls: rolling maintenance that the service carries out, by plimsoll maintenance roll. */
#include <errno.h>
#include <string.h>

#include "scheduler/app/api/api_action.h"
#include "scheduler/app/api/api_body.h"
#include "scheduler/app/api/api_exec.h"
#include "scheduler/app/state/roll_state.h"
#include "scheduler/base/text.h"

/* "--id=…". NULL: no memory, or the reply says that it is no name. */
static const char *api_roll_id(ApiCall *call, int *ret_error) {
        const char *name = call->params[0], *word = NULL;

        *ret_error = 0;
        if (!roll_state_is_id(name)) {
                api_reply_problem(call, 404, "%.200s is not a valid name of a roll", name);
                return NULL;
        }
        word = text_format(call->arena, "--id=%s", name);
        *ret_error = word ? 0 : -ENOMEM;
        return word;
}

int api_get_roll(ApiCall *call) {
        const char *cluster = api_exec_cluster(call), *id;
        json_t *value = NULL;
        usec_t as_of;
        int r = 0;

        id = cluster ? api_roll_id(call, &r) : NULL;
        if (!id)
                return r;
        r = api_exec_read(call, cluster, (const char *const[]){ "maintenance", "roll", "--show", id, NULL },
                          &value, &as_of);
        if (r == 0)
                r = api_exec_reply(call, 200, value);
        json_decref(value);
        return r < 0 ? r : 0;
}

/* names: of hosts, NULL-terminated. */
static int api_roll_do(ApiCall *call, const char *option, const char *const *names) {
        const char *cluster = api_exec_cluster(call), *id;
        json_t *body = NULL;
        int r = 0;

        id = cluster ? api_roll_id(call, &r) : NULL;
        body = id ? api_body_read(call) : NULL;
        if (body)
                r = api_action_do(call, cluster,
                                  (const char *const[]){ "maintenance", "roll", option, id, NULL }, names,
                                  body, 200);
        json_decref(body);
        return r;
}

static const char *const api_roll_no_names[] = { NULL };

/* The hosts of the body, NULL-terminated. NULL: no memory. */
static const char **api_roll_names(ApiCall *call, const json_t *body, int *ret_error) {
        const json_t *list = json_object_get(body, "hosts");
        const size_t n = json_array_size(list);
        const char **names = arena_new(call->arena, const char *, n + 1);

        *ret_error = -ENOMEM;
        for (size_t i = 0; names && i < n; i++) {
                const char *name = json_string_value(json_array_get(list, i));

                names[i] = text_copy(call->arena, name, strlen(name));
                if (!names[i])
                        return NULL;
        }
        if (names) {
                names[n] = NULL;
                *ret_error = 0;
        }
        return names;
}

int api_put_roll(ApiCall *call) {
        json_t *body = api_body_read(call);
        const char **names;
        int r = 0;

        names = body ? api_roll_names(call, body, &r) : NULL;
        json_decref(body);
        return names ? api_roll_do(call, "--by-service", names) : r;
}

int api_delete_roll(ApiCall *call) {
        return api_roll_do(call, "--abandon", api_roll_no_names);
}

int api_put_roll_finished(ApiCall *call) {
        if (!api_action_is_name(call, call->params[1]))
                return 0;
        return api_roll_do(call, "--finished", (const char *const[]){ call->params[1], NULL });
}

int api_put_roll_held(ApiCall *call) {
        return api_roll_do(call, "--hold", api_roll_no_names);
}

int api_delete_roll_held(ApiCall *call) {
        return api_roll_do(call, "--resume", api_roll_no_names);
}
