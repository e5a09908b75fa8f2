/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/round/sightings.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/base/text.h"
#include "scheduler/base/thread.h"

/* A worker may wait for long, and asks a host that hangs once only; who asks by itself may not. */
#define CONNECT_BY_WORKER (600 * USEC_PER_SEC)
#define CONNECT_AT_MOST   (5 * USEC_PER_SEC)
#define ASK_AGAIN         USEC_PER_SEC /* an answer younger than this serves as it is */
#define NAP               (50 * USEC_PER_MSEC)

typedef struct Sight {
        struct Sight *next;
        char *uuid;
        DomainState state;
        usec_t asked_at, seen_at; /* 0: never */
        bool pending, wanted;     /* it is being asked, or waits for that; the last look was about it */
} Sight;

typedef struct Lane {
        struct Lane *next;
        Sightings *all;
        char *uri, *machine; /* machine NULL: whichever it is */
        Sight *sights;
        bool runs; /* a thread asks this host */
} Lane;

struct Sightings {
        pthread_mutex_t lock; /* of all below */
        pthread_cond_t changed;
        ServiceWorld world;
        Lane *lanes;
        uint32_t threads;
        bool abandoned; /* by its owner: the last thread frees it */
};

static Sight *sight_free(Sight *s) {
        free(s->uuid);
        free(s);
        return NULL;
}

static Lane *lane_free(Lane *lane) {
        free(lane->uri);
        free(lane->machine);
        free(lane);
        return NULL;
}

static void sightings_destroy(Sightings *s) {
        while (s->lanes) {
                Lane *lane = s->lanes;

                s->lanes = lane->next;
                while (lane->sights) {
                        Sight *sight = lane->sights;

                        lane->sights = sight->next;
                        (void) sight_free(sight);
                }
                (void) lane_free(lane);
        }
        (void) pthread_cond_destroy(&s->changed);
        (void) pthread_mutex_destroy(&s->lock);
        free(s);
}

int sightings_new(const ServiceWorld *world, Sightings **ret) {
        Sightings *s = calloc(1, sizeof(*s));

        if (!s)
                return -ENOMEM;
        s->world = *world; /* a thread may outlive who made it */
        (void) pthread_mutex_init(&s->lock, NULL);
        cond_open(&s->changed);
        *ret = s;
        return 0;
}

Sightings *sightings_free(Sightings *s) {
        bool last;

        if (!s)
                return NULL;
        (void) pthread_mutex_lock(&s->lock);
        s->abandoned = true;
        last = s->threads == 0;
        (void) pthread_mutex_unlock(&s->lock);
        if (last)
                sightings_destroy(s);
        return NULL;
}

/* ---- a host's thread ---- */

/* Without the lock. */
static DomainState sightings_ask(const Sightings *s, LibvirtAt at, const char *uuid, usec_t at_most) {
        DomainState state = { .presence = PRESENCE_UNKNOWN, .words = "cannot be queried" };

        if (s->world.look(s->world.self, at, uuid, at_most, &state) < 0)
                state = (DomainState){ .presence = PRESENCE_UNKNOWN,
                                       .words = "cannot be queried: libvirt does not start here" };
        return state;
}

static Sight *lane_next(const Lane *lane) {
        for (Sight *s = lane->sights; s; s = s->next)
                if (s->pending)
                        return s;
        return NULL;
}

static void *lane_run(void *arg) {
        Lane *lane = arg;
        Sightings *s = lane->all;
        bool last;

        (void) pthread_mutex_lock(&s->lock);
        for (Sight *sight; !s->abandoned && (sight = lane_next(lane));) {
                DomainState state;

                (void) pthread_mutex_unlock(&s->lock);
                state = sightings_ask(s, (LibvirtAt){ lane->uri, lane->machine }, sight->uuid,
                                      CONNECT_BY_WORKER);
                (void) pthread_mutex_lock(&s->lock);
                sight->state = state;
                sight->seen_at = clock_monotonic();
                sight->pending = false;
                (void) pthread_cond_broadcast(&s->changed);
        }
        lane->runs = false;
        s->threads--;
        last = s->abandoned && s->threads == 0;
        (void) pthread_mutex_unlock(&s->lock);
        if (last)
                sightings_destroy(s);
        return NULL;
}

/* ---- who asks; under the lock ---- */

static Sight *sightings_find(Sightings *s, const SightingQuery *q, Lane **ret_lane) {
        Lane *lane = s->lanes;
        Sight *sight;

        while (lane && (strcmp(lane->uri, q->uri) != 0 || !text_equal(lane->machine, q->machine)))
                lane = lane->next;
        *ret_lane = lane;
        for (sight = lane ? lane->sights : NULL; sight && strcmp(sight->uuid, q->uuid) != 0;)
                sight = sight->next;
        return sight;
}

static Lane *lane_new(Sightings *s, LibvirtAt at) {
        Lane *lane = calloc(1, sizeof(*lane));

        if (!lane)
                return NULL;
        lane->uri = strdup(at.uri);
        lane->machine = at.machine ? strdup(at.machine) : NULL;
        if (!lane->uri || (at.machine && !lane->machine))
                return lane_free(lane);
        lane->all = s;
        lane->next = s->lanes;
        s->lanes = lane;
        return lane;
}

static int sightings_want(Sightings *s, const SightingQuery *q) {
        const usec_t now = clock_monotonic();
        Lane *lane;
        Sight *sight = sightings_find(s, q, &lane);

        if (!sight) {
                if (!lane && !(lane = lane_new(s, (LibvirtAt){ q->uri, q->machine })))
                        return -ENOMEM;
                sight = calloc(1, sizeof(*sight));
                if (!sight || !(sight->uuid = strdup(q->uuid))) {
                        free(sight);
                        return -ENOMEM;
                }
                sight->next = lane->sights;
                lane->sights = sight;
        }
        sight->wanted = true;
        if (!sight->pending && (sight->seen_at == 0 || now >= sight->seen_at + ASK_AGAIN)) {
                sight->pending = true;
                sight->asked_at = now;
        }
        return 0;
}

/* What the last look was not about goes; one that is asked just now goes later. */
static void sightings_forget(Sightings *s) {
        for (Lane **at = &s->lanes; *at;) {
                Lane *lane = *at;

                for (Sight **one = &lane->sights; *one;) {
                        Sight *sight = *one;

                        if (!sight->wanted && !sight->pending) {
                                *one = sight->next;
                                (void) sight_free(sight);
                        } else {
                                sight->wanted = false;
                                one = &sight->next;
                        }
                }
                if (lane->sights || lane->runs) {
                        at = &lane->next;
                        continue;
                }
                *at = lane->next;
                (void) lane_free(lane);
        }
}

/* A host without a thread gets one, if it has to be asked and may be. That it gets none is seen as no answer. */
static void sightings_begin(Sightings *s) {
        pthread_t thread;

        for (Lane *lane = s->lanes; lane && s->threads < SIGHTINGS_HOSTS; lane = lane->next) {
                if (lane->runs || !lane_next(lane))
                        continue;
                if (thread_begin(&thread, lane_run, lane) < 0)
                        return;
                (void) pthread_detach(thread);
                lane->runs = true;
                s->threads++;
        }
}

/* Until when there is something to wait for; 0: nothing. */
static usec_t sightings_due(Sightings *s, const SightingQuery *queries, uint32_t n, usec_t patience) {
        usec_t due = 0;
        Lane *lane;

        for (uint32_t i = 0; i < n; i++) {
                const Sight *sight =
                        queries[i].uuid && queries[i].uri ? sightings_find(s, &queries[i], &lane) : NULL;

                if (sight && sight->pending && sight->asked_at + patience > due)
                        due = sight->asked_at + patience;
        }
        return due;
}

static void sightings_wait(Sightings *s, const SightingQuery *queries, uint32_t n, usec_t patience,
                           bool (*stops)(void *arg), void *arg) {
        for (usec_t now = clock_monotonic();
             now < sightings_due(s, queries, n, patience) && !(stops && stops(arg));
             now = clock_monotonic()) {
                sightings_begin(s);
                (void) cond_wait_until(&s->changed, &s->lock, now + NAP);
        }
}

static void sightings_fill(Sightings *s, SightingQuery *q) {
        Lane *lane;
        const Sight *sight = q->uri && q->uuid ? sightings_find(s, q, &lane) : NULL;

        q->seen_at = sight ? sight->seen_at : 0;
        q->state = q->seen_at > 0 ? sight->state
                                  : (DomainState){ .presence = PRESENCE_UNKNOWN,
                                                   .words = "cannot be queried: no answer yet" };
}

static void look_alone(const Sightings *s, SightingQuery *q) {
        if (!q->uri || !q->uuid)
                return;
        q->state = sightings_ask(s, (LibvirtAt){ q->uri, q->machine }, q->uuid, CONNECT_AT_MOST);
        q->seen_at = clock_monotonic();
}

int sightings_look(Sightings *s, SightingQuery *queries, uint32_t n, usec_t patience,
                   bool (*stops)(void *arg), void *arg) {
        int r = 0;

        if (!s->world.guards) {
                for (uint32_t i = 0; i < n; i++)
                        look_alone(s, &queries[i]);
                return 0;
        }
        (void) pthread_mutex_lock(&s->lock);
        for (uint32_t i = 0; r == 0 && i < n; i++)
                if (queries[i].uri && queries[i].uuid)
                        r = sightings_want(s, &queries[i]);
        sightings_forget(s);
        sightings_begin(s);
        if (r == 0)
                sightings_wait(s, queries, n, patience, stops, arg);
        for (uint32_t i = 0; r == 0 && i < n; i++)
                sightings_fill(s, &queries[i]);
        (void) pthread_mutex_unlock(&s->lock);
        return r;
}
