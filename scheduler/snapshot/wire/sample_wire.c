/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/snapshot/wire/sample_wire.h"

#include <errno.h>
#include <string.h>

#include "scheduler/snapshot/json/text_writer.h"

#define HEAD         "plimsoll.report/1 "
#define SECTIONS_MAX 256
#define MET_SLOTS    512
/* The end of the year 9999. */
#define TIME_MAX (INT64_C(253402300799) * USEC_PER_SEC)

/* ---- print ---- */

/* What another program put into a name must not end our line: then all but plain ASCII becomes '?'. */
static void sample_wire_put_line(TextWriter *w, const char *s) {
        if (text_is_line(s, strlen(s))) {
                text_writer_word(w, s);
                return;
        }
        for (; *s; s++)
                text_writer_put(w, *s >= 0x20 && *s < 0x7f ? s : "?", 1);
}

static void sample_wire_put_sample(TextWriter *w, const Sample *sample) {
        const MetricDef *def = &metric_defs[sample->metric];

        text_writer_word(w, def->name);
        text_writer_put(w, "\t", 1);
        sample_wire_put_line(w, sample->subject);
        text_writer_put(w, "\t", 1);
        if (def->kind == METRIC_NUMBER)
                text_writer_int(w, sample->number);
        else
                sample_wire_put_line(w, sample->text);
        text_writer_put(w, "\n", 1);
}

int report_print(Arena *a, const Report *r, const char **ret, size_t *ret_n) {
        TextWriter w = text_writer_new(a);

        text_writer_word(&w, HEAD);
        sample_wire_put_line(&w, r->host);
        text_writer_word(&w, " sent=");
        text_writer_int(&w, r->sent_at);
        text_writer_word(&w, " seq=");
        text_writer_int(&w, (int64_t) (r->sequence & INT64_MAX));
        text_writer_word(&w, " every=");
        text_writer_int(&w, r->interval);
        text_writer_put(&w, "\n", 1);
        for (uint32_t i = 0; i < r->n_sections; i++) {
                const Section *s = &r->sections[i];

                text_writer_put(&w, "@", 1);
                sample_wire_put_line(&w, s->collector);
                text_writer_put(&w, " ", 1);
                text_writer_int(&w, s->read_at);
                if (s->error != 0) {
                        text_writer_word(&w, " error=");
                        text_writer_int(&w, s->error);
                }
                text_writer_put(&w, "\n", 1);
                for (uint32_t k = 0; s->error == 0 && k < s->n_samples; k++)
                        sample_wire_put_sample(&w, &s->samples[k]);
        }
        return text_writer_end(&w, ret, ret_n);
}

/* ---- parse ---- */

typedef struct Line {
        const char *s;
        size_t n;
} Line;

typedef struct WireReader {
        Arena *arena;
        const char *next, *end;
        uint32_t line;
        TextFault *fault;
        Section *sections, *section; /* section: the one being filled, NULL before the first */
        Sample *samples;
        uint32_t n_sections, n_samples;
        const char *subject; /* of the sample before: mostly the same */
        size_t n_subject;
        uint16_t met[MET_SLOTS]; /* metrics met so far, by a hash of their names: METRIC + 1 */
} WireReader;

#define wire_refuse(r, field, ...)                                                                           \
        (text_fault((r)->fault, field, __VA_ARGS__), (r)->fault->line = (r)->line, -EBADMSG)

/* 1: a line; 0: the text is over. */
static int next_line(WireReader *r, Line *ret) {
        const char *newline;

        if (r->next == r->end)
                return 0;
        r->line++;
        newline = memchr(r->next, '\n', (size_t) (r->end - r->next));
        if (!newline)
                return wire_refuse(r, "",
                                   "the last line is cut off; accepted: every line ends with a newline");
        *ret = (Line){ .s = r->next, .n = (size_t) (newline - r->next) };
        r->next = newline + 1;
        return 1;
}

/* " word=NUMBER" at the end of the line: cuts it off. */
static int take_number(WireReader *r, Line *l, const char *word, int64_t max, int64_t *ret) {
        size_t length = strlen(word), start = l->n;

        while (start > 0 && l->s[start - 1] != '=')
                start--;
        if (start < length || memcmp(l->s + start - length, word, length) != 0 ||
            text_to_int(l->s + start, l->n - start, 0, max, ret) < 0)
                return wire_refuse(r, word + 1,
                                   "accepted: \"" HEAD "HOST sent=USEC seq=N every=USEC\", numbers from 0");
        l->n = start - length;
        return 0;
}

static int head_parse(WireReader *r, Report *report) {
        Line l = { .s = "" };
        int64_t sequence = 0;
        int k = next_line(r, &l);

        if (k < 0)
                return k;
        if (l.n < strlen(HEAD) || memcmp(l.s, HEAD, strlen(HEAD)) != 0)
                return wire_refuse(r, "", "the first line does not begin with \"" HEAD "\"");
        k = take_number(r, &l, " every=", TIME_MAX, &report->interval);
        if (k == 0)
                k = take_number(r, &l, " seq=", INT64_MAX, &sequence);
        if (k == 0)
                k = take_number(r, &l, " sent=", TIME_MAX, &report->sent_at);
        if (k < 0)
                return k;
        report->sequence = (uint64_t) sequence;
        l.s += strlen(HEAD);
        if (l.n <= strlen(HEAD) || !text_is_name(l.s, l.n - strlen(HEAD)))
                return wire_refuse(r, "host",
                                   "accepted: a name of 1 to 255 bytes without control characters");
        report->host = text_copy(r->arena, l.s, l.n - strlen(HEAD));
        return report->host ? 0 : -ENOMEM;
}

/* "@collector TIME" or "@collector TIME error=N" */
static int section_parse(WireReader *r, Line l) {
        const char *space = memchr(l.s, ' ', l.n), *error;
        Section s = { .samples = r->samples + r->n_samples };
        size_t rest;
        int64_t value = 0;

        if (!space || !text_is_name(l.s + 1, (size_t) (space - l.s) - 1))
                return wire_refuse(r, "", "accepted: \"@COLLECTOR TIME\" or \"@COLLECTOR TIME error=N\"");
        rest = l.n - (size_t) (space + 1 - l.s);
        error = memchr(space + 1, ' ', rest);
        if (error) {
                static const char word[] = " error=";
                size_t left = l.n - (size_t) (error - l.s), length = strlen(word);

                if (left < length || memcmp(error, word, length) != 0 ||
                    text_to_int(error + length, left - length, 1, 4095, &value) < 0)
                        return wire_refuse(r, "", "accepted: \" error=N\", N from 1 to 4095");
                s.error = (int) value;
                rest = (size_t) (error - space) - 1;
        }
        if (text_to_int(space + 1, rest, 0, TIME_MAX, &s.read_at) < 0)
                return wire_refuse(r, "", "the time of a section is not a number of microseconds");
        s.collector = text_copy(r->arena, l.s + 1, (size_t) (space - l.s) - 1);
        if (!s.collector)
                return -ENOMEM;
        for (uint32_t i = 0; i < r->n_sections; i++)
                if (strcmp(r->sections[i].collector, s.collector) == 0)
                        return wire_refuse(r, s.collector,
                                           "a second section of this collector; accepted: one");
        r->section = &r->sections[r->n_sections++];
        *r->section = s;
        return 0;
}

static int subject_parse(WireReader *r, const char *s, size_t n, const char **ret) {
        if (n != r->n_subject || memcmp(r->subject, s, n) != 0) {
                if (n > 0 && !text_is_name(s, n))
                        return wire_refuse(r, "subject", "accepted: nothing, or a name of 1 to 255 bytes");
                r->subject = text_copy(r->arena, s, n);
                r->n_subject = n;
        }
        if (!r->subject)
                return -ENOMEM;
        *ret = r->subject;
        return 0;
}

/* A report names the same few metrics for each of its VMs. */
static Metric metric_of(WireReader *r, const char *name, size_t n) {
        uint32_t hash = (uint32_t) n;
        uint16_t *slot;
        Metric m;

        for (size_t i = 0; i < n; i++)
                hash = hash * 31 + (unsigned char) name[i];
        slot = &r->met[hash % MET_SLOTS];
        if (*slot > 0 && metric_is_named((Metric) (*slot - 1), name, n))
                return (Metric) (*slot - 1);
        m = metric_by_name(name, n);
        if (m != METRIC_N)
                *slot = (uint16_t) (m + 1);
        return m;
}

/* "metric TAB subject TAB value" */
static int sample_parse(WireReader *r, Line l) {
        const char *end = l.s + l.n, *subject = memchr(l.s, '\t', l.n);
        const char *value = subject ? memchr(subject + 1, '\t', (size_t) (end - subject) - 1) : NULL;
        Sample x = { 0 };
        int k;

        if (!r->section || r->section->error != 0)
                return wire_refuse(r, "", "a sample before any section, or in one that failed");
        if (!value)
                return wire_refuse(r, "", "accepted: metric TAB subject TAB value");
        x.metric = metric_of(r, l.s, (size_t) (subject - l.s));
        if (x.metric == METRIC_N)
                return 0; /* of a newer agent */
        value++;
        k = subject_parse(r, subject + 1, (size_t) (value - subject) - 2, &x.subject);
        if (k < 0)
                return k;
        if (metric_defs[x.metric].kind == METRIC_NUMBER) {
                if (text_to_int(value, (size_t) (end - value), 0, QUANTITY_MAX, &x.number) < 0)
                        return wire_refuse(r, metric_defs[x.metric].name,
                                           "accepted: a whole number from 0 to %lld",
                                           (long long) QUANTITY_MAX);
        } else {
                if (!text_is_line(value, (size_t) (end - value)))
                        return wire_refuse(r, metric_defs[x.metric].name,
                                           "accepted: UTF-8 text without control characters");
                x.text = text_copy(r->arena, value, (size_t) (end - value));
                if (!x.text)
                        return -ENOMEM;
        }
        r->samples[r->n_samples++] = x;
        r->section->n_samples++;
        return 0;
}

typedef struct LineCount {
        size_t sections, samples;
} LineCount;

/* How many of each kind of line there may be. */
static LineCount lines_count(const char *text, size_t n) {
        const char *end = text + n;
        LineCount c = { 0 };

        for (const char *s = text; s && s < end;) {
                if (*s == '@')
                        c.sections++;
                else
                        c.samples++;
                s = memchr(s, '\n', (size_t) (end - s));
                s = s ? s + 1 : NULL;
        }
        return c;
}

/* Arrays are taken once. */
static int arrays_take(WireReader *r) {
        const LineCount c = lines_count(r->next, (size_t) (r->end - r->next));

        if (c.sections > SECTIONS_MAX)
                return wire_refuse(r, "", "more than %d sections", SECTIONS_MAX);
        r->sections = arena_new(r->arena, Section, c.sections);
        r->samples = arena_new(r->arena, Sample, c.samples);
        return r->sections && r->samples ? 0 : -ENOMEM;
}

/* Each name and text is copied at most once, and has a separator after it whose place its NUL takes. */
size_t report_parse_room(const char *text, size_t n) {
        const LineCount c = lines_count(text, n);

        return sizeof(Report) + c.sections * sizeof(Section) + c.samples * sizeof(Sample) + n +
               4 * _Alignof(max_align_t);
}

int report_parse(Arena *a, const char *text, size_t n, const Report **ret, TextFault *reterr_fault) {
        TextFault fault = { 0 };
        WireReader r = { .arena = a, .next = text, .end = text + n, .fault = &fault, .subject = "" };
        Report *report = arena_new(a, Report, 1);
        Line l;
        int k;

        if (!report)
                return -ENOMEM;
        k = arrays_take(&r);
        if (k == 0)
                k = head_parse(&r, report);
        while (k == 0 && (k = next_line(&r, &l)) > 0)
                k = l.n > 0 && *l.s == '@' ? section_parse(&r, l) : sample_parse(&r, l);
        if (k == -EBADMSG)
                *reterr_fault = fault;
        if (k < 0)
                return k;
        report->sections = r.sections;
        report->n_sections = r.n_sections;
        *ret = report;
        return 0;
}
