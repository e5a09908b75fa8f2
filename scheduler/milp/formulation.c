/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/milp/formulation.h"

#include <errno.h>
#include <string.h>

#include "scheduler/milp/formulation_parts.h"

/* Whether v is among the VMs the search may move. */
static bool vm_movable(const Formulation *f, VmIx v) {
        const Problem *p = f->problem;

        if (f->task->terms->n_alloweds == 0)
                return true;
        return (!p->pinned || p->pinned[v] == REASON_NONE) && !p->roles[p->home[v]].no_exit;
}

static bool vm_may_be_on(const Formulation *f, VmIx v, HostIx h) {
        return f->task->terms->n_alloweds == 0 || h == f->problem->home[v] ||
               problem_denied(f->problem, v, h) == REASON_NONE;
}

/* [vm × word]: which groups of rules a free VM is in, as bits. */
static uint64_t *group_bits(Formulation *f, uint32_t *ret_words) {
        const Terms *t = f->task->terms;
        const uint32_t words = (2 * t->n_rules + 63) / 64;
        uint64_t *bits = arena_new(f->arena, uint64_t, (size_t) f->problem->n_vms * words);

        *ret_words = words;
        for (uint32_t i = 0; bits && i < 2 * t->n_rules; i++) {
                const GroupRule *rule = t->rules[i / 2].rule;
                const Group *g = &f->problem->groups[i % 2 ? rule->group_b : rule->group];

                for (uint32_t k = 0; k < g->n_vms && (i % 2 == 0 || rule_has_two_groups(rule->kind)); k++)
                        bits[(size_t) g->vms[k] * words + i / 64] |= UINT64_C(1) << (i % 64);
        }
        return bits;
}

static bool vms_alike(const Formulation *f, VmIx v, VmIx w, const uint64_t *bits, uint32_t words) {
        const Problem *p = f->problem;
        const Terms *t = f->task->terms;

        if (p->grade && p->mends[v] != p->mends[w])
                return false;
        if (p->home[v] != p->home[w] || (p->class_of && p->class_of[v] != p->class_of[w]))
                return false;
        if (memcmp(problem_need(p, v), problem_need(p, w), sizeof(int64_t) * p->n_res) != 0)
                return false;
        if (words > 0 &&
            memcmp(bits + (size_t) v * words, bits + (size_t) w * words, 8 * (size_t) words) != 0)
                return false;
        for (uint32_t i = 0; i < t->n_host_costs; i++)
                if (t->host_costs[i].price && t->host_costs[i].price[v] != t->host_costs[i].price[w])
                        return false;
        for (uint32_t i = 0; i < t->n_move_costs; i++)
                if (t->move_costs[i].price && t->move_costs[i].price[v] != t->move_costs[i].price[w])
                        return false;
        for (uint32_t i = 0; i < t->n_placement_costs; i++)
                if (t->placement_costs[i].class_of[v] != t->placement_costs[i].class_of[w])
                        return false;
        for (uint32_t i = 0; i < t->n_service_moves; i++)
                if (t->service_moves[i].service_of[v] != t->service_moves[i].service_of[w])
                        return false;
        return true;
}

/* The free VMs, kind by kind, in the order of each kind's first VM. */
static int kinds_find(Formulation *f) {
        const SolverTask *task = f->task;
        const uint32_t n = task->free ? task->n_free : f->problem->n_vms;
        ArenaMark mark;
        VmIx *first;
        uint64_t *bits;
        uint32_t words, at = 0;

        f->free = arena_new(f->arena, VmIx, n);
        f->kind_of = arena_new(f->arena, uint32_t, f->problem->n_vms);
        f->kinds = arena_new(f->arena, Kind, n);
        mark = arena_mark(f->arena);
        first = arena_new(f->arena, VmIx, n);
        bits = group_bits(f, &words);
        if (!f->free || !f->kind_of || !f->kinds || !first || !bits)
                return -ENOMEM;
        memset(f->kind_of, 0xff, sizeof(uint32_t) * f->problem->n_vms);
        for (uint32_t i = 0; i < n; i++) {
                const VmIx v = task->free ? task->free[i] : i;
                uint32_t k = 0;

                if (!vm_movable(f, v))
                        continue;
                while (k < f->n_kinds && !vms_alike(f, v, first[k], bits, words))
                        k++;
                if (k == f->n_kinds)
                        first[f->n_kinds++] = v;
                f->kind_of[v] = k;
                f->kinds[k].n++;
                f->n_free++;
        }
        for (uint32_t k = 0; k < f->n_kinds; k++) {
                f->kinds[k].first = at;
                at += f->kinds[k].n;
                f->kinds[k].n = 0;
        }
        for (uint32_t i = 0; i < n; i++) {
                const VmIx v = task->free ? task->free[i] : i;
                Kind *kind = f->kind_of[v] == IX_NONE ? NULL : &f->kinds[f->kind_of[v]];

                if (kind)
                        f->free[kind->first + kind->n++] = v;
        }
        arena_rewind(f->arena, mark);
        return 0;
}

static int hosts_take(Formulation *f) {
        HostIx *all;

        f->hosts = f->task->hosts;
        f->n_hosts = f->task->n_hosts;
        if (f->hosts)
                return 0;
        f->n_hosts = f->problem->n_hosts;
        all = arena_new(f->arena, HostIx, f->n_hosts);
        for (HostIx h = 0; all && h < f->n_hosts; h++)
                all[h] = h;
        f->hosts = all;
        return all ? 0 : -ENOMEM;
}

/* A column for each host a kind may be on, and the row that all of its VMs are somewhere. */
static int places_make(Formulation *f) {
        Program *g = f->program;

        f->places = arena_new(f->arena, Place, (size_t) f->n_kinds * f->n_hosts);
        if (!f->places)
                return -ENOMEM;
        for (uint32_t k = 0; k < f->n_kinds; k++) {
                Kind *kind = &f->kinds[k];

                kind->place = f->n_places;
                for (uint32_t h = 0; h < f->n_hosts; h++) {
                        if (!vm_may_be_on(f, f->free[kind->first], f->hosts[h]))
                                continue;
                        if (program_column(g, 0, kind->n, true) < 0)
                                return -ENOMEM;
                        f->places[f->n_places++] = (Place){ k, h };
                }
                kind->n_places = f->n_places - kind->place;
        }
        for (uint32_t k = 0; k < f->n_kinds; k++) {
                if (program_row(g, f->kinds[k].n, f->kinds[k].n) < 0)
                        return -ENOMEM;
                for (uint32_t i = 0; i < f->kinds[k].n_places; i++)
                        if (program_term(g, f->kinds[k].place + i, 1) < 0)
                                return -ENOMEM;
        }
        return 0;
}

static int places_by_host(Formulation *f) {
        HostIx *host_of = arena_new(f->arena, HostIx, f->n_places);

        if (!host_of)
                return -ENOMEM;
        for (uint32_t j = 0; j < f->n_places; j++)
                host_of[j] = f->places[j].host;
        return by_host_build(f->arena, host_of, f->n_places, f->n_hosts, &f->places_of);
}

/* Loads of all that is not free, and with every VM at home; the prices of VMs that are not free. */
static int loads_take(Formulation *f) {
        const Problem *p = f->problem;
        const uint32_t n_res = p->n_res;
        uint32_t *local = arena_new(f->arena, uint32_t, p->n_hosts);

        f->fixed = arena_new(f->arena, int64_t, (size_t) f->n_hosts * n_res);
        f->home_load = arena_new(f->arena, int64_t, (size_t) f->n_hosts * n_res);
        if (!local || !f->fixed || !f->home_load)
                return -ENOMEM;
        memset(local, 0xff, sizeof(*local) * p->n_hosts);
        for (uint32_t h = 0; h < f->n_hosts; h++) {
                local[f->hosts[h]] = h;
                for (uint32_t r = 0; r < n_res; r++) {
                        f->fixed[h * n_res + r] = p->base ? p->base[(size_t) f->hosts[h] * n_res + r] : 0;
                        f->home_load[h * n_res + r] = f->fixed[h * n_res + r];
                }
        }
        for (VmIx v = 0; v < p->n_vms; v++) {
                const uint32_t home = local[p->home[v]], now = local[f->task->start[v]];
                const bool is_free = f->kind_of[v] != IX_NONE;

                if (!is_free)
                        f->constant = costs_add(f->constant, evaluator_place(f->start, v, f->task->start[v]));
                assert(!is_free || now != IX_NONE);
                for (uint32_t r = 0; r < n_res; r++) {
                        if (home != IX_NONE)
                                f->home_load[home * n_res + r] += problem_need(p, v)[r];
                        if (!is_free && now != IX_NONE)
                                f->fixed[now * n_res + r] += problem_need(p, v)[r];
                }
        }
        /* Hosts that no free VM can be on cost what they cost. */
        for (HostIx h = 0; h < p->n_hosts; h++)
                if (local[h] == IX_NONE)
                        f->constant = costs_add(f->constant, f->start->hosts[h]);
        return 0;
}

/* Adds scale × the free VMs' load of r on host to the row. */
static int load_terms(Formulation *f, uint32_t host, uint32_t r, int64_t scale) {
        for (uint32_t i = f->places_of.from[host]; i < f->places_of.from[host + 1]; i++) {
                const uint32_t place = f->places_of.at[i];

                if (program_term(f->program, place, scale * place_need(f, place)[r]) < 0)
                        return -ENOMEM;
        }
        return 0;
}

/* Room for what runs there, and with TRANSIENT_TOGETHER for what is under way. */
static int formulate_capacity(Formulation *f) {
        const Problem *p = f->problem;

        for (uint32_t i = 0; f->task->terms->capacity && i < f->n_hosts * p->n_res; i++) {
                const uint32_t host = i / p->n_res, r = i % p->n_res;
                const bool held = p->transient[r] && p->transient_mode == TRANSIENT_TOGETHER;
                int64_t room = formulation_host_room(f, host, r) - f->fixed[i];

                if (program_row(f->program, PROGRAM_NO_LOW, room) < 0 || load_terms(f, host, r, 1) < 0)
                        return -ENOMEM;
                if (!held)
                        continue;
                /* Every VM whose home it is counts, and all others that are there. */
                room = formulation_host_room(f, host, r) - f->home_load[i];
                for (VmIx v = 0; v < p->n_vms; v++)
                        if (f->kind_of[v] == IX_NONE && f->task->start[v] == f->hosts[host] &&
                            p->home[v] != f->hosts[host])
                                room -= problem_need(p, v)[r];
                if (program_row(f->program, PROGRAM_NO_LOW, room) < 0)
                        return -ENOMEM;
                for (uint32_t k = f->places_of.from[host]; k < f->places_of.from[host + 1]; k++) {
                        const uint32_t place = f->places_of.at[k];
                        const HostIx home = p->home[f->free[f->kinds[f->places[place].kind].first]];

                        if (home != f->hosts[host] &&
                            program_term(f->program, place, place_need(f, place)[r]) < 0)
                                return -ENOMEM;
                }
        }
        return 0;
}

/* weight × max(0, Σ coef·load − line) on a host: a column above it, or, where it is never or always above
 * zero, a constant and prices. */
static int formulate_lines(Formulation *f) {
        const Terms *t = f->task->terms;
        const uint32_t n_res = f->problem->n_res;

        for (uint32_t i = 0; i < t->n_lines * f->n_hosts; i++) {
                const LineCost *term = &t->lines[i / f->n_hosts];
                const uint32_t host = i % f->n_hosts;
                const int64_t line = term->line[(size_t) f->hosts[host] * n_res + term->r];
                const int64_t over = f->fixed[host * n_res + term->r] - line;
                int64_t least, most, col;

                formulation_load_range(f, host, term->r, &least, &most);
                if (most <= line || term->weight == 0)
                        continue;
                col = formulation_column(f, term->tier, term->weight, over > 0 ? over : 0, most - line);
                if (col < 0 || program_row(f->program, over, PROGRAM_NO_HIGH) < 0 ||
                    program_term(f->program, (uint32_t) col, 1) < 0 || load_terms(f, host, term->r, -1) < 0)
                        return -ENOMEM;
        }
        return 0;
}

static int formulate_pair(Formulation *f, const PairCost *term, uint32_t host) {
        const BalancePair *b = &term->pair;
        const uint32_t n_res = f->problem->n_res;
        const int64_t *capacity = problem_capacity(f->problem, f->hosts[host]),
                      *fixed = f->fixed + (size_t) host * n_res;
        int64_t least1, most1, least2, most2, gap, most, col, scaled;

        formulation_load_range(f, host, b->r1, &least1, &most1);
        formulation_load_range(f, host, b->r2, &least2, &most2);
        if (row_product(b->target, capacity[b->r1] - least1, &scaled) < 0 ||
            row_product(b->target, capacity[b->r1] - fixed[b->r1], &gap) < 0)
                return -EOVERFLOW;
        most = scaled - capacity[b->r2] + most2;
        gap -= capacity[b->r2] - fixed[b->r2];
        if (most <= 0 || b->weight == 0)
                return 0;
        col = formulation_column(f, term->tier, b->weight, 0, most);
        if (col < 0 || program_row(f->program, gap, PROGRAM_NO_HIGH) < 0 ||
            program_term(f->program, (uint32_t) col, 1) < 0)
                return -ENOMEM;
        for (uint32_t i = f->places_of.from[host]; i < f->places_of.from[host + 1]; i++) {
                const int64_t *need = place_need(f, f->places_of.at[i]);

                if (row_product(b->target, need[b->r1], &scaled) < 0)
                        return -EOVERFLOW;
                if (program_term(f->program, f->places_of.at[i], scaled - need[b->r2]) < 0)
                        return -ENOMEM;
        }
        return 0;
}

/* weight × the most VMs of one service away from home. */
static int formulate_service_move(Formulation *f, const ServiceMoveCost *term) {
        const Problem *p = f->problem;
        int64_t *fixed = arena_new(f->arena, int64_t, term->n_services), most = 0, all = 0, col;
        bool *open = arena_new(f->arena, bool, term->n_services);

        if (!fixed || !open)
                return -ENOMEM;
        for (VmIx v = 0; v < p->n_vms; v++) {
                if (f->kind_of[v] == IX_NONE)
                        fixed[term->service_of[v]] += f->task->start[v] != p->home[v];
                else
                        open[term->service_of[v]] = true;
        }
        for (uint32_t s = 0; s < term->n_services; s++)
                most = fixed[s] > most ? fixed[s] : most;
        all = most + f->n_free;
        col = formulation_column(f, term->tier, term->weight, most, all);
        if (col < 0)
                return -ENOMEM;
        for (uint32_t s = 0; s < term->n_services; s++) {
                if (!open[s])
                        continue;
                if (program_row(f->program, fixed[s], PROGRAM_NO_HIGH) < 0 ||
                    program_term(f->program, (uint32_t) col, 1) < 0)
                        return -ENOMEM;
                for (uint32_t j = 0; j < f->n_places; j++) {
                        const VmIx v = f->free[f->kinds[f->places[j].kind].first];

                        if (term->service_of[v] == s && f->hosts[f->places[j].host] != p->home[v] &&
                            program_term(f->program, j, -1) < 0)
                                return -ENOMEM;
                }
        }
        return 0;
}

/* The caps on moves (per_mib false) and on their memory. */
static int formulate_cap(Formulation *f, bool per_mib, int64_t cap) {
        const Problem *p = f->problem;
        int64_t room = cap;

        for (VmIx v = 0; v < p->n_vms; v++)
                if (f->kind_of[v] == IX_NONE && f->task->start[v] != p->home[v])
                        room -= per_mib ? problem_mib(p, v) : 1;
        if (program_row(f->program, PROGRAM_NO_LOW, room) < 0)
                return -ENOMEM;
        for (uint32_t j = 0; j < f->n_places; j++) {
                const HostIx home = p->home[f->free[f->kinds[f->places[j].kind].first]];

                if (f->hosts[f->places[j].host] != home &&
                    program_term(f->program, j,
                                 per_mib ? problem_mib(p, f->free[f->kinds[f->places[j].kind].first]) : 1) <
                            0)
                        return -ENOMEM;
        }
        return 0;
}

/* Prices of being on a host, and the weight a place has in branching: the share of a mean host it takes. */
static int formulate_places(Formulation *f) {
        const Problem *p = f->problem;

        for (uint32_t j = 0; j < f->n_places; j++) {
                const VmIx v = f->free[f->kinds[f->places[j].kind].first];

                f->cost[j] = evaluator_place(f->start, v, f->hosts[f->places[j].host]);
                f->weight[j] = 0.01;
                for (uint32_t r = 0; r < p->n_res; r++) {
                        const double share =
                                (double) problem_need(p, v)[r] / (double) problem_mean_capacity(p, r);

                        f->weight[j] = share > f->weight[j] ? share : f->weight[j];
                }
        }
        return 0;
}

/* Columns at most: lines, squares, pairs and mosts know theirs; a rule has two for each host. */
static int costs_room(Formulation *f) {
        const Terms *t = f->task->terms;
        const uint64_t per_host =
                (uint64_t) t->n_lines + t->n_squares + t->n_pairs + 2 * (uint64_t) t->n_rules;
        const uint64_t room = f->n_places + per_host * f->n_hosts + t->n_service_moves + t->n_rules;

        if (room > INT32_MAX)
                return -EOVERFLOW;
        f->costs_room = (uint32_t) room;
        f->cost = arena_new(f->arena, Costs, room);
        f->weight = arena_new(f->arena, double, room);
        return f->cost && f->weight ? 0 : -ENOMEM;
}

/* One function for each kind of term; a kind of term that is not here would make bounds wrong, so that a new
 * one must not compile before somebody was here. */
static int formulate_terms(Formulation *f) {
        static_assert(sizeof(Terms) == 17 * sizeof(void *) + 14 * sizeof(uint32_t),
                      "a new kind of term: formulate it here, and bound it in decide/bound.c");
        const SolverTask *task = f->task;
        const Terms *t = task->terms;
        int r = formulate_places(f);

        if (r == 0)
                r = formulate_capacity(f);
        if (r == 0)
                r = formulate_lines(f);
        for (uint32_t i = 0; r == 0 && i < t->n_pairs * f->n_hosts; i++)
                r = formulate_pair(f, &t->pairs[i / f->n_hosts], i % f->n_hosts);
        for (uint32_t i = 0; r == 0 && i < t->n_service_moves; i++)
                r = formulate_service_move(f, &t->service_moves[i]);
        if (r == 0)
                r = formulate_rules(f);
        if (r == 0 && task->max_moves != UINT32_MAX)
                r = formulate_cap(f, false, task->max_moves);
        if (r == 0 && task->max_mib != INT64_MAX && f->problem->n_res > RES_MEMORY)
                r = formulate_cap(f, true, task->max_mib);
        return r == 0 ? formulate_curves(f) : r;
}

int formulation_build(Arena *a, const SolverTask *task, const Evaluator *start, Formulation **ret) {
        Formulation *f = arena_new(a, Formulation, 1);
        int r;

        if (!f)
                return -ENOMEM;
        f->arena = a;
        f->task = task;
        f->problem = task->terms->problem;
        f->start = start;
        r = program_new(a, &f->program);
        if (r == 0)
                r = hosts_take(f);
        if (r == 0)
                r = kinds_find(f);
        if (r == 0)
                r = places_make(f);
        if (r == 0)
                r = places_by_host(f);
        if (r == 0)
                r = loads_take(f);
        if (r == 0)
                r = costs_room(f);
        if (r == 0)
                r = formulate_terms(f);
        if (r == 0)
                *ret = f;
        return r;
}

void formulation_aim(Formulation *f, Tier tier) {
        for (uint32_t j = 0; j < f->program->n_cols; j++)
                f->program->cost[j] = f->cost[j].tier[tier];
}

int64_t formulation_hold(Formulation *f, Tier tier, Cost most) {
        const int64_t row = program_row(f->program, PROGRAM_NO_LOW, most - f->constant.tier[tier]);

        for (uint32_t j = 0; row >= 0 && j < f->program->n_cols; j++)
                if (program_term(f->program, j, f->cost[j].tier[tier]) < 0)
                        return -ENOMEM;
        return row;
}

void formulation_point(const Formulation *f, const HostIx *host_of, double *point) {
        for (uint32_t j = 0; j < f->n_places; j++) {
                const Kind *kind = &f->kinds[f->places[j].kind];

                point[j] = 0;
                for (uint32_t i = 0; i < kind->n; i++)
                        point[j] += host_of[f->free[kind->first + i]] == f->hosts[f->places[j].host];
        }
}

void formulation_assignment(const Formulation *f, const int64_t *count, HostIx *host_of) {
        for (uint32_t k = 0; k < f->n_kinds; k++) {
                const Kind *kind = &f->kinds[k];
                const VmIx *vms = f->free + kind->first;
                uint32_t given = 0;

                for (uint32_t i = 0; i < kind->n; i++)
                        host_of[vms[i]] = IX_NONE;
                for (uint32_t j = kind->place; j < kind->place + kind->n_places; j++) {
                        const HostIx h = f->hosts[f->places[j].host];
                        int64_t left = count[j];

                        for (uint32_t i = 0; i < kind->n && left > 0; i++)
                                if (f->task->start[vms[i]] == h) {
                                        host_of[vms[i]] = h;
                                        left--;
                                }
                        given += (uint32_t) (count[j] - left);
                }
                for (uint32_t j = kind->place; given < kind->n && j < kind->place + kind->n_places; j++) {
                        const HostIx h = f->hosts[f->places[j].host];
                        int64_t there = 0;

                        for (uint32_t i = 0; i < kind->n; i++)
                                there += host_of[vms[i]] == h;
                        for (uint32_t i = 0; i < kind->n && there < count[j]; i++)
                                if (host_of[vms[i]] == IX_NONE) {
                                        host_of[vms[i]] = h;
                                        there++;
                                        given++;
                                }
                }
        }
}
