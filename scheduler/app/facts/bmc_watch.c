/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/facts/bmc_watch.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/remote/redfish.h"
#include "scheduler/app/facts/bmc_list.h"
#include "scheduler/base/log.h"
#include "scheduler/base/thread.h"
#include "scheduler/snapshot/wire/sample_wire.h"

#define STATE       "redfish"
#define REPORT_HEAD "plimsoll.report/1 "
#define NAP         (200 * USEC_PER_MSEC)
#define ARENA_BYTES ((size_t) 1 << 30)
#define QUOTE       400

/* What one BMC said last, as text, so that nothing but the text is kept. */
typedef struct Said {
        char *host, *text;
        bool fails;
} Said;

struct BmcWatch {
        char *redis, *cluster, *file, *ca_file;
        char log_words[300];
        LogThread log; /* of its thread */
        bool insecure, started;
        usec_t every, timeout;
        pthread_t thread;
        atomic_bool stop;
        _Atomic uint64_t token; /* of the lease; 0: another leads */
        Store *store;
        Said *said;
        uint32_t n_said;
        int file_error; /* last logged */
};

/* ---- reading ---- */

static Said *said_of(BmcWatch *w, const char *host) {
        Said *more;

        for (uint32_t i = 0; i < w->n_said; i++)
                if (strcmp(w->said[i].host, host) == 0)
                        return &w->said[i];
        more = realloc(w->said, sizeof(*more) * ((size_t) w->n_said + 1));
        if (!more)
                return NULL;
        w->said = more;
        w->said[w->n_said] = (Said){ .host = strdup(host) };
        return w->said[w->n_said].host ? &w->said[w->n_said++] : NULL;
}

static void failure_log(const Bmc *bmc, Said *said, const TextFault *f) {
        char quoted[QUOTE];

        if (!said->fails)
                log_event(LOG_WARNING, "bmc.fails", "host=%s why=%s", bmc->host,
                          log_quote(f->what, quoted, sizeof(quoted)));
        said->fails = true;
}

static int bmc_read(BmcWatch *w, Arena *a, const Bmc *bmc) {
        RedfishTarget target = { .host = bmc->host,
                                 .url = bmc->url,
                                 .user = bmc->user,
                                 .password = bmc->password,
                                 .ca_file = w->ca_file[0] ? w->ca_file : NULL,
                                 .insecure = w->insecure,
                                 .timeout = w->timeout };
        Said *said = said_of(w, bmc->host);
        Section section;
        Report report = { .host = bmc->host, .sections = &section, .n_sections = 1, .interval = w->every };
        const char *text = NULL;
        TextFault fault = { 0 };
        size_t n = 0;
        int r;

        if (!said)
                return -ENOMEM;
        r = redfish_read(a, &target, clock_now(), &section, &fault);
        if (r < 0) {
                failure_log(bmc, said, &fault);
                return 0;
        }
        report.sent_at = clock_now();
        r = report_print(a, &report, &text, &n);
        if (r < 0)
                return r;
        if (said->fails)
                log_event(LOG_INFO, "bmc.well", "host=%s", bmc->host);
        said->fails = false;
        free(said->text);
        said->text = strndup(text, n);
        return said->text ? 0 : -ENOMEM;
}

/* ---- the store ---- */

static int bmc_watch_save(BmcWatch *w, Arena *a) {
        size_t n = 0, at = 0;
        char *all;

        for (uint32_t i = 0; i < w->n_said; i++)
                n += w->said[i].text ? strlen(w->said[i].text) : 0;
        all = arena_new(a, char, n + 1);
        if (!all)
                return -ENOMEM;
        for (uint32_t i = 0; i < w->n_said; i++)
                if (w->said[i].text) {
                        size_t length = strlen(w->said[i].text);

                        memcpy(all + at, w->said[i].text, length);
                        at += length;
                }
        return store_lead_state(w->store, atomic_load(&w->token), STATE, all, n, 3 * w->every + w->timeout);
}

static bool bmc_watch_rest(BmcWatch *w, usec_t until) {
        while (!atomic_load(&w->stop) && clock_monotonic() < until)
                clock_sleep(NAP);
        return !atomic_load(&w->stop);
}

static void file_log(BmcWatch *w, int r, const TextFault *f) {
        char quoted[QUOTE];

        if (r < 0 && r != w->file_error)
                log_event(LOG_ERROR, "bmc.list", "file=%s line=%u error=%s", w->file, f->line,
                          log_quote(f->what, quoted, sizeof(quoted)));
        w->file_error = r;
}

/* The file is read each time: a BMC that is added is asked without a restart. */
static void bmc_watch_read_all(BmcWatch *w, Arena *a) {
        const Bmc *list = NULL;
        TextFault fault = { 0 };
        uint32_t n = 0;
        int r = bmc_list_read(a, w->file, &list, &n, &fault);
        ArenaMark mark = arena_mark(a);

        file_log(w, r, &fault);
        for (uint32_t i = 0; r == 0 && i < n && atomic_load(&w->token) != 0 && !atomic_load(&w->stop); i++) {
                arena_rewind(a, mark);
                r = bmc_read(w, a, &list[i]);
                if (r == 0)
                        r = bmc_watch_save(w, a);
                if (r < 0)
                        log_event(LOG_WARNING, "bmc.lost", "host=%s error=%s", list[i].host,
                                  strerrorname_np(-r));
        }
}

static void *bmc_watch_watch(void *arg) {
        BmcWatch *w = arg;
        usec_t next = 0;
        Arena a;

        (void) snprintf(w->log_words, sizeof(w->log_words), "cluster=%s", w->cluster);
        w->log.words = w->log_words;
        log_thread(&w->log);
        if (arena_open(ARENA_BYTES, &a) < 0)
                return NULL;
        while (bmc_watch_rest(w, next)) {
                if (atomic_load(&w->token) == 0) {
                        next = clock_monotonic() + NAP;
                        continue;
                }
                next = clock_monotonic() + w->every;
                arena_rewind(&a, 0);
                bmc_watch_read_all(w, &a);
        }
        arena_close(&a);
        return NULL;
}

/* ---- its life ---- */

static int bmc_watch_open_all(BmcWatch *w, const BmcWatchOptions *o) {
        TextFault ignored;
        StoreOptions store = { .url = o->redis, .cluster = o->cluster };
        int r;

        w->redis = strdup(o->redis);
        w->cluster = strdup(o->cluster);
        w->file = strdup(o->file);
        w->ca_file = strdup(o->ca_file ? o->ca_file : "");
        if (!w->redis || !w->cluster || !w->file || !w->ca_file)
                return -ENOMEM;
        r = store_open(&store, &w->store, &ignored);
        if (r < 0)
                return r;
        r = thread_begin(&w->thread, bmc_watch_watch, w);
        w->started = r == 0;
        return r;
}

int bmc_watch_new(const BmcWatchOptions *options, BmcWatch **ret) {
        BmcWatch *w = calloc(1, sizeof(*w));
        int r;

        if (!w)
                return -ENOMEM;
        w->insecure = options->insecure;
        w->every = options->every;
        w->timeout = options->timeout;
        r = bmc_watch_open_all(w, options);
        if (r < 0)
                (void) bmc_watch_free(w);
        else
                *ret = w;
        return r;
}

BmcWatch *bmc_watch_free(BmcWatch *w) {
        if (!w)
                return NULL;
        atomic_store(&w->stop, true);
        if (w->started)
                (void) pthread_join(w->thread, NULL);
        (void) store_free(w->store);
        for (uint32_t i = 0; i < w->n_said; i++) {
                free(w->said[i].host);
                free(w->said[i].text);
        }
        free(w->said);
        free(w->redis);
        free(w->cluster);
        free(w->file);
        free(w->ca_file);
        free(w);
        return NULL;
}

void bmc_watch_lead(BmcWatch *w, uint64_t token) {
        if (w)
                atomic_store(&w->token, token);
}

int bmc_watch_start(const Settings *settings, const char *redis, const char *cluster, BmcWatch **ret) {
        BmcWatchOptions o = { .redis = redis,
                              .cluster = cluster,
                              .file = settings_text(settings, "redfish", "file"),
                              .ca_file = settings_text(settings, "redfish", "ca_file"),
                              .insecure = settings_int(settings, "redfish", "verify") == 0,
                              .every = settings_int(settings, "redfish", "every"),
                              .timeout = settings_int(settings, "redfish", "timeout") };

        return o.file[0] ? bmc_watch_new(&o, ret) : 1;
}

/* ---- for readers ---- */

/* Where the next report begins; its head cannot stand at the beginning of a line within one. */
static const char *next_head(const char *from, const char *end) {
        for (const char *at = from; at < end; at++) {
                at = memmem(at, (size_t) (end - at), "\n" REPORT_HEAD, sizeof(REPORT_HEAD));
                if (!at)
                        return end;
                return at + 1;
        }
        return end;
}

static int bmc_watch_compare_hosts(const void *left, const void *right) {
        const Report *const *x = left, *const *y = right;

        return strcmp((*x)->host, (*y)->host);
}

int bmc_reports_parse(Arena *a, const char *text, size_t n_text, const Report *const **ret, uint32_t *ret_n) {
        const char *end = text + n_text;
        const Report **list;
        uint32_t n = 0, room = 1;
        int r = 0;

        for (const char *at = text; at < end; at = next_head(at, end))
                room++;
        list = arena_new(a, const Report *, room);
        if (!list)
                return -ENOMEM;
        for (const char *at = text, *next; at < end; at = next) {
                TextFault fault = { 0 };

                next = next_head(at, end);
                r = report_parse(a, at, (size_t) (next - at), &list[n], &fault);
                if (r == -ENOMEM)
                        return r;
                n += r == 0;
        }
        /* NOLINTNEXTLINE(bugprone-sizeof-expression): they are pointers */
        qsort(list, n, sizeof(*list), bmc_watch_compare_hosts);
        *ret = list;
        *ret_n = n;
        return 0;
}

int bmc_reports(Store *store, Arena *a, const Report *const **ret, uint32_t *ret_n) {
        const char *text = NULL;
        size_t size = 0;
        int r = store_get_state(store, a, STATE, &text, &size);

        *ret_n = 0;
        if (r != 0)
                return r < 0 ? r : 0;
        return bmc_reports_parse(a, text, size, ret, ret_n);
}

const Report *bmc_merge(Arena *a, const Report *report, const Report *const *bmcs, uint32_t n) {
        const Report *const *bmc =
                /* NOLINTNEXTLINE(bugprone-sizeof-expression): they are pointers */
                n > 0 ? bsearch(&report, bmcs, n, sizeof(*bmcs), bmc_watch_compare_hosts) : NULL;
        Section *sections;
        Sample *dropped;
        Report *both;

        if (!bmc)
                return report;
        sections = arena_new(a, Section, report->n_sections + (*bmc)->n_sections);
        dropped = arena_new(a, Sample, report->n_dropped + (*bmc)->n_dropped);
        both = arena_new(a, Report, 1);
        if (!sections || !both || !dropped)
                return NULL;
        for (uint32_t i = 0; i < report->n_dropped; i++)
                dropped[i] = report->dropped[i];
        for (uint32_t i = 0; i < (*bmc)->n_dropped; i++)
                dropped[report->n_dropped + i] = (*bmc)->dropped[i];
        for (uint32_t i = 0; i < report->n_sections; i++)
                sections[i] = report->sections[i];
        for (uint32_t i = 0; i < (*bmc)->n_sections; i++)
                sections[report->n_sections + i] = (*bmc)->sections[i];
        *both = *report;
        both->sections = sections;
        both->n_sections += (*bmc)->n_sections;
        both->dropped = dropped;
        both->n_dropped += (*bmc)->n_dropped;
        return both;
}
