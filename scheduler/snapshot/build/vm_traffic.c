/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/snapshot/build/vm_traffic.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/base/text.h"
#include "scheduler/model/bounds.h"

#define TALKS_LABEL "talks=" /* docs/distance.md */

/* "talks=NAME:MBIT" of a VM's labels; false: it is another label, or names nobody. */
static bool vm_traffic_label(const Snapshot *s, VmIx v, const char *label, Traffic *ret) {
        const char *name = label + strlen(TALKS_LABEL), *colon = strrchr(label, ':');
        char other[256];
        int64_t kbit;
        VmIx w;

        if (strncmp(label, TALKS_LABEL, strlen(TALKS_LABEL)) != 0 || !colon || colon < name ||
            (size_t) (colon - name) >= sizeof(other) ||
            text_to_scaled(colon + 1, strlen(colon + 1), 1000, 1, bound_of(BOUND_QUANTITY), &kbit) < 0)
                return false;
        memcpy(other, name, (size_t) (colon - name));
        other[colon - name] = '\0';
        w = snapshot_vm(s, other);
        if (w == IX_NONE || w == v)
                return false;
        *ret = (Traffic){ .a = v < w ? v : w, .b = v < w ? w : v, .kbit = kbit };
        return true;
}

static int vm_traffic_compare(const void *left, const void *right) {
        const Traffic *x = left, *y = right;

        if (x->a != y->a)
                return x->a < y->a ? -1 : 1;
        if (x->b != y->b)
                return x->b < y->b ? -1 : 1;
        return (x->kbit < y->kbit) - (x->kbit > y->kbit);
}

/* Said on both sides, the larger counts. */
int vm_traffic_build(Arena *a, Snapshot *s) {
        uint32_t most = 0, n = 0, kept = 0;
        Traffic *traffic;

        for (VmIx v = 0; v < s->n_vms; v++)
                for (uint32_t i = 0; i < s->vms[v].labels.n; i++)
                        most += strncmp(s->vms[v].labels.at[i], TALKS_LABEL, strlen(TALKS_LABEL)) == 0;
        traffic = arena_new(a, Traffic, most);
        if (!traffic)
                return -ENOMEM;
        for (VmIx v = 0; v < s->n_vms && most > 0; v++)
                for (uint32_t i = 0; i < s->vms[v].labels.n; i++)
                        n += vm_traffic_label(s, v, s->vms[v].labels.at[i], &traffic[n]);
        qsort(traffic, n, sizeof(*traffic), vm_traffic_compare);
        for (uint32_t i = 0; i < n; i++)
                if (kept == 0 || traffic[kept - 1].a != traffic[i].a || traffic[kept - 1].b != traffic[i].b)
                        traffic[kept++] = traffic[i];
        s->traffic = traffic;
        s->n_traffic = kept;
        return 0;
}
