/* SPDX-License-Identifier: Apache-2.0 */
/* `ssacli ctrl all show config detail` (hpssacli before, hpacucli before that): HPE Smart Array controllers,
 * arrays, logical and physical drives, as indented text. Pure. Texts in the arena, "" where it does not say.
 */
#pragma once

#include "scheduler/base/arena.h"
#include "scheduler/model/units.h"

typedef struct SsacliController {
        const char *subject; /* "hpraid/0", by its slot */
        const char *model, *state, *battery;
} SsacliController;

typedef struct SsacliVolume {
        uint32_t controller;
        const char *array, *number; /* "A", "1" */
        const char *level, *state, *block, *action;
        int64_t progress_permille;
} SsacliVolume;

typedef struct SsacliDrive {
        uint32_t controller;
        const char *array; /* "" in none */
        const char *place; /* "1I:1:1" */
        const char *kind, *model, *serial, *state;
        bool predicted, spare;
        int64_t temperature, hours, wear;
} SsacliDrive;

typedef struct SsacliFacts {
        SsacliController *controllers;
        SsacliVolume *volumes;
        SsacliDrive *drives;
        uint32_t n_controllers, n_volumes, n_drives;
} SsacliFacts;

/* 0; -EBADMSG: no controller in it, or one cut short before its status; -ENOMEM. */
int ssacli_parse(Arena *a, const char *text, size_t n, SsacliFacts *ret) must_check;
