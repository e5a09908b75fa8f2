/* SPDX-License-Identifier: Apache-2.0 */
/* A line for each move and refusal, so that two plans can be compared with diff. */
#include "scheduler/snapshot/files/plan_file.h"
#include "scheduler/snapshot/json/text_writer.h"

typedef struct Printer {
        TextWriter w;
        const Snapshot *s;
        const Plan *p;
} Printer;

/* `, "key": ` or, as the first of an object, `"key": `. */
static void put_key(Printer *p, bool first, const char *key) {
        if (!first)
                text_writer_word(&p->w, ", ");
        text_writer_string(&p->w, key);
        text_writer_word(&p->w, ": ");
}

static void put_int(Printer *p, bool first, const char *key, int64_t v) {
        put_key(p, first, key);
        text_writer_int(&p->w, v);
}

static void put_text(Printer *p, bool first, const char *key, const char *text) {
        put_key(p, first, key);
        text_writer_string(&p->w, text);
}

/* A field of the outermost object: each on a line of its own. */
static void plan_print_put_line(Printer *p, const char *key) {
        text_writer_word(&p->w, ",\n  ");
        text_writer_string(&p->w, key);
        text_writer_word(&p->w, ": ");
}

static void put_costs(Printer *p, const Costs *c) {
        text_writer_word(&p->w, "{");
        for (int t = 0; t < TIER_N; t++)
                put_int(p, t == 0, tier_names[t], c->tier[t]);
        text_writer_word(&p->w, "}");
}

static void put_mib_s(Printer *p, const char *key, int64_t kib_s) {
        if (kib_s == UNKNOWN)
                return;
        put_key(p, false, key);
        text_writer_decimal(&p->w, kib_s, 1024, 4);
}

/* What a prediction rests on. Rates that are not known are left out. */
static void put_basis(Printer *p, const MoveBasis *b) {
        text_writer_word(&p->w, "{");
        put_int(p, true, "memory_mib", b->memory_mib);
        if (b->local_disk_mib > 0)
                put_int(p, false, "local_disk_mib", b->local_disk_mib);
        put_mib_s(p, "dirty_mib_s", b->dirty_kib_s);
        put_mib_s(p, "dirty_burst_mib_s", b->dirty_burst_kib_s);
        if (b->dirty_window_ms > 0) {
                put_key(p, false, "dirty_window_seconds");
                text_writer_decimal(&p->w, b->dirty_window_ms, 1000, 3);
        }
        put_key(p, false, "bandwidth_mbit");
        text_writer_decimal(&p->w, b->bandwidth_kbit, 1000, 3);
        text_writer_word(&p->w, "}");
}

static void put_prediction(Printer *p, const Prediction *f) {
        text_writer_word(&p->w, "{\"seconds\": ");
        text_writer_decimal(&p->w, f->ms, 1000, 3);
        text_writer_word(&p->w, ", \"seconds_low\": ");
        text_writer_decimal(&p->w, f->ms_low, 1000, 3);
        text_writer_word(&p->w, ", \"seconds_high\": ");
        text_writer_decimal(&p->w, f->ms_high, 1000, 3);
        put_int(p, false, "bytes", f->bytes);
        put_int(p, false, "bytes_low", f->bytes_low);
        put_int(p, false, "bytes_high", f->bytes_high);
        put_int(p, false, "downtime_ms", f->downtime_ms);
        put_int(p, false, "downtime_ms_low", f->downtime_ms_low);
        put_int(p, false, "downtime_ms_high", f->downtime_ms_high);
        put_key(p, false, "of");
        put_basis(p, &f->basis);
        text_writer_word(&p->w, "}");
}

/* What is 0 was not said, and is left out. */
static void put_manner(Printer *p, const MoveManner *m) {
        text_writer_word(&p->w, "{");
        put_text(p, true, "strategy", move_strategy_names[m->strategy]);
        if (m->reason && m->reason[0])
                put_text(p, false, "why", m->reason);
        if (m->bandwidth_kbit > 0) {
                put_key(p, false, "bandwidth_mbit");
                text_writer_decimal(&p->w, m->bandwidth_kbit, 1000, 3);
        }
        if (m->channels > 0)
                put_int(p, false, "channels", m->channels);
        if (m->compress)
                put_text(p, false, "compression", "zstd");
        if (m->slow_down != SLOW_DOWN_UNSAID) {
                put_key(p, false, "auto_converge");
                text_writer_word(&p->w, m->slow_down == SLOW_DOWN_ALLOWED ? "true" : "false");
        }
        if (m->deadline_ms > 0) {
                put_key(p, false, "deadline_seconds");
                text_writer_decimal(&p->w, m->deadline_ms, 1000, 3);
        }
        put_text(p, false, "at_deadline", deadline_action_names[m->at_deadline]);
        if (m->downtime_limit_ms > 0)
                put_int(p, false, "downtime_limit_ms", m->downtime_limit_ms);
        if (m->downtime_limit_ms_most > 0)
                put_int(p, false, "downtime_limit_ms_most", m->downtime_limit_ms_most);
        text_writer_word(&p->w, "}");
}

/* What it was taken to need, and what it used when it was read. */
static void put_demand(Printer *p, const Vm *vm) {
        if (vm->cpu_mcores == UNKNOWN || !vm->measured || vm->measured->cpu_mcores == UNKNOWN)
                return;
        put_key(p, false, "demand");
        text_writer_word(&p->w, "{\"cpu\": ");
        text_writer_decimal(&p->w, vm->cpu_mcores, 1000, 3);
        text_writer_word(&p->w, ", \"cpu_measured\": ");
        text_writer_decimal(&p->w, vm->measured->cpu_mcores, 1000, 3);
        text_writer_word(&p->w, "}");
}

static void put_move(Printer *p, const PlanMove *m) {
        text_writer_word(&p->w, "{");
        put_text(p, true, "vm", p->s->vms[m->move.vm].name);
        put_text(p, false, "from", p->s->hosts[m->move.from].name);
        put_text(p, false, "to", p->s->hosts[m->move.to].name);
        put_int(p, false, "wave", m->wave);
        put_text(p, false, "why", m->why);
        put_key(p, false, "predicted");
        put_prediction(p, &m->predicted);
        put_key(p, false, "how");
        put_manner(p, &m->manner);
        put_key(p, false, "changes");
        put_costs(p, &m->delta);
        put_demand(p, &p->s->vms[m->move.vm]);
        text_writer_word(&p->w, "}");
}

static void put_refused(Printer *p, const Refused *r) {
        text_writer_word(&p->w, "{");
        put_text(p, true, "vm", p->s->vms[r->vm].name);
        if (r->to != IX_NONE)
                put_text(p, false, "to", p->s->hosts[r->to].name);
        put_text(p, false, "reason", reason_names[r->reason]);
        put_text(p, false, "says", reason_texts[r->reason]);
        if (r->reason == reason_of_unmovable(&p->s->vms[r->vm]) && p->s->vms[r->vm].unmovable_why)
                put_text(p, false, "why", p->s->vms[r->vm].unmovable_why);
        put_int(p, false, "hosts", r->hosts);
        if (r->by)
                put_text(p, false, "by", r->by);
        text_writer_word(&p->w, "}");
}

static void put_limited_by(Printer *p) {
        bool first = true;

        if (p->p->limited_by == 0)
                return;
        plan_print_put_line(p, "limited_by");
        for (int i = 0; i < PLAN_CAP_N; i++)
                if (p->p->limited_by & 1U << i) {
                        text_writer_word(&p->w, first ? "[" : ", ");
                        text_writer_string(&p->w, plan_cap_names[i]);
                        first = false;
                }
        text_writer_word(&p->w, "]");
}

static const char *plan_print_host_name(const Snapshot *s, uint32_t i) {
        return s->hosts[i].name;
}

static const char *vm_name(const Snapshot *s, uint32_t i) {
        return s->vms[i].name;
}

static void put_names(Printer *p, const char *key, const uint32_t *list, uint32_t n,
                      const char *(*name)(const Snapshot *s, uint32_t i)) {
        if (n == 0)
                return;
        put_key(p, false, key);
        for (uint32_t i = 0; i < n; i++) {
                text_writer_word(&p->w, i == 0 ? "[" : ", ");
                text_writer_string(&p->w, name(p->s, list[i]));
        }
        text_writer_word(&p->w, "]");
}

static void put_conflict(Printer *p, const Conflict *c) {
        text_writer_word(&p->w, "{");
        put_key(p, true, "rules");
        for (uint32_t i = 0; i < c->n_rules; i++) {
                text_writer_word(&p->w, i == 0 ? "[" : ", ");
                text_writer_string(&p->w, p->s->rules[c->rules[i]].name);
        }
        text_writer_word(&p->w, c->n_rules > 0 ? "]" : "[]");
        put_names(p, "closed", c->closed, c->n_closed, plan_print_host_name);
        put_names(p, "full", c->full, c->n_full, plan_print_host_name);
        put_names(p, "bound", c->bound, c->n_bound, vm_name);
        put_names(p, "held", c->held, c->n_held, vm_name);
        if (c->counted != IX_NONE) {
                put_int(p, false, "places_needed", c->places_needed);
                put_int(p, false, "places", c->places);
        }
        put_key(p, false, "smallest");
        text_writer_word(&p->w, c->smallest ? "true" : "false");
        put_text(p, false, "says", c->text);
        text_writer_word(&p->w, "}");
}

static void put_conflicts(Printer *p) {
        if (p->p->n_conflicts == 0)
                return;
        plan_print_put_line(p, "cannot_hold");
        for (uint32_t i = 0; i < p->p->n_conflicts; i++) {
                text_writer_word(&p->w, i == 0 ? "[\n    " : ",\n    ");
                put_conflict(p, &p->p->conflicts[i]);
        }
        text_writer_word(&p->w, "\n  ]");
}

static void put_spread(Printer *p, const Spread *s) {
        text_writer_word(&p->w, "{\"mean\": ");
        text_writer_decimal(&p->w, s->mean, 1000, 3);
        text_writer_word(&p->w, ", \"sd\": ");
        text_writer_decimal(&p->w, s->sd, 1000, 3);
        text_writer_word(&p->w, ", \"max\": ");
        text_writer_decimal(&p->w, s->max, 1000, 3);
        if (s->max_host != IX_NONE)
                put_text(p, false, "max_host", p->s->hosts[s->max_host].name);
        text_writer_word(&p->w, "}");
}

static void put_score(Printer *p, const Score *score) {
        text_writer_word(&p->w, "{\"cost\": ");
        put_costs(p, &score->costs);
        put_int(p, false, "over_limit", score->over_limit);
        put_key(p, false, "load");
        text_writer_word(&p->w, "{");
        for (uint32_t r = 0; r < p->p->n_res; r++) {
                put_key(p, r == 0, p->p->res_names[r]);
                put_spread(p, &score->spread[r]);
        }
        text_writer_word(&p->w, "}");
        put_key(p, false, "policies");
        text_writer_word(&p->w, "{");
        for (uint32_t i = 0, n = 0; i < p->p->n_policies; i++) {
                bool any = false;

                for (int t = 0; t < TIER_N; t++)
                        any |= score->policy[i].tier[t] != 0;
                if (!any)
                        continue;
                put_key(p, n++ == 0, p->p->policy_names[i]);
                put_costs(p, &score->policy[i]);
        }
        text_writer_word(&p->w, "}}");
}

static void put_refusals(Printer *p) {
        bool first = true;

        text_writer_word(&p->w, "{");
        for (int i = REASON_NONE + 1; i < REASON_N; i++)
                if (p->p->refusals[i] > 0) {
                        put_int(p, first, reason_names[i], (int64_t) p->p->refusals[i]);
                        first = false;
                }
        text_writer_word(&p->w, "}");
}

static void put_notes(Printer *p) {
        const Strings *notes = &p->s->notes;

        if (notes->n == 0)
                return;
        plan_print_put_line(p, "notes");
        for (uint32_t i = 0; i < notes->n; i++) {
                text_writer_word(&p->w, i == 0 ? "[\n    " : ",\n    ");
                text_writer_string(&p->w, notes->at[i]);
        }
        text_writer_word(&p->w, "\n  ]");
}

static void put_idle(Printer *p) {
        plan_print_put_line(p, "goal");
        text_writer_string(&p->w, plan_goal_names[p->p->goal]);
        if (p->p->goal != PLAN_GOAL_PACK)
                return;
        plan_print_put_line(p, "idle");
        text_writer_word(&p->w, "[");
        for (uint32_t i = 0; i < p->p->n_idle; i++) {
                text_writer_word(&p->w, i == 0 ? "\n    {" : ",\n    {");
                put_text(p, true, "host", p->s->hosts[p->p->idle[i].host].name);
                put_text(p, false, "why", idle_why_names[p->p->idle[i].why]);
                text_writer_word(&p->w, "}");
        }
        text_writer_word(&p->w, p->p->n_idle > 0 ? "\n  ]" : "]");
}

static void put_reserve(Printer *p) {
        const PlanReserve *r = &p->p->reserve;

        if (!r->asked)
                return;
        plan_print_put_line(p, "reserve");
        text_writer_word(&p->w, "{");
        put_int(p, true, "losses", r->losses);
        put_int(p, false, "losses_asked", r->losses_asked);
        put_text(p, false, "of", level_names[r->level]);
        put_int(p, false, "cases", r->cases);
        put_int(p, false, "uncovered_before", r->uncovered_before);
        put_int(p, false, "uncovered_after", r->uncovered_after);
        put_key(p, false, "share");
        text_writer_decimal(&p->w, r->share_permille, 1000, 3);
        put_key(p, false, "hosts_lacking_before");
        text_writer_decimal(&p->w, r->lacking_before, 1000, 3);
        put_key(p, false, "hosts_lacking_after");
        text_writer_decimal(&p->w, r->lacking_after, 1000, 3);
        if (r->gap)
                put_text(p, false, "missing", r->gap);
        text_writer_word(&p->w, "}");
}

static void put_late(Printer *p) {
        plan_print_put_line(p, "late");
        text_writer_word(&p->w, "[");
        for (uint32_t i = 0; i < p->p->n_late; i++) {
                const PlanLate *l = &p->p->late[i];
                const Vm *vm = &p->s->vms[l->vm];

                text_writer_word(&p->w, i == 0 ? "\n    {" : ",\n    {");
                put_text(p, true, "vm", vm->name);
                put_text(p, false, "host", p->s->hosts[vm->host].name);
                put_key(p, false, "seconds");
                if (l->ms == UNKNOWN)
                        text_writer_word(&p->w, "null");
                else
                        text_writer_decimal(&p->w, l->ms, 1000, 3);
                put_key(p, false, "within_seconds");
                text_writer_decimal(&p->w, l->within_ms, 1000, 3);
                text_writer_word(&p->w, "}");
        }
        text_writer_word(&p->w, p->p->n_late > 0 ? "\n  ]" : "]");
}

static void put_found_by(Printer *p) {
        plan_print_put_line(p, "found_by");
        text_writer_word(&p->w, "{");
        put_text(p, true, "search", plan_search_names[p->p->search]);
        put_text(p, false, "exact", exact_use_names[p->p->exact]);
        if (exact_use_texts[p->p->exact])
                put_text(p, false, "why_not", exact_use_texts[p->p->exact]);
        text_writer_word(&p->w, "}");
}

static void plan_print_put_head(Printer *p) {
        text_writer_word(&p->w, "{\n  \"schema\": \"" PLAN_SCHEMA "\"");
        plan_print_put_line(p, "cluster");
        text_writer_string(&p->w, p->s->cluster);
        if (p->s->taken_at > 0) {
                plan_print_put_line(p, "taken_at");
                text_writer_decimal(&p->w, p->s->taken_at, USEC_PER_SEC, 6);
        }
        if (p->s->demand_by) {
                plan_print_put_line(p, "demand_by");
                text_writer_string(&p->w, p->s->demand_by);
        }
        plan_print_put_line(p, "status");
        text_writer_string(&p->w, plan_status_names[p->p->status]);
        put_limited_by(p);
        put_idle(p);
        plan_print_put_line(p, "threshold");
        text_writer_int(&p->w, p->p->threshold);
        plan_print_put_line(p, "seed");
        text_writer_int(&p->w, (int64_t) p->p->seed);
        plan_print_put_line(p, "evaluations");
        text_writer_int(&p->w, (int64_t) p->p->evaluations);
        put_found_by(p);
        plan_print_put_line(p, "guard_fired");
        text_writer_word(&p->w, p->p->guard_fired ? "true" : "false");
        plan_print_put_line(p, "waves");
        text_writer_int(&p->w, p->p->n_waves);
        plan_print_put_line(p, "predicted");
        text_writer_word(&p->w, "{\"seconds\": ");
        text_writer_decimal(&p->w, p->p->makespan_ms, 1000, 3);
        put_int(p, false, "bytes", p->p->bytes);
        put_key(p, false, "seconds_least");
        text_writer_decimal(&p->w, p->p->least_ms, 1000, 3);
        if (p->p->least_ms > 0 && p->p->busiest != IX_NONE) {
                put_text(p, false, "busiest_host", p->s->hosts[p->p->busiest].name);
                put_text(p, false, "busiest_link", p->p->busiest_in ? "in" : "out");
        }
        text_writer_word(&p->w, "}");
        plan_print_put_line(p, "before");
        put_score(p, &p->p->before);
        plan_print_put_line(p, "after");
        put_score(p, &p->p->after);
        put_reserve(p);
        plan_print_put_line(p, "bound");
        if (p->p->has_bound)
                put_costs(p, &p->p->bound);
        else
                text_writer_word(&p->w, "null");
}

int plan_file_print(Arena *a, const Snapshot *s, const Plan *plan, const char **ret, size_t *ret_n) {
        Printer p = { .w = text_writer_new(a), .s = s, .p = plan };

        plan_print_put_head(&p);
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
        put_conflicts(&p);
        plan_print_put_line(&p, "refusals");
        put_refusals(&p);
        put_notes(&p);
        text_writer_word(&p.w, "\n}\n");
        return text_writer_end(&p.w, ret, ret_n);
}
