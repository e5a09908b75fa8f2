/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/decide/whynot/conflict.h"

#include <errno.h>
#include <string.h>

#include "scheduler/decide/cost/terms.h"
#include "scheduler/decide/whynot/conflict_search.h"

/* VMs that rules connect with the broken one's are taken in up to this number; of more, only its own. */
#define CONNECTED_MAX 512

/* VMs times hosts looked at; a larger one is not asked about. */
#define SPACE_MAX ((uint64_t) 1 << 26)

#define STEPS_MAX     UINT64_C(2000000) /* placements of one VM tried for one broken rule */
#define STEPS_A_TRY   UINT64_C(200000)
#define SUBSETS_MAX   4096
#define SINGLE_FACTS  256 /* facts that are left out one by one; of more, all or none */
#define SMALLER_RULES 24

typedef struct Finding {
        Arena *arena;
        const Snapshot *s;
        const Problem *p;
        HostIx *host_of;
        const bool *excused;
        bool *told;      /* [rule of the snapshot] in a conflict that was found */
        uint32_t *local; /* [vm] its index in the space + 1 */
        ConflictSpace space;
        bool *broken; /* [rule of the snapshot] */
        TimeLimit time;
        bool cut;
        uint64_t steps;
        bool proven; /* no budget ended: what was found is what there is */
} Finding;

static bool finding_is_cut(Finding *f) {
        f->cut = f->cut || time_limit_is_up(f->time);
        return f->cut;
}

/* ---- what is asked about ---- */

static bool conflict_names_host(const Rule *rule, HostIx h) {
        for (uint32_t i = 0; i < rule->n_hosts; i++)
                if (rule->hosts[i] == h)
                        return true;
        return false;
}

static bool breaks_hosts(const Finding *f, const Rule *written) {
        for (uint32_t i = 0; i < written->n_vms; i++)
                if (!(f->excused && f->excused[written->vms[i]]) &&
                    !(written->evacuate && f->p->waives && f->p->waives[written->vms[i]]) &&
                    conflict_names_host(written, f->host_of[written->vms[i]]) ==
                            (written->kind == RULE_NOT_ON))
                        return true;
        return false;
}

/* Which rules that must hold are broken. */
static void mark_broken(Finding *f) {
        const Assignment x = { .problem = f->p, .host_of = f->host_of };

        for (uint32_t i = 0; i < f->p->n_rules && !finding_is_cut(f); i++) {
                const GroupRule *rule = &f->p->rules[i];

                if (rule->must && !rule->waived && !f->broken[rule->source] &&
                    rule_broken(f->p, rule, &x) > 0)
                        f->broken[rule->source] = true;
        }
        for (uint32_t i = 0; i < f->s->n_rules && !finding_is_cut(f); i++)
                if (f->s->rules[i].must && rule_is_about_hosts(&f->s->rules[i]))
                        f->broken[i] = breaks_hosts(f, &f->s->rules[i]);
}

static void conflict_take_in(Finding *f, VmIx *vms, const VmIx *more, uint32_t n) {
        for (uint32_t i = 0; i < n; i++)
                if (f->local[more[i]] == 0) {
                        vms[f->space.n_vms] = more[i];
                        f->local[more[i]] = ++f->space.n_vms;
                }
}

static uint32_t n_taken(const Finding *f, const VmIx *vms, uint32_t n) {
        uint32_t taken = 0;

        for (uint32_t i = 0; i < n; i++)
                taken += f->local[vms[i]] != 0;
        return taken;
}

/* The broken rule's VMs, and all that rules between VMs connect with them. */
static int gather_vms(Finding *f, uint32_t first) {
        const Rule *rule = &f->s->rules[first];
        VmIx *vms = arena_new(f->arena, VmIx, f->s->n_vms);
        bool more = true;

        if (!vms)
                return -ENOMEM;
        memset(f->local, 0, sizeof(*f->local) * f->s->n_vms);
        f->space.n_vms = 0;
        f->space.vms = vms;
        conflict_take_in(f, vms, rule->vms, rule->n_vms);
        conflict_take_in(f, vms, rule->near_vms, rule->n_near_vms);
        while (more && f->space.n_vms < CONNECTED_MAX && !finding_is_cut(f)) {
                more = false;
                for (uint32_t i = 0; i < f->s->n_rules; i++) {
                        const Rule *r = &f->s->rules[i];
                        const uint32_t all = r->n_vms + r->n_near_vms;
                        const uint32_t n =
                                n_taken(f, r->vms, r->n_vms) + n_taken(f, r->near_vms, r->n_near_vms);

                        if (!r->must || rule_is_about_hosts(r) || f->told[i] || n == 0 || n == all ||
                            f->space.n_vms + all > CONNECTED_MAX)
                                continue;
                        conflict_take_in(f, vms, r->vms, r->n_vms);
                        conflict_take_in(f, vms, r->near_vms, r->n_near_vms);
                        more = true;
                }
        }
        return 0;
}

/* Of a rule with VMs that are not taken in: whether what it asks of those that are is asked by it as well. */
static bool speaks_of_some(const Rule *rule) {
        return rule->kind != RULE_SPREAD && rule->kind != RULE_NEAR;
}

static int local_list(const Finding *f, const VmIx *vms, uint32_t n, const uint32_t **ret, uint32_t *ret_n) {
        uint32_t *list = arena_new(f->arena, uint32_t, n);

        if (!list)
                return -ENOMEM;
        *ret_n = 0;
        for (uint32_t i = 0; i < n; i++)
                if (f->local[vms[i]] != 0)
                        list[(*ret_n)++] = f->local[vms[i]] - 1;
        *ret = list;
        return 0;
}

static int gather_rules(Finding *f) {
        const Snapshot *s = f->s;
        ConflictRule *rules = arena_new(f->arena, ConflictRule, s->n_rules);

        if (!rules)
                return -ENOMEM;
        f->space.n_rules = 0;
        f->space.rules = rules;
        for (uint32_t i = 0; i < s->n_rules; i++) {
                const Rule *r = &s->rules[i];
                const uint32_t own = n_taken(f, r->vms, r->n_vms),
                               others = n_taken(f, r->near_vms, r->n_near_vms);
                ConflictRule *to = &rules[f->space.n_rules];

                if (!r->must || f->told[i] || own == 0 ||
                    (own + others < r->n_vms + r->n_near_vms && !speaks_of_some(r)))
                        continue;
                *to = (ConflictRule){ .written = r, .source = i };
                if (local_list(f, r->vms, r->n_vms, &to->vms, &to->n_vms) < 0 ||
                    local_list(f, r->near_vms, r->n_near_vms, &to->others, &to->n_others) < 0)
                        return -ENOMEM;
                f->space.n_rules++;
        }
        return 0;
}

static void count_parts(const uint32_t *vms, uint32_t n, uint32_t *fill) {
        for (uint32_t i = 0; i < n; i++)
                fill[vms[i] + 1]++;
}

static void put_parts(const uint32_t *vms, uint32_t n, ConflictPart part, uint32_t *fill,
                      ConflictPart *parts) {
        for (uint32_t i = 0; i < n; i++)
                parts[fill[vms[i]]++] = part;
}

/* The rules between VMs that each VM stands in, by counting. */
static int index_parts(Finding *f) {
        ConflictSpace *space = &f->space;
        uint32_t *start = arena_new(f->arena, uint32_t, (size_t) space->n_vms + 2), *fill;
        ConflictPart *parts;

        if (!start)
                return -ENOMEM;
        fill = start + 1; /* shifted by one: filling moves each start to its place */
        for (uint32_t i = 0; i < space->n_rules; i++) {
                if (rule_is_about_hosts(space->rules[i].written))
                        continue;
                count_parts(space->rules[i].vms, space->rules[i].n_vms, fill);
                count_parts(space->rules[i].others, space->rules[i].n_others, fill);
        }
        for (uint32_t v = 0; v < space->n_vms; v++)
                fill[v + 1] += fill[v];
        parts = arena_new(f->arena, ConflictPart, fill[space->n_vms]);
        if (!parts)
                return -ENOMEM;
        for (uint32_t i = 0; i < space->n_rules; i++) {
                const ConflictRule *rule = &space->rules[i];

                if (rule_is_about_hosts(rule->written))
                        continue;
                put_parts(rule->vms, rule->n_vms, (ConflictPart){ i, false }, fill, parts);
                put_parts(rule->others, rule->n_others, (ConflictPart){ i, true }, fill, parts);
        }
        space->start = start;
        space->parts = parts;
        return 0;
}

/* ---- leaving out what can be left out ---- */

static int set_new(Arena *a, const ConflictSpace *space, bool all, ConflictSet *ret) {
        ConflictSet x = { .rules = arena_new(a, bool, space->n_rules),
                          .closed = arena_new(a, bool, space->p->n_hosts),
                          .bound = arena_new(a, bool, space->n_vms),
                          .held = arena_new(a, bool, space->n_vms),
                          .room = arena_new(a, bool, space->p->n_hosts) };

        if (!x.rules || !x.closed || !x.bound || !x.held || !x.room)
                return -ENOMEM;
        memset(x.rules, all, space->n_rules);
        memset(x.closed, all, space->p->n_hosts);
        memset(x.bound, all, space->n_vms);
        memset(x.held, all, space->n_vms);
        memset(x.room, all, space->p->n_hosts);
        *ret = x;
        return 0;
}

/* 1: there is no placement; 0: there is one, or it is not known. */
static int has_none(Finding *f, const ConflictSet *set) {
        uint64_t most = f->steps < STEPS_A_TRY ? f->steps : STEPS_A_TRY, left = most;
        ConflictAnswer answer = CONFLICT_UNKNOWN;
        int r = conflict_try(f->arena, &f->space, set, &left, &answer);

        if (r < 0)
                return r;
        f->steps -= most - left;
        f->proven &= answer != CONFLICT_UNKNOWN;
        if (answer == CONFLICT_UNKNOWN)
                (void) finding_is_cut(f);
        return answer == CONFLICT_PROVEN;
}

/* All of the facts, or each of them, that are not needed. */
static int drop_facts(Finding *f, const ConflictSet *set, bool *facts, uint32_t n) {
        bool *kept = arena_new(f->arena, bool, n);
        uint32_t n_facts = 0;
        int r;

        if (!kept)
                return -ENOMEM;
        for (uint32_t i = 0; i < n; i++)
                n_facts += facts[i];
        if (n_facts == 0)
                return 0;
        memcpy(kept, facts, sizeof(*facts) * n);
        memset(facts, 0, sizeof(*facts) * n);
        r = has_none(f, set);
        if (r != 0)
                return r < 0 ? r : 0;
        memcpy(facts, kept, sizeof(*facts) * n);
        for (uint32_t i = 0; i < n && n_facts <= SINGLE_FACTS && !f->cut; i++) {
                if (!facts[i])
                        continue;
                facts[i] = false;
                r = has_none(f, set);
                if (r < 0)
                        return r;
                facts[i] = r == 0;
        }
        f->proven &= n_facts <= SINGLE_FACTS && !f->cut;
        return 0;
}

static void set_facts(const Finding *f, ConflictSet *set) {
        const Problem *p = f->p;

        for (HostIx h = 0; h < p->n_hosts; h++) {
                set->closed[h] = p->roles[h].no_entry != REASON_NONE;
                set->room[h] = true;
        }
        memset(set->bound, true, f->space.n_vms);
        for (uint32_t v = 0; v < f->space.n_vms; v++)
                set->held[v] = conflict_holds(p, f->space.vms[v]);
}

static int shrink_facts(Finding *f, ConflictSet *set) {
        int r = drop_facts(f, set, set->held, f->space.n_vms);

        if (r == 0)
                r = drop_facts(f, set, set->room, f->p->n_hosts);
        if (r == 0)
                r = drop_facts(f, set, set->bound, f->space.n_vms);
        if (r == 0)
                r = drop_facts(f, set, set->closed, f->p->n_hosts);
        return r;
}

static int shrink_rules(Finding *f, ConflictSet *set) {
        for (uint32_t i = 0; i < f->space.n_rules && !f->cut; i++) {
                int r;

                if (!set->rules[i])
                        continue;
                set->rules[i] = false;
                r = has_none(f, set);
                if (r < 0)
                        return r;
                set->rules[i] = r == 0;
        }
        return 0;
}

static bool next_subset(uint32_t *chosen, uint32_t k, uint32_t n) {
        uint32_t i = k;

        while (i > 0 && chosen[i - 1] == n - k + i - 1)
                i--;
        if (i == 0)
                return false;
        chosen[i - 1]++;
        for (; i < k; i++)
                chosen[i] = chosen[i - 1] + 1;
        return true;
}

/* Sets of fewer rules, all facts granted; 1: one is a conflict too, and is *set now. */
static int seek_smaller(Finding *f, ConflictSet *set, uint32_t n_rules) {
        const uint32_t n = f->space.n_rules;
        uint32_t chosen[SMALLER_RULES], tried = 0;
        ConflictSet other;

        if (n_rules < 2)
                return 0;
        if (n > SMALLER_RULES) {
                f->proven = false;
                return 0;
        }
        if (set_new(f->arena, &f->space, false, &other) < 0)
                return -ENOMEM;
        set_facts(f, &other);
        for (uint32_t k = 1; k < n_rules; k++) {
                for (uint32_t i = 0; i < k; i++)
                        chosen[i] = i;
                do {
                        int r;

                        if (++tried > SUBSETS_MAX || f->cut) {
                                f->proven = false;
                                return 0;
                        }
                        memset(other.rules, 0, n);
                        for (uint32_t i = 0; i < k; i++)
                                other.rules[chosen[i]] = true;
                        r = has_none(f, &other);
                        if (r < 0)
                                return r;
                        if (r > 0) {
                                *set = other;
                                return 1;
                        }
                } while (next_subset(chosen, k, n));
        }
        return 0;
}

static uint32_t count_true(const bool *flags, uint32_t n) {
        uint32_t k = 0;

        for (uint32_t i = 0; i < n; i++)
                k += flags[i];
        return k;
}

/* 1: *set is a conflict from which nothing can be left out; 0: none is shown. */
static int conflict_shrink(Finding *f, ConflictSet *set) {
        int r = set_new(f->arena, &f->space, true, set);

        if (r < 0)
                return r;
        set_facts(f, set);
        r = has_none(f, set);
        if (r <= 0)
                return r;
        f->proven = true;
        r = shrink_facts(f, set);
        if (r == 0)
                r = shrink_rules(f, set);
        if (r == 0) {
                r = seek_smaller(f, set, count_true(set->rules, f->space.n_rules));
                if (r > 0)
                        r = shrink_facts(f, set);
        }
        return r < 0 ? r : 1;
}

/* ---- what is told ---- */

static int list_true(Arena *a, const bool *flags, uint32_t n, const uint32_t *names, const uint32_t **ret,
                     uint32_t *ret_n) {
        uint32_t *list = arena_new(a, uint32_t, count_true(flags, n));

        if (!list)
                return -ENOMEM;
        *ret_n = 0;
        for (uint32_t i = 0; i < n; i++)
                if (flags[i])
                        list[(*ret_n)++] = names ? names[i] : i;
        *ret = list;
        return 0;
}

/* The one rule that asks for more places than are open to it, if that is what is wrong. */
static int count_argument(Finding *f, const ConflictSet *set, Conflict *c) {
        for (uint32_t i = 0; i < f->space.n_rules; i++) {
                const ConflictRule *rule = &f->space.rules[i];
                const RuleKind kind = rule->written->kind;
                uint32_t needed, places = 0;

                if (!set->rules[i] || (kind != RULE_APART && kind != RULE_SPREAD))
                        continue;
                needed = kind == RULE_APART ? rule->n_vms : (uint32_t) rule->written->k;
                if (conflict_places(f->arena, &f->space, set, i, &places) < 0)
                        return -ENOMEM;
                if (kind == RULE_SPREAD && rule->n_vms < needed)
                        places = places < rule->n_vms ? places : rule->n_vms;
                if (needed <= places)
                        continue;
                c->places_needed = needed;
                c->places = places;
                c->counted = rule->source;
                return 0;
        }
        return 0;
}

static int conflict_tell(Finding *f, Arena *a, const ConflictSet *set, Conflict *c) {
        uint32_t *sources = arena_new(f->arena, uint32_t, f->space.n_rules);
        int r = sources ? 0 : -ENOMEM;

        for (uint32_t i = 0; r == 0 && i < f->space.n_rules; i++) {
                sources[i] = f->space.rules[i].source;
                f->told[sources[i]] |= set->rules[i];
        }
        if (r == 0)
                r = list_true(a, set->rules, f->space.n_rules, sources, &c->rules, &c->n_rules);
        if (r == 0)
                r = list_true(a, set->closed, f->p->n_hosts, NULL, &c->closed, &c->n_closed);
        if (r == 0)
                r = list_true(a, set->room, f->p->n_hosts, NULL, &c->full, &c->n_full);
        if (r == 0)
                r = list_true(a, set->bound, f->space.n_vms, f->space.vms, &c->bound, &c->n_bound);
        if (r == 0)
                r = list_true(a, set->held, f->space.n_vms, f->space.vms, &c->held, &c->n_held);
        if (r == 0)
                r = count_argument(f, set, c);
        c->smallest = f->proven;
        if (r < 0)
                return r;
        c->text = conflict_text(a, f->s, c);
        return c->text ? 0 : -ENOMEM;
}

/* 1: found; 0: the rule is broken, and nothing shows that it has to be. */
static int find_one(Finding *f, Arena *a, uint32_t rule, Conflict *ret) {
        const ArenaMark mark = arena_mark(f->arena);
        Conflict c = { .counted = IX_NONE };
        ConflictSet set;
        int r = gather_vms(f, rule);

        f->steps = STEPS_MAX;
        if (r == 0 && (uint64_t) f->space.n_vms * (f->p->n_hosts + 1) <= SPACE_MAX) {
                r = gather_rules(f);
                if (r == 0)
                        r = index_parts(f);
                if (r == 0)
                        r = conflict_shrink(f, &set);
                if (r > 0)
                        r = conflict_tell(f, a, &set, &c) < 0 ? -ENOMEM : 1;
        }
        arena_rewind(f->arena, mark);
        if (r > 0)
                *ret = c;
        return r;
}

static int conflict_find_all(Finding *f, Arena *a, bool hosts, Conflict *found, uint32_t *n) {
        for (uint32_t i = 0; i < f->s->n_rules && *n < CONFLICTS_MAX; i++) {
                int r;

                if (rule_is_about_hosts(&f->s->rules[i]) != hosts || f->told[i] || !f->broken[i])
                        continue;
                if (finding_is_cut(f))
                        return 0;
                r = find_one(f, a, i, &found[*n]);
                if (r < 0)
                        return r;
                *n += r > 0;
        }
        return 0;
}

int conflicts_find(Arena *a, Arena *scratch, const ConflictsAsked *asked, Conflicts *ret) {
        const ArenaMark mark = arena_mark(scratch);
        const Snapshot *s = asked->s;
        Finding f = {
                .arena = scratch, .s = s, .p = asked->p, .excused = asked->excused, .time = asked->time
        };
        Conflict *found = arena_new(a, Conflict, CONFLICTS_MAX);
        uint32_t n = 0;
        int r;

        f.space = (ConflictSpace){ .s = s, .p = asked->p, .time = asked->time };
        f.told = arena_new(scratch, bool, s->n_rules);
        f.broken = arena_new(scratch, bool, s->n_rules);
        f.local = arena_new(scratch, uint32_t, s->n_vms);
        f.host_of = arena_new(scratch, HostIx, s->n_vms);
        if (!found || !f.told || !f.broken || !f.local || !f.host_of)
                return -ENOMEM;
        memcpy(f.host_of, asked->host_of, sizeof(*f.host_of) * s->n_vms);
        mark_broken(&f);
        /* Rules about hosts first: a VM that they leave nowhere to go would be found again in every rule that
         * connects others with it. */
        r = conflict_find_all(&f, a, true, found, &n);
        if (r == 0)
                r = conflict_find_all(&f, a, false, found, &n);
        arena_rewind(scratch, mark);
        if (r < 0)
                return r;
        *ret = (Conflicts){ .at = found, .n = n, .cut = f.cut };
        return 0;
}
