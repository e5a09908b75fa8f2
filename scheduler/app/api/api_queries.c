/* SPDX-License-Identifier: Apache-2.0 */
/* Questions that plan for themselves and change nothing: drafts of plans, frontier, explain, place, capacity. One at a time. */
#include <errno.h>

#include "scheduler/app/api/api_answer.h"
#include "scheduler/app/api/api_body.h"
#include "scheduler/app/api/api_drafts.h"
#include "scheduler/app/api/api_exec.h"
#include "scheduler/app/api/api_routes.h"
#include "scheduler/base/text.h"

int api_query_frontier(ApiCall *call) {
        const char *by = api_call_query(call, "by");

        return api_answer_whole(
                call, (const char *const[]){ "frontier", by ? text_format(call->arena, "--by=%s", by) : NULL,
                                             NULL });
}

/* A query's values go as the value of an option, or behind "--": none of them is an option. */
int api_query_explain(ApiCall *call) {
        const char *vm = api_call_query(call, "vm"), *host = api_call_query(call, "host");

        if (!vm) {
                api_reply_fault(
                        call, 400,
                        (ApiFault){ .parameter = "vm",
                                    .detail = "is missing",
                                    .accepted = "the name of a VM, and host=NAME for one host alone" });
                return 0;
        }
        return api_answer_whole(call, (const char *const[]){ "explain", "--", vm, host, NULL });
}

int api_query_explain_vm(ApiCall *call) {
        return api_answer_whole(call, (const char *const[]){ "explain", "--", call->params[0],
                                                             api_call_query(call, "to"), NULL });
}

int api_query_capacity(ApiCall *call) {
        const char *vcpus = api_call_query(call, "vcpus"), *memory = api_call_query(call, "memory");

        if (!vcpus || !memory) {
                if (!vcpus)
                        api_reply_fault(call, 400,
                                        (ApiFault){ .parameter = "vcpus",
                                                    .detail = "is missing",
                                                    .accepted = "a number of vCPUs: vcpus=2" });
                if (!memory)
                        api_reply_fault(call, 400,
                                        (ApiFault){ .parameter = "memory",
                                                    .detail = "is missing",
                                                    .accepted = "a size: memory=4GiB" });
                return 0;
        }
        return api_answer_whole(
                call, (const char *const[]){ "capacity", text_format(call->arena, "--vcpus=%s", vcpus),
                                             text_format(call->arena, "--memory=%s", memory), NULL });
}

/* The command with the body's options. 0: *ret_words are in the call's arena; 1: the reply says what is wrong. */
static int api_query_words(ApiCall *call, const char *command, const char *more, ApiWords *ret) {
        json_t *body = api_body_read(call);
        bool fits;

        if (!body)
                return 1;
        *ret = (ApiWords){ 0 };
        fits = api_words_add(ret, command) && (!more || api_words_add(ret, more)) &&
               api_body_options(call, body, ret);
        json_decref(body);
        if (fits)
                return 0;
        api_reply_problem(call, 422, "at most %d values in all are accepted", API_WORDS_MOST);
        return 1;
}

static int api_query_post(ApiCall *call, const char *command) {
        ApiWords words;
        int r = api_query_words(call, command, "--all", &words);

        return r == 0 ? api_answer_whole(call, words.words) : 0;
}

int api_query_post_place(ApiCall *call) {
        return api_query_post(call, "place");
}

int api_query_post_capacity(ApiCall *call) {
        return api_query_post(call, "capacity");
}

int api_query_post_plans(ApiCall *call) {
        ApiWords words;
        const char *cluster = NULL, *id;
        json_t *value = NULL, *draft = NULL;
        usec_t as_of = 0;
        int r = api_query_words(call, "plan", NULL, &words);

        if (r != 0)
                return 0;
        r = api_answer_value(call, words.words, &cluster, &value, &as_of);
        if (r == 0)
                r = api_draft_keep(cluster, value, as_of, &draft);
        if (r == 0)
                r = api_exec_reply(call, 201, draft);
        id = json_string_value(json_object_get(draft, "id"));
        if (r == 0 && id)
                api_reply_header(call, "Location", text_format(call->arena, "/api/v1/plans/%s", id));
        json_decref(value);
        json_decref(draft);
        return r < 0 ? r : 0;
}
