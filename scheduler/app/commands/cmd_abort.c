/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "scheduler/app/commands/command.h"
#include "scheduler/app/commands/facts.h"
#include "scheduler/app/round/round_store.h"
#include "scheduler/app/state/abort_wish.h"
#include "scheduler/app/state/asked_move.h"
#include "scheduler/app/state/host_mark.h"
#include "scheduler/app/state/stop_signal.h"
#include "scheduler/app/terminal/json_print.h"
#include "scheduler/snapshot/json/json_value.h"

#define ABORT_POLL (USEC_PER_SEC / 2)
#define ABORT_WAIT (120 * USEC_PER_SEC) /* libvirt ends a job within seconds, or is given up by then */

typedef struct Aborting {
        Invocation *in;
        Store *store;
        const char *cluster, *name; /* name: as it was given: a VM, a move's id, or the ID of plimsoll move */
        MoveOrder order;            /* names; from and to NULL: not known */
        const char *id, *why;
        const char *status; /* of plimsoll.abort/1 */
        const char *leader; /* who carries it out; NULL: not known */
} Aborting;

static ExitStatus cmd_abort_failed(const Aborting *aborting, int error) {
        return command_complain(aborting->in, EXIT_FAILED, "%s",
                                error == -ENOMEM ? "out of memory" : store_error(aborting->store));
}

/* ---- which move ---- */

/* The newest word on the move of that id. NULL: there is none. */
static const JournalEntry *cmd_abort_of_id(const char *id, const JournalEntry *list, uint32_t n) {
        for (uint32_t i = 0; i < n; i++)
                if (strcmp(list[i].id, id) == 0)
                        return &list[i];
        return NULL;
}

/* … on the last move of that VM. */
static const JournalEntry *cmd_abort_of_vm(const char *vm, const JournalEntry *list, uint32_t n) {
        for (uint32_t i = 0; i < n; i++)
                if (strcmp(list[i].order->vm, vm) == 0)
                        return &list[i];
        return NULL;
}

static void cmd_abort_is(Aborting *aborting, const JournalEntry *entry) {
        aborting->id = entry->id;
        aborting->order = *entry->order;
        aborting->why = entry->message;
        aborting->status = journal_event_names[entry->event];
}

/* By the ID that plimsoll move --id gave it. 1: there is none of that; *ret_text: as it is asked for, NULL: it is over. */
static int cmd_abort_named(Aborting *aborting, const StoredText **ret_text) {
        AskedMoves asked = { 0 };
        StoredText *texts = NULL;
        uint32_t n = 0;
        int r = asked_moves_read(aborting->store, aborting->in->arena, &asked);

        for (uint32_t i = 0; r == 0 && i < asked.n; i++)
                if (asked.at[i].id && strcmp(asked.at[i].id, aborting->name) == 0) {
                        aborting->id = aborting->name;
                        aborting->order.vm = asked.texts[i].name;
                        aborting->order.to = asked.at[i].to;
                        *ret_text = asked.texts + i; /* in the arena */
                        return 0;
                }
        if (r == 0)
                r = store_get_told(aborting->store, aborting->in->arena, &texts, &n);
        for (uint32_t i = 0; r == 0 && i < n; i++) {
                ToldMove told = { 0 };

                r = told_move_parse(aborting->in->arena, texts[i].text, texts[i].n, &told);
                r = r == -EBADMSG ? 0 : r;
                if (r == 0 && told.id && strcmp(told.id, aborting->name) == 0) {
                        aborting->id = aborting->name;
                        aborting->order.vm = texts[i].name;
                        aborting->why = told.why;
                        aborting->status = told_end_names[told.end];
                        return 0;
                }
        }
        return r < 0 ? r : 1;
}

/* ---- what is said ---- */

static ExitStatus cmd_abort_json(const Aborting *aborting, ExitStatus status) {
        json_t *o =
                json_pack("{s:s, s:s, s:s?, s:s, s:s?, s:s?, s:s, s:o, s:s?}", "schema", "plimsoll.abort/1",
                          "cluster", aborting->cluster, "id", aborting->id, "vm", aborting->order.vm, "from",
                          aborting->order.from, "to", aborting->order.to, "status", aborting->status, "why",
                          json_text(aborting->why), "leader", aborting->leader);

        if (!o)
                return command_complain(aborting->in, EXIT_FAILED, "out of memory");
        (void) json_print(o, aborting->in->out.out);
        return status;
}

static ExitStatus cmd_abort_end(const Aborting *aborting) {
        const bool stays = strcmp(aborting->status, "aborted") == 0,
                   gone = strcmp(aborting->status, "withdrawn") == 0;
        const ExitStatus status = stays || gone ? EXIT_DONE : EXIT_BLOCKED;
        FILE *out = aborting->in->out.out;
        char vm[256], why[512];

        if (aborting->in->json)
                return cmd_abort_json(aborting, status);
        (void) text_safe(aborting->order.vm, vm, sizeof(vm));
        (void) text_safe(aborting->why ? aborting->why : "", why, sizeof(why));
        if (gone)
                (void) out_say(out, "the request to move %s is withdrawn: it had not begun\n", vm);
        else if (stays)
                (void) out_say(out, "%s stays on %s: its migration to %s was %s\n", vm, aborting->order.from,
                               aborting->order.to, why[0] ? why : "aborted");
        else
                (void) out_say(out, "nothing was aborted: the migration of %s has ended already (%s%s%s)\n",
                               vm, aborting->status, why[0] ? ": " : "", why);
        return status;
}

/* ---- aborting it ---- */

/* Who began it leads still, and watches it. *ret: whether. */
static int cmd_abort_watched(Aborting *aborting, bool *ret) {
        StoreLease lease = { 0 };
        int r = store_get_lease(aborting->store, &lease);
        const size_t n = strlen(lease.holder);

        *ret = r == 0 && n > 0 && strncmp(aborting->id, lease.holder, n) == 0 && aborting->id[n] == '/';
        if (*ret)
                aborting->leader = text_copy(aborting->in->arena, lease.holder, n);
        return r < 0 ? r : 0;
}

/* Once for each move: the first one's name stays. */
static int cmd_abort_ask(const Aborting *aborting) {
        AbortWishes wishes = { 0 };
        const char *why = option_text(&aborting->in->options, "why"), *text = NULL;
        char by[256];
        const AbortWish wish = { .id = aborting->id,
                                 .by = operator_name(by, sizeof(by)),
                                 .why = why ? why : "",
                                 .at = clock_now(),
                                 .until = clock_now() + ABORT_WISH_FOR };
        size_t n = 0;
        int r = abort_wishes_read(aborting->store, aborting->in->arena, &wishes);

        for (uint32_t i = 0; r == 0 && i < wishes.n; i++)
                if (wishes.at[i].id && strcmp(wishes.at[i].id, aborting->id) == 0 &&
                    wishes.at[i].until > wish.at)
                        return 0;
        if (r == 0)
                r = abort_wish_print(aborting->in->arena, &wish, &text, &n);
        return r < 0 ? r : store_put_abort(aborting->store, aborting->order.vm, text, n);
}

/* Until the journal has its end. */
static ExitStatus cmd_abort_wait(Aborting *aborting) {
        const usec_t until = clock_monotonic() + ABORT_WAIT;

        stop_signal_watch();
        while (stop_signal_count() == 0 && clock_monotonic() < until) {
                const ArenaMark mark = arena_mark(aborting->in->arena);
                const JournalEntry *list = NULL, *entry;
                uint32_t n = 0;
                int r = round_store_journal(aborting->store, aborting->in->arena, &list, &n);

                if (r < 0)
                        return cmd_abort_failed(aborting, r);
                entry = cmd_abort_of_id(aborting->id, list, n);
                if (entry && (!journal_is_open(entry->event) || entry->event == JOURNAL_UNCLEAR)) {
                        cmd_abort_is(aborting, entry);
                        return cmd_abort_end(aborting);
                }
                arena_rewind(aborting->in->arena, mark);
                clock_sleep(ABORT_POLL);
        }
        return command_complain(
                aborting->in, EXIT_FAILED,
                "the migration of %s has not ended yet; the request stands (plimsoll status, plimsoll journal)",
                aborting->order.vm);
}

static ExitStatus cmd_abort_running(Aborting *aborting) {
        bool watched = false;
        int r = cmd_abort_watched(aborting, &watched);

        if (r < 0)
                return cmd_abort_failed(aborting, r);
        if (!watched) {
                aborting->status = "unwatched";
                aborting->why = text_format(
                        aborting->in->arena,
                        "the program that began it no longer leads, so that no program watches it; on "
                        "%s: virsh domjobabort %s",
                        aborting->order.from, aborting->order.vm);
                return aborting->in->json
                               ? cmd_abort_json(aborting, EXIT_BLOCKED)
                               : command_complain(aborting->in, EXIT_BLOCKED, "nothing was aborted: %s",
                                                  aborting->why ? aborting->why : "no program watches it");
        }
        r = cmd_abort_ask(aborting);
        if (r < 0)
                return cmd_abort_failed(aborting, r);
        if (!option_given(&aborting->in->options, "no-wait"))
                return cmd_abort_wait(aborting);
        aborting->status = "asked";
        aborting->why = NULL;
        if (aborting->in->json)
                return cmd_abort_json(aborting, EXIT_DONE);
        (void) out_say(aborting->in->out.out,
                       "the migration of %s from %s to %s is to be aborted (plimsoll status)\n",
                       aborting->order.vm, aborting->order.from, aborting->order.to);
        return EXIT_DONE;
}

/* It waits for the leader, or runs for it. */
static ExitStatus cmd_abort_asked(Aborting *aborting, const StoredText *text, const JournalEntry *list,
                                  uint32_t n) {
        const JournalEntry *entry = cmd_abort_of_vm(aborting->order.vm, list, n);
        int r;

        if (entry && journal_is_open(entry->event)) {
                cmd_abort_is(aborting, entry);
                return cmd_abort_running(aborting);
        }
        r = store_withdraw_asked(aborting->store, text);
        if (r < 0)
                return cmd_abort_failed(aborting, r);
        aborting->status = r == 0 ? "withdrawn" : "done";
        return cmd_abort_end(aborting);
}

static ExitStatus cmd_abort_do(Aborting *aborting) {
        const JournalEntry *list = NULL, *entry;
        const StoredText *asked = NULL;
        uint32_t n = 0;
        int r = round_store_journal(aborting->store, aborting->in->arena, &list, &n);

        if (r < 0)
                return cmd_abort_failed(aborting, r);
        entry = cmd_abort_of_id(aborting->name, list, n);
        r = entry ? 1 : cmd_abort_named(aborting, &asked);
        if (r < 0)
                return cmd_abort_failed(aborting, r);
        if (r == 0)
                return asked ? cmd_abort_asked(aborting, asked, list, n) : cmd_abort_end(aborting);
        entry = entry ? entry : cmd_abort_of_vm(aborting->name, list, n);
        if (!entry)
                return command_complain(aborting->in, EXIT_BAD_INPUT,
                                        "no migration of %s is known; accepted: a VM, or the id of a move "
                                        "(plimsoll journal --json)",
                                        aborting->name);
        cmd_abort_is(aborting, entry);
        if (entry->event == JOURNAL_UNCLEAR)
                return aborting->in->json
                               ? cmd_abort_json(aborting, EXIT_BLOCKED)
                               : command_complain(aborting->in, EXIT_BLOCKED,
                                                  "nothing was aborted: how the migration of %s ended is "
                                                  "not known (plimsoll journal settle %s)",
                                                  aborting->order.vm, aborting->order.vm);
        return journal_is_open(entry->event) ? cmd_abort_running(aborting) : cmd_abort_end(aborting);
}

static ExitStatus cmd_abort_run(Invocation *in) {
        const char *why = option_text(&in->options, "why");
        owned(source_free) Source *source = NULL;
        Settings *settings = NULL;
        Aborting aborting = { .in = in, .name = in->options.arguments[0] };
        ExitStatus status;

        if (why && !abort_wish_is_why(why))
                return command_complain(in, EXIT_BAD_INPUT, "--why accepts one line of at most %d bytes",
                                        ABORT_WHY_MAX);
        status = facts_store(in, "running migrations are", &settings, &source);
        if (status != EXIT_DONE)
                return status;
        aborting.store = source_store(source);
        aborting.cluster = source_cluster(source);
        return cmd_abort_do(&aborting);
}

static const OptionDef cmd_abort_options[] = {
        SOURCE_OPTIONS,
        { "", 0, OPTION_HEADING, NULL, 0, 0, 0, "How:" },
        { "why", 0, OPTION_TEXT, "TEXT", 0, 0, 0, "reason, recorded in journal and audit" },
        { "no-wait", 0, OPTION_FLAG, NULL, 0, 0, 0, "do not wait for the end" },
        { "json", 0, OPTION_FLAG, NULL, 0, 0, 0, "print JSON, schema plimsoll.abort/1" },
        { 0 },
};

const Command command_abort = {
        .name = "abort",
        .summary = "abort a running migration: the VM stays where it is",
        .usage = "VM | ID [--why TEXT] [--no-wait] [source]",
        .help = "The program that carries the migration out (the leading service, or a plimsoll apply) aborts its job in\n"
                "libvirt, and the VM goes on running on its source. The other moves of the plan go on. Balance leaves the VM\n"
                "alone for service.cool_down, and any other plan for retry.first (docs/retry.md). ID is the id of a move in\n"
                "plimsoll journal --json, or the ID of plimsoll move --id; one that has not begun is withdrawn. After the\n"
                "switch to post-copy a migration cannot be aborted any more: it ends on the target.\n"
                "Exit status 2: no such migration. 3: it has ended already, or no program watches it.",
        .examples = "plimsoll abort web1\n"
                    "plimsoll abort web1 --why \"backup is running\" --no-wait",
        .options = cmd_abort_options,
        .least_arguments = 1,
        .most_arguments = 1,
        .run = cmd_abort_run,
};
