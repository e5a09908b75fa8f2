/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/app/backtest/trace.h"
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

typedef struct TraceSum {
        int64_t cpu, memory;
        uint32_t n_cpu, n_memory;
        HostIx host;
} TraceSum;

typedef struct TraceRead {
        Arena *arena;
        Trace *trace;
        const TraceReading **steps;
        uint32_t *born, *gone;
        TraceSum *sums;      /* [VM] of the step that is open */
        uint32_t open;       /* its number */
        bool any;            /* it has a reading */
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

static int32_t trace_mean(int64_t sum, uint32_t n) {
        return n == 0 ? TRACE_NONE : (int32_t) ((sum + n / 2) / n);
}

/* The step that is open becomes a row. 0 or -ENOMEM. */
static int trace_close(TraceRead *r) {
        const uint32_t n = r->trace->start->n_vms;
        TraceReading *row;

        if (!r->any)
                return 0;
        row = arena_new(r->arena, TraceReading, n);
        if (!row)
                return -ENOMEM;
        for (VmIx v = 0; v < n; v++) {
                TraceSum *sum = &r->sums[v];

                row[v] = (TraceReading){ .cpu_mcores = trace_mean(sum->cpu, sum->n_cpu),
                                         .memory_mib = trace_mean(sum->memory, sum->n_memory),
                                         .host = sum->n_cpu > 0 ? sum->host : IX_NONE };
                if (sum->n_cpu > 0) {
                        if (r->gone[v] == 0)
                                r->born[v] = r->open;
                        r->gone[v] = r->open + 1;
                }
                *sum = (TraceSum){ .host = IX_NONE };
        }
        r->steps[r->open] = row;
        r->any = false;
        return 0;
}

static int trace_step(TraceRead *r, usec_t at) {
        const usec_t step = r->trace->step;
        uint32_t number;
        int k;

        if (r->trace->n_readings == 0)
                r->trace->first = at / step * step;
        if ((at - r->trace->first) / step >= TRACE_STEPS_MAX)
                return trace_refuse(r, COLUMN_TIME, r->at_text, "at most 1,000,000 steps (--step)");
        number = (uint32_t) ((at - r->trace->first) / step);
        if (number != r->open) {
                k = trace_close(r);
                if (k < 0)
                        return k;
                r->open = number;
        }
        return 0;
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

static void trace_leave_out(TraceRead *r, const char *name) {
        if (!r->trace->left_out)
                r->trace->left_out = text_copy(r->arena, name, strlen(name));
        r->trace->n_left_out++;
}

static int trace_line(TraceRead *r, char *line) {
        const Snapshot *s = r->trace->start;
        char *words[COLUMN_N] = { NULL };
        int n = trace_words(line, words, COLUMN_N), k, named = 0;
        int64_t cpu, memory = 0;
        HostIx h = IX_NONE;
        TraceSum *sum;
        VmIx v;

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
        r->trace->n_readings++;
        v = snapshot_vm(s, words[r->place[COLUMN_VM]]);
        if (v == IX_NONE)
                return trace_leave_out(r, words[r->place[COLUMN_VM]]), 0;
        if (r->trace->has_hosts) {
                h = snapshot_host(s, words[r->place[COLUMN_HOST]]);
                if (h == IX_NONE)
                        return trace_leave_out(r, words[r->place[COLUMN_HOST]]), 0;
        }
        sum = &r->sums[v];
        sum->cpu += cpu;
        sum->n_cpu++;
        sum->memory += memory;
        sum->n_memory += r->trace->has_memory;
        sum->host = h;
        r->any = true;
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
                k = trace_close(r);
        if (k == 0 && r->trace->n_readings == r->trace->n_left_out) {
                text_fault(r->fault, "", "has no reading of a VM of cluster.json");
                k = -EBADMSG;
        }
        return k;
}

static int trace_begin(TraceRead *r) {
        const uint32_t n = r->trace->start->n_vms;

        r->sums = arena_new(r->arena, TraceSum, n);
        r->born = arena_new(r->arena, uint32_t, n);
        r->gone = arena_new(r->arena, uint32_t, n);
        r->steps = arena_new(r->arena, const TraceReading *, TRACE_STEPS_MAX);
        if (!r->sums || !r->born || !r->gone || !r->steps)
                return -ENOMEM;
        for (VmIx v = 0; v < n; v++)
                r->sums[v].host = IX_NONE;
        return 0;
}

static int trace_use(TraceRead *r, const char *path) {
        FILE *in = fopen(path, "re");
        int k;

        if (!in) {
                k = -errno;
                text_fault(r->fault, "", "cannot be opened: %s", strerrordesc_np(-k));
                return k;
        }
        k = trace_begin(r);
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
        trace.n_steps = r.open + 1;
        trace.steps = r.steps;
        trace.born = r.born;
        trace.gone = r.gone;
        *ret = trace;
        return 0;
}

bool trace_reading(const Trace *t, uint32_t step, VmIx v, TraceReading *io) {
        const TraceReading *row = t->steps[step];

        if (step < t->born[v] || step >= t->gone[v])
                return false;
        if (row && row[v].cpu_mcores != TRACE_NONE)
                *io = row[v];
        return io->cpu_mcores != TRACE_NONE;
}
