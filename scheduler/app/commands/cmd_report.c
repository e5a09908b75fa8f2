/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/app/commands/command.h"
#include "scheduler/app/commands/facts.h"
#include "scheduler/app/commands/frontier_walk.h"
#include "scheduler/app/commands/plan_options.h"
#include "scheduler/app/commands/stopped.h"
#include "scheduler/app/commands/what_if_facts.h"
#include "scheduler/app/state/host_mark.h"
#include "scheduler/app/terminal/busy.h"
#include "scheduler/app/terminal/file.h"
#include "scheduler/app/text/plan_text.h"
#include "scheduler/app/text/report_html.h"
#include "scheduler/base/sha256.h"
#include "scheduler/snapshot/files/plan_file.h"

static ExitStatus cmd_report_write(Invocation *in, const ReportView *view) {
        const char *path = option_text(&in->options, "output"), *summary;
        char *text = NULL;
        size_t n = 0;
        FILE *page = open_memstream(&text, &n);
        TextFault fault;
        int r = page ? report_html_print(in->arena, view, page) : -ENOMEM;

        if (page && fclose(page) != 0 && r == 0)
                r = -ENOMEM;
        if (r == 0 && path && strcmp(path, "-") != 0) {
                r = file_write(path, text, n, &fault);
                summary = plan_text_summary(in->arena, view->snapshot, view->plan);
                if (r == 0)
                        (void) out_say(in->out.out, "%s\nreport written to %s\n", summary ? summary : "",
                                       path);
        } else if (r == 0) {
                out_lines(in->out.out, text);
        }
        free(text);
        if (r == -ENOMEM)
                return command_complain(in, EXIT_FAILED, "out of memory");
        return r < 0 ? command_complain_fault(in, EXIT_FAILED, path, &fault) : EXIT_DONE;
}

/* The plan, and what fewer moves would gain. */
static int cmd_report_plan(Invocation *in, const RoundInput *input, Round *ret_round,
                           FrontierView *ret_view) {
        Busy busy;
        int r;

        busy_begin(&busy, &in->err, "planning at several limits");
        r = round_decide(in->arena, input, ret_round);
        if (r == 0 && ret_round->plan->n_moves > 1)
                r = frontier_walk(in->arena, input, FRONTIER_MOVES, ret_view);
        busy_end(&busy);
        return r;
}

static ExitStatus cmd_report_report(Invocation *in, const Facts *facts) {
        Workers workers = workers_threads(0);
        RoundInput input;
        WhatIfFacts assumed;
        ExitStatus status = what_if_facts_input(in, facts, &workers, &assumed, &input);
        FrontierView frontier = { 0 };
        char by[256], digest[SHA256_HEX];
        const char *text;
        Round round;
        size_t n = 0;
        int r;

        if (status != EXIT_DONE)
                return status;
        input.stopped = stopped_words(in, source_store(facts->source));
        r = cmd_report_plan(in, &input, &round, &frontier);
        if (r == 0)
                r = plan_file_print(in->arena, round.snapshot, round.plan, &text, &n);
        if (r != 0)
                return plan_complain(in, r);
        sha256_print(text, n, digest);
        return cmd_report_write(in, &(ReportView){ .snapshot = round.snapshot,
                                                   .problem = round.problem,
                                                   .plan = round.plan,
                                                   .settings = facts->settings,
                                                   .frontier = frontier.n > 0 ? &frontier : NULL,
                                                   .source = source_name(facts->source),
                                                   .by = operator_name(by, sizeof(by)),
                                                   .version = PLIMSOLL_VERSION,
                                                   .digest = digest,
                                                   .stopped = input.stopped,
                                                   .supposed = assumed.words,
                                                   .n_supposed = assumed.n_words,
                                                   .made_at = input.now });
}

static ExitStatus cmd_report_run(Invocation *in) {
        Facts facts;
        ExitStatus status;

        if (!option_given(&in->options, "output") && in->out.live)
                return command_complain(
                        in, EXIT_BAD_INPUT,
                        "No file given. Use --output FILE.html, or --output - for standard output.");
        status = facts_open(in, &facts);
        if (status == EXIT_DONE)
                status = facts_known(&facts, facts_ending(&facts, cmd_report_report(in, &facts)));
        facts_close(&facts);
        return status;
}

static const OptionDef cmd_report_options[] = {
        SOURCE_OPTIONS,
        PLAN_OPTIONS,
        WHAT_IF_OPTIONS,
        { "", 0, OPTION_HEADING, NULL, 0, 0, 0, "Output:" },
        { "output", 'o', OPTION_TEXT, "FILE", 0, 0, 0,
          "write the report to this file; default, and -: standard output" },
        { 0 },
};

const Command command_report = {
        .name = "report",
        .summary = "write the plan as one HTML file, to attach to a change request or to print",
        .usage = "[source] -o FILE.html [options]",
        .help = "Makes the plan that plimsoll plan shows, and writes it as a page that needs nothing else: why, hosts now and\n"
                "after, what fewer moves would gain, each move with its reason, its time and downtime with their bounds,\n"
                "what is not possible, and the settings that differ from their defaults. Nothing is changed.\n"
                "Exit status 3: some data was ignored (out of bounds, or not understood), which is shown.",
        .examples = "plimsoll report --from cluster.json -o plan.html\n"
                    "plimsoll report --redis redis://store:6379 --without h4 -o h4.html",
        .options = cmd_report_options,
        .run = cmd_report_run,
};
