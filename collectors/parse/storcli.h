/* SPDX-License-Identifier: Apache-2.0 */
/* storcli, storcli64, perccli (LSI/Broadcom/Dell MegaRAID), and storcli2, perccli2 (MPI3 controllers), their JSON
 * ("J"): controllers, virtual drives, drives. Pure.
 *
 * "Failure" says that something was not told, not that nothing was: what is there counts, and what is missing is
 * said in `unread`. All texts are in the arena, and "" where it does not say; numbers UNKNOWN.
 *
 * Units: numbers of drives and errors, °C. Owner: the arena. Errors: -EBADMSG, -ENODEV, -ENOMEM. Threads:
 * any, each its own arena.
 */
#pragma once

#include "collectors/parse/unread.h"
#include "scheduler/model/units.h"

typedef struct StorcliController {
        const char *subject; /* "megaraid/0" */
        const char *serial, *model;
        const char *state, *battery;            /* as metrics name them */
        int64_t number, corrected, uncorrected; /* errors of its memory */
} StorcliController;

typedef struct StorcliVolume {
        const char *subject;       /* "megaraid/0/v1" */
        const char *level, *state; /* as metrics name them */
        const char *block;         /* "sda" */
        const char *action;        /* "" idle */
        int64_t controller, group; /* drive group: which drives it is on */
        int64_t wanted;            /* drives */
        int64_t bad_blocks;        /* 1: it knows some of its data to be lost */
        bool some_left;            /* "partially degraded": it may lose another */
} StorcliVolume;

typedef struct StorcliDrive {
        const char *subject, *slot; /* "megaraid/0:252:1", "0:252:1" */
        const char *kind, *model, *serial, *wwn, *address, *transport, *state;
        const char *role;          /* member, spare, none; "": a disk of the host's own */
        int64_t controller, group; /* UNKNOWN: in none */
        int64_t media_errors, other_errors, predictions, temperature;
        int64_t alert; /* 1: "S.M.A.R.T alert flagged by drive" */
} StorcliDrive;

typedef struct StorcliFacts {
        const char *family; /* what all their names begin with */
        const StorcliController *controllers;
        const StorcliVolume *volumes;
        StorcliDrive *drives;
        uint32_t n_controllers, n_volumes, n_drives;
        Unread *unread;
} StorcliFacts;

typedef struct StorcliText {
        const char *at;
        size_t n;
} StorcliText;

/* `family`: what names begin with, "megaraid" (in storage that lasts). `controllers`: /call show all; `volumes`: /call/vall show all; `drives`: /call/eall/sall show all; `others`:
 * /call/sall show all, drives without an enclosure; "" where it was not asked. A controller without volumes or
 * drives says "Failure" there, and has none. 0; -EBADMSG: that is not storcli's JSON; -ENODEV: it knows no
 * controller; -ENOMEM. */
int storcli_parse(Arena *a, const char *family, StorcliText controllers, StorcliText volumes,
                  StorcliText drives, StorcliText others, StorcliFacts *ret) must_check;
