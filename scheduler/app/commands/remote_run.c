/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/commands/remote_run.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/remote/http_request.h"
#include "scheduler/app/commands/command.h"
#include "scheduler/app/commands/remote_reply.h"
#include "scheduler/app/state/stop_signal.h"
#include "scheduler/app/terminal/file.h"
#include "scheduler/snapshot/files/plan_file.h"
#include "scheduler/store/stored_json.h"

#define REMOTE_MEMORY ((size_t) 1 << 30)
#define REMOTE_TIMEOUT                                                                                       \
        (300 * USEC_PER_SEC) /* a plan of a large cluster takes its time, and waits for others */
#define REMOTE_BODY_MAX ((size_t) 64 << 10) /* what the API takes (docs/api.md) */
#define UNIX_PREFIX     "unix:"
#define WATCH_USUAL     (2 * USEC_PER_SEC)
#define WATCH_LEAST     (200 * USEC_PER_MSEC)
#define WATCH_MOST      (3600 * USEC_PER_SEC)

typedef struct Remote {
        Invocation in;
        Arena arena;
        const char *base, *socket; /* base: "https://drs.example:9180" */
        const char *cluster;
        const char *output;    /* report: the file that the answer goes into, here */
        const char *plan_file; /* apply: the plan that is sent with it */
        json_t *words, *plan;
        usec_t interval; /* status --watch: asked again so often; 0: once */
} Remote;

/* ---- where it is, and who asks ---- */

static bool remote_is_loopback(const char *host) {
        static const char *const names[] = { "localhost", "127.0.0.1", "[::1]" };
        const size_t n = host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/");

        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                if (strlen(names[i]) == n && strncmp(names[i], host, n) == 0)
                        return true;
        return false;
}

static ExitStatus remote_where(Remote *remote, const char *url) {
        const size_t n = strlen(url);

        if (strncmp(url, UNIX_PREFIX, strlen(UNIX_PREFIX)) == 0 && url[strlen(UNIX_PREFIX)] == '/') {
                remote->socket = url + strlen(UNIX_PREFIX) + strspn(url + strlen(UNIX_PREFIX), "/") - 1;
                remote->base = "http://localhost";
                return EXIT_DONE;
        }
        if (strncmp(url, "https://", 8) == 0 ||
            (strncmp(url, "http://", 7) == 0 && remote_is_loopback(url + 7))) {
                remote->base = text_copy(&remote->arena, url, n > 0 && url[n - 1] == '/' ? n - 1 : n);
                return remote->base ? EXIT_DONE : command_complain(&remote->in, EXIT_FAILED, "out of memory");
        }
        return command_complain(
                &remote->in, EXIT_BAD_INPUT,
                "--api accepts unix:/PATH, https://HOST:PORT, or http:// of this machine, not %.80s", url);
}

/* From $PLIMSOLL_TOKEN, or the file that $PLIMSOLL_TOKEN_FILE names. NULL with EXIT_DONE: there is none. */
static ExitStatus remote_token(Remote *remote, const char **ret) {
        const char *token = getenv("PLIMSOLL_TOKEN"), *path = getenv("PLIMSOLL_TOKEN_FILE");
        TextFault fault = { 0 };
        size_t n;

        *ret = NULL;
        if (remote->socket || ((!token || !token[0]) && (!path || !path[0])))
                return EXIT_DONE;
        if (!token || !token[0]) {
                if (file_read(&remote->arena, path, &token, &n, &fault) < 0)
                        return command_complain_fault(&remote->in, EXIT_BAD_INPUT, path, &fault);
                token = text_copy(&remote->arena, token, strcspn(token, "\r\n"));
        }
        if (token && !text_is_line(token, strlen(token)))
                return command_complain(&remote->in, EXIT_BAD_INPUT, "the token is none: it is one line");
        *ret = token ? text_format(&remote->arena, "Authorization: Bearer %s", token) : NULL;
        return *ret ? EXIT_DONE : command_complain(&remote->in, EXIT_FAILED, "out of memory");
}

/* ---- what is asked ---- */

/* "--plan FILE" or "--plan=FILE" at argv[*i], which goes on past a word of its own. NULL: it is none. */
static const char *remote_plan(int argc, char **argv, int *i) {
        const char *word = argv[*i];

        if (strncmp(word, "--plan=", 7) == 0)
                return word + 7;
        if (strcmp(word, "--plan") != 0 || *i + 1 >= argc)
                return NULL;
        word = argv[++*i];
        return word ? word : "";
}

/* Read here, so that what is wrong with it is said with its name and place. */
static ExitStatus remote_read_plan(Remote *remote) {
        const PlanFile *plan = NULL;
        const char *text;
        TextFault fault = { 0 };
        size_t n;

        if (!remote->plan_file)
                return EXIT_DONE;
        if (file_read(&remote->arena, remote->plan_file, &text, &n, &fault) < 0 ||
            plan_file_parse(&remote->arena, text, n, &plan, &fault) < 0)
                return command_complain_fault(&remote->in, EXIT_BAD_INPUT, remote->plan_file, &fault);
        remote->plan = stored_json(text, n, JSON_REJECT_DUPLICATES, NULL);
        return remote->plan ? EXIT_DONE
                            : command_complain(&remote->in, EXIT_BAD_INPUT,
                                               "%s: a field stands there twice, or a number is too large",
                                               remote->plan_file);
}

/* As status --interval accepts it. 0 or -ERANGE. */
static int remote_interval(Remote *remote, const char *text) {
        usec_t interval = 0;

        if (duration_parse(text, &interval) < 0 || interval < WATCH_LEAST || interval > WATCH_MOST)
                return -ERANGE;
        remote->interval = interval;
        return 0;
}

/* "--output FILE", "--output=FILE", "-o FILE" or "-oFILE" at argv[*i], which goes on past a word of its own. NULL: it is none. */
static const char *remote_output(int argc, char **argv, int *i) {
        static const char option[] = "--output";
        const size_t n = sizeof(option) - 1;
        const char *word = argv[*i];

        if (strncmp(word, option, n) == 0 && word[n] == '=')
                return word + n + 1;
        if (strncmp(word, "-o", 2) == 0 && word[2])
                return word + 2;
        if ((strcmp(word, option) != 0 && strcmp(word, "-o") != 0) || *i + 1 >= argc)
                return NULL;
        word = argv[++*i];
        return word ? word : "";
}

/* The cluster is the service's to know, and stands in the address; a file is written here: no service writes one for others.
 * -EINVAL: no UTF-8; -ERANGE: no interval. */
static int remote_words(Remote *remote, int argc, char **argv) {
        const bool status = strcmp(argv[0], "status") == 0;
        const bool writes = strcmp(argv[0], "report") == 0, applies = strcmp(argv[0], "apply") == 0;
        bool options = true;
        int r = 0;
        const char *output, *plan;

        remote->words = json_array();
        for (int i = 1; i < argc && r == 0; i++) {
                options = options && strcmp(argv[i], "--") != 0;
                output = options && writes ? remote_output(argc, argv, &i) : NULL;
                plan = options && applies ? remote_plan(argc, argv, &i) : NULL;
                if (output)
                        remote->output = output;
                else if (plan)
                        remote->plan_file = plan;
                else if (options && strncmp(argv[i], "--cluster=", 10) == 0)
                        remote->cluster = argv[i] + 10;
                else if (options && strcmp(argv[i], "--cluster") == 0 && i + 1 < argc)
                        remote->cluster = argv[++i];
                else if (options && status && (strcmp(argv[i], "--watch") == 0 || strcmp(argv[i], "-w") == 0))
                        remote->interval = remote->interval > 0 ? remote->interval : WATCH_USUAL;
                else if (options && status && strncmp(argv[i], "--interval", 10) == 0)
                        r = remote_interval(remote, argv[i][10] == '=' ? argv[i] + 11
                                                    : argv[i + 1]      ? argv[++i]
                                                                       : "");
                else if (json_array_append_new(remote->words, json_string(argv[i])) < 0)
                        return -EINVAL;
                remote->in.json |= options && strcmp(argv[i], "--json") == 0;
        }
        return r;
}

static ExitStatus remote_ask(Remote *remote, const char *command, HttpReply *ret) {
        Arena *a = &remote->arena;
        const char *token = NULL, *ca = getenv("PLIMSOLL_API_CA");
        ExitStatus status = remote_token(remote, &token);
        json_t *body = json_pack("{s:O, s:O*}", "words", remote->words, "plan", remote->plan);
        char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
        const char *const headers[] = { token, NULL };
        HttpRequest request = { .body = text,
                                .content_type = "application/json",
                                .headers = headers,
                                .ca_file = ca && ca[0] ? ca : NULL,
                                .unix_socket = remote->socket,
                                .timeout = REMOTE_TIMEOUT };
        TextFault fault = { 0 };
        int r = 0;

        if (status == EXIT_DONE && text && strlen(text) > REMOTE_BODY_MAX)
                status = command_complain(
                        &remote->in, EXIT_BAD_INPUT,
                        "%s is too large: a service accepts 64 KiB from afar, and this is %zu KiB. Use "
                        "--redis URL, or plan fewer moves at a time (--max-moves)",
                        remote->plan_file ? remote->plan_file : "the command", (strlen(text) + 1023) / 1024);
        if (status == EXIT_DONE) {
                request.url = text_format(a, "%s/api/v1/commands/%s%s%s", remote->base,
                                          http_escape(a, command), remote->cluster ? "?cluster=" : "",
                                          remote->cluster ? http_escape(a, remote->cluster) : "");
                r = text && request.url ? http_request(a, &request, ret, &fault) : -ENOMEM;
        }
        json_decref(body);
        free(text);
        if (r < 0)
                status = command_complain(&remote->in, EXIT_FAILED, "%s",
                                          r == -ENOMEM ? "out of memory" : fault.what);
        return status;
}

/* ---- what it says ---- */

static ExitStatus remote_refused(const Remote *remote, long code, const char *detail) {
        return command_complain(&remote->in,
                                code == 409                                               ? EXIT_BLOCKED
                                : code >= 400 && code < 500 && code != 401 && code != 403 ? EXIT_BAD_INPUT
                                                                                          : EXIT_FAILED,
                                "the service answers: %.400s",
                                detail ? detail : "nothing that is understood");
}

/* What it printed, where it is wanted. A command that failed wrote none. */
static ExitStatus remote_write(const Remote *remote, const RemoteReply *said) {
        const ExitStatus status = (ExitStatus) said->exit;
        TextFault fault = { 0 };

        if (!remote->output || status == EXIT_FAILED || status == EXIT_BAD_INPUT) {
                out_lines(remote->in.out.out, said->out);
                return status;
        }
        if (file_write(remote->output, said->out, strlen(said->out), &fault) < 0)
                return command_complain_fault(&remote->in, EXIT_FAILED, remote->output, &fault);
        if (strcmp(remote->output, "-") != 0)
                (void) out_say(remote->in.out.out, "report written to %s\n", remote->output);
        return status;
}

static ExitStatus remote_print(const Remote *remote, const HttpReply *reply) {
        RemoteReply said = { 0 };
        ExitStatus status;

        if (remote_reply_read(reply->body, reply->n, &said) == 0 && reply->status == 200 && said.out) {
                status = remote_write(remote, &said);
                (void) fflush(remote->in.out.out);
                out_lines(remote->in.err.out, said.err);
        } else {
                status = remote_refused(remote, reply->status, said.detail);
        }
        remote_reply_free(&said);
        return status;
}

/* Asked and printed once. */
static ExitStatus remote_once(Remote *remote, const char *command) {
        HttpReply reply = { 0 };
        ExitStatus status = remote_ask(remote, command, &reply);

        if (status == EXIT_DONE && remote->interval > 0 && remote->in.out.live)
                (void) fputs("\033[H\033[J", remote->in.out.out);
        return status == EXIT_DONE ? remote_print(remote, &reply) : status;
}

/* Until Ctrl-C. A service that is away for a moment is said, and asked again; not one that refuses the first time. */
static ExitStatus remote_watch(Remote *remote, const char *command) {
        bool answered = false;

        stop_signal_watch();
        while (stop_signal_count() == 0 && !ferror(remote->in.out.out)) {
                const ArenaMark mark = arena_mark(&remote->arena);
                const ExitStatus status = remote_once(remote, command);

                answered |= status == EXIT_DONE || status == EXIT_BLOCKED;
                if (!answered)
                        return status;
                arena_rewind(&remote->arena, mark);
                clock_sleep(remote->interval);
        }
        return EXIT_DONE;
}

ExitStatus remote_run(const char *url, int argc, char **argv, FILE *out, FILE *err) {
        Remote remote = {
                .in = { .program = "plimsoll --api", .out = screen_of(out), .err = screen_of(err) }
        };
        ExitStatus status;
        int r = 0;

        if (argc < 1)
                return command_complain(&remote.in, EXIT_BAD_INPUT, "no command given (see plimsoll help)");
        if (arena_open(REMOTE_MEMORY, &remote.arena) < 0)
                return command_complain(&remote.in, EXIT_FAILED, "out of memory");
        remote.in.arena = &remote.arena;
        status = remote_where(&remote, url);
        if (status == EXIT_DONE)
                r = remote_words(&remote, argc, argv);
        if (r < 0)
                status = command_complain(
                        &remote.in, EXIT_BAD_INPUT, "%s",
                        r == -ERANGE ? "--interval accepts a time with its unit, from 200ms to 1h"
                                     : "a word is no UTF-8");
        if (status == EXIT_DONE)
                status = remote_read_plan(&remote);
        if (status == EXIT_DONE)
                status = remote.interval > 0 ? remote_watch(&remote, argv[0]) : remote_once(&remote, argv[0]);
        json_decref(remote.words);
        json_decref(remote.plan);
        arena_close(&remote.arena);
        return status;
}
