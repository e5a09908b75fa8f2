/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "scheduler/app/commands/command.h"
#include "scheduler/app/commands/facts.h"
#include "scheduler/app/commands/frontier_walk.h"
#include "scheduler/app/commands/plan_options.h"
#include "scheduler/app/commands/what_if_facts.h"
#include "scheduler/app/terminal/busy.h"
#include "scheduler/app/terminal/json_print.h"

static ExitStatus cmd_frontier_frontier(Invocation *in, const Facts *facts, FrontierPrice by) {
        Busy busy;
        Workers workers = workers_threads(0);
        RoundInput input;
        WhatIfFacts what_if;
        ExitStatus status = what_if_facts_input(in, facts, &workers, &what_if, &input);
        FrontierView view;
        int r;

        if (status != EXIT_DONE)
                return status;
        busy_begin(&busy, &in->err, "planning at several limits");
        r = frontier_walk(in->arena, &input, by, &view);
        busy_end(&busy);
        if (r == 0 && in->json) {
                frontier_json_print(&view, in->out.out);
        } else if (r == 0) {
                what_if_facts_print(&what_if, &in->out);
                r = frontier_text_print(in->arena, &view, &in->out);
        }
        if (r < 0)
                return plan_complain(in, r);
        return (what_if.any || what_if.set) && !in->json ? what_if_facts_compare(in, &what_if, &input, NULL)
                                                         : EXIT_DONE;
}

static int cmd_frontier_price_of(const Invocation *in, FrontierPrice *ret) {
        const char *word = option_text(&in->options, "by");

        for (int i = 0; i < FRONTIER_PRICE_N; i++)
                if (!word || strcmp(word, frontier_price_names[i]) == 0) {
                        *ret = (FrontierPrice) i;
                        return 0;
                }
        return -EINVAL;
}

static ExitStatus cmd_frontier_run(Invocation *in) {
        FrontierPrice by;
        Facts facts;
        ExitStatus status;

        if (cmd_frontier_price_of(in, &by) < 0)
                return command_complain(in, EXIT_BAD_INPUT, "--by accepts moves, gib or minutes, not %s",
                                        option_text(&in->options, "by"));
        status = facts_open(in, &facts);
        if (status == EXIT_DONE)
                status = cmd_frontier_frontier(in, &facts, by);
        facts_close(&facts);
        return status;
}

static const OptionDef cmd_frontier_options[] = {
        SOURCE_OPTIONS,
        { "", 0, OPTION_HEADING, NULL, 0, 0, 0, "The curve:" },
        { "by", 0, OPTION_TEXT, "PRICE", 0, 0, 0,
          "what a plan is limited by: moves, gib (memory of the moved VMs) or minutes; default: moves" },
        PLAN_OPTIONS,
        WHAT_IF_OPTIONS,
        { "", 0, OPTION_HEADING, NULL, 0, 0, 0, "Output:" },
        { "json", 0, OPTION_FLAG, NULL, 0, 0, 0, "print JSON, schema plimsoll.frontier/1" },
        { 0 },
};

const Command command_frontier = {
        .name = "frontier",
        .summary = "what 0, 1, 2, 5, 10 … moves (GiB, minutes) gain, and where more stops paying off",
        .usage = "[source] [--by moves|gib|minutes] [options]",
        .help = "Plans once for each limit and shows what the best plan within it gains, and what it costs. The knee is\n"
                "the point farthest above the straight line between doing nothing and doing everything that is worth its\n"
                "cost (docs/frontier.md). Nothing is changed.",
        .examples = "plimsoll frontier --redis redis://store:6379\n"
                    "plimsoll frontier --by minutes --from cluster.json",
        .options = cmd_frontier_options,
        .run = cmd_frontier_run,
};
