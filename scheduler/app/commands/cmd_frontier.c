/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "policies/policies.h"
#include "scheduler/app/commands/command.h"
#include "scheduler/app/commands/facts.h"
#include "scheduler/app/commands/plan_options.h"
#include "scheduler/app/commands/what_if_facts.h"
#include "scheduler/app/round/round_store.h"
#include "scheduler/app/terminal/busy.h"
#include "scheduler/app/terminal/json_print.h"
#include "scheduler/app/text/frontier_text.h"

#define POOL_MAX ((size_t) FRONTIER_POINTS * FRONTIER_PRICE_N)

typedef struct Walk {
        Arena *arena;
        RoundInput input; /* with the caps of the command line, which hold for every point */
        FrontierPoint *pool;
        uint32_t n_pool;
        const char *const *res_names, *const *policy_names;
        uint32_t n_policies;
} Walk;

static const int64_t cmd_frontier_units[FRONTIER_PRICE_N] = {
        [FRONTIER_MOVES] = 1, [FRONTIER_MIB] = 1024, [FRONTIER_MS] = 60000
};

static int64_t cmd_frontier_lesser(int64_t left, int64_t right) {
        return left < right ? left : right;
}

/* Adds the best plan within the cap to the pool. The first one's memory stays, for the names. */
static int walk_step(Walk *w, FrontierPrice by, int64_t cap) {
        Costs *policies = arena_new(w->arena, Costs, 2 * (size_t) policies_all().n);
        ArenaMark mark = arena_mark(w->arena);
        RoundInput input = w->input;
        PlanRequest *request = &input.request;
        Round round;
        int r;

        if (!policies)
                return -ENOMEM;
        if (by == FRONTIER_MOVES)
                request->max_moves = (uint32_t) cmd_frontier_lesser(request->max_moves, cap);
        else if (by == FRONTIER_MIB)
                request->max_mib = cmd_frontier_lesser(request->max_mib, cap);
        else
                request->max_ms = cmd_frontier_lesser(request->max_ms, cap);
        r = round_decide(w->arena, &input, &round);
        if (r < 0)
                return r;
        w->pool[w->n_pool++] = frontier_point(w->input.snapshot, round.plan, by, cap, policies);
        if (!w->res_names) {
                w->res_names = round.plan->res_names;
                w->policy_names = round.plan->policy_names;
                w->n_policies = round.plan->n_policies;
        } else
                arena_rewind(w->arena, mark);
        return 0;
}

/* Plans with caps on `by`, up to what the plan without any takes. The series ends where a cap is no cap. */
static int walk_series(Walk *w, FrontierPrice by) {
        int64_t whole = w->pool[0].price[by], cap;
        int r = 0;

        for (uint32_t i = 0; r == 0 && i < FRONTIER_POINTS - 1; i++) {
                cap = frontier_budget(i, cmd_frontier_units[by]);
                if (cap >= whole)
                        break;
                r = walk_step(w, by, cap);
        }
        return r;
}

/* The planner heeds a cap on time only once it has ordered the moves: plans of little memory are often the
 * better ones of those that are as short. */
static int cmd_frontier_walk(Walk *w, FrontierPrice by) {
        int r = walk_step(w, by, FRONTIER_NO_CAP);

        if (r == 0)
                r = walk_series(w, by);
        if (r == 0 && by == FRONTIER_MS)
                r = walk_series(w, FRONTIER_MIB);
        return r;
}

static int cmd_frontier_settle(const Walk *w, FrontierPrice by, FrontierView *view) {
        FrontierPoint *points = arena_new(w->arena, FrontierPoint, FRONTIER_POINTS);

        if (!points)
                return -ENOMEM;
        for (uint32_t i = 0; view->n < FRONTIER_POINTS - 1; i++) {
                int64_t budget = frontier_budget(i, cmd_frontier_units[by]);

                if (budget >= w->pool[0].price[by])
                        break;
                points[view->n++].budget = budget;
        }
        points[view->n++].budget = FRONTIER_NO_CAP;
        view->knee = frontier_settle(points, view->n, w->pool, w->n_pool, by);
        view->points = points;
        view->res_names = w->res_names;
        view->policy_names = w->policy_names;
        view->n_policies = w->n_policies;
        return 0;
}

static ExitStatus cmd_frontier_frontier(Invocation *in, const Facts *facts, FrontierPrice by) {
        Busy busy;
        Workers workers = workers_threads(0);
        Walk w = { .arena = in->arena,
                   .pool = arena_new(in->arena, FrontierPoint, POOL_MAX),
                   .input = { .snapshot = facts->snapshot,
                              .settings = facts->settings,
                              .request = plan_request_of(&in->options, &workers),
                              .now = clock_now(),
                              .think = settings_int(facts->settings, "service", "think") } };
        Store *store = source_store(facts->source);
        WhatIfFacts what_if;
        ExitStatus status = what_if_facts_read(in, facts, &what_if);
        FrontierView view = { .by = by, .seed = w.input.request.seed };
        int r;

        if (status != EXIT_DONE)
                return status;
        view.snapshot = w.input.snapshot = what_if.snapshot;
        r = facts_holds(in, store, &w.input); /* as the service would */

        if (r < 0)
                return command_complain(in, EXIT_FAILED, "%s", store_error(store));
        busy_begin(&busy, &in->err, "planning at several limits");
        r = w.pool ? cmd_frontier_walk(&w, by) : -ENOMEM;
        busy_end(&busy);
        if (r == 0)
                r = cmd_frontier_settle(&w, by, &view);
        if (r == 0 && in->json) {
                frontier_json_print(&view, in->out.out);
        } else if (r == 0) {
                what_if_facts_print(&what_if, &in->out);
                r = frontier_text_print(in->arena, &view, &in->out);
        }
        if (r < 0)
                return command_complain(in, EXIT_FAILED, "cannot plan: %s", strerrordesc_np(-r));
        return (what_if.any || what_if.set) && !in->json ? what_if_facts_compare(in, &what_if, &w.input, NULL)
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
