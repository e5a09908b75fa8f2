/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/remote/prometheus.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/remote/http_request.h"
#include "collectors/remote/prometheus_parts.h"
#include "scheduler/model/host_uri.h"

#define VIRTUAL      "lo|(tap|vnet|veth|virbr|docker|br-|macvtap|ovs).*"
#define QUERY_RANGES 4
#define TOKEN_MOST   8192
#define NUMBERS      9e15 /* below it a double tells whole numbers apart */

const SettingDef prometheus_settings[] = {
        { .name = "url",
          .type = SETTING_TEXT,
          .def_text = "",
          .doc = "URL of Prometheus, such as http://HOST:9090. Hosts without an agent are read from it. "
                 "Empty: do not use Prometheus." },
        { .name = "host_label",
          .type = SETTING_TEXT,
          .def_text = "instance",
          .doc = "Label that holds the host's name; a port at its end is removed." },
        { .name = "uri",
          .type = SETTING_TEXT,
          .def_text = "",
          .doc = "libvirt URI of a host, with {host} for its name: qemu+tls://{host}/system. Required to move "
                 "VMs." },
        { .name = "scrape",
          .type = SETTING_DURATION,
          .def = 30 * USEC_PER_SEC,
          .min = USEC_PER_SEC,
          .max = 600 * USEC_PER_SEC,
          .doc = "Scrape interval of Prometheus. Rates are computed over four intervals; data older than "
                 "three is stale." },
        { .name = "timeout",
          .type = SETTING_DURATION,
          .def = 10 * USEC_PER_SEC,
          .min = 100 * USEC_PER_MSEC,
          .max = 300 * USEC_PER_SEC,
          .doc = "Timeout of a query." },
        { .name = "ca_file",
          .type = SETTING_TEXT,
          .def_text = "",
          .doc = "File with CA certificates for https. Empty: the system's CA certificates." },
        { .name = "token_file",
          .type = SETTING_TEXT,
          .def_text = "",
          .doc = "File with the bearer token to send. Empty: send none." },
        { 0 },
};

static const char *const section_names[PART_N] = {
#define PART(id, section, query) [PART_##id] = section,
#define NUMBER(...)
#define TEXT(...)
#define WORDS(...)
#include "collectors/remote/prometheus_queries.def"
#undef PART
#undef NUMBER
#undef TEXT
#undef WORDS
};

static const Query prometheus_query_table[] = {
#define PART(id, section, query) { PART_##id, METRIC_N, "", NULL, NULL, 1e6, query },
#define NUMBER(id, metric, subject, factor, query)                                                           \
        { PART_##id, METRIC_##metric, subject, NULL, NULL, factor, query },
#define TEXT(id, metric, subject, label, query)                                                              \
        { PART_##id, METRIC_##metric, subject, label, NULL, 1, query },
#define WORDS(id, metric, subject, word_list, query)                                                         \
        { PART_##id, METRIC_##metric, subject, NULL, word_list, 1, query },
#include "collectors/remote/prometheus_queries.def"
#undef PART
#undef NUMBER
#undef TEXT
#undef WORDS
};

/* ---- asking ---- */

/* $range, $host and $virtual, in the arena. */
static const char *query_fill(Reader *reader, const char *query) {
        const struct {
                const char *name, *value;
        } words[] = { { "$range", reader->range }, { "$host", reader->host_label }, { "$virtual", VIRTUAL } };
        size_t longest = strlen(query) +
                         8 * (strlen(VIRTUAL) + strlen(reader->host_label) + strlen(reader->range)),
               n = 0;
        char *to = arena_new(reader->a, char, longest + 1);

        while (to && *query) {
                bool found = false;

                for (size_t i = 0; i < ARRAY_SIZE(words) && !found; i++)
                        if (strncmp(query, words[i].name, strlen(words[i].name)) == 0) {
                                memcpy(to + n, words[i].value, strlen(words[i].value));
                                n += strlen(words[i].value);
                                query += strlen(words[i].name);
                                found = true;
                        }
                if (!found)
                        to[n++] = *query++;
                assert(n <= longest);
        }
        return to;
}

int prometheus_ask(Reader *reader, const Query *q, PromSeries **ret, uint32_t *ret_n) {
        const char *ca_file = settings_text(reader->settings, "prometheus", "ca_file");
        const char *headers[] = { reader->authorization, NULL };
        PromLabels labels = { .host = reader->host_label,
                              .subject = q->subject_label[0] ? q->subject_label : NULL,
                              .text = q->text_label };
        const char *filled = query_fill(reader, q->query),
                   *escaped = filled ? http_escape(reader->a, filled) : NULL;
        HttpRequest request = { .headers = reader->authorization ? headers : NULL,
                                .ca_file = ca_file[0] ? ca_file : NULL,
                                .timeout = settings_int(reader->settings, "prometheus", "timeout") };
        TextFault fault = { 0 };
        HttpReply reply;
        int r;

        if (!escaped)
                return -ENOMEM;
        request.url = text_format(reader->a, "%s%sapi/v1/query", reader->url,
                                  reader->url[strlen(reader->url) - 1] == '/' ? "" : "/");
        request.body = reader->at > 0 ? text_format(reader->a, "query=%s&time=%lld", escaped,
                                                    (long long) (reader->at / USEC_PER_SEC))
                                      : text_format(reader->a, "query=%s", escaped);
        if (!request.url || !request.body)
                return -ENOMEM;
        r = http_request(reader->a, &request, &reply, &fault);
        if (r == 0 && reply.status != 200 && reply.status != 400 && reply.status != 422 &&
            reply.status != 503) {
                text_fault(&fault, "", "HTTP status %ld", reply.status);
                r = reply.status == 401 || reply.status == 403 ? -EACCES : -EBADMSG;
        } else if (r == 0) {
                r = prometheus_answer(reader->a, reply.body, reply.n, &labels, ret, ret_n, &fault);
        }
        if (r < 0)
                text_fault(reader->fault, "", "%.100s: %s", reader->url, fault.what);
        return r;
}

/* ---- series into rows ---- */

/* "1=running 3=paused" */
static const char *word_for(Arena *a, const char *words, double value) {
        while (*words) {
                size_t n = strcspn(words, " ");
                const char *equals = memchr(words, '=', n);
                int64_t number;

                if (equals && text_to_int(words, (size_t) (equals - words), 0, 1000, &number) == 0 &&
                    (double) number == value)
                        return text_copy(a, equals + 1, (size_t) (words + n - equals - 1));
                words += n + strspn(words + n, " ");
        }
        return NULL;
}

static int row_add(Reader *reader, Row row) {
        if (reader->n == reader->room) {
                size_t room = reader->room > 0 ? 2 * reader->room : 4096;
                Row *more = realloc(reader->rows, room * sizeof(*more));

                if (!more)
                        return -ENOMEM;
                reader->rows = more;
                reader->room = room;
        }
        reader->rows[reader->n++] = row;
        return 0;
}

static int prometheus_series_add(Reader *reader, uint32_t i, const PromSeries *s) {
        const Query *q = &prometheus_query_table[i];
        Row row = { .host = s->host, .part = q->part, .query = i };

        if (!text_is_name(s->host, strlen(s->host)))
                return 0;
        /* what is no number of ours goes on as it is, so that it is named where reports are bounded */
        row.number = s->value < 0                     ? -1
                     : s->value * q->factor < NUMBERS ? llround(s->value * q->factor)
                                                      : INT64_MAX;
        if (q->metric == METRIC_N && (row.number < 0 || row.number == INT64_MAX))
                return 0;
        row.sample =
                (Sample){ .metric = q->metric, .subject = s->subject, .number = row.number, .text = s->text };
        if (q->words) {
                row.sample.text = word_for(reader->a, q->words, s->value);
                row.dropped = !row.sample.text;
        }
        return row_add(reader, row);
}

static int rows_read(Reader *reader) {
        for (uint32_t i = 0; i < ARRAY_SIZE(prometheus_query_table); i++) {
                PromSeries *series = NULL;
                uint32_t n = 0;
                int r = prometheus_ask(reader, &prometheus_query_table[i], &series, &n);

                for (uint32_t k = 0; r == 0 && k < n; k++)
                        r = prometheus_series_add(reader, i, &series[k]);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* ---- rows into reports ---- */

static int prometheus_compare_rows(const void *left, const void *right) {
        const Row *x = left, *y = right;
        int c = strcmp(x->host, y->host);

        if (c == 0)
                c = (int) x->part - (int) y->part;
        if (c == 0)
                c = (x->query > y->query) - (x->query < y->query);
        if (c == 0)
                c = strcmp(x->sample.subject, y->sample.subject);
        return c != 0 ? c : (x->number > y->number) - (x->number < y->number);
}

/* A subject whose state is none of the words (a VM that is off) has no facts. */
static bool prometheus_is_dropped(const Row *rows, size_t n, const char *subject) {
        for (size_t i = 0; i < n; i++)
                if (rows[i].dropped && strcmp(rows[i].sample.subject, subject) == 0)
                        return true;
        return false;
}

/* rows[0..n): one part of one host. 1: nobody says when it was read, so it counts as not read. */
static int section_make(Arena *a, const Row *rows, size_t n, Section *ret) {
        Sample *samples = arena_new(a, Sample, n);
        bool any_dropped = false;

        if (!samples)
                return -ENOMEM;
        *ret = (Section){ .collector = section_names[rows[0].part], .samples = samples };
        for (size_t i = 0; i < n; i++) {
                if (prometheus_query_table[rows[i].query].metric == METRIC_N && rows[i].number > ret->read_at)
                        ret->read_at = rows[i].number;
                any_dropped |= rows[i].dropped;
        }
        for (size_t i = 0; i < n; i++) {
                bool again = i > 0 && rows[i].query == rows[i - 1].query &&
                             strcmp(rows[i].sample.subject, rows[i - 1].sample.subject) == 0;

                if (rows[i].sample.metric == METRIC_N || again ||
                    (any_dropped && prometheus_is_dropped(rows, n, rows[i].sample.subject)))
                        continue;
                samples[ret->n_samples++] = rows[i].sample;
        }
        return ret->read_at > 0 ? 0 : 1;
}

/* The URI by which the others reach it, where the settings say how. */
static int uri_add(Reader *reader, const char *host, Section *s, usec_t at) {
        const char *uri = NULL;
        Sample *sample;
        int r = host_uri_make(reader->a, settings_text(reader->settings, "prometheus", "uri"), host, &uri);

        if (r < 0 || !uri)
                return r;
        sample = arena_new(reader->a, Sample, 1);
        if (!sample)
                return -ENOMEM;
        *sample = (Sample){ .metric = METRIC_HOST_URI, .subject = "", .text = uri };
        *s = (Section){ .collector = "node", .read_at = at, .samples = sample, .n_samples = 1 };
        return 1;
}

/* rows[0..n): one host. */
static int prometheus_report_make(Reader *reader, const Row *rows, size_t n, Report *ret) {
        Section *sections = arena_new(reader->a, Section, PART_N + 1);
        int r = 0;

        if (!sections)
                return -ENOMEM;
        *ret = (Report){ .host = rows[0].host,
                         .interval = settings_int(reader->settings, "prometheus", "scrape"),
                         .sections = sections };
        for (size_t i = 0, k; i < n && r >= 0; i += k) {
                Section *s = &sections[ret->n_sections];

                for (k = 1; i + k < n && rows[i + k].part == rows[i].part; k++)
                        ;
                r = section_make(reader->a, rows + i, k, s);
                if (r == 0 && s->read_at > ret->sent_at)
                        ret->sent_at = s->read_at;
                ret->n_sections += r == 0;
        }
        if (r >= 0)
                r = uri_add(reader, rows[0].host, &sections[ret->n_sections], ret->sent_at);
        ret->n_sections += r == 1;
        return r < 0 ? r : 0;
}

static int reports_make(Reader *reader, const Report **ret, uint32_t *ret_n) {
        Report *list = arena_new(reader->a, Report, reader->n);
        uint32_t n = 0;
        int r = list ? 0 : -ENOMEM;

        if (reader->n > 0)
                qsort(reader->rows, reader->n, sizeof(*reader->rows), prometheus_compare_rows);
        for (size_t i = 0, k; i < reader->n && r == 0; i += k) {
                for (k = 1; i + k < reader->n && strcmp(reader->rows[i + k].host, reader->rows[i].host) == 0;
                     k++)
                        ;
                r = prometheus_report_make(reader, reader->rows + i, k, &list[n]);
                n += r == 0 && list[n].n_sections > 0;
        }
        *ret = list;
        *ret_n = n;
        return r;
}

/* ---- the call ---- */

static int prometheus_token(Reader *reader) {
        const char *path = settings_text(reader->settings, "prometheus", "token_file");
        char token[TOKEN_MOST + 1] = "";
        size_t n = 0;
        FILE *f;

        if (!path[0])
                return 0;
        f = fopen(path, "re");
        if (!f) {
                int error = errno;

                text_fault(reader->fault, "prometheus.token_file", "%.150s: %s", path,
                           strerrordesc_np(error));
                return -error;
        }
        n = fread(token, 1, TOKEN_MOST, f);
        (void) fclose(f);
        token[n] = '\0';
        token[strcspn(token, "\r\n")] = '\0';
        reader->authorization = text_format(reader->a, "Authorization: Bearer %s", token);
        return reader->authorization ? 0 : -ENOMEM;
}

int prometheus_open(Arena *a, const Settings *settings, const char *url, usec_t range, Reader *ret,
                    TextFault *reterr_fault) {
        *ret = (Reader){ .a = a,
                         .settings = settings,
                         .url = url ? url : settings_text(settings, "prometheus", "url"),
                         .host_label = settings_text(settings, "prometheus", "host_label"),
                         .fault = reterr_fault };
        (void) snprintf(ret->range, sizeof(ret->range), "%llds", (long long) (range / USEC_PER_SEC));
        if (!ret->url[0]) {
                text_fault(reterr_fault, "prometheus.url", "is empty; accepted: http://HOST:PORT");
                return -EINVAL;
        }
        return prometheus_token(ret);
}

/* A host that has fallen silent is a member still: it must not look as if it were not there. */
static int prometheus_members_read(Reader *reader, PromFacts *ret) {
        static const Query query = { .metric = METRIC_N,
                                     .subject_label = "",
                                     .factor = 1,
                                     .query = "max by ($host) (last_over_time(libvirt_up[1d]))" };
        PromSeries *series = NULL;
        const char **names;
        uint32_t n = 0;
        int r = prometheus_ask(reader, &query, &series, &n);

        if (r < 0)
                return r;
        names = arena_new(reader->a, const char *, n);
        if (!names)
                return -ENOMEM;
        for (uint32_t i = 0; i < n; i++)
                if (text_is_name(series[i].host, strlen(series[i].host)))
                        names[ret->n_members++] = series[i].host;
        ret->members = names;
        return 0;
}

int prometheus_read(Arena *a, const Settings *settings, const char *url, PromFacts *ret,
                    TextFault *reterr_fault) {
        PromFacts facts = { 0 };
        Reader x;
        int r = prometheus_open(a, settings, url,
                                QUERY_RANGES * settings_int(settings, "prometheus", "scrape"), &x,
                                reterr_fault);

        if (r == 0)
                r = rows_read(&x);
        if (r == 0)
                r = prometheus_members_read(&x, &facts);
        if (r == 0)
                r = reports_make(&x, &facts.reports, &facts.n_reports);
        free(x.rows);
        if (r == 0 && facts.n_reports == 0) {
                text_fault(
                        reterr_fault, "",
                        "no series of node_exporter or of a libvirt exporter found in Prometheus at %.100s",
                        x.url);
                r = -ENODATA;
        }
        if (r == 0)
                *ret = facts;
        return r;
}
