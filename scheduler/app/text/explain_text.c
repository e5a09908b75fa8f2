/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/text/explain_text.h"

#include <errno.h>

#include "scheduler/app/terminal/human.h"
#include "scheduler/app/terminal/table.h"
#include "scheduler/app/text/contention_text.h"
#include "scheduler/app/text/trial_text.h"
#include "scheduler/base/text.h"
#include "scheduler/model/host_silence.h"
#include "scheduler/model/rule_word.h"
#include "scheduler/model/vm_mode.h"
#include "scheduler/snapshot/json/json_value.h"

#define SHOW_MOVES 40U
#define SHOW_RULES 20U

/* ---- a VM ---- */

static bool rule_names(const Rule *rule, VmIx v) {
        for (uint32_t i = 0; i < rule->n_vms; i++)
                if (rule->vms[i] == v)
                        return true;
        for (uint32_t i = 0; i < rule->n_near_vms; i++)
                if (rule->near_vms[i] == v)
                        return true;
        return false;
}

/* The VM's, and those of its host and of the one that was asked about. */
static void print_labels(const ExplainVm *explained, const Snapshot *s, const Screen *screen) {
        const Vm *vm = &s->vms[explained->vm];
        char safe[512];

        for (uint32_t i = 0; i <= explained->n && i <= 2; i++) {
                const Host *h = i > 0 ? &s->hosts[explained->hosts[i - 1].host] : NULL;
                const Strings *labels = h ? &h->labels : &vm->labels;

                if (labels->n == 0 || (i == 2 && explained->n > 2))
                        continue;
                (void) out_say(screen->out, "labels of %s:", text_safe(h ? h->name : vm->name, safe, 256));
                for (uint32_t k = 0; k < labels->n; k++)
                        (void) out_say(screen->out, "%s %s", k > 0 ? "," : "",
                                       text_safe(labels->at[k], safe, sizeof(safe)));
                (void) fputc('\n', screen->out);
        }
}

/* What the plan does with it. */
static void explain_text_plan(Arena *a, const ExplainVm *explained, const ExplainView *view,
                              const Screen *screen) {
        const Snapshot *s = view->snapshot;
        const Host *host = &s->hosts[s->vms[explained->vm].host];
        const char *silence = host_silence_words(a, host);

        if (view->move)
                (void) out_say(screen->out, "the plan moves it to %s: %s\n",
                               s->hosts[view->move->move.to].name, view->move->why);
        else if (vm_is_stranded(s, explained->vm))
                (void) out_say(screen->out, "%sit must leave %s and cannot%s: %s (%s)\n",
                               screen_style(screen, STYLE_BAD), host->name, screen_style(screen, STYLE_PLAIN),
                               reason_texts[REASON_SOURCE_FENCED], silence ? silence : "");
        else
                (void) fputs("the plan leaves it there\n", screen->out);
}

static void print_vm(Arena *a, const ExplainVm *explained, const ExplainView *view, const Screen *screen) {
        const Snapshot *s = view->snapshot;
        const Vm *vm = &s->vms[explained->vm];
        const int64_t *need = problem_need(explained->trial.p, explained->vm);
        const int64_t mcores = need[RES_CPU] * 1000 / explained->trial.mhz[vm->host];
        char size[HUMAN_SIZE], used[HUMAN_SIZE], safe[512];
        bool first = true;

        (void) out_say(screen->out, "%s%s%s runs on %s: %lld vCPU%s, %s%s%s\n",
                       screen_style(screen, STYLE_STRONG), text_safe(vm->name, safe, sizeof(safe)),
                       screen_style(screen, STYLE_PLAIN), s->hosts[vm->host].name, (long long) vm->vcpus,
                       vm->vcpus == 1 ? "" : "s", human_mib(vm->memory_mib, size),
                       vm->movable ? "" : "; not movable: ",
                       vm->movable         ? ""
                       : vm->unmovable_why ? vm->unmovable_why
                                           : "it is pinned");
        (void) out_say(screen->out, "it needs: %lld.%02lld cores (%s), %s of memory (%s of it used)",
                       (long long) mcores / 1000, (long long) mcores % 1000 / 10,
                       vm->cpu_mcores == UNKNOWN ? "not measured: its maximum" : "its demand",
                       human_mib(need[RES_MEMORY], size), human_mib(vm->memory_used_mib, used));
        if (explained->trial.layout.net_rx != IX_NONE)
                (void) out_say(screen->out, ", %lld Mbit/s in, %lld Mbit/s out",
                               (long long) need[explained->trial.layout.net_rx] / 1000,
                               (long long) need[explained->trial.layout.net_rx + 1] / 1000);
        (void) fputc('\n', screen->out);
        if (vm->calm_why)
                (void) out_say(screen->out, "balance leaves it there: %s\n",
                               text_safe(vm->calm_why, safe, sizeof(safe)));
        if (vm->mode > VM_MODE_AUTO) {
                const char *words = vm_mode_words(a, vm);

                (void) out_say(screen->out, "the service does not move it on its own: %s\n",
                               text_safe(words ? words : "", safe, sizeof(safe)));
        }
        contention_print_vm(s, vm, screen);
        for (uint32_t i = 0; i < s->n_rules; i++) {
                const Rule *rule = &s->rules[i];

                if (!rule_names(rule, explained->vm))
                        continue;
                (void) out_say(screen->out, "%s%s (%s%s)", first ? "its rules: " : ", ",
                               text_safe(rule->name, safe, sizeof(safe)), rule_kind_title(rule->kind),
                               !rule->must ? ", a preference"
                               : rule->evacuate && explained->trial.p->waives &&
                                               explained->trial.p->waives[explained->vm]
                                       ? ", waived: it must leave its host"
                               : rule->evacuate ? ", waived where it must leave its host"
                                                : "");
                first = false;
        }
        if (!first)
                (void) fputc('\n', screen->out);
        print_labels(explained, s, screen);
        explain_text_plan(a, explained, view, screen);
        (void) fputs("costs of moving it alone, before any other move; below 0 is a gain\n"
                     "\n",
                     screen->out);
}

static int remedy_column(Arena *a, const ExplainVm *explained, const char *const **ret) {
        const char **texts = arena_new(a, const char *, explained->n);

        for (uint32_t i = 0; texts && i < explained->n; i++)
                if (explained->hosts[i].reason != REASON_NONE)
                        texts[i] = explained->remedies[i].kind == REMEDY_NONE ? "no single change"
                                                                              : explained->remedies[i].text;
        *ret = texts;
        return texts ? 0 : -ENOMEM;
}

int explain_vm_text(Arena *a, const ExplainVm *explained, const ExplainView *view, const Screen *screen) {
        TrialView hosts = { .trial = &explained->trial,
                            .hosts = explained->hosts,
                            .refusals = explained->refusals,
                            .n = explained->n,
                            .all = view->all };
        int r = remedy_column(a, explained, &hosts.remedies);

        if (r < 0)
                return r;
        print_vm(a, explained, view, screen);
        r = trial_text_print(a, &hosts, screen);
        if (r < 0 || explained->best == explained->n)
                return r;
        (void) out_say(screen->out,
                       "\n"
                       "%sthe smallest change that allows the best of them:%s %s for %s; it would cost %s\n",
                       screen_style(screen, STYLE_STRONG), screen_style(screen, STYLE_PLAIN),
                       explained->remedies[explained->best].text,
                       view->snapshot->hosts[explained->hosts[explained->best].host].name,
                       trial_cost_text(a, &explained->remedies[explained->best].delta));
        return 0;
}

static json_t *remedy_json(const ExplainVm *explained, uint32_t i) {
        const Remedy *remedy = &explained->remedies[i];
        json_t *o = json_object();

        (void) json_object_set_new(o, "host",
                                   json_string(explained->trial.s->hosts[explained->hosts[i].host].name));
        (void) json_object_set_new(o, "kind", json_string(remedy_names[remedy->kind]));
        (void) json_object_set_new(o, "text", json_string(remedy->text));
        (void) json_object_set_new(o, "cost", costs_json(&remedy->delta));
        return o;
}

/* What it asks of a host, each in its own unit. */
static json_t *explain_text_needs(const ExplainVm *explained, const Snapshot *s) {
        const ResourceLayout *layout = &explained->trial.layout;
        const int64_t *need = problem_need(explained->trial.p, explained->vm);
        const int64_t mhz = explained->trial.mhz[s->vms[explained->vm].host];
        json_t *o = json_object(), *other = json_object();

        (void) json_object_set_new(o, "cpu", json_cores(need[RES_CPU] * 1000 / mhz));
        (void) json_object_set_new(o, "memory_mib", json_number(need[RES_MEMORY]));
        (void) json_object_set_new(o, "rx_mbit",
                                   json_mbit(layout->net_rx == IX_NONE ? UNKNOWN : need[layout->net_rx]));
        (void) json_object_set_new(o, "tx_mbit",
                                   json_mbit(layout->net_rx == IX_NONE ? UNKNOWN : need[layout->net_rx + 1]));
        for (uint32_t r = 0; r < explained->trial.p->n_res; r++) {
                char key[JSON_KEY_SIZE];

                if (r != RES_CPU && r != RES_MEMORY &&
                    (layout->net_rx == IX_NONE || (r != layout->net_rx && r != layout->net_rx + 1)))
                        (void) json_object_set_new(other, json_key(layout->names[r], key),
                                                   json_number(need[r]));
        }
        (void) json_object_set_new(o, "other", other);
        return o;
}

json_t *explain_vm_json(Arena *a, const ExplainVm *explained, const ExplainView *view) {
        const Snapshot *s = view->snapshot;
        const Vm *vm = &s->vms[explained->vm];
        const Host *host = &s->hosts[vm->host];
        TrialView hosts = { .trial = &explained->trial,
                            .hosts = explained->hosts,
                            .refusals = explained->refusals,
                            .n = explained->n };
        json_t *o;

        if (remedy_column(a, explained, &hosts.remedies) < 0)
                return NULL;
        o = json_object();
        (void) json_object_set_new(o, "vm", json_text(vm->name));
        (void) json_object_set_new(o, "host", json_text(host->name));
        (void) json_object_set_new(o, "needs", explain_text_needs(explained, s));
        (void) json_object_set_new(o, "contention", contention_vm_json(vm));
        (void) json_object_set_new(o, "host_contention", contention_host_json(host));
        (void) json_object_set_new(o, "planned",
                                   view->move
                                           ? json_pack("{s:s, s:o}", "to", s->hosts[view->move->move.to].name,
                                                       "why", json_text(view->move->why))
                                           : json_null());
        (void) json_object_set_new(
                o, "blocked_why",
                json_text(vm_is_stranded(s, explained->vm) ? host_silence_words(a, host) : NULL));
        (void) json_object_set_new(o, "hosts", trial_json(&hosts));
        (void) json_object_set_new(o, "smallest_change",
                                   explained->best < explained->n ? remedy_json(explained, explained->best)
                                                                  : json_null());
        return o;
}

/* ---- a plan ---- */

static const char *without_text(Arena *a, const ExplainPlan *explained, const ExplainMove *move) {
        if (!move->can_stay && move->stay_reason == REASON_NONE)
                return "it is moved again, or came back";
        if (!move->can_stay)
                return text_format(a, "it could not stay: %s", reason_texts[move->stay_reason]);
        return trial_cost_words(a, explained->policies, move->without_by_policy, &move->without);
}

static int explain_text_print_moves(Arena *a, const ExplainPlan *explained, const ExplainView *view,
                                    const Screen *screen) {
        static const Column columns[] = {
                { .title = "WAVE", .right = true }, { .title = "VM", .most = 24 },
                { .title = "FROM", .most = 16 },    { .title = "TO", .most = 16 },
                { .title = "CHANGES INSTEAD" },     { .title = "WITHOUT THIS MOVE" }
        };
        const Snapshot *s = view->snapshot;
        Table t = table_begin(a, columns, ARRAY_SIZE(columns));
        const uint32_t n = explained->plan->n_moves;
        int r = 0;

        for (uint32_t i = 0; i < n && r == 0 && (view->all || i < SHOW_MOVES); i++) {
                const PlanMove *m = &explained->plan->moves[i];
                const ExplainMove *x = &explained->moves[i];

                r = table_row(&t, (Cell[]){ { .text = text_format(a, "%u", m->wave + 1) },
                                            { .text = s->vms[m->move.vm].name, .style = STYLE_STRONG },
                                            { .text = s->hosts[m->move.from].name },
                                            { .text = s->hosts[m->move.to].name },
                                            { .text = trial_cost_words(a, explained->policies, x->by_policy,
                                                                       NULL) },
                                            { .text = without_text(a, explained, x) } });
        }
        if (r < 0)
                return r;
        table_print(&t, screen, "  ");
        if (!view->all && n > SHOW_MOVES)
                (void) out_say(screen->out, "  … and %u more moves (--all shows every one)\n",
                               n - SHOW_MOVES);
        return 0;
}

static int print_rules(Arena *a, const ExplainPlan *explained, const ExplainView *view,
                       const Screen *screen) {
        static const Column columns[] = { { .title = "RULE", .most = 32 },
                                          { .title = "KIND" },
                                          { .title = "COST FOR THE PLAN" },
                                          { .title = "MOVES WITHOUT IT", .right = true } };
        const Snapshot *s = view->snapshot;
        Table t = table_begin(a, columns, ARRAY_SIZE(columns));
        uint32_t free = 0;
        int r = 0;

        for (uint32_t i = 0; i < explained->n_rules && r == 0; i++) {
                const ExplainRule *x = &explained->rules[i];
                const Rule *rule = &s->rules[x->rule];
                const Costs none = { 0 };
                const int c = costs_compare(&x->saved, &none);

                if (c <= 0 || (!view->all && t.n_rows >= SHOW_RULES)) {
                        free += c <= 0;
                        continue;
                }
                r = table_row(&t,
                              (Cell[]){ { .text = rule->name },
                                        { .text = rule_kind_title(rule->kind) },
                                        { .text = trial_cost_words(a, explained->policies, NULL, &x->saved) },
                                        { .text = text_format(a, "%u", x->n_moves) } });
        }
        if (r < 0)
                return r;
        (void) fputc('\n', screen->out);
        if (t.n_rows > 0)
                table_print(&t, screen, "  ");
        if (free > 0)
                (void) out_say(screen->out, "%u rule%s nothing: no better plan was found without %s\n", free,
                               free == 1 ? " costs" : "s cost", free == 1 ? "it" : "them");
        if (explained->n_unpriced > 0)
                (void) out_say(screen->out,
                               "%s%u %s not evaluated: the time limit was reached (service.think)%s\n",
                               screen_style(screen, STYLE_WARN), explained->n_unpriced,
                               text_plural(explained->n_unpriced, "rule was", "rules were"),
                               screen_style(screen, STYLE_PLAIN));
        return 0;
}

int explain_plan_text(Arena *a, const ExplainPlan *explained, const ExplainView *view, const Screen *screen) {
        int r = 0;

        (void) out_say(screen->out, "%u %s; costs below 0 are gains\n\n", explained->plan->n_moves,
                       text_plural(explained->plan->n_moves, "move", "moves"));
        if (explained->plan->n_moves > 0)
                r = explain_text_print_moves(a, explained, view, screen);
        return r == 0 && view->snapshot->n_rules > 0 ? print_rules(a, explained, view, screen) : r;
}

static json_t *explain_text_move_json(const ExplainPlan *explained, uint32_t i, const Snapshot *s) {
        const PlanMove *m = &explained->plan->moves[i];
        const ExplainMove *x = &explained->moves[i];
        json_t *o = json_object();

        (void) json_object_set_new(o, "vm", json_string(s->vms[m->move.vm].name));
        (void) json_object_set_new(o, "from", json_string(s->hosts[m->move.from].name));
        (void) json_object_set_new(o, "to", json_string(s->hosts[m->move.to].name));
        (void) json_object_set_new(o, "wave", json_integer((json_int_t) m->wave + 1));
        (void) json_object_set_new(o, "cost_by_policy", policies_json(explained->policies, x->by_policy));
        (void) json_object_set_new(o, "could_stay", json_boolean(x->can_stay));
        (void) json_object_set_new(o, "cost_by_policy_without_it",
                                   x->can_stay ? policies_json(explained->policies, x->without_by_policy)
                                               : json_null());
        (void) json_object_set_new(o, "reason",
                                   json_text(x->can_stay || x->stay_reason == REASON_NONE
                                                     ? NULL
                                                     : reason_names[x->stay_reason]));
        return o;
}

json_t *explain_plan_json(const ExplainPlan *explained, const ExplainView *view) {
        json_t *o = json_object(), *moves = json_array(), *rules = json_array();

        for (uint32_t i = 0; i < explained->plan->n_moves; i++)
                (void) json_array_append_new(moves, explain_text_move_json(explained, i, view->snapshot));
        for (uint32_t i = 0; i < explained->n_rules; i++) {
                json_t *rule = json_object();

                (void) json_object_set_new(rule, "rule",
                                           json_string(view->snapshot->rules[explained->rules[i].rule].name));
                (void) json_object_set_new(rule, "cost", costs_json(&explained->rules[i].saved));
                (void) json_object_set_new(rule, "moves_without_it",
                                           json_integer(explained->rules[i].n_moves));
                (void) json_array_append_new(rules, rule);
        }
        (void) json_object_set_new(o, "moves", moves);
        (void) json_object_set_new(o, "rules", rules);
        (void) json_object_set_new(o, "rules_not_priced", json_integer(explained->n_unpriced));
        return o;
}
