/* SPDX-License-Identifier: Apache-2.0 */
/* How wide the columns of a table stand on a terminal: bars give way first, then columns of words, the last
 * column last. What even so has no room is shown below its row.
 *
 * Units: columns of a terminal. Owner: it keeps nothing. Errors: none. Threads: any.
 */
#pragma once

#include "scheduler/base/common.h"

#define COLUMNS_MAX 16

typedef struct ColumnNeed {
        unsigned natural; /* its widest cell, or its title */
        unsigned floor;   /* it cannot be narrower: its widest word */
        bool bar;
} ColumnNeed;

/* Between two columns. */
#define COLUMN_GAP 2U

/* A last column of words narrower than this reads badly: it stands below its row instead. */
#define LAST_LEAST 32U

/* The widths of the first columns of `needs` that stand side by side in `width` columns (0: no limit). Returns how
 * many do, at least one; the others go below the row. */
unsigned table_layout(const ColumnNeed *needs, unsigned n, unsigned width, unsigned ret_widths[COLUMNS_MAX]);
