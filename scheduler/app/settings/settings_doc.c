/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/settings/settings_doc.h"

#include <string.h>

#include "scheduler/base/options.h"
#include "scheduler/snapshot/rules/rule_kinds.h"

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

static const ListDef *const settings_doc_lists[] = { &rule_list, &group_list, &host_list, &window_list };

/* "a share: 80% or 0.8; 0% to 90%" */
void settings_doc_accepted(const SettingDef *d, FILE *out) {
        char low[64], high[64];

        (void) fputs(type_texts[d->type], out);
        for (unsigned i = 0; d->type == SETTING_CHOICE && d->choices[i]; i++)
                (void) fprintf(out, "%s %s", i > 0 ? "," : "", d->choices[i]);
        if (d->type != SETTING_CHOICE && d->type != SETTING_TEXT && d->type != SETTING_BOOL)
                (void) fprintf(out, "; %s to %s", setting_print(d, d->min, NULL, low, sizeof(low)),
                               setting_print(d, d->max, NULL, high, sizeof(high)));
}

static void print_field_accepted(const ListFieldDef *f, FILE *out) {
        if (f->as == LIST_NUMBER || f->as == LIST_CHOICE)
                settings_doc_accepted(&f->value, out);
        else
                (void) fputs(list_value_texts[f->as], out);
}

/* Lines of an example, each after `indent` blanks. */
static void print_example(FILE *out, const char *example, int indent) {
        while (*example) {
                const size_t n = strcspn(example, "\n");

                (void) fprintf(out, "%*s%.*s\n", indent, "", (int) n, example);
                example += n + (example[n] == '\n');
        }
}

/* The fields of a kind, besides its word and its name. */
static void print_kind_fields(const RuleKindDef *kind, FILE *out) {
        bool first = true;

        for (uint32_t i = 0; rule_list_fields[i].value.name; i++) {
                const unsigned bit = rule_field_bit(i);

                if (!(kind->takes & bit))
                        continue;
                (void) fprintf(out, "%s%s%s", first ? "" : ", ", rule_list_fields[i].value.name,
                               kind->needs & bit ? " (required)" : "");
                first = false;
        }
        if (first)
                (void) fputs("none", out);
}

/* ---- for a terminal ---- */

static unsigned width_of(const Screen *screen) {
        return screen->width > 60 ? screen->width : 100;
}

static void settings_doc_print_list(const ListDef *list, const Screen *screen) {
        FILE *out = screen->out;
        const char *strong = screen_style(screen, STYLE_STRONG), *plain = screen_style(screen, STYLE_PLAIN);

        (void) fprintf(out, "%s%s%s  (a list) %s\n\n", strong, list->name, plain, list->summary);
        print_example(out, list->example, 8);
        (void) fputc('\n', out);
        for (const ListFieldDef *f = list->fields; f->value.name; f++) {
                (void) fprintf(out, "    %s%s%s%s\n        ", strong, f->value.name, plain,
                               f->required ? " (required)" : "");
                options_wrapped(out, f->value.doc, 8, width_of(screen));
                (void) fputs("        Accepted: ", out);
                print_field_accepted(f, out);
                (void) fputs(".\n\n", out);
        }
}

static void print_kinds(const Screen *screen) {
        FILE *out = screen->out;

        (void) fprintf(out, "%sKinds of rules%s\n\n", screen_style(screen, STYLE_STRONG),
                       screen_style(screen, STYLE_PLAIN));
        for (uint32_t k = 0; k < n_rule_kinds; k++) {
                const RuleKindDef *kind = &rule_kind_defs[k];

                (void) fprintf(out, "    %s%s%s\n        ", screen_style(screen, STYLE_STRONG), kind->word,
                               screen_style(screen, STYLE_PLAIN));
                options_wrapped(out, kind->doc, 8, width_of(screen));
                (void) fputs("        Fields: ", out);
                print_kind_fields(kind, out);
                (void) fputs(".\n\n", out);
                print_example(out, kind->example, 12);
                (void) fputc('\n', out);
        }
}

void settings_doc_print(const Settings *s, const Screen *screen) {
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
                options_wrapped(out, row.def->doc, 8, width_of(screen));
                (void) fputs("        Accepted: ", out);
                settings_doc_accepted(row.def, out);
                (void) fputs(".\n\n", out);
        }
        for (size_t i = 0; i < ARRAY_SIZE(settings_doc_lists); i++)
                settings_doc_print_list(settings_doc_lists[i], screen);
        print_kinds(screen);
}

/* ---- Markdown ---- */

/* In a table's cell a bar would end the cell, in a page <…> would be a tag. */
static void print_cell(FILE *out, const char *text) {
        for (; *text; text++)
                if (*text == '|')
                        (void) fputs("\\|", out);
                else if (*text == '<')
                        (void) fputs("&lt;", out);
                else
                        (void) fputc(*text, out);
}

static void markdown_list(const ListDef *list, FILE *out) {
        (void) fprintf(
                out,
                "\n## %s (a list)\n\n%s\n\n```yaml\n%s```\n\n| field | accepted | meaning |\n|---|---|---|\n",
                list->name, list->summary, list->example);
        for (const ListFieldDef *f = list->fields; f->value.name; f++) {
                (void) fprintf(out, "| `%s`%s | ", f->value.name, f->required ? " (required)" : "");
                print_field_accepted(f, out);
                (void) fputs(" | ", out);
                print_cell(out, f->value.doc);
                (void) fputs(" |\n", out);
        }
}

static void markdown_kinds(FILE *out) {
        (void) fputs("\n### Kinds of rules\n", out);
        for (uint32_t k = 0; k < n_rule_kinds; k++) {
                const RuleKindDef *kind = &rule_kind_defs[k];

                (void) fprintf(out, "\n**%s**: %s Fields: ", kind->word, kind->doc);
                print_kind_fields(kind, out);
                (void) fputs(".\n\n```yaml\nrules:\n", out);
                print_example(out, kind->example, 2);
                (void) fputs("```\n", out);
        }
}

void settings_doc_markdown(const Settings *s, FILE *out) {
        const SettingSection *section = NULL;
        SettingRow row;
        char buf[512];

        (void) fputs(
                "# Settings\n\nPrinted by `plimsoll settings doc --markdown`; do not edit. "
                "[rules.md](rules.md) explains what rules are for.\n"
                "In names of sections, settings and fields, `-` and `_` are the same: `headroom-cpu` is `headroom_cpu`.\n",
                out);
        for (size_t i = 0; i < ARRAY_SIZE(settings_doc_lists); i++) {
                markdown_list(settings_doc_lists[i], out);
                if (settings_doc_lists[i] == &rule_list)
                        markdown_kinds(out);
        }
        for (uint32_t i = 0; settings_row(s, i, &row); i++) {
                assert(row.section && row.def);
                if (row.section != section)
                        (void) fprintf(out,
                                       "\n## %s\n\n%s\n\n| setting | default | accepted | meaning "
                                       "|\n|---|---|---|---|\n",
                                       row.section->name, row.section->summary);
                section = row.section;
                (void) setting_print(row.def, row.def->def, row.def->def_text, buf, sizeof(buf));
                (void) fprintf(out, "| `%s.%s` | %s | ", row.section->name, row.def->name,
                               buf[0] ? buf : "empty");
                settings_doc_accepted(row.def, out);
                (void) fputs(" | ", out);
                print_cell(out, row.def->doc);
                (void) fputs(" |\n", out);
        }
}
