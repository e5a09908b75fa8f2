/* SPDX-License-Identifier: Apache-2.0 */
/* Every policy in exact numbers: what it costs, refuses and says (and the kinds and values of the facts) of random problems, with its defaults (even seeds) and
 * with other settings. The laws (policy_test.c) hold terms and definition together; here is what both say. */
#include "tests/contract/policy_laws.h"
#include "tests/recorded.h"

#define SEEDS     40
#define STEPS     24
#define SENTENCES 6

static void print_costs(FILE *f, Costs c) {
        for (int t = 0; t < TIER_N; t++)
                (void) fprintf(f, " %lld", (long long) c.tier[t]);
}

static Tier first_gain(Costs c) {
        int t = 0;

        while (t < TIER_N && c.tier[t] >= 0)
                t++;
        return (Tier) t;
}

/* The snapshot of the laws; what is emptied in it is in maintenance, or has one fault or another. */
static const Snapshot *faulty_snapshot(PolicyLaws *l) {
        static const char *const vms[] = { "vm-0", "vm-1", "vm-2", "vm-3", "vm-4", "vm-5", "vm-6", "vm-7" };
        static const Fault faults[] = {
                { .device = "sdb",
                  .grade = 3,
                  .why = "SMART says so",
                  .partly = true,
                  .vms = { .at = vms, .n = 8 } },
                { .device = "mc0", .grade = 4, .why = "many errors" },
        };
        const Snapshot *s = laws_snapshot(&l->arena, l->p);

        for (HostIx h = 0; h < s->n_hosts; h++) {
                Host *host = (Host *) (uintptr_t) &s->hosts[h];
                const uint64_t kind = (l->seed + h) % 5;

                if (host->state != HOST_MAINTENANCE || kind == 0)
                        continue;
                host->state = HOST_ACTIVE;
                host->fault_grade = 3 + (kind == 4);
                host->fault_why = kind == 1 ? NULL : "all of it";
                host->n_faults = kind < 3 ? 0 : 1;
                host->faults = kind < 3 ? NULL : &faults[kind - 3];
        }
        return s;
}

static void print_sentence(PolicyLaws *l, FILE *f, Evaluator *e, Move m, Costs gain, bool alone) {
        ResourceWords words[ARRAY_SIZE(laws_titles)];
        MoveView v = { .p = l->p,
                       .s = faulty_snapshot(l),
                       .settings = l->settings,
                       .e = e,
                       .end = e->x->host_of,
                       .words = words,
                       .m = &m,
                       .tier = alone ? first_gain(gain) : TIER_BALANCE,
                       .alone = alone,
                       .gain = gain };
        SentenceDraft d = { .sentence.by = l->name };
        const Sentence *kept = NULL;

        for (size_t r = 0; r < ARRAY_SIZE(laws_titles); r++)
                words[r] = (ResourceWords){ .title = laws_titles[r], .unit = laws_units[r] };
        for (uint32_t r = 0; r < l->p->n_res; r++)
                words[r].mean = problem_mean_capacity(l->p, r);
        if (!l->set.policies[0]->why(&v, &d))
                return;
        cr_assert_eq(0, sentence_keep(&l->arena, &d, &kept));
        (void) fprintf(f, "    v%u %u>%u: %s (", m.vm, m.from, m.to, sentence_text(&l->arena, kept));
        for (uint32_t i = 0; i < kept->n_facts; i++)
                (void) fprintf(f, "%s%d%s %lld", i > 0 ? ", " : "", (int) kept->facts[i].kind,
                               kept->facts[i].after ? " after"
                               : kept->facts[i].end ? " end"
                                                    : "",
                               (long long) kept->facts[i].value);
        (void) fprintf(f, ")\n");
}

static void record(PolicyLaws *l, FILE *f) {
        Prng g = prng_seeded(l->seed ^ 0x7e);
        Evaluator *e = laws_evaluator(l, NULL);
        uint32_t refused = 0, said = 0, asked = 0;

        (void) fprintf(f, "%s %llu:", l->name, (unsigned long long) l->seed);
        print_costs(f, e->cost);
        (void) fprintf(f, "\n");
        for (int step = 0; step < STEPS; step++) {
                Reason why;
                Costs gain;
                Move m;

                if (!laws_move(e, &g, &m))
                        continue;
                why = evaluator_refuse(e, m);
                if (why != REASON_NONE) {
                        refused += laws_refuse(l, e->x, m) ? 100 : 1;
                        continue;
                }
                gain = evaluator_delta(e, m);
                if (first_gain(gain) < TIER_N && said++ < SENTENCES)
                        print_sentence(l, f, e, m, gain, true);
                else if (first_gain(gain) == TIER_N && asked++ < SENTENCES)
                        print_sentence(l, f, e, m, gain, false);
                evaluator_move(e, m);
        }
        (void) fprintf(f, "    after:");
        print_costs(f, policies_total(l->set, l->p, l->settings, e->x));
        (void) fprintf(f, "; refused %u, gained %u\n", refused, said);
}

Test(policy_recorded, what_each_costs_refuses_and_says) {
        const PolicySet all = policies_all();
        Recording r;

        recording_begin(&r, "policies");
        for (uint32_t i = 0; i < all.n; i++) {
                PolicyLaws l = policy_laws((PolicySet){ all.policies + i, 1 }, all.policies[i]->name);

                for (uint64_t seed = 1; seed <= SEEDS; seed++) {
                        laws_begin(&l, seed);
                        record(&l, r.f);
                }
        }
        recording_end(&r);
}

Test(policy_recorded, each_that_has_settings_has_one_section_in_their_order) {
        const PolicySet all = policies_all();
        const SettingSection *sections = NULL;
        uint32_t n = 0, at = 0;
        Arena arena;

        cr_assert_eq(0, arena_open(1 << 20, &arena));
        cr_assert_eq(0, policies_settings(&arena, &sections, &n));
        for (uint32_t i = 0; i < all.n; i++) {
                if (!all.policies[i]->settings)
                        continue;
                cr_assert_lt(at, n);
                cr_assert_str_eq(all.policies[i]->name, sections[at].name);
                cr_assert_eq(all.policies[i]->settings, sections[at].defs);
                at++;
        }
        cr_assert_eq(at, n);
        arena_close(&arena);
}
