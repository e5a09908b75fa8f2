/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "scheduler/app/commands/chosen_hosts.h"
#include "scheduler/app/commands/command.h"
#include "scheduler/app/commands/facts.h"
#include "scheduler/app/facts/fault_store.h"
#include "scheduler/app/state/host_mark.h"
#include "scheduler/app/terminal/human.h"
#include "scheduler/app/terminal/json_print.h"
#include "scheduler/base/text.h"
#include "scheduler/snapshot/json/json_value.h"

#define LOG_SHOWN   100U
#define WIDTH_PLAIN 100U /* where there is no terminal */

static const char *const grade_words[] = { "healthy", "watch", "quarantine", "drain", "drain now" };

static Style style_of(int64_t grade) {
        return grade >= 3 ? STYLE_BAD : grade > 0 ? STYLE_WARN : STYLE_GOOD;
}

/* ---- list ---- */

static json_t *cmd_faults_fault_json(const Fault *f) {
        json_t *vms = f->partly ? json_array() : json_null();

        for (uint32_t i = 0; f->partly && i < f->vms.n; i++)
                (void) json_array_append_new(vms, json_text(f->vms.at[i]));
        return json_pack("{s:s, s:I, s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "device", f->device, "grade",
                         (json_int_t) f->grade, "means", grade_words[f->grade], "hazard",
                         json_text(f->hazard), "why", json_text(f->why), "serial", json_text(f->serial),
                         "since", json_instant(f->since), "clean_since", json_instant(f->clean_since), "vms",
                         vms);
}

/* A host whose agent cannot read something is no healthy host: what it cannot read may be failing. */
static bool is_listed(const Host *host, const Strings *only) {
        return only->n > 0 ? strings_have(only, host->name) : host->fault_grade > 0 || host->unread;
}

static void cmd_faults_print_json(Invocation *in, const Facts *facts, const Strings *only) {
        json_t *o = json_object(), *hosts = json_array();
        const Snapshot *s = facts->snapshot;

        for (HostIx h = 0; h < s->n_hosts; h++) {
                const Host *host = &s->hosts[h];
                json_t *list = json_array();

                for (uint32_t i = 0; i < host->n_faults; i++)
                        (void) json_array_append_new(list, cmd_faults_fault_json(&host->faults[i]));
                if (is_listed(host, only))
                        (void) json_array_append_new(
                                hosts,
                                json_pack("{s:s, s:I, s:o, s:o, s:O}", "host", host->name, "grade",
                                          (json_int_t) host->fault_grade, "why", json_text(host->fault_why),
                                          "unread", json_text(host->unread), "faults", list));
                json_decref(list);
        }
        (void) json_object_set_new(o, "schema", json_string("plimsoll.fault-list/1"));
        (void) json_object_set_new(o, "cluster", json_string(s->cluster));
        (void) json_object_set_new(o, "history", json_boolean(source_store(facts->source) != NULL));
        (void) json_object_set_new(o, "hosts", hosts);
        (void) json_print(o, in->out.out);
}

static void print_wrapped(const Screen *screen, const char *label, const char *text) {
        char safe[4096];

        (void) out_say(screen->out, "      %s", label);
        options_wrapped(screen->out, text_safe(text, safe, sizeof(safe)), 6 + (unsigned) strlen(label),
                        screen->width > 40 ? screen->width : WIDTH_PLAIN);
}

static int cmd_faults_print_fault(Invocation *in, const Fault *f) {
        const Screen *screen = &in->out;
        char safe[512], when[HUMAN_SIZE];
        const char *names = "";

        (void) out_say(screen->out, "  %s%-20s %s%lld %s%s", screen_style(screen, STYLE_STRONG),
                       text_safe(f->device, safe, sizeof(safe)), screen_style(screen, style_of(f->grade)),
                       (long long) f->grade, grade_words[f->grade], screen_style(screen, STYLE_PLAIN));
        if (f->since > 0)
                (void) out_say(screen->out, "  since %s", human_time(f->since, when));
        if (f->serial)
                (void) out_say(screen->out, "  serial %s", text_safe(f->serial, safe, sizeof(safe)));
        (void) fputc('\n', screen->out);
        if (f->why)
                print_wrapped(screen, "", f->why);
        for (uint32_t i = 0; i < f->vms.n && names; i++)
                names = text_format(in->arena, "%s%s%.255s", names, i > 0 ? ", " : "", f->vms.at[i]);
        if (!names)
                return -ENOMEM;
        if (!f->partly)
                print_wrapped(screen, "affects ", "every VM on this host");
        else
                print_wrapped(screen, "affects ", f->vms.n > 0 ? names : "no running VM");
        return 0;
}

static int cmd_faults_print_host(Invocation *in, const Host *host) {
        const Screen *screen = &in->out;
        char safe[512];
        int r = 0;

        (void) out_say(screen->out, "%s%s%s: ", screen_style(screen, STYLE_STRONG),
                       text_safe(host->name, safe, sizeof(safe)), screen_style(screen, STYLE_PLAIN));
        (void) out_say(screen->out, "%sgrade %lld, %s%s\n", screen_style(screen, style_of(host->fault_grade)),
                       (long long) host->fault_grade,
                       host->fault_grade == 0 && host->unread ? "no known fault"
                                                              : grade_words[host->fault_grade],
                       screen_style(screen, STYLE_PLAIN));
        if (host->unread)
                print_wrapped(screen, "not read: ", host->unread);
        if (host->n_faults == 0 && host->fault_why)
                print_wrapped(screen, "", host->fault_why);
        for (uint32_t i = 0; r == 0 && i < host->n_faults; i++)
                r = cmd_faults_print_fault(in, &host->faults[i]);
        return r;
}

static int cmd_faults_print_list(Invocation *in, const Facts *facts, const Strings *only) {
        const Snapshot *s = facts->snapshot;
        uint32_t shown = 0;
        int r = 0;

        for (HostIx h = 0; r == 0 && h < s->n_hosts; h++) {
                if (!is_listed(&s->hosts[h], only))
                        continue;
                r = cmd_faults_print_host(in, &s->hosts[h]);
                shown++;
        }
        if (shown == 0)
                (void) out_say(in->out.out, "%sno faults%s found on %u %s\n",
                               screen_style(&in->out, STYLE_GOOD), screen_style(&in->out, STYLE_PLAIN),
                               s->n_hosts, text_plural(s->n_hosts, "host", "hosts"));
        if (source_kind(facts->source) == SOURCE_HOSTS)
                (void) out_say(
                        in->out.out,
                        "%swithout agents and a store, disks are not checked and nothing is remembered%s\n",
                        screen_style(&in->out, STYLE_FAINT), screen_style(&in->out, STYLE_PLAIN));
        return r;
}

static ExitStatus cmd_faults_list(Invocation *in, const Facts *facts) {
        const Strings words = { .at = (const char *const *) in->options.arguments,
                                .n = (uint32_t) in->options.n_arguments };
        Strings only = { 0 };
        ExitStatus status = chosen_hosts(in, facts->snapshot, "", &words, &only);

        if (status != EXIT_DONE)
                return status;
        if (in->json)
                cmd_faults_print_json(in, facts, &only);
        else if (cmd_faults_print_list(in, facts, &only) < 0)
                return command_complain(in, EXIT_FAILED, "out of memory");
        return EXIT_DONE;
}

/* ---- clear ---- */

static const Fault *fault_named(const Host *host, const char *device) {
        for (uint32_t i = 0; i < host->n_faults; i++)
                if (strcmp(host->faults[i].device, device) == 0)
                        return &host->faults[i];
        return NULL;
}

static ExitStatus cmd_faults_clear(Invocation *in, const Facts *facts) {
        Store *store = source_store(facts->source);
        char by[256];
        Clear c = { .host = in->options.arguments[1],
                    .device = in->options.arguments[2],
                    .by = operator_name(by, sizeof(by)),
                    .why = option_text(&in->options, "why"),
                    .at = clock_now() };
        HostIx h = snapshot_host(facts->snapshot, c.host);
        int r;

        if (!store)
                return command_complain(in, EXIT_BAD_INPUT, "Clears are kept in Redis. Give --redis URL.");
        if (h == IX_NONE)
                return command_complain(in, EXIT_BAD_INPUT, "host %s not found", c.host);
        if (!fault_named(&facts->snapshot->hosts[h], c.device))
                return command_complain(in, EXIT_BAD_INPUT,
                                        "device %s of %s has no fault (plimsoll faults %s lists them)",
                                        c.device, c.host, c.host);
        if (c.why && (strlen(c.why) > 1000 || !text_is_line(c.why, strlen(c.why))))
                return command_complain(in, EXIT_BAD_INPUT, "--why accepts one line of at most 1000 bytes");
        r = fault_store_clear(store, &c);
        if (r < 0)
                return command_complain(in, EXIT_FAILED, "%s",
                                        r == -ENOMEM ? "out of memory" : store_error(store));
        if (in->json)
                (void) out_say(in->out.out,
                               "{ \"schema\": \"plimsoll.fault-clear/1\", \"cleared\": true }\n");
        else
                (void) out_say(
                        in->out.out,
                        "cleared: %s of %s. Its present evidence is accepted; it counts again when it grows\n",
                        c.device, c.host);
        return EXIT_DONE;
}

/* ---- log ---- */

static ExitStatus show_log(Invocation *in, const Facts *facts) {
        Store *store = source_store(facts->source);
        const FaultNote *notes = NULL;
        uint32_t n = 0;
        json_t *list = json_array();

        if (!store) {
                json_decref(list);
                return command_complain(in, EXIT_BAD_INPUT,
                                        "The log of faults is kept in Redis. Give --redis URL.");
        }
        if (fault_store_log(store, in->arena, LOG_SHOWN, &notes, &n) < 0) {
                json_decref(list);
                return command_complain(in, EXIT_FAILED, "%s", store_error(store));
        }
        for (uint32_t i = 0; i < n; i++) {
                const FaultNote *x = &notes[i];
                char when[HUMAN_SIZE], safe[2][512];

                if (in->json) {
                        const bool graded = x->is != UNKNOWN;
                        json_t *o = json_pack("{s:o, s:s, s:s, s:o, s:o, s:o, s:o}", "at",
                                              json_instant(x->at), "host", x->host, "device", x->device, "by",
                                              json_text(x->by), "why", json_text(x->why), "grade_was",
                                              json_number(graded ? x->was : UNKNOWN), "grade_is",
                                              json_number(x->is));

                        (void) json_array_append_new(list, o);
                        continue;
                }
                (void) out_say(in->out.out, "%s  %s %s  ", human_time(x->at, when),
                               text_safe(x->host, safe[0], sizeof(safe[0])),
                               text_safe(x->device, safe[1], sizeof(safe[1])));
                if (x->is != UNKNOWN)
                        (void) out_say(in->out.out, "grade %lld > %lld", (long long) x->was,
                                       (long long) x->is);
                else
                        (void) out_say(in->out.out, "cleared by %s",
                                       text_safe(x->by ? x->by : "?", safe[0], sizeof(safe[0])));
                (void) out_say(in->out.out, "%s%s\n", x->why ? ": " : "",
                               x->why ? text_safe(x->why, safe[1], sizeof(safe[1])) : "");
        }
        if (in->json) {
                json_t *o = json_pack("{s:s, s:O}", "schema", "plimsoll.fault-log/1", "log", list);

                (void) json_print(o, in->out.out);
        } else if (n == 0) {
                (void) fputs("no change of a fault grade has been recorded\n", in->out.out);
        }
        json_decref(list);
        return EXIT_DONE;
}

static ExitStatus cmd_faults_run(Invocation *in) {
        int n = in->options.n_arguments;
        const char *word = n > 0 ? in->options.arguments[0] : "";
        bool clears = strcmp(word, "clear") == 0, logs = strcmp(word, "log") == 0 && n == 1;
        Facts facts;
        ExitStatus status;

        if (clears && n != 3)
                return command_complain(
                        in, EXIT_BAD_INPUT,
                        "clear needs a host and a device. Use plimsoll faults clear HOST DEVICE.");
        status = facts_open(in, &facts);
        if (status == EXIT_DONE)
                status = clears ? cmd_faults_clear(in, &facts)
                         : logs ? show_log(in, &facts)
                                : cmd_faults_list(in, &facts);
        facts_close(&facts);
        return status;
}

static const OptionDef cmd_faults_options[] = {
        SOURCE_OPTIONS,
        { "", 0, OPTION_HEADING, NULL, 0, 0, 0, "With clear:" },
        { "why", 0, OPTION_TEXT, "TEXT", 0, 0, 0, "what was found or done; recorded in the log" },
        { "", 0, OPTION_HEADING, NULL, 0, 0, 0, "Output:" },
        { "json", 0, OPTION_FLAG, NULL, 0, 0, 0, "print JSON, schema plimsoll.fault-list/1" },
        { 0 },
};

const Command command_faults = {
        .name = "faults",
        .summary = "failing hardware: grades, evidence, affected VMs; clear by hand",
        .usage = "[HOSTS… | clear HOST DEVICE [--why TEXT] | log] [source]",
        .help = "Lists hardware that fails or is suspected to fail, with the evidence and the VMs that use it.\n"
                "Grades: 0 healthy, 1 watch, 2 quarantine (accepts no VM), 3 drain, 4 drain now.\n\n"
                "clear accepts the present evidence against a device: its grade falls to 0, and the evidence counts\n"
                "again when it grows. Who cleared it, when and why is recorded. log shows that, and each change of a\n"
                "grade, newest first. docs/faults.md explains how grades come about.",
        .examples = "plimsoll faults\n"
                    "plimsoll faults clear h2 sda --why \"disk replaced\"\n"
                    "plimsoll faults log",
        .options = cmd_faults_options,
        .most_arguments = HOSTS_NAMED_MAX,
        .run = cmd_faults_run,
};
