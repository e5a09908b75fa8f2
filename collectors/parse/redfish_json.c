/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/parse/redfish_json.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "collectors/parse/json_pick.h"
#include "collectors/parse/redfish_word.h"
#include "collectors/parse/redundancy.h"

#define SUBJECT_SIZE 256
#define SLOT_SIZE    40
#define LINKS_MOST   256
#define MEMBERS_SIZE 4096

uint32_t redfish_links(const json_t *j, const char *key, const char **ret, uint32_t most) {
        const json_t *list = json_object_get(j, key);
        uint32_t n = 0;

        for (size_t i = 0; i < json_array_size(list); i++) {
                const char *link = json_string_value(json_object_get(json_array_get(list, i), "@odata.id"));

                if (link && link[0] == '/' && n < most)
                        ret[n++] = link;
        }
        return n;
}

/* ---- drives ---- */

static const char *drive_kind(const json_t *d) {
        if (redfish_is(d, "Protocol", "NVMe"))
                return "nvme";
        return redfish_is(d, "MediaType", "SSD") ? "ssd" : redfish_is(d, "MediaType", "HDD") ? "hdd" : NULL;
}

static const char *drive_transport(const json_t *d) {
        return redfish_is(d, "Protocol", "SATA")   ? "ata"
               : redfish_is(d, "Protocol", "SAS")  ? "scsi"
               : redfish_is(d, "Protocol", "NVMe") ? "nvme"
                                                   : NULL;
}

/* Drive.StatusIndicator says more than Status, where there is one. NULL: neither says anything that counts. */
static const char *drive_state(const json_t *d) {
        if (redfish_is(d, "StatusIndicator", "Fail") || redfish_is(d, "StatusIndicator", "InAFailedArray"))
                return "failed";
        if (redfish_is(d, "StatusIndicator", "Rebuild"))
                return "rebuilding";
        if (redfish_is(d, "StatusIndicator", "Hotspare") || redfish_is(d, "Status.State", "StandbySpare"))
                return "spare";
        if (redfish_state_is_odd(d))
                return "unknown";
        return redfish_is(d, "Status.State", "Enabled") ? "online" : NULL;
}

static bool indicator_is_odd(const json_t *d) {
        static const char *const words[] = { "",
                                             "OK",
                                             "Fail",
                                             "Rebuild",
                                             "Hotspare",
                                             "PredictiveFailureAnalysis",
                                             "InACriticalArray",
                                             "InAFailedArray" };

        for (size_t i = 0; i < ARRAY_SIZE(words); i++)
                if (redfish_is(d, "StatusIndicator", words[i]))
                        return false;
        return true;
}

bool redfish_drive_works(const json_t *drive) {
        const char *state = drive_state(drive);

        return !redfish_is(drive, "Status.Health", "Critical") &&
               !redfish_is(drive, "Status.State", "Absent") &&
               (!state || (strcmp(state, "failed") != 0 && strcmp(state, "rebuilding") != 0));
}

static bool drive_is_predicted(const json_t *d) {
        return json_is_true(json_at(d, "FailurePredicted")) ||
               redfish_is(d, "StatusIndicator", "PredictiveFailureAnalysis");
}

static int drive_health(SampleSink *sink, const char *subject, const json_t *d) {
        static const char *const healths[] = { NULL, "passed", "warning", "failing", "unknown" };
        RedfishHealth health = redfish_health(d, "Status.Health");
        char why[64];
        int r;

        if (health == REDFISH_NOT_TOLD)
                return 0;
        r = emit_text(sink, METRIC_DISK_HEALTH, subject, healths[health]);
        (void) snprintf(why, sizeof(why), "BMC reports health %.20s", redfish_text(d, "Status.Health"));
        return r < 0 || health == REDFISH_OK ? r : emit_text(sink, METRIC_DISK_HEALTH_WHY, subject, why);
}

/* The first of its names that is a world-wide one, as hexadecimal digits. */
static int drive_wwn(SampleSink *sink, const char *subject, const json_t *d) {
        const json_t *list = json_object_get(d, "Identifiers"), *one;
        size_t i;

        json_array_foreach(list, i, one) {
                if (redfish_is(one, "DurableNameFormat", "NAA") ||
                    redfish_is(one, "DurableNameFormat", "EUI"))
                        return emit_text(sink, METRIC_DISK_WWN, subject, json_text_at(one, "DurableName"));
        }
        return 0;
}

/* Of "Slot=3:Port=1I:Box=2:Bay=4" (HPE) the values, "3:1I:2:4". False: it is of another form, or one is not known. */
static bool slot_of_pairs(const char *label, char ret[SLOT_SIZE]) {
        size_t n = 0;

        if (!strstr(label, "Bay="))
                return false;
        for (const char *s = label; *s; s += *s == ':') {
                size_t pair = strcspn(s, ":"), key = strcspn(s, "=:");

                if (key >= pair || n + pair - key + 1 > SLOT_SIZE || strncmp(s + key + 1, "Unknown", 7) == 0)
                        return false;
                if (n > 0)
                        ret[n++] = ':';
                memcpy(ret + n, s + key + 1, pair - key - 1);
                n += pair - key - 1;
                s += pair;
        }
        ret[n] = '\0';
        return n > 0;
}

/* The number of "Slot 3", "NVMe E1.S Slot 3", "Bay 3", "Disk.Bay.3:Enclosure…" (Dell). */
static bool slot_of_words(const char *label, char ret[SLOT_SIZE]) {
        static const char *const words[] = { "Disk.Bay.", "Slot ", "Bay ", "Disk " };

        for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
                const char *at = strstr(label, words[i]), *number = at ? at + strlen(words[i]) : "";
                size_t digits = strspn(number, "0123456789");

                if (digits > 0 && digits < SLOT_SIZE && (number[digits] == '\0' || number[digits] == ':')) {
                        (void) snprintf(ret, SLOT_SIZE, "%.*s", (int) digits, number);
                        return true;
                }
        }
        return false;
}

/* As its controller counts, as far as the BMC tells: all of it, the end of it, or its label as it is. */
static int drive_slot(SampleSink *sink, const char *subject, const json_t *d) {
        const char *label = json_text_at(d, "PhysicalLocation.PartLocation.ServiceLabel"),
                   *info = json_text_at(json_array_get(json_object_get(d, "Location"), 0), "Info"),
                   *port = json_text_at(d, "Location"); /* "1I:2:4" */
        const char *const all[] = { label, redfish_id(d), info };
        char slot[SLOT_SIZE];

        for (size_t i = 0; i < ARRAY_SIZE(all); i++)
                if (all[i] && (slot_of_pairs(all[i], slot) || slot_of_words(all[i], slot)))
                        return emit_text(sink, METRIC_DISK_SLOT, subject, slot);
        return emit_text(sink, METRIC_DISK_SLOT, subject, port ? port : label);
}

static int drive_unread(SampleSink *sink, const char *subject, const json_t *d) {
        char more[80] = "";

        if (indicator_is_odd(d))
                (void) snprintf(more, sizeof(more), "StatusIndicator %.50s",
                                redfish_text(d, "StatusIndicator"));
        return redfish_unread(sink, subject, d, more);
}

static const char *drive_role(const json_t *d) {
        const char *state = drive_state(d);

        return state && strcmp(state, "spare") == 0            ? "spare"
               : redfish_is(d, "DiskDriveUse", "Unconfigured") ? "none" /* HPE's */
                                                               : NULL;
}

int redfish_drive(SampleSink *sink, const char *storage, const json_t *drive) {
        int64_t bytes = json_whole_at(drive, "CapacityBytes"),
                left = json_whole_at(drive, "PredictedMediaLifeLeftPercent");
        const json_t *predicted = json_at(drive, "FailurePredicted");
        char subject[SUBJECT_SIZE];
        int r;
        if (!json_is_object(drive) || !redfish_id(drive)[0])
                return 0;
        (void) snprintf(subject, sizeof(subject), "redfish/%.100s/%.100s", storage, redfish_id(drive));
        if (redfish_is(drive, "Status.State", "Absent")) /* an empty slot */
                return drive_unread(sink, subject, drive);
        r = emit_text(sink, METRIC_DISK_KIND, subject, drive_kind(drive));
        if (r == 0)
                r = emit_text(sink, METRIC_DISK_MODEL, subject, json_text_at(drive, "Model"));
        if (r == 0)
                r = emit_text(sink, METRIC_DISK_SERIAL, subject, json_text_at(drive, "SerialNumber"));
        if (r == 0)
                r = emit_text(sink, METRIC_DISK_TRANSPORT, subject, drive_transport(drive));
        if (r == 0)
                r = drive_slot(sink, subject, drive);
        if (r == 0)
                r = emit_number(sink, METRIC_DISK_SIZE, subject, bytes == UNKNOWN ? UNKNOWN : bytes >> 20);
        if (r == 0)
                r = emit_text(sink, METRIC_DISK_STATE, subject, drive_state(drive));
        if (r == 0)
                r = drive_health(sink, subject, drive);
        if (r == 0)
                r = drive_wwn(sink, subject, drive);
        if (r == 0)
                r = emit_text(sink, METRIC_DISK_ROLE, subject, drive_role(drive));
        if (r == 0)
                r = drive_unread(sink, subject, drive);
        if (r == 0 && (json_is_boolean(predicted) || drive_is_predicted(drive)))
                r = emit_number(sink, METRIC_DISK_PREDICTED, subject, drive_is_predicted(drive));
        if (r == 0 && left != UNKNOWN && left <= 100)
                r = emit_number(sink, METRIC_DISK_WEAR, subject, 100 - left);
        return r;
}

/* ---- volumes ---- */

/* "RAID10" and "Mirrored" (VolumeType, before 1.3) as metrics name levels. */
static void volume_level(const json_t *value, char ret[16]) {
        const char *type = redfish_text(value, "RAIDType");
        size_t n = 0;

        if (!type[0])
                type = redfish_is(value, "VolumeType", "Mirrored")                   ? "raid1"
                       : redfish_is(value, "VolumeType", "StripedWithParity")        ? "raid5"
                       : redfish_is(value, "VolumeType", "SpannedMirrors")           ? "raid10"
                       : redfish_is(value, "VolumeType", "SpannedStripesWithParity") ? "raid50"
                       : redfish_is(value, "VolumeType", "NonRedundant")             ? "raid0"
                                                                                     : "";
        for (; n < 15 && type[n]; n++)
                ret[n] = (char) tolower((unsigned char) type[n]);
        ret[n] = '\0';
}

typedef struct Members {
        char works[MEMBERS_SIZE], lost[MEMBERS_SIZE];
        int64_t n, n_lost; /* at least one, where the volume's BMC calls it less than well */
} Members;

static void redfish_json_members_read(const char *storage, const json_t *volume, const RedfishDrives *drives,
                                      Members *ret) {
        const char *links[LINKS_MOST];
        uint32_t n = redfish_links(json_object_get(volume, "Links"), "Drives", links, LINKS_MOST);

        ret->n = n;
        ret->n_lost = 0;
        ret->works[0] = ret->lost[0] = '\0';
        for (uint32_t i = 0; i < n; i++) {
                bool works = drives->works(drives->arg, links[i]);
                char *to = works ? ret->works : ret->lost;
                size_t used = strlen(to);
                const char *name = redfish_name(links[i]);

                ret->n_lost += !works;
                (void) snprintf(to + used, MEMBERS_SIZE - used, "%sredfish/%.100s/%.*s", used > 0 ? "," : "",
                                storage, redfish_name_length(name) < 100 ? redfish_name_length(name) : 100,
                                name);
        }
}

static int64_t volume_redundancy(const char *level, const Members *m) {
        int64_t left = array_redundancy(level, m->n, m->n_lost, 0);

        return m->n == 0 || left == INT64_MIN ? UNKNOWN : left > 0 ? left : 0;
}

static int volume_members(SampleSink *sink, const char *subject, const Members *m) {
        int r = emit_text(sink, METRIC_ARRAY_MEMBERS, subject, m->works);

        if (r == 0)
                r = emit_text(sink, METRIC_ARRAY_LOST, subject, m->lost);
        if (r == 0 && m->n > 0)
                r = emit_number(sink, METRIC_ARRAY_WANTED, subject, m->n);
        if (r == 0 && m->n > 0)
                r = emit_number(sink, METRIC_ARRAY_WORKING, subject, m->n - m->n_lost);
        if (r == 0 && m->n > 0)
                r = emit_number(sink, METRIC_ARRAY_FAILED, subject, m->n_lost);
        return r;
}

int redfish_volume(SampleSink *sink, const char *storage, const json_t *volume, const RedfishDrives *drives) {
        static const char *const states[] = { NULL, "optimal", "degraded", "failed", "unknown" };
        const char *state =
                redfish_state_is_odd(volume) ? "unknown" : states[redfish_health(volume, "Status.Health")];
        char subject[SUBJECT_SIZE], level[16];
        Members members;
        int r;

        if (!json_is_object(volume) || !redfish_id(volume)[0])
                return 0;
        (void) snprintf(subject, sizeof(subject), "redfish/%.100s/volume/%.100s", storage,
                        redfish_id(volume));
        volume_level(volume, level);
        if (strcmp(level, "none") == 0) /* a drive passed through as it is */
                level[0] = '\0';
        redfish_json_members_read(storage, volume, drives, &members);
        if (members.n > 0 && members.n_lost == 0 && redfish_is(volume, "Status.Health", "Warning"))
                members.n_lost = 1; /* it has lost something, whatever its drives say */
        if (members.n_lost > 0 && (!state || strcmp(state, "optimal") == 0))
                state = "degraded";
        r = emit_text(sink, METRIC_ARRAY_LEVEL, subject, level);
        if (r == 0)
                r = emit_text(sink, METRIC_ARRAY_STATE, subject, state);
        if (r == 0)
                r = redfish_unread(sink, subject, volume, "");
        if (r == 0)
                r = volume_members(sink, subject, &members);
        if (r == 0 && level[0])
                r = emit_number(sink, METRIC_ARRAY_REDUNDANCY, subject, volume_redundancy(level, &members));
        if (r == 0)
                r = emit_number(sink, METRIC_ARRAY_SPARES, subject,
                                json_whole_at(volume, "RecoverableCapacitySourceCount"));
        return r;
}
