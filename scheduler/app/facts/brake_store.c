/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/facts/brake_store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/model/bounds.h"
#include "scheduler/store/store_unread.h"

#define TEXT_SIZE 400
#define BEGUN     "(begun)" /* no host: that the brake remembers at all */

static const char *brake_store_word(const char **io, const char *end, size_t *ret_n) {
        const char *start = *io, *blank = memchr(start, ' ', (size_t) (end - start));

        *ret_n = (size_t) ((blank ? blank : end) - start);
        *io = blank ? blank + 1 : end;
        return start;
}

BrakeMemory brake_memory_parse(Arena *a, const char *text, size_t n) {
        const BrakeMemory held = { .state = BRAKE_HELD };
        const char *end = text + n, *word;
        BrakeMemory m = held;
        int64_t at = 0;
        size_t length;

        word = brake_store_word(&text, end, &length);
        m.state = BRAKE_NONE;
        for (int state = BRAKE_PASSED; state < BRAKE_N; state++)
                if (strlen(host_brake_names[state]) == length &&
                    memcmp(host_brake_names[state], word, length) == 0)
                        m.state = (HostBrake) state;
        word = brake_store_word(&text, end, &length);
        if (m.state == BRAKE_NONE || text_to_int(word, length, 0, bound_of(BOUND_STORED), &at) < 0 ||
            !text_is_name(text, (size_t) (end - text)))
                return held;
        m.at = at;
        m.kind = text_copy(a, text, (size_t) (end - text));
        return m.kind ? m : held;
}

static int brake_store_by_name(const void *left, const void *right) {
        return strcmp(((const StoredText *) left)->name, ((const StoredText *) right)->name);
}

/* The texts are sorted by host. NULL: none is of it. */
static const StoredText *brake_store_of(const StoredText *texts, uint32_t n, const char *host) {
        const StoredText key = { .name = host };

        return texts && n > 0 ? bsearch(&key, texts, n, sizeof(key), brake_store_by_name) : NULL;
}

int brake_store_read(Store *store, Arena *a, usec_t now, BuildInput *in, BrakeStore *ret) {
        StoredText *stored = NULL, *released = NULL;
        BrakeStore b = { 0 };
        BrakeMemory *list;
        int r = store_get_brake(store, a, &stored, &b.n_stored);

        if (r == 0)
                r = store_get_releases(store, a, &released, &b.n_released);
        if (r < 0)
                return r;
        list = arena_new(a, BrakeMemory, b.n_stored);
        if (!list)
                return -ENOMEM;
        for (uint32_t i = 0; i < b.n_stored; i++) {
                list[i] = brake_memory_parse(a, stored[i].text, stored[i].n);
                list[i].host = stored[i].name;
                if (!list[i].kind)
                        store_unread_add(store, KEY_BRAKE, stored[i].name,
                                         strcmp(stored[i].name, BEGUN) == 0
                                                 ? "that it is there is enough"
                                                 : "its host is not emptied (plimsoll release)");
                if (list[i].state == BRAKE_HELD && brake_store_of(released, b.n_released, stored[i].name)) {
                        list[i].state = BRAKE_RELEASED;
                        list[i].at = now;
                }
        }
        b.stored = stored;
        b.released = released;
        in->brakes = list;
        in->n_brakes = b.n_stored;
        in->braked = true;
        in->brake_new = !brake_store_of(stored, b.n_stored, BEGUN);
        *ret = b;
        return 0;
}

static int brake_store_put(const Leadership *l, const BrakeStore *b, const char *host,
                           const BrakeVerdict *verdict) {
        const StoredText *there = brake_store_of(b->stored, b->n_stored, host);
        char text[TEXT_SIZE] = "";
        size_t n = 0;

        if (verdict->state != BRAKE_NONE)
                n = (size_t) snprintf(text, sizeof(text), "%s %lld %.255s", host_brake_names[verdict->state],
                                      (long long) verdict->at, verdict->kind ? verdict->kind : "?");
        if (there ? there->n == n && memcmp(there->text, text, n) == 0 : n == 0)
                return 0;
        return store_put_brake(l->store, l->token, host, text, n);
}

int brake_store_write(const BrakeStore *b, const Leadership *l, const Snapshot *s, const Brake *brake) {
        static const BrakeVerdict none = { 0 };
        int r = 0;

        for (HostIx h = 0; r == 0 && h < s->n_hosts; h++)
                if (brake->hosts[h].state != BRAKE_NONE || s->hosts[h].brake != BRAKE_NONE)
                        r = brake_store_put(l, b, s->hosts[h].name, &brake->hosts[h]);
        for (uint32_t i = 0; r == 0 && i < b->n_stored; i++)
                if (snapshot_host(s, b->stored[i].name) == IX_NONE && strcmp(b->stored[i].name, BEGUN) != 0)
                        r = brake_store_put(l, b, b->stored[i].name, &none);
        if (r == 0 && s->brake_new)
                r = store_put_brake(l->store, l->token, BEGUN, "passed 0 begun", strlen("passed 0 begun"));
        for (uint32_t i = 0; r == 0 && i < b->n_released; i++)
                r = store_take_release(l->store, l->token, &b->released[i]);
        return r;
}

int brake_store_release(Store *store, const char *host, const char *by, usec_t at) {
        char text[TEXT_SIZE];
        const int n = snprintf(text, sizeof(text), "%lld %.255s", (long long) at, by);

        return store_put_release(store, host, text, (size_t) n);
}
