/* SPDX-License-Identifier: Apache-2.0 */
/* What smartctl's coarse words (passed, exit bits 3 and 4) come to: the finest source that explains them decides.
 * Critical-warning bits of NVMe, ASC/ASCQ of SCSI, attributes at their threshold of ATA: where they say heat, backup
 * power or what predicts no failure, it is a warning; where nothing says why, the coarse word counts. Pure.
 *
 * Units: none. Owner: the document and the facts are the caller's. Errors: none. Threads: any.
 */
#pragma once

#include <jansson.h>

#include "collectors/parse/smartctl.h"

/* Fills health and why; needs all else of *f. */
void smart_verdict_take(const json_t *j, int status, SmartFacts *f);

/* By NVMe's critical warning alone (NVM Express Base 2.0, SMART / Health log). */
void smart_verdict_nvme(SmartFacts *f);
