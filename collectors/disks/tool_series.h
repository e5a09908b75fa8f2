/* SPDX-License-Identifier: Apache-2.0 */
/* A collector that asks one tool a few questions, one after the other, every few minutes, and tells the last
 * answers in between: what "megaraid", "hpraid", "zfs" and "multipath" have in common.
 *
 * All questions answered: their answers become samples, which are told again with each reading until the next
 * round. One that fails (no answer in time, too much of it, not what the parser takes): no samples, and the
 * reading gives its errno until a later round goes well. Half a round is none.
 *
 * Owner: the collector. Threads: one.
 *
 * Units: usec_t, in microseconds, monotonic. Errors: those of Collector.open and read: 1 not possible here, a
 * negative errno.
 */
#pragma once

#include "collectors/read/collector.h"
#include "collectors/read/sample_list.h"
#include "collectors/read/tool_run.h"

#define SERIES_MAX 4

typedef struct SeriesAnswers {
        const ToolOutput *outputs; /* as many as questions; text NULL: was not asked */
        Arena *scratch;
} SeriesAnswers;

typedef struct ToolSeriesDef {
        const Collector *collector;                        /* its settings hold "tool", "every", "timeout" */
        const char *setting;                               /* the tool's; NULL: "tool" */
        const char *const *usual;                          /* where the tool is, NULL-terminated */
        const char *questions[SERIES_MAX][TOOL_WORDS_MAX]; /* words after the tool's path */
        uint32_t n_questions;
        bool alternatives; /* the next is asked only if the one before exited with other than 0 */
        int (*tell)(const SeriesAnswers *answers, SampleSink *sink); /* 0 or negative errno */
} ToolSeriesDef;

typedef struct ToolSeries {
        Arena kept, outputs_arena, scratch, shown;
        const char *tool;
        usec_t every, timeout, due;
        ToolRun run;
        ToolOutput outputs[SERIES_MAX];
        uint32_t at; /* the question under way */
        bool asking;
        int error;
        SampleList list; /* in `shown` */
} ToolSeries;

/* As Collector.open, read, close. */
int tool_series_open(ToolSeries *s, const ToolSeriesDef *def, const CollectorEnv *env) must_check;
int tool_series_read(ToolSeries *s, const ToolSeriesDef *def, usec_t now, SampleSink *sink) must_check;
void tool_series_close(ToolSeries *s);

/* The settings such a collector has, with its own pace. */
#define TOOL_SERIES_SETTINGS(tool_doc, every_default, timeout_default)                                       \
        {                                                                                                    \
                { .name = "tool", .type = SETTING_TEXT, .def_text = "", .doc = tool_doc },                   \
                        { .name = "every",                                                                   \
                          .type = SETTING_DURATION,                                                          \
                          .def = (every_default),                                                            \
                          .min = 10 * USEC_PER_SEC,                                                          \
                          .max = 86400 * USEC_PER_SEC,                                                       \
                          .doc = "Time between two readings." },                                             \
                        { .name = "timeout",                                                                 \
                          .type = SETTING_DURATION,                                                          \
                          .def = (timeout_default),                                                          \
                          .min = USEC_PER_SEC,                                                               \
                          .max = 3600 * USEC_PER_SEC,                                                        \
                          .doc = "Timeout of an answer." },                                                  \
                        { 0 },                                                                               \
        }
