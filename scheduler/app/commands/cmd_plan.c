/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/commands/command.h"
#include "scheduler/app/commands/facts.h"
#include "scheduler/app/commands/hbal_score.h"
#include "scheduler/app/commands/plan_options.h"
#include "scheduler/app/commands/stopped.h"
#include "scheduler/app/commands/what_if_facts.h"
#include "scheduler/app/round/round_record.h"
#include "scheduler/app/terminal/busy.h"
#include "scheduler/app/terminal/file.h"
#include "scheduler/app/terminal/json_print.h"
#include "scheduler/app/terminal/timing.h"
#include "scheduler/app/text/fleet_text.h"
#include "scheduler/app/text/plan_text.h"
#include "scheduler/app/text/vm_mode_text.h"
#include "scheduler/model/vm_mode.h"
#include "scheduler/snapshot/files/plan_file.h"
#include "scheduler/snapshot/files/record_file.h"

/* What must leave its host and is left to a person is moved by nobody else. */
static ExitStatus cmd_plan_status_of(const Round *round) {
        const Plan *plan = round->plan;

        return plan->status >= PLAN_BLOCKED || plan->n_refused_all > 0 || vm_mode_n_kept(round->snapshot) > 0
                       ? EXIT_BLOCKED
                       : EXIT_DONE;
}

/* With "what if" the plan stands in an object that says what it would change. */
static ExitStatus cmd_plan_print_json(Invocation *in, const WhatIfFacts *assumed, const RoundInput *input,
                                      const Plan *plan, const char *text, size_t n) {
        json_t *o, *what_if;

        if (!assumed->any) {
                (void) fwrite(text, 1, n, in->out.out);
                return EXIT_DONE;
        }
        what_if = what_if_facts_json(in, assumed, input, plan);
        if (!what_if)
                return EXIT_FAILED;
        o = json_object();
        (void) json_object_set_new(o, "schema", json_string("plimsoll.what-if/1"));
        (void) json_object_set_new(o, "cluster", json_string(assumed->as_is->cluster));
        (void) json_object_set_new(o, "what_if", what_if);
        (void) json_object_set_new(o, "plan", json_loadb(text, n, 0, NULL));
        (void) json_print(o, in->out.out);
        return EXIT_DONE;
}

static ExitStatus cmd_plan_print_plan(Invocation *in, const WhatIfFacts *assumed, const RoundInput *input,
                                      const Round *round) {
        const char *path = option_text(&in->options, "output"), *text;
        PlanView view = { .snapshot = round->snapshot,
                          .problem = round->problem,
                          .plan = round->plan,
                          .took = round->took,
                          .all = option_given(&in->options, "all") };
        ExitStatus status = EXIT_DONE;
        TextFault fault;
        size_t n = 0;

        if (plan_file_print(in->arena, round->snapshot, round->plan, &text, &n) < 0)
                return command_complain(in, EXIT_FAILED, "out of memory");
        if (path && file_write(path, text, n, &fault) < 0)
                return command_complain_fault(in, EXIT_FAILED, path, &fault);
        if (in->json)
                status = cmd_plan_print_json(in, assumed, input, round->plan, text, n);
        else {
                what_if_facts_print(assumed, &in->out);
                if (plan_text_print(in->arena, &view, &in->out) < 0)
                        return command_complain(in, EXIT_FAILED, "out of memory");
                if (round->plan->n_moves > 0 && !assumed->any)
                        (void) fputs("nothing has been moved; to carry out a plan: plimsoll apply\n",
                                     in->out.out);
                if (assumed->any || assumed->set)
                        status = what_if_facts_compare(in, assumed, input, round->plan);
        }
        if (!in->json && vm_mode_print_kept(in->arena, round->snapshot, &in->out) < 0)
                return command_complain(in, EXIT_FAILED, "out of memory");
        if (status == EXIT_DONE && assumed->started.n_placed < assumed->started.n_vms)
                status = EXIT_BLOCKED;
        return status == EXIT_DONE ? cmd_plan_status_of(round) : status;
}

/* To stderr, beside whatever form the plan has. */
static int print_hbal_score(Invocation *in, const Round *round) {
        const HostIx *host_of;
        double before = 0, after = 0;
        int r = fleet_after(in->arena, round->problem, round->plan, &host_of);

        if (r == 0)
                r = hbal_score(in->arena, round->snapshot, NULL, &before);
        if (r == 0)
                r = hbal_score(in->arena, round->snapshot, host_of, &after);
        if (r == 0)
                (void) out_say(in->err.out, "hbal's cluster score: %.8f now, %.8f after\n", before, after);
        return r;
}

/* What replay takes. */
static ExitStatus write_record(Invocation *in, const Facts *facts, const RoundInput *input,
                               const Round *round) {
        RoundRecord x = { .input = input,
                          .facts = source_facts(facts->source),
                          .round = round,
                          .leader = "plimsoll plan",
                          .mode = "advise" };
        const char *path = option_text(&in->options, "record"), *text = NULL;
        const Record *record = NULL;
        TextFault fault = { 0 };
        size_t n = 0;

        if (!path)
                return EXIT_DONE;
        if (round_record_make(in->arena, &x, &record) < 0 ||
            record_file_print(in->arena, record, &text, &n) < 0)
                return command_complain(in, EXIT_FAILED, "out of memory");
        if (file_write(path, text, n, &fault) < 0)
                return command_complain_fault(in, EXIT_FAILED, path, &fault);
        return EXIT_DONE;
}

static ExitStatus cmd_plan_plan(Invocation *in, const Facts *facts, Timing *timing) {
        Busy busy;
        Workers workers = workers_threads(0);
        RoundInput input;
        WhatIfFacts assumed;
        ExitStatus status = what_if_facts_input(in, facts, &workers, &assumed, &input);
        Round round;
        int r;

        if (status != EXIT_DONE)
                return status;
        if (assumed.any && option_given(&in->options, "record"))
                return command_complain(
                        in, EXIT_BAD_INPUT,
                        "--record needs real data. For a what-if, write a snapshot with these changes first");
        input.stopped = stopped_words(in, source_store(facts->source));
        busy_begin(&busy, &in->err, "planning");
        r = round_decide(in->arena, &input, &round);
        busy_end(&busy);
        if (r < 0)
                return plan_complain(in, r);
        timing_mark(timing, "plan");
        status = write_record(in, facts, &input, &round);
        if (status != EXIT_DONE)
                return status;
        status = cmd_plan_print_plan(in, &assumed, &input, &round);
        if (option_given(&in->options, "hbal-score") && print_hbal_score(in, &round) < 0)
                return command_complain(in, EXIT_FAILED, "out of memory");
        timing_mark(timing, "write");
        return status;
}

static ExitStatus cmd_plan_run(Invocation *in) {
        Timing timing = timing_begin(in);
        Facts facts;
        ExitStatus status = facts_open(in, &facts);

        timing_mark(&timing, "load");
        if (status == EXIT_DONE)
                status = facts_known(&facts, facts_ending(&facts, cmd_plan_plan(in, &facts, &timing)));
        facts_close(&facts);
        timing_end(&timing);
        return status;
}

static const OptionDef cmd_plan_options[] = {
        SOURCE_OPTIONS,
        PLAN_OPTIONS,
        WHAT_IF_OPTIONS,
        { "", 0, OPTION_HEADING, NULL, 0, 0, 0, "Output:" },
        { "output", 'o', OPTION_TEXT, "FILE", 0, 0, 0, "write the plan to this file, for check and apply" },
        { "record", 0, OPTION_TEXT, "FILE", 0, 0, 0,
          "write the plan and everything it follows from to this file, for plimsoll replay" },
        { "all", 0, OPTION_FLAG, NULL, 0, 0, 0,
          "show every host and move; default: of more than 48 hosts the 16 worst, and the first 40 moves" },
        { "json", 0, OPTION_FLAG, NULL, 0, 0, 0,
          "print JSON, schema plimsoll.plan/1; with what-if options plimsoll.what-if/1" },
        { "hbal-score", 0, OPTION_FLAG, NULL, 0, 0, 0,
          "also print the cluster score of Ganeti's hbal, now and after (see import htools)" },
        TIMING_OPTION,
        { 0 },
};

const Command command_plan = {
        .name = "plan",
        .summary = "show which VMs should move where, in what order, and why; moves nothing",
        .usage = "[source] [options]",
        .help = "Shows each host now and after the plan against its load line, the moves in waves with their predicted\n"
                "times and reasons, and what was wanted and is not possible. Nothing is changed.\n"
                "Exit status 3: something that must be done is blocked, or some data was ignored (out of bounds, or not\n"
                "understood), which is shown.",
        .examples = "plimsoll plan --redis redis://store:6379\n"
                    "plimsoll plan --from cluster.json --max-moves 10 --output plan.json\n"
                    "plimsoll plan --hosts qemu+ssh://h1/system,qemu+ssh://h2/system --without h1",
        .options = cmd_plan_options,
        .run = cmd_plan_run,
};
