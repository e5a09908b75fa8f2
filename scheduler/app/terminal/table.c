/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/terminal/table.h"

#include <errno.h>
#include <string.h>

Table table_begin(Arena *a, const Column *columns, unsigned n_columns) {
        return (Table){ .arena = a, .columns = columns, .n_columns = n_columns };
}

static int table_grow(Table *t) {
        unsigned room = t->room ? 2 * t->room : 32;
        Cell *cells = arena_new(t->arena, Cell, (size_t) room * t->n_columns);

        if (!cells)
                return -ENOMEM;
        if (t->n_rows > 0)
                memcpy(cells, t->cells, sizeof(Cell) * t->n_rows * t->n_columns);
        t->cells = cells;
        t->room = room;
        return 0;
}

int table_row(Table *t, const Cell *cells) {
        int r = t->n_rows < t->room ? 0 : table_grow(t);
        Cell *row;

        if (r < 0)
                return r;
        row = t->cells + (size_t) t->n_rows * t->n_columns;
        for (unsigned c = 0; c < t->n_columns; c++) {
                const char *text = cells[c].text ? cells[c].text : "";
                size_t size = strlen(text) + 1;
                char *copy = arena_new(t->arena, char, size);

                if (!copy)
                        return -ENOMEM;
                row[c] = cells[c];
                row[c].text = text_safe(text, copy, size);
        }
        t->n_rows++;
        return 0;
}

static void table_measure(const Table *t, unsigned *widths) {
        for (unsigned c = 0; c < t->n_columns; c++) {
                const Column *column = &t->columns[c];
                unsigned width = text_columns(column->title, strlen(column->title));

                for (unsigned r = 0; r < t->n_rows && !column->bar; r++) {
                        const char *text = t->cells[(size_t) r * t->n_columns + c].text;
                        unsigned w = text_columns(text, strlen(text));

                        width = w > width ? w : width;
                }
                if (column->most > 0 && width > column->most)
                        width = column->most;
                widths[c] = column->bar > width ? column->bar : width;
        }
}

static void print_blanks(FILE *out, unsigned n) {
        (void) out_say(out, "%*s", (int) n, "");
}

typedef struct Slot {
        unsigned width;
        bool right, last;
} Slot;

static void table_print_text(const Screen *s, const char *text, Style style, Slot slot) {
        size_t n = strlen(text);
        unsigned columns = text_columns(text, n);
        bool cut = columns > slot.width;

        if (cut) {
                n = text_fit(text, n, slot.width - 1);
                columns = text_columns(text, n) + 1;
        }
        if (slot.right)
                print_blanks(s->out, slot.width - columns);
        (void) out_say(s->out, "%s%.*s%s%s", style ? screen_style(s, style) : "", (int) n, text,
                       cut ? s->utf8 ? "\u2026" : "~" : "", style ? screen_style(s, STYLE_PLAIN) : "");
        if (!slot.right && !slot.last)
                print_blanks(s->out, slot.width - columns);
}

static void table_print_row(const Table *t, const Screen *s, const unsigned *widths, const Cell *cells) {
        for (unsigned c = 0; c < t->n_columns; c++) {
                Slot slot = { widths[c], t->columns[c].right, c + 1 == t->n_columns };

                if (c > 0)
                        (void) fputs("  ", s->out);
                if (!cells)
                        table_print_text(s, t->columns[c].title, STYLE_FAINT, slot);
                else if (t->columns[c].bar)
                        bar_print(cells[c].bar, widths[c], s);
                else
                        table_print_text(s, cells[c].text, cells[c].style, slot);
        }
        (void) fputc('\n', s->out);
}

#define COLUMNS_MAX 16

/* The last column takes what is left of a terminal's width, at least 8 columns. */
static void fit_last(const Table *t, const Screen *s, unsigned indent, unsigned *widths) {
        unsigned used = indent, last = t->n_columns - 1;

        for (unsigned c = 0; c < last; c++)
                used += widths[c] + 2;
        if (s->width > 0 && used + widths[last] > s->width && !t->columns[last].bar)
                widths[last] = s->width > used + 8 ? s->width - used : 8;
}

void table_print(const Table *t, const Screen *s, const char *indent) {
        unsigned widths[COLUMNS_MAX];
        bool titles = false;

        assert(t->n_columns > 0 && t->n_columns <= COLUMNS_MAX);
        table_measure(t, widths);
        fit_last(t, s, text_columns(indent, strlen(indent)), widths);
        for (unsigned c = 0; c < t->n_columns; c++)
                titles = titles || t->columns[c].title[0];
        if (titles) {
                (void) fputs(indent, s->out);
                table_print_row(t, s, widths, NULL);
        }
        for (unsigned r = 0; r < t->n_rows; r++) {
                (void) fputs(indent, s->out);
                table_print_row(t, s, widths, t->cells + (size_t) r * t->n_columns);
        }
}
