/* SPDX-License-Identifier: Apache-2.0 */
/* Samples gathered in an arena: the sink collectors write to, and the section it becomes.
 *
 * Units: as metrics.def says of each metric. Owner: copies are in the arena. Errors: -ENOMEM. Threads: any,
 * each its own arena.
 */
#pragma once

#include "collectors/read/collector.h"
#include "scheduler/base/arena.h"

#define SAMPLES_MAX UINT32_C(1000000) /* of one collector's reading: more is a defect, not a host */

typedef struct SampleList {
        SampleSink sink; /* first: emit() finds the list by it */
        Arena *arena;
        Sample *samples, *over; /* over: numbers over their bound */
        uint32_t n, room, n_over, room_over;
} SampleList;

/* Empty. All it will hold lives in `a`. */
SampleList sample_list_over(Arena *a);

/* A section that holds copies of everything, in `a`. 0 or -ENOMEM. */
int section_copy(Arena *a, const Section *section, Section *ret) must_check;

/* What was gathered, as the samples of `ret`. */
void sample_list_end(const SampleList *list, Section *ret);

/* All of it, into another. 0, or what that one's emit() says. */
int sample_list_tell(const SampleList *list, SampleSink *to) must_check;

/* For collectors: a number, or nothing when it is UNKNOWN; one over its bound (bounds.def) is kept aside, in
 * Section.over; a text, or nothing when it is NULL or empty. Control characters of a text (a title
 * may hold them) become spaces. 0 or -ENOMEM. */
int emit_number(SampleSink *sink, Metric metric, const char *subject, int64_t number) must_check;
int emit_text(SampleSink *sink, Metric metric, const char *subject, const char *text) must_check;
