/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/commands/what_if_facts.h"

#include <errno.h>
#include <string.h>

#include "policies/policies.h"
#include "scheduler/app/commands/chosen_hosts.h"
#include "scheduler/app/commands/plan_options.h"
#include "scheduler/app/commands/what_if_settings.h"
#include "scheduler/app/settings/app_settings.h"
#include "scheduler/app/terminal/human.h"
#include "scheduler/app/terminal/table.h"
#include "scheduler/decide/whynot/refusal.h"
#include "scheduler/snapshot/json/json_value.h"

#define CHANGES_MAX OPTION_USES_MAX

/* ---- the options ---- */

/* The hosts that words of the options mean. */
typedef struct SupposedHosts {
        Strings emptied, lost;
} SupposedHosts;

static int what_if_facts_list(Arena *a, const Options *o, const char *option, const char *const **ret,
                              uint32_t *ret_n) {
        const char **at, *text;
        uint32_t n = 0;

        while (option_nth(o, option, n))
                n++;
        at = arena_new(a, const char *, n);
        if (!at)
                return -ENOMEM;
        for (uint32_t i = 0; (text = option_nth(o, option, i)); i++)
                at[i] = text;
        *ret = at;
        *ret_n = n;
        return 0;
}

static int read_specs(Arena *a, const Options *o, WhatIf *w, TextFault *f) {
        NewHost *hosts = arena_new(a, NewHost, CHANGES_MAX);
        NewVm *vms = arena_new(a, NewVm, CHANGES_MAX);
        const char *text;
        int r = hosts && vms ? 0 : -ENOMEM;

        for (unsigned i = 0; r == 0 && (text = option_nth(o, "add-host", i)); i++)
                r = what_if_host_parse(a, text, &hosts[w->n_hosts++], f);
        for (unsigned i = 0; r == 0 && (text = option_nth(o, "add-vm", i)); i++)
                r = what_if_vm_parse(a, text, &vms[w->n_vms++], f);
        w->hosts = hosts;
        w->vms = vms;
        return r;
}

static int tell_hosts(Arena *a, const Strings *hosts, const char *after, const char **words,
                      WhatIfFacts *ret) {
        for (uint32_t i = 0; i < hosts->n; i++) {
                words[ret->n_words] = text_format(a, "%s%s", hosts->at[i], after);
                if (!words[ret->n_words++])
                        return -ENOMEM;
        }
        return 0;
}

static int tell_changes(Arena *a, const Options *o, const SupposedHosts *hosts, WhatIfFacts *ret) {
        static const struct {
                const char *option, *before, *after;
        } kinds[] = { { "add-host", "one more host: ", "" },
                      { "add-vm", "one more VM: ", "" },
                      { "remove-vm", "", " is gone" },
                      { "without-rule", "without the rule ", "" } };
        const char **words = arena_new(a, const char *,
                                       CHANGES_MAX + (size_t) hosts->emptied.n + hosts->lost.n),
                   *text;

        if (!words || tell_hosts(a, &hosts->emptied, " is drained", words, ret) < 0 ||
            tell_hosts(a, &hosts->lost, " is lost", words, ret) < 0)
                return -ENOMEM;
        for (size_t k = 0; k < ARRAY_SIZE(kinds); k++)
                for (unsigned i = 0; (text = option_nth(o, kinds[k].option, i)); i++) {
                        words[ret->n_words] = text_format(a, "%s%s%s", kinds[k].before, text, kinds[k].after);
                        if (!words[ret->n_words++])
                                return -ENOMEM;
                }
        ret->any = ret->n_words > 0;
        for (unsigned i = 0; (text = option_nth(o, "set", i)); i++) {
                if (!app_settings_decides(text))
                        continue;
                words[ret->n_words] = text_format(a, "with %s", text);
                if (!words[ret->n_words++])
                        return -ENOMEM;
        }
        ret->set = what_if_settings_given(o);
        ret->words = words;
        return 0;
}

static int what_if_facts_apply(Invocation *in, const Facts *facts, const SupposedHosts *hosts,
                               WhatIfFacts *ret, TextFault *f) {
        const Options *o = &in->options;
        PlaceRequest request = { .plan = PLAN_REQUEST_DEFAULT };
        const Snapshot *changed = NULL;
        WhatIfSettings s = { 0 };
        WhatIf w = { 0 };
        int r;

        w.emptied = hosts->emptied.at;
        w.n_emptied = hosts->emptied.n;
        w.lost = hosts->lost.at;
        w.n_lost = hosts->lost.n;
        r = what_if_facts_list(in->arena, o, "remove-vm", &w.removed, &w.n_removed);
        if (r == 0)
                r = read_specs(in->arena, o, &w, f);
        if (r == 0)
                r = tell_changes(in->arena, o, hosts, ret);
        if (r == 0)
                r = what_if_settings(in->arena, o, facts, &s, f);
        if (r < 0)
                return r;
        ret->as_is = s.as_is;
        ret->settings_as_is = s.settings_as_is;
        ret->snapshot = s.snapshot;
        if (!ret->any)
                return 0;
        r = what_if_apply(in->arena, s.snapshot, &w, &changed, f);
        request.spends = w.n_lost > 0;
        if (r == 0)
                r = place_find(in->arena, changed, facts->settings, policies_all(), &request, &ret->started);
        if (r == 0)
                ret->snapshot = ret->started.snapshot;
        return r;
}

ExitStatus what_if_facts_read(Invocation *in, const Facts *facts, WhatIfFacts *ret) {
        WhatIfFacts s = { .as_is = facts->snapshot, .snapshot = facts->snapshot };
        TextFault fault = { 0 };
        SupposedHosts hosts = { 0 };
        ExitStatus status = chosen_hosts_of_option(in, facts->snapshot, "without", &hosts.emptied);
        int r;

        if (status == EXIT_DONE)
                status = chosen_hosts_of_option(in, facts->snapshot, "lost", &hosts.lost);
        if (status != EXIT_DONE)
                return status;
        r = what_if_facts_apply(in, facts, &hosts, &s, &fault);
        if (r == -EINVAL && fault.what[0])
                return command_complain_fault(in, EXIT_BAD_INPUT, NULL, &fault);
        if (r < 0)
                return command_complain(in, EXIT_FAILED, "cannot plan with this: %s", strerrordesc_np(-r));
        *ret = s;
        return EXIT_DONE;
}

ExitStatus what_if_facts_input(Invocation *in, const Facts *facts, const Workers *workers, WhatIfFacts *ret,
                               RoundInput *ret_input) {
        RoundInput input = { .settings = facts->settings,
                             .request = plan_request_of(&in->options, workers),
                             .now = clock_now(),
                             .think = settings_int(facts->settings, "service", "think") };
        Store *store = source_store(facts->source);
        ExitStatus status = what_if_facts_read(in, facts, ret);

        if (status != EXIT_DONE)
                return status;
        input.snapshot = ret->snapshot;
        if (facts_holds(in, store, &input) < 0)
                return command_complain(in, EXIT_FAILED, "%s", store_error(store));
        *ret_input = input;
        return EXIT_DONE;
}

/* ---- in words ---- */

void what_if_facts_print(const WhatIfFacts *s, const Screen *screen) {
        const PlaceAnswer *p = &s->started;
        char safe[512];

        if (!s->any && !s->set)
                return;
        (void) out_say(screen->out, "%swhat if%s", screen_style(screen, STYLE_STRONG),
                       screen_style(screen, STYLE_PLAIN));
        for (uint32_t i = 0; i < s->n_words; i++)
                (void) out_say(screen->out, "%s %s", i > 0 ? ";" : "",
                               text_safe(s->words[i], safe, sizeof(safe)));
        (void) fputc('\n', screen->out);
        if (p->n_vms > 0)
                (void) out_say(screen->out, "%u of %u VM%s without a host can start:", p->n_placed, p->n_vms,
                               p->n_vms == 1 ? "" : "s");
        for (uint32_t i = 0, shown = 0; i < p->n_vms; i++) {
                const Placed *one = &p->vms[i];

                if (one->host == IX_NONE || shown > 12)
                        continue;
                if (shown++ == 12)
                        (void) fputs(" …", screen->out);
                else
                        (void) out_say(screen->out, "%s %s on %s", shown > 1 ? "," : "",
                                       text_safe(p->trial.s->vms[one->vm].name, safe, 255),
                                       p->trial.s->hosts[one->host].name);
        }
        if (p->n_vms > 0)
                (void) fputc('\n', screen->out);
        for (uint32_t i = 0; i < p->n_vms; i++)
                if (p->vms[i].host == IX_NONE)
                        (void) out_say(screen->out, "%s%s cannot start anywhere%s\n",
                                       screen_style(screen, STYLE_BAD),
                                       text_safe(p->trial.s->vms[p->vms[i].vm].name, safe, sizeof(safe)),
                                       screen_style(screen, STYLE_PLAIN));
        (void) fputc('\n', screen->out);
}

/* ---- before and after ---- */

static int decide_both(Invocation *in, const WhatIfFacts *s, const RoundInput *input, Round *ret_before,
                       const Plan **ret_after) {
        RoundInput as_is = *input, what_if = *input;
        Round after;
        int r;

        as_is.snapshot = s->as_is;
        as_is.settings = s->settings_as_is;
        what_if.snapshot = s->snapshot;
        r = round_decide(in->arena, &as_is, ret_before);
        if (r == 0 && !*ret_after) {
                r = round_decide(in->arena, &what_if, &after);
                *ret_after = r == 0 ? after.plan : NULL;
        }
        return r;
}

static const char *what_if_highest(Arena *a, const Snapshot *s, const Plan *plan, uint32_t r) {
        const Spread *at = &plan->after.spread[r];
        char share[HUMAN_SIZE];

        if (r >= plan->n_res || at->max_host == IX_NONE)
                return "-";
        return text_format(a, "%s (%s)", human_permille(at->max, share), s->hosts[at->max_host].name);
}

static const char *moves_text(Arena *a, const Plan *plan) {
        char bytes[HUMAN_SIZE], time[HUMAN_SIZE];

        if (plan->n_moves == 0)
                return "0";
        return text_format(a, "%u (%s, about %s)", plan->n_moves, human_bytes(plan->bytes, bytes),
                           human_ms(plan->makespan_ms, time));
}

static int what_if_facts_row(Table *t, const char *what, const char *before, const char *after) {
        const bool same = before && after && strcmp(before, after) == 0;

        return before && after
                       ? table_row(t,
                                   (Cell[]){ { .text = what },
                                             { .text = before },
                                             { .text = after, .style = same ? STYLE_FAINT : STYLE_STRONG } })
                       : -ENOMEM;
}

static int what_if_facts_compare_rows(Arena *a, const WhatIfFacts *s, const Plan *left, const Plan *right,
                                      Table *t) {
        int r = what_if_facts_row(t, "status", plan_status_names[left->status],
                                  plan_status_names[right->status]);

        if (r == 0)
                r = what_if_facts_row(t, "moves of the plan", moves_text(a, left), moves_text(a, right));
        if (r == 0)
                r = what_if_facts_row(t, "wanted, not possible", text_format(a, "%u", left->n_refused_all),
                                      text_format(a, "%u", right->n_refused_all));
        for (uint32_t i = 0; i < left->n_res && i < right->n_res && r == 0; i++)
                r = what_if_facts_row(t, text_format(a, "highest %s after the plan", left->res_names[i]),
                                      what_if_highest(a, s->as_is, left, i),
                                      what_if_highest(a, s->snapshot, right, i));
        if (r == 0)
                r = what_if_facts_row(t, "hosts above their load line",
                                      text_format(a, "%u", left->after.over_limit),
                                      text_format(a, "%u", right->after.over_limit));
        for (uint32_t i = 0; i < left->n_policies && r == 0; i++)
                for (int tier = 0; tier < TIER_N && r == 0; tier++) {
                        const Cost before = left->after.policy[i].tier[tier],
                                   after = right->after.policy[i].tier[tier];

                        if (before != 0 || after != 0)
                                r = what_if_facts_row(t,
                                                      text_format(a, "cost: %s (%s)", left->policy_names[i],
                                                                  tier_names[tier]),
                                                      text_format(a, "%lld", (long long) before),
                                                      text_format(a, "%lld", (long long) after));
                }
        return r;
}

ExitStatus what_if_facts_compare(Invocation *in, const WhatIfFacts *s, const RoundInput *input,
                                 const Plan *after) {
        static const Column columns[] = { { .title = "PLAN" },
                                          { .title = "AS IT IS" },
                                          { .title = "WHAT IF" } };
        Table t = table_begin(in->arena, columns, ARRAY_SIZE(columns));
        Round before;
        int r = decide_both(in, s, input, &before, &after);

        if (r == 0)
                r = what_if_facts_compare_rows(in->arena, s, before.plan, after, &t);
        if (r < 0)
                return plan_complain(in, r);
        (void) fputc('\n', in->out.out);
        table_print(&t, &in->out, "  ");
        return EXIT_DONE;
}

/* ---- JSON ---- */

static json_t *plan_json(const Snapshot *s, const Plan *plan) {
        json_t *o = json_object(), *cost = json_object(), *load = json_object();

        for (uint32_t i = 0; i < plan->n_policies; i++) {
                json_t *tiers = json_object();

                for (int t = 0; t < TIER_N; t++)
                        (void) json_object_set_new(tiers, tier_names[t],
                                                   json_integer(plan->after.policy[i].tier[t]));
                (void) json_object_set_new(cost, plan->policy_names[i], tiers);
        }
        for (uint32_t r = 0; r < plan->n_res; r++) {
                const Spread *at = &plan->after.spread[r];
                json_t *l = json_object();
                char key[JSON_KEY_SIZE];

                (void) json_object_set_new(l, "max", json_share(at->max));
                (void) json_object_set_new(
                        l, "max_host",
                        json_text(at->max_host == IX_NONE ? NULL : s->hosts[at->max_host].name));
                (void) json_object_set_new(load, json_key(plan->res_names[r], key), l);
        }
        (void) json_object_set_new(o, "status", json_string(plan_status_names[plan->status]));
        (void) json_object_set_new(o, "move_count", json_integer(plan->n_moves));
        (void) json_object_set_new(o, "bytes", json_integer(plan->bytes));
        (void) json_object_set_new(o, "seconds", json_seconds(plan->makespan_ms));
        (void) json_object_set_new(o, "refused_count", json_integer(plan->n_refused_all));
        (void) json_object_set_new(o, "over_limit", json_integer(plan->after.over_limit));
        (void) json_object_set_new(o, "load", load);
        (void) json_object_set_new(o, "cost_by_policy", cost);
        return o;
}

json_t *what_if_facts_json(Invocation *in, const WhatIfFacts *s, const RoundInput *input, const Plan *after) {
        json_t *o, *changes, *started;
        Round before;
        int r = decide_both(in, s, input, &before, &after);

        if (r < 0) {
                (void) plan_complain(in, r);
                return NULL;
        }
        o = json_object();
        changes = json_array();
        started = json_array();
        for (uint32_t i = 0; i < s->n_words; i++)
                (void) json_array_append_new(changes, json_string(s->words[i]));
        for (uint32_t i = 0; i < s->started.n_vms; i++) {
                const Placed *one = &s->started.vms[i];
                json_t *vm = json_object();

                (void) json_object_set_new(vm, "vm", json_string(s->started.trial.s->vms[one->vm].name));
                (void) json_object_set_new(vm, "host",
                                           one->host == IX_NONE
                                                   ? json_null()
                                                   : json_string(s->started.trial.s->hosts[one->host].name));
                (void) json_array_append_new(started, vm);
        }
        (void) json_object_set_new(o, "changes", changes);
        (void) json_object_set_new(o, "started", started);
        (void) json_object_set_new(o, "before", plan_json(s->as_is, before.plan));
        (void) json_object_set_new(o, "after", plan_json(s->snapshot, after));
        return o;
}
