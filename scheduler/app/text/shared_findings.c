/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/text/shared_findings.h"

#include <errno.h>
#include <string.h>

#include "scheduler/base/text.h"

/* The kind of its worst fault. */
static const char *shared_findings_hazard(const Host *host) {
        for (uint32_t i = 0; i < host->n_faults; i++)
                if (host->faults[i].grade == host->fault_grade && host->faults[i].hazard)
                        return host->faults[i].hazard;
        return host->fault_why ? host->fault_why : "";
}

static bool shared_findings_is(const SharedFinding *finding, const Host *host) {
        return host->fault_grade == finding->grade &&
               strcmp(shared_findings_hazard(host), finding->hazard) == 0;
}

int shared_findings(Arena *a, const Snapshot *s, SharedFindings *ret) {
        SharedFinding *list = arena_new(a, SharedFinding, s->n_hosts);
        bool *has = arena_new(a, bool, s->n_hosts);
        uint32_t n = 0, kept = 0;

        if (!list || !has)
                return -ENOMEM;
        for (HostIx h = 0; h < s->n_hosts; h++) {
                uint32_t i = 0;

                if (s->hosts[h].fault_grade == 0)
                        continue;
                while (i < n && !shared_findings_is(&list[i], &s->hosts[h]))
                        i++;
                if (i == n)
                        list[n++] = (SharedFinding){ .hazard = shared_findings_hazard(&s->hosts[h]),
                                                     .grade = s->hosts[h].fault_grade,
                                                     .first = h };
                list[i].n++;
        }
        for (uint32_t i = 0; i < n; i++)
                if (list[i].n >= FINDING_SHARED && list[i].n >= s->n_hosts / 10)
                        list[kept++] = list[i];
        for (HostIx h = 0; h < s->n_hosts; h++)
                for (uint32_t i = 0; i < kept && s->hosts[h].fault_grade > 0; i++)
                        has[h] |= shared_findings_is(&list[i], &s->hosts[h]);
        *ret = (SharedFindings){ .at = list, .n = kept, .has = has };
        return 0;
}

const char *shared_finding_words(Arena *a, const Snapshot *s, const SharedFinding *finding) {
        const Host *first = &s->hosts[finding->first];

        if (!first->fault_why || strcmp(first->fault_why, finding->hazard) == 0)
                return text_format(a, "%u of %u hosts have fault grade %lld: %s", finding->n, s->n_hosts,
                                   (long long) finding->grade, finding->hazard);
        return text_format(a, "%u of %u hosts have fault grade %lld: %s (%s: %s)", finding->n, s->n_hosts,
                           (long long) finding->grade, finding->hazard, first->name, first->fault_why);
}
