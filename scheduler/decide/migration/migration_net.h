/* SPDX-License-Identifier: Apache-2.0 */
/* What migrations have of the network: the links between hosts and what is free of each, and what is known of
 * a VM's migration beforehand. Pure.
 *
 * A link is one direction of a host's migration NIC, or of a rack's cable to the others (where
 * migration.rack_bandwidth says what it carries). Free is what it carries less the greater of its measured
 * load and what its VMs are taken to need of it (demand; docs/demand.md), at least a tenth, since TCP shares;
 * and at most migration.bandwidth.
 *
 * Units: kbit/s. Owner: the arena; it refers to the snapshot. Errors: -ENOMEM from migration_net_build()
 * alone. Threads: any, each its own arena.
 */
#pragma once

#include "scheduler/decide/migration/migration_model.h"
#include "scheduler/model/settings.h"

#define ROUTE_LINKS_MAX 4

/* Assumed of a link whose speed nobody tells, kbit/s. */
#define LINK_USUAL_KBIT INT64_C(1000000)

typedef struct MigrationLink {
        int64_t kbit;      /* what it carries, within migration.bandwidth */
        int64_t free_kbit; /* … beside its other traffic; > 0 */
        bool known;        /* false: its speed is assumed */
} MigrationLink;

typedef struct MigrationNet {
        const Snapshot *s;
        uint32_t n_hosts, n_links;
        const MigrationLink *links;        /* host h: 2h out, 2h + 1 in; then racks alike */
        const uint32_t *rack;              /* [host], or NULL: racks' links do not count */
        const int64_t *vm_permille;        /* [vm] bytes, as learned; 0: nothing; NULL: nothing of any */
        const int64_t *vm_dirty;           /* [vm] what it dirties, alike */
        const struct RouteLearned *routes; /* by (from, to) */
        uint32_t n_routes;
        int64_t usual_kbit; /* of a route between hosts nobody named */
} MigrationNet;

/* From one host to another: the links it goes over. */
typedef struct MigrationRoute {
        uint32_t links[ROUTE_LINKS_MAX];
        uint32_t n;
} MigrationRoute;

/* 0 or -ENOMEM. The snapshot must outlive it. Settings: section "migration" (move_strategy.h), "cluster". */
int migration_net_build(Arena *a, const Snapshot *s, const Settings *settings, MigrationNet *ret) must_check;

MigrationRoute migration_route(const MigrationNet *net, HostIx from, HostIx to);

/* Least free of its links, kbit/s; *ret_known: whether that one's speed is known. */
int64_t migration_route_free(const MigrationNet *net, const MigrationRoute *route, bool *ret_known);

/* What is known of moving v over a route that gives it so much. from IX_NONE: from wherever to wherever. */
MigrationFacts migration_facts(const MigrationNet *net, VmIx v, HostIx from, HostIx to,
                               int64_t bandwidth_kbit);

/* migration.bandwidth, or under its other name; 0: not limited. */
int64_t migration_bandwidth(const Settings *settings);
