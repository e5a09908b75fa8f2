/* SPDX-License-Identifier: Apache-2.0 */
/* Drawn years of failed migrations: what is learned of each, what forgets it, and which VMs it keeps where they are, while
 * all that VMs and hosts are is another from time to time. tests/recorded/move_holds.txt keeps it. */
#include "scheduler/snapshot/health/move_digest.h"
#include "scheduler/snapshot/health/move_holds.h"
#include "tests/random_cluster.h"
#include "tests/recorded.h"

#define STORIES 70
#define EVENTS  16
#define START   (INT64_C(1772366000) * USEC_PER_SEC)

enum { HOSTS = 3, VMS = 4 };

static Arena arena;
static Host hosts[HOSTS];
static HostPlatform platforms[HOSTS];
static Vm vms[VMS];
static VmTies ties[VMS];
static HostDevice devices[2];
static Snapshot cluster;
static Prng dice;

static void setup(void) {
        cr_assert_eq(0, arena_open((size_t) 256 << 20, &arena));
}

static void teardown(void) {
        arena_close(&arena);
}

TestSuite(move_holds_recorded, .init = setup, .fini = teardown);

static uint32_t below(uint32_t n) {
        return prng_below(&dice, n);
}

/* ---- what VMs and hosts are ---- */

static const char *const host_names[] = { "h1", "h2", "h3" }, *const vm_names[] = { "a", "b", "c", "d" };
static const char *const words[] = { "one", "two", "three" };
static const Strings two_words = { words, 2 }, all_words = { words, 3 }, other_words = { words + 1, 2 },
                     no_words = { words, 0 };

static void begin_world(void) {
        for (int h = 0; h < HOSTS; h++) {
                hosts[h] = host_unknown();
                hosts[h].name = host_names[h];
                hosts[h].cpus = 16;
                hosts[h].memory_mib = 65536;
                hosts[h].networks = all_words;
                hosts[h].pools = two_words;
                platforms[h] = (HostPlatform){
                        .libvirt = "9.0.0", .hypervisor = "7.2.0", .images = two_words, .portgroups = no_words
                };
                hosts[h].platform = h < 2 ? &platforms[h] : NULL;
        }
        for (int v = 0; v < VMS; v++) {
                vms[v] = vm_unknown();
                vms[v].name = vm_names[v];
                vms[v].uuid = v == 3 ? NULL : "u1";
                vms[v].host = (HostIx) (v % 2);
                vms[v].vcpus = 2;
                vms[v].memory_mib = 2048;
                vms[v].movable = v != 2;
                vms[v].networks = two_words;
                vms[v].pools = two_words;
                ties[v] = (VmTies){ .images = two_words, .portgroups = two_words, .devices = devices };
                vms[v].ties = v > 0 ? &ties[v] : NULL;
        }
        devices[0] = devices[1] = (HostDevice){ .name = "0000:01:00.0" };
        cluster = (Snapshot){
                .cluster = "t", .taken_at = START, .n_hosts = HOSTS, .hosts = hosts, .n_vms = VMS, .vms = vms
        };
}

/* One thing is another than it was, of the VM or of the host. */
static int change(uint32_t what, VmIx v, HostIx h) {
        switch (what) {
        case 0:
                vms[v].uuid = vms[v].uuid && strcmp(vms[v].uuid, "u1") == 0 ? "u2" : "u1";
                break;
        case 1:
                vms[v].state = vms[v].state == VM_RUNNING ? VM_OFF : VM_RUNNING;
                break;
        case 2:
                vms[v].vcpus++;
                break;
        case 3:
                vms[v].memory_mib *= 2;
                break;
        case 4:
                vms[v].local_disk_mib = vms[v].local_disk_mib == 0 ? 1 : vms[v].local_disk_mib == 1 ? 7 : 0;
                break;
        case 5:
                vms[v].hugepages_kib += 2048;
                break;
        case 6:
                vms[v].arch = vms[v].arch ? NULL : "x86_64";
                break;
        case 7:
                vms[v].cpu_model = vms[v].cpu_model ? NULL : "Skylake";
                break;
        case 8:
                vms[v].machine = vms[v].machine ? "" : "q35";
                break;
        case 9:
                vms[v].emulator = vms[v].emulator ? NULL : "/usr/bin/qemu";
                break;
        case 10:
                vms[v].cpu_features = vms[v].cpu_features.n ? no_words : two_words;
                break;
        case 11:
                vms[v].networks = vms[v].networks.at == words ? other_words : two_words;
                break;
        case 12:
                vms[v].pools = vms[v].pools.n == 2 ? all_words : two_words;
                break;
        case 13:
                vms[v].ties = vms[v].ties ? NULL : &ties[v];
                break;
        case 14:
                ties[v].tie = ties[v].tie == 0 ? (Tie) 1 : (Tie) 0;
                break;
        case 15:
                ties[v].snapshots++;
                break;
        case 16:
                ties[v].checkpoints++;
                break;
        case 17:
                ties[v].block_jobs++;
                break;
        case 18:
                ties[v].images = ties[v].images.n == 2 ? all_words : two_words;
                break;
        case 19:
                ties[v].portgroups = ties[v].portgroups.n == 2 ? no_words : two_words;
                break;
        case 20:
                ties[v].cpu_pins = ties[v].cpu_pins ? NULL : "1-2";
                break;
        case 21:
                ties[v].numa_nodes = ties[v].numa_nodes ? NULL : "0";
                break;
        case 22:
                ties[v].n_devices = (ties[v].n_devices + 1) % 3;
                break;
        case 23:
                devices[0].name =
                        strcmp(devices[0].name, "0000:01:00.0") == 0 ? "0000:02:00.0" : "0000:01:00.0";
                break;
        case 24:
                devices[1].kind = (HostDeviceKind) !devices[1].kind;
                break;
        case 25:
                hosts[h].uuid = hosts[h].uuid ? NULL : "m1";
                break;
        case 26:
                hosts[h].uri = hosts[h].uri ? NULL : "qemu+tls://h/system";
                break;
        case 27:
                platforms[h].hypervisor = platforms[h].hypervisor ? NULL : "7.2.0";
                break;
        case 28:
                platforms[h].libvirt = strcmp(platforms[h].libvirt, "9.0.0") == 0 ? "9.0.1" : "9.0.0";
                break;
        case 29:
                hosts[h].platform = hosts[h].platform ? NULL : &platforms[h];
                break;
        case 30:
                hosts[h].networks = hosts[h].networks.n == 3 ? two_words : all_words;
                break;
        case 31:
                hosts[h].pools = hosts[h].pools.at == words ? other_words : two_words;
                break;
        case 32:
                platforms[h].images = platforms[h].images.n == 2 ? no_words : two_words;
                break;
        case 33:
                platforms[h].portgroups = platforms[h].portgroups.n == 0 ? other_words : no_words;
                break;
        case 34:
                vms[v].host = vms[v].host == h ? IX_NONE : h;
                break;
        case 35: /* the same words, in another list */
                vms[v].networks = vms[v].pools.at == words + 2 ? (Strings){ words, 1 } : two_words;
                vms[v].pools = vms[v].pools.at == words + 2 ? other_words : (Strings){ words + 2, 1 };
                break;
        default:
                return -1;
        }
        return 0;
}

/* ---- what is said ---- */

static const char *said(const char *text) {
        return text ? text : "-";
}

static void put_list(FILE *f, const MoveHolds *list) {
        for (uint32_t i = 0; i < list->n; i++) {
                const MoveHold *h = &list->at[i];

                (void) fprintf(f, "    %s %s %s>%s %d %lld times, %lld until %lld as %s [%s]\n", said(h->vm),
                               said(h->uuid), said(h->from), said(h->to), (int) h->miss, (long long) h->tries,
                               (long long) ((h->at - START) / USEC_PER_SEC),
                               (long long) ((h->until - START) / USEC_PER_SEC), said(h->as), said(h->why));
        }
}

static void put_names(FILE *f, const char *what, const MoveHolds *list) {
        (void) fprintf(f, "  %s:", what);
        for (uint32_t i = 0; i < list->n; i++)
                (void) fprintf(f, " %s,%s>%s", said(list->at[i].vm), said(list->at[i].from),
                               said(list->at[i].to));
        (void) fputc('\n', f);
}

static void put_held(FILE *f) {
        const Snapshot *s = NULL;

        cr_assert_eq(0, move_holds_apply(&arena, &cluster, &s));
        (void) fprintf(f, "  held%s:", s == &cluster ? " nowhere" : "");
        for (VmIx v = 0; v < s->n_vms; v++)
                if (s != &cluster)
                        (void) fprintf(f, " %s %d%d [%s]", s->vms[v].name, s->vms[v].movable,
                                       (int) s->vms[v].hold, said(s->vms[v].unmovable_why));
        (void) fputc('\n', f);
}

/* ---- a story ---- */

static const Settings *draw_settings(void) {
        Settings *s = (Settings *) (uintptr_t) default_settings(&arena);
        static const char *const first[] = { "1s", "60s", "100s" },
                                 *const most[] = { "30s", "250s", "1h", "30d" },
                                 *const forget[] = { "0s", "300s", "6h" },
                                 *const targets[] = { "1", "2", "3" };

        setting(s, "retry.first", first[below(3)]);
        setting(s, "retry.max", most[below(4)]);
        setting(s, "retry.forget", forget[below(3)]);
        setting(s, "retry.targets", targets[below(3)]);
        return s;
}

static MoveOrder draw_order(void) {
        const uint32_t v = below(VMS + 1);
        MoveOrder order = { .vm = v < VMS ? vm_names[v] : "stranger" };

        order.uuid = below(4) == 0 ? NULL : v < VMS && below(5) > 0 ? vms[v].uuid : "u9";
        order.from = v < VMS && vms[v].host != IX_NONE ? host_names[vms[v].host] : "h9";
        order.to = below(12) == 0 ? "h8" : host_names[below(HOSTS)];
        return order;
}

static void draw_miss(FILE *f, const Settings *settings, MoveHolds *list) {
        static const char *const why[] = {
                NULL, "", "no", "two\nlines\t\x1b[1m", "\xff\xfe", " \x01\x02 x", "ends with a line\n"
        };
        const MoveOrder order = draw_order();
        char long_one[600];
        MoveMissed m = { .order = &order, .at = cluster.taken_at };

        m.miss = (MoveMiss) below(MOVE_MISS_N);
        m.blame = (MissBlame) (below(8) == 0   ? BLAME_NONE
                               : below(2) == 0 ? BLAME_PAIR
                                               : 1 + below(MISS_BLAME_N - 1));
        m.why = why[below(ARRAY_SIZE(why))];
        if (below(6) == 0) {
                (void) snprintf(long_one, sizeof(long_one), "%0*d\xc3\xa4%050d", (int) (180 + below(61)), 1,
                                2);
                m.why = long_one;
        }
        m.at = below(40) == 0 ? INT64_MAX - 5 : m.at;
        cr_assert_eq(0,
                     move_holds_missed(&arena, *list, &m, below(5) == 0 ? NULL : &cluster, settings, list));
        (void) fprintf(f, "  missed %s %s>%s, blame %d\n", order.vm, order.from, order.to, (int) m.blame);
}

static void happen(FILE *f, const Settings *settings, MoveHolds *list) {
        static const usec_t later[] = { 0, 1, 29, 30, 60, 61, 119, 300, 3600, 22000, 90000 };
        const uint32_t what = below(12);

        cluster.taken_at += later[below(ARRAY_SIZE(later))] * USEC_PER_SEC;
        if (below(4) == 0)
                cluster.holds = *list; /* what the next plan is made by; the list may be a newer part */
        if (what < 5) {
                draw_miss(f, settings, list);
        } else if (what == 5) {
                const MoveOrder order = draw_order();

                cr_assert_eq(0, move_holds_done(&arena, *list, &order, list));
                (void) fprintf(f, "  done %s %s>%s", order.vm, order.from, order.to);
                put_names(f, "", list);
        } else if (what == 6 && below(2) == 0) {
                const char *name = below(2) == 0 ? vm_names[below(VMS)] : host_names[below(HOSTS)];

                cr_assert_eq(0, move_holds_without(&arena, *list, name, list));
                put_names(f, name, list);
        } else if (what < 9) {
                const uint32_t n = below(37), v = below(VMS), h = below(HOSTS);
                MoveHolds stands;

                (void) change(n, v, h);
                (void) fprintf(f, "  change %u of %s or %s", n, vm_names[v], host_names[h]);
                cr_assert_eq(0, move_holds_standing(&arena, *list, &cluster, settings, &stands));
                put_names(f, "", &stands);
                if (below(3) == 0)
                        *list = stands;
        } else {
                put_held(f);
        }
}

static void tell(FILE *f, uint64_t seed) {
        const Settings *settings;
        MoveHolds list = { 0 };

        dice = prng_seeded(seed);
        begin_world();
        settings = draw_settings();
        (void) fprintf(f, "%llu:\n", (unsigned long long) seed);
        for (int i = 0; i < EVENTS; i++)
                happen(f, settings, &list);
        put_list(f, &list);
}

Test(move_holds_recorded, what_is_learned_and_forgotten) {
        Recording r;

        recording_begin(&r, "move_holds");
        for (uint64_t seed = 1; seed <= STORIES; seed++) {
                const ArenaMark mark = arena_mark(&arena);

                tell(r.f, seed);
                arena_rewind(&arena, mark);
        }
        recording_end(&r);
}

/* Each thing alone: what is another, and what is not. */
Test(move_holds_recorded, what_a_digest_is_of) {
        static const MoveHold all[] = { { .vm = "b", .to = "h2", .from = "h1" },
                                        { .vm = "b", .from = "h2" },
                                        { .to = "h2" },
                                        { .from = "h2" },
                                        { .vm = "b" },
                                        { .vm = "z", .to = "h2" },
                                        { .vm = "b", .to = "h9" } };
        Recording r;

        recording_begin(&r, "move_digests");
        for (uint32_t what = 0;; what++) {
                begin_world();
                cluster.holds = (MoveHolds){ 0 };
                ties[1].n_devices = 2;
                for (int times = 0; times < 3; times++) {
                        (void) fprintf(r.f, "%u.%d:", what, times);
                        for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
                                const char *as = NULL;

                                cr_assert_eq(0, move_digest(&arena, &cluster, &all[i], &as));
                                (void) fprintf(r.f, " %s", said(as));
                        }
                        (void) fputc('\n', r.f);
                        if (change(what, 1, 1) < 0)
                                break;
                }
                if (change(what, 1, 1) < 0)
                        break;
        }
        recording_end(&r);
}

Test(move_holds_recorded, the_one_that_ends_first_is_forgotten_where_there_are_too_many) {
        Recording r;
        MoveHold *many = arena_new(&arena, MoveHold, MOVE_HOLDS_MAX);
        MoveHolds list = { many, MOVE_HOLDS_MAX }, less;

        dice = prng_seeded(5);
        begin_world();
        for (uint32_t i = 0; i < MOVE_HOLDS_MAX; i++)
                many[i] = (MoveHold){ .vm = text_format(&arena, "v%04u", i),
                                      .to = "h1",
                                      .tries = 1,
                                      .until = START + below(1000000) };
        recording_begin(&r, "move_holds_many");
        for (int i = 0; i < 6; i++) {
                const MoveOrder order = {
                        .vm = "a", .uuid = "u1", .from = "h1", .to = text_format(&arena, "t%d", i)
                };
                const MoveMissed m = { .order = &order,
                                       .blame = i == 3 ? BLAME_NONE : BLAME_PAIR,
                                       .at = START + 1 };

                cr_assert_eq(0, move_holds_missed(&arena, list, &m, NULL, default_settings(&arena), &list));
                cr_assert_eq(0, move_holds_done(&arena, list, &order, &less));
                (void) fprintf(r.f, "%u, %u, without %u:", i, list.n, less.n);
                for (uint32_t k = 0; k < list.n; k += 37)
                        (void) fprintf(r.f, " %s", list.at[k].vm);
                (void) fputc('\n', r.f);
        }
        recording_end(&r);
}
