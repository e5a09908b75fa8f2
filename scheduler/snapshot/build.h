/* Reports of all hosts → Snapshot. Pure. Facts that are stale or missing are marked and their hosts fenced
 * (design §7.4); a VM that two hosts report is in flight.
 */
#pragma once

#include "scheduler/base/arena.h"
#include "scheduler/model/cluster.h"
#include "scheduler/model/sample.h"
#include "scheduler/model/settings.h"

/* What is known of a host apart from its report: kept in the store by operators (cordon, maintenance), or
 * given on the command line. */
typedef struct HostMark {
        const char *host;
        HostState state;
        const char *zone, *rack, *neighborhood; /* NULL: not said */
} HostMark;

typedef struct BuildInput {
        const char *cluster;
        usec_t now;
        const Report *const *reports; /* any order, at most one a host (the newest) */
        uint32_t n_reports;
        const char *const *expected; /* hosts that are members though they may be silent; any order */
        uint32_t n_expected;
        const HostMark *marks;
        uint32_t n_marks;
} BuildInput;

extern const SettingDef snapshot_settings[]; /* section "snapshot": stale_after … */

/* 0; -ENOMEM; -ERANGE: more hosts or VMs than HOSTS_MAX, VMS_MAX. */
int snapshot_build(Arena *a, const BuildInput *in, const Settings *settings, const Snapshot **ret) must_check;
