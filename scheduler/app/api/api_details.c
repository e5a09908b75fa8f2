/* SPDX-License-Identifier: Apache-2.0 */
/* One host or one VM with all that is known of it, and the moves whose end is not recorded with their progress. */
#include <errno.h>
#include <string.h>

#include "scheduler/app/api/api_answer.h"
#include "scheduler/app/api/api_exec.h"
#include "scheduler/app/api/api_list.h"
#include "scheduler/app/api/api_routes.h"
#include "scheduler/base/text.h"
#include "scheduler/snapshot/json/json_value.h"

/* One element as an object of its own, with what each answer has. NULL: the reply says that there is none. */
static json_t *api_detail_begin(ApiCall *call, const char *schema, const char *cluster, const json_t *list,
                                usec_t as_of) {
        const json_t *one = api_answer_named(list, "name", call->params[0]);
        json_t *o;

        if (!one) {
                api_reply_problem(call, 404, "%.200s not found in cluster %.100s", call->params[0], cluster);
                return NULL;
        }
        o = json_pack("{s:s, s:s, s:o}", "schema", schema, "cluster", cluster, "as_of", json_instant(as_of));
        if (o)
                (void) json_object_update(o, (json_t *) one);
        return o;
}

/* Elements of a list of which one of two members is that name. */
static json_t *api_detail_of(const json_t *list, const char *key, const char *other, const char *name) {
        json_t *found = json_array();

        for (size_t i = 0; i < json_array_size(list); i++) {
                const json_t *item = json_array_get(list, i);
                const char *one = json_string_value(json_object_get(item, key)),
                           *two = json_string_value(json_object_get(item, other));

                if ((one && strcmp(one, name) == 0) || (two && strcmp(two, name) == 0))
                        (void) json_array_append(found, (json_t *) item);
        }
        return found;
}

static json_t *api_detail_one(const json_t *list, const char *key, const char *name) {
        json_t *one = api_answer_named(list, key, name);

        return one ? json_incref(one) : json_null();
}

static json_t *api_detail_live(const json_t *status) {
        return json_object_get(json_object_get(status, "service"), "moves");
}

/* ---- a host ---- */

typedef struct HostParts {
        const char *cluster;
        json_t *status, *snapshot, *maintenance, *faults;
        usec_t as_of;
} HostParts;

static int api_detail_host_read(ApiCall *call, HostParts *parts) {
        usec_t at;
        int r = api_answer_value(call, api_words_status, &parts->cluster, &parts->status, &parts->as_of);

        if (r == 0)
                r = api_answer_value(call, api_words_snapshot, &parts->cluster, &parts->snapshot, &at);
        if (r == 0)
                r = api_answer_value(call, api_words_maintenance, &parts->cluster, &parts->maintenance, &at);
        if (r == 0)
                r = api_answer_value(call, api_words_faults, &parts->cluster, &parts->faults, &at);
        return r;
}

int api_get_host(ApiCall *call) {
        const char *name = call->params[0];
        HostParts parts = { 0 };
        json_t *o;
        int r = api_detail_host_read(call, &parts);

        if (r == 0) {
                o = api_detail_begin(call, "plimsoll.host/1", parts.cluster,
                                     json_object_get(parts.status, "hosts"), parts.as_of);
                if (o) {
                        (void) json_object_set_new(
                                o, "vms",
                                api_detail_of(json_object_get(parts.snapshot, "vms"), "host", "", name));
                        (void) json_object_set_new(
                                o, "moves", api_detail_of(api_detail_live(parts.status), "from", "to", name));
                        (void) json_object_set_new(
                                o, "maintenance",
                                api_detail_one(json_object_get(parts.maintenance, "hosts"), "name", name));
                        (void) json_object_set_new(
                                o, "faults",
                                api_detail_one(json_object_get(parts.faults, "hosts"), "host", name));
                        r = api_exec_reply(call, 200, o);
                        json_decref(o);
                }
        }
        json_decref(parts.status);
        json_decref(parts.snapshot);
        json_decref(parts.maintenance);
        json_decref(parts.faults);
        return r < 0 ? r : 0;
}

/* ---- a VM ---- */

int api_get_vm(ApiCall *call) {
        const char *name = call->params[0], *cluster;
        json_t *status = NULL, *snapshot = NULL, *o;
        usec_t as_of, at;
        int r = api_answer_value(call, api_words_snapshot, &cluster, &snapshot, &as_of);

        if (r == 0)
                r = api_answer_value(call, api_words_status, &cluster, &status, &at);
        if (r == 0) {
                o = api_detail_begin(call, "plimsoll.vm/1", cluster, json_object_get(snapshot, "vms"), as_of);
                if (o) {
                        (void) json_object_set_new(o, "move",
                                                   api_detail_one(api_detail_live(status), "vm", name));
                        (void) json_object_set_new(
                                o, "waits",
                                api_detail_one(json_object_get(status, "vms_that_wait"), "vm", name));
                        (void) json_object_set_new(
                                o, "recent",
                                api_detail_of(json_object_get(status, "recent"), "vm", "", name));
                        r = api_exec_reply(call, 200, o);
                        json_decref(o);
                }
        }
        json_decref(status);
        json_decref(snapshot);
        return r < 0 ? r : 0;
}

/* ---- moves ---- */

/* What the journal has of it, and beside it how it goes. */
int api_get_moves(ApiCall *call) {
        const char *cluster;
        json_t *status = NULL, *journal = NULL, *list = json_array();
        const json_t *open;
        usec_t as_of, at;
        int r = api_answer_value(call, api_words_journal, &cluster, &journal, &as_of);

        if (r == 0)
                r = api_answer_value(call, api_words_status, &cluster, &status, &at);
        open = json_object_get(journal, "open");
        for (size_t i = 0; r == 0 && i < json_array_size(open); i++) {
                const json_t *one = json_array_get(open, i);
                const char *vm = json_string_value(json_object_get(one, "vm"));
                json_t *move = json_copy((json_t *) one),
                       *live = vm ? api_answer_named(api_detail_live(status), "vm", vm) : NULL,
                       *kind = json_object_get(live, "kind");

                (void) json_object_set_new(move, "kind", kind ? json_incref(kind) : json_null());
                (void) json_object_set_new(move, "progress", live ? json_incref(live) : json_null());
                (void) json_array_append_new(list, move);
        }
        if (r == 0)
                r = api_list_reply(call, cluster, list, as_of, "vm from to at kind", "");
        json_decref(list);
        json_decref(status);
        json_decref(journal);
        return r < 0 ? r : 0;
}
