/* SPDX-License-Identifier: Apache-2.0 */
/* Whether one cluster's service goes on: asked by whatever it does, by its thread and by others. */
#include "scheduler/app/service/service_cluster_parts.h"

const char *cluster_service_name(const ClusterService *service) {
        return service->cluster;
}

void cluster_service_stop(ClusterService *service) {
        atomic_store(&service->stop, true);
}

usec_t service_cluster_monotonic(const ClusterService *service) {
        return clock_monotonic_of(service->world.clock);
}

static StopRequest service_cluster_told(ClusterService *service) {
        const StopRequest w = service->outer->stop_request(service->outer->stop_arg);

        return w == STOP_NONE && atomic_load(&service->stop) ? STOP_DRAIN : w;
}

StopRequest service_cluster_stop_request(void *stop_arg) {
        ClusterService *x = stop_arg;

        atomic_store(&x->went_on, service_cluster_monotonic(x));
        return service_cluster_told(x);
}

usec_t cluster_service_went_on(const ClusterService *service) {
        return atomic_load(&service->went_on);
}

bool service_cluster_hurries(void *arg) {
        ClusterService *x = arg;

        return !atomic_load(&x->moving) && service_cluster_told(x) != STOP_NONE;
}
