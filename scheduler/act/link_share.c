/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/act/link_share.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

typedef enum Stage {
        STAGE_IDLE,     /* not started, or it has sent all */
        STAGE_STARTING, /* nothing is sent yet */
        STAGE_SENDING,
} Stage;

/* The links of a move: out of its source, into its target. */
#define WAYS 2

typedef struct Member {
        Stage stage;
        uint32_t plan;  /* the how manieth that was added it is of */
        bool governed;  /* caps are changed */
        bool runs;      /* and has not ended */
        bool ends_soon; /* it has little left, and gets on */
        uint32_t links[WAYS];
        uint32_t planned_at_once; /* on the busier link */
        int64_t budget[WAYS];     /* MiB/s of its wave on each link */
        int64_t planned;          /* MiB/s, at least 1; 0: no cap */
        int64_t asked, in_force;  /* MiB/s; in_force: the greater of what was asked and what is seen */
        int64_t wanted;
} Member;

typedef struct Naming {
        const char **names;
        uint32_t n;
} Naming;

struct LinkShare {
        LinkShareOptions options;
        Member *members;
        uint32_t n, plans;
        Naming hosts;
        uint32_t *started; /* that run, by their start */
        uint32_t n_started;
        int64_t *sum, *most; /* [link] scratch */
};

/* ---- as planned ---- */

static uint32_t host_of(Naming *io, const char *name) {
        uint32_t h = 0;

        while (h < io->n && strcmp(io->names[h], name) != 0)
                h++;
        if (h == io->n)
                io->names[io->n++] = name;
        return h;
}

/* Its cap as planned; next to none of one that has nothing to send; 0: no cap. */
static int64_t planned_kbit(const RunMove *m) {
        const MigrationRequest *q = &m->request;

        if (q->offline)
                return KBIT_A_MIB;
        return q->manner.bandwidth_kbit > 0 ? q->manner.bandwidth_kbit : q->bandwidth_mib_s * KBIT_A_MIB;
}

/* Its cap stays as it is. */
static bool is_fixed(const RunMove *m) {
        const MigrationRequest *q = &m->request;

        return q->offline || q->post_copy || q->manner.strategy == STRATEGY_POST_COPY ||
               q->manner.at_deadline == DEADLINE_POST_COPY;
}

/* What a wave has of a link, in kbit/s: what its moves have together, of so many as go at once. */
typedef struct LinkPlan {
        int64_t kbit;
        uint32_t moves;
        bool open; /* a move without a cap goes over it */
} LinkPlan;

static void plan_wave(LinkShare *s, const RunMove *moves, Member *members, uint32_t n, LinkPlan *links) {
        const uint32_t at_once[WAYS] = { s->options.per_out, s->options.per_in };
        const int64_t most_kbit = s->options.most_kbit;

        for (uint32_t i = 0; i < n; i++)
                for (uint32_t k = 0; k < WAYS; k++)
                        links[members[i].links[k]] = (LinkPlan){ 0 };
        for (uint32_t i = 0; i < n; i++)
                for (uint32_t k = 0; k < WAYS; k++) {
                        LinkPlan *l = &links[members[i].links[k]];

                        l->kbit += planned_kbit(&moves[i]);
                        l->moves++;
                        l->open = l->open || planned_kbit(&moves[i]) <= 0;
                }
        for (uint32_t i = 0; i < n; i++) {
                Member *m = &members[i];

                m->governed = !is_fixed(&moves[i]);
                for (uint32_t k = 0; k < WAYS; k++) {
                        const LinkPlan *l = &links[m->links[k]];
                        const uint32_t most = at_once[k] > 0 && at_once[k] < l->moves ? at_once[k] : l->moves;
                        const int64_t known = k == 0 ? moves[i].out_kbit : moves[i].in_kbit;
                        int64_t kbit = known > 0 ? known : l->kbit * most / l->moves;

                        if (most_kbit > 0 && kbit > most_kbit)
                                kbit = most_kbit;
                        m->budget[k] = kbit / KBIT_A_MIB;
                        m->governed = m->governed && !l->open;
                        m->planned_at_once = most > m->planned_at_once ? most : m->planned_at_once;
                }
        }
}

/* moves[n] are the last n members. */
static void plan_all(LinkShare *s, const RunMove *moves, uint32_t n, LinkPlan *links) {
        Member *members = s->members + s->n - n;

        for (uint32_t i = 0; i < n; i++) {
                Member *m = &members[i];

                m->links[0] = 2 * host_of(&s->hosts, moves[i].request.order->from);
                m->links[1] = 2 * host_of(&s->hosts, moves[i].request.order->to) + 1;
                m->planned = planned_kbit(&moves[i]) / KBIT_A_MIB;
                if (planned_kbit(&moves[i]) > 0 && m->planned == 0)
                        m->planned = 1;
        }
        for (uint32_t first = 0, end; first < n; first = end) {
                for (end = first + 1;
                     end < n && moves[end].request.order->wave == moves[first].request.order->wave;)
                        end++;
                plan_wave(s, moves + first, members + first, end - first, links);
        }
}

LinkShare *link_share_new(LinkShareOptions options) {
        LinkShare *s = calloc(1, sizeof(*s));

        if (s)
                s->options = options;
        return s;
}

/* Room for n members. What was grown of several stays so where one could not be. */
static int link_share_grow(LinkShare *s, size_t n) {
        const size_t n_links = n * 4 + 1; /* a move has two hosts, a host two links */

        return GROW(s->members, n) && GROW(s->started, n) && GROW(s->sum, n_links) &&
                               GROW(s->most, n_links) && GROW(s->hosts.names, n * 2)
                       ? 0
                       : -ENOMEM;
}

int link_share_add(LinkShare *s, const RunMove *moves, uint32_t n) {
        LinkPlan *links;

        if (n == 0)
                return 0;
        if (link_share_grow(s, (size_t) s->n + n) < 0)
                return -ENOMEM;
        links = calloc(((size_t) s->n + n) * 4 + 1, sizeof(*links));
        if (!links)
                return -ENOMEM;
        for (uint32_t i = 0; i < n; i++)
                s->members[s->n + i] = (Member){ .plan = s->plans };
        s->plans++;
        s->n += n;
        plan_all(s, moves, n, links);
        free(links);
        return 0;
}

LinkShare *link_share_free(LinkShare *s) {
        if (s) {
                free(s->members);
                free(s->hosts.names);
                free(s->started);
                free(s->sum);
                free(s->most);
                free(s);
        }
        return NULL;
}

/* ---- while they run ---- */

uint32_t link_share_planned(const LinkShare *s, uint32_t move) {
        return s->members[move].planned_at_once;
}

uint32_t link_share_busy(const LinkShare *s, uint32_t move) {
        uint32_t most = 0;

        for (uint32_t k = 0; k < WAYS; k++) {
                uint32_t n = 0;

                for (uint32_t i = 0; i < s->n_started; i++) {
                        const Member *m = &s->members[s->started[i]];

                        n += m->stage != STAGE_IDLE && !m->ends_soon &&
                             m->links[k] == s->members[move].links[k];
                }
                most = n > most ? n : most;
        }
        return most;
}

/* Whether a move of another plan sends over one of its links; how many do there in all. */
typedef struct Beside {
        uint32_t others, fixed, all;
} Beside;

static Beside link_share_beside(const LinkShare *s, const Member *m, uint32_t way) {
        Beside b = { 0 };

        for (uint32_t i = 0; i < s->n_started; i++) {
                const Member *other = &s->members[s->started[i]];

                if (other == m || other->stage == STAGE_IDLE || other->links[way] != m->links[way])
                        continue;
                b.all++;
                b.others += other->plan != m->plan;
                b.fixed += other->plan != m->plan && !other->governed;
        }
        return b;
}

/* Two at once are usual on a link: a plan that knows nothing of the moves of another one has its part beside them. */
#define AT_ONCE_BESIDE 2

bool link_share_has_room(const LinkShare *s, uint32_t move) {
        const Member *m = &s->members[move];
        const uint32_t busy = link_share_busy(s, move);

        if (busy < m->planned_at_once)
                return true;
        return busy < AT_ONCE_BESIDE &&
               link_share_beside(s, m, 0).others + link_share_beside(s, m, 1).others > 0;
}

/* What it may have of its links by its plan; beside moves of other plans an equal part. */
static int64_t link_share_part(const LinkShare *s, const Member *m) {
        int64_t part = m->planned;

        for (uint32_t k = 0; k < WAYS; k++) {
                const Beside b = link_share_beside(s, m, k);
                const int64_t equal = m->budget[k] / (b.all + 1);

                if (b.others > 0 && equal < part)
                        part = equal;
        }
        return part > 0 ? part : 1;
}

bool link_share_ends_soon(const LinkShare *s, uint32_t move) {
        return s->members[move].stage == STAGE_IDLE || s->members[move].ends_soon;
}

/* What of the link's budget is not in force; the budget is the least of those who go over it. */
static int64_t left_of(const LinkShare *s, uint32_t link, const Member *but) {
        int64_t least = INT64_MAX, sum = 0;

        for (uint32_t i = 0; i < s->n_started; i++) {
                const Member *m = &s->members[s->started[i]];

                if (m == but || m->stage == STAGE_IDLE)
                        continue;
                for (uint32_t k = 0; k < WAYS; k++)
                        if (m->links[k] == link) {
                                sum += m->in_force;
                                least = m->budget[k] < least ? m->budget[k] : least;
                        }
        }
        for (uint32_t k = 0; k < WAYS; k++)
                if (but->links[k] == link && but->budget[k] < least)
                        least = but->budget[k];
        return least - sum;
}

static int64_t link_share_room_of(const LinkShare *s, const Member *m) {
        const int64_t out = left_of(s, m->links[0], m), in = left_of(s, m->links[1], m);

        return out < in ? out : in;
}

int64_t link_share_begin(LinkShare *s, uint32_t move) {
        Member *m = &s->members[move];
        int64_t cap = m->planned;

        for (uint32_t k = 0; k < WAYS; k++)
                if (link_share_beside(s, m, k).fixed > 0) /* nobody lowers that one */
                        m->governed = false;
        if (m->governed && link_share_room_of(s, m) < cap)
                cap = 1;
        m->stage = STAGE_STARTING;
        m->runs = true;
        m->ends_soon = false;
        m->asked = m->in_force = cap;
        s->started[s->n_started++] = move;
        return m->governed ? cap : 0;
}

/* Its memory is there; libvirt's last phases and the look at both hosts need nothing of the link. */
static bool has_sent_all(const MigrationStatus *status) {
        return status->phase > MIGRATION_RUNNING || (status->bytes_total > 0 && status->bytes_done > 0 &&
                                                     status->bytes_left <= 0 && !status->post_copy);
}

void link_share_look(LinkShare *s, uint32_t move, const MigrationStatus *status) {
        Member *m = &s->members[move];

        if (!m->runs)
                return;
        if (has_sent_all(status))
                m->stage = STAGE_IDLE;
        else if (status->phase == MIGRATION_RUNNING && status->bytes_total > 0)
                m->stage = STAGE_SENDING;
        m->ends_soon = m->stage == STAGE_SENDING && status->stalled == 0 &&
                       status->bytes_left / (1 << 20) * USEC_PER_SEC < m->in_force * s->options.prepares;
        m->in_force = status->cap_mib_s > m->asked ? status->cap_mib_s : m->asked;
}

void link_share_end(LinkShare *s, uint32_t move) {
        uint32_t kept = 0;

        for (uint32_t i = 0; i < s->n_started; i++)
                if (s->started[i] != move)
                        s->started[kept++] = s->started[i];
        s->n_started = kept;
        s->members[move].runs = false;
        s->members[move].stage = STAGE_IDLE;
}

static bool is_changeable(const Member *m) {
        return m->governed && m->stage == STAGE_SENDING;
}

/* As much more as both its links have left. */
static void link_share_give(LinkShare *s, Member *m, int64_t at_most) {
        int64_t more = at_most;

        for (uint32_t k = 0; k < WAYS; k++) {
                const int64_t left = s->most[m->links[k]] - s->sum[m->links[k]];

                more = left < more ? left : more;
        }
        if (more <= 0)
                return;
        m->wanted += more;
        for (uint32_t k = 0; k < WAYS; k++)
                s->sum[m->links[k]] += more;
}

/* What each is to have: the least there is, then its part, and the first that can take it what is left over.
 * Those whose cap is not changed now have what they have. */
static void link_share_want(LinkShare *s) {
        for (uint32_t i = 0; i < s->n_started; i++)
                for (uint32_t k = 0; k < WAYS; k++) {
                        s->sum[s->members[s->started[i]].links[k]] = 0;
                        s->most[s->members[s->started[i]].links[k]] = INT64_MAX;
                }
        for (uint32_t i = 0; i < s->n_started; i++) {
                Member *m = &s->members[s->started[i]];

                m->wanted = is_changeable(m) ? 1 : m->in_force;
                for (uint32_t k = 0; k < WAYS && m->stage != STAGE_IDLE; k++) {
                        const uint32_t link = m->links[k];

                        s->sum[link] += m->wanted;
                        s->most[link] = m->budget[k] < s->most[link] ? m->budget[k] : s->most[link];
                }
        }
        for (uint32_t i = 0; i < s->n_started; i++)
                if (is_changeable(&s->members[s->started[i]]))
                        link_share_give(s, &s->members[s->started[i]],
                                        link_share_part(s, &s->members[s->started[i]]) - 1);
        for (uint32_t i = 0; i < s->n_started; i++)
                if (is_changeable(&s->members[s->started[i]]))
                        link_share_give(s, &s->members[s->started[i]], INT64_MAX);
}

void link_share_settle(LinkShare *s, void (*set)(void *arg, uint32_t move, int64_t mib_s), void *arg) {
        link_share_want(s);
        for (uint32_t i = 0; i < s->n_started; i++) {
                Member *m = &s->members[s->started[i]];

                if (!is_changeable(m) || m->wanted >= m->in_force)
                        continue;
                m->asked = m->wanted; /* in force when it is seen */
                set(arg, s->started[i], m->wanted);
        }
        for (uint32_t i = 0; i < s->n_started; i++) {
                Member *m = &s->members[s->started[i]];
                int64_t cap = m->wanted;
                int64_t room;

                if (!is_changeable(m) || m->wanted <= m->in_force)
                        continue;
                room = link_share_room_of(s, m);
                cap = cap < room ? cap : room;
                if (cap <= m->in_force)
                        continue;
                m->asked = m->in_force = cap; /* nobody else gets it */
                set(arg, s->started[i], cap);
        }
}
