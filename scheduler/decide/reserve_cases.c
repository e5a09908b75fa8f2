/* Kept up to date case by case. A case looks at the hosts after its own until its VMs have places, so that a
 * move matters to the few cases that looked at its two hosts; the others stay as they are. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/decide/reserve.h"

typedef struct Case {
        HostIx start;   /* the host after the lowest lost one */
        uint32_t reach; /* hosts looked at from there on */
        int64_t uncovered, shortfall;
} Case;

struct Reserve {
        const Problem *p;
        const ReserveGoal *goal;
        int64_t *room;                 /* [host × res] */
        VmIx *first, *next;            /* [host], [vm]: the VMs on each host, by size */
        HostIx *lowest;                /* [domain] its lowest host */
        uint32_t *hosts_start, *hosts; /* [domain + 1]: hosts of each domain; NULL at LEVEL_HOST */
        uint32_t *lost_domain;         /* [domain] stamp: lost in the case at work */
        uint32_t stamp;
        uint32_t n_cases;
        Case *cases;
        uint32_t *domains; /* [case × losses] */
        int64_t uncovered, shortfall;
        int64_t *free, *wanted; /* [domain of the share × 2] */
        uint32_t n_shares;
        int64_t lacking;
        VmIx *list;     /* scratch: VMs of a case */
        HostIx *placed; /* scratch: where they found room */
        const uint32_t *rank;
};

static uint32_t n_weighed(const Problem *p) {
        return p->n_res < RES_MEMORY + 1 ? p->n_res : RES_MEMORY + 1;
}

static void list_insert(Reserve *k, VmIx v, HostIx h) {
        VmIx *link = &k->first[h];

        while (*link != IX_NONE && k->rank[*link] < k->rank[v])
                link = &k->next[*link];
        k->next[v] = *link;
        *link = v;
}

static void list_remove(Reserve *k, VmIx v, HostIx h) {
        VmIx *link = &k->first[h];

        while (*link != v)
                link = &k->next[*link];
        *link = k->next[v];
}

static uint32_t share_domain(const Reserve *k, HostIx h) {
        return k->goal->share_level < LEVEL_N ? problem_domain(k->p, k->goal->share_level, h) : 0;
}

static int64_t positive(int64_t x) {
        return x > 0 ? x : 0;
}

/* What the domain lacks of resource r, in 1024ths of the mean host. */
static int64_t lacks(const Reserve *k, uint32_t domain, uint32_t r) {
        const size_t i = (size_t) domain * (RES_MEMORY + 1) + r;
        const int64_t mean = k->goal->mean[r], missing = k->wanted[i] - k->free[i];

        return missing > 0 ? (missing * 1024 + mean - 1) / mean : 0;
}

static void room_add(Reserve *k, HostIx h, const int64_t *need, int64_t sign) {
        int64_t *room = k->room + (size_t) h * k->p->n_res;
        const bool shares = k->n_shares > 0 && reserve_is_refuge(k->p, h);
        const uint32_t domain = shares ? share_domain(k, h) : 0, n = n_weighed(k->p);

        for (uint32_t r = 0; shares && r < n; r++) {
                k->lacking -= lacks(k, domain, r);
                k->free[(size_t) domain * (RES_MEMORY + 1) + r] +=
                        positive(room[r] + sign * need[r]) - positive(room[r]);
                k->lacking += lacks(k, domain, r);
        }
        for (uint32_t r = 0; r < k->p->n_res; r++)
                room[r] += sign * need[r];
}

static void vm_move(Reserve *k, Move m) {
        const int64_t *need = problem_need(k->p, m.vm);

        if (m.from != IX_NONE) {
                room_add(k, m.from, need, 1);
                if (k->goal->counts[m.vm])
                        list_remove(k, m.vm, m.from);
        }
        if (m.to != IX_NONE) {
                room_add(k, m.to, need, -1);
                if (k->goal->counts[m.vm])
                        list_insert(k, m.vm, m.to);
        }
}

static bool is_lost(const Reserve *k, HostIx h) {
        return k->lost_domain[problem_domain(k->p, k->goal->level, h)] == k->stamp;
}

static void mark_lost(Reserve *k, uint32_t c) {
        k->stamp++;
        for (uint32_t i = 0; i < k->goal->losses; i++)
                k->lost_domain[k->domains[(size_t) c * k->goal->losses + i]] = k->stamp;
}

static int by_number(const void *a, const void *b) {
        const uint32_t x = *(const uint32_t *) a, y = *(const uint32_t *) b;

        return (x > y) - (x < y);
}

static uint32_t list_host(Reserve *k, HostIx h, uint32_t n) {
        for (VmIx v = k->first[h]; v != IX_NONE && reserve_may_be_lost(k->p, h); v = k->next[v])
                k->list[n++] = v;
        return n;
}

/* The VMs of the lost hosts by size, into k->list: one host's are sorted already. */
static uint32_t list_lost(Reserve *k, uint32_t c) {
        const ReserveGoal *goal = k->goal;
        uint32_t n = 0, lists = 0;

        for (uint32_t i = 0; i < goal->losses; i++) {
                const uint32_t d = k->domains[(size_t) c * goal->losses + i];

                if (!k->hosts_start) {
                        n = list_host(k, d, n);
                        lists++;
                        continue;
                }
                for (uint32_t j = k->hosts_start[d]; j < k->hosts_start[d + 1]; j++, lists++)
                        n = list_host(k, k->hosts[j], n);
        }
        if (lists > 1) {
                for (uint32_t i = 0; i < n; i++)
                        k->list[i] = k->rank[k->list[i]];
                qsort(k->list, n, sizeof(VmIx), by_number);
                for (uint32_t i = 0; i < n; i++)
                        k->list[i] = goal->by_size[k->list[i]];
        }
        return n;
}

/* How far v is from fitting on h; RESERVE_FAR where it may not be. */
static int64_t far_from(const Reserve *k, VmIx v, HostIx h, const int64_t *need) {
        const Problem *p = k->p;

        if (!reserve_is_refuge(p, h) || is_lost(k, h) || problem_class_denies(p, v, h) != REASON_NONE)
                return RESERVE_FAR;
        return reserve_shortfall(need, k->room + (size_t) h * p->n_res, p->n_res);
}

static HostIx after(const Reserve *k, HostIx h) {
        return h + 1 == k->p->n_hosts ? 0 : h + 1;
}

/* The first host with room from c->start on. *far: how far the nearest is, if none has. */
static HostIx first_place(const Reserve *k, Case *c, VmIx v, int64_t *far) {
        const int64_t *need = problem_need(k->p, v);
        HostIx h = c->start;

        *far = RESERVE_FAR;
        for (uint32_t i = 0; i < k->p->n_hosts; i++, h = after(k, h)) {
                const int64_t this_far = far_from(k, v, h, need);

                if (i >= c->reach)
                        c->reach = i + 1;
                if (this_far == 0)
                        return h;
                *far = this_far < *far ? this_far : *far;
        }
        return IX_NONE;
}

/* The host with room that is fullest with it; of equals, the first from c->start on. */
static HostIx fullest_place(const Reserve *k, Case *c, VmIx v, int64_t *far) {
        const int64_t *need = problem_need(k->p, v);
        HostIx h = c->start, best = IX_NONE;
        int64_t least = 0;

        *far = RESERVE_FAR;
        for (uint32_t i = 0; i < k->p->n_hosts; i++, h = after(k, h)) {
                const int64_t this_far = far_from(k, v, h, need);
                int64_t left;

                *far = this_far < *far ? this_far : *far;
                if (this_far > 0)
                        continue;
                left = reserve_left(need, k->room + (size_t) h * k->p->n_res, k->goal->mean, k->p->n_res);
                if (best == IX_NONE || left < least) {
                        least = left;
                        best = h;
                }
        }
        return best;
}

static void hold(Reserve *k, HostIx h, VmIx v, int64_t sign) {
        const int64_t *need = problem_need(k->p, v);

        for (uint32_t r = 0; r < k->p->n_res; r++)
                k->room[(size_t) h * k->p->n_res + r] -= sign * need[r];
}

/* Places the first n of k->list; k->placed says where. */
static void place_list(Reserve *k, uint32_t n, bool fullest, Case *c) {
        c->uncovered = c->shortfall = 0;
        for (uint32_t i = 0; i < n; i++) {
                const VmIx v = k->list[i];
                int64_t far;

                k->placed[i] = fullest ? fullest_place(k, c, v, &far) : first_place(k, c, v, &far);
                if (k->placed[i] != IX_NONE) {
                        hold(k, k->placed[i], v, 1);
                        continue;
                }
                c->uncovered++;
                c->shortfall += far;
        }
        for (uint32_t i = 0; i < n; i++)
                if (k->placed[i] != IX_NONE)
                        hold(k, k->placed[i], k->list[i], -1);
}

static bool better(const Case *a, const Case *b) {
        return a->uncovered != b->uncovered ? a->uncovered < b->uncovered : a->shortfall < b->shortfall;
}

/* Case c as things are now. *ret_n: its VMs; k->placed is of the way that counts. */
static Case case_judge(Reserve *k, uint32_t c, uint32_t *ret_n) {
        Case first = { .start = k->cases[c].start }, fullest = first;

        mark_lost(k, c);
        *ret_n = list_lost(k, c);
        place_list(k, *ret_n, false, &first);
        if (first.uncovered == 0)
                return first;
        fullest.reach = first.reach; /* all: some VM asked every host */
        place_list(k, *ret_n, true, &fullest);
        if (better(&fullest, &first))
                return fullest;
        place_list(k, *ret_n, false, &first);
        return first;
}

static bool case_touches(const Reserve *k, uint32_t c, HostIx h) {
        const Case *at = &k->cases[c];
        uint32_t domain, steps;

        if (h == IX_NONE)
                return false;
        domain = problem_domain(k->p, k->goal->level, h);
        steps = h >= at->start ? h - at->start : h + k->p->n_hosts - at->start;
        if (steps < at->reach)
                return true;
        for (uint32_t i = 0; i < k->goal->losses; i++)
                if (k->domains[(size_t) c * k->goal->losses + i] == domain)
                        return true;
        return false;
}

static Cost cost_of(int64_t uncovered, int64_t shortfall, int64_t lacking) {
        return uncovered * RESERVE_UNCOVERED + shortfall * RESERVE_SHORTFALL + lacking * RESERVE_LACKING;
}

Cost reserve_cost(const Reserve *k) {
        return cost_of(k->uncovered, k->shortfall, k->lacking);
}

ReserveMeasure reserve_measure(const Reserve *k) {
        return (ReserveMeasure){ k->uncovered, k->lacking };
}

Cost reserve_try(Reserve *k, const Move *moves, uint32_t n, bool *ret_worse) {
        const int64_t lacking = k->lacking;
        int64_t uncovered = 0, shortfall = 0, lacks_more;

        for (uint32_t i = 0; i < n; i++)
                vm_move(k, moves[i]);
        for (uint32_t c = 0; c < k->n_cases; c++) {
                bool touched = false;
                uint32_t n_list;
                Case now;

                for (uint32_t i = 0; i < n && !touched; i++)
                        touched = case_touches(k, c, moves[i].from) || case_touches(k, c, moves[i].to);
                if (!touched)
                        continue;
                now = case_judge(k, c, &n_list);
                uncovered += now.uncovered - k->cases[c].uncovered;
                shortfall += now.shortfall - k->cases[c].shortfall;
        }
        lacks_more = k->lacking - lacking;
        for (uint32_t i = n; i-- > 0;)
                vm_move(k, (Move){ moves[i].vm, moves[i].to, moves[i].from });
        *ret_worse = uncovered > 0 || lacks_more > 0;
        return cost_of(uncovered, shortfall, lacks_more);
}

static void case_update(Reserve *k, uint32_t c) {
        uint32_t n;
        const Case now = case_judge(k, c, &n);

        k->uncovered += now.uncovered - k->cases[c].uncovered;
        k->shortfall += now.shortfall - k->cases[c].shortfall;
        k->cases[c] = now;
}

Cost reserve_move(Reserve *k, Move m) {
        const Cost before = reserve_cost(k);

        vm_move(k, m);
        for (uint32_t c = 0; c < k->n_cases; c++)
                if (case_touches(k, c, m.from) || case_touches(k, c, m.to))
                        case_update(k, c);
        return reserve_cost(k) - before;
}

bool reserve_gap(Reserve *k, ReserveGap *ret) {
        bool any = false;

        *ret = (ReserveGap){ .vm = IX_NONE, .n_cases = k->n_cases };
        for (uint32_t c = 0; c < k->n_cases; c++) {
                uint32_t n, i = 0;

                if (k->cases[c].uncovered == 0)
                        continue;
                ret->cases++;
                if (any)
                        continue;
                any = true;
                (void) case_judge(k, c, &n);
                while (k->placed[i] != IX_NONE)
                        i++;
                ret->vm = k->list[i];
                ret->domains = k->domains + (size_t) c * k->goal->losses;
        }
        return any;
}

void reserve_mark(Reserve *k, bool *marks) {
        for (uint32_t c = 0; c < k->n_cases; c++) {
                uint32_t n;

                if (k->cases[c].uncovered == 0)
                        continue;
                (void) case_judge(k, c, &n);
                for (uint32_t i = 0; i < n; i++)
                        marks[k->list[i]] |= k->placed[i] == IX_NONE;
        }
}

static int count_cases(const ReserveGoal *goal, uint32_t *ret) {
        uint64_t n = goal->losses > 0 && goal->n_domains >= goal->losses ? 1 : 0;

        for (uint32_t i = 0; i < goal->losses && n > 0; i++)
                n = n * (goal->n_domains - i) / (i + 1);
        *ret = (uint32_t) n;
        return n > UINT32_MAX / RESERVE_LOSSES_MAX ? -ENOMEM : 0;
}

/* The hosts of each domain, by counting; at LEVEL_HOST a domain is its host. */
static int index_domains(Arena *a, Reserve *k) {
        const Problem *p = k->p;
        const Level level = k->goal->level;
        const uint32_t n = p->n_domains[level];
        uint32_t *fill;

        k->lowest = arena_new(a, HostIx, n);
        k->lost_domain = arena_new(a, uint32_t, n);
        if (!k->lowest || !k->lost_domain)
                return -ENOMEM;
        for (HostIx h = p->n_hosts; h-- > 0;)
                k->lowest[problem_domain(p, level, h)] = h;
        if (level == LEVEL_HOST)
                return 0;
        k->hosts_start = arena_new(a, uint32_t, (size_t) n + 2);
        k->hosts = arena_new(a, uint32_t, p->n_hosts);
        if (!k->hosts_start || !k->hosts)
                return -ENOMEM;
        fill = k->hosts_start + 1; /* shifted by one: filling moves each start to its place */
        for (HostIx h = 0; h < p->n_hosts; h++)
                fill[p->domain[level][h] + 1]++;
        for (uint32_t d = 0; d < n; d++)
                fill[d + 1] += fill[d];
        for (HostIx h = 0; h < p->n_hosts; h++)
                k->hosts[fill[p->domain[level][h]]++] = h;
        return 0;
}

static int list_cases(Arena *a, Reserve *k) {
        const ReserveGoal *goal = k->goal;
        uint32_t set[RESERVE_LOSSES_MAX] = { 0, 1, 2, 3 };

        if (count_cases(goal, &k->n_cases) < 0)
                return -ENOMEM;
        k->cases = arena_new(a, Case, k->n_cases);
        k->domains = arena_new(a, uint32_t, (size_t) k->n_cases * goal->losses);
        if (!k->cases || !k->domains)
                return -ENOMEM;
        for (uint32_t c = 0; c < k->n_cases; c++) {
                HostIx lowest = k->p->n_hosts;

                for (uint32_t i = 0; i < goal->losses; i++) {
                        const uint32_t d = goal->domains[set[i]];

                        k->domains[(size_t) c * goal->losses + i] = d;
                        lowest = k->lowest[d] < lowest ? k->lowest[d] : lowest;
                }
                k->cases[c].start = after(k, lowest);
                (void) combination_next(set, goal->losses, goal->n_domains);
        }
        return 0;
}

static int count_shares(Arena *a, Reserve *k) {
        const Problem *p = k->p;
        const ReserveGoal *goal = k->goal;
        const uint32_t n = n_weighed(p);
        int64_t *all;

        if (goal->share_permille == 0)
                return 0;
        k->n_shares = goal->share_level < LEVEL_N ? p->n_domains[goal->share_level] : 1;
        k->free = arena_new(a, int64_t, (size_t) k->n_shares * (RES_MEMORY + 1));
        k->wanted = all = arena_new(a, int64_t, (size_t) k->n_shares * (RES_MEMORY + 1));
        if (!k->free || !k->wanted)
                return -ENOMEM;
        for (HostIx h = 0; h < p->n_hosts; h++)
                for (uint32_t r = 0; r < n && reserve_is_refuge(p, h); r++) {
                        const size_t i = (size_t) share_domain(k, h) * (RES_MEMORY + 1) + r;

                        k->free[i] += positive(k->room[(size_t) h * p->n_res + r]);
                        all[i] += problem_capacity(p, h)[r];
                }
        for (uint32_t d = 0; d < k->n_shares; d++)
                for (uint32_t r = 0; r < n; r++) {
                        int64_t *wanted = &all[(size_t) d * (RES_MEMORY + 1) + r];

                        *wanted = *wanted / 1000 * goal->share_permille +
                                  *wanted % 1000 * goal->share_permille / 1000;
                        k->lacking += lacks(k, d, r);
                }
        return 0;
}

static int place_vms(Arena *a, Reserve *k, const HostIx *host_of) {
        const Problem *p = k->p;
        const size_t cells = (size_t) p->n_hosts * p->n_res;

        k->room = arena_new(a, int64_t, cells);
        k->first = arena_new(a, VmIx, p->n_hosts);
        k->next = arena_new(a, VmIx, p->n_vms);
        k->list = arena_new(a, VmIx, p->n_vms);
        k->placed = arena_new(a, HostIx, p->n_vms);
        if (!k->room || !k->first || !k->next || !k->list || !k->placed)
                return -ENOMEM;
        for (size_t i = 0; i < cells; i++)
                k->room[i] = p->capacity[i] - (p->base ? p->base[i] : 0);
        for (HostIx h = 0; h < p->n_hosts; h++)
                k->first[h] = IX_NONE;
        for (uint32_t i = p->n_vms; i-- > 0;) {
                const VmIx v = k->goal->by_size[i];
                const HostIx h = host_of ? host_of[v] : p->home[v];

                for (uint32_t r = 0; r < p->n_res && h != IX_NONE; r++)
                        k->room[(size_t) h * p->n_res + r] -= problem_need(p, v)[r];
                if (k->goal->counts[v] && h != IX_NONE) {
                        k->next[v] = k->first[h];
                        k->first[h] = v;
                }
        }
        return 0;
}

int reserve_build(Arena *a, const Problem *p, const HostIx *host_of, Reserve **ret) {
        Reserve *k = arena_new(a, Reserve, 1);

        if (!k)
                return -ENOMEM;
        k->p = p;
        k->goal = p->reserve;
        k->rank = p->reserve->rank;
        if (place_vms(a, k, host_of) < 0 || index_domains(a, k) < 0 || list_cases(a, k) < 0 ||
            count_shares(a, k) < 0)
                return -ENOMEM;
        for (uint32_t c = 0; c < k->n_cases; c++)
                case_update(k, c);
        *ret = k;
        return 0;
}
