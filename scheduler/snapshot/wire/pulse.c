/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/snapshot/wire/pulse.h"

#include <errno.h>
#include <string.h>

#include "scheduler/base/hash.h"
#include "scheduler/base/text.h"
#include "scheduler/model/bounds.h"

#define VERSION 1

enum { FIELD_VERSION, FIELD_SENT, FIELD_INTERVAL, FIELD_CPU, FIELD_MEMORY, FIELD_N, FIELD_VMS, FIELD_ALL };

static int64_t pulse_share(int64_t part, int64_t whole) {
        if (part == UNKNOWN || whole <= 0 || whole > QUANTITY_MAX || part > QUANTITY_MAX)
                return UNKNOWN;
        return part >= whole ? 1000 : part * 1000 / whole;
}

void pulse_of_report(const Report *report, Pulse *ret) {
        int64_t busy = UNKNOWN, cpus = UNKNOWN, total = UNKNOWN, available = UNKNOWN;
        uint64_t vms = 0;

        *ret = (Pulse){ .sent_at = report->sent_at, .interval = report->interval, .n_vms = UNKNOWN };
        for (uint32_t i = 0; i < report->n_sections; i++) {
                const Section *section = &report->sections[i];

                if (section->error == 0 && strcmp(section->collector, "vms") == 0)
                        ret->n_vms = 0;
        }
        for (uint32_t i = 0; i < report->n_sections; i++)
                for (uint32_t k = 0; k < report->sections[i].n_samples; k++) {
                        const Sample *s = &report->sections[i].samples[k];

                        busy = s->metric == METRIC_HOST_CPU_BUSY ? s->number : busy;
                        cpus = s->metric == METRIC_HOST_CPUS ? s->number : cpus;
                        total = s->metric == METRIC_HOST_MEMORY_TOTAL ? s->number : total;
                        available = s->metric == METRIC_HOST_MEMORY_AVAILABLE ? s->number : available;
                        if (s->metric == METRIC_VM_STATE && ret->n_vms != UNKNOWN &&
                            !(s->text && strcmp(s->text, "off") == 0)) {
                                ret->n_vms++;
                                vms += fnv1a(FNV1A_START, s->subject, strlen(s->subject)); /* in any order */
                        }
                }
        ret->vms_hash = (int64_t) (vms & INT64_MAX);
        ret->cpu_permille = pulse_share(busy, cpus > 0 && cpus < QUANTITY_MAX / 1000 ? cpus * 1000 : UNKNOWN);
        ret->memory_permille = total == UNKNOWN || available == UNKNOWN || available > total
                                       ? UNKNOWN
                                       : pulse_share(total - available, total);
}

/* In buf, from its end; returns where it begins. */
static const char *pulse_digits(int64_t value, char buf[24]) {
        char *at = buf + 23;

        assert(value >= 0);
        *at = '\0';
        do
                *--at = (char) ('0' + value % 10);
        while ((value /= 10) > 0);
        return at;
}

size_t pulse_print(const Pulse *pulse, char buf[PULSE_SIZE]) {
        const int64_t fields[FIELD_ALL] = { VERSION,
                                            pulse->sent_at / USEC_PER_MSEC,
                                            pulse->interval / USEC_PER_MSEC,
                                            pulse->cpu_permille,
                                            pulse->memory_permille,
                                            pulse->n_vms,
                                            pulse->vms_hash };
        size_t n = 0;

        for (int i = 0; i < FIELD_ALL; i++) {
                char number[24];
                const char *word = fields[i] == UNKNOWN ? "-" : pulse_digits(fields[i], number);
                const size_t size = strlen(word);

                assert(n + size + 2 <= PULSE_SIZE);
                if (i > 0)
                        buf[n++] = ' ';
                memcpy(buf + n, word, size);
                n += size;
        }
        buf[n] = '\0';
        return n;
}

int pulse_parse(const char *text, size_t n, Pulse *ret) {
        const int64_t most[FIELD_ALL] = { VERSION,
                                          bound_of(BOUND_TIME) / USEC_PER_MSEC,
                                          bound_of(BOUND_REPORT_INTERVAL) / USEC_PER_MSEC,
                                          bound_of(BOUND_SHARE),
                                          bound_of(BOUND_SHARE),
                                          bound_of(BOUND_REPORT_VMS),
                                          bound_of(BOUND_SEQUENCE) };
        int64_t fields[FIELD_ALL];
        size_t at = 0;

        for (int i = 0; i < FIELD_ALL; i++) {
                size_t end = at;

                while (end < n && text[end] != ' ')
                        end++;
                if (i >= FIELD_CPU && i <= FIELD_N && end == at + 1 && text[at] == '-')
                        fields[i] = UNKNOWN;
                else if (text_to_int(text + at, end - at, i == FIELD_VERSION ? VERSION : 0, most[i],
                                     &fields[i]) < 0)
                        return -EBADMSG;
                if ((end < n) != (i + 1 < FIELD_ALL))
                        return -EBADMSG;
                at = end + 1;
        }
        *ret = (Pulse){ .sent_at = fields[FIELD_SENT] * USEC_PER_MSEC,
                        .interval = fields[FIELD_INTERVAL] * USEC_PER_MSEC,
                        .cpu_permille = fields[FIELD_CPU],
                        .memory_permille = fields[FIELD_MEMORY],
                        .n_vms = fields[FIELD_N],
                        .vms_hash = fields[FIELD_VMS] };
        return 0;
}
