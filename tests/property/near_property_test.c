/* SPDX-License-Identifier: Apache-2.0 */
/* The host that is named to a VM which must leave and cannot is the one that needs the smallest change: the judge is asked
 * of each host in turn, on a thousand clusters; first how many kinds of things it objects to beside room, then the greatest
 * share of the host that is lacking. */
#include <criterion/criterion.h>
#include <criterion/logging.h>

#include "scheduler/decide/judge/plan_check.h"
#include "scheduler/decide/plan/planner.h"
#include "scheduler/decide/problem/problem_build.h"
#include "tests/random_cluster.h"

#define SEEDS SEEDS_OF(1000)

static uint32_t measured; /* the judge's own numbers that were compared */

typedef struct Change {
        unsigned kinds;
        int64_t lack_ppm;
        bool watched;
} Change;

static int64_t lack_ppm(const Problem *p, const Assignment *x, VmIx v, HostIx h) {
        int64_t most = 0;

        for (uint32_t r = 0; r < p->n_res; r++) {
                const size_t at = (size_t) h * p->n_res + r;
                const int64_t need = p->need[(size_t) v * p->n_res + r];
                const int64_t over = x->load[at] + need - p->capacity[at];
                const __int128 share =
                        p->capacity[at] > 0 ? (__int128) over * 1000000 / p->capacity[at] : 1000000000;
                const int64_t ppm = share > 1000000000 ? 1000000000 : (int64_t) share;

                if (need > 0 && over > 0 && ppm > most)
                        most = ppm;
        }
        return most;
}

/* The judge's own numbers of room, in its sentence: they are those that the lack is counted from. */
static bool is_judges_measure(const Problem *p, const Assignment *x, VmIx v, HostIx h, const char *text) {
        const char *has = strstr(text, " has ");
        long long most, there, comes;
        char resource[80];

        cr_assert(has && sscanf(has, " has %lld %79[^,], uses %lld at the start of the wave, and %lld more",
                                &most, resource, &there, &comes) == 4,
                  "%s", text);
        for (uint32_t r = 0; r < p->n_res; r++) {
                const size_t at = (size_t) h * p->n_res + r;

                if (p->capacity[at] == most && x->load[at] == there &&
                    p->need[(size_t) v * p->n_res + r] == comes)
                        return true;
        }
        return false;
}

/* Who was never measured needs what its host says: elsewhere that is another number. */
static bool all_measured(const Snapshot *s) {
        for (VmIx v = 0; v < s->n_vms; v++)
                if (s->vms[v].cpu_mcores == UNKNOWN || s->vms[v].in_flight)
                        return false;
        return true;
}

/* What the judge says of v alone going to h, where `after` has the VMs. */
static Change change_of(Arena *a, const Snapshot *after, const Settings *settings, const Problem *p,
                        const Assignment *x, VmIx v, HostIx h) {
        const MoveOrder move = { .vm = after->vms[v].name,
                                 .from = after->hosts[after->vms[v].host].name,
                                 .to = after->hosts[h].name };
        Change change = { .lack_ppm = lack_ppm(p, x, v, h) };
        bool host = false, rules = false;
        const Objection *said = NULL;
        uint32_t n = 0;

        cr_assert_geq(plan_check(a, after, settings, &move, 1, &said, &n), 0);
        for (uint32_t i = 0; i < n; i++) {
                const Reason why = said[i].reason;
                const bool room = why == REASON_NO_ROOM || why == REASON_NO_ROOM_DURING ||
                                  why == REASON_OVERCOMMIT ||
                                  (why == REASON_HUGEPAGES && strstr(said[i].text, "MiB of huge pages"));
                const bool rule = why == REASON_RULE_APART || why == REASON_RULE_TOGETHER ||
                                  why == REASON_RULE_SPREAD || why == REASON_RULE_NEAR;

                if (room && strstr(said[i].text, " uses ") && all_measured(after)) {
                        cr_expect(is_judges_measure(p, x, v, h, said[i].text), "%s", said[i].text);
                        measured++;
                }
                change.watched |= why == REASON_HOST_WATCHED;

                rules |= rule;
                host |= !room && !rule;
        }
        change.kinds = (unsigned) host + rules;
        return change;
}

static bool is_less(Change left, Change right) {
        return left.kinds != right.kinds ? left.kinds < right.kinds : left.lack_ppm < right.lack_ppm;
}

/* Hosts with little room beside what they hold, one of them to be emptied. */
static const Snapshot *tight_cluster(Arena *a, uint64_t seed) {
        Snapshot *s = (Snapshot *) (uintptr_t) random_cluster(a, seed + 40000, seed % 2 == 0);
        Host *hosts = (Host *) (uintptr_t) s->hosts;
        Dice d = { .prng = prng_seeded(seed ^ 0x9e12), .arena = a };
        int64_t *held = arena_new(a, int64_t, s->n_hosts);

        for (VmIx v = 0; v < s->n_vms; v++)
                held[s->vms[v].host] += s->vms[v].memory_mib;
        for (HostIx h = 0; h < s->n_hosts; h++)
                if (dice_percent(&d, 80) && held[h] > 0)
                        hosts[h].memory_mib = held[h] + dice_between(&d, 100, 6000);
        hosts[seed % s->n_hosts].state = HOST_MAINTENANCE;
        return s;
}

typedef struct Seen {
        uint32_t asked, room, rules, others, farther, unordered;
} Seen;

static void check_refused(Arena *a, const Snapshot *after, const Settings *settings, const Problem *p,
                          const Refused *one, uint64_t seed, Seen *seen) {
        const HostIx now = after->vms[one->vm].host;
        Assignment *x = NULL;
        Change near;

        cr_assert_eq(0, assignment_build(a, p, &x));
        for (VmIx v = 0; v < p->n_vms; v++)
                if (after->vms[v].host != p->home[v])
                        assignment_move(x, (Move){ v, p->home[v], after->vms[v].host });
        near = change_of(a, after, settings, p, x, one->vm, one->near);
        for (HostIx h = 0; h < after->n_hosts; h++) {
                Change other;

                if (h == now || h == one->near)
                        continue;
                other = change_of(a, after, settings, p, x, one->vm, h);
                if (other.watched || near.watched)
                        return; /* whether it may go to a worse host hangs on what was broken before */
                cr_expect(!is_less(other, near),
                          "seed %lu: %s to %s: %u kinds, %ld ppm; to %s: %u, %ld; %s: %s", seed,
                          after->vms[one->vm].name, after->hosts[one->near].name, near.kinds, near.lack_ppm,
                          after->hosts[h].name, other.kinds, other.lack_ppm, reason_names[one->reason],
                          one->by ? one->by : "");
                seen->farther += is_less(near, other);
        }
        seen->asked++;
        seen->room += one->reason == REASON_NO_ROOM;
        seen->rules += one->reason >= REASON_RULE_APART && one->reason <= REASON_RULE_NEAR;
        seen->others += one->reason != REASON_NO_ROOM;
}

/* Who must leave, and is said to have no order: the judge takes it to no host by itself either, where the others are after the
 * plan. */
static void check_unordered(Arena *a, const Snapshot *after, const Settings *settings, const Refused *one,
                            uint64_t seed, Seen *seen) {
        const Vm *vm = &after->vms[one->vm];

        for (HostIx h = 0; h < after->n_hosts; h++) {
                const MoveOrder move = { .vm = vm->name,
                                         .from = after->hosts[vm->host].name,
                                         .to = after->hosts[h].name };
                const Objection *said = NULL;
                uint32_t n = 0;

                if (h == vm->host)
                        continue;
                cr_assert_geq(plan_check(a, after, settings, &move, 1, &said, &n), 0);
                cr_expect_gt(n, 0, "seed %lu: %s could go to %s", seed, vm->name, after->hosts[h].name);
        }
        seen->unordered++;
}

Test(near, the_host_that_is_named_needs_the_smallest_change) {
        Seen seen = { 0 };
        Arena arena;

        cr_assert_eq(0, arena_open((size_t) 256 << 20, &arena));
        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
                const ArenaMark mark = arena_mark(&arena);
                const Settings *settings = default_settings(&arena);
                const Snapshot *s = tight_cluster(&arena, seed);
                const Plan *plan = NULL;
                const Problem *p = NULL;
                uint32_t left = 2; /* VMs of a cluster */

                cr_assert_eq(0, problem_build(&arena, s, settings, &p));
                cr_assert_eq(0, planner_decide(&arena, s, p, settings, policies_all(), PLAN_REQUEST_DEFAULT,
                                               &plan));
                for (uint32_t i = 0; i < plan->n_refused && left > 0; i++) {
                        const Refused *one = &plan->refused[(i + seed) % plan->n_refused];
                        const Snapshot *after = snapshot_after(&arena, s, plan);

                        if (one->reason == REASON_ORDER &&
                            problem_leave(p, one->vm, s->vms[one->vm].host) > 0)
                                check_unordered(&arena, after, settings, one, seed, &seen);
                        if (one->near == IX_NONE || problem_leave(p, one->vm, s->vms[one->vm].host) == 0 ||
                            after->vms[one->vm].host != s->vms[one->vm].host ||
                            (one->by && strstr(one->by, " together need ")))
                                continue;
                        check_refused(&arena, after, settings, p, one, seed, &seen);
                        left--;
                }
                arena_rewind(&arena, mark);
        }
        cr_log_info("%u VMs: %u for room, %u for rules, %u for others; %u hosts farther", seen.asked,
                    seen.room, seen.rules, seen.others, seen.farther);
        cr_log_info("%u without an order", seen.unordered);
        cr_log_info("%u numbers of the judge", measured);
        cr_expect_gt(measured, SEEDS_OF(300), "%u", measured);
        cr_expect_gt(seen.asked, SEEDS_OF(300), "%u", seen.asked);
        cr_expect_gt(seen.room, SEEDS_OF(50), "%u", seen.room);
        cr_expect_gt(seen.others, SEEDS_OF(30), "%u", seen.others);
        cr_expect_gt(seen.farther, SEEDS_OF(500), "%u", seen.farther);
}
