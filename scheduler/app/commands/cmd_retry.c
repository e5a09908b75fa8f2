/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "scheduler/app/commands/command.h"
#include "scheduler/app/commands/facts.h"
#include "scheduler/app/commands/stopped.h"
#include "scheduler/app/state/host_mark.h"
#include "scheduler/app/terminal/human.h"
#include "scheduler/app/terminal/json_print.h"
#include "scheduler/app/terminal/table.h"
#include "scheduler/app/text/missed_text.h"
#include "scheduler/base/out.h"

#define NAMES_MOST 1000

static bool cmd_retry_is(const char *name, const char *of) {
        return of && strcmp(name, of) == 0;
}

static bool cmd_retry_concerns(const MoveHold *hold, const char *name) {
        return cmd_retry_is(name, hold->vm) || cmd_retry_is(name, hold->to) ||
               (!hold->vm && cmd_retry_is(name, hold->from));
}

static bool cmd_retry_is_named(const Invocation *in, const MoveHold *hold) {
        bool named = in->options.n_arguments == 0;

        for (int i = 0; i < in->options.n_arguments; i++)
                named |= cmd_retry_concerns(hold, in->options.arguments[i]);
        return named;
}

static void cmd_retry_json(const Invocation *in, const Snapshot *s) {
        json_t *list = json_array(), *o;

        for (uint32_t i = 0; i < s->holds.n; i++) {
                const MoveHold *hold = &s->holds.at[i];

                if (!cmd_retry_is_named(in, hold))
                        continue;
                (void) json_array_append_new(list, missed_json(s, hold));
        }
        o = json_pack("{s:s, s:s, s:o}", "schema", "plimsoll.retry/1", "cluster", s->cluster, "missed", list);
        (void) json_print(o, in->out.out);
}

static ExitStatus cmd_retry_list(Invocation *in, const Snapshot *s) {
        static const Column columns[] = { { .title = "VM" },
                                          { .title = "TO" },
                                          { .title = "TRIES", .right = true },
                                          { .title = "NOT BEFORE" },
                                          { .title = "WHY" } };
        Table t = table_begin(in->arena, columns, ARRAY_SIZE(columns));
        int r = 0;

        if (in->json) {
                cmd_retry_json(in, s);
                return EXIT_DONE;
        }
        for (uint32_t i = 0; r == 0 && i < s->holds.n; i++) {
                const MoveHold *hold = &s->holds.at[i];
                char until[HUMAN_SIZE], tries[24];

                if (!cmd_retry_is_named(in, hold))
                        continue;
                (void) snprintf(tries, sizeof(tries), "%lld", (long long) hold->tries);
                r = table_row(
                        &t,
                        (Cell[]){
                                { .text = hold->vm     ? hold->vm
                                          : hold->from ? text_format(in->arena, "all of %s", hold->from)
                                                       : "all" },
                                { .text = hold->to ? hold->to : "anywhere" },
                                { .text = tries },
                                { .text = move_hold_holds(hold, s->taken_at) ? human_time(hold->until, until)
                                                                             : "now" },
                                { .text = text_format(in->arena, "%s%s%s", move_miss_names[hold->miss],
                                                      hold->why ? ": " : "", hold->why ? hold->why : "") } });
        }
        if (r < 0)
                return command_complain(in, EXIT_FAILED, "out of memory");
        if (t.n_rows == 0)
                (void) fputs("nothing is waiting: no migration has failed recently\n", in->out.out);
        else
                table_print(&t, &in->out, "");
        return EXIT_DONE;
}

/* All or none: one of which nothing is known is a mistake. */
static ExitStatus cmd_retry_check(Invocation *in, const Snapshot *s) {
        for (int i = 0; i < in->options.n_arguments; i++) {
                bool known = false;

                for (uint32_t k = 0; k < s->holds.n; k++)
                        known |= cmd_retry_concerns(&s->holds.at[k], in->options.arguments[i]);
                if (!known)
                        return command_complain(
                                in, EXIT_BAD_INPUT,
                                "no recent failed migration of or to %s; nothing was changed. plimsoll retry lists them",
                                in->options.arguments[i]);
        }
        return EXIT_DONE;
}

static ExitStatus cmd_retry_all(Invocation *in, const Facts *facts) {
        Store *store = source_store(facts->source);
        const MoveHolds *holds = &facts->snapshot->holds;
        char by[256], safe[256];
        int r = 0;

        (void) operator_name(by, sizeof(by));
        for (uint32_t i = 0; r == 0 && i < holds->n; i++) {
                const MoveHold *hold = &holds->at[i];
                const char *name = hold->vm ? hold->vm : hold->to ? hold->to : hold->from;

                if (!cmd_retry_is_named(in, hold))
                        continue;
                r = hold_store_retry(store, name, by, clock_now());
                if (r == 0 && !in->json)
                        (void) out_say(in->out.out, "the next plan may retry %s\n",
                                       text_safe(name, safe, sizeof(safe)));
        }
        if (r < 0)
                return command_complain(in, EXIT_FAILED, "%s", store_error(store));
        if (in->json)
                cmd_retry_json(in, facts->snapshot);
        else if (holds->n == 0)
                (void) fputs("nothing is waiting: no migration has failed recently\n", in->out.out);
        return EXIT_DONE;
}

static ExitStatus cmd_retry_do(Invocation *in, const Facts *facts) {
        const bool all = option_given(&in->options, "all");
        ExitStatus status;

        if (all && in->options.n_arguments > 0)
                return command_complain(in, EXIT_BAD_INPUT, "give either names or --all");
        if (!all && in->options.n_arguments == 0)
                return cmd_retry_list(in, facts->snapshot);
        if (!source_store(facts->source))
                return command_complain(in, EXIT_BAD_INPUT,
                                        "Failed migrations are kept in Redis. Give --redis URL.");
        status = stopped_check(in, source_store(facts->source), facts->settings);
        if (status == EXIT_DONE)
                status = cmd_retry_check(in, facts->snapshot);
        return status == EXIT_DONE ? cmd_retry_all(in, facts) : status;
}

static ExitStatus cmd_retry_run(Invocation *in) {
        Facts facts;
        ExitStatus status = facts_open(in, &facts);

        if (status == EXIT_DONE)
                status = cmd_retry_do(in, &facts);
        facts_close(&facts);
        return status;
}

static const OptionDef cmd_retry_options[] = {
        SOURCE_OPTIONS,
        { "", 0, OPTION_HEADING, NULL, 0, 0, 0, "How:" },
        { "all", 0, OPTION_FLAG, NULL, 0, 0, 0, "everything that is waiting" },
        { "json", 0, OPTION_FLAG, NULL, 0, 0, 0, "print JSON, schema plimsoll.retry/1" },
        { 0 },
};

const Command command_retry = {
        .name = "retry",
        .summary = "list failed migrations, or let them be retried at once",
        .usage = "[VM | HOST]… | --all [source]",
        .help = "A failed migration is not retried for a minute, then two, four … (section retry of the settings): the VM\n"
                "goes elsewhere meanwhile, or is listed as one that cannot leave. Without a name, all recent failures are\n"
                "listed, with libvirt's message. For the named VMs and hosts the waiting time ends at once: the next plan may\n"
                "retry them (docs/retry.md).\n"
                "Exit status 2: no recent failed migration of or to one of them; then nothing is changed.",
        .examples = "plimsoll retry\n"
                    "plimsoll retry web1\n"
                    "plimsoll retry --all",
        .options = cmd_retry_options,
        .most_arguments = NAMES_MOST,
        .run = cmd_retry_run,
};
