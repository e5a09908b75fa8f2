/* SPDX-License-Identifier: Apache-2.0 */
/* The reserve against brute force on tiny clusters: what is said to be covered is, by every placement tried;
 * and the judge against moves that spend it. */
#include <criterion/criterion.h>

#include "scheduler/decide/cost/reserve_cover.h"
#include "tests/random_cluster.h"

#define SEEDS PART_OF(3000)

static Arena arena;

static void arena_for_test(void) {
        cr_assert_eq(0, arena_open((size_t) 64 << 20, &arena));
}

TestSuite(reserve, .init = arena_for_test);

/* A few hosts half full, whose VMs are large: that losses are covered is not certain. */
static const Snapshot *tight_cluster(uint64_t seed) {
        Dice d = { .prng = prng_seeded(seed), .arena = &arena };
        const uint32_t n_hosts = (uint32_t) dice_between(&d, 2, 5), n_vms = (uint32_t) dice_between(&d, 2, 8);
        Host *hosts = arena_new(&arena, Host, n_hosts);
        Vm *vms = arena_new(&arena, Vm, n_vms);
        Snapshot *s = arena_new(&arena, Snapshot, 1);

        for (uint32_t i = 0; i < n_hosts; i++) {
                random_host(&d, &hosts[i], i, true);
                hosts[i].memory_mib = 16384;
                hosts[i].rack = random_places[dice_between(&d, 0, 2)];
                if (dice_percent(&d, 10))
                        random_host_trouble(&d, &hosts[i]);
        }
        for (uint32_t i = 0; i < n_vms; i++) {
                random_vm(&d, &vms[i], i, n_hosts, true);
                vms[i].memory_mib = dice_between(&d, 1, 8) * 1024;
                vms[i].cpu_mcores = dice_between(&d, 100, 6000);
                vms[i].local_disk_mib = dice_percent(&d, 5) ? 1 : 0;
        }
        *s = (Snapshot){ .cluster = "tight", .n_hosts = n_hosts, .n_vms = n_vms, .hosts = hosts, .vms = vms };
        return s;
}

typedef struct Loss {
        const Snapshot *s;
        const bool *lost; /* [host] */
        VmIx vms[8];
        uint32_t n;
        int64_t cpu[8], memory[8]; /* [host] left */
} Loss;

static bool place_rest(Loss *l, uint32_t i) {
        const Vm *v = i < l->n ? &l->s->vms[l->vms[i]] : NULL;

        for (HostIx h = 0; v && h < l->s->n_hosts; h++) {
                const Host *host = &l->s->hosts[h];
                bool done;

                if (l->lost[h] || host->state != HOST_ACTIVE || host->excluded != EXCLUDED_NONE ||
                    host->fault_grade >= 2 || l->cpu[h] < v->cpu_mcores || l->memory[h] < v->memory_mib)
                        continue;
                l->cpu[h] -= v->cpu_mcores;
                l->memory[h] -= v->memory_mib;
                done = place_rest(l, i + 1);
                l->cpu[h] += v->cpu_mcores;
                l->memory[h] += v->memory_mib;
                if (done)
                        return true;
        }
        return !v;
}

/* Some placement of all VMs of the lost hosts exists: every one is tried. */
static bool can_be_placed(const Snapshot *s, const bool *lost) {
        Loss l = { .s = s, .lost = lost };

        for (HostIx h = 0; h < s->n_hosts; h++) {
                l.cpu[h] = s->hosts[h].cpus * 1000;
                l.memory[h] = s->hosts[h].memory_mib;
        }
        for (VmIx v = 0; v < s->n_vms; v++) {
                const Host *host = &s->hosts[s->vms[v].host];

                l.cpu[s->vms[v].host] -= s->vms[v].cpu_mcores;
                l.memory[s->vms[v].host] -= s->vms[v].memory_mib;
                if (lost[s->vms[v].host] && s->vms[v].local_disk_mib == 0 &&
                    host->excluded == EXCLUDED_NONE && host->state != HOST_OFFLINE &&
                    host->state != HOST_MAINTENANCE && host->fault_grade < 3)
                        l.vms[l.n++] = v;
        }
        return place_rest(&l, 0);
}

static bool may_be_lost(const Host *h) {
        return h->excluded == EXCLUDED_NONE && h->state != HOST_OFFLINE && h->state != HOST_MAINTENANCE &&
               h->fault_grade < 3;
}

/* Every loss of `losses` hosts can be borne. */
static bool all_can_be_placed(const Snapshot *s, uint32_t losses) {
        for (uint32_t set = 0; set < 1U << s->n_hosts; set++) {
                bool lost[8] = { false }, counts = (uint32_t) __builtin_popcount(set) == losses;

                for (HostIx h = 0; h < s->n_hosts; h++) {
                        lost[h] = set >> h & 1;
                        counts &= !lost[h] || may_be_lost(&s->hosts[h]);
                }
                if (counts && !can_be_placed(s, lost))
                        return false;
        }
        return true;
}

static const Settings *settings_with_losses(uint32_t losses) {
        Settings *settings = (Settings *) (uintptr_t) default_settings(&arena);

        setting(settings, "reserve.losses", losses == 1 ? "1" : "2");
        return settings;
}

static ReserveMeasure measured(const Snapshot *s, const Settings *settings) {
        const Problem *p = NULL;
        Reserve *k = NULL;

        cr_assert_eq(0, problem_build(&arena, s, settings, &p));
        cr_assert_eq(0, reserve_build(&arena, p, NULL, &k));
        return reserve_measure(k);
}

Test(reserve, covered_is_true_and_seldom_missed) {
        uint32_t covered = 0, possible = 0, impossible = 0;

        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
                ArenaMark mark = arena_mark(&arena);
                const Snapshot *s = tight_cluster(seed);
                const uint32_t losses = 1 + seed % 2;
                const bool truth = all_can_be_placed(s, losses);
                const bool said = measured(s, settings_with_losses(losses)).uncovered == 0;

                cr_assert(!said || truth, "seed %lu: said to be covered, and is not", (unsigned long) seed);
                covered += said;
                possible += truth;
                impossible += !truth;
                arena_rewind(&arena, mark);
        }
        cr_assert(possible > SEEDS / 10 && impossible > SEEDS / 10);
        cr_assert_gt(covered, possible * 97 / 100, "%u said of %u that are", covered, possible);
}

/* A host that is emptied, or overfull: the reserve may be spent for it. */
static bool may_be_spent(const Snapshot *s) {
        bool may = false;

        for (HostIx h = 0; h < s->n_hosts; h++) {
                int64_t cpu = 0, memory = 0;

                for (VmIx v = 0; v < s->n_vms; v++) {
                        cpu += s->vms[v].host == h ? s->vms[v].cpu_mcores : 0;
                        memory += s->vms[v].host == h ? s->vms[v].memory_mib : 0;
                }
                may |= cpu > s->hosts[h].cpus * 1000 || memory > s->hosts[h].memory_mib ||
                       s->hosts[h].state == HOST_MAINTENANCE || s->hosts[h].fault_grade >= 3;
        }
        return may;
}

/* One move of a VM that may not spend the reserve, from a state that has it: the judge refuses it exactly
 * when the reserve is gone afterwards, and every plan leaves what was covered covered. */
Test(reserve, the_judge_refuses_a_move_exactly_when_it_spends_the_reserve) {
        uint32_t spent = 0, kept = 0;

        for (uint64_t seed = 1; seed <= 4 * SEEDS; seed++) {
                ArenaMark mark = arena_mark(&arena);
                Prng g = prng_seeded(seed * 17);
                const Snapshot *s = tight_cluster(seed), *after;
                const VmIx v = prng_below(&g, s->n_vms);
                const HostIx to = prng_below(&g, s->n_hosts);
                const Settings *with = settings_with_losses(1 + seed % 2),
                               *without = default_settings(&arena);
                const PlanMove made = { .move = { v, s->vms[v].host, to } };
                const MoveOrder m = move_order_of(s, &made);
                const Objection *o = NULL;
                const ReserveMeasure was = measured(s, with);
                uint32_t n;
                bool safe;

                safe = to != s->vms[v].host && plan_check(&arena, s, without, &m, 1, &o, &n) == 0 &&
                       !may_be_spent(s);
                if (safe) {
                        after = snapshot_after(&arena, s, &(Plan){ .n_moves = 1, .moves = &made });
                        const bool worse = reserve_exceeds(measured(after, with), was);
                        const bool refused = plan_check(&arena, s, with, &m, 1, &o, &n) > 0;

                        cr_assert(worse || !refused, "seed %lu: refused, and spends nothing",
                                  (unsigned long) seed);
                        if (was.uncovered == 0)
                                cr_assert_eq(worse, refused, "seed %lu: spends the reserve: %d, refused: %d",
                                             (unsigned long) seed, worse, refused);
                        cr_assert(!refused || o[0].reason == REASON_RESERVE);
                        spent += worse;
                        kept += !worse;
                }
                arena_rewind(&arena, mark);
        }
        cr_assert(spent > PART_OF(50) && kept > PART_OF(300), "%u spent, %u kept", spent, kept);
}

Test(reserve, is_never_worsened_by_a_plan_unless_vms_must_leave) {
        uint32_t repaired = 0;

        for (uint64_t seed = 1; seed <= SEEDS / 3; seed++) {
                ArenaMark mark = arena_mark(&arena);
                const Snapshot *s = tight_cluster(seed);
                const Settings *settings = settings_with_losses(1 + seed % 2);
                const Plan *plan = NULL;
                ReserveMeasure before, after;
                const bool must = may_be_spent(s);

                cr_assert_eq(0,
                             planner_plan(&arena, s, settings, policies_all(), PLAN_REQUEST_DEFAULT, &plan));
                before = measured(s, settings);
                after = measured(snapshot_after(&arena, s, plan), settings);
                cr_assert(must || !reserve_exceeds(after, before), "seed %lu", (unsigned long) seed);
                cr_assert_eq(plan->reserve.gap != NULL, after.uncovered > 0, "seed %lu",
                             (unsigned long) seed);
                cr_assert(!(after.uncovered > 0 && !must) || plan->status == PLAN_BLOCKED);
                repaired += after.uncovered < before.uncovered;
                arena_rewind(&arena, mark);
        }
        cr_assert_gt(repaired, PART_OF(10));
}
