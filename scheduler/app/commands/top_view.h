/* SPDX-License-Identifier: Apache-2.0 */
/* What plimsoll top draws: the cluster from `status --json`, or a text in pages. A frame has exactly as many lines as it is given,
 * none wider than its columns; what does not fit is counted, never silently left out.
 *
 * Units: columns, lines. Owner: the JSON stays the caller's. Errors: none: the stream's ferror(). Threads: one.
 */
#pragma once

#include <jansson.h>

#include "scheduler/app/terminal/screen.h"
#include "scheduler/model/units.h"

typedef struct TopView {
        const json_t *status; /* plimsoll.status/1; NULL: none was read yet */
        usec_t now;           /* since the epoch */
        const char *failed;   /* why the last reading failed: what is shown is older; NULL: it did not */
        usec_t read_at;       /* since the epoch */
        const char *filter;   /* of hosts and VMs, by a part of their names; "": all */
        bool by_name;         /* else the worst host first */
        const char *footer;   /* a question, or what came of a key; NULL: the keys */
        unsigned scroll;      /* hosts above the first one shown */
} TopView;

typedef struct TopPage {
        const char *title, *text, *footer;
        unsigned scroll; /* lines above the first one shown */
} TopPage;

/* *io_scroll: no further than to the last host. */
void top_view_draw(const TopView *view, const Screen *screen, unsigned lines, unsigned *io_scroll,
                   unsigned *ret_page);
void top_page_draw(const TopPage *page, const Screen *screen, unsigned lines, unsigned *io_scroll,
                   unsigned *ret_page);
