/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/agent/agent_print.h"
#include "collectors/agent/collector_log.h"
#include "scheduler/base/text.h"
#include "scheduler/snapshot/json/json_value.h"

/* {"metric": …, "subject": …, "value": 5}; the unit is in docs/metrics.md */
static json_t *sample_json(const Sample *s) {
        const MetricDef *d = &metric_defs[s->metric];
        json_t *j = json_pack("{s:s}", "metric", d->name);

        if (j)
                (void) json_object_set_new(j, "subject", json_text(s->subject));
        if (j)
                (void) json_object_set_new(
                        j, "value", d->kind == METRIC_TEXT ? json_string(s->text) : json_integer(s->number));
        return j;
}

static json_t *section_json(const Section *section) {
        json_t *samples = json_array(), *over = json_array();
        json_t *j = json_pack("{s:s, s:o, s:o}", "collector", section->collector, "read_at",
                              json_instant(section->read_at), "error",
                              json_text(section->error != 0 ? collector_words(section->error) : NULL));

        for (uint32_t i = 0; samples && i < section->n_samples; i++)
                (void) json_array_append_new(samples, sample_json(&section->samples[i]));
        for (uint32_t i = 0; over && i < section->n_over; i++)
                (void) json_array_append_new(over, sample_json(&section->over[i]));
        if (j)
                (void) json_object_set_new(j, "samples", samples);
        if (j)
                (void) json_object_set(j, "over_their_bounds", over);
        json_decref(over);
        return j;
}

const char *report_json(Arena *a, const Report *r) {
        json_t *sections = json_array();
        json_t *j = json_pack("{s:s, s:s, s:o, s:o}", "schema", "plimsoll.agent-report/1", "host", r->host,
                              "sent_at", json_instant(r->sent_at), "interval_seconds",
                              json_scaled(r->interval, USEC_PER_SEC));
        char *text = NULL, *copy = NULL;

        for (uint32_t i = 0; sections && i < r->n_sections; i++)
                (void) json_array_append_new(sections, section_json(&r->sections[i]));
        if (json_object_set_new(j, "sections", sections) == 0)
                text = json_dumps(j, JSON_VALUE_FLAGS);
        if (text)
                copy = text_format(a, "%s\n", text);
        free(text);
        json_decref(j);
        return copy;
}
