/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/facts/report_alarm.h"

#include <errno.h>
#include <string.h>

#include "scheduler/snapshot/health/fault_grade.h"
#include "scheduler/snapshot/wire/sample_wire.h"

static int64_t grade_known(const Fault *known, uint32_t n, const char *device) {
        for (uint32_t i = 0; i < n; i++)
                if (strcmp(known[i].device, device) == 0)
                        return known[i].grade;
        return 0;
}

int report_got_worse(Store *store, Arena *a, const char *host, const Fault *known, uint32_t n_known,
                     usec_t now) {
        StoredText *texts = NULL;
        const Report *report = NULL;
        TextFault fault = { 0 };
        FaultOutput out = { 0 };
        int64_t worst = 0;
        uint32_t n = 0;
        int r = store_get_reports_of(store, a, &host, 1, &texts, &n);

        if (r < 0 || n == 0)
                return r;
        r = report_parse(a, texts[0].text, texts[0].n, &report, &fault);
        if (r == -EBADMSG || (r == 0 && strcmp(report->host, host) != 0))
                return 0;
        if (r == 0)
                r = fault_grade(a, &(FaultInput){ .report = report, .now = now }, &out);
        for (uint32_t i = 0; r == 0 && i < out.n_faults; i++)
                if (out.faults[i].grade >= FAULT_ALARM_FROM && out.faults[i].grade > worst &&
                    out.faults[i].grade > grade_known(known, n_known, out.faults[i].device))
                        worst = out.faults[i].grade;
        return r < 0 ? r : (int) worst;
}
