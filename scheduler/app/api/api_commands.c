/* SPDX-License-Identifier: Apache-2.0 */
/* A command for plimsoll --api: as on the command line, by who asks, with what it says as text. Which ones, with which options and
 * role, is in remote_commands.def: none of these reads a file, another source or other settings than the service's. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

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
                const char *why = remote_command_why_not(name, w->words + 1, w->n - 1);

                api_reply_problem(call, 404, "%.60s is not done by a service for others%s%s", name,
                                  why ? ": " : ", or not with these words", why ? why : "");
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

/* What moves VMs is handed to the service that leads, under a name, so that no thread of the API moves any itself or waits; and nobody
 * is asked at the service's terminal. 1: the reply says what is wrong. */
static int api_command_hand(ApiCall *call, const RemoteCommand *command, ApiWords *io) {
        const ApiWords given = *io;
        const char *const *words = given.words + 1;
        const uint32_t n = given.n - 1;
        const bool dry = remote_command_given(words, n, "dry-run"),
                   named = !remote_command_refuses(command, (const char *const[]){ "--id" }, 1);
        bool fits;

        if (!dry && !remote_command_given(words, n, "yes") && !remote_command_given(words, n, "propose")) {
                api_reply_problem(call, 422, "%.60s through a service cannot ask: it needs --yes%s",
                                  given.words[0],
                                  strcmp(given.words[0], "apply") == 0
                                          ? " (plimsoll plan shows what would move), or --propose"
                                          : ", or --dry-run to see what would move");
                return 1;
        }
        *io = (ApiWords){ 0 };
        fits = api_words_add(io, given.words[0]);
        if (fits && !dry && !remote_command_given(words, n, "no-wait"))
                fits = api_words_add(io, "--no-wait");
        if (fits && !dry && named && !remote_command_given(words, n, "id"))
                fits = api_words_add(io, text_format(call->arena, "--id=api-%s", call->id));
        for (uint32_t i = 0; fits && i < n; i++)
                fits = api_words_add(io, words[i]);
        if (!fits)
                api_reply_problem(call, 422, "/words: at most %d words", API_WORDS_MOST);
        return fits ? 0 : 1;
}

/* A plan that came with apply becomes a file that this command alone sees. *ret_fd -1: none came. 1: the reply says what is wrong. */
static int api_command_plan(ApiCall *call, const json_t *plan, ApiWords *io, int *ret_fd) {
        *ret_fd = -1;
        if (!plan)
                return 0;
        if (strcmp(call->params[0], "apply") != 0) {
                api_reply_fault(call, 422,
                                (ApiFault){ .pointer = "/plan",
                                            .detail = "is not accepted with this command",
                                            .accepted = "a plan with apply alone" });
                return 1;
        }
        *ret_fd = api_action_file(plan);
        if (*ret_fd < 0)
                return *ret_fd;
        if (api_words_add(io, text_format(call->arena, "--plan=/proc/self/fd/%d", *ret_fd)))
                return 0;
        api_reply_problem(call, 422, "/words: at most %d words", API_WORDS_MOST);
        return 1;
}

/* With the plan that came, if one did. */
static int api_command_do(ApiCall *call, const char *cluster, const RemoteCommand *command,
                          const json_t *plan, ApiWords *io) {
        json_t *value = NULL;
        int fd, r = api_command_plan(call, plan, io, &fd);

        if (r == 0)
                r = api_exec_print(call, cluster, io->words, command->role > ROLE_VIEW, &value);
        if (r == 0)
                r = api_exec_reply(call, 200, value);
        if (fd >= 0)
                (void) close(fd);
        if (command->role > ROLE_VIEW)
                api_action_log(call, cluster, (int) call->reply.status);
        json_decref(value);
        return r;
}

int api_post_command(ApiCall *call) {
        const char *cluster = api_exec_cluster(call);
        json_t *body = cluster ? api_body_read(call) : NULL;
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
        if (command && (!command->hands || api_command_hand(call, command, &w) == 0))
                r = api_command_do(call, cluster, command, json_object_get(body, "plan"), &w);
        json_decref(body);
        return r < 0 ? r : 0;
}
