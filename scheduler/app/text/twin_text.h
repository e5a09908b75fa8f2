/* SPDX-License-Identifier: Apache-2.0 */
/* VMs that are not one by what hosts say of them: one that several hosts say runs there, and several that have one UUID. As
 * text and JSON, for status.
 *
 * Units: none. Owner: the arena; JSON the caller's. Errors: -ENOMEM. Threads: any.
 */
#pragma once

#include <jansson.h>

#include "scheduler/app/terminal/screen.h"
#include "scheduler/model/cluster.h"

typedef struct VmTwins {
        const char *uuid; /* NULL: not known */
        const VmIx *vms;  /* of one UUID; one alone where several hosts say that it runs there */
        uint32_t n_vms;
} VmTwins;

/* By name of the first. In `a`. `moved`: VMs that are being moved or were just now, and so are on two hosts for a moment. */
int twins_find(Arena *a, const Snapshot *s, const Strings *moved, const VmTwins **ret,
               uint32_t *ret_n) must_check;

/* A line each. */
int twins_print(Arena *a, const Snapshot *s, const Strings *moved, const Screen *screen) must_check;

/* A list; NULL: no memory. */
json_t *twins_json(Arena *a, const Snapshot *s, const Strings *moved);
