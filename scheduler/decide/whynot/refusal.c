/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/decide/whynot/refusal.h"

#include <string.h>

#include "scheduler/decide/whynot/refusal_numa.h"

#define NAMES_SHOWN 3

typedef struct Asked {
        Arena *arena;
        const Trial *t;
        VmIx v;
        HostIx h;
} Asked;

int64_t refusal_lack(const Trial *t, VmIx v, HostIx h, uint32_t r) {
        const int64_t need = problem_need(t->p, v)[r];
        const int64_t room = problem_capacity(t->p, h)[r] - assignment_load(t->e->x, h)[r];

        return need > 0 && need > room ? need - room : 0;
}

const char *refusal_missing(const Strings *wanted, const Strings *there, bool known) {
        for (uint32_t i = 0; i < wanted->n && (known || there->n > 0); i++)
                if (!strings_have(there, wanted->at[i]))
                        return wanted->at[i];
        return NULL;
}

/* "a", "a and b", "a, b and 3 more" */
static const char *names_text(Arena *a, const char *const *names, uint32_t shown, uint32_t n) {
        const char *text = n > 0 ? names[0] : "";

        for (uint32_t i = 1; text && i < shown; i++)
                text = text_format(a, "%s%s%s", text, i + 1 == n ? " and " : ", ", names[i]);
        return text && n > shown ? text_format(a, "%s and %u more", text, n - shown) : text;
}

static const char *no_room(const Asked *k) {
        const char *text = NULL;

        for (uint32_t r = 0; r < k->t->p->n_res; r++) {
                const int64_t lack = refusal_lack(k->t, k->v, k->h, r);
                const char *amount = lack > 0 ? trial_amount(k->arena, k->t, k->h, r, lack) : NULL;

                if (amount)
                        text = text_format(k->arena, "%s%s%s", text ? text : "lacks ", text ? " and " : "",
                                           amount);
        }
        return text ? text : reason_texts[REASON_NO_ROOM];
}

/* ---- rules ---- */

static bool in_group(const Problem *p, uint32_t group, VmIx v) {
        for (uint32_t i = 0; i < p->groups[group].n_vms; i++)
                if (p->groups[group].vms[i] == v)
                        return true;
        return false;
}

static bool is_worse(const Trial *t, const GroupRule *rule, VmIx v, HostIx h) {
        HostIx *host_of = t->e->x->host_of, was = host_of[v];
        const int64_t before = rule_broken(t->p, rule, t->e->x);
        int64_t after;

        host_of[v] = h;
        after = rule_broken(t->p, rule, t->e->x);
        host_of[v] = was;
        return after > before;
}

Reason reason_of_rule(RuleKind kind) {
        switch (kind) {
        case RULE_APART:
        case RULE_AVOID:
                return REASON_RULE_APART;
        case RULE_TOGETHER:
                return REASON_RULE_TOGETHER;
        case RULE_SPREAD:
                return REASON_RULE_SPREAD;
        case RULE_NEAR:
                return REASON_RULE_NEAR;
        case RULE_SPAN:
                return REASON_RULE_SPAN;
        case RULE_ON:
        case RULE_NOT_ON:
        case RULE_KIND_N:
                break;
        }
        return REASON_RULE_HOSTS;
}

/* The first rule with that reason that v on h would break further. */
static const GroupRule *worse_rule(const Trial *t, VmIx v, HostIx h, Reason reason) {
        const Problem *p = t->p;

        for (uint32_t i = 0; i < p->n_rules; i++) {
                const GroupRule *rule = &p->rules[i];

                const bool two = rule_has_two_groups(rule->kind);

                if (rule->must && reason_of_rule(rule->kind) == reason &&
                    (in_group(p, rule->group, v) || (two && in_group(p, rule->group_b, v))) &&
                    is_worse(t, rule, v, h))
                        return rule;
        }
        return NULL;
}

/* The must rule on hosts that keeps v off h. */
static uint32_t host_rule(const Trial *t, VmIx v, HostIx h) {
        const Snapshot *s = t->s;

        assert(s->rules || s->n_rules == 0);
        for (uint32_t i = 0; i < s->n_rules; i++) {
                const Rule *rule = &s->rules[i];
                bool vm = false, host = false;

                if (!rule->must || !rule_is_about_hosts(rule))
                        continue;
                for (uint32_t n = 0; n < rule->n_vms; n++)
                        vm |= rule->vms[n] == v;
                for (uint32_t n = 0; n < rule->n_hosts; n++)
                        host |= rule->hosts[n] == h;
                if (vm && host == (rule->kind == RULE_NOT_ON))
                        return i;
        }
        return IX_NONE;
}

uint32_t refusal_rule(const Trial *t, VmIx v, HostIx h, Reason reason) {
        const GroupRule *rule;

        if (reason == REASON_RULE_HOSTS)
                return host_rule(t, v, h);
        rule = worse_rule(t, v, h, reason);
        return rule ? rule->source : IX_NONE;
}

static const char *place_name(const Host *host, Level level) {
        const char *name = level == LEVEL_RACK   ? host->rack
                           : level == LEVEL_ZONE ? host->zone
                           : level == LEVEL_HOST ? host->name
                                                 : host->neighborhood;

        return name ? name : "";
}

/* The others of the group: those in h's domain (inside), or those elsewhere. */
static const char *refusal_company(const Asked *k, const GroupRule *rule, uint32_t group_ix, bool inside) {
        const Problem *p = k->t->p;
        const Group *g = &p->groups[group_ix];
        const HostIx *host_of = k->t->e->x->host_of;
        const uint32_t domain = problem_domain(p, rule->level, k->h);
        const char *names[NAMES_SHOWN];
        uint32_t n = 0;

        for (uint32_t i = 0; i < g->n_vms; i++) {
                const VmIx w = g->vms[i];

                if (w == k->v || host_of[w] == IX_NONE ||
                    (problem_domain(p, rule->level, host_of[w]) == domain) != inside)
                        continue;
                if (n < NAMES_SHOWN)
                        names[n] = inside ? k->t->s->vms[w].name
                                          : text_format(k->arena, "%s (%s)", k->t->s->vms[w].name,
                                                        k->t->s->hosts[host_of[w]].name);
                if (n < NAMES_SHOWN && !names[n])
                        return NULL;
                n++;
        }
        return names_text(k->arena, names, n < NAMES_SHOWN ? n : NAMES_SHOWN, n);
}

static const char *group_rule_text(const Asked *k, const GroupRule *rule) {
        const Rule *written = &k->t->s->rules[rule->source];
        const Host *host = &k->t->s->hosts[k->h];
        const char *who, *level = level_names[rule->level];
        uint32_t other;

        switch (rule->kind) {
        case RULE_APART:
        case RULE_AVOID:
                other = rule->kind == RULE_AVOID && in_group(k->t->p, rule->group, k->v) ? rule->group_b
                                                                                         : rule->group;
                who = refusal_company(k, rule, other, true);
                if (!who || rule->level == LEVEL_HOST)
                        return who ? text_format(k->arena, "rule %s: %s runs there", written->name, who)
                                   : NULL;
                if (place_name(host, rule->level)[0] == '\0')
                        return text_format(k->arena, "rule %s: its %s and that of %s are not known",
                                           written->name, level, who);
                return text_format(k->arena, "rule %s: %s runs in its %s %s", written->name, who, level,
                                   place_name(host, rule->level));
        case RULE_TOGETHER:
                who = refusal_company(k, rule, rule->group, false);
                return who ? text_format(k->arena, "rule %s: it must share a %s with %s", written->name,
                                         level, who)
                           : NULL;
        case RULE_SPREAD:
                return text_format(k->arena, "rule %s: its group would be on fewer than %u %ss",
                                   written->name, rule->k, level);
        case RULE_NEAR:
                if (in_group(k->t->p, rule->group, k->v))
                        return text_format(k->arena, "rule %s: no VM that it must be near runs in this %s",
                                           written->name, level);
                return text_format(k->arena, "rule %s: VMs that must be near it would no longer be",
                                   written->name);
        case RULE_SPAN:
                return text_format(k->arena, "rule %s: its group would be %s more than %u %s%s",
                                   written->name, rule->level == LEVEL_HOST ? "on" : "in", rule->k, level,
                                   rule->k == 1 ? "" : "s");
        case RULE_ON:
        case RULE_NOT_ON:
        case RULE_KIND_N:
                break;
        }
        return written->name;
}

static const char *host_rule_text(const Asked *k) {
        const uint32_t i = host_rule(k->t, k->v, k->h);
        const Rule *rule = i != IX_NONE ? &k->t->s->rules[i] : NULL;
        const char *names[NAMES_SHOWN], *list;
        uint32_t n = 0;

        if (!rule)
                return reason_texts[REASON_RULE_HOSTS];
        if (rule->kind == RULE_NOT_ON)
                return text_format(k->arena, "rule %s: not on this host", rule->name);
        for (; n < rule->n_hosts && n < NAMES_SHOWN; n++)
                names[n] = k->t->s->hosts[rule->hosts[n]].name;
        list = names_text(k->arena, names, n, rule->n_hosts);
        return list ? text_format(k->arena, "rule %s: only on %s", rule->name, list) : NULL;
}

/* ---- the host and the VM by themselves ---- */

static const char *cpu_text(const Asked *k) {
        const Snapshot *s = k->t->s;
        const Vm *vm = &s->vms[k->v];
        const bool runs = vm->host != IX_NONE;
        const Host *host = &s->hosts[k->h], *home = &s->hosts[runs ? vm->host : k->h];

        if (runs && home->cpu_model && host->cpu_model && cpu_follows_host(vm->cpu_model))
                return text_format(k->arena, "its CPU is %s, the VM (%s) runs on %s", host->cpu_model,
                                   vm->cpu_model, home->cpu_model);
        if (vm->cpu_model && host->cpu_models.n > 0 && !strings_have(&host->cpu_models, vm->cpu_model))
                return text_format(k->arena, "it does not support the CPU model %s", vm->cpu_model);
        return reason_texts[REASON_CPU_MODEL];
}

/* What the VM has that is not there: a feature of its CPU, its machine type, emulator, pages. NULL: nothing that is known. */
static const char *machine_text(const Asked *k, Reason reason) {
        const Vm *vm = &k->t->s->vms[k->v];
        const Host *host = &k->t->s->hosts[k->h];

        switch (reason) {
        case REASON_CPU_FEATURE:
                return refusal_missing(&vm->cpu_features, &host->cpu_features, false);
        case REASON_MACHINE:
                return vm->machine;
        case REASON_EMULATOR:
                return vm->emulator;
        case REASON_HUGEPAGES:
                return vm->hugepages_kib > 0 && !host_hugepages(host, vm->hugepages_kib)
                               ? text_format(k->arena, "it has none of %lld MiB",
                                             (long long) vm->hugepages_kib / 1024)
                               : NULL;
        case REASON_ARCH:
                return vm->arch && host->arch
                               ? text_format(k->arena, "it is %s, the VM needs %s", host->arch, vm->arch)
                               : NULL;
        default:
                return NULL;
        }
}

static const char *with_detail(const Asked *k, Reason reason, const char *detail) {
        return detail ? text_format(k->arena, "%s: %s", reason_texts[reason], detail) : reason_texts[reason];
}

/* What was learned of v and h as they were tried last. */
static const char *missed_text(const Asked *k, Reason reason) {
        const Snapshot *s = k->t->s;

        for (uint32_t i = 0; i < s->holds.n; i++) {
                const MoveHold *hold = &s->holds.at[i];

                if (hold->to && strcmp(hold->to, s->hosts[k->h].name) == 0 &&
                    move_hold_holds(hold, s->taken_at) &&
                    (reason == REASON_TARGET_MISSED) == (hold->vm != NULL) &&
                    (!hold->vm || strcmp(hold->vm, s->vms[k->v].name) == 0))
                        return move_hold_text(k->arena, hold);
        }
        return reason_texts[reason];
}

/* A rule of the kind that names v: which VMs there stand against it is not known (fit.c forgets where they
 * are).
 */
static const Rule *some_rule(const Trial *t, VmIx v, Reason reason) {
        for (uint32_t i = 0; i < t->p->n_rules; i++)
                if (t->p->rules[i].must && reason_of_rule(t->p->rules[i].kind) == reason &&
                    in_group(t->p, t->p->rules[i].group, v))
                        return &t->s->rules[t->p->rules[i].source];
        return NULL;
}

const char *refusal_text(Arena *a, const Trial *t, VmIx v, HostIx h, Reason reason) {
        const Asked k = { .arena = a, .t = t, .v = v, .h = h };
        const Vm *vm = &t->s->vms[v];
        const Host *host = &t->s->hosts[h];
        const GroupRule *rule = worse_rule(t, v, h, reason);
        const char *word = NULL;

        if (rule)
                return group_rule_text(&k, rule);
        if (reason == REASON_RULE_SPAN && some_rule(t, v, reason))
                return text_format(a, "rule %s: its group is already in the maximum number of %ss (%lld)",
                                   some_rule(t, v, reason)->name, level_names[some_rule(t, v, reason)->level],
                                   (long long) some_rule(t, v, reason)->k);
        if (some_rule(t, v, reason))
                return text_format(a, "rule %s: %s", some_rule(t, v, reason)->name, reason_texts[reason]);
        if (reason == REASON_NO_ROOM || reason == REASON_NO_ROOM_DURING)
                return no_room(&k);
        if (reason == REASON_RULE_HOSTS)
                return host_rule_text(&k);
        if (reason == REASON_CPU_MODEL)
                return cpu_text(&k);
        if (reason == REASON_CPU_FEATURE || reason == REASON_MACHINE || reason == REASON_EMULATOR ||
            reason == REASON_ARCH || reason == REASON_HUGEPAGES)
                return with_detail(&k, reason, machine_text(&k, reason));
        if (reason == REASON_TARGET_MISSED || reason == REASON_HOST_MISSED)
                return missed_text(&k, reason);
        if (reason == REASON_NETWORK)
                word = refusal_missing(&vm->networks, &host->networks, host->networks_known);
        if (reason == REASON_STORAGE)
                word = refusal_missing(&vm->pools, &host->pools, host->pools_known);
        if (reason == REASON_IMAGE && vm->ties && host->platform)
                return with_detail(&k, reason,
                                   refusal_missing(&vm->ties->images, &host->platform->images,
                                                   host->platform->images_known));
        if (reason == REASON_PORTGROUP && vm->ties && host->platform)
                return with_detail(&k, reason,
                                   refusal_missing(&vm->ties->portgroups, &host->platform->portgroups,
                                                   host->platform->portgroups_known));
        if (reason == REASON_CPU_PINS && vm->ties && host->platform)
                return text_format(a, "the VM is pinned to the CPUs %s; it has %s", vm->ties->cpu_pins,
                                   host->platform->cpu_list);
        if (reason == REASON_NUMA_NODE && vm->ties)
                return with_detail(&k, reason, vm->ties->numa_nodes);
        if (reason == REASON_NUMA_ROOM)
                return refusal_numa_text(a, t, v, h);
        if (word)
                return text_format(a, "has no %s %s", reason == REASON_NETWORK ? "network" : "pool", word);
        if (reason == REASON_SOURCE_FENCED && vm->host != IX_NONE &&
            t->s->hosts[vm->host].excluded == EXCLUDED_SEEN)
                return text_format(a, "%s is excluded: %s", t->s->hosts[vm->host].name,
                                   t->s->hosts[vm->host].excluded_why ? t->s->hosts[vm->host].excluded_why
                                                                      : exclusion_texts[EXCLUDED_SEEN]);
        if ((reason == REASON_VM_IN_FLIGHT || reason == REASON_VM_DOUBLED) && vm->unmovable_why)
                return vm->unmovable_why;
        if (reason == REASON_HOST_FENCED || reason == REASON_HOST_SEEN)
                return with_detail(&k, reason,
                                   host->excluded_why ? host->excluded_why : exclusion_texts[host->excluded]);
        if (reason == REASON_HOST_FAULTY)
                return with_detail(&k, reason, host->fault_why);
        if (reason == REASON_HOST_UNSURE)
                return with_detail(&k, reason, host->no_entry_why);
        if (reason == reason_of_unmovable(vm))
                return with_detail(&k, reason, vm->unmovable_why);
        return reason_texts[reason];
}
