/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "scheduler/app/commands/command.h"
#include "scheduler/app/commands/facts.h"
#include "scheduler/app/commands/store_accounts.h"
#include "scheduler/app/commands/store_check.h"
#include "scheduler/app/commands/store_copy.h"
#include "scheduler/app/facts/store_loss.h"
#include "scheduler/app/state/host_mark.h"
#include "scheduler/app/terminal/json_print.h"

/* ---- acknowledge ---- */

static ExitStatus store_acknowledge_loss(Invocation *in, Store *store, const char *cluster) {
        FILE *text = in->json ? in->err.out : in->out.out;
        char by[256];
        LostStore loss;
        int r = store_loss_read(store, in->arena, &loss);

        if (r == 1) {
                (void) out_say(text, "the store of cluster %s has lost nothing: nothing to acknowledge\n",
                               cluster);
                if (in->json)
                        (void) json_print(json_done(), in->out.out);
                return EXIT_DONE;
        }
        if (r == 0)
                r = store_loss_acknowledge(store, in->arena,
                                           &(LossAnswer){ .loss = loss.id ? loss.id : LOSS_UNREADABLE,
                                                          .by = operator_name(by, sizeof(by)),
                                                          .why = option_text(&in->options, "why"),
                                                          .at = clock_now() });
        if (r < 0)
                return command_complain(in, EXIT_FAILED, "%s",
                                        r == -ENOMEM ? "out of memory" : store_error(store));
        (void) out_say(
                text,
                "acknowledged: the store has lost data (%s). Balance, load relief and new marks continue "
                "with the service's next round\n",
                loss.why);
        if (in->json)
                (void) json_print(json_done(), in->out.out);
        return EXIT_DONE;
}

/* ---- which store, and what is done with it ---- */

static ExitStatus cmd_store_acknowledge(Invocation *in, const Settings *settings, Store *store,
                                        const char *cluster) {
        (void) settings;
        return store_acknowledge_loss(in, store, cluster);
}

static const struct {
        const char *word;
        bool by_store; /* it needs one */
        int arguments; /* with its own word */
        ExitStatus (*run)(Invocation *in, const Settings *settings, Store *store, const char *cluster);
} cmd_store_actions[] = {
        { "acl", false, 1, store_accounts },      { "acknowledge", true, 1, cmd_store_acknowledge },
        { "check", true, 1, store_check },        { "export", true, 2, store_copy_export },
        { "import", true, 2, store_copy_import },
};

static ExitStatus cmd_store_open(Invocation *in, const Settings *settings, const char *cluster, Store **ret) {
        const char *url = option_text(&in->options, "redis"),
                   *configured = settings_text(settings, "service", "redis");
        const StoreOptions options = { .url = url ? url : configured, .cluster = cluster };
        TextFault fault = { 0 };

        if (!options.url[0])
                return command_complain(in, EXIT_BAD_INPUT,
                                        "No store given. Use --redis URL, or service.redis in the settings.");
        if (store_open(&options, ret, &fault) < 0)
                return command_complain_fault(in, EXIT_BAD_INPUT, NULL, &fault);
        return EXIT_DONE;
}

static ExitStatus cmd_store_run(Invocation *in) {
        const char *word = in->options.arguments[0], *cluster = option_text(&in->options, "cluster");
        owned(store_free) Store *store = NULL;
        Settings *settings = NULL;
        size_t action = 0;
        ExitStatus status;

        while (action < ARRAY_SIZE(cmd_store_actions) && strcmp(cmd_store_actions[action].word, word) != 0)
                action++;
        if (action == ARRAY_SIZE(cmd_store_actions))
                return command_complain(
                        in, EXIT_BAD_INPUT,
                        "unknown action \"%s\"; accepted: acl, acknowledge, check, export, import", word);
        if (in->options.n_arguments > cmd_store_actions[action].arguments)
                return command_complain(in, EXIT_BAD_INPUT, "%s takes no argument \"%s\"", word,
                                        in->options.arguments[1]);
        status = facts_settings(in, &settings);
        if (status != EXIT_DONE)
                return status;
        if (!cluster)
                cluster = settings_text(settings, "service", "cluster");
        if (cmd_store_actions[action].by_store)
                status = cmd_store_open(in, settings, cluster, &store);
        return status == EXIT_DONE ? cmd_store_actions[action].run(in, settings, store, cluster) : status;
}

static const OptionDef cmd_store_options[] = {
        { "cluster", 0, OPTION_TEXT, "NAME", 0, 0, 0,
          "name of the cluster in Redis; default: service.cluster" },
        { "redis", 0, OPTION_TEXT, "URL", 0, 0, 0,
          "URL of the store; default: service.redis, or PLIMSOLL_REDIS in the environment" },
        { "why", 0, OPTION_TEXT, "TEXT", 0, 0, 0, "acknowledge: reason, kept in the service's log" },
        { "host", 0, OPTION_TEXT, "HOST", 0, 0, 0,
          "acl: add an account for the agent of this host, may be repeated; check: whose agent" },
        { "role", 0, OPTION_TEXT, "ROLE", 0, 0, 0,
          "check: what the account is used for: service, operator, reader or agent (with --host); default: by "
          "the account's name, else service" },
        { "logins", 0, OPTION_TEXT, "DIR", 0, 0, 0,
          "acl: write a file for each account into DIR, with the URL of --redis and its login" },
        { "no-passwords", 0, OPTION_FLAG, NULL, 0, 0, 0,
          "write nopass instead of random passwords (for tests)" },
        { "replace", 0, OPTION_FLAG, NULL, 0, 0, 0,
          "import: delete what the store has of this cluster first" },
        { "while-led", 0, OPTION_FLAG, NULL, 0, 0, 0,
          "import: even while a service leads; stop the service instead where you can" },
        SETTINGS_OPTIONS,
        { "", 0, OPTION_HEADING, NULL, 0, 0, 0, "Output:" },
        { "json", 0, OPTION_FLAG, NULL, 0, 0, 0,
          "print JSON, schema plimsoll.store-check/1; export, import, acknowledge: plimsoll.done/1" },
        { 0 },
};

const Command command_store = {
        .name = "store",
        .summary = "check, export and import the store, print its accounts, acknowledge a loss of data",
        .usage =
                "acl [--host HOST]... [--logins DIR --redis URL] > plimsoll.acl | check [--redis URL] | export FILE [--redis URL] | import "
                "FILE [--redis URL] [--replace] | acknowledge [--redis URL] [--why TEXT]",
        .help = "check: is this Redis fit for the service? TLS, accounts (too narrow, too wide), clock, persistence,\n"
                "eviction, memory, replicas, sentinels. One line each: what is, why it matters, what to do. Nothing\n"
                "is changed. Exit status 3: something is wrong, or the server does not answer. Run it once with\n"
                "each account's URL.\n"
                "export: all keys of the cluster that are worth keeping, as lines of JSON, into FILE (-: standard\n"
                "output). import: back into a store, all or nothing. The file is checked first. Nothing is changed\n"
                "where the store has other data (--replace) or a service leads (--while-led): exit status 3. The\n"
                "account needs the rights of the service. Keys that say what is alive now (reports, leases) and\n"
                "open requests of operators are never in the file: docs/redis-keys.md.\n"
                "acknowledge: the service has found that the store lost data (it came back empty, as another one, or\n"
                "without its last minutes), has written again what it remembers, and holds balance, load relief and\n"
                "new marks back. Check the hosts' marks (plimsoll maintenance status), then acknowledge.\n"
                "acl: prints the lines of a Redis ACL file (aclfile in redis.conf), with fresh random passwords:\n"
                "  plimsolld   the service, and commands that move VMs (apply, evacuate)\n"
                "  operator    people: read everything, answer plans, maintenance, clear faults\n"
                "  reader      people and programs that only read\n"
                "  agent-HOST  the agent of one host: writes that host's own keys, nothing else\n"
                "Give each program its own URL: redis://agent-h1:PASSWORD@server. With --logins, DIR gets a file named\n"
                "after each account (mode 0600; none is overwritten) with the line PLIMSOLL_REDIS='URL with its login',\n"
                "for /etc/default/plimsolld, /etc/default/plimsoll-agent, and a shell.",
        .examples = "plimsoll store acl --host h1 --host h2\n"
                    "plimsoll store acl --host h1 --logins logins --redis 'rediss://ctl:6379?ca=ca.pem'\n"
                    "plimsoll store check --redis redis://store:6379\n"
                    "plimsoll store export backup.ndjson\n"
                    "plimsoll store import backup.ndjson --replace\n"
                    "plimsoll store acknowledge --why \"restored from backup\"",
        .options = cmd_store_options,
        .least_arguments = 1,
        .most_arguments = 2,
        .run = cmd_store_run,
};
