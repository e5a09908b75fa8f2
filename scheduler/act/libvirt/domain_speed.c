/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/act/libvirt/domain_speed.h"

#include <errno.h>
#include <libvirt/virterror.h>

#include "scheduler/act/libvirt/libvirt_connection.h"

/* What libvirt takes at most, and has for a VM that nobody limited: it reckons in bytes, in 63 bits. */
#define MIB_S_MOST (INT64_MAX / (1024 * 1024))

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
