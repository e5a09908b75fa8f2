/* SPDX-License-Identifier: Apache-2.0 */
/* What a service remembers of its store (store_memory.h), in a file of its state directory: so that a service which is
 * restarted while the store is emptied still remembers. Schema plimsoll.store-memory/1, mode as the directory is: its
 * own. One file for each store and cluster: a service that is given another store begins anew.
 *
 * Units: usec_t, in microseconds. Owner: the file is the service's; texts are in the arena. Errors: a negative errno,
 * with *reterr_fault. Threads: one.
 */
#pragma once

#include "scheduler/base/text.h"
#include "scheduler/store/store_memory.h"

/* Its path in `dir`, in `a`. NULL in *ret: the directory is not there, or not ours alone; then nothing is kept. 0 or
 * -ENOMEM. */
int memory_file_path(Arena *a, const char *dir, const char *place, const char *cluster,
                     const char **ret) must_check;

/* Into a new memory. 1: there is no such file. -EBADMSG: it is none of this version. */
int memory_file_read(Arena *a, const char *path, StoreMemory *m, TextFault *reterr_fault) must_check;

/* Its text. 0, -EBADMSG, -ENOMEM. */
int memory_file_parse(Arena *a, const char *text, size_t n, StoreMemory *m) must_check;

/* *hash: of what was written last; nothing is written where only the time of the last look is another and `due` is false.
 */
int memory_file_write(const char *path, const StoreMemory *m, bool due, uint64_t *hash,
                      TextFault *reterr_fault) must_check;
