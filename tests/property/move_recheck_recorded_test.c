/* SPDX-License-Identifier: Apache-2.0 */
/* May it start now, in exact words: of random plans, some of whose moves run, wait, have come about, have not, or are unclear, each
 * that waits is asked, on clusters with rules that must hold and little room, some with a reserve or a host that has got worse. */
#include "scheduler/app/round/move_recheck.h"
#include "tests/random_cluster.h"
#include "tests/recorded.h"

#define SEEDS 240
#define MOVES 7
#define RULES 3

static Arena arena;

static void setup(void) {
        cr_assert_eq(0, arena_open((size_t) 64 << 20, &arena));
}

static void teardown(void) {
        arena_close(&arena);
}

TestSuite(move_recheck_recorded, .init = setup, .fini = teardown);

/* Few VMs on hosts with room for one or two more; rules that must hold, of kinds that move together or keep apart. */
static Snapshot *narrow_cluster(Dice *d) {
        static const RuleKind kinds[] = { RULE_APART, RULE_TOGETHER, RULE_NEAR,
                                          RULE_AVOID, RULE_TOGETHER, RULE_NEAR };
        const uint32_t n_hosts = 3 + dice_below(d, 3), n_vms = 5 + dice_below(d, 8),
                       n_rules = dice_below(d, RULES + 1);
        Snapshot *s = arena_new(&arena, Snapshot, 1);
        Host *hosts = arena_new(&arena, Host, n_hosts);
        Vm *vms = arena_new(&arena, Vm, n_vms);
        Rule *rules = arena_new(&arena, Rule, n_rules);

        for (HostIx h = 0; h < n_hosts; h++) {
                random_host(d, &hosts[h], h, true);
                hosts[h].cpus = 64;
                hosts[h].memory_mib = 8192 + 1024 * dice_between(d, 0, 6);
                if (dice_percent(d, 10))
                        hosts[h].fault_grade = 2;
        }
        for (VmIx v = 0; v < n_vms; v++) {
                random_vm(d, &vms[v], v, n_hosts, true);
                vms[v].vcpus = 1;
                vms[v].cpu_mcores = 100;
                vms[v].memory_mib = 1024 * dice_between(d, 1, 3);
                vms[v].memory_used_mib = UNKNOWN;
        }
        for (uint32_t i = 0; i < n_rules; i++) {
                VmIx *of = arena_new(&arena, VmIx, 3), first = dice_below(d, n_vms - 2);

                for (VmIx k = 0; k < 3; k++)
                        of[k] = first + k;
                rules[i] = (Rule){ .kind = kinds[dice_below(d, ARRAY_SIZE(kinds))],
                                   .name = text_format(&arena, "rule%u", i),
                                   .must = dice_percent(d, 80),
                                   .vms = of,
                                   .n_vms = 2,
                                   .weight = 10 };
                if (rule_has_two_groups(rules[i].kind)) {
                        rules[i].n_vms = 1;
                        rules[i].near_vms = of + 1;
                        rules[i].n_near_vms = 1 + dice_below(d, 2);
                }
        }
        *s = (Snapshot){ .cluster = "narrow",
                         .n_hosts = n_hosts,
                         .n_vms = n_vms,
                         .n_rules = n_rules,
                         .hosts = hosts,
                         .vms = vms,
                         .rules = rules };
        return s;
}

/* Each VM at most once, in up to three waves; what has come about is so in the facts, and of what runs they may not show it yet. */
static uint32_t random_plan(Dice *d, Snapshot *s, MoveOrder *moves, RecheckStep *steps) {
        Vm *vms = (Vm *) (uintptr_t) s->vms;
        uint32_t n = 0, wave = 0;

        for (VmIx v = 0; v < s->n_vms && n < MOVES; v++) {
                const HostIx to = dice_below(d, s->n_hosts);

                wave += dice_percent(d, 30);
                if (to == vms[v].host || dice_percent(d, 30))
                        continue;
                moves[n] = (MoveOrder){ .vm = vms[v].name,
                                        .from = s->hosts[vms[v].host].name,
                                        .to = s->hosts[to].name,
                                        .wave = wave };
                steps[n] = dice_percent(d, 50) ? RECHECK_WAITS
                                               : (RecheckStep) dice_below(d, RECHECK_UNCLEAR + 1);
                if (steps[n] == RECHECK_MADE)
                        vms[v].host = to;
                if (steps[n] == RECHECK_RUNS && dice_percent(d, 50)) {
                        vms[v].in_flight = true;
                        vms[v].in_flight_to = to;
                }
                n++;
        }
        return n;
}

static void record(FILE *f, uint64_t seed, uint32_t *count) {
        static const char *const words[] = { "waits", "runs", "made", "missed", "unclear" };
        Dice d = { .prng = prng_seeded(seed * 15485863), .arena = &arena };
        Settings *settings = (Settings *) (uintptr_t) default_settings(&arena);
        Snapshot *s = narrow_cluster(&d);
        MoveOrder moves[MOVES];
        RecheckStep steps[MOVES];
        const uint32_t n = random_plan(&d, s, moves, steps);
        const MoveRecheck x = {
                .arena = &arena, .facts = s, .settings = settings, .moves = moves, .steps = steps, .n = n
        };

        setting(settings, "memory.keep_for_host", "0MiB");
        setting(settings, "memory.per_vm", "0MiB");
        if (dice_percent(&d, 30))
                setting(settings, "reserve.losses", "1");
        (void) fprintf(f, "%llu:", (unsigned long long) seed);
        for (uint32_t i = 0; i < n; i++)
                (void) fprintf(f, " %u %s>%s %s%s", moves[i].wave, moves[i].vm, moves[i].to, words[steps[i]],
                               i + 1 < n ? "," : "");
        (void) fprintf(f, "\n");
        for (uint32_t i = 0; i < n; i++) {
                char why[512] = "";
                const int r = steps[i] == RECHECK_WAITS ? move_recheck(&x, i, why, sizeof(why)) : 0;

                cr_assert_geq(r, 0);
                if (steps[i] != RECHECK_WAITS)
                        continue;
                count[r == RUN_RECHECK_NEEDED ? 2 : r]++;
                (void) fprintf(f, "    %s %d%s%s\n", moves[i].vm, r, why[0] ? " " : "", why);
        }
}

Test(move_recheck_recorded, what_may_start) {
        uint32_t count[3] = { 0 };
        Recording r;

        recording_begin(&r, "move_rechecks");
        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
                const ArenaMark mark = arena_mark(&arena);

                record(r.f, seed, count);
                arena_rewind(&arena, mark);
        }
        recording_end(&r);
        cr_assert(count[0] > 50 && count[1] > 50 && count[2] > 10,
                  "%u may, %u may not, %u needed one that did not come about", count[0], count[1], count[2]);
}
