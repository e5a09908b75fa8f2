/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/act/libvirt/domain_speed.h"

#include <errno.h>
#include <libvirt/virterror.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/act/libvirt/libvirt_connection.h"

/* What libvirt takes at most, and has for a VM that nobody limited: it reckons in bytes, in 63 bits. */
#define MIB_S_MOST (INT64_MAX / (INT64_C(1) << 20))

static bool domain_speed_leaves(virDomainPtr domain) {
        virTypedParameterPtr params = NULL;
        int type = VIR_DOMAIN_JOB_NONE, n = 0, operation = 0;

        if (virDomainGetJobStats(domain, &type, &params, &n, 0) < 0)
                return false;
        (void) virTypedParamsGetInt(params, n, VIR_DOMAIN_JOB_OPERATION, &operation);
        virTypedParamsFree(params, n);
        return type != VIR_DOMAIN_JOB_NONE && operation == VIR_DOMAIN_JOB_OPERATION_MIGRATION_OUT;
}

static int domain_speed_tell(virDomainPtr domain, int64_t mib_s) {
        const unsigned long speed = (unsigned long) (mib_s > 0 && mib_s < MIB_S_MOST ? mib_s : MIB_S_MOST);

        if (!domain_speed_leaves(domain))
                return 1;
        /* not every QEMU that migrates knows post-copy */
        (void) virDomainMigrateSetMaxSpeed(domain, speed, VIR_DOMAIN_MIGRATE_MAX_SPEED_POSTCOPY);
        return virDomainMigrateSetMaxSpeed(domain, speed, 0) < 0 ? -EIO : 0;
}

int domain_speed_set(LibvirtAt at, const char *uuid, usec_t connect_at_most, int64_t mib_s) {
        LibvirtFault fault;
        virConnectPtr conn = NULL;
        virDomainPtr domain;
        int r;

        if (libvirt_connect(at, connect_at_most, &conn, &fault) < 0)
                return -EHOSTUNREACH;
        domain = virDomainLookupByUUIDString(conn, uuid);
        if (domain) {
                r = domain_speed_tell(domain, mib_s);
                (void) virDomainFree(domain);
        } else {
                r = virGetLastErrorCode() == VIR_ERR_NO_DOMAIN ? 1 : -EIO;
        }
        (void) virConnectClose(conn);
        return r;
}

/* ---- in a thread of its own ---- */

typedef struct SpeedErrand {
        char *uri, *machine, *uuid;
        usec_t connect_at_most;
        int64_t mib_s;
} SpeedErrand;

static atomic_uint domain_speed_threads;

static void errand_free(SpeedErrand *errand) {
        if (!errand)
                return;
        free(errand->uri);
        free(errand->machine);
        free(errand->uuid);
        free(errand);
        (void) atomic_fetch_sub(&domain_speed_threads, 1);
}

static void *errand_run(void *arg) {
        SpeedErrand *errand = arg;
        int ignored = domain_speed_set((LibvirtAt){ errand->uri, errand->machine }, errand->uuid,
                                       errand->connect_at_most, errand->mib_s);

        (void) ignored; /* who asked does so again */
        errand_free(errand);
        return NULL;
}

void domain_speed_set_aside(LibvirtAt at, const char *uuid, usec_t connect_at_most, int64_t mib_s) {
        SpeedErrand *errand = NULL;

        if (atomic_fetch_add(&domain_speed_threads, 1) < DOMAIN_SPEED_THREADS)
                errand = calloc(1, sizeof(*errand));
        if (!errand) {
                (void) atomic_fetch_sub(&domain_speed_threads, 1);
                return;
        }
        errand->uri = strdup(at.uri);
        errand->machine = at.machine ? strdup(at.machine) : NULL;
        errand->uuid = strdup(uuid);
        errand->connect_at_most = connect_at_most;
        errand->mib_s = mib_s;
        if (!errand->uri || (at.machine && !errand->machine) || !errand->uuid ||
            libvirt_thread(errand_run, errand) < 0)
                errand_free(errand);
}
