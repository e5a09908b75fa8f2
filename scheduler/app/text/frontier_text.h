/* SPDX-License-Identifier: Apache-2.0 */
/* A frontier as people and programs read it: a curve on a terminal, a table, JSON (docs/frontier.md).
 *
 * Units: MiB, ms, permille by suffix. Owner: the arena is scratch. Errors: -ENOMEM from frontier_text_print()
 * alone. Threads: one.
 */
#pragma once

#include "scheduler/app/terminal/screen.h"
#include "scheduler/base/arena.h"
#include "scheduler/decide/query/frontier.h"

extern const char *const frontier_price_names[FRONTIER_PRICE_N + 1]; /* "moves", "gib", "minutes", NULL */

typedef struct FrontierView {
        const Snapshot *snapshot;
        const FrontierPoint *points; /* settled */
        uint32_t n, knee;            /* knee == n: there is none */
        FrontierPrice by;
        const char *const *res_names, *const *policy_names;
        uint32_t n_policies;
        uint64_t seed;
} FrontierView;

/* 0 or -ENOMEM. The curve is drawn only where screen->live. */
int frontier_text_print(Arena *a, const FrontierView *view, const Screen *screen) must_check;

void frontier_json_print(const FrontierView *view, FILE *out);
