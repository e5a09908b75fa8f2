/* SPDX-License-Identifier: Apache-2.0 */
/* Options of a command: one table is the parser, the range check and the help.
 *
 * Unknown options, missing values and values out of range are told with what is accepted and the nearest
 * right word. Threads: one (getopt_long keeps its place in globals). Owner: values point into argv.
 *
 * Units: those of the option's type: µs, a number. Errors: -EINVAL, -ERANGE as said.
 */
#pragma once

#include <stdio.h>

#include "scheduler/base/clock.h"
#include "scheduler/base/text.h"

typedef enum OptionType {
        OPTION_HEADING,  /* a line above the options that follow it in the help: `doc` */
        OPTION_FLAG,     /* takes no value */
        OPTION_TEXT,     /* any text; the last one counts, option_nth() gives each */
        OPTION_NUMBER,   /* min … max, with decimals when scale > 1; kept as number × scale */
        OPTION_DURATION, /* "500ms", "30s", "5m", "2h", "1d"; kept in microseconds, min … max too */
} OptionType;

typedef struct OptionDef {
        const char *name; /* "max-moves" is written --max-moves; NULL ends a table */
        char letter;      /* 'o' is written -o; 0: none */
        OptionType type;
        const char *value; /* what stands for its value in the help: "N", "FILE" */
        int64_t scale, min, max;
        const char *doc;
} OptionDef;

/* Rows of a table that need no more: a heading, a flag, a text. */
#define OPTION_GROUP(title)                                                                                  \
        { "", 0, OPTION_HEADING, NULL, 0, 0, 0, title }
#define OPTION_SWITCH(name, doc)                                                                             \
        { name, 0, OPTION_FLAG, NULL, 0, 0, 0, doc }
#define OPTION_TIME(name, min, max, doc)                                                                     \
        { name, 0, OPTION_DURATION, "TIME", 0, min, max, doc }
#define OPTION_COUNT(name, min, max, doc)                                                                    \
        { name, 0, OPTION_NUMBER, "N", 1, min, max, doc }
#define OPTION_WORD(name, value, doc)                                                                        \
        { name, 0, OPTION_TEXT, value, 0, 0, 0, doc }

#define OPTIONS_MAX     48
#define OPTION_USES_MAX 256

typedef struct OptionUse {
        const OptionDef *def;
        const char *text; /* NULL: a flag */
        int64_t number;
} OptionUse;

typedef struct Options {
        const OptionDef *defs;
        OptionUse uses[OPTION_USES_MAX]; /* in the order they were written */
        unsigned n_uses;
        char **arguments; /* what is no option */
        int n_arguments;
} Options;

/* Parses argv[1 …]; moves options before the other arguments. 0; -EINVAL with *reterr_fault. */
int options_parse(const OptionDef *defs, int argc, char **argv, Options *ret,
                  TextFault *reterr_fault) must_check;

/* A name that is not in the table is a programmer's error (assert). */
bool option_given(const Options *o, const char *name);
const char *option_text(const Options *o, const char *name);            /* the last one; NULL: not given */
const char *option_nth(const Options *o, const char *name, unsigned i); /* NULL: past the last one */
int64_t option_number(const Options *o, const char *name, int64_t not_given);

/* The table as help, a line or more an option, wrapped at `width` columns. */
void options_help(const OptionDef *defs, FILE *out, unsigned width);

/* Prints `text` from column `column` on, broken at blanks before `width`, following lines indented by it. */
void options_wrapped(FILE *out, const char *text, unsigned column, unsigned width);

/* "500ms", "30s", "5m", "2h", "1d" → microseconds. 0, -EINVAL, -ERANGE (over 10 years). */
int duration_parse(const char *text, usec_t *ret) must_check;
