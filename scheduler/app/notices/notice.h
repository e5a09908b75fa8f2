/* SPDX-License-Identifier: Apache-2.0 */
/* Conditions that somebody is to be told of, and what of them is new: a notice when one opens, gets worse, and closes.
 *
 * A picture is all conditions of a cluster at one moment, as far as it was judged then: of what was not (facts could not be read)
 * nothing opens or closes. Of one key, "EVENT/SUBJECT", one condition is open at most.
 *
 * Pure.
 *
 * Units: usec_t: microseconds since the epoch. Owner: a picture by notice_picture_free(). Errors: -ENOMEM. Threads: any.
 */
#pragma once

#include <stdbool.h>

#include "scheduler/base/clock.h"
#include "scheduler/base/common.h"

#define NOTICE_SUBJECT_SIZE 300
#define NOTICE_TITLE_SIZE   300
#define NOTICE_DETAIL_SIZE  500
#define NOTICES_MAX         4096U /* open at once; more are not told of */

typedef enum NoticeEvent {
        NOTICE_PLAN_WAITS,
        NOTICE_EVACUATION,
        NOTICE_FAULT,
        NOTICE_BRAKE,
        NOTICE_BLIND,
        NOTICE_VM_DOUBLED,
        NOTICE_STORE_FORGOT,
        NOTICE_BALANCE_PAUSED,
        NOTICE_LEADER,
        NOTICE_CERTIFICATE,
        NOTICE_TEST,
        NOTICE_EVENT_N,
} NoticeEvent;
extern const char *const notice_event_names[NOTICE_EVENT_N]; /* "plan.waits" … */

#define NOTICE_ALL_EVENTS ((1U << NOTICE_EVENT_N) - 1)

typedef enum NoticeState { NOTICE_OPEN, NOTICE_WORSE, NOTICE_CLOSED, NOTICE_STATE_N } NoticeState;
extern const char *const notice_state_names[NOTICE_STATE_N]; /* "open", "worse", "closed" */

typedef enum NoticeSeverity {
        NOTICE_INFO,
        NOTICE_WARNING,
        NOTICE_CRITICAL,
        NOTICE_SEVERITY_N
} NoticeSeverity;
extern const char *const notice_severity_names[NOTICE_SEVERITY_N];

typedef struct NoticeCondition {
        NoticeEvent event;
        NoticeSeverity severity;
        int level;                         /* of the same condition: higher is worse */
        char subject[NOTICE_SUBJECT_SIZE]; /* a host, a VM, a plan …; "": the cluster */
        char title[NOTICE_TITLE_SIZE], detail[NOTICE_DETAIL_SIZE];
        usec_t since;
} NoticeCondition;

/* By event, then subject. */
int notice_condition_compare(const NoticeCondition *left, const NoticeCondition *right);

typedef struct NoticePicture {
        NoticeCondition *at; /* [n], sorted by notice_picture_end() */
        uint32_t n, room;
        unsigned judged; /* bits of NoticeEvent: of these the picture says all that there is */
} NoticePicture;

/* Room for one more: what is in it is zeroed, but for event, level and severity. NULL: no memory, or too many. */
NoticeCondition *notice_picture_add(NoticePicture *picture, NoticeEvent event, NoticeSeverity severity,
                                    int level, const char *subject);

/* All were added: sorted, of one key the worst remains, and their texts are UTF-8. */
void notice_picture_end(NoticePicture *picture);

/* Bytes that are no UTF-8 become '?': a text that was cut within a character, or a file's name. */
void notice_condition_clean(NoticeCondition *c);
void notice_picture_free(NoticePicture *picture);

typedef struct NoticeChange {
        NoticeState state;
        const NoticeCondition *condition; /* of the picture; closed: of those that were open */
} NoticeChange;

/* was[n_was]: those that are open, sorted. In order of their keys. The list is the caller's, by free(). */
int notice_changes(const NoticeCondition *was, uint32_t n_was, const NoticePicture *is, NoticeChange **ret,
                   uint32_t *ret_n) must_check;
