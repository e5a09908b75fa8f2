/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "scheduler/app/commands/command.h"
#include "scheduler/app/commands/facts.h"
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

static ExitStatus cmd_store_run(Invocation *in) {
        const char *cluster = option_text(&in->options, "cluster");
        Settings *settings = NULL;
        ExitStatus status;

        if (strcmp(in->options.arguments[0], "acl") != 0)
                return command_complain(in, EXIT_BAD_INPUT, "unknown action \"%s\"; accepted: acl",
                                        in->options.arguments[0]);
        status = facts_settings(in, &settings);
        if (status != EXIT_DONE)
                return status;
        return store_acl(in, cluster ? cluster : settings_text(settings, "service", "cluster"));
}

static const OptionDef cmd_store_options[] = {
        { "cluster", 0, OPTION_TEXT, "NAME", 0, 0, 0,
          "the cluster's name in Redis; default: service.cluster" },
        { "host", 0, OPTION_TEXT, "HOST", 0, 0, 0, "an account for the agent of this host; may be repeated" },
        { "no-passwords", 0, OPTION_FLAG, NULL, 0, 0, 0,
          "write nopass instead of random passwords (for tests)" },
        SETTINGS_OPTIONS,
        { 0 },
};

const Command command_store = {
        .name = "store",
        .summary = "the store's accounts: a Redis ACL file with one role each for agents, service, people",
        .usage = "acl [--cluster NAME] [--host HOST]... > plimsoll.acl",
        .help = "Prints the lines of a Redis ACL file (aclfile in redis.conf), with fresh random passwords:\n"
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
