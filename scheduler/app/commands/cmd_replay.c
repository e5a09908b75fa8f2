/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <jansson.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scheduler/app/commands/command.h"
#include "scheduler/app/commands/facts.h"
#include "scheduler/app/commands/scenario_folder.h"
#include "scheduler/app/round/record_row.h"
#include "scheduler/app/round/round_record.h"
#include "scheduler/app/terminal/file.h"
#include "scheduler/app/terminal/human.h"
#include "scheduler/app/terminal/json_print.h"
#include "scheduler/app/terminal/table.h"
#include "scheduler/app/text/plan_difference.h"
#include "scheduler/app/text/plan_text.h"
#include "scheduler/milp/exact.h"
#include "scheduler/snapshot/files/plan_file.h"
#include "scheduler/snapshot/files/record_file.h"
#include "scheduler/snapshot/json/json_value.h"

#define DIFFERENCES_SHOWN 20U
#define RECORDS_LISTED    20U

typedef struct Replay {
        Invocation *in;
        const char *name; /* what it was called by */
        const Record *record;
        const Settings *settings;
        Round round;
        const char *plan; /* made just now */
        const PlanDifference *differences;
        uint32_t n_differences, n_all;
} Replay;

/* ---- where it comes from ---- */

static bool is_in_store(const char *name) {
        return strcmp(name, "last") == 0 ||
               (strspn(name, "0123456789-") == strlen(name) && access(name, F_OK) != 0);
}

static ExitStatus cmd_replay_open_store(Invocation *in, Source **ret) {
        Settings *settings = NULL;
        ExitStatus status = facts_settings(in, &settings);
        TextFault fault = { 0 };

        if (status != EXIT_DONE)
                return status;
        if (source_open(&in->options, settings, ret, &fault) < 0)
                return command_complain_fault(in, EXIT_BAD_INPUT, NULL, &fault);
        if (!source_store(*ret)) {
                *ret = source_free(*ret);
                return command_complain(in, EXIT_BAD_INPUT, "Records are kept in Redis. Give --redis URL.");
        }
        return EXIT_DONE;
}

static ExitStatus text_from_store(Replay *replay, const char **ret, size_t *ret_n) {
        owned(source_free) Source *source = NULL;
        StoredText found = { 0 };
        ExitStatus status = cmd_replay_open_store(replay->in, &source);
        int r;

        if (status != EXIT_DONE)
                return status;
        r = store_get_record(source_store(source), replay->in->arena, replay->name, &found);
        if (r == 1)
                return command_complain(replay->in, EXIT_BAD_INPUT,
                                        "record %s not found, or already removed (plimsoll replay --list)",
                                        replay->name);
        if (r < 0)
                return command_complain(replay->in, EXIT_FAILED, "%s", store_error(source_store(source)));
        replay->name = found.name;
        *ret = found.text;
        *ret_n = found.n;
        return EXIT_DONE;
}

static ExitStatus cmd_replay_read_record(Replay *replay) {
        const char *save = option_text(&replay->in->options, "save"), *text = NULL;
        ExitStatus status = EXIT_DONE;
        TextFault fault = { 0 };
        size_t n = 0;
        int r;

        if (is_in_store(replay->name))
                status = text_from_store(replay, &text, &n);
        else if (file_read(replay->in->arena, replay->name, &text, &n, &fault) < 0)
                status = command_complain_fault(replay->in, EXIT_BAD_INPUT, replay->name, &fault);
        if (status != EXIT_DONE)
                return status;
        if (save && file_write(save, text, n, &fault) < 0)
                return command_complain_fault(replay->in, EXIT_FAILED, save, &fault);
        r = record_file_parse(replay->in->arena, text, n, &replay->record, &fault);
        if (r == 0)
                r = round_record_settings(replay->in->arena, replay->record, &replay->settings, &fault);
        if (r == -ENOMEM)
                return command_complain(replay->in, EXIT_FAILED, "out of memory");
        return r < 0 ? command_complain_fault(replay->in, EXIT_BAD_INPUT, replay->name, &fault) : EXIT_DONE;
}

/* ---- --list ---- */

static int list_row(Invocation *in, Table *table, json_t *list, const StoredText *text) {
        char moves[24], when[HUMAN_SIZE];
        RecordRow row;
        int r = record_row_parse(in->arena, text->text, text->n, &row);

        if (r < 0)
                return r;
        (void) snprintf(moves, sizeof(moves), "%u", row.n_moves);
        if (!in->json)
                return table_row(table, (Cell[]){ { .text = text->name },
                                                  { .text = human_time(row.at, when) },
                                                  { .text = row.mode },
                                                  { .text = moves },
                                                  { .text = row.status } });
        (void) json_array_append_new(list, json_pack("{s:s, s:o, s:s, s:s, s:I}", "record", text->name, "at",
                                                     json_instant(row.at), "mode", row.mode, "status",
                                                     row.status, "move_count", (json_int_t) row.n_moves));
        return 0;
}

static ExitStatus list_records(Invocation *in) {
        static const Column columns[] = { { .title = "RECORD" },
                                          { .title = "TIME" },
                                          { .title = "MODE" },
                                          { .title = "MOVES", .right = true },
                                          { .title = "PLAN" } };
        owned(source_free) Source *source = NULL;
        Table table = table_begin(in->arena, columns, ARRAY_SIZE(columns));
        ExitStatus status = cmd_replay_open_store(in, &source);
        StoredText *texts = NULL;
        json_t *list = NULL;
        uint32_t n = 0;
        int r;

        if (status != EXIT_DONE)
                return status;
        r = store_get_records(source_store(source), in->arena, RECORDS_LISTED, &texts, &n);
        if (r < 0)
                return command_complain(in, EXIT_FAILED, "%s", store_error(source_store(source)));
        list = json_array();
        for (uint32_t i = 0; i < n && r == 0; i++)
                r = list_row(in, &table, list, &texts[i]);
        if (in->json) {
                json_t *o = json_pack("{s:s, s:O}", "schema", "plimsoll.records/1", "records", list);

                (void) json_print(o, in->out.out);
        } else if (r == 0 && n > 0) {
                table_print(&table, &in->out, "");
        } else if (r == 0) {
                (void) fputs("no records yet\n", in->out.out);
        }
        json_decref(list);
        return r < 0 ? command_complain(in, EXIT_FAILED, "out of memory") : EXIT_DONE;
}

/* ---- the answer ---- */

static const char *cmd_replay_reservation(const Replay *replay) {
        if (strcmp(replay->record->version, PLIMSOLL_VERSION) != 0)
                return "it was made by another version of plimsoll";
        if (replay->record->solver && strcmp(replay->record->solver, exact_solver.name) != 0 &&
            strcmp(replay->record->solver, exact_absent.name) != 0)
                return "it used the exact solver, and this build does not include it (WITH_GLPK=OFF)";
        if (strstr(replay->record->plan, "\"guard_fired\":true"))
                return "the time limit (service.think) had cut it short: another run may get further";
        return NULL;
}

static void cmd_replay_print_json(const Replay *replay) {
        json_t *list = json_array(), *o;

        for (uint32_t i = 0; i < replay->n_differences; i++)
                (void) json_array_append_new(
                        list, json_pack("{s:s, s:s, s:s}", "path", replay->differences[i].path, "was",
                                        replay->differences[i].was, "is", replay->differences[i].is));
        o = json_pack("{s:s, s:s, s:s, s:s, s:b, s:I, s:o, s:o}", "schema", "plimsoll.replay/1", "record",
                      replay->name, "version", PLIMSOLL_VERSION, "recorded_version", replay->record->version,
                      "same", replay->n_all == 0, "difference_count", (json_int_t) replay->n_all,
                      "differences", list, "reservation", json_text(cmd_replay_reservation(replay)));
        (void) json_print(o, replay->in->out.out);
}

static int cmd_replay_print_text(const Replay *replay) {
        static const Column columns[] = { { .title = "WHERE" },
                                          { .title = "RECORDED", .most = 60 },
                                          { .title = "NOW" } };
        const Screen *out = &replay->in->out;
        Table table = table_begin(replay->in->arena, columns, ARRAY_SIZE(columns));
        char when[HUMAN_SIZE], safe[160];

        (void) out_say(out->out, "%s of %s, by plimsoll %s, mode %s: %s\n",
                       text_safe(replay->name, safe, sizeof(safe)), human_time(replay->record->at, when),
                       replay->record->version, replay->record->mode,
                       plan_text_summary(replay->in->arena, replay->round.snapshot, replay->round.plan));
        if (replay->n_all == 0) {
                (void) out_say(out->out, "%sthe same decision, byte for byte%s\n",
                               screen_style(out, STYLE_GOOD), screen_style(out, STYLE_PLAIN));
                return 0;
        }
        (void) out_say(out->out, "%sanother decision: %u difference%s%s%s%s\n", screen_style(out, STYLE_BAD),
                       replay->n_all, replay->n_all == 1 ? "" : "s", screen_style(out, STYLE_PLAIN),
                       cmd_replay_reservation(replay) ? "; " : "",
                       cmd_replay_reservation(replay) ? cmd_replay_reservation(replay) : "");
        for (uint32_t i = 0; i < replay->n_differences; i++)
                if (table_row(&table, (Cell[]){ { .text = replay->differences[i].path },
                                                { .text = replay->differences[i].was },
                                                { .text = replay->differences[i].is } }) < 0)
                        return -ENOMEM;
        table_print(&table, out, "  ");
        if (replay->n_all > replay->n_differences)
                (void) out_say(out->out, "  … and %u more\n", replay->n_all - replay->n_differences);
        return 0;
}

static ExitStatus cmd_replay_decide(Replay *replay) {
        Workers workers = workers_threads(0);
        size_t n = 0;
        int r = round_replay(replay->in->arena, replay->record, replay->settings, &workers, &replay->round);

        if (r == 0)
                r = plan_file_print(replay->in->arena, replay->round.snapshot, replay->round.plan,
                                    &replay->plan, &n);
        if (r == 0)
                r = plan_difference(replay->in->arena, replay->record->plan, replay->plan, DIFFERENCES_SHOWN,
                                    &replay->differences, &replay->n_differences, &replay->n_all);
        return r < 0 ? command_complain(replay->in, EXIT_FAILED, "cannot plan again: %s", strerrordesc_np(-r))
                     : EXIT_DONE;
}

static ExitStatus cmd_replay_replay(Replay *replay) {
        const char *folder = option_text(&replay->in->options, "to-scenario");
        ExitStatus status = cmd_replay_read_record(replay);
        TextFault fault = { 0 };

        if (status == EXIT_DONE)
                status = cmd_replay_decide(replay);
        if (status != EXIT_DONE)
                return status;
        if (replay->in->json)
                cmd_replay_print_json(replay);
        else if (cmd_replay_print_text(replay) < 0)
                return command_complain(replay->in, EXIT_FAILED, "out of memory");
        if (folder &&
            scenario_folder_write(replay->in->arena, replay->record, &replay->round, folder, &fault) < 0)
                return command_complain_fault(replay->in, EXIT_FAILED, folder, &fault);
        if (folder && !replay->in->json)
                (void) out_say(
                        replay->in->out.out,
                        "%s: README, cluster.json, settings, settings.yaml; describe its purpose in README\n",
                        folder);
        return replay->n_all == 0 ? EXIT_DONE : EXIT_FAILED;
}

static ExitStatus cmd_replay_run(Invocation *in) {
        Replay x = { .in = in };

        if (option_given(&in->options, "list"))
                return in->options.n_arguments == 0
                               ? list_records(in)
                               : command_complain(in, EXIT_BAD_INPUT, "--list accepts no record name");
        if (in->options.n_arguments != 1)
                return command_complain(
                        in, EXIT_BAD_INPUT,
                        "No record given. Use a record's name, last, or a file (--list shows the names)");
        x.name = in->options.arguments[0];
        return cmd_replay_replay(&x);
}

static const OptionDef cmd_replay_options[] = {
        SOURCE_OPTIONS,
        { "", 0, OPTION_HEADING, NULL, 0, 0, 0, "Action:" },
        { "list", 0, OPTION_FLAG, NULL, 0, 0, 0, "list the newest records in Redis" },
        { "save", 0, OPTION_TEXT, "FILE", 0, 0, 0, "write the record to this file, to keep or send it" },
        { "to-scenario", 0, OPTION_TEXT, "DIR", 0, 0, 0,
          "write it as a scenario folder (see tests/scenarios), which must not exist yet" },
        { "json", 0, OPTION_FLAG, NULL, 0, 0, 0,
          "print JSON, schema plimsoll.replay/1 (--list: plimsoll.records/1)" },
        { 0 },
};

const Command command_replay = {
        .name = "replay",
        .summary = "repeat a recorded decision, and show any difference",
        .usage = "RECORD|FILE|last [--redis URL] [--save FILE] [--to-scenario DIR] | --list",
        .help = "Each round's data, settings and plan are kept in Redis as a record (docs/record-file.md). replay plans\n"
                "again from it and compares byte for byte; nothing is moved. A record can also be a file: plimsoll plan\n"
                "--record FILE writes one, and replay FILE needs no Redis.\n"
                "Exit status 1: the decision differs.",
        .examples = "plimsoll replay --list\n"
                    "plimsoll replay last\n"
                    "plimsoll replay last --save record.json\n"
                    "plimsoll replay record.json",
        .options = cmd_replay_options,
        .most_arguments = 1,
        .run = cmd_replay_run,
};
