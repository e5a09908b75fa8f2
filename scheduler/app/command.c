#include "scheduler/app/command.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define COMMAND(name) extern const Command command_##name;
#include "scheduler/app/commands.def"
#undef COMMAND

static const Command *const commands[] = {
#define COMMAND(name) &command_##name,
#include "scheduler/app/commands.def"
#undef COMMAND
};

static const OptionDef no_options[] = { { 0 } };

const Command *command_at(unsigned i) {
        return i < ARRAY_SIZE(commands) ? commands[i] : NULL;
}

const Command *command_find(const char *name) {
        for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
                if (strcmp(commands[i]->name, name) == 0)
                        return commands[i];
        return NULL;
}

void command_usage(const Command *c, FILE *out, unsigned width) {
        (void) fprintf(out, "Usage: plimsoll %s%s%s\n\n%s\n", c->name, c->usage[0] ? " " : "", c->usage,
                       c->help);
        if (c->options)
                options_help(c->options, out, width);
}

static json_t *fault_json(const TextFault *f) {
        json_t *o = json_object();

        (void) json_object_set_new(o, "error", json_string(f->what));
        if (f->line)
                (void) json_object_set_new(o, "line", json_integer(f->line));
        if (f->column)
                (void) json_object_set_new(o, "column", json_integer(f->column));
        if (f->field[0])
                (void) json_object_set_new(o, "field", json_string(f->field));
        return o;
}

static void print_error_json(const Invocation *in, const char *file, const TextFaults *faults) {
        json_t *o = json_object(), *first = fault_json(&faults->at[0]), *all = json_array();

        (void) json_object_set_new(o, "schema", json_string("plimsoll.error/1"));
        if (file)
                (void) json_object_set_new(o, "file", json_string(file));
        (void) json_object_update(o, first);
        for (uint32_t i = 0; i < faults->n; i++)
                (void) json_array_append_new(all, fault_json(&faults->at[i]));
        if (faults->n > 1)
                (void) json_object_set(o, "mistakes", all);
        (void) json_dumpf(o, in->out.out, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
        (void) fputc('\n', in->out.out);
        json_decref(first);
        json_decref(all);
        json_decref(o);
}

static void print_fault(const Invocation *in, const char *file, const TextFault *f) {
        FILE *err = in->err.out;
        char safe[512];

        (void) fprintf(err, "%s%s:%s ", screen_style(&in->err, STYLE_BAD), in->program,
                       screen_style(&in->err, STYLE_PLAIN));
        if (file)
                (void) fprintf(err, "%s:", text_safe(file, safe, sizeof(safe)));
        if (f->line)
                (void) fprintf(err, "%u:", f->line);
        if (f->line && f->column)
                (void) fprintf(err, "%u:", f->column);
        if (file)
                (void) fputc(' ', err);
        if (f->field[0])
                (void) fprintf(err, "%s: ", text_safe(f->field, safe, sizeof(safe)));
        (void) fprintf(err, "%s\n", text_safe(f->what, safe, sizeof(safe)));
}

ExitStatus command_complain_fault(const Invocation *in, ExitStatus status, const char *file,
                                  const TextFault *f) {
        TextFault one = *f;
        const TextFaults faults = { .at = &one, .n = 1, .most = 1 };

        return command_complain_faults(in, status, file, &faults);
}

ExitStatus command_complain_faults(const Invocation *in, ExitStatus status, const char *file,
                                   const TextFaults *faults) {
        for (uint32_t i = 0; i < faults->n; i++)
                print_fault(in, file, &faults->at[i]);
        if (faults->n > 1 && faults->n == faults->most)
                (void) fprintf(in->err.out, "%s: only the first %u mistakes are shown\n", in->program,
                               faults->n);
        if (in->json)
                print_error_json(in, file, faults);
        return status;
}

ExitStatus command_complain(const Invocation *in, ExitStatus status, const char *fmt, ...) {
        TextFault f = { 0 };
        va_list ap;

        va_start(ap, fmt);
        (void) vsnprintf(f.what, sizeof(f.what), fmt, ap);
        va_end(ap);
        return command_complain_fault(in, status, NULL, &f);
}

/* Address space, not memory: as much as there may be, less where a limit is set. */
static int open_arena(Arena *ret) {
        int r = -1;

        for (size_t limit = (size_t) 32 << 30; r < 0 && limit >= (size_t) 64 << 20; limit /= 4)
                r = arena_open(limit, ret);
        return r;
}

static int run_command(const Command *c, int argc, char **argv, Invocation *in) {
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
        if (options_parse(defs, argc, argv, &in->options, &fault) < 0)
                return (int) command_complain(in, EXIT_BAD_INPUT, "%s (see plimsoll help %s)", fault.what,
                                              c->name);
        if (in->options.n_arguments < c->least_arguments || in->options.n_arguments > c->most_arguments)
                return (int) command_complain(in, EXIT_BAD_INPUT, "usage: plimsoll %s %s", c->name, c->usage);
        if (open_arena(&arena) < 0)
                return (int) command_complain(in, EXIT_FAILED, "out of memory");
        in->arena = &arena;
        status = (int) c->run(in);
        in->arena = NULL;
        arena_close(&arena);
        return status;
}

int command_main(int argc, char **argv, FILE *out, FILE *err) {
        Invocation in = { .program = "plimsoll", .out = screen_of(out), .err = screen_of(err) };
        const char *name = argc > 1 ? argv[1] : "help", *names[ARRAY_SIZE(commands)], *nearest;
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
                return argc > 1 ? run_command(c, argc - 1, argv + 1, &in) : run_command(c, argc, argv, &in);
        }
        for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
                names[i] = commands[i]->name;
        nearest = text_nearest(name, names, ARRAY_SIZE(commands));
        if (nearest)
                return (int) command_complain(&in, EXIT_BAD_INPUT,
                                              "there is no command %s; did you mean %s? (see plimsoll help)",
                                              name, nearest);
        return (int) command_complain(&in, EXIT_BAD_INPUT, "there is no command %s (see plimsoll help)",
                                      name);
}
