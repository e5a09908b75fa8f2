/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/access/api_role.h"

#include <string.h>

const char *const api_role_names[ROLE_N + 1] = { "none", "view", "operate", "admin", NULL };

ApiRole api_role_named(const char *name) {
        for (int r = ROLE_VIEW; r < ROLE_N; r++)
                if (strcmp(api_role_names[r], name) == 0)
                        return (ApiRole) r;
        return ROLE_N;
}
