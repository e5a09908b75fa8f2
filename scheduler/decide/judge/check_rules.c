/* SPDX-License-Identifier: Apache-2.0 */
/* The judge's own reading of the rules. For each wave, a rule that one of its moves touches is counted
 * afresh. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/decide/judge/check_parts.h"
#include "scheduler/model/rule_word.h"

typedef struct NamedHost {
        const char *name;
        HostIx host;
} NamedHost;

static int check_rules_by_name(const void *left, const void *right) {
        return strcmp(((const NamedHost *) left)->name, ((const NamedHost *) right)->name);
}

static const char *check_rules_place_of(const Host *host, int level) {
        const char *place = level == LEVEL_RACK   ? host->rack
                            : level == LEVEL_ZONE ? host->zone
                                                  : host->neighborhood;

        return place ? place : "";
}

/* Domains are numbered in the order of their names; a host is a domain of its own. */
static int number_domains(Check *c) {
        uint32_t n = c->s->n_hosts;
        NamedHost *sorted = arena_new(c->arena, NamedHost, n);

        for (int level = 0; level < LEVEL_N; level++) {
                c->domain[level] = arena_new(c->arena, uint32_t, n);
                if (!c->domain[level] || !sorted)
                        return -ENOMEM;
                for (HostIx h = 0; h < n; h++)
                        sorted[h] = (NamedHost){ level == LEVEL_HOST
                                                         ? c->s->hosts[h].name
                                                         : check_rules_place_of(&c->s->hosts[h], level),
                                                 h };
                qsort(sorted, n, sizeof(*sorted), check_rules_by_name);
                for (uint32_t i = 1, number = 0; i < n; i++) { /* the first one's is 0 */
                        if (strcmp(sorted[i].name, sorted[i - 1].name) != 0)
                                number++;
                        c->domain[level][sorted[i].host] = number;
                }
        }
        c->count = arena_new(c->arena, uint32_t, n);
        c->in = arena_new(c->arena, uint32_t, n);
        c->out = arena_new(c->arena, uint32_t, n);
        c->sure = arena_new(c->arena, uint32_t, n);
        c->taken = arena_new(c->arena, bool, n);
        return c->count && c->in && c->out && c->sure && c->taken ? 0 : -ENOMEM;
}

int check_rules_begin(Check *c) {
        const Snapshot *s = c->s;
        uint32_t *next;

        c->rules_start = arena_new(c->arena, uint32_t, (size_t) s->n_vms + 1);
        next = arena_new(c->arena, uint32_t, (size_t) s->n_vms + 1);
        if (!c->rules_start || !next)
                return -ENOMEM;
        for (uint32_t i = 0; i < s->n_rules; i++) {
                for (uint32_t k = 0; k < s->rules[i].n_vms && s->rules[i].must; k++)
                        next[s->rules[i].vms[k]]++;
                for (uint32_t k = 0; k < s->rules[i].n_near_vms && s->rules[i].must; k++)
                        next[s->rules[i].near_vms[k]]++;
        }
        for (VmIx v = 0; v < s->n_vms; v++) {
                c->rules_start[v + 1] = c->rules_start[v] + next[v];
                next[v] = c->rules_start[v];
        }
        c->rules_of = arena_new(c->arena, uint32_t, c->rules_start[s->n_vms]);
        if (!c->rules_of)
                return -ENOMEM;
        for (uint32_t i = 0; i < s->n_rules; i++) {
                for (uint32_t k = 0; k < s->rules[i].n_vms && s->rules[i].must; k++)
                        c->rules_of[next[s->rules[i].vms[k]]++] = i;
                for (uint32_t k = 0; k < s->rules[i].n_near_vms && s->rules[i].must; k++)
                        c->rules_of[next[s->rules[i].near_vms[k]]++] = i;
        }
        return number_domains(c);
}

static int object_rule(Check *c, const CheckMove *m, const Rule *rule, Reason reason) {
        return check_object(c, m, VERDICT_REFUSED, reason,
                            text_format(c->arena, "%s from %s to %s in wave %u breaks rule %s: %s",
                                        c->s->vms[m->move.vm].name, c->s->hosts[m->move.from].name,
                                        c->s->hosts[m->move.to].name, check_wave_said(m),
                                        rule->name ? rule->name : rule_kind_title(rule->kind),
                                        reason_texts[reason]));
}

static bool check_rules_names_host(const Rule *rule, HostIx h) {
        for (uint32_t i = 0; i < rule->n_hosts; i++)
                if (rule->hosts[i] == h)
                        return true;
        return false;
}

static bool rule_forbids(const Rule *rule, HostIx h) {
        return check_rules_names_host(rule, h) == (rule->kind == RULE_NOT_ON);
}

static bool check_rules_must_leave(const Check *c, VmIx v) {
        return c->s->hosts[c->s->vms[v].host].state == HOST_MAINTENANCE ||
               snapshot_vm_fault(c->s, v, NULL) >= 3;
}

/* The rule is waived for it: an operator lets it go for what must leave its host. */
static bool rule_waived(const Check *c, const Rule *rule, VmIx v) {
        return rule->evacuate && check_rules_must_leave(c, v);
}

/* For the move by which it leaves that host, and no other: once away it holds for it again (docs/judge.md). */
static bool rule_lets_leave(const Check *c, const Rule *rule, VmIx v) {
        return c->at[v] == c->s->vms[v].host && rule_waived(c, rule, v);
}

/* The move comes to a domain where others of the group may be while none of them is surely left behind where
 * it came from: then there is an order of the wave, and an end of the flights, in which the rule is broken further. */
static bool apart_worse(const Check *c, uint32_t from, uint32_t to) {
        bool meets = c->count[to] + c->in[to] > 1, parts = c->sure[from] > c->out[from];

        return meets && !parts;
}

/* Moves of the wave that stay in their domain change nothing. */
static int judge_spread(Check *c, const Rule *rule, const CheckMove *const *moves, uint32_t n,
                        uint32_t occupied) {
        const uint32_t *domain = c->domain[rule->level];
        uint32_t lost = 0;

        for (uint32_t i = 0; i < n; i++) {
                uint32_t from = domain[moves[i]->move.from], to = domain[moves[i]->move.to];
                bool empties = c->sure[from] == c->out[from], fills = c->count[to] == 0 && c->in[to] == 1;

                if (rule_lets_leave(c, rule, moves[i]->move.vm))
                        continue;
                if (from != to && empties && !fills)
                        lost++;
                if (lost > 0 && occupied < (uint64_t) rule->k + lost && from != to && empties && !fills)
                        return object_rule(c, moves[i], rule, REASON_RULE_SPREAD);
        }
        return 0;
}

static int judge_apart(Check *c, const Rule *rule, const CheckMove *const *moves, uint32_t n) {
        const uint32_t *domain = c->domain[rule->level];

        for (uint32_t i = 0; i < n; i++) {
                uint32_t from = domain[moves[i]->move.from], to = domain[moves[i]->move.to];

                if (from == to || rule_lets_leave(c, rule, moves[i]->move.vm))
                        continue;
                if (apart_worse(c, from, to) && object_rule(c, moves[i], rule, REASON_RULE_APART) < 0)
                        return -ENOMEM;
        }
        return 0;
}

/* count: those that are in a domain, or would be if a flight ended there; sure: those that are there whichever way. Returns
 * how many domains are occupied at least: a flight between two others occupies one of them. */
static uint32_t check_rules_occupy(Check *c, const Rule *rule) {
        const uint32_t *domain = c->domain[rule->level];
        uint32_t occupied = 0;

        for (uint32_t i = 0; i < rule->n_vms; i++) {
                const VmIx v = rule->vms[i];
                const uint32_t here = domain[c->at[v]], there = domain[check_flight_to(c, v)];

                c->count[here]++;
                c->count[there] += there != here;
                if (there == here)
                        occupied += c->sure[here]++ == 0;
        }
        for (uint32_t i = 0; i < rule->n_vms; i++) {
                const VmIx v = rule->vms[i];
                const uint32_t here = domain[c->at[v]], there = domain[check_flight_to(c, v)];

                if (here == there || c->sure[here] > 0 || c->sure[there] > 0 || c->taken[here] ||
                    c->taken[there])
                        continue;
                c->taken[here] = c->taken[there] = true;
                occupied++;
        }
        return occupied;
}

static void check_rules_clear(Check *c, const Rule *rule) {
        const uint32_t *domain = c->domain[rule->level];

        for (uint32_t i = 0; i < rule->n_vms; i++) {
                const uint32_t ends[] = { domain[c->at[rule->vms[i]]],
                                          domain[check_flight_to(c, rule->vms[i])] };

                for (size_t k = 0; k < ARRAY_SIZE(ends); k++) {
                        c->count[ends[k]] = c->sure[ends[k]] = 0;
                        c->taken[ends[k]] = false;
                }
        }
}

/* moves: those of the wave whose VM is in the rule's group. */
static int judge_group(Check *c, const Rule *rule, const CheckMove *const *moves, uint32_t n) {
        const uint32_t *domain = c->domain[rule->level];
        const uint32_t occupied = check_rules_occupy(c, rule);
        int r = 0;

        for (uint32_t i = 0; i < n; i++)
                if (domain[moves[i]->move.from] != domain[moves[i]->move.to]) {
                        c->out[domain[moves[i]->move.from]]++;
                        c->in[domain[moves[i]->move.to]]++;
                }
        if (rule->kind == RULE_APART)
                r = judge_apart(c, rule, moves, n);
        else
                r = judge_spread(c, rule, moves, n, occupied);
        check_rules_clear(c, rule);
        for (uint32_t i = 0; i < n; i++)
                c->out[domain[moves[i]->move.from]] = c->in[domain[moves[i]->move.to]] = 0;
        return r;
}

typedef struct Touch {
        uint32_t rule;
        const CheckMove *move;
} Touch;

static int by_rule(const void *left, const void *right) {
        const Touch *x = left, *y = right;

        if (x->rule != y->rule)
                return x->rule < y->rule ? -1 : 1;
        return x->move->index < y->move->index ? -1 : x->move->index > y->move->index;
}

/* Pairs of the wave's moves and the rules they touch, by rule. */
static int check_rules_touched(Check *c, const CheckMove *moves, uint32_t n, Touch **ret, uint32_t *ret_n) {
        size_t count = 0;
        Touch *list;

        for (uint32_t i = 0; i < n; i++)
                count += c->rules_start[moves[i].move.vm + 1] - c->rules_start[moves[i].move.vm];
        list = arena_new(c->arena, Touch, count);
        if (!list)
                return -ENOMEM;
        count = 0;
        for (uint32_t i = 0; i < n; i++)
                for (uint32_t k = c->rules_start[moves[i].move.vm]; k < c->rules_start[moves[i].move.vm + 1];
                     k++)
                        list[count++] = (Touch){ c->rules_of[k], &moves[i] };
        qsort(list, count, sizeof(*list), by_rule);
        *ret = list;
        *ret_n = (uint32_t) count;
        return 0;
}

static bool has_vm(const VmIx *vms, uint32_t n, VmIx v) {
        for (uint32_t i = 0; i < n; i++)
                if (vms[i] == v)
                        return true;
        return false;
}

/* Where VMs of the list are, or may be during the wave: those in flight on both their hosts. */
static void mark_places(Check *c, const Rule *rule, const VmIx *vms, uint32_t n_vms,
                        const CheckMove *const *moves, uint32_t n, uint32_t *count) {
        for (uint32_t i = 0; i < n_vms; i++) {
                count[c->domain[rule->level][c->at[vms[i]]]] = 1;
                count[c->domain[rule->level][check_flight_to(c, vms[i])]] = 1;
        }
        for (uint32_t i = 0; i < n; i++)
                if (has_vm(vms, n_vms, moves[i]->move.vm))
                        count[c->domain[rule->level][moves[i]->move.to]] = 1;
}

/* No VM comes to a domain where one of the other list is, or may be before the wave ends. */
static int judge_avoid(Check *c, const Rule *rule, const CheckMove *const *moves, uint32_t n) {
        const uint32_t *domain = c->domain[rule->level];
        const size_t size = sizeof(uint32_t) * c->s->n_hosts;
        int r = 0;

        mark_places(c, rule, rule->vms, rule->n_vms, moves, n, c->count);
        mark_places(c, rule, rule->near_vms, rule->n_near_vms, moves, n, c->in);
        for (uint32_t i = 0; i < n && r == 0; i++) {
                const uint32_t to = domain[moves[i]->move.to];
                const uint32_t *others = has_vm(rule->vms, rule->n_vms, moves[i]->move.vm) ? c->in : c->count;

                if (domain[moves[i]->move.from] != to && others[to] > 0 &&
                    !rule_lets_leave(c, rule, moves[i]->move.vm))
                        r = object_rule(c, moves[i], rule, REASON_RULE_APART);
        }
        memset(c->count, 0, size);
        memset(c->in, 0, size);
        return r;
}

static int judge_span(Check *c, const Rule *rule, const CheckMove *const *moves, uint32_t n) {
        bool *waived = arena_new(c->arena, bool, n);
        uint32_t i;

        if (!waived)
                return -ENOMEM;
        for (i = 0; i < n; i++)
                waived[i] = rule_lets_leave(c, rule, moves[i]->move.vm);
        i = check_span_too_many(c, rule, &(SpanMoves){ moves, waived, n });
        return i < n ? object_rule(c, moves[i], rule, REASON_RULE_SPAN) : 0;
}

static int judge_rule(Check *c, const Rule *rule, const Touch *touches, uint32_t n) {
        ArenaMark mark = arena_mark(c->arena);
        uint32_t before = c->n_objections;
        const CheckMove **moves = arena_new(c->arena, const CheckMove *, n);
        int r = 0;

        if (!moves)
                return -ENOMEM;
        for (uint32_t i = 0; i < n; i++)
                moves[i] = touches[i].move;
        if (rule->kind == RULE_SPAN)
                r = judge_span(c, rule, moves, n);
        if (rule->kind == RULE_AVOID)
                r = judge_avoid(c, rule, moves, n);
        if (rule->kind == RULE_APART || rule->kind == RULE_SPREAD)
                r = judge_group(c, rule, moves, n);
        for (uint32_t i = 0; i < n && r == 0 && rule_is_about_hosts(rule); i++)
                if (rule_forbids(rule, moves[i]->move.to) && !rule_forbids(rule, moves[i]->move.from) &&
                    !rule_lets_leave(c, rule, moves[i]->move.vm))
                        r = object_rule(c, moves[i], rule, REASON_RULE_HOSTS);
        if (c->n_objections == before)
                arena_rewind(c->arena, mark);
        return r;
}

int check_rules_wave(Check *c, const CheckMove *moves, uint32_t n) {
        Touch *list;
        uint32_t n_list;
        int r = check_rules_touched(c, moves, n, &list, &n_list);

        for (uint32_t i = 0, end; i < n_list && r == 0 && !check_time_is_up(c); i = end) {
                for (end = i; end < n_list && list[end].rule == list[i].rule;)
                        end++;
                r = judge_rule(c, &c->s->rules[list[i].rule], list + i, end - i);
        }
        return r;
}

/* A VM of the one list shares a domain with one of the other, where the snapshot has them. */
static bool check_rules_meet(Check *c, const Rule *rule) {
        const uint32_t *domain = c->domain[rule->level];
        bool meet = false;

        for (uint32_t i = 0; i < rule->n_near_vms; i++)
                c->count[domain[c->s->vms[rule->near_vms[i]].host]] = 1;
        for (uint32_t i = 0; i < rule->n_vms; i++)
                meet |= c->count[domain[c->s->vms[rule->vms[i]].host]] > 0;
        for (uint32_t i = 0; i < rule->n_near_vms; i++)
                c->count[domain[c->s->vms[rule->near_vms[i]].host]] = 0;
        return meet;
}

bool check_rule_broken(Check *c, const Rule *rule) {
        uint32_t n;

        if (!rule->must || rule->n_vms == 0 || rule_is_about_hosts(rule))
                return false;
        if (rule->kind == RULE_AVOID)
                return check_rules_meet(c, rule);
        if (rule->kind == RULE_SPAN)
                return check_span_broken(c, rule);
        n = check_flight_short_of(c, rule, CHECK_AT_START);
        switch (rule->kind) {
        case RULE_APART:
                return n < rule->n_vms;
        case RULE_TOGETHER:
                return n > 1;
        case RULE_SPREAD:
                return n < rule->k;
        default:
                return n > 0;
        }
}

bool check_rules_forbid(const Check *c, VmIx v, HostIx h) {
        for (uint32_t i = c->rules_start[v]; i < c->rules_start[v + 1]; i++) {
                const Rule *rule = &c->s->rules[c->rules_of[i]];

                if (rule_is_about_hosts(rule) && rule_forbids(rule, h))
                        return true;
        }
        return false;
}

bool check_rules_forbid_newly(const Check *c, VmIx v, HostIx h) {
        for (uint32_t i = c->rules_start[v]; i < c->rules_start[v + 1]; i++) {
                const Rule *rule = &c->s->rules[c->rules_of[i]];

                if (rule_is_about_hosts(rule) && rule_forbids(rule, h) &&
                    !(rule_forbids(rule, c->s->vms[v].host) && check_rules_must_leave(c, v)) &&
                    !rule_waived(c, rule, v))
                        return true;
        }
        return false;
}

/* VMs of the rule that it is waived for, and that have moved: each may have broken it by one. */
static uint32_t rule_let_go(const Check *c, const Rule *rule) {
        uint32_t n = 0;

        for (uint32_t i = 0; i < rule->n_vms; i++)
                n += c->at[rule->vms[i]] != c->s->vms[rule->vms[i]].host &&
                     rule_waived(c, rule, rule->vms[i]);
        return n;
}

int check_rules_end(Check *c, const CheckMove *moves, uint32_t n) {
        Touch *list = NULL;
        uint32_t n_list = 0;
        int r = check_rules_touched(c, moves, n, &list, &n_list);

        for (uint32_t i = 0; i < n_list && r == 0 && !check_time_is_up(c); i++) {
                const Rule *rule = &c->s->rules[list[i].rule];

                if (i > 0 && list[i].rule == list[i - 1].rule)
                        continue;
                if (rule->kind != RULE_TOGETHER && rule->kind != RULE_NEAR)
                        continue;
                if (check_flight_ends_worse(c, rule, rule_let_go(c, rule)))
                        r = object_rule(c, list[i].move, rule,
                                        rule->kind == RULE_NEAR ? REASON_RULE_NEAR : REASON_RULE_TOGETHER);
        }
        return r;
}
