/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "scheduler/app/commands/chosen_hosts.h"
#include "scheduler/app/commands/maintenance_look.h"
#include "scheduler/app/commands/roll_look.h"
#include "scheduler/app/state/host_maintenance.h"
#include "scheduler/app/state/live_state.h"
#include "scheduler/app/state/stop_signal.h"
#include "scheduler/app/terminal/bar.h"
#include "scheduler/app/terminal/table.h"
#include "scheduler/base/text.h"
#include "scheduler/model/host_silence.h"

#define POLL       USEC_PER_SEC
#define SURE_AFTER (3 * USEC_PER_SEC) /* what ends the waiting must have been so for this long */
#define LINES_MAX  8U
#define BAR_WIDTH  24U

ExitStatus maintenance_failed(const Invocation *in, const Store *store, int error) {
        return command_complain(in, EXIT_FAILED, "%s",
                                error == -ENOMEM ? "out of memory" : store_error(store));
}

/* ---- asking ---- */

static void say_entered(const Invocation *in, const char *host, const OperatorMark *was,
                        const OperatorMark *is) {
        char safe[256], by[256], when[HUMAN_SIZE];

        if (in->json)
                return;
        (void) text_safe(host, safe, sizeof(safe));
        if (was->state != HOST_MAINTENANCE) {
                (void) out_say(in->out.out,
                               "%s is in maintenance%s: it accepts no VM, and its VMs will be moved away%s\n",
                               safe, is->for_good ? " for good" : "",
                               is->for_good ? ", including those that are off" : "");
                return;
        }
        (void) out_say(in->out.out, "%s has been in maintenance since %s (entered by %s)%s%s\n", safe,
                       was->at > 0 ? human_time(was->at, when) : "an unknown time",
                       was->by ? text_safe(was->by, by, sizeof(by)) : "an unknown user",
                       is->leave_by != was->leave_by ? "; its deadline has changed" : "",
                       is->for_good && !was->for_good ? "; now for good" : "");
}

/* The facts with these hosts in maintenance from now on. */
static int maintenance_suppose(Arena *a, const Snapshot *s, const Strings *hosts, Snapshot *ret) {
        Host *all = arena_new(a, Host, s->n_hosts);

        if (!all)
                return -ENOMEM;
        if (s->n_hosts > 0)
                memcpy(all, s->hosts, sizeof(*all) * s->n_hosts);
        *ret = *s;
        for (uint32_t i = 0; i < hosts->n; i++) {
                const HostIx h = snapshot_host(s, hosts->at[i]);

                if (h == IX_NONE || all[h].state == HOST_MAINTENANCE)
                        continue;
                all[h].state = HOST_MAINTENANCE;
                all[h].marked_at = s->taken_at;
        }
        ret->hosts = all;
        return 0;
}

ExitStatus maintenance_may_enter(Invocation *in, const Facts *facts, const Strings *hosts) {
        const Snapshot *s = facts->snapshot;
        const char *names = "", *why = NULL;
        ErrorBlock *blocks = arena_new(in->arena, ErrorBlock, hosts->n);
        uint32_t n = 0, n_held = 0;
        Snapshot then = { 0 };
        Brake brake = { 0 };
        int r = blocks ? maintenance_suppose(in->arena, s, hosts, &then) : -ENOMEM;

        if (r == 0)
                r = brake_judge(in->arena, &then, facts->settings, &brake);
        if (r < 0)
                return command_complain(in, EXIT_FAILED, "out of memory");
        for (uint32_t i = 0; names && i < hosts->n; i++) {
                const HostIx h = snapshot_host(s, hosts->at[i]);

                if (h == IX_NONE || !brake.hosts || s->hosts[h].state == HOST_MAINTENANCE)
                        continue;
                names = text_format(in->arena, "%s%s%s", names, n++ > 0 ? ", " : "", hosts->at[i]);
                if (brake.hosts[h].state != BRAKE_HELD)
                        continue;
                why = why ? why : brake.hosts[h].why;
                blocks[n_held++] = (ErrorBlock){ "brake", hosts->at[i], brake.hosts[h].why };
        }
        if (!why || option_given(&in->options, "several"))
                return EXIT_DONE;
        return command_complain_blocked(
                in, EXIT_BAD_INPUT, blocks, n_held,
                "nothing was done: this would empty %u host%s: %s; and %s. Add --several to do it all the same",
                n, n == 1 ? "" : "s", names ? names : "", why);
}

ExitStatus maintenance_enter(Invocation *in, const Facts *facts, const char *host, bool several) {
        const usec_t within = option_number(&in->options, "deadline", 0);
        Store *store = source_store(facts->source);
        MarkChange change = { 0 };
        char by[256];
        int r;

        r = host_maintenance_enter(store, in->arena, host,
                                   &(OperatorMark){ .by = operator_name(by, sizeof(by)),
                                                    .why = option_text(&in->options, "why"),
                                                    .several = several,
                                                    .leave_by = within > 0 ? clock_now() + within : 0,
                                                    .for_good = option_given(&in->options, "for-good") },
                                   &change);
        if (r < 0)
                return maintenance_failed(in, store, r);
        if (r == 0) {
                say_entered(in, host, &change.was, &change.is);
                return EXIT_DONE;
        }
        return command_complain(
                in, EXIT_FAILED,
                "another command keeps changing the state of %s. See plimsoll maintenance status", host);
}

/* Also of a host that is gone and whose mark was left. */
static ExitStatus say_not_in(Invocation *in, const Facts *facts, const char *host) {
        char safe[256];
        Strings known;
        const ExitStatus status =
                chosen_hosts(in, facts->snapshot, "", &(Strings){ .at = &host, .n = 1 }, &known);

        if (status == EXIT_DONE && !in->json)
                (void) out_say(in->out.out, "%s is not in maintenance\n",
                               text_safe(host, safe, sizeof(safe)));
        return status;
}

ExitStatus maintenance_exit(Invocation *in, const Facts *facts, const char *host) {
        Store *store = source_store(facts->source);
        char safe[256], time[HUMAN_SIZE], by[256], me[256];
        MarkChange change = { 0 };
        const OperatorMark *was = &change.was;
        int r = host_maintenance_exit(store, in->arena, host, operator_name(me, sizeof(me)), &change);

        (void) text_safe(host, safe, sizeof(safe));
        if (r < 0)
                return maintenance_failed(in, store, r);
        if (r > 0)
                return command_complain(in, EXIT_FAILED,
                                        "another command keeps changing the state of %s. Try again", safe);
        if (was->state != HOST_MAINTENANCE)
                return say_not_in(in, facts, host);
        if (!in->json)
                (void) out_say(in->out.out, "%s %s after %s of maintenance (entered by %s)\n", safe,
                               was->before == HOST_CORDONED ? "is out of maintenance, and cordoned as before"
                                                            : "is back in service",
                               was->at > 0 ? human_ms((clock_now() - was->at) / USEC_PER_MSEC, time)
                                           : "an unknown time",
                               was->by ? text_safe(was->by, by, sizeof(by)) : "an unknown user");
        return EXIT_DONE;
}

static const char *time_left(Arena *a, usec_t leave_by, usec_t now) {
        char text[HUMAN_SIZE];

        if (leave_by == 0)
                return "";
        if (leave_by <= now)
                return text_format(a, "%s ago", human_ms((now - leave_by) / USEC_PER_MSEC, text));
        return text_format(a, "in %s", human_ms((leave_by - now) / USEC_PER_MSEC, text));
}

static const Column maintenance_columns[] = {
        { .title = "HOST", .most = 32 },
        { .title = "SINCE" },
        { .title = "BY", .most = 28 },
        { .title = "VMS", .right = true },
        { .title = "DEADLINE" },
        { .title = "STATE" },
        { .title = "WHY" },
};

static int add_row(const MaintenanceLook *look, Table *t, const Emptying *emptying) {
        Arena *a = look->in->arena;
        char since[HUMAN_SIZE];
        usec_t now = clock_now();
        bool late = emptying->mark.leave_by > 0 && emptying->mark.leave_by < now && !emptying->empty;

        return table_row(
                t, (Cell[]){ { .text = emptying->host->name, .style = STYLE_STRONG },
                             { .text = emptying->mark.at > 0 ? human_time(emptying->mark.at, since) : "?" },
                             { .text = emptying->mark.by ? emptying->mark.by : "?" },
                             { .text = text_format(a, "%u", emptying->left) },
                             { .text = time_left(a, emptying->mark.leave_by, now),
                               .style = late ? STYLE_BAD : STYLE_PLAIN },
                             { .text = maintenance_state_words(look, emptying),
                               .style = emptying->empty                          ? STYLE_GOOD
                                        : maintenance_is_blocked(look, emptying) ? STYLE_BAD
                                                                                 : STYLE_PLAIN },
                             { .text = emptying->mark.why } });
}

/* ---- status ---- */

static bool is_shown(const Host *host, const Strings *hosts) {
        return hosts->n > 0 ? strings_have(hosts, host->name) : host->state == HOST_MAINTENANCE;
}

ExitStatus maintenance_show(Invocation *in, const Facts *facts, const Strings *only) {
        Facts copy = *facts;
        MaintenanceLook x = { .in = in, .facts = &copy };
        const Snapshot *s = facts->snapshot;
        Table t = table_begin(in->arena, maintenance_columns, ARRAY_SIZE(maintenance_columns));
        json_t *hosts = json_array();
        bool blocked = false;
        int r = maintenance_read_live(&x);

        for (HostIx h = 0; r >= 0 && h < s->n_hosts; h++) {
                Emptying e;

                if (!is_shown(&s->hosts[h], only))
                        continue;
                r = maintenance_look_at(&x, h, &e);
                if (r == 0)
                        r = add_row(&x, &t, &e);
                blocked |= e.mark.state == HOST_MAINTENANCE && maintenance_is_blocked(&x, &e);
                (void) json_array_append_new(hosts, maintenance_one_json(&x, &e));
        }
        if (r == 0 && in->json)
                maintenance_print_json(&x, hosts);
        json_decref(hosts);
        if (r < 0)
                return maintenance_failed(in, source_store(facts->source), r);
        if (in->json)
                return blocked ? EXIT_BLOCKED : EXIT_DONE;
        maintenance_say_stopped(&x);
        roll_look_print(&x);
        if (t.n_rows == 0)
                (void) out_say(in->out.out, "no host of cluster %s is in maintenance\n", s->cluster);
        else
                table_print(&t, &in->out, "");
        for (HostIx h = 0; h < s->n_hosts; h++)
                if (is_shown(&s->hosts[h], only))
                        maintenance_print_stays(&x, s->hosts[h].name);
        return blocked ? EXIT_BLOCKED : EXIT_DONE;
}

int maintenance_acts(Invocation *in, const Facts *facts) {
        Facts copy = *facts;
        MaintenanceLook x = { .in = in, .facts = &copy };
        int r = maintenance_read_live(&x);

        return r < 0 ? r : maintenance_does_act(&x);
}

ExitStatus maintenance_advice(Invocation *in, const Facts *facts, const Strings *hosts) {
        Facts copy = *facts;
        MaintenanceLook x = { .in = in, .facts = &copy };
        int r = maintenance_read_live(&x);

        if (r < 0)
                return maintenance_failed(in, source_store(facts->source), r);
        if (in->json)
                return facts_read(in, &copy) == EXIT_DONE ? maintenance_show(in, &copy, hosts) : EXIT_FAILED;
        maintenance_say_stopped(&x);
        if (x.stopped) {
                (void) fputs("the hosts accept no VM; their own VMs are moved once moves may start again\n",
                             in->out.out);
                return EXIT_BLOCKED;
        }
        for (uint32_t i = 0; i < hosts->n; i++) {
                char safe[256];

                (void) text_safe(hosts->at[i], safe, sizeof(safe));
                if (maintenance_does_act(&x))
                        (void) out_say(
                                in->out.out,
                                "The service evacuates %s. To follow it: plimsoll maintenance status %s --wait\n",
                                safe, safe);
                else
                        (void) out_say(
                                in->out.out,
                                "%s%s%s and will not move any VM. To move them now: plimsoll evacuate %s\n",
                                screen_style(&in->out, STYLE_WARN),
                                x.has_live ? "The service is in advise mode"
                                           : "No service is running for this cluster",
                                screen_style(&in->out, STYLE_PLAIN), safe);
        }
        return EXIT_DONE;
}

/* ---- waiting ---- */

typedef struct Wait {
        MaintenanceLook look;
        const char *name;
        uint32_t most; /* VMs that were on it at most */
        uint32_t said_left, said_moving;
        bool said_asks;
        const char *said;  /* static words, the last line off a terminal */
        unsigned drawn;    /* lines to be drawn again */
        usec_t since;      /* monotonic: what would end the waiting is so since then; 0: it is not */
        ExitStatus ending; /* … and would end it so */
} Wait;

static void draw_move(const Wait *w, const LiveMove *m) {
        const Screen *screen = &w->look.in->out;
        int64_t share = migration_permille(m->status.bytes_total, m->status.bytes_left);
        char vm[40], to[40], ran[HUMAN_SIZE], predicted[HUMAN_SIZE];

        (void) out_say(screen->out, "  %-16.28s > %-12.28s ", text_safe(m->order->vm, vm, 29),
                       text_safe(m->order->to, to, 29));
        bar_print_progress(m->status.phase == MIGRATION_VERIFYING ? 1000 : share, 16, screen);
        (void) out_say(screen->out, " %3lld%%  %s of %s\n", (long long) (share / 10),
                       human_ms(m->running_ms, ran), human_ms(m->order->predicted.ms, predicted));
}

static void maintenance_draw(Wait *w, const Emptying *emptying) {
        const Screen *screen = &w->look.in->out;
        const LiveState *live = &w->look.live;
        uint32_t gone = w->most - emptying->left;
        char name[64], words[256];
        unsigned lines = 1, mark;

        screen_wipe(screen, w->drawn);
        mark = screen_mark(screen);
        (void) out_say(screen->out, "%s ", text_safe(w->name, name, 40));
        bar_print_progress(w->most > 0 ? (int64_t) gone * 1000 / w->most : 1000, BAR_WIDTH, screen);
        (void) out_say(screen->out, " %u of %u %s left; %s\n", gone, w->most,
                       text_plural(w->most, "VM has", "VMs have"),
                       text_safe(maintenance_state_words(&w->look, emptying), words, sizeof(words)));
        for (uint32_t i = 0; w->look.has_live && i < live->n_moves && lines <= LINES_MAX; i++)
                if (strcmp(live->moves[i].order->from, w->name) == 0 &&
                    maintenance_is_running(&live->moves[i])) {
                        draw_move(w, &live->moves[i]);
                        lines++;
                }
        w->drawn = screen_drawn(screen, mark, lines);
}

/* A line for each change. */
static void maintenance_say(Wait *w, const Emptying *emptying) {
        FILE *out = w->look.in->json ? w->look.in->err.out : w->look.in->out.out;
        char name[256];

        const bool asks = maintenance_awaits(&w->look) != NULL;

        if (w->said_left == emptying->left && w->said_moving == emptying->moving && w->said_asks == asks)
                return;
        w->said_asks = asks;
        w->said_left = emptying->left;
        w->said_moving = emptying->moving;
        (void) out_say(out, "%s: %u of %u %s left; %s\n", text_safe(w->name, name, sizeof(name)),
                       w->most - emptying->left, w->most, text_plural(w->most, "VM has", "VMs have"),
                       maintenance_state_words(&w->look, emptying));
        (void) fflush(out);
}

/* It is waited for: the service may yet reach a silent host, or moves what can leave. */
static bool maintenance_goes_on(const Wait *w, const Emptying *emptying) {
        if (host_is_silent(emptying->host) && maintenance_does_act(&w->look) &&
            w->look.live.round_at <= emptying->mark.at)
                return true;
        return !maintenance_is_blocked(&w->look, emptying) &&
               (maintenance_does_act(&w->look) || w->look.stopped);
}

/* Whether the waiting is over, and how. */
static bool maintenance_is_over(const Wait *w, const Emptying *emptying, ExitStatus *ret) {
        *ret = EXIT_BLOCKED;
        if (emptying->mark.state != HOST_MAINTENANCE || emptying->empty) {
                *ret = emptying->empty ? EXIT_DONE : EXIT_FAILED;
                return true;
        }
        if (maintenance_was_empty(emptying)) {
                *ret = EXIT_DONE; /* once the service has looked again, too */
                return emptying->host->vms_as_of > w->look.seen_after || !maintenance_does_act(&w->look) ||
                       w->look.live.round_at > w->look.seen_after;
        }
        return !maintenance_goes_on(w, emptying);
}

static ExitStatus maintenance_finish(Wait *w, const Emptying *emptying, ExitStatus status) {
        Invocation *in = w->look.in;
        json_t *hosts = json_array();
        char name[256];

        (void) json_array_append_new(hosts, maintenance_one_json(&w->look, emptying));
        if (in->json && !in->held)
                maintenance_print_json(&w->look, hosts);
        json_decref(hosts);
        if (in->json && (!in->held || status == EXIT_DONE))
                return status;
        (void) text_safe(w->name, name, sizeof(name));
        if (status == EXIT_DONE) {
                (void) out_say(in->out.out, "%s%s is %s%s\n", screen_style(&in->out, STYLE_GOOD), name,
                               maintenance_state_words(&w->look, emptying),
                               screen_style(&in->out, STYLE_PLAIN));
                maintenance_print_off(&w->look, w->name);
                return status;
        }
        if (status == EXIT_FAILED)
                return command_complain(in, status, "%s was taken out of maintenance; %u %s there", name,
                                        emptying->left,
                                        text_plural(emptying->left, "VM still runs", "VMs still run"));
        if (!in->json)
                maintenance_print_stays(&w->look, w->name);
        if (maintenance_is_unknown(emptying))
                return command_complain(in, status, "VMs on %s unknown: %s. It stays in maintenance", name,
                                        host_silence_why(emptying->host));
        if (maintenance_is_stopped(&w->look, emptying))
                return command_complain(in, status, "%u %s still on %s, which stays in maintenance: %s",
                                        emptying->left, text_plural(emptying->left, "VM is", "VMs are"), name,
                                        w->look.stopped);
        if (!maintenance_does_act(&w->look))
                return command_complain(
                        in, status,
                        "%s and will not move any VM (%u left). To move them now: plimsoll evacuate %s",
                        w->look.has_live ? "the service is in advise mode"
                                         : "no service is running for this cluster",
                        emptying->left, name);
        return command_complain(
                in, status,
                "%u %s cannot leave %s for now; it stays in maintenance, and the service keeps trying",
                emptying->left, text_plural(emptying->left, "VM", "VMs"), name);
}

/* One look. 1: over, *ret_status says how. 0: not yet. */
static int maintenance_poll(Wait *w, ExitStatus *ret_status) {
        Invocation *in = w->look.in;
        ExitStatus ending = EXIT_DONE;
        Emptying e;
        HostIx h;
        int r = 0;

        if (facts_read(in, w->look.facts) != EXIT_DONE)
                return 0; /* said; asked again */
        h = snapshot_host(w->look.facts->snapshot, w->name);
        if (h == IX_NONE) {
                *ret_status =
                        command_complain(in, EXIT_FAILED, "%s is no longer a host of this cluster", w->name);
                return 1;
        }
        r = maintenance_read_live(&w->look);
        if (r >= 0)
                r = maintenance_look_at(&w->look, h, &e);
        if (r < 0)
                return r == -ENOMEM ? r : 0;
        w->most = e.left > w->most ? e.left : w->most;
        if (in->out.live && !in->json)
                maintenance_draw(w, &e);
        else
                maintenance_say(w, &e);
        if (!maintenance_is_over(w, &e, &ending) || ending != w->ending)
                w->since = 0;
        w->ending = ending;
        if (!maintenance_is_over(w, &e, &ending))
                return 0;
        if (w->since == 0)
                w->since = clock_monotonic();
        if (ending == EXIT_BLOCKED && clock_monotonic() < w->since + SURE_AFTER)
                return 0;
        *ret_status = maintenance_finish(w, &e, ending);
        return 1;
}

static ExitStatus maintenance_wait_since(Invocation *in, Facts *facts, const char *host, usec_t asked,
                                         usec_t seen_after) {
        Wait w = { .look = { .in = in, .facts = facts, .asked = asked, .seen_after = seen_after },
                   .name = host,
                   .said_left = UINT32_MAX };
        ExitStatus status = EXIT_FAILED;

        stop_signal_watch();
        while (stop_signal_count() == 0) {
                ArenaMark mark = arena_mark(in->arena);
                int r = maintenance_poll(&w, &status);

                arena_rewind(in->arena, mark);
                if (r < 0)
                        return maintenance_failed(in, source_store(facts->source), r);
                if (r > 0)
                        return status;
                clock_sleep(POLL);
        }
        return command_complain(in, EXIT_FAILED,
                                "no longer waiting; %s stays in maintenance and its VMs keep leaving", host);
}

ExitStatus maintenance_wait(Invocation *in, Facts *facts, const char *host, usec_t asked) {
        return maintenance_wait_since(in, facts, host, asked, 0);
}

ExitStatus maintenance_wait_all(Invocation *in, Facts *facts, const Strings *hosts, usec_t seen_after) {
        ExitStatus status = EXIT_DONE;

        for (uint32_t i = 0; i < hosts->n && status != EXIT_FAILED; i++) {
                const ExitStatus one = maintenance_wait_since(in, facts, hosts->at[i], 0, seen_after);

                status = one == EXIT_DONE ? status : one;
        }
        return status;
}
