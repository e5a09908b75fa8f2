/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "policies/policies.h"
#include "scheduler/app/commands/command.h"
#include "scheduler/app/commands/what_if_facts.h"
#include "scheduler/app/round/round_store.h"
#include "scheduler/app/terminal/busy.h"
#include "scheduler/app/terminal/file.h"
#include "scheduler/app/terminal/json_print.h"
#include "scheduler/app/text/explain_text.h"
#include "scheduler/model/host_silence.h"
#include "scheduler/snapshot/files/plan_file.h"

typedef struct Explaining {
        Invocation *in;
        const Facts *facts;
        WhatIfFacts what_if;
        RoundInput input;
        ExplainView view;
} Explaining;

static ExitStatus cmd_explain_print_json(const Explaining *explaining, json_t *o, const char *schema) {
        json_t *whole = json_object(), *what_if;

        (void) json_object_set_new(whole, "schema", json_string(schema));
        (void) json_object_set_new(whole, "cluster", json_string(explaining->view.snapshot->cluster));
        (void) json_object_update(whole, o);
        json_decref(o);
        what_if = explaining->what_if.any
                          ? what_if_facts_json(explaining->in, &explaining->what_if, &explaining->input, NULL)
                          : json_null();
        if (!what_if) {
                json_decref(whole);
                return EXIT_FAILED;
        }
        (void) json_object_set_new(whole, "what_if", what_if);
        (void) json_print(whole, explaining->in->out.out);
        return EXIT_DONE;
}

static ExitStatus cmd_explain_failed(const Explaining *explaining, int error) {
        return command_complain(explaining->in, EXIT_FAILED, "cannot explain this: %s",
                                strerrordesc_np(-error));
}

static ExitStatus cmd_explain_no_such(const Explaining *explaining, const char *what, const char *name,
                                      const void *first, size_t size, uint32_t n) {
        const char **names = arena_new(explaining->in->arena, const char *, n), *nearest;

        for (uint32_t i = 0; names && i < n; i++)
                memcpy(&names[i], (const char *) first + size * i, sizeof(names[i]));
        nearest = names && strlen(name) <= 64 ? text_nearest(name, names, n) : NULL;
        if (*what == 'V' && snapshot_host(explaining->view.snapshot, name) != IX_NONE)
                return command_complain(
                        explaining->in, EXIT_BAD_INPUT,
                        "%s is a host; explain needs a VM. To see the host: plimsoll status --all", name);
        if (!nearest && names && n > 0)
                return command_complain(explaining->in, EXIT_BAD_INPUT,
                                        "%s %s not found; the cluster has %u %s%s, such as %s", what, name, n,
                                        what, n == 1 ? "" : "s", names[0]);
        return command_complain(explaining->in, EXIT_BAD_INPUT, "%s %s not found%s%s%s", what, name,
                                nearest ? "; did you mean " : "", nearest ? nearest : "", nearest ? "?" : "");
}

/* ---- a VM ---- */

/* What the plan does with it first. */
static int ask_plan(Explaining *explaining, VmIx v) {
        Round round;
        Busy busy;
        int r;

        busy_begin(&busy, &explaining->in->err, "planning");
        r = round_decide(explaining->in->arena, &explaining->input, &round);
        busy_end(&busy);
        for (uint32_t i = 0; r == 0 && i < round.plan->n_moves && !explaining->view.move; i++)
                if (round.plan->moves[i].move.vm == v)
                        explaining->view.move = &round.plan->moves[i];
        return r;
}

static ExitStatus explain_one(Explaining *explaining) {
        Invocation *in = explaining->in;
        const Snapshot *s = explaining->view.snapshot;
        const char *vm = in->options.arguments[0];
        const char *host = in->options.n_arguments > 1 ? in->options.arguments[1] : NULL;
        const VmIx v = snapshot_vm(s, vm);
        const HostIx h = host ? snapshot_host(s, host) : IX_NONE;
        ExplainVm e;
        json_t *o = NULL;
        int r;

        if (v == IX_NONE)
                return cmd_explain_no_such(explaining, "VM", vm, s->vms, sizeof(Vm), s->n_vms);
        if (host && h == IX_NONE)
                return cmd_explain_no_such(explaining, "host", host, s->hosts, sizeof(Host), s->n_hosts);
        r = ask_plan(explaining, v);
        if (r == 0)
                r = explain_vm(in->arena, s, explaining->facts->settings, policies_all(), v, h, &e);
        if (r < 0)
                return cmd_explain_failed(explaining, r);
        if (in->json) {
                o = explain_vm_json(in->arena, &e, &explaining->view);
                r = o ? 0 : -ENOMEM;
                if (r == 0 && cmd_explain_print_json(explaining, o, "plimsoll.explain-vm/1") != EXIT_DONE)
                        return EXIT_FAILED;
        } else {
                r = explain_vm_text(in->arena, &e, &explaining->view, &in->out);
        }
        if (r < 0)
                return cmd_explain_failed(explaining, r);
        return vm_is_stranded(s, v) ? EXIT_BLOCKED : EXIT_DONE;
}

/* ---- a plan ---- */

/* The file's moves on these facts; each from where its VM is by then. */
static ExitStatus plan_of_file(Explaining *explaining, const PlanFile *file, Plan *ret) {
        const Snapshot *s = explaining->view.snapshot;
        PlanMove *moves = arena_new(explaining->in->arena, PlanMove, file->n_moves);
        HostIx *at = arena_new(explaining->in->arena, HostIx, s->n_vms);

        if (!moves || !at)
                return cmd_explain_failed(explaining, -ENOMEM);
        for (VmIx v = 0; v < s->n_vms; v++)
                at[v] = s->vms[v].host;
        for (uint32_t i = 0; i < file->n_moves; i++) {
                const MoveOrder *m = &file->moves[i];
                const VmIx v = snapshot_vm(s, m->vm);
                const HostIx from = snapshot_host(s, m->from), to = snapshot_host(s, m->to);

                if (v == IX_NONE)
                        return cmd_explain_no_such(explaining, "VM", m->vm, s->vms, sizeof(Vm), s->n_vms);
                if (from == IX_NONE || to == IX_NONE)
                        return cmd_explain_no_such(explaining, "host", from == IX_NONE ? m->from : m->to,
                                                   s->hosts, sizeof(Host), s->n_hosts);
                if (at[v] != from || from == to)
                        return command_complain(explaining->in, EXIT_BAD_INPUT,
                                                "the plan does not match this data: %s is on %s, not on %s",
                                                m->vm, s->hosts[at[v]].name, m->from);
                at[v] = to;
                moves[i] = (PlanMove){ .move = { v, from, to }, .wave = m->wave, .why = m->why };
        }
        *ret = (Plan){ .moves = moves, .n_moves = file->n_moves, .n_waves = file->n_waves };
        return EXIT_DONE;
}

static ExitStatus explain_file(Explaining *explaining, const char *path) {
        Busy busy;
        Invocation *in = explaining->in;
        RoundTime time = { .began = clock_monotonic(), .think = explaining->input.think };
        PlanRequest request = explaining->input.request;
        const PlanFile *file = NULL;
        const char *text = NULL;
        TextFault fault;
        ExplainPlan e;
        ExitStatus status;
        Plan plan;
        size_t n = 0;
        int r = file_read(in->arena, path, &text, &n, &fault);

        if (r == 0)
                r = plan_file_parse(in->arena, text, n, &file, &fault);
        if (r < 0)
                return r == -ENOMEM ? cmd_explain_failed(explaining, r)
                                    : command_complain_fault(in, EXIT_BAD_INPUT,
                                                             strcmp(path, "-") == 0 ? "standard input" : path,
                                                             &fault);
        assert(file);
        status = plan_of_file(explaining, file, &plan);
        if (status != EXIT_DONE)
                return status;
        request.time = (TimeLimit){ .is_up = round_time_is_up, .arg = &time };
        busy_begin(&busy, &explaining->in->err, "planning without each move and rule");
        r = explain_plan(in->arena, explaining->view.snapshot, explaining->facts->settings, policies_all(),
                         &plan, &request, &e);
        busy_end(&busy);
        if (r < 0)
                return cmd_explain_failed(explaining, r);
        if (in->json)
                return cmd_explain_print_json(explaining, explain_plan_json(&e, &explaining->view),
                                              "plimsoll.explain-plan/1");
        r = explain_plan_text(in->arena, &e, &explaining->view, &in->out);
        return r < 0 ? cmd_explain_failed(explaining, r) : EXIT_DONE;
}

/* ---- the command ---- */

static ExitStatus cmd_explain_explain(Invocation *in, const Facts *facts, const char *plan) {
        Workers workers = workers_threads(0);
        Explaining x = { .in = in,
                         .facts = facts,
                         .view = { .all = option_given(&in->options, "all") },
                         .input = { .settings = facts->settings,
                                    .request = PLAN_REQUEST_DEFAULT,
                                    .now = clock_now(),
                                    .think = settings_int(facts->settings, "service", "think") } };
        Store *store = source_store(facts->source);
        ExitStatus status = what_if_facts_read(in, facts, &x.what_if);
        int r;

        x.input.snapshot = status == EXIT_DONE ? x.what_if.snapshot : NULL;
        r = status == EXIT_DONE ? facts_holds(in, store, &x.input) : 0;
        if (r < 0)
                return command_complain(in, EXIT_FAILED, "%s", store_error(store));
        if (status != EXIT_DONE)
                return status;
        x.input.request.workers = &workers;
        x.view.snapshot = x.input.snapshot = x.what_if.snapshot;
        if (!in->json)
                what_if_facts_print(&x.what_if, &in->out);
        status = plan ? explain_file(&x, plan) : explain_one(&x);
        if (status == EXIT_DONE && !in->json && (x.what_if.any || x.what_if.set))
                status = what_if_facts_compare(in, &x.what_if, &x.input, NULL);
        return status;
}

static ExitStatus cmd_explain_run(Invocation *in) {
        const char *plan = option_text(&in->options, "plan");
        Facts facts;
        ExitStatus status;

        if (!plan == (in->options.n_arguments == 0))
                return command_complain(in, EXIT_BAD_INPUT,
                                        "Nothing to explain. Give VM [HOST], or --plan FILE.");
        status = facts_open(in, &facts);
        if (status == EXIT_DONE)
                status = cmd_explain_explain(in, &facts, plan);
        facts_close(&facts);
        return status;
}

static const OptionDef cmd_explain_options[] = {
        SOURCE_OPTIONS,
        { "", 0, OPTION_HEADING, NULL, 0, 0, 0, "Explain a plan instead of a VM:" },
        { "plan", 0, OPTION_TEXT, "FILE", 0, 0, 0,
          "explain this plan file: what each move gains and each rule costs; - reads standard input" },
        WHAT_IF_OPTIONS,
        { "", 0, OPTION_HEADING, NULL, 0, 0, 0, "Output:" },
        { "all", 0, OPTION_FLAG, NULL, 0, 0, 0,
          "show every host, move and rule; default: the first 40 moves and 20 rules" },
        { "json", 0, OPTION_FLAG, NULL, 0, 0, 0,
          "print JSON, schema plimsoll.explain-vm/1 or plimsoll.explain-plan/1" },
        { 0 },
};

const Command command_explain = {
        .name = "explain",
        .summary = "why a VM runs on its host and not elsewhere; what a plan's moves and rules are worth",
        .usage = "VM [HOST] | --plan FILE [source] [options]",
        .help = "For a VM: what it needs, what each host would cost, by policy, or what refuses it there, with numbers;\n"
                "and the smallest single change that would let it go there. Each such change was tried with the planner.\n"
                "For a plan: what each move changes, and the plan without it; what each rule costs, by planning without\n"
                "it, within service.think. Nothing is changed (docs/explain.md).",
        .examples = "plimsoll explain web1 --redis redis://store:6379\n"
                    "plimsoll explain web1 h3 --from cluster.json\n"
                    "plimsoll explain --plan plan.json --from cluster.json",
        .options = cmd_explain_options,
        .most_arguments = 2,
        .run = cmd_explain_run,
};
