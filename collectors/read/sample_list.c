/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/read/sample_list.h"

#include <errno.h>
#include <string.h>

#include "scheduler/base/text.h"

static const char *clean_copy(Arena *a, const char *s) {
        char *copy = text_copy(a, s, strlen(s));

        for (char *c = copy; c && *c; c++)
                if ((unsigned char) *c < 0x20 || *c == 0x7f)
                        *c = ' ';
        return copy;
}

static int list_emit(SampleSink *sink, Sample sample) {
        SampleList *list = (SampleList *) sink; /* sink is its first member */

        if (list->n == SAMPLES_MAX)
                return -ENOMEM;
        if (list->n == list->room) {
                uint32_t room = list->room > 0 ? list->room * 2 : 64;
                Sample *more = arena_longer(list->arena, Sample, list->samples, list->n, room);

                if (!more)
                        return -ENOMEM;
                list->samples = more;
                list->room = room;
        }
        /* collectors speak of one subject at a time: its name is copied once */
        if (list->n > 0 && strcmp(list->samples[list->n - 1].subject, sample.subject) == 0)
                sample.subject = list->samples[list->n - 1].subject;
        else
                sample.subject = clean_copy(list->arena, sample.subject);
        if (sample.text)
                sample.text = clean_copy(list->arena, sample.text);
        if (!sample.subject || (metric_defs[sample.metric].kind == METRIC_TEXT && !sample.text))
                return -ENOMEM;
        list->samples[list->n++] = sample;
        return 0;
}

SampleList sample_list_over(Arena *a) {
        return (SampleList){ .sink.emit = list_emit, .arena = a };
}

int section_copy(Arena *a, const Section *section, Section *ret) {
        SampleList list = sample_list_over(a);

        for (uint32_t i = 0; i < section->n_samples; i++)
                if (list_emit(&list.sink, section->samples[i]) < 0)
                        return -ENOMEM;
        *ret = *section;
        ret->samples = list.samples;
        return 0;
}

int emit_number(SampleSink *sink, Metric metric, const char *subject, int64_t number) {
        assert(metric_defs[metric].kind == METRIC_NUMBER);
        if (number < 0 || number > QUANTITY_MAX)
                return 0;
        return sink->emit(sink, (Sample){ .metric = metric, .subject = subject, .number = number });
}

int emit_text(SampleSink *sink, Metric metric, const char *subject, const char *text) {
        assert(metric_defs[metric].kind == METRIC_TEXT);
        if (!text || !*text)
                return 0;
        return sink->emit(sink, (Sample){ .metric = metric, .subject = subject, .text = text });
}
