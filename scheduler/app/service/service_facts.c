/* SPDX-License-Identifier: Apache-2.0 */
/* What a round finds out: the facts of now, and what rounds keep of demand, faults, holds and predictions. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "scheduler/app/facts/facts_overlay.h"
#include "scheduler/app/facts/silent_store.h"
#include "scheduler/app/round/round_store.h"
#include "scheduler/app/round/vm_homes.h"
#include "scheduler/app/service/service_parts.h"
#include "scheduler/app/terminal/human.h"
#include "scheduler/app/text/doubled_text.h"
#include "scheduler/base/hash.h"
#include "scheduler/base/log.h"

#define QUOTE 512

static void service_facts_grade_changed(const GradeChange *c, uint32_t hosts) {
        char quoted[QUOTE];

        if (hosts > 1) {
                log_event(c->is > c->was ? LOG_WARNING : LOG_INFO,
                          c->is > c->was ? "fault.rose" : "fault.fell",
                          "hosts=%u hazard=%s grade=%lld was=%lld first=%s why=%s", hosts, c->hazard,
                          (long long) c->is, (long long) c->was, c->host,
                          log_quote(c->why ? c->why : "", quoted, sizeof(quoted)));
                return;
        }
        log_event(c->is > c->was ? LOG_WARNING : LOG_INFO, c->is > c->was ? "fault.rose" : "fault.fell",
                  "host=%s device=\"%s\" grade=%lld was=%lld why=%s", c->host, c->device, (long long) c->is,
                  (long long) c->was, log_quote(c->why ? c->why : "", quoted, sizeof(quoted)));
}

/* Of so many hosts for the same reason in one round: one line. */
#define CHANGES_SHARED 5U

typedef struct HeardChanges {
        GradeChange *at; /* [n], room for all there can be */
        uint32_t n, room;
} HeardChanges;

static void service_facts_hear_change(void *arg, const GradeChange *c) {
        HeardChanges *heard = arg;

        if (heard->n < heard->room)
                heard->at[heard->n++] = *c;
}

static bool service_facts_alike(const GradeChange *left, const GradeChange *right) {
        return left->hazard && right->hazard && left->is == right->is && left->was == right->was &&
               strcmp(left->hazard, right->hazard) == 0;
}

static void service_facts_say_changes(const HeardChanges *heard) {
        for (uint32_t i = 0; i < heard->n; i++) {
                uint32_t before = 0, hosts = 0;

                for (uint32_t k = 0; k < heard->n; k++) {
                        if (!service_facts_alike(&heard->at[i], &heard->at[k]))
                                continue;
                        before += k < i;
                        hosts += k == 0 || strcmp(heard->at[k].host, heard->at[k - 1].host) != 0;
                }
                if (hosts < CHANGES_SHARED)
                        service_facts_grade_changed(&heard->at[i], 1);
                else if (before == 0)
                        service_facts_grade_changed(&heard->at[i], hosts);
        }
}

static int service_facts_hear(Arena *a, const FaultStore *faults, HeardChanges *ret) {
        uint32_t room = 0;

        for (uint32_t i = 0; i < faults->n_after; i++)
                room += faults->after[i].n_devices;
        for (uint32_t i = 0; i < faults->n_before; i++)
                room += faults->before[i].n_devices;
        *ret = (HeardChanges){ .at = arena_new(a, GradeChange, room), .room = room };
        return ret->at ? 0 : -ENOMEM;
}

/* What the round has learned of failing hardware outlives it. */
static int service_facts_write_faults(const ServiceRound *round, usec_t now, RoundDisplay *shown) {
        const FaultStore *faults = source_faults(round->source);
        HeardChanges heard;
        int r = service_facts_hear(round->arena, faults, &heard);

        if (r == 0)
                r = fault_store_write(faults, round->leadership, round->arena, now,
                                      (ChangeHeard){ service_facts_hear_change, &heard });
        service_facts_say_changes(&heard);
        if (r != 0)
                shown->live.summary = "no plan: the fault data could not be stored";
        return r == 1 ? -ECANCELED : r;
}

/* What the VMs are taken to need, by what they used until now. */
static int service_facts_demand(const ServiceRound *round, RoundFindings *found) {
        static const SayState lost = { LOG_WARNING, "demand.lost", "demand.kept" };
        int r = demand_store_round(round->demand, round->leadership, round->arena, round->settings,
                                   found->input.snapshot, &found->input.snapshot);

        if (r == 0)
                (void) service_say(&round->memory->said.states, &lost, round->demand->note,
                                   round_monotonic(round));
        return r == 1 ? -ECANCELED : r;
}

/* What earlier decisions have led to; and whether predictions were too wrong to go on with balance. */
static int service_facts_audit(const ServiceRound *round, RoundFindings *found, RoundDisplay *shown) {
        Said *states = &round->memory->said.states;
        const usec_t now = round_monotonic(round);
        char quoted[QUOTE], since[HUMAN_SIZE];
        SaidThing was;
        AuditPause pause = { 0 };
        int r = audit_store_look(round->leadership, round->arena, round->settings, found->facts);

        if (r == 0)
                r = audit_store_verdict(round->store, round->arena, round->settings, &pause);
        if (r != 0)
                return r == 1 ? -ECANCELED : r;
        found->input.paused = shown->live.paused = pause.why;
        shown->live.paused_since = pause.since;
        if (found->input.paused && said_look(states, "balance.paused", "", now) == SAID_BEGINS)
                log_event(LOG_WARNING, "balance.paused",
                          "kinds=\"balance, load\" since=\"%s\" why=%s ends=\"" AUDIT_PAUSE_ENDS "\"",
                          human_time(pause.since, since), log_quote(pause.why, quoted, sizeof(quoted)));
        if (!found->input.paused && said_end(states, "balance.paused", &was))
                log_event(LOG_INFO, "balance.resumed",
                          "why=\"predictions were right again, or acknowledged\" rounds=%llu",
                          (unsigned long long) was.times);
        return 0;
}

static void service_facts_say_released(const BrakeStore *store) {
        char host[QUOTE], by[QUOTE];

        for (uint32_t i = 0; i < store->n_released; i++) {
                const char *blank = strchr(store->released[i].text, ' '); /* "AT BY" */

                log_event(LOG_WARNING, "brake.released", "host=%s by=%s",
                          log_quote(store->released[i].name, host, sizeof(host)),
                          log_quote(blank ? blank + 1 : "?", by, sizeof(by)));
        }
}

/* How many hosts have come to be emptied lately: written down before any of them is. */
static int service_facts_brake(const ServiceRound *round, RoundFindings *found, RoundDisplay *shown) {
        const Snapshot *s = found->input.snapshot;
        Brake brake = { 0 };
        int r = brake_judge(round->arena, s, round->settings, &brake);

        if (r < 0)
                return r;
        service_facts_say_released(source_brake(round->source));
        service_say_held(&round->memory->said, s, &brake, round_monotonic(round));
        r = brake_store_write(source_brake(round->source), round->leadership, s, &brake);
        if (r != 0)
                shown->live.summary = "no plan: the list of hosts to be emptied could not be stored";
        return r == 1 ? -ECANCELED : r;
}

static void service_facts_say_retries(const HoldStore *holds) {
        char name[QUOTE], by[QUOTE];

        for (uint32_t i = 0; i < holds->n_retries; i++) {
                const char *blank = strchr(holds->retries[i].text, ' '); /* "AT BY" */

                log_event(LOG_INFO, "retry.asked", "name=%s by=%s",
                          log_quote(holds->retries[i].name, name, sizeof(name)),
                          log_quote(blank ? blank + 1 : "?", by, sizeof(by)));
        }
}

/* Migrations that failed: what is over is forgotten. */
static int service_facts_missed(const ServiceRound *round, RoundFindings *found, RoundDisplay *shown) {
        const HoldStore *holds = source_holds(round->source);
        int r;

        service_facts_say_retries(holds);
        r = hold_store_write(holds, round->leadership, round->arena, found->facts, round->settings);
        if (r != 0)
                shown->live.summary = "no plan: the list of failed migrations could not be stored";
        return r == 1 ? -ECANCELED : r;
}

static uint32_t service_facts_clocks(const Snapshot *s) {
        uint32_t n = 0;

        for (HostIx h = 0; h < s->n_hosts; h++)
                n += s->hosts[h].excluded == EXCLUDED_CLOCK;
        return n;
}

/* That nobody is seen, as that begins and ends. */
static void service_facts_say_blind(const ServiceRound *round, const Snapshot *s) {
        Said *states = &round->memory->said.states;
        const usec_t now = round_monotonic(round);
        const bool blind = snapshot_is_blind(s);
        char quoted[QUOTE];
        SaidThing was;

        if (blind && said_look(states, "service.blind", "", now) == SAID_BEGINS)
                log_event(LOG_ERROR, "service.blind", "excluded=%u hosts=%u clocks=%u why=%s",
                          snapshot_excluded(s), s->n_hosts, service_facts_clocks(s),
                          log_quote(s->hosts[0].excluded_why ? s->hosts[0].excluded_why
                                                             : exclusion_texts[s->hosts[0].excluded],
                                    quoted, sizeof(quoted)));
        if (!blind && said_end(states, "service.blind", &was))
                log_event(LOG_INFO, "service.sees", "excluded=%u hosts=%u rounds=%llu", snapshot_excluded(s),
                          s->n_hosts, (unsigned long long) was.times);
}

/* What there is to say of single hosts, and of what was left out. -ENOMEM. */
static int service_facts_notices(const ServiceRound *round) {
        const char **texts;
        uint32_t n = 0;

        while (source_notice(round->source, n))
                n++;
        texts = arena_new(round->arena, const char *, n);
        if (!texts)
                return -ENOMEM;
        for (uint32_t i = 0; i < n; i++)
                texts[i] = source_notice(round->source, i);
        service_say_notices(&round->memory->said, texts, n, round_monotonic(round));
        return 0;
}

/* Who entered, who left maintenance. */
static void service_facts_say_marks(const ServiceRound *round) {
        uint32_t n = 0;
        const HostMark *marks = source_marks(round->source, &n);

        service_say_marks(&round->memory->said, marks, n, round->store, round->arena, round_monotonic(round));
}

static int service_facts_source(const ServiceRound *round, RoundFindings *found, RoundDisplay *shown) {
        TextFault fault;
        int r = source_read(round->source, round->arena, round->settings, &found->input.snapshot, &fault);

        if (service_certificates(round, r < 0 ? NULL : source_facts(round->source), shown) < 0)
                return -ENOMEM;
        if (r < 0) {
                found->blind = text_format(round->arena, "%s", fault.what);
                shown->live.summary = text_format(round->arena, "no data: %s", fault.what);
                return r;
        }
        found->facts = source_facts(round->source);
        service_facts_say_blind(round, found->facts);
        service_say_silent(&round->memory->said, round->arena, source_reported(round->source),
                           round_monotonic(round));
        service_facts_say_marks(round);
        service_say_doubled(&round->memory->said, round->arena, found->facts, round_monotonic(round));
        service_say_late(&round->memory->said, found->facts, round_now(round), round_monotonic(round));
        return service_facts_notices(round);
}

/* A host that is not seen any more keeps its VMs, also when its report has expired. */
static int service_facts_known(const ServiceRound *round, const Snapshot *s) {
        uint32_t n = 0;
        const StoredText *stored = source_known(round->source, &n);
        int r = known_hosts_keep(&round->memory->known, s);

        if (r == 0)
                r = known_hosts_write(&round->memory->known, round->leadership,
                                      source_reported(round->source), stored, n);
        if (r == 0) /* commands see hosts as this service does */
                r = silent_store_write(source_silent(round->source), round->leadership, round->arena,
                                       silent_hosts_good_for(round->settings));
        return r == 1 ? -ECANCELED : r;
}

/* ---- reports that are older than moves that have ended ---- */

/* This leader's moves of the last two minutes, as the journal has them. */
static int service_facts_made(const ServiceRound *round, OverlayMove **ret, uint32_t *ret_n) {
        const usec_t since = round_now(round) - VM_HOMES_LATE;
        const JournalEntry *journal = NULL;
        uint32_t n = 0;
        int r = round_store_journal(round->store, round->arena, &journal, &n);
        OverlayMove *made = r == 0 ? arena_new(round->arena, OverlayMove, n) : NULL;

        *ret_n = 0;
        if (r < 0 || !made)
                return r < 0 ? r : -ENOMEM;
        for (uint32_t i = n; i-- > 0;) /* the oldest first */
                if (journal[i].event == JOURNAL_DONE && journal[i].at > since)
                        made[(*ret_n)++] =
                                (OverlayMove){ .order = journal[i].order, .ended_at = journal[i].at };
        *ret = made;
        return 0;
}

/* A round may follow soon after moves: what their hosts reported before is not planned on again. */
static int service_facts_overlay(const ServiceRound *round, RoundFindings *found) {
        OverlayMove *made = NULL;
        uint32_t n = 0;
        int r = 0;

        if (round_monotonic(round) >= round->memory->moved_until)
                return 0;
        r = service_facts_made(round, &made, &n);
        if (r == 0)
                r = facts_overlay(round->arena, found->facts, made, n, &found->facts);
        if (r == 0)
                r = facts_overlay(round->arena, found->input.snapshot, made, n, &found->input.snapshot);
        return r;
}

int service_facts_read(const ServiceRound *round, RoundFindings *found, RoundDisplay *shown) {
        int r;

        found->doing = "reading the hosts' reports";
        r = service_facts_source(round, found, shown);
        if (r < 0)
                return r;
        found->doing = "admitting hosts";
        r = service_admit(round, found->facts);
        if (r == 0) {
                found->doing = "storing which VMs the hosts had";
                r = service_facts_known(round, found->facts);
        }
        if (r == 0) {
                found->doing = "storing fault data";
                r = service_facts_write_faults(round, found->input.now, shown);
        }
        if (r == 0) {
                found->doing = "storing the VMs' use";
                r = service_facts_demand(round, found);
        }
        if (r == 0) {
                found->doing = "evaluating earlier decisions";
                r = service_facts_audit(round, found, shown);
        }
        if (r == 0) {
                found->doing = "storing which hosts are to be emptied";
                r = service_facts_brake(round, found, shown);
        }
        if (r == 0) {
                found->doing = "storing failed migrations";
                r = service_facts_missed(round, found, shown);
        }
        if (r == 0) {
                found->doing = "storing bookings";
                r = service_bookings(round, found);
        }
        if (r == 0) {
                found->doing = "reading the VMs' places, cool-downs and the journal";
                r = service_hand(round, found);
        }
        if (r == 0) {
                found->doing = "recording what has moved";
                r = service_facts_overlay(round, found);
        }
        found->known = r == 0;
        return r;
}

int service_facts_pose(const ServiceRound *round, RoundFindings *found, unsigned not_now) {
        int r;

        found->input.not_now = not_now;
        if (found->is_posed && found->posed_not_now == not_now &&
            found->posed_hold_from == found->input.hold_from)
                return 0;
        r = round_prepare(round->arena, &found->input, &found->posed);
        found->is_posed = r == 0;
        found->posed_not_now = not_now;
        found->posed_hold_from = found->input.hold_from;
        return r;
}
