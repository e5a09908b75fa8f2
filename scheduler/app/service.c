#include "scheduler/app/service.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "scheduler/act/executor_libvirt.h"
#include "scheduler/app/bmc_watch.h"
#include "scheduler/app/service_round.h"
#include "scheduler/app/stop_signal.h"
#include "scheduler/base/log.h"
#include "scheduler/model/rule_set.h"

#define QUOTE       512
#define NAP         (USEC_PER_SEC / 4)
#define UNFINISHED  (3 * USEC_PER_SEC)
#define ROUND_LEAST USEC_PER_SEC /* from the start of one round to the next, however often hosts call */

typedef struct Service {
        const Options *options;
        Arena settings_arenas[2]; /* one holds the settings in force, the other takes the next ones */
        unsigned current;
        const Settings *settings;
        Arena arena; /* of a round */
        Store *store;
        Source *source;
        Leadership leadership;
        DemandBook demand;
        BmcWatch *bmcs; /* NULL: no BMC is asked */
        Executor executor;
        bool has_executor, leading;
        unsigned reloads; /* asked for so far, and done */
        char cluster[256];
        char followed[160]; /* the leader last logged */
        uint64_t last_said;
        bool paused;         /* balance is: predictions were wrong */
        usec_t wanted_since; /* monotonic: an imbalance lasts since then; 0: there is none */
        int64_t alarm;       /* how often hosts had called when the last round began */
        usec_t rest_until; /* monotonic: VMs were moved, and rates measured before are not to be planned on */
        bool unfinished;   /* what must be done was not done in the last round */
} Service;

static const OptionDef options[] = {
        { "", 0, OPTION_HEADING, NULL, 0, 0, 0, "Options, over what the settings say:" },
        { "redis", 0, OPTION_TEXT, "URL", 0, 0, 0,
          "redis://host:port or unix:///path; without one, a private redis-server in the state directory" },
        { "state-dir", 0, OPTION_TEXT, "DIR", 0, 0, 0, "what the service keeps of its own" },
        { "cluster", 0, OPTION_TEXT, "NAME", 0, 0, 0, "the cluster it looks after" },
        { "mode", 0, OPTION_TEXT, "advise|confirm|auto", 0, 0, 0,
          "advise: plans only; confirm: asks before it moves VMs; auto: moves VMs" },
        { "interval", 0, OPTION_DURATION, "TIME", 0, USEC_PER_SEC, 86400 * USEC_PER_SEC,
          "from the start of one round to the start of the next" },
        { "once", 0, OPTION_FLAG, NULL, 0, 0, 0, "one round, then exit; 3 when another leads" },
        { "verbose", 'v', OPTION_FLAG, NULL, 0, 0, 0, "logs more" },
        { "help", 'h', OPTION_FLAG, NULL, 0, 0, 0, "this text" },
        { "version", 0, OPTION_FLAG, NULL, 0, 0, 0, "the version" },
        SETTINGS_OPTIONS,
        { 0 },
};

/* Options that are settings by another name. */
static int set_options(const Options *o, Settings *s, TextFault *f) {
        static const char *const pairs[][2] = { { "redis", "service.redis" },
                                                { "state-dir", "service.state_dir" },
                                                { "cluster", "service.cluster" },
                                                { "mode", "service.mode" },
                                                { "interval", "service.interval" } };

        for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
                const char *text = option_text(o, pairs[i][0]);
                int r = text ? settings_set(s, pairs[i][1], text, f) : 0;

                if (r < 0)
                        return r;
        }
        return 0;
}

/* Into the arena that is not in use; in force only when all of it is good. */
static int load_settings(Service *x, const char **reterr_file, TextFault *reterr_fault) {
        unsigned next = !x->current;
        Settings *s = NULL;
        int r;

        arena_rewind(&x->settings_arenas[next], 0);
        r = app_settings_load(&x->settings_arenas[next], x->options, &s, reterr_file, reterr_fault);
        if (r == 0)
                r = set_options(x->options, s, reterr_fault);
        if (r < 0)
                return r;
        x->settings = s;
        x->current = next;
        return 0;
}

static void log_fault(const char *event, const char *file, const TextFault *f) {
        char quoted[QUOTE];

        log_event(LOG_ERROR, event, "file=%s line=%u column=%u key=%s error=%s", file ? file : "-", f->line,
                  f->column, f->field[0] ? f->field : "-", log_quote(f->what, quoted, sizeof(quoted)));
}

/* What was opened with a setting goes on as it was opened: said, not passed over. */
static void say_what_waits(const Settings *was, const Settings *now) {
        static const char *const texts[] = { "redis", "state_dir", "cluster" };

        for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
                if (strcmp(settings_text(was, "service", texts[i]),
                           settings_text(now, "service", texts[i])) != 0)
                        log_event(LOG_WARNING, "settings.needs_restart", "key=service.%s", texts[i]);
        if (settings_int(was, "service", "lease") != settings_int(now, "service", "lease"))
                log_event(LOG_WARNING, "settings.needs_restart", "key=service.lease");
}

static void reload(Service *x) {
        const Settings *was = x->settings;
        const RuleSet *rules;
        const char *file = NULL;
        TextFault fault = { 0 };

        if (load_settings(x, &file, &fault) < 0) {
                log_fault("settings.refused", file, &fault);
                log_event(LOG_WARNING, "settings.kept", "reason=\"those read before stay in force\"");
                return;
        }
        rules = settings_rules(x->settings);
        say_what_waits(was, x->settings);
        log_event(LOG_INFO, "settings.loaded", "mode=%s rules=%u",
                  service_mode_names[settings_int(x->settings, "service", "mode")],
                  rules ? rules->n_rules : 0);
}

static int open_store(Service *x, TextFault *f) {
        const char *url = settings_text(x->settings, "service", "redis");
        const char *configured = settings_text(x->settings, "service", "cluster");
        const char *cluster = x->cluster; /* outlives the settings it was read from */
        StoreOptions o = { .url = url[0] ? url : NULL,
                           .state_dir = settings_text(x->settings, "service", "state_dir"),
                           .cluster = configured };
        int r = store_open(&o, &x->store, f);

        if (r == 0) /* the store has accepted its length */
                (void) snprintf(x->cluster, sizeof(x->cluster), "%s", configured);

        if (r == 0)
                r = source_open_store(x->store, cluster, &x->source);
        if (r == 0)
                r = bmc_watch_start(x->settings, store_url(x->store), cluster, &x->bmcs);
        r = r == 1 ? 0 : r;
        if (r == 0 && !url[0])
                log_event(LOG_INFO, "store.private", "url=%s", store_url(x->store));
        return r;
}

static int need_executor(Service *x) {
        const ServiceModes modes = service_modes(x->settings);
        int r;

        if (!service_modes_act(&modes) || x->has_executor)
                return 0;
        r = executor_libvirt_open((ExecutorLibvirtOptions){ 0 }, &x->executor);
        x->has_executor = r == 0;
        if (r < 0)
                log_event(LOG_ERROR, "libvirt.failed", "error=\"%s\"", strerrordesc_np(-r));
        return r;
}

/* 0: leading. 1: another leads. Negative: the store is away. Changes are logged. */
static int lead(Service *x) {
        int r = leadership_take(&x->leadership);
        char quoted[QUOTE];

        if (r == 0 && !x->leading)
                log_event(LOG_INFO, "lease.taken", "self=%s token=%llu", x->leadership.self,
                          (unsigned long long) x->leadership.token);
        if (r == 1 && (x->leading || strcmp(x->followed, x->leadership.holder) != 0)) {
                log_event(LOG_INFO, x->leading ? "lease.lost" : "lease.follows", "leader=%s",
                          x->leadership.holder);
                memcpy(x->followed, x->leadership.holder, sizeof(x->followed));
        }
        if (r < 0)
                log_event(LOG_WARNING, "store.away", "error=%s",
                          log_quote(store_error(x->store), quoted, sizeof(quoted)));
        x->leading = r == 0;
        bmc_watch_lead(x->bmcs, r == 0 ? x->leadership.token : 0);
        if (r == 0)
                x->followed[0] = '\0';
        return r;
}

static int one_round(Service *x) {
        const ServiceModes modes = service_modes(x->settings);
        bool acts = service_modes_act(&modes);
        ServiceRound round = { .store = x->store,
                               .source = x->source,
                               .settings = x->settings,
                               .modes = modes,
                               .leadership = &x->leadership,
                               .demand = &x->demand,
                               .arena = &x->arena,
                               .interval = settings_int(x->settings, "service", "interval"),
                               .hold = settings_int(x->settings, "service", "hold"),
                               .wanted_since = &x->wanted_since,
                               .settle = settings_int(x->settings, "service", "settle"),
                               .rest_until = &x->rest_until,
                               .urgent_only = clock_monotonic() < x->rest_until,
                               .unfinished = &x->unfinished,
                               .alarm = x->alarm,
                               .paused = &x->paused,
                               .last_said = &x->last_said };
        int r = need_executor(x);

        if (r < 0)
                return r;
        round.executor = acts ? &x->executor : NULL;
        arena_rewind(&x->arena, 0);
        r = service_round(&round);
        /* Who only advises does not keep others from acting: `plimsoll apply` takes the lease between rounds.
         */
        if (!acts) {
                leadership_release(&x->leadership);
                x->leading = false;
        }
        return r;
}

/* A host has got worse, or an operator wants something, since the last round began. */
static bool is_called(Service *x) {
        int64_t alarm = x->alarm;

        return store_get_alarm(x->store, &alarm) == 0 && alarm != x->alarm;
}

/* Until `end`, in short naps: a signal, the lease's renewal or a host that calls are never far. */
static void rest(Service *x, usec_t begun, usec_t end) {
        for (usec_t now = clock_monotonic(); now < end && stop_signal_count() == 0; now = clock_monotonic()) {
                clock_sleep(end - now < NAP ? end - now : NAP);
                if (clock_monotonic() >= begun + ROUND_LEAST && is_called(x)) {
                        log_event(LOG_INFO, "round.called",
                                  "why=\"a host has got worse, or an operator wants something\"");
                        return;
                }
                if (stop_signal_reloads() != x->reloads) {
                        x->reloads = stop_signal_reloads();
                        reload(x);
                }
                if (x->leading && !leadership_keep(&x->leadership)) {
                        log_event(LOG_WARNING, "lease.lost", "leader=%s",
                                  x->leadership.holder[0] ? x->leadership.holder : "unknown");
                        x->leading = false;
                }
        }
}

static usec_t pause_of(const Service *x, int r, usec_t begun) {
        usec_t interval = settings_int(x->settings, "service", "interval");
        usec_t lease = settings_int(x->settings, "service", "lease");
        usec_t soon = lease / 6 < interval ? lease / 6 : interval;

        if (r != 0)
                return clock_monotonic() + soon; /* a follower, or blind: try soon again */
        if (x->unfinished)
                return clock_monotonic() + (UNFINISHED < interval ? UNFINISHED : interval);
        return x->rest_until > begun + interval ? x->rest_until : begun + interval;
}

static int run(Service *x) {
        bool once = option_given(x->options, "once");
        int status = EXIT_DONE;

        x->leadership = leadership_of(x->store, settings_int(x->settings, "service", "lease"));
        if (leadership_guard(&x->leadership, x->cluster) < 0) /* the loop renews it then */
                log_event(LOG_WARNING, "lease.unguarded", "why=\"no thread for it\"");
        log_event(LOG_INFO, "service.started", "version=%s self=%s cluster=%s mode=%s", PLIMSOLL_VERSION,
                  x->leadership.self, settings_text(x->settings, "service", "cluster"),
                  service_mode_names[settings_int(x->settings, "service", "mode")]);
        while (stop_signal_count() == 0) {
                usec_t begun = clock_monotonic();
                int r = lead(x);

                if (store_get_alarm(x->store, &x->alarm) < 0 && r == 0)
                        log_event(LOG_DEBUG, "store.away", "error=\"the alarm cannot be read\"");
                if (r == 0)
                        r = one_round(x);
                if (once) {
                        status = r == 0 ? EXIT_DONE : r == 1 ? EXIT_BLOCKED : EXIT_FAILED;
                        break;
                }
                rest(x, begun, pause_of(x, r, begun));
        }
        leadership_release(&x->leadership);
        leadership_unguard(&x->leadership);
        log_event(LOG_INFO, "service.stopped", "reason=%s", once ? "once" : "signal");
        return status;
}

static int open_arenas(Service *x) {
        int r = -ENOMEM;

        for (size_t limit = (size_t) 32 << 30; r < 0 && limit >= (size_t) 64 << 20; limit /= 4)
                r = arena_open(limit, &x->arena);
        for (unsigned i = 0; i < 2 && r == 0; i++)
                r = arena_open((size_t) 64 << 20, &x->settings_arenas[i]);
        return r;
}

static int start(Service *x) {
        const char *file = NULL;
        TextFault fault = { 0 };
        int r = open_arenas(x);

        if (r == 0)
                r = load_settings(x, &file, &fault);
        if (r < 0) {
                log_fault("settings.refused", file, &fault);
                return EXIT_BAD_INPUT;
        }
        stop_signal_watch();
        r = open_store(x, &fault);
        if (r < 0) {
                log_fault("store.failed", NULL, &fault);
                return r == -EINVAL ? EXIT_BAD_INPUT : EXIT_FAILED;
        }
        return run(x);
}

static void finish(Service *x) {
        if (x->has_executor)
                x->executor.free(x->executor.self);
        x->bmcs = bmc_watch_free(x->bmcs);
        demand_book_close(&x->demand);
        x->source = source_free(x->source);
        x->store = store_free(x->store);
        arena_close(&x->arena);
        arena_close(&x->settings_arenas[0]);
        arena_close(&x->settings_arenas[1]);
}

int service_main(int argc, char **argv, FILE *out, FILE *err) {
        Options o;
        TextFault fault;
        Service x = { .options = &o };
        int status;

        if (options_parse(options, argc, argv, &o, &fault) < 0 || o.n_arguments > 0) {
                (void) fprintf(err, "plimsolld: %s (see plimsolld --help)\n",
                               fault.what[0] ? fault.what : "it takes options only");
                return EXIT_BAD_INPUT;
        }
        if (option_given(&o, "help")) {
                (void) fputs("Usage: plimsolld [options]\n\nKeeps every host of a libvirt/KVM cluster above "
                             "its load "
                             "line.\n",
                             out);
                options_help(options, out, screen_of(out).width);
                return EXIT_DONE;
        }
        if (option_given(&o, "version")) {
                (void) fprintf(out, "plimsolld %s\n", PLIMSOLL_VERSION);
                return EXIT_DONE;
        }
        if (option_given(&o, "verbose"))
                log_threshold(LOG_DEBUG);
        status = start(&x);
        finish(&x);
        return status;
}
