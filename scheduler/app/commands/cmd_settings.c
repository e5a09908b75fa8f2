/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "scheduler/app/commands/command.h"
#include "scheduler/app/commands/facts.h"
#include "scheduler/app/settings/settings_doc.h"
#include "scheduler/app/settings/settings_file.h"
#include "scheduler/app/terminal/json_print.h"
#include "scheduler/base/url_secret.h"
#include "scheduler/milp/exact.h"
#include "scheduler/model/plan.h"
#include "scheduler/model/rule_set.h"

static json_t *row_json(const SettingRow *row) {
        json_t *o = json_object();
        char buf[512], shown[512];

        (void) json_object_set_new(o, "key", json_sprintf("%s.%s", row->section->name, row->def->name));
        (void) json_object_set_new(o, "value",
                                   json_string(url_secret_masked(
                                           setting_print(row->def, row->value, row->text, buf, sizeof(buf)),
                                           shown, sizeof(shown))));
        (void) json_object_set_new(
                o, "default",
                json_string(setting_print(row->def, row->def->def, row->def->def_text, buf, sizeof(buf))));
        (void) json_object_set_new(o, "is_default", json_boolean(row->is_default));
        (void) json_object_set_new(o, "doc", json_string(row->def->doc));
        return o;
}

static void cmd_settings_print_json(const Settings *s, FILE *out) {
        json_t *o = json_object(), *rows = json_array();
        SettingRow row;

        for (uint32_t i = 0; settings_row(s, i, &row); i++)
                (void) json_array_append_new(rows, row_json(&row));
        (void) json_object_set_new(o, "schema", json_string("plimsoll.settings/1"));
        (void) json_object_set_new(o, "settings", rows);
        (void) json_print(o, out);
}

static ExitStatus cmd_settings_show(Invocation *in, const Settings *s) {
        const char *text;

        if (in->json) {
                cmd_settings_print_json(s, in->out.out);
                return EXIT_DONE;
        }
        if (settings_file_print(in->arena, s, false, &text) < 0)
                return command_complain(in, EXIT_FAILED, "out of memory");
        out_lines(in->out.out, text);
        return EXIT_DONE;
}

/* What the rules make of a cluster: words and rules that select nothing. Windows that are not open are no mistake. */
static ExitStatus check_cluster(Invocation *in, uint32_t *ret_warnings) {
        const char *bad = option_given(&in->options, "strict") ? "" : " (a warning; an error with --strict)";
        char safe[512];
        Facts facts;
        uint32_t n = 0;
        ExitStatus status = facts_open(in, &facts);

        for (uint32_t i = 0; status == EXIT_DONE && i < facts.snapshot->notes.n; i++) {
                const char *note = facts.snapshot->notes.at[i];

                if (strncmp(note, "no moves ", 9) == 0)
                        continue;
                n++;
                (void) out_say(in->err.out, "%s: %s%s\n", in->program, text_safe(note, safe, sizeof(safe)),
                               bad);
        }
        facts_close(&facts);
        *ret_warnings = n;
        return status == EXIT_DONE && n > 0 && option_given(&in->options, "strict") ? EXIT_BAD_INPUT : status;
}

/* What is set and this build has not. */
static bool check_build(Invocation *in, const Settings *s) {
        bool lacks = false;
        SettingRow row;

        if (exact_solver.solve)
                return false;
        for (uint32_t i = 0; settings_row(s, i, &row); i++)
                if (!row.is_default && row.value != 0 && strcmp(row.section->name, "plan") == 0 &&
                    strncmp(row.def->name, "exact_", 6) == 0) {
                        lacks = true;
                        (void) out_say(in->err.out, "%s: plan.%s: %s%s\n", in->program, row.def->name,
                                       exact_use_texts[EXACT_ABSENT],
                                       option_given(&in->options, "strict")
                                               ? ""
                                               : " (a warning; an error with --strict)");
                }
        return lacks;
}

static bool has_source(const Options *o) {
        return option_given(o, "from") || option_given(o, "hosts") || option_given(o, "redis");
}

/* "8 rules, " */
static void settings_count(FILE *out, uint32_t n, const char *one, const char *several, const char *then) {
        (void) out_say(out, "%u %s%s", n, n == 1 ? one : several, then);
}

static ExitStatus cmd_settings_check(Invocation *in, const Settings *s) {
        const RuleSet *rules = settings_rules(s);
        const bool lacks = check_build(in, s);
        uint32_t warnings = 0;
        unsigned changed = 0;
        SettingRow row;

        if (option_given(&in->options, "strict") && !has_source(&in->options))
                return command_complain(
                        in, EXIT_BAD_INPUT,
                        "--strict checks that each word selects something, and needs data. Use --from FILE, --hosts "
                        "URI or --redis URL.");
        if (has_source(&in->options)) {
                ExitStatus status = check_cluster(in, &warnings);

                if (status != EXIT_DONE)
                        return status;
        }
        if (lacks && option_given(&in->options, "strict"))
                return EXIT_BAD_INPUT;
        if (in->json) {
                cmd_settings_print_json(s, in->out.out);
                return EXIT_DONE;
        }
        for (uint32_t i = 0; settings_row(s, i, &row); i++)
                changed += !row.is_default;
        if (warnings > 0)
                (void) out_say(in->out.out, "settings valid, with %u %s (see above): ", warnings,
                               text_plural(warnings, "warning", "warnings"));
        else
                (void) fputs("settings OK: ", in->out.out);
        if (rules) {
                settings_count(in->out.out, rules->n_rules, "rule", "rules", ", ");
                settings_count(in->out.out, rules->n_groups, "group", "groups", ", ");
                settings_count(in->out.out, rules->n_hosts, "host entry", "host entries", ", ");
                settings_count(in->out.out, rules->n_windows, "window", "windows", "; ");
        }
        if (changed == 0)
                (void) fputs("all values at their defaults", in->out.out);
        else
                settings_count(in->out.out, changed, "value differs from its default",
                               "values differ from their defaults", "");
        (void) fputc('\n', in->out.out);
        return EXIT_DONE;
}

#define MISTAKES_MAX 50

/* All that is wrong with them is said. */
static ExitStatus check_all(Invocation *in) {
        TextFaults faults = { .at = arena_new(in->arena, TextFault, MISTAKES_MAX), .most = MISTAKES_MAX };
        Settings *settings = NULL;
        const char *file = NULL;
        int r;

        if (!faults.at)
                return command_complain(in, EXIT_FAILED, "out of memory");
        r = app_settings_check(in->arena, &in->options, &settings, &file, &faults);
        if (r < 0)
                return command_complain_faults(in, r == -ENOMEM ? EXIT_FAILED : EXIT_BAD_INPUT, file,
                                               &faults);
        return cmd_settings_check(in, settings);
}

static ExitStatus cmd_settings_run(Invocation *in) {
        static const char *const words[] = { "check", "show", "doc" };
        const char *word = in->options.arguments[0], *nearest;
        Settings *settings = NULL;
        ExitStatus status = EXIT_DONE;

        if (strcmp(word, "check") == 0)
                return check_all(in);
        status = facts_settings(in, &settings);
        if (status != EXIT_DONE)
                return status;
        if (strcmp(word, "show") == 0)
                return cmd_settings_show(in, settings);
        if (strcmp(word, "doc") == 0) {
                if (in->json)
                        cmd_settings_print_json(settings, in->out.out);
                else if (option_given(&in->options, "markdown"))
                        settings_doc_markdown(settings, in->out.out);
                else
                        settings_doc_print(settings, &in->out);
                return EXIT_DONE;
        }
        nearest = text_nearest(word, words, ARRAY_SIZE(words));
        return command_complain(in, EXIT_BAD_INPUT, "unknown action %s; use check, show or doc%s%s%s", word,
                                nearest ? "; did you mean " : "", nearest ? nearest : "", nearest ? "?" : "");
}

static const OptionDef cmd_settings_options[] = {
        SOURCE_OPTIONS,
        { "", 0, OPTION_HEADING, NULL, 0, 0, 0, "Check:" },
        { "strict", 0, OPTION_FLAG, NULL, 0, 0, 0,
          "also report a rule, or a word of one, that selects nothing as an error; needs a data source" },
        { "", 0, OPTION_HEADING, NULL, 0, 0, 0, "Output:" },
        { "markdown", 0, OPTION_FLAG, NULL, 0, 0, 0, "doc: print Markdown, as docs/settings.md" },
        { "json", 0, OPTION_FLAG, NULL, 0, 0, 0, "print JSON, schema plimsoll.settings/1" },
        { 0 },
};

const Command command_settings = {
        .name = "settings",
        .summary = "check a settings file, show the settings in force, or print their manual",
        .usage = "check|show|doc [--settings FILE] [--set KEY=VALUE] [check: source, --strict]",
        .help = "check  reports all mistakes in the settings, with line and column, or that they are OK;\n"
                "       with a data source also which rules and words select nothing there\n"
                "show   prints the settings in force as a settings file; those at their default as comments\n"
                "doc    prints every setting: what it does, its default and what is accepted",
        .examples = "plimsoll settings check\n"
                    "plimsoll settings check --strict --redis redis://store:6379\n"
                    "plimsoll settings show --set service.mode=auto\n"
                    "plimsoll settings doc",
        .options = cmd_settings_options,
        .least_arguments = 1,
        .most_arguments = 1,
        .run = cmd_settings_run,
};
