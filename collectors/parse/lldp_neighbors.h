/* SPDX-License-Identifier: Apache-2.0 */
/* What "lldpcli -f json0 show neighbors" prints → which switch and port each interface is cabled to. json0,
 * since its shape does not depend on how many there are of something (lldpcli(8)). Pure but for jansson's own
 * memory.
 *
 * Units: none. Owner: the arena. Errors: -EBADMSG, -ENOMEM. Threads: any, each its own arena.
 */
#pragma once

#include "scheduler/base/arena.h"

#define LLDP_NEIGHBORS_MAX 256

typedef struct LldpNeighbor {
        const char *interface;
        const char *system; /* its name, or the id of its chassis where it tells none */
        const char *port;   /* the id of its port; "" where it tells none */
} LldpNeighbor;

/* Bridges and routers only, and what does not say what it is: a telephone or another host on the same cable
 * is no switch. 0; -EBADMSG: no JSON of that kind; -ENOMEM. At most LLDP_NEIGHBORS_MAX; the rest is left out.
 */
int lldp_neighbors_parse(Arena *a, const char *text, size_t n, const LldpNeighbor **ret,
                         uint32_t *ret_n) must_check;
