/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/snapshot/rules/rules_apply.h"

#include <errno.h>
#include <string.h>

#include "scheduler/model/host_label.h"
#include "scheduler/model/host_uri.h"
#include "scheduler/snapshot/build/off_vms.h"
#include "scheduler/snapshot/rules/label_rules.h"
#include "scheduler/snapshot/rules/rule_kinds.h"
#include "scheduler/snapshot/rules/rule_writer.h"

/* ---- hosts and groups ---- */

static int host_set(Arena *a, Host *h, const HostSpec *spec) {
        const int64_t of[RES_BUILTIN_N] = { [RES_CPU] = spec->headroom_cpu,
                                            [RES_MEMORY] = spec->headroom_memory,
                                            [RES_NET_RX] = spec->headroom_network,
                                            [RES_NET_TX] = spec->headroom_network };

        if (spec->zone)
                h->zone = spec->zone;
        if (spec->rack)
                h->rack = spec->rack;
        if (spec->neighborhood)
                h->neighborhood = spec->neighborhood;
        for (int r = 0; r < RES_BUILTIN_N; r++) {
                const int64_t share = of[r] != UNKNOWN ? of[r] : spec->headroom;

                if (share != UNKNOWN)
                        h->headroom_permille[r] = share;
        }
        if (spec->headroom_extra != UNKNOWN)
                h->headroom_permille[HEADROOM_EXTRA] = spec->headroom_extra;
        if (spec->overcommit_cpu > 0)
                h->overcommit_cpu_permille = spec->overcommit_cpu;
        if (spec->overcommit_memory > 0)
                h->overcommit_memory_permille = spec->overcommit_memory;
        if (spec->reserved_mib != UNKNOWN)
                h->reserved_mib = spec->reserved_mib < h->memory_mib ? spec->reserved_mib : h->memory_mib;
        if (spec->uri) {
                const int r = host_uri_make(a, spec->uri, h->name, &h->uri);

                if (r < 0)
                        return r;
        }
        return host_labels_merge(a, &h->labels, &spec->labels, &h->labels);
}

static int apply_hosts(RuleApply *x) {
        for (uint32_t i = 0; i < x->set->n_hosts; i++) {
                const HostSpec *spec = &x->set->hosts[i];
                const HostIx *hosts;
                uint32_t n;
                int r = selection_hosts(x->arena, &spec->hosts, x->s, &hosts, &n);

                if (r < 0)
                        return r;
                for (uint32_t k = 0; r == 0 && k < n; k++)
                        r = host_set(x->arena, &x->hosts[hosts[k]], spec);
                if (r < 0)
                        return r;
                if (n == 0) {
                        r = rule_apply_note(x, text_format(x->arena,
                                                           "an entry of hosts (settings, line %u) selects "
                                                           "no host",
                                                           spec->item->line));
                        if (r < 0)
                                return r;
                }
        }
        return 0;
}

/* The VM's groups stay sorted, each once. */
static int group_add(RuleApply *x, Vm *vm, const char *name) {
        const uint32_t n = vm->groups.n;
        const char **at;
        uint32_t k = 0;

        while (k < n && strcmp(vm->groups.at[k], name) < 0)
                k++;
        if (k < n && strcmp(vm->groups.at[k], name) == 0)
                return 0;
        at = arena_new(x->arena, const char *, (size_t) n + 1);
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

static int apply_groups(RuleApply *x) {
        for (uint32_t i = 0; i < x->set->n_groups; i++) {
                const GroupSpec *spec = &x->set->groups[i];
                const VmIx *vms;
                uint32_t n;
                int r = selection_vms(x->arena, &spec->vms, x->s, &vms, &n);

                if (r == 0 && n == 0)
                        r = rule_apply_note(x, text_format(x->arena,
                                                           "group %s (settings, line %u) selects no VM",
                                                           spec->name, spec->item->line));
                for (uint32_t k = 0; r == 0 && k < n; k++)
                        r = group_add(x, &x->vms[vms[k]], spec->name);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* ---- windows of kinds of action ---- */

static_assert((int) ACTION_BALANCE == (int) SNAPSHOT_NO_BALANCE &&
                      (int) ACTION_LOAD == (int) SNAPSHOT_NO_LOAD,
              "the same bits");

static int apply_actions(RuleApply *x) {
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

                for (uint32_t i = 0; i < x->set->n_windows; i++) {
                        const TimeWindow *w = &x->set->windows[i].window;

                        if (!(w->actions & kinds[k].bit))
                                continue;
                        closed = w;
                        open |= time_window_open(w, x->s->taken_at);
                }
                if (!closed || open)
                        continue;
                x->s->not_now |= kinds[k].bit;
                r = rule_apply_note(x, text_format(x->arena, "no %s now: window %s (%s) is not open",
                                                   kinds[k].words, closed->name,
                                                   time_window_text(x->arena, closed)));
                if (r < 0)
                        return r;
        }
        return 0;
}

/* ---- all of it ---- */

static int rules_apply_begin(RuleApply *x, const Snapshot *s) {
        x->s = arena_new(x->arena, Snapshot, 1);
        x->hosts = arena_new(x->arena, Host, s->n_hosts);
        x->vms = arena_new(x->arena, Vm, s->n_vms);
        x->rules_room = s->n_rules + 8;
        x->rules = arena_new(x->arena, Rule, x->rules_room);
        x->notes_room = s->notes.n + 8;
        x->notes = arena_new(x->arena, const char *, x->notes_room);
        if (!x->s || !x->hosts || !x->vms || !x->rules || !x->notes)
                return -ENOMEM;
        if (s->n_hosts > 0)
                memcpy(x->hosts, s->hosts, sizeof(*x->hosts) * s->n_hosts);
        if (s->n_vms > 0)
                memcpy(x->vms, s->vms, sizeof(*x->vms) * s->n_vms);
        if (s->n_rules > 0)
                memcpy(x->rules, s->rules, sizeof(*x->rules) * s->n_rules);
        if (s->notes.n > 0)
                memcpy(x->notes, s->notes.at, sizeof(*x->notes) * s->notes.n);
        *x->s = *s;
        x->s->hosts = x->hosts;
        x->s->vms = x->vms;
        x->s->rules = x->rules;
        x->s->notes.at = x->notes;
        return 0;
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
                r = rule_kind_defs[labels->rules[i].kind].apply(&x, &labels->rules[i]);
        for (uint32_t i = 0; r == 0 && i < x.set->n_rules; i++)
                r = rule_kind_defs[x.set->rules[i].kind].apply(&x, &x.set->rules[i]);
        if (r == 0)
                r = apply_actions(&x);
        if (r == 0)
                *ret = x.s;
        return r;
}

/* Those that are off are selected like others, and then leave the lists with their VMs: so none is forgotten
 * that has to leave its host. */
int rules_apply(Arena *a, const Snapshot *s, const RuleSet *set, const Snapshot **ret) {
        int r = apply_all(a, s, set, ret);

        return r == 0 ? off_vms_part(a, *ret, ret) : r;
}
