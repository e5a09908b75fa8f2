/* SPDX-License-Identifier: Apache-2.0 */
/* How hbal would judge: Ganeti's cluster score (hbal(1), "CLUSTER SCORE";
 * Ganeti/HTools/Cluster/Metrics.hs, 3.0), less is better. For comparing plans of clusters that `plimsoll
 * import htools` read; Plimsoll itself seeks other things.
 *
 * The sum of the standard deviations over the hosts that are online of
 *   free memory ÷ memory, vCPUs ÷ CPUs,
 *   CPU use and memory use of the VMs (each a sum over the host's VMs, in mean hosts, not divided by the host's
 *   size),
 * and 20 for each VM on a host that is offline (4 for an instance there, 16 for a primary one).
 *
 * vCPUs are those of the VMs and one for the host itself: what htools assumes where a node's row does not
 * say (Node.hs, uCpu; the import does not keep what a row says). On hosts that are alike this changes
 * nothing.
 *
 * Where it is not hbal's number: a utilisation file's memory, disk and net columns are not in a snapshot:
 * memory use is the VM's memory in mean hosts, disk and net count as even; disk space, spindles, N+1
 * failures, tags and locations are left out: with shared storage and without tags they do not change when VMs
 * move. A VM whose CPU use is unknown counts 1, as with hbal.
 *
 * Units: hbal's score: no unit. Owner: `a` is scratch. Errors: -ENOMEM. Threads: any, each its own arena.
 */
#pragma once

#include "scheduler/base/arena.h"
#include "scheduler/model/cluster.h"

/* VMs where host_of says (NULL: where the snapshot has them). 0 or -ENOMEM; `a` is scratch. */
int hbal_score(Arena *a, const Snapshot *s, const HostIx *host_of, double *ret) must_check;
