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
        const ResourceWords *words; /* [n_res] */
        const Move *m;
        bool alone; /* the policy gains by the move itself, by `gain`; else it is asked what the move is part of */
        Tier tier;  /* alone: in which it gains */
        Costs gain; /* alone: what the policy costs less, < 0 in `tier` */
} MoveView;

/* What host h holds of r just before the move, or once it is made. */
int64_t view_load(const MoveView *view, HostIx h, uint32_t r, bool after);

/* Facts, as their kinds say (sentence.h). */
Fact fact_vm(const MoveView *view, VmIx vm);
Fact fact_host(const MoveView *view, HostIx h);
Fact fact_resource(const MoveView *view, uint32_t r);
Fact fact_share(const MoveView *view, HostIx h, uint32_t r, bool after);
Fact fact_line(const MoveView *view, HostIx h, uint32_t r);
Fact fact_room(const MoveView *view, HostIx h, uint32_t r);
Fact fact_level(Level level);
Fact claim_gain(const MoveView *view);

/* What the move's target has to offer of r: room below its load line, or how full it is. named: the clause
 * before it was about a load line. */
void clause_target(const MoveView *view, uint32_t r, bool named, SentenceDraft *d);

/* Room for the VM below the target's load lines, or that it can take it though it is above one. */
void clause_room(const MoveView *view, SentenceDraft *d);

/* The sentence of a policy of rules of one kind between VMs: the rule that the move mends most; or, not alone,
 * the rule that has others move along with it. False: neither. */
bool rule_why(const MoveView *view, RuleKind kind, SentenceDraft *d);

/* How much further the move breaks the rule, < 0: less far. As rule_broken() after it less before, in time
 * linear in its groups. */
int64_t view_rule_change(const MoveView *view, const GroupRule *rule);

/* v is of one of the rule's groups. */
bool rule_touches(const Problem *p, VmIx v, const GroupRule *rule);

/* The heaviest rule about hosts that names the VM and that the move satisfies: IX_NONE, or an index into
 * Snapshot.rules. */
uint32_t view_host_rule(const MoveView *view, bool must);
