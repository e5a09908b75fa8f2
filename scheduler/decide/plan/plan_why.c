/* SPDX-License-Identifier: Apache-2.0 */
/* The sentence of a move: what is wrong where it is, and what there is where it goes, in numbers of the
 * moment it is made. Only what is true of this one move is said. */
#include "scheduler/decide/plan/plan_why.h"

#include "scheduler/decide/cost/reserve_cover.h"
#include "scheduler/decide/cost/terms.h"

static const char *resource_title(const Why *w, uint32_t r) {
        static const char *const titles[] = { "CPU", "memory", "network (received)", "network (sent)" };

        return r < w->pl->layout.extra ? titles[r] : w->pl->layout.names[r];
}

static int64_t plan_why_load_of(const Why *w, HostIx h, uint32_t r) {
        return assignment_load(w->e->x, h)[r];
}

static int64_t share_now(const Why *w, HostIx h, uint32_t r) {
        return load_permille(plan_why_load_of(w, h, r), problem_capacity(w->pl->first, h)[r]);
}

static int64_t plan_why_line_of(const Why *w, HostIx h, uint32_t r) {
        const Problem *p = w->pl->first;

        return load_permille(p->limit[(size_t) h * p->n_res + r], problem_capacity(p, h)[r]);
}

/* "80 %", or "80.4 %" where a whole number would hide a difference. */
static const char *plan_why_percent(Arena *a, int64_t permille, bool exact) {
        if (exact && permille % 10 != 0)
                return text_format(a, "%lld.%lld %%", (long long) (permille / 10),
                                   (long long) (permille % 10));
        return text_format(a, "%lld %%", (long long) ((permille + 5) / 10));
}

static const char *plan_why_tenths(Arena *a, int64_t value, const char *unit) {
        return text_format(a, "%s%lld.%lld %s", value < 0 ? "-" : "",
                           (long long) (value < 0 ? -value : value) / 10,
                           (long long) (value < 0 ? -value : value) % 10, unit);
}

/* a × b ÷ c without overflow; c > 0. */
static int64_t plan_why_ratio(int64_t a, int64_t b, int64_t c) {
        int64_t product;

        return __builtin_mul_overflow(a, b, &product) ? a / c * b : product / c;
}

/* What the target has below its own load line before the move, in the unit people use. */
static const char *free_room(const Why *w, HostIx h, uint32_t r) {
        const Problem *p = w->pl->first;
        int64_t room = p->limit[(size_t) h * p->n_res + r] - plan_why_load_of(w, h, r),
                capacity = problem_capacity(p, h)[r];

        if (r == RES_CPU && capacity > 0)
                return plan_why_tenths(w->arena, plan_why_ratio(room, w->pl->s->hosts[h].cpus * 10, capacity),
                                       "cores");
        if (r == RES_MEMORY && (room >= 1024 || room <= -1024))
                return plan_why_tenths(w->arena, plan_why_ratio(room, 10, 1024), "GiB");
        if (r == RES_MEMORY)
                return text_format(w->arena, "%lld MiB", (long long) room);
        if (r < w->pl->layout.extra)
                return text_format(w->arena, "%lld Mbit/s", (long long) (room / 1000));
        return text_format(w->arena, "%lld", (long long) room);
}

/* What the target has to offer of r: room below its line, or that it is above it too, but less. */
static const char *target_clause(const Why *w, uint32_t r) {
        HostIx to = w->step->step.move.to;
        const Problem *p = w->pl->first;

        if (p->limit[(size_t) to * p->n_res + r] > plan_why_load_of(w, to, r)) {
                const char *room = free_room(w, to, r);

                return room ? text_format(w->arena, "%s has %s%s free below its own", w->to, room,
                                          r == RES_CPU      ? ""
                                          : r == RES_MEMORY ? " of memory"
                                                            : "")
                            : NULL;
        }
        return text_format(w->arena, "%s's is at %lld %%", w->to, (long long) (share_now(w, to, r) + 5) / 10);
}

/* Room for the VM below the target's load line, or that others leave it first or later. */
static const char *room_clause(const Why *w) {
        const Problem *p = w->pl->first;
        Move m = w->step->step.move;
        const char *cpu = free_room(w, m.to, RES_CPU), *memory = free_room(w, m.to, RES_MEMORY);

        if (!cpu || !memory)
                return NULL;
        for (uint32_t r = 0; r < p->n_res; r++)
                if (plan_why_load_of(w, m.to, r) > p->limit[(size_t) m.to * p->n_res + r])
                        return text_format(
                                w->arena, "%s can take it, though its %s is at %lld %%, above its load line",
                                w->to, resource_title(w, r), (long long) (share_now(w, m.to, r) + 5) / 10);
        return text_format(w->arena, "%s has %s and %s of memory free below its load line", w->to, cpu,
                           memory);
}

/* Off a device that is failing. */
static const char *why_saved(const Why *w, const Fault *fault, const char *room) {
        const char *what = fault->partly ? "the VM uses it" : "all of the host depends on it";

        if (!room)
                return NULL;
        return text_format(w->arena, "%s of %s has fault grade %lld%s%s%s, and %s; %s", fault->device,
                           w->from, (long long) fault->grade, fault->why ? " (" : "",
                           fault->why ? fault->why : "", fault->why ? ")" : "", what, room);
}

static const char *why_emptied(const Why *w) {
        const Host *from = &w->pl->s->hosts[w->step->step.move.from];
        const VmIx v = w->step->step.move.vm;
        const Fault *fault = NULL;
        const char *room = room_clause(w), *cause;

        if (w->pl->s->vms[v].host == w->step->step.move.from && snapshot_vm_fault(w->pl->s, v, &fault) >= 3 &&
            fault)
                return why_saved(w, fault, room);
        cause = from->n_faults == 0 && from->fault_grade >= 3
                        ? text_format(w->arena, "has a hardware fault of grade %lld%s%s%s",
                                      (long long) from->fault_grade, from->fault_why ? " (" : "",
                                      from->fault_why ? from->fault_why : "", from->fault_why ? ")" : "")
                        : text_format(w->arena, "is in maintenance");
        if (!room || !cause)
                return NULL;
        return text_format(w->arena, "%s %s and is emptied; %s", w->from, cause, room);
}

/* The resource in which the host is furthest above its load line, or IX_NONE. */
static uint32_t worst_excess(const Why *w, HostIx h) {
        const Problem *p = w->pl->first;
        const int64_t *need = problem_need(p, w->step->step.move.vm);
        int64_t most = 0;
        uint32_t worst = IX_NONE;

        for (uint32_t r = 0; r < p->n_res; r++) {
                int64_t over = plan_why_load_of(w, h, r) - p->limit[(size_t) h * p->n_res + r], share;

                if (over <= 0 || need[r] <= 0)
                        continue;
                share = share_now(w, h, r) - plan_why_line_of(w, h, r);
                if (worst == IX_NONE || share > most) {
                        most = share;
                        worst = r;
                }
        }
        return worst;
}

static const char *why_overloaded(const Why *w, uint32_t r) {
        HostIx from = w->step->step.move.from;
        int64_t share = share_now(w, from, r), line = plan_why_line_of(w, from, r);
        bool close = share - line < 10;
        const char *at = plan_why_percent(w->arena, share, close),
                   *below = plan_why_percent(w->arena, line, close);
        const char *target = target_clause(w, r);

        if (!at || !below || !target)
                return NULL;
        return text_format(w->arena, "%s's %s is at %s, above its load line of %s; %s", w->from,
                           resource_title(w, r), at, below, target);
}

static const char *why_overfull(const Why *w, uint32_t r) {
        const Move m = w->step->step.move;
        const char *target = target_clause(w, r);

        return target ? text_format(w->arena, "%s holds %lld %% of the %s it has; %s", w->from,
                                    (long long) (share_now(w, m.from, r) + 5) / 10, resource_title(w, r),
                                    target)
                      : NULL;
}

/* What is mended most: a host that holds more than it has, a rule about hosts, a rule between VMs. */
static const char *why_repair(const Why *w) {
        const Problem *p = w->pl->first;
        const Move m = w->step->step.move;
        Cost gain = 0;
        const GroupRule *rule = why_rule(w, true, &gain);

        for (uint32_t r = 0; r < p->n_res; r++)
                if (plan_why_load_of(w, m.from, r) > problem_capacity(p, m.from)[r] &&
                    problem_need(p, m.vm)[r] > 0)
                        return why_overfull(w, r);
        if (gain >= -1 && p->n_classes > 0 && problem_class_denies(p, m.vm, m.from) == REASON_RULE_HOSTS &&
            problem_class_denies(p, m.vm, m.to) != REASON_RULE_HOSTS)
                return why_host_rule(w);
        return rule ? why_rule_kept(w, rule)
                    : text_format(w->arena, "on %s a rule is broken that is nearer to holding with it on %s",
                                  w->from, w->to);
}

/* gain: what the move alone changes of the reserve, at its place in the order. */
static const char *why_reserve(const Why *w, Cost gain) {
        if (gain <= -RESERVE_UNCOVERED)
                return text_format(w->arena,
                                   "with %s on %s, more VMs of hosts that may be lost have room elsewhere",
                                   w->vm, w->to);
        if (gain <= -RESERVE_LACKING)
                return text_format(w->arena,
                                   "with %s on %s, less is lacking of the share that is to stay free", w->vm,
                                   w->to);
        return text_format(w->arena,
                           "without %s, %s is nearer to having room for a VM whose host may be lost", w->vm,
                           w->from);
}

static int64_t plan_why_squared(int64_t share) {
        return share * share;
}

/* The resource in which the move evens out most: the sum of both hosts' squared shares. */
static uint32_t evened_most(const Why *w) {
        const Problem *p = w->pl->first;
        const Move m = w->step->step.move;
        int64_t most = INT64_MIN;
        uint32_t best = 0;

        for (uint32_t r = 0; r < p->n_res; r++) {
                const int64_t need = problem_need(p, m.vm)[r];
                const int64_t *from = problem_capacity(p, m.from), *to = problem_capacity(p, m.to);
                int64_t gain;

                if (!p->balance_weight || p->balance_weight[r] == 0 || need == 0)
                        continue;
                gain = plan_why_squared(share_now(w, m.from, r)) + plan_why_squared(share_now(w, m.to, r)) -
                       plan_why_squared(load_permille(plan_why_load_of(w, m.from, r) - need, from[r])) -
                       plan_why_squared(load_permille(plan_why_load_of(w, m.to, r) + need, to[r]));
                if (p->balance_weight[r] * gain > most) {
                        most = p->balance_weight[r] * gain;
                        best = r;
                }
        }
        return best;
}

/* After the plan no VM is there, and hosts are emptied (goal pack). */
static bool is_packed_away(const Why *w) {
        const Problem *p = w->pl->first;
        const HostIx from = w->step->step.move.from;

        if (!p->pack || p->pack->cost[from] == 0)
                return false;
        for (VmIx v = 0; v < p->n_vms; v++)
                if (w->pl->now[v] == from)
                        return false;
        return true;
}

static const char *why_packed(const Why *w) {
        const char *room = room_clause(w);

        return room ? text_format(w->arena, "%s is emptied, so that it may be powered off; %s", w->from, room)
                    : NULL;
}

static const char *why_balance(const Why *w) {
        const Problem *p = w->pl->first;
        Move m = w->step->step.move;
        uint32_t r = evened_most(w);
        int64_t need = problem_need(p, m.vm)[r];

        return text_format(
                w->arena,
                "%s's %s is at %lld %% and %s's at %lld %%: after it they are at %lld %% and %lld %%",
                w->from, resource_title(w, r), (long long) (share_now(w, m.from, r) + 5) / 10, w->to,
                (long long) (share_now(w, m.to, r) + 5) / 10,
                (long long) (load_permille(plan_why_load_of(w, m.from, r) - need,
                                           problem_capacity(p, m.from)[r]) +
                             5) /
                        10,
                (long long) (load_permille(plan_why_load_of(w, m.to, r) + need,
                                           problem_capacity(p, m.to)[r]) +
                             5) /
                        10);
}

/* What host h holds with `more` of what the goal evens out, permille of its unit. */
static int64_t evened_share(const Why *w, const DeviationGoal *g, HostIx h, int64_t more) {
        const int64_t zero = g->zero ? g->zero[h] : 0;

        return load_permille(plan_why_load_of(w, h, g->r) + more - zero, g->unit[h]);
}

/* The deviation that the move makes less most, between hosts that take part; NULL: none. */
static const DeviationGoal *deviation_most(const Why *w) {
        const Problem *p = w->pl->first;
        const Move m = w->step->step.move;
        const DeviationGoal *best = NULL;
        int64_t most = 0;

        for (uint32_t i = 0; i < p->n_deviations; i++) {
                const DeviationGoal *g = &p->deviations[i];
                const int64_t need = problem_need(p, m.vm)[g->r];
                int64_t gain;

                if (g->unit[m.from] == 0 || g->unit[m.to] == 0)
                        continue;
                gain = plan_why_squared(evened_share(w, g, m.from, 0)) +
                       plan_why_squared(evened_share(w, g, m.to, 0)) -
                       plan_why_squared(evened_share(w, g, m.from, -need)) -
                       plan_why_squared(evened_share(w, g, m.to, need));
                if (g->weight * gain > most) {
                        most = g->weight * gain;
                        best = g;
                }
        }
        return best;
}

static const char *why_deviation(const Why *w, const DeviationGoal *g) {
        const Problem *p = w->pl->first;
        const Move m = w->step->step.move;
        const int64_t need = problem_need(p, m.vm)[g->r];
        const bool own = g->unit[m.from] == problem_capacity(p, m.from)[g->r] &&
                         g->unit[m.to] == problem_capacity(p, m.to)[g->r];

        const long long from = (evened_share(w, g, m.from, 0) + 5) / 10,
                        to = (evened_share(w, g, m.to, 0) + 5) / 10,
                        after = (evened_share(w, g, m.from, -need) + 5) / 10,
                        there = (evened_share(w, g, m.to, need) + 5) / 10;

        if (g->r == w->pl->layout.vcpus)
                return text_format(
                        w->arena,
                        "%s's vCPUs are %lld %% of its CPUs and %s's %lld %%: after it %lld %% and %lld %%",
                        w->from, from, w->to, to, after, there);
        return text_format(
                w->arena,
                "%s's %s is at %lld %% and %s's at %lld %%%s: after it they are at %lld %% and %lld %%",
                w->from, resource_title(w, g->r), from, w->to, to, own ? "" : " of a mean host", after,
                there);
}

static const char *why_stop_over(const Why *w) {
        const WaveMove *next = w->step->goes_on;

        if (next)
                return text_format(w->arena,
                                   "waits on %s until %s has room for it, and goes there in wave %u", w->to,
                                   w->pl->s->hosts[next->move.to].name, next->wave + 1);
        return text_format(w->arena, "goes on from its stop-over on %s, now that %s has room for it", w->from,
                           w->to);
}

/* Without the move the one that comes later would have no room, or a rule against it. */
static bool is_in_the_way(const Why *w, const WaveMove *comes) {
        const Problem *p = w->pl->first;
        const Move m = w->step->step.move;
        const HostIx at = w->e->x->host_of[comes->move.vm];
        const int64_t *need = problem_need(p, comes->move.vm), *own = problem_need(p, m.vm);

        for (uint32_t r = 0; r < p->n_res; r++)
                if (need[r] > 0 && own[r] > 0 &&
                    plan_why_load_of(w, m.from, r) + need[r] > p->limit[(size_t) m.from * p->n_res + r])
                        return true;
        return at != m.from && evaluator_refuse(w->e, (Move){ comes->move.vm, at, m.from }) != REASON_NONE;
}

/* It gains nothing alone. */
static const char *why_helps(const Why *w) {
        const WaveMove *comes = w->step->comes, *partner = w->step->partner;
        int r = 0;
        const char *block = why_block(w, &r);

        if (block || r < 0)
                return block;
        if (partner)
                return text_format(w->arena,
                                   "changes places with %s (wave %u): neither gains alone what both do",
                                   w->pl->s->vms[partner->move.vm].name, partner->wave + 1);
        if (comes && is_in_the_way(w, comes))
                return text_format(w->arena, "makes room on %s for %s, which comes in wave %u", w->from,
                                   w->pl->s->vms[comes->move.vm].name, comes->wave + 1);
        return text_format(w->arena, "gains nothing alone: it is one of several moves that gain together");
}

/* What both hosts' evenness changes by. */
static Cost even_gain(const Why *w) {
        const Evaluator *e = w->e;
        const Problem *p = w->pl->first;
        const Move m = w->step->step.move;
        int64_t from[PROBLEM_RES_MAX], to[PROBLEM_RES_MAX];
        Costs d = { 0 };

        for (uint32_t r = 0; r < p->n_res; r++) {
                from[r] = plan_why_load_of(w, m.from, r) - problem_need(p, m.vm)[r];
                to[r] = plan_why_load_of(w, m.to, r) + problem_need(p, m.vm)[r];
        }
        evaluator_deviate(e, m.from, m.to, problem_need(p, m.vm), &d);
        return d.tier[TIER_BALANCE] + evaluator_host(e, m.from, from).tier[TIER_BALANCE] +
               evaluator_host(e, m.to, to).tier[TIER_BALANCE] -
               evaluator_host(e, m.from, assignment_load(e->x, m.from)).tier[TIER_BALANCE] -
               evaluator_host(e, m.to, assignment_load(e->x, m.to)).tier[TIER_BALANCE];
}

/* What gains most: that is why. */
static const char *why_worth(const Why *w) {
        Cost rule_gain, most = even_gain(w);
        const GroupRule *rule = why_rule(w, false, &rule_gain);
        const DeviationGoal *deviation = deviation_most(w);
        VmIx partner;
        const Cost traffic = why_traffic_gain(w, &partner), wish = why_wish_gain(w);

        if (rule && rule_gain < most && rule_gain <= traffic && rule_gain <= wish)
                return why_rule_kept(w, rule);
        if (partner != IX_NONE && traffic < most && traffic <= wish)
                return why_traffic(w, partner);
        if (wish < most && wish < 0)
                return why_wish(w);
        return deviation ? why_deviation(w, deviation) : why_balance(w);
}

static Cost reserve_gain(const Evaluator *e, Move m) {
        Costs d = { 0 };

        if (e->reserve && evaluator_reserve(e, &m, 1, &d) != REASON_NONE)
                return 0;
        return d.tier[TIER_LOAD];
}

const char *plan_why(const Planning *pl, const Evaluator *e, const StoryStep *step) {
        Move m = step->step.move;
        Why w = {
                .pl = pl,
                .e = e,
                .step = step,
                .arena = pl->arena,
                .vm = pl->s->vms[m.vm].name,
                .from = pl->s->hosts[m.from].name,
                .to = pl->s->hosts[m.to].name,
        };
        const Cost *gain = step->delta.tier;
        uint32_t r = worst_excess(&w, m.from);
        Cost reserve;

        if (step->goes_on || step->came)
                return why_stop_over(&w);
        if (gain[TIER_REPAIR] < 0 && !(pl->before.costs.tier[TIER_REPAIR] == 0 && is_packed_away(&w)))
                return why_repair(&w);
        if (problem_leave(pl->first, m.vm, m.from) > 0)
                return why_emptied(&w);
        if (gain[TIER_LOAD] == 0 && is_packed_away(&w))
                return why_packed(&w);
        reserve = gain[TIER_LOAD] < 0 ? reserve_gain(e, m) : 0;
        if (reserve < 0)
                return why_reserve(&w, reserve);
        if (gain[TIER_LOAD] < 0 && r != IX_NONE)
                return why_overloaded(&w, r);
        if (gain[TIER_REPAIR] == 0 && gain[TIER_EVACUATE] == 0 && gain[TIER_LOAD] <= 0 &&
            gain[TIER_BALANCE] < 0)
                return why_worth(&w);
        return why_helps(&w);
}
