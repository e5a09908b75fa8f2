/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>
#include <libvirt/libvirt.h>

#include "scheduler/app/commands/command.h"
#include "scheduler/milp/exact.h"

static ExitStatus cmd_version_run(Invocation *in) {
        FILE *out = in->out.out;
        unsigned long libvirt = 0;

        (void) virGetVersion(&libvirt, NULL, NULL);
        if (in->json)
                (void) out_say(out,
                               "{\n  \"schema\": \"plimsoll.version/1\",\n  \"version\": \"%s\",\n"
                               "  \"libvirt\": \"%lu.%lu.%lu\",\n  \"exact_solver\": %s\n}\n",
                               PLIMSOLL_VERSION, libvirt / 1000000, libvirt / 1000 % 1000, libvirt % 1000,
                               exact_solver.solve ? "true" : "false");
        else
                (void) out_say(out, "plimsoll %s (libvirt %lu.%lu.%lu%s)\n", PLIMSOLL_VERSION,
                               libvirt / 1000000, libvirt / 1000 % 1000, libvirt % 1000,
                               exact_solver.solve ? "" : "; without the exact solver");
        return EXIT_DONE;
}

static const OptionDef cmd_version_options[] = {
        { "json", 0, OPTION_FLAG, NULL, 0, 0, 0, "as JSON, schema plimsoll.version/1" },
        { 0 },
};

const Command command_version = {
        .name = "version",
        .summary = "the version of this program and of its libvirt",
        .usage = "[--json]",
        .help = "The version of this program and of the libvirt it uses.",
        .options = cmd_version_options,
        .run = cmd_version_run,
};
