/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/decide/whynot/conflict_search.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/decide/cost/terms.h"

/* VMs of a rule "apart" that are matched with places; of more only the places are counted. */
#define MATCHED_MAX 256

/* One rule while VMs are put in place. */
typedef struct Tally {
        uint32_t *count, *others; /* [domain] of its VMs, of the others */
        uint32_t left, others_left, occupied;
        uint32_t lonely; /* domains with its VMs and none of the others */
} Tally;

/* Where a VM stands in a rule that is asked to hold: what is looked at whenever it is put somewhere. */
typedef struct Stand {
        Tally *tally;
        const uint32_t *domains; /* [host]; NULL: each host is one */
        const Rule *rule;
        bool other; /* among its near_vms */
} Stand;

typedef struct Seeking {
        Arena *arena;
        const ConflictSpace *space;
        const ConflictSet *set;
        uint32_t words;
        uint64_t *allowed; /* [vm × words] bits of hosts */
        Tally *tallies;    /* [rule] */
        Stand *stands;     /* of VM v those from start[v] to start[v + 1] */
        uint32_t *start;
        int64_t *room;   /* [host × res] left; NULL: none is limited */
        uint32_t *on;    /* [host] VMs put there */
        HostIx *alike;   /* [host] the last one before it that is like it, or IX_NONE */
        uint32_t *order; /* [vm] */
        HostIx *at;      /* [vm] */
        uint64_t *steps;
        uint64_t *work; /* since time was asked for */
        bool *cut;      /* time is up */
} Seeking;

/* So many VMs on hosts are looked at between two looks at the time. */
#define WORK_A_LOOK 8192

static bool conflict_search_is_cut(const Seeking *k, uint64_t work) {
        *k->work += work + 1;
        if (*k->work >= WORK_A_LOOK && !*k->cut) {
                *k->work = 0;
                *k->cut = time_limit_is_up(k->space->time);
        }
        return *k->cut;
}

static uint64_t *allowed_of(const Seeking *k, uint32_t vm) {
        return k->allowed + (size_t) vm * k->words;
}

static bool is_allowed(const Seeking *k, uint32_t vm, HostIx h) {
        return allowed_of(k, vm)[h / 64] >> (h % 64) & 1;
}

static uint32_t n_allowed(const Seeking *k, uint32_t vm) {
        uint32_t n = 0;

        for (uint32_t w = 0; w < k->words; w++)
                for (uint64_t bits = allowed_of(k, vm)[w]; bits != 0; bits &= bits - 1)
                        n++;
        return n;
}

/* ---- where each VM may be by itself ---- */

bool conflict_holds(const Problem *p, VmIx v) {
        return reason_is_of_vm(p->pinned[v]) || p->pinned[v] == REASON_LOCAL_DISK;
}

static bool is_open(const Seeking *k, uint32_t value, HostIx h) {
        const Problem *p = k->space->p;
        const VmIx vm = k->space->vms[value];
        Reason why;

        if (p->home[vm] == h)
                return true;
        if (k->set->held[value] && conflict_holds(p, vm))
                return false;
        if (k->set->closed[h] && p->roles[h].no_entry != REASON_NONE)
                return false;
        why = problem_class_denies(p, vm, h);
        return !k->set->bound[value] || why == REASON_NONE || why == REASON_RULE_HOSTS;
}

static void allow_by_rule(const Seeking *k, const ConflictRule *rule, uint64_t *named) {
        const Rule *written = rule->written;

        memset(named, 0, sizeof(*named) * k->words);
        for (uint32_t i = 0; i < written->n_hosts; i++)
                named[written->hosts[i] / 64] |= UINT64_C(1) << (written->hosts[i] % 64);
        for (uint32_t i = 0; i < rule->n_vms; i++)
                for (uint32_t w = 0; w < k->words; w++)
                        allowed_of(k, rule->vms[i])[w] &= written->kind == RULE_ON ? named[w] : ~named[w];
}

static bool is_about_hosts(const ConflictRule *rule) {
        return rule_is_about_hosts(rule->written);
}

static int begin_allowed(Seeking *k) {
        const ConflictSpace *space = k->space;
        const uint32_t n_hosts = space->p->n_hosts;
        uint64_t *named;

        k->words = n_hosts / 64 + 1;
        named = arena_new(k->arena, uint64_t, k->words);
        k->allowed = arena_new(k->arena, uint64_t, (size_t) space->n_vms * k->words);
        if (!named || !k->allowed)
                return -ENOMEM;
        for (uint32_t v = 0; v < space->n_vms && !conflict_search_is_cut(k, n_hosts); v++)
                for (HostIx h = 0; h < n_hosts; h++)
                        if (is_open(k, v, h))
                                allowed_of(k, v)[h / 64] |= UINT64_C(1) << (h % 64);
        for (uint32_t i = 0; i < space->n_rules && !conflict_search_is_cut(k, 0); i++)
                if (k->set->rules[i] && is_about_hosts(&space->rules[i]))
                        allow_by_rule(k, &space->rules[i], named);
        return 0;
}

/* ---- counting ---- */

/* places[d] is set for each domain that some VM of the rule may be in. */
static uint32_t conflict_search_count_places(const Seeking *k, const ConflictRule *rule, bool *places) {
        const Problem *p = k->space->p;
        uint32_t n = 0;

        for (HostIx h = 0; h < p->n_hosts; h++) {
                const uint32_t d = problem_domain(p, rule->written->level, h);

                if (conflict_search_is_cut(k, rule->n_vms))
                        break;
                for (uint32_t i = 0; i < rule->n_vms && !places[d]; i++)
                        if (is_allowed(k, rule->vms[i], h)) {
                                places[d] = true;
                                n++;
                        }
        }
        return n;
}

typedef struct Matching {
        uint32_t *of;    /* [domain] the VM (of the rule) it is given to, + 1 */
        uint32_t *round; /* [domain] when it was last looked at */
} Matching;

/* Kuhn: a place for the i-th VM of the rule, others moving on. Depth: at most MATCHED_MAX. */
static bool conflict_search_find_place(const Seeking *k, const ConflictRule *rule, const Matching *m,
                                       uint32_t i, uint32_t round) {
        const Problem *p = k->space->p;

        for (HostIx h = 0; h < p->n_hosts; h++) {
                const uint32_t d = problem_domain(p, rule->written->level, h);

                if (m->round[d] == round || !is_allowed(k, rule->vms[i], h))
                        continue;
                if (conflict_search_is_cut(k, p->n_hosts))
                        return false;
                m->round[d] = round;
                if (m->of[d] == 0 || conflict_search_find_place(k, rule, m, m->of[d] - 1, round)) {
                        m->of[d] = i + 1;
                        return true;
                }
        }
        return false;
}

/* 1: each VM of the rule can have a place of its own, as far as this rule goes; 0: it cannot. */
static int can_be_apart(const Seeking *k, const ConflictRule *rule, uint32_t n_places) {
        const uint32_t n = k->space->p->n_domains[rule->written->level];
        Matching m = { .of = arena_new(k->arena, uint32_t, n), .round = arena_new(k->arena, uint32_t, n) };

        if (!m.of || !m.round)
                return -ENOMEM;
        if (rule->n_vms > n_places)
                return 0;
        for (uint32_t i = 0; i < rule->n_vms && rule->n_vms <= MATCHED_MAX; i++)
                if (!conflict_search_find_place(k, rule, &m, i, i + 1))
                        return 0;
        return 1;
}

/* The hosts open to the rule's VMs have, in sum, what these need. */
static bool conflict_search_has_room(const Seeking *k, const ConflictRule *rule) {
        const Problem *p = k->space->p;

        for (uint32_t r = 0; r < p->n_res && k->room && !*k->cut; r++) {
                __int128 need = 0, room = 0;

                for (uint32_t i = 0; i < rule->n_vms; i++)
                        need += problem_need(p, k->space->vms[rule->vms[i]])[r];
                for (HostIx h = 0; h < p->n_hosts; h++) {
                        bool open = false;

                        if (conflict_search_is_cut(k, rule->n_vms))
                                return true;
                        for (uint32_t i = 0; i < rule->n_vms && !open; i++)
                                open = is_allowed(k, rule->vms[i], h);
                        if (open && !k->set->room[h])
                                return true;
                        if (open && k->room[(size_t) h * p->n_res + r] > 0)
                                room += k->room[(size_t) h * p->n_res + r];
                }
                if (need > 0 && need > room)
                        return false;
        }
        return true;
}

/* 1: no rule by itself is against it; 0: one is. */
static int rule_counts_out(const Seeking *k, const ConflictRule *rule) {
        const ArenaMark mark = arena_mark(k->arena);
        const RuleKind kind = rule->written->kind;
        bool *places;
        uint32_t n;
        int r = 1;

        if (kind == RULE_ON)
                return conflict_search_has_room(k, rule);
        if (kind != RULE_APART && kind != RULE_SPREAD)
                return 1;
        places = arena_new(k->arena, bool, k->space->p->n_domains[rule->written->level]);
        if (!places)
                return -ENOMEM;
        n = conflict_search_count_places(k, rule, places);
        if (kind == RULE_APART)
                r = can_be_apart(k, rule, n);
        else
                r = rule->written->k <= n && rule->written->k <= rule->n_vms;
        arena_rewind(k->arena, mark);
        return r;
}

/* 1: counting finds nothing against it; 0: it does. */
static int counts_out(const Seeking *k) {
        int r = 1;

        for (uint32_t v = 0; v < k->space->n_vms && !conflict_search_is_cut(k, k->words); v++)
                if (n_allowed(k, v) == 0)
                        return 0;
        for (uint32_t i = 0; i < k->space->n_rules && r > 0 && !conflict_search_is_cut(k, 0); i++)
                if (k->set->rules[i])
                        r = rule_counts_out(k, &k->space->rules[i]);
        return r;
}

/* ---- trying ---- */

static int begin_stands(Seeking *k) {
        const ConflictSpace *space = k->space;
        uint32_t n = 0;

        k->stands = arena_new(k->arena, Stand, space->start[space->n_vms]);
        k->start = arena_new(k->arena, uint32_t, (size_t) space->n_vms + 1);
        if (!k->stands || !k->start)
                return -ENOMEM;
        for (uint32_t v = 0; v < space->n_vms; v++) {
                for (uint32_t i = space->start[v]; i < space->start[v + 1]; i++) {
                        const ConflictPart *part = &space->parts[i];
                        const Rule *rule = space->rules[part->rule].written;

                        if (k->set->rules[part->rule])
                                k->stands[n++] = (Stand){ &k->tallies[part->rule],
                                                          space->p->domain[rule->level], rule, part->other };
                }
                k->start[v + 1] = n;
        }
        return 0;
}

static int begin_tallies(Seeking *k) {
        const ConflictSpace *space = k->space;

        k->tallies = arena_new(k->arena, Tally, space->n_rules);
        if (!k->tallies)
                return -ENOMEM;
        for (uint32_t i = 0; i < space->n_rules; i++) {
                const ConflictRule *rule = &space->rules[i];
                const uint32_t n = space->p->n_domains[rule->written->level];
                Tally *t = &k->tallies[i];

                if (!k->set->rules[i] || is_about_hosts(rule))
                        continue;
                t->count = arena_new(k->arena, uint32_t, n);
                t->others = arena_new(k->arena, uint32_t, n);
                t->left = rule->n_vms;
                t->others_left = rule->n_others;
                if (!t->count || !t->others)
                        return -ENOMEM;
        }
        return 0;
}

/* What hosts have for VMs: not less than those that are there take now, however full they are. */
static int begin_room(Seeking *k) {
        const Problem *p = k->space->p;
        bool any = false;

        for (HostIx h = 0; h < p->n_hosts; h++)
                any |= k->set->room[h];
        if (!any)
                return 0;
        k->room = arena_new(k->arena, int64_t, (size_t) p->n_hosts * p->n_res);
        if (!k->room)
                return -ENOMEM;
        for (VmIx v = 0; v < p->n_vms; v++)
                for (uint32_t r = 0; r < p->n_res && p->home[v] != IX_NONE; r++)
                        k->room[(size_t) p->home[v] * p->n_res + r] += problem_need(p, v)[r];
        for (size_t i = 0; i < (size_t) p->n_hosts * p->n_res; i++)
                if (k->room[i] < p->capacity[i] - p->base[i])
                        k->room[i] = p->capacity[i] - p->base[i];
        return 0;
}

static bool are_alike(const Seeking *k, HostIx left, HostIx right) {
        const Problem *p = k->space->p;

        if (rule_skips(p, RULE_SPAN, left) != rule_skips(p, RULE_SPAN, right))
                return false;
        for (int level = LEVEL_HOST + 1; level < LEVEL_N; level++)
                if (problem_domain(p, (Level) level, left) != problem_domain(p, (Level) level, right))
                        return false;
        for (uint32_t r = 0; r < p->n_res && k->room; r++)
                if (k->set->room[left] != k->set->room[right] ||
                    k->room[(size_t) left * p->n_res + r] != k->room[(size_t) right * p->n_res + r])
                        return false;
        for (uint32_t v = 0; v < k->space->n_vms; v++)
                if (is_allowed(k, v, left) != is_allowed(k, v, right))
                        return false;
        return true;
}

/* Alike: every placement with the one has a twin with the other. Of very many hosts only near ones are
 * compared. */
static void begin_alike(Seeking *k) {
        for (HostIx h = 0; h < k->space->p->n_hosts; h++) {
                k->alike[h] = IX_NONE;
                for (HostIx g = h, looked = 0; g > 0 && looked < 64 && k->alike[h] == IX_NONE &&
                                               !conflict_search_is_cut(k, k->space->n_vms);
                     looked++)
                        if (are_alike(k, --g, h))
                                k->alike[h] = g;
        }
}

/* Those with the fewest hosts first; insertion is enough: most have as many as the others. */
static int begin_order(Seeking *k) {
        const uint32_t n = k->space->n_vms;
        uint32_t *hosts = arena_new(k->arena, uint32_t, n);

        if (!hosts)
                return -ENOMEM;
        for (uint32_t v = 0; v < n; v++) {
                uint32_t i = v;

                hosts[v] = n_allowed(k, v);
                for (; i > 0 && hosts[k->order[i - 1]] > hosts[v]; i--)
                        k->order[i] = k->order[i - 1];
                k->order[i] = v;
        }
        return 0;
}

static bool stand_holds(const Stand *stand, uint32_t d) {
        const Tally *t = stand->tally;

        switch (stand->rule->kind) {
        case RULE_APART:
                return t->count[d] <= 1;
        case RULE_TOGETHER:
                return t->occupied <= 1;
        case RULE_SPREAD:
                return (int64_t) t->occupied + t->left >= stand->rule->k;
        case RULE_NEAR:
                return t->lonely <= t->others_left;
        case RULE_AVOID:
                return t->count[d] == 0 || t->others[d] == 0;
        case RULE_SPAN:
                return t->occupied <= stand->rule->k;
        case RULE_ON:
        case RULE_NOT_ON:
        case RULE_KIND_N:
                break;
        }
        return true;
}

static void conflict_search_tally(Tally *t, bool other, uint32_t d, bool comes) {
        uint32_t *count = other ? t->others : t->count, *left = other ? &t->others_left : &t->left;
        const bool was = count[d] > 0;

        count[d] = comes ? count[d] + 1 : count[d] - 1;
        *left = comes ? *left - 1 : *left + 1;
        if (was == (count[d] > 0))
                return;
        if (!other)
                t->occupied = comes ? t->occupied + 1 : t->occupied - 1;
}

static bool is_lonely(const Stand *stand, uint32_t d) {
        return stand->rule->kind == RULE_NEAR && stand->tally->count[d] > 0 && stand->tally->others[d] == 0;
}

/* Puts vm on h (comes), or takes it away. False: some rule or the room is against it. */
static bool conflict_search_put(const Seeking *k, uint32_t vm, HostIx h, bool comes) {
        const ConflictSpace *space = k->space;
        const Problem *p = space->p;
        const Stand *first = k->stands + k->start[vm], *end = k->stands + k->start[vm + 1];
        bool holds = true;

        for (const Stand *stand = first; stand < end; stand++) {
                const uint32_t d = stand->domains ? stand->domains[h] : h;
                const bool lonely = is_lonely(stand, d);

                if (rule_skips(p, stand->rule->kind, h))
                        continue;
                conflict_search_tally(stand->tally, stand->other, d, comes);
                if (lonely != is_lonely(stand, d))
                        stand->tally->lonely = lonely ? stand->tally->lonely - 1 : stand->tally->lonely + 1;
        }
        for (const Stand *stand = first; stand < end && comes && holds; stand++)
                holds = stand_holds(stand, stand->domains ? stand->domains[h] : h);
        for (uint32_t r = 0; r < p->n_res && k->room; r++) {
                int64_t *left = &k->room[(size_t) h * p->n_res + r];

                *left -= comes ? problem_need(p, space->vms[vm])[r] : -problem_need(p, space->vms[vm])[r];
                holds &= !k->set->room[h] || *left >= 0 || problem_need(p, space->vms[vm])[r] <= 0;
        }
        k->on[h] = comes ? k->on[h] + 1 : k->on[h] - 1;
        return holds;
}

/* An empty host like h comes before it: what h would lead to was tried there. */
static bool was_tried(const Seeking *k, HostIx h) {
        for (HostIx g = k->alike[h]; g != IX_NONE; g = k->alike[g])
                if (k->on[g] == 0)
                        return true;
        return false;
}

/* The next host for vm that holds; its home is tried first: turn 0. False: there is none. */
static bool next_host(const Seeking *k, uint32_t vm, uint32_t *turn) {
        const HostIx home = k->space->p->home[k->space->vms[vm]];

        while (*turn <= k->space->p->n_hosts && *k->steps > 0) {
                const HostIx h = *turn == 0 ? home : *turn - 1;

                if ((*turn)++ > 0 && h == home)
                        continue;
                if (h == IX_NONE || !is_allowed(k, vm, h) || (h != home && k->on[h] == 0 && was_tried(k, h)))
                        continue;
                (*k->steps)--;
                if (conflict_search_is_cut(k, (uint64_t) k->space->start[vm + 1] - k->space->start[vm])) {
                        *k->steps = 0; /* as if they had been spent: it is not known */
                        return false;
                }
                k->at[vm] = h;
                if (conflict_search_put(k, vm, h, true))
                        return true;
                (void) conflict_search_put(k, vm, h, false);
        }
        return false;
}

static int conflict_search_seek(Seeking *k, ConflictAnswer *ret) {
        const uint32_t n = k->space->n_vms;
        uint32_t *turn = arena_new(k->arena, uint32_t, (size_t) n + 1), depth = 0;

        if (!turn)
                return -ENOMEM;
        while (depth < n) {
                if (next_host(k, k->order[depth], &turn[depth])) {
                        turn[++depth] = 0;
                        continue;
                }
                if (*k->steps == 0 || depth == 0) {
                        *ret = *k->steps == 0 ? CONFLICT_UNKNOWN : CONFLICT_PROVEN;
                        return 0;
                }
                depth--;
                (void) conflict_search_put(k, k->order[depth], k->at[k->order[depth]], false);
        }
        *ret = CONFLICT_NOT;
        return 0;
}

static int begin_search(Seeking *k) {
        const ConflictSpace *space = k->space;
        int r;

        k->on = arena_new(k->arena, uint32_t, space->p->n_hosts);
        k->alike = arena_new(k->arena, HostIx, space->p->n_hosts);
        k->order = arena_new(k->arena, uint32_t, space->n_vms);
        k->at = arena_new(k->arena, HostIx, space->n_vms);
        if (!k->on || !k->alike || !k->order || !k->at)
                return -ENOMEM;
        r = begin_tallies(k);
        if (r == 0)
                r = begin_stands(k);
        if (r == 0)
                r = begin_order(k);
        if (r == 0)
                begin_alike(k);
        return r;
}

int conflict_try(Arena *a, const ConflictSpace *space, const ConflictSet *set, uint64_t *steps,
                 ConflictAnswer *ret) {
        const ArenaMark mark = arena_mark(a);
        uint64_t work = WORK_A_LOOK; /* the first thing that is asked */
        bool cut = false;
        Seeking k = { .arena = a, .space = space, .set = set, .steps = steps, .work = &work, .cut = &cut };
        int r = begin_allowed(&k);

        if (r == 0)
                r = begin_room(&k);
        if (r == 0)
                r = counts_out(&k);
        if (r == 0)
                *ret = CONFLICT_PROVEN;
        if (r > 0) {
                r = begin_search(&k);
                if (r == 0)
                        r = conflict_search_seek(&k, ret);
        }
        if (cut)
                *ret = CONFLICT_UNKNOWN;
        arena_rewind(a, mark);
        return r < 0 ? r : 0;
}

int conflict_places(Arena *a, const ConflictSpace *space, const ConflictSet *set, uint32_t rule,
                    uint32_t *ret) {
        const ArenaMark mark = arena_mark(a);
        uint64_t work = 0;
        bool cut = false;
        Seeking k = { .arena = a, .space = space, .set = set, .work = &work, .cut = &cut };
        bool *places = arena_new(a, bool, space->p->n_domains[space->rules[rule].written->level]);
        int r = places ? begin_allowed(&k) : -ENOMEM;

        if (r == 0)
                *ret = conflict_search_count_places(&k, &space->rules[rule], places);
        if (r == 0 && cut)
                *ret = UINT32_MAX; /* it is not known that they are few */
        arena_rewind(a, mark);
        return r;
}
