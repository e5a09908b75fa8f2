/* SPDX-License-Identifier: Apache-2.0 */
/* The contract of policy.h as laws that a set of policies keeps or breaks: policy_test.c holds every built-in
 * policy against them, policy_laws_test.c shows that a policy that states nothing, or lies, breaks them. */
#pragma once

#include <stdio.h>

#include "scheduler/decide/cost/move_view.h"
#include "tests/random_problem.h"
#include "tests/sentence_check.h"

#define LAW_SEEDS 600
#define LAW_STEPS 30
#define LAW_BITES                                                                                            \
        (LAW_SEEDS / 5) /* in so many problems at least a policy must cost, change and refuse something */

typedef struct PolicyLaws {
        PolicySet set;
        const char *name;
        uint64_t seed;
        Arena arena;
        const Problem *p;
        const Settings *settings;
        uint32_t cost, delta, refused, said; /* problems in which something did */
        uint32_t seen[FACT_KIND_N];          /* facts of its sentences, by kind */
        char broken[400];                    /* the first law that was broken, in words; "": none */
} PolicyLaws;

static inline PolicyLaws policy_laws(PolicySet set, const char *name) {
        return (PolicyLaws){ .set = set, .name = name };
}

#define LAW_BROKEN(l, ...) ((void) snprintf((l)->broken, sizeof((l)->broken), __VA_ARGS__), false)

/* Even seeds: NULL, the defaults. Odd ones: each setting of the set anywhere in its range, often at an
 * end. */
static inline const Settings *laws_settings(Arena *a, PolicySet set, uint64_t seed) {
        SettingSection *sections = arena_new(a, SettingSection, set.n);
        Prng g = prng_seeded(seed ^ 0x5e771e5);
        uint32_t n = 0;
        Settings *s = NULL;

        if (seed % 2 == 0)
                return NULL;
        for (uint32_t i = 0; i < set.n; i++)
                if (set.policies[i]->settings)
                        sections[n++] = (SettingSection){ set.policies[i]->name, set.policies[i]->summary,
                                                          set.policies[i]->settings };
        cr_assert_eq(0, settings_new(a, sections, n, &s));
        for (uint32_t i = 0; i < n; i++)
                for (const SettingDef *d = sections[i].defs; d->name; d++) {
                        int64_t max = d->type == SETTING_CHOICE ? -1 : d->max, value;
                        char text[80], key[80];
                        TextFault fault = { 0 };

                        cr_assert_neq(SETTING_TEXT, d->type, "%s: texts are not drawn yet", d->name);
                        for (uint32_t k = 0; d->type == SETTING_CHOICE && d->choices[k]; k++)
                                max = k;
                        value = (const int64_t[]){ d->min, max,
                                                   d->min + prng_below(&g, (uint32_t) (max - d->min) + 1),
                                                   d->def }[prng_below(&g, 4)];
                        (void) snprintf(key, sizeof(key), "%s.%s", sections[i].name, d->name);
                        (void) setting_print(d, value, NULL, text, sizeof(text));
                        cr_assert_eq(0, settings_set(s, key, text, &fault), "%s: %s: %s", key, text,
                                     fault.what);
                }
        return s;
}

/* A random problem that the policies of the set have filled: one alone always, of several each in every
 * other. */
static inline const Problem *laws_problem(PolicyLaws *l) {
        Prng g = prng_seeded(l->seed * 0x9e3779b9);
        Problem *p = random_problem(&l->arena, l->seed,
                                    (RandomShape){ .hosts = 9,
                                                   .vms = 24,
                                                   .res = 4,
                                                   .rules = 3,
                                                   .reserve = true,
                                                   .talks = true,
                                                   .pack = true,
                                                   .deviations = true,
                                                   .one_tier = l->seed % 3 == 0 });

        for (uint32_t i = 0; i < l->set.n; i++)
                if (l->set.n == 1 || prng_below(&g, 2) == 0)
                        cr_assert_eq(0, l->set.policies[i]->sample(&l->arena, &g, p));
        return p;
}

static inline void laws_begin(PolicyLaws *l, uint64_t seed) {
        if (l->arena.reserved)
                arena_rewind(&l->arena, 0);
        else
                cr_assert_eq(0, arena_open(4 << 20, &l->arena));
        l->seed = seed;
        l->settings = laws_settings(&l->arena, l->set, seed);
        l->p = laws_problem(l);
}

static inline Evaluator *laws_evaluator(PolicyLaws *l, const HostIx *host_of) {
        Terms *t = NULL;
        Evaluator *e = NULL;

        cr_assert_eq(0, policies_add_terms(&l->arena, l->p, l->set, l->settings, &t));
        cr_assert_eq(0, evaluator_build(&l->arena, t, host_of, &e));
        return e;
}

static inline bool laws_same(PolicyLaws *l, const Costs *a, const Costs *b, const char *what) {
        for (int t = 0; t < TIER_N; t++)
                if (a->tier[t] != b->tier[t])
                        return LAW_BROKEN(l, "%s: %s: seed %llu: %s %lld != %lld", l->name, what,
                                          (unsigned long long) l->seed, tier_names[t], (long long) a->tier[t],
                                          (long long) b->tier[t]);
        return true;
}

static inline bool laws_costs(const Costs *c) {
        bool any = false;

        for (int t = 0; t < TIER_N; t++)
                any |= c->tier[t] != 0;
        return any;
}

static inline bool laws_move(const Evaluator *e, Prng *g, Move *ret) {
        const Problem *p = e->problem;

        ret->vm = prng_below(g, p->n_vms);
        ret->from = e->x->host_of[ret->vm];
        ret->to = prng_below(g, 3) == 0 ? p->home[ret->vm] : prng_below(g, p->n_hosts);
        return ret->from != ret->to;
}

static inline bool laws_refuse(const PolicyLaws *l, Assignment *x, Move m) {
        for (uint32_t i = 0; i < l->set.n; i++)
                if (l->set.policies[i]->refuses && l->set.policies[i]->refuses(l->p, l->settings, x, m))
                        return true;
        return false;
}

/* A policy has all that is asked of one. */
static inline bool law_is_whole(PolicyLaws *l) {
        for (uint32_t i = 0; i < l->set.n; i++) {
                const Policy *k = l->set.policies[i];

                if (!k->name || !k->summary || strlen(k->summary) <= 10)
                        return LAW_BROKEN(l, "%s: it does not say what it is", l->name);
                if (!k->add_terms || !k->total || !k->sample || !k->why)
                        return LAW_BROKEN(l, "%s: no add_terms(), total(), sample() or why()", l->name);
        }
        return true;
}

/* What it states in terms costs what its definition says and refuses what that says, through any moves. */
static inline bool law_terms_are_the_definition(PolicyLaws *l) {
        Prng g = prng_seeded(~l->seed);
        Evaluator *e = laws_evaluator(l, NULL);
        bool cost = false, delta = false, refused = false;

        for (int step = 0; step < LAW_STEPS; step++) {
                const Costs before = policies_total(l->set, l->p, l->settings, e->x);
                Costs change, sum, after;
                Reason why;
                Move m;

                cost |= laws_costs(&before);
                if (!laws_same(l, &e->cost, &before, "cost is total"))
                        return false;
                if (!laws_move(e, &g, &m))
                        continue;
                why = evaluator_refuse(e, m);
                if ((why != REASON_NONE) != laws_refuse(l, e->x, m))
                        return LAW_BROKEN(l, "%s: seed %llu: its terms %s what its definition %s (%s)",
                                          l->name, (unsigned long long) l->seed, why ? "refuse" : "allow",
                                          why ? "allows" : "refuses", reason_names[why]);
                refused |= why != REASON_NONE;
                if (why != REASON_NONE)
                        continue;
                change = evaluator_delta(e, m);
                delta |= laws_costs(&change);
                sum = costs_add(before, change);
                evaluator_move(e, m);
                after = policies_total(l->set, l->p, l->settings, e->x);
                if (!laws_same(l, &sum, &after, "total + delta is the new total"))
                        return false;
        }
        l->cost += cost;
        l->delta += delta;
        l->refused += refused;
        return true;
}

static inline bool law_a_swap_is_its_two_moves(PolicyLaws *l) {
        Prng g = prng_seeded(l->seed ^ 0x5a5a);
        Evaluator *e = laws_evaluator(l, NULL);

        for (int step = 0; step < LAW_STEPS; step++) {
                const VmIx v = prng_below(&g, l->p->n_vms), w = prng_below(&g, l->p->n_vms);
                const HostIx from = e->x->host_of[v], to = e->x->host_of[w];
                const Costs before = policies_total(l->set, l->p, l->settings, e->x);
                Costs sum, after;

                if (from == to || evaluator_swap_refuse(e, v, w) != REASON_NONE)
                        continue;
                sum = costs_add(before, evaluator_swap_delta(e, v, w));
                if (!laws_same(l, &e->cost, &before, "asking changes nothing"))
                        return false;
                evaluator_move(e, (Move){ v, from, to });
                evaluator_move(e, (Move){ w, to, from });
                after = policies_total(l->set, l->p, l->settings, e->x);
                if (!laws_same(l, &sum, &after, "a swap: total + delta is the new total") ||
                    !laws_same(l, &e->cost, &after, "after a swap cost is total"))
                        return false;
        }
        return true;
}

static inline bool law_after_moves_it_is_as_if_built_afresh(PolicyLaws *l) {
        Prng g = prng_seeded(l->seed + 77);
        Evaluator *e = laws_evaluator(l, NULL), *fresh;
        Move m;

        for (int step = 0; step < LAW_STEPS; step++)
                if (laws_move(e, &g, &m) && evaluator_refuse(e, m) == REASON_NONE)
                        evaluator_move(e, m);
        fresh = laws_evaluator(l, e->x->host_of);
        if (!laws_same(l, &e->cost, &fresh->cost, "built afresh, cost"))
                return false;
        if (memcmp(e->room, fresh->room, sizeof(int64_t) * l->p->n_hosts * l->p->n_res) != 0 ||
            e->n_away != fresh->n_away || e->mib_away != fresh->mib_away)
                return LAW_BROKEN(l, "%s: seed %llu: built afresh, room or who is away differs", l->name,
                                  (unsigned long long) l->seed);
        for (int step = 0; step < LAW_STEPS; step++) {
                Costs d, f;

                if (!laws_move(e, &g, &m))
                        continue;
                if (evaluator_refuse(e, m) != evaluator_refuse(fresh, m))
                        return LAW_BROKEN(l, "%s: seed %llu: built afresh, another refusal", l->name,
                                          (unsigned long long) l->seed);
                if (evaluator_refuse(e, m) != REASON_NONE)
                        continue; /* deltas are exact for what may be done */
                d = evaluator_delta(e, m);
                f = evaluator_delta(fresh, m);
                if (!laws_same(l, &d, &f, "built afresh, delta"))
                        return false;
        }
        return true;
}

/* The problem's snapshot, with its rules, and hosts that are emptied in maintenance. */
static inline const Snapshot *laws_snapshot(Arena *a, const Problem *p) {
        Snapshot *s = arena_new(a, Snapshot, 1);
        Host *hosts = arena_new(a, Host, p->n_hosts);
        Rule *rules = arena_new(a, Rule, p->n_rules);

        for (HostIx h = 0; h < p->n_hosts; h++) {
                hosts[h] = p->snapshot->hosts[h];
                hosts[h].state = p->roles[h].evacuate > 0 ? HOST_MAINTENANCE : HOST_ACTIVE;
        }
        for (uint32_t i = 0; i < p->n_rules; i++)
                rules[i] = (Rule){ .kind = p->rules[i].kind,
                                   .name = text_format(a, "rule-%u", i),
                                   .level = p->rules[i].level,
                                   .must = p->rules[i].must,
                                   .weight = p->rules[i].weight,
                                   .k = p->rules[i].k };
        *s = *p->snapshot;
        s->hosts = hosts;
        s->rules = rules;
        s->n_rules = p->n_rules;
        return s;
}

static const char *const laws_titles[] = { "CPU", "memory", "gpus", "licences" };
static const FactUnit laws_units[] = { UNIT_CORES, UNIT_MIB, UNIT_KBIT, UNIT_PLAIN };

/* The sentence on a move that the policy gains by, in the first tier where it does: it has one, and it is true. */
static inline bool laws_sentence(PolicyLaws *l, const Snapshot *s, Evaluator *e, Move m, Costs gain) {
        ResourceWords words[ARRAY_SIZE(laws_titles)];
        SentenceCheck c = { .p = l->p,
                            .s = s,
                            .settings = l->settings,
                            .policies = l->set,
                            .titles = laws_titles,
                            .units = laws_units,
                            .x = e->x,
                            .m = m,
                            .end = e->x->host_of };
        MoveView v = { .p = l->p,
                       .s = s,
                       .settings = l->settings,
                       .e = e,
                       .end = e->x->host_of,
                       .words = words,
                       .m = &m,
                       .alone = true,
                       .gain = gain };
        SentenceDraft d = { .sentence.by = l->set.policies[0]->name };
        const Sentence *kept = NULL;
        const char *text;

        for (size_t r = 0; r < ARRAY_SIZE(laws_titles); r++)
                words[r] = (ResourceWords){ .title = laws_titles[r], .unit = laws_units[r] };
        for (uint32_t r = 0; r < l->p->n_res; r++)
                words[r].mean = problem_mean_capacity(l->p, r);
        while (gain.tier[v.tier] >= 0)
                v.tier++;
        if (!l->set.policies[0]->why(&v, &d))
                return LAW_BROKEN(l, "%s: seed %llu: it gains and says nothing", l->name,
                                  (unsigned long long) l->seed);
        cr_assert_eq(0, sentence_keep(&l->arena, &d, &kept));
        text = sentence_text(&l->arena, kept);
        cr_assert_not_null(text);
        if (!sentence_holds(&c, kept, text))
                return LAW_BROKEN(l, "%s: seed %llu: its sentence: %s: %s", l->name,
                                  (unsigned long long) l->seed, text, c.wrong);
        for (uint32_t k = 0; k < FACT_KIND_N; k++)
                l->seen[k] += c.seen[k];
        return true;
}

static inline bool law_its_sentences_are_true(PolicyLaws *l) {
        Prng g = prng_seeded(l->seed ^ 0x5e27e4ce);
        Evaluator *e = laws_evaluator(l, NULL);
        const Snapshot *s = laws_snapshot(&l->arena, l->p);
        bool said = false;

        for (int step = 0; l->set.n == 1 && step < LAW_STEPS; step++) {
                Costs gain;
                Move m;

                if (!laws_move(e, &g, &m) || evaluator_refuse(e, m) != REASON_NONE)
                        continue;
                gain = evaluator_delta(e, m);
                for (int t = 0; t < TIER_N; t++)
                        if (gain.tier[t] < 0) {
                                if (!laws_sentence(l, s, e, m, gain))
                                        return false;
                                said = true;
                                break;
                        }
                evaluator_move(e, m);
        }
        l->said += said;
        return true;
}

/* Asked after law_terms_are_the_definition() went through all seeds: it cost something, changed something, and
 * refused something, if it says that it does, often enough for that law to mean anything. */
static inline bool law_it_bites(PolicyLaws *l) {
        bool refuses = false;

        for (uint32_t i = 0; i < l->set.n; i++)
                refuses |= l->set.policies[i]->refuses != NULL;
        if (l->cost < LAW_BITES)
                return LAW_BROKEN(l, "%s: it costs something in %u of %u problems", l->name, l->cost,
                                  LAW_SEEDS);
        if (l->delta < LAW_BITES)
                return LAW_BROKEN(l, "%s: moves change its cost in %u of %u problems", l->name, l->delta,
                                  LAW_SEEDS);
        if (refuses && l->refused < LAW_BITES)
                return LAW_BROKEN(l, "%s: it refuses something in %u of %u problems", l->name, l->refused,
                                  LAW_SEEDS);
        if (l->set.n == 1 && l->said < LAW_BITES)
                return LAW_BROKEN(l, "%s: it says something in %u of %u problems", l->name, l->said,
                                  LAW_SEEDS);
        return true;
}

/* All of them. NULL: kept; else which is broken, and how. */
static inline const char *laws_broken(PolicyLaws *l) {
        bool kept = law_is_whole(l);

        for (uint64_t seed = 1; kept && seed <= LAW_SEEDS; seed++) {
                laws_begin(l, seed);
                kept = law_terms_are_the_definition(l) && law_a_swap_is_its_two_moves(l) &&
                       law_after_moves_it_is_as_if_built_afresh(l) && law_its_sentences_are_true(l);
        }
        return kept && law_it_bites(l) ? NULL : l->broken;
}
