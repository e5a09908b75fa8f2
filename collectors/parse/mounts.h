/* SPDX-License-Identifier: Apache-2.0 */
/* /proc/PID/mountinfo (proc(5)) → which file system a path is on, and whether other hosts can see it. Pure:
 * the path itself is never touched, so that a dead NFS server hangs nobody.
 *
 * Units: none. Owner: mounts and texts are in the arena. Errors: -EBADMSG, -ENOMEM. Threads: any, each its
 * own arena.
 */
#pragma once

#include "scheduler/base/arena.h"

typedef struct Mount {
        const char *point, *fstype, *source, *root;
        const char *number; /* of its device: "8:1" */
} Mount;

/* In the order of mounting. 0; -EBADMSG; -ENOMEM. */
int mounts_parse(Arena *a, const char *text, size_t n, const Mount **ret, uint32_t *ret_n) must_check;

/* The mount an absolute path is on (the longest point that leads it, the latest of two), or NULL. Symbolic
 * links are not followed. */
const Mount *mount_of(const Mount *mounts, uint32_t n, const char *path);

/* File systems several hosts can mount at once, as libvirt knows them (virFileIsSharedFS). */
bool mount_is_shared(const Mount *mount);

/* "nfs:filer:/vms": the same on all hosts that mount the same. NULL when the arena is full. */
const char *mount_identity(Arena *a, const Mount *mount);
