/* SPDX-License-Identifier: Apache-2.0 */
/* HPE's SmartStorage (iLO 4 and 5), where the drives of Smart Arrays are that are in no standard Storage: its resources as
 * the standard ones they stand for, so that one reader reads both. HpeSmartStorageDiskDrive v2, …LogicalDrive v2.
 *
 * Units: as Redfish has them. Owner: the caller, by json_decref(). Errors: NULL: no memory. Threads: any, a document
 * belongs to one.
 */
#pragma once

#include <jansson.h>

/* `controller`: the resource of its array controller. */
json_t *redfish_hpe_drive(const json_t *drive, const json_t *controller);

/* `drives`: [{"@odata.id": …}] of its data drives, borrowed; NULL: not told. */
json_t *redfish_hpe_volume(const json_t *logical, json_t *drives);
