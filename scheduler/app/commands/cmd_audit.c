/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "scheduler/app/commands/command.h"
#include "scheduler/app/commands/ended_move.h"
#include "scheduler/app/commands/facts.h"
#include "scheduler/app/round/audit_store.h"
#include "scheduler/app/state/host_mark.h"
#include "scheduler/app/terminal/human.h"
#include "scheduler/app/terminal/json_print.h"
#include "scheduler/app/terminal/table.h"
#include "scheduler/base/text.h"
#include "scheduler/snapshot/files/audit_text.h"
#include "scheduler/snapshot/json/json_value.h"

#define SINCE_MOST (INT64_C(3650) * 86400 * USEC_PER_SEC)

typedef struct Audit {
        Invocation *in;
        const char *cluster;
        const char *vm, *host; /* NULL: all */
        usec_t since;
        const AuditEntry *entries; /* newest first, with the moves that were asked for alone */
        uint32_t n;
        AuditSum sum;
        AuditPause pause;       /* of balance, as it would be now */
        usec_t acknowledged_at; /* since when predictions count; 0: since ever */
        const char *acknowledged_by;
} Audit;

/* ---- what was asked for ---- */

static bool cmd_audit_wanted(const Audit *audit, const RecordMove *m) {
        return (!audit->vm || strcmp(audit->vm, m->order->vm) == 0) &&
               (!audit->host || strcmp(audit->host, m->order->from) == 0 ||
                strcmp(audit->host, m->order->to) == 0);
}

static bool cmd_audit_books(const Audit *audit, const AuditEntry *entry) {
        return entry->booking && entry->booking_host &&
               (!audit->vm || strcmp(audit->vm, entry->booking) == 0) &&
               (!audit->host || strcmp(audit->host, entry->booking_host) == 0);
}

static int cmd_audit_pick(Audit *audit, const AuditEntry *all, uint32_t n) {
        AuditEntry *list = arena_new(audit->in->arena, AuditEntry, n);

        if (!list)
                return -ENOMEM;
        for (uint32_t i = 0; i < n; i++) {
                RecordMove *moves = arena_new(audit->in->arena, RecordMove, all[i].n_moves);
                uint32_t k = 0;

                if (!moves)
                        return -ENOMEM;
                for (uint32_t m = 0; m < all[i].n_moves; m++)
                        if (cmd_audit_wanted(audit, &all[i].moves[m]))
                                moves[k++] = all[i].moves[m];
                if ((audit->vm || audit->host) && k == 0 && !cmd_audit_books(audit, &all[i]))
                        continue;
                list[audit->n] = all[i];
                list[audit->n].moves = moves;
                list[audit->n++].n_moves = k;
        }
        audit->entries = list;
        return audit_sum(audit->in->arena, audit->entries, audit->n, &audit->sum);
}

/* ---- JSON and CSV ---- */

static json_t *cmd_audit_loads_json(const HostLoad *list, uint32_t n) {
        json_t *all = json_array();

        for (uint32_t i = 0; i < n; i++)
                (void) json_array_append_new(all,
                                             json_pack("{s:s, s:o, s:o}", "host", list[i].host, "cpu_used",
                                                       json_share(list[i].cpu_permille), "memory_used",
                                                       json_share(list[i].memory_permille)));
        return all;
}

/* The request by which somebody wanted it, or null. */
static json_t *cmd_audit_request_json(const char *by) {
        char request[OPERATOR_REQUEST_SIZE];

        return json_text(by && operator_request(by, request) == 1 ? request : NULL);
}

static json_t *entry_json(const AuditEntry *entry) {
        json_t *moves = json_array();

        for (uint32_t i = 0; i < entry->n_moves; i++)
                (void) json_array_append_new(moves, ended_move_json(&entry->moves[i], ENDED_MOVE_IN_FULL));
        return json_pack(
                "{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:o, s:o, s:o, s:o, s:o, "
                "s:o, s:o}",
                "id", entry->id, "at", json_instant(entry->at), "leader", json_text(entry->leader), "mode",
                json_text(entry->mode), "record", json_text(entry->record), "status",
                json_text(entry->status), "paused", json_text(entry->paused), "waiting_plan",
                json_text(entry->waiting), "answer_state", json_text(entry->answer), "by",
                json_text(entry->by), "request", cmd_audit_request_json(entry->by), "answered_at",
                json_instant(entry->answered_at), "booking", json_text(entry->booking), "booking_host",
                json_text(entry->booking_host), "refused_count", (json_int_t) entry->refused,
                "predicted_seconds", json_seconds(entry->predicted_ms), "predicted_bytes",
                json_number(entry->predicted_bytes), "seconds", json_seconds(entry->ms), "bytes",
                json_number(entry->bytes), "moves", moves, "load_before",
                cmd_audit_loads_json(entry->before, entry->n_before), "load_after",
                entry->n_after > 0 ? cmd_audit_loads_json(entry->after, entry->n_after) : json_null());
}

static json_t *count_json(const AuditCount *c) {
        return json_pack("{s:i, s:i, s:i}", "move_count", (int) c->moves, "done_count", (int) c->done,
                         "failed_count", (int) c->missed);
}

static json_t *sum_json(const AuditSum *s) {
        json_t *o = count_json(&s->all), *kinds = json_object(), *errors = json_object();

        for (int k = 0; k < ACTION_KINDS_NAMED; k++)
                if (s->of[k].moves > 0)
                        (void) json_object_set_new(kinds, action_kind_names[k], count_json(&s->of[k]));
        (void) json_object_set_new(o, "by_kind", kinds);

        for (int m = 0; m < AUDIT_MEASURE_N; m++) {
                const AuditError *e = &s->error[m];

                if (e->n > 0)
                        (void) json_object_set_new(errors, audit_measure_names[m],
                                                   json_pack("{s:i, s:o, s:o, s:o}", "move_count", (int) e->n,
                                                             "median", json_share(e->median), "p90",
                                                             json_share(e->p90), "bias",
                                                             json_scaled(e->bias, 1000)));
        }
        (void) json_object_set_new(o, "errors", errors);
        return o;
}

static void cmd_audit_print_json(const Audit *audit) {
        json_t *list = json_array();

        for (uint32_t i = 0; i < audit->n; i++)
                (void) json_array_append_new(list, entry_json(&audit->entries[i]));
        (void) json_print(json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "schema",
                                    "plimsoll.audit/1", "cluster", audit->cluster, "since",
                                    json_instant(audit->since), "paused", json_text(audit->pause.why),
                                    "paused_since", json_instant(audit->pause.why ? audit->pause.since : 0),
                                    "acknowledged_at", json_instant(audit->acknowledged_at),
                                    "acknowledged_by", json_text(audit->acknowledged_by),
                                    "acknowledged_request", cmd_audit_request_json(audit->acknowledged_by),
                                    "sum", sum_json(&audit->sum), "decisions", list),
                          audit->in->out.out);
}

/* RFC 4180; a cell that a spreadsheet would take for a formula gets an apostrophe. */
static void put_cell(FILE *out, const char *text, bool last) {
        bool quoted = strpbrk(text, ",\"\r\n") != NULL, formula = text[0] && strchr("=+-@", text[0]);

        if (quoted)
                (void) fputc('"', out);
        if (formula)
                (void) fputc('\'', out);
        for (const char *c = text; *c; c++) {
                if (*c == '"')
                        (void) fputc('"', out);
                (void) fputc(*c, out);
        }
        if (quoted)
                (void) fputc('"', out);
        (void) fputc(last ? '\n' : ',', out);
}

static void cmd_audit_put_number(FILE *out, int64_t value) {
        if (value != UNKNOWN)
                (void) out_say(out, "%lld", (long long) value);
        (void) fputc(',', out);
}

static void cmd_audit_put_loads(FILE *out, const AuditEntry *entry, const char *host) {
        const HostLoad none = { .cpu_permille = UNKNOWN, .memory_permille = UNKNOWN };
        const HostLoad *before = audit_load(entry->before, entry->n_before, host);
        const HostLoad *after = audit_load(entry->after, entry->n_after, host);

        before = before ? before : &none;
        after = after ? after : &none;
        cmd_audit_put_number(out, before->cpu_permille);
        cmd_audit_put_number(out, after->cpu_permille);
        cmd_audit_put_number(out, before->memory_permille);
        cmd_audit_put_number(out, after->memory_permille);
}

static void print_csv(const Audit *audit) {
        FILE *out = audit->in->out.out;

        (void) fputs(
                "time,decision,mode,status,vm,from,to,wave,kind,end,strategy,predicted_ms,ms,predicted_bytes,"
                "bytes,"
                "predicted_downtime_ms,downtime_ms,from_cpu_permille_before,from_cpu_permille_after,"
                "from_memory_permille_before,from_memory_permille_after,to_cpu_permille_before,"
                "to_cpu_permille_after,to_memory_permille_before,to_memory_permille_after,why\n",
                out);
        for (uint32_t i = 0; i < audit->n; i++)
                for (uint32_t k = 0; k < audit->entries[i].n_moves; k++) {
                        const AuditEntry *e = &audit->entries[i];
                        const RecordMove *m = &e->moves[k];
                        char when[HUMAN_SIZE];

                        put_cell(out, human_time(e->at, when), false);
                        put_cell(out, e->id, false);
                        put_cell(out, e->mode, false);
                        put_cell(out, e->status, false);
                        put_cell(out, m->order->vm, false);
                        put_cell(out, m->order->from, false);
                        put_cell(out, m->order->to, false);
                        cmd_audit_put_number(out, (int64_t) m->order->wave + 1);
                        put_cell(out, m->order->kind ? m->order->kind : "", false);
                        put_cell(out, m->end, false);
                        put_cell(out, m->strategy ? m->strategy : "", false);
                        cmd_audit_put_number(out, m->order->predicted.ms);
                        cmd_audit_put_number(out, m->took.ms);
                        cmd_audit_put_number(out, m->order->predicted.bytes);
                        cmd_audit_put_number(out, m->took.bytes);
                        cmd_audit_put_number(out, m->order->predicted.downtime_ms);
                        cmd_audit_put_number(out, m->took.downtime_ms);
                        cmd_audit_put_loads(out, e, m->order->from);
                        cmd_audit_put_loads(out, e, m->order->to);
                        put_cell(out, m->why, true);
                }
}

/* ---- for people ---- */

static const char *cmd_audit_pair(Arena *a, const char *measured, const char *predicted) {
        return text_format(a, "%s (%s)", measured, predicted);
}

static int move_row(Arena *a, Table *t, const RecordMove *m) {
        char buf[6][HUMAN_SIZE];
        Style style = strcmp(m->end, "done") == 0      ? STYLE_GOOD
                      : strcmp(m->end, "failed") == 0  ? STYLE_BAD
                      : strcmp(m->end, "unclear") == 0 ? STYLE_BAD
                                                       : STYLE_WARN;
        const char *time =
                cmd_audit_pair(a, human_ms(m->took.ms, buf[0]), human_ms(m->order->predicted.ms, buf[1]));
        const char *bytes = cmd_audit_pair(a, human_bytes(m->took.bytes, buf[2]),
                                           human_bytes(m->order->predicted.bytes, buf[3]));
        const char *pause = cmd_audit_pair(a, human_ms(m->took.downtime_ms, buf[4]),
                                           human_ms(m->order->predicted.downtime_ms, buf[5]));

        if (!time || !bytes || !pause)
                return -ENOMEM;
        return table_row(t, (Cell[]){ { .text = m->order->vm },
                                      { .text = m->order->from },
                                      { .text = m->order->to },
                                      { .text = m->order->kind ? m->order->kind : "" },
                                      { .text = m->end, .style = style },
                                      { .text = time },
                                      { .text = bytes },
                                      { .text = pause },
                                      { .text = m->strategy ? m->strategy : "" },
                                      { .text = m->why } });
}

static void print_loads(const Screen *out, const AuditEntry *entry) {
        for (uint32_t i = 0; i < entry->n_before; i++) {
                const HostLoad *b = &entry->before[i], *l = audit_load(entry->after, entry->n_after, b->host);
                char safe[256], buf[4][HUMAN_SIZE];

                (void) out_say(out->out, "  %s: CPU %s→%s", text_safe(b->host, safe, sizeof(safe)),
                               human_permille(b->cpu_permille, buf[0]),
                               l ? human_permille(l->cpu_permille, buf[1]) : "not measured yet");
                if (b->memory_permille >= 0)
                        (void) out_say(out->out, ", memory %s→%s", human_permille(b->memory_permille, buf[2]),
                                       l ? human_permille(l->memory_permille, buf[3]) : "not measured yet");
                (void) fputc('\n', out->out);
        }
}

/* What became of asking a person. */
static void cmd_audit_print_answer(const Screen *out, const AuditEntry *entry) {
        char id[256], by[512], when[HUMAN_SIZE];

        if ((!entry->waiting || !entry->answer) && entry->by && !entry->booking) /* a command of theirs */
                (void) out_say(out->out, ", by %s", text_safe(entry->by, by, sizeof(by)));
        if (!entry->waiting || !entry->answer)
                return;
        (void) out_say(out->out, "; plan %s: %s", text_safe(entry->waiting, id, sizeof(id)),
                       text_safe(entry->answer, by, sizeof(by)));
        if (entry->by)
                (void) out_say(out->out, "%s%s", entry->answered_at > 0 ? " by " : ": ",
                               text_safe(entry->by, by, sizeof(by)));
        if (entry->answered_at > 0)
                (void) out_say(out->out, " at %s", human_time(entry->answered_at, when));
}

static void cmd_audit_print_booking(const Screen *out, const AuditEntry *entry) {
        char vm[256], host[256], by[512];

        (void) out_say(out->out, ": room for %s on %s, by %s", text_safe(entry->booking, vm, sizeof(vm)),
                       text_safe(entry->booking_host ? entry->booking_host : "?", host, sizeof(host)),
                       text_safe(entry->by ? entry->by : "?", by, sizeof(by)));
}

static int print_entry(Invocation *in, const AuditEntry *entry) {
        static const Column columns[] = { { .title = "VM" },
                                          { .title = "FROM" },
                                          { .title = "TO" },
                                          { .title = "KIND" },
                                          { .title = "END" },
                                          { .title = "TIME (PREDICTED)", .right = true },
                                          { .title = "SENT (PREDICTED)", .right = true },
                                          { .title = "DOWNTIME (PREDICTED)", .right = true },
                                          { .title = "HOW" },
                                          { .title = "WHY NOT" } };
        Table t = table_begin(in->arena, columns, ARRAY_SIZE(columns));
        char when[HUMAN_SIZE], safe[256];
        int r = 0;

        (void) out_say(in->out.out, "%s%s%s  %s, %s", screen_style(&in->out, STYLE_STRONG),
                       human_time(entry->at, when), screen_style(&in->out, STYLE_PLAIN), entry->mode,
                       entry->status);
        if (entry->refused > 0)
                (void) out_say(in->out.out, ", %lld %s refused", (long long) entry->refused,
                               text_plural(entry->refused, "VM", "VMs"));
        if (entry->booking)
                cmd_audit_print_booking(&in->out, entry);
        else if (entry->n_moves == 0)
                (void) fputs(", nothing was moved", in->out.out);
        cmd_audit_print_answer(&in->out, entry);
        if (entry->record)
                (void) out_say(in->out.out, "  (record %s)", text_safe(entry->record, safe, sizeof(safe)));
        (void) fputc('\n', in->out.out);
        if (entry->paused)
                (void) out_say(in->out.out, "  balance was paused: %s\n",
                               text_safe(entry->paused, safe, sizeof(safe)));
        for (uint32_t i = 0; i < entry->n_moves && r == 0; i++)
                r = move_row(in->arena, &t, &entry->moves[i]);
        if (r == 0 && entry->n_moves > 0)
                table_print(&t, &in->out, "  ");
        if (r == 0)
                print_loads(&in->out, entry);
        return r;
}

static void cmd_audit_print_sum(const Audit *audit) {
        const Screen *out = &audit->in->out;
        char safe[256], since[HUMAN_SIZE];

        (void) out_say(out->out, "%u decision%s, %u move%s: %u done, %u failed\n", audit->n,
                       audit->n == 1 ? "" : "s", audit->sum.all.moves, audit->sum.all.moves == 1 ? "" : "s",
                       audit->sum.all.done, audit->sum.all.missed);
        for (int k = 0; k < ACTION_KINDS_NAMED; k++)
                if (audit->sum.of[k].moves > 0)
                        (void) out_say(out->out, "  %s: %u, %u done, %u failed\n", action_kind_names[k],
                                       audit->sum.of[k].moves, audit->sum.of[k].done,
                                       audit->sum.of[k].missed);
        for (int m = 0; m < AUDIT_MEASURE_N; m++) {
                const AuditError *e = &audit->sum.error[m];
                char buf[3][HUMAN_SIZE];

                if (e->n == 0)
                        continue;
                (void) out_say(out->out,
                               "%s: predictions were off by %s in the median, by at most %s in 9 of 10",
                               audit_measure_names[m], human_permille(e->median, buf[0]),
                               human_permille(e->p90, buf[1]));
                (void) out_say(out->out, "; %s by %s\n", e->bias < 0 ? "too short" : "too long",
                               human_permille(e->bias < 0 ? -e->bias : e->bias, buf[2]));
        }
        if (audit->acknowledged_at > 0 && audit->acknowledged_by)
                (void) out_say(out->out, "wrong predictions were acknowledged by %s at %s\n",
                               text_safe(audit->acknowledged_by, safe, sizeof(safe)),
                               human_time(audit->acknowledged_at, since));
        if (audit->pause.why)
                (void) out_say(
                        out->out,
                        "%sbalance and load relief are paused%s since %s: %s. Repairs and evacuation continue. The "
                        "pause lasts " AUDIT_PAUSE_ENDS "\n",
                        screen_style(out, STYLE_BAD), screen_style(out, STYLE_PLAIN),
                        human_time(audit->pause.since, since),
                        text_safe(audit->pause.why, safe, sizeof(safe)));
}

static ExitStatus cmd_audit_print(const Audit *audit) {
        if (audit->in->json) {
                cmd_audit_print_json(audit);
                return EXIT_DONE;
        }
        if (option_given(&audit->in->options, "csv")) {
                print_csv(audit);
                return EXIT_DONE;
        }
        for (uint32_t i = audit->n; i-- > 0;) /* the newest last, where a terminal ends */
                if (print_entry(audit->in, &audit->entries[i]) < 0)
                        return command_complain(audit->in, EXIT_FAILED, "out of memory");
        cmd_audit_print_sum(audit);
        return EXIT_DONE;
}

/* ---- run ---- */

static ExitStatus cmd_audit_with_store(Audit *audit, Store *store, const Settings *settings) {
        const AuditEntry *all = NULL;
        uint32_t n = 0;
        int r = 0;

        if (option_given(&audit->in->options, "acknowledge")) {
                char by[256];

                r = audit_store_acknowledge(store, operator_name(by, sizeof(by)));
                if (r == 0 && !audit->in->json)
                        (void) fputs("acknowledged: predictions made until now no longer count\n",
                                     audit->in->out.out);
        }
        if (r == 0)
                r = audit_store_read(store, audit->in->arena, audit->since, &all, &n);
        if (r == 0)
                r = audit_store_verdict(store, audit->in->arena, settings, &audit->pause);
        if (r == 0)
                r = audit_store_acknowledged(store, audit->in->arena, &audit->acknowledged_at,
                                             &audit->acknowledged_by);
        if (r == 0)
                r = cmd_audit_pick(audit, all, n);
        if (r < 0)
                return command_complain(audit->in, EXIT_FAILED, "%s",
                                        r == -ENOMEM ? "out of memory" : store_error(store));
        return cmd_audit_print(audit);
}

static ExitStatus cmd_audit_run(Invocation *in) {
        const Options *o = &in->options;
        Settings *settings = NULL;
        owned(source_free) Source *source = NULL;
        ExitStatus status = facts_settings(in, &settings);
        TextFault fault = { 0 };
        Audit x = { .in = in,
                    .vm = option_text(o, "vm"),
                    .host = option_text(o, "host"),
                    .since = clock_now() - option_number(o, "since", 86400 * USEC_PER_SEC) };

        if (status != EXIT_DONE)
                return status;
        if (in->json && option_given(o, "csv"))
                return command_complain(in, EXIT_BAD_INPUT,
                                        "--json and --csv exclude each other. Give one of them.");
        if (source_open(o, settings, &source, &fault) < 0)
                return command_complain_fault(in, EXIT_BAD_INPUT, NULL, &fault);
        if (!source_store(source))
                return command_complain(in, EXIT_BAD_INPUT, "The audit is kept in Redis. Give --redis URL.");
        x.cluster = source_cluster(source);
        status = cmd_audit_with_store(&x, source_store(source), settings);
        facts_say_unread(in, source_store(source), 0);
        return status;
}

static const OptionDef cmd_audit_options[] = {
        SOURCE_OPTIONS,
        { "", 0, OPTION_HEADING, NULL, 0, 0, 0, "Selection:" },
        { "since", 0, OPTION_DURATION, "TIME", 0, 0, SINCE_MOST,
          "how far back (30m, 24h, 7d); default: 24h" },
        { "vm", 0, OPTION_TEXT, "VM", 0, 0, 0, "only moves of this VM" },
        { "host", 0, OPTION_TEXT, "HOST", 0, 0, 0, "only moves from or to this host" },
        { "acknowledge", 0, OPTION_FLAG, NULL, 0, 0, 0,
          "ignore all wrong predictions made until now: balance resumes" },
        { "", 0, OPTION_HEADING, NULL, 0, 0, 0, "Output:" },
        { "csv", 0, OPTION_FLAG, NULL, 0, 0, 0, "print one line per move as CSV, for spreadsheets" },
        { "json", 0, OPTION_FLAG, NULL, 0, 0, 0, "print JSON, schema plimsoll.audit/1" },
        { 0 },
};

const Command command_audit = {
        .name = "audit",
        .summary = "past decisions, their results, and how accurate the predictions were",
        .usage = "[--redis URL] [--since 24h] [--vm VM] [--host HOST] [--json|--csv]",
        .help = "Every decision of the service and of apply, with its moves: predicted and measured time, bytes and\n"
                "downtime, and the load of the hosts before and after (docs/audit.md). When predictions have been too\n"
                "wrong (service.pause_…), balance pauses until the next ones are right, or until --acknowledge.",
        .examples = "plimsoll audit --since 2d\n"
                    "plimsoll audit --vm web1 --json\n"
                    "plimsoll audit --acknowledge",
        .options = cmd_audit_options,
        .run = cmd_audit_run,
};
