/* SPDX-License-Identifier: Apache-2.0 */
/* VMs in flight, as the judge sees them: each may end at either of its hosts. */
#include "scheduler/decide/judge/check_parts.h"

#define FLIGHTS_MOST 6 /* of one rule, looked at in each way they may end: 64 ways */

HostIx check_flight_to(const Check *c, VmIx v) {
        const Vm *vm = &c->s->vms[v];

        return vm->in_flight && vm->in_flight_to != IX_NONE ? vm->in_flight_to : c->at[v];
}

static bool check_flight_leaves(const Check *c, const Rule *rule, VmIx v) {
        const uint32_t *domain = c->domain[rule->level];

        return domain[check_flight_to(c, v)] != domain[c->at[v]];
}

/* Its VMs, first those of one list, then of the other. */
static uint32_t check_flight_n(const Rule *rule) {
        return rule->n_vms + rule->n_near_vms;
}

static VmIx check_flight_vm(const Rule *rule, uint32_t i) {
        return i < rule->n_vms ? rule->vms[i] : rule->near_vms[i - rule->n_vms];
}

/* One that stands in both lists has its bit by the first. */
static uint32_t check_flight_bit(const Check *c, const Rule *rule, VmIx v) {
        uint32_t bit = 1;

        for (uint32_t i = 0; i < check_flight_n(rule) && check_flight_vm(rule, i) != v; i++)
                if (check_flight_leaves(c, rule, check_flight_vm(rule, i)))
                        bit <<= 1;
        return bit;
}

static uint32_t check_flight_domain(const Check *c, const Rule *rule, VmIx v, uint32_t ended) {
        const uint32_t ways = ended & ~CHECK_AT_START;
        HostIx h = ended & CHECK_AT_START ? c->s->vms[v].host : c->at[v];

        if (ways != 0 && check_flight_leaves(c, rule, v) && check_flight_bit(c, rule, v) & ways)
                h = check_flight_to(c, v);
        return c->domain[rule->level][h];
}

uint32_t check_flight_short_of(Check *c, const Rule *rule, uint32_t ended) {
        const VmIx *others = rule->kind == RULE_NEAR ? rule->near_vms : rule->vms;
        uint32_t n_others = rule->kind == RULE_NEAR ? rule->n_near_vms : rule->n_vms, occupied = 0, alone = 0;

        for (uint32_t i = 0; i < n_others; i++)
                occupied += c->count[check_flight_domain(c, rule, others[i], ended)]++ == 0;
        for (uint32_t i = 0; i < rule->n_vms; i++)
                alone += c->count[check_flight_domain(c, rule, rule->vms[i], ended)] == 0;
        for (uint32_t i = 0; i < n_others; i++)
                c->count[check_flight_domain(c, rule, others[i], ended)] = 0;
        return rule->kind == RULE_NEAR ? alone : occupied;
}

static uint32_t check_flight_count(const Check *c, const Rule *rule, const VmIx *vms, uint32_t n) {
        uint32_t count = 0;

        for (uint32_t i = 0; i < n; i++)
                count += check_flight_leaves(c, rule, vms[i]);
        return count;
}

static bool check_flight_moved(const Check *c, const Rule *rule, VmIx v) {
        return c->domain[rule->level][c->at[v]] != c->domain[rule->level][c->s->vms[v].host];
}

/* together: one that moved is not where all the flights go. */
static bool check_flight_strays(const Check *c, const Rule *rule) {
        const uint32_t *domain = c->domain[rule->level];

        for (uint32_t i = 0; i < rule->n_vms; i++)
                for (uint32_t k = 0; k < rule->n_vms; k++)
                        if (check_flight_moved(c, rule, rule->vms[i]) &&
                            check_flight_leaves(c, rule, rule->vms[k]) &&
                            domain[c->at[rule->vms[i]]] != domain[check_flight_to(c, rule->vms[k])])
                                return true;
        return false;
}

/* near: a neighbour moved, or one that should have some is where those that stay are not. */
static bool check_flight_loses(const Check *c, const Rule *rule) {
        const uint32_t *domain = c->domain[rule->level];

        for (uint32_t i = 0; i < rule->n_near_vms; i++)
                if (check_flight_moved(c, rule, rule->near_vms[i]))
                        return true;
        for (uint32_t i = 0;
             i < rule->n_vms && check_flight_count(c, rule, rule->near_vms, rule->n_near_vms) > 0; i++) {
                bool has = !check_flight_moved(c, rule, rule->vms[i]);

                for (uint32_t k = 0; k < rule->n_near_vms; k++)
                        has |= !check_flight_leaves(c, rule, rule->near_vms[k]) &&
                               domain[c->at[rule->near_vms[k]]] == domain[c->at[rule->vms[i]]];
                if (!has)
                        return true;
        }
        return false;
}

bool check_flight_ends_worse(Check *c, const Rule *rule, uint32_t let_go) {
        const uint32_t n = check_flight_count(c, rule, rule->vms, rule->n_vms) +
                           check_flight_count(c, rule, rule->near_vms, rule->n_near_vms);
        const uint32_t ways = n > FLIGHTS_MOST ? 1 : 1U << n;

        for (uint32_t ended = 0; ended < ways; ended++)
                if (check_flight_short_of(c, rule, ended) >
                    check_flight_short_of(c, rule, ended | CHECK_AT_START) + let_go)
                        return true;
        if (n <= FLIGHTS_MOST) /* else too many ways: what is worse in none of them, whatever they are */
                return false;
        return rule->kind == RULE_NEAR ? check_flight_loses(c, rule) : check_flight_strays(c, rule);
}
