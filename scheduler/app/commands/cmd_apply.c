/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <jansson.h>
#include <string.h>
#include <unistd.h>

#include "scheduler/act/libvirt/executor_libvirt.h"
#include "scheduler/app/commands/apply.h"
#include "scheduler/app/commands/command.h"
#include "scheduler/app/commands/ended_move.h"
#include "scheduler/app/commands/facts.h"
#include "scheduler/app/commands/handed_plan.h"
#include "scheduler/app/commands/led.h"
#include "scheduler/app/commands/maintenance.h"
#include "scheduler/app/commands/plan_options.h"
#include "scheduler/app/commands/progress.h"
#include "scheduler/app/commands/stayed.h"
#include "scheduler/app/commands/stopped.h"
#include "scheduler/app/round/audit_store.h"
#include "scheduler/app/round/round_store.h"
#include "scheduler/app/state/host_mark.h"
#include "scheduler/app/state/stop_signal.h"
#include "scheduler/app/terminal/busy.h"
#include "scheduler/app/terminal/file.h"
#include "scheduler/app/terminal/json_print.h"
#include "scheduler/app/text/plan_text.h"
#include "scheduler/base/text.h"

typedef struct Apply {
        Invocation *in;
        Facts facts;
        RoundInput input;
        Round round; /* of planning; plan NULL: a plan file is carried out */
        const PlanFile *file;
        const char *text; /* of it */
        const MoveOrder *moves;
        uint32_t n;
        bool blocked; /* the plan names something that must be done and cannot */
        Progress *progress;
        Screen screen; /* of progress: standard error with --json */
        unsigned stops;
        Leadership leadership;
        const WhatIf *suppose; /* of an evacuation; NULL */
        Strings about;         /* what it is about; none: the cluster */
        const char *id;        /* of a plan that only a service carries out; NULL: any does */
        bool proposes, no_wait, all;
} Apply;

/* ---- what to move ---- */

/* How it is called where it is read: one that was handed over has no name of this machine. */
static const char *cmd_apply_called(const char *path) {
        return strncmp(path, "/proc/", 6) == 0 ? "the plan" : path;
}

static ExitStatus from_plan_file(Apply *apply, const char *path) {
        Invocation *in = apply->in;
        const Objection *objections = NULL;
        const PlanFile *plan = NULL;
        uint32_t n_objections = 0;
        const char *text;
        TextFault fault;
        size_t n;

        if (file_read(in->arena, path, &text, &n, &fault) < 0 ||
            plan_file_parse(in->arena, text, n, &plan, &fault) < 0)
                return command_complain_fault(in, EXIT_BAD_INPUT, cmd_apply_called(path), &fault);
        if (plan_check(in->arena, apply->facts.snapshot, apply->facts.settings, plan->moves, plan->n_moves,
                       &objections, &n_objections) < 0)
                return command_complain(in, EXIT_FAILED, "out of memory");
        if (n_objections > 0)
                return command_complain(in, EXIT_BLOCKED,
                                        "%s is not safe now: %s (%u %s; see plimsoll check)",
                                        cmd_apply_called(path), objections[0].text, n_objections,
                                        text_plural(n_objections, "objection", "objections"));
        if (mover_moves_of_file(in->arena, apply->facts.snapshot, apply->facts.settings, plan, &apply->moves,
                                &fault) < 0)
                return command_complain_fault(in, EXIT_BLOCKED, cmd_apply_called(path), &fault);
        apply->n = plan->n_moves;
        apply->file = plan;
        apply->text = text;
        if (!in->json)
                (void) out_say(in->out.out, "%s: %u %s in %u %s\n", cmd_apply_called(path), plan->n_moves,
                               text_plural(plan->n_moves, "move", "moves"), plan->n_waves,
                               text_plural(plan->n_waves, "wave", "waves"));
        return EXIT_DONE;
}

/* The moves of the plan, as orders. */
static ExitStatus cmd_apply_orders(Apply *apply) {
        TextFault fault;

        if (mover_moves_of_plan(apply->in->arena, apply->round.snapshot, apply->round.plan, &apply->moves,
                                &fault) < 0)
                return command_complain_fault(apply->in, EXIT_BLOCKED, NULL, &fault);
        apply->n = apply->round.plan->n_moves;
        apply->blocked = apply->round.plan->status >= PLAN_BLOCKED || apply->round.plan->n_refused_all > 0;
        return EXIT_DONE;
}

static ExitStatus from_planning(Apply *apply) {
        Busy busy;
        Invocation *in = apply->in;
        Workers workers = workers_threads(0);
        PlanView view = { .all = option_given(&in->options, "all") };
        Store *store = source_store(apply->facts.source);
        int r;

        apply->input = (RoundInput){ .snapshot = apply->facts.snapshot,
                                     .settings = apply->facts.settings,
                                     .request = plan_request_of(&in->options, &workers),
                                     .now = clock_now(),
                                     .think = settings_int(apply->facts.settings, "service", "think") };
        apply->input.request.about = apply->about;
        r = facts_holds(in, store, &apply->input);

        if (r < 0)
                return command_complain(in, EXIT_FAILED, "%s", store_error(store));
        apply->input.stopped = stopped_words(in, store);
        busy_begin(&busy, &in->err, "planning");
        r = round_decide(in->arena, &apply->input, &apply->round);
        busy_end(&busy);
        if (r < 0)
                return plan_complain(in, r);
        view.snapshot = apply->round.snapshot;
        view.problem = apply->round.problem;
        view.plan = apply->round.plan;
        view.took = apply->round.took;
        if (!in->json && plan_text_print(in->arena, &view, &in->out) < 0)
                return command_complain(in, EXIT_FAILED, "out of memory");
        apply->input.request.workers = &workers_none; /* what was decided is not decided again */
        return cmd_apply_orders(apply);
}

/* ---- a person's yes ---- */

ExitStatus apply_ask(Invocation *in, uint32_t moves) {
        char answer[16] = "";

        if (option_given(&in->options, "yes"))
                return EXIT_DONE;
        if (!isatty(STDIN_FILENO) || in->json)
                return command_complain(in, EXIT_BAD_INPUT, "nothing was moved: %s",
                                        in->json ? "--json cannot ask for confirmation; add --yes"
                                                 : "there is no terminal to ask for confirmation; add --yes");
        (void) out_say(in->out.out, "\nMove %u VM%s now? [y/N] ", moves, moves == 1 ? "" : "s");
        (void) fflush(in->out.out);
        if (!fgets(answer, sizeof(answer), stdin) || (answer[0] != 'y' && answer[0] != 'Y'))
                return command_complain(in, EXIT_FAILED, "nothing was moved");
        return EXIT_DONE;
}

/* ---- the run ---- */

static void cmd_apply_started(void *arg, uint32_t move) {
        progress_started(((Apply *) arg)->progress, move);
}

static void cmd_apply_seen(void *arg, uint32_t move, const MigrationStatus *status) {
        progress_seen(((Apply *) arg)->progress, move, status);
}

static void cmd_apply_ended(void *arg, uint32_t move, const MoveOutcome *outcome) {
        progress_ended(((Apply *) arg)->progress, move, outcome);
}

static void cmd_apply_trouble(void *arg, uint32_t move, const char *what) {
        Apply *x = arg;
        char text[512], vm[256];

        (void) snprintf(text, sizeof(text), "%s: the journal: %s",
                        text_safe(x->moves[move].vm, vm, sizeof(vm)), what);
        progress_say(x->progress, STYLE_BAD, text);
}

static StopRequest cmd_apply_stop_request(void *arg) {
        Apply *x = arg;
        unsigned stops = stop_signal_count();

        if (stops > x->stops)
                progress_say(
                        x->progress, STYLE_WARN,
                        stops == 1
                                ? "stopping: no more migrations are started; running ones may finish. Press Ctrl-C again to "
                                  "abort them"
                                : "aborting running migrations");
        x->stops = stops;
        progress_draw(x->progress, false);
        return stop_signal_request();
}

/* What the audit calls it. */
static const char *cmd_apply_mode(const Apply *apply) {
        return apply->input.request.wish.vm ? "move" : "apply";
}

/* The record and the audit, as the service keeps them. What cannot be kept is said; the moves are made. */
static void cmd_apply_keep(Apply *apply, const MoveOutcome *outcomes) {
        Invocation *in = apply->in;
        RoundRecord record = { .input = &apply->input,
                               .facts = apply->facts.raw,
                               .round = &apply->round,
                               .leader = apply->leadership.self,
                               .mode = cmd_apply_mode(apply),
                               .n_moves = apply->n };
        AuditEntry entry = { .at = clock_now(),
                             .leader = apply->leadership.self,
                             .mode = cmd_apply_mode(apply) };
        char by[256];
        char name[RECORD_NAME_SIZE] = "";
        int r;

        if (!source_store(apply->facts.source))
                return;
        r = mover_record(in->arena, apply->moves, outcomes, apply->n, &record.moves);
        if (r == 0 && apply->round.plan)
                r = round_record_store(&apply->leadership, in->arena, &record, name);
        if (apply->round.plan)
                entry = audit_store_entry(&record, name);
        else
                entry.status = plan_status_names[apply->file->status];
        entry.by = operator_name(by, sizeof(by));
        entry.moves = record.moves;
        entry.n_moves = apply->n;
        for (uint32_t i = 0; i < apply->n && !apply->round.plan; i++) {
                entry.predicted_ms += apply->moves[i].predicted.ms;
                entry.predicted_bytes += apply->moves[i].predicted.bytes;
        }
        if (r == 0)
                r = audit_store_write(&apply->leadership, in->arena, apply->facts.settings,
                                      apply->facts.snapshot, entry);
        if (r != 0)
                (void) out_say(in->err.out, "%s: the record of this could not be kept: %s\n", in->program,
                               r == 1         ? "another service or command leads this cluster"
                               : r == -ENOMEM ? "out of memory"
                                              : store_error(apply->leadership.store));
}

static void cmd_apply_print_json(const Apply *apply, const MoveOutcome *outcomes, const Stayed *stayed,
                                 FILE *out) {
        json_t *list = json_array();

        for (uint32_t i = 0; i < apply->n; i++) {
                const MoveOutcome *e = &outcomes[i];
                RecordMove m = { .order = &apply->moves[i],
                                 .end = move_end_names[e->end],
                                 .why = e->why,
                                 .took = MOVE_NOT_MEASURED };

                if (e->status.started > 0) {
                        m.took.ms = (e->status.ended - e->status.started) / USEC_PER_MSEC;
                        m.took.bytes = e->status.bytes_done;
                        m.took.downtime_ms = e->status.downtime_ms;
                }
                (void) json_array_append_new(list, ended_move_json(&m, ENDED_MOVE_SHORT));
        }
        (void) json_print(json_pack("{s:s, s:o, s:o, s:n}", "schema", "plimsoll.apply/1", "moves", list,
                                    "stayed", stayed_json(stayed), "leader"),
                          out);
}

/* What there is to say once all has ended: n 0 where nothing was to be moved. */
static ExitStatus cmd_apply_end(const Apply *apply, const MoveOutcome *outcomes) {
        Invocation *in = apply->in;
        Stayed stayed = { 0 };
        uint32_t done = 0;
        int r = stayed_of(in->arena, apply->round.snapshot, apply->round.plan, apply->moves, outcomes,
                          apply->n, &stayed);

        for (uint32_t i = 0; i < apply->n; i++)
                done += outcomes[i].end == MOVE_DONE;
        if (r == 0 && in->json)
                cmd_apply_print_json(apply, outcomes, &stayed, in->out.out);
        if (r == 0 && !in->json && apply->n > 0)
                r = stayed_print(in, &stayed,
                                 apply->input.request.wish.vm || option_given(&in->options, "all"));
        if (r < 0)
                return command_complain(in, EXIT_FAILED, "out of memory");
        if (!in->json && apply->n > 0)
                (void) out_say(in->out.out, "%u of %u moved\n", done, apply->n);
        return apply->blocked || stayed.n > 0 ? EXIT_BLOCKED : EXIT_DONE;
}

/* The VM that a person asked for by name is moved by hand; what makes way for it is not, nor is a plan's. NULL: no memory, or
 * nobody asked for one. */
static const char *const *cmd_apply_by(const Apply *apply, const char *by) {
        const char *vm = apply->input.request.wish.vm, **list;

        list = vm ? arena_new(apply->in->arena, const char *, apply->n) : NULL;
        for (uint32_t i = 0; list && i < apply->n; i++)
                list[i] = strcmp(apply->moves[i].vm, vm) == 0 ? by : NULL;
        return list;
}

static ExitStatus run_moves(Apply *apply) {
        Invocation *in = apply->in;
        MoveOutcome *outcomes = arena_new(in->arena, MoveOutcome, apply->n);
        Executor executor;
        const char **for_whom = arena_new(in->arena, const char *, apply->n);
        char by[256];
        MoverInput input = { .source = apply->facts.source,
                             .settings = apply->facts.settings,
                             .facts = apply->facts.snapshot,
                             .facts_at = apply->facts.read_at,
                             .executor = &executor,
                             .leadership = source_store(apply->facts.source) ? &apply->leadership : NULL,
                             .moves = apply->moves,
                             .n = apply->n,
                             .by_hand = apply->file != NULL,
                             .by = cmd_apply_by(apply, operator_name(by, sizeof(by))),
                             .for_whom = for_whom,
                             .suppose = apply->suppose,
                             .watch = { .arg = apply,
                                        .started = cmd_apply_started,
                                        .progress = cmd_apply_seen,
                                        .ended = cmd_apply_ended,
                                        .stop_request = cmd_apply_stop_request,
                                        .trouble = cmd_apply_trouble } };
        int r;

        apply->screen = in->json ? in->err : in->out;
        apply->progress = progress_begin(in->arena, &apply->screen, apply->moves, apply->n);
        if (!outcomes || !for_whom || !apply->progress)
                return command_complain(in, EXIT_FAILED, "out of memory");
        for (uint32_t i = 0; i < apply->n; i++)
                for_whom[i] = by;
        r = executor_libvirt_open((ExecutorLibvirtOptions){ 0 }, &executor);
        if (r < 0)
                return command_complain(in, EXIT_FAILED, "libvirt: %s", strerrordesc_np(-r));
        stop_signal_watch();
        r = mover_run(&input, outcomes);
        executor.free(executor.self);
        if (r < 0)
                return command_complain(in, EXIT_FAILED, "nothing was moved: %s", strerrordesc_np(-r));
        cmd_apply_keep(apply, outcomes);
        return cmd_apply_end(apply, outcomes);
}

/* A service that acts keeps the lease, and is handed the plan. */
static ExitStatus cmd_apply_hand_over(Apply *apply, const Led *led) {
        Invocation *in = apply->in;
        HandedPlan plan = { .store = source_store(apply->facts.source),
                            .cluster = apply->facts.snapshot->cluster,
                            .text = apply->text,
                            .file = apply->file,
                            .led = led,
                            .id = apply->id,
                            .proposed = apply->proposes,
                            .no_wait = apply->no_wait,
                            .all = apply->all };
        TextFault fault = { 0 };
        size_t n = 0;
        int r = 0;

        if (apply->round.plan)
                r = plan_file_print(in->arena, apply->round.snapshot, apply->round.plan, &plan.text, &n);
        if (r == 0 && apply->round.plan)
                r = plan_file_parse(in->arena, plan.text, n, &plan.file, &fault);
        if (r < 0)
                return command_complain(in, EXIT_FAILED, "cannot hand the plan over: %s",
                                        r == -EBADMSG ? fault.what : strerrordesc_np(-r));
        return handed_plan(in, &plan);
}

/* Whether a service that acts leads, before a person is asked. What is to be handed over alone is refused where none does. */
static ExitStatus may_lead(Apply *apply, Led *ret) {
        Invocation *in = apply->in;
        Store *store = source_store(apply->facts.source);
        ExitStatus status = led_look(in, store, apply->facts.settings, ret);

        if (status == EXIT_DONE && !ret->by_service && (apply->id || apply->proposes))
                return command_complain(in, EXIT_BLOCKED,
                                        "nothing was moved: no service that moves VMs leads this cluster");
        if (status == EXIT_DONE && store)
                apply->leadership =
                        leadership_of(store, settings_int(apply->facts.settings, "service", "lease"));
        return status;
}

/* With a store, only the leader acts. */
static ExitStatus lead_and_run(Apply *apply) {
        Store *store = source_store(apply->facts.source);
        LiveState live = { 0 };
        ExitStatus status;
        int r = 0;

        if (!store)
                return run_moves(apply);
        for (int tries = 0; tries < 20 && (r = leadership_take(&apply->leadership)) == 1; tries++)
                clock_sleep(500 * USEC_PER_MSEC); /* a service that only advises leads for a moment a round */
        if (r == 1)
                return led_refuse(apply->in, apply->leadership.holder,
                                  live_state_get(store, apply->in->arena, &live) == 0 ? &live : NULL);
        if (r < 0)
                return command_complain(apply->in, EXIT_FAILED, "%s", store_error(store));
        r = apply->round.plan ? brake_store_write(source_brake(apply->facts.source), &apply->leadership,
                                                  apply->facts.snapshot, &apply->round.brake)
                              : 0; /* of a plan by hand a person knows what it empties */
        if (r == 1)
                return led_refuse(apply->in, apply->leadership.holder, NULL);
        if (r < 0) {
                leadership_release(&apply->leadership);
                return command_complain(apply->in, EXIT_FAILED, "nothing was moved: %s", store_error(store));
        }
        status = run_moves(apply);
        leadership_release(&apply->leadership);
        return status;
}

/* What was planned and shown. */
static ExitStatus cmd_apply_carry_out(Apply *apply) {
        Led led = { 0 };
        ExitStatus status;

        if (apply->n == 0)
                return cmd_apply_end(apply, NULL);
        status = stopped_check(apply->in, source_store(apply->facts.source), apply->facts.settings);
        if (status == EXIT_DONE)
                status = may_lead(apply, &led);
        if (status == EXIT_DONE && !apply->proposes)
                status = apply_ask(apply->in, apply->n);
        if (status != EXIT_DONE)
                return status;
        return led.by_service ? cmd_apply_hand_over(apply, &led) : lead_and_run(apply);
}

ExitStatus apply_what_if(Invocation *in, const Facts *facts, const WhatIf *suppose, Strings about) {
        Apply x = { .in = in, .facts = *facts, .suppose = suppose, .about = about };
        ExitStatus status = from_planning(&x);

        return status == EXIT_DONE ? cmd_apply_carry_out(&x) : status;
}

ExitStatus apply_decided(Invocation *in, const Facts *facts, const RoundInput *input, const Round *round) {
        Apply x = { .in = in, .facts = *facts, .input = *input, .round = *round };
        ExitStatus status = cmd_apply_orders(&x);

        return status == EXIT_DONE ? cmd_apply_carry_out(&x) : status;
}

/* 0: what came of the plan of that name was said, or why it is none; 1: it is to be handed over. */
static int cmd_apply_named(const Apply *apply, ExitStatus *ret) {
        Invocation *in = apply->in;
        const char *id = apply->id;
        Store *store = source_store(apply->facts.source);
        int r;

        if (!id)
                return 1;
        if (!store || !text_is_name(id, strlen(id))) {
                *ret = command_complain(in, EXIT_BAD_INPUT, "%s",
                                        store ? "--id accepts a name: printable characters, at most 255"
                                              : "--id needs --redis");
                return 0;
        }
        r = handed_plan_told(in, store, id, apply->all, ret);
        if (r < 0)
                *ret = command_complain(in, EXIT_FAILED, "%s",
                                        r == -ENOMEM ? "out of memory" : store_error(store));
        return r < 0 ? 0 : r;
}

static ExitStatus cmd_apply_apply(Apply *apply) {
        const char *path = option_text(&apply->in->options, "plan");
        ExitStatus status;
        int acts;

        if (source_kind(apply->facts.source) == SOURCE_FILE)
                return command_complain(
                        apply->in, EXIT_BAD_INPUT,
                        "apply needs live data; a snapshot may be out of date. Use --hosts or --redis.");
        if (cmd_apply_named(apply, &status) == 0)
                return status;
        acts = source_store(apply->facts.source) ? maintenance_acts(apply->in, &apply->facts) : 1;
        if (acts < 0)
                return maintenance_failed(apply->in, source_store(apply->facts.source), acts);
        status = acts ? EXIT_DONE : facts_reach(apply->in, &apply->facts); /* nobody else does it */
        if (status == EXIT_DONE)
                status = path ? from_plan_file(apply, path) : from_planning(apply);
        return status == EXIT_DONE ? cmd_apply_carry_out(apply) : status;
}

static ExitStatus cmd_apply_run(Invocation *in) {
        Apply x = { .in = in,
                    .id = option_text(&in->options, "id"),
                    .proposes = option_given(&in->options, "propose"),
                    .no_wait = option_given(&in->options, "no-wait"),
                    .all = option_given(&in->options, "all") };
        ExitStatus status = facts_open(in, &x.facts);

        if (status == EXIT_DONE)
                status = facts_ending(&x.facts, cmd_apply_apply(&x));
        facts_close(&x.facts);
        return status;
}

static const OptionDef cmd_apply_options[] = {
        SOURCE_OPTIONS,
        PLAN_OPTIONS,
        { "plan", 0, OPTION_TEXT, "PLAN", 0, 0, 0, "carry out this plan file instead of making a new plan" },
        { "", 0, OPTION_HEADING, NULL, 0, 0, 0, "How:" },
        { "yes", 'y', OPTION_FLAG, NULL, 0, 0, 0, "do not ask for confirmation; needed without a terminal" },
        { "", 0, OPTION_HEADING, NULL, 0, 0, 0,
          "Where a service that moves VMs leads, it carries the plan out:" },
        { "no-wait", 0, OPTION_FLAG, NULL, 0, 0, 0, "do not wait for the end" },
        { "id", 0, OPTION_TEXT, "ID", 0, 0, 0,
          "name the plan: only the service carries it out, and the same ID again shows the result" },
        { "propose", 0, OPTION_FLAG, NULL, 0, 0, 0,
          "leave it to be confirmed by someone (plimsoll confirm ID)" },
        { "", 0, OPTION_HEADING, NULL, 0, 0, 0, "Output:" },
        { "all", 0, OPTION_FLAG, NULL, 0, 0, 0,
          "show every host and move; default: the 16 worst hosts and the first 40 moves" },
        { "json", 0, OPTION_FLAG, NULL, 0, 0, 0,
          "print the result of each move as JSON, schema plimsoll.apply/1" },
        { 0 },
};

const Command command_apply = {
        .name = "apply",
        .summary = "carry out a plan: live migrations, each checked again right before it starts",
        .usage = "[source | --plan PLAN source] [--yes] [options]",
        .help = "Makes a plan, shows it, asks for confirmation, and migrates the VMs live, wave by wave. Before each\n"
                "migration fresh data is read and the independent judge checks the move again; after it both hosts are\n"
                "queried for where the VM runs. Ctrl-C once: no more migrations are started; twice: running ones are\n"
                "aborted. A failed move blocks only the moves that need it; what stayed, and why, is a table at the end.\n"
                "Exit status 3: some moves failed, were refused or are blocked.",
        .examples = "plimsoll apply --redis redis://store:6379\n"
                    "plimsoll apply --plan plan.json --yes --redis redis://store:6379",
        .options = cmd_apply_options,
        .run = cmd_apply_run,
};
