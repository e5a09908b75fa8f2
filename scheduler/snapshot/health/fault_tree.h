/* SPDX-License-Identifier: Apache-2.0 */
/* How block devices, disks and arrays of a host are built upon each other, what redundancy is left, and who
 * is on top. Internal to snapshot/. Pure.
 *
 * An array stands between its members and those above it: a member that is predicted to fail takes redundancy
 * away, and only what is lost beyond it is lost above.
 *
 * Units: grades 0 … 4. Owner: the arena. Errors: -ENOMEM; NULL: the arena is full; the others have none.
 * Threads: one for each FaultTree.
 */
#pragma once

#include "scheduler/snapshot/health/fault_facts.h"

typedef struct FaultTree FaultTree;

/* What a VM of the host is on: devices by commas, "none", or NULL: not known, so any. */
typedef struct VmUse {
        const char *vm, *devices;
} VmUse;

/* `table` must have been judged. 0 or -ENOMEM. */
int fault_tree_build(Arena *a, const DeviceTable *table, const VmUse *uses, uint32_t n_uses,
                     FaultTree **ret) must_check;

/* What comes of device i of the table. */
typedef struct Outcome {
        int64_t grade;
        Effect effect;  /* at the worst of those on top */
        bool partly;    /* only `vms` are concerned */
        Strings vms;    /* sorted: the VMs on it */
        bool system;    /* the host's own system is on it */
        bool used;      /* anything is on it or could be */
        bool known;     /* who uses it; else all of the host is concerned */
        uint32_t array; /* the first array it is a member of, by number; UINT32_MAX: none */
} Outcome;

/* 0 or -ENOMEM. */
int fault_tree_outcome(FaultTree *t, uint32_t device, Outcome *ret) must_check;

/* An array's own loss of redundancy: EFFECT_GOOD while it has all its members. */
Effect fault_tree_array(const FaultTree *t, uint32_t device);
/* In words: "1 of 2 members work, no redundancy is left; lost: sdb". NULL: the arena is full. */
const char *fault_tree_array_words(const FaultTree *t, uint32_t i);

/* The grade of an effect, by who is on the device. */
typedef enum Standing {
        STANDING_GUESTS,
        STANDING_SYSTEM,
        STANDING_NOBODY,
} Standing;
int64_t fault_grading(Effect effect, Standing standing);
