/* SPDX-License-Identifier: Apache-2.0 */
/* What a book is, for its own files: notice_book.c and notice_book_text.c.
 *
 * Units: usec_t: microseconds since the epoch. Owner: the book's. Errors: none. Threads: the book's.
 */
#pragma once

#include "scheduler/app/notices/notice_book.h"

#define NOTICE_UNTOLD        (-1)
#define NOTICE_EPOCH_SIZE    17
#define NOTICE_SUBJECTS_SIZE 1000

typedef struct NoticeKept {
        NoticeCondition c;
        char thread[NOTICE_ID_SIZE];
        usec_t closed_at; /* 0: it is open */
        int told;         /* the severity that an Alertmanager was told last; NOTICE_UNTOLD */
        bool told_closed;
        bool telling, telling_closed; /* what it is told just now */
        NoticeSeverity telling_severity;
} NoticeKept;

typedef struct NoticeRetry {
        uint32_t tries;
        usec_t next;
} NoticeRetry;

/* Of one event and state. */
typedef struct NoticeGroup {
        usec_t recent[NOTICE_TOGETHER]; /* [n_recent], oldest first: when one was told alone */
        uint32_t n_recent, pending;
        uint32_t count; /* that wait to be told together, at flush_at */
        uint32_t named; /* of them are in `subjects`: all, where there was room */
        usec_t flush_at;
        NoticeKept first;
        char subjects[NOTICE_SUBJECTS_SIZE];
} NoticeGroup;

struct NoticeBook {
        char cluster[256], link[512], epoch[NOTICE_EPOCH_SIZE], leader[160];
        unsigned channels;
        NoticeKept *kept;
        uint32_t n_kept, room_kept;
        uint64_t number, taken, threads;
        NoticeQueued queue[NOTICE_QUEUE_MOST];
        uint32_t n_queue;
        NoticeRetry hook, alerts;
        NoticeGroup groups[NOTICE_EVENT_N][NOTICE_STATE_N];
        uint32_t counted[NOTICE_CHANNEL_N][NOTICE_RESULT_N];
};

/* What is kept of the condition's key; NULL: nothing. */
NoticeKept *notice_book_find(const NoticeBook *book, const NoticeCondition *c);

/* Conditions and queue go. */
void notice_book_empty(NoticeBook *book);
