/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/decide/order/wave_links.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/base/compare.h"

#define NOWHERE UINT32_MAX

/* A host has few switches, a VM few pools; the rest of them does not count. */
#define NAMES_MOST 8

typedef struct LinkMove {
        MigrationFacts facts;
        MigrationRoute route;
        int64_t sending_ms, alone_ms, ms;        /* ms: as the wave is */
        uint32_t next[ROUTE_LINKS_MAX];          /* on the same link; NOWHERE */
        uint32_t marks[3 * NAMES_MOST], n_marks; /* of counted[]: switches, then pools */
} LinkMove;

typedef struct LinkState {
        uint32_t first, n;  /* of its moves */
        int64_t sending_ms; /* the sum of all, each alone */
} LinkState;

struct WaveLinks {
        const MigrationNet *net;
        LinkCaps caps;
        LinkState *links;
        LinkMove *moves; /* [n] of the wave */
        uint32_t n;
        LinkMove next;      /* the one that was asked for last */
        const char **names; /* of switches and pools, sorted; a switch is "s" and its name, a pool "p" */
        uint32_t *counted, n_names;
};

/* ---- switches and pools ---- */

static int add_names(Arena *a, const char **names, uint32_t *io_n, const char *kind, Strings list) {
        for (uint32_t i = 0; i < list.n && i < NAMES_MOST; i++) {
                names[*io_n] = text_format(a, "%s%s", kind, list.at[i]);
                if (!names[(*io_n)++])
                        return -ENOMEM;
        }
        return 0;
}

static int list_names(Arena *a, WaveLinks *w) {
        const Snapshot *s = w->net->s;
        size_t room = 0;
        uint32_t n = 0;
        int r = 0;

        for (HostIx h = 0; h < s->n_hosts; h++)
                room += s->hosts[h].switches.n;
        for (VmIx v = 0; v < s->n_vms; v++)
                room += s->vms[v].pools.n;
        w->names = arena_new(a, const char *, room);
        w->counted = arena_new(a, uint32_t, room);
        if (!w->names || !w->counted)
                return -ENOMEM;
        for (HostIx h = 0; r == 0 && h < s->n_hosts && w->caps.per_switch > 0; h++)
                r = add_names(a, w->names, &n, "s", s->hosts[h].switches);
        for (VmIx v = 0; r == 0 && v < s->n_vms && w->caps.per_pool > 0; v++)
                r = add_names(a, w->names, &n, "p", s->vms[v].pools);
        if (r < 0)
                return r;
        qsort(w->names, n, sizeof(*w->names), compare_strings);
        for (uint32_t i = 0; i < n; i++)
                if (w->n_names == 0 || strcmp(w->names[w->n_names - 1], w->names[i]) != 0)
                        w->names[w->n_names++] = w->names[i];
        return 0;
}

typedef struct KindName {
        char kind;
        const char *name;
} KindName;

static int compare_kind(const void *key, const void *entry) {
        const KindName *k = key;
        const char *at = *(const char *const *) entry;

        return *at != k->kind ? k->kind - *at : strcmp(k->name, at + 1);
}

static uint32_t wave_links_place_of(const WaveLinks *w, char kind, const char *name) {
        const KindName key = { kind, name };
        const char *const *found = bsearch(&key, w->names, w->n_names, sizeof(*w->names), compare_kind);

        return found ? (uint32_t) (found - w->names) : NOWHERE;
}

static void wave_links_mark(const WaveLinks *w, LinkMove *m, char kind, Strings list) {
        for (uint32_t i = 0; i < list.n && i < NAMES_MOST; i++) {
                const uint32_t at = wave_links_place_of(w, kind, list.at[i]);
                bool has = false;

                for (uint32_t k = 0; k < m->n_marks; k++)
                        has = has || m->marks[k] == at;
                if (at != NOWHERE && !has)
                        m->marks[m->n_marks++] = at;
        }
}

static bool marks_allow(const WaveLinks *w, const LinkMove *m) {
        for (uint32_t i = 0; i < m->n_marks; i++) {
                const uint32_t most = *w->names[m->marks[i]] == 's' ? w->caps.per_switch : w->caps.per_pool;

                if (w->counted[m->marks[i]] >= most)
                        return false;
        }
        return true;
}

/* ---- links ---- */

int wave_links_new(Arena *a, const MigrationNet *net, LinkCaps caps, uint32_t n, WaveLinks **ret) {
        WaveLinks *w = arena_new(a, WaveLinks, 1);

        if (!w)
                return -ENOMEM;
        w->net = net;
        w->caps = caps;
        w->links = arena_new(a, LinkState, net->n_links);
        w->moves = arena_new(a, LinkMove, n);
        if (!w->links || !w->moves || list_names(a, w) < 0)
                return -ENOMEM;
        wave_links_end(w);
        *ret = w;
        return 0;
}

static bool wave_links_is_of(const MigrationRoute *route, uint32_t link) {
        for (uint32_t i = 0; i < route->n; i++)
                if (route->links[i] == link)
                        return true;
        return false;
}

/* What it has of its way while so many share each link, and one more those of `with`. */
static int64_t share_of(const WaveLinks *w, const LinkMove *m, const MigrationRoute *with) {
        int64_t least = INT64_MAX;

        for (uint32_t i = 0; i < m->route.n; i++) {
                const uint32_t link = m->route.links[i];
                const uint32_t n = w->links[link].n + (with && wave_links_is_of(with, link));
                const int64_t part = w->net->links[link].free_kbit / (n > 0 ? n : 1);

                least = part < least ? part : least;
        }
        return least;
}

static int64_t ms_with(const LinkMove *m, int64_t kbit) {
        MigrationFacts f = m->facts;

        f.basis.bandwidth_kbit = kbit;
        return migration_ms(&f);
}

static LinkMove link_move(const WaveLinks *w, Move m) {
        LinkMove l = { .route = migration_route(w->net, m.from, m.to) };
        bool known;
        const int64_t kbit = migration_route_free(w->net, &l.route, &known);

        l.facts = migration_facts(w->net, m.vm, m.from, m.to, kbit);
        if (w->caps.downtime_ms > 0)
                l.facts.downtime_limit_ms = w->caps.downtime_ms;
        l.alone_ms = ms_with(&l, kbit);
        if (l.alone_ms == MIGRATION_MS_MAX) { /* it will be slowed down; or moved otherwise, or not at all */
                l.facts.mode = MIGRATION_AUTO_CONVERGE;
                l.alone_ms = ms_with(&l, kbit);
        }
        l.sending_ms = l.alone_ms - (l.facts.fixed_ms > 0 ? l.facts.fixed_ms : MIGRATION_FIXED_MS);
        wave_links_mark(w, &l, 's', w->net->s->hosts[m.from].switches);
        wave_links_mark(w, &l, 's', w->net->s->hosts[m.to].switches);
        wave_links_mark(w, &l, 'p', w->net->s->vms[m.vm].pools);
        return l;
}

static bool count_allows(const LinkState *l, uint32_t cap, int64_t fixed_ms) {
        if (cap > 0)
                return l->n < cap;
        return l->n < LINK_MOVES_LEAST || (l->n < LINK_MOVES_MOST && l->sending_ms < l->n * fixed_ms);
}

static uint32_t place_on(const LinkMove *m, uint32_t link) {
        uint32_t i = 0;

        while (m->route.links[i] != link)
                i++;
        return i;
}

/* How long the link is busy with the new one on it too. */
static int64_t busy_with(const WaveLinks *w, uint32_t link, const LinkMove *added) {
        int64_t longest = ms_with(added, share_of(w, added, &added->route));

        for (uint32_t i = w->links[link].first; i != NOWHERE;) {
                const LinkMove *m = &w->moves[i];
                const int64_t ms = ms_with(m, share_of(w, m, &added->route));

                longest = ms > longest ? ms : longest;
                i = m->next[place_on(m, link)];
        }
        return longest;
}

static int64_t busy_now(const WaveLinks *w, uint32_t link) {
        int64_t longest = 0;

        for (uint32_t i = w->links[link].first; i != NOWHERE;
             i = w->moves[i].next[place_on(&w->moves[i], link)])
                longest = w->moves[i].ms > longest ? w->moves[i].ms : longest;
        return longest;
}

/* Of all that go over it, for one more does. */
static void slow_down(WaveLinks *w, uint32_t link) {
        for (uint32_t i = w->links[link].first; i != NOWHERE;) {
                LinkMove *m = &w->moves[i];

                m->ms = ms_with(m, share_of(w, m, NULL));
                i = m->next[place_on(m, link)];
        }
}

bool wave_links_allow(WaveLinks *w, Move move) {
        const uint32_t caps[] = { w->caps.host_out, w->caps.host_in };
        LinkMove *m = &w->next;
        int64_t fixed;

        *m = link_move(w, move);
        fixed = m->alone_ms - m->sending_ms;
        for (uint32_t i = 0; i < 2; i++)
                if (!count_allows(&w->links[m->route.links[i]], caps[i], fixed))
                        return false;
        if (!marks_allow(w, m))
                return false;
        for (uint32_t i = 0; i < m->route.n; i++) {
                const uint32_t link = m->route.links[i];
                const int64_t busy = busy_now(w, link);

                if (w->links[link].n > 0 && (m->alone_ms == MIGRATION_MS_MAX || busy == MIGRATION_MS_MAX ||
                                             busy_with(w, link, m) > busy + m->alone_ms))
                        return false;
        }
        return true;
}

void wave_links_add(WaveLinks *w, Move move) {
        LinkMove *m = &w->moves[w->n];

        *m = link_move(w, move);
        for (uint32_t i = 0; i < m->route.n; i++) {
                LinkState *l = &w->links[m->route.links[i]];

                m->next[i] = l->first;
                l->first = w->n;
                l->n++;
                l->sending_ms += m->sending_ms;
        }
        for (uint32_t i = 0; i < m->route.n; i++)
                slow_down(w, m->route.links[i]);
        for (uint32_t i = 0; i < m->n_marks; i++)
                w->counted[m->marks[i]]++;
        w->n++;
}

void wave_links_end(WaveLinks *w) {
        for (uint32_t i = 0; i < w->net->n_links; i++)
                w->links[i] = (LinkState){ .first = NOWHERE };
        memset(w->counted, 0, w->n_names * sizeof(*w->counted));
        w->n = 0;
}
