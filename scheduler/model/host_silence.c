/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/model/host_silence.h"

#include "scheduler/base/text.h"

#define GRADE_FAILING 3 /* from here on VMs must leave */

bool host_is_silent(const Host *host) {
        return host->excluded != EXCLUDED_NONE || host->state == HOST_OFFLINE;
}

/* Who was never admitted says of itself what it likes. */
static bool silence_counts_fault(const Host *host) {
        return host->excluded != EXCLUDED_SEEN || host->admitted;
}

bool vm_is_stranded(const Snapshot *s, VmIx v) {
        const Host *host = s->vms[v].host == IX_NONE ? NULL : &s->hosts[s->vms[v].host];

        if (!host || !host_is_silent(host) || host->held)
                return false;
        if (host->state == HOST_OFFLINE)
                return true;
        if (host->state == HOST_MAINTENANCE && !(s->not_now & SNAPSHOT_NO_MAINTENANCE))
                return true;
        return !(s->not_now & SNAPSHOT_NO_EVACUATION) && silence_counts_fault(host) &&
               snapshot_vm_fault(s, v, NULL) >= GRADE_FAILING;
}

uint32_t stranded_vms(const Snapshot *s, HostIx h) {
        uint32_t n = 0;

        for (VmIx v = 0; v < s->n_vms; v++)
                n += (h == IX_NONE || s->vms[v].host == h) && vm_is_stranded(s, v);
        return n;
}

uint32_t hosts_failing(const Snapshot *s) {
        uint32_t n = 0;

        for (HostIx h = 0; h < s->n_hosts; h++)
                n += s->hosts[h].fault_grade >= GRADE_FAILING;
        return n;
}

uint32_t hosts_silent(const Snapshot *s) {
        uint32_t n = 0;

        for (HostIx h = 0; h < s->n_hosts; h++)
                n += host_is_silent(&s->hosts[h]);
        return n;
}

const char *hosts_count_words(Arena *a, const Snapshot *s) {
        const uint32_t failing = hosts_failing(s), silent = hosts_silent(s);

        if (failing > 0 && silent > 0)
                return text_format(a, ", %u failing, %u not known", failing, silent);
        if (failing > 0)
                return text_format(a, ", %u failing", failing);
        return silent > 0 ? text_format(a, ", %u not known", silent) : "";
}

const char *host_silence_why(const Host *host) {
        if (host->excluded != EXCLUDED_NONE)
                return host->excluded_why ? host->excluded_why : exclusion_texts[host->excluded];
        return host->state == HOST_OFFLINE ? "offline" : "";
}

const char *host_leave_why(Arena *a, const Host *host) {
        const char *state = host->state == HOST_MAINTENANCE ? "in maintenance" : "";

        if (host->fault_grade < GRADE_FAILING)
                return state;
        return text_format(a, "fault grade %lld%s%s%s%s", (long long) host->fault_grade,
                           host->fault_why ? ": " : "", host->fault_why ? host->fault_why : "",
                           *state ? "; " : "", state);
}

const char *host_silence_words(Arena *a, const Host *host) {
        const char *leave = host_leave_why(a, host), *why = host_silence_why(host);

        if (!leave || !*leave || !*why)
                return !leave ? NULL : *leave ? leave : why;
        return text_format(a, "%s; %s", leave, why);
}
