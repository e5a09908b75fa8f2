/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/api/api_exec.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/app/api/api_body.h"
#include "scheduler/app/api/api_routes.h"
#include "scheduler/app/commands/command.h"
#include "scheduler/app/state/host_mark.h"
#include "scheduler/app/terminal/json_print.h"
#include "scheduler/base/text.h"

#define WORDS_MAX 160
#define KEPT_MAX  32
#define KEPT_FOR  USEC_PER_SEC /* at least */
#define KEPT_MOST (10 * USEC_PER_SEC)
#define KEPT_TIMES                                                                                           \
        20 /* as long as it took to make: so that who asks all the time takes a twentieth of a core at most */
#define TEXT_LEAST                                                                                           \
        ((size_t) 2 << 20) /* from here on text is kept: as values in memory it is ten times as large */
#define BLOCKS_MOST 20
#define ERROR_NAME  "plimsoll.error/1"

/* ---- which cluster ---- */

const char *api_exec_cluster(ApiCall *call) {
        const char *wanted = api_call_query(call, "cluster"), *found = NULL;
        ClusterView *list = NULL;
        uint32_t n = 0;

        if (metrics_board_look(call->board, &list, &n) < 0) {
                api_reply_problem(call, 503, "out of memory");
                return NULL;
        }
        for (uint32_t i = 0; i < n && !found; i++)
                if (wanted ? strcmp(list[i].name, wanted) == 0 : n == 1)
                        found = text_copy(call->arena, list[i].name, strlen(list[i].name));
        metrics_board_done(call->board, list, n);
        if (!found && wanted)
                api_reply_problem(call, 404, "no cluster %.100s is served here (/api/v1/clusters)", wanted);
        else if (!found)
                api_reply_problem(call, n == 0 ? 503 : 400,
                                  "%u clusters are served here: say which, ?cluster=NAME", n);
        return found;
}

/* ---- a command ---- */

typedef struct Exec {
        char *words[WORDS_MAX + 1];
        int n;
        char *out, *err;
        size_t n_out, n_err;
        int status;
} Exec;

static bool api_exec_add(Exec *exec, char *word) {
        if (!word || exec->n == WORDS_MAX)
                return false;
        exec->words[exec->n++] = word;
        return true;
}

static bool api_exec_knows(const Command *c, const char *option) {
        for (const OptionDef *d = c->options; d && d->name; d++)
                if (strcmp(d->name, option) == 0)
                        return true;
        return false;
}

/* Where the store is comes after what the service was started with, so that it is the service's own. */
static bool api_exec_words(ApiCall *call, const char *cluster, const char *const *words, bool as_json,
                           Exec *exec) {
        const Command *c = command_find(words[0]);
        char url[METRICS_STORE_SIZE];
        bool fits = c && api_exec_add(exec, text_copy(call->arena, words[0], strlen(words[0]))) &&
                    (!as_json || api_exec_add(exec, text_copy(call->arena, "--json", 6)));

        for (uint32_t i = 0; fits && i < call->n_common; i++)
                fits = api_exec_add(exec, text_copy(call->arena, call->common[i], strlen(call->common[i])));
        if (fits && api_exec_knows(c, "redis") && metrics_board_store(call->board, cluster, url))
                fits = api_exec_add(exec, text_format(call->arena, "--redis=%s", url));
        explicit_bzero(url, sizeof(url));
        if (fits && api_exec_knows(c, "cluster"))
                fits = api_exec_add(exec, text_format(call->arena, "--cluster=%s", cluster));
        for (uint32_t i = 1; fits && words[i]; i++)
                fits = api_exec_add(exec, text_copy(call->arena, words[i], strlen(words[i])));
        exec->words[exec->n] = NULL;
        return fits;
}

static int api_exec_run(Exec *exec) {
        FILE *out = open_memstream(&exec->out, &exec->n_out), *err = open_memstream(&exec->err, &exec->n_err);

        if (out && err)
                exec->status = command_call(exec->n, exec->words, out, err);
        if (out)
                (void) fclose(out);
        if (err)
                (void) fclose(err);
        return out && err && exec->out && exec->err ? 0 : -ENOMEM;
}

static void api_exec_end(Exec *exec) {
        free(exec->out);
        free(exec->err);
}

typedef struct KeptText {
        char *text;
        size_t n;
} KeptText;

/* What keeps it from being done, as the command names it. */
static void api_exec_blocked(ApiCall *call, const json_t *value, size_t most) {
        const json_t *list = json_object_get(value, "blocked_by"), *one;
        size_t i;

        json_array_foreach(list, i, one) {
                const char *kind = json_string_value(json_object_get(one, "kind")),
                           *name = json_string_value(json_object_get(one, "name")),
                           *why = json_string_value(json_object_get(one, "why"));

                if (i < most && kind)
                        api_reply_blocked(
                                call,
                                (ApiBlock){ .kind = text_copy(call->arena, kind, strlen(kind)),
                                            .name = name ? text_copy(call->arena, name, strlen(name)) : NULL,
                                            .why = why ? text_copy(call->arena, why, strlen(why)) : NULL });
        }
}

/* What it had against it, as a problem. A store that is away is none of the client's faults. */
static void api_exec_refused(ApiCall *call, const json_t *value, int status) {
        const char *what = json_string_value(json_object_get(value, "error"));
        const bool is_of_path = strchr(call->route->pattern, '{') != NULL;

        if (what && json_array_size(json_object_get(value, "blocked_by")) > 0) {
                api_reply_problem(call, status == EXIT_FAILED ? 503 : 409, "%s", what);
                api_exec_blocked(call, value, BLOCKS_MOST);
                return;
        }
        if (status == EXIT_BAD_INPUT && what && api_body_blamed(call, what))
                return;
        if (status == EXIT_BAD_INPUT)
                api_reply_problem(call, is_of_path ? 404 : 400, "%s", what ? what : "it was refused");
        else
                api_reply_problem(call, status == EXIT_BLOCKED ? 409 : 503, "%s",
                                  what ? what : "it cannot be done now");
}

/* ret_text: what it printed, the caller's to be freed, where that is much; NULL: not wanted. */
static int api_exec_call(ApiCall *call, const char *cluster, const char *const *words, json_t **ret,
                         int *ret_exit, KeptText *ret_text) {
        Exec exec = { .status = EXIT_FAILED };
        const char *schema;
        json_t *value;
        int r = api_exec_words(call, cluster, words, true, &exec) ? api_exec_run(&exec) : -ENOMEM;

        if (r < 0) {
                api_exec_end(&exec);
                return r;
        }
        value = json_loadb(exec.out, exec.n_out, JSON_ALLOW_NUL, NULL);
        if (!value && exec.status == EXIT_DONE) /* done, and nothing to be said of it, or in words alone */
                value = json_done();
        schema = json_string_value(json_object_get(value, "schema"));
        if (value && schema && strcmp(schema, ERROR_NAME) != 0 && exec.status != EXIT_FAILED &&
            exec.status != EXIT_BAD_INPUT) {
                *ret = value;
                *ret_exit = exec.status;
                if (ret_text && exec.n_out > TEXT_LEAST) {
                        *ret_text = (KeptText){ exec.out, exec.n_out };
                        exec.out = NULL;
                }
        } else {
                api_exec_refused(call, value, exec.status);
                json_decref(value);
                r = 1;
        }
        api_exec_end(&exec);
        return r;
}

/* ---- what is kept for a second ---- */

typedef struct KeptAnswer {
        char *key;
        json_t *value; /* never changed: whoever gets it gets a reference; NULL: it is large, and kept as text */
        KeptText text;
        usec_t at, until, as_of;
} KeptAnswer;

static KeptAnswer api_exec_kept[KEPT_MAX];
static pthread_mutex_t api_exec_lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t api_exec_era; /* how often all was forgotten: what was being made then is not kept */

static void api_exec_drop(KeptAnswer *kept) {
        free(kept->key);
        free(kept->text.text);
        json_decref(kept->value);
        *kept = (KeptAnswer){ 0 };
}

void api_exec_forget(void) {
        (void) pthread_mutex_lock(&api_exec_lock);
        for (unsigned i = 0; i < KEPT_MAX; i++)
                api_exec_drop(&api_exec_kept[i]);
        api_exec_era++;
        (void) pthread_mutex_unlock(&api_exec_lock);
}

/* What is read from several is fresh as long as the first of them that is not. */
static void api_exec_fresh(ApiCall *call, usec_t until) {
        if (call->fresh_until == 0 || until < call->fresh_until)
                call->fresh_until = until;
}

/* Parsed beside the lock: it takes tens of milliseconds. */
static json_t *api_exec_parsed(const KeptText *text) {
        json_t *value = text->text ? json_loadb(text->text, text->n, JSON_ALLOW_NUL, NULL) : NULL;

        free(text->text);
        return value;
}

static char *api_exec_copy(const KeptText *text) {
        char *copy = text->text ? malloc(text->n) : NULL;

        if (copy)
                memcpy(copy, text->text, text->n);
        return copy;
}

static json_t *api_exec_find(ApiCall *call, const char *key, usec_t now, usec_t *ret_as_of) {
        KeptText text = { 0 };
        json_t *found = NULL;

        (void) pthread_mutex_lock(&api_exec_lock);
        for (unsigned i = 0; i < KEPT_MAX && !found && !text.text; i++)
                if (api_exec_kept[i].key && now < api_exec_kept[i].until &&
                    strcmp(api_exec_kept[i].key, key) == 0) {
                        found = json_incref(api_exec_kept[i].value);
                        text = (KeptText){ api_exec_copy(&api_exec_kept[i].text), api_exec_kept[i].text.n };
                        api_exec_fresh(call, api_exec_kept[i].until);
                        *ret_as_of = api_exec_kept[i].as_of;
                }
        (void) pthread_mutex_unlock(&api_exec_lock);
        if (!found)
                return api_exec_parsed(&text);
        free(text.text); /* one of the two is kept */
        return found;
}

static uint64_t api_exec_era_now(void) {
        uint64_t era;

        (void) pthread_mutex_lock(&api_exec_lock);
        era = api_exec_era;
        (void) pthread_mutex_unlock(&api_exec_lock);
        return era;
}

/* `made` has when it was begun, as of when it is, and its text where that is kept, which goes into its place. What is too old goes, so that it does not stay where nobody asks for it. */
static void api_exec_keep(ApiCall *call, const char *key, json_t *value, KeptAnswer *made, uint64_t era) {
        KeptAnswer *oldest = &api_exec_kept[0];
        const usec_t now = clock_monotonic(), wanted = KEPT_TIMES * (now - made->at),
                     length = wanted < KEPT_FOR    ? KEPT_FOR
                              : wanted > KEPT_MOST ? KEPT_MOST
                                                   : wanted;

        (void) pthread_mutex_lock(&api_exec_lock);
        for (unsigned i = 0; i < KEPT_MAX; i++)
                if (api_exec_kept[i].until <= now)
                        api_exec_drop(&api_exec_kept[i]);
        for (unsigned i = 0; i < KEPT_MAX; i++)
                if (api_exec_kept[i].at < oldest->at)
                        oldest = &api_exec_kept[i];
        if (era == api_exec_era) {
                api_exec_fresh(call, now + length);
                api_exec_drop(oldest);
                *oldest = (KeptAnswer){ .key = strdup(key),
                                        .value = made->text.text ? NULL : json_incref(value),
                                        .text = made->text,
                                        .at = now,
                                        .until = now + length,
                                        .as_of = made->as_of };
                made->text = (KeptText){ 0 };
        }
        (void) pthread_mutex_unlock(&api_exec_lock);
        free(made->text.text);
}

/* One look at a time: who waits for the same finds what the one before has made, and rounds keep the other cores. What plans for
 * itself has a thread of its own (api_route_plans()), and no look waits for it. */
static pthread_mutex_t api_exec_one = PTHREAD_MUTEX_INITIALIZER;

static int api_exec_make(ApiCall *call, const char *cluster, const char *const *words, const char *key,
                         json_t **ret, usec_t *ret_as_of) {
        KeptAnswer made = { .at = clock_monotonic(), .as_of = clock_now() };
        const uint64_t era = api_exec_era_now();
        int status, r;

        *ret = api_exec_find(call, key, made.at, ret_as_of);
        if (*ret)
                return 0;
        r = api_exec_call(call, cluster, words, ret, &status, &made.text);
        if (r == 0) {
                *ret_as_of = made.as_of;
                api_exec_keep(call, key, *ret, &made, era);
        }
        return r;
}

int api_exec_read(ApiCall *call, const char *cluster, const char *const *words, json_t **ret,
                  usec_t *ret_as_of) {
        char *key = text_format(call->arena, "%s", cluster);
        int r;

        for (uint32_t i = 0; key && words[i]; i++)
                key = text_format(call->arena, "%s\n%s", key, words[i]);
        if (!key)
                return -ENOMEM;
        *ret = api_exec_find(call, key, clock_monotonic(), ret_as_of);
        if (*ret)
                return 0;
        if (api_route_plans(call->route))
                return api_exec_make(call, cluster, words, key, ret, ret_as_of);
        (void) pthread_mutex_lock(&api_exec_one);
        r = api_exec_make(call, cluster, words, key, ret, ret_as_of);
        (void) pthread_mutex_unlock(&api_exec_one);
        return r;
}

static void api_exec_operator(const ApiCall *call) {
        char who[128];

        (void) snprintf(who, sizeof(who), "%.79s (%s, API request %s)", call->who, api_role_names[call->role],
                        call->id);
        operator_use(who);
}

int api_exec_write(ApiCall *call, const char *cluster, const char *const *words, json_t **ret,
                   int *ret_exit) {
        int r;

        api_exec_operator(call);
        r = api_exec_call(call, cluster, words, ret, ret_exit, NULL);
        operator_use(NULL);
        api_exec_forget();
        return r;
}

int api_exec_print(ApiCall *call, const char *cluster, const char *const *words, bool changes, json_t **ret) {
        Exec exec = { .status = EXIT_FAILED };
        int r;

        api_exec_operator(call); /* a report names who made it */
        r = api_exec_words(call, cluster, words, false, &exec) ? api_exec_run(&exec) : -ENOMEM;
        operator_use(NULL);
        if (changes)
                api_exec_forget();
        if (r == 0) {
                *ret = json_pack("{s:s, s:i, s:s#, s:s#}", "schema", "plimsoll.command/1", "exit",
                                 exec.status, "out", exec.out, (int) exec.n_out, "err", exec.err,
                                 (int) exec.n_err);
                r = *ret ? 0 : -ENOMEM;
        }
        api_exec_end(&exec);
        return r;
}

int api_exec_reply(ApiCall *call, unsigned status, const json_t *value) {
        char *text = NULL, *copy = NULL;
        size_t n = 0;
        FILE *out = open_memstream(&text, &n);
        int r = out ? json_print(json_incref((json_t *) value), out) : -ENOMEM;

        if (out && fclose(out) != 0 && r == 0)
                r = -ENOMEM;
        if (r == 0)
                copy = text_copy(call->arena, text, n);
        free(text);
        if (!copy)
                return -ENOMEM;
        api_reply_text(call, status, API_TYPE_JSON, copy, n);
        return 0;
}
