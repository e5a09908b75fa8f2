/* SPDX-License-Identifier: Apache-2.0 */
/* `nvme smart-log DEVICE -o json` (nvme-cli 1.x and 2.x) → facts of one disk. It tells what the disk counts, and not
 * which disk it is. Pure.
 *
 * Units: as smartctl.h. Owner: facts have their texts in themselves. Errors: -EBADMSG. Threads: any.
 */
#pragma once

#include "collectors/parse/smartctl.h"

/* 0; -EBADMSG: that is no such log. */
int nvme_cli_parse(const char *text, size_t n, SmartFacts *ret) must_check;
