/* SPDX-License-Identifier: Apache-2.0 */
/* Relief has a price, and hands nothing on. What is not urgent (not a VM that must leave its host, nor one that has part
 * in something broken) is held to two laws:
 *   lines   Nothing that is above a load line gets further above it, and nothing below one ends above it. A search that
 *           counts squares would move a VM of 192 GiB so that 96 and 75 % become 76 and 95 %.
 *   price   An hour of migration must spare `load.price` hours above the load line. A host that is above is taken to stay
 *           there for a day, for use repeats daily; the part of a day that is spared is the part of the host's excess
 *           that is taken away. What takes longer stays.
 * Most plans keep both by themselves: the search is asked again only where what it found does not. */
#include <errno.h>
#include <string.h>

#include "scheduler/decide/plan/plan_parts.h"

#define RELIEF_LASTS_MS (INT64_C(24) * 3600 * 1000)

/* [vm] what no law here holds back. */
static int relief_urgent(Planning *pl, const Problem *p, bool *ret) {
        Evaluator *e = NULL;
        Terms *terms = NULL;
        int r = 0;

        for (VmIx v = 0; v < p->n_vms; v++)
                ret[v] = problem_leave(p, v, p->home[v]) > 0;
        r = policies_add_terms(&pl->scratch, p, pl->policies, pl->settings, &terms);
        if (r == 0)
                r = evaluator_build(&pl->scratch, terms, NULL, &e);
        for (VmIx v = 0; r == 0 && e->cost.tier[TIER_REPAIR] > 0 && v < p->n_vms; v++)
                ret[v] = ret[v] || plan_mend_has_part(e, v);
        return r;
}

/* Of the day that h stays above its lines the part that is spared when it holds `after` in place of `before`; UNKNOWN:
 * it is above none, or not counted. */
static int64_t relief_spared_ms(const Problem *p, HostIx h, const int64_t *before, const int64_t *after) {
        const int64_t *line = p->limit + (size_t) h * p->n_res;
        int64_t most = UNKNOWN;

        if (p->roles[h].no_exit || p->roles[h].evacuate > 0)
                return UNKNOWN;
        for (uint32_t r = 0; r < p->n_res; r++) {
                const int64_t was = before[r] - line[r], is = after[r] > line[r] ? after[r] - line[r] : 0;
                const int64_t ms =
                        was > 0 ? (int64_t) ((__int128) RELIEF_LASTS_MS * (was - is) / was) : UNKNOWN;

                most = ms > most ? ms : most;
        }
        return most;
}

static bool relief_is_dear(const Planning *pl, int64_t takes_ms, int64_t spared_ms) {
        const int64_t price = settings_int(pl->settings, "load", "price");

        return price > 0 && spared_ms != UNKNOWN && takes_ms > spared_ms / price;
}

bool plan_relief_is_dear(const Planning *pl, const Problem *p, const Assignment *at_home, VmIx v) {
        const HostIx h = p->home[v];
        const int64_t *load = assignment_load(at_home, h), *need = problem_need(p, v);
        int64_t without[PROBLEM_RES_MAX];

        for (uint32_t r = 0; r < p->n_res; r++)
                without[r] = load[r] - need[r];
        return relief_is_dear(pl, plan_alone_ms(pl, v), relief_spared_ms(p, h, load, without));
}

/* What a search found, host by host. */
typedef struct Relief {
        bool *urgent;   /* [vm] what no law here holds back */
        int64_t *load;  /* [host × res] with the VMs where it wants them */
        int64_t *takes; /* [host] ms of the migrations from and to it that are not urgent */
        bool *enters;   /* [host × res] one that is not urgent brings some of it */
        bool dear;      /* one that is not urgent is not worth its migration by itself */
} Relief;

static int relief_build(Planning *pl, const Problem *p, const Assignment *at_home, Relief *ret) {
        const size_t n = (size_t) p->n_hosts * p->n_res;

        *ret = (Relief){ .urgent = arena_new(&pl->scratch, bool, p->n_vms),
                         .load = arena_new(&pl->scratch, int64_t, n),
                         .takes = arena_new(&pl->scratch, int64_t, p->n_hosts),
                         .enters = arena_new(&pl->scratch, bool, n) };
        if (!ret->urgent || !ret->load || !ret->takes || !ret->enters)
                return -ENOMEM;
        memcpy(ret->load, at_home->load, sizeof(*ret->load) * n);
        return relief_urgent(pl, p, ret->urgent);
}

static void relief_add(const Planning *pl, const Problem *p, const Assignment *at_home, Move m, Relief *io) {
        const VmIx v = m.vm;
        const HostIx from = m.from, to = m.to;
        const int64_t ms = io->urgent[v] ? 0 : plan_alone_ms(pl, v);

        io->dear |= !io->urgent[v] && plan_relief_is_dear(pl, p, at_home, v);
        io->takes[from] += ms;
        io->takes[to] += ms;
        for (uint32_t r = 0; r < p->n_res; r++) {
                const int64_t need = problem_need(p, v)[r];

                io->load[(size_t) from * p->n_res + r] -= need;
                io->load[(size_t) to * p->n_res + r] += need;
                io->enters[(size_t) to * p->n_res + r] |= !io->urgent[v] && need > 0;
        }
}

static bool relief_enters(const Problem *p, const Relief *relief, HostIx h) {
        for (uint32_t r = 0; r < p->n_res; r++)
                if (relief->enters[(size_t) h * p->n_res + r])
                        return true;
        return false;
}

/* VMs that only leave a host are worth it one by one; of those that change places, all together are asked. */
static bool relief_keeps_laws(const Planning *pl, const Problem *p, const Assignment *at_home,
                              const Relief *relief) {
        if (relief->dear)
                return false;
        for (size_t i = 0; i < (size_t) p->n_hosts * p->n_res; i++)
                if (relief->enters[i] && relief->load[i] > p->limit[i] && relief->load[i] > at_home->load[i])
                        return false;
        for (HostIx h = 0; h < p->n_hosts; h++) {
                const int64_t spared = relief_spared_ms(p, h, assignment_load(at_home, h),
                                                        relief->load + (size_t) h * p->n_res);

                if (relief_enters(p, relief, h) && relief_is_dear(pl, relief->takes[h], spared))
                        return false;
        }
        return true;
}

int plan_relief_objects(Planning *pl, const Problem *p, const HostIx *host_of, bool *ret_urgent) {
        const ArenaMark mark = arena_mark(&pl->scratch);
        Assignment *at_home = NULL;
        Relief relief = { 0 };
        int r = assignment_build(&pl->scratch, p, &at_home);

        if (r == 0)
                r = relief_build(pl, p, at_home, &relief);
        for (VmIx v = 0; r == 0 && v < p->n_vms; v++)
                if (host_of[v] != p->home[v])
                        relief_add(pl, p, at_home, (Move){ v, p->home[v], host_of[v] }, &relief);
        *ret_urgent = false;
        if (r == 0)
                r = !relief_keeps_laws(pl, p, at_home, &relief);
        for (VmIx v = 0; relief.urgent && r > 0 && v < p->n_vms; v++)
                *ret_urgent |= relief.urgent[v];
        arena_rewind(&pl->scratch, mark);
        return r;
}

int plan_relief_confine(Planning *pl, Problem *io, Reason *pinned, bool takes_none) {
        const size_t n = (size_t) io->n_hosts * io->n_res;
        int64_t *fill = arena_new(&pl->scratch, int64_t, n);
        HostRole *roles = arena_new(&pl->scratch, HostRole, io->n_hosts);
        Assignment *at_home = NULL;
        int r = fill && roles ? assignment_build(&pl->scratch, io, &at_home) : -ENOMEM;

        if (r < 0)
                return r;
        if (io->n_hosts > 0)
                memcpy(roles, io->roles, sizeof(*roles) * io->n_hosts);
        for (size_t i = 0; i < n; i++) {
                HostRole *role = &roles[i / io->n_res];
                const bool above = at_home->load[i] > io->limit[i];

                fill[i] = above ? at_home->load[i] : io->limit[i];
                if (above && takes_none && role->no_entry == REASON_NONE)
                        role->no_entry = REASON_NO_ROOM;
        }
        for (VmIx v = 0; v < io->n_vms; v++)
                if (pinned[v] == REASON_NONE && plan_relief_is_dear(pl, io, at_home, v))
                        pl->left_out[v] = pinned[v] = REASON_NOT_WORTH;
        io->fill = fill;
        io->roles = roles;
        return 0;
}
