/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/text/trial_text.h"

#include <errno.h>

#include "scheduler/app/terminal/human.h"
#include "scheduler/app/terminal/table.h"
#include "scheduler/snapshot/json/json_value.h"

#define SHOW_OPEN    12U
#define SHOW_REFUSED 20U

const char *trial_cost_text(Arena *a, const Costs *c) {
        int t = 0;

        while (t < TIER_BALANCE && c->tier[t] == 0)
                t++;
        if (t == TIER_BALANCE)
                return text_format(a, "%+lld", (long long) c->tier[t]);
        return text_format(a, "%s %+lld", tier_names[t], (long long) c->tier[t]);
}

const char *trial_cost_words(Arena *a, PolicySet policies, const Costs *by_policy, const Costs *sum) {
        const char *text = NULL;

        for (uint32_t i = 0; i < (by_policy ? policies.n : 1); i++)
                for (int t = 0; t < TIER_N; t++) {
                        const Cost c = by_policy ? by_policy[i].tier[t] : sum->tier[t];

                        if (c == 0)
                                continue;
                        text = text_format(a, "%s%s%s %+lld%s%s%s", text ? text : "", text ? ", " : "",
                                           by_policy ? policies.policies[i]->name : tier_names[t],
                                           (long long) c, by_policy && t != TIER_BALANCE ? " (" : "",
                                           by_policy && t != TIER_BALANCE ? tier_names[t] : "",
                                           by_policy && t != TIER_BALANCE ? ")" : "");
                        if (!text)
                                return NULL;
                }
        return text ? text : "nothing";
}

static const char *share_text(Arena *a, const TrialHost *host, uint32_t r) {
        char x[HUMAN_SIZE], y[HUMAN_SIZE];

        if (host->now[r] == UNKNOWN)
                return "-";
        if (host->here || host->reason != REASON_NONE)
                return text_format(a, "%s", human_permille(host->now[r], x));
        return text_format(a, "%s→%s", human_permille(host->now[r], x), human_permille(host->after[r], y));
}

static int open_row(Table *t, const TrialView *view, uint32_t i, uint32_t rank) {
        const TrialHost *h = &view->hosts[i];
        const Trial *trial = view->trial;
        const char *words = h->here ? "it runs here"
                                    : trial_cost_words(t->arena, trial->policies, h->by_policy, &h->delta);

        if (words && h->over_line)
                words = text_format(t->arena, "%s; above the load line%s", words, h->here ? "" : " with it");
        return table_row(t, (Cell[]){ { .text = h->here ? "here" : text_format(t->arena, "%u", rank) },
                                      { .text = trial->s->hosts[h->host].name, .style = STYLE_STRONG },
                                      { .text = share_text(t->arena, h, RES_CPU) },
                                      { .text = share_text(t->arena, h, RES_MEMORY) },
                                      { .text = h->here ? "" : trial_cost_text(t->arena, &h->delta) },
                                      { .text = words, .style = h->over_line ? STYLE_WARN : STYLE_PLAIN } });
}

static void print_rest(const Screen *screen, uint32_t n, const char *what) {
        (void) out_say(screen->out, "  %s… and %u more %s (--all shows every host)%s\n",
                       screen_style(screen, STYLE_FAINT), n, what, screen_style(screen, STYLE_PLAIN));
}

static int print_open(Arena *a, const TrialView *view, const Screen *screen) {
        static const Column columns[] = { { .title = "RANK", .right = true },
                                          { .title = "HOST", .most = 24 },
                                          { .title = "CPU" },
                                          { .title = "MEMORY" },
                                          { .title = "COST", .right = true },
                                          { .title = "COST BY POLICY" } };
        Table t = table_begin(a, columns, ARRAY_SIZE(columns));
        uint32_t rank = 0, left_out = 0;
        int r = 0;

        for (uint32_t i = 0; i < view->n && r == 0; i++) {
                if (view->hosts[i].reason != REASON_NONE)
                        continue;
                rank += !view->hosts[i].here;
                if (rank > SHOW_OPEN && !view->all)
                        left_out++;
                else
                        r = open_row(&t, view, i, rank);
        }
        if (r < 0 || t.n_rows == 0)
                return r;
        table_print(&t, screen, "  ");
        if (left_out > 0)
                print_rest(screen, left_out, "that could take it");
        return 0;
}

static int trial_text_print_refused(Arena *a, const TrialView *view, const Screen *screen) {
        static const Column plain[] = { { .title = "NOT ON", .most = 24 },
                                        { .title = "CPU" },
                                        { .title = "MEMORY" },
                                        { .title = "WHY NOT" } };
        static const Column cured[] = { { .title = "NOT ON", .most = 24 },
                                        { .title = "CPU" },
                                        { .title = "MEMORY" },
                                        { .title = "WHY NOT", .most = 60 },
                                        { .title = "WHAT WOULD ALLOW IT" } };
        Table t = view->remedies ? table_begin(a, cured, ARRAY_SIZE(cured))
                                 : table_begin(a, plain, ARRAY_SIZE(plain));
        uint32_t left_out = 0;
        int r = 0;

        for (uint32_t i = 0; i < view->n && r == 0; i++) {
                const TrialHost *h = &view->hosts[i];

                if (h->reason == REASON_NONE)
                        continue;
                if (t.n_rows >= SHOW_REFUSED && !view->all) {
                        left_out++;
                        continue;
                }
                r = table_row(&t, (Cell[]){ { .text = view->trial->s->hosts[h->host].name },
                                            { .text = share_text(a, h, RES_CPU) },
                                            { .text = share_text(a, h, RES_MEMORY) },
                                            { .text = view->refusals[i] },
                                            { .text = view->remedies ? view->remedies[i] : NULL } });
        }
        if (r < 0 || t.n_rows == 0)
                return r;
        (void) fputc('\n', screen->out);
        table_print(&t, screen, "  ");
        if (left_out > 0)
                print_rest(screen, left_out, "that refuse it");
        return 0;
}

int trial_text_print(Arena *a, const TrialView *view, const Screen *screen) {
        int r = print_open(a, view, screen);

        return r == 0 ? trial_text_print_refused(a, view, screen) : r;
}

/* ---- JSON ---- */

json_t *costs_json(const Costs *c) {
        json_t *o = json_object();

        for (int t = 0; t < TIER_N; t++)
                (void) json_object_set_new(o, tier_names[t], json_integer(c->tier[t]));
        return o;
}

json_t *policies_json(PolicySet policies, const Costs *by_policy) {
        json_t *o = json_object();

        for (uint32_t i = 0; by_policy && i < policies.n; i++) {
                json_t *tiers = json_object();

                for (int t = 0; t < TIER_N; t++)
                        if (by_policy[i].tier[t] != 0)
                                (void) json_object_set_new(tiers, tier_names[t],
                                                           json_integer(by_policy[i].tier[t]));
                if (json_object_size(tiers) > 0)
                        (void) json_object_set_new(o, policies.policies[i]->name, tiers);
                else
                        json_decref(tiers);
        }
        return o;
}

static json_t *shares_json(const Trial *t, const TrialHost *host) {
        json_t *o = json_object();

        for (uint32_t r = 0; r < t->p->n_res; r++) {
                json_t *pair = json_object();
                char key[JSON_KEY_SIZE];

                (void) json_object_set_new(pair, "now", json_share(host->now[r]));
                (void) json_object_set_new(pair, "with_it",
                                           json_share(host->now[r] == UNKNOWN ? UNKNOWN : host->after[r]));
                (void) json_object_set_new(o, json_key(t->layout.names[r], key), pair);
        }
        return o;
}

json_t *strings_json(const Strings *words) {
        json_t *list = json_array();

        for (uint32_t i = 0; i < words->n; i++)
                (void) json_array_append_new(list, json_string(words->at[i]));
        return list;
}

json_t *trial_json(const TrialView *view) {
        const Trial *t = view->trial;
        json_t *hosts = json_array();

        for (uint32_t i = 0; i < view->n; i++) {
                const TrialHost *h = &view->hosts[i];
                json_t *o = json_object();
                const bool open = h->reason == REASON_NONE, priced = open && !h->here;

                (void) json_object_set_new(o, "host", json_string(t->s->hosts[h->host].name));
                (void) json_object_set_new(o, "labels", strings_json(&t->s->hosts[h->host].labels));
                (void) json_object_set_new(o, "verdict",
                                           json_string(h->here ? "here"
                                                       : open  ? "open"
                                                               : "refused"));
                (void) json_object_set_new(o, "load", shares_json(t, h));
                (void) json_object_set_new(o, "above_load_line", json_boolean(h->over_line));
                (void) json_object_set_new(o, "cost", priced ? costs_json(&h->delta) : json_null());
                (void) json_object_set_new(o, "cost_by_policy",
                                           priced ? policies_json(t->policies, h->by_policy) : json_null());
                (void) json_object_set_new(o, "reason", json_text(open ? NULL : reason_names[h->reason]));
                (void) json_object_set_new(o, "text", json_text(open ? NULL : view->refusals[i]));
                (void) json_object_set_new(o, "would_allow_it",
                                           json_text(view->remedies ? view->remedies[i] : NULL));
                (void) json_array_append_new(hosts, o);
        }
        return hosts;
}
