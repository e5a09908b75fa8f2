/* SPDX-License-Identifier: Apache-2.0 */
/* What if the settings were others, and rules were not there: --set and --without-rule. */
#include "scheduler/app/commands/what_if_settings.h"

#include <errno.h>
#include <string.h>

#include "scheduler/app/settings/app_settings.h"
#include "scheduler/snapshot/rules/rules_apply.h"

static bool what_if_settings_is_dropped(const Options *o, const char *name) {
        const char *text;

        for (unsigned i = 0; name && (text = option_nth(o, "without-rule", i)); i++)
                if (strcmp(text, name) == 0)
                        return true;
        return false;
}

/* ---- rules left out ---- */

static int drop_specs(Arena *a, const Options *o, const RuleSet *set, const RuleSet **ret) {
        RuleSet *less = arena_new(a, RuleSet, 1);
        RuleSpec *rules = set ? arena_new(a, RuleSpec, set->n_rules) : NULL;

        *ret = set;
        if (!set)
                return less ? 0 : -ENOMEM;
        if (!less || !rules)
                return -ENOMEM;
        *less = *set;
        less->rules = rules;
        less->n_rules = 0;
        for (uint32_t i = 0; i < set->n_rules; i++)
                if (!what_if_settings_is_dropped(o, set->rules[i].name))
                        rules[less->n_rules++] = set->rules[i];
        *ret = less;
        return 0;
}

static int drop_rules(Arena *a, const Options *o, const Snapshot *s, const Snapshot **ret) {
        Snapshot *less = arena_new(a, Snapshot, 1);
        Rule *rules = arena_new(a, Rule, s->n_rules);

        if (!less || !rules)
                return -ENOMEM;
        *less = *s;
        less->rules = rules;
        less->n_rules = 0;
        for (uint32_t i = 0; i < s->n_rules; i++)
                if (!what_if_settings_is_dropped(o, s->rules[i].name))
                        rules[less->n_rules++] = s->rules[i];
        *ret = less;
        return 0;
}

/* All names there are: of the settings, of the facts, and those that labels give. */
static int check_names(Arena *a, const Options *o, const RuleSet *set, const Snapshot *s, TextFault *f) {
        const uint32_t n_specs = set ? set->n_rules : 0;
        const char **names = arena_new(a, const char *, (size_t) n_specs + s->n_rules), *text, *nearest;
        uint32_t n = 0;

        if (!names)
                return -ENOMEM;
        for (uint32_t i = 0; i < n_specs; i++)
                names[n++] = set->rules[i].name;
        for (uint32_t i = 0; i < s->n_rules; i++)
                names[n++] = s->rules[i].name;
        for (unsigned k = 0; (text = option_nth(o, "without-rule", k)); k++) {
                uint32_t i = 0;

                while (i < n && strcmp(names[i], text) != 0)
                        i++;
                if (i < n)
                        continue;
                nearest = strlen(text) <= 64 ? text_nearest(text, names, n) : NULL;
                text_fault(f, "", "--without-rule: rule \"%.80s\" not found%s%.60s%s", text,
                           nearest ? "; did you mean \"" : "", nearest ? nearest : "", nearest ? "\"?" : "");
                return -EINVAL;
        }
        return 0;
}

static int what_if_settings_leave_out(Arena *a, const Options *o, const Facts *facts, const Snapshot **ret,
                                      TextFault *f) {
        const RuleSet *set = settings_rules(facts->settings), *less = NULL;
        const Snapshot *before = source_facts(facts->source), *applied = NULL;
        int r;

        if (!option_given(o, "without-rule"))
                return 0;
        r = check_names(a, o, set, facts->snapshot, f);
        if (r == 0)
                r = drop_specs(a, o, set, &less);
        if (r == 0)
                r = rules_apply(a, before, less, &applied);
        return r == 0 ? drop_rules(a, o, applied, ret) : r;
}

/* ---- settings ---- */

bool what_if_settings_given(const Options *o) {
        const char *text;

        for (unsigned i = 0; (text = option_nth(o, "set", i)); i++)
                if (app_settings_decides(text))
                        return true;
        return false;
}

int what_if_settings(Arena *a, const Options *o, const Facts *facts, WhatIfSettings *ret,
                     TextFault *reterr_fault) {
        WhatIfSettings s = { .as_is = facts->snapshot,
                             .settings_as_is = facts->settings,
                             .snapshot = facts->snapshot };
        const char *file = NULL;
        Settings *as_is = NULL;
        int r = what_if_settings_leave_out(a, o, facts, &s.snapshot, reterr_fault);

        if (r == 0 && what_if_settings_given(o)) {
                r = app_settings_load_as_is(a, o, &as_is, &file, reterr_fault);
                if (r == 0 && as_is) {
                        s.settings_as_is = as_is;
                        r = rules_apply(a, source_facts(facts->source), settings_rules(as_is), &s.as_is);
                }
        }
        if (r == 0)
                *ret = s;
        return r;
}
