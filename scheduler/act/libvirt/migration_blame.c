/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/act/libvirt/migration_blame.h"

#include <libvirt/virterror.h>
#include <string.h>

static bool migration_blame_is_away(int code, const char *words) {
        static const char *const says[] = { "Failed to connect to remote libvirt URI",
                                            "unable to connect to server", "Cannot recv data",
                                            "No route to host" };

        if (code == VIR_ERR_NO_CONNECT || code == VIR_ERR_GNUTLS_ERROR || code == VIR_ERR_AUTH_FAILED)
                return true;
        for (size_t i = 0; i < ARRAY_SIZE(says); i++)
                if (strstr(words, says[i]))
                        return true;
        return false;
}

/* qemuMigrationSrcIsAllowed and its like: whatever the target. */
static bool migration_blame_is_of_vm(int code) {
        return code == VIR_ERR_OPERATION_INVALID || code == VIR_ERR_OPERATION_UNSUPPORTED ||
               code == VIR_ERR_MIGRATE_UNSAFE || code == VIR_ERR_NO_SUPPORT ||
               code == VIR_ERR_OPERATION_DENIED || code == VIR_ERR_ACCESS_DENIED;
}

MissBlame migration_blame_of(int code, const char *words, bool sent, MoveMiss *ret_miss) {
        *ret_miss = sent ? MISS_FAILED : MISS_REFUSED;
        if (!sent && migration_blame_is_away(code, words)) {
                *ret_miss = MISS_UNREACHED;
                return BLAME_TARGET;
        }
        return !sent && migration_blame_is_of_vm(code) ? BLAME_VM : BLAME_PAIR;
}
