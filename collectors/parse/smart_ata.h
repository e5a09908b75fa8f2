/* SPDX-License-Identifier: Apache-2.0 */
/* What an ATA disk says by smartctl's JSON: attributes, error and self-test logs, device statistics. Pure.
 *
 * An attribute at its threshold predicts a failure when its maker calls it a pre-failure one, or when its raw count
 * is one that failures follow (5, 10, 187, 188, 197, 198). Temperatures and the cable's errors never do.
 *
 * Units: percent; counts as the disk has them. Owner: the document and the facts are the caller's. Errors:
 * none; UNKNOWN: it does not say. Threads: any.
 */
#pragma once

#include <jansson.h>

#include "collectors/parse/smartctl.h"

void smart_ata_take(const json_t *j, SmartFacts *f);

/* Endurance used in percent: by the standard's device statistics, else by the attribute that its maker has for it
 * (233, 202, 231, 177, 169, 245 …), whose normalized value falls from 100. UNKNOWN: it does not say. */
int64_t smart_ata_wear(const json_t *j);
