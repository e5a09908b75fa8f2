/* SPDX-License-Identifier: Apache-2.0 */
/* How far any two hosts are: what the agents measured, an estimate where they did not, and what operators and
 * switches say where nobody measured. Pure. docs/distance.md has it in words.
 *
 *   distance = round trip in µs + 100 × switches on the way
 *
 * Switches on the way: 1 with a switch in common (LLDP) or in one rack, 3 within a zone, 5 beyond: leaf,
 * spine, core of a folded Clos network (Al-Fares, Loukissas and Vahdat, SIGCOMM 2008). Both count: a way over
 * the spine is no slower while nothing flows, and yet takes bandwidth that many share.
 *
 * A pair nobody measured gets the median of the measured ones between the same two racks, else between hosts
 * of different racks in the same two zones, else of different zones, else of all; plus what each of the two
 * hosts is further off than its class (the "height" of Dabek et al., "Vivaldi", SIGCOMM 2004), so that one
 * slow cable shows on every pair it is part of.
 *
 * Units: µs of round trip plus 100 a switch; µs where said. Owner: the arena. Errors: -ENOMEM from
 * distance_map_build() alone. Threads: any, const once built.
 */
#pragma once

#include "scheduler/base/arena.h"
#include "scheduler/model/cluster.h"

typedef struct DistanceMap DistanceMap;

typedef enum DistanceFrom {
        DISTANCE_SELF,     /* one host */
        DISTANCE_MEASURED, /* by one of the two, or both */
        DISTANCE_RACKS,    /* estimated by their racks */
        DISTANCE_ZONES,
        DISTANCE_CLUSTER,
        DISTANCE_TOLD, /* nothing was measured: only what is configured, or nothing at all */
        DISTANCE_FROM_N,
} DistanceFrom;
extern const char *const distance_from_names[DISTANCE_FROM_N]; /* "self", "measured", "racks", … */

typedef struct Distance {
        int64_t units;  /* 0: the same host; else at least DISTANCE_HOP */
        int64_t rtt_us; /* UNKNOWN */
        int64_t hops;   /* switches; UNKNOWN: nobody says, counted as 1 */
        DistanceFrom from;
} Distance;

#define DISTANCE_HOP INT64_C(100)
#define DISTANCE_MAX (INT64_C(10000000) + 5 * DISTANCE_HOP) /* 10 s: no pair is further */

/* 0 or -ENOMEM. Refers to the snapshot. */
int distance_map_build(Arena *a, const Snapshot *s, const DistanceMap **ret) must_check;

Distance distance_between(const DistanceMap *m, HostIx left, HostIx right);

/* What each level of being apart typically adds to the distance of two hosts: step[LEVEL_HOST] two hosts in
 * the nearest places there are, step[LEVEL_RACK] in different racks, step[LEVEL_ZONE] in different zones; 0
 * for a level that is not said. Medians of what was measured. */
void distance_steps(const DistanceMap *m, int64_t step[LEVEL_N]);

/* What the host is further off than its class, µs; 0: it is not. */
int64_t distance_height(const DistanceMap *m, HostIx h);

/* Whether anything tells two pairs apart: a measurement, or different places. */
bool distance_tells(const DistanceMap *m);

/* The hosts h was measured with, in order; how many. */
uint32_t distance_measured(const DistanceMap *m, HostIx h, const HostIx **ret);
