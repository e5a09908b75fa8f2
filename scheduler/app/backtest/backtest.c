/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/backtest/backtest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/app/backtest/backtest_parts.h"
#include "scheduler/snapshot/wire/estimators.h"

#define ROUND_MEMORY ((size_t) 2 << 30)

const char *const backtest_way_names[BACKTEST_WAY_N] = { "nothing", "as-it-was", "greedy", "plimsoll" };

static const char *const backtest_assumptions[] = {
        "What a VM wants does not depend on where it runs.",
        "Where a host was full, the record has what its VMs got, not what they wanted: waiting is counted too low.",
        "A core of one host does as much as a core of another.",
        "On a host that has less CPU than its VMs want, each gets the same share of what it wants.",
        "Moves do not fail, take as long as predicted, and cost their VM no CPU.",
        "The greedy balancer's moves take no time at all, and it keeps no rules.",
        "Each plan is carried out (mode auto); the next is made when all moves of the last have ended.",
        "Faults, maintenance and marks of hosts are those of cluster.json, all the time.",
        "VMs that begin later begin where cluster.json, or the column host, says.",
};

const char *backtest_assumption(unsigned i) {
        return i < ARRAY_SIZE(backtest_assumptions) ? backtest_assumptions[i] : NULL;
}

/* ---- where the walk begins ---- */

/* What a host uses that is of none of its VMs. */
static void past_begin_own(Walk *w) {
        const Snapshot *s = w->trace->start;

        for (HostIx h = 0; h < s->n_hosts; h++) {
                w->own_mcores[h] = s->hosts[h].cpu_busy_mcores == UNKNOWN ? 0 : s->hosts[h].cpu_busy_mcores;
                w->own_mib[h] = 0;
        }
        for (VmIx v = 0; v < s->n_vms; v++)
                if (s->vms[v].host != IX_NONE && s->vms[v].state != VM_OFF) {
                        const int64_t used = vm_measured(&s->vms[v]).cpu_mcores;

                        w->own_mcores[s->vms[v].host] -= used == UNKNOWN ? 0 : used;
                }
        for (HostIx h = 0; h < s->n_hosts; h++)
                if (w->own_mcores[h] < 0)
                        w->own_mcores[h] = 0;
}

static int past_begin(Walk *w) {
        const Snapshot *s = w->trace->start;

        w->hosts = arena_new(w->arena, Host, s->n_hosts);
        w->vms = arena_new(w->arena, Vm, s->n_vms);
        w->loads = arena_new(w->arena, VmLoad, s->n_vms);
        w->used = arena_new(w->arena, TraceReading, s->n_vms);
        w->histories = arena_new(w->arena, VmHistory, s->n_vms);
        w->moves_room = 2 * s->n_vms; /* some move twice in a plan */
        w->moves = arena_new(w->arena, WalkMove, w->moves_room);
        w->own_mcores = arena_new(w->arena, int64_t, s->n_hosts);
        w->own_mib = arena_new(w->arena, int64_t, s->n_hosts);
        if (!w->hosts || !w->vms || !w->loads || !w->used || !w->histories || !w->moves || !w->own_mcores ||
            !w->own_mib)
                return -ENOMEM;
        memcpy(w->hosts, s->hosts, sizeof(*w->hosts) * s->n_hosts);
        memcpy(w->vms, s->vms, sizeof(*w->vms) * s->n_vms);
        past_begin_own(w);
        for (VmIx v = 0; v < s->n_vms; v++) {
                w->loads[v] = vm_measured(&s->vms[v]);
                w->used[v] =
                        (TraceReading){ .cpu_mcores = TRACE_NONE, .memory_mib = TRACE_NONE, .host = IX_NONE };
                w->vms[v].in_flight = false;
                w->vms[v].in_flight_to = IX_NONE;
                vm_history_begin(&w->histories[v], s->vms[v].name, s->vms[v].uuid ? s->vms[v].uuid : "");
                if (w->trace->born[v] ==
                    w->trace->gone[v]) /* never read: as cluster.json says, all the time */
                        w->used[v].cpu_mcores =
                                w->loads[v].cpu_mcores == UNKNOWN || w->loads[v].cpu_mcores > INT32_MAX
                                        ? TRACE_NONE
                                        : (int32_t) w->loads[v].cpu_mcores;
        }
        return 0;
}

/* ---- a step ---- */

/* A VM that was read at some time is there from its first reading to its last. */
static void past_use_vm(Walk *w, VmIx v, const HistoryPace *pace, const Estimator *estimator) {
        const Vm *start = &w->trace->start->vms[v];
        Vm *vm = &w->vms[v];
        VmLoad *load = &w->loads[v], wanted;
        const bool was = vm->state != VM_OFF;

        if (w->trace->born[v] == w->trace->gone[v])
                return;
        vm->state = trace_reading(w->trace, w->step, v, &w->used[v]) ? VM_RUNNING : VM_OFF;
        if (vm->state == VM_OFF)
                return;
        if ((!was || w->step == 0) && w->used[v].host != IX_NONE)
                vm->host = w->used[v].host;
        load->cpu_mcores = w->used[v].cpu_mcores;
        load->cpu_waited_mcores = 0;
        if (w->used[v].memory_mib != TRACE_NONE)
                load->memory_used_mib = w->used[v].memory_mib;
        vm_history_add(&w->histories[v], pace, w->now, load);
        wanted = demand_estimate(&w->histories[v], w->settings, load);
        vm->cpu_mcores = wanted.cpu_mcores;
        vm->memory_used_mib = wanted.memory_used_mib;
        vm->rx_kbit = wanted.rx_kbit;
        vm->tx_kbit = wanted.tx_kbit;
        vm->measured = estimator == estimators || !start ? NULL : load;
}

/* What hosts measure of themselves follows their VMs. */
static void past_use_hosts(Walk *w) {
        const Snapshot *s = w->trace->start;

        for (HostIx h = 0; h < s->n_hosts; h++)
                if (s->hosts[h].cpu_busy_mcores != UNKNOWN)
                        w->hosts[h].cpu_busy_mcores = w->own_mcores[h];
        for (VmIx v = 0; v < s->n_vms; v++)
                if (walk_is_there(w, v) && s->hosts[w->vms[v].host].cpu_busy_mcores != UNKNOWN &&
                    w->used[v].cpu_mcores != TRACE_NONE)
                        w->hosts[w->vms[v].host].cpu_busy_mcores += w->used[v].cpu_mcores;
        for (HostIx h = 0; h < s->n_hosts; h++) {
                w->hosts[h].memory_used_mib = UNKNOWN; /* of the beginning: no longer so */
                if (w->hosts[h].cpu_busy_mcores > w->hosts[h].cpus * 1000)
                        w->hosts[h].cpu_busy_mcores = w->hosts[h].cpus * 1000;
        }
}

/* Moves that have begun, and those that have ended. */
static void past_arrive(Walk *w) {
        uint32_t n = 0;

        for (uint32_t i = 0; i < w->n_moves; i++) {
                const WalkMove *move = &w->moves[i];
                Vm *vm = &w->vms[move->vm];

                if (vm->state == VM_OFF && w->trace->born[move->vm] != w->trace->gone[move->vm]) {
                        vm->in_flight = false; /* it ended meanwhile */
                        vm->in_flight_to = IX_NONE;
                } else if (move->ends <= w->now) {
                        walk_moved(w, move->vm, move->to);
                } else {
                        if (move->begins <= w->now) {
                                vm->in_flight = true;
                                vm->in_flight_to = move->to;
                        }
                        w->moves[n++] = *move;
                }
        }
        w->n_moves = n;
}

static void past_as_it_was(Walk *w) {
        for (VmIx v = 0; v < w->trace->start->n_vms; v++)
                if (walk_is_there(w, v) && w->used[v].host != IX_NONE && w->used[v].host != w->vms[v].host)
                        walk_moved(w, v, w->used[v].host);
}

static int past_step(Walk *w, BacktestRun *io) {
        const HistoryPace pace = history_pace(w->settings);
        const Estimator *estimator = estimator_of(w->settings);
        int r;

        arena_rewind(&w->round, 0);
        past_arrive(w);
        for (VmIx v = 0; v < w->trace->start->n_vms; v++)
                past_use_vm(w, v, &pace, estimator);
        past_use_hosts(w);
        if (io->way == BACKTEST_AS_IT_WAS)
                past_as_it_was(w);
        r = walk_count(w);
        if (r == 0 && io->way == BACKTEST_GREEDY)
                walk_greedy(w);
        if (r == 0 && io->way == BACKTEST_PLIMSOLL && w->n_moves == 0)
                r = walk_decide(w, &io->rounds);
        return r;
}

static void backtest_add(BacktestSum *sum, const BacktestSum *day) {
        sum->waited_ms += day->waited_ms;
        sum->waiting_ms += day->waiting_ms;
        sum->overloaded_ms += day->overloaded_ms;
        sum->above_line_ms += day->above_line_ms;
        sum->empty_ms += day->empty_ms;
        sum->moves += day->moves;
        sum->moved_mib += day->moved_mib;
        sum->losses += day->losses;
        sum->uncovered += day->uncovered;
}

static int backtest_walk(Walk *w, BacktestSum *days, BacktestRun *io) {
        int r = past_begin(w);

        for (uint32_t t = 0; t < w->trace->n_steps && r == 0; t++) {
                w->step = t;
                w->now = w->trace->first + (usec_t) t * w->trace->step;
                w->day = &days[(w->now - w->trace->first) / BACKTEST_DAY];
                r = past_step(w, io);
        }
        return r;
}

int backtest_run(Arena *a, const Trace *trace, const Settings *settings, BacktestRun *io) {
        const uint32_t n_days = (uint32_t) ((usec_t) (trace->n_steps - 1) * trace->step / BACKTEST_DAY) + 1;
        BacktestSum *days = arena_new(a, BacktestSum, n_days);
        Walk w = { .trace = trace, .settings = settings, .arena = a };
        int r = days ? arena_open(ROUND_MEMORY, &w.round) : -ENOMEM;

        if (r < 0)
                return r;
        r = backtest_walk(&w, days, io);
        free(w.cool_downs);
        arena_close(&w.round);
        if (r < 0)
                return r;
        io->days = days;
        io->n_days = n_days;
        for (uint32_t d = 0; d < n_days; d++)
                backtest_add(&io->all, &days[d]);
        return 0;
}
