/* SPDX-License-Identifier: Apache-2.0 */
/* The board: where everything is, and the moves that wait, by the hosts they leave. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/decide/order/waves_parts.h"

static int by_source(const void *left, const void *right) {
        const Pending *x = left, *y = right;

        if (x->move.from != y->move.from)
                return x->move.from < y->move.from ? -1 : 1;
        if (x->urgency != y->urgency)
                return x->urgency > y->urgency ? -1 : 1;
        if (x->first != y->first)
                return x->first < y->first ? -1 : 1;
        if (x->order != y->order)
                return x->order < y->order ? -1 : 1;
        return x->move.vm < y->move.vm ? -1 : x->move.vm > y->move.vm;
}

static int by_urgency(const void *left, const void *right) {
        const Source *x = left, *y = right;

        if (x->urgency != y->urgency)
                return x->urgency > y->urgency ? -1 : 1;
        return x->host < y->host ? -1 : x->host > y->host;
}

static int waves_begin_list_sources(Waves *w, const Move *moves, uint32_t n) {
        const Problem *p = w->p;

        w->pending = arena_new(w->arena, Pending, n);
        w->sources = arena_new(w->arena, Source, n);
        w->moves = arena_new(w->arena, WaveMove, (size_t) n + STOP_OVERS_MAX);
        w->late = arena_new(w->arena, Pending, (p->reserve ? (size_t) n : 0) + STOP_OVERS_MAX);
        if (!w->pending || !w->sources || !w->moves || !w->late)
                return -ENOMEM;
        for (uint32_t i = 0; i < n; i++)
                w->pending[i] = (Pending){
                        .move = moves[i],
                        .urgency = problem_leave(p, moves[i].vm, moves[i].from),
                        .price = p->move_price ? p->move_price[moves[i].vm] : 0,
                        .first = p->first ? p->first[moves[i].vm] : 0,
                };
        for (uint32_t i = 0; i < n; i++)
                w->pending[i].order = w->limits.small_first ? w->pending[i].price : -w->pending[i].price;
        qsort(w->pending, n, sizeof(Pending), by_source);
        for (uint32_t i = 0, end; i < n; i = end) {
                for (end = i; end < n && w->pending[end].move.from == w->pending[i].move.from;)
                        end++;
                w->sources[w->n_sources++] =
                        (Source){ i, end, w->pending[i].urgency, w->pending[i].move.from };
        }
        qsort(w->sources, w->n_sources, sizeof(Source), by_urgency);
        w->n_pending = n;
        return 0;
}

int waves_begin(Waves *w, const Move *moves, uint32_t n) {
        const Problem *p = w->p;
        size_t cells = (size_t) p->n_hosts * p->n_res;

        w->at = arena_new(w->arena, HostIx, p->n_vms);
        w->to = arena_new(w->arena, HostIx, p->n_vms);
        w->wave_of = arena_new(w->arena, uint32_t, p->n_vms);
        w->load = arena_new(w->arena, int64_t, cells);
        w->coming = arena_new(w->arena, int64_t, cells);
        w->in = arena_new(w->arena, uint32_t, p->n_hosts);
        w->out = arena_new(w->arena, uint32_t, p->n_hosts);
        w->seen = arena_new(w->arena, uint32_t, p->n_hosts);
        w->waited = arena_new(w->arena, uint32_t, p->n_hosts);
        if (!w->at || !w->to || !w->wave_of || !w->load || !w->coming || !w->in || !w->out || !w->seen ||
            !w->waited)
                return -ENOMEM;
        if (p->base)
                memcpy(w->load, p->base, sizeof(int64_t) * cells);
        for (VmIx v = 0; v < p->n_vms; v++) {
                const int64_t *need = problem_need(p, v);

                w->at[v] = p->home[v];
                for (uint32_t r = 0; r < p->n_res; r++)
                        w->load[(size_t) p->home[v] * p->n_res + r] += need[r];
        }
        if (w->limits.net &&
            wave_links_new(w->arena, w->limits.net, w->limits.links, n + STOP_OVERS_MAX, &w->links) < 0)
                return -ENOMEM;
        if (p->groups && waves_index_rules(w) < 0)
                return -ENOMEM;
        if (p->reserve) {
                w->held_back = arena_new(w->arena, uint32_t, p->n_vms);
                if (!w->held_back || reserve_build(w->arena, p, NULL, &w->reserve) < 0)
                        return -ENOMEM;
                w->at_most = reserve_measure(w->reserve);
        }
        return waves_begin_list_sources(w, moves, n);
}
