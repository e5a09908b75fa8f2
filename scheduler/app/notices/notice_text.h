/* SPDX-License-Identifier: Apache-2.0 */
/* Notices as receivers read them: JSON of schema plimsoll.notice/1, signed by Standard Webhooks
 * (github.com/standard-webhooks/standard-webhooks, spec), and alerts of Alertmanager's API v2.
 *
 * Pure.
 *
 * Units: usec_t: microseconds since the epoch; in the texts RFC 3339. Owner: texts are the caller's, by free(). Errors: NULL: no
 * memory; a negative errno as said. Threads: any.
 */
#pragma once

#include <jansson.h>

#include "scheduler/app/notices/notice.h"
#include "scheduler/base/text.h"

#define NOTICE_ID_SIZE     48
#define NOTICE_SECRET_MOST 64 /* bytes */

/* What is told: one condition, or several of one kind. */
typedef struct NoticeTold {
        const char *id, *thread, *cluster,
                *link; /* link: where pages are ("https://drs.example"); "": nowhere */
        NoticeState state;
        const NoticeCondition *condition;
        usec_t at;
        uint32_t count;       /* conditions: 1, or more of that event */
        const char *subjects; /* of several, separated by blanks: some of them */
} NoticeTold;

/* The body of a webhook, on one line. */
char *notice_text(const NoticeTold *told);

/* Of a condition, in an Alertmanager's list; ends_at: until then it is taken to last. */
json_t *notice_alert(const char *cluster, const char *link, const NoticeCondition *c, NoticeSeverity severity,
                     usec_t ends_at);

typedef struct NoticeSecret {
        unsigned char bytes[NOTICE_SECRET_MOST];
        size_t n;
} NoticeSecret;

/* "whsec_" and base64 of 24 to 64 bytes. 0 or -EINVAL. */
int notice_secret_parse(const char *text, NoticeSecret *ret) must_check;

#define NOTICE_SIGNATURE_SIZE 64

/* The header webhook-signature: "v1," and base64 of HMAC-SHA256 of ID.SECONDS.BODY. */
void notice_sign(const NoticeSecret *secret, const char *id, int64_t seconds, const char *body,
                 char ret[NOTICE_SIGNATURE_SIZE]);
