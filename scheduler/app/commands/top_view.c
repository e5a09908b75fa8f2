/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/commands/top_view.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/app/terminal/bar.h"
#include "scheduler/app/terminal/human.h"
#include "scheduler/app/terminal/wrap.h"
#include "scheduler/base/text.h"
#include "scheduler/model/instant.h"

#define TOP_KEYS "q quit  Space page  / filter  s sort  e explain  f faults  a answer  x abort"

/* ---- lines ---- */

typedef struct TopFrame {
        const Screen *screen;
        unsigned left; /* lines that may still be drawn, but for the footer */
} TopFrame;

/* s, cut and filled up to so many columns. */
static void top_cell(const TopFrame *f, const char *s, unsigned columns, Style style) {
        char safe[512];
        size_t n;

        (void) text_safe(s, safe, sizeof(safe));
        n = text_fit(safe, strlen(safe), columns);
        (void) out_say(f->screen->out, "%s%.*s%s%*s", screen_style(f->screen, style), (int) n, safe,
                       screen_style(f->screen, STYLE_PLAIN), (int) (columns - text_columns(safe, n)), "");
}

static void top_end_line(TopFrame *f) {
        (void) fputs("\033[K\r\n", f->screen->out);
        f->left--;
}

/* A line of one style, cut at the edge. */
static void top_line(TopFrame *f, Style style, const char *fmt, ...) printf_like(3, 4);
static void top_line(TopFrame *f, Style style, const char *fmt, ...) {
        char *text = NULL;
        size_t n = 0;
        FILE *aside = f->left > 0 ? open_memstream(&text, &n) : NULL;
        va_list ap;

        if (!aside)
                return;
        va_start(ap, fmt);
        (void) out_vsay(aside, fmt, ap);
        va_end(ap);
        if (fclose(aside) == 0) {
                n = text_fit(text, n, f->screen->width);
                (void) out_say(f->screen->out, "%s%.*s%s", screen_style(f->screen, style), (int) n, text,
                               screen_style(f->screen, STYLE_PLAIN));
        }
        free(text);
        top_end_line(f);
}

static void top_footer(TopFrame *f, const char *words) {
        while (f->left > 0)
                top_end_line(f);
        top_cell(f, words, f->screen->width > 0 ? f->screen->width - 1 : 0, STYLE_STRONG);
}

/* ---- JSON ---- */

static const char *top_text(const json_t *o, const char *key) {
        return json_string_value(json_object_get(o, key));
}

static int64_t top_count(const json_t *o, const char *key) {
        return json_integer_value(json_object_get(o, key));
}

/* Of 1 as permille, of seconds as ms; null: UNKNOWN. */
static int64_t top_thousandths(const json_t *o, const char *key) {
        const json_t *value = json_object_get(o, key);

        return json_is_number(value) ? (int64_t) (json_number_value(value) * 1000 + 0.5) : UNKNOWN;
}

static usec_t top_instant(const json_t *o, const char *key) {
        const char *text = top_text(o, key);
        usec_t at = 0;

        return text && instant_parse(text, &at) == 0 ? at : 0;
}

static const char *top_age(usec_t at, usec_t now, char buf[HUMAN_SIZE]) {
        return human_ms(now > at ? (now - at) / USEC_PER_MSEC : 0, buf);
}

static bool top_has(const char *filter, const char *name) {
        return !filter[0] || (name && strstr(name, filter));
}

/* What is known of a host that is fenced (silent, old data) is of some time ago: its load is drawn as unknown. */
static bool top_is_above(const json_t *host) {
        return !top_text(host, "fenced") && json_is_true(json_object_get(host, "above_load_line"));
}

/* ---- above ---- */

static void top_header(TopFrame *f, const TopView *view) {
        const json_t *s = view->status, *service = json_object_get(s, "service");
        char age[HUMAN_SIZE], at[HUMAN_SIZE];
        uint32_t above = 0;

        for (size_t i = 0; i < json_array_size(json_object_get(s, "hosts")); i++)
                above += top_is_above(json_array_get(json_object_get(s, "hosts"), i));
        top_line(f, STYLE_STRONG, "%s: %zu hosts, %lld VMs   %s", top_text(s, "cluster"),
                 json_array_size(json_object_get(s, "hosts")), (long long) top_count(s, "vm_count"),
                 human_time(view->now, at));
        if (view->failed)
                top_line(f, STYLE_BAD, "NOT LIVE since %s: %s", human_time(view->read_at, at), view->failed);
        if (json_is_null(service) || !service)
                top_line(f, STYLE_WARN, "no service is running for this cluster");
        else
                top_line(f, json_is_true(json_object_get(s, "leading")) ? STYLE_PLAIN : STYLE_WARN,
                         "%s %s, mode %s, last round %s ago: %s",
                         json_is_true(json_object_get(s, "leading")) ? "leader" : "NO LEADER; the last was",
                         top_text(service, "leader"), top_text(service, "mode"),
                         top_age(top_instant(service, "round_at"), view->now, age),
                         top_text(service, "summary"));
        if (json_is_true(json_object_get(s, "blind")))
                top_line(f, STYLE_BAD, "BLIND: no host has usable data; nothing is known of their load");
        top_line(f,
                 above + top_count(s, "failing") + top_count(s, "not_known") > 0 ? STYLE_WARN : STYLE_PLAIN,
                 "%u above the load line, %lld failing, %lld not known, %lld excluded, %zu held", above,
                 (long long) top_count(s, "failing"), (long long) top_count(s, "not_known"),
                 (long long) top_count(s, "excluded"), json_array_size(json_object_get(s, "held")));
}

/* What holds moves back, or waits for a person. */
static void top_alerts(TopFrame *f, const TopView *view) {
        const json_t *s = view->status, *service = json_object_get(s, "service"), *list, *o;
        char left[HUMAN_SIZE];
        size_t i;

        if (json_is_object(json_object_get(s, "stop")))
                top_line(f, STYLE_BAD, "STOPPED: no move starts (by %s: %s); plimsoll resume",
                         top_text(json_object_get(s, "stop"), "by"),
                         top_text(json_object_get(s, "stop"), "why"));
        json_array_foreach(json_object_get(s, "doubled"), i, o) {
                top_line(f, STYLE_BAD, "ALARM: VM %s runs on several hosts at once", top_text(o, "vm"));
        }
        json_array_foreach(json_object_get(s, "unclear"), i, o) {
                top_line(f, STYLE_BAD, "ALARM: it is unknown where VM %s runs (plimsoll journal)",
                         top_text(o, "vm"));
        }
        json_array_foreach(json_object_get(s, "held"), i, o) {
                top_line(f, STYLE_BAD, "held: %s: %s", top_text(o, "host"), top_text(o, "why"));
        }
        if (top_text(service, "paused"))
                top_line(f, STYLE_BAD, "balance and load relief are paused: %s", top_text(service, "paused"));
        if (json_is_object(json_object_get(s, "store_forgotten")))
                top_line(f, STYLE_BAD, "blocked: the store lost data (plimsoll store acknowledge)");
        list = json_object_get(service, "waiting");
        json_array_foreach(list, i, o) {
                const usec_t until = top_instant(o, "until");

                top_line(f, STYLE_WARN, "plan %s awaits an answer for %s more: %s   [a]", top_text(o, "id"),
                         human_ms(until > view->now ? (until - view->now) / USEC_PER_MSEC : 0, left),
                         top_text(o, "summary"));
        }
}

/* ---- moves ---- */

static bool top_move_runs(const json_t *o) {
        const char *phase = top_text(o, "phase");

        return phase && (strcmp(phase, "running") == 0 || strcmp(phase, "verifying") == 0);
}

/* By what it still has to send and how fast it does, else by its prediction; UNKNOWN: neither says. */
static int64_t top_move_left_ms(const json_t *o) {
        const int64_t left = top_count(o, "bytes_left"), speed = top_count(o, "bytes_per_second"),
                      predicted = top_thousandths(o, "predicted_seconds"),
                      running = top_thousandths(o, "running_seconds");

        if (left > 0 && speed > 0 &&
            left / speed < 10000000) /* slower than 100 days is as good as not known */
                return (int64_t) ((double) left / (double) speed * 1000);
        return predicted > running && running >= 0 ? predicted - running : UNKNOWN;
}

static void top_move(TopFrame *f, const json_t *o) {
        const unsigned name = f->screen->width > 100 ? 28 : 18;
        const int64_t done = top_count(o, "bytes_done"), left = top_count(o, "bytes_left"),
                      share = done + left > 0 ? (int64_t) ((double) done / (double) (done + left) * 1000) : 0;
        const int64_t ms = top_move_left_ms(o);
        char way[512], words[128], time[HUMAN_SIZE];

        if (f->left == 0)
                return;
        (void) snprintf(way, sizeof(way), "%s > %s", top_text(o, "from"), top_text(o, "to"));
        (void) snprintf(words, sizeof(words), " %3lld%% %s%s%s", (long long) (share / 10),
                        ms == UNKNOWN ? "" : human_ms(ms, time), ms == UNKNOWN ? "" : " left",
                        json_is_true(json_object_get(o, "is_late")) ? ", LATE" : "");
        (void) fputs("  ", f->screen->out);
        top_cell(f, top_text(o, "vm"), name, STYLE_STRONG);
        (void) fputc(' ', f->screen->out);
        top_cell(f, way, name + 4, STYLE_PLAIN);
        (void) fputc(' ', f->screen->out);
        bar_print_progress(share, 12, f->screen);
        top_cell(f, words, f->screen->width > 2 * name + 20 ? f->screen->width - 2 * name - 20 : 0,
                 json_is_true(json_object_get(o, "is_late")) ? STYLE_BAD : STYLE_PLAIN);
        top_end_line(f);
}

static void top_moves(TopFrame *f, const TopView *view, unsigned most) {
        const json_t *moves = json_object_get(json_object_get(view->status, "service"), "moves"), *o;
        uint32_t running = 0, queued = 0, shown = 0;
        size_t i, n = json_array_size(moves);

        json_array_foreach(moves, i, o) {
                const char *phase = top_text(o, "phase");

                running += top_move_runs(o);
                queued += phase && strcmp(phase, "queued") == 0;
        }
        if (n == 0)
                return;
        top_line(f, STYLE_FAINT, "MOVES  %u running, %u waiting, %zu of %zu ended", running, queued,
                 n - running - queued, n);
        json_array_foreach(moves, i, o) {
                if (!top_move_runs(o) || (!top_has(view->filter, top_text(o, "vm")) &&
                                          !top_has(view->filter, top_text(o, "from")) &&
                                          !top_has(view->filter, top_text(o, "to"))))
                        continue;
                if (shown++ < most)
                        top_move(f, o);
        }
        if (shown > most)
                top_line(f, STYLE_FAINT, "  ... and %u more", shown - most);
}

/* The open entry of the journal for a move that runs; NULL: the journal knows none, or not how it is. */
static const json_t *top_move_entry(const json_t *journal, const json_t *move) {
        const json_t *open = json_object_get(journal, "open"), *o, *found = NULL;
        size_t i;

        json_array_foreach(open, i, o) {
                static const char *const same[] = { "vm", "from", "to" };
                const char *event = top_text(o, "event");
                bool is = event && strcmp(event, "unclear") != 0 && top_text(o, "id");

                for (size_t w = 0; is && w < ARRAY_SIZE(same); w++) {
                        const char *here = top_text(o, same[w]), *there = top_text(move, same[w]);

                        is = here && there && strcmp(here, there) == 0;
                }
                found = is ? o : found;
        }
        return found;
}

bool top_move_pick(const json_t *status, const json_t *journal, const char *after, TopMove *ret) {
        const json_t *moves = json_object_get(json_object_get(status, "service"), "moves"), *o, *first = NULL,
                     *next = NULL;
        bool seen = false;
        size_t i;

        json_array_foreach(moves, i, o) {
                const json_t *entry = top_move_runs(o) ? top_move_entry(journal, o) : NULL;

                if (!entry)
                        continue;
                first = first ? first : entry;
                next = seen && !next ? entry : next;
                seen |= strcmp(top_text(entry, "id"), after) == 0;
        }
        next = next ? next : first;
        if (!next)
                return false;
        (void) snprintf(ret->vm, sizeof(ret->vm), "%s", top_text(next, "vm"));
        (void) snprintf(ret->id, sizeof(ret->id), "%s", top_text(next, "id"));
        return true;
}

static void top_move_say(const json_t *o, const char *id, FILE *out) {
        const int64_t ms = top_move_left_ms(o);
        char done[HUMAN_SIZE], left[HUMAN_SIZE], speed[HUMAN_SIZE], time[HUMAN_SIZE], predicted[HUMAN_SIZE];

        (void) out_say(out, "VM      %s\nfrom    %s\nto      %s\nwhy     %s\nid      %s\n", top_text(o, "vm"),
                       top_text(o, "from"), top_text(o, "to"),
                       top_text(o, "kind") ? top_text(o, "kind") : "not said", id);
        (void) out_say(out, "sent    %s, %s to send, %s/s\n", human_bytes(top_count(o, "bytes_done"), done),
                       human_bytes(top_count(o, "bytes_left"), left),
                       human_bytes(top_count(o, "bytes_per_second"), speed));
        (void) out_say(out, "time    %s of %s predicted%s",
                       human_ms(top_thousandths(o, "running_seconds"), time),
                       human_ms(top_thousandths(o, "predicted_seconds"), predicted),
                       json_is_true(json_object_get(o, "is_late")) ? ", LATE" : "");
        if (ms != UNKNOWN)
                (void) out_say(out, ", about %s left", human_ms(ms, time));
        (void) out_say(
                out,
                "\n\nAborted, the VM goes on running on %s, and what was sent is lost. The other moves go on. For a\n"
                "while it is left alone (plimsoll abort --help).\n",
                top_text(o, "from"));
}

bool top_move_text(const json_t *status, const json_t *journal, const TopMove *move, FILE *out) {
        const json_t *moves = json_object_get(json_object_get(status, "service"), "moves"), *o;
        size_t i;

        json_array_foreach(moves, i, o) {
                const json_t *entry = top_move_runs(o) ? top_move_entry(journal, o) : NULL;

                if (entry && strcmp(top_text(entry, "id"), move->id) == 0) {
                        top_move_say(o, move->id, out);
                        return true;
                }
        }
        return false;
}

/* ---- hosts ---- */

typedef struct TopHost {
        const json_t *o;
        int64_t rank;
} TopHost;

/* How far the worst resource is above its line, permille. What fails or is not known comes before what is full. */
static int64_t top_host_rank(const json_t *o) {
        static const char *const used[] = { "cpu_used", "memory_used" }, *const line[] = {
                "cpu_load_line", "memory_load_line"
        };
        int64_t rank = INT64_MIN / 2;

        if (top_count(o, "fault_grade") > 0)
                return 100000 * (1 + top_count(o, "fault_grade"));
        if (top_text(o, "fenced"))
                return 50000;
        for (size_t r = 0; r < ARRAY_SIZE(used); r++) {
                const int64_t is = top_thousandths(o, used[r]), limit = top_thousandths(o, line[r]),
                              over = is == UNKNOWN ? 2000 : is - (limit > 0 ? limit : 1000);

                rank = over > rank ? over : rank;
        }
        return rank;
}

static int top_compare(const void *left, const void *right) {
        const TopHost *x = left, *y = right;

        if (x->rank != y->rank)
                return x->rank > y->rank ? -1 : 1;
        return strcmp(top_text(x->o, "name"), top_text(y->o, "name"));
}

static void top_bar(TopFrame *f, const json_t *o, const char *used, const char *line, unsigned width) {
        const int64_t limit = top_thousandths(o, line);
        const Bar b = { .used = top_text(o, "fenced") ? UNKNOWN : top_thousandths(o, used),
                        .limit = limit == UNKNOWN ? 0 : limit };
        char share[HUMAN_SIZE];

        (void) fputc(' ', f->screen->out);
        if (b.used == UNKNOWN)
                (void) out_say(f->screen->out, "%*s", (int) width, "");
        else
                bar_print(b, width, f->screen);
        (void) out_say(f->screen->out, "%s%5s%s",
                       screen_style(f->screen, b.used == UNKNOWN ? STYLE_FAINT : bar_style(b)),
                       human_permille(b.used, share), screen_style(f->screen, STYLE_PLAIN));
}

static void top_host(TopFrame *f, const json_t *o, unsigned name, unsigned bar) {
        const int64_t grade = top_count(o, "fault_grade");
        const char *state = top_text(o, "state"), *fenced = top_text(o, "fenced");
        const unsigned taken = name + 5 + 2 * (bar + 6) + 2;
        char note[512];

        if (f->left == 0)
                return;
        top_cell(f, top_text(o, "name"), name, STYLE_STRONG);
        (void) out_say(f->screen->out, "%5lld", (long long) top_count(o, "vm_count"));
        top_bar(f, o, "cpu_used", "cpu_load_line", bar);
        top_bar(f, o, "memory_used", "memory_load_line", bar);
        (void) snprintf(note, sizeof(note), "  %s%s%s%s%s%s%s", grade > 0 ? "fault: " : "",
                        grade > 0 && top_text(o, "fault") ? top_text(o, "fault") : "", grade > 0 ? "  " : "",
                        fenced ? fenced : "", fenced ? "  " : "",
                        state && strcmp(state, "active") != 0 ? state : "",
                        top_is_above(o) ? " above its line" : "");
        top_cell(f, note, f->screen->width > taken ? f->screen->width - taken : 0,
                 grade > 2 || fenced ? STYLE_BAD : STYLE_WARN);
        top_end_line(f);
}

static void top_hosts(TopFrame *f, const TopView *view, unsigned *io_scroll, unsigned *ret_page) {
        const json_t *list = json_object_get(view->status, "hosts"), *o;
        const unsigned width = f->screen->width, name = width > 100 ? 24 : 14, bar = width > 100 ? 20 : 12;
        TopHost *hosts = calloc(json_array_size(list) + 1, sizeof(*hosts));
        const unsigned room = f->left > 1 ? f->left - 1 : 0;
        unsigned n = 0;
        size_t i;

        if (!hosts)
                return;
        json_array_foreach(list, i, o) {
                if (top_has(view->filter, top_text(o, "name")))
                        hosts[n++] = (TopHost){ .o = o, .rank = view->by_name ? 0 : top_host_rank(o) };
        }
        qsort(hosts, n, sizeof(*hosts), top_compare);
        if (*io_scroll + room > n)
                *io_scroll = n > room ? n - room : 0;
        *ret_page = room > 0 ? room : 1;
        top_line(f, STYLE_FAINT, "%-*s  VMS CPU%*sMEMORY%*s%u-%u of %u%s%s%s", (int) name, "HOST",
                 (int) bar + 3, "", (int) bar + 2, "", n > 0 ? *io_scroll + 1 : 0,
                 *io_scroll + room < n ? *io_scroll + room : n, n, view->filter[0] ? " '" : "", view->filter,
                 view->filter[0] ? "'"
                 : view->by_name ? " by name"
                                 : " worst first");
        for (unsigned h = *io_scroll; h < n; h++)
                top_host(f, hosts[h].o, name, bar);
        free(hosts);
}

void top_view_draw(const TopView *view, const Screen *screen, unsigned lines, unsigned *io_scroll,
                   unsigned *ret_page) {
        TopFrame f = { .screen = screen, .left = lines > 1 ? lines - 1 : 0 };

        *ret_page = 1;
        if (!view->status) {
                top_line(&f, view->failed ? STYLE_BAD : STYLE_PLAIN, "%s",
                         view->failed ? view->failed : "reading ...");
        } else {
                top_header(&f, view);
                f.left = f.left > 5 ? f.left : 5;
                top_alerts(&f, view);
                top_moves(&f, view, lines > 24 ? lines / 4 : 5);
                top_hosts(&f, view, io_scroll, ret_page);
        }
        top_footer(&f, view->footer ? view->footer : TOP_KEYS);
}

/* ---- a text in pages ---- */

/* The lines of the terminal that it takes; from `first` on `most` of them are drawn where f is not NULL. */
static unsigned top_page_lines(TopFrame *f, const char *text, unsigned width, unsigned first) {
        size_t n = strlen(text), next = 0;
        unsigned line = 0;

        for (const char *p = text; n > 0; p += next, n -= next, line++) {
                const size_t here = wrap_line(p, n, width, &next);

                if (f && line >= first && f->left > 0) {
                        (void) out_say(f->screen->out, "%.*s", (int) here, p);
                        top_end_line(f);
                }
        }
        return line;
}

void top_page_draw(const TopPage *page, const Screen *screen, unsigned lines, unsigned *io_scroll,
                   unsigned *ret_page) {
        TopFrame f = { .screen = screen, .left = lines > 1 ? lines - 1 : 0 };
        const unsigned room = f.left > 1 ? f.left - 1 : 1,
                       all = top_page_lines(NULL, page->text, screen->width, 0);

        if (*io_scroll + room > all)
                *io_scroll = all > room ? all - room : 0;
        *ret_page = room;
        top_line(&f, STYLE_STRONG, "%s   lines %u-%u of %u", page->title, *io_scroll + 1,
                 *io_scroll + room < all ? *io_scroll + room : all, all);
        (void) top_page_lines(&f, page->text, screen->width, *io_scroll);
        top_footer(&f, page->footer);
}
