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

/* A running move, by its id in the journal: another one of the same VM is another move. */
typedef struct TopMove {
        char vm[256], id[256];
} TopMove;

/* The running move after `after` (by id; none, or the last: the first). false: none runs that the journal knows. */
bool top_move_pick(const json_t *status, const json_t *journal, const char *after, TopMove *ret);

/* What it is, how far it is, and what aborting it means. false: it runs no more. */
bool top_move_text(const json_t *status, const json_t *journal, const TopMove *move, FILE *out);

/* *io_scroll: no further than to the last host. */
void top_view_draw(const TopView *view, const Screen *screen, unsigned lines, unsigned *io_scroll,
                   unsigned *ret_page);
void top_page_draw(const TopPage *page, const Screen *screen, unsigned lines, unsigned *io_scroll,
                   unsigned *ret_page);
