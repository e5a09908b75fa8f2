/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/commands/command.h"
#include "scheduler/base/options.h"

#define OVERVIEW_COLUMN 15U

static void print_overview(const Invocation *in) {
        FILE *out = in->out.out;
        const unsigned width = in->out.width > OVERVIEW_COLUMN + 20 ? in->out.width : 80;

        (void) fputs("plimsoll keeps every host of a libvirt/KVM cluster below its load line.\n"
                     "\n"
                     "Usage: plimsoll COMMAND [options]\n"
                     "\n",
                     out);
        for (unsigned i = 0; command_at(i); i++) {
                (void) out_say(out, "  %-12s ", command_at(i)->name);
                options_wrapped(out, command_at(i)->summary, OVERVIEW_COLUMN, width);
        }
        (void) fputc('\n', out);
        options_wrapped(
                out,
                "Options and examples of one command: plimsoll help COMMAND, or plimsoll COMMAND --help. Every "
                "command that shows something accepts --json. Version: plimsoll --version, or -V. By a service's API "
                "instead of Redis: plimsoll --api URL COMMAND (docs/api.md).",
                0, width);
        options_wrapped(
                out,
                "Exit status: 0 done, or nothing to do; 1 failed; 2 usage error or bad input, nothing was "
                "changed; 3 something is blocked or not as it should be.",
                0, width);
        (void) fputs("\nExamples:\n"
                     "  plimsoll status --redis redis://store:6379\n"
                     "  plimsoll plan --hosts qemu+ssh://h1/system,qemu+ssh://h2/system\n"
                     "  plimsoll evacuate h2 --dry-run\n",
                     out);
}

static ExitStatus cmd_help_run(Invocation *in) {
        const Command *c;

        if (in->options.n_arguments == 0) {
                print_overview(in);
                return EXIT_DONE;
        }
        c = command_find(in->options.arguments[0]);
        if (!c)
                return command_complain(in, EXIT_BAD_INPUT, "unknown command %s (see plimsoll help)",
                                        in->options.arguments[0]);
        command_usage(c, in->out.out, in->out.width);
        return EXIT_DONE;
}
const Command command_help = {
        .name = "help",
        .summary = "list commands, or show help for one",
        .usage = "[COMMAND]",
        .help = "Lists the commands, or shows the help of one.",
        .examples = "plimsoll help evacuate",
        .most_arguments = 1,
        .run = cmd_help_run,
};
