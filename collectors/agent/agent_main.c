/* SPDX-License-Identifier: Apache-2.0 */
/* plimsoll-agent: its command line. See collectors/agent/agent.h. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "collectors/agent/agent.h"
#include "collectors/agent/agent_command_line.h"
#include "collectors/agent/metrics_http.h"
#include "collectors/run/collector_run.h"
#include "collectors/run/collector_settings.h"
#include "collectors/run/libvirt_worker.h"
#include "scheduler/base/log.h"
#include "scheduler/base/options.h"
#include "scheduler/base/out.h"
#include "scheduler/base/secret.h"
#include "scheduler/base/supervisor.h"
#include "scheduler/base/url_secret.h"
#include "scheduler/model/host_label.h"

#define HELP_WIDTH   80
#define NAMES_MAX    64
#define MEMORY_BYTES (1 << 20) /* of what the command line is read into: 256 options, as the parser has it */

/* ---- checks ---- */

/* Every name in "a,b" is a collector that an agent runs. */
static int collectors_check(const char *list, TextFault *fault) {
        const char *names[NAMES_MAX], *near;
        CollectorSet all = collectors_all();
        uint32_t n = 0;

        assert(all.n <= NAMES_MAX);
        for (uint32_t i = 0; i < all.n; i++)
                if (all.collectors[i]->runs & RUNS_ON_HOST)
                        names[n++] = all.collectors[i]->name;
        for (;;) {
                size_t length = strcspn(list, ",");
                bool known = false;
                char name[64];

                for (uint32_t i = 0; i < n; i++)
                        known |= strlen(names[i]) == length && memcmp(names[i], list, length) == 0;
                (void) snprintf(name, sizeof(name), "%.*s", (int) length, list);
                if (!known) {
                        near = text_nearest(name, names, n);
                        text_fault(fault, "", "--collectors: unknown collector '%s'%s%s%s", name,
                                   near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
                        return -EINVAL;
                }
                if (list[length] == '\0')
                        return 0;
                list += length + 1;
        }
}

/* All uses of the option, in their order. 0 or -ENOMEM. */
static int option_list(Arena *a, const Options *o, const char *name, Strings *ret) {
        const char **at, *text;
        uint32_t n = 0;

        while (option_nth(o, name, n))
                n++;
        at = arena_new(a, const char *, n);
        if (!at)
                return -ENOMEM;
        for (uint32_t i = 0; (text = option_nth(o, name, i)); i++)
                at[i] = text;
        *ret = (Strings){ .at = at, .n = n };
        return 0;
}

static int labels_read(Arena *a, const Options *o, AgentOptions *ret, TextFault *fault) {
        Strings given = { 0 };
        int r = option_list(a, o, "label", &given);

        if (r == 0)
                r = host_labels_read(a, &given, &ret->labels, fault);
        if (r == -EINVAL)
                (void) snprintf(fault->field, sizeof(fault->field), "--label");
        return r;
}

static int sets_read(Arena *a, const Options *o, AgentOptions *ret, TextFault *fault) {
        const Settings *settings;
        int r = option_list(a, o, "set", &ret->sets);

        return r < 0 ? r : collector_settings_new(a, ret->sets.at, ret->sets.n, &settings, fault);
}

static int goal_check(const AgentOptions *o, TextFault *fault) {
        if (o->host && !text_is_name(o->host, strlen(o->host))) {
                text_fault(fault, "--host",
                           "not a valid name; accepted: 1 to 255 bytes of UTF-8 without control characters");
                return -EINVAL;
        }
        if (o->json && !o->print) {
                text_fault(fault, "--json", "only accepted with --print");
                return -EINVAL;
        }
        if (o->metrics && metrics_http_check(o->metrics, fault) < 0) {
                (void) snprintf(fault->field, sizeof(fault->field), "--metrics");
                return -EINVAL;
        }
        if (!o->redis && !o->print && !o->metrics) {
                text_fault(fault, "--redis",
                           "No destination for reports given. Use --redis URL, --metrics PORT or --print.");
                return -EINVAL;
        }
        return 0;
}

/* Where no option says it, one that only looks (--print) needs none. */
static int store_read(AgentOptions *ret, TextFault *f) {
        static char url[2048];
        int r = ret->print
                        ? 1
                        : url_secret_given(URL_SECRET_CREDENTIAL, URL_SECRET_VARIABLE, url, sizeof(url), f);

        if (r == 0)
                ret->redis = url;
        return r < 0 ? r : 0;
}

/* Texts point into argv, lists into `a`. 0; -EINVAL with *reterr_fault; -ENOMEM. */
static int agent_options_read(Arena *a, const Options *o, AgentOptions *ret, TextFault *reterr_fault) {
        int r = 0;

        *ret = (AgentOptions){ .redis = option_text(o, "redis"),
                               .cluster = option_text(o, "cluster"),
                               .host = option_text(o, "host"),
                               .uri = option_text(o, "uri"),
                               .advertise = option_text(o, "advertise"),
                               .root = option_text(o, "root"),
                               .collectors = option_text(o, "collectors"),
                               .metrics = option_text(o, "metrics"),
                               .interval = option_number(o, "interval", 0),
                               .once = option_given(o, "once"),
                               .print = option_given(o, "print"),
                               .json = option_given(o, "json") };
        if (!ret->redis)
                r = store_read(ret, reterr_fault);
        if (r == 0 && ret->collectors)
                r = collectors_check(ret->collectors, reterr_fault);
        if (r == 0)
                r = labels_read(a, o, ret, reterr_fault);
        if (r == 0)
                r = sets_read(a, o, ret, reterr_fault);
        return r < 0 ? r : goal_check(ret, reterr_fault);
}

/* ---- help ---- */

static void settings_help(const Collector *c) {
        for (const SettingDef *d = c->settings; d && d->name; d++) {
                char value[64], left[96];

                (void) snprintf(left, sizeof(left), "%s.%s=%s", c->name, d->name,
                                setting_print(d, d->def, d->def_text, value, sizeof(value)));
                printf("  %s\n      ", left);
                options_wrapped(stdout, d->doc, 6, HELP_WIDTH);
        }
}

static void agent_help_row(const char *name, const char *text) {
        printf("  %-12s ", name);
        options_wrapped(stdout, text, 15, HELP_WIDTH);
}

static void agent_help(void) {
        CollectorSet all = collectors_all();

        printf("Usage: plimsoll-agent --redis URL [options]       report until stopped\n"
               "       plimsoll-agent --once --print [options]    show one report and exit\n\n"
               "Measure this host and its VMs and send reports to Plimsoll's service.\n");
        options_help(agent_options, stdout, HELP_WIDTH);
        printf("\nCollectors:\n");
        for (uint32_t i = 0; i < all.n; i++)
                if (all.collectors[i]->runs & RUNS_ON_HOST)
                        agent_help_row(all.collectors[i]->name, all.collectors[i]->summary);
        printf("\nSettings of collectors, with their defaults:\n");
        for (uint32_t i = 0; i < all.n; i++)
                if (all.collectors[i]->runs & RUNS_ON_HOST)
                        settings_help(all.collectors[i]);
        printf("\nExamples:\n"
               "  plimsoll-agent --redis redis://store:6379 --host h1\n"
               "  plimsoll-agent --once --print\n"
               "  plimsoll-agent --redis redis://store:6379 --label licence=oracle --set smart.every=1h\n"
               "\n"
               "Metrics: docs/metrics.md. Exit status: 0 stopped by a signal, or --once has\n"
               "succeeded; 1 an error occurred; 2 wrong usage.\n");
}

/* ---- the program ---- */

static int agent_main_complain(const TextFault *fault) {
        (void) out_say(stderr, "plimsoll-agent: %s%s%s (see plimsoll-agent --help)\n", fault->field,
                       fault->field[0] ? ": " : "", fault->what);
        return 2;
}

static int agent_with(const AgentOptions *options) {
        sigset_t ends;

        log_for_journal(supervisor_journal());
        (void) signal(SIGPIPE, SIG_IGN);
        (void) sigemptyset(&ends);
        (void) sigaddset(&ends, SIGTERM);
        (void) sigaddset(&ends, SIGINT);
        (void) pthread_sigmask(SIG_BLOCK, &ends, NULL);
        return agent_run(options);
}

int main(int argc, char **argv) {
        static AgentOptions
                options; /* as the arena: a collector that hangs may still look at them at the end */
        TextFault fault = { 0 };
        Options o;
        Arena a;
        int r;

        secret_keep();
        if (url_secret_in_words(argc, argv, &fault) < 0 ||
            options_parse(agent_options, argc, argv, &o, &fault) < 0)
                return agent_main_complain(&fault);
        if (o.n_arguments > 0) {
                text_fault(&fault, o.arguments[0],
                           "unexpected argument; plimsoll-agent accepts options only");
                return agent_main_complain(&fault);
        }
        if (option_given(&o, "help")) {
                agent_help();
                return 0;
        }
        if (option_given(&o, "version")) {
                printf("plimsoll-agent %s\n", PLIMSOLL_VERSION);
                return 0;
        }
        if (arena_open(MEMORY_BYTES, &a) < 0) {
                (void) out_say(stderr, "plimsoll-agent: out of memory\n");
                return 1;
        }
        r = agent_options_read(&a, &o, &options, &fault);
        return r < 0 ? agent_main_complain(&fault) : agent_with(&options);
}
