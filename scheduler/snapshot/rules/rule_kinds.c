/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/snapshot/rules/rule_kinds.h"

#include <errno.h>
#include <string.h>

#include "scheduler/model/limits.h"

/* ---- what becomes of each kind ---- */

static Rule rule_of(const RuleSpec *spec, RuleKind kind) {
        return (Rule){ .kind = kind,
                       .name = spec->name,
                       .level = spec->level,
                       .must = spec->must,
                       .evacuate = spec->must && spec->evacuate,
                       .weight = spec->must ? 0 : spec->weight };
}

static int rule_kinds_between(RuleApply *apply, const RuleSpec *spec, RuleKind kind) {
        Rule rule = rule_of(spec, kind);
        int r = rule_apply_vms(apply, spec, &rule.vms, &rule.n_vms);

        if (r < 0 || rule.n_vms == 0)
                return r;
        if (kind == RULE_SPREAD || kind == RULE_SPAN)
                rule.k = spec->count;
        return rule_apply_add(apply, rule);
}

/* The others, less those that are of the first. */
static int rule_kinds_avoid(RuleApply *apply, const RuleSpec *spec) {
        Rule rule = rule_of(spec, RULE_AVOID);
        VmIx *others;
        const VmIx *all = NULL;
        uint32_t n = 0;
        int r = rule_apply_vms(apply, spec, &rule.vms, &rule.n_vms);

        if (r == 0)
                r = selection_vms(apply->arena, &spec->others, apply->s, &all, &n);
        if (r < 0 || rule.n_vms == 0)
                return r;
        others = arena_new(apply->arena, VmIx, n);
        if (!others)
                return -ENOMEM;
        for (uint32_t i = 0, k = 0; i < n; i++) {
                while (k < rule.n_vms && rule.vms[k] < all[i])
                        k++;
                if (k == rule.n_vms || rule.vms[k] != all[i])
                        others[rule.n_near_vms++] = all[i];
        }
        rule.near_vms = others;
        if (rule.n_near_vms == 0)
                return rule_apply_note(
                        apply, text_format(apply->arena,
                                           "rule %s: \"from\" selects no other VM; the rule has no effect",
                                           spec->name));
        return rule_apply_add(apply, rule);
}

static int apply_apart(RuleApply *apply, const RuleSpec *spec) {
        return spec->others.n > 0 ? rule_kinds_avoid(apply, spec)
                                  : rule_kinds_between(apply, spec, RULE_APART);
}

static int apply_together(RuleApply *apply, const RuleSpec *spec) {
        return rule_kinds_between(apply, spec, RULE_TOGETHER);
}

static int apply_spread(RuleApply *apply, const RuleSpec *spec) {
        return rule_kinds_between(apply, spec, RULE_SPREAD);
}

static int apply_span(RuleApply *apply, const RuleSpec *spec) {
        return rule_kinds_between(apply, spec, RULE_SPAN);
}

static int apply_near(RuleApply *apply, const RuleSpec *spec) {
        Rule rule = rule_of(spec, RULE_NEAR);
        int r = rule_apply_vms(apply, spec, &rule.vms, &rule.n_vms);

        if (r == 0)
                r = selection_vms(apply->arena, &spec->others, apply->s, &rule.near_vms, &rule.n_near_vms);
        if (r < 0 || rule.n_vms == 0)
                return r;
        if (rule.n_near_vms == 0)
                return rule_apply_note(apply,
                                       text_format(apply->arena,
                                                   "rule %s: \"to\" selects no VM; the rule has no effect",
                                                   spec->name));
        return rule_apply_add(apply, rule);
}

/* None of the hosts is there. Moving on as if nothing had been said would be the opposite of what was said.
 */
static int hold_where_they_are(RuleApply *apply, const RuleSpec *spec, const Rule *rule) {
        const char *why = text_format(apply->arena, "rule %s allows no host of the cluster", spec->name);

        if (!why)
                return -ENOMEM;
        for (uint32_t i = 0; i < rule->n_vms; i++)
                rule_apply_hold(apply, rule->vms[i], HOLD_NEVER, why);
        return rule_apply_note(apply,
                               text_format(apply->arena,
                                           "rule %s: \"hosts\" selects no host; its VMs stay where they are",
                                           spec->name));
}

static int on_hosts(RuleApply *apply, const RuleSpec *spec, RuleKind kind) {
        Rule rule = rule_of(spec, kind);
        int r = rule_apply_vms(apply, spec, &rule.vms, &rule.n_vms);

        rule.hosts_said = &spec->hosts;
        if (r == 0)
                r = selection_hosts(apply->arena, &spec->hosts, apply->s, &rule.hosts, &rule.n_hosts);
        if (r < 0 || rule.n_vms == 0)
                return r;
        if (rule.n_hosts == 0 && kind == RULE_ON && spec->must)
                return hold_where_they_are(apply, spec, &rule);
        if (rule.n_hosts == 0)
                return rule_apply_note(
                        apply, text_format(apply->arena,
                                           "rule %s: \"hosts\" selects no host; the rule has no effect",
                                           spec->name));
        return rule_apply_add(apply, rule);
}

static int apply_on(RuleApply *apply, const RuleSpec *spec) {
        return on_hosts(apply, spec, RULE_ON);
}

static int apply_not_on(RuleApply *apply, const RuleSpec *spec) {
        return on_hosts(apply, spec, RULE_NOT_ON);
}

static bool rule_kinds_must_leave(const Snapshot *s, VmIx v) {
        return s->hosts[s->vms[v].host].state == HOST_MAINTENANCE || snapshot_vm_fault(s, v, NULL) >= 3;
}

/* Held, or, for a wish, dearer to move. */
static int stay_all(RuleApply *apply, const RuleSpec *spec, Hold hold, const char *why) {
        const VmIx *vms;
        uint32_t n;
        int r = rule_apply_vms(apply, spec, &vms, &n);

        if (r < 0 || !why)
                return -ENOMEM;
        for (uint32_t i = 0; i < n; i++) {
                Vm *vm = &apply->vms[vms[i]];

                if (vm->host == IX_NONE || (spec->evacuate && rule_kinds_must_leave(apply->s, vms[i])))
                        continue;
                if (spec->must)
                        rule_apply_hold(apply, vms[i], hold, why);
                else
                        vm->stay_weight = vm->stay_weight + spec->weight < STAY_WEIGHT_MAX
                                                  ? vm->stay_weight + spec->weight
                                                  : STAY_WEIGHT_MAX;
        }
        return 0;
}

static int apply_never_move(RuleApply *apply, const RuleSpec *spec) {
        return stay_all(apply, spec, HOLD_NEVER,
                        text_format(apply->arena, "rule %s does not allow moving it", spec->name));
}

/* The windows and when the first of them opens, in words. */
static const char *closed_text(RuleApply *apply, const RuleSpec *spec) {
        const TimeWindow *first = NULL;
        usec_t opens = 0;

        if (apply->s->taken_at <= 0)
                return text_format(apply->arena,
                                   "rule %s allows moving it only in a window, and the snapshot has no time",
                                   spec->name);
        for (uint32_t i = 0; i < spec->windows.n; i++) {
                const TimeWindow *w = rule_set_window(apply->set, spec->windows.at[i]);
                const usec_t t = w ? time_window_opens(w, apply->s->taken_at) : 0;

                if (t > 0 && (!first || t < opens)) {
                        first = w;
                        opens = t;
                }
        }
        if (!first)
                return text_format(apply->arena,
                                   "rule %s allows moving it only in window %s, which is closed", spec->name,
                                   spec->windows.at[0]);
        return text_format(apply->arena, "rule %s allows moving it only in window %s, which opens %s",
                           spec->name, first->name, time_window_clock(apply->arena, first, opens));
}

static int apply_move_only(RuleApply *apply, const RuleSpec *spec) {
        const VmIx *vms;
        bool open = false;
        uint32_t n;
        int r = 0;

        for (uint32_t i = 0; r == 0 && i < spec->windows.n; i++) {
                const TimeWindow *w = rule_set_window(apply->set, spec->windows.at[i]);

                open |= w && time_window_open(w, apply->s->taken_at);
                if (!w) /* of a label: the settings' own are checked when they are read */
                        r = rule_apply_note(apply, text_format(apply->arena, "rule %s: window %s not found",
                                                               spec->name, spec->windows.at[i]));
        }
        if (r < 0)
                return r;
        return open ? rule_apply_vms(apply, spec, &vms, &n) /* for its note alone */
                    : stay_all(apply, spec, HOLD_WINDOW, closed_text(apply, spec));
}

static int apply_move_most(RuleApply *apply, const RuleSpec *spec) {
        const VmIx *vms;
        uint32_t n;
        int r = rule_apply_vms(apply, spec, &vms, &n);

        for (uint32_t i = 0; r == 0 && i < n; i++) {
                Vm *vm = &apply->vms[vms[i]];

                if (vm->moves_a_day == 0 || spec->count < vm->moves_a_day)
                        vm->moves_a_day = spec->count;
        }
        return r;
}

static int apply_priority(RuleApply *apply, const RuleSpec *spec) {
        const VmIx *vms;
        uint32_t n;
        int r = rule_apply_vms(apply, spec, &vms, &n);

        for (uint32_t i = 0; r == 0 && i < n; i++)
                apply->vms[vms[i]].priority = spec->count;
        return r;
}

/* Of several rules the strictest holds. */
static int apply_mode(RuleApply *apply, const RuleSpec *spec) {
        const VmIx *vms;
        uint32_t n;
        int r = rule_apply_vms(apply, spec, &vms, &n);

        for (uint32_t i = 0; r == 0 && i < n; i++) {
                Vm *vm = &apply->vms[vms[i]];

                if (vm->mode > VM_MODE_AUTO && vm->mode >= spec->mode)
                        continue;
                vm->mode = spec->mode;
                vm->mode_rule = spec->name;
        }
        return r;
}

static int set_post_copy(RuleApply *apply, const RuleSpec *spec, PostCopy post_copy) {
        const VmIx *vms;
        uint32_t n;
        int r = rule_apply_vms(apply, spec, &vms, &n);

        for (uint32_t i = 0; r == 0 && i < n; i++)
                if (apply->vms[vms[i]].post_copy !=
                    POST_COPY_NEVER) /* which is the safe one, whoever says it */
                        apply->vms[vms[i]].post_copy = post_copy;
        return r;
}

static int apply_post_copy(RuleApply *apply, const RuleSpec *spec) {
        return set_post_copy(apply, spec, POST_COPY_IF_NEEDED);
}

static int apply_no_post_copy(RuleApply *apply, const RuleSpec *spec) {
        return set_post_copy(apply, spec, POST_COPY_NEVER);
}

/* ---- the tables ---- */

#define WORDS(name_, what, member, words)                                                                    \
        {                                                                                                    \
                .value = { .name = name_, .type = SETTING_TEXT, .doc = words }, .as = what,                  \
                .at = offsetof(RuleSpec, member)                                                             \
        }
#define COUNT(name_, member, least, most, words)                                                             \
        {                                                                                                    \
                .value = { .name = name_, .type = SETTING_COUNT, .min = least, .max = most, .doc = words },  \
                .as = LIST_NUMBER, .at = offsetof(RuleSpec, member)                                          \
        }

static const char *const rule_kinds_level_words[LEVEL_N + 1] = { "host", "rack", "zone", "neighborhood",
                                                                 NULL };

const ListFieldDef rule_list_fields[] = {
        WORDS("name", LIST_NAME, name, "Name of the rule in plans and logs. Default: its kind and its VMs."),
        { .value = { .name = "must",
                     .type = SETTING_BOOL,
                     .max = 1,
                     .doc = "yes: the rule must hold at any cost. This is the default unless should is given." },
          .as = LIST_BOOL,
          .at = offsetof(RuleSpec, must) },
        COUNT("should", weight, 1, 1000000,
              "Make the rule a wish with this weight; 100 is worth about eight migrations of a typical VM."),
        { .value = { .name = "level",
                     .type = SETTING_CHOICE,
                     .choices = rule_kinds_level_words,
                     .doc = "What counts as one place. Default: host." },
          .as = LIST_CHOICE,
          .at = offsetof(RuleSpec, level) },
        WORDS("from", LIST_VMS, others,
              "The other VMs: none of the first VMs may share a place with any of these. A VM in both "
              "selections counts as one of the first."),
        WORDS("to", LIST_VMS, others, "The VMs to be near: at least one of them must be in the same place."),
        COUNT("over", count, 1, HOSTS_MAX, "Minimum number of places."),
        COUNT("at-most", count, 1, HOSTS_MAX, "Maximum number of places."),
        WORDS("hosts", LIST_HOSTS, hosts, "Hosts that the rule applies to."),
        WORDS("during", LIST_NAMES, windows, "Names of windows. The VMs may move while any of them is open."),
        COUNT("a-day", count, 1, 1000,
              "Maximum migrations of each VM within 24 hours, as counted by the service."),
        COUNT("is", count, 1, 1000,
              "Weight of the VMs when not all of them can be evacuated in time; the default weight is 100."),
        { .value = { .name = "only",
                     .type = SETTING_CHOICE,
                     .choices = vm_mode_names,
                     .doc = "What the service may do with moves of these VMs at most. auto: carry them out. confirm: carry them out after an operator has confirmed. advise: only show them." },
          .as = LIST_CHOICE,
          .at = offsetof(RuleSpec, mode) },
        { .value = { .name = "evacuate",
                     .type = SETTING_BOOL,
                     .max = 1,
                     .doc = "yes: the rule is waived for a VM that must leave its host for maintenance or because of "
                            "failing hardware." },
          .as = LIST_BOOL,
          .at = offsetof(RuleSpec, evacuate) },
        { .value = { .name = NULL } },
};

unsigned rule_field_bit(uint32_t i) {
        static const unsigned bits[] = { 0,
                                         RULE_HAS_WEIGHT,
                                         RULE_HAS_WEIGHT,
                                         RULE_HAS_LEVEL,
                                         RULE_HAS_FROM,
                                         RULE_HAS_TO,
                                         RULE_HAS_OVER,
                                         RULE_HAS_AT_MOST,
                                         RULE_HAS_HOSTS,
                                         RULE_HAS_DURING,
                                         RULE_HAS_A_DAY,
                                         RULE_HAS_IS,
                                         RULE_HAS_ONLY,
                                         RULE_HAS_EVACUATE };

        static_assert(ARRAY_SIZE(bits) + 1 == ARRAY_SIZE(rule_list_fields), "a bit for each field");
        return bits[i];
}

const ListDef rule_list = {
        .name = "rules",
        .object = "a rule",
        .summary =
                "What must or should hold. Each rule has one field that names its kind and selects its VMs.",
        .example = "rules:\n"
                   "  - anti-affinity: group:db\n"
                   "    level: rack\n",
        .fields = rule_list_fields,
};

#define BETWEEN (RULE_HAS_LEVEL | RULE_HAS_WEIGHT)

/* clang-format off: rows */
const RuleKindDef rule_kind_defs[] = {
        { "anti-affinity", BETWEEN | RULE_HAS_FROM | RULE_HAS_EVACUATE, 0,
          "At most one of the VMs in each place. With \"from\": none of them in the same place as any "
          "of those. Also accepted: apart.",
          "- anti-affinity: group:db\n  level: rack\n", apply_apart },
        { "affinity", BETWEEN | RULE_HAS_EVACUATE, 0,
          "All of the VMs in the same place. Also accepted: together.",
          "- affinity: [app1, cache1]\n  should: 200\n", apply_together },
        { "spread", BETWEEN | RULE_HAS_OVER | RULE_HAS_EVACUATE, RULE_HAS_OVER,
          "The VMs are spread over at least this many places.",
          "- spread: group:web\n  over: 2\n  level: zone\n", apply_spread },
        { "span", BETWEEN | RULE_HAS_AT_MOST | RULE_HAS_EVACUATE, RULE_HAS_AT_MOST,
          "The VMs are in at most this many places, as licenses per host require; one more is allowed "
          "while a host of theirs is being evacuated.",
          "- span: label:licence=oracle\n  at-most: 2\n", apply_span },
        { "near", BETWEEN | RULE_HAS_TO, RULE_HAS_TO,
          "Each of the VMs has at least one of the others in its place: a dependency.",
          "- near: group:app\n  to: group:db\n  level: neighborhood\n", apply_near },
        { "on", RULE_HAS_HOSTS | RULE_HAS_WEIGHT | RULE_HAS_EVACUATE, RULE_HAS_HOSTS,
          "The VMs run only on these hosts. If none of the hosts is in the cluster, the VMs stay where "
          "they are.",
          "- on: label:licence=oracle\n  hosts: [h1, h2]\n", apply_on },
        { "not-on", RULE_HAS_HOSTS | RULE_HAS_WEIGHT | RULE_HAS_EVACUATE, RULE_HAS_HOSTS,
          "The VMs never run on these hosts.", "- not-on: \"*\"\n  hosts: rack:old\n  should: 50\n",
          apply_not_on },
        { "never-move", RULE_HAS_WEIGHT | RULE_HAS_EVACUATE, 0,
          "The VMs stay where they are. With should: moving one of them costs this much more.",
          "- never-move: legacy1\n", apply_never_move },
        { "move-only", RULE_HAS_DURING | RULE_HAS_WEIGHT | RULE_HAS_EVACUATE, RULE_HAS_DURING,
          "The VMs move only while one of these windows is open, at the time the facts were collected.",
          "- move-only: group:db\n  during: night\n  evacuate: yes\n", apply_move_only },
        { "move-most", RULE_HAS_A_DAY, RULE_HAS_A_DAY,
          "Each of the VMs moves at most this many times in 24 hours. Leaving a host that is being "
          "evacuated is always allowed.",
          "- move-most: \"*\"\n  a-day: 2\n", apply_move_most },
        { "priority", RULE_HAS_IS, RULE_HAS_IS,
          "Weight of each of the VMs when not all of them can be evacuated in time.",
          "- priority: group:db\n  is: 800\n", apply_priority },
        { "mode", RULE_HAS_ONLY, RULE_HAS_ONLY,
          "What the service may do with moves of the VMs. The stricter of this and of the service's "
          "own mode applies, also to evacuation and repair.",
          "- mode: group:db\n  only: advise\n", apply_mode },
        { "post-copy", 0, 0,
          "The VMs may be migrated by post-copy if their migration would not converge otherwise. After "
          "the switch to post-copy a network failure stops the VM until the migration is resumed, and "
          "a host failure loses it.",
          "- post-copy: label:stateless\n", apply_post_copy },
        { "no-post-copy", 0, 0, "The VMs are never migrated by post-copy, whatever other settings allow.",
          "- no-post-copy: group:db\n", apply_no_post_copy },
};
/* clang-format on */
const uint32_t n_rule_kinds = ARRAY_SIZE(rule_kind_defs);
