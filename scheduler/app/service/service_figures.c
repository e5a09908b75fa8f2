/* SPDX-License-Identifier: Apache-2.0 */
/* What a round leaves on the metrics board. */
#include <string.h>

#include "scheduler/app/metrics/metrics_board.h"
#include "scheduler/app/service/service_parts.h"
#include "scheduler/app/text/fleet_text.h"
#include "scheduler/app/text/late_text.h"
#include "scheduler/model/host_silence.h"

static bool figures_problem_is_of(const Problem *p, const Snapshot *s) {
        return p && p->n_hosts == s->n_hosts && p->n_vms == s->n_vms;
}

/* VMs that are still to leave each host; UNKNOWN where none has to. */
static void figures_to_leave(const Snapshot *s, const Problem *p, HostFigures *hosts, ClusterFigures *f) {
        for (HostIx h = 0; h < s->n_hosts; h++)
                hosts[h].to_leave = s->hosts[h].state == HOST_MAINTENANCE || (p && p->roles[h].evacuate > 0)
                                            ? 0
                                            : UNKNOWN;
        for (VmIx v = 0; v < s->n_vms; v++) {
                const HostIx h = s->vms[v].host;

                f->vms_in[VMS_OFF] += s->vms[v].state == VM_OFF;
                if (h == IX_NONE || s->vms[v].state == VM_BOOKED ||
                    !((p && problem_leave(p, v, h) > 0) || vm_is_stranded(s, v)))
                        continue;
                hosts[h].to_leave = hosts[h].to_leave == UNKNOWN ? 1 : hosts[h].to_leave + 1;
                f->vms_in[VMS_LEAVING]++;
        }
        f->vms_in[VMS_OFF] += s->n_off;
}

static void figures_host(const Host *host, HostFigures *f) {
        const HostContention *c = host->contention;

        f->waiting[WAITING_FOR_CPU] = c ? c->cpu_stalled : UNKNOWN;
        f->waiting[WAITING_FOR_MEMORY] = c ? c->memory_stalled : UNKNOWN;
        f->waiting[WAITING_FOR_IO] = c ? c->io_stalled : UNKNOWN;
        f->grade = host->fault_grade;
        f->reported = host->seen_at;
        f->leave_by = host->state == HOST_MAINTENANCE ? host->leave_by : 0;
}

static void figures_count_hosts(const Snapshot *s, usec_t now, ClusterFigures *f) {
        f->hosts_in[HOSTS_ALL] = s->n_hosts;
        f->hosts_in[HOSTS_SILENT] = hosts_silent(s);
        f->hosts_in[HOSTS_FAILING] = hosts_failing(s);
        for (HostIx h = 0; h < s->n_hosts; h++) {
                f->hosts_in[HOSTS_MAINTENANCE] += s->hosts[h].state == HOST_MAINTENANCE;
                f->hosts_in[HOSTS_CORDONED] += s->hosts[h].state == HOST_CORDONED;
                f->hosts_in[HOSTS_OFFLINE] += s->hosts[h].state == HOST_OFFLINE;
                f->hosts_in[HOSTS_HELD] += s->hosts[h].held != NULL;
                f->vms_in[VMS_LATE] += late_vms(s, h, now);
        }
        f->vms_in[VMS_ALL] = snapshot_n_vms(s);
        f->vms_in[VMS_ON_TWO_HOSTS] = snapshot_doubled(s);
}

/* Names are copied: the round's arena ends before the figures do. */
static bool figures_hosts(ClusterFigures *f, const Snapshot *s, const Problem *p, const Strings *names) {
        HostFigures *hosts = arena_new(&f->arena, HostFigures, s->n_hosts);
        const char **res = arena_new(&f->arena, const char *, names->n);
        const int64_t *used = NULL, *line = NULL;

        if (!hosts || !res || (p && fleet_used(&f->arena, p, p->home, &used, &line) < 0))
                return false;
        f->n_res = p ? names->n : 0;
        for (uint32_t r = 0; r < f->n_res; r++)
                if (!(res[r] = text_copy(&f->arena, names->at[r], strlen(names->at[r]))))
                        return false;
        for (HostIx h = 0; h < s->n_hosts; h++) {
                const char *name = s->hosts[h].name;

                figures_host(&s->hosts[h], &hosts[h]);
                hosts[h].used = used ? used + (size_t) h * f->n_res : NULL;
                hosts[h].line = line ? line + (size_t) h * f->n_res : NULL;
                if (!(hosts[h].name = text_copy(&f->arena, name, strlen(name))))
                        return false;
        }
        figures_to_leave(s, p, hosts, f);
        f->res_names = res;
        f->hosts = hosts;
        f->n_hosts = s->n_hosts;
        return true;
}

/* As `plimsoll plan` says it: of the first tier that is not at its bound. */
static double figures_gap(const Plan *plan) {
        const Cost *after = plan->after.costs.tier, *bound = plan->bound.tier;
        int t = 0;

        while (t + 1 < TIER_N && after[t] <= bound[t])
                t++;
        if (!plan->has_bound || (after[t] > bound[t] && bound[t] == 0))
                return -1;
        return after[t] <= bound[t] ? 0 : (double) (after[t] - bound[t]) / (double) bound[t];
}

static bool figures_plan(ClusterFigures *f, const Plan *plan) {
        int64_t *spread = arena_new(&f->arena, int64_t, plan->n_res);

        if (!spread)
                return false;
        for (uint32_t r = 0; r < plan->n_res; r++)
                spread[r] = plan->before.spread[r].sd;
        f->spread = plan->n_res == f->n_res ? spread : NULL;
        f->status = (int) plan->status;
        f->over_line = plan->before.over_limit;
        f->rules_broken = (uint32_t) plan->before.costs.tier[TIER_REPAIR];
        f->gap = figures_gap(plan);
        for (uint32_t i = 0; i < plan->n_moves; i++)
                f->plan_moves[plan->moves[i].kind]++;
        return true;
}

static void figures_waiting(const RoundWaiting *w, ClusterFigures *f) {
        for (uint32_t i = 0; i < w->n; i++) {
                const Waiting *one = &w->plans[i];

                if ((w->gone && w->gone[i]) || one->plan.state != WAITING_ASKED || one->answered)
                        continue;
                f->n_waiting++;
                if (f->waiting_since == 0 || one->plan.made_at < f->waiting_since)
                        f->waiting_since = one->plan.made_at;
        }
}

/* What was proposed in this round stands only in what it shows. */
static void figures_proposed(const RoundState *s, ClusterFigures *f) {
        if (s->shown.live.n_waiting <= f->n_waiting)
                return;
        f->n_waiting = s->shown.live.n_waiting;
        if (f->waiting_since == 0)
                f->waiting_since = s->shown.live.round_at;
}

static bool figures_fill(const RoundState *s, ClusterFigures *f) {
        const RoundFindings *found = &s->found;
        const Plan *plan = s->wanted.round.plan;
        const Snapshot *facts = plan ? s->wanted.round.snapshot : found->input.snapshot;
        const Problem *p = plan ? s->wanted.round.problem : found->is_posed ? found->posed.problem : NULL;
        const Strings names = plan ? (Strings){ .at = plan->res_names, .n = plan->n_res } : (Strings){ 0 };

        f->modes = s->given->modes;
        f->round_at = round_now(s->given);
        f->paused = s->shown.live.paused != NULL;
        f->stopped = found->input.stopped != NULL;
        f->vm_moves_day =
                round_moves_day_most(found->input.cool_downs, found->input.n_cool_downs, f->round_at);
        f->vms_in[VMS_STUCK] = s->shown.live.n_stays_all;
        figures_waiting(&s->waiting, f);
        figures_proposed(s, f);
        if (found->blind)
                f->status = (int) PLAN_BLIND;
        if (!facts)
                return true;
        figures_count_hosts(facts, f->round_at, f);
        if (!plan || !figures_problem_is_of(p, facts))
                p = NULL;
        return figures_hosts(f, facts, p, &names) && (!plan || figures_plan(f, plan));
}

void service_figures_put(const RoundState *s) {
        ClusterFigures *f;

        if (!s->given->metrics || (!s->found.known && !s->found.blind && !s->wanted.round.plan))
                return;
        f = cluster_figures_new();
        if (f && figures_fill(s, f))
                cluster_metrics_put(s->given->metrics, f);
        else
                (void) cluster_figures_free(f);
}

void service_figures_running(const ServiceRound *round, const RoundDisplay *shown) {
        uint32_t n = 0;

        for (const RoundDisplay *d = shown; d; d = d->older)
                for (uint32_t i = 0; i < d->live.n_moves; i++)
                        n += d->moves[i].status.phase == MIGRATION_RUNNING ||
                             d->moves[i].status.phase == MIGRATION_VERIFYING;
        cluster_metrics_running(round->metrics, n);
}

static const char *figures_result(MoveEnd end) {
        switch (end) {
        case MOVE_DONE:
                return "done";
        case MOVE_FAILED:
                return "failed";
        case MOVE_ABORTED:
        case MOVE_CUT_SHORT:
                return "aborted";
        case MOVE_REFUSED:
                return "refused";
        case MOVE_UNCLEAR:
                return "unclear";
        case MOVE_FOREIGN:
                return "foreign";
        default:
                return ""; /* nothing was done: it is for the next plan */
        }
}

static ActionKind figures_kind(const MoveOrder *m) {
        for (int k = 0; m->kind && k < ACTION_KINDS_NAMED; k++)
                if (strcmp(m->kind, action_kind_names[k]) == 0)
                        return (ActionKind) k;
        return ACTION_KIND_MANUAL; /* what does not say is of an operator */
}

void service_figures_ended(const ServiceRound *round, const MoveOrder *m, const MoveOutcome *o) {
        const MoveMetric move = { .kind = figures_kind(m),
                                  .result = figures_result(o->end),
                                  .ms = (o->status.ended - o->status.started) / USEC_PER_MSEC,
                                  .downtime_ms = o->status.downtime_ms,
                                  .bytes = o->status.bytes_done,
                                  .predicted_ms = m->predicted.ms };

        cluster_metrics_ended(round->metrics, &move);
}
