/* SPDX-License-Identifier: Apache-2.0 */
/* plimsolld as it is, but for its executor: moves take PAGE_MOVE_MS milliseconds and are lines "VM<TAB>FROM<TAB>TO" of standard
 * output when they are over, so that who reports the hosts (world.mjs) can report the VM where it is now. A VM named
 * "…-fails" does not move.
 *
 * Linked with plimsolld_main.c, --wrap=executor_libvirt_open and --wrap=domain_state_read.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/act/libvirt/domain_state.h"
#include "scheduler/act/libvirt/executor_libvirt.h"
#include "tests/support/executor_simulated.h"

static usec_t page_now(void *self) {
        (void) self;
        return clock_monotonic();
}

static void page_sleep(void *self, usec_t d) {
        (void) self;
        clock_sleep(d);
}

static const Clock page_clock = { .now = page_now, .monotonic = page_now, .sleep = page_sleep };

static SimulatedMove page_script(void *arg, const MigrationRequest *request) {
        const char *text = getenv("PAGE_MOVE_MS");
        const usec_t takes = (text ? atoi(text) : 1500) * (USEC_PER_SEC / 1000);
        const size_t n = strlen(request->order->vm);
        const bool fails = n > 6 && strcmp(request->order->vm + n - 6, "-fails") == 0;

        (void) arg;
        return (SimulatedMove){ .end = fails ? SIMULATED_FAILS : SIMULATED_DONE,
                                .takes = takes,
                                .bytes = request->memory_mib << 20,
                                .downtime_ms = 120,
                                .message = "the target's CPU lacks a feature that the guest uses" };
}

static void page_moved(void *arg, const MoveOrder *order) {
        (void) arg;
        (void) printf("%s\t%s\t%s\n", order->vm, order->from, order->to);
        (void) fflush(stdout);
}

int __wrap_executor_libvirt_open(ExecutorLibvirtOptions options, Executor *ret);
int __wrap_executor_libvirt_open(ExecutorLibvirtOptions options, Executor *ret) {
        (void) options;
        return executor_simulated_open((ExecutorSimulatedOptions){ .clock = &page_clock,
                                                                   .script = page_script,
                                                                   .moved = page_moved },
                                       ret);
}

DomainState __wrap_domain_state_read(LibvirtAt at, const char *uuid, usec_t connect_at_most);
DomainState __wrap_domain_state_read(LibvirtAt at, const char *uuid, usec_t connect_at_most) {
        (void) at;
        (void) uuid;
        (void) connect_at_most;
        return (DomainState){ .presence = PRESENCE_RUNNING };
}
