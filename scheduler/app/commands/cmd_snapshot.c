/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "scheduler/app/commands/command.h"
#include "scheduler/app/commands/facts.h"
#include "scheduler/app/terminal/file.h"
#include "scheduler/base/text.h"
#include "scheduler/snapshot/files/snapshot_file.h"

static ExitStatus write_snapshot(Invocation *in, const Facts *facts) {
        const char *path = option_text(&in->options, "output"), *text;
        TextFault fault;
        size_t n;

        if (snapshot_file_print(in->arena, source_facts(facts->source), &text, &n) < 0)
                return command_complain(in, EXIT_FAILED, "out of memory");
        path = path ? path : "-";
        if (strcmp(path, "-") == 0) {
                out_json(in->out.out, text, n);
                return EXIT_DONE;
        }
        if (file_write(path, text, n, &fault) < 0)
                return command_complain_fault(in, EXIT_FAILED, path, &fault);
        (void) out_say(in->err.out, "%s: %u %s, %u %s\n", path, facts->snapshot->n_hosts,
                       text_plural(facts->snapshot->n_hosts, "host", "hosts"), facts->snapshot->n_vms,
                       text_plural(facts->snapshot->n_vms, "VM", "VMs"));
        return EXIT_DONE;
}

static ExitStatus cmd_snapshot_run(Invocation *in) {
        Facts facts;
        ExitStatus status = facts_open(in, &facts);

        if (status == EXIT_DONE)
                status = write_snapshot(in, &facts);
        facts_close(&facts);
        return status;
}

static const OptionDef cmd_snapshot_options[] = {
        SOURCE_OPTIONS,
        { "", 0, OPTION_HEADING, NULL, 0, 0, 0, "Output:" },
        { "output", 'o', OPTION_TEXT, "FILE", 0, 0, 0,
          "write to this file, completely or not at all; default: standard output" },
        { "json", 0, OPTION_FLAG, NULL, 0, 0, 0, "print errors as JSON too; a snapshot is always JSON" },
        { 0 },
};

const Command command_snapshot = {
        .name = "snapshot",
        .summary = "save the present data to a file; plans made from it are the same",
        .usage = "[source] [-o FILE]",
        .help = "Writes all data on hosts and VMs to a snapshot file (plimsoll.snapshot/1). A plan made from the file is the\n"
                "plan that would be made now: for reports, experiments and other machines.",
        .examples = "plimsoll snapshot --redis redis://store:6379 -o cluster.json\n"
                    "plimsoll snapshot --hosts qemu:///system -o cluster.json",
        .options = cmd_snapshot_options,
        .run = cmd_snapshot_run,
};
