/* SPDX-License-Identifier: Apache-2.0 */
/* What may be done: each action puts a state that is wanted, by the command that does it on the command line, as who asks. */
#include <errno.h>
#include <string.h>

#include "scheduler/app/api/api_action.h"
#include "scheduler/app/api/api_body.h"
#include "scheduler/app/api/api_exec.h"
#include "scheduler/app/api/api_routes.h"
#include "scheduler/app/terminal/invocation.h"
#include "scheduler/base/text.h"

/* ---- doing it ---- */

int api_action_do(ApiCall *call, const char *cluster, const char *const *command, const char *const *names,
                  const json_t *body, unsigned status) {
        ApiWords w = { 0 };
        json_t *value = NULL;
        bool fits = true;
        int ended = 0, r;

        for (; fits && *command; command++)
                fits = api_words_add(&w, *command);
        fits = fits && api_body_options(call, body, &w) && api_words_add(&w, "--");
        for (; fits && *names; names++)
                fits = api_words_add(&w, *names);
        if (!fits)
                return -ENOMEM;
        r = api_exec_write(call, cluster, w.words, &value, &ended);
        if (r == 0)
                r = api_exec_reply(call, status, value);
        json_decref(value);
        api_action_log(call, cluster, (int) call->reply.status);
        return r < 0 ? r : 0;
}

static int action_simple(ApiCall *call, const char *const *command, bool with_param) {
        const char *cluster = api_exec_cluster(call);
        const char *names[API_PARAMS_MAX + 1] = { 0 };
        json_t *body;
        int r;

        for (int i = 0; with_param && i < API_PARAMS_MAX; i++)
                names[i] = call->params[i];
        if (!cluster || (names[0] && !api_action_is_name(call, names[0])))
                return 0;
        body = api_body_read(call);
        if (!body)
                return 0;
        /* The verb stands before the options: "maintenance enter --why=… -- h1". */
        r = api_action_do(call, cluster, command, names, body, 200);
        json_decref(body);
        return r;
}

int api_put_maintenance(ApiCall *call) {
        return action_simple(call, (const char *const[]){ "maintenance", "enter", NULL }, true);
}

int api_delete_maintenance(ApiCall *call) {
        return action_simple(call, (const char *const[]){ "maintenance", "exit", NULL }, true);
}

int api_put_admitted(ApiCall *call) {
        return action_simple(call, (const char *const[]){ "host", "admit", NULL }, true);
}

int api_put_released(ApiCall *call) {
        return action_simple(call, (const char *const[]){ "release", NULL }, true);
}

int api_put_accepted(ApiCall *call) {
        return action_simple(call, (const char *const[]){ "faults", "clear", NULL }, true);
}

int api_put_stop(ApiCall *call) {
        return action_simple(call, (const char *const[]){ "stop", NULL }, false);
}

int api_delete_stop(ApiCall *call) {
        return action_simple(call, (const char *const[]){ "resume", NULL }, false);
}

int api_put_balance(ApiCall *call) {
        return action_simple(call, (const char *const[]){ "audit", "--acknowledge", NULL }, false);
}

int api_put_store(ApiCall *call) {
        return action_simple(call, (const char *const[]){ "store", "acknowledge", NULL }, false);
}

/* ---- the answer to a plan ---- */

static const json_t *action_plan(const json_t *value, const char *id) {
        const json_t *list = json_object_get(value, "plans");

        for (size_t i = 0; i < json_array_size(list); i++) {
                const char *own = json_string_value(json_object_get(json_array_get(list, i), "id"));

                if (own && strcmp(own, id) == 0)
                        return json_array_get(list, i);
        }
        return NULL;
}

/* Whether it was answered so already: then the wanted state is there. 1: it was answered otherwise. */
static int action_answered(const json_t *plan, bool yes, bool *ret_same) {
        const json_t *answer = json_object_get(plan, "answer");
        const char *state = json_string_value(json_object_get(plan, "state"));
        const bool was_rejected = state && strcmp(state, "rejected") == 0;

        *ret_same = false;
        if ((!answer || json_is_null(answer)) && !was_rejected)
                return 0;
        *ret_same = was_rejected ? !yes : json_is_true(json_object_get(answer, "yes")) == yes;
        return 1;
}

/* What is approved is what was seen: the digest in If-Match is that of the plan as it was read. */
static bool action_may_answer(ApiCall *call, const json_t *plan, bool yes, bool *ret_done) {
        const char *digest = plan ? api_plan_digest(call, plan) : NULL;
        bool same;

        *ret_done = false;
        if (!plan) {
                api_reply_problem(
                        call, 410,
                        "plan %.60s does not wait: it was carried out, dropped or has expired (see audit)",
                        call->params[0]);
        } else if (!call->if_match) {
                api_reply_problem(call, 428, "needed is If-Match with the ETag of the plan that was read");
        } else if (!digest || strcmp(digest, call->if_match) != 0) {
                api_reply_problem(
                        call, 412,
                        "this is not the plan that was read: its ETag is another one. Read it again");
        } else if (action_answered(plan, yes, &same) == 1 && !same) {
                api_reply_problem(call, 409, "plan %.60s was answered otherwise already", call->params[0]);
        } else {
                *ret_done = action_answered(plan, yes, &same) == 1;
                return true;
        }
        return false;
}

static int action_answer(ApiCall *call, const char *cluster, const json_t *body, const json_t *plans) {
        const char *word = json_string_value(json_object_get(body, "answer"));
        const json_t *plan = action_plan(plans, call->params[0]);
        const bool yes = strcmp(word, "accept") == 0;
        bool done;

        if (!yes && strcmp(word, "reject") != 0) {
                api_reply_fault(call, 422,
                                (ApiFault){ .pointer = "/answer",
                                            .detail = "is not a valid value",
                                            .accepted = "\"accept\" or \"reject\"" });
                return 0;
        }
        if (!action_may_answer(call, plan, yes, &done))
                return 0;
        if (done)
                return api_exec_reply(call, 200, plan);
        return api_action_do(call, cluster,
                             (const char *const[]){ "confirm", yes ? "--yes" : "--reject", NULL },
                             (const char *const[]){ call->params[0], NULL }, NULL, 202);
}

int api_put_answer(ApiCall *call) {
        const char *cluster = api_exec_cluster(call);
        json_t *body = cluster ? api_body_read(call) : NULL, *plans = NULL;
        usec_t as_of;
        int r;

        if (!body)
                return 0;
        api_exec_forget(); /* the answer is about the plan as it is now */
        r = api_exec_read(call, cluster, (const char *const[]){ "confirm", NULL }, &plans, &as_of);
        if (r == 0)
                r = action_answer(call, cluster, body, plans);
        json_decref(plans);
        json_decref(body);
        return r < 0 ? r : 0;
}
