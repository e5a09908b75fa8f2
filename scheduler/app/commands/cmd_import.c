/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "scheduler/app/commands/command.h"
#include "scheduler/app/terminal/file.h"
#include "scheduler/snapshot/files/snapshot_file.h"
#include "scheduler/snapshot/import/htools_file.h"

/* "/tmp/rome.data" → "rome" */
static const char *file_stem(Arena *a, const char *path) {
        const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path, *dot = strrchr(name, '.');
        size_t n = dot && dot > name ? (size_t) (dot - name) : strlen(name);

        return text_is_name(name, n) ? text_copy(a, name, n) : "imported";
}

static ExitStatus import_htools(Invocation *in, const char *path) {
        const char *use = option_text(&in->options, "use"), *cluster = option_text(&in->options, "cluster");
        const char *output = option_text(&in->options, "output"), *text;
        HtoolsText htools = { .cluster = cluster ? cluster : file_stem(in->arena, path) };
        const Snapshot *s;
        TextFault fault;
        size_t n;
        int k;

        if (!htools.cluster)
                return command_complain(in, EXIT_FAILED, "out of memory");
        if (!text_is_name(htools.cluster, strlen(htools.cluster)))
                return command_complain(in, EXIT_BAD_INPUT,
                                        "--cluster: a name of 1 to 255 bytes without control "
                                        "characters is accepted");
        if (file_read(in->arena, path, &htools.data, &htools.n_data, &fault) < 0)
                return command_complain_fault(in, EXIT_BAD_INPUT, path, &fault);
        if (use && file_read(in->arena, use, &htools.use, &htools.n_use, &fault) < 0)
                return command_complain_fault(in, EXIT_BAD_INPUT, use, &fault);
        k = htools_file_parse(in->arena, &htools, &s, &fault);
        if (k == -EBADMSG)
                return command_complain_fault(in, EXIT_BAD_INPUT,
                                              strcmp(fault.field, "use") == 0 ? use : path, &fault);
        if (k < 0 || snapshot_file_print(in->arena, s, &text, &n) < 0)
                return command_complain(in, EXIT_FAILED, "out of memory");
        output = output ? output : "-";
        if (file_write(output, text, n, &fault) < 0)
                return command_complain_fault(in, EXIT_FAILED, output, &fault);
        if (strcmp(output, "-") != 0)
                (void) fprintf(in->err.out, "%s: %u hosts, %u VMs, %u rules\n", output, s->n_hosts, s->n_vms,
                               s->n_rules);
        return EXIT_DONE;
}

static ExitStatus cmd_import_run(Invocation *in) {
        if (strcmp(in->options.arguments[0], "htools") != 0)
                return command_complain(in, EXIT_BAD_INPUT,
                                        "\"%s\" is no format it can read; accepted: htools",
                                        in->options.arguments[0]);
        return import_htools(in, in->options.arguments[1]);
}

static const OptionDef cmd_import_options[] = {
        { "use", 'U', OPTION_TEXT, "UTIL", 0, 0, 0,
          "htools' file of use, a line \"instance cpu memory disk net\" for each; without it demand is not known" },
        { "cluster", 0, OPTION_TEXT, "NAME", 0, 0, 0, "what to call it; default: the file's name" },
        { "output", 'o', OPTION_TEXT, "SNAPSHOT", 0, 0, 0,
          "where to; replaced whole or not at all; default: standard output" },
        { "json", 0, OPTION_FLAG, NULL, 0, 0, 0, "errors as JSON too; a snapshot is JSON anyway" },
        { 0 },
};

const Command command_import = {
        .name = "import",
        .summary = "another balancer's cluster as a snapshot file",
        .usage = "htools FILE [-U UTIL] [-o SNAPSHOT]",
        .help = "Reads the text format of Ganeti's htools, as hbal -t FILE -U UTIL does, and writes a\n"
                "snapshot file. docs/htools-import.md says what becomes of what.",
        .options = cmd_import_options,
        .least_arguments = 2,
        .most_arguments = 2,
        .run = cmd_import_run,
};
