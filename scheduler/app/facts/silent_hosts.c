/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/facts/silent_hosts.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/remote/remote.h"
#include "scheduler/app/terminal/human.h"
#include "scheduler/base/clock.h"
#include "scheduler/model/host_uri.h"
#include "scheduler/snapshot/wire/sample_wire.h"

#define ROOM          ((size_t) 1 << 30) /* reserved, not used */
#define AT_ONCE       8U
#define AGAIN_AFTER   (10 * USEC_PER_SEC)
#define AGAIN_TWICE   5U                 /* so often it is doubled, of a host that fails: 320 s */
#define LEFT_MOST     32U                /* threads that hang in libvirt: then nothing more is begun */
#define INTERVAL      (1 * USEC_PER_SEC) /* 2 + 1 + 2: 5 s in all */
#define TIMEOUT       (2 * USEC_PER_SEC)
#define GRADE_FAILING 3

static pthread_mutex_t silent_hosts_reading = PTHREAD_MUTEX_INITIALIZER; /* remote.h: one call at a time */

void silent_hosts_close(SilentHosts *silent) {
        arena_pair_close(&silent->memory);
        *silent = (SilentHosts){ 0 };
}

static const SilentHost *silent_hosts_find(const SilentHosts *silent, const char *name) {
        for (uint32_t i = 0; i < silent->n; i++)
                if (strcmp(silent->at[i].name, name) == 0)
                        return &silent->at[i];
        return NULL;
}

/* ---- which ---- */

static const Report *silent_hosts_report(const Report *const *reports, uint32_t n, const char *host) {
        const Report *newest = NULL;

        for (uint32_t i = 0; i < n; i++)
                if (strcmp(reports[i]->host, host) == 0 && (!newest || reports[i]->sent_at > newest->sent_at))
                        newest = reports[i];
        return newest;
}

/* How badly it is to be looked at; 0: not at all. An agent that reports, and lacks something, is not silent. */
static int64_t silent_hosts_need(const Settings *settings, const BuildInput *in, const Host *host,
                                 Strings open) {
        const Report *report;
        bool is_open = false;

        if (host->excluded != EXCLUDED_STALE && host->excluded != EXCLUDED_MISSING)
                return 0;
        report = silent_hosts_report(in->reports, in->n_reports, host->name);
        if (report && in->now <= report->sent_at + settings_int(settings, "snapshot", "stale_after"))
                return 0;
        if (host->fault_grade >= GRADE_FAILING)
                return host->fault_grade;
        for (uint32_t i = 0; i < open.n; i++)
                is_open |= strcmp(open.at[i], host->name) == 0;
        return host->state == HOST_MAINTENANCE ? 2 : is_open ? 1 : 0;
}

/* One that is to be read, or was a moment ago. */
typedef struct SilentPick {
        const Host *host;
        const SilentHost *was;
        const char *uri;
        int64_t need;
        usec_t tried_at; /* 0: never */
        bool due;
        SilentHost is;
} SilentPick;

static int silent_hosts_compare(const void *left, const void *right) {
        const SilentPick *a = left, *b = right;

        if (a->tried_at != b->tried_at)
                return a->tried_at < b->tried_at ? -1 : 1;
        if (a->need != b->need)
                return a->need > b->need ? -1 : 1;
        return strcmp(a->host->name, b->host->name);
}

static int silent_hosts_by_name(const void *left, const void *right) {
        return strcmp(((const SilentPick *) left)->host->name, ((const SilentPick *) right)->host->name);
}

typedef struct SilentLook {
        Arena *a;
        const Settings *settings;
        SilentPick *picks;
        uint32_t n;
        usec_t now; /* monotonic */
} SilentLook;

static int silent_hosts_pick(const SilentHosts *silent, SilentLook *look, const BuildInput *in,
                             const Snapshot *s, Strings open) {
        look->picks = arena_new(look->a, SilentPick, s->n_hosts);
        if (!look->picks)
                return -ENOMEM;
        for (HostIx h = 0; h < s->n_hosts; h++) {
                const int64_t need = silent_hosts_need(look->settings, in, &s->hosts[h], open);
                SilentPick *pick = &look->picks[look->n];

                if (need == 0)
                        continue;
                *pick = (SilentPick){ .host = &s->hosts[h],
                                      .was = silent_hosts_find(silent, s->hosts[h].name),
                                      .need = need };
                pick->tried_at = pick->was ? pick->was->tried_at : 0;
                pick->is = pick->was ? *pick->was : (SilentHost){ .name = pick->host->name };
                look->n++;
        }
        qsort(look->picks, look->n, sizeof(*look->picks), silent_hosts_compare);
        return 0;
}

/* ---- the reading ---- */

static void silent_hosts_fail(SilentPick *pick, const char *why) {
        pick->is = (SilentHost){ .name = pick->host->name,
                                 .error = why,
                                 .failed = pick->is.failed + 1,
                                 .tried_at = pick->is.tried_at };
}

/* Not each round, and the less often the longer it fails: it holds the round up. */
static bool silent_hosts_is_due(const SilentPick *pick, usec_t now) {
        const uint32_t more = pick->is.failed > 0 ? pick->is.failed - 1 : 0;

        return pick->tried_at == 0 ||
               now >= pick->tried_at + (AGAIN_AFTER << (more < AGAIN_TWICE ? more : AGAIN_TWICE));
}

/* How many are to be read now: the first of the list, and each has a URI of its own. */
static int silent_hosts_uris(const SilentLook *look, SilentPick *list[AT_ONCE], uint32_t *ret_n) {
        uint32_t n = 0;

        for (uint32_t i = 0; i < look->n && n < AT_ONCE; i++) {
                SilentPick *pick = &look->picks[i];
                bool twice = false;

                if (!silent_hosts_is_due(pick, look->now))
                        continue;
                pick->is.tried_at = look->now;
                if (host_uri_of(look->a, look->settings, pick->host->name, pick->host->admitted, &pick->uri) <
                    0)
                        return -ENOMEM;
                for (uint32_t k = 0; k < n && pick->uri; k++)
                        twice |= strcmp(list[k]->uri, pick->uri) == 0;
                if (remote_left() >= LEFT_MOST)
                        silent_hosts_fail(pick, "too many libvirt readings of hosts hang");
                else if (!pick->uri)
                        silent_hosts_fail(pick, "no libvirt URI for it (service.uri)");
                else if (twice)
                        silent_hosts_fail(pick, "another host has the same URI (service.uri)");
                else
                        list[n++] = pick;
        }
        *ret_n = n;
        return 0;
}

static const char *silent_hosts_uuid(const Report *r) {
        for (uint32_t i = 0; i < r->n_sections; i++)
                for (uint32_t k = 0; k < r->sections[i].n_samples; k++)
                        if (r->sections[i].samples[k].metric == METRIC_HOST_UUID)
                                return r->sections[i].samples[k].text;
        return NULL;
}

/* What was read becomes text, as a report of the store is: bounded by the same code when it is used. */
static int silent_hosts_take(Arena *a, const RemoteHost *read, SilentPick *pick) {
        const char *uuid = silent_hosts_uuid(&read->report);
        const char *admitted = pick->host->admitted ? pick->host->admitted->uuid : NULL;

        if (read->error) {
                silent_hosts_fail(pick, read->error_text ? read->error_text : strerrordesc_np(read->error));
                return 0;
        }
        if (uuid && admitted && strcmp(uuid, admitted) != 0) {
                silent_hosts_fail(
                        pick, text_format(a, "another machine answers: %s; admitted was %s", uuid, admitted));
                return pick->is.error ? 0 : -ENOMEM;
        }
        pick->is.error = NULL;
        pick->is.failed = 0;
        return report_print(a, &read->report, &pick->is.text, &pick->is.n);
}

static int silent_hosts_ask(Arena *a, SilentPick *const *list, uint32_t n) {
        const char *uris[AT_ONCE], *names[AT_ONCE];
        RemoteOptions o = {
                .uris = uris, .names = names, .n_uris = n, .interval = INTERVAL, .timeout = TIMEOUT
        };
        RemoteHost *hosts = NULL;
        TextFault fault = { 0 };
        int r;

        for (uint32_t i = 0; i < n; i++) {
                uris[i] = list[i]->uri;
                names[i] = list[i]->host->name;
        }
        r = remote_read(&o, a, &hosts, &fault);
        if (r == -ENOMEM)
                return r;
        for (uint32_t i = 0; i < n; i++) {
                int k = 0;

                if (r < 0)
                        silent_hosts_fail(list[i], text_copy(a, fault.what, strlen(fault.what)));
                else
                        k = silent_hosts_take(a, &hosts[i], list[i]);
                if (k < 0 || (r < 0 && !list[i]->is.error))
                        return -ENOMEM;
        }
        return 0;
}

static int silent_hosts_try(const SilentLook *look) {
        SilentPick *list[AT_ONCE];
        uint32_t n = 0;
        int r;

        if (pthread_mutex_trylock(&silent_hosts_reading) != 0)
                return 0; /* for another cluster: at the next reading */
        r = silent_hosts_uris(look, list, &n);
        if (r == 0 && n > 0)
                r = silent_hosts_ask(look->a, list, n);
        (void) pthread_mutex_unlock(&silent_hosts_reading);
        return r;
}

static int silent_hosts_keep(SilentHosts *silent, const SilentLook *look) {
        SilentHost *list;
        uint32_t n = 0;
        Arena *a;
        int r = arena_pair_next(&silent->memory, ROOM, &a);

        if (r < 0)
                return r;
        list = arena_new(a, SilentHost, look->n);
        if (!list)
                return -ENOMEM;
        for (uint32_t i = 0; i < look->n; i++) {
                const SilentHost *is = &look->picks[i].is;

                if (!is->text && !is->error)
                        continue;
                list[n] =
                        (SilentHost){ .name = text_copy(a, is->name, strlen(is->name)),
                                      .text = is->text ? text_copy(a, is->text, is->n) : NULL,
                                      .error = is->error ? text_copy(a, is->error, strlen(is->error)) : NULL,
                                      .n = is->n,
                                      .failed = is->failed,
                                      .tried_at = is->tried_at };
                if (!list[n].name || (!list[n].text && !list[n].error))
                        return -ENOMEM;
                n++;
        }
        arena_pair_keep(&silent->memory);
        silent->at = list;
        silent->n = n;
        return 0;
}

/* ---- what it says ---- */

/* Stable from one reading to the next: who says it says it once. */
static int silent_hosts_say(Arena *a, const BuildInput *in, const SilentPick *pick, SilentReading *ret) {
        const Report *report = silent_hosts_report(in->reports, in->n_reports, pick->host->name);
        const char *since = "", *known = NULL;
        char at[HUMAN_SIZE];
        TextFault fault = { 0 };
        int r = 0;

        if (report)
                since = text_format(a, " since %s", human_time(report->sent_at, at));
        *ret = (SilentReading){ .host = pick->host->name };
        if (pick->is.text)
                r = report_parse(a, pick->is.text, pick->is.n, &ret->report, &fault);
        if (r == 0 && ret->report && strcmp(ret->report->host, pick->host->name) != 0) {
                text_fault(&fault, "", "the data read belongs to another host");
                ret->report = NULL;
                r = -EBADMSG;
        }
        if (r == -ENOMEM || !since)
                return -ENOMEM;
        known = r < 0 ? fault.what : pick->is.error;
        ret->notice = known ? text_format(a, "%s: no report%s; not read through libvirt either: %s",
                                          pick->host->name, since, known)
                            : text_format(a, "%s: no report%s; read through libvirt instead",
                                          pick->host->name, since);
        return ret->notice ? 0 : -ENOMEM;
}

/* `most`: how old one may be. */
static int silent_hosts_readings(SilentLook *look, const BuildInput *in, usec_t most, SilentReadings *ret) {
        SilentReading *list = arena_new(look->a, SilentReading, look->n);
        uint32_t n = 0;
        int r = 0;

        if (!list)
                return -ENOMEM;
        qsort(look->picks, look->n, sizeof(*look->picks), silent_hosts_by_name);
        for (uint32_t i = 0; r == 0 && i < look->n; i++) {
                if (!look->picks[i].is.text && !look->picks[i].is.error)
                        continue;
                r = silent_hosts_say(look->a, in, &look->picks[i], &list[n]);
                n += !list[n].report || list[n].report->sent_at >= in->now - most;
        }
        *ret = (SilentReadings){ .at = list, .n = n };
        return r;
}

int silent_hosts_read(SilentHosts *silent, Arena *a, const Settings *settings, const BuildInput *in,
                      const Snapshot *s, Strings open, SilentReadings *ret) {
        SilentLook look = { .a = a, .settings = settings, .now = clock_monotonic() };
        int r = silent_hosts_pick(silent, &look, in, s, open);

        if (r == 0 && look.n > 0)
                r = silent_hosts_try(&look);
        if (r == 0 && (look.n > 0 || silent->n > 0))
                r = silent_hosts_keep(silent, &look);
        return r < 0 ? r : silent_hosts_readings(&look, in, in->now, ret);
}

/* As old as a report may be, and the longest that a service rests between two looks. */
usec_t silent_hosts_good_for(const Settings *settings) {
        return settings_int(settings, "snapshot", "stale_after") +
               settings_int(settings, "service", "interval") + settings_int(settings, "service", "settle");
}

int silent_hosts_recall(const SilentHosts *read, Arena *a, const Settings *settings, const BuildInput *in,
                        const Snapshot *s, Strings open, SilentReadings *ret) {
        const usec_t most = silent_hosts_good_for(settings);
        SilentLook look = { .a = a, .settings = settings };
        int r = silent_hosts_pick(read, &look, in, s, open);

        return r < 0 ? r : silent_hosts_readings(&look, in, most, ret);
}

static const SilentReading *silent_hosts_reading_of(const SilentReadings *readings, const char *host) {
        for (uint32_t i = 0; i < readings->n; i++)
                if (readings->at[i].report && strcmp(readings->at[i].host, host) == 0)
                        return &readings->at[i];
        return NULL;
}

/* Who they are libvirt has said; readings are sorted by host. */
static int silent_hosts_admit(Arena *a, const SilentReadings *readings, BuildInput *in) {
        Admissions *admissions = arena_new(a, Admissions, 1);
        const char **names = arena_new(a, const char *, readings->n);
        uint32_t n = 0;

        if (!admissions || !names)
                return -ENOMEM;
        for (uint32_t i = 0; i < readings->n; i++)
                if (readings->at[i].report)
                        names[n++] = readings->at[i].host;
        *admissions = *in->admissions;
        admissions->reached = (Strings){ .at = names, .n = n };
        in->admissions = admissions;
        return 0;
}

int silent_hosts_put(Arena *a, const SilentReadings *readings, BuildInput *in) {
        const Report **reports = arena_new(a, const Report *, (size_t) in->n_reports + readings->n);
        uint32_t kept = 0;

        if (!reports)
                return -ENOMEM;
        for (uint32_t i = 0; i < in->n_reports; i++)
                if (!silent_hosts_reading_of(readings, in->reports[i]->host))
                        reports[kept++] = in->reports[i];
        for (uint32_t i = 0; i < readings->n; i++)
                if (readings->at[i].report)
                        reports[kept++] = readings->at[i].report;
        in->reports = reports;
        in->n_reports = kept;
        return in->admissions ? silent_hosts_admit(a, readings, in) : 0;
}

int silent_hosts_mark(Arena *a, const SilentReadings *readings, const Snapshot *was, const Snapshot *s,
                      const Snapshot **ret) {
        Snapshot *copy = arena_new(a, Snapshot, 1);
        Host *hosts = arena_new(a, Host, s->n_hosts);

        if (!copy || !hosts)
                return -ENOMEM;
        if (was->n_hosts != s->n_hosts)
                return 1;
        for (HostIx h = 0; h < s->n_hosts; h++) {
                const Host *then = &was->hosts[h];

                if (strcmp(then->name, s->hosts[h].name) != 0)
                        return 1;
                hosts[h] = s->hosts[h];
                if (!silent_hosts_reading_of(readings, then->name))
                        continue;
                hosts[h].fault_grade = then->fault_grade;
                hosts[h].fault_why = then->fault_why;
                hosts[h].faults = then->faults;
                hosts[h].n_faults = then->n_faults;
                if (!hosts[h].no_entry_why)
                        hosts[h].no_entry_why = "its agent is silent; it is read through libvirt";
        }
        *copy = *s;
        copy->hosts = hosts;
        *ret = copy;
        return 0;
}
