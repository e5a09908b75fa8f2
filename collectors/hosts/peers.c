/* SPDX-License-Identifier: Apache-2.0 */
/* peers: how far the other hosts are. Each reading asks a few of the host's partners (peer_store.h) for an
 * echo, in turn, so that the cost is the same however many hosts there are; the agent answers others between
 * its readings.
 *
 * The time of arrival is the kernel's on both sides (SO_TIMESTAMPNS), and the answer says how long it was
 * held, as in RFC 8762 (STAMP): what an agent was busy with is not counted as distance. Of the last eight
 * round trips the 25th percentile is told: a probe that met a full queue is no news of distance (Ledlie,
 * Gardner and Seltzer, "Network Coordinates in the Wild", NSDI 2007).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "collectors/hosts/peer_store.h"
#include "collectors/read/collector.h"
#include "collectors/read/sample_list.h"
#include "scheduler/base/compare.h"

#define ASKED_AT_ONCE   4
#define KEPT            8                 /* round trips of a peer */
#define PROBES          16                /* whose loss is told */
#define RECEIVED_MOST   256               /* packets at one look */
#define HELD_MOST_NS    INT64_C(50000000) /* an answer held longer tells nothing: clocks drift */
#define WAIT_MOST       (2 * USEC_PER_SEC)
#define ANSWERS_A_SEC   100
#define ANSWERS_AT_ONCE 200
#define TURNS_KEPT      4 /* a peer that has not answered for so many turns of the rotation … */
#define AGE_LEAST       (60 * USEC_PER_SEC)
#define NSEC_PER_SEC    INT64_C(1000000000)

typedef struct PeerState {
        char name[256];
        PeerAddress address;
        uint64_t nonce;               /* 0: nothing is asked */
        int64_t asked_ns;             /* real time */
        usec_t asked_at, answered_at; /* monotonic */
        int64_t rtt_us[KEPT];
        uint32_t n_rtt;    /* ever */
        uint32_t lost;     /* a bit a probe, the newest lowest */
        uint32_t n_probes; /* at most PROBES */
} PeerState;

typedef struct PeersState {
        int fd;
        PeerState peers[PEERS_MOST];
        uint32_t n, next;
        uint64_t edition;
        usec_t read_at, turn; /* of the last reading; how far apart readings are */
        int64_t allowance;    /* answers × USEC_PER_SEC */
        usec_t allowed_at;
} PeersState;

extern const Collector collector_peers;

static const SettingDef peers_settings[] = {
        { .name = "address",
          .type = SETTING_TEXT,
          .def_text = "",
          .doc = "Address on which this host answers the echo packets of other agents; migrations should use "
                 "the same network. Default: the host in --advertise." },
        { .name = "port",
          .type = SETTING_COUNT,
          .def = PEERS_PORT,
          .min = 1,
          .max = 65535,
          .doc = "UDP port of the echo." },
        { .name = "key_file",
          .type = SETTING_TEXT,
          .def_text = "",
          .doc = "File with the key for signing echo packets, 64 hexadecimal digits, the same on all hosts. "
                 "Default: the agents share a key through Redis." },
        { 0 },
};

static int peers_open(void *state, const CollectorEnv *env) {
        PeersState *s = state;
        const int on = 1;

        s->fd = -1;
        if (!env->peer_store || env->peer_store->own.length == 0)
                return 1;
        s->fd = socket(env->peer_store->own.at.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (s->fd < 0)
                return -errno;
        if (setsockopt(s->fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)) < 0 ||
            bind(s->fd, (const struct sockaddr *) &env->peer_store->own.at, env->peer_store->own.length) < 0)
                return -errno;
        return 0;
}

/* ---- who is asked ---- */

static PeerState *peer_find(PeersState *s, const char *name) {
        for (uint32_t i = 0; i < s->n; i++)
                if (strcmp(s->peers[i].name, name) == 0)
                        return &s->peers[i];
        return NULL;
}

static bool same_address(const PeerAddress *left, const PeerAddress *right) {
        char x[PEER_TEXT_SIZE], y[PEER_TEXT_SIZE];

        return strcmp(peer_address_print(left, x), peer_address_print(right, y)) == 0;
}

/* The peer store's partners, with what is known of those that were partners before. */
static int partners_take(PeersState *s, const PeerStore *peer_store) {
        PeerState *now;

        if (s->edition == peer_store->edition)
                return 0;
        now = calloc(PEERS_MOST, sizeof(*now));
        if (!now)
                return -ENOMEM;
        assert(peer_store->n <= PEERS_MOST);
        for (uint32_t i = 0; i < peer_store->n; i++) {
                const Peer *p = &peer_store->peers[i];
                const PeerState *was = peer_find(s, p->name);

                if (was && same_address(&was->address, &p->address))
                        now[i] = *was;
                memcpy(now[i].name, p->name, strlen(p->name) + 1); /* a name: at most 255 bytes */
                now[i].address = p->address;
        }
        memcpy(s->peers, now, sizeof(s->peers));
        free(now);
        s->n = peer_store->n;
        s->edition = peer_store->edition;
        return 0;
}

static int64_t real_ns(void) {
        struct timespec t;

        (void) clock_gettime(CLOCK_REALTIME, &t);
        return t.tv_sec * NSEC_PER_SEC + t.tv_nsec;
}

static void probe_end(PeerState *state, bool lost) {
        state->nonce = 0;
        state->lost = (state->lost << 1 | lost) & ((UINT32_C(1) << PROBES) - 1);
        state->n_probes += state->n_probes < PROBES;
}

static void peers_ask(const PeersState *s, PeerState *state, const PeerStore *peer_store, usec_t now) {
        EchoPacket question = { .kind = ECHO_QUESTION };
        unsigned char bytes[ECHO_BYTES];

        if (getrandom(&question.nonce, sizeof(question.nonce), 0) != (ssize_t) sizeof(question.nonce) ||
            question.nonce == 0)
                return;
        echo_print(&question, peer_store->key, state->name, bytes);
        state->nonce = question.nonce;
        state->asked_at = now;
        state->asked_ns = real_ns();
        (void) sendto(s->fd, bytes, sizeof(bytes), 0, (const struct sockaddr *) &state->address.at,
                      state->address.length);
}

static void ask_some(PeersState *s, const PeerStore *peer_store, usec_t now) {
        for (uint32_t i = 0; i < s->n; i++)
                if (s->peers[i].nonce != 0 && now - s->peers[i].asked_at > WAIT_MOST)
                        probe_end(&s->peers[i], true);
        for (uint32_t i = 0; i < ASKED_AT_ONCE && i < s->n; i++) {
                PeerState *p = &s->peers[s->next++ % s->n];

                if (p->nonce == 0)
                        peers_ask(s, p, peer_store, now);
        }
        s->next %= s->n > 0 ? s->n : 1;
}

/* ---- what arrives ---- */

typedef struct Arrival {
        unsigned char bytes[ECHO_BYTES + 1]; /* one more than a packet has: a longer one is seen to be */
        size_t n;
        PeerAddress from;
        int64_t at_ns;
} Arrival;

static bool arrival_take(int fd, Arrival *ret) {
        union {
                struct cmsghdr align;
                char room[CMSG_SPACE(sizeof(struct timespec))];
        } control;
        struct iovec part = { .iov_base = ret->bytes, .iov_len = sizeof(ret->bytes) };
        struct msghdr m = { .msg_name = &ret->from.at,
                            .msg_namelen = sizeof(ret->from.at),
                            .msg_iov = &part,
                            .msg_iovlen = 1,
                            .msg_control = control.room,
                            .msg_controllen = sizeof(control.room) };
        ssize_t n = recvmsg(fd, &m, MSG_DONTWAIT);

        if (n < 0)
                return false;
        ret->n = (size_t) n;
        ret->from.length = m.msg_namelen;
        ret->at_ns = real_ns();
        for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
                struct timespec t;

                if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_TIMESTAMPNS)
                        continue;
                memcpy(&t, CMSG_DATA(c), sizeof(t));
                ret->at_ns = t.tv_sec * NSEC_PER_SEC + t.tv_nsec;
        }
        return true;
}

/* At most ANSWERS_A_SEC, so that who replays questions gets no more than that out of a host. */
static bool answer_is_allowed(PeersState *s, usec_t now) {
        s->allowance += (now - s->allowed_at) * ANSWERS_A_SEC;
        s->allowed_at = now;
        if (s->allowance > ANSWERS_AT_ONCE * USEC_PER_SEC)
                s->allowance = ANSWERS_AT_ONCE * USEC_PER_SEC;
        if (s->allowance < USEC_PER_SEC)
                return false;
        s->allowance -= USEC_PER_SEC;
        return true;
}

static void peers_answer(PeersState *s, const CollectorEnv *env, const Arrival *in,
                         const EchoPacket *question) {
        EchoPacket reply = { .kind = ECHO_ANSWER, .nonce = question->nonce };
        unsigned char bytes[ECHO_BYTES];
        int64_t held;

        if (!echo_is_signed(in->bytes, env->peer_store->key, env->self) ||
            !answer_is_allowed(s, clock_monotonic()))
                return;
        held = real_ns() - in->at_ns;
        reply.held_ns = held > 0 ? (uint64_t) held : 0;
        echo_print(&reply, env->peer_store->key, env->self, bytes);
        (void) sendto(s->fd, bytes, sizeof(bytes), 0, (const struct sockaddr *) &in->from.at,
                      in->from.length);
}

static void answer_take(PeersState *s, const PeerStore *peer_store, const Arrival *in,
                        const EchoPacket *packet) {
        usec_t now = clock_monotonic();

        for (uint32_t i = 0; i < s->n; i++) {
                PeerState *p = &s->peers[i];
                int64_t rtt_ns = in->at_ns - p->asked_ns - (int64_t) packet->held_ns;

                if (p->nonce != packet->nonce || p->nonce == 0 ||
                    !echo_is_signed(in->bytes, peer_store->key, p->name))
                        continue;
                probe_end(p, false);
                /* a clock that was set meanwhile, here or there, gives no round trip */
                if (packet->held_ns > (uint64_t) HELD_MOST_NS || rtt_ns < 0 ||
                    rtt_ns / 1000 > now - p->asked_at + USEC_PER_MSEC)
                        return;
                p->rtt_us[p->n_rtt++ % KEPT] = rtt_ns / 1000 > 0 ? rtt_ns / 1000 : 1;
                p->answered_at = now;
                return;
        }
}

static bool peers_ready(void *state, const CollectorEnv *env) {
        PeersState *s = state;
        Arrival in = { .n = 0 };
        EchoPacket packet;

        if (s->fd < 0)
                return false;
        for (int i = 0; i < RECEIVED_MOST && arrival_take(s->fd, &in); i++) {
                if (!env->peer_store->has_key || echo_parse(in.bytes, in.n, &packet) < 0)
                        continue;
                if (packet.kind == ECHO_QUESTION)
                        peers_answer(s, env, &in, &packet);
                else
                        answer_take(s, env->peer_store, &in, &packet);
        }
        return false;
}

static int peers_fd(const void *state) {
        return ((const PeersState *) state)->fd;
}

/* ---- what is told ---- */

/* The 25th percentile of the last ones, or UNKNOWN: none, or too long ago. */
static int64_t rtt_of(const PeersState *s, const PeerState *state, usec_t now) {
        usec_t age = s->turn * TURNS_KEPT * (s->n / ASKED_AT_ONCE + 1) + AGE_LEAST;
        uint32_t n = state->n_rtt < KEPT ? state->n_rtt : KEPT;
        int64_t sorted[KEPT];

        if (n == 0 || now - state->answered_at > age)
                return UNKNOWN;
        memcpy(sorted, state->rtt_us, n * sizeof(*sorted));
        qsort(sorted, n, sizeof(*sorted), compare_int64);
        return sorted[(n - 1) / 4];
}

static int peer_emit(const PeersState *s, const PeerState *state, usec_t now, SampleSink *sink) {
        int64_t lost =
                state->n_probes > 0 ? (int64_t) __builtin_popcount(state->lost) * 1000 / state->n_probes : 0;
        int r = emit_number(sink, METRIC_PEER_RTT, state->name, rtt_of(s, state, now));

        return r < 0 ? r : emit_number(sink, METRIC_PEER_LOST, state->name, lost > 0 ? lost : UNKNOWN);
}

static int peers_read(void *state, const CollectorEnv *env, usec_t now, SampleSink *sink) {
        PeersState *s = state;
        int r = partners_take(s, env->peer_store);

        if (r < 0)
                return r;
        s->turn = s->read_at > 0 ? now - s->read_at : 0;
        s->read_at = now;
        (void) peers_ready(state, env);
        for (uint32_t i = 0; i < s->n && r == 0; i++)
                r = peer_emit(s, &s->peers[i], now, sink);
        if (r == 0 && env->peer_store->has_key)
                ask_some(s, env->peer_store, now);
        return r;
}

static void peers_close(void *state) {
        PeersState *s = state;

        if (s->fd >= 0)
                (void) close(s->fd);
}

const Collector collector_peers = {
        .name = "peers",
        .summary = "round-trip times to other hosts, measured between the agents by signed UDP packets",
        .runs = RUNS_ON_HOST,
        .settings = peers_settings,
        .state_size = sizeof(PeersState),
        .open = peers_open,
        .read = peers_read,
        .fd = peers_fd,
        .ready = peers_ready,
        .close = peers_close,
};
