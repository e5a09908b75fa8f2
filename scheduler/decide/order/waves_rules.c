/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "scheduler/decide/order/waves_parts.h"

static uint32_t waves_rules_domain_of(const Problem *p, Level level, HostIx h) {
        return p->domain[level] ? p->domain[level][h] : h;
}

/* One of the others is in the domain at some time of the wave. */
static bool may_meet(const Waves *w, const GroupRule *rule, uint32_t domain) {
        const Problem *p = w->p;
        const Group *b = &p->groups[rule->group_b];

        for (uint32_t i = 0; i < b->n_vms; i++) {
                const VmIx u = b->vms[i];

                if (waves_rules_domain_of(p, rule->level, w->at[u]) == domain ||
                    (w->wave_of[u] == w->wave + 1 &&
                     waves_rules_domain_of(p, rule->level, w->to[u]) == domain))
                        return true;
        }
        return false;
}

/* One in flight leaves its host at a time that no wave knows: nothing that is done may count on it there. To where
 * it goes none of the others comes (problem_flight.c). */
static bool waves_rules_flies(const Problem *p, VmIx v) {
        return p->snapshot && p->snapshot->vms[v].in_flight;
}

/* In how many places the group is or may be during the wave: VMs that move, or are in flight, are at both ends. Those on hosts that
 * are emptied count where `all`. There is none of those that the rule is waived for, and that have not moved yet: they may go. */
static uint32_t span_places(Waves *w, const GroupRule *rule, bool all, uint32_t to, bool *ret_there) {
        const Problem *p = w->p;
        const Group *g = &p->groups[rule->group];
        uint32_t n = 0;

        *ret_there = false;
        w->seen_now++;
        for (uint32_t i = 0; i < g->n_vms; i++) {
                const VmIx u = g->vms[i];
                const bool may_go = rule_waived_for(p, rule, u) && w->at[u] == p->home[u];
                const HostIx ends[] = { w->at[u], w->wave_of[u] == w->wave + 1 ? w->to[u] : IX_NONE,
                                        waves_rules_flies(p, u) ? p->snapshot->vms[u].in_flight_to
                                                                : IX_NONE };

                for (size_t k = 0; k < ARRAY_SIZE(ends); k++) {
                        uint32_t d;

                        if (ends[k] == IX_NONE || (!all && rule_skips(p, RULE_SPAN, ends[k])))
                                continue;
                        d = waves_rules_domain_of(p, rule->level, ends[k]);
                        *ret_there |= d == to && !may_go;
                        n += w->seen[d] != w->seen_now;
                        w->seen[d] = w->seen_now;
                }
        }
        return n;
}

/* It comes to where others of the group are, or there is a place left; and one more, while one is emptied, but no two. */
static bool span_allows(Waves *w, const GroupRule *rule, HostIx target) {
        const uint32_t to = waves_rules_domain_of(w->p, rule->level, target);
        bool there; /* span_places() says it */

        if (rule_skips(w->p, RULE_SPAN, target))
                return true;
        if (span_places(w, rule, false, to, &there) >= rule->k && !there)
                return false;
        return there || span_places(w, rule, true, to, &there) <= rule->k || there;
}

/* In any order of this wave's ends, the rule is broken no further than at its start: no other move of its
 * group touches the two domains, so what this one changes is exact. Of a spread group one VM moves at a time.
 */
static bool rule_allows(Waves *w, const GroupRule *rule, VmIx v, HostIx target) {
        const Problem *p = w->p;
        const Group *g = &p->groups[rule->group];
        uint32_t from = waves_rules_domain_of(p, rule->level, w->at[v]),
                 to = waves_rules_domain_of(p, rule->level, target);
        uint32_t n_from = 0, occupied = 0;
        bool taken = false;

        if (rule->kind == RULE_SPAN)
                return rule_waived_for(p, rule, v) || span_allows(w, rule, target);
        if (from == to)
                return true;
        if (rule->kind == RULE_AVOID)
                return rule_waived_for(p, rule, v) || !may_meet(w, rule, to);
        w->seen_now++;
        for (uint32_t i = 0; i < g->n_vms; i++) {
                VmIx u = g->vms[i];
                uint32_t d = waves_rules_domain_of(p, rule->level, w->at[u]);

                taken |= d == to;
                if (waves_rules_flies(p, u))
                        continue;
                n_from += d == from;
                occupied += w->seen[d] != w->seen_now;
                w->seen[d] = w->seen_now;
                if (w->wave_of[u] == w->wave + 1) {
                        uint32_t e = waves_rules_domain_of(p, rule->level, w->to[u]);

                        if (d != e &&
                            (rule->kind == RULE_SPREAD || d == from || d == to || e == from || e == to))
                                return false;
                }
        }
        if (rule_waived_for(p, rule, v))
                return true;
        if (rule->kind == RULE_APART)
                return !taken || n_from > 1;
        return n_from > 1 || !taken || occupied > rule->k;
}

bool waves_rules_allow(Waves *w, VmIx v, HostIx to) {
        const Problem *p = w->p;

        for (uint32_t i = p->groups_of_start[v]; i < p->groups_of_start[v + 1]; i++) {
                uint32_t g = p->groups_of[i];

                assert(w->rules_start); /* where there is a group, there are rules */
                for (uint32_t k = w->rules_start[g]; k < w->rules_start[g + 1]; k++)
                        if (!rule_allows(w, &p->rules[w->rules[k]], v, to))
                                return false;
        }
        return true;
}

/* rules_start: the must rules over each group that say apart, avoid, spread or span. */
int waves_index_rules(Waves *w) {
        const Problem *p = w->p;
        uint32_t *fill;

        w->rules_start = arena_new(w->arena, uint32_t, (size_t) p->n_groups + 2);
        w->rules = arena_new(w->arena, uint32_t, p->n_rules);
        if (!w->rules_start || !w->rules)
                return -ENOMEM;
        fill = w->rules_start + 1;
        for (int pass = 0; pass < 2; pass++) {
                for (uint32_t i = 0; i < p->n_rules; i++) {
                        const GroupRule *rule = &p->rules[i];

                        if (!rule->must || (rule->kind != RULE_APART && rule->kind != RULE_SPREAD &&
                                            rule->kind != RULE_AVOID && rule->kind != RULE_SPAN))
                                continue;
                        if (pass == 0)
                                fill[rule->group + 1]++;
                        else
                                w->rules[fill[rule->group]++] = i;
                }
                for (uint32_t g = 0; g < p->n_groups && pass == 0; g++)
                        fill[g + 1] += fill[g];
        }
        return 0;
}
