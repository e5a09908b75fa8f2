/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/terminal/table.h"

#include <errno.h>
#include <libsmartcols.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/app/terminal/table_layout.h"
#include "scheduler/app/terminal/wrap.h"

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

/* ---- what the columns need ---- */

static const Cell *table_cell(const Table *t, unsigned row, unsigned column) {
        return &t->cells[(size_t) row * t->n_columns + column];
}

static unsigned table_word(const Column *column, const char *text) {
        const size_t n = strlen(text);
        const unsigned widest = column->right ? text_columns(text, n) : wrap_widest_word(text, n);

        return column->most > 0 && widest > column->most ? column->most : widest;
}

#define BAR_LEAST   6U
#define TITLE_WHOLE 8U /* a title so short is not wrapped */

static unsigned table_title(const char *title) {
        const size_t n = strlen(title);
        const unsigned all = text_columns(title, n);

        return all <= TITLE_WHOLE ? all : wrap_widest_word(title, n);
}

static void table_needs(const Table *t, ColumnNeed *needs) {
        for (unsigned c = 0; c < t->n_columns; c++) {
                const Column *column = &t->columns[c];
                ColumnNeed need = { .natural = text_columns(column->title, strlen(column->title)),
                                    .floor = table_title(column->title),
                                    .bar = column->bar > 0 };

                if (need.bar) {
                        need.floor = need.natural > BAR_LEAST ? need.natural : BAR_LEAST;
                        need.natural = need.natural > column->bar ? need.natural : column->bar;
                }
                for (unsigned r = 0; r < t->n_rows && !need.bar; r++) {
                        const char *text = table_cell(t, r, c)->text;
                        const unsigned all = text_columns(text, strlen(text)),
                                       word = table_word(column, text);

                        need.natural = all > need.natural ? all : need.natural;
                        need.floor = word > need.floor ? word : need.floor;
                }
                needs[c] = need;
        }
}

/* ---- one table of libsmartcols ---- */

/* `text` in lines of `width` columns (0: as it is), parted by newlines; numbers end at the same column, which
 * libsmartcols does for the first line alone. NULL without memory. */
static char *table_lines(const char *text, unsigned width, bool right, unsigned *lines) {
        size_t n = strlen(text), used = 0, next;
        const unsigned all = text_columns(text, n);
        char *out = malloc((n + 1) * (2 + (right && all > width ? width : 0)));

        for (unsigned line = 1; out; line++) {
                const size_t here = wrap_line(text, n, width, &next);
                const unsigned columns = text_columns(text, here);

                for (unsigned i = columns; right && all > width && i < width; i++)
                        out[used++] = ' ';
                memcpy(out + used, text, here);
                used += here;
                text += next;
                n -= next;
                if (n == 0) {
                        out[used] = '\0';
                        *lines = line > *lines ? line : *lines;
                        return out;
                }
                out[used++] = '\n';
        }
        return NULL;
}

static char *table_bar(Bar bar, unsigned width, const Screen *s) {
        Screen plain = *s;
        char *text = NULL;
        size_t n = 0;

        plain.colour = false; /* the cell has the bar's */
        plain.out = open_memstream(&text, &n);
        if (!plain.out)
                return NULL;
        bar_print(bar, width, &plain);
        if (fclose(plain.out) != 0) {
                free(text);
                return NULL;
        }
        return text;
}

typedef struct Drawing {
        const Table *table;
        const Screen *screen;
        unsigned widths[COLUMNS_MAX], shown;
} Drawing;

/* The cell's text as it stands in its column, and its style. NULL without memory. */
static char *drawing_cell(const Drawing *d, int row, unsigned column, unsigned *lines, Style *ret_style) {
        const Column *c = &d->table->columns[column];
        const Cell *cell = row < 0 ? NULL : table_cell(d->table, (unsigned) row, column);

        *ret_style = !cell ? STYLE_FAINT : c->bar > 0 ? bar_style(cell->bar) : cell->style;
        if (cell && c->bar > 0)
                return table_bar(cell->bar, d->widths[column], d->screen);
        return table_lines(cell ? cell->text : c->title, d->screen->width ? d->widths[column] : 0, c->right,
                           lines);
}

/* Adds a row, -1: the titles. Returns the lines it takes, or -ENOMEM. */
static int drawing_row(const Drawing *d, struct libscols_table *tb, int row) {
        struct libscols_line *line = scols_table_new_line(tb, NULL);
        unsigned lines = 1;

        if (!line)
                return -ENOMEM;
        for (unsigned c = 0; c < d->shown; c++) {
                struct libscols_cell *cell = scols_line_get_cell(line, c);
                Style style;
                char *text = drawing_cell(d, row, c, &lines, &style);

                if (!text)
                        return -ENOMEM;
                if (scols_cell_refer_data(cell, text) < 0) { /* it is the cell's from here on */
                        free(text);
                        return -ENOMEM;
                }
                if (d->screen->colour && style != STYLE_PLAIN && *text &&
                    scols_cell_set_color(cell, out_style(style)) < 0)
                        return -ENOMEM;
        }
        return (int) lines;
}

static int drawing_columns(const Drawing *d, struct libscols_table *tb) {
        for (unsigned c = 0; c < d->shown; c++) {
                const int flags = SCOLS_FL_WRAP | (d->table->columns[c].right ? SCOLS_FL_RIGHT : 0);
                struct libscols_column *column = scols_table_new_column(tb, "", d->widths[c], flags);

                if (!column || scols_column_set_safechars(column, "\n") < 0 ||
                    scols_column_set_wrapfunc(column, scols_wrapnl_chunksize, scols_wrapnl_nextchunk, NULL) <
                            0)
                        return -ENOMEM;
        }
        return 0;
}

static struct libscols_table *drawing_table(const Drawing *d, FILE *out) {
        struct libscols_table *tb = scols_new_table();

        if (!tb)
                return NULL;
        if (scols_table_set_stream(tb, out) < 0 || scols_table_set_column_separator(tb, "  ") < 0 ||
            scols_table_enable_noheadings(tb, 1) < 0 || scols_table_enable_noencoding(tb, 1) < 0 ||
            scols_table_enable_colors(tb, d->screen->colour) < 0 ||
            scols_table_set_termforce(tb, SCOLS_TERMFORCE_NEVER) < 0 || drawing_columns(d, tb) < 0) {
                scols_unref_table(tb);
                return NULL;
        }
        return tb;
}

/* ---- what has no room beside the others ---- */

#define BELOW 6U /* indented by this */

static void drawing_put_below(const Drawing *d, unsigned row, const char *indent) {
        const Screen *s = d->screen;
        const unsigned n = d->table->n_columns, before = text_columns(indent, strlen(indent)) + BELOW;
        char *text = NULL;
        size_t size = 0, next;
        FILE *words = open_memstream(&text, &size);

        if (!words)
                return;
        for (unsigned c = d->shown; c < n; c++) {
                const Column *column = &d->table->columns[c];
                const Cell *cell = table_cell(d->table, row, c);
                const bool titled = column->title[0] && (c + 1 < n || column->right);

                if (column->bar > 0 || !cell->text[0])
                        continue;
                if (ftell(words) > 0)
                        (void) fputs("; ", words);
                for (const char *p = column->title; titled && *p; p++)
                        (void) fputc(*p >= 'A' && *p <= 'Z' ? *p + 32 : *p, words);
                (void) out_say(words, "%s%s%s%s", titled ? " " : "",
                               cell->style ? screen_style(s, cell->style) : "", cell->text,
                               cell->style ? screen_style(s, STYLE_PLAIN) : "");
        }
        if (fclose(words) == 0)
                for (const char *p = text; size > 0; p += next, size -= next) {
                        const size_t here =
                                wrap_line(p, size, s->width > before + 20 ? s->width - before : 20, &next);

                        (void) fprintf(s->out, "%s%*s%.*s\n", indent, (int) BELOW, "", (int) here, p);
                }
        free(text);
}

/* ---- all of it ---- */

/* Lines of `*text`, which moves behind them, each behind the indent. */
static void drawing_put(const Drawing *d, const char **text, unsigned lines, const char *indent) {
        for (unsigned i = 0; i < lines && **text; i++) {
                const size_t n = strcspn(*text, "\n");

                (void) fprintf(d->screen->out, "%s%.*s\n", indent, (int) n, *text);
                *text += n + ((*text)[n] == '\n');
        }
}

/* Draws the rows and puts them out, with what belongs below each. */
static int drawing_print(const Drawing *d, bool titles, const char *indent) {
        unsigned *lines = calloc(d->table->n_rows + 1U, sizeof(*lines));
        char *text = NULL;
        size_t size = 0;
        FILE *out = open_memstream(&text, &size);
        struct libscols_table *tb = out ? drawing_table(d, out) : NULL;
        int r = tb && lines ? 0 : -ENOMEM;

        for (int row = titles ? -1 : 0; r >= 0 && row < (int) d->table->n_rows; row++) {
                r = drawing_row(d, tb, row);
                if (r > 0)
                        lines[row + 1] = (unsigned) r;
        }
        if (r >= 0)
                r = scols_print_table(tb);
        scols_unref_table(tb);
        if (out && fclose(out) != 0 && r >= 0)
                r = -ENOMEM;
        if (r >= 0) {
                const char *rest = text;

                drawing_put(d, &rest, lines[0], indent);
                for (unsigned row = 0; row < d->table->n_rows; row++) {
                        drawing_put(d, &rest, lines[row + 1], indent);
                        if (d->shown < d->table->n_columns)
                                drawing_put_below(d, row, indent);
                }
        }
        free(text);
        free(lines);
        return r;
}

/* Without memory for more: the words, one after the other. */
static void table_put_plain(const Table *t, const Screen *s) {
        for (unsigned r = 0; r < t->n_rows; r++) {
                for (unsigned c = 0; c < t->n_columns; c++)
                        (void) out_say(s->out, "%s%s", c > 0 ? "  " : "", table_cell(t, r, c)->text);
                (void) fputc('\n', s->out);
        }
}

/* Titles may be names, too. */
static void table_safe_titles(const Table *t, Column *to) {
        for (unsigned c = 0; c < t->n_columns; c++) {
                const size_t size = strlen(t->columns[c].title) + 1;
                char *copy = arena_new(t->arena, char, size);

                to[c] = t->columns[c];
                to[c].title = copy ? text_safe(t->columns[c].title, copy, size) : "";
        }
}

static void table_draw(const Table *t, const Screen *s, const char *indent) {
        const unsigned before = text_columns(indent, strlen(indent));
        ColumnNeed needs[COLUMNS_MAX];
        Drawing drawing = { .table = t, .screen = s };
        /* libsmartcols measures characters by the locale's; the program stays in "C" (screen.h) */
        const locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t) 0), was = uselocale(utf8);
        bool titles = false;
        int r;

        table_needs(t, needs);
        drawing.shown = table_layout(needs, t->n_columns, s->width > before + 20 ? s->width - before : 0,
                                     drawing.widths);
        for (unsigned c = 0; c < t->n_columns; c++)
                titles = titles || t->columns[c].title[0];
        r = drawing_print(&drawing, titles, indent);
        (void) uselocale(was);
        if (utf8)
                freelocale(utf8);
        if (r < 0)
                table_put_plain(t, s);
}

static bool table_is_known(const Table *t, unsigned column) {
        bool known = column == 0 || t->n_rows == 0;

        for (unsigned row = 0; row < t->n_rows && !known; row++) {
                const char *text = t->cells[row * t->n_columns + column].text;

                known = !text || strcmp(text, "?") != 0;
        }
        return known;
}

int table_drop_unknown(Table *t) {
        Column *columns = arena_new(t->arena, Column, t->n_columns);
        unsigned kept[COLUMNS_MAX], n = 0;

        if (!columns)
                return -ENOMEM;
        assert(t->n_columns <= COLUMNS_MAX);
        for (unsigned column = 0; column < t->n_columns; column++)
                if (table_is_known(t, column)) {
                        kept[n] = column;
                        columns[n++] = t->columns[column];
                }
        for (unsigned row = 0; row < t->n_rows; row++) /* in place: none goes to the right */
                for (unsigned i = 0; i < n; i++)
                        t->cells[row * n + i] = t->cells[row * t->n_columns + kept[i]];
        t->columns = columns;
        t->n_columns = n;
        t->room = t->n_rows;
        return 0;
}

void table_print(const Table *t, const Screen *s, const char *indent) {
        Column columns[COLUMNS_MAX];
        Table safe = *t;

        assert(t->n_columns > 0 && t->n_columns <= COLUMNS_MAX);
        table_safe_titles(t, columns);
        safe.columns = columns;
        table_draw(&safe, s, indent);
}
