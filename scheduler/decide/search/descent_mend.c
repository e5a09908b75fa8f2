/* SPDX-License-Identifier: Apache-2.0 */
/* What shifts and swaps with the best partners cannot do for a VM that should leave its host: any host at
 * all, an exchange with any VM of a host that takes it, a chain (another VM makes room there by going to a
 * third host), and for a group that must stay together the move of all of it, its VMs one after the other.
 *
 * Rules are judged when a block has been moved, from their definition: none may be broken further than
 * before.
 */
#include <errno.h>

#include "scheduler/decide/search/descent.h"

#define TARGETS     48 /* hosts tried for an exchange or a chain: those that lack least for the VM */
#define THIRDS      32 /* hosts that take in the VM that makes room: those with most of what is scarce */
#define EVICTED_MAX 4  /* VMs that make room for one */
#define BLOCK_MAX   64 /* VMs of a block */

typedef struct Ranked {
        HostIx host;
        double key;
} Ranked;

typedef struct Ranking {
        Ranked at[TARGETS];
        uint32_t n, most;
} Ranking;

/* Least keys first, ties by index. */
static void descent_mend_rank(Ranking *r, HostIx h, double key) {
        uint32_t at;

        if (r->n == r->most && key >= r->at[r->n - 1].key)
                return;
        at = r->n < r->most ? r->n++ : r->most - 1;
        for (; at > 0 && r->at[at - 1].key > key; at--)
                r->at[at] = r->at[at - 1];
        r->at[at] = (Ranked){ h, key };
}

/* What h lacks to take v, as a share of its capacity; 0: nothing. */
static double descent_mend_lack(const Evaluator *e, VmIx v, HostIx h) {
        const Problem *p = e->problem;
        const int64_t *need = problem_need(p, v), *room = e->room + (size_t) h * p->n_res;
        double sum = 0;

        for (uint32_t r = 0; e->terms->capacity && r < p->n_res; r++)
                if (need[r] > 0 && need[r] > room[r])
                        sum += (double) (need[r] - room[r]) / ((double) problem_capacity(p, h)[r] + 1);
        return sum;
}

/* The same when w is gone from there. */
static double lack_without(const Evaluator *e, VmIx v, VmIx w, HostIx h) {
        const Problem *p = e->problem;
        const int64_t *need = problem_need(p, v), *less = problem_need(p, w);
        const int64_t *room = e->room + (size_t) h * p->n_res;
        double sum = 0;

        for (uint32_t r = 0; e->terms->capacity && r < p->n_res; r++)
                if (need[r] > 0 && need[r] > room[r] + less[r])
                        sum += (double) (need[r] - room[r] - less[r]) /
                               ((double) problem_capacity(p, h)[r] + 1);
        return sum;
}

/* Does it help to take w away? */
static bool makes_room(const Evaluator *e, VmIx v, VmIx w, HostIx h) {
        const Problem *p = e->problem;
        const int64_t *need = problem_need(p, v), *less = problem_need(p, w);

        for (uint32_t r = 0; e->terms->capacity && r < p->n_res; r++)
                if (need[r] > 0 && need[r] > e->room[(size_t) h * p->n_res + r] + less[r])
                        return false;
        return true;
}

static int change_make(Descent *d, const Change *c) {
        const HostIx from = d->s->e->x->host_of[c->vm];
        int r = descent_move(d, (Move){ c->vm, from, c->to });

        if (r == 0 && c->other != IX_NONE)
                r = descent_move(d, (Move){ c->other, c->to, from });
        return r < 0 ? r : 1;
}

static int shift_anywhere(Descent *d, VmIx v) {
        const HostIx from = d->s->e->x->host_of[v];
        Change best = { .vm = IX_NONE };

        for (uint32_t i = 0; i < d->n; i++)
                if (d->mine[i] != from)
                        descent_try_shift(d, v, d->mine[i], &best);
        return best.vm != IX_NONE ? change_make(d, &best) : 0;
}

/* The hosts that may take v if they had room, those that lack least first. */
static void targets_rank(const Descent *d, VmIx v, Ranking *ret) {
        const Evaluator *e = d->s->e;

        *ret = (Ranking){ .most = TARGETS };
        d->s->work += d->n / 4;
        for (uint32_t i = 0; i < d->n; i++)
                if (d->mine[i] != e->x->host_of[v] && hot_denied(e, v, d->mine[i]) == REASON_NONE)
                        descent_mend_rank(ret, d->mine[i], descent_mend_lack(e, v, d->mine[i]));
}

static int descent_mend_exchange(Descent *d, VmIx v, const Ranking *targets) {
        Change best = { .vm = IX_NONE };

        for (uint32_t i = 0; i < targets->n && !search_state_stopped(d->s); i++) {
                const VmsOnHost *vms_on_host = &d->columns->vms_on_host[targets->at[i].host];

                for (uint32_t k = 0; k < vms_on_host->n; k++)
                        if (makes_room(d->s->e, v, vms_on_host->at[k].vm, targets->at[i].host))
                                descent_try_swap(d, v, vms_on_host->at[k].vm, &best);
        }
        return best.vm != IX_NONE ? change_make(d, &best) : 0;
}

/* ---- chains ---- */

typedef struct Chain {
        Costs delta;
        Move first, then; /* first makes room for then; first.vm IX_NONE: none found */
} Chain;

/* The hosts with most room for w. */
static void thirds_rank(const Descent *d, VmIx w, Ranking *ret) {
        const Evaluator *e = d->s->e;
        const Problem *p = e->problem;

        *ret = (Ranking){ .most = THIRDS };
        d->s->work += d->n / 4;
        for (uint32_t i = 0; i < d->n; i++) {
                const HostIx h = d->mine[i];
                double fullest = 0;

                if (h == e->x->host_of[w] || p->roles[h].no_entry != REASON_NONE ||
                    descent_mend_lack(e, w, h) > 0)
                        continue;
                for (uint32_t r = 0; r < p->n_res; r++) {
                        const double share = (double) assignment_load(e->x, h)[r] /
                                             ((double) problem_capacity(p, h)[r] + 1);

                        fullest = share > fullest ? share : fullest;
                }
                descent_mend_rank(ret, h, fullest);
        }
}

/* w goes from `to` to the best third host; then v may come. */
static void chain_try(Descent *d, VmIx v, HostIx to, VmIx w, Chain *best) {
        SearchState *s = d->s;
        const HostIx from = s->e->x->host_of[v];
        Change aside = { .vm = IX_NONE };
        bool found = false;
        Ranking thirds;
        Move first;
        Costs delta;

        if (!search_state_affords(s, w))
                return;
        thirds_rank(d, w, &thirds);
        for (uint32_t i = 0; i < thirds.n; i++) {
                const Move m = { w, to, thirds.at[i].host };

                s->evaluations++;
                if (m.to == from || hot_refuse(s->e, m) != REASON_NONE)
                        continue;
                delta = hot_delta(s->e, m);
                if (aside.vm == IX_NONE || costs_compare(&delta, &aside.delta) < 0)
                        aside = (Change){ delta, w, IX_NONE, m.to };
        }
        if (aside.vm == IX_NONE)
                return;
        first = (Move){ w, to, aside.to };
        evaluator_move(s->e, first);
        if (search_state_affords(s, v) && hot_refuse(s->e, (Move){ v, from, to }) == REASON_NONE) {
                const Costs second = hot_delta(s->e, (Move){ v, from, to });

                delta = costs_add(aside.delta, second);
                found = true;
        }
        evaluator_move(s->e, (Move){ w, first.to, first.from });
        if (found && s->e->reserve)
                found = evaluator_reserve(s->e, (Move[]){ first, { v, from, to } }, 2, &delta) == REASON_NONE;
        if (found && descent_gains(d, &delta) && costs_compare(&delta, &best->delta) < 0)
                *best = (Chain){ delta, first, { v, from, to } };
}

static int descent_mend_chain(Descent *d, VmIx v, const Ranking *targets) {
        Chain best = { .first = { .vm = IX_NONE } };
        int r;

        for (uint32_t i = 0; i < targets->n; i++) {
                const VmsOnHost *vms_on_host = &d->columns->vms_on_host[targets->at[i].host];

                for (uint32_t k = 0; k < vms_on_host->n && !search_state_stopped(d->s); k++)
                        if (makes_room(d->s->e, v, vms_on_host->at[k].vm, targets->at[i].host))
                                chain_try(d, v, targets->at[i].host, vms_on_host->at[k].vm, &best);
        }
        if (best.first.vm == IX_NONE)
                return 0;
        r = descent_move(d, best.first);
        if (r == 0)
                r = descent_move(d, best.then);
        return r < 0 ? r : 1;
}

/* ---- several make room ---- */

typedef struct Block {
        const Group *group;
        Level level;
        Costs delta;
        Move moves[BLOCK_MAX];
        uint32_t n; /* 0: none found */
} Block;

static void block_undo(Evaluator *e, const Block *b) {
        for (uint32_t i = b->n; i-- > 0;)
                evaluator_move(e, (Move){ b->moves[i].vm, b->moves[i].to, b->moves[i].from });
}

static bool block_add(Evaluator *e, Block *b, Move m) {
        if (b->n == BLOCK_MAX)
                return false;
        b->moves[b->n++] = m;
        evaluator_move(e, m);
        return true;
}

static int block_make(Descent *d, const Block *b) {
        for (uint32_t i = 0; i < b->n; i++) {
                const int r = descent_move(d, b->moves[i]);

                if (r < 0)
                        return r;
        }
        return b->n > 0;
}

/* The third host where w costs least, or IX_NONE. */
static HostIx third_for(Descent *d, VmIx w) {
        SearchState *s = d->s;
        const HostIx from = s->e->x->host_of[w];
        HostIx best = IX_NONE;
        Costs least = { 0 };
        Ranking thirds;

        thirds_rank(d, w, &thirds);
        for (uint32_t i = 0; i < thirds.n; i++) {
                const Move m = { w, from, thirds.at[i].host };
                Costs delta;

                s->evaluations++;
                if (hot_refuse(s->e, m) != REASON_NONE)
                        continue;
                delta = hot_delta(s->e, m);
                if (best == IX_NONE || costs_compare(&delta, &least) < 0) {
                        best = m.to;
                        least = delta;
                }
        }
        return best;
}

/* VMs leave `to` until v fits: of those that can go, each time the one of which least lacks afterwards. */
static void eviction_try(Descent *d, VmIx v, HostIx to, Block *best) {
        SearchState *s = d->s;
        Evaluator *e = s->e;
        const VmsOnHost *vms_on_host = &d->columns->vms_on_host[to];
        const HostIx from = e->x->host_of[v];
        const Costs before = e->cost;
        Block b = { .n = 0 };

        while (descent_mend_lack(e, v, to) > 0 && b.n < EVICTED_MAX) {
                Move out = { .vm = IX_NONE };
                double least = descent_mend_lack(e, v, to);

                for (uint32_t k = 0; k < vms_on_host->n && !search_state_stopped(s); k++) {
                        const VmIx w = vms_on_host->at[k].vm;
                        const double left = e->x->host_of[w] == to ? lack_without(e, v, w, to) : least;
                        const HostIx third =
                                left < least && search_state_affords(s, w) ? third_for(d, w) : IX_NONE;

                        if (third == IX_NONE)
                                continue;
                        out = (Move){ w, to, third };
                        least = left;
                }
                if (out.vm == IX_NONE || !block_add(e, &b, out))
                        break;
        }
        if (search_state_affords(s, v) && hot_refuse(e, (Move){ v, from, to }) == REASON_NONE) {
                (void) block_add(e, &b, (Move){ v, from, to });
                b.delta = costs_minus(e->cost, &before);
                if (descent_gains(d, &b.delta) && (best->n == 0 || costs_compare(&b.delta, &best->delta) < 0))
                        *best = b;
        }
        block_undo(e, &b);
}

static int descent_mend_eviction(Descent *d, VmIx v, const Ranking *targets) {
        Block best = { .n = 0 };

        for (uint32_t i = 0; i < targets->n && !d->s->e->reserve && !search_state_stopped(d->s); i++)
                eviction_try(d, v, targets->at[i].host, &best);
        return block_make(d, &best);
}

/* ---- blocks ---- */

/* By itself it may go there, and there is room: rules are asked when all have moved. */
static bool descent_mend_may_go(const Evaluator *e, Move m) {
        const int64_t *need = problem_need(e->problem, m.vm);

        if (hot_denied(e, m.vm, m.to) != REASON_NONE)
                return false;
        for (uint32_t r = 0; e->terms->capacity && r < e->problem->n_res; r++)
                if (room_refuse(e, m.to, r, need[r], m.to == e->problem->home[m.vm]) != REASON_NONE)
                        return false;
        return true;
}

/* The best host of the domain for v, or IX_NONE. */
static HostIx place_in(Descent *d, Level level, uint32_t domain, VmIx v) {
        const Evaluator *e = d->s->e;
        HostIx best = IX_NONE;
        Costs least = { 0 };

        for (uint32_t i = 0; i < d->n; i++) {
                const Move m = { v, e->x->host_of[v], d->mine[i] };
                Costs delta;

                if (problem_domain(e->problem, level, m.to) != domain)
                        continue;
                d->s->evaluations++;
                if (!descent_mend_may_go(e, m))
                        continue;
                delta = hot_delta(e, m);
                if (best == IX_NONE || costs_compare(&delta, &least) < 0) {
                        best = m.to;
                        least = delta;
                }
        }
        return best;
}

/* Moves every VM of the group that is elsewhere into the domain. False: it cannot be; then nothing is moved.
 */
static bool block_move(Descent *d, Block *b, uint32_t domain) {
        SearchState *s = d->s;
        Evaluator *e = s->e;
        const Costs before = e->cost;

        b->n = 0;
        for (uint32_t i = 0; i < b->group->n_vms; i++) {
                const VmIx v = b->group->vms[i];
                const HostIx from = e->x->host_of[v];
                HostIx to;

                if (problem_domain(e->problem, b->level, from) == domain)
                        continue;
                to = b->n < BLOCK_MAX && search_state_affords(s, v)
                             ? b->level == LEVEL_HOST
                                       ? descent_mend_may_go(e, (Move){ v, from, domain }) ? domain : IX_NONE
                                       : place_in(d, b->level, domain, v)
                             : IX_NONE;
                if (to == IX_NONE) {
                        block_undo(e, b);
                        return false;
                }
                b->moves[b->n] = (Move){ v, from, to };
                evaluator_move(e, b->moves[b->n++]);
        }
        b->delta = costs_minus(e->cost, &before);
        return true;
}

static bool rule_concerns(const RuleCounts *k, const GroupRule *rule, const Move *moves, uint32_t n_moves) {
        for (uint32_t i = 0; i < n_moves; i++)
                for (uint32_t n = k->start[moves[i].vm]; n < k->start[moves[i].vm + 1]; n++) {
                        const uint32_t group = k->counters[k->of[n]].group;

                        if (group == rule->group ||
                            (rule_has_two_groups(rule->kind) && group == rule->group_b))
                                return true;
                }
        return false;
}

static bool moves_waived(const Problem *p, const GroupRule *rule, const Move *moves, uint32_t n) {
        for (uint32_t i = 0; i < n; i++)
                if (!rule_waived_for(p, rule, moves[i].vm))
                        return false;
        return true;
}

bool moves_break_rules(Evaluator *e, const Move *moves, uint32_t n) {
        const Problem *p = e->problem;

        for (uint32_t i = 0; e->rules.start && i < e->terms->n_rules; i++) {
                const GroupRule *rule = e->terms->rules[i].rule;
                int64_t now, before;

                if (!rule->must || !rule_concerns(&e->rules, rule, moves, n) ||
                    moves_waived(p, rule, moves, n))
                        continue;
                now = rule_broken(p, rule, e->x);
                if (now == 0)
                        continue;
                for (uint32_t k = n; k-- > 0;)
                        evaluator_move(e, (Move){ moves[k].vm, moves[k].to, moves[k].from });
                before = rule_broken(p, rule, e->x);
                for (uint32_t k = 0; k < n; k++)
                        evaluator_move(e, moves[k]);
                if (now > before)
                        return true;
        }
        return false;
}

/* The block has been moved: is less covered than before, and by VMs that may not cost that? */
static bool breaks_reserve(const Evaluator *e, const Block *b, ReserveMeasure before) {
        if (!e->reserve || !reserve_exceeds(reserve_measure(e->reserve), before))
                return false;
        for (uint32_t i = 0; i < b->n; i++)
                if (e->problem->reserve->spends[b->moves[i].vm])
                        return false;
        return true;
}

static void block_try(Descent *d, Block *b, uint32_t domain, Block *best) {
        const Reserve *reserve = d->s->e->reserve;
        const ReserveMeasure before = reserve ? reserve_measure(reserve) : (ReserveMeasure){ 0 };

        d->s->work += b->group->n_vms / 4;
        if (!block_move(d, b, domain))
                return;
        d->s->work += d->s->e->terms->n_rules;
        if (b->n > 0 && descent_gains(d, &b->delta) &&
            (best->n == 0 || costs_compare(&b->delta, &best->delta) < 0) &&
            !moves_break_rules(d->s->e, b->moves, b->n) && !breaks_reserve(d->s->e, b, before))
                *best = *b;
        block_undo(d->s->e, b);
}

static int descent_mend_block(Descent *d, const Group *group, Level level) {
        const Problem *p = d->s->e->problem;
        const uint32_t n = level == LEVEL_HOST ? p->n_hosts : p->n_domains[level];
        Block b = { .group = group, .level = level }, best = { .n = 0 };

        for (uint32_t domain = 0; domain < n && !search_state_stopped(d->s); domain++)
                block_try(d, &b, domain, &best);
        return block_make(d, &best);
}

/* The best host for v where others of the group are already, but for `domain`; IX_NONE: none takes it. */
static HostIx span_place(Descent *d, const Block *b, uint32_t domain, VmIx v) {
        const Evaluator *e = d->s->e;
        const Problem *p = e->problem;
        HostIx best = IX_NONE;
        Costs least = { 0 };

        for (uint32_t i = 0; i < b->group->n_vms; i++) {
                const Move m = { v, e->x->host_of[v], e->x->host_of[b->group->vms[i]] };
                Costs delta;

                if (m.to == m.from || problem_domain(p, b->level, m.to) == domain ||
                    rule_skips(p, RULE_SPAN, m.to) || !descent_mend_may_go(e, m))
                        continue;
                d->s->evaluations++;
                delta = hot_delta(e, m);
                if (best == IX_NONE || costs_compare(&delta, &least) < 0) {
                        best = m.to;
                        least = delta;
                }
        }
        return best;
}

/* A group in more places than it may be leaves v's: all of it that is there, to where others of it are. */
static int descent_mend_span(Descent *d, const Group *group, Level level, VmIx v) {
        SearchState *s = d->s;
        Evaluator *e = s->e;
        const Problem *p = e->problem;
        const uint32_t domain = problem_domain(p, level, e->x->host_of[v]);
        const Reserve *reserve = e->reserve;
        const ReserveMeasure before = reserve ? reserve_measure(reserve) : (ReserveMeasure){ 0 };
        const Costs cost = e->cost;
        Block b = { .group = group, .level = level };
        bool moved = true;

        s->work += group->n_vms;
        for (uint32_t i = 0; i < group->n_vms && moved; i++) {
                const HostIx from = e->x->host_of[group->vms[i]];
                HostIx to;

                if (problem_domain(p, level, from) != domain || rule_skips(p, RULE_SPAN, from))
                        continue;
                to = search_state_affords(s, group->vms[i]) ? span_place(d, &b, domain, group->vms[i])
                                                            : IX_NONE;
                moved = to != IX_NONE && block_add(e, &b, (Move){ group->vms[i], from, to });
        }
        b.delta = costs_minus(e->cost, &cost);
        moved = moved && b.n > 0 && descent_gains(d, &b.delta) && !moves_break_rules(e, b.moves, b.n) &&
                !breaks_reserve(e, &b, before);
        block_undo(e, &b);
        return moved ? block_make(d, &b) : 0;
}

/* For each rule that keeps v together with others. */
static int descent_mend_blocks(Descent *d, VmIx v) {
        const RuleCounts *k = &d->s->e->rules;
        int r = 0;

        for (uint32_t i = k->start ? k->start[v] : 0; k->start && i < k->start[v + 1] && r == 0; i++) {
                const Counter *c = &k->counters[k->of[i]];
                bool together = false, span = false;

                for (uint32_t u = 0; u < c->n_uses; u++)
                        span |= c->uses[u].kind == RULE_SPAN && c->uses[u].must && c->occupied > c->uses[u].k;
                for (uint32_t u = 0; u < c->n_uses; u++)
                        together |= c->uses[u].kind == RULE_TOGETHER && c->uses[u].must;
                if (span)
                        r = descent_mend_span(d, &d->s->e->problem->groups[c->group], c->level, v);
                if (r == 0 && together)
                        r = descent_mend_block(d, &d->s->e->problem->groups[c->group], c->level);
        }
        return r;
}

/* ---- who is to go ---- */

static bool descent_mend_ails(const Descent *d, VmIx v, HostIx h) {
        const Evaluator *e = d->s->e;

        if (d->phase == TIER_EVACUATE)
                return e->problem->roles[h].evacuate > 0;
        if (e->hosts[h].tier[TIER_REPAIR] > 0)
                return true;
        if (e->misplaceable && problem_class_denies(e->problem, v, h) == REASON_RULE_HOSTS)
                return true;
        return rule_counts_touch(&e->rules, v) && rule_counts_needs_repair(&e->rules, v, h);
}

static int vm_mend(Descent *d, VmIx v) {
        Ranking targets;
        int r = shift_anywhere(d, v);

        if (r != 0)
                return r;
        targets_rank(d, v, &targets);
        r = descent_mend_exchange(d, v, &targets);
        if (r == 0)
                r = descent_mend_chain(d, v, &targets);
        if (r == 0)
                r = descent_mend_eviction(d, v, &targets);
        if (r == 0)
                r = descent_mend_blocks(d, v);
        return r;
}

int descent_mend(Descent *d, HostIx h) {
        const VmsOnHost *vms_on_host = &d->columns->vms_on_host[h];
        int r = 0;

        for (uint32_t i = 0; i < vms_on_host->n && r == 0 && !search_state_stopped(d->s); i++)
                if (descent_mend_ails(d, vms_on_host->at[i].vm, h))
                        r = vm_mend(d, vms_on_host->at[i].vm);
        return r;
}
