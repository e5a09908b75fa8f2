/* SPDX-License-Identifier: Apache-2.0 */
/* The judge against brute force: every state a wave can be in, each move not begun, under way or ended, is
 * looked at. */
#include <criterion/criterion.h>

#include "tests/random_cluster.h"

#define MOVES 4

static Arena arena;

static void arena_for_test(void) {
        cr_assert_eq(0, arena_open((size_t) 64 << 20, &arena));
}

TestSuite(judge, .init = arena_for_test);

typedef struct Case {
        const Snapshot *s;
        MoveOrder named[MOVES];
        VmIx vm[MOVES];
        HostIx to[MOVES];
        uint32_t n;
} Case;

/* One wave of random moves of different VMs. */
static Case random_case(uint64_t seed, bool plain) {
        Prng g = prng_seeded(seed * 7919);
        Case c = { .s = random_cluster(&arena, seed, plain) };

        for (uint32_t i = 0; i < MOVES; i++) {
                VmIx v = prng_below(&g, c.s->n_vms);
                HostIx h = prng_below(&g, c.s->n_hosts);
                bool twice = h == c.s->vms[v].host;

                for (uint32_t k = 0; k < c.n; k++)
                        twice |= c.vm[k] == v;
                if (twice)
                        continue;
                c.vm[c.n] = v;
                c.to[c.n] = h;
                c.named[c.n++] = (MoveOrder){ .vm = c.s->vms[v].name,
                                              .from = c.s->hosts[c.s->vms[v].host].name,
                                              .to = c.s->hosts[h].name,
                                              .wave = 3 };
        }
        return c;
}

static bool accepts(const Case *c, const Settings *settings) {
        const Objection *objections = NULL;
        uint32_t n = 0;
        int r = plan_check(&arena, c->s, settings, c->named, c->n, &objections, &n);

        cr_assert(r >= 0);
        cr_assert_eq(r, n > 0);
        return r == 0;
}

enum { WAITS, RUNS, ENDED };

/* phase[i] of each move. Memory of a VM under way is on both hosts; it runs on one of them. */
static bool fits(const Case *c, const int *phase, HostIx h) {
        int64_t memory = 0, cpu = 0, memory_before = 0, cpu_before = 0;
        const Host *host = &c->s->hosts[h];

        for (VmIx v = 0; v < c->s->n_vms; v++) {
                const Vm *vm = &c->s->vms[v];
                bool here = vm->host == h, held = here;

                memory_before += here ? vm->memory_mib : 0;
                cpu_before += here ? vm->cpu_mcores : 0;
                for (uint32_t i = 0; i < c->n; i++)
                        if (c->vm[i] == v && phase[i] != WAITS) {
                                held = (here && phase[i] == RUNS) || c->to[i] == h;
                                here = phase[i] == RUNS ? here : c->to[i] == h;
                        }
                memory += held ? vm->memory_mib : 0;
                cpu += here ? vm->cpu_mcores : 0;
        }
        return (memory <= host->memory_mib || memory <= memory_before) &&
               (cpu <= host->cpus * 1000 || cpu <= cpu_before);
}

static bool always(const Case *c, bool (*holds)(const Case *c, const int *phase)) {
        int phase[MOVES], states = 1;

        for (uint32_t i = 0; i < c->n; i++)
                states *= 3;
        for (int state = 0; state < states; state++) {
                for (int i = 0, rest = state; i < MOVES; i++, rest /= 3)
                        phase[i] = rest % 3;
                if (!holds(c, phase))
                        return false;
        }
        return true;
}

static bool all_fit(const Case *c, const int *phase) {
        for (HostIx h = 0; h < c->s->n_hosts; h++)
                if (!fits(c, phase, h))
                        return false;
        return true;
}

Test(judge, room_is_judged_as_every_order_of_starts_and_ends_shows) {
        uint32_t safe = 0, unsafe = 0;

        for (uint64_t seed = 1; seed <= PART_OF(3000); seed++) {
                ArenaMark mark = arena_mark(&arena);
                Case c = random_case(seed, true);
                bool expected = always(&c, all_fit);

                cr_assert_eq(expected, accepts(&c, default_settings(&arena)), "seed %lu: brute force says %d",
                             (unsigned long) seed, expected);
                safe += expected;
                unsafe += !expected;
                arena_rewind(&arena, mark);
        }
        cr_assert(safe > PART_OF(300) && unsafe > PART_OF(300), "both kinds were tried: %u safe, %u not",
                  safe, unsafe);
}

static const char *place(const Host *h, Level level) {
        const char *name = level == LEVEL_HOST   ? h->name
                           : level == LEVEL_RACK ? h->rack
                           : level == LEVEL_ZONE ? h->zone
                                                 : h->neighborhood;

        return name ? name : "";
}

static uint64_t
        arrived; /* [vm] a bit: it was in flight at the start, and is where it was going to; else it came back */

static HostIx host_in(const Case *c, const int *phase, VmIx v) {
        if (arrived >> v & 1 && c->s->vms[v].in_flight && c->s->vms[v].in_flight_to != IX_NONE)
                return c->s->vms[v].in_flight_to;
        for (uint32_t i = 0; i < c->n; i++)
                if (c->vm[i] == v && phase[i] == ENDED)
                        return c->to[i];
        return c->s->vms[v].host;
}

/* VMs beyond one in a place, or places short of k. */
static int64_t broken(const Case *c, const Rule *r, const int *phase) {
        int64_t places = 0;

        for (uint32_t i = 0; i < r->n_vms; i++) {
                bool first = true;

                for (uint32_t k = 0; k < i; k++)
                        first &= strcmp(place(&c->s->hosts[host_in(c, phase, r->vms[i])], r->level),
                                        place(&c->s->hosts[host_in(c, phase, r->vms[k])], r->level)) != 0;
                places += first;
        }
        if (r->kind == RULE_APART)
                return r->n_vms - places;
        if (r->kind == RULE_TOGETHER)
                return places;
        return places < r->k ? r->k - places : 0;
}

/* Pairs of the two lists that share a place. */
static int64_t met(const Case *c, const Rule *r, const int *phase) {
        int64_t pairs = 0;

        for (uint32_t i = 0; i < r->n_vms; i++)
                for (uint32_t k = 0; k < r->n_near_vms; k++)
                        pairs +=
                                strcmp(place(&c->s->hosts[host_in(c, phase, r->vms[i])], r->level),
                                       place(&c->s->hosts[host_in(c, phase, r->near_vms[k])], r->level)) == 0;
        return pairs;
}

/* Those of the first list that share a place with none of the second. */
static int64_t lonely(const Case *c, const Rule *r, const int *phase) {
        int64_t n = 0;

        for (uint32_t i = 0; i < r->n_vms; i++) {
                bool alone = true;

                for (uint32_t k = 0; k < r->n_near_vms && alone; k++)
                        alone = strcmp(place(&c->s->hosts[host_in(c, phase, r->vms[i])], r->level),
                                       place(&c->s->hosts[host_in(c, phase, r->near_vms[k])], r->level)) != 0;
                n += alone;
        }
        return n;
}

static bool rules_hold(const Case *c, const int *phase) {
        static const int start[MOVES] = { WAITS };
        bool over = true; /* what is together may part on the way */

        for (uint32_t i = 0; i < c->n; i++)
                over &= phase[i] == ENDED;

        for (uint32_t i = 0; i < c->s->n_rules; i++) {
                const Rule *r = &c->s->rules[i];

                if (r->must && (r->kind == RULE_APART || r->kind == RULE_SPREAD) &&
                    broken(c, r, phase) > broken(c, r, start))
                        return false;
                if (r->must && r->kind == RULE_AVOID && met(c, r, phase) > met(c, r, start))
                        return false;
                if (over && r->must && r->kind == RULE_TOGETHER && broken(c, r, phase) > broken(c, r, start))
                        return false;
                if (over && r->must && r->kind == RULE_NEAR && lonely(c, r, phase) > lonely(c, r, start))
                        return false;
        }
        return true;
}

/* Whichever of the VMs in flight arrive, and whichever come back: none, all, and some by chance. */
static bool hold_however_flights_end(const Case *c, uint64_t seed) {
        Prng g = prng_seeded(seed);
        bool hold = true;

        cr_assert_leq(c->s->n_vms, 64);
        for (int i = 0; i < 6 && hold; i++) {
                arrived = i == 0 ? 0 : i == 1 ? UINT64_MAX : prng_next(&g);
                hold = always(c, rules_hold);
        }
        arrived = 0;
        return hold;
}

Test(judge, no_order_of_an_accepted_wave_and_no_end_of_flights_breaks_a_rule_further) {
        uint32_t accepted = 0, broke = 0;

        for (uint64_t seed = 1; seed <= PART_OF(6000); seed++) {
                ArenaMark mark = arena_mark(&arena);
                Case c = random_case(seed, false);
                bool hold, accept;

                if (seed % 2 == 0)
                        c.s = random_flights(&arena, c.s, seed);
                hold = hold_however_flights_end(&c, seed);
                accept = accepts(&c, default_settings(&arena));
                cr_assert(hold || !accept, "seed %lu is accepted, and an order breaks a rule",
                          (unsigned long) seed);
                accepted += accept && c.n > 0;
                broke += !hold;
                arena_rewind(&arena, mark);
        }
        cr_assert(accepted > PART_OF(200) && broke > PART_OF(50),
                  "both kinds were tried: %u accepted, %u broke", accepted, broke);
}

static bool takes_none(const Host *h) {
        return h->state != HOST_ACTIVE || h->excluded != EXCLUDED_NONE || h->fault_grade >= 2;
}

Test(judge, nothing_that_moves_what_must_stay_or_enters_what_takes_none_is_accepted) {
        uint32_t tried = 0;

        for (uint64_t seed = 1; seed <= PART_OF(3000); seed++) {
                ArenaMark mark = arena_mark(&arena);
                Case c = random_case(seed, false);
                bool wrong = false;

                for (uint32_t i = 0; i < c.n; i++) {
                        const Vm *v = &c.s->vms[c.vm[i]];
                        const Host *from = &c.s->hosts[v->host];

                        wrong |= takes_none(&c.s->hosts[c.to[i]]) || v->in_flight || !v->movable ||
                                 v->local_disk_mib > 0 || from->excluded != EXCLUDED_NONE ||
                                 from->state == HOST_OFFLINE;
                }
                cr_assert(!wrong || !accepts(&c, default_settings(&arena)), "seed %lu", (unsigned long) seed);
                tried += wrong;
                arena_rewind(&arena, mark);
        }
        cr_assert_gt(tried, PART_OF(500));
}

/* ---- what a VM is bound to, looked at naively ---- */

static bool lacks_any(const Strings *wanted, const Strings *there, bool known) {
        for (uint32_t i = 0; i < wanted->n && (known || there->n > 0); i++) {
                bool found = false;

                for (uint32_t k = 0; k < there->n; k++)
                        found |= strcmp(wanted->at[i], there->at[k]) == 0;
                if (!found)
                        return true;
        }
        return false;
}

static bool numbers_have(const char *list, long number) {
        for (const char *s = list; s && *s; s += *s == ',') {
                char *end;
                long first = strtol(s, &end, 10), last = *end == '-' ? strtol(end + 1, &end, 10) : first;

                if (number >= first && number <= last)
                        return true;
                s = end;
        }
        return false;
}

static bool lacks_what_it_is_bound_to(const VmTies *t, const Host *to) {
        const HostPlatform *p = to->platform;

        if (!t || !p)
                return false;
        for (long i = 0; i < 128; i++) {
                bool node = p->n_numa == 0;

                for (uint32_t k = 0; k < p->n_numa; k++)
                        node |= p->numa[k].id == i;
                if ((p->cpu_list && numbers_have(t->cpu_pins, i) && !numbers_have(p->cpu_list, i)) ||
                    (numbers_have(t->numa_nodes, i) && !node))
                        return true;
        }
        return lacks_any(&t->images, &p->images, p->images_known) ||
               lacks_any(&t->portgroups, &p->portgroups, p->portgroups_known);
}

Test(judge, no_vm_goes_where_what_it_is_bound_to_is_not) {
        uint32_t tried = 0, fits = 0;

        for (uint64_t seed = 1; seed <= PART_OF(3000); seed++) {
                ArenaMark mark = arena_mark(&arena);
                Case c = random_case(seed, false);
                bool wrong = false;

                for (uint32_t i = 0; i < c.n; i++) {
                        const VmTies *ties = c.s->vms[c.vm[i]].ties;
                        const Host *to = &c.s->hosts[c.to[i]];

                        wrong |= lacks_what_it_is_bound_to(ties, to);
                        fits += ties && to->platform && (ties->cpu_pins || ties->images.n > 0) &&
                                !lacks_what_it_is_bound_to(ties, to);
                }
                cr_assert(!wrong || !accepts(&c, default_settings(&arena)), "seed %lu", (unsigned long) seed);
                tried += wrong;
                arena_rewind(&arena, mark);
        }
        cr_assert(tried > PART_OF(200) && fits > PART_OF(100),
                  "both kinds were tried: %u lack something, %u do not", tried, fits);
}

/* A sentence counts waves as the tables do that stand beside it: from 1. */
static uint32_t says_its_wave(const MoveOrder *moves, const Objection *objections, uint32_t n) {
        uint32_t said = 0;

        for (uint32_t i = 0; i < n && i < OBJECTIONS_KEPT; i++) {
                const char *at = strstr(objections[i].text, "in wave ");

                if (!at)
                        continue;
                cr_assert_eq(strtoul(at + strlen("in wave "), NULL, 10), moves[objections[i].move].wave + 1,
                             "%s", objections[i].text);
                said++;
        }
        return said;
}

/* A good plan made bad. */
static uint32_t waves_said;

static void is_refused(const Snapshot *s, const MoveOrder *moves, uint32_t n, uint64_t seed,
                       const char *how) {
        const Objection *objections = NULL;
        uint32_t n_objections = 0;
        const Settings *settings = default_settings(&arena);

        cr_assert_eq(1, plan_check(&arena, s, settings, moves, n, &objections, &n_objections), "seed %lu: %s",
                     (unsigned long) seed, how);
        cr_assert_not_null(objections[0].text);
        waves_said += says_its_wave(moves, objections, n_objections);
}

Test(judge, a_plan_that_was_tampered_with_is_objected_to) {
        for (uint64_t seed = 1; seed <= PART_OF(400); seed++) {
                ArenaMark mark = arena_mark(&arena);
                const Snapshot *s = random_cluster(&arena, seed, false);
                const Settings *settings = default_settings(&arena);
                const Plan *plan = NULL;
                MoveOrder *moves, kept;
                uint32_t n;

                cr_assert_eq(0,
                             planner_plan(&arena, s, settings, policies_all(), PLAN_REQUEST_DEFAULT, &plan));
                n = plan->n_moves;
                moves = arena_new(&arena, MoveOrder, n + 1);
                for (uint32_t i = 0; i < n; i++)
                        moves[i] = move_order_of(s, &plan->moves[i]);
                for (uint32_t i = 0; i < n; i++) {
                        kept = moves[i];
                        moves[i].vm = "nobody";
                        is_refused(s, moves, n, seed, "an unknown VM");
                        moves[i] = kept;
                        moves[i].to = "nowhere";
                        is_refused(s, moves, n, seed, "an unknown host");
                        moves[i] = kept;
                        moves[i].to = moves[i].from;
                        is_refused(s, moves, n, seed, "a move to where it is");
                        moves[i] = kept;
                        moves[i].from = moves[i].to;
                        is_refused(s, moves, n, seed, "a move from where it is not");
                        moves[i] = kept;
                        moves[n] = kept;
                        is_refused(s, moves, n + 1, seed, "a move made twice");
                        for (HostIx h = 0; h < s->n_hosts; h++) {
                                if (!takes_none(&s->hosts[h]))
                                        continue;
                                moves[i].to = s->hosts[h].name;
                                is_refused(s, moves, n, seed, "a host that takes none");
                        }
                        moves[i] = kept;
                }
                arena_rewind(&arena, mark);
        }
        cr_assert_gt(waves_said, PART_OF(400), "sentences that say a wave: %u", waves_said);
}
