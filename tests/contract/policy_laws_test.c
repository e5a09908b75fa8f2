/* SPDX-License-Identifier: Apache-2.0 */
/* The laws of policies can be broken: each of these policies breaks one, and is told so. */
#include <errno.h>

#include "tests/contract/policy_laws.h"

static int nothing_stated(const Problem *p, const Settings *s, Terms *t) {
        (void) p;
        (void) s;
        (void) t;
        return 0;
}

static void nothing_costs(const Problem *p, const Settings *s, const Assignment *x, Costs *ret) {
        (void) p;
        (void) s;
        (void) x;
        (void) ret;
}

static int nothing_sampled(Arena *a, Prng *g, Problem *p) {
        (void) a;
        (void) g;
        (void) p;
        return 0;
}

/* The sound one, of which the others are spoilt copies: VMs on host h cost h + 1 each. */
static int64_t price_of(HostIx h) {
        return h + 1;
}

static int sound_state(const Problem *p, const Settings *s, Terms *t) {
        int64_t *weight = arena_new(t->arena, int64_t, p->n_hosts);

        (void) s;
        if (!weight)
                return -ENOMEM;
        for (HostIx h = 0; h < p->n_hosts; h++)
                weight[h] = price_of(h);
        return terms_add_host_cost(t, (HostCost){ TIER_BALANCE, weight, NULL });
}

static void sound_total(const Problem *p, const Settings *s, const Assignment *x, Costs *ret) {
        (void) s;
        for (VmIx v = 0; v < p->n_vms; v++)
                ret->tier[TIER_BALANCE] += price_of(x->host_of[v]);
}

static bool sound_why(const MoveView *v, SentenceDraft *d) {
        if (!v->alone)
                return false;
        SENTENCE_CLAUSE(d, "{} has a lower number than {}", fact_host(v, v->m->to), fact_host(v, v->m->from),
                        claim_gain(v));
        return true;
}

static const Policy sound = {
        .name = "sound",
        .summary = "VMs are on hosts of low number",
        .add_terms = sound_state,
        .total = sound_total,
        .why = sound_why,
        .sample = nothing_sampled,
};

static void expect_broken(const Policy *policy, const char *how) {
        const Policy *const set[] = { policy };
        PolicyLaws l = policy_laws((PolicySet){ set, 1 }, policy->name);
        const char *broken = laws_broken(&l);

        cr_assert_not_null(broken, "%s: no law was broken", policy->name);
        cr_assert(strstr(broken, how), "%s: wanted: %s", broken, how);
}

Test(policy_laws, are_kept_by_a_sound_policy) {
        const Policy *const set[] = { &sound };
        PolicyLaws l = policy_laws((PolicySet){ set, 1 }, sound.name);
        const char *broken = laws_broken(&l);

        cr_assert_null(broken, "%s", broken);
}

Test(policy_laws, are_broken_by_one_that_states_nothing) {
        Policy empty = sound;

        empty.name = "empty";
        empty.add_terms = nothing_stated;
        empty.total = nothing_costs;
        expect_broken(&empty, "it costs something in 0 of 600 problems");
}

Test(policy_laws, are_broken_by_one_without_a_sample) {
        Policy bare = sound;

        bare.name = "bare";
        bare.sample = NULL;
        expect_broken(&bare, "no add_terms(), total(), sample() or why()");
}

Test(policy_laws, are_broken_by_terms_that_are_not_the_definition) {
        Policy liar = sound;

        liar.name = "liar";
        liar.total = nothing_costs;
        expect_broken(&liar, "cost is total");
}

static int64_t same_price(const Problem *p, HostIx h) {
        (void) p;
        (void) h;
        return 5;
}

static int level_state(const Problem *p, const Settings *s, Terms *t) {
        int64_t *weight = arena_new(t->arena, int64_t, p->n_hosts);

        (void) s;
        if (!weight)
                return -ENOMEM;
        for (HostIx h = 0; h < p->n_hosts; h++)
                weight[h] = same_price(p, h);
        return terms_add_host_cost(t, (HostCost){ TIER_BALANCE, weight, NULL });
}

static void level_total(const Problem *p, const Settings *s, const Assignment *x, Costs *ret) {
        (void) s;
        for (VmIx v = 0; v < p->n_vms; v++)
                ret->tier[TIER_BALANCE] += same_price(p, x->host_of[v]);
}

Test(policy_laws, are_broken_by_a_cost_that_no_move_changes) {
        Policy level = sound;

        level.name = "level";
        level.add_terms = level_state;
        level.total = level_total;
        expect_broken(&level, "moves change its cost in 0 of 600 problems");
}

static int rare_state(const Problem *p, const Settings *s, Terms *t) {
        return p->n_vms == 3 ? sound_state(p, s, t) : 0;
}

static void rare_total(const Problem *p, const Settings *s, const Assignment *x, Costs *ret) {
        if (p->n_vms == 3)
                sound_total(p, s, x, ret);
}

Test(policy_laws, are_broken_by_one_that_hardly_ever_bites) {
        Policy rare = sound;

        rare.name = "rare";
        rare.add_terms = rare_state;
        rare.total = rare_total;
        expect_broken(&rare, "of 600 problems");
}

static bool never(const Problem *p, const Settings *s, Assignment *x, Move m) {
        (void) p;
        (void) s;
        (void) x;
        (void) m;
        return false;
}

Test(policy_laws, are_broken_by_one_that_says_it_refuses_and_does_not) {
        Policy meek = sound;

        meek.name = "meek";
        meek.refuses = never;
        expect_broken(&meek, "it refuses something in 0 of 600 problems");
}

static int stern_state(const Problem *p, const Settings *s, Terms *t) {
        t->capacity = true;
        return sound_state(p, s, t);
}

Test(policy_laws, are_broken_by_one_that_refuses_and_does_not_say_so) {
        Policy stern = sound;

        stern.name = "stern";
        stern.add_terms = stern_state;
        expect_broken(&stern, "its terms refuse what its definition allows");
}

static const SettingDef heed_settings[] = {
        { .name = "price", .type = SETTING_COUNT, .def = 1, .max = 100, .doc = "What a VM costs." },
        { 0 },
};

static Policy heedless;

static int heedless_state(const Problem *p, const Settings *s, Terms *t) {
        int64_t *weight = arena_new(t->arena, int64_t, p->n_hosts);

        if (!weight)
                return -ENOMEM;
        for (HostIx h = 0; h < p->n_hosts; h++)
                weight[h] = price_of(h) * policy_setting(&heedless, s, "price");
        return terms_add_host_cost(t, (HostCost){ TIER_BALANCE, weight, NULL });
}

Test(policy_laws, are_broken_by_a_definition_that_does_not_heed_a_setting) {
        heedless = sound;
        heedless.name = "heedless";
        heedless.settings = heed_settings;
        heedless.add_terms = heedless_state;
        expect_broken(&heedless, "cost is total");
}

static bool silent_why(const MoveView *v, SentenceDraft *d) {
        (void) v;
        (void) d;
        return false;
}

Test(policy_laws, are_broken_by_one_that_gains_and_says_nothing) {
        Policy silent = sound;

        silent.name = "silent";
        silent.why = silent_why;
        expect_broken(&silent, "it gains and says nothing");
}

/* The number of the moment after, said as that before. */
static bool muddled_why(const MoveView *v, SentenceDraft *d) {
        Fact share = fact_share(v, v->m->to, RES_CPU, true);

        share.after = false;
        SENTENCE_CLAUSE(d, "{} is at {}", fact_host(v, v->m->to), share, claim_gain(v));
        return true;
}

Test(policy_laws, are_broken_by_a_number_that_is_not_so) {
        Policy muddled = sound;

        muddled.name = "muddled";
        muddled.why = muddled_why;
        expect_broken(&muddled, "is said,");
}

static bool boastful_why(const MoveView *v, SentenceDraft *d) {
        SENTENCE_CLAUSE(d, "{} is above its load line", fact_host(v, v->m->from),
                        { .kind = CLAIM_OVER_LINE, .host = v->m->from, .r = RES_CPU });
        return true;
}

Test(policy_laws, are_broken_by_a_claim_that_is_not_so) {
        Policy boastful = sound;

        boastful.name = "boastful";
        boastful.why = boastful_why;
        expect_broken(&boastful, "is not true");
}

static bool vague_why(const MoveView *v, SentenceDraft *d) {
        SENTENCE_CLAUSE(d, "{} is a fine host", fact_host(v, v->m->to));
        return true;
}

Test(policy_laws, are_broken_by_a_sentence_of_names_alone) {
        Policy vague = sound;

        vague.name = "vague";
        vague.why = vague_why;
        expect_broken(&vague, "names alone");
}

static bool novel_why(const MoveView *v, SentenceDraft *d) {
        SENTENCE_CLAUSE(d, "{} is new", fact_host(v, v->m->to), claim_gain(v), { .kind = FACT_KIND_N });
        return true;
}

Test(policy_laws, are_broken_by_a_fact_that_nobody_checks) {
        Policy novel = sound;

        novel.name = "novel";
        novel.why = novel_why;
        expect_broken(&novel, "nothing here checks facts of kind");
}
