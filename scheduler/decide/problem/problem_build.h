/* SPDX-License-Identifier: Apache-2.0 */
/* Snapshot → Problem: names and units become columns and indexes. The definitions, which the judge
 * (plan_check) repeats in words of its own:
 *
 *   cpu           MHz. A host has cpus × cpu_mhz; one that does not say its speed is as fast as the median
 *                 of those that do, or 1000. A VM needs its cpu_mcores at the speed of the host it was
 *                 measured on. One that was not measured is taken to use what its host uses beyond the
 *                 measured VMs, shared by vCPUs and at most its vCPUs; all its vCPUs when the host was not
 *                 measured either; nothing while it is paused. Such a guess is no ground for balance
 *                 (problem_wishes.c).
 *   memory        MiB, transient. A host has its ordinary memory × overcommit; a VM needs what it is promised
 *                 (docs/memory.md, model/host_memory.h).
 *   net rx, tx    kbit/s, when at least one NIC with a carrier says its speed. A host that does not say has
 *                 no limit. A VM that was not measured needs none.
 *   extras        as the snapshot says; transient where it says so.
 *   vcpus         where an over-commit ratio for CPU is set (cluster or host): cpus × ratio; a VM needs its
 *                 vCPUs, running or not. Demand counts beside it, as cpu.
 *   memory in use where memory may be over-committed: the host's ordinary memory itself; a VM needs what it has
 *                 in use. Transient. What is promised counts beside it, as memory.
 *   huge pages    of each size that a VM has: MiB, transient, and no part of ordinary memory. To a host that does
 *                 not tell of them no VM may come that has them.
 *
 *   nodes         of each set of NUMA nodes that memory of a VM is bound to (docs/numa.md): MiB, transient. A host has
 *                 what its nodes of these numbers have, at least what is there; a VM needs what is bound to them
 *                 alone. A host that does not tell of its nodes has no limit.
 *
 *   base          what a host uses beyond its VMs: measured use less the needs of the VMs on it, never below
 *                 zero; of memory its own use; for nodes what of them is not available less what the VMs bound to
 *                 them hold. A VM in flight counts on its other host too, there in the base.
 *   limit         the load line: capacity less headroom (the host's own, or of the settings).
 *
 * Rules on hosts that are a wish (must: false) cost by class of VMs and host (wish_cost, wish_of), those on
 * staying by VM (stay_wish): they refuse nothing.
 *
 * Units: the problem's own, as said above. Owner: the arena. Errors: -ENOMEM, -ERANGE. Threads: any, each its
 * own arena.
 */
#pragma once

#include "scheduler/model/bound_cells.h"
#include "scheduler/model/problem.h"
#include "scheduler/model/settings.h"

extern const SettingDef cluster_settings[]; /* section "cluster" */

/* Which resource is which row of the Problem. */
typedef struct ResourceLayout {
        uint32_t n, net_rx, extra; /* net_tx follows net_rx; IX_NONE: no host says its NICs' speeds */
        uint32_t vcpus, in_use;    /* behind the extras; IX_NONE: nothing is over-committed */
        uint32_t huge;             /* one for each size of huge pages that is kept account of */
        HugeSizes huge_sizes;
        uint32_t numa; /* one for each set of nodes that memory is bound to and account is kept of */
        NumaSets numa_sets;
        const char *names[PROBLEM_RES_MAX];
} ResourceLayout;

/* 0; -ENOMEM; -ERANGE: more extra resources than PROBLEM_RES_MAX has room for. Names are the snapshot's or static. Of the
 * arena no more is kept than names of nodes. */
int resource_layout(Arena *a, const Snapshot *s, const Settings *settings, ResourceLayout *ret) must_check;

/* 0; -ENOMEM; -ERANGE as above. Besides "cluster" the settings have the sections of the policies "load"
 * (headroom) and "balance" (weights), whose words a person looks for there. The Problem lives in `a` and
 * refers to the snapshot (Problem.snapshot), which must live as long. */
int problem_build(Arena *a, const Snapshot *s, const Settings *settings, const Problem **ret) must_check;

/* CPUs of the host's nodes of the set; UNKNOWN: one of them does not tell. */
int64_t numa_cpus_of(const Host *host, uint64_t set);

/* All numbers of the list are those of CPUs of these nodes; true where the CPUs of one of them are not known. Of a host with a
 * platform. */
bool numa_has_cpus(const Host *host, uint64_t set, const char *list);

/* plan.threshold: how much of a reason it takes to move a VM. */
#define PLAN_THRESHOLD_MIN 1 /* rules and evacuation only */
#define PLAN_THRESHOLD_MAX 5 /* almost any gain */

/* Which tiers are a reason to move, and what part of its price a move has to earn. Of a problem that
 * problem_build() made, whatever its settings say. */
void problem_set_threshold(Problem *p, uint32_t threshold);

/* mends[vm]: whether its leaving its home mends something: an overfull host, a rule that must hold and is
 * broken. The scratch it takes of `a` stays taken. 0 or -ENOMEM. */
int problem_mends(Arena *a, const Problem *p, bool *mends) must_check;

/* barred: where others of a rule may not come while a VM of it is in flight, from where they are at home. Again where home has
 * changed. 0 or -ENOMEM. */
int problem_flight_bars(Arena *a, const Snapshot *s, Problem *p) must_check;

/* Of a problem whose home is no longer that of its snapshot, with a reserve: what was mended since does not
 * spend it any more. 0 or -ENOMEM. */
int problem_reserve_again(Arena *a, Problem *p) must_check;
