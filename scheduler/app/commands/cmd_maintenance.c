/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "scheduler/app/commands/chosen_hosts.h"
#include "scheduler/app/commands/command.h"
#include "scheduler/app/commands/facts.h"
#include "scheduler/app/commands/maintenance.h"
#include "scheduler/app/commands/roll.h"
#include "scheduler/app/state/host_mark.h"
#include "scheduler/app/terminal/json_print.h"

/* ---- enter ---- */

static ExitStatus verb_enter(Invocation *in, Facts *facts, const Strings *hosts) {
        const bool several = option_given(&in->options, "several");
        ExitStatus status = chosen_hosts_take_part(in, facts->snapshot, hosts);

        if (status == EXIT_DONE)
                status = maintenance_may_enter(in, facts, hosts);

        for (uint32_t i = 0; i < hosts->n && status == EXIT_DONE; i++)
                status = maintenance_enter(in, facts, hosts->at[i], several);
        if (status != EXIT_DONE)
                return status;
        if (option_given(&in->options, "wait"))
                return maintenance_wait_all(in, facts, hosts, 0);
        return maintenance_advice(in, facts, hosts);
}

/* ---- the command ---- */

typedef struct Verb {
        const char *name;
        int least, most; /* words for hosts after it */
        ExitStatus (*run)(Invocation *in, Facts *facts, const Strings *hosts);
} Verb;

static ExitStatus verb_exit(Invocation *in, Facts *facts, const Strings *hosts) {
        ExitStatus status = EXIT_DONE;

        for (uint32_t i = 0; i < hosts->n && status == EXIT_DONE; i++)
                status = maintenance_exit(in, facts, hosts->at[i]);
        if (status == EXIT_DONE && in->json)
                (void) json_print(json_done(), in->out.out);
        return status;
}

static ExitStatus verb_status(Invocation *in, Facts *facts, const Strings *hosts) {
        if (hosts->n > 0 && option_given(&in->options, "wait"))
                return maintenance_wait_all(in, facts, hosts, 0);
        return maintenance_show(in, facts, hosts);
}

static ExitStatus verb_roll(Invocation *in, Facts *facts, const Strings *hosts) {
        if (option_given(&in->options, "for-good"))
                return command_complain(
                        in, EXIT_BAD_INPUT,
                        "roll puts its hosts back into service. Use --for-good only with enter.");
        if (hosts->n > 0 && chosen_hosts_take_part(in, facts->snapshot, hosts) != EXIT_DONE)
                return EXIT_BLOCKED;
        return roll_run(in, facts, hosts);
}

/* Also hosts that are gone, whose marks were left: by their names. */
static ExitStatus hosts_to_exit(const Invocation *in, const Snapshot *s, const Strings *words, Strings *ret) {
        const char **left = arena_new(in->arena, const char *, words->n), **all;
        Strings there = { .at = left }, chosen = { 0 };
        uint32_t n_gone = 0;
        ExitStatus status;

        if (!left)
                return command_complain(in, EXIT_FAILED, "out of memory");
        for (uint32_t i = 0; i < words->n; i++)
                if (snapshot_host(s, words->at[i]) != IX_NONE || strpbrk(words->at[i], ":*?[!,"))
                        left[there.n++] = words->at[i];
        status = chosen_hosts(in, s, "", &there, &chosen);
        all = arena_new(in->arena, const char *, (size_t) chosen.n + words->n);
        if (!all)
                return command_complain(in, EXIT_FAILED, "out of memory");
        if (chosen.n > 0)
                memcpy(all, chosen.at, sizeof(*all) * chosen.n);
        for (uint32_t i = 0; i < words->n; i++)
                if (!strings_have(&there, words->at[i]))
                        all[chosen.n + n_gone++] = words->at[i];
        *ret = (Strings){ .at = all, .n = chosen.n + n_gone };
        return status;
}

static const Verb cmd_maintenance_verbs[] = {
        { "enter", 1, HOSTS_NAMED_MAX, verb_enter },
        { "exit", 1, HOSTS_NAMED_MAX, verb_exit },
        { "status", 0, HOSTS_NAMED_MAX, verb_status },
        { "roll", 0, HOSTS_NAMED_MAX, verb_roll },
};

static ExitStatus cmd_maintenance_run(Invocation *in) {
        const char *names[ARRAY_SIZE(cmd_maintenance_verbs)], *word = in->options.arguments[0], *near;
        const Verb *verb = NULL;
        int n = in->options.n_arguments - 1;
        const Strings words = { .at = (const char *const *) in->options.arguments + 1, .n = (uint32_t) n };
        Strings hosts = { 0 };
        Facts facts;
        ExitStatus status;

        for (size_t i = 0; i < ARRAY_SIZE(cmd_maintenance_verbs); i++) {
                names[i] = cmd_maintenance_verbs[i].name;
                if (strcmp(word, cmd_maintenance_verbs[i].name) == 0)
                        verb = &cmd_maintenance_verbs[i];
        }
        near = verb ? NULL : text_nearest(word, names, ARRAY_SIZE(names));
        if (!verb)
                return command_complain(in, EXIT_BAD_INPUT,
                                        "unknown action; use enter, exit, status or roll, not %s%s%s", word,
                                        near ? "; did you mean " : "", near ? near : "");
        if (n < verb->least || n > verb->most)
                return command_complain(in, EXIT_BAD_INPUT, "%s needs %s%d HOSTS", word,
                                        n < verb->least ? "at least " : "at most ",
                                        n < verb->least ? verb->least : verb->most);
        status = facts_open(in, &facts);
        if (status == EXIT_DONE && !source_store(facts.source))
                status = command_complain(
                        in, EXIT_BAD_INPUT,
                        "Maintenance is kept in Redis. Give --redis URL (without agents and Redis: plimsoll evacuate)");
        if (status == EXIT_DONE)
                status = verb->run == verb_exit ? hosts_to_exit(in, facts.snapshot, &words, &hosts)
                                                : chosen_hosts(in, facts.snapshot, "", &words, &hosts);
        if (status == EXIT_DONE && hosts.n > 1 && in->json && option_given(&in->options, "wait"))
                status = command_complain(in, EXIT_BAD_INPUT, "--wait with --json accepts one host");
        if (status == EXIT_DONE)
                status = verb->run(in, &facts, &hosts);
        facts_close(&facts);
        return status;
}

static const OptionDef cmd_maintenance_options[] = {
        SOURCE_OPTIONS,
        { "", 0, OPTION_HEADING, NULL, 0, 0, 0, "With enter:" },
        { "deadline", 0, OPTION_DURATION, "TIME", 0, USEC_PER_SEC, INT64_C(30) * 86400 * USEC_PER_SEC,
          "empty the host within TIME (30m, 2h): the heaviest VMs leave first, and those that will not "
          "make it are listed" },
        { "for-good", 0, OPTION_FLAG, NULL, 0, 0, 0,
          "the host does not come back: also move VMs that are off" },
        { "why", 0, OPTION_TEXT, "TEXT", 0, 0, 0, "reason, shown by status" },
        { "several", 0, OPTION_FLAG, NULL, 0, 0, 0,
          "also if that empties more hosts within a short time than the brake permits (docs/brake.md)" },
        { "", 0, OPTION_HEADING, NULL, 0, 0, 0, "With enter and status:" },
        { "wait", 0, OPTION_FLAG, NULL, 0, 0, 0,
          "show the progress until the host is empty, or nothing more can leave it (exit status 3)" },
        ROLL_OPTIONS,
        { "", 0, OPTION_HEADING, NULL, 0, 0, 0, "Output:" },
        { "json", 0, OPTION_FLAG, NULL, 0, 0, 0,
          "print JSON at the end, schema plimsoll.maintenance/1; exit and roll --abandon: "
          "plimsoll.done/1; roll: plimsoll.roll-state/1, with --dry-run plimsoll.roll-plan/1" },
        { 0 },
};

const Command command_maintenance = {
        .name = "maintenance",
        .summary = "put hosts into maintenance mode (they are evacuated), and back into service",
        .usage = "enter HOSTS… [--deadline 30m] [--for-good] [--wait] | exit HOSTS… | status [HOSTS…] "
                 "[--wait] | roll HOSTS… "
                 "--run CMD",
        .help = "enter: the host accepts no VM any more, and the service moves its VMs to other hosts; the state is kept in\n"
                "Redis until exit, whatever is restarted. status: who entered it and when, what is left, and what cannot\n"
                "leave and why. roll: the hosts are emptied one after the other, in the order that moves the fewest bytes;\n"
                "CMD is run for each, and when its agent reports again the host goes back into service. It stops at the\n"
                "first failure. See docs/maintenance.md.\n"
                "HOSTS are names, or selections as in rules: rack:r1, label:disk=ssd, 'h[1-4]', '!h3'.\n"
                "Exit status 3: VMs are left on the host and cannot leave, or are not being moved.",
        .examples = "plimsoll maintenance enter h2 --deadline 30m --wait\n"
                    "plimsoll maintenance status\n"
                    "plimsoll maintenance exit h2\n"
                    "plimsoll maintenance roll --all --run /usr/local/sbin/update-host",
        .options = cmd_maintenance_options,
        .least_arguments = 1,
        .most_arguments = 1 + HOSTS_NAMED_MAX,
        .run = cmd_maintenance_run,
};
