/* SPDX-License-Identifier: Apache-2.0 */
#include <malloc.h>

#include "scheduler/app/api/api_server.h"
#include "scheduler/app/metrics/process_metrics.h"
#include "scheduler/app/service/service.h"
#include "scheduler/base/secret.h"

static int front_open(const Settings *settings, const Options *options, MetricsBoard *board, void **ret,
                      TextFault *reterr_fault) {
        ApiServer *server = NULL;
        int r = api_server_open(settings, options, board, &server, reterr_fault);

        *ret = server;
        return r;
}

static void front_close(void *front) {
        (void) api_server_close(front);
}

/* Of malloc: one for rounds, one for all others. By itself each of a dozen threads gets its own and keeps there what its largest answer
 * needed, tens of MiB of a large cluster (tests/bench/api). */
#define MALLOC_ARENAS 2

int main(int argc, char **argv) {
        static const ServiceFront front = { front_open, front_close };

        (void) mallopt(M_ARENA_MAX, MALLOC_ARENAS);
        secret_keep();
        log_watch(process_metrics_log);
        return service_main(argc, argv, stdout, stderr, &front);
}
