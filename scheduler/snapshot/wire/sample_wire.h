/* SPDX-License-Identifier: Apache-2.0 */
/* Reports as text, as they stand in Redis. Pure; fuzzed; print(parse(x)) is x for what print made.
 *
 *   plimsoll.report/1 h1 sent=1767225600000000 seq=42 every=5000000
 *   @cpu 1767225599990000
 *   host.cpus  64
 *   vm.cpu web1 1250
 *   @vms 1767225599990000 error=110
 *
 * A line: metric, TAB, subject ("" for the host), TAB, value. Names hold no control characters, a collector's
 * no space either. Numbers are from 0 to their bound (model/bounds.def). Everything in docs/report-format.md.
 *
 * A line that is not understood, or holds what is over its bound, is left out and named (Report.dropped), and the others
 * stand. What is said of a thing without a usable name (over 255 bytes, control characters) stands under one that is
 * made of it: a VM counts, however it is called.
 *
 * Units: as metrics.def says of each metric; usec_t, in microseconds since the epoch. Owner: the arena.
 * Errors: -EBADMSG, -ENOMEM. Threads: any, each its own arena.
 */
#pragma once

#include "scheduler/base/arena.h"
#include "scheduler/base/text.h"
#include "scheduler/model/sample.h"

/* The text, NUL-terminated, its length in *ret_n. In a name or text that is not UTF-8 or holds control
 * characters, everything but plain ASCII becomes '?'. 0 or -ENOMEM. */
int report_print(Arena *a, const Report *r, const char **ret, size_t *ret_n) must_check;

/* 0; -EBADMSG with *reterr_fault (its line): no report, by its first line or since its last is cut off; -ENOMEM. Copies
 * what it keeps. Metrics this version does not
 * know are skipped (a newer agent). */
int report_parse(Arena *a, const char *text, size_t n, const Report **ret,
                 TextFault *reterr_fault) must_check;

/* A report that nobody printed (of a host that was asked from afar, of Prometheus) as it would be read of the store: bounded
 * and checked by the same code. As report_parse(). */
int report_reread(Arena *a, const Report *r, const Report **ret, TextFault *reterr_fault) must_check;

/* At most how many bytes of its arena report_parse() takes for this text. */
size_t report_parse_room(const char *text, size_t n);
