/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "collectors/remote/prometheus_history.h"
#include "scheduler/app/backtest/backtest_text.h"
#include "scheduler/app/backtest/trace_build.h"
#include "scheduler/app/commands/command.h"
#include "scheduler/app/commands/facts.h"
#include "scheduler/app/settings/app_settings.h"
#include "scheduler/app/terminal/busy.h"
#include "scheduler/app/terminal/file.h"
#include "scheduler/app/terminal/json_print.h"
#include "scheduler/base/workers.h"
#include "scheduler/snapshot/files/snapshot_file.h"

#define TRACE_MEMORY ((size_t) 16 << 30) /* address space */
#define RUN_MEMORY   ((size_t) 1 << 30)
#define RUNS_MAX     5

typedef struct Backtest {
        Invocation *in;
        Arena memory;                 /* of the trace */
        Arena walks[RUNS_MAX];        /* of each run */
        const Settings *by[RUNS_MAX]; /* what each decides by */
        BacktestRun runs[RUNS_MAX];
        int results[RUNS_MAX];
        uint32_t n_runs;
        Trace trace;
        const char *source;
} Backtest;

/* ---- settings ---- */

/* Those of --against: that file, without what --set says of the first. */
static ExitStatus cmd_backtest_against(Invocation *in, const char *path, const Settings **ret) {
        Options o = in->options;
        const char *file = NULL;
        Settings *settings;
        TextFault fault;
        unsigned n = 0;
        int r;

        for (unsigned i = 0; i < o.n_uses; i++)
                if (strcmp(o.uses[i].def->name, "set") != 0 && strcmp(o.uses[i].def->name, "settings") != 0)
                        o.uses[n++] = o.uses[i];
        for (const OptionDef *d = o.defs; d->name; d++)
                if (strcmp(d->name, "settings") == 0 && n < OPTION_USES_MAX)
                        o.uses[n++] = (OptionUse){ .def = d, .text = path };
        o.n_uses = n;
        r = app_settings_load(in->arena, &o, &settings, &file, &fault);
        if (r < 0)
                return command_complain_fault(in, r == -ENOMEM ? EXIT_FAILED : EXIT_BAD_INPUT, file, &fault);
        *ret = settings;
        return EXIT_DONE;
}

static void cmd_backtest_add(Backtest *b, BacktestWay way, const Settings *by, const char *name) {
        b->by[b->n_runs] = by;
        b->runs[b->n_runs++] = (BacktestRun){ .way = way, .settings = name };
}

static ExitStatus cmd_backtest_ways(Backtest *b) {
        const char *against = option_text(&b->in->options, "against"),
                   *file = option_text(&b->in->options, "settings");
        const Settings *other = NULL;
        Settings *settings;
        ExitStatus status = facts_settings(b->in, &settings);

        if (status == EXIT_DONE && against)
                status = cmd_backtest_against(b->in, against, &other);
        if (status != EXIT_DONE)
                return status;
        cmd_backtest_add(b, BACKTEST_NOTHING, settings, NULL);
        if (b->trace.has_hosts)
                cmd_backtest_add(b, BACKTEST_AS_IT_WAS, settings, NULL);
        cmd_backtest_add(b, BACKTEST_GREEDY, settings, NULL);
        cmd_backtest_add(b, BACKTEST_PLIMSOLL, settings, against ? (file ? file : "as set") : NULL);
        if (against)
                cmd_backtest_add(b, BACKTEST_PLIMSOLL, other, against);
        return EXIT_DONE;
}

/* ---- running ---- */

static void cmd_backtest_one(void *arg, unsigned i) {
        Backtest *b = arg;
        const unsigned turn = b->n_runs - 1 - i; /* what takes longest begins first */

        b->results[turn] = arena_open(RUN_MEMORY, &b->walks[turn]);
        if (b->results[turn] == 0)
                b->results[turn] = backtest_run(&b->walks[turn], &b->trace, b->by[turn], &b->runs[turn]);
}

static ExitStatus cmd_backtest_all(Backtest *b) {
        Workers workers = workers_threads(0);
        Busy busy;

        busy_begin(&busy, &b->in->err, "going through the record");
        workers.run(&workers, b->n_runs, cmd_backtest_one, b);
        busy_end(&busy);
        for (uint32_t i = 0; i < b->n_runs; i++)
                if (b->results[i] < 0)
                        return command_complain(b->in, EXIT_FAILED, "cannot plan: %s",
                                                strerrordesc_np(-b->results[i]));
        return EXIT_DONE;
}

/* ---- telling ---- */

static ExitStatus cmd_backtest_page(Backtest *b, const BacktestView *view, const char *path) {
        char *text = NULL;
        size_t n = 0;
        FILE *page = open_memstream(&text, &n);
        TextFault fault;
        int r = page ? backtest_html(b->in->arena, view, page) : -ENOMEM;

        if (page && fclose(page) != 0 && r == 0)
                r = -ENOMEM;
        if (r == 0)
                r = file_write(path, text, n, &fault);
        free(text);
        if (r == -ENOMEM)
                return command_complain(b->in, EXIT_FAILED, "out of memory");
        return r < 0 ? command_complain_fault(b->in, EXIT_FAILED, path, &fault) : EXIT_DONE;
}

static ExitStatus cmd_backtest_tell(Backtest *b) {
        Invocation *in = b->in;
        const char *path = option_text(&in->options, "output");
        BacktestView view = { .trace = &b->trace,
                              .runs = b->runs,
                              .n_runs = b->n_runs,
                              .source = b->source,
                              .version = PLIMSOLL_VERSION,
                              .made_at = clock_now() };
        ExitStatus status = path ? cmd_backtest_page(b, &view, path) : EXIT_DONE;

        if (status != EXIT_DONE)
                return status;
        if (in->json) {
                (void) json_print(backtest_json(&view), in->out.out);
        } else if (!path || strcmp(path, "-") != 0) {
                if (backtest_print(in->arena, &view, &in->out) < 0)
                        return command_complain(in, EXIT_FAILED, "out of memory");
                if (path)
                        (void) out_say(in->out.out, "\nreport written to %s\n", path);
        }
        if (b->trace.n_left_out == 0)
                return EXIT_DONE;
        (void) out_say(
                in->err.out, "%s: %llu %s of VMs or on hosts that cluster.json does not have, such as %s\n",
                in->program, (unsigned long long) b->trace.n_left_out,
                text_plural((int64_t) b->trace.n_left_out, "reading is ignored:", "readings are ignored:"),
                b->trace.left_out ? b->trace.left_out : "?");
        return EXIT_BLOCKED;
}

static ExitStatus cmd_backtest_read_folder(Backtest *b, usec_t step) {
        Invocation *in = b->in;
        const char *file = NULL;
        TextFault fault;
        Busy busy;
        int r;

        b->source = option_text(&in->options, "trace");
        busy_begin(&busy, &in->err, "reading the record");
        r = trace_read(&b->memory, b->source, step, &b->trace, &file, &fault);
        busy_end(&busy);
        if (r == -ENOMEM)
                return command_complain(in, EXIT_FAILED, "out of memory");
        return r < 0 ? command_complain_fault(in, EXIT_BAD_INPUT, file, &fault) : EXIT_DONE;
}

/* ---- from Prometheus ---- */

typedef struct BacktestHistory {
        TraceBuild build;
        FILE *saved; /* NULL: nowhere */
} BacktestHistory;

static int cmd_backtest_take(void *arg, usec_t at, const PromUse *use, uint32_t n) {
        BacktestHistory *history = arg;
        int r = trace_build_at(&history->build, at);

        for (uint32_t i = 0; i < n && r == 0; i++) {
                trace_build_add(&history->build, &(TraceWord){ .vm = use[i].vm,
                                                               .host = use[i].host,
                                                               .cpu_mcores = use[i].mcores,
                                                               .memory_mib = TRACE_NONE });
                if (history->saved && !strpbrk(use[i].vm, ",\r\n") && !strpbrk(use[i].host, ",\r\n"))
                        (void) out_say(history->saved, "%lld,%s,%lld.%03lld,%s\n",
                                       (long long) (at / USEC_PER_SEC), use[i].vm,
                                       (long long) (use[i].mcores / 1000), (long long) (use[i].mcores % 1000),
                                       use[i].host);
        }
        return r;
}

/* The folder of --save gets what --trace reads: cluster.json, and use.csv, which is opened. */
static ExitStatus cmd_backtest_save(Backtest *b, FILE **ret) {
        Invocation *in = b->in;
        const char *folder = option_text(&in->options, "save"), *path, *text;
        TextFault fault = { 0 };
        size_t n;

        *ret = NULL;
        if (!folder)
                return EXIT_DONE;
        if (mkdir(folder, 0777) < 0 && errno != EEXIST) {
                const int error = errno;

                return command_complain(in, EXIT_FAILED, "%s: %s", folder, strerrordesc_np(error));
        }
        path = text_format(in->arena, "%s/cluster.json", folder);
        if (!path || snapshot_file_print(in->arena, b->trace.start, &text, &n) < 0)
                return command_complain(in, EXIT_FAILED, "out of memory");
        if (file_write(path, text, n, &fault) < 0)
                return command_complain_fault(in, EXIT_FAILED, path, &fault);
        path = text_format(in->arena, "%s/use.csv", folder);
        *ret = path ? fopen(path, "we") : NULL;
        if (!*ret)
                return command_complain(in, EXIT_FAILED, "%s/use.csv: %s", folder, strerrordesc_np(errno));
        (void) out_say(*ret, "time,vm,cpu,host\n");
        return EXIT_DONE;
}

static ExitStatus cmd_backtest_history(Backtest *b, const Facts *facts, usec_t step,
                                       BacktestHistory *history) {
        Invocation *in = b->in;
        const usec_t to = clock_now() / step * step,
                     span = option_number(&in->options, "days", 14) * BACKTEST_DAY;
        TextFault fault = { 0 };
        Busy busy;
        int r = trace_build_begin(&history->build, &b->memory, &b->trace);

        busy_begin(&busy, &in->err, "reading Prometheus' history");
        if (r == 0)
                r = prometheus_history(in->arena, facts->settings, option_text(&in->options, "prometheus"),
                                       (PromSpan){ to - span, to, step }, cmd_backtest_take, history, &fault);
        if (r == 0)
                r = trace_build_end(&history->build);
        busy_end(&busy);
        if (r == -ENOMEM)
                return command_complain(in, EXIT_FAILED, "out of memory");
        if (r < 0)
                return command_complain_fault(in, EXIT_FAILED, NULL, &fault);
        if (b->trace.n_readings == b->trace.n_left_out)
                return command_complain(in, EXIT_FAILED,
                                        "Prometheus has no history of these VMs "
                                        "(libvirt_domain_info_cpu_time_seconds_total) of the last %lld days.",
                                        (long long) (span / BACKTEST_DAY));
        if (b->trace.n_steps * b->trace.step + step < span)
                (void) out_say(in->err.out, "%s: requested %lld days; Prometheus has %.1f\n", in->program,
                               (long long) (span / BACKTEST_DAY),
                               (double) (b->trace.n_steps * b->trace.step) / (double) BACKTEST_DAY);
        return EXIT_DONE;
}

static ExitStatus cmd_backtest_read_history(Backtest *b, usec_t step) {
        Invocation *in = b->in;
        BacktestHistory history = { 0 };
        Facts facts;
        ExitStatus status = facts_open(in, &facts);

        if (status == EXIT_DONE) {
                b->source = source_name(facts.source);
                b->trace = (Trace){ .start = facts.raw, .step = step, .has_hosts = true };
                status = cmd_backtest_save(b, &history.saved);
        }
        if (status == EXIT_DONE)
                status = cmd_backtest_history(b, &facts, step, &history);
        if (history.saved && (ferror(history.saved) | fclose(history.saved)) != 0 && status == EXIT_DONE)
                status = command_complain(in, EXIT_FAILED, "%s/use.csv cannot be written to its end",
                                          option_text(&in->options, "save"));
        facts_close(&facts);
        return status;
}

static ExitStatus cmd_backtest_read(Backtest *b) {
        const usec_t step = option_number(&b->in->options, "step", 300 * USEC_PER_SEC);

        if (arena_open(TRACE_MEMORY, &b->memory) < 0)
                return command_complain(b->in, EXIT_FAILED, "out of memory");
        return option_given(&b->in->options, "trace") ? cmd_backtest_read_folder(b, step)
                                                      : cmd_backtest_read_history(b, step);
}

/* A record that is given has all: no source beside it. */
static ExitStatus cmd_backtest_asked(Invocation *in) {
        static const char *const others[] = { "from", "hosts", "redis", "prometheus", "days", "save" };
        unsigned n = 0;

        for (size_t i = 0; i < ARRAY_SIZE(others); i++)
                n += option_given(&in->options, others[i]);
        if (option_given(&in->options, "trace") && n > 0)
                return command_complain(in, EXIT_BAD_INPUT,
                                        "--trace has all of it: no data source, --days or --save beside it.");
        if (!option_given(&in->options, "trace") && n == 0)
                return command_complain(
                        in, EXIT_BAD_INPUT,
                        "No record given. Use --trace DIR, or --prometheus URL (docs/backtest.md).");
        return EXIT_DONE;
}

static ExitStatus cmd_backtest_run(Invocation *in) {
        Backtest *b = arena_new(in->arena, Backtest, 1);
        ExitStatus status;

        if (!b)
                return command_complain(in, EXIT_FAILED, "out of memory");
        status = cmd_backtest_asked(in);
        if (status != EXIT_DONE)
                return status;
        b->in = in;
        status = cmd_backtest_read(b);
        if (status == EXIT_DONE)
                status = cmd_backtest_ways(b);
        if (status == EXIT_DONE)
                status = cmd_backtest_all(b);
        if (status == EXIT_DONE)
                status = cmd_backtest_tell(b);
        for (uint32_t i = 0; i < RUNS_MAX; i++)
                arena_close(&b->walks[i]);
        arena_close(&b->memory);
        return status;
}

static const OptionDef cmd_backtest_options[] = {
        OPTION_GROUP("The record:"),
        OPTION_WORD("trace", "DIR", "a folder with cluster.json (a snapshot file) and use.csv (time,vm,cpu)"),
        OPTION_COUNT("days", 1, 400, "without --trace: so many days of Prometheus' history; default: 14"),
        OPTION_TIME("step", 10 * USEC_PER_SEC, 86400 * USEC_PER_SEC,
                    "time between two decisions; readings within it are averaged; default: 5m"),
        OPTION_WORD("save", "DIR", "without --trace: also write the record to this folder, for --trace"),
        SOURCE_OPTIONS,
        OPTION_WORD("against", "FILE", "a second settings file, to compare with"),
        OPTION_GROUP("Output:"),
        { "output", 'o', OPTION_TEXT, "FILE", 0, 0, 0,
          "also write the result to this file, as a page (HTML)" },
        OPTION_SWITCH("json", "print JSON (plimsoll.backtest/1)"),
        { 0 },
};

const Command command_backtest = {
        .name = "backtest",
        .summary = "what Plimsoll would have done with what a cluster went through",
        .usage = "--trace DIR | [source] [options]",
        .help = "Goes through a record of a cluster's past, step by step, and decides at each as the service would have, with\n"
                "these settings and only what was known by then. Beside it: no moves at all, a greedy balancer, and, where the\n"
                "record says where VMs ran, what really was. Nothing is changed. docs/backtest.md has the record's format, and\n"
                "what the figures rest on.\n"
                "Exit status 3: some readings were ignored, of VMs or on hosts that cluster.json does not have.",
        .examples = "plimsoll backtest --trace last-month\n"
                    "plimsoll backtest --prometheus http://prometheus:9090 --days 30 --save last-month\n"
                    "plimsoll backtest --trace last-month --against packed.yaml -o backtest.html",
        .options = cmd_backtest_options,
        .run = cmd_backtest_run,
};
