/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "scheduler/app/commands/command.h"
#include "scheduler/app/commands/facts.h"
#include "scheduler/app/facts/store_loss.h"
#include "scheduler/app/state/host_mark.h"
#include "scheduler/base/secret.h"
#include "scheduler/store/store_acl.h"

static int store_acl_put(Invocation *in, StoreAccount account) {
        char password[1 + SECRET_HEX] = ">";
        const bool none = option_given(&in->options, "no-passwords");
        const char *line = NULL;
        int r = none ? 0 : secret_make(password + 1);

        account.password = none ? "nopass" : password;
        if (r == 0)
                r = store_account_line(in->arena, &account, &line);
        if (r == 0)
                (void) out_say(in->out.out, "%s\n", line);
        return r;
}

static ExitStatus store_acl_hosts(Invocation *in, const char *cluster) {
        const char *host;

        for (unsigned i = 0; (host = option_nth(&in->options, "host", i)); i++) {
                int r = store_acl_put(in,
                                      (StoreAccount){ .role = ROLE_AGENT, .cluster = cluster, .host = host });

                if (r == -EINVAL)
                        return command_complain(
                                in, EXIT_BAD_INPUT,
                                "--host: \"%s\" can't stand in a Redis ACL file; accepted: a name without "
                                "blanks, quotes and the characters * ? [ ] \\ ^ #",
                                host);
                if (r < 0)
                        return command_complain(in, EXIT_FAILED, "%s", strerrordesc_np(-r));
        }
        return EXIT_DONE;
}

/* One account a role, and one for the agent of each host named. */
static ExitStatus store_acl(Invocation *in, const char *cluster) {
        static const enum StoreRole roles[] = { ROLE_SERVICE, ROLE_OPERATOR, ROLE_READER };
        ExitStatus status;

        (void) out_say(in->out.out,
                       "# Accounts for cluster %s: aclfile of redis.conf (ACL LOAD reads it again). This "
                       "file holds passwords.\n"
                       "user default off\n",
                       cluster);
        for (size_t i = 0; i < ARRAY_SIZE(roles); i++) {
                int r = store_acl_put(in, (StoreAccount){ .role = roles[i], .cluster = cluster });

                if (r == -EINVAL)
                        return command_complain(in, EXIT_BAD_INPUT,
                                                "the cluster's name \"%s\" can't stand in a Redis ACL file",
                                                cluster);
                if (r < 0)
                        return command_complain(in, EXIT_FAILED, "%s", strerrordesc_np(-r));
        }
        status = store_acl_hosts(in, cluster);
        return status;
}

/* ---- acknowledge ---- */

static ExitStatus store_acknowledge_loss(Invocation *in, Store *store, const char *cluster) {
        char by[256];
        LostStore loss;
        int r = store_loss_read(store, in->arena, &loss);

        if (r == 1) {
                (void) out_say(in->out.out,
                               "the store of cluster %s has forgotten nothing: nothing to acknowledge\n",
                               cluster);
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
                in->out.out,
                "acknowledged: the store has forgotten what it knew (%s). Balance, load and new marks go on with "
                "the service's next round\n",
                loss.why);
        return EXIT_DONE;
}

static ExitStatus store_acknowledge(Invocation *in, const Settings *settings, const char *cluster) {
        const char *url = option_text(&in->options, "redis"),
                   *configured = settings_text(settings, "service", "redis");
        const StoreOptions options = { .url = url ? url : configured, .cluster = cluster };
        owned(store_free) Store *store = NULL;
        TextFault fault = { 0 };

        if (!options.url[0])
                return command_complain(in, EXIT_BAD_INPUT,
                                        "which store: give --redis URL, or service.redis in the settings");
        if (store_open(&options, &store, &fault) < 0)
                return command_complain_fault(in, EXIT_BAD_INPUT, NULL, &fault);
        return store_acknowledge_loss(in, store, cluster);
}

static ExitStatus cmd_store_run(Invocation *in) {
        const char *action = in->options.arguments[0], *cluster = option_text(&in->options, "cluster");
        const bool acknowledges = strcmp(action, "acknowledge") == 0;
        Settings *settings = NULL;
        ExitStatus status;

        if (!acknowledges && strcmp(action, "acl") != 0)
                return command_complain(in, EXIT_BAD_INPUT,
                                        "unknown action \"%s\"; accepted: acl, acknowledge", action);
        status = facts_settings(in, &settings);
        if (status != EXIT_DONE)
                return status;
        if (!cluster)
                cluster = settings_text(settings, "service", "cluster");
        return acknowledges ? store_acknowledge(in, settings, cluster) : store_acl(in, cluster);
}

static const OptionDef cmd_store_options[] = {
        { "cluster", 0, OPTION_TEXT, "NAME", 0, 0, 0,
          "the cluster's name in Redis; default: service.cluster" },
        { "redis", 0, OPTION_TEXT, "URL", 0, 0, 0, "acknowledge: the store; default: service.redis" },
        { "why", 0, OPTION_TEXT, "TEXT", 0, 0, 0, "acknowledge: kept in the service's log" },
        { "host", 0, OPTION_TEXT, "HOST", 0, 0, 0, "an account for the agent of this host; may be repeated" },
        { "no-passwords", 0, OPTION_FLAG, NULL, 0, 0, 0,
          "write nopass instead of random passwords (for tests)" },
        SETTINGS_OPTIONS,
        { 0 },
};

const Command command_store = {
        .name = "store",
        .summary = "the store's accounts (a Redis ACL file), and what to do when it has lost its data",
        .usage = "acl [--host HOST]... > plimsoll.acl | acknowledge [--redis URL] [--why TEXT]",
        .help = "acknowledge: the service has seen that the store has forgotten what it knew (it came back empty, as\n"
                "another, or without its last minutes), has written again what it remembers, and holds balance,\n"
                "load and new marks back. Look at the hosts' marks (plimsoll maintenance status), then say so.\n"
                "acl: prints the lines of a Redis ACL file (aclfile in redis.conf), with fresh random passwords:\n"
                "  plimsolld   the service, and commands that move VMs (apply, evacuate)\n"
                "  operator    people: read all, answer plans, maintenance, clear faults\n"
                "  reader      people and programs that only look\n"
                "  agent-HOST  the agent of one host: writes that host's own keys and nothing else\n"
                "Give each program its own URL: redis://agent-h1:PASSWORD@server.",
        .options = cmd_store_options,
        .least_arguments = 1,
        .most_arguments = 1,
        .run = cmd_store_run,
};
