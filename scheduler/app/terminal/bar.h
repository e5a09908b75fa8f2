/* SPDX-License-Identifier: Apache-2.0 */
/* A load against its load line, as a bar: "██████▎  ┃   " on a terminal, "######...|..." elsewhere.
 *
 * Units: permille of capacity; columns. Owner: it keeps nothing. Errors: none: what the stream could not
 * write its ferror() says. Threads: one.
 */
#pragma once

#include "scheduler/app/terminal/screen.h"

typedef struct Bar {
        int64_t used;  /* permille of capacity; may be over 1000 */
        int64_t limit; /* permille: the load line; 0 or 1000 and more: none is drawn */
} Bar;

/* How a load stands to its line: good below, warn within 5 % of capacity under it, bad above it. */
Style bar_style(Bar b);

/* Draws exactly `width` columns, in its style's colour. */
void bar_print(Bar b, unsigned width, const Screen *screen);

/* A share done, 0 … 1000, without a load line. */
void bar_print_progress(int64_t permille, unsigned width, const Screen *screen);
