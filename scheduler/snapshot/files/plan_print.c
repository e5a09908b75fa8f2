/* SPDX-License-Identifier: Apache-2.0 */
/* A line for each move and refusal, so that two plans can be compared with diff. */
#include "scheduler/snapshot/files/plan_file.h"
#include "scheduler/snapshot/json/json_value.h"

typedef struct Printer {
        TextWriter w;
        const Snapshot *s;
        const Plan *p;
} Printer;

/* `, "key": ` or, as the first of an object, `"key": `. */
static void put_key(Printer *printer, bool first, const char *key) {
        if (!first)
                text_writer_word(&printer->w, ", ");
        text_writer_string(&printer->w, key);
        text_writer_word(&printer->w, ": ");
}

static void put_int(Printer *printer, bool first, const char *key, int64_t value) {
        put_key(printer, first, key);
        text_writer_int(&printer->w, value);
}

static void put_text(Printer *printer, bool first, const char *key, const char *text) {
        put_key(printer, first, key);
        text_writer_string(&printer->w, text);
}

/* A field of the outermost object: each on a line of its own. */
static void plan_print_put_line(Printer *printer, const char *key) {
        text_writer_word(&printer->w, ",\n  ");
        text_writer_string(&printer->w, key);
        text_writer_word(&printer->w, ": ");
}

static void put_costs(Printer *printer, const Costs *c) {
        text_writer_word(&printer->w, "{");
        for (int t = 0; t < TIER_N; t++)
                put_int(printer, t == 0, tier_names[t], c->tier[t]);
        text_writer_word(&printer->w, "}");
}

/* NULL: null. */
static void put_text_or_null(Printer *printer, const char *key, const char *text) {
        put_key(printer, false, key);
        if (text)
                text_writer_string(&printer->w, text);
        else
                text_writer_word(&printer->w, "null");
}

/* What a prediction rests on. Rates that are not known are null. */
static void put_basis(Printer *printer, const MoveBasis *b) {
        text_writer_word(&printer->w, "{");
        put_int(printer, true, "memory_mib", b->memory_mib);
        if (b->local_disk_mib > 0)
                put_int(printer, false, "local_disk_mib", b->local_disk_mib);
        json_put_scaled(&printer->w, false, "dirty_mib_s", b->dirty_kib_s, 1024, 4);
        json_put_scaled(&printer->w, false, "dirty_burst_mib_s", b->dirty_burst_kib_s, 1024, 4);
        if (b->dirty_window_ms > 0) {
                put_key(printer, false, "dirty_window_seconds");
                text_writer_decimal(&printer->w, b->dirty_window_ms, 1000, 3);
        }
        put_key(printer, false, "bandwidth_mbit");
        text_writer_decimal(&printer->w, b->bandwidth_kbit, 1000, 3);
        text_writer_word(&printer->w, "}");
}

static void put_prediction(Printer *printer, const Prediction *f) {
        text_writer_word(&printer->w, "{\"seconds\": ");
        text_writer_decimal(&printer->w, f->ms, 1000, 3);
        text_writer_word(&printer->w, ", \"seconds_low\": ");
        text_writer_decimal(&printer->w, f->ms_low, 1000, 3);
        text_writer_word(&printer->w, ", \"seconds_high\": ");
        text_writer_decimal(&printer->w, f->ms_high, 1000, 3);
        put_int(printer, false, "bytes", f->bytes);
        put_int(printer, false, "bytes_low", f->bytes_low);
        put_int(printer, false, "bytes_high", f->bytes_high);
        json_put_seconds(&printer->w, false, "downtime_seconds", f->downtime_ms);
        json_put_seconds(&printer->w, false, "downtime_seconds_low", f->downtime_ms_low);
        json_put_seconds(&printer->w, false, "downtime_seconds_high", f->downtime_ms_high);
        put_key(printer, false, "basis");
        put_basis(printer, &f->basis);
        text_writer_word(&printer->w, "}");
}

/* What is 0 was not said, and is left out. */
static void put_manner(Printer *printer, const MoveManner *m) {
        text_writer_word(&printer->w, "{");
        put_text(printer, true, "strategy", move_strategy_names[m->strategy]);
        if (m->reason && m->reason[0])
                put_text(printer, false, "why", m->reason);
        if (m->bandwidth_kbit > 0) {
                put_key(printer, false, "bandwidth_mbit");
                text_writer_decimal(&printer->w, m->bandwidth_kbit, 1000, 3);
        }
        if (m->channels > 0)
                put_int(printer, false, "channels", m->channels);
        if (m->compress)
                put_text(printer, false, "compression", "zstd");
        if (m->slow_down != SLOW_DOWN_UNSAID) {
                put_key(printer, false, "auto_converge");
                text_writer_word(&printer->w, m->slow_down == SLOW_DOWN_ALLOWED ? "true" : "false");
        }
        if (m->deadline_ms > 0) {
                put_key(printer, false, "deadline_seconds");
                text_writer_decimal(&printer->w, m->deadline_ms, 1000, 3);
        }
        put_text(printer, false, "at_deadline", deadline_action_names[m->at_deadline]);
        if (m->downtime_limit_ms > 0)
                json_put_seconds(&printer->w, false, "downtime_limit_seconds", m->downtime_limit_ms);
        if (m->downtime_limit_ms_most > 0)
                json_put_seconds(&printer->w, false, "max_downtime_limit_seconds", m->downtime_limit_ms_most);
        text_writer_word(&printer->w, "}");
}

/* What it was taken to need, and what it used when it was read. */
static void put_demand(Printer *printer, const Vm *vm) {
        if (vm->cpu_mcores == UNKNOWN || !vm->measured || vm->measured->cpu_mcores == UNKNOWN)
                return;
        put_key(printer, false, "demand");
        text_writer_word(&printer->w, "{\"cpu\": ");
        text_writer_decimal(&printer->w, vm->cpu_mcores, 1000, 3);
        text_writer_word(&printer->w, ", \"cpu_measured\": ");
        text_writer_decimal(&printer->w, vm->measured->cpu_mcores, 1000, 3);
        if (vm_score_permille(vm) != UNKNOWN) {
                text_writer_word(&printer->w, ", \"cpu_score\": ");
                text_writer_decimal(&printer->w, vm_score_permille(vm), 1000, 3);
        }
        text_writer_word(&printer->w, "}");
}

static void put_move(Printer *printer, const PlanMove *m) {
        text_writer_word(&printer->w, "{");
        put_text(printer, true, "vm", printer->s->vms[m->move.vm].name);
        put_text(printer, false, "from", printer->s->hosts[m->move.from].name);
        put_text(printer, false, "to", printer->s->hosts[m->move.to].name);
        put_int(printer, false, "wave", (int64_t) m->wave + 1); /* as people count, and as texts do */
        put_text(printer, false, "kind", action_kind_names[m->kind]);
        put_text(printer, false, "why", m->why);
        if (m->held)
                put_text(printer, false, "held_why", m->held);
        put_key(printer, false, "predicted");
        put_prediction(printer, &m->predicted);
        put_key(printer, false, "how");
        put_manner(printer, &m->manner);
        put_key(printer, false, "cost");
        put_costs(printer, &m->delta);
        put_demand(printer, &printer->s->vms[m->move.vm]);
        text_writer_word(&printer->w, "}");
}

static void put_refused(Printer *printer, const Refused *r) {
        text_writer_word(&printer->w, "{");
        put_text(printer, true, "vm", printer->s->vms[r->vm].name);
        put_text_or_null(printer, "to", r->to == IX_NONE ? NULL : printer->s->hosts[r->to].name);
        put_text(printer, false, "reason", reason_names[r->reason]);
        put_text(printer, false, "text", reason_texts[r->reason]);
        put_text_or_null(printer, "why",
                         r->reason == reason_of_unmovable(&printer->s->vms[r->vm])
                                 ? printer->s->vms[r->vm].unmovable_why
                                 : NULL);
        put_int(printer, false, "host_count", r->hosts);
        put_text_or_null(printer, "nearest", r->near == IX_NONE ? NULL : printer->s->hosts[r->near].name);
        put_text_or_null(printer, "by", r->by);
        text_writer_word(&printer->w, "}");
}

static void plan_print_put_about(Printer *printer) {
        const Strings *about = &printer->p->about;

        if (about->n == 0)
                return;
        plan_print_put_line(printer, "about");
        for (uint32_t i = 0; i < about->n; i++) {
                text_writer_word(&printer->w, i == 0 ? "[" : ", ");
                text_writer_string(&printer->w, about->at[i]);
        }
        text_writer_word(&printer->w, "]");
}

static void plan_print_put_wish(Printer *printer) {
        const MoveWish *wish = &printer->p->wish;

        if (!wish->vm)
                return;
        plan_print_put_line(printer, "wish");
        text_writer_word(&printer->w, "{");
        put_text(printer, true, "vm", wish->vm);
        if (wish->to)
                put_text(printer, false, "to", wish->to);
        text_writer_word(&printer->w, "}");
}

static void put_limited_by(Printer *printer) {
        bool first = true;

        if (printer->p->limited_by == 0)
                return;
        plan_print_put_line(printer, "limited_by");
        for (int i = 0; i < PLAN_CAP_N; i++)
                if (printer->p->limited_by & 1U << i) {
                        text_writer_word(&printer->w, first ? "[" : ", ");
                        text_writer_string(&printer->w, plan_cap_names[i]);
                        first = false;
                }
        text_writer_word(&printer->w, "]");
}

static void put_cut(Printer *printer) {
        bool first = true;

        if (printer->p->cut == 0)
                return;
        plan_print_put_line(printer, "cut");
        for (int i = 0; i < PLAN_PART_N; i++)
                if (printer->p->cut & 1U << i) {
                        text_writer_word(&printer->w, first ? "[" : ", ");
                        text_writer_string(&printer->w, plan_part_names[i]);
                        first = false;
                }
        text_writer_word(&printer->w, "]");
}

static const char *plan_print_host_name(const Snapshot *s, uint32_t i) {
        return s->hosts[i].name;
}

static const char *vm_name(const Snapshot *s, uint32_t i) {
        return s->vms[i].name;
}

static void put_names(Printer *printer, const char *key, const uint32_t *list, uint32_t n,
                      const char *(*name)(const Snapshot *s, uint32_t i)) {
        if (n == 0)
                return;
        put_key(printer, false, key);
        for (uint32_t i = 0; i < n; i++) {
                text_writer_word(&printer->w, i == 0 ? "[" : ", ");
                text_writer_string(&printer->w, name(printer->s, list[i]));
        }
        text_writer_word(&printer->w, "]");
}

static void put_conflict(Printer *printer, const Conflict *c) {
        text_writer_word(&printer->w, "{");
        put_key(printer, true, "rules");
        for (uint32_t i = 0; i < c->n_rules; i++) {
                text_writer_word(&printer->w, i == 0 ? "[" : ", ");
                text_writer_string(&printer->w, printer->s->rules[c->rules[i]].name);
        }
        text_writer_word(&printer->w, c->n_rules > 0 ? "]" : "[]");
        put_names(printer, "closed", c->closed, c->n_closed, plan_print_host_name);
        put_names(printer, "full", c->full, c->n_full, plan_print_host_name);
        put_names(printer, "bound", c->bound, c->n_bound, vm_name);
        put_names(printer, "held", c->held, c->n_held, vm_name);
        if (c->counted != IX_NONE) {
                put_int(printer, false, "places_needed", c->places_needed);
                put_int(printer, false, "places", c->places);
        }
        put_key(printer, false, "smallest");
        text_writer_word(&printer->w, c->smallest ? "true" : "false");
        put_text(printer, false, "text", c->text);
        text_writer_word(&printer->w, "}");
}

static void put_conflicts(Printer *printer) {
        if (printer->p->n_conflicts == 0)
                return;
        plan_print_put_line(printer, "cannot_hold");
        for (uint32_t i = 0; i < printer->p->n_conflicts; i++) {
                text_writer_word(&printer->w, i == 0 ? "[\n    " : ",\n    ");
                put_conflict(printer, &printer->p->conflicts[i]);
        }
        text_writer_word(&printer->w, "\n  ]");
}

static void put_spread(Printer *printer, const Spread *s) {
        text_writer_word(&printer->w, "{\"mean\": ");
        text_writer_decimal(&printer->w, s->mean, 1000, 3);
        text_writer_word(&printer->w, ", \"sd\": ");
        text_writer_decimal(&printer->w, s->sd, 1000, 3);
        text_writer_word(&printer->w, ", \"max\": ");
        text_writer_decimal(&printer->w, s->max, 1000, 3);
        put_text_or_null(printer, "max_host",
                         s->max_host == IX_NONE ? NULL : printer->s->hosts[s->max_host].name);
        text_writer_word(&printer->w, "}");
}

static void put_share(Printer *printer, bool first, const char *key, int64_t permille) {
        put_key(printer, first, key);
        text_writer_decimal(&printer->w, permille, 1000, 3);
}

/* Of each host that moves touch what it has of each resource whose size is known. */
static void put_hosts(Printer *printer) {
        const Plan *p = printer->p;

        if (p->n_hosts == 0)
                return;
        plan_print_put_line(printer, "hosts");
        for (uint32_t i = 0; i < p->n_hosts; i++) {
                bool first = true;

                text_writer_word(&printer->w, i == 0 ? "[\n    {" : ",\n    {");
                put_key(printer, true, "name");
                text_writer_string(&printer->w, printer->s->hosts[p->hosts[i].host].name);
                put_key(printer, false, "load");
                text_writer_word(&printer->w, "{");
                for (uint32_t r = 0; r < p->n_res; r++) {
                        const PlanLoad *load = &p->hosts[i].load[r];
                        char key[JSON_KEY_SIZE];

                        if (load->before == UNKNOWN)
                                continue;
                        put_key(printer, first, json_key(p->res_names[r], key));
                        text_writer_word(&printer->w, "{");
                        put_share(printer, true, "used_before", load->before);
                        put_share(printer, false, "used_after", load->after);
                        put_share(printer, false, "load_line", load->line);
                        text_writer_word(&printer->w, "}");
                        first = false;
                }
                text_writer_word(&printer->w, "}}");
        }
        text_writer_word(&printer->w, "\n  ]");
}

static void put_score(Printer *printer, const Score *score) {
        text_writer_word(&printer->w, "{\"cost\": ");
        put_costs(printer, &score->costs);
        put_int(printer, false, "over_limit", score->over_limit);
        put_key(printer, false, "load");
        text_writer_word(&printer->w, "{");
        for (uint32_t r = 0; r < printer->p->n_res; r++) {
                char key[JSON_KEY_SIZE];

                put_key(printer, r == 0, json_key(printer->p->res_names[r], key));
                put_spread(printer, &score->spread[r]);
        }
        text_writer_word(&printer->w, "}");
        put_key(printer, false, "cost_by_policy");
        text_writer_word(&printer->w, "{");
        for (uint32_t i = 0, n = 0; i < printer->p->n_policies; i++) {
                bool any = false;

                for (int t = 0; t < TIER_N; t++)
                        any |= score->policy[i].tier[t] != 0;
                if (!any)
                        continue;
                put_key(printer, n++ == 0, printer->p->policy_names[i]);
                put_costs(printer, &score->policy[i]);
        }
        text_writer_word(&printer->w, "}}");
}

static void put_refusals(Printer *printer) {
        bool first = true;

        text_writer_word(&printer->w, "{");
        for (int i = REASON_NONE + 1; i < REASON_N; i++)
                if (printer->p->refusals[i] > 0) {
                        put_int(printer, first, reason_names[i], (int64_t) printer->p->refusals[i]);
                        first = false;
                }
        text_writer_word(&printer->w, "}");
}

/* The worst there is, so it comes right after the status. */
static void put_doubled(Printer *printer) {
        const Snapshot *s = printer->s;
        uint32_t n = 0;

        if (snapshot_doubled(s) == 0)
                return;
        plan_print_put_line(printer, "doubled");
        for (VmIx v = 0; v < s->n_vms; v++) {
                if (!vm_is_doubled(&s->vms[v]))
                        continue;
                text_writer_word(&printer->w, n++ == 0 ? "[" : ", ");
                text_writer_word(&printer->w, "{");
                put_text(printer, true, "vm", s->vms[v].name);
                put_key(printer, false, "hosts");
                text_writer_word(&printer->w, "[");
                for (uint32_t i = 0; i < s->vms[v].running_on.n; i++) {
                        text_writer_word(&printer->w, i == 0 ? "" : ", ");
                        text_writer_string(&printer->w, s->vms[v].running_on.at[i]);
                }
                text_writer_word(&printer->w, "]}");
        }
        text_writer_word(&printer->w, "]");
}

static void put_notes(Printer *printer) {
        const Strings *notes = &printer->s->notes;

        if (notes->n == 0)
                return;
        plan_print_put_line(printer, "notes");
        for (uint32_t i = 0; i < notes->n; i++) {
                text_writer_word(&printer->w, i == 0 ? "[\n    " : ",\n    ");
                text_writer_string(&printer->w, notes->at[i]);
        }
        text_writer_word(&printer->w, "\n  ]");
}

static void put_idle(Printer *printer) {
        plan_print_put_line(printer, "goal");
        text_writer_string(&printer->w, plan_goal_names[printer->p->goal]);
        if (printer->p->goal != PLAN_GOAL_PACK)
                return;
        plan_print_put_line(printer, "idle");
        text_writer_word(&printer->w, "[");
        for (uint32_t i = 0; i < printer->p->n_idle; i++) {
                text_writer_word(&printer->w, i == 0 ? "\n    {" : ",\n    {");
                put_text(printer, true, "host", printer->s->hosts[printer->p->idle[i].host].name);
                put_text(printer, false, "why", idle_why_names[printer->p->idle[i].why]);
                text_writer_word(&printer->w, "}");
        }
        text_writer_word(&printer->w, printer->p->n_idle > 0 ? "\n  ]" : "]");
}

static void put_reserve(Printer *printer) {
        const PlanReserve *r = &printer->p->reserve;

        if (!r->asked)
                return;
        plan_print_put_line(printer, "reserve");
        text_writer_word(&printer->w, "{");
        put_int(printer, true, "losses", r->losses);
        put_int(printer, false, "losses_asked", r->losses_asked);
        put_text(printer, false, "level", level_names[r->level]);
        put_int(printer, false, "cases", r->cases);
        put_int(printer, false, "uncovered_before", r->uncovered_before);
        put_int(printer, false, "uncovered_after", r->uncovered_after);
        put_key(printer, false, "share");
        text_writer_decimal(&printer->w, r->share_permille, 1000, 3);
        put_key(printer, false, "hosts_lacking_before");
        text_writer_decimal(&printer->w, r->lacking_before, 1000, 3);
        put_key(printer, false, "hosts_lacking_after");
        text_writer_decimal(&printer->w, r->lacking_after, 1000, 3);
        if (r->gap)
                put_text(printer, false, "missing", r->gap);
        text_writer_word(&printer->w, "}");
}

static void put_late(Printer *printer) {
        plan_print_put_line(printer, "late");
        text_writer_word(&printer->w, "[");
        for (uint32_t i = 0; i < printer->p->n_late; i++) {
                const PlanLate *l = &printer->p->late[i];
                const Vm *vm = &printer->s->vms[l->vm];

                text_writer_word(&printer->w, i == 0 ? "\n    {" : ",\n    {");
                put_text(printer, true, "vm", vm->name);
                put_text(printer, false, "host", printer->s->hosts[vm->host].name);
                put_key(printer, false, "seconds");
                if (l->ms == UNKNOWN)
                        text_writer_word(&printer->w, "null");
                else
                        text_writer_decimal(&printer->w, l->ms, 1000, 3);
                put_key(printer, false, "within_seconds");
                text_writer_decimal(&printer->w, l->within_ms, 1000, 3);
                text_writer_word(&printer->w, "}");
        }
        text_writer_word(&printer->w, printer->p->n_late > 0 ? "\n  ]" : "]");
}

static void put_found_by(Printer *printer) {
        plan_print_put_line(printer, "found_by");
        text_writer_word(&printer->w, "{");
        put_text(printer, true, "search", plan_search_names[printer->p->search]);
        put_text(printer, false, "exact", exact_use_names[printer->p->exact]);
        if (exact_use_texts[printer->p->exact])
                put_text(printer, false, "why_not", exact_use_texts[printer->p->exact]);
        text_writer_word(&printer->w, "}");
}

static void plan_print_put_head(Printer *printer) {
        const bool busiest = printer->p->least_ms > 0 && printer->p->busiest != IX_NONE;

        text_writer_word(&printer->w, "{\n  \"schema\": \"" PLAN_SCHEMA "\"");
        plan_print_put_line(printer, "cluster");
        text_writer_string(&printer->w, printer->s->cluster);
        text_writer_word(&printer->w, ",\n  ");
        json_put_instant(&printer->w, true, "taken_at", printer->s->taken_at);
        if (printer->s->demand_by) {
                plan_print_put_line(printer, "demand_by");
                text_writer_string(&printer->w, printer->s->demand_by);
        }
        plan_print_put_line(printer, "status");
        text_writer_string(&printer->w, plan_status_names[printer->p->status]);
        put_doubled(printer);
        plan_print_put_about(printer);
        plan_print_put_wish(printer);
        put_limited_by(printer);
        put_idle(printer);
        plan_print_put_line(printer, "threshold");
        text_writer_int(&printer->w, printer->p->threshold);
        plan_print_put_line(printer, "seed");
        text_writer_int(&printer->w, (int64_t) printer->p->seed);
        plan_print_put_line(printer, "evaluations");
        text_writer_int(&printer->w, (int64_t) printer->p->evaluations);
        put_found_by(printer);
        plan_print_put_line(printer, "guard_fired");
        text_writer_word(&printer->w, printer->p->guard_fired ? "true" : "false");
        put_cut(printer);
        plan_print_put_line(printer, "waves");
        text_writer_int(&printer->w, printer->p->n_waves);
        plan_print_put_line(printer, "predicted");
        text_writer_word(&printer->w, "{\"seconds\": ");
        text_writer_decimal(&printer->w, printer->p->makespan_ms, 1000, 3);
        put_int(printer, false, "bytes", printer->p->bytes);
        put_key(printer, false, "min_seconds");
        text_writer_decimal(&printer->w, printer->p->least_ms, 1000, 3);
        put_text_or_null(printer, "busiest_host",
                         busiest ? printer->s->hosts[printer->p->busiest].name : NULL);
        put_text_or_null(printer, "busiest_link", !busiest ? NULL : printer->p->busiest_in ? "in" : "out");
        text_writer_word(&printer->w, "}");
        plan_print_put_line(printer, "before");
        put_score(printer, &printer->p->before);
        plan_print_put_line(printer, "after");
        put_score(printer, &printer->p->after);
        put_reserve(printer);
        plan_print_put_line(printer, "bound");
        if (printer->p->has_bound)
                put_costs(printer, &printer->p->bound);
        else
                text_writer_word(&printer->w, "null");
}

int plan_file_print(Arena *a, const Snapshot *s, const Plan *plan, const char **ret, size_t *ret_n) {
        Printer p = { .w = text_writer_new(a), .s = s, .p = plan };

        plan_print_put_head(&p);
        put_hosts(&p);
        plan_print_put_line(&p, "moves");
        text_writer_word(&p.w, "[");
        for (uint32_t i = 0; i < plan->n_moves; i++) {
                text_writer_word(&p.w, i == 0 ? "\n    " : ",\n    ");
                put_move(&p, &plan->moves[i]);
        }
        text_writer_word(&p.w, plan->n_moves > 0 ? "\n  ]" : "]");
        plan_print_put_line(&p, "refused");
        text_writer_word(&p.w, "[");
        for (uint32_t i = 0; i < plan->n_refused; i++) {
                text_writer_word(&p.w, i == 0 ? "\n    " : ",\n    ");
                put_refused(&p, &plan->refused[i]);
        }
        text_writer_word(&p.w, plan->n_refused > 0 ? "\n  ]" : "]");
        put_late(&p);
        plan_print_put_line(&p, "refused_all");
        text_writer_int(&p.w, plan->n_refused_all);
        if (plan->lacks) {
                plan_print_put_line(&p, "lacks");
                text_writer_string(&p.w, plan->lacks);
        }
        put_conflicts(&p);
        plan_print_put_line(&p, "refusals");
        put_refusals(&p);
        put_notes(&p);
        text_writer_word(&p.w, "\n}\n");
        return text_writer_end(&p.w, ret, ret_n);
}
