/* SPDX-License-Identifier: Apache-2.0 */
/* What the executor is asked for each order of a run. */
#include <errno.h>
#include <string.h>

#include "scheduler/act/link_share.h"
#include "scheduler/app/round/mover_parts.h"
#include "scheduler/decide/migration/migration_net.h"
#include "scheduler/decide/order/wave_links.h"
#include "scheduler/model/host_memory.h"
#include "scheduler/model/host_uri.h"

/* Patience × the longest prediction, at least a minute. */
static usec_t time_limit(const Settings *s, const Prediction *prediction) {
        int64_t ms = prediction->ms_high > prediction->ms ? prediction->ms_high : prediction->ms;
        usec_t limit = ms * USEC_PER_MSEC * settings_int(s, "migration", "patience");

        return limit > 60 * USEC_PER_SEC ? limit : 60 * USEC_PER_SEC;
}

/* What the plan wants, within the settings' limits; and what it does not say, as they say it. */
static MoveManner settled_manner(const Settings *s, const MoveOrder *order) {
        const int64_t most = migration_bandwidth(s);
        MoveManner m = order->manner;

        if (m.strategy == STRATEGY_COLD) /* there is nothing to send, and no bandwidth to be had */
                return (MoveManner){ .strategy = m.strategy,
                                     .deadline_ms = time_limit(s, &order->predicted) / USEC_PER_MSEC };
        if (most > 0 && (m.bandwidth_kbit == 0 || m.bandwidth_kbit > most))
                m.bandwidth_kbit = most;
        if (!settings_int(s, "migration", "auto_converge"))
                m.slow_down = SLOW_DOWN_NEVER;
        else if (m.slow_down == SLOW_DOWN_UNSAID)
                m.slow_down = SLOW_DOWN_ALLOWED;
        if (m.deadline_ms == 0) {
                m.deadline_ms = time_limit(s, &order->predicted) / USEC_PER_MSEC;
                m.at_deadline =
                        settings_int(s, "migration", "post_copy") ? DEADLINE_POST_COPY : DEADLINE_ABORT;
        }
        return m;
}

int64_t mover_deadline_ms(const Settings *s, const MoveOrder *order) {
        return settled_manner(s, order).deadline_ms;
}

int mover_migrate_uri(Arena *a, const Settings *s, const MoveOrder *order, const char **ret) {
        return host_uri_make(a, settings_text(s, "migration", "uri"),
                             order->to_address ? order->to_address : order->to, ret);
}

static RunMove mover_requests_one(const MoverInput *in, const MoveOrder *order) {
        const int64_t kbit = migration_bandwidth(in->settings);
        const MoveManner manner = settled_manner(in->settings, order);
        const bool cold = manner.strategy == STRATEGY_COLD;

        return (RunMove){
                .sends = order->predicted.ms > MIGRATION_FIXED_MS
                                 ? (order->predicted.ms - MIGRATION_FIXED_MS) * USEC_PER_MSEC
                                 : 0,
                .request = { .order = order,
                             .bandwidth_mib_s = kbit > 0 && kbit < KBIT_A_MIB ? 1 : kbit / KBIT_A_MIB,
                             .time_limit = time_limit(in->settings, &order->predicted),
                             .auto_converge = manner.slow_down == SLOW_DOWN_ALLOWED,
                             /* By the VM's own policy, which the plan heeded; not by the settings alone. */
                             .post_copy = manner.strategy == STRATEGY_POST_COPY ||
                                          manner.at_deadline == DEADLINE_POST_COPY,
                             .tls = settings_int(in->settings, "migration", "tls") != 0,
                             .offline = cold,
                             .copy_disks = !cold && order->local_disk_mib > 0 &&
                                           settings_int(in->settings, "cluster", "local_disks") != 0,
                             .manner = manner }
        };
}

/* A plan's waves keep to more than these, one written by hand to what may_join() says. */
static uint32_t run_limit(const Settings *s, const char *name) {
        const int64_t most = settings_int(s, "plan", name);

        return most > 0 ? (uint32_t) most : LINK_MOVES_MOST;
}

static RunLimits run_limits(const Settings *s) {
        return (RunLimits){ .in_all = (uint32_t) settings_int(s, "plan", "moves_at_once"),
                            .per_host_in = run_limit(s, "moves_in"),
                            .per_host_out = run_limit(s, "moves_out") };
}

/* Racks' cables are in the plan's shares of a wave, and in no budget of a host's link: there waves stay
 * apart. */
RunOptions mover_run_options(const Settings *s) {
        return (RunOptions){ .limits = run_limits(s),
                             .overlap = settings_int(s, "migration", "rack_bandwidth") == 0,
                             .prepares = MIGRATION_FIXED_MS * USEC_PER_MSEC,
                             .link_kbit = migration_bandwidth(s) };
}

/* What migrations may take of the hosts' links. */
static int fill_links(Arena *a, const MoverInput *in, RunMove *moves) {
        MigrationNet net = { 0 };
        int r;

        if (!in->facts || settings_int(in->settings, "migration", "rack_bandwidth") > 0)
                return 0;
        r = migration_net_build(a, in->facts, in->settings, &net);
        for (uint32_t i = 0; r == 0 && i < in->n; i++) {
                const HostIx from = snapshot_host(in->facts, in->moves[i].from);
                const HostIx to = snapshot_host(in->facts, in->moves[i].to);
                MigrationRoute route;

                if (from == IX_NONE || to == IX_NONE)
                        continue;
                route = migration_route(&net, from, to);
                if (net.links[route.links[0]].known)
                        moves[i].out_kbit = net.links[route.links[0]].free_kbit;
                if (net.links[route.links[1]].known)
                        moves[i].in_kbit = net.links[route.links[1]].free_kbit;
        }
        return r;
}

/* For the last look at the target: what its VM needs there, as the planner counts it. */
static void mover_requests_memory(const MoverInput *in, RunMove *moves) {
        const MemoryPolicy policy = memory_policy(in->settings);

        for (uint32_t i = 0; in->facts && i < in->n; i++) {
                const VmIx v = snapshot_vm(in->facts, in->moves[i].vm);
                const HostIx to = snapshot_host(in->facts, in->moves[i].to);
                const Vm *vm;
                int64_t ratio;

                if (v == IX_NONE || to == IX_NONE)
                        continue;
                vm = &in->facts->vms[v];
                ratio = in->facts->hosts[to].overcommit_memory_permille;
                ratio = ratio > 0 ? ratio : settings_int(in->settings, "cluster", "overcommit_memory");
                moves[i].request.memory_mib =
                        ratio > 1000 ? vm_memory_in_use(vm, policy) : vm_memory_promised(vm, policy);
                moves[i].request.reclaimable_mib = host_memory_reclaimable(&in->facts->hosts[to]);
                moves[i].request.n_nodes = vm->state == VM_OFF ? 0
                                                               : vm_node_needs(vm, &in->facts->hosts[to],
                                                                               moves[i].request.nodes);
        }
}

int mover_requests(Arena *a, const MoverInput *in, const RunMove **ret) {
        RunMove *moves = arena_new(a, RunMove, in->n);
        int r = moves ? 0 : -ENOMEM;

        for (uint32_t i = 0; r == 0 && i < in->n; i++) {
                moves[i] = mover_requests_one(in, &in->moves[i]);
                r = mover_migrate_uri(a, in->settings, &in->moves[i], &moves[i].request.migrate_uri);
        }
        if (r == 0)
                r = fill_links(a, in, moves);
        if (r == 0) {
                mover_requests_memory(in, moves);
                *ret = moves;
        }
        return r;
}
