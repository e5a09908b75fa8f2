/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/snapshot/rules/rule_writer.h"

#include <errno.h>
#include <string.h>

#include "scheduler/base/text.h"

/* ---- for the kinds ---- */

int rule_apply_note(RuleApply *x, const char *text) {
        if (!text)
                return -ENOMEM;
        if (x->s->notes.n == x->notes_room) {
                const uint32_t n = x->notes_room ? 2 * x->notes_room : 8;
                const char **bigger = arena_longer(x->arena, const char *, x->s->notes.at, x->s->notes.n, n);

                if (!bigger)
                        return -ENOMEM;
                x->notes = bigger;
                x->notes_room = n;
                x->s->notes.at = bigger;
        }
        for (uint32_t i = 0; i < x->s->notes.n; i++) /* applied to a snapshot that has it already */
                if (strcmp(x->notes[i], text) == 0)
                        return 0;
        x->notes[x->s->notes.n++] = text;
        return 0;
}

int rule_apply_vms(RuleApply *x, const RuleSpec *spec, const VmIx **ret, uint32_t *ret_n) {
        int r = selection_vms(x->arena, &spec->vms, x->s, ret, ret_n);

        if (r < 0 || *ret_n > 0)
                return r;
        if (spec->item->line == 0)
                return rule_apply_note(x, text_format(x->arena, "rule %s selects no VM", spec->name));
        return rule_apply_note(x, text_format(x->arena, "rule %s (settings, line %u) selects no VM",
                                              spec->name, spec->item->line));
}

int rule_apply_add(RuleApply *x, Rule rule) {
        for (uint32_t i = 0; i < x->s->n_rules; i++)
                if (strcmp(x->rules[i].name, rule.name) == 0) {
                        x->rules[i] = rule;
                        return 0;
                }
        if (x->s->n_rules == x->rules_room) {
                const uint32_t n = x->rules_room ? 2 * x->rules_room : 8;
                Rule *bigger = arena_longer(x->arena, Rule, x->rules, x->s->n_rules, n);

                if (!bigger)
                        return -ENOMEM;
                x->s->rules = x->rules = bigger;
                x->rules_room = n;
        }
        x->rules[x->s->n_rules++] = rule;
        return 0;
}

void rule_apply_hold(RuleApply *x, VmIx v, Hold hold, const char *why) {
        Vm *vm = &x->vms[v];

        if (!vm->movable && vm->hold == HOLD_NONE)
                return; /* it cannot be moved anyway, whatever a person wants */
        if (vm->hold != HOLD_NONE && vm->hold <= hold)
                return; /* the firmer one was said first */
        vm->movable = false;
        vm->hold = hold;
        vm->unmovable_why = why;
}
