/* SPDX-License-Identifier: Apache-2.0 */
/* One VM tried on every host by the engine that plans: what refuses it, or what it would cost, by policy.
 *
 * A VM that runs nowhere yet (Vm.host IX_NONE: a newcomer) is tried as if it started there; any other as if
 * it were moved there alone. Newcomers are not movable before they are somewhere, pay no price of moving, and
 * their cpu_mcores are cores of the usual speed (snapshot_speeds()).
 *
 * Owner: the arena of trial_build(). Threads: a Trial belongs to one. Pure.
 *
 * Units: Cost: no unit; the problem's own. Errors: -ENOMEM, -ENODATA, what problem_build() returned; the
 * others have none.
 */
#pragma once

#include "scheduler/decide/cost/evaluator_enter.h"
#include "scheduler/decide/cost/policy.h"
#include "scheduler/decide/problem/problem_build.h"

typedef struct Trial {
        const Snapshot *s;
        const Settings *settings;
        PolicySet policies;
        ResourceLayout layout;
        const Problem *p;   /* home: IX_NONE for newcomers */
        Terms *terms;       /* of all policies */
        Evaluator *e;       /* everything where it is now; trial_put() changes it */
        Evaluator **parts;  /* [policies.n] each policy by itself; NULL: costs are not told apart */
        const int64_t *mhz; /* [host] */
        int64_t usual_mhz;
} Trial;

typedef struct TrialHost {
        HostIx host;
        bool here;              /* it is there now: no cost, no refusal */
        bool over_line;         /* with it there, something it needs is above the host's load line */
        Reason reason;          /* REASON_NONE: it may go there */
        Costs delta;            /* what that would cost; 0 when refused */
        const Costs *by_policy; /* [policies.n]; NULL when refused, or not told apart */
        int64_t now[PROBLEM_RES_MAX], after[PROBLEM_RES_MAX]; /* shares of the host in permille; UNKNOWN: it
                                                                 has no limit of it */
} TrialHost;

typedef enum TrialOption {
        TRIAL_PARTS = 1,  /* costs are told apart by policy */
        TRIAL_SPENDS = 2, /* newcomers may spend the reserve: it is for them, their host was lost */
} TrialOption;

/* options: of TrialOption. 0; -ENOMEM; -ENODATA: no hosts; what problem_build() said.
 */
int trial_build(Arena *a, const Snapshot *s, const Settings *settings, PolicySet policies, unsigned options,
                Trial *ret) must_check;

/* The same with `less` [n_res] of h's load gone, by whatever means; costs are not told apart. In `a`. 0 or
 * -ENOMEM.
 */
int trial_free(Arena *a, const Trial *t, HostIx h, const int64_t *less, Trial *ret) must_check;

/* The engine's verdict on v on h. by_policy is in `a`. 0 or -ENOMEM. */
int trial_host(Arena *a, const Trial *t, VmIx v, HostIx h, TrialHost *ret) must_check;

/* The verdicts on all hosts: its own first, then those it may go to, cheapest first, then the others by
 * name. *ret_n_open: how many do not refuse it. 0 or -ENOMEM. */
int trial_hosts(Arena *a, const Trial *t, VmIx v, const TrialHost **ret, uint32_t *ret_n_open) must_check;

/* Puts v on h: a newcomer starts there, another VM is moved. The caller has seen that nothing refuses it. */
void trial_put(Trial *t, VmIx v, HostIx h);

/* Takes a VM that was nowhere away again. */
void trial_take(Trial *t, VmIx v);

/* Whether v on h, were it there as well, is above h's load line in what it needs; *ret_r: in which resource.
 */
bool trial_over_line(const Trial *t, VmIx v, HostIx h, uint32_t *ret_r);

/* The snapshot with the newcomers where host_of says (IX_NONE: left out of it), as if they ran there: what
 * the hosts were measured to use is more by what they need. In `a`. 0 or -ENOMEM. */
int trial_start(Arena *a, const Trial *t, const HostIx *host_of, const Snapshot **ret) must_check;

/* "cpu" and "memory" as people say them: "3.2 GiB of memory", "2.0 cores", "150 Mbit/s (received)". What is
 * lacking is rounded up, what is left rounded down. In `a`; NULL: it is full. */
const char *trial_amount(Arena *a, const Trial *t, HostIx h, uint32_t r, int64_t amount);
const char *trial_left(Arena *a, const Trial *t, HostIx h, uint32_t r, int64_t amount);
