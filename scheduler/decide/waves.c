/* List scheduling, wave by wave: each host offers its moves, urgent and long ones first, until it has enough
 * under way. Long ones together make a wave's end come early for all; the makespan is the sum of the waves'
 * longest. */
#include "scheduler/decide/waves.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/decide/reserve.h"

/* A host whose first so many moves have no place waits for the next wave; only when a wave would be empty are
 * all tried. Keeps the work of one wave in bounds. */
#define TRIES_PER_HOST 48

/* Rings that are opened, at most; the rest is left out. */
#define STOP_OVERS_MAX 64

typedef struct Pending {
        VmIx vm;
        HostIx from, to;
        int64_t urgency, price;
        uint32_t first; /* of those as urgent: by deadline */
} Pending;

typedef struct Source {
        uint32_t first, end; /* of its pending moves; placed ones are taken from the front */
        int64_t urgency;
        HostIx host;
} Source;

/* What is tried for a wave, ever more while it stays empty. */
typedef struct Patience {
        uint32_t tries; /* moves of a host that may fail */
        bool capacity;  /* hosts may be filled above their load lines */
} Patience;

typedef struct Waves {
        Arena *arena;
        const Problem *p;
        WaveLimits limits;
        HostIx *at;                    /* [vm] at the start of the wave */
        HostIx *to;                    /* [vm] where it goes in the wave `wave_of` names */
        uint32_t *wave_of;             /* [vm] 1 + the last wave it moved in */
        int64_t *load, *coming;        /* [host × res] */
        uint32_t *in, *out;            /* [host] moves of this wave */
        uint32_t *seen, seen_now;      /* [host or domain] scratch stamps */
        uint32_t *waited, ring;        /* [host] stamps of open_ring() */
        uint32_t *rules_start, *rules; /* [group + 1]: rules that must hold, of each group */
        Pending *pending, *late;       /* late: second legs of stop-overs */
        Source *sources;
        WaveMove *moves;
        Reserve *reserve;       /* as at the start of the wave; NULL: none to keep */
        ReserveMeasure at_most; /* what the reserve may lack after a wave */
        uint32_t *held_back;    /* [vm] 1 + the last wave it was held back from, for the reserve */
        uint32_t n_sources, n_late, n_moves, n_wave, n_pending, wave, n_stop_overs;
} Waves;

static uint32_t domain_of(const Problem *p, Level level, HostIx h) {
        return p->domain[level] ? p->domain[level][h] : h;
}

static bool has_room(const Waves *w, VmIx v, HostIx to, const int64_t *most) {
        uint32_t n_res = w->p->n_res;
        const int64_t *need = problem_need(w->p, v);
        const int64_t *load = w->load + (size_t) to * n_res, *coming = w->coming + (size_t) to * n_res;

        for (uint32_t r = 0; r < n_res; r++)
                if (need[r] > 0 && load[r] + coming[r] + need[r] > most[(size_t) to * n_res + r])
                        return false;
        return true;
}

/* One of the others is in the domain at some time of the wave. */
static bool may_meet(const Waves *w, const GroupRule *rule, uint32_t domain) {
        const Problem *p = w->p;
        const Group *b = &p->groups[rule->group_b];

        for (uint32_t i = 0; i < b->n_vms; i++) {
                const VmIx u = b->vms[i];

                if (domain_of(p, rule->level, w->at[u]) == domain ||
                    (w->wave_of[u] == w->wave + 1 && domain_of(p, rule->level, w->to[u]) == domain))
                        return true;
        }
        return false;
}

/* In any order of this wave's ends, the rule is broken no further than at its start: no other move of its
 * group touches the two domains, so what this one changes is exact. Of a spread group one VM moves at a time.
 */
static bool rule_allows(Waves *w, const GroupRule *rule, VmIx v, HostIx target) {
        const Problem *p = w->p;
        const Group *g = &p->groups[rule->group];
        uint32_t from = domain_of(p, rule->level, w->at[v]), to = domain_of(p, rule->level, target);
        uint32_t n_from = 0, n_to = 0, occupied = 0;

        if (from == to)
                return true;
        if (rule->kind == RULE_AVOID)
                return !may_meet(w, rule, to);
        w->seen_now++;
        for (uint32_t i = 0; i < g->n_vms; i++) {
                VmIx u = g->vms[i];
                uint32_t d = domain_of(p, rule->level, w->at[u]);

                n_from += d == from;
                n_to += d == to;
                occupied += w->seen[d] != w->seen_now;
                w->seen[d] = w->seen_now;
                if (w->wave_of[u] == w->wave + 1) {
                        uint32_t e = domain_of(p, rule->level, w->to[u]);

                        if (d != e &&
                            (rule->kind == RULE_SPREAD || d == from || d == to || e == from || e == to))
                                return false;
                }
        }
        if (rule->kind == RULE_APART)
                return n_to == 0 || n_from > 1;
        return n_from > 1 || n_to == 0 || occupied > rule->k;
}

static bool rules_allow(Waves *w, VmIx v, HostIx to) {
        const Problem *p = w->p;

        for (uint32_t i = p->groups_of_start[v]; i < p->groups_of_start[v + 1]; i++) {
                uint32_t g = p->groups_of[i];

                assert(w->rules_start); /* where there is a group, there are rules */
                for (uint32_t k = w->rules_start[g]; k < w->rules_start[g + 1]; k++)
                        if (!rule_allows(w, &p->rules[w->rules[k]], v, to))
                                return false;
        }
        return true;
}

/* most: what the target may hold at most, its capacity or its load line. */
static bool may_start(Waves *w, VmIx v, HostIx to, const int64_t *most) {
        return w->n_wave < w->limits.at_once && (!w->reserve || w->held_back[v] != w->wave + 1) &&
               w->out[w->at[v]] < w->limits.per_host_out && w->in[to] < w->limits.per_host_in &&
               has_room(w, v, to, most) && (!w->p->groups || rules_allow(w, v, to));
}

static void start(Waves *w, VmIx v, HostIx to) {
        const int64_t *need = problem_need(w->p, v);

        w->moves[w->n_moves++] = (WaveMove){ { v, w->at[v], to }, w->wave };
        w->wave_of[v] = w->wave + 1;
        w->to[v] = to;
        w->out[w->at[v]]++;
        w->in[to]++;
        w->n_wave++;
        for (uint32_t r = 0; r < w->p->n_res; r++)
                w->coming[(size_t) to * w->p->n_res + r] += need[r];
}

static int by_vm(const void *a, const void *b) {
        const WaveMove *x = a, *y = b;

        return (x->move.vm > y->move.vm) - (x->move.vm < y->move.vm);
}

static void end_wave(Waves *w) {
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
        qsort(wave, w->n_wave, sizeof(*wave), by_vm);
        w->n_wave = 0;
        w->wave++;
}

/* Offers the source's moves in their order; what cannot start keeps its order behind what did. A host is not
 * filled above its load line on the way while other moves can start; only leaving a host to be emptied is
 * worth that. */
static void offer(Waves *w, Source *s, Patience patience) {
        const int64_t *most = patience.capacity || s->urgency > 0 ? w->p->capacity : w->p->limit;
        uint32_t i = s->first, started = 0, kept = 0, tries = patience.tries;
        Pending *all = w->pending;

        for (; i < s->end && kept < tries && w->out[s->host] < w->limits.per_host_out; i++) {
                Pending m = all[i];

                if (may_start(w, m.vm, m.to, most)) {
                        start(w, m.vm, m.to);
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
                if (may_start(w, w->late[i].vm, w->late[i].to, most))
                        start(w, w->late[i].vm, w->late[i].to);
                else
                        w->late[kept++] = w->late[i];
        }
        w->n_late = kept;
}

static void fill_wave(Waves *w, Patience patience) {
        uint32_t kept = 0, i = 0;

        offer_late(w, patience);
        for (; i < w->n_sources && w->n_wave < w->limits.at_once; i++) {
                offer(w, &w->sources[i], patience);
                if (w->sources[i].first < w->sources[i].end)
                        w->sources[kept++] = w->sources[i];
        }
        if (kept < i) {
                memmove(&w->sources[kept], &w->sources[i], sizeof(Source) * (w->n_sources - i));
                w->n_sources -= i - kept;
        }
}

static void reserve_moves(Waves *w, const WaveMove *wave, uint32_t n, bool spenders) {
        for (uint32_t i = 0; i < n; i++)
                if (w->p->reserve->spends[wave[i].move.vm] == spenders)
                        (void) reserve_move(w->reserve, wave[i].move);
}

static bool waits_late(const Waves *w, VmIx v) {
        for (uint32_t i = 0; i < w->n_late; i++)
                if (w->late[i].vm == v)
                        return true;
        return false;
}

/* The start is taken back; the move waits among the late ones (one to a stop-over: what follows it does). */
static void hold_back(Waves *w, Move m) {
        const int64_t *need = problem_need(w->p, m.vm);

        (void) reserve_move(w->reserve, (Move){ m.vm, m.to, m.from });
        w->held_back[m.vm] = w->wave + 1;
        w->wave_of[m.vm] = 0;
        w->out[m.from]--;
        w->in[m.to]--;
        for (uint32_t r = 0; r < w->p->n_res; r++)
                w->coming[(size_t) m.to * w->p->n_res + r] -= need[r];
        if (!waits_late(w, m.vm))
                w->late[w->n_late++] = (Pending){ .vm = m.vm, .from = m.from, .to = m.to };
}

/* What may not spend the reserve is made again one by one, as far as the reserve holds. */
static void hold_back_some(Waves *w, WaveMove *wave) {
        const bool *spends = w->p->reserve->spends;
        uint32_t kept = 0;

        for (uint32_t i = 0; i < w->n_wave; i++) {
                const WaveMove m = wave[i];

                if (!spends[m.move.vm]) {
                        (void) reserve_move(w->reserve, m.move);
                        if (reserve_exceeds(reserve_measure(w->reserve), w->at_most)) {
                                hold_back(w, m.move);
                                continue;
                        }
                }
                wave[kept++] = m;
        }
        w->n_moves -= w->n_wave - kept;
        w->n_wave = kept;
}

/* After the wave the reserve lacks no more than before, but for the moves that may spend it: what would spend
 * it besides is held back. Leaves `reserve` as it is after the wave. */
static void keep_reserve(Waves *w) {
        WaveMove *wave = w->moves + w->n_moves - w->n_wave;
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

                if (!w->p->reserve->spends[m.vm])
                        (void) reserve_move(w->reserve, (Move){ m.vm, m.to, m.from });
        }
        hold_back_some(w, wave);
}

/* A third host with room below its load line. */
static HostIx stop_over_host(Waves *w, const Pending *m) {
        for (HostIx h = 0; h < w->p->n_hosts; h++)
                if (h != w->at[m->vm] && h != m->to && problem_denied(w->p, m->vm, h) == REASON_NONE &&
                    may_start(w, m->vm, h, w->p->limit))
                        return h;
        return IX_NONE;
}

/* Marks the hosts that a waiting move would go to: only leaving one of these opens a ring. */
static void mark_waited(Waves *w) {
        w->ring++;
        for (uint32_t s = 0; s < w->n_sources; s++)
                for (uint32_t i = w->sources[s].first; i < w->sources[s].end; i++)
                        w->waited[w->pending[i].to] = w->ring;
        for (uint32_t i = 0; i < w->n_late; i++)
                w->waited[w->late[i].to] = w->ring;
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
        for (uint32_t s = 0; s < w->n_sources && tried < STOP_OVERS_MAX; s++) {
                if (w->waited[w->sources[s].host] != w->ring)
                        continue;
                for (uint32_t i = w->sources[s].first; i < w->sources[s].end && tried < STOP_OVERS_MAX;
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
        if (!best)
                return false;
        w->late[w->n_late] = *best;
        *best = w->pending[best_source->first++];
        w->n_pending--;
        w->n_stop_overs++;
        start(w, w->late[w->n_late++].vm, best_to);
        return true;
}

static int by_source(const void *a, const void *b) {
        const Pending *x = a, *y = b;

        if (x->from != y->from)
                return x->from < y->from ? -1 : 1;
        if (x->urgency != y->urgency)
                return x->urgency > y->urgency ? -1 : 1;
        if (x->first != y->first)
                return x->first < y->first ? -1 : 1;
        if (x->price != y->price)
                return x->price > y->price ? -1 : 1;
        return x->vm < y->vm ? -1 : x->vm > y->vm;
}

static int by_urgency(const void *a, const void *b) {
        const Source *x = a, *y = b;

        if (x->urgency != y->urgency)
                return x->urgency > y->urgency ? -1 : 1;
        return x->host < y->host ? -1 : x->host > y->host;
}

static int list_sources(Waves *w, const Move *moves, uint32_t n) {
        const Problem *p = w->p;

        w->pending = arena_new(w->arena, Pending, n);
        w->sources = arena_new(w->arena, Source, n);
        w->moves = arena_new(w->arena, WaveMove, (size_t) n + STOP_OVERS_MAX);
        w->late = arena_new(w->arena, Pending, (p->reserve ? (size_t) n : 0) + STOP_OVERS_MAX);
        if (!w->pending || !w->sources || !w->moves || !w->late)
                return -ENOMEM;
        for (uint32_t i = 0; i < n; i++)
                w->pending[i] = (Pending){
                        .vm = moves[i].vm,
                        .from = moves[i].from,
                        .to = moves[i].to,
                        .urgency = problem_leave(p, moves[i].vm, moves[i].from),
                        .price = p->move_price ? p->move_price[moves[i].vm] : 0,
                        .first = p->first ? p->first[moves[i].vm] : 0,
                };
        qsort(w->pending, n, sizeof(Pending), by_source);
        for (uint32_t i = 0, end; i < n; i = end) {
                for (end = i + 1; end < n && w->pending[end].from == w->pending[i].from;)
                        end++;
                w->sources[w->n_sources++] = (Source){ i, end, w->pending[i].urgency, w->pending[i].from };
        }
        qsort(w->sources, w->n_sources, sizeof(Source), by_urgency);
        w->n_pending = n;
        return 0;
}

/* rules_start: the must rules over each group that say apart, avoid or spread. */
static int index_rules(Waves *w) {
        const Problem *p = w->p;
        uint32_t *fill;

        w->rules_start = arena_new(w->arena, uint32_t, (size_t) p->n_groups + 2);
        w->rules = arena_new(w->arena, uint32_t, p->n_rules);
        if (!w->rules_start || !w->rules)
                return -ENOMEM;
        fill = w->rules_start + 1;
        for (int pass = 0; pass < 2; pass++) {
                for (uint32_t i = 0; i < p->n_rules; i++) {
                        const GroupRule *rule = &p->rules[i];

                        if (!rule->must || (rule->kind != RULE_APART && rule->kind != RULE_SPREAD &&
                                            rule->kind != RULE_AVOID))
                                continue;
                        if (pass == 0)
                                fill[rule->group + 1]++;
                        else
                                w->rules[fill[rule->group]++] = i;
                }
                for (uint32_t g = 0; g < p->n_groups && pass == 0; g++)
                        fill[g + 1] += fill[g];
        }
        return 0;
}

static int waves_begin(Waves *w, const Move *moves, uint32_t n) {
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
        if (p->groups && index_rules(w) < 0)
                return -ENOMEM;
        if (p->reserve) {
                w->held_back = arena_new(w->arena, uint32_t, p->n_vms);
                if (!w->held_back || reserve_build(w->arena, p, NULL, &w->reserve) < 0)
                        return -ENOMEM;
                w->at_most = reserve_measure(w->reserve);
        }
        return list_sources(w, moves, n);
}

static int compare_vm(const void *a, const void *b) {
        VmIx x = *(const VmIx *) a, y = *(const VmIx *) b;

        return (x > y) - (x < y);
}

static int waves_end(Waves *w, WaveOrder *ret) {
        VmIx *left_out = arena_new(w->arena, VmIx, (size_t) w->n_pending + w->n_late);
        uint32_t n = 0;

        if (!left_out)
                return -ENOMEM;
        for (uint32_t s = 0; s < w->n_sources; s++)
                for (uint32_t i = w->sources[s].first; i < w->sources[s].end; i++)
                        left_out[n++] = w->pending[i].vm;
        for (uint32_t i = 0; i < w->n_late; i++)
                left_out[n++] = w->late[i].vm;
        qsort(left_out, n, sizeof(VmIx), compare_vm);
        *ret = (WaveOrder){
                .moves = w->moves,
                .n = w->n_moves,
                .n_waves = w->wave,
                .n_stop_overs = w->n_stop_overs,
                .host_of = w->at,
                .left_out = left_out,
                .n_left_out = n,
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
        while (w.n_pending + w.n_late > 0) {
                for (size_t i = 0; i < ARRAY_SIZE(patience) && w.n_wave == 0; i++)
                        fill_wave(&w, patience[i]);
                if (w.n_wave == 0 && !open_ring(&w))
                        break;
                if (w.reserve)
                        keep_reserve(&w);
                if (w.n_wave > 0)
                        end_wave(&w);
        }
        return waves_end(&w, ret);
}
