/* SPDX-License-Identifier: Apache-2.0 */
/* One fact, as a collector found it, and a Report: all that one host said at one time.
 *
 * collectors/ make Samples, scheduler/snapshot prints and parses them (sample_wire) and builds Snapshots.
 *
 * Units: as metrics.def says of each metric; usec_t, in microseconds since the epoch. Owner: whoever makes a
 * Report. Errors: none; METRIC_N: there is none. Threads: any.
 */
#pragma once

#include "scheduler/model/units.h"

typedef enum MetricKind {
        METRIC_NUMBER,
        METRIC_TEXT,
} MetricKind;

typedef enum Metric {
#define METRIC(id, name, kind, unit, doc) METRIC_##id,
#include "scheduler/model/metrics.def"
#undef METRIC
        METRIC_N,
} Metric;

typedef struct MetricDef {
        const char *name;
        MetricKind kind;
        const char *unit, *doc;
} MetricDef;

extern const MetricDef metric_defs[METRIC_N];

/* METRIC_N when there is none of that name. */
Metric metric_by_name(const char *name, size_t n);
bool metric_is_named(Metric m, const char *name, size_t n);

typedef struct Sample {
        Metric metric;
        const char *subject; /* "": the host itself */
        int64_t number;      /* METRIC_NUMBER */
        const char *text;    /* METRIC_TEXT; no newline in it */
} Sample;

/* What one collector read at one time. */
typedef struct Section {
        const char *collector;
        usec_t read_at;
        int error; /* 0, or the positive errno with which the reading failed: then no samples */
        const Sample *samples,
                *over; /* over: numbers over their bound (bounds.def), which nothing decides by; on the
                                         wire they are lines like others, so that who reads them can name them */
        uint32_t n_samples, n_over;
} Section;

typedef struct Report {
        const char *host;
        usec_t sent_at;
        uint64_t sequence; /* grows by one with each report of one agent's life */
        usec_t interval;   /* how often this agent means to report */
        const Section *sections;
        uint32_t n_sections;
        const Sample
                *dropped; /* left out, over a bound or not understood: `text` says why. METRIC_N: a line, or a
                                  section, of which not even that is known. Never of a metric of a newer agent */
        uint32_t n_dropped;
} Report;
