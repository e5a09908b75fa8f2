/* SPDX-License-Identifier: Apache-2.0 */
/* What is known of a disk, as samples. */
#include "collectors/disks/smart_disks.h"
#include "collectors/read/sample_list.h"

static const struct {
        Metric metric;
        size_t at;
} smart_numbers[] = {
#define FACT(metric, field)                                                                                  \
        { METRIC_##metric, offsetof(SmartFacts, field) }
        FACT(DISK_SIZE, size_mib),
        FACT(DISK_HOURS, hours),
        FACT(DISK_TEMPERATURE, temperature),
        FACT(DISK_REALLOCATED, reallocated),
        FACT(DISK_SPIN_RETRY, spin_retry),
        FACT(DISK_REPORTED, reported),
        FACT(DISK_TIMEOUTS, timeouts),
        FACT(DISK_TIMEOUTS_5S, timeouts_5s),
        FACT(DISK_TIMEOUTS_7S, timeouts_7s),
        FACT(DISK_REALLOCATIONS, reallocations),
        FACT(DISK_PENDING, pending),
        FACT(DISK_UNCORRECTABLE, uncorrectable),
        FACT(DISK_CRC, crc),
        FACT(DISK_ERROR_LOG, error_log),
        FACT(DISK_SELF_TEST_FAILED, selftest_failed),
        FACT(DISK_GROWN_DEFECTS, grown_defects),
        FACT(DISK_UNCORRECTED, uncorrected),
        FACT(DISK_MEDIA_ERRORS, media_errors),
        FACT(DISK_NVME_WARNING, nvme_warning),
        FACT(DISK_NVME_ERROR_ENTRIES, nvme_error_entries),
        FACT(DISK_SPARE, spare),
        FACT(DISK_SPARE_THRESHOLD, spare_threshold),
        FACT(DISK_WEAR, wear),
#undef FACT
};

int smart_disk_emit(const SmartDisk *d, usec_t now, SampleSink *sink) {
        static const char *const healths[SMART_HEALTH_N] = { "unknown", "passed", "failing", "warning" };
        const SmartFacts *f = &d->facts;
        bool asks = d->asked == 0 || (d->run.pid > 0 && d->asked == 1); /* its first answer is awaited */
        const struct {
                Metric metric;
                const char *text;
        } texts[] = {
                { METRIC_DISK_KIND, f->kind },
                { METRIC_DISK_MODEL, f->model },
                { METRIC_DISK_SERIAL, f->serial },
                { METRIC_DISK_WWN, f->wwn },
                { METRIC_DISK_ADDRESS, d->address },
                { METRIC_DISK_TRANSPORT, d->usb ? "usb" : f->transport },
                { METRIC_DISK_BLOCKS, d->blocks },
                { METRIC_DISK_HEALTH, d->gone > 0 ? "unknown" : healths[f->health] },
                { METRIC_DISK_HEALTH_WHY, d->gone > 0 ? "no longer present on this host" : f->why },
                { METRIC_ITEM_UNREAD, f->unread },
                { METRIC_DISK_STATE, d->gone > 0 ? "missing" : NULL },
                { METRIC_DISK_ATTRIBUTES_FAILING, f->failing_now },
                { METRIC_DISK_ATTRIBUTES_WARNED, f->warned_now },
                { METRIC_DISK_ATTRIBUTES_FAILED, f->failed_once },
        };
        int r = 0;

        if (asks && !tool_run_is_stuck(&d->run) && d->gone == 0)
                return 0;
        for (size_t i = 0; r == 0 && i < ARRAY_SIZE(texts); i++)
                r = emit_text(sink, texts[i].metric, d->subject, texts[i].text);
        if (r == 0)
                r = emit_number(sink, METRIC_DISK_STANDBY, d->subject, d->asleep);
        if (r == 0 && d->answered > 0)
                r = emit_number(sink, METRIC_DISK_AGE, d->subject, (now - d->answered) / USEC_PER_SEC);
        for (size_t i = 0; r == 0 && i < ARRAY_SIZE(smart_numbers); i++)
                r = emit_number(sink, smart_numbers[i].metric, d->subject,
                                *(const int64_t *) ((const char *) f + smart_numbers[i].at));
        return r;
}
