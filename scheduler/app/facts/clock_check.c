/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/facts/clock_check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SECONDS(t) ((double) (t) / USEC_PER_SEC)

static int64_t clock_check_apart(usec_t left, usec_t right) {
        return left > right ? left - right : right - left;
}

static int clock_check_copy(Arena *a, const Snapshot *s, Host **ret_hosts, const Snapshot **ret) {
        Snapshot *copy = arena_new(a, Snapshot, 1);
        Host *hosts = arena_new(a, Host, s->n_hosts);

        if (!copy || !hosts)
                return -ENOMEM;
        if (s->n_hosts > 0)
                memcpy(hosts, s->hosts, sizeof(*hosts) * s->n_hosts);
        *copy = *s;
        copy->hosts = hosts;
        *ret_hosts = hosts;
        *ret = copy;
        return 0;
}

/* ---- this machine's ---- */

static int clock_check_blind(Arena *a, const Snapshot *s, usec_t now, usec_t theirs, usec_t bound,
                             const Snapshot **ret) {
        const char *why =
                text_format(a, "this machine's clock differs from the store's by %.1f s (limit %.1f s)",
                            SECONDS(now - theirs), SECONDS(bound));
        Host *hosts;
        int r = clock_check_copy(a, s, &hosts, ret);

        if (!why || r < 0)
                return -ENOMEM;
        for (HostIx h = 0; h < s->n_hosts; h++) {
                if (hosts[h].excluded == EXCLUDED_SEEN)
                        continue;
                hosts[h].excluded = EXCLUDED_CLOCK;
                hosts[h].excluded_why = why;
        }
        return 0;
}

/* ---- hosts' ---- */

static int clock_check_by_host(const void *name, const void *report) {
        return strcmp(name, (*(const Report *const *) report)->host);
}

static const Report *clock_check_report(const ClockCheck *in, const char *host) {
        const Report *const *found = in->n_reports > 0 ? bsearch(host, in->reports, in->n_reports,
                                                                 sizeof(Report *), clock_check_by_host)
                                                       : NULL;

        return found ? *found : NULL;
}

/* When it came, by the store's clock: it goes after some of its intervals. 0: not known. */
static usec_t clock_check_came(const Report *report, usec_t theirs, usec_t left) {
        const usec_t expiry = store_report_expiry(report->interval);

        return left > 0 && left <= expiry && expiry - left < theirs ? theirs - (expiry - left) : 0;
}

static int clock_check_host(Arena *a, const Report *report, usec_t theirs, usec_t left, usec_t bound,
                            Host *host) {
        const usec_t came = clock_check_came(report, theirs, left);

        if (came == 0 || clock_check_apart(report->sent_at, came) <= bound)
                return 0;
        host->excluded = EXCLUDED_CLOCK;
        host->excluded_why = text_format(a, "its clock differs by %.1f s (limit %.1f s)",
                                         SECONDS(report->sent_at - came), SECONDS(bound));
        return host->excluded_why ? 0 : -ENOMEM;
}

typedef struct ClockLook {
        Store *store;
        const ClockCheck *in;
        usec_t theirs, bound; /* the store's time; how far one may be from it */
} ClockLook;

/* Those of which the report is as if it were old: a part at a time. */
static int clock_check_some(const ClockLook *look, Arena *a, Host *hosts, uint32_t n_hosts, HostIx *at) {
        const char *names[STORE_REPORTS_AT_ONCE];
        HostIx which[STORE_REPORTS_AT_ONCE];
        usec_t left[STORE_REPORTS_AT_ONCE];
        uint32_t n = 0;
        int r;

        for (; *at < n_hosts && n < STORE_REPORTS_AT_ONCE; (*at)++)
                if (hosts[*at].excluded == EXCLUDED_STALE && clock_check_report(look->in, hosts[*at].name)) {
                        names[n] = hosts[*at].name;
                        which[n++] = *at;
                }
        r = n > 0 ? store_get_report_expiries(look->store, names, n, left) : 0;
        for (uint32_t i = 0; r == 0 && i < n; i++)
                r = clock_check_host(a, clock_check_report(look->in, names[i]), look->theirs, left[i],
                                     look->bound, &hosts[which[i]]);
        return r;
}

int clock_check(Store *store, Arena *a, const Settings *settings, const ClockCheck *in, const Snapshot *s,
                const Snapshot **ret) {
        ClockLook look = { .store = store,
                           .in = in,
                           .bound = settings_int(settings, "snapshot", "clock_skew") };
        Host *hosts;
        int r = store_get_time(store, &look.theirs);

        if (r < 0)
                return r;
        if (clock_check_apart(in->now, look.theirs) > look.bound)
                return clock_check_blind(a, s, in->now, look.theirs, look.bound, ret);
        r = clock_check_copy(a, s, &hosts, ret);
        for (HostIx h = 0; r == 0 && h < s->n_hosts;)
                r = clock_check_some(&look, a, hosts, s->n_hosts, &h);
        return r;
}
