/* SPDX-License-Identifier: Apache-2.0 */
/* Laws of rules "span", counted from their words: at no time is a group in more places than it may be, one more while a host of
 * its is left, unless it was at the beginning; the judge says the same of any wave; and what can be mended is. */
#include <criterion/criterion.h>

#include "scheduler/decide/judge/plan_check.h"
#include "tests/random_cluster.h"

#define SEEDS SEEDS_OF(1200)

static Arena arena;

static void span_arena(void) {
        cr_assert_eq(0, arena_open((size_t) 256 << 20, &arena));
}

TestSuite(span, .init = span_arena);

/* It is emptied, and that is wanted now. */
static bool is_left(const Host *h) {
        return h->excluded == EXCLUDED_NONE && !h->held &&
               (h->state == HOST_MAINTENANCE || (h->fault_grade >= 3 && h->state != HOST_OFFLINE));
}

static const char *place_of(const Host *h, Level level) {
        const char *name = level == LEVEL_HOST   ? h->name
                           : level == LEVEL_RACK ? h->rack
                           : level == LEVEL_ZONE ? h->zone
                                                 : h->neighborhood;

        return name ? name : "";
}

/* Where each VM is; where it goes in the wave, IX_NONE if nowhere. */
typedef struct World {
        const Snapshot *s;
        HostIx *at, *to;
} World;

static World world_of(const Snapshot *s) {
        World w = { s, arena_new(&arena, HostIx, s->n_vms), arena_new(&arena, HostIx, s->n_vms) };

        cr_assert(w.at && w.to);
        for (VmIx v = 0; v < s->n_vms; v++) {
                w.at[v] = s->vms[v].host;
                w.to[v] = IX_NONE;
        }
        return w;
}

/* In how many places VMs of the rule are; stays: on hosts that are not left. */
static uint32_t places(const World *w, const Rule *rule, bool stays) {
        const char *names[64];
        uint32_t n = 0;

        for (uint32_t i = 0; i < rule->n_vms; i++) {
                const VmIx v = rule->vms[i];
                const Vm *vm = &w->s->vms[v];
                const HostIx ends[] = { w->at[v], w->to[v], vm->in_flight ? vm->in_flight_to : IX_NONE };

                for (size_t k = 0; k < ARRAY_SIZE(ends); k++) {
                        bool seen = ends[k] == IX_NONE || (stays && is_left(&w->s->hosts[ends[k]]));
                        const char *name = seen ? "" : place_of(&w->s->hosts[ends[k]], rule->level);

                        for (uint32_t j = 0; j < n && !seen; j++)
                                seen = strcmp(names[j], name) == 0;
                        if (!seen)
                                names[n++] = name;
                }
        }
        return n;
}

static bool some_host_is_left(const World *w, const Rule *rule) {
        for (uint32_t i = 0; i < rule->n_vms; i++)
                if (is_left(&w->s->hosts[w->at[rule->vms[i]]]))
                        return true;
        return false;
}

typedef struct Counted {
        uint32_t stays, any;
} Counted;

static Counted counted(const World *w, const Rule *rule) {
        return (Counted){ places(w, rule, true), places(w, rule, false) };
}

static bool is_too_many(const Rule *rule, Counted was, Counted is) {
        return (is.stays > rule->k && is.stays > was.stays) || (is.any > rule->k + 1 && is.any > was.any);
}

/* Every rule becomes a span that must hold, of a group that is on some hosts; some hosts are to be left. */
static const Snapshot *with_spans(const Snapshot *from, uint64_t seed) {
        Dice d = { .prng = prng_seeded(seed * 6151), .arena = &arena };
        Snapshot *s = arena_new(&arena, Snapshot, 1);
        Rule *rules = arena_new(&arena, Rule, 3);
        Host *hosts = arena_new(&arena, Host, from->n_hosts);

        *s = *from;
        memcpy(hosts, from->hosts, sizeof(Host) * from->n_hosts);
        for (HostIx h = 0; h < s->n_hosts; h++)
                if (dice_percent(&d, 20))
                        hosts[h].state = HOST_MAINTENANCE;
        s->n_rules = 3;
        for (uint32_t i = 0; i < s->n_rules; i++) {
                VmIx *vms = arena_new(&arena, VmIx, 10);
                const HostIx some = dice_below(&d, s->n_hosts), other = dice_below(&d, s->n_hosts);

                rules[i] = (Rule){ .kind = i == 2 && seed % 3 == 0 ? RULE_NOT_ON : RULE_SPAN,
                                   .name = text_format(&arena, "rule%u", i),
                                   .level = (Level) (dice_percent(&d, 60) ? LEVEL_HOST
                                                                          : dice_below(&d, LEVEL_N)),
                                   .must = true,
                                   .k = dice_between(&d, 1, 3),
                                   .vms = vms };
                for (VmIx v = 0; v < s->n_vms && rules[i].n_vms < 10; v++)
                        if (s->vms[v].host == some || s->vms[v].host == other || dice_percent(&d, 4))
                                vms[rules[i].n_vms++] = v;
                if (rules[i].kind == RULE_NOT_ON) {
                        HostIx *not_on = arena_new(&arena, HostIx, 1);

                        *not_on = some;
                        rules[i].hosts = not_on;
                        rules[i].n_hosts = 1;
                        rules[i].k = 0;
                }
                if (rules[i].n_vms == 0)
                        vms[rules[i].n_vms++] = 0;
        }
        s->hosts = hosts;
        s->rules = rules;
        return seed % 2 == 0 ? s : random_flights(&arena, s, seed);
}

static bool judge_objects(const Snapshot *s, const Settings *settings, const MoveOrder *orders, uint32_t n) {
        const Objection *why = NULL;
        uint32_t n_why = 0;

        cr_assert_geq(plan_check(&arena, s, settings, orders, n, &why, &n_why), 0);
        for (uint32_t i = 0; i < n_why && i < OBJECTIONS_KEPT; i++)
                if (why[i].reason == REASON_RULE_SPAN)
                        return true;
        return false;
}

Test(span, at_no_time_is_a_group_in_more_places_than_it_may_be) {
        uint32_t moves = 0, broken = 0, lent = 0, mended = 0;

        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
                const ArenaMark mark = arena_mark(&arena);
                const Settings *settings = random_settings(&arena, seed);
                const Snapshot *s = with_spans(random_cluster(&arena, seed + 300, false), seed);
                const Plan *plan = NULL;
                int r = 0;
                World w = world_of(s);
                Counted first[3], was[3], is;

                r = planner_plan(&arena, s, settings, policies_all(), PLAN_REQUEST_DEFAULT, &plan);
                cr_assert_eq(r, 0, "seed %lu: %d", seed, r);
                for (uint32_t i = 0; i < s->n_rules; i++)
                        first[i] = was[i] = counted(&w, &s->rules[i]);
                for (uint32_t k = 0; k < plan->n_moves;) {
                        const uint32_t wave = plan->moves[k].wave;
                        const uint32_t begin = k;

                        for (; k < plan->n_moves && plan->moves[k].wave == wave; k++)
                                w.to[plan->moves[k].move.vm] = plan->moves[k].move.to;
                        for (uint32_t i = 0; i < s->n_rules; i++) {
                                is = counted(&w, &s->rules[i]);
                                cr_assert(s->rules[i].kind != RULE_SPAN ||
                                                  !is_too_many(&s->rules[i], was[i], is),
                                          "seed %lu, wave %u: %s, at most %ld: in %u places, then in %u "
                                          "(with hosts that are left: %u, then %u)",
                                          seed, wave, s->rules[i].name, s->rules[i].k, was[i].stays, is.stays,
                                          was[i].any, is.any);
                                lent += s->rules[i].kind == RULE_SPAN && is.any > s->rules[i].k &&
                                        is.any > was[i].any && some_host_is_left(&w, &s->rules[i]);
                        }
                        for (uint32_t m = begin; m < k; m++) {
                                w.at[plan->moves[m].move.vm] = plan->moves[m].move.to;
                                w.to[plan->moves[m].move.vm] = IX_NONE;
                        }
                        for (uint32_t i = 0; i < s->n_rules; i++)
                                was[i] = counted(&w, &s->rules[i]);
                }
                for (uint32_t i = 0; i < s->n_rules; i++) {
                        broken += s->rules[i].kind == RULE_SPAN && first[i].stays > s->rules[i].k;
                        mended += s->rules[i].kind == RULE_SPAN && first[i].stays > s->rules[i].k &&
                                  was[i].stays <= s->rules[i].k;
                }
                moves += plan->n_moves;
                arena_rewind(&arena, mark);
        }
        cr_expect_gt(moves, SEEDS, "%u moves", moves);
        cr_expect_gt(broken, SEEDS / 4, "%u rules were broken", broken);
        cr_expect_gt(mended, SEEDS / 20, "%u rules were mended", mended);
        cr_expect_gt(lent, SEEDS / 40, "%u times a host was left", lent);
}

Test(span, the_judge_counts_as_the_words_say) {
        uint32_t refused = 0, taken = 0;

        for (uint64_t seed = 1; seed <= 4 * SEEDS; seed++) {
                const ArenaMark mark = arena_mark(&arena);
                const Snapshot *s = with_spans(random_cluster(&arena, seed, false), seed);
                Prng g = prng_seeded(seed * 31);
                World w = world_of(s);
                MoveOrder orders[3];
                Counted was[3];
                uint32_t n = 0;
                bool expected = false;

                for (uint32_t i = 0; i < s->n_rules; i++)
                        was[i] = counted(&w, &s->rules[i]);
                for (uint32_t i = 0; i < 3; i++) {
                        const Rule *rule = &s->rules[prng_below(&g, 2)];
                        const VmIx v = rule->vms[prng_below(&g, rule->n_vms)];
                        const HostIx to = prng_below(&g, 3) == 0 ? s->vms[rule->vms[0]].host
                                                                 : prng_below(&g, s->n_hosts);

                        if (w.to[v] != IX_NONE || to == w.at[v] || s->vms[v].in_flight)
                                continue;
                        w.to[v] = to;
                        orders[n++] = (MoveOrder){ .vm = s->vms[v].name,
                                                   .from = s->hosts[w.at[v]].name,
                                                   .to = s->hosts[to].name,
                                                   .wave = 1 };
                }
                for (uint32_t i = 0; i < s->n_rules; i++)
                        expected |= s->rules[i].kind == RULE_SPAN &&
                                    is_too_many(&s->rules[i], was[i], counted(&w, &s->rules[i]));
                cr_assert_eq(judge_objects(s, default_settings(&arena), orders, n), expected,
                             "seed %lu: it is %sallowed", seed, expected ? "not " : "");
                refused += expected;
                taken += !expected && n > 0;
                arena_rewind(&arena, mark);
        }
        cr_expect_gt(refused, SEEDS / 2, "%u refused", refused);
        cr_expect_gt(taken, SEEDS / 2, "%u taken", taken);
}

/* Room for all of it everywhere: nothing but the rule says where VMs go. */
static const Snapshot *roomy(uint64_t seed) {
        Dice d = { .prng = prng_seeded(seed * 7), .arena = &arena };
        Snapshot *s = arena_new(&arena, Snapshot, 1);
        const uint32_t n_hosts = (uint32_t) dice_between(&d, 2, 8),
                       n_vms = (uint32_t) dice_between(&d, 2, 20);
        Host *hosts = arena_new(&arena, Host, n_hosts);
        Vm *vms = arena_new(&arena, Vm, n_vms);
        VmIx *list = arena_new(&arena, VmIx, n_vms);
        Rule *rule = arena_new(&arena, Rule, 1);

        for (uint32_t h = 0; h < n_hosts; h++) {
                random_host(&d, &hosts[h], h, true);
                hosts[h].cpus = 64;
                hosts[h].memory_mib = 1 << 20;
        }
        for (VmIx v = 0; v < n_vms; v++) {
                random_vm(&d, &vms[v], v, n_hosts, true);
                vms[v].cpu_mcores = 100;
                vms[v].memory_mib = 1024;
                list[v] = v;
        }
        *rule = (Rule){ .kind = RULE_SPAN,
                        .name = "licence",
                        .must = true,
                        .k = dice_between(&d, 1, 3),
                        .vms = list,
                        .n_vms = n_vms };
        *s = (Snapshot){ .cluster = "roomy",
                         .n_hosts = n_hosts,
                         .n_vms = n_vms,
                         .n_rules = 1,
                         .hosts = hosts,
                         .vms = vms,
                         .rules = rule };
        return s;
}

Test(span, what_room_is_for_is_mended) {
        uint32_t broken = 0;

        for (uint64_t seed = 1; seed <= SEEDS_OF(300); seed++) {
                const ArenaMark mark = arena_mark(&arena);
                const Snapshot *s = roomy(seed);
                const Plan *plan = NULL;
                World w = world_of(s);

                broken += counted(&w, s->rules).stays > s->rules->k;
                cr_assert_eq(0, planner_plan(&arena, s, default_settings(&arena), policies_all(),
                                             PLAN_REQUEST_DEFAULT, &plan));
                for (uint32_t k = 0; k < plan->n_moves; k++)
                        w.at[plan->moves[k].move.vm] = plan->moves[k].move.to;
                cr_expect_leq(counted(&w, s->rules).stays, s->rules->k, "seed %lu: %u places, at most %ld",
                              seed, counted(&w, s->rules).stays, s->rules->k);
                arena_rewind(&arena, mark);
        }
        cr_expect_gt(broken, SEEDS_OF(300) / 2, "%u were broken", broken);
}
