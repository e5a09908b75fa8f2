/* SPDX-License-Identifier: Apache-2.0 */
/* One call of a command: its options, its arena, where its words go, and how it ends.
 *
 * Units: none. Owner: it keeps nothing. Errors: returns the status it is given. Threads: the main one.
 */
#pragma once

#include "scheduler/app/terminal/screen.h"
#include "scheduler/base/arena.h"
#include "scheduler/base/options.h"

typedef enum ExitStatus {
        EXIT_DONE,      /* done, or nothing needed */
        EXIT_FAILED,    /* the work failed */
        EXIT_BAD_INPUT, /* usage, or a file that is wrong: nothing was changed */
        EXIT_BLOCKED,   /* some of it is blocked; what, and by what, was printed */
} ExitStatus;

/* What keeps it from being done. */
typedef struct ErrorBlock {
        const char *kind, *name,
                *why; /* kind: "stop", "brake", "vm": what it is; its name; NULL where it has none */
} ErrorBlock;

/* One call of a command: what it was given and where its words go. Lives until the command returns. */
typedef struct Invocation {
        const char *program; /* "plimsoll plan": begins every complaint */
        Options options;
        Arena *arena; /* for all of the command; closed by the caller */
        Screen out, err;
        bool json;   /* --json was given */
        bool inside; /* another program calls it: its words stand on no command line */
        TextFault *
                held; /* with --json: the first complaint goes here, not out, for the command's own document has it; NULL: usual */
        const ErrorBlock
                *blocks; /* [n_blocks] what a complaint is to name as what keeps it from being done */
        uint32_t n_blocks;
} Invocation;

/* Says what is wrong: "plimsoll plan: …" on standard error; with --json also an object of schema
 * plimsoll.error/1 on standard output. Returns `status`. */
ExitStatus command_complain(const Invocation *in, ExitStatus status, const char *fmt, ...) printf_like(3, 4);

/* The same with what keeps it from being done, for programs: "blocked_by" of the JSON object. */
ExitStatus command_complain_blocked(const Invocation *in, ExitStatus status, const ErrorBlock *blocks,
                                    uint32_t n, const char *fmt, ...) printf_like(5, 6);

/* The same for a text a person wrote: file, line, column and field stand before the words. */
ExitStatus command_complain_fault(const Invocation *in, ExitStatus status, const char *file,
                                  const TextFault *f);

/* The same for all that is wrong with one: a line each. In the JSON object the first is the error, and all
 * stand in "mistakes". */
ExitStatus command_complain_faults(const Invocation *in, ExitStatus status, const char *file,
                                   const TextFaults *faults);
