/* nic: the network interfaces whose traffic leaves the host: rates, errors, drops, carrier, speed. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "collectors/collector.h"
#include "collectors/link_dump.h"
#include "collectors/rate.h"
#include "collectors/sample_list.h"

#define SCRATCH_BYTES (UINT64_C(64) << 20)
#define PER_HOUR      3600

/* An interface seen before. The kernel never gives a living index to another, but a name it may. */
typedef struct NicRates {
        uint32_t index;
        bool seen; /* in this reading */
        Rate rx, tx, errors, drops;
} NicRates;

typedef struct NicState {
        Arena scratch;
        NicRates *nics;
        uint32_t n_nics, room;
        int fd; /* for ethtool; -1 in fixtures */
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

static int nic_emit(NicState *s, const Link *l, usec_t now, SampleSink *sink) {
        NicRates *nic = nic_find(s, l->index);
        int64_t speed = s->fd >= 0 ? link_speed(s->fd, l->name) : UNKNOWN;
        int r;

        if (!nic)
                return -ENOMEM;
        nic->seen = true;
        r = emit_number(sink, METRIC_NIC_SPEED, l->name, speed);
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
        const Link *links;
        uint32_t n;
        int r;

        arena_rewind(&s->scratch, 0);
        r = link_dump(&s->scratch, env->root, &links, &n);
        for (uint32_t i = 0; r == 0 && i < n; i++)
                if (link_is_uplink(&links[i]))
                        r = nic_emit(s, &links[i], now, sink);
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
        .summary = "network interfaces that lead off the host: rates, errors, carrier, speed (rtnetlink)",
        .runs = RUNS_ON_HOST,
        .state_size = sizeof(NicState),
        .open = nic_open,
        .read = nic_read,
        .close = nic_close,
};
