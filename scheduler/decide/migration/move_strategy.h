/* SPDX-License-Identifier: Apache-2.0 */
/* How a VM's memory is brought over: by how fast it dirties it beside what the route takes, and what its
 * policy allows. Pure; a table of ways to do it, of which the first that fits is taken.
 *
 * Units: ms, kbit/s by suffix. Owner: sentences are in the arena. Errors: -ENOMEM, as said; the others have
 * none. Threads: any, each its own arena.
 */
#pragma once

#include "scheduler/base/arena.h"
#include "scheduler/decide/migration/migration_net.h"

/* Over a faster route several connections are used: the CPU that receives is the bottleneck at 10 Gbit/s and
 * above (QEMU wiki, Features/Migration-Multiple-fds). One connection carries about 8 Gbit/s: 8 to 16 fill
 * 100 Gbit/s (oVirt, Parallel migration connections). */
#define MULTIFD_ABOVE_KBIT   INT64_C(10000000)
#define CHANNEL_KBIT         INT64_C(8000000)
#define CHANNELS_CHOSEN_MOST 16

/* What a person allows. */
typedef struct MovePolicy {
        bool post_copy, auto_converge, multifd, compress;
        bool force;       /* try what would not end, off hosts to be emptied */
        int64_t patience; /* × the longest prediction, until it is late */
        int64_t downtime_ms, downtime_most_ms;
} MovePolicy;

/* The settings'; and with what is said of a VM alone (Vm.post_copy). */
MovePolicy move_policy(const Settings *settings);
MovePolicy move_policy_of(const MovePolicy *all, const Vm *vm);

typedef struct MoveChoice {
        MoveManner manner;
        MigrationForecast forecast; /* of doing it so; of pre-copy alone, when not now */
} MoveChoice;

/* facts: over what the wave gives it of the route, and more it may not use (a cap is set where the route's speed is
 * `known`). 0 or -ENOMEM. */
int move_choose(Arena *a, MigrationFacts facts, bool known, const MovePolicy *policy,
                MoveChoice *ret) must_check;

/* Where *io would end only after within_ms, and a swifter way that the policy allows would not: that way.
 * Slowing the VM down goes before post-copy, which may lose it. 1: *io is that way now, and says so; 0: it is
 * as it was; -ENOMEM. */
int move_strategy_deadline(Arena *a, MigrationFacts facts, const MovePolicy *policy, int64_t within_ms,
                           MoveChoice *io) must_check;

/* The least that it takes by any way the policy allows, pre-copy among them. */
int64_t move_least_ms(MigrationFacts facts, const MovePolicy *policy);

/* Whether there is any way to do it over a usual route: not of one that pre-copy never ends for and whose
 * policy allows nothing else. Does not depend on where it is. */
bool move_is_possible(const MigrationNet *net, VmIx v, const MovePolicy *policy);

extern const SettingDef migration_settings[]; /* section "migration" */
