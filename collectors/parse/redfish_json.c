/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/parse/redfish_json.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "collectors/parse/json_pick.h"
#include "collectors/parse/redundancy.h"

#define SUBJECT_SIZE 256
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

const char *redfish_name(const char *link) {
        const char *slash = link ? strrchr(link, '/') : NULL;

        return slash ? slash + 1 : link ? link : "";
}

/* "Id" of a resource, or the last part of its link. */
static const char *id_of(const json_t *j) {
        const char *id = json_text_at(j, "Id");

        return id && *id ? id : redfish_name(json_string_value(json_object_get(j, "@odata.id")));
}

static const char *redfish_json_text(const json_t *j, const char *path) {
        const char *s = json_text_at(j, path);

        return s ? s : "";
}

/* ---- drives ---- */

static bool redfish_json_is(const json_t *j, const char *path, const char *word) {
        return strcasecmp(redfish_json_text(j, path), word) == 0;
}

static const char *drive_kind(const json_t *d) {
        if (redfish_json_is(d, "Protocol", "NVMe"))
                return "nvme";
        return redfish_json_is(d, "MediaType", "SSD")   ? "ssd"
               : redfish_json_is(d, "MediaType", "HDD") ? "hdd"
                                                        : NULL;
}

static const char *drive_transport(const json_t *d) {
        return redfish_json_is(d, "Protocol", "SATA")   ? "ata"
               : redfish_json_is(d, "Protocol", "SAS")  ? "scsi"
               : redfish_json_is(d, "Protocol", "NVMe") ? "nvme"
                                                        : NULL;
}

/* Drive.StatusIndicator says more than Status, where there is one. */
static const char *drive_state(const json_t *d) {
        if (redfish_json_is(d, "StatusIndicator", "Fail") ||
            redfish_json_is(d, "StatusIndicator", "InAFailedArray"))
                return "failed";
        if (redfish_json_is(d, "StatusIndicator", "Rebuild"))
                return "rebuilding";
        if (redfish_json_is(d, "StatusIndicator", "Hotspare") ||
            redfish_json_is(d, "Status.State", "StandbySpare"))
                return "spare";
        if (redfish_json_is(d, "Status.State", "Enabled"))
                return "online";
        return d && redfish_json_text(d, "Status.State")[0] ? "unknown" : NULL;
}

bool redfish_drive_works(const json_t *drive) {
        const char *state = drive_state(drive);

        return !redfish_json_is(drive, "Status.Health", "Critical") &&
               !redfish_json_is(drive, "Status.State", "Absent") &&
               (!state || (strcmp(state, "failed") != 0 && strcmp(state, "rebuilding") != 0));
}

static bool drive_is_predicted(const json_t *d) {
        return json_is_true(json_at(d, "FailurePredicted")) ||
               redfish_json_is(d, "StatusIndicator", "PredictiveFailureAnalysis");
}

static int drive_health(SampleSink *sink, const char *subject, const json_t *d) {
        const char *health = redfish_json_text(d, "Status.Health");
        bool ok = strcasecmp(health, "OK") == 0, critical = strcasecmp(health, "Critical") == 0;
        char why[64];
        int r;

        if (!health[0])
                return 0;
        r = emit_text(sink, METRIC_DISK_HEALTH, subject, ok ? "passed" : critical ? "failing" : "unknown");
        (void) snprintf(why, sizeof(why), "its BMC says: health %.20s", health);
        return r < 0 || ok ? r : emit_text(sink, METRIC_DISK_HEALTH_WHY, subject, why);
}

int redfish_drive(SampleSink *sink, const char *storage, const json_t *drive) {
        int64_t bytes = json_whole_at(drive, "CapacityBytes"),
                left = json_whole_at(drive, "PredictedMediaLifeLeftPercent");
        const json_t *predicted = json_at(drive, "FailurePredicted");
        char subject[SUBJECT_SIZE];
        int r;

        if (!json_is_object(drive) || redfish_json_is(drive, "Status.State", "Absent") || !id_of(drive)[0])
                return 0;
        (void) snprintf(subject, sizeof(subject), "redfish/%.100s/%.100s", storage, id_of(drive));
        r = emit_text(sink, METRIC_DISK_KIND, subject, drive_kind(drive));
        if (r == 0)
                r = emit_text(sink, METRIC_DISK_MODEL, subject, json_text_at(drive, "Model"));
        if (r == 0)
                r = emit_text(sink, METRIC_DISK_SERIAL, subject, json_text_at(drive, "SerialNumber"));
        if (r == 0)
                r = emit_text(sink, METRIC_DISK_TRANSPORT, subject, drive_transport(drive));
        if (r == 0)
                r = emit_text(sink, METRIC_DISK_SLOT, subject,
                              json_text_at(drive, "PhysicalLocation.PartLocation.ServiceLabel"));
        if (r == 0)
                r = emit_number(sink, METRIC_DISK_SIZE, subject, bytes == UNKNOWN ? UNKNOWN : bytes >> 20);
        if (r == 0)
                r = emit_text(sink, METRIC_DISK_STATE, subject, drive_state(drive));
        if (r == 0)
                r = drive_health(sink, subject, drive);
        if (r == 0 && (json_is_boolean(predicted) || drive_is_predicted(drive)))
                r = emit_number(sink, METRIC_DISK_PREDICTED, subject, drive_is_predicted(drive));
        if (r == 0 && left != UNKNOWN && left <= 100)
                r = emit_number(sink, METRIC_DISK_WEAR, subject, 100 - left);
        return r;
}

/* ---- volumes ---- */

/* "RAID10" and "Mirrored" (VolumeType, before 1.3) as metrics name levels. */
static void volume_level(const json_t *v, char ret[16]) {
        const char *type = redfish_json_text(v, "RAIDType");
        size_t n = 0;

        if (!type[0])
                type = redfish_json_is(v, "VolumeType", "Mirrored")                   ? "raid1"
                       : redfish_json_is(v, "VolumeType", "StripedWithParity")        ? "raid5"
                       : redfish_json_is(v, "VolumeType", "SpannedMirrors")           ? "raid10"
                       : redfish_json_is(v, "VolumeType", "SpannedStripesWithParity") ? "raid50"
                       : redfish_json_is(v, "VolumeType", "NonRedundant")             ? "raid0"
                                                                                      : "";
        for (; n < 15 && type[n]; n++)
                ret[n] = (char) tolower((unsigned char) type[n]);
        ret[n] = '\0';
}

typedef struct Members {
        char works[MEMBERS_SIZE], lost[MEMBERS_SIZE];
        int64_t n, n_lost;
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

                ret->n_lost += !works;
                (void) snprintf(to + used, MEMBERS_SIZE - used, "%sredfish/%.100s/%.100s",
                                used > 0 ? "," : "", storage, redfish_name(links[i]));
        }
}

/* A volume whose BMC calls it less than well has lost something, whatever its drives say. */
static int64_t volume_redundancy(const json_t *v, const char *level, const Members *m) {
        int64_t lost = m->n_lost == 0 && redfish_json_is(v, "Status.Health", "Warning") ? 1 : m->n_lost;
        int64_t left = array_redundancy(level, m->n, lost, 0);

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
        const char *state = redfish_json_is(volume, "Status.Health", "OK")         ? "optimal"
                            : redfish_json_is(volume, "Status.Health", "Warning")  ? "degraded"
                            : redfish_json_is(volume, "Status.Health", "Critical") ? "failed"
                                                                                   : "unknown";
        char subject[SUBJECT_SIZE], level[16];
        Members members;
        int r;

        if (!json_is_object(volume) || !id_of(volume)[0])
                return 0;
        (void) snprintf(subject, sizeof(subject), "redfish/%.100s/volume/%.100s", storage, id_of(volume));
        volume_level(volume, level);
        if (strcmp(level, "none") == 0) /* a drive passed through as it is */
                level[0] = '\0';
        redfish_json_members_read(storage, volume, drives, &members);
        if (members.n_lost > 0 && strcmp(state, "optimal") == 0)
                state = "degraded";
        r = emit_text(sink, METRIC_ARRAY_LEVEL, subject, level);
        if (r == 0)
                r = emit_text(sink, METRIC_ARRAY_STATE, subject, state);
        if (r == 0)
                r = volume_members(sink, subject, &members);
        if (r == 0 && level[0])
                r = emit_number(sink, METRIC_ARRAY_REDUNDANCY, subject,
                                volume_redundancy(volume, level, &members));
        if (r == 0)
                r = emit_number(sink, METRIC_ARRAY_SPARES, subject,
                                json_whole_at(volume, "RecoverableCapacitySourceCount"));
        return r;
}

/* ---- what all of a host depends on ---- */

/* As a fault of its own: the BMC's judgement, graded by what is left. [judgement: Warning is a watch;
 * Critical keeps new VMs away, and a host without its memory or controller is drained] */
static int health_fault(SampleSink *sink, const char *subject, const char *what, const char *health,
                        int64_t critical) {
        bool warning = strcasecmp(health, "Warning") == 0, bad = strcasecmp(health, "Critical") == 0;
        char why[160];
        int r;

        if (!warning && !bad)
                return 0;
        (void) snprintf(why, sizeof(why), "%.80s: its BMC says: health %s", what,
                        bad ? "Critical" : "Warning");
        r = emit_number(sink, METRIC_FAULT_GRADE, subject, bad ? critical : 1);
        return r < 0 ? r : emit_text(sink, METRIC_FAULT_WHY, subject, why);
}

int redfish_controller(SampleSink *sink, const json_t *controller) {
        const json_t *list = json_object_get(controller, "StorageControllers"), *one;
        size_t i = 0;
        int r = 0;

        json_array_foreach(list, i, one) {
                char subject[SUBJECT_SIZE];
                const char *name = redfish_json_text(one, "MemberId");

                (void) snprintf(subject, sizeof(subject), "redfish/%.100s/controller/%.60s",
                                id_of(controller), name);
                if (r == 0)
                        r = health_fault(sink, subject,
                                         redfish_json_text(one, "Name")[0] ? redfish_json_text(one, "Name")
                                                                           : "storage controller",
                                         redfish_json_text(one, "Status.Health"), 3);
        }
        if (r == 0 && !list && !json_object_get(controller, "Drives")) {
                char subject[SUBJECT_SIZE];

                (void) snprintf(subject, sizeof(subject), "redfish/controller/%.100s", id_of(controller));
                r = health_fault(sink, subject,
                                 redfish_json_text(controller, "Name")[0]
                                         ? redfish_json_text(controller, "Name")
                                         : "storage controller",
                                 redfish_json_text(controller, "Status.Health"), 3);
        }
        return r;
}

int redfish_system(SampleSink *sink, const json_t *system) {
        const char *health = redfish_json_text(system, "MemorySummary.Status.HealthRollup");
        char subject[SUBJECT_SIZE];

        (void) snprintf(subject, sizeof(subject), "redfish/%.100s/memory", id_of(system));
        return health_fault(sink, subject, "memory",
                            health[0] ? health : redfish_json_text(system, "MemorySummary.Status.Health"), 3);
}

static int64_t redfish_json_milli(const json_t *j, const char *key) {
        const json_t *v = json_object_get(j, key);
        double value = json_is_number(v) ? json_number_value(v) : -1;

        return value < 0 || value > 1e9 ? UNKNOWN : (int64_t) (value * 1000 + 0.5);
}

static bool is_unwell(const json_t *j) {
        return redfish_json_text(j, "Status.Health")[0] && !redfish_json_is(j, "Status.Health", "OK");
}

static int redfish_json_temperature(SampleSink *sink, const char *subject, const json_t *t) {
        int r = emit_number(sink, METRIC_SENSOR_TEMPERATURE, subject,
                            redfish_json_milli(t, "ReadingCelsius"));

        if (r == 0)
                r = emit_number(sink, METRIC_SENSOR_TEMPERATURE_MAX, subject,
                                redfish_json_milli(t, "UpperThresholdNonCritical"));
        if (r == 0)
                r = emit_number(sink, METRIC_SENSOR_TEMPERATURE_CRITICAL, subject,
                                redfish_json_milli(t, "UpperThresholdCritical"));
        return r;
}

/* Speeds in percent are no rpm: then only the alarm counts. */
static int redfish_json_fan(SampleSink *sink, const char *subject, const json_t *f) {
        bool rpm = !redfish_json_text(f, "ReadingUnits")[0] || redfish_json_is(f, "ReadingUnits", "RPM");
        int r = rpm ? emit_number(sink, METRIC_SENSOR_FAN, subject, json_whole_at(f, "Reading")) : 0;

        return r < 0 || !rpm ? r
                             : emit_number(sink, METRIC_SENSOR_FAN_MIN, subject,
                                           json_whole_at(f, "LowerThresholdCritical"));
}

static int redfish_json_sensors(SampleSink *sink, const char *chassis, const json_t *list,
                                int (*values)(SampleSink *sink, const char *subject, const json_t *one)) {
        const json_t *one;
        size_t i;
        int r = 0;

        json_array_foreach(list, i, one) {
                const char *name = redfish_json_text(one, "Name")[0] ? redfish_json_text(one, "Name")
                                                                     : redfish_json_text(one, "FanName");
                char subject[SUBJECT_SIZE];

                if (r < 0 || !name[0] || redfish_json_is(one, "Status.State", "Absent"))
                        continue;
                (void) snprintf(subject, sizeof(subject), "redfish/%.100s/%.100s", chassis, name);
                r = values(sink, subject, one);
                if (r == 0)
                        r = emit_number(sink, METRIC_SENSOR_ALARM, subject, is_unwell(one));
        }
        return r;
}

int redfish_thermal(SampleSink *sink, const char *chassis, const json_t *thermal) {
        int r = redfish_json_sensors(sink, chassis, json_object_get(thermal, "Temperatures"),
                                     redfish_json_temperature);

        return r < 0 ? r
                     : redfish_json_sensors(sink, chassis, json_object_get(thermal, "Fans"),
                                            redfish_json_fan);
}

int redfish_power(SampleSink *sink, const char *chassis, const json_t *power) {
        const json_t *one;
        size_t i;
        int r = 0;

        json_array_foreach(json_object_get(power, "PowerSupplies"), i, one) {
                char subject[SUBJECT_SIZE], what[96];

                (void) snprintf(subject, sizeof(subject), "redfish/%.100s/power/%zu", chassis, i);
                (void) snprintf(what, sizeof(what), "power supply %.60s", redfish_json_text(one, "Name"));
                if (r == 0 && !redfish_json_is(one, "Status.State", "Absent"))
                        r = health_fault(sink, subject, what, redfish_json_text(one, "Status.Health"), 2);
        }
        return r;
}
