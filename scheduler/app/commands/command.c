/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/commands/command.h"

#include <stdlib.h>
#include <string.h>

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

void command_usage(const Command *c, FILE *out, unsigned width) {
        (void) fprintf(out, "Usage: plimsoll %s%s%s\n\n%s\n", c->name, c->usage[0] ? " " : "", c->usage,
                       c->help);
        if (c->options)
                options_help(c->options, out, width);
}

/* Address space, not memory: as much as there may be, less where a limit is set. */
static int command_open_arena(Arena *ret) {
        int r = -1;

        for (size_t limit = (size_t) 32 << 30; r < 0 && limit >= (size_t) 64 << 20; limit /= 4)
                r = arena_open(limit, ret);
        return r;
}

static int command_run_command(const Command *c, int argc, char **argv, Invocation *in) {
        const OptionDef *defs = c->options ? c->options : no_options;
        TextFault fault;
        Arena arena;
        int status;

        for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
                if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
                        command_usage(c, in->out.out, in->out.width);
                        return EXIT_DONE;
                }
                in->json = in->json || strcmp(argv[i], "--json") == 0;
        }
        if (url_secret_in_words(argc, argv, &fault) < 0)
                return (int) command_complain(in, EXIT_BAD_INPUT, "%s", fault.what);
        if (options_parse(defs, argc, argv, &in->options, &fault) < 0)
                return (int) command_complain(in, EXIT_BAD_INPUT, "%s (see plimsoll help %s)", fault.what,
                                              c->name);
        if (in->options.n_arguments < c->least_arguments || in->options.n_arguments > c->most_arguments)
                return (int) command_complain(in, EXIT_BAD_INPUT, "usage: plimsoll %s %s", c->name, c->usage);
        if (command_open_arena(&arena) < 0)
                return (int) command_complain(in, EXIT_FAILED, "out of memory");
        in->arena = &arena;
        status = (int) c->run(in);
        in->arena = NULL;
        arena_close(&arena);
        return status;
}

int command_main(int argc, char **argv, FILE *out, FILE *err) {
        Invocation in = { .program = "plimsoll", .out = screen_of(out), .err = screen_of(err) };
        const char *name = argc > 1 ? argv[1] : "help", *names[ARRAY_SIZE(command_commands)], *nearest;
        const Command *c;
        char program[64];

        if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
                name = "help";
        if (strcmp(name, "--version") == 0)
                name = "version";
        c = command_find(name);
        if (c) {
                (void) snprintf(program, sizeof(program), "plimsoll %s", c->name);
                in.program = program;
                return argc > 1 ? command_run_command(c, argc - 1, argv + 1, &in)
                                : command_run_command(c, argc, argv, &in);
        }
        for (size_t i = 0; i < ARRAY_SIZE(command_commands); i++)
                names[i] = command_commands[i]->name;
        nearest = text_nearest(name, names, ARRAY_SIZE(command_commands));
        if (nearest)
                return (int) command_complain(&in, EXIT_BAD_INPUT,
                                              "there is no command %s; did you mean %s? (see plimsoll help)",
                                              name, nearest);
        return (int) command_complain(&in, EXIT_BAD_INPUT, "there is no command %s (see plimsoll help)",
                                      name);
}
