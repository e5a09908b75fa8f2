/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/api/event_stream.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "scheduler/app/api/api_request.h"
#include "scheduler/base/thread.h"
#include "scheduler/model/bounds.h"
#include "scheduler/snapshot/json/json_value.h"

#define COMMENT_EVERY (15 * USEC_PER_SEC)
#define STREAM_FOR                                                                                           \
        (600 * USEC_PER_SEC) /* then it ends, and the client comes back: who it is, and may, is asked anew */
#define BLOCK    4096
#define GREETING 512
#define RETRY_MS 2000

struct EventStream {
        EventStream *next, *before;
        EventStreams *all;
        EventFeed *feed;
        struct MHD_Connection *mhd;
        int fd;
        char client[API_CLIENT_SIZE], after[EVENT_ID_SIZE];
        bool has_after, greeted, suspended, comment, ends;
        uint64_t at;        /* the message that is sent next */
        size_t sent;        /* bytes of it */
        char own[GREETING]; /* a greeting or a comment, before the next message */
        size_t n_own, own_sent;
        usec_t began, wrote; /* wrote: when it was last given something */
};

/* ---- what it is sent: under the lock ---- */

/* Where it goes on that was cut off: true if nothing is lost. */
static bool event_stream_follows(EventStream *s) {
        const EventFeed *feed = s->feed;
        const char *dash = strrchr(s->after, '-');
        const size_t n = dash ? (size_t) (dash - s->after) : 0;
        int64_t number;

        if (!s->has_after || !dash || strlen(feed->epoch) != n || strncmp(feed->epoch, s->after, n) != 0 ||
            text_to_int(dash + 1, strlen(dash + 1), 0, bound_of(BOUND_STORED), &number) < 0 ||
            (uint64_t) number > feed->last || (uint64_t) number + 1 < feed->first)
                return false;
        s->at = (uint64_t) number + 1;
        return true;
}

/* Its first message has an id, so that who is cut off before the next one has one to say. */
static void event_stream_greet(EventStream *s) {
        const EventFeed *feed = s->feed;
        char *data;
        json_t *o;

        s->greeted = true;
        s->at = feed->last + 1;
        if (event_stream_follows(s)) {
                s->n_own = (size_t) snprintf(s->own, sizeof(s->own), "retry: %d\n\n", RETRY_MS);
                return;
        }
        o = json_pack("{s:s, s:s, s:o}", "schema", "plimsoll.events/1", "cluster", feed->cluster, "at",
                      json_instant(clock_now()));
        data = o ? json_dumps(o, JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_ENSURE_ASCII) : NULL;
        s->n_own = (size_t) snprintf(
                s->own, sizeof(s->own), "retry: %d\nid: %s-%llu\nevent: %s\ndata: %.380s\n\n", RETRY_MS,
                feed->epoch, (unsigned long long) feed->last, s->has_after ? "reset" : "hello",
                data && strlen(data) <= 380 ? data : "{}");
        free(data);
        json_decref(o);
}

static size_t event_stream_own(EventStream *s, char *to, size_t most) {
        const size_t left = s->n_own - s->own_sent, n = left < most ? left : most;

        memcpy(to, s->own + s->own_sent, n);
        s->own_sent += n;
        if (s->own_sent == s->n_own)
                s->n_own = s->own_sent = 0;
        return n;
}

static size_t event_stream_message(EventStream *s, char *to, size_t most) {
        const EventMessage *m = s->feed->messages[s->at % EVENT_MESSAGES];
        const size_t left = m->n - s->sent, n = left < most ? left : most;

        memcpy(to, m->text + s->sent, n);
        s->sent += n;
        if (s->sent == m->n) {
                s->at++;
                s->sent = 0;
        }
        return n;
}

static bool event_stream_has_message(const EventStream *s) {
        return s->greeted && s->at <= s->feed->last;
}

static ssize_t event_stream_fill(EventStream *s, char *to, size_t most) {
        if (s->ends || s->all->ends)
                return MHD_CONTENT_READER_END_OF_STREAM;
        if (!s->greeted && s->feed->ready)
                event_stream_greet(s);
        if (s->greeted && s->at < s->feed->first) /* too slow: what it should be sent is kept no more */
                return MHD_CONTENT_READER_END_WITH_ERROR;
        if (s->sent == 0 && s->n_own == 0 && s->comment && !event_stream_has_message(s)) {
                s->n_own = (size_t) snprintf(s->own, sizeof(s->own), ":\n\n");
                s->own_sent = 0;
        }
        s->comment = false;
        if (s->sent == 0 && s->n_own > 0)
                return (ssize_t) event_stream_own(s, to, most);
        if (event_stream_has_message(s))
                return (ssize_t) event_stream_message(s, to, most);
        return 0;
}

/* The library's callback. A stream with nothing to send is suspended: it costs nothing until it is woken. */
static ssize_t event_stream_read(void *arg, uint64_t position, char *to, size_t most) {
        EventStream *s = arg;
        ssize_t n;

        (void) position;
        (void) pthread_mutex_lock(&s->all->lock);
        n = event_stream_fill(s, to, most);
        if (n == 0) {
                s->suspended = true;
                MHD_suspend_connection(s->mhd);
        } else {
                s->wrote = clock_monotonic();
        }
        (void) pthread_mutex_unlock(&s->all->lock);
        return n;
}

static void event_stream_resume(EventStream *s) {
        if (!s->suspended)
                return;
        s->suspended = false;
        MHD_resume_connection(s->mhd);
}

static void event_streams_wake(EventStreams *all, const EventFeed *feed) {
        for (EventStream *s = all->first; s; s = s->next)
                if (s->feed == feed)
                        event_stream_resume(s);
}

/* ---- whom to keep ---- */

/* One that does not take what waits for it: the first message that it has not been sent in full is too old. The library's own
 * limit is on silence alone. */
static bool event_stream_is_stuck(const EventStream *s, usec_t now) {
        return !s->suspended && event_stream_has_message(s) && s->at >= s->feed->first &&
               now > s->feed->messages[s->at % EVENT_MESSAGES]->at + s->all->time &&
               now > s->began + s->all->time;
}

/* A suspended connection is not looked at by the library: that its client has gone is seen here. */
static bool event_stream_is_left(const EventStream *s) {
        struct pollfd fd = { .fd = s->fd, .events = POLLRDHUP };

        return s->suspended && poll(&fd, 1, 0) > 0 && (fd.revents & (POLLRDHUP | POLLHUP | POLLERR));
}

static void event_streams_keep(EventStreams *all, usec_t now) {
        for (EventStream *s = all->first; s; s = s->next) {
                if (!s->mhd)
                        continue;
                if (event_stream_is_stuck(s, now))
                        (void) shutdown(s->fd, SHUT_RDWR); /* the library sees that it has ended */
                if (all->ends || now > s->began + STREAM_FOR || event_stream_is_left(s))
                        s->ends = true;
                if (now > s->wrote + COMMENT_EVERY)
                        s->comment = true;
                if (s->ends || s->comment)
                        event_stream_resume(s);
        }
        event_feeds_sweep(all, now, all->ends);
}

static void *event_streams_keeper(void *arg) {
        EventStreams *all = arg;

        (void) pthread_mutex_lock(&all->lock);
        while (!all->ends) {
                const usec_t until = clock_monotonic() + USEC_PER_SEC;

                while (!all->ends && cond_wait_until(&all->over, &all->lock, until))
                        ;
                event_streams_keep(all, clock_monotonic());
        }
        (void) pthread_mutex_unlock(&all->lock);
        return NULL;
}

/* ---- one more ---- */

static uint32_t event_streams_of(const EventStreams *all, const char *client) {
        uint32_t n = 0;

        for (const EventStream *s = all->first; s; s = s->next)
                n += strcmp(s->client, client) == 0;
        return n;
}

/* Under the lock. False: the reply says why. */
static bool event_stream_may(const EventStreams *all, ApiCall *call, const char *client) {
        if (!all->ends && all->n < all->most && event_streams_of(all, client) < (all->most + 1) / 2)
                return true;
        if (all->ends || all->n >= all->most)
                api_reply_problem(call, 503, "%u streams of events are open, as many as may be (api.streams)",
                                  all->n);
        else
                api_reply_problem(
                        call, 429,
                        "%u streams of events are open from here, as many as may be: half of api.streams",
                        event_streams_of(all, client));
        api_reply_header(call, MHD_HTTP_HEADER_RETRY_AFTER, "15");
        return false;
}

static void event_stream_link(EventStreams *all, EventStream *s) {
        s->next = all->first;
        if (all->first)
                all->first->before = s;
        all->first = s;
        all->n++;
        s->feed->n_streams++;
}

static void event_stream_unlink(EventStream *s) {
        EventStreams *all = s->all;

        *(s->before ? &s->before->next : &all->first) = s->next;
        if (s->next)
                s->next->before = s->before;
        all->n--;
        s->feed->n_streams--;
}

EventStream *event_stream_new(EventStreams *all, ApiCall *call, const char *cluster, const char *client,
                              const char *after) {
        EventStream *s = calloc(1, sizeof(*s));
        int r = s ? 0 : -ENOMEM;

        (void) pthread_mutex_lock(&all->lock);
        if (r == 0 && !event_stream_may(all, call, client))
                r = 1;
        if (r == 0)
                r = event_feed_get(all, cluster, &s->feed);
        if (r == 0) {
                s->all = all;
                s->began = s->wrote = clock_monotonic();
                s->has_after = after != NULL;
                (void) snprintf(s->client, sizeof(s->client), "%s", client);
                (void) snprintf(s->after, sizeof(s->after), "%s", after ? after : "");
                event_stream_link(all, s);
        }
        (void) pthread_mutex_unlock(&all->lock);
        if (r == 0)
                return s;
        if (r < 0)
                api_reply_problem(call, 503,
                                  r == -ENFILE ? "events of too many clusters are listened to"
                                               : "out of memory");
        free(s);
        return NULL;
}

static void event_stream_free(void *arg) {
        EventStream *s = arg;
        EventStreams *all = s->all;

        (void) pthread_mutex_lock(&all->lock);
        event_stream_unlink(s);
        (void) pthread_mutex_unlock(&all->lock);
        free(s);
}

struct MHD_Response *event_stream_response(EventStream *stream, struct MHD_Connection *c, int fd) {
        struct MHD_Response *response;

        (void) pthread_mutex_lock(&stream->all->lock);
        stream->mhd = c;
        stream->fd = fd;
        (void) pthread_mutex_unlock(&stream->all->lock);
        response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK, event_stream_read, stream,
                                                     event_stream_free);
        if (!response)
                event_stream_free(stream);
        return response;
}

uint32_t event_streams_n(EventStreams *all) {
        uint32_t n;

        (void) pthread_mutex_lock(&all->lock);
        n = all->n;
        (void) pthread_mutex_unlock(&all->lock);
        return n;
}

int event_streams_open(EventStreams *all, const ApiCall *call, uint32_t most, usec_t time) {
        int r;

        *all = (EventStreams){ .call = *call, .wake = event_streams_wake, .most = most, .time = time };
        (void) pthread_mutex_init(&all->lock, NULL);
        cond_open(&all->over);
        r = thread_begin(&all->keeper, event_streams_keeper, all);
        all->opened = r == 0;
        return r;
}

void event_streams_end(EventStreams *all) {
        if (!all->opened)
                return;
        (void) pthread_mutex_lock(&all->lock);
        all->ends = true;
        (void) pthread_cond_broadcast(&all->over);
        (void) pthread_mutex_unlock(&all->lock);
        (void) pthread_join(all->keeper, NULL);
}

void event_streams_close(EventStreams *all) {
        bool more = all->opened;

        while (more) {
                (void) pthread_mutex_lock(&all->lock);
                event_feeds_sweep(all, clock_monotonic(), true);
                more = all->feeds != NULL;
                (void) pthread_mutex_unlock(&all->lock);
                if (more)
                        clock_sleep(USEC_PER_SEC / 100);
        }
        if (!all->opened)
                return;
        (void) pthread_cond_destroy(&all->over);
        (void) pthread_mutex_destroy(&all->lock);
        all->opened = false;
}
