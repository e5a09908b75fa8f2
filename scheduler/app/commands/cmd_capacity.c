/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "policies/policies.h"
#include "scheduler/app/commands/command.h"
#include "scheduler/app/commands/vm_options.h"
#include "scheduler/app/commands/what_if_facts.h"
#include "scheduler/app/terminal/busy.h"
#include "scheduler/app/terminal/human.h"
#include "scheduler/app/terminal/json_print.h"
#include "scheduler/app/terminal/table.h"
#include "scheduler/decide/query/fit.h"
#include "scheduler/snapshot/json/json_value.h"

#define SHOW_HOSTS 20U

/* How many hosts one and the same thing ends. */
typedef struct End {
        const char *what;
        uint32_t hosts, vms;
} End;

typedef struct Counting {
        Invocation *in;
        WhatIfFacts what_if;
        NewVm wanted;
        const char *notes;
        VmIx vm;
        Fit fit;
        uint32_t before; /* how many fit as it is, when something is supposed */
        End *ends;
        uint32_t n_ends;
        RoundInput input;
} Counting;

/* ---- what ends it ---- */

static const char *cmd_capacity_end_of(const Counting *c, const FitHost *host) {
        if (host->reason == REASON_NONE)
                return text_format(c->in->arena, "%s: the load line", c->fit.trial.layout.names[host->r]);
        if (host->reason == REASON_NO_ROOM)
                return text_format(c->in->arena, "%s: no room", c->fit.trial.layout.names[host->r]);
        if (host->reason >= REASON_RULE_APART && host->reason <= REASON_RULE_HOSTS)
                return text_format(c->in->arena, "%.*s", (int) strcspn(host->why, ":"), host->why);
        return reason_texts[host->reason];
}

static int by_hosts(const void *left, const void *right) {
        const End *x = left, *y = right;

        if (x->hosts != y->hosts)
                return x->hosts > y->hosts ? -1 : 1;
        return strcmp(x->what, y->what);
}

static int count_ends(Counting *c) {
        const uint32_t n = c->fit.trial.p->n_hosts;

        c->ends = arena_new(c->in->arena, End, n);
        for (uint32_t i = 0; c->ends && i < n; i++) {
                const char *what = cmd_capacity_end_of(c, &c->fit.hosts[i]);
                uint32_t k = 0;

                if (!what)
                        return -ENOMEM;
                while (k < c->n_ends && strcmp(c->ends[k].what, what) != 0)
                        k++;
                if (k == c->n_ends)
                        c->ends[c->n_ends++] = (End){ .what = what };
                c->ends[k].hosts++;
                c->ends[k].vms += c->fit.hosts[i].count;
        }
        if (!c->ends)
                return -ENOMEM;
        qsort(c->ends, c->n_ends, sizeof(End), by_hosts);
        return 0;
}

/* ---- text ---- */

static void cmd_capacity_print_answer(const Counting *c) {
        const Vm *vm = &c->fit.trial.s->vms[c->vm];
        const Screen *screen = &c->in->out;
        char size[HUMAN_SIZE], safe[256];

        (void) out_say(screen->out, "%s%s%u more VM%s%s of %lld vCPU%s, %s, using %lld.%lld cores each%s",
                       screen_style(screen, STYLE_STRONG), c->fit.at_least ? "at least " : "", c->fit.count,
                       c->fit.count == 1 ? "" : "s", screen_style(screen, STYLE_PLAIN), (long long) vm->vcpus,
                       vm->vcpus == 1 ? "" : "s", human_mib(vm->memory_mib, size),
                       (long long) vm->cpu_mcores / 1000, (long long) vm->cpu_mcores % 1000 / 100,
                       c->wanted.vm.cpu_mcores == UNKNOWN && !c->wanted.like
                               ? " (as the VMs that are here do on average)"
                               : "");
        for (uint32_t i = 0; i < vm->groups.n; i++)
                (void) out_say(screen->out, ", group %s", text_safe(vm->groups.at[i], safe, sizeof(safe)));
        (void) fputs(", fit below the load line\n", screen->out);
        if (c->what_if.any || c->what_if.set)
                (void) out_say(screen->out, "as it is, without what is supposed: %u\n", c->before);
        if (c->notes)
                (void) out_say(screen->out, "note: %s\n", text_safe(c->notes, safe, sizeof(safe)));
}

static int print_ends(const Counting *c) {
        static const Column columns[] = { { .title = "HOSTS", .right = true },
                                          { .title = "VMS NOW", .right = true },
                                          { .title = "LIMITED BY" } };
        Arena *a = c->in->arena;
        Table t = table_begin(a, columns, ARRAY_SIZE(columns));
        int r = 0;

        for (uint32_t i = 0; i < c->n_ends && r == 0; i++)
                r = table_row(&t, (Cell[]){ { .text = text_format(a, "%u", c->ends[i].hosts) },
                                            { .text = text_format(a, "%u", c->ends[i].vms) },
                                            { .text = c->ends[i].what } });
        (void) fputc('\n', c->in->out.out);
        if (r == 0)
                table_print(&t, &c->in->out, "  ");
        return r;
}

static int by_count(const void *left, const void *right) {
        const FitHost *x = left, *y = right;

        if (x->count != y->count)
                return x->count > y->count ? -1 : 1;
        return (x->host > y->host) - (x->host < y->host);
}

static int print_hosts(const Counting *c) {
        static const Column columns[] = { { .title = "HOST", .most = 24 },
                                          { .title = "MORE", .right = true },
                                          { .title = "WHY NOT ONE MORE" } };
        const uint32_t n = c->fit.trial.p->n_hosts;
        const bool all = option_given(&c->in->options, "all");
        Arena *a = c->in->arena;
        FitHost *hosts = arena_new(a, FitHost, n);
        Table t = table_begin(a, columns, ARRAY_SIZE(columns));
        int r = hosts ? 0 : -ENOMEM;

        if (hosts) {
                memcpy(hosts, c->fit.hosts, sizeof(*hosts) * n);
                qsort(hosts, n, sizeof(*hosts), by_count);
        }
        for (uint32_t i = 0; r == 0 && i < n && (all || i < SHOW_HOSTS); i++)
                r = table_row(&t, (Cell[]){ { .text = c->fit.trial.s->hosts[hosts[i].host].name },
                                            { .text = text_format(a, "%u", hosts[i].count) },
                                            { .text = hosts[i].why } });
        if (r < 0)
                return r;
        (void) fputc('\n', c->in->out.out);
        table_print(&t, &c->in->out, "  ");
        if (!all && n > SHOW_HOSTS)
                (void) out_say(c->in->out.out, "  … and %u more hosts (--all shows every one)\n",
                               n - SHOW_HOSTS);
        return 0;
}

/* ---- JSON ---- */

static ExitStatus cmd_capacity_print_json(const Counting *c) {
        const Vm *vm = &c->fit.trial.s->vms[c->vm];
        json_t *o = json_object(), *hosts = json_array(), *ends = json_array(), *what_if;

        for (uint32_t i = 0; i < c->fit.trial.p->n_hosts; i++) {
                const FitHost *h = &c->fit.hosts[i];
                json_t *host = json_object();
                char key[JSON_KEY_SIZE];

                (void) json_object_set_new(host, "host", json_string(c->fit.trial.s->hosts[h->host].name));
                (void) json_object_set_new(host, "more", json_integer(h->count));
                (void) json_object_set_new(
                        host, "ended_by",
                        json_string(h->reason == REASON_NONE ? "LOAD_LINE" : reason_names[h->reason]));
                (void) json_object_set_new(host, "resource",
                                           json_text(h->reason == REASON_NONE || h->reason == REASON_NO_ROOM
                                                             ? json_key(c->fit.trial.layout.names[h->r], key)
                                                             : NULL));
                (void) json_object_set_new(host, "text", json_text(h->why));
                (void) json_array_append_new(hosts, host);
        }
        for (uint32_t i = 0; i < c->n_ends; i++) {
                json_t *end = json_object();

                (void) json_object_set_new(end, "what", json_string(c->ends[i].what));
                (void) json_object_set_new(end, "host_count", json_integer(c->ends[i].hosts));
                (void) json_object_set_new(end, "vm_count", json_integer(c->ends[i].vms));
                (void) json_array_append_new(ends, end);
        }
        (void) json_object_set_new(o, "schema", json_string("plimsoll.capacity/1"));
        (void) json_object_set_new(o, "cluster", json_string(c->fit.trial.s->cluster));
        (void) json_object_set_new(o, "vcpus", json_integer(vm->vcpus));
        (void) json_object_set_new(o, "memory_mib", json_integer(vm->memory_mib));
        (void) json_object_set_new(o, "cpu", json_cores(vm->cpu_mcores));
        (void) json_object_set_new(o, "more", json_integer(c->fit.count));
        (void) json_object_set_new(o, "at_least", json_boolean(c->fit.at_least));
        (void) json_object_set_new(o, "ends", ends);
        (void) json_object_set_new(o, "hosts", hosts);
        what_if = c->what_if.any ? what_if_facts_json(c->in, &c->what_if, &c->input, NULL) : json_null();
        if (!what_if) {
                json_decref(o);
                return EXIT_FAILED;
        }
        (void) json_object_set_new(o, "more_before", json_number(c->what_if.any ? c->before : UNKNOWN));
        (void) json_object_set_new(o, "what_if", what_if);
        (void) json_print(o, c->in->out.out);
        return EXIT_DONE;
}

/* ---- the command ---- */

static VmIx cmd_capacity_newcomer(const Snapshot *s) {
        VmIx v = 0;

        while (v < s->n_vms && s->vms[v].host != IX_NONE)
                v++;
        return v;
}

#define SLOTS_MAX 5000

/* How many VMs to try: fit.h says why. */
static int64_t cmd_capacity_slots(const Counting *c, const Snapshot *s, const Settings *settings) {
        const int64_t memory = c->wanted.vm.memory_mib > 0 ? c->wanted.vm.memory_mib : 1024;
        int64_t sum = 2;

        if (settings_int(settings, "reserve", "losses") == 0 &&
            settings_int(settings, "reserve", "share") == 0)
                return 2;
        for (HostIx h = 0; h < s->n_hosts && sum < SLOTS_MAX; h++)
                sum += s->hosts[h].memory_mib / memory;
        return sum < SLOTS_MAX ? sum : SLOTS_MAX;
}

static int cmd_capacity_count(Counting *c, const Snapshot *s, const Settings *settings, Fit *ret,
                              TextFault *fault) {
        NewVm two = c->wanted;
        const WhatIf w = { .vms = &two, .n_vms = 1 };
        const Snapshot *with;
        int r;

        two.count = cmd_capacity_slots(c, s, settings);
        r = what_if_apply(c->in->arena, s, &w, &with, fault);
        if (r < 0)
                return r;
        c->vm = cmd_capacity_newcomer(with);
        return fit_count(c->in->arena, with, settings, policies_all(), c->vm, ret);
}

static ExitStatus cmd_capacity_capacity(Invocation *in, const Facts *facts) {
        Busy busy;
        Workers workers = workers_threads(0);
        Counting c = { .in = in,
                       .input = { .snapshot = facts->snapshot,
                                  .settings = facts->settings,
                                  .request = PLAN_REQUEST_DEFAULT,
                                  .now = clock_now(),
                                  .think = settings_int(facts->settings, "service", "think") } };
        ExitStatus status = what_if_facts_read(in, facts, &c.what_if);
        TextFault fault = { 0 };
        int r = 0;

        c.input.request.workers = &workers;
        if (status == EXIT_DONE)
                status = vm_options_read(in, c.what_if.snapshot, &c.wanted, &c.notes);
        if (status != EXIT_DONE)
                return status;
        if (c.what_if.any || c.what_if.set) {
                r = cmd_capacity_count(&c, c.what_if.as_is, c.what_if.settings_as_is, &c.fit, &fault);
                c.before = r == 0 ? c.fit.count : 0;
        }
        if (r == 0) {
                busy_begin(&busy, &in->err, "counting");
                r = cmd_capacity_count(&c, c.what_if.snapshot, facts->settings, &c.fit, &fault);
                busy_end(&busy);
        }
        if (r == -EINVAL)
                return command_complain_fault(in, EXIT_BAD_INPUT, NULL, &fault);
        if (r == 0)
                r = count_ends(&c);
        if (r == 0 && in->json)
                return cmd_capacity_print_json(&c);
        if (r == 0) {
                what_if_facts_print(&c.what_if, &in->out);
                cmd_capacity_print_answer(&c);
                r = print_ends(&c);
        }
        if (r == 0)
                r = print_hosts(&c);
        if (r < 0)
                return command_complain(in, EXIT_FAILED, "cannot compute the capacity: %s",
                                        strerrordesc_np(-r));
        return c.what_if.any ? what_if_facts_compare(in, &c.what_if, &c.input, NULL) : EXIT_DONE;
}

static ExitStatus cmd_capacity_run(Invocation *in) {
        Facts facts;
        ExitStatus status = facts_open(in, &facts);

        if (status == EXIT_DONE)
                status = cmd_capacity_capacity(in, &facts);
        facts_close(&facts);
        return status;
}

static const OptionDef cmd_capacity_options[] = {
        SOURCE_OPTIONS,
        VM_OPTIONS,
        WHAT_IF_OPTIONS,
        { "", 0, OPTION_HEADING, NULL, 0, 0, 0, "Output:" },
        { "all", 0, OPTION_FLAG, NULL, 0, 0, 0, "show every host; default: the first 20" },
        { "json", 0, OPTION_FLAG, NULL, 0, 0, 0, "print JSON, schema plimsoll.capacity/1" },
        { 0 },
};

const Command command_capacity = {
        .name = "capacity",
        .summary = "how many more VMs of a given size fit, and what the limit is",
        .usage = "--vcpus N --memory SIZE [source] [options]",
        .help = "Adds VMs of the given size one after the other, each where the planner finds it cheapest, as long as\n"
                "no rule, reserve or resource refuses it and its host stays below its load line; running VMs are not\n"
                "moved. Shows on which hosts they fit, and what the limit is there. Nothing is changed\n"
                "(docs/capacity.md).",
        .examples = "plimsoll capacity --vcpus 4 --memory 16GiB --redis redis://store:6379\n"
                    "plimsoll capacity --like web1 --lost h3 --from cluster.json",
        .options = cmd_capacity_options,
        .run = cmd_capacity_run,
};
