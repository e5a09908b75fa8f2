/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/commands/handed_move.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>
#include <unistd.h>

#include "scheduler/app/commands/command.h"
#include "scheduler/app/commands/ended_move.h"
#include "scheduler/app/commands/stayed.h"
#include "scheduler/app/state/asked_move.h"
#include "scheduler/app/state/host_mark.h"
#include "scheduler/app/state/stop_signal.h"
#include "scheduler/app/terminal/bar.h"
#include "scheduler/app/terminal/human.h"
#include "scheduler/app/terminal/json_print.h"

#define HANDED_POLL (USEC_PER_SEC / 2)
#define HANDED_LATE                                                                                          \
        (60 * USEC_PER_SEC) /* after the time it is wanted for: who dropped it would have said so */
#define BAR_WIDTH 24U

typedef struct Handing {
        Invocation *in;
        const HandedMove *move;
        AskedMove asked;
        StoredText text; /* as it is in the store */
        char leader[160];
        bool moves, drawn; /* it was seen under way; a line is to be drawn again */
} Handing;

static ExitStatus handed_failed(const Handing *handing, int error) {
        return command_complain(handing->in, EXIT_FAILED, "%s",
                                error == -ENOMEM ? "out of memory" : store_error(handing->move->store));
}

static const Vm *handed_vm(const Handing *handing) {
        return &handing->move->snapshot->vms[handing->move->move->vm];
}

static const char *handed_from(const Handing *handing) {
        return handing->move->snapshot->hosts[handing->move->move->from].name;
}

static const char *handed_to(const Handing *handing) {
        return handing->move->snapshot->hosts[handing->move->move->to].name;
}

/* Where words beside the result go. */
static const Screen *handed_screen(const Handing *handing) {
        return handing->in->json ? &handing->in->err : &handing->in->out;
}

static void handed_clear(Handing *handing) {
        screen_wipe(handed_screen(handing), handing->drawn);
        handing->drawn = false;
}

/* ---- asking ---- */

static int handed_ask(Handing *handing) {
        const char *id = option_text(&handing->in->options, "id");
        Arena *a = handing->in->arena;
        const usec_t now = clock_now();
        char by[256];
        int r;

        handing->asked = (AskedMove){
                .id = id ? id : text_format(a, "%lld-%llx", (long long) getpid(), (unsigned long long) now),
                .uuid = handed_vm(handing)->uuid,
                .to = handed_to(handing),
                .by = operator_name(by, sizeof(by)),
                .at = now,
                .until = now + ASKED_FOR,
                .makes_way = handing->move->makes_way
        };
        handing->text.name = handed_vm(handing)->name;
        r = handing->asked.id ? asked_move_print(a, &handing->asked, &handing->text.text, &handing->text.n)
                              : -ENOMEM;
        return r < 0 ? r
                     : store_put_asked(handing->move->store, handed_vm(handing)->name, handing->text.text,
                                       handing->text.n);
}

static ExitStatus handed_over(const Handing *handing) {
        const HandedMove *m = handing->move;
        char vm[256], leader[256];
        json_t *o;

        if (!handing->in->json) {
                (void) out_say(
                        handing->in->out.out,
                        "request to %s: move %s to %s. Progress: plimsoll status; result: plimsoll audit\n",
                        text_safe(m->led->leader, leader, sizeof(leader)),
                        text_safe(handed_vm(handing)->name, vm, sizeof(vm)), handed_to(handing));
                return EXIT_DONE;
        }
        o = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:n, s:n, s:[], s:s}", "schema", "plimsoll.move/1",
                      "cluster", m->snapshot->cluster, "vm", handed_vm(handing)->name, "from",
                      handed_from(handing), "to", handed_to(handing), "status", "asked", "why", "remedy",
                      "others", "leader", m->led->leader);
        if (!o)
                return command_complain(handing->in, EXIT_FAILED, "out of memory");
        (void) json_print(o, handing->in->out.out);
        return EXIT_DONE;
}

/* ---- how it goes ---- */

static void handed_draw(Handing *handing, const LiveMove *m) {
        const Screen *screen = handed_screen(handing);
        const int64_t share = m->status.phase == MIGRATION_VERIFYING
                                      ? 1000
                                      : migration_permille(m->status.bytes_total, m->status.bytes_left);
        char vm[64], ran[HUMAN_SIZE], predicted[HUMAN_SIZE];

        if (!screen->live) {
                if (!handing->moves)
                        (void) out_say(screen->out, "%s is moving from %s to %s, predicted %s\n",
                                       text_safe(m->order->vm, vm, 40), m->order->from, m->order->to,
                                       human_ms(m->order->predicted.ms, predicted));
                (void) fflush(screen->out);
                return;
        }
        handed_clear(handing);
        (void) out_say(screen->out, "%s ", text_safe(m->order->vm, vm, 40));
        bar_print_progress(share, BAR_WIDTH, screen);
        (void) out_say(screen->out, " %3lld%%  %s of %s\n", (long long) (share / 10),
                       human_ms(m->running_ms, ran), human_ms(m->order->predicted.ms, predicted));
        (void) fflush(screen->out);
        handing->drawn = true;
}

/* Who is expected to do it: as that changes. */
static void handed_say_leader(Handing *handing, const char *leader) {
        char safe[256];

        if (strcmp(handing->leader, leader) == 0)
                return;
        (void) snprintf(handing->leader, sizeof(handing->leader), "%s", leader);
        handed_clear(handing);
        if (leader[0])
                (void) out_say(handed_screen(handing)->out, "%s carries it out\n",
                               text_safe(leader, safe, sizeof(safe)));
        else
                (void) out_say(handed_screen(handing)->out,
                               "the service has stopped: the next leader carries it out\n");
        (void) fflush(handed_screen(handing)->out);
}

/* One look at what the service shows. 0; a negative errno. */
static int handed_look(Handing *handing) {
        LiveState live = { 0 };
        int r = live_state_get(handing->move->store, handing->in->arena, &live);

        if (r < 0)
                return r == -ENOMEM ? r : 0; /* asked again */
        if (handing->in->out.live || !handing->in->json)
                handed_say_leader(handing, r == 0 ? live.leader : "");
        for (uint32_t i = 0; r == 0 && i < live.n_moves; i++) {
                const LiveMove *m = &live.moves[i];

                if (strcmp(m->order->vm, handed_vm(handing)->name) != 0 ||
                    strcmp(m->order->to, handed_to(handing)) != 0 || m->status.phase == MIGRATION_QUEUED ||
                    migration_has_ended(m->status.phase))
                        continue;
                handed_draw(handing, m);
                handing->moves = true;
        }
        return 0;
}

/* ---- the end ---- */

static ExitStatus handed_json(const Handing *handing, const ToldMove *told) {
        const Stay stay = { .vm = handed_vm(handing)->name,
                            .host = handed_from(handing),
                            .to = handed_to(handing),
                            .end = told_end_names[told->end],
                            .why = told->why };
        const Stayed stayed = { .list = &stay, .n = told->end != TOLD_DONE };
        json_t *moves = json_array(), *o;

        for (uint32_t i = 0; i < told->n; i++)
                (void) json_array_append_new(moves, ended_move_json(&told->moves[i], ENDED_MOVE_SHORT));
        o = json_pack("{s:s, s:o, s:o, s:s}", "schema", "plimsoll.apply/1", "moves", moves, "stayed",
                      stayed_json(&stayed), "leader", told->leader);
        if (!o)
                return command_complain(handing->in, EXIT_FAILED, "out of memory");
        (void) json_print(o, handing->in->out.out);
        return told->end == TOLD_DONE ? EXIT_DONE : EXIT_BLOCKED;
}

static ExitStatus handed_end(Handing *handing, const ToldMove *told) {
        const Screen *out = &handing->in->out;
        char vm[256], why[1024], took[HUMAN_SIZE], predicted[HUMAN_SIZE];

        handed_clear(handing);
        if (handing->in->json)
                return handed_json(handing, told);
        (void) text_safe(handed_vm(handing)->name, vm, sizeof(vm));
        if (told->end != TOLD_DONE) {
                (void) out_say(out->out, "%s%s stays on %s%s (%s)\n  why: %s\n", screen_style(out, STYLE_BAD),
                               vm, handed_from(handing), screen_style(out, STYLE_PLAIN),
                               told_end_names[told->end], text_safe(told->why, why, sizeof(why)));
                return EXIT_BLOCKED;
        }
        (void) out_say(out->out, "%s%s runs on %s%s", screen_style(out, STYLE_GOOD), vm, handed_to(handing),
                       screen_style(out, STYLE_PLAIN));
        for (uint32_t i = 0; i < told->n; i++)
                if (strcmp(told->moves[i].order->vm, handed_vm(handing)->name) == 0 &&
                    told->moves[i].took.ms >= 0)
                        (void) out_say(out->out, " after %s (predicted %s)",
                                       human_ms(told->moves[i].took.ms, took),
                                       human_ms(told->moves[i].order->predicted.ms, predicted));
        (void) fputc('\n', out->out);
        return EXIT_DONE;
}

/* Nobody waits any more: what has not begun is not wanted. */
static ExitStatus handed_leave(Handing *handing, const char *why) {
        int r;

        handed_clear(handing);
        if (handing->moves)
                return command_complain(handing->in, EXIT_FAILED,
                                        "%s; the migration goes on (plimsoll status, plimsoll audit)", why);
        r = store_withdraw_asked(handing->move->store, &handing->text);
        if (r < 0)
                return handed_failed(handing, r);
        return r == 0 ? command_complain(handing->in, EXIT_FAILED, "%s; the request is withdrawn", why)
                      : command_complain(
                                handing->in, EXIT_FAILED,
                                "%s; the service has already picked it up (plimsoll status, plimsoll audit)",
                                why);
}

static ExitStatus handed_wait(Handing *handing) {
        stop_signal_watch();
        (void) snprintf(handing->leader, sizeof(handing->leader), "?");
        while (stop_signal_count() == 0) {
                const ArenaMark mark = arena_mark(handing->in->arena);
                ToldMove told = { 0 };
                int r = told_move_read(handing->move->store, handing->in->arena, handed_vm(handing)->name,
                                       handing->asked.id, &told);

                if (r == 0)
                        return handed_end(handing, &told);
                r = r == -ENOMEM ? r : handed_look(handing);
                arena_rewind(handing->in->arena, mark);
                if (r < 0)
                        return handed_failed(handing, r);
                if (!handing->moves && clock_now() > handing->asked.until + HANDED_LATE)
                        return handed_leave(handing, "no service picked it up in time");
                clock_sleep(HANDED_POLL);
        }
        return handed_leave(handing, "no longer waiting");
}

ExitStatus handed_move(Invocation *in, const HandedMove *move) {
        Handing handing = { .in = in, .move = move };
        int r = handed_ask(&handing);

        if (r < 0)
                return handed_failed(&handing, r);
        return option_given(&in->options, "no-wait") ? handed_over(&handing) : handed_wait(&handing);
}
