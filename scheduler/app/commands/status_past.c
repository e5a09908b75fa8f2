/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/commands/status_past.h"

#include <errno.h>
#include <string.h>

#include "scheduler/app/commands/ended_move.h"
#include "scheduler/app/commands/facts.h"
#include "scheduler/app/commands/status_json.h"
#include "scheduler/app/round/record_past.h"
#include "scheduler/app/round/round_record.h"
#include "scheduler/app/terminal/human.h"
#include "scheduler/app/terminal/json_print.h"
#include "scheduler/app/terminal/table.h"
#include "scheduler/app/text/fleet_text.h"
#include "scheduler/base/text.h"
#include "scheduler/decide/problem/problem_build.h"
#include "scheduler/model/instant.h"
#include "scheduler/snapshot/files/plan_file.h"
#include "scheduler/snapshot/json/json_value.h"
#include "scheduler/snapshot/rules/rules_apply.h"

#define LISTED_MOST 500U /* VMs, and moves, unless all are wanted */
#define SHOWN_MOST  20U  /* moves on a terminal, likewise */

typedef struct StatusPast {
        Invocation *in;
        usec_t at;
        const char *host, *vm; /* NULL: all */
        uint32_t most;         /* that are listed of VMs, and of moves */
        RecordPast found;
        const Snapshot *facts, *snapshot; /* without, and with the rules of then */
        const Problem *problem;
        const HostShare *shares;  /* at that time */
        ContentionScores scores;  /* by what was read */
        const HostIx *host_of;    /* of the problem's VMs, likewise */
        const RecordMove **moved; /* [facts->n_vms] the move of each that was done; NULL: none */
        uint32_t n_moved;
        const RecordMove *moves; /* of the plan, and what came of each */
        uint32_t n_moves;
        PlanStatus status;
} StatusPast;

/* ---- what there was ---- */

static ExitStatus status_past_time(Invocation *in, usec_t *ret) {
        const char *text = option_text(&in->options, "at");
        const usec_t now = clock_now();
        usec_t ago;

        if (instant_parse(text, ret) < 0) {
                if (duration_parse(text, &ago) < 0)
                        return command_complain(
                                in, EXIT_BAD_INPUT,
                                "--at %s is not valid; accepted: an instant (2026-11-30T22:00:00Z) or "
                                "how long ago (30m, 2h, 1d)",
                                text);
                *ret = now - ago;
        }
        return *ret <= now ? EXIT_DONE
                           : command_complain(in, EXIT_BAD_INPUT, "--at %s is in the future", text);
}

static ExitStatus status_past_find(StatusPast *past, Store *store) {
        char first[HUMAN_SIZE], at[HUMAN_SIZE];
        TextFault fault = { 0 };
        usec_t oldest = 0;
        int r = record_past_find(store, past->in->arena, past->at, &past->found, &oldest, &fault);

        if (r == 0)
                return EXIT_DONE;
        if (r == 1 && oldest == 0)
                return command_complain(
                        past->in, EXIT_BAD_INPUT,
                        "no records yet: they are kept from the first round of the service on");
        if (r == 1)
                return command_complain(
                        past->in, EXIT_BAD_INPUT,
                        "no record from before %s; the oldest is of %s (plimsoll replay --list)",
                        human_time(past->at, at), human_time(oldest, first));
        if (r == -EBADMSG)
                return command_complain_fault(past->in, EXIT_FAILED, "record", &fault);
        return command_complain(past->in, EXIT_FAILED, "%s",
                                r == -ENOMEM ? "out of memory" : store_error(store));
}

/* Where the VMs were then: as the round had read it and, once its moves had ended, where these have brought them. */
static int status_past_places(StatusPast *past) {
        Arena *a = past->in->arena;
        const Record *record = past->found.record;
        HostIx *host_of = arena_new(a, HostIx, past->problem->n_vms);

        past->moved = arena_new(a, const RecordMove *, past->facts->n_vms);
        if (!host_of || !past->moved)
                return -ENOMEM;
        if (past->problem->n_vms > 0)
                memcpy(host_of, past->problem->home, past->problem->n_vms * sizeof(*host_of));
        for (uint32_t i = 0; i < record->n_moves; i++) {
                const RecordMove *m = &record->moves[i];
                const VmIx fact = snapshot_vm(past->facts, m->order->vm),
                           v = snapshot_vm(past->snapshot, m->order->vm);
                const HostIx to = snapshot_host(past->snapshot, m->order->to);

                if (strcmp(m->end, "done") != 0 || fact == IX_NONE || to == IX_NONE)
                        continue;
                past->n_moved += !past->moved[fact];
                past->moved[fact] = m;
                if (v != IX_NONE && v < past->problem->n_vms && !past->found.under_way)
                        host_of[v] = to;
        }
        past->host_of = host_of;
        if (fleet_shares(a, past->problem, host_of, &past->shares) < 0)
                return -ENOMEM;
        return contention_scores(a, past->snapshot, &past->scores);
}

/* The plan's moves with what came of them; what was not carried out has no end. */
static int status_past_moves(StatusPast *past, TextFault *reterr_fault) {
        const Record *record = past->found.record;
        const PlanFile *plan = NULL;
        RecordMove *moves;
        int r = plan_file_parse(past->in->arena, record->plan, strlen(record->plan), &plan, reterr_fault);

        if (r < 0)
                return r;
        past->status = plan->status;
        past->moves = record->moves;
        past->n_moves = record->n_moves;
        if (record->n_moves > 0)
                return 0;
        past->moves = moves = arena_new(past->in->arena, RecordMove, plan->n_moves);
        past->n_moves = plan->n_moves;
        for (uint32_t i = 0; moves && i < plan->n_moves; i++)
                moves[i] = (RecordMove){ .order = &plan->moves[i], .took = MOVE_NOT_MEASURED };
        return moves ? 0 : -ENOMEM;
}

static ExitStatus status_past_build(StatusPast *past) {
        Arena *a = past->in->arena;
        const Settings *settings = NULL;
        TextFault fault = { 0 };
        int r = round_record_settings(a, past->found.record, &settings, &fault);

        past->facts = past->found.record->facts;
        if (r == 0)
                r = rules_apply(a, past->facts, settings_rules(settings), &past->snapshot);
        if (r == 0)
                r = problem_build(a, past->snapshot, settings, &past->problem);
        if (r == 0)
                r = status_past_places(past);
        if (r == 0)
                r = status_past_moves(past, &fault);
        if (r == -EINVAL || r == -EBADMSG)
                return command_complain_fault(past->in, EXIT_FAILED, past->found.name, &fault);
        return r < 0 ? command_complain(past->in, EXIT_FAILED, "%s",
                                        r == -ENOMEM ? "out of memory" : strerrordesc_np(-r))
                     : EXIT_DONE;
}

static ExitStatus status_past_known(const StatusPast *past) {
        const Invocation *in = past->in;

        if (past->host && snapshot_host(past->facts, past->host) == IX_NONE)
                return command_complain(in, EXIT_BAD_INPUT, "host %s not found in record %s; it has %u hosts",
                                        past->host, past->found.name, past->facts->n_hosts);
        if (past->vm && snapshot_vm(past->facts, past->vm) == IX_NONE)
                return command_complain(in, EXIT_BAD_INPUT, "VM %s not found in record %s; it has %u VMs",
                                        past->vm, past->found.name, past->facts->n_vms);
        return EXIT_DONE;
}

/* ---- what is listed of it ---- */

/* Where the VM was; NULL: nowhere that was known. */
static const char *status_past_host(const StatusPast *past, VmIx v) {
        const HostIx h = past->facts->vms[v].host;

        if (past->moved[v] && !past->found.under_way)
                return past->moved[v]->order->to;
        return h == IX_NONE ? NULL : past->facts->hosts[h].name;
}

static bool status_past_wants_vm(const StatusPast *past, VmIx v) {
        const char *host = status_past_host(past, v);

        return (!past->vm || strcmp(past->vm, past->facts->vms[v].name) == 0) &&
               (!past->host || (host && strcmp(past->host, host) == 0));
}

static bool status_past_wants_move(const StatusPast *past, const MoveOrder *order) {
        return (!past->vm || strcmp(past->vm, order->vm) == 0) &&
               (!past->host || strcmp(past->host, order->from) == 0 || strcmp(past->host, order->to) == 0);
}

/* ---- JSON ---- */

static json_t *status_past_vms_json(const StatusPast *past) {
        json_t *list = json_array();

        for (VmIx v = 0; v < past->facts->n_vms && json_array_size(list) < past->most; v++) {
                const RecordMove *m = past->moved[v];
                const bool moving = past->found.under_way;

                if (status_past_wants_vm(past, v))
                        (void) json_array_append_new(
                                list, json_pack("{s:s, s:s?, s:s, s:s?, s:s?}", "name",
                                                past->facts->vms[v].name, "host", status_past_host(past, v),
                                                "state", vm_state_names[past->facts->vms[v].state],
                                                "moved_from", m && !moving ? m->order->from : NULL,
                                                "moving_to", m && moving ? m->order->to : NULL));
        }
        return list;
}

static json_t *status_past_hosts_json(const StatusPast *past) {
        json_t *list = json_array();

        for (HostIx h = 0; h < past->snapshot->n_hosts; h++)
                if (!past->host || strcmp(past->host, past->snapshot->hosts[h].name) == 0)
                        (void) json_array_append_new(list, status_host_json(&past->snapshot->hosts[h],
                                                                            &past->shares[h],
                                                                            past->scores.hosts[h]));
        return list;
}

static json_t *status_past_plan_json(const StatusPast *past) {
        json_t *list = json_array();

        for (uint32_t i = 0; i < past->n_moves && json_array_size(list) < past->most; i++)
                if (status_past_wants_move(past, past->moves[i].order))
                        (void) json_array_append_new(list,
                                                     ended_move_json(&past->moves[i], ENDED_MOVE_IN_FULL));
        return json_pack("{s:s, s:I, s:o}", "status", plan_status_names[past->status], "move_count",
                         (json_int_t) past->n_moves, "moves", list);
}

static void status_past_print_json(const StatusPast *past) {
        const Record *record = past->found.record;
        const usec_t age = past->at > record->at ? past->at - record->at : 0;
        json_t *o =
                json_pack("{s:s, s:s, s:o, s:s, s:o, s:o, s:o, s:o, s:b, s:s, s:s, s:I, s:I, s:o, s:o, s:o}",
                          "schema", "plimsoll.status-at/1", "cluster", past->snapshot->cluster, "asked_at",
                          json_instant(past->at), "record", past->found.name, "at", json_instant(record->at),
                          "age_seconds", json_seconds(age / USEC_PER_MSEC), "recorded_at",
                          json_instant(past->found.written_at), "next_at", json_instant(past->found.next_at),
                          "moves_under_way", (int) past->found.under_way, "leader", record->leader, "mode",
                          record->mode, "host_count", (json_int_t) past->snapshot->n_hosts, "vm_count",
                          (json_int_t) past->facts->n_vms, "hosts", status_past_hosts_json(past), "vms",
                          status_past_vms_json(past), "plan", status_past_plan_json(past));

        (void) json_print(o, past->in->out.out);
}

/* ---- text ---- */

static int status_past_print_moves(const StatusPast *past, const Screen *screen) {
        static const Column columns[] = {
                { .title = "VM", .most = 28 },
                { .title = "FROM", .most = 20 },
                { .title = "TO", .most = 20 },
                { .title = "KIND" },
                { .title = "RESULT" },
                { .title = "TOOK", .right = true },
                { .title = "" },
        };
        const bool all = option_given(&past->in->options, "all");
        Table t = table_begin(past->in->arena, columns, ARRAY_SIZE(columns));
        uint32_t wanted = 0;
        int r = 0;

        for (uint32_t i = 0; i < past->n_moves && r == 0; i++) {
                const RecordMove *m = &past->moves[i];
                char took[HUMAN_SIZE];

                if (!status_past_wants_move(past, m->order) || (wanted++ >= SHOWN_MOST && !all))
                        continue;
                r = table_row(&t, (Cell[]){ { .text = m->order->vm, .style = STYLE_STRONG },
                                            { .text = m->order->from },
                                            { .text = m->order->to },
                                            { .text = m->order->kind ? m->order->kind : "" },
                                            { .text = m->end ? m->end : "only planned" },
                                            { .text = m->took.ms >= 0 ? human_ms(m->took.ms, took) : "" },
                                            { .text = m->why ? m->why : "" } });
        }
        if (r < 0 || wanted == 0)
                return r;
        table_print(&t, screen, "  ");
        if (wanted > SHOWN_MOST && !all)
                (void) out_say(screen->out, "  %u more (--all)\n", wanted - SHOWN_MOST);
        (void) fputc('\n', screen->out);
        return 0;
}

/* Those of one host, or one of them: of all of a cluster nobody reads a list. */
static int status_past_print_vms(const StatusPast *past, const Screen *screen) {
        static const Column columns[] = { { .title = "VM", .most = 28 },
                                          { .title = "HOST", .most = 20 },
                                          { .title = "STATE" },
                                          { .title = "" } };
        Table t = table_begin(past->in->arena, columns, ARRAY_SIZE(columns));
        int r = 0;

        for (VmIx v = 0; v < past->facts->n_vms && r == 0; v++) {
                const RecordMove *m = past->moved[v];
                const char *host = status_past_host(past, v), *note = "";

                if (!status_past_wants_vm(past, v))
                        continue;
                if (m)
                        note = past->found.under_way
                                       ? text_format(past->in->arena, "being moved to %s", m->order->to)
                                       : text_format(past->in->arena, "moved from %s", m->order->from);
                r = note ? table_row(&t,
                                     (Cell[]){ { .text = past->facts->vms[v].name, .style = STYLE_STRONG },
                                               { .text = host ? host : "?" },
                                               { .text = vm_state_names[past->facts->vms[v].state] },
                                               { .text = note } })
                         : -ENOMEM;
        }
        if (r < 0)
                return r;
        (void) fputc('\n', screen->out);
        table_print(&t, screen, "  ");
        return 0;
}

static void status_past_print_record(const StatusPast *past, const Screen *screen) {
        const Record *record = past->found.record;
        char at[HUMAN_SIZE], begun[HUMAN_SIZE], ago[HUMAN_SIZE], next[HUMAN_SIZE], leader[160];

        (void) out_say(screen->out, "%s%s%s at %s: %u %s, %u %s\n", screen_style(screen, STYLE_STRONG),
                       past->snapshot->cluster, screen_style(screen, STYLE_PLAIN), human_time(past->at, at),
                       past->facts->n_hosts, text_plural(past->facts->n_hosts, "host", "hosts"),
                       past->facts->n_vms, text_plural(past->facts->n_vms, "VM", "VMs"));
        (void) out_say(screen->out, "record %s: the round of %s (%s before), mode %s, by %s\n",
                       past->found.name, human_time(record->at, begun),
                       human_ms(past->at > record->at ? (past->at - record->at) / USEC_PER_MSEC : 0, ago),
                       record->mode, text_safe(record->leader, leader, sizeof(leader)));
        if (past->found.under_way)
                (void) out_say(screen->out, "its moves were under way; hosts as before them\n");
        else if (past->found.next_at > 0)
                (void) out_say(screen->out, "the next record is of %s\n",
                               human_time(past->found.next_at, next));
        (void) out_say(screen->out, "plan: %s, %u %s\n\n", plan_status_names[past->status], past->n_moves,
                       text_plural(past->n_moves, "move", "moves"));
}

static int status_past_print_text(const StatusPast *past, const Screen *screen) {
        const bool after = !past->found.under_way && past->n_moved > 0;
        bool *only = past->host ? arena_new(past->in->arena, bool, past->snapshot->n_hosts) : NULL;
        const FleetView view = { .snapshot = past->snapshot,
                                 .problem = past->problem,
                                 .host_of = after ? past->host_of : NULL,
                                 .only = only,
                                 .all = option_given(&past->in->options, "all") };
        int r;

        if (past->host && !only)
                return -ENOMEM;
        if (past->host)
                only[snapshot_host(past->snapshot, past->host)] = true;
        status_past_print_record(past, screen);
        r = status_past_print_moves(past, screen);
        if (r == 0 && !past->vm)
                r = fleet_print(past->in->arena, &view, screen);
        if (r == 0 && (past->host || past->vm))
                r = status_past_print_vms(past, screen);
        return r;
}

/* ---- all of it ---- */

ExitStatus status_past(Invocation *in) {
        StatusPast past = { .in = in,
                            .host = option_text(&in->options, "host"),
                            .vm = option_text(&in->options, "vm"),
                            .most = option_given(&in->options, "all") ? UINT32_MAX : LISTED_MOST };
        owned(source_free) Source *source = NULL;
        Settings *settings = NULL;
        ExitStatus status;

        if (option_given(&in->options, "watch"))
                return command_complain(in, EXIT_BAD_INPUT, "--at and --watch exclude each other");
        status = status_past_time(in, &past.at);
        if (status == EXIT_DONE)
                status = facts_store(in, "records are", &settings, &source);
        if (status == EXIT_DONE)
                status = status_past_find(&past, source_store(source));
        if (status == EXIT_DONE)
                status = status_past_build(&past);
        if (status == EXIT_DONE)
                status = status_past_known(&past);
        if (status != EXIT_DONE)
                return status;
        if (in->json)
                status_past_print_json(&past);
        else if (status_past_print_text(&past, &in->out) < 0)
                return command_complain(in, EXIT_FAILED, "out of memory");
        return EXIT_DONE;
}
