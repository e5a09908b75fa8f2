/* SPDX-License-Identifier: Apache-2.0 */
/* Random small problems with everything in them: for contract and property tests. The same seed, the same
 * problem. */
#pragma once

#include <criterion/criterion.h>

#include "scheduler/base/prng.h"
#include "scheduler/model/problem.h"

typedef struct RandomShape {
        uint32_t hosts, vms, res, rules; /* at most */
        bool reserve;                    /* for some, of losses and shares */
        bool talks;                      /* VMs that talk */
        bool pack;                       /* for some, hosts are to be emptied, or are watched */
        bool deviations;                 /* for some, beside squares or without */
        bool one_tier; /* as ROADEF/EURO 2012: transient together, pairs, services, distances */
} RandomShape;

static inline int64_t *random_row(Arena *a, Prng *g, size_t n, uint32_t below, int64_t add) {
        int64_t *row = arena_new(a, int64_t, n);

        cr_assert_not_null(row);
        for (size_t i = 0; i < n; i++)
                row[i] = add + prng_below(g, below);
        return row;
}

static inline void random_rules(Arena *a, Prng *g, Problem *p, uint32_t n_rules) {
        Group *groups = arena_new(a, Group, n_rules + 2);
        GroupRule *rules = arena_new(a, GroupRule, n_rules);

        p->n_groups = n_rules + 2;
        for (uint32_t i = 0; i < p->n_groups; i++) {
                VmIx *vms = arena_new(a, VmIx, p->n_vms);
                uint32_t n = 0;

                for (VmIx v = 0; v < p->n_vms; v++)
                        if (prng_below(g, 4) == 0)
                                vms[n++] = v;
                groups[i] = (Group){ vms, n };
        }
        for (uint32_t i = 0; i < n_rules; i++)
                rules[i] = (GroupRule){ .kind = (RuleKind) prng_below(g, RULE_ON),
                                        .level = (Level) prng_below(g, LEVEL_N),
                                        .group = prng_below(g, p->n_groups),
                                        .group_b = prng_below(g, p->n_groups),
                                        .k = prng_below(g, 4),
                                        .must = prng_below(g, 2) == 0,
                                        .weight = 1 + prng_below(g, 100) };
        p->groups = groups;
        p->rules = rules;
        p->n_rules = n_rules;
}

/* Pairs of VMs that talk; their groups come after those of the rules. */
static inline void random_talks(Arena *a, Prng *g, Problem *p) {
        const uint32_t n_pairs = p->n_vms > 1 ? prng_below(g, 5) : 0;
        Group *groups = arena_new(a, Group, (size_t) p->n_groups + n_pairs);
        GroupRule *talks = arena_new(a, GroupRule, (size_t) n_pairs * 2);

        memcpy(groups, p->groups, sizeof(Group) * p->n_groups);
        for (uint32_t i = 0; i < n_pairs; i++) {
                VmIx *vms = arena_new(a, VmIx, 2);

                vms[0] = prng_below(g, p->n_vms);
                vms[1] = (vms[0] + 1 + prng_below(g, p->n_vms - 1)) % p->n_vms;
                for (uint32_t k = 0; k < 2; k++)
                        talks[p->n_talks++] = (GroupRule){ .kind = RULE_TOGETHER,
                                                           .level = (Level) prng_below(g, LEVEL_N),
                                                           .group = p->n_groups,
                                                           .group_b = p->n_groups,
                                                           .weight = prng_below(g, 30000) };
                groups[p->n_groups++] = (Group){ vms, 2 };
        }
        p->groups = groups;
        p->talks = talks;
}

static inline void random_classes(Arena *a, Prng *g, Problem *p) {
        const uint64_t **allowed = arena_new(a, const uint64_t *, 3);
        const Reason **denied = arena_new(a, const Reason *, 3);
        uint32_t *class_of = arena_new(a, uint32_t, p->n_vms);

        for (uint32_t c = 1; c < 3; c++) {
                uint64_t *bits = arena_new(a, uint64_t, p->n_hosts / 64 + 1);
                Reason *why = arena_new(a, Reason, p->n_hosts);

                for (HostIx h = 0; h < p->n_hosts; h++) {
                        why[h] = (const Reason[]){ REASON_NONE, REASON_NONE, REASON_RULE_HOSTS,
                                                   REASON_NETWORK }[prng_below(g, 4)];
                        if (why[h] == REASON_NONE)
                                bits[h / 64] |= UINT64_C(1) << (h % 64);
                }
                allowed[c] = bits;
                denied[c] = why;
        }
        for (VmIx v = 0; v < p->n_vms; v++)
                class_of[v] = prng_below(g, 3);
        p->n_classes = 3;
        p->class_of = class_of;
        p->allowed = allowed;
        p->denied = denied;
}

static inline Group *random_services(Arena *a, const Problem *p, const uint32_t *service_of) {
        Group *services = arena_new(a, Group, p->n_services);

        for (uint32_t s = 0; s < p->n_services; s++) {
                VmIx *vms = arena_new(a, VmIx, p->n_vms);
                uint32_t n = 0;

                for (VmIx v = 0; v < p->n_vms; v++)
                        if (service_of[v] == s)
                                vms[n++] = v;
                services[s] = (Group){ vms, n };
        }
        return services;
}

/* Wishes about hosts: three classes, the first without any. */
static inline void random_deviations(Arena *a, Prng *g, Problem *p) {
        const uint32_t n = 1 + prng_below(g, 3);
        DeviationGoal *goals = arena_new(a, DeviationGoal, n);

        cr_assert_not_null(goals);
        for (uint32_t i = 0; i < n; i++) {
                int64_t *unit = random_row(a, g, p->n_hosts, 500, 1);

                for (HostIx h = 0; h < p->n_hosts; h++)
                        unit[h] = prng_below(g, 8) == 0 ? 0 : unit[h];
                goals[i] = (DeviationGoal){
                        .r = prng_below(g, p->n_res),
                        .weight = 1 + prng_below(g, 1000),
                        .unit = unit,
                        .zero = prng_below(g, 2) ? random_row(a, g, p->n_hosts, 60, -30) : NULL,
                };
        }
        p->deviations = goals;
        p->n_deviations = n;
        if (prng_below(g, 2))
                p->balance_weight = NULL;
}

static inline void random_wishes(Arena *a, Prng *g, Problem *p) {
        const int64_t **rows = arena_new(a, const int64_t *, 3);
        uint32_t *wish_of = arena_new(a, uint32_t, p->n_vms);

        for (uint32_t c = 1; c < 3; c++)
                rows[c] = random_row(a, g, p->n_hosts, 50, 0);
        for (VmIx v = 0; v < p->n_vms; v++)
                wish_of[v] = prng_below(g, 3);
        p->wish_of = wish_of;
        p->wish_cost = rows;
        p->stay_wish = random_row(a, g, p->n_vms, 20, 0);
}

static inline void random_one_tier(Arena *a, Prng *g, Problem *p) {
        uint32_t *service = arena_new(a, uint32_t, p->n_vms);
        int64_t *distance = random_row(a, g, (size_t) p->n_hosts * p->n_hosts, 50, 0);
        BalancePair *pairs = arena_new(a, BalancePair, 2);

        p->one_tier = true;
        p->transient_mode = TRANSIENT_TOGETHER;
        p->n_services = 3;
        for (VmIx v = 0; v < p->n_vms; v++)
                service[v] = prng_below(g, 3);
        p->services = random_services(a, p, service);
        for (HostIx h = 0; h < p->n_hosts; h++)
                distance[(size_t) h * p->n_hosts + h] = 0;
        for (uint32_t i = 0; i < 2; i++)
                pairs[i] = (BalancePair){ prng_below(g, p->n_res), prng_below(g, p->n_res), prng_below(g, 4),
                                          1 + prng_below(g, 10) };
        p->service_of = service;
        p->service_weight = prng_below(g, 100);
        p->distance = distance;
        p->distance_weight = prng_below(g, 5);
        p->pairs = pairs;
        p->n_pairs = prng_below(g, 3);
        p->move_weight = prng_below(g, 3);
}

/* What problem_reserve.c works out, by other means. */
static inline void random_reserve(Arena *a, Prng *g, Problem *p) {
        ReserveGoal *goal = arena_new(a, ReserveGoal, 1);
        VmIx *by_size = arena_new(a, VmIx, p->n_vms);
        uint32_t *rank = arena_new(a, uint32_t, p->n_vms), *domains = arena_new(a, uint32_t, p->n_hosts);
        bool *counts = arena_new(a, bool, p->n_vms), *spends = arena_new(a, bool, p->n_vms);

        *goal = (ReserveGoal){ .losses = prng_below(g, 3),
                               .level = (Level) prng_below(g, LEVEL_N),
                               .share_permille = prng_below(g, 2) ? prng_below(g, 900) : 0,
                               .share_level = (Level) prng_below(g, LEVEL_N + 1),
                               .by_size = by_size,
                               .rank = rank,
                               .counts = counts,
                               .spends = spends,
                               .domains = domains };
        for (VmIx v = 0; v < p->n_vms; v++) {
                const VmIx w = prng_below(g, v + 1); /* any order will do */

                by_size[v] = by_size[w];
                by_size[w] = v;
                counts[v] = prng_below(g, 8) > 0;
                spends[v] = prng_below(g, 4) == 0;
        }
        for (VmIx v = 0; v < p->n_vms; v++)
                rank[by_size[v]] = v;
        for (uint32_t d = 0; d < p->n_domains[goal->level]; d++) {
                bool any = goal->level == LEVEL_HOST;

                for (HostIx h = 0; h < p->n_hosts && !any; h++)
                        any = p->domain[goal->level][h] == d;
                if (any && prng_below(g, 8) > 0)
                        domains[goal->n_domains++] = d;
        }
        for (uint32_t r = 0; r <= RES_MEMORY; r++)
                goal->mean[r] = 1 + prng_below(g, 500);
        p->reserve = goal;
}

static inline Problem *random_problem(Arena *a, uint64_t seed, RandomShape s) {
        Prng g = prng_seeded(seed);
        Problem *p = arena_new(a, Problem, 1);
        int64_t *limit;
        HostIx *home;
        HostRole *roles;
        Reason *pinned;

        cr_assert_not_null(p);
        p->n_hosts = 2 + prng_below(&g, s.hosts - 1);
        p->n_vms = 1 + prng_below(&g, s.vms);
        p->n_res = 1 + prng_below(&g, s.res);
        for (uint32_t r = 0; r < p->n_res; r++)
                p->transient[r] = prng_below(&g, 2) == 0;
        p->need = random_row(a, &g, (size_t) p->n_vms * p->n_res, 100, prng_below(&g, 2));
        p->capacity =
                random_row(a, &g, (size_t) p->n_hosts * p->n_res, 500, (int64_t) prng_below(&g, 2) * 400);
        limit = random_row(a, &g, (size_t) p->n_hosts * p->n_res, 500, 0);
        for (size_t i = 0; i < (size_t) p->n_hosts * p->n_res; i++)
                limit[i] = limit[i] < p->capacity[i] ? limit[i] : p->capacity[i];
        p->limit = limit;
        p->base = prng_below(&g, 2) ? random_row(a, &g, (size_t) p->n_hosts * p->n_res, 60, 0) : NULL;
        home = arena_new(a, HostIx, p->n_vms);
        roles = arena_new(a, HostRole, p->n_hosts);
        pinned = arena_new(a, Reason, p->n_vms);
        for (VmIx v = 0; v < p->n_vms; v++) {
                home[v] = prng_below(&g, p->n_hosts);
                pinned[v] = prng_below(&g, 10) == 0 ? REASON_VM_PINNED : REASON_NONE;
        }
        for (HostIx h = 0; h < p->n_hosts; h++)
                roles[h] = (HostRole){ prng_below(&g, 6) == 0 ? REASON_HOST_CORDONED : REASON_NONE,
                                       prng_below(&g, 10) == 0, prng_below(&g, 4) == 0 ? 7 : 0 };
        if (prng_below(&g, 2) == 0) {
                static const int64_t weights[] = { 0, 1, 7, 100 };
                int64_t *leave = arena_new(a, int64_t, p->n_vms);

                for (VmIx v = 0; v < p->n_vms; v++)
                        leave[v] = weights[prng_below(&g, ARRAY_SIZE(weights))];
                p->leave = leave;
        }
        p->home = home;
        p->roles = roles;
        p->pinned = pinned;
        for (int l = LEVEL_RACK; l < LEVEL_N; l++) {
                uint32_t *domain = arena_new(a, uint32_t, p->n_hosts);

                for (HostIx h = 0; h < p->n_hosts; h++)
                        domain[h] = prng_below(&g, 3);
                p->domain[l] = domain;
                p->n_domains[l] = 3;
        }
        p->n_domains[LEVEL_HOST] = p->n_hosts;
        p->load_weight = random_row(a, &g, p->n_res, 150, 0);
        p->balance_weight = s.one_tier ? NULL : random_row(a, &g, p->n_res, 150, 0);
        if (s.deviations && !s.one_tier && prng_below(&g, 2) == 0)
                random_deviations(a, &g, p);
        p->move_price = random_row(a, &g, p->n_vms, 200, 0);
        p->move_weight = 100;
        random_rules(a, &g, p, prng_below(&g, s.rules + 1));
        if (s.pack && !s.one_tier && prng_below(&g, 3) == 0) {
                PackGoal *pack = arena_new(a, PackGoal, 1);

                pack->cost = random_row(a, &g, p->n_hosts, 50000, 0);
                pack->line = p->limit;
                p->pack = pack;
        }
        if (s.pack && !s.one_tier && prng_below(&g, 3) == 0) {
                uint8_t *grade = arena_new(a, uint8_t, p->n_hosts);
                bool *mends = arena_new(a, bool, p->n_vms);

                for (HostIx h = 0; h < p->n_hosts; h++)
                        grade[h] = prng_below(&g, 2) == 0;
                for (VmIx v = 0; v < p->n_vms; v++)
                        mends[v] = prng_below(&g, 2) == 0;
                p->grade = grade;
                p->mends = mends;
        }
        if (s.talks && !s.one_tier)
                random_talks(a, &g, p);
        if (prng_below(&g, 2) == 0)
                random_classes(a, &g, p);
        if (s.one_tier)
                random_one_tier(a, &g, p);
        else if (s.reserve && prng_below(&g, 2) == 0)
                random_reserve(a, &g, p);
        else if (prng_below(&g, 3) == 0)
                random_wishes(a, &g, p);
        return p;
}
