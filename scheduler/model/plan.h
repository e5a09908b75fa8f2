/* SPDX-License-Identifier: Apache-2.0 */
/* What to do, in what order, and why. A Plan is const once decide/ returns it; all of it is in one arena.
 *
 * Moves are sorted by wave, then by VM. A wave starts when every move of the waves before it has ended;
 * within a wave the moves may run at once, in any order, and each host holds both sides of its moves.
 */
#pragma once

#include "scheduler/model/action_kind.h"
#include "scheduler/model/problem.h"
#include "scheduler/model/sentence.h"

/* What the plan amounts to; "the status is the truth". Names are stable in JSON. */
typedef enum PlanStatus {
        PLAN_BALANCED,   /* nothing is worth its price */
        PLAN_IMPROVED,   /* moves that gain */
        PLAN_REPAIRED,   /* … and rules or load lines broken before hold after it */
        PLAN_EVACUATED,  /* … and hosts to be emptied are empty after it */
        PLAN_ASKED,      /* a person wants the move, which gains nothing (MoveWish) */
        PLAN_BLOCKED,    /* something that must be done cannot: `refused` says what, and by what */
        PLAN_INFEASIBLE, /* rules that cannot hold together: `conflicts` */
        PLAN_BLIND, /* no host takes part (excluded, offline): nothing is known, and so nothing is good */
        PLAN_STATUS_N,
} PlanStatus;
extern const char *const plan_status_names[PLAN_STATUS_N]; /* "balanced" … */

/* What a prediction rests on: kept with what was measured, later ones learn from it. */
typedef struct MoveBasis {
        int64_t memory_mib;                     /* to be sent */
        int64_t dirty_kib_s, dirty_burst_kib_s; /* UNKNOWN; burst: within a second */
        int64_t dirty_window_ms;                /* dirty_kib_s was measured over; 0: not said */
        int64_t local_disk_mib;
        int64_t bandwidth_kbit; /* of the way, that it was expected to have */
} MoveBasis;

/* What one migration should take (migration_model). low ≤ expected ≤ high. */
typedef struct Prediction {
        int64_t ms_low, ms, ms_high;
        int64_t bytes_low, bytes, bytes_high; /* sent, memory and disks */
        int64_t downtime_ms_low, downtime_ms, downtime_ms_high;
        MoveBasis basis;
} Prediction;

/* How a VM's memory is brought over. Names are stable in JSON. */
typedef enum MoveStrategy {
        STRATEGY_PLAIN,         /* pre-copy over one connection */
        STRATEGY_MULTIFD,       /* … over several, perhaps compressed */
        STRATEGY_AUTO_CONVERGE, /* pre-copy; its vCPUs are slowed down when it does not converge */
        STRATEGY_POST_COPY,     /* it runs on the target once most of its memory is there */
        STRATEGY_COLD,          /* it is off: its definition alone is moved */
        STRATEGY_NOT_NOW,       /* it would not end: refused, `reason` says why */
        STRATEGY_N,
} MoveStrategy;
extern const char *const move_strategy_names[STRATEGY_N]; /* "plain", "multifd", "auto-converge" … */

/* What is done with a migration that has not ended at its deadline. */
typedef enum DeadlineAction {
        DEADLINE_ABORT, /* it stays where it is */
        DEADLINE_AUTO_CONVERGE,
        DEADLINE_POST_COPY,
        DEADLINE_ACTION_N,
} DeadlineAction;
extern const char *const deadline_action_names[DEADLINE_ACTION_N]; /* "abort", "auto-converge", "post-copy" */

/* Whether QEMU may slow its vCPUs down (auto-converge): it then does so with any VM that twice in a row has
 * dirtied more than half of what was sent meanwhile. */
typedef enum SlowDown {
        SLOW_DOWN_UNSAID, /* as the settings say */
        SLOW_DOWN_ALLOWED,
        SLOW_DOWN_NEVER,
} SlowDown;

/* How one move is to be made. All zero: as usual, nobody said anything. */
typedef struct MoveManner {
        MoveStrategy strategy;
        const char *reason;     /* why this one, in a sentence; NULL or "": nothing to say */
        int64_t bandwidth_kbit; /* its share of the way in its wave, which it may not exceed; 0: no cap */
        uint32_t channels;      /* connections, of STRATEGY_MULTIFD; 0: one */
        bool compress;          /* zstd, of STRATEGY_MULTIFD */
        SlowDown slow_down;     /* STRATEGY_AUTO_CONVERGE allows it whatever this says */
        int64_t deadline_ms;    /* from its start; 0: not said */
        DeadlineAction at_deadline;
        int64_t downtime_limit_ms;      /* at first; 0: the hypervisor's own */
        int64_t downtime_limit_ms_most; /* up to which it may be raised while it does not converge; 0: not */
} MoveManner;
#define MANNER_CHANNELS_MAX 255 /* a byte, in libvirt's and QEMU's settings */

typedef struct PlanMove {
        Move move;
        uint32_t wave;   /* from 0 */
        ActionKind kind; /* what it is made for */
        Costs delta;     /* what this move alone changes, at its place in the order: < 0 gains */
        Prediction predicted;
        MoveManner manner;
        const char *why;         /* one honest sentence */
        const char *held;        /* why the service leaves it to a person (VmMode); NULL: it does not */
        const Sentence *because; /* the same as data; NULL: it was read from a file */
} PlanMove;

/* Rules that cannot hold together (decide/whynot/conflict.h): with nothing of it left out there is no
 * placement of their VMs; without any one of these there is. */
typedef struct Conflict {
        const uint32_t *rules; /* indexes into Snapshot.rules */
        const HostIx *closed;  /* hosts that take no VM as they are */
        const HostIx *full;    /* hosts whose room ends */
        const VmIx *bound;     /* VMs kept off hosts by their networks, pools, CPU … */
        const VmIx *held;      /* VMs that may not be moved: passed-through devices, a rule … */
        uint32_t n_rules, n_closed, n_full, n_bound, n_held;
        uint32_t counted, places_needed, places; /* the rule that asks for more places than are open to its
                                                    VMs; IX_NONE: another argument */
        bool smallest; /* no set of fewer rules is one as well; false: that was not proven */
        const char *text;
} Conflict;

/* What a plan may cost at most, where that was said. Names are stable in JSON, and those of the options. */
typedef enum PlanCap {
        CAP_MOVES,
        CAP_GIB,
        CAP_MINUTES,
        PLAN_CAP_N,
} PlanCap;
extern const char *const plan_cap_names[PLAN_CAP_N]; /* "max-moves", "max-gib", "max-minutes" */

/* What is done of a plan, one after the other, and what of it may be cut short when its time is up
 * (service.think). Names are stable in JSON. */
typedef enum PlanPart {
        PLAN_PART_SEARCH,  /* searching for better placements, and the exact solver */
        PLAN_PART_MEND,    /* one move that mends what the search left broken */
        PLAN_PART_ORDER,   /* waves: what had none yet is not moved */
        PLAN_PART_EXPLAIN, /* why moves are made, what was refused and by whom, rules that cannot hold */
        PLAN_PART_JUDGE,   /* a plan that is not judged to its end has no moves */
        PLAN_PART_N,
} PlanPart;
extern const char *const plan_part_names[PLAN_PART_N]; /* "search", "repair" … */
extern const char *const plan_part_texts[PLAN_PART_N]; /* what is not there when it was cut, in a sentence */

/* Something that was wanted and not possible. */
typedef struct Refused {
        VmIx vm;
        HostIx to; /* IX_NONE: wherever */
        HostIx near; /* the host that needs the smallest change to take it; IX_NONE: none, or it is of the VM itself */
        Reason reason;  /* that host's */
        uint32_t hosts; /* how many hosts refused it for that reason */
        const char *by; /* by whom, host by host, with names and numbers; NULL: not told */
} Refused;

/* Shares of capacity over hosts that take part, in permille. */
typedef struct Spread {
        int64_t mean, sd, max;
        HostIx max_host;
} Spread;

typedef struct Score {
        Costs costs;
        const Costs *policy;            /* [PolicySet.n] each policy's part, in the order of the set */
        Spread spread[PROBLEM_RES_MAX]; /* [n_res] */
        uint32_t over_limit;            /* hosts with a resource above its load line */
} Score;

/* Permille of a host's capacity, before the plan and after it, and its load line; UNKNOWN: it has none, or how much is not known. */
typedef struct PlanLoad {
        int64_t before, after, line;
} PlanLoad;

/* A host that moves leave or go to. */
typedef struct PlanHost {
        HostIx host;
        const PlanLoad *load; /* [n_res] */
} PlanHost;

/* What became of the capacity reserve (decide/cost/reserve_cover.h). */
typedef struct PlanReserve {
        bool asked;
        uint32_t losses, losses_asked; /* kept for, and asked for: fewer where the cases would be too many */
        Level level;                   /* of what is lost */
        int64_t share_permille;
        uint32_t cases, uncovered_before, uncovered_after; /* losses looked at; those not covered */
        int64_t lacking_before, lacking_after;             /* of the share, permille of a host, summed */
        bool blocked;    /* it is lacking after the plan, and not for a host that is emptied */
        const char *gap; /* what is missing after the plan, in a sentence; NULL: nothing */
} PlanReserve;

/* balance.measure: what is called even. */
typedef enum BalanceMeasure {
        BALANCE_BY_SHARE,  /* squares of shares of each host */
        BALANCE_BY_HTOOLS, /* standard deviations over hosts, as Ganeti's hbal */
        BALANCE_BY_N,
} BalanceMeasure;
extern const char *const balance_measure_names[BALANCE_BY_N + 1]; /* "share", "htools", NULL */

/* plan.goal */
typedef enum PlanGoal {
        PLAN_GOAL_SPREAD, /* hosts equally full */
        PLAN_GOAL_PACK,   /* as many hosts idle as is worth it */
        PLAN_GOAL_N,
} PlanGoal;
extern const char *const plan_goal_names[PLAN_GOAL_N + 1]; /* "spread", "pack", NULL */

/* What the plan was found by. Names are stable in JSON. */
typedef enum PlanSearch {
        PLAN_BY_DESCENT,
        PLAN_BY_PACKING,   /* … and hosts emptied after it (goal pack) */
        PLAN_BY_ANNEALING, /* asked for by a budget of evaluations, where the problem is flat (decide/flat.h)
                            */
        PLAN_SEARCH_N,
} PlanSearch;
extern const char *const plan_search_names[PLAN_SEARCH_N]; /* "descent", "packing", "annealing" */

/* What became of the exact solver, which is asked on small clusters (docs/exact-solver.md). */
typedef enum ExactUse {
        EXACT_PROVEN, /* no placement within the budgets costs less */
        EXACT_OPEN,   /* asked, and its budget ended before that was proven */
        EXACT_OFF,    /* by plan.exact_nodes, or nobody brought one */
        EXACT_TOO_LARGE,
        EXACT_RESERVE, /* it states no reserve, … */
        EXACT_PACK,    /* … no hosts in use, … */
        EXACT_MEASURE, /* … no standard deviation (balance.measure), … */
        EXACT_TIERS,   /* … no tier that is no reason to move (plan.threshold, a window that is not open) */
        EXACT_FAILED,  /* its library did */
        EXACT_ABSENT,  /* the program is built without it */
        EXACT_USE_N,
} ExactUse;
extern const char *const exact_use_names[EXACT_USE_N]; /* "proven", "open", "off" … */
extern const char *const exact_use_texts[EXACT_USE_N]; /* why it was not asked, in words; NULL: it was */

/* A host without VMs after the plan (goal pack). */
typedef enum IdleWhy {
        IDLE_MAY_BE_OFF,
        IDLE_FOR_RESERVE, /* stays on: VMs of lost hosts would have no room without it */
        IDLE_SPARE,       /* stays on: pack.keep_free */
        IDLE_WHY_N,
} IdleWhy;
extern const char *const idle_why_names[IDLE_WHY_N]; /* "may be off", "reserve", "spare": stable in JSON */

typedef struct IdleHost {
        HostIx host;
        IdleWhy why;
} IdleHost;

/* Must leave its host by a deadline, and will not have left it then. */
typedef struct PlanLate {
        VmIx vm;
        int64_t ms;        /* when it will have left, from the plan's start; UNKNOWN: it does not leave */
        int64_t within_ms; /* when it should have */
} PlanLate;

/* A VM that a person wants elsewhere, by name. */
typedef struct MoveWish {
        const char *vm; /* NULL: there is none */
        const char *to; /* a host; NULL: wherever it costs least */
        bool makes_way; /* other VMs may move first, so that it fits */
} MoveWish;

typedef struct Plan {
        PlanStatus status;
        uint32_t n_moves, n_waves, n_refused, n_policies, n_res;
        const PlanMove *moves;
        const Refused *refused; /* sorted by VM, at most 1000; `n_refused_all` counts them all */
        uint32_t n_refused_all;
        const char *
                lacks; /* what all hosts together lack below their load lines, where some stay above; NULL: nothing */
        unsigned limited_by; /* bits 1 << PlanCap: more of what should be done could be, but for these */
        const Conflict *conflicts; /* PLAN_INFEASIBLE: why */
        uint32_t n_conflicts;
        const PlanLate *late; /* by VM */
        uint32_t n_late;
        uint64_t refusals[REASON_N]; /* how often each reason refused a move that was tried */
        Score before, after;
        const PlanHost *hosts; /* [n_hosts] ascending */
        uint32_t n_hosts;
        PlanReserve reserve;
        PlanGoal goal;
        const IdleHost *idle; /* [n_idle] ascending; goal pack only */
        uint32_t n_idle;
        bool has_bound;
        Costs bound; /* no assignment that a plan could lead to costs less, lexicographically (≤ after) */
        const char *const *policy_names; /* [n_policies] */
        const char *const *res_names;    /* [n_res] */
        Strings about;      /* hosts that it is about: what leaves them, and what makes way; none: the
                                            cluster */
        MoveWish wish;      /* that it is for */
        uint32_t threshold; /* what was a reason to move (plan.threshold) */
        uint64_t seed, evaluations;
        PlanSearch search;
        ExactUse exact;             /* of the first stage, which decides most */
        bool guard_fired;           /* the wall-clock guard ended the search early */
        unsigned cut;               /* bits 1 << PlanPart: time was up in these (search: guard_fired) */
        int64_t bytes, makespan_ms; /* of all moves, predicted */
        int64_t least_ms; /* what sending each byte once over the busiest link takes: no order is faster */
        HostIx busiest;   /* whose link that is; IX_NONE: a rack's, or there are no moves */
        bool busiest_in;  /* into it; else out of it */
} Plan;
