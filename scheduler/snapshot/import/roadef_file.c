/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/snapshot/import/roadef_file.h"

#include <errno.h>

#include "scheduler/model/bounds.h"
#include "scheduler/model/units.h"

#define NUMBER_MAX  QUANTITY_MAX
#define COST_MAX    (INT64_C(1) << 60)
#define TOKEN_SHOWN 24

typedef struct Reader {
        Arena *arena;
        const char *text, *end;
        uint64_t token; /* the last one read, from 1 */
        uint32_t line;
        TextFault *fault;
} Reader;

typedef struct Model {
        Problem *p;
        int64_t *capacity, *limit, *need, *load_weight, *price, *distance;
        uint32_t *location, *neighborhood, *service;
        uint64_t n_dependencies;
        GroupRule *rules;
} Model;

static bool roadef_file_is_space(char c) {
        return c == ' ' || (c >= '\t' && c <= '\r');
}

static int roadef_file_complain(const Reader *f, const char *what, const char *found, int64_t max) {
        const char *field = text_format(f->arena, "token %llu", (unsigned long long) f->token);

        text_fault(f->fault, field ? field : "", "%s: %s; accepted: a whole number from 0 to %lld", what,
                   found, (long long) max);
        f->fault->line = f->line;
        return -EINVAL;
}

static int roadef_file_refuse(const Reader *f, const char *what) {
        const char *field = text_format(f->arena, "token %llu", (unsigned long long) f->token);

        text_fault(f->fault, field ? field : "", "%s", what);
        f->fault->line = f->line;
        return -EINVAL;
}

static void skip_space(Reader *f) {
        for (; f->text < f->end && roadef_file_is_space(*f->text); f->text++)
                f->line += *f->text == '\n';
}

/* The next number, 0 … max; `what` names it for the complaint. */
static int roadef_file_number(Reader *f, const char *what, int64_t max, int64_t *ret) {
        const char *start;
        size_t n;

        skip_space(f);
        f->token++;
        if (f->text == f->end)
                return roadef_file_complain(f, what, "unexpected end of file", max);
        start = f->text;
        while (f->text < f->end && !roadef_file_is_space(*f->text))
                f->text++;
        n = (size_t) (f->text - start);
        if (text_to_int(start, n, 0, max, ret) < 0) {
                const char *found =
                        text_format(f->arena, "\"%.*s\"", n < TOKEN_SHOWN ? (int) n : TOKEN_SHOWN, start);

                return roadef_file_complain(f, what, found ? found : "too long", max);
        }
        return 0;
}

static int roadef_file_number32(Reader *f, const char *what, uint32_t max, uint32_t *ret) {
        int64_t wide;
        const int r = roadef_file_number(f, what, max, &wide);

        if (r == 0)
                *ret = (uint32_t) wide;
        return r;
}

static int roadef_file_numbers(Reader *f, const char *what, int64_t *row, size_t n) {
        for (size_t i = 0; i < n; i++) {
                const int r = roadef_file_number(f, what, bound_of(BOUND_QUANTITY), &row[i]);

                if (r < 0)
                        return r;
        }
        return 0;
}

/* A count of things that take at least `each` numbers: more of them than the file has room for is refused
 * before memory is taken for them. */
static int roadef_file_count(Reader *f, const char *what, uint32_t max, uint64_t each, uint32_t *ret) {
        const int r = roadef_file_number32(f, what, max, ret);

        if (r == 0 && *ret > (uint64_t) (f->end - f->text) / 2 / (each ? each : 1) + 1)
                return roadef_file_refuse(f, "the file is too short for that many");
        return r;
}

static int resources_parse(Reader *f, Model *m) {
        Problem *p = m->p;
        int r;

        r = roadef_file_count(f, "number of resources", (uint32_t) bound_of(BOUND_IMPORT_RESOURCES), 2,
                              &p->n_res);
        if (r < 0)
                return r;
        if (p->n_res == 0)
                return roadef_file_refuse(f, "found 0; accepted: at least one resource");
        m->load_weight = arena_new(f->arena, int64_t, p->n_res);
        if (!m->load_weight)
                return -ENOMEM;
        for (uint32_t i = 0; i < p->n_res; i++) {
                int64_t transient;

                r = roadef_file_number(f, "resource: transient", bound_of(BOUND_FLAG), &transient);
                if (r < 0)
                        return r;
                p->transient[i] = transient != 0;
                r = roadef_file_number(f, "resource: weight of load cost", bound_of(BOUND_QUANTITY),
                                       &m->load_weight[i]);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int machine_parse(Reader *f, Model *m, HostIx h) {
        Problem *p = m->p;
        int r;

        r = roadef_file_number32(f, "machine: neighborhood", (uint32_t) bound_of(BOUND_HOSTS),
                                 &m->neighborhood[h]);
        if (r == 0)
                r = roadef_file_number32(f, "machine: location", (uint32_t) bound_of(BOUND_HOSTS),
                                         &m->location[h]);
        if (r == 0)
                r = roadef_file_numbers(f, "machine: capacity", m->capacity + (size_t) h * p->n_res,
                                        p->n_res);
        if (r == 0)
                r = roadef_file_numbers(f, "machine: safety capacity", m->limit + (size_t) h * p->n_res,
                                        p->n_res);
        if (r == 0)
                r = roadef_file_numbers(f, "machine: cost of moves from it",
                                        m->distance + (size_t) h * p->n_hosts, p->n_hosts);
        if (r < 0)
                return r;
        /* The way to itself is never taken; the official objective charges it to nobody. */
        m->distance[(size_t) h * p->n_hosts + h] = 0;
        if (m->neighborhood[h] >= p->n_domains[LEVEL_NEIGHBORHOOD])
                p->n_domains[LEVEL_NEIGHBORHOOD] = m->neighborhood[h] + 1;
        if (m->location[h] >= p->n_domains[LEVEL_ZONE])
                p->n_domains[LEVEL_ZONE] = m->location[h] + 1;
        return 0;
}

static int machines_parse(Reader *f, Model *m) {
        Problem *p = m->p;
        int r;

        r = roadef_file_count(f, "number of machines", (uint32_t) bound_of(BOUND_HOSTS),
                              2 + 2 * (uint64_t) p->n_res, &p->n_hosts);
        if (r < 0)
                return r;
        if (p->n_hosts == 0)
                return roadef_file_refuse(f, "found 0; accepted: at least one machine");
        if ((uint64_t) p->n_hosts * p->n_hosts > (uint64_t) (f->end - f->text))
                return roadef_file_refuse(f, "the file is too short for that many machines");
        m->capacity = arena_new(f->arena, int64_t, (size_t) p->n_hosts * p->n_res);
        m->limit = arena_new(f->arena, int64_t, (size_t) p->n_hosts * p->n_res);
        m->distance = arena_new(f->arena, int64_t, (size_t) p->n_hosts * p->n_hosts);
        m->neighborhood = arena_new(f->arena, uint32_t, p->n_hosts);
        m->location = arena_new(f->arena, uint32_t, p->n_hosts);
        p->roles = arena_new(f->arena, HostRole, p->n_hosts);
        if (!m->capacity || !m->limit || !m->distance || !m->neighborhood || !m->location || !p->roles)
                return -ENOMEM;
        for (HostIx h = 0; h < p->n_hosts; h++) {
                r = machine_parse(f, m, h);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* Rules of a kind are added to a list that doubles in the arena. */
static int roadef_file_rule_add(Reader *f, Model *m, GroupRule rule) {
        Problem *p = m->p;

        assert(p->n_rules == 0 || m->rules);
        if ((p->n_rules & (p->n_rules - 1)) == 0) {
                GroupRule *bigger = arena_new(f->arena, GroupRule, p->n_rules ? 2 * (size_t) p->n_rules : 1);

                if (!bigger)
                        return -ENOMEM;
                for (uint32_t i = 0; i < p->n_rules; i++)
                        bigger[i] = m->rules[i];
                m->rules = bigger;
        }
        assert(m->rules);
        rule.must = true;
        m->rules[p->n_rules++] = rule;
        return 0;
}

static int service_parse(Reader *f, Model *m, uint32_t s) {
        Problem *p = m->p;
        uint32_t spread, n, other;
        int r;

        r = roadef_file_rule_add(f, m, (GroupRule){ .kind = RULE_APART, .level = LEVEL_HOST, .group = s });
        if (r == 0)
                r = roadef_file_number32(f, "service: minimum number of locations",
                                         (uint32_t) bound_of(BOUND_HOSTS), &spread);
        if (r == 0)
                r = roadef_file_rule_add(
                        f, m,
                        (GroupRule){ .kind = RULE_SPREAD, .level = LEVEL_ZONE, .group = s, .k = spread });
        if (r == 0)
                r = roadef_file_count(f, "service: number of dependencies", (uint32_t) bound_of(BOUND_VMS), 1,
                                      &n);
        for (uint32_t i = 0; r == 0 && i < n; i++) {
                r = roadef_file_number32(f, "service: dependency", p->n_groups - 1, &other);
                if (r == 0)
                        r = roadef_file_rule_add(f, m,
                                                 (GroupRule){ .kind = RULE_NEAR,
                                                              .level = LEVEL_NEIGHBORHOOD,
                                                              .group = s,
                                                              .group_b = other });
        }
        return r;
}

static int services_parse(Reader *f, Model *m) {
        Problem *p = m->p;
        int r;

        r = roadef_file_count(f, "number of services", (uint32_t) bound_of(BOUND_VMS), 2, &p->n_groups);
        for (uint32_t s = 0; r == 0 && s < p->n_groups; s++)
                r = service_parse(f, m, s);
        p->n_services = p->n_groups;
        return r;
}

/* Service → its processes, and each process's one group. */
static int groups_build(Reader *f, Model *m) {
        Problem *p = m->p;
        uint32_t *start = arena_new(f->arena, uint32_t, (size_t) p->n_groups + 2);
        uint32_t *of_start = arena_new(f->arena, uint32_t, (size_t) p->n_vms + 1);
        VmIx *vms = arena_new(f->arena, VmIx, p->n_vms);
        Group *groups = arena_new(f->arena, Group, p->n_groups);

        if (!start || !of_start || !vms || !groups)
                return -ENOMEM;
        for (VmIx v = 0; v < p->n_vms; v++)
                start[m->service[v] + 2]++;
        for (uint32_t s = 0; s < p->n_groups; s++)
                start[s + 2] += start[s + 1];
        for (VmIx v = 0; v < p->n_vms; v++)
                vms[start[m->service[v] + 1]++] = v;
        for (uint32_t s = 0; s < p->n_groups; s++)
                groups[s] = (Group){ vms + start[s], start[s + 1] - start[s] };
        for (VmIx v = 0; v <= p->n_vms; v++)
                of_start[v] = v;
        p->groups = groups;
        p->groups_of_start = of_start;
        p->groups_of = m->service;
        return 0;
}

static int processes_parse(Reader *f, Model *m) {
        Problem *p = m->p;
        int r;

        r = roadef_file_count(f, "number of processes", (uint32_t) bound_of(BOUND_VMS),
                              2 + (uint64_t) p->n_res, &p->n_vms);
        if (r < 0)
                return r;
        if (p->n_vms > 0 && p->n_groups == 0)
                return roadef_file_refuse(f, "processes without a service; accepted: at least one service");
        m->service = arena_new(f->arena, uint32_t, p->n_vms);
        m->need = arena_new(f->arena, int64_t, (size_t) p->n_vms * p->n_res);
        m->price = arena_new(f->arena, int64_t, p->n_vms);
        p->home = arena_new(f->arena, HostIx, p->n_vms);
        if (!m->service || !m->need || !m->price || !p->home)
                return -ENOMEM;
        for (VmIx v = 0; r == 0 && v < p->n_vms; v++) {
                r = roadef_file_number32(f, "process: service", p->n_groups - 1, &m->service[v]);
                if (r == 0)
                        r = roadef_file_numbers(f, "process: requirement", m->need + (size_t) v * p->n_res,
                                                p->n_res);
                if (r == 0)
                        r = roadef_file_number(f, "process: cost of moving it", bound_of(BOUND_QUANTITY),
                                               &m->price[v]);
        }
        return r < 0 ? r : groups_build(f, m);
}

static int balances_parse(Reader *f, Model *m) {
        Problem *p = m->p;
        BalancePair *pairs;
        int r;

        r = roadef_file_count(f, "number of balance costs", (uint32_t) bound_of(BOUND_VMS), 4, &p->n_pairs);
        if (r < 0)
                return r;
        pairs = arena_new(f->arena, BalancePair, p->n_pairs);
        if (!pairs)
                return -ENOMEM;
        for (uint32_t i = 0; r == 0 && i < p->n_pairs; i++) {
                BalancePair *b = &pairs[i];

                r = roadef_file_number32(f, "balance: first resource", p->n_res - 1, &b->r1);
                if (r == 0)
                        r = roadef_file_number32(f, "balance: second resource", p->n_res - 1, &b->r2);
                if (r == 0)
                        r = roadef_file_number(f, "balance: target", bound_of(BOUND_QUANTITY), &b->target);
                if (r == 0)
                        r = roadef_file_number(f, "balance: weight", bound_of(BOUND_QUANTITY), &b->weight);
        }
        p->pairs = pairs;
        return r;
}

/* Saturating, so that the sum of products of numbers below 2^40 cannot wrap: a product of two stays below
 * 2^80, and at COST_MAX it no longer matters how much more it is. */
static int64_t roadef_file_product(int64_t left, int64_t right) {
        const unsigned __int128 c = (unsigned __int128) (uint64_t) left * (uint64_t) right;

        return c < (uint64_t) COST_MAX ? (int64_t) c : COST_MAX;
}

static int64_t roadef_file_sum(int64_t left, int64_t right) {
        return left < COST_MAX - right ? left + right : COST_MAX;
}

/* An upper bound on the cost of any assignment: what it must stay below for costs to be exact in 64 bits. */
static int64_t worst_cost(const Model *m) {
        const Problem *p = m->p;
        int64_t worst = 0, price = 0, far = 0, use[PROBLEM_RES_MAX] = { 0 }, has[PROBLEM_RES_MAX] = { 0 };

        for (uint32_t r = 0; r < p->n_res; r++) {
                for (VmIx v = 0; v < p->n_vms; v++)
                        use[r] = roadef_file_sum(use[r], m->need[(size_t) v * p->n_res + r]);
                for (HostIx h = 0; h < p->n_hosts; h++)
                        has[r] = roadef_file_sum(has[r], m->capacity[(size_t) h * p->n_res + r]);
                worst = roadef_file_sum(worst, roadef_file_product(m->load_weight[r], use[r]));
        }
        for (uint32_t i = 0; i < p->n_pairs; i++) {
                const BalancePair *b = &p->pairs[i];
                const int64_t gap = roadef_file_sum(
                        roadef_file_product(b->target, roadef_file_sum(has[b->r1], use[b->r1])),
                        roadef_file_sum(has[b->r2], use[b->r2]));

                worst = roadef_file_sum(worst, roadef_file_product(b->weight, gap));
        }
        for (VmIx v = 0; v < p->n_vms; v++)
                price = roadef_file_sum(price, m->price[v]);
        for (size_t i = 0; i < (size_t) p->n_hosts * p->n_hosts; i++)
                far = m->distance[i] > far ? m->distance[i] : far;
        worst = roadef_file_sum(worst, roadef_file_product(p->move_weight, price));
        worst = roadef_file_sum(worst, roadef_file_product(p->service_weight, p->n_vms));
        return roadef_file_sum(worst,
                               roadef_file_product(p->distance_weight, roadef_file_product(far, p->n_vms)));
}

static int weights_parse(Reader *f, Model *m) {
        Problem *p = m->p;
        int r;

        r = roadef_file_number(f, "weight of process moves", bound_of(BOUND_QUANTITY), &p->move_weight);
        if (r == 0)
                r = roadef_file_number(f, "weight of service moves", bound_of(BOUND_QUANTITY),
                                       &p->service_weight);
        if (r == 0)
                r = roadef_file_number(f, "weight of machine moves", bound_of(BOUND_QUANTITY),
                                       &p->distance_weight);
        if (r < 0)
                return r;
        if (worst_cost(m) >= COST_MAX)
                return roadef_file_refuse(f,
                                          "costs could exceed 2^60: the weights or quantities are too large");
        return 0;
}

static int end_parse(Reader *f) {
        skip_space(f);
        f->token++;
        return f->text < f->end ? roadef_file_refuse(f, "unexpected data; accepted: the end of the file") : 0;
}

int roadef_model_parse(Arena *a, const char *text, size_t n, Problem **ret, TextFault *reterr_fault) {
        Reader f = { .arena = a, .text = text, .end = text + n, .line = 1, .fault = reterr_fault };
        Problem *p = arena_new(a, Problem, 1);
        Model m = { .p = p };
        int r;

        if (!p)
                return -ENOMEM;
        *reterr_fault = (TextFault){ .line = 0 };
        r = resources_parse(&f, &m);
        if (r == 0)
                r = machines_parse(&f, &m);
        if (r == 0)
                r = services_parse(&f, &m);
        if (r == 0)
                r = processes_parse(&f, &m);
        if (r == 0)
                r = balances_parse(&f, &m);
        if (r == 0)
                r = weights_parse(&f, &m);
        if (r == 0)
                r = end_parse(&f);
        if (r < 0)
                return r;
        p->one_tier = true;
        p->transient_mode = TRANSIENT_TOGETHER;
        p->capacity = m.capacity;
        p->limit = m.limit;
        p->need = m.need;
        p->load_weight = m.load_weight;
        p->move_price = m.price;
        p->service_of = m.service;
        p->services = p->groups;
        p->distance = m.distance;
        p->rules = m.rules;
        p->domain[LEVEL_ZONE] = m.location;
        p->domain[LEVEL_NEIGHBORHOOD] = m.neighborhood;
        p->n_domains[LEVEL_HOST] = p->n_hosts;
        *ret = p;
        return 0;
}

int roadef_assignment_parse(Arena *a, const Problem *p, const char *text, size_t n, const HostIx **ret,
                            TextFault *reterr_fault) {
        Reader f = { .arena = a, .text = text, .end = text + n, .line = 1, .fault = reterr_fault };
        HostIx *host_of = arena_new(a, HostIx, p->n_vms);
        int r = 0;

        if (!host_of)
                return -ENOMEM;
        *reterr_fault = (TextFault){ .line = 0 };
        for (VmIx v = 0; r == 0 && v < p->n_vms; v++)
                r = roadef_file_number32(&f, "machine of a process", p->n_hosts - 1, &host_of[v]);
        if (r == 0)
                r = end_parse(&f);
        if (r < 0)
                return r;
        *ret = host_of;
        return 0;
}
