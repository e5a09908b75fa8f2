/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the judge share: plan_check.c (moves), check_room.c (resources), check_memory.c (memory),
 * check_rules.c (rules).
 *
 * Units: as cluster.h; capacities in the judge's rows. Owner: all is in the arena of the Check. Errors:
 * -ENOMEM; 1 is no error. Threads: one for each Check.
 */
#pragma once

#include "scheduler/decide/judge/plan_check.h"
#include "scheduler/model/bound_cells.h"

/* A move of the wave at work, names resolved. */
typedef struct CheckMove {
        uint32_t index, wave; /* index into the caller's moves */
        Move move;
} CheckMove;

/* Sentences count waves from 1, as tables do. */
static inline uint32_t check_wave_said(const CheckMove *m) {
        return m->wave + 1;
}

typedef struct CheckReserve CheckReserve;

typedef struct Check {
        Arena *arena;
        const Snapshot *s;
        const Settings *settings;
        HostIx *at; /* [vm] where it runs at the start of the wave */

        bool *mends; /* [vm] may move to a host of a worse grade; NULL: no host is watched */

        /* check_room: resources are the built-in ones and the extras, whether or not anyone measures them;
         * then vCPUs, memory in use, each size of huge pages that a VM has, and each set of NUMA nodes. */
        uint32_t n_res;
        HugeSizes huge;
        int64_t *huge_most; /* [host × huge.n] MiB */
        NumaSets numa;
        bool *numa_over;    /* [host × numa.n] more is bound there than there is, as the snapshot has it */
        int64_t *numa_most; /* [host × numa.n] MiB: what there is, at least what is bound there */
        bool memory_lent;   /* memory may be over-committed somewhere */

        /* check_memory */
        int64_t memory_kept, memory_beside; /* for each host, beside each VM: settings */
        int64_t *memory_has, *memory_own;   /* [host] MiB of ordinary memory */

        int64_t *speed;  /* [host] MHz */
        int64_t *held;   /* [host × res] at the start of the wave */
        int64_t *coming; /* [host × res] in this wave */
        int64_t *guess;  /* [vm] mcores of VMs nobody measured */

        /* check_rules */
        uint32_t *rules_start,
                *rules_of;          /* [vm + 1]: the must rules it stands in, as group or as neighbour */
        uint32_t *domain[LEVEL_N];  /* [host] */
        uint32_t *count, *in, *out; /* [domain] scratch, zero between uses */
        uint32_t *sure;             /* [domain] likewise */
        bool *taken;                /* [domain] likewise */

        CheckReserve *reserve; /* NULL: none is asked for */

        Objection *objections;
        uint32_t n_objections;

        TimeLimit time;
        bool cut; /* it was up: nothing of what was found counts */
} Check;

/* Whether the judge should end without a verdict. */
static inline bool check_time_is_up(Check *c) {
        c->cut = c->cut || time_limit_is_up(c->time);
        return c->cut;
}

/* Keeps an objection; text NULL (the arena is full): -ENOMEM. */
int check_object(Check *c, const CheckMove *m, Verdict verdict, Reason reason, const char *text) must_check;

/* By check_room_begin(). What VMs need of ordinary memory: by promise, and in use where it may be lent. */
int check_memory_begin(Check *c) must_check;
int64_t check_memory_promise(const Check *c, const Vm *vm);
int64_t check_memory_use(const Check *c, const Vm *vm);

int check_room_begin(Check *c) must_check;
int check_room_wave(Check *c, const CheckMove *moves, uint32_t n) must_check;
/* What hosts hold once the VM went from the one to the other; one that is in flight stays where it flies, too. */
void check_room_shift(Check *c, VmIx v, HostIx from, HostIx to);
void check_room_end_wave(Check *c, const CheckMove *moves, uint32_t n);

int check_rules_begin(Check *c) must_check;
int check_rules_wave(Check *c, const CheckMove *moves, uint32_t n) must_check;

/* A must rule on hosts keeps v off h; a must rule is broken where the snapshot has its VMs. */
bool check_rules_forbid(const Check *c, VmIx v, HostIx h);

/* The same, of a VM that must leave its host only by rules that are not broken there, nor waived for it. */
bool check_rules_forbid_newly(const Check *c, VmIx v, HostIx h);
bool check_rule_broken(Check *c, const Rule *rule);

/* check_span: those of the wave's moves whose VM is in the rule's group, and for which of them it is waived. */
typedef struct SpanMoves {
        const CheckMove *const *moves;
        const bool *waived;
        uint32_t n;
} SpanMoves;

/* Which of them takes a place that the group may not have; n: none. */
uint32_t check_span_too_many(Check *c, const Rule *rule, const SpanMoves *in);
bool check_span_broken(Check *c, const Rule *rule);

/* It is emptied: its VMs are about to go. Not one whose VMs may not leave, nor while nobody wants it emptied. */
bool check_span_is_left(const Check *c, HostIx h);

/* check_flight: a VM in flight may arrive, or come back because its migration failed, and nobody knows when. A rule is judged
 * for every way in which the flights of its VMs may end, and must be broken further in none. */

/* Where v may come to be without a move of the plan: where it is in flight to, else where it is. */
HostIx check_flight_to(const Check *c, VmIx v);

#define CHECK_AT_START 0x80000000U /* the VMs as the snapshot has them, not as the moves so far leave them */

/* ended: a bit for each VM of the rule that changes its domain in flight, in the order of the rule's lists: it has arrived; and
 * perhaps CHECK_AT_START. How many domains hold the VMs of the rule, or how many of them lack a neighbour (near). */
uint32_t check_flight_short_of(Check *c, const Rule *rule, uint32_t ended);

/* After the last wave: a rule that keeps together is broken further, if flights end in some way. */
bool check_flight_ends_worse(Check *c, const Rule *rule, uint32_t let_go);

/* What is known of v and h lets v run there: networks, pools, CPU. */
Reason check_fit(const Check *c, VmIx v, HostIx h);

/* check_numa. Cells have a place on h at all. */
Reason check_numa_fit(const Check *c, VmIx v, HostIx h);

/* MiB of the k-th set of nodes: of the host (UNKNOWN: it does not tell), in use of it, and what of a VM is bound to it, or
 * is there already. */
int64_t check_numa_has(const Check *c, HostIx h, uint32_t k);
int64_t check_numa_taken(const Check *c, HostIx h, uint32_t k);
int64_t check_numa_demand(const Check *c, const Vm *vm, uint32_t k);
int64_t check_numa_holds(const Check *c, const Vm *vm, uint32_t k);

int64_t check_capacity(const Check *c, HostIx h, uint32_t r);
int64_t check_demand(const Check *c, VmIx v, uint32_t r);

/* check_reserve: after check_room_begin() and check_rules_begin(); and with a wave's moves made. */
int check_reserve_begin(Check *c) must_check;
int check_reserve_wave(Check *c, const CheckMove *moves, uint32_t n) must_check;

/* After the last wave: all moves of the plan. */
int check_rules_end(Check *c, const CheckMove *moves, uint32_t n) must_check;
