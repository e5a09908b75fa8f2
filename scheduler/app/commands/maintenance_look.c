/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/commands/maintenance_look.h"

#include <string.h>

#include "scheduler/app/commands/roll_look.h"
#include "scheduler/app/commands/stopped.h"
#include "scheduler/app/terminal/json_print.h"
#include "scheduler/app/text/stranded_text.h"
#include "scheduler/model/host_silence.h"
#include "scheduler/snapshot/build/off_vms.h"
#include "scheduler/snapshot/json/json_value.h"

#define STAYS_SHOWN 12U

/* ---- looking ---- */

int maintenance_read_live(MaintenanceLook *look) {
        int r = live_state_get(source_store(look->facts->source), look->in->arena, &look->live);

        look->has_live = r == 0;
        look->stopped = stopped_words(look->in, source_store(look->facts->source));
        return r < 0 ? r : 0;
}

static bool maintenance_is_queued(const LiveMove *m) {
        return m->status.phase == MIGRATION_QUEUED;
}

bool maintenance_is_running(const LiveMove *m) {
        return m->status.phase == MIGRATION_RUNNING || m->status.phase == MIGRATION_VERIFYING;
}

int maintenance_look_at(const MaintenanceLook *look, HostIx h, Emptying *ret) {
        const Snapshot *s = look->facts->snapshot;
        const char *name = s->hosts[h].name, *text = "";
        Emptying e = { .host = &s->hosts[h] };
        int r = host_mark_get(source_store(look->facts->source), look->in->arena, name, &e.mark, &text);

        for (VmIx v = 0; v < s->n_vms; v++)
                e.left += snapshot_vm_is_on(s, v, h);
        e.off = off_vms_on(s, h);
        e.stranded = stranded_vms(s, h);
        for (uint32_t i = 0; look->has_live && i < look->live.n_moves; i++) {
                const LiveMove *m = &look->live.moves[i];

                e.moving += strcmp(m->order->from, name) == 0 && maintenance_is_running(m);
                e.waiting += strcmp(m->order->from, name) == 0 && maintenance_is_queued(m) && !m->order->held;
        }
        for (uint32_t i = 0; look->has_live && i < look->live.n_stays; i++)
                e.cannot += strcmp(look->live.stays[i].host, name) == 0;
        e.empty = e.left == 0 && e.moving == 0 && e.host->excluded == EXCLUDED_NONE &&
                  e.host->seen_at > e.mark.at && e.host->seen_at > look->seen_after;
        *ret = e;
        return r;
}

bool maintenance_does_act(const MaintenanceLook *look) {
        return look->has_live && look->live.modes.of[ACTION_KIND_MAINTENANCE] != MODE_ADVISE;
}

/* The plan that a person has to accept before it moves anything. NULL: there is none. */
const LiveWaiting *maintenance_awaits(const MaintenanceLook *look) {
        const LiveWaiting *first = look->has_live && look->live.n_waiting > 0 ? &look->live.waiting[0] : NULL;
        const ServiceMode mode = look->live.modes.of[ACTION_KIND_MAINTENANCE];

        if (!first || mode == MODE_ADVISE) /* auto: of VMs whose moves a rule has confirmed */
                return NULL;
        return mode == MODE_CONFIRM || strstr(first->kinds, action_kind_names[ACTION_KIND_MAINTENANCE])
                       ? first
                       : NULL;
}

static bool maintenance_is_held(const Emptying *emptying) {
        return emptying->host->brake == BRAKE_HELD && emptying->left > 0 && emptying->moving == 0;
}

bool maintenance_is_stopped(const MaintenanceLook *look, const Emptying *emptying) {
        return look->stopped && emptying->left > 0 && emptying->moving == 0;
}

/* Nobody sees it, and no VM of it is known. */
static bool maintenance_is_unseen(const Emptying *emptying) {
        return emptying->mark.state == HOST_MAINTENANCE && emptying->left == 0 && emptying->moving == 0 &&
               host_is_silent(emptying->host);
}

bool maintenance_was_empty(const Emptying *emptying) {
        return maintenance_is_unseen(emptying) && emptying->host->vms_as_of > emptying->mark.at;
}

bool maintenance_is_unknown(const Emptying *emptying) {
        return maintenance_is_unseen(emptying) && !maintenance_was_empty(emptying);
}

/* The service has planned since it was asked, and moves nothing of what is left; or all moves are stopped. */
bool maintenance_is_blocked(const MaintenanceLook *look, const Emptying *emptying) {
        if (emptying->stranded > 0 || maintenance_is_unknown(emptying) ||
            maintenance_is_stopped(look, emptying) || maintenance_is_held(emptying))
                return true;
        return maintenance_does_act(look) && emptying->left > 0 && emptying->moving == 0 &&
               emptying->waiting == 0 && emptying->cannot >= emptying->left &&
               look->live.round_at > emptying->mark.at && look->live.round_at > look->asked;
}

/* ---- words ---- */

bool maintenance_off(const Invocation *in, const Facts *facts, const char *host,
                     char ret[MAINTENANCE_WORDS]) {
        const HostIx h = snapshot_host(facts->snapshot, host);
        const char *words = h != IX_NONE ? off_vms_words(in->arena, facts->snapshot, h) : NULL;

        if (!words || !*words)
                return false;
        (void) text_safe(words, ret, MAINTENANCE_WORDS);
        return true;
}

void maintenance_print_off(const MaintenanceLook *look, const char *host) {
        char safe[MAINTENANCE_WORDS];

        if (maintenance_off(look->in, look->facts, host, safe))
                (void) out_say(look->in->out.out, "  %s\n", safe);
}

/* Of those whose host is not seen: whatever the service planned last. */
static void maintenance_print_stranded(const MaintenanceLook *look, HostIx h) {
        const Snapshot *s = look->facts->snapshot;
        const Screen *screen = &look->in->out;
        const char *why = stranded_why(look->in->arena, &s->hosts[h]);
        char vm[256], safe[512];
        uint32_t n = 0;

        for (VmIx v = 0; v < s->n_vms; v++) {
                if (s->vms[v].host != h || !vm_is_stranded(s, v) || n++ >= STAYS_SHOWN)
                        continue;
                (void) out_say(screen->out, "  %s%s%s cannot leave: %s\n", screen_style(screen, STYLE_BAD),
                               text_safe(s->vms[v].name, vm, sizeof(vm)), screen_style(screen, STYLE_PLAIN),
                               text_safe(why ? why : "", safe, sizeof(safe)));
        }
        if (n > STAYS_SHOWN)
                (void) out_say(screen->out, "  … and %u more (--json has them)\n", n - STAYS_SHOWN);
}

void maintenance_print_stays(const MaintenanceLook *look, const char *host) {
        const Screen *screen = &look->in->out;
        const HostIx h = snapshot_host(look->facts->snapshot, host);
        char vm[256], why[512];
        uint32_t shown = 0, all = 0;

        if (h != IX_NONE && stranded_vms(look->facts->snapshot, h) > 0) {
                maintenance_print_stranded(look, h);
                maintenance_print_off(look, host);
                return;
        }
        for (uint32_t i = 0; look->has_live && i < look->live.n_stays; i++) {
                const LiveStay *stay = &look->live.stays[i];

                if (strcmp(stay->host, host) != 0 || all++ >= STAYS_SHOWN)
                        continue;
                shown++;
                (void) out_say(screen->out, "  %s%s%s cannot leave: %s\n", screen_style(screen, STYLE_BAD),
                               text_safe(stay->vm, vm, sizeof(vm)), screen_style(screen, STYLE_PLAIN),
                               text_safe(stay->why, why, sizeof(why)));
        }
        if (all > shown)
                (void) out_say(screen->out, "  … and %u more (--json has them)\n", all - shown);
        maintenance_print_off(look, host);
}

const char *maintenance_state_words(const MaintenanceLook *look, const Emptying *emptying) {
        Arena *a = look->in->arena;

        if (emptying->empty)
                return "empty";
        if (host_is_silent(emptying->host))
                return text_format(a, "%s: %s",
                                   maintenance_was_empty(emptying)          ? "empty at its last report"
                                   : maintenance_is_blocked(look, emptying) ? "blocked, VMs unknown"
                                                                            : "VMs unknown",
                                   host_silence_why(emptying->host));
        if (emptying->left == 0)
                return "waiting for fresh data";
        if (maintenance_is_stopped(look, emptying))
                return "all moves are stopped (plimsoll status)";
        if (maintenance_is_held(emptying))
                return text_format(a, "held: plimsoll release %s", emptying->host->name);
        if (maintenance_is_blocked(look, emptying))
                return "blocked";
        if (!look->has_live)
                return "no service is running";
        if (!maintenance_does_act(look))
                return "not moving: the service is in advise mode";
        if (emptying->moving == 0 && maintenance_awaits(look))
                return text_format(a, "awaiting confirmation: plimsoll confirm %s",
                                   maintenance_awaits(look)->id);
        if (emptying->moving > 0 || emptying->waiting > 0)
                return text_format(a, "%u moving, %u to come", emptying->moving, emptying->waiting);
        return look->live.round_at > emptying->mark.at && look->live.round_at > look->asked
                       ? "waiting"
                       : "waiting for the next round";
}

/* Those that its own silence keeps there; else those that the service has found no way for. */
static json_t *maintenance_stays_json(const MaintenanceLook *look, const Emptying *emptying) {
        const HostIx h = snapshot_host(look->facts->snapshot, emptying->host->name);
        json_t *stays;

        if (emptying->stranded > 0)
                return stranded_json(look->in->arena, look->facts->snapshot, h);
        stays = json_array();
        for (uint32_t i = 0; look->has_live && i < look->live.n_stays; i++)
                if (strcmp(look->live.stays[i].host, emptying->host->name) == 0)
                        (void) json_array_append_new(stays, json_pack("{s:s, s:s, s:o}", "vm",
                                                                      look->live.stays[i].vm, "host",
                                                                      emptying->host->name, "why",
                                                                      json_text(look->live.stays[i].why)));
        return stays;
}

json_t *maintenance_one_json(const MaintenanceLook *look, const Emptying *emptying) {
        const OperatorMark *mark = &emptying->mark;

        return json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:I, s:I, s:I, s:I, s:b, s:b, s:b, s:o, s:o}",
                         "name", emptying->host->name, "state", host_state_names[emptying->host->state], "by",
                         json_text(mark->by), "why", json_text(mark->why), "since", json_instant(mark->at),
                         "leave_by", json_instant(mark->leave_by), "vm_count", (json_int_t) emptying->left,
                         "moving_count", (json_int_t) emptying->moving, "waiting_count",
                         (json_int_t) emptying->waiting, "off_count", (json_int_t) emptying->off, "empty",
                         (int) emptying->empty, "blocked", (int) maintenance_is_blocked(look, emptying),
                         "for_good", (int) mark->for_good, "text",
                         json_text(maintenance_state_words(look, emptying)), "cannot_leave",
                         maintenance_stays_json(look, emptying));
}

void maintenance_print_json(const MaintenanceLook *look, json_t *hosts) {
        (void) json_print(json_pack("{s:s, s:s, s:b, s:o, s:o, s:o, s:O}", "schema", "plimsoll.maintenance/1",
                                    "cluster", look->facts->snapshot->cluster, "service_runs",
                                    (int) look->has_live, "mode",
                                    json_text(look->has_live ? look->live.mode : NULL), "stop",
                                    stopped_json(look->in, source_store(look->facts->source)), "roll",
                                    roll_look_json(look), "hosts", hosts),
                          look->in->out.out);
}

void maintenance_say_stopped(const MaintenanceLook *look) {
        const Screen *out = &look->in->out;
        char safe[1024];

        if (look->stopped && !look->in->json)
                (void) out_say(out->out, "%s%s%s\n", screen_style(out, STYLE_BAD),
                               text_safe(look->stopped, safe, sizeof(safe)), screen_style(out, STYLE_PLAIN));
}
