/* SPDX-License-Identifier: Apache-2.0 */
/* Laws of the brake: in no window of brake.within do more causes have hosts emptied than are allowed, whatever comes and goes;
 * and where it says that the others have room, the judge finds each step of a plan that uses it safe. */
#include <criterion/criterion.h>

#include "tests/random_cluster.h"

enum { HOSTS = 16, EVENTS = 4000 };

#define MINUTE (60 * USEC_PER_SEC)

static const char *const names[HOSTS] = { "a", "b", "c", "d", "e", "f", "g", "h",
                                          "i", "j", "k", "l", "m", "n", "o", "p" };
static const char *const domains[] = { "room", "ups" };
static const char *const hazards[] = { "disk", "memory", "power" };

typedef struct Event {
        usec_t at;
        int host;
        const char *kind;
} Event;

static bool is_alike(const Event *left, const Event *right) {
        const bool domain = left->host % 4 < 2 && left->host % 4 == right->host % 4; /* as below */

        return left->host == right->host || (domain && strcmp(left->kind, right->kind) == 0);
}

/* How many causes the events of one window are: an event is of the first one's that it is like. */
static uint32_t causes_of(const Event *events, uint32_t n) {
        const Event *counted[EVENTS];
        uint32_t n_counted = 0;

        for (uint32_t i = 0; i < n; i++) {
                bool known = false;

                for (uint32_t k = 0; k < n_counted && !known; k++)
                        known = is_alike(counted[k], &events[i]);
                if (!known)
                        counted[n_counted++] = &events[i];
        }
        return n_counted;
}

static void change_something(Dice *d, Host *host, Fault *fault, usec_t now) {
        const uint32_t what = dice_below(d, 8);

        *fault = (Fault){ .device = "x",
                          .hazard = hazards[dice_below(d, 3)],
                          .grade = what < 2 ? 3 + what : 0,
                          .since = now };
        host->faults = fault;
        host->n_faults = fault->grade > 0;
        host->fault_grade = fault->grade;
        host->state = what == 2 ? HOST_MAINTENANCE : HOST_ACTIVE;
        host->marked_at = now;
        if (what == 3)
                host->excluded = host->excluded ? EXCLUDED_NONE : EXCLUDED_STALE;
}

/* What a round decided is what the next one remembers. An event: a host comes to be emptied. */
static void remember(Host *hosts, const Brake *brake, Event *events, uint32_t *n_events) {
        for (int h = 0; h < HOSTS; h++) {
                const BrakeVerdict *v = &brake->hosts[h];

                if (v->state == BRAKE_PASSED &&
                    (hosts[h].brake != BRAKE_PASSED || hosts[h].brake_at != v->at)) {
                        cr_assert_lt(*n_events, EVENTS);
                        events[(*n_events)++] = (Event){ v->at, h, v->kind };
                }
                hosts[h].brake = v->state;
                hosts[h].brake_at = v->at;
                hosts[h].brake_kind = v->kind;
        }
}

Test(brake_property, no_window_has_more_causes_than_are_allowed) {
        for (uint32_t seed = 1; seed <= SEEDS_OF(400); seed++) {
                static Event events[EVENTS];
                Host hosts[HOSTS];
                Fault faults[HOSTS] = { 0 };
                Snapshot s = { .n_hosts = HOSTS, .hosts = hosts, .taken_at = 1000 * MINUTE, .braked = true };
                uint32_t n = 0;
                Arena arena;
                Dice d = { .prng = prng_seeded(seed) };
                const Settings *settings;

                cr_assert_eq(0, arena_open((size_t) 256 << 20, &arena));
                settings = default_settings(&arena);
                for (int h = 0; h < HOSTS; h++) {
                        hosts[h] = host_unknown();
                        hosts[h].name = names[h];
                        hosts[h].cpus = 8;
                        hosts[h].memory_mib = 1000;
                        if (h % 4 < 2)
                                hosts[h].domains = (Strings){ &domains[h % 4], 1 };
                }
                for (int step = 0; step < 150; step++) {
                        Brake brake;

                        for (uint32_t i = dice_below(&d, 5); i > 0; i--) {
                                const uint32_t h = dice_below(&d, HOSTS);

                                change_something(&d, &hosts[h], &faults[h], s.taken_at);
                        }
                        cr_assert_eq(0, brake_judge(&arena, &s, settings, &brake));
                        remember(hosts, &brake, events, &n);
                        s.taken_at += dice_below(&d, 4 * 60) * USEC_PER_SEC;
                }
                for (uint32_t first = 0; first < n; first++) {
                        uint32_t end = first;

                        while (end < n && events[end].at < events[first].at + 10 * MINUTE)
                                end++;
                        cr_assert_leq(causes_of(events + first, end - first), 3,
                                      "seed %u: %u events from %u on", seed, end - first, first);
                }
                arena_close(&arena);
        }
}

/* ---- room ---- */

static const Snapshot *random_full(Arena *a, Dice *d, bool *leaves) {
        Snapshot *s = arena_new(a, Snapshot, 1);
        Host *hosts = arena_new(a, Host, HOSTS);
        const uint32_t n_vms = 10 + dice_below(d, 80);
        Vm *vms = arena_new(a, Vm, n_vms);

        cr_assert(s && hosts && vms);
        for (int h = 0; h < HOSTS; h++) {
                hosts[h] = host_unknown();
                hosts[h].name = names[h];
                hosts[h].cpus = dice_between(d, 4, 64);
                hosts[h].memory_mib = dice_between(d, 8000, 64000);
                hosts[h].reserved_mib = dice_below(d, 3) == 0 ? dice_between(d, 0, 4000) : 0;
                leaves[h] = dice_below(d, 4) == 0;
                if (leaves[h])
                        hosts[h].state = HOST_MAINTENANCE;
                else if (dice_below(d, 8) == 0)
                        hosts[h].state = HOST_CORDONED;
                else if (dice_below(d, 8) == 0)
                        hosts[h].fault_grade = 2;
        }
        for (uint32_t v = 0; v < n_vms; v++) {
                vms[v] = vm_unknown();
                vms[v].name = text_format(a, "vm%03u", v);
                vms[v].host = dice_below(d, HOSTS);
                vms[v].vcpus = dice_between(d, 1, 8);
                vms[v].memory_mib = dice_between(d, 100, 16000);
                vms[v].cpu_mcores = dice_between(d, 0, 4000);
        }
        *s = (Snapshot){ .cluster = "t", .n_hosts = HOSTS, .hosts = hosts, .n_vms = n_vms, .vms = vms };
        return s;
}

Test(brake_property, where_it_finds_room_the_judge_finds_each_step_safe) {
        uint32_t found = 0, none = 0;

        for (uint32_t seed = 1; seed <= SEEDS_OF(1200); seed++) {
                Dice d = { .prng = prng_seeded(seed) };
                bool leaves[HOSTS] = { false };
                const Objection *objections = NULL;
                const Settings *settings;
                const Snapshot *s;
                MoveOrder *orders;
                uint32_t n = 0, n_objections = 0;
                HostIx *to;
                Arena a;
                int r;

                cr_assert_eq(0, arena_open((size_t) 64 << 20, &a));
                settings = default_settings(&a);
                s = random_full(&a, &d, leaves);
                to = arena_new(&a, HostIx, s->n_vms);
                orders = arena_new(&a, MoveOrder, s->n_vms);
                r = brake_room(&a, s, settings, leaves, to);
                cr_assert_geq(r, 0);
                none += r == 1;
                for (VmIx v = 0; r == 0 && v < s->n_vms; v++) {
                        cr_assert_eq(leaves[s->vms[v].host], to[v] != IX_NONE, "all of them, and no other");
                        if (to[v] == IX_NONE)
                                continue;
                        orders[n] = (MoveOrder){ .vm = s->vms[v].name,
                                                 .from = s->hosts[s->vms[v].host].name,
                                                 .to = s->hosts[to[v]].name,
                                                 .wave = n };
                        n++;
                }
                found += n > 0;
                cr_assert_eq(0, plan_check(&a, s, settings, orders, n, &objections, &n_objections),
                             "seed %u: %s", seed, objections ? objections[0].text : "");
                arena_close(&a);
        }
        cr_assert_gt(found, SEEDS_OF(100), "it does find room");
        cr_assert_gt(none, SEEDS_OF(100), "and not always");
}
