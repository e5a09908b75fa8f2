/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "scheduler/app/commands/command.h"
#include "scheduler/app/commands/facts.h"
#include "scheduler/app/terminal/file.h"
#include "scheduler/app/terminal/json_print.h"
#include "scheduler/app/terminal/timing.h"
#include "scheduler/app/text/plan_text.h"
#include "scheduler/base/text.h"
#include "scheduler/decide/judge/plan_check.h"
#include "scheduler/decide/problem/problem_build.h"
#include "scheduler/decide/whynot/conflict.h"
#include "scheduler/snapshot/files/plan_file.h"
#include "scheduler/snapshot/json/json_value.h"

#define SHOW_OBJECTIONS 100U

typedef struct Judgement {
        const PlanFile *plan;
        const Objection *objections;
        uint32_t n_objections;
        const Snapshot *snapshot;
        const Conflict *conflicts; /* of the cluster as the plan would leave it */
        uint32_t n_conflicts;
} Judgement;

static json_t *conflict_json(const Judgement *j, const Conflict *c) {
        json_t *o = json_object(), *rules = json_array();

        for (uint32_t i = 0; i < c->n_rules; i++)
                (void) json_array_append_new(rules, json_string(j->snapshot->rules[c->rules[i]].name));
        (void) json_object_set_new(o, "rules", rules);
        (void) json_object_set_new(o, "smallest", json_boolean(c->smallest));
        (void) json_object_set_new(o, "text", json_text(c->text));
        return o;
}

static void cmd_check_print_json(const Judgement *j, FILE *out) {
        json_t *o = json_object(), *list = json_array(), *conflicts = json_array();
        uint32_t kept = j->n_objections < SHOW_OBJECTIONS ? j->n_objections : SHOW_OBJECTIONS;

        for (uint32_t i = 0; i < kept; i++) {
                const Objection *x = &j->objections[i];
                const MoveOrder *move = x->move < j->plan->n_moves ? &j->plan->moves[x->move] : NULL;
                json_t *e = json_object();

                (void) json_object_set_new(e, "vm", json_text(move ? move->vm : NULL));
                (void) json_object_set_new(e, "wave",
                                           move ? json_integer((json_int_t) move->wave + 1) : json_null());
                (void) json_object_set_new(
                        e, "reason",
                        json_text(x->verdict == VERDICT_REFUSED ? reason_names[x->reason] : NULL));
                (void) json_object_set_new(e, "text", json_string(x->text));
                (void) json_array_append_new(list, e);
        }
        (void) json_object_set_new(o, "schema", json_string("plimsoll.check/1"));
        (void) json_object_set_new(o, "safe", json_boolean(j->n_objections == 0));
        (void) json_object_set_new(o, "move_count", json_integer(j->plan->n_moves));
        (void) json_object_set_new(o, "objections", list);
        (void) json_object_set_new(o, "objections_all", json_integer(j->n_objections));
        for (uint32_t i = 0; i < j->n_conflicts; i++)
                (void) json_array_append_new(conflicts, conflict_json(j, &j->conflicts[i]));
        (void) json_object_set_new(o, "cannot_hold", conflicts);
        (void) json_print(o, out);
}

static void cmd_check_print_text(const Judgement *j, const Screen *screen) {
        uint32_t kept = j->n_objections < SHOW_OBJECTIONS ? j->n_objections : SHOW_OBJECTIONS;

        if (j->n_objections == 0) {
                (void) out_say(screen->out, "%ssafe%s: %u %s in %u %s, at every instant\n",
                               screen_style(screen, STYLE_GOOD), screen_style(screen, STYLE_PLAIN),
                               j->plan->n_moves, text_plural(j->plan->n_moves, "move", "moves"),
                               j->plan->n_waves, text_plural(j->plan->n_waves, "wave", "waves"));
                return;
        }
        for (uint32_t i = 0; i < kept; i++) {
                char safe[512];

                (void) out_say(screen->out, "  %s\n", text_safe(j->objections[i].text, safe, sizeof(safe)));
        }
        if (kept < j->n_objections)
                (void) out_say(screen->out, "  … and %u more\n", j->n_objections - kept);
        (void) out_say(screen->out, "%snot safe%s: %u objection%s to %u %s\n",
                       screen_style(screen, STYLE_BAD), screen_style(screen, STYLE_PLAIN), j->n_objections,
                       j->n_objections == 1 ? "" : "s", j->plan->n_moves,
                       text_plural(j->plan->n_moves, "move", "moves"));
}

/* Rules that cannot hold where the plan leads: a plan may be safe, and what it is for not to be had. */
static int find_conflicts(Invocation *in, const Facts *facts, Judgement *j) {
        const Snapshot *s = facts->snapshot;
        HostIx *host_of = arena_new(in->arena, HostIx, s->n_vms);
        const Problem *p;
        Conflicts found;
        Arena scratch;
        int r = host_of ? problem_build(in->arena, s, facts->settings, &p) : -ENOMEM;

        if (r == 0)
                r = arena_open((size_t) 1 << 30, &scratch);
        if (r < 0)
                return r;
        for (VmIx v = 0; v < s->n_vms; v++)
                host_of[v] = s->vms[v].host;
        for (uint32_t i = 0; i < j->plan->n_moves; i++) {
                const VmIx v = snapshot_vm(s, j->plan->moves[i].vm);
                const HostIx h = snapshot_host(s, j->plan->moves[i].to);

                if (v != IX_NONE && h != IX_NONE)
                        host_of[v] = h;
        }
        j->snapshot = s;
        r = conflicts_find(in->arena, &scratch, &(ConflictsAsked){ .s = s, .p = p, .host_of = host_of },
                           &found);
        arena_close(&scratch);
        j->conflicts = r == 0 ? found.at : NULL;
        j->n_conflicts = r == 0 ? found.n : 0;
        return r;
}

static ExitStatus cmd_check_judge(Invocation *in, const Facts *facts) {
        const char *path = in->options.arguments[0], *text;
        Judgement j = { 0 };
        TextFault fault;
        size_t n;

        if (file_read(in->arena, path, &text, &n, &fault) < 0 ||
            plan_file_parse(in->arena, text, n, &j.plan, &fault) < 0)
                return command_complain_fault(in, EXIT_BAD_INPUT, path, &fault);
        if (plan_check(in->arena, facts->snapshot, facts->settings, j.plan->moves, j.plan->n_moves,
                       &j.objections, &j.n_objections) < 0)
                return command_complain(in, EXIT_FAILED, "out of memory");
        if (find_conflicts(in, facts, &j) < 0)
                return command_complain(in, EXIT_FAILED, "out of memory");
        if (in->json)
                cmd_check_print_json(&j, in->out.out);
        else {
                cmd_check_print_text(&j, &in->out);
                plan_text_conflicts(j.conflicts, j.n_conflicts, &in->out);
        }
        return j.n_objections + j.n_conflicts == 0 ? EXIT_DONE : EXIT_BLOCKED;
}

static ExitStatus cmd_check_run(Invocation *in) {
        Timing timing = timing_begin(in);
        Facts facts;
        ExitStatus status = facts_open(in, &facts);

        timing_mark(&timing, "load");
        if (status == EXIT_DONE)
                status = cmd_check_judge(in, &facts);
        timing_mark(&timing, "check");
        facts_close(&facts);
        timing_end(&timing);
        return status;
}

static const OptionDef cmd_check_options[] = {
        SOURCE_OPTIONS,
        { "", 0, OPTION_HEADING, NULL, 0, 0, 0, "Output:" },
        { "json", 0, OPTION_FLAG, NULL, 0, 0, 0, "print JSON, schema plimsoll.check/1" },
        TIMING_OPTION,
        { 0 },
};

const Command command_check = {
        .name = "check",
        .summary = "check a plan with the independent judge: is every step safe now?",
        .usage = "PLAN [source]",
        .help = "Judges a plan file against the data of the source: at no time may a host be overfilled, a rule that\n"
                "holds now be broken, or a VM end where it is not allowed. Exit status 0 only if every step is safe;\n"
                "3 with the objections if not, and with the rules that contradict each other, if there are such rules.",
        .examples = "plimsoll check plan.json --redis redis://store:6379",
        .options = cmd_check_options,
        .least_arguments = 1,
        .most_arguments = 1,
        .run = cmd_check_run,
};
