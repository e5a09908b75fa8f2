/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/parse/redfish_host.h"

#include <stdio.h>
#include <string.h>

#include "collectors/parse/json_pick.h"
#include "collectors/parse/redfish_word.h"
#include "scheduler/model/bounds.h"

#define SUBJECT_SIZE 256

enum { /* of what is Critical; Warning is 1 [judgement] */
       GRADE_HEAT_AND_POWER = 1,
       GRADE_COARSE = 2, /* something is wrong, and nothing says what */
       GRADE_PART = 3,   /* a host without its memory, processor or controller is drained */
};

/* As a fault of its own: the BMC's judgement, graded by what is left. */
static int health_fault(SampleSink *sink, const char *subject, const char *what, RedfishHealth health,
                        int64_t critical) {
        char why[160];
        int r;

        if (health != REDFISH_WARNING && health != REDFISH_CRITICAL)
                return 0;
        (void) snprintf(why, sizeof(why), "%.80s: BMC reports health %s", what,
                        health == REDFISH_CRITICAL ? "Critical" : "Warning");
        r = emit_number(sink, METRIC_FAULT_GRADE, subject, health == REDFISH_CRITICAL ? critical : 1);
        return r < 0 ? r : emit_text(sink, METRIC_FAULT_WHY, subject, why);
}

static const char *name_or(const json_t *j, const char *otherwise) {
        return redfish_text(j, "Name")[0] ? redfish_text(j, "Name") : otherwise;
}

/* What is wrong with the controller is its cache, whose battery or capacitor is power: a watch. */
static int64_t controller_grade(const json_t *controller) {
        RedfishHealth cache = redfish_health(controller, "CacheSummary.Status.Health");

        return cache == REDFISH_WARNING || cache == REDFISH_CRITICAL ? GRADE_HEAT_AND_POWER : GRADE_PART;
}

static int part_fault(SampleSink *sink, const char *subject, const char *what, const json_t *part,
                      int64_t critical) {
        const char *cache = redfish_text(part, "CacheSummary.Status.Health");
        int r = health_fault(sink, subject, what, redfish_health(part, "Status.Health"), critical);
        char more[80] = "";

        if (redfish_health(part, "CacheSummary.Status.Health") == REDFISH_ODD)
                (void) snprintf(more, sizeof(more), "CacheSummary.Status.Health %.40s", cache);
        return r < 0 ? r : redfish_unread(sink, subject, part, more);
}

int redfish_controller(SampleSink *sink, const json_t *controller) {
        const json_t *list = json_object_get(controller, "StorageControllers"), *one;
        char subject[SUBJECT_SIZE];
        size_t i = 0;
        int r = 0;

        json_array_foreach(list, i, one) {
                (void) snprintf(subject, sizeof(subject), "redfish/%.100s/controller/%.60s",
                                redfish_id(controller), redfish_text(one, "MemberId"));
                if (r == 0)
                        r = part_fault(sink, subject, name_or(one, "storage controller"), one,
                                       controller_grade(one));
        }
        if (r == 0 && !list && !json_object_get(controller, "Drives")) {
                (void) snprintf(subject, sizeof(subject), "redfish/controller/%.100s",
                                redfish_id(controller));
                r = part_fault(sink, subject, name_or(controller, "storage controller"), controller,
                               controller_grade(controller));
        }
        return r;
}

int redfish_system(SampleSink *sink, const json_t *system) {
        static const struct {
                const char *name, *what, *paths[2];
        } parts[] = {
                { "memory",
                  "memory",
                  { "MemorySummary.Status.HealthRollup", "MemorySummary.Status.Health" } },
                { "processors",
                  "processors",
                  { "ProcessorSummary.Status.HealthRollup", "ProcessorSummary.Status.Health" } },
        };
        int r = 0;

        for (size_t i = 0; r == 0 && i < ARRAY_SIZE(parts); i++) {
                RedfishHealth worst = REDFISH_NOT_TOLD;
                char subject[SUBJECT_SIZE], why[160] = "";

                (void) snprintf(subject, sizeof(subject), "redfish/%.100s/%s", redfish_id(system),
                                parts[i].name);
                for (size_t k = 0; k < ARRAY_SIZE(parts[i].paths); k++) {
                        RedfishHealth health = redfish_health(system, parts[i].paths[k]);

                        if (health == REDFISH_ODD)
                                (void) snprintf(why, sizeof(why), "%.60s %.60s", parts[i].paths[k],
                                                redfish_text(system, parts[i].paths[k]));
                        else if (health > worst)
                                worst = health;
                }
                r = health_fault(sink, subject, parts[i].what, worst, GRADE_PART);
                if (r == 0 && *why)
                        r = emit_text(sink, METRIC_ITEM_UNREAD, subject, why);
        }
        return r;
}

int redfish_coarse(SampleSink *sink, const char *kind, const json_t *resource, bool explained) {
        char subject[SUBJECT_SIZE], what[96];

        (void) snprintf(subject, sizeof(subject), "redfish/%s/%.100s", kind, redfish_id(resource));
        (void) snprintf(what, sizeof(what), "the %s as a whole", kind);
        return part_fault(sink, subject, what, resource, explained ? 1 : GRADE_COARSE);
}

bool redfish_is_unwell(const Sample *sample) {
        static const char *const words[] = { "failing", "warning", "failed", "degraded", "missing" };

        switch (sample->metric) {
        case METRIC_FAULT_GRADE:
        case METRIC_DISK_PREDICTED:
        case METRIC_SENSOR_ALARM:
                return sample->number > 0;
        case METRIC_DISK_HEALTH:
        case METRIC_DISK_STATE:
        case METRIC_ARRAY_STATE:
                for (size_t i = 0; sample->text && i < ARRAY_SIZE(words); i++)
                        if (strcmp(sample->text, words[i]) == 0)
                                return true;
                return false;
        default:
                return false;
        }
}

/* ---- heat and power ---- */

static int64_t redfish_host_milli(const json_t *j, const char *key) {
        const json_t *v = json_object_get(j, key);
        double value = json_is_number(v) ? json_number_value(v) : -1;

        return value < 0 || value > (double) bound_of(BOUND_TOOL_REAL) ? UNKNOWN
                                                                       : (int64_t) (value * 1000 + 0.5);
}

static int alarm_emit(SampleSink *sink, const char *subject, const json_t *sensor) {
        RedfishHealth health = redfish_health(sensor, "Status.Health");
        int r = emit_number(sink, METRIC_SENSOR_ALARM, subject,
                            health != REDFISH_NOT_TOLD && health != REDFISH_OK);

        return r < 0 ? r : redfish_unread(sink, subject, sensor, "");
}

static int redfish_host_temperature(SampleSink *sink, const char *subject, const json_t *t) {
        int r = emit_number(sink, METRIC_SENSOR_TEMPERATURE, subject,
                            redfish_host_milli(t, "ReadingCelsius"));

        if (r == 0)
                r = emit_number(sink, METRIC_SENSOR_TEMPERATURE_MAX, subject,
                                redfish_host_milli(t, "UpperThresholdNonCritical"));
        if (r == 0)
                r = emit_number(sink, METRIC_SENSOR_TEMPERATURE_CRITICAL, subject,
                                redfish_host_milli(t, "UpperThresholdCritical"));
        return r;
}

/* Speeds in percent are no rpm: then only the alarm counts. */
static int redfish_host_fan(SampleSink *sink, const char *subject, const json_t *f) {
        bool rpm = !redfish_text(f, "ReadingUnits")[0] || redfish_is(f, "ReadingUnits", "RPM");
        int r = rpm ? emit_number(sink, METRIC_SENSOR_FAN, subject, json_whole_at(f, "Reading")) : 0;

        return r < 0 || !rpm ? r
                             : emit_number(sink, METRIC_SENSOR_FAN_MIN, subject,
                                           json_whole_at(f, "LowerThresholdCritical"));
}

static int redfish_host_sensors(SampleSink *sink, const char *chassis, const json_t *list,
                                int (*values)(SampleSink *sink, const char *subject, const json_t *one)) {
        const json_t *one;
        size_t i;
        int r = 0;

        json_array_foreach(list, i, one) {
                const char *name = name_or(one, redfish_text(one, "FanName"));
                char subject[SUBJECT_SIZE];

                if (r < 0 || !name[0] || redfish_is(one, "Status.State", "Absent"))
                        continue;
                (void) snprintf(subject, sizeof(subject), "redfish/%.100s/%.100s", chassis, name);
                r = values(sink, subject, one);
                if (r == 0)
                        r = alarm_emit(sink, subject, one);
        }
        return r;
}

int redfish_thermal(SampleSink *sink, const char *chassis, const json_t *thermal) {
        int r = redfish_host_sensors(sink, chassis, json_object_get(thermal, "Temperatures"),
                                     redfish_host_temperature);

        return r < 0 ? r
                     : redfish_host_sensors(sink, chassis, json_object_get(thermal, "Fans"),
                                            redfish_host_fan);
}

int redfish_fan(SampleSink *sink, const char *chassis, const json_t *fan) {
        char subject[SUBJECT_SIZE];
        int r;

        if (redfish_is(fan, "Status.State", "Absent"))
                return 0;
        (void) snprintf(subject, sizeof(subject), "redfish/%.100s/%.100s", chassis,
                        name_or(fan, redfish_id(fan)));
        r = emit_number(sink, METRIC_SENSOR_FAN, subject, json_whole_at(fan, "SpeedPercent.SpeedRPM"));
        return r < 0 ? r : alarm_emit(sink, subject, fan);
}

int redfish_supply(SampleSink *sink, const char *chassis, const json_t *supply) {
        char subject[SUBJECT_SIZE], what[96];

        if (redfish_is(supply, "Status.State", "Absent"))
                return 0;
        (void) snprintf(subject, sizeof(subject), "redfish/%.100s/power/%.100s", chassis, redfish_id(supply));
        (void) snprintf(what, sizeof(what), "power supply %.60s", redfish_text(supply, "Name"));
        return part_fault(sink, subject, what, supply, GRADE_HEAT_AND_POWER);
}

int redfish_power(SampleSink *sink, const char *chassis, const json_t *power) {
        const json_t *one;
        size_t i;
        int r = 0;

        json_array_foreach(json_object_get(power, "PowerSupplies"), i, one) {
                char subject[SUBJECT_SIZE], what[96];

                (void) snprintf(subject, sizeof(subject), "redfish/%.100s/power/%zu", chassis, i);
                (void) snprintf(what, sizeof(what), "power supply %.60s", redfish_text(one, "Name"));
                if (r == 0 && !redfish_is(one, "Status.State", "Absent"))
                        r = part_fault(sink, subject, what, one, GRADE_HEAT_AND_POWER);
        }
        return r;
}
