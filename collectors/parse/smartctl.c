/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/parse/smartctl.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "collectors/parse/json_pick.h"
#include "scheduler/base/text.h"

#define MIB 1048576

enum { /* bits of the exit status */
       EXIT_USAGE = 1 << 0,
       EXIT_OPEN = 1 << 1,
       EXIT_COMMAND = 1 << 2,
       EXIT_FAILING = 1 << 3,
       EXIT_PREFAIL = 1 << 4,
};

/* ATA attributes whose raw value is a plain count. */
static const struct {
        int64_t id;
        size_t at;
} smartctl_counts[] = {
        { 5, offsetof(SmartFacts, reallocated) }, { 10, offsetof(SmartFacts, spin_retry) },
        { 187, offsetof(SmartFacts, reported) },  { 196, offsetof(SmartFacts, reallocations) },
        { 197, offsetof(SmartFacts, pending) },   { 198, offsetof(SmartFacts, uncorrectable) },
        { 199, offsetof(SmartFacts, crc) },
};

SmartFacts smart_facts_none(void) {
        return (SmartFacts){
                .size_mib = UNKNOWN,
                .hours = UNKNOWN,
                .temperature = UNKNOWN,
                .reallocated = UNKNOWN,
                .spin_retry = UNKNOWN,
                .reported = UNKNOWN,
                .timeouts = UNKNOWN,
                .timeouts_5s = UNKNOWN,
                .timeouts_7s = UNKNOWN,
                .reallocations = UNKNOWN,
                .pending = UNKNOWN,
                .uncorrectable = UNKNOWN,
                .crc = UNKNOWN,
                .error_log = UNKNOWN,
                .selftest_failed = UNKNOWN,
                .grown_defects = UNKNOWN,
                .uncorrected = UNKNOWN,
                .nvme_warning = UNKNOWN,
                .nvme_error_entries = UNKNOWN,
                .media_errors = UNKNOWN,
                .spare = UNKNOWN,
                .spare_threshold = UNKNOWN,
                .wear = UNKNOWN,
        };
}

/* ---- what it is ---- */
static void transport_take(const char *type, const char *protocol, SmartFacts *f) {
        static const char *const controllers[] = { "megaraid", "cciss",  "3ware",  "areca", "aacraid",
                                                   "hpt",      "jmb39x", "jms56x", "usb" };

        for (size_t i = 0; type && i < ARRAY_SIZE(controllers); i++)
                if (strstr(type, controllers[i])) { /* "sat+megaraid,4" is behind megaraid */
                        json_trim(f->transport, sizeof(f->transport), controllers[i]);
                        return;
                }
        json_trim(f->transport, sizeof(f->transport), protocol);
        for (char *c = f->transport; *c; c++)
                *c = (char) (*c >= 'A' && *c <= 'Z' ? *c + ('a' - 'A') : *c);
}

static void identity_take(const json_t *j, SmartFacts *f) {
        const char *model = json_text_at(j, "model_name"), *protocol = json_text_at(j, "device.protocol");
        int64_t rotation = json_whole_at(j, "rotation_rate");

        json_trim(f->model, sizeof(f->model), model ? model : json_text_at(j, "scsi_model_name"));
        json_trim(f->serial, sizeof(f->serial), json_text_at(j, "serial_number"));
        transport_take(json_text_at(j, "device.type"), protocol, f);
        if (protocol && strcmp(protocol, "NVMe") == 0)
                json_trim(f->kind, sizeof(f->kind), "nvme");
        else if (rotation >= 0)
                json_trim(f->kind, sizeof(f->kind), rotation == 0 ? "ssd" : "hdd");
        f->size_mib = json_whole_at(j, "user_capacity.bytes");
        f->size_mib = f->size_mib >= 0 ? f->size_mib / MIB : UNKNOWN;
        f->hours = json_whole_at(j, "power_on_time.hours");
        f->temperature = json_whole_at(j, "temperature.current");
}

/* ---- ATA ---- */
/* What smartctl shows as the count: raw values may hold more beside it ("8 (0 5)", "31 (Min/Max 20/35)"), in
 * ways that its drive database knows. */
static int64_t raw_count(const json_t *attribute) {
        const char *shown = json_text_at(attribute, "raw.string");
        size_t n = shown ? strspn(shown, "0123456789") : 0;
        int64_t value;

        if (n > 0 && (shown[n] == '\0' || shown[n] == ' ') &&
            text_to_int(shown, n, 0, JSON_WHOLE_MAX, &value) == 0)
                return value;
        return json_whole_at(attribute, "raw.value");
}

/* Three counts of 16 bits: all that timed out, those over 5 s, those over 7.5 s (Seagate; elsewhere the upper
 * two are 0). As one number it looks like billions. */
static void timeouts_take(const json_t *attribute, SmartFacts *f) {
        int64_t raw = json_whole_at(attribute, "raw.value");

        if (raw < 0 || raw >= INT64_C(1) << 48)
                return;
        f->timeouts = raw & 0xffff;
        f->timeouts_5s = raw >> 16 & 0xffff;
        f->timeouts_7s = raw >> 32;
}

static void name_append(char *list, size_t size, const char *name) {
        size_t n = strlen(list);

        if (name && *name && !strchr(name, ',') && text_is_name(name, strlen(name)) &&
            n + strlen(name) + 2 <= size)
                (void) snprintf(list + n, size - n, "%s%s", n > 0 ? "," : "", name);
}

static void attribute_take(const json_t *attribute, SmartFacts *f) {
        int64_t id = json_whole_at(attribute, "id");
        const char *failed = json_text_at(attribute, "when_failed"), *name = json_text_at(attribute, "name");

        for (size_t i = 0; i < ARRAY_SIZE(smartctl_counts); i++)
                if (smartctl_counts[i].id == id)
                        *(int64_t *) ((char *) f + smartctl_counts[i].at) = raw_count(attribute);
        if (id == 188)
                timeouts_take(attribute, f);
        if ((id == 194 || id == 190) && f->temperature < 0)
                f->temperature = raw_count(attribute);
        if (failed && strcmp(failed, "now") == 0)
                name_append(f->failing_now, sizeof(f->failing_now), name);
        else if (failed && strcmp(failed, "past") == 0)
                name_append(f->failed_once, sizeof(f->failed_once), name);
}

/* The extended log, where it was read, holds the standard one's errors too. */
static int64_t smartctl_either(const json_t *j, const char *extended, const char *standard) {
        int64_t value = json_whole_at(j, extended);

        return value >= 0 ? value : json_whole_at(j, standard);
}

static void ata_take(const json_t *j, SmartFacts *f) {
        const json_t *table = json_at(j, "ata_smart_attributes.table"), *attribute;
        size_t i;

        json_array_foreach(table, i, attribute) {
                attribute_take(attribute, f);
        }
        f->error_log =
                smartctl_either(j, "ata_smart_error_log.extended.count", "ata_smart_error_log.summary.count");
        if (json_at(j, "ata_smart_self_test_log.standard") ||
            json_at(j, "ata_smart_self_test_log.extended")) {
                f->selftest_failed = smartctl_either(j, "ata_smart_self_test_log.extended.error_count_total",
                                                     "ata_smart_self_test_log.standard.error_count_total");
                f->selftest_failed = f->selftest_failed >= 0 ? f->selftest_failed : 0; /* an empty log */
        }
}

/* ---- NVMe ---- */
static void nvme_take(const json_t *j, SmartFacts *f) {
        const json_t *log = json_at(j, "nvme_smart_health_information_log"), *tests, *test;
        int64_t failed = 0;
        size_t i;

        if (!log)
                return;
        f->nvme_warning = json_whole_at(log, "critical_warning");
        f->nvme_error_entries = json_whole_at(log, "num_err_log_entries");
        f->media_errors = json_whole_at(log, "media_errors");
        f->spare = json_whole_at(log, "available_spare");
        f->spare_threshold = json_whole_at(log, "available_spare_threshold");
        f->wear = json_whole_at(log, "percentage_used");
        tests = json_at(j, "nvme_self_test_log.table");
        json_array_foreach(tests, i, test) {
                int64_t result = json_whole_at(test, "self_test_result.value");

                failed += result >= 5 && result <= 7; /* NVMe base specification, Device Self-test log */
        }
        if (json_at(j, "nvme_self_test_log"))
                f->selftest_failed = failed;
}

/* ---- SCSI ---- */
static void scsi_take(const json_t *j, SmartFacts *f) {
        static const char *const logs[] = { "scsi_error_counter_log.read.total_uncorrected_errors",
                                            "scsi_error_counter_log.write.total_uncorrected_errors",
                                            "scsi_error_counter_log.verify.total_uncorrected_errors" };
        int64_t failed = 0;
        bool tested = false;

        f->grown_defects = json_whole_at(j, "scsi_grown_defect_list");
        for (size_t i = 0; i < ARRAY_SIZE(logs); i++) {
                int64_t value = json_whole_at(j, logs[i]);

                if (value >= 0)
                        f->uncorrected = (f->uncorrected >= 0 ? f->uncorrected : 0) + value;
        }
        for (int i = 0; i < 20; i++) {
                char path[48];
                int64_t result;

                (void) snprintf(path, sizeof(path), "scsi_self_test_%d.result.value", i);
                result = json_whole_at(j, path);
                tested |= result >= 0;
                failed +=
                        result >= 3 && result <= 7; /* SPC: Self-Test Results log, SELF-TEST RESULTS field */
        }
        if (tested)
                f->selftest_failed = failed;
}

/* Endurance by whichever name this version and protocol has; flash only. */
static void endurance_take(const json_t *j, SmartFacts *f) {
        static const char *const used[] = { "endurance_used.current_percent",
                                            "scsi_percentage_used_endurance_indicator" };
        const json_t *pages = json_at(j, "ata_device_statistics.pages"), *page, *row;
        size_t i, k;

        for (i = 0; f->wear < 0 && i < ARRAY_SIZE(used); i++)
                f->wear = json_whole_at(j, used[i]);
        if (f->spare < 0) {
                f->spare = json_whole_at(j, "spare_available.current_percent");
                f->spare_threshold = json_whole_at(j, "spare_available.threshold_percent");
        }
        json_array_foreach(pages, i, page) {
                const json_t *table = json_object_get(page, "table");

                if (f->wear >= 0 || json_whole_at(page, "number") != 7) /* Solid State Device Statistics */
                        continue;
                json_array_foreach(table, k, row) {
                        if (json_whole_at(row, "offset") == 8 && json_is_true(json_at(row, "flags.valid")))
                                f->wear = json_whole_at(row, "value");
                }
        }
}

/* ---- the judgement ---- */
static const char *first_error(const json_t *j) {
        const json_t *messages = json_at(j, "smartctl.messages"), *m;
        size_t i;

        json_array_foreach(messages, i, m) {
                const char *severity = json_text_at(m, "severity");

                if (severity && strcmp(severity, "error") == 0)
                        return json_text_at(m, "string");
        }
        return NULL;
}

static bool is_asleep(const json_t *j) {
        const json_t *messages = json_at(j, "smartctl.messages"), *m;
        size_t i;

        json_array_foreach(messages, i, m) {
                const char *s = json_text_at(m, "string");

                if (s && (strncmp(s, "Device is in STANDBY", 20) == 0 ||
                          strncmp(s, "Device is in SLEEP", 18) == 0))
                        return true;
        }
        return false;
}

static void nvme_why(SmartFacts *f) {
        static const char *const bits[] = {
                "spare below its threshold",     "temperature out of its range",
                "reliability degraded",          "media read-only",
                "volatile memory backup failed", "persistent memory region unreliable"
        };

        for (size_t i = 0; f->nvme_warning > 0 && i < ARRAY_SIZE(bits); i++)
                if (f->nvme_warning >> i & 1) {
                        size_t n = strlen(f->why);

                        (void) snprintf(f->why + n, sizeof(f->why) - n, "; %s", bits[i]);
                }
}

static void failing_take(int status, SmartFacts *f) {
        f->health = SMART_FAILING;
        (void) snprintf(f->why, sizeof(f->why), "%s%s%s",
                        status & EXIT_FAILING || !(status & EXIT_PREFAIL)
                                ? "the disk says that it is failing"
                                : "attributes at or below their threshold",
                        *f->failing_now ? ": " : "", f->failing_now);
        nvme_why(f);
}

static void unknown_take(const json_t *j, int status, const char *otherwise, SmartFacts *f) {
        const char *error = first_error(j);

        f->health = SMART_UNKNOWN;
        if (error)
                json_trim(f->why, sizeof(f->why), error);
        else if (status & (EXIT_USAGE | EXIT_OPEN | EXIT_COMMAND))
                (void) snprintf(f->why, sizeof(f->why), "%s",
                                status & EXIT_USAGE  ? "smartctl did not understand the device"
                                : status & EXIT_OPEN ? "smartctl could not open the device"
                                                     : "a SMART command to the disk failed");
        else
                json_trim(f->why, sizeof(f->why), otherwise);
}

static void health_take(const json_t *j, int status, SmartFacts *f) {
        const json_t *passed = json_at(j, "smart_status.passed");
        const json_t *available = json_at(j, "smart_support.available");
        const json_t *enabled = json_at(j, "smart_support.enabled");

        if (status & (EXIT_FAILING | EXIT_PREFAIL) || json_is_false(passed))
                failing_take(status, f);
        else if (status & (EXIT_USAGE | EXIT_OPEN | EXIT_COMMAND))
                unknown_take(j, status, "", f);
        else if (json_is_true(passed))
                f->health = SMART_PASSED;
        else
                unknown_take(j, status,
                             json_is_false(available) ? "it has no SMART"
                             : json_is_false(enabled) ? "SMART is switched off"
                                                      : "it does not judge itself",
                             f);
}

int smart_facts_parse(const char *text, size_t n, int status, SmartFacts *ret) {
        json_t *j = json_document(text, n);
        SmartFacts f = smart_facts_none();

        if (!json_is_object(json_at(j, "smartctl"))) {
                json_decref(j);
                return -EBADMSG;
        }
        identity_take(j, &f);
        f.asleep = is_asleep(j);
        if (f.asleep) {
                json_trim(f.why, sizeof(f.why), "it sleeps, and was not woken");
        } else {
                ata_take(j, &f);
                nvme_take(j, &f);
                scsi_take(j, &f);
                endurance_take(j, &f);
                health_take(j, status, &f);
        }
        json_decref(j);
        *ret = f;
        return 0;
}

/* ---- the scan ---- */
static int devices_fill(Arena *a, const json_t *devices, SmartDevice *to, uint32_t *ret_n) {
        const json_t *d;
        uint32_t n = 0;
        size_t i;

        json_array_foreach(devices, i, d) {
                const char *name = json_text_at(d, "name"), *type = json_text_at(d, "type");

                if (!name || strncmp(name, "/dev/", 5) != 0 || !text_is_name(name, strlen(name)))
                        continue;
                to[n].name = text_copy(a, name, strlen(name));
                to[n].type = text_copy(a, type ? type : "", type ? strlen(type) : 0);
                if (!to[n].name || !to[n].type)
                        return -ENOMEM;
                n++;
        }
        *ret_n = n;
        return 0;
}

int smart_scan_parse(Arena *a, const char *text, size_t n, const SmartDevice **ret, uint32_t *ret_n) {
        json_t *j = json_document(text, n);
        const json_t *devices = json_at(j, "devices");
        SmartDevice *to;
        int r;

        if (!json_is_object(json_at(j, "smartctl"))) {
                json_decref(j);
                return -EBADMSG;
        }
        to = arena_new(a, SmartDevice, json_array_size(devices));
        r = to ? devices_fill(a, devices, to, ret_n) : -ENOMEM;
        json_decref(j);
        if (r == 0)
                *ret = to;
        return r;
}
