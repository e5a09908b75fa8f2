/* SPDX-License-Identifier: Apache-2.0 */
/* Hosts that stay above their load line: of each the VM that comes nearest to leaving it, and where all hosts together
 * lack room below their lines, one for all of them and the sum. */
#include <errno.h>

#include "scheduler/decide/plan/refused_parts.h"
#include "scheduler/model/sentence.h"

/* Hosts above their load line, and whether a VM could leave them. */
typedef enum Over {
        OVER_NOT,
        OVER_STUCK, /* as far as was asked */
        OVER_COULD, /* a VM could go to a host that stays below its own line */
} Over;

/* What is known of a host above its line. */
typedef struct OverHost {
        Over over;
        Refused near; /* the VM that needs the smallest change; vm IX_NONE: none was asked for */
        Nearness nearness;
        Refused dear; /* the VM whose leaving is not worth its price, and takes least; vm IX_NONE: none */
        int64_t dear_ms;
} OverHost;

static bool refused_over_is_above(const Asking *k, HostIx h) {
        const Problem *p = k->pl->first;

        for (uint32_t r = 0; r < p->n_res; r++)
                if (assignment_load(k->e->x, h)[r] > p->limit[(size_t) h * p->n_res + r])
                        return true;
        return false;
}

static bool refused_over_counts(const Problem *p, HostIx h) {
        return !p->roles[h].no_exit && p->roles[h].evacuate == 0;
}

/* False: none is above. */
static bool refused_over_mark(const Asking *k, OverHost *hosts) {
        const Problem *p = k->pl->first;
        bool any = false;

        for (HostIx h = 0; h < p->n_hosts; h++) {
                hosts[h].near.vm = hosts[h].dear.vm = IX_NONE;
                hosts[h].over =
                        refused_over_counts(p, h) && refused_over_is_above(k, h) ? OVER_STUCK : OVER_NOT;
                any |= hosts[h].over != OVER_NOT;
        }
        return any;
}

static void refused_over_keep_near(const Asking *k, const Refused *one, OverHost *io) {
        const Nearness near = one->near != IX_NONE
                                      ? refused_nearness(k, one->vm, one->near, WISH_BELOW, one->reason)
                                      : (Nearness){ .kinds = UINT32_MAX };

        if (io->near.vm != IX_NONE && !nearness_less(near, io->nearness))
                return;
        io->near = *one;
        io->nearness = near;
}

static void refused_over_keep_dear(const Asking *k, const Refused *one, OverHost *io) {
        const int64_t ms = plan_alone_ms(k->pl, one->vm);

        if (io->dear.vm != IX_NONE && ms >= io->dear_ms)
                return;
        io->dear = *one;
        io->dear_ms = ms;
}

/* Asks for a VM of a host above its line. */
static void refused_over_ask(Asking *k, VmIx v, OverHost *io) {
        const bool left_out = k->pl->left_out[v] != REASON_NONE;
        Refused one;

        if (io->over == OVER_NOT || (io->over == OVER_COULD && !left_out))
                return;
        if (refused_ask_hosts(k, v, WISH_BELOW, &one)) {
                refused_over_keep_near(k, &one, io);
                return;
        }
        if (k->cut)
                return;
        if (!left_out) {
                io->over = OVER_COULD;
                refused_capped(k, v);
        } else if (one.reason == REASON_NOT_WORTH) {
                refused_over_keep_dear(k, &one, io);
        } else {
                refused_keep(k, &one, WISH_BELOW);
        }
}

/* By how much all hosts together are above their lines, of the resource that h is above most. The room of hosts that take
 * no VM is none. */
static int refused_over_sum(Asking *k) {
        const Problem *p = k->pl->first;
        Arena *a = k->pl->arena;
        const char *text = NULL;

        for (uint32_t r = 0; r < p->n_res; r++) {
                const char *amount;
                int64_t sum = 0;
                HostIx any = IX_NONE;

                for (HostIx h = 0; h < p->n_hosts; h++) {
                        const size_t at = (size_t) h * p->n_res + r;
                        const int64_t over = assignment_load(k->e->x, h)[r] - p->limit[at];

                        if (!refused_over_counts(p, h) || (over < 0 && p->roles[h].no_entry != REASON_NONE))
                                continue;
                        if (any == IX_NONE || k->trial->mhz[h] == k->trial->usual_mhz)
                                any = any == IX_NONE || k->trial->mhz[any] != k->trial->usual_mhz ? h : any;
                        if (__builtin_add_overflow(sum, over, &sum))
                                sum = INT64_MIN / 2;
                }
                if (sum <= 0)
                        continue;
                amount = trial_amount(a, k->trial, any, r, sum);
                text = amount ? text_format(a, "%s%s%s", text ? text : "the cluster lacks ",
                                            text ? " and " : "", amount)
                              : NULL;
                if (!text)
                        return -ENOMEM;
        }
        k->lacks = text ? text_format(a, "%s below its load lines", text) : NULL;
        return text && !k->lacks ? -ENOMEM : 0;
}

/* Of the stuck hosts only the one whose VM is nearest, where they are stuck for want of room in sum. */
static void refused_over_one_of_all(const Problem *p, OverHost *hosts) {
        HostIx best = IX_NONE;

        for (HostIx h = 0; h < p->n_hosts; h++)
                if (hosts[h].over == OVER_STUCK && hosts[h].near.vm != IX_NONE &&
                    hosts[h].near.reason == REASON_NO_ROOM &&
                    (best == IX_NONE || nearness_less(hosts[h].nearness, hosts[best].nearness)))
                        best = h;
        for (HostIx h = 0; h < p->n_hosts; h++)
                if (h != best && hosts[h].over == OVER_STUCK && hosts[h].near.reason == REASON_NO_ROOM)
                        hosts[h].near.vm = IX_NONE;
}

/* A host above its line is blocked when none of its VMs could go anywhere that stays below its own, or none that could is
 * worth its migration. One that could, and does not, changes too little: that is no refusal, unless a budget or
 * the order stood in the way. */
int refused_over(Asking *k) {
        const Problem *p = k->pl->first;
        OverHost *hosts = arena_new(&k->pl->scratch, OverHost, p->n_hosts);
        bool any = false;
        int r = 0;

        if (!hosts)
                return -ENOMEM;
        if (!refused_over_mark(k, hosts))
                return 0;
        for (VmIx v = 0; v < p->n_vms && !asking_is_cut(k); v++)
                refused_over_ask(k, v, &hosts[k->pl->now[v]]);
        for (HostIx h = 0; h < p->n_hosts; h++)
                any |= hosts[h].over == OVER_STUCK && hosts[h].near.vm != IX_NONE;
        if (any)
                r = refused_over_sum(k);
        if (r == 0 && k->lacks)
                refused_over_one_of_all(p, hosts);
        for (HostIx h = 0; r == 0 && h < p->n_hosts; h++) {
                if (hosts[h].over == OVER_STUCK && hosts[h].dear.vm != IX_NONE)
                        refused_keep(k, &hosts[h].dear, WISH_BELOW);
                else if (hosts[h].over == OVER_STUCK && hosts[h].near.vm != IX_NONE)
                        refused_keep(k, &hosts[h].near, WISH_BELOW);
        }
        return r;
}

/* ---- words ---- */

/* "4 h 21 min", "24 min", "40 s" */
static const char *refused_over_time(Arena *a, int64_t ms) {
        const long long s = (ms + 999) / 1000, min = s / 60, hours = min / 60;

        return hours > 0 ? (min % 60 > 0 ? text_format(a, "%lld h %lld min", hours, min % 60)
                                         : text_format(a, "%lld h", hours))
               : min > 0 ? text_format(a, "%lld min", min)
                         : text_format(a, "%lld s", s);
}

const char *refused_over_text(const Asking *k, VmIx v) {
        const Problem *p = k->pl->first;
        const HostIx h = k->pl->now[v];
        int64_t most = 0;

        for (uint32_t r = 0; r < p->n_res; r++) {
                const int64_t over = assignment_load(k->e->x, h)[r] - p->limit[(size_t) h * p->n_res + r];
                const int64_t share = over > 0 ? share_ppm(over, problem_capacity(p, h)[r]) : 0;

                most = share > most ? share : most;
        }
        return text_format(k->pl->arena, "%s stays %lld.%lld %% above its load line", k->pl->s->hosts[h].name,
                           (long long) (most / 10000), (long long) (most / 1000 % 10));
}

const char *refused_dear_text(const Asking *k, VmIx v) {
        const char *stays = refused_over_text(k, v),
                   *time = refused_over_time(k->pl->arena, plan_alone_ms(k->pl, v));

        return stays && time
                       ? text_format(k->pl->arena, "%s; the smallest move that helps takes %s", stays, time)
                       : NULL;
}
