/* SPDX-License-Identifier: Apache-2.0 */
/* One move of a plan as a policy's sentence sees it, at the moment it is made; and the facts that policies
 * speak of, counted from it.
 *
 * Pure. Threads: any. Errors: none; nothing is allocated.
 *
 * Units: the problem's own; Cost: no unit; shares in ppm. Owner: the view and the draft are the caller's.
 */
#pragma once

#include "scheduler/decide/cost/evaluator.h"
#include "scheduler/model/sentence.h"
#include "scheduler/model/settings.h"

/* How people call a resource, and count it. */
typedef struct ResourceWords {
        int64_t mean;      /* problem_mean_capacity(): as dear as it is often asked */
        const char *title; /* "CPU", "memory", "network (sent)" … */
        FactUnit unit;
        bool promised; /* what VMs were promised of r - that of which another row counts the use: vCPUs */
} ResourceWords;

typedef struct MoveView {
        const Problem *p;
        const Snapshot *s; /* host for host and VM for VM that of the problem: its names */
        const Settings *settings;
        const Evaluator *e;         /* of all policies, just before the move */
        const HostIx *end;          /* [vm] where it is once the plan is carried out */
        const Assignment *ends;     /* the same, with what hosts hold then; NULL: the plan is this move */
        const ResourceWords *words; /* [n_res] */
        const Move *m;
        bool passing; /* relief that other moves of the plan undo is a reason, too */
        bool alone; /* the policy gains by the move itself, by `gain`; else it is asked what the move is part of */
        Tier tier;  /* alone: in which it gains */
        Costs gain; /* alone: what the policy costs less, < 0 in `tier` */
} MoveView;

/* What host h holds of r just before the move, or once it is made. */
int64_t view_load(const MoveView *view, HostIx h, uint32_t r, bool after);

/* What host h holds of r once the plan is carried out. */
int64_t view_end_load(const MoveView *view, HostIx h, uint32_t r);

/* The move takes r off the host it leaves, and that host ends with less of it than it holds now. */
bool view_relief_lasts(const MoveView *view, uint32_t r);

/* Facts, as their kinds say (sentence.h); what a target has to offer is what it ends with: a reason holds when all is done, too. */
Fact fact_vm(const MoveView *view, VmIx vm);
Fact fact_host(const MoveView *view, HostIx h);
Fact fact_resource(const MoveView *view, uint32_t r);
Fact fact_share(const MoveView *view, HostIx h, uint32_t r, bool after);
Fact fact_line(const MoveView *view, HostIx h, uint32_t r);
Fact fact_room_end(const MoveView *view, HostIx h, uint32_t r);
Fact fact_share_end(const MoveView *view, HostIx h, uint32_t r);
Fact fact_level(Level level);
Fact claim_gain(const MoveView *view);

/* The part of the policy that gains most (CLAIM_MOST), and by how much. */
Fact claim_most(uint32_t part, Cost gain);

/* What host h holds of r changes by less than numbers show (a millionth): it reads the same before and after. */
bool view_looks_same(const MoveView *view, HostIx h, uint32_t r);

/* What the move's target keeps of r once the plan is carried out: room below its load line, or how full it is. */
void clause_target(const MoveView *view, uint32_t r, SentenceDraft *d);

/* What the target keeps below its load lines once the plan is carried out, or that it can take the VM though it ends above
 * one. */
void clause_room(const MoveView *view, SentenceDraft *d);

/* The sentence of a policy of rules of one kind between VMs: the rule that the move mends most; or, not alone,
 * the rule that has others move along with it. False: neither. */
bool rule_why(const MoveView *view, RuleKind kind, SentenceDraft *d);

/* How much further the move breaks the rule, < 0: less far. As rule_broken() after it less before, in time
 * linear in its groups. */
int64_t view_rule_change(const MoveView *view, const GroupRule *rule);

/* Of a rule about hosts: its VMs may not be on h. */
bool rule_denies(const Rule *rule, HostIx h);

/* v is of one of the rule's groups. */
bool rule_touches(const Problem *p, VmIx v, const GroupRule *rule);

/* The heaviest rule about hosts that names the VM and that the move satisfies: IX_NONE, or an index into
 * Snapshot.rules. */
uint32_t view_host_rule(const MoveView *view, bool must);

/* The first rule that the move breaks, and that is waived for the VM since it must leave its host: IX_NONE, or an index. */
uint32_t view_waived(const MoveView *view);

/* The first rule about hosts that must hold and forbids the VM both hosts of the move: IX_NONE, or an index. */
uint32_t view_breach(const MoveView *view);
