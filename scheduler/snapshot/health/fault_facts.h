/* SPDX-License-Identifier: Apache-2.0 */
/* What a report says of devices, and which hazards of hazards.def it amounts to. Internal to snapshot/. Pure.
 *
 * Units: usec_t, in microseconds since the epoch; each reading as metrics.def says. Owner: the arena; it
 * refers to the report. Errors: -ENOMEM; NULL as said. Threads: any, each its own arena.
 */
#pragma once

#include "scheduler/base/arena.h"
#include "scheduler/model/sample.h"
#include "scheduler/snapshot/health/fault_memory.h"
#include "scheduler/snapshot/json/name_table.h"

/* How a device is; in order, the worse the later. Hazards use those without redundancy in them. */
typedef enum Effect {
        EFFECT_GOOD,
        EFFECT_WATCH,
        EFFECT_THIN, /* an array that has lost redundancy and has some left */
        EFFECT_SUSPECT,
        EFFECT_BARE, /* an array without redundancy left */
        EFFECT_PREDICTED,
        EFFECT_FAILED,
        EFFECT_N,
} Effect;

typedef enum HazardTest {
        TEST_FROM,
        TEST_RISE,
        TEST_IS,
        TEST_SAID,
        TEST_BIT,
        TEST_BELOW,
        TEST_ABOVE,
} HazardTest;

typedef struct HazardDef {
        const char *name;
        Metric metric;
        HazardTest test;
        int64_t number;
        const char *text;
        Metric other;
        Effect effect;
        int64_t hours; /* of clean facts, before the grade falls */
        const char *words, *source;
} HazardDef;

const HazardDef *hazard_at(uint32_t i); /* in the order of hazards.def; NULL past the last */

typedef enum DeviceKind {
        DEVICE_STORAGE, /* disks, arrays, block devices: one name, one device */
        DEVICE_HOST,    /* all of the host depends on it: memory, sensors, kernel, controllers */
        DEVICE_TOOL,    /* what an operator's tool says, of a device of its own */
        DEVICE_KIND_N,
} DeviceKind;

typedef struct Reading { /* of one metric there may be several: as many as sources tell of the device */
        Metric metric;
        int64_t number;
        const char *text;
        struct Reading *next;
} Reading;

typedef struct Hit {
        const HazardDef *hazard;
        int64_t number, other;
        const char *text;
        struct Hit *next;
} Hit;

typedef struct Device {
        const char *name; /* as people read it: "sda", "memory mc0", "sensor coretemp-0/temp1" */
        DeviceKind kind;
        const char *source; /* the collector that told of it first */
        const char *serial;
        struct Device *
                same; /* one disk under two names (disk_join.h): the one that stands for both; NULL: itself */
        struct Device *other; /* of that one: the next of the other names */
        const char *unread;   /* what of it was not understood; NULL: nothing */
        Reading *readings;
        Hit *hits;
        Effect own; /* by its hits */
        int64_t hours;
        int64_t tool_grade; /* what a tool says of it; 0: nothing */
        const char *tool_why, *tool_vms;
        const DeviceMemory *memory; /* of the same device; NULL: none */
        const Clear *clear;         /* by hand, and not taken into account yet; NULL: none */
} Device;

typedef struct DeviceTable {
        Arena *arena;
        NameTable names;
        Device *devices; /* [names.n] */
        bool has_tree;   /* the report says how block devices are built upon each other */
} DeviceTable;

/* Whether a report says anything that faults are made of. */
bool report_has_devices(const Report *r);

/* The devices of the report, with their readings; those a tool names with what it says of them. 0, -ENOMEM.
 */
int devices_list(Arena *a, const Report *r, DeviceTable *ret) must_check;

/* ---- device_reading.c ---- */

/* An entry of the table that is no device, but what a tool said of one. */
bool device_is_word(const Device *d);

const Reading *device_reading(const Device *d, Metric metric);      /* NULL: not said */
int64_t device_number(const Device *d, Metric metric, int64_t def); /* def: not said */
const char *device_text(const Device *d, Metric metric);            /* NULL: not said */

/* The readings of one metric, one after the other: from d->readings, then from what it gave ->next. NULL:
 * no more. */
const Reading *reading_of(const Reading *from, Metric metric);

/* Fills hits, own and hours, less what was accepted by hand. Needs `memory` and `clear`. 0 or -ENOMEM. */
int device_judge(Arena *a, Device *d, usec_t now) must_check;

/* The evidence of the hits in words, "" when there are none. NULL: the arena is full. */
const char *device_evidence(Arena *a, const Device *d);
