/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/parse/smart_verdict.h"

#include <stdio.h>
#include <string.h>

#include "collectors/parse/json_pick.h"

enum { /* bits of the exit status */
       EXIT_USAGE = 1 << 0,
       EXIT_OPEN = 1 << 1,
       EXIT_COMMAND = 1 << 2,
       EXIT_FAILING = 1 << 3,
       EXIT_PREFAIL = 1 << 4,
};

enum { /* SPC-6, Annex D: additional sense codes */
       ASC_WARNING = 0x0b,
       ASC_PREDICTION = 0x5d,
       ASCQ_SELF_TEST = 0x03,
       ASCQ_MEDIUM_LEAST = 0x04, /* background scans found a medium error */
       ASCQ_MEDIUM_MOST = 0x05,
       ASCQ_FALSE = 0xff, /* a test of the prediction itself */
};

typedef enum Cause {
        CAUSE_NOT_TOLD,
        CAUSE_FAILING,
        CAUSE_OTHER, /* heat, backup power, an attribute that predicts nothing */
} Cause;

static const struct {
        const char *words;
        bool failing;
} nvme_bits[] = {
        { "spare below its threshold", true },      { "temperature out of its range", false },
        { "reliability degraded", true },           { "media read-only", true },
        { "volatile memory backup failed", false }, { "persistent memory region unreliable", false },
};

static Cause nvme_cause(int64_t warning) {
        if (warning <= 0)
                return CAUSE_NOT_TOLD;
        for (size_t i = 0; i < ARRAY_SIZE(nvme_bits); i++)
                if (nvme_bits[i].failing && warning >> i & 1)
                        return CAUSE_FAILING;
        /* a bit that this standard does not have explains nothing */
        return warning >> ARRAY_SIZE(nvme_bits) ? CAUSE_NOT_TOLD : CAUSE_OTHER;
}

static Cause scsi_cause(const json_t *j, SmartFacts *f) {
        int64_t asc = json_whole_at(j, "smart_status.scsi.asc"),
                ascq = json_whole_at(j, "smart_status.scsi.ascq");

        if (asc == ASC_PREDICTION)
                return ascq == ASCQ_FALSE ? CAUSE_OTHER : CAUSE_FAILING;
        if (asc != ASC_WARNING)
                return CAUSE_NOT_TOLD;
        if (ascq == ASCQ_SELF_TEST && f->selftest_failed < 1)
                f->selftest_failed = 1;
        if (ascq >= ASCQ_MEDIUM_LEAST && ascq <= ASCQ_MEDIUM_MOST && f->uncorrected < 1)
                f->uncorrected = 1;
        return CAUSE_OTHER;
}

static Cause cause_of(const json_t *j, SmartFacts *f) {
        Cause cause = nvme_cause(f->nvme_warning >= 0 ? f->nvme_warning
                                                      : json_whole_at(j, "smart_status.nvme.value"));

        if (cause == CAUSE_NOT_TOLD)
                cause = scsi_cause(j, f);
        if (cause == CAUSE_NOT_TOLD && *f->failing_now)
                return CAUSE_FAILING;
        return cause == CAUSE_NOT_TOLD && *f->warned_now ? CAUSE_OTHER : cause;
}

/* ---- in words ---- */
static void why_append(SmartFacts *f, const char *words) {
        size_t n = strlen(f->why);

        if (words && *words)
                (void) snprintf(f->why + n, sizeof(f->why) - n, "%s%s", n > 0 ? "; " : "", words);
}

static void nvme_why(SmartFacts *f) {
        for (size_t i = 0; f->nvme_warning > 0 && i < ARRAY_SIZE(nvme_bits); i++)
                if (f->nvme_warning >> i & 1)
                        why_append(f, nvme_bits[i].words);
}

static void scsi_why(const json_t *j, SmartFacts *f) {
        const char *words = json_text_at(j, "smart_status.scsi.ie_string");
        char lower[96];

        json_trim(lower, sizeof(lower), words);
        for (char *c = lower; *c; c++)
                *c = (char) (*c >= 'A' && *c <= 'Z' ? *c + ('a' - 'A') : *c);
        why_append(f, lower);
}

static void failing_take(const json_t *j, int status, SmartFacts *f) {
        f->health = SMART_FAILING;
        (void) snprintf(f->why, sizeof(f->why), "%s%s%s",
                        status & EXIT_FAILING || !(status & EXIT_PREFAIL)
                                ? "the disk reports that it is failing"
                                : "attributes at or below their threshold",
                        *f->failing_now ? ": " : "", f->failing_now);
        nvme_why(f);
        scsi_why(j, f);
}

static void warning_take(const json_t *j, SmartFacts *f) {
        f->health = SMART_WARNING;
        (void) snprintf(f->why, sizeof(f->why), "the disk warns; no failure predicted");
        nvme_why(f);
        scsi_why(j, f);
        why_append(f, f->warned_now);
}

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

static void unknown_take(const json_t *j, int status, const char *otherwise, SmartFacts *f) {
        const char *error = first_error(j);

        f->health = SMART_UNKNOWN;
        if (error)
                json_trim(f->why, sizeof(f->why), error);
        else if (status & (EXIT_USAGE | EXIT_OPEN | EXIT_COMMAND))
                (void) snprintf(f->why, sizeof(f->why), "%s",
                                status & EXIT_USAGE  ? "smartctl does not support the device"
                                : status & EXIT_OPEN ? "smartctl could not open the device"
                                                     : "a SMART command to the disk failed");
        else
                json_trim(f->why, sizeof(f->why), otherwise);
}

/* ---- the verdict ---- */
void smart_verdict_nvme(SmartFacts *f) {
        Cause cause = nvme_cause(f->nvme_warning);

        f->why[0] = '\0';
        if (f->nvme_warning < 0)
                f->health = SMART_UNKNOWN;
        else if (f->nvme_warning == 0)
                f->health = SMART_PASSED;
        else
                f->health = cause == CAUSE_OTHER ? SMART_WARNING : SMART_FAILING;
        nvme_why(f);
}

void smart_verdict_take(const json_t *j, int status, SmartFacts *f) {
        const json_t *passed = json_at(j, "smart_status.passed");
        const json_t *available = json_at(j, "smart_support.available");
        const json_t *enabled = json_at(j, "smart_support.enabled");

        if (status & (EXIT_FAILING | EXIT_PREFAIL) || json_is_false(passed)) {
                if (cause_of(j, f) == CAUSE_OTHER)
                        warning_take(j, f);
                else
                        failing_take(j, status, f);
        } else if (status & (EXIT_USAGE | EXIT_OPEN | EXIT_COMMAND)) {
                unknown_take(j, status, "", f);
        } else if (json_is_true(passed)) {
                f->health = SMART_PASSED;
        } else {
                unknown_take(j, status,
                             json_is_false(available) ? "SMART is not supported"
                             : json_is_false(enabled) ? "SMART is disabled"
                                                      : "no SMART health status",
                             f);
        }
}
