/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/commands/status_json.h"

#include <jansson.h>

#include "scheduler/app/commands/live_text.h"
#include "scheduler/app/commands/stopped.h"
#include "scheduler/app/terminal/json_print.h"
#include "scheduler/app/text/booking_text.h"
#include "scheduler/app/text/contention_text.h"
#include "scheduler/app/text/hand_text.h"
#include "scheduler/app/text/late_text.h"
#include "scheduler/app/text/missed_text.h"
#include "scheduler/app/text/shared_findings.h"
#include "scheduler/app/text/stranded_text.h"
#include "scheduler/app/text/trial_text.h"
#include "scheduler/app/text/twin_text.h"
#include "scheduler/app/text/vm_mode_text.h"
#include "scheduler/model/host_silence.h"
#include "scheduler/snapshot/json/json_value.h"

#define WAITING_MOST 100U

json_t *status_host_json(const Host *host, const HostShare *share, int64_t score) {
        const char *fenced = host->excluded == EXCLUDED_NONE ? NULL
                             : host->excluded_why            ? host->excluded_why
                                                             : exclusion_texts[host->excluded];
        json_t *o = json_pack("{s:s, s:s, s:i, s:o, s:o, s:o, s:o, s:b, s:I, s:o, s:o, s:o, s:o, s:o, s:o}",
                              "name", host->name, "state", host_state_names[host->state], "vm_count",
                              (int) share->vms, "cpu_used", json_share(share->cpu.used), "cpu_load_line",
                              json_share(share->cpu.limit), "memory_used", json_share(share->memory.used),
                              "memory_load_line", json_share(share->memory.limit), "above_load_line",
                              (int) share->over, "fault_grade", (json_int_t) host->fault_grade, "labels",
                              strings_json(&host->labels), "fenced", json_text(fenced), "fault",
                              json_text(host->fault_why), "takes_none", json_text(host->no_entry_why),
                              "unread", json_text(host->unread), "seen_at", json_instant(host->seen_at));

        (void) json_object_set_new(o, "net_rx_used", json_share(share->net_rx.used));
        (void) json_object_set_new(o, "net_rx_load_line", json_share(share->net_rx.limit));
        (void) json_object_set_new(o, "net_tx_used", json_share(share->net_tx.used));
        (void) json_object_set_new(o, "net_tx_load_line", json_share(share->net_tx.limit));
        (void) json_object_set_new(o, "cpu_score", json_share(score));
        (void) json_object_set_new(o, "contention", contention_host_json(host));
        return o;
}

static json_t *status_recent_json(const StatusView *s) {
        json_t *list = json_array();

        for (uint32_t i = 0; i < s->n_recent; i++) {
                const JournalEntry *e = &s->recent[i];

                (void) json_array_append_new(
                        list, json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "vm",
                                        e->order->vm, "from", e->order->from, "to", e->order->to, "end",
                                        journal_event_names[e->event], "at", json_instant(e->at), "seconds",
                                        json_seconds(e->took.ms), "predicted_seconds",
                                        json_seconds(e->order->predicted.ms), "bytes",
                                        json_number(e->took.bytes), "downtime_seconds",
                                        json_seconds(e->took.downtime_ms), "message", json_text(e->message)));
        }
        return list;
}

static json_t *status_loss_json(const LostStore *loss) {
        if (!loss)
                return json_null();
        return json_pack("{s:s, s:o, s:o, s:o, s:b, s:o}", "id", loss->id ? loss->id : "", "why",
                         json_text(loss->why), "at", json_instant(loss->at), "seen_by", json_text(loss->by),
                         "acknowledged", (int) loss->answered, "acknowledged_by",
                         json_text(loss->answered ? loss->answer.by : NULL));
}

static json_t *status_held_json(const StatusView *s) {
        json_t *list = json_array();

        for (HostIx h = 0; h < s->snapshot->n_hosts; h++) {
                const BrakeVerdict *verdict = &s->brake.hosts[h];

                if (verdict->state == BRAKE_HELD)
                        (void) json_array_append_new(list, json_pack("{s:s, s:o, s:o, s:o}", "host",
                                                                     s->snapshot->hosts[h].name, "why",
                                                                     json_text(verdict->why), "kind",
                                                                     json_text(verdict->kind), "since",
                                                                     json_instant(verdict->at)));
        }
        return list;
}

static json_t *status_findings_json(Arena *a, const Snapshot *s) {
        json_t *list = json_array();
        SharedFindings shared = { 0 };

        if (shared_findings(a, s, &shared) < 0)
                return list;
        for (uint32_t i = 0; i < shared.n; i++)
                (void) json_array_append_new(list,
                                             json_pack("{s:s, s:I, s:I, s:I}", "hazard", shared.at[i].hazard,
                                                       "grade", (json_int_t) shared.at[i].grade, "host_count",
                                                       (json_int_t) shared.at[i].n, "of_host_count",
                                                       (json_int_t) s->n_hosts));
        return list;
}

static json_t *status_doubled_json(const Snapshot *s) {
        json_t *list = json_array();

        for (VmIx v = 0; v < s->n_vms; v++)
                if (vm_is_doubled(&s->vms[v]))
                        (void) json_array_append_new(list,
                                                     json_pack("{s:s, s:o}", "vm", s->vms[v].name, "hosts",
                                                               strings_json(&s->vms[v].running_on)));
        return list;
}

static json_t *status_unclear_json(const StatusView *s) {
        json_t *list = json_array();

        for (uint32_t i = 0; i < s->n_open; i++)
                if (s->open[i].event == JOURNAL_UNCLEAR)
                        (void) json_array_append_new(
                                list, json_pack("{s:s, s:[s, s], s:s}", "vm", s->open[i].order->vm, "hosts",
                                                s->open[i].order->from, s->open[i].order->to, "message",
                                                s->open[i].message));
        return list;
}

static json_t *status_failover_json(const StatusView *s) {
        if (s->failover.found.n_hosts == 0)
                return json_null();
        return json_pack("{s:i, s:i}", "protected_count", (int) s->failover.found.n_protected, "host_count",
                         (int) s->failover.found.n_hosts);
}

/* What holds moves back, or waits for a person. */
static void status_add_holds(json_t *o, Invocation *in, const StatusView *s) {
        const Snapshot *snapshot = s->snapshot;

        (void) json_object_set_new(o, "stranded", stranded_json(in->arena, snapshot, IX_NONE));
        (void) json_object_set_new(o, "left_to_a_person", vm_mode_json(in->arena, snapshot));
        (void) json_object_set_new(o, "late", late_json(snapshot, clock_now()));
        (void) json_object_set_new(o, "stop", stopped_json(in, s->store));
        (void) json_object_set_new(o, "store_forgotten", status_loss_json(s->loss));
        (void) json_object_set_new(o, "held", status_held_json(s));
        (void) json_object_set_new(o, "missed", missed_waiting_json(snapshot));
        (void) json_object_set_new(o, "failover", status_failover_json(s));
        (void) json_object_set_new(o, "bookings", bookings_json(snapshot));
        (void) json_object_set_new(o, "moved_by_hand",
                                   hand_json(s->holds.cool_downs, s->holds.n_cool_downs, clock_now()));
        (void) json_object_set_new(o, "doubled", status_doubled_json(snapshot));
        (void) json_object_set_new(o, "unclear", status_unclear_json(s));
        (void) json_object_set_new(o, "twins", twins_json(in->arena, snapshot, &s->moved));
}

void status_print_json(Invocation *in, const Facts *facts, const StatusView *s) {
        const uint32_t most = option_given(&in->options, "all") ? UINT32_MAX : WAITING_MOST;
        json_t *o = json_pack("{s:s, s:s, s:o}", "schema", "plimsoll.status/1", "cluster",
                              s->snapshot->cluster, "taken_at", json_instant(s->snapshot->taken_at)),
               *hosts = json_array();

        for (HostIx h = 0; h < s->snapshot->n_hosts; h++)
                (void) json_array_append_new(
                        hosts, status_host_json(&s->snapshot->hosts[h], &s->shares[h], s->scores.hosts[h]));
        (void) json_object_set_new(o, "cpu_score", json_share(s->scores.all));
        (void) json_object_set_new(o, "vm_count", json_integer(snapshot_n_vms(s->snapshot)));
        (void) json_object_set_new(o, "blind", json_boolean(snapshot_is_blind(s->snapshot)));
        (void) json_object_set_new(o, "excluded", json_integer(snapshot_excluded(s->snapshot)));
        (void) json_object_set_new(o, "failing", json_integer(hosts_failing(s->snapshot)));
        (void) json_object_set_new(o, "not_known", json_integer(hosts_silent(s->snapshot)));
        (void) json_object_set_new(o, "left_out", json_integer((json_int_t) source_left_out(facts->source)));
        (void) json_object_set_new(o, "unread", strings_json(&s->unread));
        (void) json_object_set_new(o, "unsure", json_integer(facts_unsure(s->snapshot)));
        status_add_holds(o, in, s);
        (void) json_object_set_new(o, "findings", status_findings_json(in->arena, s->snapshot));
        (void) json_object_set_new(o, "hosts", hosts);
        (void) json_object_set_new(o, "vms_that_wait", contention_vms_json(in->arena, s->snapshot, most));
        (void) json_object_set_new(o, "service", s->has_live ? live_text_json(&s->live) : json_null());
        (void) json_object_set_new(o, "leading", json_boolean(s->leads));
        (void) json_object_set_new(o, "lease", json_text(s->has_lease ? s->lease.holder : NULL));
        (void) json_object_set_new(o, "recent", status_recent_json(s));
        (void) json_print(o, in->out.out);
}
