/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/commands/command.h"

static void print_overview(const Invocation *in) {
        FILE *out = in->out.out;

        (void) fputs("plimsoll keeps every host of a libvirt/KVM cluster below its load line.\n"
                     "\n"
                     "Usage: plimsoll COMMAND [options]\n"
                     "\n",
                     out);
        for (unsigned i = 0; command_at(i); i++)
                (void) out_say(out, "  %-12s %s\n", command_at(i)->name, command_at(i)->summary);
        (void) fputs(
                "\n"
                "Options and examples of one command: plimsoll help COMMAND, or plimsoll COMMAND --help.\n"
                "Every command that shows something accepts --json. Version: plimsoll --version.\n"
                "plimsoll --api URL COMMAND: by a service's API instead of Redis (docs/api.md).\n"
                "Exit status: 0 done, or nothing to do; 1 failed; 2 usage error or bad input, nothing was "
                "changed;\n"
                "3 something is blocked or not as it should be.\n",
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
