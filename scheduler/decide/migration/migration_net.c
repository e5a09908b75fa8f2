/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/decide/migration/migration_net.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/base/compare.h"

/* What QEMU has resident beside its guest's memory: its own code and heap; measured 36 to 43 MiB of QEMU 7.2
 * (tests/bench/predict). */
#define QEMU_OWN_MIB 40

/* Of a VM whose resident memory is known, and of one of which only the allocation is. */
#define MEMORY_LOW_PERMILLE  850
#define MEMORY_HIGH_PERMILLE 1150
#define UNKNOWN_LOW_PERMILLE 250

typedef struct RouteLearned {
        HostIx from, to;
        int64_t speed_permille;
} RouteLearned;

int64_t migration_bandwidth(const Settings *settings) {
        const int64_t one = settings_int(settings, "migration", "bandwidth");
        const int64_t other = settings_int(settings, "cluster", "migration_bandwidth");

        return one == 0 ? other : other == 0 || one < other ? one : other;
}

/* ---- links ---- */

/* Of a host, or of a rack behind the hosts. */
static uint32_t link_out(uint32_t i) {
        return 2 * i;
}

static uint32_t link_in(uint32_t i) {
        return 2 * i + 1;
}

static int64_t migration_net_at_least(int64_t value, int64_t least) {
        return value > least ? value : least;
}

static MigrationLink link_of(int64_t speed_kbit, int64_t load_kbit, int64_t most_kbit) {
        MigrationLink l = { .known = speed_kbit > 0, .kbit = speed_kbit > 0 ? speed_kbit : LINK_USUAL_KBIT };

        l.free_kbit = migration_net_at_least(l.kbit - migration_net_at_least(load_kbit, 0), l.kbit / 10);
        if (most_kbit > 0) {
                l.known = l.known || most_kbit <= l.free_kbit;
                l.kbit = l.kbit < most_kbit ? l.kbit : most_kbit;
                l.free_kbit = l.free_kbit < most_kbit ? l.free_kbit : most_kbit;
        }
        l.free_kbit = migration_net_at_least(l.free_kbit, 1);
        return l;
}

/* What its VMs are taken to need of a host's only NIC; with several nobody knows which of them. */
static void sum_vms(const Snapshot *s, int64_t *out, int64_t *in) {
        for (VmIx v = 0; v < s->n_vms; v++) {
                const Vm *vm = &s->vms[v];

                if (vm->host == IX_NONE || s->hosts[vm->host].n_nics != 1)
                        continue;
                out[vm->host] += migration_net_at_least(vm->tx_kbit, 0);
                in[vm->host] += migration_net_at_least(vm->rx_kbit, 0);
        }
}

static int build_links(Arena *a, const Settings *settings, uint32_t n_racks, MigrationNet *net) {
        const Snapshot *s = net->s;
        const int64_t most = migration_bandwidth(settings);
        const int64_t rack = settings_int(settings, "migration", "rack_bandwidth");
        MigrationLink *links;
        int64_t *out = arena_new(a, int64_t, s->n_hosts), *in = arena_new(a, int64_t, s->n_hosts);

        net->n_links = 2 * (s->n_hosts + n_racks);
        links = arena_new(a, MigrationLink, net->n_links);
        if (!out || !in || !links)
                return -ENOMEM;
        sum_vms(s, out, in);
        for (HostIx h = 0; h < s->n_hosts; h++) {
                const Nic *nic = host_migration_nic(&s->hosts[h]);
                const int64_t speed = nic && nic->speed_mbit > 0 ? nic->speed_mbit * 1000 : 0;

                links[link_out(h)] =
                        link_of(speed, migration_net_at_least(nic ? nic->tx_kbit : 0, out[h]), most);
                links[link_in(h)] =
                        link_of(speed, migration_net_at_least(nic ? nic->rx_kbit : 0, in[h]), most);
        }
        /* What else goes over a rack's cable is not known. migration.bandwidth is about one host's link. */
        for (uint32_t i = 2 * s->n_hosts; i < net->n_links; i++)
                links[i] = link_of(rack, 0, 0);
        net->links = links;
        return 0;
}

/* Racks as indexes; those of a name are one. Hosts without one are all in one, as elsewhere. */
static int build_racks(Arena *a, const Snapshot *s, const uint32_t **ret, uint32_t *ret_n) {
        const char **names = arena_new(a, const char *, s->n_hosts);
        uint32_t *rack = arena_new(a, uint32_t, s->n_hosts), n = 0;

        if (!names || !rack)
                return -ENOMEM;
        for (HostIx h = 0; h < s->n_hosts; h++)
                names[h] = s->hosts[h].rack ? s->hosts[h].rack : "";
        if (s->n_hosts > 0)
                qsort(names, s->n_hosts, sizeof(*names), compare_strings);
        for (uint32_t i = 0; i < s->n_hosts; i++)
                if (n == 0 || strcmp(names[n - 1], names[i]) != 0)
                        names[n++] = names[i];
        for (HostIx h = 0; h < s->n_hosts; h++) {
                const char *name = s->hosts[h].rack ? s->hosts[h].rack : "";
                const char **at = bsearch(&name, names, n, sizeof(*names), compare_strings);

                rack[h] = (uint32_t) (at - names);
        }
        *ret = rack;
        *ret_n = n;
        return 0;
}

/* ---- lessons, by index ---- */

static int compare_routes(const void *left, const void *right) {
        const RouteLearned *x = left, *y = right;

        if (x->from != y->from)
                return x->from < y->from ? -1 : 1;
        return x->to < y->to ? -1 : x->to > y->to;
}

static int build_lessons(Arena *a, MigrationNet *net) {
        const MoveLessons *l = net->s->lessons;
        RouteLearned *routes;
        int64_t *vms, *dirty;

        if (!l)
                return 0;
        routes = arena_new(a, RouteLearned, l->n_routes);
        vms = arena_new(a, int64_t, net->s->n_vms);
        dirty = arena_new(a, int64_t, net->s->n_vms);
        if (!routes || !vms || !dirty)
                return -ENOMEM;
        for (uint32_t i = 0; i < l->n_routes; i++) {
                const HostIx from = snapshot_host(net->s, l->routes[i].from);
                const HostIx to = snapshot_host(net->s, l->routes[i].to);

                if (from != IX_NONE && to != IX_NONE)
                        routes[net->n_routes++] = (RouteLearned){ from, to, l->routes[i].speed_permille };
        }
        if (net->n_routes > 0)
                qsort(routes, net->n_routes, sizeof(*routes), compare_routes);
        for (uint32_t i = 0; i < l->n_vms; i++) {
                const VmIx v = snapshot_vm(net->s, l->vms[i].vm);

                if (v == IX_NONE)
                        continue;
                vms[v] = l->vms[i].bytes_permille;
                dirty[v] = l->vms[i].dirty_permille;
        }
        net->routes = routes;
        net->vm_permille = vms;
        net->vm_dirty = dirty;
        return 0;
}

/* The median of what hosts' links carry: of the price of a move, which must not depend on where a VM is. */
static int find_usual(Arena *a, MigrationNet *net) {
        int64_t *kbit = arena_new(a, int64_t, (size_t) net->n_hosts + 1);

        if (!kbit)
                return -ENOMEM;
        for (HostIx h = 0; h < net->n_hosts; h++)
                kbit[h] = net->links[link_out(h)].kbit;
        if (net->n_hosts > 0)
                qsort(kbit, net->n_hosts, sizeof(*kbit), compare_int64);
        net->usual_kbit = net->n_hosts > 0 ? kbit[(net->n_hosts - 1) / 2] : LINK_USUAL_KBIT;
        return 0;
}

int migration_net_build(Arena *a, const Snapshot *s, const Settings *settings, MigrationNet *ret) {
        MigrationNet net = { .s = s, .n_hosts = s->n_hosts };
        uint32_t n_racks = 0;
        int r = 0;

        if (settings_int(settings, "migration", "rack_bandwidth") > 0)
                r = build_racks(a, s, &net.rack, &n_racks);
        if (r == 0)
                r = build_links(a, settings, n_racks, &net);
        if (r == 0)
                r = build_lessons(a, &net);
        if (r == 0)
                r = find_usual(a, &net);
        if (r == 0)
                *ret = net;
        return r;
}

/* ---- ways ---- */

MigrationRoute migration_route(const MigrationNet *net, HostIx from, HostIx to) {
        MigrationRoute route = { .links = { link_out(from), link_in(to) }, .n = 2 };

        if (net->rack && net->rack[from] != net->rack[to]) {
                route.links[route.n++] = link_out(net->n_hosts + net->rack[from]);
                route.links[route.n++] = link_in(net->n_hosts + net->rack[to]);
        }
        return route;
}

int64_t migration_route_free(const MigrationNet *net, const MigrationRoute *route, bool *ret_known) {
        const MigrationLink *least = &net->links[route->links[0]];

        for (uint32_t i = 1; i < route->n; i++)
                if (net->links[route->links[i]].free_kbit < least->free_kbit)
                        least = &net->links[route->links[i]];
        *ret_known = least->known;
        return least->free_kbit;
}

/* ---- a VM ---- */

static int64_t migration_net_share(int64_t mib, int64_t permille) {
        return migration_net_at_least(mib / 1000 * permille + mib % 1000 * permille / 1000, 1);
}

/* Resident memory is what the guest has ever written, less what it gave back: caches are sent too, so that
 * what it uses inside says little. Huge pages are not counted as resident. */
static void fill_memory(const Vm *vm, MigrationFacts *f) {
        const int64_t all = vm->memory_mib;
        int64_t touched = vm->memory_resident_mib - QEMU_OWN_MIB;

        if (vm->memory_resident_mib == UNKNOWN || vm->memory_resident_mib <= 0 || vm->hugepages_kib > 0) {
                f->basis.memory_mib = f->memory_high_mib = all;
                f->memory_low_mib = migration_net_share(all, UNKNOWN_LOW_PERMILLE);
                return;
        }
        touched = migration_net_at_least(touched, 4);
        f->basis.memory_mib = touched < all ? touched : all;
        f->memory_low_mib = migration_net_share(f->basis.memory_mib, MEMORY_LOW_PERMILLE);
        f->memory_high_mib = migration_net_share(f->basis.memory_mib, MEMORY_HIGH_PERMILLE);
}

static int64_t route_learned(const MigrationNet *net, HostIx from, HostIx to) {
        const RouteLearned key = { .from = from, .to = to };
        const RouteLearned *at =
                net->n_routes > 0 && from != IX_NONE
                        ? bsearch(&key, net->routes, net->n_routes, sizeof(key), compare_routes)
                        : NULL;

        return at ? at->speed_permille : net->s->lessons ? net->s->lessons->speed_permille : 0;
}

MigrationFacts migration_facts(const MigrationNet *net, VmIx v, HostIx from, HostIx to,
                               int64_t bandwidth_kbit) {
        const Vm *vm = &net->s->vms[v];
        const MoveLessons *l = net->s->lessons;
        MigrationFacts f = {
                .basis = { .dirty_kib_s = vm->dirty_kib_s,
                           .dirty_burst_kib_s = vm->dirty_burst_kib_s,
                           .dirty_window_ms = vm->dirty_window_ms,
                           .local_disk_mib = vm->local_disk_mib,
                           .bandwidth_kbit = migration_net_at_least(bandwidth_kbit, 1) },
                .cold = vm->state == VM_OFF,
                .downtime_limit_ms = MIGRATION_DOWNTIME_MS,
                .speed_permille = route_learned(net, from, to),
        };

        fill_memory(vm, &f);
        if (!l)
                return f;
        f.fixed_ms = l->fixed_ms;
        f.switch_ms = l->switch_ms;
        f.unsure_permille = l->unsure_permille;
        f.bytes_permille = net->vm_permille[v] > 0 ? net->vm_permille[v] : l->bytes_permille;
        f.dirty_permille = net->vm_dirty[v];
        if (net->vm_permille[v] > 0) /* it has been seen: the rest is `unsure_permille` */
                f.memory_low_mib = f.memory_high_mib = f.basis.memory_mib;
        return f;
}
