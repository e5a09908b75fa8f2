/* SPDX-License-Identifier: Apache-2.0 */
/* The whole terminal, for a program that draws it again and again and reads single keys. It is given back on every way out: by
 * top_terminal_leave(), at exit(), when a signal ends or stops the process. Ctrl-C and Ctrl-Z stay signals.
 *
 * Units: columns, lines, milliseconds. Owner: process-wide, one at a time. Errors: a negative errno. Threads: the main one.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum {
        TOP_KEY_NONE = 0, /* none came in time, or a signal did: its end, or another size */
        TOP_KEY_ESCAPE = 27,
        TOP_KEY_UP = 256,
        TOP_KEY_DOWN,
        TOP_KEY_PAGE_UP,
        TOP_KEY_PAGE_DOWN,
        TOP_KEY_HOME,
        TOP_KEY_END,
        TOP_KEY_CLOSED, /* the terminal is gone */
};

/* -ENOTTY: standard input or output is none. */
int top_terminal_enter(void);
void top_terminal_leave(void);

void top_terminal_size(unsigned *ret_columns, unsigned *ret_lines);

/* A frame from the upper left corner on, at once. */
void top_terminal_draw(const char *frame, size_t n);

/* A byte of what is typed, or one of the above. */
int top_terminal_key(int timeout_ms);
