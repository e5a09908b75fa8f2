/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "policies/policies.h"
#include "scheduler/app/commands/command.h"
#include "scheduler/app/commands/place_book.h"
#include "scheduler/app/commands/plan_options.h"
#include "scheduler/app/commands/vm_options.h"
#include "scheduler/app/commands/what_if_facts.h"
#include "scheduler/app/terminal/busy.h"
#include "scheduler/app/terminal/human.h"
#include "scheduler/app/terminal/json_print.h"
#include "scheduler/app/terminal/table.h"
#include "scheduler/app/text/trial_text.h"
#include "scheduler/base/text.h"
#include "scheduler/snapshot/json/json_value.h"

typedef struct Placing {
        Invocation *in;
        const Facts *facts;
        WhatIfFacts what_if;
        NewVm wanted;
        const char *notes; /* of the XML, or NULL */
        PlaceAnswer answer;
        RoundInput input;
        const Booking *booked; /* [answer.n_vms] what is held now; NULL: nothing is */
} Placing;

static const Vm *placed_vm(const Placing *placing, uint32_t i) {
        return &placing->answer.trial.s->vms[placing->answer.vms[i].vm];
}

static const char *cmd_place_host_name(const Placing *placing, HostIx h) {
        return placing->answer.trial.s->hosts[h].name;
}

/* ---- text ---- */

static void print_wish(const Placing *placing) {
        const Vm *vm = placed_vm(placing, 0);
        FILE *out = placing->in->out.out;
        char size[HUMAN_SIZE], safe[256];

        (void) out_say(out, "%s%s%s: %lld vCPU%s, %s", screen_style(&placing->in->out, STYLE_STRONG),
                       placing->wanted.count > 1 ? "new VMs" : text_safe(vm->name, safe, sizeof(safe)),
                       screen_style(&placing->in->out, STYLE_PLAIN), (long long) vm->vcpus,
                       vm->vcpus == 1 ? "" : "s", human_mib(vm->memory_mib, size));
        for (uint32_t i = 0; i < vm->groups.n; i++)
                (void) out_say(out, ", group %s", text_safe(vm->groups.at[i], safe, sizeof(safe)));
        for (uint32_t i = 0; i < vm->networks.n; i++)
                (void) out_say(out, ", network %s", text_safe(vm->networks.at[i], safe, sizeof(safe)));
        for (uint32_t i = 0; i < vm->pools.n; i++)
                (void) out_say(out, ", pool %s", text_safe(vm->pools.at[i], safe, sizeof(safe)));
        (void) out_say(out, "; expected to use %lld.%lld cores%s\n", (long long) vm->cpu_mcores / 1000,
                       (long long) vm->cpu_mcores % 1000 / 100,
                       placing->wanted.vm.cpu_mcores == UNKNOWN && !placing->wanted.like
                               ? ", the average of this cluster's VMs (set it with --cpu)"
                               : "");
        if (placing->notes)
                (void) out_say(out, "note: %s\n", text_safe(placing->notes, safe, sizeof(safe)));
        (void) fputc('\n', out);
}

/* What planning after it gives: the promise, or that it does not hold. */
static void print_settled(const Placing *placing) {
        const PlaceAnswer *a = &placing->answer;
        FILE *out = placing->in->out.out;

        if (!a->plan)
                return;
        if (a->plan->cut)
                (void) fputs(
                        "time limit reached (service.think): not checked completely whether it stays there\n",
                        out);
        else if (a->plan->n_moves == 0)
                (void) fputs("planned again with it there: no migration is worth its cost\n", out);
        else if (a->settled)
                (void) out_say(out, "planned again with %s there: %u move%s of other VMs, none of %s\n",
                               a->n_vms > 1 ? "them" : "it", a->plan->n_moves,
                               a->plan->n_moves == 1 ? "" : "s", a->n_vms > 1 ? "theirs" : "its own");
        else
                (void) out_say(
                        out,
                        "planned again with %s there: %u of the %u %s of the new VMs; no better start was "
                        "found\n",
                        a->n_vms > 1 ? "them" : "it", a->moved, a->plan->n_moves,
                        text_plural(a->plan->n_moves, "move is", "moves are"));
}

static int print_several(const Placing *placing) {
        static const Column columns[] = { { .title = "VM", .most = 28 },
                                          { .title = "HOST", .most = 24 },
                                          { .title = "COST", .right = true },
                                          { .title = "COST BY POLICY" } };
        const PlaceAnswer *answer = &placing->answer;
        Arena *a = placing->in->arena;
        Table t = table_begin(a, columns, ARRAY_SIZE(columns));
        int r = 0;

        for (uint32_t i = 0; i < answer->n_vms && r == 0; i++) {
                const Placed *one = &answer->vms[i];

                if (one->host == IX_NONE)
                        r = table_row(&t, (Cell[]){ { .text = placed_vm(placing, i)->name },
                                                    { .text = "none", .style = STYLE_BAD },
                                                    { .text = "" },
                                                    { .text = "no host has room left" } });
                else
                        r = table_row(&t,
                                      (Cell[]){ { .text = placed_vm(placing, i)->name },
                                                { .text = cmd_place_host_name(placing, one->host),
                                                  .style = STYLE_STRONG },
                                                { .text = trial_cost_text(a, &one->delta) },
                                                { .text = trial_cost_words(a, answer->trial.policies,
                                                                           one->by_policy, &one->delta) } });
        }
        if (r == 0)
                table_print(&t, &placing->in->out, "  ");
        (void) fputc('\n', placing->in->out.out);
        return r;
}

static int cmd_place_print_text(const Placing *placing) {
        const PlaceAnswer *a = &placing->answer;
        const Screen *screen = &placing->in->out;
        TrialView view = { .trial = &a->trial,
                           .hosts = a->hosts,
                           .refusals = a->refusals,
                           .n = a->trial.p->n_hosts,
                           .all = option_given(&placing->in->options, "all") };
        int r = 0;

        what_if_facts_print(&placing->what_if, screen);
        print_wish(placing);
        if (a->n_placed == 0)
                (void) out_say(screen->out, "%sno host can take it%s\n", screen_style(screen, STYLE_BAD),
                               screen_style(screen, STYLE_PLAIN));
        else if (a->n_vms == 1)
                (void) out_say(screen->out, "%splace it on %s%s\n", screen_style(screen, STYLE_GOOD),
                               cmd_place_host_name(placing, a->vms[0].host),
                               screen_style(screen, STYLE_PLAIN));
        else
                (void) out_say(screen->out,
                               "%s%u of %u can be placed%s\n"
                               "\n",
                               screen_style(screen, a->n_placed == a->n_vms ? STYLE_GOOD : STYLE_BAD),
                               a->n_placed, a->n_vms, screen_style(screen, STYLE_PLAIN));
        if (a->n_vms > 1 && a->n_placed > 0)
                r = print_several(placing);
        if (a->n_placed > 0)
                print_settled(placing);
        (void) out_say(screen->out, "\n%sEach host, for %s:%s\n", screen_style(screen, STYLE_STRONG),
                       a->n_vms > 1 ? "the first one" : "it", screen_style(screen, STYLE_PLAIN));
        return r == 0 ? trial_text_print(placing->in->arena, &view, screen) : r;
}

/* ---- JSON ---- */

static json_t *cmd_place_names_json(const Strings *names) {
        json_t *array = json_array();

        for (uint32_t i = 0; i < names->n; i++)
                (void) json_array_append_new(array, json_string(names->at[i]));
        return array;
}

static json_t *vm_json(const Placing *placing) {
        const Vm *vm = placed_vm(placing, 0);
        json_t *o = json_object();

        (void) json_object_set_new(o, "vcpus", json_integer(vm->vcpus));
        (void) json_object_set_new(o, "memory_mib", json_integer(vm->memory_mib));
        (void) json_object_set_new(o, "cpu", json_cores(vm->cpu_mcores));
        (void) json_object_set_new(
                o, "cpu_is_average",
                json_boolean(placing->wanted.vm.cpu_mcores == UNKNOWN && !placing->wanted.like));
        (void) json_object_set_new(o, "groups", cmd_place_names_json(&vm->groups));
        (void) json_object_set_new(o, "networks", cmd_place_names_json(&vm->networks));
        (void) json_object_set_new(o, "pools", cmd_place_names_json(&vm->pools));
        (void) json_object_set_new(o, "note", json_text(placing->notes));
        return o;
}

static json_t *placements_json(const Placing *placing) {
        json_t *array = json_array();

        for (uint32_t i = 0; i < placing->answer.n_vms; i++) {
                const Placed *one = &placing->answer.vms[i];
                json_t *o = json_object();

                (void) json_object_set_new(o, "vm", json_string(placed_vm(placing, i)->name));
                (void) json_object_set_new(o, "host",
                                           one->host == IX_NONE
                                                   ? json_null()
                                                   : json_string(cmd_place_host_name(placing, one->host)));
                (void) json_object_set_new(o, "cost",
                                           one->host == IX_NONE ? json_null() : costs_json(&one->delta));
                (void) json_object_set_new(
                        o, "cost_by_policy",
                        one->host == IX_NONE ? json_null()
                                             : policies_json(placing->answer.trial.policies, one->by_policy));
                (void) json_array_append_new(array, o);
        }
        return array;
}

static json_t *cmd_place_booked_json(const Placing *placing) {
        json_t *list = json_array();

        for (uint32_t i = 0; i < placing->answer.n_vms; i++) {
                const Booking *b = &placing->booked[i];

                (void) json_array_append_new(list, json_pack("{s:s, s:s, s:o, s:s}", "vm", b->vm.name, "host",
                                                             b->host, "until", json_instant(b->until), "by",
                                                             b->by));
        }
        return list;
}

static ExitStatus cmd_place_print_json(const Placing *placing) {
        const PlaceAnswer *a = &placing->answer;
        const TrialView view = {
                .trial = &a->trial, .hosts = a->hosts, .refusals = a->refusals, .n = a->trial.p->n_hosts
        };
        json_t *o = json_object(), *what_if;

        (void) json_object_set_new(o, "schema", json_string("plimsoll.place/1"));
        (void) json_object_set_new(o, "cluster", json_string(a->trial.s->cluster));
        (void) json_object_set_new(o, "wanted", vm_json(placing));
        (void) json_object_set_new(o, "placed", json_integer(a->n_placed));
        (void) json_object_set_new(o, "placements", placements_json(placing));
        (void) json_object_set_new(o, "settled", json_boolean(a->settled));
        (void) json_object_set_new(o, "moves_after", json_integer(a->plan ? a->plan->n_moves : 0));
        (void) json_object_set_new(o, "hosts", trial_json(&view));
        (void) json_object_set_new(o, "booked",
                                   placing->booked ? cmd_place_booked_json(placing) : json_array());
        what_if = placing->what_if.any
                          ? what_if_facts_json(placing->in, &placing->what_if, &placing->input, NULL)
                          : json_null();
        if (!what_if) {
                json_decref(o);
                return EXIT_FAILED;
        }
        (void) json_object_set_new(o, "what_if", what_if);
        (void) json_print(o, placing->in->out.out);
        return EXIT_DONE;
}

/* ---- the command ---- */

static ExitStatus cmd_place_find(Placing *placing) {
        Busy busy;
        Invocation *in = placing->in;
        const WhatIf one = { .vms = &placing->wanted, .n_vms = 1 };
        RoundTime time = { .began = clock_monotonic(), .think = placing->input.think };
        PlaceRequest request = { .plan = placing->input.request, .tries = PLACE_TRIES };
        const Snapshot *s;
        TextFault fault = { 0 };
        int r = what_if_apply(in->arena, placing->what_if.snapshot, &one, &s, &fault);

        if (r == -EINVAL)
                return command_complain_fault(in, EXIT_BAD_INPUT, NULL, &fault);
        request.plan.time =
                (TimeLimit){ .is_up = round_time_is_up, .arg = &time }; /* for all tries together */
        if (r == 0) {
                busy_begin(&busy, &placing->in->err, "searching a place");
                r = place_find(in->arena, s, placing->facts->settings, policies_all(), &request,
                               &placing->answer);
                busy_end(&busy);
        }
        if (r == -ENODATA)
                return command_complain(in, EXIT_FAILED, "the cluster has no hosts");
        return r < 0 ? command_complain(in, EXIT_FAILED, "cannot place it: %s", strerrordesc_np(-r))
                     : EXIT_DONE;
}

static void cmd_place_print_booked(const Placing *placing) {
        char vm[256], host[256], until[HUMAN_SIZE];

        for (uint32_t i = 0; i < placing->answer.n_vms; i++) {
                const Booking *b = &placing->booked[i];

                (void) out_say(
                        placing->in->out.out,
                        "booked: room for %s on %s until %s, or until the VM runs. To cancel it: plimsoll place "
                        "--release %s\n",
                        text_safe(b->vm.name, vm, sizeof(vm)), text_safe(b->host, host, sizeof(host)),
                        human_time(b->until, until), vm);
        }
}

#define BOOK_TRIES 8

/* Found and held, as often as somebody else takes or gives back room between the two. */
static ExitStatus cmd_place_book(Placing *placing, Facts *facts) {
        Invocation *in = placing->in;
        ExitStatus status = EXIT_DONE;
        bool again = true;

        for (int i = 0; status == EXIT_DONE && again; i++) {
                if (i == BOOK_TRIES)
                        return command_complain(in, EXIT_FAILED,
                                                "nothing was booked: other commands keep booking. Try again");
                if (i > 0)
                        status = facts_read(in, facts);
                placing->input.snapshot = placing->what_if.snapshot = facts->snapshot;
                if (status == EXIT_DONE)
                        status = place_book_check(in, facts, &placing->what_if, &placing->wanted);
                if (status == EXIT_DONE)
                        status = cmd_place_find(placing);
                if (status != EXIT_DONE || placing->answer.n_placed < placing->answer.n_vms)
                        return status;
                status = place_book_hold(in, facts, &placing->answer, &placing->booked, &again);
        }
        return status;
}

static ExitStatus cmd_place_place(Invocation *in, Facts *facts) {
        Workers workers = workers_threads(0);
        Placing p = { .in = in,
                      .facts = facts,
                      .input = { .snapshot = facts->snapshot,
                                 .settings = facts->settings,
                                 .request = PLAN_REQUEST_DEFAULT,
                                 .now = clock_now(),
                                 .think = settings_int(facts->settings, "service", "think") } };
        ExitStatus status = what_if_facts_read(in, facts, &p.what_if);

        p.input.request.workers = &workers;
        if (status == EXIT_DONE)
                status = vm_options_read(in, p.what_if.snapshot, &p.wanted, &p.notes);
        p.wanted.count = option_number(&in->options, "count", 1);
        if (status == EXIT_DONE)
                status = option_given(&in->options, "book") ? cmd_place_book(&p, facts) : cmd_place_find(&p);
        if (status == EXIT_DONE && in->json)
                status = cmd_place_print_json(&p);
        else if (status == EXIT_DONE && cmd_place_print_text(&p) < 0)
                status = command_complain(in, EXIT_FAILED, "out of memory");
        if (status == EXIT_DONE && !in->json && p.booked)
                cmd_place_print_booked(&p);
        else if (status == EXIT_DONE && !in->json && option_given(&in->options, "book"))
                (void) fputs("nothing was booked\n", in->out.out);
        if (status == EXIT_DONE && !in->json && (p.what_if.any || p.what_if.set))
                status = what_if_facts_compare(in, &p.what_if, &p.input, NULL);
        return status == EXIT_DONE && p.answer.n_placed < p.answer.n_vms ? EXIT_BLOCKED : status;
}

static ExitStatus cmd_place_run(Invocation *in) {
        const char *release = option_text(&in->options, "release");
        const bool list = option_given(&in->options, "list");
        Facts facts;
        ExitStatus status;

        if ((release != NULL) + list + option_given(&in->options, "book") > 1)
                return command_complain(in, EXIT_BAD_INPUT,
                                        "--book, --list and --release exclude each other. Give one of them.");
        if (release)
                return place_book_release(in, release);
        status = facts_open(in, &facts);
        if (status == EXIT_DONE)
                status = list ? place_book_list(in, &facts) : cmd_place_place(in, &facts);
        facts_close(&facts);
        return status;
}

static const OptionDef cmd_place_options[] = {
        SOURCE_OPTIONS,
        VM_OPTIONS,
        { "count", 0, OPTION_NUMBER, "N", 1, 1, 10000, "place N such VMs at once; default: 1" },
        BOOKING_OPTIONS,
        WHAT_IF_OPTIONS,
        { "", 0, OPTION_HEADING, NULL, 0, 0, 0, "Output:" },
        { "all", 0, OPTION_FLAG, NULL, 0, 0, 0,
          "show every host; default: the first 12 that can take it and 20 that cannot" },
        { "json", 0, OPTION_FLAG, NULL, 0, 0, 0, "print JSON, schema plimsoll.place/1" },
        { 0 },
};

const Command command_place = {
        .name = "place",
        .summary = "find the best host for one or several new VMs, and why not the others",
        .usage = "--vcpus N --memory SIZE [--book 10m --name VM] [source] | --list | --release VM [source]",
        .help = "Tries the VM on every host with the planner, shows what it would cost on each, by policy, and why the\n"
                "others refuse it, with numbers. Then it plans for the cluster with the VM there, and reports whether any\n"
                "move would follow. Nothing is changed (docs/place.md). With --book TIME the room that was found is\n"
                "reserved: no plan and no other start takes it until the VM runs, the time is over, or --release.\n"
                "Exit status 3: not all of them can be placed.",
        .examples = "plimsoll place --vcpus 4 --memory 16GiB --redis redis://store:6379\n"
                    "plimsoll place --like web1 --name web2 --book 10m --redis redis://store:6379\n"
                    "plimsoll place --list --redis redis://store:6379",
        .options = cmd_place_options,
        .run = cmd_place_run,
};
