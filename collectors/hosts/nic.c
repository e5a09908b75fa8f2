/* SPDX-License-Identifier: Apache-2.0 */
/* nic: the network interfaces whose traffic leaves the host: rates, errors, drops, carrier, speed; of bonds
 * and teams their members; and which of them the way to other hosts' migration addresses leads over. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "collectors/hosts/link_dump.h"
#include "collectors/hosts/route_ask.h"
#include "collectors/parse/word_list.h"
#include "collectors/read/collector.h"
#include "collectors/read/rate.h"
#include "collectors/read/sample_list.h"

#define SCRATCH_BYTES (UINT64_C(64) << 20)
#define PER_HOUR      3600
#define FLAP_SLOTS    12 /* of five minutes: the last hour */
#define FLAP_SLOT     (300 * USEC_PER_SEC)
#define ROUTES_EVERY  (60 * USEC_PER_SEC)

/* An interface seen before. The kernel never gives a living index to another, but a name it may. */
typedef struct NicRates {
        uint32_t index;
        bool seen; /* in this reading */
        Rate rx, tx, errors, drops;
        struct { /* carrier losses ever, at the beginning of each slot */
                uint32_t losses;
                usec_t at; /* 0: none yet */
        } slots[FLAP_SLOTS];
        uint32_t slot;
        int64_t peers; /* hosts that are reached over it */
} NicRates;

typedef struct LinkList {
        const Link *links;
        uint32_t n;
} LinkList;

typedef struct NicState {
        Arena scratch;
        NicRates *nics;
        uint32_t n_nics, room;
        int fd;           /* for ethtool; -1 in fixtures */
        usec_t routes_at; /* 0: never */
        bool has_peers;
} NicState;

static int nic_open(void *state, const CollectorEnv *env) {
        NicState *s = state;

        s->fd = *env->root ? -1 : socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        return arena_open(SCRATCH_BYTES, &s->scratch);
}

static NicRates *nic_find(NicState *s, uint32_t index) {
        for (uint32_t i = 0; i < s->n_nics; i++)
                if (s->nics[i].index == index)
                        return &s->nics[i];
        if (s->n_nics == s->room) {
                uint32_t room = s->room > 0 ? s->room * 2 : 4;
                NicRates *more = realloc(s->nics, room * sizeof(*more));

                if (!more)
                        return NULL;
                s->nics = more;
                s->room = room;
        }
        s->nics[s->n_nics] = (NicRates){ .index = index };
        return &s->nics[s->n_nics++];
}

static void nics_forget_gone(NicState *s) {
        uint32_t kept = 0;

        for (uint32_t i = 0; i < s->n_nics; i++) {
                if (!s->nics[i].seen)
                        continue;
                s->nics[kept] = s->nics[i];
                s->nics[kept++].seen = false;
        }
        s->n_nics = kept;
}

static int emit_rates(NicRates *nic, const Link *l, usec_t now, SampleSink *sink) {
        const struct {
                Metric metric;
                Rate *rate;
                uint64_t counter;
                int64_t num, den;
        } rates[] = {
                { METRIC_NIC_RX, &nic->rx, l->rx_bytes, 8, 1000 },
                { METRIC_NIC_TX, &nic->tx, l->tx_bytes, 8, 1000 },
                { METRIC_NIC_ERRORS, &nic->errors, l->errors, PER_HOUR, 1 },
                { METRIC_NIC_DROPS, &nic->drops, l->drops, PER_HOUR, 1 },
        };

        for (size_t i = 0; i < ARRAY_SIZE(rates); i++) {
                int64_t value;
                int r;

                if (rate_next(rates[i].rate, rates[i].counter, now, rates[i].num, rates[i].den, &value) != 0)
                        continue;
                r = emit_number(sink, rates[i].metric, l->name, value);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* Losses in the last hour, or since it is watched. UNKNOWN at the first reading. */
static int64_t flaps_next(NicRates *nic, const Link *l, usec_t now) {
        uint32_t losses = l->losses_known ? l->carrier_losses : l->carrier_changes / 2, oldest;

        if (!l->losses_known && !l->changes_known)
                return UNKNOWN;
        if (nic->slots[nic->slot].at == 0) {
                nic->slots[nic->slot].losses = losses;
                nic->slots[nic->slot].at = now;
                return UNKNOWN;
        }
        if (now - nic->slots[nic->slot].at >= FLAP_SLOT) {
                nic->slot = (nic->slot + 1) % FLAP_SLOTS;
                nic->slots[nic->slot].losses = losses;
                nic->slots[nic->slot].at = now;
        }
        oldest = nic->slots[(nic->slot + 1) % FLAP_SLOTS].at > 0 ? (nic->slot + 1) % FLAP_SLOTS : 0;
        return losses >= nic->slots[oldest].losses ? losses - nic->slots[oldest].losses : UNKNOWN;
}

/* ---- bonds and teams ---- */

static int bundle_emit(NicState *s, const Link *bundle, const LinkList *all, SampleSink *sink) {
        WordList members = { 0 }, active = { 0 };
        int r;

        for (uint32_t i = 0; i < all->n; i++) {
                const Link *l = &all->links[i];

                if (l->master != bundle->index)
                        continue;
                words_add(&members, l->name);
                if (link_carries(l))
                        words_add(&active, l->name);
        }
        r = emit_text(sink, METRIC_NIC_MODE, bundle->name, link_bond_mode(bundle));
        if (r == 0 && !members.full)
                r = emit_text(sink, METRIC_NIC_MEMBERS, bundle->name, words_join(&members, &s->scratch));
        if (r == 0 && !members.full)
                r = emit_text(sink, METRIC_NIC_ACTIVE, bundle->name, words_join(&active, &s->scratch));
        return r;
}

/* The driver of a bond says the sum of the members that carry its traffic, of one in active-backup the active
 * one's; where it says nothing, they are asked. */
static int64_t nic_speed_of(const NicState *s, const Link *l, const LinkList *all) {
        int64_t speed = s->fd >= 0 ? link_speed(s->fd, l->name) : UNKNOWN, sum = 0;

        if (speed != UNKNOWN || s->fd < 0 || !link_is_bundle(l))
                return speed;
        for (uint32_t i = 0; i < all->n; i++)
                if (all->links[i].master == l->index && link_carries(&all->links[i])) {
                        int64_t one = link_speed(s->fd, all->links[i].name);

                        sum += one > 0 ? one : 0;
                }
        return sum > 0 ? sum : UNKNOWN;
}

/* ---- the way to other hosts ---- */

/* Over which uplink each partner's address is reached; a route changes seldom. */
static void routes_look(NicState *s, const CollectorEnv *env, const LinkList *all, usec_t now) {
        if (*env->root || !env->peer_store || (s->routes_at > 0 && now - s->routes_at < ROUTES_EVERY))
                return;
        s->has_peers = env->peer_store->n > 0;
        if (s->has_peers) /* before there are any, look again soon */
                s->routes_at = now;
        for (uint32_t i = 0; i < s->n_nics; i++)
                s->nics[i].peers = 0;
        for (uint32_t i = 0; i < env->peer_store->n; i++) {
                const Link *uplink;
                NicRates *nic;
                uint32_t index;

                if (route_ask(&env->peer_store->peers[i].address, &index) < 0)
                        continue;
                uplink = link_uplink(all->links, all->n, index);
                nic = uplink ? nic_find(s, uplink->index) : NULL;
                if (nic)
                        nic->peers++;
        }
}

static int nic_emit(NicState *s, const Link *l, const LinkList *all, usec_t now, SampleSink *sink) {
        NicRates *nic = nic_find(s, l->index);
        int r;

        if (!nic)
                return -ENOMEM;
        nic->seen = true;
        r = emit_number(sink, METRIC_NIC_SPEED, l->name, nic_speed_of(s, l, all));
        if (r == 0 && link_is_bundle(l))
                r = bundle_emit(s, l, all, sink);
        if (r == 0)
                r = emit_number(sink, METRIC_NIC_FLAPS, l->name, flaps_next(nic, l, now));
        if (r == 0 && s->has_peers)
                r = emit_number(sink, METRIC_NIC_PEERS, l->name, nic->peers);
        if (r == 0 && l->carrier_known)
                r = emit_number(sink, METRIC_NIC_CARRIER, l->name, l->carrier);
        if (r == 0 && l->changes_known)
                r = emit_number(sink, METRIC_NIC_CARRIER_CHANGES, l->name, l->carrier_changes);
        if (r == 0 && l->stats_known)
                r = emit_rates(nic, l, now, sink);
        return r;
}

static int nic_read(void *state, const CollectorEnv *env, usec_t now, SampleSink *sink) {
        NicState *s = state;
        LinkList all = { 0 };
        int r;

        arena_rewind(&s->scratch, 0);
        r = link_dump(&s->scratch, env->root, &all.links, &all.n);
        if (r == 0)
                routes_look(s, env, &all, now);
        for (uint32_t i = 0; r == 0 && i < all.n; i++)
                if (link_is_uplink(&all.links[i]))
                        r = nic_emit(s, &all.links[i], &all, now, sink);
        nics_forget_gone(s);
        return r;
}

static void nic_close(void *state) {
        NicState *s = state;

        if (s->fd >= 0)
                (void) close(s->fd);
        arena_close(&s->scratch);
        free(s->nics);
}

extern const Collector collector_nic;
const Collector collector_nic = {
        .name = "nic",
        .summary = "physical network interfaces: rates, errors, carrier, speed, bonds, routes (rtnetlink)",
        .runs = RUNS_ON_HOST,
        .state_size = sizeof(NicState),
        .open = nic_open,
        .read = nic_read,
        .close = nic_close,
};
