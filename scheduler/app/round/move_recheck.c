/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/round/move_recheck.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "scheduler/app/facts/facts_overlay.h"
#include "scheduler/decide/judge/plan_check.h"
#include "scheduler/model/rule_word.h"

#define JUDGED_MOST 8 /* times, with what waits less what was objected to */

/* What is judged: the move, those that run, and perhaps those that wait. */
typedef struct Remainder {
        MoveOrder *orders;
        uint32_t *index;   /* [n] of each that waits, among all moves */
        uint32_t n, n_now; /* those that run, the move itself as the first */
        const Objection *objections;
        uint32_t n_objections;
} Remainder;

/* It runs, and the facts do not show it as in flight yet. */
static bool move_recheck_is_unseen(const Snapshot *s, const MoveOrder *other) {
        const VmIx v = snapshot_vm(s, other->vm);

        return v != IX_NONE && !s->vms[v].in_flight &&
               strcmp(s->hosts[s->vms[v].host].name, other->from) == 0;
}

/* waits: [in->n] those that are still to come, as far as they are counted on: those of the same wave at once with it, the
 * others in their waves after it. NULL: none. */
static int move_recheck_judge(const MoveRecheck *in, const Snapshot *s, uint32_t move, const bool *waits,
                              Remainder *ret) {
        Remainder r = { .orders = arena_new(in->arena, MoveOrder, in->n),
                        .index = arena_new(in->arena, uint32_t, in->n) };

        const uint32_t now = waits ? 0 : in->moves[move].wave; /* as sentences count it */

        if (!r.orders || !r.index)
                return -ENOMEM;
        r.orders[r.n++] = in->moves[move];
        for (uint32_t i = 0; i < in->n; i++)
                if (i != move && in->steps[i] == RECHECK_RUNS && move_recheck_is_unseen(s, &in->moves[i]))
                        r.orders[r.n++] = in->moves[i];
        r.n_now = r.n;
        for (uint32_t i = 0; i < r.n_now; i++)
                r.orders[i].wave = now;
        for (uint32_t i = 0; waits && i < in->n; i++)
                if (i != move && waits[i]) {
                        r.index[r.n] = i;
                        r.orders[r.n] = in->moves[i];
                        r.orders[r.n++].wave =
                                in->moves[i].wave == in->moves[move].wave ? 0 : in->moves[i].wave + 1;
                }
        *ret = r;
        return plan_check(in->arena, s, in->settings, r.orders, r.n, &ret->objections, &ret->n_objections);
}

/* ---- what is so only in the end ---- */

/* What is together is apart while it moves, and what a move takes of the reserve another of its wave gives back: that is
 * judged at the end of the plan, and of the wave. */
static bool move_recheck_is_of_the_end(const Objection *o) {
        return o->verdict == VERDICT_REFUSED &&
               (o->reason == REASON_RULE_TOGETHER || o->reason == REASON_RULE_NEAR ||
                o->reason == REASON_RESERVE);
}

static bool move_recheck_end_alone(const Remainder *r) {
        for (uint32_t i = 0; i < r->n_objections; i++)
                if (i >= OBJECTIONS_KEPT || !move_recheck_is_of_the_end(&r->objections[i]))
                        return false;
        return true;
}

static bool move_recheck_names(const Rule *rule, const bool *marked) {
        for (uint32_t i = 0; i < rule->n_vms; i++)
                if (marked[rule->vms[i]])
                        return true;
        for (uint32_t i = 0; i < rule->n_near_vms; i++)
                if (marked[rule->near_vms[i]])
                        return true;
        return false;
}

static bool move_recheck_mark(const Rule *rule, bool *marked) {
        bool more = false;

        for (uint32_t i = 0; i < rule->n_vms; i++) {
                more |= !marked[rule->vms[i]];
                marked[rule->vms[i]] = true;
        }
        for (uint32_t i = 0; i < rule->n_near_vms; i++) {
                more |= !marked[rule->near_vms[i]];
                marked[rule->near_vms[i]] = true;
        }
        return more;
}

/* The VMs that v must be together with or near to, and those that these must, and so on. */
static bool *move_recheck_tied(Arena *a, const Snapshot *s, VmIx v) {
        bool *tied = arena_new(a, bool, s->n_vms);
        bool more = tied != NULL;

        if (!tied)
                return NULL;
        tied[v] = true;
        while (more) {
                more = false;
                for (uint32_t i = 0; i < s->n_rules; i++) {
                        const Rule *rule = &s->rules[i];

                        if (rule->must && (rule->kind == RULE_TOGETHER || rule->kind == RULE_NEAR) &&
                            move_recheck_names(rule, tied))
                                more |= move_recheck_mark(rule, tied);
                }
        }
        return tied;
}

/* An objection to what waits: it is not counted on any more. One to what must be together with the move, or to what is under
 * way, is one to the move; so is one about the reserve after its wave, once nothing else is in the way of that. 0: nothing is
 * against the move; 1: something is; 2: fewer are counted on, to be judged again. */
static int move_recheck_drop(const Snapshot *s, const Remainder *r, const bool *tied, bool *io_waits) {
        bool reserve = false, fewer = false;

        for (uint32_t i = 0; i < r->n_objections; i++) {
                const Objection *o = i < OBJECTIONS_KEPT ? &r->objections[i] : NULL;
                const VmIx v = o ? snapshot_vm(s, r->orders[o->move].vm) : IX_NONE;

                if (o && o->reason == REASON_RESERVE) {
                        reserve |= r->orders[o->move].wave == 0;
                        continue;
                }
                if (!o || o->move < r->n_now || (v != IX_NONE && tied[v]))
                        return 1;
                fewer |= io_waits[r->index[o->move]];
                io_waits[r->index[o->move]] = false;
        }
        return fewer ? 2 : reserve ? 1 : 0;
}

/* 0: with what waits, as far as that may move as things are, all holds in the end. 1: no. */
static int move_recheck_in_the_end(const MoveRecheck *in, const Snapshot *s, uint32_t move) {
        const bool *tied = move_recheck_tied(in->arena, s, snapshot_vm(s, in->moves[move].vm));
        bool *waits = arena_new(in->arena, bool, in->n);
        int left = 2;

        if (!tied || !waits)
                return -ENOMEM;
        for (uint32_t i = 0; i < in->n; i++)
                waits[i] = in->steps[i] == RECHECK_WAITS;
        for (uint32_t i = 0; left == 2 && i < JUDGED_MOST; i++) {
                Remainder r;
                const int judged = move_recheck_judge(in, s, move, waits, &r);

                if (judged <= 0)
                        return judged;
                left = move_recheck_drop(s, &r, tied, waits);
        }
        return left == 0 ? 0 : 1;
}

/* ---- what others have against them ---- */

static bool move_recheck_touches(const MoveOrder *m, const MoveOrder *other) {
        return strcmp(m->from, other->from) == 0 || strcmp(m->from, other->to) == 0 ||
               strcmp(m->to, other->from) == 0 || strcmp(m->to, other->to) == 0;
}

/* A must rule that names both. */
static const Rule *move_recheck_rule_of(const Snapshot *s, VmIx v, VmIx other) {
        for (uint32_t i = 0; i < s->n_rules; i++) {
                const Rule *rule = &s->rules[i];
                bool names_v = false, names_other = false;

                for (uint32_t k = 0; k < rule->n_vms && rule->must; k++) {
                        names_v |= rule->vms[k] == v;
                        names_other |= rule->vms[k] == other;
                }
                for (uint32_t k = 0; k < rule->n_near_vms && rule->must; k++) {
                        names_v |= rule->near_vms[k] == v;
                        names_other |= rule->near_vms[k] == other;
                }
                if (names_v && names_other)
                        return rule;
        }
        return NULL;
}

/* All objections are to those that run, as they are without this one, and it has nothing to do with them. The reserve
 * is everybody's. */
static int move_recheck_is_others(const MoveRecheck *in, const Snapshot *s, const Remainder *r) {
        const VmIx v = snapshot_vm(s, r->orders[0].vm);
        const Objection *objections = NULL;
        uint32_t n = 0;
        int judged;

        for (uint32_t i = 0; i < r->n_objections; i++) {
                const Objection *o = i < OBJECTIONS_KEPT ? &r->objections[i] : NULL;

                if (!o || o->move == 0 || o->reason == REASON_RESERVE || v == IX_NONE ||
                    move_recheck_touches(&r->orders[0], &r->orders[o->move]) ||
                    move_recheck_rule_of(s, v, snapshot_vm(s, r->orders[o->move].vm)))
                        return 1;
        }
        judged = plan_check(in->arena, s, in->settings, r->orders + 1, r->n_now - 1, &objections, &n);
        return judged < 0 ? judged : n == r->n_objections ? 0 : 1;
}

/* Of those that run: the judge would not let them start now, with or without this one (the target has got worse since). They
 * are on their way all the same: the facts with them in flight, on both hosts. 0; 1: there are none; -ENOMEM. */
static int move_recheck_flying(const MoveRecheck *in, const Snapshot *s, const Remainder *r,
                               const Snapshot **ret) {
        const Objection *objections = NULL;
        uint32_t n = 0;
        Snapshot *copy = arena_new(in->arena, Snapshot, 1);
        Vm *vms = arena_new(in->arena, Vm, s->n_vms);
        int judged = copy && vms ? plan_check(in->arena, s, in->settings, r->orders + 1, r->n_now - 1,
                                              &objections, &n)
                                 : -ENOMEM;

        if (judged <= 0)
                return judged < 0 ? judged : 1;
        *copy = *s;
        if (s->n_vms > 0)
                memcpy(vms, s->vms, sizeof(*vms) * s->n_vms);
        copy->vms = vms;
        for (uint32_t i = 0; i < n && i < OBJECTIONS_KEPT; i++) {
                const MoveOrder *other = &r->orders[1 + objections[i].move];
                const VmIx v = snapshot_vm(s, other->vm);
                const HostIx to = snapshot_host(s, other->to);

                if (v == IX_NONE || to == IX_NONE)
                        continue;
                vms[v].in_flight = true;
                vms[v].in_flight_to = to;
        }
        *ret = copy;
        return 0;
}

/* ---- one move ---- */

/* The objection to the move itself, else the first. */
static const char *move_recheck_text(const Remainder *r) {
        for (uint32_t i = 0; i < r->n_objections && i < OBJECTIONS_KEPT; i++)
                if (r->objections[i].move == 0)
                        return r->objections[i].text;
        return r->objections[0].text;
}

/* 0: yes; 1: no, *ret_text says it. */
static int move_recheck_now(const MoveRecheck *in, const Snapshot *s, uint32_t move, const char **ret_text) {
        Remainder r;
        int judged = move_recheck_judge(in, s, move, NULL, &r);

        if (judged <= 0)
                return judged;
        *ret_text = move_recheck_text(&r);
        if (move_recheck_end_alone(&r))
                return move_recheck_in_the_end(in, s, move);
        judged = move_recheck_is_others(in, s, &r);
        if (judged == 1 && move_recheck_flying(in, s, &r, &s) == 0) {
                judged = move_recheck_judge(in, s, move, false, &r);
                if (judged == 1)
                        *ret_text = move_recheck_text(&r);
        }
        return judged;
}

/* Of those that did not come about the one that the move most likely needed: of its VM, of its target, any. */
static const MoveOrder *move_recheck_culprit(const MoveRecheck *in, uint32_t move) {
        const MoveOrder *m = &in->moves[move], *best = NULL;
        int best_worth = -1;

        for (uint32_t i = 0; i < in->n; i++) {
                const MoveOrder *other = &in->moves[i];
                const int worth = strcmp(other->vm, m->vm) == 0     ? 3
                                  : strcmp(other->from, m->to) == 0 ? 2
                                                                    : move_recheck_touches(other, m);

                if (in->steps[i] != RECHECK_MISSED || i == move || worth <= best_worth)
                        continue;
                best = other;
                best_worth = worth;
        }
        return best;
}

/* 0: had all moves come about that did not, it could start. */
static int move_recheck_needed(const MoveRecheck *in, uint32_t move) {
        OverlayMove *made = arena_new(in->arena, OverlayMove, in->n);
        const char *text = NULL;
        const Snapshot *s = NULL;
        uint32_t n = 0;
        int r;

        if (!made)
                return -ENOMEM;
        for (uint32_t i = 0; i < in->n; i++)
                if (in->steps[i] == RECHECK_MISSED)
                        made[n++] = (OverlayMove){ .order = &in->moves[i], .ended_at = INT64_MAX };
        if (n == 0)
                return 1;
        r = facts_overlay(in->arena, in->facts, made, n, &s);
        return r < 0 ? r : move_recheck_now(in, s, move, &text);
}

/* The rule by which the move would concern a VM of which nobody knows where it is. */
static const Rule *move_recheck_unclear(const MoveRecheck *in, uint32_t move, const MoveOrder **ret_unclear) {
        const VmIx v = snapshot_vm(in->facts, in->moves[move].vm);

        for (uint32_t i = 0; i < in->n && v != IX_NONE; i++) {
                const VmIx other = snapshot_vm(in->facts, in->moves[i].vm);
                const Rule *rule = NULL;

                if (in->steps[i] == RECHECK_UNCLEAR && other != IX_NONE)
                        rule = move_recheck_rule_of(in->facts, v, other);
                *ret_unclear = &in->moves[i];
                if (rule)
                        return rule;
        }
        return NULL;
}

/* A move of the plan that runs is judged as the move it is, with what is to follow it, whether or not the facts show it in
 * flight by now: a flight of others may end at either of its hosts, and nobody follows it there before it has. */
static int move_recheck_own(const MoveRecheck *in, const Snapshot **io) {
        const Snapshot *s = *io, *own = s;
        Vm *vms = NULL;

        for (uint32_t i = 0; i < in->n; i++) {
                const VmIx v = in->steps[i] == RECHECK_RUNS ? snapshot_vm(s, in->moves[i].vm) : IX_NONE;

                if (v == IX_NONE || !s->vms[v].in_flight || vm_is_doubled(&s->vms[v]) ||
                    s->vms[v].host != snapshot_host(s, in->moves[i].from) ||
                    s->vms[v].in_flight_to != snapshot_host(s, in->moves[i].to))
                        continue;
                if (!vms)
                        vms = snapshot_own_vms(in->arena, &own);
                if (!vms)
                        return -ENOMEM;
                vms[v].in_flight = false;
                vms[v].in_flight_to = IX_NONE;
        }
        *io = own;
        return 0;
}

int move_recheck(const MoveRecheck *given, uint32_t move, char *why, size_t size) {
        MoveRecheck own = *given;
        const MoveRecheck *in = &own;
        const MoveOrder *m = NULL;
        const Rule *rule = move_recheck_unclear(in, move, &m);
        const char *text = "";
        int r = move_recheck_own(given, &own.facts), needed;

        if (r < 0)
                return r;

        if (rule) {
                (void) snprintf(why, size,
                                "rule %s also concerns %s, whose migration from %s to %s has an unknown end",
                                rule->name ? rule->name : rule_kind_title(rule->kind), m->vm, m->from, m->to);
                return RUN_RECHECK_NEEDED;
        }
        r = move_recheck_now(in, in->facts, move, &text);
        if (r != 1)
                return r;
        needed = move_recheck_needed(in, move);
        m = needed == 0 ? move_recheck_culprit(in, move) : NULL;
        if (needed < 0)
                return needed;
        if (m)
                (void) snprintf(why, size, "%s was not moved from %s to %s: %s", m->vm, m->from, m->to, text);
        else
                (void) snprintf(why, size, "%s", text);
        return m ? RUN_RECHECK_NEEDED : 1;
}
