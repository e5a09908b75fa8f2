/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "scheduler/app/commands/command.h"
#include "scheduler/app/commands/facts.h"
#include "scheduler/app/commands/stopped.h"
#include "scheduler/app/state/host_mark.h"
#include "scheduler/app/state/live_state.h"
#include "scheduler/app/terminal/json_print.h"

#define TRIES   5
#define FOR_MAX (INT64_C(30) * 86400 * USEC_PER_SEC)

static void cmd_stop_say(Invocation *in, Store *store, const StopEntry *is, const StopEntry *was,
                         bool replaced) {
        char safe[2048];
        const char *words = stop_words(in->arena, is);
        LiveState live = { 0 };
        uint32_t running = 0;

        if (in->json) {
                json_t *o =
                        json_pack("{s:s, s:o}", "schema", STOPPED_SCHEMA, "stop", stopped_json(in, store));

                (void) json_print(o, in->out.out);
                return;
        }
        (void) out_say(in->out.out, "%s\n",
                       text_safe(words ? words : "all moves are stopped", safe, sizeof(safe)));
        if (replaced) {
                words = stop_words(in->arena, was);
                (void) out_say(in->out.out, "this replaces: %s\n",
                               text_safe(words ? words : "another stop", safe, sizeof(safe)));
        }
        if (live_state_get(store, in->arena, &live) == 0)
                for (uint32_t i = 0; i < live.n_moves; i++)
                        running += live.moves[i].status.phase == MIGRATION_RUNNING ||
                                   live.moves[i].status.phase == MIGRATION_VERIFYING;
        if (running > 0)
                (void) out_say(in->out.out, "%u move%s already running and will finish (plimsoll status)\n",
                               running, running == 1 ? " is" : "s are");
        (void) fputs("To end it: plimsoll resume\n", in->out.out);
}

/* Nothing that was there is lost without being said: of two operators at once the later one sees the other's. */
static ExitStatus cmd_stop_write(Invocation *in, Store *store) {
        const usec_t within = option_number(&in->options, "for", 0);
        char by[256];
        int r = 1;

        for (int i = 0; i < TRIES && r == 1; i++) {
                StopEntry was = { 0 }, is;
                StoredText text = { .text = "" };
                const char *next = NULL, *ignored;
                usec_t now = 0;
                size_t n = 0;
                int there = stopped_read(in, store, &was, &text);

                r = there < 0 ? there : store_get_stop(store, in->arena, &ignored, &n, &now);
                if (r < 0)
                        break;
                is = (StopEntry){ .stopped = true,
                                  .by = operator_name(by, sizeof(by)),
                                  .why = option_text(&in->options, "why"),
                                  .at = stop_entry_next(&was, now) };
                is.until = within > 0 ? is.at + within : 0;
                r = stop_entry_print(in->arena, &is, &next, &n);
                if (r == 0)
                        r = store_change_stop(store, text, (StoredText){ .text = next, .n = n });
                if (r == 0)
                        cmd_stop_say(in, store, &is, &was, there == 1);
        }
        if (r == 1)
                return command_complain(in, EXIT_FAILED, "another command keeps changing it. Try again");
        return r < 0 ? command_complain(in, EXIT_FAILED, "%s",
                                        r == -ENOMEM ? "out of memory" : store_error(store))
                     : EXIT_DONE;
}

static ExitStatus cmd_stop_run(Invocation *in) {
        const char *why = option_text(&in->options, "why");
        owned(source_free) Source *source = NULL;
        Settings *settings = NULL;
        ExitStatus status;

        if (!why || !stop_entry_is_why(why))
                return command_complain(
                        in, EXIT_BAD_INPUT,
                        "Give --why TEXT: operators who look at the status must see the reason; one line of at most "
                        "%d bytes",
                        STOP_WHY_MAX);
        status = facts_store(in, "stops are", &settings, &source);
        return status == EXIT_DONE ? cmd_stop_write(in, source_store(source)) : status;
}

static const OptionDef cmd_stop_options[] = {
        SOURCE_OPTIONS,
        { "", 0, OPTION_HEADING, NULL, 0, 0, 0, "How:" },
        { "why", 0, OPTION_TEXT, "TEXT", 0, 0, 0,
          "reason (required): shown wherever something is not moved" },
        { "for", 0, OPTION_DURATION, "TIME", 0, USEC_PER_SEC, FOR_MAX,
          "end by itself after TIME (30m, 2h), by Redis' clock; default: until plimsoll resume" },
        { "json", 0, OPTION_FLAG, NULL, 0, 0, 0, "print JSON, schema plimsoll.stop-state/1" },
        { 0 },
};

const Command command_stop = {
        .name = "stop",
        .summary = "start no more moves of any kind in the cluster",
        .usage = "--why TEXT [--for 2h] [source]",
        .help = "From now on no service and no command starts a migration in this cluster: not for balance, not for\n"
                "maintenance, not off failing hosts. Running ones finish. Plans are still made and shown. The stop lasts\n"
                "until plimsoll resume or until its time is over, whatever is restarted, even when Redis loses its data\n"
                "(docs/operations.md).",
        .examples = "plimsoll stop --why \"switch replaced\" --for 2h",
        .options = cmd_stop_options,
        .run = cmd_stop_run,
};
