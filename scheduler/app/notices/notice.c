/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/notices/notice.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/base/text_harmless.h"

const char *const notice_event_names[NOTICE_EVENT_N] = {
        "plan.waits",   "evacuation",     "fault",  "brake",       "blind", "vm.doubled",
        "store.forgot", "balance.paused", "leader", "certificate", "test",
};
const char *const notice_state_names[NOTICE_STATE_N] = { "open", "worse", "closed" };
const char *const notice_severity_names[NOTICE_SEVERITY_N] = { "info", "warning", "critical" };

int notice_condition_compare(const NoticeCondition *left, const NoticeCondition *right) {
        return left->event != right->event ? (left->event > right->event) - (left->event < right->event)
                                           : strcmp(left->subject, right->subject);
}

NoticeCondition *notice_picture_add(NoticePicture *picture, NoticeEvent event, NoticeSeverity severity,
                                    int level, const char *subject) {
        NoticeCondition *c;

        if (picture->n == picture->room) {
                const uint32_t room = picture->room > 0 ? 2 * picture->room : 16;
                NoticeCondition *more =
                        picture->n < NOTICES_MAX ? realloc(picture->at, room * sizeof(*more)) : NULL;

                picture->judged &= more ? ~0U : ~(1U << event); /* what is not in it has not ended for that */
                if (!more)
                        return NULL;
                picture->at = more;
                picture->room = room;
        }
        c = &picture->at[picture->n++];
        memset(c, 0, sizeof(*c));
        c->event = event;
        c->severity = severity;
        c->level = level;
        (void) snprintf(c->subject, sizeof(c->subject), "%s", subject);
        return c;
}

/* The worst of one key first. */
static int notice_compare_worst(const void *left, const void *right) {
        const NoticeCondition *l = left, *r = right;
        const int key = notice_condition_compare(l, r);

        return key != 0 ? key : (r->level > l->level) - (r->level < l->level);
}

static void notice_text_clean(char *text) {
        size_t n = strlen(text);

        while (n > 0) {
                uint32_t character;
                const size_t length = text_char(text, n, &character);

                if (length == 1 && (unsigned char) *text >= 0x80)
                        *text = '?';
                text += length;
                n -= length;
        }
}

void notice_condition_clean(NoticeCondition *c) {
        notice_text_clean(c->subject);
        notice_text_clean(c->title);
        notice_text_clean(c->detail);
}

void notice_picture_end(NoticePicture *picture) {
        uint32_t n = 0;

        if (picture->n == 0)
                return;
        for (uint32_t i = 0; i < picture->n; i++)
                notice_condition_clean(&picture->at[i]);
        qsort(picture->at, picture->n, sizeof(*picture->at), notice_compare_worst);
        for (uint32_t i = 0; i < picture->n; i++)
                if (n == 0 || notice_condition_compare(&picture->at[n - 1], &picture->at[i]) != 0)
                        picture->at[n++] = picture->at[i];
        picture->n = n;
}

void notice_picture_free(NoticePicture *picture) {
        free(picture->at);
        *picture = (NoticePicture){ 0 };
}

static bool notice_is_judged(const NoticePicture *picture, NoticeEvent event) {
        return picture->judged >> event & 1U;
}

int notice_changes(const NoticeCondition *was, uint32_t n_was, const NoticePicture *is, NoticeChange **ret,
                   uint32_t *ret_n) {
        NoticeChange *list = calloc((size_t) n_was + is->n + 1, sizeof(*list));
        uint32_t i = 0, k = 0, n = 0;

        if (!list)
                return -ENOMEM;
        while (i < n_was || k < is->n) {
                const int order = i == n_was   ? 1
                                  : k == is->n ? -1
                                               : notice_condition_compare(&was[i], &is->at[k]);

                if (order < 0 && notice_is_judged(is, was[i].event))
                        list[n++] = (NoticeChange){ NOTICE_CLOSED, &was[i] };
                if (order > 0 && notice_is_judged(is, is->at[k].event))
                        list[n++] = (NoticeChange){ NOTICE_OPEN, &is->at[k] };
                if (order == 0 && is->at[k].level > was[i].level)
                        list[n++] = (NoticeChange){ NOTICE_WORSE, &is->at[k] };
                i += order <= 0;
                k += order >= 0;
        }
        *ret = list;
        *ret_n = n;
        return 0;
}
