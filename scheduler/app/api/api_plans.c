/* SPDX-License-Identifier: Apache-2.0 */
/* Plans that wait for a person, and drafts. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/app/api/api_answer.h"
#include "scheduler/app/api/api_drafts.h"
#include "scheduler/app/api/api_exec.h"
#include "scheduler/app/api/api_list.h"
#include "scheduler/app/api/api_routes.h"
#include "scheduler/base/sha256.h"
#include "scheduler/base/text.h"

const char *api_plan_digest(ApiCall *call, const json_t *plan) {
        char *text = json_dumps(json_object_get(plan, "plan"),
                                JSON_COMPACT | JSON_SORT_KEYS | JSON_REAL_PRECISION(16)),
             hash[SHA256_HEX];

        if (!text)
                return NULL;
        sha256_print(text, strlen(text), hash);
        free(text);
        return text_format(call->arena, "\"%s\"", hash);
}

/* Without its moves, which are pages of their own (…/moves): with how many they are, and with its ETag. */
static json_t *api_plan_short(ApiCall *call, const json_t *plan) {
        json_t *o = json_copy((json_t *) plan);
        const json_t *moves = json_object_get(json_object_get(plan, "plan"), "moves");
        const char *digest = api_plan_digest(call, plan);

        if (!o || !digest) {
                json_decref(o);
                return NULL;
        }
        (void) json_object_del(o, "plan");
        (void) json_object_set_new(o, "move_count", json_integer((json_int_t) json_array_size(moves)));
        (void) json_object_set_new(o, "etag", json_string(digest));
        return o;
}

int api_get_plans(ApiCall *call) {
        const char *cluster;
        json_t *value = NULL, *list = json_array();
        const json_t *plans;
        usec_t as_of;
        int r = api_answer_value(call, api_words_confirm, &cluster, &value, &as_of);

        plans = json_object_get(value, "plans");
        for (size_t i = 0; r == 0 && i < json_array_size(plans); i++) {
                json_t *one = api_plan_short(call, json_array_get(plans, i));

                r = one && json_array_append_new(list, one) == 0 ? 0 : -ENOMEM;
        }
        if (r == 0)
                r = api_list_reply(call, cluster, list, as_of, "id state made_at until move_count", "");
        json_decref(list);
        json_decref(value);
        return r < 0 ? r : 0;
}

/* One that waits, or a draft. 0: *ret is the caller's; 1: the reply says that there is none. */
static int api_plan_read(ApiCall *call, const char **ret_cluster, json_t **ret, usec_t *ret_as_of) {
        json_t *value = NULL, *one;
        int r;

        *ret_cluster = api_exec_cluster(call);
        if (!*ret_cluster)
                return 1;
        *ret_as_of = clock_now();
        *ret = api_draft_find(*ret_cluster, call->params[0]);
        if (*ret)
                return 0;
        r = api_answer_value(call, api_words_confirm, ret_cluster, &value, ret_as_of);
        if (r != 0)
                return r;
        one = api_answer_named(json_object_get(value, "plans"), "id", call->params[0]);
        *ret = json_incref(one);
        json_decref(value);
        if (one)
                return 0;
        api_reply_problem(call, 404, "plan %.60s not found: it was answered, or it has expired (see audit)",
                          call->params[0]);
        return 1;
}

int api_get_plan(ApiCall *call) {
        const char *cluster, *digest;
        json_t *one = NULL;
        usec_t as_of;
        int r = api_plan_read(call, &cluster, &one, &as_of);

        if (r == 0) {
                digest = api_plan_digest(call, one);
                r = digest ? api_exec_reply(call, 200, one) : -ENOMEM;
                if (r == 0)
                        api_reply_header(call, "ETag", digest);
        }
        json_decref(one);
        return r < 0 ? r : 0;
}

int api_get_plan_moves(ApiCall *call) {
        const char *cluster;
        json_t *one = NULL, *moves;
        usec_t as_of;
        int r = api_plan_read(call, &cluster, &one, &as_of);

        if (r == 0) {
                moves = json_object_get(json_object_get(one, "plan"), "moves");
                r = json_is_array(moves)
                            ? api_list_reply(call, cluster, moves, as_of, "vm from to wave kind", "")
                            : -EBADMSG;
        }
        json_decref(one);
        return r < 0 ? r : 0;
}
