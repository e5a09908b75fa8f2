/* SPDX-License-Identifier: Apache-2.0 */
/* What failover says of random clusters: the judge lets all start that it says would, each VM of a host is told of once, and
 * whether more could start is tried out on small clusters, all ways there are. */
#include <criterion/criterion.h>

#include "scheduler/decide/judge/start_check.h"
#include "scheduler/decide/query/failover.h"
#include "scheduler/model/booking.h"
#include "tests/random_cluster.h"

static Arena arena;

static void arena_for_test(void) {
        cr_assert_eq(0, arena_open((size_t) 256 << 20, &arena));
}

TestSuite(failover_laws, .init = arena_for_test);

/* All as important; some of them have a device, some VMs are booked room. */
static const Snapshot *cluster(uint64_t seed, bool same_priority) {
        Snapshot *s = arena_new(&arena, Snapshot, 1);
        Prng g = prng_seeded(seed * 6151);
        Vm *vms;

        *s = *random_cluster(&arena, seed, false);
        vms = arena_new(&arena, Vm, s->n_vms);
        for (VmIx v = 0; v < s->n_vms; v++) {
                vms[v] = s->vms[v];
                if (same_priority)
                        vms[v].priority = 100;
                if (prng_below(&g, 20) == 0 && vms[v].cpu_mcores != UNKNOWN && !vms[v].in_flight)
                        vms[v].state = VM_BOOKED;
        }
        s->vms = vms;
        return s;
}

static uint32_t starts_of(const FailoverHost *host, Start *starts) {
        uint32_t n = 0;

        for (uint32_t i = 0; i < host->n_vms; i++)
                if (host->vms[i].end == FAILOVER_STARTS)
                        starts[n++] = (Start){ host->vms[i].vm, host->vms[i].host };
        return n;
}

Test(failover_laws, the_judge_lets_all_start_that_it_says_would) {
        uint32_t safe = 0, unsafe = 0, started = 0;

        for (uint64_t seed = 1; seed <= SEEDS_OF(1200); seed++) {
                ArenaMark mark = arena_mark(&arena);
                const Settings *settings = random_settings(&arena, seed);
                const Snapshot *s = cluster(seed, false);
                StartCheck *judge = NULL;
                Failover all;

                cr_assert_eq(0, failover_find(&arena, s, settings, policies_all(), IX_NONE, &all));
                cr_assert_eq(0, start_check_new(&arena, s, settings, &judge));
                for (uint32_t i = 0; i < all.n_hosts; i++) {
                        const FailoverHost *host = &all.hosts[i];
                        Start starts[64];
                        const char *why = NULL;
                        uint32_t n = starts_of(host, starts), running = 0, none = 0;
                        bool told[64] = { false };

                        cr_assert_eq(0, start_check(judge, host->host, starts, n, &why), "seed %lu, %s: %s",
                                     (unsigned long) seed, s->hosts[host->host].name, why);
                        for (VmIx v = 0; v < s->n_vms; v++)
                                running += s->vms[v].host == host->host && s->vms[v].state != VM_BOOKED;
                        cr_assert_eq(host->n_vms, running, "seed %lu", (unsigned long) seed);
                        for (uint32_t k = 0; k < host->n_vms; k++) {
                                cr_assert_eq(s->vms[host->vms[k].vm].host, host->host);
                                cr_assert_not(told[host->vms[k].vm]);
                                told[host->vms[k].vm] = true;
                                none += host->vms[k].end == FAILOVER_NONE;
                                cr_assert(host->vms[k].end != FAILOVER_NONE || host->vms[k].why[0]);
                                cr_assert(k == 0 || host->vms[k].end != FAILOVER_STARTS ||
                                                  s->vms[host->vms[k - 1].vm].priority >=
                                                          s->vms[host->vms[k].vm].priority,
                                          "the most important starts first");
                        }
                        cr_assert_eq(none, host->n_none);
                        safe += none == 0 && n > 0;
                        unsafe += none > 0;
                        started += n;
                }
                arena_rewind(&arena, mark);
        }
        cr_assert(safe > SEEDS_OF(500) && unsafe > SEEDS_OF(500) && started > SEEDS_OF(5000),
                  "%u protected, %u not, %u starts", safe, unsafe, started);
}

/* ---- all ways ---- */

typedef struct Ways {
        StartCheck *judge;
        const Snapshot *s;
        HostIx lost;
        VmIx vms[8];
        Start starts[8];
        uint32_t n, n_starts, most; /* most: that the judge let start */
} Ways;

static void try_all(Ways *w, uint32_t i) {
        const char *why;

        if (w->n_starts + (w->n - i) <= w->most)
                return;
        if (i == w->n) {
                if (start_check(w->judge, w->lost, w->starts, w->n_starts, &why) == 0)
                        w->most = w->n_starts;
                return;
        }
        for (HostIx h = 0; h < w->s->n_hosts; h++) {
                if (h == w->lost)
                        continue;
                w->starts[w->n_starts++] = (Start){ w->vms[i], h };
                try_all(w, i + 1);
                w->n_starts--;
        }
        try_all(w, i + 1);
}

/* Of what it calls not protected: how often some other way starts more. docs/failover.md says it. */
Test(failover_laws, of_a_thousand_small_losses_hardly_any_could_start_more) {
        uint32_t tried = 0, best = 0, lacking = 0;

        for (uint64_t seed = 1; tried < SEEDS_OF(1000) && seed <= 20000; seed++) {
                ArenaMark mark = arena_mark(&arena);
                const Settings *settings = random_settings(&arena, seed);
                const Snapshot *s = cluster(seed, true);
                Ways w = { .s = s };
                Failover all;

                if (s->n_hosts >= 2 && s->n_hosts <= 6) {
                        cr_assert_eq(0, failover_find(&arena, s, settings, policies_all(), IX_NONE, &all));
                        cr_assert_eq(0, start_check_new(&arena, s, settings, &w.judge));
                        for (uint32_t i = 0; i < all.n_hosts; i++) {
                                const FailoverHost *host = &all.hosts[i];
                                Start starts[64];
                                const uint32_t n = starts_of(host, starts);

                                w.n = 0;
                                if (host->n_none == 0 || host->n_vms > 6)
                                        continue;
                                for (uint32_t k = 0; k < host->n_vms; k++)
                                        w.vms[w.n++] = host->vms[k].vm;
                                w.lost = host->host;
                                w.most = n;
                                try_all(&w, 0);
                                tried++;
                                best += w.most == n;
                                lacking += w.most - n;
                        }
                }
                arena_rewind(&arena, mark);
        }
        printf("%u of %u losses: no way starts more; %u VMs more in all\n", best, tried, lacking);
        cr_assert(tried >= SEEDS_OF(1000), "%u", tried);
        cr_assert(best * 1000 >= tried * 980, "%u of %u", best, tried);
}
