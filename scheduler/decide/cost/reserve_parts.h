/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the reserve share: reserve_cases.c (cases, judged one by one), reserve_change.c (which of
 * them moves change), reserve_build.c. Inside decide/ only.
 *
 * Units: 1024ths of the mean host; loads in the problem's own. Owner: the Reserve is its caller's arena's.
 * Errors: none. Threads: one for each Reserve.
 */
#pragma once

#include <string.h>

#include "scheduler/decide/cost/reserve_cover.h"

/* Steps from a case's first host to those that VMs were placed on, modulo the number of bits. */
typedef struct Footprint {
        uint64_t bits[2];
} Footprint;

typedef struct Case {
        HostIx start;   /* the host after the lowest lost one */
        uint32_t reach; /* hosts looked at from there on */
        int64_t uncovered, shortfall;
        Footprint first, fullest; /* of the two ways */
        bool both;                /* the second way was tried: the first one left VMs over */
        int64_t fullest_left;     /* what was free, at most, on a host that the second way took */
        uint32_t at;              /* where it is in k->open, if it is uncovered */
} Case;

/* A VM that a way left over. */
typedef struct Lack {
        HostIx nearest[2]; /* hosts as near as any; IX_NONE: there is no second one */
        int64_t far;       /* 0: it has a place */
} Lack;

typedef enum FitHeuristic { FIT_FIRST, FIT_BEST, FIT_N } FitHeuristic;

/* A host that moves change. */
typedef struct Touched {
        HostIx host;
        bool less; /* of some resource */
        int64_t was[PROBLEM_RES_MAX];
        int64_t left; /* now, in sum */
} Touched;

#define TOUCHED_MAX 4 /* two moves */
#define LEFT_SLACK  4 /* shares are rounded: what one sum says of another */

struct Reserve {
        const Problem *p;
        const ReserveGoal *goal;
        int64_t *room;                 /* [host × res] */
        int64_t *left;                 /* [host] of it, CPU and memory in sum: left_on() */
        VmIx *first, *next;            /* [host], [vm]: the VMs on each host, by size */
        HostIx *lowest;                /* [domain] its lowest host */
        uint32_t *hosts_start, *hosts; /* [domain + 1]: hosts of each domain; NULL at LEVEL_HOST */
        const uint64_t *refuges;       /* bits of hosts: reserve_is_refuge() */
        uint64_t *takers;              /* scratch: of them, those that are not lost in the case at work */
        uint32_t n_cases;
        Case *cases;
        uint32_t *domains; /* [case × losses] */
        int64_t uncovered, shortfall;
        int64_t *free, *wanted; /* [domain of the share × 2] */
        uint32_t n_shares;
        int64_t lacking;
        VmIx *list;                     /* scratch: VMs of a case */
        HostIx *places[FIT_N], *placed; /* scratch: where they found room, each way; of the one that counts */
        int64_t *left_before;           /* scratch: what `left` was before each was placed */
        Lack *lacks[FIT_N];             /* [vm] in its only case; NULL: a VM may be in several */
        Lack *tried[FIT_N];             /* scratch: the same of k->list */
        uint32_t *open;                 /* [n_open] the uncovered cases */
        uint32_t n_open;
        const uint32_t *rank;
#ifndef NDEBUG
        uint32_t checked; /* the case that was judged again last */
#endif
};

static inline uint32_t n_weighed(const Problem *p) {
        return p->n_res < RES_MEMORY + 1 ? p->n_res : RES_MEMORY + 1;
}

static inline uint32_t share_domain(const Reserve *k, HostIx h) {
        return k->goal->share_level < LEVEL_N ? problem_domain(k->p, k->goal->share_level, h) : 0;
}

static inline int64_t positive(int64_t value) {
        return value > 0 ? value : 0;
}

/* What the domain lacks of resource r, in 1024ths of the mean host. */
static inline int64_t lacks(const Reserve *k, uint32_t domain, uint32_t r) {
        const size_t i = (size_t) domain * (RES_MEMORY + 1) + r;
        const int64_t mean = k->goal->mean[r], missing = k->wanted[i] - k->free[i];

        return missing > 0 ? (missing * 1024 + mean - 1) / mean : 0;
}

/* Free CPU and memory, as reserve_left() counts it. */
static inline int64_t left_on(const Reserve *k, HostIx h) {
        static const int64_t none[PROBLEM_RES_MAX] = { 0 };

        return reserve_left(none, k->room + (size_t) h * k->p->n_res, k->goal->mean, k->p->n_res);
}

static inline HostIx after(const Reserve *k, HostIx h) {
        return h + 1 == k->p->n_hosts ? 0 : h + 1;
}

/* From c->start on. */
static inline uint32_t steps_to(const Reserve *k, const Case *c, HostIx h) {
        return h >= c->start ? h - c->start : h + k->p->n_hosts - c->start;
}

static inline bool footprint_has(const Footprint *f, uint32_t steps) {
        return f->bits[steps / 64 % 2] >> steps % 64 & 1;
}

static inline Cost cost_of(int64_t uncovered, int64_t shortfall, int64_t lacking) {
        return uncovered * RESERVE_UNCOVERED + shortfall * RESERVE_SHORTFALL + lacking * RESERVE_LACKING;
}

typedef struct Change {
        const Touched *t;
        uint32_t n;
        bool kept; /* the change stays: what is known of nearest hosts must too */
} Change;

/* ---- reserve_cases.c ---- */

void reserve_vm_move(Reserve *k, Move m);

/* Judges case c as things are now, and keeps that. */
void reserve_case_update(Reserve *k, uint32_t c);

/* ---- reserve_change.c ---- */

/* Makes the moves, n ≤ 2; the hosts they change. */
uint32_t reserve_moves_make(Reserve *k, const Move *moves, uint32_t n, Touched *t);
void reserve_moves_undo(Reserve *k, const Move *moves, uint32_t n);

/* False: with the moves made, the case is as it was. */
bool reserve_case_changes(const Reserve *k, uint32_t c, const Change *change);
