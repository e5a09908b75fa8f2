/* SPDX-License-Identifier: Apache-2.0 */
/* Waves of a walk. The walk itself is an order: one move at a time. Moves overtake others where that takes no
 * room from them: what leaves a host early only makes room there, and what enters one does so in the walk's
 * order. So the first move that waits can always begin when all before it have ended.
 */
#include <errno.h>
#include <stdlib.h>

#include "scheduler/base/compare.h"
#include "scheduler/decide/order/waves_parts.h"

typedef struct Walk {
        Waves w;
        const Move *moves;
        uint32_t n, n_left;
        uint32_t *next; /* [move] the next one that waits */
        uint32_t first; /* that waits */
        uint32_t *leg,
                *leg_of;      /* [move] the VM's next move; [vm] the one that is its turn, while one waits */
        uint32_t fills;       /* up to the load lines, and up to what there is: each begins anew */
        uint32_t *shut;       /* [host] the fill in which one waits to enter it */
        uint32_t *shut_group; /* [group] the same, of VMs of the group */
} Walk;

static int walk_begin(Arena *a, const Problem *p, WaveLimits limits, const Move *moves, uint32_t n,
                      Walk *ret) {
        Walk k = { .w = { .arena = a, .p = p, .limits = limits }, .moves = moves, .n = n, .n_left = n };
        int r = waves_begin(&k.w, moves, n);

        if (r < 0)
                return r;
        k.w.n_sources = k.w.n_pending = 0; /* its own order */
        k.next = arena_new(a, uint32_t, n);
        k.leg = arena_new(a, uint32_t, n);
        k.leg_of = arena_new(a, uint32_t, p->n_vms);
        k.shut = arena_new(a, uint32_t, p->n_hosts);
        k.shut_group = arena_new(a, uint32_t, p->n_groups);
        if (!k.next || !k.leg || !k.leg_of || !k.shut || !k.shut_group)
                return -ENOMEM;
        for (uint32_t i = n; i-- > 0;) {
                k.next[i] = i + 1 < n ? i + 1 : IX_NONE;
                k.leg[i] = k.leg_of[moves[i].vm];
                k.leg_of[moves[i].vm] = i;
        }
        k.first = n > 0 ? 0 : IX_NONE;
        *ret = k;
        return 0;
}

static bool walk_is_shut(const Walk *k, Move m) {
        const Problem *p = k->w.p;
        bool shut = k->shut[m.to] == k->fills;

        for (uint32_t i = p->groups ? p->groups_of_start[m.vm] : 0;
             p->groups && i < p->groups_of_start[m.vm + 1] && !shut; i++)
                shut = k->shut_group[p->groups_of[i]] == k->fills;
        return shut;
}

static void walk_shut(Walk *k, Move m) {
        const Problem *p = k->w.p;

        k->shut[m.to] = k->fills;
        for (uint32_t i = p->groups ? p->groups_of_start[m.vm] : 0;
             p->groups && i < p->groups_of_start[m.vm + 1]; i++)
                k->shut_group[p->groups_of[i]] = k->fills;
}

/* What may begin now, in the walk's order. */
static void walk_fill(Walk *k, const int64_t *most) {
        Waves *w = &k->w;
        uint32_t *link = &k->first;

        k->fills++;
        for (uint32_t i = *link; i != IX_NONE && w->n_wave < w->limits.at_once && !waves_time_is_up(w, 1);
             i = *link) {
                const Move m = k->moves[i];

                if (k->leg_of[m.vm] == i && w->at[m.vm] == m.from && !walk_is_shut(k, m) &&
                    waves_may_start(w, m.vm, m.to, most)) {
                        waves_start(w, m.vm, m.to);
                        k->leg_of[m.vm] = k->leg[i];
                        *link = k->next[i];
                        k->n_left--;
                        continue;
                }
                walk_shut(k, m);
                link = &k->next[i];
        }
}

static int walk_end(Walk *k, WaveOrder *ret) {
        VmIx *left_out = arena_new(k->w.arena, VmIx, k->n_left);
        uint32_t n = 0, kept = 0;

        if (!left_out)
                return -ENOMEM;
        for (uint32_t i = k->first; i != IX_NONE; i = k->next[i])
                left_out[n++] = k->moves[i].vm;
        qsort(left_out, n, sizeof(VmIx), compare_uint32);
        for (uint32_t i = 0; i < n; i++)
                if (i == 0 || left_out[i] != left_out[i - 1])
                        left_out[kept++] = left_out[i];
        *ret = (WaveOrder){
                .moves = k->w.moves,
                .n = k->w.n_moves,
                .n_waves = k->w.wave,
                .host_of = k->w.at,
                .left_out = left_out,
                .n_left_out = kept,
                .cut = k->w.cut,
        };
        for (uint32_t i = 0; i < k->w.n_moves; i++)
                ret->n_stop_overs += k->w.at[k->w.moves[i].move.vm] != k->w.moves[i].move.to;
        return 0;
}

int waves_walk(Arena *a, const Problem *p, WaveLimits limits, const Move *moves, uint32_t n, WaveOrder *ret) {
        Walk k;
        int r = walk_begin(a, p, limits, moves, n, &k);

        if (r < 0)
                return r;
        while (k.n_left > 0 && !k.w.cut) {
                walk_fill(&k, p->limit);
                if (k.w.n_wave == 0)
                        walk_fill(&k, p->capacity);
                if (k.w.n_wave == 0)
                        break;
                waves_end_wave(&k.w);
        }
        return walk_end(&k, ret);
}
