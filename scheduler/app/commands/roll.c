/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/commands/roll.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "scheduler/app/commands/maintenance.h"
#include "scheduler/app/commands/roll_parts.h"
#include "scheduler/app/commands/stopped.h"
#include "scheduler/app/state/host_mark.h"
#include "scheduler/app/terminal/json_print.h"
#include "scheduler/base/sha256.h"
#include "scheduler/base/text.h"

static ExitStatus roll_abandon(Roll *roll, int loaded) {
        int r = loaded == 0 ? roll_uncordon(roll) : 0;

        if (r == 0 && loaded != 1)
                r = roll_forget(roll);
        if (r < 0)
                return roll_store_failed(roll, r);
        if (roll->in->json)
                (void) json_print(json_done(), roll->in->out.out);
        else
                (void) out_say(roll->in->out.out,
                               loaded == 1 ? "no roll is running\n" : "the roll is discarded\n");
        return EXIT_DONE;
}

/* Of what is run and how; a command that is run by a shell is another one. */
static const char *roll_digest(const Roll *roll) {
        char hex[SHA256_HEX];
        const char *all = text_format(roll->in->arena, "%s %s", roll->shell ? "sh -c" : "exec",
                                      roll->command ? roll->command : "");

        if (!all)
                return NULL;
        sha256_print(all, strlen(all), hex);
        return text_copy(roll->in->arena, hex, strlen(hex));
}

/* What is run as the operator comes from the operator: whoever can write to the store must not have a command run. */
static ExitStatus roll_same_command(const Roll *roll) {
        const char *now = roll_digest(roll);

        if (!now)
                return command_complain(roll->in, EXIT_FAILED, "out of memory");
        if (!roll->command)
                return command_complain(
                        roll->in, EXIT_BAD_INPUT,
                        "--resume needs the same --run CMD (and --shell if it was used): the store keeps only a "
                        "checksum of it");
        if (strcmp(now, roll->digest) != 0)
                return command_complain(
                        roll->in, EXIT_BAD_INPUT,
                        "--run is not the command of this roll; nothing was run. Give the same --run and --shell, or "
                        "--abandon the roll and start a new one");
        if (!roll->in->json)
                (void) out_say(roll->in->out.out, "continuing the roll of %s, with %s%s\n", roll->by,
                               roll->shell ? "sh -c " : "", roll->command);
        return EXIT_DONE;
}

static ExitStatus roll_begin_new(Roll *roll, const Strings *hosts) {
        const Snapshot *s = roll->facts->snapshot;
        bool all = option_given(&roll->in->options, "all");
        char by[256];

        if (all == (hosts->n > 0))
                return command_complain(roll->in, EXIT_BAD_INPUT, "roll needs HOSTS, or --all");
        for (uint32_t i = 0; i < (all ? s->n_hosts : hosts->n); i++)
                roll->left[roll->n_left++] = all ? s->hosts[i].name : hosts->at[i];
        roll->digest = roll_digest(roll);
        roll->at_once = (uint32_t) option_number(&roll->in->options, "at-once", 1);
        roll->at = clock_now();
        (void) operator_name(by, sizeof(by));
        roll->by = text_copy(roll->in->arena, by, strlen(by));
        return roll->by && roll->digest ? EXIT_DONE
                                        : command_complain(roll->in, EXIT_FAILED, "out of memory");
}

static ExitStatus roll_start(Roll *roll, const Strings *hosts, int loaded) {
        Invocation *in = roll->in;
        bool resume = option_given(&in->options, "resume"), dry = option_given(&in->options, "dry-run");
        ExitStatus status = EXIT_DONE;
        const char *words;
        char safe[1024];
        int acts;

        if (resume && (loaded == 1 || hosts->n > 0))
                return command_complain(
                        in, EXIT_BAD_INPUT, "%s",
                        hosts->n > 0
                                ? "--resume continues with the hosts of the stopped roll. Leave out HOSTS."
                                : "no stopped roll found; nothing to resume");
        if (!resume && !dry && loaded == 0)
                return command_complain(
                        in, EXIT_BAD_INPUT,
                        "a roll of %s is running or stopped, with %u %s left. Continue it with --resume (and the "
                        "same --run), or discard it with --abandon",
                        roll->by, roll->n_left, text_plural(roll->n_left, "host", "hosts"));
        roll->command = option_text(&in->options, "run");
        roll->shell = option_given(&in->options, "shell");
        if (!resume) {
                roll->n_left = roll->n_done = 0;
                status = roll_begin_new(roll, hosts);
        } else if (!dry) {
                status = roll_same_command(roll);
        }
        if (status == EXIT_DONE && !dry && !roll->command)
                status = command_complain(in, EXIT_BAD_INPUT,
                                          "Give --run CMD: the command to run for each emptied host");
        if (status == EXIT_DONE)
                status = roll_plan(roll);
        if (status != EXIT_DONE)
                return status;
        roll_print_plan(roll);
        words = dry ? stopped_words(in, roll->store) : NULL;
        if (words && !in->json)
                (void) out_say(in->out.out, "%s\n", text_safe(words, safe, sizeof(safe)));
        if (dry && in->json)
                roll_print_plan_json(roll);
        if (dry)
                return roll->order.n_stuck > 0 ? EXIT_BLOCKED : EXIT_DONE;
        status = stopped_check(in, roll->store, roll->facts->settings);
        if (status != EXIT_DONE)
                return status;
        acts = maintenance_acts(in, roll->facts);
        if (acts <= 0)
                return acts < 0
                               ? roll_store_failed(roll, acts)
                               : command_complain(
                                         in, EXIT_BLOCKED,
                                         "no service in auto mode is running for this cluster, so the hosts would not be emptied. "
                                         "Start plimsolld with service.mode: auto");
        acts = roll_save(roll);
        return acts != 0 ? roll_store_failed(roll, acts) : roll_groups(roll);
}

ExitStatus roll_run(Invocation *in, Facts *facts, const Strings *hosts) {
        Roll x = { .in = in, .facts = facts, .store = source_store(facts->source), .was = "" };
        uint32_t room = facts->snapshot->n_hosts + HOSTS_MAX / 16;
        ExitStatus status;
        int loaded;

        x.run = text_format(in->arena, "%ld/%lld", (long) getpid(), (long long) clock_now());
        x.left = arena_new(in->arena, const char *, room);
        x.done = arena_new(in->arena, const char *, room);
        x.stayed = arena_new(in->arena, const char *, room);
        if (!x.run || !x.left || !x.done || !x.stayed)
                return command_complain(in, EXIT_FAILED, "out of memory");
        loaded = roll_load(&x, room);
        if (roll_is_served(&x, loaded))
                return roll_served(&x, hosts, loaded);
        if (option_given(&in->options, "abandon"))
                return roll_abandon(&x, loaded);
        if (loaded == -EBADMSG)
                return command_complain(in, EXIT_FAILED,
                                        "the stored state of the roll is damaged. Discard it with --abandon");
        if (loaded < 0)
                return roll_store_failed(&x, loaded);
        status = roll_start(&x, hosts, loaded);
        in->held = NULL;
        return status;
}
