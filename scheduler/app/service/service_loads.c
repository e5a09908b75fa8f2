/* SPDX-License-Identifier: Apache-2.0 */
/* A point of each host's history of load, once in ten minutes: what status --json says of it in the first round of these. It calls
 * nobody, and where it cannot be written, or a host is not seen, there is a gap. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "scheduler/app/service/service_parts.h"
#include "scheduler/app/state/load_history.h"
#include "scheduler/app/text/fleet_text.h"
#include "scheduler/base/log.h"

#define HOSTS_A_CALL 1000 /* the server does nothing else meanwhile */
#define LINE_SIZE    (LOAD_POINT_SIZE + NAME_SIZE + 1)
#define NAME_SIZE    256

static LoadPoint service_loads_point(const Host *host, const HostShare *share) {
        const HostContention *c = host->contention;

        return (LoadPoint){ .of = { [LOAD_CPU] = share->cpu.used,
                                    [LOAD_MEMORY] = share->memory.used,
                                    [LOAD_NET_RX] = share->net_rx.used,
                                    [LOAD_NET_TX] = share->net_tx.used,
                                    [LOAD_CPU_WAITING] = c ? c->cpu_stalled : UNKNOWN,
                                    [LOAD_MEMORY_WAITING] = c ? c->memory_stalled : UNKNOWN,
                                    [LOAD_IO_WAITING] = c ? c->io_stalled : UNKNOWN } };
}

/* It is seen, and what its facts say is of now. */
static bool service_loads_is_seen(const Host *host) {
        return host->state != HOST_OFFLINE &&
               (host->excluded == EXCLUDED_NONE || host->excluded == EXCLUDED_SEEN);
}

/* Of the hosts from `first` on, some; *ret_next: the first of the others. */
static int service_loads_write(const ServiceRound *round, const Snapshot *s, const HostShare *shares,
                               HostIx first, HostIx *ret_next) {
        char *lines = arena_new(round->arena, char, (size_t) HOSTS_A_CALL *LINE_SIZE);
        size_t n = 0;
        HostIx h = first;
        int r = 0;

        if (!lines)
                return -ENOMEM;
        for (uint32_t some = 0; h < s->n_hosts && some < HOSTS_A_CALL; h++) {
                const LoadPoint point = service_loads_point(&s->hosts[h], &shares[h]);
                char text[LOAD_POINT_SIZE];

                if (!service_loads_is_seen(&s->hosts[h]) || !load_point_is_known(&point))
                        continue;
                n += (size_t) snprintf(lines + n, LINE_SIZE, "%s %.255s\n", load_point_print(&point, text),
                                       s->hosts[h].name);
                some++;
        }
        if (n > 0)
                r = store_keep_loads(round->store, round->leadership->token, load_slot(round_now(round)),
                                     LOAD_POINTS, lines, n);
        *ret_next = h;
        return r;
}

void service_loads_keep(const RoundState *s) {
        const ServiceRound *x = s->given;
        const Round *round = &s->wanted.round;
        const int64_t slot = load_slot(round_now(x));
        const ArenaMark mark = arena_mark(x->arena);
        const HostShare *shares = NULL;
        int r;

        if (x->memory->loads_slot == slot || !round->problem || !round->snapshot ||
            round->problem->n_hosts != round->snapshot->n_hosts)
                return;
        r = fleet_shares(x->arena, round->problem, round->problem->home, &shares);
        for (HostIx h = 0; r == 0 && h < round->snapshot->n_hosts;)
                r = service_loads_write(x, round->snapshot, shares, h, &h);
        x->memory->loads_slot = slot; /* what failed is a gap: it is not worth another call */
        if (r < 0)
                log_event(LOG_WARNING, "loads.failed", "why=\"%s\"",
                          r == -ENOMEM ? "out of memory" : "the store did not take them");
        arena_rewind(x->arena, mark);
}
