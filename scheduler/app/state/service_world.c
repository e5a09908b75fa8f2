/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/state/service_world.h"

#include <stdio.h>
#include <sys/random.h>
#include <unistd.h>

#include "scheduler/act/libvirt/domain_speed.h"
#include "scheduler/act/libvirt/executor_libvirt.h"
#include "scheduler/app/state/stop_signal.h"

#define HASTEN_AT_MOST (5 * USEC_PER_SEC)

/* Host, process, and when: a process' number comes again, with another start. */
static void service_world_identify(void *self, char *buf, size_t size) {
        char host[128] = "?";

        (void) self;
        (void) gethostname(host, sizeof(host) - 1);
        (void) snprintf(buf, size, "%.120s/%ld/%llx", host, (long) getpid(),
                        (unsigned long long) clock_now());
}

static uint64_t service_world_draw(void *self) {
        uint64_t n = 0;

        (void) self;
        if (getrandom(&n, sizeof(n), GRND_NONBLOCK) != (ssize_t) sizeof(n))
                n = (uint64_t) clock_monotonic() * UINT64_C(0x9e3779b97f4a7c15);
        return n;
}

static int service_world_open_store(void *self, const StoreOptions *options, Store **ret,
                                    TextFault *reterr_fault) {
        (void) self;
        return store_open(options, ret, reterr_fault);
}

static int open_executor(void *self, Executor *ret) {
        (void) self;
        return executor_libvirt_open((ExecutorLibvirtOptions){ 0 }, ret);
}

static int service_world_look(void *self, LibvirtAt at, const char *uuid, usec_t at_most, DomainState *ret) {
        int r = libvirt_start();

        (void) self;
        if (r == 0)
                *ret = domain_state_read(at, uuid, at_most);
        return r;
}

static void service_world_hasten(void *self, LibvirtAt at, const char *uuid, int64_t mib_s) {
        (void) self;
        if (libvirt_start() == 0)
                domain_speed_set_aside(at, uuid, HASTEN_AT_MOST, mib_s);
}

static StopRequest service_world_stop_request(void *self) {
        (void) self;
        return stop_signal_request();
}

static unsigned service_world_reloads(void *self) {
        (void) self;
        return stop_signal_reloads();
}

const ServiceWorld service_world_real = { .nap = USEC_PER_SEC / 4,
                                          .guards = true,
                                          .random = service_world_draw,
                                          .identify = service_world_identify,
                                          .open_store = service_world_open_store,
                                          .open_executor = open_executor,
                                          .look = service_world_look,
                                          .hasten = service_world_hasten,
                                          .stop_request = service_world_stop_request,
                                          .reloads = service_world_reloads };
