/* SPDX-License-Identifier: Apache-2.0 */
/* Tells a cluster's receivers what goes on: rounds leave a picture and go on; a thread says what of it is new and keeps that in the
 * store (state "notices"), and a thread for each receiver sends it. Only who leads sends.
 *
 * Units: usec_t: microseconds. Owner: notice_watch_free() ends its threads, within a second or two. Errors: a negative errno;
 * failures of receivers are logged when they begin and end. Threads: any.
 */
#pragma once

#include "scheduler/app/metrics/metrics_board.h"
#include "scheduler/app/notices/notice_config.h"
#include "scheduler/store/store.h"

typedef struct NoticeWatch NoticeWatch;

typedef struct NoticeWatchOptions {
        const char *redis, *cluster, *self; /* copied */
        ClusterMetrics *metrics;            /* NULL: nobody counts */
} NoticeWatchOptions;

/* By the settings. 0; 1: nobody is to be told; -EINVAL with *reterr_fault. */
int notice_watch_start(const Settings *settings, const NoticeWatchOptions *options, NoticeWatch **ret,
                       TextFault *reterr_fault) must_check;
NoticeWatch *notice_watch_free(NoticeWatch *w);

/* The token of the lease with which this process leads, or led last while nobody else does; 0: another leads. A watch NULL has
 * none. */
void notice_watch_lead(NoticeWatch *w, uint64_t token);

/* It takes the picture. Never waits for anybody. */
void notice_watch_put(NoticeWatch *w, NoticePicture *picture);
