/* SPDX-License-Identifier: Apache-2.0 */
/* How Prometheus is asked, for prometheus.c (what is so now) and prometheus_history.c (what was).
 *
 * Units: as prometheus.h. Owner: the arena; `rows` are whoever's reads them. Errors: a negative errno with the reader's fault.
 * Threads: one for each Reader.
 */
#pragma once

#include "collectors/parse/prometheus_answer.h"
#include "scheduler/model/sample.h"
#include "scheduler/model/settings.h"

typedef enum Part {
#define PART(id, section, query) PART_##id,
#define NUMBER(...)
#define TEXT(...)
#define WORDS(...)
#include "collectors/remote/prometheus_queries.def"
#undef PART
#undef NUMBER
#undef TEXT
#undef WORDS
        PART_N,
} Part;

typedef struct Query {
        Part part;
        Metric metric; /* METRIC_N: the part's time */
        const char *subject_label, *text_label, *words;
        double factor;
        const char *query;
} Query;

/* One fact of one host, on its way into a report. */
typedef struct Row {
        const char *host;
        Part part;
        uint32_t query; /* its place in the table: time first */
        bool dropped;
        Sample sample;
        int64_t number;
} Row;

typedef struct Reader {
        Arena *a;
        const Settings *settings;
        const char *url, *host_label, *authorization;
        char range[32];
        usec_t at; /* of the answer; 0: now */
        Row *rows;
        size_t n, room;
        TextFault *fault;
} Reader;

/* The series that the query's words give. 0; a negative errno. */
int prometheus_ask(Reader *reader, const Query *q, PromSeries **ret, uint32_t *ret_n) must_check;

/* By the settings, with the token of prometheus.token_file where it is set; `range`: of rates. 0; -EINVAL: there is no URL; what
 * reading the token said. */
int prometheus_open(Arena *a, const Settings *settings, const char *url, usec_t range, Reader *ret,
                    TextFault *reterr_fault) must_check;
