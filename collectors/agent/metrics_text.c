/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/agent/metrics_text.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "scheduler/base/text.h"
#include "scheduler/base/text_harmless.h"
#include "scheduler/snapshot/json/text_writer.h"

#define NAME_SIZE 128

static char name_letter(char c) {
        return isalnum((unsigned char) c) ? (char) tolower((unsigned char) c) : '_';
}

/* Of each unit of metrics.def: the base unit that Prometheus' names have (prometheus.io/docs/practices/naming), and what makes
 * the one of the other. */
typedef struct BaseUnit {
        const char *unit, *suffix;
        int64_t times, divided;
} BaseUnit;

static const BaseUnit base_units[] = {
        { "", "", 1, 1 },
        { "1/h", "_per_hour", 1, 1 },
        { "Cel", "_celsius", 1, 1 },
        { "mCel", "_celsius", 1, 1000 },
        { "KiB", "_bytes", 1024, 1 },
        { "MiB", "_bytes", 1048576, 1 },
        { "KiB/s", "_bytes_per_second", 1024, 1 },
        { "kbit/s", "_bytes_per_second", 125, 1 },
        { "Mbit/s", "_bytes_per_second", 125000, 1 },
        { "MHz", "_hertz", 1000000, 1 },
        { "us", "_seconds", 1, 1000000 },
        { "ms", "_seconds", 1, 1000 },
        { "s", "_seconds", 1, 1 },
        { "h", "_seconds", 3600, 1 },
        { "mcores", "_cores", 1, 1000 },
        { "permille", "_ratio", 1, 1000 },
        { "percent", "_ratio", 1, 100 },
        { "rpm", "_rpm", 1, 1 },
};

static const BaseUnit *base_unit(const MetricDef *d) {
        for (size_t i = 0; i < ARRAY_SIZE(base_units); i++)
                if (strcmp(base_units[i].unit, d->unit) == 0)
                        return &base_units[i];
        assert(false); /* metrics_text_test has all of them */
        return &base_units[0];
}

/* Counted since the agent was started; all else goes up and down. */
static bool metrics_text_is_counter(Metric m) {
        return m == METRIC_COLLECTOR_FAILED || m == METRIC_COLLECTOR_LATE;
}

/* "vm.cpu" in "mcores" → plimsoll_vm_cpu_cores; "host.cpu.mhz" → plimsoll_host_cpu_hertz: the unit stands there once. */
static void name_print(Metric m, char ret[NAME_SIZE]) {
        const MetricDef *d = &metric_defs[m];
        const char *last = strrchr(d->name, '.');
        const bool hours =
                last && strcmp(last, ".hours") == 0; /* in seconds: another unit may not stand in the name */
        const bool unit = last && d->unit[0] && text_is_same(last + 1, d->unit);
        const size_t whole = hours || unit ? (size_t) (last - d->name) : strlen(d->name);

        (void) snprintf(ret, NAME_SIZE, "plimsoll_%.*s%s%s%s", (int) whole, d->name, hours ? "_power_on" : "",
                        base_unit(d)->suffix,
                        d->kind == METRIC_TEXT       ? "_info"
                        : metrics_text_is_counter(m) ? "_total"
                                                     : "");
        for (char *c = ret; *c; c++)
                *c = name_letter(*c);
}

static void put_value(TextWriter *w, const BaseUnit *unit, int64_t value) {
        if (unit->divided == 1) {
                text_writer_int(w, value * unit->times); /* bounds.def: far below 2^62 / 1048576 */
                return;
        }
        if (value < 0)
                text_writer_put(w, "-", 1);
        text_writer_decimal(w, value < 0 ? -value : value, unit->divided, 6);
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
                put_value(w, base_unit(d), sample->number);
                text_writer_put(w, "\n", 1);
        }
}

/* HELP takes no newline; the docs have none. */
static void metrics_text_put_head(TextWriter *w, const char *name, const char *doc, const char *type) {
        text_writer_word(w, "# HELP ");
        text_writer_word(w, name);
        text_writer_put(w, " ", 1);
        text_writer_word(w, doc);
        text_writer_word(w, "\n# TYPE ");
        text_writer_word(w, name);
        text_writer_put(w, " ", 1);
        text_writer_word(w, type);
        text_writer_put(w, "\n", 1);
}

/* The format wants all samples of a metric together. */
static void put_metric(TextWriter *w, const Report *r, Metric m) {
        char name[NAME_SIZE];
        bool any = false;

        name_print(m, name);
        for (uint32_t i = 0; i < r->n_sections; i++)
                for (uint32_t k = 0; k < r->sections[i].n_samples; k++) {
                        const Sample *x = &r->sections[i].samples[k];

                        if (x->metric != m)
                                continue;
                        if (!any)
                                metrics_text_put_head(w, name, metric_defs[m].doc,
                                                      metrics_text_is_counter(m) ? "counter" : "gauge");
                        any = true;
                        metrics_text_put_sample(w, r->host, name, x);
                }
}

static void put_collectors(TextWriter *w, const Report *r, bool times) {
        const char *name = times ? "plimsoll_collector_read_timestamp_seconds" : "plimsoll_collector_up";

        metrics_text_put_head(w, name,
                              times ? "when the collector last read, since the epoch"
                                    : "1: its last reading succeeded",
                              "gauge");
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
