/* SPDX-License-Identifier: Apache-2.0 */
/* Names → numbers, and the order of names: so that no size of cluster is walked twice for each VM. Pure.
 * Names are not copied: they must outlive the table.
 *
 * Units: none. Owner: the arena. Errors: -ENOMEM; UINT32_MAX: not there. Threads: one adds; const afterwards,
 * any.
 */
#pragma once

#include "scheduler/base/arena.h"

typedef struct NameTable {
        const char **names; /* by number */
        uint32_t *slots;    /* number + 1, or 0: open addressing */
        uint32_t n, limit, mask;
        HashKey key; /* the arena's: who chooses the names cannot make them fall together */
} NameTable;

/* For at most `limit` names. 0 or -ENOMEM. */
int name_table_new(Arena *a, uint32_t limit, NameTable *ret) must_check;

/* The number of the name; it gets the next one (n before the call) when it is new. At most `limit` names. */
uint32_t name_table_add(NameTable *t, const char *name);

/* UINT32_MAX when it is not there. */
uint32_t name_table_find(const NameTable *t, const char *name, size_t n);

/* *ret[i] is the number of the i-th name in the order of strcmp; equal names keep their order. 0 or -ENOMEM.
 */
int names_order(Arena *a, const char *const *names, uint32_t n, uint32_t **ret) must_check;
