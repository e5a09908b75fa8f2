/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/service/service_cluster.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/app/facts/bmc_watch.h"
#include "scheduler/app/service/event_watch.h"
#include "scheduler/app/service/round_calls.h"
#include "scheduler/app/service/service_round.h"
#include "scheduler/app/settings/app_settings.h"
#include "scheduler/app/terminal/invocation.h"
#include "scheduler/base/log.h"
#include "scheduler/milp/exact.h"
#include "scheduler/model/rule_set.h"

#define QUOTE       512
#define UNFINISHED  (3 * USEC_PER_SEC)
#define RING_EVERY  (60 * USEC_PER_SEC)
#define ROUND_LEAST USEC_PER_SEC       /* from the start of one round to the next, however often hosts call */
#define EVENT_EVERY (5 * USEC_PER_SEC) /* hosts' pulses are looked at; and the least from round to event */

struct ClusterService {
        ServiceWorld world;        /* as given, but for the stop request: one cluster can be told to stop */
        const ServiceWorld *outer; /* as it was given */
        const Options *options;
        ServiceShare *share;
        LogThread log;
        char log_words[600];
        Arena settings_arenas[2]; /* one holds the settings in force, the other takes the next ones */
        unsigned current;
        const Settings *settings;
        Arena arena; /* of a round */
        Store *store;
        Source *source;
        Leadership leadership;
        DemandStore demand;
        BmcWatch *bmcs; /* NULL: no BMC is asked */
        Executor executor;
        bool has_executor, leading, counted;
        atomic_bool stop;
        unsigned reloads; /* asked for so far, and done */
        char cluster[256];
        char followed[160];   /* the leader last logged */
        ServiceMemory memory; /* of rounds */
        RoundCalls calls;
        usec_t ring_at;      /* monotonic: when the ring of peers is made next */
        uint32_t ring_hosts; /* how many hosts it was made of */
        usec_t offered;      /* monotonic: when it last said that it could lead, or looked who could */
        EventWatch events;
        usec_t looked; /* monotonic: at the hosts' pulses */
};

const char *cluster_service_name(const ClusterService *x) {
        return x->cluster;
}

void cluster_service_stop(ClusterService *x) {
        atomic_store(&x->stop, true);
}

static usec_t service_cluster_monotonic(const ClusterService *x) {
        return clock_monotonic_of(x->world.clock);
}

static StopRequest service_cluster_stop_request(void *stop_arg) {
        ClusterService *x = stop_arg;
        StopRequest w = x->outer->stop_request(x->outer->stop_arg);

        return w == STOP_NONE && atomic_load(&x->stop) ? STOP_DRAIN : w;
}

static bool goes_on(ClusterService *x) {
        return service_cluster_stop_request(x) == STOP_NONE;
}

/* ---- settings ---- */

/* Options that are settings by another name; and its own name, whatever they say. */
int service_set_options(const Options *options, Settings *s, TextFault *f) {
        static const char *const pairs[][2] = { { "redis", "service.redis" },
                                                { "state-dir", "service.state_dir" },
                                                { "cluster", "service.cluster" },
                                                { "mode", "service.mode" },
                                                { "interval", "service.interval" } };

        for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
                const char *text = option_text(options, pairs[i][0]);
                int r = text ? settings_set(s, pairs[i][1], text, f) : 0;

                if (r < 0)
                        return r;
        }
        return 0;
}

/* Into the arena that is not in use; in force only when all of it is good. */
static int load_settings(ClusterService *x, const char **reterr_file, TextFault *reterr_fault) {
        unsigned next = !x->current;
        Settings *s = NULL;
        int r;

        arena_rewind(&x->settings_arenas[next], 0);
        r = app_settings_load_for(&x->settings_arenas[next], x->options, x->cluster[0] ? x->cluster : NULL,
                                  &s, reterr_file, reterr_fault);
        if (r == 0)
                r = service_set_options(x->options, s, reterr_fault);
        if (r == 0 && x->cluster[0])
                r = settings_set(s, "service.cluster", x->cluster, reterr_fault);
        if (r < 0)
                return r;
        x->settings = s;
        x->current = next;
        return 0;
}

void service_log_fault(const char *event, const char *file, const TextFault *f) {
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

static void service_cluster_reload(ClusterService *x) {
        const Settings *was = x->settings;
        const RuleSet *rules;
        const char *file = NULL;
        TextFault fault = { 0 };

        if (load_settings(x, &file, &fault) < 0) {
                service_log_fault("settings.refused", file, &fault);
                log_event(LOG_WARNING, "settings.kept", "reason=\"those read before stay in force\"");
                return;
        }
        rules = settings_rules(x->settings);
        say_what_waits(was, x->settings);
        log_event(LOG_INFO, "settings.loaded", "mode=%s rules=%u",
                  service_mode_names[settings_int(x->settings, "service", "mode")],
                  rules ? rules->n_rules : 0);
}

static void reload_if_asked(ClusterService *x) {
        const unsigned asked = x->outer->reloads(x->outer->self);

        if (asked == x->reloads)
                return;
        x->reloads = asked;
        service_cluster_reload(x);
}

/* ---- leading ---- */

/* In some mode that may move VMs. */
static bool service_cluster_acts(const ClusterService *x) {
        const ServiceModes modes = service_modes(x->settings);

        return service_modes_act(&modes);
}

static int need_executor(ClusterService *x) {
        int r;

        if (!service_cluster_acts(x) || x->has_executor)
                return 0;
        r = x->outer->open_executor(x->outer->self, &x->executor);
        x->has_executor = r == 0;
        if (r < 0)
                log_event(LOG_ERROR, "libvirt.failed", "error=\"%s\"", strerrordesc_np(-r));
        return r;
}

/* Whoever only advises leads for a moment at a time: that is no share of the work. */
static void set_leading(ClusterService *x, bool leads) {
        const bool counts = leads && service_cluster_acts(x);

        x->leading = leads;
        if (x->share && counts != x->counted)
                service_share_count(x->share, counts ? 1 : -1);
        x->counted = counts;
        bmc_watch_lead(x->bmcs, leads ? x->leadership.token : 0);
}

/* 1: another is to lead. */
static int take_lease(ClusterService *x) {
        int r;

        if (x->share && !x->leading && !service_share_may_take(&x->leadership))
                return 1;
        r = leadership_take(&x->leadership);
        if (r == 1 && x->share && service_cluster_acts(x))
                r = service_share_offer(x->share, &x->leadership) < 0 ? r : 1;
        return r;
}

/* 0: leading. 1: another leads. Negative: the store is away. Changes are logged. */
static int service_cluster_lead(ClusterService *x) {
        int r = take_lease(x);
        char quoted[QUOTE];

        if (r == 0 && !x->leading)
                log_event(LOG_INFO, "lease.taken", "self=%s token=%llu", x->leadership.self,
                          (unsigned long long) x->leadership.token);
        if (r == 1 && x->leadership.holder[0] &&
            (x->leading || strcmp(x->followed, x->leadership.holder) != 0)) {
                log_event(LOG_INFO, x->leading ? "lease.lost" : "lease.follows", "leader=%s",
                          x->leadership.holder);
                memcpy(x->followed, x->leadership.holder, sizeof(x->followed));
        }
        if (r < 0)
                log_event(LOG_WARNING, "store.away", "error=%s",
                          log_quote(store_error(x->store), quoted, sizeof(quoted)));
        set_leading(x, r == 0);
        if (r == 0)
                x->followed[0] = '\0';
        return r;
}

/* Has it more than its share of the clusters? Asked a few times a lease. */
static void share_out(ClusterService *x) {
        const usec_t now = service_cluster_monotonic(x);
        char to[160];

        if (!x->share || !x->counted || x->memory.unfinished || now < x->offered + x->leadership.ttl / 3)
                return;
        x->offered = now;
        if (service_share_hand_over(x->share, &x->leadership, to) != 1)
                return;
        set_leading(x, false);
        log_event(LOG_INFO, "lease.handed_over", "to=%s why=\"it leads fewer clusters\"", to);
}

/* Which agents measure the distance to which. */
static void make_ring(ClusterService *x, const Snapshot *s) {
        const usec_t now = service_cluster_monotonic(x);
        char quoted[QUOTE];
        int r;

        if (now < x->ring_at && s->n_hosts == x->ring_hosts)
                return;
        r = store_make_echo_key(x->store);
        if (r == 0)
                r = store_make_ring(x->store, &x->arena, x->leadership.token, x->calls.names, x->calls.n);
        if (r < 0)
                log_event(LOG_WARNING, "peers.lost", "error=%s",
                          log_quote(store_error(x->store), quoted, sizeof(quoted)));
        x->ring_at = now + RING_EVERY;
        x->ring_hosts = s->n_hosts;
}

static int one_round(ClusterService *x) {
        const Snapshot *seen;
        ServiceRound round = { .store = x->store,
                               .source = x->source,
                               .settings = x->settings,
                               .modes = service_modes(x->settings),
                               .leadership = &x->leadership,
                               .demand = &x->demand,
                               .arena = &x->arena,
                               .memory = &x->memory,
                               .interval = settings_int(x->settings, "service", "interval"),
                               .hold = settings_int(x->settings, "service", "hold"),
                               .settle = settings_int(x->settings, "service", "settle"),
                               .urgent_only = service_cluster_monotonic(x) < x->memory.rest_until,
                               .calls = &x->calls };
        int r = need_executor(x);

        if (r < 0)
                return r;
        round.executor = service_cluster_acts(x) ? &x->executor : NULL;
        arena_rewind(&x->arena, 0);
        x->memory.seen = NULL;
        x->memory.moved = false;
        r = service_round(&round);
        seen = x->memory.seen;
        if (seen && (event_watch_round(&x->events, seen, x->settings, x->memory.moved) < 0 ||
                     round_calls_end(&x->calls, seen) < 0))
                log_event(LOG_WARNING, "events.lost", "why=\"out of memory\"");
        if (seen)
                make_ring(x, seen);
        /* Who only advises does not keep others from acting: `plimsoll apply` takes the lease between rounds.
         */
        if (!service_cluster_acts(x)) {
                leadership_release(&x->leadership);
                set_leading(x, false);
        }
        return r;
}

/* ---- the loop ---- */

/* A host has got worse, or an operator wants something, since the last round began. */
static bool service_cluster_is_called(ClusterService *x) {
        char why[CALL_WHY_SIZE], quoted[QUOTE];

        if (round_calls_look(&x->calls, x->store, service_cluster_monotonic(x), clock_now_of(x->world.clock),
                             why) != 1)
                return false;
        log_event(LOG_INFO, "round.called", "why=%s", log_quote(why, quoted, sizeof(quoted)));
        return true;
}

/* What the hosts' pulses say is worth a round: logged. */
static bool hosts_call(ClusterService *x, usec_t begun) {
        const usec_t now = service_cluster_monotonic(x);
        const EventTimes times = { .now = clock_now_of(x->world.clock),
                                   .monotonic = now,
                                   .hold = settings_int(x->settings, "service", "hold") };
        const ArenaMark mark = arena_mark(&x->arena);
        StoredText *pulses = NULL;
        char quoted[QUOTE];
        EventCall call = { 0 };
        uint32_t n = 0;

        if (x->events.n == 0 || now < begun + EVENT_EVERY || now < x->looked + EVENT_EVERY)
                return false;
        x->looked = now;
        if (store_get_pulses(x->store, &x->arena, x->calls.names, x->calls.n, &pulses, &n) == 0)
                event_watch_look(&x->events, pulses, n, times, &call);
        arena_rewind(&x->arena, mark);
        if (!call.why[0])
                return false;
        /* It has lasted: the round need not wait once more. */
        if (call.overloaded && (x->memory.wanted_since == 0 || x->memory.wanted_since > now - times.hold))
                x->memory.wanted_since = now > times.hold ? now - times.hold : 1;
        log_event(LOG_INFO, "round.called", "why=%s", log_quote(call.why, quoted, sizeof(quoted)));
        return true;
}

/* Until `end`, in short naps: a signal, the lease's renewal or a host that calls are never far. */
static void service_cluster_rest(ClusterService *x, usec_t begun, usec_t end, bool watches) {
        for (usec_t now = service_cluster_monotonic(x); now < end && goes_on(x);
             now = service_cluster_monotonic(x)) {
                const bool led = x->leading;

                clock_sleep_of(x->world.clock, end - now < x->world.nap ? end - now : x->world.nap);
                if (service_cluster_monotonic(x) >= begun + ROUND_LEAST && service_cluster_is_called(x))
                        return;
                if (watches && hosts_call(x, begun))
                        return;
                reload_if_asked(x);
                if (x->leading && !leadership_keep(&x->leadership)) {
                        log_event(LOG_WARNING, "lease.lost", "leader=%s",
                                  x->leadership.holder[0] ? x->leadership.holder : "unknown");
                        set_leading(x, false);
                }
                if (x->leading)
                        share_out(x);
                if (led && !x->leading) /* it follows now: that is looked at more often */
                        return;
        }
}

static usec_t service_cluster_pause_of(const ClusterService *x, int r, usec_t begun) {
        usec_t interval = settings_int(x->settings, "service", "interval");
        usec_t lease = settings_int(x->settings, "service", "lease");
        usec_t soon = lease / 6 < interval ? lease / 6 : interval;

        if (r != 0)
                return service_cluster_monotonic(x) + soon; /* a follower, or blind: try soon again */
        if (x->memory.unfinished)
                return service_cluster_monotonic(x) + (UNFINISHED < interval ? UNFINISHED : interval);
        return x->memory.rest_until > begun + interval ? x->memory.rest_until : begun + interval;
}

static int service_cluster_turn(ClusterService *x) {
        int r = service_cluster_lead(x);

        if (round_calls_begin(&x->calls, x->store) < 0 && r == 0)
                log_event(LOG_DEBUG, "store.away", "error=\"operators' calls cannot be read\"");
        return r == 0 ? one_round(x) : r;
}

int cluster_service_run(ClusterService *x) {
        bool once = option_given(x->options, "once");
        int status = EXIT_DONE;

        log_thread(&x->log);
        if (leadership_guard(&x->leadership, x->cluster) < 0) /* the loop renews it then */
                log_event(LOG_WARNING, "lease.unguarded", "why=\"no thread for it\"");
        log_event(LOG_INFO, "service.started", "version=%s self=%s mode=%s solver=%s", PLIMSOLL_VERSION,
                  x->leadership.self, service_mode_names[settings_int(x->settings, "service", "mode")],
                  exact_solver.name);
        while (goes_on(x)) {
                usec_t begun = service_cluster_monotonic(x);
                int r = service_cluster_turn(x);

                if (once) {
                        status = r == 0 ? EXIT_DONE : r == 1 ? EXIT_BLOCKED : EXIT_FAILED;
                        break;
                }
                service_cluster_rest(x, begun, service_cluster_pause_of(x, r, begun), r == 0);
        }
        leadership_release(&x->leadership);
        set_leading(x, false);
        leadership_unguard(&x->leadership);
        log_event(LOG_INFO, "service.stopped", "reason=%s", once ? "once" : "signal");
        log_thread(NULL);
        return status;
}

/* ---- opening ---- */

static int service_cluster_open_store(ClusterService *x, TextFault *f) {
        const char *url = settings_text(x->settings, "service", "redis");
        const char *configured = settings_text(x->settings, "service", "cluster");
        StoreOptions o = { .url = url[0] ? url : NULL,
                           .state_dir = settings_text(x->settings, "service", "state_dir"),
                           .cluster = configured,
                           .keeps_hosts = true };
        int r = x->outer->open_store(x->outer->self, &o, &x->store, f);

        if (r == 0 && !x->cluster[0]) /* the store has accepted its length; it outlives the settings */
                (void) snprintf(x->cluster, sizeof(x->cluster), "%s", configured);
        if (r == 0)
                r = source_open_store(x->store, x->cluster, &x->source);
        if (r < 0)
                return r;
        source_use_clock(x->source, x->world.clock);
        r = bmc_watch_start(x->settings, store_url(x->store), x->cluster, &x->bmcs);
        r = r == 1 ? 0 : r;
        if (r == 0 && !url[0])
                log_event(LOG_INFO, "store.private", "url=%s", store_url(x->store));
        return r;
}

static int open_arenas(ClusterService *x) {
        int r = -ENOMEM;

        for (size_t limit = (size_t) 32 << 30; r < 0 && limit >= (size_t) 64 << 20; limit /= 4)
                r = arena_open(limit, &x->arena);
        for (unsigned i = 0; i < 2 && r == 0; i++)
                r = arena_open((size_t) 64 << 20, &x->settings_arenas[i]);
        return r;
}

static void name_log(ClusterService *x, const char *name) {
        char quoted[QUOTE];

        (void) snprintf(x->log_words, sizeof(x->log_words), "cluster=%s",
                        strpbrk(name, " \"=\\") ? log_quote(name, quoted, sizeof(quoted)) : name);
        x->log.words = x->log_words;
}

static int service_cluster_open_all(ClusterService *x) {
        const char *file = NULL;
        TextFault fault = { 0 };
        int r = open_arenas(x);

        if (r == 0)
                r = load_settings(x, &file, &fault);
        if (r < 0) {
                service_log_fault("settings.refused", file, &fault);
                return -EINVAL;
        }
        name_log(x, settings_text(x->settings, "service", "cluster"));
        r = service_cluster_open_store(x, &fault);
        if (r < 0) {
                service_log_fault("store.failed", NULL, &fault);
                return r;
        }
        x->leadership = leadership_in(&x->world, x->store, settings_int(x->settings, "service", "lease"));
        return 0;
}

/* Before its settings are read: they are its own. */
static int take_name(ClusterService *x, const char *name) {
        TextFault fault = { 0 };

        if (strlen(name) >= sizeof(x->cluster)) {
                text_fault(&fault, "service.clusters", "a cluster's name has at most %zu bytes",
                           sizeof(x->cluster) - 1);
                service_log_fault("settings.refused", NULL, &fault);
                return -EINVAL;
        }
        (void) snprintf(x->cluster, sizeof(x->cluster), "%s", name);
        name_log(x, name);
        return 0;
}

int cluster_service_open(const ClusterServiceOptions *options, ClusterService **ret) {
        ClusterService *x = calloc(1, sizeof(*x));
        int r;

        if (!x)
                return -ENOMEM;
        x->outer = options->world;
        x->world = *options->world;
        x->world.stop_request = service_cluster_stop_request;
        x->world.stop_arg = x;
        x->options = options->options;
        x->share = options->share;
        x->log = (LogThread){ .clock = options->world->clock, .to = options->log };
        x->reloads = x->outer->reloads(x->outer->self);
        log_thread(&x->log);
        r = options->cluster ? take_name(x, options->cluster) : 0;
        if (r == 0)
                r = service_cluster_open_all(x);
        log_thread(NULL);
        if (r < 0)
                (void) cluster_service_free(x);
        else
                *ret = x;
        return r;
}

ClusterService *cluster_service_free(ClusterService *x) {
        if (!x)
                return NULL;
        if (x->has_executor)
                x->executor.free(x->executor.self);
        x->bmcs = bmc_watch_free(x->bmcs);
        event_watch_close(&x->events);
        round_calls_close(&x->calls);
        demand_store_close(&x->demand);
        x->source = source_free(x->source);
        x->store = store_free(x->store);
        arena_close(&x->arena);
        arena_close(&x->settings_arenas[0]);
        arena_close(&x->settings_arenas[1]);
        free(x);
        return NULL;
}
