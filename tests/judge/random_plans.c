/* SPDX-License-Identifier: Apache-2.0 */
/* Random clusters, each with a plan and what the judge says of it, a line of JSON each, for the second judge (README.md here).
 *   random_plans FIRST LAST
 * Plans are the planner's, as they are or damaged in one or two ways, or a few moves by chance. A line: "seed", "made" (how), "settings" (what is not
 * the default), "snapshot" (as docs/snapshot-file.md), "moves" ("vm", "from", "to", "wave"), "objections" ("move", "reason"). */
#include <errno.h>

#include "scheduler/model/booking.h"
#include "scheduler/snapshot/files/snapshot_file.h"
#include "scheduler/snapshot/health/move_holds.h"
#include "scheduler/snapshot/rules/rules_apply.h"
#include "tests/random_cluster.h"

#define MOVES_MOST 200U
#define SAID_MOST  16U

typedef struct Said {
        const char *key, *text;
} Said;

typedef struct Line {
        uint64_t seed;
        Dice dice;
        const char *made; /* in words */
        Settings *settings;
        Said said[SAID_MOST]; /* what was set, in order */
        uint32_t n_said;
        const char *text; /* of the snapshot, as printed */
        const Snapshot *s;
        MoveOrder moves[MOVES_MOST];
        uint32_t n_moves;
        PlanReserve reserve; /* as the planner found it */
} Line;

static void line_set(Line *line, const char *key, const char *text) {
        setting(line->settings, key, text);
        if (line->n_said == SAID_MOST)
                abort();
        line->said[line->n_said++] = (Said){ key, text };
}

static const char *one_of(Dice *d, const char *const *words, uint32_t n) {
        return words[dice_below(d, n)];
}
#define ONE_OF(d, ...)                                                                                       \
        one_of(d, (const char *const[]){ __VA_ARGS__ },                                                      \
               sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *))

static void line_settings(Line *line) {
        Dice *d = &line->dice;

        line->settings = (Settings *) (uintptr_t) default_settings(d->arena);
        line_set(line, "memory.keep_for_host", ONE_OF(d, "0MiB", "0MiB", "512MiB", "4GiB"));
        line_set(line, "memory.per_vm", ONE_OF(d, "0MiB", "30MiB", "300MiB", "3GiB"));
        if (dice_percent(d, 25))
                line_set(line, "cluster.overcommit_cpu", ONE_OF(d, "2", "70%", "400%"));
        if (dice_percent(d, 35))
                line_set(line, "cluster.overcommit_memory", ONE_OF(d, "150%", "120%", "80%", "200%"));
        if (dice_percent(d, 20))
                line_set(line, "cluster.local_disks", "copy");
        if (dice_percent(d, 40)) {
                line_set(line, "reserve.losses", ONE_OF(d, "1", "1", "1", "2"));
                line_set(line, "reserve.losses_of", ONE_OF(d, "host", "host", "host", "rack", "zone"));
        }
        if (dice_percent(d, 20)) {
                line_set(line, "reserve.share", ONE_OF(d, "5%", "20%", "40%", "60%"));
                line_set(line, "reserve.share_of", ONE_OF(d, "cluster", "rack", "zone"));
        }
        if (dice_percent(d, 15))
                line_set(line, "reserve.maintenance", "waits");
        if (dice_percent(d, 15))
                line_set(line, "plan.goal", "pack");
}

/* ---- the cluster ---- */

/* What its QEMU was measured to have, and what it would need to start. */
static void vm_memory(Dice *d, Vm *vm) {
        vm->memory_resident_mib = UNKNOWN;
        if (dice_percent(d, 40))
                vm->memory_resident_mib =
                        vm->hugepages_kib
                                ? dice_between(d, 20, 400)
                                : dice_between(d, vm->memory_mib / 4, vm->memory_mib + vm->memory_mib / 8);
        if (vm->in_flight && (vm->in_flight_to == vm->host || dice_percent(d, 50))) {
                vm->in_flight = false;
                vm->in_flight_to = IX_NONE;
        }
        if (!vm->in_flight && dice_percent(d, 5))
                vm->state = VM_OFF;
}

/* What VMs are tied to beside what random_cluster() says, and their other ways of being. */
static void vm_variety(Dice *d, Vm *vm) {
        VmLoad *load = arena_new(d->arena, VmLoad, 1);

        if (dice_percent(d, 3)) {
                vm->movable = false;
                vm->hold = (Hold) dice_between(d, HOLD_NONE, HOLD_N - 1);
        }
        if (dice_percent(d, 10))
                vm->arch = ONE_OF(d, "x86_64", "x86_64", "aarch64");
        if (dice_percent(d, 10))
                vm->emulator = ONE_OF(d, "/usr/bin/qemu-system-x86_64", "/usr/bin/kvm");
        if (vm->hugepages_kib && dice_percent(d, 25))
                vm->hugepages_kib = 1048576;
        if (vm->cpu_mcores != UNKNOWN && dice_percent(d, 10)) { /* what it needs was estimated from history */
                *load = (VmLoad){ .cpu_mcores = dice_between(d, 0, vm->vcpus * 1000),
                                  .memory_used_mib = vm->memory_used_mib,
                                  .rx_kbit = vm->rx_kbit,
                                  .tx_kbit = vm->tx_kbit };
                vm->measured = load;
        }
}

/* As much memory as its VMs were promised, and a little: where it ends decides. */
static void host_tight(Dice *d, Host *h, HostIx index, const Vm *vms, uint32_t n_vms) {
        int64_t most = 4096;

        for (VmIx v = 0; v < n_vms; v++)
                most += vms[v].host == index && !vms[v].hugepages_kib ? vms[v].memory_mib : 0;
        most += most * dice_between(d, 0, 40) / 100 + h->reserved_mib;
        for (uint32_t i = 0; i < h->n_hugepages; i++)
                most += h->hugepages[i].total_mib;
        h->memory_mib = most;
}

static void host_variety(Dice *d, Host *h) {
        static const char *const emulators[] = { "/usr/bin/kvm", "/usr/bin/qemu-system-x86_64" };
        static const int64_t speeds[] = { 2000, 2400, 3100 };
        Nic *nics = arena_new(d->arena, Nic, 2);

        if (dice_percent(d, 40))
                h->cpu_mhz = speeds[dice_below(d, 3)];
        if (dice_percent(d, 20))
                h->arch = ONE_OF(d, "x86_64", "x86_64", "aarch64");
        if (dice_percent(d, 20))
                h->emulators = dice_words(d, emulators, 2, 70);
        if (dice_percent(d, 3))
                h->no_entry_why = "a container that nobody counts";
        if (h->n_hugepages > 0 && dice_percent(d, 25)) {
                Hugepages *pages = arena_new(d->arena, Hugepages, 2);

                pages[0] = h->hugepages[0];
                pages[1] = (Hugepages){ 1048576, dice_between(d, 0, 8) * 1024, 0 };
                pages[1].free_mib = dice_between(d, 0, pages[1].total_mib);
                h->hugepages = pages;
                h->n_hugepages = 2;
        }
        if (h->n_nics == 1 && dice_percent(d, 50)) {
                nics[0] = h->nics[0];
                nics[1] = (Nic){ .name = "eth1",
                                 .speed_mbit = dice_percent(d, 60) ? 100 : UNKNOWN,
                                 .rx_kbit = dice_percent(d, 70) ? dice_between(d, 0, 90000) : UNKNOWN,
                                 .tx_kbit = dice_percent(d, 70) ? dice_between(d, 0, 90000) : UNKNOWN,
                                 .carrier = dice_percent(d, 80),
                                 .peers = UNKNOWN };
                h->nics = nics;
                h->n_nics = 2;
        }
}

/* Half of the hosts were measured: pools, what VMs have beside these, and something of their own. */
static void host_memory(Dice *d, Host *h, HostIx index, const Vm *vms, uint32_t n_vms) {
        if (dice_percent(d, 50))
                return;
        h->memory_used_mib = dice_between(d, 0, 9000);
        for (uint32_t i = 0; i < h->n_hugepages; i++)
                h->memory_used_mib += h->hugepages[i].total_mib;
        for (VmIx v = 0; v < n_vms; v++)
                if (vms[v].host == index && vms[v].state != VM_OFF)
                        h->memory_used_mib += vm_memory_resident(&vms[v]);
        if (dice_percent(d, 10)) /* what was measured is not quite what is said of VMs */
                h->memory_used_mib = dice_between(d, 0, h->memory_used_mib);
        if (h->memory_used_mib > h->memory_mib)
                h->memory_used_mib = h->memory_mib;
        if (dice_percent(d, 30))
                h->memory_reclaimable_mib = dice_between(d, 0, h->memory_used_mib);
}

static void add_extra(Dice *d, Snapshot *s, Host *hosts, Vm *vms) {
        ExtraResource *extra = arena_new(d->arena, ExtraResource, 2);

        extra[0] = (ExtraResource){ .name = "gpu_mib", .transient = true };
        extra[1] = (ExtraResource){ .name = "licences" };
        for (HostIx h = 0; h < s->n_hosts; h++) {
                int64_t *has = arena_new(d->arena, int64_t, 2);

                has[0] = dice_percent(d, 60) ? dice_between(d, 1, 8) * 1024 : 0;
                has[1] = dice_between(d, 0, 6);
                hosts[h].extra = has;
        }
        for (VmIx v = 0; v < s->n_vms; v++) {
                int64_t *needs = arena_new(d->arena, int64_t, 2);

                needs[0] = dice_percent(d, 10) ? dice_between(d, 1, 4) * 512 : 0;
                needs[1] = dice_percent(d, 10) ? dice_between(d, 1, 2) : 0;
                vms[v].extra = needs;
        }
        s->extra = extra;
        s->n_extra = 2;
}

/* Two cells, each bound to one node, to several, or to none; some are pinned. */
static void bind_cells(Dice *d, Vm *vm) {
        static const char *const sets[] = { "0", "1", "2", "0-1", "1-2", "0,2", "0-2", "-" };
        VmTies *ties = arena_new(d->arena, VmTies, 1);
        const int64_t half = vm->memory_mib / 2;
        const char *first = sets[dice_percent(d, 70) ? dice_below(d, 2) : dice_below(d, 8)],
                   *second = sets[dice_below(d, 8)];

        *ties = vm->ties ? *vm->ties
                         : (VmTies){ .snapshots = UNKNOWN, .checkpoints = UNKNOWN, .block_jobs = UNKNOWN };
        ties->numa_bound = text_format(d->arena, "0-%lld %lld %s %s; %lld %lld %s -",
                                       (long long) (vm->vcpus + 1) / 2 - 1, (long long) half, first,
                                       dice_percent(d, 80) ? "-" : ONE_OF(d, "0-3", "4-11", "30"),
                                       (long long) vm->vcpus, (long long) (vm->memory_mib - half), second);
        ties->numa_nodes = strcmp(first, "-") != 0 ? first : strcmp(second, "-") != 0 ? second : NULL;
        vm->ties = ties;
}

static void divide_host(Dice *d, Host *h) {
        HostPlatform *platform = arena_new(d->arena, HostPlatform, 1);
        const uint32_t n = dice_percent(d, 80) ? 3 : 2;
        NumaNode *nodes = arena_new(d->arena, NumaNode, n);

        *platform = h->platform ? *h->platform : (HostPlatform){ .hugepages_default_kib = UNKNOWN };
        platform->numa = nodes;
        platform->n_numa = n;
        for (uint32_t i = 0; i < n; i++) {
                const int64_t first = (int64_t) i * (h->cpus / n), memory = h->memory_mib / n;

                nodes[i] = (NumaNode){ .id = i,
                                       .memory_mib = memory,
                                       .free_mib = UNKNOWN,
                                       .available_mib =
                                               dice_percent(d, 60) ? dice_between(d, 0, memory) : UNKNOWN,
                                       .cpus = text_format(d->arena, "%lld-%lld", (long long) first,
                                                           (long long) (first + h->cpus / n - 1)) };
                if (h->n_hugepages > 0 && dice_percent(d, 70)) { /* its part of the host's pools */
                        Hugepages *pages = arena_new(d->arena, Hugepages, 1);

                        *pages = (Hugepages){ h->hugepages[0].kib, h->hugepages[0].total_mib / n, 0 };
                        pages->free_mib = dice_between(d, 0, pages->total_mib);
                        nodes[i].hugepages = pages;
                        nodes[i].n_hugepages = 1;
                }
        }
        h->platform = dice_percent(d, 90) ? platform : NULL;
}

static void add_bookings(Dice *d, Snapshot *s, Rule *rules) {
        uint32_t n = 1 + dice_below(d, 3);
        Booking *bookings = arena_new(d->arena, Booking, n);

        for (uint32_t i = 0; i < n; i++) {
                const Vm *like = &s->vms[dice_below(d, s->n_vms)];
                const char **group = arena_new(d->arena, const char *, 1);
                Vm vm = { .name = text_format(d->arena, "soon%u", i),
                          .host = IX_NONE,
                          .in_flight_to = IX_NONE,
                          .movable = true,
                          .vcpus = like->vcpus,
                          .memory_mib = like->memory_mib,
                          .cpu_mcores = dice_between(d, 0, 4000),
                          .memory_used_mib = UNKNOWN,
                          .cpu_delay_permille = UNKNOWN,
                          .rx_kbit = UNKNOWN,
                          .tx_kbit = UNKNOWN,
                          .disk_kib_s = UNKNOWN,
                          .dirty_kib_s = UNKNOWN,
                          .dirty_burst_kib_s = UNKNOWN,
                          .memory_resident_mib = UNKNOWN,
                          .hugepages_kib = like->hugepages_kib,
                          .priority = 100,
                          .extra = like->extra };

                if (s->n_rules > 0 && dice_percent(d, 60)) {
                        Rule *rule = &rules[dice_below(d, s->n_rules)];

                        *group = text_format(d->arena, "g%s", rule->name);
                        rule->group = *group;
                        vm.groups = (Strings){ .at = group, .n = 1 };
                }
                if (dice_percent(d, 10))
                        vm.name = like->name; /* it is there already */
                bookings[i] =
                        (Booking){ .vm = vm, .host = s->hosts[dice_below(d, s->n_hosts)].name, .by = "ann" };
        }
        if (n > 1 && strcmp(bookings[0].vm.name, bookings[n - 1].vm.name) >= 0)
                n = 1; /* by name, each once */
        s->bookings = bookings;
        s->n_bookings = n > 2 && strcmp(bookings[1].vm.name, bookings[2].vm.name) >= 0 ? 1 : n;
}

/* A cluster as property tests have it, and what these leave out. */
static Snapshot *line_cluster(Line *line) {
        Dice *d = &line->dice;
        Arena *a = d->arena;
        const Snapshot *base = random_cluster(a, line->seed, false);
        Snapshot *s = arena_new(a, Snapshot, 1);
        Host *hosts;
        Rule *rules;
        Vm *vms;

        const bool tight = dice_percent(d, 50);

        if (line->seed % 2 == 0)
                base = random_flights(a, base, line->seed);
        *s = *base;
        hosts = arena_new(a, Host, s->n_hosts);
        vms = arena_new(a, Vm, s->n_vms);
        rules = arena_new(a, Rule, s->n_rules);
        memcpy(hosts, s->hosts, sizeof(Host) * s->n_hosts);
        memcpy(vms, s->vms, sizeof(Vm) * s->n_vms);
        s->hosts = hosts;
        s->vms = vms;
        s->rules = rules;
        for (uint32_t i = 0; i < s->n_rules; i++) {
                rules[i] = base->rules[i];
                if (rule_is_about_hosts(&rules[i]))
                        rules[i].level = LEVEL_HOST;
                if (rules[i].kind != RULE_SPREAD && rules[i].kind != RULE_SPAN)
                        rules[i].k = 0;
                if (rules[i].must)
                        rules[i].weight = 0;
                rules[i].evacuate = rules[i].must && rules[i].kind != RULE_NEAR && dice_percent(d, 30);
        }
        for (VmIx v = 0; v < s->n_vms; v++) {
                vm_variety(d, &vms[v]);
                vm_memory(d, &vms[v]);
        }
        for (HostIx h = 0; h < s->n_hosts; h++) {
                hosts[h].for_good = hosts[h].state == HOST_MAINTENANCE && dice_percent(d, 40);
                host_variety(d, &hosts[h]);
                if (tight)
                        host_tight(d, &hosts[h], h, vms, s->n_vms);
                host_memory(d, &hosts[h], h, vms, s->n_vms);
        }
        if (dice_percent(d, 20))
                add_extra(d, s, hosts, vms);
        for (uint32_t i = 0, numa = dice_percent(d, 25); numa && (i < s->n_vms || i < s->n_hosts); i++) {
                if (i < s->n_vms && dice_percent(d, 40))
                        bind_cells(d, &vms[i]);
                if (i < s->n_hosts)
                        divide_host(d, &hosts[i]);
        }
        if (dice_percent(d, 25))
                add_bookings(d, s, rules);
        return s;
}

/* As a program reads it from a file. */
static void line_snapshot(Line *line) {
        Arena *a = line->dice.arena;
        const Snapshot *s = line_cluster(line);
        TextFault fault = { 0 };
        size_t n = 0;

        if (snapshot_file_print(a, s, &line->text, &n) < 0)
                abort();
        if (snapshot_file_parse(a, line->text, n, &s, &fault) < 0) {
                (void) fprintf(stderr, "seed %lu: %s: %s\n", (unsigned long) line->seed, "snapshot",
                               fault.what);
                abort();
        }
        if (rules_apply(a, s, NULL, &s) < 0 || move_holds_apply(a, s, &s) < 0)
                abort();
        line->s = s;
}

/* ---- the plan ---- */

static void random_move(Line *line) {
        Dice *d = &line->dice;
        const Vm *vm = &line->s->vms[dice_below(d, line->s->n_vms)];
        uint32_t last = line->n_moves > 0 ? line->moves[line->n_moves - 1].wave : 0;
        const Host *to = &line->s->hosts[dice_below(d, line->s->n_hosts)];

        if (line->n_moves == MOVES_MOST || line->s->n_vms == 0 || to == &line->s->hosts[vm->host])
                return;
        line->moves[line->n_moves++] = (MoveOrder){ .vm = vm->name,
                                                    .from = line->s->hosts[vm->host].name,
                                                    .to = to->name,
                                                    .wave = last + dice_below(d, 2) };
}

static void planned(Line *line) {
        Arena *a = line->dice.arena;
        const Plan *plan = NULL;
        PlanRequest request = PLAN_REQUEST_DEFAULT;
        int r;

        request.seed = line->seed;
        r = planner_plan(a, line->s, line->settings, policies_all(), request, &plan);
        if (r == -ENOTRECOVERABLE) {
                line->made = "the planner's own, which the judge refuses";
                return;
        }
        if (r < 0)
                abort();
        line->reserve = plan->reserve;
        for (uint32_t i = 0; i < plan->n_moves && i < MOVES_MOST; i++)
                line->moves[line->n_moves++] = move_order_of(line->s, &plan->moves[i]);
}

static void another_target(Line *line) {
        line->moves[dice_below(&line->dice, line->n_moves)].to =
                line->s->hosts[dice_below(&line->dice, line->s->n_hosts)].name;
}

static void waves_merged(Line *line) {
        uint32_t last = line->moves[line->n_moves - 1].wave;
        uint32_t after = last > 0 ? dice_below(&line->dice, last) : 0;

        for (uint32_t i = 0; i < line->n_moves; i++)
                line->moves[i].wave -= line->moves[i].wave > after;
}

static void waves_exchanged(Line *line) {
        uint32_t a = line->moves[0].wave, b = line->moves[line->n_moves - 1].wave;

        for (uint32_t i = 0; i < line->n_moves; i++)
                if (line->moves[i].wave == a || line->moves[i].wave == b)
                        line->moves[i].wave = line->moves[i].wave == a ? b : a;
}

static void vm_twice(Line *line) {
        const MoveOrder *m = &line->moves[dice_below(&line->dice, line->n_moves)];

        if (line->n_moves == MOVES_MOST)
                return;
        line->moves[line->n_moves] = *m;
        line->moves[line->n_moves].wave += dice_below(&line->dice, 2);
        if (dice_percent(&line->dice, 50)) { /* it goes on from there */
                line->moves[line->n_moves].from = m->to;
                line->moves[line->n_moves].to =
                        line->s->hosts[dice_below(&line->dice, line->s->n_hosts)].name;
        }
        line->n_moves++;
}

static void move_left_out(Line *line) {
        uint32_t i = dice_below(&line->dice, line->n_moves);

        memmove(&line->moves[i], &line->moves[i + 1], sizeof(MoveOrder) * (line->n_moves - i - 1));
        line->n_moves--;
}

static void name_unknown(Line *line) {
        MoveOrder *m = &line->moves[dice_below(&line->dice, line->n_moves)];

        switch (dice_below(&line->dice, 3)) {
        case 0:
                m->vm = "nobody";
                break;
        case 1:
                m->to = "nowhere";
                break;
        default:
                m->from = m->to;
        }
}

static const struct {
        const char *made;
        void (*damage)(Line *line);
} damages[] = {
        { "another target", another_target },   { "waves merged", waves_merged },
        { "waves exchanged", waves_exchanged }, { "a VM twice", vm_twice },
        { "a move left out", move_left_out },   { "a name unknown", name_unknown },
        { "a move more", random_move },         { "another target", another_target },
};

static void line_plan(Line *line) {
        Dice *d = &line->dice;

        line->made = "planned";
        planned(line);
        if (line->n_moves == 0 || dice_percent(d, 25)) {
                line->made = line->n_moves == 0 ? "by chance" : "planned, and moves by chance";
                for (uint32_t n = 1 + dice_below(d, 4); n > 0; n--)
                        random_move(line);
        }
        for (uint32_t n = dice_percent(d, 60) ? 1 + dice_below(d, 2) : 0; n > 0 && line->n_moves > 0; n--) {
                uint32_t i = dice_below(d, ARRAY_SIZE(damages));

                damages[i].damage(line);
                line->made = text_format(d->arena, "%s, %s", line->made, damages[i].made);
        }
}

/* ---- printed ---- */

static void print_snapshot(const char *text) {
        for (; *text;
             text++) /* in one line: no name has a control character, and all text is on lines of its own */
                if (*text != '\n')
                        (void) putchar(*text);
}

static const char *verdict_word(const Objection *o) {
        static const char *const words[VERDICT_N] = { [VERDICT_UNKNOWN_VM] = "UNKNOWN_VM",
                                                      [VERDICT_UNKNOWN_HOST] = "UNKNOWN_HOST",
                                                      [VERDICT_NOT_THERE] = "NOT_THERE",
                                                      [VERDICT_MOVED_TWICE] = "MOVED_TWICE" };

        return o->verdict == VERDICT_REFUSED ? reason_names[o->reason] : words[o->verdict];
}

static void line_print(const Line *line) {
        const Objection *objections = NULL;
        uint32_t n = 0;

        if (plan_check(line->dice.arena, line->s, line->settings, line->moves, line->n_moves, &objections,
                       &n) < 0)
                abort();
        (void) printf("{\"seed\": %lu, \"made\": \"%s\", \"settings\": {", (unsigned long) line->seed,
                      line->made);
        for (uint32_t i = 0; i < line->n_said; i++)
                (void) printf("%s\"%s\": \"%s\"", i > 0 ? ", " : "", line->said[i].key, line->said[i].text);
        (void) printf("}, \"snapshot\": ");
        print_snapshot(line->text);
        (void) printf(", \"moves\": [");
        for (uint32_t i = 0; i < line->n_moves; i++)
                (void) printf("%s{\"vm\": \"%s\", \"from\": \"%s\", \"to\": \"%s\", \"wave\": %u}",
                              i > 0 ? ", " : "", line->moves[i].vm, line->moves[i].from, line->moves[i].to,
                              line->moves[i].wave);
        (void) printf("], \"objections\": [");
        for (uint32_t i = 0; i < n && i < OBJECTIONS_KEPT; i++)
                (void) printf("%s{\"move\": %u, \"reason\": \"%s\"}", i > 0 ? ", " : "", objections[i].move,
                              verdict_word(&objections[i]));
        (void) printf("]");
        if (line->reserve.asked)
                (void) printf(", \"reserve\": {\"losses\": %u, \"cases\": %u, \"uncovered\": %u}",
                              line->reserve.losses, line->reserve.cases, line->reserve.uncovered_before);
        (void) printf("}\n");
}

int main(int argc, char **argv) {
        Arena arena;

        if (argc != 3 || arena_open((size_t) 256 << 20, &arena) < 0)
                return 2;
        for (uint64_t seed = strtoull(argv[1], NULL, 10); seed <= strtoull(argv[2], NULL, 10); seed++) {
                ArenaMark mark = arena_mark(&arena);
                Line *line = arena_new(&arena, Line, 1);

                *line = (Line){ .seed = seed,
                                .dice = { .prng = prng_seeded(seed * 2654435761U + 1), .arena = &arena } };
                line_settings(line);
                line_snapshot(line);
                line_plan(line);
                line_print(line);
                arena_rewind(&arena, mark);
        }
        arena_close(&arena);
        return 0;
}
