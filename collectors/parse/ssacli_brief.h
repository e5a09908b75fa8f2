/* SPDX-License-Identifier: Apache-2.0 */
/* What ssacli tells of a drive or a logical drive in one line, as `show config` and `show status` do:
 *
 *   logicaldrive 1 (1.1 TB, RAID 5, Interim Recovery Mode)
 *   physicaldrive 2I:1:6 (port 2I:box 1:bay 6, SAS HDD, 600 GB, Predictive Failure, spare)
 *   physicaldrive 2I:1:6 (port 2I:box 1:bay 6, 600 GB): Failed
 *
 * Pure. Units: none. Owner: spans are of the line. Errors: false as said. Threads: any.
 */
#pragma once

#include "collectors/parse/lines.h"

typedef struct SsacliBrief {
        Span name;          /* "1", "2I:1:6" */
        Span level, status; /* "5"; n 0: not told */
        bool spare;
} SsacliBrief;

/* `word`: "logicaldrive " or "physicaldrive ". False: it is no such line, or has no words in brackets. */
bool ssacli_brief_parse(Span line, const char *word, SsacliBrief *ret);
