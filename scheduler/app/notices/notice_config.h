/* SPDX-License-Identifier: Apache-2.0 */
/* The settings' section "notify", checked as a whole.
 *
 * Units: usec_t: microseconds. Owner: texts are in the arena. Errors: -EINVAL with *reterr_fault, -ENOMEM. Threads: any;
 * notice_config_read() while nobody changes the environment.
 */
#pragma once

#include "scheduler/app/notices/notice_book.h"
#include "scheduler/base/arena.h"
#include "scheduler/model/settings.h"

#define NOTICE_SECRET_CREDENTIAL "plimsoll-webhook"
#define NOTICE_SECRET_VARIABLE   "PLIMSOLL_WEBHOOK_SECRET"

typedef struct NoticeConfig {
        const char *urls[NOTICE_CHANNEL_N]; /* "": none; of an Alertmanager its base */
        const char *link, *ca_file;         /* "": none; the system's */
        usec_t timeout;
        NoticeSecret secret;
        unsigned channels; /* bits of NoticeChannel; 0: nobody is told */
} NoticeConfig;

int notice_config_read(Arena *a, const Settings *settings, NoticeConfig *ret,
                       TextFault *reterr_fault) must_check;
