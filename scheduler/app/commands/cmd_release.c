/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "scheduler/app/commands/chosen_hosts.h"
#include "scheduler/app/commands/command.h"
#include "scheduler/app/commands/facts.h"
#include "scheduler/app/commands/stopped.h"
#include "scheduler/app/state/host_mark.h"
#include "scheduler/app/terminal/json_print.h"
#include "scheduler/base/out.h"

static bool cmd_release_is_named(const Strings *names, const char *host) {
        return names->n == 0 || strings_have(names, host);
}

/* All or none: one that is not held is a mistake, and then nothing is released. */
static ExitStatus cmd_release_check(Invocation *in, const Facts *facts, const Brake *brake,
                                    const Strings *names) {
        for (uint32_t i = 0; i < names->n; i++) {
                const HostIx h = snapshot_host(facts->snapshot, names->at[i]);

                if (h == IX_NONE || brake->hosts[h].state != BRAKE_HELD)
                        return command_complain(
                                in, EXIT_BAD_INPUT,
                                "%s is not held; nothing was released. plimsoll status shows which hosts are held",
                                names->at[i]);
        }
        return EXIT_DONE;
}

static ExitStatus cmd_release_all(Invocation *in, const Facts *facts, const Brake *brake,
                                  const Strings *names) {
        Store *store = source_store(facts->source);
        const Snapshot *s = facts->snapshot;
        json_t *list = json_array();
        char by[256];
        uint32_t n = 0;
        int r = 0;

        (void) operator_name(by, sizeof(by));
        for (HostIx h = 0; r == 0 && h < s->n_hosts; h++) {
                if (brake->hosts[h].state != BRAKE_HELD || !cmd_release_is_named(names, s->hosts[h].name))
                        continue;
                r = brake_store_release(store, s->hosts[h].name, by, clock_now());
                if (r < 0)
                        break;
                n++;
                (void) json_array_append_new(list, json_string(s->hosts[h].name));
                if (!in->json)
                        (void) out_say(in->out.out, "%s is released: its VMs will be moved away\n",
                                       s->hosts[h].name);
        }
        if (in->json) {
                json_t *o = json_pack("{s:s, s:s, s:O}", "schema", "plimsoll.release/1", "cluster",
                                      s->cluster, "released", list);

                (void) json_print(o, in->out.out);
        }
        json_decref(list);
        if (r < 0)
                return command_complain(in, EXIT_FAILED, "%s", store_error(store));
        if (n == 0 && !in->json)
                (void) fputs("no host is held\n", in->out.out);
        return EXIT_DONE;
}

static ExitStatus cmd_release_release(Invocation *in, const Facts *facts) {
        const Strings words = { .at = (const char *const *) in->options.arguments,
                                .n = (uint32_t) in->options.n_arguments };
        Strings names = { 0 };
        ExitStatus status;
        Brake brake;

        if ((words.n > 0) == option_given(&in->options, "all"))
                return command_complain(in, EXIT_BAD_INPUT,
                                        "No host given. Use plimsoll release HOST…, or --all");
        if (!source_store(facts->source))
                return command_complain(in, EXIT_BAD_INPUT,
                                        "Held hosts are kept in Redis. Give --redis URL.");
        status = stopped_check(in, source_store(facts->source), facts->settings);
        if (status == EXIT_DONE && words.n > 0)
                status = chosen_hosts(in, facts->snapshot, "", &words, &names);
        if (status != EXIT_DONE)
                return status;
        if (brake_judge(in->arena, facts->snapshot, facts->settings, &brake) < 0)
                return command_complain(in, EXIT_FAILED, "out of memory");
        status = cmd_release_check(in, facts, &brake, &names);
        return status == EXIT_DONE ? cmd_release_all(in, facts, &brake, &names) : status;
}

static ExitStatus cmd_release_run(Invocation *in) {
        Facts facts;
        ExitStatus status = facts_open(in, &facts);

        if (status == EXIT_DONE)
                status = cmd_release_release(in, &facts);
        facts_close(&facts);
        return status;
}

static const OptionDef cmd_release_options[] = {
        SOURCE_OPTIONS,
        { "", 0, OPTION_HEADING, NULL, 0, 0, 0, "How:" },
        { "all", 0, OPTION_FLAG, NULL, 0, 0, 0, "release all held hosts" },
        { "json", 0, OPTION_FLAG, NULL, 0, 0, 0, "print JSON, schema plimsoll.release/1" },
        { 0 },
};

const Command command_release = {
        .name = "release",
        .summary = "let hosts be evacuated that the brake holds",
        .usage = "HOSTS… | --all [source]",
        .help = "If more hosts are to be emptied within a short time than brake.hosts and brake.percent permit, or than the\n"
                "other hosts have room for, the rest is held: plimsoll status names them. Once released, they are emptied as\n"
                "the service's mode says (docs/brake.md).\n"
                "HOSTS are names, or selections as in rules: rack:r1, label:disk=ssd, 'h[1-4]', '!h3'.\n"
                "Exit status 2: one of them is not held; then none is released.",
        .examples = "plimsoll release h2 h3\n"
                    "plimsoll release --all",
        .options = cmd_release_options,
        .most_arguments = HOSTS_NAMED_MAX,
        .run = cmd_release_run,
};
