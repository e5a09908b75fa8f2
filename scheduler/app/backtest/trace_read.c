/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/app/backtest/trace_build.h"
#include "scheduler/app/terminal/file.h"
#include "scheduler/app/terminal/screen.h"
#include "scheduler/model/bounds.h"
#include "scheduler/model/instant.h"
#include "scheduler/snapshot/files/snapshot_file.h"

#define LINE_MAX_BYTES 4096

typedef enum TraceColumn {
        COLUMN_TIME,
        COLUMN_VM,
        COLUMN_CPU,
        COLUMN_MEMORY,
        COLUMN_HOST,
        COLUMN_N,
} TraceColumn;

static const char *const trace_columns[COLUMN_N] = { "time", "vm", "cpu", "memory_mib", "host" };

typedef struct TraceRead {
        Arena *arena;
        Trace *trace;
        TraceBuild build;
        int place[COLUMN_N]; /* which word of a line; -1: the column is not there */
        usec_t at;           /* of the line before */
        char at_text[INSTANT_SIZE];
        TextFault *fault;
        uint32_t line;
} TraceRead;

static int trace_refuse(TraceRead *r, TraceColumn column, const char *found, const char *accepted) {
        char safe[80];

        text_fault(r->fault, trace_columns[column], "found \"%s\"; accepted: %s",
                   text_safe(found, safe, sizeof(safe)), accepted);
        r->fault->line = r->line;
        return -EBADMSG;
}

/* The words of a line, in place. Their number; more than `most` are not kept. */
static int trace_words(char *line, char *words[], int most) {
        int n = 0;

        for (char *next = line; next; n++) {
                char *word = strsep(&next, ",");

                if (n < most)
                        words[n] = word;
        }
        return n;
}

/* ---- the first line ---- */

static int trace_head(TraceRead *r, char *line) {
        char *words[COLUMN_N];
        int n = trace_words(line, words, COLUMN_N);

        for (int c = 0; c < COLUMN_N; c++)
                r->place[c] = -1;
        for (int i = 0; i < n && i < COLUMN_N; i++) {
                int c = 0;

                while (c < COLUMN_N && strcmp(words[i], trace_columns[c]) != 0)
                        c++;
                if (c == COLUMN_N || r->place[c] >= 0)
                        return trace_refuse(
                                r, COLUMN_TIME, words[i],
                                "a first line with each of time, vm, cpu, and, if wanted, memory_mib, host, once");
                r->place[c] = i;
        }
        for (int c = COLUMN_TIME; c <= COLUMN_CPU; c++)
                if (r->place[c] < 0 || n > COLUMN_N)
                        return trace_refuse(
                                r, (TraceColumn) c, "",
                                "a first line that names the columns: time,vm,cpu, and, if wanted, memory_mib,host");
        r->trace->has_memory = r->place[COLUMN_MEMORY] >= 0;
        r->trace->has_hosts = r->place[COLUMN_HOST] >= 0;
        return 0;
}

/* ---- readings ---- */

static int trace_step(TraceRead *r, usec_t at) {
        const int k = trace_build_at(&r->build, at);

        return k == -ERANGE ? trace_refuse(r, COLUMN_TIME, r->at_text, "at most 1,000,000 steps (--step)")
                            : k;
}

/* Seconds since the epoch, or RFC 3339. Most lines have that of the line before. */
static int trace_time(TraceRead *r, const char *word) {
        int64_t ms;
        usec_t at;

        if (strcmp(word, r->at_text) == 0)
                return 0;
        if (text_to_scaled(word, strlen(word), 1000, 0, bound_of(BOUND_TIME) / USEC_PER_MSEC, &ms) == 0)
                at = ms * USEC_PER_MSEC;
        else if (instant_parse(word, &at) < 0)
                return trace_refuse(r, COLUMN_TIME, word, "2026-11-30T00:15:00Z, or seconds since 1970");
        if (r->trace->n_readings > 0 && at < r->at)
                return trace_refuse(r, COLUMN_TIME, word, "a time that is not before that of the line above");
        r->at = at;
        (void) snprintf(r->at_text, sizeof(r->at_text), "%.*s", (int) sizeof(r->at_text) - 1, word);
        return trace_step(r, at);
}

static int trace_line(TraceRead *r, char *line) {
        char *words[COLUMN_N] = { NULL };
        int n = trace_words(line, words, COLUMN_N), k, named = 0;
        int64_t cpu, memory = TRACE_NONE;

        for (int c = 0; c < COLUMN_N; c++)
                named += r->place[c] >= 0;
        if (n != named) {
                text_fault(r->fault, "", "found %d values; accepted: %d, as the first line has", n, named);
                r->fault->line = r->line;
                return -EBADMSG;
        }
        k = trace_time(r, words[r->place[COLUMN_TIME]]);
        if (k < 0)
                return k;
        if (text_to_scaled(words[r->place[COLUMN_CPU]], strlen(words[r->place[COLUMN_CPU]]), 1000, 0,
                           bound_of(BOUND_TRACE_CPU), &cpu) < 0)
                return trace_refuse(r, COLUMN_CPU, words[r->place[COLUMN_CPU]],
                                    "cores that were used, 0 or more: 1.25");
        if (r->trace->has_memory &&
            text_to_scaled(words[r->place[COLUMN_MEMORY]], strlen(words[r->place[COLUMN_MEMORY]]), 1, 0,
                           bound_of(BOUND_TRACE_MEMORY), &memory) < 0)
                return trace_refuse(r, COLUMN_MEMORY, words[r->place[COLUMN_MEMORY]],
                                    "MiB that were used, 0 or more");
        trace_build_add(&r->build,
                        &(TraceWord){ .vm = words[r->place[COLUMN_VM]],
                                      .host = r->trace->has_hosts ? words[r->place[COLUMN_HOST]] : NULL,
                                      .cpu_mcores = cpu,
                                      .memory_mib = memory });
        return 0;
}

/* ---- the folder ---- */

static int trace_lines(TraceRead *r, FILE *in) {
        char *line = NULL;
        size_t room = 0;
        ssize_t n;
        int k = 0;

        while (k == 0 && (n = getline(&line, &room, in)) >= 0) {
                r->line++;
                while (n > 0 && (line[n - 1] == '\n' || line[n - 1] == '\r'))
                        line[--n] = '\0';
                if (n > LINE_MAX_BYTES || (size_t) n != strlen(line))
                        k = trace_refuse(r, COLUMN_VM, "a line of other bytes",
                                         "lines of text, of at most 4,096 bytes");
                else if (r->line == 1)
                        k = trace_head(r, line);
                else if (n > 0)
                        k = trace_line(r, line);
        }
        free(line);
        if (k == 0 && ferror(in)) {
                text_fault(r->fault, "", "cannot be read to its end");
                k = -EIO;
        }
        if (k == 0)
                k = trace_build_end(&r->build);
        if (k == 0 && r->trace->n_readings == r->trace->n_left_out) {
                text_fault(r->fault, "", "has no reading of a VM of cluster.json");
                k = -EBADMSG;
        }
        return k;
}

static int trace_use(TraceRead *r, const char *path) {
        FILE *in = fopen(path, "re");
        int k;

        if (!in) {
                k = -errno;
                text_fault(r->fault, "", "cannot be opened: %s", strerrordesc_np(-k));
                return k;
        }
        k = trace_build_begin(&r->build, r->arena, r->trace);
        if (k == 0)
                k = trace_lines(r, in);
        (void) fclose(in);
        return k;
}

int trace_read(Arena *a, const char *folder, usec_t step, Trace *ret, const char **reterr_file,
               TextFault *reterr_fault) {
        Trace trace = { .step = step };
        TraceRead r = { .arena = a, .trace = &trace, .fault = reterr_fault };
        const char *text;
        size_t n;
        int k;

        *reterr_fault = (TextFault){ 0 };
        *reterr_file = text_format(a, "%s/cluster.json", folder);
        if (!*reterr_file)
                return -ENOMEM;
        k = file_read(a, *reterr_file, &text, &n, reterr_fault);
        if (k == 0)
                k = snapshot_file_parse(a, text, n, &trace.start, reterr_fault);
        if (k < 0)
                return k;
        *reterr_file = text_format(a, "%s/use.csv", folder);
        if (!*reterr_file)
                return -ENOMEM;
        k = trace_use(&r, *reterr_file);
        if (k < 0)
                return k;
        *ret = trace;
        return 0;
}
