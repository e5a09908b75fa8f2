/* SPDX-License-Identifier: Apache-2.0 */
/* The rules of a snapshot file: names → indexes, and whether a rule says all it must. Internal to snapshot/.
 * Pure.
 *
 * Units: none. Owner: the reader's arena. Errors: -EBADMSG with the fault, -ENOMEM. Threads: one for each
 * FileReader.
 */
#pragma once

#include "scheduler/snapshot/files/file_reader.h"
#include "scheduler/snapshot/json/name_table.h"

/* Hosts and VMs of p->snapshot are final. Fills p->snapshot.rules. 0, -EBADMSG with the fault, -ENOMEM. */
int rules_resolve(FileReader *reader, const NameTable *hosts) must_check;
