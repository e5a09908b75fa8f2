/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/agent/metrics_text.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "scheduler/base/text_harmless.h"
#include "scheduler/snapshot/json/text_writer.h"

#define NAME_SIZE 128

static char name_letter(char c) {
        return isalnum((unsigned char) c) ? (char) tolower((unsigned char) c) : '_';
}

/* "vm.cpu" in "mcores" → plimsoll_vm_cpu_mcores; "1/h" → 1_per_h. */
static void name_print(const MetricDef *d, char ret[NAME_SIZE]) {
        char raw[NAME_SIZE];
        size_t k = 0;

        (void) snprintf(raw, sizeof(raw), "plimsoll_%s%s%s", d->name, d->unit[0] ? "." : "", d->unit);
        for (const char *c = raw; *c && k + 8 < NAME_SIZE; c++) {
                if (*c == '/') {
                        memcpy(ret + k, "_per_", 5);
                        k += 5;
                } else {
                        ret[k++] = name_letter(*c);
                }
        }
        if (d->kind == METRIC_TEXT) {
                memcpy(ret + k, "_info", 5);
                k += 5;
        }
        ret[k] = '\0';
}

/* Backslash, quote and newline are escaped in label values; what is not harmless is written as \u202e is here, so
 * that curl on a terminal shows it. */
static void put_label(TextWriter *w, const char *key, size_t n, const char *value) {
        text_writer_put(w, key, n);
        text_writer_put(w, "=\"", 2);
        for (size_t left = strlen(value), len; left > 0; value += len, left -= len) {
                char escape[16];
                uint32_t c;

                len = text_char(value, left, &c);
                (void) snprintf(escape, sizeof(escape), "\\\\u%04x", c == TEXT_CHAR_BROKEN ? 0xfffdU : c);
                if (c == '\\' || c == '"')
                        text_writer_put(w, "\\", 1);
                if (c == '\n')
                        text_writer_put(w, "\\n", 2);
                else if (text_char_is_harmless(c))
                        text_writer_put(w, value, len);
                else
                        text_writer_word(w, escape);
        }
        text_writer_put(w, "\"", 1);
}

static void metrics_text_put_sample(TextWriter *w, const char *host, const char *name, const Sample *sample) {
        const MetricDef *d = &metric_defs[sample->metric];

        text_writer_word(w, name);
        text_writer_put(w, "{", 1);
        put_label(w, "host", 4, host);
        if (sample->subject[0]) {
                text_writer_put(w, ",", 1);
                put_label(w, d->name, strcspn(d->name, "."), sample->subject);
        }
        if (d->kind == METRIC_TEXT) {
                text_writer_put(w, ",", 1);
                put_label(w, "value", 5, sample->text);
                text_writer_word(w, "} 1\n");
        } else {
                text_writer_word(w, "} ");
                text_writer_int(w, sample->number);
                text_writer_put(w, "\n", 1);
        }
}

/* HELP takes no newline; the docs have none. */
static void metrics_text_put_head(TextWriter *w, const char *name, const char *doc) {
        text_writer_word(w, "# HELP ");
        text_writer_word(w, name);
        text_writer_put(w, " ", 1);
        text_writer_word(w, doc);
        text_writer_word(w, "\n# TYPE ");
        text_writer_word(w, name);
        text_writer_word(w, " gauge\n");
}

/* The format wants all samples of a metric together. */
static void put_metric(TextWriter *w, const Report *r, Metric m) {
        char name[NAME_SIZE];
        bool any = false;

        name_print(&metric_defs[m], name);
        for (uint32_t i = 0; i < r->n_sections; i++)
                for (uint32_t k = 0; k < r->sections[i].n_samples; k++) {
                        const Sample *x = &r->sections[i].samples[k];

                        if (x->metric != m)
                                continue;
                        if (!any)
                                metrics_text_put_head(w, name, metric_defs[m].doc);
                        any = true;
                        metrics_text_put_sample(w, r->host, name, x);
                }
}

static void put_collectors(TextWriter *w, const Report *r, bool times) {
        const char *name = times ? "plimsoll_collector_read_time_seconds" : "plimsoll_collector_up";

        metrics_text_put_head(w, name,
                              times ? "when the collector last read, since the epoch"
                                    : "1: its last reading succeeded");
        for (uint32_t i = 0; i < r->n_sections; i++) {
                const Section *s = &r->sections[i];

                text_writer_word(w, name);
                text_writer_put(w, "{", 1);
                put_label(w, "host", 4, r->host);
                text_writer_put(w, ",", 1);
                put_label(w, "collector", 9, s->collector);
                text_writer_word(w, "} ");
                if (times)
                        text_writer_decimal(w, s->read_at, USEC_PER_SEC, 3);
                else
                        text_writer_int(w, s->error == 0);
                text_writer_put(w, "\n", 1);
        }
}

int metrics_text(Arena *a, const Report *r, const char **ret, size_t *ret_n) {
        bool seen[METRIC_N] = { false };
        TextWriter w = text_writer_new(a);

        for (uint32_t i = 0; i < r->n_sections; i++)
                for (uint32_t k = 0; k < r->sections[i].n_samples; k++)
                        seen[r->sections[i].samples[k].metric] = true;
        for (int m = 0; m < METRIC_N; m++)
                if (seen[m])
                        put_metric(&w, r, (Metric) m);
        put_collectors(&w, r, false);
        put_collectors(&w, r, true);
        return text_writer_end(&w, ret, ret_n);
}
