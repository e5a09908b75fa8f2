/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "policies/policies.h"
#include "scheduler/app/commands/apply.h"
#include "scheduler/app/commands/chosen_hosts.h"
#include "scheduler/app/commands/command.h"
#include "scheduler/app/commands/handed_move.h"
#include "scheduler/app/commands/plan_options.h"
#include "scheduler/app/commands/stopped.h"
#include "scheduler/app/round/move_wish.h"
#include "scheduler/app/round/round_store.h"
#include "scheduler/app/state/asked_move.h"
#include "scheduler/app/terminal/busy.h"
#include "scheduler/app/terminal/human.h"
#include "scheduler/app/terminal/json_print.h"
#include "scheduler/app/text/slow_ways_text.h"
#include "scheduler/decide/query/explain.h"
#include "scheduler/snapshot/files/plan_file.h"
#include "scheduler/snapshot/json/json_value.h"

#define NEAREST_SHOWN 3U
#define BLOCKS_MOST   8U

typedef struct Moving {
        Invocation *in;
        Facts facts;
        MoveWish wish;
        VmIx vm;
        RoundInput input;
        Round round;
        ExplainVm explained; /* the VM on every host */
} Moving;

/* ---- what is asked ---- */

static ExitStatus cmd_move_vm(Moving *moving, const char *name) {
        const Snapshot *s = moving->facts.snapshot;
        const char **names, *near = NULL;

        moving->vm = snapshot_vm(s, name);
        if (moving->vm != IX_NONE) {
                moving->wish.vm = s->vms[moving->vm].name;
                return EXIT_DONE;
        }
        names = arena_new(moving->in->arena, const char *, s->n_vms);
        for (VmIx v = 0; names && v < s->n_vms; v++)
                names[v] = s->vms[v].name;
        if (names && strlen(name) <= 64)
                near = text_nearest(name, names, s->n_vms);
        return command_complain(moving->in, EXIT_BAD_INPUT, "VM %s not found in cluster %s%s%s%s", name,
                                s->cluster, near ? " (did you mean " : "", near ? near : "",
                                near ? "?)" : "");
}

static ExitStatus cmd_move_to(Moving *moving, const char *word) {
        const Snapshot *s = moving->facts.snapshot;
        const Strings words = { .at = &word, .n = 1 };
        Strings hosts = { 0 };
        ExitStatus status = chosen_hosts(moving->in, s, "", &words, &hosts);

        if (status == EXIT_DONE && hosts.n != 1)
                return command_complain(moving->in, EXIT_BAD_INPUT,
                                        "%s selects %u hosts; move needs one target host", word, hosts.n);
        if (status == EXIT_DONE)
                status = chosen_hosts_take_part(moving->in, s, &hosts);
        moving->wish.to = hosts.n > 0 ? hosts.at[0] : NULL;
        return status;
}

/* ---- the plan ---- */

static ExitStatus cmd_move_decide(Moving *moving, const Workers *workers) {
        Busy busy;
        Invocation *in = moving->in;
        Store *store = source_store(moving->facts.source);
        int r;

        moving->input = (RoundInput){ .snapshot = moving->facts.snapshot,
                                      .settings = moving->facts.settings,
                                      .request = PLAN_REQUEST_DEFAULT,
                                      .now = clock_now(),
                                      .think = settings_int(moving->facts.settings, "service", "think") };
        moving->input.request.workers = workers;
        moving->input.request.wish = moving->wish;
        r = facts_holds(in, store, &moving->input);
        if (r < 0)
                return command_complain(in, EXIT_FAILED, "%s", store_error(store));
        moving->input.stopped = stopped_words(in, store);
        r = move_wish_cool_downs(in->arena, &moving->input);
        if (r == 0) {
                busy_begin(&busy, &in->err, "planning");
                r = round_decide(in->arena, &moving->input, &moving->round);
                busy_end(&busy);
        }
        moving->input.request.workers = &workers_none;
        if (r == 0)
                r = explain_vm(in->arena, moving->round.snapshot, moving->facts.settings, policies_all(),
                               moving->vm, IX_NONE, &moving->explained);
        return r < 0 ? plan_complain(in, r) : EXIT_DONE;
}

/* ---- what is said of it ---- */

static const char *cmd_move_host(const Moving *moving, HostIx h) {
        return moving->round.snapshot->hosts[h].name;
}

/* "h4, h5 and 3 more": hosts that would take it, the cheapest first, `but` aside. NULL: none; or no memory. */
static const char *cmd_move_others(const Moving *moving, HostIx but) {
        const ExplainVm *e = &moving->explained;
        const char *text = NULL;
        uint32_t n = 0;

        for (uint32_t i = 0; i < e->n; i++) {
                if (e->hosts[i].here || e->hosts[i].reason != REASON_NONE || e->hosts[i].host == but)
                        continue;
                if (n++ < NEAREST_SHOWN)
                        text = text_format(moving->in->arena, "%s%s%s", text ? text : "", text ? ", " : "",
                                           cmd_move_host(moving, e->hosts[i].host));
        }
        if (text && n > NEAREST_SHOWN)
                text = text_format(moving->in->arena, "%s and %u more", text, n - NEAREST_SHOWN);
        return text;
}

/* Where the verdict on the host stands; n: there is none. */
static uint32_t cmd_move_verdict(const Moving *moving, const char *host) {
        uint32_t i = 0;

        while (i < moving->explained.n &&
               (!host || strcmp(cmd_move_host(moving, moving->explained.hosts[i].host), host) != 0))
                i++;
        return i;
}

/* Why it stays, in words. */
static const char *cmd_move_why_not(const Moving *moving) {
        const uint32_t i = cmd_move_verdict(moving, moving->wish.to);
        const bool told = moving->wish.to && i < moving->explained.n;

        return move_wish_why_not(&moving->round, told ? moving->explained.refusals[i] : NULL);
}

/* The smallest change that would let it go there, or anywhere; NULL: none is known. */
static const char *cmd_move_remedy(const Moving *moving) {
        const ExplainVm *e = &moving->explained;
        const uint32_t i = moving->wish.to ? cmd_move_verdict(moving, moving->wish.to) : e->best;

        if (i >= e->n || e->remedies[i].kind == REMEDY_NONE)
                return NULL;
        return moving->wish.to ? e->remedies[i].text
                               : text_format(moving->in->arena, "%s: %s",
                                             cmd_move_host(moving, e->hosts[i].host), e->remedies[i].text);
}

static bool cmd_move_makes_way(const Moving *moving) {
        const ExplainVm *e = &moving->explained;
        const uint32_t i = moving->wish.to ? cmd_move_verdict(moving, moving->wish.to) : e->best;

        return i < e->n && e->remedies[i].kind == REMEDY_AWAY && !moving->wish.makes_way;
}

/* Each host that refuses it, or the one that is asked about: its name, the reason as explain --json has it, and in words. */
static json_t *cmd_move_blocks(const Moving *moving) {
        const ExplainVm *e = &moving->explained;
        json_t *list = json_array();

        for (uint32_t i = 0; i < e->n && json_array_size(list) < BLOCKS_MOST; i++) {
                const TrialHost *h = &e->hosts[i];
                const char *host = cmd_move_host(moving, h->host);

                if (h->here || h->reason == REASON_NONE ||
                    (moving->wish.to && strcmp(host, moving->wish.to) != 0))
                        continue;
                (void) json_array_append_new(
                        list,
                        json_pack("{s:s, s:s, s:o}", "kind", reason_names[h->reason], "name", host, "why",
                                  json_text(e->refusals[i] ? e->refusals[i] : reason_texts[h->reason])));
        }
        return list;
}

static ExitStatus cmd_move_refused_json(const Moving *moving, const char *why, const char *remedy) {
        const ExplainVm *e = &moving->explained;
        json_t *others = json_array(), *o;

        for (uint32_t i = 0; i < e->n; i++)
                if (!e->hosts[i].here && e->hosts[i].reason == REASON_NONE)
                        (void) json_array_append_new(others,
                                                     json_string(cmd_move_host(moving, e->hosts[i].host)));
        o = json_pack("{s:s, s:s, s:s, s:s, s:s?, s:s, s:o, s:o, s:o, s:o, s:n}", "schema", "plimsoll.move/1",
                      "cluster", moving->round.snapshot->cluster, "vm", moving->wish.vm, "from",
                      cmd_move_host(moving, moving->round.snapshot->vms[moving->vm].host), "to",
                      moving->wish.to, "status", "blocked", "why", json_text(why), "remedy",
                      json_text(remedy), "others", others, "blocked_by", cmd_move_blocks(moving), "leader");
        if (!o)
                return command_complain(moving->in, EXIT_FAILED, "out of memory");
        (void) json_print(o, moving->in->out.out);
        return EXIT_BLOCKED;
}

static ExitStatus cmd_move_refused(const Moving *moving) {
        Invocation *in = moving->in;
        const char *why = cmd_move_why_not(moving), *remedy = cmd_move_remedy(moving);
        const char *others = cmd_move_others(moving, IX_NONE), *to = moving->wish.to;
        char safe[1024];

        if (in->json)
                return cmd_move_refused_json(moving, why, remedy);
        (void) out_say(in->out.out, "%s%s cannot move to %s%s\n  why: %s\n",
                       screen_style(&in->out, STYLE_BAD), moving->wish.vm, to ? to : "any other host",
                       screen_style(&in->out, STYLE_PLAIN), text_safe(why, safe, sizeof(safe)));
        if (remedy)
                (void) out_say(in->out.out, "  what would help: %s%s\n",
                               text_safe(remedy, safe, sizeof(safe)),
                               cmd_move_makes_way(moving) ? " (use --make-way)" : "");
        if (to && others)
                (void) out_say(in->out.out, "  it could move to: %s\n",
                               text_safe(others, safe, sizeof(safe)));
        (void) out_say(in->out.out, "details: plimsoll explain %s%s%s\n", moving->wish.vm, to ? " " : "",
                       to ? to : "");
        return EXIT_BLOCKED;
}

/* One move, in a line or two of at most 80 columns where names are not long. */
static void cmd_move_say(const Moving *moving, const PlanMove *m) {
        const Snapshot *s = moving->round.snapshot;
        FILE *out = moving->in->out.out;
        char size[HUMAN_SIZE], time[HUMAN_SIZE], safe[1024];

        (void) out_say(out, "%s%s%s moves from %s to %s: %s, about %s\n",
                       screen_style(&moving->in->out, STYLE_STRONG), s->vms[m->move.vm].name,
                       screen_style(&moving->in->out, STYLE_PLAIN), s->hosts[m->move.from].name,
                       s->hosts[m->move.to].name, human_mib(s->vms[m->move.vm].memory_mib, size),
                       human_ms(m->predicted.ms, time));
        (void) out_say(out, "  why: %s\n", text_safe(m->why, safe, sizeof(safe)));
        if (m->manner.reason && m->manner.reason[0])
                (void) out_say(out, "  how: %s, %s\n", move_strategy_names[m->manner.strategy],
                               text_safe(m->manner.reason, safe, sizeof(safe)));
}

static void cmd_move_show(const Moving *moving) {
        const Plan *plan = moving->round.plan;
        FILE *out = moving->in->out.out;

        for (uint32_t i = 0; i < plan->n_moves; i++) {
                const PlanMove *m = &plan->moves[i];
                const char *others = m->move.vm == moving->vm ? cmd_move_others(moving, m->move.to) : NULL;
                const uint32_t k = cmd_move_verdict(moving, cmd_move_host(moving, m->move.to));

                cmd_move_say(moving, m);
                if (m->move.vm != moving->vm)
                        continue;
                if (!moving->wish.to && moving->explained.n_open > 0)
                        (void) out_say(out, "  %s is the best of %u host%s that could take it%s%s\n",
                                       cmd_move_host(moving, m->move.to), moving->explained.n_open,
                                       moving->explained.n_open == 1 ? "" : "s", others ? "; next: " : "",
                                       others ? others : "");
                if (k < moving->explained.n && moving->explained.hosts[k].over_line)
                        (void) out_say(out, "  %snote:%s %s is above its load line then\n",
                                       screen_style(&moving->in->out, STYLE_WARN),
                                       screen_style(&moving->in->out, STYLE_PLAIN),
                                       cmd_move_host(moving, m->move.to));
        }
        slow_ways_print(moving->round.snapshot, plan, "  ", &moving->in->out);
        if (moving->input.stopped)
                (void) out_say(out, "%s\n", moving->input.stopped);
}

/* ---- the command ---- */

static ExitStatus cmd_move_dry_run(const Moving *moving) {
        Invocation *in = moving->in;
        const char *text = NULL;
        size_t n = 0;

        if (!in->json) {
                (void) fputs("dry run: nothing has been moved\n", in->out.out);
                return EXIT_DONE;
        }
        if (plan_file_print(in->arena, moving->round.snapshot, moving->round.plan, &text, &n) < 0)
                return command_complain(in, EXIT_FAILED, "out of memory");
        (void) fwrite(text, 1, n, in->out.out);
        return EXIT_DONE;
}

/* What came of the request of that name, if that is known. 0: it was printed, with *ret; 1: nothing is. */
static int cmd_move_told(const Moving *moving, const char *id, ExitStatus *ret) {
        Invocation *in = moving->in;
        const Snapshot *s = moving->facts.snapshot;
        const char *host = s->hosts[s->vms[moving->vm].host].name;
        ToldMove told = { 0 };
        char why[1024];
        json_t *o;
        int r = told_move_read(source_store(moving->facts.source), in->arena, moving->wish.vm, id, &told);

        if (r != 0)
                return r;
        *ret = told.end == TOLD_DONE ? EXIT_DONE : EXIT_BLOCKED;
        if (!in->json) {
                (void) out_say(in->out.out, "%s is on %s: request %s: %s%s%s\n", moving->wish.vm, host, id,
                               told_end_names[told.end], told.why[0] ? ", " : "",
                               text_safe(told.why, why, sizeof(why)));
                return 0;
        }
        o = json_pack("{s:s, s:s, s:s, s:s, s:s?, s:s, s:o, s:n, s:[], s:s}", "schema", "plimsoll.move/1",
                      "cluster", s->cluster, "vm", moving->wish.vm, "from", host, "to", moving->wish.to,
                      "status", told_end_names[told.end], "why", json_text(told.why), "remedy", "others",
                      "leader", told.leader);
        if (!o)
                return -ENOMEM;
        (void) json_print(o, in->out.out);
        return 0;
}

/* A request with a name is the service's alone. 1: it is to be planned. */
static int cmd_move_named(const Moving *moving, ExitStatus *ret) {
        Invocation *in = moving->in;
        const char *id = option_text(&in->options, "id");
        Store *store = source_store(moving->facts.source);
        int r;

        if (!id)
                return 1;
        if (!store || !text_is_name(id, strlen(id))) {
                *ret = command_complain(in, EXIT_BAD_INPUT, "%s",
                                        store ? "--id accepts a name of letters, digits, - and _"
                                              : "--id needs --redis");
                return 0;
        }
        r = cmd_move_told(moving, id, ret);
        if (r < 0)
                *ret = command_complain(in, EXIT_FAILED, "%s",
                                        r == -ENOMEM ? "out of memory" : store_error(store));
        return r < 0 ? 0 : r;
}

/* Where a service that acts leads, it does it. The host is the one that was shown. */
static ExitStatus cmd_move_carry_out(Moving *moving) {
        Invocation *in = moving->in;
        Store *store = source_store(moving->facts.source);
        const Plan *plan = moving->round.plan;
        HandedMove handed = { .store = store,
                              .snapshot = moving->round.snapshot,
                              .makes_way = moving->wish.makes_way };
        Led led = { 0 };
        ExitStatus status = stopped_check(in, store, moving->facts.settings);

        if (status == EXIT_DONE)
                status = led_look(in, store, moving->facts.settings, &led);
        if (status != EXIT_DONE)
                return status;
        if (!led.by_service && option_given(&in->options, "id"))
                return command_complain(in, EXIT_BLOCKED,
                                        "nothing was moved: no service that moves VMs leads this cluster");
        if (!led.by_service || plan->n_moves == 0)
                return apply_decided(in, &moving->facts, &moving->input, &moving->round);
        for (uint32_t i = 0; i < plan->n_moves; i++)
                if (plan->moves[i].move.vm == moving->vm)
                        handed.move = &plan->moves[i].move;
        handed.led = &led;
        status = apply_ask(in, plan->n_moves);
        return status == EXIT_DONE ? handed_move(in, &handed) : status;
}

static ExitStatus cmd_move_move(Moving *moving) {
        Invocation *in = moving->in;
        const bool dry = option_given(&in->options, "dry-run");
        Workers workers = workers_threads(0);
        ExitStatus status = cmd_move_vm(moving, in->options.arguments[0]);
        const char *home;

        if (status == EXIT_DONE && in->options.n_arguments > 1)
                status = cmd_move_to(moving, in->options.arguments[1]);
        if (status == EXIT_DONE && !dry && source_kind(moving->facts.source) == SOURCE_FILE)
                status = command_complain(
                        in, EXIT_BAD_INPUT,
                        "move needs live data; a snapshot may be out of date. Use --hosts or --redis, "
                        "or --dry-run");
        if (status != EXIT_DONE || cmd_move_named(moving, &status) == 0)
                return status;
        moving->wish.makes_way = option_given(&in->options, "make-way");
        status = cmd_move_decide(moving, &workers);
        if (status != EXIT_DONE)
                return status;
        home = cmd_move_host(moving, moving->round.snapshot->vms[moving->vm].host);
        if (moving->wish.to && strcmp(home, moving->wish.to) == 0 && !in->json) {
                (void) out_say(in->out.out, "%s already runs on %s: nothing to move\n", moving->wish.vm,
                               home);
                return EXIT_DONE;
        }
        if (moving->round.plan->status >= PLAN_BLOCKED)
                return cmd_move_refused(moving);
        if (!in->json)
                cmd_move_show(moving);
        return dry ? cmd_move_dry_run(moving) : cmd_move_carry_out(moving);
}

static ExitStatus cmd_move_run(Invocation *in) {
        Moving x = { .in = in };
        ExitStatus status = facts_open(in, &x.facts);

        if (status == EXIT_DONE)
                status = facts_ending(&x.facts, cmd_move_move(&x));
        facts_close(&x.facts);
        return status;
}

static const OptionDef cmd_move_options[] = {
        SOURCE_OPTIONS,
        { "", 0, OPTION_HEADING, NULL, 0, 0, 0, "How:" },
        { "make-way", 0, OPTION_FLAG, NULL, 0, 0, 0,
          "if the VM does not fit, first move other VMs away from the target, as few as possible" },
        { "dry-run", 'n', OPTION_FLAG, NULL, 0, 0, 0, "show the move, and move nothing" },
        { "yes", 'y', OPTION_FLAG, NULL, 0, 0, 0, "do not ask for confirmation; needed without a terminal" },
        { "no-wait", 0, OPTION_FLAG, NULL, 0, 0, 0,
          "if the service carries it out, do not wait for the end" },
        { "id", 0, OPTION_TEXT, "ID", 0, 0, 0,
          "name the request: only the service carries it out, and the same ID again shows the result" },
        { "json", 0, OPTION_FLAG, NULL, 0, 0, 0,
          "print JSON, schema plimsoll.apply/1; with --dry-run plimsoll.plan/1; if it cannot move "
          "plimsoll.move/1" },
        { 0 },
};

const Command command_move = {
        .name = "move",
        .summary = "move one VM to another host, or to the best one",
        .usage = "VM [HOST] [source] [--make-way] [--dry-run] [--yes] [--no-wait]",
        .help = "Live-migrates the VM to HOST, or to the host with the lowest cost, and moves nothing else: shows the move,\n"
                "asks for confirmation, and moves. Where a service in mode auto or confirm leads the cluster, that service\n"
                "carries the move out at once, and the command waits for its end. The move is checked with fresh data right\n"
                "before it starts, and recorded in journal and audit. If it is not possible, the command shows the reason,\n"
                "what would help and other possible hosts. Balance and load relief leave the VM where it was put for\n"
                "service.cool_down; evacuation and rules that must hold do not (docs/operations.md).\n"
                "Exit status 3: the VM cannot move there, or its move failed.",
        .examples = "plimsoll move web1\n"
                    "plimsoll move web1 h3 --dry-run\n"
                    "plimsoll move web1 h3 --make-way --yes",
        .options = cmd_move_options,
        .least_arguments = 1,
        .most_arguments = 2,
        .run = cmd_move_run,
};
