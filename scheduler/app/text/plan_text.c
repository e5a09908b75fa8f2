/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/text/plan_text.h"

#include <errno.h>
#include <string.h>

#include "scheduler/app/terminal/human.h"
#include "scheduler/app/text/booking_text.h"
#include "scheduler/app/text/doubled_text.h"
#include "scheduler/app/text/fleet_text.h"
#include "scheduler/app/text/move_reasons.h"
#include "scheduler/app/text/slow_ways_text.h"
#include "scheduler/app/text/vm_mode_text.h"
#include "scheduler/base/text.h"
#include "scheduler/model/host_silence.h"

#define SHOW_MOVES   40U
#define SHOW_REFUSED 12U
#define SHOW_ALIKE   3 /* VMs that are named in one row */

/* Of a plan without moves. */
static const char *const status_texts[PLAN_STATUS_N] = {
        [PLAN_BALANCED] = "balanced: no migration is worth its cost",
        [PLAN_IMPROVED] = "improved",
        [PLAN_REPAIRED] = "repaired",
        [PLAN_EVACUATED] = "evacuated: the hosts to be emptied are empty",
        [PLAN_ASKED] = "requested by an operator",
        [PLAN_BLOCKED] =
                "blocked: something that must be done is not possible; see \"Wanted, and not possible\"",
        [PLAN_INFEASIBLE] = "infeasible: some rules contradict each other, whatever is moved",
        [PLAN_BLIND] = "blind: no host has usable data, so nothing is known and nothing is moved",
};

/* What a plan's moves are for: nothing of it is done yet. */
static const char *const purpose_texts[PLAN_STATUS_N] = {
        [PLAN_BALANCED] = "",
        [PLAN_IMPROVED] = ", for better balance",
        [PLAN_REPAIRED] = ", to repair rules and relieve hosts",
        [PLAN_EVACUATED] = ", to empty hosts",
        [PLAN_ASKED] = ", requested by an operator",
        [PLAN_BLOCKED] = "; blocked: something else that must be done is not possible",
        [PLAN_INFEASIBLE] = "; infeasible: some rules contradict each other",
        [PLAN_BLIND] = "",
};

static Style status_style(PlanStatus s) {
        return s >= PLAN_BLOCKED ? STYLE_BAD : STYLE_GOOD;
}

/* "kvm20", "kvm20 and 3 other hosts" */
static const char *plan_text_about(Arena *a, const Plan *plan) {
        const uint32_t others = plan->about.n - 1;

        if (others == 0)
                return plan->about.at[0];
        return text_format(a, "%s and %u other host%s", plan->about.at[0], others, others == 1 ? "" : "s");
}

/* Of a plan about some hosts: it is a plan, and nothing has been done yet. */
static const char *plan_text_summary_about(Arena *a, const Snapshot *s, const Plan *plan) {
        const char *hosts = plan_text_about(a, plan), *ways = "";
        char bytes[HUMAN_SIZE], time[HUMAN_SIZE];
        uint32_t off = 0, others;

        if (!hosts)
                return NULL;
        if (plan->n_moves == 0)
                return plan->status == PLAN_BALANCED ? text_format(a, "nothing has to leave %s", hosts)
                                                     : status_texts[plan->status];
        for (uint32_t i = 0; i < plan->n_moves; i++)
                off += strings_have(&plan->about, s->hosts[plan->moves[i].move.from].name);
        others = plan->n_moves - off;
        if (others > 0)
                ways = text_format(a, " and %u to make%s room", others, others == 1 ? "s" : "");
        if (!ways)
                return NULL;
        return text_format(a, "plan: %u move%s off %s%s, in %u wave%s, %s, about %s%s", off,
                           off == 1 ? "" : "s", hosts, ways, plan->n_waves, plan->n_waves == 1 ? "" : "s",
                           human_bytes(plan->bytes, bytes), human_ms(plan->makespan_ms, time),
                           plan->status >= PLAN_BLOCKED ? purpose_texts[plan->status] : "");
}

const char *plan_text_summary(Arena *a, const Snapshot *s, const Plan *plan) {
        char bytes[HUMAN_SIZE], time[HUMAN_SIZE];

        if (plan->about.n > 0)
                return plan_text_summary_about(a, s, plan);
        if (plan->n_moves == 0)
                return text_format(a, "%s",
                                   plan->status == PLAN_BALANCED && plan->limited_by
                                           ? "balanced: the limits permit no migration that is worth its cost"
                                           : status_texts[plan->status]);
        return text_format(a, "plan: %u move%s in %u wave%s, %s, about %s%s", plan->n_moves,
                           plan->n_moves == 1 ? "" : "s", plan->n_waves, plan->n_waves == 1 ? "" : "s",
                           human_bytes(plan->bytes, bytes), human_ms(plan->makespan_ms, time),
                           purpose_texts[plan->status]);
}

static int plan_text_print_moves(Arena *a, const PlanView *view, const Screen *screen) {
        static const Column columns[] = {
                { .title = "WAVE", .right = true },
                { .title = "VM", .most = 28 },
                { .title = "FROM", .most = 20 },
                { .title = "TO", .most = 20 },
                { .title = "SIZE", .right = true },
                { .title = "TIME", .right = true },
                { .title = "KIND" },
                { .title = "WHY" },
        };
        const Plan *plan = view->plan;
        Table t = table_begin(a, columns, ARRAY_SIZE(columns));
        uint32_t shown = plan->n_moves <= SHOW_MOVES + 4 || view->all ? plan->n_moves : SHOW_MOVES;
        MoveReasons reasons;
        int r = move_reasons(a, plan, shown, &reasons);

        for (uint32_t i = 0; i < shown && r == 0; i++) {
                const PlanMove *m = &plan->moves[i];
                char size[HUMAN_SIZE], time[HUMAN_SIZE];

                r = table_row(
                        &t, (Cell[]){ { .text = text_format(a, "%u", m->wave + 1) },
                                      { .text = view->snapshot->vms[m->move.vm].name, .style = STYLE_STRONG },
                                      { .text = view->snapshot->hosts[m->move.from].name },
                                      { .text = view->snapshot->hosts[m->move.to].name },
                                      { .text = human_mib(view->snapshot->vms[m->move.vm].memory_mib, size) },
                                      { .text = human_ms(m->predicted.ms, time) },
                                      { .text = action_kind_names[m->kind] },
                                      { .text = move_reasons_why(a, &reasons, plan, i) } });
        }
        if (r < 0)
                return r;
        for (uint32_t i = 0; i < reasons.n; i++)
                (void) out_say(screen->out, "[%u] %s\n", i + 1, reasons.texts[i]);
        if (reasons.n > 0)
                (void) fputc('\n', screen->out);
        table_print(&t, screen, "  ");
        if (shown < plan->n_moves)
                (void) out_say(screen->out, "  %s… and %u more moves (--all shows every one)%s\n",
                               screen_style(screen, STYLE_FAINT), plan->n_moves - shown,
                               screen_style(screen, STYLE_PLAIN));
        return 0;
}

const char *plan_text_refused(Arena *a, const Snapshot *s, const Refused *f) {
        const Vm *vm = &s->vms[f->vm];
        const char *why = reason_texts[f->reason];
        const char *more =
                f->reason == reason_of_unmovable(vm) && vm->unmovable_why ? vm->unmovable_why : NULL;

        if (more)
                return vm->hold != HOLD_NONE ? more : text_format(a, "%s: %s", why, more);
        return f->by ? text_format(a, "%s (%s)", why, f->by) : why;
}

/* The same is told of both. */
static bool plan_text_same(const Plan *plan, const char *const *why, uint32_t i, uint32_t k) {
        return plan->refused[k].to == plan->refused[i].to &&
               plan->refused[k].hosts == plan->refused[i].hosts && strcmp(why[k], why[i]) == 0;
}

/* How many VMs are told the same of as that of row i; 0: a row before it told it. */
static uint32_t plan_text_alike(const Plan *plan, const char *const *why, uint32_t i) {
        uint32_t n = 0;

        for (uint32_t k = 0; k < plan->n_refused; k++) {
                const bool same = plan_text_same(plan, why, i, k);

                if (same && k < i)
                        return 0;
                n += same;
        }
        return n;
}

/* "app, db, web1 and 15 more": row i and those after it that are told the same. NULL: no memory. */
static const char *plan_text_alike_names(Arena *a, const PlanView *view, const char *const *why, uint32_t i,
                                         uint32_t n) {
        const Plan *plan = view->plan;
        const char *text = view->snapshot->vms[plan->refused[i].vm].name;
        uint32_t shown = 1;

        for (uint32_t k = i + 1; text && k < plan->n_refused && shown < SHOW_ALIKE && shown < n; k++)
                if (plan_text_same(plan, why, i, k)) {
                        text = text_format(a, "%s, %s", text, view->snapshot->vms[plan->refused[k].vm].name);
                        shown++;
                }
        return text && shown < n ? text_format(a, "%s and %u more", text, n - shown) : text;
}

static int plan_text_refused_row(Arena *a, Table *t, const PlanView *view, uint32_t i, uint32_t n,
                                 const char *const *why) {
        const Refused *f = &view->plan->refused[i];
        const char *vms = plan_text_alike_names(a, view, why, i, n);
        const char *to =
                f->to == IX_NONE ? text_format(a, "%u", f->hosts) : view->snapshot->hosts[f->to].name;

        if (!vms || !to)
                return -ENOMEM;
        return table_row(
                t, (Cell[]){ { .text = vms, .style = STYLE_STRONG }, { .text = to }, { .text = why[i] } });
}

/* VMs of which the same is told have one row; with --all each has its own. */
static int plan_text_print_refused(Arena *a, const PlanView *view, const Screen *screen) {
        static const Column columns[] = { { .title = "VM", .most = 60 },
                                          { .title = "HOSTS", .right = true },
                                          { .title = "WHY NOT" } };
        const Plan *plan = view->plan;
        Table t = table_begin(a, columns, ARRAY_SIZE(columns));
        const char **why = arena_new(a, const char *, plan->n_refused);
        uint32_t shown = 0, rows = 0;
        int r = why ? 0 : -ENOMEM;

        for (uint32_t i = 0; r == 0 && i < plan->n_refused; i++) {
                why[i] = plan_text_refused(a, view->snapshot, &plan->refused[i]);
                r = why[i] ? 0 : -ENOMEM;
        }
        for (uint32_t i = 0; r == 0 && i < plan->n_refused && (rows < SHOW_REFUSED || view->all); i++) {
                const uint32_t n = view->all ? 1 : plan_text_alike(plan, why, i);

                shown += n;
                rows += n > 0;
                if (n > 0)
                        r = plan_text_refused_row(a, &t, view, i, n, why);
        }
        if (r < 0)
                return r;
        (void) out_say(screen->out, "\n%sWanted, and not possible:%s\n", screen_style(screen, STYLE_STRONG),
                       screen_style(screen, STYLE_PLAIN));
        table_print(&t, screen, "  ");
        if (shown < plan->n_refused_all)
                (void) out_say(screen->out, "  %s… and %u more%s\n", screen_style(screen, STYLE_FAINT),
                               plan->n_refused_all - shown, screen_style(screen, STYLE_PLAIN));
        if (plan->lacks)
                (void) out_say(screen->out, "  %s\n", plan->lacks);
        return 0;
}

static int print_late(Arena *a, const PlanView *view, const Screen *screen) {
        static const Column columns[] = { { .title = "VM", .most = 28 },
                                          { .title = "HOST", .most = 28 },
                                          { .title = "LEFT AFTER", .right = true },
                                          { .title = "DEADLINE", .right = true } };
        const Plan *plan = view->plan;
        uint32_t shown = plan->n_late <= SHOW_REFUSED + 2 || view->all ? plan->n_late : SHOW_REFUSED;
        Table t = table_begin(a, columns, ARRAY_SIZE(columns));

        for (uint32_t i = 0; i < shown; i++) {
                const PlanLate *l = &plan->late[i];
                const Vm *vm = &view->snapshot->vms[l->vm];
                char left[HUMAN_SIZE], within[HUMAN_SIZE];
                int r = table_row(&t,
                                  (Cell[]){ { .text = vm->name, .style = STYLE_STRONG },
                                            { .text = view->snapshot->hosts[vm->host].name },
                                            { .text = l->ms == UNKNOWN ? "stays" : human_ms(l->ms, left) },
                                            { .text = human_ms(l->within_ms, within) } });

                if (r < 0)
                        return r;
        }
        (void) out_say(screen->out, "\n%sNot in time:%s\n", screen_style(screen, STYLE_BAD),
                       screen_style(screen, STYLE_PLAIN));
        table_print(&t, screen, "  ");
        if (shown < plan->n_late)
                (void) out_say(screen->out, "  %s… and %u more%s\n", screen_style(screen, STYLE_FAINT),
                               plan->n_late - shown, screen_style(screen, STYLE_PLAIN));
        return 0;
}

static const char *arrow_text(Arena *a, int64_t before, int64_t after, const Host *host, bool moved) {
        char x[HUMAN_SIZE], y[HUMAN_SIZE];

        if (!moved)
                return text_format(a, "%s%s%s%s", human_permille(before, x), host ? " (" : "",
                                   host ? host->name : "", host ? ")" : "");
        return text_format(a, "%s→%s%s%s%s", human_permille(before, x), human_permille(after, y),
                           host ? " (" : "", host ? host->name : "", host ? ")" : "");
}

static int print_spreads(Arena *a, const PlanView *view, const Screen *screen) {
        static const Column columns[] = { { .title = "" },
                                          { .title = "MEAN", .right = true },
                                          { .title = "SPREAD (sd)" },
                                          { .title = "HIGHEST" } };
        const Plan *plan = view->plan;
        Table t = table_begin(a, columns, ARRAY_SIZE(columns));

        for (uint32_t i = 0; i < plan->n_res; i++) {
                const Spread *b = &plan->before.spread[i], *f = &plan->after.spread[i];
                HostIx highest = plan->n_moves > 0 ? f->max_host : b->max_host;
                const Host *host = highest == IX_NONE ? NULL : &view->snapshot->hosts[highest];
                char mean[HUMAN_SIZE];
                int r;

                if (b->max == 0 && f->max == 0)
                        continue;
                r = table_row(&t,
                              (Cell[]){ { .text = plan->res_names[i] },
                                        { .text = human_permille(f->mean, mean) },
                                        { .text = arrow_text(a, b->sd, f->sd, NULL, plan->n_moves > 0) },
                                        { .text = arrow_text(a, b->max, f->max, host, plan->n_moves > 0) } });
                if (r < 0)
                        return r;
        }
        (void) fputc('\n', screen->out);
        table_print(&t, screen, "  ");
        return 0;
}

/* Cost, bound and gap of the first tier that is not at its bound, or of the last: in the ones before it the
 * plan is as good as any. */
static void print_gap(const Plan *plan, const Screen *screen) {
        const Cost *before = plan->before.costs.tier, *after = plan->after.costs.tier;
        const Cost *bound = plan->bound.tier;
        int t = 0;

        while (t + 1 < TIER_N && after[t] <= bound[t])
                t++;
        (void) out_say(screen->out, "cost (%s): %lld now, %lld after; lower bound %lld", tier_names[t],
                       (long long) before[t], (long long) after[t], (long long) bound[t]);
        if (after[t] <= bound[t])
                (void) fputs(": optimal\n", screen->out);
        else if (bound[t] == 0)
                (void) fputc('\n', screen->out);
        else
                (void) out_say(screen->out, ": within %.3g %% of the optimum\n",
                               100.0 * (double) (after[t] - bound[t]) / (double) bound[t]);
}

/* What the reserve is for, whether it holds, and what is missing. */
static void print_reserve(const Plan *plan, const Screen *screen) {
        const PlanReserve *r = &plan->reserve;

        if (!r->asked)
                return;
        if (r->losses_asked > 0)
                (void) out_say(screen->out, "reserve: %u of %u %s of %u %s%s not covered now, %u after\n",
                               r->uncovered_before, r->cases, text_plural(r->cases, "loss", "losses"),
                               r->losses, level_names[r->level], r->losses == 1 ? "" : "s",
                               r->uncovered_after);
        if (r->losses < r->losses_asked)
                (void) out_say(
                        screen->out,
                        "reserve: kept for %u %s, not for the required %u: there are too many combinations to "
                        "check\n",
                        r->losses, text_plural(r->losses, "loss", "losses"), r->losses_asked);
        if (r->gap)
                (void) out_say(screen->out, "%sreserve: %s%s\n", screen_style(screen, STYLE_BAD), r->gap,
                               screen_style(screen, STYLE_PLAIN));
}

static void print_idle_of(const PlanView *view, IdleWhy why, const char *title, const Screen *screen) {
        const Plan *plan = view->plan;
        uint32_t n = 0;

        for (uint32_t i = 0; i < plan->n_idle; i++) {
                if (plan->idle[i].why != why)
                        continue;
                if (n == SHOW_REFUSED && !view->all)
                        (void) fputs(" …", screen->out);
                if (n++ < SHOW_REFUSED || view->all)
                        (void) out_say(screen->out, "%s %s", n == 1 ? title : ",",
                                       view->snapshot->hosts[plan->idle[i].host].name);
        }
        if (n > 0)
                (void) out_say(screen->out, " (%u)\n", n);
}

/* Who may be powered off, and who of the idle hosts may not. */
static void print_idle(const PlanView *view, const Screen *screen) {
        if (view->plan->goal != PLAN_GOAL_PACK)
                return;
        if (view->plan->n_idle == 0)
                (void) fputs("idle after this plan: no host\n", screen->out);
        print_idle_of(view, IDLE_MAY_BE_OFF, "idle after this plan, may be powered off:", screen);
        print_idle_of(view, IDLE_FOR_RESERVE, "idle, but needed for the reserve:", screen);
        print_idle_of(view, IDLE_SPARE, "idle, kept on as a spare (pack.keep_free):", screen);
}

/* How long the waves take beside what the busiest link needs at least. */
static void print_least(const PlanView *view, const Screen *screen) {
        const Plan *plan = view->plan;
        char all[HUMAN_SIZE], least[HUMAN_SIZE];

        if (plan->least_ms <= 0)
                return;
        (void) out_say(screen->out, "migrations: about %s; the busiest link",
                       human_ms(plan->makespan_ms, all));
        if (plan->busiest != IX_NONE)
                (void) out_say(screen->out, ", %s %s,", plan->busiest_in ? "into" : "out of",
                               view->snapshot->hosts[plan->busiest].name);
        (void) out_say(screen->out, " needs %s at least\n", human_ms(plan->least_ms, least));
        slow_ways_print(view->snapshot, plan, "", screen);
}

/* How the VMs are brought over. */
static void print_manner(const Plan *plan, const Screen *screen) {
        uint32_t by[STRATEGY_N] = { 0 }, slow = 0, shown = 0;

        if (plan->n_moves == 0)
                return;
        for (uint32_t i = 0; i < plan->n_moves; i++) {
                const MoveManner *m = &plan->moves[i].manner;

                by[m->strategy]++;
                slow += m->slow_down == SLOW_DOWN_ALLOWED || m->strategy == STRATEGY_AUTO_CONVERGE;
        }
        (void) fputs("moved by:", screen->out);
        for (uint32_t i = 0; i < STRATEGY_N; i++)
                if (by[i] > 0)
                        (void) out_say(screen->out, "%s %u %s", shown++ > 0 ? "," : "", by[i],
                                       move_strategy_names[i]);
        (void) fputs("; auto-converge is ", screen->out);
        if (slow == 0)
                (void) fputs("off\n", screen->out);
        else if (slow == plan->n_moves)
                (void) fputs("on: a VM that dirties its memory too fast is slowed down\n", screen->out);
        else
                (void) out_say(screen->out,
                               "on for %u of them: slowed down if they dirty their memory too fast\n", slow);
}

/* Which search found it, where another one could not be asked for what the settings want. */
static void print_found_by(const Plan *plan, const Screen *screen) {
        if (plan->exact >= EXACT_RESERVE)
                (void) out_say(screen->out, "found by local search (%s); the exact solver was not used: %s\n",
                               plan_search_names[plan->search], exact_use_texts[plan->exact]);
}

/* Whatever the status says: that it is not all there is to be done. */
static void print_caps(const Plan *plan, const Screen *screen) {
        const char *before = "limited by";

        if (plan->limited_by == 0)
                return;
        (void) fputs(screen_style(screen, STYLE_WARN), screen->out);
        for (int i = 0; i < PLAN_CAP_N; i++)
                if (plan->limited_by & 1U << i) {
                        (void) out_say(screen->out, "%s --%s", before, plan_cap_names[i]);
                        before = " and";
                }
        (void) out_say(screen->out, ": %s; plimsoll frontier shows what more would gain%s\n",
                       plan->after.over_limit > 0
                               ? "hosts stay above their load line that further moves could relieve"
                               : "further moves could do what must be done but is not",
                       screen_style(screen, STYLE_PLAIN));
}

/* What its time did not suffice for. */
static void print_cut(const Plan *plan, const Screen *screen) {
        const char *before = "";

        if (plan->cut == 0)
                return;
        (void) out_say(screen->out,
                       "%stime limit reached (service.think): ", screen_style(screen, STYLE_WARN));
        for (int i = 0; i < PLAN_PART_N; i++)
                if (plan->cut & 1U << i) {
                        (void) out_say(screen->out, "%s%s", before, plan_part_texts[i]);
                        before = "; ";
                }
        (void) out_say(screen->out, "%s\n", screen_style(screen, STYLE_PLAIN));
}

static void plan_text_print_sum(const PlanView *view, const char *summary, const Screen *screen) {
        const Plan *plan = view->plan;
        char took[HUMAN_SIZE];

        (void) out_say(screen->out, "\n%s%s%s\n", screen_style(screen, status_style(plan->status)), summary,
                       screen_style(screen, STYLE_PLAIN));
        (void) out_say(screen->out, "hosts above their load line: %u now, %u after", plan->before.over_limit,
                       plan->after.over_limit);
        if (view->took > 0)
                (void) out_say(screen->out, "; planned in %s", human_ms(view->took / USEC_PER_MSEC, took));
        (void) fputc('\n', screen->out);
        print_caps(plan, screen);
        print_cut(plan, screen);
        if (plan->threshold > 0 && plan->threshold < 3)
                (void) out_say(screen->out, "threshold %u: VMs move for %s only\n", plan->threshold,
                               plan->threshold == 1
                                       ? "broken rules and hosts to be emptied"
                                       : "broken rules, hosts to be emptied, load lines and the reserve");
        print_least(view, screen);
        print_manner(plan, screen);
        print_reserve(plan, screen);
        print_idle(view, screen);
        if (plan->about.n > 0)
                (void) fputs("other hosts are not changed: plimsoll plan shows what they need\n",
                             screen->out);
        else if (plan->has_bound)
                print_gap(plan, screen);
        print_found_by(plan, screen);
}

void plan_text_conflicts(const Conflict *conflicts, uint32_t n, const Screen *screen) {
        char safe[1024];

        if (n > 0)
                (void) out_say(screen->out,
                               "\n"
                               "%sThese contradict each other:%s\n",
                               screen_style(screen, STYLE_STRONG), screen_style(screen, STYLE_PLAIN));
        for (uint32_t i = 0; i < n; i++)
                (void) out_say(screen->out, "  %s%s\n", text_safe(conflicts[i].text, safe, sizeof(safe)),
                               conflicts[i].smallest ? "" : " (not proven to be the smallest set)");
}

/* Rules that select nothing, windows that are not open. */
static void print_notes(const Snapshot *s, const Screen *screen) {
        char safe[512];

        if (s->notes.n > 0)
                (void) fputc('\n', screen->out);
        for (uint32_t i = 0; i < s->notes.n; i++)
                (void) out_say(screen->out, "%snote:%s %s\n", screen_style(screen, STYLE_WARN),
                               screen_style(screen, STYLE_PLAIN),
                               text_safe(s->notes.at[i], safe, sizeof(safe)));
}

/* [host] what a plan about some hosts is about: these, and those that its moves leave or reach. */
static int plan_text_concerned(Arena *a, const PlanView *view, const bool **ret) {
        const Snapshot *s = view->snapshot;
        bool *only = arena_new(a, bool, s->n_hosts);

        if (!only)
                return -ENOMEM;
        for (HostIx h = 0; h < s->n_hosts; h++)
                only[h] = strings_have(&view->plan->about, s->hosts[h].name);
        for (uint32_t i = 0; i < view->plan->n_moves; i++)
                only[view->plan->moves[i].move.from] = only[view->plan->moves[i].move.to] = true;
        *ret = only;
        return 0;
}

int plan_text_print(Arena *a, const PlanView *view, const Screen *screen) {
        const Plan *plan = view->plan;
        FleetView fleet = { .snapshot = view->snapshot, .problem = view->problem, .all = view->all };
        const char *summary = plan_text_summary(a, view->snapshot, plan),
                   *counts = hosts_count_words(a, view->snapshot),
                   *booked = bookings_count_words(a, view->snapshot);
        int r = summary && counts && booked ? 0 : -ENOMEM;

        (void) out_say(screen->out, "%s%s%s: %u %s, %u %s%s%s\n\n", screen_style(screen, STYLE_STRONG),
                       view->snapshot->cluster, screen_style(screen, STYLE_PLAIN), view->snapshot->n_hosts,
                       text_plural(view->snapshot->n_hosts, "host", "hosts"), snapshot_n_vms(view->snapshot),
                       text_plural(snapshot_n_vms(view->snapshot), "VM", "VMs"), counts ? counts : "",
                       booked ? booked : "");
        if (r == 0)
                r = doubled_print(a, view->snapshot, screen);
        if (r == 0 && plan->n_moves > 0)
                r = fleet_after(a, view->problem, plan, &fleet.host_of);
        if (r == 0 && plan->about.n > 0 && !view->all)
                r = plan_text_concerned(a, view, &fleet.only);
        if (r == 0)
                r = fleet_print(a, &fleet, screen);
        if (r == 0)
                r = print_spreads(a, view, screen);
        if (r == 0 && plan->n_moves > 0) {
                (void) fputc('\n', screen->out);
                r = plan_text_print_moves(a, view, screen);
        }
        if (r == 0)
                vm_mode_print_moves(view->snapshot, plan, screen);
        if (r == 0 && plan->n_refused > 0)
                r = plan_text_print_refused(a, view, screen);
        if (r == 0)
                plan_text_conflicts(plan->conflicts, plan->n_conflicts, screen);
        if (r == 0 && plan->n_late > 0)
                r = print_late(a, view, screen);
        print_notes(view->snapshot, screen);
        if (r == 0)
                plan_text_print_sum(view, summary, screen);
        return r;
}
