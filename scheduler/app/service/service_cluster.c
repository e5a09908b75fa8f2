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
        unsigned healed; /* of StoreHealed, said: not again as long as it lasts */
        atomic_bool stop;
        unsigned reloads; /* asked for so far, and done */
        char cluster[256];
        SaidThing was;        /* room for what has ended */
        ServiceMemory memory; /* of rounds */
        Sightings *sightings;
        atomic_bool moving; /* moves run: whatever the service is told, they end as they end */
        RoundCalls calls;
        ServiceEpoch epoch;
        usec_t all_at;       /* monotonic: when a follower looks at all of the store next */
        usec_t ring_at;      /* monotonic: when the ring of peers is made next */
        uint32_t ring_hosts; /* how many hosts it was made of */
        usec_t offered;      /* monotonic: when it last said that it could lead, or looked who could */
        EventWatch events;
        usec_t looked;          /* monotonic: at the hosts' pulses */
        ServiceStop moves_stop; /* of all moves in the cluster (plimsoll stop) */
};

const char *cluster_service_name(const ClusterService *service) {
        return service->cluster;
}

void cluster_service_stop(ClusterService *service) {
        atomic_store(&service->stop, true);
}

static usec_t service_cluster_monotonic(const ClusterService *service) {
        return clock_monotonic_of(service->world.clock);
}

static StopRequest service_cluster_stop_request(void *stop_arg) {
        ClusterService *x = stop_arg;
        StopRequest w = x->outer->stop_request(x->outer->stop_arg);

        return w == STOP_NONE && atomic_load(&x->stop) ? STOP_DRAIN : w;
}

/* Who was told to stop and has nothing under way waits for no store that hangs. Any thread. */
static bool service_cluster_hurries(void *arg) {
        ClusterService *x = arg;

        return !atomic_load(&x->moving) && service_cluster_stop_request(x) != STOP_NONE;
}

static bool goes_on(ClusterService *service) {
        return service_cluster_stop_request(service) == STOP_NONE;
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
static int load_settings(ClusterService *service, const char **reterr_file, TextFault *reterr_fault) {
        unsigned next = !service->current;
        Settings *s = NULL;
        int r;

        arena_rewind(&service->settings_arenas[next], 0);
        r = app_settings_load_for(&service->settings_arenas[next], service->options,
                                  service->cluster[0] ? service->cluster : NULL, &s, reterr_file,
                                  reterr_fault);
        if (r == 0)
                r = service_set_options(service->options, s, reterr_fault);
        if (r == 0 && service->cluster[0])
                r = settings_set(s, "service.cluster", service->cluster, reterr_fault);
        if (r < 0)
                return r;
        service->settings = s;
        service->current = next;
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

static void service_cluster_reload(ClusterService *service) {
        const Settings *was = service->settings;
        const RuleSet *rules;
        const char *file = NULL;
        TextFault fault = { 0 };

        if (load_settings(service, &file, &fault) < 0) {
                service_log_fault("settings.refused", file, &fault);
                log_event(LOG_WARNING, "settings.kept", "reason=\"those read before stay in force\"");
                return;
        }
        rules = settings_rules(service->settings);
        say_what_waits(was, service->settings);
        log_event(LOG_INFO, "settings.loaded", "mode=%s rules=%u",
                  service_mode_names[settings_int(service->settings, "service", "mode")],
                  rules ? rules->n_rules : 0);
}

static void reload_if_asked(ClusterService *service) {
        const unsigned asked = service->outer->reloads(service->outer->self);

        if (asked == service->reloads)
                return;
        service->reloads = asked;
        service_cluster_reload(service);
}

/* ---- leading ---- */

static Said *service_cluster_states(ClusterService *service) {
        return &service->memory.said.states;
}

/* In some mode that may move VMs. */
static bool service_cluster_acts(const ClusterService *service) {
        const ServiceModes modes = service_modes(service->settings);

        return service_modes_act(&modes);
}

static int need_executor(ClusterService *service) {
        static const SayState failed = { LOG_ERROR, "libvirt.failed", "libvirt.works" };
        int r;

        if (!service_cluster_acts(service) || service->has_executor)
                return 0;
        r = service->outer->open_executor(service->outer->self, &service->executor);
        service->has_executor = r == 0;
        (void) service_say(service_cluster_states(service), &failed, r < 0 ? strerrordesc_np(-r) : NULL,
                           service_cluster_monotonic(service));
        return r;
}

/* Whoever only advises leads for a moment at a time: that is no share of the work. */
static void set_leading(ClusterService *service, bool leads) {
        const bool counts = leads && service_cluster_acts(service);

        service->leading = leads;
        if (!leads && service_cluster_acts(service)) /* who only advises has it for a round at a time */
                (void) said_end(service_cluster_states(service), "lease.taken", &service->was);
        if (service->share && counts != service->counted)
                service_share_count(service->share, counts ? 1 : -1);
        service->counted = counts;
        bmc_watch_lead(service->bmcs, leads ? service->leadership.token : 0);
}

/* 1: another is to lead. */
static int take_lease(ClusterService *service) {
        int r;

        if (service->share && !service->leading && !service_share_may_take(&service->leadership))
                return 1;
        r = leadership_take(&service->leadership);
        if (r == 1 && service->share && service_cluster_acts(service))
                r = service_share_offer(service->share, &service->leadership) < 0 ? r : 1;
        return r;
}

/* What was wrong with the lease is said once, for as long as each look finds it again. */
static void say_healed(ClusterService *service) {
        static const char *const whats[][2] = {
                { "expiry", "the lease would never have run out: it has the expiry of a lease now" },
                { "text", "the lease names no leader: it is free once it has run out" },
                { "token", "the lease's token was not the leader's, or is none: there is a new one" },
        };
        const unsigned found = service->leadership.healed;

        for (unsigned i = 0; i < ARRAY_SIZE(whats); i++)
                if ((found & ~service->healed) & (1U << i))
                        log_event(LOG_WARNING, "lease.healed", "what=%s why=\"%s\"", whats[i][0],
                                  whats[i][1]);
        service->healed = found;
        service->leadership.healed = 0;
}

/* The store cannot be asked, NULL: it can. */
static void service_cluster_say_away(ClusterService *service, const char *why) {
        static const SayState away = { LOG_WARNING, "store.away", "store.back" };

        (void) service_say(service_cluster_states(service), &away, why, service_cluster_monotonic(service));
}

/* Another has it: said when that begins, and when it is another one. */
static void service_cluster_say_follows(ClusterService *service) {
        const char *holder = service->leadership.holder;
        char quoted[QUOTE];

        (void) said_end(service_cluster_states(service), "lease.taken", &service->was);
        if (said_look(service_cluster_states(service), "lease.follows", holder,
                      service_cluster_monotonic(service)) != SAID_GOES_ON ||
            service->leading)
                log_event(LOG_INFO, service->leading ? "lease.lost" : "lease.follows", "leader=%s",
                          log_quote(holder, quoted, sizeof(quoted)));
}

static void service_cluster_say_leads(ClusterService *service) {
        (void) said_end(service_cluster_states(service), "lease.follows", &service->was);
        if (said_look(service_cluster_states(service), "lease.taken", "",
                      service_cluster_monotonic(service)) == SAID_BEGINS)
                log_event(LOG_INFO, "lease.taken", "self=%s token=%llu", service->leadership.self,
                          (unsigned long long) service->leadership.token);
}

/* 0: leading. 1: another leads. Negative: the store is away. Changes are logged. */
static int service_cluster_lead(ClusterService *service) {
        int r = take_lease(service);

        say_healed(service);
        if (r == 0)
                service_cluster_say_leads(service);
        if (r == 1 && service->leadership.holder[0])
                service_cluster_say_follows(service);
        if (r < 0)
                service_cluster_say_away(service, store_error(service->store));
        set_leading(service, r == 0);
        return r;
}

/* Has it more than its share of the clusters? Asked a few times a lease. */
static void share_out(ClusterService *service) {
        const usec_t now = service_cluster_monotonic(service);
        char to[160];

        if (!service->share || !service->counted || service->memory.unfinished ||
            now < service->offered + service->leadership.ttl / 3)
                return;
        service->offered = now;
        if (service_share_hand_over(service->share, &service->leadership, to) != 1)
                return;
        set_leading(service, false);
        log_event(LOG_INFO, "lease.handed_over", "to=%s why=\"it leads fewer clusters\"", to);
}

/* Which agents measure the distance to which. */
static void make_ring(ClusterService *service, const Snapshot *s) {
        static const SayState lost = { LOG_WARNING, "peers.lost", "peers.kept" };
        const usec_t now = service_cluster_monotonic(service);
        int r;

        if (now < service->ring_at && s->n_hosts == service->ring_hosts)
                return;
        r = store_make_echo_key(service->store);
        if (r == 0)
                r = store_make_ring(service->store, &service->arena, service->leadership.token,
                                    service->calls.names, service->calls.n);
        (void) service_say(service_cluster_states(service), &lost, r < 0 ? store_error(service->store) : NULL,
                           now);
        service->ring_at = now + RING_EVERY;
        service->ring_hosts = s->n_hosts;
}

static int one_round(ClusterService *service) {
        const Snapshot *seen;
        ServiceRound round = { .store = service->store,
                               .source = service->source,
                               .settings = service->settings,
                               .modes = service_modes(service->settings),
                               .leadership = &service->leadership,
                               .demand = &service->demand,
                               .arena = &service->arena,
                               .memory = &service->memory,
                               .interval = settings_int(service->settings, "service", "interval"),
                               .hold = settings_int(service->settings, "service", "hold"),
                               .settle = settings_int(service->settings, "service", "settle"),
                               .urgent_only = service_cluster_monotonic(service) < service->memory.rest_until,
                               .stop = &service->moves_stop,
                               .sightings = service->sightings,
                               .moving = &service->moving,
                               .calls = &service->calls,
                               .beside = &service_beside,
                               .epoch = &service->epoch };
        int r = need_executor(service);

        if (r < 0)
                return r;
        round.executor = service_cluster_acts(service) ? &service->executor : NULL;
        arena_rewind(&service->arena, 0);
        service->memory.seen = NULL;
        service->memory.moved = false;
        r = service_round(&round);
        seen = service->memory.seen;
        if (seen && event_watch_round(&service->events, seen, service->settings, service->memory.moved) < 0)
                log_event(LOG_WARNING, "events.lost", "why=\"out of memory\"");
        if (seen && goes_on(service))
                make_ring(service, seen);
        /* Who only advises does not keep others from acting: `plimsoll apply` takes the lease between rounds.
         */
        if (!service_cluster_acts(service)) {
                leadership_release(&service->leadership);
                set_leading(service, false);
        }
        return r;
}

/* ---- the loop ---- */

/* A host has got worse, or an operator wants something, since the last round began. */
static bool service_cluster_is_called(ClusterService *service) {
        char why[CALL_WHY_SIZE], quoted[QUOTE];

        if (round_calls_look(&service->calls, service->store, service_cluster_monotonic(service),
                             clock_now_of(service->world.clock), why) != 1)
                return false;
        log_event(LOG_INFO, "round.called", "why=%s", log_quote(why, quoted, sizeof(quoted)));
        return true;
}

/* What the hosts' pulses say is worth a round: logged. */
static bool hosts_call(ClusterService *service, usec_t begun) {
        const usec_t now = service_cluster_monotonic(service);
        const EventTimes times = { .now = clock_now_of(service->world.clock),
                                   .monotonic = now,
                                   .hold = settings_int(service->settings, "service", "hold") };
        const ArenaMark mark = arena_mark(&service->arena);
        StoredText *pulses = NULL;
        char quoted[QUOTE];
        EventCall call = { 0 };
        uint32_t n = 0;

        if (service->events.n == 0 || now < begun + EVENT_EVERY || now < service->looked + EVENT_EVERY)
                return false;
        service->looked = now;
        if (store_get_pulses(service->store, &service->arena, service->calls.names, service->calls.n, &pulses,
                             &n) == 0)
                event_watch_look(&service->events, pulses, n, times, &call);
        arena_rewind(&service->arena, mark);
        if (!call.why[0])
                return false;
        /* It has lasted: the round need not wait once more. */
        if (call.overloaded &&
            (service->memory.wanted_since == 0 || service->memory.wanted_since > now - times.hold))
                service->memory.wanted_since = now > times.hold ? now - times.hold : 1;
        log_event(LOG_INFO, "round.called", "why=%s", log_quote(call.why, quoted, sizeof(quoted)));
        return true;
}

/* Until `end`, in short naps: a signal, the lease's renewal or a host that calls are never far. */
static void service_cluster_rest(ClusterService *service, usec_t begun, usec_t end, bool watches) {
        for (usec_t now = service_cluster_monotonic(service); now < end && goes_on(service);
             now = service_cluster_monotonic(service)) {
                const bool led = service->leading;
                char quoted[QUOTE];

                clock_sleep_of(service->world.clock,
                               end - now < service->world.nap ? end - now : service->world.nap);
                (void) service_stop_look(&service->moves_stop);
                if (service_cluster_monotonic(service) >= begun + ROUND_LEAST &&
                    service_cluster_is_called(service))
                        return;
                if (watches && hosts_call(service, begun))
                        return;
                reload_if_asked(service);
                if (service->leading && !leadership_keep(&service->leadership)) {
                        log_event(LOG_WARNING, "lease.lost", "leader=%s",
                                  service->leadership.holder[0]
                                          ? log_quote(service->leadership.holder, quoted, sizeof(quoted))
                                          : "unknown");
                        set_leading(service, false);
                }
                if (service->leading)
                        share_out(service);
                if (service->leading && service_epoch_is_due(&service->epoch, &service->leadership) &&
                    service_epoch_look(&service->epoch, &service->leadership, service->settings,
                                       EPOCH_SHORT) == 1)
                        return;
                if (led && !service->leading) /* it follows now: that is looked at more often */
                        return;
        }
}

static usec_t service_cluster_pause_of(const ClusterService *service, int r, usec_t begun) {
        usec_t interval = settings_int(service->settings, "service", "interval");
        usec_t lease = settings_int(service->settings, "service", "lease");
        usec_t soon = lease / 6 < interval ? lease / 6 : interval;

        if (r != 0)
                return service_cluster_monotonic(service) + soon; /* a follower, or blind: try soon again */
        if (service->memory.unfinished)
                return service_cluster_monotonic(service) + (UNFINISHED < interval ? UNFINISHED : interval);
        return service->memory.rest_until > begun + interval ? service->memory.rest_until : begun + interval;
}

/* Is the store what it was? A leader looks at all of it before each round; a follower, who remembers, too, in case the
 * leader does not, as often at what is small. */
static void service_cluster_look(ClusterService *service, int *turn) {
        const usec_t now = service_cluster_monotonic(service);
        const bool all = *turn == 0 || now >= service->all_at;
        int r = service_epoch_look(&service->epoch, &service->leadership, service->settings,
                                   all ? EPOCH_ALL : EPOCH_SHORT);

        if (all)
                service->all_at = now + settings_int(service->settings, "service", "interval");
        service_cluster_say_away(service, r >= 0            ? NULL
                                          : r == -ENOMEM    ? "out of memory"
                                          : r == -ECANCELED ? "another leads"
                                                            : store_error(service->store));
        if (r < 0)
                *turn = r;
}

static int service_cluster_turn(ClusterService *service) {
        int r;

        /* Before the lease is taken, which makes a token where there is none. What it cannot ask the next step says. */
        (void) !service_epoch_look(&service->epoch, &service->leadership, service->settings, EPOCH_SHORT);
        r = service_cluster_lead(service);
        if (round_calls_begin(&service->calls, service->store) < 0 && r == 0)
                log_event(LOG_DEBUG, "store.away", "error=\"operators' calls cannot be read\"");
        (void) service_stop_look(
                &service->moves_stop); /* also while another leads: what is known outlives the store */
        if (r >= 0)
                service_cluster_look(service, &r);
        return r == 0 ? one_round(service) : r;
}

int cluster_service_run(ClusterService *service) {
        bool once = option_given(service->options, "once");
        int status = EXIT_DONE;

        log_thread(&service->log);
        if (leadership_guard(&service->leadership, service->cluster,
                             (LeaseHurry){ service_cluster_hurries, service }) <
            0) /* the loop renews it then */
                log_event(LOG_WARNING, "lease.unguarded", "why=\"no thread for it\"");
        log_event(LOG_INFO, "service.started", "version=%s self=%s mode=%s solver=%s", PLIMSOLL_VERSION,
                  service->leadership.self,
                  service_mode_names[settings_int(service->settings, "service", "mode")], exact_solver.name);
        while (goes_on(service)) {
                usec_t begun = service_cluster_monotonic(service);
                int r = service_cluster_turn(service);

                if (once) {
                        status = r == 0 ? EXIT_DONE : r == 1 ? EXIT_BLOCKED : EXIT_FAILED;
                        break;
                }
                service_cluster_rest(service, begun, service_cluster_pause_of(service, r, begun), r == 0);
        }
        leadership_release(&service->leadership);
        set_leading(service, false);
        leadership_unguard(&service->leadership);
        log_event(LOG_INFO, "service.stopped", "reason=%s", once ? "once" : "signal");
        log_thread(NULL);
        return status;
}

/* ---- opening ---- */

static int service_cluster_open_store(ClusterService *service, TextFault *f) {
        const char *url = settings_text(service->settings, "service", "redis");
        const char *configured = settings_text(service->settings, "service", "cluster");
        StoreOptions o = { .url = url[0] ? url : NULL,
                           .state_dir = settings_text(service->settings, "service", "state_dir"),
                           .cluster = configured,
                           .keeps_hosts = true };
        int r = service->outer->open_store(service->outer->self, &o, &service->store, f);

        if (r == 0 && !service->cluster[0]) /* the store has accepted its length; it outlives the settings */
                (void) snprintf(service->cluster, sizeof(service->cluster), "%s", configured);
        if (r == 0)
                r = source_open_store(service->store, service->cluster, &service->source);
        if (r < 0)
                return r;
        store_hurry(service->store, service_cluster_hurries, service);
        source_use_clock(service->source, service->world.clock);
        if (!service->world.clock) /* simulated hosts have no libvirt */
                source_reach_silent(service->source);
        r = bmc_watch_start(service->settings, store_url(service->store), service->cluster, &service->bmcs);
        r = r == 1 ? 0 : r;
        if (r == 0 && !url[0])
                log_event(LOG_INFO, "store.private", "url=%s", store_url(service->store));
        return r;
}

static int open_arenas(ClusterService *service) {
        int r = -ENOMEM;

        for (size_t limit = (size_t) 32 << 30; r < 0 && limit >= (size_t) 64 << 20; limit /= 4)
                r = arena_open(limit, &service->arena);
        for (unsigned i = 0; i < 2 && r == 0; i++)
                r = arena_open((size_t) 64 << 20, &service->settings_arenas[i]);
        return r;
}

static void name_log(ClusterService *service, const char *name) {
        char quoted[QUOTE];

        (void) snprintf(service->log_words, sizeof(service->log_words), "cluster=%s",
                        strpbrk(name, " \"=\\") ? log_quote(name, quoted, sizeof(quoted)) : name);
        service->log.words = service->log_words;
}

static int service_cluster_open_all(ClusterService *service) {
        const char *file = NULL;
        TextFault fault = { 0 };
        int r = open_arenas(service);

        if (r == 0)
                r = load_settings(service, &file, &fault);
        if (r < 0) {
                service_log_fault("settings.refused", file, &fault);
                return -EINVAL;
        }
        name_log(service, settings_text(service->settings, "service", "cluster"));
        r = service_cluster_open_store(service, &fault);
        if (r < 0) {
                service_log_fault("store.failed", NULL, &fault);
                return r;
        }
        r = sightings_new(service->outer, &service->sightings);
        if (r < 0)
                return r;
        service->leadership = leadership_in(&service->world, service->store,
                                            settings_int(service->settings, "service", "lease"));
        r = service_stop_open(&service->moves_stop, service->store,
                              settings_text(service->settings, "service", "state_dir"), service->cluster);
        return r < 0 ? r
                     : service_epoch_open(&service->epoch, service->store,
                                          settings_text(service->settings, "service", "state_dir"),
                                          service->cluster);
}

/* Before its settings are read: they are its own. */
static int take_name(ClusterService *service, const char *name) {
        TextFault fault = { 0 };

        if (strlen(name) >= sizeof(service->cluster)) {
                text_fault(&fault, "service.clusters", "a cluster's name has at most %zu bytes",
                           sizeof(service->cluster) - 1);
                service_log_fault("settings.refused", NULL, &fault);
                return -EINVAL;
        }
        (void) snprintf(service->cluster, sizeof(service->cluster), "%s", name);
        name_log(service, name);
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

ClusterService *cluster_service_free(ClusterService *service) {
        if (!service)
                return NULL;
        if (service->has_executor)
                service->executor.free(service->executor.self);
        service->bmcs = bmc_watch_free(service->bmcs);
        event_watch_close(&service->events);
        round_calls_close(&service->calls);
        service_epoch_close(&service->epoch);
        demand_store_close(&service->demand);
        service_stop_close(&service->moves_stop);
        service->sightings = sightings_free(service->sightings);
        service->source = source_free(service->source);
        service->store = store_free(service->store);
        admission_memory_close(&service->memory.admissions);
        known_hosts_close(&service->memory.known);
        service_said_close(&service->memory.said);
        arena_close(&service->arena);
        arena_close(&service->settings_arenas[0]);
        arena_close(&service->settings_arenas[1]);
        free(service);
        return NULL;
}
