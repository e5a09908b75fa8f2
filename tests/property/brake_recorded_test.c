/* SPDX-License-Identifier: Apache-2.0 */
/* The brake in exact words: which hosts it lets be emptied over the rounds of random clusters, which it holds and why; and where
 * what leaves finds room. */
#include "tests/random_cluster.h"
#include "tests/recorded.h"

#define HOSTS  20
#define VMS    70
#define MINUTE (60 * USEC_PER_SEC)

static Arena arena;

static void setup(void) {
        cr_assert_eq(0, arena_open((size_t) 64 << 20, &arena));
}

static void teardown(void) {
        arena_close(&arena);
}

TestSuite(brake_recorded, .init = setup, .fini = teardown);

typedef struct World {
        Host hosts[HOSTS];
        Vm vms[VMS];
        Fault faults[HOSTS][2];
        Snapshot s;
} World;

static World *random_world(Dice *d) {
        static const char *const domains[] = { "room", "ups" };
        World *w = arena_new(&arena, World, 1);
        const uint32_t n_hosts = (uint32_t) dice_between(d, 1, HOSTS),
                       n_vms = (uint32_t) dice_between(d, 0, VMS);

        cr_assert_not_null(w);
        for (HostIx h = 0; h < n_hosts; h++) {
                random_host(d, &w->hosts[h], h, false);
                w->hosts[h].faults = w->faults[h];
                w->hosts[h].n_faults = 0;
                w->hosts[h].fault_grade = 0;
                w->hosts[h].state = HOST_ACTIVE;
                w->hosts[h].domains = dice_words(d, domains, 2, 20);
                if (dice_percent(d, 20))
                        w->hosts[h].memory_mib /= 4;
        }
        for (VmIx v = 0; v < n_vms; v++) {
                random_vm(d, &w->vms[v], v, n_hosts, false);
                if (dice_percent(d, 10))
                        w->vms[v].state = VM_OFF;
                if (dice_percent(d, 5))
                        w->vms[v].host = IX_NONE;
        }
        w->s = (Snapshot){ .cluster = "c",
                           .hosts = w->hosts,
                           .n_hosts = n_hosts,
                           .vms = w->vms,
                           .n_vms = n_vms,
                           .taken_at = 1000 * MINUTE,
                           .braked = true };
        return w;
}

/* What becomes of some hosts: marks, faults, silence. */
static void random_events(Dice *d, World *w) {
        static const char *const hazards[] = { "disk", "memory", NULL };

        w->s.brake_new = dice_percent(d, 15);
        for (HostIx h = 0; h < w->s.n_hosts; h++) {
                Host *host = &w->hosts[h];
                const usec_t since = w->s.taken_at - dice_between(d, 0, 12) * MINUTE;

                switch (dice_below(d, 14)) {
                case 0:
                case 1:
                        for (uint32_t i = 0; i < 2; i++)
                                w->faults[h][i] = (Fault){ .device = "x",
                                                           .hazard = hazards[dice_below(d, 3)],
                                                           .grade = dice_between(d, 2, 4),
                                                           .since = since };
                        host->n_faults = (uint32_t) dice_between(d, 0, 2);
                        host->fault_grade = host->n_faults > 0 ? w->faults[h][host->n_faults - 1].grade : 3;
                        break;
                case 2:
                        host->state = HOST_MAINTENANCE;
                        host->marked_at = dice_percent(d, 80) ? since : 0;
                        host->several = dice_percent(d, 20);
                        break;
                case 3:
                        host->fault_grade = 0;
                        host->state = dice_percent(d, 15) ? HOST_OFFLINE : HOST_ACTIVE;
                        host->n_faults = 0;
                        break;
                case 4:
                        host->brake = host->brake == BRAKE_HELD ? BRAKE_RELEASED : host->brake;
                        break;
                case 5:
                        host->excluded = dice_percent(d, 20) ? EXCLUDED_STALE : EXCLUDED_NONE;
                        break;
                default:
                        break;
                }
        }
}

static void print_hosts(FILE *f, World *w, const Brake *brake) {
        for (HostIx h = 0; h < w->s.n_hosts; h++) {
                const BrakeVerdict *v = &brake->hosts[h];
                Host *host = &w->hosts[h];

                if (v->state != BRAKE_NONE)
                        (void) fprintf(f, " %u:%s,%lld,%s", h, host_brake_names[v->state],
                                       (long long) (v->at / MINUTE), v->kind);
                host->brake = v->state;
                host->brake_at = v->at;
                host->brake_kind = v->kind;
        }
}

static void record_rounds(FILE *f, uint64_t seed) {
        Dice d = { .prng = prng_seeded(seed * 6101), .arena = &arena };
        World *w = random_world(&d);
        Settings *settings = (Settings *) (uintptr_t) default_settings(&arena);

        if (dice_percent(&d, 40))
                setting(settings, "brake.hosts",
                        text_format(&arena, "%lld", (long long) dice_between(&d, 0, 5)));
        if (dice_percent(&d, 40))
                setting(settings, "brake.percent",
                        text_format(&arena, "%lld%%", (long long) dice_between(&d, 0, 100)));
        if (dice_percent(&d, 20))
                setting(settings, "brake.within", "90s");
        if (dice_percent(&d, 20))
                setting(settings, "cluster.overcommit_memory", dice_percent(&d, 50) ? "0.4" : "1.5");
        for (int turn = 0; turn < 8; turn++) {
                const Snapshot *held = NULL;
                Brake brake;

                random_events(&d, w);
                w->s.braked = turn != 5;
                cr_assert_eq(0, brake_judge(&arena, &w->s, settings, &brake));
                (void) fprintf(f, "%llu.%d: %u of %u%s, %u held:", (unsigned long long) seed, turn,
                               brake.counted, brake.limit, brake.changed ? ", changed" : "", brake.n_held);
                cr_assert_eq(0, brake_apply(&arena, &w->s, &brake, &held));
                if (turn != 5)
                        print_hosts(f, w, &brake);
                (void) fprintf(f, "\n");
                for (uint32_t i = 0; i < held->notes.n; i++)
                        (void) fprintf(f, "    %s\n", held->notes.at[i]);
                w->s.taken_at += dice_between(&d, 0, 4) * MINUTE;
        }
}

Test(brake_recorded, whom_it_lets_go_and_whom_it_holds) {
        Recording r;

        recording_begin(&r, "brakes");
        for (uint64_t seed = 1; seed <= 60; seed++) {
                const ArenaMark mark = arena_mark(&arena);

                record_rounds(r.f, seed);
                arena_rewind(&arena, mark);
        }
        recording_end(&r);
}

Test(brake_recorded, where_what_leaves_finds_room) {
        Recording r;

        recording_begin(&r, "brake_rooms");
        for (uint64_t seed = 1; seed <= 120; seed++) {
                const ArenaMark mark = arena_mark(&arena);
                Dice d = { .prng = prng_seeded(seed * 6113), .arena = &arena };
                World *w = random_world(&d);
                bool leaves[HOSTS] = { false };
                HostIx to[VMS];
                int k;

                for (HostIx h = 0; h < w->s.n_hosts; h++) {
                        leaves[h] = dice_percent(&d, 25);
                        if (leaves[h])
                                w->hosts[h].state = HOST_MAINTENANCE;
                        else if (dice_percent(&d, 15))
                                w->hosts[h].fault_grade = dice_between(&d, 1, 2);
                }
                k = brake_room(&arena, &w->s, default_settings(&arena), leaves, to);
                cr_assert_geq(k, 0);
                (void) fprintf(r.f, "%llu: %u hosts, %u VMs: %s", (unsigned long long) seed, w->s.n_hosts,
                               w->s.n_vms, k == 0 ? "room" : "none");
                for (VmIx v = 0; v < w->s.n_vms; v++)
                        if (to[v] != IX_NONE)
                                (void) fprintf(r.f, " %u>%u", v, to[v]);
                (void) fprintf(r.f, "\n");
                arena_rewind(&arena, mark);
        }
        recording_end(&r);
}
