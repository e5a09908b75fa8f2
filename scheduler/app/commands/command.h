/* SPDX-License-Identifier: Apache-2.0 */
/* A sub-command of `plimsoll`. To add one: write scheduler/app/commands/cmd_NAME.c, which ends with
 * `const Command command_NAME = {…}`, and add the line COMMAND(NAME) to commands.def. Dispatch, help and the
 * manual come from the table.
 *
 * An honest circle (tests/arrows/links.py): `help` is a command like any other, and lists the table it stands in; `top` calls others
 * of it.
 *
 * Exit statuses are those of the whole product (ExitStatus); they are stable.
 *
 * Units: columns in `width`. Owner: static. Errors: an ExitStatus, or NULL as said. Threads: the main one.
 */
#pragma once

#include "scheduler/app/terminal/invocation.h"

typedef struct Command {
        const char *name, *summary; /* one line */
        const char *usage;          /* what follows the name in its usage line */
        const char *help;           /* a paragraph or more */
        const char *examples;       /* command lines as they are typed, a line each; each parses (a test) */
        const OptionDef *options;   /* NULL: none but --help */
        int least_arguments, most_arguments;
        ExitStatus (*run)(Invocation *in);
} Command;

/* The whole program: finds the command, parses its options, runs it. Returns the exit status. */
int command_main(int argc, char **argv, FILE *out, FILE *err);

/* A command inside another program, with its own words, the command's name first: as on the command line, but that a word may be a
 * URL with a password, for nobody else sees it. Threads: any. */
int command_call(int argc, char **argv, FILE *out, FILE *err);

/* By name, or NULL. In table order by number, NULL past the last. */
const Command *command_find(const char *name);
const Command *command_at(unsigned i);
void command_usage(const Command *c, FILE *out, unsigned width);
