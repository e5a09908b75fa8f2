/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/commands/command.h"
#include "scheduler/app/commands/facts.h"
#include "scheduler/app/terminal/file.h"
#include "scheduler/snapshot/files/snapshot_file.h"

static ExitStatus write_snapshot(Invocation *in, const Facts *facts) {
        const char *path = option_text(&in->options, "output"), *text;
        TextFault fault;
        size_t n;

        if (snapshot_file_print(in->arena, source_facts(facts->source), &text, &n) < 0)
                return command_complain(in, EXIT_FAILED, "out of memory");
        path = path ? path : "-";
        if (file_write(path, text, n, &fault) < 0)
                return command_complain_fault(in, EXIT_FAILED, path, &fault);
        if (path[0] != '-' || path[1])
                (void) out_say(in->err.out, "%s: %u hosts, %u VMs\n", path, facts->snapshot->n_hosts,
                               facts->snapshot->n_vms);
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
          "where to; replaced whole or not at all; default: standard output" },
        { "json", 0, OPTION_FLAG, NULL, 0, 0, 0, "errors as JSON too; a snapshot is JSON anyway" },
        { 0 },
};

const Command command_snapshot = {
        .name = "snapshot",
        .summary = "freeze what is known into a file; plans from it are the same plans",
        .usage = "[source] [-o FILE]",
        .help = "Writes all facts on hosts and VMs as a snapshot file (plimsoll.snapshot/1). What is planned\n"
                "from the file is what would be planned now: for reports, experiments and other machines.",
        .options = cmd_snapshot_options,
        .run = cmd_snapshot_run,
};
