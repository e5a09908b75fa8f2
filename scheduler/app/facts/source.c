/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/facts/source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/remote/prometheus.h"
#include "collectors/remote/remote.h"
#include "scheduler/app/facts/bmc_watch.h"
#include "scheduler/app/facts/brake_store.h"
#include "scheduler/app/facts/clock_check.h"
#include "scheduler/app/facts/demand_store.h"
#include "scheduler/app/facts/report_reader.h"
#include "scheduler/app/facts/silent_hosts.h"
#include "scheduler/app/facts/store_loss.h"
#include "scheduler/app/state/admission_record.h"
#include "scheduler/app/state/host_mark.h"
#include "scheduler/app/state/move_journal.h"
#include "scheduler/app/terminal/file.h"
#include "scheduler/decide/migration/migration_lessons.h"
#include "scheduler/snapshot/build/build.h"
#include "scheduler/snapshot/build/off_vms.h"
#include "scheduler/snapshot/files/snapshot_file.h"
#include "scheduler/snapshot/rules/rules_apply.h"
#include "scheduler/snapshot/wire/sample_wire.h"

#define URIS_MAX 4096

struct Source {
        SourceKind kind;
        const char
                *path; /* SOURCE_FILE: the file; SOURCE_PROMETHEUS: the URL. Lives as long as the options */
        const char **uris; /* SOURCE_HOSTS: into `words` */
        uint32_t n_uris;
        char *words;
        const char *cluster;
        const Clock *clock;
        Strings for_good; /* hosts */
        Store *store;
        bool own_store;
        FaultStore faults;           /* in the arena of the last reading */
        AdmissionRecords admissions; /* the same */
        bool admits;      /* the store once said that hosts must be admitted: it may forget that, we do not */
        BrakeStore brake; /* in that arena too */
        HoldStore holds;  /* likewise */
        const HostMark *marks; /* in that arena too */
        uint32_t n_marks;
        const StoredText *known; /* in that arena too */
        uint32_t n_known;
        KnownHosts hosts;         /* SOURCE_HOSTS: what earlier readings saw */
        bool reaches;             /* silent hosts that must be left are read through libvirt */
        SilentHosts silent;       /* that were */
        Strings open;             /* hosts of moves whose end is not known; in that arena too */
        const Snapshot *reported; /* by reports alone; NULL: nothing else was read */
        Arena *reading;           /* that arena */
        const char **notices;     /* in it, too */
        uint32_t n_notices, notices_room;
        uint64_t n_left_out;
        const Snapshot *facts; /* of the last reading, without rules of the settings */
        LostStore loss;        /* of the store, as the last reading found it */
        bool lost;
};

void source_use_clock(Source *s, const Clock *clock) {
        s->clock = clock;
}

void source_for_good(Source *s, Strings hosts) {
        s->for_good = hosts;
}

void source_reach_silent(Source *s) {
        s->reaches = true;
}

const HoldStore *source_holds(const Source *s) {
        return &s->holds;
}

const BrakeStore *source_brake(const Source *s) {
        return &s->brake;
}

SourceKind source_kind(const Source *s) {
        return s->kind;
}

const char *source_cluster(const Source *s) {
        return s->cluster;
}

const char *source_name(const Source *s) {
        static const char *const names[] = {
                [SOURCE_HOSTS] = "--hosts", [SOURCE_REDIS] = "Redis", [SOURCE_PROMETHEUS] = "Prometheus"
        };

        if (s->kind == SOURCE_FILE)
                return strcmp(s->path, "-") == 0 ? "standard input" : s->path;
        return names[s->kind];
}

Store *source_store(const Source *s) {
        return s->store;
}

const char *source_notice(const Source *s, uint32_t i) {
        return i < s->n_notices ? s->notices[i] : NULL;
}

const Snapshot *source_facts(const Source *s) {
        return s->facts;
}

const Snapshot *source_reported(const Source *s) {
        return s->reported ? s->reported : s->facts;
}

const AdmissionRecords *source_admissions(const Source *s) {
        return &s->admissions;
}

bool source_admits(const Source *s) {
        return s->admits;
}

const LostStore *source_loss(const Source *s) {
        return s->lost ? &s->loss : NULL;
}

uint64_t source_left_out(const Source *s) {
        return s->n_left_out;
}

const HostMark *source_marks(const Source *s, uint32_t *ret_n) {
        *ret_n = s->n_marks;
        return s->marks;
}

const StoredText *source_known(const Source *s, uint32_t *ret_n) {
        *ret_n = s->n_known;
        return s->known;
}

const FaultStore *source_faults(const Source *s) {
        return &s->faults;
}

Source *source_free(Source *s) {
        if (!s)
                return NULL;
        if (s->own_store)
                (void) store_free(s->store);
        known_hosts_close(&s->hosts);
        silent_hosts_close(&s->silent);
        free(s->uris);
        free(s->words);
        free(s);
        return NULL;
}

static int source_no_memory(TextFault *f) {
        text_fault(f, "", "blind: the facts need more memory than they may take, and a part of them is none");
        return -ENOMEM;
}

/* All uses of --hosts, split at commas. */
static int split_uris(Source *s, const Options *o, TextFault *f) {
        size_t bytes = 1, used = 0;
        const char *list;
        char *rest;

        for (unsigned i = 0; (list = option_nth(o, "hosts", i)); i++)
                bytes += strlen(list) + 1;
        s->words = malloc(bytes);
        s->uris = calloc(URIS_MAX, sizeof(*s->uris));
        if (!s->words || !s->uris)
                return source_no_memory(f);
        for (unsigned i = 0; (list = option_nth(o, "hosts", i)); i++) {
                memcpy(s->words + used, list, strlen(list));
                used += strlen(list);
                s->words[used++] = ',';
        }
        s->words[used] = '\0';
        for (char *uri = strtok_r(s->words, ",", &rest); uri; uri = strtok_r(NULL, ",", &rest)) {
                if (s->n_uris == URIS_MAX) {
                        text_fault(f, "", "--hosts: more than %d URIs", URIS_MAX);
                        return -EINVAL;
                }
                s->uris[s->n_uris++] = uri;
        }
        if (s->n_uris == 0)
                text_fault(f, "", "--hosts: accepted are libvirt URIs, separated by commas");
        return s->n_uris > 0 ? 0 : -EINVAL;
}

static int open_redis(Source *s, const Options *o, const Settings *settings, TextFault *f) {
        const char *url = option_text(o, "redis"), *configured = settings_text(settings, "service", "redis");
        StoreOptions options = { .url = url ? url : configured, .cluster = s->cluster };

        s->own_store = true;
        return store_open(&options, &s->store, f);
}

static int source_choose(const Options *o, const Settings *settings, SourceKind *ret, TextFault *f) {
        static const char *const names[] = { "from", "hosts", "redis", "prometheus" };
        static const SourceKind kinds[] = { SOURCE_FILE, SOURCE_HOSTS, SOURCE_REDIS, SOURCE_PROMETHEUS };
        int given = 0;

        *ret = settings_text(settings, "service", "redis")[0] ? SOURCE_REDIS : SOURCE_PROMETHEUS;
        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                if (option_given(o, names[i])) {
                        *ret = kinds[i];
                        given++;
                }
        if (given > 1) {
                text_fault(f, "", "--from, --hosts, --redis and --prometheus exclude each other");
                return -EINVAL;
        }
        if (given == 0 && *ret == SOURCE_PROMETHEUS && !settings_text(settings, "prometheus", "url")[0]) {
                text_fault(f, "",
                           "say where the facts come from: --from FILE, --hosts URI[,URI], --redis URL or "
                           "--prometheus URL (or service.redis or prometheus.url in the settings)");
                return -EINVAL;
        }
        return 0;
}

int source_open(const Options *o, const Settings *settings, Source **ret, TextFault *reterr_fault) {
        Source *s = calloc(1, sizeof(*s));
        const char *cluster = option_text(o, "cluster");
        int r;

        *reterr_fault = (TextFault){ 0 };
        if (!s)
                return source_no_memory(reterr_fault);
        s->cluster = cluster ? cluster : settings_text(settings, "service", "cluster");
        r = source_choose(o, settings, &s->kind, reterr_fault);
        if (r == 0 && s->kind == SOURCE_FILE)
                s->path = option_text(o, "from");
        if (r == 0 && s->kind == SOURCE_PROMETHEUS)
                s->path = option_text(o, "prometheus");
        if (r == 0 && s->kind == SOURCE_HOSTS)
                r = split_uris(s, o, reterr_fault);
        if (r == 0 && s->kind == SOURCE_REDIS)
                r = open_redis(s, o, settings, reterr_fault);
        if (r < 0)
                (void) source_free(s);
        else
                *ret = s;
        return r;
}

int source_open_store(Store *store, const char *cluster, Source **ret) {
        Source *s = calloc(1, sizeof(*s));

        if (!s)
                return -ENOMEM;
        *s = (Source){ .kind = SOURCE_REDIS, .store = store, .cluster = cluster };
        *ret = s;
        return 0;
}

static void source_notice_put(Source *s, const char *text) {
        if (s->n_notices == s->notices_room) {
                const uint32_t room = s->n_notices > 0 ? 2 * s->n_notices : 16;
                const char **more = arena_longer(s->reading, const char *, s->notices, s->n_notices, room);

                if (!more)
                        return;
                s->notices = more;
                s->notices_room = room;
        }
        if (text)
                s->notices[s->n_notices++] = text;
}

static int read_file(Source *s, Arena *a, const Snapshot **ret, TextFault *f) {
        const char *text;
        size_t n;
        int r = file_read(a, s->path, &text, &n, f);

        return r < 0 ? r : snapshot_file_parse(a, text, n, ret, f);
}

static int source_build(Source *s, Arena *a, const Settings *settings, BuildInput in, const Snapshot **ret,
                        TextFault *f) {
        int r;

        in.cluster = s->cluster;
        in.now = clock_now_of(s->clock);
        r = snapshot_build_remembering(a, &in, settings, ret, &s->faults.after);
        if (r == -ERANGE)
                text_fault(f, "", "blind: there are more than %u VMs, and a part of them is none", VMS_MAX);
        else if (r < 0)
                text_fault(f, "", "the facts cannot be put together: %s", strerrordesc_np(-r));
        else
                s->faults.n_after = (*ret)->n_hosts;
        return r;
}

/* Of a report that is used. */
static void notice_left_out(Source *s, Arena *a, const Report *r) {
        const Sample *first = r->dropped;

        if (r->n_dropped == 0)
                return;
        s->n_left_out += r->n_dropped;
        source_notice_put(
                s, text_format(a, "%s: left out of its report: %s%s%s: %s%s", r->host,
                               first->metric == METRIC_N ? "a line" : metric_defs[first->metric].name,
                               *first->subject ? " of " : "", first->subject, first->text,
                               r->n_dropped > 1 ? text_format(a, ", and %u more", r->n_dropped - 1) : ""));
}

/* A report that came by another way than the store is bounded as those are. */
static int take_reread(Source *s, Arena *a, const Report *report, const Report **ret, TextFault *f) {
        int r = report_reread(a, report, ret, f);

        if (r == 0)
                notice_left_out(s, a, *ret);
        return r;
}

static int read_hosts(Source *s, Arena *a, const Settings *settings, const Snapshot **ret, TextFault *f) {
        RemoteOptions options = { .uris = s->uris,
                                  .n_uris = s->n_uris,
                                  .interval = settings_int(settings, "agentless", "interval"),
                                  .timeout = settings_int(settings, "agentless", "timeout") };
        const Report **reports = arena_new(a, const Report *, s->n_uris);
        const char **names = arena_new(a, const char *, s->n_uris);
        BuildInput in = {
                .reports = reports, .n_reports = s->n_uris, .expected = names, .n_expected = s->n_uris
        };
        RemoteHost *hosts = NULL;
        int r = remote_read(&options, a, &hosts, f);

        if (r < 0)
                return r;
        if (!reports || !names)
                return source_no_memory(f);
        for (uint32_t i = 0; i < s->n_uris; i++) {
                if (hosts[i].error)
                        source_notice_put(s,
                                          text_format(a, "%s (%s): %s", hosts[i].report.host, hosts[i].uri,
                                                      hosts[i].error_text ? hosts[i].error_text
                                                                          : strerrordesc_np(hosts[i].error)));
        }
        if (s->n_notices > 0 && s->n_notices == s->n_uris) {
                text_fault(f, "", "no host answers: %s%s", s->notices[0],
                           s->n_notices > 1 ? ", and so the others" : "");
                return -EHOSTUNREACH;
        }
        for (uint32_t i = 0; r == 0 && i < s->n_uris; i++) {
                r = take_reread(s, a, &hosts[i].report, &reports[i], f);
                names[i] = r == 0 ? reports[i]->host : NULL;
        }
        if (r < 0)
                return r == -ENOMEM ? source_no_memory(f) : r;
        if (known_hosts_recall(&s->hosts, a, &in) < 0)
                return source_no_memory(f);
        r = source_build(s, a, settings, in, ret, f);
        return r == 0 && known_hosts_keep(&s->hosts, *ret) < 0 ? source_no_memory(f) : r;
}

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

                if (host_mark_parse(a, texts[i].text, texts[i].n, &m) == -ENOMEM)
                        return -ENOMEM;
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
static int read_lessons(Source *s, Arena *a, BuildInput *in) {
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
                if (r == 0 && e->event == JOURNAL_DONE)
                        moves[kept++] = move_finished(e);
                n_entries += r == 0;
        }
        r = known_moves(a, entries, n_entries, in);
        if (r == 0)
                r = source_open_hosts(s, a, entries, n_entries);
        return r < 0 ? r : migration_learn(a, moves, kept, &in->lessons);
}

/* Who is on the list, and who was admitted: a host that falls silent is silent, and not gone. */
static int expect_hosts(const Source *s, Arena *a, const FetchedReports *all, BuildInput *in) {
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
static void notice_drops(Source *s, Arena *a, const Drops *drops) {
        for (uint32_t i = 0; i < drops_named(drops); i++)
                source_notice_put(s, text_copy(a, drops->words[i], strlen(drops->words[i])));
        s->n_left_out += drops->n;
}

/* A report that cannot be read is as good as none: its host is a member, and so excluded for want of facts. So is one that
 * says another host than its key: an agent can write its own key alone, and speaks for no other. */
static int take_reports(Source *s, Arena *a, const FetchedReports *all, BuildInput *in) {
        const Report **reports = arena_new(a, const Report *, all->n);

        if (!reports)
                return -ENOMEM;
        notice_drops(s, a, store_drops(s->store, false));
        notice_drops(s, a, store_drops(s->store, true));
        in->n_left_out = s->n_left_out;
        for (uint32_t i = 0; i < all->n; i++) {
                const ReadReport *one = &all->reports[i];

                if (!one->report) {
                        source_notice_put(s, text_format(a, "%s: its report cannot be read: line %u: %s",
                                                         one->host, one->fault->line, one->fault->what));
                } else if (strcmp(one->report->host, one->host) != 0) {
                        source_notice_put(s, text_format(a, "%s: its report says that it is of %s: not used",
                                                         one->host, one->report->host));
                } else {
                        reports[in->n_reports++] = one->report;
                        notice_left_out(s, a, one->report);
                        continue;
                }
                s->n_left_out++;
                in->n_left_out++;
        }
        in->reports = reports;
        return expect_hosts(s, a, all, in);
}

static int read_prometheus(Source *s, Arena *a, const Settings *settings, const Snapshot **ret,
                           TextFault *f) {
        PromFacts facts;
        const Report **reports;
        int r = prometheus_read(a, settings, s->path, &facts, f);

        if (r < 0)
                return r;
        reports = arena_new(a, const Report *, facts.n_reports);
        if (!reports)
                return source_no_memory(f);
        for (uint32_t i = 0; r == 0 && i < facts.n_reports; i++)
                r = take_reread(s, a, &facts.reports[i], &reports[i], f);
        if (r < 0)
                return r == -ENOMEM ? source_no_memory(f) : r;
        return source_build(s, a, settings,
                            (BuildInput){ .reports = reports,
                                          .n_reports = facts.n_reports,
                                          .expected = facts.members,
                                          .n_expected = facts.n_members },
                            ret, f);
}

static int compare_host(const void *host, const void *report) {
        return strcmp(host, (*(const Report *const *) report)->host);
}

/* Hosts that no agent speaks for are seen through Prometheus, where the settings name one. Without it the
 * round goes on with what the agents say; those hosts are then silent. */
static int add_prometheus(Source *s, Arena *a, const Settings *settings, BuildInput *in) {
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
                        r = take_reread(s, a, &facts.reports[i], &reports[in->n_reports++], &fault);
        if (r < 0)
                return r;
        for (uint32_t i = 0; i < facts.n_members; i++)
                expected[in->n_expected++] = facts.members[i];
        in->reports = reports;
        in->expected = expected;
        return 0;
}

/* What the BMCs of hosts say stands in the store beside their agents' reports. */
static int add_bmcs(Source *s, Arena *a, BuildInput *in) {
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
                notice_left_out(s, a,
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

/* Hosts that must be left though their agents are silent, through libvirt. What is remembered of their hardware stays: of
 * that libvirt says nothing. */
static int source_reach(Source *s, Arena *a, const Settings *settings, BuildInput in,
                        const Snapshot **io_read, TextFault *f) {
        const FaultStore faults = s->faults;
        const Snapshot *was = *io_read, *now = NULL;
        SilentReadings read = { 0 };
        uint32_t good = 0;
        int r = silent_hosts_read(&s->silent, a, settings, &in, was, s->open, &read);

        for (uint32_t i = 0; r == 0 && i < read.n; i++) {
                source_notice_put(s, read.at[i].notice);
                good += read.at[i].report != NULL;
        }
        if (r == 0 && good > 0)
                r = silent_hosts_put(a, &read, &in);
        if (r < 0)
                return source_no_memory(f);
        if (good == 0)
                return 0;
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

static int read_redis(Source *s, Arena *a, const Settings *settings, const Snapshot **ret, TextFault *f) {
        bool prometheus = settings_text(settings, "prometheus", "url")[0] != '\0';
        BuildInput in = { 0 };
        const Workers workers = workers_threads(0);
        FetchedReports all = { 0 };
        const Snapshot *read;
        const char *note = NULL, *unread = NULL;
        int r = source_read_admissions(s, a, settings, &in);

        if (r == 0)
                r = reports_fetch(a, &workers, s->store, &all);
        if (r == 0)
                r = source_read_marks(s, a, &in);
        s->marks = r == 0 ? in.marks : NULL;
        s->n_marks = r == 0 ? in.n_marks : 0;
        if (r == 0)
                r = fault_store_read(s->store, a, &in, &s->faults, &note);
        if (r == 0)
                r = brake_store_read(s->store, a, clock_now_of(s->clock), &in, &s->brake);
        if (r == 0)
                r = known_hosts_read(s->store, a, &in, &s->known, &s->n_known);
        if (r == 0)
                r = hold_store_read(s->store, a, &in, &s->holds, &unread);
        if (r == 0)
                r = read_lessons(s, a, &in);
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
        r = take_reports(s, a, &all, &in);
        if (r == 0)
                r = add_bmcs(s, a, &in);
        if (r == 0 && prometheus)
                r = add_prometheus(s, a, settings, &in);
        if (r < 0)
                return source_no_memory(f);
        source_notice_put(s, note);
        source_notice_put(s, unread);
        in.uri_pattern = settings_text(settings, "service", "uri");
        in.now = clock_now_of(s->clock);
        r = source_build_checked(s, a, settings, in, &read, f);
        if (r == 0 && s->reaches)
                r = source_reach(s, a, settings, in, &read, f);
        if (r < 0)
                return r;
        r = demand_from_store(s->store, a, read, &read);
        if (r == 0)
                r = store_loss_read(s->store, a, &s->loss);
        s->lost = r == 0;
        if (r == 0)
                r = store_loss_hold(a, read, &s->loss, &read);
        if (r < 0)
                text_fault(f, "", "%s", r == -ENOMEM ? "out of memory" : store_error(s->store));
        *ret = read;
        return r < 0 ? r : 0;
}

static int source_read_facts(Source *s, Arena *a, const Settings *settings, const Snapshot **ret,
                             TextFault *f) {
        if (s->kind == SOURCE_FILE)
                return read_file(s, a, ret, f);
        if (s->kind == SOURCE_HOSTS)
                return read_hosts(s, a, settings, ret, f);
        if (s->kind == SOURCE_PROMETHEUS)
                return read_prometheus(s, a, settings, ret, f);
        return read_redis(s, a, settings, ret, f);
}

int source_read(Source *s, Arena *a, const Settings *settings, const Snapshot **ret,
                TextFault *reterr_fault) {
        int r;

        *reterr_fault = (TextFault){ 0 };
        s->reading = a;
        s->notices = NULL;
        s->n_notices = s->notices_room = 0;
        s->n_left_out = 0;
        s->facts = s->reported = NULL;
        s->open = (Strings){ 0 };
        r = source_read_facts(s, a, settings, &s->facts, reterr_fault);
        for (uint32_t i = 0; r == 0 && i < s->for_good.n; i++)
                r = off_vms_leave(a, s->facts, s->for_good.at[i], &s->facts) < 0 ? -ENOMEM : 0;
        if (r == 0)
                r = rules_apply(a, s->facts, settings_rules(settings), ret);
        if (r == 0)
                r = move_holds_apply(a, *ret, ret);
        return r == -ENOMEM ? source_no_memory(reterr_fault) : r;
}
