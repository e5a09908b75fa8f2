/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "scheduler/app/commands/command.h"
#include "scheduler/app/commands/facts.h"
#include "scheduler/app/commands/failover_look.h"
#include "scheduler/app/terminal/busy.h"
#include "scheduler/app/terminal/human.h"
#include "scheduler/app/terminal/json_print.h"
#include "scheduler/app/terminal/table.h"
#include "scheduler/base/text.h"

#define HOSTS_SHOWN 40U /* of more those alone whose VMs do not all start */

typedef struct Failing {
        Invocation *in;
        const Snapshot *s;
        HostIx only; /* IX_NONE: each */
        FailoverLook look;
} Failing;

static const char *cmd_failover_host(const Failing *f, HostIx h) {
        return h == IX_NONE ? "-" : f->s->hosts[h].name;
}

static uint32_t cmd_failover_count(const FailoverHost *host, FailoverEnd end) {
        uint32_t n = 0;

        for (uint32_t i = 0; i < host->n_vms; i++)
                n += host->vms[i].end == end;
        return n;
}

/* ---- JSON ---- */

static json_t *cmd_failover_vms_json(const Failing *f, const FailoverHost *host, FailoverEnd end) {
        json_t *list = json_array();

        for (uint32_t i = 0; i < host->n_vms; i++) {
                const FailoverVm *vm = &host->vms[i];
                json_t *o;

                if (vm->end != end)
                        continue;
                o = json_pack("{s:s, s:I}", "vm", f->s->vms[vm->vm].name, "priority",
                              (json_int_t) f->s->vms[vm->vm].priority);
                (void) json_object_set_new(o, end == FAILOVER_NONE ? "nearest" : "host",
                                           vm->host == IX_NONE ? json_null()
                                                               : json_string(cmd_failover_host(f, vm->host)));
                if (end == FAILOVER_NONE) {
                        (void) json_object_set_new(o, "reason", json_string(reason_names[vm->reason]));
                        (void) json_object_set_new(o, "text", json_string(vm->why));
                }
                (void) json_array_append_new(list, o);
        }
        return list;
}

static void cmd_failover_print_json(const Failing *f) {
        json_t *hosts = json_array(), *o;

        for (uint32_t i = 0; i < f->look.found.n_hosts; i++) {
                const FailoverHost *host = &f->look.found.hosts[i];

                (void) json_array_append_new(
                        hosts,
                        json_pack("{s:s, s:i, s:b, s:o, s:o, s:o}", "host", cmd_failover_host(f, host->host),
                                  "vm_count", (int) host->n_vms, "protected", (int) (host->n_none == 0),
                                  "starts", cmd_failover_vms_json(f, host, FAILOVER_STARTS), "elsewhere",
                                  cmd_failover_vms_json(f, host, FAILOVER_THERE), "not_started",
                                  cmd_failover_vms_json(f, host, FAILOVER_NONE)));
        }
        o = json_pack("{s:s, s:s, s:i, s:i, s:o}", "schema", "plimsoll.failover/1", "cluster", f->s->cluster,
                      "protected_count", (int) f->look.found.n_protected, "host_count",
                      (int) f->look.found.n_hosts, "hosts", hosts);
        (void) json_print(o, f->in->out.out);
}

/* ---- for people ---- */

/* "db1: h7 lacks 3.2 GiB of memory (and 2 more)", of the first one that does not start. */
static const char *cmd_failover_words(const Failing *f, const FailoverHost *host) {
        const char *more =
                host->n_none > 1 ? text_format(f->in->arena, " (and %u more)", host->n_none - 1) : "";

        for (uint32_t i = 0; more && i < host->n_vms; i++) {
                const FailoverVm *vm = &host->vms[i];
                const char *name = f->s->vms[vm->vm].name;

                if (vm->end == FAILOVER_NONE)
                        return vm->host == IX_NONE
                                       ? text_format(f->in->arena, "%s: %s%s", name, vm->why, more)
                                       : text_format(f->in->arena, "%s: %s %s%s", name,
                                                     cmd_failover_host(f, vm->host), vm->why, more);
        }
        return more;
}

static int cmd_failover_each(const Failing *f) {
        static const Column columns[] = {
                { .title = "LOST", .most = 16 },
                { .title = "VMS", .right = true },
                { .title = "START", .right = true },
                { .title = "NOT", .right = true },
                { .title = "VMS THAT DO NOT START, AND WHAT IS LACKING", .most = 64 },
        };
        const Failover *found = &f->look.found;
        const bool all = option_given(&f->in->options, "all") || found->n_hosts <= HOSTS_SHOWN;
        Arena *a = f->in->arena;
        Table t = table_begin(a, columns, ARRAY_SIZE(columns));
        int r = 0;

        for (uint32_t i = 0; r == 0 && i < found->n_hosts; i++) {
                const FailoverHost *host = &found->hosts[i];
                const char *words = cmd_failover_words(f, host), *vms, *starts, *none;

                if (!all && host->n_none == 0)
                        continue;
                vms = text_format(a, "%u", host->n_vms);
                starts = text_format(a, "%u", host->n_vms - host->n_none);
                none = text_format(a, "%u", host->n_none);
                r = words && vms && starts && none
                            ? table_row(&t, (Cell[]){ { .text = cmd_failover_host(f, host->host) },
                                                      { .text = vms },
                                                      { .text = starts },
                                                      { .text = none,
                                                        .style = host->n_none > 0 ? STYLE_BAD : STYLE_GOOD },
                                                      { .text = words } })
                            : -ENOMEM;
        }
        if (r == 0 && t.n_rows > 0)
                table_print(&t, &f->in->out, "  ");
        return r;
}

static int cmd_failover_row(const Failing *f, Table *t, uint32_t turn, const FailoverVm *vm) {
        const Vm *v = &f->s->vms[vm->vm];
        Arena *a = f->in->arena;
        char size[HUMAN_SIZE];
        const char *number = vm->end == FAILOVER_STARTS ? text_format(a, "%u", turn) : "",
                   *priority = text_format(a, "%lld", (long long) v->priority);
        const char *on = vm->end == FAILOVER_NONE ? "none" : cmd_failover_host(f, vm->host);
        const char *why = vm->end == FAILOVER_THERE    ? "already there, or on its way"
                          : vm->end == FAILOVER_STARTS ? ""
                          : vm->host == IX_NONE
                                  ? vm->why
                                  : text_format(a, "%s %s", cmd_failover_host(f, vm->host), vm->why);

        if (!number || !priority || !why)
                return -ENOMEM;
        return table_row(
                t, (Cell[]){ { .text = number },
                             { .text = v->name, .style = STYLE_STRONG },
                             { .text = priority },
                             { .text = human_mib(v->memory_mib, size) },
                             { .text = on, .style = vm->end == FAILOVER_NONE ? STYLE_BAD : STYLE_PLAIN },
                             { .text = why } });
}

static int cmd_failover_one(const Failing *f) {
        static const Column columns[] = {
                { .title = "TURN", .right = true },     { .title = "VM", .most = 20 },
                { .title = "PRIORITY", .right = true }, { .title = "MEMORY", .right = true },
                { .title = "STARTS ON", .most = 16 },   { .title = "WHY NOT", .most = 56 },
        };
        const FailoverHost *host = &f->look.found.hosts[0];
        Table t = table_begin(f->in->arena, columns, ARRAY_SIZE(columns));
        uint32_t turn = 0;
        int r = 0;

        for (uint32_t i = 0; r == 0 && i < host->n_vms; i++) {
                turn += host->vms[i].end == FAILOVER_STARTS;
                r = cmd_failover_row(f, &t, turn, &host->vms[i]);
        }
        if (r == 0 && t.n_rows > 0)
                table_print(&t, &f->in->out, "  ");
        return r;
}

static int cmd_failover_print_text(const Failing *f) {
        const Failover *found = &f->look.found;
        const Screen *out = &f->in->out;
        char safe[256];
        uint32_t none;

        if (f->only == IX_NONE) {
                (void) out_say(
                        out->out,
                        "%sprotected: %u of %u %s%s: lost alone, all their VMs would start elsewhere\n\n",
                        screen_style(out, found->n_protected < found->n_hosts ? STYLE_WARN : STYLE_GOOD),
                        found->n_protected, found->n_hosts, text_plural(found->n_hosts, "host", "hosts"),
                        screen_style(out, STYLE_PLAIN));
                return cmd_failover_each(f);
        }
        none = found->hosts[0].n_none;
        (void) text_safe(cmd_failover_host(f, f->only), safe, sizeof(safe));
        if (found->hosts[0].n_vms == 0)
                (void) out_say(out->out, "no VM runs on %s: nothing would have to start\n", safe);
        else if (none == 0)
                (void) out_say(out->out, "%s is protected: were it lost, its %u %s would start elsewhere\n\n",
                               safe, found->hosts[0].n_vms, text_plural(found->hosts[0].n_vms, "VM", "VMs"));
        else
                (void) out_say(out->out, "were %s lost, %s%u of its %u %s would not start%s\n\n", safe,
                               screen_style(out, STYLE_BAD), none, found->hosts[0].n_vms,
                               text_plural(found->hosts[0].n_vms, "VM", "VMs"),
                               screen_style(out, STYLE_PLAIN));
        return cmd_failover_one(f);
}

/* ---- the command ---- */

static ExitStatus cmd_failover_find_host(Failing *f) {
        Invocation *in = f->in;
        const char **names, *near = NULL, *name;
        char safe[256];

        f->only = IX_NONE;
        if (in->options.n_arguments == 0)
                return EXIT_DONE;
        name = in->options.arguments[0];
        f->only = snapshot_host(f->s, name);
        (void) text_safe(name, safe, sizeof(safe));
        if (f->only == IX_NONE) {
                names = arena_new(in->arena, const char *, f->s->n_hosts);
                for (HostIx h = 0; names && h < f->s->n_hosts; h++)
                        names[h] = f->s->hosts[h].name;
                near = names && strlen(name) <= 64 ? text_nearest(name, names, f->s->n_hosts) : NULL;
                return command_complain(in, EXIT_BAD_INPUT, "host \"%s\" not found%s%s%s", safe,
                                        near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
        }
        if (f->s->hosts[f->only].excluded != EXCLUDED_NONE || f->s->hosts[f->only].state == HOST_OFFLINE)
                return command_complain(
                        in, EXIT_BLOCKED,
                        "%s is not reporting: which VMs run on it, and would have to start, is unknown",
                        safe);
        return EXIT_DONE;
}

static ExitStatus cmd_failover_show(Invocation *in, const Facts *facts) {
        Busy busy;
        Failing f = { .in = in, .s = facts->snapshot };
        ExitStatus status = cmd_failover_find_host(&f);
        bool left = false;
        int r;

        if (status != EXIT_DONE)
                return status;
        busy_begin(&busy, &in->err, "checking the loss of each host");
        r = failover_look(in->arena, f.s, facts->settings, f.only, &f.look);
        busy_end(&busy);
        if (r == -ENODATA)
                return command_complain(in, EXIT_FAILED, "the cluster has no hosts");
        if (r == 0 && f.look.objection)
                return command_complain(in, EXIT_FAILED, "the judge refuses it: %s", f.look.objection);
        if (r == 0 && in->json)
                cmd_failover_print_json(&f);
        else if (r == 0)
                r = cmd_failover_print_text(&f);
        if (r < 0)
                return command_complain(in, EXIT_FAILED, "%s",
                                        r == -ENOMEM ? "out of memory" : strerrordesc_np(-r));
        for (uint32_t i = 0; i < f.look.found.n_hosts; i++)
                left |= cmd_failover_count(&f.look.found.hosts[i], FAILOVER_NONE) > 0;
        return left || snapshot_is_blind(f.s) ? EXIT_BLOCKED : facts_known(facts, EXIT_DONE);
}

static ExitStatus cmd_failover_run(Invocation *in) {
        Facts facts;
        ExitStatus status = facts_open(in, &facts);

        if (status == EXIT_DONE)
                status = cmd_failover_show(in, &facts);
        facts_close(&facts);
        return status;
}

static const OptionDef cmd_failover_options[] = {
        SOURCE_OPTIONS,
        { "", 0, OPTION_HEADING, NULL, 0, 0, 0, "Output:" },
        { "all", 0, OPTION_FLAG, NULL, 0, 0, 0,
          "show every host; default: of more than 40, only those whose VMs would not all start" },
        { "json", 0, OPTION_FLAG, NULL, 0, 0, 0, "print JSON, schema plimsoll.failover/1" },
        { 0 },
};

const Command command_failover = {
        .name = "failover",
        .summary = "which VMs would start where if a host were lost, and which would not (a dry run)",
        .usage = "[HOST] [source] [--json]",
        .help = "For each host, or one: which of its VMs would start on which other host, the most important first,\n"
                "within the available room, including the reserve, and the rules that must hold; and which would not start,\n"
                "and what the best host lacks. The judge has checked all of it. Nothing is started, here or by the service\n"
                "(docs/failover.md).\n"
                "Exit status 3: some VM would not start.",
        .examples = "plimsoll failover --redis redis://store:6379\n"
                    "plimsoll failover h3 --from cluster.json",
        .options = cmd_failover_options,
        .most_arguments = 1,
        .run = cmd_failover_run,
};
