/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of waves share: waves.c (which moves start), waves_rules.c (what rules say of one),
 * waves_begin.c (the board they start on).
 *
 * Units: the problem's own. Owner: all is in the arena of the Waves. Errors: -ENOMEM. Threads: one for each
 * Waves.
 */
#pragma once

#include "scheduler/decide/cost/reserve_cover.h"
#include "scheduler/decide/order/wave_links.h"
#include "scheduler/decide/order/waves.h"

typedef struct Pending {
        Move move;
        int64_t urgency, price, order; /* order: ascending */
        uint32_t first;                /* of those as urgent: by deadline */
} Pending;

typedef struct Source {
        uint32_t first, end; /* of its pending moves; placed ones are taken from the front */
        int64_t urgency;
        HostIx host;
} Source;

/* Rings that are opened, at most; the rest is left out. */
#define STOP_OVERS_MAX 64

/* What is tried for a wave, ever more while it stays empty. */
typedef struct Patience {
        uint32_t tries; /* moves of a host that may fail */
        bool capacity;  /* hosts may be filled above their load lines */
} Patience;

typedef struct Waves {
        Arena *arena;
        const Problem *p;
        WaveLimits limits;
        WaveLinks *links;              /* NULL: the network does not count */
        HostIx *at;                    /* [vm] at the start of the wave */
        HostIx *to;                    /* [vm] where it goes in the wave `wave_of` names */
        uint32_t *wave_of;             /* [vm] 1 + the last wave it moved in */
        int64_t *load, *coming;        /* [host × res] */
        uint32_t *in, *out;            /* [host] moves of this wave */
        uint32_t *seen, seen_now;      /* [host or domain] scratch stamps */
        uint32_t *waited, ring;        /* [host] stamps of open_ring() */
        uint32_t *rules_start, *rules; /* [group + 1]: rules that must hold, of each group */
        Pending *pending, *late;       /* late: second legs of stop-overs */
        Source *sources;
        WaveMove *moves;
        Reserve *reserve;       /* as at the start of the wave; NULL: none to keep */
        ReserveMeasure at_most; /* what the reserve may lack after a wave */
        uint32_t *held_back;    /* [vm] 1 + the last wave it was held back from, for the reserve */
        uint32_t n_sources, n_late, n_moves, n_wave, n_pending, wave, n_stop_overs;
        uint32_t turns; /* of loops, since time was asked for */
        bool cut;       /* time is up */
} Waves;

/* 0 or -ENOMEM. */
int waves_begin(Waves *w, const Move *moves, uint32_t n) must_check;
int waves_index_rules(Waves *w) must_check;

/* In any order of this wave's ends, no rule is broken further than at its start. */
bool waves_rules_allow(Waves *w, VmIx v, HostIx to);

/* ---- waves.c ---- */

/* Whether v may start for `to` in this wave. most: what the target may hold at most, its capacity or its load line. */
bool waves_may_start(Waves *w, VmIx v, HostIx to, const int64_t *most);
void waves_start(Waves *w, VmIx v, HostIx to);
void waves_end_wave(Waves *w);

/* After the wave the reserve lacks no more than before, but for the moves that may spend it: what would spend
 * it besides is held back. Leaves `reserve` as it is after the wave. */
void waves_keep_reserve(Waves *w);

/* Asked once in so many turns of a loop. */
bool waves_time_is_up(Waves *w, uint32_t turns);
