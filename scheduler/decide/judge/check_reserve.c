/* SPDX-License-Identifier: Apache-2.0 */
/* The judge's own look at the reserve, from the definition in reserve_cover.h: after every wave no VM of a
 * lost set of hosts lacks a place that had one, except by moves that may spend the reserve. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/decide/judge/check_parts.h"

typedef struct Guest {
        int64_t size;
        VmIx vm;
} Guest;

typedef struct Wish {
        int64_t losses, share;
        int level, share_level; /* of Level; LEVEL_N: the whole cluster is one */
} Wish;

struct CheckReserve {
        Wish wish;
        Guest *guests; /* [n_guests] that could be started elsewhere, largest first */
        uint32_t n_guests;
        uint32_t *of, *of_start; /* guests by domain, as the wave has them: indexes into guests, ascending */
        int64_t average[2];      /* what the mean host has of CPU and memory */
        uint32_t *names;         /* [n_names] domains with a host that may be lost */
        uint32_t n_names;
        bool *loses;                     /* [domain] in the case at work */
        int64_t *used;                   /* [host × res] by the case at work */
        int64_t *most, *need;            /* [host × res], [vm × res]: asked very often */
        HostIx *fits;                    /* [vm] the last host that it was seen to fit on, or IX_NONE */
        HostIx *took;                    /* scratch: hosts that guests of the case were put on */
        bool *spends;                    /* [vm] */
        int64_t worst_left, worst_share; /* what counted as acceptable so far */
};

static uint32_t check_reserve_place_of(const Check *c, int level, HostIx h) {
        return level == LEVEL_N ? 0 : c->domain[level][h];
}

static bool check_reserve_emptied(const Host *host) {
        return host->state == HOST_MAINTENANCE || host->fault_grade >= 3;
}

static bool check_reserve_losable(const Host *host) {
        return host->state != HOST_OFFLINE && host->excluded == EXCLUDED_NONE && !check_reserve_emptied(host);
}

static bool check_reserve_shelters(const Host *host) {
        return host->state == HOST_ACTIVE && host->excluded == EXCLUDED_NONE && !host->no_entry_why &&
               host->fault_grade < 2;
}

static bool check_reserve_is_lost(const Check *c, HostIx h) {
        return c->reserve->loses[check_reserve_place_of(c, c->reserve->wish.level, h)];
}

/* Whether h has room for the guest beside what the case placed already; what CPU and memory that leaves. */
static bool check_reserve_takes(const Check *c, VmIx v, HostIx h, int64_t *ret_left) {
        CheckReserve *k = c->reserve;

        *ret_left = 0;
        if (!check_reserve_shelters(&c->s->hosts[h]) || check_reserve_is_lost(c, h))
                return false;
        for (uint32_t r = 0; r < c->n_res; r++) {
                const size_t i = (size_t) h * c->n_res + r;
                const int64_t need = k->need[(size_t) v * c->n_res + r];
                const int64_t room = k->most[i] - c->held[i] - k->used[i];

                if (need > 0 && need > room)
                        return false;
                if (r <= RES_MEMORY)
                        *ret_left += (room - need) * 1024 / k->average[r];
        }
        if (k->fits[v] != h && (check_fit(c, v, h) != REASON_NONE || check_rules_forbid(c, v, h)))
                return false;
        k->fits[v] = h;
        return true;
}

/* The guests of the lost domains, one after the other by size: the next one, or NULL. */
static const Guest *next_guest(const CheckReserve *k, const uint32_t *lost, uint32_t *at) {
        uint32_t best = UINT32_MAX, which = 0;

        for (uint32_t i = 0; i < k->wish.losses; i++)
                if (at[i] < k->of_start[lost[i] + 1] && k->of[at[i]] < best) {
                        best = k->of[at[i]];
                        which = i;
                }
        if (best == UINT32_MAX)
                return NULL;
        at[which]++;
        return &k->guests[best];
}

/* How many guests of the lost domains stay without a place, hosts being tried from `begin` on. */
static int64_t check_reserve_left_over(const Check *c, const uint32_t *lost, HostIx begin, bool tightest) {
        CheckReserve *k = c->reserve;
        const uint32_t n = c->s->n_hosts;
        uint32_t at[RESERVE_LOSSES_MAX];
        const Guest *g;
        uint32_t n_took = 0;
        int64_t over = 0;

        for (uint32_t i = 0; i < k->wish.losses; i++)
                at[i] = k->of_start[lost[i]];
        while ((g = next_guest(k, lost, at))) {
                int64_t least = INT64_MAX, left;
                HostIx found = IX_NONE;

                for (uint32_t step = 0; step < n && (tightest || found == IX_NONE); step++) {
                        const HostIx h = (HostIx) (((uint64_t) begin + step) % n);

                        if (!check_reserve_takes(c, g->vm, h, &left) || (found != IX_NONE && left >= least))
                                continue;
                        least = left;
                        found = h;
                }
                over += found == IX_NONE;
                for (uint32_t r = 0; r < c->n_res && found != IX_NONE; r++)
                        k->used[(size_t) found * c->n_res + r] += k->need[(size_t) g->vm * c->n_res + r];
                if (found != IX_NONE)
                        k->took[n_took++] = found;
        }
        while (n_took-- > 0)
                memset(k->used + (size_t) k->took[n_took] * c->n_res, 0, sizeof(int64_t) * c->n_res);
        return over;
}

static int64_t case_left_over(const Check *c, const uint32_t *lost) {
        HostIx begin = 0;
        int64_t first, second;

        while (!check_reserve_is_lost(c, begin))
                begin++;
        first = check_reserve_left_over(c, lost, begin + 1, false);
        if (first == 0)
                return 0;
        second = check_reserve_left_over(c, lost, begin + 1, true);
        return second < first ? second : first;
}

/* Guests by the domain they are in now, by counting; hosts that are no longer counted on lose none. */
static void sort_guests(const Check *c) {
        CheckReserve *k = c->reserve;
        const uint32_t n = c->s->n_hosts;
        uint32_t *fill = k->of_start + 1;

        memset(k->of_start, 0, sizeof(uint32_t) * ((size_t) n + 2));
        for (int pass = 0; pass < 2; pass++) {
                for (uint32_t i = 0; i < k->n_guests; i++) {
                        const HostIx h = c->at[k->guests[i].vm];

                        if (!check_reserve_losable(&c->s->hosts[h]))
                                continue;
                        if (pass == 0)
                                fill[check_reserve_place_of(c, k->wish.level, h) + 1]++;
                        else
                                k->of[fill[check_reserve_place_of(c, k->wish.level, h)]++] = i;
                }
                for (uint32_t d = 0; d < n && pass == 0; d++)
                        fill[d + 1] += fill[d];
        }
}

/* Over all sets of so many domains. */
static int64_t all_left_over(Check *c) {
        CheckReserve *k = c->reserve;
        const uint32_t losses = (uint32_t) k->wish.losses;
        uint32_t pick[RESERVE_LOSSES_MAX] = { 0, 1, 2, 3 }, lost[RESERVE_LOSSES_MAX];
        int64_t sum = 0;
        uint32_t last;

        if (losses == 0 || k->n_names < losses)
                return sum;
        sort_guests(c);
        do {
                for (uint32_t i = 0; i < losses; i++) {
                        lost[i] = k->names[pick[i]];
                        k->loses[lost[i]] = true;
                }
                sum += case_left_over(c, lost);
                for (uint32_t i = 0; i < losses; i++)
                        k->loses[lost[i]] = false;
                for (last = losses; last > 0 && pick[last - 1] == k->n_names - losses + last - 1;)
                        last--;
                if (last > 0)
                        pick[last - 1]++;
                for (uint32_t i = last; i < losses && last > 0; i++)
                        pick[i] = pick[i - 1] + 1;
        } while (last > 0 && !check_time_is_up(c));
        return sum;
}

/* What the hosts that take VMs lack of the share they should have free, in 1024ths of the mean host. */
static int64_t share_short(const Check *c) {
        const CheckReserve *k = c->reserve;
        int64_t sum = 0;

        for (uint32_t d = 0; d < c->s->n_hosts && k->wish.share > 0; d++)
                for (uint32_t r = 0; r <= RES_MEMORY; r++) {
                        int64_t has = 0, free = 0, wanted;

                        for (HostIx h = 0; h < c->s->n_hosts; h++) {
                                const int64_t most = check_capacity(c, h, r);
                                const int64_t room = most - c->held[(size_t) h * c->n_res + r];

                                if (!check_reserve_shelters(&c->s->hosts[h]) ||
                                    check_reserve_place_of(c, k->wish.share_level, h) != d)
                                        continue;
                                has += most;
                                free += room > 0 ? room : 0;
                        }
                        wanted = has / 1000 * k->wish.share + has % 1000 * k->wish.share / 1000;
                        if (free < wanted)
                                sum += ((wanted - free) * 1024 + k->average[r] - 1) / k->average[r];
                        if (k->wish.share_level == LEVEL_N && r == RES_MEMORY)
                                return sum;
                }
        return sum;
}

static bool check_reserve_overfull(const Check *c, HostIx h) {
        for (uint32_t r = 0; r < c->n_res; r++)
                if (c->held[(size_t) h * c->n_res + r] > check_capacity(c, h, r))
                        return true;
        return false;
}

static bool may_spend(Check *c, VmIx v, const bool *broken, bool waits) {
        const HostIx h = c->s->vms[v].host;
        const Host *host = &c->s->hosts[h];

        if (host->state != HOST_OFFLINE && host->excluded == EXCLUDED_NONE &&
            (snapshot_vm_fault(c->s, v, NULL) >= 3 || (host->state == HOST_MAINTENANCE && !waits)))
                return true;
        for (uint32_t i = c->rules_start[v]; i < c->rules_start[v + 1]; i++)
                if (broken[c->rules_of[i]])
                        return true;
        return check_reserve_overfull(c, h) || check_rules_forbid(c, v, h);
}

static int list_spenders(Check *c) {
        bool *broken = arena_new(c->arena, bool, c->s->n_rules);
        const bool waits = settings_int(c->settings, "reserve", "maintenance") != 0;

        if (!broken)
                return -ENOMEM;
        for (uint32_t i = 0; i < c->s->n_rules && !check_time_is_up(c); i++)
                broken[i] = check_rule_broken(c, &c->s->rules[i]);
        for (VmIx v = 0; v < c->s->n_vms; v++)
                c->reserve->spends[v] = may_spend(c, v, broken, waits);
        return 0;
}

static int check_reserve_larger_first(const void *left, const void *right) {
        const Guest *x = left, *y = right;

        if (x->size != y->size)
                return x->size > y->size ? -1 : 1;
        return x->vm < y->vm ? -1 : x->vm > y->vm;
}

static void size_guests(Check *c) {
        CheckReserve *k = c->reserve;

        for (uint32_t r = 0; r <= RES_MEMORY; r++) {
                for (HostIx h = 0; h < c->s->n_hosts; h++)
                        k->average[r] += check_capacity(c, h, r);
                k->average[r] = c->s->n_hosts > 0 ? k->average[r] / c->s->n_hosts : 0;
                if (k->average[r] < 1)
                        k->average[r] = 1;
        }
        for (VmIx v = 0; v < c->s->n_vms; v++) {
                const int64_t cpu = check_demand(c, v, RES_CPU) * 65536 / k->average[RES_CPU];
                const int64_t memory = check_demand(c, v, RES_MEMORY) * 65536 / k->average[RES_MEMORY];

                if (c->s->vms[v].local_disk_mib <= 0)
                        k->guests[k->n_guests++] = (Guest){ cpu > memory ? cpu : memory, v };
        }
        qsort(k->guests, k->n_guests, sizeof(Guest), check_reserve_larger_first);
}

static int name_domains(Check *c) {
        CheckReserve *k = c->reserve;
        bool *may = arena_new(c->arena, bool, c->s->n_hosts);

        if (!may)
                return -ENOMEM;
        for (HostIx h = 0; h < c->s->n_hosts; h++)
                may[check_reserve_place_of(c, k->wish.level, h)] |= check_reserve_losable(&c->s->hosts[h]);
        for (uint32_t d = 0; d < c->s->n_hosts; d++)
                if (may[d])
                        k->names[k->n_names++] = d;
        return 0;
}

/* More losses than can be looked at become fewer: VMs in all cases together are at most 2^19. */
static void bound_losses(const Check *c, Wish *w, uint32_t n_names) {
        for (; w->losses > 1; w->losses--) {
                uint64_t n = c->s->n_vms;

                for (uint32_t i = 1; i < w->losses && n <= UINT64_C(1) << 19; i++)
                        n = n * (n_names > i ? n_names - i : 1) / i;
                if (n <= UINT64_C(1) << 19)
                        return;
        }
}

static int note_sizes(Check *c) {
        CheckReserve *k = c->reserve;
        const uint32_t n_res = c->n_res;

        k->most = arena_new(c->arena, int64_t, (size_t) c->s->n_hosts * n_res);
        k->need = arena_new(c->arena, int64_t, (size_t) c->s->n_vms * n_res);
        k->fits = arena_new(c->arena, HostIx, c->s->n_vms);
        k->took = arena_new(c->arena, HostIx, c->s->n_vms);
        if (!k->most || !k->need || !k->fits || !k->took)
                return -ENOMEM;
        for (size_t i = 0; i < (size_t) c->s->n_hosts * n_res; i++)
                k->most[i] = check_capacity(c, (HostIx) (i / n_res), (uint32_t) (i % n_res));
        for (size_t i = 0; i < (size_t) c->s->n_vms * n_res; i++)
                k->need[i] = check_demand(c, (VmIx) (i / n_res), (uint32_t) (i % n_res));
        for (VmIx v = 0; v < c->s->n_vms; v++)
                k->fits[v] = IX_NONE;
        return 0;
}

int check_reserve_begin(Check *c) {
        static const int losses_of[] = { LEVEL_HOST, LEVEL_RACK, LEVEL_ZONE };
        static const int share_of[] = { LEVEL_N, LEVEL_RACK, LEVEL_ZONE };
        const size_t n = c->s->n_hosts;
        CheckReserve *k = arena_new(c->arena, CheckReserve, 1);

        if (!k)
                return -ENOMEM;
        k->wish = (Wish){ .losses = settings_int(c->settings, "reserve", "losses"),
                          .share = settings_int(c->settings, "reserve", "share"),
                          .level = losses_of[settings_int(c->settings, "reserve", "losses_of")],
                          .share_level = share_of[settings_int(c->settings, "reserve", "share_of")] };
        if (k->wish.losses == 0 && k->wish.share == 0)
                return 0;
        c->reserve = k;
        k->guests = arena_new(c->arena, Guest, c->s->n_vms);
        k->of = arena_new(c->arena, uint32_t, c->s->n_vms);
        k->of_start = arena_new(c->arena, uint32_t, n + 2);
        k->names = arena_new(c->arena, uint32_t, n);
        k->loses = arena_new(c->arena, bool, n);
        k->used = arena_new(c->arena, int64_t, n * c->n_res);
        k->spends = arena_new(c->arena, bool, c->s->n_vms);
        if (!k->guests || !k->of || !k->of_start || !k->names || !k->loses || !k->used || !k->spends ||
            name_domains(c) < 0 || list_spenders(c) < 0 || note_sizes(c) < 0)
                return -ENOMEM;
        bound_losses(c, &k->wish, k->n_names);
        size_guests(c);
        k->worst_left = all_left_over(c);
        k->worst_share = share_short(c);
        return 0;
}

/* The wave's moves that may not spend the reserve, made or unmade. */
static void shift_others(Check *c, const CheckMove *moves, uint32_t n, bool made) {
        for (uint32_t i = 0; i < n; i++) {
                const HostIx gives = made ? moves[i].move.from : moves[i].move.to,
                             gets = made ? moves[i].move.to : moves[i].move.from;

                if (c->reserve->spends[moves[i].move.vm])
                        continue;
                c->at[moves[i].move.vm] = gets;
                check_room_shift(c, moves[i].move.vm, gives, gets);
        }
}

static int object_wave(Check *c, const CheckMove *moves, uint32_t n, int64_t left, int64_t share) {
        const CheckReserve *k = c->reserve;
        uint32_t i = 0;

        while (i + 1 < n && k->spends[moves[i].move.vm])
                i++;
        return check_object(
                c, &moves[i], VERDICT_REFUSED, REASON_RESERVE,
                left > k->worst_left
                        ? text_format(
                                  c->arena,
                                  "%s to %s in wave %u: over all losses that the reserve covers, %lld VMs would have no room "
                                  "elsewhere after the wave, %lld before",
                                  c->s->vms[moves[i].move.vm].name, c->s->hosts[moves[i].move.to].name,
                                  check_wave_said(&moves[i]), (long long) left, (long long) k->worst_left)
                        : text_format(
                                  c->arena,
                                  "%s to %s in wave %u: the share to keep free would be short by %lld/1024 of a host after the "
                                  "wave, %lld before",
                                  c->s->vms[moves[i].move.vm].name, c->s->hosts[moves[i].move.to].name,
                                  check_wave_said(&moves[i]), (long long) share, (long long) k->worst_share));
}

int check_reserve_wave(Check *c, const CheckMove *moves, uint32_t n) {
        CheckReserve *k = c->reserve;
        int64_t left, share, spent_left, spent_share;
        int r = 0;

        if (!k || n == 0)
                return 0;
        left = all_left_over(c);
        share = share_short(c);
        if (left <= k->worst_left && share <= k->worst_share)
                return 0;
        shift_others(c, moves, n, false);
        spent_left = all_left_over(c);
        spent_share = share_short(c);
        shift_others(c, moves, n, true);
        k->worst_left = spent_left > k->worst_left ? spent_left : k->worst_left;
        k->worst_share = spent_share > k->worst_share ? spent_share : k->worst_share;
        if (left > k->worst_left || share > k->worst_share)
                r = object_wave(c, moves, n, left, share);
        return r;
}
