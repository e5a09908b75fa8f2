/* SPDX-License-Identifier: Apache-2.0 */
/* What is handed to the service that leads, under a name that the client chose: moves and plans. The same name again asks nothing
 * twice, and shows what came of it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "scheduler/app/api/api_action.h"
#include "scheduler/app/api/api_answer.h"
#include "scheduler/app/api/api_body.h"
#include "scheduler/app/api/api_drafts.h"
#include "scheduler/app/api/api_exec.h"
#include "scheduler/app/terminal/invocation.h"
#include "scheduler/base/text.h"

/* ---- a move ---- */

/* What of plimsoll.move/1 keeps the VM where it is. */
static void api_handed_blocked(ApiCall *call, const json_t *value) {
        const json_t *list = json_object_get(value, "blocked_by"), *one;
        size_t i;

        json_array_foreach(list, i, one) {
                const char *kind = json_string_value(json_object_get(one, "kind")),
                           *name = json_string_value(json_object_get(one, "name")),
                           *why = json_string_value(json_object_get(one, "why"));

                if (kind && name && why)
                        api_reply_blocked(call, (ApiBlock){ text_copy(call->arena, kind, strlen(kind)),
                                                            text_copy(call->arena, name, strlen(name)),
                                                            text_copy(call->arena, why, strlen(why)) });
        }
}

/* 202: it is asked for; 200: what came of it, or that the VM is there. */
int api_put_move(ApiCall *call) {
        const char *cluster = api_exec_cluster(call), *vm, *host, *status;
        json_t *body = cluster ? api_body_read(call) : NULL, *value = NULL;
        ApiWords w = { 0 };
        int ended = 0, r;

        if (!body)
                return 0;
        vm = json_string_value(json_object_get(body, "vm"));
        host = json_string_value(json_object_get(body, "host"));
        if (host && !api_action_is_name(call, host)) {
                json_decref(body);
                return 0;
        }
        r = api_words_add(&w, "move") && api_words_add(&w, "--yes") && api_words_add(&w, "--no-wait") &&
                            api_words_add(&w, text_format(call->arena, "--id=%s", call->params[0])) &&
                            api_body_options(call, body, &w) && api_words_add(&w, "--") &&
                            api_words_add(&w, text_copy(call->arena, vm, strlen(vm))) &&
                            (!host || api_words_add(&w, text_copy(call->arena, host, strlen(host))))
                    ? api_exec_write(call, cluster, w.words, &value, &ended)
                    : -ENOMEM;
        status = json_string_value(json_object_get(value, "status"));
        if (r == 0 && ended == EXIT_BLOCKED) {
                api_reply_problem(call, 409, "%.400s", json_string_value(json_object_get(value, "why")));
                api_handed_blocked(call, value);
        } else if (r == 0) {
                r = api_exec_reply(call, status && strcmp(status, "asked") == 0 ? 202 : 200, value);
        }
        json_decref(value);
        json_decref(body);
        if (call->reply.status > 0)
                api_action_log(call, cluster, (int) call->reply.status);
        return r < 0 ? r : 0;
}

/* 202: it is told to stop; 200: it was aborted, or had not begun; 410: it is over. */
int api_put_abort(ApiCall *call) {
        const char *cluster = api_exec_cluster(call), *status, *why;
        json_t *body = cluster ? api_body_read(call) : NULL, *value = NULL;
        ApiWords w = { 0 };
        int ended = 0, r;

        if (!body)
                return 0;
        r = api_words_add(&w, "abort") && api_words_add(&w, "--no-wait") &&
                            api_body_options(call, body, &w) && api_words_add(&w, "--") &&
                            api_words_add(&w, call->params[0])
                    ? api_exec_write(call, cluster, w.words, &value, &ended)
                    : -ENOMEM;
        status = json_string_value(json_object_get(value, "status"));
        why = json_string_value(json_object_get(value, "why"));
        if (r == 0 && ended == EXIT_BLOCKED) {
                const bool open =
                        status && (strcmp(status, "unclear") == 0 || strcmp(status, "unwatched") == 0);

                api_reply_problem(call, open ? 409 : 410, "the move %.200s is %s%s%.200s", call->params[0],
                                  status ? status : "over", why ? ": " : "", why ? why : "");
        } else if (r == 0) {
                r = api_exec_reply(call, status && strcmp(status, "asked") == 0 ? 202 : 200, value);
        }
        json_decref(value);
        json_decref(body);
        if (call->reply.status > 0)
                api_action_log(call, cluster, (int) call->reply.status);
        return r < 0 ? r : 0;
}

/* ---- a plan ---- */

/* The plan that is meant. NULL: the reply says what is wrong. The caller's, by json_decref(). */
static json_t *api_handed_plan(ApiCall *call, const char *cluster, const json_t *body) {
        json_t *plan = json_object_get(body, "plan"), *draft;
        const char *id = json_string_value(json_object_get(body, "draft"));

        if (!plan == !id) {
                api_reply_fault(call, 422,
                                (ApiFault){ .pointer = "/plan",
                                            .detail = plan ? "is there beside draft" : "is missing",
                                            .accepted = "either plan, or draft with the id of one" });
                return NULL;
        }
        if (plan)
                return json_incref(plan);
        draft = api_draft_find(cluster, id);
        plan = json_incref(json_object_get(draft, "plan"));
        json_decref(draft);
        if (!plan)
                api_reply_fault(call, 422,
                                (ApiFault){ .pointer = "/draft",
                                            .detail = "is none of this instance, or older than 15 minutes",
                                            .accepted = "the id of a draft (POST /api/v1/plans)" });
        return plan;
}

/* 1: one of that name waits already, and the reply says whether it is the same. */
static int api_handed_waits(ApiCall *call, const char *cluster, json_t *plan) {
        json_t *value = NULL, *wanted = json_pack("{s:O}", "plan", plan);
        const json_t *one;
        const char *is, *was;
        usec_t as_of;
        int r;

        api_exec_forget();
        r = wanted ? api_exec_read(call, cluster, api_words_confirm, &value, &as_of) : -ENOMEM;
        one = r == 0 ? api_answer_named(json_object_get(value, "plans"), "id", call->params[0]) : NULL;
        if (one) {
                is = api_plan_digest(call, wanted);
                was = api_plan_digest(call, one);
                r = is && was ? 1 : -ENOMEM;
                if (r == 1 && strcmp(is, was) != 0)
                        api_reply_problem(call, 409, "another plan waits under the name %.60s",
                                          call->params[0]);
                else if (r == 1 && api_exec_reply(call, 200, one) < 0)
                        r = -ENOMEM;
        }
        json_decref(wanted);
        json_decref(value);
        return r;
}

static int api_handed_give(ApiCall *call, const char *cluster, const json_t *plan, bool accepted) {
        const int fd = api_action_file(plan);
        ApiWords w = { 0 };
        json_t *value = NULL;
        const char *schema;
        int ended = 0, r;

        if (fd < 0)
                return fd;
        r = api_words_add(&w, "apply") && api_words_add(&w, accepted ? "--yes" : "--propose") &&
                            api_words_add(&w, "--no-wait") &&
                            api_words_add(&w, text_format(call->arena, "--id=%s", call->params[0])) &&
                            api_words_add(&w, text_format(call->arena, "--plan=/proc/self/fd/%d", fd))
                    ? api_exec_write(call, cluster, w.words, &value, &ended)
                    : -ENOMEM;
        (void) close(fd);
        schema = json_string_value(json_object_get(value, "schema"));
        if (r == 0)
                r = api_exec_reply(call, schema && strcmp(schema, call->route->schema) == 0 ? 202 : 200,
                                   value);
        json_decref(value);
        return r;
}

/* 202: it is handed over; 200: it waits, or what came of it. */
int api_put_plan(ApiCall *call) {
        const char *cluster = api_exec_cluster(call);
        json_t *body = cluster ? api_body_read(call) : NULL, *plan;
        int r = 0;

        if (!body)
                return 0;
        plan = api_handed_plan(call, cluster, body);
        if (plan) {
                r = api_handed_waits(call, cluster, plan);
                if (r == 0)
                        r = api_handed_give(call, cluster, plan,
                                            json_is_true(json_object_get(body, "accepted")));
                api_action_log(call, cluster, (int) call->reply.status);
        }
        json_decref(plan);
        json_decref(body);
        return r < 0 ? r : 0;
}
