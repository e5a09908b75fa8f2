/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/facts/silent_store.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "scheduler/store/store_unread.h"
#include "scheduler/store/stored_json.h"

static json_t *silent_store_json(const SilentHosts *silent) {
        json_t *o = json_object();

        for (uint32_t i = 0; i < silent->n; i++) {
                const SilentHost *host = &silent->at[i];

                (void) json_object_set_new(o, host->name,
                                           host->text ? json_pack("{s:s%}", "report", host->text, host->n)
                                                      : json_pack("{s:s}", "error", host->error));
        }
        return o;
}

int silent_store_write(const SilentHosts *silent, const Leadership *l, Arena *a, usec_t keep) {
        const char *text = NULL;
        size_t n = 0;
        int r = silent->n > 0 ? stored_json_text(a, silent_store_json(silent), &text, &n) : 1;

        return r > 0 ? 0 : r < 0 ? r : store_lead_state(l->store, l->token, SILENT_STORE_NAME, text, n, keep);
}

/* 0; -ENOMEM; 1: it says nothing of a host. */
static int silent_store_host(Arena *a, const char *name, json_t *o, SilentHost *ret) {
        const char *report = json_string_value(json_object_get(o, "report")),
                   *error = json_string_value(json_object_get(o, "error"));

        if (!report == !error || !text_is_name(name, strlen(name)))
                return 1;
        *ret = (SilentHost){ .name = text_copy(a, name, strlen(name)) };
        if (report) {
                ret->n = strlen(report);
                ret->text = text_copy(a, report, ret->n);
        } else {
                ret->error = text_copy(a, error, strlen(error));
        }
        return ret->name && (ret->text || ret->error) ? 0 : -ENOMEM;
}

int silent_store_parse(Arena *a, const char *text, size_t n, SilentHosts *ret) {
        json_t *o = stored_json(text, n, JSON_REJECT_DUPLICATES, NULL), *one;
        SilentHost *list = json_is_object(o) ? arena_new(a, SilentHost, json_object_size(o)) : NULL;
        const char *name;
        uint32_t kept = 0;
        int r = !json_is_object(o) ? -EBADMSG : list ? 0 : -ENOMEM;

        *ret = (SilentHosts){ 0 };
        if (r == 0)
                json_object_foreach(o, name, one) {
                        const int k = r < 0 ? 1 : silent_store_host(a, name, one, &list[kept]);

                        r = k < 0 ? k : r;
                        kept += k == 0;
                }
        json_decref(o);
        if (r == 0)
                *ret = (SilentHosts){ .at = list, .n = kept };
        return r;
}

int silent_store_recall(Store *store, Arena *a, const Settings *settings, const BuildInput *in,
                        const Snapshot *s, Strings open, SilentReadings *ret) {
        SilentHosts silent = { 0 };
        const char *text = NULL;
        size_t n = 0;
        int r = store_get_state(store, a, SILENT_STORE_NAME, &text, &n);

        if (r == 0)
                r = silent_store_parse(a, text, n, &silent);
        if (r == -EBADMSG)
                store_unread_add(store, KEY_STATE, SILENT_STORE_NAME, "hosts without agent are not seen");
        r = r == 1 || r == -EBADMSG ? 0 : r;
        return r < 0 ? r : silent_hosts_recall(&silent, a, settings, in, s, open, ret);
}
