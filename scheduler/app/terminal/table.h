/* SPDX-License-Identifier: Apache-2.0 */
/* Text tables: columns as wide as they need, right-aligned numbers, bars in cells. On a terminal that is too
 * narrow bars give way first, then words wrap, the last column's last; columns that have no room then stand below their
 * row. Nothing is cut, and nothing broken within a word that its column has room for. Elsewhere a row is a line.
 *
 * Owner: the arena. Cells' text is copied and made safe for a terminal.
 *
 * Units: columns. Errors: -ENOMEM from table_row() alone. Threads: one for each Table.
 */
#pragma once

#include "scheduler/app/terminal/bar.h"
#include "scheduler/base/arena.h"

typedef struct Column {
        const char *title;
        bool right; /* numbers: they are not wrapped */
        unsigned
                most; /* columns: a name that is longer is broken where a terminal is narrow; 0: no word of it is */
        unsigned bar; /* > 0: cells are bars of this width */
} Column;

typedef struct Cell {
        const char *text; /* NULL: empty */
        Style style;
        Bar bar; /* in a column of bars */
} Cell;

typedef struct Table {
        Arena *arena;
        const Column *columns;
        unsigned n_columns;
        Cell *cells; /* [row × column] */
        unsigned n_rows, room;
} Table;

/* `columns` must outlive the table. */
Table table_begin(Arena *a, const Column *columns, unsigned n_columns);

/* Adds a row of n_columns cells. 0 or -ENOMEM. */
int table_row(Table *t, const Cell *cells) must_check;

/* Columns of which nothing is known go: every cell is "?". The first stays; no row is added afterwards. 0 or -ENOMEM. */
int table_drop_unknown(Table *t) must_check;

/* Two spaces between columns; titles first, unless all are "". */
void table_print(const Table *t, const Screen *s, const char *indent);
