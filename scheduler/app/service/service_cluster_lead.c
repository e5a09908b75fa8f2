/* SPDX-License-Identifier: Apache-2.0 */
/* Who leads a cluster: the lease taken, kept, shared out, and what is said of it. */
#include <string.h>

#include "scheduler/app/service/service_cluster_parts.h"
#include "scheduler/app/settings/app_settings.h"

Said *service_cluster_states(ClusterService *service) {
        return &service->memory.said.states;
}

bool service_cluster_acts(const ClusterService *service) {
        const ServiceModes modes = service_modes(service->settings);

        return service_modes_act(&modes);
}

int service_cluster_need_executor(ClusterService *service) {
        static const SayState failed = { LOG_ERROR, "libvirt.failed", "libvirt.works" };
        int r;

        if (!service_cluster_acts(service) || service->has_executor)
                return 0;
        r = service->outer->open_executor(service->outer->self, &service->executor);
        service->has_executor = r == 0;
        (void) service_say(service_cluster_states(service), &failed, r < 0 ? strerrordesc_np(-r) : NULL,
                           service_cluster_monotonic(service));
        return r;
}

void service_cluster_set_leading(ClusterService *service, bool leads) {
        const bool counts = leads && service_cluster_acts(service);

        service->leading = leads;
        if (!leads && service_cluster_acts(service)) /* who only advises has it for a round at a time */
                (void) said_end(service_cluster_states(service), "lease.taken", &service->was);
        if (service->share && counts != service->counted)
                service_share_count(service->share, counts ? 1 : -1);
        service->counted = counts;
        bmc_watch_lead(service->bmcs, leads ? service->leadership.token : 0);
}

/* 1: another is to lead. */
static int take_lease(ClusterService *service) {
        int r;

        if (service->share && !service->leading && !service_share_may_take(&service->leadership))
                return 1;
        r = leadership_take(&service->leadership);
        if (r == 1 && service->share && service_cluster_acts(service))
                r = service_share_offer(service->share, &service->leadership) < 0 ? r : 1;
        return r;
}

/* What was wrong with the lease is said once, for as long as each look finds it again. */
static void say_healed(ClusterService *service) {
        static const char *const whats[][2] = {
                { "expiry", "the lease had no valid expiry: it has one now" },
                { "text", "the lease names no leader: it is free once it has expired" },
                { "token", "the lease's token was not the leader's, or missing: there is a new one" },
        };
        const unsigned found = service->leadership.healed;

        for (unsigned i = 0; i < ARRAY_SIZE(whats); i++)
                if ((found & ~service->healed) & (1U << i))
                        log_event(LOG_WARNING, "lease.healed", "what=%s why=\"%s\"", whats[i][0],
                                  whats[i][1]);
        service->healed = found;
        service->leadership.healed = 0;
}

void service_cluster_say_away(ClusterService *service, const char *why) {
        static const SayState away = { LOG_WARNING, "store.away", "store.back" };

        (void) service_say(service_cluster_states(service), &away, why, service_cluster_monotonic(service));
}

/* Another has it: said when that begins, and when it is another one. */
static void service_cluster_say_follows(ClusterService *service) {
        const char *holder = service->leadership.holder;
        char quoted[512];

        (void) said_end(service_cluster_states(service), "lease.taken", &service->was);
        if (said_look(service_cluster_states(service), "lease.follows", holder,
                      service_cluster_monotonic(service)) != SAID_GOES_ON ||
            service->leading)
                log_event(LOG_INFO, service->leading ? "lease.lost" : "lease.follows", "leader=%s",
                          log_quote(holder, quoted, sizeof(quoted)));
}

static void service_cluster_say_leads(ClusterService *service) {
        (void) said_end(service_cluster_states(service), "lease.follows", &service->was);
        if (said_look(service_cluster_states(service), "lease.taken", "",
                      service_cluster_monotonic(service)) == SAID_BEGINS)
                log_event(LOG_INFO, "lease.taken", "self=%s token=%llu", service->leadership.self,
                          (unsigned long long) service->leadership.token);
}

int service_cluster_lead(ClusterService *service) {
        int r = take_lease(service);

        say_healed(service);
        if (r == 0)
                service_cluster_say_leads(service);
        if (r == 1 && service->leadership.holder[0])
                service_cluster_say_follows(service);
        if (r < 0)
                service_cluster_say_away(service, store_error(service->store));
        if (r < 0)
                cluster_metrics_ready(service->metrics, "the store cannot be reached");
        cluster_metrics_lead(service->metrics, r == 0);
        if (r >= 0) /* who cannot ask leads still, as far as it knows */
                notice_watch_lead(service->notices, r == 0 ? service->leadership.token : 0);
        service_cluster_set_leading(service, r == 0);
        return r;
}

void service_cluster_share_out(ClusterService *service) {
        const usec_t now = service_cluster_monotonic(service);
        char to[160];

        if (!service->share || !service->counted || service->memory.unfinished ||
            now < service->offered + service->leadership.ttl / 3)
                return;
        service->offered = now;
        if (service_share_hand_over(service->share, &service->leadership, to) != 1)
                return;
        service_cluster_set_leading(service, false);
        cluster_metrics_lead(service->metrics, false);
        notice_watch_lead(service->notices, 0);
        log_event(LOG_INFO, "lease.handed_over", "to=%s why=\"it leads fewer clusters\"", to);
}
