/* SPDX-License-Identifier: Apache-2.0 */
/* The collector of guests, on libvirt's own test driver, which does not know dirty rates: what tells of them, starts their
 * measuring and tells of jobs is stood in front of here. libvirt keeps a call about a guest waiting for as long as that is
 * migrated: so none is made. */
#include <criterion/criterion.h>
#include <dlfcn.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/read/sample_list.h"
#include "scheduler/base/text.h"

static unsigned started, jobs_asked;
static bool migrates;

int virConnectGetAllDomainStats(virConnectPtr c, unsigned stats, virDomainStatsRecordPtr **ret,
                                unsigned flags) {
        int (*real)(virConnectPtr, unsigned, virDomainStatsRecordPtr **, unsigned) =
                (int (*)(virConnectPtr, unsigned, virDomainStatsRecordPtr **, unsigned)) dlsym(
                        RTLD_NEXT, "virConnectGetAllDomainStats");
        int n = real(c, stats, ret, flags);

        for (int i = 0; i < n; i++) {
                virDomainStatsRecordPtr r = (*ret)[i];
                int room = r->nparams;

                cr_assert_eq(
                        0, virTypedParamsAddInt(&r->params, &r->nparams, &room, "dirtyrate.calc_status", 0));
        }
        jobs_asked = 0;
        return n;
}

int virDomainGetJobInfo(virDomainPtr d, virDomainJobInfoPtr ret) {
        (void) d;
        jobs_asked++;
        *ret = (virDomainJobInfo){ .type = migrates ? VIR_DOMAIN_JOB_UNBOUNDED : VIR_DOMAIN_JOB_NONE };
        return 0;
}

int virDomainStartDirtyRateCalc(virDomainPtr d, int seconds, unsigned flags) {
        (void) d;
        (void) seconds;
        (void) flags;
        cr_assert(!migrates, "it was asked for while the guest was migrated");
        cr_assert_gt(jobs_asked, 0, "its job was not asked for since its statistics were");
        started++;
        return 0;
}

static void libvirt_quiet(void *arg, virErrorPtr error) {
        (void) arg;
        (void) error; /* the driver knows no statistics of jobs */
}

static usec_t now;

/* Readings, a second from each to the next. How many measurements they began. */
static unsigned readings(const Collector *c, void *state, const CollectorEnv *env, Arena *a, int n) {
        unsigned before = started;

        for (int i = 0; i < n; i++) {
                ArenaMark mark = arena_mark(a);
                SampleList said = sample_list_over(a);

                now += USEC_PER_SEC;
                cr_assert_geq(c->read(state, env, now, &said.sink), 0);
                cr_assert_gt(said.n, 0);
                arena_rewind(a, mark);
        }
        return started - before;
}

Test(dirty_guest, is_measured_but_not_while_it_is_migrated) {
        CollectorSet all = collectors_all();
        CollectorEnv env = { .root = "", .libvirt = virConnectOpen("test:///default") };
        const Collector *c = NULL;
        Arena a;
        void *state;

        virSetErrorFunc(NULL, libvirt_quiet);
        cr_assert(env.libvirt);
        cr_assert_eq(0, arena_open(UINT64_C(64) << 20, &a));
        for (uint32_t i = 0; i < all.n; i++)
                if (strcmp(all.collectors[i]->name, "vms") == 0)
                        c = all.collectors[i];
        state = calloc(1, c->state_size);
        cr_assert_eq(0, c->open(state, &env));
        now = clock_monotonic();

        migrates = true;
        cr_assert_eq(0, readings(c, state, &env, &a, 20));
        migrates = false;
        cr_assert_gt(readings(c, state, &env, &a, 20), 0, "the test cannot fail: it is never measured");
        migrates = true;
        cr_assert_eq(0, readings(c, state, &env, &a, 20));

        c->close(state);
        free(state);
        (void) virConnectClose(env.libvirt);
        arena_close(&a);
}
