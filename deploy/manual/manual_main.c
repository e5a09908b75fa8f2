/* SPDX-License-Identifier: Apache-2.0 */
/* Writes the manual pages and the shells' completions from the tables that the programs parse by: what they
 * say is what is accepted. Run by the build (deploy/install.cmake); not installed.
 *
 *   manual DIR     DIR/plimsoll.1, plimsoll-COMMAND.1, plimsolld.8, plimsoll-agent.8, plimsoll.yaml.5,
 *                  plimsoll.bash (for bash), _plimsoll (for zsh), plimsoll.yaml (every setting, commented out)
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/agent/agent_command_line.h"
#include "scheduler/app/commands/command.h"
#include "scheduler/app/service/service.h"
#include "scheduler/app/settings/app_settings.h"
#include "scheduler/app/settings/settings_doc.h"
#include "scheduler/app/settings/settings_file.h"
#include "scheduler/snapshot/rules/rule_kinds.h"

typedef struct Program {
        const char *name;
        unsigned section;
        const char *summary, *usage, *description, *files;
        const OptionDef *options;
} Program;

static const char *const program_files = /* "name|text" lines */
        "/etc/plimsoll/plimsoll.yaml|the settings; see plimsoll.yaml(5)\n";

static const Program programs[] = {
        { .name = "plimsolld",
          .section = 8,
          .summary = "keeps every host of a libvirt/KVM cluster below its load line",
          .usage = "[options]",
          .description =
                  "The service: reads what the agents report, plans, and moves VMs live as its mode allows. Any "
                  "number of them may run; one of them leads a cluster at a time.\n\nSIGHUP: the settings are "
                  "read again; a file that is wrong changes nothing. SIGTERM: no move is started any more; the "
                  "running ones end first. Exit status: 0 ended by a signal; 1 the work failed; 2 bad input, "
                  "which is not tried again.",
          .files = "/etc/default/plimsolld|environment of the unit: PLIMSOLL_CLUSTER, PLIMSOLL_MODE, "
                   "PLIMSOLL_REDIS\n/var/lib/plimsoll|what it keeps\n",
          .options = service_options },
        { .name = "plimsoll-agent",
          .section = 8,
          .summary = "reports a host's load and faults, and its VMs, to Redis",
          .usage = "[options]",
          .description =
                  "Runs on every host. Measures CPU, memory, network and disks, the health of hardware, and "
                  "the VMs of the local libvirt, and writes a report every few seconds.\n\nWith --once "
                  "--print it shows one report and writes nothing. Exit status: 0 ended by a signal, or "
                  "--once is done; 1 it is not; 2 the command line is wrong.",
          .files =
                  "/etc/default/plimsoll-agent|environment of the unit: PLIMSOLL_CLUSTER, PLIMSOLL_ADVERTISE, "
                  "PLIMSOLL_OPTIONS, PLIMSOLL_REDIS\n/var/lib/plimsoll-agent/faults.d|findings of other tools\n",
          .options = agent_options },
};

/* ---- roff ---- */

/* One line of text; what roff would take as its own is escaped. */
static void roff_line(FILE *out, const char *text, size_t n) {
        if (n > 0 && (text[0] == '.' || text[0] == '\''))
                (void) fputs("\\&", out);
        for (size_t i = 0; i < n; i++) {
                if (text[i] == '\\')
                        (void) fputs("\\e", out);
                else if (text[i] == '-')
                        (void) fputs("\\-", out);
                else
                        (void) fputc(text[i], out);
        }
        (void) fputc('\n', out);
}

static void roff(FILE *out, const char *text) {
        roff_line(out, text, strlen(text));
}

/* Paragraphs of plain text; indented lines stay as they are. */
static void roff_text(FILE *out, const char *text) {
        bool literal = false, gap = false;

        while (*text) {
                const size_t n = strcspn(text, "\n");
                const bool indented = n > 0 && (text[0] == ' ' || text[0] == '\t');

                if (n == 0) {
                        gap = true;
                } else {
                        if (literal && !indented) {
                                (void) fputs(".fi\n", out);
                                literal = false;
                        }
                        if (gap)
                                (void) fputs(".PP\n", out);
                        if (indented && !literal) {
                                (void) fputs(".nf\n", out);
                                literal = true;
                        }
                        roff_line(out, text, n);
                        gap = false;
                }
                text += n + (text[n] == '\n');
        }
        if (literal)
                (void) fputs(".fi\n", out);
}

static void roff_head(FILE *out, const char *name, unsigned section, const char *summary) {
        char upper[64];
        size_t n = 0;

        for (; name[n] && n + 1 < sizeof(upper); n++)
                upper[n] = (char) (name[n] >= 'a' && name[n] <= 'z' ? name[n] - 32 : name[n]);
        upper[n] = '\0';
        (void) fprintf(out, ".TH %s %u %s \"plimsoll %s\" \"Plimsoll\"\n.SH NAME\n", upper, section,
                       PLIMSOLL_DATE, PLIMSOLL_VERSION);
        (void) fprintf(out, "%s \\- ", name);
        roff(out, summary);
}

/* "--redis URL", as an option's tag. */
static void roff_options(FILE *out, const OptionDef *defs) {
        bool options = false;

        for (const OptionDef *d = defs; d && d->name; d++) {
                if (d->type == OPTION_HEADING) {
                        (void) fputs(options ? ".SS " : ".SH OPTIONS\n.SS ", out);
                        options = true;
                        /* "Output:" */
                        roff_line(out, d->doc,
                                  strcspn(d->doc, ":") + 1 == strlen(d->doc) ? strlen(d->doc) - 1
                                                                             : strlen(d->doc));
                        continue;
                }
                if (!options)
                        (void) fputs(".SH OPTIONS\n", out);
                options = true;
                (void) fputs(".TP\n", out);
                if (d->letter)
                        (void) fprintf(out, ".BR \\-%c \", \" \\-\\-", d->letter);
                else
                        (void) fputs(".B \\-\\-", out);
                for (const char *c = d->name; *c; c++)
                        (void) fputs((const char[]){ *c == '-' ? '\\' : *c, *c == '-' ? '-' : '\0', '\0' },
                                     out);
                if (d->value)
                        (void) fprintf(out, d->letter ? " \" %s\"" : " %s", d->value);
                (void) fputc('\n', out);
                roff(out, d->doc);
        }
}

/* Command lines, a line each. */
static void roff_examples(FILE *out, const char *examples) {
        (void) fputs(".SH EXAMPLES\n.nf\n", out);
        while (*examples) {
                const size_t n = strcspn(examples, "\n");

                roff_line(out, examples, n);
                examples += n + (examples[n] == '\n');
        }
        (void) fputs(".fi\n", out);
}

static void roff_pairs(FILE *out, const char *title, const char *pairs) {
        if (title)
                (void) fprintf(out, ".SH %s\n", title);
        while (*pairs) {
                const size_t n = strcspn(pairs, "\n"), left = strcspn(pairs, "|");

                (void) fputs(".TP\n.I ", out);
                roff_line(out, pairs, left);
                roff_line(out, pairs + left + 1, n - left - 1);
                pairs += n + (pairs[n] == '\n');
        }
}

/* ---- pages ---- */

static FILE *page_open(const char *dir, const char *name) {
        char path[512];
        FILE *out;

        (void) snprintf(path, sizeof(path), "%s/%s", dir, name);
        out = fopen(path, "w");
        if (!out) {
                (void) fprintf(stderr, "manual: %s: %s\n", path, strerror(errno));
                exit(1);
        }
        return out;
}

static void page_close(FILE *out, const char *name) {
        const bool bad = ferror(out) != 0;

        if (fclose(out) != 0 || bad) {
                (void) fprintf(stderr, "manual: %s cannot be written\n", name);
                exit(1);
        }
}

static void page_overview(const char *dir) {
        FILE *out = page_open(dir, "plimsoll.1");

        roff_head(out, "plimsoll", 1, "keeps every host of a libvirt/KVM cluster below its load line");
        (void) fputs(".SH SYNOPSIS\n.B plimsoll\n.I command\n.RI [ options ]\n.SH DESCRIPTION\n", out);
        roff_text(
                out,
                "Plans which VMs of a libvirt/KVM cluster should be moved where, and moves them live; answers "
                "questions about the cluster; empties hosts for maintenance. The service that does so by "
                "itself is plimsolld(8); plimsoll-agent(8) runs on every host. Without them, plimsoll reads "
                "hosts through libvirt (--hosts) or a file (--from).");
        (void) fputs(".SH COMMANDS\n", out);
        for (unsigned i = 0; command_at(i); i++) {
                (void) fprintf(out, ".TP\n.BR plimsoll\\-%s (1)\n", command_at(i)->name);
                roff(out, command_at(i)->summary);
        }
        roff_pairs(out, "EXIT STATUS",
                   "0|done, or nothing needed\n1|the work failed\n2|usage or bad input; nothing was "
                   "changed\n3|some of it is blocked: what, and by what, is printed\n");
        roff_pairs(
                out, "ENVIRONMENT",
                "PLIMSOLL_REDIS|the store's URL, where it has a password\nPLIMSOLL_SETTINGS|the settings file, "
                "in place of /etc/plimsoll/plimsoll.yaml; empty: none\n");
        roff_pairs(out, "FILES", program_files);
        (void) fputs(".SH SEE ALSO\n.BR plimsolld (8),\n.BR plimsoll\\-agent (8),\n.BR plimsoll.yaml (5)\n",
                     out);
        page_close(out, "plimsoll.1");
}

static void page_command(const char *dir, const Command *c) {
        char name[64], file[80];
        FILE *out;

        (void) snprintf(name, sizeof(name), "plimsoll-%s", c->name);
        (void) snprintf(file, sizeof(file), "%s.1", name);
        out = page_open(dir, file);
        roff_head(out, name, 1, c->summary);
        (void) fprintf(out, ".SH SYNOPSIS\n.B plimsoll %s\n", c->name);
        if (c->usage[0])
                roff(out, c->usage);
        (void) fputs(".SH DESCRIPTION\n", out);
        roff_text(out, c->help);
        roff_options(out, c->options);
        roff_examples(out, c->examples);
        (void) fputs(".SH SEE ALSO\n.BR plimsoll (1)\n", out);
        page_close(out, file);
}

static void page_program(const char *dir, const Program *p) {
        char file[64];
        FILE *out;

        (void) snprintf(file, sizeof(file), "%s.%u", p->name, p->section);
        out = page_open(dir, file);
        roff_head(out, p->name, p->section, p->summary);
        (void) fprintf(out, ".SH SYNOPSIS\n.B %s\n", p->name);
        roff(out, p->usage);
        (void) fputs(".SH DESCRIPTION\n", out);
        roff_text(out, p->description);
        roff_options(out, p->options);
        roff_pairs(out, "FILES", program_files);
        roff_pairs(out, NULL, p->files);
        (void) fputs(".SH SEE ALSO\n.BR plimsoll (1),\n.BR plimsoll.yaml (5)\n", out);
        page_close(out, file);
}

/* ---- settings ---- */

static void page_setting(FILE *out, const SettingRow *row) {
        char buf[512], *accepted = NULL;
        size_t n = 0;
        FILE *memory;

        (void) fprintf(out, ".TP\n.B %s.%s\n", row->section->name, row->def->name);
        roff(out, row->def->doc);
        (void) setting_print(row->def, row->def->def, row->def->def_text, buf, sizeof(buf));
        memory = open_memstream(&accepted, &n);
        if (!memory)
                exit(1);
        (void) fprintf(memory, "Default: %s. Accepted: ", buf[0] ? buf : "empty");
        settings_doc_accepted(row->def, memory);
        (void) fputc('.', memory);
        (void) fclose(memory);
        roff(out, accepted);
        free(accepted);
}

static void page_settings(const char *dir, const Settings *settings) {
        FILE *out = page_open(dir, "plimsoll.yaml.5");
        const SettingSection *section = NULL;
        SettingRow row;

        roff_head(out, "plimsoll.yaml", 5, "settings of plimsoll, plimsolld and the planner");
        (void) fputs(".SH DESCRIPTION\n", out);
        roff_text(
                out,
                "A YAML file with a mapping for each section, and the lists rules, groups, hosts and windows. "
                "A value carries its unit: 80%, 16GiB, 10Gbit/s, 30m, on. clusters/NAME.yaml beside it is read "
                "over it, for that cluster. plimsoll settings check names every mistake with its line; "
                "plimsoll settings doc prints this page and the lists' fields.\n\n  cluster:\n    hosts: "
                "\"kvm*\"\n  rules:\n    - apart: group:db\n      level: rack\n");
        (void) fputs(".SH RULES\n", out);
        for (uint32_t k = 0; k < n_rule_kinds; k++) {
                (void) fprintf(out, ".TP\n.B %s\n", rule_kind_defs[k].word);
                roff(out, rule_kind_defs[k].doc);
        }
        (void) fputs(".SH SETTINGS\n", out);
        for (uint32_t i = 0; settings_row(settings, i, &row); i++) {
                if (row.section != section) {
                        (void) fputs(".SS ", out);
                        roff(out, row.section->name);
                        roff(out, row.section->summary);
                }
                section = row.section;
                page_setting(out, &row);
        }
        (void) fputs(".SH SEE ALSO\n.BR plimsoll (1),\n.BR plimsoll\\-settings (1),\n.BR plimsolld (8)\n",
                     out);
        page_close(out, "plimsoll.yaml.5");
}

static void settings_sample(const char *dir, Arena *a, const Settings *settings) {
        FILE *out = page_open(dir, "plimsoll.yaml");
        const char *text;

        if (settings_file_print(a, settings, false, &text) < 0)
                exit(1);
        (void) fputs(
                "# /etc/plimsoll/plimsoll.yaml: every setting, commented out at its default. plimsoll.yaml(5).\n"
                "# Check it after each change: plimsoll settings check\n\n",
                out);
        (void) fputs(text, out);
        page_close(out, "plimsoll.yaml");
}

/* ---- completions ---- */

static void completion_words(FILE *out, const OptionDef *defs, const char *separator) {
        bool first = true;

        for (const OptionDef *d = defs; d && d->name; d++) {
                if (d->type == OPTION_HEADING)
                        continue;
                (void) fprintf(out, "%s--%s", first ? "" : separator, d->name);
                first = false;
        }
}

static void completion_bash(const char *dir) {
        FILE *out = page_open(dir, "plimsoll.bash");

        (void) fputs(
                "# bash completion for plimsoll; made from its tables by the build\n"
                "_plimsoll() {\n"
                "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} words=\n"
                "    COMPREPLY=()\n"
                "    case $prev in\n"
                "    --from|--settings|--output|-o|--record|--xml|--plan|-U) COMPREPLY=($(compgen -f -- \"$cur\")); "
                "return ;;\n"
                "    esac\n"
                "    if [ \"$COMP_CWORD\" = 1 ] || { [ \"$COMP_CWORD\" = 2 ] && [ \"$prev\" = help ]; }; then\n"
                "        words='",
                out);
        for (unsigned i = 0; command_at(i); i++)
                (void) fprintf(out, "%s%s", i > 0 ? " " : "", command_at(i)->name);
        (void) fputs("'\n    else\n        case ${COMP_WORDS[1]} in\n", out);
        for (unsigned i = 0; command_at(i); i++) {
                (void) fprintf(out, "        %s) words='--help ", command_at(i)->name);
                completion_words(out, command_at(i)->options, " ");
                (void) fputs("' ;;\n", out);
        }
        (void) fputs("        esac\n"
                     "        case $cur in\n"
                     "        -*) ;;\n"
                     "        *) COMPREPLY=($(compgen -f -- \"$cur\")); return ;;\n"
                     "        esac\n"
                     "    fi\n"
                     "    COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
                     "}\n"
                     "complete -o filenames -F _plimsoll plimsoll\n",
                     out);
        page_close(out, "plimsoll.bash");
}

/* A text of zsh's _describe and _arguments: quotes, colons and brackets are its own. */
static void zsh_text(FILE *out, const char *text) {
        for (; *text && *text != '\n'; text++) {
                if (*text == '\'')
                        (void) fputs("'\\''", out);
                else if (strchr(":[]\\", *text))
                        (void) fprintf(out, "\\%c", *text);
                else
                        (void) fputc(*text, out);
        }
}

static void completion_zsh(const char *dir) {
        FILE *out = page_open(dir, "_plimsoll");

        (void) fputs("#compdef plimsoll\n# made from plimsoll's tables by the build\n"
                     "local -a commands\ncommands=(\n",
                     out);
        for (unsigned i = 0; command_at(i); i++) {
                (void) fprintf(out, "    '%s:", command_at(i)->name);
                zsh_text(out, command_at(i)->summary);
                (void) fputs("'\n", out);
        }
        (void) fputs(")\nif (( CURRENT == 2 )) || [[ CURRENT -eq 3 && $words[2] == help ]]; then\n"
                     "    _describe command commands\n    return\nfi\ncase $words[2] in\n",
                     out);
        for (unsigned i = 0; command_at(i); i++) {
                (void) fprintf(out, "%s)\n    _arguments -S '--help[help]'", command_at(i)->name);
                for (const OptionDef *d = command_at(i)->options; d && d->name; d++) {
                        if (d->type == OPTION_HEADING)
                                continue;
                        (void) fprintf(out, " \\\n        '*--%s%s[", d->name, d->value ? "=" : "");
                        zsh_text(out, d->doc);
                        (void) fputc(']', out);
                        if (d->value) {
                                (void) fputc(':', out);
                                zsh_text(out, d->value);
                                (void) fputs(strstr(d->value, "FILE") ? ":_files" : ":", out);
                        }
                        (void) fputc('\'', out);
                }
                (void) fputs(" \\\n        '*:file:_files'\n    ;;\n", out);
        }
        (void) fputs("esac\n", out);
        page_close(out, "_plimsoll");
}

int main(int argc, char **argv) {
        Settings *settings;
        Arena arena;

        if (argc != 2) {
                (void) fputs("usage: manual DIR\n", stderr);
                return 2;
        }
        page_overview(argv[1]);
        for (unsigned i = 0; command_at(i); i++)
                page_command(argv[1], command_at(i));
        for (size_t i = 0; i < ARRAY_SIZE(programs); i++)
                page_program(argv[1], &programs[i]);
        if (arena_open((size_t) 64 << 20, &arena) < 0 || app_settings_new(&arena, &settings) < 0)
                return 1;
        page_settings(argv[1], settings);
        settings_sample(argv[1], &arena, settings);
        arena_close(&arena);
        completion_bash(argv[1]);
        completion_zsh(argv[1]);
        return 0;
}
