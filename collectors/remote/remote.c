/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/remote/remote.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/run/libvirt_worker.h"

#define INTERVAL_DEFAULT (1 * USEC_PER_SEC)
#define TIMEOUT_DEFAULT  (8 * USEC_PER_SEC)

/* The host a URI leads to: "qemu+ssh://root@h1:22/system" → h1; a URI without
 * a host is its own name. */
static const char *remote_uri_host(Arena *a, const char *uri) {
        const char *at = strstr(uri, "://"), *user;
        size_t n;

        if (!at)
                return text_copy(a, uri, strlen(uri));
        at += 3;
        n = strcspn(at, "/?");
        user = memchr(at, '@', n);
        if (user) {
                n -= (size_t) (user + 1 - at);
                at = user + 1;
        }
        if (n > 0 && *at == '[') { /* [::1]:16514 */
                at++;
                n = strcspn(at, "]/");
        } else {
                n = strcspn(at, ":/?") < n ? strcspn(at, ":/?") : n;
        }
        return n > 0 ? text_copy(a, at, n) : text_copy(a, uri, strlen(uri));
}

static int uris_check(const RemoteOptions *o, TextFault *reterr_fault) {
        for (uint32_t i = 0; i < o->n_uris; i++)
                for (uint32_t j = 0; j < i; j++)
                        if (strcmp(o->uris[i], o->uris[j]) == 0) {
                                text_fault(reterr_fault, "hosts",
                                           "%s is given twice; accepted: each host once", o->uris[i]);
                                return -EINVAL;
                        }
        return 0;
}

static const char *uuid_of(const Report *r) {
        for (uint32_t i = 0; i < r->n_sections; i++)
                for (uint32_t k = 0; k < r->sections[i].n_samples; k++)
                        if (r->sections[i].samples[k].metric == METRIC_HOST_UUID)
                                return r->sections[i].samples[k].text;
        return NULL;
}

/* Names are how everything else tells hosts apart. */
static bool hosts_are_apart(const RemoteHost *host, const RemoteHost *other, TextFault *reterr_fault) {
        const char *u = uuid_of(&host->report), *w = uuid_of(&other->report);

        if (u && w && strcmp(u, w) == 0) {
                text_fault(
                        reterr_fault, "hosts",
                        "%s and %s are the same host: %s, host UUID %s; accepted: each host once, each with its own UUID (host_uuid in libvirtd.conf)",
                        other->uri, host->uri, host->report.host, u);
                return false;
        }
        if (strcmp(host->report.host, other->report.host) == 0) {
                text_fault(reterr_fault, "hosts", "%s and %s are both named %s; host names must differ",
                           other->uri, host->uri, host->report.host);
                return false;
        }
        return true;
}

static int hosts_check(const RemoteOptions *o, Arena *a, RemoteHost *hosts, TextFault *reterr_fault) {
        for (uint32_t i = 0; i < o->n_uris; i++)
                for (uint32_t j = 0; j < i; j++) {
                        if (hosts[j].error == EEXIST || hosts_are_apart(&hosts[i], &hosts[j], reterr_fault))
                                continue;
                        if (!o->keep_going)
                                return -EINVAL;
                        hosts[i].error = EEXIST;
                        hosts[i].error_text = text_copy(a, reterr_fault->what, strlen(reterr_fault->what));
                        if (!hosts[i].error_text)
                                return -ENOMEM;
                        break;
                }
        return 0;
}

typedef struct RemoteWorker {
        LibvirtWorker *worker;
        bool late; /* it had its time: nobody waits for it again */
} RemoteWorker;

static void workers_read(RemoteWorker *workers, uint32_t n, usec_t timeout) {
        usec_t until;

        for (uint32_t i = 0; i < n; i++)
                if (!workers[i].late)
                        libvirt_worker_start(workers[i].worker);
        until = clock_monotonic() + timeout;
        for (uint32_t i = 0; i < n; i++)
                if (!workers[i].late)
                        workers[i].late = !libvirt_worker_wait(workers[i].worker, until);
}

/* A name that no report can hold is replaced by what the URI says. */
static int remote_host_fill(LibvirtWorker *worker, Arena *a, const char *uri, usec_t interval, usec_t timeout,
                            RemoteHost *ret) {
        LibvirtWorkerState state;
        int r = libvirt_worker_state(worker, a, timeout, &state);
        bool named = r == 0 && text_is_name(state.host, strlen(state.host));

        if (r < 0)
                return r;
        *ret = (RemoteHost){
                .uri = uri,
                .report = { .host = named ? state.host : remote_uri_host(a, uri),
                            .sent_at = clock_now(),
                            .sequence = 1,
                            .interval = interval,
                            .sections = state.sections,
                            .n_sections = state.n_sections },
                .error = state.error,
                .error_text = *state.words ? state.words : NULL,
        };
        return ret->report.host ? 0 : -ENOMEM;
}

static int workers_run(RemoteWorker *workers, const RemoteOptions *o, Arena *a, RemoteHost *hosts) {
        usec_t interval = o->interval > 0 ? o->interval : INTERVAL_DEFAULT;
        usec_t timeout = o->timeout > 0 ? o->timeout : TIMEOUT_DEFAULT;
        int r = 0;

        for (uint32_t i = 0; i < o->n_uris && r == 0; i++)
                r = libvirt_worker_new(&(LibvirtWorkerOptions){ .uri = o->uris[i],
                                                                .advertise = o->uris[i],
                                                                .runs = RUNS_REMOTE },
                                       &workers[i].worker);
        if (r < 0)
                return r;
        workers_read(workers, o->n_uris, timeout);
        clock_sleep(interval);
        workers_read(workers, o->n_uris, timeout);
        for (uint32_t i = 0; i < o->n_uris && r == 0; i++) {
                r = remote_host_fill(workers[i].worker, a, o->uris[i], interval, timeout, &hosts[i]);
                if (r == 0 && o->names)
                        hosts[i].report.host = o->names[i];
        }
        return r;
}

unsigned remote_left(void) {
        return libvirt_workers_left();
}

int remote_read(const RemoteOptions *o, Arena *a, RemoteHost **ret, TextFault *reterr_fault) {
        RemoteWorker *workers = calloc(o->n_uris > 0 ? o->n_uris : 1, sizeof(RemoteWorker));
        RemoteHost *hosts = arena_new(a, RemoteHost, o->n_uris);
        int r = uris_check(o, reterr_fault);

        if (r == 0)
                r = workers && hosts ? workers_run(workers, o, a, hosts) : -ENOMEM;
        for (uint32_t i = 0; workers && i < o->n_uris; i++)
                (void) libvirt_worker_free(workers[i].worker);
        free(workers);
        if (r == 0)
                r = hosts_check(o, a, hosts, reterr_fault);
        if (r < 0)
                return r;
        *ret = hosts;
        return 0;
}
