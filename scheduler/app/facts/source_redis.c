/* SPDX-License-Identifier: Apache-2.0 */
/* A Source that reads the store: reports, and all that is kept beside them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/remote/prometheus.h"
#include "scheduler/app/facts/bmc_watch.h"
#include "scheduler/app/facts/clock_check.h"
#include "scheduler/app/facts/demand_store.h"
#include "scheduler/app/facts/report_reader.h"
#include "scheduler/app/facts/silent_store.h"
#include "scheduler/app/facts/source_parts.h"
#include "scheduler/app/state/host_mark.h"
#include "scheduler/app/state/move_journal.h"
#include "scheduler/decide/migration/migration_lessons.h"
#include "scheduler/model/host_silence.h"
#include "scheduler/store/store_unread.h"

static int source_read_marks(const Source *s, Arena *a, BuildInput *in) {
        StoredText *texts = NULL;
        HostMark *marks;
        uint32_t n = 0;
        int r = store_get_marks(s->store, a, &texts, &n);

        if (r < 0)
                return r;
        marks = arena_new(a, HostMark, n);
        if (!marks)
                return -ENOMEM;
        for (uint32_t i = 0; i < n; i++) {
                OperatorMark m = { .state = HOST_CORDONED }; /* of one that is not understood: fail closed */

                r = host_mark_parse(a, texts[i].text, texts[i].n, &m);
                if (r == -ENOMEM)
                        return r;
                if (r < 0)
                        store_unread_add(s->store, KEY_MARKS, texts[i].name,
                                         "its host counts as cordoned (plimsoll host uncordon)");
                marks[in->n_marks++] = (HostMark){ .host = texts[i].name,
                                                   .state = m.state,
                                                   .leave_by = m.leave_by,
                                                   .for_good = m.for_good,
                                                   .at = m.at,
                                                   .several = m.several,
                                                   .by = m.by,
                                                   .why = m.why };
        }
        in->marks = marks;
        return 0;
}

#define PAST_ENTRIES 1024

/* By the newest entry of each: what may run still, or has ended. How one ended that nobody knows explains nothing. */
static int known_moves(Arena *a, const JournalEntry *entries, uint32_t n, BuildInput *in) {
        KnownMove *moves = arena_new(a, KnownMove, n);
        const JournalEntry *open = NULL;
        uint32_t n_open = 0, kept = 0;
        int r = moves ? journal_open_ones(a, entries, n, &open, &n_open) : -ENOMEM;

        for (uint32_t i = 0; r == 0 && i < n_open; i++)
                if (open[i].event != JOURNAL_UNCLEAR)
                        moves[kept++] = (KnownMove){ open[i].order->vm, INT64_MAX };
        for (uint32_t i = 0; r == 0 && i < n && kept < n; i++)
                if (!journal_is_open(entries[i].event))
                        moves[kept++] = (KnownMove){ entries[i].order->vm, entries[i].at };
        in->known_moves = moves;
        in->n_known_moves = kept;
        return r;
}

/* Of moves whose end is not known. */
static int source_open_hosts(Source *s, Arena *a, const JournalEntry *entries, uint32_t n) {
        const JournalEntry *open = NULL;
        const char **hosts;
        uint32_t n_open = 0;
        int r = journal_open_ones(a, entries, n, &open, &n_open);

        if (r < 0)
                return r;
        hosts = arena_new(a, const char *, 2 * (size_t) n_open);
        if (!hosts)
                return -ENOMEM;
        s->open = (Strings){ .at = hosts };
        for (uint32_t i = 0; i < n_open; i++) {
                hosts[s->open.n++] = open[i].order->from;
                hosts[s->open.n++] = open[i].order->to;
        }
        return 0;
}

/* What the last migrations taught, as the journal has them; and which there were. */
static int source_read_lessons(Source *s, Arena *a, BuildInput *in) {
        StoredText *texts = NULL;
        JournalEntry *entries;
        RecordMove *moves; /* of each: its order, and what it took */
        uint32_t n = 0, n_entries = 0, kept = 0;
        int r = store_get_journal(s->store, a, PAST_ENTRIES, &texts, &n);

        if (r < 0)
                return r;
        moves = arena_new(a, RecordMove, n);
        entries = arena_new(a, JournalEntry, n);
        if (!moves || !entries)
                return -ENOMEM;
        for (uint32_t i = 0; i < n; i++) {
                JournalEntry *e = &entries[n_entries];

                r = journal_parse(a, texts[i].text, texts[i].n, e);
                if (r == -ENOMEM)
                        return r;
                if (r < 0)
                        store_unread_add(s->store, KEY_JOURNAL, texts[i].name, JOURNAL_UNREAD);
                if (r == 0 && (e->event == JOURNAL_DONE || e->event == JOURNAL_ABORTED))
                        moves[kept++] = move_finished(e);
                n_entries += r == 0;
        }
        r = known_moves(a, entries, n_entries, in);
        if (r == 0)
                r = source_open_hosts(s, a, entries, n_entries);
        return r < 0 ? r : migration_learn(a, moves, kept, &in->lessons);
}

/* Who is on the list, and who was admitted: a host that falls silent is silent, and not gone. */
static int source_expect_hosts(const Source *s, Arena *a, const FetchedReports *all, BuildInput *in) {
        const AdmissionRecords *admitted = &s->admissions;
        const char **expected = arena_new(a, const char *, (size_t) all->n_members + admitted->n);

        if (!expected)
                return -ENOMEM;
        for (uint32_t i = 0; i < all->n_members; i++)
                expected[in->n_expected++] = all->members[i];
        for (uint32_t i = 0; i < admitted->n; i++)
                if (!admitted->at[i].forgotten && !admitted->at[i].unread)
                        expected[in->n_expected++] = admitted->at[i].host;
        in->expected = expected;
        return 0;
}

/* What the store holds that is no name, or too long. */
static void source_notice_drops(Source *s, Arena *a, const Drops *drops) {
        for (uint32_t i = 0; i < drops_named(drops); i++)
                source_notice_put(s, text_copy(a, drops->words[i], strlen(drops->words[i])));
        s->n_left_out += drops->n;
}

/* A report that cannot be read is as good as none: its host is a member, and so excluded for want of facts. So is one that
 * says another host than its key: an agent can write its own key alone, and speaks for no other. */
static int source_take_reports(Source *s, Arena *a, const FetchedReports *all, BuildInput *in) {
        const Report **reports = arena_new(a, const Report *, all->n);

        if (!reports)
                return -ENOMEM;
        source_notice_drops(s, a, store_drops(s->store, false));
        source_notice_drops(s, a, store_drops(s->store, true));
        in->n_left_out = s->n_left_out;
        for (uint32_t i = 0; i < all->n; i++) {
                const ReadReport *one = &all->reports[i];

                if (!one->report) {
                        source_notice_put(s, text_format(a, "%s: its report cannot be read: line %u: %s",
                                                         one->host, one->fault->line, one->fault->what));
                } else if (strcmp(one->report->host, one->host) != 0) {
                        source_notice_put(s, text_format(a, "%s: its report names %s as its host; not used",
                                                         one->host, one->report->host));
                } else {
                        reports[in->n_reports++] = one->report;
                        source_notice_left_out(s, a, one->report);
                        continue;
                }
                s->n_left_out++;
                in->n_left_out++;
        }
        in->reports = reports;
        return source_expect_hosts(s, a, all, in);
}

static int compare_host(const void *host, const void *report) {
        return strcmp(host, (*(const Report *const *) report)->host);
}

/* Hosts that no agent speaks for are seen through Prometheus, where the settings name one. Without it the
 * round goes on with what the agents say; those hosts are then silent. */
static int source_add_prometheus(Source *s, Arena *a, const Settings *settings, BuildInput *in) {
        uint32_t n = in->n_reports, m = in->n_expected;
        TextFault fault = { 0 };
        const Report **reports;
        const char **expected;
        PromFacts facts;
        int r = prometheus_read(a, settings, NULL, &facts, &fault);

        if (r == -ENOMEM)
                return r;
        if (r < 0) {
                source_notice_put(s, text_format(a, "%s", fault.what));
                return 0;
        }
        reports = arena_new(a, const Report *, (size_t) n + facts.n_reports);
        expected = arena_new(a, const char *, (size_t) m + facts.n_members);
        if (!reports || !expected)
                return -ENOMEM;
        for (uint32_t i = 0; i < n; i++)
                reports[i] = in->reports[i];
        for (uint32_t i = 0; i < m; i++)
                expected[i] = in->expected[i];
        for (uint32_t i = 0; r == 0 && i < facts.n_reports; i++)
                /* NOLINTNEXTLINE(bugprone-sizeof-expression): they are pointers */
                if (!bsearch(facts.reports[i].host, reports, n, sizeof(*reports), compare_host))
                        r = source_take_reread(s, a, &facts.reports[i], &reports[in->n_reports++], &fault);
        if (r < 0)
                return r;
        for (uint32_t i = 0; i < facts.n_members; i++)
                expected[in->n_expected++] = facts.members[i];
        in->reports = reports;
        in->expected = expected;
        return 0;
}

/* What the BMCs of hosts say stands in the store beside their agents' reports. */
static int source_add_bmcs(Source *s, Arena *a, BuildInput *in) {
        const Report *const *bmcs = NULL;
        const Report **reports;
        uint32_t n = 0;
        int r = bmc_reports(s->store, a, &bmcs, &n);

        if (r < 0 || n == 0)
                return r == -ENOMEM
                               ? r
                               : 0; /* the store was there just now; if it is not, the next call says so */
        reports = arena_new(a, const Report *, in->n_reports);
        if (!reports)
                return -ENOMEM;
        for (uint32_t i = 0; i < in->n_reports; i++) {
                reports[i] = bmc_merge(a, in->reports[i], bmcs, n);
                if (!reports[i])
                        return -ENOMEM;
                source_notice_left_out(
                        s, a,
                        &(Report){ .host = in->reports[i]->host,
                                   .dropped = reports[i]->dropped + in->reports[i]->n_dropped,
                                   .n_dropped = reports[i]->n_dropped - in->reports[i]->n_dropped });
        }
        in->reports = reports;
        return 0;
}

/* Who may take part. Until the service has begun to ask for admission, those that it knows already may: to be read before
 * the reports, for whoever looks for these puts those it finds on the list. */
static int source_read_admissions(Source *s, Arena *a, const Settings *settings, BuildInput *in) {
        Admissions *all = arena_new(a, Admissions, 1);
        int r = all ? admission_records(s->store, a, &s->admissions) : -ENOMEM;

        if (r < 0)
                return r;
        *all = (Admissions){ .records = s->admissions.at,
                             .n = s->admissions.n,
                             .patterns = settings_text(settings, "cluster", "hosts") };
        s->admits = s->admits || s->admissions.begun;
        if (!s->admits)
                r = store_get_members(s->store, a, &all->known.at, &all->known.n);
        in->admissions = all;
        return r;
}

/* And with the clocks compared. */
static int source_build_checked(Source *s, Arena *a, const Settings *settings, BuildInput in,
                                const Snapshot **ret, TextFault *f) {
        int r = source_build(s, a, settings, in, ret, f);

        if (r < 0)
                return r;
        r = clock_check(s->store, a, settings,
                        &(ClockCheck){ in.reports, in.n_reports, clock_now_of(s->clock) }, *ret, ret);
        if (r < 0)
                text_fault(f, "", "%s", r == -ENOMEM ? "out of memory" : store_error(s->store));
        return r < 0 ? r : 0;
}

/* Hosts that must be left though their agents are silent, through libvirt; or as the leader read them so. What is remembered of their hardware stays: of
 * that libvirt says nothing. */
static int source_reach(Source *s, Arena *a, const Settings *settings, BuildInput in,
                        const Snapshot **io_read, TextFault *f) {
        const FaultStore faults = s->faults;
        const Snapshot *was = *io_read, *now = NULL;
        SilentReadings read = { 0 };
        uint32_t good = 0;
        int r = s->reaches ? silent_hosts_read(&s->silent, a, settings, &in, was, s->open, &read)
                           : silent_store_recall(s->store, a, settings, &in, was, s->open, &read);

        for (uint32_t i = 0; r == 0 && i < read.n; i++) {
                source_notice_put(s, read.at[i].notice);
                good += read.at[i].report != NULL;
        }
        if (r == 0 && good > 0)
                r = silent_hosts_put(a, &read, &in);
        if (r < 0 && r != -ENOMEM)
                text_fault(f, "", "%s", store_error(s->store));
        if (r < 0 || good == 0)
                return r == -ENOMEM ? source_no_memory(f) : r;
        r = source_build_checked(s, a, settings, in, &now, f);
        if (r == 0)
                r = silent_hosts_mark(a, &read, was, now, &now);
        s->faults = faults;
        if (r == 0) {
                s->reported = was;
                *io_read = now;
        }
        return r == -ENOMEM ? source_no_memory(f) : r < 0 ? r : 0;
}

static int source_book(const Source *s, Arena *a, const Snapshot **io_read) {
        Snapshot *copy;

        if (s->bookings.n_held == 0)
                return 0;
        copy = arena_new(a, Snapshot, 1);
        if (!copy)
                return -ENOMEM;
        *copy = **io_read;
        copy->bookings = s->bookings.held;
        copy->n_bookings = s->bookings.n_held;
        *io_read = copy;
        return 0;
}

int source_read_redis(Source *s, Arena *a, const Settings *settings, const Snapshot **ret, TextFault *f) {
        bool prometheus = settings_text(settings, "prometheus", "url")[0] != '\0';
        BuildInput in = { 0 };
        const Workers workers = workers_threads(0);
        FetchedReports all = { 0 };
        const Snapshot *read;
        int r = booking_store_read(s->store, a, &s->bookings);

        if (r == 0)
                r = source_read_admissions(s, a, settings, &in);
        if (r == 0)
                r = reports_fetch(a, &workers, s->store, &all);
        if (r == 0)
                r = source_read_marks(s, a, &in);
        s->marks = r == 0 ? in.marks : NULL;
        s->n_marks = r == 0 ? in.n_marks : 0;
        if (r == 0)
                r = fault_store_read(s->store, a, &in, &s->faults);
        if (r == 0)
                r = brake_store_read(s->store, a, clock_now_of(s->clock), &in, &s->brake);
        if (r == 0)
                r = known_hosts_read(s->store, a, &in, &s->known, &s->n_known);
        if (r == 0)
                r = hold_store_read(s->store, a, &in, &s->holds);
        if (r == 0)
                r = source_read_lessons(s, a, &in);
        if (r < 0) {
                text_fault(f, "", "%s", r == -ENOMEM ? "" : store_error(s->store));
                return r == -ENOMEM ? source_no_memory(f) : r;
        }
        if (all.n == 0 && all.n_members == 0 && !prometheus) {
                text_fault(f, "",
                           "no host has reported to cluster \"%s\" (start plimsoll-agent on each host)",
                           s->cluster);
                return -ENODATA;
        }
        r = source_take_reports(s, a, &all, &in);
        if (r == 0)
                r = source_add_bmcs(s, a, &in);
        if (r == 0 && prometheus)
                r = source_add_prometheus(s, a, settings, &in);
        if (r < 0)
                return source_no_memory(f);
        in.uri_pattern = settings_text(settings, "service", "uri");
        in.now = clock_now_of(s->clock);
        r = source_build_checked(s, a, settings, in, &read, f);
        if (r == 0 && (s->reaches || hosts_silent(read) > 0))
                r = source_reach(s, a, settings, in, &read, f);
        if (r < 0)
                return r;
        r = demand_from_store(s->store, a, read, &read);
        if (r == 0)
                r = store_loss_read(s->store, a, &s->loss);
        s->lost = r == 0;
        if (r == 0)
                r = store_loss_hold(a, read, &s->loss, &read);
        if (r >= 0)
                r = source_book(s, a, &read);
        if (r < 0)
                text_fault(f, "", "%s", r == -ENOMEM ? "out of memory" : store_error(s->store));
        *ret = read;
        return r < 0 ? r : 0;
}
