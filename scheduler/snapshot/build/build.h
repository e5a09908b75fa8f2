/* SPDX-License-Identifier: Apache-2.0 */
/* Reports of all hosts → Snapshot. Pure. Silence is not health: a host whose facts are stale,
 * missing or from a wrong clock is in the snapshot with what is known of it, excluded, and `excluded_why`
 * says why in words.
 *
 *   no report of an expected host; no CPUs, memory or list of VMs in it;
 *   two machines under one name                                           EXCLUDED_MISSING
 *   the report, the list of VMs or the load older than snapshot.stale_after,
 *   or sent from the future by more than snapshot.clock_skew              EXCLUDED_STALE
 *   host.daemon is 0, or the section "vms" holds an error                 EXCLUDED_DAEMON
 *   not admitted, or not as what it reports to be (host_admit.h)          EXCLUDED_SEEN
 *
 * A host that is excluded keeps its VMs as they were last known (vms_as_of): those of its own old report, or, where that is
 * gone or has no list, those of `known`. What is only remembered says nothing against who has the VM now; but of a host
 * that must be left it counts, unless a migration that somebody knows of explains it.
 *
 * A host on which a VM runs whose vCPUs or memory are not known, or of whose report a line was left out, takes no VM
 * (no_entry_why); its own may leave. A VM of which a fact was left out counts, and is not movable.
 *
 * A VM that two hosts report is in flight: `host` is the side it leaves (by its job, its state, the fresher
 * report), `in_flight_to` the other. What another host says never takes it off one that it must leave (maintenance, faults of
 * grade 3 and 4): that one is `host`, also where both say that it runs there and no migration is seen (`running_on`), so that
 * it is named among those that should leave and cannot. If their UUIDs differ they are two VMs of one name, and it is not
 * movable either; but on a host that it must leave it is, and the other goes by its UUID. One that is off is so only where no host has it active: other definitions of it are left
 * out; one that has another VM's name and not its UUID goes by its UUID. What a host that is only seen says of VMs counts
 * for those alone that no other host has; one with another VM's name and not its UUID goes by its UUID, too. A VM without a CPU rate yet has
 * cpu_mcores UNKNOWN; that excludes nothing. Rules are not made here.
 *
 * Units: by suffix (model/units.h); usec_t, in microseconds since the epoch. Owner: the arena; texts of the
 * input are referred to. Errors: -ENOMEM, -ERANGE. Threads: any, each its own arena.
 */
#pragma once

#include "scheduler/base/arena.h"
#include "scheduler/model/cluster.h"
#include "scheduler/model/sample.h"
#include "scheduler/model/settings.h"
#include "scheduler/snapshot/build/host_admit.h"
#include "scheduler/snapshot/health/fault_memory.h"

/* What is known of a host apart from its report: kept in the store by operators (cordon, maintenance), or
 * given on the command line. */
typedef struct HostMark {
        const char *host;
        HostState state;
        usec_t leave_by;                        /* in maintenance; 0: no deadline */
        bool for_good;                          /* in maintenance: VMs that are off leave, too */
        usec_t at;                              /* since the epoch; 0: not known */
        bool several;                           /* the operator knew that many hosts are emptied */
        const char *zone, *rack, *neighborhood; /* NULL: not said */
        const char *by, *why;                   /* who said so, for logs; NULL: not known */
} HostMark;

/* What was decided about emptying a host, as it is remembered. */
typedef struct BrakeMemory {
        const char *host;
        HostBrake state;
        usec_t at;
        const char *kind; /* NULL: not known */
} BrakeMemory;

/* A migration that somebody knows of: that its VM is reported by two hosts that were read about then is no wonder. */
typedef struct KnownMove {
        const char *vm;
        usec_t until; /* when it ended; INT64_MAX: it may run still */
} KnownMove;

typedef struct BuildInput {
        const char *cluster;
        usec_t now;
        const Report *const *reports; /* any order; of several with one host's name the newest counts */
        uint32_t n_reports;
        const Report *const *
                known; /* of hosts that were silent, what was last known of their VMs; any order, each host once */
        uint32_t n_known;
        const char *const *expected; /* hosts that are members though they may be silent; any order */
        uint32_t n_expected;
        uint64_t n_left_out; /* entries of the store that could not be read, or are no names */
        bool remembers;      /* there is a store: what it lacks is new. Else levels alone make grades */
        const FaultMemory *memories; /* of hosts' devices; any order */
        const Clear *clears;         /* by hand, not older than the memories */
        uint32_t n_memories, n_clears;
        const HostMark *marks; /* of a host that neither reports nor is expected: not used */
        uint32_t n_marks;
        bool braked;    /* it is remembered which hosts were to be emptied (snapshot/health/brake.h) */
        bool brake_new; /* … from now on */
        const BrakeMemory *brakes; /* any order */
        uint32_t n_brakes;
        const KnownMove *known_moves; /* any order */
        uint32_t n_known_moves;
        const MoveLessons *lessons;   /* NULL: past migrations taught nothing */
        MoveHolds holds;              /* migrations that failed, as they are remembered */
        const Admissions *admissions; /* NULL: the hosts were named by whoever asks, and need none */
        const char *
                uri_pattern; /* of each host's URI, whatever its report says (host_uri.h); NULL: the reports are ours,
                                       and their URIs were given by the operator */
} BuildInput;

extern const SettingDef snapshot_settings[]; /* section "snapshot" */

/* 0; -ENOMEM; -ERANGE: more VMs than VMS_MAX. Of more hosts than HOSTS_MAX those without a report are left out first, and
 * a note says how many. */
int snapshot_build(Arena *a, const BuildInput *in, const Settings *settings, const Snapshot **ret) must_check;

/* The same, and what is to be remembered of the hosts' devices: ret_memories[ret->n_hosts], in their order.
 */
int snapshot_build_remembering(Arena *a, const BuildInput *in, const Settings *settings, const Snapshot **ret,
                               const FaultMemory **ret_memories) must_check;
