/* SPDX-License-Identifier: Apache-2.0 */
/* A Leadership and its guard over a drawn store and a drawn clock: each thing that is asked of it, what it asks of the store,
 * what it says, and what it knows then. tests/recorded/leaderships.txt keeps that.
 *
 * The guard's thread runs only when it is given a turn (its naps are ours), so that the same draws are the same story. Who locks
 * twice, unlocks what is not locked, or asks the store for the guard's lease unlocked, is seen. */
#include <errno.h>
#include <semaphore.h>

#include "scheduler/app/state/leadership.h"
#include "scheduler/base/prng.h"
#include "scheduler/base/thread.h"
#include "tests/recorded.h"

#define STORIES 80
#define STEPS   30

static struct {
        FILE *log;
        Prng dice;
        usec_t now;
        int locked;
        bool guard_waits, guard_over, guard_runs, in_guard, open_fails, thread_fails;
        uint64_t token;
        int answer;
        unsigned healed;
} world;

static uint32_t below(uint32_t n) {
        return prng_below(&world.dice, n);
}

/* ---- the store ---- */

/* Two stores, told apart by where they stand; nothing looks into them. */
static char stores[2];

static int which(const Store *s) {
        return (const char *) s == &stores[1];
}

int __wrap_store_lease(Store *s, const char *self, usec_t ttl, uint64_t *ret_token, char *ret_holder,
                       size_t holder_size);
int __wrap_store_release(Store *s, const char *self);
unsigned __wrap_store_lease_healed(const Store *s);
void __wrap_store_hurry(Store *s, bool (*hurries)(void *arg), void *arg);
Store *__wrap_store_free(Store *s);
const char *__wrap_store_url(const Store *s);

int __wrap_store_lease(Store *s, const char *self, usec_t ttl, uint64_t *ret_token, char *ret_holder,
                       size_t holder_size) {
        (void) fprintf(world.log, " lease%d(%s %lld)%s%s", which(s), self, (long long) ttl,
                       world.in_guard ? " by the guard" : "", world.locked > 0 ? " locked" : "");
        if (world.answer == 0)
                *ret_token = world.token;
        else if (world.answer > 0)
                (void) snprintf(ret_holder, holder_size, "another");
        return world.answer;
}
int __wrap_store_release(Store *s, const char *self) {
        (void) fprintf(world.log, " release%d(%s)", which(s), self);
        return world.answer;
}
unsigned __wrap_store_lease_healed(const Store *s) {
        (void) fprintf(world.log, " healed%d", which(s));
        return world.healed;
}
void __wrap_store_hurry(Store *s, bool (*hurries)(void *arg), void *arg) {
        (void) fprintf(world.log, " hurry%d(%d)", which(s), hurries(arg));
}
Store *__wrap_store_free(Store *s) {
        if (s)
                (void) fprintf(world.log, " free%d", which(s));
        return NULL;
}
const char *__wrap_store_url(const Store *s) {
        return which(s) ? "redis://other" : "redis://this";
}

/* ---- time, threads, locks ---- */

static sem_t guard_turn, my_turn;
static pthread_t guard_thread;
static void *(*guard_body)(void *);

usec_t __wrap_clock_monotonic(void);
void __wrap_clock_sleep(usec_t d); /* none: time is ours */
int __wrap_thread_begin(pthread_t *ret, void *(*body)(void *), void *arg);
int __wrap_pthread_join(pthread_t thread, void **ret);
int __real_pthread_join(pthread_t thread, void **ret);
int __wrap_pthread_mutex_lock(pthread_mutex_t *lock);
int __wrap_pthread_mutex_unlock(pthread_mutex_t *lock);
int __wrap_pthread_mutex_destroy(pthread_mutex_t *lock);

usec_t __wrap_clock_monotonic(void) {
        return world.now;
}

void __wrap_clock_sleep(usec_t d) { /* a turn for the other */
        (void) fprintf(world.log, " nap(%lld)", (long long) d);
        world.in_guard = false;
        (void) sem_post(&my_turn);
        (void) sem_wait(&guard_turn);
        world.in_guard = true;
}

static void *guard_begins(void *arg) {
        void *ret;

        (void) sem_wait(&guard_turn);
        world.in_guard = true;
        ret = guard_body(arg);
        world.in_guard = false;
        world.guard_over = true;
        (void) sem_post(&my_turn);
        return ret;
}

static void give_turn(void) {
        if (!world.guard_runs || world.guard_over)
                return;
        (void) sem_post(&guard_turn);
        (void) sem_wait(&my_turn);
}

int __wrap_thread_begin(pthread_t *ret, void *(*body)(void *), void *arg) {
        if (world.thread_fails)
                return -EAGAIN;
        guard_body = body;
        (void) sem_init(&guard_turn, 0, 0);
        (void) sem_init(&my_turn, 0, 0);
        world.guard_runs = true;
        world.guard_over = false;
        *ret = (pthread_t) 7; /* not to be looked into */
        return -pthread_create(&guard_thread, NULL, guard_begins, arg);
}

int __wrap_pthread_join(pthread_t thread, void **ret) {
        (void) fprintf(world.log, " join%s%s", thread == (pthread_t) 7 ? "" : " of another",
                       world.locked > 0 ? " locked" : "");
        for (int i = 0; i < 5 && !world.guard_over; i++)
                give_turn();
        cr_assert(world.guard_over, "the guard was not told to stop");
        world.guard_runs = false;
        return __real_pthread_join(guard_thread, ret);
}

int __wrap_pthread_mutex_lock(pthread_mutex_t *lock) {
        (void) lock;
        if (world.locked++ > 0)
                (void) fputs(" LOCKED TWICE", world.log);
        return 0;
}

int __wrap_pthread_mutex_unlock(pthread_mutex_t *lock) {
        (void) lock;
        if (--world.locked != 0)
                (void) fputs(" NOT LOCKED", world.log);
        return 0;
}

int __wrap_pthread_mutex_destroy(pthread_mutex_t *lock) {
        (void) lock;
        if (world.locked != 0)
                (void) fputs(" LOCKED STILL", world.log);
        return 0;
}

static usec_t clock_of_world(void *self) {
        (void) self;
        return world.now + 17; /* the service's own clock is another one than the guard's */
}

static void identify(void *self, char *buf, size_t size) {
        (void) self;
        (void) snprintf(buf, size, "me/1");
}

static int open_store(void *self, const StoreOptions *options, Store **ret, TextFault *reterr_fault) {
        (void) self, (void) reterr_fault;
        (void) fprintf(world.log, " open(%s %s %lld)", options->url, options->cluster,
                       (long long) options->timeout);
        if (world.open_fails)
                return -ECONNREFUSED;
        *ret = (Store *) &stores[1];
        return 0;
}

static bool hurries(void *arg) {
        return arg == &world;
}

/* ---- stories ---- */

static void step(Leadership *l) {
        static const usec_t times[] = { 0,       0,       100,     100000,   400000,   1000000,  1500000,
                                        2000000, 3000000, 1,       999,      2499999,  2500000,  2500001,
                                        3333333, 3333334, 9999983, 10000000, 50000000, 120000001 };
        static const int answers[] = { 0, 0, 0, 0, 1, -EIO };
        const uint32_t drawn = below(9), what = l->renewed == 0 && below(2) == 0 ? 0 : drawn;

        world.now += times[below(ARRAY_SIZE(times))];
        world.answer = answers[below(ARRAY_SIZE(answers))];
        world.token += below(5) == 0 ? 1 + below(2) : 0;
        world.healed = below(4) == 0 ? 1U << below(3) : 0;
        (void) fprintf(world.log, "  %lld:", (long long) world.now);
        if (what < 2)
                (void) fprintf(world.log, " take -> %d", leadership_take(l));
        else if (what < 5)
                (void) fprintf(world.log, " keep -> %d", leadership_keep(l));
        else if (what == 5)
                (void) fprintf(world.log, " holds -> %d", leadership_holds(l));
        else if (what == 6 && below(2) == 0)
                leadership_release(l);
        else
                give_turn();
        (void) fprintf(world.log, "; %llu, %lld, [%s], healed %u\n", (unsigned long long) l->token,
                       (long long) l->renewed, l->holder, l->healed);
}

static void tell(FILE *f, uint64_t seed) {
        static const Clock clock = { .monotonic = clock_of_world };
        const ServiceWorld in = {
                .clock = &clock, .guards = seed % 4 != 0, .identify = identify, .open_store = open_store
        };
        LeaseHurry hurry = { 0 };
        Leadership l;

        memset(&world, 0, sizeof(world));
        world.log = f;
        world.dice = prng_seeded(seed);
        world.now = 1000 * USEC_PER_SEC;
        world.token = 40;
        world.open_fails = seed % 31 == 1;
        world.thread_fails = seed % 31 == 2;
        l = leadership_in(&in, (Store *) &stores[0], 10 * USEC_PER_SEC);
        if (below(2) == 0)
                hurry = (LeaseHurry){ hurries, &world };
        (void) fprintf(f, "%llu: %s", (unsigned long long) seed, l.self);
        if (below(5) > 0)
                (void) fprintf(f, " guard -> %d", leadership_guard(&l, "c", hurry));
        (void) fprintf(f, "%s\n", l.guard ? "" : ", none");
        for (int i = 0; i < STEPS; i++)
                step(&l);
        leadership_unguard(&l);
        (void) fprintf(f, "%s%s\n", l.guard ? " a guard still" : "",
                       world.guard_runs ? " it runs still" : "");
}

Test(leadership_recorded, what_it_asks_says_and_knows) {
        Recording r;

        recording_begin(&r, "leaderships");
        for (uint64_t seed = 1; seed <= STORIES; seed++)
                tell(r.f, seed);
        recording_end(&r);
}
