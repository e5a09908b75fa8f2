/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>
#include <libvirt/libvirt.h>

#include "scheduler/app/commands/command.h"
#include "scheduler/app/terminal/json_print.h"
#include "scheduler/milp/exact.h"

static ExitStatus cmd_version_run(Invocation *in) {
        FILE *out = in->out.out;
        unsigned long libvirt = 0;
        char of_libvirt[64];

        (void) virGetVersion(&libvirt, NULL, NULL);
        (void) snprintf(of_libvirt, sizeof(of_libvirt), "%lu.%lu.%lu", libvirt / 1000000,
                        libvirt / 1000 % 1000, libvirt % 1000);
        if (in->json)
                (void) json_print(json_pack("{s:s, s:s, s:s, s:b}", "schema", "plimsoll.version/1", "version",
                                            PLIMSOLL_VERSION, "libvirt", of_libvirt, "exact_solver",
                                            exact_solver.solve != NULL),
                                  out);
        else
                (void) out_say(out, "plimsoll %s (libvirt %s%s)\n", PLIMSOLL_VERSION, of_libvirt,
                               exact_solver.solve ? "" : "; without the exact solver");
        return EXIT_DONE;
}

static const OptionDef cmd_version_options[] = {
        { "json", 0, OPTION_FLAG, NULL, 0, 0, 0, "print JSON, schema plimsoll.version/1" },
        { 0 },
};

const Command command_version = {
        .name = "version",
        .summary = "print the version of this program and of its libvirt",
        .usage = "[--json]",
        .help = "Prints the version of this program and of the libvirt it uses.",
        .examples = "plimsoll version --json\n"
                    "plimsoll --version",
        .options = cmd_version_options,
        .run = cmd_version_run,
};
