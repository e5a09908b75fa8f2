/* SPDX-License-Identifier: Apache-2.0 */
/* How much of each there may be in a Snapshot: more is refused when it is read. */
#pragma once

#include "scheduler/model/units.h"

#define EXTRA_MAX           12 /* with what problem_build() adds, at most PROBLEM_RES_MAX */
#define HUGEPAGES_MAX       UINT32_C(16)
#define RULES_MAX           VMS_MAX
#define NICS_MAX            UINT32_C(1024)
#define HOST_LABELS_MAX     UINT32_C(64)
#define PEERS_MAX           UINT32_C(1024) /* whose round trip a host tells */
#define TRAFFIC_MAX         VMS_MAX
#define FAULTS_MAX          UINT32_C(1024)
#define RULE_WEIGHT_DEFAULT 100
#define LESSONS_MAX         UINT32_C(65536)
#define CPU_NUMBERS_MAX     4096 /* numbers of CPUs, and of NUMA nodes, that a VM may name */
#define NUMA_MAX            64U  /* NUMA nodes of a host */
#define DEVICES_MAX         256U /* of its host that a VM has */
