/* SPDX-License-Identifier: Apache-2.0 */
/* A plan as one HTML file that needs nothing else: no script, no font, no picture from elsewhere. To be attached to a change
 * request, read on any screen and printed. All that comes from outside is escaped (html_say.h), and the document's own
 * Content-Security-Policy lets nothing be loaded or run.
 *
 * Units: as in Plan; usec_t since the epoch. Owner: the arena is scratch. Errors: -ENOMEM. Threads: one.
 */
#pragma once

#include <stdio.h>

#include "scheduler/app/text/frontier_text.h"
#include "scheduler/model/plan.h"
#include "scheduler/model/settings.h"

typedef struct ReportView {
        const Snapshot *snapshot;
        const Problem *problem; /* of the snapshot */
        const Plan *plan;
        const Settings *settings;
        const FrontierView *frontier; /* by moves; NULL: none is drawn */
        const char *source;           /* where the facts come from */
        const char *by, *version;     /* who made it, with which program */
        const char *digest;           /* of the plan's file, in hexadecimal digits */
        const char *stopped;          /* that all moves are stopped; NULL: they are not */
        const char *const *supposed;  /* [n_supposed] what is not so, and was supposed (what if) */
        uint32_t n_supposed;
        usec_t made_at;
} ReportView;

int report_html_print(Arena *a, const ReportView *view, FILE *out) must_check;
