/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/snapshot/wire/sample_wire.h"

#include <errno.h>
#include <string.h>

#include "scheduler/base/hash.h"
#include "scheduler/model/bounds.h"
#include "scheduler/snapshot/json/text_writer.h"

#define HEAD      "plimsoll.report/1 "
#define MET_SLOTS 512

#define ODD_PLAIN     48 /* bytes of an odd name that are shown */
#define ODD_NAME_SIZE (ODD_PLAIN + 18)

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
                for (uint32_t k = 0; s->error == 0 && k < s->n_over; k++)
                        sample_wire_put_sample(&w, &s->over[k]);
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
        Section *sections, *section; /* section: the one being filled; NULL: none, or one that was left out */
        Sample *samples, *dropped;   /* one list, filled from its two ends */
        uint32_t n_sections, n_samples, n_dropped, n_odd;
        bool skips;                 /* the section was left out, and with it its samples */
        const char *said, *subject; /* of the sample before, in the text and as it is kept: mostly the same */
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
                return wire_refuse(
                        r, word + 1,
                        "accepted: \"" HEAD
                        "HOST sent=USEC seq=N every=USEC\", numbers from 0, every at most an hour");
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
        k = take_number(r, &l, " every=", bound_of(BOUND_REPORT_INTERVAL), &report->interval);
        if (k == 0)
                k = take_number(r, &l, " seq=", bound_of(BOUND_SEQUENCE), &sequence);
        if (k == 0)
                k = take_number(r, &l, " sent=", bound_of(BOUND_TIME), &report->sent_at);
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

/* One line is left out; the report goes on. */
static void wire_drop(WireReader *r, Metric m, const char *subject, const char *why) {
        *--r->dropped = (Sample){ .metric = m, .subject = subject, .text = why };
        r->n_dropped++;
}

/* " error=N", or nothing. */
static bool section_error(const char *s, size_t n, int *ret) {
        static const char word[] = " error=";
        const size_t length = strlen(word);
        int64_t value = 0;

        if (n > 0 && (n < length || memcmp(s, word, length) != 0 ||
                      text_to_int(s + length, n - length, 1, bound_of(BOUND_ERRNO), &value) < 0))
                return false;
        *ret = (int) value;
        return true;
}

static const char *section_fault(const WireReader *r, const Section *s, const char *name, size_t n) {
        if (r->n_sections == (uint64_t) bound_of(BOUND_REPORT_SECTIONS))
                return "too many sections";
        for (uint32_t i = 0; i < r->n_sections; i++)
                if (strncmp(r->sections[i].collector, name, n) == 0 && r->sections[i].collector[n] == '\0')
                        return "a collector has two sections; accepted: one";
        return s->read_at < 0 ? "the time of a section is not a number of microseconds" : NULL;
}

/* "@collector TIME" or "@collector TIME error=N" */
static int section_parse(WireReader *r, Line l) {
        const char *space = memchr(l.s, ' ', l.n), *error, *fault = "accepted: \"@COLLECTOR TIME[ error=N]\"";
        Section s = { .samples = r->samples + r->n_samples, .read_at = -1 };
        const size_t n_name = space ? (size_t) (space - l.s) - 1 : 0;

        r->section = NULL;
        r->skips = true;
        if (space && text_is_name(l.s + 1, n_name)) {
                const size_t n = l.n - (size_t) (space + 1 - l.s);

                error = memchr(space + 1, ' ', n);
                if (section_error(error ? error : "", error ? l.n - (size_t) (error - l.s) : 0, &s.error) &&
                    text_to_int(space + 1, error ? (size_t) (error - space) - 1 : n, 0, bound_of(BOUND_TIME),
                                &s.read_at) < 0)
                        s.read_at = -1;
                fault = section_fault(r, &s, l.s + 1, n_name);
        }
        if (fault) {
                wire_drop(r, METRIC_N, "", fault);
                return 0;
        }
        s.collector = text_copy(r->arena, l.s + 1, n_name);
        if (!s.collector)
                return -ENOMEM;
        r->section = &r->sections[r->n_sections++];
        *r->section = s;
        r->skips = false;
        return 0;
}

/* What is no name gets one: what of it is plain, and a number of its bytes, so that two of them stay two. */
static const char *odd_name(WireReader *r, const char *s, size_t n) {
        char plain[ODD_PLAIN + 1];
        size_t k = 0;

        for (; k < n && k < ODD_PLAIN; k++)
                plain[k] = (char) (s[k] >= 0x20 && s[k] < 0x7f ? s[k] : '?');
        plain[k] = '\0';
        return text_format(r->arena, "%s#%016llx", plain, (unsigned long long) fnv1a(FNV1A_START, s, n));
}

/* 1: it is no name, and stands under another from here on; or under none, "", where there are too many of these. */
static int subject_parse(WireReader *r, const char *s, size_t n, const char **ret) {
        const bool odd = n > 0 && !text_is_name(s, n);
        const bool same = r->subject && n == r->n_subject && memcmp(r->said, s, n) == 0;

        if (!same) {
                const bool room = r->n_odd < (uint64_t) bound_of(BOUND_REPORT_ODD_NAMES);

                r->subject = !odd ? text_copy(r->arena, s, n) : room ? odd_name(r, s, n) : "";
                r->n_odd += odd && room;
                r->said = s;
                r->n_subject = n;
                if (!r->subject)
                        return -ENOMEM;
        }
        *ret = r->subject;
        return odd && (!same || !*r->subject);
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

/* The value of a sample; NULL, or why it is left out. */
static const char *value_parse(WireReader *r, const char *s, size_t n, Sample *sample) {
        int k;

        if (metric_defs[sample->metric].kind == METRIC_NUMBER) {
                k = text_to_int(s, n, 0, metric_bound(sample->metric), &sample->number);
                return k == 0 ? NULL : k == -ERANGE ? "out of bounds" : "not a whole number";
        }
        if (n > (size_t) bound_of(BOUND_TEXT_BYTES))
                return "too long";
        if (!text_is_line(s, n))
                return "not UTF-8 text without control characters";
        sample->text = text_copy(r->arena, s, n);
        return sample->text ? NULL : "";
}

/* "metric TAB subject TAB value" */
static int sample_parse(WireReader *r, Line l) {
        const char *end = l.s + l.n, *subject = memchr(l.s, '\t', l.n), *fault;
        const char *value = subject ? memchr(subject + 1, '\t', (size_t) (end - subject) - 1) : NULL;
        Sample x = { 0 };
        int odd;

        if (r->skips)
                return 0;
        if (!r->section || r->section->error != 0 || !value) {
                wire_drop(r, METRIC_N, "",
                          value ? "a sample before any section, or in one that failed"
                                : "accepted: metric TAB subject TAB value");
                return 0;
        }
        x.metric = metric_of(r, l.s, (size_t) (subject - l.s));
        if (x.metric == METRIC_N)
                return 0; /* of a newer agent */
        value++;
        odd = subject_parse(r, subject + 1, (size_t) (value - subject) - 2, &x.subject);
        if (odd < 0)
                return odd;
        if (odd > 0)
                wire_drop(r, *x.subject ? x.metric : METRIC_N, x.subject, "its subject is not a valid name");
        if (odd > 0 && !*x.subject)
                return 0;
        fault = value_parse(r, value, (size_t) (end - value), &x);
        if (fault && !*fault)
                return -ENOMEM;
        if (fault) {
                if (odd == 0)
                        wire_drop(r, x.metric, x.subject, fault);
                return 0;
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

static size_t sections_room(const LineCount *c) {
        const size_t most = (size_t) bound_of(BOUND_REPORT_SECTIONS);

        return c->sections < most ? c->sections : most;
}

/* A line is one sample at most, kept or left out; that of an odd name may be both. */
static size_t samples_room(const LineCount *c) {
        return c->samples + c->sections + (size_t) bound_of(BOUND_REPORT_ODD_NAMES);
}

/* Arrays are taken once. */
static int arrays_take(WireReader *r) {
        const LineCount c = lines_count(r->next, (size_t) (r->end - r->next));

        r->sections = arena_new(r->arena, Section, sections_room(&c));
        r->samples = arena_new(r->arena, Sample, samples_room(&c));
        r->dropped = r->samples ? r->samples + samples_room(&c) : NULL;
        return r->sections && r->samples ? 0 : -ENOMEM;
}

/* Each name and text is copied at most once, and has a separator after it whose place its NUL takes; but for odd names. */
size_t report_parse_room(const char *text, size_t n) {
        const LineCount c = lines_count(text, n);

        return sizeof(Report) + sections_room(&c) * sizeof(Section) + samples_room(&c) * sizeof(Sample) + n +
               (size_t) bound_of(BOUND_REPORT_ODD_NAMES) * ODD_NAME_SIZE + 4 * _Alignof(max_align_t);
}

/* As they came: they were put down from the end. */
static void dropped_turn(Sample *list, uint32_t n) {
        for (uint32_t i = 0; i < n / 2; i++) {
                const Sample x = list[i];

                list[i] = list[n - 1 - i];
                list[n - 1 - i] = x;
        }
}

int report_parse(Arena *a, const char *text, size_t n, const Report **ret, TextFault *reterr_fault) {
        TextFault fault = { 0 };
        WireReader r = { .arena = a, .next = text, .end = text + n, .fault = &fault };
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
        dropped_turn(r.dropped, r.n_dropped);
        report->dropped = r.dropped;
        report->n_dropped = r.n_dropped;
        *ret = report;
        return 0;
}

int report_reread(Arena *a, const Report *r, const Report **ret, TextFault *reterr_fault) {
        const char *text = NULL;
        size_t n = 0;
        int k = report_print(a, r, &text, &n);

        return k < 0 ? k : report_parse(a, text, n, ret, reterr_fault);
}
