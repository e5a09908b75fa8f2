/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "scheduler/app/access/api_tokens.h"
#include "scheduler/app/commands/command.h"
#include "scheduler/app/commands/facts.h"
#include "scheduler/app/terminal/human.h"
#include "scheduler/app/terminal/json_print.h"
#include "scheduler/app/terminal/table.h"
#include "scheduler/base/out.h"
#include "scheduler/snapshot/json/json_value.h"

#define TOKEN_LASTS     (INT64_C(90) * 86400 * USEC_PER_SEC)
#define TOKEN_LASTS_MAX (INT64_C(3650) * 86400 * USEC_PER_SEC)

typedef struct TokenFile {
        Invocation *in;
        const char *path;
        ApiTokens tokens;
        ApiToken *list; /* tokens.at, with room for one more */
        int lock;       /* of its folder; -1: none is needed */
} TokenFile;

/* Who changes the file reads and writes it alone: else a token that was removed meanwhile would come back. */
static ExitStatus token_file_lock(Invocation *in, const char *folder, TokenFile *ret) {
        ret->lock = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (ret->lock < 0 && errno == ENOENT) /* writing will say that */
                return EXIT_DONE;
        if (ret->lock >= 0 && flock(ret->lock, LOCK_EX) == 0)
                return EXIT_DONE;
        return command_complain(in, EXIT_FAILED, "%s: cannot be locked: %s", folder, strerrordesc_np(errno));
}

static void token_file_close(TokenFile *file) {
        if (file->lock >= 0)
                (void) close(file->lock);
}

static ExitStatus token_file_open(Invocation *in, bool changes, TokenFile *ret) {
        Settings *settings = NULL;
        ExitStatus status = facts_settings(in, &settings);
        TextFault fault = { 0 };
        int r;

        if (status != EXIT_DONE)
                return status;
        *ret = (TokenFile){ .in = in, .lock = -1 };
        status = changes ? token_file_lock(in, settings_text(settings, "service", "state_dir"), ret)
                         : EXIT_DONE;
        if (status != EXIT_DONE)
                return status;
        ret->path = text_format(in->arena, "%s/" API_TOKENS_FILE,
                                settings_text(settings, "service", "state_dir"));
        r = ret->path ? api_tokens_read(in->arena, ret->path, &ret->tokens, &fault) : -ENOMEM;
        if (r < 0)
                return command_complain_fault(in, r == -EBADMSG ? EXIT_BAD_INPUT : EXIT_FAILED, ret->path,
                                              &fault);
        ret->list = arena_new(in->arena, ApiToken, API_TOKENS_MAX + 1);
        if (!ret->list)
                return command_complain(in, EXIT_FAILED, "out of memory");
        if (ret->tokens.n > 0)
                memcpy(ret->list, ret->tokens.at, sizeof(*ret->list) * ret->tokens.n);
        ret->tokens.at = ret->list;
        return EXIT_DONE;
}

static ExitStatus token_file_write(const TokenFile *file) {
        TextFault fault = { 0 };
        int r = api_tokens_write(file->in->arena, file->path, &file->tokens, &fault);

        return r < 0 ? command_complain_fault(file->in, EXIT_FAILED, file->path, &fault) : EXIT_DONE;
}

static uint32_t token_file_find(const TokenFile *file, const char *name) {
        uint32_t i = 0;

        while (i < file->tokens.n && file->list && strcmp(file->list[i].name, name) != 0)
                i++;
        return i;
}

static json_t *token_json(const ApiToken *t, usec_t now) {
        return json_pack("{s:s, s:s, s:o, s:o, s:b}", "name", t->name, "role", api_role_names[t->role],
                         "made_at", json_instant(t->made), "until", json_instant(t->until), "expired",
                         now >= t->until);
}

static void token_print_json(const Invocation *in, json_t *o) {
        (void) json_object_set_new(o, "schema", json_string("plimsoll.token/1"));
        (void) json_print(o, in->out.out);
}

/* ---- add ---- */

static ExitStatus token_add(TokenFile *file, const char *name) {
        const Invocation *in = file->in;
        const char *word = option_text(&in->options, "role");
        const ApiRole role = word ? api_role_named(word) : ROLE_VIEW;
        char token[API_TOKEN_SIZE], until[HUMAN_SIZE];
        TextFault fault = { 0 };
        ApiToken made;
        ExitStatus status;

        if (role == ROLE_N)
                return command_complain(in, EXIT_BAD_INPUT, "unknown role %s; accepted: view, operate, admin",
                                        word);
        if (token_file_find(file, name) < file->tokens.n)
                return command_complain(in, EXIT_BAD_INPUT,
                                        "token %s exists. Remove it first: plimsoll token remove %s", name,
                                        name);
        if (file->tokens.n == API_TOKENS_MAX)
                return command_complain(in, EXIT_BAD_INPUT, "there are %d tokens already; remove some first",
                                        API_TOKENS_MAX);
        if (api_token_make(name, role, clock_now(), option_number(&in->options, "for", TOKEN_LASTS), &made,
                           token, &fault) < 0)
                return command_complain(in, EXIT_BAD_INPUT, "%s", fault.what);
        assert(file->list);
        file->list[file->tokens.n++] = made;
        status = token_file_write(file);
        if (status != EXIT_DONE)
                return status;
        if (in->json) {
                json_t *o = token_json(&made, clock_now());

                (void) json_object_set_new(o, "token", json_string(token));
                token_print_json(in, o);
        } else {
                (void) out_say(in->out.out, "%s\n", token);
                (void) out_say(in->err.out, "token %s, role %s, valid until %s. It is not shown again.\n",
                               made.name, api_role_names[role], human_time(made.until, until));
        }
        return EXIT_DONE;
}

/* ---- list, remove ---- */

static ExitStatus token_list(const TokenFile *file) {
        static const Column columns[] = {
                { .title = "NAME" }, { .title = "ROLE" }, { .title = "MADE" }, { .title = "VALID UNTIL" }
        };
        const Invocation *in = file->in;
        const usec_t now = clock_now();
        Table t = table_begin(in->arena, columns, ARRAY_SIZE(columns));
        json_t *list = json_array();

        for (uint32_t i = 0; i < file->tokens.n; i++) {
                const ApiToken *one = &file->list[i];
                char made[HUMAN_SIZE], until[HUMAN_SIZE];
                const Cell cells[] = { { .text = one->name, .style = STYLE_STRONG },
                                       { .text = api_role_names[one->role] },
                                       { .text = human_time(one->made, made) },
                                       { .text = now >= one->until ? "expired"
                                                                   : human_time(one->until, until),
                                         .style = now >= one->until ? STYLE_BAD : STYLE_PLAIN } };

                (void) json_array_append_new(list, token_json(one, now));
                if (!in->json && table_row(&t, cells) < 0) {
                        json_decref(list);
                        return command_complain(in, EXIT_FAILED, "out of memory");
                }
        }
        if (in->json) {
                token_print_json(in, json_pack("{s:O}", "tokens", list));
        } else if (file->tokens.n == 0) {
                (void) out_say(in->out.out, "no tokens in %s\n", file->path);
        } else {
                table_print(&t, &in->out, "");
        }
        json_decref(list);
        return EXIT_DONE;
}

static ExitStatus token_remove(TokenFile *file, const char *name) {
        const Invocation *in = file->in;
        const uint32_t i = token_file_find(file, name);
        ExitStatus status;

        if (i == file->tokens.n)
                return command_complain(in, EXIT_BAD_INPUT, "token %s not found (plimsoll token list)", name);
        assert(file->list);
        memmove(file->list + i, file->list + i + 1, sizeof(*file->list) * (file->tokens.n - i - 1));
        file->tokens.n--;
        status = token_file_write(file);
        if (status == EXIT_DONE && in->json)
                token_print_json(in, json_pack("{s:s}", "removed", name));
        else if (status == EXIT_DONE)
                (void) out_say(in->out.out, "token %s removed: requests with it are refused from now on\n",
                               name);
        return status;
}

static ExitStatus cmd_token_run(Invocation *in) {
        const char *what = in->options.arguments[0],
                   *name = in->options.n_arguments > 1 ? in->options.arguments[1] : NULL;
        TokenFile file = { .lock = -1 };
        ExitStatus status;

        if (strcmp(what, "add") != 0 && strcmp(what, "list") != 0 && strcmp(what, "remove") != 0)
                return command_complain(in, EXIT_BAD_INPUT, "unknown word %s; accepted: add, list, remove",
                                        what);
        if ((strcmp(what, "list") == 0) != !name)
                return command_complain(in, EXIT_BAD_INPUT, "plimsoll token %s takes %s", what,
                                        name ? "no name" : "the name of a token");
        status = token_file_open(in, name != NULL, &file);
        if (status == EXIT_DONE)
                status = !name                      ? token_list(&file)
                         : strcmp(what, "add") == 0 ? token_add(&file, name)
                                                    : token_remove(&file, name);
        token_file_close(&file);
        return status;
}

static const OptionDef cmd_token_options[] = {
        { "role", 0, OPTION_TEXT, "ROLE", 0, 0, 0,
          "view, operate or admin; each may do what the ones before it may; default: view" },
        { "for", 0, OPTION_DURATION, "TIME", 0, USEC_PER_SEC, TOKEN_LASTS_MAX,
          "valid for TIME (12h, 30d); default: 90d" },
        { "json", 0, OPTION_FLAG, NULL, 0, 0, 0, "print JSON, schema plimsoll.token/1" },
        SETTINGS_OPTIONS,
        { 0 },
};

const Command command_token = {
        .name = "token",
        .summary = "tokens by which programs use the HTTP API of plimsolld",
        .usage = "add NAME [--role ROLE] [--for TIME] | list | remove NAME",
        .help = "A client of the API over TCP sends a token: Authorization: Bearer TOKEN. `add` prints a new one, once; only\n"
                "its SHA-256 is kept, in api-tokens in service.state_dir, on the machine where plimsolld runs. What is\n"
                "changed holds from the next request on (docs/api.md).",
        .examples = "plimsoll token add prometheus\n"
                    "plimsoll token add deploy --role operate --for 30d\n"
                    "plimsoll token list\n"
                    "plimsoll token remove deploy",
        .options = cmd_token_options,
        .least_arguments = 1,
        .most_arguments = 2,
        .run = cmd_token_run,
};
