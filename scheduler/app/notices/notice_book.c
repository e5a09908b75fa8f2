/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/app/notices/notice_book_parts.h"

const char *const notice_channel_names[NOTICE_CHANNEL_N] = { "webhook", "alertmanager" };
const char *const notice_result_names[NOTICE_RESULT_N] = { "sent", "failed", "lost" };

NoticeBook *notice_book_new(const char *cluster, const char *link, unsigned channels, const char *epoch) {
        NoticeBook *book = calloc(1, sizeof(*book));

        if (!book)
                return NULL;
        book->channels = channels;
        (void) snprintf(book->cluster, sizeof(book->cluster), "%s", cluster);
        (void) snprintf(book->link, sizeof(book->link), "%s", link);
        (void) snprintf(book->epoch, sizeof(book->epoch), "%.16s", epoch);
        return book;
}

void notice_book_empty(NoticeBook *book) {
        for (uint32_t i = 0; i < book->n_queue; i++)
                free(book->queue[i].body);
        free(book->kept);
        book->kept = NULL;
        book->n_kept = book->room_kept = book->n_queue = 0;
}

NoticeBook *notice_book_free(NoticeBook *book) {
        if (!book)
                return NULL;
        notice_book_empty(book);
        free(book);
        return NULL;
}

const char *notice_book_leader(const NoticeBook *book) {
        return book->leader;
}

void notice_book_lead(NoticeBook *book, const char *leader) {
        (void) snprintf(book->leader, sizeof(book->leader), "%s", leader);
}

static bool notice_book_has(const NoticeBook *book, NoticeChannel channel) {
        return book->channels >> channel & 1U;
}

/* ---- the queue ---- */

static void notice_queue_pop(NoticeBook *book) {
        book->taken = book->queue[0].number;
        free(book->queue[0].body);
        memmove(book->queue, book->queue + 1, --book->n_queue * sizeof(*book->queue));
        book->hook = (NoticeRetry){ 0 };
}

static void notice_queue_drop(NoticeBook *book, NoticeResult result) {
        book->counted[NOTICE_WEBHOOK][result]++;
        notice_queue_pop(book);
}

static void notice_queue_put(NoticeBook *book, NoticeTold told, usec_t now) {
        char id[NOTICE_ID_SIZE], *body;

        if (!notice_book_has(book, NOTICE_WEBHOOK))
                return;
        (void) snprintf(id, sizeof(id), "%s-%llu", book->epoch, (unsigned long long) ++book->number);
        told.id = id;
        told.cluster = book->cluster;
        told.link = book->link;
        told.at = now;
        body = notice_text(&told);
        if (book->n_queue == NOTICE_QUEUE_MOST)
                notice_queue_drop(book, NOTICE_LOST);
        if (!body) {
                book->counted[NOTICE_WEBHOOK][NOTICE_LOST]++;
                return;
        }
        book->queue[book->n_queue] = (NoticeQueued){ .number = book->number, .at = now, .body = body };
        memcpy(book->queue[book->n_queue++].id, id, sizeof(id));
}

/* Twice as long each time. */
static void notice_retry_later(NoticeRetry *retry, usec_t most, usec_t now) {
        usec_t wait = NOTICE_RETRY_LEAST;

        for (uint32_t i = 0; i < retry->tries && wait < most; i++)
                wait *= 2;
        retry->tries++;
        retry->next = now + (wait < most ? wait : most);
}

const NoticeQueued *notice_book_next(const NoticeBook *book, usec_t now) {
        return book->n_queue > 0 && now >= book->hook.next ? &book->queue[0] : NULL;
}

uint64_t notice_book_newest(const NoticeBook *book) {
        return book->number;
}

uint64_t notice_book_taken(const NoticeBook *book) {
        return book->taken;
}

void notice_book_sent(NoticeBook *book, uint64_t number, bool taken, usec_t now) {
        if (book->n_queue == 0 || book->queue[0].number != number)
                return;
        if (taken) {
                notice_queue_drop(book, NOTICE_SENT);
                return;
        }
        book->counted[NOTICE_WEBHOOK][NOTICE_FAILED]++;
        notice_retry_later(&book->hook, NOTICE_RETRY_MOST, now);
}

void notice_book_skip(NoticeBook *book, uint64_t number) {
        while (book->n_queue > 0 && book->queue[0].number <= number)
                notice_queue_pop(book); /* another has counted it */
}

/* ---- one of a kind, or one for all of them ---- */

static void notice_group_forget(NoticeGroup *g, usec_t now) {
        uint32_t n = 0;

        for (uint32_t i = 0; i < g->n_recent; i++)
                if (now < g->recent[i] + NOTICE_TOGETHER_FOR)
                        g->recent[n++] = g->recent[i];
        g->n_recent = n;
}

static void notice_group_add(NoticeGroup *g, const NoticeKept *kept, usec_t now) {
        const size_t n = strlen(g->subjects), more = strlen(kept->c.subject);

        if (g->count == 0) {
                g->first = *kept;
                g->flush_at = g->n_recent > 0 ? g->recent[0] + NOTICE_TOGETHER_FOR : now;
        }
        if (n + more + 2 < sizeof(g->subjects)) {
                (void) snprintf(g->subjects + n, sizeof(g->subjects) - n, "%s%s", n > 0 ? " " : "",
                                kept->c.subject);
                g->named++;
        }
        if (kept->c.severity > g->first.c.severity)
                g->first.c.severity = kept->c.severity;
        if (kept->c.since > 0 && kept->c.since < g->first.c.since)
                g->first.c.since = kept->c.since;
        g->count++;
}

static void notice_group_tell(NoticeBook *book, NoticeState state, NoticeGroup *g, usec_t now) {
        char thread[NOTICE_ID_SIZE];

        if (g->count == 1) {
                notice_queue_put(book,
                                 (NoticeTold){ .thread = g->first.thread,
                                               .state = state,
                                               .condition = &g->first.c,
                                               .count = 1 },
                                 now);
        } else {
                NoticeCondition all = g->first.c;

                (void) snprintf(thread, sizeof(thread), "%s-%s", book->epoch, notice_event_names[all.event]);
                (void) snprintf(all.title, sizeof(all.title), "%u times %s %s within %d s: %.160s …",
                                g->count, notice_event_names[all.event], notice_state_names[state],
                                (int) (NOTICE_TOGETHER_FOR / USEC_PER_SEC), g->first.c.title);
                all.detail[0] = '\0';
                notice_queue_put(book,
                                 (NoticeTold){ .thread = thread,
                                               .state = state,
                                               .condition = &all,
                                               .count = g->count,
                                               .subjects = g->subjects },
                                 now);
        }
        g->count = g->named = 0;
        g->subjects[0] = '\0';
        for (g->n_recent = 0; g->n_recent < NOTICE_TOGETHER;
             g->n_recent++) /* what comes soon after is told together, too */
                g->recent[g->n_recent] = now;
}

/* Whether it waits there; where not all of them are named, it may. */
static bool notice_group_has(const NoticeGroup *g, const char *subject) {
        const size_t n = strlen(subject);

        if (g->count == 0 || g->named < g->count)
                return g->count > 0;
        for (const char *at = g->subjects; n > 0 && (at = strstr(at, subject)); at++)
                if ((at == g->subjects || at[-1] == ' ') && (at[n] == '\0' || at[n] == ' '))
                        return true;
        return n == 0;
}

/* n: how many of its kind are new now. */
static void notice_book_tell(NoticeBook *book, NoticeState state, const NoticeKept *kept, uint32_t n,
                             usec_t now) {
        NoticeGroup *groups = book->groups[kept->c.event], *g = &groups[state];

        for (int s = 0; s < NOTICE_STATE_N; s++) /* what it was before is told first */
                if (s != (int) state && notice_group_has(&groups[s], kept->c.subject))
                        notice_group_tell(book, (NoticeState) s, &groups[s], now);
        notice_group_forget(g, now);
        if (g->count > 0 || n + g->n_recent > NOTICE_TOGETHER) {
                notice_group_add(g, kept, now);
                return;
        }
        g->pending++;
        notice_queue_put(
                book,
                (NoticeTold){ .thread = kept->thread, .state = state, .condition = &kept->c, .count = 1 },
                now);
}

/* ---- conditions ---- */

NoticeKept *notice_book_find(const NoticeBook *book, const NoticeCondition *c) {
        for (uint32_t i = 0; i < book->n_kept; i++)
                if (notice_condition_compare(&book->kept[i].c, c) == 0)
                        return &book->kept[i];
        return NULL;
}

static NoticeKept *notice_kept_new(NoticeBook *book) {
        if (book->n_kept == book->room_kept) {
                const uint32_t room = book->room_kept > 0 ? 2 * book->room_kept : 16;
                NoticeKept *more = realloc(book->kept, room * sizeof(*more));

                if (!more)
                        return NULL;
                book->kept = more;
                book->room_kept = room;
        }
        book->kept[book->n_kept] = (NoticeKept){ .told = NOTICE_UNTOLD };
        return &book->kept[book->n_kept++];
}

static NoticeKept *notice_kept_open(NoticeBook *book, const NoticeCondition *c, usec_t now) {
        NoticeKept *kept = notice_book_find(book, c);
        const bool again = kept && now < kept->closed_at + NOTICE_REOPENED;

        if (!kept)
                kept = notice_kept_new(book);
        if (!kept)
                return NULL;
        if (!again)
                (void) snprintf(kept->thread, sizeof(kept->thread), "%s-t%llu", book->epoch,
                                (unsigned long long) ++book->threads);
        kept->c = *c;
        if (kept->c.since <= 0)
                kept->c.since = now;
        kept->closed_at = 0;
        kept->told_closed = false;
        return kept;
}

/* What goes on may be said in other words by now; since when does not change. */
static void notice_kept_update(NoticeKept *kept, const NoticeCondition *c) {
        const usec_t since = kept->c.since;

        kept->c = *c;
        kept->c.since = since;
}

static int notice_compare_open(const void *left, const void *right) {
        return notice_condition_compare(left, right);
}

/* The open ones, sorted; the caller's. */
static NoticeCondition *notice_book_was(const NoticeBook *book, uint32_t *ret_n) {
        NoticeCondition *was = calloc((size_t) book->n_kept + 1, sizeof(*was));
        uint32_t n = 0;

        for (uint32_t i = 0; was && i < book->n_kept; i++)
                if (book->kept[i].closed_at == 0)
                        was[n++] = book->kept[i].c;
        if (was)
                qsort(was, n, sizeof(*was), notice_compare_open);
        *ret_n = n;
        return was;
}

static int notice_book_change(NoticeBook *book, const NoticeChange *change, uint32_t n_of_kind, usec_t now) {
        NoticeKept *kept = change->state == NOTICE_OPEN ? notice_kept_open(book, change->condition, now)
                                                        : notice_book_find(book, change->condition);

        if (!kept)
                return -ENOMEM;
        if (change->state == NOTICE_WORSE)
                notice_kept_update(kept, change->condition);
        if (change->state == NOTICE_CLOSED)
                kept->closed_at = now;
        book->alerts.next = book->alerts.tries > 0 ? book->alerts.next : now;
        notice_book_tell(book, change->state, kept, n_of_kind, now);
        return 0;
}

static int notice_book_change_all(NoticeBook *book, const NoticeChange *changes, uint32_t n, usec_t now) {
        uint32_t of_kind[NOTICE_EVENT_N][NOTICE_STATE_N] = { 0 };
        int r = 0;

        for (uint32_t i = 0; i < n; i++)
                of_kind[changes[i].condition->event][changes[i].state]++;
        for (uint32_t i = 0; i < n && r == 0; i++)
                r = notice_book_change(book, &changes[i],
                                       of_kind[changes[i].condition->event][changes[i].state], now);
        for (int e = 0; e < NOTICE_EVENT_N; e++)
                for (int s = 0; s < NOTICE_STATE_N;
                     s++) { /* told one by one: after the batch, so that it is one */
                        NoticeGroup *g = &book->groups[e][s];

                        for (; g->pending > 0; g->pending--)
                                if (g->n_recent < NOTICE_TOGETHER)
                                        g->recent[g->n_recent++] = now;
                }
        return r;
}

int notice_book_apply(NoticeBook *book, const NoticePicture *picture, usec_t now) {
        uint32_t n_was = 0, n = 0;
        NoticeCondition *was = notice_book_was(book, &n_was);
        NoticeChange *changes = NULL;
        int r = was ? notice_changes(was, n_was, picture, &changes, &n) : -ENOMEM;

        for (uint32_t i = 0; r == 0 && i < picture->n; i++) {
                NoticeKept *kept = notice_book_find(book, &picture->at[i]);

                if (kept && kept->closed_at == 0 && picture->at[i].level <= kept->c.level)
                        notice_kept_update(kept, &picture->at[i]);
        }
        if (r == 0)
                r = notice_book_change_all(book, changes, n, now);
        free(changes);
        free(was);
        (void) notice_book_tick(book, now);
        return r < 0 ? r : (int) n;
}

/* ---- time ---- */

bool notice_book_tick(NoticeBook *book, usec_t now) {
        const bool alerts = notice_book_has(book, NOTICE_ALERTMANAGER);
        bool changed = false;
        uint32_t n = 0;

        for (int e = 0; e < NOTICE_EVENT_N; e++)
                for (int s = 0; s < NOTICE_STATE_N; s++)
                        if (book->groups[e][s].count > 0 && now >= book->groups[e][s].flush_at) {
                                notice_group_tell(book, (NoticeState) s, &book->groups[e][s], now);
                                changed = true;
                        }
        for (; book->n_queue > 0 && now >= book->queue[0].at + NOTICE_LASTS; changed = true)
                notice_queue_drop(book, NOTICE_LOST);
        for (uint32_t i = 0; i < book->n_kept; i++) {
                const NoticeKept *k = &book->kept[i];
                const bool told = !alerts || k->told_closed || now >= k->closed_at + NOTICE_LASTS;

                if (k->closed_at == 0 || now < k->closed_at + NOTICE_REOPENED || !told)
                        book->kept[n++] = *k;
        }
        changed |= n != book->n_kept;
        book->n_kept = n;
        return changed;
}

/* ---- an Alertmanager ---- */

/* Severity is a label: where it has changed it is another alert, and the one before ends. */
static void notice_alerts_one(const NoticeBook *book, NoticeKept *k, json_t *list, usec_t now) {
        const bool closed = k->closed_at > 0;

        if (closed && (k->told_closed || k->told == NOTICE_UNTOLD))
                return;
        if (k->told != NOTICE_UNTOLD && k->told != (int) k->c.severity)
                (void) json_array_append_new(
                        list, notice_alert(book->cluster, book->link, &k->c, (NoticeSeverity) k->told, now));
        (void) json_array_append_new(list, notice_alert(book->cluster, book->link, &k->c, k->c.severity,
                                                        closed ? k->closed_at : now + NOTICE_ALERT_FOR));
        k->telling = true;
        k->telling_closed = closed;
        k->telling_severity = k->c.severity;
}

char *notice_book_alerts(NoticeBook *book, usec_t now) {
        json_t *list;
        char *text = NULL;

        if (!notice_book_has(book, NOTICE_ALERTMANAGER) || now < book->alerts.next || book->n_kept == 0)
                return NULL;
        list = json_array();
        for (uint32_t i = 0; list && i < book->n_kept; i++) {
                book->kept[i].telling = false;
                notice_alerts_one(book, &book->kept[i], list, now);
        }
        if (json_array_size(list) > 0)
                text = json_dumps(list, JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_ENSURE_ASCII);
        else
                book->alerts.next = now + NOTICE_RESENT;
        json_decref(list);
        return text;
}

void notice_book_alerts_sent(NoticeBook *book, bool taken, usec_t now) {
        book->counted[NOTICE_ALERTMANAGER][taken ? NOTICE_SENT : NOTICE_FAILED]++;
        if (!taken) {
                notice_retry_later(&book->alerts, NOTICE_RETRY_MOST, now);
                return;
        }
        book->alerts = (NoticeRetry){ .next = now + NOTICE_RESENT };
        for (uint32_t i = 0; i < book->n_kept; i++) {
                NoticeKept *k = &book->kept[i];

                if (k->telling) {
                        k->told = (int) k->telling_severity;
                        k->told_closed = k->telling_closed;
                }
                if ((k->closed_at > 0 && !k->told_closed) ||
                    (k->closed_at == 0 && k->told != (int) k->c.severity))
                        book->alerts.next = now; /* it changed while it was told */
                k->telling = false;
        }
}

/* ---- counts ---- */

uint32_t notice_book_open(const NoticeBook *book) {
        uint32_t n = 0;

        for (uint32_t i = 0; i < book->n_kept; i++)
                n += book->kept[i].closed_at == 0;
        return n;
}

uint32_t notice_book_waiting(const NoticeBook *book) {
        return book->n_queue;
}

void notice_book_counted(NoticeBook *book, uint32_t ret[NOTICE_CHANNEL_N][NOTICE_RESULT_N]) {
        memcpy(ret, book->counted, sizeof(book->counted));
        memset(book->counted, 0, sizeof(book->counted));
}
