/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/decide/problem/distance.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/base/compare.h"

const char *const distance_from_names[DISTANCE_FROM_N] = { "self",  "measured", "racks",
                                                           "zones", "cluster",  "told" };

#define RTT_MAX_US INT64_C(10000000)
#define HOPS_RACK  1
#define HOPS_ZONE  3
#define HOPS_MOST  5
#define CLASS_NONE UINT32_MAX

typedef struct Edge { /* a round trip between a and b, a < b */
        HostIx a, b;
        int64_t rtt_us;
} Edge;

/* Round trips between two classes of hosts (racks or zones), x <= y. */
typedef struct ClassPair {
        uint32_t x, y;
        int64_t rtt_us;
} ClassPair;

typedef struct ClassMap {
        const uint32_t *of; /* [host]; CLASS_NONE: not said */
        ClassPair *pairs;   /* sorted; rtt_us is the median */
        uint32_t n;
} ClassMap;

struct DistanceMap {
        const Snapshot *s;
        Edge *edges;
        uint32_t n_edges;
        uint32_t *start; /* [host + 1] into near and rtt */
        HostIx *near;    /* of each host, sorted */
        int64_t *rtt;
        ClassMap racks, zones;
        int64_t median;               /* of all; UNKNOWN */
        int64_t *height;              /* [host] */
        int64_t usual[HOPS_MOST + 1]; /* median by switches on the way; UNKNOWN */
        bool places;                  /* hosts are in different racks, zones or at different switches */
};

/* The lower median; sorts. */
static int64_t median_of(int64_t *values, uint32_t n) {
        if (n == 0)
                return UNKNOWN;
        qsort(values, n, sizeof(*values), compare_int64);
        return values[(n - 1) / 2];
}

/* ---- what was measured ---- */

static int edge_compare(const void *left, const void *right) {
        const Edge *x = left, *y = right;

        if (x->a != y->a)
                return x->a < y->a ? -1 : 1;
        if (x->b != y->b)
                return x->b < y->b ? -1 : 1;
        return (x->rtt_us > y->rtt_us) - (x->rtt_us < y->rtt_us);
}

/* Each pair once; both told: the smaller, since nothing makes a round trip shorter than it is. */
static int edges_collect(Arena *a, DistanceMap *m) {
        const Snapshot *s = m->s;
        size_t n = 0;
        uint32_t kept = 0;

        for (HostIx h = 0; h < s->n_hosts; h++)
                n += s->hosts[h].n_peers;
        m->edges = arena_new(a, Edge, n);
        if (!m->edges)
                return -ENOMEM;
        n = 0;
        for (HostIx h = 0; h < s->n_hosts; h++)
                for (uint32_t i = 0; i < s->hosts[h].n_peers; i++) {
                        const PeerRtt *p = &s->hosts[h].peers[i];
                        HostIx g = snapshot_host(s, p->name);

                        if (g != IX_NONE && g != h && p->rtt_us >= 0)
                                m->edges[n++] =
                                        (Edge){ .a = h < g ? h : g,
                                                .b = h < g ? g : h,
                                                .rtt_us = p->rtt_us < RTT_MAX_US ? p->rtt_us : RTT_MAX_US };
                }
        qsort(m->edges, n, sizeof(*m->edges), edge_compare);
        for (size_t i = 0; i < n; i++)
                if (kept == 0 || m->edges[kept - 1].a != m->edges[i].a ||
                    m->edges[kept - 1].b != m->edges[i].b)
                        m->edges[kept++] = m->edges[i];
        m->n_edges = kept;
        return 0;
}

static int neighbours_build(Arena *a, DistanceMap *m) {
        const uint32_t n = m->s->n_hosts;
        uint32_t *at;

        m->start = arena_new(a, uint32_t, (size_t) n + 1);
        m->near = arena_new(a, HostIx, (size_t) m->n_edges * 2);
        m->rtt = arena_new(a, int64_t, (size_t) m->n_edges * 2);
        at = arena_new(a, uint32_t, (size_t) n + 1);
        if (!m->start || !m->near || !m->rtt || !at)
                return -ENOMEM;
        for (uint32_t i = 0; i < m->n_edges; i++) {
                m->start[m->edges[i].a + 1]++;
                m->start[m->edges[i].b + 1]++;
        }
        for (HostIx h = 0; h < n; h++) {
                m->start[h + 1] += m->start[h];
                at[h] = m->start[h];
        }
        /* edges are sorted by (a, b): first each host's smaller neighbours arrive, in order, then the larger
         */
        for (uint32_t i = 0; i < m->n_edges; i++) {
                m->near[at[m->edges[i].b]] = m->edges[i].a;
                m->rtt[at[m->edges[i].b]++] = m->edges[i].rtt_us;
        }
        for (uint32_t i = 0; i < m->n_edges; i++) {
                m->near[at[m->edges[i].a]] = m->edges[i].b;
                m->rtt[at[m->edges[i].a]++] = m->edges[i].rtt_us;
        }
        return 0;
}

static int64_t distance_measured_of(const DistanceMap *m, HostIx left, HostIx right) {
        uint32_t low = m->start[left], high = m->start[left + 1];

        while (low < high) {
                uint32_t mid = low + (high - low) / 2;

                if (m->near[mid] == right)
                        return m->rtt[mid];
                if (m->near[mid] < right)
                        low = mid + 1;
                else
                        high = mid;
        }
        return UNKNOWN;
}

/* ---- racks and zones ---- */

typedef struct Named {
        const char *name;
        HostIx host;
} Named;

static int named_compare(const void *left, const void *right) {
        const Named *x = left, *y = right;
        int c = strcmp(x->name, y->name);

        return c != 0 ? c : (x->host > y->host) - (x->host < y->host);
}

static int classes_of(Arena *a, DistanceMap *m, size_t member, ClassMap *map) {
        const Snapshot *s = m->s;
        uint32_t *of = arena_new(a, uint32_t, s->n_hosts);
        Named *named = arena_new(a, Named, s->n_hosts);
        uint32_t n = 0, class = 0;

        if (!of || !named)
                return -ENOMEM;
        for (HostIx h = 0; h < s->n_hosts; h++) {
                const char *name;

                memcpy(&name, (const char *) &s->hosts[h] + member, sizeof(name));
                of[h] = CLASS_NONE;
                if (name)
                        named[n++] = (Named){ name, h };
        }
        qsort(named, n, sizeof(*named), named_compare);
        for (uint32_t i = 0; i < n; i++) {
                class += i > 0 && strcmp(named[i - 1].name, named[i].name) != 0;
                of[named[i].host] = class;
        }
        m->places = m->places || class > 0 || (n > 0 && n < s->n_hosts);
        map->of = of;
        return 0;
}

static int pair_compare(const void *left, const void *right) {
        const ClassPair *p = left, *q = right;

        if (p->x != q->x)
                return p->x < q->x ? -1 : 1;
        if (p->y != q->y)
                return p->y < q->y ? -1 : 1;
        return (p->rtt_us > q->rtt_us) - (p->rtt_us < q->rtt_us);
}

static bool same_class(const ClassMap *map, const Edge *edge) {
        return map->of[edge->a] != CLASS_NONE && map->of[edge->a] == map->of[edge->b];
}

/* Of edges that are not within one class of `within`: what holds for two hosts of different racks is not told
 * by neighbours in one. NULL: all. */
static int class_medians(Arena *a, const DistanceMap *m, ClassMap *map, const ClassMap *within) {
        uint32_t n = 0, kept = 0;

        map->pairs = arena_new(a, ClassPair, m->n_edges);
        if (!map->pairs)
                return -ENOMEM;
        for (uint32_t i = 0; i < m->n_edges; i++) {
                uint32_t x = map->of[m->edges[i].a], y = map->of[m->edges[i].b];

                if (x != CLASS_NONE && y != CLASS_NONE && !(within && same_class(within, &m->edges[i])))
                        map->pairs[n++] = (ClassPair){ x < y ? x : y, x < y ? y : x, m->edges[i].rtt_us };
        }
        qsort(map->pairs, n, sizeof(*map->pairs), pair_compare);
        for (uint32_t i = 0, run; i < n; i += run) {
                for (run = 1; i + run < n && map->pairs[i + run].x == map->pairs[i].x &&
                              map->pairs[i + run].y == map->pairs[i].y;
                     run++)
                        ;
                map->pairs[kept] = map->pairs[i];
                map->pairs[kept++].rtt_us = map->pairs[i + (run - 1) / 2].rtt_us;
        }
        map->n = kept;
        return 0;
}

static int64_t class_rtt(const ClassMap *map, HostIx left, HostIx right) {
        uint32_t x = map->of[left], y = map->of[right], low = 0, high = map->n;

        if (x == CLASS_NONE || y == CLASS_NONE)
                return UNKNOWN;
        if (x > y) {
                uint32_t t = x;

                x = y;
                y = t;
        }
        while (low < high) {
                uint32_t mid = low + (high - low) / 2;
                const ClassPair *p = &map->pairs[mid];

                if (p->x == x && p->y == y)
                        return p->rtt_us;
                if (p->x < x || (p->x == x && p->y < y))
                        low = mid + 1;
                else
                        high = mid;
        }
        return UNKNOWN;
}

/* Of the pair's class, without the two hosts' own heights. */
static int64_t usual_rtt(const DistanceMap *m, HostIx left, HostIx right, DistanceFrom *ret_from) {
        int64_t rtt = class_rtt(&m->racks, left, right);

        *ret_from = DISTANCE_RACKS;
        if (rtt != UNKNOWN)
                return rtt;
        rtt = class_rtt(&m->zones, left, right);
        *ret_from = DISTANCE_ZONES;
        if (rtt != UNKNOWN)
                return rtt;
        *ret_from = m->median != UNKNOWN ? DISTANCE_CLUSTER : DISTANCE_TOLD;
        return m->median;
}

static int heights_build(Arena *a, DistanceMap *m) {
        uint32_t n_far = 0;
        ArenaMark mark;
        int64_t *more;

        m->height = arena_new(a, int64_t, m->s->n_hosts);
        mark = arena_mark(a);
        more = arena_new(a, int64_t, (size_t) m->n_edges * 2 + 1);
        if (!m->height || !more)
                return -ENOMEM;
        for (uint32_t i = 0; i < m->n_edges; i++)
                if (!same_class(&m->zones, &m->edges[i]) && !same_class(&m->racks, &m->edges[i]))
                        more[n_far++] = m->edges[i].rtt_us;
        m->median = median_of(more, n_far);
        for (uint32_t i = 0; n_far == 0 && i < m->n_edges; i++)
                more[i] = m->edges[i].rtt_us;
        if (n_far == 0)
                m->median = median_of(more, m->n_edges);
        for (HostIx h = 0; h < m->s->n_hosts; h++) {
                uint32_t n = m->start[h + 1] - m->start[h];
                int64_t height;
                DistanceFrom from;

                for (uint32_t i = 0; i < n; i++)
                        more[i] = m->rtt[m->start[h] + i] - usual_rtt(m, h, m->near[m->start[h] + i], &from);
                height = n > 0 ? median_of(more, n) : 0;
                m->height[h] = height > 0 ? height : 0;
        }
        arena_rewind(a, mark);
        return 0;
}

/* ---- switches ---- */

static bool share_a_switch(const Host *left, const Host *right) {
        uint32_t i = 0, k = 0;

        while (i < left->switches.n && k < right->switches.n) { /* both sorted */
                int c = strcmp(left->switches.at[i], right->switches.at[k]);

                if (c == 0)
                        return true;
                if (c < 0)
                        i++;
                else
                        k++;
        }
        return false;
}

static int64_t hops_between(const DistanceMap *m, HostIx left, HostIx right) {
        const Host *x = &m->s->hosts[left], *y = &m->s->hosts[right];
        bool zones = m->zones.of[left] != CLASS_NONE && m->zones.of[right] != CLASS_NONE;
        bool racks = m->racks.of[left] != CLASS_NONE && m->racks.of[right] != CLASS_NONE;
        bool switches = x->switches.n > 0 && y->switches.n > 0;

        if (share_a_switch(x, y))
                return HOPS_RACK;
        if (zones && m->zones.of[left] != m->zones.of[right])
                return HOPS_MOST;
        if (switches)
                return HOPS_ZONE;
        if (racks)
                return m->racks.of[left] == m->racks.of[right] ? HOPS_RACK : HOPS_ZONE;
        return zones ? HOPS_ZONE : UNKNOWN;
}

/* ---- steps ---- */

static int usual_build(Arena *a, DistanceMap *m) {
        const ArenaMark mark = arena_mark(a);
        int64_t *values = arena_new(a, int64_t, m->n_edges);

        if (!values)
                return -ENOMEM;
        for (int hops = 0; hops <= HOPS_MOST; hops++) {
                uint32_t n = 0;

                for (uint32_t i = 0; i < m->n_edges; i++) {
                        int64_t there = hops_between(m, m->edges[i].a, m->edges[i].b);

                        if ((there > 0 ? there : 0) == hops)
                                values[n++] = m->edges[i].rtt_us;
                }
                m->usual[hops] = median_of(values, n);
        }
        arena_rewind(a, mark);
        return 0;
}

static bool is_said(const ClassMap *map, uint32_t n_hosts) {
        for (HostIx h = 0; h < n_hosts; h++)
                if (map->of[h] != CLASS_NONE && map->of[h] > 0) /* a second one */
                        return true;
        return false;
}

/* Of two hosts with so many switches between them, at least as far as `least`. */
static int64_t usual_units(const DistanceMap *m, int hops, int64_t least) {
        int64_t units = (m->usual[hops] > 0 ? m->usual[hops] : 0) + DISTANCE_HOP * (hops > 0 ? hops : 1);

        return units > least ? units : least;
}

void distance_steps(const DistanceMap *m, int64_t step[LEVEL_N]) {
        bool racks = is_said(&m->racks, m->s->n_hosts), zones = is_said(&m->zones, m->s->n_hosts);
        int64_t near = usual_units(m, racks ? HOPS_RACK : zones ? HOPS_ZONE : 0, 0);
        int64_t middle = racks ? usual_units(m, HOPS_ZONE, near) : near;

        for (int level = 0; level < LEVEL_N; level++)
                step[level] = 0;
        step[LEVEL_HOST] = near;
        step[LEVEL_RACK] = middle - near;
        step[LEVEL_ZONE] = zones ? usual_units(m, HOPS_MOST, middle) - middle : 0;
}

/* ---- the map ---- */

int distance_map_build(Arena *a, const Snapshot *s, const DistanceMap **ret) {
        DistanceMap *m = arena_new(a, DistanceMap, 1);
        int r;

        if (!m)
                return -ENOMEM;
        m->s = s;
        r = edges_collect(a, m);
        if (r == 0)
                r = neighbours_build(a, m);
        if (r == 0)
                r = classes_of(a, m, offsetof(Host, rack), &m->racks);
        if (r == 0)
                r = classes_of(a, m, offsetof(Host, zone), &m->zones);
        if (r == 0)
                r = class_medians(a, m, &m->racks, NULL);
        if (r == 0)
                r = class_medians(a, m, &m->zones, &m->racks);
        if (r == 0)
                r = heights_build(a, m);
        for (HostIx h = 0; h < s->n_hosts; h++)
                m->places = m->places || s->hosts[h].switches.n > 0;
        if (r == 0)
                r = usual_build(a, m);
        if (r == 0)
                *ret = m;
        return r;
}

Distance distance_between(const DistanceMap *m, HostIx left, HostIx right) {
        Distance d = { .from = DISTANCE_SELF };

        if (left == right)
                return d;
        d.hops = hops_between(m, left, right);
        d.from = DISTANCE_MEASURED;
        d.rtt_us = distance_measured_of(m, left, right);
        if (d.rtt_us == UNKNOWN) {
                d.rtt_us = usual_rtt(m, left, right, &d.from);
                if (d.rtt_us != UNKNOWN)
                        d.rtt_us += m->height[left] + m->height[right];
        }
        if (d.rtt_us > RTT_MAX_US)
                d.rtt_us = RTT_MAX_US;
        d.units = (d.rtt_us > 0 ? d.rtt_us : 0) + DISTANCE_HOP * (d.hops > 0 ? d.hops : 1);
        return d;
}

int64_t distance_height(const DistanceMap *m, HostIx h) {
        return m->height[h];
}

bool distance_tells(const DistanceMap *m) {
        return m->places || m->n_edges > 0;
}

uint32_t distance_measured(const DistanceMap *m, HostIx h, const HostIx **ret) {
        *ret = m->near + m->start[h];
        return m->start[h + 1] - m->start[h];
}
