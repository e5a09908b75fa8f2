/* SPDX-License-Identifier: Apache-2.0 */
/* One domain's statistics, as virConnectGetAllDomainStats gives them → numbers. Pure.
 *
 * Units: ns, KiB, bytes, MiB/s by suffix; sums since the guest began. Owner: the caller's. Errors: none;
 * UNKNOWN where libvirt says nothing. Threads: any.
 */
#pragma once

#include <libvirt/libvirt.h>

#include "scheduler/model/units.h"

typedef struct VmStats { /* UNKNOWN where it says nothing */
        int64_t state, state_reason;
        int64_t vcpus;             /* online */
        int64_t vcpu_ns, delay_ns; /* summed over vCPUs */
        int64_t cpu_ns;            /* with the emulator's threads */
        int64_t balloon_kib, maximum_kib, rss_kib, unused_kib, available_kib, usable_kib;
        int64_t swap_in_kib, swap_out_kib, balloon_at; /* the guest's own, as of balloon_at (s) */
        int64_t rx_bytes, tx_bytes, disk_bytes;        /* summed over interfaces, over disks */
        int64_t dirty_status, dirty_seconds, dirty_mib_s;
} VmStats;

VmStats vm_stats_of(const virTypedParameter *params, int n);

/* The capacity of a disk by its target ("vda"), in MiB rounded up, or UNKNOWN. */
int64_t vm_stats_disk_mib(const virTypedParameter *params, int n, const char *target);
