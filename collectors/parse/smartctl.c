/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/parse/smartctl.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "collectors/parse/json_pick.h"
#include "collectors/parse/smart_ata.h"
#include "collectors/parse/smart_verdict.h"
#include "scheduler/base/text.h"

#define MIB 1048576

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

/* ATA tells its parts, SCSI the whole; as hexadecimal digits. */
static void wwn_take(const json_t *j, SmartFacts *f) {
        const char *unit = json_text_at(j, "logical_unit_id");
        int64_t naa = json_whole_at(j, "wwn.naa"), oui = json_whole_at(j, "wwn.oui"),
                id = json_whole_at(j, "wwn.id");

        if (naa >= 0 && naa < 16 && oui >= 0 && oui < 1 << 24 && id >= 0 && id < INT64_C(1) << 36)
                (void) snprintf(f->wwn, sizeof(f->wwn), "%llx%06llx%09llx", (unsigned long long) naa,
                                (unsigned long long) oui, (unsigned long long) id);
        else if (unit)
                json_trim(f->wwn, sizeof(f->wwn), strncmp(unit, "0x", 2) == 0 ? unit + 2 : unit);
}

static void identity_take(const json_t *j, SmartFacts *f) {
        const char *model = json_text_at(j, "model_name"), *protocol = json_text_at(j, "device.protocol");
        int64_t rotation = json_whole_at(j, "rotation_rate");

        json_trim(f->model, sizeof(f->model), model ? model : json_text_at(j, "scsi_model_name"));
        json_trim(f->serial, sizeof(f->serial), json_text_at(j, "serial_number"));
        wwn_take(j, f);
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
        if (f->pending < 0)
                f->pending = json_whole_at(j, "scsi_pending_defects.count");
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

        for (size_t i = 0; f->wear < 0 && i < ARRAY_SIZE(used); i++)
                f->wear = json_whole_at(j, used[i]);
        if (f->spare < 0) {
                f->spare = json_whole_at(j, "spare_available.current_percent");
                f->spare_threshold = json_whole_at(j, "spare_available.threshold_percent");
        }
        if (f->wear < 0)
                f->wear = smart_ata_wear(j);
}

/* ---- all of it ---- */
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
                json_trim(f.why, sizeof(f.why), "in standby; not read, to avoid waking it");
        } else {
                smart_ata_take(j, &f);
                nvme_take(j, &f);
                scsi_take(j, &f);
                endurance_take(j, &f);
                smart_verdict_take(j, status, &f);
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
