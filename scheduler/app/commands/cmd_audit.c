/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "scheduler/app/commands/command.h"
#include "scheduler/app/commands/facts.h"
#include "scheduler/app/round/audit_store.h"
#include "scheduler/app/terminal/human.h"
#include "scheduler/app/terminal/json_print.h"
#include "scheduler/app/terminal/table.h"
#include "scheduler/snapshot/files/audit_text.h"

#define SINCE_MOST (INT64_C(3650) * 86400 * USEC_PER_SEC)

typedef struct Audit {
        Invocation *in;
        const char *cluster;
        const char *vm, *host; /* NULL: all */
        usec_t since;
        const AuditEntry *entries; /* newest first, with the moves that were asked for alone */
        uint32_t n;
        AuditSum sum;
        AuditPause pause; /* of balance, as it would be now */
} Audit;

/* ---- what was asked for ---- */

static bool cmd_audit_wanted(const Audit *audit, const RecordMove *m) {
        return (!audit->vm || strcmp(audit->vm, m->order->vm) == 0) &&
               (!audit->host || strcmp(audit->host, m->order->from) == 0 ||
                strcmp(audit->host, m->order->to) == 0);
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
                if ((audit->vm || audit->host) && k == 0)
                        continue;
                list[audit->n] = all[i];
                list[audit->n].moves = moves;
                list[audit->n++].n_moves = k;
        }
        audit->entries = list;
        return audit_sum(audit->in->arena, audit->entries, audit->n, &audit->sum);
}

/* ---- JSON and CSV ---- */

static json_t *entry_json(Arena *a, const AuditEntry *entry) {
        AuditEntry first = *entry;
        const char *text = NULL;
        json_t *o, *later;
        size_t n = 0;

        first.n_after = 0;
        if (audit_text_print(a, &first, &text, &n) < 0)
                return NULL;
        o = json_loadb(text, n, 0, NULL);
        (void) json_object_del(o, "schema");
        if (entry->n_after == 0 || audit_text_print(a, entry, &text, &n) < 0)
                return o;
        later = json_loadb(text, n, 0, NULL);
        (void) json_object_set(o, "after", json_object_get(later, "after"));
        json_decref(later);
        return o;
}

static json_t *sum_json(const AuditSum *s) {
        json_t *o = json_pack("{s:i, s:i, s:i}", "moves", (int) s->moves, "done", (int) s->done, "missed",
                              (int) s->missed);
        json_t *errors = json_object();

        for (int m = 0; m < AUDIT_MEASURE_N; m++) {
                const AuditError *e = &s->error[m];

                if (e->n > 0)
                        (void) json_object_set_new(errors, audit_measure_names[m],
                                                   json_pack("{s:i, s:f, s:f, s:f}", "moves", (int) e->n,
                                                             "median", (double) e->median / 1000, "p90",
                                                             (double) e->p90 / 1000, "bias",
                                                             (double) e->bias / 1000));
        }
        (void) json_object_set_new(o, "errors", errors);
        return o;
}

static void cmd_audit_print_json(const Audit *audit) {
        json_t *list = json_array(), *o;

        for (uint32_t i = 0; i < audit->n; i++)
                (void) json_array_append_new(list, entry_json(audit->in->arena, &audit->entries[i]));
        o = json_pack("{s:s, s:s, s:I, s:s*, s:o, s:o}", "schema", "plimsoll.audit/1", "cluster",
                      audit->cluster, "since", (json_int_t) audit->since, "paused", audit->pause.why, "sum",
                      sum_json(&audit->sum), "decisions", list);
        if (audit->pause.why)
                (void) json_object_set_new(o, "paused_since", json_integer(audit->pause.since));
        (void) json_print(o, audit->in->out.out,
                          JSON_INDENT(2) | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(6));
        (void) fputc('\n', audit->in->out.out);
        json_decref(o);
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

        (void) fputs("time,decision,mode,status,vm,from,to,wave,end,strategy,predicted_ms,ms,predicted_bytes,"
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
                        cmd_audit_put_number(out, m->order->wave);
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

                (void) out_say(out->out, "  %s: CPU %s > %s, memory %s > %s\n",
                               text_safe(b->host, safe, sizeof(safe)),
                               human_permille(b->cpu_permille, buf[0]),
                               l ? human_permille(l->cpu_permille, buf[1]) : "not looked at yet",
                               human_permille(b->memory_permille, buf[2]),
                               l ? human_permille(l->memory_permille, buf[3]) : "not looked at yet");
        }
}

/* What became of asking a person. */
static void cmd_audit_print_answer(const Screen *out, const AuditEntry *entry) {
        char id[256], by[512], when[HUMAN_SIZE];

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

static int print_entry(Invocation *in, const AuditEntry *entry) {
        static const Column columns[] = { { .title = "VM" },
                                          { .title = "FROM" },
                                          { .title = "TO" },
                                          { .title = "END" },
                                          { .title = "TIME (PREDICTED)", .right = true },
                                          { .title = "SENT (PREDICTED)", .right = true },
                                          { .title = "PAUSE (PREDICTED)", .right = true },
                                          { .title = "HOW" },
                                          { .title = "WHY NOT" } };
        Table t = table_begin(in->arena, columns, ARRAY_SIZE(columns));
        char when[HUMAN_SIZE], safe[256];
        int r = 0;

        (void) out_say(in->out.out, "%s%s%s  %s, %s", screen_style(&in->out, STYLE_STRONG),
                       human_time(entry->at, when), screen_style(&in->out, STYLE_PLAIN), entry->mode,
                       entry->status);
        if (entry->refused > 0)
                (void) out_say(in->out.out, ", %lld VMs refused", (long long) entry->refused);
        if (entry->n_moves == 0)
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
                       audit->n == 1 ? "" : "s", audit->sum.moves, audit->sum.moves == 1 ? "" : "s",
                       audit->sum.done, audit->sum.missed);
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
        if (audit->pause.why)
                (void) out_say(
                        out->out,
                        "%sbalance and relief of load lines are paused%s since %s: %s. Repairs and evacuation go "
                        "on. The pause lasts " AUDIT_PAUSE_ENDS "\n",
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
                r = audit_store_acknowledge(store);
                if (r == 0 && !audit->in->json)
                        (void) fputs("acknowledged: what was wrong until now does not count\n",
                                     audit->in->out.out);
        }
        if (r == 0)
                r = audit_store_read(store, audit->in->arena, audit->since, &all, &n);
        if (r == 0)
                r = audit_store_verdict(store, audit->in->arena, settings, &audit->pause);
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
                return command_complain(in, EXIT_BAD_INPUT, "--json or --csv, not both");
        if (source_open(o, settings, &source, &fault) < 0)
                return command_complain_fault(in, EXIT_BAD_INPUT, NULL, &fault);
        if (!source_store(source))
                return command_complain(in, EXIT_BAD_INPUT, "the audit is kept in Redis: give --redis URL");
        x.cluster = source_cluster(source);
        return cmd_audit_with_store(&x, source_store(source), settings);
}

static const OptionDef cmd_audit_options[] = {
        SOURCE_OPTIONS,
        { "", 0, OPTION_HEADING, NULL, 0, 0, 0, "What of it:" },
        { "since", 0, OPTION_DURATION, "TIME", 0, 0, SINCE_MOST, "how far back; default: 24h" },
        { "vm", 0, OPTION_TEXT, "VM", 0, 0, 0, "moves of this VM alone" },
        { "host", 0, OPTION_TEXT, "HOST", 0, 0, 0, "moves from or to this host alone" },
        { "acknowledge", 0, OPTION_FLAG, NULL, 0, 0, 0,
          "what was predicted wrongly until now does not count any more: balance goes on" },
        { "", 0, OPTION_HEADING, NULL, 0, 0, 0, "Output:" },
        { "csv", 0, OPTION_FLAG, NULL, 0, 0, 0, "a line a move, for spreadsheets" },
        { "json", 0, OPTION_FLAG, NULL, 0, 0, 0, "as JSON, schema plimsoll.audit/1" },
        { 0 },
};

const Command command_audit = {
        .name = "audit",
        .summary = "what was decided, what came of it, and how far predictions were off",
        .usage = "[--redis URL] [--since 24h] [--vm VM] [--host HOST] [--json|--csv]",
        .help = "Every decision of the service, and of apply, with its moves: predicted and measured time,\n"
                "bytes and pause, and how loaded the hosts were before and after (docs/audit.md). When\n"
                "predictions have been too wrong (service.pause_…), balance pauses until the next ones are\n"
                "right, or until --acknowledge.",
        .options = cmd_audit_options,
        .run = cmd_audit_run,
};
