/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/remote/prometheus.h"
#include "collectors/remote/remote.h"
#include "scheduler/app/facts/source_parts.h"
#include "scheduler/app/terminal/file.h"
#include "scheduler/snapshot/build/off_vms.h"
#include "scheduler/snapshot/files/snapshot_file.h"
#include "scheduler/snapshot/rules/rules_apply.h"

#define URIS_MAX 4096

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

const BookingStore *source_bookings(const Source *s) {
        return &s->bookings;
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

const SilentHosts *source_silent(const Source *s) {
        return &s->silent;
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
                text_fault(f, "", "--hosts accepts libvirt URIs, separated by commas");
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
                text_fault(f, "",
                           "--from, --hosts, --redis and --prometheus exclude each other. Give one of them.");
                return -EINVAL;
        }
        if (given == 0 && *ret == SOURCE_PROMETHEUS && !settings_text(settings, "prometheus", "url")[0]) {
                text_fault(
                        f, "",
                        "No source given. Use --from FILE, --hosts URI, --redis URL or --prometheus URL (or "
                        "service.redis or prometheus.url in the settings).");
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

static int read_file(Source *s, Arena *a, const Snapshot **ret, TextFault *f) {
        const char *text;
        size_t n;
        const char *unknown = NULL;
        int r = file_read(a, s->path, &text, &n, f);

        if (r == 0)
                r = snapshot_file_parse_noting(a, text, n, ret, &unknown, f);
        if (r == 0 && unknown)
                source_notice_put(s, text_format(a, "%s: %s", s->path, unknown));
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
                           s->n_notices > 1 ? ", and the others likewise" : "");
                return -EHOSTUNREACH;
        }
        for (uint32_t i = 0; r == 0 && i < s->n_uris; i++) {
                r = source_take_reread(s, a, &hosts[i].report, &reports[i], f);
                names[i] = r == 0 ? reports[i]->host : NULL;
        }
        if (r < 0)
                return r == -ENOMEM ? source_no_memory(f) : r;
        if (known_hosts_recall(&s->hosts, a, &in) < 0)
                return source_no_memory(f);
        r = source_build(s, a, settings, in, ret, f);
        return r == 0 && known_hosts_keep(&s->hosts, *ret) < 0 ? source_no_memory(f) : r;
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
                r = source_take_reread(s, a, &facts.reports[i], &reports[i], f);
        if (r < 0)
                return r == -ENOMEM ? source_no_memory(f) : r;
        return source_build(s, a, settings,
                            (BuildInput){ .reports = reports,
                                          .n_reports = facts.n_reports,
                                          .expected = facts.members,
                                          .n_expected = facts.n_members },
                            ret, f);
}

static int source_read_facts(Source *s, Arena *a, const Settings *settings, const Snapshot **ret,
                             TextFault *f) {
        if (s->kind == SOURCE_FILE)
                return read_file(s, a, ret, f);
        if (s->kind == SOURCE_HOSTS)
                return read_hosts(s, a, settings, ret, f);
        if (s->kind == SOURCE_PROMETHEUS)
                return read_prometheus(s, a, settings, ret, f);
        return source_read_redis(s, a, settings, ret, f);
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
