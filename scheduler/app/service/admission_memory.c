/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/service/admission_memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/base/text.h"

#define ROOM ((size_t) 1 << 30) /* reserved, not used */

void admission_memory_close(AdmissionMemory *m) {
        for (unsigned i = 0; m->open && i < ARRAY_SIZE(m->arenas); i++)
                arena_close(&m->arenas[i]);
        *m = (AdmissionMemory){ 0 };
}

static int admission_memory_open(AdmissionMemory *m) {
        int r = m->open ? 0 : arena_open(ROOM, &m->arenas[0]);

        if (r < 0 || m->open)
                return r;
        r = arena_open(ROOM, &m->arenas[1]);
        if (r < 0)
                arena_close(&m->arenas[0]);
        m->open = r == 0;
        return r;
}

static bool memory_copy(Arena *a, const char *from, const char **to) {
        *to = from ? text_copy(a, from, strlen(from)) : NULL;
        return *to || !from;
}

int admission_memory_keep(AdmissionMemory *m, const Snapshot *s) {
        uint32_t n_seen = 0;
        SeenHost *seen;
        int r = admission_memory_open(m);
        Arena *a = &m->arenas[1 - m->current];

        if (r < 0)
                return r;
        arena_rewind(a, 0);
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
        m->current = 1 - m->current;
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
