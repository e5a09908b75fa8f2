/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/terminal/table_layout.h"

/* Takes up to `excess` columns from the widest of those that may give (gives[]), down to their floors. Returns what is
 * still too much. */
static unsigned layout_give(const unsigned *floors, const bool *gives, unsigned n, unsigned excess,
                            unsigned *widths) {
        while (excess > 0) {
                unsigned widest = n;

                for (unsigned c = 0; c < n; c++)
                        if (gives[c] && widths[c] > floors[c] && (widest == n || widths[c] > widths[widest]))
                                widest = c;
                if (widest == n)
                        break;
                widths[widest]--;
                excess--;
        }
        return excess;
}

static bool layout_fits(const ColumnNeed *needs, unsigned n, bool whole, unsigned width, unsigned *widths) {
        unsigned floors[COLUMNS_MAX], used = COLUMN_GAP * (n - 1), excess;
        bool bars[COLUMNS_MAX], words[COLUMNS_MAX], last[COLUMNS_MAX];

        for (unsigned c = 0; c < n; c++) {
                const bool is_last = whole && c + 1 == n && n > 1 && !needs[c].bar;

                widths[c] = needs[c].natural;
                floors[c] = needs[c].floor;
                if (is_last && floors[c] < LAST_LEAST)
                        floors[c] = widths[c] < LAST_LEAST ? widths[c] : LAST_LEAST;
                used += widths[c];
                bars[c] = needs[c].bar;
                last[c] = is_last;
                words[c] = !bars[c] && !last[c];
        }
        excess = used > width ? used - width : 0;
        excess = layout_give(floors, bars, n, excess, widths);
        excess = layout_give(floors, words, n, excess, widths);
        return layout_give(floors, last, n, excess, widths) == 0;
}

unsigned table_layout(const ColumnNeed *needs, unsigned n, unsigned width, unsigned ret_widths[COLUMNS_MAX]) {
        assert(n > 0 && n <= COLUMNS_MAX);
        for (unsigned shown = n; width > 0 && shown > 0; shown--)
                if (layout_fits(needs, shown, shown == n, width, ret_widths))
                        return shown;
        for (unsigned c = 0; c < n; c++)
                ret_widths[c] = needs[c].natural;
        if (width > 0)
                ret_widths[0] = width;
        return width > 0 ? 1 : n;
}
