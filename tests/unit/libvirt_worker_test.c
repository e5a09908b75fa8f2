/* SPDX-License-Identifier: Apache-2.0 */
/* A reading that takes long is one thing, a libvirt that does not answer another. On libvirt's own test driver; the
 * one call that hangs is stood in front of here: this program's definition comes before the library's. */
#include <criterion/criterion.h>
#include <dlfcn.h>
#include <errno.h>
#include <libvirt/libvirt.h>
#include <stdatomic.h>
#include <string.h>

#include "collectors/run/libvirt_worker.h"

#define PATIENCE (300 * USEC_PER_MSEC)
#define MOMENT   (100 * USEC_PER_MSEC)

static atomic_bool guests_hang, daemon_hangs;

/* As a stuck monitor does: it comes back when that is over. */
int virConnectGetAllDomainStats(virConnectPtr c, unsigned stats, virDomainStatsRecordPtr **ret,
                                unsigned flags) {
        int (*real)(virConnectPtr, unsigned, virDomainStatsRecordPtr **, unsigned) =
                (int (*)(virConnectPtr, unsigned, virDomainStatsRecordPtr **, unsigned)) dlsym(
                        RTLD_NEXT, "virConnectGetAllDomainStats");

        while (guests_hang)
                clock_sleep(10 * USEC_PER_MSEC);
        return real(c, stats, ret, flags);
}

int virConnectGetLibVersion(virConnectPtr c, unsigned long *ret) {
        (void) c;
        while (daemon_hangs)
                clock_sleep(10 * USEC_PER_MSEC);
        *ret = 9000000;
        return 0;
}

static Arena arena;

static LibvirtWorker *worker_of(const char *collectors) {
        const LibvirtWorkerOptions o = { .uri = "test:///default",
                                         .advertise = "test://h/default",
                                         .only = collectors,
                                         .runs = RUNS_REMOTE };
        LibvirtWorker *worker;

        cr_assert_eq(0, arena_open(64 << 20, &arena));
        cr_assert_eq(0, libvirt_worker_new(&o, &worker));
        return worker;
}

static LibvirtWorkerState state_of(LibvirtWorker *worker) {
        LibvirtWorkerState state;

        cr_assert_eq(0, libvirt_worker_state(worker, &arena, PATIENCE, &state));
        return state;
}

static const Section *section_of(const LibvirtWorkerState *state, const char *name) {
        for (uint32_t i = 0; i < state->n_sections; i++)
                if (strcmp(state->sections[i].collector, name) == 0)
                        return &state->sections[i];
        return NULL;
}

/* A turn as the agent makes it. */
static void turn(LibvirtWorker *worker) {
        libvirt_worker_start(worker);
        (void) libvirt_worker_wait(worker, clock_monotonic() + MOMENT);
}

static int64_t daemon_of(const LibvirtWorkerState *state) {
        const Section *s = section_of(state, "libvirt");

        return s && s->n_samples == 1 ? s->samples[0].number : UNKNOWN;
}

Test(libvirt_worker, one_guest_that_holds_up_the_reading_is_no_silence_of_the_host) {
        LibvirtWorker *worker = worker_of("host,vms");
        LibvirtWorkerState state;
        usec_t read_at;

        libvirt_worker_start(worker);
        cr_assert(libvirt_worker_wait(worker, clock_monotonic() + 10 * USEC_PER_SEC));
        state = state_of(worker);
        cr_assert_eq(daemon_of(&state), 1);
        cr_assert_eq(section_of(&state, "host")->error, 0);
        cr_assert_gt(section_of(&state, "host")->n_samples, 0);
        read_at = section_of(&state, "vms")->read_at;

        guests_hang = true;
        for (int i = 0; i < 6; i++)
                turn(worker);
        state = state_of(worker);
        cr_assert_eq(daemon_of(&state), 1, "libvirt answers others");
        cr_assert_eq(state.error, 0);
        cr_assert_eq(section_of(&state, "vms")->error, 0);
        cr_assert_eq(section_of(&state, "vms")->read_at, read_at, "as of when it was read");
        cr_assert_gt(section_of(&state, "libvirt")->read_at, read_at, "the host is alive now");

        daemon_hangs = true; /* and now nobody is answered */
        for (int i = 0; i < 3; i++)
                turn(worker);
        state = state_of(worker);
        cr_assert_eq(daemon_of(&state), 0);
        cr_assert_eq(section_of(&state, "vms")->error, ETIMEDOUT);

        daemon_hangs = guests_hang = false;
        libvirt_worker_start(worker);
        cr_assert(libvirt_worker_wait(worker, clock_monotonic() + 10 * USEC_PER_SEC));
        turn(worker);
        cr_assert(libvirt_worker_wait(worker, clock_monotonic() + 10 * USEC_PER_SEC));
        state = state_of(worker);
        cr_assert_eq(daemon_of(&state), 1);
        cr_assert_gt(section_of(&state, "vms")->read_at, read_at);
        worker = libvirt_worker_free(worker);
}
