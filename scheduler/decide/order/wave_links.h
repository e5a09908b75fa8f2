/* SPDX-License-Identifier: Apache-2.0 */
/* The network's part of a wave: which moves may share links, switches and pools, by what the migration model
 * says. Pure.
 *
 * A move joins a wave only where that is no slower than making it after the others: with it, none of its
 * links is busy longer than without it plus what the move takes alone. So that a plan's waves never take
 * longer than its moves one after the other; guests that write much get a link for themselves, since sharing
 * makes all of them send more; and big ones do not share with small ones, since a share is kept until the
 * wave ends. (32 GiB twice at 0.5 GiB/s over 10 Gbit/s: 106 s in turn, 607 s together.)
 *
 * Units: kbit/s, ms by suffix. Owner: the arena; it refers to the net. Errors: -ENOMEM from wave_links_new()
 * alone. Threads: one for each WaveLinks.
 */
#pragma once

#include "scheduler/decide/migration/migration_net.h"
#include "scheduler/model/problem.h"

/* Caps; 0: derived. */
typedef struct LinkCaps {
        uint32_t host_in, host_out; /* moves at once; derived: two, and more (LINK_MOVES_MOST) while what they
                                       send takes less than what is fixed of them */
        uint32_t per_switch;        /* whose tables learn a VM's addresses anew; 0: no cap */
        uint32_t per_pool;          /* whose images are opened on the target; 0: no cap */
        int64_t downtime_ms;        /* allowed at first; 0: MIGRATION_DOWNTIME_MS */
} LinkCaps;

#define LINK_MOVES_LEAST 2
#define LINK_MOVES_MOST  8

typedef struct WaveLinks WaveLinks;

/* For waves of at most n moves. 0 or -ENOMEM. */
int wave_links_new(Arena *a, const MigrationNet *net, LinkCaps caps, uint32_t n, WaveLinks **ret) must_check;

/* Whether the move may join the wave, beside those that were added. */
bool wave_links_allow(WaveLinks *w, Move move);
void wave_links_add(WaveLinks *w, Move move);

/* The next wave is empty. */
void wave_links_end(WaveLinks *w);
