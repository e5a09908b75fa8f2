/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/round/vm_homes.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/model/bounds.h"
#include "scheduler/store/stored_json.h"

#define SCHEMA "plimsoll.homes/1"

static int vm_homes_by_vm(const void *left, const void *right) {
        const VmHome *x = left, *y = right;

        return strcmp(x->vm, y->vm);
}

static const VmHome *vm_homes_find(const VmHomes *homes, const char *vm) {
        const VmHome key = { .vm = vm };

        return homes->n > 0 ? bsearch(&key, homes->at, homes->n, sizeof(key), vm_homes_by_vm) : NULL;
}

/* ---- as text ---- */

static int vm_homes_one(Arena *a, const char *vm, const char *host, json_int_t gone_at, VmHome *ret) {
        if (!text_is_name(vm, strlen(vm)) || !host || !text_is_name(host, strlen(host)) || gone_at < 0 ||
            gone_at > bound_of(BOUND_STORED))
                return -EBADMSG;
        *ret = (VmHome){ .vm = text_copy(a, vm, strlen(vm)),
                         .host = text_copy(a, host, strlen(host)),
                         .gone_at = gone_at };
        return ret->vm && ret->host ? 0 : -ENOMEM;
}

static int vm_homes_read(Arena *a, json_t *o, VmHomes *ret) {
        const char *schema = NULL, *vm;
        json_t *vms = NULL, *gone = NULL, *one;
        json_int_t at = 0;
        VmHome *list;
        uint32_t n = 0;
        int r = 0;

        if (json_unpack(o, "{s:s, s:I, s:o, s:o}", "schema", &schema, "at", &at, "vms", &vms, "gone", &gone) <
                    0 ||
            strcmp(schema, SCHEMA) != 0 || !json_is_object(vms) || !json_is_object(gone) || at < 0 ||
            at > bound_of(BOUND_STORED) || json_object_size(vms) > VMS_MAX)
                return -EBADMSG;
        list = arena_new(a, VmHome, json_object_size(vms));
        if (!list)
                return -ENOMEM;
        json_object_foreach(vms, vm, one) {
                json_int_t gone_at = json_integer_value(json_object_get(gone, vm));

                r = r < 0 ? r : vm_homes_one(a, vm, json_string_value(one), gone_at, &list[n++]);
        }
        if (r < 0)
                return r;
        if (n > 0)
                qsort(list, n, sizeof(*list), vm_homes_by_vm);
        *ret = (VmHomes){ .at = list, .n = n, .written_at = at };
        return 0;
}

int vm_homes_parse(Arena *a, const char *text, size_t n, VmHomes *ret) {
        json_t *o = stored_json(text, n, JSON_REJECT_DUPLICATES, NULL);
        int r = o ? vm_homes_read(a, o, ret) : -EBADMSG;

        json_decref(o);
        return r;
}

int vm_homes_print(Arena *a, const VmHomes *homes, const char **ret, size_t *ret_n) {
        json_t *vms = json_object(), *gone = json_object(), *o;
        char *text;

        for (uint32_t i = 0; i < homes->n; i++) {
                (void) json_object_set_new(vms, homes->at[i].vm, json_string(homes->at[i].host));
                if (homes->at[i].gone_at > 0)
                        (void) json_object_set_new(gone, homes->at[i].vm, json_integer(homes->at[i].gone_at));
        }
        o = json_pack("{s:s, s:I, s:o, s:o}", "schema", SCHEMA, "at", (json_int_t) homes->written_at, "vms",
                      vms, "gone", gone);
        text = o ? json_dumps(o, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
        json_decref(o);
        if (!text)
                return -ENOMEM;
        *ret_n = strlen(text);
        *ret = text_copy(a, text, *ret_n);
        free(text);
        return *ret ? 0 : -ENOMEM;
}

/* ---- what is known ---- */

/* Seen on one host, by facts of now, and it is not on its way. */
static bool vm_homes_is_sure(const Snapshot *s, const Vm *vm) {
        return !vm->in_flight && !vm_is_doubled(vm) && vm->host != IX_NONE &&
               s->hosts[vm->host].excluded == EXCLUDED_NONE;
}

int vm_homes_now(Arena *a, const VmHomes *before, const Snapshot *s, usec_t now, VmHomes *ret) {
        VmHome *list = arena_new(a, VmHome, (size_t) s->n_vms + before->n);
        uint32_t n = 0;

        if (!list)
                return -ENOMEM;
        for (VmIx v = 0; v < s->n_vms; v++) {
                const VmHome *was = vm_homes_find(before, s->vms[v].name);

                if (vm_homes_is_sure(s, &s->vms[v]))
                        list[n++] = (VmHome){ .vm = s->vms[v].name, .host = s->hosts[s->vms[v].host].name };
                else if (was)
                        list[n++] = (VmHome){ .vm = was->vm, .host = was->host };
        }
        for (uint32_t i = 0; i < before->n; i++) {
                VmHome gone = before->at[i];

                if (snapshot_vm(s, gone.vm) != IX_NONE)
                        continue;
                gone.gone_at = gone.gone_at > 0 ? gone.gone_at : now;
                if (now - gone.gone_at < VM_HOMES_GONE)
                        list[n++] = gone;
        }
        if (n > 0)
                qsort(list, n, sizeof(*list), vm_homes_by_vm);
        *ret = (VmHomes){ .at = list, .n = n, .written_at = now };
        return 0;
}

bool vm_homes_same(const VmHomes *left, const VmHomes *right) {
        if (left->n != right->n)
                return false;
        for (uint32_t i = 0; i < left->n; i++)
                if (strcmp(left->at[i].vm, right->at[i].vm) != 0 ||
                    strcmp(left->at[i].host, right->at[i].host) != 0 ||
                    left->at[i].gone_at != right->at[i].gone_at)
                        return false;
        return true;
}

/* Where it was, if that is elsewhere; NULL: it is where it was, or was nowhere. */
static const VmHome *vm_homes_left(const VmHomes *before, const VmHome *now) {
        const VmHome *was = vm_homes_find(before, now->vm);

        return was && now->gone_at == 0 && strcmp(was->host, now->host) != 0 ? was : NULL;
}

bool vm_homes_moved(const VmHomes *before, const VmHomes *now) {
        for (uint32_t i = 0; i < now->n; i++)
                if (vm_homes_left(before, &now->at[i]))
                        return true;
        return false;
}

/* An entry of ours brought it there, or may have: its end need not be known. The newest counts that did not leave it where it
 * was: what we did before that was undone by somebody else. */
static bool vm_homes_is_ours(const VmHome *now, const JournalEntry *journal, uint32_t n, usec_t since) {
        const char *stayed = NULL; /* the move that did */

        for (uint32_t i = 0; i < n && journal[i].at >= since; i++) {
                const JournalEntry *e = &journal[i];

                if (strcmp(e->order->vm, now->vm) != 0 || (stayed && strcmp(e->id, stayed) == 0))
                        continue;
                if (e->event == JOURNAL_FAILED || e->event == JOURNAL_ABORTED)
                        stayed = e->id;
                else
                        return strcmp(e->order->to, now->host) == 0 ||
                               (journal_is_open(e->event) && strcmp(e->order->from, now->host) == 0);
        }
        return false;
}

int vm_homes_by_hand(Arena *a, const VmHomes *before, const VmHomes *now, const JournalEntry *journal,
                     uint32_t n, const VmMovedByHand **ret, uint32_t *ret_n) {
        VmMovedByHand *list = arena_new(a, VmMovedByHand, now->n);
        uint32_t n_list = 0;

        if (!list)
                return -ENOMEM;
        for (uint32_t i = 0; i < now->n && before->written_at > 0; i++) {
                const VmHome *was = vm_homes_left(before, &now->at[i]);

                if (was && !vm_homes_is_ours(&now->at[i], journal, n, before->written_at - VM_HOMES_LATE))
                        list[n_list++] = (VmMovedByHand){ was, &now->at[i] };
        }
        *ret = list;
        *ret_n = n_list;
        return 0;
}
