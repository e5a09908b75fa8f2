/* SPDX-License-Identifier: Apache-2.0 */
/* An array behind whatever controller or pool, as samples: what "md", "megaraid", "hpraid", "zfs" and
 * "multipath" tell in the same words. Threads: any.
 *
 * Units: none: numbers of members. Owner: nothing is kept. Errors: what the sink returns: 0 or -ENOMEM.
 */
#pragma once

#include "collectors/parse/unread.h"
#include "collectors/read/sample_list.h"

typedef struct ArrayFacts { /* texts NULL or "": not told; numbers UNKNOWN: not told */
        const char *subject;
        const char *level, *state, *blocks, *members, *lost, *suspects, *action;
        int64_t wanted, working, spares, redundancy, progress_permille, mismatches, data_errors;
} ArrayFacts;

/* What a parser did not understand, as item.unread. 0 or -ENOMEM. */
int unread_emit(SampleSink *sink, const Unread *list) must_check;

/* array.failed is wanted − working. 0 or -ENOMEM. */
int array_emit(SampleSink *sink, const ArrayFacts *facts) must_check;
