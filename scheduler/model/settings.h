/* SPDX-License-Identifier: Apache-2.0 */
/* Settings: typed values with a table behind each section. The table is the documentation, the default and
 * the range check at once; a policy, a collector or a program brings its own.
 *
 * A value a person writes carries its unit: "80%", "16GiB", "10Gbit/s", "30m", "on", a word of a choice.
 * Inside, all are int64_t in the unit of the type (or text). Pure. Owner: the arena. Const once filled.
 *
 * Units: those of each setting's type: µs, bytes, permille …. Errors: -EINVAL, -ENOMEM, as said; a name that
 * is not there is a programmer's error (assert). Threads: one fills; const afterwards, any.
 */
#pragma once

#include "scheduler/base/arena.h"
#include "scheduler/base/text.h"
#include "scheduler/model/units.h"

typedef enum SettingType {
        SETTING_COUNT,    /* a whole number */
        SETTING_PERMILLE, /* "80%" or "0.8" → 800 */
        SETTING_MIB,      /* "16GiB", "512MiB" → MiB */
        SETTING_KBIT,     /* "10Gbit/s" → kbit/s */
        SETTING_DURATION, /* "500ms", "30s", "5m", "2h", "1d" → usec */
        SETTING_BOOL,     /* on, off, true, false, yes, no → 1, 0 */
        SETTING_CHOICE,   /* one of `choices` → its index */
        SETTING_TEXT,     /* any text → text */
} SettingType;

typedef struct SettingDef {
        const char *name; /* "headroom" in section "load" is written load.headroom; NULL ends a table */
        SettingType type;
        int64_t def, min, max;      /* in the unit of the type */
        const char *def_text;       /* SETTING_TEXT */
        const char *const *choices; /* SETTING_CHOICE, NULL-terminated; SETTING_TEXT: NULL or setting_words */
        const char *doc;            /* one or two sentences for the manual */
} SettingDef;

/* A text of words separated by commas: in a settings file a list of them is accepted too. */
extern const char *const setting_words[];

typedef struct SettingSection {
        const char *name, *summary;
        const SettingDef *defs; /* ends with name NULL */
} SettingSection;

typedef struct Settings Settings;
typedef struct RuleSet RuleSet; /* model/rule_set.h */

/* All sections' defaults. The tables must outlive it. 0 or -ENOMEM. */
int settings_new(Arena *a, const SettingSection *sections, uint32_t n, Settings **ret) must_check;

/* "section.name" := text. 0; -EINVAL with *reterr_fault (unknown key with the nearest right one, wrong unit,
 * out of range, each with what is accepted); -ENOMEM. On failure nothing changed. */
int settings_set(Settings *s, const char *key, const char *text, TextFault *reterr_fault) must_check;

/* One value by its row: for lists, whose entries are no keys of their own. 0; -EINVAL with *reterr_fault. Not
 * for SETTING_TEXT. */
int setting_parse(const SettingDef *def, const char *key, const char *text, int64_t *ret,
                  TextFault *reterr_fault) must_check;

/* What the lists say (rules, groups, hosts, windows): NULL until they are put in. */
const RuleSet *settings_rules(const Settings *s);
void settings_put_rules(Settings *s, const RuleSet *rules);

/* The arena that what belongs to the settings is taken from. */
Arena *settings_arena(Settings *s);

/* A key or section that is not in the tables is a programmer's error (assert). */
int64_t settings_int(const Settings *s, const char *section, const char *name);
const char *settings_text(const Settings *s, const char *section, const char *name);

/* One row after the other, for `settings show` and the manual: false when i is past the end. */
typedef struct SettingRow {
        const SettingSection *section;
        const SettingDef *def;
        int64_t value;
        const char *text;
        bool is_default;
} SettingRow;
bool settings_row(const Settings *s, uint32_t i, SettingRow *ret);

/* The value as a person would write it, in buf. Returns buf. */
const char *setting_print(const SettingDef *def, int64_t value, const char *text, char *buf, size_t size);
