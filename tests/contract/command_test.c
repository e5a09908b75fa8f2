/* SPDX-License-Identifier: Apache-2.0 */
/* Every command of commands.def: what its table says is whole, its help shows all of it, and a word too many or an
 * option that is none ends with status 2 and a word of what is accepted. And each stands in moves_of.def, and makes the moves
 * that it says there, no others. */
#include <criterion/criterion.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "scheduler/app/commands/command.h"

static char said[262144];

static int run(const char *command, const char *word) {
        char program[] = "plimsoll", first[64], second[64];
        char *argv[] = { program, first, second, NULL };
        FILE *out = tmpfile();
        size_t n;
        int status;

        (void) snprintf(first, sizeof(first), "%s", command);
        (void) snprintf(second, sizeof(second), "%s", word);
        status = command_main(3, argv, out, out);
        rewind(out);
        n = fread(said, 1, sizeof(said) - 1, out);
        said[n] = '\0';
        (void) fclose(out);
        return status;
}

static void option_check(const Command *c, const OptionDef *d) {
        char written[96];

        cr_assert(d->doc && *d->doc, "plimsoll %s: --%s is not explained", c->name, d->name);
        if (d->type == OPTION_HEADING)
                return;
        (void) snprintf(written, sizeof(written), "--%s%s%s", d->name, d->value ? " " : "",
                        d->value ? d->value : "");
        cr_assert(strstr(said, written), "plimsoll help %s lacks %s", c->name, written);
        cr_assert_eq(d->type == OPTION_FLAG, d->value == NULL, "plimsoll %s: --%s: a value and a word for it",
                     c->name, d->name);
        if (d->type == OPTION_NUMBER || d->type == OPTION_DURATION)
                cr_assert_lt(d->min, d->max, "plimsoll %s: --%s takes nothing", c->name, d->name);
        for (const OptionDef *other = c->options; other < d; other++)
                cr_assert(other->type == OPTION_HEADING || (strcmp(other->name, d->name) != 0 &&
                                                            (!d->letter || d->letter != other->letter)),
                          "plimsoll %s: --%s is there twice", c->name, d->name);
}

/* Whatever stood between its words: help is wrapped to the terminal. */
static void words_of(const char *text, char *ret, size_t size) {
        size_t n = 0;

        for (; *text && n + 2 < size; text++)
                if (*text != ' ' && *text != '\n')
                        ret[n++] = *text;
                else if (n > 0 && ret[n - 1] != ' ')
                        ret[n++] = ' ';
        while (n > 0 && ret[n - 1] == ' ')
                n--;
        ret[n] = '\0';
}

static bool has_words(const char *text, const char *words) {
        static char all[1 << 16], part[1 << 14];

        words_of(text, all, sizeof(all));
        words_of(words, part, sizeof(part));
        return strstr(all, part) != NULL;
}

Test(command, keeps_its_contract) {
        const Command *c;

        for (unsigned i = 0; (c = command_at(i)); i++) {
                cr_assert(c->name && c->run && c->usage);
                cr_assert(c->summary && *c->summary && strlen(c->summary) <= 90, "plimsoll %s: its summary",
                          c->name);
                cr_assert(c->help && *c->help, "plimsoll %s has no help", c->name);
                cr_assert_leq(c->least_arguments, c->most_arguments, "plimsoll %s", c->name);
                cr_assert_eq(c, command_find(c->name), "plimsoll %s is there twice", c->name);
                cr_assert_eq(0, run("help", c->name));
                cr_assert(has_words(said, c->help) && has_words(said, c->usage), "plimsoll help %s", c->name);
                for (const OptionDef *d = c->options; d && d->name; d++)
                        option_check(c, d);
                cr_assert_eq(2, run(c->name, "--no-such-option"), "plimsoll %s --no-such-option", c->name);
                cr_assert(strstr(said, "unknown option --no-such-option"), "%s", said);
        }
}

/* ---- its examples ---- */

#define EXAMPLE_WORDS 32

/* Splits a command line as a shell does that knows double quotes alone; cuts `line` up. */
static int example_split(char *line, char *argv[EXAMPLE_WORDS]) {
        int n = 0;

        while (*line) {
                line += strspn(line, " ");
                if (!*line)
                        break;
                cr_assert_lt(n, EXAMPLE_WORDS - 1);
                argv[n] = *line == '"' ? line + 1 : line;
                line = argv[n] + strcspn(argv[n], *line == '"' ? "\"" : " ");
                if (*line)
                        *line++ = '\0';
                n++;
        }
        argv[n] = NULL;
        return n;
}

/* NULL: it parses. */
static const char *example_fault(const Command *c, const char *example, size_t length) {
        static char line[512], words[512];
        static Options o;
        char *argv[EXAMPLE_WORDS];
        TextFault fault = { 0 };
        int n;

        (void) snprintf(line, sizeof(line), "%.*s", (int) length, example);
        n = example_split(line, argv);
        if (n < 2 || strcmp(argv[0], "plimsoll") != 0)
                return "it does not begin with plimsoll COMMAND";
        if (strcmp(argv[1], "--version") == 0)
                return strcmp(c->name, "version") == 0 ? NULL : "it is of another command";
        if (strcmp(argv[1], c->name) != 0)
                return "it is of another command";
        if (!c->options)
                return n - 2 >= c->least_arguments && n - 2 <= c->most_arguments ? NULL : "too many words";
        if (options_parse(c->options, n - 1, argv + 1, &o, &fault) < 0) {
                (void) snprintf(words, sizeof(words), "%s", fault.what);
                return words;
        }
        return o.n_arguments >= c->least_arguments && o.n_arguments <= c->most_arguments
                       ? NULL
                       : "too few or too many words";
}

Test(command, has_examples_that_parse) {
        const Command *c;

        for (unsigned i = 0; (c = command_at(i)); i++) {
                cr_assert(c->examples && *c->examples, "plimsoll %s has no example", c->name);
                cr_assert_eq(0, run(c->name, "--help"));
                cr_assert(strstr(said, "\nExamples:\n  plimsoll "), "plimsoll %s --help lacks them", c->name);
                for (const char *p = c->examples; *p;) {
                        const size_t n = strcspn(p, "\n");
                        const char *fault = example_fault(c, p, n);

                        cr_expect_leq(n, 98U, "plimsoll %s: too long: %.*s", c->name, (int) n, p);
                        cr_assert_null(fault, "plimsoll %s: %.*s: %s", c->name, (int) n, p, fault);
                        p += n + (p[n] == '\n');
                }
        }
        cr_assert_not_null(example_fault(command_find("status"), "plimsoll status --no-such-option", 32));
        cr_assert_not_null(example_fault(command_find("move"), "plimsoll status", 15));
}

/* ---- what it is about, and which moves it may make ---- */

typedef struct MovesRow {
        const char *command, *about, *which;
} MovesRow;

static const MovesRow rows[] = {
#define MOVES(command, about, which) { #command, #about, #which },
#include "scheduler/app/commands/moves_of.def"
#undef MOVES
};

static const MovesRow *row_of(const char *command) {
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                if (strcmp(rows[i].command, command) == 0)
                        return &rows[i];
        return NULL;
}

Test(command, says_what_it_is_about_and_which_moves_it_may_make) {
        const Command *c;

        for (unsigned i = 0; (c = command_at(i)); i++)
                cr_expect(row_of(c->name), "plimsoll %s is not in moves_of.def", c->name);
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                cr_expect(command_find(rows[i].command), "%s of moves_of.def is no command", rows[i].command);
                cr_expect_eq(&rows[i], row_of(rows[i].command), "%s is twice in moves_of.def",
                             rows[i].command);
        }
}

#define FORTY SOURCE_DIR "/deploy/examples/forty-hosts.json"

/* How each command that moves what leaves its hosts, and no more, is tried: a dry run about kvm20. */
static const struct {
        const char *command;
        const char *words[8];
} off[] = {
        { "evacuate", { "evacuate", "kvm20", "--from", FORTY, "--dry-run", "--json" } },
};

static json_t *moves_said(const char *const *words) {
        char *argv[12] = { (char *) (uintptr_t) "plimsoll" };
        int argc = 1;
        FILE *out = tmpfile(), *err = tmpfile();
        json_t *plan;

        while (words[argc - 1]) {
                argv[argc] = strdup(words[argc - 1]);
                argc++;
        }
        cr_assert_eq(0, command_main(argc, argv, out, err), "plimsoll %s", words[0]);
        rewind(out);
        plan = json_loadf(out, 0, NULL);
        (void) fclose(out);
        (void) fclose(err);
        for (int i = 1; i < argc; i++)
                free(argv[i]);
        cr_assert(json_is_array(json_object_get(plan, "moves")), "plimsoll %s shows no moves", words[0]);
        return plan;
}

static size_t moves_off(const json_t *plan, const char *host) {
        size_t n = 0, i;
        json_t *m;

        json_array_foreach(json_object_get(plan, "moves"), i, m) {
                n += strcmp(json_string_value(json_object_get(m, "from")), host) == 0;
        }
        return n;
}

/* kvm20 has ten VMs, and room for all of them is elsewhere: 119 moves were planned once, ten of them off it. */
Test(command, about_a_host_moves_what_leaves_it_and_nothing_else) {
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                size_t k = 0;
                json_t *plan;

                if (strcmp(rows[i].which, "OFF") != 0 || strcmp(rows[i].about, "HOSTS") != 0)
                        continue;
                while (k < ARRAY_SIZE(off) && strcmp(off[k].command, rows[i].command) != 0)
                        k++;
                cr_assert_lt(k, ARRAY_SIZE(off), "nobody tries plimsoll %s here", rows[i].command);
                plan = moves_said(off[k].words);
                cr_expect_eq(moves_off(plan, "kvm20"), 10);
                cr_expect_eq(json_array_size(json_object_get(plan, "moves")), 10,
                             "plimsoll %s about kvm20 plans %zu moves", rows[i].command,
                             json_array_size(json_object_get(plan, "moves")));
                json_decref(plan);
        }
}

Test(command, evacuate_balances_where_it_is_asked_to) {
        static const char *const words[] = { "evacuate",  "kvm20",  "--from",    FORTY,
                                             "--dry-run", "--json", "--balance", NULL };
        json_t *plan = moves_said(words);

        cr_expect_eq(moves_off(plan, "kvm20"), 10);
        cr_expect_gt(json_array_size(json_object_get(plan, "moves")), 100);
        json_decref(plan);
}

/* A command about one VM moves that VM. */
Test(command, about_a_vm_moves_it_and_nothing_else) {
        static const char *const move[] = { "move", "app054",    "kvm08",  "--from",
                                            FORTY,  "--dry-run", "--json", NULL };
        const json_t *m;
        json_t *plan;

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                if (strcmp(rows[i].which, "OFF") == 0 && strcmp(rows[i].about, "VM") == 0)
                        cr_assert_str_eq("move", rows[i].command, "nobody tries plimsoll %s here",
                                         rows[i].command);
        plan = moves_said(move);
        cr_assert_eq(1, json_array_size(json_object_get(plan, "moves")));
        m = json_array_get(json_object_get(plan, "moves"), 0);
        cr_expect_str_eq("app054", json_string_value(json_object_get(m, "vm")));
        cr_expect_str_eq("kvm08", json_string_value(json_object_get(m, "to")));
        cr_expect_str_eq("asked", json_string_value(json_object_get(plan, "status")));
        json_decref(plan);
}

/* app054 needs 6 cores, and kvm23 lacks 1.2 of them: what it would take is said, and done where that is asked for. */
Test(command, move_says_why_not_and_makes_way_where_it_is_asked_to) {
        static const char *const way[] = { "move",      "app054", "kvm23",      "--from", FORTY,
                                           "--dry-run", "--json", "--make-way", NULL };
        char *const argv[] = { (char[]){ "plimsoll" }, (char[]){ "move" },   (char[]){ "app054" },
                               (char[]){ "kvm23" },    (char[]){ "--from" }, (char[]){ FORTY },
                               (char[]){ "--dry-run" } };
        FILE *out = tmpfile();
        json_t *plan = moves_said(way), *first = json_array_get(json_object_get(plan, "moves"), 0);
        size_t n;

        cr_expect_eq(2, json_array_size(json_object_get(plan, "moves")));
        cr_expect_str_eq("kvm23", json_string_value(json_object_get(first, "from")));
        cr_expect(strstr(json_string_value(json_object_get(first, "why")), "makes room on kvm23 for app054"));
        json_decref(plan);
        cr_assert_eq(3, command_main(ARRAY_SIZE(argv), (char **) argv, out, out));
        rewind(out);
        n = fread(said, 1, sizeof(said) - 1, out);
        said[n] = '\0';
        (void) fclose(out);
        cr_expect(strstr(said, "app054 cannot move to kvm23"), "%s", said);
        cr_expect(strstr(said, "lacks 1.2 cores"), "%s", said);
        cr_expect(strstr(said, "(use --make-way)"), "%s", said);
        cr_expect(strstr(said, "it could move to: kvm15, kvm38, kvm04"), "%s", said);
}
