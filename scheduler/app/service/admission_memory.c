/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/service/admission_memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/base/text.h"

#define ROOM ((size_t) 1 << 30) /* reserved, not used */

void admission_memory_close(AdmissionMemory *m) {
        arena_pair_close(&m->memory);
        *m = (AdmissionMemory){ 0 };
}

static bool memory_copy(Arena *a, const char *from, const char **to) {
        *to = from ? text_copy(a, from, strlen(from)) : NULL;
        return *to || !from;
}

int admission_memory_keep(AdmissionMemory *m, const Snapshot *s) {
        uint32_t n_seen = 0;
        SeenHost *seen;
        Arena *a;

        if (arena_pair_next(&m->memory, ROOM, &a) < 0)
                return -ENOMEM;
        seen = arena_new(a, SeenHost, s->n_hosts);
        if (!seen)
                return -ENOMEM;
        for (HostIx h = 0; h < s->n_hosts; h++) {
                const Host *host = &s->hosts[h];

                if (host->excluded == EXCLUDED_SEEN &&
                    (!memory_copy(a, host->name, &seen[n_seen].name) ||
                     !memory_copy(a, host->excluded_why, &seen[n_seen].why)))
                        return -ENOMEM;
                n_seen += host->excluded == EXCLUDED_SEEN;
        }
        arena_pair_keep(&m->memory);
        m->seen = seen;
        m->n_seen = n_seen;
        return 0;
}

static int seen_compare(const void *host, const void *seen) {
        return strcmp(host, ((const SeenHost *) seen)->name);
}

const char *admission_memory_seen(const AdmissionMemory *m, const char *host) {
        const SeenHost *found =
                m->n_seen > 0 ? bsearch(host, m->seen, m->n_seen, sizeof(*m->seen), seen_compare) : NULL;

        return found ? found->why : NULL;
}
