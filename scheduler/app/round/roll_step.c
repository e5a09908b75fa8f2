/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/round/roll_step.h"

#include <errno.h>
#include <string.h>

#include "scheduler/app/state/host_maintenance.h"
#include "scheduler/app/state/roll_cordon.h"
#include "scheduler/base/text.h"
#include "scheduler/decide/problem/problem_build.h"
#include "scheduler/decide/query/roll_order.h"
#include "scheduler/model/host_silence.h"

const char *const roll_event_names[ROLL_EVENT_N] = {
        [ROLL_HOST_BEGUN] = "roll.host_begun",
        [ROLL_HOST_ASIDE] = "roll.host_aside",
        [ROLL_HOST_DONE] = "roll.host_done",
        [ROLL_HELD] = "roll.held",
};

int roll_step_open(Arena *a, const RollState *s, RollStep *ret) {
        *ret = (RollStep){ .news = arena_new(a, RollNews, (size_t) 3 * (s->n_left + s->n_now) + 1) };
        return ret->news ? 0 : -ENOMEM;
}

static void roll_step_tell(RollStep *step, RollEvent event, const char *host, const char *why) {
        step->changed = true;
        step->news[step->n++] = (RollNews){ event, host, why };
}

static int roll_step_hold(const RollRound *round, RollState *io, RollStep *step, const char *host,
                          const char *why) {
        io->held = text_format(round->arena, "%s %s", host, why);
        if (!io->held)
                return -ENOMEM;
        roll_step_tell(step, ROLL_HELD, host, io->held);
        return 0;
}

/* ---- one host ---- */

static int roll_step_enter(const RollRound *round, const RollState *s, RollHost *host) {
        MarkChange change = { 0 };
        int r = roll_cordon(round->store, round->arena, s->by, host->name, false);

        if (r == 0)
                r = host_maintenance_enter(
                        round->store, round->arena, host->name,
                        &(OperatorMark){ .by = s->by,
                                         .why = text_format(round->arena, "roll %s", s->id),
                                         .several = true },
                        &change);
        host->entered = r == 0;
        return r < 0 ? r : 0; /* 1: another changes it just now; the next round tries again */
}

/* Some VMs are left, and by the plan before none of them can leave; or nobody sees it. */
static bool roll_step_is_blocked(const RollRound *round, HostIx h, usec_t since) {
        const Snapshot *s = round->snapshot;
        const LiveState *live = round->live;
        uint32_t left = 0, stays = 0;

        if (host_is_silent(&s->hosts[h]))
                return true;
        for (VmIx v = 0; v < s->n_vms; v++)
                left += snapshot_vm_is_on(s, v, h);
        if (left == 0 || !live || live->round_at <= since)
                return false;
        for (uint32_t i = 0; i < live->n_moves; i++)
                if (strcmp(live->moves[i].order->from, s->hosts[h].name) == 0 &&
                    !migration_has_ended(live->moves[i].status.phase))
                        return false;
        for (uint32_t i = 0; i < live->n_stays; i++)
                stays += strcmp(live->stays[i].host, s->hosts[h].name) == 0;
        return stays >= left;
}

static bool roll_step_reports(const Host *host, usec_t since) {
        return host->excluded == EXCLUDED_NONE && host->seen_at > since;
}

/* What becomes of the i-th that is emptied now. */
typedef enum RollFate { FATE_STAYS, FATE_DONE, FATE_LEFT } RollFate;

static int roll_step_one(const RollRound *round, RollState *io, RollHost *host, RollStep *step,
                         RollFate *ret) {
        const HostIx h = snapshot_host(round->snapshot, host->name);
        const Host *seen = h != IX_NONE ? &round->snapshot->hosts[h] : NULL;
        MarkChange change = { 0 };
        int r = 0;

        *ret = FATE_STAYS;
        if (!seen)
                return io->held ? 0
                                : roll_step_hold(round, io, step, host->name,
                                                 "is no longer a host of this cluster");
        if (!host->entered) {
                r = roll_step_enter(round, io, host);
                step->changed |= host->entered;
                return r;
        }
        if (seen->state != HOST_MAINTENANCE && seen->seen_at > host->since) {
                *ret = host->finished > 0 ? FATE_DONE : FATE_LEFT;
                return host->finished > 0 || io->held
                               ? 0
                               : roll_step_hold(round, io, step, host->name,
                                                "was taken out of maintenance before its work was finished");
        }
        if (host->finished > 0 && roll_step_reports(seen, host->finished)) {
                r = host_maintenance_exit(round->store, round->arena, host->name, io->by, &change);
                *ret = r == 0 ? FATE_DONE : FATE_STAYS;
        } else if (host->finished == 0 && !host->aside && roll_step_is_blocked(round, h, host->since)) {
                host->aside = true;
                roll_step_tell(step, ROLL_HOST_ASIDE, host->name, "");
        }
        return r < 0 ? r : 0;
}

int roll_step_hosts(const RollRound *round, RollState *io, RollStep *step) {
        uint32_t kept = 0;
        int r = 0;

        for (uint32_t i = 0; i < io->n_now; i++) {
                RollHost host = io->now[i];
                RollFate fate = FATE_STAYS;

                if (r == 0)
                        r = roll_step_one(round, io, &host, step, &fate);
                if (r == 0 && fate == FATE_DONE) {
                        io->done[io->n_done++] = host.name;
                        roll_step_tell(step, ROLL_HOST_DONE, host.name, "");
                } else if (r == 0 && fate == FATE_LEFT) {
                        io->left[io->n_left++] = host.name;
                        step->changed = true;
                } else {
                        io->now[kept++] = host;
                }
        }
        io->n_now = kept;
        return r;
}

/* ---- the next group ---- */

static bool roll_step_may_begin(const RollRound *round, const RollState *s) {
        for (uint32_t i = 0; i < s->n_now; i++)
                if (!s->now[i].aside)
                        return false;
        return s->n_left > 0 && !s->held && !round->not_now;
}

/* All that are left, as they are in the facts. 1: one of them is not, and the roll is held. */
static int roll_step_left(const RollRound *round, RollState *io, RollStep *step, HostIx *ret) {
        for (uint32_t i = 0; i < io->n_left; i++) {
                ret[i] = snapshot_host(round->snapshot, io->left[i]);
                if (ret[i] == IX_NONE) {
                        int r = roll_step_hold(round, io, step, io->left[i],
                                               "is no longer a host of this cluster");
                        return r < 0 ? r : 1;
                }
        }
        return 0;
}

/* Of a host that nobody sees nothing would leave. */
static int roll_step_seen(const RollRound *round, RollState *io, RollStep *step, const Host *host) {
        const char *why;
        int r;

        if (host->excluded == EXCLUDED_NONE)
                return 0;
        why = text_format(round->arena, "is next and cannot be emptied: %s",
                          host_is_silent(host) ? host_silence_why(host) : "it is excluded");
        r = why ? roll_step_hold(round, io, step, host->name, why) : -ENOMEM;
        return r < 0 ? r : 1;
}

/* The first n of the order are emptied now; the others stay left, in its order. */
static int roll_step_take(const RollRound *round, RollState *io, RollStep *step, const RollOrder *order,
                          uint32_t n) {
        const Host *hosts = round->snapshot->hosts;
        int r = 0;

        for (uint32_t i = 0; i < n; i++) {
                io->now[io->n_now++] = (RollHost){ .name = hosts[order->hosts[i]].name, .since = round->now };
                roll_step_tell(step, ROLL_HOST_BEGUN, hosts[order->hosts[i]].name, "");
        }
        for (uint32_t i = n; i < order->n; i++)
                io->left[i - n] = hosts[order->hosts[i]].name;
        io->n_left = order->n - n;
        for (uint32_t i = 0; i < io->n_left && r == 0; i++)
                r = roll_cordon(round->store, round->arena, io->by, io->left[i], !order->spills[0]);
        return r;
}

int roll_step_begin(const RollRound *round, RollState *io, RollStep *step) {
        HostIx *hosts = arena_new(round->arena, HostIx, io->n_left);
        RollOrder order = { 0 };
        const Problem *p = NULL;
        uint32_t n = 0;
        int r = hosts ? 0 : -ENOMEM;

        if (r < 0 || !roll_step_may_begin(round, io))
                return r;
        r = roll_step_left(round, io, step, hosts);
        if (r == 0)
                r = problem_build(round->arena, round->snapshot, round->settings, &p);
        if (r == 0)
                r = roll_order(round->arena, p, hosts, io->n_left, io->at_once, &order);
        while (r == 0 && n < order.n && order.group[n] == 0)
                n++;
        for (uint32_t i = 0; i < n && r == 0; i++)
                r = roll_step_seen(round, io, step, &round->snapshot->hosts[order.hosts[i]]);
        if (r == 0)
                r = roll_step_take(round, io, step, &order, n);
        return r < 0 ? r : 0;
}
