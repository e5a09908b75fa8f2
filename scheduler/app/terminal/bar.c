/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/terminal/bar.h"

static const char *const bar_eighths[] = { " ",      "\u258f", "\u258e", "\u258d", "\u258c",
                                           "\u258b", "\u258a", "\u2589", "\u2588" };

Style bar_style(Bar b) {
        int64_t limit = b.limit > 0 ? b.limit : 1000;

        return b.used > limit ? STYLE_BAD : b.used > limit - 50 ? STYLE_WARN : STYLE_GOOD;
}

/* Eighths of a column that are filled, of `width` columns. */
static unsigned filled_eighths(int64_t permille, unsigned width) {
        int64_t capped = permille < 0 ? 0 : permille > 1000 ? 1000 : permille;
        unsigned filled = (unsigned) (((uint64_t) capped * width * 8 + 500) / 1000);

        return filled == 0 && permille > 0 ? 1 : filled; /* a little is not nothing */
}

/* Above the line a bar is filled with '!', once at least: it must be seen without color. */
static bool bar_is_over(Bar b) {
        return b.limit > 0 && b.limit < 1000 && b.used > b.limit;
}

static void print_blocks(Bar b, unsigned width, const Screen *screen) {
        unsigned filled = filled_eighths(b.used, width);
        unsigned mark = b.limit > 0 && b.limit < 1000 ? (unsigned) (b.limit * width / 1000) : width;

        (void) fputs(screen_style(screen, bar_style(b)), screen->out);
        for (unsigned i = 0; i < width; i++) {
                unsigned here = filled > i * 8 ? filled - i * 8 : 0;

                if (i == mark && !(bar_is_over(b) && i + 1 == width))
                        (void) fprintf(screen->out, "%s\u2503%s%s", screen_style(screen, STYLE_PLAIN),
                                       screen_style(screen, STYLE_PLAIN), screen_style(screen, bar_style(b)));
                else if (bar_is_over(b) && i >= mark && (here >= 4 || i <= mark + 1))
                        (void) fputc('!', screen->out);
                else
                        (void) fputs(bar_eighths[i > mark ? 0 : here > 8 ? 8 : here], screen->out);
        }
        (void) fputs(screen_style(screen, STYLE_PLAIN), screen->out);
}

static void print_plain(Bar b, unsigned width, FILE *out) {
        unsigned filled = (filled_eighths(b.used, width) + 4) / 8;
        unsigned mark = b.limit > 0 && b.limit < 1000 ? (unsigned) (b.limit * width / 1000) : width;

        for (unsigned i = 0; i < width; i++)
                if (bar_is_over(b) && i >= mark && (i < filled || i <= mark + 1) &&
                    (i > mark || i + 1 == width))
                        (void) fputc('!', out);
                else
                        (void) fputc(i == mark ? '|' : i < filled ? '#' : '.', out);
}

void bar_print(Bar b, unsigned width, const Screen *screen) {
        if (screen->utf8)
                print_blocks(b, width, screen);
        else
                print_plain(b, width, screen->out);
}

void bar_print_progress(int64_t permille, unsigned width, const Screen *screen) {
        Bar b = { .used = permille };

        if (!screen->utf8) {
                print_plain(b, width, screen->out);
                return;
        }
        for (unsigned i = 0, filled = filled_eighths(permille, width); i < width; i++) {
                unsigned here = filled > i * 8 ? filled - i * 8 : 0;

                (void) fputs(bar_eighths[here > 8 ? 8 : here], screen->out);
        }
}
