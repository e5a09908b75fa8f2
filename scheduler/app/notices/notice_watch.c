/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/notices/notice_watch.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/app/notices/notice_send.h"
#include "scheduler/base/log.h"
#include "scheduler/base/secret.h"
#include "scheduler/base/thread.h"
#include "scheduler/model/bounds.h"

#define STATE "notices"
#define STATE_TAKEN                                                                                          \
        "notices-taken" /* the last number that the webhook has taken: a small text, written after each */
#define ARENA_BYTES ((size_t) 1 << 30)
#define INBOX       8U /* pictures that wait to be looked at; of more the oldest go */
#define NAP         USEC_PER_SEC
#define QUOTE       400

typedef struct NoticeSender {
        NoticeWatch *watch;
        NoticeChannel channel;
        pthread_t thread;
        bool started, fails;
} NoticeSender;

struct NoticeWatch {
        Arena arena; /* of the config */
        NoticeConfig config;
        char log_words[300], self[200], cluster[256];
        LogThread log;
        ClusterMetrics *metrics;
        Store *store; /* of the keeper's thread alone */
        pthread_t keeper;
        NoticeSender senders[NOTICE_CHANNEL_N];
        bool started, opened;
        pthread_mutex_t lock; /* of what follows */
        pthread_cond_t more;
        atomic_bool stop;
        uint64_t token;
        NoticePicture inbox[INBOX];
        uint32_t n_inbox;
        NoticeBook *book;
        uint64_t loaded; /* the token with which the book was read; 0: it was not */
        uint64_t kept;   /* the newest notice that the store has: later ones are not sent yet */
        bool changed, taken;
};

static bool notice_watch_stops(void *arg) {
        NoticeWatch *w = arg;

        return atomic_load(&w->stop);
}

/* Under the lock. */
static void notice_watch_nap(NoticeWatch *w) {
        (void) cond_wait_until(&w->more, &w->lock, clock_monotonic() + NAP);
}

/* ---- the store: the keeper's ---- */

static int notice_watch_load(NoticeWatch *w, Arena *a, uint64_t token) {
        const char *text = NULL, *taken = NULL;
        char epoch[SECRET_HEX] = "";
        size_t n = 0, n_taken = 0;
        int64_t number = 0;
        NoticeBook *fresh;
        int r = store_get_state(w->store, a, STATE, &text, &n), t = r;

        if (r >= 0)
                t = store_get_state(w->store, a, STATE_TAKEN, &taken, &n_taken);
        if (r < 0 || t < 0 || secret_make(epoch) < 0)
                return r < 0 ? r : t < 0 ? t : -EAGAIN;
        fresh = notice_book_new(w->cluster, w->config.link, w->config.channels, epoch);
        if (!fresh)
                return -ENOMEM;
        if (r == 0 && notice_book_parse(fresh, text, n) < 0)
                log_event(LOG_WARNING, "notify.forgot",
                          "why=\"what the store has of notices cannot be read\"");
        if (t == 0 && text_to_int(taken, n_taken, 0, bound_of(BOUND_STORED), &number) == 0)
                notice_book_skip(fresh, (uint64_t) number);
        (void) pthread_mutex_lock(&w->lock);
        (void) notice_book_free(w->book);
        w->book = fresh;
        w->loaded = token;
        w->kept = notice_book_newest(fresh);
        (void) pthread_mutex_unlock(&w->lock);
        return 0;
}

/* What is to be sent is in the store first; where that cannot be reached it is sent all the same. */
static void notice_watch_save(NoticeWatch *w, Arena *a, bool changed, bool taken) {
        char *text = NULL;
        const char *number;
        uint64_t token, newest;
        int r = 0;

        (void) pthread_mutex_lock(&w->lock);
        token = w->loaded;
        newest = notice_book_newest(w->book);
        number = text_format(a, "%llu", (unsigned long long) notice_book_taken(w->book));
        if (changed)
                text = notice_book_print(w->book);
        (void) pthread_mutex_unlock(&w->lock);
        if (changed)
                r = text ? store_lead_state(w->store, token, STATE, text, strlen(text), 0) : -ENOMEM;
        if (r == 0 && (taken || changed) && number)
                r = store_lead_state(w->store, token, STATE_TAKEN, number, strlen(number), 0);
        free(text);
        (void) pthread_mutex_lock(&w->lock);
        if (r == 1 && w->token == token)
                w->token = 0; /* another leads */
        if (r != 1)
                w->kept = newest;
        if (r < 0)
                w->changed = true;
        (void) pthread_cond_broadcast(&w->more);
        (void) pthread_mutex_unlock(&w->lock);
}

/* ---- what is new ---- */

/* Who only advises leads for a moment at a time, and its picture does not speak of that. */
static void notice_watch_leader(NoticeWatch *w, NoticePicture *picture) {
        const char *before = notice_book_leader(w->book);
        NoticeCondition *c;

        if (!(picture->judged >> NOTICE_LEADER & 1U) || strcmp(before, w->self) == 0)
                return;
        c = before[0] ? notice_picture_add(picture, NOTICE_LEADER, NOTICE_INFO, 1, w->self) : NULL;
        if (c)
                (void) snprintf(c->title, sizeof(c->title), "%.120s leads cluster %.80s now; before it %.80s",
                                w->self, w->cluster, before);
        notice_book_lead(w->book, w->self);
}

static void notice_watch_count(NoticeWatch *w) {
        uint32_t counted[NOTICE_CHANNEL_N][NOTICE_RESULT_N];

        notice_book_counted(w->book, counted);
        for (unsigned c = 0; c < NOTICE_CHANNEL_N; c++)
                for (unsigned r = 0; r < NOTICE_RESULT_N; r++)
                        cluster_metrics_notified(w->metrics, c, r, counted[c][r]);
}

/* Under the lock: all pictures that have come. */
static void notice_watch_take(NoticeWatch *w) {
        const usec_t now = clock_now();

        for (uint32_t i = 0; i < w->n_inbox; i++) {
                notice_watch_leader(w, &w->inbox[i]);
                notice_picture_end(&w->inbox[i]);
                if (notice_book_apply(w->book, &w->inbox[i], now) != 0)
                        w->changed = true;
                notice_picture_free(&w->inbox[i]);
        }
        w->n_inbox = 0;
        if (notice_book_tick(w->book, now))
                w->changed = true;
        notice_watch_count(w);
}

static void notice_watch_turn(NoticeWatch *w, Arena *a) {
        bool leads, read, changed = false, taken = false;
        uint64_t token;
        int r = 0;

        arena_rewind(a, 0);
        (void) pthread_mutex_lock(&w->lock);
        token = w->token;
        leads = token != 0;
        read = leads && w->loaded == token;
        (void) pthread_mutex_unlock(&w->lock);
        if (leads && !read)
                r = notice_watch_load(w, a, token);
        if (!leads || r < 0)
                return;
        (void) pthread_mutex_lock(&w->lock);
        notice_watch_take(w);
        changed = w->changed;
        taken = w->taken;
        w->changed = w->taken = false;
        (void) pthread_mutex_unlock(&w->lock);
        if (changed || taken)
                notice_watch_save(w, a, changed, taken);
}

static void *notice_watch_keep(void *arg) {
        NoticeWatch *w = arg;
        Arena a;

        log_thread(&w->log);
        if (arena_open(ARENA_BYTES, &a) < 0)
                return NULL;
        while (!atomic_load(&w->stop)) {
                notice_watch_turn(w, &a);
                (void) pthread_mutex_lock(&w->lock);
                if (!atomic_load(&w->stop) && !(w->n_inbox > 0 && w->loaded == w->token && w->token) &&
                    !w->taken)
                        notice_watch_nap(w);
                (void) pthread_mutex_unlock(&w->lock);
        }
        notice_watch_turn(w, &a); /* what was sent until now is written down */
        arena_close(&a);
        return NULL;
}

/* ---- senders ---- */

typedef struct NoticeOut {
        char id[NOTICE_ID_SIZE], *body;
        uint64_t number, token;
} NoticeOut;

/* Under the lock: the next text for the channel; body NULL: none. */
static NoticeOut notice_sender_next(NoticeWatch *w, NoticeChannel channel) {
        NoticeOut out = { .token = w->token };
        const NoticeQueued *q;

        if (!w->book || w->token == 0 || w->loaded != w->token)
                return out;
        if (channel == NOTICE_ALERTMANAGER) {
                out.body = notice_book_alerts(w->book, clock_now());
                return out;
        }
        q = notice_book_next(w->book, clock_now());
        if (q && q->number <= w->kept) {
                memcpy(out.id, q->id, sizeof(out.id));
                out.number = q->number;
                out.body = strdup(q->body);
        }
        return out;
}

static void notice_sender_say(NoticeSender *s, int r, const TextFault *f) {
        const char *channel = notice_channel_names[s->channel];
        char quoted[QUOTE];

        if (r < 0 && !s->fails && !notice_watch_stops(s->watch))
                log_event(LOG_WARNING, "notify.fails", "channel=%s why=%s", channel,
                          log_quote(f->what, quoted, sizeof(quoted)));
        if (r == 0 && s->fails)
                log_event(LOG_INFO, "notify.well", "channel=%s", channel);
        s->fails = r < 0;
}

static void notice_sender_send(NoticeSender *s, Arena *a, const NoticeOut *out) {
        NoticeWatch *w = s->watch;
        const NoticeStop stop = { notice_watch_stops, w };
        TextFault fault = { 0 };
        int r;

        arena_rewind(a, 0);
        r = notice_send(a, &w->config, s->channel, out->id, out->body, stop, &fault);
        notice_sender_say(s, r, &fault);
        (void) pthread_mutex_lock(&w->lock);
        if (s->channel == NOTICE_ALERTMANAGER)
                notice_book_alerts_sent(w->book, r == 0, clock_now());
        else
                notice_book_sent(w->book, out->number, r == 0, clock_now());
        w->taken |= r == 0;
        (void) pthread_cond_broadcast(&w->more);
        (void) pthread_mutex_unlock(&w->lock);
}

static void *notice_sender_run(void *arg) {
        NoticeSender *s = arg;
        NoticeWatch *w = s->watch;
        NoticeOut out;
        Arena a;

        log_thread(&w->log);
        if (arena_open(ARENA_BYTES, &a) < 0)
                return NULL;
        while (!atomic_load(&w->stop)) {
                (void) pthread_mutex_lock(&w->lock);
                out = notice_sender_next(w, s->channel);
                if (!out.body && !atomic_load(&w->stop))
                        notice_watch_nap(w);
                (void) pthread_mutex_unlock(&w->lock);
                if (out.body)
                        notice_sender_send(s, &a, &out);
                free(out.body);
        }
        arena_close(&a);
        return NULL;
}

/* ---- its life ---- */

static int notice_watch_begin(NoticeWatch *w, const NoticeWatchOptions *o, TextFault *f) {
        const StoreOptions store = { .url = o->redis, .cluster = o->cluster };
        int r = store_open(&store, &w->store, f);

        if (r == 0)
                store_hurry(w->store, notice_watch_stops, w);
        if (r == 0)
                r = thread_begin(&w->keeper, notice_watch_keep, w);
        w->started = r == 0;
        for (int i = 0; r == 0 && i < NOTICE_CHANNEL_N; i++) {
                NoticeSender *s = &w->senders[i];

                *s = (NoticeSender){ .watch = w, .channel = (NoticeChannel) i };
                if (w->config.channels >> i & 1U) {
                        r = thread_begin(&s->thread, notice_sender_run, s);
                        s->started = r == 0;
                }
        }
        return r;
}

int notice_watch_start(const Settings *settings, const NoticeWatchOptions *options, NoticeWatch **ret,
                       TextFault *reterr_fault) {
        NoticeWatch *w = calloc(1, sizeof(*w));
        int r = w ? arena_open((size_t) 16 << 20, &w->arena) : -ENOMEM;

        if (r < 0) {
                free(w);
                return r;
        }
        (void) pthread_mutex_init(&w->lock, NULL);
        cond_open(&w->more);
        r = notice_config_read(&w->arena, settings, &w->config, reterr_fault);
        if (r == 0 && w->config.channels == 0)
                r = 1;
        if (r == 0) {
                w->metrics = options->metrics;
                (void) snprintf(w->cluster, sizeof(w->cluster), "%s", options->cluster);
                (void) snprintf(w->self, sizeof(w->self), "%s", options->self);
                (void) snprintf(w->log_words, sizeof(w->log_words), "cluster=%s", options->cluster);
                w->log.words = w->log_words;
                r = notice_watch_begin(w, options, reterr_fault);
        }
        if (r != 0) {
                (void) notice_watch_free(w);
                return r;
        }
        *ret = w;
        return 0;
}

NoticeWatch *notice_watch_free(NoticeWatch *w) {
        if (!w)
                return NULL;
        atomic_store(&w->stop, true);
        (void) pthread_mutex_lock(&w->lock);
        (void) pthread_cond_broadcast(&w->more);
        (void) pthread_mutex_unlock(&w->lock);
        for (int i = 0; i < NOTICE_CHANNEL_N; i++)
                if (w->senders[i].started)
                        (void) pthread_join(w->senders[i].thread, NULL);
        if (w->started)
                (void) pthread_join(w->keeper, NULL);
        for (uint32_t i = 0; i < w->n_inbox; i++)
                notice_picture_free(&w->inbox[i]);
        (void) notice_book_free(w->book);
        w->store = store_free(w->store);
        explicit_bzero(&w->config.secret, sizeof(w->config.secret));
        (void) pthread_cond_destroy(&w->more);
        (void) pthread_mutex_destroy(&w->lock);
        arena_close(&w->arena);
        free(w);
        return NULL;
}

void notice_watch_lead(NoticeWatch *w, uint64_t token) {
        if (!w)
                return;
        (void) pthread_mutex_lock(&w->lock);
        w->token = token;
        if (token == 0) {
                w->loaded = 0;
                for (; w->n_inbox > 0; w->n_inbox--)
                        notice_picture_free(&w->inbox[w->n_inbox - 1]);
        }
        (void) pthread_mutex_unlock(&w->lock);
}

void notice_watch_put(NoticeWatch *w, NoticePicture *picture) {
        if (!w) {
                notice_picture_free(picture);
                return;
        }
        (void) pthread_mutex_lock(&w->lock);
        if (w->n_inbox == INBOX) {
                notice_picture_free(&w->inbox[0]);
                memmove(w->inbox, w->inbox + 1, --w->n_inbox * sizeof(*w->inbox));
        }
        w->inbox[w->n_inbox++] = *picture;
        *picture = (NoticePicture){ 0 };
        (void) pthread_cond_broadcast(&w->more);
        (void) pthread_mutex_unlock(&w->lock);
}
