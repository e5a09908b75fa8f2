/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/decide/whynot/trial.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/model/bound_cells.h"
#include "scheduler/model/host_memory.h"

static bool is_newcomer(const Snapshot *s, VmIx v) {
        return s->vms[v].host == IX_NONE;
}

/* Newcomers on `host`: with what they need, or as if they needed nothing. */
static int seat_newcomers(Arena *a, const Snapshot *s, HostIx host, bool needing, Snapshot *ret) {
        Vm *vms = arena_new(a, Vm, s->n_vms);

        if (!vms)
                return -ENOMEM;
        if (s->n_vms > 0)
                memcpy(vms, s->vms, sizeof(*vms) * s->n_vms);
        for (VmIx v = 0; v < s->n_vms; v++) {
                if (!is_newcomer(s, v))
                        continue;
                vms[v].host = host;
                vms[v].measured = NULL;
                if (cpu_follows_host(vms[v].cpu_model))
                        vms[v].cpu_model = NULL; /* it will follow whichever host it starts on */
                if (needing)
                        continue;
                vms[v].cpu_mcores = vms[v].memory_mib = vms[v].memory_used_mib = vms[v].vcpus = 0;
                vms[v].rx_kbit = vms[v].tx_kbit = vms[v].disk_kib_s = 0;
                vms[v].memory_resident_mib = UNKNOWN;
                vms[v].extra = NULL;
        }
        *ret = *s;
        ret->vms = vms;
        return 0;
}

/* The goal of a cluster without the newcomers, who have the sizes they will have. */
static int build_reserve(Arena *a, const Snapshot *s, Problem *p, const Problem *with, bool spends) {
        ReserveGoal *goal = arena_new(a, ReserveGoal, 1);
        bool *may = arena_new(a, bool, s->n_vms);

        if (!goal || !may)
                return -ENOMEM;
        *goal = *p->reserve;
        for (VmIx v = 0; v < s->n_vms; v++)
                may[v] = is_newcomer(s, v) ? spends : goal->spends[v];
        goal->spends = may;
        goal->rank = with->reserve->rank;
        goal->by_size = with->reserve->by_size;
        p->reserve = goal;
        return 0;
}

/* The Problem with newcomers nowhere: that of a cluster where they need nothing, with what they need where
 * CPUs have the usual speed. */
static int build_problem(Arena *a, Trial *t, HostIx seat, bool spends) {
        const Snapshot *s = t->s;
        Snapshot *empty = arena_new(a, Snapshot, 1), *seated = arena_new(a, Snapshot, 1);
        const Problem *without = NULL, *with = NULL;
        Problem *p = arena_new(a, Problem, 1);
        HostIx *home = arena_new(a, HostIx, s->n_vms);
        Reason *pinned = arena_new(a, Reason, s->n_vms);
        int64_t *price = arena_new(a, int64_t, s->n_vms), *need;
        int r = p && home && pinned && price && empty && seated ? seat_newcomers(a, s, seat, false, empty)
                                                                : -ENOMEM;

        if (r == 0)
                r = seat_newcomers(a, s, seat, true, seated);
        if (r == 0)
                r = problem_build(a, empty, t->settings, &without); /* which keeps it */
        if (r == 0)
                r = problem_build(a, seated, t->settings, &with);
        if (r != 0)
                return r;
        assert(without && with);
        *p = *without;
        need = arena_new(a, int64_t, (size_t) s->n_vms * p->n_res);
        if (!need)
                return -ENOMEM;
        for (VmIx v = 0; v < s->n_vms; v++) {
                memcpy(need + (size_t) v * p->n_res, problem_need(is_newcomer(s, v) ? with : without, v),
                       sizeof(*need) * p->n_res);
                home[v] = is_newcomer(s, v) ? IX_NONE : without->home[v];
                pinned[v] = without->pinned[v];
                if (is_newcomer(s, v))
                        pinned[v] = s->vms[v].local_disk_mib > 0 ? REASON_LOCAL_DISK : REASON_NONE;
                price[v] = is_newcomer(s, v) ? 0 : without->move_price[v];
        }
        p->need = need;
        p->home = home;
        p->pinned = pinned;
        p->move_price = price;
        if (p->stay_wish) {
                int64_t *wish = arena_new(a, int64_t, s->n_vms);

                if (!wish)
                        return -ENOMEM;
                for (VmIx v = 0; v < s->n_vms; v++)
                        wish[v] = is_newcomer(s, v) ? 0 : without->stay_wish[v];
                p->stay_wish = wish;
        }
        t->p = p;
        r = problem_flight_bars(a, s, p);
        return r == 0 && p->reserve ? build_reserve(a, s, p, with, spends) : r;
}

static int build_evaluator(Arena *a, const Trial *t, PolicySet policies, Terms **ret_terms, Evaluator **ret) {
        int r = policies_add_terms(a, t->p, policies, t->settings, ret_terms);

        return r == 0 ? evaluator_build(a, *ret_terms, NULL, ret) : r;
}

int trial_build(Arena *a, const Snapshot *s, const Settings *settings, PolicySet policies, unsigned options,
                Trial *ret) {
        Trial t = { .s = s, .settings = settings, .policies = policies };
        const bool parts = options & TRIAL_PARTS;
        int64_t *mhz = NULL;
        HostIx seat = 0;
        bool newcomers = false;
        int r = s->n_hosts > 0 ? resource_layout(a, s, settings, &t.layout) : -ENODATA;

        if (r == 0)
                r = snapshot_speeds(a, s, &mhz, &t.usual_mhz);
        if (r != 0)
                return r;
        assert(mhz);
        t.mhz = mhz;
        for (VmIx v = 0; v < s->n_vms; v++)
                newcomers |= is_newcomer(s, v);
        while (newcomers && seat + 1 < s->n_hosts && mhz[seat] != t.usual_mhz)
                seat++;
        r = newcomers ? build_problem(a, &t, seat, options & TRIAL_SPENDS)
                      : problem_build(a, s, settings, &t.p);
        if (r == 0)
                r = build_evaluator(a, &t, policies, &t.terms, &t.e);
        if (r == 0 && parts) {
                t.parts = arena_new(a, Evaluator *, policies.n);
                r = t.parts ? 0 : -ENOMEM;
        }
        for (uint32_t i = 0; r == 0 && parts && i < policies.n; i++) {
                Terms *own;

                r = build_evaluator(a, &t, (PolicySet){ &policies.policies[i], 1 }, &own, &t.parts[i]);
        }
        if (r == 0)
                *ret = t;
        return r;
}

int trial_free(Arena *a, const Trial *t, HostIx h, const int64_t *less, Trial *ret) {
        const size_t n = (size_t) t->p->n_hosts * t->p->n_res;
        Problem *p = arena_new(a, Problem, 1);
        int64_t *base = arena_new(a, int64_t, n);

        if (!p || !base)
                return -ENOMEM;
        memcpy(base, t->p->base, sizeof(*base) * n);
        for (uint32_t r = 0; r < t->p->n_res; r++)
                base[(size_t) h * t->p->n_res + r] -= less[r];
        *p = *t->p;
        p->base = base;
        *ret = *t;
        ret->p = p;
        ret->parts = NULL;
        return build_evaluator(a, ret, t->policies, &ret->terms, &ret->e);
}

static Costs delta_of(const Evaluator *e, VmIx v, HostIx h) {
        const HostIx from = e->x->host_of[v];

        return from == IX_NONE ? evaluator_enter_delta(e, v, h) : evaluator_delta(e, (Move){ v, from, h });
}

bool trial_over_line(const Trial *t, VmIx v, HostIx h, uint32_t *ret_r) {
        const Problem *p = t->p;
        const int64_t *load = assignment_load(t->e->x, h), *need = problem_need(p, v);
        const bool there = t->e->x->host_of[v] == h;

        for (uint32_t r = 0; r < p->n_res; r++)
                if (need[r] > 0 && load[r] + (there ? 0 : need[r]) > p->limit[(size_t) h * p->n_res + r]) {
                        *ret_r = r;
                        return true;
                }
        return false;
}

static void tell_shares(const Trial *t, VmIx v, TrialHost *ret) {
        const int64_t *load = assignment_load(t->e->x, ret->host), *need = problem_need(t->p, v);

        for (uint32_t r = 0; r < t->p->n_res; r++) {
                const int64_t capacity = problem_capacity(t->p, ret->host)[r];

                ret->now[r] = ret->after[r] = UNKNOWN;
                if (capacity >= QUANTITY_MAX)
                        continue;
                ret->now[r] = load_permille(load[r], capacity);
                ret->after[r] = load_permille(load[r] + (ret->here ? 0 : need[r]), capacity);
        }
}

int trial_host(Arena *a, const Trial *t, VmIx v, HostIx h, TrialHost *ret) {
        const HostIx from = t->e->x->host_of[v];
        TrialHost verdict = { .host = h, .here = from == h };
        Costs *by_policy;
        uint32_t r;

        tell_shares(t, v, &verdict);
        verdict.over_line = trial_over_line(t, v, h, &r);
        if (!verdict.here)
                verdict.reason = from == IX_NONE ? evaluator_enter_refuse(t->e, v, h)
                                                 : evaluator_refuse(t->e, (Move){ v, from, h });
        if (!verdict.here && verdict.reason == REASON_NONE) {
                verdict.delta = delta_of(t->e, v, h);
                by_policy = t->parts ? arena_new(a, Costs, t->policies.n) : NULL;
                if (t->parts && !by_policy)
                        return -ENOMEM;
                for (uint32_t i = 0; t->parts && i < t->policies.n; i++)
                        by_policy[i] = delta_of(t->parts[i], v, h);
                verdict.by_policy = by_policy;
        }
        *ret = verdict;
        return 0;
}

static int rank_of(const TrialHost *host) {
        return host->here ? 0 : host->reason == REASON_NONE ? 1 : 2;
}

static int trial_compare_hosts(const void *left, const void *right) {
        const TrialHost *x = left, *y = right;
        int c = rank_of(x) - rank_of(y);

        if (c == 0)
                c = costs_compare(&x->delta, &y->delta);
        return c != 0 ? c : (x->host > y->host) - (x->host < y->host);
}

int trial_hosts(Arena *a, const Trial *t, VmIx v, const TrialHost **ret, uint32_t *ret_n_open) {
        const uint32_t n = t->p->n_hosts;
        TrialHost *hosts = arena_new(a, TrialHost, n);
        uint32_t open = 0;

        if (!hosts)
                return -ENOMEM;
        for (HostIx h = 0; h < n; h++) {
                if (trial_host(a, t, v, h, &hosts[h]) < 0)
                        return -ENOMEM;
                open += !hosts[h].here && hosts[h].reason == REASON_NONE;
        }
        qsort(hosts, n, sizeof(*hosts), trial_compare_hosts);
        *ret = hosts;
        *ret_n_open = open;
        return 0;
}

static void trial_put_one(Evaluator *e, VmIx v, HostIx h) {
        const HostIx from = e->x->host_of[v];

        if (from == IX_NONE)
                evaluator_enter(e, v, h);
        else if (from != h)
                evaluator_move(e, (Move){ v, from, h });
}

void trial_put(Trial *t, VmIx v, HostIx h) {
        trial_put_one(t->e, v, h);
        for (uint32_t i = 0; t->parts && i < t->policies.n; i++)
                trial_put_one(t->parts[i], v, h);
}

void trial_take(Trial *t, VmIx v) {
        evaluator_leave(t->e, v);
        for (uint32_t i = 0; t->parts && i < t->policies.n; i++)
                evaluator_leave(t->parts[i], v);
}

/* ---- a snapshot in which they run ---- */

static void use_more(int64_t *measured, int64_t amount) {
        if (*measured != UNKNOWN && amount > 0)
                *measured += amount;
}

static int take_hugepages(Arena *a, const Vm *vm, Host *host) {
        Hugepages *pages = arena_new(a, Hugepages, host->n_hugepages);

        if (!pages)
                return -ENOMEM;
        for (uint32_t i = 0; i < host->n_hugepages; i++) {
                pages[i] = host->hugepages[i];
                if (pages[i].kib == vm->hugepages_kib)
                        pages[i].free_mib -=
                                pages[i].free_mib < vm->memory_mib ? pages[i].free_mib : vm->memory_mib;
        }
        host->hugepages = pages;
        return 0;
}

static int start_one(Arena *a, const Trial *t, Vm *vm, Host *host) {
        const HostIx h = vm->host;
        Nic *nics;

        if (vm->cpu_mcores > 0 && t->mhz[h] > 0)
                vm->cpu_mcores = (vm->cpu_mcores * t->usual_mhz + t->mhz[h] - 1) / t->mhz[h];
        use_more(&host->cpu_busy_mcores, vm->cpu_mcores);
        use_more(&host->memory_used_mib, vm_memory_resident(vm));
        if (vm->hugepages_kib > 0 && take_hugepages(a, vm, host) < 0)
                return -ENOMEM;
        if (host_numa_shift(a, host, vm, 1) < 0)
                return -ENOMEM;
        if (host->n_nics == 0 || (vm->rx_kbit <= 0 && vm->tx_kbit <= 0))
                return 0;
        nics = arena_new(a, Nic, host->n_nics);
        if (!nics)
                return -ENOMEM;
        memcpy(nics, host->nics, sizeof(*nics) * host->n_nics);
        use_more(&nics[0].rx_kbit, vm->rx_kbit);
        use_more(&nics[0].tx_kbit, vm->tx_kbit);
        host->nics = nics;
        return 0;
}

/* Rules without the VMs that `kept` maps to IX_NONE. */
static int rules_keep(Arena *a, const Snapshot *s, const VmIx *kept, const Rule **ret) {
        Rule *rules = arena_new(a, Rule, s->n_rules);

        if (!rules)
                return -ENOMEM;
        for (uint32_t i = 0; i < s->n_rules; i++) {
                const Rule *from = &s->rules[i];
                VmIx *vms = arena_new(a, VmIx, from->n_vms), *near = arena_new(a, VmIx, from->n_near_vms);

                if (!vms || !near)
                        return -ENOMEM;
                rules[i] = *from;
                rules[i].n_vms = rules[i].n_near_vms = 0;
                for (uint32_t k = 0; k < from->n_vms; k++)
                        if (kept[from->vms[k]] != IX_NONE)
                                vms[rules[i].n_vms++] = kept[from->vms[k]];
                for (uint32_t k = 0; k < from->n_near_vms; k++)
                        if (kept[from->near_vms[k]] != IX_NONE)
                                near[rules[i].n_near_vms++] = kept[from->near_vms[k]];
                rules[i].vms = vms;
                rules[i].near_vms = near;
        }
        *ret = rules;
        return 0;
}

int trial_start(Arena *a, const Trial *t, const HostIx *host_of, const Snapshot **ret) {
        const Snapshot *s = t->s;
        Snapshot *copy = arena_new(a, Snapshot, 1);
        Host *hosts = arena_new(a, Host, s->n_hosts);
        Vm *vms = arena_new(a, Vm, s->n_vms);
        VmIx *kept = arena_new(a, VmIx, s->n_vms);
        int r = copy && hosts && vms && kept ? 0 : -ENOMEM;

        if (r < 0)
                return r;
        *copy = *s;
        copy->n_vms = 0;
        memcpy(hosts, s->hosts, sizeof(*hosts) * s->n_hosts);
        for (VmIx v = 0; v < s->n_vms && r == 0; v++) {
                Vm *vm = &vms[copy->n_vms];

                kept[v] = IX_NONE;
                if (is_newcomer(s, v) && host_of[v] == IX_NONE)
                        continue;
                kept[v] = copy->n_vms++;
                *vm = s->vms[v];
                if (!is_newcomer(s, v))
                        continue;
                vm->host = host_of[v];
                vm->measured = NULL;
                r = start_one(a, t, vm, &hosts[vm->host]);
        }
        copy->hosts = hosts;
        copy->vms = vms;
        if (r == 0 && copy->n_vms != s->n_vms)
                r = rules_keep(a, s, kept, &copy->rules);
        if (r == 0)
                *ret = copy;
        return r;
}

static const char *amount_text(Arena *a, const Trial *t, HostIx h, uint32_t r, int64_t amount, bool up) {
        int64_t tenths;

        if (r == RES_CPU) {
                tenths = (amount * 10 + (up ? t->mhz[h] - 1 : 0)) / t->mhz[h];
                return text_format(a, "%lld.%lld core%s", (long long) tenths / 10, (long long) tenths % 10,
                                   tenths == 10 ? "" : "s");
        }
        if (r == RES_MEMORY && amount < 1024)
                return text_format(a, "%lld MiB of memory", (long long) amount);
        if (r == RES_MEMORY) {
                tenths = (amount * 10 + (up ? 1023 : 0)) / 1024;
                return text_format(a, "%lld.%lld GiB of memory", (long long) tenths / 10,
                                   (long long) tenths % 10);
        }
        if (r >= t->layout.numa && r < t->layout.numa + t->layout.numa_sets.n)
                return text_format(a, "%lld MiB of %s", (long long) amount, t->layout.names[r]);
        if (r < t->layout.extra)
                return text_format(a, "%lld Mbit/s (%s)", (long long) (amount + (up ? 999 : 0)) / 1000,
                                   r == t->layout.net_rx ? "received" : "sent");
        return text_format(a, "%lld of %s", (long long) amount, t->layout.names[r]);
}

const char *trial_amount(Arena *a, const Trial *t, HostIx h, uint32_t r, int64_t amount) {
        return amount_text(a, t, h, r, amount, true);
}

const char *trial_left(Arena *a, const Trial *t, HostIx h, uint32_t r, int64_t amount) {
        return amount_text(a, t, h, r, amount, false);
}
