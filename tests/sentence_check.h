/* SPDX-License-Identifier: Apache-2.0 */
/* Sentences held against what they are about: every fact counted again from the definitions, without the code that
 * speaks; and the English held against the facts. A kind of fact that is not known here is unchecked, and fails. */
#pragma once

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/decide/cost/policy.h"
#include "scheduler/decide/cost/reserve_cover.h"
#include "scheduler/model/bound_cells.h"

typedef struct SentenceCheck {
        const Problem *p;
        const Snapshot *s;
        const Settings *settings;
        PolicySet policies;
        const char *const *titles; /* [n_res] */
        const FactUnit *units;     /* [n_res] */
        Assignment *x;             /* just before the move */
        Move m;
        const HostIx *end;     /* [vm] */
        const PlanMove *moves; /* of the plan, in order; NULL: there is none, the move is any one */
        uint32_t n_moves, at;
        bool counted;                  /* changes are those of this move */
        Costs changes[32];             /* [policies.n] */
        bool began_broken;             /* a rule was broken before the plan */
        uint32_t seen[FACT_KIND_N];    /* facts that were checked */
        uint32_t sentences, unchecked; /* sentences looked at; facts of kinds that are not known here */
        char wrong[300];
} SentenceCheck;

#define SENTENCE_WRONG(c, ...) ((void) snprintf((c)->wrong, sizeof((c)->wrong), __VA_ARGS__), false)

/* ---- counted again ---- */

static inline HostIx check_host_of(const SentenceCheck *c, VmIx v, bool after) {
        return after && v == c->m.vm ? c->m.to : c->x->host_of[v];
}

static inline int64_t check_load(const SentenceCheck *c, HostIx h, uint32_t r, bool after) {
        const size_t at = (size_t) h * c->p->n_res + r;
        int64_t sum = c->p->base ? c->p->base[at] : 0;

        for (VmIx v = 0; v < c->p->n_vms; v++)
                if (check_host_of(c, v, after) == h)
                        sum += c->p->need[(size_t) v * c->p->n_res + r];
        return sum;
}

/* As the fact says: just before the move, after it, or once the plan is carried out. */
static inline int64_t check_held(const SentenceCheck *c, const Fact *f, HostIx h, uint32_t r) {
        const size_t at = (size_t) h * c->p->n_res + r;
        int64_t sum = c->p->base ? c->p->base[at] : 0;

        if (!f->end || !c->moves)
                return check_load(c, h, r, f->after || f->end);
        for (VmIx v = 0; v < c->p->n_vms; v++)
                if (c->end[v] == h)
                        sum += c->p->need[(size_t) v * c->p->n_res + r];
        return sum;
}

static inline int64_t check_has(const SentenceCheck *c, HostIx h, uint32_t r) {
        return c->p->capacity[(size_t) h * c->p->n_res + r];
}

static inline int64_t check_line(const SentenceCheck *c, HostIx h, uint32_t r) {
        return c->p->limit[(size_t) h * c->p->n_res + r];
}

static inline int64_t check_ppm(int64_t part, int64_t whole) {
        const __int128 most = 1000000000, ppm = whole > 0 ? (__int128) part * 1000000 / whole : 0;

        if (whole <= 0)
                return part > 0 ? (int64_t) most : part < 0 ? (int64_t) -most : 0;
        return (int64_t) (ppm > most ? most : ppm < -most ? -most : ppm);
}

/* What the move changes of each policy, by its definition: counted once a move. */
static inline const Costs *check_changes(SentenceCheck *c) {
        cr_assert_leq(c->policies.n, ARRAY_SIZE(c->changes));
        if (c->counted)
                return c->changes;
        for (uint32_t i = 0; i < c->policies.n; i++) {
                const PolicySet one = { c->policies.policies + i, 1 };
                const Costs before = policies_total(one, c->p, c->settings, c->x);

                assignment_move(c->x, c->m);
                c->changes[i] = policies_total(one, c->p, c->settings, c->x);
                assignment_move(c->x, (Move){ c->m.vm, c->m.to, c->m.from });
                for (int t = 0; t < TIER_N; t++)
                        c->changes[i].tier[t] -= before.tier[t];
        }
        c->counted = true;
        return c->changes;
}

static inline Costs check_change(SentenceCheck *c) {
        const Costs *changes = check_changes(c);
        Costs sum = { 0 };

        for (uint32_t i = 0; i < c->policies.n; i++)
                sum = costs_add(sum, changes[i]);
        return sum;
}

static inline Costs check_change_of(SentenceCheck *c, const char *policy) {
        const Costs *changes = check_changes(c);

        for (uint32_t i = 0; i < c->policies.n; i++)
                if (strcmp(c->policies.policies[i]->name, policy) == 0)
                        return changes[i];
        cr_assert_fail("no policy %s", policy);
        return (Costs){ 0 };
}

static inline int64_t check_rule_change(SentenceCheck *c, uint32_t rule) {
        int64_t change = 0;

        for (int after = 0; after < 2; after++) {
                if (after)
                        assignment_move(c->x, c->m);
                for (uint32_t i = 0; i < c->p->n_rules; i++)
                        if (c->p->rules[i].source == rule)
                                change += (after ? 1 : -1) * rule_broken(c->p, &c->p->rules[i], c->x);
        }
        assignment_move(c->x, (Move){ c->m.vm, c->m.to, c->m.from });
        return change;
}

/* The worst fault of the host that concerns the VM. */
static inline const Fault *check_fault(const SentenceCheck *c, HostIx h, VmIx v) {
        const Fault *worst = NULL;

        for (uint32_t i = 0; i < c->s->hosts[h].n_faults; i++) {
                const Fault *f = &c->s->hosts[h].faults[i];
                bool uses = !f->partly;

                for (uint32_t k = 0; k < f->vms.n; k++)
                        uses |= strcmp(f->vms.at[k], c->s->vms[v].name) == 0;
                if (uses && (!worst || f->grade > worst->grade))
                        worst = f;
        }
        return worst;
}

/* VMs of the rule that the plan moves into the place where the move leads, but for the one that moves. */
static inline uint32_t check_movers(const SentenceCheck *c, uint32_t rule, VmIx among, bool *ret_is_among) {
        uint32_t n = 0;

        *ret_is_among = false;
        for (VmIx v = 0; v < c->p->n_vms; v++) {
                bool of = false;

                for (uint32_t i = 0; i < c->p->n_rules && !of; i++) {
                        const GroupRule *g = &c->p->rules[i];
                        const uint32_t groups[] = { g->group,
                                                    rule_has_two_groups(g->kind) ? g->group_b : g->group };

                        for (int side = 0; side < 2 && g->source == rule; side++)
                                for (uint32_t k = 0; k < c->p->groups[groups[side]].n_vms; k++)
                                        of |= c->p->groups[groups[side]].vms[k] == v &&
                                              problem_domain(c->p, g->level, c->end[v]) ==
                                                      problem_domain(c->p, g->level, c->m.to);
                }
                if (!of || v == c->m.vm || c->end[v] == c->p->home[v])
                        continue;
                n++;
                *ret_is_among |= v == among;
        }
        return n;
}

static inline int64_t check_rate(const SentenceCheck *c, VmIx a, VmIx b) {
        int64_t kbit = 0;

        for (uint32_t i = 0; i < c->s->n_traffic; i++)
                if ((c->s->traffic[i].a == a && c->s->traffic[i].b == b) ||
                    (c->s->traffic[i].a == b && c->s->traffic[i].b == a))
                        kbit = c->s->traffic[i].kbit;
        return kbit;
}

static inline ReserveMeasure check_reserve(SentenceCheck *c, bool after) {
        ReserveMeasure m = { 0 };

        if (after)
                assignment_move(c->x, c->m);
        (void) reserve_total(c->p, c->x, &m);
        if (after)
                assignment_move(c->x, (Move){ c->m.vm, c->m.to, c->m.from });
        return m;
}

static inline int64_t check_short(const SentenceCheck *c, uint32_t pair, bool after) {
        const BalancePair *b = &c->p->pairs[pair];
        const HostIx hosts[] = { c->m.from, c->m.to };
        int64_t sum = 0;

        for (int i = 0; i < 2; i++) {
                const int64_t lacks =
                        b->target * (check_has(c, hosts[i], b->r1) - check_load(c, hosts[i], b->r1, after)) -
                        (check_has(c, hosts[i], b->r2) - check_load(c, hosts[i], b->r2, after));

                sum += lacks > 0 ? lacks : 0;
        }
        return sum;
}

static inline int64_t check_evened(const SentenceCheck *c, const Fact *f) {
        const DeviationGoal *g = &c->p->deviations[f->r];
        const int64_t more = check_load(c, f->host, g->r, f->after) - (g->zero ? g->zero[f->host] : 0);

        return check_ppm(more > 0 ? more : 0, g->unit[f->host]);
}

/* ---- parts of a policy ---- */

static inline uint32_t check_parts_of(const SentenceCheck *c, const char *by) {
        return strcmp(by, "balance") == 0         ? c->p->n_res + c->p->n_deviations
               : strcmp(by, "balance_pairs") == 0 ? c->p->n_pairs
                                                  : c->p->n_res;
}

/* A row of numbers of which only that of r is what it was: the others are `other`. */
static inline const int64_t *check_only(const int64_t *row, size_t n, uint32_t n_res, uint32_t r,
                                        int64_t other, int64_t *ret) {
        for (size_t i = 0; row && i < n; i++)
                ret[i] = i % n_res == r ? row[i] : other;
        return row ? ret : NULL;
}

/* What the move changes of one part of the policy: of the policy's own definition, asked of a problem in which only that part
 * can cost. */
static inline Costs check_part(SentenceCheck *c, const char *by, uint32_t part) {
        const size_t n_all = (size_t) c->p->n_hosts * c->p->n_res;
        int64_t *row = malloc(sizeof(*row) * (n_all + c->p->n_res));
        Problem only = *c->p;
        const Policy *policy = NULL;
        Costs before = { 0 }, after = { 0 };

        cr_assert_not_null(row);
        for (uint32_t i = 0; i < c->policies.n; i++)
                if (strcmp(c->policies.policies[i]->name, by) == 0)
                        policy = c->policies.policies[i];
        cr_assert_not_null(policy);
        if (strcmp(by, "balance") == 0) {
                only.balance_weight =
                        check_only(c->p->balance_weight, c->p->n_res, c->p->n_res, part, 0, row);
                only.deviations = part >= c->p->n_res ? &c->p->deviations[part - c->p->n_res] : NULL;
                only.n_deviations = part >= c->p->n_res;
        } else if (strcmp(by, "balance_pairs") == 0) {
                only.pairs = &c->p->pairs[part];
                only.n_pairs = 1;
        } else if (strcmp(by, "load") == 0) {
                only.load_weight = check_only(c->p->load_weight, c->p->n_res, c->p->n_res, part, 0, row);
        } else {
                cr_assert_str_eq(by, "capacity");
                only.capacity = check_only(c->p->capacity, n_all, c->p->n_res, part, INT64_C(1) << 40, row);
        }
        policy->total(&only, c->settings, c->x, &before);
        assignment_move(c->x, c->m);
        policy->total(&only, c->settings, c->x, &after);
        assignment_move(c->x, (Move){ c->m.vm, c->m.to, c->m.from });
        for (int t = 0; t < TIER_N; t++)
                after.tier[t] -= before.tier[t];
        free(row);
        return after;
}

/* The host that is left ends with less of it: else a load line or a host that is overfull is spoken of only where that is so
 * of none. */
static inline bool check_lasts(const SentenceCheck *c, const char *by, uint32_t r) {
        const Fact end = { .end = true };

        return strcmp(by, "load") != 0 && strcmp(by, "capacity") != 0
                       ? true
                       : check_held(c, &end, c->m.from, r) < check_load(c, c->m.from, r, false);
}

/* The part gains so much by the move, and none that could be named gains more. */
static inline bool check_most(SentenceCheck *c, const Fact *f, const char *by) {
        const uint32_t n = by ? check_parts_of(c, by) : 0;
        const Costs named = f->r < n ? check_part(c, by, f->r) : (Costs){ 0 };
        int tier = 0;
        bool is;

        while (tier + 1 < TIER_N && named.tier[tier] == 0)
                tier++;
        is = f->r < n && f->value < 0 && named.tier[tier] == f->value;

        for (uint32_t part = 0; is && part < n; part++)
                is = (check_lasts(c, by, f->r) && !check_lasts(c, by, part)) ||
                     check_part(c, by, part).tier[tier] >= f->value;
        return is;
}

/* A rule about hosts names the VM, and has something against the host. */
static inline bool check_rule_against(const Rule *rule, VmIx v, HostIx h) {
        bool names = false, lists = false;

        for (uint32_t i = 0; i < rule->n_vms; i++)
                names |= rule->vms[i] == v;
        for (uint32_t i = 0; i < rule->n_hosts; i++)
                lists |= rule->hosts[i] == h;
        return names && ((rule->kind == RULE_ON && !lists) || (rule->kind == RULE_NOT_ON && lists));
}

static inline uint32_t check_vms_on(const SentenceCheck *c, const HostIx *host_of, HostIx h) {
        uint32_t n = 0;

        for (VmIx v = 0; v < c->p->n_vms; v++)
                n += host_of[v] == h;
        return n;
}

/* A move of the plan of that VM in that wave, before or after this one; to the host. */
static inline bool check_moves(const SentenceCheck *c, const Fact *f, bool before) {
        for (uint32_t i = before ? 0 : c->at + 1; i < (before ? c->at : c->n_moves); i++)
                if (c->moves[i].move.vm == f->vm && (before || c->moves[i].move.to == f->host) &&
                    (before || (int64_t) c->moves[i].wave == f->value))
                        return true;
        return false;
}

static inline bool check_in_the_way(SentenceCheck *c, const Fact *f) {
        const Move comes = { f->vm, c->x->host_of[f->vm], f->host };
        bool tight = false;

        for (uint32_t r = 0; r < c->p->n_res; r++) {
                const int64_t need = c->p->need[(size_t) f->vm * c->p->n_res + r];

                tight |= need > 0 && c->p->need[(size_t) c->m.vm * c->p->n_res + r] > 0 &&
                         check_load(c, f->host, r, false) + need > check_line(c, f->host, r);
        }
        for (uint32_t i = 0; i < c->policies.n && !tight && comes.from != comes.to; i++)
                tight = c->policies.policies[i]->refuses &&
                        c->policies.policies[i]->refuses(c->p, c->settings, c->x, comes);
        return tight && f->host == c->m.from;
}

/* ---- facts ---- */

/* A name is that of what it is about. False: it is not; *ret_known: the kind is one of names. */
static inline bool check_name(SentenceCheck *c, const Fact *f, bool *ret_known) {
        const Fault *fault;
        const char *name = NULL;

        switch (f->kind) {
        case FACT_VM:
                name = c->s->vms[f->vm].name;
                break;
        case FACT_HOST:
                name = c->s->hosts[f->host].name;
                break;
        case FACT_RULE:
                name = c->s->rules[f->rule].name;
                break;
        case FACT_STRENGTH:
                name = c->s->rules[f->rule].must ? "rule" : "wish";
                break;
        case FACT_LEVEL:
                name = f->r < LEVEL_N ? level_names[f->r] : NULL;
                break;
        case FACT_RESOURCE:
                name = c->titles[f->r];
                break;
        case FACT_DEVICE:
                fault = check_fault(c, f->host, f->vm);
                name = fault ? fault->device : NULL;
                break;
        case FACT_EVIDENCE:
                fault = f->vm == IX_NONE ? NULL : check_fault(c, f->host, f->vm);
                name = f->vm == IX_NONE ? c->s->hosts[f->host].fault_why : fault ? fault->why : NULL;
                break;
        default:
                *ret_known = false;
                return false;
        }
        *ret_known = true;
        return name && f->text && strcmp(name, f->text) == 0;
}

/* Of one host: its largest node; −1: it does not tell. */
static inline int64_t check_node(const Host *host, int64_t kib) {
        int64_t most = -1;

        for (uint32_t i = 0; host->platform && i < host->platform->n_numa; i++) {
                const NumaNode *node = &host->platform->numa[i];
                int64_t has = kib > 0 ? 0 : node->memory_mib;

                if (has == UNKNOWN || (kib > 0 && node->n_hugepages == 0))
                        return -1;
                for (uint32_t k = 0; k < node->n_hugepages; k++)
                        has += kib == 0                        ? -node->hugepages[k].total_mib
                               : node->hugepages[k].kib == kib ? node->hugepages[k].total_mib
                                                               : 0;
                has = has > 0 ? has : 0;
                most = has > most ? has : most;
        }
        return most;
}

/* Of vm on h, what is beyond the host's largest node, of each cell that is bound nowhere; a host that does not tell is as
 * the worst that does. */
static inline int64_t check_remote(const SentenceCheck *c, VmIx v, HostIx h) {
        const Vm *vm = &c->s->vms[v];
        const int64_t kib = vm->hugepages_kib > 0 ? vm->hugepages_kib : 0;
        const char *text =
                vm->ties ? vm->ties->numa_bound ? vm->ties->numa_bound : vm->ties->numa_cells : NULL;
        int64_t node = check_node(&c->s->hosts[h], kib), sum = 0;
        BoundCells cells;

        if (node < 0)
                for (HostIx other = 0; other < c->s->n_hosts; other++) {
                        const int64_t has = check_node(&c->s->hosts[other], kib);

                        if (has >= 0 && (node < 0 || has < node))
                                node = has;
                }
        bound_cells(text, &cells);
        if (cells.n == 0 || cells.odd)
                return vm->memory_mib > node ? vm->memory_mib - node : 0;
        for (uint32_t i = 0; i < cells.n; i++)
                sum += cells.at[i].nodes == 0 && cells.at[i].memory_mib > node ? cells.at[i].memory_mib - node
                                                                               : 0;
        return sum < vm->memory_mib ? sum : vm->memory_mib;
}

/* What a number should be. *ret_known: the kind is one of numbers. */
static inline int64_t check_number(SentenceCheck *c, const Fact *f, bool *ret_known) {
        const Fault *fault;
        int64_t room;
        bool is;

        *ret_known = true;
        switch (f->kind) {
        case FACT_SHARE:
                return check_ppm(check_held(c, f, f->host, f->r), check_has(c, f->host, f->r));
        case FACT_LINE:
                return check_ppm(check_line(c, f->host, f->r), check_has(c, f->host, f->r));
        case FACT_EVENED:
                return check_evened(c, f);
        case FACT_ROOM:
                room = check_line(c, f->host, f->r) - check_held(c, f, f->host, f->r);
                if (f->unit != (c->units[f->r] == UNIT_CORES && check_has(c, f->host, f->r) <= 0
                                        ? UNIT_PLAIN
                                        : c->units[f->r]))
                        return ~f->value;
                return f->unit == UNIT_CORES ? (int64_t) ((__int128) room * c->s->hosts[f->host].cpus * 10 /
                                                          check_has(c, f->host, f->r))
                                             : room;
        case FACT_GRADE:
                fault = f->vm == IX_NONE ? NULL : check_fault(c, f->host, f->vm);
                return f->vm == IX_NONE ? c->s->hosts[f->host].fault_grade : fault ? fault->grade : ~f->value;
        case FACT_PLACES:
                return c->s->rules[f->rule].k;
        case FACT_OTHERS:
                return (int64_t) check_movers(c, f->rule, IX_NONE, &is) - 1;
        case FACT_RATE:
                return check_rate(c, f->vm, f->r);
        case FACT_WAVE:
                for (uint32_t i = 0; i < c->n_moves; i++)
                        if (c->moves[i].move.vm == f->vm && (int64_t) c->moves[i].wave == f->value)
                                return f->value;
                return ~f->value;
        case FACT_REMOTE:
                return check_remote(c, f->vm, f->host);
        case FACT_UNCOVERED:
                return check_reserve(c, f->after).uncovered;
        case FACT_LACKING:
                return check_ppm(check_reserve(c, f->after).lacking, 1024);
        case FACT_SHORT:
                return check_short(c, f->r, f->after);
        case CLAIM_MENDED:
                return check_rule_change(c, f->rule);
        case CLAIM_BETTER_MET:
                return c->p->wish_cost[c->p->wish_of[c->m.vm]][c->m.to] -
                       c->p->wish_cost[c->p->wish_of[c->m.vm]][c->m.from];
        default:
                *ret_known = false;
                return 0;
        }
}

/* Whether a claim is true. *ret_known: the kind is one of claims. */
static inline bool check_claim(SentenceCheck *c, const Fact *f, const char *by, bool *ret_known) {
        const Problem *p = c->p;
        const Costs none = { 0 };
        const Fault *fault;
        Costs change;
        bool is = true;

        *ret_known = true;
        switch (f->kind) {
        case CLAIM_GAIN:
                return by && f->value < 0 && check_change_of(c, by).tier[f->r] == f->value;
        case CLAIM_MOST:
                return check_most(c, f, by);
        case CLAIM_NO_GAIN:
                change = check_change(c);
                return costs_compare(&change, &none) >= 0;
        case CLAIM_OVERFULL:
                return check_load(c, f->host, f->r, false) > check_has(c, f->host, f->r);
        case CLAIM_OVER_LINE:
                return check_held(c, f, f->host, f->r) > check_line(c, f->host, f->r);
        case CLAIM_UNDER_LINE:
                return check_held(c, f, f->host, f->r) < check_line(c, f->host, f->r);
        case CLAIM_IN_LINE:
                for (uint32_t r = 0; r < p->n_res; r++)
                        is &= check_held(c, f, f->host, r) <= check_line(c, f->host, r);
                return is;
        case CLAIM_DENIED:
                return problem_class_denies(p, f->vm, f->host) == REASON_RULE_HOSTS;
        case CLAIM_ALLOWED:
                return problem_class_denies(p, f->vm, f->host) != REASON_RULE_HOSTS;
        case CLAIM_WAIVED:
                return c->s->rules[f->rule].evacuate && c->s->rules[f->rule].must &&
                       problem_leave(p, f->vm, p->home[f->vm]) > 0;
        case CLAIM_SUITS:
                return check_rule_against(&c->s->rules[f->rule], f->vm, c->m.from) &&
                       !check_rule_against(&c->s->rules[f->rule], f->vm, f->host) && f->vm == c->m.vm &&
                       f->host == c->m.to;
        case CLAIM_MOVERS:
                return f->value > 0 && check_movers(c, f->rule, f->vm, &is) == f->value && is;
        case CLAIM_WITH:
                return f->vm != c->m.vm && problem_domain(p, (Level) f->r, c->x->host_of[f->vm]) ==
                                                   problem_domain(p, (Level) f->r, f->host);
        case CLAIM_MUST_LEAVE:
                return c->x->host_of[f->vm] == f->host && p->roles[f->host].evacuate > 0 &&
                       (!p->leave || p->leave[f->vm] > 0);
        case CLAIM_MAINTENANCE:
                return c->s->hosts[f->host].state == HOST_MAINTENANCE;
        case CLAIM_PARTLY:
        case CLAIM_WHOLLY:
                fault = check_fault(c, f->host, f->vm);
                return fault && fault->partly == (f->kind == CLAIM_PARTLY);
        case CLAIM_EMPTY:
                return p->pack && p->pack->cost[f->host] > 0 && check_vms_on(c, c->end, f->host) == 0;
        case CLAIM_LAST:
                return p->pack && p->pack->cost[f->host] > 0 && f->host == c->m.from &&
                       check_vms_on(c, c->x->host_of, f->host) == 1;
        case CLAIM_HOME:
                return p->home[f->vm] == f->host && c->m.to == f->host && f->vm == c->m.vm;
        case CLAIM_NEARER:
                return p->distance[(size_t) p->home[f->vm] * p->n_hosts + f->host] <
                       p->distance[(size_t) p->home[f->vm] * p->n_hosts + c->m.from];
        case CLAIM_HELD:
                return check_remote(c, f->vm, f->host) == 0;
        case CLAIM_WATCHED:
                return p->grade && p->grade[f->host] == 1 && p->home[f->vm] != f->host &&
                       c->x->host_of[f->vm] == f->host;
        case CLAIM_GOES_ON:
        case CLAIM_COMES:
                return check_moves(c, f, false) &&
                       (f->kind == CLAIM_GOES_ON ? f->vm == c->m.vm
                                                 : f->host == c->m.from && f->value > c->moves[c->at].wave);
        case CLAIM_CAME:
                return f->vm == c->m.vm && check_moves(c, f, true);
        case CLAIM_SWAPS:
                for (uint32_t i = 0; i < c->n_moves; i++)
                        if (c->moves[i].move.vm == f->vm && c->moves[i].move.from == c->m.to &&
                            c->moves[i].move.to == c->m.from && (int64_t) c->moves[i].wave == f->value)
                                return true;
                return false;
        case CLAIM_IN_THE_WAY:
                return check_in_the_way(c, f);
        default:
                *ret_known = false;
                return false;
        }
}

static inline bool check_fact(SentenceCheck *c, const Fact *f, const char *by) {
        bool known, is = check_name(c, f, &known);
        int64_t value;

        if (!known) {
                value = check_number(c, f, &known);
                is = known && value == f->value && (fact_is_said(f->kind) || value < 0);
                if (known && !is)
                        return SENTENCE_WRONG(c, "fact of kind %d: %lld is said, %lld is counted",
                                              (int) f->kind, (long long) f->value, (long long) value);
        }
        if (!known)
                is = check_claim(c, f, by, &known);
        if (!known) {
                c->unchecked++;
                return SENTENCE_WRONG(c, "nothing here checks facts of kind %d", (int) f->kind);
        }
        c->seen[f->kind]++;
        return is || SENTENCE_WRONG(c, "fact of kind %d about host %u, VM %u, %u, rule %u (%s) is not true",
                                    (int) f->kind, f->host, f->vm, f->r, f->rule, f->text ? f->text : "");
}

/* ---- English ---- */

static inline bool check_is_percent(FactKind kind) {
        return kind == FACT_SHARE || kind == FACT_LINE || kind == FACT_EVENED || kind == FACT_LACKING;
}

/* said[0..n) reads as the fact: a name, or a number no further from it than its last digit. */
static inline bool check_reads(const Fact *f, const char *said, size_t n) {
        char text[64], *rest = NULL;
        double number, wanted = (double) f->value, step = 1;
        const char *unit = "", *dot;

        if (f->text)
                return strlen(f->text) == n && strncmp(f->text, said, n) == 0;
        if (n == 0 || n >= sizeof(text))
                return false;
        memcpy(text, said, n);
        text[n] = '\0';
        number = strtod(text, &rest);
        dot = memchr(text, '.', (size_t) (rest - text));
        for (const char *d = dot ? dot + 1 : rest; d < rest; d++)
                step /= 10;
        if (check_is_percent(f->kind)) {
                unit = " %";
                wanted /= 10000;
                return strcmp(rest, unit) == 0 && number - wanted <= step / 2 + 1e-9 &&
                       wanted - number <= step / 2 + 1e-9;
        }
        if (f->kind == FACT_WAVE)
                wanted += 1;
        if (f->kind == FACT_RATE || f->unit == UNIT_KBIT) {
                const bool mbit = wanted >= 1000 || wanted <= -1000;

                unit = mbit ? " Mbit/s" : " kbit/s";
                wanted /= mbit ? 1000 : 1;
        } else if (f->unit == UNIT_CORES) {
                unit = " cores";
                wanted /= 10;
        } else if (f->unit == UNIT_MIB) {
                const bool gib = strcmp(rest, " MiB") != 0 && (wanted >= 1024 || wanted <= -1024);

                unit = gib ? " GiB" : " MiB";
                wanted /= gib ? 1024 : 1;
        }
        return strcmp(rest, unit) == 0 && number - wanted <= step && wanted - number <= step;
}

/* Of two shares of one thing, or amounts of memory, that differ no two read the same. */
static inline bool check_reads_apart(const Fact *a, const char *x, size_t n, const Fact *b, const char *y,
                                     size_t m) {
        const bool shares =
                check_is_percent(a->kind) && check_is_percent(b->kind) && a->host == b->host && a->r == b->r;
        const bool memory = a->unit == UNIT_MIB && b->unit == UNIT_MIB && a->kind == b->kind;

        return (!shares && !memory) || a->value == b->value || n != m || strncmp(x, y, n) != 0;
}

/* Of a number before and after the move: it has changed. Else the sentence would show no gain. */
static inline bool check_shows(const Fact *before, const Fact *after) {
        return !check_is_percent(before->kind) || before->kind != after->kind ||
               before->host != after->host || before->r != after->r || before->end || after->end ||
               before->after == after->after || before->value != after->value;
}

/* The text is the clauses' forms, with the facts in their gaps. */
static inline bool check_english(SentenceCheck *c, const Sentence *s, const char *text) {
        const Fact *facts = s->facts;
        const char *at = text;

        for (uint32_t k = 0; k < s->n_clauses; facts += s->clauses[k++].n) {
                const char *form = s->clauses[k].form, *said[SENTENCE_FACTS];
                const Fact *of[SENTENCE_FACTS];
                size_t length[SENTENCE_FACTS];
                uint32_t n = 0;

                if (k > 0 && strncmp(at, "; ", 2) != 0)
                        return SENTENCE_WRONG(c, "clause %u is not there: %s", k, text);
                at += k > 0 ? 2 : 0;
                for (uint32_t i = 0; i < s->clauses[k].n; i++)
                        if (fact_is_said(facts[i].kind))
                                of[n++] = &facts[i];
                for (uint32_t i = 0; i < n; i++) {
                        const char *gap = strstr(form, "{}"), *next;
                        size_t tail;

                        if (!gap || strncmp(at, form, (size_t) (gap - form)) != 0)
                                return SENTENCE_WRONG(c, "no gap for fact %u of clause %u: %s", i, k, text);
                        at += gap - form;
                        form = gap + 2;
                        next = strstr(form, "{}");
                        tail = next ? (size_t) (next - form) : strlen(form);
                        /* the shortest text that reads as the fact and is followed by the form's next words */
                        for (length[i] = 1;
                             !check_reads(of[i], at, length[i]) || strncmp(at + length[i], form, tail) != 0;
                             length[i]++)
                                if (at[length[i]] == '\0')
                                        return SENTENCE_WRONG(c, "fact %u of clause %u reads wrongly: %s", i,
                                                              k, text);
                        said[i] = at;
                        for (uint32_t j = 0; j < i; j++)
                                if (!check_reads_apart(of[i], said[i], length[i], of[j], said[j], length[j]))
                                        return SENTENCE_WRONG(c, "what differs reads the same: %s", text);
                        for (uint32_t j = 0; j < i; j++)
                                if (!check_shows(of[j], of[i]))
                                        return SENTENCE_WRONG(c, "the same before and after: %s", text);
                        at += length[i];
                }
                if (strstr(form, "{}") || strncmp(at, form, strlen(form)) != 0)
                        return SENTENCE_WRONG(c, "clause %u does not end as its form: %s", k, text);
                at += strlen(form);
        }
        return *at == '\0' || SENTENCE_WRONG(c, "words after the last clause: %s", text);
}

/* ---- sentences ---- */

static inline bool check_is_stop_over(const Sentence *s) {
        for (uint32_t i = 0; i < s->n_facts; i++)
                if (s->facts[i].kind == CLAIM_GOES_ON || s->facts[i].kind == CLAIM_CAME)
                        return true;
        return false;
}

/* It makes room for another. */
static inline bool check_makes_room(const Sentence *s) {
        for (uint32_t i = 0; i < s->n_facts; i++)
                if (s->facts[i].kind == CLAIM_COMES)
                        return true;
        return false;
}

/* In the first tier in which the move gains, nobody gains more than who speaks. (What only the plan itself broke
 * is no reason: there another may speak.) */
static inline bool check_speaker(SentenceCheck *c, const Sentence *s) {
        const Costs change = check_change(c), *changes = check_changes(c);
        Cost most = 0, own;
        int t = 0;

        while (t < TIER_N && change.tier[t] == 0)
                t++;
        if (t == TIER_N || change.tier[t] > 0 || (t == TIER_REPAIR && !c->began_broken))
                return true;
        if (!s->by)
                return check_is_stop_over(s) || check_makes_room(s) ||
                       SENTENCE_WRONG(c, "it gains by itself, and no policy says so");
        own = check_change_of(c, s->by).tier[t];
        for (uint32_t i = 0; i < c->policies.n; i++)
                most = changes[i].tier[t] < most ? changes[i].tier[t] : most;
        return own == most || SENTENCE_WRONG(c, "%s gains %lld in %s, another %lld", s->by, (long long) own,
                                             tier_names[t], (long long) most);
}

/* All facts of the sentence are true, and `text` says them. Numbers or claims there are, at least one. */
static inline bool sentence_holds(SentenceCheck *c, const Sentence *s, const char *text) {
        bool any = false;

        c->wrong[0] = '\0';
        c->counted = false;
        c->sentences++;
        if (!s) {
                c->unchecked++;
                return SENTENCE_WRONG(c, "a sentence without data");
        }
        for (uint32_t i = 0; i < s->n_facts; i++) {
                if (!check_fact(c, &s->facts[i], s->by))
                        return false;
                any |= s->facts[i].kind >= FACT_SHARE;
        }
        if (!any)
                return SENTENCE_WRONG(c, "names alone: nothing is counted or claimed");
        return check_english(c, s, text) && (!c->moves || check_speaker(c, s));
}
