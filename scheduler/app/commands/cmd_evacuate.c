/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "scheduler/app/commands/apply.h"
#include "scheduler/app/commands/chosen_hosts.h"
#include "scheduler/app/commands/command.h"
#include "scheduler/app/commands/led.h"
#include "scheduler/app/commands/maintenance.h"
#include "scheduler/app/commands/plan_options.h"
#include "scheduler/app/commands/stopped.h"
#include "scheduler/app/round/round.h"
#include "scheduler/app/round/round_store.h"
#include "scheduler/app/terminal/busy.h"
#include "scheduler/app/text/plan_text.h"
#include "scheduler/model/host_silence.h"
#include "scheduler/snapshot/files/plan_file.h"

typedef struct Evacuation {
        Invocation *in;
        Facts facts;
        Strings hosts;
        WhatIf what_if;
} Evacuation;

/* What moves: what leaves the hosts and what must make way for it, unless more is asked for. */
static Strings cmd_evacuate_about(const Evacuation *evacuation) {
        const Strings none = { 0 };

        return option_given(&evacuation->in->options, "balance") ? none : evacuation->hosts;
}

/* The facts, with the host to be emptied in them. */
static ExitStatus cmd_evacuate_suppose(Evacuation *evacuation) {
        usec_t within = option_number(&evacuation->in->options, "deadline", 0);
        TextFault fault = { 0 };
        int r;

        evacuation->what_if = (WhatIf){ .emptied = evacuation->hosts.at,
                                        .n_emptied = evacuation->hosts.n,
                                        .leave_by = within > 0 ? clock_now() + within : 0 };
        if (within > 0 && evacuation->facts.snapshot->taken_at > 0 &&
            source_kind(evacuation->facts.source) == SOURCE_FILE)
                evacuation->what_if.leave_by = evacuation->facts.snapshot->taken_at + within;
        r = what_if_apply(evacuation->in->arena, evacuation->facts.snapshot, &evacuation->what_if,
                          &evacuation->facts.snapshot, &fault);
        return r < 0 ? command_complain_fault(evacuation->in, r == -EINVAL ? EXIT_BAD_INPUT : EXIT_FAILED,
                                              NULL, &fault)
                     : EXIT_DONE;
}

/* Who stays behind, said before anything is done. */
static void say_off(const Evacuation *evacuation) {
        char safe[MAINTENANCE_WORDS];

        for (uint32_t i = 0; i < evacuation->hosts.n; i++)
                if (maintenance_off(evacuation->in, &evacuation->facts, evacuation->hosts.at[i], safe))
                        (void) out_say(evacuation->in->json ? evacuation->in->err.out
                                                            : evacuation->in->out.out,
                                       "%s: %s\n", evacuation->hosts.at[i], safe);
}

/* ---- dry run ---- */

static ExitStatus cmd_evacuate_print_plan(Invocation *in, const Round *round) {
        PlanView view = { .snapshot = round->snapshot,
                          .problem = round->problem,
                          .plan = round->plan,
                          .took = round->took,
                          .all = option_given(&in->options, "all") };
        const char *text;
        size_t n;
        int r = in->json ? plan_file_print(in->arena, round->snapshot, round->plan, &text, &n)
                         : plan_text_print(in->arena, &view, &in->out);

        if (r < 0)
                return command_complain(in, EXIT_FAILED, "out of memory");
        if (in->json)
                (void) fwrite(text, 1, n, in->out.out);
        else
                (void) fputs("dry run: nothing has been moved\n", in->out.out);
        return round->plan->status >= PLAN_BLOCKED || round->plan->n_refused_all > 0 ||
                               round->plan->n_late > 0
                       ? EXIT_BLOCKED
                       : EXIT_DONE;
}

static ExitStatus dry_run(Evacuation *evacuation) {
        Busy busy;
        Workers workers = workers_threads(0);
        RoundInput input = { .snapshot = evacuation->facts.snapshot,
                             .settings = evacuation->facts.settings,
                             .request = plan_request_of(&evacuation->in->options, &workers),
                             .now = clock_now(),
                             .think = settings_int(evacuation->facts.settings, "service", "think") };
        Store *store = source_store(evacuation->facts.source);
        Round round;
        int r = facts_holds(evacuation->in, store, &input);

        input.request.about = cmd_evacuate_about(evacuation);
        if (r < 0)
                return command_complain(evacuation->in, EXIT_FAILED, "%s", store_error(store));
        input.stopped = stopped_words(evacuation->in, store);
        busy_begin(&busy, &evacuation->in->err, "planning");
        r = round_decide(evacuation->in->arena, &input, &round);
        busy_end(&busy);
        if (r < 0)
                return plan_complain(evacuation->in, r);
        return cmd_evacuate_print_plan(evacuation->in, &round);
}

/* ---- in earnest ---- */

/* From Redis the host is put into maintenance first, so that nothing comes back; then the service empties it,
 * or, where none acts, this program does, as the leader. */
static ExitStatus cmd_evacuate_with_store(Evacuation *evacuation) {
        Invocation *in = evacuation->in;
        const usec_t begun = clock_now();
        int acts = maintenance_acts(in, &evacuation->facts);
        ExitStatus status = EXIT_DONE;
        Led led = { 0 };
        char safe[256];

        if (acts < 0)
                return maintenance_failed(in, source_store(evacuation->facts.source), acts);
        if (acts) /* what it shows outlives it a little */
                status = led_look(in, source_store(evacuation->facts.source), evacuation->facts.settings,
                                  &led);
        if (status != EXIT_DONE)
                return status;
        acts = acts && led.by_service;
        status = stopped_check(in, source_store(evacuation->facts.source), evacuation->facts.settings);
        if (status != EXIT_DONE) /* before the hosts are marked: nothing is done by halves */
                return status;
        if (!acts && option_given(&in->options, "no-wait"))
                return command_complain(
                        in, EXIT_BLOCKED,
                        "nothing was moved: no service that moves VMs for maintenance leads this cluster");
        if (acts && option_given(&in->options, "force"))
                return command_complain(
                        in, EXIT_BAD_INPUT,
                        "the service moves the VMs of this cluster by its own settings. Instead of --force, set "
                        "reserve.maintenance there");
        status = maintenance_may_enter(in, &evacuation->facts, &evacuation->hosts);
        for (uint32_t i = 0; i < evacuation->hosts.n && status == EXIT_DONE; i++)
                status = maintenance_enter(in, &evacuation->facts, evacuation->hosts.at[i],
                                           option_given(&in->options, "several"));
        if (status == EXIT_DONE && option_given(&in->options, "no-wait")) {
                status = facts_read(in, &evacuation->facts);
                if (status == EXIT_DONE) /* what is to leave is no fault of it */
                        (void) maintenance_show(in, &evacuation->facts, &evacuation->hosts);
                return status;
        }
        if (status == EXIT_DONE && acts)
                return maintenance_wait_all(in, &evacuation->facts, &evacuation->hosts, begun);
        if (status == EXIT_DONE)
                status = facts_read(in, &evacuation->facts);
        if (status == EXIT_DONE)
                status = facts_reach(in, &evacuation->facts);
        if (status == EXIT_DONE)
                say_off(evacuation);
        if (status == EXIT_DONE)
                status = apply_what_if(in, &evacuation->facts, NULL, cmd_evacuate_about(evacuation));
        for (uint32_t i = 0; i < evacuation->hosts.n && !in->json && status != EXIT_BAD_INPUT; i++)
                (void) out_say(
                        in->out.out,
                        "%s stays in maintenance. To put it back into service: plimsoll maintenance exit %s\n",
                        text_safe(evacuation->hosts.at[i], safe, sizeof(safe)), safe);
        return status;
}

/* Without agents nobody remembers the VMs of a host that does not answer: that none is known does not mean that it is empty. */
static ExitStatus cmd_evacuate_are_seen(const Evacuation *evacuation) {
        const Snapshot *s = evacuation->facts.snapshot;

        for (uint32_t i = 0; i < evacuation->hosts.n; i++) {
                const HostIx h = snapshot_host(s, evacuation->hosts.at[i]);

                if (h != IX_NONE && host_is_silent(&s->hosts[h]) && stranded_vms(s, h) == 0)
                        return command_complain(evacuation->in, EXIT_BLOCKED,
                                                "%s: %s. The VMs on it are unknown; nothing was moved",
                                                s->hosts[h].name, host_silence_why(&s->hosts[h]));
        }
        return EXIT_DONE;
}

static ExitStatus cmd_evacuate_evacuate(Evacuation *evacuation) {
        Invocation *in = evacuation->in;
        SourceKind kind = source_kind(evacuation->facts.source);
        const Strings words = { .at = (const char *const *) in->options.arguments,
                                .n = (uint32_t) in->options.n_arguments };
        TextFault fault = { 0 };
        ExitStatus status;

        status = chosen_hosts(in, evacuation->facts.snapshot, "", &words, &evacuation->hosts);
        if (status == EXIT_DONE && evacuation->hosts.n > 1 && in->json &&
            source_store(evacuation->facts.source) && !option_given(&in->options, "dry-run"))
                status = command_complain(in, EXIT_BAD_INPUT, "--json accepts one host, with --redis");
        if (status == EXIT_DONE)
                status = chosen_hosts_take_part(in, evacuation->facts.snapshot, &evacuation->hosts);
        if (status == EXIT_DONE && kind == SOURCE_HOSTS)
                status = cmd_evacuate_are_seen(evacuation);
        if (status != EXIT_DONE)
                return status;
        if (option_given(&in->options, "force") &&
            settings_set(evacuation->facts.settings, "reserve.maintenance", "spends", &fault) < 0)
                return command_complain_fault(in, EXIT_FAILED, NULL, &fault);
        if (source_store(evacuation->facts.source) && !option_given(&in->options, "dry-run"))
                return cmd_evacuate_with_store(evacuation);
        if (option_given(&in->options, "for-good")) {
                source_for_good(evacuation->facts.source, evacuation->hosts);
                status = facts_read(in, &evacuation->facts);
                if (status != EXIT_DONE)
                        return status;
        }
        status = cmd_evacuate_suppose(evacuation);
        if (status == EXIT_DONE)
                say_off(evacuation);
        if (status != EXIT_DONE || option_given(&in->options, "dry-run"))
                return status == EXIT_DONE ? dry_run(evacuation) : status;
        if (kind == SOURCE_FILE)
                return command_complain(
                        in, EXIT_BAD_INPUT,
                        "evacuate needs live data; a snapshot may be out of date. Use --hosts or --redis, or --dry-run");
        return apply_what_if(in, &evacuation->facts, &evacuation->what_if, cmd_evacuate_about(evacuation));
}

static ExitStatus cmd_evacuate_run(Invocation *in) {
        Evacuation x = { .in = in };
        ExitStatus status = facts_open(in, &x.facts);

        if (status == EXIT_DONE)
                status = facts_ending(&x.facts, cmd_evacuate_evacuate(&x));
        facts_close(&x.facts);
        return status;
}

static const OptionDef cmd_evacuate_options[] = {
        SOURCE_OPTIONS,
        { "", 0, OPTION_HEADING, NULL, 0, 0, 0, "How:" },
        { "deadline", 0, OPTION_DURATION, "TIME", 0, USEC_PER_SEC, INT64_C(30) * 86400 * USEC_PER_SEC,
          "empty the hosts within TIME (30m, 2h): the heaviest VMs leave first, and those that will "
          "not make it are listed beforehand" },
        { "for-good", 0, OPTION_FLAG, NULL, 0, 0, 0,
          "the host does not come back: also move VMs that are off" },
        { "why", 0, OPTION_TEXT, "TEXT", 0, 0, 0,
          "with --redis: reason, shown by plimsoll maintenance status" },
        { "dry-run", 'n', OPTION_FLAG, NULL, 0, 0, 0, "show the plan, and move nothing" },
        { "force", 0, OPTION_FLAG, NULL, 0, 0, 0,
          "also if that uses up the reserve for lost hosts (reserve.maintenance: waits)" },
        { "several", 0, OPTION_FLAG, NULL, 0, 0, 0,
          "with --redis: also if that empties more hosts within a short time than the brake permits "
          "(docs/brake.md)" },
        { "balance", 0, OPTION_FLAG, NULL, 0, 0, 0,
          "plan for the whole cluster: also repair rules, relieve and balance other hosts" },
        { "yes", 'y', OPTION_FLAG, NULL, 0, 0, 0, "do not ask for confirmation; needed without a terminal" },
        { "no-wait", 0, OPTION_FLAG, NULL, 0, 0, 0,
          "have the service evacuate them, and do not wait for the end" },
        { "all", 0, OPTION_FLAG, NULL, 0, 0, 0,
          "show every host and move; default: the 16 worst hosts and the first 40 moves" },
        { "json", 0, OPTION_FLAG, NULL, 0, 0, 0,
          "print JSON, schema plimsoll.apply/1; with --dry-run plimsoll.plan/1; where the service "
          "moves plimsoll.maintenance/1" },
        PLAN_OPTIONS,
        { 0 },
};

const Command command_evacuate = {
        .name = "evacuate",
        .summary = "evacuate hosts now, with or without agents and a service",
        .usage = "HOSTS… [source] [--deadline 30m] [--for-good] [--balance] [--dry-run] [--yes]",
        .help = "Moves all VMs of the hosts to other hosts: shows the plan, asks for confirmation, and moves. Only what\n"
                "leaves the hosts and what must make room for it moves; --balance plans for the whole cluster. With\n"
                "--redis the host first enters maintenance, so that nothing comes back; if a service acts in the cluster,\n"
                "it moves the VMs by a plan of its own, and this command waits for it. Without agents (--hosts) it is not\n"
                "recorded that the host was evacuated. VMs that are off stay, except with --for-good, which declares that\n"
                "the host does not come back.\n"
                "HOSTS are names, or selections as in rules: rack:r1, label:disk=ssd, 'h[1-4]', '!h3'.\n"
                "A failed move does not hold back other VMs; what stayed, and why, is a table at the end.\n"
                "Exit status 3: some VMs stay, or (--dry-run) will not leave in time.",
        .examples = "plimsoll evacuate h2 --dry-run --redis redis://store:6379\n"
                    "plimsoll evacuate h2 --deadline 30m --yes\n"
                    "plimsoll evacuate rack:r1 --for-good --why \"power supply replaced\"",
        .options = cmd_evacuate_options,
        .least_arguments = 1,
        .most_arguments = HOSTS_NAMED_MAX,
        .run = cmd_evacuate_run,
};
