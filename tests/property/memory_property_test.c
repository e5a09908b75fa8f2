/* SPDX-License-Identifier: Apache-2.0 */
/* The law of docs/memory.md, reckoned a third time, slowly and from that page alone: at no instant of an accepted plan is
 * more of a host's memory in its own use and promised than it has, unless it was and has not grown. */
#include <criterion/criterion.h>

#include "tests/random_cluster.h"

static Arena arena;

static void arena_for_test(void) {
        cr_assert_eq(0, arena_open((size_t) 256 << 20, &arena));
}

static void arena_after_test(void) {
        arena_close(&arena);
}

TestSuite(memory_property, .init = arena_for_test, .fini = arena_after_test);

/* ---- clusters whose memory was measured, or not ---- */

static Vm *vms_of(const Snapshot *s) {
        return (Vm *) (uintptr_t) s->vms;
}

static Host *hosts_of(const Snapshot *s) {
        return (Host *) (uintptr_t) s->hosts;
}

static void measure_vms(Dice *d, const Snapshot *s) {
        for (VmIx v = 0; v < s->n_vms; v++) {
                Vm *vm = &vms_of(s)[v];

                vm->memory_resident_mib = UNKNOWN;
                if (dice_percent(d, 70) && vm->state != VM_OFF)
                        vm->memory_resident_mib = vm->hugepages_kib > 0
                                                          ? dice_between(d, 0, 300)
                                                          : vm->memory_mib * dice_between(d, 10, 104) / 100;
                if (dice_percent(d, 5))
                        vm->state = VM_OFF;
        }
}

/* What its VMs have of it, its pages, a cache, and something of its own. */
static void measure_host(Dice *d, const Snapshot *s, HostIx h) {
        Host *host = &hosts_of(s)[h];
        int64_t used = dice_between(d, 0, host->memory_mib / 3);

        if (dice_percent(d, 10))
                host->reserved_mib = dice_between(d, 1, 4096);
        if (dice_percent(d, 20))
                host->overcommit_memory_permille = dice_between(d, 800, 1600);
        host->memory_reclaimable_mib = UNKNOWN;
        if (!dice_percent(d, 60))
                return;
        if (dice_percent(d, 50))
                host->memory_reclaimable_mib = dice_between(d, 0, 8192);
        used += host->memory_reclaimable_mib > 0 ? host->memory_reclaimable_mib : 0;
        for (uint32_t i = 0; i < host->n_hugepages; i++)
                used += host->hugepages[i].total_mib;
        for (VmIx v = 0; v < s->n_vms; v++)
                if (s->vms[v].host == h && s->vms[v].state != VM_OFF)
                        used += s->vms[v].memory_resident_mib > 0 ? s->vms[v].memory_resident_mib
                                : s->vms[v].hugepages_kib > 0     ? 0
                                                                  : s->vms[v].memory_mib;
        host->memory_used_mib = dice_percent(d, 90) ? used : used / 2; /* readings of two moments */
}

static const Snapshot *measured_cluster(uint64_t seed, bool plain) {
        const Snapshot *s = random_cluster(&arena, seed, plain);
        Dice d = { .prng = prng_seeded(seed * 31 + 7), .arena = &arena };

        if (plain && dice_percent(&d, 30))
                for (HostIx h = 0; h < s->n_hosts; h++)
                        random_host_facts(&d, &hosts_of(s)[h]);
        measure_vms(&d, s);
        for (HostIx h = 0; h < s->n_hosts; h++)
                measure_host(&d, s, h);
        return s;
}

static const Settings *settings_of(uint64_t seed) {
        Settings *s = (Settings *) (uintptr_t) default_settings(&arena);
        static const char *const kept[] = { "0MiB", "512MiB", "3GiB" }, *const each[] = { "0MiB", "30MiB",
                                                                                          "700MiB" };
        TextFault fault;

        cr_assert_eq(0, settings_set(s, "memory.keep_for_host", kept[seed % 3], &fault));
        cr_assert_eq(0, settings_set(s, "memory.per_vm", each[seed / 3 % 3], &fault));
        if (seed % 4 == 0)
                cr_assert_eq(0, settings_set(s, "cluster.overcommit_memory", "120%", &fault));
        return s;
}

/* ---- the page, word for word ---- */

static bool there(const Vm *v) {
        return v->state != VM_OFF;
}

static int64_t resident(const Vm *v) {
        if (!there(v))
                return 0;
        if (v->memory_resident_mib > 0)
                return v->memory_resident_mib;
        return v->hugepages_kib > 0 ? 0 : v->memory_mib;
}

static int64_t overhead(const Vm *v, int64_t per_vm) {
        const int64_t guest = v->hugepages_kib > 0 ? 0 : v->memory_mib;

        if (!there(v) || v->memory_resident_mib <= 0)
                return per_vm;
        if (v->hugepages_kib > 0)
                return v->memory_resident_mib;
        return v->memory_resident_mib - guest > per_vm ? v->memory_resident_mib - guest : per_vm;
}

static int64_t promised(const Vm *v, int64_t per_vm) {
        return (v->hugepages_kib > 0 ? 0 : v->memory_mib) + overhead(v, per_vm);
}

static int64_t in_use(const Vm *v, int64_t per_vm) {
        int64_t most = -1;

        if (v->hugepages_kib > 0)
                return promised(v, per_vm);
        if (there(v) && v->memory_resident_mib > 0)
                most = v->memory_resident_mib;
        if (v->memory_used_mib != UNKNOWN && v->memory_used_mib + overhead(v, per_vm) > most)
                most = v->memory_used_mib + overhead(v, per_vm);
        return most < 0 || most > promised(v, per_vm) ? promised(v, per_vm) : most;
}

static int64_t pools(const Snapshot *s, HostIx h) {
        int64_t sum = 0;

        for (uint32_t i = 0; i < s->hosts[h].n_hugepages; i++) {
                int64_t taken = 0;

                for (VmIx v = 0; v < s->n_vms; v++)
                        if (s->vms[v].host == h && there(&s->vms[v]) &&
                            s->vms[v].hugepages_kib == s->hosts[h].hugepages[i].kib)
                                taken += s->vms[v].memory_mib;
                sum += taken > s->hosts[h].hugepages[i].total_mib ? taken
                                                                  : s->hosts[h].hugepages[i].total_mib;
        }
        for (VmIx v = 0; v < s->n_vms; v++) {
                bool told = s->vms[v].hugepages_kib == 0;

                for (uint32_t i = 0; i < s->hosts[h].n_hugepages; i++)
                        told |= s->hosts[h].hugepages[i].kib == s->vms[v].hugepages_kib;
                sum += s->vms[v].host == h && there(&s->vms[v]) && !told ? s->vms[v].memory_mib : 0;
        }
        return sum;
}

static int64_t own_use(const Snapshot *s, HostIx h, int64_t keep) {
        const Host *host = &s->hosts[h];
        const int64_t kept = host->reserved_mib > 0 ? host->reserved_mib : keep;
        int64_t own = host->memory_used_mib;

        if (own == UNKNOWN)
                return kept;
        own -= host->memory_reclaimable_mib > 0 ? host->memory_reclaimable_mib : 0;
        own -= pools(s, h);
        for (VmIx v = 0; v < s->n_vms; v++)
                own -= s->vms[v].host == h ? resident(&s->vms[v]) : 0;
        return own > kept ? own : kept;
}

/* ---- the law ---- */

typedef struct Law {
        const Snapshot *s;
        int64_t keep, per_vm, overcommit; /* permille */
        bool lent;
} Law;

static Law law_of(const Snapshot *s, const Settings *settings) {
        Law law = { .s = s,
                    .keep = settings_int(settings, "memory", "keep_for_host"),
                    .per_vm = settings_int(settings, "memory", "per_vm"),
                    .overcommit = settings_int(settings, "cluster", "overcommit_memory") };

        law.lent = law.overcommit > 1000;
        for (HostIx h = 0; h < s->n_hosts; h++)
                law.lent |= s->hosts[h].overcommit_memory_permille > 1000;
        return law;
}

/* How much more host h holds than it has; on[v × hosts + h]: it may hold v. used: of what is in use. */
static int64_t excess(const Law *law, HostIx h, const bool *on, bool used) {
        const Host *host = &law->s->hosts[h];
        const int64_t ratio = used                                   ? 1000
                              : host->overcommit_memory_permille > 0 ? host->overcommit_memory_permille
                                                                     : law->overcommit;
        const int64_t ordinary = host->memory_mib - pools(law->s, h);
        int64_t holds = own_use(law->s, h, law->keep);

        for (VmIx v = 0; v < law->s->n_vms; v++)
                if (on[(size_t) v * law->s->n_hosts + h])
                        holds += used ? in_use(&law->s->vms[v], law->per_vm)
                                      : promised(&law->s->vms[v], law->per_vm);
        return holds - (ordinary > 0 ? ordinary * ratio / 1000 : 0);
}

static bool *homes(const Snapshot *s) {
        bool *on = arena_new(&arena, bool, (size_t) s->n_vms * s->n_hosts);

        for (VmIx v = 0; v < s->n_vms; v++)
                for (HostIx h = 0; h < s->n_hosts; h++)
                        on[(size_t) v * s->n_hosts + h] = snapshot_vm_is_on(s, v, h);
        return on;
}

/* In what host the law is broken while the moves of the wave are made; IX_NONE: in none. on: before, and then after it. */
static HostIx broken_in_wave(const Law *law, const Move *moves, uint32_t n, bool *on) {
        const size_t n_hosts = law->s->n_hosts;
        int64_t *before = arena_new(&arena, int64_t, 2 * n_hosts);
        HostIx broken = IX_NONE;

        for (HostIx h = 0; h < n_hosts; h++)
                for (int used = 0; used < 2; used++)
                        before[2 * h + (size_t) used] = excess(law, h, on, used);
        for (uint32_t i = 0; i < n; i++)
                on[(size_t) moves[i].vm * n_hosts + moves[i].to] = true;
        for (HostIx h = 0; h < n_hosts; h++)
                for (int used = 0; used <= law->lent; used++) {
                        const int64_t now = excess(law, h, on, used);

                        if (now > 0 && now > before[2 * h + (size_t) used])
                                broken = h;
                }
        for (uint32_t i = 0; i < n; i++)
                if (law->s->vms[moves[i].vm].in_flight_to != moves[i].from)
                        on[(size_t) moves[i].vm * n_hosts + moves[i].from] = false;
        return broken;
}

Test(memory_property, no_accepted_plan_promises_more_than_there_is_at_any_wave) {
        uint32_t moves = 0, tight = 0;

        for (uint64_t seed = 1; seed <= SEEDS_OF(400); seed++) {
                const ArenaMark mark = arena_mark(&arena);
                const Snapshot *s = measured_cluster(seed, seed % 3 == 0);
                const Settings *settings = settings_of(seed);
                const Law law = law_of(s, settings);
                PlanRequest request = PLAN_REQUEST_DEFAULT;
                const Plan *plan = NULL;
                const Objection *objections = NULL;
                bool *on = homes(s);
                Move *wave = arena_new(&arena, Move, s->n_vms);

                request.seed = seed;
                cr_assert_eq(0, planner_plan(&arena, s, settings, policies_all(), request, &plan));
                cr_assert_eq(0, objections_to(&arena, s, settings, plan, &objections), "seed %llu",
                             (unsigned long long) seed);
                for (HostIx h = 0; h < s->n_hosts; h++)
                        tight += excess(&law, h, on, false) > 0;
                for (uint32_t w = 0; w < plan->n_waves; w++) {
                        uint32_t n = 0;
                        HostIx h;

                        for (uint32_t i = 0; i < plan->n_moves; i++)
                                if (plan->moves[i].wave == w)
                                        wave[n++] = plan->moves[i].move;
                        moves += n;
                        h = broken_in_wave(&law, wave, n, on);
                        cr_assert_eq(h, IX_NONE, "seed %llu, wave %u: host %u", (unsigned long long) seed, w,
                                     h);
                }
                arena_rewind(&arena, mark);
        }
        cr_assert_gt(moves, SEEDS_OF(400));
        cr_assert_gt(tight, SEEDS_OF(20), "some hosts are too full to begin with");
}

/* In clusters where nothing but memory can be lacking. */
Test(memory_property, the_judge_refuses_what_breaks_the_law_and_nothing_else) {
        uint32_t refused = 0, accepted = 0;

        for (uint64_t seed = 1; seed <= SEEDS_OF(3000); seed++) {
                const ArenaMark mark = arena_mark(&arena);
                const Snapshot *s = measured_cluster(seed, true);
                const Settings *settings = settings_of(seed);
                const Law law = law_of(s, settings);
                Prng g = prng_seeded(seed * 7919);
                MoveOrder orders[3];
                Move wave[3];
                uint32_t n = 0, n_objections = 0;
                const Objection *objections = NULL;
                bool others = false, breaks;

                for (VmIx v = 0; v < s->n_vms; v++)
                        vms_of(s)[v].cpu_mcores = 0;
                for (int i = 0; i < 3; i++) {
                        const Move m = { .vm = prng_below(&g, s->n_vms), .to = prng_below(&g, s->n_hosts) };
                        bool twice = m.to == s->vms[m.vm].host;

                        for (uint32_t k = 0; k < n; k++)
                                twice |= wave[k].vm == m.vm;
                        if (twice)
                                continue;
                        wave[n] = m;
                        wave[n].from = s->vms[m.vm].host;
                        orders[n++] = (MoveOrder){ .vm = s->vms[m.vm].name,
                                                   .from = s->hosts[s->vms[m.vm].host].name,
                                                   .to = s->hosts[m.to].name,
                                                   .wave = 1 };
                }
                breaks = broken_in_wave(&law, wave, n, homes(s)) != IX_NONE;
                cr_assert(plan_check(&arena, s, settings, orders, n, &objections, &n_objections) >= 0);
                for (uint32_t i = 0; i < n_objections; i++)
                        others |= objections[i].reason != REASON_NO_ROOM &&
                                  objections[i].reason != REASON_NO_ROOM_DURING;
                cr_assert(!breaks || n_objections > 0, "seed %llu: accepted", (unsigned long long) seed);
                cr_assert(breaks || n_objections == 0 || others, "seed %llu: %s", (unsigned long long) seed,
                          n_objections > 0 ? objections[0].text : "");
                refused += breaks;
                accepted += n_objections == 0 && n > 0;
                arena_rewind(&arena, mark);
        }
        cr_assert_gt(refused, SEEDS_OF(100));
        cr_assert_gt(accepted, SEEDS_OF(100));
}
