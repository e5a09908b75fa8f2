/* SPDX-License-Identifier: Apache-2.0 */
/* Ganeti's htools text format (hbal -t FILE -U FILE) → Snapshot. Pure; fuzzed.
 *
 * Five sections, separated by one empty line: groups, nodes, instances, cluster tags, policies; fields
 * separated by '|' (src/Ganeti/HTools/Backend/Text.hs, htools 3.0). What becomes of them is in
 * docs/htools-import.md; in short: groups that do not share instances, DRBD pairs and exclusion tags become
 * rules, offline nodes are offline, instances that do not run are left out.
 *
 * Units: MiB; CPUs. Owner: the arena; nothing refers to the text. Errors: -EBADMSG, -ENOMEM. Threads: any,
 * each its own arena.
 */
#pragma once

#include "scheduler/snapshot/import/importer.h"

/* 0; -EBADMSG with *reterr_fault: its line, and in `field` the kind of row (group, node, instance, tag,
 * policy; "use": a line of the other file); -ENOMEM. */
int htools_file_parse(Arena *a, const ImportText *in, const Snapshot **ret,
                      TextFault *reterr_fault) must_check;
