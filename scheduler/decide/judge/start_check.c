/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/decide/judge/start_check.h"

#include <errno.h>
#include <string.h>

#include "scheduler/decide/judge/check_parts.h"
#include "scheduler/model/by_host.h"
#include "scheduler/model/rule_word.h"

struct StartCheck {
        Check c; /* at: where each VM is by then; IX_NONE: nowhere */
        ByHost on;
        bool *starts; /* [vm] it is one of those at hand; false between uses */
        HostIx lost;
};

static bool start_check_follows(const char *model) {
        static const char *const words[] = { "host-passthrough", "host-model", "maximum" };

        for (size_t i = 0; model && i < ARRAY_SIZE(words); i++)
                if (strcmp(model, words[i]) == 0)
                        return true;
        return false;
}

int start_check_new(Arena *a, const Snapshot *s, const Settings *settings, StartCheck **ret) {
        StartCheck *k = arena_new(a, StartCheck, 1);
        Snapshot *copy = arena_new(a, Snapshot, 1);
        Vm *vms = arena_new(a, Vm, s->n_vms);
        int r;

        if (!k || !copy || !vms)
                return -ENOMEM;
        *copy = *s;
        for (VmIx v = 0; v < s->n_vms; v++) {
                vms[v] = s->vms[v];
                if (start_check_follows(vms[v].cpu_model))
                        vms[v].cpu_model = NULL;
        }
        copy->vms = vms;
        k->c = (Check){ .arena = a, .s = copy, .settings = settings };
        k->c.at = arena_new(a, HostIx, s->n_vms);
        k->starts = arena_new(a, bool, s->n_vms);
        if (!k->c.at || !k->starts)
                return -ENOMEM;
        for (VmIx v = 0; v < s->n_vms; v++)
                k->c.at[v] = s->vms[v].host;
        r = by_host_build(a, k->c.at, s->n_vms, s->n_hosts, &k->on);
        if (r == 0)
                r = check_room_begin(&k->c);
        if (r == 0)
                r = check_rules_begin(&k->c);
        if (r == 0)
                *ret = k;
        return r;
}

static const char *start_check_host(const Host *to) {
        if (to->state != HOST_ACTIVE)
                return "it takes no VMs";
        if (to->excluded != EXCLUDED_NONE || to->no_entry_why)
                return "it is not known what runs on it";
        return to->fault_grade >= 2 ? "its hardware fails" : NULL;
}

static const char *start_check_vm(const StartCheck *k, const Start *start) {
        const Vm *vm = &k->c.s->vms[start->vm];

        if (vm->host != k->lost)
                return "it is not on the lost host";
        if (k->starts[start->vm])
                return "it is started twice";
        if (vm->state == VM_BOOKED || vm->state == VM_OFF)
                return "it is not running";
        if (vm->in_flight)
                return "it may run on another host";
        if (vm->local_disk_mib > 0)
                return "its disks are on the lost host only";
        return vm->ties && vm->ties->tie == TIE_DEVICE ? "it uses a device of the lost host" : NULL;
}

/* ---- rules ---- */

static bool start_check_has(const VmIx *vms, uint32_t n, VmIx v) {
        for (uint32_t i = 0; i < n; i++)
                if (vms[i] == v)
                        return true;
        return false;
}

/* Where a VM is, or may be: a migration may end at either host, and of one that several hosts claim nobody knows. `sure`: it is
 * in that domain whatever comes. What flies to the domain that the started VM was in before does so without its start. */
static bool start_check_is_in(const StartCheck *k, const Rule *rule, VmIx v, HostIx to, bool sure) {
        const uint32_t *domain = k->c.domain[rule->level];
        const Vm *vm = &k->c.s->vms[v];
        const HostIx at = k->c.at[v],
                     other = vm->in_flight && vm->in_flight_to != k->lost ? vm->in_flight_to : IX_NONE;
        bool is = at != IX_NONE && domain[at] == domain[to];

        if (at == IX_NONE)
                return false;
        if (other != IX_NONE && sure)
                is = is && domain[other] == domain[to];
        else if (other != IX_NONE && domain[to] != domain[k->lost])
                is = is || domain[other] == domain[to];
        for (uint32_t i = 0; i < vm->running_on.n; i++) {
                const HostIx h = snapshot_host(k->c.s, vm->running_on.at[i]);
                const bool there = h != IX_NONE && h != k->lost && domain[h] == domain[to];

                is = sure ? is && there : is || there;
        }
        return is;
}

/* Others of the list in its domain. */
static uint32_t start_check_count(const StartCheck *k, const Rule *rule, const VmIx *vms, uint32_t n,
                                  const Start *start, bool sure) {
        uint32_t found = 0;

        for (uint32_t i = 0; i < n; i++)
                found += vms[i] != start->vm && start_check_is_in(k, rule, vms[i], start->to, sure);
        return found;
}

/* It joins one that lives; where none does, all start in one place. */
static bool start_check_parts(const StartCheck *k, const Rule *rule, const Start *start) {
        bool lives = false, joins = false, strays = false;

        for (uint32_t i = 0; i < rule->n_vms; i++) {
                const VmIx v = rule->vms[i];
                const bool with = start_check_is_in(k, rule, v, start->to, true);

                if (k->c.at[v] == IX_NONE)
                        continue;
                lives |= !k->starts[v];
                joins |= !k->starts[v] && with;
                strays |= !with;
        }
        return lives ? !joins : strays;
}

/* Places of the rule with a VM that lives, those in flight on both their hosts, and with those that start; the host is left: not. */
static uint32_t start_check_places(StartCheck *k, const Rule *rule, HostIx to, bool *ret_lives) {
        Check *c = &k->c;
        uint32_t n = 0;

        *ret_lives = false;
        for (uint32_t i = 0; i < rule->n_vms; i++) {
                const VmIx v = rule->vms[i];
                const Vm *vm = &c->s->vms[v];
                const HostIx ends[] = { c->at[v],
                                        !k->starts[v] && vm->in_flight ? vm->in_flight_to : IX_NONE };

                for (size_t j = 0; j < ARRAY_SIZE(ends); j++) {
                        if (ends[j] == IX_NONE || ends[j] == k->lost || check_span_is_left(c, ends[j]))
                                continue;
                        n += c->count[c->domain[rule->level][ends[j]]]++ == 0;
                        *ret_lives |= !k->starts[v] &&
                                      c->domain[rule->level][ends[j]] == c->domain[rule->level][to];
                }
        }
        memset(c->count, 0, sizeof(*c->count) * c->s->n_hosts);
        return n;
}

/* It takes a place that its group may not have. */
static bool start_check_spans(StartCheck *k, const Rule *rule, const Start *start) {
        bool lives;

        return start_check_places(k, rule, start->to, &lives) > (uint64_t) rule->k && !lives;
}

/* With all of them where they start. */
static bool start_check_breaks(StartCheck *k, const Rule *rule, const Start *start) {
        const bool in_first = start_check_has(rule->vms, rule->n_vms, start->vm);

        switch (rule->kind) {
        case RULE_APART:
                return start_check_count(k, rule, rule->vms, rule->n_vms, start, false) > 0;
        case RULE_AVOID:
                return in_first ? start_check_count(k, rule, rule->near_vms, rule->n_near_vms, start, false) >
                                          0
                                : start_check_count(k, rule, rule->vms, rule->n_vms, start, false) > 0;
        case RULE_SPAN:
                return start_check_spans(k, rule, start);
        case RULE_TOGETHER:
                return start_check_parts(k, rule, start);
        case RULE_NEAR:
                return in_first &&
                       start_check_count(k, rule, rule->near_vms, rule->n_near_vms, start, true) == 0 &&
                       !start_check_has(rule->near_vms, rule->n_near_vms, start->vm);
        default:
                return false;
        }
}

static const Rule *start_check_rule(StartCheck *k, const Start *start) {
        Check *c = &k->c;

        for (uint32_t i = c->rules_start[start->vm]; i < c->rules_start[start->vm + 1]; i++)
                if (start_check_breaks(k, &c->s->rules[c->rules_of[i]], start))
                        return &c->s->rules[c->rules_of[i]];
        return NULL;
}

/* ---- room ---- */

static bool start_check_lacks(const StartCheck *k, const Start *starts, uint32_t n, HostIx to,
                              uint32_t *ret_r) {
        const Check *c = &k->c;

        for (uint32_t r = 0; r < c->n_res; r++) {
                int64_t comes = 0;

                for (uint32_t i = 0; i < n; i++)
                        comes += starts[i].to == to ? check_demand(c, starts[i].vm, r) : 0;
                *ret_r = r;
                if (comes > 0 && c->held[(size_t) to * c->n_res + r] + comes > check_capacity(c, to, r))
                        return true;
        }
        return false;
}

/* ---- all of it ---- */

static const char *start_check_one(StartCheck *k, const Start *starts, uint32_t n, uint32_t i) {
        const Check *c = &k->c;
        const Start *start = &starts[i];
        const char *vm = c->s->vms[start->vm].name, *to = c->s->hosts[start->to].name;
        const char *why = start_check_host(&c->s->hosts[start->to]);
        const Reason misfit = check_fit(c, start->vm, start->to);
        const Rule *rule;
        uint32_t r;

        if (start->to == k->lost)
                why = "it is the lost host";
        if (!why && misfit != REASON_NONE)
                why = reason_texts[misfit];
        if (!why && check_rules_forbid_newly(c, start->vm, start->to))
                why = reason_texts[REASON_RULE_HOSTS];
        rule = why ? NULL : start_check_rule(k, start);
        if (rule)
                return text_format(c->arena, "%s on %s breaks rule %s", vm, to,
                                   rule->name ? rule->name : rule_kind_title(rule->kind));
        if (!why && start_check_lacks(k, starts, n, start->to, &r))
                why = "it does not have the room";
        return why ? text_format(c->arena, "%s on %s: %s", vm, to, why) : "";
}

static void start_check_set(StartCheck *k, const Start *starts, uint32_t n, bool lost) {
        const Snapshot *s = k->c.s;

        for (uint32_t i = k->on.from[k->lost]; i < k->on.from[k->lost + 1]; i++) {
                const Vm *vm = &s->vms[k->on.at[i]];

                k->c.at[k->on.at[i]] = !lost ? vm->host : vm->in_flight ? vm->in_flight_to : IX_NONE;
        }
        for (uint32_t i = 0; i < n; i++) {
                k->starts[starts[i].vm] = lost;
                if (lost)
                        k->c.at[starts[i].vm] = starts[i].to;
        }
}

int start_check(StartCheck *k, HostIx lost, const Start *starts, uint32_t n, const char **ret_why) {
        const char *why = "";

        k->lost = lost;
        for (uint32_t i = 0; i < n && !why[0]; i++) {
                const char *bound = start_check_vm(k, &starts[i]);

                if (bound)
                        why = text_format(k->c.arena, "%s: %s", k->c.s->vms[starts[i].vm].name, bound);
                if (!why)
                        return -ENOMEM;
                k->starts[starts[i].vm] = true;
        }
        start_check_set(k, starts, n, true);
        for (uint32_t i = 0; i < n && why && !why[0]; i++)
                why = start_check_one(k, starts, n, i);
        start_check_set(k, starts, n, false);
        if (!why)
                return -ENOMEM;
        *ret_why = why;
        return why[0] != '\0';
}
