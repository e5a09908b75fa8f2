/* A sub-command of `plimsoll`. To add one: write scheduler/app/cmd_NAME.c, which ends with
 * `const Command command_NAME = {…}`, and add the line COMMAND(NAME) to commands.def. Dispatch, help and the
 * manual come from the table.
 *
 * Exit statuses are those of the whole product (ExitStatus); they are stable.
 */
#pragma once

#include "scheduler/app/options.h"
#include "scheduler/app/screen.h"
#include "scheduler/base/arena.h"

typedef enum ExitStatus {
        EXIT_DONE,      /* done, or nothing needed */
        EXIT_FAILED,    /* the work failed */
        EXIT_BAD_INPUT, /* usage, or a file that is wrong: nothing was changed */
        EXIT_BLOCKED,   /* some of it is blocked; what, and by what, was printed */
} ExitStatus;

/* One call of a command: what it was given and where its words go. Lives until the command returns. */
typedef struct Invocation {
        const char *program; /* "plimsoll plan": begins every complaint */
        Options options;
        Arena *arena; /* for all of the command; closed by the caller */
        Screen out, err;
        bool json; /* --json was given */
} Invocation;

typedef struct Command {
        const char *name, *summary; /* one line */
        const char *usage;          /* what follows the name in its usage line */
        const char *help;           /* a paragraph or more; lines at most 80 columns */
        const OptionDef *options;   /* NULL: none but --help */
        int least_arguments, most_arguments;
        ExitStatus (*run)(Invocation *in);
} Command;

/* The whole program: finds the command, parses its options, runs it. Returns the exit status. */
int command_main(int argc, char **argv, FILE *out, FILE *err);

/* By name, or NULL. In table order by number, NULL past the last. */
const Command *command_find(const char *name);
const Command *command_at(unsigned i);
void command_usage(const Command *c, FILE *out, unsigned width);

/* Says what is wrong: "plimsoll plan: …" on standard error; with --json also an object of schema
 * plimsoll.error/1 on standard output. Returns `status`. */
ExitStatus command_complain(const Invocation *in, ExitStatus status, const char *fmt, ...) printf_like(3, 4);

/* The same for a text a person wrote: file, line, column and field stand before the words. */
ExitStatus command_complain_fault(const Invocation *in, ExitStatus status, const char *file,
                                  const TextFault *fault);

/* The same for all that is wrong with one: a line each. In the JSON object the first is the error, and all
 * stand in "mistakes". */
ExitStatus command_complain_faults(const Invocation *in, ExitStatus status, const char *file,
                                   const TextFaults *faults);
