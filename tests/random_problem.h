/* SPDX-License-Identifier: Apache-2.0 */
/* Random small problems with everything in them: for contract and property tests. The same seed, the same
 * problem. */
#pragma once

#include <criterion/criterion.h>
#include <string.h>

#include "policies/policies.h"
#include "scheduler/base/text.h"

typedef struct RandomShape {
        uint32_t hosts, vms, res, rules; /* at most */
        bool reserve;                    /* for some, of losses and shares */
        bool talks;                      /* VMs that talk */
        bool pack;                       /* for some, hosts are to be emptied, or are watched */
        bool deviations;                 /* for some, beside squares or without */
        bool one_tier; /* as ROADEF/EURO 2012: transient together, pairs, services, distances */
} RandomShape;

static inline int64_t *random_row(Arena *a, Prng *g, size_t n, uint32_t below, int64_t add) {
        int64_t *row = sample_row(a, g, n, below, add);

        cr_assert_not_null(row);
        return row;
}

/* The columns that the policy reads, as it fills them itself. */
static inline void random_by(Arena *a, Prng *g, Problem *p, const char *policy) {
        const PolicySet all = policies_all();

        for (uint32_t i = 0; i < all.n; i++)
                if (strcmp(all.policies[i]->name, policy) == 0) {
                        cr_assert_eq(0, all.policies[i]->sample(a, g, p));
                        return;
                }
        cr_assert_fail("no policy %s", policy);
}

static inline void random_one_tier(Arena *a, Prng *g, Problem *p) {
        p->one_tier = true;
        p->transient_mode = TRANSIENT_TOGETHER;
        random_by(a, g, p, "stay");
        random_by(a, g, p, "balance_pairs");
}

/* Squares and deviations, or one of them. */
static inline void random_balance(Arena *a, Prng *g, Problem *p, bool deviations) {
        random_by(a, g, p, "balance");
        if (deviations)
                return;
        p->n_deviations = 0;
        if (!p->balance_weight)
                p->balance_weight = random_row(a, g, p->n_res, 150, 0);
}

/* Hosts and VMs by name, and nothing more. */
static inline const Snapshot *random_names(Arena *a, const Problem *p) {
        Snapshot *s = arena_new(a, Snapshot, 1);
        Host *hosts = arena_new(a, Host, p->n_hosts);
        Vm *vms = arena_new(a, Vm, p->n_vms);

        cr_assert(s && hosts && vms);
        for (HostIx h = 0; h < p->n_hosts; h++)
                hosts[h] = (Host){ .name = text_format(a, "host-%u", h), .cpus = 16 };
        for (VmIx v = 0; v < p->n_vms; v++)
                vms[v] = (Vm){ .name = text_format(a, "vm-%u", v), .host = p->home[v] };
        *s = (Snapshot){ .hosts = hosts, .n_hosts = p->n_hosts, .vms = vms, .n_vms = p->n_vms };
        return s;
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
                                       prng_below(&g, 10) == 0, 0 };
        p->home = home;
        p->roles = roles;
        p->pinned = pinned;
        p->snapshot = random_names(a, p);
        random_by(a, &g, p, "evacuate");
        for (int l = LEVEL_RACK; l < LEVEL_N; l++) {
                uint32_t *domain = arena_new(a, uint32_t, p->n_hosts);

                for (HostIx h = 0; h < p->n_hosts; h++)
                        domain[h] = prng_below(&g, 3) % p->n_hosts; /* no more than there are hosts */
                p->domain[l] = domain;
                p->n_domains[l] = p->n_hosts < 3 ? p->n_hosts : 3;
        }
        p->n_domains[LEVEL_HOST] = p->n_hosts;
        p->load_weight = random_row(a, &g, p->n_res, 150, 0);
        if (!s.one_tier)
                random_balance(a, &g, p, s.deviations);
        p->move_price = random_row(a, &g, p->n_vms, 200, 0);
        p->move_weight = 100;
        cr_assert_eq(0, sample_rules(a, &g, p, prng_below(&g, s.rules + 1), RULE_ON));
        if (s.pack && !s.one_tier && prng_below(&g, 3) == 0)
                random_by(a, &g, p, "pack");
        if (s.pack && !s.one_tier && prng_below(&g, 3) == 0)
                random_by(a, &g, p, "watch");
        if (s.talks && !s.one_tier)
                random_by(a, &g, p, "traffic");
        if (prng_below(&g, 2) == 0)
                random_by(a, &g, p, "allowed");
        if (s.one_tier)
                random_one_tier(a, &g, p);
        else if (s.reserve && prng_below(&g, 2) == 0)
                random_by(a, &g, p, "reserve");
        else if (prng_below(&g, 3) == 0)
                random_by(a, &g, p, "wishes");
        return p;
}
