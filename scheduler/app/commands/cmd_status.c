/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/app/commands/command.h"
#include "scheduler/app/commands/facts.h"
#include "scheduler/app/commands/failover_look.h"
#include "scheduler/app/commands/status_json.h"
#include "scheduler/app/commands/status_past.h"
#include "scheduler/app/commands/status_summary.h"
#include "scheduler/app/commands/stopped.h"
#include "scheduler/app/round/audit_store.h"
#include "scheduler/app/round/round_store.h"
#include "scheduler/app/state/live_state.h"
#include "scheduler/app/state/move_journal.h"
#include "scheduler/app/state/stop_signal.h"
#include "scheduler/app/terminal/human.h"
#include "scheduler/app/text/booking_text.h"
#include "scheduler/app/text/contention_text.h"
#include "scheduler/app/text/doubled_text.h"
#include "scheduler/app/text/fleet_text.h"
#include "scheduler/app/text/hand_text.h"
#include "scheduler/app/text/late_text.h"
#include "scheduler/app/text/missed_text.h"
#include "scheduler/app/text/stranded_text.h"
#include "scheduler/app/text/twin_text.h"
#include "scheduler/app/text/vm_mode_text.h"
#include "scheduler/base/text.h"
#include "scheduler/decide/problem/problem_build.h"
#include "scheduler/model/host_silence.h"
#include "scheduler/model/vm_mode.h"
#include "scheduler/store/store_unread.h"

/* ---- what there is ---- */

static int cmd_status_read_live(const Facts *facts, Arena *a, StatusView *ret) {
        Store *store = source_store(facts->source);
        int r = store ? live_state_get(store, a, &ret->live) : 1;

        ret->has_live = r == 0;
        if (r >= 0 && store)
                r = store_get_lease(store, &ret->lease);
        ret->has_lease = r == 0 && store;
        if (r >= 0 && ret->has_live)
                ret->leads =
                        live_state_leads(&ret->live, ret->has_lease ? ret->lease.holder : NULL, clock_now());
        return r < 0 ? r : 0;
}

#define LOSSES_MOST                                                                                          \
        (UINT64_C(1) << 29) /* hosts by VMs: 5,000 hosts; of more `plimsoll failover` is to be asked */
#define RECENT_MOST   8U
#define RECENT_WITHIN (INT64_C(3600) * USEC_PER_SEC)

static int read_recent(const Facts *facts, Arena *a, StatusView *ret) {
        Store *store = source_store(facts->source);
        StoredText *texts = NULL;
        JournalEntry *recent;
        uint32_t n = 0;
        usec_t since = clock_now() - RECENT_WITHIN;
        int r = store ? store_get_journal(store, a, 8 * RECENT_MOST, &texts, &n) : 0;

        if (r < 0)
                return r;
        recent = arena_new(a, JournalEntry, RECENT_MOST);
        if (!recent)
                return -ENOMEM;
        for (uint32_t i = 0; i < n && ret->n_recent < RECENT_MOST; i++) {
                JournalEntry *e = &recent[ret->n_recent];

                r = journal_parse(a, texts[i].text, texts[i].n, e);
                if (r == -ENOMEM)
                        return r;
                if (r == 0 && e->at >= since && e->event != JOURNAL_INTENT && e->event != JOURNAL_STARTED)
                        ret->n_recent++;
        }
        ret->recent = recent;
        return 0;
}

#define MOVED_WITHIN                                                                                         \
        (INT64_C(60) * USEC_PER_SEC) /* hosts' reports are about a migration for so long at most */

/* VMs that are being moved by the service, or were just now. */
static int cmd_status_moved(Arena *a, StatusView *ret) {
        const char **names = arena_new(a, const char *, (size_t) ret->live.n_moves + ret->n_recent);
        const usec_t since = clock_now() - MOVED_WITHIN;

        if (!names)
                return -ENOMEM;
        ret->moved.at = names;
        for (uint32_t i = 0; i < ret->live.n_moves; i++)
                if (ret->live.moves[i].status.phase == MIGRATION_RUNNING ||
                    ret->live.moves[i].status.phase == MIGRATION_VERIFYING)
                        names[ret->moved.n++] = ret->live.moves[i].order->vm;
        for (uint32_t i = 0; i < ret->n_recent; i++)
                if (ret->recent[i].at >= since)
                        names[ret->moved.n++] = ret->recent[i].order->vm;
        return 0;
}

static int cmd_status_read_brake(Arena *a, const Facts *facts, StatusView *ret) {
        const Snapshot *s = facts->snapshot, *held = NULL;
        int r = brake_judge(a, s, facts->settings, &ret->brake);

        if (r == 0)
                r = brake_apply(a, s, &ret->brake, &held);
        if (r == 0)
                ret->held = (Strings){ .at = held->notes.at ? held->notes.at + s->notes.n : NULL,
                                       .n = held->notes.n - s->notes.n };
        return r;
}

/* What this command cannot read, and what only the service reads. */
static int cmd_status_unread(Arena *a, const Drops *own, StatusView *io) {
        const Strings *of_service = &io->live.unread;
        const char **words = arena_new(a, const char *, (size_t) drops_named(own) + of_service->n);
        uint32_t n = 0;

        if (!words)
                return -ENOMEM;
        for (uint32_t i = 0; i < drops_named(own); i++)
                words[n++] = own->words[i];
        io->unread = (Strings){ .at = words, .n = n };
        for (uint32_t i = 0; i < of_service->n; i++)
                if (!strings_have(&io->unread, of_service->at[i]))
                        words[n++] = of_service->at[i];
        io->unread.n = n;
        return 0;
}

static int cmd_status_gather(Invocation *in, const Facts *facts, StatusView *ret) {
        int r;

        *ret = (StatusView){ .snapshot = facts->snapshot,
                             .store = source_store(facts->source),
                             .stopped = stopped_words(in, source_store(facts->source)) };
        r = problem_build(in->arena, facts->snapshot, facts->settings, &ret->problem);
        if (r == 0)
                r = cmd_status_read_brake(in->arena, facts, ret);
        if (r == 0)
                r = fleet_shares(in->arena, ret->problem, ret->problem->home, &ret->shares);
        if (r == 0)
                r = contention_scores(in->arena, facts->snapshot, &ret->scores);
        if (r == 0 && facts->snapshot->n_hosts > 0 &&
            (uint64_t) facts->snapshot->n_hosts * facts->snapshot->n_vms <= LOSSES_MOST)
                r = failover_look(in->arena, facts->snapshot, facts->settings, IX_NONE, &ret->failover);
        if (r == 0)
                r = cmd_status_read_live(facts, in->arena, ret);
        if (r == 0)
                r = read_recent(facts, in->arena, ret);
        if (r == 0)
                r = cmd_status_moved(in->arena, ret);
        if (r == 0 && source_store(facts->source))
                r = round_store_holds(source_store(facts->source), in->arena, NULL, &ret->holds);
        if (r == 0 && source_store(facts->source))
                r = round_store_open(source_store(facts->source), in->arena, &ret->open, &ret->n_open);
        if (r == 0 && source_store(facts->source))
                r = cmd_status_unread(in->arena, store_unread(source_store(facts->source)), ret);
        return r;
}

/* ---- text ---- */

static void print_move(const LiveMove *m, const Screen *screen) {
        char vm[256], from[256], to[256], why[512], time[HUMAN_SIZE], predicted[HUMAN_SIZE];
        int64_t share = migration_permille(m->status.bytes_total, m->status.bytes_left);

        (void) out_say(screen->out, "  %-16s %s → %s  ", text_safe(m->order->vm, vm, sizeof(vm)),
                       text_safe(m->order->from, from, sizeof(from)),
                       text_safe(m->order->to, to, sizeof(to)));
        if (m->status.phase == MIGRATION_RUNNING || m->status.phase == MIGRATION_VERIFYING) {
                bar_print_progress(share, 16, screen);
                (void) out_say(screen->out, " %lld%%  ", (long long) (share / 10));
        } else {
                Style style = m->status.phase == MIGRATION_DONE     ? STYLE_GOOD
                              : m->status.phase == MIGRATION_QUEUED ? STYLE_FAINT
                                                                    : STYLE_BAD;

                (void) out_say(screen->out, "%s%s%s  ", screen_style(screen, style),
                               migration_phase_names[m->status.phase], screen_style(screen, STYLE_PLAIN));
        }
        if (m->status.phase == MIGRATION_QUEUED)
                (void) out_say(screen->out, "about %s", human_ms(m->order->predicted.ms, predicted));
        else
                (void) out_say(screen->out, "%s of %s", human_ms(m->running_ms, time),
                               human_ms(m->order->predicted.ms, predicted));
        if (live_move_is_late(m))
                (void) out_say(screen->out, ", %slate:%s its deadline was %s",
                               screen_style(screen, STYLE_BAD), screen_style(screen, STYLE_PLAIN),
                               human_ms(m->deadline_ms, time));
        if (m->status.message[0])
                (void) out_say(screen->out, ": %s", text_safe(m->status.message, why, sizeof(why)));
        if (m->order->held && m->status.phase == MIGRATION_QUEUED)
                (void) out_say(screen->out, "; %s", text_safe(m->order->held, why, sizeof(why)));
        (void) fputc('\n', screen->out);
}

static void print_waiting(const LiveState *l, usec_t now, const Screen *screen) {
        char id[64], kinds[128], summary[256], left[HUMAN_SIZE];

        for (uint32_t i = 0; i < l->n_waiting; i++) {
                const LiveWaiting *w = &l->waiting[i];

                (void) out_say(screen->out,
                               "%splan %s awaits confirmation%s for %s more: %s; %s (plimsoll confirm %s)\n",
                               screen_style(screen, STYLE_WARN), text_safe(w->id, id, sizeof(id)),
                               screen_style(screen, STYLE_PLAIN),
                               human_ms(w->until > now ? (w->until - now) / USEC_PER_MSEC : 0, left),
                               text_safe(w->kinds, kinds, sizeof(kinds)),
                               text_safe(w->summary, summary, sizeof(summary)), id);
        }
}

static void print_certificates(const LiveState *l, usec_t now, const Screen *screen) {
        char file[256], until[HUMAN_SIZE];

        for (uint32_t i = 0; i < l->n_certificates; i++) {
                const LiveCertificate *c = &l->certificates[i];

                (void) out_say(screen->out, "%scertificate%s %s %s %s: renew it (docs/libvirt-access.md)\n",
                               screen_style(screen, c->until > now ? STYLE_WARN : STYLE_BAD),
                               screen_style(screen, STYLE_PLAIN), text_safe(c->file, file, sizeof(file)),
                               c->until > now ? "expires" : "expired", human_time(c->until, until));
        }
}

/* Somebody has the lease who has not shown what it does: a new leader's first round, `plimsoll apply`, or nobody. */
static void print_lease(const StatusView *s, const Screen *screen) {
        char safe[512];

        if (s->has_lease && s->lease.holder[0])
                (void) out_say(screen->out, "the lease is held by %s\n",
                               text_safe(s->lease.holder, safe, sizeof(safe)));
        else if (s->has_lease)
                (void) fputs("the lease names no leader; it is free once it has expired\n", screen->out);
}

static void print_pause(const LiveState *l, const Screen *screen) {
        char safe[512], since[HUMAN_SIZE] = "an unknown time";

        if (!l->paused)
                return;
        (void) out_say(
                screen->out,
                "%sbalance and load relief are paused%s since %s: %s. Repairs and evacuation continue. The "
                "pause lasts " AUDIT_PAUSE_ENDS "\n",
                screen_style(screen, STYLE_BAD), screen_style(screen, STYLE_PLAIN),
                l->paused_since > 0 ? human_time(l->paused_since, since) : since,
                text_safe(l->paused, safe, sizeof(safe)));
}

static void print_live(Arena *a, const StatusView *s, usec_t now, const Screen *screen) {
        const LiveState *l = &s->live;
        const char *modes = s->has_live ? service_modes_text(a, &l->modes) : NULL;
        char ago[HUMAN_SIZE], since[HUMAN_SIZE], safe[512];

        if (!s->has_live) {
                (void) out_say(screen->out, "%sno service is running for this cluster%s\n",
                               screen_style(screen, STYLE_WARN), screen_style(screen, STYLE_PLAIN));
                print_lease(s, screen);
                return;
        }
        if (!s->leads)
                (void) out_say(screen->out, "%sno leader%s since about %s; ",
                               screen_style(screen, STYLE_WARN), screen_style(screen, STYLE_PLAIN),
                               human_time(l->written_at, since));
        (void) out_say(screen->out, "%s %s, mode %s, ",
                       s->leads ? "leader" : "last leader:", text_safe(l->leader, safe, sizeof(safe)),
                       modes ? modes : l->mode);
        (void) out_say(screen->out, "last round %s ago\n",
                       human_ms(now > l->round_at ? (now - l->round_at) / USEC_PER_MSEC : 0, ago));
        if (!s->leads)
                print_lease(s, screen);
        (void) out_say(screen->out, "%s\n", text_safe(l->summary, safe, sizeof(safe)));
        print_pause(l, screen);
        print_waiting(l, now, screen);
        print_certificates(l, now, screen);
        for (uint32_t i = 0; i < l->n_moves; i++)
                print_move(&l->moves[i], screen);
}

static int print_recent(Arena *a, const StatusView *s, usec_t now, const Screen *screen) {
        static const Column columns[] = {
                { .title = "ENDED", .right = true },
                { .title = "VM", .most = 28 },
                { .title = "FROM", .most = 20 },
                { .title = "TO", .most = 20 },
                { .title = "" },
                { .title = "TOOK", .right = true },
                { .title = "PREDICTED", .right = true },
                { .title = "SENT", .right = true },
                { .title = "DOWNTIME", .right = true },
                { .title = "" },
        };
        Table t = table_begin(a, columns, ARRAY_SIZE(columns));

        for (uint32_t i = 0; i < s->n_recent; i++) {
                const JournalEntry *e = &s->recent[i];
                char ago[HUMAN_SIZE], took[HUMAN_SIZE], predicted[HUMAN_SIZE], sent[HUMAN_SIZE],
                        down[HUMAN_SIZE];
                int r = table_row(
                        &t, (Cell[]){ { .text = text_format(a, "%s ago",
                                                            human_ms((now - e->at) / USEC_PER_MSEC, ago)) },
                                      { .text = e->order->vm, .style = STYLE_STRONG },
                                      { .text = e->order->from },
                                      { .text = e->order->to },
                                      { .text = journal_event_names[e->event],
                                        .style = e->event == JOURNAL_DONE ? STYLE_GOOD : STYLE_BAD },
                                      { .text = human_ms(e->took.ms, took) },
                                      { .text = human_ms(e->order->predicted.ms, predicted) },
                                      { .text = human_bytes(e->took.bytes, sent) },
                                      { .text = human_ms(e->took.downtime_ms, down) },
                                      { .text = e->message } });

                if (r < 0)
                        return r;
        }
        if (s->n_recent > 0) {
                (void) fputc('\n', screen->out);
                table_print(&t, screen, "  ");
        }
        return 0;
}

static void print_alert(const char *words, const Screen *screen) {
        if (words)
                (void) out_say(screen->out, "%s%s%s\n\n", screen_style(screen, STYLE_BAD), words,
                               screen_style(screen, STYLE_PLAIN));
}

/* Migrations whose end nobody could see: where such a VM runs is for a person to find out. */
static void print_missed(uint32_t n, const Screen *screen) {
        if (n > 0)
                (void) out_say(screen->out, "%u failed migration%s wait%s to be retried (plimsoll retry)\n",
                               n, n == 1 ? "" : "s", n == 1 ? "s" : "");
}

static void print_unclear(const StatusView *s, const Screen *screen) {
        for (uint32_t i = 0; i < s->n_open; i++) {
                const JournalEntry *e = &s->open[i];

                if (e->event == JOURNAL_UNCLEAR)
                        (void) out_say(
                                screen->out,
                                "%sALARM: it is unknown whether VM %s runs on %s or %s%s: %s. It is not moved until that is "
                                "known (plimsoll journal settle %s)\n",
                                screen_style(screen, STYLE_BAD), e->order->vm, e->order->from, e->order->to,
                                screen_style(screen, STYLE_PLAIN), e->message, e->order->vm);
        }
}

static uint32_t count_unclear(const StatusView *s) {
        uint32_t n = 0;

        for (uint32_t i = 0; i < s->n_open; i++)
                n += s->open[i].event == JOURNAL_UNCLEAR;
        return n;
}

/* How many hosts are not seen, and why; silence is not health. */
static void print_excluded(const Snapshot *s, const Screen *screen) {
        static const char *const words[EXCLUDED_N] = { [EXCLUDED_STALE] = "stale",
                                                       [EXCLUDED_MISSING] = "without usable data",
                                                       [EXCLUDED_DAEMON] = "whose libvirt does not answer",
                                                       [EXCLUDED_SEEN] = "not admitted: plimsoll host list",
                                                       [EXCLUDED_CLOCK] = "with a clock that differs" };
        uint32_t n[EXCLUDED_N] = { 0 }, all = 0;
        const char *between = " (";

        for (HostIx h = 0; h < s->n_hosts; h++)
                n[s->hosts[h].excluded]++;
        all = snapshot_excluded(s);
        if (all == 0)
                return;
        (void) out_say(screen->out, "%s%s%u of %u %s excluded%s", screen_style(screen, STYLE_BAD),
                       snapshot_is_blind(s) ? "blind: " : "", all, s->n_hosts,
                       text_plural(s->n_hosts, "host", "hosts"), screen_style(screen, STYLE_PLAIN));
        for (int k = EXCLUDED_NONE + 1; k < EXCLUDED_N; k++)
                if (n[k] > 0) {
                        (void) out_say(screen->out, "%s%u %s", between, n[k], words[k]);
                        between = ", ";
                }
        (void) fputs(")\n\n", screen->out);
}

/* Who, why, since when, and what ends it. */
static void print_loss(Arena *a, const LostStore *loss, usec_t now, const Screen *screen) {
        const char *words = loss ? store_loss_words(a, loss) : NULL;
        char ago[HUMAN_SIZE];

        if (!words)
                return;
        (void) out_say(screen->out, "%sblocked:%s %s", screen_style(screen, STYLE_BAD),
                       screen_style(screen, STYLE_PLAIN), words);
        if (loss->at > 0)
                (void) out_say(screen->out, " (seen %s ago by %s)",
                               human_ms(now > loss->at ? (now - loss->at) / USEC_PER_MSEC : 0, ago),
                               loss->by);
        (void) out_say(screen->out, "\n\n");
}

/* What was left out of what hosts report and the store holds; each host's part is said on stderr. */
static void print_dropped(const Facts *facts, const Screen *screen) {
        const uint64_t n = source_left_out(facts->source);
        const uint32_t unsure = facts_unsure(facts->snapshot);

        if (n == 0 && unsure == 0)
                return;
        (void) out_say(screen->out,
                       "%sleft out: %llu values or names that are out of bounds or unusable; %u %s no VM "
                       "because of it%s\n"
                       "\n",
                       screen_style(screen, STYLE_WARN), (unsigned long long) n, unsure,
                       text_plural(unsure, "host accepts", "hosts accept"),
                       screen_style(screen, STYLE_PLAIN));
}

static int cmd_status_print_text(Invocation *in, const Facts *facts, const StatusView *s,
                                 const Screen *screen) {
        FleetView view = { .snapshot = s->snapshot,
                           .problem = s->problem,
                           .all = option_given(&in->options, "all") };
        int r;

        (void) out_say(screen->out, "%s%s%s: %u %s, %u %s\n", screen_style(screen, STYLE_STRONG),
                       s->snapshot->cluster, screen_style(screen, STYLE_PLAIN), s->snapshot->n_hosts,
                       text_plural(s->snapshot->n_hosts, "host", "hosts"), snapshot_n_vms(s->snapshot),
                       text_plural(snapshot_n_vms(s->snapshot), "VM", "VMs"));
        status_summary_print(s, screen);
        r = doubled_print(in->arena, s->snapshot, screen);
        if (r < 0)
                return r;
        print_unclear(s, screen);
        print_alert(s->stopped, screen);
        for (uint32_t i = 0; i < s->held.n; i++)
                print_alert(s->held.at[i], screen);
        print_missed(missed_waiting(s->snapshot), screen);
        bookings_print(s->snapshot, screen);
        if (s->failover.found.n_hosts > 0)
                (void) out_say(screen->out, "protected: %u of %u %s (plimsoll failover)\n\n",
                               s->failover.found.n_protected, s->failover.found.n_hosts,
                               text_plural(s->failover.found.n_hosts, "host", "hosts"));
        hand_print(s->holds.cool_downs, s->holds.n_cool_downs, clock_now(), screen);
        r = stranded_print(in->arena, s->snapshot, screen);
        if (r == 0)
                r = vm_mode_print_kept(in->arena, s->snapshot, screen);
        if (r < 0)
                return r;
        late_print(s->snapshot, clock_now(), screen);
        print_excluded(s->snapshot, screen);
        print_loss(in->arena, s->loss, clock_now(), screen);
        print_dropped(facts, screen);
        for (uint32_t i = 0; i < s->unread.n; i++)
                print_alert(s->unread.at[i], screen);
        r = twins_print(in->arena, s->snapshot, &s->moved, screen);
        if (r == 0)
                r = fleet_print(in->arena, &view, screen);
        if (r == 0)
                r = contention_print(in->arena, s->snapshot, view.all, screen);
        if (r == 0 && source_store(facts->source)) {
                (void) fputc('\n', screen->out);
                print_live(in->arena, s, clock_now(), screen);
                r = print_recent(in->arena, s, clock_now(), screen);
        }
        return r;
}

static ExitStatus cmd_status_show(Invocation *in, const Facts *facts, const Screen *screen) {
        StatusView s;
        int r = cmd_status_gather(in, facts, &s);

        s.loss = source_loss(facts->source);

        if (r == 0 && in->json)
                status_print_json(in, facts, &s);
        else if (r == 0)
                r = cmd_status_print_text(in, facts, &s, screen);
        if (r < 0)
                return command_complain(in, EXIT_FAILED, "%s",
                                        r == -ENOMEM ? "out of memory" : strerrordesc_np(-r));
        return snapshot_is_blind(s.snapshot) || s.stopped || s.held.n > 0 ||
                               snapshot_doubled(s.snapshot) > 0 || stranded_vms(s.snapshot, IX_NONE) > 0 ||
                               vm_mode_n_kept(s.snapshot) > 0 || late_hosts(s.snapshot, clock_now()) > 0 ||
                               count_unclear(&s) > 0 || s.unread.n > 0
                       ? EXIT_BLOCKED
                       : facts_known(facts, facts_ending(facts, EXIT_DONE));
}

/* Drawn aside and written at once, so that it does not flicker. A source that is away for a moment is said,
 * and asked again. */
static void watch_once(Invocation *in, Facts *facts) {
        char *text = NULL;
        size_t n = 0;
        Screen aside = in->out;

        if (facts_read(in, facts) != EXIT_DONE)
                return;
        aside.out = open_memstream(&text, &n);
        if (!aside.out)
                return;
        (void) cmd_status_show(in, facts, &aside);
        (void) fclose(aside.out);
        if (in->out.live)
                (void) fputs("\033[H\033[J", in->out.out);
        (void) fwrite(text, 1, n, in->out.out);
        (void) fflush(in->out.out);
        free(text);
}

static ExitStatus cmd_status_watch(Invocation *in, Facts *facts) {
        usec_t interval = option_number(&in->options, "interval", 2 * USEC_PER_SEC);

        stop_signal_watch();
        while (stop_signal_count() == 0 && !ferror(in->out.out)) {
                ArenaMark mark = arena_mark(in->arena);

                watch_once(in, facts);
                arena_rewind(in->arena, mark);
                clock_sleep(interval);
        }
        return EXIT_DONE;
}

static ExitStatus cmd_status_run(Invocation *in) {
        Facts facts;
        ExitStatus status;

        if (option_given(&in->options, "at"))
                return status_past(in);
        if (option_given(&in->options, "host") || option_given(&in->options, "vm"))
                return command_complain(in, EXIT_BAD_INPUT, "--host and --vm need --at TIME");
        status = facts_open(in, &facts);
        if (status == EXIT_DONE)
                status = option_given(&in->options, "watch") ? cmd_status_watch(in, &facts)
                                                             : cmd_status_show(in, &facts, &in->out);
        facts_close(&facts);
        return status;
}

static const OptionDef cmd_status_options[] = {
        SOURCE_OPTIONS,
        STATUS_PAST_OPTIONS,
        { "", 0, OPTION_HEADING, NULL, 0, 0, 0, "Output:" },
        { "watch", 'w', OPTION_FLAG, NULL, 0, 0, 0, "refresh until Ctrl-C" },
        { "interval", 0, OPTION_DURATION, "TIME", 0, 200 * USEC_PER_MSEC, 3600 * USEC_PER_SEC,
          "with --watch: refresh interval (500ms, 2s, 1m); default: 2s" },
        { "all", 0, OPTION_FLAG, NULL, 0, 0, 0,
          "show every host; default: of more than 48 hosts the 16 worst" },
        { "json", 0, OPTION_FLAG, NULL, 0, 0, 0,
          "print JSON, schema plimsoll.status/1; with --at plimsoll.status-at/1" },
        { 0 },
};

const Command command_status = {
        .name = "status",
        .summary = "show hosts against their load lines, faults, running moves, the leader",
        .usage = "[source] [--watch] [--at TIME]",
        .help = "Shows a summary of what matters, each host's use against its load line, what is wrong with it, and, with\n"
                "--redis, what the service is doing: its leader, its last plan, and the moves that are running.\n"
                "--at TIME shows hosts, VMs and plan as they were recorded then (docs/audit.md).\n"
                "Exit status 3: something is blocked or not as it should be, which is shown.",
        .examples = "plimsoll status --redis redis://store:6379\n"
                    "plimsoll status --watch --interval 5s\n"
                    "plimsoll status --at 2h --host h1\n"
                    "plimsoll status --from cluster.json --json",
        .options = cmd_status_options,
        .run = cmd_status_run,
};
