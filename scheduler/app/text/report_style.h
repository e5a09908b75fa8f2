/* SPDX-License-Identifier: Apache-2.0 */
/* How documents begin that plimsoll writes for people: a report of a plan, a backtest. Nothing is loaded or run: the document's own
 * Content-Security-Policy says so.
 *
 * Units: none. Owner: the stream is the caller's. Errors: none: its ferror(). Threads: one a stream.
 */
#pragma once

#include <stdio.h>

/* Up to the style, which is open: more of it may follow, and then "</style>\n</head>\n<body>\n". */
void report_style_begin(FILE *out, const char *version, const char *title);
