/* SPDX-License-Identifier: Apache-2.0 */
/* Units and indices. Quantities are int64_t in the unit of their name's suffix:
 *   _mcores  thousandths of a core    _mhz   MHz        _mib    MiB          _kib_s  KiB a second
 *   _kbit    kbit a second            _permille  1/1000 _ms     milliseconds usec_t  microseconds
 * UNKNOWN (-1) in a field that says so means nobody measured it; it is never read as zero.
 */
#pragma once

#include "scheduler/base/clock.h" /* usec_t */
#include "scheduler/base/common.h"

#define UNKNOWN INT64_C(-1)

typedef uint32_t HostIx; /* index into Snapshot.hosts, and the same in Problem */
typedef uint32_t VmIx;   /* index into Snapshot.vms, and the same in Problem */
#define IX_NONE UINT32_MAX

/* Sizes beyond these are refused when read: no real cluster has them, and no sum of them overflows. */
#define HOSTS_MAX    UINT32_C(200000)
#define VMS_MAX      UINT32_C(4000000)
#define QUANTITY_MAX (INT64_C(1) << 40)

/* kbit/s in a MiB/s (8388.608), rounded up: what is capped in MiB/s stays within what was given in kbit/s. */
#define KBIT_A_MIB 8389
