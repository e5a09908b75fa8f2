/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/agent/collector_log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "scheduler/base/log.h"
#include "scheduler/base/text.h"

static struct CollectorPast *past_of(CollectorLog *l, const char *collector) {
        for (uint32_t i = 0; i < l->n; i++)
                if (strcmp(l->past[i].collector, collector) == 0)
                        return &l->past[i];
        if (l->n == COLLECTOR_LOG_MAX)
                return NULL;
        l->past[l->n].collector = collector;
        return &l->past[l->n++];
}

const char *collector_words(int error) {
        return error == ETIMEDOUT ? "no answer in time" : strerror(error);
}

static void collector_log_say(const struct CollectorPast *past, int error) {
        const char *name = strerrorname_np(error);
        char quoted[400];

        if (error != 0)
                log_event(LOG_WARNING, "collector.fails", "collector=%s error=%s why=%s", past->collector,
                          name ? name : "?", log_quote(past->words, quoted, sizeof(quoted)));
        else
                log_event(LOG_INFO, "collector.well", "collector=%s readings_failed=%lld", past->collector,
                          (long long) past->in_a_row);
}

/* Said when it begins, with the first of them; `plimsoll faults` shows all. */
static void collector_log_say_unread(const struct CollectorPast *past, const Section *s) {
        uint32_t i = 0;

        while (s->samples[i].metric != METRIC_ITEM_UNREAD)
                i++;
        log_event(LOG_WARNING, "collector.unread", "collector=%s items=%lld first=%s why=%s", past->collector,
                  (long long) past->unread, s->samples[i].subject, s->samples[i].text);
}

void collector_log_note(CollectorLog *l, const Section *s, const char *words) {
        struct CollectorPast *p = past_of(l, s->collector);
        int64_t was;

        if (!p || s->read_at == p->read_at)
                return;
        if (s->error != 0)
                (void) snprintf(p->words, sizeof(p->words), "%s",
                                *words ? words
                                : s->error == ETIMEDOUT
                                        ? "no answer in time" /* nothing to do with a network */
                                        : strerror(s->error));
        if (s->error != p->error)
                collector_log_say(p, s->error);
        p->read_at = s->read_at;
        p->error = s->error;
        was = p->unread;
        p->unread = s->error == 0 ? 0 : p->unread;
        for (uint32_t i = 0; s->error == 0 && i < s->n_samples; i++)
                p->unread += s->samples[i].metric == METRIC_ITEM_UNREAD;
        if (p->unread > was)
                collector_log_say_unread(p, s);
        p->failed += s->error != 0;
        p->late += s->error == ETIMEDOUT;
        p->in_a_row = s->error != 0 ? p->in_a_row + 1 : 0;
}

static int past_emit(const struct CollectorPast *past, Arena *a, SampleSink *sink) {
        const char *why;
        int r = past->failed > 0 ? emit_number(sink, METRIC_COLLECTOR_FAILED, past->collector, past->failed)
                                 : 0;

        if (r == 0 && past->unread > 0)
                r = emit_number(sink, METRIC_COLLECTOR_UNREAD, past->collector, past->unread);
        if (r == 0 && past->late > 0)
                r = emit_number(sink, METRIC_COLLECTOR_LATE, past->collector, past->late);
        if (r < 0 || past->error == 0)
                return r;
        why = past->in_a_row > 1
                      ? text_format(a, "%s (%lld readings in a row)", past->words, (long long) past->in_a_row)
                      : past->words;
        return why ? emit_text(sink, METRIC_COLLECTOR_ERROR, past->collector, why) : -ENOMEM;
}

int collector_log_emit(const CollectorLog *l, Arena *a, SampleSink *sink) {
        int r = 0;

        for (uint32_t i = 0; r == 0 && i < l->n; i++)
                if (l->past[i].failed > 0 || l->past[i].unread > 0)
                        r = past_emit(&l->past[i], a, sink);
        return r;
}
