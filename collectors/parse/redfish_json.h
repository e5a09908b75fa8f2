/* SPDX-License-Identifier: Apache-2.0 */
/* Redfish drives and volumes (DMTF DSP2046 2025.4) → samples. Pure but for
 * jansson's own memory. What a BMC leaves out is left out; null is left out too.
 *
 * Subjects: drives "redfish/STORAGE/DRIVE", volumes "redfish/STORAGE/volume/VOLUME", sensors
 * "redfish/CHASSIS/NAME".
 *
 * Units: as metrics.def says of each metric. Owner: the document is the caller's; samples are the sink's.
 * Errors: 0 or what the sink returns. Threads: any, a document belongs to one.
 */
#pragma once

#include <jansson.h>

#include "collectors/read/sample_list.h"

/* The links of an array of {"@odata.id": …}: `key` of a resource, "Members" of a collection. At most `most`
 * are written to ret, which stay valid as long as j. How many there are. */
uint32_t redfish_links(const json_t *j, const char *key, const char **ret, uint32_t most);

/* Each 0 or a negative errno of the sink. A slot that is empty gives nothing. */
int redfish_drive(SampleSink *sink, const char *storage, const json_t *drive) must_check;

/* healthy(arg, link): whether that drive works; of a drive it does not know, true. */
typedef struct RedfishDrives {
        bool (*works)(const void *arg, const char *link);
        const void *arg;
} RedfishDrives;
int redfish_volume(SampleSink *sink, const char *storage, const json_t *volume,
                   const RedfishDrives *drives) must_check;
bool redfish_drive_works(const json_t *drive);
