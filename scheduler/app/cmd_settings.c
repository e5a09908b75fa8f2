#include <jansson.h>
#include <string.h>

#include "scheduler/app/facts.h"
#include "scheduler/app/settings_file.h"

static const char *const type_texts[] = {
        [SETTING_COUNT] = "a whole number",
        [SETTING_PERMILLE] = "a share: 80% or 0.8",
        [SETTING_MIB] = "a size: 512MiB, 16GiB",
        [SETTING_KBIT] = "a rate: 100Mbit/s, 10Gbit/s",
        [SETTING_DURATION] = "a time: 30s, 5m, 2h",
        [SETTING_BOOL] = "on or off",
        [SETTING_CHOICE] = "one of",
        [SETTING_TEXT] = "text",
};

static json_t *row_json(const SettingRow *row) {
        json_t *o = json_object();
        char buf[512];

        (void) json_object_set_new(o, "key", json_sprintf("%s.%s", row->section->name, row->def->name));
        (void) json_object_set_new(
                o, "value", json_string(setting_print(row->def, row->value, row->text, buf, sizeof(buf))));
        (void) json_object_set_new(
                o, "default",
                json_string(setting_print(row->def, row->def->def, row->def->def_text, buf, sizeof(buf))));
        (void) json_object_set_new(o, "is_default", json_boolean(row->is_default));
        (void) json_object_set_new(o, "doc", json_string(row->def->doc));
        return o;
}

static void print_json(const Settings *s, FILE *out) {
        json_t *o = json_object(), *rows = json_array();
        SettingRow row;

        for (uint32_t i = 0; settings_row(s, i, &row); i++)
                (void) json_array_append_new(rows, row_json(&row));
        (void) json_object_set_new(o, "schema", json_string("plimsoll.settings/1"));
        (void) json_object_set_new(o, "settings", rows);
        (void) json_dumpf(o, out, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
        (void) fputc('\n', out);
        json_decref(o);
}

static void print_accepted(const SettingDef *d, FILE *out) {
        char low[64], high[64];

        (void) fprintf(out, "        Accepted: %s", type_texts[d->type]);
        for (unsigned i = 0; d->type == SETTING_CHOICE && d->choices[i]; i++)
                (void) fprintf(out, "%s %s", i > 0 ? "," : "", d->choices[i]);
        if (d->type != SETTING_CHOICE && d->type != SETTING_TEXT && d->type != SETTING_BOOL)
                (void) fprintf(out, "; %s to %s", setting_print(d, d->min, NULL, low, sizeof(low)),
                               setting_print(d, d->max, NULL, high, sizeof(high)));
        (void) fputs(".\n\n", out);
}

static void print_doc(const Settings *s, const Screen *screen) {
        const SettingSection *section = NULL;
        FILE *out = screen->out;
        SettingRow row;
        char buf[512];

        for (uint32_t i = 0; settings_row(s, i, &row); i++) {
                assert(row.section && row.def);
                if (row.section != section)
                        (void) fprintf(out, "%s%s%s  %s\n\n", screen_style(screen, STYLE_STRONG),
                                       row.section->name, screen_style(screen, STYLE_PLAIN),
                                       row.section->summary);
                section = row.section;
                (void) setting_print(row.def, row.def->def, row.def->def_text, buf, sizeof(buf));
                (void) fprintf(out, "    %s%s.%s%s (default %s)\n        ",
                               screen_style(screen, STYLE_STRONG), row.section->name, row.def->name,
                               screen_style(screen, STYLE_PLAIN), buf[0] ? buf : "empty");
                options_wrapped(out, row.def->doc, 8, screen->width > 60 ? screen->width : 100);
                print_accepted(row.def, out);
        }
}

static ExitStatus show(Invocation *in, const Settings *s) {
        const char *text;

        if (in->json) {
                print_json(s, in->out.out);
                return EXIT_DONE;
        }
        if (settings_file_print(in->arena, s, false, &text) < 0)
                return command_complain(in, EXIT_FAILED, "out of memory");
        (void) fputs(text, in->out.out);
        return EXIT_DONE;
}

static ExitStatus check(Invocation *in, const Settings *s) {
        unsigned changed = 0;
        SettingRow row;

        if (in->json) {
                print_json(s, in->out.out);
                return EXIT_DONE;
        }
        for (uint32_t i = 0; settings_row(s, i, &row); i++)
                changed += !row.is_default;
        (void) fprintf(in->out.out, "the settings are good; %u differ%s from the default\n", changed,
                       changed == 1 ? "s" : "");
        return EXIT_DONE;
}

static ExitStatus run(Invocation *in) {
        static const char *const words[] = { "check", "show", "doc" };
        const char *word = in->options.arguments[0], *nearest;
        Settings *settings = NULL;
        ExitStatus status = facts_settings(in, &settings);

        if (status != EXIT_DONE)
                return status;
        if (strcmp(word, "check") == 0)
                return check(in, settings);
        if (strcmp(word, "show") == 0)
                return show(in, settings);
        if (strcmp(word, "doc") == 0) {
                if (in->json)
                        print_json(settings, in->out.out);
                else
                        print_doc(settings, &in->out);
                return EXIT_DONE;
        }
        nearest = text_nearest(word, words, ARRAY_SIZE(words));
        return command_complain(in, EXIT_BAD_INPUT, "%s: accepted is check, show or doc%s%s%s", word,
                                nearest ? "; did you mean " : "", nearest ? nearest : "", nearest ? "?" : "");
}

static const OptionDef options[] = {
        SETTINGS_OPTIONS,
        { "", 0, OPTION_HEADING, NULL, 0, 0, 0, "Output:" },
        { "json", 0, OPTION_FLAG, NULL, 0, 0, 0, "as JSON, schema plimsoll.settings/1" },
        { 0 },
};

const Command command_settings = {
        .name = "settings",
        .summary = "check a settings file, show what is in force, or print the manual",
        .usage = "check|show|doc [--settings FILE] [--set KEY=VALUE]",
        .help = "check  says what is wrong with the settings, with line and column, or that they are good\n"
                "show   prints the settings in force as a settings file; those at their default as comments\n"
                "doc    prints every setting: what it does, its default and what is accepted",
        .options = options,
        .least_arguments = 1,
        .most_arguments = 1,
        .run = run,
};
