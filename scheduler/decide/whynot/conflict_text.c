/* SPDX-License-Identifier: Apache-2.0 */
/* "quorum keeps a, b and c on hosts of their own; h3 takes no VM (in maintenance)" */
#include "scheduler/base/text.h"
#include "scheduler/decide/whynot/conflict.h"

#define NAMES_SHOWN 4

typedef struct Names {
        Arena *arena;
        const char *text;
        uint32_t n, all;
} Names;

/* "a", "a and b", "a, b, c and 3 more" */
static void add_name(Names *names, const char *name) {
        const bool last = names->n + 1 == names->all, shown = names->n < NAMES_SHOWN;

        names->n++;
        if (names->n == 1)
                names->text = name;
        else if (shown && names->text)
                names->text = text_format(names->arena, "%s%s%s", names->text, last ? " and " : ", ", name);
        else if (last && names->text)
                names->text =
                        text_format(names->arena, "%s and %u more", names->text, names->all - NAMES_SHOWN);
}

static const char *vm_names(Arena *a, const Snapshot *s, const VmIx *vms, uint32_t n) {
        Names x = { .arena = a, .text = "", .all = n };

        for (uint32_t i = 0; i < n; i++)
                add_name(&x, s->vms[vms[i]].name);
        return x.text;
}

static const char *host_names(Arena *a, const Snapshot *s, const HostIx *hosts, uint32_t n) {
        Names x = { .arena = a, .text = "", .all = n };

        for (uint32_t i = 0; i < n; i++)
                add_name(&x, s->hosts[hosts[i]].name);
        return x.text;
}

static const char *rule_words(Arena *a, const Snapshot *s, const Rule *rule) {
        const char *vms = vm_names(a, s, rule->vms, rule->n_vms);
        const char *others = vm_names(a, s, rule->near_vms, rule->n_near_vms);
        const char *hosts = host_names(a, s, rule->hosts, rule->n_hosts), *level = level_names[rule->level];
        const char *in = rule->level == LEVEL_HOST ? "on" : "in";

        if (!vms || !others || !hosts)
                return NULL;
        switch (rule->kind) {
        case RULE_APART:
                return text_format(a, "rule %s keeps %s each %s a separate %s", rule->name, vms, in, level);
        case RULE_TOGETHER:
                return text_format(a, "rule %s keeps %s %s one %s", rule->name, vms, in, level);
        case RULE_SPREAD:
                return text_format(a, "rule %s wants %s %s %lld %ss", rule->name, vms, in,
                                   (long long) rule->k, level);
        case RULE_NEAR:
                return text_format(a, "rule %s wants each of %s %s one %s with one of %s", rule->name, vms,
                                   in, level, others);
        case RULE_AVOID:
                return text_format(a, "rule %s keeps %s %s no %s with %s", rule->name, vms, in, level,
                                   others);
        case RULE_ON:
                return text_format(a, "rule %s allows %s only on %s", rule->name, vms, hosts);
        case RULE_NOT_ON:
                return text_format(a, "rule %s keeps %s off %s", rule->name, vms, hosts);
        case RULE_SPAN:
                return text_format(a, "rule %s wants %s %s %lld %s%s at most", rule->name, vms, in,
                                   (long long) rule->k, level, rule->k == 1 ? "" : "s");
        case RULE_KIND_N:
                break;
        }
        return rule->name;
}

static const char *closed_word(const Host *host) {
        return host->state != HOST_ACTIVE        ? host_state_names[host->state]
               : host->excluded != EXCLUDED_NONE ? "facts stale or missing"
               : host->fault_grade >= 2          ? "a hardware fault"
                                                 : "it takes no VMs";
}

static const char *closed_words(Arena *a, const Snapshot *s, const Conflict *c) {
        Names x = { .arena = a, .text = "", .all = c->n_closed };

        for (uint32_t i = 0; i < c->n_closed; i++) {
                const Host *h = &s->hosts[c->closed[i]];
                const char *one = text_format(a, "%s (%s)", h->name, closed_word(h));

                if (!one)
                        return NULL;
                add_name(&x, one);
        }
        return x.text ? text_format(a, "no VM may move to %s", x.text) : NULL;
}

static const char *conflict_text_held_words(Arena *a, const Snapshot *s, const Conflict *c) {
        Names x = { .arena = a, .text = "", .all = c->n_held };

        for (uint32_t i = 0; i < c->n_held; i++) {
                const Vm *vm = &s->vms[c->held[i]];
                const char *why = vm->movable ? "local disks" : vm->unmovable_why;
                const char *one = why ? text_format(a, "%s (%s)", vm->name, why) : vm->name;

                if (!one)
                        return NULL;
                add_name(&x, one);
        }
        return x.text ? text_format(a, "%s may not be moved", x.text) : NULL;
}

static const char *conflict_text_join(Arena *a, const char *text, const char *more) {
        if (!text || !more)
                return NULL;
        return *text ? text_format(a, "%s; %s", text, more) : more;
}

/* Hosts of which nobody told the rack (zone …) count as one: they may be. */
static const char *conflict_text_unplaced(Arena *a, const Snapshot *s, Level level, const char *text) {
        HostIx *hosts = arena_new(a, HostIx, s->n_hosts);
        uint32_t n = 0;

        for (HostIx h = 0; hosts && h < s->n_hosts; h++)
                if (!host_place_is_known(&s->hosts[h], level))
                        hosts[n++] = h;
        if (!hosts || n < 2)
                return hosts ? text : NULL;
        return conflict_text_join(
                a, text,
                n == s->n_hosts ? text_format(a, "no %s is known: all hosts count as one", level_names[level])
                                : text_format(a, "the %s of %s is not known; they count as one",
                                              level_names[level], host_names(a, s, hosts, n)));
}

const char *conflict_text(Arena *a, const Snapshot *s, const Conflict *c) {
        const char *text = "", *names;

        for (uint32_t i = 0; i < c->n_rules; i++)
                text = conflict_text_join(a, text, rule_words(a, s, &s->rules[c->rules[i]]));
        if (c->n_closed > 0)
                text = conflict_text_join(a, text, closed_words(a, s, c));
        if (c->n_bound > 0) {
                names = vm_names(a, s, c->bound, c->n_bound);
                text = names ? conflict_text_join(
                                       a, text,
                                       text_format(a, "hosts lack what %s need%s: networks, pools or CPUs",
                                                   names, c->n_bound == 1 ? "s" : ""))
                             : NULL;
        }
        if (c->n_held > 0)
                text = conflict_text_join(a, text, conflict_text_held_words(a, s, c));
        if (c->n_full > 0) {
                names = host_names(a, s, c->full, c->n_full);
                text = names ? conflict_text_join(a, text,
                                                  text_format(a, "there is no more room on %s", names))
                             : NULL;
        }
        if (c->counted != IX_NONE) {
                const Rule *rule = &s->rules[c->counted];
                const char *level = level_names[rule->level];

                if (c->places_needed > rule->n_vms)
                        return conflict_text_join(a, text,
                                                  text_format(a, "there are %u of them", rule->n_vms));
                text = conflict_text_join(a, text,
                                          text_format(a, "%u %ss are needed, and %u %s available to them",
                                                      c->places_needed, level, c->places,
                                                      c->places == 1 ? "is" : "are"));
                if (rule->level != LEVEL_HOST)
                        text = conflict_text_unplaced(a, s, rule->level, text);
        }
        return text;
}
