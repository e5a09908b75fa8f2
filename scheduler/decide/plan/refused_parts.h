/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of "what should be done and cannot" share: plan_refused.c (whom it concerns, and the reason that
 * most hosts give), refused_by.c (what a host says, and who says it, with names and numbers). For them only.
 *
 * Units: the problem's own; ms, MiB by suffix. Owner: all is in the Planning's scratch. Errors: -ENOMEM from
 * refused_by() alone. Threads: one for each Planning.
 */
#pragma once

#include "scheduler/decide/plan/plan_parts.h"

/* Asking every host about a VM costs O(hosts). After so many questions, or when the time for explanations is up, VMs
 * are no longer asked for: those that must leave are still listed, with TIME, and the plan says that it is cut. */
#define QUESTIONS_MAX UINT64_C(20000000)

/* What a move of the VM would have to bring. */
typedef struct Wish {
        bool below_line;   /* its new host stays below its load line */
        Reason not_mended; /* the rule it should mend is mended by it: else this is the reason; NONE: no rule
                            */
        uint32_t rule;     /* which rule of the snapshot; IX_NONE: one about hosts */
} Wish;

typedef struct Listed {
        Refused refused;
        Wish wish;
} Listed;

typedef struct Asking {
        Planning *pl;
        Evaluator *e; /* after the plan */
        Listed *list;
        uint32_t n, n_all;
        uint64_t questions;
        bool cut;            /* nothing more is asked */
        bool *listed;        /* [vm] */
        int64_t mib, ms;     /* that the plan takes */
        unsigned limited_by; /* bits 1 << PlanCap */
} Asking;

/* Whether nothing more should be asked. Costs a look at the clock: for each VM, and each QUESTIONS_A_LOOK hosts. */
static inline bool asking_is_cut(Asking *k) {
        if (!k->cut && k->questions >= QUESTIONS_MAX) {
                k->cut = true;
                k->pl->cut |= 1U << PLAN_PART_EXPLAIN;
        }
        k->cut = k->cut || plan_time_is_up(k->pl, PLAN_PART_EXPLAIN);
        return k->cut;
}
#define QUESTIONS_A_LOOK 64

/* ---- refused_by.c ---- */

/* What stands against v on h; REASON_NONE: it could go there, and that would do. */
Reason refused_objection(const Asking *k, VmIx v, HostIx h, Wish wish);

/* Fills in by whom the first of the listed are refused, host by host. 0 or -ENOMEM. */
int refused_by(Asking *k) must_check;
