/* SPDX-License-Identifier: Apache-2.0 */
/* A command for plimsoll --api: as on the command line, by who asks, with what it says as text. Which ones, with which options and
 * role, is in remote_commands.def: none of these reads a file, another source or other settings than the service's. */
#include <errno.h>
#include <string.h>

#include "scheduler/app/api/api_action.h"
#include "scheduler/app/api/api_body.h"
#include "scheduler/app/api/api_exec.h"
#include "scheduler/app/commands/remote_command.h"
#include "scheduler/base/text.h"

/* 1: the reply says what is wrong. */
static int api_command_words(ApiCall *call, const json_t *body, ApiWords *ret) {
        const json_t *list = json_object_get(body, "words");

        for (size_t i = 0; i < json_array_size(list); i++) {
                const char *word = json_string_value(json_array_get(list, i));

                if (!api_words_add(ret, text_copy(call->arena, word, strlen(word)))) {
                        api_reply_problem(call, 422, "/words: at most %d words", API_WORDS_MOST);
                        return 1;
                }
        }
        return 0;
}

static const RemoteCommand *api_command_find(ApiCall *call, const ApiWords *w) {
        const char *name = call->params[0], *refused;
        const RemoteCommand *command = remote_command_find(name, w->words + 1, w->n - 1);

        if (!command) {
                api_reply_problem(call, 404,
                                  "%.60s is not done by a service for others, or not with these words", name);
                return NULL;
        }
        refused = remote_command_refuses(command, w->words + 1, w->n - 1);
        if (refused) {
                api_reply_problem(call, 422, "%.80s is not accepted from afar; accepted are: %s", refused,
                                  command->options);
                return NULL;
        }
        if (call->role < command->role) {
                api_reply_problem(call, 403, "this needs the role %s; %s has %s",
                                  api_role_names[command->role], call->who, api_role_names[call->role]);
                return NULL;
        }
        return command;
}

int api_post_command(ApiCall *call) {
        const char *cluster = api_exec_cluster(call);
        json_t *body = cluster ? api_body_read(call) : NULL, *value = NULL;
        const RemoteCommand *command = NULL;
        ApiWords w = { 0 };
        int r = 1;

        if (!body)
                return 0;
        if (!api_words_add(&w, call->params[0]))
                r = -ENOMEM;
        else
                r = api_command_words(call, body, &w);
        if (r == 0)
                command = api_command_find(call, &w);
        if (command) {
                r = api_exec_print(call, cluster, w.words, command->role > ROLE_VIEW, &value);
                if (r == 0)
                        r = api_exec_reply(call, 200, value);
                if (command->role > ROLE_VIEW)
                        api_action_log(call, cluster, (int) call->reply.status);
        }
        json_decref(value);
        json_decref(body);
        return r < 0 ? r : 0;
}
