/* SPDX-License-Identifier: Apache-2.0 */
/* What may be read: each answer is the JSON of a command, whole, or one of its lists page by page. */
#include <errno.h>
#include <stdio.h>

#include "scheduler/app/api/api_action.h"
#include "scheduler/app/api/api_answer.h"
#include "scheduler/app/api/api_exec.h"
#include "scheduler/app/api/api_list.h"
#include "scheduler/app/api/api_routes.h"
#include "scheduler/base/text.h"
#include "scheduler/snapshot/json/json_value.h"

#define WORDS_MOST 8

/* One of its lists, by pages. */
static int api_read_list(ApiCall *call, const char *const *words, const char *member, const char *sorts,
                         const char *not_filters) {
        const char *cluster;
        json_t *value = NULL;
        usec_t as_of;
        int r = api_answer_value(call, words, &cluster, &value, &as_of);

        if (r == 0)
                r = json_is_array(json_object_get(value, member))
                            ? api_list_reply(call, cluster, json_object_get(value, member), as_of, sorts,
                                             not_filters)
                            : -EBADMSG;
        json_decref(value);
        return r < 0 ? r : 0;
}

int api_get_status(ApiCall *call) {
        return api_answer_whole(call, api_words_status);
}

int api_get_hosts(ApiCall *call) {
        return api_read_list(
                call, api_words_status, "hosts",
                "name state vm_count cpu_used memory_used net_rx_used net_tx_used fault_grade seen_at above_load_line",
                "");
}

int api_get_vms(ApiCall *call) {
        return api_read_list(call, api_words_snapshot, "vms",
                             "name host state vcpus memory_mib cpu dirty_mib_s", "");
}

int api_get_faults(ApiCall *call) {
        return api_read_list(call, api_words_faults, "hosts", "host grade", "");
}

int api_get_settings(ApiCall *call) {
        return api_answer_whole(call, (const char *const[]){ "settings", "show", NULL });
}

int api_get_maintenance(ApiCall *call) {
        return api_answer_whole(call, api_words_maintenance);
}

/* The words of a command with some of the query as its options. 0; -ENOMEM. */
static int api_read_options(ApiCall *call, const char *const *names, size_t n, const char **words) {
        while (*words)
                words++;
        for (size_t i = 0; i < n; i++) {
                const char *value = api_call_query(call, names[i]);

                if (value && !(*words++ = text_format(call->arena, "--%s=%s", names[i], value)))
                        return -ENOMEM;
        }
        return 0;
}

int api_get_history(ApiCall *call) {
        static const char *const names[] = { "at", "host", "vm" };
        const char *words[WORDS_MOST] = { "status", api_call_query(call, "at") ? NULL : "--at=0s" };
        int r = api_read_options(call, names, ARRAY_SIZE(names), words);

        return r < 0 ? r : api_answer_whole(call, words);
}

int api_get_load_history(ApiCall *call) {
        return api_answer_whole(call, (const char *const[]){ "host", "history", NULL });
}

int api_get_host_history(ApiCall *call) {
        if (!api_action_is_name(call, call->params[0]))
                return 0;
        return api_answer_whole(call,
                                (const char *const[]){ "host", "history", "--", call->params[0], NULL });
}

int api_get_audit(ApiCall *call) {
        static const char *const names[] = { "since", "vm", "host" };
        const char *words[WORDS_MOST] = { "audit" };
        int r = api_read_options(call, names, ARRAY_SIZE(names), words);

        return r < 0 ? r
                     : api_read_list(call, words, "decisions", "at mode status seconds bytes",
                                     "since vm host");
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
