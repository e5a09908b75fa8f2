/* SPDX-License-Identifier: Apache-2.0 */
/* VMs that may run on the same hosts form a class: those with the same networks, pools, CPU and rules on
 * hosts. A real cluster has few, so that bit sets over hosts are kept per class, never per VM. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/base/compare.h"
#include "scheduler/base/text.h"
#include "scheduler/decide/cost/move_view.h"
#include "scheduler/decide/problem/intern.h"
#include "scheduler/decide/problem/problem_parts.h"

/* What decides a VM's class; each an interned number, IX_NONE: no restriction. */
typedef struct ClassKey {
        uint32_t networks, pools, arch, model, rules;
        uint32_t machine, emulator, cpu, features; /* sets, the first three of one word */
        uint32_t images, portgroups;               /* sets */
        uint32_t pins, nodes, bound;               /* words: lists of numbers, and cells */
        uint32_t missed;                           /* list: hosts it is not tried to move to now */
        uint32_t breach;                           /* 1 + its host, where a rule forbids it that; 0 */
        int64_t huge_kib;                          /* 0: none */
} ClassKey;

/* The same of a host. */
typedef struct HostKey {
        uint32_t networks, pools, arch, model;
        uint32_t machines, emulators, cpus, features;
        uint32_t images, portgroups;
} HostKey;

/* A VM is not moved there now: that failed lately. */
typedef struct MissedTarget {
        VmIx vm;
        HostIx host;
} MissedTarget;

typedef struct Classes {
        Arena *arena;
        const Snapshot *s;
        const Problem *p;
        NumaSets sets_of_nodes;
        Intern words, sets, lists, keys; /* sets: sorted word numbers; lists: rule numbers */
        HostKey *hosts;
        const bool *waives;            /* [vm] rules that are waived for it do not count; NULL: for none */
        uint32_t *rules_start, *rules; /* [vm + 1]: the must rules on hosts of each VM */
        MissedTarget *missed;          /* by VM, then host */
        uint32_t n_missed, next_missed;
        Reason *denied;  /* [host] of the class at work */
        bool *passes;    /* [host] only rules deny it, and those deny the host its VMs are on, too */
        bool *forbidden; /* [host] scratch */
        bool *set_fits;  /* [set] scratch */
} Classes;

static int intern_word(Classes *c, const char *word, uint32_t *ret) {
        *ret = IX_NONE;
        return word ? intern_bytes(&c->words, word, strlen(word), ret) : 0;
}

/* known: an empty set is one, and not that nothing is known. */
static int intern_set(Classes *c, const Strings *strings, bool known, uint32_t *ret) {
        uint32_t few[64], *at = few, n = 0;

        *ret = IX_NONE;
        if (strings->n == 0 && !known)
                return 0;
        if (strings->n > ARRAY_SIZE(few))
                at = arena_new(c->arena, uint32_t, strings->n);
        if (!at)
                return -ENOMEM;
        for (uint32_t i = 0; i < strings->n; i++)
                if (intern_word(c, strings->at[i], &at[i]) < 0)
                        return -ENOMEM;
        qsort(at, strings->n, sizeof(*at), compare_uint32);
        for (uint32_t i = 0; i < strings->n; i++)
                if (n == 0 || at[i] != at[n - 1])
                        at[n++] = at[i];
        return intern_bytes(&c->sets, at, n * sizeof(*at), ret);
}

/* Whether all of set a is in set b; both sorted. */
static bool set_within(const Intern *sets, uint32_t left, uint32_t right) {
        const uint32_t *x = sets->entries[left].bytes, *y = sets->entries[right].bytes;
        size_t n = sets->entries[left].n / sizeof(*x), m = sets->entries[right].n / sizeof(*y), j = 0;

        for (size_t i = 0; i < n; i++) {
                while (j < m && y[j] < x[i])
                        j++;
                if (j == m || y[j] != x[i])
                        return false;
        }
        return true;
}

static bool rule_on_hosts(const Rule *rule) {
        return rule->must && rule_is_about_hosts(rule);
}

static bool rule_binds(const Classes *c, const Rule *rule, VmIx v) {
        return !(rule->evacuate && c->waives && c->waives[v]);
}

static int index_rules(Classes *c) {
        const Snapshot *s = c->s;
        uint32_t *fill;

        c->rules_start = arena_new(c->arena, uint32_t, (size_t) s->n_vms + 2);
        if (!c->rules_start)
                return -ENOMEM;
        fill = c->rules_start + 1; /* shifted by one: filling moves each start to its place */
        for (uint32_t i = 0; i < s->n_rules; i++)
                for (uint32_t k = 0; k < s->rules[i].n_vms && rule_on_hosts(&s->rules[i]); k++)
                        fill[s->rules[i].vms[k] + 1] += rule_binds(c, &s->rules[i], s->rules[i].vms[k]);
        for (VmIx v = 0; v < s->n_vms; v++)
                fill[v + 1] += fill[v];
        c->rules = arena_new(c->arena, uint32_t, fill[s->n_vms]);
        if (!c->rules)
                return -ENOMEM;
        for (uint32_t i = 0; i < s->n_rules; i++)
                for (uint32_t k = 0; k < s->rules[i].n_vms && rule_on_hosts(&s->rules[i]); k++)
                        if (rule_binds(c, &s->rules[i], s->rules[i].vms[k]))
                                c->rules[fill[s->rules[i].vms[k]]++] = i;
        return 0;
}

static int missed_compare(const void *left, const void *right) {
        const MissedTarget *x = left, *y = right;

        if (x->vm != y->vm)
                return x->vm < y->vm ? -1 : 1;
        return (x->host > y->host) - (x->host < y->host);
}

static int index_missed(Classes *c) {
        const Snapshot *s = c->s;

        c->missed = arena_new(c->arena, MissedTarget, s->holds.n);
        if (!c->missed)
                return -ENOMEM;
        for (uint32_t i = 0; i < s->holds.n; i++) {
                const MoveHold *hold = &s->holds.at[i];
                const VmIx v = hold->vm && hold->to ? snapshot_vm(s, hold->vm) : IX_NONE;
                const HostIx h = v != IX_NONE ? snapshot_host(s, hold->to) : IX_NONE;
                const char *uuid = v != IX_NONE ? s->vms[v].uuid : NULL;

                if (h == IX_NONE || !move_hold_holds(hold, s->taken_at) ||
                    (hold->uuid && uuid && strcmp(hold->uuid, uuid) != 0))
                        continue;
                c->missed[c->n_missed++] = (MissedTarget){ v, h };
        }
        if (c->n_missed > 0)
                qsort(c->missed, c->n_missed, sizeof(*c->missed), missed_compare);
        return 0;
}

/* VMs are asked for in their order. */
static int missed_key(Classes *c, VmIx v, uint32_t *ret) {
        const uint32_t first = c->next_missed;
        uint32_t *hosts, n;

        *ret = IX_NONE;
        while (c->next_missed < c->n_missed && c->missed[c->next_missed].vm == v)
                c->next_missed++;
        n = c->next_missed - first;
        if (n == 0)
                return 0;
        hosts = arena_new(c->arena, uint32_t, n);
        if (!hosts)
                return -ENOMEM;
        for (uint32_t i = 0; i < n; i++)
                hosts[i] = c->missed[first + i].host;
        return intern_bytes(&c->lists, hosts, n * sizeof(*hosts), ret);
}

static void deny_missed(Classes *c, uint32_t list) {
        const uint32_t n = list != IX_NONE ? (uint32_t) (c->lists.entries[list].n / sizeof(uint32_t)) : 0;

        for (uint32_t i = 0; i < n; i++)
                c->denied[((const uint32_t *) c->lists.entries[list].bytes)[i]] = REASON_TARGET_MISSED;
}

static int host_key(Classes *c, const Host *host, HostKey *ret) {
        int r = intern_set(c, &host->networks, host->networks_known, &ret->networks);

        if (r == 0)
                r = intern_set(c, &host->pools, host->pools_known, &ret->pools);
        if (r == 0)
                r = intern_set(c, &host->machines, false, &ret->machines);
        if (r == 0)
                r = intern_set(c, &host->emulators, false, &ret->emulators);
        if (r == 0)
                r = intern_set(c, &host->cpu_models, false, &ret->cpus);
        if (r == 0)
                r = intern_set(c, &host->cpu_features, false, &ret->features);
        if (r == 0)
                r = intern_word(c, host->arch, &ret->arch);
        if (r == 0)
                r = intern_word(c, host->cpu_model, &ret->model);
        ret->images = ret->portgroups = IX_NONE;
        if (r == 0 && host->platform)
                r = intern_set(c, &host->platform->images, host->platform->images_known, &ret->images);
        if (r == 0 && host->platform)
                r = intern_set(c, &host->platform->portgroups, host->platform->portgroups_known,
                               &ret->portgroups);
        return r;
}

static int intern_one(Classes *c, const char *word, uint32_t *ret) {
        return intern_set(c, &(Strings){ &word, word != NULL }, false, ret);
}

/* What its QEMU needs to be there. A CPU that follows the host's has no model of its own: class_key(). */
static int machine_key(Classes *c, const Vm *vm, ClassKey *ret) {
        const bool follows = cpu_follows_host(vm->cpu_model);
        int r = intern_one(c, vm->machine, &ret->machine);

        if (r == 0)
                r = intern_one(c, vm->emulator, &ret->emulator);
        if (r == 0)
                r = intern_one(c, follows ? NULL : vm->cpu_model, &ret->cpu);
        if (r == 0)
                r = intern_set(c, &vm->cpu_features, false, &ret->features);
        ret->huge_kib = vm->hugepages_kib;
        return r;
}

static int ties_key(Classes *c, const VmTies *t, ClassKey *ret) {
        static const VmTies none = { 0 };
        int r;

        t = t ? t : &none;
        r = intern_set(c, &t->images, false, &ret->images);
        if (r == 0)
                r = intern_set(c, &t->portgroups, false, &ret->portgroups);
        if (r == 0)
                r = intern_word(c, t->cpu_pins, &ret->pins);
        if (r == 0)
                r = intern_word(c, t->numa_bound, &ret->bound);
        return r < 0 ? r : intern_word(c, t->numa_nodes, &ret->nodes);
}

void problem_rule_denied(const Rule *rule, uint32_t n_hosts, bool *denied) {
        memset(denied, rule->kind == RULE_ON, n_hosts);
        for (uint32_t k = 0; k < rule->n_hosts; k++)
                denied[rule->hosts[k]] = rule->kind == RULE_NOT_ON;
}

/* A rule forbids it the host it is on. */
static bool classes_breach(const Classes *c, VmIx v) {
        for (uint32_t i = c->rules_start[v]; i < c->rules_start[v + 1]; i++)
                if (rule_denies(&c->s->rules[c->rules[i]], c->s->vms[v].host))
                        return true;
        return false;
}

static int class_key(Classes *c, VmIx v, ClassKey *ret) {
        const Vm *vm = &c->s->vms[v];
        uint32_t n_rules = c->rules_start[v + 1] - c->rules_start[v];
        int r = intern_set(c, &vm->networks, false, &ret->networks);

        if (r == 0)
                r = intern_set(c, &vm->pools, false, &ret->pools);
        if (r == 0)
                r = intern_word(c, vm->arch, &ret->arch);
        if (r == 0)
                r = machine_key(c, vm, ret);
        if (r == 0)
                r = ties_key(c, vm->ties, ret);
        if (r == 0)
                r = missed_key(c, v, &ret->missed);
        ret->model = cpu_follows_host(vm->cpu_model) ? c->hosts[vm->host].model : IX_NONE;
        ret->rules = IX_NONE;
        if (r == 0 && n_rules > 0)
                r = intern_bytes(&c->lists, c->rules + c->rules_start[v], n_rules * sizeof(uint32_t),
                                 &ret->rules);
        ret->breach = vm->host != IX_NONE && classes_breach(c, v) ? vm->host + 1 : 0;
        return r;
}

/* Whether hosts' sets hold all of `set`, worked out once per set of hosts. */
static void deny_sets(Classes *c, uint32_t set, size_t member, Reason reason) {
        if (set == IX_NONE)
                return;
        for (uint32_t i = 0; i < c->sets.n; i++)
                c->set_fits[i] = set_within(&c->sets, set, i);
        for (HostIx h = 0; h < c->s->n_hosts; h++) {
                uint32_t host_set = *(const uint32_t *) ((const unsigned char *) &c->hosts[h] + member);

                if (host_set != IX_NONE && !c->set_fits[host_set])
                        c->denied[h] = reason;
        }
}

/* What of the hosts that rules deny is no further breach for VMs on `home` stays marked in `passable`. */
static void deny_rules(Classes *c, uint32_t list, HostIx home, bool *passable) {
        const size_t n = list == IX_NONE ? 0 : c->lists.entries[list].n / sizeof(uint32_t);

        for (size_t i = 0; i < n; i++) {
                const Rule *rule = &c->s->rules[((const uint32_t *) c->lists.entries[list].bytes)[i]];
                const bool broken = home != IX_NONE && rule_denies(rule, home);

                problem_rule_denied(rule, c->s->n_hosts, c->forbidden);
                for (HostIx h = 0; h < c->s->n_hosts; h++)
                        if (c->forbidden[h]) {
                                c->denied[h] = REASON_RULE_HOSTS;
                                passable[h] = passable[h] && broken;
                        }
        }
}

/* Lists of numbers: what the class is pinned to, against what each host has. */
static int deny_numbers(Classes *c, const ClassKey *key) {
        const ArenaMark mark = arena_mark(c->arena);
        const char *pins = NULL, *nodes = NULL;

        if (key->pins != IX_NONE)
                pins = text_copy(c->arena, c->words.entries[key->pins].bytes, c->words.entries[key->pins].n);
        if (key->nodes != IX_NONE)
                nodes = text_copy(c->arena, c->words.entries[key->nodes].bytes,
                                  c->words.entries[key->nodes].n);
        if ((key->pins != IX_NONE && !pins) || (key->nodes != IX_NONE && !nodes))
                return -ENOMEM;
        for (HostIx h = 0; h < c->s->n_hosts && (pins || nodes); h++) {
                const Host *host = &c->s->hosts[h];

                if (host->platform && !number_list_within(pins, host->platform->cpu_list))
                        c->denied[h] = REASON_CPU_PINS;
                else if (!host_has_numa_nodes(host, nodes))
                        c->denied[h] = REASON_NUMA_NODE;
        }
        arena_rewind(c->arena, mark);
        return 0;
}

static int deny_cells(Classes *c, const ClassKey *key) {
        const ArenaMark mark = arena_mark(c->arena);
        const char *bound;

        if (key->bound == IX_NONE)
                return 0;
        bound = text_copy(c->arena, c->words.entries[key->bound].bytes, c->words.entries[key->bound].n);
        if (!bound)
                return -ENOMEM;
        problem_numa_deny(c->p, &c->sets_of_nodes, &(BoundWords){ bound, key->huge_kib }, c->denied);
        arena_rewind(c->arena, mark);
        return 0;
}

/* Fills c->denied for the class; the last to speak is the firmest: a rule a person wrote. c->passes: which of those that
 * only rules deny break none further. */
static int class_deny(Classes *c, const ClassKey *key) {
        int r;

        memset(c->denied, 0, sizeof(Reason) * c->s->n_hosts);
        deny_missed(c, key->missed);
        r = deny_numbers(c, key);
        if (r == 0)
                r = deny_cells(c, key);
        if (r < 0)
                return r;
        deny_sets(c, key->networks, offsetof(HostKey, networks), REASON_NETWORK);
        deny_sets(c, key->pools, offsetof(HostKey, pools), REASON_STORAGE);
        deny_sets(c, key->machine, offsetof(HostKey, machines), REASON_MACHINE);
        deny_sets(c, key->emulator, offsetof(HostKey, emulators), REASON_EMULATOR);
        deny_sets(c, key->images, offsetof(HostKey, images), REASON_IMAGE);
        deny_sets(c, key->portgroups, offsetof(HostKey, portgroups), REASON_PORTGROUP);
        deny_sets(c, key->features, offsetof(HostKey, features), REASON_CPU_FEATURE);
        deny_sets(c, key->cpu, offsetof(HostKey, cpus), REASON_CPU_MODEL);
        for (HostIx h = 0; h < c->s->n_hosts; h++) {
                const HostKey *host = &c->hosts[h];

                if (key->huge_kib > 0 && !host_hugepages(&c->s->hosts[h], key->huge_kib))
                        c->denied[h] = REASON_HUGEPAGES;
                if (key->model != IX_NONE && host->model != IX_NONE && key->model != host->model)
                        c->denied[h] = REASON_CPU_MODEL;
                if (key->arch != IX_NONE && host->arch != IX_NONE && key->arch != host->arch)
                        c->denied[h] = REASON_ARCH;
        }
        for (HostIx h = 0; h < c->s->n_hosts; h++)
                c->passes[h] = key->breach > 0 && c->denied[h] == REASON_NONE;
        deny_rules(c, key->rules, key->breach > 0 ? key->breach - 1 : IX_NONE, c->passes);
        for (HostIx h = 0; h < c->s->n_hosts; h++)
                c->passes[h] = c->passes[h] && c->denied[h] == REASON_RULE_HOSTS;
        return 0;
}

/* The class's bit set and reasons; both stay NULL when every host will do. */
static int class_build(Classes *c, const ClassKey *key, const uint64_t **ret_allowed,
                       const Reason **ret_denied, const uint64_t **ret_passable) {
        uint32_t n_hosts = c->s->n_hosts;
        bool any = false, passes = false;
        uint64_t *allowed, *passable;
        Reason *denied;
        int r = class_deny(c, key);

        if (r < 0)
                return r;
        for (HostIx h = 0; h < n_hosts; h++)
                any |= c->denied[h] != REASON_NONE;
        if (!any)
                return 0;
        allowed = arena_new(c->arena, uint64_t, (size_t) n_hosts / 64 + 1);
        denied = arena_new(c->arena, Reason, n_hosts);
        if (!allowed || !denied)
                return -ENOMEM;
        memcpy(denied, c->denied, sizeof(Reason) * n_hosts);
        for (HostIx h = 0; h < n_hosts; h++)
                if (denied[h] == REASON_NONE)
                        allowed[h / 64] |= UINT64_C(1) << (h % 64);
        *ret_allowed = allowed;
        *ret_denied = denied;
        for (HostIx h = 0; h < n_hosts; h++)
                passes |= c->passes[h];
        if (!passes)
                return 0;
        passable = arena_new(c->arena, uint64_t, (size_t) n_hosts / 64 + 1);
        if (!passable)
                return -ENOMEM;
        for (HostIx h = 0; h < n_hosts; h++)
                if (c->passes[h])
                        passable[h / 64] |= UINT64_C(1) << (h % 64);
        *ret_passable = passable;
        return 0;
}

static int classes_begin(Classes *c) {
        int r = intern_new(c->arena, &c->words);

        if (r == 0)
                r = intern_new(c->arena, &c->sets);
        if (r == 0)
                r = intern_new(c->arena, &c->lists);
        if (r == 0)
                r = intern_new(c->arena, &c->keys);
        c->hosts = arena_new(c->arena, HostKey, c->s->n_hosts);
        c->denied = arena_new(c->arena, Reason, c->s->n_hosts);
        c->passes = arena_new(c->arena, bool, c->s->n_hosts);
        c->forbidden = arena_new(c->arena, bool, c->s->n_hosts);
        if (r < 0 || !c->hosts || !c->denied || !c->passes || !c->forbidden)
                return -ENOMEM;
        for (HostIx h = 0; h < c->s->n_hosts && r == 0; h++)
                r = host_key(c, &c->s->hosts[h], &c->hosts[h]);
        if (r == 0)
                r = index_missed(c);
        return r == 0 ? index_rules(c) : r;
}

int problem_build_classes(Arena *a, const Snapshot *s, Problem *p) {
        Classes c = {
                .arena = a, .s = s, .p = p, .sets_of_nodes = snapshot_numa_sets(s), .waives = p->waives
        };
        uint32_t *class_of = arena_new(a, uint32_t, s->n_vms);
        const uint64_t **allowed, **passable;
        const Reason **denied;
        bool passes = false;
        int r = class_of ? classes_begin(&c) : -ENOMEM;

        for (VmIx v = 0; v < s->n_vms && r == 0; v++) {
                ClassKey key = { 0 }; /* its bytes are compared: all of them */

                r = class_key(&c, v, &key);
                if (r == 0)
                        r = intern_bytes(&c.keys, &key, sizeof(key), &class_of[v]);
        }
        if (r < 0)
                return r;
        allowed = arena_new(a, const uint64_t *, c.keys.n);
        denied = arena_new(a, const Reason *, c.keys.n);
        c.set_fits = arena_new(a, bool, c.sets.n);
        passable = arena_new(a, const uint64_t *, c.keys.n);
        if (!allowed || !denied || !passable || !c.set_fits)
                return -ENOMEM;
        for (uint32_t i = 0; i < c.keys.n; i++) {
                r = class_build(&c, c.keys.entries[i].bytes, &allowed[i], &denied[i], &passable[i]);
                if (r < 0)
                        return r;
                passes |= passable[i] != NULL;
        }
        p->class_of = class_of;
        p->allowed = allowed;
        p->denied = denied;
        p->passable = passes ? passable : NULL;
        p->n_classes = c.keys.n;
        return 0;
}
