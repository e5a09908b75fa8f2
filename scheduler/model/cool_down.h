/* SPDX-License-Identifier: Apache-2.0 */
/* A VM that was moved lately: kept in the store, so that it is not moved back and forth. */
#pragma once

#include "scheduler/model/move_order.h"
#include "scheduler/model/units.h"

typedef struct CoolDown {
        const char *vm;
        usec_t until;
        usec_t length;       /* how long it cools down; moved again soon after, twice as long */
        const usec_t *moved; /* when it was moved within the last day */
        uint32_t n_moved;
        const char *
                why; /* NULL: it was moved lately, and balance leaves it where it is: repair, relief and evacuation do
                            not; else why it may not be moved at all */
        const char *
                by; /* a person moved it by hand: who, or "somebody"; NULL: nobody did, its last move was ours. Balance
                            and load leave it where it was put; evacuation and rules that must hold do not */
        usec_t by_at; /* when that was, or was seen */
        const MoveOrder
                *open; /* its last move, whose end is not known: it needs room on both hosts; NULL: none */
        bool runs; /* that move is under way, and whoever leads looks after it: the VM is leaving, and held back by nothing */
} CoolDown;
