/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/service/service.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/app/service/service_cluster.h"
#include "scheduler/app/settings/app_settings.h"
#include "scheduler/app/state/stop_signal.h"
#include "scheduler/base/log.h"
#include "scheduler/base/out.h"
#include "scheduler/base/supervisor.h"
#include "scheduler/base/thread.h"
#include "scheduler/base/url_secret.h"

#define CLUSTERS_MAX 1024
#define LOOK_EVERY                                                                                           \
        (10 * USEC_PER_SEC) /* for clusters that have come or gone, and those that would not start */

typedef struct Member {
        ClusterService *service;
        pthread_t thread;
        atomic_bool ended;
        bool wanted;
        int status; /* when it has ended */
} Member;

typedef struct Service {
        const Options *options;
        ServiceShare share;
        Member *members[CLUSTERS_MAX];
        uint32_t n;
        bool once;
        unsigned reloads;
        usec_t looked;                  /* monotonic */
        int status;                     /* the worst of those that have ended */
        usec_t alive_every, alive_told; /* of the service manager's watchdog; 0: there is none */
        char told_status[64];
        bool unknown;              /* which clusters there are could not be asked */
        const ServiceFront *front; /* NULL: nobody shows it */
        void *shown;               /* the front's */
        MetricsBoard *board;
        Store *index; /* to see which clusters there are; NULL until it is needed */
} Service;

const OptionDef service_options[] = {
        { "", 0, OPTION_HEADING, NULL, 0, 0, 0, "Options (they override the settings):" },
        { "redis", 0, OPTION_TEXT, "URL", 0, 0, 0,
          "store: redis://host:port, redis+sentinel://host,host/MASTER, unix:///path, over TLS "
          "rediss://; default: service.redis, else a private redis-server in the state directory" },
        { "state-dir", 0, OPTION_TEXT, "DIR", 0, 0, 0,
          "directory for the service's own data; default: service.state_dir" },
        { "cluster", 0, OPTION_TEXT, "NAME", 0, 0, 0, "manage this cluster; default: service.cluster" },
        { "clusters", 0, OPTION_TEXT, "NAME[,NAME]|all", 0, 0, 0,
          "manage several clusters, or all that have ever reported; several services share them; "
          "default: service.clusters" },
        { "mode", 0, OPTION_TEXT, "advise|confirm|auto", 0, 0, 0,
          "advise: only plan; confirm: ask before VMs are moved; auto: move VMs; default: service.mode" },
        { "interval", 0, OPTION_DURATION, "TIME", 0, USEC_PER_SEC, 86400 * USEC_PER_SEC,
          "time from the start of one round to the start of the next; default: service.interval" },
        { "once", 0, OPTION_FLAG, NULL, 0, 0, 0,
          "run one round, then exit; exit status 3 if another service leads" },
        { "verbose", 'v', OPTION_FLAG, NULL, 0, 0, 0, "log more" },
        { "help", 'h', OPTION_FLAG, NULL, 0, 0, 0, "show this help" },
        { "version", 'V', OPTION_FLAG, NULL, 0, 0, 0, "show the version" },
        SETTINGS_OPTIONS,
        { 0 },
};

/* ---- which clusters ---- */

typedef struct Wanted {
        const char *const *names;
        uint32_t n;
} Wanted;

/* "a, b": each once. */
static int service_split(Arena *a, const char *text, Wanted *ret, TextFault *f) {
        const char **names = arena_new(a, const char *, CLUSTERS_MAX);
        uint32_t n = 0;

        if (!names)
                return -ENOMEM;
        while (*text) {
                size_t blank = strspn(text, ", "), length = strcspn(text + blank, ",");
                const char *start = text + blank;
                bool again = false;

                text = start + length;
                while (length > 0 && start[length - 1] == ' ')
                        length--;
                if (length == 0)
                        continue;
                if (n == CLUSTERS_MAX) {
                        text_fault(f, "service.clusters", "more than %d clusters", CLUSTERS_MAX);
                        return -EINVAL;
                }
                names[n] = text_copy(a, start, length);
                if (!names[n])
                        return -ENOMEM;
                for (uint32_t i = 0; i < n; i++)
                        again |= strcmp(names[i], names[n]) == 0;
                n += !again;
        }
        *ret = (Wanted){ names, n };
        return 0;
}

static bool service_is_stopped(void *arg) {
        (void) arg;
        return stop_signal_count() > 0;
}

/* Every cluster the store knows. The store is any cluster's: it is only looked through. */
static int service_find_all(Service *service, Arena *a, const Settings *s, Wanted *ret, TextFault *f) {
        const char *url = settings_text(s, "service", "redis");
        StoreOptions o = { .url = url[0] ? url : NULL,
                           .state_dir = settings_text(s, "service", "state_dir"),
                           .cluster = settings_text(s, "service", "cluster") };
        int r = service->index ? 0 : store_open(&o, &service->index, f);

        if (r < 0)
                return r;
        store_hurry(service->index, service_is_stopped, NULL);
        r = store_get_clusters(service->index, a, &ret->names, &ret->n);
        if (r < 0)
                text_fault(f, "", "cannot read the list of clusters: %s", store_error(service->index));
        if (r == 0 && ret->n > CLUSTERS_MAX)
                ret->n = CLUSTERS_MAX;
        return r < 0 ? r : 0;
}

/* The names there should be services of, by the settings as they are now. In `a`. 0; 1: all that there are; a
 * negative errno with *ret_file and *f. */
static int service_wanted(Service *service, Arena *a, Wanted *ret, const char **ret_file, TextFault *f) {
        const char *one = option_text(service->options, "cluster"),
                   *text = option_text(service->options, "clusters");
        const char **alone = arena_new(a, const char *, 1);
        Settings *s = NULL;
        int r;

        if (!alone)
                return -ENOMEM;
        if (app_settings_load_for(a, service->options, "", &s, ret_file, f) < 0 ||
            service_set_options(service->options, s, f) < 0)
                return -EINVAL;
        if (!text)
                text = one ? "" : settings_text(s, "service", "clusters");
        if (strcmp(text, "all") == 0) {
                r = service_find_all(service, a, s, ret, f);
                return r < 0 ? r : 1;
        }
        r = service_split(a, text, ret, f);
        if (r == 0 && ret->n == 0) {
                alone[0] = one ? one : settings_text(s, "service", "cluster");
                *ret = (Wanted){ alone, 1 };
        }
        return r;
}

/* ---- one service a cluster ---- */

static void *member_run(void *arg) {
        Member *m = arg;

        m->status = cluster_service_run(m->service);
        atomic_store(&m->ended, true);
        return NULL;
}

static Member *member_find(const Service *service, const char *cluster) {
        for (uint32_t i = 0; i < service->n; i++)
                if (strcmp(cluster_service_name(service->members[i]->service), cluster) == 0)
                        return service->members[i];
        return NULL;
}

static int member_start(Service *service, const char *cluster) {
        const ClusterServiceOptions options = { .world = &service_world_real,
                                                .options = service->options,
                                                .share = &service->share,
                                                .board = service->board,
                                                .cluster = cluster };
        Member *m = calloc(1, sizeof(*m));
        int r = m ? cluster_service_open(&options, &m->service) : -ENOMEM;

        if (r == 0)
                r = thread_begin(&m->thread, member_run, m);
        if (r < 0) {
                if (m)
                        m->service = cluster_service_free(m->service);
                free(m);
                return r;
        }
        m->wanted = true;
        service->members[service->n++] = m;
        return 0;
}

static int service_worse(int left, int right) {
        return left == EXIT_FAILED || right == EXIT_FAILED ? EXIT_FAILED : left > right ? left : right;
}

/* Waits for its end. */
static void member_end(Service *service, uint32_t i) {
        Member *m = service->members[i];

        (void) pthread_join(m->thread, NULL);
        service->status = service_worse(service->status, m->status);
        m->service = cluster_service_free(m->service);
        free(m);
        service->members[i] = service->members[--service->n];
}

/* ---- all of them ---- */

/* Starts services that are wanted, and tells those to end that no longer are. A cluster that cannot be served
 * says so in the log; the others are. 0, or the first error. */
static int service_reconcile(Service *service, const Wanted *w, bool all) {
        int first = 0;

        for (uint32_t i = 0; i < service->n; i++)
                service->members[i]->wanted = all; /* none is dropped because it has fallen silent */
        for (uint32_t i = 0; i < w->n; i++) {
                Member *m = member_find(service, w->names[i]);
                int r = 0;

                if (m)
                        m->wanted = true;
                else if (service->n < CLUSTERS_MAX)
                        r = member_start(service, w->names[i]);
                first = first == 0 ? r : first;
        }
        for (uint32_t i = 0; i < service->n; i++)
                if (!service->members[i]->wanted)
                        cluster_service_stop(service->members[i]->service);
        return first;
}

/* What is wanted now, and whether it is so. Told to end at the start when anything is wrong, so that nobody
 * believes that it runs; later it goes on with what it has. */
static int service_look(Service *service) {
        const char *file = NULL;
        TextFault fault = { 0 };
        Wanted w = { 0 };
        Arena a;
        int r = arena_open(SETTINGS_MEMORY, &a);

        if (r < 0)
                return r;
        r = service_wanted(service, &a, &w, &file, &fault);
        service->unknown = r < 0 && r != -EINVAL;
        if (r == -EINVAL && service->n == 0) /* else the services have said it */
                service_log_fault("settings.refused", file, &fault);
        else if (r < 0 && r != -EINVAL)
                service_log_fault("store.failed", NULL, &fault);
        if (r >= 0)
                r = service_reconcile(service, &w, r == 1);
        arena_close(&a);
        service->looked = clock_monotonic();
        return r;
}

static void join_ended(Service *service) {
        for (uint32_t i = 0; i < service->n;)
                if (atomic_load(&service->members[i]->ended))
                        member_end(service, i);
                else
                        i++;
}

/* ---- what the service manager is told ---- */

/* "3 clusters, leads 2" */
static void service_status(Service *service, char ret[64]) {
        (void) snprintf(ret, 64, "%u cluster%s, leads %u", service->n, service->n == 1 ? "" : "s",
                        service_share_leads(&service->share));
}

static void service_tell_status(Service *service, bool ready) {
        char status[64];

        service_status(service, status);
        if (ready)
                supervisor_ready(status);
        else if (strcmp(status, service->told_status) != 0)
                supervisor_status(status);
        memcpy(service->told_status, status, sizeof(status));
}

/* When each cluster's loop went on since it was said last: one that hangs ends the process, whose clusters other
 * services take, or the next start. */
static void service_tell_alive(Service *service) {
        const usec_t now = clock_monotonic();

        if (service->alive_every == 0 || now < service->alive_told + service->alive_every / 4)
                return;
        for (uint32_t i = 0; i < service->n; i++)
                if (!atomic_load(&service->members[i]->ended) &&
                    cluster_service_went_on(service->members[i]->service) <= service->alive_told)
                        return;
        supervisor_alive();
        service->alive_told = now;
}

/* What runs is brought to its end. */
static void service_drain(Service *service) {
        supervisor_stopping("running migrations finish, no new ones start");
        while (service->n > 0) {
                join_ended(service);
                service_tell_alive(service);
                clock_sleep(USEC_PER_SEC / 50);
        }
}

static void service_serve(Service *service) {
        service->alive_every = supervisor_alive_every();
        service_tell_status(service, true);
        while (stop_signal_count() == 0 && !(service->once && service->n == 0)) {
                const bool asked = stop_signal_reloads() != service->reloads;

                clock_sleep(USEC_PER_SEC / 20);
                join_ended(service);
                service_tell_status(service, false);
                service_tell_alive(service);
                if (service->once || (!asked && clock_monotonic() < service->looked + LOOK_EVERY))
                        continue;
                service->reloads = stop_signal_reloads();
                if (asked)
                        supervisor_reloading();
                (void) !service_look(service); /* said in the log; what runs goes on */
                if (asked)
                        service_tell_status(service, true);
        }
}

/* By the settings as they are at the start; bad ones are said by service_look(). */
static int service_open_front(Service *service) {
        const char *file = NULL;
        TextFault fault = { 0 };
        Settings *s = NULL;
        Arena a;
        int r = service->front && !service->once ? arena_open(SETTINGS_MEMORY, &a) : 1;

        if (r != 0)
                return r < 0 ? r : 0;
        if (app_settings_load_for(&a, service->options, "", &s, &file, &fault) == 0 &&
            service_set_options(service->options, s, &fault) == 0) {
                r = service->front->open(s, service->options, service->board, &service->shown, &fault);
                if (r < 0)
                        service_log_fault("api.refused", NULL, &fault);
        }
        arena_close(&a);
        return r;
}

static int start_and_serve(Service *service) {
        int r;

        service->reloads = stop_signal_reloads();
        stop_signal_watch();
        r = service_open_front(service);
        if (r == 0)
                r = service_look(service);
        if (service->unknown &&
            !service->once) /* as a store that is away is waited for by a service that has its name */
                r = 0;
        if (r == 0 && service->n == 0 && !service->once)
                log_event(LOG_INFO, "service.waits", "why=\"%s\"",
                          service->unknown ? "the store is not reachable" : "no cluster has reported yet");
        if (r == 0)
                service_serve(service);
        else
                for (uint32_t i = 0; i < service->n; i++)
                        cluster_service_stop(service->members[i]->service);
        service_drain(service);
        if (service->front)
                service->front->close(service->shown);
        service->index = store_free(service->index);
        return r == 0 ? service->status : r == -EINVAL ? EXIT_BAD_INPUT : EXIT_FAILED;
}

int service_main(int argc, char **argv, FILE *out, FILE *err, const ServiceFront *front) {
        Options o;
        TextFault fault = { 0 };
        Service *x;
        int status;

        if (url_secret_in_words(argc, argv, &fault) < 0 ||
            options_parse(service_options, argc, argv, &o, &fault) < 0 || o.n_arguments > 0) {
                (void) out_say(err, "plimsolld: %s (see plimsolld --help)\n",
                               fault.what[0] ? fault.what : "it accepts options only");
                return EXIT_BAD_INPUT;
        }
        if (option_given(&o, "cluster") && option_given(&o, "clusters")) {
                (void) fputs("plimsolld: --cluster and --clusters exclude each other\n", err);
                return EXIT_BAD_INPUT;
        }
        if (option_given(&o, "help")) {
                (void) fputs("Usage: plimsolld [options]\n\nKeeps every host of a libvirt/KVM cluster below "
                             "its load line.\n",
                             out);
                options_help(service_options, out, screen_of(out).width);
                (void) fputs(
                        "\nExamples:\n"
                        "  plimsolld\n"
                        "  plimsolld --redis redis://store:6379 --mode advise\n"
                        "  plimsolld --once --verbose --set cluster.hosts='h*'\n"
                        "\nSettings: plimsoll settings doc. Exit status: 0 ended by a signal, or --once is\n"
                        "done; 1 failed; 2 the command line or the settings are wrong; 3 --once, and\n"
                        "another service leads.\n",
                        out);
                return EXIT_DONE;
        }
        if (option_given(&o, "version")) {
                (void) out_say(out, "plimsolld %s\n", PLIMSOLL_VERSION);
                return EXIT_DONE;
        }
        if (option_given(&o, "verbose"))
                log_threshold(LOG_DEBUG);
        x = calloc(1, sizeof(*x));
        if (!x)
                return EXIT_FAILED;
        x->options = &o;
        x->front = front;
        if (front && metrics_board_open(&x->board) < 0) {
                free(x);
                return EXIT_FAILED;
        }
        x->once = option_given(&o, "once");
        log_for_journal(supervisor_journal());
        service_share_open(&x->share);
        status = start_and_serve(x);
        service_share_close(&x->share);
        x->board = metrics_board_free(x->board);
        free(x);
        return status;
}
