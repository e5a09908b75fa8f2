/* SPDX-License-Identifier: Apache-2.0 */
/* plimsoll top: what other commands say, drawn again and again. It reads by `status --json`, explains by `explain`, answers by `confirm`
 * and aborts by `abort`, each called as on the command line with the same source: it can do no more than they, and by no other way. */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "scheduler/app/commands/command.h"
#include "scheduler/app/commands/facts.h"
#include "scheduler/app/commands/top_terminal.h"
#include "scheduler/app/commands/top_view.h"
#include "scheduler/app/state/stop_signal.h"
#include "scheduler/app/terminal/human.h"
#include "scheduler/base/sha256.h"
#include "scheduler/store/stored_json.h"

#define TOP_WORDS (OPTION_USES_MAX + 8)

typedef enum TopAsk {
        TOP_ASK_NOTHING,
        TOP_ASK_FILTER,
        TOP_ASK_EXPLAIN,
        TOP_ASK_ACCEPT,
        TOP_ASK_REJECT,
        TOP_ASK_ABORT,
} TopAsk;

typedef struct Top {
        Invocation *in;
        json_t *status;
        usec_t read_at, next_at; /* since the epoch; monotonic */
        char failed[512], message[512], filter[128], typed[128];
        TopAsk ask;
        bool by_name, ended;
        unsigned scroll, page;
        char *text, title[256]; /* NULL: the cluster is shown */
        unsigned text_scroll;
        char plan_id[128], plan_digest[SHA256_HEX]; /* of the plan that the text shows; "": it is none */
        uint32_t plan_moves;
        TopMove move; /* that the text shows; id "": it is none */
} Top;

/* ---- other commands ---- */

typedef struct TopReply {
        char *out, *err;
        ExitStatus status;
} TopReply;

static void top_reply_free(TopReply *r) {
        free(r->out);
        free(r->err);
        *r = (TopReply){ 0 };
}

/* The command with the source and the settings that top was given. `words`: NULL-terminated, without options of a source. */
static TopReply top_call(const Top *top, const char *const *words) {
        const Options *o = &top->in->options;
        char *argv[TOP_WORDS];
        TopReply reply = { .status = EXIT_FAILED };
        size_t n_out = 0, n_err = 0;
        int n = 0;
        FILE *out = open_memstream(&reply.out, &n_out), *err = open_memstream(&reply.err, &n_err);

        argv[n++] = strdup(words[0]);
        for (unsigned i = 0; i < o->n_uses; i++)
                if (strcmp(o->uses[i].def->name, "interval") != 0 &&
                    asprintf(&argv[n], "--%s%s%s", o->uses[i].def->name, o->uses[i].text ? "=" : "",
                             o->uses[i].text ? o->uses[i].text : "") >= 0)
                        n++;
        for (unsigned i = 1; words[i]; i++)
                argv[n++] = strdup(words[i]);
        argv[n] = NULL;
        if (out && err)
                reply.status = (ExitStatus) command_call(n, argv, out, err);
        if (out)
                (void) fclose(out);
        if (err)
                (void) fclose(err);
        while (n > 0)
                free(argv[--n]); /* getopt may have put them into another order */
        return reply;
}

/* What it had against it, in a line: "plimsoll status: " before it is left out. */
static void top_complaint(const TopReply *r, char *buf, size_t size) {
        const char *text = r->err && r->err[0] ? r->err : r->out ? r->out : "";
        const char *words = strncmp(text, "plimsoll ", 9) == 0 ? strstr(text, ": ") : NULL;

        words = words ? words + 2 : text;
        (void) snprintf(buf, size, "%.*s", (int) strcspn(words, "\n"), words[0] ? words : "out of memory");
}

static void top_read(Top *top) {
        static const char *const words[] = { "status", "--json", NULL };
        TopReply r = top_call(top, words);
        json_t *value = r.out ? stored_json(r.out, strlen(r.out), 0, NULL) : NULL;

        if ((r.status == EXIT_DONE || r.status == EXIT_BLOCKED) && json_object_get(value, "hosts")) {
                json_decref(top->status);
                top->status = value;
                top->read_at = clock_now();
                top->failed[0] = '\0';
        } else {
                top_complaint(&r, top->failed, sizeof(top->failed));
                json_decref(value);
        }
        top->next_at = clock_monotonic() + option_number(&top->in->options, "interval", 2 * USEC_PER_SEC);
        top_reply_free(&r);
}

/* ---- texts ---- */

static void top_close_text(Top *top) {
        free(top->text);
        top->text = NULL;
        top->plan_id[0] = '\0';
        top->move.id[0] = '\0';
        top->text_scroll = 0;
}

/* What a command prints, in pages. */
static void top_show(Top *top, const char *const *words, const char *title) {
        TopReply r = top_call(top, words);

        if (r.status == EXIT_DONE || r.status == EXIT_BLOCKED) {
                top_close_text(top);
                top->text = r.out;
                r.out = NULL;
                (void) snprintf(top->title, sizeof(top->title), "%s", title);
        } else {
                top_complaint(&r, top->message, sizeof(top->message));
        }
        top_reply_free(&r);
}

static void top_explain(Top *top, const char *vm) {
        const char *const words[] = { "explain", "--", vm, NULL };
        char title[192];

        (void) snprintf(title, sizeof(title), "explain %s", vm);
        top_show(top, words, title);
}

static void top_faults(Top *top) {
        static const char *const words[] = { "faults", NULL };

        top_show(top, words, "faults");
}

/* The plan that waits, as confirm --json has it, with its digest. NULL: it waits no more, or cannot be read; it was said. */
static json_t *top_plan(Top *top, const char *id, char ret_digest[SHA256_HEX]) {
        const char *const words[] = { "confirm", "--json", "--", id, NULL };
        TopReply r = top_call(top, words);
        json_t *reply = r.out ? stored_json(r.out, strlen(r.out), 0, NULL) : NULL, *one = NULL;
        char *text;

        if (r.status == EXIT_DONE)
                one = json_incref(json_array_get(json_object_get(reply, "plans"), 0));
        else
                top_complaint(&r, top->message, sizeof(top->message));
        json_decref(reply);
        top_reply_free(&r);
        text = one ? json_dumps(json_object_get(one, "plan"), JSON_COMPACT | JSON_SORT_KEYS) : NULL;
        if (!text) {
                json_decref(one);
                return NULL;
        }
        sha256_print(text, strlen(text), ret_digest);
        free(text);
        return one;
}

static const char *top_string(const json_t *o, const char *key) {
        const char *text = json_string_value(json_object_get(o, key));

        return text ? text : "?";
}

static const char *top_seconds(const json_t *o, const char *key, char buf[HUMAN_SIZE]) {
        const json_t *value = json_object_get(o, key);

        return human_ms(json_is_number(value) ? (int64_t) (json_number_value(value) * 1000) : UNKNOWN, buf);
}

static void top_plan_text(const json_t *one, const char *digest, FILE *out) {
        const json_t *moves = json_object_get(json_object_get(one, "plan"), "moves"), *m;
        size_t i;

        (void) out_say(out, "%s\nproposed %s, expires %s, digest %.12s\n\n", top_string(one, "summary"),
                       top_string(one, "made_at"), top_string(one, "until"), digest);
        json_array_foreach(moves, i, m) {
                const json_t *predicted = json_object_get(m, "predicted");
                char expected[HUMAN_SIZE], low[HUMAN_SIZE], high[HUMAN_SIZE];

                (void) out_say(out, "wave %lld: %s  %s > %s  %s (%s to %s)\n    %s\n",
                               (long long) json_integer_value(json_object_get(m, "wave")),
                               top_string(m, "vm"), top_string(m, "from"), top_string(m, "to"),
                               top_seconds(predicted, "seconds", expected),
                               top_seconds(predicted, "seconds_low", low),
                               top_seconds(predicted, "seconds_high", high), top_string(m, "why"));
        }
}

/* What is answered is what was shown: the digest is of the JSON that the text is made of. */
static void top_show_plan(Top *top, const char *id) {
        char digest[SHA256_HEX];
        json_t *one = top_plan(top, id, digest);
        char *text = NULL;
        size_t n = 0;
        FILE *out = one ? open_memstream(&text, &n) : NULL;

        if (out) {
                top_plan_text(one, digest, out);
                (void) fclose(out);
                top_close_text(top);
                top->text = text;
                top->plan_moves =
                        (uint32_t) json_array_size(json_object_get(json_object_get(one, "plan"), "moves"));
                (void) snprintf(top->plan_id, sizeof(top->plan_id), "%s", id);
                (void) snprintf(top->plan_digest, sizeof(top->plan_digest), "%s", digest);
                (void) snprintf(top->title, sizeof(top->title), "plan %.100s", id);
        }
        json_decref(one);
}

/* The one after that which is shown, or the first. */
static void top_next_plan(Top *top) {
        const json_t *list = json_object_get(json_object_get(top->status, "service"), "waiting"), *w;
        const char *first = NULL, *next = NULL;
        bool seen = false;
        char id[sizeof(top->plan_id)];
        size_t i;

        json_array_foreach(list, i, w) {
                const char *its = json_string_value(json_object_get(w, "id"));

                if (!its)
                        continue;
                if (!first)
                        first = its;
                if (seen && !next)
                        next = its;
                seen |= strcmp(its, top->plan_id) == 0;
        }
        if (!first) {
                (void) snprintf(top->message, sizeof(top->message), "no plan awaits an answer");
                return;
        }
        (void) snprintf(id, sizeof(id), "%s", next ? next : first);
        top_show_plan(top, id);
}

/* A command that acts: what it says, and where it did what it was to, what was shown for it is closed. */
static void top_act(Top *top, const char *const *words) {
        TopReply r = top_call(top, words);

        if (r.status == EXIT_DONE && r.out)
                (void) snprintf(top->message, sizeof(top->message), "%.*s", (int) strcspn(r.out, "\n"),
                                r.out);
        else
                top_complaint(&r, top->message, sizeof(top->message));
        if (r.status == EXIT_DONE)
                top_close_text(top);
        top_reply_free(&r);
        top->next_at = 0;
}

/* Judged once more: what it is now is what was shown. Then by plimsoll confirm, whose checks hold (a stop, another's answer). */
static void top_answer(Top *top, bool yes) {
        const char *const words[] = { "confirm", yes ? "--yes" : "--reject", "--", top->plan_id, NULL };
        char digest[SHA256_HEX];
        json_t *one = top_plan(top, top->plan_id, digest);

        if (!one)
                return;
        json_decref(one);
        if (strcmp(digest, top->plan_digest) != 0) {
                char id[sizeof(top->plan_id)];

                (void) snprintf(id, sizeof(id), "%s", top->plan_id);
                top_show_plan(top, id);
                (void) snprintf(
                        top->message, sizeof(top->message),
                        "the plan has changed since it was shown: nothing was answered. Read it again");
                return;
        }
        top_act(top, words);
}

/* ---- a running move ---- */

/* The one after that which is shown, or the first; with its id in the journal, so that no other one is aborted in its place. */
static void top_next_move(Top *top) {
        static const char *const words[] = { "journal", "--json", NULL };
        TopMove move;
        TopReply r = top_call(top, words);
        json_t *journal = r.out ? stored_json(r.out, strlen(r.out), 0, NULL) : NULL;
        char *text = NULL;
        size_t n = 0;
        FILE *out = NULL;

        if (r.status != EXIT_DONE && r.status != EXIT_BLOCKED)
                top_complaint(&r, top->message, sizeof(top->message));
        else if (!top_move_pick(top->status, journal, top->move.id, &move))
                (void) snprintf(top->message, sizeof(top->message),
                                "no migration runs that could be aborted");
        else
                out = open_memstream(&text, &n);
        if (out) {
                (void) top_move_text(top->status, journal, &move, out);
                (void) fclose(out);
                top_close_text(top);
                top->text = text;
                top->move = move;
                (void) snprintf(top->title, sizeof(top->title), "move of %.200s", move.vm);
        }
        json_decref(journal);
        top_reply_free(&r);
}

/* By plimsoll abort, whose checks hold: it has ended since, or its program leads no more. */
static void top_abort(Top *top) {
        const char *const words[] = { "abort", "--no-wait", "--", top->move.id, NULL };

        top_act(top, words);
}

/* ---- keys ---- */

static const char *top_question(const Top *top, char *buf, size_t size) {
        const char *moves = text_plural(top->plan_moves, "move", "moves");

        switch (top->ask) {
        case TOP_ASK_FILTER:
                (void) snprintf(buf, size, "show names with: %s_", top->typed);
                break;
        case TOP_ASK_EXPLAIN:
                (void) snprintf(buf, size, "explain which VM: %s_", top->typed);
                break;
        case TOP_ASK_ACCEPT:
                (void) snprintf(buf, size, "accept plan %s, %u %s as shown? Type yes: %s_", top->plan_id,
                                top->plan_moves, moves, top->typed);
                break;
        case TOP_ASK_REJECT:
                (void) snprintf(buf, size, "reject plan %s? Type yes: %s_", top->plan_id, top->typed);
                break;
        case TOP_ASK_ABORT:
                (void) snprintf(buf, size, "abort the migration of %s? Type yes: %s_", top->move.vm,
                                top->typed);
                break;
        default:
                if (top->message[0])
                        return top->message;
                if (!top->text)
                        return NULL;
                if (top->move.id[0])
                        return "x abort it  n next move  q back";
                return top->plan_id[0] ? "y accept  r reject  n next plan  PgDn/PgUp page  q back"
                                       : "PgDn/PgUp page  q back";
        }
        return buf;
}

static void top_ask(Top *top, TopAsk ask) {
        top->ask = ask;
        top->typed[0] = '\0';
}

static void top_asked(Top *top) {
        const TopAsk ask = top->ask;

        top->ask = TOP_ASK_NOTHING;
        if (ask == TOP_ASK_FILTER) {
                (void) snprintf(top->filter, sizeof(top->filter), "%s", top->typed);
                top->scroll = 0;
        } else if (ask == TOP_ASK_EXPLAIN && top->typed[0]) {
                top_explain(top, top->typed);
        } else if (ask == TOP_ASK_ACCEPT || ask == TOP_ASK_REJECT) {
                if (strcmp(top->typed, "yes") == 0)
                        top_answer(top, ask == TOP_ASK_ACCEPT);
                else
                        (void) snprintf(top->message, sizeof(top->message), "nothing was answered");
        } else if (ask == TOP_ASK_ABORT) {
                if (strcmp(top->typed, "yes") == 0)
                        top_abort(top);
                else
                        (void) snprintf(top->message, sizeof(top->message), "nothing was aborted");
        }
}

static void top_typed(Top *top, int key) {
        size_t n = strlen(top->typed);

        if (key == '\r' || key == '\n') {
                top_asked(top);
        } else if (key == TOP_KEY_ESCAPE) {
                top->ask = TOP_ASK_NOTHING;
        } else if (key == 127 || key == '\b') {
                while (n > 0 && ((unsigned char) top->typed[n - 1] & 0xc0) == 0x80)
                        n--;
                top->typed[n > 0 ? n - 1 : 0] = '\0';
        } else if (key >= ' ' && key < 256 && n + 1 < sizeof(top->typed)) {
                top->typed[n] = (char) key;
                top->typed[n + 1] = '\0';
        }
}

/* Down is as far as the frame lets it: it cuts what is too much. */
static bool top_scrolled(Top *top, int key) {
        unsigned *at = top->text ? &top->text_scroll : &top->scroll;
        const unsigned page = top->page > 1 ? top->page - 1 : 1;

        if (key == TOP_KEY_DOWN || key == 'j')
                ++*at;
        else if (key == TOP_KEY_UP || key == 'k')
                *at -= *at > 0;
        else if (key == TOP_KEY_PAGE_DOWN || key == ' ')
                *at += page;
        else if (key == TOP_KEY_PAGE_UP || key == 'b')
                *at -= *at > page ? page : *at;
        else if (key == TOP_KEY_HOME || key == 'g')
                *at = 0;
        else if (key == TOP_KEY_END || key == 'G')
                *at = 1U << 30;
        else
                return false;
        return true;
}

static void top_text_key(Top *top, int key) {
        if (key == 'q' || key == TOP_KEY_ESCAPE)
                top_close_text(top);
        else if (key == 'y' && top->plan_id[0])
                top_ask(top, TOP_ASK_ACCEPT);
        else if (key == 'r' && top->plan_id[0])
                top_ask(top, TOP_ASK_REJECT);
        else if (key == 'n' && top->plan_id[0])
                top_next_plan(top);
        else if (key == 'n' && top->move.id[0])
                top_next_move(top);
        else if (key == 'x' && top->move.id[0])
                top_ask(top, TOP_ASK_ABORT);
}

static void top_key(Top *top, int key) {
        if (top->ask != TOP_ASK_NOTHING) {
                top_typed(top, key);
                return;
        }
        top->message[0] = '\0';
        if (top_scrolled(top, key))
                return;
        if (top->text)
                top_text_key(top, key);
        else if (key == 'q')
                top->ended = true;
        else if (key == '/')
                top_ask(top, TOP_ASK_FILTER);
        else if (key == TOP_KEY_ESCAPE)
                top->filter[0] = '\0';
        else if (key == 's')
                top->by_name = !top->by_name;
        else if (key == 'e')
                top_ask(top, TOP_ASK_EXPLAIN);
        else if (key == 'f')
                top_faults(top);
        else if (key == 'a')
                top_next_plan(top);
        else if (key == 'x')
                top_next_move(top);
}

/* ---- the loop ---- */

static void top_draw(Top *top) {
        char *frame = NULL, question[512];
        size_t n = 0;
        unsigned lines;
        Screen aside = top->in->out;
        const char *footer = top_question(top, question, sizeof(question));

        top_terminal_size(&aside.width, &lines);
        aside.out = open_memstream(&frame, &n);
        if (!aside.out)
                return;
        if (top->text) {
                const TopPage page = { .title = top->title, .text = top->text, .footer = footer };

                top_page_draw(&page, &aside, lines, &top->text_scroll, &top->page);
        } else {
                const TopView view = { .status = top->status,
                                       .now = clock_now(),
                                       .failed = top->failed[0] ? top->failed : NULL,
                                       .read_at = top->read_at,
                                       .filter = top->filter,
                                       .by_name = top->by_name,
                                       .footer = footer };

                top_view_draw(&view, &aside, lines, &top->scroll, &top->page);
        }
        if (fclose(aside.out) == 0)
                top_terminal_draw(frame, n);
        free(frame);
}

static bool top_is_over(const Top *top) {
        return top->ended || stop_signal_count() > 0 || stop_signal_reloads() > 0;
}

static void top_loop(Top *top) {
        top_draw(top);
        while (!top_is_over(top)) {
                usec_t left;
                int key;

                if (clock_monotonic() >= top->next_at)
                        top_read(top);
                top_draw(top);
                left = top->next_at - clock_monotonic();
                key = top_terminal_key(left > 0 ? (int) (left / USEC_PER_MSEC) + 1 : 0);
                if (key == TOP_KEY_CLOSED)
                        return;
                if (key != TOP_KEY_NONE)
                        top_key(top, key);
        }
}

static ExitStatus cmd_top_run(Invocation *in) {
        Top top = { .in = in };
        int r;

        if (in->inside || !in->out.live)
                return command_complain(
                        in, EXIT_BAD_INPUT,
                        "this needs a terminal. plimsoll status, and status --watch, print to anything");
        stop_signal_watch();
        r = top_terminal_enter();
        if (r < 0)
                return command_complain(in, r == -ENOTTY ? EXIT_BAD_INPUT : EXIT_FAILED, "%s",
                                        r == -ENOTTY
                                                ? "keys are read from a terminal, and standard input is none"
                                                : "out of memory");
        top_loop(&top);
        top_terminal_leave();
        json_decref(top.status);
        top_close_text(&top);
        return EXIT_DONE;
}

static const OptionDef cmd_top_options[] = {
        SOURCE_OPTIONS,
        { "", 0, OPTION_HEADING, NULL, 0, 0, 0, "Output:" },
        { "interval", 0, OPTION_DURATION, "TIME", 0, 200 * USEC_PER_MSEC, 3600 * USEC_PER_SEC,
          "refresh interval (500ms, 2s, 1m); default: 2s" },
        { 0 },
};

const Command command_top = {
        .name = "top",
        .summary = "watch hosts, running moves, faults and waiting plans; answer plans, abort moves",
        .usage = "[source] [--interval TIME]",
        .help = "Draws the cluster on the whole terminal again and again: who leads, what holds moves back, plans that await\n"
                "an answer, running moves with their progress and time left, and the hosts, the worst first.\n"
                "Keys: q quit; arrows, Page Up and Down, Space, b, Home, End scroll; / shows only names with a text in them,\n"
                "Escape all again; s sorts by name or by what is worst; e explains why a VM is where it is; f shows faults;\n"
                "a shows a plan that awaits an answer, there y accepts and r rejects it, once yes is typed. It is answered\n"
                "only if it still is the plan that was shown, by plimsoll confirm. x shows a running move, n the next one,\n"
                "and x again aborts it by plimsoll abort, once yes is typed.",
        .examples = "plimsoll top --redis redis://store:6379\n"
                    "plimsoll top --from cluster.json",
        .options = cmd_top_options,
        .run = cmd_top_run,
};
