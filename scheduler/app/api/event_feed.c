/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/app/api/api_exec.h"
#include "scheduler/app/api/api_request.h"
#include "scheduler/base/secret.h"
#include "scheduler/base/thread.h"
#include "scheduler/snapshot/json/json_value.h"

#define LOOK_EVERY   USEC_PER_SEC
#define UNHEARD_FOR  (300 * USEC_PER_SEC) /* so long who was cut off misses nothing */
#define CHANGES_MOST 4096U                /* in a message: of more, clients read all anew */
#define FEED_MEMORY  ((size_t) 1 << 30)   /* address space */
#define FLAGS        (JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(15))

/* ---- messages ---- */

static void event_feed_drop_oldest(EventFeed *feed) {
        EventMessage **oldest = &feed->messages[feed->first % EVENT_MESSAGES];

        feed->bytes -= (*oldest)->n;
        free(*oldest);
        *oldest = NULL;
        feed->first++;
}

/* An id is given under the lock alone: nobody else publishes in this feed. */
static EventMessage *event_message_new(const EventFeed *feed, const char *event, const char *data) {
        const size_t room = strlen(data) + 128;
        EventMessage *m = malloc(sizeof(*m) + room);
        int n;

        if (!m)
                return NULL;
        n = snprintf(m->text, room, "id: %s-%llu\nevent: %s\ndata: %s\n\n", feed->epoch,
                     (unsigned long long) feed->last + 1, event, data);
        m->n = (size_t) n;
        m->at = clock_monotonic();
        return m;
}

static void event_feed_publish(EventFeed *feed, const char *event, json_t *o) {
        char *data = o ? json_dumps(o, FLAGS) : NULL;
        EventMessage *m = data ? event_message_new(feed, event, data) : NULL;

        if (m) {
                (void) pthread_mutex_lock(&feed->all->lock);
                while (feed->last >= feed->first &&
                       (feed->last - feed->first + 1 >= EVENT_MESSAGES || feed->bytes + m->n > EVENT_BYTES))
                        event_feed_drop_oldest(feed);
                feed->messages[++feed->last % EVENT_MESSAGES] = m;
                feed->bytes += m->n;
                feed->all->wake(feed->all, feed);
                (void) pthread_mutex_unlock(&feed->all->lock);
        }
        free(data);
        json_decref(o);
}

/* ---- a look ---- */

typedef struct FeedLook {
        EventFeed *feed;
        EventPicture picture;
        Store *store;
        char url[METRICS_STORE_SIZE];
        Arena arena;
        bool away;
} FeedLook;

static bool event_feed_hurries(void *arg) {
        EventFeed *feed = arg;
        bool ends;

        (void) pthread_mutex_lock(&feed->all->lock);
        ends = feed->ends;
        (void) pthread_mutex_unlock(&feed->all->lock);
        return ends;
}

/* Where the service has it now. */
static int event_feed_store(FeedLook *look) {
        MetricsBoard *board = look->feed->all->call.board;
        char url[METRICS_STORE_SIZE];
        TextFault fault = { 0 };
        int r;

        if (!metrics_board_store(board, look->feed->cluster, url))
                return -ENOENT;
        if (look->store && strcmp(url, look->url) == 0)
                return 0;
        look->store = store_free(look->store);
        memcpy(look->url, url, sizeof(url));
        r = store_open(&(StoreOptions){ .url = url, .cluster = look->feed->cluster }, &look->store, &fault);
        explicit_bzero(url, sizeof(url));
        if (r == 0)
                store_hurry(look->store, event_feed_hurries, look->feed);
        return r;
}

static ApiCall event_feed_call(FeedLook *look) {
        ApiCall call = look->feed->all->call;

        call.arena = &look->arena;
        return call;
}

static json_t *event_feed_envelope(const FeedLook *look) {
        return json_pack("{s:s, s:s, s:o}", "schema", "plimsoll.events/1", "cluster", look->feed->cluster,
                         "at", json_instant(clock_now()));
}

static void event_feed_tell(FeedLook *look, json_t *changes, bool lost) {
        json_t *o;

        if (!lost && json_array_size(changes) == 0)
                return;
        if (event_changes_matter(changes))
                api_exec_forget(); /* what is made from now on says what is so now */
        if (event_changes_are_acted_upon(changes))
                api_kept_forget(&look->feed->all->call.server->kept); /* who acts by it reads that at once */
        o = event_feed_envelope(look);
        if (!lost && json_array_size(changes) <= CHANGES_MOST) {
                (void) json_object_set(o, "changes", changes);
                event_feed_publish(look->feed, "changes", o);
        } else {
                event_feed_publish(look->feed, "reset", o);
        }
}

static void event_feed_say_away(FeedLook *look, bool away, json_t *changes) {
        json_t *about = json_pack("{s:b}", "reachable", !away);

        if (away != look->away)
                (void) !event_change_add(changes, "store", NULL, NULL, about);
        look->away = away;
        json_decref(about);
}

static void event_feed_look(FeedLook *look) {
        EventFeed *feed = look->feed;
        json_t *changes = json_array();
        ApiCall call = event_feed_call(look);
        int r = changes ? event_feed_store(look) : -ENOMEM;

        arena_rewind(&look->arena, 0);
        look->picture.settings = metrics_board_settings(feed->all->call.board, feed->cluster);
        if (r == 0)
                r = event_picture_look(&look->picture, look->store, &call, feed->cluster, changes);
        if (r < 0)
                (void) json_array_clear(changes);
        if (feed->ready || r < 0)
                event_feed_say_away(look, r < 0, changes);
        if (feed->ready)
                event_feed_tell(look, changes, r == 1);
        json_decref(changes);
        if (r < 0 || feed->ready)
                return;
        look->away = false;
        (void) pthread_mutex_lock(&feed->all->lock);
        feed->ready = true;
        feed->all->wake(feed->all, feed);
        (void) pthread_mutex_unlock(&feed->all->lock);
}

/* ---- the thread ---- */

/* False: it is to end. */
static bool event_feed_rest(EventFeed *feed) {
        const usec_t until = clock_monotonic() + LOOK_EVERY;
        bool goes_on;

        (void) pthread_mutex_lock(&feed->all->lock);
        while (!feed->ends && cond_wait_until(&feed->all->over, &feed->all->lock, until))
                ;
        goes_on = !feed->ends;
        (void) pthread_mutex_unlock(&feed->all->lock);
        return goes_on;
}

static void *event_feed_thread(void *arg) {
        EventFeed *feed = arg;
        FeedLook *look = calloc(1, sizeof(*look));

        if (look && arena_open(FEED_MEMORY, &look->arena) == 0) {
                look->feed = feed;
                do
                        event_feed_look(look);
                while (event_feed_rest(feed));
                look->store = store_free(look->store);
                explicit_bzero(look->url, sizeof(look->url));
                event_picture_free(&look->picture);
                arena_close(&look->arena);
        }
        free(look);
        (void) pthread_mutex_lock(&feed->all->lock);
        feed->ended = true;
        (void) pthread_mutex_unlock(&feed->all->lock);
        return NULL;
}

static EventFeed *event_feed_free(EventFeed *feed) {
        while (feed->last >= feed->first)
                event_feed_drop_oldest(feed);
        free(feed);
        return NULL;
}

int event_feed_get(EventStreams *all, const char *cluster, EventFeed **ret) {
        char epoch[SECRET_HEX];
        EventFeed *feed = all->feeds;
        uint32_t n = 0;
        int r;

        for (; feed && (feed->ends || feed->ended || strcmp(feed->cluster, cluster) != 0); feed = feed->next)
                n++;
        if (feed) {
                *ret = feed;
                return 0;
        }
        if (n >= EVENT_FEEDS)
                return -ENFILE;
        feed = calloc(1, sizeof(*feed));
        r = feed ? secret_make(epoch) : -ENOMEM;
        if (r == 0) {
                feed->all = all;
                feed->first = 1;
                (void) snprintf(feed->cluster, sizeof(feed->cluster), "%s", cluster);
                (void) snprintf(feed->epoch, sizeof(feed->epoch), "%.16s", epoch);
                r = thread_begin(&feed->thread, event_feed_thread, feed);
        }
        if (r < 0) {
                free(feed);
                return r;
        }
        feed->next = all->feeds;
        all->feeds = *ret = feed;
        return 0;
}

void event_feeds_sweep(EventStreams *all, usec_t now, bool all_of_them) {
        for (EventFeed **at = &all->feeds; *at;) {
                EventFeed *feed = *at;

                if (feed->n_streams > 0)
                        feed->unheard = 0;
                else if (feed->unheard == 0)
                        feed->unheard = now;
                if (all_of_them || (feed->unheard > 0 && now >= feed->unheard + UNHEARD_FOR))
                        feed->ends = true;
                if (!feed->ended || feed->n_streams > 0) {
                        at = &feed->next;
                        continue;
                }
                *at = feed->next;
                (void) pthread_join(feed->thread, NULL); /* its last step was taken under the lock */
                (void) event_feed_free(feed);
        }
        (void) pthread_cond_broadcast(&all->over);
}
