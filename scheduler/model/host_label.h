/* SPDX-License-Identifier: Apache-2.0 */
/* Labels of hosts: "key=value", for selections (label:licence=oracle). They come from the settings, a snapshot
 * file, or a host's own agent; the same bounds hold for all of them.
 *
 * A list of them is sorted, and has each key once. Bounds are ours: a report stays small whatever an agent
 * says, and a label can be written in every place without quotes. Pure. Threads: any.
 *
 * Units: bytes. Owner: labels are in the arena; what is checked stays the caller's. Errors: -EINVAL, -ENOMEM,
 * as said.
 */
#pragma once

#include "scheduler/base/text.h"
#include "scheduler/model/cluster.h"

enum {
        HOST_LABEL_KEY_MOST = 63,    /* bytes */
        HOST_LABEL_VALUE_MOST = 128, /* bytes */
};

#define HOST_LABEL_ACCEPTED                                                                                  \
        "a key of 1 to 63 letters, digits, '.', '_', '-' or '/', and a value of up to 128 bytes without "    \
        "commas"

/* 0; -EINVAL with reterr_fault->what: `label` is no "key=value" that is accepted. Its field stays as it is. */
int host_label_check(const char *label, TextFault *reterr_fault) must_check;

/* The same of each, each key once, and no more than HOST_LABELS_MAX. `labels` is sorted. */
int host_labels_check(const Strings *labels, TextFault *reterr_fault) must_check;

/* Labels as a person gave them, in any order → sorted. 0; -EINVAL as host_labels_check(); -ENOMEM; in `a`. */
int host_labels_read(Arena *a, const Strings *given, Strings *ret, TextFault *reterr_fault) must_check;

/* "b=2,a=1" as an agent wrote it → a=1, b=2. What is no label, a key's second value, and what is beyond
 * HOST_LABELS_MAX are left out: a host that says nonsense of itself loses its labels, and no more. 0 or
 * -ENOMEM; in `a`. */
int host_labels_parse(Arena *a, const char *text, Strings *ret) must_check;

/* `labels` as `changes` make them, in their order: "key=value" takes the place of the key's value, "!key" takes
 * the labels away whose keys fit it ('*' …, as text_fits() has it). Beyond HOST_LABELS_MAX those of `labels` go
 * first, the last of them first. 0 or -ENOMEM; in `a`. *ret may be *labels. */
int host_labels_merge(Arena *a, const Strings *labels, const Strings *changes, Strings *ret) must_check;

/* "a=1,b=2", or "" for none; NULL: no room in `a`. */
const char *host_labels_text(Arena *a, const Strings *labels);
