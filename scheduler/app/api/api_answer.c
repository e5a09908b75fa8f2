/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/api/api_answer.h"

#include <string.h>

#include "scheduler/app/api/api_exec.h"

json_t *api_answer_named(const json_t *list, const char *key, const char *name) {
        for (size_t i = 0; i < json_array_size(list); i++) {
                const char *own = json_string_value(json_object_get(json_array_get(list, i), key));

                if (own && strcmp(own, name) == 0)
                        return json_array_get(list, i);
        }
        return NULL;
}

const char *const api_words_status[] = { "status", "--all", NULL };
const char *const api_words_snapshot[] = { "snapshot", NULL };
const char *const api_words_confirm[] = { "confirm", NULL };
const char *const api_words_maintenance[] = { "maintenance", "status", NULL };
const char *const api_words_faults[] = { "faults", NULL };
const char *const api_words_journal[] = { "journal", NULL };

int api_answer_value(ApiCall *call, const char *const *words, const char **ret_cluster, json_t **ret,
                     usec_t *ret_as_of) {
        *ret_cluster = api_exec_cluster(call);
        return *ret_cluster ? api_exec_read(call, *ret_cluster, words, ret, ret_as_of) : 1;
}

int api_answer_whole(ApiCall *call, const char *const *words) {
        const char *cluster;
        json_t *value = NULL;
        usec_t as_of;
        int r = api_answer_value(call, words, &cluster, &value, &as_of);

        if (r == 0)
                r = api_exec_reply(call, 200, value);
        json_decref(value);
        return r < 0 ? r : 0;
}
