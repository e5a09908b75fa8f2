/* SPDX-License-Identifier: Apache-2.0 */
/* One cluster's rounds, and its loop. */
#include "scheduler/app/service/service_cluster.h"

#include <errno.h>
#include <string.h>

#include "scheduler/app/service/service_cluster_parts.h"
#include "scheduler/app/settings/app_settings.h"
#include "scheduler/app/terminal/invocation.h"
#include "scheduler/milp/exact.h"
#include "scheduler/snapshot/wire/pulse.h"
#include "scheduler/store/store_unread.h"

#define QUOTE       512
#define UNFINISHED  (3 * USEC_PER_SEC)
#define RING_EVERY  (60 * USEC_PER_SEC)
#define ROUND_LEAST USEC_PER_SEC       /* from the start of one round to the next, however often hosts call */
#define EVENT_EVERY (5 * USEC_PER_SEC) /* hosts' pulses are looked at; and the least from round to event */

static bool service_cluster_goes_on(ClusterService *service) {
        return service_cluster_stop_request(service) == STOP_NONE;
}
/* ---- a round ---- */

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

/* What of a round follows from the settings in force. */
static void service_cluster_set_round(ClusterService *service, ServiceRound *io) {
        io->settings = service->settings;
        io->modes = service_modes(service->settings);
        io->interval = settings_int(service->settings, "service", "interval");
        io->hold = settings_int(service->settings, "service", "hold");
        io->settle = settings_int(service->settings, "service", "settle");
        io->executor = service_cluster_acts(service) ? &service->executor : NULL;
}

/* Beside moves that run: these were planned by settings that stay. */
static bool service_cluster_reload_beside(void *arg, ServiceRound *io) {
        ClusterService *service = arg;
        const Settings *was = service->settings;

        service_cluster_reload_if_asked(service);
        if (service->settings == was)
                return false;
        service_cluster_set_round(service, io);
        return true;
}

static void service_cluster_say_unread(ClusterService *service, bool all) {
        service_say_unread(&service->memory.said.unread, store_unread(service->store), all,
                           service_cluster_monotonic(service));
}

static int one_round(ClusterService *service) {
        const Snapshot *seen;
        ServiceRound round = { .store = service->store,
                               .source = service->source,
                               .leadership = &service->leadership,
                               .demand = &service->demand,
                               .arena = &service->arena,
                               .memory = &service->memory,
                               .urgent_only = service_cluster_monotonic(service) < service->memory.rest_until,
                               .stop = &service->moves_stop,
                               .sightings = service->sightings,
                               .moving = &service->moving,
                               .calls = &service->calls,
                               .metrics = service->metrics,
                               .notices = service->notices,
                               .beside = &service_beside,
                               .epoch = &service->epoch,
                               .reload = service_cluster_reload_beside,
                               .reload_arg = service };
        int r = service_cluster_need_executor(service);

        if (r < 0)
                return r;
        service_cluster_set_round(service, &round);
        arena_rewind(&service->arena, 0);
        service->memory.seen = NULL;
        service->memory.moved = false;
        r = service_round(&round);
        seen = service->memory.seen;
        if (seen && event_watch_round(&service->events, seen, service->settings, service->memory.moved) < 0)
                log_event(LOG_WARNING, "events.lost", "why=\"out of memory\"");
        if (seen && service_cluster_goes_on(service))
                make_ring(service, seen);
        service_cluster_say_unread(service, false);
        /* Who only advises does not keep others from acting: `plimsoll apply` takes the lease between rounds.
         */
        if (!service_cluster_acts(service)) {
                leadership_release(&service->leadership);
                service_cluster_set_leading(service, false);
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

/* Of a host whose pulse cannot be read nothing calls a round. */
static void service_cluster_say_pulses(ClusterService *service, const StoredText *pulses, uint32_t n,
                                       usec_t now) {
        Drops unread = { 0 };

        for (uint32_t i = 0; i < n; i++) {
                Pulse pulse;

                if (pulse_parse(pulses[i].text, pulses[i].n, &pulse) < 0)
                        drops_add(&unread, "the store's pulse", pulses[i].name, strlen(pulses[i].name),
                                  "cannot be read; its host calls no round");
        }
        service_say_unread(&service->memory.said.pulses, &unread, true, now);
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
        service_cluster_say_pulses(service, pulses, n, now);
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
        for (usec_t now = service_cluster_monotonic(service); now < end && service_cluster_goes_on(service);
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
                service_cluster_reload_if_asked(service);
                service_cluster_forget_settings(service, service->settings);
                if (service->leading && !leadership_keep(&service->leadership)) {
                        log_event(LOG_WARNING, "lease.lost", "leader=%s",
                                  service->leadership.holder[0]
                                          ? log_quote(service->leadership.holder, quoted, sizeof(quoted))
                                          : "unknown");
                        service_cluster_set_leading(service, false);
                        cluster_metrics_lead(service->metrics, false);
                        notice_watch_lead(service->notices, 0);
                }
                if (service->leading)
                        service_cluster_share_out(service);
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
        usec_t soon = lease / 6 < interval ? lease / 6 : interval, end;

        if (r != 0)
                return service_cluster_monotonic(service) + soon; /* a follower, or blind: try soon again */
        if (service->memory.unfinished)
                return service_cluster_monotonic(service) + (UNFINISHED < interval ? UNFINISHED : interval);
        end = service->memory.rest_until > begun + interval ? service->memory.rest_until : begun + interval;
        if (service->memory.retry > 0 && service->memory.retry < end)
                return service->memory.retry > begun + UNFINISHED ? service->memory.retry
                                                                  : begun + UNFINISHED;
        return end;
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
        cluster_metrics_ready(service->metrics,
                              r >= 0 || r == -ECANCELED ? NULL : "the store cannot be read");
        if (r < 0)
                *turn = r;
}

static int service_cluster_turn(ClusterService *service) {
        int r;

        service_cluster_say_unread(service, true); /* of the round before, and since */
        store_unread_begin(service->store);
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
        while (service_cluster_goes_on(service)) {
                usec_t begun = service_cluster_monotonic(service);
                int r = service_cluster_turn(service);

                if (once) {
                        status = r == 0 ? EXIT_DONE : r == 1 ? EXIT_BLOCKED : EXIT_FAILED;
                        break;
                }
                service_cluster_rest(service, begun, service_cluster_pause_of(service, r, begun), r == 0);
        }
        leadership_release(&service->leadership);
        service_cluster_set_leading(service, false);
        leadership_unguard(&service->leadership);
        log_event(LOG_INFO, "service.stopped", "reason=%s", once ? "once" : "signal");
        log_thread(NULL);
        return status;
}
