/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/parse/redfish_hpe.h"

#include <string.h>

#include "collectors/parse/json_pick.h"
#include "collectors/parse/redfish_word.h"
#include "scheduler/base/common.h"

static bool reason_is_told(const json_t *j, const char *list, const char *const *words) {
        const json_t *one;
        size_t i;

        json_array_foreach(json_object_get(j, list), i, one) {
                const char *reason = json_string_value(one);

                for (const char *const *w = words; reason && *w; w++)
                        if (strcmp(reason, *w) == 0)
                                return true;
        }
        return false;
}

static const char *drive_indicator(const json_t *drive) {
        static const char *const failed[] = { "Failed", "Unrecoverable", "CommunicationFailure",
                                              "FailedDueToPredictiveSpareActivation", NULL },
                                 *const rebuilding[] = { "Rebuilding", NULL },
                                 *const predicted[] = { "PredictiveFail", NULL };

        return reason_is_told(drive, "DiskDriveStatusReasons", failed)       ? "Fail"
               : reason_is_told(drive, "DiskDriveStatusReasons", rebuilding) ? "Rebuild"
               : reason_is_told(drive, "DiskDriveStatusReasons", predicted)  ? "PredictiveFailureAnalysis"
               : redfish_is(drive, "DiskDriveUse", "Spare")                  ? "Hotspare"
                                                                             : "OK";
}

/* What several resources have by the same name. */
static int fields_copy(json_t *to, const json_t *from, const char *const *names) {
        int r = 0;

        for (; r == 0 && *names; names++) {
                json_t *value = json_object_get(from, *names);

                if (value)
                        r = json_object_set(to, *names, value);
        }
        return r;
}

/* "Slot 0" of the controller and "1I:2:4" of the drive: "Slot 0:1I:2:4" has its place for all readers of slots. */
static int place_set(json_t *to, const json_t *drive, const json_t *controller) {
        const char *slot = redfish_text(controller, "Location"), *place = redfish_text(drive, "Location");
        const char *number = slot + strcspn(slot, "0123456789");
        json_t *text;

        if (!*place)
                return 0;
        text = *number ? json_sprintf("%.8s:%.32s", number, place) : json_string(place);
        return text ? json_object_set_new(to, "Location", text) : -1;
}

static int numbers_set(json_t *to, const json_t *drive) {
        int64_t mib = json_whole_at(drive, "CapacityMiB"),
                used = json_whole_at(drive, "SSDEnduranceUtilizationPercentage");
        int r = 0;

        if (mib > 0 && mib < INT64_MAX >> 20)
                r = json_object_set_new(to, "CapacityBytes", json_integer(mib << 20));
        if (r == 0 && used >= 0 && used <= 100 && redfish_is(drive, "MediaType", "SSD"))
                r = json_object_set_new(to, "PredictedMediaLifeLeftPercent", json_integer(100 - used));
        return r;
}

json_t *redfish_hpe_drive(const json_t *drive, const json_t *controller) {
        static const char *const same[] = { "@odata.id", "Id",     "Name",         "Model", "SerialNumber",
                                            "MediaType", "Status", "DiskDriveUse", NULL };
        const char *wwid = redfish_text(drive, "WWID"), *indicator = drive_indicator(drive);
        json_t *to = json_object();
        int r = to ? fields_copy(to, drive, same) : -1;

        if (r == 0)
                r = json_object_set_new(to, "StatusIndicator", json_string(indicator));
        if (r == 0 && json_object_get(drive, "DiskDriveStatusReasons"))
                r = json_object_set_new(to, "FailurePredicted",
                                        json_boolean(strcmp(indicator, "PredictiveFailureAnalysis") == 0));
        if (r == 0 && redfish_is(drive, "InterfaceType", "NVMe"))
                r = json_object_set_new(to, "Protocol", json_string("NVMe"));
        if (r == 0 && *wwid)
                r = json_object_set_new(
                        to, "Identifiers",
                        json_pack("[{s:s, s:s}]", "DurableNameFormat", "NAA", "DurableName", wwid));
        if (r == 0)
                r = place_set(to, drive, controller);
        if (r == 0)
                r = numbers_set(to, drive);
        if (r != 0)
                json_decref(to);
        return r == 0 ? to : NULL;
}

/* Its reasons say more than its health: a degraded one is a "Warning". */
static const char *volume_health(const json_t *logical) {
        static const char *const failed[] = { "Failed",   "WrongDrive",   "BadConnect",
                                              "Shutdown", "NotAvailable", NULL },
                                 *const degraded[] = { "Recovering", "ReadyForRebuild", "Rebuilding",
                                                       "PredictiveSpareRebuildReady", NULL };

        return reason_is_told(logical, "LogicalDriveStatusReasons", failed) ? "Critical"
               : reason_is_told(logical, "LogicalDriveStatusReasons", degraded)
                       ? "Warning"
                       : redfish_text(logical, "Status.Health");
}

json_t *redfish_hpe_volume(const json_t *logical, json_t *drives) {
        static const char *const same[] = { "@odata.id", "Id", "Name", NULL };
        const char *raid = redfish_text(logical, "Raid"), *health = volume_health(logical),
                   *state = redfish_text(logical, "Status.State");
        json_t *to = json_object();
        int r = to ? fields_copy(to, logical, same) : -1;

        if (r == 0 && *raid) /* "1ADM" and "10ADM" are mirrors of three */
                r = json_object_set_new(to, "RAIDType",
                                        json_sprintf("RAID%.*s", (int) strspn(raid, "0123456789"), raid));
        if (r == 0)
                r = json_object_set_new(
                        to, "Status",
                        json_pack("{s:s, s:s}", "State", *state ? state : "Enabled", "Health", health));
        if (r == 0 && drives)
                r = json_object_set_new(to, "Links", json_pack("{s:O}", "Drives", drives));
        if (r != 0)
                json_decref(to);
        return r == 0 ? to : NULL;
}
