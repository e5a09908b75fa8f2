/* SPDX-License-Identifier: Apache-2.0 */
/* Disks of two sources that are one by the slot they are in, where no serial number or world-wide name says so.
 * Internal to snapshot/. Pure.
 *
 * A slot is told as "controller:enclosure:slot" or the end of that: a BMC may know the bay alone. The end has to fit one
 * disk of either source and no other. Where only the last field is told ("3"), all disks of the other source have to be
 * in one enclosure of one controller, and both sources name the same model.
 *
 * Units: none. Owner: the table. Errors: none. Threads: any, each its own table.
 */
#pragma once

#include "scheduler/snapshot/health/fault_facts.h"

/* The one device of the table that is `d` by its slot, told by another source; NULL: none, or it could be several. */
Device *disk_by_slot(const DeviceTable *t, const Device *d);
