/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/simulation/simulation.h"

enum { ACTORS_MAX = SIM_LIVES + 1, EVENTS_MAX = 1 << 16 };

typedef struct Actor {
        usec_t wakes, frozen_until;
        bool dead;
        pthread_cond_t turn;
} Actor;

static pthread_mutex_t time_lock = PTHREAD_MUTEX_INITIALIZER;
static _Atomic int64_t *time_at; /* mapped: the redis-server's clock too */
static Actor actors[ACTORS_MAX];
static int n_actors, time_running;
static _Thread_local int time_me;

static Event heap[EVENTS_MAX];
static uint32_t n_heap;
static uint64_t event_number;

void sim_time_open(const char *dir) {
        char path[200];
        int fd;

        (void) snprintf(path, sizeof(path), "%s/clock", dir);
        fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        must(fd >= 0 && ftruncate(fd, sizeof(*time_at)) == 0, "a file for the clock");
        time_at = mmap(NULL, sizeof(*time_at), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        must(time_at != MAP_FAILED, "a mapped clock");
        (void) close(fd);
        *time_at = BEGIN;
        must(setenv("REDIS_CLOCK", path, 1) == 0, "an environment");
        (void) sim_actor_new(BEGIN);
}

usec_t sim_now(void) {
        return *time_at;
}

int sim_actor(void) {
        return time_me;
}

int sim_actor_new(usec_t wakes) {
        must(n_actors < ACTORS_MAX, "fewer lives of services");
        actors[n_actors] = (Actor){ .wakes = wakes };
        must(pthread_cond_init(&actors[n_actors].turn, NULL) == 0, "a condition");
        return n_actors++;
}

/* Whoever wakes first runs; of several the first by number. */
static void time_pass_on(void) {
        int first = -1;

        for (int i = 0; i < n_actors; i++)
                if (!actors[i].dead && (first < 0 || actors[i].wakes < actors[first].wakes))
                        first = i;
        time_running = first;
        if (actors[first].wakes > *time_at)
                *time_at = actors[first].wakes;
        (void) pthread_cond_signal(&actors[first].turn);
}

static void time_wait(void) {
        while (time_running != time_me || actors[time_me].dead)
                (void) pthread_cond_wait(&actors[time_me].turn, &time_lock);
}

void sim_actor_begin(int actor) {
        time_me = actor;
        (void) pthread_mutex_lock(&time_lock);
        time_wait();
        (void) pthread_mutex_unlock(&time_lock);
}

void sim_sleep(usec_t d) {
        Actor *me = &actors[time_me];

        (void) pthread_mutex_lock(&time_lock);
        me->wakes = *time_at + (d > 0 ? d : 1);
        do {
                if (me->frozen_until > me->wakes)
                        me->wakes = me->frozen_until;
                time_pass_on();
                time_wait();
        } while (me->frozen_until > *time_at);
        (void) pthread_mutex_unlock(&time_lock);
}

void sim_actor_dies(int actor) {
        actors[actor].dead = true;
        if (actor == time_me) {
                (void) pthread_mutex_lock(&time_lock);
                time_pass_on();
                time_wait(); /* for ever */
        }
}

void sim_actor_freeze(int actor, usec_t until) {
        actors[actor].frozen_until = until;
}

static bool event_before(const Event *a, const Event *b) {
        return a->at != b->at ? a->at < b->at : a->number < b->number;
}

void event_put(usec_t at, EventKind kind, uint32_t who, void *what) {
        uint32_t i = n_heap++;

        must(n_heap <= EVENTS_MAX, "fewer events at once");
        heap[i] = (Event){ .at = at, .number = event_number++, .kind = kind, .who = who, .what = what };
        for (uint32_t up = (i - 1) / 2; i > 0 && event_before(&heap[i], &heap[up]);
             i = up, up = (i - 1) / 2) {
                const Event e = heap[i];

                heap[i] = heap[up];
                heap[up] = e;
        }
        if (time_me != 0 && at < actors[0].wakes)
                actors[0].wakes = at;
}

usec_t event_next(void) {
        return n_heap > 0 ? heap[0].at : INT64_MAX;
}

bool event_take(Event *ret) {
        uint32_t i = 0;

        if (n_heap == 0 || heap[0].at > *time_at)
                return false;
        *ret = heap[0];
        heap[0] = heap[--n_heap];
        for (;;) {
                const uint32_t left = 2 * i + 1, right = left + 1;
                uint32_t least = i;
                Event e;

                if (left < n_heap && event_before(&heap[left], &heap[least]))
                        least = left;
                if (right < n_heap && event_before(&heap[right], &heap[least]))
                        least = right;
                if (least == i)
                        return true;
                e = heap[i];
                heap[i] = heap[least];
                heap[least] = e;
                i = least;
        }
}
