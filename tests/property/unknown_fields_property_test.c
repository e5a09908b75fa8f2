/* SPDX-License-Identifier: Apache-2.0 */
/* Whoever is older reads what whoever is newer wrote: for each kind of document that programs write and read again, fields that
 * it does not know, at any level, change nothing of what it reads. Documents: what the fuzzers' corpora have that is accepted. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "scheduler/app/facts/fault_store.h"
#include "scheduler/app/facts/store_loss.h"
#include "scheduler/app/round/cool_downs.h"
#include "scheduler/app/round/vm_homes.h"
#include "scheduler/app/state/abort_wish.h"
#include "scheduler/app/state/admission_record.h"
#include "scheduler/app/state/asked_move.h"
#include "scheduler/app/state/host_mark.h"
#include "scheduler/app/state/live_state.h"
#include "scheduler/app/state/move_journal.h"
#include "scheduler/app/state/roll_state.h"
#include "scheduler/app/state/settle_word.h"
#include "scheduler/app/state/stop_entry.h"
#include "scheduler/snapshot/files/audit_text.h"
#include "scheduler/snapshot/files/plan_file.h"
#include "scheduler/snapshot/files/record_file.h"
#include "scheduler/snapshot/files/snapshot_file.h"
#include "scheduler/snapshot/files/waiting_text.h"
#include "scheduler/snapshot/health/fault_memory.h"
#include "scheduler/store/admin/export_file.h"

static Arena arena;
static TextFault fault;

/* ---- each kind: what was read, printed again; NULL: it is refused ---- */

/* PRINTED(name, type of what is read, what prints it) */
#define PRINTED(kind, type, parse, print)                                                                    \
        static const char *kind##_again(const char *text, size_t n) {                                        \
                const char *again = NULL;                                                                    \
                size_t length = 0;                                                                           \
                type x;                                                                                      \
                                                                                                             \
                return (parse) == 0 && (print) == 0 ? again : NULL;                                          \
        }

PRINTED(snapshot, const Snapshot *, snapshot_file_parse(&arena, text, n, &x, &fault),
        snapshot_file_print(&arena, x, &again, &length))
PRINTED(record, const Record *, record_file_parse(&arena, text, n, &x, &fault),
        record_file_print(&arena, x, &again, &length))
PRINTED(audit, AuditEntry, audit_text_parse(&arena, text, n, &x, &fault),
        audit_text_print(&arena, &x, &again, &length))
PRINTED(waiting, WaitingPlan, waiting_text_parse(&arena, text, n, &x, &fault),
        waiting_text_print(&arena, &x, &again, &length))
PRINTED(answer, WaitingAnswer, answer_text_parse(&arena, text, n, &x, &fault),
        answer_text_print(&arena, &x, &again, &length))
PRINTED(faults, FaultMemory, fault_memory_parse(&arena, text, n, &x, &fault),
        fault_memory_print(&arena, &x, &again, &length))
PRINTED(service, LiveState, live_state_parse(&arena, text, n, &x, &fault),
        live_state_print(&arena, &x, &again, &length))
PRINTED(stop, StopEntry, stop_entry_parse(&arena, text, n, &x), stop_entry_print(&arena, &x, &again, &length))
PRINTED(settle, SettleWord, settle_word_parse(&arena, text, n, &x),
        settle_word_print(&arena, &x, &again, &length))
PRINTED(asked, AskedMove, asked_move_parse(&arena, text, n, &x),
        asked_move_print(&arena, &x, &again, &length))
PRINTED(abort_wish, AbortWish, abort_wish_parse(&arena, text, n, &x),
        abort_wish_print(&arena, &x, &again, &length))
PRINTED(told, ToldMove, told_move_parse(&arena, text, n, &x), told_move_print(&arena, &x, &again, &length))
PRINTED(admission, HostAdmission, admission_parse(&arena, "h1", text, n, &x),
        ((void) length, admission_print(&arena, &x, &again)))
PRINTED(mark, OperatorMark, host_mark_parse(&arena, text, n, &x),
        ((void) length, host_mark_print(&arena, &x, &again)))
PRINTED(journal, JournalEntry, journal_parse(&arena, text, n, &x), journal_print(&arena, &x, &again, &length))
PRINTED(loss, LostStore, store_loss_parse(&arena, text, n, &x), store_loss_print(&arena, &x, &again, &length))
PRINTED(homes, VmHomes, vm_homes_parse(&arena, text, n, &x), vm_homes_print(&arena, &x, &again, &length))

static const char *cool_downs_again(const char *text, size_t n) {
        const CoolDown *list = NULL;
        const char *again = NULL;
        uint32_t n_list = 0;
        size_t length = 0;

        return cool_downs_parse(&arena, text, n, &list, &n_list) == 0 &&
                               cool_downs_print(&arena, list, n_list, 0, &again, &length) == 0
                       ? again
                       : NULL;
}

/* ---- what others print, or scripts of the store: the facts of it ---- */

static const char *loss_answer_again(const char *text, size_t n) {
        LossAnswer x;

        return store_loss_answer_parse(&arena, text, n, &x) == 0
                       ? text_format(&arena, "%s %s %s %lld", x.loss, x.by, x.why, (long long) x.at)
                       : NULL;
}

static const char *clear_again(const char *text, size_t n) {
        Clear x;

        return clear_parse(&arena, text, n, &x) == 0 ? text_format(&arena, "%s %s %s %s %lld", x.host,
                                                                   x.device, x.by, x.why, (long long) x.at)
                                                     : NULL;
}

static const char *note_again(const char *text, size_t n) {
        FaultNote x;

        return fault_note_parse(&arena, text, n, &x) == 0
                       ? text_format(&arena, "%s %s %s %s %lld %lld %lld", x.host, x.device, x.by, x.why,
                                     (long long) x.was, (long long) x.is, (long long) x.at)
                       : NULL;
}

static const char *roll_again(const char *text, size_t n) {
        RollState x;

        return roll_state_parse(&arena, text, n, 8, &x) == 0
                       ? text_format(&arena, "%s %s %u %u %u %s", x.by, x.digest, x.at_once, x.n_left,
                                     x.n_done, x.left[0])
                       : NULL;
}

static const char *plan_again(const char *text, size_t n) {
        const PlanFile *file = NULL;
        const char *again = "";

        if (plan_file_parse(&arena, text, n, &file, &fault) < 0)
                return NULL;
        for (uint32_t i = 0; i < file->n_moves; i++) {
                const MoveOrder *m = &file->moves[i];

                again = text_format(&arena, "%s%s %s %s %u %s %lld %lld %lld %d\n", again, m->vm, m->from,
                                    m->to, m->wave, m->why, (long long) m->predicted.ms,
                                    (long long) m->predicted.downtime_ms,
                                    (long long) m->predicted.basis.bandwidth_kbit, (int) m->manner.strategy);
                cr_assert_not_null(again);
        }
        return text_format(&arena, "%s %d %s", file->cluster, (int) file->status, again);
}

static const struct {
        const char *name, *corpus, *sample; /* a folder of tests/fuzz/corpus, or a document */
        const char *(*again)(const char *text, size_t n);
} kinds[] = {
        { "snapshot", "snapshot_file", NULL, snapshot_again },
        { "plan", "plan_file", NULL, plan_again },
        { "record", "record_file", NULL, record_again },
        { "audit entry", "audit_text", NULL, audit_again },
        { "waiting plan", "waiting_text", NULL, waiting_again },
        { "answer", NULL, "{\"schema\":\"plimsoll.answer/1\",\"yes\":true,\"by\":\"ann@ops\",\"at\":5}",
          answer_again },
        { "faults", "fault_memory", NULL, faults_again },
        { "service", "live_state", NULL, service_again },
        { "stop", "stop_entry", NULL, stop_again },
        { "settled by a person", NULL,
          "{\"schema\":\"plimsoll.settle/1\",\"id\":\"x\",\"host\":\"h1\",\"by\":\"a\",\"why\":\"w\",\"at\":5}",
          settle_again },
        { "asked", "asked_move", NULL, asked_again },
        { "to be aborted", NULL,
          "{\"schema\":\"plimsoll.abort-wish/1\",\"id\":\"h1/1/2/0\",\"by\":\"a\",\"why\":\"w\",\"at\":5,\"until\":6}",
          abort_wish_again },
        { "told", "asked_move", NULL, told_again },
        { "admission", "admission", NULL, admission_again },
        { "mark", "host_mark", NULL, mark_again },
        { "journal", "move_journal", NULL, journal_again },
        { "homes", "vm_homes", NULL, homes_again },
        { "loss", NULL,
          "{\"schema\":\"plimsoll.loss/1\",\"id\":\"l1\",\"at\":5,\"why\":\"empty\",\"by\":\"h1/"
          "1\",\"before\":\"e1\",\"emptied\":[\"h4\"],\"closed\":[\"h3\"]}",
          loss_again },
        { "acknowledged loss", NULL,
          "{\"schema\":\"plimsoll.loss-answer/1\",\"loss\":\"l1\",\"by\":\"a\",\"why\":\"w\",\"at\":5}",
          loss_answer_again },
        { "fault cleared", NULL, "{\"host\":\"h1\",\"device\":\"sda\",\"by\":\"a\",\"why\":\"w\",\"at\":5}",
          clear_again },
        { "change of a grade", NULL,
          "{\"host\":\"h1\",\"device\":\"sda\",\"by\":\"a\",\"why\":\"w\",\"was\":1,\"is\":3,\"at\":5}",
          note_again },
        { "roll", NULL,
          "{\"schema\":\"plimsoll.roll/1\",\"by\":\"a\",\"at\":5,\"process\":\"1/1\",\"run_sha256\":\"00\","
          "\"at_once\":1,\"left\":[\"h3\"],\"done\":[]}",
          roll_again },
        { "cool-downs", "cool_downs", NULL, cool_downs_again },
};

/* ---- fields of a newer version ---- */

/* Whose members are data, not fields; or that are kept as they are. */
static bool is_closed(size_t kind, const char *key) {
        static const char *const maps[] = { "rtt_us", "rtt_seconds", "extra", "accepted",
                                            "marks",  "gone",        "plan",  NULL };
        const bool by_name = kinds[kind].again == homes_again || kinds[kind].again == cool_downs_again;

        for (size_t i = 0; key && maps[i]; i++)
                if (strcmp(key, maps[i]) == 0)
                        return kinds[kind].again != plan_again || strcmp(key, "plan") != 0;
        return key && by_name && strcmp(key, "vms") == 0;
}

static uint32_t n_added;

static void add_unknown(size_t kind, const char *key, json_t *value) {
        const char *name;
        json_t *inner;
        size_t i;

        json_array_foreach(value, i, inner)
                add_unknown(kind, NULL, inner);
        if (!json_is_object(value) || (is_closed(kind, key) && strcmp(key, "vms") != 0))
                return;
        json_object_foreach(value, name, inner)
                add_unknown(kind, name, inner);
        if (is_closed(kind, key))
                return;
        cr_assert_eq(0,
                     json_object_set_new(value, "zz_newer", json_pack("{s:[i, n], s:s}", "a", 1, "b", "c")));
        cr_assert_eq(0, json_object_set_new(value, "zz_null", json_null()));
        cr_assert_eq(0, json_object_set_new(value, "zz_number", json_real(0.5)));
        n_added += 3;
}

/* 1: it is a document of the kind. */
static unsigned try_document(size_t kind, const char *text, size_t n, const char *from) {
        ArenaMark mark = arena_mark(&arena);
        const char *before = kinds[kind].again(text, n), *after;
        json_t *o = before ? json_loadb(text, n, 0, NULL) : NULL;
        char *more;

        if (!json_is_object(o)) { /* not accepted; or a bare word, which has no fields */
                json_decref(o);
                arena_rewind(&arena, mark);
                return 0;
        }
        add_unknown(kind, NULL, o);
        more = json_dumps(o, JSON_COMPACT | JSON_REAL_PRECISION(17));
        after = kinds[kind].again(more, strlen(more));
        cr_expect_not_null(after, "%s: %s with fields of a newer version is refused: %s %s", kinds[kind].name,
                           from, fault.field, fault.what);
        if (after)
                cr_expect_str_eq(before, after, "%s: %s", kinds[kind].name, from);
        free(more);
        json_decref(o);
        arena_rewind(&arena, mark);
        return 1;
}

static unsigned try_corpus(size_t kind) {
        static char text[1 << 20];
        char path[512];
        unsigned tried = 0;
        DIR *d;

        (void) snprintf(path, sizeof(path), SOURCE_DIR "/tests/fuzz/corpus/%s", kinds[kind].corpus);
        d = opendir(path);
        cr_assert_not_null(d, "%s", path);
        for (struct dirent *e; (e = readdir(d));) {
                FILE *f;
                size_t n;

                (void) snprintf(path, sizeof(path), SOURCE_DIR "/tests/fuzz/corpus/%s/%.200s",
                                kinds[kind].corpus, e->d_name);
                f = e->d_name[0] == '.' ? NULL : fopen(path, "rb");
                if (!f)
                        continue;
                n = fread(text, 1, sizeof(text), f);
                (void) fclose(f);
                tried += try_document(kind, text, n, path);
        }
        (void) closedir(d);
        return tried;
}

Test(unknown_fields, of_a_newer_version_change_nothing_of_what_is_read) {
        cr_assert_eq(0, arena_open((size_t) 256 << 20, &arena));
        for (size_t kind = 0; kind < ARRAY_SIZE(kinds); kind++) {
                const unsigned tried = kinds[kind].corpus
                                               ? try_corpus(kind)
                                               : try_document(kind, kinds[kind].sample,
                                                              strlen(kinds[kind].sample), "sample");

                cr_expect_gt(tried, 0, "%s: no document was tried", kinds[kind].name);
        }
        cr_assert_gt(n_added, 200);
}

/* An export is a document a line: each with more fields is the same export. */
Test(unknown_fields, of_an_export_are_passed_over) {
        static const char before[] =
                "{\"schema\":\"plimsoll.store-export/1\",\"cluster\":\"c\",\"taken_at\":\"2026-01-01T00:00:00Z\"%1$s}\n"
                "{\"key\":\"stop\",\"type\":\"string\",\"ttl_s\":null,\"value\":\"x\"%1$s}\n"
                "{\"end\":true,\"lines\":1%1$s}\n";
        StoreExport is, more;
        const char *text;

        cr_assert_eq(0, arena_open((size_t) 1 << 20, &arena));
        text = text_format(&arena, before, "");
        cr_assert_eq(0, export_file_parse(&arena, text, strlen(text), &is, &fault), "%s", fault.what);
        text = text_format(&arena, before, ",\"zz_newer\":{\"a\":[1,null]}");
        cr_assert_eq(0, export_file_parse(&arena, text, strlen(text), &more, &fault), "%s", fault.what);
        cr_assert(store_export_equal(&is, &more));
        cr_assert_eq(1, more.n);
}
