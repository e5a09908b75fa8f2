/* SPDX-License-Identifier: Apache-2.0 */
/* What a cluster's receivers have been told and are still to be told: conditions that are open, and notices that wait to be sent.
 * It is kept in the store, so that the next leader goes on where the last one was.
 *
 * A webhook gets each notice once, in order: the next only after the one before was taken, or was given up after a day. An
 * Alertmanager is told each minute all that is open; it knows the rest.
 *
 * Pure: time is an argument.
 *
 * Units: usec_t: microseconds since the epoch. Owner: notice_book_free(). Errors: -ENOMEM, -EBADMSG. Threads: one at a time.
 */
#pragma once

#include "scheduler/app/notices/notice_text.h"

#define NOTICE_QUEUE_MOST   1000U
#define NOTICE_LASTS        (INT64_C(86400) * USEC_PER_SEC)
#define NOTICE_RETRY_LEAST  USEC_PER_SEC
#define NOTICE_RETRY_MOST   (900 * USEC_PER_SEC)
#define NOTICE_TOGETHER     5U /* of a kind within NOTICE_TOGETHER_FOR; more become one */
#define NOTICE_TOGETHER_FOR (30 * USEC_PER_SEC)
#define NOTICE_REOPENED     (600 * USEC_PER_SEC) /* so soon again it is the same thread */
#define NOTICE_RESENT       (60 * USEC_PER_SEC)  /* to an Alertmanager */
#define NOTICE_ALERT_FOR    (300 * USEC_PER_SEC)

typedef enum NoticeChannel { NOTICE_WEBHOOK, NOTICE_ALERTMANAGER, NOTICE_CHANNEL_N } NoticeChannel;
extern const char *const notice_channel_names[NOTICE_CHANNEL_N];

typedef enum NoticeResult { NOTICE_SENT, NOTICE_FAILED, NOTICE_LOST, NOTICE_RESULT_N } NoticeResult;
extern const char *const notice_result_names[NOTICE_RESULT_N];

typedef struct NoticeBook NoticeBook;

/* channels: bits of NoticeChannel. epoch: unlike that of any other book. */
NoticeBook *notice_book_new(const char *cluster, const char *link, unsigned channels, const char *epoch);
NoticeBook *notice_book_free(NoticeBook *book);

/* What is so now. Returns how much of it was new, or -ENOMEM. */
int notice_book_apply(NoticeBook *book, const NoticePicture *picture, usec_t now) must_check;

/* Who leads; "": nobody was known to. */
const char *notice_book_leader(const NoticeBook *book);
void notice_book_lead(NoticeBook *book, const char *leader);

/* Time goes by: what waits for more of its kind is told, what is a day old is given up. True: something has changed. */
bool notice_book_tick(NoticeBook *book, usec_t now);

typedef struct NoticeQueued {
        uint64_t number;
        usec_t at;
        char id[NOTICE_ID_SIZE];
        char *body; /* the book's */
} NoticeQueued;

/* The next one for the webhook; NULL: none, or not now. Valid until the book changes. */
const NoticeQueued *notice_book_next(const NoticeBook *book, usec_t now);
uint64_t notice_book_newest(const NoticeBook *book);
/* It was taken, or not. Of one that is not the first any more: nothing. */
void notice_book_sent(NoticeBook *book, uint64_t number, bool taken, usec_t now);
/* All up to it were taken, as the store says. */
void notice_book_skip(NoticeBook *book, uint64_t number);
uint64_t notice_book_taken(const NoticeBook *book); /* the last one that was */

/* What the Alertmanager is to be told now, the caller's; NULL: nothing. */
char *notice_book_alerts(NoticeBook *book, usec_t now);
void notice_book_alerts_sent(NoticeBook *book, bool taken, usec_t now);

uint32_t notice_book_open(const NoticeBook *book);
uint32_t notice_book_waiting(const NoticeBook *book);
/* Since the last call. */
void notice_book_counted(NoticeBook *book, uint32_t ret[NOTICE_CHANNEL_N][NOTICE_RESULT_N]);

/* For the store. NULL: no memory. A book made of it has the channels and the link of `io`. 0; -EBADMSG, -ENOMEM: nothing was changed. */
char *notice_book_print(const NoticeBook *book);
int notice_book_parse(NoticeBook *io, const char *text, size_t n) must_check;
