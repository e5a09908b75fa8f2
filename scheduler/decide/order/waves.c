/* SPDX-License-Identifier: Apache-2.0 */
/* List scheduling, wave by wave: each host offers its moves, urgent and long ones first, until it has enough
 * under way. Long ones together make a wave's end come early for all; the makespan is the sum of the waves'
 * longest. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/base/compare.h"
#include "scheduler/decide/order/waves_parts.h"

/* A host whose first so many moves have no place waits for the next wave; only when a wave would be empty are
 * all tried. Keeps the work of one wave in bounds. */
#define TRIES_PER_HOST 48

/* Turns of a loop between two looks at the time. */
#define TURNS 64

bool waves_time_is_up(Waves *w, uint32_t turns) {
        w->turns += turns;
        if (w->turns >= TURNS) {
                w->turns = 0;
                w->cut = w->cut || time_limit_is_up(w->limits.time);
        }
        return w->cut;
}

static bool waves_has_room(const Waves *w, VmIx v, HostIx to, const int64_t *most) {
        uint32_t n_res = w->p->n_res;
        const int64_t *need = problem_need(w->p, v);
        const int64_t *load = w->load + (size_t) to * n_res, *coming = w->coming + (size_t) to * n_res;

        for (uint32_t r = 0; r < n_res; r++)
                if (need[r] > 0 && load[r] + coming[r] + need[r] > most[(size_t) to * n_res + r])
                        return false;
        return true;
}

bool waves_may_start(Waves *w, VmIx v, HostIx to, const int64_t *most) {
        return w->n_wave < w->limits.at_once && (!w->reserve || w->held_back[v] != w->wave + 1) &&
               w->out[w->at[v]] < w->limits.per_host_out && w->in[to] < w->limits.per_host_in &&
               waves_has_room(w, v, to, most) && (!w->p->groups || waves_rules_allow(w, v, to)) &&
               (!w->links || wave_links_allow(w->links, (Move){ v, w->at[v], to }));
}

void waves_start(Waves *w, VmIx v, HostIx to) {
        const int64_t *need = problem_need(w->p, v);

        w->moves[w->n_moves++] = (WaveMove){ { v, w->at[v], to }, w->wave };
        if (w->links)
                wave_links_add(w->links, (Move){ v, w->at[v], to });
        w->wave_of[v] = w->wave + 1;
        w->to[v] = to;
        w->out[w->at[v]]++;
        w->in[to]++;
        w->n_wave++;
        for (uint32_t r = 0; r < w->p->n_res; r++)
                w->coming[(size_t) to * w->p->n_res + r] += need[r];
}

static int waves_by_vm(const void *left, const void *right) {
        const WaveMove *x = left, *y = right;

        return (x->move.vm > y->move.vm) - (x->move.vm < y->move.vm);
}

void waves_end_wave(Waves *w) {
        WaveMove *wave = w->moves + w->n_moves - w->n_wave;
        uint32_t n_res = w->p->n_res;

        for (uint32_t i = 0; i < w->n_wave; i++) {
                Move m = wave[i].move;
                const int64_t *need = problem_need(w->p, m.vm);

                for (uint32_t r = 0; r < n_res; r++) {
                        w->load[(size_t) m.from * n_res + r] -= need[r];
                        w->load[(size_t) m.to * n_res + r] += need[r];
                        w->coming[(size_t) m.to * n_res + r] = 0;
                }
                w->out[m.from] = w->in[m.to] = 0;
                w->at[m.vm] = m.to;
        }
        if (w->links)
                wave_links_end(w->links);
        qsort(wave, w->n_wave, sizeof(*wave), waves_by_vm);
        w->n_wave = 0;
        w->wave++;
}

/* Offers the source's moves in their order; what cannot start keeps its order behind what did. A host is not
 * filled above its load line on the way while other moves can start; only leaving a host to be emptied is
 * worth that. */
static void waves_offer(Waves *w, Source *s, Patience patience) {
        const int64_t *most = patience.capacity || s->urgency > 0 ? w->p->capacity : w->p->limit;
        uint32_t i = s->first, started = 0, kept = 0, tries = patience.tries;
        Pending *all = w->pending;

        for (; i < s->end && kept < tries && w->out[s->host] < w->limits.per_host_out &&
               !waves_time_is_up(w, 1);
             i++) {
                Pending m = all[i];

                if (waves_may_start(w, m.move.vm, m.move.to, most)) {
                        waves_start(w, m.move.vm, m.move.to);
                        memmove(&all[s->first + started + 1], &all[s->first + started],
                                sizeof(Pending) * kept);
                        all[s->first + started] = m;
                        started++;
                } else {
                        kept++;
                }
        }
        s->first += started;
        w->n_pending -= started;
}

static void offer_late(Waves *w, Patience patience) {
        const int64_t *most = patience.capacity ? w->p->capacity : w->p->limit;
        uint32_t kept = 0;

        for (uint32_t i = 0; i < w->n_late; i++) {
                if (!waves_time_is_up(w, 1) &&
                    waves_may_start(w, w->late[i].move.vm, w->late[i].move.to, most))
                        waves_start(w, w->late[i].move.vm, w->late[i].move.to);
                else
                        w->late[kept++] = w->late[i];
        }
        w->n_late = kept;
}

static void fill_wave(Waves *w, Patience patience) {
        uint32_t kept = 0, i = 0;

        offer_late(w, patience);
        for (; i < w->n_sources && w->n_wave < w->limits.at_once && !w->cut; i++) {
                waves_offer(w, &w->sources[i], patience);
                if (w->sources[i].first < w->sources[i].end)
                        w->sources[kept++] = w->sources[i];
        }
        if (kept < i) {
                memmove(&w->sources[kept], &w->sources[i], sizeof(Source) * (w->n_sources - i));
                w->n_sources -= i - kept;
        }
}

static bool waves_spends(const Waves *w, VmIx v) {
        const ReserveGoal *goal = w->p->reserve;

        return (goal->spends_wave ? goal->spends_wave : goal->spends)[v];
}

static void reserve_moves(Waves *w, const WaveMove *wave, uint32_t n, bool spenders) {
        for (uint32_t i = 0; i < n; i++)
                if (waves_spends(w, wave[i].move.vm) == spenders)
                        (void) reserve_move(w->reserve, wave[i].move);
}

static bool waits_late(const Waves *w, VmIx v) {
        for (uint32_t i = 0; i < w->n_late; i++)
                if (w->late[i].move.vm == v)
                        return true;
        return false;
}

/* The start is taken back; the move waits among the late ones (one to a stop-over: what follows it does). */
static void waves_hold_back(Waves *w, Move m) {
        const int64_t *need = problem_need(w->p, m.vm);

        (void) reserve_move(w->reserve, (Move){ m.vm, m.to, m.from });
        w->held_back[m.vm] = w->wave + 1;
        w->wave_of[m.vm] = 0;
        w->out[m.from]--;
        w->in[m.to]--;
        for (uint32_t r = 0; r < w->p->n_res; r++)
                w->coming[(size_t) m.to * w->p->n_res + r] -= need[r];
        if (!waits_late(w, m.vm))
                w->late[w->n_late++] = (Pending){ .move = m };
}

/* What may not spend the reserve is made again one by one, as far as the reserve holds. */
static void hold_back_some(Waves *w, WaveMove *wave) {
        uint32_t kept = 0;

        for (uint32_t i = 0; i < w->n_wave; i++) {
                const WaveMove m = wave[i];

                if (!waves_spends(w, m.move.vm)) {
                        (void) reserve_move(w->reserve, m.move);
                        if (reserve_exceeds(reserve_measure(w->reserve), w->at_most)) {
                                waves_hold_back(w, m.move);
                                continue;
                        }
                }
                wave[kept++] = m;
        }
        w->n_moves -= w->n_wave - kept;
        w->n_wave = kept;
}

void waves_keep_reserve(Waves *w) {
        WaveMove *wave = w->moves + w->n_moves - w->n_wave;
        const ReserveMeasure before = w->at_most;
        ReserveMeasure spent;

        reserve_moves(w, wave, w->n_wave, true);
        spent = reserve_measure(w->reserve);
        reserve_moves(w, wave, w->n_wave, false);
        if (!reserve_exceeds(reserve_measure(w->reserve), w->at_most))
                return;
        if (spent.uncovered > w->at_most.uncovered)
                w->at_most.uncovered = spent.uncovered;
        if (spent.lacking > w->at_most.lacking)
                w->at_most.lacking = spent.lacking;
        if (!reserve_exceeds(reserve_measure(w->reserve), w->at_most))
                return;
        for (uint32_t i = w->n_wave; i-- > 0;) {
                const Move m = wave[i].move;

                if (!waves_spends(w, m.vm))
                        (void) reserve_move(w->reserve, (Move){ m.vm, m.to, m.from });
        }
        hold_back_some(w, wave);
        if (!reserve_exceeds(reserve_measure(w->reserve), before))
                w->at_most =
                        before; /* what stays gives back what was spent: later waves may not spend it again */
}

/* On its way to where it may be, a VM may wait on a host that a rule forbids it as it does its own. */
static bool waves_may_wait(const Waves *w, VmIx v, HostIx h) {
        const Reason why = problem_denied(w->p, v, h);

        return why == REASON_NONE ||
               (why == REASON_RULE_HOSTS && w->at[v] == w->p->home[v] && problem_passes(w->p, v, h));
}

/* A third host with room below its load line; for want of one, and to mend what a rule forbids, with room. */
static HostIx stop_over_host(Waves *w, const Pending *m) {
        const VmIx v = m->move.vm;
        const bool mends = problem_class_denies(w->p, v, w->at[v]) == REASON_RULE_HOSTS;

        for (int full = 0; full <= (mends ? 1 : 0); full++)
                for (HostIx h = 0; h < w->p->n_hosts; h++)
                        if (h != w->at[v] && h != m->move.to && waves_may_wait(w, v, h) &&
                            waves_may_start(w, v, h, full ? w->p->capacity : w->p->limit))
                                return h;
        return IX_NONE;
}

/* Marks the hosts that a waiting move would go to: only leaving one of these opens a ring. */
static void mark_waited(Waves *w) {
        w->ring++;
        for (uint32_t s = 0; s < w->n_sources; s++)
                for (uint32_t i = w->sources[s].first; i < w->sources[s].end; i++)
                        w->waited[w->pending[i].move.to] = w->ring;
        for (uint32_t i = 0; i < w->n_late; i++)
                w->waited[w->late[i].move.to] = w->ring;
}

/* The cheapest VM of a ring goes to a third host first. Every pending move is stuck when this is called. */
static bool open_ring(Waves *w) {
        Pending *best = NULL;
        HostIx best_to = IX_NONE;
        Source *best_source = NULL;
        uint32_t tried = 0;

        if (!w->limits.stop_overs || w->n_stop_overs == STOP_OVERS_MAX)
                return false;
        mark_waited(w);
        for (uint32_t s = 0; s < w->n_sources && !w->cut; s++) {
                if (w->waited[w->sources[s].host] != w->ring)
                        continue;
                for (uint32_t i = w->sources[s].first;
                     i < w->sources[s].end && tried < STOP_OVERS_MAX && !waves_time_is_up(w, TURNS);
                     i++, tried++) {
                        Pending *m = &w->pending[i];
                        HostIx h = best && best->price <= m->price ? IX_NONE : stop_over_host(w, m);

                        if (h == IX_NONE)
                                continue;
                        best = m;
                        best_to = h;
                        best_source = &w->sources[s];
                }
        }
        if (!best || w->cut)
                return false;
        w->late[w->n_late] = *best;
        *best = w->pending[best_source->first++];
        w->n_pending--;
        w->n_stop_overs++;
        waves_start(w, w->late[w->n_late++].move.vm, best_to);
        return true;
}

static int waves_end(Waves *w, WaveOrder *ret) {
        VmIx *left_out = arena_new(w->arena, VmIx, (size_t) w->n_pending + w->n_late);
        uint32_t n = 0;

        if (!left_out)
                return -ENOMEM;
        for (uint32_t s = 0; s < w->n_sources; s++)
                for (uint32_t i = w->sources[s].first; i < w->sources[s].end; i++)
                        left_out[n++] = w->pending[i].move.vm;
        for (uint32_t i = 0; i < w->n_late; i++)
                left_out[n++] = w->late[i].move.vm;
        qsort(left_out, n, sizeof(VmIx), compare_uint32);
        *ret = (WaveOrder){
                .moves = w->moves,
                .n = w->n_moves,
                .n_waves = w->wave,
                .n_stop_overs = w->n_stop_overs,
                .host_of = w->at,
                .left_out = left_out,
                .n_left_out = n,
                .cut = w->cut,
        };
        return 0;
}

int waves_order(Arena *a, const Problem *p, WaveLimits limits, const Move *moves, uint32_t n,
                WaveOrder *ret) {
        static const Patience patience[] = { { TRIES_PER_HOST, false },
                                             { UINT32_MAX, false },
                                             { TRIES_PER_HOST, true },
                                             { UINT32_MAX, true } };
        Waves w = { .arena = a, .p = p, .limits = limits };
        int r = waves_begin(&w, moves, n);

        assert(limits.per_host_in > 0 && limits.per_host_out > 0 && limits.at_once > 0);
        if (r < 0)
                return r;
        while (w.n_pending + w.n_late > 0 && !w.cut) {
                for (size_t i = 0; i < ARRAY_SIZE(patience) && w.n_wave == 0 && !w.cut; i++)
                        fill_wave(&w, patience[i]);
                if (w.n_wave == 0 && !open_ring(&w))
                        break;
                if (w.reserve)
                        waves_keep_reserve(&w);
                if (w.n_wave > 0)
                        waves_end_wave(&w);
                else if (w.links) /* all of it was held back */
                        wave_links_end(w.links);
        }
        return waves_end(&w, ret);
}
