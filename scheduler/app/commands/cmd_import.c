/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "scheduler/app/commands/command.h"
#include "scheduler/app/terminal/file.h"
#include "scheduler/base/text.h"
#include "scheduler/snapshot/files/snapshot_file.h"
#include "scheduler/snapshot/import/importer.h"

/* "/tmp/rome.data" → "rome" */
static const char *file_stem(Arena *a, const char *path) {
        const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path, *dot = strrchr(name, '.');
        size_t n = dot && dot > name ? (size_t) (dot - name) : strlen(name);

        return text_is_name(name, n) ? text_copy(a, name, n) : "imported";
}

static ExitStatus import_with(Invocation *in, const Importer *importer, const char *path) {
        const char *use = option_text(&in->options, "use"), *cluster = option_text(&in->options, "cluster");
        const char *output = option_text(&in->options, "output"), *text;
        ImportText given = { .cluster = cluster ? cluster : file_stem(in->arena, path) };
        const Snapshot *s;
        TextFault fault = { 0 };
        size_t n;
        int k;

        if (!given.cluster)
                return command_complain(in, EXIT_FAILED, "out of memory");
        if (!text_is_name(given.cluster, strlen(given.cluster)))
                return command_complain(
                        in, EXIT_BAD_INPUT,
                        "--cluster accepts a name of 1 to 255 bytes without control characters");
        if (use && !importer->use)
                return command_complain(in, EXIT_BAD_INPUT, "--use: %s has no second file", importer->name);
        if (file_read(in->arena, path, &given.data, &given.n_data, &fault) < 0)
                return command_complain_fault(in, EXIT_BAD_INPUT, path, &fault);
        if (use && file_read(in->arena, use, &given.use, &given.n_use, &fault) < 0)
                return command_complain_fault(in, EXIT_BAD_INPUT, use, &fault);
        k = importer->parse(in->arena, &given, &s, &fault);
        if (k == -EBADMSG)
                return command_complain_fault(in, EXIT_BAD_INPUT,
                                              use && strcmp(fault.field, "use") == 0 ? use : path, &fault);
        if (k < 0 || snapshot_file_print(in->arena, s, &text, &n) < 0)
                return command_complain(in, EXIT_FAILED, "out of memory");
        output = output ? output : "-";
        if (file_write(output, text, n, &fault) < 0)
                return command_complain_fault(in, EXIT_FAILED, output, &fault);
        if (strcmp(output, "-") != 0)
                (void) out_say(in->err.out, "%s: %u %s, %u %s, %u %s\n", output, s->n_hosts,
                               text_plural(s->n_hosts, "host", "hosts"), s->n_vms,
                               text_plural(s->n_vms, "VM", "VMs"), s->n_rules,
                               text_plural(s->n_rules, "rule", "rules"));
        return EXIT_DONE;
}

#define IMPORTERS_MAX 32

static ExitStatus cmd_import_run(Invocation *in) {
        const char *word = in->options.arguments[0], *names[IMPORTERS_MAX], *list = "", *near;
        const Importer *importer;
        uint32_t n = 0;

        while ((importer = importer_at(n))) {
                assert(n < IMPORTERS_MAX);
                if (in->options.n_arguments == 2 && strcmp(importer->name, word) == 0)
                        return import_with(in, importer, in->options.arguments[1]);
                list = text_format(in->arena, "%s%s%s", list ? list : "", n > 0 ? ", " : "", importer->name);
                names[n++] = importer->name;
        }
        if (strcmp(word, "list") == 0 && in->options.n_arguments == 1) {
                for (uint32_t i = 0; (importer = importer_at(i)); i++)
                        (void) out_say(in->out.out, "%-10s %s\n", importer->name, importer->summary);
                return EXIT_DONE;
        }
        if (in->options.n_arguments == 1)
                return command_complain(
                        in, EXIT_BAD_INPUT,
                        "%s: a format and a file are needed. Usage: plimsoll import FORMAT FILE, "
                        "or plimsoll import list",
                        word);
        near = text_nearest(word, names, n);
        return command_complain(in, EXIT_BAD_INPUT, "unknown format \"%s\"; accepted: %s%s%s%s", word,
                                list ? list : "", near ? "; did you mean " : "", near ? near : "",
                                near ? "?" : "");
}

static const OptionDef cmd_import_options[] = {
        { "use", 'U', OPTION_TEXT, "UTIL", 0, 0, 0,
          "read what the VMs use from this second file (htools: a line \"instance cpu memory disk "
          "net\" for each VM); default: demand unknown" },
        { "cluster", 0, OPTION_TEXT, "NAME", 0, 0, 0, "name of the cluster; default: the file's name" },
        { "output", 'o', OPTION_TEXT, "SNAPSHOT", 0, 0, 0,
          "write to this file, completely or not at all; default: standard output" },
        { "json", 0, OPTION_FLAG, NULL, 0, 0, 0, "print errors as JSON too; a snapshot is always JSON" },
        { 0 },
};

const Command command_import = {
        .name = "import",
        .summary = "convert another balancer's cluster to a snapshot file",
        .usage = "FORMAT FILE [-U UTIL] [-o SNAPSHOT] | list",
        .help = "Reads another program's cluster and writes a snapshot file. plimsoll import list shows the formats:\n"
                "htools is the text format of Ganeti's hbal -t FILE -U UTIL (docs/htools-import.md lists how each field\n"
                "is converted).",
        .examples = "plimsoll import list\n"
                    "plimsoll import htools cluster.data --use util.txt -o cluster.json",
        .options = cmd_import_options,
        .least_arguments = 1,
        .most_arguments = 2,
        .run = cmd_import_run,
};
