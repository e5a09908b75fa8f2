/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/commands/maintenance.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "scheduler/app/commands/chosen_hosts.h"
#include "scheduler/app/commands/stopped.h"
#include "scheduler/app/state/host_mark.h"
#include "scheduler/app/state/live_state.h"
#include "scheduler/app/state/stop_signal.h"
#include "scheduler/app/terminal/bar.h"
#include "scheduler/app/terminal/json_print.h"
#include "scheduler/app/terminal/table.h"
#include "scheduler/app/text/stranded_text.h"
#include "scheduler/model/host_silence.h"
#include "scheduler/snapshot/build/off_vms.h"

#define TRIES       3 /* another operator may change the same mark between two calls of ours */
#define POLL        USEC_PER_SEC
#define SURE_AFTER  (3 * USEC_PER_SEC) /* what ends the waiting must have been so for this long */
#define LINES_MAX   8U
#define STAYS_SHOWN 12U
#define BAR_WIDTH   24U

/* How far one host is. */
typedef struct Emptying {
        const Host *host;
        OperatorMark mark;
        uint32_t left;     /* VMs that run on it, or are on the way from or to it */
        uint32_t cannot;   /* of these: the last plan says that they cannot leave */
        uint32_t moving;   /* from it, now */
        uint32_t waiting;  /* moves of the plan that are still to come */
        uint32_t off;      /* that are off, and stay */
        uint32_t stranded; /* of those that are left: the host is not seen, so that nobody moves them */
        bool empty;        /* for sure */
} Emptying;

typedef struct Look {
        Invocation *in;
        Facts *facts;
        LiveState live;
        bool has_live;
        const char *stopped; /* that all moves are stopped; NULL: they are not */
        usec_t asked; /* what the service planned before does not count; 0: since it is in maintenance */
} Look;

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
                               "%s is in maintenance%s: it takes no VM, and its VMs are to leave%s\n", safe,
                               is->for_good ? " for good" : "",
                               is->for_good ? ", also those that are off" : "");
                return;
        }
        (void) out_say(in->out.out, "%s is in maintenance already, since %s by %s%s%s\n", safe,
                       was->at > 0 ? human_time(was->at, when) : "an unknown time",
                       was->by ? text_safe(was->by, by, sizeof(by)) : "somebody",
                       is->leave_by != was->leave_by ? "; it has a new deadline" : "",
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
        uint32_t n = 0;
        Snapshot then = { 0 };
        Brake brake = { 0 };
        int r = maintenance_suppose(in->arena, s, hosts, &then);

        if (r == 0)
                r = brake_judge(in->arena, &then, facts->settings, &brake);
        if (r < 0)
                return command_complain(in, EXIT_FAILED, "out of memory");
        for (uint32_t i = 0; names && i < hosts->n; i++) {
                const HostIx h = snapshot_host(s, hosts->at[i]);

                if (h == IX_NONE || !brake.hosts || s->hosts[h].state == HOST_MAINTENANCE)
                        continue;
                names = text_format(in->arena, "%s%s%s", names, n++ > 0 ? ", " : "", hosts->at[i]);
                why = !why && brake.hosts[h].state == BRAKE_HELD ? brake.hosts[h].why : why;
        }
        if (!why || option_given(&in->options, "several"))
                return EXIT_DONE;
        return command_complain(
                in, EXIT_BAD_INPUT,
                "nothing was done: this would empty %u host%s: %s; and %s. With --several it is done all "
                "the same",
                n, n == 1 ? "" : "s", names ? names : "", why);
}

ExitStatus maintenance_enter(Invocation *in, const Facts *facts, const char *host, bool several) {
        usec_t within = option_number(&in->options, "deadline", 0), now = clock_now();
        Store *store = source_store(facts->source);
        char by[256];

        for (int i = 0; i < TRIES; i++) {
                OperatorMark was = { 0 }, is;
                const char *old = "", *text = NULL;
                int r = host_mark_get(store, in->arena, host, &was, &old);
                const bool there = was.state == HOST_MAINTENANCE;
                const bool for_good = option_given(&in->options, "for-good") && !(there && was.for_good);

                is = was;
                if (!there)
                        is = (OperatorMark){ .state = HOST_MAINTENANCE,
                                             .by = operator_name(by, sizeof(by)),
                                             .why = option_text(&in->options, "why"),
                                             .at = now,
                                             .several = several,
                                             .before = was.state };
                if (within > 0)
                        is.leave_by = now + within;
                is.for_good = is.for_good || for_good;
                if (r == 0 && (!there || within > 0 || for_good)) {
                        r = host_mark_print(in->arena, &is, &text);
                        if (r == 0)
                                r = store_change_mark(store, host, old, text);
                }
                if (r < 0)
                        return maintenance_failed(in, store, r);
                if (r == 0) {
                        say_entered(in, host, &was, &is);
                        return EXIT_DONE;
                }
        }
        return command_complain(
                in, EXIT_FAILED,
                "somebody else keeps changing what is said of %s: see plimsoll maintenance status", host);
}

ExitStatus maintenance_exit(Invocation *in, const Facts *facts, const char *host) {
        Store *store = source_store(facts->source);
        char safe[256], time[HUMAN_SIZE], by[256], me[256];
        ExitStatus status;

        (void) text_safe(host, safe, sizeof(safe));
        for (int i = 0; i < TRIES; i++) {
                OperatorMark was = { 0 };
                const char *old = "", *text = text_format(in->arena, "-%s", operator_name(me, sizeof(me)));
                int r = text ? host_mark_get(store, in->arena, host, &was, &old) : -ENOMEM;
                bool there = was.state == HOST_MAINTENANCE;
                Strings known;

                if (r == 0 && !there) { /* also of a host that is gone and whose mark was left */
                        status = chosen_hosts(in, facts->snapshot, "", &(Strings){ .at = &host, .n = 1 },
                                              &known);
                        if (status == EXIT_DONE && !in->json)
                                (void) out_say(in->out.out, "%s is not in maintenance\n", safe);
                        return status;
                }
                if (r == 0 && was.before == HOST_CORDONED)
                        r = host_mark_print(
                                in->arena,
                                &(OperatorMark){ .state = HOST_CORDONED, .by = was.by, .at = was.at }, &text);
                if (r == 0)
                        r = store_change_mark(store, host, old, text);
                if (r < 0)
                        return maintenance_failed(in, store, r);
                if (r > 0)
                        continue;
                if (!in->json)
                        (void) out_say(in->out.out, "%s %s; it was in maintenance for %s by %s\n", safe,
                                       text[0] != '-' ? "is cordoned, as before" : "takes VMs again",
                                       was.at > 0 ? human_ms((clock_now() - was.at) / USEC_PER_MSEC, time)
                                                  : "an unknown time",
                                       was.by ? text_safe(was.by, by, sizeof(by)) : "somebody");
                return EXIT_DONE;
        }
        return command_complain(in, EXIT_FAILED, "somebody else keeps changing what is said of %s", safe);
}

/* ---- looking ---- */

static int maintenance_read_live(Look *look) {
        int r = live_state_get(source_store(look->facts->source), look->in->arena, &look->live);

        look->has_live = r == 0;
        look->stopped = stopped_words(look->in, source_store(look->facts->source));
        return r < 0 ? r : 0;
}

static bool is_queued(const LiveMove *m) {
        return m->status.phase == MIGRATION_QUEUED;
}

static bool is_running(const LiveMove *m) {
        return m->status.phase == MIGRATION_RUNNING || m->status.phase == MIGRATION_VERIFYING;
}

static int look_at(const Look *look, HostIx h, Emptying *ret) {
        const Snapshot *s = look->facts->snapshot;
        const char *name = s->hosts[h].name, *text = "";
        Emptying e = { .host = &s->hosts[h] };
        int r = host_mark_get(source_store(look->facts->source), look->in->arena, name, &e.mark, &text);

        for (VmIx v = 0; v < s->n_vms; v++)
                e.left += snapshot_vm_is_on(s, v, h);
        e.off = off_vms_on(s, h);
        e.stranded = stranded_vms(s, h);
        for (uint32_t i = 0; look->has_live && i < look->live.n_moves; i++) {
                const LiveMove *m = &look->live.moves[i];

                e.moving += strcmp(m->order->from, name) == 0 && is_running(m);
                e.waiting += strcmp(m->order->from, name) == 0 && is_queued(m);
        }
        for (uint32_t i = 0; look->has_live && i < look->live.n_stays; i++)
                e.cannot += strcmp(look->live.stays[i].host, name) == 0;
        e.empty = e.left == 0 && e.moving == 0 && e.host->excluded == EXCLUDED_NONE &&
                  e.host->seen_at > e.mark.at;
        *ret = e;
        return r;
}

static bool maintenance_does_act(const Look *look) {
        return look->has_live && look->live.modes.of[ACTION_KIND_MAINTENANCE] != MODE_ADVISE;
}

/* The plan that a person has to accept before it moves anything. NULL: there is none. */
static const LiveWaiting *maintenance_awaits(const Look *look) {
        return look->has_live && look->live.modes.of[ACTION_KIND_MAINTENANCE] == MODE_CONFIRM &&
                               look->live.n_waiting > 0
                       ? &look->live.waiting[0]
                       : NULL;
}

static bool maintenance_is_held(const Emptying *emptying) {
        return emptying->host->brake == BRAKE_HELD && emptying->left > 0 && emptying->moving == 0;
}

static bool maintenance_is_stopped(const Look *look, const Emptying *emptying) {
        return look->stopped && emptying->left > 0 && emptying->moving == 0;
}

/* The service has planned since it was asked, and moves nothing of what is left; or all moves are stopped. */
static bool is_blocked(const Look *look, const Emptying *emptying) {
        if (emptying->stranded > 0 || maintenance_is_stopped(look, emptying) || maintenance_is_held(emptying))
                return true;
        return maintenance_does_act(look) && emptying->left > 0 && emptying->moving == 0 &&
               emptying->waiting == 0 && emptying->cannot >= emptying->left &&
               look->live.round_at > emptying->mark.at && look->live.round_at > look->asked;
}

/* ---- words ---- */

bool maintenance_off(const Invocation *in, const Facts *facts, const char *host,
                     char ret[MAINTENANCE_WORDS]) {
        const HostIx h = snapshot_host(facts->snapshot, host);
        const char *words = h != IX_NONE ? off_vms_words(in->arena, facts->snapshot, h) : NULL;

        if (!words || !*words)
                return false;
        (void) text_safe(words, ret, MAINTENANCE_WORDS);
        return true;
}

static void print_off(const Look *look, const char *host) {
        char safe[MAINTENANCE_WORDS];

        if (maintenance_off(look->in, look->facts, host, safe))
                (void) out_say(look->in->out.out, "  %s\n", safe);
}

/* Of those whose host is not seen: whatever the service planned last. */
static void maintenance_print_stranded(const Look *look, HostIx h) {
        const Snapshot *s = look->facts->snapshot;
        const Screen *screen = &look->in->out;
        const char *why = stranded_why(look->in->arena, &s->hosts[h]);
        char vm[256], safe[512];
        uint32_t n = 0;

        for (VmIx v = 0; v < s->n_vms; v++) {
                if (s->vms[v].host != h || !vm_is_stranded(s, v) || n++ >= STAYS_SHOWN)
                        continue;
                (void) out_say(screen->out, "  %s%s%s cannot leave: %s\n", screen_style(screen, STYLE_BAD),
                               text_safe(s->vms[v].name, vm, sizeof(vm)), screen_style(screen, STYLE_PLAIN),
                               text_safe(why ? why : "", safe, sizeof(safe)));
        }
        if (n > STAYS_SHOWN)
                (void) out_say(screen->out, "  … and %u more (--json has them)\n", n - STAYS_SHOWN);
}

static void print_stays(const Look *look, const char *host) {
        const Screen *screen = &look->in->out;
        const HostIx h = snapshot_host(look->facts->snapshot, host);
        char vm[256], why[512];
        uint32_t shown = 0, all = 0;

        if (h != IX_NONE && stranded_vms(look->facts->snapshot, h) > 0) {
                maintenance_print_stranded(look, h);
                print_off(look, host);
                return;
        }
        for (uint32_t i = 0; look->has_live && i < look->live.n_stays; i++) {
                const LiveStay *stay = &look->live.stays[i];

                if (strcmp(stay->host, host) != 0 || all++ >= STAYS_SHOWN)
                        continue;
                shown++;
                (void) out_say(screen->out, "  %s%s%s cannot leave: %s\n", screen_style(screen, STYLE_BAD),
                               text_safe(stay->vm, vm, sizeof(vm)), screen_style(screen, STYLE_PLAIN),
                               text_safe(stay->why, why, sizeof(why)));
        }
        if (all > shown)
                (void) out_say(screen->out, "  … and %u more (--json has them)\n", all - shown);
        print_off(look, host);
}

static const char *maintenance_state_words(const Look *look, const Emptying *emptying) {
        Arena *a = look->in->arena;

        if (emptying->empty)
                return "empty";
        if (host_is_silent(emptying->host))
                return text_format(a, "%snot known: %s", emptying->stranded > 0 ? "blocked, " : "",
                                   host_silence_why(emptying->host));
        if (emptying->left == 0)
                return "waits for fresh facts";
        if (maintenance_is_stopped(look, emptying))
                return "all moves are stopped (plimsoll status)";
        if (maintenance_is_held(emptying))
                return text_format(a, "held: plimsoll release %s", emptying->host->name);
        if (is_blocked(look, emptying))
                return "blocked";
        if (!look->has_live)
                return "no service is at work";
        if (!maintenance_does_act(look))
                return "nobody moves them: the service only advises";
        if (emptying->moving == 0 && maintenance_awaits(look))
                return text_format(a, "waits for a yes: plimsoll confirm %s", maintenance_awaits(look)->id);
        if (emptying->moving > 0 || emptying->waiting > 0)
                return text_format(a, "%u moving, %u to come", emptying->moving, emptying->waiting);
        return look->live.round_at > emptying->mark.at && look->live.round_at > look->asked
                       ? "waits"
                       : "waits for the next round";
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

static int add_row(const Look *look, Table *t, const Emptying *emptying) {
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
                               .style = emptying->empty              ? STYLE_GOOD
                                        : is_blocked(look, emptying) ? STYLE_BAD
                                                                     : STYLE_PLAIN },
                             { .text = emptying->mark.why } });
}

static json_t *maintenance_one_json(const Look *look, const Emptying *emptying) {
        json_t *o =
                json_pack("{s:s, s:s, s:s*, s:s*, s:I, s:b, s:b, s:I, s:I, s:s, s:b, s:I}", "name",
                          emptying->host->name, "state", host_state_names[emptying->host->state], "by",
                          emptying->mark.by, "why", emptying->mark.why, "vms", (json_int_t) emptying->left,
                          "empty", (int) emptying->empty, "blocked", (int) is_blocked(look, emptying),
                          "moving", (json_int_t) emptying->moving, "waiting", (json_int_t) emptying->waiting,
                          "words", maintenance_state_words(look, emptying), "for_good",
                          (int) emptying->mark.for_good, "off", (json_int_t) emptying->off);
        const HostIx h = snapshot_host(look->facts->snapshot, emptying->host->name);
        json_t *stays = emptying->stranded > 0 ? stranded_json(look->in->arena, look->facts->snapshot, h)
                                               : json_array();

        if (emptying->mark.at > 0)
                (void) json_object_set_new(o, "since", json_real((double) emptying->mark.at / 1e6));
        if (emptying->mark.leave_by > 0)
                (void) json_object_set_new(o, "leave_by", json_real((double) emptying->mark.leave_by / 1e6));
        for (uint32_t i = 0; emptying->stranded == 0 && look->has_live && i < look->live.n_stays; i++)
                if (strcmp(look->live.stays[i].host, emptying->host->name) == 0)
                        (void) json_array_append_new(stays,
                                                     json_pack("{s:s, s:s}", "vm", look->live.stays[i].vm,
                                                               "why", look->live.stays[i].why));
        (void) json_object_set_new(o, "cannot_leave", stays);
        return o;
}

static void maintenance_print_json(const Look *look, json_t *hosts) {
        json_t *o = json_pack("{s:s, s:s, s:b, s:s*, s:o, s:O}", "schema", "plimsoll.maintenance/1",
                              "cluster", look->facts->snapshot->cluster, "service", (int) look->has_live,
                              "mode", look->has_live ? look->live.mode : NULL, "stop",
                              stopped_json(look->in, source_store(look->facts->source)), "hosts", hosts);

        (void) json_print(o, look->in->out.out, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
        (void) fputc('\n', look->in->out.out);
        json_decref(o);
}

static void maintenance_say_stopped(const Look *look) {
        const Screen *out = &look->in->out;
        char safe[1024];

        if (look->stopped && !look->in->json)
                (void) out_say(out->out, "%s%s%s\n", screen_style(out, STYLE_BAD),
                               text_safe(look->stopped, safe, sizeof(safe)), screen_style(out, STYLE_PLAIN));
}

/* ---- status ---- */

static bool is_shown(const Host *host, const Strings *hosts) {
        return hosts->n > 0 ? strings_have(hosts, host->name) : host->state == HOST_MAINTENANCE;
}

ExitStatus maintenance_show(Invocation *in, const Facts *facts, const Strings *only) {
        Facts copy = *facts;
        Look x = { .in = in, .facts = &copy };
        const Snapshot *s = facts->snapshot;
        Table t = table_begin(in->arena, maintenance_columns, ARRAY_SIZE(maintenance_columns));
        json_t *hosts = json_array();
        bool blocked = false;
        int r = maintenance_read_live(&x);

        for (HostIx h = 0; r >= 0 && h < s->n_hosts; h++) {
                Emptying e;

                if (!is_shown(&s->hosts[h], only))
                        continue;
                r = look_at(&x, h, &e);
                if (r == 0)
                        r = add_row(&x, &t, &e);
                blocked |= e.mark.state == HOST_MAINTENANCE && is_blocked(&x, &e);
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
        if (t.n_rows == 0)
                (void) out_say(in->out.out, "no host of %s is in maintenance\n", s->cluster);
        else
                table_print(&t, &in->out, "");
        for (HostIx h = 0; h < s->n_hosts; h++)
                if (is_shown(&s->hosts[h], only))
                        print_stays(&x, s->hosts[h].name);
        return blocked ? EXIT_BLOCKED : EXIT_DONE;
}

int maintenance_acts(Invocation *in, const Facts *facts) {
        Facts copy = *facts;
        Look x = { .in = in, .facts = &copy };
        int r = maintenance_read_live(&x);

        return r < 0 ? r : maintenance_does_act(&x);
}

ExitStatus maintenance_advice(Invocation *in, const Facts *facts, const Strings *hosts) {
        Facts copy = *facts;
        Look x = { .in = in, .facts = &copy };
        int r = maintenance_read_live(&x);

        if (r < 0)
                return maintenance_failed(in, source_store(facts->source), r);
        if (in->json)
                return facts_read(in, &copy) == EXIT_DONE ? maintenance_show(in, &copy, hosts) : EXIT_FAILED;
        maintenance_say_stopped(&x);
        if (x.stopped) {
                (void) fputs("the hosts take no VM; their own leave once moves may start again\n",
                             in->out.out);
                return EXIT_BLOCKED;
        }
        for (uint32_t i = 0; i < hosts->n; i++) {
                char safe[256];

                (void) text_safe(hosts->at[i], safe, sizeof(safe));
                if (maintenance_does_act(&x))
                        (void) out_say(in->out.out,
                                       "the service empties it; plimsoll maintenance status %s --wait shows "
                                       "how far it is\n",
                                       safe);
                else
                        (void) out_say(in->out.out,
                                       "%s%s%s: its VMs stay until you run plimsoll evacuate %s (or plimsoll "
                                       "apply)\n",
                                       screen_style(&in->out, STYLE_WARN),
                                       x.has_live ? "the service only advises"
                                                  : "no service is at work on this cluster",
                                       screen_style(&in->out, STYLE_PLAIN), safe);
        }
        return EXIT_DONE;
}

/* ---- waiting ---- */

typedef struct Wait {
        Look look;
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
        unsigned lines = 1;

        if (w->drawn > 0)
                (void) out_say(screen->out, "\033[%uA\033[J", w->drawn);
        (void) out_say(screen->out, "%s ", text_safe(w->name, name, 40));
        bar_print_progress(w->most > 0 ? (int64_t) gone * 1000 / w->most : 1000, BAR_WIDTH, screen);
        (void) out_say(screen->out, " %u of %u have left; %s\n", gone, w->most,
                       text_safe(maintenance_state_words(&w->look, emptying), words, sizeof(words)));
        for (uint32_t i = 0; w->look.has_live && i < live->n_moves && lines <= LINES_MAX; i++)
                if (strcmp(live->moves[i].order->from, w->name) == 0 && is_running(&live->moves[i])) {
                        draw_move(w, &live->moves[i]);
                        lines++;
                }
        w->drawn = lines;
        (void) fflush(screen->out);
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
        (void) out_say(out, "%s: %u of %u have left; %s\n", text_safe(w->name, name, sizeof(name)),
                       w->most - emptying->left, w->most, maintenance_state_words(&w->look, emptying));
        (void) fflush(out);
}

/* Whether the waiting is over, and how. */
static bool maintenance_is_over(const Wait *w, const Emptying *emptying, ExitStatus *ret) {
        *ret = EXIT_BLOCKED;
        if (emptying->mark.state != HOST_MAINTENANCE || emptying->empty)
                *ret = emptying->empty ? EXIT_DONE : EXIT_FAILED;
        else if (!is_blocked(&w->look, emptying) && (maintenance_does_act(&w->look) || w->look.stopped))
                return false;
        return true;
}

static ExitStatus maintenance_finish(Wait *w, const Emptying *emptying, ExitStatus status) {
        Invocation *in = w->look.in;
        json_t *hosts = json_array();
        char name[256];

        (void) json_array_append_new(hosts, maintenance_one_json(&w->look, emptying));
        if (in->json)
                maintenance_print_json(&w->look, hosts);
        json_decref(hosts);
        if (in->json)
                return status;
        (void) text_safe(w->name, name, sizeof(name));
        if (status == EXIT_DONE) {
                (void) out_say(in->out.out, "%s%s is empty%s\n", screen_style(&in->out, STYLE_GOOD), name,
                               screen_style(&in->out, STYLE_PLAIN));
                print_off(&w->look, w->name);
                return status;
        }
        if (status == EXIT_FAILED)
                return command_complain(in, status, "%s was taken out of maintenance; %u VMs run there", name,
                                        emptying->left);
        print_stays(&w->look, w->name);
        if (maintenance_is_stopped(&w->look, emptying))
                return command_complain(in, status, "%u VMs are left on %s, which stays in maintenance: %s",
                                        emptying->left, name, w->look.stopped);
        if (!maintenance_does_act(&w->look))
                return command_complain(in, status,
                                        "%s: nobody moves its %u VMs; plimsoll evacuate %s does it now",
                                        w->look.has_live ? "the service only advises"
                                                         : "no service is at work on this cluster",
                                        emptying->left, name);
        return command_complain(in, status,
                                "%u VMs cannot leave %s as things are; it stays in maintenance, and the "
                                "service goes on trying",
                                emptying->left, name);
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
                        command_complain(in, EXIT_FAILED, "%s is no host of the cluster any more", w->name);
                return 1;
        }
        r = maintenance_read_live(&w->look);
        if (r >= 0)
                r = look_at(&w->look, h, &e);
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

ExitStatus maintenance_wait(Invocation *in, Facts *facts, const char *host, usec_t asked) {
        Wait w = { .look = { .in = in, .facts = facts, .asked = asked },
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
                                "not waiting any more; %s stays in maintenance and its VMs go on leaving",
                                host);
}

ExitStatus maintenance_wait_all(Invocation *in, Facts *facts, const Strings *hosts) {
        ExitStatus status = EXIT_DONE;

        for (uint32_t i = 0; i < hosts->n && status != EXIT_FAILED; i++) {
                const ExitStatus one = maintenance_wait(in, facts, hosts->at[i], 0);

                status = one == EXIT_DONE ? status : one;
        }
        return status;
}
