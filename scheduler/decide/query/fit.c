/* SPDX-License-Identifier: Apache-2.0 */
/* A heap of hosts by what the next VM would cost there, the reserve aside. A host is asked when it comes to
 * the top: what it cost before is only its place in the queue. When all have refused they are asked once
 * more, as long as one of them takes one after all: a rule may want company that has come by then. */
#include "scheduler/decide/query/fit.h"

#include <errno.h>

#include "scheduler/decide/whynot/refusal.h"

typedef struct Entry {
        Costs cost;
        HostIx host;
        uint32_t count; /* of all VMs, when the cost was asked */
} Entry;

typedef struct Fitting {
        Arena *arena;
        Trial *t;
        VmIx v;
        Entry *heap; /* the cheapest first */
        uint32_t n;
        FitHost *hosts;
        uint32_t count;
        bool out;   /* no newcomer is left to try */
        bool local; /* what happens on one host changes no other's cost */
} Fitting;

static bool is_before(const Entry *left, const Entry *right) {
        const int c = costs_compare(&left->cost, &right->cost);

        return c != 0 ? c < 0 : left->host < right->host;
}

static void fit_heap_push(Fitting *f, Entry entry) {
        uint32_t i = f->n++;

        while (i > 0 && is_before(&entry, &f->heap[(i - 1) / 2])) {
                f->heap[i] = f->heap[(i - 1) / 2];
                i = (i - 1) / 2;
        }
        f->heap[i] = entry;
}

static Entry fit_heap_pop(Fitting *f) {
        const Entry top = f->heap[0], last = f->heap[--f->n];
        uint32_t i = 0, child;

        while ((child = 2 * i + 1) < f->n) {
                child += child + 1 < f->n && is_before(&f->heap[child + 1], &f->heap[child]);
                if (!is_before(&f->heap[child], &last))
                        break;
                f->heap[i] = f->heap[child];
                i = child;
        }
        f->heap[i] = last;
        return top;
}

/* Whether one more goes to h; else its host says why not. */
static bool fit_ask(Fitting *f, HostIx h) {
        FitHost *host = &f->hosts[h];

        host->reason = evaluator_enter_refuse(f->t->e, f->v, h);
        return host->reason == REASON_NONE && !trial_over_line(f->t, f->v, h, &host->r);
}

static Entry fit_entry_of(const Fitting *f, HostIx h) {
        return (Entry){ .host = h, .count = f->count, .cost = evaluator_enter_cheap(f->t->e, f->v, h) };
}

/* The VM stays there, as one without a name: its load and its place in every rule's counts are kept, and the
 * same VM is tried again. A reserve must know each: the next newcomer is tried then, IX_NONE when there is
 * none.
 */
static void fit_absorb(Fitting *f, HostIx h) {
        trial_put(f->t, f->v, h);
        if (!f->t->e->reserve)
                f->t->e->x->host_of[f->v] = IX_NONE;
        while (f->v < f->t->p->n_vms && f->t->e->x->host_of[f->v] != IX_NONE)
                f->v++;
        f->out = f->v == f->t->p->n_vms;
        f->hosts[h].count++;
        f->count++;
}

static void fit_fill(Fitting *f) {
        while (f->n > 0 && f->count < FIT_MAX && !f->out) {
                const Entry top = fit_heap_pop(f);
                const Entry now = top.count == f->count || f->local ? top : fit_entry_of(f, top.host);

                if (f->n > 0 && is_before(&f->heap[0], &now)) {
                        fit_heap_push(f, now);
                        continue;
                }
                if (!fit_ask(f, top.host))
                        continue;
                fit_absorb(f, top.host);
                if (!f->out)
                        fit_heap_push(f, fit_entry_of(f, top.host));
        }
}

static uint32_t lacking_resource(const Fitting *f, HostIx h) {
        for (uint32_t r = 0; r < f->t->p->n_res; r++)
                if (refusal_lack(f->t, f->v, h, r) > 0)
                        return r;
        return 0;
}

static int tell_ends(Fitting *f) {
        const Problem *p = f->t->p;

        for (HostIx h = 0; h < p->n_hosts; h++) {
                FitHost *host = &f->hosts[h];

                if (host->reason == REASON_NO_ROOM)
                        host->r = lacking_resource(f, h);
                if (host->reason == REASON_NONE) {
                        const int64_t room = p->limit[(size_t) h * p->n_res + host->r] -
                                             assignment_load(f->t->e->x, h)[host->r];
                        const char *left = trial_left(f->arena, f->t, h, host->r, room > 0 ? room : 0);

                        host->why = left ? text_format(f->arena, "load line: %s free below it", left) : NULL;
                } else {
                        host->why = refusal_text(f->arena, f->t, f->v, h, host->reason);
                }
                if (!host->why)
                        return -ENOMEM;
        }
        return 0;
}

int fit_count(Arena *a, const Snapshot *s, const Settings *settings, PolicySet policies, VmIx vm, Fit *ret) {
        Fit fit = { 0 };
        Fitting f = { .arena = a, .t = &fit.trial, .v = vm };
        uint32_t before;
        int r = trial_build(a, s, settings, policies, 0, &fit.trial);

        if (r < 0)
                return r;
        f.heap = arena_new(a, Entry, s->n_hosts);
        f.hosts = arena_new(a, FitHost, s->n_hosts);
        if (!f.heap || !f.hosts)
                return -ENOMEM;
        f.local = !rule_counts_touch(&fit.trial.e->rules, vm);
        do {
                before = f.count;
                f.n = 0;
                for (HostIx h = 0; h < s->n_hosts; h++) {
                        f.hosts[h].host = h;
                        fit_heap_push(&f, fit_entry_of(&f, h));
                }
                fit_fill(&f);
        } while (f.count > before && f.count < FIT_MAX && !f.out);
        if (f.out)
                f.v = vm;
        r = tell_ends(&f);
        fit.count = f.count;
        fit.at_least = f.count >= FIT_MAX || f.out;
        fit.hosts = f.hosts;
        if (r == 0)
                *ret = fit;
        return r;
}
