/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "policies/policies.h"
#include "scheduler/app/commands/command.h"
#include "scheduler/app/terminal/busy.h"
#include "scheduler/app/terminal/file.h"
#include "scheduler/decide/search/search.h"
#include "scheduler/snapshot/import/roadef_file.h"

/* Kept back from the time given: the last look at the clock, and writing the solution. */
#define RESERVE (100 * USEC_PER_MSEC)

typedef struct Time {
        usec_t began, ends;
} Time;

static bool cmd_roadef_over(void *arg, unsigned part) {
        const Time *t = arg;

        (void) part;
        return clock_monotonic() >= t->ends;
}

static uint32_t cmd_roadef_spent(void *arg) {
        const Time *t = arg;
        const usec_t now = clock_monotonic();

        return now >= t->ends ? 65536 : (uint32_t) ((now - t->began) * 65536 / (t->ends - t->began));
}

static ExitStatus read_problem(Invocation *in, const char *model, const char *initial, Problem **ret) {
        const char *text;
        TextFault fault;
        size_t n;
        int r;

        r = file_read(in->arena, model, &text, &n, &fault);
        if (r == 0)
                r = roadef_model_parse(in->arena, text, n, ret, &fault);
        if (r < 0)
                return command_complain_fault(in, EXIT_BAD_INPUT, model, &fault);
        r = file_read(in->arena, initial, &text, &n, &fault);
        if (r == 0)
                r = roadef_assignment_parse(in->arena, *ret, text, n, &(*ret)->home, &fault);
        if (r < 0)
                return command_complain_fault(in, EXIT_BAD_INPUT, initial, &fault);
        return EXIT_DONE;
}

static ExitStatus write_solution(Invocation *in, const Problem *p, const HostIx *host_of, const char *path) {
        const size_t room = (size_t) p->n_vms * 11 + 2;
        char *text = arena_new(in->arena, char, room);
        TextFault fault;
        size_t n = 0;

        if (!text)
                return command_complain(in, EXIT_FAILED, "out of memory");
        for (VmIx v = 0; v < p->n_vms; v++)
                n += (size_t) snprintf(text + n, room - n, v ? " %u" : "%u", host_of[v]);
        text[n++] = '\n';
        if (file_write(path, text, n, &fault) < 0)
                return command_complain_fault(in, EXIT_FAILED, path, &fault);
        return EXIT_DONE;
}

static void cmd_roadef_report(const Invocation *in, const Problem *p, const SearchResult *result, Time t) {
        uint32_t moved = 0;

        for (VmIx v = 0; v < p->n_vms; v++)
                moved += result->host_of[v] != p->home[v];
        (void) out_say(
                in->out.out, "initial %lld\ncost %lld\nmoved %u of %u\nevaluations %llu\nseconds %.1f\n",
                (long long) result->before.tier[TIER_BALANCE], (long long) result->after.tier[TIER_BALANCE],
                moved, p->n_vms, (unsigned long long) result->evaluations,
                (double) (clock_monotonic() - t.began) / (double) USEC_PER_SEC);
}

static ExitStatus cmd_roadef_run(Invocation *in) {
        const Options *o = &in->options;
        const char *model = option_text(o, "model"), *initial = option_text(o, "initial");
        const char *solution = option_text(o, "output");
        const Workers workers = workers_threads((unsigned) option_number(o, "threads", 0));
        Time t = { .began = clock_monotonic() };
        SearchBudget budget = { .evaluations = (uint64_t) option_number(o, "evaluations", INT64_MAX),
                                .max_moves = UINT32_MAX,
                                .max_mib = INT64_MAX,
                                .tasks = workers.threads,
                                .time = { .is_up = cmd_roadef_over, .arg = &t } };
        SearchResult result;
        ExitStatus status;
        Problem *p = NULL;
        Busy busy;
        int r;

        if (!model || !initial || !solution)
                return command_complain(in, EXIT_BAD_INPUT,
                                        "-p MODEL, -i INITIAL and -o SOLUTION are needed");
        t.ends = t.began + option_number(o, "time", 60 * INT64_C(1000)) * USEC_PER_MSEC - RESERVE;
        if (!option_given(o, "evaluations"))
                budget.spent = cmd_roadef_spent;
        status = read_problem(in, model, initial, &p);
        if (status != EXIT_DONE)
                return status;
        assert(p);
        busy_begin(&busy, &in->err, "searching");
        r = search_run(in->arena,
                       &(SearchInput){ .problem = p,
                                       .policies = policies_all(),
                                       .budget = budget,
                                       .seed = (uint64_t) option_number(o, "seed", 1),
                                       .workers = &workers },
                       &result);
        busy_end(&busy);
        if (r < 0)
                return command_complain(in, EXIT_FAILED, "out of memory");
        if (result.before.tier[TIER_REPAIR] > 0)
                return command_complain(in, EXIT_BAD_INPUT, "%s: the initial assignment breaks a constraint",
                                        initial);
        status = write_solution(in, p, result.host_of, solution);
        if (status == EXIT_DONE)
                cmd_roadef_report(in, p, &result, t);
        return status;
}

static const OptionDef cmd_roadef_options[] = {
        { "model", 'p', OPTION_TEXT, "FILE", 0, 0, 0, "read the model from this file" },
        { "initial", 'i', OPTION_TEXT, "FILE", 0, 0, 0, "read the initial assignment from this file" },
        { "output", 'o', OPTION_TEXT, "FILE", 0, 0, 0, "write the solution to this file" },
        { "time", 't', OPTION_NUMBER, "SECONDS", 1000, 1, 864000, "time limit in seconds; default: 60" },
        { "seed", 's', OPTION_NUMBER, "N", 1, 0, INT64_MAX, "seed of the search; default: 1" },
        { "evaluations", 0, OPTION_NUMBER, "N", 1, 1, INT64_MAX,
          "limit the search by moves tried, in each thread, instead of by time: then the same seed and "
          "number of threads give the same solution (if the time is long enough)" },
        { "threads", 0, OPTION_NUMBER, "N", 1, 1, 64, "number of parallel searches; default: one per core" },
        { 0 },
};

const Command command_roadef = {
        .name = "roadef",
        .summary = "solve an instance of the ROADEF/EURO 2012 challenge",
        .usage = "-p MODEL -i INITIAL -o SOLUTION [-t SECONDS] [-s SEED]",
        .help = "Reads a model and an initial assignment of the machine reassignment problem in\n"
                "the challenge's format, searches with the same policies and the same search\n"
                "that plan clusters, and writes the best assignment found. The cost printed is\n"
                "the challenge's objective.",
        .examples = "plimsoll roadef -p model.txt -i initial.txt -o solution.txt -t 300",
        .options = cmd_roadef_options,
        .run = cmd_roadef_run,
};
