/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "scheduler/app/commands/command.h"
#include "scheduler/app/commands/facts.h"
#include "scheduler/app/round/round_store.h"
#include "scheduler/app/state/host_mark.h"
#include "scheduler/app/state/settle_word.h"
#include "scheduler/app/terminal/human.h"
#include "scheduler/app/terminal/json_print.h"
#include "scheduler/app/terminal/table.h"
#include "scheduler/model/host_silence.h"
#include "scheduler/snapshot/json/json_value.h"

typedef struct JournalLook {
        Invocation *in;
        Source *source;
        const Snapshot *facts;    /* NULL: none can be had; the journal is there all the same */
        const JournalEntry *open; /* [n] moves whose end nobody has written down */
        uint32_t n;
        SettleWords words;
} JournalLook;

static ExitStatus cmd_journal_failed(const JournalLook *look, int error) {
        return command_complain(look->in, EXIT_FAILED, "%s",
                                error == -ENOMEM ? "out of memory" : store_error(source_store(look->source)));
}

/* ---- what is known ---- */

/* What the host's own facts say of the VM, with their age. */
static const char *journal_says(const JournalLook *look, const JournalEntry *entry, const char *name) {
        const Snapshot *s = look->facts;
        const HostIx h = s ? snapshot_host(s, name) : IX_NONE;
        const VmIx v = s ? snapshot_vm(s, entry->order->vm) : IX_NONE;
        Arena *a = look->in->arena;

        if (h == IX_NONE)
                return "no data";
        if (v != IX_NONE && snapshot_vm_is_on(s, v, h))
                return text_format(a, "has it, %s%s%s",
                                   s->vms[v].host == h && !vm_is_doubled(&s->vms[v])
                                           ? vm_state_names[s->vms[v].state]
                                           : "possibly the other side of the move",
                                   host_is_silent(&s->hosts[h]) ? ", last known: " : "",
                                   host_silence_why(&s->hosts[h]));
        return host_is_silent(&s->hosts[h])
                       ? text_format(a, "is not reporting: %s", host_silence_why(&s->hosts[h]))
                       : "does not have it";
}

static json_t *journal_entry_json(const JournalLook *look, const JournalEntry *entry) {
        const SettleWord *word = settle_word_of(&look->words, entry);
        const char *from = journal_says(look, entry, entry->order->from),
                   *to = journal_says(look, entry, entry->order->to);
        json_t *o =
                json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o}", "id", entry->id, "vm",
                          entry->order->vm, "from", entry->order->from, "to", entry->order->to, "event",
                          journal_event_names[entry->event], "at", json_instant(entry->at), "message",
                          json_text(entry->message), "from_says", json_text(from), "to_says", json_text(to));

        (void) json_object_set_new(o, "word",
                                   word ? json_pack("{s:s, s:o, s:o, s:o}", "host", word->at, "by",
                                                    json_text(word->by), "why", json_text(word->why), "at",
                                                    json_instant(word->said_at))
                                        : json_null());
        return o;
}

static void cmd_journal_json(const JournalLook *look, const char *vm) {
        json_t *list = json_array(), *o;

        for (uint32_t i = 0; i < look->n; i++)
                if (!vm || strcmp(look->open[i].order->vm, vm) == 0)
                        (void) json_array_append_new(list, journal_entry_json(look, &look->open[i]));
        o = json_pack("{s:s, s:s, s:o}", "schema", "plimsoll.journal/1", "cluster",
                      source_cluster(look->source), "open", list);
        (void) json_print(o, look->in->out.out);
}

static uint32_t journal_unclear(const JournalLook *look) {
        uint32_t n = 0;

        for (uint32_t i = 0; i < look->n; i++)
                n += look->open[i].event == JOURNAL_UNCLEAR;
        return n;
}

static ExitStatus journal_list(const JournalLook *look) {
        static const Column columns[] = { { .title = "VM", .most = 28 }, { .title = "FROM", .most = 20 },
                                          { .title = "TO", .most = 20 }, { .title = "" },
                                          { .title = "SINCE" },          { .title = "WHAT IS KNOWN" } };
        Arena *a = look->in->arena;
        Table t = table_begin(a, columns, ARRAY_SIZE(columns));

        if (look->in->json) {
                cmd_journal_json(look, NULL);
                return journal_unclear(look) > 0 ? EXIT_BLOCKED : EXIT_DONE;
        }
        for (uint32_t i = 0; i < look->n; i++) {
                const JournalEntry *e = &look->open[i];
                char since[HUMAN_SIZE];
                int r = table_row(
                        &t, (Cell[]){ { .text = e->order->vm, .style = STYLE_STRONG },
                                      { .text = e->order->from },
                                      { .text = e->order->to },
                                      { .text = journal_event_names[e->event],
                                        .style = e->event == JOURNAL_UNCLEAR ? STYLE_BAD : STYLE_PLAIN },
                                      { .text = human_time(e->at, since) },
                                      { .text = e->message } });

                if (r < 0)
                        return cmd_journal_failed(look, r);
        }
        if (look->n == 0)
                (void) out_say(look->in->out.out, "no open moves: every move has ended\n");
        else
                table_print(&t, &look->in->out, "");
        if (journal_unclear(look) > 0)
                (void) out_say(
                        look->in->out.out,
                        "\n"
                        "Details of one: plimsoll journal settle VM. With --at HOST it records where you have seen "
                        "the VM run.\n");
        return journal_unclear(look) > 0 ? EXIT_BLOCKED : EXIT_DONE;
}

/* ---- settle ---- */

static const JournalEntry *journal_entry_of(const JournalLook *look, const char *vm) {
        for (uint32_t i = 0; i < look->n; i++)
                if (strcmp(look->open[i].order->vm, vm) == 0)
                        return &look->open[i];
        return NULL;
}

static void journal_show(const JournalLook *look, const JournalEntry *entry) {
        const SettleWord *word = settle_word_of(&look->words, entry);
        const char *from = journal_says(look, entry, entry->order->from),
                   *to = journal_says(look, entry, entry->order->to);
        FILE *out = look->in->out.out;
        char since[HUMAN_SIZE], safe[512];

        (void) out_say(out, "%s: a move from %s to %s, %s since %s\n", entry->order->vm, entry->order->from,
                       entry->order->to, journal_event_names[entry->event], human_time(entry->at, since));
        if (entry->message[0])
                (void) out_say(out, "  the service: %s\n", text_safe(entry->message, safe, sizeof(safe)));
        (void) out_say(out, "  %s: %s\n", entry->order->from, from ? from : "");
        (void) out_say(out, "  %s: %s\n", entry->order->to, to ? to : "");
        if (word)
                (void) out_say(out,
                               "  %s recorded that it runs on %s (%s); the service has not read that yet\n",
                               word->by, word->at, word->why);
        else
                (void) out_say(
                        out,
                        "  check with virsh list on both hosts, then: plimsoll journal settle %s --at HOST --why TEXT\n",
                        entry->order->vm);
}

/* A host that is seen, other than the one that is named, reports that it runs there. NULL: none does. */
static const char *journal_contradicts(const JournalLook *look, const JournalEntry *entry, const char *at) {
        const char *other = strcmp(at, entry->order->from) == 0 ? entry->order->to : entry->order->from;
        const HostIx h = look->facts ? snapshot_host(look->facts, other) : IX_NONE;
        const VmIx v = h != IX_NONE ? snapshot_vm(look->facts, entry->order->vm) : IX_NONE;

        return v != IX_NONE && !host_is_silent(&look->facts->hosts[h]) && look->facts->vms[v].host == h &&
                               look->facts->vms[v].state == VM_RUNNING && !look->facts->vms[v].in_flight
                       ? other
                       : NULL;
}

static ExitStatus journal_say(const JournalLook *look, const JournalEntry *entry, const char *at) {
        Invocation *in = look->in;
        const char *why = option_text(&in->options, "why"), *text = NULL, *other;
        char by[256];
        const SettleWord word = { .id = entry->id,
                                  .at = at,
                                  .by = operator_name(by, sizeof(by)),
                                  .why = why,
                                  .said_at = clock_now() };
        size_t n = 0;
        int r;

        if (strcmp(at, entry->order->from) != 0 && strcmp(at, entry->order->to) != 0)
                return command_complain(in, EXIT_BAD_INPUT,
                                        "--at accepts %s or %s, the two hosts of the move",
                                        entry->order->from, entry->order->to);
        if (!why || !*why || strlen(why) > SETTLE_WHY_MAX || !text_is_line(why, strlen(why)))
                return command_complain(
                        in, EXIT_BAD_INPUT,
                        "--at needs --why: how you know it, in one line of at most %d bytes (recorded in journal and "
                        "audit)",
                        SETTLE_WHY_MAX);
        other = journal_contradicts(look, entry, at);
        if (other)
                return command_complain(in, EXIT_BAD_INPUT,
                                        "nothing was recorded: %s is reporting, and %s runs there", other,
                                        entry->order->vm);
        r = settle_word_print(in->arena, &word, &text, &n);
        if (r == 0)
                r = store_put_word(source_store(look->source), entry->order->vm, text, n);
        if (r < 0)
                return cmd_journal_failed(look, r);
        if (!in->json)
                (void) out_say(
                        in->out.out,
                        "recorded: %s reports that %s runs on %s; the leading service applies it in its next round, "
                        "unless a host that answers contradicts it",
                        word.by, entry->order->vm, at);
        return EXIT_DONE;
}

static ExitStatus journal_settle(JournalLook *look, const char *vm) {
        const JournalEntry *e = journal_entry_of(look, vm);
        const char *at = option_text(&look->in->options, "at");
        ExitStatus status = EXIT_BLOCKED;

        if (!e)
                return command_complain(look->in, EXIT_BAD_INPUT,
                                        "no open move of %s; plimsoll journal lists the open moves", vm);
        if (at)
                status = journal_say(look, e, at);
        else if (!look->in->json)
                journal_show(look, e);
        if (look->in->json && (!at || status == EXIT_DONE)) {
                if (at && settle_words_read(source_store(look->source), look->in->arena, &look->words) < 0)
                        return cmd_journal_failed(look, -ENOMEM);
                cmd_journal_json(look, vm);
        }
        return status;
}

static ExitStatus cmd_journal_look(JournalLook *look, const Settings *settings) {
        const Options *o = &look->in->options;
        const char *verb = o->n_arguments > 0 ? o->arguments[0] : NULL;
        TextFault fault;
        int r;

        if (verb && (strcmp(verb, "settle") != 0 || o->n_arguments != 2))
                return command_complain(
                        look->in, EXIT_BAD_INPUT,
                        "%s. Usage: plimsoll journal, or plimsoll journal settle VM",
                        strcmp(verb, "settle") != 0
                                ? text_format(look->in->arena, "unknown action '%s'; accepted: settle", verb)
                        : o->n_arguments < 2 ? "settle: the VM is missing"
                                             : "settle: one VM is accepted");
        if (!verb && (option_given(o, "at") || option_given(o, "why")))
                return command_complain(
                        look->in, EXIT_BAD_INPUT,
                        "--at and --why need settle: plimsoll journal settle VM --at HOST --why TEXT");
        r = round_store_open(source_store(look->source), look->in->arena, &look->open, &look->n);
        facts_say_unread(look->in, source_store(look->source), 0);
        if (r == 0)
                r = settle_words_read(source_store(look->source), look->in->arena, &look->words);
        if (r < 0)
                return cmd_journal_failed(look, r);
        if (look->n > 0 && source_read(look->source, look->in->arena, settings, &look->facts, &fault) < 0)
                look->facts = NULL;
        return verb ? journal_settle(look, o->arguments[1]) : journal_list(look);
}

static ExitStatus cmd_journal_run(Invocation *in) {
        JournalLook look = { .in = in };
        Settings *settings = NULL;
        ExitStatus status = facts_store(in, "the journal is", &settings, &look.source);

        if (status == EXIT_DONE)
                status = cmd_journal_look(&look, settings);
        look.source = source_free(look.source);
        return status;
}

static const OptionDef cmd_journal_options[] = {
        SOURCE_OPTIONS,
        { "", 0, OPTION_HEADING, NULL, 0, 0, 0, "With settle:" },
        { "at", 0, OPTION_TEXT, "HOST", 0, 0, 0, "host where the VM runs, as you have checked" },
        { "why", 0, OPTION_TEXT, "TEXT", 0, 0, 0, "how you know it; recorded in journal and audit" },
        { "", 0, OPTION_HEADING, NULL, 0, 0, 0, "Output:" },
        { "json", 0, OPTION_FLAG, NULL, 0, 0, 0, "print JSON, schema plimsoll.journal/1" },
        { 0 },
};

const Command command_journal = {
        .name = "journal",
        .summary = "moves with an unknown end, and where their VMs are",
        .usage = "[settle VM [--at HOST --why TEXT]] [source]",
        .help = "Lists the moves that were started and whose end is not recorded. The service queries both hosts again\n"
                "and again, and relies on the source alone if libvirt there proves that the VM stayed. settle VM shows what\n"
                "is known about one; with --at HOST it records where the VM runs, in journal and audit with your name,\n"
                "unless a host that answers contradicts it. Until then the VM is not moved.\n"
                "Exit status 3: the end of some moves is unknown; 2: no such move.",
        .examples = "plimsoll journal\n"
                    "plimsoll journal settle web1\n"
                    "plimsoll journal settle web1 --at h3 --why \"virsh list on both hosts\"",
        .options = cmd_journal_options,
        .most_arguments = 2,
        .run = cmd_journal_run,
};
