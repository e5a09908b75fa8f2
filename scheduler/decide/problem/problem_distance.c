/* SPDX-License-Identifier: Apache-2.0 */
/* What distance costs: VMs that talk over it, and moves along it. docs/distance.md has the numbers. */
#include <errno.h>

#include "scheduler/decide/problem/distance.h"
#include "scheduler/decide/problem/problem_parts.h"

/* ---- VMs that talk ---- */

/* Being apart costs Mbit/s × distance / 2, so that 100 Mbit/s between two hosts of one rack (distance 200)
 * cost as much as a usual move (10,000), and a tenth of that is not worth one. */
#define TALK_DIVISOR 2000 /* kbit/s × distance */
#define TALK_KBIT    INT64_C(1000000000)
#define TALK_MOST    INT64_C(1000000000)
#define TALK_LEAST   100 /* a hundredth of a move: no pair is looked at for less */

static int64_t talk_price(int64_t kbit, int64_t step) {
        int64_t price = (kbit < TALK_KBIT ? kbit : TALK_KBIT) * step / TALK_DIVISOR;

        return price < TALK_MOST ? price : TALK_MOST;
}

int problem_build_talks(Arena *a, const Snapshot *s, Problem *p, Group *groups) {
        int64_t step[LEVEL_N] = { 0 };
        const DistanceMap *map;
        GroupRule *talks;

        if (s->n_traffic == 0)
                return 0;
        talks = arena_new(a, GroupRule, (size_t) s->n_traffic * LEVEL_N);
        if (!talks || distance_map_build(a, s, &map) < 0)
                return -ENOMEM;
        distance_steps(map, step);
        for (uint32_t i = 0; i < s->n_traffic; i++) {
                const uint32_t before = p->n_talks;
                VmIx *vms = arena_new(a, VmIx, 2);

                if (!vms)
                        return -ENOMEM;
                vms[0] = s->traffic[i].a;
                vms[1] = s->traffic[i].b;
                for (int level = 0; level < LEVEL_N; level++) {
                        const int64_t price = talk_price(s->traffic[i].kbit, step[level]);

                        if (price >= TALK_LEAST)
                                talks[p->n_talks++] = (GroupRule){ .kind = RULE_TOGETHER,
                                                                   .level = (Level) level,
                                                                   .group = p->n_groups,
                                                                   .group_b = p->n_groups,
                                                                   .weight = price,
                                                                   .source = IX_NONE };
                }
                if (p->n_talks > before)
                        groups[p->n_groups++] = (Group){ .vms = vms, .n_vms = 2 };
        }
        p->talks = talks;
        return 0;
}

/* ---- the way of a move ---- */

/* Each 100 of distance beyond the nearest pair costs a hundredth of a usual move, all of it at most as much
 * as one: far moves are made when they are worth it. */
#define DISTANCE_UNIT  100
#define DISTANCE_MOST  100
#define DISTANCE_LEAST 10   /* where no two ways differ by more, the search is not made slower for them */
#define DISTANCE_HOSTS 1024 /* a column of all pairs: 8 MiB */

int problem_build_distances(Arena *a, const Snapshot *s, Problem *p) {
        const ArenaMark mark = arena_mark(a);
        const size_t n = s->n_hosts;
        const DistanceMap *map;
        int64_t least = INT64_MAX, most = 0, *price;

        if (n < 2 || n > DISTANCE_HOSTS)
                return 0;
        price = arena_new(a, int64_t, n * n);
        if (!price || distance_map_build(a, s, &map) < 0)
                return -ENOMEM;
        for (HostIx h = 0; h < n; h++)
                for (HostIx g = 0; g < n; g++) {
                        int64_t *at = &price[h * n + g];

                        *at = distance_between(map, h, g).units / DISTANCE_UNIT;
                        if (h != g) {
                                least = *at < least ? *at : least;
                                most = *at > most ? *at : most;
                        }
                }
        if (most - least < DISTANCE_LEAST) {
                arena_rewind(a, mark);
                return 0;
        }
        for (size_t i = 0; i < n * n; i++) {
                price[i] = price[i] > least ? price[i] - least : 0;
                price[i] = price[i] < DISTANCE_MOST ? price[i] : DISTANCE_MOST;
        }
        p->distance = price;
        p->distance_weight = p->move_weight;
        return 0;
}
