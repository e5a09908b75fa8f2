/* SPDX-License-Identifier: Apache-2.0 */
/* storcli, storcli64, perccli (LSI/Broadcom/Dell MegaRAID), their JSON ("J"): controllers, virtual drives,
 * drives. Pure.
 *
 * All texts are in the arena, and "" where it does not say; numbers UNKNOWN. */
#pragma once

#include "scheduler/base/arena.h"
#include "scheduler/model/units.h"

typedef struct StorcliController {
        const char *subject;                 /* "megaraid/0" */
        const char *model, *state, *battery; /* as metrics name them */
} StorcliController;

typedef struct StorcliVolume {
        const char *subject;       /* "megaraid/0/v1" */
        const char *level, *state; /* as metrics name them */
        const char *block;         /* "sda" */
        const char *action;        /* "" idle */
        int64_t controller, group; /* drive group: which drives it is on */
        int64_t wanted;            /* drives */
} StorcliVolume;

typedef struct StorcliDrive {
        const char *subject, *slot; /* "megaraid/0:252:1", "0:252:1" */
        const char *kind, *model, *serial, *transport, *state;
        int64_t controller, group; /* UNKNOWN: in none */
        int64_t media_errors, other_errors, predictions, temperature;
        int64_t alert; /* 1: "S.M.A.R.T alert flagged by drive" */
} StorcliDrive;

typedef struct StorcliFacts {
        const StorcliController *controllers;
        const StorcliVolume *volumes;
        const StorcliDrive *drives;
        uint32_t n_controllers, n_volumes, n_drives;
} StorcliFacts;

typedef struct StorcliText {
        const char *at;
        size_t n;
} StorcliText;

/* `controllers`: /call show all; `volumes`: /call/vall show all; `drives`: /call/eall/sall show all. A
 * controller without volumes or drives says "Failure" there, and has none. 0; -EBADMSG: that is not storcli's
 * JSON; -ENODEV: it knows no controller; -ENOMEM. */
int storcli_parse(Arena *a, StorcliText controllers, StorcliText volumes, StorcliText drives,
                  StorcliFacts *ret) must_check;
