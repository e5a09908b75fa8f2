/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/decide/problem/intern.h"

#include <errno.h>
#include <string.h>

#define SLOTS_FIRST 64

int intern_new(Arena *a, Intern *ret) {
        *ret = (Intern){
                .arena = a,
                .entries = arena_new(a, InternEntry, SLOTS_FIRST / 2),
                .slots = arena_new(a, uint32_t, SLOTS_FIRST),
                .size = SLOTS_FIRST,
        };
        return ret->entries && ret->slots ? 0 : -ENOMEM;
}

static uint64_t hash_bytes(const Intern *t, const void *bytes, size_t n) {
        const uint64_t hash = keyed_hash(t->arena->key, bytes, n);

        return hash ^ hash >> 32;
}

static int intern_grow(Intern *t) {
        uint32_t size = t->size * 2;
        InternEntry *entries = arena_new(t->arena, InternEntry, size / 2);
        uint32_t *slots = arena_new(t->arena, uint32_t, size);

        if (!entries || !slots)
                return -ENOMEM;
        memcpy(entries, t->entries, sizeof(InternEntry) * t->n);
        for (uint32_t i = 0; i < t->n; i++) {
                uint32_t slot = (uint32_t) entries[i].hash & (size - 1);

                while (slots[slot])
                        slot = (slot + 1) & (size - 1);
                slots[slot] = i + 1;
        }
        t->entries = entries;
        t->slots = slots;
        t->size = size;
        return 0;
}

int intern_bytes(Intern *t, const void *bytes, size_t n, uint32_t *ret) {
        uint64_t hash = hash_bytes(t, bytes, n);
        uint32_t slot;
        void *copy;

        if (t->n >= t->size / 2 && intern_grow(t) < 0)
                return -ENOMEM;
        for (slot = (uint32_t) hash & (t->size - 1); t->slots[slot]; slot = (slot + 1) & (t->size - 1)) {
                const InternEntry *e = &t->entries[t->slots[slot] - 1];

                if (e->hash == hash && e->n == n && (n == 0 || memcmp(e->bytes, bytes, n) == 0)) {
                        *ret = t->slots[slot] - 1;
                        return 0;
                }
        }
        copy = arena_take(t->arena, n, 1, _Alignof(max_align_t)); /* callers read their structs back */
        if (!copy)
                return -ENOMEM;
        if (n > 0)
                memcpy(copy, bytes, n);
        t->entries[t->n] = (InternEntry){ .hash = hash, .bytes = copy, .n = n };
        t->slots[slot] = ++t->n;
        *ret = t->n - 1;
        return 0;
}
