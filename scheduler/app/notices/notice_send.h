/* SPDX-License-Identifier: Apache-2.0 */
/* One notice to a receiver, by HTTP. Blocks for at most notify.timeout: for threads that nothing else waits for.
 *
 * Units: usec_t: microseconds. Owner: the arena. Errors: a negative errno with *reterr_fault. Threads: any, each its own arena.
 */
#pragma once

#include "scheduler/app/notices/notice_config.h"

typedef struct NoticeStop {
        bool (*stops)(
                void *arg); /* asked about each second while a receiver is waited for; NULL: nobody is asked */
        void *arg;
} NoticeStop;

/* 0: it was taken (HTTP status 2xx). `id`: of a webhook. */
int notice_send(Arena *a, const NoticeConfig *config, NoticeChannel channel, const char *id, const char *body,
                NoticeStop stop, TextFault *reterr_fault) must_check;
