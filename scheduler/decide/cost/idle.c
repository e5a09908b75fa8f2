/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/decide/cost/idle.h"

#include <errno.h>
#include <string.h>

#include "scheduler/decide/cost/reserve_cover.h"

#define QUESTIONS_MAX 64

typedef struct Idle {
        Arena *arena;
        const Problem *p;
        const HostIx *host_of, *idle;
        bool *off; /* [host] */
        ReserveMeasure at_most;
        uint32_t questions;
} Idle;

/* With what is off and idle[from … to − 1]: 1: it holds; 0: it does not. */
static int idle_holds(Idle *k, uint32_t from, uint32_t to) {
        const ArenaMark mark = arena_mark(k->arena);
        const uint32_t n_hosts = k->p->n_hosts;
        HostRole *roles = arena_new(k->arena, HostRole, n_hosts);
        Problem p = *k->p;
        Reserve *reserve = NULL;
        int r = -ENOMEM;

        k->questions++;
        if (roles) {
                memcpy(roles, k->p->roles, sizeof(*roles) * n_hosts);
                for (HostIx h = 0; h < n_hosts; h++)
                        if (k->off[h])
                                roles[h].no_entry = REASON_HOST_OFFLINE;
                for (uint32_t i = from; i < to; i++)
                        roles[k->idle[i]].no_entry = REASON_HOST_OFFLINE;
                p.roles = roles;
                r = reserve_build(k->arena, &p, k->host_of, &reserve);
        }
        if (r == 0)
                r = !reserve_exceeds(reserve_measure(reserve), k->at_most);
        arena_rewind(k->arena, mark);
        return r;
}

/* The first of them that cannot be off with the ones before it, by halving; `n` where there is none. */
static int first_needed(Idle *k, uint32_t from, uint32_t n, uint32_t *ret) {
        uint32_t good = from, bad = n + 1; /* from … good − 1 may be off; from … bad − 1 may not */

        while (bad - good > 1) {
                const uint32_t mid = bad == n + 1 ? n : good + (bad - good) / 2;
                const int r = mid == good ? 1 : idle_holds(k, from, mid);

                if (r < 0)
                        return r;
                if (r > 0)
                        good = mid;
                else
                        bad = mid;
        }
        *ret = good;
        return 0;
}

int idle_may_be_off(Arena *a, const Problem *p, const HostIx *host_of, const HostIx *idle, uint32_t n,
                    bool *ret_off) {
        Idle k = { .arena = a, .p = p, .host_of = host_of, .idle = idle, .off = ret_off };
        const ArenaMark mark = arena_mark(a);
        Reserve *reserve = NULL;
        int r = 0;

        memset(ret_off, 0, sizeof(bool) * p->n_hosts);
        for (uint32_t i = 0; !p->reserve && i < n; i++)
                ret_off[idle[i]] = true;
        if (!p->reserve || n == 0)
                return 0;
        if (reserve_build(a, p, host_of, &reserve) < 0)
                return -ENOMEM;
        k.at_most = reserve_measure(reserve);
        arena_rewind(a, mark);
        for (uint32_t i = 0, end = 0; i < n && r == 0 && k.questions < QUESTIONS_MAX; i = end + 1) {
                r = first_needed(&k, i, n, &end);
                for (; r == 0 && i < end; i++)
                        ret_off[idle[i]] = true;
        }
        return r;
}

int idle_list(Arena *a, const Problem *p, const HostIx *host_of, HostIx *ret, uint32_t *ret_n) {
        const ArenaMark mark = arena_mark(a);
        bool *used = arena_new(a, bool, p->n_hosts);
        uint32_t n = 0;

        if (!used)
                return -ENOMEM;
        for (VmIx v = 0; v < p->n_vms; v++)
                if (host_of[v] != IX_NONE)
                        used[host_of[v]] = true;
        for (HostIx h = 0; h < p->n_hosts; h++)
                if (!used[h] && p->pack->cost[h] > 0)
                        ret[n++] = h;
        arena_rewind(a, mark);
        *ret_n = n;
        return 0;
}
