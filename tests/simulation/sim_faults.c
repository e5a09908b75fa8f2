/* SPDX-License-Identifier: Apache-2.0 */
/* What breaks, and what operators do. Each fault has its own numbers, so that one can be left out and the others stay. */
#include <stdlib.h>
#include <string.h>

#include "scheduler/app/facts/fault_store.h"
#include "scheduler/app/facts/store_loss.h"
#include "scheduler/app/state/host_mark.h"
#include "scheduler/app/state/stop_entry.h"
#include "tests/simulation/simulation.h"

#define FIRST_AFTER        (15 * MINUTE)
#define ACKNOWLEDGED_AFTER (5 * MINUTE)

const char *const fault_words[SIM_FAULT_N] = {
#define X(name, words) words,
        FAULT_KINDS
#undef X
};

static usec_t fault_lasts(SimFaultKind kind, Prng *from) {
        const usec_t minutes = (1 + prng_below(from, 40)) * MINUTE;

        switch (kind) {
        case SIM_STORE_DOWN:
        case SIM_LEADER_FROZEN:
        case SIM_LEADER_KILLED:
                return (10 + prng_below(from, 400)) * SECOND;
        case SIM_STORE_FORGETS:
        case SIM_STORE_EMPTY:
        case SIM_BY_HAND:
                return SECOND;
        case SIM_MAINTENANCE:
                return 2 * minutes;
        default:
                return minutes;
        }
}

static int faults_order(const void *a, const void *b) {
        const SimFault *l = a, *r = b;

        return (l->at > r->at) - (l->at < r->at);
}

void faults_draw(uint32_t an_hour) {
        Prng from = prng_seeded(world.seed ^ UINT64_C(0xfa17));
        const usec_t room = world.quiet - BEGIN - FIRST_AFTER;

        world.n_faults = (uint32_t) (room * an_hour / HOUR);
        if (world.n_faults > SIM_FAULTS)
                world.n_faults = SIM_FAULTS;
        for (uint32_t i = 0; i < world.n_faults; i++) {
                SimFault *f = &world.faults[i];

                *f = (SimFault){ .kind = (SimFaultKind) prng_below(&from, SIM_FAULT_N),
                                 .at = BEGIN + FIRST_AFTER + (usec_t) (prng_next(&from) % (uint64_t) room),
                                 .draw = (uint32_t) prng_next(&from) };
                f->lasts = fault_lasts(f->kind, &from);
                if (f->at + f->lasts > world.quiet)
                        f->lasts = world.quiet - f->at;
        }
        qsort(world.faults, world.n_faults, sizeof(SimFault), faults_order);
}

/* ---- operators ---- */

static const StoredText *mark_of(const char *host, const StoredText *marks, uint32_t n) {
        for (uint32_t i = 0; i < n; i++)
                if (strcmp(marks[i].name, host) == 0)
                        return &marks[i];
        return NULL;
}

static int operator_marks(SimHost *host, const StoredText *stands) {
        const OperatorMark mark = { .state = host->mark, .by = "root@desk", .at = sim_now() };
        OperatorMark is = { 0 };
        const char *text = "";
        int r = 0;

        if (stands && host_mark_parse(&world.arena, stands->text, stands->n, &is) < 0)
                return -1;
        if (is.state == host->mark && (host->marked_at > 0 || host->mark == HOST_ACTIVE))
                return 0;
        if (host->mark != HOST_ACTIVE)
                r = host_mark_print(&world.arena, &mark, &text);
        if (r == 0)
                r = store_change_mark(world.store, host->name, stands ? stands->text : "", text);
        if (r == 0)
                host->marked_at = host->mark == HOST_ACTIVE ? 0 : sim_now();
        return r;
}

static int operator_stops(void) {
        const char *text = "", *is = "";
        size_t n = 0, n_is = 0;
        usec_t now = 0;
        StopEntry stands = { 0 };
        int r = store_get_stop(world.store, &world.arena, &text, &n, &now);

        if (r < 0)
                return r;
        if (r == 0 && stop_entry_read(&world.arena, text, n, &stands) < 0)
                return -1;
        if (stop_entry_is_in_force(&stands, now) == world.stopped) {
                world.stopped_at = !world.stopped ? 0 : world.stopped_at > 0 ? world.stopped_at : sim_now();
                return 0;
        }
        if (stop_entry_print(&world.arena,
                             &(StopEntry){ .stopped = world.stopped,
                                           .by = "root@desk",
                                           .why = world.stopped ? "we look" : "",
                                           .at = stop_entry_next(&stands, now),
                                           .since = world.stopped ? 0 : stands.at },
                             &is, &n_is) < 0)
                return -1;
        r = store_change_stop(world.store, (StoredText){ .text = n > 0 ? text : "", .n = n },
                              (StoredText){ .text = is, .n = n_is });
        if (r == 0)
                world.stopped_at = world.stopped ? sim_now() : 0;
        return r;
}

static void operator_acknowledges(void) {
        LostStore loss;

        if (world.forgot_at == 0 || sim_now() < world.forgot_at + ACKNOWLEDGED_AFTER ||
            store_loss_read(world.store, &world.arena, &loss) != 0 || loss.answered || !loss.id)
                return;
        (void) !store_loss_acknowledge(world.store, &world.arena,
                                       &(LossAnswer){ .loss = loss.id, .by = "root@desk", .at = sim_now() });
}

/* A new disk, and somebody says so, again until it is taken in; where Redis is away, until it is back. */
static void operator_replaces_disks(void) {
        for (uint32_t h = 0; h < world.n_hosts; h++) {
                SimHost *host = &world.hosts[h];

                if (host->replaced == 0 || sim_now() < host->replaced)
                        continue;
                if (fault_store_clear(world.store, &(Clear){ .host = host->name,
                                                             .device = "sda",
                                                             .by = "root@desk",
                                                             .why = "a new one",
                                                             .at = sim_now() }) == 0)
                        host->replaced = 0;
        }
}

void operator_restores(void) {
        StoredText *marks = NULL;
        uint32_t n = 0;

        arena_rewind(&world.arena, 0);
        if (!world.store_up || store_get_marks(world.store, &world.arena, &marks, &n) < 0)
                return;
        for (uint32_t h = 0; h < world.n_hosts; h++)
                if (operator_marks(&world.hosts[h], mark_of(world.hosts[h].name, marks, n)) < 0)
                        return;
        if (operator_stops() != 0)
                return;
        operator_acknowledges();
        operator_replaces_disks();
}

/* Somewhere where it may be; nobody tells Plimsoll. */
static void operator_moves(uint32_t v, uint32_t h) {
        SimVm *vm = &world.vms[v];
        SimHost *to = &world.hosts[h];

        if (vm->move >= 0 || !vm->running || vm->host == h || !to->up || vm->stuck || vm->group > 0 ||
            host_used_mib(h) + vm->mib > to->mib * 17 / 20)
                return;
        world.hosts[vm->host].foreign_at = to->foreign_at = vm->foreign_at = sim_now();
        vm->host = h;
}

/* ---- hosts ---- */

static void host_crashes(uint32_t h) {
        SimHost *host = &world.hosts[h];

        if (!host->up)
                return;
        host->up = false;
        host->foreign_at = sim_now();
        moves_of_crashed(h);
        for (uint32_t v = 0; v < world.n_vms; v++)
                if (world.vms[v].host == h)
                        world.vms[v].running = false;
}

static void host_returns(uint32_t h) {
        world.hosts[h].up = true;
        world.hosts[h].foreign_at = sim_now();
        for (uint32_t v = 0; v < world.n_vms; v++)
                if (world.vms[v].host == h)
                        world.vms[v].running = true;
}

/* ---- each kind ---- */

static int64_t fault_jump(const SimFault *f) {
        return ((f->draw & 8) ? -1 : 1) * (int64_t) (1 + (f->draw >> 8) % 600) * SECOND;
}

static void fault_of_reports(const SimFault *f, SimHost *host, bool on) {
        switch (f->kind) {
        case SIM_REPORTS_LATE:
                host->late = on ? (5 + (f->draw >> 8) % 100) * SECOND : 0;
                break;
        case SIM_REPORTS_LOST:
                host->lost = on;
                break;
        case SIM_REPORTS_AGAIN:
                host->again = on;
                break;
        case SIM_AGENT_CLOCK:
                host->clock = on ? fault_jump(f) : 0;
                break;
        case SIM_HOST_FAULT:
                host->failing = on;
                host->failing_since = 0;
                host->replaced = on ? 0 : sim_now() + 2 * MINUTE; /* its agent has reported it as sound */
                break;
        default:
                break;
        }
}

static void fault_of_store(const SimFault *f, uint32_t service, bool on) {
        switch (f->kind) {
        case SIM_STORE_READ_ONLY:
                redis_read_only(on);
                break;
        case SIM_STORE_DOWN:
                if (on)
                        redis_end_server();
                else if (!world.store_up)
                        redis_begin_server();
                break;
        case SIM_STORE_FORGETS:
        case SIM_STORE_EMPTY:
                if (on)
                        redis_loses(f->kind == SIM_STORE_EMPTY);
                break;
        case SIM_STORE_APART:
                world.apart[service] = on;
                break;
        case SIM_STORE_SLOW:
                world.slow[service] = on ? (100 + (f->draw >> 8) % 1500) * USEC_PER_MSEC : 0;
                break;
        default:
                break;
        }
}

static void fault_of_moves(const SimFault *f, bool on) {
        switch (f->kind) {
        case SIM_MOVES_FAIL:
                world.fails += on ? 1 : -1;
                break;
        case SIM_MOVES_UNCLEAR:
                world.unclear += on ? 1 : -1;
                break;
        case SIM_MOVES_HANG:
                world.hangs += on ? 1 : -1;
                break;
        case SIM_VM_STUCK:
                world.vms[f->draw % world.n_vms].stuck = on;
                break;
        default:
                break;
        }
}

static void fault_of_service(SimFault *f, uint32_t service, bool on) {
        const int leader = on ? service_leader() : -1;

        switch (f->kind) {
        case SIM_SERVICE_CLOCK:
                world.clock_of[service] = on ? fault_jump(f) : 0;
                break;
        case SIM_LEADER_KILLED:
                if (on)
                        f->target = leader >= 0 ? (uint32_t) leader : service;
                if (on)
                        service_kill((int) f->target);
                else if (world.life_of[f->target] < 0)
                        service_begin((int) f->target);
                break;
        case SIM_LEADER_FROZEN:
                if (leader >= 0 && world.life_of[leader] >= 0)
                        sim_actor_freeze(world.life_of[leader] + 1, sim_now() + f->lasts);
                break;
        default:
                break;
        }
}

static void fault_of_operators(const SimFault *f, SimHost *host, bool on) {
        switch (f->kind) {
        case SIM_MAINTENANCE:
        case SIM_CORDON:
                host->mark = !on ? HOST_ACTIVE : f->kind == SIM_CORDON ? HOST_CORDONED : HOST_MAINTENANCE;
                host->marked_at = 0;
                operator_restores();
                break;
        case SIM_STOP:
                world.stopped = on;
                world.stopped_at = 0;
                operator_restores();
                break;
        case SIM_BY_HAND:
                if (on)
                        operator_moves(f->draw % world.n_vms, (f->draw >> 12) % world.n_hosts);
                break;
        default:
                break;
        }
}

static void fault_turns(SimFault *f, bool on) {
        const uint32_t h = f->draw % world.n_hosts, service = f->draw % SERVICES;

        fault_of_reports(f, &world.hosts[h], on);
        fault_of_store(f, service, on);
        fault_of_moves(f, on);
        fault_of_service(f, service, on);
        fault_of_operators(f, &world.hosts[h], on);
        if (f->kind == SIM_HOST_CRASH && on)
                host_crashes(h);
        else if (f->kind == SIM_HOST_CRASH)
                host_returns(h);
}

void fault_begins(uint32_t i) {
        SimFault *f = &world.faults[i];

        event_put(sim_now() + f->lasts, EVENT_OVER, i, NULL);
        world.result.faults[f->kind]++;
        f->open = true;
        fault_turns(f, true);
}

void fault_ends(uint32_t i) {
        world.faults[i].open = false;
        fault_turns(&world.faults[i], false);
}
