/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of "what should be done and cannot" share, each calling those before it: refused_near.c (what stands
 * against a host, and which needs the smallest change), refused_ask.c (asks all of them, and keeps the list),
 * refused_over.c (hosts that stay above their load line), refused_by.c (who says what, with names and numbers),
 * plan_refused.c (whom it concerns). For them only.
 *
 * Units: the problem's own; ms, MiB by suffix. Owner: all is in the Planning's scratch. Errors: -ENOMEM from
 * refused_by() alone. Threads: one for each Planning.
 */
#pragma once

#include "scheduler/decide/plan/plan_parts.h"
#include "scheduler/decide/whynot/refusal.h"

/* Asking every host about a VM costs O(hosts). After so many questions, or when the time for explanations is up, VMs
 * are no longer asked for: those that must leave are still listed, with TIME, and the plan says that it is cut. */
#define QUESTIONS_MAX UINT64_C(20000000)

/* VMs that are listed at most; the others are counted. */
#define REFUSED_KEPT 1000

/* What a move of the VM would have to bring. */
typedef struct Wish {
        bool below_line;   /* its new host stays below its load line */
        Reason not_mended; /* the rule it should mend is mended by it: else this is the reason; NONE: no rule
                            */
        uint32_t rule;     /* which rule of the snapshot; IX_NONE: one about hosts */
} Wish;

/* Nothing of all that. */
#define WISH_NONE ((Wish){ .rule = IX_NONE })

#define WISH_BELOW ((Wish){ .below_line = true, .rule = IX_NONE })

typedef struct Listed {
        Refused refused;
        Wish wish;
} Listed;

typedef struct Asking {
        Planning *pl;
        Evaluator *e;       /* after the plan */
        const Trial *trial; /* the same */
        Listed *list;
        uint32_t n, n_all;
        uint64_t questions;
        bool cut;            /* nothing more is asked */
        bool *listed;        /* [vm] */
        int64_t mib, ms;     /* that the plan takes */
        unsigned limited_by; /* bits 1 << PlanCap */
        const char *lacks;   /* Plan.lacks */
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

/* ---- refused_near.c ---- */

/* What stands against v on h; REASON_NONE: it could go there, and that would do. */
Reason refused_objection(const Asking *k, VmIx v, HostIx h, Wish wish);

/* What would have to change for a host to take a VM. */
typedef struct Nearness {
        uint32_t kinds;   /* of things beside room: the host or what it has, rules, the reserve */
        int64_t lack_ppm; /* of the host: the resource that is lacking most */
} Nearness;

/* `why`: what refused_objection() said of it. */
Nearness refused_nearness(const Asking *k, VmIx v, HostIx h, Wish wish, Reason why);
bool nearness_less(Nearness left, Nearness right);

/* What h lacks of r to hold v as well, below its load line where that is wished; 0: nothing. */
int64_t refused_lack(const Asking *k, VmIx v, HostIx h, uint32_t r, Wish wish);

/* "lacks 3.2 GiB of memory". NULL: no memory. */
const char *refused_lacks_text(const Asking *k, VmIx v, HostIx h, Wish wish);

/* Of a VM that a rule holds together with others: no host has room for all of them. 1: so it is told; 0; -ENOMEM. */
int refused_group(const Asking *k, Listed *l);

/* ---- refused_ask.c ---- */

/* Asks all hosts. False: at least one would take it, or nobody knows: reason TIME. */
bool refused_ask_hosts(Asking *k, VmIx v, Wish wish, Refused *ret);

/* Lists it, once for each VM. */
void refused_keep(Asking *k, const Refused *one, Wish wish);

/* v could be moved: notes which caps of the request that would go beyond. */
void refused_capped(Asking *k, VmIx v);

/* ---- refused_over.c ---- */

/* Lists VMs of hosts that stay above their load line; k->lacks. 0 or -ENOMEM. */
int refused_over(Asking *k);

/* "h1 stays 11.0 % above its load line" of the host where v is; and what the move of v would take. NULL: no memory. */
const char *refused_over_text(const Asking *k, VmIx v);
const char *refused_dear_text(const Asking *k, VmIx v);

/* ---- refused_by.c ---- */

/* What words are made by. 0 or -ENOMEM. */
int refused_trial(Asking *k, Trial *ret);

/* Fills in by whom the first of the listed are refused, host by host. 0 or -ENOMEM. */
int refused_by(Asking *k) must_check;
