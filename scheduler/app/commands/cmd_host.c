/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "scheduler/app/commands/chosen_hosts.h"
#include "scheduler/app/commands/command.h"
#include "scheduler/app/commands/facts.h"
#include "scheduler/app/commands/host_history.h"
#include "scheduler/app/state/host_mark.h"
#include "scheduler/app/terminal/human.h"
#include "scheduler/app/terminal/json_print.h"
#include "scheduler/app/terminal/table.h"
#include "scheduler/base/text.h"
#include "scheduler/model/by_host.h"
#include "scheduler/model/host_uri.h"
#include "scheduler/snapshot/json/json_value.h"

static const char *host_word(const Host *host) {
        return host->excluded == EXCLUDED_SEEN ? "seen" : "admitted";
}

/* ---- list ---- */

static void hosts_print_json(const Invocation *in, const Facts *facts, const Strings *only,
                             const ByHost *vms) {
        json_t *o = json_object(), *list = json_array();
        const Snapshot *s = facts->snapshot;

        for (HostIx h = 0; h < s->n_hosts; h++) {
                const Host *host = &s->hosts[h];
                const HostAdmission *x = host->admitted;
                json_t *one;

                if (only->n > 0 && !strings_have(only, host->name))
                        continue;
                one = x ? json_pack("{s:o, s:o, s:o}", "uuid", json_text(x->uuid), "cpus",
                                    json_number(x->cpus), "memory_mib", json_number(x->memory_mib))
                        : json_null();
                (void) json_array_append_new(
                        list,
                        json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:o, s:o, s:o}", "host",
                                  host->name, "state", host_word(host), "why", json_text(host->excluded_why),
                                  "by", json_text(x ? x->by : NULL), "address",
                                  json_text(x ? x->address : NULL), "uuid", json_text(host->uuid), "cpus",
                                  json_number(host->cpus > 0 ? host->cpus : UNKNOWN), "memory_mib",
                                  json_number(host->memory_mib > 0 ? host->memory_mib : UNKNOWN), "vm_count",
                                  (json_int_t) by_host_count(vms, h), "since", json_instant(x ? x->at : 0),
                                  "admitted", one, "seen_at", json_instant(host->seen_at)));
        }
        (void) json_object_set_new(o, "schema", json_string("plimsoll.host-list/1"));
        (void) json_object_set_new(o, "cluster", json_string(s->cluster));
        (void) json_object_set_new(o, "hosts", list);
        (void) json_print(o, in->out.out);
}

static int hosts_list_row(Arena *a, Table *t, const Host *host, uint32_t vms) {
        const HostAdmission *x = host->admitted;
        const bool seen = host->excluded == EXCLUDED_SEEN;
        char since[HUMAN_SIZE], memory[HUMAN_SIZE], heard[HUMAN_SIZE];
        const usec_t now = clock_now();

        return table_row(
                t,
                (Cell[]){ { .text = host->name, .style = STYLE_STRONG },
                          { .text = host_word(host), .style = seen ? STYLE_BAD : STYLE_GOOD },
                          { .text = x && x->at > 0 ? human_time(x->at, since) : "-" },
                          { .text = x && x->by ? x->by : "-" },
                          { .text = host->cpus > 0 ? text_format(a, "%lld", (long long) host->cpus) : "-" },
                          { .text = host->memory_mib > 0 ? human_mib(host->memory_mib, memory) : "-" },
                          { .text = text_format(a, "%u", vms) },
                          { .text = host->seen_at > 0 ? text_format(a, "%s ago",
                                                                    human_ms(now > host->seen_at
                                                                                     ? (now - host->seen_at) /
                                                                                               USEC_PER_MSEC
                                                                                     : 0,
                                                                             heard))
                                                      : "never" },
                          { .text = host->uuid     ? host->uuid
                                    : x && x->uuid ? x->uuid
                                                   : "not known" },
                          { .text = host->excluded_why } });
}

static int hosts_print_text(const Invocation *in, const Facts *facts, const Strings *only,
                            const ByHost *vms) {
        static const Column columns[] = {
                { .title = "HOST", .most = 28 },
                { .title = "STATE" },
                { .title = "SINCE" },
                { .title = "BY", .most = 28 },
                { .title = "CPUS", .right = true },
                { .title = "MEMORY", .right = true },
                { .title = "VMS", .right = true },
                { .title = "LAST REPORT", .right = true },
                { .title = "MACHINE" }, /* the widest: it gives way first */
                { .title = "" },
        };
        Table t = table_begin(in->arena, columns, ARRAY_SIZE(columns));
        const Snapshot *s = facts->snapshot;
        uint32_t n_seen = 0;
        int r = 0;

        for (HostIx h = 0; r == 0 && h < s->n_hosts; h++) {
                n_seen += s->hosts[h].excluded == EXCLUDED_SEEN;
                if (only->n == 0 || strings_have(only, s->hosts[h].name))
                        r = hosts_list_row(in->arena, &t, &s->hosts[h], by_host_count(vms, h));
        }
        if (r < 0)
                return r;
        table_print(&t, &in->out, "");
        if (n_seen > 0)
                (void) out_say(
                        in->out.out,
                        "\n"
                        "%u of %u %s seen but not admitted: they accept no VM, and none of theirs is moved. "
                        "To admit one: plimsoll host admit HOST; to remove it: plimsoll host forget HOST\n",
                        n_seen, s->n_hosts, text_plural(s->n_hosts, "host is", "hosts are"));
        return 0;
}

static ExitStatus host_list(Invocation *in, Facts *facts, const Strings *words) {
        const Snapshot *s = facts->snapshot;
        ByHost vms;
        Strings only = { 0 };
        ExitStatus status;

        if (by_host_vms(in->arena, s, &vms) < 0)
                return command_complain(in, EXIT_FAILED, "out of memory");
        status = chosen_hosts(in, s, "", words, &only);
        if (status != EXIT_DONE)
                return status;
        if (in->json)
                hosts_print_json(in, facts, &only, &vms);
        else if (hosts_print_text(in, facts, &only, &vms) < 0)
                return command_complain(in, EXIT_FAILED, "out of memory");
        return EXIT_DONE;
}

/* ---- admit, forget ---- */

typedef enum HostChange {
        CHANGE_ADMITTED,
        CHANGE_FORGOTTEN,
        CHANGE_NONE, /* it was so already */
        CHANGE_REFUSED,
        CHANGE_N,
} HostChange;

static const char *const change_names[CHANGE_N] = { "admitted", "forgotten", "already", "refused" };

typedef struct Changes {
        Invocation *in;
        Facts *facts;
        HostChange *at;                 /* [hosts.n] */
        const char **why;               /* [hosts.n] */
        const HostAdmission **admitted; /* [n_admitted] by this command */
        Strings hosts;
        uint32_t n_admitted;
} Changes;

/* The host that is known as this machine by its admission, or NULL. */
static const char *machine_of(const Changes *c, const Host *host) {
        const AdmissionRecords *records = source_admissions(c->facts->source);

        for (uint32_t i = 0; host->uuid && i < records->n; i++) {
                const HostAdmission *x = &records->at[i];

                if (!x->forgotten && x->uuid && text_is_same(x->uuid, host->uuid) &&
                    strcmp(x->host, host->name) != 0)
                        return x->host;
        }
        for (uint32_t i = 0; host->uuid && i < c->n_admitted; i++)
                if (c->admitted[i]->uuid && text_is_same(c->admitted[i]->uuid, host->uuid))
                        return c->admitted[i]->host;
        return NULL;
}

static int host_write(const Changes *c, const HostAdmission *admission) {
        Store *store = source_store(c->facts->source);
        const char *text;
        int r = admission_print(c->in->arena, admission, &text);

        return r < 0 ? r
                     : store_change_admission(
                               store, admission->host,
                               admission_text(source_admissions(c->facts->source), admission->host), text);
}

/* As it is now; the address of an earlier admission stays. */
static int host_change_admit(Changes *c, uint32_t i, const char *by) {
        const Options *o = &c->in->options;
        const Snapshot *s = c->facts->snapshot;
        const Host *host = &s->hosts[snapshot_host(s, c->hosts.at[i])];
        const char *address = option_text(o, "address"), *machine = machine_of(c, host);
        HostAdmission *x = arena_new(c->in->arena, HostAdmission, 1);
        int r;

        if (!x)
                return -ENOMEM;
        if (machine) {
                c->at[i] = CHANGE_REFUSED;
                c->why[i] = text_format(
                        c->in->arena,
                        "same machine as %s (UUID %s). Remove one of them: plimsoll host forget HOST",
                        machine, host->uuid);
                return c->why[i] ? 0 : -ENOMEM;
        }
        if (host->excluded != EXCLUDED_SEEN && host->admitted && !address) { /* whole, as it is */
                c->at[i] = CHANGE_NONE;
                return 0;
        }
        *x = (HostAdmission){ .host = host->name,
                              .uuid = host->uuid,
                              .address = address          ? address
                                         : host->admitted ? host->admitted->address
                                                          : NULL,
                              .by = by,
                              .why = option_text(o, "why"),
                              .at = clock_now(),
                              .cpus = host->cpus > 0 ? host->cpus : UNKNOWN,
                              .memory_mib = host->memory_mib > 0 ? host->memory_mib : UNKNOWN };
        r = host_write(c, x);
        if (r == 0) {
                c->at[i] = CHANGE_ADMITTED;
                c->why[i] = host->uuid
                                    ? NULL
                                    : "its machine is not known yet, and is recorded with its first report";
                c->admitted[c->n_admitted++] = x;
        }
        return r;
}

static int host_change_forget(Changes *c, uint32_t i, const char *by) {
        const HostAdmission x = { .host = c->hosts.at[i],
                                  .by = by,
                                  .why = option_text(&c->in->options, "why"),
                                  .at = clock_now(),
                                  .cpus = UNKNOWN,
                                  .memory_mib = UNKNOWN,
                                  .forgotten = true };
        int r = host_write(c, &x);

        if (r == 0) {
                c->at[i] = CHANGE_FORGOTTEN;
                c->why[i] = "the service removes its data; if its agent still runs, it appears again";
        }
        return r;
}

static void changes_print_json(const Changes *c) {
        json_t *o = json_pack("{s:s, s:s}", "schema", "plimsoll.host-change/1", "cluster",
                              c->facts->snapshot->cluster);
        json_t *list = json_array();

        for (uint32_t i = 0; i < c->hosts.n; i++)
                (void) json_array_append_new(list,
                                             json_pack("{s:s, s:s, s:s?}", "host", c->hosts.at[i], "change",
                                                       change_names[c->at[i]], "why", c->why[i]));
        (void) json_object_set_new(o, "hosts", list);
        (void) json_print(o, c->in->out.out);
}

static void changes_print_text(const Changes *c) {
        static const char *const words[CHANGE_N] = { "is admitted", "is forgotten", "is admitted already",
                                                     "is not admitted" };
        for (uint32_t i = 0; i < c->hosts.n; i++)
                (void) out_say(c->in->out.out, "%s %s%s%s\n", c->hosts.at[i], words[c->at[i]],
                               c->why[i] ? ": " : "", c->why[i] ? c->why[i] : "");
}

static ExitStatus changes_make(Changes *c, int (*change)(Changes *c, uint32_t i, const char *by)) {
        Invocation *in = c->in;
        ExitStatus status = EXIT_DONE;
        char by[256];

        c->at = arena_new(in->arena, HostChange, c->hosts.n);
        c->why = arena_new(in->arena, const char *, c->hosts.n);
        c->admitted = arena_new(in->arena, const HostAdmission *, c->hosts.n);
        if (!c->at || !c->why || !c->admitted)
                return command_complain(in, EXIT_FAILED, "out of memory");
        for (uint32_t i = 0; i < c->hosts.n; i++) {
                const int r = change(c, i, operator_name(by, sizeof(by)));

                if (r == 1)
                        return command_complain(
                                in, EXIT_FAILED,
                                "another command changed %s at the same time. Look again: plimsoll host list",
                                c->hosts.at[i]);
                if (r < 0)
                        return command_complain(in, EXIT_FAILED, "%s",
                                                r == -ENOMEM ? "out of memory"
                                                             : store_error(source_store(c->facts->source)));
                if (c->at[i] == CHANGE_REFUSED)
                        status = EXIT_BLOCKED;
        }
        if (in->json)
                changes_print_json(c);
        else
                changes_print_text(c);
        return status;
}

static ExitStatus host_admit_check(const Invocation *in, const Strings *words) {
        const char *address = option_text(&in->options, "address"), *why = option_text(&in->options, "why");
        const bool all = option_given(&in->options, "all");

        if (all == (words->n > 0))
                return command_complain(in, EXIT_BAD_INPUT, "admit needs HOSTS, or --all");
        if (address && !host_name_is_dns(address))
                return command_complain(
                        in, EXIT_BAD_INPUT,
                        "--address accepts a name or an IPv4 address (letters, digits, dots and dashes), not \"%s\"",
                        address);
        if (why && (strlen(why) > 1000 || !text_is_line(why, strlen(why))))
                return command_complain(in, EXIT_BAD_INPUT, "--why accepts one line of at most 1000 bytes");
        return EXIT_DONE;
}

static ExitStatus host_admit_run(Invocation *in, Facts *facts, const Strings *words) {
        const Snapshot *s = facts->snapshot;
        Changes c = { .in = in, .facts = facts };
        const char **all = arena_new(in->arena, const char *, s->n_hosts);
        ExitStatus status = host_admit_check(in, words);

        if (!all)
                return command_complain(in, EXIT_FAILED, "out of memory");
        for (HostIx h = 0; h < s->n_hosts; h++)
                all[h] = s->hosts[h].name;
        if (status == EXIT_DONE && words->n > 0)
                status = chosen_hosts(in, s, "", words, &c.hosts);
        else
                c.hosts = (Strings){ .at = all, .n = s->n_hosts };
        if (status == EXIT_DONE && option_given(&in->options, "address") && c.hosts.n != 1)
                status = command_complain(in, EXIT_BAD_INPUT,
                                          "--address applies to one host, but %u are given", c.hosts.n);
        return status == EXIT_DONE ? changes_make(&c, host_change_admit) : status;
}

static ExitStatus host_forget_run(Invocation *in, Facts *facts, const Strings *words) {
        Changes c = { .in = in, .facts = facts };
        ExitStatus status;

        if (words->n == 0 || option_given(&in->options, "all"))
                return command_complain(in, EXIT_BAD_INPUT, "forget needs HOSTS, by name or pattern");
        status = chosen_hosts(in, facts->snapshot, "", words, &c.hosts);
        return status == EXIT_DONE ? changes_make(&c, host_change_forget) : status;
}

/* ---- the command ---- */

typedef struct HostVerb {
        const char *name;
        ExitStatus (*run)(Invocation *in, Facts *facts, const Strings *words);
} HostVerb;

static const HostVerb host_verbs[] = {
        { "list", host_list },
        { "history", host_history },
        { "admit", host_admit_run },
        { "forget", host_forget_run },
};

static ExitStatus cmd_host_run(Invocation *in) {
        const char *names[ARRAY_SIZE(host_verbs)], *word = in->options.arguments[0], *near;
        const Strings words = { .at = (const char *const *) in->options.arguments + 1,
                                .n = (uint32_t) in->options.n_arguments - 1 };
        const HostVerb *verb = NULL;
        Facts facts;
        ExitStatus status;

        for (size_t i = 0; i < ARRAY_SIZE(host_verbs); i++) {
                names[i] = host_verbs[i].name;
                if (strcmp(word, names[i]) == 0)
                        verb = &host_verbs[i];
        }
        near = verb ? NULL : text_nearest(word, names, ARRAY_SIZE(names));
        if (!verb)
                return command_complain(in, EXIT_BAD_INPUT,
                                        "unknown action; use list, history, admit or forget, not %s%s%s",
                                        word, near ? "; did you mean " : "", near ? near : "");
        status = facts_open(in, &facts);
        if (status == EXIT_DONE && !source_store(facts.source))
                status = command_complain(
                        in, EXIT_BAD_INPUT,
                        "Admissions are kept in Redis. Give --redis URL (hosts given by --hosts need no admission).");
        if (status == EXIT_DONE)
                status = verb->run(in, &facts, &words);
        facts_close(&facts);
        return status;
}

static const OptionDef cmd_host_options[] = {
        SOURCE_OPTIONS,
        { "", 0, OPTION_HEADING, NULL, 0, 0, 0, "With admit:" },
        { "all", 0, OPTION_FLAG, NULL, 0, 0, 0, "admit all hosts that report now, for the first day" },
        { "address", 0, OPTION_TEXT, "ADDRESS", 0, 0, 0,
          "use this address in service.uri and migration.uri; default: the host's name" },
        { "", 0, OPTION_HEADING, NULL, 0, 0, 0, "With admit and forget:" },
        { "why", 0, OPTION_TEXT, "TEXT", 0, 0, 0, "reason, kept in the store" },
        { "", 0, OPTION_HEADING, NULL, 0, 0, 0, "Output:" },
        { "json", 0, OPTION_FLAG, NULL, 0, 0, 0,
          "print JSON, schema plimsoll.host-list/1; history: plimsoll.load-history/1; admit, forget: plimsoll.host-change/1" },
        { 0 },
};

const Command command_host = {
        .name = "host",
        .summary = "list hosts and their load of 24 hours, admit or forget them",
        .usage = "list [HOSTS…] | history [HOSTS…] | admit HOSTS… | admit --all | forget HOSTS… [source]",
        .help = "A host takes part once it is admitted as the machine it is then: its UUID, CPUs and memory are recorded.\n"
                "Until then, and when it is another machine or twice as large, it is only shown, with its VMs, but none\n"
                "of them moves and none comes. Names that match cluster.hosts in the settings are admitted automatically.\n\n"
                "list: all hosts, with who admitted them and when. admit: as they are now; --all on the first day.\n"
                "history: CPU and memory of the last 24 hours, one column an hour, its highest; '.': not known.\n"
                "forget: removes the host's data, with its marks and faults; if its agent still runs, it is a new host.\n"
                "HOSTS are names, or selections as in rules: 'h[1-4]', '!h3'. Exit status 3: one was refused. See\n"
                "docs/admission.md.",
        .examples = "plimsoll host list\n"
                    "plimsoll host history h7\n"
                    "plimsoll host admit h7\n"
                    "plimsoll host forget h7 --why \"sold\"",
        .options = cmd_host_options,
        .least_arguments = 1,
        .most_arguments = 1 + HOSTS_NAMED_MAX,
        .run = cmd_host_run,
};
