/* SPDX-License-Identifier: Apache-2.0 */
/* What /sys/block/mdN/md says of a Linux software array (Documentation/admin-guide/md.rst). Pure: it is given
 * the files' contents.
 *
 * Units: numbers of members; sectors of 512 bytes. Owner: the arena. Errors: -EBADMSG, -ENOMEM. Threads: any,
 * each its own arena.
 */
#pragma once

#include "collectors/parse/unread.h"
#include "scheduler/model/units.h"

#define MD_MEMBERS_MAX 384 /* MD_SB_DISKS of version 1 metadata */

typedef struct MdText { /* at NULL: there is no such file */
        const char *at;
        size_t n;
} MdText;

typedef struct MdMemberFiles {
        const char *name;   /* "sda1", from dev-sda1 */
        MdText state, slot; /* "in_sync,write_error\n", "0\n" or "none\n" */
} MdMemberFiles;

typedef struct MdFiles {
        const char *name; /* "md0" */
        MdText level, raid_disks, array_state, sync_action, sync_completed, mismatch_cnt, layout, degraded,
                metadata;
        const MdMemberFiles *members;
        uint32_t n_members;
} MdFiles;

typedef struct MdArray {
        const char *level, *state, *action;    /* as metrics name them; action NULL: idle */
        const char *working, *lost, *suspects; /* names, by commas; "" for none */
        int64_t wanted, n_working, spares, redundancy, progress_permille, mismatches; /* or UNKNOWN */
} MdArray;

/* Its metadata is the firmware's ("external:imsm"), and it is not one of the arrays in such a container. */
bool md_is_external(const MdFiles *files);

/* Texts are in `a`. 0; 1: it is nothing with members to lose (a container), or a file that must be there is not, or is
 * no number or word: its name and why are in *unread; -ENOMEM. Of members and words that are not understood, too; such a
 * member is neither working nor lost. */
int md_array_parse(Arena *a, const MdFiles *files, MdArray *ret, Unread **unread) must_check;
