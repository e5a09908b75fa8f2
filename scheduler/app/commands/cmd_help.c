/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/commands/command.h"

static void print_overview(const Invocation *in) {
        FILE *out = in->out.out;

        (void) fputs("plimsoll keeps every host of a libvirt/KVM cluster above its load line.\n\n"
                     "Usage: plimsoll COMMAND [options]\n\n",
                     out);
        for (unsigned i = 0; command_at(i); i++)
                (void) out_say(out, "  %-12s %s\n", command_at(i)->name, command_at(i)->summary);
        (void) fputs(
                "\nplimsoll help COMMAND tells its options. Every command that shows something takes --json.\n"
                "Exit status: 0 done, or nothing needed; 1 the work failed; 2 usage or bad input, nothing "
                "was\nchanged; 3 some of it is blocked.\n",
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
                return command_complain(in, EXIT_BAD_INPUT, "there is no command %s",
                                        in->options.arguments[0]);
        command_usage(c, in->out.out, in->out.width);
        return EXIT_DONE;
}
const Command command_help = {
        .name = "help",
        .summary = "what there is, and how to use it",
        .usage = "[COMMAND]",
        .help = "Lists the commands, or tells all of one.",
        .most_arguments = 1,
        .run = cmd_help_run,
};
