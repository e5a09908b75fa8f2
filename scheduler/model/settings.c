/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/model/settings.h"

#include <errno.h>
#include <string.h>

#include "scheduler/base/key_word.h"

const char *const setting_words[] = { NULL };

typedef struct Value {
        const SettingSection *section;
        const SettingDef *def;
        const char *key; /* "section.name" */
        int64_t number;
        const char *text;
} Value;

struct Settings {
        Arena *arena; /* takes the texts that settings_set() keeps */
        Value *values;
        const char **keys; /* of values, for text_nearest() */
        uint32_t n;
        const RuleSet *rules;
};

typedef struct Unit {
        const char *name;
        int64_t factor;
} Unit;

/* Ascending; the first is the one values are kept in. */
static const Unit mib_units[] = {
        { "MiB", 1 }, { "GiB", INT64_C(1) << 10 }, { "TiB", INT64_C(1) << 20 }, { "PiB", INT64_C(1) << 30 },
        { 0 },
};
static const Unit kbit_units[] = {
        { "kbit/s", 1 }, { "Mbit/s", 1000 }, { "Gbit/s", 1000000 }, { "Tbit/s", 1000000000 }, { 0 },
};
static const Unit duration_units[] = {
        { "us", 1 },
        { "ms", USEC_PER_MSEC },
        { "s", USEC_PER_SEC },
        { "m", 60 * USEC_PER_SEC },
        { "h", 3600 * USEC_PER_SEC },
        { "d", 86400 * USEC_PER_SEC },
        { 0 },
};

static const Unit *units_of(SettingType type) {
        switch (type) {
        case SETTING_MIB:
                return mib_units;
        case SETTING_KBIT:
                return kbit_units;
        case SETTING_DURATION:
                return duration_units;
        case SETTING_COUNT:
        case SETTING_PERMILLE:
        case SETTING_BOOL:
        case SETTING_CHOICE:
        case SETTING_TEXT:
                break;
        }
        return NULL;
}

static const char *const accepted_texts[] = {
        [SETTING_COUNT] = "a whole number",
        [SETTING_PERMILLE] = "a share such as 80% or 0.8",
        [SETTING_MIB] = "a size such as 512MiB, 16GiB or 1.5TiB",
        [SETTING_KBIT] = "a rate such as 100Mbit/s or 10Gbit/s",
        [SETTING_DURATION] = "a time such as 500ms, 30s, 5m, 2h or 1d",
        [SETTING_BOOL] = "on, off, true, false, yes or no",
        [SETTING_CHOICE] = "one of its words",
        [SETTING_TEXT] = "text without control characters",
};

static int value_fill(Arena *a, Value *value, const SettingSection *section, const SettingDef *def) {
        assert(def->type == SETTING_TEXT || def->type == SETTING_BOOL || def->type == SETTING_CHOICE ||
               (def->min <= def->def && def->def <= def->max));
        assert(def->type != SETTING_CHOICE || def->choices);
        *value = (Value){
                .section = section,
                .def = def,
                .key = text_format(a, "%s.%s", section->name, def->name),
                .number = def->def,
                .text = def->def_text,
        };
        return value->key ? 0 : -ENOMEM;
}

int settings_new(Arena *a, const SettingSection *sections, uint32_t n, Settings **ret) {
        Settings *s = arena_new(a, Settings, 1);
        uint32_t count = 0;

        for (uint32_t i = 0; i < n; i++)
                for (const SettingDef *d = sections[i].defs; d && d->name; d++)
                        count++;
        if (!s)
                return -ENOMEM;
        s->arena = a;
        s->values = arena_new(a, Value, count);
        s->keys = arena_new(a, const char *, count);
        if (!s->values || !s->keys)
                return -ENOMEM;
        for (uint32_t i = 0; i < n; i++)
                for (const SettingDef *d = sections[i].defs; d && d->name; d++) {
                        if (value_fill(a, &s->values[s->n], &sections[i], d) < 0)
                                return -ENOMEM;
                        s->keys[s->n] = s->values[s->n].key;
                        s->n++;
                }
        *ret = s;
        return 0;
}

/* What was written with the names of earlier versions is read. */
static const struct {
        const char *was, *is;
} settings_renamed[] = {
        { "service.cool_down_most", "service.max_cool_down" },
        { "service.pause_least", "service.min_pause_difference" },
        { "migration.downtime_most", "migration.max_downtime_limit" },
        { "pack.least_used", "pack.min_used" },
        { "retry.most", "retry.max" },
};

static const char *settings_present_name(const char *key) {
        for (size_t i = 0; i < ARRAY_SIZE(settings_renamed); i++)
                if (key_word_is_same(settings_renamed[i].was, key))
                        return settings_renamed[i].is;
        return key;
}

static Value *value_by_key(const Settings *s, const char *key) {
        key = settings_present_name(key);
        for (uint32_t i = 0; i < s->n; i++)
                if (key_word_is_same(s->keys[i], key))
                        return &s->values[i];
        return NULL;
}

/* "headroom" without its section is a likelier slip than any misspelling, so that is tried first. */
static int unknown_key(const Settings *s, const char *key, TextFault *reterr_fault) {
        const char *nearest = NULL;

        assert(s->values && s->keys);
        for (uint32_t i = 0; i < s->n && !nearest; i++)
                if (key_word_is_same(s->values[i].def->name, key))
                        nearest = s->keys[i];
        if (!nearest)
                nearest = text_nearest(key, s->keys, s->n);
        text_fault(reterr_fault, key, "unknown setting%s%s%s", nearest ? "; did you mean " : "",
                   nearest ? nearest : "", nearest ? "?" : "");
        return -EINVAL;
}

/* The length of the number at the start of text. */
static size_t number_length(const char *text) {
        return strspn(text, "-0123456789.");
}

/* The factor of the unit that text names, as it stands in the table or without its "/s"; 0: none. A zero
 * needs no unit. */
static int64_t unit_factor(const Unit *units, const char *text) {
        for (const Unit *u = units; u->name; u++) {
                size_t n = strlen(u->name), m = strlen(text);

                if (strcmp(text, u->name) == 0)
                        return u->factor;
                if (n > 2 && m == n - 2 && strcmp(u->name + m, "/s") == 0 && strncmp(text, u->name, m) == 0)
                        return u->factor;
        }
        return 0;
}

static int parse_with_unit(const SettingDef *def, const char *text, int64_t *ret) {
        size_t n = number_length(text);
        const char *unit = text + n + strspn(text + n, " ");
        int64_t factor = unit_factor(units_of(def->type), unit);

        if (*unit == '\0' && strcmp(text, "0") == 0)
                factor = 1;
        if (factor == 0)
                return -EINVAL;
        return text_to_scaled(text, n, factor, def->min, def->max, ret);
}

static int parse_permille(const SettingDef *def, const char *text, int64_t *ret) {
        size_t n = number_length(text);
        const char *unit = text + n + strspn(text + n, " ");

        if (strcmp(unit, "%") == 0)
                return text_to_scaled(text, n, 10, def->min, def->max, ret);
        return *unit ? -EINVAL : text_to_scaled(text, n, 1000, def->min, def->max, ret);
}

static int parse_bool(const char *text, int64_t *ret) {
        static const char *const words[] = { "off", "on", "false", "true", "no", "yes" };

        for (size_t i = 0; i < ARRAY_SIZE(words); i++)
                if (strcmp(text, words[i]) == 0) {
                        *ret = (int64_t) (i % 2);
                        return 0;
                }
        return -EINVAL;
}

static int parse_choice(const SettingDef *def, const char *text, int64_t *ret) {
        for (int64_t i = 0; def->choices[i]; i++)
                if (strcmp(text, def->choices[i]) == 0) {
                        *ret = i;
                        return 0;
                }
        return -EINVAL;
}

static int parse_number(const SettingDef *def, const char *text, int64_t *ret) {
        switch (def->type) {
        case SETTING_COUNT:
                return text_to_int(text, strlen(text), def->min, def->max, ret);
        case SETTING_PERMILLE:
                return parse_permille(def, text, ret);
        case SETTING_MIB:
        case SETTING_KBIT:
        case SETTING_DURATION:
                return parse_with_unit(def, text, ret);
        case SETTING_BOOL:
                return parse_bool(text, ret);
        case SETTING_CHOICE:
                return parse_choice(def, text, ret);
        case SETTING_TEXT:
                break;
        }
        return -EINVAL;
}

static bool is_plain_text(const char *text) {
        for (const unsigned char *c = (const unsigned char *) text; *c; c++)
                if (*c < 0x20 || *c == 0x7f)
                        return false;
        return true;
}

static void fault_choice(const SettingDef *def, const char *key, const char *text, TextFault *f) {
        char words[160] = "";
        size_t used = 0, n = 0;
        const char *nearest;

        for (; def->choices[n]; n++) {
                size_t length = strlen(def->choices[n]);

                if (used + length + 3 > sizeof(words))
                        break;
                if (n > 0) {
                        memcpy(words + used, ", ", 2);
                        used += 2;
                }
                memcpy(words + used, def->choices[n], length);
                used += length;
                words[used] = '\0';
        }
        nearest = text_nearest(text, def->choices, n);
        text_fault(f, key, "'%.40s' is not one of: %s%s%s%s", text, words, nearest ? "; did you mean " : "",
                   nearest ? nearest : "", nearest ? "?" : "");
}

static void fault_value(const SettingDef *def, const char *key, const char *text, int error, TextFault *f) {
        char low[32], high[32];

        if (def->type == SETTING_CHOICE)
                fault_choice(def, key, text, f);
        else if (error == -ERANGE)
                text_fault(f, key, "'%.40s' is out of range; accepted: %s to %s", text,
                           setting_print(def, def->min, NULL, low, sizeof(low)),
                           setting_print(def, def->max, NULL, high, sizeof(high)));
        else
                text_fault(f, key, "'%.40s' is not accepted; accepted: %s", text, accepted_texts[def->type]);
}

int setting_parse(const SettingDef *def, const char *key, const char *text, int64_t *ret,
                  TextFault *reterr_fault) {
        int r = parse_number(def, text, ret);

        if (r < 0)
                fault_value(def, key, text, r, reterr_fault);
        return r < 0 ? -EINVAL : 0;
}

const RuleSet *settings_rules(const Settings *s) {
        return s->rules;
}

Arena *settings_arena(Settings *s) {
        return s->arena;
}

void settings_put_rules(Settings *s, const RuleSet *rules) {
        s->rules = rules;
}

int settings_set(Settings *s, const char *key, const char *text, TextFault *reterr_fault) {
        Value *value = value_by_key(s, key);
        int64_t number = 0;
        int r;

        if (!value)
                return unknown_key(s, key, reterr_fault);
        if (value->def->type == SETTING_TEXT) {
                const char *copy;

                if (!is_plain_text(text)) {
                        fault_value(value->def, key, "", -EINVAL, reterr_fault);
                        return -EINVAL;
                }
                copy = text_copy(s->arena, text, strlen(text));
                if (!copy)
                        return -ENOMEM;
                value->text = copy;
                return 0;
        }
        r = setting_parse(value->def, key, text, &number, reterr_fault);
        if (r == 0)
                value->number = number;
        return r;
}

static const Value *settings_value_of(const Settings *s, const char *section, const char *name) {
        for (uint32_t i = 0; i < s->n; i++)
                if (strcmp(s->values[i].def->name, name) == 0 &&
                    strcmp(s->values[i].section->name, section) == 0)
                        return &s->values[i];
        assert(false && "a setting that is in no table was asked for");
        return NULL;
}

int64_t settings_int(const Settings *s, const char *section, const char *name) {
        const Value *value = settings_value_of(s, section, name);

        assert(value->def->type != SETTING_TEXT);
        return value->number;
}

const char *settings_text(const Settings *s, const char *section, const char *name) {
        const Value *value = settings_value_of(s, section, name);

        assert(value->def->type == SETTING_TEXT);
        return value->text;
}

static bool is_default(const Value *value) {
        if (value->def->type != SETTING_TEXT)
                return value->number == value->def->def;
        if (!value->text || !value->def->def_text)
                return value->text == value->def->def_text;
        return strcmp(value->text, value->def->def_text) == 0;
}

bool settings_row(const Settings *s, uint32_t i, SettingRow *ret) {
        const Value *value;

        if (i >= s->n)
                return false;
        value = &s->values[i];
        *ret = (SettingRow){
                .section = value->section,
                .def = value->def,
                .value = value->number,
                .text = value->text,
                .is_default = is_default(value),
        };
        return true;
}

/* In the greatest unit that says it exactly. */
static char *print_with_unit(Arena *a, const Unit *units, int64_t value) {
        const Unit *best = units;

        for (const Unit *u = units; u->name && value != 0; u++)
                if (value % u->factor == 0)
                        best = u;
        return text_format(a, "%lld%s", (long long) (value / best->factor), best->name);
}

static char *print_permille(Arena *a, int64_t value) {
        int64_t tenths = value % 10;

        if (tenths == 0)
                return text_format(a, "%lld%%", (long long) (value / 10));
        return text_format(a, "%s%lld.%lld%%", value < 0 && value > -10 ? "-" : "", (long long) (value / 10),
                           (long long) (tenths < 0 ? -tenths : tenths));
}

static char *settings_print_number(Arena *a, const SettingDef *def, int64_t value) {
        switch (def->type) {
        case SETTING_PERMILLE:
                return print_permille(a, value);
        case SETTING_MIB:
        case SETTING_KBIT:
        case SETTING_DURATION:
                return print_with_unit(a, units_of(def->type), value);
        case SETTING_BOOL:
                return text_format(a, "%s", value ? "on" : "off");
        case SETTING_CHOICE:
                return text_format(a, "%s", def->choices[value]);
        case SETTING_COUNT:
        case SETTING_TEXT:
                break;
        }
        return text_format(a, "%lld", (long long) value);
}

const char *setting_print(const SettingDef *def, int64_t value, const char *text, char *buf, size_t size) {
        Arena a = arena_over(buf, size);

        assert(size > 0);
        if (def->type == SETTING_TEXT) {
                size_t n = text ? strnlen(text, size - 1) : 0;

                if (n > 0)
                        memcpy(buf, text, n);
                buf[n] = '\0';
        } else if (!settings_print_number(&a, def, value)) {
                buf[0] = '\0';
        }
        return buf;
}
