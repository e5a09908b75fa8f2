/* SPDX-License-Identifier: Apache-2.0 */
/* The drawings of a report: the frontier as a curve, a host's load as a bar. SVG within an HTML document, whose style has the colours
 * (report_html.c).
 *
 * Units: permille in a Bar. Owner: the stream is the caller's. Errors: none: its ferror(). Threads: one a stream.
 */
#pragma once

#include <stdio.h>

#include "scheduler/app/terminal/bar.h"
#include "scheduler/app/text/frontier_text.h"

void report_chart_frontier(const FrontierView *view, FILE *out);
void report_chart_bar(Bar b, FILE *out);
