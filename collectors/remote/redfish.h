/* SPDX-License-Identifier: Apache-2.0 */
/* One host's BMC by Redfish (DMTF DSP0266): a session, its storage, chassis and memory, as one Section
 * "redfish".
 *
 * A session is opened and ended; where a BMC has none, basic authentication is used. At most 512 resources,
 * and the time limit, are spent on one BMC; what was not reached, or could not be read, is named in item.unread and
 * keeps its grade. Links are followed on the BMC alone.
 *
 * Owner: everything is in the arena. Threads: any. Blocks for at most the time limit.
 *
 * Units: as metrics.def says of each metric; usec_t, in microseconds since the epoch. Errors: a negative
 * errno, as said below.
 */
#pragma once

#include "scheduler/base/arena.h"
#include "scheduler/base/text.h"
#include "scheduler/model/sample.h"
#include "scheduler/model/settings.h"

typedef struct RedfishTarget {
        const char *host;            /* as agents call it */
        const char *url;             /* https://bmc.example.net */
        const char *user, *password; /* user "": none is sent */
        const char *ca_file;         /* NULL: the system's certificates */
        bool insecure;               /* certificates are not verified */
        usec_t timeout;              /* for all of it */
} RedfishTarget;

/* 0; errors of http_request(); -EACCES: it refuses the user; -EBADMSG: no Redfish; -E2BIG: too many
 * resources; all with *reterr_fault, without the password. */
int redfish_read(Arena *a, const RedfishTarget *target, usec_t now, Section *ret,
                 TextFault *reterr_fault) must_check;

extern const SettingDef redfish_settings[]; /* section "redfish" */
