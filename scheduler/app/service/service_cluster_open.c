/* SPDX-License-Identifier: Apache-2.0 */
/* What one cluster's service has open, from its settings to its store. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/app/service/service_cluster_parts.h"
#include "scheduler/app/settings/app_settings.h"

static int service_cluster_open_store(ClusterService *service, TextFault *f) {
        const char *url = settings_text(service->settings, "service", "redis");
        const char *configured = settings_text(service->settings, "service", "cluster");
        StoreOptions o = { .url = url[0] ? url : NULL,
                           .state_dir = settings_text(service->settings, "service", "state_dir"),
                           .cluster = configured,
                           .keeps_hosts = true };
        int r = service->outer->open_store(service->outer->self, &o, &service->store, f);

        if (r == 0 && !service->cluster[0]) /* the store has accepted its length; it outlives the settings */
                (void) snprintf(service->cluster, sizeof(service->cluster), "%s", configured);
        if (r == 0)
                r = source_open_store(service->store, service->cluster, &service->source);
        if (r < 0)
                return r;
        store_hurry(service->store, service_cluster_hurries, service);
        source_use_clock(service->source, service->world.clock);
        if (!service->world.clock) /* simulated hosts have no libvirt */
                source_reach_silent(service->source);
        r = bmc_watch_start(service->settings, store_url(service->store), service->cluster, &service->bmcs);
        r = r == 1 ? 0 : r;
        if (r == 0 && !url[0])
                log_event(LOG_INFO, "store.private", "url=%s", store_url(service->store));
        return r;
}

static int open_arenas(ClusterService *service) {
        int r = -ENOMEM;

        for (size_t limit = (size_t) 32 << 30; r < 0 && limit >= (size_t) 64 << 20; limit /= 4)
                r = arena_open(limit, &service->arena);
        return r;
}

static void name_log(ClusterService *service, const char *name) {
        char quoted[512];

        (void) snprintf(service->log_words, sizeof(service->log_words), "cluster=%s",
                        strpbrk(name, " \"=\\") ? log_quote(name, quoted, sizeof(quoted)) : name);
        service->log.words = service->log_words;
}

/* In simulated time nobody is told: receivers live in ours. */
static int service_cluster_open_notices(ClusterService *service, TextFault *f) {
        const NoticeWatchOptions o = { .redis = store_url(service->store),
                                       .cluster = service->cluster,
                                       .self = service->leadership.self,
                                       .metrics = service->metrics };
        int r = service->world.clock || option_given(service->options, "once")
                        ? 1
                        : notice_watch_start(service->settings, &o, &service->notices, f);

        if (r < 0)
                service_log_fault("notify.refused", NULL, f);
        return r < 0 ? r : 0;
}

static int service_cluster_open_all(ClusterService *service) {
        const char *file = NULL;
        TextFault fault = { 0 };
        int r = open_arenas(service);

        if (r == 0)
                r = service_cluster_load_settings(service, &file, &fault);
        if (r < 0) {
                service_log_fault("settings.refused", file, &fault);
                return -EINVAL;
        }
        name_log(service, settings_text(service->settings, "service", "cluster"));
        r = service_cluster_open_store(service, &fault);
        if (r < 0) {
                service_log_fault("store.failed", NULL, &fault);
                return r;
        }
        r = sightings_new(service->outer, &service->sightings);
        if (r < 0)
                return r;
        service->metrics = metrics_board_cluster(service->board, service->cluster);
        cluster_metrics_store(service->metrics, store_url(service->store));
        service->leadership = leadership_in(&service->world, service->store,
                                            settings_int(service->settings, "service", "lease"));
        r = service_cluster_open_notices(service, &fault);
        if (r < 0)
                return r;
        r = service_stop_open(&service->moves_stop, service->store,
                              settings_text(service->settings, "service", "state_dir"), service->cluster);
        return r < 0 ? r
                     : service_epoch_open(&service->epoch, service->store,
                                          settings_text(service->settings, "service", "state_dir"),
                                          service->cluster);
}

/* Before its settings are read: they are its own. */
static int take_name(ClusterService *service, const char *name) {
        TextFault fault = { 0 };

        if (strlen(name) >= sizeof(service->cluster)) {
                text_fault(&fault, "service.clusters", "a cluster's name has at most %zu bytes",
                           sizeof(service->cluster) - 1);
                service_log_fault("settings.refused", NULL, &fault);
                return -EINVAL;
        }
        (void) snprintf(service->cluster, sizeof(service->cluster), "%s", name);
        name_log(service, name);
        return 0;
}

int cluster_service_open(const ClusterServiceOptions *options, ClusterService **ret) {
        ClusterService *x = calloc(1, sizeof(*x));
        int r;

        if (!x)
                return -ENOMEM;
        x->outer = options->world;
        x->world = *options->world;
        x->world.stop_request = service_cluster_stop_request;
        x->world.stop_arg = x;
        x->options = options->options;
        x->share = options->share;
        x->board = options->board;
        x->log = (LogThread){ .clock = options->world->clock, .to = options->log };
        x->reloads = x->outer->reloads(x->outer->self);
        log_thread(&x->log);
        r = options->cluster ? take_name(x, options->cluster) : 0;
        if (r == 0)
                r = service_cluster_open_all(x);
        log_thread(NULL);
        if (r < 0)
                (void) cluster_service_free(x);
        else
                *ret = x;
        return r;
}

ClusterService *cluster_service_free(ClusterService *service) {
        if (!service)
                return NULL;
        if (service->has_executor)
                service->executor.free(service->executor.self);
        service->bmcs = bmc_watch_free(service->bmcs);
        service->notices = notice_watch_free(service->notices);
        if (service->metrics)
                metrics_board_drop(service->board, service->cluster);
        event_watch_close(&service->events);
        round_calls_close(&service->calls);
        service_epoch_close(&service->epoch);
        demand_store_close(&service->demand);
        service_stop_close(&service->moves_stop);
        service->sightings = sightings_free(service->sightings);
        service->source = source_free(service->source);
        service->store = store_free(service->store);
        admission_memory_close(&service->memory.admissions);
        known_hosts_close(&service->memory.known);
        service_said_close(&service->memory.said);
        arena_close(&service->arena);
        service_cluster_forget_settings(service, NULL);
        free(service);
        return NULL;
}
