/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/read/sample_list.h"

#include <errno.h>
#include <string.h>

#include "scheduler/base/text.h"
#include "scheduler/model/bounds.h"

static const char *clean_copy(Arena *a, const char *s) {
        char *copy = text_copy(a, s, strlen(s));

        for (char *c = copy; c && *c; c++)
                if ((unsigned char) *c < 0x20 || *c == 0x7f)
                        *c = ' ';
        return copy;
}

/* One more at the end of a list that grows. */
static int sample_add(Arena *a, Sample **list, uint32_t *n, uint32_t *room, Sample sample) {
        if (*n == SAMPLES_MAX)
                return -ENOMEM;
        if (*n == *room) {
                uint32_t longer = *room > 0 ? *room * 2 : 64;
                Sample *more = arena_longer(a, Sample, *list, *n, longer);

                if (!more)
                        return -ENOMEM;
                *list = more;
                *room = longer;
        }
        (*list)[(*n)++] = sample;
        return 0;
}

static int list_emit(SampleSink *sink, Sample sample) {
        SampleList *list = (SampleList *) sink; /* sink is its first member */
        const bool number = metric_defs[sample.metric].kind == METRIC_NUMBER;

        /* collectors speak of one subject at a time: its name is copied once */
        if (list->n > 0 && strcmp(list->samples[list->n - 1].subject, sample.subject) == 0)
                sample.subject = list->samples[list->n - 1].subject;
        else
                sample.subject = clean_copy(list->arena, sample.subject);
        if (sample.text)
                sample.text = clean_copy(list->arena, sample.text);
        if (!sample.subject || (!number && !sample.text))
                return -ENOMEM;
        if (number && sample.number > metric_bound(sample.metric))
                return sample_add(list->arena, &list->over, &list->n_over, &list->room_over, sample);
        return sample_add(list->arena, &list->samples, &list->n, &list->room, sample);
}

SampleList sample_list_over(Arena *a) {
        return (SampleList){ .sink.emit = list_emit, .arena = a };
}

int section_copy(Arena *a, const Section *section, Section *ret) {
        SampleList list = sample_list_over(a);

        for (uint32_t i = 0; i < section->n_samples; i++)
                if (list_emit(&list.sink, section->samples[i]) < 0)
                        return -ENOMEM;
        for (uint32_t i = 0; i < section->n_over; i++)
                if (list_emit(&list.sink, section->over[i]) < 0)
                        return -ENOMEM;
        *ret = *section;
        sample_list_end(&list, ret);
        return 0;
}

void sample_list_end(const SampleList *list, Section *ret) {
        ret->samples = list->samples;
        ret->n_samples = list->n;
        ret->over = list->over;
        ret->n_over = list->n_over;
}

int sample_list_tell(const SampleList *list, SampleSink *to) {
        int r = 0;

        for (uint32_t i = 0; r == 0 && i < list->n; i++)
                r = to->emit(to, list->samples[i]);
        for (uint32_t i = 0; r == 0 && i < list->n_over; i++)
                r = to->emit(to, list->over[i]);
        return r;
}

int emit_number(SampleSink *sink, Metric metric, const char *subject, int64_t number) {
        assert(metric_defs[metric].kind == METRIC_NUMBER);
        if (number < 0)
                return 0;
        return sink->emit(sink, (Sample){ .metric = metric, .subject = subject, .number = number });
}

int emit_text(SampleSink *sink, Metric metric, const char *subject, const char *text) {
        assert(metric_defs[metric].kind == METRIC_TEXT);
        if (!text || !*text)
                return 0;
        return sink->emit(sink, (Sample){ .metric = metric, .subject = subject, .text = text });
}
