/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/snapshot/json/name_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Folded to 32 bits. */
static uint32_t name_table_hash(const NameTable *t, const char *s, size_t n) {
        const uint64_t h = keyed_hash(t->key, s, n);

        return (uint32_t) (h ^ h >> 32);
}

int name_table_new(Arena *a, uint32_t limit, NameTable *ret) {
        uint32_t size = 16;

        while (size < UINT32_C(1) << 31 && size / 2 < limit)
                size *= 2;
        *ret = (NameTable){ .names = arena_new(a, const char *, limit),
                            .slots = arena_new(a, uint32_t, size),
                            .limit = limit,
                            .mask = size - 1,
                            .key = a->key };
        return ret->names && ret->slots ? 0 : -ENOMEM;
}

static uint32_t *name_table_slot_of(const NameTable *t, const char *name, size_t n) {
        for (uint32_t i = name_table_hash(t, name, n) & t->mask;; i = (i + 1) & t->mask) {
                const char *other = t->slots[i] ? t->names[t->slots[i] - 1] : NULL;

                if (!other || (strncmp(other, name, n) == 0 && other[n] == '\0'))
                        return &t->slots[i];
        }
}

uint32_t name_table_add(NameTable *t, const char *name) {
        uint32_t *slot = name_table_slot_of(t, name, strlen(name));

        if (*slot == 0) {
                assert(t->n < t->limit);
                t->names[t->n++] = name;
                *slot = t->n;
        }
        return *slot - 1;
}

uint32_t name_table_find(const NameTable *t, const char *name, size_t n) {
        return *name_table_slot_of(t, name, n) - 1;
}

typedef struct NameRow {
        const char *name;
        uint32_t number;
} NameRow;

static int name_table_row_compare(const void *left, const void *right) {
        const NameRow *x = left, *y = right;
        int c = strcmp(x->name, y->name);

        return c != 0 ? c : x->number < y->number ? -1 : 1;
}

int names_order(Arena *a, const char *const *names, uint32_t n, uint32_t **ret) {
        uint32_t *order = arena_new(a, uint32_t, n);
        ArenaMark mark = arena_mark(a);
        NameRow *rows;
        bool sorted = true;

        if (!order)
                return -ENOMEM;
        rows = arena_new(a, NameRow, n);
        if (!rows)
                return -ENOMEM;
        for (uint32_t i = 0; i < n; i++) {
                rows[i] = (NameRow){ .name = names[i], .number = i };
                sorted = sorted && (i == 0 || strcmp(names[i - 1], names[i]) <= 0);
        }
        if (!sorted)
                qsort(rows, n, sizeof(*rows), name_table_row_compare);
        for (uint32_t i = 0; i < n; i++)
                order[i] = rows[i].number;
        arena_rewind(a, mark);
        *ret = order;
        return 0;
}
