/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/commands/failover_look.h"

#include <errno.h>

#include "policies/policies.h"
#include "scheduler/decide/judge/start_check.h"

static int failover_look_judge(StartCheck *judge, Arena *a, const FailoverHost *host, const char **ret_why) {
        ArenaMark mark = arena_mark(a);
        Start *starts = arena_new(a, Start, host->n_vms);
        uint32_t n = 0;
        int r;

        if (!starts)
                return -ENOMEM;
        for (uint32_t i = 0; i < host->n_vms; i++)
                if (host->vms[i].end == FAILOVER_STARTS)
                        starts[n++] = (Start){ .vm = host->vms[i].vm, .to = host->vms[i].host };
        r = start_check(judge, host->host, starts, n, ret_why);
        if (r == 0)
                arena_rewind(a, mark);
        return r;
}

int failover_look(Arena *a, const Snapshot *s, const Settings *settings, HostIx only, FailoverLook *ret) {
        FailoverLook look = { 0 };
        StartCheck *judge = NULL;
        int r = failover_find(a, s, settings, policies_all(), only, &look.found);

        if (r == 0)
                r = start_check_new(a, s, settings, &judge);
        for (uint32_t i = 0; r >= 0 && i < look.found.n_hosts; i++) {
                const FailoverHost *host = &look.found.hosts[i];
                const char *why = NULL;

                r = failover_look_judge(judge, a, host, &why);
                if (r <= 0)
                        continue;
                look.objection = look.objection ? look.objection : why;
                look.found.n_protected -= host->n_none == 0;
        }
        if (r >= 0)
                *ret = look;
        return r < 0 ? r : 0;
}
