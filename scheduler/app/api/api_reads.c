/* SPDX-License-Identifier: Apache-2.0 */
/* What may be read: each answer is the JSON of a command, whole, or one of its lists page by page. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/app/api/api_exec.h"
#include "scheduler/app/api/api_routes.h"
#include "scheduler/base/sha256.h"
#include "scheduler/base/text.h"
#include "scheduler/model/bounds.h"
#include "scheduler/snapshot/json/json_value.h"

#define LIMIT_USUAL 100
#define LIMIT_MAX   500
#define NEXT_PREFIX "n"
#define WORDS_MOST  8

/* ---- pages ---- */

static bool api_read_number(ApiCall *call, const char *name, const char *prefix, int64_t *io) {
        const char *text = api_call_query(call, name);
        const size_t n = strlen(prefix);

        if (!text || (strncmp(text, prefix, n) == 0 &&
                      text_to_int(text + n, strlen(text + n), 0, bound_of(BOUND_STORED), io) == 0 &&
                      (*prefix || (*io > 0 && *io <= LIMIT_MAX))))
                return true;
        api_reply_problem(call, 400, "%s=%.60s: accepted is %s", name, text,
                          *prefix ? "what the last page called next" : "1 to 500");
        return false;
}

/* {"schema", "cluster", "as_of", "total", "limit", "next", "items"} */
static int api_read_page(ApiCall *call, const char *cluster, const json_t *items, usec_t as_of) {
        int64_t limit = LIMIT_USUAL, from = 0;
        const size_t total = json_array_size(items);
        json_t *page = json_object(), *list = json_array();
        char next[32];
        int r = 0;

        if (api_read_number(call, "limit", "", &limit) && api_read_number(call, "next", NEXT_PREFIX, &from)) {
                for (size_t i = (size_t) from; i < total && i < (size_t) (from + limit); i++)
                        (void) json_array_append(list, json_array_get(items, i));
                (void) snprintf(next, sizeof(next), NEXT_PREFIX "%lld", (long long) from + limit);
                (void) json_object_set_new(page, "schema", json_string("plimsoll.list/1"));
                (void) json_object_set_new(page, "cluster", json_string(cluster));
                (void) json_object_set_new(page, "as_of", json_instant(as_of));
                (void) json_object_set_new(page, "total", json_integer((json_int_t) total));
                (void) json_object_set_new(page, "limit", json_integer(limit));
                (void) json_object_set_new(page, "next",
                                           (size_t) (from + limit) < total ? json_string(next) : json_null());
                (void) json_object_set(page, "items", list);
                r = api_exec_reply(call, 200, page);
        }
        json_decref(list);
        json_decref(page);
        return r;
}

/* ---- what a command says ---- */

/* 0: *ret is the caller's; 1: the reply says what is in the way; a negative errno. */
static int api_read_value(ApiCall *call, const char *const *words, const char **ret_cluster, json_t **ret,
                          usec_t *ret_as_of) {
        *ret_cluster = api_exec_cluster(call);
        return *ret_cluster ? api_exec_read(call, *ret_cluster, words, ret, ret_as_of) : 1;
}

/* Whole. */
static int api_read_whole(ApiCall *call, const char *const *words) {
        const char *cluster;
        json_t *value = NULL;
        usec_t as_of;
        int r = api_read_value(call, words, &cluster, &value, &as_of);

        if (r == 0)
                r = api_exec_reply(call, 200, value);
        json_decref(value);
        return r < 0 ? r : 0;
}

/* One of its lists, by pages. */
static int api_read_list(ApiCall *call, const char *const *words, const char *member) {
        const char *cluster;
        json_t *value = NULL;
        usec_t as_of;
        int r = api_read_value(call, words, &cluster, &value, &as_of);

        if (r == 0)
                r = json_is_array(json_object_get(value, member))
                            ? api_read_page(call, cluster, json_object_get(value, member), as_of)
                            : -EBADMSG;
        json_decref(value);
        return r < 0 ? r : 0;
}

/* One element of a list: the one that is called so. */
static json_t *api_read_named(const json_t *list, const char *key, const char *name) {
        for (size_t i = 0; i < json_array_size(list); i++) {
                const char *own = json_string_value(json_object_get(json_array_get(list, i), key));

                if (own && strcmp(own, name) == 0)
                        return json_array_get(list, i);
        }
        return NULL;
}

static int api_read_one(ApiCall *call, const char *const *words, const char *member, const char *key) {
        const char *cluster;
        json_t *value = NULL, *one;
        usec_t as_of;
        int r = api_read_value(call, words, &cluster, &value, &as_of);

        if (r == 0) {
                one = api_read_named(json_object_get(value, member), key, call->params[0]);
                if (one)
                        r = api_exec_reply(call, 200, one);
                else
                        api_reply_problem(call, 404, "%.200s not found in cluster %.100s", call->params[0],
                                          cluster);
        }
        json_decref(value);
        return r < 0 ? r : 0;
}

static const char *const words_of_status[] = { "status", "--all", NULL };
static const char *const words_of_snapshot[] = { "snapshot", NULL };
static const char *const words_of_confirm[] = { "confirm", NULL };

int api_get_status(ApiCall *call) {
        return api_read_whole(call, words_of_status);
}

int api_get_hosts(ApiCall *call) {
        return api_read_list(call, words_of_status, "hosts");
}

int api_get_host(ApiCall *call) {
        return api_read_one(call, words_of_status, "hosts", "name");
}

int api_get_vms(ApiCall *call) {
        return api_read_list(call, words_of_snapshot, "vms");
}

int api_get_vm(ApiCall *call) {
        return api_read_one(call, words_of_snapshot, "vms", "name");
}

int api_get_faults(ApiCall *call) {
        return api_read_list(call, (const char *const[]){ "faults", NULL }, "hosts");
}

int api_get_moves(ApiCall *call) {
        return api_read_list(call, (const char *const[]){ "journal", NULL }, "open");
}

int api_get_settings(ApiCall *call) {
        return api_read_whole(call, (const char *const[]){ "settings", "show", NULL });
}

int api_get_maintenance(ApiCall *call) {
        return api_read_whole(call, (const char *const[]){ "maintenance", "status", NULL });
}

int api_get_capacity(ApiCall *call) {
        const char *vcpus = api_call_query(call, "vcpus"), *memory = api_call_query(call, "memory");

        if (!vcpus || !memory) {
                api_reply_problem(call, 400, "needed are vcpus and memory: ?vcpus=2&memory=4GiB");
                return 0;
        }
        return api_read_whole(
                call, (const char *const[]){ "capacity", text_format(call->arena, "--vcpus=%s", vcpus),
                                             text_format(call->arena, "--memory=%s", memory), NULL });
}

/* A query's values go as the value of an option, or behind "--": none of them is an option. */
int api_get_explain(ApiCall *call) {
        const char *vm = api_call_query(call, "vm"), *host = api_call_query(call, "host");

        if (!vm) {
                api_reply_problem(call, 400, "needed is a VM: ?vm=NAME, and host=NAME for one host alone");
                return 0;
        }
        return api_read_whole(call, (const char *const[]){ "explain", "--", vm, host, NULL });
}

int api_get_audit(ApiCall *call) {
        static const char *const names[] = { "since", "vm", "host" };
        const char *words[WORDS_MOST] = { "audit" };
        uint32_t n = 1;

        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                const char *value = api_call_query(call, names[i]);

                if (value && !(words[n++] = text_format(call->arena, "--%s=%s", names[i], value)))
                        return -ENOMEM;
        }
        return api_read_list(call, words, "decisions");
}

/* ---- plans that wait ---- */

int api_get_plans(ApiCall *call) {
        return api_read_list(call, words_of_confirm, "plans");
}

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

int api_get_plan(ApiCall *call) {
        const char *cluster, *digest;
        json_t *value = NULL, *one;
        usec_t as_of;
        int r = api_read_value(call, words_of_confirm, &cluster, &value, &as_of);

        if (r == 0) {
                one = api_read_named(json_object_get(value, "plans"), "id", call->params[0]);
                digest = one ? api_plan_digest(call, one) : NULL;
                if (!one)
                        api_reply_problem(
                                call, 404,
                                "plan %.60s not found: it was answered, or it has expired (see audit)",
                                call->params[0]);
                else if (!digest || api_exec_reply(call, 200, one) < 0)
                        r = -ENOMEM;
                else
                        api_reply_header(call, "ETag", digest);
        }
        json_decref(value);
        return r < 0 ? r : 0;
}

/* ---- clusters ---- */

int api_get_clusters(ApiCall *call) {
        ClusterView *list = NULL;
        json_t *items = json_array(), *page = json_object();
        uint32_t n = 0;
        int r = metrics_board_look(call->board, &list, &n);

        for (uint32_t i = 0; r == 0 && i < n; i++) {
                const ClusterFigures *f = list[i].figures;

                (void) json_array_append_new(
                        items,
                        json_pack("{s:s, s:b, s:b, s:s?, s:s?}", "name", list[i].name, "leading",
                                  list[i].leads, "ready", list[i].not_ready[0] == '\0', "not_ready_why",
                                  list[i].not_ready[0] ? list[i].not_ready : NULL, "plan_status",
                                  f && f->status >= 0 ? plan_status_names[f->status] : NULL));
        }
        if (r == 0) {
                metrics_board_done(call->board, list, n);
                (void) json_object_set_new(page, "schema", json_string("plimsoll.clusters/1"));
                (void) json_object_set_new(page, "as_of", json_instant(clock_now()));
                (void) json_object_set_new(page, "total", json_integer(n));
                (void) json_object_set(page, "items", items);
                r = api_exec_reply(call, 200, page);
        }
        json_decref(items);
        json_decref(page);
        return r;
}
