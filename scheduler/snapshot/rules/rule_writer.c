/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/snapshot/rules/rule_writer.h"

#include <errno.h>
#include <string.h>

#include "scheduler/base/text.h"

/* ---- for the kinds ---- */

int rule_apply_note(RuleApply *apply, const char *text) {
        if (!text)
                return -ENOMEM;
        if (apply->s->notes.n == apply->notes_room) {
                const uint32_t n = apply->notes_room ? 2 * apply->notes_room : 8;
                const char **bigger =
                        arena_longer(apply->arena, const char *, apply->s->notes.at, apply->s->notes.n, n);

                if (!bigger)
                        return -ENOMEM;
                apply->notes = bigger;
                apply->notes_room = n;
                apply->s->notes.at = bigger;
        }
        for (uint32_t i = 0; i < apply->s->notes.n; i++) /* applied to a snapshot that has it already */
                if (strcmp(apply->notes[i], text) == 0)
                        return 0;
        apply->notes[apply->s->notes.n++] = text;
        return 0;
}

int rule_apply_vms(RuleApply *apply, const RuleSpec *spec, const VmIx **ret, uint32_t *ret_n) {
        int r = selection_vms(apply->arena, &spec->vms, apply->s, ret, ret_n);

        if (r < 0 || *ret_n > 0)
                return r;
        if (spec->item->line == 0)
                return rule_apply_note(apply, text_format(apply->arena, "rule %s selects no VM", spec->name));
        return rule_apply_note(apply, text_format(apply->arena, "rule %s (settings, line %u) selects no VM",
                                                  spec->name, spec->item->line));
}

int rule_apply_add(RuleApply *apply, Rule rule) {
        for (uint32_t i = 0; i < apply->s->n_rules; i++)
                if (strcmp(apply->rules[i].name, rule.name) == 0) {
                        apply->rules[i] = rule;
                        return 0;
                }
        if (apply->s->n_rules == apply->rules_room) {
                const uint32_t n = apply->rules_room ? 2 * apply->rules_room : 8;
                Rule *bigger = arena_longer(apply->arena, Rule, apply->rules, apply->s->n_rules, n);

                if (!bigger)
                        return -ENOMEM;
                apply->s->rules = apply->rules = bigger;
                apply->rules_room = n;
        }
        apply->rules[apply->s->n_rules++] = rule;
        return 0;
}

void rule_apply_hold(RuleApply *apply, VmIx v, Hold hold, const char *why) {
        Vm *vm = &apply->vms[v];

        if (!vm->movable && vm->hold == HOLD_NONE)
                return; /* it cannot be moved anyway, whatever a person wants */
        if (vm->hold != HOLD_NONE && vm->hold <= hold)
                return; /* the firmer one was said first */
        vm->movable = false;
        vm->hold = hold;
        vm->unmovable_why = why;
}
