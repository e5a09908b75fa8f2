/* A policy: one opinion on where VMs should run — a hard rule, a goal, or both.
 *
 * To add one: write policies/NAME.c, which ends with `const Policy policy_NAME = {…}`, and add the line
 * POLICY(NAME) to policies/policies.def. Settings, help and manual come from its own table. The contract test
 * then holds it to:
 *   - total(after m) − total(before m) == what delta and host_cost say for m, exactly, for every move tried;
 *   - refuse(), delta() and host_cost() change nothing; the same input gives the same answer;
 *   - after moved(), the state equals one prepared afresh at that assignment.
 *
 * Pure: no I/O, clock, globals; memory only from the arena given to prepare(). Threads: a state belongs to
 * one search; several searches each prepare their own.
 */
#pragma once

#include "scheduler/model/plan.h"
#include "scheduler/model/settings.h"

typedef struct Policy {
        const char *name;           /* also the section of its settings */
        const char *summary;        /* one line */
        Tier tier;                  /* where its cost counts */
        const SettingDef *settings; /* NULL: none */
        size_t state_size;

        /* Fills *state (zeroed) for x, every VM where x says. 0 or negative errno. NULL: no state. */
        int (*prepare)(const Problem *p, const Settings *s, const Assignment *x, void *state, Arena *a);

        /* Why m may not be made; NULL: never refuses. "Never worse than now": a move that leaves a rule as
         * broken as it is, or mends it, is not refused for that rule. */
        Reason (*refuse)(const void *state, const Assignment *x, Move m);

        /* The part of the goal that is a sum over hosts of a function of the host's load alone: the search
         * keeps it per host and adds differences. load is [n_res]. NULL: none. Hot path: no division. */
        Cost (*host_cost)(const void *state, HostIx h, const int64_t *load);

        /* The rest of what m changes. NULL: none. Hot path. */
        Cost (*delta)(const void *state, const Assignment *x, Move m);

        /* The whole goal from scratch, from its definition: tests, explain, plans. NULL: no goal. */
        Cost (*total)(const void *state, const Assignment *x);

        /* x has just been changed by m: bring counters up to date. NULL: nothing to keep. */
        void (*moved)(void *state, const Assignment *x, Move m);
} Policy;

typedef struct PolicySet {
        const Policy *const *policies;
        uint32_t n;
} PolicySet;
