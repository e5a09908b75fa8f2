/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "scheduler/app/commands/command.h"
#include "scheduler/app/commands/facts.h"
#include "scheduler/app/commands/stopped.h"
#include "scheduler/app/state/host_mark.h"
#include "scheduler/app/terminal/human.h"
#include "scheduler/app/terminal/json_print.h"

#define TRIES 5

static void cmd_resume_say(Invocation *in, const StopEntry *was, usec_t now) {
        char lasted[HUMAN_SIZE], by[256], why[2 * STOP_WHY_MAX];

        if (in->json)
                (void) json_print(json_pack("{s:s, s:n}", "schema", STOPPED_SCHEMA, "stop"), in->out.out);
        else
                (void) out_say(in->out.out, "moves may start again; they were stopped for %s by %s: %s\n",
                               was->at > 0 && now > was->at
                                       ? human_ms((now - was->at) / USEC_PER_MSEC, lasted)
                                       : "an unknown time",
                               text_safe(was->by, by, sizeof(by)), text_safe(was->why, why, sizeof(why)));
}

/* The end is written, and not only the stop removed: what a service knows and the store has not is taken as lost. */
static ExitStatus cmd_resume_write(Invocation *in, Store *store) {
        char by[256];
        int r = 1;

        for (int i = 0; i < TRIES && r == 1; i++) {
                StopEntry was = { 0 }, is;
                StoredText text = { .text = "" };
                const char *next = NULL, *ignored;
                usec_t now = 0;
                size_t n = 0;

                r = stopped_read(in, store, &was, &text);
                if (r == 0) {
                        if (in->json)
                                (void) json_print(json_pack("{s:s, s:n}", "schema", STOPPED_SCHEMA, "stop"),
                                                  in->out.out);
                        else
                                (void) fputs("moves are not stopped\n", in->out.out);
                        return EXIT_DONE;
                }
                if (r == 1)
                        r = store_get_stop(store, in->arena, &ignored, &n, &now);
                if (r < 0)
                        break;
                is = (StopEntry){ .by = operator_name(by, sizeof(by)),
                                  .why = "",
                                  .at = stop_entry_next(&was, now),
                                  .since = was.at };
                r = stop_entry_print(in->arena, &is, &next, &n);
                if (r == 0)
                        r = store_change_stop(store, text, (StoredText){ .text = next, .n = n });
                if (r == 0)
                        cmd_resume_say(in, &was, now);
        }
        if (r == 1)
                return command_complain(in, EXIT_FAILED, "another command keeps changing it. Try again");
        return r < 0 ? command_complain(in, EXIT_FAILED, "%s",
                                        r == -ENOMEM ? "out of memory" : store_error(store))
                     : EXIT_DONE;
}

static ExitStatus cmd_resume_run(Invocation *in) {
        owned(source_free) Source *source = NULL;
        Settings *settings = NULL;
        ExitStatus status = facts_store(in, "stops are", &settings, &source);

        return status == EXIT_DONE ? cmd_resume_write(in, source_store(source)) : status;
}

static const OptionDef cmd_resume_options[] = {
        SOURCE_OPTIONS,
        { "", 0, OPTION_HEADING, NULL, 0, 0, 0, "Output:" },
        { "json", 0, OPTION_FLAG, NULL, 0, 0, 0, "print JSON, schema plimsoll.stop-state/1" },
        { 0 },
};

const Command command_resume = {
        .name = "resume",
        .summary = "let moves start again after plimsoll stop",
        .usage = "[source]",
        .help = "End the stop of this cluster, also one that another operator started. The service plans again at once, with current data.",
        .examples = "plimsoll resume",
        .options = cmd_resume_options,
        .run = cmd_resume_run,
};
