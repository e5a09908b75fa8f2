/* SPDX-License-Identifier: Apache-2.0 */
/* What was said of a host when it was admitted to its cluster: as which machine, how large, reached where. A host that
 * is not admitted, or is another machine by now, takes no part (snapshot/build/host_admit.h).
 *
 * Units: by suffix (units.h); usec_t, in microseconds since the epoch. Owner: whoever made it, with its strings. Errors:
 * none. Threads: any, const once read.
 */
#pragma once

#include <stdbool.h>

#include "scheduler/model/units.h"

typedef struct HostAdmission {
        const char *host;
        const char *uuid;    /* of the machine, by its libvirt; NULL: not known yet */
        const char *address; /* stands for the name in URIs; NULL: the name does */
        const char *by;      /* who admitted it; NULL: not said */
        const char *why;     /* by which rule, or what was said; NULL: not said */
        const char *
                found; /* another machine's UUID, which its libvirt said when it was to be moved to or from; NULL:
                                     none. It takes no part until it is admitted anew */
        usec_t at;     /* 0: not said */
        int64_t cpus, memory_mib; /* as it was then; UNKNOWN */
        bool forgotten;           /* it is not admitted, and what is kept of it is to go */
        bool unread;              /* there is a record, and nobody understands it: it is not admitted */
} HostAdmission;
