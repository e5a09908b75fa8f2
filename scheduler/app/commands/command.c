/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/commands/command.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/app/commands/remote_run.h"
#include "scheduler/app/terminal/wrap.h"
#include "scheduler/base/url_secret.h"

#define COMMAND(name) extern const Command command_##name;
#include "scheduler/app/commands/commands.def"
#undef COMMAND

static const Command *const command_commands[] = {
#define COMMAND(name) &command_##name,
#include "scheduler/app/commands/commands.def"
#undef COMMAND
};

static const OptionDef no_options[] = { { 0 } };

const Command *command_at(unsigned i) {
        return i < ARRAY_SIZE(command_commands) ? command_commands[i] : NULL;
}

const Command *command_find(const char *name) {
        for (size_t i = 0; i < ARRAY_SIZE(command_commands); i++)
                if (strcmp(command_commands[i]->name, name) == 0)
                        return command_commands[i];
        return NULL;
}

/* Paragraphs, each wrapped to the width: a line's end is not its end, an empty or indented line is. */
static void command_paragraphs(const char *text, FILE *out, unsigned width) {
        while (*text) {
                char paragraph[2048];
                size_t n = 0, next, used = strcspn(text, "\n");
                const bool as_it_is = used == 0 || text[0] == ' ';

                while (!as_it_is && text[used] && text[used + 1] != '\n' && text[used + 1] != ' ' &&
                       text[used + 1])
                        used += 1 + strcspn(text + used + 1, "\n");
                assert(used < sizeof(paragraph));
                for (size_t i = 0; i < used; i++)
                        paragraph[n++] = (char) (text[i] == '\n' ? ' ' : text[i]);
                for (const char *p = paragraph; n > 0; p += next, n -= next)
                        (void) fprintf(out, "%.*s\n", (int) wrap_line(p, n, as_it_is ? 0 : width, &next), p);
                if (used == 0)
                        (void) fputc('\n', out);
                text += used + (text[used] == '\n');
        }
}

/* Under a title, indented; a command line is never broken. */
static void command_examples(const char *examples, FILE *out) {
        (void) fputs("\nExamples:\n", out);
        for (const char *p = examples; *p;) {
                const size_t n = strcspn(p, "\n");

                (void) fprintf(out, "  %.*s\n", (int) n, p);
                p += n + (p[n] == '\n');
        }
}

void command_usage(const Command *c, FILE *out, unsigned width) {
        const unsigned columns = width ? width : 80, indent = sizeof("Usage: plimsoll");
        size_t n = strlen(c->usage), next = 0;

        (void) fprintf(out, "Usage: plimsoll %s ", c->name);
        for (const char *p = c->usage; n > 0; p += next, n -= next) {
                const unsigned before = indent + (unsigned) strlen(c->name) + 1;
                const size_t here = wrap_line(p, n, columns > before + 20 ? columns - before : 20, &next);

                (void) fprintf(out, "%*s%.*s\n", p == c->usage ? 0 : (int) before, "", (int) here, p);
        }
        (void) fputs(n == 0 && !c->usage[0] ? "\n\n" : "\n", out);
        command_paragraphs(c->help, out, columns);
        if (c->options && c->options->type != OPTION_HEADING)
                (void) fputc('\n', out);
        if (c->options)
                options_help(c->options, out, width);
        if (c->examples)
                command_examples(c->examples, out);
}

/* Address space, not memory: as much as there may be, less where a limit is set. */
static int command_open_arena(Arena *ret) {
        int r = -1;

        for (size_t limit = (size_t) 32 << 30; r < 0 && limit >= (size_t) 64 << 20; limit /= 4)
                r = arena_open(limit, ret);
        return r;
}

/* Before options are parsed, which may fail. */
static bool command_is_given(int argc, char **argv, const char *word) {
        for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
                if (strcmp(argv[i], word) == 0)
                        return true;
        return false;
}

/* getopt_long(3) keeps where it is in variables of the process. */
static int command_parse_options(const OptionDef *defs, int argc, char **argv, Invocation *in, TextFault *f) {
        static pthread_mutex_t one = PTHREAD_MUTEX_INITIALIZER;
        int r;

        (void) pthread_mutex_lock(&one);
        r = options_parse(defs, argc, argv, &in->options, f);
        (void) pthread_mutex_unlock(&one);
        return r;
}

static int command_run_command(const Command *c, int argc, char **argv, Invocation *in) {
        const OptionDef *defs = c->options ? c->options : no_options;
        TextFault fault;
        Arena arena;
        int status;

        if (command_is_given(argc, argv, "--help") || command_is_given(argc, argv, "-h")) {
                command_usage(c, in->out.out, in->out.width);
                return EXIT_DONE;
        }
        in->json = command_is_given(argc, argv, "--json");
        if (!in->inside && url_secret_in_words(argc, argv, &fault) < 0)
                return (int) command_complain(in, EXIT_BAD_INPUT, "%s", fault.what);
        if (command_parse_options(defs, argc, argv, in, &fault) < 0)
                return (int) command_complain(in, EXIT_BAD_INPUT, "%s (see plimsoll help %s)", fault.what,
                                              c->name);
        if (in->options.n_arguments < c->least_arguments)
                return (int) command_complain(
                        in, EXIT_BAD_INPUT, "%s. Usage: plimsoll %s %s (see plimsoll help %s)",
                        in->options.n_arguments == 0 ? "an argument is missing" : "too few arguments",
                        c->name, c->usage, c->name);
        if (in->options.n_arguments > c->most_arguments)
                return (int) command_complain(
                        in, EXIT_BAD_INPUT,
                        "unexpected argument '%s'. Usage: plimsoll %s %s (see plimsoll help %s)",
                        in->options.arguments[c->most_arguments], c->name, c->usage, c->name);
        if (command_open_arena(&arena) < 0)
                return (int) command_complain(in, EXIT_FAILED, "out of memory");
        in->arena = &arena;
        status = (int) c->run(in);
        in->arena = NULL;
        arena_close(&arena);
        return status;
}

/* On a terminal lines break between words; what is for programs stays as it is. */
typedef struct Wrapped {
        FILE *out;
        unsigned lines;
} Wrapped;

static void command_wrap(Screen *screen, Wrapped *wrapped) {
        wrapped->out = screen->live && screen->width > 0
                               ? wrap_open(screen->out, screen->width, &wrapped->lines)
                               : NULL;
        if (!wrapped->out)
                return;
        screen->out = wrapped->out;
        screen->lines = &wrapped->lines;
}

#define PROGRAM_SIZE 64 /* "plimsoll maintenance" */

static int command_dispatch(int argc, char **argv, char program[PROGRAM_SIZE], Invocation *in) {
        const char *name = argc > 1 ? argv[1] : "help", *names[ARRAY_SIZE(command_commands)], *nearest;
        const Command *c;

        if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
                name = "help";
        if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0)
                name = "version";
        c = command_find(name);
        if (c) {
                (void) snprintf(program, PROGRAM_SIZE, "plimsoll %s", c->name);
                in->program = program;
                return argc > 1 ? command_run_command(c, argc - 1, argv + 1, in)
                                : command_run_command(c, argc, argv, in);
        }
        for (size_t i = 0; i < ARRAY_SIZE(command_commands); i++)
                names[i] = command_commands[i]->name;
        nearest = text_nearest(name, names, ARRAY_SIZE(command_commands));
        if (nearest)
                return (int) command_complain(in, EXIT_BAD_INPUT,
                                              "unknown command %s; did you mean %s? (see plimsoll help)",
                                              name, nearest);
        return (int) command_complain(in, EXIT_BAD_INPUT, "unknown command %s (see plimsoll help)", name);
}

/* Before the command's name: it is another program's then, and its options are not looked at here. */
static bool command_is_remote(int argc, char **argv, const char **ret_url, int *ret_skip) {
        static const char option[] = "--api";
        const size_t n = sizeof(option) - 1;

        if (argc < 2 || strncmp(argv[1], option, n) != 0 || (argv[1][n] != '=' && argv[1][n] != '\0'))
                return false;
        *ret_url = argv[1][n] == '=' ? argv[1] + n + 1 : argc > 2 ? argv[2] : "";
        *ret_skip = argv[1][n] == '=' ? 2 : argc > 2 ? 3 : 2;
        return true;
}

int command_main(int argc, char **argv, FILE *out, FILE *err) {
        Invocation in = { .program = "plimsoll", .out = screen_of(out), .err = screen_of(err) };
        Wrapped wrapped_out = { 0 }, wrapped_err = { 0 };
        char program[PROGRAM_SIZE];
        const char *url;
        int status, skip;

        if (command_is_remote(argc, argv, &url, &skip))
                return (int) remote_run(url, argc - skip, argv + skip, out, err);
        if (!command_is_given(argc, argv, "--json"))
                command_wrap(&in.out, &wrapped_out);
        command_wrap(&in.err, &wrapped_err);
        status = command_dispatch(argc, argv, program, &in);
        if (wrapped_err.out)
                (void) fclose(wrapped_err.out);
        if (wrapped_out.out && fclose(wrapped_out.out) != 0 && status == EXIT_DONE)
                status = EXIT_FAILED;
        return status;
}

int command_call(int argc, char **argv, FILE *out, FILE *err) {
        const Command *c = argc > 0 ? command_find(argv[0]) : NULL;
        char program[PROGRAM_SIZE];
        Invocation in = { .program = program, .out = screen_of(out), .err = screen_of(err), .inside = true };

        if (!c)
                return EXIT_BAD_INPUT;
        (void) snprintf(program, PROGRAM_SIZE, "plimsoll %s", c->name);
        return command_run_command(c, argc, argv, &in);
}
