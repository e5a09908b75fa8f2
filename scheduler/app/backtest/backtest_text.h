/* SPDX-License-Identifier: Apache-2.0 */
/* What a backtest came to: as a table, as JSON (schema plimsoll.backtest/1) and as an HTML file in the style of the report.
 *
 * Units: as backtest.h. Owner: the arena is scratch; JSON is the caller's. Errors: -ENOMEM; NULL: no memory. Threads: one.
 */
#pragma once

#include <jansson.h>
#include <stdio.h>

#include "scheduler/app/backtest/backtest.h"
#include "scheduler/app/terminal/screen.h"

typedef struct BacktestView {
        const Trace *trace;
        const BacktestRun *runs; /* [n_runs] the first moved nothing */
        uint32_t n_runs;
        const char *source, *version;
        usec_t made_at;
} BacktestView;

/* "plimsoll", or "plimsoll, FILE" where there are several settings. In `a`; NULL: no memory. */
const char *backtest_name(Arena *a, const BacktestRun *run);

int backtest_print(Arena *a, const BacktestView *view, const Screen *screen) must_check;
json_t *backtest_json(const BacktestView *view);
int backtest_html(Arena *a, const BacktestView *view, FILE *out) must_check;
