/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/decide/cost/rule_counts.h"

#include <errno.h>
#include <string.h>

/* Fibonacci hashing: spreads neighbouring domains, no division. */
static uint32_t rule_counts_slot_of(const Counter *c, uint32_t domain) {
        return (uint32_t) ((domain * UINT64_C(0x9e3779b97f4a7c15)) >> 32) & c->mask;
}

static uint32_t *rule_counts_find(const Counter *c, uint32_t domain) {
        uint32_t i = rule_counts_slot_of(c, domain);

        while (c->keys[i] != 0 && c->keys[i] != domain + 1)
                i = (i + 1) & c->mask;
        return &c->count[i];
}

static uint32_t count_at(const Counter *c, uint32_t domain) {
        return c->keys ? *rule_counts_find(c, domain) : c->count[domain];
}

/* IX_NONE: a VM there is not counted. */
static uint32_t rule_counts_domain_of(const Counter *c, HostIx h) {
        if (c->skips && c->skips[h].evacuate > 0)
                return IX_NONE;
        return c->domain ? c->domain[h] : h;
}

/* IX_NONE: a place that does not count. */
static void count_up(Counter *c, uint32_t domain) {
        uint32_t *count;

        if (domain == IX_NONE)
                return;
        count = c->keys ? rule_counts_find(c, domain) : &c->count[domain];
        if (c->keys)
                c->keys[count - c->count] = domain + 1;
        if ((*count)++ == 0)
                c->occupied++;
}

/* A free slot may not hide what was put behind it: entries are moved up (linear probing without tombstones).
 */
static void slot_free(Counter *c, uint32_t hole) {
        for (uint32_t i = (hole + 1) & c->mask; c->keys[i] != 0; i = (i + 1) & c->mask) {
                const uint32_t want = rule_counts_slot_of(c, c->keys[i] - 1);

                if (((i - want) & c->mask) >= ((i - hole) & c->mask)) {
                        c->keys[hole] = c->keys[i];
                        c->count[hole] = c->count[i];
                        hole = i;
                }
        }
        c->keys[hole] = 0;
        c->count[hole] = 0;
}

static void count_down(Counter *c, uint32_t domain) {
        uint32_t *count;

        if (domain == IX_NONE)
                return;
        count = c->keys ? rule_counts_find(c, domain) : &c->count[domain];
        assert(*count > 0);
        if (--*count > 0)
                return;
        c->occupied--;
        if (c->keys)
                slot_free(c, (uint32_t) (count - c->count));
}

static int64_t rule_counts_beyond(int64_t k, int64_t occupied) {
        return occupied > k ? occupied - k : 0;
}

/* Whether the domain is not in use yet, or not any more without one of its VMs. */
static bool rule_counts_is_new(const Counter *c, uint32_t domain) {
        return domain != IX_NONE && count_at(c, domain) == 0;
}

static bool rule_counts_is_last(const Counter *c, uint32_t domain) {
        return domain != IX_NONE && count_at(c, domain) == 1;
}

static int64_t rule_counts_short_of(int64_t k, int64_t occupied) {
        return occupied < k ? k - occupied : 0;
}

/* A group of which no VM runs yet is as short as with its first one. */
static int64_t spread_short(int64_t k, int64_t occupied) {
        return rule_counts_short_of(k, occupied > 0 ? occupied : 1);
}

static bool counts_vm(const RuleCounts *k, VmIx v, uint32_t counter) {
        for (uint32_t i = k->start[v]; i < k->start[v + 1]; i++)
                if (k->of[i] == counter)
                        return true;
        return false;
}

/* VMs of group a that lose or gain a VM of group b near them when v goes from domain d1 to d2. */
static int64_t near_change(const RuleCounts *k, VmIx v, uint32_t c, const RuleUse *u, uint32_t d1,
                           uint32_t d2) {
        const bool both = counts_vm(k, v, u->other);
        const Counter *a = &k->counters[u->as_b ? u->other : c], *b = &k->counters[u->as_b ? c : u->other];
        const uint32_t b1 = count_at(b, d1), b2 = count_at(b, d2);

        if (u->as_b && both)
                return 0; /* counted where v is of group a */
        if (u->as_b)
                return (b1 == 1 ? (int64_t) count_at(a, d1) : 0) - (b2 == 0 ? (int64_t) count_at(a, d2) : 0);
        if (!both)
                return (int64_t) (b2 == 0) - (int64_t) (b1 == 0);
        return (b1 == 1 ? (int64_t) count_at(a, d1) - 1 : 0) - (b2 == 0 ? (int64_t) count_at(a, d2) : 0);
}

Reason rule_counts_try(const RuleCounts *k, VmIx v, HostIx from, HostIx to, Costs *d) {
        Reason why = REASON_NONE;

        for (uint32_t i = k->start[v]; i < k->start[v + 1]; i++) {
                const Counter *c = &k->counters[k->of[i]];
                const uint32_t d1 = rule_counts_domain_of(c, from), d2 = rule_counts_domain_of(c, to);
                int64_t more; /* domains in use */

                if (d1 == d2)
                        continue;
                more = (int64_t) rule_counts_is_new(c, d2) - (int64_t) rule_counts_is_last(c, d1);
                for (uint32_t n = 0; n < c->n_uses; n++) {
                        const RuleUse *u = &c->uses[n];
                        int64_t worse = 0;

                        if (u->kind == RULE_APART)
                                worse = -more;
                        else if (u->kind == RULE_TOGETHER)
                                worse = more;
                        else if (u->kind == RULE_SPREAD)
                                worse = rule_counts_short_of(u->k, c->occupied + more) -
                                        rule_counts_short_of(u->k, c->occupied);
                        else if (u->kind == RULE_SPAN)
                                worse = rule_counts_beyond(u->k, c->occupied + more) -
                                        rule_counts_beyond(u->k, c->occupied);
                        else if (rule_has_two_groups(u->kind))
                                worse = near_change(k, v, k->of[i], u, d1, d2) *
                                        (u->kind == RULE_NEAR ? 1 : -1);
                        if (u->kind == RULE_SPAN && u->must && rule_counts_is_new(c, d2) &&
                            c->occupied >= u->k && why == REASON_NONE &&
                            !(u->waived && k->waives[v])) /* it is on both hosts while it moves */
                                why = u->reason;
                        if (worse > 0 && u->must && why == REASON_NONE && !(u->waived && k->waives[v]))
                                why = u->reason;
                        d->tier[u->tier] += worse * u->weight;
                }
        }
        return why;
}

bool rule_counts_needs_repair(const RuleCounts *k, VmIx v, HostIx h) {
        for (uint32_t i = k->start[v]; i < k->start[v + 1]; i++) {
                const Counter *c = &k->counters[k->of[i]];

                for (uint32_t n = 0; n < c->n_uses; n++) {
                        const RuleUse *u = &c->uses[n];

                        if (u->must &&
                            ((u->kind == RULE_APART && count_at(c, rule_counts_domain_of(c, h)) > 1) ||
                             (u->kind == RULE_TOGETHER && c->occupied > 1) ||
                             (u->kind == RULE_SPREAD && c->occupied < u->k) ||
                             (u->kind == RULE_SPAN && c->occupied > u->k) ||
                             (u->kind == RULE_AVOID && !u->as_b &&
                              count_at(&k->counters[u->other], rule_counts_domain_of(c, h)) > 0) ||
                             (u->kind == RULE_NEAR && !u->as_b &&
                              count_at(&k->counters[u->other], rule_counts_domain_of(c, h)) == 0)))
                                return true;
                }
        }
        return false;
}

void rule_counts_move(RuleCounts *k, VmIx v, HostIx from, HostIx to) {
        for (uint32_t i = k->start[v]; i < k->start[v + 1]; i++) {
                Counter *c = &k->counters[k->of[i]];
                const uint32_t d1 = rule_counts_domain_of(c, from), d2 = rule_counts_domain_of(c, to);

                if (d1 == d2)
                        continue;
                count_down(c, d1);
                count_up(c, d2);
        }
}

/* VMs of group a that gain a VM of group b near them when v comes to domain d, or v itself if it has none. */
static int64_t near_enter(const RuleCounts *k, VmIx v, uint32_t c, const RuleUse *u, uint32_t d) {
        const bool both = counts_vm(k, v, u->other);
        const Counter *a = &k->counters[u->as_b ? u->other : c], *b = &k->counters[u->as_b ? c : u->other];
        const bool none = count_at(b, d) == 0;

        if (u->as_b && both)
                return 0; /* counted where v is of group a */
        if (u->as_b || both)
                return none ? -(int64_t) count_at(a, d) : 0;
        return none;
}

Reason rule_counts_try_enter(const RuleCounts *k, VmIx v, HostIx to, Costs *d) {
        for (uint32_t i = k->start[v]; i < k->start[v + 1]; i++) {
                const Counter *c = &k->counters[k->of[i]];
                const uint32_t domain = rule_counts_domain_of(c, to);
                const int64_t more = rule_counts_is_new(c, domain); /* domains in use */

                for (uint32_t n = 0; n < c->n_uses; n++) {
                        const RuleUse *u = &c->uses[n];
                        int64_t worse = 0;

                        if (u->kind == RULE_APART)
                                worse = 1 - more;
                        else if (u->kind == RULE_TOGETHER)
                                worse = c->occupied > 0 ? more : 0;
                        else if (u->kind == RULE_SPREAD)
                                worse = spread_short(u->k, c->occupied + more) -
                                        spread_short(u->k, c->occupied);
                        else if (u->kind == RULE_SPAN)
                                worse = rule_counts_beyond(u->k, c->occupied + more) -
                                        rule_counts_beyond(u->k, c->occupied);
                        else if (u->kind == RULE_NEAR)
                                worse = near_enter(k, v, k->of[i], u, domain);
                        else if (u->kind == RULE_AVOID) /* those that are not alone */
                                worse = !u->as_b - near_enter(k, v, k->of[i], u, domain);
                        if (worse > 0 && u->must && !(u->waived && k->waives[v]))
                                return u->reason;
                        d->tier[u->tier] += worse * u->weight;
                }
        }
        return REASON_NONE;
}

void rule_counts_enter(RuleCounts *k, VmIx v, HostIx to) {
        for (uint32_t i = k->start[v]; i < k->start[v + 1]; i++)
                count_up(&k->counters[k->of[i]], rule_counts_domain_of(&k->counters[k->of[i]], to));
}

void rule_counts_leave(RuleCounts *k, VmIx v, HostIx from) {
        for (uint32_t i = k->start[v]; i < k->start[v + 1]; i++)
                count_down(&k->counters[k->of[i]], rule_counts_domain_of(&k->counters[k->of[i]], from));
}

/* The counter of (group, level), made if there is none yet; RULE_SPAN has its own. */
static uint32_t counter_of(RuleCounts *k, uint32_t *first, const Problem *p, uint32_t group,
                           const GroupRule *rule) {
        const bool skips = rule->kind == RULE_SPAN;
        const Level level = rule->level;
        uint32_t *slot = &first[((size_t) group * 2 + skips) * LEVEL_N + level];

        if (*slot == 0) {
                k->counters[k->n_counters] = (Counter){ .domain = p->domain[level],
                                                        .skips = skips ? p->roles : NULL,
                                                        .n_vms = p->groups[group].n_vms,
                                                        .group = group,
                                                        .level = level };
                *slot = ++k->n_counters;
        }
        return *slot - 1;
}

/* A rule that no move can break needs no counting: a group of one is apart and together. */
static bool is_idle(const Problem *p, const GroupRule *rule) {
        const uint32_t n = p->groups[rule->group].n_vms;

        return n == 0 || (rule->kind == RULE_SPREAD && rule->k <= 1) ||
               (n == 1 && (rule->kind == RULE_APART || rule->kind == RULE_TOGETHER)) ||
               (n == 1 && rule->kind == RULE_SPREAD);
}

static int counter_table(Arena *a, const Problem *p, Counter *c) {
        const uint32_t domains = c->domain ? p->n_domains[c->level] : p->n_hosts;
        uint32_t slots = 4;

        if (domains <= 64 || domains / 8 <= c->n_vms) {
                c->count = arena_new(a, uint32_t, domains);
                return c->count ? 0 : -ENOMEM;
        }
        while (slots < 2 * c->n_vms)
                slots *= 2;
        c->mask = slots - 1;
        c->count = arena_new(a, uint32_t, slots);
        c->keys = arena_new(a, uint32_t, slots);
        return c->count && c->keys ? 0 : -ENOMEM;
}

/* The uses of each counter, side by side. `a_of` and `b_of`: counters of rule i, IX_NONE where idle. */
static int uses_build(Arena *a, RuleCounts *k, const Terms *t, const uint32_t *a_of, const uint32_t *b_of) {
        RuleUse *uses = arena_new(a, RuleUse, 2 * (size_t) t->n_rules);
        RuleUse **next = arena_new(a, RuleUse *, k->n_counters);

        if (!uses || !next)
                return -ENOMEM;
        for (uint32_t i = 0; i < t->n_rules; i++) {
                if (a_of[i] != IX_NONE)
                        k->counters[a_of[i]].n_uses++;
                if (b_of[i] != IX_NONE)
                        k->counters[b_of[i]].n_uses++;
        }
        for (uint32_t c = 0; c < k->n_counters; c++) {
                k->counters[c].uses = next[c] = uses;
                uses += k->counters[c].n_uses;
        }
        for (uint32_t i = 0; i < t->n_rules; i++) {
                const RuleCost *r = &t->rules[i];
                RuleUse use = { .kind = r->rule->kind,
                                .must = r->rule->must,
                                .waived = r->rule->waived && k->waives,
                                .tier = r->tier,
                                .reason = r->reason,
                                .other = b_of[i],
                                .k = r->rule->k,
                                .weight = r->weight };

                if (a_of[i] == IX_NONE)
                        continue;
                *next[a_of[i]]++ = use;
                if (b_of[i] == IX_NONE)
                        continue;
                use.as_b = true;
                use.other = a_of[i];
                *next[b_of[i]]++ = use;
        }
        return 0;
}

/* VM → its counters, from the groups' members. */
static int index_build(Arena *a, RuleCounts *k, const Problem *p) {
        uint32_t *start = arena_new(a, uint32_t, (size_t) p->n_vms + 2), *of;
        size_t n = 0;

        if (!start)
                return -ENOMEM;
        for (uint32_t c = 0; c < k->n_counters; c++) {
                const Group *g = &p->groups[k->counters[c].group];

                n += g->n_vms;
                for (uint32_t i = 0; i < g->n_vms; i++)
                        start[g->vms[i] + 2]++;
        }
        of = arena_new(a, uint32_t, n);
        if (!of)
                return -ENOMEM;
        for (VmIx v = 0; v < p->n_vms; v++)
                start[v + 2] += start[v + 1];
        for (uint32_t c = 0; c < k->n_counters; c++) {
                const Group *g = &p->groups[k->counters[c].group];

                for (uint32_t i = 0; i < g->n_vms; i++)
                        of[start[g->vms[i] + 1]++] = c;
        }
        k->start = start;
        k->of = of;
        return 0;
}

static void count_all(RuleCounts *k, const Terms *t, const HostIx *host_of) {
        for (uint32_t i = 0; i < k->n_counters; i++) {
                Counter *c = &k->counters[i];
                const Group *g = &t->problem->groups[c->group];

                for (uint32_t n = 0; n < g->n_vms; n++)
                        if (host_of[g->vms[n]] != IX_NONE)
                                count_up(c, rule_counts_domain_of(c, host_of[g->vms[n]]));
        }
}

/* rule_broken(), from the counters. */
static int64_t broken_now(const RuleCounts *k, const Problem *p, const GroupRule *rule, uint32_t left,
                          uint32_t right, const HostIx *host_of) {
        const Group *g = &p->groups[rule->group];
        int64_t alone = 0, present = 0;

        for (uint32_t i = 0; i < g->n_vms; i++)
                present += host_of[g->vms[i]] != IX_NONE;
        if (left == IX_NONE)
                return rule->kind == RULE_SPREAD && g->n_vms > 0 ? rule_counts_short_of(rule->k, 1) : 0;
        switch (rule->kind) {
        case RULE_APART:
                return present - k->counters[left].occupied;
        case RULE_TOGETHER:
                return present > 0 ? k->counters[left].occupied - 1 : 0;
        case RULE_SPREAD:
                return spread_short(rule->k, k->counters[left].occupied);
        case RULE_SPAN:
                return rule_counts_beyond(rule->k, k->counters[left].occupied);
        case RULE_NEAR:
        case RULE_AVOID:
                for (uint32_t i = 0; i < g->n_vms; i++)
                        alone +=
                                host_of[g->vms[i]] != IX_NONE &&
                                count_at(&k->counters[right],
                                         rule_counts_domain_of(&k->counters[right], host_of[g->vms[i]])) == 0;
                return rule->kind == RULE_NEAR ? alone : present - alone;
        case RULE_ON:
        case RULE_NOT_ON:
        case RULE_KIND_N:
                break;
        }
        return 0;
}

int rule_counts_build(Arena *a, const Terms *t, const HostIx *host_of, RuleCounts *ret) {
        const Problem *p = t->problem;
        uint32_t *first = arena_new(a, uint32_t, (size_t) p->n_groups * 2 * LEVEL_N);
        uint32_t *a_of = arena_new(a, uint32_t, t->n_rules), *b_of = arena_new(a, uint32_t, t->n_rules);
        RuleCounts k = { .counters = arena_new(a, Counter, 2 * (size_t) t->n_rules), .waives = p->waives };
        int r;

        if (!first || !a_of || !b_of || !k.counters)
                return -ENOMEM;
        for (uint32_t i = 0; i < t->n_rules; i++) {
                const GroupRule *rule = t->rules[i].rule;

                a_of[i] = b_of[i] = IX_NONE;
                if (is_idle(p, rule))
                        continue;
                a_of[i] = counter_of(&k, first, p, rule->group, rule);
                if (rule_has_two_groups(rule->kind))
                        b_of[i] = counter_of(&k, first, p, rule->group_b, rule);
        }
        for (uint32_t c = 0; c < k.n_counters; c++)
                if (counter_table(a, p, &k.counters[c]) < 0)
                        return -ENOMEM;
        if (k.n_counters > 0) {
                r = uses_build(a, &k, t, a_of, b_of);
                if (r < 0)
                        return r;
                r = index_build(a, &k, p);
                if (r < 0)
                        return r;
                count_all(&k, t, host_of);
        }
        for (uint32_t i = 0; i < t->n_rules; i++)
                k.broken.tier[t->rules[i].tier] +=
                        t->rules[i].weight * broken_now(&k, p, t->rules[i].rule, a_of[i], b_of[i], host_of);
        *ret = k;
        return 0;
}
