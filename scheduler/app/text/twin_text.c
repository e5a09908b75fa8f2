/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/text/twin_text.h"

#include <errno.h>
#include <stdlib.h>

#include "scheduler/base/out.h"
#include "scheduler/base/text.h"

typedef struct UuidRef {
        const char *uuid;
        VmIx vm;
} UuidRef;

static int compare_uuids(const void *left, const void *right) {
        const UuidRef *x = left, *y = right;
        const int c = text_order(x->uuid, y->uuid);

        return c != 0 ? c : (x->vm > y->vm) - (x->vm < y->vm);
}

static int compare_twins(const void *left, const void *right) {
        const VmIx x = ((const VmTwins *) left)->vms[0], y = ((const VmTwins *) right)->vms[0];

        return (x > y) - (x < y);
}

int twins_find(Arena *a, const Snapshot *s, const Strings *moved, const VmTwins **ret, uint32_t *ret_n) {
        UuidRef *refs = arena_new(a, UuidRef, s->n_vms);
        VmTwins *twins = arena_new(a, VmTwins, s->n_vms);
        VmIx *vms = arena_new(a, VmIx, 2 * (size_t) s->n_vms);
        uint32_t n_refs = 0, n = 0, used = 0;

        if (!refs || !twins || !vms)
                return -ENOMEM;
        for (VmIx v = 0; v < s->n_vms; v++)
                if (s->vms[v].uuid && s->vms[v].state != VM_OFF)
                        refs[n_refs++] = (UuidRef){ s->vms[v].uuid, v };
        if (n_refs > 1)
                qsort(refs, n_refs, sizeof(*refs), compare_uuids);
        for (uint32_t i = 0, same; i < n_refs; i += same) {
                for (same = 1; i + same < n_refs && text_is_same(refs[i].uuid, refs[i + same].uuid); same++)
                        ;
                if (same > 1)
                        twins[n++] = (VmTwins){ refs[i].uuid, &vms[used], same };
                for (uint32_t k = 0; same > 1 && k < same; k++)
                        vms[used++] = refs[i + k].vm;
        }
        for (VmIx v = 0; v < s->n_vms; v++)
                if (s->vms[v].running_on.n > 0 && !strings_have(moved, s->vms[v].name)) {
                        vms[used] = v;
                        twins[n++] = (VmTwins){ s->vms[v].uuid, &vms[used++], 1 };
                }
        if (n > 1)
                qsort(twins, n, sizeof(*twins), compare_twins);
        *ret = twins;
        *ret_n = n;
        return 0;
}

static void twins_print_one(const Snapshot *s, const VmTwins *twins, const Screen *screen) {
        const Vm *first = &s->vms[twins->vms[0]];

        (void) out_say(screen->out, "%s%s%s: ", screen_style(screen, STYLE_BAD), first->name,
                       screen_style(screen, STYLE_PLAIN));
        (void) out_say(screen->out, "on %s, has the UUID of ", s->hosts[first->host].name);
        for (uint32_t i = 1; i < twins->n_vms; i++)
                (void) out_say(screen->out, "%s%s on %s", i > 1 ? ", " : "", s->vms[twins->vms[i]].name,
                               s->hosts[s->vms[twins->vms[i]].host].name);
        (void) out_say(screen->out, ": %s\n", twins->uuid);
}

int twins_print(Arena *a, const Snapshot *s, const Strings *moved, const Screen *screen) {
        const VmTwins *twins = NULL;
        uint32_t n = 0;
        bool any = false;
        int r = twins_find(a, s, moved, &twins, &n);

        for (uint32_t i = 0; r == 0 && i < n; i++) {
                if (twins[i].n_vms == 1)
                        continue; /* said before all else (doubled_text.h) */
                twins_print_one(s, &twins[i], screen);
                any = true;
        }
        if (any)
                (void) out_say(screen->out, "\n");
        return r;
}

json_t *twins_json(Arena *a, const Snapshot *s, const Strings *moved) {
        const VmTwins *twins = NULL;
        uint32_t n = 0;
        json_t *list = json_array();

        if (twins_find(a, s, moved, &twins, &n) < 0) {
                json_decref(list);
                return NULL;
        }
        for (uint32_t i = 0; i < n; i++) {
                json_t *vms = json_array();

                for (uint32_t k = 0; k < twins[i].n_vms; k++) {
                        const Vm *vm = &s->vms[twins[i].vms[k]];
                        json_t *hosts = json_array();

                        for (uint32_t h = 0; h < vm->running_on.n; h++)
                                (void) json_array_append_new(hosts, json_string(vm->running_on.at[h]));
                        if (vm->running_on.n == 0)
                                (void) json_array_append_new(hosts, json_string(s->hosts[vm->host].name));
                        (void) json_array_append_new(vms,
                                                     json_pack("{s:s, s:o}", "vm", vm->name, "hosts", hosts));
                }
                (void) json_array_append_new(list,
                                             json_pack("{s:s?, s:o}", "uuid", twins[i].uuid, "vms", vms));
        }
        return list;
}
