/* SPDX-License-Identifier: Apache-2.0 */
/* `ssacli ctrl all show config detail` (hpssacli before, hpacucli before that): HPE Smart Array controllers,
 * arrays, logical and physical drives, as indented text. Pure. Texts in the arena, "" where it does not say.
 *
 * Units: permille, °C, hours, percent of wear. Owner: the arena. Errors: -EBADMSG, -ENOMEM. Threads: any,
 * each its own arena.
 */
#pragma once

#include "collectors/parse/unread.h"
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
        int64_t media_errors; /* 1: unrecoverable ones were found; 0: none */
} SsacliVolume;

typedef struct SsacliDrive {
        uint32_t controller;
        const char *array; /* "" in none */
        const char *place; /* "1I:1:1" */
        const char *kind, *model, *serial, *wwn, *block, *state;
        bool predicted, spare, raw; /* raw: the host sees it as it is (HBA mode) */
        bool data;                  /* "Data Drive": in an array, whether that is named or not */
        bool brief;                 /* told in one line */
        int64_t temperature, hours, wear;
} SsacliDrive;

typedef struct SsacliFacts {
        SsacliController *controllers;
        SsacliVolume *volumes;
        SsacliDrive *drives;
        uint32_t n_controllers, n_volumes, n_drives;
        Unread *unread; /* what has no status, or one that is not known */
} SsacliFacts;

/* 0; -EBADMSG: no controller in it; -ENOMEM. */
int ssacli_parse(Arena *a, const char *text, size_t n, SsacliFacts *ret) must_check;

/* As metrics name them: "hpraid/0/A1", "hpraid/0:1I:1:1". NULL: the arena is full. */
const char *ssacli_volume_subject(Arena *a, const SsacliFacts *f, const SsacliVolume *volume);
const char *ssacli_drive_subject(Arena *a, const SsacliFacts *f, const SsacliDrive *d);
