/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "scheduler/app/commands/command.h"
#include "scheduler/app/commands/facts.h"
#include "scheduler/app/commands/stopped.h"
#include "scheduler/app/round/audit_store.h"
#include "scheduler/app/round/confirm_store.h"
#include "scheduler/app/state/host_mark.h"
#include "scheduler/app/terminal/human.h"
#include "scheduler/app/terminal/json_print.h"
#include "scheduler/app/terminal/table.h"
#include "scheduler/snapshot/files/waiting_text.h"
#include "scheduler/snapshot/json/json_value.h"

typedef struct Confirming {
        Invocation *in;
        const char *cluster;
        const Settings *settings;
        Store *store;
        Waiting *list;
        uint32_t n;
} Confirming;

static ExitStatus cmd_confirm_failed(const Confirming *confirming, int error) {
        return command_complain(confirming->in, EXIT_FAILED, "%s",
                                error == -ENOMEM ? "out of memory" : store_error(confirming->store));
}

/* ---- JSON ---- */

static json_t *kinds_json(unsigned kinds) {
        json_t *list = json_array();

        for (int k = 0; k < ACTION_KIND_N; k++)
                if (kinds & action_kind_bit((ActionKind) k))
                        (void) json_array_append_new(list, json_string(action_kind_names[k]));
        return list;
}

static json_t *cmd_confirm_one_json(const Waiting *w) {
        json_t *o = json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:o}", "id", w->plan.id, "state",
                              waiting_state_names[w->plan.state], "made_at", json_instant(w->plan.made_at),
                              "until", json_instant(w->plan.until), "kinds", kinds_json(w->plan.kinds),
                              "summary", json_text(w->plan.summary), "record", json_text(w->plan.record));

        (void) json_object_set_new(o, "answer",
                                   w->answered ? json_pack("{s:b, s:o, s:o}", "yes", (int) w->answer.yes,
                                                           "by", json_text(w->answer.by), "at",
                                                           json_instant(w->answer.at))
                                               : json_null());
        (void) json_object_set_new(o, "plan", json_loads(w->plan.plan, 0, NULL));
        return o;
}

static void cmd_confirm_print_json(const Confirming *confirming, const char *id) {
        json_t *list = json_array(), *o;

        for (uint32_t i = 0; i < confirming->n; i++)
                if (confirming->list[i].file && (!id || strcmp(id, confirming->list[i].plan.id) == 0))
                        (void) json_array_append_new(list, cmd_confirm_one_json(&confirming->list[i]));
        o = json_pack("{s:s, s:s, s:o}", "schema", "plimsoll.confirm/1", "cluster", confirming->cluster,
                      "plans", list);
        (void) json_print(o, confirming->in->out.out);
}

/* ---- for people ---- */

static const char *cmd_confirm_state_words(Arena *a, const Waiting *w, usec_t now) {
        char left[HUMAN_SIZE];

        (void) human_ms(w->plan.until > now ? (w->plan.until - now) / USEC_PER_MSEC : 0, left);
        if (w->plan.state == WAITING_REJECTED)
                return text_format(a, "rejected; not proposed again for %s", left);
        if (w->answered)
                return text_format(a, "%s by %s; the service picks it up in its next round",
                                   w->answer.yes ? "accepted" : "rejected", w->answer.by);
        return text_format(a, "awaiting confirmation, for %s more", left);
}

static int cmd_confirm_print_list(const Confirming *confirming) {
        static const Column columns[] = { { .title = "ID" },
                                          { .title = "FOR", .most = 24 },
                                          { .title = "MOVES", .right = true },
                                          { .title = "ASKED", .right = true },
                                          { .title = "" },
                                          { .title = "PLAN" } };
        Arena *a = confirming->in->arena;
        Table t = table_begin(a, columns, ARRAY_SIZE(columns));
        const usec_t now = clock_now();

        for (uint32_t i = 0; i < confirming->n; i++) {
                const Waiting *w = &confirming->list[i];
                char ago[HUMAN_SIZE];
                int r;

                if (!w->file)
                        continue;
                (void) human_ms(now > w->plan.made_at ? (now - w->plan.made_at) / USEC_PER_MSEC : 0, ago);
                r = table_row(&t, (Cell[]){ { .text = w->plan.id, .style = STYLE_STRONG },
                                            { .text = action_kinds_text(a, w->plan.kinds) },
                                            { .text = text_format(a, "%u", w->file->n_moves) },
                                            { .text = text_format(a, "%s ago", ago) },
                                            { .text = cmd_confirm_state_words(a, w, now) },
                                            { .text = w->plan.summary } });
                if (r < 0)
                        return r;
        }
        if (t.n_rows == 0)
                (void) out_say(confirming->in->out.out, "no plan is awaiting confirmation in cluster %s\n",
                               confirming->cluster);
        else
                table_print(&t, &confirming->in->out, "");
        return 0;
}

static int print_one(const Confirming *confirming, const Waiting *w) {
        static const Column columns[] = {
                { .title = "VM", .most = 28 },       { .title = "FROM", .most = 20 },
                { .title = "TO", .most = 20 },       { .title = "WAVE", .right = true },
                { .title = "TAKES", .right = true }, { .title = "WHY" }
        };
        Arena *a = confirming->in->arena;
        Table t = table_begin(a, columns, ARRAY_SIZE(columns));
        const Screen *out = &confirming->in->out;
        char summary[512];

        (void) out_say(out->out, "plan %s%s%s (%s): %s\n", screen_style(out, STYLE_STRONG), w->plan.id,
                       screen_style(out, STYLE_PLAIN), cmd_confirm_state_words(a, w, clock_now()),
                       text_safe(w->plan.summary, summary, sizeof(summary)));
        for (uint32_t i = 0; i < w->file->n_moves; i++) {
                const MoveOrder *m = &w->file->moves[i];
                char time[HUMAN_SIZE];
                int r = table_row(&t, (Cell[]){ { .text = m->vm, .style = STYLE_STRONG },
                                                { .text = m->from },
                                                { .text = m->to },
                                                { .text = text_format(a, "%u", m->wave + 1) },
                                                { .text = human_ms(m->predicted.ms, time) },
                                                { .text = m->why } });

                if (r < 0)
                        return r;
        }
        table_print(&t, out, "  ");
        if (w->plan.state == WAITING_ASKED && !w->answered)
                (void) out_say(out->out,
                               "to accept: plimsoll confirm %s --yes; to reject: --reject instead of --yes\n",
                               w->plan.id);
        return 0;
}

/* ---- answering ---- */

static ExitStatus cmd_confirm_answer(const Confirming *confirming, const Waiting *w, bool yes) {
        char by[256];
        WaitingAnswer said = { .yes = yes, .by = operator_name(by, sizeof(by)), .at = clock_now() };
        const char *text = NULL;
        size_t n = 0;
        int r;

        if (w->plan.state == WAITING_REJECTED)
                return command_complain(confirming->in, EXIT_BAD_INPUT,
                                        "plan %s was rejected and is not proposed again for now\n",
                                        w->plan.id);
        if (said.at >= w->plan.until)
                return command_complain(confirming->in, EXIT_BAD_INPUT,
                                        "plan %s has expired; a new one is proposed if it is still needed\n",
                                        w->plan.id);
        if (w->answered)
                return command_complain(confirming->in, EXIT_BAD_INPUT, "plan %s was already %s by %s",
                                        w->plan.id, w->answer.yes ? "accepted" : "rejected", w->answer.by);
        r = answer_text_print(confirming->in->arena, &said, &text, &n);
        if (r == 0)
                r = store_put_answer(confirming->store, w->plan.id, text, n);
        if (r < 0)
                return cmd_confirm_failed(confirming, r);
        if (r == 1)
                return command_complain(confirming->in, EXIT_BAD_INPUT,
                                        "plan %s was already answered, or no longer awaits confirmation",
                                        w->plan.id);
        if (!confirming->in->json)
                (void) out_say(
                        confirming->in->out.out, "%s\n",
                        yes ? "accepted: the service carries it out if it is still right with current data (plimsoll "
                              "status, plimsoll audit)"
                            : "rejected: it is not proposed again for a while (service.confirm_again)");
        return EXIT_DONE;
}

/* ---- the command ---- */

/* What became of one that waits no more, by the audit; NULL: the audit does not know it. */
static const char *what_became(const Confirming *confirming, const char *id) {
        const AuditEntry *list = NULL;
        const char *by;
        char ago[HUMAN_SIZE];
        uint32_t n = 0, i = 0;

        if (audit_store_read(confirming->store, confirming->in->arena, 0, &list, &n) < 0)
                return NULL;
        while (i < n && (!list[i].waiting || !list[i].answer || strcmp(list[i].waiting, id) != 0))
                i++;
        if (i == n || strcmp(list[i].answer, "asked") == 0)
                return NULL;
        by = list[i].by ? list[i].by : "an unknown user";
        (void) human_ms((clock_now() - list[i].at) / USEC_PER_MSEC, ago);
        if (strcmp(list[i].answer, "yes") == 0 || strcmp(list[i].answer, "no") == 0)
                return text_format(confirming->in->arena, "it was %s by %s, %s ago (plimsoll audit)",
                                   list[i].answer[0] == 'y' ? "accepted" : "rejected", by, ago);
        return text_format(confirming->in->arena, "it %s %s ago: %s",
                           strcmp(list[i].answer, "expired") == 0 ? "expired" : "was dropped", ago, by);
}

static const Waiting *cmd_confirm_named(const Confirming *confirming, const char *id) {
        const char **ids = arena_new(confirming->in->arena, const char *, confirming->n), *near = NULL, *end;

        for (uint32_t i = 0; i < confirming->n; i++) {
                if (confirming->list[i].file && strcmp(confirming->list[i].plan.id, id) == 0)
                        return &confirming->list[i];
                if (ids)
                        ids[i] = confirming->list[i].plan.id;
        }
        end = what_became(confirming, id);
        if (end) {
                (void) command_complain(confirming->in, EXIT_BAD_INPUT,
                                        "plan %s no longer awaits confirmation: %s", id, end);
                return NULL;
        }
        if (ids && confirming->n > 0)
                near = text_nearest(id, ids, confirming->n);
        (void) command_complain(
                confirming->in, EXIT_BAD_INPUT,
                "plan %s not found%s%s%s; plimsoll confirm lists the plans awaiting confirmation", id,
                near ? " (did you mean " : "", near ? near : "", near ? "?)" : "");
        return NULL;
}

static int cmd_confirm_show(const Confirming *confirming, const Waiting *one) {
        if (confirming->in->json)
                cmd_confirm_print_json(confirming, one ? one->plan.id : NULL);
        else
                return one ? print_one(confirming, one) : cmd_confirm_print_list(confirming);
        return 0;
}

static ExitStatus cmd_confirm_confirm(Confirming *confirming) {
        const Options *o = &confirming->in->options;
        const char *id = o->n_arguments > 0 ? o->arguments[0] : NULL;
        const bool yes = option_given(o, "yes"), no = option_given(o, "reject");
        const Waiting *one = NULL;
        ExitStatus status;
        int r;

        if ((yes && no) || ((yes || no) && !id))
                return command_complain(confirming->in, EXIT_BAD_INPUT, "%s",
                                        id ? "--yes and --reject exclude each other. Give one of them."
                                           : "No plan given. Use plimsoll confirm ID --yes, or --reject.");
        r = confirm_store_read(confirming->store, confirming->in->arena, &confirming->list, &confirming->n);
        if (r < 0)
                return cmd_confirm_failed(confirming, r);
        if (id)
                one = cmd_confirm_named(confirming, id);
        if (id && !one)
                return EXIT_BAD_INPUT;
        if (yes) {
                status = stopped_check(confirming->in, confirming->store, confirming->settings);
                if (status != EXIT_DONE)
                        return status;
        }
        if (yes || no) {
                status = cmd_confirm_answer(confirming, one, yes);
                if (status != EXIT_DONE || !confirming->in->json)
                        return status;
                r = confirm_store_read(confirming->store, confirming->in->arena, &confirming->list,
                                       &confirming->n);
        }
        if (r == 0)
                r = cmd_confirm_show(confirming, one);
        return r < 0 ? cmd_confirm_failed(confirming, r) : EXIT_DONE;
}

/* No facts are read: one can be rejected also when no host reports. */
static ExitStatus cmd_confirm_run(Invocation *in) {
        owned(source_free) Source *source = NULL;
        Settings *settings = NULL;
        Confirming x = { .in = in };
        ExitStatus status = facts_store(in, "plans awaiting confirmation are", &settings, &source);

        if (status != EXIT_DONE)
                return status;
        x.store = source_store(source);
        x.cluster = source_cluster(source);
        x.settings = settings;
        status = cmd_confirm_confirm(&x);
        facts_say_unread(in, x.store, 0);
        return status;
}

static const OptionDef cmd_confirm_options[] = {
        SOURCE_OPTIONS,
        { "", 0, OPTION_HEADING, NULL, 0, 0, 0, "With ID:" },
        { "yes", 'y', OPTION_FLAG, NULL, 0, 0, 0,
          "accept: the service carries it out at once, if it is still right with fresh data" },
        { "reject", 0, OPTION_FLAG, NULL, 0, 0, 0,
          "reject: it is dropped, and not proposed again for a while (service.confirm_again)" },
        { "", 0, OPTION_HEADING, NULL, 0, 0, 0, "Output:" },
        { "json", 0, OPTION_FLAG, NULL, 0, 0, 0, "print JSON, schema plimsoll.confirm/1" },
        { 0 },
};

const Command command_confirm = {
        .name = "confirm",
        .summary = "plans awaiting confirmation: list, show, accept, reject",
        .usage = "[ID [--yes | --reject]] [source]",
        .help = "Where the service asks before it acts (service.mode: confirm, or section modes), its plan waits here\n"
                "until an operator answers or it expires. Who answered, and when, is in plimsoll audit.\n"
                "Exit status 2: plan not found, or already answered.",
        .examples = "plimsoll confirm\n"
                    "plimsoll confirm ID --yes\n"
                    "plimsoll confirm ID --reject",
        .options = cmd_confirm_options,
        .most_arguments = 1,
        .run = cmd_confirm_run,
};
