/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the judge share: plan_check.c (moves), check_room.c (resources), check_rules.c (rules).
 *
 * Units: as cluster.h; capacities in the judge's rows. Owner: all is in the arena of the Check. Errors:
 * -ENOMEM; 1 is no error. Threads: one for each Check.
 */
#pragma once

#include "scheduler/decide/judge/plan_check.h"

/* A move of the wave at work, names resolved. */
typedef struct CheckMove {
        uint32_t index, wave; /* index into the caller's moves */
        Move move;
} CheckMove;

typedef struct CheckReserve CheckReserve;

typedef struct Check {
        Arena *arena;
        const Snapshot *s;
        const Settings *settings;
        HostIx *at; /* [vm] where it runs at the start of the wave */

        bool *mends; /* [vm] may move to a host of a worse grade; NULL: no host is watched */

        /* check_room: resources are the built-in ones and the extras, whether or not anyone measures them;
         * then vCPUs, memory in use, and each size of huge pages that a VM has. */
        uint32_t n_res;
        HugeSizes huge;
        int64_t *huge_most; /* [host × huge.n] MiB */
        bool memory_lent;   /* memory may be over-committed somewhere */
        int64_t *speed;     /* [host] MHz */
        int64_t *held;      /* [host × res] at the start of the wave */
        int64_t *coming;    /* [host × res] in this wave */
        int64_t *guess;     /* [vm] mcores of VMs nobody measured */

        /* check_rules */
        uint32_t *rules_start,
                *rules_of;          /* [vm + 1]: the must rules it stands in, as group or as neighbour */
        uint32_t *domain[LEVEL_N];  /* [host] */
        uint32_t *count, *in, *out; /* [domain] scratch, zero between uses */

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

int check_room_begin(Check *c) must_check;
int check_room_wave(Check *c, const CheckMove *moves, uint32_t n) must_check;
void check_room_end_wave(Check *c, const CheckMove *moves, uint32_t n);

int check_rules_begin(Check *c) must_check;
int check_rules_wave(Check *c, const CheckMove *moves, uint32_t n) must_check;

/* A must rule on hosts keeps v off h; a must rule is broken where the snapshot has its VMs. */
bool check_rules_forbid(const Check *c, VmIx v, HostIx h);
bool check_rule_broken(Check *c, const Rule *rule);

/* What is known of v and h lets v run there: networks, pools, CPU. */
Reason check_fit(const Check *c, VmIx v, HostIx h);

int64_t check_capacity(const Check *c, HostIx h, uint32_t r);
int64_t check_demand(const Check *c, VmIx v, uint32_t r);

/* check_reserve: after check_room_begin() and check_rules_begin(); and with a wave's moves made. */
int check_reserve_begin(Check *c) must_check;
int check_reserve_wave(Check *c, const CheckMove *moves, uint32_t n) must_check;

/* After the last wave: all moves of the plan. */
int check_rules_end(Check *c, const CheckMove *moves, uint32_t n) must_check;
