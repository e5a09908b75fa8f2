/* SPDX-License-Identifier: Apache-2.0 */
/* `smartctl --json` (smartmontools 7.0 and later) → facts of one disk; `smartctl --scan --json` → disks.
 * Pure.
 *
 * The exit status is eight bits (smartctl(8), EXIT STATUS), read one by one:
 *   0 usage, 1 could not open, or asleep, 2 a command to the disk failed     health unknown: never "healthy"
 *   3 DISK FAILING, 4 prefail attributes at or below their threshold now     as smart_verdict.h says
 *   5 attributes were so in the past, 6 error log, 7 self-test log           history: facts, no judgement
 *
 * Units: MiB and hours by name; temperature in °C, wear in percent; all else is counted. Owner: facts have
 * their texts in themselves; the list of disks is in the arena. Errors: -EBADMSG, -ENOMEM. Threads: any, each
 * its own arena.
 */
#pragma once

#include "scheduler/base/arena.h"
#include "scheduler/model/units.h"

typedef enum SmartHealth {
        SMART_UNKNOWN,
        SMART_PASSED,
        SMART_FAILING,
        SMART_WARNING, /* it warns, of what predicts no failure */
        SMART_HEALTH_N,
} SmartHealth;

typedef struct SmartFacts { /* numbers: UNKNOWN where it does not say; texts: "" */
        char model[96], serial[64], wwn[48], kind[8], transport[16];
        char why[240];         /* of a health that is not passed */
        char failing_now[240]; /* attributes at their threshold, by commas: those that predict a failure */
        char warned_now[240];  /* and those that do not */
        char failed_once[240];
        char unread[160]; /* what of its answer was not understood */
        SmartHealth health;
        bool asleep; /* -n standby: it was not asked. All else is UNKNOWN then */
        int64_t size_mib, hours, temperature;
        int64_t reallocated, spin_retry, reported, timeouts, timeouts_5s, timeouts_7s, reallocations, pending,
                uncorrectable, crc, error_log, selftest_failed;
        int64_t grown_defects, uncorrected;
        int64_t nvme_warning, nvme_error_entries, media_errors, spare, spare_threshold, wear;
} SmartFacts;

/* All UNKNOWN and "". */
SmartFacts smart_facts_none(void);

/* `status`: what smartctl exited with. 0; -EBADMSG: that is not smartctl's JSON. */
int smart_facts_parse(const char *text, size_t n, int status, SmartFacts *ret) must_check;

typedef struct SmartDevice {
        const char *name, *type;    /* "/dev/bus/0", "megaraid,4" */
        const char *model, *serial; /* NULL: it will say so itself */
        bool by_nvme_cli;           /* nvme-cli is asked, not smartctl */
} SmartDevice;

/* In `a`. What has no name under /dev/ is left out. 0; -EBADMSG; -ENOMEM. */
int smart_scan_parse(Arena *a, const char *text, size_t n, const SmartDevice **ret,
                     uint32_t *ret_n) must_check;
