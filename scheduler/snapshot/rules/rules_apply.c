/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/snapshot/rules/rules_apply.h"

#include <errno.h>
#include <string.h>

#include "scheduler/model/host_label.h"
#include "scheduler/model/host_uri.h"
#include "scheduler/snapshot/build/bookings.h"
#include "scheduler/snapshot/build/off_vms.h"
#include "scheduler/snapshot/rules/label_rules.h"
#include "scheduler/snapshot/rules/rule_kinds.h"
#include "scheduler/snapshot/rules/word_notes.h"

/* ---- hosts and groups ---- */

static int host_set(Arena *a, Host *host, const HostSpec *spec) {
        const int64_t of[RES_BUILTIN_N] = { [RES_CPU] = spec->headroom_cpu,
                                            [RES_MEMORY] = spec->headroom_memory,
                                            [RES_NET_RX] = spec->headroom_network,
                                            [RES_NET_TX] = spec->headroom_network };

        if (spec->zone)
                host->zone = spec->zone;
        if (spec->rack)
                host->rack = spec->rack;
        if (spec->domains.n > 0)
                host->domains = spec->domains;
        if (spec->neighborhood)
                host->neighborhood = spec->neighborhood;
        for (int r = 0; r < RES_BUILTIN_N; r++) {
                const int64_t share = of[r] != UNKNOWN ? of[r] : spec->headroom;

                if (share != UNKNOWN)
                        host->headroom_permille[r] = share;
        }
        if (spec->headroom_extra != UNKNOWN)
                host->headroom_permille[HEADROOM_EXTRA] = spec->headroom_extra;
        if (spec->overcommit_cpu > 0)
                host->overcommit_cpu_permille = spec->overcommit_cpu;
        if (spec->overcommit_memory > 0)
                host->overcommit_memory_permille = spec->overcommit_memory;
        if (spec->reserved_mib != UNKNOWN)
                host->reserved_mib =
                        spec->reserved_mib < host->memory_mib ? spec->reserved_mib : host->memory_mib;
        if (spec->uri) {
                const int r = host_uri_make(a, spec->uri, host_reached_at(host), &host->uri);

                if (r < 0)
                        return r;
        }
        return host_labels_merge(a, &host->labels, &spec->labels, &host->labels);
}

static int apply_hosts(RuleApply *apply) {
        for (uint32_t i = 0; i < apply->set->n_hosts; i++) {
                const HostSpec *spec = &apply->set->hosts[i];
                const HostIx *hosts;
                uint32_t n;
                int r = selection_hosts(apply->arena, &spec->hosts, apply->s, &hosts, &n);

                if (r < 0)
                        return r;
                for (uint32_t k = 0; r == 0 && k < n; k++)
                        r = host_set(apply->arena, &apply->hosts[hosts[k]], spec);
                if (r == 0)
                        r = word_notes(apply,
                                       word_notes_place(apply->arena, "an entry of hosts", "", spec->item),
                                       &spec->hosts, SELECT_FROM_HOSTS);
                if (r == 0 && n == 0)
                        r = rule_apply_note(apply,
                                            text_format(apply->arena, "%s selects no host",
                                                        word_notes_place(apply->arena, "an entry of hosts",
                                                                         "", spec->item)));
                if (r < 0)
                        return r;
        }
        return 0;
}

/* The VM's groups stay sorted, each once. */
static int group_add(RuleApply *apply, Vm *vm, const char *name) {
        const uint32_t n = vm->groups.n;
        const char **at;
        uint32_t k = 0;

        while (k < n && strcmp(vm->groups.at[k], name) < 0)
                k++;
        if (k < n && strcmp(vm->groups.at[k], name) == 0)
                return 0;
        at = arena_new(apply->arena, const char *, (size_t) n + 1);
        if (!at)
                return -ENOMEM;
        if (k > 0)
                memcpy(at, vm->groups.at, sizeof(*at) * k);
        at[k] = name;
        if (k < n)
                memcpy(at + k + 1, vm->groups.at + k, sizeof(*at) * (n - k));
        vm->groups = (Strings){ .at = at, .n = n + 1 };
        return 0;
}

static int apply_groups(RuleApply *apply) {
        for (uint32_t i = 0; i < apply->set->n_groups; i++) {
                const GroupSpec *spec = &apply->set->groups[i];
                const VmIx *vms;
                uint32_t n;
                int r = selection_vms(apply->arena, &spec->vms, apply->s, &vms, &n);

                if (r == 0)
                        r = word_notes(apply, word_notes_place(apply->arena, "group", spec->name, spec->item),
                                       &spec->vms, SELECT_FROM_VMS);
                if (r == 0 && n == 0)
                        r = rule_apply_note(apply, text_format(apply->arena,
                                                               "group %s (settings, line %u) selects no VM",
                                                               spec->name, spec->item->line));
                for (uint32_t k = 0; r == 0 && k < n; k++)
                        r = group_add(apply, &apply->vms[vms[k]], spec->name);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* ---- windows of kinds of action ---- */

static_assert((int) ACTION_BALANCE == (int) SNAPSHOT_NO_BALANCE &&
                      (int) ACTION_LOAD == (int) SNAPSHOT_NO_LOAD,
              "the same bits");

static int apply_actions(RuleApply *apply) {
        static const struct {
                unsigned bit;
                const char *words;
        } kinds[] = {
                { SNAPSHOT_NO_BALANCE, "moves for balance" },
                { SNAPSHOT_NO_LOAD, "moves off hosts above their load line" },
        };

        for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
                const TimeWindow *closed = NULL;
                bool open = false;
                int r;

                for (uint32_t i = 0; i < apply->set->n_windows; i++) {
                        const TimeWindow *w = &apply->set->windows[i].window;

                        if (!(w->actions & kinds[k].bit))
                                continue;
                        closed = w;
                        open |= time_window_open(w, apply->s->taken_at);
                }
                if (!closed || open)
                        continue;
                apply->s->not_now |= kinds[k].bit;
                r = rule_apply_note(apply, text_format(apply->arena, "no %s now: window %s (%s) is closed",
                                                       kinds[k].words, closed->name,
                                                       time_window_text(apply->arena, closed)));
                if (r < 0)
                        return r;
        }
        return 0;
}

/* ---- all of it ---- */

static int rules_apply_begin(RuleApply *apply, const Snapshot *s) {
        apply->s = arena_new(apply->arena, Snapshot, 1);
        apply->hosts = arena_new(apply->arena, Host, s->n_hosts);
        apply->vms = arena_new(apply->arena, Vm, s->n_vms);
        apply->rules_room = s->n_rules + 8;
        apply->rules = arena_new(apply->arena, Rule, apply->rules_room);
        apply->notes_room = s->notes.n + 8;
        apply->notes = arena_new(apply->arena, const char *, apply->notes_room);
        if (!apply->s || !apply->hosts || !apply->vms || !apply->rules || !apply->notes)
                return -ENOMEM;
        if (s->n_hosts > 0)
                memcpy(apply->hosts, s->hosts, sizeof(*apply->hosts) * s->n_hosts);
        if (s->n_vms > 0)
                memcpy(apply->vms, s->vms, sizeof(*apply->vms) * s->n_vms);
        if (s->n_rules > 0)
                memcpy(apply->rules, s->rules, sizeof(*apply->rules) * s->n_rules);
        if (s->notes.n > 0)
                memcpy(apply->notes, s->notes.at, sizeof(*apply->notes) * s->notes.n);
        *apply->s = *s;
        apply->s->hosts = apply->hosts;
        apply->s->vms = apply->vms;
        apply->s->rules = apply->rules;
        apply->s->notes.at = apply->notes;
        return 0;
}

/* What the rule does, after its words: those that select nothing are said with it. */
static int apply_rule(RuleApply *apply, const RuleSpec *spec) {
        const char *place = word_notes_place(apply->arena, "rule", spec->name, spec->item);
        int r = word_notes(apply, place, &spec->vms, SELECT_FROM_VMS);

        if (r == 0)
                r = word_notes(apply, place, &spec->others, SELECT_FROM_VMS);
        if (r == 0)
                r = word_notes(apply, place, &spec->hosts, SELECT_FROM_HOSTS);
        return r < 0 ? r : rule_kind_defs[spec->kind].apply(apply, spec);
}

static int apply_all(Arena *a, const Snapshot *s, const RuleSet *set, const Snapshot **ret) {
        static const RuleSet none;
        RuleApply x = { .arena = a, .set = set ? set : &none };
        const RuleSet *labels = NULL;
        int r = label_rules_read(a, s, &labels);

        *ret = s;
        if (r < 0 || (!set && labels->n_rules == 0 && labels->notes.n == 0))
                return r;
        r = rules_apply_begin(&x, s);
        if (r == 0)
                r = apply_hosts(&x);
        if (r == 0)
                r = apply_groups(&x);
        for (uint32_t i = 0; r == 0 && i < labels->notes.n; i++)
                r = rule_apply_note(&x, labels->notes.at[i]);
        for (uint32_t i = 0; r == 0 && i < labels->n_rules; i++)
                r = apply_rule(&x, &labels->rules[i]);
        for (uint32_t i = 0; r == 0 && i < x.set->n_rules; i++)
                r = apply_rule(&x, &x.set->rules[i]);
        if (r == 0)
                r = apply_actions(&x);
        if (r == 0)
                *ret = x.s;
        return r;
}

/* What is booked is selected by name, group and label as the VM will be. Those that are off are selected like others, and then leave the lists with their VMs: so none is forgotten
 * that has to leave its host. */
int rules_apply(Arena *a, const Snapshot *s, const RuleSet *set, const Snapshot **ret) {
        int r = bookings_seat(a, s, &s);

        if (r == 0)
                r = apply_all(a, s, set, ret);
        return r == 0 ? off_vms_part(a, *ret, ret) : r;
}
